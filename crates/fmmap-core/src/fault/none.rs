//! Platforms without SIGBUS: nothing faults, or nothing can be done about it.
//!
//! On Windows a file that is mapped can't be truncated: the attempt fails with
//! `ERROR_USER_MAPPED_FILE`. An in-page I/O error is an exception there that only a vectored handler
//! could see.

use super::{RawFd, Reason};
use std::sync::atomic::AtomicU32;

static EPOCH: AtomicU32 = AtomicU32::new(0);

#[derive(Debug)]
pub(super) struct Registration;

#[allow(clippy::unused_self)] // The interface is the other platform's.
impl Registration {
    /// # Safety
    /// None needed: no memory is touched.
    pub(super) unsafe fn new(_: *mut u8, _: usize, _: Option<RawFd>, _: u64) -> Self {
        Self
    }

    pub(super) fn reason(&self) -> Option<Reason> {
        None
    }

    pub(super) fn faults(&self) -> u32 {
        0
    }

    pub(super) fn mark(&self, _: Reason) {}

    pub(super) fn lift(&self) {}

    /// # Safety
    /// None needed: no memory is touched.
    pub(super) unsafe fn set_range(&self, _: *mut u8, _: usize) {}
}

pub(super) fn epoch() -> &'static AtomicU32 {
    &EPOCH
}

pub(super) fn set_enabled(_: bool) {}

pub(super) fn enabled() -> bool {
    false
}
