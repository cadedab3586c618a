//! What a search does with its matches: keep them in a vector, or count them, up to a limit.

use super::Span;
use crate::pattern::filter::Asked;
use std::mem::MaybeUninit;

/// How many matches are taken at once, at most.
const BLOCK: usize = 256;

/// Receives the matches of a search.
#[derive(Debug)]
pub(crate) struct Sink<'s> {
    out: Option<&'s mut Vec<Span>>,
    pub(crate) count: usize,
    limit: usize,
    /// The last match, if matches are not kept, or if many were taken at once.
    pub(in crate::pattern) last: Span,
}

impl<'s> Sink<'s> {
    pub(crate) fn new(out: Option<&'s mut Vec<Span>>, limit: usize) -> Self {
        Self {
            out,
            count: 0,
            limit,
            last: Span {
                start: 0,
                end: 0,
                pattern: 0,
            },
        }
    }

    /// Whether only the number of all matches is asked for.
    pub(crate) fn is_count(&self) -> bool {
        self.out.is_none() && self.limit == usize::MAX
    }

    pub(crate) fn asked(&self) -> Asked {
        match self.limit - self.count {
            _ if self.is_count() => Asked::Number,
            0..=1 => Asked::One,
            _ => Asked::Many,
        }
    }

    /// Whether more than the next match is asked for.
    pub(crate) fn is_many(&self) -> bool {
        self.asked() != Asked::One
    }

    /// Takes a match. Returns whether the limit is reached.
    #[inline]
    pub(crate) fn push(&mut self, span: Span) -> bool {
        self.count += 1;
        match &mut self.out {
            Some(out) => out.push(span),
            None => self.last = span,
        }
        self.count >= self.limit
    }

    /// Takes as many matches as `fill` writes. Returns whether the limit is reached.
    ///
    /// # Safety
    ///
    /// `fill` has written as many of the first matches as it says.
    pub(crate) unsafe fn extend(
        &mut self,
        fill: impl FnOnce(&mut [MaybeUninit<Span>]) -> usize,
    ) -> bool {
        let most = (self.limit - self.count).min(BLOCK);
        let count = if let Some(out) = &mut self.out {
            out.reserve(most);
            let count = fill(&mut out.spare_capacity_mut()[..most]);
            // SAFETY: the caller vouches for it.
            unsafe { out.set_len(out.len() + count) };
            if let Some(last) = out.last().filter(|_| count > 0) {
                self.last = *last;
            }
            count
        } else {
            let mut one = [MaybeUninit::uninit()];
            let count = fill(&mut one);
            if count > 0 {
                // SAFETY: the caller vouches for it.
                self.last = unsafe { one[0].assume_init() };
            }
            count
        };
        self.count += count;
        self.count >= self.limit
    }
}
