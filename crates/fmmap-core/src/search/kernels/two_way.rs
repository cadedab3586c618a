//! Two-Way: a search that is linear for every input.
//!
//! Crochemore and Perrin's algorithm, in the memchr crate's form: O(n + m) time and O(1) space for
//! every needle and haystack, but byte by byte where nothing can be skipped. The engine uses it when
//! the kernel's comparisons have cost more than its loads, and only for a stretch: the bytes behind it
//! may suit the kernel again.

use crate::search::lanes::{Direction, Hits, Outcome, Subject, Window};
use memchr::memmem::{Finder, FinderRev};

/// Searches the whole window.
pub(crate) fn scan<D: Direction>(
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
    // The last match may reach past the window's end. The starts that it overlaps there stay excluded.
    if D::FORWARD {
        window.lo = window.lo.max(window.hi);
    } else {
        window.hi = window.hi.min(window.lo);
    }
    Outcome::Done
}
