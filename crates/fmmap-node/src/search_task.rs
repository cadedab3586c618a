//! One chunk of an asynchronous search, on the threadpool.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use fmmap_core::Segment;
use fmmap_core::background::Breaks;
use fmmap_core::cancel::CancelToken;
use fmmap_core::needle::{Needle, Scope};
use napi::bindgen_prelude::*;
use napi_derive::napi;

use crate::doubles::Doubles;
use crate::job::{Chunk, Job};
use crate::numbers::{as_number, index};
use crate::range::haystack;
use crate::table;
use crate::task::{InPool, task};
use crate::turns::Turn;

/// The most offsets in the answer of a chunk.
const MOST: usize = 1 << 16;

/// The number of offsets for which there is room at first, and by which the room grows.
const BATCH: usize = 1 << 12;

/// What a search looks for.
#[derive(Clone, Copy)]
enum Question {
    First,
    Last,
    Count,
    All,
}

/// What the chunks of one search share.
struct SearchState {
    question: Question,
    is_chained: bool,
    job: Arc<Job>,
    /// The prepared needle. Each chunk in flight holds it too. The end of the search drops it, because the JavaScript
    /// object may live for long after that.
    needle: Mutex<Option<Arc<Needle<'static>>>>,
}

impl SearchState {
    fn needle(&self) -> MutexGuard<'_, Option<Arc<Needle<'static>>>> {
        // A poisoned lock still guards a valid option.
        self.needle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A search: the needle, prepared for its chunks, and the way to end them.
#[napi]
pub struct Search(SearchState);

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
        let needle = Needle::prepared(needle).into_owned();
        Ok(Self(SearchState {
            question,
            is_chained: needle.is_chained(),
            job: Job::new(),
            needle: Mutex::new(Some(Arc::new(needle))),
        }))
    }

    /// Ends the search. Running chunks stop at their next check, waiting ones will read nothing, and the last of them
    /// drops the needle.
    #[napi(catch_unwind)]
    pub fn end(&self) {
        self.0.job.end();
        let needle = self.0.needle().take();
        drop(needle);
    }

    /// Waits, after `end`, until no chunk reads the memory any more: at most as long as one block takes.
    #[napi(catch_unwind)]
    pub fn join(&self) {
        self.0.job.join();
    }

    /// Whether matches can overlap, so that a chunk depends on the one before it.
    #[napi(catch_unwind)]
    pub fn overlaps(&self) -> bool {
        self.0.is_chained
    }

    /// Searches the offsets `[from, until)` for starts of matches that end by `end`. `null` when all turns are taken.
    /// The promise has the matches (-1 for none) or their number, and then the offset at which to go on; or `null`
    /// after a fault and once the search has ended.
    ///
    /// # Errors
    /// For a range that is not inside the map, and when the search has ended.
    #[napi(catch_unwind, ts_return_type = "Promise<Float64Array | null> | null")]
    pub fn chunk(
        &self,
        env: Env,
        handle: f64,
        from: f64,
        until: f64,
        end: f64,
    ) -> Result<Option<AsyncTask<InPool>>> {
        let outside = || Error::new(Status::InvalidArg, "the range is not inside the map");
        let (Some(from), Some(until), Some(end)) = (index(from), index(until), index(end)) else {
            return Err(outside());
        };
        let scope = Scope { from, until, end };
        let segment = table::open(handle, |open| {
            haystack(&open.mapping, scope)?;
            Ok(Arc::clone(open.mapping.segment()))
        });
        let segment = segment.map_err(|_| outside())?;
        let Some(turn) = Turn::take() else {
            return Ok(None);
        };
        let needle = self.0.needle().clone();
        let (Some(needle), Some(memory)) = (needle, self.0.job.part(segment)) else {
            return Err(Error::new(Status::InvalidArg, "the search has ended"));
        };
        let chunk = Chunk::new(turn, needle, memory);
        let asked = Asked {
            question: self.0.question,
            scope,
        };
        Ok(Some(task(env, move || {
            let found =
                chunk.search(|needle, segment, ended| asked.search(needle, segment, ended))?;
            let found = found.map(|numbers| Doubles {
                numbers,
                bytes: Vec::new(),
            });
            Ok(found.into())
        })))
    }
}

/// What is asked of a chunk.
struct Asked {
    question: Question,
    scope: Scope,
}

impl Asked {
    fn search(&self, needle: &Needle<'_>, segment: &Segment, ended: &CancelToken) -> Vec<f64> {
        let mut needle = needle.by_ref();
        let mut breaks = Breaks::begin(ended);
        let scope = self.scope;
        // SAFETY: the range is inside the segment, which was readable at the call and is kept mapped; the slice ends
        // with this function.
        let haystack = unsafe { segment.bytes(0, scope.end) };
        match self.question {
            Question::First | Question::Last => {
                let found = match self.question {
                    Question::Last => needle.rfind(haystack, scope, &mut breaks),
                    _ => needle.find(haystack, scope, &mut breaks),
                };
                let start = found.map_or(-1.0, |found| as_number(found.start));
                vec![start, as_number(scope.until)]
            }
            Question::Count => {
                let tally = needle.count(haystack, scope, &mut breaks);
                vec![as_number(tally.count), as_number(tally.next)]
            }
            Question::All => {
                let (mut answer, mut scope) = (Vec::new(), scope);
                loop {
                    let filled = answer.len();
                    let room = (MOST - filled).min(BATCH);
                    answer.resize(filled + room, 0.0);
                    let slots = &mut answer[filled..];
                    let batch = needle.find_batch(haystack, scope, slots, &mut breaks);
                    answer.truncate(filled + batch.written);
                    scope.from = batch.next;
                    if batch.is_done || answer.len() == MOST {
                        answer.push(as_number(batch.next));
                        return answer;
                    }
                }
            }
        }
    }
}
