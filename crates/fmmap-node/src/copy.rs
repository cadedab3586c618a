//! Copies bytes out of a map and into it. The answer is NaN when a page is missing, since before the call or during
//! it: of the map, or of another map if the caller's bytes are a view of it.

use std::ptr;

use fmmap_core::{Mapping, fault, os};

use crate::error::{Answer, Failure};
use crate::numbers::as_number;
use crate::range::{fits, inside, readable, writable};
use crate::raw::{Call, Value, natives};
use crate::table;

/// Runs `touch` on the map that argument `handle` names. The answer is `None` when the map has lost a page.
fn touch<T>(
    call: &Call,
    handle: usize,
    touch: impl FnOnce(&Mapping) -> Answer<T>,
) -> Answer<Option<T>> {
    table::touch(call.number(handle)?, touch)
}

/// The same for a copy of `len` bytes from the caller's `source`, which may be a view of another map, even of a
/// closed one. If a page of these bytes is missing already, nothing is copied.
fn touch_from(
    call: &Call,
    (source, len): (*mut u8, usize),
    copy: impl FnOnce(&Mapping) -> Answer<()>,
) -> Answer<Option<usize>> {
    let whole = touch(call, 1, |mapping| {
        // SAFETY: `len` bytes of an array, or of a view, whose pages the guard replaces.
        let whole = unsafe { fault::fetch(source, len) }.is_none();
        if whole {
            copy(mapping)?;
        }
        Ok(whole && fault::lost(source, len).is_none())
    })?;
    Ok(whole.filter(|&whole| whole).map(|_| len))
}

/// The answer of a native that is not a quick one.
fn number(call: &Call, answer: Option<usize>) -> Value {
    call.double(answer.map_or(f64::NAN, as_number))
}

/// The answer of a quick native.
fn quick(call: &Call, answer: Option<usize>) -> Value {
    call.quick(answer.map(as_number))
}

/// The part of argument 0, a `Uint8Array`, that starts at `from` and has `len` bytes.
fn part(call: &Call, from: usize, len: usize) -> Answer<*mut u8> {
    let (memory, room) = call.memory(0)?;
    if !fits(from, len, room) {
        return Err(Failure::Argument("the array is too short"));
    }
    // SAFETY: `from <= room`.
    Ok(unsafe { memory.add(from) })
}

/// The arguments 2 to 4 of a copy with a step: where it starts, its step and how many bytes it has. Both ends are
/// checked to be inside the mapping.
fn stride(call: &Call, mapping: &Mapping) -> Answer<(*mut u8, isize, usize)> {
    let (start, step, count) = (call.index(2)?, call.number(3)?, call.index(4)?);
    #[allow(
        clippy::cast_possible_truncation,
        reason = "it saturates, and is then out of bounds"
    )]
    let step = step as isize;
    if count == 0 {
        return Ok((mapping.segment().start(), 0, 0));
    }
    let last = isize::try_from(count - 1)
        .ok()
        .and_then(|steps| steps.checked_mul(step))
        .and_then(|reach| start.checked_add_signed(reach))
        .ok_or(Failure::Core(fmmap_core::Error::OutOfBounds))?;
    inside(mapping, last, 1)?;
    Ok((inside(mapping, start, 1)?, step, count))
}

natives! {
    /// `peek(handle, index)`: the byte.
    peek as c"peek"(call, 0) {
        let at = call.index(1)?;
        let byte = touch(call, 0, |mapping| {
            let byte = readable(mapping, at, 1)?;
            // SAFETY: the byte is mapped and readable; others may write it, so the read is volatile.
            Ok(usize::from(unsafe { byte.read_volatile() }))
        })?;
        quick(call, byte)
    }

    /// `poke(handle, index, byte)`: 1.
    poke as c"poke"(call, 0) {
        let (at, value) = (call.index(1)?, call.index(2)?);
        let value = u8::try_from(value).map_err(|_| Failure::Argument("not a byte"))?;
        let done = touch(call, 0, |mapping| {
            let byte = writable(mapping, at, 1)?;
            // SAFETY: the byte is mapped and writable; others may read it, so the write is volatile.
            unsafe { byte.write_volatile(value) };
            Ok(1)
        })?;
        quick(call, done)
    }

    /// `readCached(target, handle, from)`: 1 when the array was filled from the page cache; 0 when the bytes are not
    /// all in memory, or when the system can't tell.
    read_cached as c"readCached"(call) {
        let from = call.index(2)?;
        let (target, len) = call.memory(0)?;
        let done = touch(call, 1, |mapping| {
            readable(mapping, from, len)?;
            // SAFETY: the array has `len` bytes, which nobody else touches during the call but through JavaScript, which
            // does not run.
            let target = unsafe { std::slice::from_raw_parts_mut(target, len) };
            Ok(usize::from(mapping.read_cached(from, target)))
        })?;
        number(call, done)
    }

    /// `readCachedFile(target, descriptor, from)`: whether the array was filled from the page cache. It was not when
    /// the bytes are not all in memory, when the file is shorter, or when the system can't tell.
    read_cached_file as c"readCachedFile"(call) {
        let (descriptor, from) = (call.int(1)?, call.index(2)?);
        let (target, len) = call.memory(0)?;
        // SAFETY: the array has `len` bytes, which nobody else touches during the call but through JavaScript, which
        // does not run.
        let target = unsafe { std::slice::from_raw_parts_mut(target, len) };
        let file = os::file_of(descriptor).ok().flatten();
        call.truth(file.is_some_and(|file| os::read_cached(file, from as u64, target)))
    }

    /// `copyOut(target, handle, from, at, count)`: `count`.
    copy_out as c"copyOut"(call, 1) {
        let (from, at, count) = (call.index(2)?, call.index(3)?, call.index(4)?);
        let target = part(call, at, count)?;
        let copied = touch(call, 1, |mapping| {
            let source = readable(mapping, from, count)?;
            // SAFETY: both have `count` bytes; they may overlap, the target may be a view of the map.
            unsafe { ptr::copy(source, target, count) };
            Ok(count)
        })?;
        // Bytes that were written to a missing page are lost.
        quick(call, copied.filter(|_| fault::lost(target, count).is_none()))
    }

    /// `copyIn(source, handle, to, at, count)`: `count`.
    copy_in as c"copyIn"(call, 1) {
        let (to, at, count) = (call.index(2)?, call.index(3)?, call.index(4)?);
        let source = part(call, at, count)?;
        let copied = touch_from(call, (source, count), |mapping| {
            let target = writable(mapping, to, count)?;
            // SAFETY: both have `count` bytes; they may overlap, the source may be a view of the map.
            unsafe { ptr::copy(source, target, count) };
            Ok(())
        })?;
        quick(call, copied)
    }

    /// `strideOut(target, handle, start, step, count)`: `count` bytes, `step` apart, to the target's start.
    stride_out as c"strideOut"(call) {
        let count = call.index(4)?;
        let target = part(call, 0, count)?;
        let copied = touch(call, 1, |mapping| {
            readable(mapping, 0, 0)?;
            let (start, step, count) = stride(call, mapping)?;
            for at in 0..count {
                // SAFETY: `stride` checked the first and the last byte, so all between are inside.
                let source = unsafe { start.offset(step * at.cast_signed()) };
                // SAFETY: the target has `count` bytes.
                let target = unsafe { target.add(at) };
                // SAFETY: both bytes are valid.
                unsafe { ptr::copy(source, target, 1) };
            }
            Ok(count)
        })?;
        number(call, copied)
    }

    /// `strideIn(source, handle, start, step, count)`: the reverse.
    stride_in as c"strideIn"(call) {
        let count = call.index(4)?;
        let source = part(call, 0, count)?;
        let copied = touch_from(call, (source, count), |mapping| {
            writable(mapping, 0, 0)?;
            let (start, step, count) = stride(call, mapping)?;
            for at in 0..count {
                // SAFETY: `stride` checked the first and the last byte, so all between are inside.
                let target = unsafe { start.offset(step * at.cast_signed()) };
                // SAFETY: the source has `count` bytes.
                let source = unsafe { source.add(at) };
                // SAFETY: both bytes are valid.
                unsafe { ptr::copy(source, target, 1) };
            }
            Ok(())
        })?;
        number(call, copied)
    }

    /// `move(handle, dest, src, count)`: `count`.
    move_bytes as c"move"(call, 0) {
        let (dest, src, count) = (call.index(1)?, call.index(2)?, call.index(3)?);
        let moved = touch(call, 0, |mapping| {
            let source = readable(mapping, src, count)?;
            let target = writable(mapping, dest, count)?;
            // The zeros of a missing page must not be written over bytes of the file.
            // SAFETY: the range is inside the mapping, which is readable and guarded.
            if unsafe { fault::fetch(source, count) }.is_none() {
                // SAFETY: both ranges are inside the mapping; `copy` is memmove.
                unsafe { ptr::copy(source, target, count) };
            }
            Ok(count)
        })?;
        quick(call, moved)
    }

    /// `slab(buffer, number)`: makes an `ArrayBuffer` the slab of this number, to which small copies go that name the
    /// number. The answer is 1.
    use_slab as c"slab"(call, 1) {
        call.use_slab(call.index(1)?)?;
        quick(call, Some(1))
    }

    /// `read(handle, from, count, at, slab)`: `count` bytes to `at` of the slab.
    read as c"read"(call, 0) {
        let (from, count, at) = (call.index(1)?, call.index(2)?, call.index(3)?);
        let target = call.slab(call.index(4)?, at, count)?;
        let copied = touch(call, 0, |mapping| {
            let source = readable(mapping, from, count)?;
            // SAFETY: both have `count` bytes; a slab that is a view of the map may overlap it.
            unsafe { ptr::copy(source, target, count) };
            Ok(count)
        })?;
        quick(call, copied)
    }

    /// `readline(handle, from, room, at, slab)`: the length of the line that starts at `from`, its
    /// newline included. It is copied to `at` of the slab when it has at most `room` bytes.
    readline as c"readline"(call, 0) {
        let (from, room, at) = (call.index(1)?, call.index(2)?, call.index(3)?);
        let target = call.slab(call.index(4)?, at, room)?;
        let len = touch(call, 0, |mapping| {
            readable(mapping, from, 0)?;
            // SAFETY: `from <= len`, the mapping is readable, and the slice ends with this call.
            let rest = unsafe { mapping.segment().bytes(from, mapping.len()) };
            // SAFETY: the slab has `room` bytes.
            let len = unsafe { fmmap_core::copy::readline(rest, target, room) };
            Ok(len)
        })?;
        quick(call, len)
    }
}
