//! Places at which a row of a needle may begin, by what several grams of it agree about. The algorithm is that of
//! Hyperscan's FDR, shift-or, with as much of it as is needed.
//!
//! The needles are in eight buckets. For each gram of two to four bytes, by its hash, a word of the table says which
//! buckets have it in their rows at which offset: a byte of the word for each offset, a bit for each bucket, and zero means
//! that it has. The haystack's grams are looked up at every first, second or fourth place, and shifted over each other, so
//! that the bits of all grams of one row meet. A place is left only if one bucket has them all.

use super::fold::CASE as CASE_BIT;
use crate::order::sort;

/// Offsets at which grams of a row are told apart.
const OFFSETS: usize = 8;

/// Places that are looked at together.
pub(super) const PLACES: usize = 64;

/// The logarithm of the table's length.
const BITS: u32 = 14;

const MULTIPLIER: u32 = 0x9E37_79B1;

/// How the rows of needles are sieved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Mesh {
    /// Bytes of a gram.
    pub(super) gram: usize,
    /// Places from one look to the next: 1, 2 or 4.
    pub(super) stride: usize,
    /// Offsets of a row at which it has grams.
    pub(super) offsets: usize,
}

impl Mesh {
    /// The ways to sieve rows of needles of so many bytes at least.
    pub(super) fn all(shortest: usize) -> impl Iterator<Item = Self> {
        let ways = [
            (3, 2),
            (3, 1),
            (4, 2),
            (4, 4),
            (3, 4),
            (2, 1),
            (4, 1),
            (2, 2),
        ];
        ways.into_iter().filter_map(move |(gram, stride)| {
            let offsets = (shortest + 1).checked_sub(gram)?.min(OFFSETS);
            let mesh = Self {
                gram,
                stride,
                offsets,
            };
            (mesh.looks() >= 2).then_some(mesh)
        })
    }

    /// Bytes of a row.
    pub(super) fn row(&self) -> usize {
        self.offsets + self.gram - 1
    }

    /// How many grams of a row are looked up at least, wherever it stands.
    pub(super) fn looks(&self) -> usize {
        self.offsets / self.stride
    }
}

/// The table, and how it is looked up.
#[derive(Debug)]
pub(super) struct Sieve {
    table: Box<[u64; 1 << BITS]>,
    mesh: Mesh,
    multiplier: u32,
    case: u32,
}

impl Sieve {
    /// Of the rows of all needles, one behind the other.
    pub(super) fn new(rows: &[u8], mesh: Mesh, case: u8) -> Self {
        // Offsets that rows don't have let everything pass.
        let nothing = u64::MAX >> (8 * (OFFSETS - mesh.offsets));
        let mut sieve = Self {
            table: filled(nothing),
            mesh,
            multiplier: MULTIPLIER << (32 - 8 * mesh.gram),
            case: u32::from_ne_bytes([case; 4]),
        };
        // Rows that begin alike share a bucket.
        let key = |row: &[u8]| {
            let mut bytes = [0; 8];
            let len = row.len().min(8);
            bytes[..len].copy_from_slice(&row[..len]);
            u64::from_be_bytes(bytes)
        };
        let mut keys: Vec<u64> = rows.chunks_exact(mesh.row()).map(key).collect();
        sort(&mut keys);
        keys.dedup();
        let first: [u64; 8] = std::array::from_fn(|bucket| keys[bucket * keys.len() / 8]);
        for row in rows.chunks_exact(mesh.row()) {
            let key = key(row);
            let bucket = first.partition_point(|&first| first <= key) - 1;
            for (offset, gram) in row.windows(mesh.gram).enumerate() {
                let mut bytes = [0; 4];
                bytes[..mesh.gram].copy_from_slice(gram);
                let word = sieve.slot(u32::from_le_bytes(bytes));
                sieve.table[word] &= !(1 << (8 * offset + bucket));
            }
        }
        sieve
    }

    pub(super) fn mesh(&self) -> Mesh {
        self.mesh
    }

    #[inline]
    fn slot(&self, gram: u32) -> usize {
        ((gram | self.case).wrapping_mul(self.multiplier) >> (32 - BITS)) as usize
    }

    /// Looks at whole blocks of `PLACES` from `at` on, which do not begin behind `last`, until one has a place at which a
    /// row may begin. Answers which: the highest bit is that of the first place. Without any, where it has come to.
    #[inline]
    pub(super) fn look(&self, haystack: &[u8], at: usize, last: usize) -> (usize, u64) {
        match (self.mesh.stride, self.case) {
            (1, 0) => self.look_by::<1, false>(haystack, at, last),
            (2, 0) => self.look_by::<2, false>(haystack, at, last),
            (_, 0) => self.look_by::<4, false>(haystack, at, last),
            (1, _) => self.look_by::<1, true>(haystack, at, last),
            (2, _) => self.look_by::<2, true>(haystack, at, last),
            (_, _) => self.look_by::<4, true>(haystack, at, last),
        }
    }

    #[inline(never)]
    fn look_by<const STRIDE: usize, const CASE: bool>(
        &self,
        haystack: &[u8],
        mut at: usize,
        last: usize,
    ) -> (usize, u64) {
        while at <= last {
            let rest = haystack.len().saturating_sub(at);
            let found = if rest >= READ {
                // SAFETY: `READ` bytes are there, from `at` on.
                unsafe { self.block::<STRIDE, CASE>(haystack[at..].as_ptr()) }
            } else {
                // A copy, with something behind it.
                let mut copy = [0; READ];
                copy[..rest].copy_from_slice(&haystack[haystack.len() - rest..]);
                // SAFETY: the copy is as long.
                unsafe { self.block::<STRIDE, CASE>(copy.as_ptr()) }
            };
            if found != 0 {
                return (at, found);
            }
            at += PLACES;
        }
        (at, 0)
    }

    /// The places of a block.
    ///
    /// # Safety
    ///
    /// `READ` bytes can be read from there on.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "the haystack is read by it alone")]
    unsafe fn block<const STRIDE: usize, const CASE: bool>(&self, first: *const u8) -> u64 {
        let multiplier = self.multiplier;
        let case = if CASE {
            u32::from_ne_bytes([CASE_BIT; 4])
        } else {
            0
        };
        let table: &[u64; 1 << BITS] = &self.table;
        let next = |state: u64, place: usize| {
            // SAFETY: those who call it stay within what can be read.
            let place = unsafe { first.add(place) };
            // SAFETY: as above; any alignment will do. Others may change the bytes.
            let gram = u32::from_le(unsafe { place.cast::<u32>().read_unaligned() });
            let slot = (gram | case).wrapping_mul(multiplier) >> (32 - BITS);
            state << (8 * STRIDE) | table[slot as usize]
        };
        // The grams before those with which the first row may be complete.
        let begun = (0..OFFSETS / STRIDE - 1)
            .fold(0, |state, look| next(state, STRIDE - 1 + look * STRIDE));
        let (mut state, mut all) = (begun, u64::MAX);
        // The bytes of the places, that of the first one last: each word is written over what is not complete of the one
        // before.
        let mut bytes = [0_u8; PLACES + OFFSETS];
        for look in 0..PLACES / STRIDE {
            state = next(state, OFFSETS - 1 + look * STRIDE);
            all &= state;
            let at = PLACES - look * STRIDE;
            bytes[at..at + OFFSETS].copy_from_slice(&state.to_le_bytes());
        }
        let complete = u64::MAX << (64 - 8 * STRIDE);
        if all & complete == complete {
            return 0;
        }
        let (words, _) = bytes[OFFSETS..].as_chunks::<8>();
        let bits = words.iter().map(|word| not_full(u64::from_le_bytes(*word)));
        bits.rev().fold(0, |found, bits| found << 8 | bits)
    }
}

/// A bit for each byte that is not 0xFF.
fn not_full(word: u64) -> u64 {
    const LOW: u64 = u64::from_ne_bytes([0x7F; 8]);
    let word = !word;
    let there = (((word & LOW) + LOW) | word) & !LOW;
    (there >> 7).wrapping_mul(0x0102_0408_1020_4080) >> 56
}

/// What is read from a block's first place on.
const READ: usize = PLACES + OFFSETS - 1 + 4;

fn filled(word: u64) -> Box<[u64; 1 << BITS]> {
    let table: Box<[u64]> = vec![word; 1 << BITS].into();
    match table.try_into() {
        Ok(table) => table,
        Err(_) => unreachable!("it has been made so long"),
    }
}
