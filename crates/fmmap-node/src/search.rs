//! Synchronous searches: one call each, over a range that the facade has clamped.

use fmmap_core::Mapping;
use fmmap_core::search::{self, Batch, Finder};

use crate::error::{Answer, Failure};
use crate::raw::{Call, Value, natives};
use crate::table::open;

/// Runs `find` on `[start, end)` of the map (arguments 2 and 3) with the needle (argument 0). The answer is
/// an offset from the start of the map, -1 when the needle is absent, NaN after a fault.
fn offset_of(call: &Call, find: impl FnOnce(&[u8], &[u8]) -> Option<usize>) -> Value {
    let (start, end) = (call.index(2)?, call.index(3)?);
    let found = over(call, 1, start, end, |haystack, needle| {
        find(haystack, needle).map(|at| start + at)
    })?;
    call.quick(found.map(|found| found.map_or(-1.0, as_number)))
}

fn over<T>(
    call: &Call,
    handle: usize,
    start: usize,
    end: usize,
    look: impl FnOnce(&[u8], &[u8]) -> T,
) -> Answer<Option<T>> {
    // SAFETY: no JavaScript runs before this function returns.
    let needle = unsafe { call.bytes(0) }?;
    open(call.number(handle)?, |open| {
        let mapping = &open.mapping;
        let answer = look(readable(mapping, start, end)?, needle);
        Ok(mapping.fault().is_none().then_some(answer))
    })
}

natives! {
    /// `find(needle, handle, start, end)`.
    find as c"find"(call, 1) { offset_of(call, search::find) }

    /// `rfind(needle, handle, start, end)`.
    rfind as c"rfind"(call, 1) { offset_of(call, search::rfind) }

    /// `count(needle, handle, start, end)`: of matches that don't overlap.
    count as c"count"(call) {
        let counted = over(call, 1, call.index(2)?, call.index(3)?, search::count)?;
        call.double(counted.map_or(f64::NAN, as_number))
    }

    /// `findBatch(needle, out, handle, from, until, end)`: how many offsets of matches it wrote to `out`, a
    /// `Float64Array`: those that start in `[from, until)` and end by `end`. Its last element is where to go on;
    /// nothing is left when no match fits from there.
    find_batch as c"findBatch"(call) {
        let (from, until, end) = (call.index(3)?, call.index(4)?, call.index(5)?);
        // SAFETY: no JavaScript runs before this function returns, and this is the only slice.
        let out = unsafe { call.floats(1) }?;
        let (next, out) = out.split_last_mut().ok_or(Failure::Argument("an empty array"))?;
        let written = over(call, 2, from, end, |haystack, needle| {
            let starts = (haystack.len() + 1).saturating_sub(needle.len());
            let starts = starts.min(until.saturating_sub(from));
            let found = Starts { from, starts }.batch(&mut Finder::new(needle), haystack, out);
            *next = as_number(found.next);
            found.written
        })?;
        call.double(written.map_or(f64::NAN, as_number))
    }

    /// `lineBatch(slab, out, reverse, handle, from, end)`: copies as many bytes as the slab has room for, the
    /// first of the range or, in reverse, the last, and writes the offsets of their newlines in the slab to
    /// `out`. The answer is how many it wrote.
    line_batch as c"lineBatch"(call) {
        let (from, end, reverse) = (call.index(4)?, call.index(5)?, call.boolean(2)?);
        let (slab, room) = call.memory(0)?;
        // SAFETY: no JavaScript runs before this function returns, and this is the only slice.
        let out = unsafe { call.floats(1) }?;
        let written = open(call.number(3)?, |open| {
            let mapping = &open.mapping;
            let bytes = readable(mapping, from, end)?;
            let len = room.min(bytes.len());
            let bytes = if reverse { &bytes[bytes.len() - len..] } else { &bytes[..len] };
            // SAFETY: both have `len` bytes; the slab may be a view of the map, so they may overlap.
            unsafe { std::ptr::copy(bytes.as_ptr(), slab, len) };
            // The copy is searched, not the map, which others may be writing.
            // SAFETY: `len` bytes of the slab were just written, and no JavaScript runs meanwhile.
            let copy = unsafe { std::slice::from_raw_parts(slab, len) };
            let batch = if reverse {
                search::newlines_reverse(copy, 0, out)
            } else {
                search::newlines(copy, 0, out)
            };
            Ok(mapping.fault().is_none().then_some(batch.written))
        })?;
        call.double(written.map_or(f64::NAN, as_number))
    }
}

/// A chunk of a search: the offsets at which a match may start, from `from` on.
#[derive(Clone, Copy)]
pub(crate) struct Starts {
    pub(crate) from: usize,
    pub(crate) starts: usize,
}

/// What a chunk had.
pub(crate) struct Found {
    pub(crate) written: usize,
    /// The offset at which the search goes on: matches don't overlap.
    pub(crate) next: usize,
}

impl Starts {
    /// The bytes that matches of the chunk can lie in; `haystack` starts at `from`.
    pub(crate) fn bytes<'h>(&self, needle: &[u8], haystack: &'h [u8]) -> &'h [u8] {
        &haystack[..(self.starts + needle.len())
            .saturating_sub(1)
            .min(haystack.len())]
    }

    /// Writes the offsets of matches to `out`, as many as fit.
    pub(crate) fn batch(&self, finder: &mut Finder<'_>, haystack: &[u8], out: &mut [f64]) -> Found {
        let bytes = self.bytes(finder.needle(), haystack);
        let Batch { written, next } = finder.find_batch(bytes, self.from as u64, out);
        let next = next.map_or_else(
            || {
                #[expect(
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    reason = "an offset"
                )]
                let after = written.checked_sub(1).map(|last| out[last] as usize);
                let after = after.map_or(0, |last| last + finder.needle().len());
                after.max(self.from + self.starts)
            },
            |next| self.from + next,
        );
        Found { written, next }
    }
}

/// Offsets cross as doubles.
#[expect(clippy::cast_precision_loss, reason = "offsets are below 2^53")]
pub(crate) fn as_number(offset: usize) -> f64 {
    offset as f64
}

/// The bytes of a range of the map, for the duration of one call.
fn readable(mapping: &Mapping, start: usize, end: usize) -> Answer<&[u8]> {
    if start > end || end > mapping.len() || !mapping.protection().readable() {
        return Err(Failure::Core(fmmap_core::Error::OutOfBounds));
    }
    // SAFETY: the range is inside the segment and readable; the callers' slices end with their calls.
    Ok(unsafe { mapping.segment().bytes(start, end) })
}
