//! The probes: which bytes of the needle are compared with the haystack first.
//!
//! A probe is a position in the needle. How few candidates they leave depends on the haystack, and there are three ways
//! to choose them: the needle's ends, as good as any guess where little is searched; its rarest bytes by a ranking of
//! all files; and, in `dense`, by a sample of this haystack.

use super::vector::Isa;

/// The two slices of a search. Both live for one call.
#[derive(Clone, Copy)]
pub(crate) struct Subject<'a> {
    pub(crate) haystack: &'a [u8],
    pub(crate) needle: &'a [u8],
}

/// At most this many probes: twelve letters of an alphabet of two leave one random candidate in 4,096 starts, as six
/// of DNA's do.
pub(crate) const MAX_PROBES: usize = 12;

/// Positions in the needle.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Probes {
    at: [usize; MAX_PROBES],
    len: usize,
    /// How many are compared for every start. The others are checked before a candidate is
    /// compared in full, since that takes less time than a comparison.
    pub(crate) eager: usize,
}

impl Probes {
    /// Probes at the given positions, those outside the needle and those that stand there twice
    /// left out.
    #[inline(always)]
    pub(crate) fn new(needle: &[u8], positions: &[usize], eager: usize) -> Self {
        let mut probes = Self {
            at: [0; MAX_PROBES],
            len: 0,
            eager: 0,
        };
        for &position in positions {
            let fresh = !probes.at[..probes.len].contains(&position);
            if probes.len < MAX_PROBES && position < needle.len() && fresh {
                probes.at[probes.len] = position;
                probes.len += 1;
            }
        }
        probes.eager = eager.min(probes.len);
        probes
    }

    /// Probes at these positions, as they are.
    #[inline(always)]
    fn of<const N: usize>(positions: [usize; N], eager: usize) -> Self {
        let mut at = [0; MAX_PROBES];
        at[..N].copy_from_slice(&positions);
        Self { at, len: N, eager }
    }

    /// Both ends and the middle, or bytes near them that are neither the same nor zero. In a small haystack a better
    /// choice would take longer than it saves. The needle has at least one byte.
    ///
    /// Zero is every second byte of UTF-16, and most of those of numbers.
    #[inline(always)]
    pub(crate) fn ends(needle: &[u8]) -> Self {
        let (mut first, mut last) = (0, needle.len() - 1);
        let mut middle = needle.len() / 2;
        if needle.len() > 3 {
            first = usize::from(needle[0] == 0);
            let (highest, lowest) = (last.min(middle + NEARBY), last.saturating_sub(NEARBY));
            let poor = |byte: u8| byte == needle[first] || byte == 0;
            while poor(needle[middle]) && middle + 1 < highest {
                middle += 1;
            }
            let lowest = lowest.max(middle + 1);
            while (poor(needle[last]) || needle[last] == needle[middle]) && last > lowest {
                last -= 1;
            }
        }
        let mut probes = Self::of([first, last, middle, needle.len() / 3], 2);
        // In a needle of two bytes the middle is one of the ends; in one of three it is the only byte left.
        if needle.len() < 4 {
            probes.len = needle.len();
            probes.eager = probes.len.min(2);
        }
        probes
    }

    /// As many as there may be, evenly spread, all of them compared for every start.
    pub(crate) fn spread(needle: &[u8]) -> Self {
        let (mut at, mut len) = ([0; MAX_PROBES], 0);
        for position in evenly(needle, MAX_PROBES - 1) {
            at[len] = position;
            len += 1;
        }
        Self {
            at,
            len,
            eager: len,
        }
    }

    /// A place at which a candidate failed, and two between the ends and the middle.
    pub(crate) fn between(needle: &[u8], missed: usize) -> Self {
        let third = needle.len() / 3;
        Self::of([missed.min(needle.len() - 1), third, 2 * third], 3)
    }

    /// The two bytes of the needle that are rarest in files in general, then its ends and middle. The needle has one byte
    /// at least.
    ///
    /// The memchr crate's table ranks zero among the rare ones: here it counts as a space, the most frequent of all.
    pub(crate) fn rarest(needle: &[u8]) -> Self {
        let mut ranked = [b' '; RANKED];
        let ranked = &mut ranked[..needle.len().min(RANKED)];
        for (to, &byte) in ranked.iter_mut().zip(needle) {
            *to = if byte == 0 { b' ' } else { byte };
        }
        let Some(pair) = memchr::arch::all::packedpair::Pair::new(ranked) else {
            return Self::ends(needle);
        };
        let rarest = [pair.index1(), pair.index2()].map(usize::from);
        let positions = [rarest[0], rarest[1], needle.len() - 1, needle.len() / 2, 0];
        Self::new(needle, &positions, 2)
    }

    /// Whether there is a probe that is not compared for every start yet.
    pub(crate) fn can_widen(&self) -> bool {
        self.eager < self.len
    }

    /// The same, with one probe more that is compared for every start.
    pub(crate) fn widened(self) -> Self {
        Self {
            eager: (self.eager + 1).min(self.len),
            ..self
        }
    }

    /// Computes the addresses and vectors of the first `U` probes in the haystack.
    ///
    /// # Panics
    ///
    /// If there are fewer probes, or one is not in the needle.
    #[inline(always)]
    pub(crate) fn aim<I: Isa, const U: usize>(
        &self,
        isa: I,
        Subject { haystack, needle }: Subject<'_>,
    ) -> Aim<I, U> {
        assert!(U <= self.len);
        for &at in &self.at[..self.len] {
            assert!(at < needle.len());
        }
        let mut from = [haystack.as_ptr(); U];
        let mut want = [isa.splat(0); U];
        for k in 0..U {
            from[k] = haystack.as_ptr().wrapping_add(self.at[k]);
            want[k] = isa.splat(needle[self.at[k]]);
        }
        Aim { from, want }
    }

    /// The positions of those behind the first `eager`.
    #[inline(always)]
    pub(crate) fn behind(&self, eager: usize) -> &[usize] {
        &self.at[eager..self.len]
    }

    /// The position of the first probe.
    pub(crate) fn first(&self) -> usize {
        self.at[0]
    }
}

/// Probes for one haystack. Each has the address of the byte for the first start, and a vector with copies of the byte
/// that must be there.
#[derive(Clone, Copy)]
pub(crate) struct Aim<I: Isa, const U: usize> {
    pub(crate) from: [*const u8; U],
    pub(crate) want: [I::Vector; U],
}

/// Positions of a needle in `steps` even steps from its first byte to its last, or all if it is shorter.
pub(crate) fn evenly(needle: &[u8], steps: usize) -> impl Iterator<Item = usize> {
    let last = needle.len() - 1;
    let steps = steps.min(last);
    (0..=steps).map(move |i| i * last / steps.max(1))
}

/// How many of the needle's first bytes are ranked.
const RANKED: usize = 255;

/// How far from the needle's middle and its end another byte is looked for, if they are the same as the first.
const NEARBY: usize = 32;
