//! Finds starts of very many needles by two Bloom filters that are small enough for the registers of a processor.
//!
//! A filter is a set of bits. A bit is set for each needle, by a hash of up to four bytes of its first eight; where the
//! haystack's bytes from a place on have a hash without a bit, no needle starts. One filter is of the first bytes of the
//! needles, the other of bytes as far behind as all needles reach. Instructions that look up 64 bytes in a table of 128 at
//! once look at 64 starts.
//!
//! What both filters leave is looked up once more, by a hash of all bytes that are known, in the table that knows the
//! needles. Nothing branches before that: a branch for a few starts of a hundred can't be predicted, and costs more than
//! looking at all of them.
//!
//! Each start is looked at by itself, whatever the distance to the next one is, so that short needles are found as fast as
//! long ones.

#[cfg(any(test, target_arch = "x86_64"))]
use super::fold::CASE;
use super::grams::Table;
use crate::pattern::filter;

/// The most starts that are looked at together.
const PLACES: usize = 1 << 10;

/// How many are looked at first: most haystacks are short, or have a match early.
const FIRST: usize = 128;

/// Bytes of a part of a filter: as many as one instruction looks up in.
const PART: usize = 128;

/// How many parts a filter may have.
const PARTS: [usize; 4] = [2, 4, 8, 16];

/// The share of bits above which a filter gets more parts.
const FULL: f64 = 0.2;

/// Odd numbers by which pairs of bytes are multiplied: two for each filter.
const MULTIPLIERS: [[u16; 2]; 2] = [[0x9E37, 0x79B1], [0xB5A9, 0x3C6F]];

/// What looking up a start that the filters leave costs, and a comparison at a candidate, as a number of looks.
const LEFT: f64 = 1.5;
const COMPARE: f64 = 12.0;

#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
struct Part([u8; PART]);

/// One of the filters. The hash is of two pairs of bytes, which may overlap.
#[derive(Debug)]
struct Probe {
    /// Where the pairs begin, from the start on.
    pairs: [usize; 2],
    multipliers: [u16; 2],
    parts: Box<[Part]>,
}

impl Probe {
    fn new(at: usize, len: usize, which: usize, parts: usize) -> Self {
        Self {
            pairs: [at, at + len - 2],
            multipliers: MULTIPLIERS[which],
            parts: vec![Part([0; PART]); parts].into(),
        }
    }

    fn add(&mut self, window: &[u8]) {
        let (part, byte, bit) = self.place(window);
        self.parts[part].0[byte] |= bit;
    }

    /// Where the bit of the bytes from a start on is: its part, the byte in that, and the bit in that.
    ///
    /// The highest eight bits of the hash choose a byte of two parts. They depend on all bytes. The lower ones choose the
    /// bit in the byte, and which two parts these are.
    #[inline]
    fn place(&self, window: &[u8]) -> (usize, usize, u8) {
        let pair = |at: usize| u16::from_le_bytes([window[at], window[at + 1]]);
        let [one, two] = self.pairs.map(pair);
        let hash = one
            .wrapping_mul(self.multipliers[0])
            .wrapping_add(two.wrapping_mul(self.multipliers[1]));
        let (high, low) = (usize::from(hash >> 8), usize::from(hash >> 2));
        let part = high >> 7 | (low >> 3 & (self.parts.len() / 2 - 1)) << 1;
        (part, high & (PART - 1), 1 << (low & 7))
    }

    fn has(&self, window: &[u8]) -> bool {
        let (part, byte, bit) = self.place(window);
        self.parts[part].0[byte] & bit != 0
    }

    fn share(&self) -> f64 {
        let set: u32 = self
            .parts
            .iter()
            .flat_map(|part| part.0)
            .map(u8::count_ones)
            .sum();
        let all = u32::try_from(self.parts.len() * PART * 8).unwrap_or(u32::MAX);
        f64::from(set) / f64::from(all)
    }
}

/// The two filters.
#[derive(Debug)]
pub(super) struct Bloom {
    probes: [Probe; 2],
    case: u8,
    /// How many bytes from a start on are looked at.
    reach: usize,
}

/// The starts of a block.
pub(super) type Seen = filter::Seen<{ PLACES / 64 }>;

impl Bloom {
    /// Of the first `len` bytes of all needles, in each of their spellings. None if that is too short.
    pub(super) fn new(starts: &[[u8; 8]], len: usize, case: u8) -> Option<Self> {
        let is_enough = |parts: usize| parts * 16 * PART >= starts.len();
        let few = PARTS.into_iter().filter(|&parts| is_enough(parts));
        for parts in few {
            let bloom = Self::with_parts(starts, len, case, parts)?;
            if bloom.probes.iter().all(|probe| probe.share() <= FULL) {
                return Some(bloom);
            }
        }
        Self::with_parts(starts, len, case, PARTS[PARTS.len() - 1])
    }

    fn with_parts(starts: &[[u8; 8]], len: usize, case: u8, parts: usize) -> Option<Self> {
        let reach = len.min(8);
        if reach < 2 {
            return None;
        }
        let gram = reach.min(4);
        let probe = |which: usize| {
            let mut probe = Probe::new([0, reach - gram][which], gram, which, parts);
            for start in starts {
                probe.add(&start.map(|byte| byte | case));
            }
            probe
        };
        Some(Self {
            probes: [0, 1].map(probe),
            case,
            reach,
        })
    }

    /// The first candidate in `[from, until)`, as far as the table says as well.
    #[inline]
    pub(super) fn find(
        &self,
        table: &Table,
        haystack: &[u8],
        seen: &mut Seen,
        from: usize,
        until: usize,
    ) -> Option<usize> {
        let from = match seen.next(from) {
            Ok(found) => return (found < until).then_some(found),
            Err(from) => from,
        };
        let until = until.min((haystack.len() + 1).saturating_sub(self.reach));
        if from < until && self.look(table, haystack, seen, from, until) {
            return seen.next(from).ok().or_else(|| seen.next(seen.from).ok());
        }
        None
    }

    /// Looks at the starts in `[from, until)` until some are candidates, which `seen` then contains. Whether there are any.
    fn look(
        &self,
        table: &Table,
        haystack: &[u8],
        seen: &mut Seen,
        mut from: usize,
        until: usize,
    ) -> bool {
        let mut most = if seen.len == 0 { FIRST } else { PLACES };
        while from < until {
            let len = (until - from).min(most);
            *seen = Seen {
                from,
                len,
                masks: [0; PLACES / 64],
            };
            if self.look_at(table, haystack, seen) {
                return true;
            }
            from += len;
            most = PLACES;
        }
        false
    }

    /// Looks at one block. Whether it has candidates.
    fn look_at(&self, table: &Table, haystack: &[u8], seen: &mut Seen) -> bool {
        #[cfg(target_arch = "x86_64")]
        if x86::is_there() {
            // SAFETY: the processor has the instructions.
            return unsafe { x86::look(self, table, haystack, seen) };
        }
        // Without them there are no such filters but in tests.
        #[cfg(any(test, not(target_arch = "x86_64")))]
        return self.look_each(table, haystack, seen);
        #[cfg(not(any(test, not(target_arch = "x86_64"))))]
        unreachable!("filters are made where the processor has the instructions")
    }

    /// The same without vectors.
    #[cfg(any(test, not(target_arch = "x86_64")))]
    fn look_each(&self, table: &Table, haystack: &[u8], seen: &mut Seen) -> bool {
        let mut any = false;
        for number in 0..seen.len {
            let start = seen.from + number;
            let mut window = [0; 8];
            window[..self.reach].copy_from_slice(&haystack[start..start + self.reach]);
            let window = window.map(|byte| byte | self.case);
            let is_candidate = self.probes.iter().all(|probe| probe.has(&window))
                && table.may_start(haystack, start);
            seen.masks[number / 64] |= u64::from(is_candidate) << (number % 64);
            any |= is_candidate;
        }
        any
    }

    /// What a byte costs, in looks, in a haystack of which this is a sample.
    pub(super) fn cost(&self, table: &Table, sample: &[u8]) -> f64 {
        let (mut seen, mut at, mut count) = (Seen::default(), 0, 0);
        while let Some(found) = self.find(table, sample, &mut seen, at, sample.len()) {
            count += 1;
            at = found + 1;
        }
        let starts = (sample.len() + 1).saturating_sub(self.reach);
        let passes = |start: &usize| {
            let mut window = [0; 8];
            window[..self.reach].copy_from_slice(&sample[*start..*start + self.reach]);
            let window = window.map(|byte| byte | self.case);
            self.probes.iter().all(|probe| probe.has(&window))
        };
        let remaining = (0..starts).filter(passes).count();
        let share = |many: usize| {
            let float = |number: usize| f64::from(u32::try_from(number).unwrap_or(u32::MAX));
            float(many) / float(starts.max(1))
        };
        let look = match self.probes[0].parts.len() {
            2 => 0.3,
            4 => 0.4,
            8 => 0.5,
            _ => 0.7,
        };
        look + LEFT * share(remaining) + COMPARE * share(count)
    }

    /// Whether this processor looks at many starts at once.
    pub(super) fn is_fast() -> bool {
        #[cfg(target_arch = "x86_64")]
        return x86::is_there();
        #[cfg(not(target_arch = "x86_64"))]
        return false;
    }
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use super::{Bloom, CASE, PLACES, Part, Probe, Seen, Table};
    use crate::pattern::filter::simd::Avx512;
    use std::arch::x86_64::{
        __m512i, _mm512_add_epi16, _mm512_castsi512_si256, _mm512_cvtepu8_epi16,
        _mm512_extracti64x4_epi64, _mm512_load_si512, _mm512_loadu_si512, _mm512_mask_blend_epi8,
        _mm512_maskz_compress_epi8, _mm512_maskz_compress_epi16, _mm512_maskz_loadu_epi16,
        _mm512_movepi8_mask, _mm512_mullo_epi16, _mm512_or_si512, _mm512_permutex2var_epi8,
        _mm512_permutexvar_epi8, _mm512_set1_epi8, _mm512_set1_epi16, _mm512_set1_epi64,
        _mm512_slli_epi16, _mm512_srli_epi16, _mm512_storeu_si512, _mm512_ternarylogic_epi64,
        _mm512_test_epi8_mask,
    };
    use std::mem::MaybeUninit;

    /// How many bytes the table reads from a start on, at most.
    const BEHIND: usize = 16;

    /// How many bytes are read for 64 starts.
    const READ: usize = 64 + 8;

    /// The lanes' numbers.
    static LANES: [u8; 64] = {
        let mut lanes = [0; 64];
        let mut lane = 0;
        while lane < 64 {
            #[expect(clippy::cast_possible_truncation, reason = "there are 64")]
            {
                lanes[lane] = lane as u8;
            }
            lane += 1;
        }
        lanes
    };

    pub(super) fn is_there() -> bool {
        Avx512::detect().is_some() && std::arch::is_x86_feature_detected!("avx512vbmi")
    }

    /// Looks at one block. Whether it has candidates.
    #[target_feature(enable = "avx512f,avx512bw,avx512vbmi,avx512vbmi2")]
    pub(super) fn look(bloom: &Bloom, table: &Table, haystack: &[u8], seen: &mut Seen) -> bool {
        let is_cased = bloom.case != 0;
        match (bloom.probes[0].parts.len(), is_cased) {
            (2, false) => look_by::<2, false>(bloom, table, haystack, seen),
            (4, false) => look_by::<4, false>(bloom, table, haystack, seen),
            (8, false) => look_by::<8, false>(bloom, table, haystack, seen),
            (_, false) => look_by::<16, false>(bloom, table, haystack, seen),
            (2, true) => look_by::<2, true>(bloom, table, haystack, seen),
            (4, true) => look_by::<4, true>(bloom, table, haystack, seen),
            (8, true) => look_by::<8, true>(bloom, table, haystack, seen),
            (_, true) => look_by::<16, true>(bloom, table, haystack, seen),
        }
    }

    #[target_feature(enable = "avx512f,avx512bw,avx512vbmi,avx512vbmi2")]
    fn look_by<const N: usize, const CASED: bool>(
        bloom: &Bloom,
        table: &Table,
        haystack: &[u8],
        seen: &mut Seen,
    ) -> bool {
        let [one, two] = &bloom.probes;
        let (Some(one), Some(two)) = (filter::<N>(one), filter::<N>(two)) else {
            return false;
        };
        // The numbers of the candidates, one behind the other. A vector is written as a whole: what lies behind the last
        // number is no number.
        let mut list = [const { MaybeUninit::<u16>::uninit() }; PLACES + 64];
        let mut count = 0;
        // SAFETY: there are 64 bytes.
        let lanes = unsafe { _mm512_loadu_si512(LANES.as_ptr().cast()) };
        let mut number = 0;
        let mut copy;
        while number < seen.len {
            let rest = &haystack[seen.from + number..];
            let bytes = if let Some(bytes) = rest.first_chunk() {
                bytes
            } else {
                copy = padded(rest);
                &copy
            };
            let found = starts::<N, CASED>(one, bytes) & starts::<N, CASED>(two, bytes);
            let found = found & u64::MAX >> (64 - (seen.len - number).min(64));
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_possible_wrap,
                reason = "fewer than 1,024"
            )]
            let base = _mm512_set1_epi16(number as i16);
            let few = _mm512_maskz_compress_epi8(found, lanes);
            let mut write = |at: usize, half| {
                let numbers = _mm512_add_epi16(base, _mm512_cvtepu8_epi16(half));
                let place = &mut list[at..at + 32];
                // SAFETY: there are 32 numbers.
                unsafe { _mm512_storeu_si512(place.as_mut_ptr().cast(), numbers) };
            };
            write(count, _mm512_castsi512_si256(few));
            let many = found.count_ones() as usize;
            if many > 32 {
                write(count + 32, _mm512_extracti64x4_epi64::<1>(few));
            }
            count += many;
            number += 64;
        }
        if count == 0 {
            return false;
        }
        // SAFETY: so many have been written.
        let list = unsafe { left(table, &haystack[seen.from..], &mut list, count) };
        for &number in list {
            seen.masks[usize::from(number / 64)] |= 1 << (number % 64);
        }
        !list.is_empty()
    }

    /// The starts of a list that the table leaves.
    ///
    /// # Safety
    ///
    /// `count` numbers have been written.
    #[inline(never)]
    #[target_feature(enable = "avx512f,avx512bw,avx512vbmi2")]
    unsafe fn left<'l>(
        table: &Table,
        rest: &[u8],
        list: &'l mut [MaybeUninit<u16>; PLACES + 64],
        mut count: usize,
    ) -> &'l [u16] {
        let numbers = list.as_mut_ptr().cast::<u16>();
        // Near the end of the haystack it is a copy that is read, with zeros behind it.
        let mut copy = [const { MaybeUninit::<u8>::uninit() }; PLACES + 2 * BEHIND];
        let text = if rest.len() < PLACES + BEHIND {
            let (text, zeros) = copy.split_at_mut(rest.len());
            text.write_copy_of_slice(rest);
            zeros[..BEHIND].fill(MaybeUninit::new(0));
            copy.as_ptr().cast()
        } else {
            rest.as_ptr()
        };
        let read = |number: u16, behind: usize| {
            debug_assert!(usize::from(number) < rest.len() && behind + 8 <= BEHIND);
            // SAFETY: a number is that of a start in the block, and behind that so many bytes can be read.
            let at = unsafe { text.add(usize::from(number) + behind) };
            // SAFETY: as above; any alignment will do. Others may change the bytes.
            u64::from_le(unsafe { at.cast::<u64>().read_unaligned() })
        };
        // SAFETY: the caller vouches for it.
        count = unsafe { keep(numbers, count, |number| table.begins(read(number, 0))) };
        let goes_on = |number| table.goes_on(|behind| read(number, behind));
        // SAFETY: so many are left.
        count = unsafe { keep(numbers, count, goes_on) };
        // SAFETY: as above.
        unsafe { std::slice::from_raw_parts(numbers, count) }
    }

    /// Leaves the numbers that `is_left` says, without a branch. Returns how many.
    ///
    /// # Safety
    ///
    /// There are so many numbers, and room for 32 more.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vbmi2")]
    unsafe fn keep(numbers: *mut u16, count: usize, is_left: impl Fn(u16) -> bool) -> usize {
        let (mut left, mut at) = (0, 0);
        while at < count {
            let len = (count - at).min(32);
            let mut found = 0_u32;
            for number in 0..len {
                // SAFETY: it is one of those that are there.
                let number_there = unsafe { numbers.add(at + number) };
                // SAFETY: as above.
                found |= u32::from(is_left(unsafe { number_there.read() })) << number;
            }
            // SAFETY: there are so many.
            let from = unsafe { numbers.add(at) };
            // SAFETY: as above.
            let some = unsafe { _mm512_maskz_loadu_epi16(u32::MAX >> (32 - len), from.cast()) };
            let some = _mm512_maskz_compress_epi16(found, some);
            // SAFETY: they are not more than were there, and what is written behind them was looked at.
            let place = unsafe { numbers.add(left) };
            // SAFETY: as above.
            unsafe { _mm512_storeu_si512(place.cast(), some) };
            left += found.count_ones() as usize;
            at += 32;
        }
        left
    }

    /// The bytes near the end of the haystack, with zeros behind them. By itself, so that the loop over all others needs
    /// no registers for it.
    #[cold]
    #[inline(never)]
    fn padded(rest: &[u8]) -> [u8; READ] {
        let mut bytes = [0; READ];
        bytes[..rest.len()].copy_from_slice(rest);
        bytes
    }

    /// A filter, ready for vectors.
    #[derive(Clone, Copy)]
    struct Filter<'f, const N: usize> {
        pairs: [usize; 2],
        multipliers: [__m512i; 2],
        parts: &'f [Part; N],
    }

    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vbmi,avx512vbmi2")]
    fn filter<const N: usize>(probe: &Probe) -> Option<Filter<'_, N>> {
        let [first, second] = probe.multipliers;
        Some(Filter {
            pairs: probe.pairs,
            multipliers: [
                _mm512_set1_epi16(first.cast_signed()),
                _mm512_set1_epi16(second.cast_signed()),
            ],
            parts: probe.parts.as_array()?,
        })
    }

    /// A bit for each of 64 starts at which the filter has a bit.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vbmi,avx512vbmi2")]
    fn starts<const N: usize, const CASED: bool>(filter: Filter<'_, N>, bytes: &[u8; READ]) -> u64 {
        let load = |offset: usize| {
            let place = bytes.as_ptr().wrapping_add(offset);
            // SAFETY: the pairs are within eight bytes of the start.
            let loaded = unsafe { _mm512_loadu_si512(place.cast()) };
            if CASED {
                _mm512_or_si512(loaded, _mm512_set1_epi8(CASE.cast_signed()))
            } else {
                loaded
            }
        };
        // The hashes of the starts at even offsets, and those of the others.
        let hash = |odd: usize| {
            let one = _mm512_mullo_epi16(load(filter.pairs[0] + odd), filter.multipliers[0]);
            let two = _mm512_mullo_epi16(load(filter.pairs[1] + odd), filter.multipliers[1]);
            _mm512_add_epi16(one, two)
        };
        let (even, odd) = (hash(0), hash(1));
        // One byte of each hash, in the order of the starts: bits 8 to 15, and 2 to 9.
        let upper = _mm512_set1_epi16(0xFF00_u16.cast_signed());
        let high = _mm512_ternarylogic_epi64::<0xF8>(_mm512_srli_epi16::<8>(even), odd, upper);
        let low = _mm512_ternarylogic_epi64::<0xE4>(
            _mm512_slli_epi16::<6>(odd),
            _mm512_srli_epi16::<2>(even),
            upper,
        );
        let bits = _mm512_set1_epi64(0x8040_2010_0804_0201_u64.cast_signed());
        let bit = _mm512_permutexvar_epi8(low, bits);
        let is_upper = _mm512_movepi8_mask(high);
        // Two parts at a time; then of each two results that for the next bit of the hash.
        let mut found = [high; 8];
        for (pair, found) in found.iter_mut().enumerate().take(N / 2) {
            let one = look_up(&filter.parts[2 * pair], high);
            let two = look_up(&filter.parts[2 * pair + 1], high);
            *found = _mm512_mask_blend_epi8(is_upper, one, two);
        }
        let (mut left, mut level) = (N / 2, 8);
        while left > 1 {
            left /= 2;
            let is_second = _mm512_test_epi8_mask(low, _mm512_set1_epi8(level));
            for pair in 0..left {
                found[pair] =
                    _mm512_mask_blend_epi8(is_second, found[2 * pair], found[2 * pair + 1]);
            }
            level *= 2;
        }
        _mm512_test_epi8_mask(found[0], bit)
    }

    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vbmi,avx512vbmi2")]
    fn look_up(part: &Part, at: __m512i) -> __m512i {
        let place = part.0.as_ptr();
        // SAFETY: a part has 128 bytes.
        let low = unsafe { _mm512_load_si512(place.cast()) };
        // SAFETY: as above.
        let upper = unsafe { place.add(64) };
        // SAFETY: as above.
        let high = unsafe { _mm512_load_si512(upper.cast()) };
        _mm512_permutex2var_epi8(low, at, high)
    }
}

#[cfg(test)]
mod tests {
    use super::{Bloom, CASE, PARTS, Seen, Table};
    use crate::pattern::Encoding;
    use crate::pattern::needles::{Fold, Strings};
    use crate::pattern::testing::Random;

    fn strings(needles: &[Vec<u8>], is_cased: bool) -> Strings {
        let mut fold = Fold::new(Encoding::Latin1);
        let (mut bytes, mut ends) = (Vec::new(), Vec::new());
        for needle in needles {
            if is_cased {
                fold.add(needle, &mut bytes).unwrap();
            } else {
                bytes.extend_from_slice(needle);
            }
            ends.push(bytes.len().try_into().unwrap());
        }
        bytes.extend([0; 16]);
        Strings {
            bytes,
            ends,
            fold: is_cased.then_some(fold),
        }
    }

    #[test]
    fn vectors_find_what_is_found_start_by_start() {
        let mut random = Random(0xB100);
        for round in 0..160 {
            let letters = [2, 4, 26][round % 3];
            let word = |random: &mut Random, len: usize| -> Vec<u8> {
                (0..len)
                    .map(|_| b'a' + u8::try_from(random.below(letters)).unwrap())
                    .collect()
            };
            let shortest = 2 + round % 9;
            let needles: Vec<Vec<u8>> = (0..2 + random.below(200))
                .map(|_| {
                    let len = shortest + random.below(4);
                    word(&mut random, len)
                })
                .collect();
            let is_cased = round % 2 == 0;
            let strings = strings(&needles, is_cased);
            let mut text = Vec::new();
            let len = [9, 70, 200, 3000][round / 4 % 4];
            while text.len() < len {
                let next = random.below(40);
                text.extend(word(&mut random, next));
                text.extend_from_slice(&needles[random.below(needles.len())]);
                text.push(b' ');
            }
            if is_cased {
                text.make_ascii_uppercase();
            }
            let (table, starts) = Table::with_starts(&strings).unwrap();
            let case = if is_cased { CASE } else { 0 };
            for parts in PARTS {
                let bloom = Bloom::with_parts(&starts, table.len, case, parts).unwrap();
                let (from, until) = (random.below(20), text.len() - random.below(5));
                let (mut seen, mut at, mut found) = (Seen::default(), from, Vec::new());
                while let Some(start) = bloom.find(&table, &text, &mut seen, at, until) {
                    found.push(start);
                    at = start + 1;
                }
                let each = (from..until.min(text.len() + 1 - bloom.reach)).filter(|&start| {
                    let mut seen = Seen {
                        from: start,
                        len: 1,
                        ..Seen::default()
                    };
                    bloom.look_each(&table, &text, &mut seen)
                });
                assert_eq!(found, each.collect::<Vec<_>>(), "{round}, {parts}");
                let is_start = |start: &usize| {
                    let all = 0..u32::try_from(needles.len()).unwrap();
                    let mut all = all.into_iter();
                    all.any(|needle| strings.matches(&text, *start, needle, 0).is_some())
                };
                let missed = (from..until)
                    .filter(is_start)
                    .find(|start| !found.contains(start));
                assert_eq!(missed, None, "{round}, {parts}");
            }
        }
    }
}
