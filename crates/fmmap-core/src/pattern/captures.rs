//! The groups and the bytes of a match, all from one reading of the haystack.

use std::mem;

use super::Pattern;
use super::automata::groups::{self, MARGIN, NOWHERE, Window};
use super::automata::lazy::DEAD;
use super::automata::program::Program;
use super::automata::run::{Pause, Run};
use super::pool::{Caches, Lent};
use super::scan::{Span, text};

/// A match with its bytes and its groups.
///
/// Others may write to the haystack meanwhile, so everything comes from one copy of the bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Captures {
    /// Where the match starts in the haystack.
    pub start: usize,
    /// Where it ends.
    pub end: usize,
    /// The number of the pattern that matched.
    pub pattern: usize,
    /// The bytes from `text_start` on: those of the match and of a lookahead behind it, and a few on each side.
    pub text: Vec<u8>,
    /// Where the text starts in the haystack.
    pub text_start: usize,
    /// Where each group starts and ends in the haystack, the whole match first.
    pub groups: Vec<Option<(usize, usize)>>,
}

/// Finds the groups of one match after the other, in the same memory.
#[derive(Debug)]
pub struct Capturer {
    pattern: Pattern,
    caches: Lent,
    found: Captures,
}

impl Capturer {
    /// For matches of this pattern.
    pub fn new(pattern: &Pattern) -> Self {
        Self {
            pattern: pattern.clone(),
            caches: Lent::default(),
            found: Captures::default(),
        }
    }

    /// The same as [`Pattern::captures`].
    pub fn find(&mut self, haystack: &[u8], span: Span) -> &Captures {
        let Self {
            pattern,
            caches,
            found,
        } = self;
        let caches = caches.of(pattern);
        let len = haystack.len();
        let (start, end) = (
            span.start.min(len),
            span.end.clamp(span.start.min(len), len),
        );
        let tail = pattern.tail(span.pattern);
        let has_near_groups = tail.is_some() && pattern.has_near_groups(span.pattern);
        // A lookahead can have groups too.
        let seen = match tail {
            Some(_) if !has_near_groups => pattern.end_with_tail(caches, haystack, start).max(end),
            _ => end,
        };
        let text_start = start.saturating_sub(MARGIN);
        let count = pattern.groups(span.pattern) + 1;
        found.start = start;
        found.end = end;
        found.pattern = span.pattern;
        found.text.clear();
        found
            .text
            .extend_from_slice(&haystack[text_start..len.min(seen + MARGIN)]);
        found.text_start = text_start;
        found.groups.clear();
        found.groups.resize(count, None);
        let window = Window {
            text: &found.text,
            start: start - text_start,
            end: seen - text_start,
            is_whole: has_near_groups,
        };
        let Caches {
            groups: scratch,
            one_pass,
            slots,
            ..
        } = caches;
        // Whoever finds the groups clears them.
        slots.resize(2 * (count + usize::from(tail.is_some())), NOWHERE);
        let is_asked = count + usize::from(tail.is_some()) > 1;
        let program = if !is_asked {
            None
        } else if has_near_groups {
            pattern.bare_program(span.pattern)
        } else {
            pattern.group_program(span.pattern)
        };
        if let Some(program) = program
            && (tail.is_none() && one_pass.of(span.pattern).groups(program, window, slots)
                || groups::groups(program, window, scratch, slots))
        {
            for (group, slots) in found.groups.iter_mut().zip(slots.chunks_exact(2)) {
                if slots[0] != NOWHERE && slots[1] != NOWHERE {
                    *group = Some((slots[0] + text_start, slots[1] + text_start));
                }
            }
            if let Some(tail) = tail
                && slots[2 * tail + 1] != NOWHERE
            {
                found.groups[0] = Some((start, slots[2 * tail + 1] + text_start));
            }
        }
        // Another match, as one that is longer and reaches into the next, is not what the search has found.
        let whole = Some((start, end));
        if found.groups[0] != whole {
            found.groups.fill(None);
            found.groups[0] = whole;
        }
        found
    }
}

impl Drop for Capturer {
    fn drop(&mut self) {
        self.caches.give_back(&self.pattern);
    }
}

impl Captures {
    /// The bytes of a group, or of the whole match for 0; `None` if the group has not matched.
    pub fn bytes(&self, group: usize) -> Option<&[u8]> {
        let (start, end) = (*self.groups.get(group)?)?;
        self.text
            .get(start - self.text_start..end - self.text_start)
    }
}

impl Pattern {
    /// The groups and bytes of a match that a search has found.
    ///
    /// If somebody has written to the haystack meanwhile and the bytes are no match any more, or one that ends elsewhere,
    /// they are returned as they are, and only group 0 has matched.
    pub fn captures(&self, haystack: &[u8], span: Span) -> Captures {
        let mut capturer = Capturer::new(self);
        capturer.find(haystack, span);
        mem::take(&mut capturer.found)
    }

    /// The end of a match, given where the match ends together with the bytes that a lookahead behind it has read.
    pub(crate) fn end_before_tail(
        &self,
        caches: &mut Caches,
        haystack: &[u8],
        (start, end): (usize, usize),
        pattern: usize,
        tail: usize,
    ) -> usize {
        let text_start = start.saturating_sub(MARGIN);
        let window = Window {
            text: &haystack[text_start..haystack.len().min(end + MARGIN)],
            start: start - text_start,
            end: end - text_start,
            is_whole: false,
        };
        let Caches {
            groups: scratch,
            slots,
            ..
        } = caches;
        slots.clear();
        slots.resize(2 * tail + 2, NOWHERE);
        let Some(program) = self.group_program(pattern) else {
            return end;
        };
        if !groups::groups(program, window, scratch, slots) || slots[2 * tail + 1] == NOWHERE {
            return start;
        }
        slots[2 * tail + 1] + text_start
    }

    /// Where a match at `start` ends, together with the bytes that a lookahead behind it reads.
    fn end_with_tail(&self, caches: &mut Caches, haystack: &[u8], start: usize) -> usize {
        let (automaton, cache) = (self.forward(), &mut caches.forward);
        let Program { whole, .. } = automaton.program;
        let state = automaton.start(cache, text::before(haystack, start, whole), true);
        let mut run = Run {
            state,
            at: start,
            found: None,
        };
        let mut pause = if state == DEAD {
            Pause::Dead
        } else {
            Pause::Limit
        };
        while pause != Pause::Dead {
            if run.at >= haystack.len() {
                run.symbol(automaton, cache, haystack);
                break;
            }
            pause = if whole.any() {
                run.symbol(automaton, cache, haystack)
            } else {
                run.forward(automaton, cache, haystack, haystack.len(), false, &mut {
                    isize::MAX
                })
            };
        }
        run.found.map_or(start, |found| found.0)
    }
}
