//! Two-Way: the search that no input can slow down.
//!
//! Crochemore and Perrin's algorithm, in the memchr crate's form: O(n + m) time and O(1) space for
//! every needle and haystack, and no faster than about 1 GB/s where nothing can be skipped. It is
//! where the search goes when the kernel's comparisons have cost more than its loads, and only for
//! a stretch: the next megabyte may be quite different.

use super::direction::{Direction, Window};
use super::hits::Hits;
use super::meter::Outcome;
use super::probes::Subject;
use memchr::memmem::{Finder, FinderRev};

/// Searches the whole window.
pub(super) fn scan<D: Direction>(
    subject: Subject<'_>,
    window: &mut Window,
    hits: &mut Hits<'_>,
) -> Outcome {
    let Subject { haystack, needle } = subject;
    let forward = D::FORWARD.then(|| Finder::new(needle));
    let reverse = (!D::FORWARD).then(|| FinderRev::new(needle));
    while window.len() > 0 {
        let region = &haystack[window.lo..window.hi + needle.len() - 1];
        let found = match (&forward, &reverse) {
            (Some(finder), _) => finder.find(region),
            (_, Some(finder)) => finder.rfind(region),
            _ => None,
        };
        let Some(at) = found else { break };
        let start = window.lo + at;
        D::accept(window, start, needle.len());
        if hits.record(start) {
            return Outcome::Enough;
        }
    }
    // Matches that overlap the window's end were not excluded by any start outside of it.
    if D::FORWARD {
        window.lo = window.lo.max(window.hi);
    } else {
        window.hi = window.hi.min(window.lo);
    }
    Outcome::Done
}
