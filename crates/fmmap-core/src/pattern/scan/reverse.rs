//! Finds the match that starts last.
//!
//! The automaton that reads backward starts at the end and finds the last place at which a match starts. Then the
//! automaton that reads forward finds which match starts there.
//!
//! If every match begins with a literal, its places are looked at first, from the last one on. When that costs more than
//! it spares, the automaton that reads backward takes over, so that no byte is read more than a few times.

use super::text;
use super::{Scan, Step};
use crate::pattern::automata::lazy::DEAD;
use crate::pattern::automata::run::{Ahead, Pause, Run};
use crate::pattern::bits::{Found, look_once};
use crate::pattern::needles;
use crate::pattern::pool::Lent;
use crate::pattern::{Pattern, signed};
use crate::search::Shared;

#[derive(Debug)]
enum Phase {
    Idle,
    /// It looks for the last place before this one at which the literal stands.
    Seek(usize),
    Backward(Run),
    /// It looks for the match at a start. If there is none, the backward run goes on.
    Forward {
        start: usize,
        scan: Box<Scan>,
        then: Then,
    },
    Done,
}

/// What goes on if no match is at a place.
#[derive(Debug)]
enum Then {
    Nothing,
    Seek,
    Backward(Run),
}

/// In how many bytes the literal is looked for at once.
const WINDOW: usize = 256 << 10;

/// As how many bytes a look at a place of the literal counts, without and with the automaton, and how many bytes those
/// looks may read in vain, beside what they spare.
const GLANCE: isize = 64;
const LOOK: isize = 256;
const CREDIT: isize = 64 << 10;

/// A search for the match that starts last, which can be interrupted.
#[derive(Debug)]
pub struct ReverseScan {
    pattern: Pattern,
    caches: Lent,
    phase: Phase,
    from: usize,
    /// What every match begins with, while its places are looked at.
    beginning: Option<Shared>,
    /// How many bytes more were read in vain than were passed.
    debt: isize,
    /// Whether the symbol before `from` has been read.
    is_read: bool,
    /// The search for a list of strings, which needs nothing of the above.
    list: needles::ReverseSearch,
}

impl ReverseScan {
    /// The match that starts last in `[from, haystack's end]`.
    pub fn new(pattern: &Pattern, from: usize, end: usize) -> Self {
        Self {
            pattern: pattern.clone(),
            caches: Lent::default(),
            phase: if from > end { Phase::Done } else { Phase::Idle },
            from,
            beginning: pattern.plan().beginning().cloned(),
            debt: 0,
            is_read: false,
            list: needles::ReverseSearch::default(),
        }
    }

    /// By the automaton alone.
    #[cfg(any(test, feature = "testing"))]
    #[must_use]
    pub fn plain(mut self) -> Self {
        self.list.plain();
        self.beginning = None;
        self
    }

    /// Goes on with the search, for at most about `budget` bytes.
    pub fn step(&mut self, haystack: &[u8], budget: usize) -> Step {
        let mut left = signed(budget);
        if let Some(list) = self.pattern.list() {
            return match self.list.next(list, haystack, self.from, &mut left) {
                needles::Next::Match(found) => Step::Match(found.into()),
                needles::Next::More => Step::More,
                needles::Next::None => Step::Done,
            };
        }
        loop {
            if left < 0 {
                return Step::More;
            }
            match std::mem::replace(&mut self.phase, Phase::Done) {
                Phase::Done => return Step::Done,
                Phase::Idle => self.begin(haystack),
                Phase::Seek(until) => self.seek(haystack, until, &mut left),
                Phase::Backward(run) => self.backward(haystack, run, &mut left),
                Phase::Forward {
                    start,
                    mut scan,
                    then,
                } => {
                    let before = left;
                    let step = scan.search(haystack, &mut left);
                    self.debt += before - left;
                    match step {
                        Step::More => {
                            self.phase = Phase::Forward { start, scan, then };
                            return Step::More;
                        }
                        Step::Match(span) if span.start == start => return Step::Match(span),
                        // The start lies inside of a character, or the match has vanished meanwhile; or a literal
                        // stands there and no match.
                        Step::Match(_) | Step::Done => {
                            self.phase = match then {
                                Then::Nothing => Phase::Done,
                                Then::Seek => Phase::Seek(start),
                                Then::Backward(run) => Phase::Backward(run),
                            };
                        }
                    }
                }
            }
        }
    }

    fn begin(&mut self, haystack: &[u8]) {
        let end = haystack.len();
        if self.from > end {
            return;
        }
        if self.pattern.is_sticky() {
            self.phase = self.forward(self.from, end, Then::Nothing);
            return;
        }
        if self.beginning.is_some() {
            self.phase = Phase::Seek(end);
            return;
        }
        let automaton = self.pattern.backward();
        let after = text::after(haystack, end, automaton.program.whole);
        let state = automaton.start(&mut self.caches.of(&self.pattern).backward, after, false);
        if state != DEAD {
            self.phase = Phase::Backward(Run {
                state,
                at: end,
                found: None,
            });
        }
    }

    fn forward(&self, start: usize, end: usize, then: Then) -> Phase {
        let scan = Box::new(Scan::new(&self.pattern, start, end).sticky());
        Phase::Forward { start, scan, then }
    }

    /// Looks for the literal that every match begins with.
    fn seek(&mut self, haystack: &[u8], until: usize, left: &mut isize) {
        let Some(literal) = self.beginning.as_mut().filter(|_| self.debt < CREDIT) else {
            self.beginning = None;
            self.phase = Phase::Idle;
            return;
        };
        let until = until.min(haystack.len());
        if until <= self.from {
            return;
        }
        let window = usize::try_from(*left).unwrap_or(0).clamp(4096, WINDOW);
        let low = self.from.max(until.saturating_sub(window));
        // A place before `until` may be of a literal that reaches behind it.
        let high = haystack.len().min(until + literal.needle().len() - 1);
        let found = literal.rfind(&haystack[low..high]).map(|at| low + at);
        let passed = signed(until - found.unwrap_or(low));
        *left -= passed;
        self.debt = (self.debt - passed).max(-16 * CREDIT);
        let segments = self.pattern.plan().segments.as_ref();
        self.phase = match found {
            // Most places are told from a match without the automaton.
            Some(start)
                if let Some(segments) = segments
                    && let Found::None(seen) = look_once(segments, haystack, start) =>
            {
                let read = GLANCE + signed(seen - start);
                *left -= read;
                self.debt += read;
                Phase::Seek(start)
            }
            Some(start) => {
                *left -= LOOK;
                self.debt += LOOK;
                self.forward(start, haystack.len(), Then::Seek)
            }
            None => Phase::Seek(low),
        };
    }

    fn backward(&mut self, haystack: &[u8], mut run: Run, left: &mut isize) {
        let automaton = self.pattern.backward();
        let whole = automaton.program.whole;
        loop {
            if let Some((start, _)) = run.found.take() {
                self.phase = self.forward(start, haystack.len(), Then::Backward(run));
                return;
            }
            if self.is_read {
                return;
            }
            if *left < 0 {
                self.phase = Phase::Backward(run);
                return;
            }
            let rest = usize::try_from(*left).unwrap_or(0).max(64);
            let mut limit = self.from.max(run.at.saturating_sub(rest));
            if whole.any() && limit < run.at {
                limit = Ahead::before(whole, haystack, run.at, limit);
            }
            let cache = &mut self.caches.of(&self.pattern).backward;
            let pause = if limit >= run.at {
                *left -= 1;
                self.is_read = run.at <= self.from;
                run.symbol_before(automaton, cache, haystack)
            } else {
                run.backward(automaton, cache, haystack, limit, true, left)
            };
            if pause == Pause::Dead {
                return;
            }
        }
    }
}

impl Drop for ReverseScan {
    fn drop(&mut self) {
        self.caches.give_back(&self.pattern);
    }
}
