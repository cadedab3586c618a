//! The few vector operations of [`buckets`](super::buckets), once for each instruction set.
//!
//! A value of a type that implements [`Simd`] is a proof that this processor has the instructions. As in `search`, the
//! methods become single instructions once they are inlined into a function that has the feature.

#![expect(
    clippy::inline_always,
    reason = "a function without the target feature must not be left between the kernel and its instructions"
)]

/// The instructions, and the proof that they can be used here.
pub(in crate::pattern) trait Simd: Copy {
    /// Bytes in a vector.
    const LANES: usize;
    type Vector: Copy;

    /// A table of sixteen entries, repeated in each lane of 16 bytes.
    fn table(self, table: &[u8; 16]) -> Self::Vector;

    /// The bytes from `at` on.
    ///
    /// # Safety
    ///
    /// All of them can be read. They may change while they are read.
    unsafe fn load(self, at: *const u8) -> Self::Vector;

    /// Asks for the bytes at `at`, which may be any place, before they are loaded.
    fn prefetch(self, at: *const u8);

    /// Looks each byte up in both tables, by its lower and its upper four bits, and returns the bits that both have.
    fn look_up(self, low: Self::Vector, high: Self::Vector, bytes: Self::Vector) -> Self::Vector;

    fn and(self, a: Self::Vector, b: Self::Vector) -> Self::Vector;

    fn or(self, a: Self::Vector, b: Self::Vector) -> Self::Vector;

    fn xor(self, a: Self::Vector, b: Self::Vector) -> Self::Vector;

    /// A bit for each lane that is not zero.
    fn nonzero(self, lanes: Self::Vector) -> u64;

    /// A bit for each lane that is zero.
    fn zero(self, lanes: Self::Vector) -> u64;
}

#[cfg(target_arch = "x86_64")]
pub(in crate::pattern) use x86::{Avx2, Avx512};

#[cfg(target_arch = "x86_64")]
mod x86 {
    use super::Simd;
    use std::arch::x86_64::{
        __m256i, __m512i, _MM_HINT_T0, _mm_loadu_si128, _mm_prefetch, _mm256_and_si256,
        _mm256_broadcastsi128_si256, _mm256_cmpeq_epi8, _mm256_loadu_si256, _mm256_movemask_epi8,
        _mm256_or_si256, _mm256_set1_epi8, _mm256_setzero_si256, _mm256_shuffle_epi8,
        _mm256_srli_epi16, _mm256_xor_si256, _mm512_and_si512, _mm512_broadcast_i32x4,
        _mm512_loadu_si512, _mm512_maskz_loadu_epi8, _mm512_or_si512, _mm512_set1_epi8,
        _mm512_shuffle_epi8, _mm512_srli_epi16, _mm512_test_epi8_mask, _mm512_testn_epi8_mask,
        _mm512_xor_si512,
    };

    #[derive(Clone, Copy, Debug)]
    pub(in crate::pattern) struct Avx2(());

    impl Avx2 {
        /// On processors that also count bits, as all that have it do.
        pub(in crate::pattern) fn detect() -> Option<Self> {
            let has = std::arch::is_x86_feature_detected!("avx2")
                && std::arch::is_x86_feature_detected!("popcnt");
            has.then_some(Self(()))
        }
    }

    impl Simd for Avx2 {
        const LANES: usize = 32;
        type Vector = __m256i;

        #[inline(always)]
        fn table(self, table: &[u8; 16]) -> __m256i {
            // SAFETY: SSE2 is a part of x86_64; the table has sixteen bytes.
            let half = unsafe { _mm_loadu_si128(table.as_ptr().cast()) };
            // SAFETY: `self` exists, so AVX2 does.
            unsafe { _mm256_broadcastsi128_si256(half) }
        }

        #[inline(always)]
        unsafe fn load(self, at: *const u8) -> __m256i {
            // SAFETY: `self` exists, so AVX2 does; the caller vouches for the bytes.
            unsafe { _mm256_loadu_si256(at.cast()) }
        }

        #[inline(always)]
        fn prefetch(self, at: *const u8) {
            // SAFETY: SSE is a part of x86_64, and a prefetch reads nothing that the program could see.
            unsafe { _mm_prefetch::<_MM_HINT_T0>(at.cast()) };
        }

        #[inline(always)]
        fn look_up(self, low: __m256i, high: __m256i, bytes: __m256i) -> __m256i {
            // SAFETY: `self` exists, so AVX2 does.
            let half = unsafe { _mm256_set1_epi8(15) };
            // SAFETY: as above.
            let upper = unsafe { _mm256_srli_epi16::<4>(bytes) };
            let (lower, upper) = (self.and(bytes, half), self.and(upper, half));
            // SAFETY: as above.
            let low = unsafe { _mm256_shuffle_epi8(low, lower) };
            // SAFETY: as above.
            let high = unsafe { _mm256_shuffle_epi8(high, upper) };
            self.and(low, high)
        }

        #[inline(always)]
        fn and(self, a: __m256i, b: __m256i) -> __m256i {
            // SAFETY: `self` exists, so AVX2 does.
            unsafe { _mm256_and_si256(a, b) }
        }

        #[inline(always)]
        fn or(self, a: __m256i, b: __m256i) -> __m256i {
            // SAFETY: `self` exists, so AVX2 does.
            unsafe { _mm256_or_si256(a, b) }
        }

        #[inline(always)]
        fn xor(self, a: __m256i, b: __m256i) -> __m256i {
            // SAFETY: `self` exists, so AVX2 does.
            unsafe { _mm256_xor_si256(a, b) }
        }

        #[inline(always)]
        fn nonzero(self, lanes: __m256i) -> u64 {
            self.zero(lanes) ^ u64::from(u32::MAX)
        }

        #[inline(always)]
        fn zero(self, lanes: __m256i) -> u64 {
            // SAFETY: `self` exists, so AVX2 does.
            let zero = unsafe { _mm256_setzero_si256() };
            // SAFETY: as above.
            let zero = unsafe { _mm256_cmpeq_epi8(lanes, zero) };
            // SAFETY: as above.
            u64::from(unsafe { _mm256_movemask_epi8(zero) }.cast_unsigned())
        }
    }

    #[derive(Clone, Copy, Debug)]
    pub(in crate::pattern) struct Avx512(());

    impl Avx512 {
        /// On processors that do not slow down their clock for it: those that have VBMI2. They also count bits.
        pub(in crate::pattern) fn detect() -> Option<Self> {
            let has = std::arch::is_x86_feature_detected!("avx512bw")
                && std::arch::is_x86_feature_detected!("popcnt")
                && std::arch::is_x86_feature_detected!("avx512vbmi2");
            has.then_some(Self(()))
        }

        /// Those bytes from `at` on that have a bit in `which`, and zeros for the others.
        ///
        /// # Safety
        ///
        /// They can be read. They may change while they are read.
        #[expect(clippy::unused_self, reason = "it is the proof of the instruction")]
        #[inline(always)]
        pub(in crate::pattern) unsafe fn load_some(self, at: *const u8, which: u64) -> __m512i {
            // SAFETY: `self` exists, so AVX-512 does; the caller vouches for the bytes.
            unsafe { _mm512_maskz_loadu_epi8(which, at.cast()) }
        }
    }

    impl Simd for Avx512 {
        const LANES: usize = 64;
        type Vector = __m512i;

        #[inline(always)]
        fn table(self, table: &[u8; 16]) -> __m512i {
            // SAFETY: SSE2 is a part of x86_64; the table has sixteen bytes.
            let quarter = unsafe { _mm_loadu_si128(table.as_ptr().cast()) };
            // SAFETY: `self` exists, so AVX-512 does.
            unsafe { _mm512_broadcast_i32x4(quarter) }
        }

        #[inline(always)]
        unsafe fn load(self, at: *const u8) -> __m512i {
            // SAFETY: `self` exists, so AVX-512 does; the caller vouches for the bytes.
            unsafe { _mm512_loadu_si512(at.cast()) }
        }

        #[inline(always)]
        fn prefetch(self, at: *const u8) {
            // SAFETY: SSE is a part of x86_64, and a prefetch reads nothing that the program could see.
            unsafe { _mm_prefetch::<_MM_HINT_T0>(at.cast()) };
        }

        #[inline(always)]
        fn look_up(self, low: __m512i, high: __m512i, bytes: __m512i) -> __m512i {
            // SAFETY: `self` exists, so AVX-512 does.
            let half = unsafe { _mm512_set1_epi8(15) };
            // SAFETY: as above.
            let upper = unsafe { _mm512_srli_epi16::<4>(bytes) };
            let (lower, upper) = (self.and(bytes, half), self.and(upper, half));
            // SAFETY: as above.
            let low = unsafe { _mm512_shuffle_epi8(low, lower) };
            // SAFETY: as above.
            let high = unsafe { _mm512_shuffle_epi8(high, upper) };
            self.and(low, high)
        }

        #[inline(always)]
        fn and(self, a: __m512i, b: __m512i) -> __m512i {
            // SAFETY: `self` exists, so AVX-512 does.
            unsafe { _mm512_and_si512(a, b) }
        }

        #[inline(always)]
        fn or(self, a: __m512i, b: __m512i) -> __m512i {
            // SAFETY: `self` exists, so AVX-512 does.
            unsafe { _mm512_or_si512(a, b) }
        }

        #[inline(always)]
        fn xor(self, a: __m512i, b: __m512i) -> __m512i {
            // SAFETY: `self` exists, so AVX-512 does.
            unsafe { _mm512_xor_si512(a, b) }
        }

        #[inline(always)]
        fn nonzero(self, lanes: __m512i) -> u64 {
            // SAFETY: `self` exists, so AVX-512 does.
            unsafe { _mm512_test_epi8_mask(lanes, lanes) }
        }

        #[inline(always)]
        fn zero(self, lanes: __m512i) -> u64 {
            // SAFETY: `self` exists, so AVX-512 does.
            unsafe { _mm512_testn_epi8_mask(lanes, lanes) }
        }
    }
}

#[cfg(target_arch = "aarch64")]
pub(in crate::pattern) use arm::Neon;

#[cfg(target_arch = "aarch64")]
mod arm {
    use super::Simd;
    use std::arch::aarch64::{
        uint8x16_t, vandq_u8, vceqzq_u8, vdupq_n_u8, veorq_u8, vget_lane_u64, vld1q_u8, vorrq_u8,
        vqtbl1q_u8, vreinterpret_u64_u8, vreinterpretq_u16_u8, vshrn_n_u16, vshrq_n_u8, vtstq_u8,
    };

    /// Available on every aarch64 processor.
    #[derive(Clone, Copy, Debug)]
    pub(in crate::pattern) struct Neon;

    impl Simd for Neon {
        const LANES: usize = 16;
        type Vector = uint8x16_t;

        #[inline(always)]
        fn table(self, table: &[u8; 16]) -> uint8x16_t {
            // SAFETY: NEON is a part of aarch64; the table has sixteen bytes.
            unsafe { vld1q_u8(table.as_ptr()) }
        }

        #[inline(always)]
        unsafe fn load(self, at: *const u8) -> uint8x16_t {
            // SAFETY: NEON is a part of aarch64; the caller vouches for the bytes.
            unsafe { vld1q_u8(at) }
        }

        /// There is no stable instruction for it.
        #[inline(always)]
        fn prefetch(self, _at: *const u8) {}

        #[inline(always)]
        fn look_up(self, low: uint8x16_t, high: uint8x16_t, bytes: uint8x16_t) -> uint8x16_t {
            // SAFETY: NEON is a part of aarch64.
            let half = unsafe { vdupq_n_u8(15) };
            // SAFETY: as above.
            let upper = unsafe { vshrq_n_u8::<4>(bytes) };
            let lower = self.and(bytes, half);
            // SAFETY: as above.
            let low = unsafe { vqtbl1q_u8(low, lower) };
            // SAFETY: as above.
            let high = unsafe { vqtbl1q_u8(high, upper) };
            self.and(low, high)
        }

        #[inline(always)]
        fn and(self, a: uint8x16_t, b: uint8x16_t) -> uint8x16_t {
            // SAFETY: NEON is a part of aarch64.
            unsafe { vandq_u8(a, b) }
        }

        #[inline(always)]
        fn or(self, a: uint8x16_t, b: uint8x16_t) -> uint8x16_t {
            // SAFETY: NEON is a part of aarch64.
            unsafe { vorrq_u8(a, b) }
        }

        #[inline(always)]
        fn xor(self, a: uint8x16_t, b: uint8x16_t) -> uint8x16_t {
            // SAFETY: NEON is a part of aarch64.
            unsafe { veorq_u8(a, b) }
        }

        #[inline(always)]
        fn nonzero(self, lanes: uint8x16_t) -> u64 {
            // SAFETY: NEON is a part of aarch64.
            bits(unsafe { vtstq_u8(lanes, lanes) })
        }

        #[inline(always)]
        fn zero(self, lanes: uint8x16_t) -> u64 {
            // SAFETY: NEON is a part of aarch64.
            bits(unsafe { vceqzq_u8(lanes) })
        }
    }

    /// A bit for each lane that is all ones, of lanes that are ones or zeros.
    #[inline(always)]
    fn bits(set: uint8x16_t) -> u64 {
        // SAFETY: NEON is a part of aarch64.
        let set = unsafe { vreinterpretq_u16_u8(set) };
        // SAFETY: as above. Four bits a lane.
        let bits = unsafe { vshrn_n_u16::<4>(set) };
        // SAFETY: as above.
        let bits = unsafe { vreinterpret_u64_u8(bits) };
        // SAFETY: as above.
        let bits = unsafe { vget_lane_u64::<0>(bits) };
        if bits == 0 {
            return 0;
        }
        (0..16).fold(0, |mask, lane| mask | (bits >> (4 * lane) & 1) << lane)
    }
}
