//! Where matches start, of patterns with runs of a limited length, and of several alternatives: by rows of bits, from
//! the end of a match to its start.
//!
//! ```text
//! haystack      at 10.2.33 to
//! \d            ...11.1.11...
//! .\d           .....1.1.....   a dot, and a digit one place further on
//! \d{1,2}.\d    ...11.1......   a digit, and that one place further on; or two digits, and that two places further on
//! ```
//!
//! Each step takes the bits of what follows, some places further on. So a word needs bits of the next one, but of no
//! other, and all words of a row are combined at once.

use super::exact::{LONGEST, add_part, row_of};
use super::rows::{Row, WORD, WORDS};
use super::segments::{Alternative, Segment, Segments};
use crate::pattern::filter::front::Bytes;
#[cfg(target_arch = "x86_64")]
use crate::pattern::filter::simd::{Avx2, Avx512};

/// Characters of a class one after the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Step {
    row: usize,
    min: usize,
    /// How many more of them there may be.
    more: usize,
}

/// What an alternative may have at each place, as far as its length has a limit.
#[derive(Clone, Debug)]
pub(super) struct Extent {
    pub(super) places: Vec<Bytes>,
    /// How many places every match has.
    pub(super) least: usize,
    /// The class of a last run without a limit, which follows them.
    pub(super) run: Option<Bytes>,
}

impl Extent {
    /// `None` if it has an endless run that is not its last part, or is too long.
    pub(super) fn new(alternative: &Alternative, segments: &Segments) -> Option<Self> {
        let mut extent = Self {
            places: Vec::new(),
            least: 0,
            run: None,
        };
        for part in &alternative.parts {
            if extent.run.is_some() {
                return None;
            }
            let mut one = Vec::new();
            let more = add_part(part, segments, &mut one);
            let fixed = one.len();
            match (part, more) {
                (Segment::Run { min, max, .. }, Some(class))
                    if extent.places.len().saturating_add(*max) <= LONGEST =>
                {
                    one.extend((*min..*max).map(|_| class));
                }
                (_, run) => extent.run = run,
            }
            let (from, to) = (extent.least, extent.places.len());
            if to + one.len() > LONGEST {
                return None;
            }
            extent.places.resize(to + one.len(), Bytes::NONE);
            for start in from..=to {
                for (place, class) in extent.places[start..].iter_mut().zip(&one) {
                    *place = place.or(class);
                }
            }
            extent.least += fixed;
        }
        // The run begins behind the shortest way to it, or behind any longer one.
        if let Some(run) = &extent.run {
            for place in &mut extent.places[extent.least..] {
                *place = place.or(run);
            }
        }
        (extent.least > 0).then_some(extent)
    }

    /// Whether a start may lie so far behind that of a match, in the match.
    pub(super) fn may_have(&self, other: &Self, by: usize) -> bool {
        let behind = self.places.get(by..).unwrap_or_default();
        let sure = other.least.min(self.least.saturating_sub(by)).max(1);
        let mut pairs = behind.iter().zip(&other.places).take(sure);
        by < self.places.len() && pairs.all(|(a, b)| a.and(b).len() > 0)
    }

    /// Whether a start may lie in the last run.
    pub(super) fn may_have_in_run(&self, other: &Self) -> bool {
        let mut runs = self.run.iter().zip(other.places.first());
        runs.any(|(run, first)| run.and(first).len() > 0)
    }
}

/// The steps of each alternative.
#[derive(Clone, Debug)]
pub(super) struct Steps(Vec<Vec<Step>>);

impl Steps {
    /// For alternatives that have an extent. Each class has a row, which is that of its place among all `classes`.
    pub(super) fn new(segments: &Segments, classes: &mut Vec<Bytes>) -> Self {
        let all = segments.alternatives.iter().map(|alternative| {
            let mut steps: Vec<Step> = Vec::new();
            for part in &alternative.parts {
                let mut fixed = Vec::new();
                let more = add_part(part, segments, &mut fixed);
                for class in fixed {
                    let row = row_of(&class, classes);
                    match steps.last_mut() {
                        Some(step) if step.row == row && step.more == 0 => step.min += 1,
                        _ => steps.push(Step {
                            row,
                            min: 1,
                            more: 0,
                        }),
                    }
                }
                if let (Segment::Run { min, max, .. }, Some(class)) = (part, more) {
                    let row = row_of(&class, classes);
                    let more = max - min;
                    match steps.last_mut() {
                        Some(step) if *min > 0 && step.row == row => step.more = more,
                        _ => steps.push(Step { row, min: 0, more }),
                    }
                }
            }
            // Where a match starts does not depend on how many more there are at its end.
            while let Some(last) = steps.last_mut().filter(|last| last.more > 0) {
                last.more = 0;
                if last.min == 0 {
                    steps.pop();
                }
            }
            steps
        });
        Self(all.collect())
    }

    /// How many times the bits of a row are taken.
    pub(super) fn cost(&self) -> usize {
        let of = |step: &Step| 1 + step.min.checked_ilog2().unwrap_or(0) as usize + step.more;
        self.0.iter().flatten().map(of).sum()
    }

    /// The bits of so many words where a match starts, given the row of what stands behind each, if that matters. The rows
    /// of the classes have one word more.
    pub(super) fn combine(
        &self,
        words: usize,
        row: &mut Row,
        classes: &[Row],
        after: Option<&Row>,
    ) {
        #[cfg(target_arch = "x86_64")]
        {
            if Avx512::detect().is_some() {
                // SAFETY: this processor has it.
                return unsafe { with_avx512(self, words, row, classes, after) };
            }
            if Avx2::detect().is_some() {
                // SAFETY: this processor has it.
                return unsafe { with_avx2(self, words, row, classes, after) };
            }
        }
        self.combined(words, row, classes, after);
    }

    #[expect(
        clippy::inline_always,
        reason = "it has to be compiled with the caller's features"
    )]
    #[inline(always)]
    fn combined(&self, words: usize, row: &mut Row, classes: &[Row], after: Option<&Row>) {
        row[..words].fill(0);
        // One word more, of which the first bits are right, and one behind that.
        let (mut first, mut second, mut third) = ([0; WORDS + 1], [0; WORDS + 1], [0; WORDS + 1]);
        let (mut all, mut next) = (&mut first[..words + 2], &mut second[..words + 2]);
        let several = &mut third[..words + 2];
        for steps in &self.0 {
            all.fill(u64::MAX);
            if let Some(after) = after {
                all[..=words].copy_from_slice(&after[..=words]);
            }
            for step in steps.iter().rev() {
                let class = &classes[step.row][..=words];
                for _ in 0..step.more {
                    for ((next, pair), class) in next.iter_mut().zip(all.windows(2)).zip(class) {
                        *next = pair[0] | class & (pair[0] >> 1 | pair[1] << (WORD - 1));
                    }
                    std::mem::swap(&mut all, &mut next);
                }
                if step.min == 0 {
                    continue;
                }
                several[..=words].copy_from_slice(class);
                let mut known = 1;
                while known < step.min {
                    let more = known.min(step.min - known);
                    for (next, pair) in next.iter_mut().zip(several.windows(2)) {
                        *next = pair[0] & further(pair, more);
                    }
                    several[..=words].copy_from_slice(&next[..=words]);
                    known += more;
                }
                for ((next, pair), class) in next.iter_mut().zip(all.windows(2)).zip(&*several) {
                    *next = class & further(pair, step.min);
                }
                std::mem::swap(&mut all, &mut next);
            }
            for (word, all) in row[..words].iter_mut().zip(&*all) {
                *word |= all;
            }
        }
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bw")]
fn with_avx512(steps: &Steps, words: usize, row: &mut Row, classes: &[Row], after: Option<&Row>) {
    steps.combined(words, row, classes, after);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn with_avx2(steps: &Steps, words: usize, row: &mut Row, classes: &[Row], after: Option<&Row>) {
    steps.combined(words, row, classes, after);
}

/// A run, and how many places are before it since the run before.
#[derive(Clone, Copy, Debug)]
struct Run {
    fixed: usize,
    row: usize,
    most: usize,
}

/// Where the matches of a pattern without alternatives end, by the rows of its classes.
#[derive(Clone, Debug)]
pub(super) struct Ends {
    runs: Vec<Run>,
    /// How many places are behind the last run.
    fixed: usize,
}

impl Ends {
    /// `None` if there is no row for the class of a run.
    pub(super) fn new(segments: &Segments, classes: &[Bytes]) -> Option<Self> {
        let [one] = segments.alternatives.as_slice() else {
            return None;
        };
        let (mut runs, mut places) = (Vec::new(), Vec::new());
        for part in &one.parts {
            let more = add_part(part, segments, &mut places);
            if let (Segment::Run { min, max, .. }, Some(class)) = (part, more) {
                runs.push(Run {
                    fixed: places.len(),
                    row: classes.iter().position(|known| *known == class)?,
                    most: max - min,
                });
                places.clear();
            }
        }
        Some(Self {
            runs,
            fixed: places.len(),
        })
    }

    /// Where the match ends that starts at a bit of the rows, of so many words; `None` if a run goes on behind them.
    #[inline]
    pub(super) fn of(&self, start: usize, words: usize, rows: &[Row]) -> Option<usize> {
        let mut at = start;
        for run in &self.runs {
            at += run.fixed;
            let (row, end) = (rows.get(run.row)?, at.saturating_add(run.most));
            loop {
                if at >= words * WORD {
                    return None;
                }
                let room = WORD - at % WORD;
                let len = (!(row.get(at / WORD)? >> (at % WORD))).trailing_zeros() as usize;
                if len < room || at + len >= end {
                    at = end.min(at + len);
                    break;
                }
                at += room;
            }
        }
        Some(at + self.fixed)
    }
}

/// The bits of a word, so many places further on, given that word and the next one.
#[expect(
    clippy::inline_always,
    reason = "it has to be compiled with the caller's features"
)]
#[inline(always)]
fn further(pair: &[u64], by: usize) -> u64 {
    pair[0] >> by | pair[1] << (WORD - by)
}

#[cfg(test)]
mod tests {
    use crate::pattern::testing::{Random, all_by, count_by};
    use crate::pattern::{Flags, Needle, Options, Pattern};

    #[test]
    fn as_many_are_counted_as_found() {
        let mut random = Random(0x57E9);
        for (source, words) in [
            (
                r"(?:\d{1,3}\.){3}\d{1,3}",
                &[
                    "10.0.0.1",
                    "1.2.3.4.5.6.7.8.9",
                    "1234.1.1.1",
                    ".",
                    "12",
                    " at ",
                    "é",
                ][..],
            ),
            (
                r"\d{1,2}:\d{2}(?::\d{2})?",
                &["12:30", "1:23:45", ":", "77", " ", "12:34:56:78:90"][..],
            ),
            (
                r"[A-Z]{2,5}-\d+",
                &["AB-12", "ABCDEFG-1", "A-", "Z", "-7", "777"][..],
            ),
            (
                r"user[= ]\w+",
                &["user ", "user=", "user", "x", "=", "user user", "é"][..],
            ),
            (r"us \w+", &["us ", "us us us ", "u", "s", "xus xus"][..]),
            (r"[a-c]{2,3}x?", &["ab", "abcabc", "x", " ", "cx", "é"][..]),
            (
                "foo|barfoo|ofo|b",
                &["foo", "bar", "o", "f", "b", "barfoofoo"][..],
            ),
            (
                "session|timeout|denied",
                &["session", "timeoutimeout", "deniedenied", " "][..],
            ),
            ("aa|bab|abba", &["a", "b", "ab", "aa", "bb", "c"][..]),
            ("[a-c]{5}", &["abcab", "c", "abcabcabca", " ", "b"][..]),
        ] {
            let units: Vec<u16> = source.encode_utf16().collect();
            let needle = Needle::RegExp {
                source: &units,
                flags: Flags::new(""),
            };
            let pattern = Pattern::new(&[needle], &Options::default(), &mut |_| None).unwrap();
            let mut matches = 0;
            for turn in 0..60 {
                let mut text = String::new();
                let most = [40, 400, 30_000][turn % 3];
                // Some texts are nearly empty, and some change from one kind to the other.
                let filler = [0, 0, 40, 400][random.below(4)];
                let until = if random.below(2) == 0 { most } else { most / 2 };
                while text.len() < most {
                    text.push_str(words[random.below(words.len())]);
                    if text.len() < until {
                        text.push_str(&"~ ".repeat(random.below(1 + filler)));
                    }
                    if random.below(2000) == 0 {
                        // A run that is longer than a stretch.
                        let end = words[0].chars().next_back().unwrap();
                        text.push_str(&end.to_string().repeat(random.below(9000)));
                    }
                }
                let wanted = all_by(&pattern, "plain", text.as_bytes(), usize::MAX).unwrap();
                for budget in [64, 1000, usize::MAX] {
                    let count = count_by(&pattern, "bits", text.as_bytes(), budget);
                    assert_eq!(count, Some(wanted.len()), "{source} {budget} {text:?}");
                    let found = all_by(&pattern, "many bits", text.as_bytes(), budget);
                    assert!(
                        found.as_ref() == Some(&wanted),
                        "{source} {budget} {text:?}"
                    );
                }
                matches += wanted.len();
            }
            assert!(matches > 100, "{source} {matches}");
        }
    }
}
