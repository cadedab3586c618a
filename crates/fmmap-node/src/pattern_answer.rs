//! The results of a search for a pattern in the form in which they cross to JavaScript: one array of doubles for many
//! matches, followed by their bytes.
//!
//! | doubles | |
//! |---|---|
//! | 0 | 1: nothing is left; 0: there is more; 2: a match is too long to be copied |
//! | 1 | where the search goes on, if it is to begin anew |
//! | 2 | how many were counted |
//! | 3 | newlines before the place of 1, in what was searched |
//! | 4 | how many records follow |
//! | records | of a start: itself. Of a line: start, end, number, place of its bytes. Of a match: which needle, start, end, place of its bytes, and for each group its start and end, or -1 twice |
//! | bytes | of all records; behind those of each line stands a newline |

use std::ops::Range;
use std::{mem, ptr};

use fmmap_core::background::Pause;
use fmmap_core::pattern::{
    Capturer, Line, LineScan, LineStep, Pattern, Progress, ReverseScan, Scan, Span, Step,
};

use crate::doubles::Doubles;
use crate::numbers::as_number;

/// What a search looks for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Question {
    /// Where matches start.
    Starts,
    /// The matches.
    Matches,
    /// The lines that have a match.
    Lines,
    /// The number of matches.
    Count,
    /// The number of lines that have a match.
    CountLines,
    /// Where the last match starts.
    Last,
}

/// A question about a pattern.
#[derive(Clone)]
pub(crate) struct Asked {
    pub(crate) pattern: Pattern,
    pub(crate) question: Question,
    /// Whether the lines are those that have no match.
    pub(crate) is_inverted: bool,
    /// Whether lines are numbered.
    pub(crate) has_numbers: bool,
}

/// A search that can be interrupted.
pub(crate) enum State {
    Matches(Scan),
    Lines(LineScan),
    Last(ReverseScan),
}

/// When an answer is full.
#[derive(Clone, Copy)]
pub(crate) struct Enough {
    /// The most records.
    pub(crate) records: usize,
    /// The most bytes of matches.
    pub(crate) bytes: usize,
    /// About how many bytes are searched.
    pub(crate) searched: usize,
}

/// How many bytes are searched between two checks whether the search was ended. Patterns with very many states take
/// milliseconds for them.
const STEP: usize = 1 << 16;

/// The length from which on a match is not copied.
const LONGEST: usize = 1 << 31;

/// The length up to which a match is short, as most are.
const SHORT: usize = 16;

const DONE: f64 = 1.0;
const TOO_LONG: f64 = 2.0;

/// How many matches are searched for at once at most, and in how many bytes. What has no room in an answer is searched
/// for again by the next one.
const MANY: usize = 1024;
const AHEAD: usize = 1 << 18;

/// How many numbers stand before the records.
const HEAD: usize = 5;

/// An answer that is being filled.
pub(crate) struct Answer {
    status: f64,
    pub(crate) position: usize,
    pub(crate) count: usize,
    pub(crate) newlines: usize,
    records: usize,
    /// The records, behind room for the numbers that stand before them.
    numbers: Vec<f64>,
    bytes: Vec<u8>,
    /// Lines whose bytes, with their newlines, were not copied yet: they lie behind one another, so that it takes one
    /// copy.
    run: Range<usize>,
    /// Where the bytes of lines go as long as there is room. Such lines have no records.
    target: Option<Target>,
    /// Finds the groups of matches, if they have some.
    capturer: Option<Capturer>,
}

/// Memory of a caller, which is filled from its beginning.
pub(crate) struct Target {
    memory: *mut u8,
    len: usize,
    used: usize,
}

impl Target {
    /// # Safety
    /// The memory has `len` bytes, and nobody else uses it while the target is there.
    pub(crate) unsafe fn new(memory: *mut u8, len: usize) -> Self {
        Self {
            memory,
            len,
            used: 0,
        }
    }

    /// Appends lines and a newline. Returns whether there was room, apart from the lines themselves: the memory may be
    /// a view of the haystack.
    fn append(&mut self, lines: &[u8]) -> bool {
        if self.len - self.used <= lines.len() {
            return false;
        }
        // SAFETY: less than the length was used.
        let free = unsafe { self.memory.add(self.used) };
        if lines.as_ptr_range().start < free.wrapping_add(lines.len() + 1).cast_const()
            && free.cast_const() < lines.as_ptr_range().end
        {
            return false;
        }
        // SAFETY: there is room for so many bytes and one more, and they do not overlap.
        unsafe { ptr::copy_nonoverlapping(lines.as_ptr(), free, lines.len()) };
        // SAFETY: the byte behind them is inside the memory.
        let behind = unsafe { free.add(lines.len()) };
        // SAFETY: as above.
        unsafe { behind.write(b'\n') };
        self.used += lines.len() + 1;
        true
    }
}

impl Default for Answer {
    fn default() -> Self {
        let Doubles { mut numbers, bytes } = Doubles::empty();
        numbers.resize(HEAD, 0.0);
        Self {
            status: 0.0,
            position: 0,
            count: 0,
            newlines: 0,
            records: 0,
            numbers,
            bytes,
            run: 0..0,
            target: None,
            capturer: None,
        }
    }
}

impl Answer {
    /// One whose lines go to a caller's memory.
    pub(crate) fn text(target: Target) -> Self {
        Self {
            target: Some(target),
            ..Self::default()
        }
    }

    /// The answer of lines that went to a caller's memory. Of these lines `count` says how many there are, `newlines`
    /// how many bytes the memory has; and one record has the number of bytes that follow it, for which there was no
    /// room.
    pub(crate) fn packed_text(mut self) -> Doubles {
        self.count = self.records;
        self.newlines = self.target.as_ref().map_or(0, |target| target.used);
        self.records = 1;
        self.numbers.push(as_number(self.bytes.len()));
        self.packed()
    }

    /// The answer in the form of the table.
    pub(crate) fn packed(mut self) -> Doubles {
        self.numbers[0] = self.status;
        let counts = [self.position, self.count, self.newlines, self.records].map(as_number);
        self.numbers[1..HEAD].copy_from_slice(&counts);
        Doubles {
            numbers: self.numbers,
            bytes: self.bytes,
        }
    }

    /// An answer without records: nothing is left before `position`.
    pub(crate) fn nothing(position: usize) -> Self {
        Self {
            status: DONE,
            position,
            ..Self::default()
        }
    }

    /// Nothing is left. A match that is too long is said all the same.
    pub(crate) fn finish(&mut self) {
        self.status = self.status.max(DONE);
    }

    pub(crate) fn len(&self) -> usize {
        self.records
    }

    /// Whether the search has nothing left.
    pub(crate) fn is_over(&self) -> bool {
        self.status > 0.0
    }

    /// Whether at least this many bytes of matches were copied.
    pub(crate) fn has_bytes(&self, most: usize) -> bool {
        let used = self.target.as_ref().map_or(0, |target| target.used);
        used + self.bytes.len() + self.run.len() >= most
    }

    fn is_enough(&self, enough: Enough) -> bool {
        self.records >= enough.records || self.has_bytes(enough.bytes) || self.status == TOO_LONG
    }

    /// How many matches to search for next: not many more than the answer takes, if they are as long as those before.
    fn room(&self, enough: Enough) -> usize {
        let records = MANY.min(enough.records - self.records);
        let length = self.bytes.len() / self.records.max(1) + 1;
        records.min(enough.bytes.saturating_sub(self.bytes.len()) / length + 1)
    }

    /// Adds a match with its groups, all from one reading of its bytes.
    pub(crate) fn push_match(
        &mut self,
        pattern: &Pattern,
        haystack: &[u8],
        span: Span,
        groups: usize,
    ) {
        let (start, end) = (span.start.min(haystack.len()), span.end.min(haystack.len()));
        if start > end || end - start >= LONGEST {
            self.status = TOO_LONG;
            return;
        }
        if pattern.groups(span.pattern) > 0 {
            return self.push_groups(pattern, haystack, Span { start, end, ..span }, groups);
        }
        let place = self.bytes.len();
        if !copy(&mut self.bytes, haystack, start..end) {
            self.status = TOO_LONG;
            return;
        }
        let record = [span.pattern, start, end, place].map(as_number);
        self.numbers.extend_from_slice(&record);
        if groups > 0 {
            self.numbers.resize(self.numbers.len() + 2 * groups, -1.0);
        }
        self.records += 1;
    }

    /// The same for a match of a needle that has groups.
    fn push_groups(&mut self, pattern: &Pattern, haystack: &[u8], span: Span, groups: usize) {
        let Self {
            capturer,
            numbers,
            bytes,
            ..
        } = self;
        let capturer = capturer.get_or_insert_with(|| Capturer::new(pattern));
        let found = capturer.find(haystack, span);
        // The groups of a lookahead may lie behind the match.
        let last = found
            .groups
            .iter()
            .flatten()
            .fold(found.end, |last, group| last.max(group.1));
        let part = found.start - found.text_start..last - found.text_start;
        let (place, record) = (bytes.len(), numbers.len());
        if part.end > found.text.len() || !copy(bytes, &found.text, part) {
            self.status = TOO_LONG;
            return;
        }
        numbers.reserve(4 + 2 * groups);
        numbers.extend_from_slice(&[found.pattern, found.start, found.end, place].map(as_number));
        for group in found.groups.iter().skip(1) {
            let range = group.map_or([-1.0; 2], |(start, end)| [start, end].map(as_number));
            numbers.extend_from_slice(&range);
        }
        numbers.resize(record + 4 + 2 * groups, -1.0);
        self.records += 1;
    }

    /// Adds a line. Its bytes are copied later, together with those of the lines behind it.
    pub(crate) fn push_line(&mut self, haystack: &[u8], line: Line) {
        if line.end - line.start >= LONGEST {
            self.status = TOO_LONG;
            return;
        }
        if line.start != self.run.end {
            self.copy_run(haystack);
            self.run = line.start..line.start;
        }
        if self.target.is_none() {
            let place = self.bytes.len() + self.run.len();
            self.numbers
                .extend([line.start, line.end, line.number, place].map(as_number));
        }
        self.records += 1;
        self.run.end = line.end + 1;
    }

    /// Copies the lines that were not copied yet.
    pub(crate) fn copy_run(&mut self, haystack: &[u8]) {
        let Range { start, end } = mem::take(&mut self.run);
        if end == start {
            return;
        }
        // The last newline is not copied, because there may be none at the end of a haystack.
        let (lines, room) = (haystack.get(start..end - 1), end - start);
        if let (Some(target), Some(lines)) = (&mut self.target, lines)
            && self.bytes.is_empty()
            && target.append(lines)
        {
            return;
        }
        match lines.filter(|_| self.bytes.try_reserve(room).is_ok()) {
            Some(lines) => {
                self.bytes.extend_from_slice(lines);
                self.bytes.push(b'\n');
            }
            None => self.status = TOO_LONG,
        }
    }

    fn push_start(&mut self, span: Span) {
        self.numbers.push(as_number(span.start));
        self.records += 1;
    }
}

/// Appends a part of some bytes to a copy, and returns whether there was room.
fn copy(copy: &mut Vec<u8>, bytes: &[u8], part: Range<usize>) -> bool {
    let len = part.len();
    if len >= LONGEST || copy.try_reserve(len.max(SHORT)).is_err() {
        return false;
    }
    let chunk = bytes
        .get(part.start..)
        .and_then(|rest| rest.first_chunk::<SHORT>());
    // A fixed number of bytes is copied without a call. What is too much is dropped again.
    match chunk.filter(|_| len <= SHORT) {
        Some(chunk) => {
            let used = copy.len() + len;
            copy.extend_from_slice(chunk);
            copy.truncate(used);
        }
        None => copy.extend_from_slice(&bytes[part]),
    }
    true
}

/// The largest number of groups that a needle has.
pub(crate) fn most_groups(pattern: &Pattern) -> usize {
    (0..pattern.len())
        .map(|needle| pattern.groups(needle))
        .max()
        .unwrap_or(0)
}

/// The number of newlines.
pub(crate) fn newlines<P: Pause>(bytes: &[u8], pause: &mut P) -> usize {
    let mut count = 0;
    for block in bytes.chunks(P::BLOCK) {
        if !pause.goes_on() {
            break;
        }
        count += fmmap_core::search::count(block, b"\n");
    }
    count
}

impl Asked {
    /// A search from its beginning. `number` is that of the line at `from`.
    pub(crate) fn begin(&self, from: usize, stop: usize, number: usize) -> State {
        match self.question {
            Question::Starts | Question::Matches | Question::Count => {
                State::Matches(self.pattern.scan(from, stop))
            }
            Question::Lines | Question::CountLines => {
                let lines = LineScan::new(&self.pattern, from, stop, self.is_inverted);
                let is_numbered = self.has_numbers && self.question == Question::Lines;
                State::Lines(if is_numbered {
                    lines.numbered(number)
                } else {
                    lines
                })
            }
            Question::Last => State::Last(ReverseScan::new(&self.pattern, from, stop)),
        }
    }

    /// Whether parts of a haystack that end behind newlines can be searched independently.
    pub(crate) fn is_divisible(&self) -> bool {
        let is_last = self.question == Question::Last;
        !is_last && !self.pattern.may_have_newline() && !self.pattern.is_sticky()
    }

    /// Goes on with a search until the answer is full.
    pub(crate) fn go_on<P: Pause>(
        &self,
        state: &mut State,
        haystack: &[u8],
        enough: Enough,
        pause: &mut P,
    ) -> Answer {
        self.go_on_with(Answer::default(), state, haystack, enough, pause)
    }

    /// The same with an answer that is empty.
    pub(crate) fn go_on_with<P: Pause>(
        &self,
        answer: Answer,
        state: &mut State,
        haystack: &[u8],
        enough: Enough,
        pause: &mut P,
    ) -> Answer {
        // Without checks between them, one step is enough.
        let step = if P::BLOCK == usize::MAX {
            usize::MAX
        } else {
            STEP
        };
        self.go_on_by(step, answer, state, haystack, enough, &mut || {
            pause.goes_on()
        })
    }

    /// The same by steps of a length, as long as `goes_on` says so: one function for every kind of [`Pause`].
    fn go_on_by(
        &self,
        longest: usize,
        mut answer: Answer,
        state: &mut State,
        haystack: &[u8],
        enough: Enough,
        goes_on: &mut dyn FnMut() -> bool,
    ) -> Answer {
        let groups = most_groups(&self.pattern);
        let mut left = enough.searched;
        while !answer.is_enough(enough) && left > 0 && goes_on() {
            let step = longest.min(left);
            let before = state.position();
            let is_done = match (&mut *state, self.question) {
                (State::Matches(scan), Question::Count) => {
                    scan.count(haystack, step, &mut answer.count)
                }
                (State::Matches(scan), Question::Starts) => {
                    let mut spans = Vec::new();
                    let room = enough.records - answer.records;
                    let progress = scan.fill(haystack, step, &mut spans, room);
                    for span in spans {
                        answer.push_start(span);
                    }
                    progress == Progress::Done
                }
                (State::Matches(scan), _) => {
                    matches(&mut answer, scan, haystack, step, enough, groups)
                }
                (State::Lines(lines), Question::CountLines) => {
                    lines.count(haystack, step, &mut answer.count)
                }
                (State::Lines(scan), _) => lines(scan, haystack, step, |line| {
                    answer.push_line(haystack, line);
                    answer.is_enough(enough)
                }),
                (State::Last(last), _) => match last.step(haystack, step) {
                    Step::More => false,
                    Step::Done => true,
                    Step::Match(found) => {
                        answer.push_start(found);
                        true
                    }
                },
            };
            if is_done {
                answer.finish();
                break;
            }
            // A step that was full before its end counts with the bytes that it has passed.
            let passed = state.position().saturating_sub(before);
            left = left.saturating_sub(if answer.is_enough(enough) {
                passed
            } else {
                step
            });
        }
        answer.copy_run(haystack);
        answer.position = state.position();
        answer
    }
}

/// Adds matches until the answer is full or enough bytes were searched. Returns whether there are no more.
fn matches(
    answer: &mut Answer,
    scan: &mut Scan,
    haystack: &[u8],
    step: usize,
    enough: Enough,
    groups: usize,
) -> bool {
    let pattern = scan.pattern().clone();
    let end = scan.position().saturating_add(step);
    let mut spans = Vec::new();
    loop {
        let room = answer.room(enough);
        let before = scan.position();
        let budget = end.saturating_sub(before).clamp(1, AHEAD);
        let progress = scan.fill(haystack, budget, &mut spans, room);
        for span in spans.drain(..) {
            if answer.is_enough(enough) {
                // The next answer searches for them again, so that it has what the bytes are by then.
                scan.resume(span.start);
                return false;
            }
            answer.push_match(&pattern, haystack, span, groups);
        }
        match progress {
            Progress::Done => return true,
            _ if answer.is_enough(enough) || scan.position() >= end => return false,
            // It is inside of a long match, for which those before should not wait.
            Progress::More if step <= AHEAD || scan.position() == before => return false,
            Progress::More | Progress::Full => {}
        }
    }
}

/// Passes on lines until `push` returns that they are enough, or until enough bytes were searched. Returns whether
/// there are no more.
fn lines(
    scan: &mut LineScan,
    haystack: &[u8],
    step: usize,
    mut push: impl FnMut(Line) -> bool,
) -> bool {
    let end = scan.position().saturating_add(step);
    loop {
        match scan.step(haystack, end.saturating_sub(scan.position()).max(1)) {
            LineStep::Line(line) if push(line) => return false,
            LineStep::Line(_) => {}
            LineStep::More => return false,
            LineStep::Done => return true,
        }
        if scan.position() >= end {
            return false;
        }
    }
}

impl State {
    /// Where a new search would have to begin to find what has not been found yet.
    pub(crate) fn position(&self) -> usize {
        match self {
            Self::Matches(scan) => scan.position(),
            Self::Lines(lines) => lines.position(),
            Self::Last(_) => 0,
        }
    }
}
