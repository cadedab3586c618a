//! Finds all matches, from the front, by whatever way is best.

use super::guard::{Answer, Guard};
use super::look::Sizes;
use super::memo::Memo;
use super::parts::{Parts, Stretch};
use super::short::start_of;
use super::sink::Sink;
use super::starts::{self, Is};
use super::text;
use super::ways::{Next, Over, Until, Ways};
use super::{Progress, Span};
use crate::pattern::automata::lazy::DEAD;
use crate::pattern::automata::run::{Ahead, Pause, Run};
use crate::pattern::bits::{Events, Found, Row, Stop, Walk, look_once};
#[cfg(any(test, feature = "testing"))]
use crate::pattern::filter::Choice;
use crate::pattern::pool::Lent;
use crate::pattern::signed;
use crate::pattern::{End, Pattern};

/// How many bytes of a plain run take as long as one byte of the automaton of groups.
const GROUPS_COST: isize = 8;

/// How many bytes of a run need no notes, and how many before a match are read at once.
const NEAR: usize = 63;
const FAR: usize = 1 << 10;

/// How many more bytes lookaheads may read than the search advances, and how many bytes at least are then searched in
/// the way that decides them for themselves.
const CREDIT: isize = 64 << 10;
const STRETCH: usize = 256 << 10;

#[derive(Clone, Copy, Debug)]
enum Phase {
    /// Between two matches.
    Idle,
    /// It looks for the end of the next match.
    Forward(Run),
    /// It looks for the start of that match.
    Backward { run: Run, end: usize, pattern: u32 },
    /// It runs from a place at which a match may start.
    Try { start: usize, run: Run },
}

/// A search from the front, which can be interrupted.
#[derive(Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a fact of its own about the search"
)]
pub(super) struct Search {
    pattern: Pattern,
    caches: Lent,
    phase: Phase,
    /// Where the next match may start.
    from: usize,
    /// Matches start before this place; or at it, if the haystack ends there.
    stop: usize,
    /// Whether it is enough to know that a line has a match.
    earliest: bool,
    /// Whether a match must start exactly where the one before has ended; or where the haystack starts, which comes to
    /// the same.
    sticky: bool,
    /// Whether a match must end where the haystack ends, so that it is looked for from there.
    from_end: bool,
    ahead: Ahead,
    memo: Memo,
    /// How many more bytes lookaheads have read than the search has advanced.
    debt: isize,
    /// Up to this place lookaheads are decided for themselves.
    guarded: usize,
    guard: Option<Box<Guard>>,
    ways: Ways,
    walk: Walk,
    events: Events,
    parts: Parts,
    is_done: bool,
}

impl Search {
    /// All matches in `[from, stop)` of a haystack. Assertions can see what stands before `from`. If `stop` is not
    /// the haystack's end, it must lie behind a newline, and the pattern must not match newlines.
    pub(super) fn new(pattern: &Pattern, from: usize, stop: usize) -> Self {
        Self {
            pattern: pattern.clone(),
            caches: Lent::default(),
            phase: Phase::Idle,
            from,
            stop,
            earliest: false,
            sticky: pattern.is_sticky() || pattern.starts_at_start(),
            from_end: pattern.ends_at_end(),
            ahead: Ahead::default(),
            memo: Memo::default(),
            debt: 0,
            guarded: 0,
            guard: None,
            ways: Ways::new(pattern.plan(), from, stop),
            walk: Walk::new(from),
            events: Events::new(),
            parts: Parts::new(pattern, from),
            is_done: from > stop,
        }
    }

    /// Looks for one place of a match in each line. For patterns that match no newline.
    pub(super) fn earliest(&mut self) {
        // An empty match has to be looked at: inside of a character it is none.
        self.earliest = !self.pattern.has_tail() && !self.pattern.is_nullable();
    }

    /// Uses one way, whatever it costs. Returns whether the pattern has it.
    #[cfg(any(test, feature = "testing"))]
    pub(super) fn forced(&mut self, choice: Choice) -> bool {
        self.parts.force(false);
        self.sticky = self.pattern.is_sticky();
        self.from_end = false;
        let candidates = self.pattern.plan().forced(choice);
        let has_it = match choice {
            Choice::Plain => true,
            Choice::Bits => self.pattern.plan().segments.is_some(),
            Choice::Events => self.pattern.eventful().is_some(),
            _ => candidates.is_some(),
        };
        if has_it {
            self.ways.take(choice, candidates);
        }
        has_it
    }

    /// Decides lookaheads for themselves from the beginning. Returns whether the pattern has any.
    #[cfg(any(test, feature = "testing"))]
    pub(super) fn guarded(&mut self) -> bool {
        let guard = self
            .pattern
            .guarded()
            .map(|guarded| Guard::new(guarded, Sizes::SMALL));
        self.guard = guard.map(Box::new);
        self.guarded = usize::MAX;
        self.guard.is_some()
    }

    /// Runs four times at once wherever it can. Returns whether it ever can.
    #[cfg(any(test, feature = "testing"))]
    pub(super) fn in_parts(&mut self) -> bool {
        self.sticky = self.pattern.is_sticky();
        self.from_end = false;
        self.ways.take(Choice::Plain, None);
        self.parts.force(true)
    }

    /// Finds only a match that starts exactly at `from`, then one that starts where that ends, and so on.
    pub(super) fn sticky(&mut self) {
        self.sticky = true;
    }

    /// Whether many matches at a time cost less than one after the other.
    pub(super) fn has_many(&self) -> bool {
        let from = self.from;
        let has_rows = self.ways.is_by_bits(from) || self.ways.is_by_events(from);
        !self.from_end && !self.sticky && (has_rows || self.is_by_starts())
    }

    /// Writes where matches start from a place on, if all of those in a stretch are known at once. Returns for how many
    /// words. The search has to [`resume`](Self::resume) afterwards.
    pub(super) fn starts(&mut self, haystack: &[u8], from: usize, row: &mut Row) -> Option<usize> {
        let stop = self.stop.min(haystack.len());
        let segments = self.pattern.0.plan.segments.as_ref()?;
        self.ways.head_is_over(&self.pattern, haystack, from, stop);
        if from >= stop || !self.ways.is_by_bits(from) || self.sticky || self.from_end {
            return None;
        }
        let rows = &mut self.caches.of(&self.pattern).rows;
        self.walk.starts(segments, rows, haystack, from, row)
    }

    /// Where the next match may start.
    pub(super) fn position(&self) -> usize {
        self.from
    }

    /// Goes on from another place than the end of the last match.
    pub(super) fn resume(&mut self, from: usize) {
        self.phase = Phase::Idle;
        self.paid(signed(from.saturating_sub(self.from)));
        self.from = from;
        if let Some(guard) = &mut self.guard {
            guard.resume();
        }
        self.ways.resume(from);
        self.walk.resume(from);
        self.events.resume();
        self.parts.resume(from);
        self.is_done = from > self.stop;
    }

    /// Gives matches to `sink` while the budget lasts.
    pub(super) fn search_into(
        &mut self,
        haystack: &[u8],
        left: &mut isize,
        sink: &mut Sink<'_>,
    ) -> Progress {
        self.ways.begin(sink.asked());
        loop {
            if self.is_done {
                return Progress::Done;
            }
            if *left < 0 {
                return Progress::More;
            }
            let found = match self.phase {
                Phase::Idle if self.from < self.guarded => self.by_guard(haystack, left),
                Phase::Idle if self.from_end && !self.sticky => {
                    self.begin_at_end(haystack);
                    None
                }
                Phase::Idle if self.ways.is_by_events(self.from) && !self.sticky => {
                    if self.by_events(haystack, left, sink) {
                        return Progress::Full;
                    }
                    None
                }
                Phase::Idle if self.ways.is_by_bits(self.from) && !self.sticky => {
                    if self.by_bits(haystack, left, sink) {
                        return Progress::Full;
                    }
                    None
                }
                Phase::Idle if sink.is_many() && self.is_by_starts() => {
                    if self.by_starts(haystack, left, sink) {
                        return Progress::Full;
                    }
                    None
                }
                Phase::Idle => self.begin(haystack, left),
                Phase::Forward(run) => self.forward(haystack, run, left),
                Phase::Backward { run, end, pattern } => {
                    self.backward(haystack, run, end, pattern, left)
                }
                Phase::Try { start, run } => self.attempt(haystack, start, run, left),
            };
            // Each round costs something, even if it reads no byte.
            *left -= 8;
            if let Some(span) = found
                && sink.push(span)
            {
                return Progress::Full;
            }
        }
    }

    /// By rows of bits. Whether there are as many matches as were asked for.
    fn by_bits(&mut self, haystack: &[u8], left: &mut isize, sink: &mut Sink<'_>) -> bool {
        let stop = self.stop.min(haystack.len());
        let Some(segments) = &self.pattern.0.plan.segments else {
            self.is_done = true;
            return false;
        };
        let place = self.walk.place(self.from);
        self.ways.head_is_over(&self.pattern, haystack, place, stop);
        if !self.ways.is_by_bits(self.from) {
            return false;
        }
        // Many a first match stands where the search begins, and for that one no rows are worth filling.
        if self.walk.is_new()
            && !sink.is_count()
            && self.from < stop
            && let Found::Match(end) = look_once(segments, haystack, self.from)
        {
            let start = self.from;
            self.from = end;
            self.walk.resume(end);
            return sink.push(Span {
                start,
                end,
                pattern: 0,
            });
        }
        // The way is looked at again where it has to be.
        let here = self.ways.until_choice(place, stop);
        let began = self.from;
        let rows = &mut self.caches.of(&self.pattern).rows;
        let stopped = self
            .walk
            .go(segments, rows, haystack, &mut self.from, here, left, sink);
        let wasted = std::mem::take(&mut self.walk.wasted);
        self.ways.walked(began, self.from, wasted);
        match stopped {
            Stop::Full => return true,
            Stop::Over if here >= stop => self.is_done = true,
            Stop::Spent | Stop::Over => {}
            Stop::Ask(start) => self.try_at(haystack, start),
        }
        false
    }

    /// From event to event. Whether there are as many matches as were asked for.
    fn by_events(&mut self, haystack: &[u8], left: &mut isize, sink: &mut Sink<'_>) -> bool {
        let stop = self.stop.min(haystack.len());
        let Some(eventful) = self.pattern.eventful() else {
            self.is_done = true;
            return false;
        };
        let rows = &mut self.caches.of(&self.pattern).rows;
        let from = &mut self.from;
        match self
            .events
            .go(eventful, rows, haystack, from, stop, left, sink)
        {
            Stop::Full => return true,
            Stop::Over => self.is_done = true,
            Stop::Spent => {}
            Stop::Ask(place) => self.ways.leave(place),
        }
        false
    }

    /// Whether the places of a literal can be asked for many at a time.
    fn is_by_starts(&self) -> bool {
        let plan = &self.pattern.0.plan;
        !self.sticky
            && !self.pattern.has_tail()
            && (plan.is_literal || plan.segments.is_some())
            && self.ways.is_by_starts(self.from)
    }

    /// By the automaton of the pattern without its lookaheads.
    fn by_guard(&mut self, haystack: &[u8], left: &mut isize) -> Option<Span> {
        let stop = self.stop.min(haystack.len());
        if self.from > stop || (self.from == stop && stop < haystack.len()) {
            self.is_done = true;
            return None;
        }
        let pattern = self.pattern.clone();
        let Some(guarded) = pattern.guarded() else {
            self.guarded = 0;
            return None;
        };
        if !self.sticky {
            self.skip_rest_of_character(haystack);
        }
        let guard = self
            .guard
            .get_or_insert_with(|| Box::new(Guard::new(guarded, Sizes::USUAL)));
        let range = (self.from, stop);
        match guard.next(guarded, haystack, range, self.sticky, left) {
            Answer::More => None,
            Answer::Match {
                start,
                end,
                pattern,
            } => self.matched(haystack, start, end, pattern),
            Answer::Gone(end) => {
                self.from = end.max(self.from + 1);
                None
            }
            Answer::None => {
                self.is_done = true;
                None
            }
        }
    }

    /// From the places of a literal. Whether there are as many matches as were asked for.
    fn by_starts(&mut self, haystack: &[u8], left: &mut isize, sink: &mut Sink<'_>) -> bool {
        let stop = self.stop.min(haystack.len());
        self.ways
            .head_is_over(&self.pattern, haystack, self.from, stop);
        if !self.ways.is_by_starts(self.from) {
            return false;
        }
        let until = self.ways.until_choice(self.from, stop);
        let plan = &self.pattern.0.plan;
        let Some(candidates) = self.ways.candidates() else {
            return false;
        };
        let is = match &plan.segments {
            _ if plan.is_literal => Is::Match(self.pattern.fixed_len().unwrap_or(0)),
            Some(segments) => Is::Start(segments),
            None => return false,
        };
        let began = self.from;
        let gone = starts::go(candidates, &is, haystack, &mut self.from, until, left, sink);
        self.walk.resume(self.from);
        self.ways.resume(self.from);
        self.ways.walked(began, self.from, gone.wasted);
        match gone.stop {
            Stop::Full => return true,
            Stop::Over if until >= stop => self.is_done = true,
            Stop::Spent | Stop::Over => {}
            Stop::Ask(start) => self.try_at(haystack, start),
        }
        false
    }

    /// Starts a run back from the haystack's end. Where the search ends behind a newline before that, no match starts.
    fn begin_at_end(&mut self, haystack: &[u8]) {
        let end = haystack.len();
        if self.from > end || self.stop < end {
            self.is_done = true;
            return;
        }
        self.phase = self.back_from(haystack, end, 0);
    }

    fn begin(&mut self, haystack: &[u8], left: &mut isize) -> Option<Span> {
        let stop = self.stop.min(haystack.len());
        if self.from > stop || (self.from == stop && stop < haystack.len()) {
            self.is_done = true;
            return None;
        }
        if self.sticky {
            self.try_at(haystack, self.from);
            return None;
        }
        match self
            .ways
            .next(&self.pattern, haystack, &mut self.from, stop, left)
        {
            Next::Run => return self.run(haystack, stop, left),
            Next::Try(start) => return self.look_at(haystack, start, left),
            Next::Match(start) => {
                let len = self.pattern.fixed_len().unwrap_or(0);
                return self.found(haystack, start, start + len, 0, left);
            }
            Next::More => {}
            Next::None => self.is_done = true,
        }
        None
    }

    /// Looks at one place, with an anchored run if it takes one.
    fn look_at(&mut self, haystack: &[u8], start: usize, left: &mut isize) -> Option<Span> {
        let segments = self.pattern.0.plan.segments.as_ref();
        match segments.map(|segments| look_once(segments, haystack, start)) {
            Some(Found::Match(end)) => {
                *left -= signed(end - start);
                self.ways.tried(end, end);
                return self.found(haystack, start, end, 0, left);
            }
            Some(Found::None(seen)) => {
                *left -= signed(seen - start);
                self.ways.tried(start, seen);
                self.from = start + 1;
            }
            Some(Found::Ask | Found::Beyond) | None => self.try_at(haystack, start),
        }
        None
    }

    /// Runs the automaton from here on: four times at once, or once.
    fn run(&mut self, haystack: &[u8], stop: usize, left: &mut isize) -> Option<Span> {
        let limit = self.ways.until(stop).at;
        let Self {
            pattern,
            caches,
            parts,
            ahead,
            ..
        } = self;
        let cache = &mut caches.of(pattern).forward;
        match parts.search(pattern, cache, ahead, (haystack, self.from, limit), left) {
            None => return self.run_from(haystack, limit, left),
            Some(Stretch::Empty(from)) => self.from = from,
            Some(Stretch::Match { from, run }) => {
                self.from = from;
                self.memo.begin();
                self.phase = Phase::Forward(run);
            }
        }
        None
    }

    /// Goes on to the next whole character, unless a string can begin before it: no RegExp matches from inside of a
    /// character, and an assertion behind it has to see all of it.
    fn skip_rest_of_character(&mut self, haystack: &[u8]) {
        let pattern = &self.pattern;
        while !pattern.begins_inside()
            && !text::is_boundary(haystack, self.from, pattern.encoding())
        {
            self.from += 1;
        }
    }

    /// Starts a run, from here on or from any place. Returns its match, if that is near and short.
    fn run_from(&mut self, haystack: &[u8], limit: usize, left: &mut isize) -> Option<Span> {
        self.skip_rest_of_character(haystack);
        let automaton = self.pattern.forward();
        let before = text::before(haystack, self.from, automaton.program.whole);
        let is_here = self.pattern.0.is_everywhere;
        let state = automaton.start(&mut self.caches.of(&self.pattern).forward, before, is_here);
        if state == DEAD {
            self.is_done = true;
            return None;
        }
        self.memo.begin();
        let mut run = Run {
            state,
            at: self.from,
            found: None,
        };
        let limit = self.parts.until(limit);
        let is_found = is_here
            || self.nearby(haystack, &mut run, limit, true, left) == Pause::Match && !self.earliest;
        if is_found
            && self.nearby(haystack, &mut run, self.stop, false, left) == Pause::Dead
            && let Some((end, pattern)) = run.found
        {
            let start = self.known_start(haystack, end, pattern).or_else(|| {
                *left -= signed(end - self.from);
                let caches = self.caches.of(&self.pattern);
                start_of(&self.pattern, caches, haystack, self.from, end)
            });
            if let Some(start) = start {
                return self.found(haystack, start, end, pattern, left);
            }
        }
        self.phase = Phase::Forward(run);
        None
    }

    /// Goes on with a run for a few bytes, none of which are read as a whole character.
    #[inline(never)]
    fn nearby(
        &mut self,
        haystack: &[u8],
        run: &mut Run,
        limit: usize,
        earliest: bool,
        left: &mut isize,
    ) -> Pause {
        let automaton = self.pattern.forward();
        let cache = &mut self.caches.of(&self.pattern).forward;
        let (at, whole) = (run.at, automaton.program.whole);
        // Before a match there are no notes anyway.
        let most = if earliest {
            usize::try_from(*left).map_or(0, |left| left.min(FAR))
        } else {
            NEAR
        };
        let mut limit = limit.min(haystack.len()).min(at + NEAR.max(most));
        if whole.any() && at < limit {
            limit = self.ahead.next(whole, haystack, at, limit);
        }
        run.forward(automaton, cache, haystack, limit, earliest, left)
    }

    /// Where the next match starts, or may have started if only the number of matches is asked for; `None` if that has
    /// to be found out from its end.
    fn known_start(&self, haystack: &[u8], end: usize, pattern: u32) -> Option<usize> {
        let from = self.from;
        let is_free = !self.pattern.has_tail()
            || end < haystack.len()
                && matches!(
                    self.pattern.end(pattern as usize),
                    Some(End::Before(_) | End::BeforeCharacter { .. })
                );
        let is_any = self.ways.is_count() && !self.pattern.is_nullable() && is_free;
        match self.pattern.fixed_len() {
            Some(len) => Some(end.saturating_sub(len).max(from)),
            None => (is_any || self.pattern.0.is_everywhere).then_some(from),
        }
    }

    /// Starts an anchored run.
    fn try_at(&mut self, haystack: &[u8], start: usize) {
        let automaton = self.pattern.forward();
        let before = text::before(haystack, start, automaton.program.whole);
        let state = automaton.start(&mut self.caches.of(&self.pattern).forward, before, true);
        self.memo.begin();
        let run = Run {
            state,
            at: start,
            found: None,
        };
        self.phase = Phase::Try { start, run };
    }

    /// An unanchored run, to the end of the leftmost match.
    fn forward(&mut self, haystack: &[u8], mut run: Run, left: &mut isize) -> Option<Span> {
        let stop = self.stop.min(haystack.len());
        let mut until = self.ways.until(stop);
        let soft = self.parts.until(until.at);
        let is_soft = soft < until.at;
        if is_soft {
            until = Until {
                at: soft,
                is_end: false,
            };
        }
        if !self.advance(haystack, &mut run, until, None, left) {
            self.phase = Phase::Forward(run);
            return None;
        }
        if is_soft && run.found.is_none() && run.state != DEAD && run.at >= soft {
            self.phase = if self.parts.take_over(haystack, &mut self.from, run.at) {
                Phase::Idle
            } else {
                Phase::Forward(run)
            };
            return None;
        }
        let Some((end, pattern)) = run.found else {
            self.phase =
                match self
                    .ways
                    .run_is_over(&self.pattern, haystack, &mut self.from, run.at, stop)
                {
                    Over::GoOn => Phase::Forward(run),
                    Over::Again => Phase::Idle,
                    Over::Done => {
                        self.is_done = true;
                        Phase::Idle
                    }
                };
            return None;
        };
        if self.earliest {
            return self.found(haystack, end, end, pattern, left);
        }
        if let Some(start) = self.known_start(haystack, end, pattern) {
            return self.found(haystack, start, end, pattern, left);
        }
        self.phase = self.back_from(haystack, end, pattern);
        None
    }

    /// A run from the end of a match to its start.
    fn back_from(&mut self, haystack: &[u8], end: usize, pattern: u32) -> Phase {
        let automaton = self.pattern.backward();
        let after = text::after(haystack, end, automaton.program.whole);
        let state = automaton.start(&mut self.caches.of(&self.pattern).backward, after, true);
        let run = Run {
            state,
            at: end,
            found: None,
        };
        Phase::Backward { run, end, pattern }
    }

    /// An anchored run forward.
    fn attempt(
        &mut self,
        haystack: &[u8],
        start: usize,
        mut run: Run,
        left: &mut isize,
    ) -> Option<Span> {
        let stop = self.stop.min(haystack.len());
        let until = Until {
            at: stop,
            is_end: true,
        };
        let is_over = run.state == DEAD
            || run.at == start && self.nearby(haystack, &mut run, stop, false, left) == Pause::Dead;
        if !is_over && !self.advance(haystack, &mut run, until, Some(start), left) {
            self.phase = Phase::Try { start, run };
            return None;
        }
        self.phase = Phase::Idle;
        self.ways
            .tried(run.found.map_or(start, |(end, _)| end), run.at);
        if let Some((end, pattern)) = run.found {
            return self.found(haystack, start, end, pattern, left);
        }
        if self.sticky {
            self.is_done = true;
        }
        self.from = start + 1;
        None
    }

    /// Reads on up to a place and, if the searched range ends there, the symbol behind it. Returns whether the run
    /// has ended. `start` is where an anchored run has started.
    fn advance(
        &mut self,
        haystack: &[u8],
        run: &mut Run,
        until: Until,
        start: Option<usize>,
        left: &mut isize,
    ) -> bool {
        let Self {
            pattern,
            caches,
            memo,
            ahead,
            ..
        } = self;
        let (automaton, cache) = (pattern.forward(), &mut caches.of(pattern).forward);
        let whole = automaton.program.whole;
        let hard = Until {
            at: self.stop.min(haystack.len()),
            is_end: true,
        };
        let base = |run: &Run| run.found.map(|(end, _)| end).or(start);
        let mut note = base(run).map_or(usize::MAX, |base| Memo::next_place(run.at, base));
        loop {
            // A match that has begun is followed beyond the limit.
            let until = if run.found.is_some() && !until.is_end {
                hard
            } else {
                until
            };
            if run.at >= until.at {
                if !until.is_end {
                    return true;
                }
                // Behind the newline at which a part of the haystack ends, only an empty match can end, and that one
                // starts in the next part.
                let is_cut = until.at == hard.at && hard.at < haystack.len();
                if run.at == until.at
                    && !is_cut
                    && run.symbol(automaton, cache, haystack) == Pause::Match
                {
                    memo.begin();
                }
                memo.end(self.from, cache.generation);
                return true;
            }
            if *left < 0 {
                return false;
            }
            if run.at == note {
                if memo.is_barren(run.at, run.state, cache.generation) {
                    memo.end(self.from, cache.generation);
                    return true;
                }
                note = base(run).map_or(usize::MAX, |base| Memo::next_place(run.at + 1, base));
            } else if run.at > note {
                // The place lay inside of a character that is read as a whole.
                note = base(run).map_or(usize::MAX, |base| Memo::next_place(run.at, base));
                continue;
            }
            let rest = usize::try_from(*left).unwrap_or(0).max(64);
            let mut limit = until.at.min(note).min(run.at.saturating_add(rest));
            let before = run.found;
            if whole.any() {
                limit = ahead.next(whole, haystack, run.at, limit);
            }
            let pause = if limit == run.at {
                *left -= 1;
                run.symbol(automaton, cache, haystack)
            } else {
                // Pauses at the first match, from which on the run makes notes.
                let is_first = run.found.is_none() && !whole.any();
                run.forward(automaton, cache, haystack, limit, is_first, left)
            };
            if run.found != before {
                memo.begin();
                note = base(run).map_or(note, |base| Memo::next_place(run.at, base));
                if self.earliest {
                    return true;
                }
            }
            if pause == Pause::Dead {
                memo.end(self.from, cache.generation);
                return true;
            }
        }
    }

    /// Goes back from the end of a match to its start.
    fn backward(
        &mut self,
        haystack: &[u8],
        mut run: Run,
        end: usize,
        pattern: u32,
        left: &mut isize,
    ) -> Option<Span> {
        let automaton = self.pattern.backward();
        let cache = &mut self.caches.of(&self.pattern).backward;
        let whole = automaton.program.whole;
        if run.state != DEAD {
            loop {
                if run.at <= self.from {
                    if run.at == self.from {
                        run.symbol_before(automaton, cache, haystack);
                    }
                    break;
                }
                if *left < 0 {
                    self.phase = Phase::Backward { run, end, pattern };
                    return None;
                }
                let rest = usize::try_from(*left).unwrap_or(0).max(64);
                let mut limit = self.from.max(run.at.saturating_sub(rest));
                if whole.any() {
                    limit = Ahead::before(whole, haystack, run.at, limit);
                }
                let pause = if limit == run.at {
                    *left -= 1;
                    run.symbol_before(automaton, cache, haystack)
                } else {
                    run.backward(automaton, cache, haystack, limit, false, left)
                };
                if pause == Pause::Dead {
                    break;
                }
            }
        }
        if let Some((start, _)) = run.found {
            return self.found(haystack, start, end, pattern, left);
        }
        // There is none, if only the end was known; or somebody has written to the haystack meanwhile, and it is gone.
        self.phase = Phase::Idle;
        self.from = end.max(self.from + 1);
        None
    }

    /// Returns the match, without what a lookahead behind it has read. Drops empty matches inside of a character.
    fn found(
        &mut self,
        haystack: &[u8],
        start: usize,
        end: usize,
        pattern: u32,
        left: &mut isize,
    ) -> Option<Span> {
        let end = match self.pattern.tail(pattern as usize) {
            None => end,
            // The automaton of groups could not stop on the way.
            Some(_) if signed(end - start) > CREDIT && self.pattern.guarded().is_some() => {
                self.phase = Phase::Idle;
                self.from = start;
                self.guarded = end.max(start.saturating_add(STRETCH));
                return None;
            }
            Some(tail) => self.without_tail(haystack, (start, end), pattern as usize, tail, left),
        };
        self.matched(haystack, start, end, pattern)
    }

    /// Where a match ends, given where it ends together with what a lookahead behind it has read.
    fn without_tail(
        &mut self,
        haystack: &[u8],
        (start, seen): (usize, usize),
        pattern: usize,
        tail: usize,
        left: &mut isize,
    ) -> usize {
        let end = match self.pattern.end(pattern) {
            Some(End::Behind(len)) => seen.min(start + len),
            Some(End::Before(len)) => start.max(seen.saturating_sub(len)),
            Some(End::BeforeCharacter { may_be_none }) if !may_be_none || seen < haystack.len() => {
                let encoding = self.pattern.encoding();
                let mut end = start.max(seen.saturating_sub(1));
                while end > start && !text::is_boundary(haystack, end, encoding) {
                    end -= 1;
                }
                end
            }
            Some(End::BeforeCharacter { .. }) | None => {
                // The bytes are read once more, by the automaton of groups.
                *left -= signed(seen - start).saturating_mul(GROUPS_COST);
                let caches = self.caches.of(&self.pattern);
                self.pattern
                    .end_before_tail(caches, haystack, (start, seen), pattern, tail)
                    .max(start)
            }
        };
        self.debt += signed(seen.saturating_sub(end));
        self.paid(signed(end.saturating_sub(self.from)));
        if self.debt > CREDIT {
            let debt = usize::try_from(self.debt).unwrap_or(0);
            self.guarded = end.saturating_add(debt.max(STRETCH));
            self.debt = 0;
        }
        end
    }

    /// Notes that the search has advanced by so many bytes, which lookaheads may read.
    fn paid(&mut self, bytes: isize) {
        self.debt = self.debt.saturating_sub(bytes).max(-16 * CREDIT);
    }

    /// Returns a match. Drops empty matches inside of a character.
    fn matched(&mut self, haystack: &[u8], start: usize, end: usize, pattern: u32) -> Option<Span> {
        self.phase = Phase::Idle;
        let encoding = self.pattern.encoding();
        let pattern = pattern as usize;
        self.from = end;
        self.walk.resume(end);
        self.ways.found(end);
        self.parts.found(end);
        if self.earliest {
            return Some(Span {
                start,
                end,
                pattern,
            });
        }
        if start == end {
            self.from = end + text::len_at(haystack, end, encoding);
            if !text::is_boundary(haystack, end, encoding) {
                return None;
            }
        }
        Some(Span {
            start,
            end,
            pattern,
        })
    }
}

impl Drop for Search {
    fn drop(&mut self) {
        self.caches.give_back(&self.pattern);
    }
}
