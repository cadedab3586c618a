//! Memory that is kept from being paged out.

use windows_sys::Win32::System::Memory::{VirtualLock, VirtualUnlock};

use super::file::Descriptor;
use crate::error::{Error, Result};

/// `VirtualLock`.
///
/// # Errors
/// The system's, when the process may lock no more: the limit is its working set.
///
/// # Safety
/// `[start, start + len)` lies in a live mapping.
pub unsafe fn lock(start: *mut u8, len: usize) -> Result<()> {
    // SAFETY: the caller vouches for the range, and the call changes nothing in it.
    if unsafe { VirtualLock(start.cast(), len) } != 0 {
        return Ok(());
    }
    Err(Error::last_os("VirtualLock"))
}

/// `VirtualUnlock`.
///
/// # Errors
/// The system's, as for pages that are not locked.
///
/// # Safety
/// `[start, start + len)` lies in a live mapping.
pub unsafe fn unlock(start: *mut u8, len: usize) -> Result<()> {
    // SAFETY: the caller vouches for the range, and the call changes nothing in it.
    if unsafe { VirtualUnlock(start.cast(), len) } != 0 {
        return Ok(());
    }
    Err(Error::last_os("VirtualUnlock"))
}

/// Not supported: Windows gives a file its blocks when the file grows, and a sparse file's can't be
/// asked for.
///
/// # Errors
/// Always [`Error::Unsupported`].
pub fn allocate(_fd: Descriptor, _offset: u64, _len: u64) -> Result<()> {
    Err(Error::Unsupported("allocate()"))
}
