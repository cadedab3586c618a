//! What the caches hold: the first KiB of any haystack, and one of up to a megabyte.
//!
//! The kernel of `pair` makes the masks of four vectors, goes through them and looks at further probes one by one:
//! 20 ns, and as many branches that can't be foreseen, which is nothing in a haystack of megabytes and most of the
//! time in one of a few hundred bytes. Here two or three bytes of the needle are compared at every start, the first
//! vector with candidates is chosen without a branch, and a candidate is compared at once.
//!
//! In more than a few hundred bytes, a candidate that was none is a warning: from then on three further bytes, one of
//! them where that candidate failed, are compared at all starts of a block that has candidates. It costs what the
//! first three do, has no branch that can't be foreseen, and spares comparing: 4 KiB of DNA are searched in 200 ns
//! instead of 410, and a word in 256 KiB of UTF-16 at 57 GB/s instead of 38. Where more than a quarter of the starts
//! needs it, other probes are better: [`Outcome::Crowded`]. From memory such blocks cost more, as each that was not
//! foreseen stops the loads ahead of it (a time stamp in 128 MiB of log text: 11.6 GB/s instead of 14): what is
//! larger is `pair`'s.
//!
//! O(n) for the scan, and O(m) a candidate, whose number the meter limits.

use super::direction::{Direction, Window};
use super::hits::Hits;
use super::meter::{Doubts, Meter, Outcome};
use super::pair::{compare, eager, one_by_one, to_line};
use super::probes::{Probes, Subject};
use super::vector::Isa;

/// Searches the window with `U` probes; with `WARY`, further ones rule candidates out once there was a false alarm. (A
/// place for them costs a tiny search a tenth of its time.)
///
/// # Panics
///
/// If there are fewer starts than lanes, or if the window is not within them.
#[inline(always)]
pub(super) fn scan<I: Isa, D: Direction, const U: usize, const WARY: bool>(
    isa: I,
    subject: Subject<'_>,
    probes: &Probes,
    window: &mut Window,
    meter: &mut Meter,
    hits: &mut Hits<'_>,
) -> Outcome {
    let starts = (subject.haystack.len() + 1).saturating_sub(subject.needle.len());
    assert!(starts >= I::LANES && window.hi <= starts && U >= 1);
    let (from, want) = probes.aim::<I, U>(isa, subject);
    let mut left = *window;
    let mut filter = Filter {
        more: None,
        doubts: meter.doubts,
        whole: meter.whole(),
    };
    let outcome = loop {
        // SAFETY: the window lies in the starts, and each probe in the needle, see above.
        let next = unsafe {
            candidates::<I, D, U, WARY>(isa, &from, &want, starts, &mut left, &mut filter)
        };
        let Some((block, mask)) = next else {
            break Outcome::Done;
        };
        if mask == 0 {
            break Outcome::Crowded;
        }
        let Some(matched) = compare::<I, D>(subject, block, mask, &mut left, meter, hits) else {
            break Outcome::Enough;
        };
        D::pass_within(&mut left, block, I::LANES);
        if matched {
            continue;
        }
        if let Some(outcome) = meter.alarm(left) {
            break outcome;
        }
        if WARY && filter.more.is_none() {
            let between = Probes::between(subject.needle, meter.missed[0]);
            filter.more = Some(between.aim::<I, MORE>(isa, subject));
        }
    };
    *window = left;
    meter.doubts = filter.doubts;
    outcome
}

/// The probes that rule candidates out.
const MORE: usize = 3;

/// What rules candidates out, a block at a time.
struct Filter<I: Isa> {
    /// Its probes, aimed: none before the first false alarm.
    more: Option<([*const u8; MORE], [I::Vector; MORE])>,
    /// Where it was needed, and the starts that there were to search.
    doubts: Doubts,
    whole: usize,
}

/// Goes on to the next vector that has candidates: where it begins, and which. None of them, when the filter was needed
/// too often: then another way is better.
///
/// # Safety
///
/// As for `candidates` of `pair`.
#[inline(always)]
unsafe fn candidates<I: Isa, D: Direction, const U: usize, const ALIGNED: bool>(
    isa: I,
    from: &[*const u8; U],
    want: &[I::Vector; U],
    starts: usize,
    left: &mut Window,
    filter: &mut Filter<I>,
) -> Option<(usize, u64)> {
    // Where candidates are many, such a step would end at one of them again and again.
    if ALIGNED
        && filter.more.is_none()
        // SAFETY: passed on to the caller.
        && let Some(found) = unsafe { to_line::<I, D, U>(isa, from, want, left) }
    {
        return Some(found);
    }
    while left.len() >= 4 * I::LANES {
        let block = D::block(*left, 4 * I::LANES);
        isa.prefetch::<D>(from[0].wrapping_add(block), 4 * I::LANES);
        let at = [0, 1, 2, 3].map(|i| block + D::nth(i, 4) * I::LANES);
        // SAFETY: these four vectors lie in the window.
        let mut e0 = unsafe { eager(isa, from, want, at[0]) };
        // SAFETY: as above.
        let mut e1 = unsafe { eager(isa, from, want, at[1]) };
        // SAFETY: as above.
        let mut e2 = unsafe { eager(isa, from, want, at[2]) };
        // SAFETY: as above.
        let mut e3 = unsafe { eager(isa, from, want, at[3]) };
        let mut any = isa.any(isa.or(isa.or(e0, e1), isa.or(e2, e3)));
        if any {
            if let Some((from, want)) = filter.more {
                let scanned = filter.whole - left.len();
                if filter.doubts.add(4 * I::LANES, scanned) {
                    return Some((block, 0));
                }
                // SAFETY: as above.
                e0 = isa.and(e0, unsafe { eager(isa, &from, &want, at[0]) });
                // SAFETY: as above.
                e1 = isa.and(e1, unsafe { eager(isa, &from, &want, at[1]) });
                // SAFETY: as above.
                e2 = isa.and(e2, unsafe { eager(isa, &from, &want, at[2]) });
                // SAFETY: as above.
                e3 = isa.and(e3, unsafe { eager(isa, &from, &want, at[3]) });
                any = isa.any(isa.or(isa.or(e0, e1), isa.or(e2, e3)));
            }
            if any {
                // No branch: which of them it is can't be foreseen either.
                let mut found = (at[3], isa.mask(e3));
                for (at, lanes) in [(at[2], e2), (at[1], e1), (at[0], e0)] {
                    let mask = isa.mask(lanes);
                    found = if mask == 0 { found } else { (at, mask) };
                }
                return Some(found);
            }
        }
        D::pass(left, block, 4 * I::LANES);
    }
    // SAFETY: passed on to the caller.
    unsafe { one_by_one::<I, D, U>(isa, from, want, starts, left) }
}
