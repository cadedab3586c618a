//! Tests that the groups of a match are the same in one pass and by trying.

use super::pattern;
use crate::pattern::Pattern;
use crate::pattern::automata::groups::{self, NOWHERE, Scratch, Slot, Window};
use crate::pattern::automata::one_pass::OnePass;
use crate::pattern::testing::Random;

/// The slots of all matches by one pass, where it answers, and by trying.
fn both(pattern: &Pattern, text: &[u8]) -> Vec<(Option<Vec<Slot>>, Vec<Slot>)> {
    let program = pattern.group_program(0).unwrap();
    let (mut one_pass, mut scratch) = (OnePass::default(), Scratch::default());
    super::all(pattern, text, usize::MAX)
        .into_iter()
        .map(|span| {
            let window = Window {
                text,
                start: span.start,
                end: span.end,
                is_whole: false,
            };
            let mut slots = vec![0; 2 * (pattern.groups(0) + 1)];
            let is_found = one_pass.groups(program, window, &mut slots);
            let by_one_pass = is_found.then(|| slots.clone());
            assert!(groups::groups(program, window, &mut scratch, &mut slots));
            (by_one_pass, slots)
        })
        .collect()
}

#[test]
fn where_each_byte_leaves_one_way_one_pass_finds_what_trying_finds() {
    for (source, text, groups) in [
        (r"(\d+)-(\d+)", "1-22 33-4", &[(0, 4), (0, 1), (2, 4)][..]),
        (r"(?:(a)|b)*", "abab", &[(0, 4), (NOWHERE, NOWHERE)]),
        (r"(?:(a)|(b))+", "ab", &[(0, 2), (NOWHERE, NOWHERE), (1, 2)]),
        (r#""([^"]*)""#, "\"q\u{fc}\"", &[(0, 5), (1, 4)]),
        (r"(x?)y", "y", &[(0, 1), (0, 0)]),
        (r"(a)(b)?", "ab a", &[(0, 2), (0, 1), (1, 2)]),
        (r"(a*)(a*)", "aa", &[(0, 2), (0, 2), (2, 2)]),
        (r"^(\w+) (.*)$", "a b\nc d", &[(0, 3), (0, 1), (2, 3)]),
        (r"\b(\w+) ", "ab c", &[(0, 3), (0, 2)]),
        (
            r"^([^]*?)(\n)?$",
            "ab\nc",
            &[(0, 2), (0, 2), (NOWHERE, NOWHERE)],
        ),
    ] {
        let found = both(&pattern(source, "m"), text.as_bytes());
        for (one_pass, trying) in &found {
            if let Some(slots) = one_pass {
                assert_eq!(slots, trying, "{source}");
            }
        }
        let (_, trying) = &found[0];
        let places: Vec<_> = trying.chunks_exact(2).map(|two| (two[0], two[1])).collect();
        assert_eq!(places, groups, "{source}");
        if !source.contains("a*") && !source.contains("[^]") {
            assert!(found.iter().all(|(found, _)| found.is_some()), "{source}");
        }
    }
}

#[test]
fn where_a_byte_leaves_two_ways_or_an_assertion_decides_one_pass_does_not_answer() {
    for (source, text) in [
        (r"(.*)b(.*)", "abcb"),
        (r"(a|ab)c?", "abc"),
        (r"(a*)(a*)", "aa"),
        (r"(a+)\b(,|$)", "aa"),
        (r"(a+?)a", "aaa"),
    ] {
        let found = both(&pattern(source, ""), text.as_bytes());
        assert_eq!(found[0].0, None, "{source}");
    }
}

#[test]
fn one_pass_gives_up_where_it_never_answers_and_where_it_has_no_room() {
    let text = "aa ".repeat(100);
    let found = both(&pattern(r"(a+?)a", ""), text.as_bytes());
    assert_eq!(found.len(), 100);
    assert!(found.iter().all(|(found, _)| found.is_none()));
    // A state for each of the bytes: more than there is room for.
    let long = "ab".repeat(5000);
    let found = both(
        &pattern(&format!("({long})"), ""),
        long.repeat(2).as_bytes(),
    );
    assert!(found.iter().all(|(found, _)| found.is_none()));
    let (_, trying) = &found[1];
    assert_eq!(trying[..], [10_000, 20_000, 10_000, 20_000]);
}

#[test]
fn random_patterns_have_the_same_groups_in_one_pass() {
    let mut random = Random(20_260_727);
    let (mut answered, mut asked) = (0, 0);
    for _ in 0..3000 {
        let (source, flags) = random.pattern();
        let Ok(pattern) = super::compiled(&source, &flags, super::Encoding::Utf8) else {
            continue;
        };
        if pattern.groups(0) == 0 || pattern.tail(0).is_some() {
            continue;
        }
        for _ in 0..3 {
            let text = random.text(30);
            for (one_pass, trying) in both(&pattern, &text) {
                asked += 1;
                if let Some(slots) = one_pass {
                    answered += 1;
                    let what = text.escape_ascii();
                    assert_eq!(slots, trying, "/{source}/{flags} over {what}");
                }
            }
        }
    }
    assert!(
        4 * answered > asked && asked > 1000,
        "{answered} of {asked}"
    );
}
