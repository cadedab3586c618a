//! The page cache: Windows has no call that tells what is in it.

use windows_sys::Win32::System::Memory::{PrefetchVirtualMemory, WIN32_MEMORY_RANGE_ENTRY};
use windows_sys::Win32::System::Threading::GetCurrentProcess;

use super::file::Descriptor;

/// Not supported: no call here reads only what is in memory.
pub fn read_cached(_fd: Descriptor, _offset: u64, _target: &mut [u8]) -> bool {
    false
}

/// Has the system read the pages from the disk, in large pieces and several at once. They are not part of the memory
/// of this process afterwards, and an error is not reported, so each page is still to be touched: always false.
///
/// # Safety
/// The pages are mapped.
pub unsafe fn populate(start: *mut u8, len: usize) -> bool {
    let range = WIN32_MEMORY_RANGE_ENTRY {
        VirtualAddress: start.cast(),
        NumberOfBytes: len,
    };
    // SAFETY: the call takes no arguments, and the handle needs no closing.
    let process = unsafe { GetCurrentProcess() };
    // SAFETY: one range, valid for reading; the system checks the addresses in it, and changes no byte.
    // The result is ignored: what was not read is read when it is touched.
    let _ = unsafe { PrefetchVirtualMemory(process, 1, &raw const range, 0) };
    false
}
