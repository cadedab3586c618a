//! What the natives of one environment share: the registers, the slabs, and its end.
//!
//! Only the environment's own thread uses it, and JavaScript does not run while a native runs. So the cells are never
//! borrowed twice, and nothing changes their contents during a call.

use std::cell::{Cell, UnsafeCell};
use std::ffi::{CStr, c_void};
use std::ptr;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use napi::bindgen_prelude::Result;
use napi::sys;

use crate::error::{Answer, Failure, check};
use crate::external::{array_buffer, forget};
use crate::hold::Ended;
use crate::in_flight::empty_all;
use crate::patterns::forget_all;
use crate::range::fits;
use crate::table::close_all;

/// The most arguments that a native takes.
pub(crate) const ARITY: usize = 8;

/// The slabs of an environment: lib/slab.ts has their sizes.
const SLABS: usize = 4;

/// One environment: a thread that has loaded the addon, from its start to its end.
pub(crate) struct Environment {
    /// The numbers that JavaScript writes for the next native, one in each place.
    registers: UnsafeCell<[f64; ARITY]>,
    env: sys::napi_env,
    /// References to the `ArrayBuffer`s that small copies go to, or null. Each call asks for the address anew,
    /// because JavaScript can transfer the memory away.
    slabs: [Cell<sys::napi_ref>; SLABS],
    ended: Ended,
    /// Whether the runtime is Bun, which ends a worker without waiting for work on the pool that uses its views.
    is_bun: bool,
}

impl Environment {
    /// Makes an environment. It lives until its hook runs, after the last native.
    pub(crate) fn begin(env: sys::napi_env) -> Result<*const Self> {
        let environment = Box::into_raw(Box::new(Self {
            registers: UnsafeCell::new([0.0; ARITY]),
            env,
            slabs: [const { Cell::new(ptr::null_mut()) }; SLABS],
            ended: Ended::default(),
            is_bun: has_global(env, c"Bun"),
        }));
        // SAFETY: the hook frees what was made here, once, when no native runs any more. Its argument is a new
        // one for each call: Node aborts when a hook is added twice.
        napi::check_status!(unsafe {
            sys::napi_add_env_cleanup_hook(env, Some(end), environment.cast())
        })?;
        Ok(environment)
    }

    /// The registers as an `ArrayBuffer`; `None` where external buffers are forbidden, and numbers are passed as
    /// arguments instead.
    pub(crate) fn registers(environment: *const Self) -> Option<sys::napi_value> {
        // SAFETY: `begin` made it, and its hook has not run.
        let this = unsafe { &*environment };
        let size = size_of::<[f64; ARITY]>();
        array_buffer(
            this.env,
            this.registers.get().cast(),
            size,
            Some(forget),
            ptr::null_mut(),
        )
        .ok()
    }

    /// Reads the number that JavaScript has written to a register.
    #[inline]
    pub(crate) fn register(&self, at: usize) -> f64 {
        // SAFETY: only this thread uses the registers, and JavaScript does not run meanwhile.
        let registers = unsafe { &*self.registers.get() };
        registers[at]
    }

    /// Writes a number to a register, for JavaScript to read.
    #[inline]
    pub(crate) fn store(&self, at: usize, number: f64) {
        // SAFETY: as above, and no reference to the registers outlives a call of this module.
        let registers = unsafe { &mut *self.registers.get() };
        registers[at] = number;
    }

    /// The address of `[from, from + len)` of a slab.
    pub(crate) fn slab(&self, number: usize, from: usize, len: usize) -> Answer<*mut u8> {
        let slab = self.slabs.get(number).map(Cell::get);
        let slab = slab.filter(|slab| !slab.is_null());
        let slab = slab.ok_or(Failure::Argument("no such slab yet"))?;
        let (mut buffer, mut start, mut room) = (ptr::null_mut(), ptr::null_mut(), 0);
        // SAFETY: the reference is this environment's, `buffer` is valid for writing.
        check(unsafe { sys::napi_get_reference_value(self.env, slab, &raw mut buffer) })?;
        // SAFETY: `buffer` is of the running callback's scope, both results are valid for writing.
        check(unsafe {
            sys::napi_get_arraybuffer_info(self.env, buffer, &raw mut start, &raw mut room)
        })?;
        // A slab that was transferred away has no room.
        if !fits(from, len, room) {
            return Err(Failure::Argument("the slab is too short"));
        }
        // SAFETY: `from` is inside the slab.
        Ok(unsafe { start.cast::<u8>().add(from) })
    }

    /// Makes an `ArrayBuffer` the slab of this number.
    pub(crate) fn use_slab(&self, number: usize, buffer: sys::napi_value) -> Answer<()> {
        let slab = self.slabs.get(number);
        let slab = slab.ok_or(Failure::Argument("no such slab"))?;
        let (mut is_buffer, mut reference) = (false, ptr::null_mut());
        // SAFETY: the value is of the running callback's scope, `is_buffer` is valid for writing.
        check(unsafe { sys::napi_is_arraybuffer(self.env, buffer, &raw mut is_buffer) })?;
        if !is_buffer {
            return Err(Failure::Argument("no ArrayBuffer"));
        }
        // SAFETY: the value is of the running callback's scope, `reference` is valid for writing.
        check(unsafe { sys::napi_create_reference(self.env, buffer, 1, &raw mut reference) })?;
        let old = slab.replace(reference);
        if !old.is_null() {
            // SAFETY: made by this function, and not used again.
            check(unsafe { sys::napi_delete_reference(self.env, old) })?;
        }
        Ok(())
    }

    /// A flag that is set when the environment has ended.
    pub(crate) fn ended(&self) -> Ended {
        Arc::clone(&self.ended)
    }
}

fn has_global(env: sys::napi_env, name: &CStr) -> bool {
    let (mut global, mut has) = (ptr::null_mut(), false);
    // SAFETY: `env` is the environment of the running callback, `global` valid for writing.
    unsafe { sys::napi_get_global(env, &raw mut global) };
    // SAFETY: the name is NUL-terminated, `has` valid for writing; a null object is refused.
    unsafe { sys::napi_has_named_property(env, global, name.as_ptr(), &raw mut has) };
    has
}

/// Closes everything that the environment has open, so that a worker that exits or is terminated leaves no mapping
/// behind.
unsafe extern "C" fn end(environment: *mut c_void) {
    // SAFETY: made by `Box::into_raw` in `Environment::begin`, and ended once.
    let environment = unsafe { Box::from_raw(environment.cast::<Environment>()) };
    environment
        .ended
        .store(environment.is_bun, Ordering::Release);
    empty_all(environment.env);
    close_all(environment.env);
    forget_all(environment.env);
}
