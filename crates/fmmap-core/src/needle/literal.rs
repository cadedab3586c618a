//! Literal bytes, found by the search of [`search`](crate::search), block by block.
//!
//! A block is a range of starts, together with the bytes behind it that a match at its last start needs. Each block
//! is searched without interruption. If no interruption is wanted, the whole scope is one block.

use super::{Batch, Match, Scope, Tally};
use crate::background::Pause;
use crate::search::Finder;

/// A literal, and what earlier searches have learned about the haystack.
#[derive(Clone, Debug)]
pub(super) struct Literal<'n>(Finder<'n>);

impl<'n> Literal<'n> {
    #[inline]
    pub(super) fn new(finder: Finder<'n>) -> Self {
        Self(finder)
    }

    pub(super) fn into_owned(self) -> Literal<'static> {
        Literal(self.0.into_owned())
    }

    pub(super) fn by_ref(&self) -> Literal<'_> {
        Literal(self.0.by_ref())
    }

    pub(super) fn is_chained(&self) -> bool {
        self.0.overlaps_itself()
    }

    #[inline]
    fn len(&self) -> usize {
        self.0.needle().len()
    }

    /// The bytes that contain every match that starts in `from..until`. The range has at least one start.
    #[inline]
    fn bytes<'h>(&self, haystack: &'h [u8], from: usize, until: usize, end: usize) -> &'h [u8] {
        &haystack[from..(until - 1).saturating_add(self.len()).min(end)]
    }

    #[inline]
    fn matched(&self, start: usize) -> Match {
        Match {
            start,
            end: start + self.len(),
        }
    }

    #[inline]
    pub(super) fn find<P: Pause>(
        &mut self,
        haystack: &[u8],
        scope: Scope,
        pause: &mut P,
    ) -> Option<Match> {
        let Scope {
            mut from,
            until,
            end,
        } = scope;
        while from < until && pause.goes_on() {
            let stop = until.min(from.saturating_add(P::BLOCK));
            let bytes = self.bytes(haystack, from, stop, end);
            if let Some(at) = self.0.find(bytes) {
                return Some(self.matched(from + at));
            }
            from = stop;
        }
        None
    }

    #[inline]
    pub(super) fn rfind<P: Pause>(
        &mut self,
        haystack: &[u8],
        scope: Scope,
        pause: &mut P,
    ) -> Option<Match> {
        let Scope {
            from,
            mut until,
            end,
        } = scope;
        while from < until && pause.goes_on() {
            let first = from.max(until.saturating_sub(P::BLOCK));
            let bytes = self.bytes(haystack, first, until, end);
            if let Some(at) = self.0.rfind(bytes) {
                return Some(self.matched(first + at));
            }
            until = first;
        }
        None
    }

    pub(super) fn count<P: Pause>(
        &mut self,
        haystack: &[u8],
        scope: Scope,
        pause: &mut P,
    ) -> Tally {
        let Scope {
            mut from,
            until,
            end,
        } = scope;
        let mut count = 0;
        while from < until && pause.goes_on() {
            let stop = until.min(from.saturating_add(P::BLOCK));
            let tally = self.0.tally(self.bytes(haystack, from, stop, end));
            count += tally.count;
            // A match of this block may reach into the next one.
            from = stop.max(from + tally.next);
        }
        Tally {
            count,
            next: from.max(until),
        }
    }

    pub(super) fn find_batch<P: Pause>(
        &mut self,
        haystack: &[u8],
        scope: Scope,
        out: &mut [f64],
        pause: &mut P,
    ) -> Batch {
        let Scope {
            mut from,
            until,
            end,
        } = scope;
        let mut written = 0;
        while from < until && pause.goes_on() {
            let stop = until.min(from.saturating_add(P::BLOCK));
            let slots = &mut out[written..];
            let bytes = self.bytes(haystack, from, stop, end);
            let batch = self.0.find_batch(bytes, from as u64, slots);
            written += batch.written;
            if let Some(next) = batch.next {
                return Batch {
                    written,
                    next: from + next,
                    is_done: false,
                };
            }
            let last = batch.written.checked_sub(1).map(|last| offset(slots[last]));
            from = stop.max(last.map_or(0, |start| start + self.len()));
        }
        Batch {
            written,
            next: from.max(until),
            is_done: true,
        }
    }

    pub(super) fn rfind_batch<P: Pause>(
        &mut self,
        haystack: &[u8],
        scope: Scope,
        out: &mut [f64],
        pause: &mut P,
    ) -> Batch {
        let Scope {
            from,
            mut until,
            mut end,
        } = scope;
        let mut written = 0;
        while from < until && pause.goes_on() {
            let first = from.max(until.saturating_sub(P::BLOCK));
            let slots = &mut out[written..];
            let bytes = self.bytes(haystack, first, until, end);
            let batch = self.0.rfind_batch(bytes, first as u64, slots);
            written += batch.written;
            if let Some(next) = batch.next {
                return Batch {
                    written,
                    next: first + next,
                    is_done: false,
                };
            }
            // A match of this block overlaps the end of the next one.
            if let Some(last) = batch.written.checked_sub(1) {
                end = end.min(offset(slots[last]));
            }
            until = first.min((end + 1).saturating_sub(self.len()));
        }
        Batch {
            written,
            next: from,
            is_done: true,
        }
    }
}

/// An offset that was written as a number.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "it was an offset before"
)]
fn offset(number: f64) -> usize {
    number as usize
}
