//! One chunk of an asynchronous search, on the threadpool.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use fmmap_core::Segment;
use fmmap_core::search::Finder;
use napi::bindgen_prelude::*;
use napi_derive::napi;

use crate::error::Failure;
use crate::search::{Starts, as_number};
use crate::table;
use crate::turns::Turn;

/// How many bytes are searched between two looks at the flag: 30 to 300 microseconds.
const SPAN: usize = 1 << 20;

/// The most offsets that one chunk answers; 512 KiB of them.
const MOST: usize = 1 << 16;

/// What is asked of a chunk.
#[derive(Clone, Copy)]
enum Question {
    First,
    Last,
    Count,
    All,
}

/// A needle that was prepared for the chunks of one search, and the flag that ends them.
#[napi]
pub struct Search {
    finder: Arc<Finder<'static>>,
    question: Question,
    cancelled: Arc<AtomicBool>,
}

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
        let finder = Arc::new(Finder::new(needle).into_owned());
        Ok(Self {
            finder,
            question,
            cancelled: Arc::default(),
        })
    }

    /// Ends the chunks that are running, at their next look at the flag.
    #[napi(catch_unwind)]
    pub fn cancel(&self) {
        self.cancelled.store(true, Ordering::Relaxed);
    }

    /// Whether matches can overlap, so that a chunk depends on the one before it.
    #[napi(catch_unwind)]
    pub fn overlaps(&self) -> bool {
        self.finder.overlaps_itself()
    }

    /// Searches the offsets `[from, until)` for starts of matches that end by `end`. `null` when all turns are
    /// taken. The promise has the matches (-1: none) or their count, and then the offset at which to go on;
    /// `null` after a fault.
    ///
    /// # Errors
    /// For a range that is not inside the map.
    #[napi(catch_unwind, ts_return_type = "Promise<Float64Array | null> | null")]
    pub fn chunk(
        &self,
        handle: f64,
        from: f64,
        until: f64,
        end: f64,
    ) -> Result<Option<AsyncTask<Chunk>>> {
        let offset = |number: f64| {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "checked here"
            )]
            let offset = number as usize;
            if as_number(offset).to_bits() == number.to_bits() {
                Some(offset)
            } else {
                None
            }
        };
        let outside = || Error::new(Status::InvalidArg, "the range is not inside the map");
        let (Some(from), Some(until), Some(end)) = (offset(from), offset(until), offset(end))
        else {
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
            segment,
            finder: Arc::clone(&self.finder),
            question: self.question,
            cancelled: Arc::clone(&self.cancelled),
            part: Starts {
                from,
                starts: until - from,
            },
            end,
            turn: Some(turn),
        })))
    }
}

/// A chunk in flight. It keeps the memory mapped.
pub struct Chunk {
    segment: Arc<Segment>,
    finder: Arc<Finder<'static>>,
    question: Question,
    cancelled: Arc<AtomicBool>,
    part: Starts,
    end: usize,
    turn: Option<Turn>,
}

impl Chunk {
    /// The blocks of the chunk, in the order of the search.
    fn blocks(&self) -> impl Iterator<Item = Starts> + use<> {
        let Starts { from, starts } = self.part;
        let count = starts.div_ceil(SPAN);
        let reverse = matches!(self.question, Question::Last);
        (0..count).map(move |block| {
            let first = if reverse { count - 1 - block } else { block } * SPAN;
            Starts {
                from: from + first,
                starts: SPAN.min(starts - first),
            }
        })
    }

    fn search(&self) -> Vec<f64> {
        let until = self.part.from + self.part.starts;
        let (mut answer, mut count, mut next) = (Vec::new(), 0, self.part.from);
        if matches!(self.question, Question::All) {
            answer = vec![0.0; MOST];
        }
        for block in self.blocks() {
            if self.cancelled.load(Ordering::Relaxed) {
                break;
            }
            // Going forward, a match of the block before may reach into this one.
            let from = block.from.max(if matches!(self.question, Question::Last) {
                0
            } else {
                next
            });
            let block_end = block.from + block.starts;
            if from >= block_end {
                continue;
            }
            let block = Starts {
                from,
                starts: block_end - from,
            };
            // SAFETY: the range is inside the segment, which was readable at the call and is kept mapped; the
            // slice ends with this block.
            let haystack = unsafe { self.segment.bytes(from, self.end) };
            let bytes = block.bytes(self.finder.needle(), haystack);
            match self.question {
                Question::First => {
                    if let Some(at) = self.finder.find(bytes) {
                        return vec![as_number(from + at), as_number(until)];
                    }
                }
                Question::Last => {
                    if let Some(at) = self.finder.rfind(bytes) {
                        return vec![as_number(from + at), as_number(until)];
                    }
                }
                Question::Count => {
                    let tally = self.finder.tally(bytes);
                    count += tally.count;
                    next = block_end.max(from + tally.next);
                }
                Question::All => loop {
                    let here = Starts {
                        from: next.max(from),
                        starts: block_end - next.max(from),
                    };
                    // SAFETY: as above.
                    let haystack = unsafe { self.segment.bytes(here.from, self.end) };
                    let found = here.batch(&self.finder, haystack, &mut answer[count..]);
                    count += found.written;
                    next = found.next;
                    if count == MOST {
                        answer.push(as_number(next));
                        return answer;
                    }
                    if next >= block_end {
                        break;
                    }
                },
            }
        }
        match self.question {
            Question::First | Question::Last => vec![-1.0, as_number(until)],
            Question::Count => vec![as_number(count), as_number(next.max(until))],
            Question::All => {
                answer.truncate(count);
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
        let turn = self.turn.take();
        let found = catch_unwind(AssertUnwindSafe(|| self.search()))
            .map_err(|_| Error::new(Status::GenericFailure, "a panic, which is a bug of fmmap"));
        drop(turn);
        let found = found?;
        Ok(self.segment.fault().is_none().then_some(found))
    }

    fn resolve(&mut self, _env: Env, output: Self::Output) -> Result<Self::JsValue> {
        Ok(output.map(Float64Array::new))
    }
}
