//! Bytes in and out. Each answers NaN when the map has lost a page, before or meanwhile.

use std::ptr;

use fmmap_core::Mapping;

use crate::error::{Answer, Failure};
use crate::raw::{Call, Value, natives};
use crate::search::as_number;
use crate::table::open;

/// The address of `[from, from + len)`, once it is inside the mapping.
fn readable(mapping: &Mapping, from: usize, len: usize) -> Answer<*mut u8> {
    if !mapping.protection().readable() {
        return Err(Failure::Argument("not readable"));
    }
    inside(mapping, from, len)
}

fn writable(mapping: &Mapping, from: usize, len: usize) -> Answer<*mut u8> {
    if !mapping.protection().writable() {
        return Err(Failure::Argument("not writable"));
    }
    inside(mapping, from, len)
}

fn inside(mapping: &Mapping, from: usize, len: usize) -> Answer<*mut u8> {
    if from.checked_add(len).is_none_or(|end| end > mapping.len()) {
        return Err(Failure::Core(fmmap_core::Error::OutOfBounds));
    }
    // SAFETY: `from <= len` of the mapping.
    Ok(unsafe { mapping.segment().start().add(from) })
}

/// Runs `touch` on the map of argument `handle`; the answer is `None` when the map has lost a page.
fn touch<T>(
    call: &Call,
    handle: usize,
    touch: impl FnOnce(&Mapping) -> Answer<T>,
) -> Answer<Option<T>> {
    open(call.number(handle)?, |open| {
        let answer = touch(&open.mapping)?;
        Ok(open.mapping.fault().is_none().then_some(answer))
    })
}

/// The answer of a native that is not quick.
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
    if from.checked_add(len).is_none_or(|end| end > room) {
        return Err(Failure::Argument("the array is too short"));
    }
    // SAFETY: `from <= room`.
    Ok(unsafe { memory.add(from) })
}

/// The arguments 2 to 4 of a strided copy: where it starts, its step and how many bytes. Both ends are
/// checked to be inside the mapping.
fn stride(call: &Call, mapping: &Mapping) -> Answer<(*mut u8, isize, usize)> {
    let (start, step, count) = (call.index(2)?, call.number(3)?, call.index(4)?);
    #[allow(clippy::cast_possible_truncation)] // saturates, and is then out of bounds
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
        quick(call, copied)
    }

    /// `copyIn(source, handle, to, at, count)`: `count`.
    copy_in as c"copyIn"(call, 1) {
        let (to, at, count) = (call.index(2)?, call.index(3)?, call.index(4)?);
        let source = part(call, at, count)?;
        let copied = touch(call, 1, |mapping| {
            let target = writable(mapping, to, count)?;
            // SAFETY: both have `count` bytes; they may overlap, the source may be a view of the map.
            unsafe { ptr::copy(source, target, count) };
            Ok(count)
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
        let copied = touch(call, 1, |mapping| {
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
            Ok(count)
        })?;
        number(call, copied)
    }

    /// `move(handle, dest, src, count)`: `count`.
    move_bytes as c"move"(call, 0) {
        let (dest, src, count) = (call.index(1)?, call.index(2)?, call.index(3)?);
        let moved = touch(call, 0, |mapping| {
            let source = readable(mapping, src, count)?;
            let target = writable(mapping, dest, count)?;
            // SAFETY: both ranges are inside the mapping; `copy` is memmove.
            unsafe { ptr::copy(source, target, count) };
            Ok(count)
        })?;
        quick(call, moved)
    }

    /// `slab(buffer)`: small copies go to this `ArrayBuffer` from here on.
    use_slab as c"slab"(call) {
        call.use_slab()?;
        Ok(None)
    }

    /// `read(handle, from, count, at)`: `count` bytes to `at` of the slab.
    read as c"read"(call, 0) {
        let (from, count, at) = (call.index(1)?, call.index(2)?, call.index(3)?);
        let target = call.slab(at, count)?;
        let copied = touch(call, 0, |mapping| {
            let source = readable(mapping, from, count)?;
            // SAFETY: both have `count` bytes; a slab that is a view of the map may overlap it.
            unsafe { ptr::copy(source, target, count) };
            Ok(count)
        })?;
        quick(call, copied)
    }

    /// `line(handle, from, room, at)`: the length of the line that starts at `from`, its
    /// newline included. It is copied to `at` of the slab when it has at most `room` bytes.
    line as c"line"(call, 0) {
        let (from, room, at) = (call.index(1)?, call.index(2)?, call.index(3)?);
        let target = call.slab(at, room)?;
        let len = touch(call, 0, |mapping| {
            readable(mapping, from, 0)?;
            // SAFETY: `from <= len`, the mapping is readable, and the slice ends with this call.
            let rest = unsafe { mapping.segment().bytes(from, mapping.len()) };
            // SAFETY: the slab has `room` bytes.
            let len = unsafe { fmmap_core::search::copy_line(rest, target, room) };
            Ok(len)
        })?;
        quick(call, len)
    }
}
