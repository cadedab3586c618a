//! The table of guarded ranges, and what is done about a fault in one.

use super::index::{Entry, Index};
use super::mark::Mark;
use super::signal;
use super::snapshot::Snapshots;
use super::{RawFd, Reason};
use crate::os::MAP_NORESERVE;
use std::mem::MaybeUninit;
use std::ops::Range;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::{io, ptr};

pub(super) use signal::{enabled, set_enabled};

/// What is replaced around a page when pages one by one won't do: the size of a huge page on the
/// common processors, so that the areas the kernel has to keep stay aligned with them.
const BLOCK: usize = 2 << 20;

/// How many pages, in all ranges together, are replaced one by one. Each may split an area of the
/// kernel's in three, and Linux allows a process 65,530 areas: that leaves it half of them.
const SINGLE_PAGES: u32 = 10_000;

/// How often in a row a range may answer a fault by trying again (see [`Mapped::try_again`]).
const TRIES: u32 = 1_000;

/// Kernels refuse to cut an area of huge pages between them. Their sizes, and arm64's 64 KiB.
const GRAINS: [usize; 6] = [1, 64 << 10, 2 << 20, 32 << 20, 512 << 20, 1 << 30];

static TABLE: Snapshots<Index<Mapped>> = Snapshots::empty();

/// Held by whoever changes [`TABLE`]. The handler never takes it: it may have interrupted its holder.
static CHANGES: Mutex<()> = Mutex::new(());

static EPOCH: AtomicU32 = AtomicU32::new(0);

/// Pages replaced one by one, in all ranges that are still alive.
static SINGLES: AtomicU32 = AtomicU32::new(0);

/// The system's page size, from the first registration on: `sysconf` is not for signal handlers.
static PAGE: AtomicUsize = AtomicUsize::new(4096);

/// One range's file, and what has happened to it.
#[derive(Debug)]
struct Mapped {
    file: Option<RawFd>,
    file_offset: u64,
    mark: Mark,
    faults: AtomicU32,
    /// This range's share of [`SINGLES`].
    singles: AtomicU32,
    /// The page that was last tried again, and how often any was since one was replaced.
    tried: AtomicUsize,
    tries: AtomicU32,
}

#[derive(Debug)]
pub(super) struct Registration {
    mapped: Arc<Mapped>,
    /// Where the range in the table begins, if it is there.
    start: Mutex<Option<usize>>,
}

/// A poisoned lock guards nothing that a panic could leave half done: both are written in one step.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Registration {
    /// # Safety
    /// As [`super::guard`].
    pub(super) unsafe fn new(
        start: *mut u8,
        len: usize,
        file: Option<RawFd>,
        file_offset: u64,
    ) -> Self {
        // SAFETY: no arguments in memory; it can only return a number.
        let page = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
        if let Ok(page) = usize::try_from(page)
            && page.is_power_of_two()
        {
            PAGE.store(page, Ordering::Relaxed);
        }
        signal::cover();
        let registration = Self {
            mapped: Arc::new(Mapped {
                file,
                file_offset,
                mark: Mark::none(),
                faults: AtomicU32::new(0),
                singles: AtomicU32::new(0),
                tried: AtomicUsize::new(0),
                tries: AtomicU32::new(0),
            }),
            start: Mutex::new(None),
        };
        // SAFETY: the same promise, passed on.
        unsafe { registration.set_range(start, len) };
        registration
    }

    pub(super) fn reason(&self) -> Option<Reason> {
        self.mapped.mark.get()
    }

    pub(super) fn faults(&self) -> u32 {
        self.mapped.faults.load(Ordering::Relaxed)
    }

    pub(super) fn mark(&self, reason: Reason) {
        self.mapped.mark.set(reason, &EPOCH);
    }

    pub(super) fn lift(&self) {
        if let Some(start) = lock(&self.start).take() {
            change(|index| index.without(start));
        }
    }

    /// # Safety
    /// As [`super::guard`].
    pub(super) unsafe fn set_range(&self, start: *mut u8, len: usize) {
        self.lift();
        let page = PAGE.load(Ordering::Relaxed);
        let start = start.expose_provenance();
        let end = start
            .saturating_add(len)
            .checked_next_multiple_of(page)
            .unwrap_or(usize::MAX);
        if start == end {
            return;
        }
        let mut registered = lock(&self.start);
        *registered = Some(start);
        change(|index| {
            index.with(Entry {
                addresses: start..end,
                mapped: Arc::clone(&self.mapped),
            })
        });
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        self.lift();
        // The areas of the single pages go when the owner unmaps the range, right after this.
        SINGLES.fetch_sub(
            self.mapped.singles.load(Ordering::Relaxed),
            Ordering::Relaxed,
        );
    }
}

/// Replaces the table by a changed copy. When it returns, no handler works from the old one.
fn change(step: impl FnOnce(&Index<Mapped>) -> Index<Mapped>) {
    let changes = lock(&CHANGES);
    // SAFETY: `CHANGES` is held: nobody replaces the table meanwhile.
    let before = unsafe { TABLE.current() };
    let none = Index::new();
    let after = Box::new(step(before.unwrap_or(&none)));
    // SAFETY: `CHANGES` is held, so this is the only call; and only the handler reads the table, in
    // `survive`, which replaces nothing.
    let old = unsafe { TABLE.replace(after) };
    drop(changes);
    drop(old);
}

pub(super) fn epoch() -> &'static AtomicU32 {
    &EPOCH
}

/// Called by the signal handler: whether `address` lay in a guarded range and is there again now (or
/// may be: then the instruction faults once more, and comes back here). `poisoned`: the hardware has
/// given up the page, whatever the file says.
///
/// Async-signal-safe: atomics, `fstat` and `mmap`, nothing else. It all happens inside the read of
/// the table, so a range that has been taken out is never mapped over.
pub(super) fn survive(address: usize, poisoned: bool) -> bool {
    TABLE.read(|index| {
        let Some(entry) = index.and_then(|index| index.find(address)) else {
            return false;
        };
        entry.mapped.survive(&entry.addresses, address, poisoned)
    })
}

impl Mapped {
    fn survive(&self, mapping: &Range<usize>, address: usize, poisoned: bool) -> bool {
        let page = PAGE.load(Ordering::Relaxed);
        let at = down(address, page).max(mapping.start);
        let one = at..at.saturating_add(page);
        let block = down(at, BLOCK)..down(at, BLOCK).saturating_add(BLOCK);
        let (reason, missing) = match self.file_end(page) {
            _ if poisoned => (Reason::Io, one.clone()),
            None => (Reason::Unknown, block.clone()),
            Some(end) => {
                // The first address of the mapping that the file doesn't reach.
                let reach = usize::try_from(end.saturating_sub(self.file_offset));
                let first = mapping.start.saturating_add(reach.unwrap_or(usize::MAX));
                if at >= first {
                    (Reason::Truncated, first..mapping.end)
                } else if self.try_again(at) {
                    return true;
                } else if SINGLES.load(Ordering::Relaxed) < SINGLE_PAGES {
                    SINGLES.fetch_add(1, Ordering::Relaxed);
                    self.singles.fetch_add(1, Ordering::Relaxed);
                    (Reason::Io, one.clone())
                } else {
                    (Reason::Io, block.clone())
                }
            }
        };
        // Before the zeros can be seen by anyone: see the module's "Memory order".
        self.mark.set(reason, &EPOCH);
        self.faults.fetch_add(1, Ordering::Relaxed);
        // What is wanted; and if the kernel has no memory or no area left for that, then less, then
        // an exact area of the kernel's, which needs no new one.
        let replaced = [missing, block, mapping.clone(), one]
            .into_iter()
            .any(|range| zero(&(range.start.max(mapping.start)..range.end.min(mapping.end))));
        if replaced {
            self.tries.store(0, Ordering::Relaxed);
        }
        replaced
    }

    /// The file's size now, up to whole pages; `None` if it can't be asked, or has no size.
    fn file_end(&self, page: usize) -> Option<u64> {
        let mut status = MaybeUninit::<libc::stat>::uninit();
        // SAFETY: `status` is large enough and writable; any number will do as a descriptor.
        if unsafe { libc::fstat(self.file?, status.as_mut_ptr()) } != 0 {
            return None;
        }
        // SAFETY: fstat succeeded: it has filled `status`.
        let status = unsafe { status.assume_init_ref() };
        if status.st_mode & libc::S_IFMT != libc::S_IFREG {
            return None;
        }
        let page = page as u64;
        u64::try_from(status.st_size)
            .ok()?
            .checked_next_multiple_of(page)
    }

    /// A fault inside the file may be an I/O error, or the file was short at the fault and has grown
    /// before `fstat` looked. A second touch tells: it finds the new bytes, or faults again.
    ///
    /// With several threads on several bad pages, each may find another's page in `tried`, so the
    /// tries in a row are counted, and end.
    fn try_again(&self, at: usize) -> bool {
        self.tried.swap(at, Ordering::Relaxed) != at
            && self.tries.fetch_add(1, Ordering::Relaxed) < TRIES
    }
}

fn down(address: usize, grain: usize) -> usize {
    address & !(grain - 1)
}

/// Maps private zeros over `range`, readable and writable whatever the mapping was: a lost write must
/// land somewhere.
///
/// EINVAL can only mean that `range` begins or ends inside a huge page (everything else about the
/// arguments is right). Then the area there consists of huge pages, and to go outwards to the next
/// of their bounds does not leave it: smaller sizes than the true one are refused the same way.
fn zero(range: &Range<usize>) -> bool {
    for grain in GRAINS {
        let start = down(range.start, grain);
        let Some(end) = range.end.checked_next_multiple_of(grain) else {
            return false;
        };
        // SAFETY: `range` lies in a registered mapping, which its owner can't unmap before the
        // handler is through (`Snapshots`); the owner has agreed to have its pages replaced.
        let mapped = unsafe {
            libc::mmap(
                ptr::with_exposed_provenance_mut(start),
                end - start,
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_FIXED | libc::MAP_PRIVATE | libc::MAP_ANON | MAP_NORESERVE,
                -1,
                0,
            )
        };
        if mapped != libc::MAP_FAILED {
            return true;
        }
        // Reads errno; the error is a number, nothing is allocated.
        if io::Error::last_os_error().raw_os_error() != Some(libc::EINVAL) {
            return false;
        }
    }
    false
}
