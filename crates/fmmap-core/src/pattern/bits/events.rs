//! From event to event, for patterns that have a table: a row of bits says where the next byte is at which something
//! happens.
//!
//! ```text
//! haystack   a,"b c","d",e
//! events     ..1...1.1.1..
//! ```
//!
//! What an event does is looked up, and so is where a match begins; and each event writes a match, which counts only if
//! one ends there. So no branch depends on where matches are, which no processor could foresee.

use super::rows::{self, Row, Term, WORD, WORDS};
use super::walk::Stop;
use crate::pattern::automata::table::{Beyond, Entry, Pair, Table};
use crate::pattern::filter::Asked;
#[cfg(target_arch = "x86_64")]
use crate::pattern::filter::simd::Avx2;
use crate::pattern::scan::{Sink, Span, text};
use crate::pattern::signed;
use std::mem::MaybeUninit;
use std::ops::Range;

/// The cost of a KiB beside that of the test, and those of an event and of a match where a search ends at each match:
/// relative, as in `plan`.
const ROW: usize = 100;
const EVENT: usize = 3;
const ALONE: usize = 12;

/// The cost of a KiB in which pairs are counted.
const PAIRS: usize = 140;

/// The cost of a byte that is no ASCII.
const BEYOND: usize = 1;

/// A pattern that is searched for by its events.
#[derive(Clone, Debug)]
pub(crate) struct Eventful {
    table: Table,
    /// The tests of a byte: whether it is an event, and if it matters, whether it is beyond ASCII. The first one may take
    /// others for events, too, which the table knows better.
    terms: Vec<Term>,
    /// If pairs of bytes are matches: the tests of a byte of a pair, of one that lets none go on, and as above.
    pairs: Option<(Pair, Vec<Term>)>,
}

impl Eventful {
    pub(crate) fn new(table: Table) -> Self {
        let ended = |mut terms: Vec<Term>| {
            if table.beyond != Beyond::Bytes {
                terms.push(Term::beyond_ascii());
            }
            for term in &mut terms {
                rows::end_row(std::slice::from_mut(term));
            }
            terms
        };
        let terms = ended(vec![Term::new(0, &table.events).0]);
        let pairs = table.pair().and_then(|pair| {
            let (of, of_is_exact) = Term::new(0, &pair.of);
            let (not, not_is_exact) = Term::new(0, &pair.not);
            (of_is_exact && not_is_exact).then(|| (pair, ended(vec![of, not])))
        });
        Self {
            table,
            terms,
            pairs,
        }
    }

    /// The cost of a KiB, estimated from a sample; `None` if only an automaton can read it.
    pub(crate) fn cost(&self, sample: &[u8], asked: Asked) -> Option<usize> {
        let beyond = sample.iter().filter(|byte| **byte >= 0x80).count();
        let beyond = match self.table.beyond {
            Beyond::Characters(_) => beyond * BEYOND,
            Beyond::Nothing if beyond > 0 => return None,
            Beyond::Bytes | Beyond::Nothing => 0,
        };
        let kib = (sample.len() / 1024).max(1);
        if asked == Asked::Number
            && let Some((_, terms)) = &self.pairs
        {
            let terms: usize = terms.iter().map(Term::cost).sum();
            return Some(terms + PAIRS + beyond / kib);
        }
        let (events, ends) = self.table.events_in(sample);
        let alone = match asked {
            Asked::One => ends * ALONE + kib * ROW / 2,
            Asked::Many | Asked::Number => 0,
        };
        let terms: usize = self.terms.iter().map(Term::cost).sum();
        Some(terms + ROW + (events * EVENT + beyond + alone) / kib)
    }
}

/// A search in progress.
#[derive(Debug)]
pub(crate) struct Events {
    /// The haystack's length.
    len: usize,
    /// Where the stretch begins that is known, and where it ends.
    base: usize,
    end: usize,
    /// How many words of the row are filled next.
    next: usize,
    /// The places of its events, from its beginning on, with room for more; how many there are, and how many of them the
    /// search has passed.
    places: Vec<u16>,
    count: usize,
    cursor: usize,
    /// A bit for each of its bytes that is beyond ASCII, if that matters.
    beyond: Vec<u64>,
    /// Instead of the places, the bits of what is of a pair, and those of what lets none go on; empty if pairs are not counted.
    pairs: Vec<(u64, u64)>,
    /// The next byte that is read.
    at: usize,
    /// Up to here the text is known to be what the table can read.
    sure: usize,
    state: Entry,
    /// Where the matches begin that are under way.
    starts: [usize; 2],
    /// Where the next match may start, which is what the state belongs to; `None` if there is no state.
    from: Option<usize>,
    /// Where the last match has ended.
    last: usize,
}

impl Events {
    pub(crate) fn new() -> Self {
        Self {
            len: 0,
            base: 0,
            end: 0,
            next: 2,
            places: Vec::new(),
            count: 0,
            cursor: 0,
            beyond: Vec::new(),
            pairs: Vec::new(),
            at: 0,
            sure: 0,
            state: Entry::default(),
            starts: [0; 2],
            from: None,
            last: 0,
        }
    }

    /// The search goes on at another place.
    pub(crate) fn resume(&mut self) {
        self.from = None;
    }

    /// Gives the matches that start in `[from, stop)` to `sink`. Moves `from` to where the next one may start.
    #[expect(
        clippy::too_many_arguments,
        reason = "the search owns what it lends to the walk"
    )]
    pub(crate) fn go(
        &mut self,
        eventful: &Eventful,
        rows: &mut Vec<Row>,
        haystack: &[u8],
        from: &mut usize,
        stop: usize,
        left: &mut isize,
        sink: &mut Sink<'_>,
    ) -> Stop {
        let table = &eventful.table;
        if self.len != haystack.len() || (!self.pairs.is_empty() && !sink.is_count()) {
            (self.len, self.end) = (haystack.len(), 0);
        }
        if self.from != Some(*from) {
            if *from < self.at {
                (self.sure, self.cursor) = (0, 0);
            }
            self.at = *from;
            self.state = table.start(text::before(haystack, *from, table.whole));
            self.pass();
        }
        let stopped = self.walk(eventful, rows, haystack, stop, left, sink);
        *from = match stopped {
            Stop::Full => self.last,
            _ if table.is_under_way(self.state) => self.starts[0],
            _ => self.at,
        };
        self.from = Some(*from);
        stopped
    }

    fn walk(
        &mut self,
        eventful: &Eventful,
        rows: &mut Vec<Row>,
        haystack: &[u8],
        stop: usize,
        left: &mut isize,
        sink: &mut Sink<'_>,
    ) -> Stop {
        let table = &eventful.table;
        while self.at < stop {
            if *left < 0 {
                return Stop::Spent;
            }
            let began = self.at;
            if !(self.base..self.end).contains(&began) {
                self.fill(eventful, rows, haystack, sink.is_count());
            }
            let mut end = self.end.min(stop);
            if table.beyond != Beyond::Bytes {
                if self.sure <= began {
                    match self.look(table, haystack) {
                        Text::Sure(sure) => self.sure = sure,
                        Text::Unknown => return Stop::Ask(began),
                        Text::Symbol(entry, len) => {
                            let is_full = self.symbol(entry, len, sink);
                            *left -= signed(len);
                            if is_full {
                                return Stop::Full;
                            }
                            continue;
                        }
                    }
                }
                end = end.min(self.sure);
            }
            while self.at < end {
                if self.block(eventful, haystack, end, sink) {
                    *left -= signed(self.at - began);
                    return Stop::Full;
                }
            }
            *left -= signed(self.at - began);
        }
        if stop == haystack.len() && self.symbol(table.at_edge(self.state), 0, sink) {
            return Stop::Full;
        }
        Stop::Over
    }

    /// Looks for the events from here on.
    fn fill(&mut self, eventful: &Eventful, rows: &mut Vec<Row>, haystack: &[u8], is_count: bool) {
        let rest = haystack.len() - self.at;
        let words = self.next.min(rest.div_ceil(WORD));
        self.next = (2 * self.next).min(WORDS);
        let pairs = eventful.pairs.as_ref().filter(|_| is_count);
        let terms = pairs.map_or(&eventful.terms, |(_, terms)| terms);
        rows.resize(rows.len().max(terms.len()), [0; WORDS]);
        rows::fill(terms, haystack, self.at, words, &mut rows[..terms.len()]);
        self.base = self.at;
        self.end = self.at + rest.min(words * WORD);
        (self.cursor, self.count) = (0, 0);
        self.pairs.clear();
        if pairs.is_some() {
            let both = rows[0].iter().zip(&rows[1]).take(words);
            self.pairs.extend(both.map(|(of, not)| (*of, *not)));
        } else {
            self.places.resize(WORDS * WORD + AT_ONCE, 0);
            self.count = places_of(&rows[0][..words], &mut self.places);
        }
        if eventful.table.beyond != Beyond::Bytes {
            self.beyond.clear();
            self.beyond
                .extend_from_slice(&rows[terms.len() - 1][..words]);
        }
    }

    /// Passes the events before this place.
    fn pass(&mut self) {
        let passed = self.at.saturating_sub(self.base);
        let places = &self.places[self.cursor..self.count];
        let passed = places
            .iter()
            .take_while(|&&place| usize::from(place) < passed);
        self.cursor += passed.count();
    }

    /// Where the first byte beyond ASCII stands in the stretch, from a place of it on.
    fn next_beyond(&self, from: usize) -> Option<usize> {
        let (first, bit) = ((from - self.base) / WORD, (from - self.base) % WORD);
        let mut mask = u64::MAX << bit;
        for (word, bits) in self.beyond.iter().enumerate().skip(first) {
            let bits = bits & mask;
            if bits != 0 {
                return Some(self.base + word * WORD + bits.trailing_zeros() as usize);
            }
            mask = u64::MAX;
        }
        None
    }

    /// How far the table can read, or what comes next that it can't.
    fn look(&self, table: &Table, haystack: &[u8]) -> Text {
        let mut sure = self.at;
        while sure < self.end {
            let Some(next) = self.next_beyond(sure) else {
                break;
            };
            let rest = &haystack[next..];
            let wrong = match (table.beyond, character(rest)) {
                (Beyond::Characters(true), Some(3)) if is_terminator(rest) => {
                    Text::Symbol(table.at_terminator(self.state), 3)
                }
                (Beyond::Characters(_), Some(len)) => {
                    sure = next + len;
                    continue;
                }
                (Beyond::Characters(_), None) => Text::Symbol(table.at_invalid(self.state), 1),
                _ => Text::Unknown,
            };
            return if next > self.at {
                Text::Sure(next)
            } else {
                wrong
            };
        }
        Text::Sure(sure.max(self.end))
    }

    /// Reads a symbol of so many bytes. Whether there are as many matches as were asked for.
    fn symbol(&mut self, entry: Entry, len: usize, sink: &mut Sink<'_>) -> bool {
        let here = self.at;
        let span = Span {
            start: entry.start::<false>(self.starts, here),
            end: entry.end(here),
            pattern: 0,
        };
        self.starts = entry.starts::<false>(self.starts, here);
        self.state = entry;
        self.at += len;
        self.pass();
        if entry.ends() == 0 {
            return false;
        }
        self.last = span.end;
        sink.push(span)
    }

    /// Where all events do the same, as the quotes of `"[^"]*"`, a few of them after one another lead back to the same state.
    /// Passes as often as many as there are before `end`, without the last ones, and returns how many matches have ended.
    fn skip(&mut self, table: &Table, end: usize) -> usize {
        let Some(column) = table.only else {
            return 0;
        };
        let places = &self.places[..self.count];
        let until = places.partition_point(|&place| self.base + usize::from(place) < end);
        let Some((length, ends)) = table.cycle(self.state, column) else {
            return 0;
        };
        // The last time says where the matches begin that are under way.
        let times = (until.saturating_sub(self.cursor) / length).saturating_sub(1);
        self.cursor += times * length;
        if let Some(&last) = places[..self.cursor].last().filter(|_| times > 0) {
            self.at = self.base + usize::from(last) + 1;
        }
        times * ends
    }

    /// Counts the pairs that end before `end`.
    fn count_pairs(&mut self, table: &Table, pair: &Pair, end: usize) -> usize {
        let (from, to) = (self.at - self.base, end - self.base);
        let is_open = table.is_under_way(self.state);
        let counted = pairs_of(&self.pairs, from..to, is_open);
        if let Some(last) = counted.last {
            self.starts = [self.base + last; 2];
        }
        self.at = end;
        self.state = if counted.is_open {
            pair.open
        } else {
            pair.idle
        };
        counted.count
    }

    /// Reads up to `end`, or until there are many matches. Whether there are as many as were asked for.
    fn block(
        &mut self,
        eventful: &Eventful,
        haystack: &[u8],
        end: usize,
        sink: &mut Sink<'_>,
    ) -> bool {
        let table = &eventful.table;
        if sink.is_count() {
            if let Some((pair, _)) = eventful.pairs.as_ref().filter(|_| !self.pairs.is_empty()) {
                sink.count += self.count_pairs(table, pair, end);
                return false;
            }
            sink.count += self.skip(table, end);
            sink.count += if table.is_one {
                self.steps::<false, true>(table, haystack, end, &mut [])
            } else {
                self.steps::<false, false>(table, haystack, end, &mut [])
            };
            return false;
        }
        let steps = |out: &mut [MaybeUninit<Span>]| {
            if table.is_one {
                self.steps::<true, true>(table, haystack, end, out)
            } else {
                self.steps::<true, false>(table, haystack, end, out)
            }
        };
        // SAFETY: each match that is counted was written before.
        let is_full = unsafe { sink.extend(steps) };
        self.last = sink.last.end;
        is_full
    }

    /// Reads up to `end`, and returns how many matches have ended. If they are kept, there are at most as many as there is
    /// room for. With `ONE`, one match is under way at most.
    fn steps<const KEEP: bool, const ONE: bool>(
        &mut self,
        table: &Table,
        haystack: &[u8],
        end: usize,
        out: &mut [MaybeUninit<Span>],
    ) -> usize {
        let haystack = &haystack[..end];
        let places = &self.places[..self.count];
        let (mut at, mut state, mut starts) = (self.at, self.state, self.starts);
        let (mut cursor, mut count) = (self.cursor, 0);
        let mut step = |state: &mut Entry, here: usize, byte: u8| {
            let entry = table.at(*state, byte);
            if KEEP && let Some(into) = out.get_mut(count) {
                into.write(Span {
                    start: entry.start::<ONE>(starts, here),
                    end: entry.end(here),
                    pattern: 0,
                });
            }
            count += entry.ends();
            starts = entry.starts::<ONE>(starts, here);
            *state = entry;
            KEEP && count >= out.len()
        };
        'events: loop {
            // In branches of their own, so that a place does not have to wait for the state before it.
            while state.is_restless() {
                let Some(&byte) = haystack.get(at) else {
                    break 'events;
                };
                let known = places.get(cursor).map(|&place| usize::from(place));
                cursor += usize::from(known == Some(at - self.base));
                at += 1;
                if step(&mut state, at - 1, byte) {
                    break 'events;
                }
            }
            let here = places
                .get(cursor)
                .map(|&place| self.base + usize::from(place));
            let Some((here, &byte)) = here.and_then(|here| Some((here, haystack.get(here)?)))
            else {
                at = end;
                break;
            };
            cursor += 1;
            at = here + 1;
            if step(&mut state, here, byte) {
                break;
            }
        }
        (self.at, self.state, self.starts, self.cursor) = (at, state, starts, cursor);
        count
    }
}

/// What comes next.
enum Text {
    /// Up to here the table can read it.
    Sure(usize),
    /// A symbol that is no byte, and its length.
    Symbol(Entry, usize),
    /// What only an automaton can tell.
    Unknown,
}

/// The length of the character at the beginning of some bytes of which the first one is beyond ASCII; `None` if there is
/// none.
fn character(bytes: &[u8]) -> Option<usize> {
    let [first, second, rest @ ..] = bytes else {
        return None;
    };
    let len = match (first, second) {
        (0xC2..=0xDF, 0x80..=0xBF) => 2,
        (0xE0, 0xA0..=0xBF) | (0xE1..=0xEC | 0xEE..=0xEF, 0x80..=0xBF) | (0xED, 0x80..=0x9F) => 3,
        (0xF0, 0x90..=0xBF) | (0xF1..=0xF3, 0x80..=0xBF) | (0xF4, 0x80..=0x8F) => 4,
        _ => return None,
    };
    let mut rest = rest.get(..len - 2)?.iter();
    rest.all(|byte| byte & 0xC0 == 0x80).then_some(len)
}

/// Whether a character of three bytes is U+2028 or U+2029.
fn is_terminator(bytes: &[u8]) -> bool {
    matches!(bytes, [0xE2, 0x80, 0xA8 | 0xA9, ..])
}

/// The pairs of a part of a stretch.
struct Pairs {
    /// How many have ended.
    count: usize,
    /// Whether one is open at its end.
    is_open: bool,
    /// The last byte of a pair.
    last: Option<usize>,
}

/// The pairs among some places, given the bits of what is of a pair, and those of what lets none go on.
fn pairs_of(words: &[(u64, u64)], range: Range<usize>, is_open: bool) -> Pairs {
    #[cfg(target_arch = "x86_64")]
    if Avx2::detect().is_some() {
        // SAFETY: this processor has it.
        return unsafe { pairs_with_avx2(words, range, is_open) };
    }
    pairs(words, range, is_open)
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,popcnt")]
fn pairs_with_avx2(words: &[(u64, u64)], range: Range<usize>, is_open: bool) -> Pairs {
    pairs(words, range, is_open)
}

/// A pair is open where the number of bytes of pairs since the last other event is odd. So there are half as many pairs
/// as such bytes, without those of which the pair does not end:
///
/// ```text
/// haystack   a,b,c,n,d,n   n lets no pair go on
/// odd        .11..11..11   where the number of commas is odd
/// cut        ......1....   where it is odd at an n and was even at the n before, or the other way round
/// ```
#[expect(
    clippy::inline_always,
    reason = "it has to be compiled with the caller's features"
)]
#[inline(always)]
fn pairs(words: &[(u64, u64)], range: Range<usize>, is_open: bool) -> Pairs {
    let (mut all, mut cut, mut last) = (usize::from(is_open), 0, None);
    // All bits of the number before, and whether it was odd at the event before.
    let (mut odd, mut was_odd) = (u64::from(is_open).wrapping_neg(), 0);
    let first = range.start / WORD;
    for (at, &(of, not)) in words
        .iter()
        .enumerate()
        .take(range.end.div_ceil(WORD))
        .skip(first)
    {
        let mut mask = u64::MAX;
        if at == first {
            mask <<= range.start % WORD;
        }
        if at == range.end / WORD {
            mask &= !(u64::MAX << (range.end % WORD));
        }
        let (of, not) = (of & mask, not & mask);
        if of != 0 {
            last = Some(at * WORD + of.ilog2() as usize);
        }
        all += of.count_ones() as usize;
        let mut now = of;
        for by in [1, 2, 4, 8, 16, 32] {
            now ^= now << by;
        }
        now ^= odd;
        odd = (now >> (WORD - 1)).wrapping_neg();
        // An addition carries what was odd at an event up to the next one.
        let at_events = now & not;
        let behind = at_events << 1 | was_odd;
        let (sum, over) = (behind & !not).overflowing_add(!not);
        let before = (sum | behind) & not;
        cut += ((now & not) ^ before).count_ones() as usize;
        was_odd = u64::from(over) | at_events >> (WORD - 1);
    }
    let is_open = (odd & 1) ^ was_odd == 1;
    Pairs {
        count: (all - cut - usize::from(is_open)) / 2,
        is_open,
        last,
    }
}

/// How many places are written at once, whether or not there are as many.
const AT_ONCE: usize = 4;

/// Writes the places of the bits, and returns how many there are. Behind them there is room for a few more.
fn places_of(words: &[u64], places: &mut [u16]) -> usize {
    #[cfg(target_arch = "x86_64")]
    if Avx2::detect().is_some() {
        // SAFETY: this processor has it.
        return unsafe { places_with_avx2(words, places) };
    }
    flatten(words, places)
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,popcnt")]
fn places_with_avx2(words: &[u64], places: &mut [u16]) -> usize {
    flatten(words, places)
}

#[expect(
    clippy::inline_always,
    reason = "it has to be compiled with the caller's features"
)]
#[inline(always)]
fn flatten(words: &[u64], places: &mut [u16]) -> usize {
    let mut count = 0;
    for (word, bits) in words.iter().enumerate() {
        let (mut bits, end) = (*bits, count + bits.count_ones() as usize);
        for place in (count..end).step_by(AT_ONCE) {
            let Some(into) = places.get_mut(place..place + AT_ONCE) else {
                return place;
            };
            for place in into {
                #[expect(clippy::cast_possible_truncation, reason = "a row has 4096 places")]
                let at = (word * WORD) as u16 + bits.trailing_zeros() as u16;
                *place = at;
                bits &= bits.wrapping_sub(1);
            }
        }
        count = end;
    }
    count
}
