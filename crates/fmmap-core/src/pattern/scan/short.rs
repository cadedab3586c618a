//! Finds the first match in a short haystack, without what a search needs that can be interrupted.

use super::{Sink, Span, Step, text};
use crate::pattern::Pattern;
use crate::pattern::automata::lazy::DEAD;
use crate::pattern::automata::run::{Pause, Run};
use crate::pattern::bits::{Segments, Stop, Walk};
use crate::pattern::pool::Caches;

/// How many bytes are short.
pub(super) const SHORT: usize = 256;

/// The first match from `from` on by rows of bits. `More` if only an automaton can tell, which goes on at `from`.
pub(super) fn by_bits(
    pattern: &Pattern,
    segments: &Segments,
    haystack: &[u8],
    from: &mut usize,
) -> Step {
    let mut caches = pattern.take_caches();
    let (mut sink, mut left) = (Sink::new(None, 1), isize::MAX);
    let (mut walk, stop) = (Walk::new(*from), haystack.len());
    let rows = &mut caches.rows;
    let stopped = walk.go(segments, rows, haystack, from, stop, &mut left, &mut sink);
    pattern.give_back(caches);
    match stopped {
        Stop::Full => Step::Match(sink.last),
        Stop::Over => Step::Done,
        Stop::Spent | Stop::Ask(_) => Step::More,
    }
}

/// The same by the automaton. `More` if the haystack or the pattern needs more than that.
pub(super) fn by_automaton(pattern: &Pattern, haystack: &[u8], from: usize) -> Step {
    let is_short = haystack.len().saturating_sub(from) <= SHORT && from <= haystack.len();
    let has_literal = |pattern: &Pattern| {
        let literal = pattern.plan().beginning();
        literal.is_some_and(|literal| literal.needle().len() > 2)
    };
    if !is_short || pattern.is_sticky() || pattern.has_tail() || has_literal(pattern) {
        return Step::More;
    }
    // Then no character is read as a whole, and no place is inside of one.
    if !haystack[from..].is_ascii() {
        return Step::More;
    }
    let mut caches = pattern.take_caches();
    let found = run(pattern, &mut caches, haystack, from);
    pattern.give_back(caches);
    found.map_or(Step::Done, Step::Match)
}

fn run(pattern: &Pattern, caches: &mut Caches, haystack: &[u8], from: usize) -> Option<Span> {
    let (automaton, cache) = (pattern.forward(), &mut caches.forward);
    let before = text::before(haystack, from, automaton.program.whole);
    let mut run = Run {
        state: automaton.start(cache, before, false),
        at: from,
        found: None,
    };
    let mut left = isize::MAX;
    while run.state != DEAD {
        let end = haystack.len();
        match run.forward::<false>(automaton, cache, haystack, end, &mut left) {
            Pause::Dead => break,
            Pause::Limit => {
                run.symbol(automaton, cache, haystack);
                break;
            }
            Pause::Match | Pause::Spent => {}
        }
    }
    let (end, number) = run.found?;
    let start = match pattern.fixed_len() {
        Some(len) => Some(end.saturating_sub(len)),
        None => start_of(pattern, caches, haystack, from, end),
    };
    Some(Span {
        start: start?,
        end,
        pattern: number as usize,
    })
}

/// Where the match starts that ends at `end`.
fn start_of(
    pattern: &Pattern,
    caches: &mut Caches,
    haystack: &[u8],
    from: usize,
    end: usize,
) -> Option<usize> {
    let (automaton, cache) = (pattern.backward(), &mut caches.backward);
    let after = text::after(haystack, end, automaton.program.whole);
    let mut run = Run {
        state: automaton.start(cache, after, true),
        at: end,
        found: None,
    };
    let mut left = isize::MAX;
    while run.state != DEAD {
        match run.backward(automaton, cache, haystack, from, false, &mut left) {
            Pause::Dead => break,
            Pause::Limit => {
                run.symbol_before(automaton, cache, haystack);
                break;
            }
            Pause::Match | Pause::Spent => {}
        }
    }
    run.found.map(|(start, _)| start)
}
