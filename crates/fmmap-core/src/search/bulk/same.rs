//! Needles that repeat one byte, as an indentation or zeros do. All matches in a mask are found at once.
//!
//! A mask says where the byte stands. Shift the mask by one lane and AND it with itself: the bits of two in a row
//! remain. Shift the result by two: the bits of four in a row remain, and so on, up to the needle's length. In a run
//! of such starts the first is a match, and so is each start that lies the needle's length behind a match. These are
//! found by the same doubling. No bytes are compared, and no branch depends on the length of the runs.
//!
//! O(n log m) operations on masks, of 64 starts each (16 on NEON).

use crate::search::kernels::masks::{FEW, Masks, Source, agreeing, lanes};
use crate::search::lanes::{Aim, Forward, Hits, Isa, Path, Subject, trace};

/// Whether a needle that repeats one byte is short enough: a match must not reach beyond the next mask.
#[inline(always)]
pub(crate) fn suits<I: Isa>(needle: &[u8]) -> bool {
    needle.len() <= lanes::<I>()
}

/// Lists the masks of the starts from `lo` on at which the needle's byte is repeated as often as in the needle.
///
/// # Safety
///
/// From `lo` on, `size` bytes and those of one mask more exist; `size` is as for [`Masks::fill`].
#[inline(always)]
pub(crate) unsafe fn fill<I: Isa>(
    masks: &mut Masks,
    isa: I,
    Subject { haystack, needle }: Subject<'_>,
    lo: usize,
    size: usize,
) {
    trace(Path::Same);
    let mut runs = Runs {
        byte: Aim {
            from: [haystack.as_ptr().wrapping_add(lo)],
            want: [isa.splat(needle[0])],
        },
        len: needle.len(),
        next: 0,
    };
    // SAFETY: passed on to the caller.
    runs.next = unsafe { runs.bytes(isa, 0) };
    // SAFETY: the same.
    unsafe { masks.fill(isa, runs.byte.from[0], size, runs) };
}

/// The starts of runs of `len` equal bytes.
struct Runs<I: Isa> {
    byte: Aim<I, 1>,
    len: usize,
    /// The bytes at the starts of the mask that comes next.
    next: u64,
}

impl<I: Isa> Runs<I> {
    /// Where the byte is.
    ///
    /// # Safety
    ///
    /// So many bytes as a mask has starts exist from `place` on.
    #[inline(always)]
    unsafe fn bytes(&self, isa: I, place: usize) -> u64 {
        // SAFETY: passed on to the caller.
        unsafe { agreeing(isa, &self.byte, place) }
    }
}

impl<I: Isa> Source<I> for Runs<I> {
    #[inline(always)]
    unsafe fn mask(&mut self, isa: I, place: usize) -> u64 {
        let bytes = self.next;
        // SAFETY: passed on to the caller, of whom one mask more was asked.
        self.next = unsafe { self.bytes(isa, place + lanes::<I>()) };
        run_starts::<I>(bytes, self.next, self.len)
    }
}

/// Notes those starts, of a needle of `len` bytes, that do not overlap the match before, until `hits` has enough.
#[inline(always)]
pub(crate) fn choose<I: Isa>(
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
            mask = without_first::<I>(mask, *free - first);
        }
        if mask == 0 {
            continue;
        }
        mask = without_overlaps::<I>(mask, len);
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

/// The starts of runs of `len` bytes, given the `mask` of bytes and that of the `next` ones.
#[inline(always)]
fn run_starts<I: Isa>(mask: u64, next: u64, len: usize) -> u64 {
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
fn without_overlaps<I: Isa>(starts: u64, len: usize) -> u64 {
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

/// The starts of a mask without the first `taken`. Not inlined, since it is seldom called: computed for every mask, it
/// would make each mask wait for the one before it.
#[cold]
#[inline(never)]
fn without_first<I: Isa>(starts: u64, taken: usize) -> u64 {
    if taken < lanes::<I>() {
        starts & u64::MAX << (taken << I::LANE_BITS)
    } else {
        0
    }
}
