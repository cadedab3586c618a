//! `ArrayBuffer`s over the mapping: the private window, and the views that are handed out.

use std::ffi::c_void;
use std::ptr;
use std::sync::Arc;

use fmmap_core::{Error, fault};
use napi::sys;

use crate::error::{Failure, check};
use crate::external::{array_buffer, forbidden, forget, shared_array_buffer, shares};
use crate::hold::{Hold, Owner};
use crate::range::readable;
use crate::raw::natives;
use crate::table::open;

/// A finalizer, which may run on any thread. So it only drops the hold.
unsafe extern "C" fn release(_env: sys::napi_env, _data: *mut c_void, hint: *mut c_void) {
    // SAFETY: `hint` came from `Arc::into_raw` in `view`, and a finalizer runs once.
    drop(unsafe { Arc::from_raw(hint.cast::<Hold>()) });
}

/// The same for a `SharedArrayBuffer`, which belongs to no environment.
unsafe extern "C" fn release_shared(_data: *mut c_void, hint: *mut c_void) {
    // SAFETY: `hint` came from `Arc::into_raw` in `shared_buffer`, and a finalizer runs once.
    drop(unsafe { Arc::from_raw(hint.cast::<Hold>()) });
}

natives! {
    /// `window(handle, from, length)`: the map's own `ArrayBuffer`. The one before it is detached. It must not leave
    /// the facade.
    window as c"window"(call) {
        let (handle, from, len) = (call.number(0)?, call.index(1)?, call.index(2)?);
        let start = open(handle, |open| {
            open.detach_window();
            readable(&open.mapping, from, len)
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

    /// `view(handle, offset, length)`: an `ArrayBuffer` that keeps its memory until it is collected.
    view as c"view"(call) {
        let (handle, offset, len) = (call.number(0)?, call.index(1)?, call.index(2)?);
        if forbidden() {
            return Err(Failure::Core(Error::Unsupported("a view of the map's memory")));
        }
        let (hold, range) = open(handle, |open| {
            readable(&open.mapping, 0, 0)?;
            let export = open.mapping.export(offset, len)?;
            let range = (export.start(), export.len());
            let hold = Hold::new(export, call.ended());
            open.holds.add(range, &hold);
            Ok((hold, range))
        })?;
        let hint = Arc::into_raw(hold).cast_mut().cast();
        let buffer = array_buffer(call.env, range.0, range.1, Some(release), hint);
        if buffer.is_err() {
            // SAFETY: no buffer was made, so no finalizer will run for `hint`.
            drop(unsafe { Arc::from_raw(hint.cast::<Hold>()) });
        }
        buffer.map(Some)
    }

    /// `sharesBuffers()`: whether the runtime can make a `SharedArrayBuffer` over the map's memory.
    shares_buffers as c"sharesBuffers"(call) {
        call.truth(shares())
    }

    /// `sharedBuffer(handle, offset, length)`: a `SharedArrayBuffer` that keeps its memory until the last thread has
    /// collected it.
    shared_buffer as c"sharedBuffer"(call) {
        let (handle, offset, len) = (call.number(0)?, call.index(1)?, call.index(2)?);
        if !shares() {
            return Err(Failure::Core(Error::Unsupported("a SharedArrayBuffer of the map's memory")));
        }
        let (hold, range) = open(handle, |open| {
            readable(&open.mapping, 0, 0)?;
            let export = open.mapping.export(offset, len)?;
            let range = (export.start(), export.len());
            Ok((Hold::new(export, call.ended()), range))
        })?;
        let hint = Arc::into_raw(hold).cast_mut().cast();
        let buffer = shared_array_buffer(call.env, range.0, range.1, release_shared, hint);
        if buffer.is_err() {
            // SAFETY: no buffer was made, so no finalizer will run for `hint`.
            drop(unsafe { Arc::from_raw(hint.cast::<Hold>()) });
        }
        buffer.map(Some)
    }

    /// `detach(handle, buffer)`: detaches a view of the map and releases its memory: at once, or when the view is
    /// collected if another view has the same bytes. The caller knows that nothing in flight uses the view. A buffer
    /// that was transferred away, or that is not a view of the map, is left as it is.
    detach as c"detach"(call) {
        let (mut data, mut len) = (ptr::null_mut(), 0);
        // SAFETY: the value is of this callback's scope, both results are valid for writing.
        check(unsafe {
            sys::napi_get_arraybuffer_info(call.env, call.value(1), &raw mut data, &raw mut len)
        })?;
        let range = (data.cast(), len);
        let owner = open(call.number(0)?, |open| {
            let is_window = open.is_window(call.value(1));
            Ok(if is_window { Owner::Nobody } else { open.holds.of(range) })
        })?;
        if matches!(owner, Owner::Nobody) {
            return call.truth(false);
        }
        // SAFETY: the value is an ArrayBuffer that `view` made, or one that its memory was transferred to.
        check(unsafe { sys::napi_detach_arraybuffer(call.env, call.value(1)) })?;
        if let Owner::One(hold) = owner {
            hold.release();
        }
        call.truth(true)
    }
}

/// The count of faults as an `ArrayBuffer`; `None` where external buffers are forbidden.
pub(crate) fn epoch(env: sys::napi_env) -> Option<sys::napi_value> {
    let epoch = ptr::from_ref(fault::epoch()).cast_mut().cast();
    array_buffer(env, epoch, 4, Some(forget), ptr::null_mut()).ok()
}
