//! Lookaheads that read far: they are exact, and take linear time all the same.

use super::{all, compiled};
use crate::pattern::testing::{Random, all_by};
use crate::pattern::{Encoding, End, LineScan, Pattern, ReverseScan, Span, Step};

/// How many steps of a few hundred bytes it takes to count all matches. Steps count bytes that are read and states
/// that are computed, so they are the same on every machine.
fn steps(pattern: &Pattern, haystack: &[u8]) -> f64 {
    let (mut scan, mut count, mut steps) = (pattern.scan(0, haystack.len()), 0, 1.0);
    while !scan.count(haystack, 512, &mut count) {
        steps += 1.0;
    }
    steps
}

/// Sources and flags, the text that is repeated, and what stands behind it.
const FAR: &[(&str, &str, &str, &str)] = &[
    ("a(?=[^]*b)", "", "a", "b"),
    ("a(?=[^]*b)", "y", "a", "b"),
    ("a(?=[^]*b)", "", "a ", ""),
    ("a(?![^]*b)", "", "a", ""),
    ("a(?![^]*b)", "", "a", "b"),
    ("a+?(?=.*b)", "", "a", "b"),
    ("(a)(?=(?:[^][^])*b)", "", "ac", "b"),
    ("a(?=(?:[^]{3})*b|(?:[^]{5})*b|(?:[^]{7})*b)", "", "a", "b"),
    ("a(?=[^]*b$)|c(?![^]*d)|e", "m", "ac e", "b"),
    ("(?=[^]*b)", "", "a", "b"),
    (r"\b(?=[^]*\bb\b)", "", "a ", "b"),
    ("a(?:[^]*c)?(?=[^]*b)", "", "a", "b"),
    ("aa(?=[^]*b)", "", "aa ", "b"),
];

#[test]
fn all_matches_take_linear_time_however_far_lookaheads_read() {
    for &(source, flags, unit, end) in FAR {
        let pattern = compiled(source, flags, Encoding::Latin1).unwrap();
        let spent = |len: usize| {
            let haystack = unit.repeat(len / unit.len()) + end;
            steps(&pattern, haystack.as_bytes())
        };
        let growth = spent(128 << 10) / spent(16 << 10);
        assert!(
            growth < 10.0,
            "/{source}/{flags} over {unit}: {growth:.1} times as much for 8 times the bytes"
        );
    }
}

#[test]
fn lookaheads_that_read_far_are_exact() {
    let mut random = Random(0xFA2_100C);
    for len in [0, 1, 100, 5_000, 200_000] {
        for last in [0, len / 3, len - len / 50, len] {
            let mut text: Vec<u8> = (0..len).map(|_| b"aac\n"[random.below(4)]).collect();
            text.insert(last, b'b');
            let places = |is: &dyn Fn(usize) -> bool| -> Vec<usize> {
                (0..text.len())
                    .filter(|&at| text[at] == b'a' && is(at))
                    .collect()
            };
            for (source, wanted) in [
                ("a(?=[^]*b)", places(&|at| at < last)),
                ("a(?![^]*b)", places(&|at| at > last)),
                (
                    "a(?=(?:[^][^])*b)",
                    places(&|at| at < last && (last - at) % 2 == 1),
                ),
                ("a(?=[^]*b)|a(?![^]*b)", places(&|_| true)),
                (
                    "a(?![^]*b)|a(?=(?:[^]{3})*b)",
                    places(&|at| at > last || (last - at) % 3 == 1),
                ),
            ] {
                let pattern = compiled(source, "", Encoding::Utf8).unwrap();
                for budget in [1_000, usize::MAX] {
                    let found: Vec<usize> = all(&pattern, &text, budget)
                        .iter()
                        .map(|span| span.start)
                        .collect();
                    assert!(found == wanted, "{source} {len} {last} {budget}");
                    if len <= 5_000 {
                        let found = all_by(&pattern, "guarded", &text, budget).unwrap();
                        let found: Vec<usize> = found.iter().map(|span| span.start).collect();
                        assert!(
                            found == wanted,
                            "{source} {len} {last} {budget}, for themselves"
                        );
                    }
                }
                let found = pattern.rfind(&text, 0).map(|span| span.start);
                assert_eq!(found, wanted.last().copied(), "{source} {len} {last}");
            }
        }
    }
}

#[test]
fn lines_and_the_last_match_take_linear_time_too() {
    let pattern = compiled("a(?=.*b)", "", Encoding::Latin1).unwrap();
    let spent = |len: usize| {
        let haystack = [&b"a".repeat(len)[..], b"b\n", &b"a".repeat(len), b"\n"].concat();
        let (mut lines, mut count, mut steps) =
            (LineScan::new(&pattern, 0, haystack.len(), false), 0, 1.0);
        while !lines.count(&haystack, 512, &mut count) {
            steps += 1.0;
        }
        assert_eq!(count, 1);
        let mut last = ReverseScan::new(&pattern, 0, haystack.len());
        loop {
            match last.step(&haystack, 512) {
                Step::More => steps += 1.0,
                Step::Match(span) => break assert_eq!(span.start, len - 1),
                Step::Done => unreachable!("there is one"),
            }
        }
        steps
    };
    let growth = spent(128 << 10) / spent(16 << 10);
    assert!(growth < 10.0, "{growth:.1}");
}

#[test]
fn what_lies_behind_a_line_s_match_pays_for_lookaheads_too() {
    let pattern = compiled("^(?=.*b)", "m", Encoding::Utf8).unwrap();
    let haystack = b"aaaaaaaaaaaaaaaaaaab\n".repeat(20_000);
    let mut count = 0;
    let mut lines = LineScan::new(&pattern, 0, haystack.len(), false);
    while !lines.count(&haystack, usize::MAX, &mut count) {}
    assert_eq!(count, 20_000);
    assert!(
        pattern.0.guarded.get().is_none(),
        "no lookahead read too much"
    );
}

#[test]
fn groups_before_a_lookahead_are_found_without_reading_it_again() {
    for (source, text, wanted) in [
        ("(a+)(b?)(?=[^]*c)", "aab c", &[(0, 3), (0, 2), (2, 3)][..]),
        ("(a|ab)(c|bcd)?(?=d)", "abcd", &[(0, 3), (0, 2), (2, 3)]),
        ("(a|ab)(c|bcd)?(?=e)", "abcde", &[(0, 4), (0, 1), (1, 4)]),
        ("(a|ab)(c|bcd)(?=d)", "abcd", &[(0, 3), (0, 2), (2, 3)]),
        ("(a)(?!b)", "abac", &[(2, 3), (2, 3)]),
    ] {
        let pattern = compiled(source, "", Encoding::Utf8).unwrap();
        let found = pattern.find(text.as_bytes(), 0);
        let groups = found.map(|span| pattern.captures(text.as_bytes(), span).groups);
        let groups: Vec<_> = groups.unwrap_or_default().into_iter().flatten().collect();
        assert_eq!(groups, wanted, "{source}");
    }
    let haystack = [&b"a".repeat(100_000)[..], b"b"].concat();
    let pattern = compiled("(a)(?=[^]*b)", "", Encoding::Utf8).unwrap();
    let found = pattern.captures(&haystack, pattern.find(&haystack, 7).unwrap());
    assert_eq!(found.groups, [Some((7, 8)), Some((7, 8))]);
    assert!(found.text.len() < 16, "{}", found.text.len());
}

#[test]
fn a_match_whose_bytes_have_changed_ends_where_it_was_found() {
    // The next match begins there.
    for (source, before, after) in [
        ("(a+)(?=[^]*(b))", "aac b", "aaaab"),
        ("(a+)(?=[^]*(b))", "aaaab", "aac b"),
        ("(a+?)(?=[^]*(b))", "aaaab", "caaab"),
        ("(a+)(?=b)", "aabab", "aaaab"),
        ("(a)+", "aacaa", "caaaa"),
    ] {
        let pattern = compiled(source, "", Encoding::Utf8).unwrap();
        let spans = all(&pattern, before.as_bytes(), usize::MAX);
        assert!(!spans.is_empty());
        for span in spans {
            let found = pattern.captures(after.as_bytes(), span);
            let whole = (span.start, span.end);
            assert_eq!((found.start, found.end), whole, "{source}");
            assert_eq!(found.groups[0], Some(whole), "{source}");
            assert_eq!(
                found.bytes(0),
                Some(&after.as_bytes()[span.start..span.end])
            );
        }
    }
}

#[test]
fn a_match_of_a_known_length_is_not_read_again_for_its_end() {
    for (source, text, end, wanted) in [
        ("^(?!.*x)", "x\nab", Some(End::Behind(0)), &[(2, 2)][..]),
        (
            "a(?=[^]*b)",
            "acab",
            Some(End::Behind(1)),
            &[(0, 1), (2, 3)],
        ),
        (
            "é(?!b)|[ab]{2}(?=c)",
            "ébéabc",
            Some(End::Behind(2)),
            &[(3, 5), (5, 7)],
        ),
        (
            "\\w+(?=,)",
            "ab cd,e,",
            Some(End::Before(1)),
            &[(3, 5), (6, 7)],
        ),
        (
            "\\w*(?=,)|é+?(?=;)",
            "é,éé;",
            Some(End::Before(1)),
            &[(2, 2), (3, 7)],
        ),
        ("a+(?=日|語)", "aa日a", Some(End::Before(3)), &[(0, 2)]),
        ("a+(?=$)", "aba", Some(End::Before(0)), &[(2, 3)]),
        (
            "a+(?=[bé])",
            "aaéab",
            Some(End::BeforeCharacter { may_be_none: false }),
            &[(0, 2), (4, 5)],
        ),
        (
            "\\w*(?=\\s)|b(?=[^a])",
            "a\u{2028}b日c",
            Some(End::BeforeCharacter { may_be_none: false }),
            &[(0, 1), (1, 1), (4, 5)],
        ),
        (
            "a+(?=bc|é)",
            "aaéabc",
            Some(End::Before(2)),
            &[(0, 2), (4, 5)],
        ),
        ("a+(?=b|éb)", "aaébab", None, &[(0, 2), (5, 6)]),
        ("a+(?!b|cd)", "aab", None, &[(0, 1)]),
        (
            "a+(?!b)|é*(?=[ab日])",
            "aabéé日ééaa",
            Some(End::BeforeCharacter { may_be_none: true }),
            &[(0, 1), (1, 1), (2, 2), (3, 7), (7, 7), (10, 14), (14, 16)],
        ),
        ("a|bc(?=d)", "abcd", None, &[(0, 1), (1, 3)]),
    ] {
        let pattern = compiled(source, "m", Encoding::Utf8).unwrap();
        assert_eq!(pattern.end(0), end, "{source}");
        let places = |spans: Vec<Span>| -> Vec<_> {
            spans.iter().map(|span| (span.start, span.end)).collect()
        };
        let found = places(all(&pattern, text.as_bytes(), usize::MAX));
        assert_eq!(found, wanted, "{source}");
        let apart = all_by(&pattern, "guarded", text.as_bytes(), usize::MAX).unwrap();
        assert_eq!(places(apart), wanted, "{source}, for themselves");
    }
}
