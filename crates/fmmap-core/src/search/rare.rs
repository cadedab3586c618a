//! Scanning for one byte of the needle, when the haystack seems to lack it.
//!
//! The kernel loads every byte of the haystack once for each probe. Where memory is the limit that
//! costs a tenth over a scan for one byte, which loads it once and runs at the speed of memory. So
//! when the first few KiB do not have one of the needle's bytes, that byte is all there is to look
//! for. When it turns up too often after all, the kernel takes over.

use super::compare::first_difference;
use super::direction::{Direction, Window};
use super::hits::Hits;
use super::kernel;
use super::level::{Level, Policy};
use super::meter::{Meter, Outcome};
use super::probes::{Probes, Subject};

/// The first occurrence of one byte: memchr's scan, which is as fast as memory, but where memory is faster when it is
/// asked for ahead.
#[inline]
pub(super) fn byte<D: Direction>(byte: u8, haystack: &[u8]) -> Option<usize> {
    let policy = &Policy::DEFAULT;
    if haystack.len() > policy.wide {
        let level = Level::detect().within(policy, haystack);
        if level.asks_ahead() {
            return far_byte::<D>(level, policy, byte, haystack);
        }
    }
    D::memchr(byte, haystack)
}

/// memchr's scan of what comes first, where most of what is found is found, and then the kernel with one probe.
#[inline(never)]
pub(super) fn far_byte<D: Direction>(
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
    let mut meter = Meter::new(window, usize::MAX, usize::MAX);
    kernel::run::<D, { kernel::FAR }>(
        level,
        policy,
        subject,
        &probes,
        &mut window,
        &mut meter,
        &mut hits,
    );
    hits.found()
}

/// Searches the window for the byte at `position` of the needle, and compares around each.
///
/// O(n) as long as the byte is rare; [`Outcome::Crowded`] when it isn't, and
/// [`Outcome::Overworked`] when the comparisons cost more than the scan.
pub(super) fn scan<D: Direction>(
    subject: Subject<'_>,
    position: usize,
    window: &mut Window,
    meter: &mut Meter,
    hits: &mut Hits<'_>,
) -> Outcome {
    let Subject { haystack, needle } = subject;
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
        // Always so, unless the bytes changed in the middle of the scan.
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
