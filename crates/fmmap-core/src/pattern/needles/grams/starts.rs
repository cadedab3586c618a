//! A table of needles' starts: which needle of a list starts at a given place.

use super::{ENTRY, Entry, LARGE, PRIME, SMALL, Table, eight, first};
use crate::pattern::needles::fold::CASE;
use crate::pattern::needles::prefixes::{Prefixes, WAYS};
use crate::pattern::needles::{Found, Strings};

/// The logarithm to base 2 of the number of bits in a table of some thousand starts.
const MIDDLE: u32 = 18;

/// So few needles have starts of one length, unless many of them begin alike.
const FEW: usize = 1000;

/// Starts have no more lengths than this.
const MASKS: usize = 4;

/// How many bytes of eight a mask leaves.
#[inline]
fn bytes_of(mask: u64) -> usize {
    8 - mask.leading_zeros() as usize / 8
}

impl Table {
    /// A table of the first gram of each needle. It answers which needle starts at a given place.
    pub(in crate::pattern::needles) fn at_starts(strings: &Strings) -> Option<Self> {
        Self::with_starts(strings).map(|(table, _)| table)
    }

    /// The same, and the first bytes of all needles, as many as the shortest has: zeros follow what is shorter than eight.
    ///
    /// Where many needles begin alike, those that are longer have longer grams, so that a word of three letters does not
    /// make candidates of all that begin as longer words do.
    pub(in crate::pattern::needles) fn with_starts(
        strings: &Strings,
    ) -> Option<(Self, Vec<[u8; 8]>)> {
        let shortest = strings.shortest().min(8);
        if shortest == 0 {
            return None;
        }
        let lens: &[usize] = match shortest {
            0..5 => &[8, 5, shortest],
            5..8 => &[8, shortest],
            _ => &[8],
        };
        if strings.len() <= FEW {
            let made = Self::starts_of(strings, &[shortest], shortest)?;
            if made.0.prefixes.shared() * 16 <= strings.len() || lens.len() == 1 {
                return Some(made);
            }
        }
        Self::starts_of(strings, lens, shortest)
    }

    /// The same with grams of these lengths, the longest first.
    fn starts_of(
        strings: &Strings,
        lens: &[usize],
        shortest: usize,
    ) -> Option<(Self, Vec<[u8; 8]>)> {
        let mut table = Self::empty(strings, shortest, 1);
        table.masks.clear();
        let mut hashes = Vec::with_capacity(strings.len());
        let mut starts = Vec::with_capacity(strings.len());
        let mut prefixes = Prefixes::new(strings.len());
        let mut shorts = Vec::with_capacity(strings.len());
        for (needle, bytes) in strings.all() {
            let mut add = |way: &[u8]| {
                let mask = u64::MAX >> (64 - 8 * way.len());
                if !table.masks.contains(&mask) {
                    table.masks.push(mask);
                }
                let hash = table.hash_by(way, 0, mask);
                #[expect(
                    clippy::cast_possible_truncation,
                    reason = "the lower half of the hash"
                )]
                let entry = Entry {
                    tag: hash as u32,
                    needle,
                    row: 0,
                    offset: 0,
                };
                hashes.push((hash, entry));
                let some = strings.plain_from(bytes, way, Prefixes::begin(way.len()));
                prefixes.add(hash, needle, &some, table.case);
                shorts.push(table.hash(way, 0));
                let mut start = [0; 8];
                start[..shortest].copy_from_slice(&way[..shortest]);
                starts.push(start);
            };
            let mut lens = lens.iter().filter(|&&len| len <= bytes.len());
            match &strings.fold {
                Some(fold) => {
                    let ways = lens.find_map(|&len| {
                        if fold.is_plain(&bytes[..len]) {
                            return Some(vec![bytes[..len].to_vec()]);
                        }
                        fold.ways(bytes, 0, len)
                    });
                    ways?.iter().for_each(|way| add(way));
                }
                None => add(&bytes[..*lens.next()?]),
            }
        }
        table.fill(hashes);
        let size = match shorts.len() {
            0..=2000 => SMALL,
            2001..=20_000 => MIDDLE,
            _ => LARGE,
        };
        table.set_bits(size, shorts.into_iter());
        table.prefixes = prefixes;
        Some((table, starts))
    }

    /// Whether some needle begins as these eight bytes do, as far as all needles reach. Never branches.
    #[inline]
    pub(in crate::pattern::needles) fn begins(&self, bytes: u64) -> bool {
        self.has(((bytes | self.case) & self.mask).wrapping_mul(PRIME))
    }

    /// Whether some needle goes on as well as what is read some bytes behind a place. Never branches.
    #[inline]
    pub(in crate::pattern::needles) fn goes_on(&self, read: impl Fn(usize) -> u64) -> bool {
        let begin = read(0) | self.case;
        let goes_on = |any, &mask: &u64| {
            let hash = (begin & mask).wrapping_mul(PRIME);
            let bytes = read(Prefixes::begin(bytes_of(mask))) | self.case;
            any | (self.prefixes.allowed(hash, bytes) != 0)
        };
        self.masks.iter().fold(false, goes_on)
    }

    /// Whether a needle may start at a place.
    pub(in crate::pattern::needles) fn may_start(&self, haystack: &[u8], at: usize) -> bool {
        let read = |behind: usize| eight(haystack, at + behind);
        self.begins(read(0)) && self.goes_on(read)
    }

    /// The first needle of the list that starts at a place. Only for a table made by [`Self::at_starts`]. Adds to
    /// `work` what that cost.
    #[inline]
    pub(in crate::pattern::needles) fn at(
        &self,
        strings: &Strings,
        haystack: &[u8],
        at: usize,
        work: &mut usize,
    ) -> Option<Found> {
        if at + self.len > haystack.len() {
            return None;
        }
        let mut best: Option<Found> = None;
        let begin = eight(haystack, at);
        if !self.begins(begin) {
            return None;
        }
        // Mostly it is one, or none: all are asked before the first branch.
        let (mut ways, mut hashes) = (0, [0; MASKS]);
        for (number, &mask) in self.masks.iter().enumerate() {
            let hash = ((begin | self.case) & mask).wrapping_mul(PRIME);
            let bytes = eight(haystack, at + Prefixes::begin(bytes_of(mask))) | self.case;
            ways |= self.prefixes.allowed(hash, bytes) << (WAYS * number);
            hashes[number % MASKS] = hash;
        }
        while ways != 0 {
            let way = ways.trailing_zeros() as usize;
            ways &= ways - 1;
            *work += ENTRY;
            let hash = hashes[way / WAYS % MASKS];
            let needle = self.prefixes.needle(hash, way % WAYS);
            let found = if let Some(needle) = needle {
                if best.is_some_and(|best| best.needle < needle) {
                    continue;
                }
                strings.at_start(haystack, at, needle, work)
            } else {
                // All that have this hash are looked at.
                ways &= u32::MAX << (way / WAYS * WAYS + WAYS);
                self.first_of(strings, haystack, at, hash, work)
            };
            if let Some(found) = found
                && best.is_none_or(|best| found.needle < best.needle)
            {
                best = Some(found);
            }
        }
        best
    }

    /// The first needle of those with a hash that starts at a place.
    fn first_of(
        &self,
        strings: &Strings,
        haystack: &[u8],
        at: usize,
        hash: u64,
        work: &mut usize,
    ) -> Option<Found> {
        let bucket = first(hash, self.bucket_size);
        let (first, behind) = (self.heads[bucket] as usize, self.heads[bucket + 1] as usize);
        self.entries[first..behind].iter().find_map(|entry| {
            *work += ENTRY;
            #[expect(clippy::cast_possible_truncation, reason = "the lower half")]
            let is_same = entry.tag == hash as u32;
            is_same
                .then(|| strings.at_start(haystack, at, entry.needle, work))
                .flatten()
        })
    }
}

impl Strings {
    /// Up to eight bytes of a needle that begins as `way` says, from `from` on: as many as have one spelling only, as
    /// grams compare them.
    fn plain_from(&self, needle: &[u8], way: &[u8], from: usize) -> Vec<u8> {
        let is_same = |(a, b): (&u8, &u8)| (a | CASE) == (b | CASE);
        let mut some = way[from..].to_vec();
        let rest = &needle[way.len()..];
        match &self.fold {
            None => some.extend(rest.iter().take(8)),
            Some(fold) if needle.iter().zip(way).all(is_same) => {
                some.extend(rest.iter().take_while(|byte| fold.is_plain(&[**byte])));
            }
            Some(_) => {}
        }
        some.truncate(8);
        some
    }

    /// Compares a needle with what starts at a place.
    #[inline]
    fn at_start(
        &self,
        haystack: &[u8],
        start: usize,
        needle: u32,
        work: &mut usize,
    ) -> Option<Found> {
        *work += self.get(needle).len() / 8;
        let end = self.matches(haystack, start, needle, 0)?;
        Some(Found { start, needle, end })
    }
}
