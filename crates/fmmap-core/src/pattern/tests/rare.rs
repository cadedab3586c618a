//! What is rare in most texts is looked for without a sample of the text, and may be frequent in this one.

use super::{all, compiled, pattern};
use crate::pattern::filter::Choice;
use crate::pattern::testing::{Random, all_by, last_by};
use crate::pattern::{Encoding, ReverseScan, Step};

const SOURCES: &[&str] = &[
    // The first bytes of alternatives.
    "(?:alpha|beta|gamma|delta|epsilon|zeta|eta|theta|iota|kappa)x*",
    r"\b(?:alpha|beta|gamma|delta|epsilon|zeta|eta|theta|iota|kappa)\b",
    // A literal in a line.
    ".*timeout.*",
    r"\d+.*timeout|12.*timeout",
    "^x.*timeout$",
    // A literal in a word.
    r"\w+timeout\b",
    r"\b[^ \n]+timeout",
    "[a-zé]+timeouté*",
    r"[\wé.]+@[\w.é]+\.com",
];

const PIECES: &[&[u8]] = &[
    b"timeout",
    b"alpha",
    b"theta",
    b"a@b.com",
    b"12",
    b" ",
    b"\n",
    b"x\n",
    b"\xC3\xA9",
    b"\xC3",
    b".",
];

/// Pieces with other text between them: nearly none, or so much that they are rare.
fn text(random: &mut Random, len: usize, between: usize) -> Vec<u8> {
    let mut text = Vec::new();
    while text.len() < len {
        text.extend_from_slice(PIECES[random.below(PIECES.len())]);
        let filler = b"x yz\n"[random.below(5)];
        text.extend(std::iter::repeat_n(filler, random.below(between)));
    }
    text
}

#[test]
fn what_is_rare_is_found_where_it_is_frequent() {
    let mut random = Random(0x5EED_4A4E);
    for source in SOURCES {
        for encoding in [Encoding::Utf8, Encoding::Latin1] {
            let pattern = compiled(source, "m", encoding).unwrap();
            for round in 0..24 {
                let len = [40, 250, 3000, 9000, 30_000, 50_000][round % 6];
                let between = [2, 40, 3000][round % 3];
                let haystack = text(&mut random, len, between);
                let wanted = all_by(&pattern, "plain", &haystack, usize::MAX).unwrap();
                let what = format!("{source} {encoding:?} {len} {between}");
                assert_eq!(
                    pattern.find(&haystack, 0),
                    wanted.first().copied(),
                    "{what}"
                );
                assert_eq!(pattern.count(&haystack, 0), wanted.len(), "{what}");
                for budget in [700, usize::MAX] {
                    assert_eq!(all(&pattern, &haystack, budget), wanted, "{what} {budget}");
                }
                let lines = all_by(&pattern, "lines", &haystack, 700);
                assert!(lines.is_none_or(|lines| lines == wanted), "{what}");
                let last = last_by(&pattern, "plain", &haystack, usize::MAX).unwrap();
                assert_eq!(pattern.rfind(&haystack, 0), last, "{what}");
            }
        }
    }
}

#[test]
fn what_is_rare_is_found_wherever_it_stands() {
    for (source, text) in [
        (".*timeout.*", "timeout"),
        (r"\w+timeout\w+", "xtimeoutx"),
        (
            "(?:alpha|beta|gamma|delta|epsilon|zeta|eta|theta|iota)!",
            "iota!",
        ),
    ] {
        let pattern = pattern(source, "");
        for at in (0..300).chain(3990..4110) {
            for behind in [0, 1, 5000] {
                let haystack = [
                    "-".repeat(at).as_bytes(),
                    b"\n",
                    text.as_bytes(),
                    b"\n",
                    "-".repeat(behind).as_bytes(),
                ]
                .concat();
                let found = pattern.find(&haystack, 0).unwrap();
                assert_eq!((found.start, found.end), (at + 1, at + 1 + text.len()));
                assert_eq!(pattern.count(&haystack, 0), 1, "{source} {at} {behind}");
                assert_eq!(pattern.count(&haystack, at + 2 + text.len()), 0, "{source}");
                assert_eq!(pattern.find(&haystack[..at], 0), None, "{source} {at}");
            }
        }
    }
}

#[test]
fn a_match_at_an_end_of_the_text_is_looked_for_there_alone() {
    let mut random = Random(0x5EED_0E4D);
    for (source, flags) in [
        ("^x", ""),
        ("^(?:x|timeout)+", ""),
        ("(?:^x|^timeout).*", ""),
        (r"^\s*", ""),
        ("^x*(?=x)", ""),
        ("^x*$", ""),
        ("x*$", ""),
        (r"\w+$", ""),
        (r"(\n|é|\.)$", ""),
        (r"(?:alpha$|[^]{3}$)", ""),
        (r"\b$", ""),
        ("[^x]*?$", "s"),
        (r"timeout[^\n]*$", "i"),
    ] {
        for encoding in [Encoding::Utf8, Encoding::Latin1] {
            let pattern = compiled(source, flags, encoding).unwrap();
            for round in 0..120 {
                let len = [0, 5, 30, 250, 9000][round % 5];
                let haystack = text(&mut random, len, 3);
                for budget in [1, usize::MAX] {
                    let wanted = all_by(&pattern, "plain", &haystack, usize::MAX).unwrap();
                    let what = format!("{source} {encoding:?} {budget} {haystack:?}");
                    assert_eq!(all(&pattern, &haystack, budget), wanted, "{what}");
                    assert_eq!(pattern.count(&haystack, 0), wanted.len(), "{what}");
                    let first = pattern.find(&haystack, 0);
                    assert_eq!(first, wanted.first().copied(), "{what}");
                    let last = last_by(&pattern, "plain", &haystack, usize::MAX).unwrap();
                    assert_eq!(pattern.rfind(&haystack, 0), last, "{what}");
                }
                let from = random.below(haystack.len() + 1);
                let mut plain = pattern.scan(from, haystack.len()).forced(Choice::Plain);
                let wanted = plain
                    .as_mut()
                    .map(|plain| plain.step(&haystack, usize::MAX));
                let wanted = match wanted {
                    Some(Step::Match(span)) => Some(span),
                    _ => None,
                };
                assert_eq!(
                    pattern.find(&haystack, from),
                    wanted,
                    "{source} {from} {haystack:?}"
                );
            }
        }
    }
}

#[test]
fn a_match_at_an_end_of_the_text_is_found_at_once() {
    let haystack = b"xyz 123\n".repeat(100_000);
    for source in ["^a", "^[^x]+", "y$", r"\d+$", r"^\w+(?=\d)"] {
        let pattern = pattern(source, "");
        let mut search = pattern.scan(0, haystack.len());
        assert_eq!(search.step(&haystack, 1000), Step::Done, "{source}");
        let mut search = pattern.scan(5, haystack.len());
        assert_eq!(search.step(&haystack, 1000), Step::Done, "{source}");
        let mut search = ReverseScan::new(&pattern, 0, haystack.len());
        assert_eq!(search.step(&haystack, 1000), Step::Done, "{source}");
    }
    for (source, wanted) in [(r"^\w+", (0, 3)), (r"\d\n$", (799_998, 800_000))] {
        let mut search = pattern(source, "").scan(0, haystack.len());
        let Step::Match(found) = search.step(&haystack, 1000) else {
            panic!("{source} is found by reading 1000 bytes");
        };
        assert_eq!((found.start, found.end), wanted, "{source}");
    }
}

#[test]
fn a_long_literal_is_found_as_a_whole_also_where_it_overlaps_itself() {
    let mut random = Random(0x5EED_1174);
    for unit in ["x", "ab", "aab", "xé"] {
        for len in [15, 16, 17, 18, 64, 300, 3000] {
            let text: String = unit.chars().cycle().take(len).collect();
            let pattern = compiled(&text, "", Encoding::Utf8).unwrap();
            // By its beginning alone each place is a candidate, which takes the automaton.
            assert_eq!(
                pattern.plan().literal(),
                Some(text.as_bytes()),
                "{len} {unit}"
            );
            let mut haystack = Vec::new();
            while haystack.len() < 40_000 {
                let times = random.below(3 * len);
                haystack.extend(unit.bytes().cycle().take(times));
                haystack.extend_from_slice([" ", "\n", "b"][random.below(3)].as_bytes());
            }
            let mut wanted = Vec::new();
            let mut at = 0;
            while let Some(found) = crate::search::find(&haystack[at..], text.as_bytes()) {
                wanted.push((at + found, at + found + text.len()));
                at += found + text.len();
            }
            let found: Vec<_> = all(&pattern, &haystack, 1 << 12)
                .iter()
                .map(|span| (span.start, span.end))
                .collect();
            assert_eq!(found, wanted, "{len} {unit}");
        }
    }
}
