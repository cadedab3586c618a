//! Node-API bindings of `fmmap-core`: no logic, one file a task.
//!
//! The synchronous natives are raw Node-API callbacks (see [`raw`]): a napi-derive function costs three
//! times as much, a napi class ten times. They take numbers and `Uint8Array`s only; the facade has checked
//! and converted everything before, and a native that is called with anything else throws.

mod constants;
mod copy;
mod error;
mod external;
pub mod flush_task;
mod in_flight;
mod mapping;
mod raw;
mod search;
mod search_task;
mod table;
pub mod turns;
mod views;

use napi::bindgen_prelude::*;
use napi_derive::napi;

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
    views::register(&mut natives)?;
    constants::register(&mut natives)?;
    Ok(natives.into_object())
}

/// The Node-API version that the addon is written for: the first with `napi_detach_arraybuffer`. A runtime that
/// knows newer ones keeps to the behaviour of this one.
// SAFETY: the name is Node-API's own for this, and no other symbol of the addon has it.
#[unsafe(no_mangle)]
pub extern "C" fn node_api_module_get_api_version_v1() -> i32 {
    7
}
