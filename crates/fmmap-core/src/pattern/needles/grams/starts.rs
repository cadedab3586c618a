//! A table of needles' starts: which needle of a list starts at a given place.

use super::{ENTRY, Entry, LARGE, PRIME, SMALL, Table, eight, first};
use crate::pattern::needles::fold::{CASE, Fold};
use crate::pattern::needles::prefixes::{NUMBER, Prefixes, SEVERAL, WAYS};
use crate::pattern::needles::{Found, Strings};

/// The logarithm to base 2 of the number of bits in a table of some thousand starts.
const MIDDLE: u32 = 18;

/// So few needles have starts of one length, unless many of them begin alike.
const FEW: usize = 1000;

/// As many bytes are read from a start on.
const AHEAD: usize = 16;

/// The bytes near the end of the haystack, with zeros behind them.
#[cold]
fn padded(rest: &[u8]) -> [u8; AHEAD] {
    let mut bytes = [0; AHEAD];
    bytes[..rest.len()].copy_from_slice(rest);
    bytes
}

/// Whether bytes are the same but for the bit of case.
fn same_but_case(some: &[u8], others: &[u8]) -> bool {
    let is_same = |(a, b): (&u8, &u8)| (a | CASE) == (b | CASE);
    some.iter().zip(others).all(is_same)
}

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
                let from = Prefixes::begin(way.len());
                let is_same = same_but_case(way, bytes);
                let some = if is_same {
                    strings.plain_from(bytes, from, way.len())
                } else {
                    &way[from..]
                };
                let is_cased = strings.fold.is_some();
                let has_case = |byte: u8| {
                    is_cased && !(is_same && byte.is_ascii() && !byte.is_ascii_alphabetic())
                };
                let has_one_spelling = |fold: &Fold| bytes.is_ascii() && fold.is_plain(bytes);
                let is_plain = is_same && strings.fold.as_ref().is_none_or(has_one_spelling);
                let len = if is_plain && bytes.len() <= AHEAD {
                    u32::try_from(bytes.len()).unwrap_or(0)
                } else {
                    0
                };
                let marked = needle | len << NUMBER;
                prefixes.add(hash, marked, some, has_case);
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
            let bytes = read(Prefixes::begin(bytes_of(mask)));
            any | (self.prefixes.allowed(hash, bytes) != 0)
        };
        self.masks.iter().fold(false, goes_on)
    }

    /// Whether a needle may start at a place.
    #[cfg(any(test, not(target_arch = "x86_64")))]
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
        let rest = &haystack[at..];
        let copy;
        let there = if let Some(there) = rest.first_chunk() {
            there
        } else {
            copy = padded(rest);
            &copy
        };
        // Mostly it is one, or none: all are asked before the first branch.
        let mut ways = 0;
        for (number, &mask) in self.masks.iter().enumerate() {
            let (hash, bytes) = self.hashed(there, mask);
            ways |= self.prefixes.allowed(hash, bytes) << (WAYS * number);
        }
        if ways == 0 {
            return None;
        }
        let (mask, hash, way) = self.first(there, ways);
        let (needle, len) = self.prefixes.get(hash, way % WAYS);
        if ways.is_power_of_two() && len > 0 {
            *work += ENTRY;
            // The bytes that were compared are all of a short needle, unless they are those behind the fourth.
            let is_whole = len < 8 && Prefixes::begin(bytes_of(mask)) == 0;
            let end = at + len;
            if end > haystack.len()
                || !(is_whole || strings.brief_at(there, needle, len, self.case))
            {
                return None;
            }
            let (start, needle) = (at, needle as usize);
            return Some(Found { start, needle, end });
        }
        self.first_way(strings, haystack, at, there, ways, work)
    }

    /// The first of some ways: of which bytes its hash is, the hash, and which it is.
    #[inline]
    fn first(&self, there: &[u8; AHEAD], ways: u32) -> (u64, u64, usize) {
        let way = ways.trailing_zeros() as usize;
        let mask = self.masks[way / WAYS];
        (mask, self.hashed(there, mask).0, way)
    }

    /// The first needle of the list, of those in some ways that start at a place.
    #[inline(never)]
    fn first_way(
        &self,
        strings: &Strings,
        haystack: &[u8],
        at: usize,
        there: &[u8; AHEAD],
        mut ways: u32,
        work: &mut usize,
    ) -> Option<Found> {
        let mut best: Option<Found> = None;
        while ways != 0 {
            let (_, hash, way) = self.first(there, ways);
            let (needle, _) = self.prefixes.get(hash, way % WAYS);
            ways &= ways - 1;
            *work += ENTRY;
            let found = if needle == SEVERAL {
                // All that have this hash are looked at.
                ways &= u32::MAX << (way / WAYS * WAYS + WAYS);
                self.first_of(strings, haystack, at, hash, work)
            } else if best.is_some_and(|best| best.needle < needle as usize) {
                None
            } else {
                strings.at_start(haystack, at, needle, work)
            };
            if let Some(found) = found
                && best.is_none_or(|best| found.needle < best.needle)
            {
                best = Some(found);
            }
        }
        best
    }

    /// The hash of as many bytes as a mask says, and the eight bytes that are compared then.
    #[inline]
    fn hashed(&self, there: &[u8; AHEAD], mask: u64) -> (u64, u64) {
        let begin = eight(there, 0);
        let hash = ((begin | self.case) & mask).wrapping_mul(PRIME);
        (hash, eight(there, Prefixes::begin(bytes_of(mask))))
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
    /// Up to eight bytes of a needle from `from` on: as many as have one spelling only, as grams compare them, but for those
    /// before `known`, whose spelling is known.
    fn plain_from<'n>(&self, needle: &'n [u8], from: usize, known: usize) -> &'n [u8] {
        let is_plain = |byte: &&u8| {
            let fold = self.fold.as_ref();
            fold.is_none_or(|fold| fold.is_plain(&[**byte]))
        };
        let more = needle[known..].iter().take_while(is_plain).count();
        &needle[from..(known + more).min(from + 8)]
    }

    /// Compares a needle with what starts at a place.
    #[inline(never)]
    fn at_start(
        &self,
        haystack: &[u8],
        start: usize,
        needle: u32,
        work: &mut usize,
    ) -> Option<Found> {
        *work += self.get(needle).len() / 8;
        let end = self.matches(haystack, start, needle, 0)?;
        let needle = needle as usize;
        Some(Found { start, needle, end })
    }

    /// Whether a needle of up to sixteen bytes that has one spelling is there, by its first and its last eight bytes,
    /// without a branch for its length. Letters may differ by the bits of `case`.
    #[inline]
    fn brief_at(&self, there: &[u8; AHEAD], needle: u32, len: usize, case: u64) -> bool {
        let (from, _) = self.bounds(needle);
        let mask = u64::MAX >> (64 - 8 * len.min(8));
        let needle = &self.bytes[from..from + AHEAD];
        let differ = |behind: usize| {
            let [wanted, there] = [needle, there].map(|bytes| eight(bytes, behind));
            (there ^ wanted) & !(case_of(wanted) & case)
        };
        (differ(0) | differ(len.saturating_sub(8).min(8))) & mask == 0
    }
}

/// The highest bit of each byte.
const HIGH: u64 = u64::from_ne_bytes([0x80; 8]);

/// The bit of case in each byte that is a small letter.
#[inline]
fn case_of(bytes: u64) -> u64 {
    let add = |byte: u8| (bytes & !HIGH) + u64::from_ne_bytes([byte; 8]);
    let (from_a, behind_z) = (add(0x80 - b'a'), add(0x7F - b'z'));
    (from_a & !behind_z & !bytes & HIGH) >> 2
}

#[cfg(test)]
mod tests {
    use super::Table;
    use crate::pattern::needles::{List, MANY};
    use crate::pattern::testing::Random;
    use crate::pattern::{Encoding, Needle, Options};

    /// Bytes that differ by the bit of case, letters and others, and characters that have three spellings.
    const PARTS: [&str; 14] = [
        "a", "A", "b", "@", "`", "_", "\x7F", "\0", "s", "k", "ſ", "é", "É", "÷",
    ];

    #[test]
    fn needles_of_any_length_are_found_where_they_start() {
        let mut random = Random(0xDE45);
        for round in 0..400 {
            let parts = &PARTS[..[3, 8, 14][round % 3]];
            let shortest = 1 + random.below(5);
            let word = |random: &mut Random, len: usize| -> String {
                (0..len).map(|_| parts[random.below(parts.len())]).collect()
            };
            let mut words: Vec<String> = (0..2 + random.below([6, 80][round % 2]))
                .map(|_| {
                    let most = [3, 20][random.below(2)];
                    let longer = random.below(most);
                    word(&mut random, shortest + longer)
                })
                .collect();
            // Some begin as others do.
            for _ in 0..words.len() / 3 {
                let other = words[random.below(words.len())].clone();
                words.push(other + &word(&mut random, 4));
            }
            let needles: Vec<Needle<'_>> = words
                .iter()
                .map(|word| Needle::Bytes(word.as_bytes()))
                .collect();
            let options = Options {
                ignore_case: round % 4 > 0,
                encoding: [Encoding::Utf8, Encoding::Latin1][round / 4 % 2],
            };
            let list = List::new(&needles, options, MANY).unwrap();
            let Some(table) = Table::at_starts(&list.strings) else {
                continue;
            };
            let mut text = String::new();
            while text.len() < 300 {
                let len = random.below(9);
                text.push_str(&word(&mut random, len));
                text.push_str(&words[random.below(words.len())]);
            }
            let text = text.as_bytes();
            for start in 0..text.len() {
                let all = 0..u32::try_from(words.len()).unwrap();
                let wanted = all.into_iter().find_map(|needle| {
                    let end = list.strings.matches(text, start, needle, 0)?;
                    Some((needle as usize, end))
                });
                let found = table.at(&list.strings, text, start, &mut 0);
                let found = found.map(|found| (found.needle, found.end));
                assert_eq!(found, wanted, "{round}, {start}: {words:?}");
            }
        }
    }
}
