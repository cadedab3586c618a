//! Shared memory by name: a section's tag.

use std::os::windows::io::AsRawHandle;

use windows_sys::Win32::System::Memory::{
    FILE_MAP_READ, MEMORY_BASIC_INFORMATION, MapViewOfFile, OpenFileMappingW, UnmapViewOfFile,
    VirtualQuery,
};

use super::errno::ENOENT;
use super::memory::owned;
use crate::error::{Error, Result};

/// The size of the section of that name in bytes, whole pages; `None` if there is none.
///
/// # Errors
/// The system's, as `EACCES`.
pub fn section_size(name: &str) -> Result<Option<u64>> {
    let tag: Vec<u16> = name.encode_utf16().chain([0]).collect();
    // SAFETY: the name is NUL-terminated.
    let section = unsafe { OpenFileMappingW(FILE_MAP_READ, 0, tag.as_ptr()) };
    let Some(section) = owned(section) else {
        return match Error::last_os("shm_open") {
            Error::System { errno: ENOENT, .. } => Ok(None),
            error => Err(error),
        };
    };
    // SAFETY: the system places the view where nothing is; 0 is the whole section.
    let view = unsafe { MapViewOfFile(section.as_raw_handle(), FILE_MAP_READ, 0, 0, 0) };
    if view.Value.is_null() {
        return Err(Error::last_os("mmap"));
    }
    // SAFETY: a struct of integers and an address, for which zeros are a value.
    let mut about: MEMORY_BASIC_INFORMATION = unsafe { std::mem::zeroed() };
    let room = size_of::<MEMORY_BASIC_INFORMATION>();
    // SAFETY: `about` has `room` bytes to write to; any address may be asked about.
    let answered = unsafe { VirtualQuery(view.Value, &raw mut about, room) };
    let answer = if answered == 0 {
        Err(Error::last_os("VirtualQuery"))
    } else {
        Ok(Some(about.RegionSize as u64))
    };
    // SAFETY: the view was mapped above, and nothing points into it.
    unsafe { UnmapViewOfFile(view) };
    answer
}

/// Nothing to do: the name goes when the last one that has the memory closes it.
///
/// # Errors
/// None here.
pub fn unlink_named(_name: &str) -> Result<()> {
    Ok(())
}
