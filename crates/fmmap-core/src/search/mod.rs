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
//! The search has four modules, each of which uses only those below it:
//!
//! ```text
//! bulk/       all matches of a haystack: counted, or their offsets in a slice
//!   │
//! engine/     which kernel runs when; probes chosen from a sample; the scan for one byte
//!   │
//! kernels/    the ways to scan a window of starts, and the instruction set that runs them
//!   │
//! lanes/      what every kernel works with: vectors, directions, probes, matches, costs
//! ```
//!
//! Each module says how it works and what it costs. Everything is written once for both directions
//! (`lanes::direction`) and all instruction sets (`lanes::vector`); this module and `finder` are the
//! interface.
//!
//! # Haystacks that others write
//!
//! The haystack is memory that other processes may be writing while it is searched. Nothing read
//! from it is used as an index without a check, so whatever happens, no byte outside of the
//! haystack is read and the search ends in linear time. If bytes change during a search, its answer
//! is right for some state in which each of them was during that time.

#![expect(
    clippy::inline_always,
    reason = "a function without the target feature must not be left between the kernel and its \
              instructions, and a call of 14 ns has no room for calls"
)]

mod bulk;
mod engine;
mod finder;
mod kernels;
pub(crate) mod lanes;
#[cfg(any(test, feature = "testing"))]
#[doc(hidden)]
pub mod testing;
#[cfg(test)]
mod tests;

use lanes::{Forward, Reverse};

pub use bulk::Batch;
pub(crate) use finder::Shared;
pub use finder::{Finder, Tally};

/// The offset of the first occurrence of `needle` in `haystack`. An empty needle is found at 0.
///
/// O(n + m) time, no allocation.
// Without `inline`, as all that begins a search: another crate would compile all kernels once more for itself.
pub fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    engine::first::<Forward>(haystack, needle, None)
}

/// The offset of the last occurrence of `needle` in `haystack`. An empty needle is found at the
/// end.
///
/// O(n + m) time, no allocation.
pub fn rfind(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    engine::first::<Reverse>(haystack, needle, None)
}

/// How often `needle` occurs in `haystack` without overlapping itself, from left to right. An
/// empty needle occurs once more than there are bytes, as in Python's `bytes.count`.
pub fn count(haystack: &[u8], needle: &[u8]) -> usize {
    Finder::new(needle).count(haystack)
}
