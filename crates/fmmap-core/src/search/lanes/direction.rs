//! The two directions of a search, as the few places in which they differ.
//!
//! A search keeps a window of the *starts* that are still possible. The window shrinks as it is
//! searched: from the front going [`Forward`], from the back going [`Reverse`]. Each strategy is
//! written once, generic over [`Direction`].

/// The starts, offsets in the haystack at which the needle could begin, that are still to be
/// searched: `lo` included, `hi` not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Window {
    pub(crate) lo: usize,
    pub(crate) hi: usize,
}

impl Window {
    /// How many starts are left.
    #[inline(always)]
    pub(crate) fn len(self) -> usize {
        self.hi.saturating_sub(self.lo)
    }
}

/// Which end a search begins at.
pub(crate) trait Direction: Copy {
    /// Whether it begins at the front.
    const FORWARD: bool;

    /// Where the next block of `size` starts begins. The window holds at least as many.
    #[inline(always)]
    fn block(window: Window, size: usize) -> usize {
        if Self::FORWARD {
            window.lo
        } else {
            window.hi - size
        }
    }

    /// Removes the block of `size` starts from `base` on from the window, after it has been searched.
    #[inline(always)]
    fn pass(window: &mut Window, base: usize, size: usize) {
        if Self::FORWARD {
            window.lo = window.lo.max(base + size);
        } else {
            window.hi = window.hi.min(base);
        }
    }

    /// The same for a block that may reach past the window.
    #[inline(always)]
    fn pass_within(window: &mut Window, base: usize, size: usize) {
        if Self::FORWARD {
            window.lo = window.lo.max((base + size).min(window.hi));
        } else {
            window.hi = window.hi.min(base.max(window.lo));
        }
    }

    /// Removes what was searched of the window's first part, of which `part` is left, and the starts
    /// that a match at the end of that part overlaps.
    #[inline(always)]
    fn follow(window: &mut Window, part: Window) {
        if Self::FORWARD {
            window.lo = part.lo;
        } else {
            window.hi = part.hi;
        }
    }

    /// Removes everything up to a match of `len` bytes, and the starts that would overlap it.
    #[inline(always)]
    fn accept(window: &mut Window, start: usize, len: usize) {
        if Self::FORWARD {
            window.lo = start + len;
        } else {
            window.hi = (start + 1).saturating_sub(len);
        }
    }

    /// Removes everything up to and including a start that is not a match.
    #[inline(always)]
    fn reject(window: &mut Window, start: usize) {
        Self::accept(window, start, 1);
    }

    /// Splits off the part of at most `size` starts that comes first.
    #[inline(always)]
    fn stretch(window: Window, size: usize) -> Window {
        let size = size.min(window.len());
        let lo = Self::block(window, size);
        Window { lo, hi: lo + size }
    }

    /// The index of the mask bit that comes first. The mask is not 0.
    #[inline(always)]
    fn first(mask: u64) -> u32 {
        if Self::FORWARD {
            mask.trailing_zeros()
        } else {
            mask.leading_zeros() ^ 63
        }
    }

    /// The mask without the bit that comes first.
    #[inline(always)]
    fn rest(mask: u64) -> u64 {
        if Self::FORWARD {
            mask & mask.wrapping_sub(1)
        } else {
            mask & !(1_u64.unbounded_shl(Self::first(mask)))
        }
    }

    /// The index of the `n`th of `count` things in order of search.
    #[inline(always)]
    fn nth(n: usize, count: usize) -> usize {
        if Self::FORWARD { n } else { count - 1 - n }
    }

    /// The first occurrence of a byte.
    #[inline(always)]
    fn memchr(byte: u8, haystack: &[u8]) -> Option<usize> {
        if Self::FORWARD {
            memchr::memchr(byte, haystack)
        } else {
            memchr::memrchr(byte, haystack)
        }
    }
}

/// From the front: the lowest offset is found first.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Forward;

impl Direction for Forward {
    const FORWARD: bool = true;
}

/// From the back: the highest offset is found first.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reverse;

impl Direction for Reverse {
    const FORWARD: bool = false;
}
