//! Counts the matches of a stretch at once, for patterns that have a run between parts at fixed places.
//!
//! In `"id":\d+,` a run begins behind what stands at fixed places, and ends where its class does. Markers say where the
//! runs begin. An addition carries each of them through its run, all at once:
//!
//! ```text
//! haystack             "id":123, "id":45,
//! class                .....111.......11.
//! markers              .....1.........1..
//! (m AND c) + c        ........1........1   the first place has the lowest bit
//! AND NOT class        ........1........1   where runs end
//! AND `,` stands here  ........1........1   the matches
//! ```
//!
//! There are as many matches only if no start lies in another match. What is behind the run may be such a start, as in
//! `"[^"]*"`: where it is, the places are looked at one by one.

use super::exact::{LONGEST, OTHERS, Places, add_part, exact_terms, overlap, row_of};
use super::rows::{self, Row, Term, WORD, WORDS};
use super::segments::{Beside, Segments};
use crate::pattern::filter::front::Bytes;
#[cfg(target_arch = "x86_64")]
use crate::pattern::filter::simd::Avx2;

/// The most rows of classes.
const CLASSES: usize = 8;

/// A pattern of parts at fixed places, a run, and other parts at fixed places.
#[derive(Clone, Debug)]
pub(super) struct Chain {
    /// One for each row.
    terms: Vec<Term>,
    before: Places,
    /// The row of the run's class.
    run: usize,
    after: Places,
    /// How far behind a start another one may stand in the same match.
    others: Vec<usize>,
    /// The row of what stands before the start of a line, if a match must begin there.
    line: Option<usize>,
    /// Whether a start may lie in another match.
    pub(super) may_tangle: bool,
    /// Whether the rows are right for ASCII only.
    pub(super) asks_ascii: bool,
}

/// What was counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Counted {
    pub(super) count: usize,
    /// The first start whose run goes on where the words, or the places that were asked for, end.
    pub(super) open: Option<usize>,
}

impl Chain {
    /// `None` if the pattern is not of this kind.
    pub(super) fn new(segments: &Segments) -> Option<Self> {
        let [one] = segments.alternatives.as_slice() else {
            return None;
        };
        let at_line = match one.before {
            Beside::Anything => false,
            Beside::Terminator => true,
            Beside::Word(_) => return None,
        };
        if one.after != Beside::Anything || segments.lead.is_some() || segments.absorbed.is_some() {
            return None;
        }
        let (mut before, mut after, mut run) = (Vec::new(), Vec::new(), None);
        for part in &one.parts {
            let places = if run.is_none() {
                &mut before
            } else {
                &mut after
            };
            if let Some(class) = add_part(part, segments, places) {
                if run.is_some() || !part.is_endless() {
                    return None;
                }
                run = Some(class);
            }
        }
        let run = run?;
        let is_long = |places: &[Bytes]| places.len() > LONGEST;
        // What has nothing behind the run needs no markers, and what has nothing before it begins everywhere.
        if is_long(&before)
            || is_long(&after)
            || after.is_empty()
            || (before.is_empty() && !at_line)
        {
            return None;
        }
        // Which bytes a start has, or has before it.
        let newline = Bytes::range(b'\n', b'\n').or(&Bytes::range(b'\r', b'\r'));
        let first = before.first().copied().filter(|_| !at_line);
        let may_start = |class: &Bytes| first.unwrap_or(newline).and(class).len() > 0;
        // A start in the run of another match has the same end, if all that follows it is of the run's class.
        let is_of_run = before.iter().all(|class| class.and(&run) == *class);
        let others: Vec<usize> = if is_of_run || at_line {
            Vec::new()
        } else {
            let others = (1..before.len()).filter(|&by| overlap(&before[by..], &before));
            others.collect()
        };
        let has_line = at_line && before.iter().any(may_start);
        if others.len() > OTHERS || (!is_of_run && (has_line || may_start(&run))) {
            return None;
        }
        if after[usize::from(!at_line)..].iter().any(may_start) {
            return None;
        }
        let ends_in_start = !at_line && after.first().is_some_and(may_start);
        let may_tangle = ends_in_start || !others.is_empty();
        let mut classes = Vec::new();
        let before = Places::new(&before, &mut classes);
        let after = Places::new(&after, &mut classes);
        let run = row_of(&run, &mut classes);
        let mut terms = exact_terms(&classes).filter(|terms| terms.len() <= CLASSES)?;
        let line = at_line.then(|| {
            terms.push(Term::new(-1, &newline).0);
            terms.len() - 1
        });
        for term in &mut terms {
            rows::end_row(std::slice::from_mut(term));
        }
        Some(Self {
            terms,
            before,
            run,
            after,
            others,
            line,
            may_tangle,
            asks_ascii: segments.has_more() || (segments.is_utf8 && at_line),
        })
    }

    /// How many rows it needs.
    pub(super) fn rows(&self) -> usize {
        2 + self.terms.len()
    }

    /// Counts the matches that start in `[from, end)` and whose run ends there, of about so many words from `from` on; and how
    /// many words it were.
    /// `None` if one may start in another one.
    pub(super) fn count(
        &self,
        haystack: &[u8],
        from: usize,
        end: usize,
        words: usize,
        rows: &mut [Row],
    ) -> Option<(Counted, usize)> {
        // The last word has no next one.
        let filled = (words + 1).min(WORDS);
        let ([starts, ends], classes) = rows.split_first_chunk_mut()?;
        rows::fill(&self.terms, haystack, from, filled, classes);
        if let Some(line) = self.line.filter(|_| from == 0) {
            classes[line][0] |= 1;
        }
        let words = filled - 1;
        self.before.combine(words, starts, classes);
        self.after.combine(words, ends, classes);
        if let Some(line) = self.line {
            for (word, line) in starts[..words].iter_mut().zip(&classes[line]) {
                *word &= line;
            }
        }
        if end - from < words * WORD {
            let (last, bit) = ((end - from) / WORD, (end - from) % WORD);
            let kept = (1 << bit) - 1;
            starts[last] &= kept;
            starts[last + 1..words].fill(0);
            // A run that reaches the end goes on: what comes next may not begin inside of its match.
            let run = &mut classes[self.run];
            run[last] |= !kept;
            run[last + 1..words].fill(u64::MAX);
        }
        let count = self.number(
            &starts[..words],
            &ends[..words],
            &classes[self.run][..words],
        )?;
        // Where the last run begins that goes on.
        let mut last = words * WORD;
        for bits in classes[self.run][..words].iter().rev() {
            last -= bits.leading_ones() as usize;
            if *bits != u64::MAX {
                break;
            }
        }
        let last = last.saturating_sub(self.before.len);
        let open = (last / WORD..words).find_map(|word| {
            let behind = if word == last / WORD {
                u64::MAX << (last % WORD)
            } else {
                u64::MAX
            };
            let bits = starts[word] & behind;
            (bits != 0).then(|| from + word * WORD + bits.trailing_zeros() as usize)
        });
        Some((Counted { count, open }, words))
    }

    /// How many runs of a class that begin behind the starts end where they may; `None` if a start may lie in another match.
    fn number(&self, starts: &[u64], ends: &[u64], class: &[u64]) -> Option<usize> {
        // Wider vectors are of no use: the words wait for one another.
        #[cfg(target_arch = "x86_64")]
        if Avx2::detect().is_some() {
            // SAFETY: this processor has it.
            return unsafe { number_with_avx2(self, starts, ends, class) };
        }
        self.numbered(starts, ends, class)
    }

    #[expect(
        clippy::inline_always,
        reason = "it has to be compiled with the caller's features"
    )]
    #[inline(always)]
    fn numbered(&self, starts: &[u64], ends: &[u64], class: &[u64]) -> Option<usize> {
        let by = self.before.len;
        let (mut count, mut carry, mut before, mut tangle) = (0, false, 0, 0);
        for ((&start, &end), &class) in starts.iter().zip(ends).zip(class) {
            let markers = if by > 0 {
                start << by | before >> (WORD - by)
            } else {
                start
            };
            for by in &self.others {
                tangle |= start & (start << by | before >> (WORD - by));
            }
            before = start;
            let (sum, over) = (markers & class).overflowing_add(class);
            let (sum, again) = sum.overflowing_add(u64::from(carry));
            carry = over | again;
            let matches = (sum | markers) & !class & end;
            tangle |= matches & start;
            count += matches.count_ones() as usize;
        }
        (tangle == 0).then_some(count)
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,popcnt")]
fn number_with_avx2(chain: &Chain, starts: &[u64], ends: &[u64], class: &[u64]) -> Option<usize> {
    chain.numbered(starts, ends, class)
}

#[cfg(test)]
mod tests {
    use crate::pattern::bits::Segments;
    use crate::pattern::syntax::{Flags, parse_only};
    use crate::pattern::testing::{Random, all_by, count_by};
    use crate::pattern::{Encoding, Needle, Options, Pattern};

    fn is_chain(source: &str) -> bool {
        let units: Vec<u16> = source.encode_utf16().collect();
        let parsed = parse_only(&units, Flags::new("m")).unwrap();
        Segments::new(&parsed.node, Encoding::Utf8).is_some_and(|segments| segments.chain.is_some())
    }

    #[test]
    fn a_run_between_parts_at_fixed_places_is_a_chain() {
        for source in [
            r"^\d+,",
            r"^\d*,",
            r#""user":"[^"]*""#,
            r#""[^"]*""#,
            r"x\d{2,}-y",
            "^[^\r\n,]{3,}, ",
            "^[^,]*,",
            "<[^>]+>",
            "<b[^>]*>",
            r"a\w+-",
        ] {
            assert!(is_chain(source), "{source}");
        }
        for source in [
            r"\d+,",
            r"id=\d+",
            r"\d\d-",
            r"ab\d*ca",
            r"^\w+\s",
            "<>[^>]*>",
            r"x\d{1,9}y",
            r"x\d+,\d+y",
            r"x\d+y$",
        ] {
            assert!(!is_chain(source), "{source}");
        }
    }

    #[test]
    fn as_many_are_counted_as_found() {
        let mut random = Random(0xC4A1);
        for (source, words) in [
            (
                r"^\d+,",
                &["12,", "345", "\n", "\r\n", "x", "\u{2028}9,"][..],
            ),
            (
                r#""user":"[^"]*""#,
                &["\"user\":\"", "\"", "user", "\":\"", "é", "\n"][..],
            ),
            (r#""[^"]*""#, &["\"", "a", "\n", "é"][..]),
            (r"x\d{2,}-y", &["x", "12", "-y", "7", "x777-y"][..]),
            ("<[^>]+>", &["<", ">", "abc", "<b>"][..]),
            ("^[^,]*,", &[",", "a", "\n", "b,\n", "\u{2028}c,"][..]),
        ] {
            let units: Vec<u16> = source.encode_utf16().collect();
            let needle = Needle::RegExp {
                source: &units,
                flags: Flags::new("m"),
            };
            let pattern = Pattern::new(&[needle], &Options::default(), &mut |_| None).unwrap();
            let mut matches = 0;
            for turn in 0..60 {
                let mut text = String::new();
                let most = [40, 400, 9000][turn % 3];
                while text.len() < most {
                    // Mostly one kind of text, so that some stretches have nothing beyond ASCII.
                    let among = if random.below(100) == 0 {
                        words.len()
                    } else {
                        words.len() - 1
                    };
                    text.push_str(words[random.below(among)]);
                    if random.below(300) == 0 {
                        // A run that is longer than a stretch.
                        text.push_str(&"7".repeat(random.below(9000)));
                    }
                }
                let wanted = all_by(&pattern, "plain", text.as_bytes(), usize::MAX).unwrap();
                for budget in [64, 1000, usize::MAX] {
                    let count = count_by(&pattern, "bits", text.as_bytes(), budget);
                    assert_eq!(count, Some(wanted.len()), "{source} {budget} {text:?}");
                }
                matches += wanted.len();
            }
            assert!(matches > 100, "{source} {matches}");
        }
    }

    #[test]
    fn a_match_over_the_end_of_a_stretch_is_counted_once() {
        let mut random = Random(0x0E4D);
        for (source, words) in [
            (r#""[^.]*\."#, &["\"", ".", "ab"][..]),
            (r#""[^"]*""#, &["\"", "ab", "\n"][..]),
            ("<[^>]+>", &["<", ">", "abc"][..]),
            (r"=[^;\n]*;x?", &["=", ";", ";x", "\n"][..]),
            ("^[^,]*,", &[",", "a", "\n"][..]),
            (r"ab\w*-c", &["ab", "abab", "-c", "-"][..]),
        ] {
            let units: Vec<u16> = source.encode_utf16().collect();
            let needle = Needle::RegExp {
                source: &units,
                flags: Flags::new("m"),
            };
            let pattern = Pattern::new(&[needle], &Options::default(), &mut |_| None).unwrap();
            for turn in 0..4 {
                let mut text = String::new();
                while text.len() < 300_000 {
                    text.push_str(words[random.below(words.len())]);
                    text.push_str(&" ".repeat(random.below([1, 3, 40, 400][turn])));
                }
                let wanted = all_by(&pattern, "plain", text.as_bytes(), usize::MAX).unwrap();
                for budget in [5000, usize::MAX] {
                    // The way is chosen again after some hundred KiB, which ends a stretch.
                    let mut search = pattern.scan(0, text.len());
                    let mut count = 0;
                    while !search.count(text.as_bytes(), budget, &mut count) {}
                    assert_eq!(count, wanted.len(), "{source} {budget} {turn}");
                }
            }
        }
    }
}
