//! Search for a needle in the bytes of a mapping: the first or last occurrence, or all of them.
//!
//! [`find`] and [`rfind`] answer what `memmem` and its mirror image answer, for every needle and
//! every haystack in time linear in the haystack, and in most haystacks as fast as memory can be
//! read. [`Finder`] prepares a needle once for many haystacks, or for one haystack in chunks.
//!
//! ```
//! use fmmap_core::search::{Finder, count, find, rfind};
//!
//! let haystack = b"the quick brown fox jumps over the lazy dog";
//! assert_eq!(find(haystack, b"the"), Some(0));
//! assert_eq!(rfind(haystack, b"the"), Some(31));
//! assert_eq!(count(haystack, b"o"), 4);
//! assert_eq!(Finder::new(b"cat").find(haystack), None);
//! ```
//!
//! # How
//!
//! Each strategy has a module, which says how it works and what it costs; `engine` says which one
//! runs when.
//!
//! | module | what it does | for |
//! |---|---|---|
//! | `pair` | compares two to twelve bytes of the needle at 16 to 64 starts at once | nearly everything |
//! | `near` | the same with two or three bytes, quicker at the first match | what the caches hold: haystacks of up to a megabyte, and the head of others |
//! | `dense` | chooses the bytes for `pair` from a sample of the haystack | DNA, digits, UTF-16 |
//! | `rare` | scans for one byte | haystacks that lack it |
//! | `collect` | lists `masks`, then looks at the candidates in them | matches by the million |
//! | `same` | the same, a whole mask at once | one byte again and again, as in an indentation |
//! | `period` | looks for runs that repeat themselves | long repetitive needles |
//! | `two_way` | Two-Way, linear whatever happens | everything that defeats the above |
//! | `scalar` | start by start | fewer starts than lanes |
//! | `portable` | the memchr crate's finders | other processors |
//!
//! All are written once for both directions (`direction`) and all instruction sets (`vector`), of
//! which `level` chooses one and `kernel` runs it. Which bytes of the needle are compared first are its
//! `probes`, what that costs is on a `meter`. Matches go to `hits`; `bulk` asks for all of them.
//!
//! # Haystacks that others write
//!
//! The haystack is memory that other processes may be writing while it is searched. Nothing read
//! from it is used as an index without a check, so whatever happens, no byte outside of the
//! haystack is read and the search ends in linear time. What it answers about bytes that changed
//! meanwhile is any answer that they could have given.

#![expect(
    clippy::inline_always,
    reason = "a function without the target feature must not be left between the kernel and its \
              instructions, and a call of 14 ns has no room for calls"
)]

mod bulk;
mod collect;
mod compare;
mod dense;
mod direction;
mod engine;
mod hits;
mod kernel;
mod level;
mod line;
mod masks;
mod meter;
mod near;
mod pair;
mod period;
mod portable;
mod probes;
mod rare;
mod same;
mod scalar;
#[cfg(any(test, feature = "testing"))]
#[doc(hidden)]
pub mod testing;
#[cfg(test)]
mod tests;
mod trace;
mod two_way;
mod vector;

use direction::{Direction, Forward, Reverse};
use hits::Hits;
use level::{Level, Policy};
use probes::{Probes, Subject};
use std::borrow::Cow;

pub use bulk::Batch;
pub use line::copy_line;

/// The offset of the first occurrence of `needle` in `haystack`. An empty needle is found at 0.
///
/// O(n + m) time, no allocation.
#[inline]
pub fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    match needle {
        [] => Some(0),
        &[byte] => rare::byte::<Forward>(byte, haystack),
        _ => one::<Forward>(haystack, needle, None),
    }
}

/// The offset of the last occurrence of `needle` in `haystack`. An empty needle is found at the
/// end.
///
/// O(n + m) time, no allocation.
#[inline]
pub fn rfind(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    match needle {
        [] => Some(haystack.len()),
        &[byte] => rare::byte::<Reverse>(byte, haystack),
        _ => one::<Reverse>(haystack, needle, None),
    }
}

/// How often `needle` occurs in `haystack` without overlapping itself, from left to right. An
/// empty needle occurs once more than there are bytes, as in Python's `bytes.count`.
pub fn count(haystack: &[u8], needle: &[u8]) -> usize {
    Finder::new(needle).count(haystack)
}

/// The first match in the direction of `D`. The needle has two bytes at least.
#[inline(always)]
fn one<D: Direction>(haystack: &[u8], needle: &[u8], probes: Option<&mut Probes>) -> Option<usize> {
    let mut hits = Hits::first();
    let subject = Subject { haystack, needle };
    engine::search::<D>(
        Level::detect(),
        &Policy::DEFAULT,
        probes,
        subject,
        &mut hits,
    );
    hits.found()
}

/// A needle, prepared for any number of searches.
///
/// Worth it from the second haystack on, and where one haystack is searched in chunks: what a search had to find out
/// about its haystack serves the next one. Threads have one each, by [`Finder::by_ref`].
#[derive(Clone, Debug)]
pub struct Finder<'n> {
    needle: Cow<'n, [u8]>,
    probes: Probes,
}

impl<'n> Finder<'n> {
    /// Prepares a needle. O(m).
    pub fn new<B: ?Sized + AsRef<[u8]>>(needle: &'n B) -> Self {
        Self::prepare(Cow::Borrowed(needle.as_ref()))
    }

    fn prepare(needle: Cow<'n, [u8]>) -> Self {
        let probes = match needle.len() {
            0 | 1 => Probes::new(&needle, &[0], 1),
            _ => Probes::rarest(&needle),
        };
        Self { needle, probes }
    }

    /// The same, with a copy of the needle of its own.
    pub fn into_owned(self) -> Finder<'static> {
        Finder {
            needle: Cow::Owned(self.needle.into_owned()),
            probes: self.probes,
        }
    }

    /// One more, for another thread.
    pub fn by_ref(&self) -> Finder<'_> {
        Finder {
            needle: Cow::Borrowed(&self.needle),
            probes: self.probes,
        }
    }

    /// The needle.
    pub fn needle(&self) -> &[u8] {
        &self.needle
    }

    /// Whether two occurrences can overlap: whether the needle begins as it ends, as `abra` does.
    ///
    /// If not, the occurrences in a haystack are those in its chunks, each taken with the
    /// `needle().len() - 1` bytes that follow, and the chunks can be counted in any order. If so,
    /// which ones count depends on those before them: go on at [`Tally::next`]. An empty needle
    /// does not overlap itself. Worked out at each call, in O(m) time and memory.
    pub fn overlaps_itself(&self) -> bool {
        // Knuth, Morris and Pratt's table: the length of the longest border of each prefix.
        let mut borders = vec![0_usize; self.needle.len()];
        let mut border = 0;
        for i in 1..self.needle.len() {
            while border > 0 && self.needle[i] != self.needle[border] {
                border = borders[border - 1];
            }
            border += usize::from(self.needle[i] == self.needle[border]);
            borders[i] = border;
        }
        border > 0
    }

    /// The offset of the first occurrence, as [`find`].
    #[inline]
    pub fn find(&mut self, haystack: &[u8]) -> Option<usize> {
        match *self.needle {
            [] => Some(0),
            [byte] => rare::byte::<Forward>(byte, haystack),
            _ => one::<Forward>(haystack, &self.needle, Some(&mut self.probes)),
        }
    }

    /// The offset of the last occurrence, as [`rfind`].
    #[inline]
    pub fn rfind(&mut self, haystack: &[u8]) -> Option<usize> {
        match *self.needle {
            [] => Some(haystack.len()),
            [byte] => rare::byte::<Reverse>(byte, haystack),
            _ => one::<Reverse>(haystack, &self.needle, Some(&mut self.probes)),
        }
    }

    /// The number of occurrences, as [`count`].
    pub fn count(&mut self, haystack: &[u8]) -> usize {
        self.tally(haystack).count
    }

    /// The number of occurrences, and where the search would go on if the haystack were longer.
    pub fn tally(&mut self, haystack: &[u8]) -> Tally {
        match *self.needle {
            [] => Tally {
                count: haystack.len() + 1,
                next: haystack.len(),
            },
            [byte] => Tally {
                count: bulk::count_byte(byte, haystack),
                next: haystack.len(),
            },
            _ => {
                let mut hits = Hits::counted();
                self.bulk(haystack, &mut hits);
                let after = hits.found().map_or(0, |last| last + self.needle.len());
                // The last m - 1 bytes may be the beginning of an occurrence.
                let starts = (haystack.len() + 1).saturating_sub(self.needle.len());
                Tally {
                    count: hits.count,
                    next: after.max(starts),
                }
            }
        }
    }

    /// Fills `out` with the offsets, in ascending order and `base` added to each, of occurrences
    /// that do not overlap.
    ///
    /// Start at offset 0 with `base` the haystack's own offset, and go on at [`Batch::next`]. An
    /// empty needle occurs at every offset, the haystack's end included.
    ///
    /// ```
    /// use fmmap_core::search::Finder;
    ///
    /// let (haystack, mut finder) = (b"one, two, three, four", Finder::new(", "));
    /// let (mut offsets, mut all, mut at) = ([0.0; 2], Vec::new(), Some(0));
    /// while let Some(from) = at {
    ///     let batch = finder.find_batch(&haystack[from..], from as u64, &mut offsets);
    ///     all.extend_from_slice(&offsets[..batch.written]);
    ///     at = batch.next.map(|next| from + next);
    /// }
    /// assert_eq!(all, [3.0, 8.0, 15.0]);
    /// ```
    pub fn find_batch(&mut self, haystack: &[u8], base: u64, out: &mut [f64]) -> Batch {
        if self.needle.is_empty() {
            return bulk::every_offset(haystack.len(), base, out);
        }
        if let [byte] = *self.needle {
            return bulk::bytes::<Forward>(byte, haystack, base, out);
        }
        if out.is_empty() {
            return Batch {
                written: 0,
                next: Some(0),
            };
        }
        let mut hits = Hits::into_slice(out, base);
        let left = self.bulk(haystack, &mut hits);
        Batch {
            written: hits.count,
            next: (hits.count == hits.limit && left.len() > 0).then_some(left.lo),
        }
    }

    /// Every match from the front, until `hits` has enough; the starts that are left then.
    fn bulk(&mut self, haystack: &[u8], hits: &mut Hits<'_>) -> direction::Window {
        bulk::all(
            Level::detect(),
            &Policy::DEFAULT,
            &mut self.probes,
            Subject {
                haystack,
                needle: &self.needle,
            },
            hits,
        )
    }
}

/// What [`Finder::tally`] counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tally {
    /// Occurrences that do not overlap, from left to right.
    pub count: usize,
    /// Every occurrence that begins before this offset was counted or overlaps one that was: the
    /// search goes on here. At most the haystack's length.
    pub next: usize,
}

/// Fills `out` with the offsets of newlines, `\n`, in ascending order and `base` added to each.
///
/// Go on at [`Batch::next`].
pub fn newlines(haystack: &[u8], base: u64, out: &mut [f64]) -> Batch {
    bulk::bytes::<Forward>(b'\n', haystack, base, out)
}

/// Fills `out` with the offsets of newlines, `\n`, in descending order and `base` added to each.
///
/// Go on with `&haystack[..next]`, [`Batch::next`].
pub fn newlines_reverse(haystack: &[u8], base: u64, out: &mut [f64]) -> Batch {
    bulk::bytes::<Reverse>(b'\n', haystack, base, out)
}
