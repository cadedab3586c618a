//! `ArrayBuffer`s over the mapping: the private window, and the views that are handed out.

use std::ffi::c_void;
use std::ptr;
use std::sync::{Arc, OnceLock};

use fmmap_core::{Error, fault};
use napi::sys;

use crate::error::{Answer, Failure, check};
use crate::raw::natives;
use crate::table::{Hold, open};

/// Whether external buffers are forbidden by the environment, as Electron forbids them: for tests.
fn forbidden() -> bool {
    static FORBIDDEN: OnceLock<bool> = OnceLock::new();
    *FORBIDDEN
        .get_or_init(|| std::env::var_os("FMMAP_NO_EXTERNAL_BUFFERS").is_some_and(|set| set == "1"))
}

/// An `ArrayBuffer` over memory that is not the runtime's.
pub(crate) fn external(
    env: sys::napi_env,
    start: *mut u8,
    len: usize,
    finalize: sys::napi_finalize,
    hint: *mut c_void,
) -> Answer<sys::napi_value> {
    let unsupported = Failure::Core(Error::Unsupported("a view of the map's memory"));
    if forbidden() {
        return Err(unsupported);
    }
    let mut buffer = ptr::null_mut();
    // SAFETY: the memory is mapped until `finalize` has run, or until the buffer was detached.
    let status = unsafe {
        sys::napi_create_external_arraybuffer(
            env,
            start.cast(),
            len,
            finalize,
            hint,
            &raw mut buffer,
        )
    };
    if status == sys::Status::napi_no_external_buffers_allowed {
        return Err(unsupported);
    }
    check(status)?;
    Ok(buffer)
}

/// For memory that somebody else owns: the window's slot detaches it before the memory goes; the epoch is
/// the process's, the registers are the environment's.
pub(crate) unsafe extern "C" fn forget(
    _env: sys::napi_env,
    _data: *mut c_void,
    _hint: *mut c_void,
) {
}

/// Runs on any thread, so it only lets the memory go.
unsafe extern "C" fn release(_env: sys::napi_env, _data: *mut c_void, hint: *mut c_void) {
    // SAFETY: `hint` came from `Arc::into_raw` in `view`, and a finalizer runs once.
    drop(unsafe { Arc::from_raw(hint.cast::<Hold>()) });
}

natives! {
    /// `window(handle, from, length)`: the slot's own `ArrayBuffer`; the one before it is detached. It must
    /// not leave the facade.
    window as c"window"(call) {
        let (handle, from, len) = (call.number(0)?, call.index(1)?, call.index(2)?);
        let start = open(handle, |open| {
            open.detach_window();
            if from.checked_add(len).is_none_or(|end| end > open.mapping.len()) {
                return Err(Failure::Core(Error::OutOfBounds));
            }
            // SAFETY: `from` is inside the mapping.
            Ok(unsafe { open.mapping.segment().start().add(from) })
        })?;
        let buffer = external(call.env, start, len, Some(forget), ptr::null_mut())?;
        let mut reference = ptr::null_mut();
        // SAFETY: `buffer` is of this callback's scope, `reference` valid for writing.
        check(unsafe { sys::napi_create_reference(call.env, buffer, 1, &raw mut reference) })?;
        open(handle, |open| {
            open.window = Some(reference);
            Ok(())
        })?;
        Ok(Some(buffer))
    }

    /// `dropWindow(handle)`: detaches it.
    drop_window as c"dropWindow"(call) {
        open(call.number(0)?, |open| {
            open.detach_window();
            Ok(())
        })?;
        Ok(None)
    }

    /// `view(handle, offset, length, id)`: an `ArrayBuffer` that keeps its memory until it is collected.
    view as c"view"(call) {
        let (handle, offset, len) = (call.number(0)?, call.index(1)?, call.index(2)?);
        let id = call.number(3)?;
        if forbidden() {
            return Err(Failure::Core(Error::Unsupported("a view of the map's memory")));
        }
        let hold = open(handle, |open| {
            if !open.mapping.protection().readable() {
                return Err(Failure::Argument("not readable"));
            }
            let hold = Hold::new(open.mapping.export(offset, len)?);
            open.holds.retain(|(_, hold)| hold.strong_count() > 0);
            open.holds.push((id, Arc::downgrade(&hold)));
            Ok(hold)
        })?;
        let (start, len) = hold.range().ok_or(Failure::Closed)?;
        let hint = Arc::into_raw(hold).cast_mut().cast();
        let buffer = external(call.env, start, len, Some(release), hint);
        if buffer.is_err() {
            // SAFETY: no buffer was made, so no finalizer will run for `hint`.
            drop(unsafe { Arc::from_raw(hint.cast::<Hold>()) });
        }
        buffer.map(Some)
    }

    /// `detach(handle, id, buffer)`: takes the view away from JavaScript and lets its memory go. The caller
    /// knows that nothing in flight uses it. A buffer that was transferred away is left alone.
    detach as c"detach"(call) {
        let (handle, id) = (call.number(0)?, call.number(1)?);
        let (mut data, mut len) = (ptr::null_mut(), 0);
        // SAFETY: the value is of this callback's scope, both results are valid for writing.
        check(unsafe {
            sys::napi_get_arraybuffer_info(call.env, call.value(2), &raw mut data, &raw mut len)
        })?;
        let hold = open(handle, |open| {
            let held = open.holds.iter().find(|(held, _)| held.to_bits() == id.to_bits());
            Ok(held.and_then(|(_, hold)| hold.upgrade()))
        })?;
        let Some(hold) = hold.filter(|hold| hold.range() == Some((data.cast(), len))) else {
            return call.truth(false);
        };
        // SAFETY: the value is the ArrayBuffer that `view` made.
        check(unsafe { sys::napi_detach_arraybuffer(call.env, call.value(2)) })?;
        hold.release();
        call.truth(true)
    }

    /// `epoch()`: four bytes that change when a page anywhere was missing; process-wide, never freed.
    epoch as c"epoch"(call) {
        let epoch = ptr::from_ref(fault::epoch()).cast_mut().cast();
        external(call.env, epoch, 4, Some(forget), ptr::null_mut()).map(Some)
    }
}
