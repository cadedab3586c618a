//! Goes from match to match through rows of bits.

use super::chain::Chain;
use super::exact::Exact;
use super::rows::{self, Row, WORD, WORDS};
use super::segments::{Alternative, Beside, LOOK, Segment, Segments};
use super::terms::Terms;
use crate::pattern::scan::{Sink, Span};
use crate::pattern::signed;

/// How many bytes of a haystack are examined to find out what is rare in it.
const SAMPLE: usize = 1 << 10;

/// After how many bytes that is done, and how many must be left then.
const HEAD: usize = 8 << 10;
const ENOUGH: usize = 16 << 10;

/// How many are expected at first.
const MANY: usize = 64;

/// In how many places of all rows a match may start, at most, where these are few.
const SPARSE: usize = 4;

/// With how many of them matches are no longer counted at once.
const TANGLES: usize = 8;

/// Why a walk pauses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stop {
    /// There are as many matches as were asked for.
    Full,
    /// The budget is used up.
    Spent,
    /// No match starts before the place at which the walk was to stop.
    Over,
    /// At this place only an automaton can tell.
    Ask(usize),
}

/// How many bytes of a run are looked at one by one.
const NEAR: usize = 256;

/// What was found at a place.
pub(crate) enum Found {
    /// A match that ends here.
    Match(usize),
    /// No match. This far was looked at.
    None(usize),
    /// Only an automaton can tell.
    Ask,
    /// The rows end before it is known.
    Beyond,
}

/// What the first row has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Filled {
    /// Places at which a match may start.
    Front,
    /// The starts of matches.
    Exact,
    /// The same, without rows of classes, because only the number of matches was asked for.
    Number,
}

/// A search in progress.
#[derive(Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a fact of its own about the rows"
)]
pub(crate) struct Walk {
    /// The tests that a sample of the haystack has shown to be the best ones.
    sampled: Option<Terms>,
    /// Whether all text is ASCII, if it matters.
    is_ascii: bool,
    filled: Filled,
    /// Whether a match was found inside of which another one may start, so that matches are not counted at once.
    is_tangled: bool,
    /// How many stretches were like that of late, where only some of them are.
    tangles: usize,
    /// How many matches, or places where one might have started, the rows had so far.
    seen: usize,
    /// How many of them the rows before had.
    places: usize,
    /// Whether these were so few that each is looked at without rows of classes.
    is_sparse: bool,
    /// Whether there are rows of classes, and whether they are needed where the rows are filled next.
    has_classes: bool,
    wants_classes: bool,
    base: usize,
    /// How many words of the rows are filled.
    words: usize,
    /// The length of the haystack at that time.
    len: usize,
    /// How many words are filled next.
    next: usize,
    /// Where the search has begun.
    began: usize,
    /// Where a match may start whatever stands before, because the match before ended there.
    fresh: usize,
    /// The place that is looked at next. If matches have a lead, they may start before it.
    cursor: usize,
    /// A place, and where the run of the lead's class begins that ends there.
    lead: (usize, usize),
    /// How many bytes were looked at in vain.
    pub(crate) wasted: usize,
}

impl Walk {
    pub(crate) fn new(from: usize) -> Self {
        Self {
            sampled: None,
            is_ascii: true,
            filled: Filled::Front,
            is_tangled: false,
            tangles: 0,
            seen: 0,
            places: MANY,
            is_sparse: false,
            has_classes: false,
            wants_classes: false,
            base: 0,
            words: 0,
            len: 0,
            next: 2,
            began: from,
            fresh: from,
            cursor: from,
            lead: (from, from),
            wasted: 0,
        }
    }

    /// Whether no row was filled yet.
    pub(crate) fn is_new(&self) -> bool {
        self.words == 0
    }

    /// Sets where matches may start, whatever stands before.
    pub(crate) fn resume(&mut self, from: usize) {
        self.fresh = from;
        self.cursor = from;
    }

    /// How far the search has come, if the next match may start at `from`.
    pub(crate) fn place(&self, from: usize) -> usize {
        from.max(self.cursor)
    }

    /// Fills the rows from `base` on. If `is_count`, only the number of matches is asked for.
    fn fill(
        &mut self,
        segments: &Segments,
        rows: &mut Vec<Row>,
        haystack: &[u8],
        base: usize,
        is_count: bool,
    ) {
        if self.sampled.is_none()
            && base.saturating_sub(self.began) >= HEAD
            && let Some(rest) = haystack.get(base..).filter(|rest| rest.len() > ENOUGH)
        {
            self.sampled = Some(Terms::by_sample(segments, &rest[..SAMPLE]));
        }
        if self.words + 1 >= WORDS {
            // In rows of matches other places don't show.
            self.places = match self.filled {
                Filled::Front => self.seen,
                Filled::Exact | Filled::Number => self.seen.max(self.places * 7 / 8),
            };
            self.is_sparse = self.places <= SPARSE && segments.lead.is_none();
        }
        let wants_classes = std::mem::take(&mut self.wants_classes);
        self.seen = 0;
        self.is_sparse &= !wants_classes;
        self.has_classes = !self.is_sparse;
        let chosen = self.sampled.as_ref().unwrap_or(&segments.terms);
        self.words = self
            .next
            .min(haystack.len().saturating_sub(base).div_ceil(WORD));
        self.next = (2 * self.next).min(WORDS);
        self.base = base;
        self.len = haystack.len();
        let end = haystack.len().min(base + (self.words + 1) * WORD);
        let exact = segments.exact.as_ref();
        let exact = exact.filter(|exact| self.is_by_exact(exact, chosen));
        let asks_ascii = chosen.asks_ascii || exact.is_some_and(|exact| exact.asks_ascii);
        self.is_ascii = !asks_ascii || rows::is_ascii(&haystack[base..end]);
        let exact = exact.filter(|_| self.is_ascii);
        self.filled = Filled::Front;
        let Some(exact) = exact else {
            rows.resize(chosen.rows, [0; WORDS]);
            let from = if self.is_ascii { 0 } else { chosen.unsure };
            let classes = chosen.front + usize::from(chosen.has_before);
            let to = if self.has_classes {
                chosen.all.len()
            } else {
                classes
            };
            let terms = chosen.all.get(from..to).unwrap_or_default();
            rows::fill(terms, haystack, base, self.words, rows);
            return;
        };
        rows.resize(chosen.rows + exact.rows(), [0; WORDS]);
        let (rows, scratch) = rows.split_at_mut(chosen.rows);
        if let [front, classes @ ..] = rows {
            self.words = exact.fill(haystack, base, self.words, front, scratch);
            self.filled =
                if is_count && exact.is_number() && self.tangles < TANGLES && !wants_classes {
                    Filled::Number
                } else {
                    Filled::Exact
                };
            let has_ends = exact.has_ends() || self.filled == Filled::Number;
            self.has_classes &= !has_ends || wants_classes;
            if self.has_classes {
                let terms = chosen.all.get(chosen.front..).unwrap_or_default();
                rows::fill(terms, haystack, base, self.words, classes);
            }
        }
    }

    /// Writes where matches start from a place on, for as many words as are returned; `None` if the rows do not tell. For
    /// searches that go on at any other place afterwards.
    pub(crate) fn starts(
        &mut self,
        segments: &Segments,
        rows: &mut Vec<Row>,
        haystack: &[u8],
        from: usize,
        starts: &mut Row,
    ) -> Option<usize> {
        self.fill(segments, rows, haystack, from, true);
        let is_exact = self.is_ascii && (self.filled != Filled::Front || segments.is_run());
        *starts = *rows.first().filter(|_| is_exact)?;
        self.seen = starts.iter().filter(|bits| **bits != 0).count();
        Some(self.words)
    }

    /// Whether it is cheaper to find all matches at once than to look at each place where one may start.
    fn is_by_exact(&self, exact: &Exact, terms: &Terms) -> bool {
        let classes = if self.has_classes {
            terms.cost_of_classes()
        } else {
            0
        };
        let looks = 2 * self.places * LOOK / (WORDS * WORD / 1024);
        exact.cost() <= terms.cost_of_front() + classes + looks
    }

    /// Gives the matches that start in `[from, stop)` to `sink`. Moves `from` to where the next one
    /// may start.
    #[expect(
        clippy::too_many_arguments,
        reason = "the search owns what it lends to the walk"
    )]
    pub(crate) fn go(
        &mut self,
        segments: &Segments,
        rows: &mut Vec<Row>,
        haystack: &[u8],
        from: &mut usize,
        stop: usize,
        left: &mut isize,
        sink: &mut Sink<'_>,
    ) -> Stop {
        if self.len != haystack.len() {
            self.words = 0;
        }
        if segments.lead.is_none() {
            self.cursor = *from;
        } else if self.cursor < *from {
            // It was searched in another way up to there.
            self.resume(*from);
        }
        let stopped = if segments.lead.is_some() {
            self.words::<true>(segments, rows, haystack, *from, stop, left, sink)
        } else {
            self.words::<false>(segments, rows, haystack, *from, stop, left, sink)
        };
        *from = match stopped {
            Stop::Ask(start) => start,
            Stop::Spent | Stop::Over if segments.lead.is_some() => {
                let start = self.lead_before(segments, rows, haystack, self.cursor, *from);
                self.lead = (self.cursor, start);
                start.max(*from)
            }
            Stop::Full | Stop::Spent | Stop::Over => self.cursor,
        };
        stopped
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "the search owns what it lends to the walk"
    )]
    fn words<const LEAD: bool>(
        &mut self,
        segments: &Segments,
        rows: &mut Vec<Row>,
        haystack: &[u8],
        from: usize,
        stop: usize,
        left: &mut isize,
        sink: &mut Sink<'_>,
    ) -> Stop {
        let has_before = segments.terms.has_before;
        while self.cursor < stop {
            if *left < 0 {
                return Stop::Spent;
            }
            let began = self.cursor;
            if sink.is_count()
                && let Some(chain) = segments.chain.as_ref().filter(|_| !self.is_tangled)
                && let Some(next) = self.count_chained(chain, rows, haystack, stop, sink)
            {
                self.cursor = next;
                *left -= signed(next - began);
                continue;
            }
            let is_filled = (self.base..self.base + self.words * WORD).contains(&began);
            if !is_filled || (self.filled == Filled::Number && !sink.is_count()) {
                if LEAD {
                    let start = self.lead_before(segments, rows, haystack, began, from);
                    self.lead = (began, start);
                }
                self.fill(segments, rows, haystack, began, sink.is_count());
            }
            let end = stop.min(self.base + self.words * WORD);
            if self.is_ascii
                && sink.is_count()
                && segments.is_run()
                && has_before
                && let Some(next) = self.count(rows, began, end, sink)
            {
                self.cursor = next;
                *left -= signed(next - began);
                continue;
            }
            if sink.is_count()
                && let Some(next) = self.count_exact(segments, rows, haystack, end, sink)
            {
                self.cursor = next;
                *left -= signed(next - began);
                continue;
            }
            let stopped = self.through::<LEAD>(segments, rows, haystack, began, end, sink);
            match stopped {
                // The rows begin again at another place.
                Some(Stop::Over) => *left -= 64,
                Some(other) => {
                    *left -= signed(self.cursor - began);
                    return other;
                }
                None => self.cursor = end.max(self.cursor),
            }
            *left -= signed(self.cursor - began);
        }
        Stop::Over
    }

    /// Goes through the rows from one place to another. `None`: no other match starts before that.
    #[inline]
    fn through<const LEAD: bool>(
        &mut self,
        segments: &Segments,
        rows: &[Row],
        haystack: &[u8],
        began: usize,
        end: usize,
        sink: &mut Sink<'_>,
    ) -> Option<Stop> {
        let has_before = segments.terms.has_before;
        let (Some(front), Some(before), Some(classes)) = (
            rows.first(),
            rows.get(usize::from(has_before)),
            rows.get(1 + usize::from(has_before)..),
        ) else {
            return None;
        };
        let exact = segments
            .exact
            .as_ref()
            .filter(|_| self.filled != Filled::Front);
        let whole = exact.and_then(Exact::whole);
        let has_classes = LEAD || self.has_classes;
        let (mut at, mut seen) = (began - self.base, 0);
        let stopped = 'words: loop {
            let word = at / WORD;
            if word >= self.words {
                break None;
            }
            let mut bits = front[word];
            if has_before {
                let fresh = self.fresh.wrapping_sub(self.base + word * WORD);
                let fresh = if fresh < WORD { 1 << fresh } else { 0 };
                bits &= before[word] | fresh;
            }
            bits &= u64::MAX << (at % WORD);
            at = (word + 1) * WORD;
            while bits != 0 {
                let place = self.base + word * WORD + bits.trailing_zeros() as usize;
                if place >= end {
                    break 'words None;
                }
                let mut start = place;
                if let Some(lead) = segments.lead.filter(|_| LEAD) {
                    start = self.run_before(classes.get(lead.class), place);
                    if place - start < lead.min {
                        self.wasted += 1;
                        bits &= bits - 1;
                        continue;
                    }
                }
                seen += 1;
                let found = match whole {
                    Some(len) => Found::Match(place + len),
                    None => self.found::<LEAD>(segments, exact, rows, haystack, place),
                };
                match found {
                    Found::Match(match_end) => {
                        self.cursor = match_end;
                        self.fresh = match_end;
                        if sink.push(Span {
                            start,
                            end: match_end,
                            pattern: 0,
                        }) {
                            break 'words Some(Stop::Full);
                        }
                        let next = match_end - self.base;
                        if next < at && !has_before {
                            bits &= u64::MAX << (next % WORD);
                            continue;
                        }
                        at = next;
                        continue 'words;
                    }
                    Found::None(seen) => {
                        self.wasted += 2 + (seen - place) / 8;
                        bits &= bits - 1;
                    }
                    // A long run is looked at by its row.
                    Found::Ask if !has_classes => {
                        self.wants_classes = true;
                        self.cursor = place;
                        self.words = 0;
                        break 'words Some(Stop::Over);
                    }
                    Found::Ask => {
                        self.cursor = place + usize::from(LEAD);
                        break 'words Some(Stop::Ask(start));
                    }
                    Found::Beyond => {
                        self.cursor = place;
                        let is_whole = self.base == place && self.words + 1 >= WORDS;
                        if is_whole {
                            self.wasted += WORDS * WORD / 8;
                            self.cursor = place + usize::from(LEAD);
                            break 'words Some(Stop::Ask(start));
                        }
                        if self.base == place || place - self.base < WORD {
                            self.next = WORDS;
                        }
                        self.lead = (place, start);
                        self.words = 0;
                        break 'words Some(Stop::Over);
                    }
                }
            }
        };
        self.seen += seen;
        stopped
    }

    /// Where the run of the lead's class begins that ends at a place of the rows.
    #[inline]
    fn run_before(&self, row: Option<&Row>, place: usize) -> usize {
        let Some(row) = row else {
            return place;
        };
        let (mut word, bit) = ((place - self.base) / WORD, (place - self.base) % WORD);
        let mut start = place;
        if bit > 0 {
            let run = (row[word] << (WORD - bit)).leading_ones() as usize;
            start -= run;
            if run < bit {
                return start.max(self.fresh).min(place);
            }
        }
        while word > 0 {
            word -= 1;
            let run = row[word].leading_ones() as usize;
            start -= run;
            if run < WORD {
                return start.max(self.fresh).min(place);
            }
        }
        // The run reaches the first row, and so the place of which it is known.
        let (known, before) = self.lead;
        if (self.base..=place).contains(&known) {
            start = before;
        }
        start.max(self.fresh).min(place)
    }

    /// The same for any place: one that is known, or in the rows or at their end, or else by the bytes from `from` on.
    fn lead_before(
        &self,
        segments: &Segments,
        rows: &[Row],
        haystack: &[u8],
        place: usize,
        from: usize,
    ) -> usize {
        let Some(lead) = segments.lead.filter(|_| self.lead.0 != place) else {
            return self.lead.1.max(self.fresh).min(place);
        };
        if self.words > 0 && (self.base..=self.base + self.words * WORD).contains(&place) {
            let row = rows.get(1 + usize::from(segments.terms.has_before) + lead.class);
            return self.run_before(row, place);
        }
        let low = from.max(self.fresh).min(place);
        let class = &segments.classes[lead.class];
        let bytes = haystack.get(low..place).unwrap_or_default();
        place
            - bytes
                .iter()
                .rev()
                .take_while(|&&byte| class.has(byte))
                .count()
    }

    /// Counts the matches that start at the cursor or soon behind it. Returns where to go on, if that is known and farther
    /// on.
    fn count_chained(
        &mut self,
        chain: &Chain,
        rows: &mut Vec<Row>,
        haystack: &[u8],
        stop: usize,
        sink: &mut Sink<'_>,
    ) -> Option<usize> {
        let from = self.cursor;
        let words = self.next.min((haystack.len() - from).div_ceil(WORD));
        let end = haystack.len().min(from + (words + 1) * WORD);
        if chain.asks_ascii && !rows::is_ascii(&haystack[from.saturating_sub(1)..end]) {
            return None;
        }
        self.next = (2 * self.next).min(WORDS);
        // The rows are used for something else.
        self.words = 0;
        rows.resize(chain.rows(), [0; WORDS]);
        let Some((counted, words)) = chain.count(haystack, from, stop, words, rows) else {
            self.is_tangled = true;
            return None;
        };
        let next = counted.open.unwrap_or(stop.min(from + words * WORD));
        if next == from {
            self.next = WORDS;
            return None;
        }
        sink.count += counted.count;
        Some(next)
    }

    /// Counts the matches that start between the cursor and `end`, if their starts tell how many they are. Returns where the
    /// next one may start.
    fn count_exact(
        &mut self,
        segments: &Segments,
        rows: &[Row],
        haystack: &[u8],
        end: usize,
        sink: &mut Sink<'_>,
    ) -> Option<usize> {
        let exact = segments.exact.as_ref()?;
        let has_length = exact.whole().is_some();
        if self.filled == Filled::Front || (self.filled == Filled::Exact && !has_length) {
            return None;
        }
        let (front, scratch) = (rows.first()?, rows.get(segments.terms.rows..)?);
        let range = (self.base, self.cursor, end);
        let end_of = |start: usize| {
            let at = (self.base, start - self.base);
            match exact.end(haystack, at, self.words, scratch) {
                Some(end) => Some(end),
                None => match look_once(segments, haystack, start) {
                    Found::Match(end) => Some(end),
                    _ => None,
                },
            }
        };
        let counted = exact.count(front, scratch, range, end_of);
        self.tangles = match counted {
            Some(_) => self.tangles.saturating_sub(1),
            None => self.tangles + 2,
        };
        let (count, next) = counted?;
        self.seen += count;
        sink.count += count;
        Some(next)
    }

    /// Counts the runs of a class that end before `end`. Returns where the next run starts, if that
    /// is farther on.
    fn count(
        &mut self,
        rows: &[Row],
        from: usize,
        end: usize,
        sink: &mut Sink<'_>,
    ) -> Option<usize> {
        let [front, before, ..] = rows else {
            return None;
        };
        let (mut word, mut mask) = (
            (from - self.base) / WORD,
            u64::MAX << ((from - self.base) % WORD),
        );
        let last = (end - 1 - self.base) / WORD;
        let (mut count, mut next) = (0, None);
        while word <= last {
            let start = self.base + word * WORD;
            if word == last {
                mask &= u64::MAX >> (WORD - (end - start));
            }
            let fresh = self.fresh.wrapping_sub(start);
            let fresh = if fresh < WORD { 1 << fresh } else { 0 };
            let bits = front[word] & (before[word] | fresh) & mask;
            if bits != 0 {
                count += bits.count_ones() as usize;
                next = Some(start + WORD - 1 - bits.leading_zeros() as usize);
            }
            (word, mask) = (word + 1, u64::MAX);
        }
        let is_cut = front[last] >> ((end - 1 - self.base) % WORD) & 1 == 1;
        match next {
            _ if !is_cut => {
                self.seen += count;
                sink.count += count;
                Some(end)
            }
            // The last run may go on behind the end, so it is left for the next call.
            Some(next) if next > from => {
                self.seen += count;
                sink.count += count - 1;
                Some(next)
            }
            _ => None,
        }
    }

    /// What is at one place, by the rows of the matches if these are filled; or else by those of the classes.
    #[inline]
    fn found<const LEAD: bool>(
        &self,
        segments: &Segments,
        exact: Option<&Exact>,
        rows: &[Row],
        haystack: &[u8],
        place: usize,
    ) -> Found {
        let classes = rows.get(1 + usize::from(segments.terms.has_before)..);
        let scratch = rows.get(segments.terms.rows..);
        let (classes, scratch) = (classes.unwrap_or_default(), scratch.unwrap_or_default());
        let at = (self.base, place - self.base);
        let end = exact.and_then(|exact| exact.end(haystack, at, self.words, scratch));
        match end {
            Some(end) => Found::Match(end),
            None if LEAD || self.has_classes => {
                self.look_at::<LEAD>(segments, classes, haystack, place)
            }
            None => look_once(segments, haystack, place),
        }
    }

    /// Looks at one place, with the classes' rows. It is the end of the lead, if there is one.
    #[inline]
    fn look_at<const LEAD: bool>(
        &self,
        segments: &Segments,
        classes: &[Row],
        haystack: &[u8],
        start: usize,
    ) -> Found {
        look::<LEAD>(segments, haystack, start, |class, at, max| {
            let row = classes.get(class).ok_or(Found::Ask)?;
            self.run(row, at, max).ok_or(Found::Beyond)
        })
    }

    /// How many places from `at` on have their bit set, at most `max`; `None` if the row ends
    /// before that is known.
    #[inline]
    fn run(&self, row: &Row, at: usize, max: usize) -> Option<usize> {
        let place = at - self.base;
        let (mut word, bit) = (place / WORD, place % WORD);
        if word >= self.words {
            // Behind the haystack's end there is no byte.
            return (at >= self.len).then_some(0);
        }
        let mut run = (!(row[word] >> bit)).trailing_zeros() as usize;
        if run + bit >= WORD {
            loop {
                word += 1;
                if run >= max {
                    break;
                }
                if word >= self.words {
                    if self.base + word * WORD >= self.len {
                        break;
                    }
                    return None;
                }
                let more = (!row[word]).trailing_zeros() as usize;
                run += more;
                if more < WORD {
                    break;
                }
            }
        }
        Some(run.min(max))
    }
}

/// Looks at one place without rows.
pub(crate) fn look_once(segments: &Segments, haystack: &[u8], start: usize) -> Found {
    look::<false>(segments, haystack, start, |class, at, max| {
        let class = 1 << class;
        let rest = haystack.get(at..).unwrap_or_default();
        let near = &rest[..rest.len().min(max).min(NEAR)];
        let is_of = |byte: &u8| segments.of[usize::from(*byte)] & class != 0;
        let run = near.iter().position(|byte| !is_of(byte));
        let run = run.unwrap_or(near.len());
        if run == NEAR {
            Err(Found::Ask)
        } else {
            Ok(run)
        }
    })
}

/// Looks at one place, for the first alternative that matches, without its lead if `LEAD`. `run` says how many bytes of a class stand at a place, at
/// most a number of them.
#[inline]
fn look<const LEAD: bool>(
    segments: &Segments,
    haystack: &[u8],
    start: usize,
    run: impl Fn(usize, usize, usize) -> Result<usize, Found>,
) -> Found {
    let mut farthest = start;
    for alternative in &segments.alternatives {
        match look_for::<LEAD>(alternative, segments.is_utf8, haystack, start, &run) {
            Found::None(seen) => farthest = farthest.max(seen),
            found => return found,
        }
    }
    Found::None(farthest)
}

#[inline]
fn look_for<const LEAD: bool>(
    alternative: &Alternative,
    is_utf8: bool,
    haystack: &[u8],
    start: usize,
    run: &impl Fn(usize, usize, usize) -> Result<usize, Found>,
) -> Found {
    match alternative.before {
        Beside::Anything => {}
        before => {
            let byte = start.checked_sub(1).and_then(|at| haystack.get(at));
            match beside(before, byte.copied(), is_utf8) {
                Some(true) => {}
                Some(false) => return Found::None(start),
                None => return Found::Ask,
            }
        }
    }
    let mut at = start;
    let skip = usize::from(LEAD);
    for part in alternative.parts.get(skip..).unwrap_or_default() {
        match *part {
            Segment::Literal { len, value, mask } => {
                if !stands_at(haystack, at, len, value, mask) {
                    return Found::None(at);
                }
                at += len;
            }
            Segment::Run {
                class,
                min,
                max,
                has_more,
            } => {
                let run = match run(class, at, max) {
                    Ok(run) => run,
                    Err(found) => return found,
                };
                if has_more && run < max && haystack.get(at + run).is_some_and(|&byte| byte >= 0x80)
                {
                    return Found::Ask;
                }
                at += run;
                if run < min {
                    return Found::None(at);
                }
            }
        }
    }
    match alternative.after {
        Beside::Anything => Found::Match(at),
        after => match beside(after, haystack.get(at).copied(), is_utf8) {
            Some(true) => Found::Match(at),
            Some(false) => Found::None(at),
            None => Found::Ask,
        },
    }
}

pub(super) fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// Whether the byte beside a match is what an assertion demands; `None` if the byte alone does not
/// tell.
fn beside(what: Beside, byte: Option<u8>, is_utf8: bool) -> Option<bool> {
    match (what, byte) {
        (Beside::Anything, _) | (Beside::Terminator, None) => Some(true),
        (Beside::Terminator, Some(byte)) => match byte {
            b'\n' | b'\r' => Some(true),
            0x80.. if is_utf8 => None,
            _ => Some(false),
        },
        (Beside::Word(is_wanted), byte) => Some(byte.is_some_and(is_word) == is_wanted),
    }
}

/// Whether the first `len` bytes of a word stand at a place, as far as the bits of `mask` tell: it has none behind them.
#[inline]
fn stands_at(haystack: &[u8], at: usize, len: usize, value: u64, mask: u64) -> bool {
    let Some(rest) = haystack.get(at..) else {
        return false;
    };
    if let Some(word) = rest.first_chunk() {
        return u64::from_le_bytes(*word) & mask == value;
    }
    let Some(bytes) = rest.get(..len) else {
        return false;
    };
    let mut word = [0; 8];
    word[..len].copy_from_slice(bytes);
    u64::from_le_bytes(word) & mask == value
}
