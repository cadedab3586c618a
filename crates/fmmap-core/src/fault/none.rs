//! Platforms without SIGBUS: nothing faults, or nothing can be done about it.
//!
//! On Windows a file that is mapped can't be truncated: the attempt fails with
//! `ERROR_USER_MAPPED_FILE`. An in-page I/O error is an exception there that only a vectored handler
//! could see.

use super::reason::Reason;
use crate::os::Descriptor;
use std::ops::Range;
use std::sync::atomic::AtomicU32;

static EPOCH: AtomicU32 = AtomicU32::new(0);

#[derive(Debug)]
pub(super) struct Registration;

#[expect(clippy::unused_self, reason = "the interface is the other platforms'")]
impl Registration {
    /// # Safety
    /// None needed: no memory is touched.
    pub(super) unsafe fn new(_: *mut u8, _: usize, _: Option<Descriptor>, _: u64) -> Self {
        Self
    }

    pub(super) fn reason(&self) -> Option<Reason> {
        None
    }

    pub(super) fn faults(&self) -> u32 {
        0
    }

    pub(super) fn mark(&self, _: Reason) {}

    pub(super) fn forget_file(&self) {}
}

pub(super) fn epoch() -> &'static AtomicU32 {
    &EPOCH
}

pub(super) fn lost(_: &Range<usize>) -> Option<Reason> {
    None
}

/// Smaller than any page: it only says how far apart the touches are.
pub(super) fn page() -> usize {
    4096
}

pub(super) fn set_enabled(_: bool) {}

pub(super) fn enabled() -> bool {
    false
}

pub(super) fn cover() {}

pub(super) fn resume() {}

pub(super) fn watch() {}
