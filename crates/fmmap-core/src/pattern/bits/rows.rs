//! Rows of bits: one bit for each place of a stretch of the haystack, which says whether the byte there belongs to a
//! class.

use crate::pattern::filter::front::Bytes;
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
use crate::pattern::filter::simd::{self, Simd};

/// The number of places in a word of bits.
pub(crate) const WORD: usize = 64;

/// The most words of a row.
pub(super) const WORDS: usize = 64;

/// A bit for each place of a stretch.
pub(crate) type Row = [u64; WORDS];

/// At most this many bytes behind a place are looked at.
pub(super) const REACH: usize = 16;

/// What a row asks about the byte at an offset from each place.
#[derive(Clone, Copy, Debug)]
pub(super) struct Term {
    /// The offset from the place, -1 or more.
    offset: isize,
    low: [u8; 16],
    high: [u8; 16],
    /// A byte, and which of its bits matter, if that describes the class: then no table is needed.
    masked: Option<(u8, u8)>,
    /// Whether the byte must not belong to the class.
    invert: bool,
    /// Whether this is the last term of its row. All terms of a row must hold.
    is_last: bool,
}

impl Term {
    /// Tests whether a byte belongs to a class. The second answer says whether the test is exact, which it is only if
    /// the class has at most eight kinds of sixteen neighbouring bytes.
    pub(super) fn new(offset: isize, class: &Bytes) -> (Self, bool) {
        let mut kinds: Vec<u16> = Vec::new();
        let mut term = Self {
            offset,
            low: [0; 16],
            high: [0; 16],
            masked: class.masked(),
            invert: false,
            is_last: false,
        };
        let mut is_exact = true;
        for high in 0..16u8 {
            let kind = (0..16u8)
                .filter(|low| class.has(high << 4 | low))
                .fold(0u16, |kind, low| kind | 1 << low);
            if kind == 0 {
                continue;
            }
            let bit = kinds.iter().position(|other| *other == kind);
            let bit = bit.unwrap_or_else(|| {
                kinds.push(kind);
                kinds.len() - 1
            });
            is_exact &= bit < 8;
            let bit = bit.min(7);
            term.high[usize::from(high)] |= 1 << bit;
            for low in (0..16).filter(|low| kind >> low & 1 == 1) {
                term.low[low] |= 1 << bit;
            }
        }
        (term, is_exact)
    }

    /// Tests whether a byte is beyond ASCII.
    pub(super) fn beyond_ascii() -> Self {
        Self {
            masked: Some((0x80, 0x80)),
            ..Self::new(0, &Bytes::range(0x80, 0xFF)).0
        }
    }

    /// The cost of the test for a KiB, as in `plan`.
    pub(super) fn cost(&self) -> usize {
        if self.masked.is_some() { 12 } else { 32 }
    }

    pub(super) fn inverted(mut self) -> Self {
        self.invert = true;
        self
    }

    #[cfg(any(test, not(target_arch = "aarch64")))]
    fn has(&self, byte: u8) -> bool {
        let is_of = self.low[usize::from(byte & 15)] & self.high[usize::from(byte >> 4)] != 0;
        is_of != self.invert
    }
}

/// Marks the last term of a row.
pub(super) fn end_row(terms: &mut [Term]) {
    if let Some(last) = terms.last_mut() {
        last.is_last = true;
    }
}

/// Fills the rows from `base` on, with that many words each. Behind the haystack's end no bit is set.
pub(super) fn fill(
    terms: &[Term],
    haystack: &[u8],
    base: usize,
    words: usize,
    rows: &mut [[u64; WORDS]],
) {
    let words = words.min(WORDS);
    let has_before = terms.iter().any(|term| term.offset < 0);
    each_part(haystack, base, words, has_before, |bytes, from, words| {
        vectors(terms, bytes, from, words, rows);
    });
    let left = haystack.len().saturating_sub(base);
    if left < words * WORD {
        for row in rows {
            row[left / WORD] &= (1 << (left % WORD)) - 1;
            row[left / WORD + 1..words].fill(0);
        }
    }
}

/// Calls `fill` for words of a row that begins at `base`, with bytes that reach as far behind these words as is looked
/// at, and the place of the first word in them. If `has_before`, one byte is before it.
pub(super) fn each_part(
    haystack: &[u8],
    base: usize,
    words: usize,
    has_before: bool,
    mut fill: impl FnMut(&[u8], usize, std::ops::Range<usize>),
) {
    // Places near an end of the haystack are looked at in a copy.
    let first = usize::from(base == 0 && has_before).min(words);
    let whole = (haystack.len().saturating_sub(base + REACH) / WORD).clamp(first, words);
    for word in (0..first).chain(whole..words) {
        let from = base + word * WORD;
        let mut copy = [0; 1 + WORD + REACH];
        let start = from.saturating_sub(1);
        if let Some(rest) = haystack.get(start..) {
            let len = rest.len().min(copy.len() - usize::from(from == 0));
            let into = usize::from(from == 0);
            copy[into..into + len].copy_from_slice(&rest[..len]);
        }
        fill(&copy, 1, word..word + 1);
    }
    if first < whole {
        fill(haystack, base + first * WORD, first..whole);
    }
}

/// Fills words of the rows. The first of them starts at `from`, and the haystack reaches as far behind the last one as
/// the terms look.
fn vectors(
    terms: &[Term],
    haystack: &[u8],
    from: usize,
    words: std::ops::Range<usize>,
    rows: &mut [[u64; WORDS]],
) {
    #[cfg(target_arch = "x86_64")]
    {
        if let Some(avx512) = simd::Avx512::detect() {
            // SAFETY: `avx512` exists, so this processor has it.
            return unsafe { with_avx512(avx512, terms, haystack, from, words, rows) };
        }
        if let Some(avx2) = simd::Avx2::detect() {
            // SAFETY: `avx2` exists, so this processor has it.
            return unsafe { with_avx2(avx2, terms, haystack, from, words, rows) };
        }
    }
    #[cfg(target_arch = "aarch64")]
    {
        kernel(simd::Neon, terms, haystack, from, words, rows);
    }
    #[cfg(not(target_arch = "aarch64"))]
    one_by_one(terms, haystack, from, words, rows);
}

/// Which of 64 bytes pass the test of a term, whatever its offset. `None` if this processor has no vectors.
#[cfg_attr(
    target_arch = "aarch64",
    expect(clippy::unnecessary_wraps, reason = "other processors may have none")
)]
pub(super) fn word(term: &Term, bytes: &[u8; WORD]) -> Option<u64> {
    #[cfg(target_arch = "x86_64")]
    {
        if let Some(avx512) = simd::Avx512::detect() {
            // SAFETY: `avx512` exists, so this processor has it.
            return Some(unsafe { word_with_avx512(avx512, term, bytes) });
        }
        let avx2 = simd::Avx2::detect()?;
        // SAFETY: `avx2` exists, so this processor has it.
        Some(unsafe { word_with_avx2(avx2, term, bytes) })
    }
    #[cfg(target_arch = "aarch64")]
    {
        Some(word_of(simd::Neon, term, bytes))
    }
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    {
        let _ = (term, bytes);
        None
    }
}

/// The same of fewer bytes.
pub(super) fn few(term: &Term, bytes: &[u8]) -> Option<u64> {
    debug_assert!(bytes.len() < WORD);
    let all = (1 << (bytes.len() % WORD)) - 1;
    #[cfg(target_arch = "x86_64")]
    if let Some(avx512) = simd::Avx512::detect() {
        // SAFETY: `avx512` exists, so this processor has it.
        return Some(unsafe { few_with_avx512(avx512, term, bytes, all) } & all);
    }
    let mut copy = [0; WORD];
    copy[..bytes.len()].copy_from_slice(bytes);
    Some(word(term, &copy)? & all)
}

/// The same without vectors. The first word starts at `from`.
#[cfg(any(test, not(target_arch = "aarch64")))]
fn one_by_one(
    terms: &[Term],
    haystack: &[u8],
    from: usize,
    words: std::ops::Range<usize>,
    rows: &mut [[u64; WORDS]],
) {
    for (at, word) in words.enumerate() {
        let start = from + at * WORD;
        let (mut row, mut all) = (0, u64::MAX);
        for term in terms {
            let mut bits = 0;
            for place in 0..WORD {
                let byte = (start + place)
                    .checked_add_signed(term.offset)
                    .and_then(|at| haystack.get(at));
                bits |= u64::from(byte.is_some_and(|&byte| term.has(byte))) << place;
            }
            all &= bits;
            if term.is_last {
                rows[row][word] = all;
                (row, all) = (row + 1, u64::MAX);
            }
        }
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bw")]
fn with_avx512(
    avx512: simd::Avx512,
    terms: &[Term],
    haystack: &[u8],
    from: usize,
    words: std::ops::Range<usize>,
    rows: &mut [[u64; WORDS]],
) {
    kernel(avx512, terms, haystack, from, words, rows);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn with_avx2(
    avx2: simd::Avx2,
    terms: &[Term],
    haystack: &[u8],
    from: usize,
    words: std::ops::Range<usize>,
    rows: &mut [[u64; WORDS]],
) {
    kernel(avx2, terms, haystack, from, words, rows);
}

/// Whether all bytes are ASCII.
#[inline(never)]
pub(crate) fn is_ascii(bytes: &[u8]) -> bool {
    #[cfg(target_arch = "x86_64")]
    if let Some(avx2) = simd::Avx2::detect() {
        // SAFETY: `avx2` exists, so this processor has it.
        return unsafe { is_ascii_with_avx2(avx2, bytes) };
    }
    bytes.is_ascii()
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn is_ascii_with_avx2(avx2: simd::Avx2, bytes: &[u8]) -> bool {
    let (mut all, high) = (avx2.table(&[0; 16]), avx2.table(&[0x80; 16]));
    let chunks = bytes.chunks_exact(simd::Avx2::LANES);
    let rest = chunks.remainder();
    for chunk in chunks {
        // SAFETY: a chunk has as many bytes as a vector.
        all = avx2.or(all, unsafe { avx2.load(chunk.as_ptr()) });
    }
    avx2.nonzero(avx2.and(all, high)) == 0 && rest.is_ascii()
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bw")]
fn word_with_avx512(avx512: simd::Avx512, term: &Term, bytes: &[u8; WORD]) -> u64 {
    word_of(avx512, term, bytes)
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn word_with_avx2(avx2: simd::Avx2, term: &Term, bytes: &[u8; WORD]) -> u64 {
    word_of(avx2, term, bytes)
}

/// `all` has a bit for each of the bytes. No others are read: to copy them first would take as long as the rest.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bw")]
fn few_with_avx512(avx512: simd::Avx512, term: &Term, bytes: &[u8], all: u64) -> u64 {
    let tables = [avx512.table(&term.low), avx512.table(&term.high)];
    // SAFETY: the bytes of the bits can be read.
    let bytes = unsafe { avx512.load_some(bytes.as_ptr(), all) };
    let bits = avx512.nonzero(avx512.look_up(tables[0], tables[1], bytes));
    if term.invert { !bits } else { bits }
}

#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
#[expect(
    clippy::inline_always,
    reason = "it has to be compiled with the caller's features"
)]
#[inline(always)]
fn word_of<S: Simd>(simd: S, term: &Term, bytes: &[u8; WORD]) -> u64 {
    let tables = [simd.table(&term.low), simd.table(&term.high)];
    // SAFETY: there are as many bytes.
    let bits = unsafe { test::<S, false>(simd, bytes.as_ptr(), tables) };
    if term.invert { !bits } else { bits }
}

/// Fills the words of a row whose places, with the bytes around them, lie in the haystack.
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
#[expect(
    clippy::inline_always,
    reason = "it has to be compiled with the caller's features"
)]
#[inline(always)]
fn kernel<S: Simd>(
    simd: S,
    terms: &[Term],
    haystack: &[u8],
    from: usize,
    words: std::ops::Range<usize>,
    rows: &mut [[u64; WORDS]],
) {
    assert!(from + words.len() * WORD + REACH <= haystack.len());
    // Processors look ahead in a page of 4 KiB only, and so much is read at once. The next bytes are asked for little by
    // little, so that they come while these are looked at.
    let len = words.len() * WORD;
    let mut ahead = haystack.as_ptr().wrapping_add(from + len);
    let step = WORD.div_ceil(terms.len().max(1));
    let mut row = 0;
    let mut is_first = true;
    for term in terms {
        assert!((-1..16).contains(&term.offset));
        let Some(into) = rows.get_mut(row) else {
            return;
        };
        let begin = from.checked_add_signed(term.offset);
        let Some(at) = begin else {
            return;
        };
        let invert = if term.invert { u64::MAX } else { 0 };
        let words = &mut into[words.clone()];
        let ask = (ahead, step);
        ahead = ahead.wrapping_add(words.len() * step);
        // SAFETY: the words, with what the term looks at, end before the haystack does: see above.
        let place = unsafe { haystack.as_ptr().add(at) };
        let tables = match term.masked {
            Some((value, bits)) => [simd.table(&[value; 16]), simd.table(&[bits; 16])],
            None => [simd.table(&term.low), simd.table(&term.high)],
        };
        match (term.masked.is_some(), is_first) {
            // SAFETY: as above.
            (true, true) => unsafe {
                each::<S, true, true>(simd, place, words, invert, tables, ask);
            },
            // SAFETY: as above.
            (true, false) => unsafe {
                each::<S, true, false>(simd, place, words, invert, tables, ask);
            },
            // SAFETY: as above.
            (false, true) => unsafe {
                each::<S, false, true>(simd, place, words, invert, tables, ask);
            },
            // SAFETY: as above.
            (false, false) => unsafe {
                each::<S, false, false>(simd, place, words, invert, tables, ask);
            },
        }
        is_first = term.is_last;
        row += usize::from(term.is_last);
    }
}

/// Writes to the words which of the bytes from `place` on belong to a class; or keeps of each word those bits, unless this
/// is the `FIRST` test of the row. The tables are a byte and the bits of it that matter if `MASKED`, otherwise those of
/// the lower and the upper four bits. With each word the bytes at a place are asked for, and then those at a step behind it.
///
/// # Safety
///
/// There are as many bytes as the words have bits.
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
#[expect(
    clippy::inline_always,
    reason = "it has to be compiled with the caller's features"
)]
#[inline(always)]
unsafe fn each<S: Simd, const MASKED: bool, const FIRST: bool>(
    simd: S,
    place: *const u8,
    words: &mut [u64],
    invert: u64,
    tables: [S::Vector; 2],
    (ahead, step): (*const u8, usize),
) {
    // A branch that can't be foreseen takes longer than a test.
    let is_sparse = !FIRST && 4 * words.iter().filter(|word| **word != 0).count() < words.len();
    for (at, word) in words.iter_mut().enumerate() {
        simd.prefetch(ahead.wrapping_add(at * step));
        if is_sparse && *word == 0 {
            continue;
        }
        // SAFETY: the caller vouches for the bytes.
        let bits = unsafe { test::<S, MASKED>(simd, place.wrapping_add(at * WORD), tables) };
        *word = if FIRST {
            bits ^ invert
        } else {
            *word & (bits ^ invert)
        };
    }
}

/// Which bytes of a word from `place` on belong to a class.
///
/// # Safety
///
/// There are as many bytes as a word has bits.
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
#[expect(
    clippy::inline_always,
    reason = "it has to be compiled with the caller's features"
)]
#[inline(always)]
unsafe fn test<S: Simd, const MASKED: bool>(
    simd: S,
    place: *const u8,
    [first, second]: [S::Vector; 2],
) -> u64 {
    let mut bits = 0;
    for part in 0..WORD / S::LANES {
        // SAFETY: the caller vouches for the bytes.
        let bytes = unsafe { simd.load(place.wrapping_add(part * S::LANES)) };
        let of = if MASKED {
            simd.zero(simd.xor(simd.and(bytes, second), first))
        } else {
            simd.nonzero(simd.look_up(first, second, bytes))
        };
        bits |= of << (part * S::LANES);
    }
    bits
}

#[cfg(test)]
mod tests {
    use super::{Term, WORD, WORDS, end_row, fill, one_by_one};
    use crate::pattern::filter::front::Bytes;
    use crate::pattern::testing::Random;

    /// Two terms for the first row, one that is inverted for the second, one for the third.
    fn terms() -> (Vec<Term>, [Bytes; 3]) {
        let digits = Bytes::range(b'0', b'9');
        let words = Bytes::range(b'a', b'z')
            .or(&Bytes::range(b'A', b'Z'))
            .or(&digits);
        let rest = Bytes::range(0, b'!').or(&Bytes::range(b'#', 0xFF));
        let term = |offset, class: &Bytes| {
            let (term, is_exact) = Term::new(offset, class);
            assert!(is_exact);
            term
        };
        let mut terms = vec![term(0, &digits), term(15, &words)];
        end_row(&mut terms);
        terms.push(term(-1, &words).inverted());
        end_row(&mut terms);
        terms.push(term(0, &rest));
        end_row(&mut terms);
        (terms, [digits, words, rest])
    }

    #[test]
    fn each_place_has_the_bits_of_its_bytes() {
        let (terms, [digits, words, rest]) = terms();
        let mut random = Random(0xB175);
        let bytes = |random: &mut Random, len: usize| -> Vec<u8> {
            let alphabet = b"0189az AZ\"_\n\x80\xFF";
            (0..len)
                .map(|_| alphabet[random.below(alphabet.len())])
                .collect()
        };
        for len in (0..400).chain([4096, 5000]) {
            let haystack = bytes(&mut random, len);
            for base in [0, 1, 63, 64, 65, 200] {
                if base > len {
                    continue;
                }
                let mut rows = [[0; WORDS]; 3];
                let count = (len - base).div_ceil(WORD).min(WORDS);
                fill(&terms, &haystack, base, count, &mut rows);
                for at in base..len.min(base + count * WORD) {
                    let has =
                        |row: usize| rows[row][(at - base) / WORD] >> ((at - base) % WORD) & 1 == 1;
                    let far = haystack.get(at + 15).is_some_and(|&byte| words.has(byte));
                    assert_eq!(has(0), digits.has(haystack[at]) && far, "{len} {base} {at}");
                    let is_after = at > 0 && words.has(haystack[at - 1]);
                    assert_eq!(has(1), !is_after, "{len} {base} {at}");
                    assert_eq!(has(2), rest.has(haystack[at]), "{len} {base} {at}");
                }
                let behind = len - base;
                for place in behind..count * WORD {
                    let bits = rows.map(|row| row[place / WORD] >> (place % WORD) & 1);
                    assert_eq!(bits, [0; 3], "{len} {base} {place}");
                }
            }
        }
    }

    #[test]
    fn every_instruction_set_gives_the_same_rows() {
        let (terms, _) = terms();
        let haystack: Vec<u8> = (0..5000_usize)
            .map(|at| u8::try_from(at * at * 7 % 251).unwrap_or(0))
            .collect();
        let mut wanted = [[0; WORDS]; 3];
        one_by_one(&terms, &haystack, 100, 0..WORDS, &mut wanted);
        let mut rows = [[0; WORDS]; 3];
        super::vectors(&terms, &haystack, 100, 0..WORDS, &mut rows);
        assert_eq!(rows, wanted);
        #[cfg(target_arch = "x86_64")]
        {
            use crate::pattern::filter::simd::{Avx2, Avx512};
            if let Some(avx2) = Avx2::detect() {
                let mut rows = [[0; WORDS]; 3];
                // SAFETY: `avx2` exists, so this processor has it.
                unsafe { super::with_avx2(avx2, &terms, &haystack, 100, 0..WORDS, &mut rows) };
                assert_eq!(rows, wanted);
            }
            if let Some(avx512) = Avx512::detect() {
                let mut rows = [[0; WORDS]; 3];
                // SAFETY: `avx512` exists, so this processor has it.
                unsafe { super::with_avx512(avx512, &terms, &haystack, 100, 0..WORDS, &mut rows) };
                assert_eq!(rows, wanted);
            }
        }
    }

    #[test]
    fn every_instruction_set_gives_the_same_word() {
        let (terms, _) = terms();
        let bytes: [u8; WORD] = std::array::from_fn(|at| u8::try_from(at * 5 % 251).unwrap_or(0));
        for term in &terms {
            let passes = |len: usize| {
                let bits = (0..len).map(|at| u64::from(term.has(bytes[at])) << at);
                bits.fold(0, |all, bit| all | bit)
            };
            let is_wanted = |word: Option<u64>, len| word.is_none_or(|word| word == passes(len));
            assert!(is_wanted(super::word(term, &bytes), WORD));
            assert!((0..WORD).all(|len| is_wanted(super::few(term, &bytes[..len]), len)));
            #[cfg(target_arch = "x86_64")]
            {
                use crate::pattern::filter::simd::{Avx2, Avx512};
                if let Some(avx2) = Avx2::detect() {
                    // SAFETY: `avx2` exists, so this processor has it.
                    let word = unsafe { super::word_with_avx2(avx2, term, &bytes) };
                    assert_eq!(word, passes(WORD));
                }
                if let Some(avx512) = Avx512::detect() {
                    // SAFETY: `avx512` exists, so this processor has it.
                    let word = unsafe { super::word_with_avx512(avx512, term, &bytes) };
                    assert_eq!(word, passes(WORD));
                }
            }
        }
    }
}
