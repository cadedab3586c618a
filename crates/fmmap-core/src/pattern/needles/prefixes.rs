//! Eight bytes near the start of each of very many needles, by the hash of its first bytes.
//!
//! Where the first bytes of a needle stand, it is mostly another word that goes on from there. To compare each needle that
//! begins so takes loads that wait for each other, and branches that can't be foreseen. So these bytes are compared
//! first: one line of the cache for each hash, and no branch.

use super::fold::CASE;
use super::grams::first;

/// How many needles a line tells apart.
pub(super) const WAYS: usize = 4;

/// Needles whose first bytes have the same hash: which bits of their eight bytes count, and what they are.
#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
struct Line {
    masks: [u64; WAYS],
    wanted: [u64; WAYS],
}

impl Line {
    /// No bytes have a bit that doesn't count.
    const EMPTY: Self = Self {
        masks: [0; WAYS],
        wanted: [1; WAYS],
    };
}

/// The needle's number is in so many of the lower bits. Above it is the length of a needle of up to sixteen bytes that has
/// one spelling, but for the case of letters of ASCII; of others 0.
pub(super) const NUMBER: u32 = 27;

const NONE: u32 = (1 << NUMBER) - 1;
pub(super) const SEVERAL: u32 = NONE - 1;

/// The table.
#[derive(Debug, Default)]
pub(super) struct Prefixes {
    lines: Vec<Line>,
    needles: Vec<[u32; WAYS]>,
    size: u32,
    shared: usize,
}

impl Prefixes {
    /// For about so many needles.
    pub(super) fn new(many: usize) -> Self {
        let len = (many.next_power_of_two() / 2).clamp(1 << 4, 1 << 16);
        Self {
            lines: vec![Line::EMPTY; len],
            needles: vec![[NONE; WAYS]; len],
            size: len.trailing_zeros(),
            shared: 0,
        }
    }

    /// Where the eight bytes begin in needles of whose first bytes so many are hashed: some of these are compared as well,
    /// since another hash may have the same line.
    #[inline]
    pub(super) fn begin(hashed: usize) -> usize {
        if hashed < 8 { 0 } else { 4 }
    }

    /// Adds a needle by the hash of its first bytes, with up to eight of its bytes. `has_case`: the bit of case of a byte
    /// doesn't count. Above the needle's [`NUMBER`] may be its length.
    pub(super) fn add(
        &mut self,
        hash: u64,
        needle: u32,
        some: &[u8],
        has_case: impl Fn(u8) -> bool,
    ) {
        let (mut bytes, mut mask) = ([0; 8], [0; 8]);
        bytes[..some.len()].copy_from_slice(some);
        for (mask, byte) in mask.iter_mut().zip(some) {
            *mask = if has_case(*byte) { !CASE } else { u8::MAX };
        }
        let mask = u64::from_le_bytes(mask);
        let wanted = u64::from_le_bytes(bytes) & mask;
        let number = first(hash, self.size);
        let (line, needles) = (&mut self.lines[number], &mut self.needles[number]);
        if let Some(free) = needles.iter().position(|&needle| needle == NONE) {
            (line.masks[free], line.wanted[free]) = (mask, wanted);
            needles[free] = needle;
            return;
        }
        // It shares a place with the one with which it has most in common.
        let common = |way: usize| line.masks[way] & mask & !(line.wanted[way] ^ wanted);
        let way = (0..WAYS).max_by_key(|&way| common(way).count_ones());
        let way = way.unwrap_or(0);
        line.masks[way] = common(way);
        line.wanted[way] &= line.masks[way];
        needles[way] = SEVERAL;
        self.shared += 1;
    }

    /// How many needles found no place of their own.
    pub(super) fn shared(&self) -> usize {
        self.shared
    }

    /// Which needles whose first bytes have this hash may have these bytes: a bit for each.
    #[inline]
    pub(super) fn allowed(&self, hash: u64, bytes: u64) -> u32 {
        let Line { masks, wanted } = &self.lines[first(hash, self.size)];
        (0..WAYS).fold(0, |found, way| {
            found | u32::from(bytes & masks[way] == wanted[way]) << way
        })
    }

    /// The needle of a bit, or [`SEVERAL`], and its length if that is known.
    #[inline]
    pub(super) fn get(&self, hash: u64, bit: usize) -> (u32, usize) {
        let needle = self.needles[first(hash, self.size)][bit];
        (needle & NONE, (needle >> NUMBER) as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::{Prefixes, SEVERAL};
    use crate::pattern::testing::Random;

    #[test]
    fn needles_that_share_a_line_are_all_allowed() {
        let mut random = Random(0x11E5);
        for many in [2, 4, 5, 40] {
            let mut prefixes = Prefixes::new(many);
            let needles: Vec<Vec<u8>> = (0..many)
                .map(|_| {
                    (0..random.below(9))
                        .map(|_| u8::try_from(random.below(4)).unwrap())
                        .collect()
                })
                .collect();
            for (number, needle) in (0..).zip(&needles) {
                prefixes.add(7 << 60, number, needle, |_| false);
            }
            for (number, needle) in (0..).zip(&needles) {
                let mut bytes = [0xAB; 8];
                bytes[..needle.len()].copy_from_slice(needle);
                let mut allowed = prefixes.allowed(7 << 60, u64::from_le_bytes(bytes));
                let mut is_there = false;
                while allowed != 0 {
                    let bit = allowed.trailing_zeros() as usize;
                    let (one, _) = prefixes.get(7 << 60, bit);
                    is_there |= one == SEVERAL || one == number;
                    allowed &= allowed - 1;
                }
                assert!(is_there, "{needle:?} of {many}");
            }
            assert_eq!(prefixes.allowed(3 << 60, 0), 0);
        }
    }
}
