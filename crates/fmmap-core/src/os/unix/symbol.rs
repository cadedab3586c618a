//! Functions of the running program, looked up by name.

use std::ffi::{CStr, c_void};
use std::ptr::NonNull;

/// The function of that name in the running program, if it has one.
#[must_use]
pub fn program_function(name: &CStr) -> Option<NonNull<c_void>> {
    // SAFETY: the name is NUL-terminated.
    NonNull::new(unsafe { libc::dlsym(libc::RTLD_DEFAULT, name.as_ptr()) })
}
