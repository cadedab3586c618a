//! How many chunks of searches may be on the threadpool at once.
//!
//! The pool is the process's, and fs, dns and zlib wait for it too: chunks take at most half of its
//! threads, over all workers. A chunk that finds no turn free is tried again by the facade.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

static TAKEN: AtomicUsize = AtomicUsize::new(0);

/// Half of the pool, whose size libuv takes from the environment: 4 unless told otherwise.
fn limit() -> usize {
    static LIMIT: OnceLock<usize> = OnceLock::new();
    *LIMIT.get_or_init(|| {
        let size = std::env::var("UV_THREADPOOL_SIZE")
            .ok()
            .and_then(|size| size.parse().ok());
        (size.unwrap_or(4_usize).clamp(1, 1024) / 2).max(1)
    })
}

/// A turn; dropping it gives it back.
pub(crate) struct Turn(());

impl Turn {
    /// Takes a turn if one is free.
    pub(crate) fn take() -> Option<Self> {
        TAKEN
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |taken| {
                (taken < limit()).then_some(taken + 1)
            })
            .ok()
            .map(|_| Self(()))
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        TAKEN.fetch_sub(1, Ordering::Relaxed);
    }
}
