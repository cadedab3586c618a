//! Windows: section objects (`CreateFileMapping`) and views of them (`MapViewOfFile`), each call with its
//! error.
//!
//! The names are those of the Unix module, where Windows has something of the sort. `flags` and `prot` are
//! not Windows's: their bits here only carry Python's access table from `options` to [`map`].
//!
//! # What is different
//! - A mapping longer than its file extends the file ([`EXTENDS`]), also in Python.
//! - A mapped file can't be truncated, by anyone: `ERROR_USER_MAPPED_FILE`. Who resizes a mapping must
//!   let go of the memory first ([`LOCKS`]).
//! - A section may have a name, by which another process finds it. The name lives as long as a handle to the
//!   section does, not as long as its views: so the handle is kept beside the memory ([`Section`]).
//! - Offsets are multiples of 64 KiB, not of the page.

use std::ffi::{CStr, c_void};
use std::fs::OpenOptions;
use std::os::windows::io::{AsRawHandle, BorrowedHandle, FromRawHandle, OwnedHandle, RawHandle};
use std::path::Path;
use std::ptr;
use std::sync::OnceLock;

use windows_sys::Win32::Foundation as error;
use windows_sys::Win32::Foundation::{HANDLE, INVALID_HANDLE_VALUE};
use windows_sys::Win32::Storage::FileSystem::{
    FILE_BEGIN, FILE_END_OF_FILE_INFO, FILE_TYPE_DISK, FileEndOfFileInfo, GetFileSizeEx,
    GetFileType, SetFileInformationByHandle, SetFilePointerEx,
};
use windows_sys::Win32::System::LibraryLoader::{GetModuleHandleW, GetProcAddress};
use windows_sys::Win32::System::Memory::{
    CreateFileMappingW, FILE_MAP, FILE_MAP_COPY, FILE_MAP_READ, FILE_MAP_WRITE, FlushViewOfFile,
    MEMORY_MAPPED_VIEW_ADDRESS, MapViewOfFile, OpenFileMappingW, PAGE_PROTECTION_FLAGS,
    PAGE_READONLY, PAGE_READWRITE, PAGE_WRITECOPY, UnmapViewOfFile,
};
use windows_sys::Win32::System::SystemInformation::{GetSystemInfo, SYSTEM_INFO};

use crate::error::{Error, Result};

/// A handle, or a descriptor, that is not open.
pub const EBADF: i32 = code(error::ERROR_INVALID_HANDLE);
/// A file is there that must not be.
pub const EEXIST: i32 = code(error::ERROR_FILE_EXISTS);
/// An argument that makes no sense.
pub const EINVAL: i32 = code(error::ERROR_INVALID_PARAMETER);
/// No file of that name.
pub const ENOENT: i32 = code(error::ERROR_FILE_NOT_FOUND);

/// The bytes can be read.
pub const PROT_READ: i32 = 1;
/// The bytes can be written.
pub const PROT_WRITE: i32 = 2;
/// Writes are seen by every mapping of the file.
pub const MAP_SHARED: i32 = 1;
/// Writes stay in this mapping.
pub const MAP_PRIVATE: i32 = 2;
/// Memory without a file.
pub const MAP_ANONYMOUS: i32 = 0x20;
/// Copied pages are reserved when they are written to, always.
pub const MAP_NORESERVE: i32 = 0;
/// No other bit means anything here.
pub const REFUSED_FLAGS: i32 = !(MAP_SHARED | MAP_PRIVATE | MAP_ANONYMOUS);

/// A mapping that reaches beyond the end of its file extends the file.
pub const EXTENDS: bool = true;
/// The size of a file can't be changed freely while it is mapped, nor can memory that is mapped twice take the
/// place of one another: a resize needs the memory for itself.
pub const LOCKS: bool = true;
/// Shared anonymous memory can be replaced by a larger copy.
pub const SHARED_ANONYMOUS_GROWS: bool = true;

/// Error codes are small positive numbers.
#[expect(clippy::cast_possible_wrap, reason = "a code is below 2^31")]
const fn code(error: u32) -> i32 {
    error as i32
}

fn failed(error: i32, syscall: &'static str) -> Error {
    Error::System {
        errno: error,
        syscall,
    }
}

/// A file of the operating system, borrowed from the caller.
#[derive(Clone, Copy, Debug)]
pub struct Descriptor(RawHandle);

/// The file behind a handle that this crate owns.
pub type OwnedFile = OwnedHandle;

/// The handle of an owned file.
#[must_use]
pub fn descriptor(file: &OwnedFile) -> Descriptor {
    Descriptor(file.as_raw_handle())
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

fn system_info() -> &'static SYSTEM_INFO {
    struct Info(SYSTEM_INFO);
    // SAFETY: the addresses in it are numbers that nobody follows.
    unsafe impl Send for Info {}
    // SAFETY: as above, and nothing changes them.
    unsafe impl Sync for Info {}
    static INFO: OnceLock<Info> = OnceLock::new();
    let info = INFO.get_or_init(|| {
        let mut info = SYSTEM_INFO::default();
        // SAFETY: `info` is valid for writing.
        unsafe { GetSystemInfo(&raw mut info) };
        Info(info)
    });
    &info.0
}

/// The size of a page in bytes.
#[must_use]
pub fn page_size() -> usize {
    system_info().dwPageSize as usize
}

/// What an offset must be a multiple of, in bytes.
#[must_use]
pub fn allocation_granularity() -> usize {
    system_info().dwAllocationGranularity as usize
}

/// What the system says of a file.
#[derive(Clone, Copy, Debug)]
pub struct Stat {
    /// The file's size in bytes.
    pub size: u64,
    /// Whether it is a file on a disk: only those have a size that bounds a mapping.
    pub regular: bool,
}

/// The size of a file.
///
/// # Errors
/// The system's, for what is no file.
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

/// libuv's way from a descriptor to its handle. Descriptors are numbers of the C library's, and a program may
/// have several of those: only the runtime's own can say what its descriptors mean.
type Lookup = unsafe extern "C" fn(i32) -> RawHandle;

fn lookup() -> Option<Lookup> {
    static LOOKUP: OnceLock<Option<Lookup>> = OnceLock::new();
    *LOOKUP.get_or_init(|| {
        // SAFETY: null asks for the running executable.
        let program = unsafe { GetModuleHandleW(ptr::null()) };
        // SAFETY: the module is loaded, the name NUL-terminated.
        let found = unsafe { GetProcAddress(program, c"uv_get_osfhandle".as_ptr().cast()) }?;
        // SAFETY: libuv declares it so: `uv_os_fd_t uv_get_osfhandle(int fd)`, cdecl.
        Some(unsafe { std::mem::transmute::<unsafe extern "system" fn() -> isize, Lookup>(found) })
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
    // -2 is what the C library has for a standard stream that is not there.
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

fn text(path: &[u8]) -> std::borrow::Cow<'_, str> {
    String::from_utf8_lossy(path)
}

/// Opens `path`, which is UTF-8, for sharing with every other.
///
/// # Errors
/// The system's, as `ENOENT` and `EPERM`; `EISDIR`, which Windows calls a lack of access.
pub fn open(path: &[u8], write: bool, create_new: bool) -> Result<OwnedFile> {
    let path = text(path);
    let path = Path::new(&*path);
    OpenOptions::new()
        .read(true)
        .write(write)
        .create_new(create_new)
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

/// Removes a file that this process has just made.
pub fn remove(path: &[u8]) {
    // The error that led here is the one to report.
    let _ = std::fs::remove_file(Path::new(&*text(path)));
}

/// `SetEndOfFile`, without moving the file's position.
///
/// # Errors
/// The system's: `EBUSY` when a mapping holds the bytes that would go.
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

/// The section object behind a mapping, kept for the sake of its name: none has it once the last handle is
/// closed, whatever is mapped.
#[derive(Debug)]
pub struct Section {
    handle: Option<OwnedHandle>,
    tag: Option<Vec<u16>>,
}

impl Section {
    /// Gives the name up. A section of a name can't be made anew while another holds the old one.
    ///
    /// # Errors
    /// `ERROR_USER_MAPPED_FILE` when somebody else has the section; the name is kept then.
    pub(crate) fn give_up(&mut self) -> Result<()> {
        self.handle = None;
        let Some(tag) = &self.tag else { return Ok(()) };
        // SAFETY: the name is NUL-terminated.
        let other = unsafe { OpenFileMappingW(FILE_MAP_WRITE, 0, tag.as_ptr()) };
        self.handle = owned(other);
        if self.handle.is_some() {
            return Err(failed(code(error::ERROR_USER_MAPPED_FILE), "mmap"));
        }
        Ok(())
    }
}

fn owned(handle: HANDLE) -> Option<OwnedHandle> {
    if handle.is_null() {
        return None;
    }
    // SAFETY: a call that makes handles gave it, and nobody else has it.
    Some(unsafe { OwnedHandle::from_raw_handle(handle) })
}

/// The upper and the lower half.
#[expect(clippy::cast_possible_truncation, reason = "that is what a half is")]
fn halves(number: u64) -> (u32, u32) {
    ((number >> 32) as u32, number as u32)
}

/// How a section and a view of it are protected: Python's table.
fn protections(prot: i32, flags: i32) -> (PAGE_PROTECTION_FLAGS, FILE_MAP) {
    if flags & MAP_PRIVATE != 0 {
        (PAGE_WRITECOPY, FILE_MAP_COPY)
    } else if prot & PROT_WRITE != 0 {
        (PAGE_READWRITE, FILE_MAP_WRITE)
    } else {
        (PAGE_READONLY, FILE_MAP_READ)
    }
}

/// Makes a section, or opens the one of that name, and maps a view of it; `file` `None` is memory of the paging
/// file.
///
/// # Errors
/// The system's, as `EINVAL` (length 0, an offset that is no multiple of the granularity), `EPERM` (a file that
/// is not open for writing, a name whose section is smaller), `ENOMEM`.
pub fn map(
    len: usize,
    prot: i32,
    flags: i32,
    file: Option<Descriptor>,
    offset: u64,
    tag: Option<&str>,
) -> Result<(*mut u8, Section)> {
    // 0 would mean the rest of the file, and an unaligned offset would fail after the file was extended.
    if len == 0 {
        return Err(failed(EINVAL, "mmap"));
    }
    if !offset.is_multiple_of(allocation_granularity() as u64) {
        return Err(failed(code(error::ERROR_MAPPED_ALIGNMENT), "mmap"));
    }
    let end = offset
        .checked_add(len as u64)
        .ok_or(failed(EINVAL, "mmap"))?;
    let tag = tag.map(|tag| tag.encode_utf16().chain([0]).collect::<Vec<_>>());
    let (page, view) = protections(prot, flags);
    let (high, low) = halves(end);
    // SAFETY: the handle is borrowed and only named here; the name is NUL-terminated or null.
    let section = unsafe {
        CreateFileMappingW(
            file.map_or(INVALID_HANDLE_VALUE, |file| file.0),
            ptr::null(),
            page,
            high,
            low,
            tag.as_ref().map_or(ptr::null(), Vec::as_ptr),
        )
    };
    let section = Section {
        handle: owned(section),
        tag,
    };
    let Some(handle) = &section.handle else {
        return Err(Error::last_os("mmap"));
    };
    let (high, low) = halves(offset);
    // SAFETY: the system places the view where nothing is; a wrong argument is an error of the call.
    let view = unsafe { MapViewOfFile(handle.as_raw_handle(), view, high, low, len) };
    if view.Value.is_null() {
        return Err(Error::last_os("mmap"));
    }
    Ok((view.Value.cast(), section))
}

/// The length that the system gives a mapping of `len` bytes: it remembers it itself.
#[must_use]
pub fn mapped_len(len: usize, _flags: i32) -> usize {
    len
}

fn address(start: *mut u8) -> MEMORY_MAPPED_VIEW_ADDRESS {
    MEMORY_MAPPED_VIEW_ADDRESS {
        Value: start.cast::<c_void>(),
    }
}

/// `UnmapViewOfFile`.
///
/// # Safety
/// `start` is the address of a mapping of [`map`]'s that nothing points into any more.
pub unsafe fn unmap(start: *mut u8, _len: usize) {
    // SAFETY: the caller vouches for the address.
    unsafe { UnmapViewOfFile(address(start)) };
}

/// A view neither moves nor grows: the caller maps afresh.
///
/// # Errors
/// Always [`Error::Unsupported`].
///
/// # Safety
/// None needed; the signature is that of the platforms that have it.
pub unsafe fn remap(_start: *mut u8, _len: usize, _new_len: usize) -> Result<*mut u8> {
    Err(Error::Unsupported("mremap"))
}

/// `FlushViewOfFile`: the bytes reach the system's cache of the file, as in Python; `FlushFileBuffers`, which
/// would bring them to the disk, is not called. `flags` mean nothing here.
///
/// # Errors
/// The system's, as `EIO`.
///
/// # Safety
/// `[start, start + len)` lies in a live mapping.
pub unsafe fn sync(start: *mut u8, len: usize, _flags: i32) -> Result<()> {
    // A length of 0 would mean everything from there on.
    if len == 0 {
        return Ok(());
    }
    // SAFETY: the caller vouches for the range.
    if unsafe { FlushViewOfFile(start.cast(), len) } == 0 {
        return Err(Error::last_os("msync"));
    }
    Ok(())
}

/// No advice here, as in Python.
///
/// # Errors
/// Always [`Error::Unsupported`].
///
/// # Safety
/// None needed; the signature is that of the platforms that have it.
pub unsafe fn advise(_start: *mut u8, _len: usize, _advice: i32) -> Result<()> {
    Err(Error::Unsupported("madvise()"))
}

/// Mappings have no names here; their sections have tags.
///
/// # Errors
/// Always [`Error::Unsupported`].
///
/// # Safety
/// None needed; the signature is that of the platforms that have it.
pub unsafe fn set_name(_start: *mut u8, _len: usize, _name: &CStr) -> Result<()> {
    Err(Error::Unsupported("setName()"))
}

/// What a segment holds where areas are counted: nothing here, as Windows has no such limit.
#[derive(Debug)]
pub struct Area(());

impl Area {
    /// Takes an area.
    ///
    /// # Errors
    /// None.
    pub fn take() -> Result<Self> {
        Ok(Self(()))
    }
}

/// Only macOS has this.
pub fn full_sync(_file: Descriptor) {}

/// A thread that gives way to others: nothing to do here, the system favours those that have waited.
#[derive(Debug)]
pub struct Patient(());

impl Patient {
    /// Until the answer is dropped.
    #[must_use]
    pub fn begin() -> Self {
        Self(())
    }
}
