//! Random and systematic cases.

use super::super::testing::{Random, case};
use super::{assert_all_agree, count, find, oracle, rfind};
use proptest::collection::vec;
use proptest::prelude::*;

#[test]
fn every_strategy_agrees_on_random_cases() {
    let mut random = Random::new(7);
    let (mut haystack, mut needle) = (Vec::new(), Vec::new());
    for _ in 0..3000 {
        case(&mut random, 320, &mut haystack, &mut needle);
        assert_all_agree(&haystack, &needle);
    }
}

#[test]
fn every_size_near_a_vector_or_a_block_agrees() {
    // One match at the front, one at the back, one in the middle, or none.
    let sizes = (0..70).chain(124..134).chain(158..164).chain(252..262);
    for n in sizes {
        for m in [1, 2, 3, 4, 5, 8, 15, 16, 17, 31, 32, 33, 64, 128] {
            if m > n {
                continue;
            }
            let needle: Vec<u8> = (0..m)
                .map(|i| b'a' + u8::try_from(i % 23).unwrap())
                .collect();
            for at in [None, Some(0), Some((n - m) / 2), Some(n - m)] {
                let mut haystack = vec![b'.'; n];
                if let Some(at) = at {
                    haystack[at..at + m].copy_from_slice(&needle);
                }
                assert_all_agree(&haystack, &needle);
                // All but its last byte.
                haystack[n - 1] = b'!';
                assert_all_agree(&haystack, &needle);
            }
        }
    }
}

#[test]
fn every_alignment_agrees() {
    let mut haystack = vec![b'.'; 512];
    haystack[200..205].copy_from_slice(b"mouse");
    haystack[300..305].copy_from_slice(b"mouse");
    for from in 0..64 {
        for to in 448..512 {
            let slice = &haystack[from..to];
            assert_eq!(find(slice, b"mouse"), Some(200 - from));
            assert_eq!(rfind(slice, b"mouse"), Some(300 - from));
            assert_eq!(count(slice, b"mouse"), 2);
        }
    }
}

#[test]
fn every_start_of_a_big_haystack_is_searched() {
    // Long enough for the adaptive search, its first look for a rare byte and its tail.
    let n = 70_000;
    let mut haystack = vec![b'a'; n];
    for at in (0..300).chain(4_000..4_200).chain(n - 300..n - 3) {
        haystack[at..at + 4].copy_from_slice(b"bccb");
        for needle in [&b"bccb"[..], b"bc", b"cb", b"ccb", b"acc"] {
            assert_eq!(
                find(&haystack, needle),
                memchr::memmem::find(&haystack, needle)
            );
            assert_eq!(
                rfind(&haystack, needle),
                memchr::memmem::rfind(&haystack, needle)
            );
        }
        haystack[at..at + 4].fill(b'a');
    }
}

/// Periodic needles with one byte changed, in haystacks of the same period with and without a
/// defect: at each position of the needle.
#[test]
fn periods_broken_anywhere_agree() {
    for unit in [&b"a"[..], b"ab", b"aab", b"abcab", b"abcdefghijklm"] {
        for m in [33, 64, 100, 300] {
            let base: Vec<u8> = unit.iter().copied().cycle().take(m).collect();
            let plain: Vec<u8> = unit.iter().copied().cycle().take(6 * m).collect();
            let mut defects = plain.clone();
            for at in [m / 2, 2 * m, 3 * m + 5, 5 * m] {
                defects[at] = b'z';
            }
            for broken in (0..=m).step_by(1 + m / 40) {
                let mut needle = base.clone();
                if broken < m {
                    needle[broken] = b'z';
                }
                assert_all_agree(&plain, &needle);
                assert_all_agree(&defects, &needle);
            }
        }
    }
}

/// Strings that repeat themselves without being periodic: the worst cases of many a search.
#[test]
fn fibonacci_and_thue_morse_words_agree() {
    let (mut a, mut b) = (b"a".to_vec(), b"ab".to_vec());
    while b.len() < 2_000 {
        let next = [b.clone(), a].concat();
        a = std::mem::replace(&mut b, next);
    }
    let thue: Vec<u8> = (0..2_000_u32)
        .map(|i| b'a' + u8::try_from(i.count_ones() % 2).unwrap())
        .collect();
    for word in [b, thue] {
        for (from, m) in [(0, 34), (700, 55), (1, 89), (1_200, 233), (300, 700)] {
            let mut needle = word[from..from + m].to_vec();
            assert_all_agree(&word, &needle);
            needle[m - 1] ^= 3;
            assert_all_agree(&word, &needle);
            needle[0] ^= 3;
            assert_all_agree(&word, &needle);
        }
    }
}

fn small() -> impl Strategy<Value = (Vec<u8>, Vec<u8>)> {
    (1_u8..4, 0_usize..400).prop_flat_map(|(letters, n)| {
        (
            vec(b'a'..b'a' + letters, 0..=n),
            vec(b'a'..b'a' + letters, 1..40),
        )
    })
}

fn cut() -> impl Strategy<Value = (Vec<u8>, Vec<u8>)> {
    (vec(any::<u8>(), 1..600), any::<[prop::sample::Index; 3]>()).prop_map(
        |(haystack, [from, to, at])| {
            let (from, to) = (from.index(haystack.len()), to.index(haystack.len()));
            let mut needle = haystack[from.min(to)..=from.max(to)].to_vec();
            let at = at.index(needle.len() * 2);
            if let Some(byte) = needle.get_mut(at) {
                *byte ^= 1;
            }
            (haystack, needle)
        },
    )
}

proptest! {
    // The seed is printed: no file is left for it.
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn small_alphabets_agree((haystack, needle) in small()) {
        assert_all_agree(&haystack, &needle);
    }

    #[test]
    fn pieces_of_the_haystack_agree((haystack, needle) in cut()) {
        assert_all_agree(&haystack, &needle);
        let all = oracle(false, &haystack, &needle, usize::MAX);
        prop_assert_eq!(find(&haystack, &needle), all.first().copied());
        prop_assert_eq!(count(&haystack, &needle), all.len());
        prop_assert_eq!(
            rfind(&haystack, &needle),
            oracle(true, &haystack, &needle, 1).first().copied()
        );
    }
}
