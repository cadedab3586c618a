//! The table of guarded ranges, and what is done about a fault in one of them.

use super::index::{Entry, Index};
use super::mark::Mark;
use super::reason::Reason;
use super::snapshot::Snapshots;
use crate::os::{Descriptor, HUGE_PAGES, MAP_NORESERVE, large};
use std::mem::MaybeUninit;
use std::ops::Range;
use std::sync::atomic::{AtomicI32, AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::{io, ptr};

/// Whether there is anything to guard.
pub(super) fn any() -> bool {
    RANGES.load(Ordering::Acquire) > 0
}

/// The size of the block around a page that is replaced when single pages would need too many areas: a huge page of
/// the common processors, so that the kernel's areas stay aligned with huge pages.
const BLOCK: usize = 2 << 20;

/// How many pages, in all ranges together, are replaced one by one. Each may split one of the kernel's areas into
/// three, and Linux allows a process 65,530 areas: that leaves it more than half of them.
const SINGLE_PAGES: u32 = 10_000;

/// How often in a row a range may answer a fault by trying again (see [`Mapped::try_again`]).
const TRIES: u32 = 1_000;

/// How often in a row a signal may be for one page that is there (see [`Mapped::doubt`]).
const DOUBTS: u32 = 100;

static TABLE: Snapshots<Index<Mapped>> = Snapshots::empty();

/// Held by whoever changes [`TABLE`]. The handler never takes it: it may have interrupted its holder.
static CHANGES: Mutex<()> = Mutex::new(());

/// How many registrations there are.
static RANGES: AtomicUsize = AtomicUsize::new(0);

static EPOCH: AtomicU32 = AtomicU32::new(0);

/// Pages replaced one by one, in all ranges that are still alive.
static SINGLES: AtomicU32 = AtomicU32::new(0);

/// The system's page size, from the first registration on: `sysconf` is not for signal handlers.
static PAGE: AtomicUsize = AtomicUsize::new(4096);

/// No descriptor.
const NO_FILE: Descriptor = -1;

/// One range's file, and the faults that it has had.
#[derive(Debug)]
struct Mapped {
    /// A descriptor, or a number below 0.
    file: AtomicI32,
    file_offset: u64,
    mark: Mark,
    faults: AtomicU32,
    /// Without a file: the end of what was replaced last.
    missing_up_to: AtomicUsize,
    /// This range's share of [`SINGLES`].
    singles: AtomicU32,
    /// The page that was last tried again, and how many tries in a row there were since a page was replaced.
    tried: AtomicUsize,
    tries: AtomicU32,
    /// The same for pages that turned out to be there.
    doubted: AtomicUsize,
    doubts: AtomicU32,
}

#[derive(Debug)]
pub(super) struct Registration {
    mapped: Arc<Mapped>,
    /// Where the range in the table begins, if it is there.
    start: Option<usize>,
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
        file: Option<Descriptor>,
        file_offset: u64,
    ) -> Self {
        // SAFETY: no arguments in memory; it can only return a number.
        let page = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
        if let Ok(page) = usize::try_from(page)
            && page.is_power_of_two()
        {
            PAGE.store(page, Ordering::Relaxed);
        }
        RANGES.fetch_add(1, Ordering::AcqRel);
        let page = PAGE.load(Ordering::Relaxed);
        let start = start.expose_provenance();
        let end = start
            .saturating_add(len)
            .checked_next_multiple_of(page)
            .unwrap_or(usize::MAX);
        let registration = Self {
            mapped: Arc::new(Mapped {
                file: AtomicI32::new(file.unwrap_or(NO_FILE)),
                file_offset,
                mark: Mark::none(),
                faults: AtomicU32::new(0),
                missing_up_to: AtomicUsize::new(0),
                singles: AtomicU32::new(0),
                tried: AtomicUsize::new(0),
                tries: AtomicU32::new(0),
                doubted: AtomicUsize::new(0),
                doubts: AtomicU32::new(0),
            }),
            start: (start < end).then_some(start),
        };
        if start < end {
            change(|index| {
                index.with(Entry {
                    addresses: start..end,
                    mapped: Arc::clone(&registration.mapped),
                })
            });
        }
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

    pub(super) fn forget_file(&self) {
        self.mapped.file.store(NO_FILE, Ordering::Relaxed);
        // A reader that has seen the old number works from an old table, and none does so any more when this returns.
        change(Index::same);
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        if let Some(start) = self.start {
            change(|index| index.without(start));
        }
        RANGES.fetch_sub(1, Ordering::AcqRel);
        // The owner unmaps the range right after this, and the areas of the single pages go with it.
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
    // SAFETY: `CHANGES` is held, so this is the only call; and who reads the table, in `survive` and
    // `lost`, replaces nothing.
    let old = unsafe { TABLE.replace(after) };
    drop(changes);
    drop(old);
}

pub(super) fn epoch() -> &'static AtomicU32 {
    &EPOCH
}

/// Why a page is missing in a range that shares an address with `addresses`.
pub(super) fn lost(addresses: &Range<usize>) -> Option<Reason> {
    TABLE.read(|index| {
        index?
            .over(addresses)
            .find_map(|entry| entry.mapped.mark.get())
    })
}

pub(super) fn page() -> usize {
    PAGE.load(Ordering::Relaxed)
}

/// What indicates that a page is missing.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Evidence {
    /// The signal's code. `poisoned` if the hardware has given up the page, whatever the file says.
    Code { poisoned: bool },
    /// Only an address, which may be that of an earlier fault: the page itself is checked.
    Address,
}

/// For the signal handler: whether `address` lies in a guarded range, and can be touched again. It may turn out that
/// it can't: then the instruction faults once more and this is called again.
///
/// Async-signal-safe: atomics, and the system calls that `on_sigbus` lists. It all happens inside the
/// read of the table, so a range that has been taken out is never mapped over.
pub(super) fn survive(address: usize, evidence: Evidence) -> bool {
    TABLE.read(|index| {
        let Some(entry) = index.and_then(|index| index.find(address)) else {
            return false;
        };
        entry.mapped.survive(&entry.addresses, address, evidence)
    })
}

impl Mapped {
    fn survive(&self, mapping: &Range<usize>, address: usize, evidence: Evidence) -> bool {
        let page = PAGE.load(Ordering::Relaxed);
        let at = down(address, page).max(mapping.start);
        if evidence == Evidence::Address && present(at, page) {
            // A signal that was sent, or a fault of another kind; or the file has grown back meanwhile.
            return self.changed_lately() && self.doubt(at);
        }
        let one = at..at.saturating_add(page);
        let block = down(at, BLOCK)..down(at, BLOCK).saturating_add(BLOCK);
        let (reason, missing) = match self.file_end(page) {
            _ if evidence == (Evidence::Code { poisoned: true }) => (Reason::Io, one.clone()),
            // Without a file its end is not known. The bytes before the page may exist. Those behind it are taken for
            // missing if the next page is missing too.
            None => {
                let goes_on = self.missing_up_to.load(Ordering::Relaxed) == at;
                let missing = if goes_on || !self.single() {
                    at..block.end
                } else {
                    one.clone()
                };
                self.missing_up_to.store(missing.end, Ordering::Relaxed);
                (Reason::Unknown, missing)
            }
            Some(end) => {
                // The first address of the mapping behind the end of the file.
                let reach = usize::try_from(end.saturating_sub(self.file_offset));
                let first = mapping.start.saturating_add(reach.unwrap_or(usize::MAX));
                if at >= first {
                    (Reason::Truncated, first..mapping.end)
                } else if self.try_again(at) {
                    return true;
                } else if self.single() {
                    (Reason::Io, one.clone())
                } else {
                    (Reason::Io, block.clone())
                }
            }
        };
        // The mark comes before the zeros, which other threads may see at once: see the module's "Memory order".
        self.mark.set(reason, &EPOCH);
        self.faults.fetch_add(1, Ordering::Relaxed);
        // First all that is missing. If the kernel has no memory or no area left for that, then other ranges: one
        // that is exactly an area of the kernel's needs no new one.
        let replaced = [missing, block, mapping.clone(), one]
            .into_iter()
            .any(|range| zero(&(range.start.max(mapping.start)..range.end.min(mapping.end))));
        if replaced {
            self.tries.store(0, Ordering::Relaxed);
        }
        replaced
    }

    /// Whether one more page may be replaced alone. If so, it is counted.
    fn single(&self) -> bool {
        if SINGLES.load(Ordering::Relaxed) >= SINGLE_PAGES {
            return false;
        }
        SINGLES.fetch_add(1, Ordering::Relaxed);
        self.singles.fetch_add(1, Ordering::Relaxed);
        true
    }

    /// A signal for a page that is there may come from a fault that others have mended since, by growing the file or
    /// by replacing the page. That happens a few times in a row at most: a signal that repeats more often has another
    /// cause.
    fn doubt(&self, at: usize) -> bool {
        if self.doubted.swap(at, Ordering::Relaxed) != at {
            self.doubts.store(0, Ordering::Relaxed);
        }
        self.doubts.fetch_add(1, Ordering::Relaxed) < DOUBTS
    }

    /// The file's size now, up to whole pages; `None` if it can't be asked, or has no size.
    fn file_end(&self, page: usize) -> Option<u64> {
        let status = self.status()?;
        if status.st_mode & libc::S_IFMT != libc::S_IFREG {
            return None;
        }
        let page = page as u64;
        u64::try_from(status.st_size)
            .ok()?
            .checked_next_multiple_of(page)
    }

    /// Whether the file has changed within the last seconds, which it has if it was just truncated or extended.
    fn changed_lately(&self) -> bool {
        let Some(status) = self.status() else {
            return false;
        };
        let mut now = MaybeUninit::<libc::timespec>::uninit();
        // SAFETY: `now` is writable.
        if unsafe { libc::clock_gettime(libc::CLOCK_REALTIME, now.as_mut_ptr()) } != 0 {
            return false;
        }
        // SAFETY: it succeeded: it has filled `now`.
        let now = unsafe { now.assume_init_ref() };
        now.tv_sec - status.st_ctime <= 2
    }

    fn status(&self) -> Option<large::stat> {
        let file = self.file.load(Ordering::Relaxed);
        let mut status = MaybeUninit::<large::stat>::uninit();
        // SAFETY: `status` is large enough and writable; any number will do as a descriptor.
        if file == NO_FILE || unsafe { large::fstat(file, status.as_mut_ptr()) } != 0 {
            return None;
        }
        // SAFETY: fstat succeeded: it has filled `status`.
        Some(unsafe { status.assume_init() })
    }

    /// A fault inside the file has two possible causes: an I/O error, or a file that was short at the fault and has
    /// grown before `fstat` looked. A second touch tells them apart: it finds the new bytes, or faults again.
    ///
    /// With several threads on several bad pages, each may find another's page in `tried`, so the
    /// tries in a row are counted, and end.
    fn try_again(&self, at: usize) -> bool {
        self.tried.swap(at, Ordering::Relaxed) != at
            && self.tries.fetch_add(1, Ordering::Relaxed) < TRIES
    }
}

/// Whether a page of a mapping can be read: by the kernel, which answers EFAULT where a thread gets a signal.
fn present(at: usize, page: usize) -> bool {
    let mut ends = [-1; 2];
    // SAFETY: room for two descriptors.
    if unsafe { libc::pipe(ends.as_mut_ptr()) } != 0 {
        return resident(at, page);
    }
    // SAFETY: an empty pipe takes a byte; whether it can be read is what is asked.
    let written = unsafe { libc::write(ends[1], ptr::with_exposed_provenance(at), 1) };
    for end in ends {
        // SAFETY: the pipe's, which nobody else knows.
        unsafe { libc::close(end) };
    }
    written == 1
}

/// Whether the page is in memory, for ranges whose descriptor is closed. A page that is not, and would have to be
/// read from the disk, is taken for missing.
fn resident(at: usize, page: usize) -> bool {
    let mut resident = 0;
    let start = ptr::with_exposed_provenance_mut(at);
    // SAFETY: asks about one page, for which there is one byte.
    let asked = unsafe { libc::mincore(start, page, (&raw mut resident).cast()) };
    asked == 0 && resident & 1_u8 != 0
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
    for grain in [1].into_iter().chain(HUGE_PAGES) {
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
