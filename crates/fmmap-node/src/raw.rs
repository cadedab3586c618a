//! Raw Node-API callbacks: one trampoline, one reader of arguments.
//!
//! A native is a function from [`Call`] to an [`Answer`]. The trampoline fetches the arguments, catches a
//! panic before it can unwind into the runtime, and throws what failed. Nothing here trusts an argument:
//! every number is checked to be an index, every array to be a `Uint8Array`.

use std::ffi::{CStr, c_void};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;

use napi::bindgen_prelude::{Object, Result};
use napi::sys;

use crate::error::{Answer, Failure, check, set, throw};
use crate::views::{external, forget};

/// The most arguments that a native takes.
const ARITY: usize = 8;

/// A call in progress.
///
/// A number that is not passed is read from the register of its place: JavaScript writes it there for 1 ns,
/// where passing and fetching an argument takes 5. So the arrays of a native come first.
pub(crate) struct Call {
    pub(crate) env: sys::napi_env,
    arguments: [sys::napi_value; ARITY],
    passed: usize,
    registers: *const f64,
}

/// The numbers that JavaScript leaves for a native, one for each place; they belong to the environment.
type Registers = [f64; ARITY];

/// What a native returns to JavaScript; `None` is undefined.
pub(crate) type Value = Answer<Option<sys::napi_value>>;

/// The largest integer up to which a double is exact.
const MAX_SAFE: f64 = 9_007_199_254_740_991.0;

impl Call {
    /// Argument `at`, unread.
    pub(crate) fn value(&self, at: usize) -> sys::napi_value {
        self.arguments[at]
    }

    /// Argument `at` as a double.
    pub(crate) fn number(&self, at: usize) -> Answer<f64> {
        if at >= self.passed {
            // SAFETY: `at` is below ARITY, as it is an index of `arguments` too.
            let register = unsafe { self.registers.add(at) };
            // SAFETY: the registers live as long as the environment, whose thread is this one.
            return Ok(unsafe { register.read() });
        }
        let mut number = 0.0;
        // SAFETY: the value is of this callback's scope, `number` valid for writing.
        check(unsafe {
            sys::napi_get_value_double(self.env, self.arguments[at], &raw mut number)
        })?;
        Ok(number)
    }

    /// Argument `at` as an offset or a length.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // checked in the line before
    pub(crate) fn index(&self, at: usize) -> Answer<usize> {
        let number = self.number(at)?;
        if !(0.0..=MAX_SAFE).contains(&number) || number.fract() != 0.0 {
            return Err(Failure::Argument("not an offset"));
        }
        usize::try_from(number as u64).map_err(|_| Failure::Argument("not an offset"))
    }

    /// Argument `at` as a C int.
    pub(crate) fn int(&self, at: usize) -> Answer<i32> {
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
    fn call(call: &Call) -> Value;
}

unsafe extern "C" fn trampoline<N: Native>(
    env: sys::napi_env,
    info: sys::napi_callback_info,
) -> sys::napi_value {
    let mut call = Call {
        env,
        arguments: [ptr::null_mut(); ARITY],
        passed: ARITY,
        registers: ptr::null(),
    };
    let mut registers = ptr::null_mut();
    // SAFETY: `arguments` has room for ARITY values; missing ones become undefined.
    let status = unsafe {
        sys::napi_get_cb_info(
            env,
            info,
            &raw mut call.passed,
            call.arguments.as_mut_ptr(),
            ptr::null_mut(),
            &raw mut registers,
        )
    };
    call.registers = registers.cast_const().cast();
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
    registers: *mut Registers,
}

impl Natives {
    pub(crate) fn new(env: sys::napi_env) -> Result<Self> {
        let mut object = ptr::null_mut();
        // SAFETY: `env` is the environment of the running callback, `object` valid for writing.
        napi::check_status!(unsafe { sys::napi_create_object(env, &raw mut object) })?;
        let registers = Box::into_raw(Box::new([0.0; ARITY]));
        // SAFETY: the hook frees what was made here, once, when no native runs any more.
        napi::check_status!(unsafe {
            sys::napi_add_env_cleanup_hook(env, Some(free_registers), registers.cast())
        })?;
        let natives = Self {
            env,
            object,
            registers,
        };
        // Where external buffers are forbidden the numbers are passed as arguments.
        if let Ok(buffer) = external(
            env,
            registers.cast(),
            size_of::<Registers>(),
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
                self.registers.cast(),
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

unsafe extern "C" fn free_registers(registers: *mut c_void) {
    // SAFETY: made by `Box::into_raw` in `Natives::new`, and freed once.
    drop(unsafe { Box::from_raw(registers.cast::<Registers>()) });
}

/// Declares natives and the function that registers them: `natives! { peek(call) { ... } }`.
macro_rules! natives {
    ($($(#[doc = $doc:literal])* $name:ident as $js:literal($call:ident) $body:block)*) => {
        $(
            #[allow(non_camel_case_types)]
            $(#[doc = $doc])*
            enum $name {}
            impl $crate::raw::Native for $name {
                const NAME: &'static std::ffi::CStr = $js;
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
