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
const LONGEST: usize = 48;

/// The most rows. With more of them a few that are rare are enough, and each place is looked at.
const ROWS: usize = 6;

/// As many characters of a class one after the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Step {
    row: usize,
    from: usize,
    count: usize,
}

/// A pattern whose parts stand at fixed places, up to a last part of any length.
#[derive(Clone, Debug)]
pub(super) struct Exact {
    /// One for each row.
    terms: Vec<Term>,
    steps: Vec<Step>,
    /// The row of what stands behind a match, and whether the end of the haystack may stand there.
    after: Option<(usize, bool)>,
    /// How many characters stand at fixed places.
    len: usize,
    /// Whether that is all of a match.
    is_whole: bool,
    /// Whether a start may lie in another match.
    overlaps: bool,
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
        let (mut places, mut run, mut asks_ascii) = (Vec::new(), None, false);
        for part in &one.parts {
            if run.is_some() || places.len() > LONGEST {
                return None;
            }
            match *part {
                Segment::Literal { len, value, mask } => {
                    let of = |at: usize| {
                        let byte = |word: u64| word.to_le_bytes()[at];
                        (0..=u8::MAX)
                            .filter(|some| some & byte(mask) == byte(value))
                            .fold(Bytes::NONE, |all, some| all.or(&Bytes::range(some, some)))
                    };
                    places.extend((0..len).map(of));
                }
                Segment::Run {
                    class,
                    min,
                    max,
                    has_more,
                } => {
                    let class = segments.classes[class];
                    places.extend((0..min.min(1 + LONGEST)).map(|_| class));
                    run = (min < max).then_some((class, has_more));
                    asks_ascii |= has_more;
                }
            }
        }
        if !(1..=LONGEST).contains(&places.len())
            || (run.is_some() && one.after != Beside::Anything)
        {
            return None;
        }
        let first_has_more = matches!(one.parts.first(), Some(Segment::Run { has_more: true, .. }));
        let overlaps = (1..places.len()).any(|by| {
            let mut both = places[by..].iter().zip(&places);
            both.all(|(a, b)| a.and(b).len() > 0)
        }) || run.is_some_and(|(class, has_more)| {
            places[0].and(&class).len() > 0 || (has_more && first_has_more)
        });
        let mut exact = Self {
            terms: Vec::new(),
            steps: Vec::new(),
            after: None,
            len: places.len(),
            is_whole: run.is_none(),
            overlaps,
            asks_ascii,
        };
        let mut classes: Vec<Bytes> = Vec::new();
        for (from, class) in places.iter().enumerate() {
            let row = classes.iter().position(|known| known == class);
            let row = row.unwrap_or_else(|| {
                classes.push(*class);
                classes.len() - 1
            });
            match exact.steps.last_mut() {
                Some(step) if step.row == row => step.count += 1,
                _ => exact.steps.push(Step {
                    row,
                    from,
                    count: 1,
                }),
            }
        }
        for class in &classes {
            let (term, is_exact) = Term::new(0, class);
            exact.terms.push(is_exact.then_some(term)?);
        }
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
        self.is_whole.then_some(self.len)
    }

    /// Whether there are as many matches as bits.
    pub(super) fn is_count(&self) -> bool {
        !self.overlaps
    }

    /// The cost of a KiB, as in `plan`, without that of the matches.
    pub(super) fn cost(&self) -> usize {
        let terms = self.terms.iter().map(Term::cost).sum::<usize>();
        terms + 6 * self.steps.len() + 40
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
        let row = &mut row[..words];
        row.fill(u64::MAX);
        let mut several = [0; WORDS];
        for step in &self.steps {
            let class = &scratch[step.row][..=words];
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
        if let Some((after, _)) = self.after {
            meet(row, &scratch[after][..=words], self.len);
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
        // The number of rows, the length, and whether there are as many matches as starts.
        for (source, rows, len, is_count) in [
            (r"\d{4}-\d\d-\d\d", 2, Some(10), true),
            (r"\d{4}-\d\d-\d\d$", 3, Some(10), true),
            (r"x.{3}y", 3, Some(5), true),
            (r"x.{3}x", 2, Some(5), false),
            (r"[a-z]{5}", 1, Some(5), false),
            (r"[aeiou]", 1, Some(1), true),
            (r"id=\d+", 4, None, true),
            (r"id=\w+", 4, None, false),
            (r"id \w\b", 5, Some(4), true),
            ("id[^\\n]*", 2, None, false),
        ] {
            let exact = exact(source).unwrap_or_else(|| panic!("{source}"));
            let found = (exact.rows(), exact.whole(), exact.is_count());
            assert_eq!(found, (rows, len, is_count), "{source}");
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
            let alphabet = if source.contains("47") {
                "x0123"
            } else {
                "x0-y\n"
            };
            let mut found = 0;
            for len in (0..300).chain([4030, 4096, 4200, 9000]) {
                let haystack: Vec<u8> = (0..len)
                    .map(|at| match at % 16 {
                        // Long runs of digits, so that also the long ones are found.
                        1.. if source.contains("47") && at % 400 < 200 => b'7',
                        _ => alphabet.as_bytes()[random.below(alphabet.len())],
                    })
                    .collect();
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
