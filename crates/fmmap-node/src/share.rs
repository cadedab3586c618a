//! One memory in several threads (`share`, `from`) and in several processes (`shared`, `unlink`).

use fmmap_core::os::Create;
use fmmap_core::{Mapping, process, unlink};

use crate::error::{Answer, Failure, check, set, string};
use crate::raw::{Call, natives};
use crate::table::{insert, open};

/// Argument `at`, a name in UTF-8.
fn name(call: &Call, at: usize) -> Answer<String> {
    // SAFETY: the slice is copied before anything else runs.
    let name = unsafe { call.bytes(at) }?.to_vec();
    String::from_utf8(name).map_err(|_| Failure::Argument("not UTF-8"))
}

natives! {
    /// `shared(name, length, create, mode)`: a handle. `create` is 0 for never, 1 for a name that is missing, 2 for
    /// exclusive.
    shared as c"shared"(call) {
        let create = match call.int(2)? {
            0 => Create::Never,
            1 => Create::Missing,
            2 => Create::Exclusive,
            _ => return Err(Failure::Argument("no such way to create")),
        };
        let mode = u32::try_from(call.int(3)?).map_err(|_| Failure::Argument("no mode"))?;
        let mapping = Mapping::named(&name(call, 0)?, call.index(1)? as u64, create, mode)?;
        call.double(insert(call.env, mapping)?)
    }

    /// `unlink(name)`.
    unlink_name as c"unlink"(call) {
        unlink(&name(call, 0)?)?;
        Ok(None)
    }

    /// `share(handle, path)`: the number of the map's memory. `path` is passed on to those that have only the number;
    /// empty means none.
    share as c"share"(call) {
        // SAFETY: the slice is copied before anything else runs.
        let path = String::from_utf8_lossy(unsafe { call.bytes(1) }?).into_owned();
        let path = (!path.is_empty()).then_some(path.as_str());
        let number = open(call.number(0)?, |open| Ok(open.mapping.share(path)))?;
        #[expect(clippy::cast_precision_loss, reason = "counted from 1")]
        call.double(number as f64)
    }

    /// `processNumber()`: the number of this process and of this copy of the addon.
    process_number as c"processNumber"(call) {
        #[expect(clippy::cast_precision_loss, reason = "below 2^53")]
        call.double(process() as f64)
    }

    /// `from(memory, process)`: makes a map of shared memory: `{ handle, offset, tracked, path }`.
    from as c"from"(call) {
        let (number, process) = (call.index(0)? as u64, call.index(1)? as u64);
        let (mapping, origin) = Mapping::from_shared(number, process).map_err(Failure::Core)?;
        let mut object = std::ptr::null_mut();
        // SAFETY: `object` is valid for writing.
        check(unsafe { napi::sys::napi_create_object(call.env, &raw mut object) })?;
        #[expect(clippy::cast_precision_loss, reason = "as it came, below 2^53")]
        if let Some(offset) = call.double(origin.offset as f64)? {
            set(call.env, object, c"offset", offset);
        }
        if let Some(tracked) = call.truth(origin.tracked)? {
            set(call.env, object, c"tracked", tracked);
        }
        if let Some(path) = origin.path {
            set(call.env, object, c"path", string(call.env, &path));
        }
        // This comes last: whatever fails before it drops the mapping.
        if let Some(handle) = call.double(insert(call.env, mapping)?)? {
            set(call.env, object, c"handle", handle);
        }
        Ok(Some(object))
    }
}
