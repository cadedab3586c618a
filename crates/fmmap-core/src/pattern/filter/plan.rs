//! The ways to find the matches of a pattern, and the choice of one for a haystack.
//!
//! The cheapest way is found with a sample of the haystack: how many candidates each way leaves, and how long lines
//! are. The constants below are costs relative to one another: only their ratios matter.

use super::buckets::Grouped;
use super::finder::{Candidates, Place};
use super::front::{Bytes, DEEP, Front, bytes, concat, fronts};
use crate::pattern::Encoding;
use crate::pattern::bits::{Eventful, Segments, ranked};
use crate::pattern::syntax::Node;
use crate::search::{self, Shared};
use memchr::{memchr, memrchr};
use std::sync::Arc;

/// The cost of the automaton alone.
const PLAIN: usize = 1100;

/// The cost of a scan for candidates.
const LITERAL: usize = 90;
const BUCKETS: usize = 160;

/// The cost of running the automaton from a candidate that is no match.
const ATTEMPT: usize = 45;

/// The same where no automaton is needed.
const LOOK: usize = 28;

/// The same where the candidate is the match.
const FOUND: usize = 10;

/// The cost of looking at one line, and that of one of its bytes in tenths.
const LINE: usize = 120;
const OF_LINE: usize = 12;

/// How many parts of a pattern are considered as a place for candidates.
const PARTS: usize = 24;

/// The bytes of one piece of the sample.
const PIECE: usize = 1 << 10;

/// In how many bytes what is rare is looked for before a search is begun.
const NEAR: usize = 4 << 10;

/// In how many of most texts' bytes there is at most one candidate of what is rare without a sample.
const RARE: f64 = 1.0 / 256.0;

/// How a haystack is searched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Choice {
    /// By the automaton alone.
    Plain,
    /// By running the automaton from each candidate.
    Starts,
    /// By running it over each line, or word, that has a candidate.
    Lines,
    /// By rows of bits.
    Bits,
    /// From event to event.
    Events,
}

/// What is asked for at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    /// A match.
    One,
    /// Many matches.
    Many,
    /// The number of all matches.
    Number,
}

/// A place in a pattern, and which bytes can stand there.
#[derive(Clone, Debug)]
struct Spot {
    literal: Option<Shared>,
    grouped: Option<Grouped>,
}

/// The ways to find the matches of a pattern.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    /// A filter for the start of each match.
    start: Spot,
    /// Filters for other places in each match, for patterns without newlines.
    inside: Vec<Spot>,
    /// The bytes that a match may have, if a space is none of them: then a word is looked at, and not a line.
    word: Option<Bytes>,
    /// What is rare in most texts, and the way that it serves, for a haystack of which no sample is taken.
    rare: Option<(Choice, Place)>,
    /// Whether the pattern is this literal and nothing else.
    pub(crate) is_literal: bool,
    /// The pattern as runs of characters, if it is that.
    pub(crate) segments: Option<Segments>,
}

impl Plan {
    pub(crate) fn new(nodes: &[&Node], encoding: Encoding, in_lines: bool, has_tail: bool) -> Self {
        let all: Vec<Front> = nodes
            .iter()
            .flat_map(|node| fronts(node, encoding))
            .collect();
        let mut start = Spot::new(&all);
        let mut inside = Vec::new();
        let (mut is_literal, mut word) = (false, None);
        if let [node] = nodes {
            let mut parts = Vec::new();
            flatten(node, &mut parts);
            if in_lines {
                let from = (1..parts.len()).take(PARTS);
                inside = from
                    .map(|from| Spot::new(&concat(parts[from..].iter().copied(), encoding)))
                    .filter(Spot::is_any)
                    .collect();
                word = Some(bytes(node, encoding)).filter(|word| !word.has(b' '));
            }
            if let Some(bytes) = spelled_out(&parts, encoding) {
                is_literal = true;
                // Only the beginning of an alternative is kept.
                if bytes.len() > DEEP {
                    start = Spot::of_literal(&bytes);
                }
            }
        }
        let segments = match nodes {
            [node] if !has_tail => Segments::new(node, encoding),
            _ => None,
        };
        Self {
            rare: rare(&start, &inside, segments.is_some()),
            start,
            inside,
            word,
            is_literal,
            segments,
        }
    }

    /// The bytes of a pattern that is a literal and nothing else.
    pub(crate) fn literal(&self) -> Option<&[u8]> {
        let finder = self.start.literal.as_ref().filter(|_| self.is_literal)?;
        Some(finder.needle())
    }

    /// Whether there is another way than the automaton alone.
    pub(crate) fn has_ways(&self) -> bool {
        self.start.is_any() || !self.inside.is_empty() || self.segments.is_some()
    }

    /// The way that needs no sample, and its candidates.
    pub(crate) fn at_once(&self) -> Option<(Choice, Candidates)> {
        let (choice, place) = self.rare.as_ref()?;
        Some((*choice, Candidates::new(place.clone())))
    }

    /// Whether that way is taken for what is rare in most texts, and may be wrong for this one.
    pub(crate) fn is_guess(&self) -> bool {
        let is_literal = matches!(self.rare, Some((Choice::Starts, Place::Literal(_))));
        self.rare.is_some() && !is_literal
    }

    /// Looks from a place of a haystack on for what every match has. Returns where the first match may start: at the
    /// end, if there is none.
    pub(crate) fn first(&self, haystack: &[u8], from: usize) -> usize {
        let until = haystack.len().min(from.saturating_add(NEAR));
        match &self.rare {
            Some((choice, place)) => match place.first(haystack, from, until) {
                Some(found) if *choice == Choice::Starts => found,
                None if *choice == Choice::Starts || until == haystack.len() => until,
                _ => from,
            },
            None => from,
        }
    }

    /// The first of some bytes that no match has.
    pub(crate) fn first_apart(&self, bytes: &[u8]) -> Option<usize> {
        match &self.word {
            Some(word) => bytes.iter().position(|&byte| !word.has(byte)),
            None => memchr(b'\n', bytes),
        }
    }

    /// The last of them.
    pub(crate) fn last_apart(&self, bytes: &[u8]) -> Option<usize> {
        match &self.word {
            Some(word) => bytes.iter().rposition(|&byte| !word.has(byte)),
            None => memrchr(b'\n', bytes),
        }
    }

    /// What every match begins with.
    pub(crate) fn beginning(&self) -> Option<&Shared> {
        self.start.literal.as_ref()
    }

    /// The way with the lowest cost for `[from, stop)` of a haystack.
    pub(crate) fn choose(
        &self,
        eventful: Option<&Eventful>,
        asked: Asked,
        haystack: &[u8],
        from: usize,
        stop: usize,
    ) -> (Choice, Option<Candidates>) {
        let sample = sample(&haystack[..stop], from);
        let is_count = asked == Asked::Number;
        let segments = self.segments.as_ref();
        let bits = segments.map(|segments| segments.cost(&sample, is_count));
        let is_at_once = segments.is_some_and(|segments| segments.is_at_once(&sample, is_count));
        let events = eventful
            .filter(|_| !is_at_once)
            .and_then(|eventful| eventful.cost(&sample, asked));
        self.choose_of(bits, events, &sample)
    }

    /// The same for a search from the end, which can't find leads in rows of bits.
    pub(crate) fn choose_back(
        &self,
        haystack: &[u8],
        from: usize,
        stop: usize,
    ) -> (Choice, Option<Candidates>) {
        let sample = sample(&haystack[..stop], from);
        let segments = self.segments.as_ref();
        let bits = segments
            .filter(|segments| !segments.has_lead())
            .map(|segments| segments.cost(&sample, false));
        self.choose_of(bits, None, &sample)
    }

    /// The same, given what a KiB costs in two of the ways.
    fn choose_of(
        &self,
        bits: Option<usize>,
        events: Option<usize>,
        sample: &[u8],
    ) -> (Choice, Option<Candidates>) {
        // The automaton goes to and fro for each match, where bits do not.
        let plain = if self.segments.is_some() { 4 } else { 1 } * PLAIN;
        let mut best = (plain, Choice::Plain, None);
        let kib = (sample.len() / 1024).max(1);
        if let Some((place, scan, candidates)) = self.start.way(sample) {
            // Without the automaton an attempt is cheap. Where bits are a way, it is dear beside them.
            let is_settled = self.segments.is_some();
            let attempt = match &place {
                Place::Literal(finder)
                    if self.is_literal
                        && (!finder.overlaps_itself() || finder.needle().len() > DEEP) =>
                {
                    FOUND
                }
                Place::Literal(finder) if is_settled && !finder.overlaps_itself() => LOOK,
                _ if self.segments.is_some() => 3 * ATTEMPT,
                _ => ATTEMPT,
            };
            let cost = scan + candidates * attempt / kib;
            if cost < best.0 {
                best = (cost, Choice::Starts, Some(place));
            }
        }
        for (cost, choice) in [(bits, Choice::Bits), (events, Choice::Events)] {
            if let Some(cost) = cost.filter(|cost| *cost < best.0) {
                best = (cost, choice, None);
            }
        }
        let lines = 1 + match &self.word {
            Some(word) => sample.iter().filter(|&&byte| !word.has(byte)).count(),
            None => search::count(sample, b"\n"),
        };
        let line = LINE + sample.len() / lines * OF_LINE / 10;
        for spot in &self.inside {
            if let Some((place, scan, candidates)) = spot.way(sample) {
                let cost = scan + candidates.min(lines) * line / kib;
                if cost < best.0 {
                    best = (cost, Choice::Lines, Some(place));
                }
            }
        }
        (best.1, best.2.map(Candidates::new))
    }

    /// A way of the given kind whatever it costs, if the pattern has one.
    #[cfg(any(test, feature = "testing"))]
    pub(crate) fn forced(&self, choice: Choice) -> Option<Candidates> {
        let place = |spot: &Spot| match (&spot.literal, &spot.grouped) {
            (Some(finder), _) => Some(Place::Literal(finder.clone())),
            (None, Some(grouped)) => Some(Place::Buckets(Arc::new(grouped.first()))),
            (None, None) => None,
        };
        let place = match choice {
            Choice::Plain | Choice::Bits | Choice::Events => None,
            Choice::Starts => place(&self.start),
            Choice::Lines => self.inside.iter().rev().find_map(place),
        };
        place.map(Candidates::new)
    }
}

impl Spot {
    /// The place of a long literal that is all of a pattern.
    fn of_literal(bytes: &[u8]) -> Self {
        Self {
            literal: Some(Shared::new(bytes)),
            grouped: None,
        }
    }

    fn new(fronts: &[Front]) -> Self {
        let literal = match fronts {
            [front] => {
                let bytes: Vec<u8> = front.at.iter().map_while(Bytes::single).collect();
                (!bytes.is_empty()).then(|| Shared::new(&bytes))
            }
            _ => None,
        };
        // A short literal may be more common than the bytes behind it.
        let is_enough = literal
            .as_ref()
            .is_some_and(|finder| finder.needle().len() >= 3);
        Self {
            grouped: if is_enough {
                None
            } else {
                Grouped::new(fronts)
            },
            literal,
        }
    }

    fn is_any(&self) -> bool {
        self.literal.is_some() || self.grouped.is_some()
    }

    /// The literal, if it is long enough to be rare.
    fn rare(&self) -> Option<&Shared> {
        self.literal
            .as_ref()
            .filter(|finder| finder.needle().len() >= 3)
    }

    /// The better filter of a place, the cost of its scan, and its candidates in a sample.
    fn way(&self, sample: &[u8]) -> Option<(Place, usize, usize)> {
        let literal = self.literal.as_ref().map(|finder| {
            let count = search::count(sample, finder.needle());
            (Place::Literal(finder.clone()), LITERAL, count)
        });
        let buckets = self.grouped.as_ref().map(|grouped| {
            let (buckets, count) = grouped.choose(sample);
            (Place::Buckets(Arc::new(buckets)), BUCKETS, count)
        });
        match (literal, buckets) {
            (Some(literal), Some(buckets)) => Some(if literal.2 <= 2 * buckets.2 + 1 {
                literal
            } else {
                buckets
            }),
            (literal, buckets) => literal.or(buckets),
        }
    }
}

/// What is rare in most texts: a literal, or the first bytes of a few alternatives. Where there are rows of bits, these
/// are better than all but a literal at the start.
fn rare(start: &Spot, inside: &[Spot], has_bits: bool) -> Option<(Choice, Place)> {
    if let Some(finder) = start.rare() {
        return Some((Choice::Starts, Place::Literal(finder.clone())));
    }
    if has_bits {
        return None;
    }
    let grouped = start.grouped.as_ref();
    if let Some(grouped) = grouped.filter(|grouped| grouped.share(ranked) < RARE) {
        return Some((Choice::Starts, Place::Buckets(Arc::new(grouped.first()))));
    }
    let longest = inside
        .iter()
        .filter_map(Spot::rare)
        .max_by_key(|finder| finder.needle().len())?;
    Some((Choice::Lines, Place::Literal(longest.clone())))
}

/// The bytes of parts that each match one row of bytes only; `None` if there are others, or no bytes.
fn spelled_out(parts: &[&Node], encoding: Encoding) -> Option<Vec<u8>> {
    let mut all = Vec::new();
    for part in parts {
        match part {
            Node::Bytes(bytes) => all.extend_from_slice(bytes),
            Node::Set(_) => match &fronts(part, encoding)[..] {
                [front] => {
                    for bytes in &front.at {
                        all.push(bytes.single()?);
                    }
                }
                _ => return None,
            },
            _ => return None,
        }
    }
    (!all.is_empty()).then_some(all)
}

/// The consecutive parts of a pattern.
fn flatten<'n>(node: &'n Node, parts: &mut Vec<&'n Node>) {
    match node {
        Node::Concat(nodes) => nodes.iter().for_each(|node| flatten(node, parts)),
        Node::Group(_, node) => flatten(node, parts),
        Node::Empty => {}
        node => parts.push(node),
    }
}

/// Pieces of a haystack as a sample: a 256th of it, at most 16 KiB.
fn sample(haystack: &[u8], from: usize) -> Vec<u8> {
    let rest = &haystack[from.min(haystack.len())..];
    let pieces = (rest.len() / (256 * PIECE)).clamp(2, 16);
    if rest.len() <= pieces * PIECE + DEEP {
        return rest.to_vec();
    }
    let step = (rest.len() - PIECE) / (pieces - 1);
    let each =
        (0..pieces).flat_map(|piece| rest[piece * step..piece * step + PIECE].iter().copied());
    each.collect()
}
