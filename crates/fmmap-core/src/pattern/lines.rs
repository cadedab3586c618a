//! Finds the lines that have a match, or those that have none.
//!
//! A line has a match if a match starts in it, whatever the lines before it contain: a match that begins on an
//! earlier line hides nothing. A line ends with `\n`, which is not part of it. Behind the last `\n` there is a line
//! only if there are bytes.

use super::Pattern;
use super::scan::{Scan, Step};
use crate::search::Finder;
use memchr::{memchr, memrchr};

/// A line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line {
    /// Where it starts, in bytes.
    pub start: usize,
    /// Where it ends, without the newline.
    pub end: usize,
    /// Its number, if lines are numbered.
    pub number: usize,
}

/// What a step has found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineStep {
    /// A line.
    Line(Line),
    /// Nothing yet: call again to go on.
    More,
    /// There are no more.
    Done,
}

#[derive(Clone, Copy, Debug)]
enum Phase {
    /// It looks for a match.
    Search,
    /// It looks backward from `at` for the start of the line that contains `place`.
    Start {
        place: usize,
        at: usize,
    },
    /// It looks for the end of the line, from `at` on.
    End {
        start: usize,
        at: usize,
    },
    /// It returns the lines from `at` to `until`, which have no match, and then goes on at `next`.
    Gap {
        at: usize,
        until: usize,
        next: usize,
    },
    Done,
}

/// A literal is searched for in batches behind this many bytes: for fewer, preparing it costs more than it saves.
const HEAD: usize = 4 << 10;

/// How many more bytes matches may have than the search advances. Then only their starts are looked for.
const CREDIT: usize = 256 << 10;

/// How many places of a literal are asked for at once.
const BATCH: usize = 128;

/// In how many bytes they are looked for at most.
const WINDOW: usize = 256 << 10;

/// The places of a literal, many at a time.
#[derive(Debug)]
struct Places {
    finder: Finder<'static>,
    found: Vec<f64>,
    /// How many of those found were passed on.
    at: usize,
    /// Where the next ones are looked for.
    next: usize,
}

impl Places {
    fn new(literal: &[u8], from: usize) -> Self {
        Self {
            finder: Finder::new(literal).into_owned(),
            found: Vec::with_capacity(BATCH),
            at: 0,
            next: from,
        }
    }

    /// The next place at `from` or behind it. No place before `from` is asked for any more.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "it was an offset before"
    )]
    fn step(&mut self, haystack: &[u8], from: usize, stop: usize, left: &mut usize) -> Place {
        loop {
            while let Some(&place) = self.found.get(self.at) {
                self.at += 1;
                if place as usize >= from {
                    return Place::At(place as usize);
                }
            }
            let from = self.next.max(from);
            let len = self.finder.needle().len();
            if stop.saturating_sub(from) < len {
                return Place::None;
            }
            if *left == 0 {
                return Place::More;
            }
            let until = stop.min(
                from.saturating_add((*left).clamp(HEAD, WINDOW))
                    .saturating_add(len),
            );
            self.found.resize(BATCH, 0.0);
            let window = &haystack[from..until];
            let batch = self.finder.find_batch(window, from as u64, &mut self.found);
            self.found.truncate(batch.written);
            self.at = 0;
            self.next = batch.next.map_or(until - len + 1, |next| from + next);
            *left = left.saturating_sub(self.next - from);
        }
    }
}

enum Place {
    At(usize),
    More,
    None,
}

/// A search for lines, which can be interrupted.
#[derive(Debug)]
pub struct LineScan {
    scan: Scan,
    /// Where the search began, and the places of a pattern that is a literal, once they are asked for in batches.
    from: usize,
    places: Option<Box<Places>>,
    /// How many bytes the matches have that were found.
    matched: usize,
    phase: Phase,
    /// Where the first line starts that has not been judged yet.
    line: usize,
    stop: usize,
    invert: bool,
    /// The number of the line at `counted`, if lines are numbered.
    number: Option<usize>,
    counted: usize,
}

impl LineScan {
    /// The lines of `[from, stop)` that have a match; with `invert` those that have none. A line that is cut off at
    /// either end counts as a line. As with [`Scan::new`], `stop` is the haystack's end, or the place behind a
    /// newline.
    pub fn new(pattern: &Pattern, from: usize, stop: usize, invert: bool) -> Self {
        let scan = Scan::new(pattern, from, stop);
        Self {
            scan: if pattern.may_have_newline() {
                scan
            } else {
                scan.earliest()
            },
            from,
            places: None,
            matched: 0,
            phase: if from < stop {
                Phase::Search
            } else {
                Phase::Done
            },
            line: from,
            stop,
            invert,
            number: None,
            counted: from,
        }
    }

    /// Numbers the lines. `first` is the number of the line at `from`.
    #[must_use]
    pub fn numbered(mut self, first: usize) -> Self {
        self.number = Some(first);
        self
    }

    /// Where the first line starts that has not been judged yet.
    pub fn position(&self) -> usize {
        self.line
    }

    /// Goes on with the search, for at most about `budget` bytes.
    pub fn step(&mut self, haystack: &[u8], budget: usize) -> LineStep {
        self.advance(haystack, budget, true)
    }

    /// The same. Where a line starts may be wrong if nobody asks for it.
    #[inline]
    fn advance(&mut self, haystack: &[u8], budget: usize, has_start: bool) -> LineStep {
        let stop = self.stop.min(haystack.len());
        let mut left = budget.max(64);
        loop {
            if left == 0 {
                return LineStep::More;
            }
            match self.phase {
                Phase::Done => return LineStep::Done,
                Phase::Search => {
                    let found = match &mut self.places {
                        Some(places) => places.step(haystack, self.line, stop, &mut left),
                        None => match self.scan.step(haystack, left) {
                            Step::More => Place::More,
                            Step::Match(span) => {
                                self.matched += span.end - span.start;
                                Place::At(span.start)
                            }
                            Step::Done => Place::None,
                        },
                    };
                    match found {
                        Place::More => return LineStep::More,
                        Place::At(place) => {
                            let place = place.clamp(self.line, stop);
                            // At the end there may be no line, and lines without a match end where this one starts.
                            let is_counted = !has_start && !self.invert && place < stop;
                            self.phase = if is_counted {
                                Phase::End {
                                    start: self.line,
                                    at: place,
                                }
                            } else {
                                Phase::Start { place, at: place }
                            };
                        }
                        Place::None => self.search_is_over(stop),
                    }
                }
                Phase::Start { place, at } => {
                    let from = self.line.max(at.saturating_sub(left));
                    left = left.saturating_sub(at - from);
                    let start = match at - from {
                        0 => None,
                        _ => memrchr(b'\n', &haystack[from..at]).map(|found| from + found + 1),
                    };
                    self.phase = match start {
                        None if from > self.line => Phase::Start { place, at: from },
                        start => {
                            let start = start.unwrap_or(self.line);
                            if start >= stop {
                                // Behind the last newline there is no line.
                                self.search_is_over(stop);
                                continue;
                            }
                            Phase::End { start, at: place }
                        }
                    };
                }
                Phase::End { start, at } => {
                    let until = stop.min(at.saturating_add(left));
                    left = left.saturating_sub(until - at);
                    match memchr(b'\n', &haystack[at..until]) {
                        None if until < stop => self.phase = Phase::End { start, at: until },
                        found => {
                            let end = found.map_or(until, |found| at + found);
                            if let Some(line) = self.judged(haystack, start, end, stop) {
                                return LineStep::Line(line);
                            }
                        }
                    }
                }
                Phase::Gap { at, until, next } => {
                    if at >= until {
                        self.go_on(next, stop);
                        continue;
                    }
                    let here = until.min(at.saturating_add(left));
                    left = left.saturating_sub(here - at);
                    match memchr(b'\n', &haystack[at..here]) {
                        // `line` is where the line that is being searched starts.
                        None if here < until => {
                            self.phase = Phase::Gap {
                                at: here,
                                until,
                                next,
                            }
                        }
                        found => {
                            let end = found.map_or(here, |found| at + found);
                            let start = self.line;
                            self.line = end + 1;
                            self.phase = Phase::Gap {
                                at: end + 1,
                                until,
                                next,
                            };
                            return LineStep::Line(self.line(haystack, start, end));
                        }
                    }
                }
            }
        }
    }

    /// Goes on counting: adds the lines to `count`. Returns whether all of them were counted.
    pub fn count(&mut self, haystack: &[u8], budget: usize, count: &mut usize) -> bool {
        let mut left = budget.max(64);
        loop {
            if let Phase::Gap { at, until, next } = self.phase {
                if left == 0 {
                    return false;
                }
                let at = at.min(until);
                let here = until.min(at.saturating_add(left));
                left -= here - at;
                *count += crate::search::count(&haystack[at..here], b"\n");
                let cut = here == until && until > at && haystack[until - 1] != b'\n';
                *count += usize::from(cut);
                self.phase = Phase::Gap {
                    at: here,
                    until,
                    next,
                };
                if here >= until {
                    self.go_on(next, self.stop.min(haystack.len()));
                }
                continue;
            }
            let before = self.line;
            match self.advance(haystack, left, false) {
                LineStep::Line(_) => *count += 1,
                LineStep::More if matches!(self.phase, Phase::Gap { .. }) => {}
                LineStep::More => return false,
                LineStep::Done => return true,
            }
            left = left.saturating_sub(self.line.saturating_sub(before));
            if left == 0 {
                return false;
            }
        }
    }

    fn search_is_over(&mut self, stop: usize) {
        self.phase = if self.invert {
            Phase::Gap {
                at: self.line,
                until: stop,
                next: stop,
            }
        } else {
            Phase::Done
        };
    }

    /// Notes that a line has a match.
    fn judged(&mut self, haystack: &[u8], start: usize, end: usize, stop: usize) -> Option<Line> {
        let next = end + 1;
        if self.invert {
            self.phase = Phase::Gap {
                at: self.line,
                until: start,
                next,
            };
            return None;
        }
        self.go_on(next, stop);
        Some(self.line(haystack, start, end))
    }

    fn go_on(&mut self, next: usize, stop: usize) {
        self.line = next;
        if self.places.is_none() {
            if self.matched > CREDIT + (next - self.from) {
                self.look_for_starts(next);
            }
            self.scan.resume(next);
            if next - self.from >= HEAD {
                let literal = self.scan.pattern().literal();
                self.places = literal.map(|literal| Box::new(Places::new(literal, next)));
            }
        }
        self.phase = if next < stop {
            Phase::Search
        } else {
            Phase::Done
        };
    }

    /// A match that goes on behind its line is read again from each line in it: from here on, only starts of matches are
    /// looked for.
    fn look_for_starts(&mut self, from: usize) {
        self.matched = 0;
        if let Some(starts) = self.scan.pattern().starts().cloned() {
            self.scan = Scan::new(&starts, from, self.stop);
        }
    }

    /// Looks for starts of matches from the beginning, if it can.
    #[cfg(test)]
    pub(super) fn by_starts(mut self) -> Self {
        self.look_for_starts(self.from);
        self
    }

    fn line(&mut self, haystack: &[u8], start: usize, end: usize) -> Line {
        let number = self.number.map_or(0, |number| {
            let passed = crate::search::count(&haystack[self.counted.min(start)..start], b"\n");
            self.counted = start;
            self.number = Some(number + passed);
            number + passed
        });
        Line { start, end, number }
    }
}
