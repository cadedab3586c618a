//! Memory: mapping it, writing it back, and letting it go.

use std::ffi::{CStr, c_void};
use std::os::windows::io::{AsRawHandle, FromRawHandle, OwnedHandle};
use std::ptr;

use windows_sys::Win32::Foundation as error;
use windows_sys::Win32::Foundation::{HANDLE, INVALID_HANDLE_VALUE};
use windows_sys::Win32::System::Memory::{
    CreateFileMappingW, FILE_MAP, FILE_MAP_COPY, FILE_MAP_READ, FILE_MAP_WRITE, FlushViewOfFile,
    MEMORY_MAPPED_VIEW_ADDRESS, MapViewOfFile, OpenFileMappingW, PAGE_PROTECTION_FLAGS,
    PAGE_READONLY, PAGE_READWRITE, PAGE_WRITECOPY, UnmapViewOfFile,
};

use super::errno::{EINVAL, code, failed};
use super::file::Descriptor;
use super::limits::allocation_granularity;
use crate::error::{Error, Result};

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
/// A flag that does nothing here: pages that are copied on write are always reserved when they are written to.
pub const MAP_NORESERVE: i32 = 0;
/// No other bit means anything here.
pub const REFUSED_FLAGS: i32 = !(MAP_SHARED | MAP_PRIVATE | MAP_ANONYMOUS);

/// Whether pages that are written become the mapping's own copies.
#[must_use]
pub const fn is_private(flags: i32) -> bool {
    flags & MAP_PRIVATE != 0
}

/// A mapping that reaches beyond the end of its file extends the file.
pub const EXTENDS: bool = true;
/// The size of a file can't change freely while it is mapped, and memory that is mapped twice can't be replaced. So a
/// resize unmaps all memory first.
pub const LOCKS: bool = true;
/// Shared anonymous memory can be replaced by a larger copy.
pub const SHARED_ANONYMOUS_GROWS: bool = true;

/// The section object behind a mapping, kept for its name: the name goes when the last handle is closed, even if
/// memory is still mapped.
#[derive(Debug)]
struct Section {
    handle: Option<OwnedHandle>,
    tag: Option<Vec<u16>>,
}

impl Section {
    /// Gives up the name. A section can't be made while another handle holds an old one of the same name.
    ///
    /// # Errors
    /// `ERROR_USER_MAPPED_FILE` when somebody else has the section; the name is kept then.
    fn give_up(&mut self) -> Result<()> {
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

pub(super) fn owned(handle: HANDLE) -> Option<OwnedHandle> {
    if handle.is_null() {
        return None;
    }
    // SAFETY: a call that makes handles gave it, and nobody else has it.
    Some(unsafe { OwnedHandle::from_raw_handle(handle) })
}

/// The upper and the lower half of a number.
#[expect(clippy::cast_possible_truncation, reason = "that is what a half is")]
fn halves(number: u64) -> (u32, u32) {
    ((number >> 32) as u32, number as u32)
}

/// How a section and a view of it are protected: Python's table.
fn protections(prot: i32, flags: i32) -> (PAGE_PROTECTION_FLAGS, FILE_MAP) {
    if is_private(flags) {
        (PAGE_WRITECOPY, FILE_MAP_COPY)
    } else if prot & PROT_WRITE != 0 {
        (PAGE_READWRITE, FILE_MAP_WRITE)
    } else {
        (PAGE_READONLY, FILE_MAP_READ)
    }
}

/// Mapped memory, and the section that it is a view of. Dropping this value unmaps it.
///
/// All of it is mapped by calls of our own: memmap2 knows neither tags nor a section that is longer than its file, and
/// asks for a section that can be executed where the handle allows it.
#[derive(Debug)]
pub struct Memory {
    start: *mut u8,
    len: usize,
    section: Section,
}

impl Memory {
    /// No memory.
    pub(crate) fn none() -> Self {
        Self {
            start: ptr::NonNull::dangling().as_ptr(),
            len: 0,
            section: Section {
                handle: None,
                tag: None,
            },
        }
    }

    /// The address of the first byte.
    pub(crate) fn start(&self) -> *mut u8 {
        self.start
    }

    /// Not supported, since a view neither moves nor grows: the caller maps afresh.
    ///
    /// # Errors
    /// Always [`Error::Unsupported`].
    ///
    /// # Safety
    /// None needed; the signature is that of the platforms that have it.
    #[expect(clippy::unused_self, reason = "the signature is that of Unix")]
    pub(crate) unsafe fn remap(&mut self, _new_len: usize) -> Result<()> {
        Err(Error::Unsupported("mremap"))
    }

    /// Gives up the name by which other processes find the memory. A section can't be made while another handle holds
    /// an old one of the same name.
    ///
    /// # Errors
    /// `ERROR_USER_MAPPED_FILE` when somebody else has the section; the name is kept then.
    pub(crate) fn give_up_name(&mut self) -> Result<()> {
        self.section.give_up()
    }

    /// Makes a section, or opens the one of that name, and maps a view of it; `file` `None` is memory of the paging
    /// file.
    ///
    /// # Errors
    /// The system's, as `EINVAL` (length 0, an offset that is no multiple of the granularity), `EPERM` (a file that
    /// is not open for writing, a name whose section is smaller), `ENOMEM`.
    pub(crate) fn map(
        len: usize,
        prot: i32,
        flags: i32,
        file: Option<Descriptor>,
        offset: u64,
        tag: Option<&str>,
    ) -> Result<Self> {
        // A length of 0 would map the rest of the file, and an unaligned offset would fail only after the file was
        // extended.
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
        Ok(Self {
            start: view.Value.cast(),
            len,
            section,
        })
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        if self.len > 0 {
            // SAFETY: the view was mapped by this value, whose owner has nothing that points into it any more.
            unsafe { UnmapViewOfFile(address(self.start)) };
        }
    }
}

fn address(start: *mut u8) -> MEMORY_MAPPED_VIEW_ADDRESS {
    MEMORY_MAPPED_VIEW_ADDRESS {
        Value: start.cast::<c_void>(),
    }
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
    // A length of 0 would flush everything from the start on.
    if len == 0 {
        return Ok(());
    }
    // SAFETY: the caller vouches for the range.
    if unsafe { FlushViewOfFile(start.cast(), len) } == 0 {
        return Err(Error::last_os("msync"));
    }
    Ok(())
}

/// Not supported, as in Python.
///
/// # Errors
/// Always [`Error::Unsupported`].
///
/// # Safety
/// None needed; the signature is that of the platforms that have it.
pub unsafe fn advise(_start: *mut u8, _len: usize, _advice: i32) -> Result<()> {
    Err(Error::Unsupported("madvise()"))
}

/// Not supported: mappings have no names here. Their sections have tags.
///
/// # Errors
/// Always [`Error::Unsupported`].
///
/// # Safety
/// None needed; the signature is that of the platforms that have it.
pub unsafe fn set_name(_start: *mut u8, _len: usize, _name: &CStr) -> Result<()> {
    Err(Error::Unsupported("setName()"))
}
