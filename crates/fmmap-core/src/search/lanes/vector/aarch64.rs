//! The vectors of aarch64: NEON, which every processor has that Rust's std runs on.

use super::Isa;
use std::arch::aarch64::{
    uint8x16_t, vandq_u8, vceqq_u8, vdupq_n_u8, vget_lane_u64, vld1q_u8, vorrq_u8,
    vreinterpret_u64_u8, vreinterpretq_u16_u8, vshrn_n_u16,
};

/// 16 bytes at a time, on every aarch64 processor that Rust's std runs on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Neon;

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
