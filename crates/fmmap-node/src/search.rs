//! Synchronous searches: one call each, over a range that the facade has clamped.

use fmmap_core::background::Uninterrupted;
use fmmap_core::fault;
use fmmap_core::needle::{Match, Needle, Scope};

use crate::error::{Answer, Failure};
use crate::numbers::as_number;
use crate::range::haystack;
use crate::raw::{Call, natives};
use crate::table::touch;

/// Runs `look` with the needle of argument 0 on the map of argument `handle`, in which the scope has to lie. The
/// answer is `None` when a page is missing, of the map or of another one of which the needle is a view.
fn over<T>(
    call: &Call,
    handle: usize,
    scope: Scope,
    look: impl FnOnce(Needle<'_>, &[u8]) -> T,
) -> Answer<Option<T>> {
    // SAFETY: no JavaScript runs before this function returns.
    let bytes = unsafe { call.bytes(0) }?;
    let answer = touch(call.number(handle)?, |mapping| {
        Ok(look(Needle::literal(bytes), haystack(mapping, scope)?))
    })?;
    Ok(answer.filter(|_| fault::lost(bytes.as_ptr(), bytes.len()).is_none()))
}

/// The scope that the arguments `first` and `first + 1` name.
fn between(call: &Call, first: usize) -> Answer<Scope> {
    Ok(Scope::of(call.index(first)?, call.index(first + 1)?))
}

/// The offset of a match; -1 for none.
fn offset(found: Option<Match>) -> f64 {
    found.map_or(-1.0, |found| as_number(found.start))
}

natives! {
    /// `find(needle, handle, start, end)`: the offset of the first match, -1 if there is none.
    find as c"find"(call, 1) {
        let scope = between(call, 2)?;
        let found = over(call, 1, scope, |mut needle, haystack| {
            needle.find(haystack, scope, &mut Uninterrupted)
        })?;
        call.quick(found.map(offset))
    }

    /// `rfind(needle, handle, start, end)`: the offset of the last match, -1 if there is none.
    rfind as c"rfind"(call, 1) {
        let scope = between(call, 2)?;
        let found = over(call, 1, scope, |mut needle, haystack| {
            needle.rfind(haystack, scope, &mut Uninterrupted)
        })?;
        call.quick(found.map(offset))
    }

    /// `count(needle, handle, start, end)`: the number of matches that don't overlap.
    count as c"count"(call) {
        let scope = between(call, 2)?;
        let counted = over(call, 1, scope, |mut needle, haystack| {
            needle.count(haystack, scope, &mut Uninterrupted).count
        })?;
        call.double(counted.map_or(f64::NAN, as_number))
    }

    /// `findBatch(needle, out, handle, from, until, end)`: writes the offsets of matches that start in `[from,
    /// until)` and end by `end` to `out`, a `Float64Array`, and returns their number. The last element of `out` is
    /// where to go on. The search is over when no match fits between there and `end`.
    find_batch as c"findBatch"(call) {
        let (from, until, end) = (call.index(3)?, call.index(4)?, call.index(5)?);
        let until = until.min(end.saturating_add(1));
        let scope = Scope { from, until, end };
        // SAFETY: no JavaScript runs before this function returns, and this is the only slice.
        let out = unsafe { call.floats(1) }?;
        let (next, out) = out.split_last_mut().ok_or(Failure::Argument("an empty array"))?;
        let written = over(call, 2, scope, |mut needle, haystack| {
            let batch = needle.find_batch(haystack, scope, out, &mut Uninterrupted);
            *next = as_number(batch.next);
            batch.written
        })?;
        call.double(written.map_or(f64::NAN, as_number))
    }

    /// `lineBatch(slab, out, reverse, handle, from, end)`: copies as many bytes of the range as the slab has room
    /// for, from its front or, in reverse, from its end. Writes the offsets of the newlines in the slab to `out`, and
    /// returns their number.
    line_batch as c"lineBatch"(call) {
        let (from, end, reverse) = (call.index(4)?, call.index(5)?, call.boolean(2)?);
        let (slab, room) = call.memory(0)?;
        // SAFETY: no JavaScript runs before this function returns, and this is the only slice.
        let out = unsafe { call.floats(1) }?;
        let written = touch(call.number(3)?, |mapping| {
            let bytes = &haystack(mapping, Scope::of(from, end))?[from..];
            let len = room.min(bytes.len());
            let bytes = if reverse { &bytes[bytes.len() - len..] } else { &bytes[..len] };
            // SAFETY: both have `len` bytes; the slab may be a view of the map, so they may overlap.
            unsafe { std::ptr::copy(bytes.as_ptr(), slab, len) };
            // The copy is searched and not the map, because other processes may be writing to the map.
            // SAFETY: `len` bytes of the slab were just written, and no JavaScript runs meanwhile.
            let copy = unsafe { std::slice::from_raw_parts(slab, len) };
            let (mut newline, whole) = (Needle::literal(b"\n"), Scope::of(0, len));
            let batch = if reverse {
                newline.rfind_batch(copy, whole, out, &mut Uninterrupted)
            } else {
                newline.find_batch(copy, whole, out, &mut Uninterrupted)
            };
            Ok(batch.written)
        })?;
        call.double(written.map_or(f64::NAN, as_number))
    }

    /// `newlines(bytes, out, from)`: writes the offsets of the newlines of an array, from `from` on, to `out`, as many
    /// as it has room for, and returns their number.
    newlines as c"newlines"(call) {
        let from = call.index(2)?;
        // SAFETY: no JavaScript runs before this function returns.
        let bytes = unsafe { call.bytes(0) }?;
        // SAFETY: no JavaScript runs before this function returns, and this is the only slice of an array of floats.
        let out = unsafe { call.floats(1) }?;
        let scope = Scope::of(from.min(bytes.len()), bytes.len());
        let batch = Needle::literal(b"\n").find_batch(bytes, scope, out, &mut Uninterrupted);
        call.size(batch.written)
    }
}
