//! Finds the lines that have a match, or those that have none.
//!
//! A line has a match if a match starts in it, whatever the lines before it contain: a match that begins on an
//! earlier line hides nothing. A line ends with `\n`, which is not part of it. Behind the last `\n` there is a line
//! only if there are bytes.

use super::Pattern;
use super::bits::{Lines, WORD};
use super::filter::place;
use super::scan::{Progress, Scan, Span, Step};
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

/// Many matches are asked for at a time behind this many bytes: for fewer, preparing it costs more than it saves.
const HEAD: usize = 4 << 10;

/// How many more bytes matches may have than the search advances. Then only their starts are looked for.
const CREDIT: usize = 256 << 10;

/// How many matches are asked for at once.
const BATCH: usize = 128;

/// In how many bytes they are looked for at most.
const WINDOW: usize = 256 << 10;

/// How many of them stand in a stretch, at least, so that its lines are judged at once.
const FEW: usize = 8;

/// How far behind the line before them the first one stands at most.
const NEAR: usize = 512;

/// How many bytes may be searched at least for the bounds of a line whose match was found.
const BOUNDS: usize = 16 << 10;

/// With how many of them in a line the next one is looked for behind the line, and for how many bytes.
const DENSE: usize = 4;
const APART: usize = 256 << 10;

/// The places of matches, many at a time.
#[derive(Debug)]
struct Places {
    /// The literal that the pattern is, if it is one.
    finder: Option<Finder<'static>>,
    found: Vec<usize>,
    spans: Vec<Span>,
    /// How many of those found were passed on.
    at: usize,
    /// Where the next ones are looked for: no others stand before.
    next: usize,
    /// How many lines had those found.
    lines: usize,
    rows: Lines,
    /// From here on it is asked whether all matches of a stretch are known at once.
    known: usize,
}

impl Places {
    fn new(literal: Option<&[u8]>, from: usize) -> Self {
        Self {
            finder: literal.map(|literal| Finder::new(literal).into_owned()),
            found: Vec::with_capacity(BATCH),
            spans: Vec::new(),
            at: 0,
            next: from,
            lines: 0,
            rows: Lines::new(),
            known: from,
        }
    }

    /// The next place at `from` or behind it. No place before `from` is asked for any more.
    fn step(
        &mut self,
        scan: &mut Scan,
        haystack: &[u8],
        from: usize,
        stop: usize,
        left: &mut usize,
    ) -> Place {
        loop {
            while let Some(&place) = self.found.get(self.at) {
                self.at += 1;
                if place >= from {
                    return Place::At(place);
                }
            }
            let is_dense = self.found.len() > DENSE * self.lines && !self.found.is_empty();
            if self.finder.is_none() && (is_dense || !scan.has_many()) {
                return Place::Apart;
            }
            if *left == 0 {
                return Place::More;
            }
            (self.at, self.lines) = (0, 0);
            self.found.clear();
            let goes_on = if self.finder.is_some() {
                self.find(haystack, from, stop, left)
            } else {
                self.fill(scan, haystack, left)
            };
            if !goes_on {
                self.next = usize::MAX;
                if self.found.is_empty() {
                    return Place::None;
                }
            }
        }
    }

    /// Asks the engine for literals for more places. Returns whether there may be others.
    fn find(&mut self, haystack: &[u8], from: usize, stop: usize, left: &mut usize) -> bool {
        let from = self.next.max(from);
        let Some(finder) = &mut self.finder else {
            return false;
        };
        let len = finder.needle().len();
        if stop.saturating_sub(from) < len {
            return false;
        }
        let most = from.saturating_add((*left).clamp(HEAD, WINDOW));
        let until = stop.min(most.saturating_add(len));
        let mut found = [0.0; BATCH];
        let batch = finder.find_batch(&haystack[from..until], from as u64, &mut found);
        let found = found[..batch.written].iter();
        self.found.extend(found.map(|found| place(*found)));
        self.next = batch.next.map_or(until - len + 1, |next| from + next);
        *left = left.saturating_sub(self.next - from);
        true
    }

    /// The same for the search.
    fn fill(&mut self, scan: &mut Scan, haystack: &[u8], left: &mut usize) -> bool {
        self.spans.clear();
        let (budget, before) = ((*left).clamp(HEAD, WINDOW), scan.position());
        let progress = scan.fill(haystack, budget, &mut self.spans, BATCH);
        self.found.extend(self.spans.iter().map(|span| span.start));
        self.next = scan.position();
        *left = left.saturating_sub(match progress {
            Progress::More => budget,
            _ => self.next.saturating_sub(before),
        });
        progress != Progress::Done
    }

    /// Judges the lines of the stretch that begins at `base`, in whose first line the last place stands that was passed
    /// on. Returns how many have a match, and where the next stretch begins. `None` if it has few places.
    fn judge(
        &mut self,
        haystack: &[u8],
        base: usize,
        stop: usize,
        found: Option<&mut Vec<(usize, usize)>>,
    ) -> Option<(usize, usize)> {
        let end = stop.min(self.next).min(base.saturating_add(Lines::MOST));
        let places = self.found.get(self.at.checked_sub(1)?..)?;
        let first = *places.first()?;
        places.get(FEW - 1).filter(|place| **place < end)?;
        self.rows.mark((base, end), places);
        let (count, next) = self.rows.judge(haystack, (base, end), found)?;
        self.lines += count;
        // The line of the first one may go on behind the stretch.
        self.at -= usize::from(first >= next);
        Some((count, next))
    }

    /// The same for a stretch of which all matches are known at once. `None` if they are not.
    fn judge_all(
        &mut self,
        scan: &mut Scan,
        haystack: &[u8],
        base: usize,
        stop: usize,
        found: Option<&mut Vec<(usize, usize)>>,
    ) -> Option<(usize, usize)> {
        if self.finder.is_some() || self.at < self.found.len() || base < self.known {
            return None;
        }
        let words = scan.starts(haystack, base, &mut self.rows.starts);
        let judged = words.and_then(|words| {
            let end = stop.min(base.saturating_add(words * WORD));
            self.rows.judge(haystack, (base, end), found)
        });
        if judged.is_none() {
            // A line that is longer than a stretch is not asked about again: what is searched of it would be forgotten.
            let apart = if words.is_none() { APART } else { 1 };
            self.known = base.saturating_add(apart);
            scan.resume(base);
            self.resume(base);
        }
        judged
    }

    /// Forgets what was found, but for the lines before a place.
    fn resume(&mut self, from: usize) {
        self.found.clear();
        self.at = 0;
        self.next = from;
    }
}

enum Place {
    At(usize),
    More,
    None,
    /// It is better to look for one place after the other.
    Apart,
}

/// A search for lines, which can be interrupted.
#[derive(Debug)]
pub struct LineScan {
    scan: Scan,
    /// Where the search began, and the places of matches, once they are asked for in batches, which is from `batches` on.
    from: usize,
    batches: usize,
    places: Option<Box<Places>>,
    /// Where the lines start and end that were judged at once, how many of them were passed on, and where the next line
    /// starts.
    judged: Vec<(usize, usize)>,
    passed: usize,
    next: usize,
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
            batches: from.saturating_add(HEAD),
            places: None,
            judged: Vec::new(),
            passed: 0,
            next: from,
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
        self.advance(haystack, budget, None)
    }

    /// Forgets what was found but not passed on, since the haystack may be another.
    pub fn forget(&mut self) {
        let Some(places) = &mut self.places else {
            return;
        };
        let line = self.judged.get(self.passed).map(|line| line.0);
        // What was searched in vain is not searched again.
        if let Some(from) = line.or(places.found.get(places.at).copied()) {
            self.judged.clear();
            places.resume(from);
            self.scan.resume(from);
        }
    }

    /// The same. If lines are only counted, those that are judged at once are added to `count`, and where a line starts
    /// may be wrong.
    #[inline]
    fn advance(
        &mut self,
        haystack: &[u8],
        budget: usize,
        mut count: Option<&mut usize>,
    ) -> LineStep {
        let stop = self.stop.min(haystack.len());
        let mut left = budget.max(64);
        loop {
            if let Some(&(start, end)) = self.judged.get(self.passed).filter(|line| line.1 < stop) {
                self.passed += 1;
                let is_last = self.passed == self.judged.len();
                self.line = if is_last { self.next } else { end + 1 };
                return LineStep::Line(self.line(haystack, start, end));
            }
            if left == 0 {
                return LineStep::More;
            }
            match self.phase {
                Phase::Done => return LineStep::Done,
                Phase::Search => {
                    if !self.search(haystack, stop, &mut left, count.as_deref_mut()) {
                        return LineStep::More;
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
                    match memchr(b'\n', &haystack[at..until]) {
                        None if until < stop => {
                            left = 0;
                            self.phase = Phase::End { start, at: until };
                        }
                        found => {
                            let end = found.map_or(until, |found| at + found);
                            // With what was searched for the match, but not with the lines behind it.
                            left = left.saturating_sub(end + 1 - self.line);
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

    /// Looks for the next place of a match, or judges many lines at once. Returns whether it goes on.
    fn search(
        &mut self,
        haystack: &[u8],
        stop: usize,
        left: &mut usize,
        mut count: Option<&mut usize>,
    ) -> bool {
        if let Some(passed) = self.judge(haystack, None, stop, count.as_deref_mut()) {
            *left = left.saturating_sub(passed);
            return true;
        }
        let found = match &mut self.places {
            Some(places) => places.step(&mut self.scan, haystack, self.line, stop, left),
            None => match self.scan.step(haystack, *left) {
                Step::More => Place::More,
                Step::Match(span) => {
                    self.matched += span.end - span.start;
                    Place::At(span.start)
                }
                Step::Done => Place::None,
            },
        };
        match found {
            Place::More => return false,
            Place::Apart => {
                self.places = None;
                self.batches = self.line.saturating_add(APART);
                self.scan.resume(self.line);
            }
            Place::At(place) => {
                if !self.invert {
                    // The line is given now, and not looked for again by the next step.
                    *left = (*left).max(BOUNDS);
                }
                let place = place.clamp(self.line, stop);
                let is_count = count.is_some();
                if let Some(passed) = self.judge(haystack, Some(place), stop, count) {
                    *left = left.saturating_sub(passed);
                    return true;
                }
                // At the end there may be no line, and lines without a match end where this one starts.
                self.phase = if is_count && !self.invert && place < stop {
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
        true
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
            match self.advance(haystack, left, Some(&mut *count)) {
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

    /// Judges the next lines at once: those from a place on, if this is one of many; without a place, if all matches are known
    /// there. Returns how many bytes were passed.
    fn judge(
        &mut self,
        haystack: &[u8],
        place: Option<usize>,
        stop: usize,
        count: Option<&mut usize>,
    ) -> Option<usize> {
        let places = self.places.as_deref_mut().filter(|_| !self.invert)?;
        self.judged.clear();
        self.passed = 0;
        let found = count.is_none().then_some(&mut self.judged);
        let (lines, next) = if let Some(place) = place {
            // If lines are only counted, where the first one starts is not asked for.
            let near = self.line.max(place.saturating_sub(NEAR));
            let base = if near == self.line || count.is_some() {
                near
            } else {
                near + memrchr(b'\n', &haystack[near..place])? + 1
            };
            places.judge(haystack, base, stop, found)?
        } else {
            places.judge_all(&mut self.scan, haystack, self.line, stop, found)?
        };
        let passed = next - self.line;
        if let Some(count) = count {
            *count += lines;
        }
        if self.judged.is_empty() {
            self.line = next;
        }
        self.next = next;
        Some(passed)
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
        if let Some(places) = &mut self.places {
            places.lines += 1;
        } else {
            if self.matched > CREDIT + (next - self.from) {
                self.look_for_starts(next);
            }
            self.scan.resume(next);
            if next >= self.batches {
                let pattern = self.scan.pattern();
                let literal = pattern.literal();
                let has_many = !pattern.may_have_newline() && self.scan.has_many();
                self.places =
                    (literal.is_some() || has_many).then(|| Box::new(Places::new(literal, next)));
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
