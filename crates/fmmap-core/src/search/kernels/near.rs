//! The kernel for haystacks in the processor's caches: tiny ones, the first KiB of any, and those of up to a megabyte.
//!
//! The kernel of `pair` needs several steps between two blocks with candidates: it makes four masks, goes through them,
//! and looks at further probes one after the other. Each step has a branch that the processor mispredicts. In a
//! haystack of megabytes that does not matter; in one of a few hundred bytes it is most of the time. This kernel
//! compares two or three bytes of the needle at every start, chooses the first vector with candidates without a branch,
//! and compares a candidate in full at once.
//!
//! After the first false alarm it works with a filter: at all starts of a block that has candidates it compares three
//! further bytes, one of them where that candidate failed. The filter costs as much as the first three probes, has no
//! branch to mispredict, and saves the comparisons. When more than a quarter of the starts need it, other probes are
//! better, and the kernel ends with [`Outcome::Crowded`].
//!
//! Larger haystacks come from memory, and are searched by `pair`: there a mispredicted branch also stops the loads that
//! were under way. docs/design.md has the figures.
//!
//! O(n) for the scan, and O(m) for each candidate, whose number the meter limits.

use super::pair::{compare, eager, one_by_one, to_line};
use crate::search::lanes::{Aim, Direction, Isa, Outcome, Probes, Task, Undecided, Window};

/// Searches the window with `U` probes. With `WARY`, further probes rule candidates out after the first false alarm.
/// Tiny searches go without `WARY`, because the room for these probes on the stack slows them down.
///
/// # Panics
///
/// If there are fewer starts than lanes, or if the window is not within them.
#[inline(always)]
pub(crate) fn scan<I: Isa, D: Direction, const U: usize, const WARY: bool>(
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
    let starts = (subject.haystack.len() + 1).saturating_sub(subject.needle.len());
    assert!(starts >= I::LANES && window.hi <= starts && U >= 1);
    let aim = probes.aim::<I, U>(isa, subject);
    let mut left = *window;
    let mut filter = Filter {
        more: None,
        undecided: meter.undecided,
        whole: meter.whole(),
    };
    let outcome = loop {
        // SAFETY: the window lies in the starts, and each probe in the needle, see above.
        let next =
            unsafe { candidates::<I, D, U, WARY>(isa, &aim, starts, &mut left, &mut filter) };
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
    meter.undecided = filter.undecided;
    outcome
}

/// The probes that rule candidates out.
const MORE: usize = 3;

/// The filter that rules candidates out, one block at a time.
struct Filter<I: Isa> {
    /// Its probes, aimed: none before the first false alarm.
    more: Option<Aim<I, MORE>>,
    /// Counts the starts at which the filter was needed; `whole` is how many there were to search.
    undecided: Undecided,
    whole: usize,
}

/// Scans to the next vector that has candidates. Returns where it begins, and its mask. The mask is 0 when the filter
/// was needed too often, so that another kernel is faster.
///
/// # Safety
///
/// As for `candidates` of `pair`.
#[inline(always)]
unsafe fn candidates<I: Isa, D: Direction, const U: usize, const WARY: bool>(
    isa: I,
    aim: &Aim<I, U>,
    starts: usize,
    left: &mut Window,
    filter: &mut Filter<I>,
) -> Option<(usize, u64)> {
    // Where candidates are many, such a step would end at one of them again and again.
    if WARY
        && filter.more.is_none()
        // SAFETY: passed on to the caller.
        && let Some(found) = unsafe { to_line::<I, D, U>(isa, aim, left) }
    {
        return Some(found);
    }
    while left.len() >= 4 * I::LANES {
        let block = D::block(*left, 4 * I::LANES);
        // Nothing tiny is farther than the nearest cache.
        if WARY {
            isa.prefetch::<D>(aim.from[0].wrapping_add(block), 4 * I::LANES);
        }
        let at = [0, 1, 2, 3].map(|i| block + D::nth(i, 4) * I::LANES);
        // SAFETY: these four vectors lie in the window.
        let mut e0 = unsafe { eager(isa, aim, at[0]) };
        // SAFETY: as above.
        let mut e1 = unsafe { eager(isa, aim, at[1]) };
        // SAFETY: as above.
        let mut e2 = unsafe { eager(isa, aim, at[2]) };
        // SAFETY: as above.
        let mut e3 = unsafe { eager(isa, aim, at[3]) };
        let mut any = isa.any(isa.or(isa.or(e0, e1), isa.or(e2, e3)));
        if any {
            if let Some(more) = &filter.more {
                let scanned = filter.whole - left.len();
                if filter.undecided.add(4 * I::LANES, scanned) {
                    return Some((block, 0));
                }
                // SAFETY: as above.
                e0 = isa.and(e0, unsafe { eager(isa, more, at[0]) });
                // SAFETY: as above.
                e1 = isa.and(e1, unsafe { eager(isa, more, at[1]) });
                // SAFETY: as above.
                e2 = isa.and(e2, unsafe { eager(isa, more, at[2]) });
                // SAFETY: as above.
                e3 = isa.and(e3, unsafe { eager(isa, more, at[3]) });
                any = isa.any(isa.or(isa.or(e0, e1), isa.or(e2, e3)));
            }
            if any {
                // Chosen without a branch, since the processor could not predict it.
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
    unsafe { one_by_one::<I, D, U>(isa, aim, starts, left) }
}
