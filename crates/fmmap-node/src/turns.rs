//! How many chunks of background work may be on the threadpool at once, and whose turn is next.
//!
//! The whole process has one pool, which fs, dns and zlib use too. So chunks take at most half of its threads,
//! counted over all workers. A JavaScript thread that finds no turn free, and has no chunk in flight whose end would
//! make it ask again, waits in a line with the other threads. When a turn becomes free, it is granted to the first
//! thread of the line, which is woken; no other thread can take it first. [`fmmap_core::turns`] has the rules.
//!
//! Each copy of the addon in a process counts for itself.

use std::cell::RefCell;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Instant;

use fmmap_core::turns::{Line, half_of_pool};
use napi::bindgen_prelude::*;
use napi::threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode};
use napi_derive::napi;

/// A function that wakes a thread's JavaScript. It does not keep the thread alive.
type Wake = ThreadsafeFunction<(), (), (), Status, false, true>;

static LINE: Mutex<Line<Wake>> = Mutex::new(Line::new());

fn line() -> MutexGuard<'static, Line<Wake>> {
    // Nothing panics while the line is locked. If something did, the counts would still be right.
    LINE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The place of a thread in the line. When the thread ends, the turns that were granted to it go to others.
struct Waiter(Arc<Wake>);

impl Drop for Waiter {
    fn drop(&mut self) {
        let unused = line().forget(&self.0);
        give_back(unused);
    }
}

thread_local! {
    static WAITER: RefCell<Option<Waiter>> = const { RefCell::new(None) };
}

/// Half of the pool. libuv takes the pool's size from the environment, and 4 if it is not set.
fn limit() -> usize {
    static LIMIT: OnceLock<usize> = OnceLock::new();
    *LIMIT.get_or_init(|| {
        let size = std::env::var_os("UV_THREADPOOL_SIZE");
        size.map_or(2, |size| half_of_pool(&size.to_string_lossy()))
    })
}

/// Hands a turn that is no longer used to the first thread in the line, or frees it.
fn pass_on() {
    let next = line().pass_on(limit(), Instant::now());
    if let Some(next) = next {
        wake(&next);
    }
}

/// Wakes the thread that was granted a turn. If that thread is ending, wakes the next one.
fn wake(first: &Arc<Wake>) {
    let mut next = Arc::clone(first);
    while next.call((), ThreadsafeFunctionCallMode::NonBlocking) != Status::Ok {
        let other = {
            let mut line = line();
            // The ending thread may have given the turn back already, or another thread may have taken it.
            if line.withdraw(&next) == 0 {
                return;
            }
            line.pass_on(limit(), Instant::now())
        };
        match other {
            Some(other) => next = other,
            None => return,
        }
    }
}

/// Passes on this many turns.
fn give_back(unused: usize) {
    for _ in 0..unused {
        pass_on();
    }
}

/// A turn; dropping it passes it on.
pub(crate) struct Turn(());

impl Turn {
    /// Takes a turn: one that this thread was granted or is owed; one that is free and for which nobody waits; or one
    /// that another thread has not collected in time.
    pub(crate) fn take() -> Option<Self> {
        let mine = WAITER.with_borrow(|place| {
            let asking = place.as_ref().map(|place| &place.0);
            line().take(asking, limit(), Instant::now())
        });
        // `then_some` would make a `Turn` in any case, and its drop would pass on a turn that was never taken.
        mine.then(|| Self(()))
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        pass_on();
    }
}

/// Waits in the line for a turn. `wake` is called when the turn has come, and must then call `give_turns_back`; only
/// the `wake` of the thread's first call counts. A thread that waits must ask again from time to time, because a turn
/// that was granted to another thread and not collected is announced to nobody.
///
/// # Errors
/// When the thread is ending, and if `wake` is not a function: Bun would accept anything, and fail when it is called.
#[napi(catch_unwind, strict)]
pub fn wait_for_turn(wake: Function<'_, (), ()>) -> Result<()> {
    let waiter = WAITER.with_borrow_mut(|place| {
        if let Some(place) = place {
            return Ok(Arc::clone(&place.0));
        }
        let wake = wake
            .build_threadsafe_function()
            .weak::<true>()
            .callee_handled::<false>()
            .build()?;
        let waiter = Arc::new(wake);
        *place = Some(Waiter(Arc::clone(&waiter)));
        Ok::<_, Error>(waiter)
    })?;
    let next = line().wait(&waiter, limit(), Instant::now());
    if let Some(next) = next {
        self::wake(&next);
    }
    Ok(())
}

/// Gives back the turns that the thread was granted and has not taken.
#[napi(catch_unwind)]
pub fn give_turns_back() {
    WAITER.with_borrow(|place| {
        if let Some(place) = place {
            let unused = line().withdraw(&place.0);
            give_back(unused);
        }
    });
}

/// The number of turns: more chunks than that are of no use at once.
#[napi(catch_unwind)]
#[allow(clippy::cast_possible_truncation, reason = "at most half of 1024")]
#[must_use]
pub fn turns() -> u32 {
    limit() as u32
}
