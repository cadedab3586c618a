//! The memory of views: how long it stays mapped.
//!
//! Each `ArrayBuffer` that is handed out has a [`Hold`], which its finalizer drops. A map keeps a list of the holds
//! of its views, so that a view can be detached. If a runtime ends an environment without waiting for work that uses
//! its views, their memory stays mapped for a while.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use fmmap_core::Export;
use fmmap_core::hash::Map;

/// Set when an environment of Bun has ended: Bun does not wait for work that uses its views.
pub(crate) type Ended = Arc<AtomicBool>;

/// Keeps the memory of a view mapped. The finalizer of the view's `ArrayBuffer` drops it, on any thread; a detach
/// empties it before.
pub(crate) struct Hold {
    export: Mutex<Option<Export>>,
    ended: Ended,
}

impl Hold {
    pub(crate) fn new(export: Export, ended: Ended) -> Arc<Self> {
        Arc::new(Self {
            export: Mutex::new(Some(export)),
            ended,
        })
    }

    /// Drops the memory.
    pub(crate) fn release(&self) {
        // A poisoned lock still guards a valid option.
        drop(
            self.export
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .take(),
        );
    }

    /// Whether it still keeps memory mapped.
    fn holds(&self) -> bool {
        self.export
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .is_some()
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        let export = self
            .export
            .get_mut()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(export) = export.take()
            && self.ended.load(Ordering::Acquire)
        {
            linger(export);
        }
    }
}

/// The memory of views that outlived their environment, and until when it stays mapped.
static LINGERING: Mutex<Lingering> = Mutex::new(Lingering {
    held: Vec::new(),
    watched: false,
});

struct Lingering {
    held: Vec<(Instant, Export)>,
    /// Whether a thread runs that drops the memory when its time is over.
    watched: bool,
}

/// Keeps the memory of a view for a while. When Bun ends a worker, it collects all views without waiting for work on
/// the pool that uses them, such as zlib. If their memory were unmapped, the process would crash. The time is twice
/// that of the slowest such work, brotli at its highest level.
fn linger(export: Export) {
    let mebibytes = (export.len() >> 20) as u64;
    let until = Instant::now() + Duration::from_secs(10 + 4 * mebibytes);
    let mut lingering = LINGERING.lock().unwrap_or_else(PoisonError::into_inner);
    lingering.held.push((until, export));
    if !lingering.watched {
        let watch = std::thread::Builder::new()
            .name("fmmap-linger".into())
            .stack_size(64 << 10);
        // If no thread could be started, the next view tries again.
        lingering.watched = watch.spawn(let_go_in_time).is_ok();
    }
}

/// Drops memory whose time is over, until none is left.
fn let_go_in_time() {
    loop {
        let mut lingering = LINGERING.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        let (left, over) = std::mem::take(&mut lingering.held)
            .into_iter()
            .partition(|(until, _)| *until > now);
        lingering.held = left;
        let next = lingering.held.iter().map(|(until, _)| *until).min();
        lingering.watched = next.is_some();
        drop(lingering);
        // Dropped after the lock is released, because dropping unmaps.
        drop::<Vec<_>>(over);
        match next {
            Some(next) => std::thread::sleep(next.saturating_duration_since(now)),
            None => return,
        }
    }
}

/// The views of a map, by where they start and how many bytes they have.
#[derive(Default)]
pub(crate) struct Holds {
    all: Map<(usize, usize), Vec<Weak<Hold>>>,
    /// The number of holds at which those of collected views are removed: twice as many as were left the last time,
    /// so that the cost of a view does not depend on how many there are.
    full: usize,
}

impl Holds {
    pub(crate) fn add(&mut self, (start, len): (*mut u8, usize), hold: &Arc<Hold>) {
        if self.all.len() >= self.full {
            self.all.retain(|_, holds| {
                holds.retain(|hold| hold.strong_count() > 0);
                !holds.is_empty()
            });
            self.full = (2 * self.all.len()).max(64);
        }
        let holds = self.all.entry((start.addr(), len)).or_default();
        holds.retain(|hold| hold.strong_count() > 0);
        holds.push(Arc::downgrade(hold));
    }

    /// Which view the bytes belong to.
    pub(crate) fn of(&self, (start, len): (*mut u8, usize)) -> Owner {
        let Some(holds) = self.all.get(&(start.addr(), len)) else {
            return Owner::Nobody;
        };
        let mut live = live(holds);
        match (live.next(), live.next()) {
            (None, _) => Owner::Nobody,
            (Some(one), None) => Owner::One(one),
            (Some(_), Some(_)) => Owner::Several,
        }
    }
}

/// Which view the bytes of a buffer belong to.
pub(crate) enum Owner {
    /// No view has them.
    Nobody,
    One(Arc<Hold>),
    /// More than one view has them. This happens when a view was transferred and another of the same range was made,
    /// and then it can't be told which hold belongs to which.
    Several,
}

/// The holds that were neither dropped nor emptied.
fn live(holds: &[Weak<Hold>]) -> impl Iterator<Item = Arc<Hold>> {
    let all = holds.iter().filter_map(Weak::upgrade);
    all.filter(|hold| hold.holds())
}
