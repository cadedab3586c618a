//! The vectors of `x86_64`: SSE2 on every processor, AVX2 and AVX-512 where they are detected.

use super::Isa;
use crate::search::lanes::Direction;
use std::arch::x86_64::{
    __cpuid, __m128i, __m256i, __m512i, _MM_HINT_T0, _mm_and_si128, _mm_cmpeq_epi8,
    _mm_cvtsi64_si128, _mm_loadu_si128, _mm_movemask_epi8, _mm_or_si128, _mm_prefetch,
    _mm_set1_epi8, _mm256_and_si256, _mm256_cmpeq_epi8, _mm256_loadu_si256, _mm256_movemask_epi8,
    _mm256_or_si256, _mm256_set1_epi8, _mm512_add_epi64, _mm512_cvtepi64_pd, _mm512_cvtepu8_epi64,
    _mm512_loadu_si512, _mm512_maskz_compress_epi8, _mm512_min_epu8, _mm512_or_si512,
    _mm512_set1_epi8, _mm512_set1_epi64, _mm512_storeu_pd, _mm512_storeu_si512, _mm512_sub_epi64,
    _mm512_ternarylogic_epi32, _mm512_testn_epi8_mask, _mm512_xor_si512,
};
use std::sync::OnceLock;

/// Bytes in a line of the cache.
const LINE: usize = 64;

/// How many bytes ahead of the loads a kernel prefetches, where that pays.
///
/// A core has a limited number of places for loads that wait for memory. The more instructions a byte takes, the fewer
/// bytes are under way; a prefetch takes a place without waiting for the instructions before it. Shorter and longer
/// distances were slower: docs/search.md has the figures.
const AHEAD: usize = 2048;

/// Whether prefetching pays: on Intel's processors. AMD's keep enough loads under way without it.
pub(crate) fn asking_pays() -> bool {
    static INTEL: OnceLock<bool> = OnceLock::new();
    *INTEL.get_or_init(|| {
        let vendor = __cpuid(0);
        [vendor.ebx, vendor.edx, vendor.ecx].map(u32::to_le_bytes) == [*b"Genu", *b"ineI", *b"ntel"]
    })
}

#[inline(always)]
fn prefetch<D: Direction>(at: *const u8, len: usize) {
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
pub(crate) struct Sse2;

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
pub(crate) struct Avx2 {
    /// Whether memory is prefetched. Private, so that no other module can make an `Avx2` without [`Avx2::detect`].
    ///
    /// Not a type of its own: for that, every loop would be compiled once more, which is 120 KB. The branch is always
    /// predicted.
    asks_ahead: bool,
}

impl Avx2 {
    /// The proof that this processor has AVX2, if it has.
    #[inline(always)]
    pub(crate) fn detect() -> Option<Self> {
        std::arch::is_x86_feature_detected!("avx2").then_some(Self { asks_ahead: false })
    }

    /// The same, with prefetching.
    #[inline(always)]
    pub(crate) fn ahead(mut self) -> Self {
        self.asks_ahead = true;
        self
    }

    /// The same without prefetching.
    #[inline(always)]
    pub(crate) fn near(mut self) -> Self {
        self.asks_ahead = false;
        self
    }

    /// Whether memory is prefetched.
    #[inline(always)]
    pub(crate) fn asks_ahead(self) -> bool {
        self.asks_ahead
    }
}

impl Isa for Avx2 {
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
        if self.asks_ahead {
            prefetch::<D>(at, len);
        }
    }
}

/// 64 bytes at a time, on processors that lose nothing by it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Avx512 {
    /// AVX-512 includes AVX2, which is used for fewer than 64 starts. It says whether memory is prefetched.
    narrow: Avx2,
}

impl Avx512 {
    /// The proof that this processor has AVX-512BW, if it has, and is of the generations that
    /// do not slow their clock for it: those have VBMI2 too (Ice Lake, Zen 4).
    #[inline(always)]
    pub(crate) fn detect(narrow: Avx2) -> Option<Self> {
        (std::arch::is_x86_feature_detected!("avx512bw")
            && std::arch::is_x86_feature_detected!("avx512dq")
            && std::arch::is_x86_feature_detected!("avx512vbmi2"))
        .then_some(Self { narrow })
    }

    /// The same, with prefetching.
    #[inline(always)]
    pub(crate) fn ahead(self) -> Self {
        Self {
            narrow: self.narrow.ahead(),
        }
    }

    /// The narrower vectors, without prefetching.
    #[inline(always)]
    pub(crate) fn narrow(self) -> Avx2 {
        self.narrow.near()
    }

    /// Whether memory is prefetched.
    #[inline(always)]
    pub(crate) fn asks_ahead(self) -> bool {
        self.narrow.asks_ahead()
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
impl Isa for Avx512 {
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

    /// Finds the indices by one instruction that packs the lane numbers whose mask bits are set. Eight at a time are
    /// then converted to numbers. This takes a third of the time that going bit by bit takes.
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
        if self.asks_ahead() {
            prefetch::<D>(at, len);
        }
    }
}
