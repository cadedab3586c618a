//! Functions of the running program, looked up by name.

use std::ffi::{CStr, c_void};
use std::ptr::{self, NonNull};

use windows_sys::Win32::System::LibraryLoader::{GetModuleHandleW, GetProcAddress};

/// The function of that name in the running program, if it has one.
#[must_use]
pub fn program_function(name: &CStr) -> Option<NonNull<c_void>> {
    // SAFETY: null asks for the running executable.
    let program = unsafe { GetModuleHandleW(ptr::null()) };
    // SAFETY: the module is loaded, the name NUL-terminated.
    let found = unsafe { GetProcAddress(program, name.as_ptr().cast()) }?;
    NonNull::new(found as *mut c_void)
}
