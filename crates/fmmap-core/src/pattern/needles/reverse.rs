//! Finds the match of a list that starts last.

use super::bloom::Seen;
use super::grams::{Cost, MOST, Table};
use super::search::{CANDIDATE, CREDIT, Next};
use super::trie::{Pause, Rows, Run};
use super::{Filter, Found, List, Strings, Way};
use crate::pattern::filter::Block;
use crate::pattern::signed;

/// The windows in which the last match is searched for, from the haystack's end on: the first one has the lower size,
/// and each one twice that of the one before, up to the greater.
const FIRST: usize = 1 << 10;
const WIDEST: usize = 64 << 10;

/// A search from the end, which can be interrupted.
#[derive(Debug, Default)]
pub(crate) struct ReverseSearch {
    /// Everything that starts at this place or later has been looked at.
    end: Option<usize>,
    window: usize,
    debt: isize,
    rows: Option<Rows>,
    /// The run of the automaton, once candidates have cost too much.
    run: Option<Run>,
}

impl ReverseSearch {
    /// Searches by the automaton alone.
    #[cfg(any(test, feature = "testing"))]
    pub(crate) fn plain(&mut self) {
        self.debt = isize::MAX;
    }

    /// The match that starts last, at `from` or later.
    pub(crate) fn next(
        &mut self,
        list: &List,
        haystack: &[u8],
        from: usize,
        left: &mut isize,
    ) -> Next {
        loop {
            let end = self.end.unwrap_or(haystack.len()).min(haystack.len());
            if end <= from {
                return Next::None;
            }
            if *left < 0 {
                return Next::More;
            }
            if self.run.is_some() || self.debt > CREDIT || matches!(list.filter, Filter::None) {
                return self.run(list, haystack, (from, end), left);
            }
            let window = self.window.max(FIRST);
            let start = from.max(end.saturating_sub(window));
            let (found, cost) = Self::filtered(list, haystack, start, end);
            if cost.work > MOST {
                self.debt = CREDIT + 1;
                continue;
            }
            if let Some(found) = found {
                return Next::Match(found);
            }
            self.debt = (self.debt + signed(cost.work))
                .saturating_sub(signed(end - start))
                .max(-4 * CREDIT);
            *left -= signed(end - start + cost.work);
            self.end = Some(start);
            self.window = (window * 2).min(WIDEST);
        }
    }

    fn filtered(list: &List, haystack: &[u8], from: usize, until: usize) -> (Option<Found>, Cost) {
        let strings = &list.strings;
        match &list.filter {
            Filter::Grams(grams) => match &grams.usual {
                Way::Grams(table) => table.find_last(strings, haystack, from, until),
                Way::Buckets(buckets, table) => {
                    let mut block = Block::default();
                    let next = |from| buckets.find(haystack, &mut block, from, until);
                    last_candidate(strings, table, haystack, (from, until), next)
                }
                Way::Bloom(bloom, table) => {
                    let mut seen = Seen::default();
                    let next = |from| bloom.find(table, haystack, &mut seen, from, until);
                    last_candidate(strings, table, haystack, (from, until), next)
                }
            },
            Filter::Buckets(few) => {
                let mut block = Block::default();
                let next = |from| few.first.find(haystack, &mut block, from, until);
                last_candidate(strings, &few.table, haystack, (from, until), next)
            }
            Filter::None => (
                None,
                Cost {
                    work: 0,
                    reached: until,
                },
            ),
        }
    }

    fn run(
        &mut self,
        list: &List,
        haystack: &[u8],
        (from, end): (usize, usize),
        left: &mut isize,
    ) -> Next {
        let rows = self.rows.get_or_insert_default();
        let trie = list.backward();
        let mut run = self
            .run
            .unwrap_or_else(|| Run::new(haystack.len().min(end.saturating_add(list.longest))));
        loop {
            let pause = trie.run_back(&list.strings, rows, haystack, &mut run, from, left);
            self.run = Some(run);
            match pause {
                Pause::Spent => return Next::More,
                Pause::Until => {
                    self.end = Some(from);
                    return Next::None;
                }
                // What starts at `end` or later has been looked at before.
                Pause::Over if run.at >= end => {}
                Pause::Over => {
                    let found = list.forward().at(&list.strings, haystack, run.at);
                    if let Some(found) = found {
                        return Next::Match(found);
                    }
                    // Another thread or process has changed the bytes meanwhile.
                }
            }
        }
    }
}

/// The last match that starts in `[from, until)`, of the candidates that `next` finds from a place on.
fn last_candidate(
    strings: &Strings,
    table: &Table,
    haystack: &[u8],
    (from, until): (usize, usize),
    mut next: impl FnMut(usize) -> Option<usize>,
) -> (Option<Found>, Cost) {
    let (mut at, mut work, mut best) = (from, 0, None);
    while work <= MOST
        && let Some(start) = next(at)
    {
        work += CANDIDATE;
        best = table.at(strings, haystack, start, &mut work).or(best);
        at = start + 1;
    }
    let reached = until;
    (best, Cost { work, reached })
}
