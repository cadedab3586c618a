//! Where matches start, of alternatives that are literals: by two tables for each place of a match.
//!
//! Each alternative has a bit. The tables of a place, for the lower and the upper four bits of a byte, say in which
//! alternatives the byte may stand there. What all places say is the alternatives that start at a place. The algorithm
//! is Teddy, as in [`buckets`](crate::pattern::filter::buckets); but each alternative has a bit of its own, and all
//! places are looked at, so that nothing is left to verify. The rarest three come first, and mostly decide.

use super::rows::{REACH, Row, WORD, WORDS, each_part};
use super::steps::Extent;
use super::terms::ranked;
use crate::pattern::filter::front::Bytes;
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
use crate::pattern::filter::simd::{self, Simd};
use std::ops::Range;

/// The most alternatives: the bits of a byte.
const MOST: usize = 8;

/// How many places are looked at everywhere.
const FIRST: usize = 3;

/// How many more are looked at without asking whether anything is left.
const FEW: usize = 2;

/// The tables of a place.
#[derive(Clone, Copy, Debug)]
struct Place {
    at: usize,
    low: [u8; 16],
    high: [u8; 16],
}

impl Place {
    /// `None` if tables can't tell exactly what may stand there.
    fn new(at: usize, extents: &[Extent]) -> Option<Self> {
        let mut place = Self {
            at,
            low: [0; 16],
            high: [0; 16],
        };
        for (bit, extent) in extents.iter().enumerate() {
            let class = extent.places.get(at);
            let every = Bytes::range(0, u8::MAX);
            let class = class.unwrap_or(&every);
            class.each(|byte| {
                place.low[usize::from(byte & 15)] |= 1 << bit;
                place.high[usize::from(byte >> 4)] |= 1 << bit;
            });
            let is_exact =
                (0..=u8::MAX).all(|byte| (place.of(byte) >> bit & 1 == 1) == class.has(byte));
            if !is_exact {
                return None;
            }
        }
        Some(place)
    }

    /// The alternatives in which a byte may stand there.
    fn of(&self, byte: u8) -> u8 {
        self.low[usize::from(byte & 15)] & self.high[usize::from(byte >> 4)]
    }
}

/// The bytes of an alternative as a word, of which only the bits of a mask matter.
#[derive(Clone, Copy, Debug)]
struct Literal {
    value: u64,
    mask: u64,
    len: usize,
}

impl Literal {
    /// `None` if it is longer than a word, or some place has bytes that differ in more than one bit.
    fn new(extent: &Extent) -> Option<Self> {
        let (mut value, mut mask) = ([0; 8], [0; 8]);
        for (at, class) in extent.places.iter().enumerate() {
            (*value.get_mut(at)?, *mask.get_mut(at)?) = class.masked()?;
        }
        Some(Self {
            value: u64::from_le_bytes(value),
            mask: u64::from_le_bytes(mask),
            len: extent.places.len(),
        })
    }
}

/// The tables of all places.
#[derive(Clone, Debug)]
pub(super) struct Table {
    /// The alternatives, if all of them are that short.
    literals: Vec<Literal>,
    /// The rarest of most texts, up to `FIRST`, and all of the others.
    first: [Place; FIRST],
    rest: Vec<Place>,
}

impl Table {
    /// `None` if an alternative has no fixed length, or tables can't tell exactly what it is.
    pub(super) fn new(extents: &[Extent]) -> Option<Self> {
        let is_fixed =
            |extent: &Extent| extent.run.is_none() && extent.least == extent.places.len();
        let len = extents.iter().map(|extent| extent.places.len()).max()?;
        // Behind the haystack's end zeros are read.
        let has_zero = |extent: &Extent| extent.places.iter().any(|class| class.has(0));
        if extents.len() > MOST
            || len > REACH
            || !extents.iter().all(is_fixed)
            || extents.iter().any(has_zero)
        {
            return None;
        }
        let places: Option<Vec<Place>> = (0..len).map(|at| Place::new(at, extents)).collect();
        let places = places?;
        // How many places of most texts are left, for each alternative.
        let all = f64::from((0..=u8::MAX).map(ranked).sum::<u32>());
        let share = |bit: usize, place: &Place| {
            let bytes = (0..=u8::MAX).filter(|byte| place.of(*byte) >> bit & 1 == 1);
            f64::from(bytes.map(ranked).sum::<u32>()) / all
        };
        let shares: Vec<Vec<f64>> = places
            .iter()
            .map(|place| (0..extents.len()).map(|bit| share(bit, place)).collect())
            .collect();
        let (mut left, mut chosen) = (vec![1.0; extents.len()], Vec::new());
        for _ in 0..FIRST.min(len) {
            let sum = |at: usize| -> f64 { left.iter().zip(&shares[at]).map(|(a, b)| a * b).sum() };
            let best = (0..len)
                .filter(|at| !chosen.contains(at))
                .min_by(|a, b| sum(*a).total_cmp(&sum(*b)))?;
            for (left, share) in left.iter_mut().zip(&shares[best]) {
                *left *= share;
            }
            chosen.push(best);
        }
        let first = *chosen.first()?;
        let others = (0..len).filter(|at| !chosen.contains(at));
        let literals: Option<Vec<Literal>> = extents.iter().map(Literal::new).collect();
        Some(Self {
            literals: literals.unwrap_or_default(),
            first: std::array::from_fn(|at| places[*chosen.get(at).unwrap_or(&first)]),
            rest: others.map(|at| places[at]).collect(),
        })
    }

    /// Where the match that starts at a place ends, if that is known without looking at one alternative after the other,
    /// which nobody foresees.
    #[inline]
    pub(super) fn end(&self, haystack: &[u8], start: usize) -> Option<usize> {
        let word = u64::from_le_bytes(*haystack.get(start..)?.first_chunk()?);
        let stands = |literal: &Literal| usize::from(word & literal.mask == literal.value);
        let alternatives = self.literals.iter().enumerate();
        let stand = alternatives.fold(0, |all, (bit, literal)| all | stands(literal) << bit);
        let literal = self.literals.get(stand.trailing_zeros() as usize)?;
        Some(start + literal.len)
    }

    /// The cost of a KiB, as in `plan`.
    pub(super) fn cost(&self) -> usize {
        150 + 25 * self.rest.len()
    }

    /// Fills so many words of a row from `base` on.
    pub(super) fn fill(&self, haystack: &[u8], base: usize, words: usize, row: &mut Row) {
        each_part(
            haystack,
            base,
            words.min(WORDS),
            false,
            |bytes, from, words| {
                self.vectors(bytes, from, words, row);
            },
        );
    }

    fn vectors(&self, haystack: &[u8], from: usize, words: Range<usize>, row: &mut Row) {
        #[cfg(target_arch = "x86_64")]
        {
            if let Some(avx512) = simd::Avx512::detect() {
                // SAFETY: `avx512` exists, so this processor has it.
                return unsafe { with_avx512(avx512, self, haystack, from, words, row) };
            }
            if let Some(avx2) = simd::Avx2::detect() {
                // SAFETY: `avx2` exists, so this processor has it.
                return unsafe { with_avx2(avx2, self, haystack, from, words, row) };
            }
        }
        #[cfg(target_arch = "aarch64")]
        kernel(simd::Neon, self, haystack, from, words, row);
        #[cfg(not(target_arch = "aarch64"))]
        self.one_by_one(haystack, from, words, row);
    }

    /// The same without vectors.
    #[cfg(any(test, not(target_arch = "aarch64")))]
    fn one_by_one(&self, haystack: &[u8], from: usize, words: Range<usize>, row: &mut Row) {
        for (at, word) in words.enumerate() {
            let starts = from + at * WORD..from + (at + 1) * WORD;
            row[word] = starts.enumerate().fold(0, |bits, (bit, start)| {
                let places = self.first.iter().chain(&self.rest);
                let left = places.fold(u8::MAX, |left, place| {
                    let byte = haystack.get(start + place.at);
                    left & byte.map_or(0, |&byte| place.of(byte))
                });
                bits | u64::from(left != 0) << bit
            });
        }
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bw")]
fn with_avx512(
    avx512: simd::Avx512,
    table: &Table,
    haystack: &[u8],
    from: usize,
    words: Range<usize>,
    row: &mut Row,
) {
    kernel(avx512, table, haystack, from, words, row);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn with_avx2(
    avx2: simd::Avx2,
    table: &Table,
    haystack: &[u8],
    from: usize,
    words: Range<usize>,
    row: &mut Row,
) {
    kernel(avx2, table, haystack, from, words, row);
}

/// Fills the words of a row whose places, with the bytes behind them, lie in the haystack.
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
#[expect(
    clippy::inline_always,
    reason = "it has to be compiled with the caller's features"
)]
#[inline(always)]
fn kernel<S: Simd>(
    simd: S,
    table: &Table,
    haystack: &[u8],
    from: usize,
    words: Range<usize>,
    row: &mut Row,
) {
    assert!(from + words.len() * WORD + REACH <= haystack.len());
    assert!(
        table
            .first
            .iter()
            .chain(&table.rest)
            .all(|place| place.at < REACH)
    );
    let first: [(S::Vector, S::Vector); FIRST] = std::array::from_fn(|at| {
        let place = &table.first[at];
        (simd.table(&place.low), simd.table(&place.high))
    });
    let ahead = words.len() * WORD;
    for (at, word) in row[words].iter_mut().enumerate() {
        // Processors look ahead in a page of 4 KiB only, and so much is read at once.
        simd.prefetch(haystack.as_ptr().wrapping_add(from + at * WORD + ahead));
        let mut bits = 0;
        for part in 0..WORD / S::LANES {
            // SAFETY: the words, with as many bytes behind them as are looked at, lie in the haystack: see above.
            let start = unsafe { haystack.as_ptr().add(from + at * WORD + part * S::LANES) };
            // SAFETY: as above.
            let mut found = unsafe { look(simd, start, table.first[0].at, first[0]) };
            for (place, tables) in table.first.iter().zip(first).skip(1) {
                // SAFETY: as above.
                let also = unsafe { look(simd, start, place.at, tables) };
                found = simd.and(found, also);
            }
            // A few more places take less than a branch that can't be foreseen.
            if table.rest.len() <= FEW || simd.nonzero(found) != 0 {
                for place in &table.rest {
                    let tables = (simd.table(&place.low), simd.table(&place.high));
                    // SAFETY: as above.
                    let also = unsafe { look(simd, start, place.at, tables) };
                    found = simd.and(found, also);
                }
                bits |= simd.nonzero(found) << (part * S::LANES);
            }
        }
        *word = bits;
    }
}

/// The alternatives that may stand at a vector of starts, by the bytes at one of their places.
///
/// # Safety
///
/// These bytes can be read.
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
#[expect(
    clippy::inline_always,
    reason = "it has to be compiled with the caller's features"
)]
#[inline(always)]
unsafe fn look<S: Simd>(
    simd: S,
    start: *const u8,
    at: usize,
    (low, high): (S::Vector, S::Vector),
) -> S::Vector {
    // SAFETY: the caller vouches for the bytes.
    let place = unsafe { start.add(at) };
    // SAFETY: as above.
    let bytes = unsafe { simd.load(place) };
    simd.look_up(low, high, bytes)
}

#[cfg(test)]
mod tests {
    use super::{Extent, Table};
    use crate::pattern::Encoding;
    use crate::pattern::bits::Segments;
    use crate::pattern::bits::rows::WORDS;
    use crate::pattern::syntax::{Flags, parse_only};
    use crate::pattern::testing::Random;

    fn table(source: &str) -> Option<Table> {
        let units: Vec<u16> = source.encode_utf16().collect();
        let parsed = parse_only(&units, Flags::new("")).unwrap();
        let segments = Segments::new(&parsed.node, Encoding::Utf8)?;
        let extents = segments.alternatives.iter();
        let extents: Option<Vec<Extent>> = extents.map(|one| Extent::new(one, &segments)).collect();
        Table::new(&extents?)
    }

    #[test]
    fn literals_are_alternatives_of_a_table() {
        for source in [
            "foo|bar",
            "[fF]oo|ba[rz]|b",
            r"x\d|0123456789abcdef",
            "a|b|c|d|e|f|g|h",
        ] {
            assert!(table(source).is_some(), "{source}");
        }
        for source in [
            "foo|ba[a-z]",
            "foo|bar+",
            "foo|ba{1,2}r",
            "foo|\0",
            "a|0123456789abcdefg",
        ] {
            assert!(table(source).is_none(), "{source}");
        }
    }

    #[test]
    fn every_instruction_set_gives_the_same_row() {
        let mut random = Random(0x7AB1E);
        for source in [
            "foo|bar",
            "ab|ba|b",
            "[fF]oo|b|foobarfoobar|ar",
            r"o\d|0123456789abcdef",
        ] {
            let table = table(source).unwrap();
            let pieces: [&[u8]; 8] = [
                b"foo",
                b"bar",
                b"a",
                b"b",
                b"F",
                b"o7",
                b"0123456789abcdef",
                b"\xFF",
            ];
            let mut haystack = Vec::new();
            while haystack.len() < 5000 {
                haystack.extend_from_slice(pieces[random.below(pieces.len())]);
            }
            let mut wanted = [0; WORDS];
            table.one_by_one(&haystack, 100, 0..WORDS, &mut wanted);
            assert!(wanted.iter().any(|word| *word != 0));
            let mut row = [0; WORDS];
            table.vectors(&haystack, 100, 0..WORDS, &mut row);
            assert_eq!(row, wanted, "{source}");
            let mut row = [u64::MAX; WORDS];
            table.fill(&haystack, 100, WORDS, &mut row);
            assert_eq!(row, wanted, "{source}");
            // The last word is partly behind the end.
            let mut row = [u64::MAX; WORDS];
            table.fill(&haystack[..100 + 64 * 3 + 30], 100, 4, &mut row);
            let behind = row[3] >> 30;
            assert_eq!(
                (row[0], row[1], behind),
                (wanted[0], wanted[1], 0),
                "{source}"
            );
            #[cfg(target_arch = "x86_64")]
            {
                use crate::pattern::filter::simd::{Avx2, Avx512};
                if let Some(avx2) = Avx2::detect() {
                    let mut row = [0; WORDS];
                    // SAFETY: `avx2` exists, so this processor has it.
                    unsafe {
                        super::with_avx2(avx2, &table, &haystack, 100, 0..WORDS, &mut row);
                    };
                    assert_eq!(row, wanted, "{source}");
                }
                if let Some(avx512) = Avx512::detect() {
                    let mut row = [0; WORDS];
                    // SAFETY: `avx512` exists, so this processor has it.
                    unsafe {
                        super::with_avx512(avx512, &table, &haystack, 100, 0..WORDS, &mut row);
                    };
                    assert_eq!(row, wanted, "{source}");
                }
            }
        }
    }
}
