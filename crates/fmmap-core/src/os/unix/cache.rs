//! The page cache: reading without waiting for the disk, and bringing pages into memory.

#[cfg(any(target_os = "linux", target_os = "android"))]
use std::sync::atomic::{AtomicBool, Ordering};

use super::file::Descriptor;

/// Fills `target` from `offset` of the file, if all of it is in the page cache: `preadv2(2)` with `RWF_NOWAIT`. It is
/// called by its number, because the C library has had it only since glibc 2.26.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub fn read_cached(fd: Descriptor, offset: u64, target: &mut [u8]) -> bool {
    let part = libc::iovec {
        iov_base: target.as_mut_ptr().cast(),
        iov_len: target.len(),
    };
    // The kernel takes the offset as two words, the lower and the upper half.
    let Ok(offset) = libc::off64_t::try_from(offset) else {
        return false;
    };
    #[allow(
        clippy::cast_possible_truncation,
        reason = "where it is a word of 32 bits, the lower half"
    )]
    let low = offset as libc::c_long;
    let high = (offset >> 32 >> (libc::c_long::BITS - 32)) as libc::c_long;
    let flags = libc::c_long::from(libc::RWF_NOWAIT);
    // SAFETY: `part` is valid for reading, and names memory that is valid for writing, during the call.
    let read =
        unsafe { libc::syscall(libc::SYS_preadv2, fd, &raw const part, 1, low, high, flags) };
    usize::try_from(read) == Ok(target.len())
}

/// Not supported: the system has no such call.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub fn read_cached(_fd: Descriptor, _offset: u64, _target: &mut [u8]) -> bool {
    false
}

/// Brings pages into memory by `MADV_POPULATE_READ` (Linux 5.14). Returns false if that is not known, or fails.
///
/// # Safety
/// `[start, start + len)` lies in a live mapping.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub unsafe fn populate(start: *mut u8, len: usize) -> bool {
    /// Whether this kernel does not know the advice.
    static UNKNOWN: AtomicBool = AtomicBool::new(false);
    if UNKNOWN.load(Ordering::Relaxed) {
        return false;
    }
    // SAFETY: the caller vouches for the range; the advice only reads.
    if unsafe { libc::madvise(start.cast(), len, libc::MADV_POPULATE_READ) } == 0 {
        return true;
    }
    if std::io::Error::last_os_error().raw_os_error() == Some(libc::EINVAL) {
        UNKNOWN.store(true, Ordering::Relaxed);
    }
    false
}

/// Not supported: the system has no such call.
///
/// # Safety
/// None needed; the signature is that of the platforms that have it.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub unsafe fn populate(_start: *mut u8, _len: usize) -> bool {
    false
}
