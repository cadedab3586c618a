//! Asking work on another thread to stop.
//!
//! A thread that searches can't be interrupted from outside. So it checks a token between two blocks,
//! and ends when the token is set. With blocks of 256 KiB and more the check takes no time that could
//! be measured.

#[cfg(all(loom, test))]
use loom::sync::atomic::{AtomicBool, Ordering};
#[cfg(not(all(loom, test)))]
use std::sync::atomic::{AtomicBool, Ordering};

/// A flag that the thread sets that does not need the result any more, and that the threads check that work on it. A
/// token belongs to one piece of work and can't be reset.
#[derive(Debug, Default)]
pub struct CancelToken(AtomicBool);

impl CancelToken {
    /// A token that is not set.
    pub fn new() -> Self {
        Self(AtomicBool::new(false))
    }

    /// Sets the token. What the calling thread wrote before this, the reason for instance, is
    /// visible to whoever finds it set.
    pub fn cancel(&self) {
        self.0.store(true, Ordering::Release);
    }

    /// Whether the token is set. A thread may see the change a moment late.
    pub fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::CancelToken;
    use std::sync::Arc;

    #[test]
    fn a_token_is_set_for_good() {
        let token = CancelToken::new();
        assert!(!token.is_cancelled());
        token.cancel();
        token.cancel();
        assert!(token.is_cancelled());
    }

    #[test]
    fn a_token_stops_another_thread() {
        let token = Arc::new(CancelToken::new());
        let work = std::thread::spawn({
            let token = Arc::clone(&token);
            move || {
                while !token.is_cancelled() {
                    std::thread::yield_now();
                }
            }
        });
        token.cancel();
        work.join().unwrap();
    }
}

/// Every order in which two threads can meet at a token: `scripts/loom.sh`.
#[cfg(all(loom, test))]
mod model {
    use super::CancelToken;
    use loom::sync::Arc;
    use loom::sync::atomic::{AtomicU32, Ordering};
    use loom::thread;

    /// The reason that was written before cancelling is visible to whoever sees the token set.
    #[test]
    fn the_reason_comes_with_the_token() {
        loom::model(|| {
            let shared = Arc::new((CancelToken::new(), AtomicU32::new(0)));
            let other = thread::spawn({
                let shared = Arc::clone(&shared);
                move || {
                    let (token, reason) = &*shared;
                    reason.store(7, Ordering::Relaxed);
                    token.cancel();
                }
            });
            let (token, reason) = &*shared;
            if token.is_cancelled() {
                assert_eq!(reason.load(Ordering::Relaxed), 7);
            }
            other.join().unwrap();
            assert!(token.is_cancelled());
        });
    }

    /// A worker that sees the token stops, and what it wrote is complete when it is joined.
    #[test]
    fn work_that_looks_at_the_token_ends() {
        loom::model(|| {
            let token = Arc::new(CancelToken::new());
            let work = thread::spawn({
                let token = Arc::clone(&token);
                move || {
                    while !token.is_cancelled() {
                        thread::yield_now();
                    }
                }
            });
            token.cancel();
            work.join().unwrap();
        });
    }
}
