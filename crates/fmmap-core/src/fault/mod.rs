//! Survival of faults: a page of a mapped file that is no longer there.
//!
//! # What happens
//! Mapping a file promises its bytes, but anybody may truncate the file afterwards, a disk may fail
//! to read it, a full file system may have no block for a hole that is written to. The kernel tells
//! the thread that touched such a page by SIGBUS, and the default of SIGBUS is death: of Python, of
//! Node, and of every program that maps files. No check beforehand helps, because the file can
//! shrink between the check and the touch.
//!
//! # What the guard does
//! It installs a SIGBUS handler, process-wide, and keeps a table of the mapped ranges: [`guard`]
//! adds one, dropping the [`Guarded`] takes it out. When a page in one of them faults, the handler
//!
//! 1. asks the file for its size, which tells truncation from an I/O error or a full disk: the
//!    signal itself doesn't ([`Reason`]);
//! 2. marks the range ([`Guarded::reason`]) and counts in the process-wide [`epoch`];
//! 3. maps private pages of zeros over what is missing, and returns: the touching instruction runs
//!    again, and succeeds.
//!
//! The zeros keep the *program* alive; they are not the file's bytes. Whoever reads a guarded range
//! must look at the epoch after it has touched the bytes and before it believes them, and ask
//! [`Guarded::reason`] when the epoch moved. Once marked, a range stays marked.
//!
//! # How much is replaced
//! - Truncated: everything from the file's new end to the end of the mapping, in one step. glibc's
//!   `memcpy` walks backwards over large blocks: page by page, 64 MiB took 16,382 faults.
//! - I/O error, no space, poisoned memory: the one page. Each such page makes the kernel keep up to
//!   two more areas, of which a process may have 65,530 on Linux: past 10,000 pages it is the
//!   2 MiB block around the page, and when the kernel has no area left, the whole mapping.
//! - Unknown (no descriptor to ask): the 2 MiB block around the page.
//!
//! # Memory order
//! A second thread that touches a page after it was replaced does not fault: only the epoch tells
//! it. So the mark and the epoch are written *before* the pages are: the kernel publishes the new
//! pages by releasing a lock that the second thread's own first touch acquires, so whoever reads a
//! zero of ours afterwards sees the epoch moved. The reader's half is to load the epoch after the
//! bytes: in Rust `fence(Acquire)` and then a load. JavaScript has no such fence; on x86-64 loads
//! are not reordered, and elsewhere the window in which a processor could load the epoch early is
//! far shorter than the system call that lies between the epoch and the pages.
//!
//! # Other handlers
//! A SIGBUS that isn't ours (outside every range, or sent by `kill`) goes to the handler that was
//! there before, as if ours were not: with its own signal mask, once only if it asked for that, and
//! with the default action if that was it. A handler that somebody installs over ours later, as
//! `process.on('SIGBUS')` does, hides ours and would make a fault loop for ever: each [`guard`]
//! looks, and puts ours on top again with theirs behind it. [`watch`] has a thread look.
//!
//! # Apple's systems
//! XNU reports every SIGBUS with one code, which depends on the processor: a missing page, another
//! fault, a signal that was sent. So the address and the table decide there, and the page itself: the
//! kernel is asked to read it, by a `write` to a pipe, and only a page that it can't read is replaced. A
//! page that is there is somebody else's signal, unless its file has changed in the last seconds and
//! may have grown back: then the instruction is tried once more. What this can't tell: the address of a signal
//! that was sent is that of the thread's last fault; should its page be gone now, the signal is lost.
//!
//! # Limits
//! - Windows: a no-op with the same interface. A mapped file can't be truncated there, by anyone.
//! - A thread that has SIGBUS blocked dies of a fault all the same: the kernel insists.
//! - A system call that is handed a missing page gets EFAULT from the kernel, not a signal: `write`
//!   from a truncated mapping fails or writes less, and nothing is marked.
//! - The zeros stay when the file grows back: map afresh to see its bytes again.

// In `scripts/loom.sh`'s build the parts that talk to the kernel are left out, and `model` put in.
#[cfg(all(unix, not(all(loom, test))))]
mod index;
#[cfg(unix)]
mod mark;
#[cfg(all(loom, test))]
mod model;
mod reason;
#[cfg(all(unix, not(all(loom, test))))]
mod signal;
#[cfg(unix)]
mod snapshot;
#[cfg(all(unix, not(all(loom, test))))]
mod table;
#[cfg(all(unix, not(all(loom, test))))]
mod watcher;

/// The platform's part. The watcher uses the signal module, and the signal module uses the table.
#[cfg(all(unix, not(all(loom, test))))]
mod platform {
    pub(super) use super::signal::{cover, enabled, set_enabled};
    pub(super) use super::table::{Registration, epoch, lost, page};
    pub(super) use super::watcher::{resume, watch};
}

#[cfg(any(not(unix), all(loom, test)))]
mod none;
#[cfg(any(not(unix), all(loom, test)))]
use none as platform;

use std::sync::atomic::{AtomicU32, Ordering, fence};

/// A file descriptor, in the type that the platform's calls take.
pub use crate::os::Descriptor as RawFd;
pub use reason::Reason;

/// Whether this platform has a fault guard.
pub const SUPPORTED: bool = cfg!(unix);

/// A mapped range in the table of the fault guard. Dropping it takes the range out, and returns when
/// no handler works on it any more: drop it *before* the range is unmapped, and don't unmap while
/// another thread may touch it.
#[derive(Debug)]
#[must_use = "dropping it ends the guard"]
pub struct Guarded {
    registration: platform::Registration,
}

/// Guards `len` bytes at `start`, which map `file` from its byte `file_offset` on.
///
/// `file` is borrowed, and used only to ask for the file's size; without it the reason of a fault
/// is [`Reason::Unknown`]. `len` is rounded up to whole pages.
///
/// Puts the signal handler in place unless it is there or switched off ([`set_enabled`]). The cost hardly grows with
/// the number of ranges; docs/safety.md has the figures.
///
/// # Safety
/// The caller promises that `start..start + len` is its own mapping until it drops the answer, that
/// no other live [`Guarded`] overlaps it, and that `file` stays open and the same for as long. A
/// fault in the range replaces pages of it by private zeros.
pub unsafe fn guard(start: *mut u8, len: usize, file: Option<RawFd>, file_offset: u64) -> Guarded {
    platform::cover();
    // SAFETY: the same promise, passed on.
    let registration = unsafe { platform::Registration::new(start, len, file, file_offset) };
    platform::resume();
    Guarded { registration }
}

impl Guarded {
    /// Why the range faulted, the first time it did; `None` if it never has.
    pub fn reason(&self) -> Option<Reason> {
        self.registration.reason()
    }

    /// How many faults in the range were survived. Use it for tests and statistics only: one fault may stand for many
    /// missing pages, and two threads that touch one page count twice.
    pub fn faults(&self) -> u32 {
        self.registration.faults()
    }

    /// Marks the range as a fault does, for a loss of bytes that the kernel did not report by a signal.
    pub fn mark(&self, reason: Reason) {
        self.registration.mark(reason);
    }

    /// Stops using the file: once this returns, the descriptor can be closed. From then on the reason of a fault is
    /// [`Reason::Unknown`].
    pub fn forget_file(&self) {
        self.registration.forget_file();
    }
}

/// Counts the faults survived in this process, in every range. To find out whether an operation
/// touched a missing page: load it before and after; if it moved, ask each range in question for its
/// [`Guarded::reason`]. Load the new value *before* asking, or a fault in between is missed.
///
/// It wraps after 2^32 faults. The address is the same for the life of the process.
pub fn epoch() -> &'static AtomicU32 {
    platform::epoch()
}

/// Whether a page was ever found missing in this process. Until then every range is whole, and need not be looked at.
/// Ask it after the bytes were read.
#[must_use]
pub fn survived() -> bool {
    // The bytes were read before: the module's "Memory order".
    fence(Ordering::Acquire);
    epoch().load(Ordering::Relaxed) != 0
}

/// Why a page is missing in the guarded range that contains the `len` bytes at `start`; `None` if the range has lost
/// no page, or if no guarded range contains them. Use it for bytes whose mapping is not known: ask after reading
/// them, and before believing what was read.
///
/// It costs a load of the epoch, and a lookup in the table once any fault has been survived in this process.
#[must_use]
pub fn lost(start: *const u8, len: usize) -> Option<Reason> {
    if !survived() {
        return None;
    }
    let start = start.addr();
    platform::lost(&(start..start.saturating_add(len)))
}

/// The same after touching one byte of each page, so that a missing page is known before anything is copied. A page
/// may still vanish afterwards: ask [`lost`] again after the copy.
///
/// # Safety
/// The bytes are readable, but for the pages of guarded ranges that have vanished.
#[must_use]
pub unsafe fn fetch(start: *const u8, len: usize) -> Option<Reason> {
    let page = platform::page();
    let mut at = 0;
    while at < len {
        // SAFETY: `at < len`.
        let byte = unsafe { start.add(at) };
        // Volatile, because others may write the byte, and because the compiler must keep a read whose value is not
        // used.
        // SAFETY: the caller's promise.
        let _: u8 = unsafe { byte.read_volatile() };
        // To the start of the next page.
        at += page - (byte.addr() & (page - 1));
    }
    lost(start, len)
}

/// Switches the guard for the whole process. On: the handler is put on top. Off: a fault kills the
/// process as if there were no guard; the handler before ours is put back if ours is on top, and
/// otherwise ours stays where it is and passes everything on.
///
/// It starts on, unless `FMMAP_NO_SIGBUS` is in the environment and neither empty nor `0`.
/// Without effect where the guard isn't [`SUPPORTED`].
pub fn set_enabled(on: bool) {
    platform::set_enabled(on);
}

/// Keeps the handler on top from now on, while there is a guarded range: a thread checks it several times a second.
/// It is for runtimes that can install a handler of their own unnoticed, which does nothing about a fault, so that
/// the fault repeats for ever.
pub fn watch() {
    platform::watch();
}

/// For tests: has every SIGBUS reported with this `si_code` and judged as on Apple's systems, where the code is not
/// believed. 0 ends that.
#[cfg(all(feature = "testing", unix, not(loom)))]
pub fn pretend_code(code: i32) {
    signal::PRETENDED.store(code, std::sync::atomic::Ordering::Relaxed);
}

/// Whether faults are survived; never where the guard isn't [`SUPPORTED`].
pub fn enabled() -> bool {
    platform::enabled()
}
