//! Decides in which way a search goes on, and when it changes the way.
//!
//! A search begins with the automaton alone, because most matches that are found at all are found early. Then a
//! sample decides which way is cheapest. If the runs from candidates read more bytes than the search advances, the
//! automaton alone goes on for a stretch. Each stretch is twice as long as the one before, so that no byte is read
//! more than a few times, whatever the haystack is.

use crate::pattern::filter::{Asked, Candidates, Choice, Plan};
use crate::pattern::{Pattern, signed};
use memchr::memrchr;

/// How many bytes are searched before a way is chosen: by the automaton alone, and by another way, for which it is less
/// urgent.
const HEAD: usize = 4 << 10;
const LONG_HEAD: usize = 64 << 10;
/// How many bytes must be left then: for fewer, choosing costs more than it saves.
const ENOUGH: usize = 16 << 10;

/// How many more bytes candidates may read than the search advances; and candidates of what is rare in most texts only.
const CREDIT: isize = 64 << 10;
const GUESS: isize = 512;

/// What a line with a candidate costs in bytes, besides its own.
const OF_LINE: usize = 64;

/// The length of the first stretch for the automaton alone.
const STRETCH: usize = 256 << 10;

/// In how many bytes around a candidate the ends of its line are looked for at first.
const LINE: usize = 64 << 10;

/// Where a run ends.
#[derive(Clone, Copy, Debug)]
pub(super) struct Until {
    pub(super) at: usize,
    /// Whether the searched range ends there too.
    pub(super) is_end: bool,
}

/// What the search does next.
#[derive(Clone, Copy, Debug)]
pub(super) enum Next {
    /// An unanchored run.
    Run,
    /// An anchored run from this place.
    Try(usize),
    /// The pattern is a literal, which stands here.
    Match(usize),
    /// Ask again.
    More,
    /// Nothing is left.
    None,
}

/// What follows a run that has found nothing.
#[derive(Clone, Copy, Debug)]
pub(super) enum Over {
    /// The same run goes on.
    GoOn,
    /// Ask again.
    Again,
    Done,
}

/// In how many bytes candidates are looked for at once.
pub(super) fn window(left: isize) -> usize {
    usize::try_from(left).unwrap_or(0).clamp(HEAD, STRETCH)
}

#[derive(Debug)]
pub(super) struct Ways {
    choice: Choice,
    candidates: Option<Candidates>,
    /// Where the way is chosen; `None` once it is.
    head: Option<usize>,
    /// Candidates are looked for from this place on.
    seek: usize,
    /// The end of the line or word that is searched, as far as it is known.
    line: Until,
    /// The automaton alone goes on up to this place.
    plain: usize,
    stretch: usize,
    /// How many more bytes candidates have read than the search has advanced.
    debt: isize,
    /// Whether the way was chosen for what is rare in most texts.
    is_guess: bool,
    asked: Asked,
}

impl Ways {
    pub(super) fn new(plan: &Plan, from: usize, stop: usize) -> Self {
        let head = match plan.segments {
            Some(_) => LONG_HEAD,
            None => HEAD,
        };
        let head = (plan.has_ways() && stop.saturating_sub(from) > head + ENOUGH - HEAD)
            .then_some(from + head);
        let mut ways = Self {
            choice: Choice::Plain,
            candidates: None,
            head,
            seek: from,
            line: Until {
                at: 0,
                is_end: false,
            },
            plain: 0,
            stretch: STRETCH,
            debt: 0,
            is_guess: false,
            asked: Asked::One,
        };
        if plan.segments.is_some() {
            ways.choice = Choice::Bits;
        }
        if let Some((choice, candidates)) = plan.at_once() {
            let is_guess = plan.is_guess();
            let head = ways.head.filter(|_| is_guess || plan.segments.is_some());
            ways.take(choice, Some(candidates));
            ways.head = head;
            ways.is_guess = is_guess;
        }
        ways
    }

    pub(super) fn take(&mut self, choice: Choice, candidates: Option<Candidates>) {
        self.head = None;
        self.is_guess = false;
        self.choice = choice;
        self.candidates = candidates;
        // What another way has passed may have a match of this one.
        self.resume(0);
    }

    pub(super) fn resume(&mut self, from: usize) {
        self.seek = from;
        self.line.at = 0;
    }

    /// Forgets what was read ahead: a step begins, and the haystack may be another.
    pub(super) fn begin(&mut self, asked: Asked) {
        self.asked = asked;
        if let Some(candidates) = &mut self.candidates {
            candidates.forget();
        }
    }

    /// Whether only the number of matches is asked for.
    pub(super) fn is_count(&self) -> bool {
        self.asked == Asked::Number
    }

    /// Notes that a match ended here.
    pub(super) fn found(&mut self, end: usize) {
        self.seek = self.seek.max(end);
    }

    /// Notes how far a run has read from a candidate, or behind its match.
    pub(super) fn tried(&mut self, from: usize, at: usize) {
        self.spent(at.saturating_sub(from) + 16, at);
    }

    /// Whether the next match is looked for in rows of bits.
    pub(super) fn is_by_bits(&self, from: usize) -> bool {
        self.choice == Choice::Bits && from >= self.plain
    }

    /// Whether the next match is looked for by events.
    pub(super) fn is_by_events(&self, from: usize) -> bool {
        self.choice == Choice::Events && from >= self.plain
    }

    /// The automaton alone goes on for a while.
    pub(super) fn leave(&mut self, at: usize) {
        self.debt = 0;
        self.plain = at.saturating_add(self.stretch);
        self.stretch = self.stretch.saturating_mul(2);
    }

    /// Whether candidates for a start can be asked for many at a time.
    pub(super) fn is_by_starts(&self, from: usize) -> bool {
        let candidates = self.candidates.as_ref();
        self.choice == Choice::Starts
            && from >= self.plain
            && candidates.is_some_and(Candidates::has_batches)
    }

    pub(super) fn candidates(&mut self) -> Option<&mut Candidates> {
        self.candidates.as_mut()
    }

    /// Up to where that is so.
    pub(super) fn until_choice(&self, from: usize, stop: usize) -> usize {
        self.head
            .filter(|head| *head > from)
            .map_or(stop, |head| head.min(stop))
    }

    /// The search has come that far without the automaton.
    pub(super) fn walked(&mut self, from: usize, to: usize, wasted: usize) {
        self.advanced(to - from);
        self.spent(wasted, to);
    }

    /// It has come to where the way is looked at again.
    pub(super) fn head_is_over(
        &mut self,
        pattern: &Pattern,
        haystack: &[u8],
        from: usize,
        stop: usize,
    ) {
        if self.head.is_some_and(|head| from >= head) {
            self.choose(pattern, haystack, from, stop);
        }
    }

    /// Notes bytes that were read in vain.
    #[inline(never)]
    fn spent(&mut self, bytes: usize, at: usize) {
        let bytes = signed(bytes);
        self.debt = self.debt.saturating_add(bytes);
        if self.is_guess && self.debt > GUESS {
            let head = self.head;
            self.debt = 0;
            self.take(Choice::Plain, None);
            self.head = head;
        } else if self.debt > CREDIT {
            self.leave(at);
        }
    }

    fn advanced(&mut self, bytes: usize) {
        let bytes = signed(bytes);
        self.debt = self.debt.saturating_sub(bytes).max(-16 * CREDIT);
    }

    /// What to do next from `from`, which is moved past places at which no match can start.
    pub(super) fn next(
        &mut self,
        pattern: &Pattern,
        haystack: &[u8],
        from: &mut usize,
        stop: usize,
        left: &mut isize,
    ) -> Next {
        if self.head.is_some_and(|head| *from >= head) {
            self.choose(pattern, haystack, *from, stop);
        }
        if *from >= self.plain {
            self.plain = 0;
        }
        let in_line = *from < self.line.at;
        let is_automaton = matches!(self.choice, Choice::Plain | Choice::Bits | Choice::Events);
        if is_automaton || *from < self.plain || in_line {
            return Next::Run;
        }
        let Some(candidates) = &mut self.candidates else {
            return Next::Run;
        };
        let seek = self.seek.max(*from);
        let until = stop.min(seek.saturating_add(window(*left)));
        let found = candidates.find(haystack, seek, until);
        let is_literal =
            pattern.plan().is_literal && candidates.is_literal() && !pattern.has_tail();
        let passed = found.unwrap_or(until) - seek.min(found.unwrap_or(until));
        *left -= signed(passed);
        self.advanced(passed);
        let Some(found) = found else {
            self.seek = until;
            if self.choice != Choice::Lines {
                *from = until;
            }
            return if until >= stop {
                Next::None
            } else {
                Next::More
            };
        };
        if self.choice == Choice::Starts {
            self.seek = found;
            return if is_literal {
                Next::Match(found)
            } else {
                Next::Try(found)
            };
        }
        // Before the line or word of the candidate there is no other candidate, and so no match.
        let near = (*from).max(found.saturating_sub(LINE));
        let plan = pattern.plan();
        if let Some(last) = plan.last_apart(&haystack[near..found]) {
            *from = near + last + 1;
        }
        self.line.at = found;
        self.extend_line(plan, haystack, stop);
        if self.is_guess {
            self.spent(OF_LINE, found);
        }
        Next::Run
    }

    /// Looks for the end of the line a little farther on.
    fn extend_line(&mut self, plan: &Plan, haystack: &[u8], stop: usize) {
        let from = self.line.at;
        let near = stop.min(from.saturating_add(LINE));
        let end = plan.first_apart(&haystack[from..near]);
        self.line = Until {
            at: end.map_or(near, |end| from + end),
            is_end: end.is_some() || near == stop,
        };
        self.seek = self.line.at;
    }

    /// Where a run ends.
    pub(super) fn until(&self, stop: usize) -> Until {
        if self.line.at > 0 && self.choice == Choice::Lines {
            return self.line;
        }
        let soft = match self.head {
            Some(head) => head,
            None if self.choice != Choice::Plain && self.plain > 0 => self.plain,
            None => stop,
        };
        Until {
            at: stop.min(soft),
            is_end: soft >= stop,
        }
    }

    /// Notes that a run has ended at `at` without a match.
    pub(super) fn run_is_over(
        &mut self,
        pattern: &Pattern,
        haystack: &[u8],
        from: &mut usize,
        at: usize,
        stop: usize,
    ) -> Over {
        if self.line.at > 0 && self.choice == Choice::Lines {
            if !self.line.is_end {
                self.extend_line(pattern.plan(), haystack, stop);
                return Over::GoOn;
            }
            *from = self.line.at + 1;
            self.line.at = 0;
            return if *from > stop {
                Over::Done
            } else {
                Over::Again
            };
        }
        if at >= stop {
            return Over::Done;
        }
        if self.head.is_some() {
            self.choose(pattern, haystack, *from, stop);
            return if self.choice == Choice::Plain {
                Over::GoOn
            } else {
                Over::Again
            };
        }
        // The stretch for the automaton alone is over. A match may have started before this place. From the first
        // place on at which that is impossible, candidates are looked for again.
        let back = match pattern.longest() {
            Some(most) => Some(at.saturating_sub(most)),
            None if !pattern.may_have_newline() => {
                let near = (*from).max(at.saturating_sub(LINE));
                memrchr(b'\n', &haystack[near..at]).map(|newline| near + newline + 1)
            }
            None => None,
        };
        match back {
            Some(back) if back > *from => {
                *from = back;
                self.plain = 0;
                Over::Again
            }
            _ => {
                self.plain = at.saturating_add(self.stretch);
                Over::GoOn
            }
        }
    }

    fn choose(&mut self, pattern: &Pattern, haystack: &[u8], from: usize, stop: usize) {
        let eventful = pattern.eventful();
        let plan = pattern.plan();
        let (choice, candidates) = plan.choose(eventful, self.asked, haystack, from, stop);
        self.take(choice, candidates);
    }
}
