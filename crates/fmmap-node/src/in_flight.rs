//! What a task holds while it waits in the pool's queue: memory and a turn.
//!
//! When Deno ends a worker, it neither runs nor drops the tasks of the worker. So the values that tasks hold are kept
//! in cells, and the end of the environment empties the cells of all tasks that have not started. A task that runs
//! has taken its value out before.

use std::cell::RefCell;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use napi::sys;

/// What one task holds until it runs.
pub(crate) struct InFlight<T>(Arc<Mutex<Option<T>>>);

/// A cell that holds a value for a task. The trait hides the type of the value.
trait Cell {
    fn empty(&self);
}

impl<T> Cell for Mutex<Option<T>> {
    fn empty(&self) {
        drop(take(self));
    }
}

/// Takes the value. The lock is released before the caller drops the value, since the drop may unmap memory.
fn take<T>(cell: &Mutex<Option<T>>) -> Option<T> {
    // A poisoned lock still guards a valid option.
    cell.lock().unwrap_or_else(PoisonError::into_inner).take()
}

/// The cells of a thread, each with its environment.
struct Cells {
    all: Vec<(sys::napi_env, Weak<dyn Cell>)>,
    /// The number of cells at which those of dropped tasks are removed from the list.
    full: usize,
}

thread_local! {
    static IN_FLIGHT: RefCell<Cells> = const { RefCell::new(Cells { all: Vec::new(), full: 64 }) };
}

impl<T: Send + 'static> InFlight<T> {
    pub(crate) fn new(env: sys::napi_env, value: T) -> Self {
        let cell = Arc::new(Mutex::new(Some(value)));
        let known: Arc<dyn Cell> = cell.clone();
        let known = Arc::downgrade(&known);
        IN_FLIGHT.with_borrow_mut(|cells| {
            if cells.all.len() >= cells.full {
                cells.all.retain(|(_, cell)| cell.strong_count() > 0);
                cells.full = (2 * cells.all.len()).max(64);
            }
            cells.all.push((env, known));
        });
        Self(cell)
    }

    /// Takes the value that the task needs to run; `None` once its environment has ended.
    pub(crate) fn take(&self) -> Option<T> {
        take(&self.0)
    }
}

/// Drops the values that the waiting tasks of an ending environment hold.
pub(crate) fn empty_all(env: sys::napi_env) {
    // An error means that the thread's storage is gone.
    let ended = IN_FLIGHT.try_with(|cells| {
        let mut cells = cells.borrow_mut();
        let (ended, left) = std::mem::take(&mut cells.all)
            .into_iter()
            .partition::<Vec<_>, _>(|(of, _)| *of == env);
        cells.all = left;
        ended
    });
    for (_, cell) in ended.into_iter().flatten() {
        if let Some(cell) = cell.upgrade() {
            cell.empty();
        }
    }
}
