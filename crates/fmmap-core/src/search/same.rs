//! Matches of one byte again and again, as an indentation or zeros, in masks: each match of a mask is decided on at
//! once.
//!
//! The masks of the one byte tell where it stands as often as the needle has it: a mask that is moved by one lane and
//! put together with itself has the pairs, moved by two the fours. In a run of such starts the first is a match, and
//! each that is the needle's length behind another; which those are is found by the same doubling. Nothing is compared,
//! and no branch depends on how long the runs are.
//!
//! O(n log m) operations on masks, of 64 starts each (16 on NEON).

use super::direction::Forward;
use super::hits::Hits;
use super::masks::{FEW, Masks, Source, agreeing, lanes};
use super::probes::Subject;
use super::trace::{Path, trace};
use super::vector::Isa;

/// Whether a needle of one byte again and again is not too long: a match must not reach beyond the next mask.
#[inline(always)]
pub(super) fn suits<I: Isa>(needle: &[u8]) -> bool {
    needle.len() <= lanes::<I>()
}

/// Lists the masks of the starts from `lo` on at which the needle's byte stands as often as the needle has it.
///
/// # Safety
///
/// From `lo` on, `size` bytes and those of one mask more exist; `size` is as for [`Masks::fill`].
#[inline(always)]
pub(super) unsafe fn fill<I: Isa>(
    masks: &mut Masks,
    isa: I,
    Subject { haystack, needle }: Subject<'_>,
    lo: usize,
    size: usize,
) {
    trace(Path::Same);
    let mut together = Together {
        from: haystack.as_ptr().wrapping_add(lo),
        want: isa.splat(needle[0]),
        len: needle.len(),
        next: 0,
    };
    // SAFETY: passed on to the caller.
    together.next = unsafe { together.bytes(isa, 0) };
    // SAFETY: the same.
    unsafe { masks.fill(isa, together.from, size, together) };
}

/// The starts of `len` bytes together.
struct Together<I: Isa> {
    from: *const u8,
    want: I::Vector,
    len: usize,
    /// The bytes at the starts of the mask that comes next.
    next: u64,
}

impl<I: Isa> Together<I> {
    /// Where the byte is.
    ///
    /// # Safety
    ///
    /// So many bytes as a mask has starts exist from `place` on.
    #[inline(always)]
    unsafe fn bytes(&self, isa: I, place: usize) -> u64 {
        // SAFETY: passed on to the caller.
        unsafe { agreeing(isa, &[self.from], &[self.want], place) }
    }
}

impl<I: Isa> Source<I> for Together<I> {
    #[inline(always)]
    unsafe fn mask(&mut self, isa: I, place: usize) -> u64 {
        let bytes = self.next;
        // SAFETY: passed on to the caller, of whom one mask more was asked.
        self.next = unsafe { self.bytes(isa, place + lanes::<I>()) };
        together::<I>(bytes, self.next, self.len)
    }
}

/// Notes those starts, of a needle of `len` bytes, that do not overlap the match before, until `hits` has enough.
#[inline(always)]
pub(super) fn choose<I: Isa>(
    masks: &Masks,
    isa: I,
    lo: usize,
    len: usize,
    free: &mut usize,
    hits: &mut Hits<'_>,
) {
    for at in 0..masks.len() {
        let (place, mut mask) = masks.at(isa, at);
        let first = lo + place;
        if *free > first {
            mask = behind::<I>(mask, *free - first);
        }
        if mask == 0 {
            continue;
        }
        mask = one_behind_the_other::<I>(mask, len);
        let lane = |bit: u32| bit as usize >> I::LANE_BITS;
        *free = first + lane(mask.ilog2()) + len;
        if hits.limit - hits.count > 64 {
            hits.scatter::<I, Forward, FEW>(isa, first, mask);
            continue;
        }
        while mask != 0 {
            if hits.record(first + lane(mask.trailing_zeros())) {
                return;
            }
            mask &= mask - 1;
        }
    }
}

/// The starts of `len` bytes together, given the `mask` of bytes and that of the `next` ones.
#[inline(always)]
fn together<I: Isa>(mask: u64, next: u64, len: usize) -> u64 {
    let (mut starts, mut behind) = (mask, next);
    // As many as are known to be together.
    let mut known = 1;
    while known < len {
        let more = known.min(len - known);
        let by = more << I::LANE_BITS;
        // The lowest of those behind come in from above.
        starts &= starts >> by | behind << (64 - by);
        behind &= behind >> by;
        known += more;
    }
    starts
}

/// Of the starts in a mask, those of matches: the first of each run, and then each that is `len` behind another. All
/// runs at once: one ends more than `len` before the next.
#[inline(always)]
fn one_behind_the_other<I: Isa>(starts: u64, len: usize) -> u64 {
    let mut chosen = starts & !(starts << (1 << I::LANE_BITS));
    // The starts that are behind others by one length; then by one and two; then by one to four.
    let (mut follow, mut step) = (starts, len << I::LANE_BITS);
    while step < 64 && follow != 0 {
        chosen |= (chosen << step) & follow;
        follow &= follow << step;
        step *= 2;
    }
    chosen
}

/// The starts of a mask without the first `taken`. A call, and seldom one: as an instruction among the others it would
/// make each mask wait for the one before it.
#[cold]
#[inline(never)]
fn behind<I: Isa>(starts: u64, taken: usize) -> u64 {
    if taken < lanes::<I>() {
        starts & u64::MAX << (taken << I::LANE_BITS)
    } else {
        0
    }
}
