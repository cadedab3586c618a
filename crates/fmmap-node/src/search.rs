//! Synchronous searches: one call each, over a range that the facade has clamped.

use fmmap_core::search;

use crate::error::{Answer, Failure};
use crate::raw::{Call, Value, natives};
use crate::table::open;

/// Runs `find` on `[start, end)` of the map (arguments 2 and 3) with the needle (argument 1). The answer is
/// an offset from the start of the map, -1 when the needle is absent, undefined after a fault.
fn offset_of(call: &Call, find: impl FnOnce(&[u8], &[u8]) -> Option<usize>) -> Value {
    let (start, end) = (call.index(2)?, call.index(3)?);
    let found = over(call, start, end, |haystack, needle| {
        find(haystack, needle).map(|at| start + at)
    })?;
    match found {
        None => Ok(None),
        Some(None) => call.double(-1.0),
        Some(Some(at)) => call.size(at),
    }
}

fn over<T>(
    call: &Call,
    start: usize,
    end: usize,
    look: impl FnOnce(&[u8], &[u8]) -> T,
) -> Answer<Option<T>> {
    // SAFETY: no JavaScript runs before this function returns.
    let needle = unsafe { call.bytes(1) }?;
    open(call.number(0)?, |open| {
        let mapping = &open.mapping;
        if start > end || end > mapping.len() || !mapping.protection().readable() {
            return Err(Failure::Core(fmmap_core::Error::OutOfBounds));
        }
        // SAFETY: the range is inside the segment, readable, and the slice ends with this call.
        let answer = look(unsafe { mapping.segment().bytes(start, end) }, needle);
        Ok(mapping.fault().is_none().then_some(answer))
    })
}

natives! {
    /// `find(handle, needle, start, end)`.
    find as c"find"(call) { offset_of(call, search::find) }

    /// `rfind(handle, needle, start, end)`.
    rfind as c"rfind"(call) { offset_of(call, search::rfind) }
}
