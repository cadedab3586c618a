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

use super::direction::Direction;

/// The vector instructions of one instruction set, and the proof that they can be used here.
pub(super) trait Isa: Copy {
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

    /// Asks for memory that a search in the direction of `D` will load after the `len` bytes at `at`; nothing where
    /// that is left to the processor. A hint: nothing is read, and the haystack may end before.
    #[inline(always)]
    fn prefetch<D: Direction>(self, at: *const u8, len: usize) {
        let _ = (at, len);
    }
}

#[cfg(target_arch = "x86_64")]
pub(super) use x86::{AHEAD, Avx2, Avx512, Sse2, asking_pays};

#[cfg(target_arch = "x86_64")]
mod x86 {
    use super::{Direction, Isa};
    use std::arch::x86_64::{
        __cpuid, __m128i, __m256i, __m512i, _MM_HINT_T0, _mm_and_si128, _mm_cmpeq_epi8,
        _mm_cvtsi64_si128, _mm_loadu_si128, _mm_movemask_epi8, _mm_or_si128, _mm_prefetch,
        _mm_set1_epi8, _mm256_and_si256, _mm256_cmpeq_epi8, _mm256_loadu_si256,
        _mm256_movemask_epi8, _mm256_or_si256, _mm256_set1_epi8, _mm512_add_epi64,
        _mm512_cvtepi64_pd, _mm512_cvtepu8_epi64, _mm512_loadu_si512, _mm512_maskz_compress_epi8,
        _mm512_min_epu8, _mm512_or_si512, _mm512_set1_epi8, _mm512_set1_epi64, _mm512_storeu_pd,
        _mm512_storeu_si512, _mm512_sub_epi64, _mm512_ternarylogic_epi32, _mm512_testn_epi8_mask,
        _mm512_xor_si512,
    };
    use std::sync::OnceLock;

    /// Bytes in a line of the cache.
    const LINE: usize = 64;

    /// How far ahead, where asking pays.
    ///
    /// On Intel's Sapphire Rapids an absent needle is found, in pages that lie anywhere in memory, at 9 to 10 GB/s
    /// with two probes and 6.5 with six, and at 15 to 17 and 13 to 14 when asked for 2 KiB ahead: each loads as
    /// much as it has places for, and the more instructions a byte takes, the fewer bytes are under way. Nearer is
    /// slower (12 and 10 at 1 KiB), and so is farther in the pages of a file (10.7 at 6 KiB, 15 at 2).
    pub(in super::super) const AHEAD: usize = 2048;

    /// Whether asking pays: on Intel's processors. AMD's keep their memory at work by themselves: two probes come
    /// at 0.85 to 0.95 of a scan for one byte there.
    pub(in super::super) fn asking_pays() -> bool {
        static INTEL: OnceLock<bool> = OnceLock::new();
        *INTEL.get_or_init(|| {
            let vendor = __cpuid(0);
            [vendor.ebx, vendor.edx, vendor.ecx].map(u32::to_le_bytes)
                == [*b"Genu", *b"ineI", *b"ntel"]
        })
    }

    #[inline(always)]
    fn prefetch<D: Direction, const AHEAD: usize>(at: *const u8, len: usize) {
        if AHEAD == 0 {
            return;
        }
        let at = if D::FORWARD {
            at.wrapping_add(AHEAD)
        } else {
            at.wrapping_sub(AHEAD)
        };
        for line in 0..len / LINE {
            // SAFETY: SSE is a part of x86_64, and a hint may name any address.
            unsafe { _mm_prefetch::<_MM_HINT_T0>(at.wrapping_add(line * LINE).cast()) };
        }
    }

    /// 16 bytes at a time, on every `x86_64` processor.
    #[derive(Clone, Copy, Debug)]
    pub(in super::super) struct Sse2;

    impl Isa for Sse2 {
        const LANES: usize = 16;
        const LANE_BITS: u32 = 0;
        type Vector = __m128i;
        type Lanes = __m128i;

        #[inline(always)]
        fn splat(self, byte: u8) -> __m128i {
            // SAFETY: SSE2 is a part of x86_64.
            unsafe { _mm_set1_epi8(byte.cast_signed()) }
        }

        #[inline(always)]
        unsafe fn load(self, at: *const u8) -> __m128i {
            // SAFETY: SSE2 is a part of x86_64; the caller vouches for the 16 bytes, and this load
            // asks for no alignment.
            unsafe { _mm_loadu_si128(at.cast()) }
        }

        #[inline(always)]
        fn equal(self, a: __m128i, b: __m128i) -> __m128i {
            // SAFETY: SSE2 is a part of x86_64.
            unsafe { _mm_cmpeq_epi8(a, b) }
        }

        #[inline(always)]
        fn and(self, a: __m128i, b: __m128i) -> __m128i {
            // SAFETY: SSE2 is a part of x86_64.
            unsafe { _mm_and_si128(a, b) }
        }

        #[inline(always)]
        fn or(self, a: __m128i, b: __m128i) -> __m128i {
            // SAFETY: SSE2 is a part of x86_64.
            unsafe { _mm_or_si128(a, b) }
        }

        #[inline(always)]
        fn mask(self, lanes: __m128i) -> u64 {
            // SAFETY: SSE2 is a part of x86_64.
            u64::from(unsafe { _mm_movemask_epi8(lanes) }.cast_unsigned())
        }
    }

    /// 32 bytes at a time, on processors of 2013 and newer.
    #[derive(Clone, Copy, Debug)]
    pub(in super::super) struct Avx2<const AHEAD: usize = 0> {
        /// Nobody outside of this module can write down an `Avx2`: [`Avx2::detect`] is the door.
        detected: (),
    }

    impl Avx2 {
        /// The proof that this processor has AVX2, if it has.
        #[inline(always)]
        pub(in super::super) fn detect() -> Option<Self> {
            std::arch::is_x86_feature_detected!("avx2").then_some(Self { detected: () })
        }

        /// The same, asking for memory ahead.
        #[inline(always)]
        pub(in super::super) fn ahead(self) -> Avx2<AHEAD> {
            Avx2 {
                detected: self.detected,
            }
        }
    }

    impl Avx2<AHEAD> {
        /// Without asking.
        #[inline(always)]
        pub(in super::super) fn near(self) -> Avx2 {
            Avx2 {
                detected: self.detected,
            }
        }
    }

    impl<const AHEAD: usize> Isa for Avx2<AHEAD> {
        const LANES: usize = 32;
        const LANE_BITS: u32 = 0;
        type Vector = __m256i;
        type Lanes = __m256i;

        #[inline(always)]
        fn splat(self, byte: u8) -> __m256i {
            // SAFETY: `self` exists, so AVX2 does.
            unsafe { _mm256_set1_epi8(byte.cast_signed()) }
        }

        #[inline(always)]
        unsafe fn load(self, at: *const u8) -> __m256i {
            // SAFETY: `self` exists, so AVX2 does; the caller vouches for the 32 bytes, and this
            // load asks for no alignment.
            unsafe { _mm256_loadu_si256(at.cast()) }
        }

        #[inline(always)]
        fn equal(self, a: __m256i, b: __m256i) -> __m256i {
            // SAFETY: `self` exists, so AVX2 does.
            unsafe { _mm256_cmpeq_epi8(a, b) }
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
        fn mask(self, lanes: __m256i) -> u64 {
            // SAFETY: `self` exists, so AVX2 does.
            u64::from(unsafe { _mm256_movemask_epi8(lanes) }.cast_unsigned())
        }

        #[inline(always)]
        fn prefetch<D: Direction>(self, at: *const u8, len: usize) {
            prefetch::<D, AHEAD>(at, len);
        }
    }

    /// 64 bytes at a time, on processors that lose nothing by it.
    #[derive(Clone, Copy, Debug)]
    pub(in super::super) struct Avx512<const AHEAD: usize = 0> {
        /// AVX-512 has AVX2 in it: for fewer starts than 64.
        narrow: Avx2,
    }

    impl Avx512 {
        /// The proof that this processor has AVX-512BW, if it has, and is of the generations that
        /// do not slow their clock for it: those have VBMI2 too (Ice Lake, Zen 4).
        #[inline(always)]
        pub(in super::super) fn detect(narrow: Avx2) -> Option<Self> {
            (std::arch::is_x86_feature_detected!("avx512bw")
                && std::arch::is_x86_feature_detected!("avx512dq")
                && std::arch::is_x86_feature_detected!("avx512vbmi2"))
            .then_some(Self { narrow })
        }

        /// The same, asking for memory ahead.
        #[inline(always)]
        pub(in super::super) fn ahead(self) -> Avx512<AHEAD> {
            Avx512 {
                narrow: self.narrow,
            }
        }
    }

    impl<const AHEAD: usize> Avx512<AHEAD> {
        /// The narrower vectors.
        #[inline(always)]
        pub(in super::super) fn narrow(self) -> Avx2 {
            self.narrow
        }
    }

    /// The number of each lane.
    static LANE_NUMBERS: [u8; 64] = {
        let mut numbers = [0; 64];
        let mut lane = 0;
        while lane < 64 {
            numbers[lane as usize] = lane;
            lane += 1;
        }
        numbers
    };

    /// A lane is true if it is zero: differences are `or`ed, in one instruction a probe with the
    /// `xor` that makes them, and only one mask is made for four vectors.
    impl<const AHEAD: usize> Isa for Avx512<AHEAD> {
        const LANES: usize = 64;
        const LANE_BITS: u32 = 0;
        const OFFSETS: bool = true;
        type Vector = __m512i;
        type Lanes = __m512i;

        #[inline(always)]
        fn splat(self, byte: u8) -> __m512i {
            // SAFETY: `self` exists, so AVX-512 does.
            unsafe { _mm512_set1_epi8(byte.cast_signed()) }
        }

        #[inline(always)]
        unsafe fn load(self, at: *const u8) -> __m512i {
            // SAFETY: `self` exists, so AVX-512 does; the caller vouches for the 64 bytes, and this
            // load asks for no alignment.
            unsafe { _mm512_loadu_si512(at.cast()) }
        }

        #[inline(always)]
        fn equal(self, a: __m512i, b: __m512i) -> __m512i {
            // SAFETY: `self` exists, so AVX-512 does.
            unsafe { _mm512_xor_si512(a, b) }
        }

        #[inline(always)]
        fn and(self, a: __m512i, b: __m512i) -> __m512i {
            // SAFETY: `self` exists, so AVX-512 does.
            unsafe { _mm512_or_si512(a, b) }
        }

        #[inline(always)]
        fn and_equal(self, lanes: __m512i, a: __m512i, b: __m512i) -> __m512i {
            // SAFETY: `self` exists, so AVX-512 does.
            unsafe { _mm512_ternarylogic_epi32::<0b1111_0110>(lanes, a, b) }
        }

        #[inline(always)]
        fn or(self, a: __m512i, b: __m512i) -> __m512i {
            // SAFETY: `self` exists, so AVX-512BW does.
            unsafe { _mm512_min_epu8(a, b) }
        }

        #[inline(always)]
        fn mask(self, lanes: __m512i) -> u64 {
            // SAFETY: `self` exists, so AVX-512BW does.
            unsafe { _mm512_testn_epi8_mask(lanes, lanes) }
        }

        /// The indices by one instruction that moves the bytes of a mask's lanes together, and eight of them at a
        /// time into numbers: a third of the time that bit by bit takes.
        #[inline(always)]
        fn offsets<D: Direction>(self, from: u64, mask: u64, slots: &mut [f64]) {
            let due = mask.count_ones() as usize;
            let (mask, from) = if D::FORWARD {
                (mask, from)
            } else {
                (mask.reverse_bits(), from + 63)
            };
            // SAFETY: `self` exists, so AVX-512F does; the array has 64 bytes.
            let each = unsafe { _mm512_loadu_si512((&raw const LANE_NUMBERS).cast()) };
            // SAFETY: `self` exists, so VBMI2 does.
            let together = unsafe { _mm512_maskz_compress_epi8(mask, each) };
            let mut lanes = [0_u64; 8];
            // SAFETY: `self` exists, so AVX-512F does; the array has 64 bytes.
            unsafe { _mm512_storeu_si512((&raw mut lanes).cast(), together) };
            // SAFETY: `self` exists, so AVX-512F does.
            let from = unsafe { _mm512_set1_epi64(from.cast_signed()) };
            let (groups, _) = slots.as_chunks_mut::<8>();
            for (group, lanes) in groups.iter_mut().zip(lanes).take(due.div_ceil(8)) {
                // SAFETY: SSE2 is a part of x86_64.
                let lanes = unsafe { _mm_cvtsi64_si128(lanes.cast_signed()) };
                // SAFETY: `self` exists, so AVX-512F does.
                let lanes = unsafe { _mm512_cvtepu8_epi64(lanes) };
                let offsets = if D::FORWARD {
                    // SAFETY: `self` exists, so AVX-512F does.
                    unsafe { _mm512_add_epi64(from, lanes) }
                } else {
                    // SAFETY: `self` exists, so AVX-512F does.
                    unsafe { _mm512_sub_epi64(from, lanes) }
                };
                // SAFETY: `self` exists, so AVX-512DQ does.
                let numbers = unsafe { _mm512_cvtepi64_pd(offsets) };
                // SAFETY: `self` exists, so AVX-512F does; the group has eight numbers.
                unsafe { _mm512_storeu_pd(group.as_mut_ptr(), numbers) };
            }
        }

        #[inline(always)]
        fn prefetch<D: Direction>(self, at: *const u8, len: usize) {
            prefetch::<D, AHEAD>(at, len);
        }
    }
}

#[cfg(target_arch = "aarch64")]
pub(super) use arm::Neon;

#[cfg(target_arch = "aarch64")]
mod arm {
    use super::Isa;
    use std::arch::aarch64::{
        uint8x16_t, vandq_u8, vceqq_u8, vdupq_n_u8, vget_lane_u64, vld1q_u8, vorrq_u8,
        vreinterpret_u64_u8, vreinterpretq_u16_u8, vshrn_n_u16,
    };

    /// 16 bytes at a time, on every aarch64 processor that Rust's std runs on.
    #[derive(Clone, Copy, Debug)]
    pub(in super::super) struct Neon;

    impl Isa for Neon {
        const LANES: usize = 16;
        const LANE_BITS: u32 = 2;
        type Vector = uint8x16_t;
        type Lanes = uint8x16_t;

        #[inline(always)]
        fn splat(self, byte: u8) -> uint8x16_t {
            // SAFETY: NEON is a part of the aarch64 targets.
            unsafe { vdupq_n_u8(byte) }
        }

        #[inline(always)]
        unsafe fn load(self, at: *const u8) -> uint8x16_t {
            // SAFETY: NEON is a part of the aarch64 targets; the caller vouches for the 16 bytes,
            // and a load of bytes asks for no alignment.
            unsafe { vld1q_u8(at) }
        }

        #[inline(always)]
        fn equal(self, a: uint8x16_t, b: uint8x16_t) -> uint8x16_t {
            // SAFETY: NEON is a part of the aarch64 targets.
            unsafe { vceqq_u8(a, b) }
        }

        #[inline(always)]
        fn and(self, a: uint8x16_t, b: uint8x16_t) -> uint8x16_t {
            // SAFETY: NEON is a part of the aarch64 targets.
            unsafe { vandq_u8(a, b) }
        }

        #[inline(always)]
        fn or(self, a: uint8x16_t, b: uint8x16_t) -> uint8x16_t {
            // SAFETY: NEON is a part of the aarch64 targets.
            unsafe { vorrq_u8(a, b) }
        }

        /// Shifting each pair of lanes right by four and keeping the low byte leaves one nibble a
        /// lane, in order.
        #[inline(always)]
        fn mask(self, lanes: uint8x16_t) -> u64 {
            // SAFETY: NEON is a part of the aarch64 targets.
            let pairs = unsafe { vreinterpretq_u16_u8(lanes) };
            // SAFETY: NEON is a part of the aarch64 targets.
            let nibbles = unsafe { vshrn_n_u16::<4>(pairs) };
            // SAFETY: NEON is a part of the aarch64 targets.
            let word = unsafe { vreinterpret_u64_u8(nibbles) };
            // SAFETY: NEON is a part of the aarch64 targets; the one lane is lane 0.
            let bits = unsafe { vget_lane_u64::<0>(word) };
            bits & 0x1111_1111_1111_1111
        }
    }
}
