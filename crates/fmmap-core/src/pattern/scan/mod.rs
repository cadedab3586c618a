//! A search in progress.
//!
//! [`Scan`] finds the matches one after the other. It can stop after any number of bytes, and go on from there. It
//! does not hold the haystack: each step is given it anew, and meanwhile it may have moved in memory or have been
//! written to.
//!
//! `begin` searches the beginning of a haystack, `short` the same for a search that never pauses, and `forward` the
//! rest. Their plain way, on which all others fall back, is an unanchored run forward to the end of the leftmost match,
//! and then a run backward from there to its start. `parts` has four such runs at once, where a pattern has no other way.

mod begin;
mod forward;
mod guard;
mod look;
pub(crate) mod memo;
mod parts;
pub(crate) mod reverse;
mod short;
mod sift;
mod sink;
mod starts;
pub(crate) mod text;
mod ways;

pub use begin::Scan;
pub use reverse::ReverseScan;
pub(super) use short::{count, first};
pub(crate) use sink::Sink;

/// A match.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// Where it starts, in bytes.
    pub start: usize,
    /// Where it ends.
    pub end: usize,
    /// The number of the pattern that matched, from 0 on.
    pub pattern: usize,
}

/// What a step has found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// A match.
    Match(Span),
    /// Nothing yet: call again to go on.
    More,
    /// There are no more.
    Done,
}

/// How far [`Scan::fill`] has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// There are as many matches as were asked for.
    Full,
    /// Call again to go on.
    More,
    /// There are no more matches.
    Done,
}
