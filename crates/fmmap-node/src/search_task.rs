//! One chunk of an asynchronous search, on the threadpool.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use fmmap_core::Segment;
use fmmap_core::background::Background;
use fmmap_core::cancel::CancelToken;
use fmmap_core::search::Finder;
use napi::bindgen_prelude::*;
use napi_derive::napi;

use crate::error::Failure;
use crate::in_flight::InFlight;
use crate::raw::index;
use crate::search::{Starts, as_number};
use crate::table;
use crate::turns::Turn;

/// How many bytes are searched between two looks at the flag, and two pauses: 30 to 300 microseconds.
const SPAN: usize = 1 << 20;

/// The most offsets that one chunk answers; 512 KiB of them.
const MOST: usize = 1 << 16;

/// How many offsets there is room for at first, and how many more when it is used up.
const BATCH: usize = 1 << 12;

/// What is asked of a chunk.
#[derive(Clone, Copy)]
enum Question {
    First,
    Last,
    Count,
    All,
}

/// What the chunks of one search share.
struct Shared {
    finder: Finder<'static>,
    question: Question,
    /// Looked at between blocks.
    ended: CancelToken,
    memory: Mutex<Memory>,
    /// A chunk has left the memory.
    left: Condvar,
}

/// The memory that is searched. It stays mapped while the search holds it or a chunk reads it. The search holds it
/// as long as it has chunks in flight: nothing else may ever end it where a worker was terminated (see
/// [`crate::in_flight`]).
struct Memory {
    segment: Option<Arc<Segment>>,
    /// Chunks in the pool's queue, and those that read.
    chunks: usize,
    readers: usize,
}

impl Shared {
    fn memory(&self) -> MutexGuard<'_, Memory> {
        // A poisoned lock still guards a valid count.
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The memory for a chunk that starts now; none once the search has ended.
    fn enter(&self) -> Option<Arc<Segment>> {
        let mut memory = self.memory();
        let segment = memory.segment.clone()?;
        memory.readers += 1;
        Some(segment)
    }

    /// Lets go of what `enter` gave.
    fn leave(&self, segment: Arc<Segment>) {
        // Before the count says that nobody reads: whoever waits for that wants the memory for itself.
        drop(segment);
        let mut memory = self.memory();
        memory.readers -= 1;
        if memory.readers == 0 {
            self.left.notify_all();
        }
    }
}

/// A chunk's share in the memory, from the call to the end of its reading.
struct Share(Arc<Shared>);

impl Share {
    fn of(shared: &Arc<Shared>, segment: Arc<Segment>) -> Self {
        let mut memory = shared.memory();
        memory.chunks += 1;
        if !shared.ended.is_cancelled() {
            memory.segment = Some(segment);
        }
        Self(Arc::clone(shared))
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        let mut memory = self.0.memory();
        memory.chunks -= 1;
        let last = (memory.chunks == 0)
            .then(|| memory.segment.take())
            .flatten();
        // It may unmap: with the lock free again.
        drop(memory);
        drop(last);
    }
}

/// A needle that was prepared for the chunks of one search, and what ends them.
#[napi]
pub struct Search(Arc<Shared>);

#[napi]
impl Search {
    /// Copies the needle. `question`: 0 the first match, 1 the last, 2 their count, 3 all.
    ///
    /// # Errors
    /// For another question.
    #[napi(constructor, catch_unwind)]
    pub fn new(needle: &[u8], question: u32) -> Result<Self> {
        let question = match question {
            0 => Question::First,
            1 => Question::Last,
            2 => Question::Count,
            3 => Question::All,
            _ => return Err(Error::new(Status::InvalidArg, "no such question")),
        };
        Ok(Self(Arc::new(Shared {
            finder: Finder::new(needle).into_owned(),
            question,
            ended: CancelToken::new(),
            memory: Mutex::new(Memory {
                segment: None,
                chunks: 0,
                readers: 0,
            }),
            left: Condvar::new(),
        })))
    }

    /// Ends the search: chunks that run do so until their next look, those that wait find nothing to read.
    #[napi(catch_unwind)]
    pub fn end(&self) {
        self.0.ended.cancel();
        self.0.memory().segment = None;
    }

    /// Waits, after `end`, until no chunk reads the memory: as long as a block takes.
    #[napi(catch_unwind)]
    pub fn join(&self) {
        let mut memory = self.0.memory();
        while memory.readers > 0 {
            memory = self
                .0
                .left
                .wait(memory)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Whether matches can overlap, so that a chunk depends on the one before it.
    #[napi(catch_unwind)]
    pub fn overlaps(&self) -> bool {
        self.0.finder.overlaps_itself()
    }

    /// Searches the offsets `[from, until)` for starts of matches that end by `end`. `null` when all turns are
    /// taken. The promise has the matches (-1: none) or their count, and then the offset at which to go on;
    /// `null` after a fault, and once the search has ended.
    ///
    /// # Errors
    /// For a range that is not inside the map.
    #[napi(catch_unwind, ts_return_type = "Promise<Float64Array | null> | null")]
    pub fn chunk(
        &self,
        env: Env,
        handle: f64,
        from: f64,
        until: f64,
        end: f64,
    ) -> Result<Option<AsyncTask<Chunk>>> {
        let outside = || Error::new(Status::InvalidArg, "the range is not inside the map");
        let (Some(from), Some(until), Some(end)) = (index(from), index(until), index(end)) else {
            return Err(outside());
        };
        let segment = table::open(handle, |open| {
            let mapping = &open.mapping;
            if from > until || until > end + 1 || end > mapping.len() {
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
        Ok(Some(AsyncTask::new(Chunk {
            shared: Arc::clone(&self.0),
            held: InFlight::new(env.raw(), (turn, Share::of(&self.0, segment))),
            part: Starts {
                from,
                starts: until - from,
            },
            end,
        })))
    }
}

/// A chunk in flight.
pub struct Chunk {
    shared: Arc<Shared>,
    held: InFlight<(Turn, Share)>,
    part: Starts,
    end: usize,
}

impl Chunk {
    /// The blocks of the chunk, in the order of the search.
    fn blocks(&self) -> impl Iterator<Item = Starts> + use<> {
        let Starts { from, starts } = self.part;
        let count = starts.div_ceil(SPAN);
        let reverse = matches!(self.shared.question, Question::Last);
        (0..count).map(move |block| {
            let first = if reverse { count - 1 - block } else { block } * SPAN;
            Starts {
                from: from + first,
                starts: SPAN.min(starts - first),
            }
        })
    }

    /// The answer, from the segment that `enter` gave; its fault says whether it is one.
    fn search(&self, segment: &Segment, background: &Background) -> Vec<f64> {
        let question = self.shared.question;
        let mut finder = self.shared.finder.by_ref();
        let until = self.part.from + self.part.starts;
        let (mut answer, mut count, mut next) = (Vec::new(), 0, self.part.from);
        for block in self.blocks() {
            background.give_way();
            if self.shared.ended.is_cancelled() {
                break;
            }
            let block_end = block.from + block.starts;
            // Going forward, a match of the block before may reach into this one.
            let from = match question {
                Question::Last => block.from,
                _ => block.from.max(next),
            };
            if from >= block_end {
                continue;
            }
            let starts = |from: usize| Starts {
                from,
                starts: block_end - from,
            };
            // SAFETY: the range is inside the segment, which was readable at the call and is kept mapped; the
            // slice ends with this block.
            let haystack = unsafe { segment.bytes(from, self.end) };
            let bytes = starts(from).bytes(finder.needle(), haystack);
            match question {
                Question::First => {
                    if let Some(at) = finder.find(bytes) {
                        return vec![as_number(from + at), as_number(until)];
                    }
                }
                Question::Last => {
                    if let Some(at) = finder.rfind(bytes) {
                        return vec![as_number(from + at), as_number(until)];
                    }
                }
                Question::Count => {
                    let tally = finder.tally(bytes);
                    count += tally.count;
                    next = block_end.max(from + tally.next);
                }
                Question::All => {
                    next = from;
                    while next < block_end {
                        let room = (MOST - answer.len()).min(BATCH);
                        if room == 0 {
                            answer.push(as_number(next));
                            return answer;
                        }
                        let filled = answer.len();
                        answer.resize(filled + room, 0.0);
                        let rest = &haystack[next - from..];
                        let found = starts(next).batch(&mut finder, rest, &mut answer[filled..]);
                        answer.truncate(filled + found.written);
                        next = found.next;
                    }
                }
            }
        }
        match question {
            Question::First | Question::Last => vec![-1.0, as_number(until)],
            Question::Count => vec![as_number(count), as_number(next.max(until))],
            Question::All => {
                answer.push(as_number(next.max(until)));
                answer
            }
        }
    }
}

impl Task for Chunk {
    type Output = Option<Vec<f64>>;
    type JsValue = Option<Float64Array>;

    fn compute(&mut self) -> Result<Self::Output> {
        let Some(held) = self.held.take() else {
            return Ok(None);
        };
        let Some(segment) = self.shared.enter() else {
            return Ok(None);
        };
        let found = catch_unwind(AssertUnwindSafe(|| {
            self.search(&segment, &Background::begin())
        }))
        .map_err(|_| Error::new(Status::GenericFailure, "a panic, which is a bug of fmmap"));
        let whole = segment.fault().is_none();
        self.shared.leave(segment);
        drop(held);
        Ok(whole.then_some(found?))
    }

    fn resolve(&mut self, _env: Env, output: Self::Output) -> Result<Self::JsValue> {
        Ok(output.map(Float64Array::new))
    }
}
