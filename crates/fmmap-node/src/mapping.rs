//! Opening, closing and resizing a map; advice, flush, names, and the file's size.

use std::ffi::CString;

use fmmap_core::{Mapping, Options, fault};

use crate::environment::ARITY;
use crate::error::{Answer, Failure};
use crate::raw::{Call, Value, natives};
use crate::table::{insert, open, remove};

/// The options at arguments `at` to `at + 5`: access, flags, prot, offset, trackfd, tagname's bytes.
fn options(call: &Call, at: usize) -> Answer<Options> {
    // SAFETY: the slice is copied before anything else runs.
    let tag = unsafe { call.bytes(at + 5) }?;
    Ok(Options {
        access: call.int(at)?,
        flags: call.optional_int(at + 1)?,
        prot: call.optional_int(at + 2)?,
        offset: call.index(at + 3)? as u64,
        track: call.boolean(at + 4)?,
        tag: if tag.is_empty() {
            None
        } else {
            Some(String::from_utf8_lossy(tag).into_owned())
        },
        empty: false,
        exclusive: false,
        mode: None,
    })
}

/// A fault's reason in the facade's words; undefined for none.
#[expect(clippy::unnecessary_wraps, reason = "what every native returns")]
fn named(call: &Call, reason: Option<fault::Reason>) -> Value {
    Ok(reason.map(|reason| {
        let name = match reason {
            fault::Reason::Truncated => "truncated",
            fault::Reason::Io => "io",
            fault::Reason::Unknown => "unknown",
        };
        crate::error::string(call.env, name)
    }))
}

natives! {
    /// `map(fileno, length, access, flags, prot, offset, trackfd, tagname)`: a handle. A fileno of -1 means anonymous
    /// memory.
    map as c"map"(call) {
        let fileno = Some(call.int(0)?).filter(|&fileno| fileno != -1);
        let mapping = Mapping::new(fileno, call.index(1)? as u64, &options(call, 2)?)?;
        call.double(insert(call.env, mapping)?)
    }

    /// `open(how and path, length, access, flags, prot, offset, trackfd, tagname)`: a handle. A byte of bits stands
    /// before the path: 1 creates the file, 2 allows a file without bytes, 4 means that the file must not exist. With
    /// 8, the next two bytes are the mode of a new file.
    open_path as c"open"(call) {
        // SAFETY: the slice is copied before anything else runs.
        let path = unsafe { call.bytes(0) }?.to_vec();
        let (how, path) = path.split_first().ok_or(Failure::Argument("no path"))?;
        let no_mode = Failure::Argument("no mode");
        let (mode, path) = match path.split_first_chunk::<2>() {
            _ if how & 8 == 0 => (None, path),
            Some((mode, path)) => (Some(u32::from(u16::from_le_bytes(*mode))), path),
            None => return Err(no_mode),
        };
        let options = Options {
            empty: how & 2 != 0,
            exclusive: how & 4 != 0,
            mode,
            ..options(call, 2)?
        };
        let mapping = Mapping::open(path, call.index(1)? as u64, &options, how & 1 != 0)?;
        call.double(insert(call.env, mapping)?)
    }

    /// `close(handle)`: detaches the window. The memory is unmapped together with the last view of it.
    close as c"close"(call) {
        if let Some(mut open) = remove(call.number(0)?) {
            open.detach_window();
        }
        Ok(None)
    }

    /// `length(handle)`: the length of the map in bytes.
    length as c"length"(call) {
        let len = open(call.number(0)?, |open| Ok(open.mapping.len()))?;
        call.size(len)
    }

    /// `protection(handle)`: the access that the map has, plus 4 if it is readable and 8 if it is anonymous.
    protection as c"protection"(call) {
        let bits = open(call.number(0)?, |open| {
            let protection = open.mapping.protection();
            Ok(protection.access
                | i32::from(protection.readable()) << 2
                | i32::from(open.mapping.anonymous()) << 3)
        })?;
        call.double(f64::from(bits))
    }

    /// `fileSize(handle)`: the file's present size in bytes.
    file_size as c"fileSize"(call) {
        let size = open(call.number(0)?, |open| Ok(open.mapping.size()?))?;
        #[expect(clippy::cast_precision_loss, reason = "a file of 2^53 bytes and more is shown rounded")]
        call.double(size as f64)
    }

    /// `checkResize(handle, length)`: throws what `resize` would throw whatever views exist.
    check_resize as c"checkResize"(call) {
        let new_len = call.index(1)? as u64;
        open(call.number(0)?, |open| Ok(open.mapping.check_resize(new_len).map(|_| ())?))?;
        Ok(None)
    }

    /// `resize(handle, length)`: the new length.
    resize as c"resize"(call) {
        let new_len = call.index(1)? as u64;
        let len = open(call.number(0)?, |open| {
            open.detach_window();
            open.mapping.resize(new_len)?;
            Ok(open.mapping.len())
        })?;
        call.size(len)
    }

    /// `refresh(handle)`: maps what the file has now, and returns the new length.
    refresh as c"refresh"(call) {
        let len = open(call.number(0)?, |open| {
            open.detach_window();
            open.mapping.refresh()?;
            Ok(open.mapping.len())
        })?;
        call.size(len)
    }

    /// `flush(handle, offset, size, flags)`: 0, or NaN after a fault.
    flush as c"flush"(call) {
        let (offset, len, flags) = (call.index(1)?, call.index(2)?, call.int(3)?);
        let whole = open(call.number(0)?, |open| {
            open.mapping.flush(offset, len, flags)?;
            Ok(open.mapping.fault().is_none())
        })?;
        call.double(if whole { 0.0 } else { f64::NAN })
    }

    /// `madvise(handle, option, start, length)`.
    madvise as c"madvise"(call, 0) {
        let (advice, start, len) = (call.int(1)?, call.index(2)?, call.index(3)?);
        open(call.number(0)?, |open| Ok(open.mapping.advise(advice, start, len)?))?;
        call.quick(Some(0.0))
    }

    /// `lock(handle, start, end, on)`: keeps pages in memory if `on` is true; otherwise allows the system to take
    /// them again.
    lock as c"lock"(call) {
        let (range, on) = (call.index(1)?..call.index(2)?, call.boolean(3)?);
        open(call.number(0)?, |open| {
            if on {
                open.mapping.lock(&range)?;
            } else {
                open.mapping.unlock(&range)?;
            }
            Ok(())
        })?;
        Ok(None)
    }

    /// `allocate(handle, offset, length)`: gives the file blocks on the disk for a range.
    allocate as c"allocate"(call) {
        let (offset, len) = (call.index(1)?, call.index(2)?);
        open(call.number(0)?, |open| Ok(open.mapping.allocate(offset, len)?))?;
        Ok(None)
    }

    /// `setName(handle, name)`: `name` is UTF-8 without NUL.
    set_name as c"setName"(call) {
        // SAFETY: the slice is copied before anything else runs.
        let name = unsafe { call.bytes(1) }?.to_vec();
        let name = CString::new(name).map_err(|_| Failure::Argument("NUL in a name"))?;
        open(call.number(0)?, |open| Ok(open.mapping.set_name(&name)?))?;
        Ok(None)
    }

    /// `fault(handle)`: why a page was missing: 'truncated', 'io' or 'unknown'; undefined if none was.
    fault_reason as c"fault"(call) {
        let reason = open(call.number(0)?, |open| Ok(open.mapping.fault()))?;
        named(call, reason)
    }

    /// `lost(bytes)`: the same for the map, open or closed, of which the bytes are a view; undefined for other bytes.
    lost as c"lost"(call) {
        let (start, len) = call.memory(0)?;
        named(call, fault::lost(start, len))
    }

    /// `load(registers)`: copies the registers from an array, for runtimes without external buffers.
    load as c"load"(call) {
        // SAFETY: no JavaScript runs before this function returns, and this is the only slice.
        let registers = unsafe { call.floats(0) }?;
        for (at, &number) in registers.iter().take(ARITY).enumerate() {
            call.environment().store(at, number);
        }
        Ok(None)
    }

    /// `answer()`: the number that a quick native has written to the first register, for the same runtimes.
    answer as c"answer"(call, 0) {
        call.double(call.number(0)?)
    }

    /// `setFaultGuard(on)`.
    set_fault_guard as c"setFaultGuard"(call) {
        fault::set_enabled(call.boolean(0)?);
        Ok(None)
    }

    /// `watchFaultGuard()`: starts a thread that keeps the guard on top of other signal handlers.
    watch_fault_guard as c"watchFaultGuard"(_call) {
        fault::watch();
        Ok(None)
    }

    /// `faultGuard()`: whether the guard is on.
    fault_guard as c"faultGuard"(call) {
        call.truth(fault::enabled())
    }
}
