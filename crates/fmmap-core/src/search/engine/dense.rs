//! Choosing probes by a sample of the haystack.
//!
//! A fixed ranking of bytes is right for English and source code. It is wrong for DNA, where each of
//! four letters is a quarter of the file, for columns of digits, and for UTF-16, where every second
//! byte is the same. When the kernel has met too many candidates, the next few thousand starts are
//! taken as a sample:
//!
//! 1. Count the bytes of the sample. The position of the needle whose byte is rarest becomes the
//!    first probe.
//! 2. Look at the starts in the sample at which that probe agrees. Of all positions, the one that
//!    rules out most of *these* becomes the second probe, and so on: bytes that go together (`q`
//!    and `u`, a digit and the next column's comma) are not independent, so they have to be
//!    counted together.
//!
//! The positions to choose from are 24 or 64, evenly spread, with both ends, and the places at which
//! candidates failed: the last ones, and the farthest one. They make the search fast for a long
//! repetitive needle in which one byte is different: comparisons fail at that byte.
//!
//! The number of probes that the kernel compares for every start is the smallest, up to six, that
//! leaves less than one candidate in about 5,000 starts, which is one in 40 blocks of the kernel: a block
//! with candidates costs a mispredicted branch and more. Six probes may leave more than one candidate in
//! 500 starts, but few of those that the first probe leaves, as in an alphabet of two letters. Then the
//! kernel compares twelve; docs/design.md has the figures for six, eight, ten and twelve.
//!
//! A mask of 64 starts a word says which starts of the sample agree with a probe. The number of bits in the
//! `and` of several masks says how many starts agree with all of these probes. That makes a sample cheap: it
//! has a 256th of the starts that are left, at least 256 and at most 4,096, and the next one is taken after
//! twice as many starts each time.

use crate::order::sort_few;
use crate::search::kernels::masks::{agreeing, lanes};
use crate::search::kernels::{Level, Work};
use crate::search::lanes::{
    Aim, Direction, Isa, MAX_PROBES, MISSED, Probes, Subject, Window, evenly,
};

/// Starts in a sample, at least and at most.
const SAMPLE: (usize, usize) = (256, 4096);
/// Words of a mask at most: where a start has four bits in it, the sample is smaller.
const WORDS: usize = SAMPLE.1 / 64;
/// Positions of the needle that are considered, in a small sample and in one of all the starts.
const POSITIONS: (usize, usize) = (24, 64);
/// Of these, as many are looked at jointly: the rarest, and where candidates failed.
const FINALISTS: usize = 26;

/// With more probes than this, loads take longer than memory does. For more, the kernel has one form only.
const FEW: usize = 6;
/// If fewer starts agree, their number says nothing, unless many more were expected.
const FEW_AGREE: u32 = 4;

/// What a sample says.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Choice {
    pub(crate) probes: Probes,
    /// The first probe's byte did not occur at all: scanning for it alone may be enough.
    pub(crate) first_is_absent: bool,
}

/// Chooses probes for the starts of the window that come first; nothing where there are too few.
pub(crate) fn choose<D: Direction>(
    level: Level,
    subject: Subject<'_>,
    window: Window,
    missed: &[usize; MISSED],
) -> Option<Choice> {
    let Subject { haystack, needle } = subject;
    let size = (window.len() / 256).clamp(SAMPLE.0, SAMPLE.1);
    let sample = D::stretch(window, size);
    let steps = if size < SAMPLE.1 {
        POSITIONS.0
    } else {
        POSITIONS.1
    };

    // Uses several tables in turn: to count the same byte twice in one table, the second addition waits for the first.
    let mut counts = [[0_u16; 256]; 4];
    let (quads, _) = haystack[sample.lo..sample.hi].as_chunks::<4>();
    for quad in quads {
        for (count, &byte) in counts.iter_mut().zip(quad) {
            count[usize::from(byte)] += 1;
        }
    }
    let rarity = |byte: u8| -> u16 { counts.iter().map(|count| count[usize::from(byte)]).sum() };
    // The places of failure first: among equals, the earlier wins.
    let (mut positions, mut len) = ([(0_u16, 0_usize); MISSED + POSITIONS.1 + 1], 0);
    let failed = missed.iter().copied().filter(|&at| at < needle.len());
    for position in failed.chain(evenly(needle, steps)) {
        let known = &positions[..len];
        // Those that are evenly spread come in order.
        let known = known.iter().take(MISSED).chain(known.last());
        if known.into_iter().all(|&(_, other)| other != position) {
            positions[len] = (rarity(needle[position]), position);
            len += 1;
        }
    }
    // By rarity, so that ties below go to the rarer byte, and to where candidates failed.
    sort_few(&mut positions[..len], |a, b| a.0 < b.0);
    let mut finalists = [0; FINALISTS + MISSED];
    let mut kept = 0;
    for (i, &(_, position)) in positions[..len].iter().enumerate() {
        if i < FINALISTS || missed.contains(&position) {
            finalists[kept] = position;
            kept += 1;
        }
    }
    let jointly = Jointly {
        subject,
        sample,
        positions: &finalists[..kept],
    };
    level.with_some(jointly).flatten()
}

/// The choice among positions by the starts of the sample that agree with all of those chosen.
struct Jointly<'a> {
    subject: Subject<'a>,
    sample: Window,
    positions: &'a [usize],
}

impl Work for Jointly<'_> {
    type Output = Option<Choice>;

    #[inline(always)]
    fn with<I: Isa>(self, isa: I) -> Option<Choice> {
        let Subject { haystack, needle } = self.subject;
        let starts = haystack.len() + 1 - needle.len();
        let words = (self.sample.len() / lanes::<I>()).min(WORDS);
        let size = words * lanes::<I>();
        if words == 0 || self.sample.hi > starts {
            return None;
        }
        let lo = self.sample.hi - size;
        let mut masks = [[0_u64; WORDS]; FINALISTS + MISSED];
        for (&position, masks) in self.positions.iter().zip(&mut masks) {
            let aim = Aim {
                from: [haystack.as_ptr().wrapping_add(position)],
                want: [isa.splat(needle[position])],
            };
            for (i, mask) in masks[..words].iter_mut().enumerate() {
                // SAFETY: these starts are in the sample, so in the haystack, and the position is in the needle.
                *mask = unsafe { agreeing(isa, &aim, lo + i * lanes::<I>()) };
            }
        }
        let ones = |masks: &[u64]| masks.iter().map(|mask| mask.count_ones()).sum::<u32>();
        let both = |a: &[u64], b: &[u64]| -> u32 {
            a.iter().zip(b).map(|(a, b)| (a & b).count_ones()).sum()
        };

        let mut alive = masks[0];
        let first = ones(&alive[..words]);
        // How many of the sample's starts agree with the probes so far. With few survivors a count is noise, biased
        // towards the best of many positions: the expected number is used instead.
        let mut agree = f64::from(first);
        let all = f64::from(u32::try_from(size).unwrap_or(u32::MAX));
        let mut chosen = [self.positions[0]; MAX_PROBES];
        let mut number = 1;
        let mut eager = 0;
        while number < MAX_PROBES && number < self.positions.len() {
            let mut best = (u32::MAX, 0);
            for (k, position) in self.positions.iter().enumerate() {
                if chosen[..number].contains(position) {
                    continue;
                }
                let left = both(&alive[..words], &masks[k][..words]);
                if left < best.0 {
                    best = (left, k);
                }
                if left == 0 {
                    break;
                }
            }
            let (left, k) = best;
            chosen[number] = self.positions[k];
            number += 1;
            for (alive, mask) in alive[..words].iter_mut().zip(&masks[k]) {
                *alive &= mask;
            }
            let expected = agree * f64::from(ones(&masks[k][..words])) / all;
            agree = if left < FEW_AGREE && expected < f64::from(4 * FEW_AGREE) {
                expected.max(f64::from(left))
            } else {
                f64::from(left) + 0.5
            };
            let in_a_million = 1e6 * agree / all;
            if eager == 0 && number <= FEW && in_a_million < 200.0 {
                eager = number;
            }
            let wanting = eager == 0 && in_a_million > 2000.0 && 8 * left < first;
            if number == FEW && !wanting {
                break;
            }
        }
        // There is no form with five.
        if eager == 0 || eager == 5 {
            eager = number;
        }
        Some(Choice {
            probes: Probes::new(needle, &chosen[..number], eager),
            first_is_absent: first == 0,
        })
    }
}

/// A byte of the needle that `region` lacks, as a position in the needle, if one of up to 64
/// positions has such a byte. `hint` is tried first.
///
/// This takes little time: a byte that occurs is usually found within a few bytes, and the first byte
/// that does not occur is the answer.
pub(crate) fn absent(region: &[u8], needle: &[u8], hint: usize) -> Option<usize> {
    std::iter::once(hint)
        .chain(evenly(needle, 63))
        .find(|&position| memchr::memchr(needle[position], region).is_none())
}
