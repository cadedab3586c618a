//! How many chunks of searches may be on the threadpool at once, and whose turn is next.
//!
//! The pool is the process's, and fs, dns and zlib wait for it too: chunks take at most half of its threads, over
//! all workers. A thread that finds no turn free, and has no chunk under way whose end would bring it back, stands
//! in one line with the other threads. The turn that comes free is the first one's: it is granted, not offered, so
//! that no other thread can be faster, and the thread is woken.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use napi::bindgen_prelude::*;
use napi::threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode};
use napi_derive::napi;

/// Calls into a thread's JavaScript, and does not keep it alive.
type Wake = ThreadsafeFunction<(), (), (), Status, false, true>;

/// A thread that has waited at least once.
struct Waiter {
    wake: Wake,
    /// Turns that it was granted and has not taken. Changed with the line locked.
    granted: AtomicUsize,
}

struct Line {
    /// Turns in use, and those granted.
    taken: usize,
    waiting: VecDeque<Arc<Waiter>>,
}

static LINE: Mutex<Line> = Mutex::new(Line {
    taken: 0,
    waiting: VecDeque::new(),
});

fn line() -> MutexGuard<'static, Line> {
    // Nothing panics with the line locked; were it to, the counts would still be right.
    LINE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The thread's place; when the thread ends, what it was granted goes to others.
struct Place(Arc<Waiter>);

impl Drop for Place {
    fn drop(&mut self) {
        line()
            .waiting
            .retain(|waiter| !Arc::ptr_eq(waiter, &self.0));
        self.give_back();
    }
}

impl Place {
    /// Gives back what the thread was granted and does not need.
    fn give_back(&self) {
        let unused = {
            let _line = line();
            self.0.granted.swap(0, Ordering::Relaxed)
        };
        for _ in 0..unused {
            pass_on();
        }
    }
}

thread_local! {
    static PLACE: RefCell<Option<Place>> = const { RefCell::new(None) };
}

/// Half of the pool, whose size libuv takes from the environment: 4 unless told otherwise.
fn limit() -> usize {
    static LIMIT: OnceLock<usize> = OnceLock::new();
    *LIMIT.get_or_init(|| {
        let size = std::env::var("UV_THREADPOOL_SIZE")
            .ok()
            .and_then(|size| size.parse().ok());
        (size.unwrap_or(4_usize).clamp(1, 1024) / 2).max(1)
    })
}

/// Hands a turn that is no longer used to the first thread in the line, or frees it.
fn pass_on() {
    loop {
        let next = {
            let mut line = line();
            let Some(next) = line.waiting.pop_front() else {
                line.taken -= 1;
                return;
            };
            next.granted.fetch_add(1, Ordering::Relaxed);
            next
        };
        let status = next.wake.call((), ThreadsafeFunctionCallMode::NonBlocking);
        if status == Status::Ok {
            return;
        }
        // That thread is ending. Its place may have given the turn back already.
        let _line = line();
        let granted = next.granted.load(Ordering::Relaxed);
        if granted == 0 {
            return;
        }
        next.granted.store(granted - 1, Ordering::Relaxed);
    }
}

/// A turn; dropping it passes it on.
pub(crate) struct Turn(());

impl Turn {
    /// Takes a turn that this thread was granted, or one that is free and waited for by nobody.
    pub(crate) fn take() -> Option<Self> {
        let mut line = line();
        let granted = PLACE.with_borrow(|place| {
            place.as_ref().is_some_and(|place| {
                let granted = place.0.granted.load(Ordering::Relaxed);
                place
                    .0
                    .granted
                    .store(granted.saturating_sub(1), Ordering::Relaxed);
                granted > 0
            })
        });
        if granted {
            return Some(Self(()));
        }
        if line.taken >= limit() || !line.waiting.is_empty() {
            return None;
        }
        line.taken += 1;
        Some(Self(()))
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        pass_on();
    }
}

/// Stands in the line for a turn. `wake` is called when it has come, and must then call `give_turns_back`; that of
/// the thread's first call counts.
///
/// # Errors
/// When the thread is ending, and for what is no function: Bun would take anything, and fail when it is called.
#[napi(catch_unwind, strict)]
pub fn wait_for_turn(wake: Function<'_, (), ()>) -> Result<()> {
    let waiter = PLACE.with_borrow_mut(|place| {
        if let Some(place) = place {
            return Ok(Arc::clone(&place.0));
        }
        let wake = wake
            .build_threadsafe_function()
            .weak::<true>()
            .callee_handled::<false>()
            .build()?;
        let waiter = Arc::new(Waiter {
            wake,
            granted: AtomicUsize::new(0),
        });
        *place = Some(Place(Arc::clone(&waiter)));
        Ok::<_, Error>(waiter)
    })?;
    let mut line = line();
    if line.waiting.iter().any(|other| Arc::ptr_eq(other, &waiter)) {
        return Ok(());
    }
    line.waiting.push_back(waiter);
    // One may have come free since the thread looked.
    if line.taken < limit() {
        line.taken += 1;
        drop(line);
        pass_on();
    }
    Ok(())
}

/// Gives back the turns that the thread was granted and has not taken.
#[napi(catch_unwind)]
pub fn give_turns_back() {
    PLACE.with_borrow(|place| {
        if let Some(place) = place {
            place.give_back();
        }
    });
}
