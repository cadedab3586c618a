//! How a native says what went wrong: an `Error` whose `code` the facade looks up.

use std::ffi::{CStr, CString};

use fmmap_core::os::libuv_errno;
use napi::sys;

/// Why a native did not return a value.
pub(crate) enum Failure {
    /// The core refused.
    Core(fmmap_core::Error),
    /// An argument that the facade never sends.
    Argument(&'static str),
    /// A Node-API call failed; when it left an exception, that one is kept.
    Status(sys::napi_status),
    /// The map that the handle named is closed.
    Closed,
}

impl From<fmmap_core::Error> for Failure {
    fn from(error: fmmap_core::Error) -> Self {
        Self::Core(error)
    }
}

/// The result of a native.
pub(crate) type Answer<T> = Result<T, Failure>;

/// Turns a Node-API status into a result.
pub(crate) fn check(status: sys::napi_status) -> Answer<()> {
    if status == sys::Status::napi_ok {
        Ok(())
    } else {
        Err(Failure::Status(status))
    }
}

/// Throws `failure` in `env`. Errors of Node-API itself are ignored here: there is nobody left to tell.
pub(crate) fn throw(env: sys::napi_env, failure: &Failure) {
    let mut pending = false;
    // SAFETY: `env` is the environment of the running callback, `pending` is valid for writing.
    unsafe { sys::napi_is_exception_pending(env, &raw mut pending) };
    if pending {
        return;
    }
    let (code, message) = match failure {
        Failure::Core(error) => (error.code().unwrap_or("SYSTEM"), error.to_string()),
        Failure::Argument(what) => ("ERR_INVALID_ARG_TYPE", format!("native call: {what}")),
        Failure::Status(status) => (
            "ERR_INVALID_ARG_TYPE",
            format!("native call: status {status}"),
        ),
        Failure::Closed => ("ERR_MMAP_CLOSED", "mmap closed or invalid".to_owned()),
    };
    let mut error = std::ptr::null_mut();
    let code = string(env, code);
    let message = string(env, &message);
    // SAFETY: both are strings of this callback's scope.
    unsafe { sys::napi_create_error(env, code, message, &raw mut error) };
    if let Failure::Core(fmmap_core::Error::System { errno, syscall }) = failure {
        let mut number = std::ptr::null_mut();
        // SAFETY: `number` is valid for writing.
        unsafe { sys::napi_create_int32(env, -libuv_errno(*errno), &raw mut number) };
        set(env, error, c"errno", number);
        set(env, error, c"syscall", string(env, syscall));
    }
    // SAFETY: `error` is an error object of this callback's scope.
    unsafe { sys::napi_throw(env, error) };
}

/// A JavaScript string.
pub(crate) fn string(env: sys::napi_env, text: &str) -> sys::napi_value {
    let mut value = std::ptr::null_mut();
    let text = CString::new(text).unwrap_or_default();
    let len = text.as_bytes().len().cast_signed();
    // SAFETY: `text` is readable for `len` bytes, `value` valid for writing.
    unsafe { sys::napi_create_string_utf8(env, text.as_ptr(), len, &raw mut value) };
    value
}

/// Sets a property of a fresh object.
pub(crate) fn set(
    env: sys::napi_env,
    object: sys::napi_value,
    name: &CStr,
    value: sys::napi_value,
) {
    // SAFETY: both values are of this callback's scope, the name is NUL-terminated.
    unsafe { sys::napi_set_named_property(env, object, name.as_ptr(), value) };
}
