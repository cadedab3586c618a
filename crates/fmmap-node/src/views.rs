//! `ArrayBuffer`s over the mapping: the private window, and the views that are handed out.

use std::ffi::c_void;
use std::ptr;
use std::sync::Arc;

use fmmap_core::{Error, fault};
use napi::sys;

use crate::error::{Failure, check};
use crate::external::{array_buffer, forbidden, forget};
use crate::raw::natives;
use crate::table::{Hold, open};

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
            if !open.mapping.protection().readable() {
                return Err(Failure::Argument("not readable"));
            }
            if from.checked_add(len).is_none_or(|end| end > open.mapping.len()) {
                return Err(Failure::Core(Error::OutOfBounds));
            }
            // SAFETY: `from` is inside the mapping.
            Ok(unsafe { open.mapping.segment().start().add(from) })
        })?;
        let buffer = array_buffer(call.env, start, len, Some(forget), ptr::null_mut())?;
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
            let hold = Hold::new(open.mapping.export(offset, len)?, call.end());
            open.holds.retain(|(_, hold)| hold.strong_count() > 0);
            open.holds.push((id, Arc::downgrade(&hold)));
            Ok(hold)
        })?;
        let (start, len) = hold.range().ok_or(Failure::Closed)?;
        let hint = Arc::into_raw(hold).cast_mut().cast();
        let buffer = array_buffer(call.env, start, len, Some(release), hint);
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
        array_buffer(call.env, epoch, 4, Some(forget), ptr::null_mut()).map(Some)
    }
}
