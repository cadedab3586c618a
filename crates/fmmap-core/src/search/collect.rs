//! Matches by the million: the masks of a stretch first, then the candidates in them.
//!
//! The kernel of `pair` leaves its loop for each candidate: branches that can't be foreseen, and 10 to 45 ns
//! for a match. Where matches are dense it is cheaper to go in two steps, neither of which has such a branch:
//!
//! 1. Two or three bytes of the needle are compared at every start of a stretch of 16 KiB. Each mask for 64
//!    starts (16 on NEON) is put down in a list, which grows by one if the mask is not 0.
//! 2. The list is read bit by bit. A candidate's offset is written in any case, and kept if the haystack has the
//!    needle's first eight bytes there, which takes one load and one comparison; then the rest of it is compared.
//!
//! Needles of two or three bytes are compared as a whole in step 1, so that every bit is a match.
//!
//! O(n) for step 1, and for step 2 some 3 ns a candidate. So it is given up where matches are rare, or candidates
//! many that are none. Needles have 2 to 64 bytes: comparing them is no more than a constant.

use super::compare::word;
use super::direction::{Forward, Window};
use super::hits::Hits;
use super::level::Level;
#[cfg(target_arch = "x86_64")]
use super::level::counts_bits;
use super::pair::{Probes, Subject, eager};
use super::trace::{Path, trace};
use super::vector::Isa;

/// The longest needle.
const LONGEST: usize = 64;

/// Starts a block.
const BLOCK: usize = 128;

/// Starts whose masks are listed before the candidates are looked at. What is behind the last match of a batch
/// is searched again by the next one.
const STRETCH: usize = 16 << 10;

/// Masks in a stretch, a power of two.
const MASKS: usize = STRETCH
    / if cfg!(target_arch = "aarch64") {
        16
    } else {
        64
    };

/// Whether the needle is one of those that this is for.
pub(super) fn suits(needle: &[u8]) -> bool {
    (2..=LONGEST).contains(&needle.len())
}

/// Whether so many matches among so many starts are worth it: one for each KiB.
pub(super) fn pays(matches: usize, starts: usize) -> bool {
    matches >= starts / 1024
}

/// Searches from the front of the window as long as matches are dense, and `hits` has room. Some of the last
/// starts are always left.
///
/// Returns whether it did well: false where there were too many candidates.
pub(super) fn scan(
    level: Level,
    subject: Subject<'_>,
    probes: &Probes,
    window: &mut Window,
    hits: &mut Hits<'_>,
) -> bool {
    match level {
        #[cfg(target_arch = "x86_64")]
        Level::Avx512(avx512) if counts_bits() => {
            // SAFETY: `avx512` exists, and the others were looked for.
            unsafe { with_avx512(avx512, subject, probes, window, hits) }
        }
        #[cfg(target_arch = "x86_64")]
        Level::Avx2(avx2) if counts_bits() => {
            // SAFETY: `avx2` exists, and the others were looked for.
            unsafe { with_avx2(avx2, subject, probes, window, hits) }
        }
        #[cfg(target_arch = "x86_64")]
        Level::FarAvx512(far) if counts_bits() => {
            // SAFETY: `far` exists, so AVX-512 does, and the others were looked for.
            unsafe { with_avx512(far, subject, probes, window, hits) }
        }
        #[cfg(target_arch = "x86_64")]
        Level::FarAvx2(far) if counts_bits() => {
            // SAFETY: `far` exists, so AVX2 does, and the others were looked for.
            unsafe { with_avx2(far, subject, probes, window, hits) }
        }
        #[cfg(target_arch = "aarch64")]
        Level::Neon(neon) => by_length(neon, subject, probes, window, hits),
        _ => false,
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bw,popcnt,bmi1")]
fn with_avx512<I: Isa>(
    avx512: I,
    subject: Subject<'_>,
    probes: &Probes,
    window: &mut Window,
    hits: &mut Hits<'_>,
) -> bool {
    by_length(avx512, subject, probes, window, hits)
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,popcnt,bmi1")]
fn with_avx2<I: Isa>(
    avx2: I,
    subject: Subject<'_>,
    probes: &Probes,
    window: &mut Window,
    hits: &mut Hits<'_>,
) -> bool {
    by_length(avx2, subject, probes, window, hits)
}

/// The number of probes for the needle: two leave too many candidates that are none.
#[inline(always)]
#[allow(
    dead_code,
    reason = "on processors without vectors nobody instantiates it"
)]
fn by_length<I: Isa>(
    isa: I,
    subject: Subject<'_>,
    probes: &Probes,
    window: &mut Window,
    hits: &mut Hits<'_>,
) -> bool {
    trace(Path::Collect);
    let len = subject.needle.len();
    let period = (1..len).find(|&p| subject.needle[p..] == subject.needle[..len - p]);
    match (len, period) {
        (2, None) => stretches::<I, 2, NEVER>(isa, subject, probes, window, hits),
        (2, _) => stretches::<I, 2, PAIRS>(isa, subject, probes, window, hits),
        (_, None) => stretches::<I, 3, NEVER>(isa, subject, probes, window, hits),
        (_, Some(period)) if 2 * period > len || len == 3 => {
            stretches::<I, 3, PAIRS>(isa, subject, probes, window, hits)
        }
        _ => stretches::<I, 3, RUNS>(isa, subject, probes, window, hits),
    }
}

/// How occurrences may overlap, of which the first counts: never; two at a time, as in `abrabra`; any number, as in
/// `aaaa`, where it is worth the wait for a comparison to leave out the candidates behind a match.
const NEVER: u8 = 0;
const PAIRS: u8 = 1;
const RUNS: u8 = 2;

/// Stretch by stretch, with `U` probes.
#[inline(always)]
fn stretches<I: Isa, const U: usize, const OVERLAPS: u8>(
    isa: I,
    subject: Subject<'_>,
    probes: &Probes,
    window: &mut Window,
    hits: &mut Hits<'_>,
) -> bool {
    let needle = subject.needle;
    let starts = (subject.haystack.len() + 1).saturating_sub(needle.len());
    assert!(window.hi <= starts);
    let aim = probes.aim::<I, U>(isa, subject);
    let head = Head::of(needle);
    // Whether nothing is left to compare.
    let certain = U == needle.len();
    let mut list = List {
        masks: [0; MASKS],
        places: [0; MASKS],
        len: 0,
    };
    // What overlaps the last match begins before this.
    let mut free = window.lo;
    while window.len() > BLOCK + LONGEST {
        let (lo, before) = (window.lo, hits.count);
        let size = ((window.len() - LONGEST) / BLOCK * BLOCK).min(STRETCH);
        // SAFETY: these starts lie in the window, so in the starts.
        unsafe { list.fill::<I, U>(isa, &aim, lo, size) };
        let mut candidates = 0;
        if certain && OVERLAPS == NEVER && !hits.takes_offsets() {
            hits.count += list.bits();
        } else {
            let is_match = |start| certain || head.is_at(subject, start);
            candidates = list.check::<I, OVERLAPS>(lo, needle.len(), is_match, &mut free, hits);
            if hits.count == hits.limit {
                window.lo = hits.last + needle.len();
                return true;
            }
        }
        window.lo += size;
        let matches = hits.count - before;
        if candidates > 4 * matches + size / 256 {
            window.lo = window.lo.max(free);
            return false;
        }
        if !pays(matches, size) {
            break;
        }
    }
    window.lo = window.lo.max(free);
    true
}

/// The masks of a stretch that are not 0, and where each one's starts begin in it.
struct List {
    masks: [u64; MASKS],
    places: [u32; MASKS],
    len: usize,
}

impl List {
    /// Lists the masks of the `size` starts from `lo` on, a multiple of [`BLOCK`] and at most [`STRETCH`].
    ///
    /// # Safety
    ///
    /// These starts exist, and `aim` is from [`Probes::aim`].
    #[inline(always)]
    unsafe fn fill<I: Isa, const U: usize>(
        &mut self,
        isa: I,
        (from, want): &([*const u8; U], [I::Vector; U]),
        lo: usize,
        size: usize,
    ) {
        let bits = I::LANES << I::LANE_BITS;
        let shared = 64 / bits;
        let mut len = 0;
        let mut place = 0;
        for block in (0..size).step_by(BLOCK) {
            isa.prefetch::<Forward>(from[0].wrapping_add(lo + block), BLOCK);
            for _ in 0..BLOCK / (I::LANES * shared) {
                let mut mask = 0;
                for i in 0..shared {
                    let start = lo + place as usize + i * I::LANES;
                    // SAFETY: passed on to the caller.
                    let agree = unsafe { eager::<I, U>(isa, from, want, start) };
                    mask |= isa.mask(agree) << (i * bits);
                }
                self.masks[len % MASKS] = mask;
                self.places[len % MASKS] = place;
                len += usize::from(mask != 0);
                place += 64 >> I::LANE_BITS;
            }
        }
        self.len = len;
    }

    /// How many candidates are listed.
    #[inline(always)]
    fn bits(&self) -> usize {
        let masks = self.masks[..self.len].iter();
        masks.map(|mask| mask.count_ones() as usize).sum()
    }

    /// Notes the candidates that are matches until `hits` has enough; how many were looked at.
    #[inline(always)]
    fn check<I: Isa, const OVERLAPS: u8>(
        &self,
        lo: usize,
        len: usize,
        is_match: impl Fn(usize) -> bool,
        free: &mut usize,
        hits: &mut Hits<'_>,
    ) -> usize {
        let (mut at, mut mask, mut candidates) = (0, self.masks[0], 0);
        while at < self.len {
            let lane = (mask.trailing_zeros() >> I::LANE_BITS) as usize;
            let start = lo + self.places[at % MASKS] as usize + lane;
            let counts = OVERLAPS == NEVER || start >= *free;
            let is_match = is_match(start) && counts;
            candidates += 1;
            if hits.note(start, is_match) {
                break;
            }
            mask &= mask.wrapping_sub(1);
            if OVERLAPS != NEVER {
                *free = if is_match { start + len } else { *free };
            }
            if OVERLAPS == RUNS && is_match {
                let behind = (lane + len) << I::LANE_BITS;
                mask &= u64::MAX.unbounded_shl(u32::try_from(behind).unwrap_or(u32::MAX));
            }
            // On to the next mask if this one is used up, without a branch.
            let used_up = mask == 0;
            at += usize::from(used_up);
            mask |= self.masks[at % MASKS] & u64::from(used_up).wrapping_neg();
        }
        candidates
    }
}

/// The needle's first bytes, at most eight, as one number.
struct Head {
    bytes: u64,
    keep: u64,
}

impl Head {
    #[inline(always)]
    fn of(needle: &[u8]) -> Self {
        let mut bytes = [0; 8];
        let len = needle.len().min(8);
        bytes[..len].copy_from_slice(&needle[..len]);
        let keep = u64::MAX >> (64 - 8 * len);
        Self {
            bytes: u64::from_le_bytes(bytes),
            keep,
        }
    }

    /// Whether the needle is at `start`, which has eight bytes and the needle's length behind it.
    #[inline(always)]
    fn is_at(&self, Subject { haystack, needle }: Subject<'_>, start: usize) -> bool {
        let same = word(haystack, start) & self.keep == self.bytes;
        if needle.len() <= 8 {
            return same;
        }
        same && haystack[start + 8..start + needle.len()] == needle[8..]
    }
}
