//! Texts that are longer than what is looked at in one go.

use super::{compiled, pattern};
use crate::pattern::testing::{Random, WAYS, all_by, last_by};
use crate::pattern::{Encoding, ReverseScan, Span, Step};

const SOURCES: &[&str] = &[
    r"(?:a*)*b",
    r"(?:(a)+)+b",
    r"a+b",
    r"a{3,}b",
    r"a*b?c",
    r"\w+ ",
    r"\w+@[\w-]+\.",
    r"[ab]+c[ab]+",
    r"[ab]+c[^a]*",
    r"a+[^a]{2}",
    r"\w+[^\w]b",
    r"a*é",
    r"[^\n]+\n",
    r"b{2}",
    r"abc\w*",
    r"ab[^\n]*$",
    r"bab",
    r"aba",
    r"^ab.*c",
    r"ab(?=[^b]*c)",
    r"ab(?!c)|abc",
];

/// Runs of a few bytes, some of them long.
fn text(random: &mut Random, len: usize, alphabet: &[&[u8]]) -> Vec<u8> {
    let mut text = Vec::new();
    while text.len() < len {
        let times = match random.below(40) {
            0 => random.below(9000),
            1..10 => random.below(90),
            _ => 1 + random.below(3),
        };
        let one = alphabet[random.below(alphabet.len())];
        text.extend(one.iter().copied().cycle().take(times * one.len()));
    }
    text
}

fn compare(seed: u64, rounds: usize) {
    let alphabets: &[&[&[u8]]] = &[
        &[b"a", b"b", b"c"],
        &[b"a", b"a", b"b", b" ", b"@", b".", b"\n"],
        &[b"a", b"ab", b"\xC3\xA9", b"\xFF", b"c"],
        &[b"ab", b"abc", b"c\n", b"a"],
    ];
    let mut random = Random(seed);
    for round in 0..rounds {
        let haystack = text(&mut random, 20_000, alphabets[round % alphabets.len()]);
        for source in SOURCES {
            for encoding in [Encoding::Utf8, Encoding::Latin1] {
                let pattern = compiled(source, "m", encoding).unwrap();
                let wanted = all_by(&pattern, "plain", &haystack, usize::MAX).unwrap();
                let (mut search, mut count) = (pattern.scan(0, haystack.len()), 0);
                while !search.count(&haystack, 3000, &mut count) {}
                assert_eq!(count, wanted.len(), "{source} {encoding:?}");
                for from in [0, random.below(haystack.len())] {
                    let last = rfind(ReverseScan::new(&pattern, from, haystack.len()), &haystack);
                    let plain = ReverseScan::new(&pattern, from, haystack.len()).plain();
                    assert_eq!(
                        last,
                        rfind(plain, &haystack),
                        "{source} {encoding:?} {from}"
                    );
                }
                for way in WAYS {
                    if let Some(last) = last_by(&pattern, way, &haystack, 700) {
                        let wanted = last_by(&pattern, "plain", &haystack, usize::MAX);
                        assert_eq!(Some(last), wanted, "{source} {way} {encoding:?}");
                    }
                }
                for way in WAYS {
                    for budget in [usize::MAX, 1 + random.below(9000)] {
                        if let Some(found) = all_by(&pattern, way, &haystack, budget) {
                            assert_eq!(found, wanted, "{source} {way} {encoding:?} {budget}");
                        }
                    }
                }
            }
        }
    }
}

fn rfind(mut search: ReverseScan, haystack: &[u8]) -> Option<Span> {
    loop {
        match search.step(haystack, 3000) {
            Step::Match(span) => return Some(span),
            Step::More => {}
            Step::Done => return None,
        }
    }
}

#[test]
fn a_first_match_may_leave_nothing_to_choose_a_way_by() {
    for left in 0..20 {
        let haystack = [&b"ac"[..], &vec![b'x'; 30_000], &vec![b'\n'; left]].concat();
        for source in ["[ab]c.*(?!e)", "[ab]c.*(?:.|dd)+", "(?:ac|bd).*"] {
            let found = pattern(source, "").find(&haystack, 0);
            assert_eq!(found.map(|span| span.end), Some(30_002), "{source} {left}");
            let (mut search, mut count) = (pattern(source, "").scan(0, haystack.len()), 0);
            while !search.count(&haystack, usize::MAX, &mut count) {}
            assert_eq!(count, 1, "{source} {left}");
        }
    }
}

#[test]
fn a_class_of_bytes_from_all_over_is_exactly_that() {
    // One of each sixteen, always another one.
    let class = (0..16)
        .map(|at| format!(r"\x{:02x}", at * 17))
        .collect::<Vec<_>>()
        .concat();
    let haystack: Vec<u8> = (0..=u8::MAX).cycle().take(6000).collect();
    for source in [
        format!("[{class}]"),
        format!("[{class}]+"),
        format!("[{class}]+[^{class}]"),
        format!("[^{class}]{{2,}}[{class}]"),
    ] {
        let pattern = compiled(&source, "", Encoding::Latin1).unwrap();
        let wanted = all_by(&pattern, "plain", &haystack, usize::MAX).unwrap();
        assert!(wanted.len() > 300, "{source}");
        for way in WAYS {
            if let Some(found) = all_by(&pattern, way, &haystack, usize::MAX) {
                assert_eq!(found, wanted, "{source} {way}");
            }
        }
    }
}

#[test]
fn a_character_that_is_read_as_a_whole_may_lie_across_a_note() {
    for (source, flags, character) in [
        (r"a[^]*?\b!", "iu", "\u{212A}"),
        ("a[^]*?^!", "m", "\u{2028}"),
        ("a[^]*?$!", "m", "\u{2029}"),
    ] {
        let pattern = pattern(source, flags);
        for before in 0..140 {
            let haystack = format!("a{}{character}{0}", "b".repeat(before));
            for way in WAYS {
                for budget in [1, usize::MAX] {
                    let found = all_by(&pattern, way, haystack.as_bytes(), budget);
                    assert!(found.is_none_or(|found| found.is_empty()), "{source} {way}");
                }
            }
        }
    }
}

#[test]
fn the_last_match_is_found_by_its_first_letters_in_linear_time() {
    // Each look at an `ab` reads on to the end.
    let haystack = b"ab ".repeat(200_000);
    for source in ["ab[^c]*c", "ab(?=[^]*c)"] {
        let mut search = ReverseScan::new(&pattern(source, ""), 0, haystack.len());
        let mut steps = 0;
        while search.step(&haystack, 10_000) == Step::More {
            steps += 1;
        }
        assert!(steps < 1000, "{source} {steps}");
    }
    let haystack = [&b"abd abc "[..], &b"ab ".repeat(2000)].concat();
    for (source, wanted) in [
        ("ab[^b]*c", Some((4, 7))),
        ("ab(?=d)", Some((0, 2))),
        ("abx", None),
    ] {
        let found = pattern(source, "").rfind(&haystack, 0);
        assert_eq!(found.map(|span| (span.start, span.end)), wanted, "{source}");
    }
}

#[test]
fn a_match_begins_where_the_run_before_it_does() {
    compare(0x5EED_1EAD, 4);
}

#[test]
#[ignore = "takes minutes"]
fn and_in_many_more_texts() {
    compare(0xA11_1EAD, 400);
}

#[test]
fn a_run_that_ends_no_match_is_read_once() {
    // Each step ends inside of the run, which begins before all of them.
    let haystack = [&vec![b'a'; 3 << 20][..], b"b"].concat();
    let pattern = pattern("a+b", "");
    let found = all_by(&pattern, "bits", &haystack, 5000).unwrap();
    let spans: Vec<_> = found.iter().map(|span| (span.start, span.end)).collect();
    assert_eq!(spans, [(0, haystack.len())]);
}
