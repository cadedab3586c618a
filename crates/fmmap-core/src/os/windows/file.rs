//! Files: what they are, how they are opened, how long they are.

use std::ffi::c_void;
use std::fs::OpenOptions;
use std::os::windows::io::{AsRawHandle, BorrowedHandle, OwnedHandle, RawHandle};
use std::path::Path;
use std::ptr;
use std::sync::OnceLock;

use windows_sys::Win32::Foundation as error;
use windows_sys::Win32::Foundation::INVALID_HANDLE_VALUE;
use windows_sys::Win32::Storage::FileSystem::{
    FILE_BEGIN, FILE_END_OF_FILE_INFO, FILE_TYPE_DISK, FileEndOfFileInfo, GetFileSizeEx,
    GetFileType, SetFileInformationByHandle, SetFilePointerEx,
};

use super::errno::{EBADF, EINVAL, code, failed};
use super::symbol::program_function;
use crate::error::{Error, Result};

/// A file of the operating system, borrowed from the caller.
#[derive(Clone, Copy, Debug)]
pub struct Descriptor(pub(super) RawHandle);

/// The file behind a handle that this crate owns.
pub type OwnedFile = OwnedHandle;

/// The handle of an owned file.
#[must_use]
pub fn descriptor(file: &OwnedFile) -> Descriptor {
    Descriptor(file.as_raw_handle())
}

/// What the system says about a file.
#[derive(Clone, Copy, Debug)]
pub struct Stat {
    /// The file's size in bytes.
    pub size: u64,
    /// Whether it is a file on a disk: only those have a size that bounds a mapping.
    pub regular: bool,
}

impl Stat {
    /// Whether its size bounds a mapping.
    #[must_use]
    pub fn bounded(&self) -> bool {
        self.regular
    }
}

/// The size of a file.
///
/// # Errors
/// The system's, if it is not a file.
pub fn stat(file: Descriptor) -> Result<Stat> {
    let mut size = 0;
    // SAFETY: `size` is valid for writing; a wrong handle is an error of the call.
    if unsafe { GetFileSizeEx(file.0, &raw mut size) } == 0 {
        return Err(Error::last_os("fstat"));
    }
    // SAFETY: a wrong handle is an error of the call.
    let kind = unsafe { GetFileType(file.0) };
    Ok(Stat {
        size: size.cast_unsigned(),
        regular: kind == FILE_TYPE_DISK,
    })
}

/// libuv's function that returns a descriptor's handle. Descriptors are numbers of a C library, and a program may
/// contain several C libraries: only the runtime's own knows what its descriptors mean.
type Lookup = unsafe extern "C" fn(i32) -> RawHandle;

fn lookup() -> Option<Lookup> {
    static LOOKUP: OnceLock<Option<Lookup>> = OnceLock::new();
    *LOOKUP.get_or_init(|| {
        let found = program_function(c"uv_get_osfhandle")?;
        // SAFETY: libuv declares it so: `uv_os_fd_t uv_get_osfhandle(int fd)`, cdecl.
        Some(unsafe { std::mem::transmute::<*mut c_void, Lookup>(found.as_ptr()) })
    })
}

/// The file behind the number that a caller has for it, or `None` for 0, which is anonymous memory as in
/// Python. The caller's file position goes to 0, as in Python.
///
/// # Errors
/// `EBADF`; [`Error::Unsupported`] in a runtime without `uv_get_osfhandle`.
pub fn file_of(fileno: i32) -> Result<Option<Descriptor>> {
    if fileno == 0 {
        return Ok(None);
    }
    let lookup = lookup().ok_or(Error::Unsupported(
        "a file descriptor (this runtime has no uv_get_osfhandle; Mmap.open takes a path)",
    ))?;
    if fileno < 0 {
        return Err(failed(EBADF, "mmap"));
    }
    // SAFETY: libuv answers INVALID_HANDLE_VALUE for a number that is not open.
    let handle = unsafe { lookup(fileno) };
    // The C library returns -2 for a standard stream that does not exist.
    if handle == INVALID_HANDLE_VALUE || handle.addr() == (-2_isize).cast_unsigned() {
        return Err(failed(EBADF, "mmap"));
    }
    // SAFETY: the handle is open; one that has no position is an error that does not matter.
    unsafe { SetFilePointerEx(handle, 0, ptr::null_mut(), FILE_BEGIN) };
    Ok(Some(Descriptor(handle)))
}

/// A duplicate of the handle that a child process does not inherit.
///
/// # Errors
/// The system's, as `EBADF`.
pub fn duplicate(file: Descriptor) -> Result<OwnedFile> {
    // SAFETY: the handle is borrowed for this one call, which says when it is not open.
    let borrowed = unsafe { BorrowedHandle::borrow_raw(file.0) };
    borrowed
        .try_clone_to_owned()
        .map_err(|error| Error::from_io(&error, "dup"))
}

/// Nothing to do: a handle maps what its file has.
#[must_use]
pub fn reopened(_file: &OwnedFile) -> Option<OwnedFile> {
    None
}

/// A path, which must be UTF-8: replacing other bytes could give the name of another file.
pub(super) fn path_of(path: &[u8]) -> Result<&Path> {
    let text = std::str::from_utf8(path);
    text.map(Path::new)
        .map_err(|_| failed(code(error::ERROR_INVALID_NAME), "open"))
}

/// Opens `path`, which must be UTF-8, and lets all others open it too.
///
/// # Errors
/// The system's, such as `ENOENT` and `EPERM`; `EISDIR` for a directory, which Windows reports as access denied.
pub fn open(path: &[u8], write: bool) -> Result<OwnedFile> {
    let path = path_of(path)?;
    OpenOptions::new()
        .read(true)
        .write(write)
        .open(path)
        .map(OwnedHandle::from)
        .map_err(|error| {
            if path.is_dir() {
                failed(code(error::ERROR_INVALID_FUNCTION), "open")
            } else {
                Error::from_io(&error, "open")
            }
        })
}

/// `SetEndOfFile`, without moving the file's position.
///
/// # Errors
/// The system's: `EBUSY` when a mapping holds the bytes that would be cut off.
pub fn set_size(file: &OwnedFile, size: u64) -> Result<()> {
    let info = FILE_END_OF_FILE_INFO {
        EndOfFile: i64::try_from(size).map_err(|_| failed(EINVAL, "ftruncate"))?,
    };
    let length = u32::try_from(size_of_val(&info)).unwrap_or(0);
    // SAFETY: the handle is open, and `info` what the class says, of that length.
    let done = unsafe {
        SetFileInformationByHandle(
            file.as_raw_handle(),
            FileEndOfFileInfo,
            (&raw const info).cast(),
            length,
        )
    };
    if done == 0 {
        return Err(Error::last_os("ftruncate"));
    }
    Ok(())
}

/// Only macOS has this.
pub fn full_sync(_file: Descriptor) {}
