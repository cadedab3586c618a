//! What a search for bytes looks for.
//!
//! Every search for bytes, in one call or by chunks in the background, for the first match, the last, their count or
//! all of them, is written once against [`Needle`].
//!
//! A [`Pattern`](crate::pattern::Pattern) is none. A search for it can't begin at any offset: it keeps a state from one
//! part to the next, and answers with groups, lines and their numbers. So it has a scan of its own, and shares with this
//! module what is around a search: the check of a range, faults, chunks, turns and pauses.
//!
//! ```
//! use fmmap_core::background::Uninterrupted;
//! use fmmap_core::needle::{Needle, Scope};
//!
//! let haystack = b"one, two, three";
//! let mut comma = Needle::literal(b", ");
//! let whole = Scope::of(0, haystack.len());
//! let first = comma.find(haystack, whole, &mut Uninterrupted).unwrap();
//! assert_eq!((first.start, first.end), (3, 5));
//! assert_eq!(comma.rfind(haystack, whole, &mut Uninterrupted).unwrap().start, 8);
//! assert_eq!(comma.count(haystack, whole, &mut Uninterrupted).count, 2);
//! ```
//!
//! # Where it is looked for
//!
//! The haystack begins with the memory's first byte, because a needle may depend on what stands before a match. The
//! [`Scope`] says where matches may start and where they have to end. Offsets count from the haystack's beginning.
//!
//! # In pieces
//!
//! A range can be searched scope by scope, from the front: [`Tally::next`] and [`Batch::next`] say where the next one
//! begins, behind the last match. The matches are those of the whole range. Where [`Needle::is_chained`] says no, the
//! scopes can be searched in any order, each from its own beginning.
//!
//! # Interruption
//!
//! A search asks its [`Pause`] between blocks whether it may go on. If not, it returns at once, and its answer has no
//! meaning: whoever interrupts a search knows that.
//!
//! # Cost
//!
//! A needle is an enum and a pause a type parameter, so a literal that is looked for without interruption costs what
//! [`search`](crate::search) does.

mod literal;
#[cfg(test)]
mod tests;

use crate::background::Pause;
use crate::search::Finder;
use literal::Literal;

/// What is looked for.
#[derive(Clone, Debug)]
pub struct Needle<'n>(Kind<'n>);

#[derive(Clone, Debug)]
enum Kind<'n> {
    Literal(Literal<'n>),
}

/// Where a search looks: a match starts in `from..until`, and ends at `end` or before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scope {
    /// The first offset at which a match may start.
    pub from: usize,
    /// The first offset at which no match may start any more; at most `end + 1`, since an empty match may start at
    /// the end.
    pub until: usize,
    /// Where the last match must have ended. It lies in the haystack.
    pub end: usize,
}

impl Scope {
    /// The whole range between two offsets.
    #[inline]
    pub const fn of(from: usize, end: usize) -> Self {
        Self {
            from,
            until: end.saturating_add(1),
            end,
        }
    }

    /// Whether no match can start in it.
    #[inline]
    pub const fn is_empty(self) -> bool {
        self.from >= self.until
    }

    /// Whether all of it is inside of a haystack of `len` bytes.
    #[inline]
    pub const fn fits(self, len: usize) -> bool {
        self.from <= self.end
            && self.from <= self.until
            && self.until <= self.end.saturating_add(1)
            && self.end <= len
    }
}

/// A match.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Match {
    /// Where it starts.
    pub start: usize,
    /// Where it ends.
    pub end: usize,
}

/// How many matches a scope has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tally {
    /// The number of matches that do not overlap, from the front.
    pub count: usize,
    /// Where the next scope begins: this one's end, or where its last match ended.
    pub next: usize,
}

/// The matches of a scope, as offsets that were written to a slice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Batch {
    /// How many offsets were written, from the beginning of the slice on. What is behind them has no meaning.
    pub written: usize,
    /// Where to go on: the next offset of the scope when the slice was full before, else where the next scope begins.
    pub next: usize,
    /// Whether the scope was searched to its end.
    pub is_done: bool,
}

impl<'n> Needle<'n> {
    /// Bytes for one search. Nothing is prepared, since that takes as long as a search of a few hundred bytes.
    #[inline]
    pub fn literal(bytes: &'n [u8]) -> Self {
        Self(Kind::Literal(Literal::new(Finder::once(bytes))))
    }

    /// Bytes, prepared for many searches.
    pub fn prepared(bytes: &'n [u8]) -> Self {
        Self(Kind::Literal(Literal::new(Finder::new(bytes))))
    }

    /// The same needle, with its own copy of the bytes.
    pub fn into_owned(self) -> Needle<'static> {
        match self.0 {
            Kind::Literal(literal) => Needle(Kind::Literal(literal.into_owned())),
        }
    }

    /// The same needle, for another thread.
    pub fn by_ref(&self) -> Needle<'_> {
        match &self.0 {
            Kind::Literal(literal) => Needle(Kind::Literal(literal.by_ref())),
        }
    }

    /// Whether the matches of a scope depend on those before it, because matches can overlap.
    pub fn is_chained(&self) -> bool {
        match &self.0 {
            Kind::Literal(literal) => literal.is_chained(),
        }
    }

    /// The first match.
    #[inline]
    pub fn find<P: Pause>(
        &mut self,
        haystack: &[u8],
        scope: Scope,
        pause: &mut P,
    ) -> Option<Match> {
        match &mut self.0 {
            Kind::Literal(literal) => literal.find(haystack, scope, pause),
        }
    }

    /// The match that starts last.
    #[inline]
    pub fn rfind<P: Pause>(
        &mut self,
        haystack: &[u8],
        scope: Scope,
        pause: &mut P,
    ) -> Option<Match> {
        match &mut self.0 {
            Kind::Literal(literal) => literal.rfind(haystack, scope, pause),
        }
    }

    /// How many matches there are that do not overlap, from the front.
    pub fn count<P: Pause>(&mut self, haystack: &[u8], scope: Scope, pause: &mut P) -> Tally {
        match &mut self.0 {
            Kind::Literal(literal) => literal.count(haystack, scope, pause),
        }
    }

    /// Fills `out` with the offsets of matches that do not overlap, in ascending order.
    pub fn find_batch<P: Pause>(
        &mut self,
        haystack: &[u8],
        scope: Scope,
        out: &mut [f64],
        pause: &mut P,
    ) -> Batch {
        match &mut self.0 {
            Kind::Literal(literal) => literal.find_batch(haystack, scope, out, pause),
        }
    }

    /// Fills `out` with the offsets of matches that do not overlap, in descending order. [`Batch::next`] is where the
    /// matches that are left have to end.
    pub fn rfind_batch<P: Pause>(
        &mut self,
        haystack: &[u8],
        scope: Scope,
        out: &mut [f64],
        pause: &mut P,
    ) -> Batch {
        match &mut self.0 {
            Kind::Literal(literal) => literal.rfind_batch(haystack, scope, out, pause),
        }
    }
}
