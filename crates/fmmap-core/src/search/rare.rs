//! Scanning for one byte of the needle, when the haystack seems to lack it.
//!
//! The kernel loads every byte of the haystack once for each probe. Where memory is the limit that
//! costs a tenth over a scan for one byte, which loads it once and runs at the speed of memory. So
//! when the first few KiB do not have one of the needle's bytes, that byte is all there is to look
//! for. When it turns up too often after all, the kernel takes over.

use super::bulk::Hits;
use super::compare::first_difference;
use super::direction::{Direction, Window};
use super::pair::{Meter, Outcome, Subject};

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
        let Some(at) = D::memchr(byte, region) else {
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
