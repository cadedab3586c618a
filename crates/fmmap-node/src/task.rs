//! Tasks of the threadpool. All have one type, because napi's code for a task is compiled for each type of one.

use napi::bindgen_prelude::*;
use napi::{ValueType, sys};

use crate::doubles::Doubles;
use crate::in_flight::InFlight;

type Work = Box<dyn FnOnce() -> Result<Outcome> + Send>;

/// A task, which is in flight until its work runs on the threadpool.
pub struct InPool(InFlight<Work>);

/// The task that does this work. If the environment ends first, the work and all that it holds are dropped.
pub(crate) fn task(
    env: Env,
    work: impl FnOnce() -> Result<Outcome> + Send + 'static,
) -> AsyncTask<InPool> {
    AsyncTask::new(InPool(InFlight::new(env.raw(), Box::new(work))))
}

impl Task for InPool {
    type Output = Outcome;
    type JsValue = Outcome;

    fn compute(&mut self) -> Result<Outcome> {
        // Nobody waits for the promise of an environment that has ended.
        self.0.take().map_or(Ok(Outcome::Null), |work| work())
    }

    fn resolve(&mut self, _env: Env, outcome: Outcome) -> Result<Outcome> {
        Ok(outcome)
    }
}

/// What the promise of a task has.
pub enum Outcome {
    Null,
    True,
    Number(i32),
    Doubles(Doubles),
}

impl From<Option<Doubles>> for Outcome {
    fn from(doubles: Option<Doubles>) -> Self {
        doubles.map_or(Self::Null, Self::Doubles)
    }
}

impl TypeName for Outcome {
    fn type_name() -> &'static str {
        "Outcome"
    }

    fn value_type() -> ValueType {
        ValueType::Unknown
    }
}

impl ToNapiValue for Outcome {
    unsafe fn to_napi_value(env: sys::napi_env, outcome: Self) -> Result<sys::napi_value> {
        match outcome {
            // SAFETY: passed on to the caller, here and below.
            Self::Null => unsafe { ToNapiValue::to_napi_value(env, Null) },
            // SAFETY: as above.
            Self::True => unsafe { ToNapiValue::to_napi_value(env, true) },
            // SAFETY: as above.
            Self::Number(number) => unsafe { ToNapiValue::to_napi_value(env, number) },
            // SAFETY: as above.
            Self::Doubles(doubles) => unsafe { ToNapiValue::to_napi_value(env, doubles) },
        }
    }
}
