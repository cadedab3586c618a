//! Opening, closing, resizing; advice, flush, names, the file's size.

use std::ffi::CString;

use fmmap_core::{Mapping, Options, fault};

use crate::error::{Answer, Failure};
use crate::raw::{Call, natives};
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
    })
}

natives! {
    /// `map(fileno, length, access, flags, prot, offset, trackfd, tagname)`: a handle. -1 is anonymous.
    map as c"map"(call) {
        let fileno = Some(call.int(0)?).filter(|&fileno| fileno != -1);
        let mapping = Mapping::new(fileno, call.index(1)? as u64, &options(call, 2)?)?;
        call.double(insert(call.env, mapping)?)
    }

    /// `open(path and create, length, access, flags, prot, offset, trackfd, tagname)`: a handle. The path's
    /// first byte is 1 to create the file and 0 otherwise.
    open_path as c"open"(call) {
        // SAFETY: the slice is copied before anything else runs.
        let path = unsafe { call.bytes(0) }?.to_vec();
        let (create, path) = path.split_first().ok_or(Failure::Argument("no path"))?;
        let mapping = Mapping::open(path, call.index(1)? as u64, &options(call, 2)?, *create == 1)?;
        call.double(insert(call.env, mapping)?)
    }

    /// `close(handle)`: the window dies, the memory goes with the last view of it.
    close as c"close"(call) {
        if let Some(mut open) = remove(call.number(0)?) {
            open.detach_window();
        }
        Ok(None)
    }

    /// `length(handle)`: of the map, in bytes.
    length as c"length"(call) {
        let len = open(call.number(0)?, |open| Ok(open.mapping.len()))?;
        call.size(len)
    }

    /// `protection(handle)`: the access that is remembered, and bits: readable 4, anonymous 8.
    protection as c"protection"(call) {
        let bits = open(call.number(0)?, |open| {
            let protection = open.mapping.protection();
            Ok(protection.access
                | i32::from(protection.readable()) << 2
                | i32::from(open.mapping.anonymous()) << 3)
        })?;
        call.double(f64::from(bits))
    }

    /// `fileSize(handle)`: of the file, in bytes, now.
    file_size as c"fileSize"(call) {
        let size = open(call.number(0)?, |open| Ok(open.mapping.size()?))?;
        #[allow(clippy::cast_precision_loss)] // a file of 2^53 bytes and more is shown rounded
        call.double(size as f64)
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

    /// `setName(handle, name)`: the name's bytes, without NUL.
    set_name as c"setName"(call) {
        // SAFETY: the slice is copied before anything else runs.
        let name = unsafe { call.bytes(1) }?.to_vec();
        let name = CString::new(name).map_err(|_| Failure::Argument("NUL in a name"))?;
        open(call.number(0)?, |open| Ok(open.mapping.set_name(&name)?))?;
        Ok(None)
    }

    /// `fault(handle)`: why a page was missing: 'truncated', 'io' or 'unknown'; undefined when none was.
    fault_reason as c"fault"(call) {
        let reason = open(call.number(0)?, |open| Ok(open.mapping.fault()))?;
        Ok(reason.map(|reason| crate::error::string(call.env, match reason {
            fault::Reason::Truncated => "truncated",
            fault::Reason::Io => "io",
            fault::Reason::Unknown => "unknown",
        })))
    }

    /// `load(...)`: writes its arguments, up to five numbers, to the registers, for runtimes without external
    /// buffers.
    load as c"load"(call) {
        for at in 0..5 {
            call.store(at, call.number(at)?);
        }
        Ok(None)
    }

    /// `answer()`: what a quick native has left in the first register.
    answer as c"answer"(call, 0) {
        call.double(call.number(0)?)
    }

    /// `setFaultGuard(on)`.
    set_fault_guard as c"setFaultGuard"(call) {
        fault::set_enabled(call.boolean(0)?);
        Ok(None)
    }

    /// `faultGuard()`: whether faults are survived.
    fault_guard as c"faultGuard"(call) {
        call.truth(fault::enabled())
    }
}
