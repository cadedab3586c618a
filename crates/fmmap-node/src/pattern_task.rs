//! Searches for a pattern in parts: batches of an iterator in the calling thread, or chunks on the threadpool.
//!
//! If no match can contain a newline, several threads search parts that end behind newlines, independently of each
//! other. For other patterns the search is interrupted after each part, and goes on with the next one where it was.

use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use fmmap_core::Segment;
use fmmap_core::background::{Breaks, Pause, Uninterrupted};
use fmmap_core::cancel::CancelToken;
use fmmap_core::needle::{Needle, Scope};
use fmmap_core::pattern::{LineStep, Step};
use napi::bindgen_prelude::*;
use napi_derive::napi;

use crate::doubles::Doubles;
use crate::error::Failure;
use crate::job::{Chunk, Job};
use crate::numbers::index;
use crate::pattern_answer::{
    Answer, Asked, Enough, Question, State, Target, most_groups, newlines,
};
use crate::patterns;
use crate::range::haystack;
use crate::table;
use crate::task::{InPool, task};
use crate::turns::Turn;

/// The most records in an answer, and the most bytes of matches, except for a single longer match.
const MOST: usize = 1 << 14;
const MOST_BYTES: usize = 1 << 18;

/// Where a part begins.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Beginning {
    /// At the first line that starts in it.
    Line,
    /// At its first byte.
    Exact,
    /// At its first byte; and the lines before it are counted, to number its own.
    First,
    /// Where the part before it has ended.
    GoesOn,
}

/// What the parts of one search share.
struct SearchState {
    asked: Asked,
    job: Arc<Job>,
    from: usize,
    /// The interrupted search of parts that go on from each other. A part that runs has taken it out.
    state: Mutex<Option<State>>,
    /// What a search from the end knows about the lines that it is in.
    marks: Mutex<Option<Marks>>,
}

impl SearchState {
    fn state(&self) -> MutexGuard<'_, Option<State>> {
        // A poisoned lock still guards a valid option.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The interrupted search, or a new one from the beginning.
    fn resumed(&self, haystack: &[u8], pause: &mut impl Pause) -> State {
        let resting = self.state().take();
        resting.unwrap_or_else(|| {
            let number = if self.asked.has_numbers {
                newlines(&haystack[..self.from.min(haystack.len())], pause) + 1
            } else {
                1
            };
            self.asked.begin(self.from, haystack.len(), number)
        })
    }

    /// Keeps the search for the next part, if there is one.
    fn rest(&self, mut state: State) {
        if let State::Lines(lines) = &mut state {
            // By the next part the bytes may be others.
            lines.forget();
        }
        let mut resting = self.state();
        if !self.job.has_ended() {
            *resting = Some(state);
        }
    }
}

/// A search for a pattern, and the way to end it.
#[napi]
pub struct PatternSearch(Arc<SearchState>);

/// Offsets and lengths of JavaScript's.
fn indexes<const N: usize>(numbers: [f64; N]) -> Result<[usize; N]> {
    let mut all = [0; N];
    for (one, number) in all.iter_mut().zip(numbers) {
        *one = index(number).ok_or_else(|| invalid("not an offset"))?;
    }
    Ok(all)
}

fn invalid(what: &str) -> Error {
    Error::new(Status::InvalidArg, what)
}

#[napi]
impl PatternSearch {
    /// `pattern` is a pattern's number. `question`: 0 where matches start, 1 the matches, 2 the lines that have one,
    /// 3 the number of matches, 4 the number of lines, 5 where the last match starts.
    ///
    /// # Errors
    /// For another question, and for a number that no pattern has.
    #[napi(constructor, catch_unwind)]
    pub fn new(
        pattern: f64,
        question: u32,
        invert: bool,
        numbers: bool,
        from: f64,
    ) -> Result<Self> {
        let pattern = index(pattern).and_then(patterns::pattern);
        let question = match question {
            0 => Question::Starts,
            1 => Question::Matches,
            2 => Question::Lines,
            3 => Question::Count,
            4 => Question::CountLines,
            5 => Question::Last,
            _ => return Err(invalid("no such question")),
        };
        Ok(Self(Arc::new(SearchState {
            asked: Asked {
                pattern: pattern.ok_or_else(|| invalid("no such pattern"))?,
                question,
                is_inverted: invert,
                has_numbers: numbers,
            },
            job: Job::new(),
            from: index(from).ok_or_else(|| invalid("not an offset"))?,
            state: Mutex::new(None),
            marks: Mutex::new(None),
        })))
    }

    /// Ends the search. Parts that run stop at their next check, and those that wait read nothing.
    #[napi(catch_unwind)]
    pub fn end(&self) {
        self.0.job.end();
        let state = self.0.state().take();
        drop(state);
    }

    /// Waits, after `end`, until no part reads the memory any more: at most as long as one step takes.
    #[napi(catch_unwind)]
    pub fn join(&self) {
        self.0.job.join();
    }

    /// Whether parts can be searched independently.
    #[napi(catch_unwind)]
    pub fn is_divisible(&self) -> bool {
        self.0.asked.is_divisible()
    }

    /// Goes on in the calling thread, over bytes that end at `end`, until there are `limit` records; or until there
    /// are a few and `searched` bytes were searched. `null` after a fault.
    ///
    /// # Errors
    /// For a range that is not inside the map.
    #[napi(catch_unwind, ts_return_type = "Float64Array | null")]
    pub fn batch(
        &self,
        handle: f64,
        end: f64,
        limit: f64,
        searched: f64,
    ) -> Result<Option<Doubles>> {
        let [end, limit, searched] = indexes([end, limit, searched])?;
        let enough = Enough {
            records: limit.min(MOST),
            bytes: MOST_BYTES / 4,
            searched: searched.max(1),
        };
        over(
            handle,
            self.0.from.min(end),
            end,
            Answer::packed,
            |haystack| {
                let mut state = self.0.resumed(haystack, &mut Uninterrupted);
                let asked = &self.0.asked;
                let mut answer = asked.go_on(&mut state, haystack, enough, &mut Uninterrupted);
                while answer.len() == 0 && !answer.is_over() && limit > 0 {
                    answer = asked.go_on(&mut state, haystack, enough, &mut Uninterrupted);
                }
                self.0.rest(state);
                answer
            },
        )
    }

    /// As `batch`, for lines without numbers, whose bytes with their newlines are written to `target`. The answer's
    /// count is how many lines there are, and the number of its newlines how many bytes. Behind a record, which is
    /// their number, are the bytes for which `target` had no room.
    ///
    /// # Errors
    /// For a range that is not inside the map.
    #[napi(catch_unwind, ts_return_type = "Float64Array | null")]
    pub fn text(
        &self,
        mut target: Uint8ArraySlice<'_>,
        handle: f64,
        end: f64,
        limit: f64,
        searched: f64,
    ) -> Result<Option<Doubles>> {
        let [end, limit, searched] = indexes([end, limit, searched])?;
        let asked = &self.0.asked;
        if asked.question != Question::Lines || asked.has_numbers {
            return Err(invalid("not lines without numbers"));
        }
        // SAFETY: no JavaScript runs before this function returns, and so nobody else uses the memory.
        let target = unsafe { target.as_mut() };
        let (memory, room) = (target.as_mut_ptr(), target.len());
        // There is room left for the last line, unless it is long.
        let enough = Enough {
            records: limit,
            bytes: (room - room / 8).max(1),
            searched: searched.max(1),
        };
        over(
            handle,
            self.0.from.min(end),
            end,
            Answer::packed_text,
            |haystack| {
                let mut state = self.0.resumed(haystack, &mut Uninterrupted);
                let answer = loop {
                    // SAFETY: the memory has room for so many bytes.
                    let answer = Answer::text(unsafe { Target::new(memory, room) });
                    let pause = &mut Uninterrupted;
                    let answer = asked.go_on_with(answer, &mut state, haystack, enough, pause);
                    if answer.len() > 0 || answer.is_over() || limit == 0 {
                        break answer;
                    }
                };
                self.0.rest(state);
                answer
            },
        )
    }

    /// The last lines of `[from, end)`, or the last matches in lines, that begin before `before`, in descending
    /// order. Lines have no numbers. The answer's position is where the lines that are left end, and its count is the
    /// new `before`. `null` after a fault.
    ///
    /// # Errors
    /// For a range that is not inside the map.
    #[napi(catch_unwind, ts_return_type = "Float64Array | null")]
    pub fn batch_back(
        &self,
        handle: f64,
        from: f64,
        until: f64,
        end: f64,
        before: f64,
    ) -> Result<Option<Doubles>> {
        let [from, until, end, before] = indexes([from, until, end, before])?;
        if from > until || until > end {
            return Err(invalid("the range is not inside the map"));
        }
        over(handle, from, end, Answer::packed, |haystack| {
            let marks = self.0.marks.lock();
            let mut marks = marks.unwrap_or_else(PoisonError::into_inner);
            backward(&self.0.asked, &mut marks, haystack, from, until, before)
        })
    }

    /// Searches a part, `[from, until)` of the bytes that end at `end`. `beginning`: 0 at the first line that starts
    /// in it, 1 at its first byte, 2 the same with the lines before it counted, 3 where the part before has ended,
    /// for as many bytes as the part has. `null` when all turns are taken. The promise has the answer, or `null`
    /// after a fault and once the search has ended.
    ///
    /// # Errors
    /// For a range that is not inside the map, and when the search has ended.
    #[napi(catch_unwind, ts_return_type = "Promise<Float64Array | null> | null")]
    #[allow(
        clippy::too_many_arguments,
        reason = "numbers cross as they are: each property of an object would be another crossing"
    )]
    pub fn chunk(
        &self,
        env: Env,
        handle: f64,
        beginning: u32,
        from: f64,
        until: f64,
        end: f64,
        limit: f64,
    ) -> Result<Option<AsyncTask<InPool>>> {
        let outside = || invalid("the range is not inside the map");
        let offsets = (index(from), index(until), index(end), index(limit));
        let (Some(from), Some(until), Some(end), Some(limit)) = offsets else {
            return Err(outside());
        };
        let beginning = match beginning {
            0 => Beginning::Line,
            1 => Beginning::Exact,
            2 => Beginning::First,
            _ => Beginning::GoesOn,
        };
        let segment = table::open(handle, |open| {
            let mapping = &open.mapping;
            if from > until || until > end || end > mapping.len() {
                return Err(Failure::Core(fmmap_core::Error::OutOfBounds));
            }
            if !mapping.protection().readable() {
                return Err(Failure::Argument("not readable"));
            }
            Ok(Arc::clone(mapping.segment()))
        });
        let segment = segment.map_err(|_| outside())?;
        let Some(turn) = Turn::take() else {
            return Ok(None);
        };
        let memory = self.0.job.part(segment);
        let memory = memory.ok_or_else(|| invalid("the search has ended"))?;
        let chunk = Chunk::new(turn, Arc::clone(&self.0), memory);
        let part = Part {
            beginning,
            from,
            until,
            end,
            limit,
        };
        Ok(Some(task(env, move || {
            let found =
                chunk.search(|shared, segment, ended| part.search(shared, segment, ended))?;
            Ok(found.map(Answer::packed).into())
        })))
    }
}

/// The answer of the calling thread; `None` after a fault.
fn over(
    handle: f64,
    from: usize,
    end: usize,
    pack: impl FnOnce(Answer) -> Doubles,
    look: impl FnOnce(&[u8]) -> Answer,
) -> Result<Option<Doubles>> {
    let found = table::touch(handle, |mapping| {
        let haystack = haystack(mapping, Scope::of(from, end))?;
        Ok(pack(look(haystack)))
    });
    let found = found.map_err(|_| invalid("the range is not inside the map"))?;
    Ok(found)
}

/// A part to search.
struct Part {
    beginning: Beginning,
    from: usize,
    until: usize,
    end: usize,
    limit: usize,
}

impl Part {
    fn search(&self, shared: &SearchState, segment: &Segment, ended: &CancelToken) -> Answer {
        let mut pause = Breaks::begin(ended);
        // SAFETY: the range is inside the segment, which was readable at the call and is kept mapped; the slice ends
        // with this function.
        let haystack = unsafe { segment.bytes(0, self.end) };
        let enough = Enough {
            records: self.limit.min(MOST),
            bytes: MOST_BYTES,
            searched: usize::MAX,
        };
        if self.beginning == Beginning::GoesOn {
            let mut state = shared.resumed(haystack, &mut pause);
            // A part of no bytes asks for what is left of the search, which may lie before the bytes that were
            // searched last.
            let searched = match self.until - self.from {
                0 => MOST_BYTES,
                bytes => bytes,
            };
            let enough = Enough { searched, ..enough };
            let answer = shared.asked.go_on(&mut state, haystack, enough, &mut pause);
            shared.rest(state);
            return answer;
        }
        self.piece(&shared.asked, haystack, enough, &mut pause)
    }

    /// Searches the lines that start in the part.
    fn piece(
        &self,
        asked: &Asked,
        haystack: &[u8],
        enough: Enough,
        pause: &mut impl Pause,
    ) -> Answer {
        let Self {
            from, until, end, ..
        } = *self;
        let behind_newline = |from: usize, end: usize, pause: &mut _| {
            let found = Needle::literal(b"\n").find(haystack, Scope::of(from, end), pause);
            found.map(|found| found.end)
        };
        let mut begin = from;
        if self.beginning == Beginning::Line && from > 0 {
            match behind_newline(from - 1, until.max(from) - 1, pause) {
                Some(line) => begin = line,
                None => return Answer::nothing(until),
            }
        }
        let stop = match until {
            _ if until >= end => end,
            0 => 0,
            _ => behind_newline(until - 1, end, pause).unwrap_or(end),
        };
        let before = match self.beginning {
            Beginning::First if asked.has_numbers => newlines(&haystack[..begin], pause),
            _ => 0,
        };
        let mut state = asked.begin(begin, stop, before + 1);
        let mut answer = asked.go_on(&mut state, haystack, enough, pause);
        answer.position = answer.position.clamp(begin, stop);
        if answer.is_over() {
            answer.position = stop;
        }
        if asked.has_numbers {
            answer.newlines = before + newlines(&haystack[begin..answer.position], pause);
        }
        answer
    }
}

/// A place before which every offset lies, and that is exact as a double.
const EVERYTHING: usize = usize::MAX >> 11;

/// At first, at least this many bytes are searched for the last matches.
const BLOCK: usize = 1 << 16;

/// In how many bytes there is a mark at most, except for one match.
const STRIDE: usize = 1 << 18;

/// Lines that are searched from the end. A search finds matches from the front, so it starts at the last of these
/// places, and then at the one before: no place of a long line is read more than twice.
struct Marks {
    lines: Range<usize>,
    /// Where the lines start, and where some of the matches in them do.
    places: Vec<usize>,
}

impl Marks {
    /// The last lines that end at `until`, of at least `room` bytes.
    fn new(haystack: &[u8], from: usize, until: usize, room: usize) -> Self {
        let near = until.saturating_sub(room).max(from);
        let line = fmmap_core::search::rfind(&haystack[from..near], b"\n");
        let start = if near == from {
            from
        } else {
            line.map_or(from, |at| from + at + 1)
        };
        Self {
            lines: start..until,
            places: vec![start],
        }
    }
}

/// The last matches, or lines, of the lines in `[from, until)` that begin before `before`, in descending order.
fn backward(
    asked: &Asked,
    marks: &mut Option<Marks>,
    haystack: &[u8],
    from: usize,
    mut until: usize,
    before: usize,
) -> Answer {
    let mut room = BLOCK;
    loop {
        let known = marks.take().filter(|marks| marks.lines.end == until);
        let known = known.unwrap_or_else(|| Marks::new(haystack, from, until, room));
        let Marks { lines, places } = marks.insert(known);
        while places.len() > 1 && places.last().is_some_and(|place| *place >= before) {
            places.pop();
        }
        let mut kept: Vec<Kept> = Vec::new();
        let mut place = places.last().map_or(lines.start, |place| *place);
        let mut state = asked.begin(place, until, 1);
        while let Some(found) = next(&mut state, haystack).filter(|found| found.start() < before) {
            let start = found.start();
            if kept.len() == MOST || (!kept.is_empty() && start - place > STRIDE) {
                kept.clear();
                places.push(start);
                place = start;
            }
            kept.push(found);
        }
        let is_first = places.len() == 1;
        let start = lines.start;
        if kept.is_empty() && !is_first {
            // Somebody has changed the bytes meanwhile.
            places.pop();
            continue;
        }
        if kept.is_empty() && start > from {
            until = start;
            room = (2 * room).min(16 * BLOCK);
            continue;
        }
        let mut answer = Answer::default();
        let groups = most_groups(&asked.pattern);
        let mut first = before;
        let mut copied = 0;
        for found in kept.iter().rev() {
            match found {
                Kept::Match(span) => answer.push_match(&asked.pattern, haystack, *span, groups),
                Kept::Line(line) => answer.push_line(haystack, *line),
            }
            copied += 1;
            first = found.start();
            if answer.has_bytes(MOST_BYTES) {
                break;
            }
        }
        answer.copy_run(haystack);
        let is_rest = copied < kept.len() || !is_first;
        answer.position = if is_rest { until } else { start };
        answer.count = if is_rest { first } else { EVERYTHING };
        if !is_rest && start == from {
            answer.finish();
        }
        return answer;
    }
}

/// The next match or line.
fn next(state: &mut State, haystack: &[u8]) -> Option<Kept> {
    loop {
        match state {
            State::Matches(scan) => match scan.step(haystack, usize::MAX) {
                Step::Match(found) => return Some(Kept::Match(found)),
                Step::More => {}
                Step::Done => return None,
            },
            State::Lines(lines) => match lines.step(haystack, usize::MAX) {
                LineStep::Line(line) => return Some(Kept::Line(line)),
                LineStep::More => {}
                LineStep::Done => return None,
            },
            State::Last(_) => return None,
        }
    }
}

/// A match or a line that is kept until its place in the descending order has come.
enum Kept {
    Match(fmmap_core::pattern::Span),
    Line(fmmap_core::pattern::Line),
}

impl Kept {
    fn start(&self) -> usize {
        match self {
            Self::Match(span) => span.start,
            Self::Line(line) => line.start,
        }
    }
}
