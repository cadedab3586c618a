//! The mark that a fault leaves on its range, and the epoch that announces it.

use super::reason::Reason;

#[cfg(all(loom, test))]
use loom::sync::atomic::{AtomicU8, AtomicU32, Ordering, fence};
#[cfg(not(all(loom, test)))]
use std::sync::atomic::{AtomicU8, AtomicU32, Ordering, fence};

/// Why the range faulted for the first time; 0 if it never has faulted.
#[derive(Debug)]
pub(super) struct Mark(AtomicU8);

impl Mark {
    pub(super) fn none() -> Self {
        Self(AtomicU8::new(0))
    }

    /// Writes the mark, then advances the epoch. The handler maps its zeros after this call, so
    /// every thread that sees the zeros also sees the mark and the new epoch.
    pub(super) fn set(&self, reason: Reason, epoch: &AtomicU32) {
        let first = self
            .0
            .compare_exchange(0, reason as u8, Ordering::Release, Ordering::Relaxed);
        // If the exchange fails, the range has a mark already, and the first mark stays.
        let (Ok(_) | Err(_)) = first;
        epoch.fetch_add(1, Ordering::Release);
        fence(Ordering::SeqCst);
    }

    /// The mark. A thread that has seen the new epoch, even by a relaxed load, sees the mark that
    /// was written before it.
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
