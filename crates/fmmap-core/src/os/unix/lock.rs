//! Keeps memory from being paged out, and gives a file its blocks before they are written.

#[cfg(any(target_os = "linux", target_os = "android", target_os = "freebsd"))]
use super::errno::extending;
use super::errno::retried;
use super::file::Descriptor;
#[cfg(any(target_os = "linux", target_os = "android"))]
use super::large;
use crate::error::{Error, Result};

/// `mlock(2)`.
///
/// # Errors
/// The system's: `ENOMEM`, `EPERM` and `EAGAIN` when the process may lock no more.
///
/// # Safety
/// `[start, start + len)` lies in a live mapping.
pub unsafe fn lock(start: *mut u8, len: usize) -> Result<()> {
    retried("mlock", || {
        // SAFETY: the caller vouches for the range, and the call changes nothing in it.
        unsafe { libc::mlock(start.cast(), len) }
    })
}

/// `munlock(2)`.
///
/// # Errors
/// The system's.
///
/// # Safety
/// `[start, start + len)` lies in a live mapping.
pub unsafe fn unlock(start: *mut u8, len: usize) -> Result<()> {
    retried("munlock", || {
        // SAFETY: the caller vouches for the range, and the call changes nothing in it.
        unsafe { libc::munlock(start.cast(), len) }
    })
}

/// Gives a range of the file its blocks, and extends the file to the range's end: `fallocate(2)`.
///
/// # Errors
/// The system's, as `ENOSPC`, and `EOPNOTSUPP` where the file system can't.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub fn allocate(fd: Descriptor, offset: u64, len: u64) -> Result<()> {
    let number = |value: u64| {
        large::off_t::try_from(value).map_err(|_| Error::System {
            errno: libc::EFBIG,
            syscall: "fallocate",
        })
    };
    let (offset, len) = (number(offset)?, number(len)?);
    extending(|| {
        retried("fallocate", || {
            // SAFETY: the call touches no memory; a wrong descriptor is an error of it.
            unsafe { large::fallocate(fd, 0, offset, len) }
        })
    })
}

/// Gives a range of the file its blocks, and extends the file to the range's end:
/// `posix_fallocate(3)`.
///
/// # Errors
/// The system's, as `ENOSPC`, and `EINVAL` where the file system can't.
#[cfg(target_os = "freebsd")]
pub fn allocate(fd: Descriptor, offset: u64, len: u64) -> Result<()> {
    let failed = |errno| Error::System {
        errno,
        syscall: "posix_fallocate",
    };
    let number = |value: u64| libc::off_t::try_from(value).map_err(|_| failed(libc::EFBIG));
    let (offset, len) = (number(offset)?, number(len)?);
    let errno = extending(|| {
        // SAFETY: the call touches no memory; a wrong descriptor is an error of it.
        unsafe { libc::posix_fallocate(fd, offset, len) }
    });
    match errno {
        0 => Ok(()),
        errno => Err(failed(errno)),
    }
}

/// Not supported: the system has no such call.
///
/// # Errors
/// Always [`Error::Unsupported`].
#[cfg(not(any(target_os = "linux", target_os = "android", target_os = "freebsd")))]
pub fn allocate(_fd: Descriptor, _offset: u64, _len: u64) -> Result<()> {
    Err(Error::Unsupported("allocate()"))
}
