//! `wait`, `waitAsync` and `notify`.
//!
//! JavaScript gives each wait in the background a number. The thread of the wait calls one function of the environment
//! with the number and the outcome. The end of the environment cancels the waits that are left.

use std::cell::RefCell;
use std::sync::{Arc, LazyLock, Weak};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use fmmap_core::hash::Map;
use fmmap_core::wait::{Cancel, Outcome, Word, spawn};
use napi::bindgen_prelude::*;
use napi::sys;
use napi::threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode};
use napi_derive::napi;

use crate::error::{Answer, Failure};
use crate::in_flight::InFlight;
use crate::raw::{Call, natives};
use crate::table::open;

/// A function of a thread's JavaScript that is told of a wait's end. It does not keep the thread alive.
type Told = ThreadsafeFunction<FnArgs<(f64, f64)>, (), FnArgs<(f64, f64)>, Status, false, true>;

/// No call blocks longer than this, because a blocked worker can't be terminated.
const SLICE: Duration = Duration::from_millis(50);

/// The waits of an environment, by their numbers.
struct Waits {
    env: sys::napi_env,
    told: Arc<Told>,
    all: Map<u64, Weak<Cancel>>,
}

thread_local! {
    static WAITS: RefCell<Vec<Waits>> = const { RefCell::new(Vec::new()) };
}

/// Cancels the wait when it is dropped: by the end of the environment, or by the wait's own thread when the wait is
/// over.
struct Wanted(Weak<Cancel>);

impl Drop for Wanted {
    fn drop(&mut self) {
        if let Some(cancel) = self.0.upgrade() {
            cancel.set();
        }
    }
}

/// Sets the function that is told of the ends of this environment's waits. It is called with the wait's number and
/// with an outcome as `wait` returns it, or an errno below 0.
///
/// # Errors
/// When the environment is ending, and if it is not a function.
#[napi(catch_unwind, strict)]
#[allow(clippy::needless_pass_by_value, reason = "the form that napi takes")]
pub fn on_waited(env: Env, told: Function<'_, FnArgs<(f64, f64)>, ()>) -> Result<()> {
    let told = told
        .build_threadsafe_function()
        .weak::<true>()
        .callee_handled::<false>()
        .build()?;
    let env = env.raw();
    WAITS.with_borrow_mut(|waits| {
        waits.retain(|other| other.env != env);
        waits.push(Waits {
            env,
            told: Arc::new(told),
            all: Map::default(),
        });
    });
    Ok(())
}

/// An outcome as the facade knows it; NaN for a fault.
fn number(outcome: Outcome) -> f64 {
    match outcome {
        Outcome::Notified => 0.0,
        Outcome::Different => 1.0,
        Outcome::TimedOut => 2.0,
        Outcome::Interrupted => 3.0,
        Outcome::Fault => f64::NAN,
    }
}

/// The word that argument 1 names, in the map of argument 0.
fn word(call: &Call) -> Answer<Word> {
    let offset = call.index(1)?;
    open(call.number(0)?, |open| {
        if !open.mapping.protection().readable() {
            return Err(Failure::Argument("not readable"));
        }
        Ok(Word::new(
            open.mapping.segment(),
            offset,
            open.mapping.len(),
        )?)
    })
}

/// Argument `at`, in milliseconds; `None` means for ever.
fn timeout(call: &Call, at: usize) -> Answer<Option<Duration>> {
    let milliseconds = call.number(at)?;
    if milliseconds.is_nan() || milliseconds < 0.0 {
        return Err(Failure::Argument("no time"));
    }
    Ok(Duration::try_from_secs_f64(milliseconds / 1000.0).ok())
}

/// What `clock` counts from.
static START: LazyLock<Instant> = LazyLock::new(Instant::now);

const MILLISECONDS: f64 = 1000.0;

natives! {
    /// `clock()`: milliseconds of a clock that never goes back. The runtime's own may be replaced by a test runner's,
    /// which stands still.
    clock as c"clock"(call) {
        call.double(START.elapsed().as_secs_f64() * MILLISECONDS)
    }

    /// `time()`: milliseconds since 1970, by the clock of the times of files.
    time as c"time"(call) {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        call.double(since.as_secs_f64() * MILLISECONDS)
    }

    /// `wait(handle, offset, expected, milliseconds)`: 0 woken, 1 another value, 2 timed out (or a slice is over), 3
    /// a signal; NaN after a fault.
    wait as c"wait"(call) {
        let (word, expected) = (word(call)?, call.int(2)?.cast_unsigned());
        let timeout = timeout(call, 3)?.unwrap_or(SLICE).min(SLICE);
        call.double(number(word.wait(expected, timeout)?))
    }

    /// `notify(handle, offset, count)`: how many waiters were woken; NaN after a fault.
    notify as c"notify"(call) {
        let (word, count) = (word(call)?, call.int(2)?);
        match word.wake(count)? {
            Some(woken) => call.size(woken),
            None => call.double(f64::NAN),
        }
    }

    /// `waitInBackground(handle, offset, expected, milliseconds, number)`: 0 when the wait has begun, 1 for another
    /// value, NaN after a fault. The function that was given to `onWaited` is told of its end.
    in_background as c"waitInBackground"(call) {
        let (word, expected) = (word(call)?, call.int(2)?.cast_unsigned());
        let deadline = timeout(call, 3)?.and_then(|timeout| Instant::now().checked_add(timeout));
        let id = call.index(4)? as u64;
        match word.load() {
            None => return call.double(f64::NAN),
            Some(value) if value != expected => return call.double(1.0),
            Some(_) => {}
        }
        let cancel = Arc::new(Cancel::default());
        let told = WAITS.with_borrow_mut(|waits| {
            let mine = waits.iter_mut().find(|waits| waits.env == call.env)?;
            mine.all.insert(id, Arc::downgrade(&cancel));
            Some(Arc::clone(&mine.told))
        });
        let told = told.ok_or(Failure::Argument("nobody is to be told"))?;
        let wanted = InFlight::new(call.env, Wanted(Arc::downgrade(&cancel)));
        let begun = spawn(Box::new(move || {
            let answer = word.wait_until(expected, deadline, &cancel);
            // Dropped before the end is reported, since the map may be resized from then on.
            drop(word);
            drop(cancel);
            drop(wanted);
            let outcome = match answer {
                Ok(outcome) => number(outcome),
                Err(fmmap_core::Error::System { errno, .. }) => {
                    -f64::from(fmmap_core::os::libuv_errno(errno)).abs()
                }
                Err(_) => f64::NEG_INFINITY,
            };
            #[expect(clippy::cast_precision_loss, reason = "it came as a double")]
            told.call((id as f64, outcome).into(), ThreadsafeFunctionCallMode::NonBlocking);
        }));
        if let Err(error) = begun {
            forget(call.env, id);
            return Err(Failure::Core(error));
        }
        call.double(0.0)
    }

    /// `cancelWait(number)`: ends a wait whose answer is not needed any more.
    cancel_wait as c"cancelWait"(call) {
        if let Some(cancel) = forget(call.env, call.index(0)? as u64) {
            cancel.set();
        }
        Ok(None)
    }
}

fn forget(env: sys::napi_env, id: u64) -> Option<Arc<Cancel>> {
    WAITS.with_borrow_mut(|waits| {
        let mine = waits.iter_mut().find(|waits| waits.env == env)?;
        mine.all.remove(&id)?.upgrade()
    })
}
