//! `ArrayBuffer`s over memory that is not the runtime's.

use std::ffi::c_void;
use std::ptr;
use std::sync::OnceLock;

use fmmap_core::Error;
use fmmap_core::os::program_function;
use napi::sys;

use crate::error::{Answer, Failure, check};

/// Whether external buffers are forbidden by an environment variable, for tests. Electron forbids them.
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

/// A finalizer for memory that is freed elsewhere: the window is detached before its memory is unmapped, the epoch
/// lives as long as the process, and the registers live as long as the environment.
pub(crate) unsafe extern "C" fn forget(
    _env: sys::napi_env,
    _data: *mut c_void,
    _hint: *mut c_void,
) {
}

/// `node_api_create_external_sharedarraybuffer`, which the newest runtimes have.
type CreateShared = unsafe extern "C" fn(
    sys::napi_env,
    *mut c_void,
    usize,
    Option<unsafe extern "C" fn(*mut c_void, *mut c_void)>,
    *mut c_void,
    *mut sys::napi_value,
) -> sys::napi_status;

fn create_shared() -> Option<CreateShared> {
    static FOUND: OnceLock<Option<CreateShared>> = OnceLock::new();
    *FOUND.get_or_init(|| {
        let found = program_function(c"node_api_create_external_sharedarraybuffer")?;
        // SAFETY: Node declares it so.
        Some(unsafe { std::mem::transmute::<*mut c_void, CreateShared>(found.as_ptr()) })
    })
}

/// Whether the runtime can make a `SharedArrayBuffer` over memory that is not its own.
pub(crate) fn shares() -> bool {
    !forbidden() && create_shared().is_some()
}

/// Makes a `SharedArrayBuffer` over memory that is not the runtime's. The last isolate that has it calls `finalize`,
/// on any thread.
pub(crate) fn shared_array_buffer(
    env: sys::napi_env,
    start: *mut u8,
    len: usize,
    finalize: unsafe extern "C" fn(*mut c_void, *mut c_void),
    hint: *mut c_void,
) -> Answer<sys::napi_value> {
    let unsupported = Failure::Core(Error::Unsupported(
        "a SharedArrayBuffer of the map's memory",
    ));
    if !shares() {
        return Err(unsupported);
    }
    let Some(create) = create_shared() else {
        return Err(unsupported);
    };
    let mut buffer = ptr::null_mut();
    // SAFETY: the memory is mapped until `finalize` has run.
    let status = unsafe {
        create(
            env,
            start.cast(),
            len,
            Some(finalize),
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
