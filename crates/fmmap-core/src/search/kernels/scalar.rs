//! The search without vectors, for fewer starts than a vector has lanes.
//!
//! On a machine with vectors these are at most 15 starts. Comparing the first byte, the last and
//! then the rest at each of them takes less time than setting up a finder.

use crate::search::lanes::{Direction, Hits, Outcome, Subject, Window};

/// The number of lanes of the narrowest vectors. With fewer starts, no kernel can load a vector.
pub(crate) const FEWEST_LANES: usize = 16;

/// Searches the window start by start: O(n m), where n is small.
#[inline(always)]
pub(crate) fn scan<D: Direction>(
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
