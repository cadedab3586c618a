//! The system's sizes and limits.

use std::sync::OnceLock;

use windows_sys::Win32::System::SystemInformation::{GetSystemInfo, SYSTEM_INFO};

use crate::error::Result;

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

/// Counts the areas of segments where the system limits them. Windows has no such limit.
#[derive(Debug)]
pub struct Area(());

impl Area {
    /// Counts one more area.
    ///
    /// # Errors
    /// None.
    pub fn take() -> Result<Self> {
        Ok(Self(()))
    }
}
