//! `msync` on the threadpool.

use std::sync::Arc;

use fmmap_core::Segment;
use napi::bindgen_prelude::*;
use napi_derive::napi;

use crate::error::Failure;
use crate::numbers::index;
use crate::table;
use crate::task::{InPool, Outcome, task};

/// The answer of `flush_async`.
fn flush(segment: &Segment, offset: usize, len: usize, flags: i32) -> Result<i32> {
    let errno = match segment.sync(offset, len, flags) {
        Ok(()) => 0,
        Err(fmmap_core::Error::System { errno, .. }) => -fmmap_core::os::libuv_errno(errno),
        Err(error) => return Err(Error::new(Status::GenericFailure, error.to_string())),
    };
    Ok(if errno == 0 && segment.fault().is_some() {
        1
    } else {
        errno
    })
}

/// Flushes a range of the map. The promise has 0, 1 after a fault, or a negative errno.
///
/// # Errors
/// For a range that is not inside the map.
#[napi(catch_unwind, ts_return_type = "Promise<number>")]
pub fn flush_async(
    env: Env,
    handle: f64,
    offset: f64,
    size: f64,
    flags: i32,
) -> Result<AsyncTask<InPool>> {
    let outside = || Error::new(Status::InvalidArg, "the range is not inside the map");
    let (Some(offset), Some(len)) = (index(offset), index(size)) else {
        return Err(outside());
    };
    let segment = table::open(handle, |open| {
        if offset
            .checked_add(len)
            .is_none_or(|end| end > open.mapping.len())
        {
            return Err(Failure::Core(fmmap_core::Error::OutOfBounds));
        }
        Ok(Arc::clone(open.mapping.segment()))
    });
    let segment = segment.map_err(|_| outside())?;
    // The memory stays mapped until the flush has run.
    let work = move || flush(&segment, offset, len, flags).map(Outcome::Number);
    Ok(task(env, work))
}
