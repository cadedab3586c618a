//! Finds candidates of very many needles by sampled grams. A gram is a run of one to sixteen bytes.
//!
//! The search looks at the gram that begins at each `step`-th byte of the haystack. The table holds `step` grams of
//! each needle, which begin at neighbouring bytes: wherever a needle stands, one of them begins at a byte that is
//! looked at. A look tests one bit of a table by the gram's hash. Where the bit is set, the needles that have a gram of
//! this hash are compared in full.
//!
//! An example: with grams of four bytes, needles of nine bytes have six of them, so that a look at every sixth byte is
//! enough.

mod starts;

use super::fold::CASE;
use super::prefixes::Prefixes;
use super::sieve::{Mesh, PLACES, Sieve};
use super::{Found, Strings};
use crate::order::sort_few;

/// The length of the longest grams, in bytes.
const LONGEST: usize = 16;

/// The largest distance from one look to the next, in bytes.
const STEPS: usize = 8;

/// The last byte of a needle at which its first gram may begin: the better grams of long needles are not looked for
/// behind it.
const DEEP: usize = 48;

/// How many looks are made before the first of their answers is used.
const LOOKS: usize = 16;

/// The logarithm to base 2 of the number of bits in a table: a small table fits into the first-level cache, a large one
/// is for many needles.
const SMALL: u32 = 17;
const LARGE: u32 = 20;

/// What looking at one entry costs, in the unit of [`Cost::work`].
const ENTRY: usize = 2;

/// The work after which a search gives up.
pub(super) const MOST: usize = 512 << 10;

/// How much a search has done, and how far it has come.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cost {
    /// The bytes that were compared, and [`ENTRY`] for each entry that was looked at.
    pub(super) work: usize,
    /// Every match that starts before this place has been seen.
    pub(super) reached: usize,
}

/// One of the grams of a needle. The `step` grams that begin at neighbouring bytes are a row.
#[derive(Clone, Copy, Debug)]
struct Entry {
    /// The lower half of the gram's hash. The upper bits choose the bucket.
    tag: u32,
    needle: u32,
    /// Where the row begins in the needle, in bytes: where case is ignored, at the start of a character.
    row: u32,
    /// Where the gram begins in the row.
    offset: u32,
}

/// The grams of all needles, by their hashes.
#[derive(Debug)]
pub(super) struct Table {
    pub(super) len: usize,
    pub(super) step: usize,
    /// The filter that finds the grams, if it is not a look at every `step`-th place.
    sieve: Option<Sieve>,
    /// Which bits of eight bytes belong to a gram.
    mask: u64,
    /// The same of the grams of needles' starts, which may differ in length.
    masks: Vec<u64>,
    /// Bits that are set in each gram when case is ignored, so that both cases of a letter have the same gram.
    case: u64,
    /// A bit for each value of the first `SMALL` or `LARGE` bits of a hash: set if a gram has such a hash.
    bits: Vec<u64>,
    size: u32,
    /// Where the entries of each bucket begin in `entries`, and where those of the last one end.
    heads: Vec<u32>,
    bucket_size: u32,
    entries: Vec<Entry>,
    /// What needles whose starts have a gram look like.
    prefixes: Prefixes,
    /// The greatest distance from the start of a match to the start of the gram by which it is found, in bytes.
    pub(super) reach: usize,
}

const PRIME: u64 = 0x9E37_79B9_7F4A_7C15;

/// The highest bits of a hash. A multiplication mixes those best.
#[expect(clippy::cast_possible_truncation, reason = "there are fewer than 32")]
#[inline]
pub(super) fn first(hash: u64, bits: u32) -> usize {
    (hash >> (64 - bits)) as usize
}

/// A rough estimate of how common a byte is in text.
fn commonness(byte: u8) -> u32 {
    match byte {
        b' ' => 12,
        b'e' | b't' | b'a' | b'o' | b'i' | b'n' | b's' | b'r' => 8,
        b'a'..=b'z' | b'0'..=b'9' => 5,
        b'A'..=b'Z' => 3,
        _ => 2,
    }
}

/// The eight bytes from a place on; zeros where the text ends before.
#[inline]
pub(super) fn eight(bytes: &[u8], at: usize) -> u64 {
    let rest = bytes.get(at..).unwrap_or_default();
    if let Some(whole) = rest.first_chunk() {
        return u64::from_le_bytes(*whole);
    }
    let mut padded = [0; 8];
    padded[..rest.len()].copy_from_slice(rest);
    u64::from_le_bytes(padded)
}

/// What a comparison at a candidate costs, as a number of looks.
const COMPARE: f64 = 12.0;

/// What a look of a sieve costs, and a comparison at a candidate that it leaves.
const SIEVED: f64 = 0.6;
const COMPARE_SIEVED: f64 = 8.0;

/// The lengths and the distance of the grams: one way to build a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cut {
    pub(super) len: usize,
    pub(super) step: usize,
    /// What finds places of grams, if it is not a look at each.
    pub(super) mesh: Option<Mesh>,
}

impl Cut {
    /// All ways to build a table for these needles, the one first that is estimated to cost least in a haystack of the
    /// same letters as the needles.
    pub(super) fn all(strings: &Strings) -> Vec<Self> {
        let shortest = strings
            .all()
            .map(|(_, bytes)| bytes.len())
            .min()
            .unwrap_or(1);
        let entropy = strings.entropy();
        let float = |number: usize| f64::from(u32::try_from(number).unwrap_or(u32::MAX));
        // The chance that a look meets a gram of some needle though no needle stands there.
        let cost = |cut: &Cut| {
            let by_chance = |many: f64, len: usize| many / (entropy * float(len) * 0.9).exp2();
            let chance = match cut.mesh {
                None => by_chance(float(strings.len() * cut.step), cut.len),
                Some(mesh) => {
                    // Each bucket by itself; grams that overlap say less than the first.
                    let many = float(strings.len()) / 8.0;
                    let first = by_chance(many, mesh.gram).min(1.0);
                    let next = by_chance(many.sqrt(), mesh.gram.min(mesh.stride)).min(1.0);
                    let others = i32::try_from(mesh.looks() - 1).unwrap_or(0);
                    8.0 * first * next.powi(others)
                }
            };
            // In text, grams that follow each other say less than by chance: a sample has to speak for a sieve.
            cut.cost(chance.min(4.0)) * if cut.mesh.is_some() { 1.5 } else { 1.0 }
        };
        let mut cuts: Vec<Self> = [1, 2, 3, 4, 5, 6, 8, 12, LONGEST]
            .iter()
            .map(|&len| len.min(shortest))
            .flat_map(|len| {
                let most = (shortest + 1 - len).min(STEPS);
                // With a smaller step a row is shorter, and there are more places in a needle to choose it from.
                [most, most.div_ceil(2), most.div_ceil(4)].map(|step| Self {
                    len,
                    step,
                    mesh: None,
                })
            })
            .chain(Mesh::all(shortest).map(|mesh| Self {
                len: shortest.min(8),
                step: 1,
                mesh: Some(mesh),
            }))
            .collect();
        let keyed = |cut: &Self| (cost(cut), cut.len);
        sort_few(&mut cuts, |a, b| keyed(a) < keyed(b));
        cuts.dedup();
        cuts
    }

    /// What a byte of the haystack costs, in looks, if this share of the looks leads to a comparison.
    pub(super) fn cost(&self, chance: f64) -> f64 {
        if let Some(mesh) = self.mesh {
            let stride = f64::from(u32::try_from(mesh.stride).unwrap_or(1));
            return SIEVED / stride + COMPARE_SIEVED * chance;
        }
        let step = f64::from(u32::try_from(self.step).unwrap_or(1));
        let look = if self.len > 8 { 1.5 } else { 1.0 };
        (look + COMPARE * chance) / step
    }
}

impl Table {
    /// A table of the row of each needle whose grams are the rarest. None if case is ignored and a needle can be
    /// written in too many ways.
    pub(super) fn new(strings: &Strings, cut: Cut) -> Option<Self> {
        let Cut { len, step, mesh } = cut;
        let mut table = Self::empty(strings, len, step);
        let mut rows = Vec::new();
        // How many needles have each gram: those that many have are likely to be common in the haystack, too.
        let mut crowds = vec![0_u8; 1 << 14];
        let crowd = |gram: u64| (gram.wrapping_mul(PRIME) >> 50) as usize;
        let row_len = (len + step - 1).max(mesh.map_or(0, |mesh| mesh.row()));
        if strings.len() > 64 {
            for (_, bytes) in strings.all() {
                for at in 0..=(bytes.len() - len).min(DEEP) {
                    let many = &mut crowds[crowd(table.gram(bytes, at))];
                    *many = many.saturating_add(1);
                }
            }
        }
        let mut hashes: Vec<(u64, Entry)> = Vec::with_capacity(strings.len() * step);
        // The sum of the costs of all grams that begin before each byte of a needle.
        let mut costs: Vec<u64> = Vec::new();
        for (needle, bytes) in strings.all() {
            let last = (bytes.len() - row_len).min(DEEP);
            costs.clear();
            costs.push(0);
            for at in 0..last + step {
                let common: u32 = bytes[at..at + len.min(4)]
                    .iter()
                    .map(|&byte| commonness(byte))
                    .product();
                let many = u32::from(crowds[crowd(table.gram(bytes, at))]);
                costs.push(costs[at] + u64::from(common * (2 + many)));
            }
            let cost = |row: usize| costs[row + step] - costs[row];
            let mut add = |row: usize, way: &[u8]| {
                if let Some(mesh) = mesh {
                    rows.extend_from_slice(&way[..mesh.row()]);
                }
                for offset in 0..step {
                    let hash = table.hash(way, offset);
                    #[expect(
                        clippy::cast_possible_truncation,
                        reason = "the lower half of the hash; offsets are small"
                    )]
                    hashes.push((
                        hash,
                        Entry {
                            tag: hash as u32,
                            needle,
                            row: row as u32,
                            offset: offset as u32,
                        },
                    ));
                }
                row + step - 1
            };
            let reach;
            match &strings.fold {
                None => {
                    let row = if last == 0 {
                        0
                    } else {
                        (0..=last).min_by_key(|&row| cost(row))?
                    };
                    reach = add(row, &bytes[row..row + row_len]);
                }
                Some(fold) => {
                    let plain = |row: usize| fold.is_plain(&bytes[row..row + row_len]);
                    let row = (0..=last)
                        .filter(|&row| plain(row))
                        .min_by_key(|&row| cost(row));
                    if let Some(row) = row {
                        reach = add(row, &bytes[row..row + row_len]) * fold.stretch();
                    } else {
                        let (row, ways) = (0..=last)
                            .filter_map(|row| Some((row, fold.ways(bytes, row, row_len)?)))
                            .min_by_key(|(row, ways)| (ways.len(), cost(*row)))?;
                        for way in &ways {
                            add(row, way);
                        }
                        reach = (row + step) * fold.stretch();
                    }
                }
            }
            table.reach = table.reach.max(reach);
        }
        let size = if hashes.len() > 2000 { LARGE } else { SMALL };
        table.set_bits(size, hashes.iter().map(|(hash, _)| *hash));
        table.fill(hashes);
        let case = if strings.fold.is_some() { CASE } else { 0 };
        table.sieve = mesh.map(|mesh| Sieve::new(&rows, mesh, case));
        Some(table)
    }

    /// What a byte costs, in looks, in a haystack of which this is a sample.
    pub(super) fn cost(&self, strings: &Strings, sample: &[u8]) -> f64 {
        let (mut compared, mut at) = (0_u32, 0);
        let looks = sample.len() / self.step;
        while at + self.len <= sample.len() {
            let (base, found, looks) = self.look(sample, at, sample.len() - self.len);
            compared += found.count_ones();
            at = base + looks.max(1) * self.step;
        }
        // Where a hash agrees, entries and needles are looked at as well.
        let work = self
            .each(strings, sample, (0, sample.len()), |_, last| last)
            .work;
        let work = f64::from(u32::try_from(work).unwrap_or(u32::MAX)) / 8.0;
        let looks = f64::from(u32::try_from(looks).unwrap_or(u32::MAX)).max(1.0);
        self.cut().cost((f64::from(compared) + work / 2.0) / looks)
    }

    /// How the needles are cut.
    pub(super) fn cut(&self) -> Cut {
        Cut {
            len: self.len,
            step: self.step,
            mesh: self.sieve.as_ref().map(Sieve::mesh),
        }
    }

    fn empty(strings: &Strings, len: usize, step: usize) -> Self {
        Self {
            len,
            step,
            sieve: None,
            mask: u64::MAX >> (64 - 8 * len.min(8)),
            masks: vec![u64::MAX >> (64 - 8 * len.min(8))],
            case: strings
                .fold
                .as_ref()
                .map_or(0, |_| u64::from_ne_bytes([CASE; 8])),
            bits: Vec::new(),
            size: SMALL,
            heads: Vec::new(),
            bucket_size: 0,
            entries: Vec::new(),
            prefixes: Prefixes::default(),
            reach: 0,
        }
    }

    fn set_bits(&mut self, size: u32, hashes: impl Iterator<Item = u64>) {
        self.size = size;
        self.bits = vec![0; 1 << (size - 6)];
        for hash in hashes {
            let bit = first(hash, size);
            self.bits[bit / 64] |= 1 << (bit % 64);
        }
    }

    /// Sorts the entries into their buckets.
    fn fill(&mut self, hashes: Vec<(u64, Entry)>) {
        let buckets = hashes.len().next_power_of_two().clamp(1 << 6, 1 << 20);
        self.bucket_size = buckets.trailing_zeros();
        // A counting sort: the entries of a bucket stay in the order of the list of needles.
        let mut heads = vec![0_u32; buckets + 1];
        for &(hash, _) in &hashes {
            heads[first(hash, self.bucket_size) + 1] += 1;
        }
        for bucket in 1..heads.len() {
            heads[bucket] += heads[bucket - 1];
        }
        let mut next = heads.clone();
        let none = Entry {
            tag: 0,
            needle: 0,
            row: 0,
            offset: 0,
        };
        self.entries = vec![none; hashes.len()];
        for (hash, entry) in hashes {
            let place = &mut next[first(hash, self.bucket_size)];
            self.entries[*place as usize] = entry;
            *place += 1;
        }
        self.heads = heads;
    }

    /// The gram that begins at a place, as a number. Of a gram of more than eight bytes the first eight and the last
    /// eight are mixed.
    #[inline]
    fn gram(&self, bytes: &[u8], at: usize) -> u64 {
        let gram = (eight(bytes, at) | self.case) & self.mask;
        if self.len <= 8 {
            return gram;
        }
        let end = eight(bytes, at + self.len - 8) | self.case;
        gram ^ end.wrapping_mul(PRIME).rotate_left(29)
    }

    /// The hash of the bytes that begin at a place, as many as the mask says.
    #[inline]
    fn hash_by(&self, bytes: &[u8], at: usize, mask: u64) -> u64 {
        ((eight(bytes, at) | self.case) & mask).wrapping_mul(PRIME)
    }

    #[inline]
    fn hash(&self, bytes: &[u8], at: usize) -> u64 {
        self.gram(bytes, at).wrapping_mul(PRIME)
    }

    #[inline]
    fn has(&self, hash: u64) -> bool {
        let bit = first(hash, self.size);
        self.bits[bit / 64] >> (bit % 64) & 1 == 1
    }

    /// Looks at every `step`-th place from `at` to `last`, until some of [`LOOKS`] places in a row may have a gram of a
    /// needle. Returns the first of these places, a bit for each of them, the first place's being the highest, and how
    /// many places these are.
    #[inline]
    fn look(&self, haystack: &[u8], at: usize, last: usize) -> (usize, u64, usize) {
        if let Some(sieve) = &self.sieve {
            let (base, found) = sieve.look(haystack, at, last);
            return (base, found, PLACES);
        }
        match (self.len > 8, self.size > SMALL) {
            (false, false) => self.look_by::<false, SMALL>(haystack, at, last),
            (false, true) => self.look_by::<false, LARGE>(haystack, at, last),
            (true, false) => self.look_by::<true, SMALL>(haystack, at, last),
            (true, true) => self.look_by::<true, LARGE>(haystack, at, last),
        }
    }

    #[inline(never)]
    fn look_by<const LONG: bool, const SIZE: u32>(
        &self,
        haystack: &[u8],
        mut at: usize,
        last: usize,
    ) -> (usize, u64, usize) {
        let (step, mask, case) = (self.step, self.mask, self.case);
        let bits = self.bits.as_slice();
        debug_assert!(bits.len() == 1 << (SIZE - 6));
        let end = self.len.saturating_sub(8);
        let ahead = (LOOKS - 1) * step;
        // The last place from which all looks read inside of the haystack.
        let safe = haystack.len().checked_sub(ahead + end + 8);
        let whole = safe.and_then(|safe| Some(safe.min(last.checked_sub(ahead)?)));
        let read = |at: usize| {
            debug_assert!(at + 8 <= haystack.len());
            // SAFETY: the caller reads not behind `whole` and what is looked at from there.
            let place = unsafe { haystack.as_ptr().add(at) };
            // SAFETY: as above; any alignment will do. Others may change the bytes.
            u64::from_le(unsafe { place.cast::<u64>().read_unaligned() })
        };
        if let Some(whole) = whole {
            while at <= whole {
                let mut found = 0_u64;
                for look in 0..LOOKS {
                    let place = at + look * step;
                    let mut gram = (read(place) | case) & mask;
                    if LONG {
                        gram ^= (read(place + end) | case)
                            .wrapping_mul(PRIME)
                            .rotate_left(29);
                    }
                    let bit = gram.wrapping_mul(PRIME) >> (64 - SIZE);
                    // SAFETY: what is left of the hash is below the number of bits in the table.
                    let word = unsafe { *bits.get_unchecked((bit / 64) as usize) };
                    found = found << 1 | u64::from(word & 1 << (bit % 64) != 0);
                }
                if found != 0 {
                    return (at, found, LOOKS);
                }
                at += LOOKS * step;
            }
        }
        let (mut found, mut looks) = (0, 0);
        while looks < LOOKS && at + looks * step <= last {
            found = found << 1 | u64::from(self.has(self.hash(haystack, at + looks * step)));
            looks += 1;
        }
        (at, found, looks)
    }

    /// Which of the candidates of a block that a sieve has left have the hash of a gram.
    fn left(&self, haystack: &[u8], base: usize, mut found: u64, last: usize) -> u64 {
        let mut left = 0;
        while found != 0 {
            let zeros = found.leading_zeros();
            let bit = 1 << (63 - zeros);
            found ^= bit;
            let place = base + zeros as usize;
            if place > last {
                break;
            }
            let has = self.has(self.hash(haystack, place));
            left |= bit * u64::from(has);
        }
        left
    }

    /// Calls `each` with every match that starts in `[from, until)`, in the order of the grams by which they are found,
    /// and with the last place that is to be looked at. It answers a new last place.
    #[inline]
    fn each(
        &self,
        strings: &Strings,
        haystack: &[u8],
        (from, until): (usize, usize),
        mut each: impl FnMut(Found, usize) -> usize,
    ) -> Cost {
        let mut work = 0;
        let over = |work| Cost {
            work,
            reached: until,
        };
        let Some(most) = haystack.len().checked_sub(self.len) else {
            return over(work);
        };
        let Some(before) = until.checked_sub(1) else {
            return over(work);
        };
        let mut last = most.min(before.saturating_add(self.reach));
        let mut at = from;
        while at <= last {
            let (base, mut found, looks) = self.look(haystack, at, last);
            if self.sieve.is_some() {
                found = self.left(haystack, base, found, most);
            }
            while found != 0 {
                let highest = found.ilog2();
                found ^= 1 << highest;
                let place = base + (looks - 1 - highest as usize) * self.step;
                if place > last {
                    return over(work);
                }
                let hash = self.hash(haystack, place);
                let bucket = first(hash, self.bucket_size);
                let (first, behind) =
                    (self.heads[bucket] as usize, self.heads[bucket + 1] as usize);
                for entry in &self.entries[first..behind] {
                    work += ENTRY;
                    if work > MOST {
                        // Every match whose gram begins before this place has been seen.
                        let reached = until.min(from.max(place.saturating_sub(self.reach)));
                        return Cost { work, reached };
                    }
                    #[expect(clippy::cast_possible_truncation, reason = "the lower half")]
                    if entry.tag != hash as u32 {
                        continue;
                    }
                    if let Some(found) = strings.at_gram(haystack, place, entry, &mut work)
                        && found.start >= from
                        && found.start < until
                    {
                        last = last.min(each(found, last));
                    }
                }
            }
            at = base + looks.max(1) * self.step;
        }
        over(work)
    }

    /// The first match that starts in `[from, until)`, and of those that start there the first of the list; and what
    /// that cost.
    pub(super) fn find(
        &self,
        strings: &Strings,
        haystack: &[u8],
        from: usize,
        until: usize,
    ) -> (Option<Found>, Cost) {
        let mut best: Option<Found> = None;
        let cost = self.each(strings, haystack, (from, until), |found, _| {
            let better = best.map_or(found, |best| best.min(found));
            best = Some(better);
            // A match that starts earlier has its gram at most `reach` behind its start, so before this place.
            better.start + self.reach
        });
        (best.filter(|_| cost.reached == until), cost)
    }

    /// The last match that starts in `[from, until)`, whether or not it overlaps with others.
    pub(super) fn find_last(
        &self,
        strings: &Strings,
        haystack: &[u8],
        from: usize,
        until: usize,
    ) -> (Option<Found>, Cost) {
        let mut best: Option<Found> = None;
        let cost = self.each(strings, haystack, (from, until), |found, last| {
            let is_better =
                best.is_none_or(|best| (found.start, best.needle) > (best.start, found.needle));
            if is_better {
                best = Some(found);
            }
            last
        });
        (best.filter(|_| cost.reached == until), cost)
    }
}

impl Strings {
    /// The entropy of the needles' bytes: the smaller an alphabet is, the longer the grams have to be.
    pub(super) fn entropy(&self) -> f64 {
        let mut counts = [0_u32; 256];
        let end = self.ends.last().map_or(0, |end| *end as usize);
        for &byte in &self.bytes[..end.min(1 << 14)] {
            counts[usize::from(byte)] += 1;
        }
        let all = f64::from(counts.iter().sum::<u32>().max(1));
        counts
            .iter()
            .filter(|&&count| count > 0)
            .map(|&count| f64::from(count) / all)
            .map(|share| -share * share.log2())
            .sum()
    }

    /// Compares the whole needle of an entry with the haystack, where the entry's gram begins at `place`.
    #[inline]
    fn at_gram(
        &self,
        haystack: &[u8],
        place: usize,
        entry: &Entry,
        work: &mut usize,
    ) -> Option<Found> {
        let row = entry.row as usize;
        let middle = place.checked_sub(entry.offset as usize)?;
        *work += self.get(entry.needle).len() / 8;
        let end = self.matches(haystack, middle, entry.needle, row)?;
        let start = self.matches_before(haystack, middle, entry.needle, row)?;
        Some(Found {
            start,
            needle: entry.needle as usize,
            end,
        })
    }
}
