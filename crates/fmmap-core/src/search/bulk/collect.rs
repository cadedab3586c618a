//! The search for dense matches: it lists the masks of a stretch first, and then reads the candidates in them.
//!
//! The kernel of `pair` leaves its loop for each candidate, by a branch that the processor mispredicts. Where matches
//! are dense it is cheaper to go in two steps that have no such branch:
//!
//! 1. Two or three bytes of the needle are compared at every start of a stretch of 16 KiB. Each mask for 64
//!    starts (16 on NEON) is put down in a list, which grows by one if the mask is not 0.
//! 2. The list is read bit by bit. A candidate's offset is written in any case, and kept if the haystack has the
//!    needle's first and last eight bytes there, which takes two loads; then what is between them is compared.
//!
//! Needles of two or three bytes are compared as a whole in step 1, so that every bit is a match, unless it overlaps
//! the one before; [`same`] does so with any number, where they are all one byte.
//!
//! Step 1 is O(n), and step 2 takes constant time for each candidate, since needles have 2 to 64 bytes. `bulk` gives it
//! up where matches are rare, and where many candidates are no match.

use super::same;
use crate::search::kernels::masks::{BLOCK, Masks, STRETCH, Source, agreeing};
use crate::search::kernels::{Level, Work};
use crate::search::lanes::{Aim, Hits, Isa, Notes, Path, Probes, Subject, Window, trace, word};

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
        let ends = Ends::of(needle);
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
                let taken = match OVERLAPS {
                    NEVER if certain => masks.take(isa, lo, hits).then_some(0),
                    // SAFETY: the stretch ends `LONGEST` starts before the window's end.
                    NEVER => unsafe { check_apart(&masks, isa, lo, &ends, subject, hits) },
                    _ => None,
                };
                candidates = if let Some(candidates) = taken {
                    candidates
                } else {
                    let is_match = |start| certain || ends.is_at(subject, start);
                    check::<I, OVERLAPS>(&masks, isa, lo, needle.len(), is_match, &mut free, hits)
                };
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

/// Notes the candidates that are matches, of which none overlap; how many candidates there were. If there may be no room
/// for all of them, it notes none and returns `None`.
///
/// # Safety
///
/// From each start in the masks on, the haystack has the needle's length and eight bytes more.
#[inline(always)]
unsafe fn check_apart<I: Isa>(
    masks: &Masks,
    isa: I,
    lo: usize,
    ends: &Ends,
    subject: Subject<'_>,
    hits: &mut Hits<'_>,
) -> Option<usize> {
    let candidates = masks.starts();
    let notes = hits.room_for(candidates)?;
    let offsets = notes.takes_offsets();
    let count = match (subject.needle.len(), offsets) {
        // SAFETY: passed on to the caller.
        (..=8, false) => unsafe {
            two_by_two::<I, ONE, false>(masks, isa, lo, ends, subject, notes)
        },
        // SAFETY: as above.
        (..=8, true) => unsafe { two_by_two::<I, ONE, true>(masks, isa, lo, ends, subject, notes) },
        // SAFETY: as above.
        (..=16, false) => unsafe {
            two_by_two::<I, BOTH, false>(masks, isa, lo, ends, subject, notes)
        },
        // SAFETY: as above.
        (..=16, true) => unsafe {
            two_by_two::<I, BOTH, true>(masks, isa, lo, ends, subject, notes)
        },
        // SAFETY: as above.
        (_, false) => unsafe { two_by_two::<I, MORE, false>(masks, isa, lo, ends, subject, notes) },
        // SAFETY: as above.
        (_, true) => unsafe { two_by_two::<I, MORE, true>(masks, isa, lo, ends, subject, notes) },
    };
    hits.count += count;
    Some(candidates)
}

/// Notes the candidates that are matches; how many these are. Two candidates of each mask are compared without a branch,
/// so that no mask waits for the one before it. Most masks have no more than that.
///
/// # Safety
///
/// As for [`check_apart`].
#[inline(always)]
unsafe fn two_by_two<I: Isa, const PARTS: u8, const OFFSETS: bool>(
    masks: &Masks,
    isa: I,
    lo: usize,
    ends: &Ends,
    subject: Subject<'_>,
    mut notes: Notes<'_>,
) -> usize {
    for at in 0..masks.len() {
        let (place, mask) = masks.at(isa, at);
        let start = |mask: u64| lo + place + (mask.trailing_zeros() >> I::LANE_BITS) as usize;
        let (first, rest) = (start(mask), mask & mask.wrapping_sub(1));
        // SAFETY: the start is in the masks.
        let is_match = unsafe { ends.stand_at::<PARTS>(subject, first) };
        notes.note::<OFFSETS>(first, is_match);
        // The first one again if there is no second one.
        let second = start(if rest == 0 { mask } else { rest });
        // SAFETY: as above.
        let is_match = unsafe { ends.stand_at::<PARTS>(subject, second) };
        notes.note::<OFFSETS>(second, is_match && rest != 0);
        let mut rest = rest & rest.wrapping_sub(1);
        while rest != 0 {
            // SAFETY: as above.
            let is_match = unsafe { ends.stand_at::<PARTS>(subject, start(rest)) };
            notes.note::<OFFSETS>(start(rest), is_match);
            rest &= rest - 1;
        }
    }
    notes.count()
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

/// What of a needle is compared: one end, which is all of it; both ends, which are all of it; or also what is between.
const ONE: u8 = 0;
const BOTH: u8 = 1;
const MORE: u8 = 2;

/// The needle's ends, at most eight bytes each, as numbers.
struct Ends {
    first: u64,
    last: u64,
    /// Where the last bytes begin: behind the first ones, or among them, or with them in a needle of up to eight bytes.
    at: usize,
    keep: u64,
}

impl Ends {
    #[inline(always)]
    fn of(needle: &[u8]) -> Self {
        let len = needle.len().min(8);
        let number = |bytes: &[u8]| {
            let mut all = [0; 8];
            all[..len].copy_from_slice(bytes);
            u64::from_le_bytes(all)
        };
        let at = needle.len() - len;
        Self {
            first: number(&needle[..len]),
            last: number(&needle[at..]),
            at,
            keep: u64::MAX >> (64 - 8 * len),
        }
    }

    /// Whether the needle is at `start`, which has eight bytes and the needle's length behind it.
    #[inline(always)]
    fn is_at(&self, Subject { haystack, needle }: Subject<'_>, start: usize) -> bool {
        let first = word(haystack, start) ^ self.first;
        if self.at == 0 {
            return first & self.keep == 0;
        }
        let last = word(haystack, start + self.at) ^ self.last;
        first | last == 0 && self.is_between(Subject { haystack, needle }, start)
    }

    /// The same, without a branch if the needle has no more than one end or both.
    ///
    /// # Safety
    ///
    /// The haystack has eight bytes and the needle's length from `start` on.
    #[inline(always)]
    unsafe fn stand_at<const PARTS: u8>(&self, subject: Subject<'_>, start: usize) -> bool {
        // SAFETY: the caller vouches for the bytes, here and below.
        let at = unsafe { subject.haystack.as_ptr().add(start) };
        // SAFETY: as above.
        let bytes = unsafe { at.cast::<u64>().read_unaligned() };
        let first = u64::from_le(bytes) ^ self.first;
        if PARTS == ONE {
            return first & self.keep == 0;
        }
        // SAFETY: as above.
        let at = unsafe { at.add(self.at) };
        // SAFETY: as above.
        let bytes = unsafe { at.cast::<u64>().read_unaligned() };
        let last = u64::from_le(bytes) ^ self.last;
        let same = first | last == 0;
        same && (PARTS == BOTH || self.is_between(subject, start))
    }

    /// Whether the haystack has what is between the needle's ends.
    #[inline(always)]
    fn is_between(&self, Subject { haystack, needle }: Subject<'_>, start: usize) -> bool {
        self.at <= 8 || haystack[start + 8..start + self.at] == needle[8..self.at]
    }
}
