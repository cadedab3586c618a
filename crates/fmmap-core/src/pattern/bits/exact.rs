//! All matches of a stretch at once, for patterns whose parts stand at fixed places. Where these have a limited length, or
//! there are alternatives, [`steps`](super::steps) and [`table`](super::table) find the starts, and the rest is the same.
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
use super::segments::{Alternative, Beside, Segment, Segments};
use super::steps::{Ends, Extent, Steps};
use super::table::Table;
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
    pub(super) fn combine(&self, words: usize, row: &mut Row, classes: &[Row]) {
        #[cfg(target_arch = "x86_64")]
        {
            if Avx512::detect().is_some() {
                // SAFETY: this processor has it.
                return unsafe { places_with_avx512(self, words, row, classes) };
            }
            if Avx2::detect().is_some() {
                // SAFETY: this processor has it.
                return unsafe { places_with_avx2(self, words, row, classes) };
            }
        }
        self.combined(words, row, classes);
    }

    #[expect(
        clippy::inline_always,
        reason = "it has to be compiled with the caller's features"
    )]
    #[inline(always)]
    fn combined(&self, words: usize, row: &mut Row, classes: &[Row]) {
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

/// How the starts of matches are found.
#[derive(Clone, Debug)]
enum Starts {
    /// All parts stand at fixed places.
    Places(Places),
    Steps(Steps),
    Table(Table),
}

/// Whether another start may lie in the last run of a match.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum InRun {
    Never,
    /// Behind a byte of the class that has this row.
    Behind(usize),
    Maybe,
}

/// What has to be known of the starts of a stretch to count the matches.
#[derive(Clone, Debug)]
struct Others {
    /// Whether one start may stand directly behind another, in the same match. Of starts side by side, no more than the
    /// shortest match is long, only the first one is a match.
    is_next: bool,
    /// How far behind a start another one may stand in the same match, at least two places.
    distances: Vec<usize>,
    in_run: InRun,
}

/// A pattern whose parts stand at fixed places or have a limited length, up to a last part of any length.
#[derive(Clone, Debug)]
pub(super) struct Exact {
    /// One for each row.
    terms: Vec<Term>,
    starts: Starts,
    /// The row of what stands behind a match, and whether the end of the haystack may stand there.
    after: Option<(usize, bool)>,
    /// The length of every match, if they all have one.
    whole: Option<usize>,
    /// The length of the shortest match.
    least: usize,
    /// Where matches end that have no length of their own.
    ends: Option<Ends>,
    others: Others,
    /// Whether the rows are right for ASCII only.
    pub(super) asks_ascii: bool,
}

impl Exact {
    /// `None` if the pattern is not of this kind.
    pub(super) fn new(segments: &Segments) -> Option<Self> {
        let all = &segments.alternatives;
        if segments.lead.is_some()
            || segments.absorbed.is_some()
            || all.iter().any(|one| one.before != Beside::Anything)
        {
            return None;
        }
        let extents: Vec<Extent> = all
            .iter()
            .map(|one| Extent::new(one, segments))
            .collect::<Option<_>>()?;
        let after = match all.as_slice() {
            [one] => one.after,
            all if all.iter().all(|one| one.after == Beside::Anything) => Beside::Anything,
            _ => return None,
        };
        let is_ended = |one: &Alternative| {
            let last = one.parts.last();
            last.is_none_or(|last| add_part(last, segments, &mut Vec::new()).is_none())
        };
        if after != Beside::Anything && !all.iter().all(is_ended) {
            return None;
        }
        let lengths = extents.iter().map(|one| {
            let is_fixed = one.run.is_none() && one.least == one.places.len();
            is_fixed.then_some(one.least)
        });
        let lengths: Option<Vec<usize>> = lengths.collect();
        let least = extents.iter().map(|one| one.least).min()?;
        let whole = lengths.filter(|all| all.iter().all(|len| *len == least));
        let (asks_ascii, mut classes) = (segments.has_more(), Vec::new());
        let starts = match extents.as_slice() {
            [one] if one.least == one.places.len() => {
                Starts::Places(Places::new(&one.places, &mut classes))
            }
            _ => Starts::Steps(Steps::new(segments, &mut classes)),
        };
        let others = Others::new(&extents, asks_ascii, &classes);
        let ends = Ends::new(segments, &classes).filter(|_| whole.is_none());
        let mut exact = Self {
            terms: Vec::new(),
            starts,
            after: None,
            whole: whole.map(|_| least),
            least,
            ends,
            others,
            asks_ascii,
        };
        let behind = match after {
            Beside::Anything => None,
            Beside::Terminator => {
                exact.asks_ascii |= segments.is_utf8;
                let class = Bytes::range(b'\n', b'\n').or(&Bytes::range(b'\r', b'\r'));
                Some((Term::new(0, &class).0, true))
            }
            Beside::Word(true) => Some((Term::new(0, &words()).0, false)),
            Beside::Word(false) => Some((Term::new(0, &words()).0.inverted(), true)),
        };
        if extents.len() > 1
            && !asks_ascii
            && let Some(table) = Table::new(&extents)
        {
            exact.starts = Starts::Table(table);
            return Some(exact);
        }
        if classes.len() + usize::from(behind.is_some()) > ROWS {
            return None;
        }
        exact.terms = exact_terms(&classes)?;
        if let Some((term, or_end)) = behind {
            exact.after = Some((exact.terms.len(), or_end));
            exact.terms.push(term);
        }
        for term in &mut exact.terms {
            rows::end_row(std::slice::from_mut(term));
        }
        Some(exact)
    }

    /// How many rows it needs.
    pub(super) fn rows(&self) -> usize {
        self.terms.len()
    }

    /// The length of every match, if they all have one.
    pub(super) fn whole(&self) -> Option<usize> {
        self.whole
    }

    /// Whether [`end`](Self::end) needs no rows but its own.
    pub(super) fn has_ends(&self) -> bool {
        self.whole.is_some() || self.ends.is_some() || matches!(self.starts, Starts::Table(_))
    }

    /// Where the match of no fixed length ends that starts at a bit of the row that begins at `base`, if that is known without looking at one
    /// part after the other. `scratch` has the other rows, for so many words.
    #[inline]
    pub(super) fn end(
        &self,
        haystack: &[u8],
        (base, at): (usize, usize),
        words: usize,
        scratch: &[Row],
    ) -> Option<usize> {
        if let Starts::Table(table) = &self.starts {
            return table.end(haystack, base + at);
        }
        // One word more was filled.
        let end = self.ends.as_ref()?.of(at, words + 1, scratch)?;
        Some(base + end)
    }

    /// Whether matches are counted by their starts, though they have no length.
    pub(super) fn is_number(&self) -> bool {
        self.whole.is_none() && self.others.in_run != InRun::Maybe
    }

    /// Counts the starts in `[from, end)` of a row that begins at `base`. Returns their number, and where the next one may
    /// stand; `None` if some of them may lie in other matches. `scratch` has the other rows.
    pub(super) fn count(
        &self,
        row: &Row,
        scratch: &[Row],
        (base, from, end): (usize, usize, usize),
        end_of: impl FnOnce(usize) -> Option<usize>,
    ) -> Option<(usize, usize)> {
        let Others {
            is_next, in_run, ..
        } = self.others;
        let class = match in_run {
            InRun::Behind(row) => Some(scratch.get(row)?),
            InRun::Never => None,
            InRun::Maybe => return None,
        };
        let (first, last) = (from - base, end - 1 - base);
        let mut bits = *row;
        bits[first / WORD] &= u64::MAX << (first % WORD);
        bits[last / WORD] &= u64::MAX >> (WORD - 1 - last % WORD);
        let words = first / WORD..last / WORD + 1;
        let class = class.map(|class| &class[words.clone()]);
        let bits = bits.get(words)?;
        let Some(word) = bits.iter().rposition(|bits| *bits != 0) else {
            return Some((0, end));
        };
        // The match before ended there, whatever stands before.
        let count = self.number(bits, class, 1 << (first % WORD))?;
        let has = |at: usize| bits[at / WORD] >> (at % WORD) & 1 == 1;
        let mut start = word * WORD + bits[word].ilog2() as usize;
        while is_next && start > 0 && has(start - 1) {
            start -= 1;
        }
        let start = base + first / WORD * WORD + start;
        let is_apart = in_run == InRun::Never && !is_next && self.others.distances.is_empty();
        let next = match self.whole {
            Some(len) => start + len,
            None if is_apart => end,
            None => end_of(start)?,
        };
        Some((count, next.max(end)))
    }

    /// The number of matches that start at these bits, unless some of them may lie in other matches. `free` is a bit of the
    /// first word that may not.
    fn number(&self, bits: &[u64], class: Option<&[u64]>, free: u64) -> Option<usize> {
        #[cfg(target_arch = "x86_64")]
        {
            if Avx512::detect().is_some() {
                // SAFETY: this processor has it.
                return unsafe { number_with_avx512(self, bits, class, free) };
            }
            if Avx2::detect().is_some() {
                // SAFETY: this processor has it.
                return unsafe { number_with_avx2(self, bits, class, free) };
            }
        }
        self.others.number(bits, class, free, self.least)
    }

    /// The cost of a KiB, as in `plan`, without that of the matches.
    pub(super) fn cost(&self) -> usize {
        let terms = self.terms.iter().map(Term::cost).sum::<usize>();
        terms
            + match &self.starts {
                Starts::Places(places) => 6 * places.steps.len() + 130,
                Starts::Steps(steps) => 6 * steps.cost() + 130,
                Starts::Table(table) => table.cost(),
            }
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
        if let Starts::Table(table) = &self.starts {
            table.fill(haystack, base, words, row);
            return words;
        }
        // The last word has no next one.
        let filled = (words + 1).min(WORDS);
        rows::fill(&self.terms, haystack, base, filled, scratch);
        if let Some((row, true)) = self.after {
            let end = haystack.len().saturating_sub(base);
            if end < filled * WORD {
                scratch[row][end / WORD] |= 1 << (end % WORD);
            }
        }
        let words = filled - 1;
        let after = self.after.map(|(after, _)| &scratch[after]);
        match &self.starts {
            Starts::Places(places) => {
                places.combine(words, row, scratch);
                if let Some(after) = after {
                    meet(&mut row[..words], &after[..=words], places.len);
                }
            }
            Starts::Steps(steps) => steps.combine(words, row, scratch, after),
            Starts::Table(_) => {}
        }
        words
    }
}

impl Others {
    fn new(extents: &[Extent], asks_ascii: bool, classes: &[Bytes]) -> Self {
        let pairs = || {
            extents
                .iter()
                .flat_map(|a| extents.iter().map(move |b| (a, b)))
        };
        let may_have = |by: usize| pairs().any(|(a, b)| a.may_have(b, by));
        let in_run = pairs().any(|(a, b)| a.may_have_in_run(b));
        let mut runs = extents.iter().filter_map(|one| one.run);
        let in_run = match (extents, runs.next()) {
            (_, None) => InRun::Never,
            // Of a run that goes on beyond ASCII it is not known what it has read.
            (_, Some(_)) if !in_run && !asks_ascii => InRun::Never,
            ([_], Some(run)) => classes
                .iter()
                .position(|class| *class == run)
                .map_or(InRun::Maybe, InRun::Behind),
            _ => InRun::Maybe,
        };
        let mut distances: Vec<usize> = (2..LONGEST).filter(|by| may_have(*by)).collect();
        let mut is_next = may_have(1);
        // At the beginning of the run what stands before is not of its class.
        for extent in extents.iter().filter(|_| in_run != InRun::Never) {
            for by in extent.least..=extent.places.len() {
                match by {
                    1 => is_next = true,
                    by => distances.push(by),
                }
            }
        }
        distances.sort_unstable();
        distances.dedup();
        Self {
            is_next,
            distances,
            in_run,
        }
    }

    /// The number of matches that start at these bits, unless one of them may lie in another match.
    #[expect(
        clippy::inline_always,
        reason = "it has to be compiled with the caller's features"
    )]
    #[inline(always)]
    fn number(
        &self,
        bits: &[u64],
        class: Option<&[u64]>,
        free: u64,
        least: usize,
    ) -> Option<usize> {
        if !self.is_next && self.distances.is_empty() && class.is_none() {
            return Some(bits.iter().map(|bits| bits.count_ones() as usize).sum());
        }
        // A zero is before the first word.
        let (mut one, mut two, mut three) = ([0; WORDS + 1], [0; WORDS + 1], [0; WORDS + 1]);
        let len = bits.len() + 1;
        let (mut other, mut next) = (&mut one[..len], &mut two[..len]);
        let starts = &mut three[..len];
        starts[1..].copy_from_slice(bits);
        let mut tangle = 0;
        if self.is_next {
            other[1..].copy_from_slice(bits);
            let mut known = 1;
            while known <= least {
                let more = known.min(least + 1 - known);
                for (next, pair) in next[1..].iter_mut().zip(other.windows(2)) {
                    *next = pair[1] & before(pair, more);
                }
                std::mem::swap(&mut other, &mut next);
                known += more;
            }
            tangle |= other[1..].iter().fold(0, |all, bits| all | bits);
            let mut carried = 0;
            for (start, bits) in starts[1..].iter_mut().zip(bits) {
                *start = bits & !(bits << 1 | carried);
                carried = bits >> (WORD - 1);
            }
        }
        if let Some(class) = class {
            let mut carried = 0;
            for (at, (start, class)) in starts[1..].iter().zip(class).enumerate() {
                tangle |= if at == 0 {
                    start & (class << 1) & !free
                } else {
                    start & (class << 1 | carried)
                };
                carried = class >> (WORD - 1);
            }
        }
        if let (Some(least), Some(most)) = (self.distances.first(), self.distances.last())
            && self.distances.len() > OTHERS
        {
            // All from the least to the greatest.
            for (other, pair) in other[1..].iter_mut().zip(starts.windows(2)) {
                *other = before(pair, *least);
            }
            let mut known = 1;
            while known <= most - least {
                let more = known.min(most - least + 1 - known);
                for (next, pair) in next[1..].iter_mut().zip(other.windows(2)) {
                    *next = pair[1] | before(pair, more);
                }
                std::mem::swap(&mut other, &mut next);
                known += more;
            }
            for (other, start) in other[1..].iter().zip(&starts[1..]) {
                tangle |= other & start;
            }
        } else {
            for by in &self.distances {
                for pair in starts.windows(2) {
                    tangle |= pair[1] & before(pair, *by);
                }
            }
        }
        let count = starts.iter().map(|bits| bits.count_ones() as usize).sum();
        (tangle == 0).then_some(count)
    }
}

/// The bits of a word, so many places further back, given the word before and that word.
#[expect(
    clippy::inline_always,
    reason = "it has to be compiled with the caller's features"
)]
#[inline(always)]
fn before(pair: &[u64], by: usize) -> u64 {
    pair[1] << by | pair[0] >> (WORD - by)
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
#[target_feature(enable = "avx512f,avx512bw,popcnt")]
fn number_with_avx512(
    exact: &Exact,
    bits: &[u64],
    class: Option<&[u64]>,
    free: u64,
) -> Option<usize> {
    exact.others.number(bits, class, free, exact.least)
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,popcnt")]
fn number_with_avx2(
    exact: &Exact,
    bits: &[u64],
    class: Option<&[u64]>,
    free: u64,
) -> Option<usize> {
    exact.others.number(bits, class, free, exact.least)
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bw")]
fn places_with_avx512(places: &Places, words: usize, row: &mut Row, classes: &[Row]) {
    places.combined(words, row, classes);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn places_with_avx2(places: &Places, words: usize, row: &mut Row, classes: &[Row]) {
    places.combined(words, row, classes);
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
            (r"id=\w+", 4, None, &[3, 4], true),
            (r"di=\d+", 4, None, &[], true),
            (r"id \w\b", 5, Some(4), &[3], false),
            ("id[^\\n]*", 2, None, &[2], false),
        ] {
            let exact = exact(source).unwrap_or_else(|| panic!("{source}"));
            let found = (exact.rows(), exact.whole(), exact.is_number());
            assert_eq!(found, (rows, len, is_number), "{source}");
            let next = exact.others.is_next.then_some(1);
            let found: Vec<usize> = next.into_iter().chain(exact.others.distances).collect();
            assert_eq!(found, others, "{source}");
        }
        for source in [
            r"\w+",
            r"\d+,",
            r"a|\bb",
            r"^\d\d",
            r"\bx\d",
            r"x\d{1,48}y",
            r"x\d+y",
            "abcdefg|a.b",
            r"abcdefg\b|b",
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
            r"\d{1,3}-\d{1,2}",
            r"(?:\d{1,2}-){2}\d+",
            r"x\d{1,47}",
            r"x?\d{2,3}-",
            r"\d{1,3}y\b",
            r"\d{1,3}x$",
            r"x\d|-\d{2,3}y?",
            "x0|12-3|7|x-",
            "2026-01|0-0y|-1|12-|\n",
            "[xy][0-3]|-[01]|20[12]",
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
