//! Patterns that are searched for from event to event find what the automaton finds.

use super::{compiled, pattern};
use crate::pattern::testing::{Oracle, Random, all_by, count_by};
use crate::pattern::{Encoding, LineScan, LineStep, Progress};

/// Each with what its texts are made of.
const SOURCES: &[(&str, &str, &[&str])] = &[
    (r#""[^"]*""#, "", &["\"", "a", "\n", "é"]),
    (r#""[^"\n]*""#, "", &["\"", "a", "\n", "é"]),
    (
        r#""(?:[^"\\]|\\.)*""#,
        "",
        &["\"", "\\", "a", "\n", "é", "\u{2028}"],
    ),
    (
        r#""(?:[^"\\]|\\[^])*""#,
        "",
        &["\"", "\\", "a", "é", "\u{2028}"],
    ),
    (",[^,\n]*,", "", &[",", "bc", "\n", "é"]),
    ("<[^>]*>", "", &["<", ">", "x", "é"]),
    ("<[^>]+>", "", &["<", ">", "x", "<>", "é"]),
    (r"<[^<>]+>", "", &["<", ">", "x", "<>"]),
    (r"[(\[][^()\[\]]*[)\]]", "", &["(", ")", "[", "]", "x"]),
    (r"\/\*[^*]*\*\/", "", &["/", "*", "x", "/*", "*/"]),
    (r"=[^;\n]*", "", &["=", ";", "x", "\n", "é"]),
    (r"=[^;\n]*;", "", &["=", ";", "x", "\n", "é"]),
    (
        "^[^,\n]*,[^,\n]*",
        "m",
        &[",", "ab", "\n", "\r", "\u{2028}", "é"],
    ),
    (
        r"^[^,\n]+,.*$",
        "m",
        &[",", "ab", "\n", "\r", "\u{2028}", "é"],
    ),
    ("[^,\n]+", "", &[",", "abcdefgh", "\n", "é"]),
    (r"key=[^&]*&", "", &["key=", "k", "ke", "&", "xyz", "é"]),
    (r"\[\d+\]", "", &["[", "]", "1", "22", "x", "é"]),
    (r"\[\d+\] ?", "", &["[", "]", "1", "22", "x", " "]),
    (r#"x?"[^"]*?"y?"#, "", &["x", "y", "\"", "abc"]),
    (
        r#"[a-c]"[^"]*"$"#,
        "m",
        &["a", "c", "\"", "\n", "\r", "\u{2029}"],
    ),
    (r#""[^"]*";"#, "", &["\"", ",", ";", "a"]),
    (r"#[^#]#", "", &["#", "ab", "é", "😀"]),
    (r"\{\s*\w+\s*\}", "", &["{", "}", "ab", " ", "\u{a0}"]),
    ("<[^>é]*>", "", &["<", ">", "x", "é", "è"]),
    (r"<\w+\b[^>]*>", "", &["<", ">", "ab", " ", "é"]),
    (r"'[^'\n]*'|\n", "", &["'", ";", "ab", "\n"]),
];

/// Random words, mostly with much in between that is none of them.
fn text(random: &mut Random, words: &[&str], len: usize) -> Vec<u8> {
    let mut text = Vec::new();
    // None is dense, others are rare, and few texts have what is no ASCII or no character.
    let between = [0, 3, 200][random.below(3)];
    let plain: Vec<&str> = words
        .iter()
        .copied()
        .filter(|word| word.is_ascii())
        .collect();
    let words = if random.below(2) == 0 { &plain } else { words };
    let has_others = random.below(3) == 0;
    while text.len() < len {
        text.extend_from_slice(words[random.below(words.len())].as_bytes());
        text.extend(std::iter::repeat_n(b'o', random.below(between + 1)));
        if has_others && random.below(30) == 0 {
            let others: [&[u8]; 5] = [b"\xFF", b"\xC3", b"\x80", b"\xE2\x80", b"\xF0\x9F\x98"];
            text.extend_from_slice(others[random.below(5)]);
        }
    }
    text
}

fn compare(seed: u64, rounds: usize) {
    let mut random = Random(seed);
    for &(source, flags, words) in SOURCES {
        for encoding in [Encoding::Utf8, Encoding::Latin1] {
            let pattern = compiled(source, flags, encoding).unwrap();
            assert!(pattern.eventful().is_some(), "{source}");
            let mut matches = 0;
            for round in 0..rounds {
                let len = [40, 300, 9000][round % 3];
                let haystack = text(&mut random, words, len);
                let wanted = all_by(&pattern, "plain", &haystack, usize::MAX).unwrap();
                matches += wanted.len();
                let budgets = [1, 64 + random.below(5000), 1 << 20];
                for budget in &budgets[usize::from(len > 300)..] {
                    for way in ["events", "many events"] {
                        let found = all_by(&pattern, way, &haystack, *budget).unwrap();
                        assert_eq!(found, wanted, "{source} {encoding:?} {way} {budget}");
                    }
                    let count = count_by(&pattern, "events", &haystack, *budget);
                    assert_eq!(count, Some(wanted.len()), "{source} {encoding:?} {budget}");
                }
            }
            assert!(matches > 0, "{source} {encoding:?}");
        }
    }
}

#[test]
fn these_have_a_table() {
    let missing: Vec<_> = SOURCES
        .iter()
        .filter(|(source, flags, _)| pattern(source, flags).eventful().is_none())
        .map(|(source, ..)| source)
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn from_event_to_event_the_same_matches_are_found() {
    compare(0xE7E7, 12);
}

#[test]
#[ignore = "takes minutes"]
fn and_in_many_more_texts() {
    compare(0xA11_E7E7, 600);
}

#[test]
fn from_event_to_event_backtracking_finds_the_same() {
    let mut random = Random(0xBAC7);
    for &(source, flags, words) in SOURCES {
        let pattern = pattern(source, flags);
        let oracle = Oracle::new(source, flags, Encoding::Utf8).unwrap();
        for _ in 0..40 {
            let haystack = text(&mut random, words, 12);
            let Some(wanted) = oracle.all(&haystack, 0) else {
                continue;
            };
            let wanted: Vec<_> = wanted.iter().filter_map(|groups| groups[0]).collect();
            let found = all_by(&pattern, "events", &haystack, usize::MAX).unwrap();
            let found: Vec<_> = found.iter().map(|span| (span.start, span.end)).collect();
            assert_eq!(found, wanted, "{source} {haystack:?}");
        }
    }
}

#[test]
fn a_search_chooses_events_and_goes_on_where_only_the_automaton_can_read() {
    let mut random = Random(0xC405E);
    for &(source, flags, words) in SOURCES {
        let pattern = pattern(source, flags);
        let mut haystack = Vec::new();
        while haystack.len() < 400_000 {
            let len = [60_000, 3000][random.below(2)];
            haystack.extend(text(&mut random, words, len));
        }
        let wanted = all_by(&pattern, "plain", &haystack, usize::MAX).unwrap();
        assert_eq!(pattern.count(&haystack, 0), wanted.len(), "{source}");
        for limit in [1, 7, 5000] {
            let (mut search, mut found) = (pattern.scan(0, haystack.len()), Vec::new());
            loop {
                let room = found.len() + limit;
                match search.fill(&haystack, 1 << 16, &mut found, room) {
                    Progress::Done => break,
                    Progress::Full => assert_eq!(search.position(), found.last().unwrap().end),
                    Progress::More => {}
                }
            }
            assert_eq!(found, wanted, "{source} {limit}");
        }
        let mut lines = LineScan::new(&pattern, 0, haystack.len(), false);
        let mut count = 0;
        loop {
            match lines.step(&haystack, 1 << 16) {
                LineStep::Line(_) => count += 1,
                LineStep::More => {}
                LineStep::Done => break,
            }
        }
        assert!(count > 0, "{source}");
    }
}

#[test]
fn pairs_are_counted_and_then_found() {
    let mut random = Random(0x9A15);
    let pattern = pattern(",[^,\n]*,", "");
    for budget in [100_000, 150_001] {
        let haystack = text(&mut random, &[",", "b", "\n"], 400_000);
        let wanted = all_by(&pattern, "plain", &haystack, usize::MAX).unwrap();
        let (mut search, mut count) = (pattern.scan(0, haystack.len()), 0);
        assert!(!search.count(&haystack, budget, &mut count));
        let mut found = Vec::new();
        search.fill(&haystack, usize::MAX, &mut found, 20);
        assert_eq!(found, wanted[count..count + 20]);
        while !search.count(&haystack, usize::MAX, &mut count) {}
        assert_eq!(count + 20, wanted.len());
    }
}

#[test]
fn patterns_that_may_have_to_go_back_have_no_table() {
    for source in [
        "\".*\"",
        r"\([^()]*\)|\[[^\]]*\]",
        r#""[^"]*"(?:,"[^"]*")?;"#,
        "a[^b]*(?:bc)?",
        r"\w+(?=x)",
        "x*",
        "(?:abcd[^e]*){9}",
        r"a\d+b|a\d+c\d+d|a\d+c\d+e|[^]{40}",
    ] {
        assert!(pattern(source, "").eventful().is_none(), "{source}");
    }
    assert!(pattern("\"[^\"]*\"", "y").eventful().is_none());
}
