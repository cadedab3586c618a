//! Matches by the million: every byte of a short needle is compared at every start.
//!
//! The kernel of `pair` compares two bytes, and then looks at each candidate: a branch that can't be
//! foreseen, and 10 to 25 ns, for each match. Where matches are dense it is cheaper to compare all bytes of
//! the needle at all starts, so that a block's mask has a bit for each match and for nothing else. Counting
//! them is one instruction then, without a branch.
//!
//! Occurrences may overlap, of which the first counts: a mask in which two do is thinned, and what reaches into
//! the next mask is taken out of that. For needles of 2 to 8 bytes: O(n m) loads of whole vectors, so O(n).

use super::bulk::Hits;
use super::direction::{Forward, Window};
use super::engine::Level;
use super::pair::Subject;
use super::trace::{Path, trace};
use super::vector::Isa;

/// The longest needle.
const LONGEST: usize = 8;

/// Starts a block.
const BLOCK: usize = 128;

/// Starts that are searched before the density is looked at again.
pub(super) const STRETCH: usize = 32 << 10;

/// Whether the needle is one of those that this is for.
pub(super) fn suits(needle: &[u8]) -> bool {
    (2..=LONGEST).contains(&needle.len())
}

/// Whether so many matches among so many starts are worth it: one for each KiB.
pub(super) fn pays(matches: usize, starts: usize) -> bool {
    matches >= starts / 1024
}

/// Searches whole blocks from the front of the window while it has more than one, `hits` has room for all
/// that a block can have, and the matches are dense. The last starts are always left, so that the last
/// match, which [`Hits::found`] tells, need not be noted: it ends before them.
pub(super) fn scan(level: Level, subject: Subject<'_>, window: &mut Window, hits: &mut Hits<'_>) {
    match level {
        #[cfg(target_arch = "x86_64")]
        Level::Avx512(avx512) if counts_bits() && hits.takes_offsets() => {
            // SAFETY: `avx512` exists, and the others were looked for.
            unsafe { with_avx512(avx512, subject, window, hits) }
        }
        // Where nothing is noted the loads are all: of 64 bytes, nearly each crosses a line of the cache.
        #[cfg(target_arch = "x86_64")]
        Level::Avx512(avx512) if counts_bits() => {
            // SAFETY: `avx512` exists, and with it AVX2; the others were looked for.
            unsafe { with_avx2(avx512.narrow(), subject, window, hits) }
        }
        #[cfg(target_arch = "x86_64")]
        Level::Avx2(avx2) if counts_bits() => {
            // SAFETY: `avx2` exists, and the others were looked for.
            unsafe { with_avx2(avx2, subject, window, hits) }
        }
        #[cfg(target_arch = "aarch64")]
        Level::Neon(neon) => by_length(neon, subject, window, hits),
        _ => {}
    }
}

#[cfg(target_arch = "x86_64")]
fn counts_bits() -> bool {
    std::arch::is_x86_feature_detected!("popcnt") && std::arch::is_x86_feature_detected!("bmi1")
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bw,popcnt,bmi1")]
fn with_avx512(
    avx512: super::vector::Avx512,
    subject: Subject<'_>,
    window: &mut Window,
    hits: &mut Hits<'_>,
) {
    by_length(avx512, subject, window, hits);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,popcnt,bmi1")]
fn with_avx2(
    avx2: super::vector::Avx2,
    subject: Subject<'_>,
    window: &mut Window,
    hits: &mut Hits<'_>,
) {
    by_length(avx2, subject, window, hits);
}

/// The kernel for the length of the needle.
#[inline(always)]
#[allow(
    dead_code,
    reason = "on processors without vectors nobody instantiates it"
)]
fn by_length<I: Isa>(isa: I, subject: Subject<'_>, window: &mut Window, hits: &mut Hits<'_>) {
    trace(Path::Exact);
    match subject.needle.len() {
        2 => blocks::<I, 2>(isa, subject, window, hits),
        3 => blocks::<I, 3>(isa, subject, window, hits),
        4 => blocks::<I, 4>(isa, subject, window, hits),
        5 => blocks::<I, 5>(isa, subject, window, hits),
        6 => blocks::<I, 6>(isa, subject, window, hits),
        7 => blocks::<I, 7>(isa, subject, window, hits),
        8 => blocks::<I, 8>(isa, subject, window, hits),
        _ => {}
    }
}

#[inline(always)]
fn blocks<I: Isa, const M: usize>(
    isa: I,
    Subject { haystack, needle }: Subject<'_>,
    window: &mut Window,
    hits: &mut Hits<'_>,
) {
    let starts = (haystack.len() + 1).saturating_sub(M);
    assert!(window.hi <= starts && needle.len() == M);
    let want: [I::Vector; M] = std::array::from_fn(|k| isa.splat(needle[k]));
    let origin = haystack.as_ptr();
    let bits = I::LANES << I::LANE_BITS;
    let shared = 64 / bits;
    let mut left = *window;
    let mut due = left.lo.saturating_add(STRETCH);
    let mut before = hits.count;
    // What overlaps the last match begins before this.
    let mut free = left.lo;
    let overlaps = (1..M).any(|period| needle[period..] == needle[..M - period]);
    while left.len() > BLOCK + LONGEST && hits.limit - hits.count >= BLOCK {
        if left.lo >= due {
            if !pays(hits.count - before, STRETCH) {
                break;
            }
            due = left.lo.saturating_add(STRETCH);
            before = hits.count;
        }
        let mut at = left.lo;
        for _ in 0..BLOCK / (I::LANES * shared) {
            let mut mask = 0;
            for i in 0..shared {
                let here = origin.wrapping_add(at + i * I::LANES);
                // SAFETY: these starts lie in the window, so in the starts, and a byte of the needle is less
                // than `M` behind its start.
                let bytes = unsafe { isa.load(here) };
                let mut agree = isa.equal(bytes, want[0]);
                for (k, want) in want.iter().enumerate().skip(1) {
                    // SAFETY: as above.
                    let bytes = unsafe { isa.load(here.wrapping_add(k)) };
                    agree = isa.and(agree, isa.equal(bytes, *want));
                }
                mask |= isa.mask(agree) << (i * bits);
            }
            if overlaps {
                mask = thinned::<I, M>(mask, at, &mut free);
            }
            hits.scatter::<I, Forward, 2>(at, mask);
            at += shared * I::LANES;
        }
        left.lo = at;
    }
    left.lo = left.lo.max(free);
    *window = left;
}

/// The occurrences of a mask for the starts from `at` on without those that overlap one before them, of which
/// the last ends at `free`.
#[inline(always)]
fn thinned<I: Isa, const M: usize>(mask: u64, at: usize, free: &mut usize) -> u64 {
    let bits = |lanes: usize| u32::try_from(lanes << I::LANE_BITS).unwrap_or(u32::MAX);
    let mut mask = mask & u64::MAX.unbounded_shl(bits(free.saturating_sub(at)));
    // Every start that is less than `M` behind another.
    let mut behind = mask.unbounded_shl(bits(1));
    let mut reach = 1;
    while reach < M - 1 {
        let step = reach.min(M - 1 - reach);
        behind |= behind.unbounded_shl(bits(step));
        reach += step;
    }
    if mask & behind != 0 {
        let mut rest = mask;
        mask = 0;
        while rest != 0 {
            let first = rest.trailing_zeros();
            mask |= 1 << first;
            rest &= u64::MAX.unbounded_shl(first + bits(M));
        }
    }
    // Without a branch, as whether a mask has any can't be foreseen.
    let last = (mask | 1).ilog2() >> I::LANE_BITS;
    *free = (*free).max((at + last as usize + M) * usize::from(mask != 0));
    mask
}
