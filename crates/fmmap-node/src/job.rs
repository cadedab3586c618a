//! Work on the memory of a map that runs in parts on the threadpool, and how it ends.
//!
//! A part holds the memory that its range was checked against, from the call that starts the part until the memory has
//! been read. When the job ends, parts that still wait in the pool's queue lose the memory at once, as they may wait
//! long. Parts that read keep it, and check [`Job::has_ended`] between two blocks. So a map that is closed or resized
//! waits for the job no longer than one block takes.
//!
//! A task holds its [`Part`] and its turn in an [`InFlight`](crate::in_flight::InFlight), and reads so:
//!
//! ```ignore
//! let Some(memory) = part.begin() else { return Ok(None) }; // the job has ended
//! for block in blocks {
//!     if part.job().has_ended() { break }
//!     // SAFETY: ...
//!     let bytes = unsafe { memory.bytes(block.start, block.end) };
//! }
//! ```
//!
//! The chunks of searches do it by [`Chunk::search`], whatever they look for.

use std::ops::Deref;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use fmmap_core::Segment;
use fmmap_core::cancel::CancelToken;
use napi::bindgen_prelude::{Error, Result, Status};

use crate::turns::Turn;

/// What the parts of one job share.
pub(crate) struct Job {
    ended: CancelToken,
    memory: Mutex<Memory>,
    /// Notified when the last part that reads has dropped the memory.
    left: Condvar,
}

struct Memory {
    /// The number of the next part.
    next: u64,
    /// The memory that the parts in the pool's queue will read, with their numbers.
    waiting: Vec<(u64, Arc<Segment>)>,
    /// How many parts are reading.
    readers: usize,
}

impl Job {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self {
            ended: CancelToken::new(),
            memory: Mutex::new(Memory {
                next: 0,
                waiting: Vec::new(),
                readers: 0,
            }),
            left: Condvar::new(),
        })
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        // A poisoned lock still guards a valid count.
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A part that will read the segment; none once the job has ended.
    pub(crate) fn part(self: &Arc<Self>, segment: Arc<Segment>) -> Option<Part> {
        let mut memory = self.memory();
        if self.has_ended() {
            return None;
        }
        let number = memory.next;
        memory.next += 1;
        memory.waiting.push((number, segment));
        Some(Part {
            job: Arc::clone(self),
            number,
        })
    }

    /// Whether the parts that run should stop.
    pub(crate) fn has_ended(&self) -> bool {
        self.ended.is_cancelled()
    }

    /// The token by which the parts learn of the end.
    pub(crate) fn ended(&self) -> &CancelToken {
        &self.ended
    }

    /// Ends the job: parts that wait find nothing to read.
    pub(crate) fn end(&self) {
        let waiting = {
            let mut memory = self.memory();
            self.ended.cancel();
            std::mem::take(&mut memory.waiting)
        };
        // Dropped after the lock is released, because dropping may unmap.
        drop(waiting);
    }

    /// Waits until no part reads. Call it after [`Job::end`] only: a job that goes on could keep the caller for ever.
    pub(crate) fn join(&self) {
        let mut memory = self.memory();
        while memory.readers > 0 && self.has_ended() {
            memory = self
                .left
                .wait(memory)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }
}

impl Memory {
    /// Removes the memory of a part that waits no longer.
    fn forget(&mut self, part: u64) -> Option<Arc<Segment>> {
        let at = self
            .waiting
            .iter()
            .position(|(number, _)| *number == part)?;
        Some(self.waiting.swap_remove(at).1)
    }
}

/// A part of a job, which waits or reads. If it is dropped before it has begun, it drops its memory.
pub(crate) struct Part {
    job: Arc<Job>,
    number: u64,
}

impl Part {
    pub(crate) fn job(&self) -> &Job {
        &self.job
    }

    /// Takes the memory, which is held until the returned value is dropped. `None` once the job has ended, and at the
    /// second call.
    pub(crate) fn begin(&self) -> Option<Reading<'_>> {
        let mut memory = self.job.memory();
        let segment = memory.forget(self.number)?;
        memory.readers += 1;
        Some(Reading {
            job: &self.job,
            segment: Some(segment),
        })
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        let segment = self.job.memory().forget(self.number);
        // Dropped after the lock is released, because dropping may unmap.
        drop(segment);
    }
}

/// The memory of a part that reads.
pub(crate) struct Reading<'j> {
    job: &'j Job,
    /// `None` only while the value is dropped.
    segment: Option<Arc<Segment>>,
}

impl Deref for Reading<'_> {
    type Target = Segment;

    fn deref(&self) -> &Segment {
        self.segment.as_deref().expect("it is taken by drop alone")
    }
}

impl Drop for Reading<'_> {
    fn drop(&mut self) {
        // The memory is dropped before the count goes down: a thread that waits for the count needs to be the only
        // owner.
        drop(self.segment.take());
        let mut memory = self.job.memory();
        memory.readers -= 1;
        if memory.readers == 0 {
            self.job.left.notify_all();
        }
    }
}

/// Runs work of the threadpool, and makes an error of a panic.
pub(crate) fn caught<T>(work: impl FnOnce() -> T) -> Result<T> {
    catch_unwind(AssertUnwindSafe(work))
        .map_err(|_| Error::new(Status::GenericFailure, "a panic, which is a bug of fmmap"))
}

/// What a chunk of a search holds from the call until it has been searched.
pub(crate) struct Chunk<N> {
    turn: Turn,
    /// What is looked for.
    needle: N,
    memory: Part,
}

impl<N> Chunk<N> {
    pub(crate) fn new(turn: Turn, needle: N, memory: Part) -> Self {
        Self {
            turn,
            needle,
            memory,
        }
    }

    /// Searches the memory. `None` when the job has ended before, and after a fault. The search checks for the job's
    /// end by the token, after which its answer has no meaning.
    pub(crate) fn search<A>(
        self,
        search: impl FnOnce(&N, &Segment, &CancelToken) -> A,
    ) -> Result<Option<A>> {
        let Some(segment) = self.memory.begin() else {
            return Ok(None);
        };
        let found = caught(|| search(&self.needle, &segment, self.memory.job().ended()));
        let whole = segment.fault().is_none();
        drop(segment);
        // The needle and the memory are dropped before the turn is passed on to the next chunk.
        let Self {
            turn,
            needle,
            memory,
        } = self;
        drop((needle, memory));
        drop(turn);
        Ok(whole.then_some(found?))
    }
}
