//! The constants table, as JavaScript sees it.

use fmmap_core::constants::TABLE;

use crate::error::set;
use crate::raw::natives;

natives! {
    /// `constants()`: an object of those that this platform has.
    all as c"constants"(call) {
        let mut object = std::ptr::null_mut();
        // SAFETY: `object` is valid for writing.
        crate::error::check(unsafe { napi::sys::napi_create_object(call.env, &raw mut object) })?;
        for constant in TABLE.iter() {
            if let Some(value) = constant.value {
                #[allow(clippy::cast_precision_loss)] // flags and page sizes
                let Some(value) = call.double(value as f64)? else { continue };
                let name = std::ffi::CString::new(constant.name).unwrap_or_default();
                set(call.env, object, &name, value);
            }
        }
        Ok(Some(object))
    }
}
