//! Reads in the background: bringing pages into memory, and copying them.

use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use fmmap_core::Segment;
use napi::bindgen_prelude::*;
use napi_derive::napi;

use crate::error::Failure;
use crate::job::{Job, Part, caught};
use crate::numbers::index;
use crate::range::readable;
use crate::table;
use crate::task::{InPool, Outcome, task};
use crate::turns::Turn;

/// How many bytes are read between two checks whether they are still wanted. A slow disk takes milliseconds for them.
const BLOCK: usize = 1 << 20;

/// What the parts of a read have copied, in order; `None` if nothing is copied.
type Copied = Arc<Mutex<Option<Vec<u8>>>>;

fn copied(of: &Copied) -> MutexGuard<'_, Option<Vec<u8>>> {
    // A poisoned lock still guards valid bytes.
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A read of a range in parts, one after the other.
#[napi]
pub struct Read {
    job: Arc<Job>,
    copied: Copied,
}

#[napi]
impl Read {
    /// `room`: how many bytes will be copied, or -1 to bring pages into memory and copy nothing.
    ///
    /// # Errors
    /// When there is no memory for the copy.
    #[napi(constructor, catch_unwind)]
    pub fn new(room: f64) -> Result<Self> {
        let copy = match index(room) {
            None => None,
            Some(room) => {
                let mut copy = Vec::new();
                let full = |_| Error::new(Status::GenericFailure, "no memory for the copy");
                copy.try_reserve_exact(room).map_err(full)?;
                Some(copy)
            }
        };
        Ok(Self {
            job: Job::new(),
            copied: Arc::new(Mutex::new(copy)),
        })
    }

    /// Ends the read. A part that runs stops at its next check, one that waits reads nothing, and the copy is
    /// dropped.
    #[napi(catch_unwind)]
    pub fn end(&self) {
        self.job.end();
        let copy = copied(&self.copied).take();
        drop(copy);
    }

    /// Waits, after `end`, until no part reads the memory.
    #[napi(catch_unwind)]
    pub fn join(&self) {
        self.job.join();
    }

    /// Takes the copy.
    #[napi(catch_unwind)]
    #[must_use]
    pub fn take(&self) -> Uint8Array {
        Uint8Array::new(copied(&self.copied).take().unwrap_or_default())
    }

    /// Reads `[from, until)`. `null` when all turns are taken. The promise has `true`, or `null` after a fault and
    /// once the read has ended.
    ///
    /// # Errors
    /// For a range that is not inside the map, and when the read has ended.
    #[napi(catch_unwind, ts_return_type = "Promise<true | null> | null")]
    pub fn chunk(
        &self,
        env: Env,
        handle: f64,
        from: f64,
        until: f64,
    ) -> Result<Option<AsyncTask<InPool>>> {
        let outside = || Error::new(Status::InvalidArg, "the range is not inside the map");
        let (Some(from), Some(until)) = (index(from), index(until)) else {
            return Err(outside());
        };
        let range = from..until;
        let memory = table::open(handle, |open| {
            let len = until
                .checked_sub(from)
                .ok_or(Failure::Argument("backwards"))?;
            readable(&open.mapping, from, len)?;
            let copies = copied(&self.copied).is_some();
            Ok(if copies {
                vec![(Arc::clone(open.mapping.segment()), range)]
            } else {
                open.mapping.memory_of(&range)
            })
        });
        let memory = memory.map_err(|_| outside())?;
        let Some(turn) = Turn::take() else {
            return Ok(None);
        };
        let ended = || Error::new(Status::InvalidArg, "the read has ended");
        let mut parts = Vec::with_capacity(memory.len());
        for (segment, range) in memory {
            parts.push((self.job.part(segment).ok_or_else(ended)?, range));
        }
        let chunk = Chunk {
            turn,
            parts,
            copied: Arc::clone(&self.copied),
        };
        Ok(Some(task(env, move || chunk.run())))
    }
}

/// Reads a part block by block, while it is wanted.
fn read(part: &Part, segment: &Segment, range: &Range<usize>, into: &Copied) {
    for from in range.clone().step_by(BLOCK) {
        if part.job().has_ended() {
            return;
        }
        let until = range.end.min(from + BLOCK);
        // SAFETY: the segment was readable at the call, and is kept mapped.
        unsafe { segment.populate(from..until) };
        if let Some(copy) = copied(into).as_mut() {
            // SAFETY: the range is inside the segment, which is readable; the slice ends with this block.
            copy.extend_from_slice(unsafe { segment.bytes(from, until) });
        }
    }
}

/// A chunk in flight.
struct Chunk {
    turn: Turn,
    parts: Vec<(Part, Range<usize>)>,
    copied: Copied,
}

impl Chunk {
    fn run(self) -> Result<Outcome> {
        let Self {
            turn,
            parts,
            copied,
        } = self;
        let mut whole = true;
        for (part, range) in &parts {
            let Some(segment) = part.begin() else {
                return Ok(Outcome::Null);
            };
            caught(|| read(part, &segment, range, &copied))?;
            segment.look_for(range.end);
            whole &= segment.fault().is_none();
        }
        // The memory is dropped before the turn is passed on to the next chunk.
        drop(parts);
        drop(turn);
        Ok(if whole { Outcome::True } else { Outcome::Null })
    }
}
