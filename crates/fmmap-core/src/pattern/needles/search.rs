//! Finds the matches of a list one after the other, from the front.

use super::bloom::Seen;
use super::grams::{Cost, MOST, Table};
use super::trie::{Pause, Rows, Run};
use super::{Filter, Found, List, Strings, Way, sample};
use crate::pattern::filter::{Block, Buckets};
use crate::pattern::signed;

/// How much more candidates may cost than the search advances, in bytes, before the automaton takes over.
pub(super) const CREDIT: isize = 64 << 10;

/// The length of the first stretch for the automaton alone.
const STRETCH: usize = 256 << 10;

/// How many bytes are searched between two checks of the budget.
const LEAST: usize = 4 << 10;

/// Haystacks of at least this length are sampled, to see which bytes are rare.
const ENOUGH: usize = 128 << 10;

/// What looking at a candidate costs, in bytes.
pub(super) const CANDIDATE: usize = 2;

/// What a search has found next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    Match(Found),
    /// Nothing yet: the budget is spent.
    More,
    None,
}

/// Takes a match, by its start, its needle's number and its end, and says whether it takes no more. These are handed over
/// in registers: a processor waits where it reads two words at once that were written one by one just before.
pub(crate) type Take<'t> = dyn FnMut(usize, usize, usize) -> bool + 't;

/// The state of one search.
#[derive(Debug, Default)]
pub(crate) struct Search {
    buckets: Option<Buckets>,
    block: Block,
    seen: Seen,
    rows: Option<Rows>,
    run: Option<Run>,
    /// The automaton alone searches up to here.
    plain: usize,
    /// The length of the last stretch for the automaton alone.
    stretch: usize,
    /// How much more candidates have cost than the search has advanced, in bytes.
    debt: isize,
    /// Whether candidates have cost too much before.
    is_poor: bool,
}

impl Search {
    /// Searches by the automaton alone.
    #[cfg(any(test, feature = "testing"))]
    pub(crate) fn plain(&mut self) {
        self.plain = usize::MAX;
    }

    /// Prepares to go on at another place than the end of the last match.
    pub(crate) fn resume(&mut self) {
        self.run = None;
    }

    /// Gives the automaton's table back to the list, for the next search.
    pub(crate) fn finish(&mut self, list: &List) {
        if let Some(rows) = self.rows.take() {
            list.give_back(rows);
        }
    }

    /// Gives `take` each match that starts in `[from, stop)`, until it says that it takes no more. Moves `from` past places
    /// at which no match can start, and past each match. `Next::Match` is the last one that was taken.
    pub(crate) fn next(
        &mut self,
        list: &List,
        haystack: &[u8],
        from: &mut usize,
        stop: usize,
        left: &mut isize,
        take: &mut Take<'_>,
    ) -> Next {
        let stop = stop.min(haystack.len());
        loop {
            if let Some(run) = self.run {
                match self.run(list, haystack, run, from, stop, left) {
                    Some(Next::Match(found)) => {
                        *from = found.end;
                        if take(found.start, found.needle, found.end) {
                            return Next::Match(found);
                        }
                    }
                    Some(next) => return next,
                    None => {}
                }
                continue;
            }
            if *from >= stop {
                return Next::None;
            }
            if *left < 0 {
                return Next::More;
            }
            if *from < self.plain || matches!(list.filter, Filter::None) {
                self.run = Some(Run::new(*from));
                continue;
            }
            let window = usize::try_from(*left).unwrap_or(0).clamp(LEAST, STRETCH);
            let until = stop.min(from.saturating_add(window));
            let (ended_by, cost) = self.filtered(list, haystack, (*from, until), stop, take);
            let at = cost.reached;
            self.spent(at - *from, cost.work, at);
            *left -= signed(at - *from + cost.work) + 8;
            *from = at;
            if let Some(found) = ended_by {
                return Next::Match(found);
            }
        }
    }

    /// The match after which `take` takes no more.
    fn filtered(
        &mut self,
        list: &List,
        haystack: &[u8],
        (from, until): (usize, usize),
        stop: usize,
        take: &mut Take<'_>,
    ) -> (Option<Found>, Cost) {
        let strings = &list.strings;
        let range = (from, until);
        let (buckets, table) = match &list.filter {
            Filter::Grams(grams) => {
                let way = grams.way(strings, &haystack[from..stop], self.is_poor);
                match way.unwrap_or(&grams.usual) {
                    Way::Grams(table) => {
                        let (found, mut cost) = table.find(strings, haystack, from, until);
                        let Some(found) = found else {
                            return (None, cost);
                        };
                        cost.reached = found.end;
                        let is_last = take(found.start, found.needle, found.end);
                        return (is_last.then_some(found), cost);
                    }
                    Way::Bloom(bloom, table) => {
                        let seen = &mut self.seen;
                        let next = |from| bloom.find(table, haystack, seen, from, until);
                        return candidates(strings, table, haystack, range, next, take);
                    }
                    Way::Buckets(buckets, table) => (buckets, table),
                }
            }
            Filter::Buckets(few) => {
                if self.buckets.is_none() && stop - from >= ENOUGH {
                    self.buckets = Some(few.grouped.choose(&sample(&haystack[from..stop])).0);
                }
                (self.buckets.as_ref().unwrap_or(&few.first), &few.table)
            }
            Filter::None => {
                let nothing = Cost {
                    work: 0,
                    reached: from,
                };
                return (None, nothing);
            }
        };
        let block = &mut self.block;
        let next = |from| buckets.find(haystack, block, from, until);
        candidates(strings, table, haystack, range, next, take)
    }

    /// Notes that candidates have cost `work` while the search has advanced by `bytes` to `at`.
    fn spent(&mut self, bytes: usize, work: usize, at: usize) {
        // The automaton takes longer for a byte than a comparison does, so candidates may cost four times as much.
        self.debt = self
            .debt
            .saturating_add(signed(work))
            .saturating_sub(signed(4 * bytes));
        self.debt = self.debt.max(-4 * CREDIT);
        if self.debt > CREDIT {
            self.debt = 0;
            if !self.is_poor {
                // A better way may be found first.
                self.is_poor = true;
                return;
            }
            self.stretch = self.stretch.max(STRETCH / 2).saturating_mul(2);
            self.plain = at.saturating_add(self.stretch);
        }
    }

    /// Goes on with a run of the automaton. None if the search has to look again at how it goes on.
    fn run(
        &mut self,
        list: &List,
        haystack: &[u8],
        mut run: Run,
        from: &mut usize,
        stop: usize,
        left: &mut isize,
    ) -> Option<Next> {
        let rows = self.rows.get_or_insert_with(|| list.take_rows());
        let trie = list.forward();
        let is_alone = matches!(list.filter, Filter::None) || self.plain >= stop;
        // A match that was found may get longer, so its run does not end with the stretch.
        let until = if is_alone || run.found.is_some() {
            stop
        } else {
            self.plain.max(*from + 1)
        };
        let pause = trie.run(&list.strings, rows, haystack, &mut run, until, left);
        if pause == Pause::Spent {
            self.run = Some(run);
            return Some(Next::More);
        }
        self.run = None;
        if pause == Pause::Until && until < stop {
            if run.found.is_some() {
                self.run = Some(run);
                return None;
            }
            // A match may have started up to `depth` before: the filter goes on from there.
            let back = run.at - (list.strings.stretch() * trie.depth(&run)).min(run.at - *from);
            if back == *from {
                self.plain = run.at.saturating_add(self.stretch);
                self.run = Some(run);
            } else {
                *from = back;
                self.plain = 0;
            }
            return None;
        }
        let Some((end, needle)) = run.found else {
            *from = stop;
            return Some(Next::None);
        };
        let strings = &list.strings;
        match strings.matches_before(haystack, end, needle, strings.get(needle).len()) {
            Some(start) if start >= *from => {
                let needle = needle as usize;
                Some(Next::Match(Found { start, needle, end }))
            }
            // Another thread or process has changed the bytes meanwhile.
            _ => {
                *from = end;
                None
            }
        }
    }
}

/// Gives `take` the matches that start in `[from, until)`, of the candidates that `next` finds from a place on. Answers the
/// one after which it takes no more.
#[inline]
fn candidates(
    strings: &Strings,
    table: &Table,
    haystack: &[u8],
    (from, until): (usize, usize),
    mut next: impl FnMut(usize) -> Option<usize>,
    take: &mut Take<'_>,
) -> (Option<Found>, Cost) {
    let (mut at, mut work) = (from, 0);
    while let Some(start) = next(at) {
        work += CANDIDATE;
        at = start + 1;
        if let Some(found) = table.at(strings, haystack, start, &mut work) {
            at = found.end;
            if take(found.start, found.needle, found.end) {
                return (Some(found), Cost { work, reached: at });
            }
        }
        if work > MOST {
            return (None, Cost { work, reached: at });
        }
    }
    let reached = at.max(until);
    (None, Cost { work, reached })
}
