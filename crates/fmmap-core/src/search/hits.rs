//! Where matches go: the first one, a count, or a slice of offsets.
//!
//! A strategy does not return at a match. It records it here and goes on behind it, in the same vector, until there
//! are enough.

use super::direction::Direction;
use super::vector::Isa;

/// Where matches go.
#[derive(Debug)]
pub(super) struct Hits<'a> {
    /// Takes the offsets; what does not fit is only counted.
    out: &'a mut [f64],
    /// Added to each offset.
    pub(super) base: u64,
    /// Matches so far.
    pub(super) count: usize,
    /// The search ends at this many.
    pub(super) limit: usize,
    /// The start of the last match, in the haystack.
    pub(super) last: usize,
}

impl<'a> Hits<'a> {
    /// One match is enough.
    #[inline(always)]
    pub(super) fn first() -> Self {
        Self {
            out: &mut [],
            base: 0,
            count: 0,
            limit: 1,
            last: 0,
        }
    }

    /// All are counted.
    pub(super) fn counted() -> Self {
        Self {
            limit: usize::MAX,
            ..Self::first()
        }
    }

    /// As many as `out` has room for.
    pub(super) fn into_slice(out: &'a mut [f64], base: u64) -> Self {
        Self {
            limit: out.len(),
            out,
            base,
            ..Self::first()
        }
    }

    /// Notes a match; whether that is enough.
    #[inline(always)]
    pub(super) fn record(&mut self, start: usize) -> bool {
        self.note(start, true)
    }

    /// Notes a candidate if it is a match, without a branch on that; whether there are enough.
    #[inline(always)]
    pub(super) fn note(&mut self, start: usize, is_match: bool) -> bool {
        if let Some(slot) = self.out.get_mut(self.count) {
            *slot = as_number(self.base + start as u64);
        }
        self.last = if is_match { start } else { self.last };
        self.count += usize::from(is_match);
        self.count >= self.limit
    }

    /// Notes a match for each bit of `mask`, `1 << LANE_BITS` bits a start from `first` on. Where no offsets are
    /// asked for, they are counted. The caller has seen to it that there is room for more than them, and that more
    /// starts are left than a match covers: `last` stays as it was, and is wanted of the end only.
    ///
    /// `FEW` slots are written whatever there is, and kept if they were due: no branch to mispredict
    /// where lines are of any length.
    #[inline(always)]
    pub(super) fn scatter<I: Isa, D: Direction, const FEW: usize>(
        &mut self,
        isa: I,
        first: usize,
        mut mask: u64,
    ) {
        let due = mask.count_ones() as usize;
        let from = self.base.wrapping_add(first as u64);
        let slots = self.out.get_mut(self.count..).unwrap_or_default();
        self.count += due;
        if slots.is_empty() {
            return;
        }
        if I::OFFSETS {
            isa.offsets::<D>(from, mask, slots);
            return;
        }
        let mut next = || {
            let lane = u64::from(D::first(mask) >> I::LANE_BITS);
            mask = D::rest(mask);
            as_number(from.wrapping_add(lane))
        };
        if let Some((few, more)) = slots.split_first_chunk_mut::<FEW>() {
            for slot in few {
                *slot = next();
            }
            if due > FEW {
                for slot in more.iter_mut().take(due - FEW) {
                    *slot = next();
                }
            }
        }
    }

    /// Whether offsets are noted, not only counted.
    pub(super) fn takes_offsets(&self) -> bool {
        !self.out.is_empty()
    }

    /// The match, if one was asked for and found.
    #[inline(always)]
    pub(super) fn found(&self) -> Option<usize> {
        (self.count > 0).then_some(self.last)
    }
}

/// Offsets cross into JavaScript as numbers, which are exact up to 2^53: 8 PiB.
#[inline(always)]
#[expect(clippy::cast_precision_loss, reason = "no file has 8 PiB")]
pub(super) fn as_number(offset: u64) -> f64 {
    // One instruction, where the unsigned number takes five.
    offset.cast_signed() as f64
}
