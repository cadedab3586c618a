//! Choosing probes by what the haystack is really made of.
//!
//! A fixed ranking of bytes knows English and source code. It knows nothing of DNA, where each of
//! four letters is a quarter of the file, nor of columns of digits, nor of UTF-16, where every
//! second byte is the same. When the kernel has met too many candidates, the next few thousand
//! starts are taken as a sample of what is to come:
//!
//! 1. Count the bytes of the sample. The position of the needle whose byte is rarest becomes the
//!    first probe.
//! 2. Look at the starts in the sample at which that probe agrees. Of all positions, the one that
//!    rules out most of *these* becomes the second probe, and so on: bytes that go together (`q`
//!    and `u`, a digit and the next column's comma) are no independent evidence, and only the
//!    joint count tells.
//!
//! The positions to choose from are 64, evenly spread, with both ends, and the places at which
//! candidates failed: the last ones, and the one that got farthest. Those are what makes a long
//! repetitive needle with one odd byte cheap: a failed comparison names the odd byte's place.
//!
//! The number of probes that the kernel compares for every start is the smallest, up to six, that
//! leaves less than one candidate in about 5,000 starts: one in 40 blocks of the kernel, each of which
//! costs as much as a mispredicted branch and more. Where six leave more than one in 500, but few of
//! those that the first leaves, as in an alphabet of two letters, it is twelve: 8.5 GB/s instead of
//! 4.8, and 6.6 with eight, 7.4 with ten.
//!
//! A sample costs a count of 4,096 bytes and at most 5 x 32 x 512 byte comparisons: about 5 to 30
//! microseconds, which is why it is taken only when much is left to search, and after a longer wait
//! each time.

use super::direction::{Direction, Window};
use super::pair::{MAX_PROBES, Probes, Subject};

/// Starts in a sample.
const SAMPLE: usize = 4096;
/// Positions of the needle that are considered.
const POSITIONS: usize = 70;
/// Of these, as many are looked at jointly: the rarest, and where candidates failed.
const FINALISTS: usize = 28;
/// Starts at which the first probe agrees and that are looked at for the others.
const SURVIVORS: usize = 512;

/// The number of probes from which on the loads take the time, not the memory: the kernel has one form with more.
const FEW: usize = 6;

/// What a sample says.
#[derive(Clone, Copy, Debug)]
pub(super) struct Choice {
    pub(super) probes: Probes,
    /// The first probe's byte did not occur at all: scanning for it alone may be enough.
    pub(super) first_is_absent: bool,
}

/// Chooses probes for the starts of the window that come first.
pub(super) fn choose<D: Direction>(
    subject: Subject<'_>,
    window: Window,
    missed: &[usize],
) -> Choice {
    let Subject { haystack, needle } = subject;
    let sample = D::stretch(window, SAMPLE);
    let (mut positions, mut len) = ([0_usize; POSITIONS], 0);
    let last = needle.len() - 1;
    let spread = last.clamp(1, 64);
    // The places of failure first: among equals, the earlier wins.
    let candidates = missed
        .iter()
        .copied()
        .chain((0..=spread).map(|i| i * last / spread));
    for position in candidates {
        if position <= last && len < POSITIONS && !positions[..len].contains(&position) {
            positions[len] = position;
            len += 1;
        }
    }
    let positions = &mut positions[..len];

    let mut count = [0_u32; 256];
    for &byte in &haystack[sample.lo..sample.hi] {
        count[usize::from(byte)] += 1;
    }
    let rarity = |position: usize| count[usize::from(needle[position])];
    // By rarity, so that ties below go to the rarer byte, and to where candidates failed.
    positions.sort_by_key(|&position| rarity(position));
    let mut kept = 0;
    for i in 0..positions.len() {
        if i < FINALISTS || missed.contains(&positions[i]) {
            positions[kept] = positions[i];
            kept += 1;
        }
    }
    let positions = &positions[..kept];
    let first = positions[0];
    let first_count = rarity(first);

    let (mut survivors, mut alive) = ([0_usize; SURVIVORS], 0);
    let byte = needle[first];
    for hit in memchr::memchr_iter(byte, &haystack[sample.lo + first..sample.hi + first]) {
        if alive == SURVIVORS {
            break;
        }
        survivors[alive] = sample.lo + hit;
        alive += 1;
    }

    // Candidates in a million starts with the probes so far.
    let seen = alive.max(1) as u64;
    let per_million = |alive: usize| {
        // Half a start more than were seen: none among 512 is no proof of none.
        u64::from(first_count) * 500_000 * (2 * alive as u64 + 1)
            / seen
            / sample.len().max(1) as u64
    };
    let mut chosen = [first; MAX_PROBES];
    let mut number = 1;
    let mut eager = 0;
    while number < MAX_PROBES && number < positions.len() {
        let mut best = None;
        for &position in positions {
            if chosen[..number].contains(&position) {
                continue;
            }
            let left = survivors[..alive]
                .iter()
                .filter(|&&start| haystack[start + position] == needle[position])
                .count();
            if best.is_none_or(|(fewest, _)| left < fewest) {
                best = Some((left, position));
            }
            if left == 0 {
                break;
            }
        }
        let Some((_, position)) = best else { break };
        chosen[number] = position;
        number += 1;
        let mut kept = 0;
        for i in 0..alive {
            if haystack[survivors[i] + position] == needle[position] {
                survivors[kept] = survivors[i];
                kept += 1;
            }
        }
        alive = kept;
        if eager == 0 && per_million(alive) < 200 {
            eager = number;
        }
        let wanting = eager == 0 && per_million(alive) > 2000 && 8 * (alive as u64) < seen;
        if number == FEW && !wanting {
            break;
        }
    }
    // There is no form with five.
    if eager == 0 || eager == 5 {
        eager = number;
    }
    Choice {
        probes: Probes::new(needle, &chosen[..number], eager),
        first_is_absent: first_count == 0,
    }
}

/// A byte of the needle that `region` lacks, as a position in the needle, if one of up to 64
/// positions has such a byte. `hint` is tried first.
///
/// A byte that is there is found within a few bytes and costs a few nanoseconds; one that is not
/// ends the search for one.
pub(super) fn absent(region: &[u8], needle: &[u8], hint: usize) -> Option<usize> {
    let last = needle.len() - 1;
    let spread = last.clamp(1, 63);
    std::iter::once(hint)
        .chain((0..=spread).map(|i| i * last / spread))
        .find(|&position| memchr::memchr(needle[position], region).is_none())
}
