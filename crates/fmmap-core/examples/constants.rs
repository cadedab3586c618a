//! Prints what is generated from the constants table: `constants ts` prints lib/constants.ts, `constants md` prints
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
        "/**\n * Generated from crates/fmmap-core/src/constants.rs by `npm run constants`. One that this platform lacks is\n * exported as undefined, so that a named import of it does not break the import.\n */\n\nimport { start } from './addon.js'\n\n/** The constants that this platform has, by name. */\nexport const constants: Readonly<Record<string, number>> = Object.freeze(start.constants)\n\n/** One that this platform may lack: its type is what it is where it exists. */\nconst value = (name: string): number => constants[name] as number\n",
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
        "# Constants\n\n```js\nimport { ACCESS_WRITE, constants, PAGESIZE } from 'fmmap'\n\nconsole.log(ACCESS_WRITE, PAGESIZE === constants.PAGESIZE) // 2 true\n```\n\nEach constant is a named export. It has its C name, which is also Python's name, and the value of the platform's\nC library. A constant that the platform lacks is exported as `undefined`; the object `constants` has only those that\nexist.\n\nThis page is generated from `crates/fmmap-core/src/constants.rs` by `npm run constants`.\n",
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
