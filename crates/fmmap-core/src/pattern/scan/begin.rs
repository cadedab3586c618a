//! Finds all matches, from the front: the beginning of the haystack without memory of its own, so that a short haystack
//! costs no more than it has to, and the rest by [`Search`]. Lists of strings are left to their own search at once.

use super::forward::Search;
use super::short::{BEGINNING, segments};
use super::sink::Sink;
use super::{Progress, Span, Step};
use crate::pattern::bits::{Beginning, Next, Row};
#[cfg(any(test, feature = "testing"))]
use crate::pattern::filter::Choice;
use crate::pattern::{Pattern, needles, signed};

/// How many bytes are searched between two looks at what a step may spend.
const LEAST: usize = 64;

/// A search from the front, which can be interrupted.
#[derive(Debug)]
pub struct Scan {
    pattern: Pattern,
    /// Where the next match may start.
    from: usize,
    /// Matches start before this place; or at it, if the haystack ends there.
    stop: usize,
    /// The beginning goes up to here.
    until: usize,
    beginning: Beginning,
    /// Goes on behind the beginning.
    rest: Option<Search>,
    /// The search for a list of strings, which needs nothing of the above.
    list: needles::Search,
}

impl Scan {
    /// All matches in `[from, stop)` of a haystack. Assertions can see what stands before `from`. If `stop` is not
    /// the haystack's end, it must lie behind a newline, and the pattern must not match newlines.
    pub fn new(pattern: &Pattern, from: usize, stop: usize) -> Self {
        Self {
            pattern: pattern.clone(),
            from,
            stop,
            until: stop.min(from.saturating_add(BEGINNING)),
            beginning: Beginning::default(),
            rest: None,
            list: needles::Search::default(),
        }
    }

    fn rest(&mut self) -> &mut Search {
        self.rest
            .get_or_insert_with(|| Search::new(&self.pattern, self.from, self.stop))
    }

    /// Looks for one place of a match in each line. For patterns that match no newline.
    pub(crate) fn earliest(mut self) -> Self {
        if self.pattern.list().is_none() {
            self.rest().earliest();
        }
        self
    }

    /// Uses one way, whatever it costs, if the pattern has it.
    #[cfg(any(test, feature = "testing"))]
    pub(crate) fn forced(mut self, choice: Choice) -> Option<Self> {
        if self.pattern.list().is_some() {
            match choice {
                Choice::Plain => self.list.plain(),
                Choice::Starts => {}
                Choice::Lines | Choice::Bits | Choice::Events => return None,
            }
            return Some(self);
        }
        self.rest().forced(choice).then_some(self)
    }

    /// Decides lookaheads for themselves from the beginning, if the pattern has any.
    #[cfg(any(test, feature = "testing"))]
    pub(crate) fn guarded(mut self) -> Option<Self> {
        self.rest().guarded().then_some(self)
    }

    /// Runs the automaton four times at once wherever it can, if it ever can.
    #[cfg(any(test, feature = "testing"))]
    pub(crate) fn in_parts(mut self) -> Option<Self> {
        if self.pattern.list().is_some() {
            return None;
        }
        self.rest().in_parts().then_some(self)
    }

    /// Finds only a match that starts exactly at `from`, then one that starts where that ends, and so on.
    pub(crate) fn sticky(mut self) -> Self {
        self.rest().sticky();
        self
    }

    /// Whether many matches at a time cost less than one after the other.
    pub(crate) fn has_many(&self) -> bool {
        self.pattern.list().is_some() || self.rest.as_ref().is_some_and(Search::has_many)
    }

    /// Writes where matches start from a place on, if all of those in a stretch are known at once. Returns for how many
    /// words. The search has to [`resume`](Self::resume) afterwards.
    pub(crate) fn starts(&mut self, haystack: &[u8], from: usize, row: &mut Row) -> Option<usize> {
        self.rest.as_mut()?.starts(haystack, from, row)
    }

    /// The pattern that is looked for.
    pub fn pattern(&self) -> &Pattern {
        &self.pattern
    }

    /// Where the next match may start.
    pub fn position(&self) -> usize {
        self.rest.as_ref().map_or(self.from, Search::position)
    }

    /// Goes on from another place than the end of the last match.
    pub fn resume(&mut self, from: usize) {
        self.from = from;
        self.beginning = Beginning::default();
        self.list.resume();
        if let Some(rest) = &mut self.rest {
            rest.resume(from);
        }
    }

    /// Adds matches to `out` until it has `limit` of them, or until about `budget` bytes were searched. Returns which
    /// of the two it was.
    pub fn fill(
        &mut self,
        haystack: &[u8],
        budget: usize,
        out: &mut Vec<Span>,
        limit: usize,
    ) -> Progress {
        let Some(room) = limit.checked_sub(out.len()).filter(|room| *room > 0) else {
            return Progress::Full;
        };
        let mut sink = Sink::new(Some(out), room);
        self.search_into(haystack, &mut signed(budget), &mut sink)
    }

    /// Goes on counting for about `budget` bytes: adds the matches to `count`. Returns whether all of them were
    /// counted.
    pub fn count(&mut self, haystack: &[u8], budget: usize, count: &mut usize) -> bool {
        let mut sink = Sink::new(None, usize::MAX);
        let progress = self.search_into(haystack, &mut signed(budget), &mut sink);
        *count += sink.count;
        progress == Progress::Done
    }

    /// Goes on with the search, for at most about `budget` bytes.
    pub fn step(&mut self, haystack: &[u8], budget: usize) -> Step {
        self.search(haystack, &mut signed(budget))
    }

    /// Goes on with the search while the budget lasts.
    pub(crate) fn search(&mut self, haystack: &[u8], left: &mut isize) -> Step {
        let mut sink = Sink::new(None, 1);
        match self.search_into(haystack, left, &mut sink) {
            Progress::Full => Step::Match(sink.last),
            Progress::More => Step::More,
            Progress::Done => Step::Done,
        }
    }

    fn search_into(&mut self, haystack: &[u8], left: &mut isize, sink: &mut Sink<'_>) -> Progress {
        if let Some(rest) = &mut self.rest {
            return rest.search_into(haystack, left, sink);
        }
        if let Some(list) = self.pattern.list() {
            let mut take = |start, pattern, end| {
                sink.push(Span {
                    start,
                    end,
                    pattern,
                })
            };
            let (from, stop) = (&mut self.from, self.stop);
            return match self.list.next(list, haystack, from, stop, left, &mut take) {
                needles::Next::Match(_) => Progress::Full,
                needles::Next::More => Progress::More,
                needles::Next::None => Progress::Done,
            };
        }
        self.begin(haystack, left, sink)
            .unwrap_or_else(|| self.rest().search_into(haystack, left, sink))
    }

    /// Searches the beginning. `None` where it ends, or where the search has to go on in another way.
    fn begin(
        &mut self,
        haystack: &[u8],
        left: &mut isize,
        sink: &mut Sink<'_>,
    ) -> Option<Progress> {
        let segments = segments(&self.pattern)?;
        let near = segments.near.as_ref()?;
        let stop = self.stop.min(haystack.len());
        loop {
            if self.from >= stop {
                return Some(Progress::Done);
            }
            if self.from >= self.until {
                return None;
            }
            if *left < 0 {
                return Some(Progress::More);
            }
            let began = self.from;
            let part = usize::try_from(*left).unwrap_or(0).max(LEAST);
            let until = self.until.min(stop).min(began.saturating_add(part));
            let next = near.go(
                segments,
                haystack,
                &mut self.beginning,
                &mut self.from,
                until,
                sink,
            );
            // Each round costs something.
            *left -= signed(self.from - began).saturating_add(8);
            match next {
                Next::Full => return Some(Progress::Full),
                Next::None => {}
                Next::Other => return None,
            }
        }
    }
}

impl Drop for Scan {
    fn drop(&mut self) {
        if let Some(list) = self.pattern.list() {
            self.list.finish(list);
        }
    }
}
