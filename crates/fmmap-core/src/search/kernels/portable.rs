//! The search on processors for which there is no vector code here: the memchr crate's search, and
//! `rfind` built on it.
//!
//! memchr's forward search has vectors on more processors than ours (wasm among them) and a good
//! portable form elsewhere. Its reverse search has neither, and is many times slower. So the
//! reverse search goes through the haystack from the back in chunks, and runs the *forward* finder
//! over each. Only the chunk that has a match is then searched in reverse.

use super::two_way;
use crate::search::lanes::{Direction, Hits, Outcome, Subject, Window};
use memchr::memmem::{Finder, FinderRev};

/// The number of starts in a chunk, small enough that a second search of the chunk finds it in the
/// cache.
pub(crate) const CHUNK: usize = 256 << 10;

/// Searches the whole window. O(n + m), as memchr's finders.
pub(crate) fn scan<D: Direction>(
    subject: Subject<'_>,
    chunk: usize,
    window: &mut Window,
    hits: &mut Hits<'_>,
) -> Outcome {
    if D::FORWARD {
        return two_way::scan::<D>(subject, window, hits);
    }
    let Subject { haystack, needle } = subject;
    let forward = Finder::new(needle);
    let reverse = FinderRev::new(needle);
    // With chunks shorter than the needle, most bytes would be searched twice.
    let chunk = chunk.max(4 * needle.len());
    while window.len() > 0 {
        let part = D::stretch(*window, chunk);
        let region = |hi: usize| &haystack[part.lo..hi + needle.len() - 1];
        if forward.find(region(part.hi)).is_some() {
            let mut hi = part.hi;
            while hi > part.lo
                && let Some(at) = reverse.rfind(region(hi))
            {
                let start = part.lo + at;
                D::accept(window, start, needle.len());
                if hits.record(start) {
                    return Outcome::Enough;
                }
                hi = window.hi;
            }
        }
        D::pass(window, part.lo, part.len());
    }
    Outcome::Done
}
