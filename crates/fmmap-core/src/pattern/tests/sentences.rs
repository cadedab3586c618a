//! Tests what the documentation says, sentence by sentence.

use super::{Encoding, all, compiled, pattern, texts};
use crate::pattern::{
    Construct, Flags, Members, Needle, Options, Pattern, Progress, Scan, properties,
};

#[test]
fn offsets_are_bytes_and_characters_are_code_points() {
    assert_eq!(texts(&pattern(".", ""), "aé😀"), ["a", "é", "😀"]);
    assert_eq!(texts(&pattern("^.$", ""), "😀"), ["😀"]);
    let found = pattern("é", "").find("aé".as_bytes(), 0).unwrap();
    assert_eq!((found.start, found.end), (1, 3));
}

#[test]
fn bytes_that_are_no_utf8_match_nothing() {
    for source in ["[^]", ".", r"\W", "[^a]", r"\S"] {
        let found = all(
            &pattern(source, "s"),
            b"\xFF\xC3\xED\xA0\x80\xC0\x80\xF4\x90\x80\x80",
            usize::MAX,
        );
        assert_eq!(
            found.iter().map(|span| span.start).collect::<Vec<_>>(),
            [0_usize; 0],
            "{source}"
        );
    }
    let latin = compiled("[^a]", "", Encoding::Latin1).unwrap();
    assert_eq!(all(&latin, b"a\xFF\xE9", usize::MAX).len(), 2);
    let latin = compiled("é", "i", Encoding::Latin1).unwrap();
    assert_eq!(latin.find(b"\xC9", 0).map(|span| span.end), Some(1));
}

#[test]
fn case_is_ignored_by_the_rule_of_the_flags() {
    assert_eq!(texts(&pattern("s", "i"), "sSſ"), ["s", "S"]);
    assert_eq!(texts(&pattern("s", "iu"), "sSſ"), ["s", "S", "ſ"]);
    assert_eq!(texts(&pattern(r"\w+\b", "iu"), "asſK b"), ["asſK", "b"]);
    assert_eq!(texts(&pattern(r"\w+\b", "u"), "asſ b"), ["as", "b"]);
    assert_eq!(texts(&pattern(r"\bsK\b", "iu"), "ſsK sK sK."), ["sK", "sK"]);
}

#[test]
fn lines_end_at_every_terminator() {
    let text = "a\r\nb\u{2028}c\u{2029}d";
    assert_eq!(texts(&pattern(r"^.?", "m"), text), ["a", "", "b", "c", "d"]);
    assert_eq!(
        texts(&pattern(r"[^\n]*$", "m"), "a\r\nb"),
        ["a\r", "", "b", ""]
    );
    assert_eq!(texts(&pattern(r"^$", "m"), "\r\n"), ["", "", ""]);
    assert_eq!(texts(&pattern(r"\S+$", "m"), text), ["a", "b", "c", "d"]);
}

#[test]
fn an_empty_iteration_that_is_not_required_does_not_count() {
    assert_eq!(texts(&pattern(r"(?:a*?|b)*", ""), "aab"), ["aab", ""]);
    assert_eq!(texts(&pattern(r"(?:|a)+", ""), "aa"), ["aa", ""]);
    assert_eq!(texts(&pattern(r"(?:a?){3,}", ""), "aaaa"), ["aaaa", ""]);
    let groups = |source: &str, text: &str| {
        let pattern = pattern(source, "");
        let found = pattern.find(text.as_bytes(), 0).unwrap();
        pattern.captures(text.as_bytes(), found).groups
    };
    assert_eq!(groups("(?:(a)|b)*", "ab"), [Some((0, 2)), None]);
    assert_eq!(
        groups("(z)((a+)?(b+)?(c))*", "zaacbbbcac"),
        [
            Some((0, 10)),
            Some((0, 1)),
            Some((8, 10)),
            Some((8, 9)),
            None,
            Some((9, 10)),
        ]
    );
}

#[test]
fn a_lookahead_at_the_end_works() {
    assert_eq!(texts(&pattern(r"\w+(?=!)", ""), "a b! c"), ["b"]);
    assert_eq!(
        texts(&pattern(r"foo(?!bar)", ""), "foobar foobaz foo"),
        ["foo", "foo"]
    );
    assert_eq!(texts(&pattern(r"a(?!.*b)", ""), "ab\na a"), ["a", "a"]);
    assert_eq!(
        texts(&pattern(r"a(?!\b)|b(?=c)", ""), "a ab bc"),
        ["a", "b"]
    );
    assert_eq!(texts(&pattern(r"x(?!$)", ""), "xx"), ["x"]);
    let negative = pattern(r"(a)(?!(b))", "");
    let found = negative.find(b"ab ac", 0).unwrap();
    assert_eq!(
        negative.captures(b"ab ac", found).groups,
        [Some((3, 4)), Some((3, 4)), None]
    );
}

#[test]
fn what_is_not_taken_is_refused_by_name_and_place() {
    for (source, flags, construct, at) in [
        ("a(?<=b)", "", Construct::Lookbehind, 1),
        ("ab(?<!b)", "", Construct::Lookbehind, 2),
        ("a(?=b)c", "", Construct::Lookahead, 1),
        ("(a(?!b))c", "", Construct::Lookahead, 2),
        (r"(a)\1", "", Construct::Backreference, 3),
        (r"(?<n>a)\k<n>", "", Construct::Backreference, 7),
        (r"é😀\uD83D", "", Construct::Surrogate, 3),
        (r"[\uD83D]", "", Construct::Surrogate, 0),
        ("ab(x{1000}){1000}", "", Construct::Size, 4),
        (r"\p{Lu}", "u", Construct::Property, 0),
        ("(", "", Construct::Syntax, 0),
    ] {
        let refusal = compiled(source, flags, Encoding::Utf8).unwrap_err();
        assert_eq!((refusal.construct, refusal.at), (construct, at), "{source}");
    }
    let deep = "(".repeat(300) + &")".repeat(300);
    assert_eq!(
        compiled(&deep, "", Encoding::Utf8).unwrap_err().construct,
        Construct::Depth
    );
}

#[test]
fn a_repetition_that_no_haystack_reaches_has_no_upper_limit() {
    let text = "b aaaaaa";
    for (source, wanted) in [
        ("a{0,2147483647}b?", &["b", "", "aaaaaa", ""][..]),
        ("a{2,99999999999}", &["aaaaaa"]),
        ("(a){2,99999999999999999999999}", &["aaaaaa"]),
        ("a{2,99999999999}?", &["aa", "aa", "aa"]),
        ("a{9007199254740992,}|b", &["b"]),
        ("(?:a|ab){99999999999999999999999}|b", &["b"]),
        ("(?:){99999999999}b", &["b"]),
        ("a{3,2}|b", &["b"]),
    ] {
        assert_eq!(texts(&pattern(source, ""), text), wanted, "{source}");
    }
    for source in ["a{0,2147483646}", "a{2147483647,}", "a{9007199254740991}"] {
        let refusal = compiled(source, "", Encoding::Utf8).unwrap_err();
        assert_eq!(
            (refusal.construct, refusal.at),
            (Construct::Size, 1),
            "{source}"
        );
    }
}

#[test]
fn repetitions_of_repetitions_are_prepared_in_no_time() {
    for inner in ["", "a?", "(?:)", "^", "(?:a|)"] {
        for quantifier in ["{2}", "{0,2}", "*", "+", "{2,}"] {
            let mut source = format!("(?:{inner})");
            for _ in 0..60 {
                source = format!("(?:{source}{quantifier})");
            }
            // Whether the pattern is accepted does not matter here, only that an answer comes.
            if let Ok(pattern) = compiled(&source, "", Encoding::Utf8) {
                assert!(pattern.find(b"aaa", 0).is_some());
            }
        }
    }
}

#[test]
fn members_of_properties_are_asked_for() {
    let source: Vec<u16> = r"\p{Lu}\P{Script=Greek}\p{Lu}".encode_utf16().collect();
    let flags = Flags::new("u");
    assert_eq!(properties(&source, flags).unwrap(), ["Lu", "Script=Greek"]);
    let needle = Needle::RegExp {
        source: &source,
        flags,
    };
    let pattern = Pattern::new(&[needle], &Options::default(), &mut |name| {
        let range = if name == "Lu" {
            (0x41, 0x5A)
        } else {
            (0x370, 0x3FF)
        };
        Some(Members {
            ranges: vec![range],
            strings: vec![],
        })
    });
    assert_eq!(texts(&pattern.unwrap(), "AbC AγC"), ["AbC"]);
}

#[test]
fn the_last_match_is_the_one_that_starts_last() {
    let last = |source: &str, text: &str| {
        pattern(source, "")
            .rfind(text.as_bytes(), 0)
            .map(|span| (span.start, span.end))
    };
    assert_eq!(last(r"\d+", "12 345"), Some((5, 6)));
    assert_eq!(last("a|ab", "abab"), Some((2, 3)));
    assert_eq!(last("x", "abab"), None);
    assert_eq!(last("x*", "é"), Some((2, 2)));
}

#[test]
fn a_search_that_starts_inside_of_a_character_sees_the_whole_of_it_before_the_next() {
    let haystack = "\u{212A} \u{2028}x".as_bytes();
    for (source, flags, from, first, last) in [
        (r"\b", "iu", 1, 3, 8),
        ("^", "m", 5, 7, 7),
        ("(?:)", "", 5, 7, 8),
    ] {
        let pattern = pattern(source, flags);
        assert_eq!(
            pattern.find(haystack, from).unwrap().start,
            first,
            "{source}"
        );
        assert_eq!(
            pattern.rfind(haystack, from).unwrap().start,
            last,
            "{source}"
        );
    }
}

#[test]
fn parts_that_end_behind_newlines_have_each_match_once() {
    let haystack = b"ab\n\nx 12\n\n\nab, x\nx";
    let matches = |pattern: &Pattern, from, stop| {
        let mut found = Vec::new();
        let mut scan = Scan::new(pattern, from, stop);
        while scan.fill(haystack, 64, &mut found, usize::MAX) == Progress::More {}
        let mut count = 0;
        let mut scan = Scan::new(pattern, from, stop);
        while !scan.count(haystack, 64, &mut count) {}
        assert_eq!(found.len(), count);
        found
    };
    for source in [
        ".*",
        "^",
        "$",
        r"\b",
        r"\B",
        "x?",
        "x??",
        "(?:)",
        "a|",
        r"\w*",
        "(?=x)",
        "^.*$",
        "^$",
        "(?:^|,)x*",
        "x+",
        "(a)|",
    ] {
        let pattern = pattern(source, "m");
        assert!(!pattern.may_have_newline(), "{source}");
        let whole = matches(&pattern, 0, haystack.len());
        for cut in (1..haystack.len()).filter(|&cut| haystack[cut - 1] == b'\n') {
            let mut parts = matches(&pattern, 0, cut);
            parts.extend(matches(&pattern, cut, haystack.len()));
            assert_eq!(parts, whole, "{source} in parts that meet at {cut}");
        }
    }
}

#[test]
fn a_sticky_pattern_matches_where_the_search_starts() {
    assert_eq!(texts(&pattern("a", "y"), "aaba"), ["a", "a"]);
    assert!(pattern("a", "y").find(b"ba", 0).is_none());
    assert!(pattern("a", "y").find(b"ba", 1).is_some());
}

#[test]
fn of_a_list_the_leftmost_and_of_two_the_earlier_is_found() {
    let source: Vec<u16> = r"\d+".encode_utf16().collect();
    let number = Needle::RegExp {
        source: &source,
        flags: Flags::default(),
    };
    let list = [
        Needle::Bytes(b"ab"),
        Needle::Bytes(b"abc"),
        number,
        Needle::Bytes(b"12"),
    ];
    let pattern = Pattern::new(&list, &Options::default(), &mut |_| None).unwrap();
    let found: Vec<_> = all(&pattern, b"12abc", usize::MAX)
        .iter()
        .map(|span| (span.start, span.end, span.pattern))
        .collect();
    assert_eq!(found, [(0, 2, 2), (2, 4, 0)]);
    let folded = Options {
        ignore_case: true,
        ..Options::default()
    };
    let pattern = Pattern::new(&list[..2], &folded, &mut |_| None).unwrap();
    assert_eq!(all(&pattern, b"ABC aBc", usize::MAX).len(), 2);
    let none = Pattern::new(&[], &Options::default(), &mut |_| None).unwrap();
    assert!(none.find(b"abc", 0).is_none() && none.rfind(b"abc", 0).is_none());
}

/// By which factor the work grows when the haystack is eight times as long. It counts bytes that are read and states
/// that are computed, so it is the same on every machine.
fn growth(source: &str, unit: &str, len: usize) -> f64 {
    let pattern = compiled(source, "", Encoding::Latin1).unwrap();
    let spent = |len: usize| {
        let haystack = unit.repeat(len / unit.len());
        let (mut scan, mut count, mut steps) = (pattern.scan(0, haystack.len()), 0, 1.0);
        while !scan.count(haystack.as_bytes(), 256, &mut count) {
            steps += 1.0;
        }
        steps
    };
    spent(8 * len) / spent(len)
}

#[test]
fn all_matches_together_take_linear_time() {
    for (source, unit) in [
        ("a(?:[^]*b)?", "a"),
        ("a(?:.*b)?", "a"),
        ("a(?:(?:[^]{3})*b)?", "a"),
        ("ab|a[^]*c", "ab"),
        (".*[^A-Z]|[A-Z]", "A"),
        ("(a*)*c", "a"),
        ("(?:a|aa)+$", "a"),
        ("(x+x+)+y", "x"),
        ("(?:a|b[^]*c|d)e?", "abd"),
    ] {
        let growth = growth(source, unit, 2 << 10);
        assert!(
            growth < 30.0,
            "/{source}/ over {unit}: {growth:.1} times as much for 8 times the bytes"
        );
    }
}

/// However far a lookahead reads, a step ends in time.
#[test]
fn what_lookaheads_read_is_a_part_of_the_budget() {
    let haystack = format!("{}b", "a".repeat(128 << 10));
    let pattern = compiled("a(?=[^]*b)", "", Encoding::Latin1).unwrap();
    let (mut scan, mut steps) = (pattern.scan(0, haystack.len()), 0);
    while scan.step(haystack.as_bytes(), 4 << 10) == crate::pattern::Step::More {
        steps += 1;
    }
    assert_eq!(scan.position(), 1);
    assert!(steps > 2 * 128 / 4, "{steps} steps");
}
