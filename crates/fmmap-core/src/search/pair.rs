//! The kernel: compare a few bytes of the needle with many starts at once.
//!
//! A needle of `m` bytes can begin at any of `n - m + 1` starts. Choose a few positions in the
//! needle, the *probes*. For a block of 32 starts (64 with AVX-512, 16 without AVX2) and one probe, one vector load
//! at `block + probe` and one comparison tell at which of the starts the haystack has the right
//! byte there. The `and` over the probes leaves the *candidates*, and each is compared in full.
//! Two probes of rare bytes leave almost none in most haystacks: the algorithm that Wojciech Muła
//! described as "generic SIMD", and that the memchr crate calls "packed pair". Here the number of
//! probes is a parameter: one is a scan for a byte, two the usual, three to twelve the dense form for
//! haystacks of few different bytes, in which any pair is frequent (see `dense`).
//!
//! ```text
//! needle  "jumps", probes 0 'j' and 3 'p'
//! start     0         1         2         3
//!           0123456789012345678901234567890
//! haystack  the quick brown fox jumps over the lazy dog
//! [+0]=='j' 0000000000000000000010000000000
//! [+3]=='p' 0000000000000000000010000000000
//! and       0000000000000000000010000000000   one candidate, start 20
//! ```
//!
//! # Inside the range
//!
//! A block of starts that lies within `0..n - m + 1` reads, for a probe `p < m`, at most up to
//! `n - m + p <= n - 1`: no load leaves the haystack, and there is no tail to copy. The last,
//! smaller block is moved back over starts that were searched already, and their mask bits ignored.
//! Fewer starts than a vector has lanes are `scalar`'s.
//!
//! # Cost
//!
//! O(n) loads, plus what the candidates cost. The kernel keeps count of that on its [`Meter`] and
//! stops when it gets out of hand, so that its caller can choose other probes or another algorithm.
//! That keeps the whole search linear.

use super::compare::first_difference;
use super::direction::{Direction, Window};
use super::hits::Hits;
use super::vector::Isa;

/// At most this many probes: twelve letters of an alphabet of two leave one random candidate in 4,096 starts, as six
/// of DNA's do.
pub(super) const MAX_PROBES: usize = 12;

/// Positions in the needle.
#[derive(Clone, Copy, Debug)]
pub(super) struct Probes {
    at: [usize; MAX_PROBES],
    len: usize,
    /// How many are compared for every start. The others are looked at before a candidate is
    /// compared in full: cheaper than a comparison, dearer than nothing.
    pub(super) eager: usize,
}

impl Probes {
    /// Probes at the given positions, those outside the needle and those that stand there twice
    /// left out.
    #[inline(always)]
    pub(super) fn new(needle: &[u8], positions: &[usize], eager: usize) -> Self {
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

    /// Both ends and the middle, or bytes near them that are neither the same nor zero: as good as any guess when the
    /// haystack is too small to pay for a better one. The needle has one byte at least.
    ///
    /// Zero is every second byte of UTF-16, and most of those of numbers.
    #[inline(always)]
    pub(super) fn ends(needle: &[u8]) -> Self {
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
        // The middle of two or three bytes is one of the ends, or all that is left.
        if needle.len() < 4 {
            probes.len = needle.len();
            probes.eager = probes.len.min(2);
        }
        probes
    }

    /// As many as there may be, evenly spread, all of them compared for every start.
    pub(super) fn spread(needle: &[u8]) -> Self {
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
    pub(super) fn between(needle: &[u8], missed: usize) -> Self {
        let third = needle.len() / 3;
        Self::of([missed.min(needle.len() - 1), third, 2 * third], 3)
    }

    /// The two bytes of the needle that are rarest in files in general, then its ends and middle. The needle has one byte
    /// at least.
    ///
    /// The memchr crate's table ranks zero among the rare ones: here it counts as a space, the most frequent of all.
    pub(super) fn rarest(needle: &[u8]) -> Self {
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
    pub(super) fn can_widen(&self) -> bool {
        self.eager < self.len
    }

    /// The same, with one probe more that is compared for every start.
    pub(super) fn widened(self) -> Self {
        Self {
            eager: (self.eager + 1).min(self.len),
            ..self
        }
    }

    /// The first `U` probes: where in the haystack each one's byte of the first start is, and which byte it must
    /// be.
    ///
    /// # Panics
    ///
    /// If there are fewer probes, or one is not in the needle.
    #[inline(always)]
    pub(super) fn aim<I: Isa, const U: usize>(
        &self,
        isa: I,
        Subject { haystack, needle }: Subject<'_>,
    ) -> ([*const u8; U], [I::Vector; U]) {
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
        (from, want)
    }

    /// The position of the first probe.
    pub(super) fn first(&self) -> usize {
        self.at[0]
    }
}

/// Positions of a needle in `steps` even steps from its first byte to its last, or all if it is shorter.
pub(super) fn evenly(needle: &[u8], steps: usize) -> impl Iterator<Item = usize> {
    let last = needle.len() - 1;
    let steps = steps.min(last);
    (0..=steps).map(move |i| i * last / steps.max(1))
}

/// So many bytes of a needle, its first, are ranked.
const RANKED: usize = 255;

/// How far from the needle's middle and its end another byte is looked for, if they are the same as the first.
const NEARBY: usize = 32;

/// Places of failure that are remembered.
pub(super) const MISSED: usize = 5;

/// What the candidates of a search have cost so far, and what they may cost.
#[derive(Clone, Copy, Debug)]
pub(super) struct Meter {
    /// Blocks that had candidates, none of which was a match.
    alarms: usize,
    /// Alarms that are allowed whatever was scanned.
    alarms_free: usize,
    /// Starts for each of which one alarm more is allowed.
    alarm_each: usize,
    /// Bytes compared in vain, and the fixed cost of each comparison in bytes.
    work: usize,
    /// Work that is allowed whatever was scanned.
    work_free: usize,
    /// The length of the window when the meter was set to zero.
    window: usize,
    /// Where candidates differed from the needle: probes that would have ruled them out. The farthest place of
    /// all, then those of the last four: what got that far is ruled out by little else.
    pub(super) missed: [usize; MISSED],
    misses: usize,
    /// Starts that further probes had to look at.
    pub(super) doubts: Doubts,
}

impl Meter {
    /// A meter at zero.
    #[inline(always)]
    pub(super) fn new(window: Window, alarms_free: usize, work_free: usize) -> Self {
        Self {
            alarms: 0,
            alarms_free,
            alarm_each: 4096,
            work: 0,
            work_free,
            window: window.len(),
            missed: [usize::MAX; MISSED],
            misses: 0,
            doubts: Doubts {
                seen: 0,
                free: usize::MAX,
            },
        }
    }

    /// The same, with a limit for the starts that further probes have to look at: these, and a quarter of all.
    #[inline(always)]
    pub(super) fn with_doubts(mut self, free: usize) -> Self {
        self.doubts.free = free;
        self
    }

    /// The same, with an alarm for each of so many starts.
    #[inline(always)]
    pub(super) fn with_alarm_each(self, starts: usize) -> Self {
        Self {
            alarm_each: starts,
            ..self
        }
    }

    /// Notes a candidate that differed from the needle at `index`.
    #[inline(always)]
    pub(super) fn miss(&mut self, index: usize) {
        self.work += index + 16;
        self.missed[1 + self.misses % (MISSED - 1)] = index;
        if self.misses == 0 || index > self.missed[0] {
            self.missed[0] = index;
        }
        self.misses += 1;
    }

    /// The starts that there were when the meter was at zero.
    #[inline(always)]
    pub(super) fn whole(&self) -> usize {
        self.window
    }

    /// The starts searched since the meter was at zero.
    #[inline(always)]
    pub(super) fn scanned(&self, window: Window) -> usize {
        self.window.saturating_sub(window.len())
    }

    /// Notes a block with candidates but no match.
    #[inline(always)]
    pub(super) fn alarm(&mut self, window: Window) -> Option<Outcome> {
        self.alarms += 1;
        let scanned = self.scanned(window);
        if self.work > self.work_free.saturating_add(2 * scanned) {
            return Some(Outcome::Overworked);
        }
        if self.alarms > self.alarms_free.saturating_add(scanned / self.alarm_each) {
            return Some(Outcome::Crowded);
        }
        None
    }

    /// Whether the comparisons have cost more than they may.
    #[inline(always)]
    pub(super) fn overworked(&self, window: Window) -> bool {
        self.work > self.work_free.saturating_add(2 * self.scanned(window))
    }
}

/// Starts at which the probes agree, but for which it takes more of them to know.
#[derive(Clone, Copy, Debug)]
pub(super) struct Doubts {
    seen: usize,
    /// How many there may be, whatever was scanned.
    free: usize,
}

impl Doubts {
    /// Notes so many more, when so many starts in all were scanned: whether these are too many.
    #[inline(always)]
    pub(super) fn add(&mut self, starts: usize, scanned: usize) -> bool {
        self.seen += starts;
        self.are_many(self.free, scanned)
    }

    /// Whether they are more than a quarter of what was scanned, and so many more.
    #[inline(always)]
    pub(super) fn are_many(self, free: usize, scanned: usize) -> bool {
        self.seen > free.saturating_add(scanned / 4)
    }
}

/// How a strategy ended. The window says how far it came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// Every start of the window was searched.
    Done,
    /// As many matches as were asked for.
    Enough,
    /// Too many candidates for these probes.
    Crowded,
    /// Too many bytes compared in vain.
    Overworked,
}

/// What a search is about: both slices live for one call.
#[derive(Clone, Copy)]
pub(super) struct Subject<'a> {
    pub(super) haystack: &'a [u8],
    pub(super) needle: &'a [u8],
}

/// Searches the window with `U` eager probes.
///
/// Always inlined: its caller has the target feature of `isa`.
///
/// # Panics
///
/// If there are fewer starts than lanes, or if the window is not within them.
#[inline(always)]
pub(super) fn scan<I: Isa, D: Direction, const U: usize>(
    isa: I,
    subject: Subject<'_>,
    probes: &Probes,
    window: &mut Window,
    meter: &mut Meter,
    hits: &mut Hits<'_>,
) -> Outcome {
    let Subject { haystack, needle } = subject;
    let starts = (haystack.len() + 1).saturating_sub(needle.len());
    assert!(starts >= I::LANES && window.hi <= starts && U >= 1);
    let (from, want) = probes.aim::<I, U>(isa, subject);
    let origin = haystack.as_ptr();
    let lanes = I::LANES;
    let mut left = *window;
    let mut masks = [0_u64; 4];
    let short = needle.len() <= 16;

    loop {
        // SAFETY: the window lies in the starts, and each probe in the needle, see above.
        let found =
            unsafe { candidates::<I, D, U>(isa, &from, &want, starts, &mut left, &mut masks) };
        let Some((base, vectors)) = found else {
            *window = left;
            return Outcome::Done;
        };

        // As many vectors' masks as fit share a word: fewer branches where candidates are many.
        let bits = lanes << I::LANE_BITS;
        let shared = 64 / bits;
        let mut matched = false;
        for step in 0..4 / shared {
            let word = D::nth(step, 4 / shared) * shared;
            let mut mask = 0;
            for i in 0..shared {
                mask |= masks[word + i] << (i * bits);
            }
            for k in U..probes.len {
                // One candidate for a short needle is compared as soon as probed.
                let few = if short {
                    mask & mask.wrapping_sub(1)
                } else {
                    mask
                };
                if few == 0 {
                    break;
                }
                let mut agree = 0;
                for i in 0..shared {
                    if masks[word + i] != 0 {
                        let block = base + (word + i) * lanes;
                        // SAFETY: only searched blocks have masks, so `block + lanes <= starts`,
                        // and `at[k] < needle.len()`: the last byte is at
                        // `starts - 1 + needle.len() - 1 = haystack.len() - 1` at most.
                        let bytes = unsafe { isa.load(origin.wrapping_add(block + probes.at[k])) };
                        let equal = isa.equal(bytes, isa.splat(needle[probes.at[k]]));
                        agree |= isa.mask(equal) << (i * bits);
                    }
                }
                mask &= agree;
            }
            let first = base + word * lanes;
            let Some(found) = compare::<I, D>(subject, first, mask, &mut left, meter, hits) else {
                *window = left;
                return Outcome::Enough;
            };
            matched |= found;
        }
        D::pass_within(&mut left, base, vectors * lanes);
        if !matched && let Some(outcome) = meter.alarm(left) {
            *window = left;
            return outcome;
        }
    }
}

/// Compares the candidates of a mask, whose first lane is the start `first`: whether one is a match. `None` when `hits`
/// has enough.
#[inline(always)]
pub(super) fn compare<I: Isa, D: Direction>(
    Subject { haystack, needle }: Subject<'_>,
    first: usize,
    mut mask: u64,
    left: &mut Window,
    meter: &mut Meter,
    hits: &mut Hits<'_>,
) -> Option<bool> {
    let mut matched = false;
    while mask != 0 {
        let start = first + (D::first(mask) >> I::LANE_BITS) as usize;
        mask = D::rest(mask);
        // Not one that was searched before, nor one that overlaps a match; and the index
        // comes from bytes that others may write, so nothing is taken for granted.
        if start < left.lo || start >= left.hi {
            continue;
        }
        let Some(here) = haystack.get(start..start + needle.len()) else {
            continue;
        };
        let index = first_difference(here, needle);
        if index < needle.len() {
            meter.miss(index);
            continue;
        }
        matched = true;
        D::accept(left, start, needle.len());
        if hits.record(start) {
            return None;
        }
    }
    Some(matched)
}

/// Goes on until a block has candidates: where it begins, and how many vectors have `masks`.
///
/// # Safety
///
/// The window lies in the `starts`, of which there are as many as lanes at least, and `from` points
/// each probe, a position in the needle, from the haystack's beginning.
#[inline(always)]
unsafe fn candidates<I: Isa, D: Direction, const U: usize>(
    isa: I,
    from: &[*const u8; U],
    want: &[I::Vector; U],
    starts: usize,
    left: &mut Window,
    masks: &mut [u64; 4],
) -> Option<(usize, usize)> {
    let lanes = I::LANES;

    // SAFETY: passed on to the caller.
    if let Some((block, mask)) = unsafe { to_line::<I, D, U>(isa, from, want, left) } {
        *masks = [mask, 0, 0, 0];
        return Some((block, 1));
    }
    // The hot loop: go on until a block has candidates.
    while left.len() >= 4 * lanes {
        let block = D::block(*left, 4 * lanes);
        isa.prefetch::<D>(from[0].wrapping_add(block), 4 * lanes);
        // In order of the search, for the sake of the processor's prefetcher.
        let at = |i: usize| block + D::nth(i, 4) * lanes;
        // SAFETY: this block and the three after it lie in the window, so in the starts.
        let e0 = unsafe { eager(isa, from, want, at(0)) };
        // SAFETY: as above.
        let e1 = unsafe { eager(isa, from, want, at(1)) };
        // SAFETY: as above.
        let e2 = unsafe { eager(isa, from, want, at(2)) };
        // SAFETY: as above.
        let e3 = unsafe { eager(isa, from, want, at(3)) };
        if isa.any(isa.or(isa.or(e0, e1), isa.or(e2, e3))) {
            for (i, lanes) in [e0, e1, e2, e3].into_iter().enumerate() {
                masks[D::nth(i, 4)] = isa.mask(lanes);
            }
            return Some((block, 4));
        }
        D::pass(left, block, 4 * lanes);
    }
    // SAFETY: passed on to the caller.
    let (block, mask) = unsafe { one_by_one::<I, D, U>(isa, from, want, starts, left) }?;
    *masks = [mask, 0, 0, 0];
    Some((block, 1))
}

/// A first, shorter step of a large window, after which the first probe's loads are aligned: one that crosses a line of
/// the cache costs two. Where its vector begins and its mask, if that has candidates.
///
/// # Safety
///
/// As for [`candidates`].
#[inline(always)]
pub(super) unsafe fn to_line<I: Isa, D: Direction, const U: usize>(
    isa: I,
    from: &[*const u8; U],
    want: &[I::Vector; U],
    left: &mut Window,
) -> Option<(usize, u64)> {
    let lanes = I::LANES;
    let step = if D::FORWARD {
        from[0].addr().wrapping_add(left.lo).wrapping_neg() % lanes
    } else {
        from[0].addr().wrapping_add(left.hi) % lanes
    };
    if step > 0 && left.len() > 4 * lanes {
        let block = D::block(*left, lanes);
        // SAFETY: the block lies in the window, so in the starts.
        let mask = isa.mask(unsafe { eager(isa, from, want, block) });
        if mask != 0 {
            return Some((block, mask));
        }
        let block = D::block(*left, step);
        D::pass(left, block, step);
    }
    None
}

/// Goes on, vector by vector, until one has candidates: where it begins, and its mask.
///
/// # Safety
///
/// As for [`candidates`].
#[inline(always)]
pub(super) unsafe fn one_by_one<I: Isa, D: Direction, const U: usize>(
    isa: I,
    from: &[*const u8; U],
    want: &[I::Vector; U],
    starts: usize,
    left: &mut Window,
) -> Option<(usize, u64)> {
    while left.len() > 0 {
        // A whole vector of what is left, or the last ones with some searched before.
        let block = if left.len() >= I::LANES {
            D::block(*left, I::LANES)
        } else {
            left.lo.min(starts - I::LANES)
        };
        // SAFETY: `block + lanes <= starts` either way.
        let mask = isa.mask(unsafe { eager(isa, from, want, block) });
        if mask != 0 {
            return Some((block, mask));
        }
        D::pass_within(left, block, I::LANES);
    }
    None
}

/// The starts of `block..block + LANES` at which every eager probe agrees.
///
/// # Safety
///
/// `block + LANES` starts exist, and `from` points each probe, a position in the needle, from the
/// haystack's beginning: so every byte that is loaded is one of the haystack's.
#[inline(always)]
pub(super) unsafe fn eager<I: Isa, const U: usize>(
    isa: I,
    from: &[*const u8; U],
    want: &[I::Vector; U],
    block: usize,
) -> I::Lanes {
    // SAFETY: passed on to the caller.
    let bytes = unsafe { isa.load(from[0].wrapping_add(block)) };
    let mut agree = isa.equal(bytes, want[0]);
    for k in 1..U {
        // SAFETY: passed on to the caller.
        let bytes = unsafe { isa.load(from[k].wrapping_add(block)) };
        agree = isa.and_equal(agree, bytes, want[k]);
    }
    agree
}
