//! The errors of natives: each is thrown as an `Error` with a `code`, from which the facade makes the user's error.

use std::ffi::{CStr, CString};

use fmmap_core::os::libuv_errno;
use fmmap_core::pattern::Refusal;
use napi::sys;

/// Why a native returned no value.
pub(crate) enum Failure {
    /// An error of the core.
    Core(fmmap_core::Error),
    /// An argument that the facade never sends.
    Argument(&'static str),
    /// A Node-API call failed. If it has thrown an exception, that exception stays.
    Status(sys::napi_status),
    /// A pattern was refused.
    Refused(Refusal),
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

/// Throws `failure` in `env`. If throwing fails, that error is ignored, since it can't be reported to anybody.
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
        Failure::Refused(refusal) => ("ERR_MMAP_PATTERN", refusal.to_string()),
        Failure::Closed => ("ERR_MMAP_CLOSED", "mmap closed or invalid".to_owned()),
    };
    let mut error = std::ptr::null_mut();
    let code = string(env, code);
    let message = string(env, &message);
    // SAFETY: both are strings of this callback's scope.
    unsafe { sys::napi_create_error(env, code, message, &raw mut error) };
    if let Failure::Core(
        fmmap_core::Error::System { errno, syscall }
        | fmmap_core::Error::Refused { errno, syscall, .. },
    ) = failure
    {
        let mut number = std::ptr::null_mut();
        // SAFETY: `number` is valid for writing.
        unsafe { sys::napi_create_int32(env, -libuv_errno(*errno), &raw mut number) };
        set(env, error, c"errno", number);
        set(env, error, c"syscall", string(env, syscall));
    }
    if let Failure::Core(fmmap_core::Error::Refused { why, .. }) = failure {
        set(env, error, c"hint", string(env, why));
    }
    if let Failure::Refused(refusal) = failure {
        set(
            env,
            error,
            c"construct",
            string(env, refusal.construct.name()),
        );
        for (name, value) in [(c"at", refusal.at), (c"needle", refusal.needle)] {
            let mut number = std::ptr::null_mut();
            let value = u32::try_from(value).unwrap_or(u32::MAX);
            // SAFETY: `number` is valid for writing.
            unsafe { sys::napi_create_uint32(env, value, &raw mut number) };
            set(env, error, name, number);
        }
    }
    // SAFETY: `error` is an error object of this callback's scope.
    unsafe { sys::napi_throw(env, error) };
}

/// Makes a JavaScript string.
pub(crate) fn string(env: sys::napi_env, text: &str) -> sys::napi_value {
    let mut value = std::ptr::null_mut();
    let text = CString::new(text).unwrap_or_default();
    let len = text.as_bytes().len().cast_signed();
    // SAFETY: `text` is readable for `len` bytes, `value` valid for writing.
    unsafe { sys::napi_create_string_utf8(env, text.as_ptr(), len, &raw mut value) };
    value
}

/// Defines a property of a new object. To set it could run a setter that somebody has put on `Object.prototype`.
pub(crate) fn set(
    env: sys::napi_env,
    object: sys::napi_value,
    name: &CStr,
    value: sys::napi_value,
) {
    let property = sys::napi_property_descriptor {
        utf8name: name.as_ptr(),
        name: std::ptr::null_mut(),
        method: None,
        getter: None,
        setter: None,
        value,
        attributes: sys::PropertyAttributes::writable
            | sys::PropertyAttributes::enumerable
            | sys::PropertyAttributes::configurable,
        data: std::ptr::null_mut(),
    };
    // SAFETY: both values are of this callback's scope, the name is NUL-terminated, and there is one property.
    unsafe { sys::napi_define_properties(env, object, 1, &raw const property) };
}
