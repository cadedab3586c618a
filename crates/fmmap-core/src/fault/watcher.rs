//! A thread that keeps the handler on top of what others install.
//!
//! A runtime installs a handler of its own when somebody listens to the signal, on a thread that may know nothing of
//! this library. The next fault calls that handler and repeats for ever, and the faulting thread does nothing else
//! any more. So another thread has to check. It does so while there is a range to guard, once [`watch`] has been
//! called.

use super::{signal, table};
use std::ptr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How long a handler of others stays on top at most.
const INTERVAL: Duration = Duration::from_millis(50);

static WANTED: AtomicBool = AtomicBool::new(false);

/// Whether the thread runs.
static RUNNING: Mutex<bool> = Mutex::new(false);

fn running() -> MutexGuard<'static, bool> {
    // A poisoned lock still guards a valid flag.
    RUNNING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Checks from now on, as long as there is a range to guard.
pub(super) fn watch() {
    WANTED.store(true, Ordering::Release);
    if table::any() {
        resume();
    }
}

/// Starts the thread, if it is wanted and has ended together with the last range. The new range is counted before.
pub(super) fn resume() {
    if !WANTED.load(Ordering::Acquire) {
        return;
    }
    let mut running = running();
    if *running {
        return;
    }
    let thread = std::thread::Builder::new()
        .name("fmmap-watch".into())
        .stack_size(64 << 10);
    // If no thread can be started, the next range tries again.
    *running = thread.spawn(look).is_ok();
}

fn look() {
    block_signals();
    loop {
        std::thread::sleep(INTERVAL);
        let mut running = running();
        if !table::any() {
            *running = false;
            return;
        }
        drop(running);
        if !signal::covered() {
            signal::cover();
        }
    }
}

/// Blocks all signals on this thread: those that are sent to the process are for threads that expect them.
fn block_signals() {
    let mut all = std::mem::MaybeUninit::<libc::sigset_t>::uninit();
    // SAFETY: the set is writable.
    unsafe { libc::sigfillset(all.as_mut_ptr()) };
    // SAFETY: sigfillset has filled the set, which is only read.
    unsafe { libc::pthread_sigmask(libc::SIG_BLOCK, all.as_ptr(), ptr::null_mut()) };
}
