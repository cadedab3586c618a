//! Compares random patterns over random texts with backtracking.

use super::{Encoding, all, compiled};
use crate::pattern::testing::{Oracle, Random, WAYS, all_by, last_by};

fn storm(seed: u64, patterns: usize) {
    let mut random = Random(seed);
    let (mut compared, mut forced) = (0, 0);
    for _ in 0..patterns {
        let (source, flags) = random.pattern();
        let encoding = if random.below(3) == 0 {
            Encoding::Latin1
        } else {
            Encoding::Utf8
        };
        let Ok(pattern) = compiled(&source, &flags, encoding) else {
            assert!(
                Oracle::new(&source, &flags, encoding).is_none() || source.len() > 60,
                "{source}"
            );
            continue;
        };
        let oracle = Oracle::new(&source, &flags, encoding).unwrap();
        for _ in 0..3 {
            let text = random.text(12);
            let (Some(wanted), Some(last)) = (oracle.all(&text, 0), oracle.last(&text, 0)) else {
                continue;
            };
            let spans = all(&pattern, &text, usize::MAX);
            let found: Vec<_> = spans
                .iter()
                .map(|&span| pattern.captures(&text, span).groups)
                .collect();
            let what = format!(
                "/{source}/{flags} {encoding:?} over {:?}",
                text.escape_ascii().to_string()
            );
            assert_eq!(found, wanted, "{what}");
            let found = pattern.rfind(&text, 0).map(|span| (span.start, span.end));
            assert_eq!(
                found,
                last.as_ref().and_then(|groups| groups[0]),
                "the last of {what}"
            );
            for budget in [1, 2, 7] {
                assert_eq!(all(&pattern, &text, budget), spans, "in steps: {what}");
            }
            for way in WAYS {
                for budget in [1, usize::MAX] {
                    if let Some(found) = last_by(&pattern, way, &text, budget) {
                        let found = found.map(|span| (span.start, span.end));
                        let last = last.as_ref().and_then(|groups| groups[0]);
                        assert_eq!(found, last, "the last by {way}: {what}");
                    }
                    if let Some(found) = all_by(&pattern, way, &text, budget) {
                        assert_eq!(found, spans, "by {way}: {what}");
                        forced += 1;
                    }
                }
            }
            compared += 1;
        }
    }
    assert!(
        compared > patterns && forced > 3 * patterns,
        "{compared}, {forced}"
    );
}

#[test]
fn all_matches_and_groups_are_those_of_backtracking() {
    storm(0x9E37_79B9_7F4A_7C15, 1500);
}

#[test]
#[ignore = "a minute: for changes of the engine"]
fn and_of_many_more() {
    for seed in 1..40 {
        storm(seed * 0x1234_5678_9ABC_DEF1, 2500);
    }
}
