//! Finds the match that starts last.
//!
//! The automaton that reads backward starts at the end and finds the last place at which a match starts. Then the
//! automaton that reads forward finds which match starts there.
//!
//! If every match begins with a literal, its places are looked at first, from the last one on. Other patterns are looked
//! for in one part of the haystack after the other, from the end on, by the filters of the search from the front; where
//! one lets something through, the automaton reads that part. When that costs more than it spares, the automaton that
//! reads backward takes over, so that no byte is read more than a few times.

use super::sift::{Part, Sift};
use super::text;
use super::{Scan, Step};
use crate::pattern::automata::lazy::DEAD;
use crate::pattern::automata::run::{Ahead, Pause, Run};
use crate::pattern::bits::{Found, look_once};
#[cfg(any(test, feature = "testing"))]
use crate::pattern::filter::Choice;
use crate::pattern::needles;
use crate::pattern::pool::Lent;
use crate::pattern::{Pattern, signed};
use crate::search::Shared;

#[derive(Debug)]
enum Phase {
    Idle,
    /// It looks for the last place before this one at which the literal stands.
    Seek(usize),
    /// It looks for the last part in which a match may start.
    Sift,
    /// It looks at these places, from the last one on.
    Try(Vec<usize>),
    /// It looks for a start that is not below a place.
    Backward(Run, usize),
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
    Try(Vec<usize>),
    Backward(Run, usize),
}

/// How many bytes the automaton reads before a filter is chosen, and how many must be left then.
const HEAD: usize = 4 << 10;
const ENOUGH: usize = 16 << 10;

/// How far behind a part the automaton begins at most, and how many places are looked at one by one instead.
const FAR: usize = 64 << 10;
const FEW: usize = 16;

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
    /// The filter, once it is chosen, and whether one may be.
    sift: Option<Sift>,
    is_plain: bool,
    /// How many bytes more were read in vain than were passed.
    debt: isize,
    /// Whether the symbol before the last place of a run has been read.
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
            beginning: (!pattern.ends_at_end())
                .then(|| pattern.plan().beginning().cloned())
                .flatten(),
            sift: None,
            is_plain: false,
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
        self.is_plain = true;
        self
    }

    /// By one filter, whatever it costs, in parts of a few bytes; `None` if the pattern does not have it.
    #[cfg(any(test, feature = "testing"))]
    pub(crate) fn forced(mut self, choice: Choice, haystack: &[u8]) -> Option<Self> {
        let candidates = self.pattern.plan().forced(choice);
        let way = (choice, candidates);
        let sift = Sift::new(&self.pattern, way, haystack, haystack.len())?;
        self.sift = Some(sift.small());
        self.beginning = None;
        self.debt = isize::MIN / 2;
        Some(self)
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
                Phase::Sift => self.sift(haystack, &mut left),
                Phase::Try(mut places) => {
                    self.phase = match places.pop() {
                        None => Phase::Sift,
                        Some(start) => {
                            left -= LOOK;
                            self.debt += LOOK;
                            self.forward(start, haystack.len(), Then::Try(places))
                        }
                    };
                }
                Phase::Backward(run, floor) => self.backward(haystack, run, floor, &mut left),
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
                                Then::Try(places) => Phase::Try(places),
                                Then::Backward(run, floor) => Phase::Backward(run, floor),
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
        let is_first = self.pattern.starts_at_start() && !self.is_plain;
        if self.pattern.is_sticky() || is_first {
            self.phase = self.forward(self.from, end, Then::Nothing);
            return;
        }
        if self.beginning.is_some() {
            self.phase = Phase::Seek(end);
            return;
        }
        if self.sift.is_some() {
            self.phase = Phase::Sift;
            return;
        }
        let has_ways = !self.is_plain && !self.ends_at_end() && self.pattern.plan().has_ways();
        let is_long = end - self.from > HEAD + ENOUGH;
        let floor = if has_ways && is_long {
            end - HEAD
        } else {
            self.from
        };
        self.run(haystack, end, floor);
    }

    /// Whether a match is looked for only where it ends at the haystack's end.
    fn ends_at_end(&self) -> bool {
        self.pattern.ends_at_end() && !self.is_plain
    }

    /// Starts the automaton, which reads backward, behind all matches that start at `floor` or later.
    fn run(&mut self, haystack: &[u8], end: usize, floor: usize) {
        let automaton = self.pattern.backward();
        let after = text::after(haystack, end, automaton.program.whole);
        let is_anchored = self.ends_at_end() && end == haystack.len();
        let cache = &mut self.caches.of(&self.pattern).backward;
        let state = automaton.start(cache, after, is_anchored);
        self.is_read = false;
        if state != DEAD {
            let run = Run {
                state,
                at: end,
                found: None,
            };
            self.phase = Phase::Backward(run, floor);
        }
    }

    /// A run has found nothing down to a place.
    fn run_is_over(&mut self, haystack: &[u8], run: Run, floor: usize) {
        if floor <= self.from {
            return;
        }
        if self.sift.is_none() {
            let way = self.pattern.plan().choose_back(haystack, self.from, floor);
            self.sift = Sift::new(&self.pattern, way, haystack, floor);
        }
        self.phase = if self.sift.is_some() {
            Phase::Sift
        } else {
            self.is_read = false;
            Phase::Backward(run, self.from)
        };
    }

    /// Looks at the next part by the filter.
    fn sift(&mut self, haystack: &[u8], left: &mut isize) {
        let Some(sift) = &mut self.sift else {
            return;
        };
        let before = sift.high.min(haystack.len());
        if before <= self.from {
            return;
        }
        let rows = &mut self.caches.of(&self.pattern).rows;
        let room = usize::try_from(*left).unwrap_or(0);
        let part = sift.next(&self.pattern, rows, haystack, self.from, room);
        let passed = signed(before - sift.high);
        *left -= passed + 64;
        self.debt = (self.debt - passed).max(-16 * CREDIT);
        let Some(part) = part else {
            self.phase = Phase::Sift;
            return;
        };
        if let Some(end) = self.behind(haystack, part) {
            self.debt += 2 * signed(end - part.first);
            let floor = if self.debt > CREDIT {
                self.from
            } else {
                part.first
            };
            self.run(haystack, end, floor);
            return;
        }
        let sift = self.sift.as_mut().filter(|_| self.debt <= CREDIT);
        match sift.and_then(|sift| sift.starts(haystack, part, FEW)) {
            Some(places) => self.phase = Phase::Try(places),
            None => self.run(haystack, haystack.len(), self.from),
        }
    }

    /// A place behind all matches that start in a part, if there is one near it.
    fn behind(&self, haystack: &[u8], part: Part) -> Option<usize> {
        if part.line_end.is_some() {
            return part.line_end;
        }
        if let Some(most) = self.pattern.longest().filter(|most| *most <= FAR) {
            let mut end = haystack.len().min(part.high + most);
            while !text::is_boundary(haystack, end, self.pattern.encoding()) {
                end += 1;
            }
            return Some(end);
        }
        if self.pattern.may_have_newline() {
            return None;
        }
        let from = part.high.saturating_sub(1).max(part.first);
        let until = haystack.len().min(from + FAR);
        match memchr::memchr(b'\n', &haystack[from..until]) {
            Some(at) => Some(from + at),
            None => (until == haystack.len()).then_some(until),
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

    fn backward(&mut self, haystack: &[u8], mut run: Run, floor: usize, left: &mut isize) {
        let automaton = self.pattern.backward();
        let whole = automaton.program.whole;
        loop {
            if let Some((start, _)) = run.found.take() {
                self.phase = self.forward(start, haystack.len(), Then::Backward(run, floor));
                return;
            }
            if self.is_read {
                self.run_is_over(haystack, run, floor);
                return;
            }
            if *left < 0 {
                self.phase = Phase::Backward(run, floor);
                return;
            }
            let rest = usize::try_from(*left).unwrap_or(0).max(64);
            let mut limit = floor.max(run.at.saturating_sub(rest));
            if whole.any() && limit < run.at {
                limit = Ahead::before(whole, haystack, run.at, limit);
            }
            let cache = &mut self.caches.of(&self.pattern).backward;
            let pause = if limit >= run.at {
                *left -= 1;
                self.is_read = run.at <= floor;
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
