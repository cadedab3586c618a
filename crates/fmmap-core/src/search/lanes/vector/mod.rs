//! The few vector operations that the kernel needs, once for each instruction set.
//!
//! A value of a type that implements [`Isa`] is a proof that this processor has the instructions:
//! the only ways to get one are a run-time check (AVX2, AVX-512) or an architecture that always has them
//! (SSE2 on `x86_64`, NEON on aarch64). So everything but the loads is safe to call, and what a
//! load must promise is only what any read must promise: that the bytes are there.
//!
//! The methods are `#[inline(always)]` and carry no `#[target_feature]` of their own, because the
//! two exclude one another. They become single instructions once they are inlined into a function
//! that has the feature: `pair::scan` is instantiated only in such functions.

#[cfg(target_arch = "aarch64")]
mod aarch64;
#[cfg(target_arch = "x86_64")]
mod x86_64;

use super::direction::Direction;

#[cfg(target_arch = "aarch64")]
pub(crate) use aarch64::Neon;
#[cfg(target_arch = "x86_64")]
pub(crate) use x86_64::{Avx2, Avx512, Sse2, asking_pays};

/// The vector instructions of one instruction set, and the proof that they can be used here.
pub(crate) trait Isa: Copy {
    /// Bytes in a vector.
    const LANES: usize;
    /// The binary logarithm of the number of mask bits for each lane. NEON has no instruction that
    /// gathers one bit a lane, but one that gathers four.
    const LANE_BITS: u32;
    /// A vector of bytes.
    type Vector: Copy;
    /// A truth value for each lane: a vector of ones and zeros, or a mask register.
    type Lanes: Copy;

    /// A vector of copies of `byte`.
    fn splat(self, byte: u8) -> Self::Vector;

    /// The [`LANES`](Isa::LANES) bytes from `at` on, at any alignment.
    ///
    /// # Safety
    ///
    /// All of these bytes can be read. They may change while they are read.
    unsafe fn load(self, at: *const u8) -> Self::Vector;

    /// The lanes in which the two are equal.
    fn equal(self, a: Self::Vector, b: Self::Vector) -> Self::Lanes;

    /// The lanes that are true in both.
    fn and(self, a: Self::Lanes, b: Self::Lanes) -> Self::Lanes;

    /// The lanes that are true, and in which `a` and `b` are equal.
    #[inline(always)]
    fn and_equal(self, lanes: Self::Lanes, a: Self::Vector, b: Self::Vector) -> Self::Lanes {
        self.and(lanes, self.equal(a, b))
    }

    /// The lanes that are true in either.
    fn or(self, a: Self::Lanes, b: Self::Lanes) -> Self::Lanes;

    /// One bit, the lowest of its `1 << LANE_BITS`, for each lane that is true.
    fn mask(self, lanes: Self::Lanes) -> u64;

    /// Whether any lane is true.
    #[inline(always)]
    fn any(self, lanes: Self::Lanes) -> bool {
        self.mask(lanes) != 0
    }

    /// Whether there are instructions for [`offsets`](Isa::offsets).
    const OFFSETS: bool = false;

    /// Writes `from` plus the index of each bit of `mask` to `slots`, in order of `D`, and numbers without a meaning
    /// behind them, to a multiple of eight.
    #[inline(always)]
    fn offsets<D: Direction>(self, from: u64, mask: u64, slots: &mut [f64]) {
        let _ = (from, mask, slots);
    }

    /// Prefetches memory that a search in the direction of `D` will load after the `len` bytes at `at`; does nothing
    /// where that is left to the processor. It is a hint: nothing is read, and the haystack may end before.
    #[inline(always)]
    fn prefetch<D: Direction>(self, at: *const u8, len: usize) {
        let _ = (at, len);
    }
}
