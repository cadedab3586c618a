//! Copies of doubles, and of bytes behind them, in memory of the runtime's own.
//!
//! The facade forbids the transfer of what it hands out in parts. Since Node 24 this gives an `ArrayBuffer` a detach
//! key, and at the end of an environment Node detaches every external one without a key, and aborts when V8 refuses.

use std::cell::Cell;
use std::ptr;

use napi::bindgen_prelude::{Result, ToNapiValue, TypeName};
use napi::{ValueType, check_status, sys};

/// Doubles that become a `Float64Array`, and bytes that stand behind them in its memory. The last double is filled up
/// with zeros.
#[derive(Default)]
pub struct Doubles {
    pub(crate) numbers: Vec<f64>,
    pub(crate) bytes: Vec<u8>,
}

/// What an answer may keep in memory for the next one.
const SPARE: usize = 1 << 20;

thread_local! {
    /// The memory of the last answer. Answers of a search have about the same length, and memory that was just written
    /// is in the cache.
    static LAST: Cell<Doubles> = Cell::default();
}

impl Doubles {
    /// An empty one, which may have room from the last time.
    pub(crate) fn empty() -> Self {
        // At the end of a thread there is none.
        LAST.try_with(Cell::take).unwrap_or_default()
    }

    /// Keeps the memory for the next answer of this thread.
    fn keep(mut self) {
        if 8 * self.numbers.capacity() + self.bytes.capacity() <= SPARE {
            self.numbers.clear();
            self.bytes.clear();
            let _ = LAST.try_with(|last| last.set(self));
        }
    }

    /// How many doubles there are, with those that the bytes take.
    fn len(&self) -> usize {
        self.numbers.len() + self.bytes.len().div_ceil(size_of::<f64>())
    }

    /// An `ArrayBuffer` with the same.
    pub(crate) fn array_buffer(self, env: sys::napi_env) -> Result<sys::napi_value> {
        let (mut buffer, mut data) = (ptr::null_mut(), ptr::null_mut());
        let len = self.len() * size_of::<f64>();
        // SAFETY: both results are valid for writing. The runtime fills the memory with zeros.
        check_status!(unsafe {
            sys::napi_create_arraybuffer(env, len, &raw mut data, &raw mut buffer)
        })?;
        if len > 0 {
            let head = size_of_val(&self.numbers[..]);
            let data = data.cast::<u8>();
            // SAFETY: the buffer was made with at least so many bytes, and nobody else has it yet.
            unsafe { ptr::copy_nonoverlapping(self.numbers.as_ptr().cast(), data, head) };
            // SAFETY: the numbers are not longer than the buffer.
            let behind = unsafe { data.add(head) };
            // SAFETY: the buffer has room for all of the bytes behind the numbers, as above.
            unsafe { ptr::copy_nonoverlapping(self.bytes.as_ptr(), behind, self.bytes.len()) };
        }
        self.keep();
        Ok(buffer)
    }
}

impl TypeName for Doubles {
    fn type_name() -> &'static str {
        "Float64Array"
    }

    fn value_type() -> ValueType {
        ValueType::Object
    }
}

impl ToNapiValue for Doubles {
    unsafe fn to_napi_value(env: sys::napi_env, doubles: Self) -> Result<sys::napi_value> {
        let mut array = ptr::null_mut();
        let len = doubles.len();
        let buffer = doubles.array_buffer(env)?;
        let kind = sys::TypedarrayType::float64_array;
        // SAFETY: the buffer has so many doubles, `array` is valid for writing.
        check_status!(unsafe {
            sys::napi_create_typedarray(env, kind, len, buffer, 0, &raw mut array)
        })?;
        Ok(array)
    }
}
