//! The search where there are no vectors of ours: the memchr crate's, turned round for `rfind`.
//!
//! memchr's forward search has vectors on more processors than ours (wasm among them) and a good
//! portable form elsewhere; its reverse search has neither, and is five to thirty times slower. So
//! the reverse search goes through the haystack from the back in chunks, and runs the *forward*
//! finder over each. Only the chunk that has a match is then searched in reverse.

use super::direction::{Direction, Window};
use super::hits::Hits;
use super::meter::Outcome;
use super::probes::Subject;
use memchr::memmem::{Finder, FinderRev};

/// Starts in a chunk: small enough for the second look at it to hit the cache.
pub(super) const CHUNK: usize = 256 << 10;

/// Searches the whole window. O(n + m), as memchr's finders are.
pub(super) fn scan<D: Direction>(
    subject: Subject<'_>,
    chunk: usize,
    window: &mut Window,
    hits: &mut Hits<'_>,
) -> Outcome {
    if D::FORWARD {
        return super::two_way::scan::<D>(subject, window, hits);
    }
    let Subject { haystack, needle } = subject;
    let forward = Finder::new(needle);
    let reverse = FinderRev::new(needle);
    // A chunk shorter than the needle would look at most bytes twice.
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
