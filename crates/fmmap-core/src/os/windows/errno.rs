//! Errors of the system's calls, by their numbers.

use windows_sys::Win32::Foundation as error;

use crate::error::Error;

/// A handle, or a descriptor, that is not open.
pub const EBADF: i32 = code(error::ERROR_INVALID_HANDLE);
/// A file is there that must not be.
pub const EEXIST: i32 = code(error::ERROR_FILE_EXISTS);
/// A file that can't be mapped. This platform never reports it.
pub const ENODEV: i32 = code(error::ERROR_NOT_SUPPORTED);
/// An address that can't be read. This platform never reports it.
pub const EFAULT: i32 = code(error::ERROR_INVALID_ADDRESS);
/// An argument that makes no sense.
pub const EINVAL: i32 = code(error::ERROR_INVALID_PARAMETER);
/// No file of that name.
pub const ENOENT: i32 = code(error::ERROR_FILE_NOT_FOUND);

/// Converts an error code, which is a small positive number.
#[expect(clippy::cast_possible_wrap, reason = "a code is below 2^31")]
pub(super) const fn code(error: u32) -> i32 {
    error as i32
}

pub(super) fn failed(error: i32, syscall: &'static str) -> Error {
    Error::System {
        errno: error,
        syscall,
    }
}

/// The number by which libuv, and so every JavaScript runtime, calls an error, as a positive one.
///
/// libuv's own table (`uv_translate_sys_error`), as far as the calls of this module can fail, and five codes
/// that libuv leaves to `UNKNOWN`, given the name that Unix has for the same cause:
/// `ERROR_USER_MAPPED_FILE` is `EBUSY`, `ERROR_MAPPED_ALIGNMENT`, `ERROR_INVALID_ADDRESS` and
/// `ERROR_FILE_INVALID` are `EINVAL`, `ERROR_COMMITMENT_LIMIT` is `ENOMEM`.
#[must_use]
pub fn libuv_errno(errno: i32) -> i32 {
    const EACCES: i32 = 4092;
    const EBADF: i32 = 4083;
    const EBUSY: i32 = 4082;
    const EEXIST: i32 = 4075;
    const EFAULT: i32 = 4074;
    const EINVAL: i32 = 4071;
    const EIO: i32 = 4070;
    const EISDIR: i32 = 4068;
    const ELOOP: i32 = 4067;
    const EMFILE: i32 = 4066;
    const ENAMETOOLONG: i32 = 4064;
    const ENOENT: i32 = 4058;
    const ENOMEM: i32 = 4057;
    const ENOSPC: i32 = 4055;
    const ENOTSUP: i32 = 4049;
    const EPERM: i32 = 4048;
    const EROFS: i32 = 4043;
    const UNKNOWN: i32 = 4094;
    match errno.cast_unsigned() {
        error::ERROR_CANT_ACCESS_FILE | error::ERROR_ELEVATION_REQUIRED => EACCES,
        error::ERROR_INVALID_HANDLE | error::ERROR_INVALID_FLAGS => EBADF,
        error::ERROR_LOCK_VIOLATION
        | error::ERROR_SHARING_VIOLATION
        | error::ERROR_USER_MAPPED_FILE => EBUSY,
        error::ERROR_ALREADY_EXISTS | error::ERROR_FILE_EXISTS => EEXIST,
        error::ERROR_NOACCESS => EFAULT,
        error::ERROR_FILE_INVALID
        | error::ERROR_INSUFFICIENT_BUFFER
        | error::ERROR_INVALID_ADDRESS
        | error::ERROR_INVALID_DATA
        | error::ERROR_INVALID_PARAMETER
        | error::ERROR_MAPPED_ALIGNMENT
        | error::ERROR_SYMLINK_NOT_SUPPORTED => EINVAL,
        error::ERROR_CRC
        | error::ERROR_DISK_CORRUPT
        | error::ERROR_GEN_FAILURE
        | error::ERROR_IO_DEVICE
        | error::ERROR_OPEN_FAILED => EIO,
        error::ERROR_INVALID_FUNCTION => EISDIR,
        error::ERROR_CANT_RESOLVE_FILENAME => ELOOP,
        error::ERROR_TOO_MANY_OPEN_FILES => EMFILE,
        error::ERROR_BUFFER_OVERFLOW | error::ERROR_FILENAME_EXCED_RANGE => ENAMETOOLONG,
        error::ERROR_BAD_PATHNAME
        | error::ERROR_DIRECTORY
        | error::ERROR_FILE_NOT_FOUND
        | error::ERROR_INVALID_DRIVE
        | error::ERROR_INVALID_NAME
        | error::ERROR_INVALID_REPARSE_DATA
        | error::ERROR_PATH_NOT_FOUND => ENOENT,
        error::ERROR_COMMITMENT_LIMIT
        | error::ERROR_NOT_ENOUGH_MEMORY
        | error::ERROR_OUTOFMEMORY => ENOMEM,
        error::ERROR_CANNOT_MAKE | error::ERROR_DISK_FULL | error::ERROR_HANDLE_DISK_FULL => ENOSPC,
        error::ERROR_NOT_SUPPORTED => ENOTSUP,
        error::ERROR_ACCESS_DENIED | error::ERROR_PRIVILEGE_NOT_HELD => EPERM,
        error::ERROR_WRITE_PROTECT => EROFS,
        _ => UNKNOWN,
    }
}
