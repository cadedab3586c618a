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

/// Moves `from` past places at which no match can start. Whether no place is left.
pub(super) fn is_over(pattern: &Pattern, haystack: &[u8], from: &mut usize) -> bool {
    if pattern.starts_at_start() || pattern.ends_at_end() {
        return pattern.starts_at_start() && *from > 0;
    }
    if *from >= haystack.len() || pattern.is_sticky() {
        return false;
    }
    *from = pattern.plan().first(haystack, *from);
    *from == haystack.len()
}

/// The same by the automaton. `More` if the haystack or the pattern needs more than that, which goes on at `from`.
pub(super) fn by_automaton(pattern: &Pattern, haystack: &[u8], from: &mut usize) -> Step {
    if is_over(pattern, haystack, from) {
        return Step::Done;
    }
    let is_short = haystack.len().saturating_sub(*from) <= SHORT && *from <= haystack.len();
    if !is_short || pattern.is_sticky() || pattern.has_tail() {
        return Step::More;
    }
    // Then no character is read as a whole, and no place is inside of one.
    if !haystack[*from..].is_ascii() {
        return Step::More;
    }
    let mut caches = pattern.take_caches();
    let found = run(pattern, &mut caches, haystack, *from);
    pattern.give_back(caches);
    found.map_or(Step::Done, Step::Match)
}

fn run(pattern: &Pattern, caches: &mut Caches, haystack: &[u8], from: usize) -> Option<Span> {
    if pattern.ends_at_end() {
        let end = haystack.len();
        let start = start_of(pattern, caches, haystack, from, end)?;
        return Some(Span {
            start,
            end,
            pattern: 0,
        });
    }
    let (automaton, cache) = (pattern.forward(), &mut caches.forward);
    let before = text::before(haystack, from, automaton.program.whole);
    let is_anchored = pattern.starts_at_start();
    let mut run = Run {
        state: automaton.start(cache, before, is_anchored),
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
        _ if is_anchored => Some(from),
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
