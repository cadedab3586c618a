//! One value that many threads read, a signal handler among them, while one thread at a time
//! replaces it: read, copy, update.
//!
//! A reader takes two atomic increments and never waits, allocates or fails, whatever the writer is
//! doing: it may have interrupted the writer on its own thread. The writer pays for that: it
//! publishes a whole new value, then waits until every reader that might still hold the old one has
//! left. What the reader does *inside* [`Snapshots::read`] is therefore over when
//! [`Snapshots::replace`] returns, and that is the guarantee the fault guard is built on: once a
//! range has been taken out of the table, no handler can map pages over it any more.
//!
//! # Why a reader of the old value is always waited for
//!
//! A reader does `R1` increment a counter, `R2` a sequentially consistent fence, `R3` load the
//! value. The writer does `W1` swap the value, `W2` such a fence, `W3` load the counter. Of the two
//! fences one is first in their single total order. If it is the reader's, `W3` sees the increment,
//! and waits. If it is the writer's, `R3` sees the new value, and there is nothing to wait for.
//!
//! There are two counters only so that the writer ends: readers that come while it waits are sent to
//! the other one, so a stream of faults can't keep a counter above zero for ever. A reader that was
//! sent to a counter and delayed before its increment may arrive at the one that the writer is
//! looking at; the argument above holds for either counter, and the writer waits for both.

use core::ptr;

#[cfg(not(all(loom, test)))]
use core::{
    hint::spin_loop,
    sync::atomic::{AtomicPtr, AtomicUsize, Ordering, fence},
};
#[cfg(all(loom, test))]
use loom::{
    hint::spin_loop,
    sync::atomic::{AtomicPtr, AtomicUsize, Ordering, fence},
};

/// A value that is replaced whole, and read without a lock.
pub(super) struct Snapshots<T> {
    current: AtomicPtr<T>,
    /// Which counter new readers take: 0 or 1.
    turn: AtomicUsize,
    readers: [AtomicUsize; 2],
}

impl<T> Snapshots<T> {
    /// No value yet: [`Snapshots::read`] gives `None`.
    #[cfg(not(all(loom, test)))]
    pub(super) const fn empty() -> Self {
        Self {
            current: AtomicPtr::new(ptr::null_mut()),
            turn: AtomicUsize::new(0),
            readers: [AtomicUsize::new(0), AtomicUsize::new(0)],
        }
    }

    /// No value yet. (loom's atomics register themselves with the model: no constant.)
    #[cfg(all(loom, test))]
    pub(super) fn empty() -> Self {
        Self {
            current: AtomicPtr::new(ptr::null_mut()),
            turn: AtomicUsize::new(0),
            readers: [AtomicUsize::new(0), AtomicUsize::new(0)],
        }
    }

    /// Runs `look` on the current value. Async-signal-safe if `look` is; `look` must return, and by
    /// that way only: a reader that jumps out or never ends would hold up the writer for ever.
    pub(super) fn read<R>(&self, look: impl FnOnce(Option<&T>) -> R) -> R {
        let readers = match self.turn.load(Ordering::Relaxed) {
            0 => &self.readers[0],
            _ => &self.readers[1],
        };
        readers.fetch_add(1, Ordering::Relaxed);
        fence(Ordering::SeqCst);
        let current = self.current.load(Ordering::Acquire);
        // SAFETY: null, or a leaked box that `replace` frees only after it has seen both counters at
        // zero since it took the box out, and this reader's has been above zero since before the
        // load (the module's argument).
        let answer = look(unsafe { current.as_ref() });
        readers.fetch_sub(1, Ordering::Release);
        answer
    }

    /// Publishes `next`, waits for the readers of the value before it, and gives that value back.
    ///
    /// # Safety
    /// One thread at a time may call it, and never from inside [`Snapshots::read`].
    pub(super) unsafe fn replace(&self, next: Box<T>) -> Option<Box<T>> {
        let before = self.current.swap(Box::into_raw(next), Ordering::AcqRel);
        fence(Ordering::SeqCst);
        for turn in [1, 0] {
            self.turn.store(turn, Ordering::Relaxed);
            let leaving = &self.readers[1 - turn];
            while leaving.load(Ordering::Acquire) != 0 {
                wait();
            }
        }
        if before.is_null() {
            return None;
        }
        // SAFETY: `before` came from `Box::into_raw` in an earlier call, only this call can have
        // swapped it out, and no reader holds it any more.
        Some(unsafe { Box::from_raw(before) })
    }

    /// The current value, for the thread that may replace it.
    ///
    /// # Safety
    /// Nobody may call [`Snapshots::replace`] while the answer is in use.
    #[cfg(not(all(loom, test)))]
    pub(super) unsafe fn current(&self) -> Option<&T> {
        // SAFETY: null or a leaked box; only `replace` frees it, which the caller rules out.
        unsafe { self.current.load(Ordering::Acquire).as_ref() }
    }
}

/// Waits a moment for readers. A reader is a handler that makes two or three system calls, so it is gone soon, unless
/// its thread has lost the processor; then spinning would only keep the processor from it.
fn wait() {
    spin_loop();
    #[cfg(not(all(loom, test)))]
    std::thread::yield_now();
    #[cfg(all(loom, test))]
    loom::thread::yield_now();
}

impl<T> Drop for Snapshots<T> {
    fn drop(&mut self) {
        let last = self.current.load(Ordering::Relaxed);
        if !last.is_null() {
            // SAFETY: `&mut self`: no reader and no writer; the pointer came from `Box::into_raw`.
            drop(unsafe { Box::from_raw(last) });
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::Snapshots;
    use std::sync::Arc;

    #[test]
    fn the_value_before_comes_back() {
        let snapshots = Snapshots::empty();
        assert_eq!(snapshots.read(|value: Option<&u32>| value.copied()), None);
        // SAFETY: one thread, outside any read.
        assert_eq!(unsafe { snapshots.replace(Box::new(1)) }, None);
        assert_eq!(
            snapshots.read(|value| value.map(|value| value + 10)),
            Some(11)
        );
        // SAFETY: as above.
        assert_eq!(unsafe { snapshots.replace(Box::new(2)) }, Some(Box::new(1)));
        assert_eq!(
            snapshots.read(|value| value.map(|value| value + 10)),
            Some(12)
        );
    }

    #[test]
    fn a_reader_is_waited_for() {
        let snapshots = Arc::new(Snapshots::empty());
        // SAFETY: no other writer yet.
        unsafe { snapshots.replace(Box::new(1_u32)) };
        let (entered, has_entered) = std::sync::mpsc::channel();
        let (leave, may_leave) = std::sync::mpsc::channel::<()>();
        let reader = std::thread::spawn({
            let snapshots = Arc::clone(&snapshots);
            move || {
                snapshots.read(|_| {
                    entered.send(()).unwrap();
                    may_leave.recv().unwrap();
                });
            }
        });
        has_entered.recv().unwrap();
        let writer = std::thread::spawn({
            let snapshots = Arc::clone(&snapshots);
            // SAFETY: the only writer from here on.
            move || unsafe { snapshots.replace(Box::new(2)) }
        });
        std::thread::sleep(std::time::Duration::from_millis(50));
        assert!(
            !writer.is_finished(),
            "the writer did not wait for the reader"
        );
        leave.send(()).unwrap();
        assert_eq!(writer.join().unwrap(), Some(Box::new(1)));
        reader.join().unwrap();
    }
}
