//! Prints what is generated from the constants table: `constants ts` is lib/constants.ts, `constants md` is
//! docs/constants.md.

use std::fmt::Write as _;

use fmmap_core::constants::{Constant, Group, TABLE};

fn main() {
    match std::env::args().nth(1).as_deref() {
        Some("ts") => print!("{}", typescript()),
        Some("md") => print!("{}", markdown()),
        _ => {
            eprintln!("usage: constants ts|md");
            std::process::exit(2);
        }
    }
}

fn python(constant: &Constant) -> String {
    match constant.python {
        Some("2.0") => "Python's, from the start.".to_owned(),
        Some(since) => format!("Python's, since {since}."),
        None => "Not in Python.".to_owned(),
    }
}

/// A `cfg` predicate in words: "Linux, macOS".
fn platforms(constant: &Constant) -> String {
    if constant.platforms == "all()" {
        return "all platforms".to_owned();
    }
    let words = [
        ("unix", "Unix"),
        (
            "target_os = \"linux\", target_arch = \"x86_64\"",
            "Linux x86-64",
        ),
        (
            "target_os = \"freebsd\", target_arch = \"x86_64\"",
            "FreeBSD x86-64",
        ),
        ("target_env = \"gnu\"", "Linux (glibc)"),
        ("target_env = \"musl\"", "Linux (musl)"),
        ("target_os = \"linux\"", "Linux"),
        ("target_os = \"android\"", "Android"),
        ("target_vendor = \"apple\"", "macOS"),
        ("target_os = \"freebsd\"", "FreeBSD"),
        ("target_os = \"netbsd\"", "NetBSD"),
        ("target_os = \"openbsd\"", "OpenBSD"),
    ];
    let mut rest = constant.platforms.to_owned();
    let mut found = Vec::new();
    for (predicate, word) in words {
        if let Some(at) = rest.find(predicate) {
            rest.replace_range(at..at + predicate.len(), "");
            let general = word.split(' ').next().unwrap_or(word);
            if !found
                .iter()
                .any(|(_, known): &(usize, &str)| known.starts_with(general))
            {
                found.push((constant.platforms.find(predicate).unwrap_or(0), word));
            }
        }
    }
    found.sort_unstable();
    found
        .into_iter()
        .map(|(_, word)| word)
        .collect::<Vec<_>>()
        .join(", ")
}

fn typescript() -> String {
    let mut text = String::from(
        "/**\n * Generated from crates/fmmap-core/src/constants.rs by `npm run constants`. One that this platform lacks is\n * exported as undefined, so that a named import of it does not break the import.\n */\n\nimport { native } from './native.js'\n\n/** The constants that this platform has, by name. */\nexport const constants: Readonly<Record<string, number>> = Object.freeze(native.constants())\n\n/** One that this platform may lack: its type is what it is where it exists. */\nconst value = (name: string): number => constants[name] as number\n",
    );
    for constant in TABLE.iter() {
        let everywhere = constant.platforms == "all()";
        let only = if everywhere {
            String::new()
        } else {
            format!(" {} only.", platforms(constant))
        };
        write!(
            text,
            "\n/** {}{} {} */\nexport const {name}: number = value('{name}')\n",
            constant.meaning,
            only,
            python(constant),
            name = constant.name,
        )
        .expect("a string takes everything");
    }
    text
}

fn markdown() -> String {
    let mut text = String::from(
        "# Constants\n\nGenerated from `crates/fmmap-core/src/constants.rs` by `npm run constants`.\n\nEach is a named export and has its C name, which is Python's; its value is the platform's own, from its\nlibc. One that the platform lacks is exported as `undefined`; `constants` is an object with those that\nexist only.\n",
    );
    for (group, title) in [
        (Group::Access, "Access: the `access` option"),
        (Group::Size, "Sizes, in bytes"),
        (Group::Protection, "Protection: the `prot` option"),
        (Group::Mapping, "Mapping: the `flags` option"),
        (Group::Flush, "Flush: the `flags` of `flush()`"),
        (Group::Advice, "Advice: the `option` of `madvise()`"),
    ] {
        write!(
            text,
            "\n## {title}\n\n| name | meaning | platforms | Python |\n|---|---|---|---|\n"
        )
        .expect("a string takes everything");
        for constant in TABLE.iter().filter(|constant| constant.group == group) {
            let python = match constant.python {
                Some("2.0") => "yes".to_owned(),
                Some(since) => format!("since {since}"),
                None => "no".to_owned(),
            };
            let meaning = constant.meaning.replace('|', "\\|");
            writeln!(
                text,
                "| `{}` | {meaning} | {} | {python} |",
                constant.name,
                platforms(constant)
            )
            .expect("a string takes everything");
        }
    }
    text
}
