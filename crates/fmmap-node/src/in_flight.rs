//! What a task holds while it waits in the pool's queue: memory, a turn.
//!
//! A runtime that ends a worker may forget its tasks, neither running nor dropping them (Deno). The end of the
//! environment takes from all of them what they hold; one that runs already has taken it before.

use std::cell::RefCell;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use napi::sys;

/// What one task holds until it runs.
pub(crate) struct InFlight<T>(Arc<Mutex<Option<T>>>);

/// A place of any kind, to be emptied.
trait Place {
    fn empty(&self);
}

impl<T> Place for Mutex<Option<T>> {
    fn empty(&self) {
        drop(take(self));
    }
}

/// With the lock free again before the value goes: that may unmap.
fn take<T>(place: &Mutex<Option<T>>) -> Option<T> {
    // A poisoned lock still guards a valid option.
    place.lock().unwrap_or_else(PoisonError::into_inner).take()
}

/// The places of a thread, each with its environment.
struct Places {
    all: Vec<(sys::napi_env, Weak<dyn Place>)>,
    /// The number at which those of tasks that are gone are forgotten.
    full: usize,
}

thread_local! {
    static PLACES: RefCell<Places> = const { RefCell::new(Places { all: Vec::new(), full: 64 }) };
}

impl<T: Send + 'static> InFlight<T> {
    pub(crate) fn new(env: sys::napi_env, value: T) -> Self {
        let place = Arc::new(Mutex::new(Some(value)));
        let known: Arc<dyn Place> = place.clone();
        let known = Arc::downgrade(&known);
        PLACES.with_borrow_mut(|places| {
            if places.all.len() >= places.full {
                places.all.retain(|(_, place)| place.strong_count() > 0);
                places.full = (2 * places.all.len()).max(64);
            }
            places.all.push((env, known));
        });
        Self(place)
    }

    /// What the task needs to run; nothing once its environment has ended.
    pub(crate) fn take(&self) -> Option<T> {
        take(&self.0)
    }
}

/// Takes what the tasks of an environment that ends hold.
pub(crate) fn empty_all(env: sys::napi_env) {
    // An error means that the thread's storage is gone.
    let ended = PLACES.try_with(|places| {
        let mut places = places.borrow_mut();
        let (ended, left) = std::mem::take(&mut places.all)
            .into_iter()
            .partition::<Vec<_>, _>(|(of, _)| *of == env);
        places.all = left;
        ended
    });
    for (_, place) in ended.into_iter().flatten() {
        if let Some(place) = place.upgrade() {
            place.empty();
        }
    }
}
