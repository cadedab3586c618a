//! `ArrayBuffer`s over memory that is not the runtime's.

use std::ffi::c_void;
use std::ptr;
use std::sync::OnceLock;

use fmmap_core::Error;
use napi::sys;

use crate::error::{Answer, Failure, check};

/// Whether external buffers are forbidden by the environment, as Electron forbids them: for tests.
pub(crate) fn forbidden() -> bool {
    static FORBIDDEN: OnceLock<bool> = OnceLock::new();
    *FORBIDDEN
        .get_or_init(|| std::env::var_os("FMMAP_NO_EXTERNAL_BUFFERS").is_some_and(|set| set == "1"))
}

/// An `ArrayBuffer` over memory that is not the runtime's.
pub(crate) fn array_buffer(
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
