//! Raw Node-API callbacks: one trampoline, one reader of arguments.
//!
//! A native is a function from [`Call`] to an [`Answer`]. The trampoline fetches the arguments, catches a
//! panic before it can unwind into the runtime, and throws what failed. Nothing here trusts an argument:
//! every number is checked to be an index, every array to be a `Uint8Array`.

use std::ffi::{CStr, c_void};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use napi::bindgen_prelude::{Object, Result};
use napi::sys;

use crate::error::{Answer, Failure, check, set, throw};
use crate::external::{array_buffer, forget};
use crate::in_flight::empty_all;
use crate::table::close_all;

/// The most arguments that a native takes.
const ARITY: usize = 8;

/// A call in progress.
///
/// A quick native takes its numbers from registers, where JavaScript writes them for 1 ns each, and leaves its
/// answer in the first; passing and fetching an argument takes 3 to 5, returning a number 5. Only its arrays
/// are arguments, and come first.
pub(crate) struct Call {
    pub(crate) env: sys::napi_env,
    arguments: [sys::napi_value; ARITY],
    /// The places behind these are read from registers.
    fetched: usize,
    /// It lives until the environment ends, when no native runs any more, and only this thread uses it.
    environment: *mut Environment,
}

/// What an environment's natives share, until it ends.
#[repr(C)]
struct Environment {
    /// The numbers that JavaScript leaves for a native, one for each place.
    registers: [f64; ARITY],
    env: sys::napi_env,
    /// The `ArrayBuffer` that small copies go to, or null. To ask a reference for its address takes 5 ns, to ask
    /// an argument 20. Each call asks: JavaScript can transfer the memory away.
    slab: sys::napi_ref,
    end: End,
    bun: bool,
}

/// Whether an environment has ended that does not wait for what its views are in: Bun's.
pub(crate) type End = Arc<AtomicBool>;

/// What a native returns to JavaScript; `None` is undefined.
pub(crate) type Value = Answer<Option<sys::napi_value>>;

/// The largest integer up to which a double is exact.
const MAX_SAFE: f64 = 9_007_199_254_740_991.0;

/// An offset or a length; `None` for what is no integer from 0 to 2^53 - 1.
#[inline]
pub(crate) fn index(number: f64) -> Option<usize> {
    // False for NaN. There and back: without SSE4.1, which no baseline has, `fract` and `trunc` are calls.
    // By way of a signed integer, which is one instruction each, where an unsigned one takes ten.
    if !(0.0..=MAX_SAFE).contains(&number) {
        return None;
    }
    // SAFETY: finite, and between 0 and 2^53.
    let integer = unsafe { number.to_int_unchecked::<i64>() };
    #[expect(
        clippy::cast_precision_loss,
        clippy::float_cmp,
        reason = "to the bit, or it is refused"
    )]
    let same = integer as f64 == number;
    if same {
        usize::try_from(integer).ok()
    } else {
        None
    }
}

impl Call {
    /// Argument `at`, unread.
    pub(crate) fn value(&self, at: usize) -> sys::napi_value {
        self.arguments[at]
    }

    /// Argument `at` as a double.
    pub(crate) fn number(&self, at: usize) -> Answer<f64> {
        if at >= self.fetched {
            // SAFETY: as `environment` says. JavaScript does not run meanwhile, so nobody writes it.
            return Ok(unsafe { &(*self.environment).registers }[at]);
        }
        let mut number = 0.0;
        // SAFETY: the value is of this callback's scope, `number` valid for writing.
        check(unsafe {
            sys::napi_get_value_double(self.env, self.arguments[at], &raw mut number)
        })?;
        Ok(number)
    }

    /// Argument `at` as an offset or a length.
    pub(crate) fn index(&self, at: usize) -> Answer<usize> {
        index(self.number(at)?).ok_or(Failure::Argument("not an offset"))
    }

    /// Argument `at` as a C int.
    pub(crate) fn int(&self, at: usize) -> Answer<i32> {
        if at >= self.fetched {
            let number = self.number(at)?;
            #[expect(
                clippy::cast_possible_truncation,
                reason = "what the cast changes is refused"
            )]
            let integer = number as i32;
            #[expect(
                clippy::float_cmp,
                reason = "what the cast changed is refused; -0 is 0"
            )]
            let same = f64::from(integer) == number;
            return if same {
                Ok(integer)
            } else {
                Err(Failure::Argument("not a C int"))
            };
        }
        let mut number = 0;
        // SAFETY: the value is of this callback's scope, `number` valid for writing.
        check(unsafe { sys::napi_get_value_int32(self.env, self.arguments[at], &raw mut number) })?;
        Ok(number)
    }

    /// Argument `at` as a C int, or `None` for undefined.
    pub(crate) fn optional_int(&self, at: usize) -> Answer<Option<i32>> {
        let mut kind = sys::ValueType::napi_undefined;
        // SAFETY: the value is of this callback's scope, `kind` valid for writing.
        check(unsafe { sys::napi_typeof(self.env, self.arguments[at], &raw mut kind) })?;
        if kind == sys::ValueType::napi_undefined {
            Ok(None)
        } else {
            self.int(at).map(Some)
        }
    }

    /// Argument `at` as a boolean.
    pub(crate) fn boolean(&self, at: usize) -> Answer<bool> {
        let mut truth = false;
        // SAFETY: the value is of this callback's scope, `truth` valid for writing.
        check(unsafe { sys::napi_get_value_bool(self.env, self.arguments[at], &raw mut truth) })?;
        Ok(truth)
    }

    /// The memory of argument `at`, a typed array of `kind`: its address and the number of elements. The
    /// address is good until JavaScript runs again.
    fn elements(&self, at: usize, kind: sys::napi_typedarray_type) -> Answer<(*mut c_void, usize)> {
        let (mut found, mut len, mut data) = (-1, 0, ptr::null_mut());
        // SAFETY: the value is of this callback's scope, the three results are valid for writing, and
        // those that are not asked for may be null.
        check(unsafe {
            sys::napi_get_typedarray_info(
                self.env,
                self.arguments[at],
                &raw mut found,
                &raw mut len,
                &raw mut data,
                ptr::null_mut(),
                ptr::null_mut(),
            )
        })?;
        if found != kind {
            return Err(Failure::Argument("another class of array"));
        }
        // An array without elements, as a detached one, may have no address.
        Ok(if data.is_null() {
            (ptr::null_mut(), 0)
        } else {
            (data, len)
        })
    }

    /// The bytes behind argument `at`, an array or a `DataView`. The address is good until JavaScript runs
    /// again. Asked as a `Buffer`, which every view is to Node-API, because that is twice as fast as asking
    /// for a typed array.
    pub(crate) fn memory(&self, at: usize) -> Answer<(*mut u8, usize)> {
        let (mut len, mut data) = (0, ptr::null_mut());
        // SAFETY: the value is of this callback's scope, both results are valid for writing.
        check(unsafe {
            sys::napi_get_buffer_info(self.env, self.arguments[at], &raw mut data, &raw mut len)
        })?;
        // An array without bytes, as a detached one, may have no address.
        Ok(if data.is_null() {
            (ptr::NonNull::dangling().as_ptr(), 0)
        } else {
            (data.cast(), len)
        })
    }

    /// The elements of argument `at`, a `Float64Array` of the facade's own.
    ///
    /// # Safety
    /// No JavaScript may run while the slice lives, and no other slice of the array may.
    #[expect(
        clippy::mut_from_ref,
        reason = "the memory is the array's, not the call's"
    )]
    pub(crate) unsafe fn floats(&self, at: usize) -> Answer<&mut [f64]> {
        let (data, len) = self.elements(at, sys::TypedarrayType::float64_array)?;
        if data.is_null() || !data.cast::<f64>().is_aligned() {
            return Err(Failure::Argument("an empty array"));
        }
        // SAFETY: the array is alive, aligned, and neither moves nor shrinks until JavaScript runs again.
        Ok(unsafe { std::slice::from_raw_parts_mut(data.cast(), len) })
    }

    /// The bytes of argument `at`, a `Uint8Array`.
    ///
    /// # Safety
    /// No JavaScript may run while the slice lives; another thread may write the bytes of a shared one, so
    /// the callee must be right for whatever it reads.
    pub(crate) unsafe fn bytes(&self, at: usize) -> Answer<&[u8]> {
        let (data, len) = self.memory(at)?;
        // SAFETY: the array is alive and neither moves nor shrinks until JavaScript runs again.
        Ok(unsafe { std::slice::from_raw_parts(data, len) })
    }

    /// A JavaScript number.
    pub(crate) fn double(&self, number: f64) -> Value {
        let mut value = ptr::null_mut();
        // SAFETY: `value` is valid for writing.
        check(unsafe { sys::napi_create_double(self.env, number, &raw mut value) })?;
        Ok(Some(value))
    }

    /// Writes a register.
    pub(crate) fn store(&self, at: usize, number: f64) {
        // SAFETY: as `environment` says; this is the only reference.
        let registers = unsafe { &mut (*self.environment).registers };
        registers[at] = number;
    }

    /// The address of `[from, from + len)` of the slab.
    pub(crate) fn slab(&self, from: usize, len: usize) -> Answer<*mut u8> {
        // SAFETY: as `environment` says.
        let slab = unsafe { (*self.environment).slab };
        if slab.is_null() {
            return Err(Failure::Argument("no slab yet"));
        }
        let (mut buffer, mut start, mut room) = (ptr::null_mut(), ptr::null_mut(), 0);
        // SAFETY: the reference is this environment's, `buffer` is valid for writing.
        check(unsafe { sys::napi_get_reference_value(self.env, slab, &raw mut buffer) })?;
        // SAFETY: `buffer` is of this callback's scope, both results are valid for writing.
        check(unsafe {
            sys::napi_get_arraybuffer_info(self.env, buffer, &raw mut start, &raw mut room)
        })?;
        // A slab that was transferred away has no room.
        if from.checked_add(len).is_none_or(|end| end > room) {
            return Err(Failure::Argument("the slab is too short"));
        }
        // SAFETY: `from` is inside the slab.
        Ok(unsafe { start.cast::<u8>().add(from) })
    }

    /// The end of this call's environment.
    pub(crate) fn end(&self) -> End {
        // SAFETY: as `environment` says.
        Arc::clone(unsafe { &(*self.environment).end })
    }

    /// Makes argument 0, an `ArrayBuffer`, the slab.
    pub(crate) fn use_slab(&self) -> Answer<()> {
        let (mut is_buffer, mut reference) = (false, ptr::null_mut());
        // SAFETY: the value is of this callback's scope, `is_buffer` is valid for writing.
        check(unsafe {
            sys::napi_is_arraybuffer(self.env, self.arguments[0], &raw mut is_buffer)
        })?;
        if !is_buffer {
            return Err(Failure::Argument("no ArrayBuffer"));
        }
        // SAFETY: the value is of this callback's scope, `reference` is valid for writing.
        check(unsafe {
            sys::napi_create_reference(self.env, self.arguments[0], 1, &raw mut reference)
        })?;
        // SAFETY: as `environment` says; this is the only reference.
        let slab = unsafe { &mut (*self.environment).slab };
        let old = std::mem::replace(slab, reference);
        if !old.is_null() {
            // SAFETY: made by this function, and not used again.
            check(unsafe { sys::napi_delete_reference(self.env, old) })?;
        }
        Ok(())
    }

    /// The answer of a quick native; NaN says that the map has lost a page.
    #[expect(clippy::unnecessary_wraps, reason = "what every native returns")]
    pub(crate) fn quick(&self, number: Option<f64>) -> Value {
        self.store(0, number.unwrap_or(f64::NAN));
        Ok(None)
    }

    /// A JavaScript number for a size or an offset.
    #[allow(clippy::cast_precision_loss)] // sizes are below 2^53
    pub(crate) fn size(&self, size: usize) -> Value {
        self.double(size as f64)
    }

    /// A JavaScript boolean.
    pub(crate) fn truth(&self, truth: bool) -> Value {
        let mut value = ptr::null_mut();
        // SAFETY: `value` is valid for writing.
        check(unsafe { sys::napi_get_boolean(self.env, truth, &raw mut value) })?;
        Ok(Some(value))
    }
}

/// A native: its JavaScript name and what it does.
pub(crate) trait Native {
    const NAME: &'static CStr;
    /// How many arguments are fetched: all of them, or a quick native's arrays.
    const FETCHED: usize;
    fn call(call: &Call) -> Value;
}

unsafe extern "C" fn trampoline<N: Native>(
    env: sys::napi_env,
    info: sys::napi_callback_info,
) -> sys::napi_value {
    let mut call = Call {
        env,
        arguments: [ptr::null_mut(); ARITY],
        fetched: N::FETCHED,
        environment: ptr::null_mut(),
    };
    let mut count = N::FETCHED;
    let mut environment = ptr::null_mut();
    // Not asking for what there is none of saves 2 ns.
    let (count, arguments) = if count == 0 {
        (ptr::null_mut(), ptr::null_mut())
    } else {
        (&raw mut count, call.arguments.as_mut_ptr())
    };
    // SAFETY: `arguments` has room for `count` values, missing ones become undefined; both may be null.
    let status = unsafe {
        sys::napi_get_cb_info(
            env,
            info,
            count,
            arguments,
            ptr::null_mut(),
            &raw mut environment,
        )
    };
    call.environment = environment.cast();
    let answer = check(status).and_then(|()| {
        catch_unwind(AssertUnwindSafe(|| N::call(&call)))
            .unwrap_or(Err(Failure::Argument("a panic, which is a bug of fmmap")))
    });
    match answer {
        Ok(value) => value.unwrap_or(ptr::null_mut()),
        Err(failure) => {
            throw(env, &failure);
            ptr::null_mut()
        }
    }
}

/// The object that collects the natives.
pub(crate) struct Natives {
    env: sys::napi_env,
    object: sys::napi_value,
    environment: *mut Environment,
}

impl Natives {
    pub(crate) fn new(env: sys::napi_env) -> Result<Self> {
        let mut object = ptr::null_mut();
        // SAFETY: `env` is the environment of the running callback, `object` valid for writing.
        napi::check_status!(unsafe { sys::napi_create_object(env, &raw mut object) })?;
        let environment = Box::into_raw(Box::new(Environment {
            registers: [0.0; ARITY],
            env,
            slab: ptr::null_mut(),
            end: End::default(),
            bun: has_global(env, c"Bun"),
        }));
        // SAFETY: the hook frees what was made here, once, when no native runs any more. Its argument is a new
        // one for each call: Node aborts when a hook is added twice.
        napi::check_status!(unsafe {
            sys::napi_add_env_cleanup_hook(env, Some(end), environment.cast())
        })?;
        let natives = Self {
            env,
            object,
            environment,
        };
        // Where external buffers are forbidden the numbers are passed as arguments.
        if let Ok(buffer) = array_buffer(
            env,
            environment.cast(),
            size_of::<[f64; ARITY]>(),
            Some(forget),
            ptr::null_mut(),
        ) {
            set(env, object, c"registers", buffer);
        }
        Ok(natives)
    }

    /// Adds a native.
    pub(crate) fn add<N: Native>(&mut self) -> Result<()> {
        let mut function = ptr::null_mut();
        // SAFETY: the name is NUL-terminated and static, the callback lives as long as the addon.
        napi::check_status!(unsafe {
            sys::napi_create_function(
                self.env,
                N::NAME.as_ptr(),
                -1,
                Some(trampoline::<N>),
                self.environment.cast(),
                &raw mut function,
            )
        })?;
        set(self.env, self.object, N::NAME, function);
        Ok(())
    }

    pub(crate) fn into_object(self) -> Object<'static> {
        Object::from_raw(self.env, self.object)
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

/// A worker that exits or is terminated leaves no mapping behind.
unsafe extern "C" fn end(environment: *mut c_void) {
    // SAFETY: made by `Box::into_raw` in `Natives::new`, and ended once.
    let environment = unsafe { Box::from_raw(environment.cast::<Environment>()) };
    environment.end.store(environment.bun, Ordering::Release);
    empty_all(environment.env);
    close_all(environment.env);
}

/// Declares natives and the function that registers them: `natives! { length as c"length"(call) { ... } }`. A
/// quick one has the number of its arrays behind the call: `find as c"find"(call, 1) { ... }`.
macro_rules! natives {
    ($($(#[doc = $doc:literal])* $name:ident as $js:literal($call:ident$(, $arrays:literal)?) $body:block)*) => {
        $(
            #[allow(non_camel_case_types)]
            $(#[doc = $doc])*
            enum $name {}
            impl $crate::raw::Native for $name {
                const NAME: &'static std::ffi::CStr = $js;
                const FETCHED: usize = $crate::raw::fetched(&[$($arrays)?]);
                fn call($call: &$crate::raw::Call) -> $crate::raw::Value $body
            }
        )*
        pub(crate) fn register(natives: &mut $crate::raw::Natives) -> napi::Result<()> {
            $(natives.add::<$name>()?;)*
            Ok(())
        }
    };
}
pub(crate) use natives;

/// The arrays of a quick native, or every argument.
pub(crate) const fn fetched(arrays: &[usize]) -> usize {
    match arrays {
        [arrays] => *arrays,
        _ => ARITY,
    }
}
