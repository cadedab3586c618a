//! Offsets and lengths in JavaScript's form: doubles, which are exact up to 2^53.

/// The largest integer up to which a double is exact.
const MAX_SAFE: f64 = 9_007_199_254_740_991.0;

/// An offset or a length; `None` for a number that is not an integer from 0 to 2^53 - 1.
#[inline]
pub(crate) fn index(number: f64) -> Option<usize> {
    // NaN is in no range. A cast to an integer and back tests for a fraction: without SSE4.1, which is in no
    // baseline, `fract` and `trunc` are function calls. The cast is to a signed integer, which takes one instruction;
    // an unsigned one takes ten.
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

/// Converts an offset or a length to a double.
#[expect(clippy::cast_precision_loss, reason = "offsets are below 2^53")]
pub(crate) fn as_number(offset: usize) -> f64 {
    offset as f64
}
