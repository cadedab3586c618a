//! Lists the masks of a stretch that are not zero. Reading the list needs no branch on a mask, so none is mispredicted.

use super::pair::eager;
use crate::search::lanes::{Aim, Forward, Hits, Isa};

/// Starts a block.
pub(crate) const BLOCK: usize = 128;

/// The starts whose masks are listed before they are read. Starts behind the last match of a batch are searched again
/// by the next batch.
pub(crate) const STRETCH: usize = 16 << 10;

/// Masks in a stretch, a power of two.
const MASKS: usize = STRETCH
    / if cfg!(target_arch = "aarch64") {
        16
    } else {
        64
    };

/// The number of offsets that are always written for a mask, however many matches it has.
pub(crate) const FEW: usize = 4;

/// Starts a mask.
pub(crate) const fn lanes<I: Isa>() -> usize {
    64 >> I::LANE_BITS
}

/// Computes the masks of a stretch. A trait and not a closure, as a closure would be compiled without the vector
/// instructions.
pub(crate) trait Source<I: Isa> {
    /// The mask of the starts from `place` on, counted from the beginning of the stretch; asked for one after another.
    ///
    /// # Safety
    ///
    /// These starts are the source's.
    unsafe fn mask(&mut self, isa: I, place: usize) -> u64;
}

/// The mask of the starts from `start` on at which all probes agree.
///
/// # Safety
///
/// As for [`eager`], for each of these starts.
#[inline(always)]
pub(crate) unsafe fn agreeing<I: Isa, const U: usize>(
    isa: I,
    aim: &Aim<I, U>,
    start: usize,
) -> u64 {
    let bits = I::LANES << I::LANE_BITS;
    let mut mask = 0;
    for i in 0..64 / bits {
        // SAFETY: passed on to the caller.
        let agree = unsafe { eager::<I, U>(isa, aim, start + i * I::LANES) };
        mask |= isa.mask(agree) << (i * bits);
    }
    mask
}

/// The masks of a stretch that are not 0, and where each one's starts begin in it.
pub(crate) struct Masks {
    bits: [u64; MASKS],
    places: [u32; MASKS],
    len: usize,
    /// What comes behind the stretch.
    behind: *const u8,
}

impl Masks {
    /// An empty list.
    #[inline(always)]
    pub(crate) fn new() -> Self {
        Self {
            bits: [0; MASKS],
            places: [0; MASKS],
            len: 0,
            behind: std::ptr::null(),
        }
    }

    /// How many there are.
    #[inline(always)]
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// How many starts are in them.
    #[inline(always)]
    pub(crate) fn starts(&self) -> usize {
        let masks = self.bits[..self.len].iter();
        masks.map(|mask| mask.count_ones() as usize).sum()
    }

    /// A mask, and where its starts begin. An index past the last mask returns an unspecified one.
    ///
    /// Reading masks loads nothing from the haystack, so memory would be idle meanwhile. So each mask that is read
    /// prefetches as many bytes behind the stretch as it has starts.
    #[inline(always)]
    pub(crate) fn at<I: Isa>(&self, isa: I, at: usize) -> (usize, u64) {
        let behind = self.behind.wrapping_add(at * lanes::<I>());
        isa.prefetch::<Forward>(behind, lanes::<I>());
        (self.places[at % MASKS] as usize, self.bits[at % MASKS])
    }

    /// Lists the masks of a stretch of `size` starts, a multiple of [`BLOCK`] and at most [`STRETCH`]. `from` is where
    /// it begins.
    ///
    /// # Safety
    ///
    /// These starts are the source's.
    #[inline(always)]
    pub(crate) unsafe fn fill<I: Isa>(
        &mut self,
        isa: I,
        from: *const u8,
        size: usize,
        mut source: impl Source<I>,
    ) {
        let (mut len, mut place) = (0, 0);
        for block in (0..size).step_by(BLOCK) {
            isa.prefetch::<Forward>(from.wrapping_add(block), BLOCK);
            for _ in 0..BLOCK / lanes::<I>() {
                // SAFETY: passed on to the caller.
                let mask = unsafe { source.mask(isa, place as usize) };
                self.bits[len % MASKS] = mask;
                self.places[len % MASKS] = place;
                len += usize::from(mask != 0);
                place += 64 >> I::LANE_BITS;
            }
        }
        self.len = len;
        self.behind = from.wrapping_add(size);
    }

    /// Notes all starts in the masks as matches. If there may be no room for them, it notes none and returns false.
    #[inline(always)]
    pub(crate) fn take<I: Isa>(&self, isa: I, lo: usize, hits: &mut Hits<'_>) -> bool {
        let due = self.starts();
        if !hits.takes_offsets() {
            hits.count += due;
            return true;
        }
        if hits.limit - hits.count <= due + 64 {
            return false;
        }
        for at in 0..self.len {
            let (place, mask) = self.at(isa, at);
            hits.scatter::<I, Forward, FEW>(isa, lo + place, mask);
        }
        true
    }
}
