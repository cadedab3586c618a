//! The search for dense matches: it lists the masks of a stretch first, and then reads the candidates in them.
//!
//! The kernel of `pair` leaves its loop for each candidate, by a branch that the processor mispredicts. Where matches
//! are dense it is cheaper to go in two steps that have no such branch:
//!
//! 1. Two or three bytes of the needle are compared at every start of a stretch of 16 KiB. Each mask for 64
//!    starts (16 on NEON) is put down in a list, which grows by one if the mask is not 0.
//! 2. The list is read bit by bit. A candidate's offset is written in any case, and kept if the haystack has the
//!    needle's first eight bytes there, which takes one load and one comparison; then the rest of it is compared.
//!
//! Needles of two or three bytes are compared as a whole in step 1, so that every bit is a match, unless it overlaps
//! the one before; [`same`] does so with any number, where they are all one byte.
//!
//! Step 1 is O(n), and step 2 takes constant time for each candidate, since needles have 2 to 64 bytes. `bulk` gives it
//! up where matches are rare, and where many candidates are no match.

use super::same;
use crate::search::kernels::masks::{BLOCK, Masks, STRETCH, Source, agreeing};
use crate::search::kernels::{Level, Work};
use crate::search::lanes::{Aim, Hits, Isa, Path, Probes, Subject, Window, trace, word};

/// The longest needle.
const LONGEST: usize = 64;

/// Whether this search can be used for the needle.
pub(crate) fn suits(needle: &[u8]) -> bool {
    (2..=LONGEST).contains(&needle.len())
}

/// Whether there are enough matches for this search to be faster: one for each KiB of starts.
pub(crate) fn pays(matches: usize, starts: usize) -> bool {
    matches >= starts / 1024
}

/// Searches from the front of the window as long as matches are dense, and `hits` has room. Some of the last
/// starts are always left.
///
/// Returns false when it has stopped because too many candidates were no matches.
pub(crate) fn scan(
    level: Level,
    subject: Subject<'_>,
    probes: &Probes,
    window: &mut Window,
    hits: &mut Hits<'_>,
) -> bool {
    let collect = Collect {
        subject,
        probes,
        window,
        hits,
    };
    level.with_bits(collect).unwrap_or(false)
}

struct Collect<'w, 's, 'h> {
    subject: Subject<'s>,
    probes: &'w Probes,
    window: &'w mut Window,
    hits: &'w mut Hits<'h>,
}

impl Work for Collect<'_, '_, '_> {
    type Output = bool;

    /// The number of probes for the needle. With two, too many candidates are no matches.
    #[inline(always)]
    fn with<I: Isa>(self, isa: I) -> bool {
        trace(Path::Collect);
        let needle = self.subject.needle;
        let len = needle.len();
        let period = (1..len).find(|&p| needle[p..] == needle[..len - p]);
        match (len, period) {
            (2, None) => self.stretches::<I, 2, NEVER>(isa),
            (_, Some(1)) if same::suits::<I>(needle) => self.stretches::<I, 1, SAME>(isa),
            (_, None) => self.stretches::<I, 3, NEVER>(isa),
            (_, Some(period)) if 2 * period > len || len == 3 => self.stretches::<I, 3, PAIRS>(isa),
            _ => self.stretches::<I, 3, RUNS>(isa),
        }
    }
}

/// How occurrences may overlap; of those that do, the first one counts. They may never overlap; or at most two may,
/// as in `abrabra`; or any number, as in `aaaa`. In the last case it is faster to compare first, and then to skip the
/// candidates behind a match.
const NEVER: u8 = 0;
const PAIRS: u8 = 1;
const RUNS: u8 = 2;
/// The needle repeats one byte, so that [`same`] searches for it.
const SAME: u8 = 3;

impl Collect<'_, '_, '_> {
    /// Stretch by stretch, with `U` probes.
    #[inline(always)]
    fn stretches<I: Isa, const U: usize, const OVERLAPS: u8>(self, isa: I) -> bool {
        let Self {
            subject,
            probes,
            window,
            hits,
        } = self;
        let needle = subject.needle;
        let starts = (subject.haystack.len() + 1).saturating_sub(needle.len());
        assert!(window.hi <= starts);
        let aim = probes.aim::<I, U>(isa, subject);
        let head = Head::of(needle);
        // Whether nothing is left to compare.
        let certain = U == needle.len();
        let mut masks = Masks::new();
        // What overlaps the last match begins before this.
        let mut free = window.lo;
        while window.len() > BLOCK + LONGEST {
            let (lo, before) = (window.lo, hits.count);
            let size = ((window.len() - LONGEST) / BLOCK * BLOCK).min(STRETCH);
            let mut candidates = 0;
            if OVERLAPS == SAME {
                // SAFETY: these starts lie in the window, and so do as many as a mask has behind them.
                unsafe { same::fill(&mut masks, isa, subject, lo, size) };
                same::choose(&masks, isa, lo, needle.len(), &mut free, hits);
            } else {
                let agreeing = Agreeing { aim: &aim, lo };
                // SAFETY: these starts lie in the window, so in the starts.
                unsafe { masks.fill(isa, aim.from[0].wrapping_add(lo), size, agreeing) };
                if !(certain && OVERLAPS == NEVER && masks.take(isa, lo, hits)) {
                    let is_match = |start| certain || head.is_at(subject, start);
                    candidates = check::<I, OVERLAPS>(
                        &masks,
                        isa,
                        lo,
                        needle.len(),
                        is_match,
                        &mut free,
                        hits,
                    );
                }
            }
            if hits.count == hits.limit {
                window.lo = hits.last + needle.len();
                return true;
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
}

/// The starts from `lo` on at which all probes agree: what [`Probes::aim`] gave.
struct Agreeing<'p, I: Isa, const U: usize> {
    aim: &'p Aim<I, U>,
    lo: usize,
}

impl<I: Isa, const U: usize> Source<I> for Agreeing<'_, I, U> {
    #[inline(always)]
    unsafe fn mask(&mut self, isa: I, place: usize) -> u64 {
        // SAFETY: passed on to the caller.
        unsafe { agreeing(isa, self.aim, self.lo + place) }
    }
}

/// Notes the candidates that are matches until `hits` has enough; how many were looked at.
#[inline(always)]
fn check<I: Isa, const OVERLAPS: u8>(
    masks: &Masks,
    isa: I,
    lo: usize,
    len: usize,
    is_match: impl Fn(usize) -> bool,
    free: &mut usize,
    hits: &mut Hits<'_>,
) -> usize {
    let ((mut place, mut mask), mut at, mut candidates) = (masks.at(isa, 0), 0, 0);
    while at < masks.len() {
        let lane = (mask.trailing_zeros() >> I::LANE_BITS) as usize;
        let start = lo + place + lane;
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
        // Moves to the next mask if this one is used up, without a branch.
        let used_up = mask == 0;
        at += usize::from(used_up);
        let next = masks.at(isa, at);
        place = next.0;
        mask |= next.1 & u64::from(used_up).wrapping_neg();
    }
    candidates
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
