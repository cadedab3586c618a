//! All matches of a stretch at once, for patterns whose parts stand at fixed places.
//!
//! Each class has a row of bits. A row that is shifted by the place of its class in a match says for every start whether
//! a character of the class stands there, and the AND of all of them where matches start:
//!
//! ```text
//! haystack          on 2026-01-10 at
//! \d                0001111011011000
//! \d, four in a row 0001000000000000
//! - , shifted by 4  0001001000000000
//! \d\d, by 5        0001001001100000
//! ...               0001000000000000
//! ```
//!
//! Four in a row are two steps: a row AND itself shifted by one, and that AND itself shifted by two. What a match costs
//! is counting a bit, or finding it.

use super::rows::{self, Row, Term, WORD, WORDS};
use super::segments::{Beside, Segment, Segments};
use super::terms::words;
use crate::pattern::filter::front::Bytes;
#[cfg(target_arch = "x86_64")]
use crate::pattern::filter::simd::{Avx2, Avx512};

/// The most characters at fixed places. What a word says needs bits of the next one, but of no other.
pub(super) const LONGEST: usize = 48;

/// The most rows. With more of them a few that are rare are enough, and each place is looked at.
const ROWS: usize = 6;

/// In how many places a start may lie in another match, at most, where starts are counted.
pub(super) const OTHERS: usize = 8;

/// As many characters of a class one after the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Step {
    row: usize,
    from: usize,
    count: usize,
}

/// Classes at fixed places.
#[derive(Clone, Debug)]
pub(super) struct Places {
    steps: Vec<Step>,
    pub(super) len: usize,
}

impl Places {
    /// The classes at places one after the other. Each has a row, which is that of its place among all `classes`.
    pub(super) fn new(places: &[Bytes], classes: &mut Vec<Bytes>) -> Self {
        let mut steps: Vec<Step> = Vec::new();
        for (from, class) in places.iter().enumerate() {
            let row = row_of(class, classes);
            match steps.last_mut() {
                Some(step) if step.row == row => step.count += 1,
                _ => steps.push(Step {
                    row,
                    from,
                    count: 1,
                }),
            }
        }
        Self {
            steps,
            len: places.len(),
        }
    }

    /// The bits of so many words at whose places all of them stand. The rows of the classes have one word more.
    #[expect(
        clippy::inline_always,
        reason = "it has to be compiled with the caller's features"
    )]
    #[inline(always)]
    pub(super) fn combine(&self, words: usize, row: &mut Row, classes: &[Row]) {
        let row = &mut row[..words];
        row.fill(u64::MAX);
        let mut several = [0; WORDS];
        for step in &self.steps {
            let class = &classes[step.row][..=words];
            if step.count == 1 {
                meet(row, class, step.from);
                continue;
            }
            let several = &mut several[..=words];
            several.copy_from_slice(class);
            // As many as are known to be one after the other.
            let mut known = 1;
            while known < step.count {
                let more = known.min(step.count - known);
                for at in 0..words {
                    several[at] &= several[at] >> more | several[at + 1] << (WORD - more);
                }
                // What this lacks of the bits behind it is not asked for.
                several[words] &= several[words] >> more;
                known += more;
            }
            meet(row, several, step.from);
        }
    }
}

/// The place of a class among others, to which it is added.
pub(super) fn row_of(class: &Bytes, classes: &mut Vec<Bytes>) -> usize {
    let row = classes.iter().position(|known| known == class);
    row.unwrap_or_else(|| {
        classes.push(*class);
        classes.len() - 1
    })
}

/// Adds the places of a part, as far as it has a fixed length. Returns the class of what may follow them in the same part.
pub(super) fn add_part(
    part: &Segment,
    segments: &Segments,
    places: &mut Vec<Bytes>,
) -> Option<Bytes> {
    match *part {
        Segment::Literal { len, value, mask } => {
            let of = |at: usize| {
                let byte = |word: u64| word.to_le_bytes()[at];
                (0..=u8::MAX)
                    .filter(|some| some & byte(mask) == byte(value))
                    .fold(Bytes::NONE, |all, some| all.or(&Bytes::range(some, some)))
            };
            places.extend((0..len).map(of));
            None
        }
        Segment::Run {
            class, min, max, ..
        } => {
            let class = segments.classes[class];
            places.extend((0..min.min(1 + LONGEST)).map(|_| class));
            (min < max).then_some(class)
        }
    }
}

/// Whether two of these that are so far from one another can stand there both.
pub(super) fn overlap(places: &[Bytes], others: &[Bytes]) -> bool {
    places.iter().zip(others).all(|(a, b)| a.and(b).len() > 0)
}

/// Tests for rows of these classes; `None` if one of them would not be exact.
pub(super) fn exact_terms(classes: &[Bytes]) -> Option<Vec<Term>> {
    classes
        .iter()
        .map(|class| {
            let (term, is_exact) = Term::new(0, class);
            is_exact.then_some(term)
        })
        .collect()
}

/// A pattern whose parts stand at fixed places, up to a last part of any length.
#[derive(Clone, Debug)]
pub(super) struct Exact {
    /// One for each row.
    terms: Vec<Term>,
    places: Places,
    /// The row of what stands behind a match, and whether the end of the haystack may stand there.
    after: Option<(usize, bool)>,
    /// Whether these places are all of a match.
    is_whole: bool,
    /// How far behind a start another one may stand in the same match.
    others: Vec<usize>,
    /// Whether one may stand in the last run.
    is_in_run: bool,
    /// Whether the rows are right for ASCII only.
    pub(super) asks_ascii: bool,
}

impl Exact {
    /// `None` if the pattern is not of this kind.
    pub(super) fn new(segments: &Segments) -> Option<Self> {
        let [one] = segments.alternatives.as_slice() else {
            return None;
        };
        if one.before != Beside::Anything || segments.lead.is_some() || segments.absorbed.is_some()
        {
            return None;
        }
        let (mut places, mut run) = (Vec::new(), None);
        for part in &one.parts {
            if run.is_some() || places.len() > LONGEST {
                return None;
            }
            run = add_part(part, segments, &mut places);
        }
        if !(1..=LONGEST).contains(&places.len())
            || (run.is_some() && one.after != Beside::Anything)
        {
            return None;
        }
        // Of a run that goes on beyond ASCII it is not known what it has read.
        let asks_ascii = segments.has_more();
        let is_in_run =
            run.is_some_and(|run| asks_ascii || overlap(&places[..1], std::slice::from_ref(&run)));
        let others = (1..places.len()).filter(|&by| overlap(&places[by..], &places));
        let others = others.collect();
        let mut classes = Vec::new();
        let places = Places::new(&places, &mut classes);
        let mut exact = Self {
            terms: exact_terms(&classes)?,
            places,
            after: None,
            is_whole: run.is_none(),
            others,
            is_in_run,
            asks_ascii,
        };
        let behind = match one.after {
            Beside::Anything => None,
            Beside::Terminator => {
                exact.asks_ascii |= segments.is_utf8;
                let class = Bytes::range(b'\n', b'\n').or(&Bytes::range(b'\r', b'\r'));
                Some((Term::new(0, &class).0, true))
            }
            Beside::Word(true) => Some((Term::new(0, &words()).0, false)),
            Beside::Word(false) => Some((Term::new(0, &words()).0.inverted(), true)),
        };
        if let Some((term, or_end)) = behind {
            exact.after = Some((exact.terms.len(), or_end));
            exact.terms.push(term);
        }
        for term in &mut exact.terms {
            rows::end_row(std::slice::from_mut(term));
        }
        (exact.terms.len() <= ROWS).then_some(exact)
    }

    /// How many rows it needs.
    pub(super) fn rows(&self) -> usize {
        self.terms.len()
    }

    /// The length of every match, if they all have one.
    pub(super) fn whole(&self) -> Option<usize> {
        self.is_whole.then_some(self.places.len)
    }

    /// Whether there are as many matches as starts in every text, though they have no length.
    pub(super) fn is_number(&self) -> bool {
        !self.is_whole && self.others.is_empty() && !self.is_in_run
    }

    /// Counts the starts in `[from, end)` of a row that begins at `base`. Returns their number, and where the next one may
    /// stand; `None` if some of them may lie in other matches.
    pub(super) fn count(
        &self,
        row: &Row,
        base: usize,
        from: usize,
        end: usize,
    ) -> Option<(usize, usize)> {
        if !(self.is_number() || (self.is_whole && self.others.len() <= OTHERS)) {
            return None;
        }
        let (first, last) = (from - base, end - 1 - base);
        let mut bits = *row;
        bits[first / WORD] &= u64::MAX << (first % WORD);
        bits[last / WORD] &= u64::MAX >> (WORD - 1 - last % WORD);
        let bits = bits.get(first / WORD..=last / WORD)?;
        let count = self.number(bits)?;
        let mut next = end;
        if let Some(word) = bits.iter().rposition(|bits| *bits != 0)
            && self.is_whole
        {
            let word = first / WORD + word;
            let start = base + word * WORD + bits[word - first / WORD].ilog2() as usize;
            next = end.max(start + self.places.len);
        }
        Some((count, next))
    }

    /// The number of bits, unless some of them may lie in other matches.
    fn number(&self, bits: &[u64]) -> Option<usize> {
        #[cfg(target_arch = "x86_64")]
        {
            if Avx512::detect().is_some() {
                // SAFETY: this processor has it.
                return unsafe { number_with_avx512(bits, &self.others) };
            }
            if Avx2::detect().is_some() {
                // SAFETY: this processor has it.
                return unsafe { number_with_avx2(bits, &self.others) };
            }
        }
        number(bits, &self.others)
    }

    /// The cost of a KiB, as in `plan`, without that of the matches.
    pub(super) fn cost(&self) -> usize {
        let terms = self.terms.iter().map(Term::cost).sum::<usize>();
        terms + 6 * self.places.steps.len() + 130
    }

    /// Fills a row with the bits of the starts from `base` on, for about so many words. Returns for how many. `scratch`
    /// has [`rows`](Self::rows) rows.
    pub(super) fn fill(
        &self,
        haystack: &[u8],
        base: usize,
        words: usize,
        row: &mut Row,
        scratch: &mut [Row],
    ) -> usize {
        // The last word has no next one.
        let filled = (words + 1).min(WORDS);
        rows::fill(&self.terms, haystack, base, filled, scratch);
        if let Some((row, true)) = self.after {
            let end = haystack.len().saturating_sub(base);
            if end < filled * WORD {
                scratch[row][end / WORD] |= 1 << (end % WORD);
            }
        }
        #[cfg(target_arch = "x86_64")]
        {
            if Avx512::detect().is_some() {
                // SAFETY: this processor has it.
                unsafe { with_avx512(self, filled - 1, row, scratch) };
                return filled - 1;
            }
            if Avx2::detect().is_some() {
                // SAFETY: this processor has it.
                unsafe { with_avx2(self, filled - 1, row, scratch) };
                return filled - 1;
            }
        }
        self.combine(filled - 1, row, scratch);
        filled - 1
    }

    #[expect(
        clippy::inline_always,
        reason = "it has to be compiled with the caller's features"
    )]
    #[inline(always)]
    fn combine(&self, words: usize, row: &mut Row, scratch: &[Row]) {
        self.places.combine(words, row, scratch);
        if let Some((after, _)) = self.after {
            meet(
                &mut row[..words],
                &scratch[after][..=words],
                self.places.len,
            );
        }
    }
}

/// Keeps the bits that another row has, so many places further on. It has one word more.
#[expect(
    clippy::inline_always,
    reason = "it has to be compiled with the caller's features"
)]
#[inline(always)]
fn meet(row: &mut [u64], other: &[u64], by: usize) {
    if by == 0 {
        for (word, other) in row.iter_mut().zip(other) {
            *word &= other;
        }
        return;
    }
    for (word, other) in row.iter_mut().zip(other.windows(2)) {
        *word &= other[0] >> by | other[1] << (WORD - by);
    }
}

/// The number of bits, unless one of them is so far behind another one as is said.
#[expect(
    clippy::inline_always,
    reason = "it has to be compiled with the caller's features"
)]
#[inline(always)]
fn number(bits: &[u64], others: &[usize]) -> Option<usize> {
    let mut clash = 0;
    for by in others {
        clash |= bits.first().map_or(0, |bits| bits & bits << by);
        for pair in bits.windows(2) {
            clash |= pair[1] & (pair[1] << by | pair[0] >> (WORD - by));
        }
    }
    let count = bits.iter().map(|bits| bits.count_ones() as usize).sum();
    (clash == 0).then_some(count)
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bw,popcnt")]
fn number_with_avx512(bits: &[u64], others: &[usize]) -> Option<usize> {
    number(bits, others)
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,popcnt")]
fn number_with_avx2(bits: &[u64], others: &[usize]) -> Option<usize> {
    number(bits, others)
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bw")]
fn with_avx512(exact: &Exact, words: usize, row: &mut Row, scratch: &[Row]) {
    exact.combine(words, row, scratch);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn with_avx2(exact: &Exact, words: usize, row: &mut Row, scratch: &[Row]) {
    exact.combine(words, row, scratch);
}

#[cfg(test)]
mod tests {
    use super::Exact;
    use crate::pattern::bits::rows::{WORD, WORDS};
    use crate::pattern::bits::walk::Found;
    use crate::pattern::bits::{Segments, look_once};
    use crate::pattern::syntax::{Flags, parse_only};
    use crate::pattern::testing::Random;
    use crate::pattern::{Encoding, Needle, Options, Pattern};

    fn segments(source: &str) -> Option<Segments> {
        let units: Vec<u16> = source.encode_utf16().collect();
        let parsed = parse_only(&units, Flags::new("m")).unwrap();
        Segments::new(&parsed.node, Encoding::Utf8)
    }

    fn exact(source: &str) -> Option<Exact> {
        segments(source)?.exact
    }

    #[test]
    fn parts_at_fixed_places_are_exact() {
        // The number of rows, the length, where other starts may lie, and whether all starts are matches.
        for (source, rows, len, others, is_number) in [
            (r"\d{4}-\d\d-\d\d", 2, Some(10), &[8, 9][..], false),
            (r"\d{4}-\d\d-\d\d$", 3, Some(10), &[8, 9], false),
            (r"x.{3}y", 3, Some(5), &[1, 2, 3], false),
            (r"x.{3}x", 2, Some(5), &[1, 2, 3, 4], false),
            (r"[a-z]{3}", 1, Some(3), &[1, 2], false),
            (r"[aeiou]", 1, Some(1), &[], false),
            (r"id=\d+", 4, None, &[], true),
            (r"id=\w+", 4, None, &[3], false),
            (r"di=\d+", 4, None, &[], true),
            (r"id \w\b", 5, Some(4), &[3], false),
            ("id[^\\n]*", 2, None, &[], false),
        ] {
            let exact = exact(source).unwrap_or_else(|| panic!("{source}"));
            let found = (exact.rows(), exact.whole(), exact.is_number());
            assert_eq!(found, (rows, len, is_number), "{source}");
            assert_eq!(exact.others, others, "{source}");
        }
        for source in [
            r"\w+",
            r"\d+,",
            "a|b",
            r"^\d\d",
            r"\bx\d",
            r"x\d{1,2}y",
            r"id=\d+$",
            "abcdefg",
            r"x\d{48}",
        ] {
            assert!(exact(source).is_none(), "{source}");
        }
    }

    #[test]
    fn each_bit_is_a_match() {
        let mut random = Random(0xE4AC7);
        let long = format!("x{}", "7".repeat(47));
        let pieces = [
            "2026-01-10",
            "x0-0y",
            "12-34",
            "\n",
            "0",
            "-",
            "x",
            "y",
            long.as_str(),
        ];
        for source in [
            r"\d{4}-\d\d-\d\d",
            r"\d\d-\d\d$",
            r"\d\d\b",
            r"-\b",
            r"x.{3}y",
            r"\d{3}",
            r"x\d{47}",
            r"-\d+",
        ] {
            let segments = segments(source).unwrap();
            let Some(exact) = &segments.exact else {
                panic!("{source} is exact");
            };
            let mut found = 0;
            for len in (0..300).chain([4030, 4096, 4200, 9000]) {
                let mut haystack = Vec::new();
                while haystack.len() < len {
                    let piece = random.below(pieces.len());
                    haystack.extend_from_slice(pieces[piece].as_bytes());
                }
                haystack.truncate(len);
                for base in [0, 1, 63, 64, 65, 200] {
                    for words in [1, 2, WORDS - 1, WORDS] {
                        if base >= len {
                            continue;
                        }
                        let mut row = [0; WORDS];
                        // What a row held before does not matter.
                        let mut scratch = vec![[0xA5A5; WORDS]; exact.rows()];
                        let filled = exact.fill(&haystack, base, words, &mut row, &mut scratch);
                        assert!(filled > 0 && filled <= words, "{source} {filled}");
                        for at in 0..filled * WORD {
                            let bit = row[at / WORD] >> (at % WORD) & 1 == 1;
                            let is_match = base + at < len
                                && matches!(
                                    look_once(&segments, &haystack, base + at),
                                    Found::Match(_)
                                );
                            assert_eq!(bit, is_match, "{source} {len} {base} {words} {at}");
                            found += usize::from(bit);
                        }
                    }
                }
            }
            assert!(found > 100, "{source} {found}");
        }
    }

    #[test]
    fn a_count_may_go_on_as_a_search() {
        let source: Vec<u16> = r"-\d+".encode_utf16().collect();
        let needle = Needle::RegExp {
            source: &source,
            flags: Flags::new(""),
        };
        let pattern = Pattern::new(&[needle], &Options::default(), &mut |_| None).unwrap();
        let haystack = b"-12 -3456 ".repeat(20_000);
        let mut scan = pattern.scan(0, haystack.len());
        let mut count = 0;
        assert!(!scan.count(&haystack, 100_000, &mut count));
        let mut spans = Vec::new();
        scan.fill(&haystack, usize::MAX, &mut spans, 3);
        let lengths: Vec<usize> = spans.iter().map(|span| span.end - span.start).collect();
        assert!(lengths == [3, 5, 3] || lengths == [5, 3, 5], "{lengths:?}");
        while !scan.count(&haystack, usize::MAX, &mut count) {}
        assert_eq!(count + 3, 40_000);
    }
}
