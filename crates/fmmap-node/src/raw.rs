//! Raw Node-API callbacks: one trampoline, one reader of arguments.
//!
//! A native is a function from [`Call`] to an [`Answer`]. The trampoline fetches the arguments, calls the native,
//! catches a panic before it can unwind into the runtime, and throws the error of a native that failed. No argument
//! is trusted: every number is checked to be an index, and every array to be a `Uint8Array`.

use std::ffi::{CStr, c_void};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;

use napi::bindgen_prelude::{Object, Result};
use napi::sys;

use crate::doubles::Doubles;
use crate::environment::{ARITY, Environment};
use crate::error::{Answer, Failure, check, set, string, throw};
use crate::hold::Ended;
use crate::numbers::{as_number, index};

/// A call in progress.
///
/// A quick native reads its numbers from registers, an array that JavaScript writes to, and writes its answer to the
/// first register: this is faster than to pass and fetch arguments and to return a number. Only its arrays are passed
/// as arguments, and they come first.
pub(crate) struct Call {
    pub(crate) env: sys::napi_env,
    arguments: [sys::napi_value; ARITY],
    /// How many arguments were fetched; the others are read from registers.
    fetched: usize,
    /// It lives until the environment ends, when no native runs any more, and only this thread uses it.
    environment: *const Environment,
}

/// What a native returns to JavaScript; `None` is undefined.
pub(crate) type Value = Answer<Option<sys::napi_value>>;

impl Call {
    /// Argument `at`, as the runtime passed it.
    pub(crate) fn value(&self, at: usize) -> sys::napi_value {
        self.arguments[at]
    }

    /// Argument `at` as a double.
    pub(crate) fn number(&self, at: usize) -> Answer<f64> {
        if at >= self.fetched {
            return Ok(self.environment().register(at));
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

    /// The bytes of argument `at`, an array or a `DataView`. The address is valid until JavaScript runs again.
    /// Node-API considers every view a `Buffer`, and asking for a `Buffer` is faster than asking for a typed array.
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

    /// The elements of argument `at`, a `Float64Array` that the facade has made.
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

    /// The state that this call shares with the others of its environment.
    pub(crate) fn environment(&self) -> &Environment {
        // SAFETY: as the field says.
        unsafe { &*self.environment }
    }

    /// The address of `[from, from + len)` of a slab.
    pub(crate) fn slab(&self, number: usize, from: usize, len: usize) -> Answer<*mut u8> {
        self.environment().slab(number, from, len)
    }

    /// Makes argument 0, an `ArrayBuffer`, the slab of this number.
    pub(crate) fn use_slab(&self, number: usize) -> Answer<()> {
        self.environment().use_slab(number, self.arguments[0])
    }

    /// A flag that is set when this call's environment has ended.
    pub(crate) fn ended(&self) -> Ended {
        self.environment().ended()
    }

    /// The answer of a quick native; NaN says that the map has lost a page.
    #[expect(clippy::unnecessary_wraps, reason = "what every native returns")]
    pub(crate) fn quick(&self, number: Option<f64>) -> Value {
        self.environment().store(0, number.unwrap_or(f64::NAN));
        Ok(None)
    }

    /// A JavaScript string.
    pub(crate) fn text(&self, text: &str) -> sys::napi_value {
        string(self.env, text)
    }

    /// Makes an `ArrayBuffer` of doubles and bytes.
    pub(crate) fn doubles(&self, doubles: Doubles) -> Value {
        let buffer = doubles.array_buffer(self.env);
        buffer
            .map(Some)
            .map_err(|error| Failure::Status(error.status as sys::napi_status))
    }

    /// A JavaScript number for a size or an offset.
    pub(crate) fn size(&self, size: usize) -> Value {
        self.double(as_number(size))
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
    if N::FETCHED < ARITY {
        run(env, info, N::FETCHED, N::call)
    } else {
        run_any(env, info, N::call)
    }
}

/// Runs a native that is not a quick one. This code is there once for all of them.
#[inline(never)]
fn run_any(
    env: sys::napi_env,
    info: sys::napi_callback_info,
    native: fn(&Call) -> Value,
) -> sys::napi_value {
    run(env, info, ARITY, native)
}

/// Fetches the arguments and the environment, and runs the native.
#[expect(
    clippy::inline_always,
    reason = "into the trampoline of each quick native"
)]
#[inline(always)]
fn run(
    env: sys::napi_env,
    info: sys::napi_callback_info,
    fetched: usize,
    native: fn(&Call) -> Value,
) -> sys::napi_value {
    let mut call = Call {
        env,
        arguments: [ptr::null_mut(); ARITY],
        fetched,
        environment: ptr::null(),
    };
    let mut count = fetched;
    let mut environment = ptr::null_mut();
    // Without arguments, the runtime is not asked for them.
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
    call.environment = environment.cast_const().cast();
    let answer = check(status).and_then(|()| {
        catch_unwind(AssertUnwindSafe(|| native(&call)))
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
    environment: *const Environment,
}

impl Natives {
    pub(crate) fn new(env: sys::napi_env) -> Result<Self> {
        let mut object = ptr::null_mut();
        // SAFETY: `env` is the environment of the running callback, `object` valid for writing.
        napi::check_status!(unsafe { sys::napi_create_object(env, &raw mut object) })?;
        let environment = Environment::begin(env)?;
        if let Some(registers) = Environment::registers(environment) {
            set(env, object, c"registers", registers);
        }
        Ok(Self {
            env,
            object,
            environment,
        })
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
                self.environment.cast_mut().cast(),
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

/// Declares natives and the function that registers them: `natives! { length as c"length"(call) { ... } }`. A quick
/// native has the number of its arrays behind the call: `find as c"find"(call, 1) { ... }`.
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

/// How many arguments are fetched: a quick native's arrays, or all of them.
pub(crate) const fn fetched(arrays: &[usize]) -> usize {
    match arrays {
        [arrays] => *arrays,
        _ => ARITY,
    }
}
