//! Waiting until a word changes. Not supported: `WaitOnAddress` works within one process only.

use std::sync::atomic::AtomicU32;
use std::time::{Duration, Instant};

use crate::error::{Error, Result};
use crate::os::Woken;

const LACKING: Error = Error::Unsupported("wait() on Windows");

/// Not supported between processes here.
///
/// # Errors
/// Always [`Error::Unsupported`].
///
/// # Safety
/// None needed; the signature is that of the platforms that have it.
pub unsafe fn wait(_word: *const u32, _expected: u32, _timeout: Duration) -> Result<Woken> {
    Err(LACKING)
}

/// Not supported between processes here.
///
/// # Safety
/// None needed; the signature is that of the platforms that have it.
pub unsafe fn wait_either(
    _word: *const u32,
    _expected: u32,
    _cancel: &AtomicU32,
    _deadline: Option<Instant>,
) -> Option<Result<Woken>> {
    None
}

/// Not supported between processes here.
///
/// # Errors
/// Always [`Error::Unsupported`].
///
/// # Safety
/// None needed; the signature is that of the platforms that have it.
pub unsafe fn wake(_word: *const u32, _count: i32) -> Result<usize> {
    Err(LACKING)
}
