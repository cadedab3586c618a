//! What a search does with its matches: keep them in a vector, or count them, up to a limit.

use super::Span;

/// Receives the matches of a search.
#[derive(Debug)]
pub(crate) struct Sink<'s> {
    out: Option<&'s mut Vec<Span>>,
    pub(crate) count: usize,
    limit: usize,
    /// The last match, if matches are not kept.
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

    /// Whether more than the next match is asked for.
    pub(crate) fn is_many(&self) -> bool {
        self.limit - self.count > 1
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
}
