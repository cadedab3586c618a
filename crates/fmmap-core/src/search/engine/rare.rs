//! Scanning for one byte of the needle, when the haystack seems to lack it.
//!
//! The kernel loads every byte of the haystack once for each probe. A scan for one byte loads each
//! only once, and is faster where memory is the limit. So if one of the needle's bytes does not occur
//! in the first few KiB, the engine scans for that byte alone. If the byte occurs too often later,
//! the kernel takes over.

use crate::search::kernels::{self, Level, Policy};
use crate::search::lanes::{
    Direction, Hits, Meter, Outcome, Probes, Subject, Task, Window, first_difference,
};

/// The first occurrence of one byte, by memchr's scan, which is as fast as memory. Where prefetching makes memory
/// faster, our kernel is used.
#[inline]
pub(crate) fn byte<D: Direction>(byte: u8, haystack: &[u8]) -> Option<usize> {
    let policy = &Policy::DEFAULT;
    if haystack.len() > policy.wide {
        let level = Level::detect().within(policy, haystack);
        if level.asks_ahead() {
            return far_byte::<D>(level, policy, byte, haystack);
        }
    }
    D::memchr(byte, haystack)
}

/// Scans the beginning with memchr, as most matches are found there, and the rest by the kernel with one probe.
#[inline(never)]
pub(crate) fn far_byte<D: Direction>(
    level: Level,
    policy: &Policy,
    byte: u8,
    haystack: &[u8],
) -> Option<usize> {
    let mut window = Window {
        lo: 0,
        hi: haystack.len(),
    };
    let near = D::stretch(window, policy.near);
    if let Some(at) = D::memchr(byte, &haystack[near.lo..near.hi]) {
        return Some(near.lo + at);
    }
    D::pass(&mut window, near.lo, near.len());
    if window.len() == 0 {
        return None;
    }
    let needle = &[byte];
    let subject = Subject { haystack, needle };
    let probes = Probes::new(needle, &[0], 1);
    let mut hits = Hits::first();
    let mut task = Task {
        subject,
        window,
        meter: Meter::new(window, usize::MAX, usize::MAX),
        hits: &mut hits,
    };
    kernels::run::<D, { kernels::FAR }>(level, policy, &probes, &mut task);
    hits.found()
}

/// Searches the window for the byte at `position` of the needle, and compares around each.
///
/// O(n) as long as the byte is rare; [`Outcome::Crowded`] when it isn't, and
/// [`Outcome::Overworked`] when the comparisons cost more than the scan.
pub(crate) fn scan<D: Direction>(position: usize, task: &mut Task<'_, '_, '_>) -> Outcome {
    let Task {
        subject: Subject { haystack, needle },
        window,
        meter,
        hits,
    } = task;
    let byte = needle[position];
    let mut met = 0;
    while window.len() > 0 {
        let region = &haystack[window.lo + position..window.hi + position];
        let Some(at) = self::byte::<D>(byte, region) else {
            if D::FORWARD {
                window.lo = window.hi;
            } else {
                window.hi = window.lo;
            }
            break;
        };
        let start = window.lo + at;
        // True, unless another process has changed the bytes during the scan.
        let Some(here) = haystack.get(start..start + needle.len()) else {
            return Outcome::Crowded;
        };
        let index = first_difference(here, needle);
        if index == needle.len() {
            D::accept(window, start, needle.len());
            if hits.record(start) {
                return Outcome::Enough;
            }
        } else {
            D::reject(window, start);
            meter.miss(index);
            if meter.overworked(*window) {
                return Outcome::Overworked;
            }
        }
        met += 1;
        if met > 8 + meter.scanned(*window) / 16_384 {
            return Outcome::Crowded;
        }
    }
    Outcome::Done
}
