//! The system's sizes and limits.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::error::{Error, Result};

/// The size of a page in bytes.
#[must_use]
pub fn page_size() -> usize {
    static SIZE: OnceLock<usize> = OnceLock::new();
    *SIZE.get_or_init(|| {
        // SAFETY: sysconf reads a number and touches no memory of ours.
        let size = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
        usize::try_from(size).unwrap_or(4096)
    })
}

/// What an offset must be a multiple of, in bytes.
#[must_use]
pub fn allocation_granularity() -> usize {
    page_size()
}

/// One of the areas that the kernel allows a process. Each segment counts as one.
///
/// A process without a free area soon dies in its allocator or just-in-time compiler, whoever used the last one: V8
/// aborts with "process out of memory". So the last areas are left to the runtime and to the fault guard, which needs
/// two for each missing page.
#[derive(Debug)]
pub struct Area(());

/// The areas that are counted at present.
static AREAS: AtomicUsize = AtomicUsize::new(0);

impl Area {
    /// Counts one more area.
    ///
    /// # Errors
    /// `ENOMEM` when only those are left that the runtime needs.
    pub fn take() -> Result<Self> {
        if AREAS.fetch_add(1, Ordering::Relaxed) < most_areas() {
            return Ok(Self(()));
        }
        AREAS.fetch_sub(1, Ordering::Relaxed);
        Err(Error::System {
            errno: libc::ENOMEM,
            syscall: "mmap",
        })
    }
}

impl Drop for Area {
    fn drop(&mut self) {
        AREAS.fetch_sub(1, Ordering::Relaxed);
    }
}

/// All but an eighth of `vm.max_map_count`, whose default is 65,530.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn most_areas() -> usize {
    static MOST: OnceLock<usize> = OnceLock::new();
    *MOST.get_or_init(|| {
        let all = std::fs::read_to_string("/proc/sys/vm/max_map_count").ok();
        let all = all
            .and_then(|all| all.trim().parse().ok())
            .unwrap_or(65_530);
        all - all / 8
    })
}

/// Other kernels have no such limit, or one that memory reaches first.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn most_areas() -> usize {
    usize::MAX
}
