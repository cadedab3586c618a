//! The mark that a fault leaves on its range, and the epoch that announces it.

use super::Reason;

#[cfg(all(loom, test))]
use loom::sync::atomic::{AtomicU8, AtomicU32, Ordering, fence};
#[cfg(not(all(loom, test)))]
use std::sync::atomic::{AtomicU8, AtomicU32, Ordering, fence};

/// Why a range faulted the first time; nothing at first.
#[derive(Debug)]
pub(super) struct Mark(AtomicU8);

impl Mark {
    pub(super) fn none() -> Self {
        Self(AtomicU8::new(0))
    }

    /// Marks the range, then moves the epoch. Both come before whatever the calling thread does
    /// next, in the eyes of every thread that learns of it: the handler maps its zeros then.
    pub(super) fn set(&self, reason: Reason, epoch: &AtomicU32) {
        let first = self
            .0
            .compare_exchange(0, reason as u8, Ordering::Release, Ordering::Relaxed);
        // Not the first: the mark that stands tells enough.
        let (Ok(_) | Err(_)) = first;
        epoch.fetch_add(1, Ordering::Release);
        fence(Ordering::SeqCst);
    }

    /// Whoever asks because it saw the epoch move, by whatever kind of load, sees the mark that was
    /// made before that.
    pub(super) fn get(&self) -> Option<Reason> {
        fence(Ordering::Acquire);
        match self.0.load(Ordering::Acquire) {
            1 => Some(Reason::Truncated),
            2 => Some(Reason::Io),
            3 => Some(Reason::Unknown),
            _ => None,
        }
    }
}
