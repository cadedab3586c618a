//! The constants table, as JavaScript sees it.

use std::ffi::CString;
use std::ptr;

use fmmap_core::constants::TABLE;
use napi::{Result, sys};

use crate::error::set;

/// An object with the constants that this platform has.
pub(crate) fn all(env: sys::napi_env) -> Result<sys::napi_value> {
    let mut object = ptr::null_mut();
    // SAFETY: `env` is the environment of the running callback, `object` valid for writing.
    napi::check_status!(unsafe { sys::napi_create_object(env, &raw mut object) })?;
    for constant in TABLE.iter() {
        let Some(value) = constant.value else {
            continue;
        };
        let mut number = ptr::null_mut();
        #[expect(clippy::cast_precision_loss, reason = "flags and page sizes")]
        let value = value as f64;
        // SAFETY: as above, `number` is valid for writing.
        napi::check_status!(unsafe { sys::napi_create_double(env, value, &raw mut number) })?;
        let name = CString::new(constant.name).unwrap_or_default();
        set(env, object, &name, number);
    }
    Ok(object)
}
