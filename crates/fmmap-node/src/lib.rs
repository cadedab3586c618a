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
