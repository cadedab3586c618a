//! Whatever the blocks and scopes are, the matches are those of the whole haystack.

use super::{Needle, Scope};
use crate::background::{Pause, Uninterrupted};
use crate::search::testing::{Random, case, oracle};

/// Makes blocks of so few starts that most matches reach into the next one, and counts how many are still to be
/// searched.
struct Blocks<const SIZE: usize>(usize);

impl<const SIZE: usize> Pause for Blocks<SIZE> {
    const BLOCK: usize = SIZE;

    fn goes_on(&mut self) -> bool {
        self.0 = self.0.wrapping_sub(1);
        self.0 != usize::MAX
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "offsets"
)]
fn offsets(out: &[f64]) -> Vec<usize> {
    out.iter().map(|&at| at as usize).collect()
}

/// All matches in order, from batches of `room` offsets.
fn batches<P: Pause>(
    needle: &mut Needle<'_>,
    haystack: &[u8],
    mut scope: Scope,
    room: usize,
    pause: &mut P,
) -> Vec<usize> {
    let (mut all, mut out) = (Vec::new(), vec![0.0; room]);
    loop {
        let batch = needle.find_batch(haystack, scope, &mut out, pause);
        all.extend(offsets(&out[..batch.written]));
        if batch.is_done {
            assert!(batch.next >= scope.until);
            return all;
        }
        scope.from = batch.next;
    }
}

fn reverse_batches<P: Pause>(
    needle: &mut Needle<'_>,
    haystack: &[u8],
    Scope { from, end, .. }: Scope,
    room: usize,
    pause: &mut P,
) -> Vec<usize> {
    let (mut all, mut out, mut end) = (Vec::new(), vec![0.0; room], end);
    loop {
        let batch = needle.rfind_batch(haystack, Scope::of(from, end), &mut out, pause);
        all.extend(offsets(&out[..batch.written]));
        if batch.is_done {
            return all;
        }
        end = batch.next;
    }
}

fn all_agree<P: Pause>(haystack: &[u8], bytes: &[u8], from: usize, end: usize, mut pause: P) {
    let scope = Scope::of(from, end);
    let mut expected = oracle(false, &haystack[from..end], bytes, usize::MAX);
    for start in &mut expected {
        *start += from;
    }
    let mut from_the_end = oracle(true, &haystack[from..end], bytes, usize::MAX);
    for start in &mut from_the_end {
        *start += from;
    }
    for mut needle in [Needle::literal(bytes), Needle::prepared(bytes)] {
        let first = needle.find(haystack, scope, &mut pause);
        assert_eq!(first.map(|found| found.start), expected.first().copied());
        assert!(first.is_none_or(|found| found.end - found.start == bytes.len()));
        let last = needle.rfind(haystack, scope, &mut pause);
        assert_eq!(last.map(|found| found.start), from_the_end.first().copied());
        let tally = needle.count(haystack, scope, &mut pause);
        assert_eq!(tally.count, expected.len());
        assert!(tally.next > end);
        for room in [1, 3, 1000] {
            assert_eq!(
                batches(&mut needle, haystack, scope, room, &mut pause),
                expected
            );
            let reverse = reverse_batches(&mut needle, haystack, scope, room, &mut pause);
            assert_eq!(
                reverse,
                from_the_end,
                "{} in {}",
                bytes.escape_ascii(),
                haystack.escape_ascii()
            );
        }
        // One scope after the other.
        let (mut count, mut next) = (0, from);
        while next <= end {
            let until = (next + 5).min(end + 1);
            let part = Scope {
                from: next,
                until,
                end,
            };
            assert!(part.fits(haystack.len()));
            let tally = needle.count(haystack, part, &mut pause);
            count += tally.count;
            next = tally.next;
        }
        assert_eq!(count, expected.len());
    }
}

#[test]
fn blocks_of_any_size_have_the_matches_of_the_whole() {
    let (mut random, mut haystack, mut bytes) = (Random::new(17), Vec::new(), Vec::new());
    for _ in 0..3000 {
        case(&mut random, 200, &mut haystack, &mut bytes);
        let from = random.below(haystack.len() + 1);
        let end = from + random.below(haystack.len() - from + 1);
        all_agree(&haystack, &bytes, from, end, Uninterrupted);
        all_agree(&haystack, &bytes, from, end, Blocks::<1>(usize::MAX - 1));
        all_agree(&haystack, &bytes, from, end, Blocks::<7>(usize::MAX - 1));
    }
}

#[test]
fn an_empty_needle_is_everywhere_and_once_at_the_end() {
    let haystack = b"abcdef";
    all_agree(haystack, b"", 0, 6, Uninterrupted);
    all_agree(haystack, b"", 2, 5, Blocks::<2>(usize::MAX - 1));
    let mut needle = Needle::literal(b"");
    let part = Scope {
        from: 1,
        until: 3,
        end: 6,
    };
    assert_eq!(needle.count(haystack, part, &mut Uninterrupted).count, 2);
    assert_eq!(
        needle
            .count(
                haystack,
                Scope {
                    from: 6,
                    until: 6,
                    end: 6
                },
                &mut Uninterrupted
            )
            .count,
        0
    );
}

#[test]
fn a_search_that_may_not_go_on_looks_no_further() {
    let haystack = b"....................needle......";
    let whole = Scope::of(0, haystack.len());
    let mut needle = Needle::prepared(b"needle");
    for blocks in 0..2 {
        assert_eq!(
            needle.find(haystack, whole, &mut Blocks::<10>(blocks)),
            None
        );
    }
    let found = needle.find(haystack, whole, &mut Blocks::<10>(3)).unwrap();
    assert_eq!((found.start, found.end), (20, 26));
    assert_eq!(needle.rfind(haystack, whole, &mut Blocks::<3>(1)), None);
    assert_eq!(needle.count(haystack, whole, &mut Blocks::<10>(1)).count, 0);
}

#[test]
fn only_what_overlaps_itself_is_chained() {
    assert!(Needle::literal(b"abra abra").is_chained());
    assert!(!Needle::literal(b"abc").is_chained());
    assert!(!Needle::literal(b"").is_chained());
}

#[test]
fn a_scope_that_is_outside_does_not_fit() {
    assert!(Scope::of(0, 0).fits(0));
    assert!(
        Scope {
            from: 4,
            until: 4,
            end: 8
        }
        .fits(8)
    );
    for (from, until, end) in [
        (0, 10, 8),
        (5, 4, 8),
        (0, 9, 9),
        (0, usize::MAX, usize::MAX),
    ] {
        assert!(!Scope { from, until, end }.fits(8));
    }
}
