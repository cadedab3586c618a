//! The ways to find the matches of a pattern, and the choice of one for a haystack.
//!
//! The cheapest way is found with a sample of the haystack: how many candidates each way leaves, and how long lines
//! are. The constants below are costs relative to one another: only their ratios matter.

use super::buckets::Grouped;
use super::finder::{Candidates, Place};
use super::front::{Bytes, DEEP, Front, concat, fronts};
use crate::pattern::Encoding;
use crate::pattern::bits::Segments;
use crate::pattern::syntax::Node;
use crate::search::{self, Shared};

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

/// How a haystack is searched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Choice {
    /// By the automaton alone.
    Plain,
    /// By running the automaton from each candidate.
    Starts,
    /// By running it over each line that has a candidate.
    Lines,
    /// By rows of bits.
    Bits,
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
        let start = Spot::new(&all);
        let mut inside = Vec::new();
        let mut is_literal = false;
        if let [node] = nodes {
            let mut parts = Vec::new();
            flatten(node, &mut parts);
            if in_lines {
                let from = (1..parts.len()).take(PARTS);
                inside = from
                    .map(|from| Spot::new(&concat(parts[from..].iter().copied(), encoding)))
                    .filter(|spot| spot.literal.is_some() || spot.grouped.is_some())
                    .collect();
            }
            let len: usize = parts.iter().map(|part| part.lengths(encoding).0).sum();
            let is_spelled = |part: &&Node| matches!(part, Node::Set(_) | Node::Bytes(_));
            is_literal = parts.iter().all(is_spelled)
                && start
                    .literal
                    .as_ref()
                    .is_some_and(|finder| finder.needle().len() == len);
        }
        Self {
            start,
            inside,
            is_literal,
            segments: match nodes {
                [node] if !has_tail => Segments::new(node, encoding),
                _ => None,
            },
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

    /// The candidates for a literal at the start of each match. They need no sample.
    pub(crate) fn at_once(&self) -> Option<Candidates> {
        let finder = self.start.literal.as_ref()?;
        let is_enough = finder.needle().len() >= 3;
        is_enough.then(|| Candidates::new(Place::Literal(finder.clone())))
    }

    /// What every match begins with.
    pub(crate) fn beginning(&self) -> Option<&Shared> {
        self.start.literal.as_ref()
    }

    /// The way with the lowest cost for `[from, stop)` of a haystack.
    pub(crate) fn choose(
        &self,
        haystack: &[u8],
        from: usize,
        stop: usize,
    ) -> (Choice, Option<Candidates>) {
        self.choose_of(haystack, from, stop, true)
    }

    /// The same for a search from the end, which can't find leads in rows of bits.
    pub(crate) fn choose_back(
        &self,
        haystack: &[u8],
        from: usize,
        stop: usize,
    ) -> (Choice, Option<Candidates>) {
        let has_lead = self.segments.as_ref().is_some_and(Segments::has_lead);
        self.choose_of(haystack, from, stop, !has_lead)
    }

    fn choose_of(
        &self,
        haystack: &[u8],
        from: usize,
        stop: usize,
        with_bits: bool,
    ) -> (Choice, Option<Candidates>) {
        let sample = sample(&haystack[..stop], from);
        // The automaton goes to and fro for each match, where bits do not.
        let plain = if self.segments.is_some() { 4 } else { 1 } * PLAIN;
        let mut best = (plain, Choice::Plain, None);
        let kib = (sample.len() / 1024).max(1);
        if let Some((place, scan, candidates)) = self.start.way(&sample) {
            // Without the automaton an attempt is cheap. Where bits are a way, it is dear beside them.
            let is_settled = self.segments.is_some();
            let attempt = match &place {
                Place::Literal(finder) if self.is_literal && !finder.overlaps_itself() => FOUND,
                Place::Literal(finder) if is_settled && !finder.overlaps_itself() => LOOK,
                _ if self.segments.is_some() => 3 * ATTEMPT,
                _ => ATTEMPT,
            };
            let cost = scan + candidates * attempt / kib;
            if cost < best.0 {
                best = (cost, Choice::Starts, Some(place));
            }
        }
        if let Some(segments) = self.segments.as_ref().filter(|_| with_bits) {
            let cost = segments.cost(&sample);
            if cost < best.0 {
                best = (cost, Choice::Bits, None);
            }
        }
        let lines = search::count(&sample, b"\n") + 1;
        let line = LINE + sample.len() / lines * OF_LINE / 10;
        for spot in &self.inside {
            if let Some((place, scan, candidates)) = spot.way(&sample) {
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
            (None, Some(grouped)) => Some(Place::Buckets(grouped.first())),
            (None, None) => None,
        };
        let place = match choice {
            Choice::Plain | Choice::Bits => None,
            Choice::Starts => place(&self.start),
            Choice::Lines => self.inside.iter().rev().find_map(place),
        };
        place.map(Candidates::new)
    }
}

impl Spot {
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

    /// The better filter of a place, the cost of its scan, and its candidates in a sample.
    fn way(&self, sample: &[u8]) -> Option<(Place, usize, usize)> {
        let literal = self.literal.as_ref().map(|finder| {
            let count = search::count(sample, finder.needle());
            (Place::Literal(finder.clone()), LITERAL, count)
        });
        let buckets = self.grouped.as_ref().map(|grouped| {
            let (buckets, count) = grouped.choose(sample);
            (Place::Buckets(buckets), BUCKETS, count)
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
