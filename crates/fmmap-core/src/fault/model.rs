//! The table and its memory order under loom, which tries every order in which the threads' steps
//! can take effect, and every value that a weakly ordered load may give: `scripts/loom.sh`.
//!
//! A signal handler is a thread here: it interrupts at any step and shares only atomics. What the
//! kernel does to memory is a cell of loom's, which reports any access that is not ordered after the
//! one before it: a mapping that is unmapped while a handler still replaces pages in it.

use super::mark::Mark;
use super::reason::Reason;
use super::snapshot::Snapshots;
use loom::cell::UnsafeCell;
use loom::sync::atomic::{AtomicU32, Ordering, fence};
use loom::sync::{Arc, Mutex};
use loom::thread;

/// A range of addresses: who may replace its pages now.
struct Pages(UnsafeCell<u32>);

// The point of the model: loom itself checks that accesses don't overlap.
// SAFETY: loom's cell panics on an access that races with another.
unsafe impl Sync for Pages {}
// SAFETY: as above.
unsafe impl Send for Pages {}

impl Pages {
    fn new() -> Arc<Self> {
        Arc::new(Self(UnsafeCell::new(0)))
    }

    /// The handler: `mmap` with `MAP_FIXED`.
    fn replace(&self) {
        // SAFETY: loom panics if the pointer is used while another is.
        self.0.with_mut(|pages| unsafe { *pages += 1 });
    }

    /// The owner: `munmap`, after which the addresses are anybody's.
    fn unmap(&self) {
        // SAFETY: as above.
        self.0.with_mut(|pages| unsafe { *pages = 0 });
    }
}

type Table = Snapshots<Option<Arc<Pages>>>;

fn put(table: &Table, changes: &Mutex<()>, pages: Option<Arc<Pages>>) {
    let held = changes.lock().unwrap();
    // SAFETY: `changes` is held, and no reader replaces.
    drop(unsafe { table.replace(Box::new(pages)) });
    drop(held);
}

fn handler(table: &Table) {
    table.read(|current| {
        if let Some(Some(pages)) = current {
            pages.replace();
        }
    });
}

/// A range that was taken out of the table is never mapped over, not even by a handler that looked it up before.
#[test]
fn no_handler_touches_a_range_that_was_taken_out() {
    loom::model(|| {
        let shared = Arc::new((Table::empty(), Mutex::new(())));
        let pages = Pages::new();
        put(&shared.0, &shared.1, Some(Arc::clone(&pages)));
        let fault = thread::spawn({
            let shared = Arc::clone(&shared);
            move || handler(&shared.0)
        });
        put(&shared.0, &shared.1, None);
        pages.unmap();
        fault.join().unwrap();
    });
}

/// The same while another thread adds a range: the two counters are used in turn, and a reader may arrive at either.
#[test]
fn two_changes_wait_for_the_same_handler() {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(3);
    model.check(|| {
        let shared = Arc::new((Table::empty(), Mutex::new(())));
        let first = Pages::new();
        put(&shared.0, &shared.1, Some(Arc::clone(&first)));
        let fault = thread::spawn({
            let shared = Arc::clone(&shared);
            move || handler(&shared.0)
        });
        let second = Pages::new();
        put(&shared.0, &shared.1, Some(Arc::clone(&second)));
        first.unmap();
        put(&shared.0, &shared.1, None);
        second.unmap();
        fault.join().unwrap();
    });
}

/// Two threads that change the table, and a handler.
#[test]
fn changes_on_two_threads_wait_for_a_handler() {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(2);
    model.check(|| {
        let shared = Arc::new((Table::empty(), Mutex::new(())));
        let first = Pages::new();
        put(&shared.0, &shared.1, Some(Arc::clone(&first)));
        let fault = thread::spawn({
            let shared = Arc::clone(&shared);
            move || handler(&shared.0)
        });
        let other = thread::spawn({
            let shared = Arc::clone(&shared);
            move || {
                let second = Pages::new();
                put(&shared.0, &shared.1, Some(Arc::clone(&second)));
                put(&shared.0, &shared.1, None);
                second.unmap();
            }
        });
        put(&shared.0, &shared.1, None);
        first.unmap();
        fault.join().unwrap();
        other.join().unwrap();
    });
}

/// A thread that reads one of our zeros and then loads the epoch sees that it has moved, and then finds the mark.
///
/// `page` stands for what the kernel maps: its store is a release (the lock over the address space)
/// and the reader's own first touch acquires it.
#[test]
fn a_zero_is_announced_before_it_can_be_read() {
    loom::model(|| {
        const FILE: u32 = 7;
        const ZERO: u32 = 0;
        let shared = Arc::new((AtomicU32::new(FILE), Mark::none(), AtomicU32::new(0)));
        let fault = thread::spawn({
            let shared = Arc::clone(&shared);
            move || {
                let (page, mark, epoch) = &*shared;
                mark.set(Reason::Io, epoch);
                page.store(ZERO, Ordering::Release);
            }
        });
        let (page, mark, epoch) = &*shared;
        if page.load(Ordering::Relaxed) == ZERO {
            fence(Ordering::Acquire);
            assert_eq!(epoch.load(Ordering::Relaxed), 1);
        }
        if epoch.load(Ordering::Relaxed) == 1 {
            assert_eq!(mark.get(), Some(Reason::Io));
        }
        fault.join().unwrap();
    });
}
