//! Node-API bindings of `fmmap-core`: no logic, one file a task.
//!
//! The synchronous natives are raw Node-API callbacks (see [`raw`]), because calls of napi-derive's functions and of
//! methods of its classes take several times as long. They take numbers and `Uint8Array`s only: the facade checks and
//! converts everything before the call, and a native that gets anything else throws.

mod constants;
mod copy;
mod doubles;
mod environment;
mod error;
mod external;
pub mod flush_task;
mod hold;
mod in_flight;
mod job;
mod mapping;
mod numbers;
mod pattern;
mod pattern_answer;
mod pattern_task;
mod patterns;
mod range;
mod raw;
mod read_task;
mod search;
mod search_task;
mod share;
mod table;
mod task;
pub mod turns;
mod views;
pub mod wait;

use std::ptr;

use napi::bindgen_prelude::*;
use napi_derive::napi;

/// The version of the package that this addon belongs to: its JavaScript refuses another one.
#[napi]
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// An object with every synchronous native, made once for each environment.
///
/// # Errors
/// Node-API's, as when the runtime is out of memory.
#[napi(catch_unwind)]
pub fn natives(env: Env) -> Result<Object<'static>> {
    let mut natives = raw::Natives::new(env.raw())?;
    mapping::register(&mut natives)?;
    copy::register(&mut natives)?;
    search::register(&mut natives)?;
    pattern::register(&mut natives)?;
    views::register(&mut natives)?;
    share::register(&mut natives)?;
    wait::register(&mut natives)?;
    Ok(natives.into_object())
}

/// What the package needs when it is loaded, which most of the natives are not: `constants`, those that this platform
/// has, and `epoch`, four bytes that change whenever a page of any map in the process was missing. They are never
/// freed, and the property is missing where external buffers are forbidden.
///
/// # Errors
/// Node-API's, as when the runtime is out of memory.
#[napi(catch_unwind)]
pub fn start(env: Env) -> Result<Object<'static>> {
    let mut start = ptr::null_mut();
    // SAFETY: `env` is the environment of the running callback, `start` valid for writing.
    napi::check_status!(unsafe { sys::napi_create_object(env.raw(), &raw mut start) })?;
    error::set(env.raw(), start, c"constants", constants::all(env.raw())?);
    if let Some(epoch) = views::epoch(env.raw()) {
        error::set(env.raw(), start, c"epoch", epoch);
    }
    Ok(Object::from_raw(env.raw(), start))
}

/// The Node-API version that the addon is written for: the first with `napi_detach_arraybuffer`. A newer runtime
/// behaves as this version says.
// SAFETY: the name is Node-API's own for this, and no other symbol of the addon has it.
#[unsafe(no_mangle)]
pub extern "C" fn node_api_module_get_api_version_v1() -> i32 {
    7
}
