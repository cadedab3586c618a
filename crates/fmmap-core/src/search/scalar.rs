//! The search by hand, for fewer starts than a vector has lanes.
//!
//! At most 15 starts on a machine with vectors: comparing the first and the last byte, then the
//! rest, is over before a finder is set up.

use super::direction::{Direction, Window};
use super::hits::Hits;
use super::meter::Outcome;
use super::probes::Subject;

/// Searches the window start by start: O(n m), n being small.
#[inline(always)]
pub(super) fn scan<D: Direction>(
    subject: Subject<'_>,
    window: &mut Window,
    hits: &mut Hits<'_>,
) -> Outcome {
    let Subject { haystack, needle } = subject;
    let last = needle.len() - 1;
    while window.len() > 0 {
        let start = D::block(*window, 1);
        if haystack[start] == needle[0]
            && haystack[start + last] == needle[last]
            && haystack[start..=start + last] == *needle
        {
            D::accept(window, start, needle.len());
            if hits.record(start) {
                return Outcome::Enough;
            }
        } else {
            D::reject(window, start);
        }
    }
    Outcome::Done
}
