//! The kernel: compare a few bytes of the needle with many starts at once.
//!
//! A needle of `m` bytes can begin at any of `n - m + 1` starts. Choose a few positions in the
//! needle, the *probes*. For a block of 32 starts (64 with AVX-512, 16 without AVX2) and one probe, one vector load
//! at `block + probe` and one comparison tell at which of the starts the haystack has the right
//! byte there. The `and` over the probes leaves the *candidates*, and each is compared in full.
//! Two probes of rare bytes leave almost none in most haystacks: the algorithm that Wojciech Muła
//! described as "generic SIMD", and that the memchr crate calls "packed pair". Here the number of
//! probes is a parameter: one is a scan for a byte, two the usual, three to twelve the dense form for
//! haystacks of few different bytes, in which any pair is frequent (see `dense`).
//!
//! ```text
//! needle  "jumps", probes 0 'j' and 3 'p'
//! start     0         1         2         3
//!           0123456789012345678901234567890
//! haystack  the quick brown fox jumps over the lazy dog
//! [+0]=='j' 0000000000000000000010000000000
//! [+3]=='p' 0000000000000000000010000000000
//! and       0000000000000000000010000000000   one candidate, start 20
//! ```
//!
//! # Inside the range
//!
//! A block of starts that lies within `0..n - m + 1` reads, for a probe `p < m`, at most up to
//! `n - m + p <= n - 1`: no load leaves the haystack, and there is no tail to copy. The last,
//! smaller block is moved back over starts that were searched already, and their mask bits ignored.
//! Fewer starts than a vector has lanes are `scalar`'s.
//!
//! # Cost
//!
//! O(n) loads, plus the cost of the candidates. The kernel counts that cost with its [`Meter`], and
//! stops when it exceeds the budget, so that the caller can choose other probes or another algorithm.
//! This keeps the whole search linear.

use crate::search::lanes::{
    Aim, Direction, Hits, Isa, Meter, Outcome, Probes, Subject, Task, Window, first_difference,
};

/// Searches the window with `U` eager probes.
///
/// Always inlined: its caller has the target feature of `isa`.
///
/// # Panics
///
/// If there are fewer starts than lanes, or if the window is not within them.
#[inline(always)]
pub(crate) fn scan<I: Isa, D: Direction, const U: usize>(
    isa: I,
    probes: &Probes,
    task: &mut Task<'_, '_, '_>,
) -> Outcome {
    let Task {
        subject,
        window,
        meter,
        hits,
    } = task;
    let subject = *subject;
    let Subject { haystack, needle } = subject;
    let starts = (haystack.len() + 1).saturating_sub(needle.len());
    assert!(starts >= I::LANES && window.hi <= starts && U >= 1);
    let aim = probes.aim::<I, U>(isa, subject);
    let origin = haystack.as_ptr();
    let lanes = I::LANES;
    let mut left = *window;
    let mut masks = [0_u64; 4];
    let short = needle.len() <= 16;

    loop {
        // SAFETY: the window lies in the starts, and each probe in the needle, see above.
        let found = unsafe { candidates::<I, D, U>(isa, &aim, starts, &mut left, &mut masks) };
        let Some((base, vectors)) = found else {
            *window = left;
            return Outcome::Done;
        };

        // As many vectors' masks as fit share a word: fewer branches where candidates are many.
        let bits = lanes << I::LANE_BITS;
        let shared = 64 / bits;
        let mut matched = false;
        for step in 0..4 / shared {
            let word = D::nth(step, 4 / shared) * shared;
            let mut mask = 0;
            for i in 0..shared {
                mask |= masks[word + i] << (i * bits);
            }
            for &at in probes.behind(U) {
                // With a short needle, a single candidate is compared at once, without further probes.
                let few = if short {
                    mask & mask.wrapping_sub(1)
                } else {
                    mask
                };
                if few == 0 {
                    break;
                }
                let mut agree = 0;
                for i in 0..shared {
                    if masks[word + i] != 0 {
                        let block = base + (word + i) * lanes;
                        // SAFETY: only searched blocks have masks, so `block + lanes <= starts`,
                        // and `at < needle.len()`: the last byte is at
                        // `starts - 1 + needle.len() - 1 = haystack.len() - 1` at most.
                        let bytes = unsafe { isa.load(origin.wrapping_add(block + at)) };
                        let equal = isa.equal(bytes, isa.splat(needle[at]));
                        agree |= isa.mask(equal) << (i * bits);
                    }
                }
                mask &= agree;
            }
            let first = base + word * lanes;
            let Some(found) = compare::<I, D>(subject, first, mask, &mut left, meter, hits) else {
                *window = left;
                return Outcome::Enough;
            };
            matched |= found;
        }
        D::pass_within(&mut left, base, vectors * lanes);
        if !matched && let Some(outcome) = meter.alarm(left) {
            *window = left;
            return outcome;
        }
    }
}

/// Compares the candidates of a mask, whose first lane is the start `first`: whether one is a match. `None` when `hits`
/// has enough.
#[inline(always)]
pub(crate) fn compare<I: Isa, D: Direction>(
    Subject { haystack, needle }: Subject<'_>,
    first: usize,
    mut mask: u64,
    left: &mut Window,
    meter: &mut Meter,
    hits: &mut Hits<'_>,
) -> Option<bool> {
    let mut matched = false;
    while mask != 0 {
        let start = first + (D::first(mask) >> I::LANE_BITS) as usize;
        mask = D::rest(mask);
        // Skips starts that were searched before or overlap a match. The check also keeps the index in
        // bounds: it depends on bytes that other processes may write.
        if start < left.lo || start >= left.hi {
            continue;
        }
        let Some(here) = haystack.get(start..start + needle.len()) else {
            continue;
        };
        let index = first_difference(here, needle);
        if index < needle.len() {
            meter.miss(index);
            continue;
        }
        matched = true;
        D::accept(left, start, needle.len());
        if hits.record(start) {
            return None;
        }
    }
    Some(matched)
}

/// Scans until a block has candidates. Returns where the block begins, and how many vectors have `masks`.
///
/// # Safety
///
/// The window lies in the `starts`, of which there are as many as lanes at least, and `aim` points
/// each probe, a position in the needle, from the haystack's beginning.
#[inline(always)]
unsafe fn candidates<I: Isa, D: Direction, const U: usize>(
    isa: I,
    aim: &Aim<I, U>,
    starts: usize,
    left: &mut Window,
    masks: &mut [u64; 4],
) -> Option<(usize, usize)> {
    let lanes = I::LANES;

    // SAFETY: passed on to the caller.
    if let Some((block, mask)) = unsafe { to_line::<I, D, U>(isa, aim, left) } {
        *masks = [mask, 0, 0, 0];
        return Some((block, 1));
    }
    // The hot loop: go on until a block has candidates.
    while left.len() >= 4 * lanes {
        let block = D::block(*left, 4 * lanes);
        isa.prefetch::<D>(aim.from[0].wrapping_add(block), 4 * lanes);
        // In order of the search, for the sake of the processor's prefetcher.
        let at = |i: usize| block + D::nth(i, 4) * lanes;
        // SAFETY: this block and the three after it lie in the window, so in the starts.
        let e0 = unsafe { eager(isa, aim, at(0)) };
        // SAFETY: as above.
        let e1 = unsafe { eager(isa, aim, at(1)) };
        // SAFETY: as above.
        let e2 = unsafe { eager(isa, aim, at(2)) };
        // SAFETY: as above.
        let e3 = unsafe { eager(isa, aim, at(3)) };
        if isa.any(isa.or(isa.or(e0, e1), isa.or(e2, e3))) {
            for (i, lanes) in [e0, e1, e2, e3].into_iter().enumerate() {
                masks[D::nth(i, 4)] = isa.mask(lanes);
            }
            return Some((block, 4));
        }
        D::pass(left, block, 4 * lanes);
    }
    // SAFETY: passed on to the caller.
    let (block, mask) = unsafe { one_by_one::<I, D, U>(isa, aim, starts, left) }?;
    *masks = [mask, 0, 0, 0];
    Some((block, 1))
}

/// Makes a first, shorter step in a large window, so that later loads of the first probe are aligned: a load that
/// crosses a cache line takes twice as long. Returns where the vector begins and its mask, if the mask has
/// candidates.
///
/// # Safety
///
/// As for [`candidates`].
#[inline(always)]
pub(crate) unsafe fn to_line<I: Isa, D: Direction, const U: usize>(
    isa: I,
    aim: &Aim<I, U>,
    left: &mut Window,
) -> Option<(usize, u64)> {
    let lanes = I::LANES;
    let step = if D::FORWARD {
        aim.from[0].addr().wrapping_add(left.lo).wrapping_neg() % lanes
    } else {
        aim.from[0].addr().wrapping_add(left.hi) % lanes
    };
    if step > 0 && left.len() > 4 * lanes {
        let block = D::block(*left, lanes);
        // SAFETY: the block lies in the window, so in the starts.
        let mask = isa.mask(unsafe { eager(isa, aim, block) });
        if mask != 0 {
            return Some((block, mask));
        }
        let block = D::block(*left, step);
        D::pass(left, block, step);
    }
    None
}

/// Scans vector by vector until one has candidates. Returns where it begins, and its mask.
///
/// # Safety
///
/// As for [`candidates`].
#[inline(always)]
pub(crate) unsafe fn one_by_one<I: Isa, D: Direction, const U: usize>(
    isa: I,
    aim: &Aim<I, U>,
    starts: usize,
    left: &mut Window,
) -> Option<(usize, u64)> {
    while left.len() > 0 {
        // A whole vector, or the last one, which is moved back over starts that were searched before.
        let block = if left.len() >= I::LANES {
            D::block(*left, I::LANES)
        } else {
            left.lo.min(starts - I::LANES)
        };
        // SAFETY: `block + lanes <= starts` either way.
        let mask = isa.mask(unsafe { eager(isa, aim, block) });
        if mask != 0 {
            return Some((block, mask));
        }
        D::pass_within(left, block, I::LANES);
    }
    None
}

/// The starts of `block..block + LANES` at which every eager probe agrees.
///
/// # Safety
///
/// `block + LANES` starts exist, and `aim` points each probe, a position in the needle, from the
/// haystack's beginning: so every byte that is loaded is one of the haystack's.
#[inline(always)]
pub(crate) unsafe fn eager<I: Isa, const U: usize>(
    isa: I,
    aim: &Aim<I, U>,
    block: usize,
) -> I::Lanes {
    // SAFETY: passed on to the caller.
    let bytes = unsafe { isa.load(aim.from[0].wrapping_add(block)) };
    let mut agree = isa.equal(bytes, aim.want[0]);
    for k in 1..U {
        // SAFETY: passed on to the caller.
        let bytes = unsafe { isa.load(aim.from[k].wrapping_add(block)) };
        agree = isa.and_equal(agree, bytes, aim.want[k]);
    }
    agree
}
