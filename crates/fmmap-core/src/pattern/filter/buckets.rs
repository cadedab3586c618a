//! Finds places at which a match may start, by the bytes at two to four positions from there. The algorithm is Teddy,
//! from Hyperscan.
//!
//! The alternatives of a pattern, or the needles of a list, are put into eight or sixteen buckets. Each position has
//! two tables of sixteen entries. One says which buckets a byte may belong to by its lower four bits, the other by
//! its upper four. Where the entries of all positions have a bucket in common, a match of that bucket may start. A
//! whole vector of starts is looked up at once.

use super::front::{DEEP, Front};
use super::seen::Seen;
use crate::order::{sort, sort_few};

/// The two tables of a position.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tables {
    low: [u8; 16],
    high: [u8; 16],
}

impl Tables {
    fn add(&mut self, byte: u8, bucket: usize) {
        self.low[usize::from(byte & 15)] |= 1 << bucket;
        self.high[usize::from(byte >> 4)] |= 1 << bucket;
    }

    fn of(&self, byte: u8) -> u8 {
        self.low[usize::from(byte & 15)] & self.high[usize::from(byte >> 4)]
    }
}

/// The most positions that are looked at, and how many are without a sample.
const PLACES: usize = 4;
const FIRST: usize = 3;

/// How many bytes ahead of the loads memory is prefetched, as in the search for one needle.
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
const AHEAD: usize = 2048;

/// A filter for the starts of matches.
#[derive(Clone, Debug)]
pub(crate) struct Buckets {
    /// How far from the start each position is, and its tables. The second pair is for the ninth bucket and those
    /// after it.
    places: Vec<(usize, [Tables; 2])>,
    is_fat: bool,
    /// How many bytes from the start are looked at.
    pub(crate) reach: usize,
}

/// The alternatives in their buckets, as far as all of them reach.
#[derive(Clone, Debug)]
pub(crate) struct Grouped {
    tables: Vec<[Tables; 2]>,
    is_fat: bool,
}

impl Grouped {
    /// `None` if a match may start with any byte.
    pub(crate) fn new(fronts: &[Front]) -> Option<Self> {
        let len = fronts.iter().map(|front| front.at.len()).min()?;
        if len == 0 {
            return None;
        }
        let mut order: Vec<&Front> = fronts.iter().collect();
        // Alternatives with the same beginning share a bucket.
        sort_few(&mut order, |a, b| a < b);
        order.dedup();
        let is_fat = order.len() > 8;
        let buckets = if is_fat { 16 } else { 8 };
        let each = order.len().div_ceil(buckets);
        let mut tables = vec![[Tables::default(); 2]; len];
        for (bucket, fronts) in order.chunks(each).enumerate() {
            for (place, tables) in tables.iter_mut().enumerate() {
                for front in fronts {
                    front.at[place].each(|byte| tables[bucket / 8].add(byte, bucket % 8));
                }
            }
        }
        Some(Self { tables, is_fat })
    }

    /// Of very many strings, by so many of their first bytes; each bit that is set in `case` may be missing in the haystack.
    pub(crate) fn of_starts(starts: &[[u8; 8]], least: usize, case: u8) -> Self {
        let mut order: Vec<u64> = starts
            .iter()
            .map(|start| u64::from_be_bytes(start.map(|byte| byte | case)))
            .collect();
        sort(&mut order);
        order.dedup();
        let mut tables = vec![[Tables::default(); 2]; least];
        for (bucket, starts) in order.chunks(order.len().div_ceil(16)).enumerate() {
            for start in starts {
                for (tables, byte) in tables.iter_mut().zip(start.to_be_bytes()) {
                    tables[bucket / 8].add(byte, bucket % 8);
                    tables[bucket / 8].add(byte & !case, bucket % 8);
                }
            }
        }
        Self {
            tables,
            is_fat: true,
        }
    }

    /// The filter that leaves the fewest candidates in a sample, and how many it leaves.
    pub(crate) fn choose(&self, sample: &[u8]) -> (Buckets, usize) {
        let starts = (sample.len() + 1).saturating_sub(self.tables.len());
        // The buckets that are still possible at each start.
        let mut left = vec![u16::MAX; starts];
        let mut places: Vec<usize> = Vec::new();
        let mut count = starts;
        while places.len() < PLACES.min(self.tables.len()) {
            let fewest = (0..self.tables.len())
                .filter(|place| !places.contains(place))
                .map(|place| (self.count(sample, &left, place), place))
                .min();
            let Some((fewer, place)) = fewest else {
                break;
            };
            // One more load for each vector has to save at least one candidate in a KiB.
            if !places.is_empty() && count - fewer.min(count) < starts / 1024 + 1 {
                break;
            }
            for (start, left) in left.iter_mut().enumerate() {
                *left &= self.of(place, sample[start + place]);
            }
            places.push(place);
            count = fewer;
        }
        (self.filter(&places), count)
    }

    fn count(&self, sample: &[u8], left: &[u16], place: usize) -> usize {
        let table: [u16; 256] =
            std::array::from_fn(|byte| self.of(place, u8::try_from(byte).unwrap_or(u8::MAX)));
        // Behind a match that ends near the haystack's end hardly anything is left.
        let behind = sample.get(place..).unwrap_or_default();
        left.iter()
            .zip(behind)
            .filter(|(left, byte)| **left & table[usize::from(**byte)] != 0)
            .count()
    }

    fn of(&self, place: usize, byte: u8) -> u16 {
        let [few, more] = &self.tables[place];
        u16::from(few.of(byte)) | u16::from(more.of(byte)) << 8
    }

    /// The filter for the first positions, without a sample.
    pub(crate) fn first(&self) -> Buckets {
        let places: Vec<usize> = (0..self.tables.len().min(FIRST)).collect();
        self.filter(&places)
    }

    /// The share of starts that this filter leaves in a text that has each byte as often as `weight` says.
    pub(crate) fn share(&self, weight: impl Fn(u8) -> u32) -> f64 {
        let mut left = [1.0; 16];
        for place in 0..self.tables.len().min(FIRST) {
            let (mut all, mut of) = (0, [0; 16]);
            for byte in 0..=u8::MAX {
                let (weight, mut buckets) = (weight(byte), self.of(place, byte));
                all += weight;
                while buckets != 0 {
                    of[buckets.trailing_zeros() as usize] += weight;
                    buckets &= buckets - 1;
                }
            }
            for (left, of) in left.iter_mut().zip(of) {
                *left *= f64::from(of) / f64::from(all);
            }
        }
        left.iter().sum()
    }

    fn filter(&self, places: &[usize]) -> Buckets {
        Buckets {
            places: places
                .iter()
                .map(|&place| (place, self.tables[place]))
                .collect(),
            is_fat: self.is_fat,
            reach: places.iter().max().map_or(1, |place| place + 1),
        }
    }
}

/// The most starts in a block, as words of bits.
const WORDS: usize = 8;

/// A block of starts.
pub(crate) type Block = Seen<WORDS>;

impl Buckets {
    /// The first candidate in `[from, until)`. Starts that are too near to the haystack's end to be looked at all
    /// count as candidates.
    #[inline]
    pub(crate) fn find(
        &self,
        haystack: &[u8],
        block: &mut Block,
        from: usize,
        until: usize,
    ) -> Option<usize> {
        match block.next(from) {
            Ok(found) => (found < until).then_some(found),
            Err(from) => self.find_behind(haystack, block, from, until),
        }
    }

    /// The same of what `block` doesn't contain.
    #[inline(never)]
    fn find_behind(
        &self,
        haystack: &[u8],
        block: &mut Block,
        from: usize,
        until: usize,
    ) -> Option<usize> {
        let whole = until.min((haystack.len() + 1).saturating_sub(self.reach));
        let mut from = from;
        if from < whole {
            #[cfg(target_arch = "x86_64")]
            if let Some(avx512) = super::simd::Avx512::detect() {
                // SAFETY: `avx512` exists, so this processor has it.
                from = unsafe { with_avx512(self, avx512, haystack, block, from, whole) };
            } else if let Some(avx2) = super::simd::Avx2::detect() {
                // SAFETY: `avx2` exists, so this processor has it.
                from = unsafe { with_avx2(self, avx2, haystack, block, from, whole) };
            }
            #[cfg(target_arch = "aarch64")]
            {
                from = scan(self, super::simd::Neon, haystack, block, from, whole);
            }
            if let Ok(found) = block.next(from) {
                return (found < until).then_some(found);
            }
            if let Some(found) = self.find_in_rest(haystack, block, from, whole) {
                return Some(found);
            }
            from = from.max(whole);
        }
        (from < until).then_some(from)
    }

    /// The same of what is less than a block.
    fn find_in_rest(
        &self,
        haystack: &[u8],
        block: &mut Block,
        from: usize,
        whole: usize,
    ) -> Option<usize> {
        // A copy, with something behind it: a block of starts as any other.
        let mut rest = [0; 64 + DEEP];
        let len = (haystack.len() - from).min(rest.len());
        if cfg!(any(target_arch = "x86_64", target_arch = "aarch64")) && whole - from > 2 {
            rest[..len].copy_from_slice(&haystack[from..from + len]);
            let mut there = Block::default();
            #[cfg(target_arch = "x86_64")]
            let is_done = if let Some(avx512) = super::simd::Avx512::detect() {
                // SAFETY: `avx512` exists, so this processor has it.
                unsafe { with_avx512(self, avx512, &rest, &mut there, 0, 64) };
                true
            } else if let Some(avx2) = super::simd::Avx2::detect() {
                // SAFETY: `avx2` exists, so this processor has it.
                unsafe { with_avx2(self, avx2, &rest, &mut there, 0, 64) };
                true
            } else {
                false
            };
            #[cfg(target_arch = "aarch64")]
            let is_done = {
                scan(self, super::simd::Neon, &rest, &mut there, 0, 64);
                true
            };
            #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
            let is_done = false;
            if is_done {
                (block.from, block.len) = (from, whole - from);
                block.masks[0] = there.masks[0] & (u64::MAX >> (64 - (whole - from).min(64)));
                return block.next(from).ok();
            }
        }
        (from..whole).find(|&start| self.is_candidate(haystack, start))
    }

    fn is_candidate(&self, haystack: &[u8], start: usize) -> bool {
        let all = self
            .places
            .iter()
            .fold(u16::MAX, |left, (place, [few, more])| {
                let byte = haystack[start + place];
                left & (u16::from(few.of(byte)) | u16::from(more.of(byte)) << 8)
            });
        all != 0
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bw")]
fn with_avx512(
    buckets: &Buckets,
    avx512: super::simd::Avx512,
    haystack: &[u8],
    block: &mut Block,
    from: usize,
    until: usize,
) -> usize {
    scan(buckets, avx512, haystack, block, from, until)
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn with_avx2(
    buckets: &Buckets,
    avx2: super::simd::Avx2,
    haystack: &[u8],
    block: &mut Block,
    from: usize,
    until: usize,
) -> usize {
    scan(buckets, avx2, haystack, block, from, until)
}

/// Looks at whole blocks of 64 starts until one has a candidate, which `block` then contains. Returns where the
/// search goes on.
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
#[expect(
    clippy::inline_always,
    reason = "it has to be compiled with the caller's features"
)]
#[inline(always)]
fn scan<S: super::simd::Simd>(
    buckets: &Buckets,
    simd: S,
    haystack: &[u8],
    block: &mut Block,
    from: usize,
    until: usize,
) -> usize {
    match (buckets.places.len(), buckets.is_fat) {
        (1, false) => kernel::<S, 1, false>(buckets, simd, haystack, block, from, until),
        (2, false) => kernel::<S, 2, false>(buckets, simd, haystack, block, from, until),
        (3, false) => kernel::<S, 3, false>(buckets, simd, haystack, block, from, until),
        (_, false) => kernel::<S, 4, false>(buckets, simd, haystack, block, from, until),
        (1, true) => kernel::<S, 1, true>(buckets, simd, haystack, block, from, until),
        (2, true) => kernel::<S, 2, true>(buckets, simd, haystack, block, from, until),
        (3, true) => kernel::<S, 3, true>(buckets, simd, haystack, block, from, until),
        (_, true) => kernel::<S, 4, true>(buckets, simd, haystack, block, from, until),
    }
}

#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
#[expect(
    clippy::inline_always,
    reason = "it has to be compiled with the caller's features"
)]
#[inline(always)]
fn kernel<S: super::simd::Simd, const N: usize, const FAT: bool>(
    buckets: &Buckets,
    simd: S,
    haystack: &[u8],
    block: &mut Block,
    mut from: usize,
    until: usize,
) -> usize {
    let places: [(usize, [Tables; 2]); N] = std::array::from_fn(|at| buckets.places[at]);
    let tables: [[(S::Vector, S::Vector); 2]; N] = std::array::from_fn(|at| {
        places[at]
            .1
            .map(|tables| (simd.table(&tables.low), simd.table(&tables.high)))
    });
    let wide = 2 * 64.max(S::LANES);
    loop {
        // Most have no candidate: they are looked at by twos.
        while from + wide <= until {
            let mut any = None;
            for part in 0..wide / S::LANES {
                // SAFETY: `until` leaves the reach of the last start in the haystack, and so what every place looks at.
                let start = unsafe { haystack.as_ptr().add(from + part * S::LANES) };
                if part * S::LANES % 64 == 0 {
                    simd.prefetch(start.wrapping_add(AHEAD));
                }
                // SAFETY: as above, for all lanes.
                let found = unsafe { candidates::<S, N, FAT>(simd, start, &places, &tables) };
                any = Some(any.map_or(found, |any| simd.or(any, found)));
            }
            if any.is_some_and(|any| simd.nonzero(any) != 0) {
                break;
            }
            from += wide;
        }
        let words = ((until - from) / 64).min(WORDS);
        if words == 0 {
            return from;
        }
        // Where one candidate is, others are near: to look at a few words more takes less than to come back for each.
        let mut any = 0;
        for (word, mask) in block.masks[..words].iter_mut().enumerate() {
            *mask = 0;
            for part in 0..64 / S::LANES {
                let at = from + word * 64 + part * S::LANES;
                // SAFETY: as above.
                let start = unsafe { haystack.as_ptr().add(at) };
                // SAFETY: as above.
                let found = unsafe { candidates::<S, N, FAT>(simd, start, &places, &tables) };
                *mask |= simd.nonzero(found) << (part * S::LANES);
            }
            any |= *mask;
        }
        (block.from, block.len) = (from, words * 64);
        if any != 0 {
            return from;
        }
        from += words * 64;
    }
}

/// The buckets of a vector of starts.
///
/// # Safety
///
/// What the places look at, of all lanes, can be read.
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
#[expect(
    clippy::inline_always,
    reason = "it has to be compiled with the caller's features"
)]
#[inline(always)]
unsafe fn candidates<S: super::simd::Simd, const N: usize, const FAT: bool>(
    simd: S,
    start: *const u8,
    places: &[(usize, [Tables; 2]); N],
    tables: &[[(S::Vector, S::Vector); 2]; N],
) -> S::Vector {
    let (mut few, mut more) = (tables[0][0].0, tables[0][0].0);
    for at in 0..N {
        // SAFETY: the caller vouches for what the place looks at.
        let bytes = unsafe { start.add(places[at].0) };
        // SAFETY: as above.
        let bytes = unsafe { simd.load(bytes) };
        let [one, two] = tables[at];
        let found = simd.look_up(one.0, one.1, bytes);
        few = if at == 0 { found } else { simd.and(few, found) };
        if FAT {
            let found = simd.look_up(two.0, two.1, bytes);
            more = if at == 0 {
                found
            } else {
                simd.and(more, found)
            };
        }
    }
    if FAT { simd.or(few, more) } else { few }
}
