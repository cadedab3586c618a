//! Where matches go: the first one, a count, or a slice of offsets.
//!
//! A strategy does not return at a match. It records it here and goes on behind it, in the same vector, until there
//! are enough.

use super::direction::Direction;
use super::vector::Isa;

/// Where matches go.
#[derive(Debug)]
pub(crate) struct Hits<'a> {
    /// Receives the offsets. Matches that do not fit are only counted.
    out: &'a mut [f64],
    /// Added to each offset.
    pub(crate) base: u64,
    /// Matches so far.
    pub(crate) count: usize,
    /// The search ends at this many.
    pub(crate) limit: usize,
    /// The start of the last match, in the haystack.
    pub(crate) last: usize,
}

impl<'a> Hits<'a> {
    /// One match is enough.
    #[inline(always)]
    pub(crate) fn first() -> Self {
        Self {
            out: &mut [],
            base: 0,
            count: 0,
            limit: 1,
            last: 0,
        }
    }

    /// All are counted.
    pub(crate) fn counted() -> Self {
        Self {
            limit: usize::MAX,
            ..Self::first()
        }
    }

    /// As many as `out` has room for.
    pub(crate) fn into_slice(out: &'a mut [f64], base: u64) -> Self {
        Self {
            limit: out.len(),
            out,
            base,
            ..Self::first()
        }
    }

    /// Notes a match. Returns whether there are enough.
    #[inline(always)]
    pub(crate) fn record(&mut self, start: usize) -> bool {
        self.note(start, true)
    }

    /// Notes a candidate if it is a match, without a branch. Returns whether there are enough.
    #[inline(always)]
    pub(crate) fn note(&mut self, start: usize, is_match: bool) -> bool {
        if let Some(slot) = self.out.get_mut(self.count) {
            *slot = as_number(self.base + start as u64);
        }
        self.last = if is_match { start } else { self.last };
        self.count += usize::from(is_match);
        self.count >= self.limit
    }

    /// Notes a match for each bit of `mask`, of which each start from `first` on has `1 << LANE_BITS`. If no offsets
    /// are asked for, the matches are only counted. The caller ensures that there is room for more matches than
    /// these, and that more starts are left than a match covers. So `last`, which only the end of a search needs,
    /// need not be updated.
    ///
    /// The first `FEW` slots are always written, and kept if they are matches: so there is no branch to mispredict
    /// where lines are of any length.
    #[inline(always)]
    pub(crate) fn scatter<I: Isa, D: Direction, const FEW: usize>(
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

    /// Room for as many offsets, if there is that and some more. The caller adds what is noted there to `count`, and
    /// ensures that more starts are left than a match covers: so `last` need not be updated.
    #[inline(always)]
    pub(crate) fn room_for(&mut self, offsets: usize) -> Option<Notes<'_>> {
        (self.limit - self.count > offsets + 64).then(|| Notes {
            out: self.out.get_mut(self.count..).unwrap_or_default(),
            base: self.base,
            count: 0,
        })
    }

    /// Whether offsets are noted, not only counted.
    pub(crate) fn takes_offsets(&self) -> bool {
        !self.out.is_empty()
    }

    /// The match, if one was asked for and found.
    #[inline(always)]
    pub(crate) fn found(&self) -> Option<usize> {
        (self.count > 0).then_some(self.last)
    }
}

/// Receives matches for which there is room, without a look at each whether there are enough.
pub(crate) struct Notes<'a> {
    out: &'a mut [f64],
    base: u64,
    count: usize,
}

impl Notes<'_> {
    /// Whether offsets are noted, not only counted.
    #[inline(always)]
    pub(crate) fn takes_offsets(&self) -> bool {
        !self.out.is_empty()
    }

    /// Notes a candidate if it is a match, without a branch: with its offset if `OFFSETS`.
    #[inline(always)]
    pub(crate) fn note<const OFFSETS: bool>(&mut self, start: usize, is_match: bool) {
        if OFFSETS && let Some(slot) = self.out.get_mut(self.count) {
            *slot = as_number(self.base + start as u64);
        }
        self.count += usize::from(is_match);
    }

    /// How many matches there are.
    #[inline(always)]
    pub(crate) fn count(&self) -> usize {
        self.count
    }
}

/// Offsets cross into JavaScript as numbers, which are exact up to 2^53: 8 PiB.
#[inline(always)]
#[expect(clippy::cast_precision_loss, reason = "no file has 8 PiB")]
pub(crate) fn as_number(offset: u64) -> f64 {
    // One instruction, where the unsigned number takes five.
    offset.cast_signed() as f64
}
