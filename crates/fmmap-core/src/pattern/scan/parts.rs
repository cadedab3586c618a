//! Four runs at once, for patterns that nothing but the automaton finds.
//!
//! A run waits for its look-ups, one after the other, since each needs the state that the one before has found. So a
//! stretch of whole lines is cut into four parts, and one loop takes a byte of each at a time: then four look-ups are
//! under way. A match of a pattern without newlines lies in one line, so none lies in two parts. All four runs use the
//! same cache, in which a state means the same to each.
//!
//! ```text
//! from      line \n line \n line \n line \n line \n line \n line \n line \n
//!           |              |              |              |              |
//!           part 0         part 1         part 2         part 3         the next stretch
//! ```
//!
//! The parts before the first one with a match are read to their end. If there is one with a match, the search goes on
//! as if it had begun there; what was read of the parts behind it is forgotten. So stretches begin short, get longer
//! while nothing is found, and a single run goes on alone for a while where matches are close together.

use crate::pattern::Pattern;
use crate::pattern::automata::lazy::{Automaton, Cache, DEAD, State, TAG, UNKNOWN};
use crate::pattern::automata::run::{self, Ahead, INSTRUCTION, Pause, Run};
use crate::pattern::scan::text;
use crate::pattern::signed;
use memchr::{memchr, memrchr};

/// How many parts a stretch has.
const PARTS: usize = 4;

/// The length of a stretch in bytes, at first and at most.
const SHORTEST: usize = 8 << 10;
const LONGEST: usize = 64 << 10;

/// Matches whose ends are less than this apart are close together.
const CLOSE: usize = 1 << 10;

/// How far a single run goes on alone: behind matches that are close together, and where four are none the better.
const ALONE: usize = 4 << 10;
const LONG_ALONE: usize = 256 << 10;

/// How many bytes around a place a newline is looked for in.
const LINE: usize = 64 << 10;

/// What a stretch has.
#[derive(Debug)]
pub(super) enum Stretch {
    /// No match up to here, where a line begins.
    Empty(usize),
    /// A match, which this run has found, and none before `from`.
    Match { from: usize, run: Run },
}

#[derive(Debug)]
pub(super) struct Parts {
    /// Whether the pattern can be searched for in parts.
    can: bool,
    shortest: usize,
    /// How long the next stretch is.
    len: usize,
    /// A single run goes on up to here.
    alone: usize,
    /// Where the last match has ended.
    last: usize,
}

impl Parts {
    pub(super) fn new(pattern: &Pattern, from: usize) -> Self {
        Self {
            can: !pattern.may_have_newline() && !pattern.has_tail() && !pattern.is_nullable(),
            shortest: SHORTEST,
            len: SHORTEST,
            alone: 0,
            last: from,
        }
    }

    /// Never, or from the first line on, however short the lines are. Returns whether the pattern can be searched for
    /// in parts.
    #[cfg(any(test, feature = "testing"))]
    pub(super) fn force(&mut self, is_wanted: bool) -> bool {
        let can = self.can;
        self.can &= is_wanted;
        (self.shortest, self.len) = (4, 4);
        can
    }

    pub(super) fn resume(&mut self, from: usize) {
        self.alone = 0;
        self.last = from;
    }

    /// Notes that a match ended here.
    pub(super) fn found(&mut self, end: usize) {
        if end.saturating_sub(self.last) < CLOSE && self.shortest == SHORTEST {
            self.alone = end + ALONE;
        }
        self.last = end;
    }

    /// Where a single run ends that would go on up to `limit`, so that four take its place.
    pub(super) fn until(&self, limit: usize) -> usize {
        if self.can && self.alone > 0 {
            self.alone.min(limit)
        } else {
            limit
        }
    }

    /// Whether a run that is at `at` without a match has ended for that. `from` is moved to the line that it is in.
    pub(super) fn take_over(&mut self, haystack: &[u8], from: &mut usize, at: usize) -> bool {
        let near = (*from).max(at.saturating_sub(LINE));
        let Some(newline) = memrchr(b'\n', &haystack[near..at]) else {
            self.alone = at + ALONE;
            return false;
        };
        *from = near + newline + 1;
        self.alone = 0;
        true
    }

    /// Searches a stretch from `from` on that ends before `limit`. `None` if a single run is better, or nothing else is
    /// possible.
    pub(super) fn search(
        &mut self,
        pattern: &Pattern,
        cache: &mut Cache,
        ahead: &mut Ahead,
        (haystack, from, limit): (&[u8], usize, usize),
        left: &mut isize,
    ) -> Option<Stretch> {
        if !self.can || from < self.alone {
            return None;
        }
        let rest = limit.saturating_sub(from);
        let len = self.len.min(rest).min(usize::try_from(*left).unwrap_or(0));
        self.alone = from + ALONE;
        if len < self.shortest || !text::is_boundary(haystack, from, pattern.encoding()) {
            return None;
        }
        let automaton = pattern.forward();
        let generation = cache.generation;
        self.alone = from + LONG_ALONE;
        let bounds = bounds(haystack, from, len, limit)?;
        let whole = automaton.program.whole;
        if whole.any() && !is_bytes(pattern, ahead, haystack, from, bounds[4]) {
            return None;
        }
        let start = |cache: &mut Cache, at| {
            let state = automaton.start(cache, text::before(haystack, at, whole), false);
            (state != DEAD && cache.generation == generation).then_some(state)
        };
        // Behind a newline all begin alike.
        let (first, other) = (start(cache, from)?, start(cache, bounds[1])?);
        let mut runs = [first, other, other, other].map(|state| Run {
            state,
            at: 0,
            found: None,
        });
        for (run, &at) in runs.iter_mut().zip(&bounds) {
            run.at = at;
        }
        let found = go(automaton, cache, haystack, &bounds, &mut runs, left)?;
        self.alone = 0;
        Some(match found {
            PARTS => {
                self.len = (2 * self.len).min(LONGEST);
                Stretch::Empty(bounds[4])
            }
            part => {
                self.len = (self.len / 2).max(self.shortest);
                Stretch::Match {
                    from: bounds[part],
                    run: runs[part],
                }
            }
        })
    }
}

/// Where four parts of about the same length begin, and where the last one ends: each behind a newline.
fn bounds(haystack: &[u8], from: usize, len: usize, limit: usize) -> Option<[usize; 5]> {
    let mut bounds = [from; 5];
    for part in 1..5 {
        let near = (from + part * len / 4).max(bounds[part - 1]);
        let far = limit.min(near + len / 4 + 1);
        bounds[part] = near + memchr(b'\n', haystack.get(near..far)?)? + 1;
    }
    (bounds[4] < haystack.len()).then_some(bounds)
}

/// Whether no character stands there that the pattern's assertions read as one symbol.
fn is_bytes(
    pattern: &Pattern,
    ahead: &mut Ahead,
    haystack: &[u8],
    from: usize,
    until: usize,
) -> bool {
    let whole = pattern.forward().program.whole;
    let mut at = from;
    while at < until {
        at = ahead.next(whole, haystack, at, until);
        // Otherwise it is the end of what was examined.
        if at < until && whole.at(haystack, at).1 > 1 {
            return false;
        }
    }
    true
}

/// Runs all parts up to the first match, and returns in which part it is, or how many parts there are. `None` if that is not
/// possible: the cache was emptied, so that the states of the others are gone, or the budget is used up.
fn go(
    automaton: &Automaton,
    cache: &mut Cache,
    haystack: &[u8],
    bounds: &[usize; 5],
    runs: &mut [Run; 4],
    left: &mut isize,
) -> Option<usize> {
    let generation = cache.generation;
    let classes = &automaton.program.classes.bytes;
    // In step up to the end of the shortest part.
    let common = (0..4).map(|part| bounds[part + 1] - bounds[part]).min()?;
    let parts = [0, 1, 2, 3].map(|part| &haystack[bounds[part]..bounds[part] + common]);
    let mut states = runs.map(|run| run.state);
    let (mut step, mut found) = (0, PARTS);
    while step < common && found == PARTS {
        // SAFETY: the states are the cache's, which was not emptied, and have no tag.
        let mut next = unsafe { walk(cache.table(), classes, &parts, &mut states, &mut step) };
        if step >= common {
            break;
        }
        for part in 0..4 {
            if next[part] == UNKNOWN {
                let before = cache.work;
                next[part] = automaton.next(cache, states[part], parts[part][step].into());
                *left -= signed(cache.work - before) * INSTRUCTION;
                if cache.generation != generation || *left < 0 {
                    return None;
                }
            }
            if next[part] == DEAD {
                return None;
            }
            states[part] = next[part] & !TAG;
            if next[part] & TAG != 0 {
                let at = bounds[part] + step;
                runs[part] = Run {
                    state: states[part],
                    at: at + 1,
                    found: Some((at, automaton.pattern(cache, next[part]))),
                };
                found = part;
                break;
            }
        }
        step += 1;
    }
    *left -= signed(4 * step);
    // The rest of each part before that one.
    for part in 0..found {
        let run = &mut runs[part];
        run.state = states[part];
        run.at = bounds[part] + step;
        let end = bounds[part + 1];
        while run.at < end && run.found.is_none() {
            let pause = run.forward(automaton, cache, haystack, end, true, left);
            if cache.generation != generation || pause == Pause::Dead {
                return None;
            }
        }
        if run.found.is_some() {
            return Some(part);
        }
    }
    Some(found)
}

/// Takes steps in all parts until one of the states behind a step has a tag, and returns these states; or up to the
/// parts' end.
///
/// # Safety
///
/// The states are those of the table's cache, without a tag.
#[inline]
unsafe fn walk(
    table: &[State],
    classes: &[u8; 256],
    parts: &[&[u8]; 4],
    states: &mut [State; 4],
    step: &mut usize,
) -> [State; 4] {
    let len = parts.iter().map(|part| part.len()).min().unwrap_or(0);
    let next = |state: State, part: &[u8], at: usize| {
        // SAFETY: no part is shorter than `len`. Other threads may change the byte: any has a class.
        let byte = unsafe { *part.get_unchecked(at) };
        // SAFETY: `state` is a state of the table's cache: those without a tag are.
        unsafe { run::behind(table, classes, state, byte) }
    };
    // Variables and branches of their own: of an array the compiler makes a vector, and the four look-ups wait for one
    // another again.
    let ([mut a, mut b, mut c, mut d], mut at) = (*states, *step);
    let mut behind = *states;
    while at < len {
        let to_a = next(a, parts[0], at);
        let to_b = next(b, parts[1], at);
        let to_c = next(c, parts[2], at);
        let to_d = next(d, parts[3], at);
        if to_a >= TAG || to_b >= TAG || to_c >= TAG || to_d >= TAG {
            behind = [to_a, to_b, to_c, to_d];
            break;
        }
        (a, b, c, d) = (to_a, to_b, to_c, to_d);
        at += 1;
    }
    (*states, *step) = ([a, b, c, d], at);
    behind
}
