//! Runs random patterns over random texts. Compares each way of searching and of counting, in steps of each size, with
//! the plain one; and, on short texts, with backtracking. Arguments: `pattern_storm PATTERNS SEED LENGTH`.

use std::process::ExitCode;

use fmmap_core::pattern::testing::{Oracle, Random, WAYS, all_by, count_by, last_by};
use fmmap_core::pattern::{Encoding, Flags, Needle, Options, Pattern, Step};

/// Steps of one byte are tried on texts up to this length.
const SHORT: usize = 5_000;

/// The ways that find another last match than the plain one.
fn wrong_lasts(pattern: &Pattern, text: &[u8]) -> Vec<&'static str> {
    let last = last_by(pattern, WAYS[0], text, usize::MAX);
    let is_wrong = |way: &&str| {
        let found = last_by(pattern, way, text, 300);
        found.is_some_and(|found| Some(found) != last)
    };
    WAYS.into_iter().filter(is_wrong).collect()
}

fn main() -> ExitCode {
    let numbers: Vec<u64> = std::env::args()
        .skip(1)
        .filter_map(|text| text.parse().ok())
        .collect();
    let [patterns, seed, length] = numbers[..] else {
        eprintln!("usage: pattern_storm PATTERNS SEED LENGTH");
        return ExitCode::FAILURE;
    };
    let length = usize::try_from(length).unwrap_or(usize::MAX);
    let mut random = Random(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
    let (mut texts, mut runs, mut judged, mut wrong) = (0_u64, 0_u64, 0_u64, 0_u64);
    let mut forced = [0_u64; WAYS.len()];
    for _ in 0..patterns {
        let (source, flags) = random.pattern();
        let units: Vec<u16> = source.encode_utf16().collect();
        let latin1 = random.below(3) == 0;
        let encoding = if latin1 {
            Encoding::Latin1
        } else {
            Encoding::Utf8
        };
        let needle = Needle::RegExp {
            source: &units,
            flags: Flags::new(&flags),
        };
        let options = Options {
            encoding,
            ignore_case: false,
        };
        let Ok(pattern) = Pattern::new(&[needle], &options, &mut |_| None) else {
            continue;
        };
        let text = random.text(length);
        texts += 1;
        let Some(wanted) = all_by(&pattern, WAYS[0], &text, usize::MAX) else {
            continue;
        };
        let mut differs = |what: &str, budget: usize| {
            wrong += 1;
            println!(
                "/{source}/{flags} {encoding:?}, {what}, {budget} bytes a step: another answer"
            );
        };
        for way in wrong_lasts(&pattern, &text) {
            differs(&format!("the last, {way}"), 300);
        }
        for budget in [1, 17, 300, 5_000, 1 << 20, usize::MAX] {
            if budget == 1 && text.len() > SHORT {
                continue;
            }
            for (way, count) in WAYS.iter().zip(&mut forced) {
                if let Some(found) = all_by(&pattern, way, &text, budget) {
                    *count += 1;
                    if found != wanted {
                        differs(way, budget);
                    }
                }
            }
            for way in WAYS.iter().filter(|way| !way.starts_with("many")) {
                let count = count_by(&pattern, way, &text, budget);
                if count.is_some_and(|count| count != wanted.len()) {
                    differs(&format!("{way}, counted"), budget);
                }
            }
            let (mut search, mut found) = (pattern.scan(0, text.len()), Vec::new());
            loop {
                match search.step(&text, budget) {
                    Step::Match(span) => found.push(span),
                    Step::More => {}
                    Step::Done => break,
                }
            }
            runs += 1;
            if found != wanted {
                differs("as it chooses", budget);
            }
        }
        let short = random.text(12);
        let oracle = Oracle::new(&source, &flags, encoding);
        if let Some(groups) = oracle.and_then(|oracle| oracle.all(&short, 0)) {
            judged += 1;
            let found = all_by(&pattern, WAYS[0], &short, usize::MAX).unwrap_or_default();
            let found: Vec<_> = found
                .iter()
                .map(|&span| pattern.captures(&short, span).groups)
                .collect();
            if found != groups {
                differs("beside backtracking", usize::MAX);
            }
        }
    }
    println!(
        "{texts} texts, {runs} runs, forced {forced:?}, {judged} beside backtracking, {wrong} wrong"
    );
    if wrong == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
