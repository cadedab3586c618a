//! Every strategy against a plain oracle, and the promises of the interface.

mod guard;
mod oracle;
mod paths;
mod writers;

use super::testing::{STRATEGIES, Strategy, counted, matches, oracle};
use super::{Batch, Finder, Tally, count, find, rfind};

/// Asserts that a strategy finds what the oracle finds, all of it and the first alone.
fn assert_agrees(strategy: Strategy, reverse: bool, haystack: &[u8], needle: &[u8]) {
    if let Some(count) = counted(strategy, haystack, needle) {
        let expected = oracle(false, haystack, needle, usize::MAX);
        assert_eq!(count, expected.len(), "{strategy:?} counts");
    }
    for limit in [1, 3, haystack.len() + 1] {
        let mut out = vec![0.0; limit];
        let Some(count) = matches(strategy, reverse, haystack, needle, &mut out) else {
            return;
        };
        let expected = oracle(reverse, haystack, needle, limit);
        assert_eq!(
            offsets(&out[..count]),
            expected,
            "{strategy:?}, reverse {reverse}, needle {}, haystack {}",
            needle.escape_ascii(),
            haystack.escape_ascii(),
        );
    }
}

/// Asserts that all strategies find what the oracle finds.
fn assert_all_agree(haystack: &[u8], needle: &[u8]) {
    for strategy in STRATEGIES {
        for reverse in [false, true] {
            assert_agrees(strategy, reverse, haystack, needle);
        }
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "they were offsets"
)]
fn offsets(numbers: &[f64]) -> Vec<usize> {
    numbers.iter().map(|&number| number as usize).collect()
}

#[test]
fn an_empty_needle_is_found_at_both_ends_and_everywhere() {
    assert_eq!(find(b"", b""), Some(0));
    assert_eq!(rfind(b"", b""), Some(0));
    assert_eq!(find(b"abc", b""), Some(0));
    assert_eq!(rfind(b"abc", b""), Some(3));
    assert_eq!(Finder::new("").find(b"abc"), Some(0));
    assert_eq!(Finder::new("").rfind(b"abc"), Some(3));
    assert_eq!(count(b"abc", b""), 4);
    assert_eq!(count(b"", b""), 1);
    let mut out = [0.0; 3];
    let batch = Finder::new("").find_batch(b"abc", 10, &mut out);
    assert_eq!((out, batch.next), ([10.0, 11.0, 12.0], Some(3)));
    let batch = Finder::new("").find_batch(b"", 13, &mut out);
    assert_eq!((batch.written, batch.next, out[0]), (1, None, 13.0));
}

#[test]
fn a_needle_longer_than_the_haystack_is_not_found() {
    for n in 0..70 {
        let haystack = vec![b'a'; n];
        let needle = vec![b'a'; n + 1];
        assert_eq!(find(&haystack, &needle), None);
        assert_eq!(rfind(&haystack, &needle), None);
        assert_eq!(count(&haystack, &needle), 0);
    }
}

#[test]
fn a_finder_can_be_kept_and_sent() {
    fn sent<T: Send + Sync + 'static>(value: T) -> T {
        value
    }
    let mut finder = {
        let needle = String::from("brown");
        sent(Finder::new(&needle).into_owned())
    };
    assert_eq!(finder.needle(), b"brown");
    assert_eq!(finder.find(b"the quick brown fox"), Some(10));
    assert_eq!(finder.rfind(b"brown brown fox"), Some(6));
}

#[test]
fn matches_do_not_overlap() {
    assert_eq!(count(b"aaaaa", b"aa"), 2);
    assert_eq!(count(b"abababa", b"aba"), 2);
    assert_eq!(count(b"aaaa", b"a"), 4);
    assert_eq!(count(&[0; 1000], &[0; 7]), 142);
}

#[test]
fn a_needle_overlaps_itself_if_it_has_a_border() {
    for (needle, expected) in [
        ("", false),
        ("a", false),
        ("ab", false),
        ("aa", true),
        ("aba", true),
        ("abra", true),
        ("abcd", false),
        ("aab", false),
        ("abaababaab", true),
    ] {
        assert_eq!(
            Finder::new(needle).overlaps_itself(),
            expected,
            "{needle:?}"
        );
    }
}

#[test]
fn a_tally_says_where_to_go_on() {
    let tally = |haystack: &str| Finder::new("aba").tally(haystack.as_bytes());
    assert_eq!(tally(""), Tally { count: 0, next: 0 });
    assert_eq!(tally("ab"), Tally { count: 0, next: 0 });
    assert_eq!(tally("xab"), Tally { count: 0, next: 1 });
    assert_eq!(tally("aba"), Tally { count: 1, next: 3 });
    assert_eq!(tally("ababa"), Tally { count: 1, next: 3 });
    assert_eq!(tally("abaxx"), Tally { count: 1, next: 3 });
    assert_eq!(tally("abaxxx"), Tally { count: 1, next: 4 });
}

#[test]
fn tallies_of_pieces_add_up_to_the_whole() {
    let haystack: Vec<u8> = (0..500_u32)
        .map(|i| if i * i % 7 < 3 { b'a' } else { b'b' })
        .collect();
    for needle in ["a", "aa", "ab", "aba", "abab", "aabbaab", "aaaa"] {
        let mut finder = Finder::new(needle);
        for size in [8, 13, 64, 200] {
            let (mut sum, mut at) = (0, 0);
            while at < haystack.len() {
                let end = (at + size).min(haystack.len());
                let tally = finder.tally(&haystack[at..end]);
                sum += tally.count;
                if end == haystack.len() {
                    break;
                }
                at += tally.next;
            }
            assert_eq!(sum, finder.count(&haystack), "{needle}, pieces of {size}");
        }
    }
}

#[test]
fn batches_add_up_to_the_whole() {
    let haystack: Vec<u8> = (0..700_u32)
        .map(|i| if i * i % 11 < 4 { b'\n' } else { b'b' })
        .collect();
    for needle in ["\n", "\n\n", "b", "bb\n", "bbbbbbb", "\nbb"] {
        let mut finder = Finder::new(needle);
        let expected = oracle(false, &haystack, needle.as_bytes(), usize::MAX);
        for size in [1, 2, 5, 64, 1000] {
            let mut out = vec![0.0; size];
            let (mut all, mut at) = (Vec::new(), Some(0));
            while let Some(from) = at {
                let batch = finder.find_batch(&haystack[from..], from as u64, &mut out);
                all.extend(offsets(&out[..batch.written]));
                at = batch.next.map(|next| from + next);
            }
            assert_eq!(all, expected, "{needle:?} in batches of {size}");
        }
    }
}

#[test]
fn newlines_come_in_batches_from_either_end() {
    let mut newline = Finder::new(b"\n");
    for n in [0, 1, 2, 15, 16, 17, 31, 33, 64, 100, 129, 600] {
        let haystack: Vec<u8> = (0..n)
            .map(|i: u32| if i * i % 5 == 1 { b'\n' } else { b'.' })
            .collect();
        for size in [1, 3, 50, 700] {
            let mut out = vec![0.0; size];
            let (mut all, mut at) = (Vec::new(), Some(0));
            while let Some(from) = at {
                let batch = newline.find_batch(&haystack[from..], from as u64, &mut out);
                all.extend(offsets(&out[..batch.written]));
                at = batch.next.map(|next| from + next);
            }
            assert_eq!(all, oracle(false, &haystack, b"\n", usize::MAX));

            let (mut all, mut at) = (Vec::new(), Some(haystack.len()));
            while let Some(to) = at {
                let batch = newline.rfind_batch(&haystack[..to], 0, &mut out);
                all.extend(offsets(&out[..batch.written]));
                at = batch.next;
            }
            assert_eq!(all, oracle(true, &haystack, b"\n", usize::MAX));
        }
    }
}

#[test]
fn a_slice_without_room_takes_nothing_and_loses_nothing() {
    let mut newline = Finder::new(b"\n");
    let nothing = |next| Batch {
        written: 0,
        next: Some(next),
    };
    assert_eq!(newline.find_batch(b"a\nb", 0, &mut []), nothing(0));
    assert_eq!(newline.rfind_batch(b"a\nb", 0, &mut []), nothing(3));
    assert_eq!(Finder::new("a").find_batch(b"a\nb", 0, &mut []), nothing(0));
    assert_eq!(Finder::new("").find_batch(b"a\nb", 0, &mut []), nothing(0));
}
