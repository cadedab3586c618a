//! Compares the search for many needles with looking for each of them at each place.

use crate::pattern::needles::{List, MANY};
use crate::pattern::testing::{Random, WAYS, all_by};
use crate::pattern::{Encoding, Flags, Needle, Options, Pattern, Span, Step};

fn given(needles: &[Vec<u8>]) -> Vec<Needle<'_>> {
    needles.iter().map(|needle| Needle::Bytes(needle)).collect()
}

/// A way to search for a list: from how many needles on it has no buckets, and what is done then.
type Filtered = (usize, fn(List) -> Option<List>);

const FILTERS: [Filtered; 4] = [
    (0, List::by_grams),
    (0, List::by_bloom),
    (MANY, Some),
    (usize::MAX, Some),
];

/// A list that is searched for in this way; nothing if it is no list of that kind.
fn listed(needles: &[Vec<u8>], options: Options, (many, by): Filtered) -> Option<Pattern> {
    let list = by(List::new(&given(needles), options, many)?)?;
    Pattern::with_list(&given(needles), options, &mut |_| None, Some(list)).ok()
}

/// The same needles by the automata of patterns of all kinds.
fn unlisted(needles: &[Vec<u8>], options: Options) -> Pattern {
    Pattern::with_list(&given(needles), options, &mut |_| None, None).unwrap()
}

fn oracle(needles: &[Vec<u8>], text: &[u8]) -> Vec<(usize, usize, usize)> {
    let (mut at, mut found) = (0, Vec::new());
    while at <= text.len() {
        let here = needles
            .iter()
            .position(|needle| text[at..].starts_with(needle));
        match here {
            None => at += 1,
            Some(pattern) => {
                let end = at + needles[pattern].len();
                found.push((at, end, pattern));
                at = end.max(at + 1);
            }
        }
    }
    found
}

/// The match that starts last.
fn last_of(needles: &[Vec<u8>], text: &[u8]) -> Option<Span> {
    (0..text.len()).rev().find_map(|at| {
        oracle(needles, &text[at..])
            .first()
            .filter(|found| found.0 == 0)
            .map(|found| Span {
                start: at,
                end: at + found.1,
                pattern: found.2,
            })
    })
}

/// Each way of each filter finds the same, in steps of whatever size, and so does a search from the end.
fn compare(
    needles: &[Vec<u8>],
    options: Options,
    text: &[u8],
    wanted: &[Span],
    last: Option<Span>,
) {
    for (number, filter) in FILTERS.into_iter().enumerate() {
        let Some(pattern) = listed(needles, options, filter) else {
            let shortest = if number == 1 { 2 } else { 1 };
            let is_short = needles.iter().any(|needle| needle.len() < shortest);
            assert!(needles.len() < 2 || is_short || options.ignore_case);
            continue;
        };
        let what = || {
            let needles: Vec<_> = needles
                .iter()
                .map(|needle| needle.escape_ascii().to_string())
                .collect();
            format!(
                "{number}, {needles:?} over {}, {options:?}",
                text.escape_ascii()
            )
        };
        for way in WAYS {
            for budget in [1, 100, 1 << 20] {
                if let Some(found) = all_by(&pattern, way, text, budget) {
                    assert_eq!(found, wanted, "{way}, {}", what());
                }
            }
        }
        assert_eq!(pattern.find(text, 0), wanted.first().copied());
        assert_eq!(pattern.rfind(text, 0), last, "the last, {}", what());
        let by_automaton = rfind_by_automaton(&pattern, text);
        assert_eq!(by_automaton, last, "the last by the automaton, {}", what());
    }
}

fn rfind_by_automaton(pattern: &Pattern, text: &[u8]) -> Option<Span> {
    let mut search = crate::pattern::ReverseScan::new(pattern, 0, text.len()).plain();
    loop {
        match search.step(text, 3) {
            Step::Match(span) => return Some(span),
            Step::More => {}
            Step::Done => return None,
        }
    }
}

fn letters(random: &mut Random, alphabet: &[&str], most: usize) -> Vec<u8> {
    let len = 1 + random.below(most);
    let all = (0..len).map(|_| alphabet[random.below(alphabet.len())]);
    all.collect::<String>().into_bytes()
}

fn spans(found: &[(usize, usize, usize)]) -> Vec<Span> {
    let span = |&(start, end, pattern): &(usize, usize, usize)| Span {
        start,
        end,
        pattern,
    };
    found.iter().map(span).collect()
}

#[test]
fn of_many_needles_the_leftmost_and_of_two_the_earlier_is_found() {
    leftmost(0x5EED, 48);
}

/// Beside a RegExp, strings are searched for by the automata of patterns.
#[test]
fn strings_beside_a_pattern_are_found_inside_of_characters() {
    let mut random = Random(0x0019_51DE);
    let pieces: [&[u8]; 8] = [
        b"\xC3\xA9",
        b"\xC3",
        b"\xA9",
        b"\xF0\x9F\x98\x80",
        b"\xF0\x9F",
        b"\x98\x80",
        b"a",
        b"\n",
    ];
    let some = |random: &mut Random, most: usize| -> Vec<u8> {
        (0..=random.below(most))
            .flat_map(|_| pieces[random.below(pieces.len())])
            .copied()
            .collect()
    };
    let source: Vec<u16> = "nowhere".encode_utf16().collect();
    for round in 0..200 {
        let needles: Vec<Vec<u8>> = (0..=round % 7).map(|_| some(&mut random, 3)).collect();
        let text = some(&mut random, 60);
        let mut all = given(&needles);
        all.push(Needle::RegExp {
            source: &source,
            flags: Flags::new(""),
        });
        let pattern = Pattern::new(&all, &Options::default(), &mut |_| None).unwrap();
        let wanted = spans(&oracle(&needles, &text));
        let label = || format!("{round}: {needles:x?} in {text:x?}");
        for way in WAYS {
            for budget in [1, 1 << 20] {
                if let Some(found) = all_by(&pattern, way, &text, budget) {
                    assert_eq!(found, wanted, "{way}, {}", label());
                }
            }
        }
        let last = last_of(&needles, &text);
        assert_eq!(pattern.rfind(&text, 0), last, "the last, {}", label());
    }
}

#[test]
fn case_is_ignored_in_lists_as_in_other_patterns() {
    without_case(0xCA5E, 16);
}

#[test]
#[ignore = "a minute: for changes of the engine"]
fn and_many_more() {
    for seed in 1..20 {
        leftmost(seed * 0x1234_5678_9ABC_DEF1, 512);
        without_case(seed * 0x1234_5678_9ABC_DEF1, 256);
    }
}

fn leftmost(seed: u64, rounds: usize) {
    let mut random = Random(seed);
    for round in 0..rounds {
        let alphabet: &[&str] = match round % 3 {
            0 => &["a", "b"],
            1 => &["a", "b", "c", "d", "\n", "é", "\0"],
            _ => &["A", "C", "G", "T"],
        };
        let count = [2, 5, 20, 300][round % 4];
        let (least, most) = ([0, 3, 9, 20][round / 4 % 4], [1, 4, 12, 70][round / 16 % 4]);
        let needles: Vec<Vec<u8>> = (0..count)
            .map(|_| {
                [
                    letters(&mut random, alphabet, 1 + least).repeat(2),
                    letters(&mut random, alphabet, most),
                ]
                .concat()
            })
            .collect();
        let mut text = letters(&mut random, alphabet, 300);
        for _ in 0..6 {
            let needle = &needles[random.below(count)];
            text.extend_from_slice(&needle[..=random.below(needle.len())]);
            text.extend_from_slice(&needles[random.below(count)]);
            text.extend(letters(&mut random, alphabet, 9));
        }
        let wanted = spans(&oracle(&needles, &text));
        let latest = last_of(&needles, &text);
        compare(&needles, Options::default(), &text, &wanted, latest);
    }
}

fn without_case(seed: u64, rounds: usize) {
    let mut random = Random(seed);
    let alphabets: [&[&str]; 4] = [
        &["a", "A", "b", "B", "1"],
        &["s", "S", "ſ", "k", "K", "\u{212A}", "i"],
        &["é", "É", "ß", "ẞ", "å", "Å", "\u{212B}", "s"],
        &["σ", "ς", "Σ", "a", "Ж", "ж", "中"],
    ];
    for round in 0..rounds {
        let alphabet = alphabets[round % 4];
        let count = [2, 3, 10, 60][round / 4 % 4];
        let most = [2, 4, 9, 30][round / 16 % 4];
        let needles: Vec<Vec<u8>> = (0..count)
            .map(|_| letters(&mut random, alphabet, most))
            .collect();
        let mut text = letters(&mut random, alphabet, 200);
        text.extend(b"\xC5\xE2\x84");
        for _ in 0..6 {
            text.extend_from_slice(&needles[random.below(count)]);
            text.extend(letters(&mut random, alphabet, 6));
        }
        for encoding in [Encoding::Utf8, Encoding::Latin1] {
            let options = Options {
                encoding,
                ignore_case: true,
            };
            let other = unlisted(&needles, options);
            let wanted = all_by(&other, "plain", &text, usize::MAX).unwrap();
            compare(&needles, options, &text, &wanted, other.rfind(&text, 0));
        }
    }
}

#[test]
fn words_are_found_in_any_case_in_a_long_text_without_letters() {
    let mut random = Random(0x10_6E00);
    let spell = |random: &mut Random, of: [&'static str; 3]| of[random.below(3)];
    for count in [2, 30, 300] {
        // Words of six letters, none of which is the beginning of another one.
        let words: Vec<[usize; 3]> = (0..count).map(|n| [n / 100, n / 10 % 10, n % 10]).collect();
        let letter = |digit: &usize| char::from(b'a' + u8::try_from(*digit).unwrap());
        let needles: Vec<Vec<u8>> = words
            .iter()
            .map(|word| format!("sk\u{e9}{}", word.iter().map(letter).collect::<String>()))
            .map(String::into_bytes)
            .collect();
        let options = Options {
            ignore_case: true,
            ..Options::default()
        };
        let pattern = Pattern::new(&given(&needles), &options, &mut |_| None).unwrap();
        let (mut text, mut wanted) = (String::new(), Vec::new());
        while text.len() < (1 << 20) + (1 << 19) {
            let digits = 1 + random.below(5000);
            text.extend((0..digits).map(|at| char::from(b"0123456789"[(at * at + digits) % 10])));
            let (start, which) = (text.len(), random.below(count));
            text.push_str(spell(&mut random, ["s", "S", "\u{17F}"]));
            text.push_str(spell(&mut random, ["k", "K", "\u{212A}"]));
            text.push_str(spell(&mut random, ["\u{e9}", "\u{c9}", "\u{e9}"]));
            text.extend(words[which].iter().map(letter));
            wanted.push(Span {
                start,
                end: text.len(),
                pattern: which,
            });
        }
        let mut found = Vec::new();
        let mut scan = pattern.scan(0, text.len());
        scan.fill(text.as_bytes(), usize::MAX, &mut found, usize::MAX);
        assert_eq!(found, wanted, "{count}");
    }
}

#[test]
fn grams_that_have_to_agree_lose_no_needle() {
    let mut random = Random(0x51E7E);
    let mut sieves = 0;
    for round in 0..60 {
        let ignore_case = round % 3 == 0;
        let alphabet: &[&str] = match round % 4 {
            0 => &["a", "b"],
            1 => &["a", "b", "c", "d", "e"],
            2 => &["a", "A", "e", "x", "Z", "_"],
            _ => &["k", "a", "\u{212A}", "\u{17F}", "S", "é", "É"],
        };
        let shortest = 3 + random.below(10);
        let needles: Vec<Vec<u8>> = (0..2 + random.below(40))
            .map(|_| {
                let mut needle = letters(&mut random, alphabet, 3);
                while needle.len() < shortest {
                    needle.extend(letters(&mut random, alphabet, 4));
                }
                needle
            })
            .collect();
        let mut text = Vec::new();
        for _ in 0..random.below(8) {
            text.extend(letters(&mut random, alphabet, 90));
            text.extend_from_slice(&needles[random.below(needles.len())]);
        }
        let options = Options {
            ignore_case,
            ..Options::default()
        };
        let plain = unlisted(&needles, options);
        let wanted = all_by(&plain, "plain", &text, 1 << 20).unwrap();
        let final_match = plain.rfind(&text, 0);
        for number in 0.. {
            let list = List::new(&given(&needles), options, 0).unwrap();
            let Some(list) = list.sieved(number) else {
                break;
            };
            sieves += 1;
            let pattern =
                Pattern::with_list(&given(&needles), options, &mut |_| None, Some(list)).unwrap();
            for budget in [1, 1 << 20] {
                let found = all_by(&pattern, "starts", &text, budget).unwrap();
                assert_eq!(found, wanted, "{round}, {number}");
            }
            assert_eq!(pattern.rfind(&text, 0), final_match, "{round}, {number}");
        }
    }
    assert!(sieves > 50);
}

#[test]
fn ten_thousand_needles_are_prepared_and_found() {
    let needles: Vec<String> = (0..10_000)
        .map(|number| format!("needle-{number:05}"))
        .collect();
    let needles_given: Vec<Needle<'_>> = needles
        .iter()
        .map(|needle| Needle::Bytes(needle.as_bytes()))
        .collect();
    let pattern = Pattern::new(&needles_given, &Options::default(), &mut |_| None).unwrap();
    let text = "hay needle-01234 hay needle-09999needle-1".repeat(20);
    let mut count = 0;
    assert!(
        pattern
            .scan(0, text.len())
            .count(text.as_bytes(), usize::MAX, &mut count)
    );
    assert_eq!(count, 40);
    assert_eq!(
        pattern.find(text.as_bytes(), 10).map(|span| span.pattern),
        Some(9999)
    );
}

#[test]
fn a_list_may_have_half_a_megabyte_and_has_duplicates_and_beginnings() {
    let mut needles: Vec<Vec<u8>> = (0..9_000)
        .map(|number| format!("{number:050}").into_bytes())
        .collect();
    needles.extend([
        b"00".to_vec(),
        needles[7].clone(),
        needles[7][..40].to_vec(),
    ]);
    let pattern = Pattern::new(&given(&needles), &Options::default(), &mut |_| None).unwrap();
    assert_eq!(pattern.len(), 9_003);
    let text = [b"x00x", &needles[7][..40], b"x", &needles[7][..]].concat();
    let found = |from| {
        pattern
            .find(&text, from)
            .map(|span| (span.start, span.end, span.pattern))
    };
    assert_eq!(found(0), Some((1, 3, 9_000)));
    assert_eq!(found(4), Some((4, 6, 9_000)));
    assert_eq!(found(44), Some((45, 95, 7)));
    assert_eq!(pattern.find(b"0", 0), None);
    assert_eq!(pattern.rfind(&text, 0).map(|span| span.start), Some(92));
}

/// What all matches cost, in bytes, as a search counts what it may spend; and the last one.
fn costs(needles: &[Vec<u8>], filter: Filtered, text: &[u8]) -> (usize, usize, usize) {
    let pattern = listed(needles, Options::default(), filter).unwrap();
    let mut scan = pattern.scan(0, text.len());
    let (mut left, mut count) = (isize::MAX, 0);
    while let Step::Match(_) = scan.search(text, &mut left) {
        count += 1;
    }
    let spent = isize::MAX - left;
    let (mut search, mut steps) = (crate::pattern::ReverseScan::new(&pattern, 0, text.len()), 0);
    while search.step(text, 64 << 10) == Step::More {
        steps += 1;
    }
    (usize::try_from(spent).unwrap(), count, steps)
}

#[test]
fn what_keeps_needles_busy_takes_linear_time() {
    let run = |len: usize, end: &str| [b"a".repeat(len), end.into()].concat();
    let lists: [Vec<Vec<u8>>; 5] = [
        // They begin everywhere, and are nowhere.
        (1..40).map(|len| run(8 * len, "b")).collect(),
        (1..2000).map(|len| run(len, "b")).collect(),
        // Of each other the beginnings, the longest first.
        (1..1000).rev().map(|len| run(len, "")).collect(),
        // All are compared at each place.
        (0..10_000)
            .map(|number| run(12, &format!("b{number}")))
            .collect(),
        (0..10_000)
            .map(|number| [format!("{number:05}").into_bytes(), run(12, "")].concat())
            .collect(),
    ];
    let [by_grams, by_bloom, usual, _] = FILTERS;
    for (needles, filter) in lists
        .iter()
        .flat_map(|needles| [by_grams, by_bloom, usual].map(|filter| (needles, filter)))
    {
        let is_short = needles.iter().any(|needle| needle.len() < 2);
        if is_short && std::ptr::fn_addr_eq(filter.1, by_bloom.1) {
            continue;
        }
        let bytes: usize = needles.iter().map(Vec::len).sum();
        for len in [1 << 17, 1 << 20] {
            let (spent, count, steps) = costs(needles, filter, &b"a".repeat(len));
            assert!(
                spent < 16 * len + 2 * bytes + (8 << 20),
                "{spent} for {len}, {bytes}"
            );
            assert!(steps < 300, "{steps}");
            assert!(count <= len / 999 + 1000, "{count}");
        }
    }
}
