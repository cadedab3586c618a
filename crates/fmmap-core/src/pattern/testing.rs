//! For the tests, the fuzz target and the example: an oracle, and random patterns and texts.
//!
//! The oracle backtracks over the tree exactly as ECMAScript's specification describes. It takes exponential time,
//! and shares only the parser with the automata.

use super::filter::Choice;
use super::scan::text::{is_boundary, len_at};
use super::syntax::tree::{Assert, Kind, Node};
use super::syntax::{Flags, parse_only};
use super::{Encoding, Pattern, Progress, ReverseScan, Scan, Span, Step};

/// Where each group starts and ends, the whole match first.
pub type Groups = Vec<Option<(usize, usize)>>;

/// A pattern for the oracle.
#[derive(Debug)]
pub struct Oracle {
    node: Node,
    groups: usize,
    tail: Option<usize>,
    encoding: Encoding,
}

struct Attempt<'t> {
    text: &'t [u8],
    encoding: Encoding,
    /// How many steps are left.
    fuel: u32,
}

type Continue<'c> = &'c mut dyn FnMut(&mut Attempt<'_>, usize, &mut Groups) -> bool;

impl Oracle {
    /// The pattern of a source; `None` if it is refused.
    pub fn new(source: &str, flags: &str, encoding: Encoding) -> Option<Self> {
        let units: Vec<u16> = source.encode_utf16().collect();
        let parsed = parse_only(&units, Flags::new(flags)).ok()?;
        Some(Self {
            node: parsed.node,
            groups: parsed.groups,
            tail: parsed.tail,
            encoding,
        })
    }

    /// The match at a place. The outer `None` means that it would take too long.
    pub fn at(&self, text: &[u8], at: usize) -> Option<Option<Groups>> {
        let mut attempt = Attempt {
            text,
            encoding: self.encoding,
            fuel: 30_000,
        };
        let mut groups: Groups = vec![None; self.groups + 2];
        let mut end = at;
        let found = attempt.node(&self.node, at, &mut groups, &mut |_, to, _| {
            end = to;
            true
        });
        if attempt.fuel == 0 {
            return None;
        }
        let is_inside = !is_boundary(text, at, self.encoding);
        if !found {
            return Some(None);
        }
        groups[0] = Some((at, end));
        if let Some(tail) = self.tail {
            groups[0] = groups[tail];
        }
        groups.truncate(self.groups + 1);
        let is_empty = groups[0].is_none_or(|(start, end)| start == end);
        Some((!(is_empty && is_inside)).then_some(groups))
    }

    /// All matches from the front.
    pub fn all(&self, text: &[u8], from: usize) -> Option<Vec<Groups>> {
        let (mut at, mut all) = (from, Vec::new());
        while at <= text.len() {
            match self.at(text, at)? {
                None => at += 1,
                Some(groups) => {
                    let (start, end) = groups[0].unwrap_or((at, at));
                    at = if start < end {
                        end
                    } else {
                        end + len_at(text, end, self.encoding)
                    };
                    all.push(groups);
                }
            }
        }
        Some(all)
    }

    /// The match that starts last.
    pub fn last(&self, text: &[u8], from: usize) -> Option<Option<Groups>> {
        for at in (from..=text.len()).rev() {
            if let Some(groups) = self.at(text, at)? {
                return Some(Some(groups));
            }
        }
        Some(None)
    }
}

impl Attempt<'_> {
    fn node(&mut self, node: &Node, at: usize, groups: &mut Groups, go_on: Continue<'_>) -> bool {
        if self.fuel == 0 {
            return false;
        }
        self.fuel -= 1;
        match node {
            Node::Empty => go_on(self, at, groups),
            Node::Fail => false,
            Node::Bytes(bytes) => {
                self.text[at..].starts_with(bytes) && go_on(self, at + bytes.len(), groups)
            }
            Node::Set(set) => match self.character(at) {
                Some((code, len)) if set.has(code) => go_on(self, at + len, groups),
                _ => false,
            },
            Node::Assert(assert) => self.holds(*assert, at) && go_on(self, at, groups),
            Node::Concat(nodes) => self.concat(nodes, at, groups, go_on),
            Node::Either(nodes) => nodes.iter().any(|node| self.node(node, at, groups, go_on)),
            Node::Group(group, node) => {
                let old = groups[*group];
                let found = self.node(node, at, groups, &mut |attempt, end, groups| {
                    let old = groups[*group].replace((at, end));
                    let found = go_on(attempt, end, groups);
                    if !found {
                        groups[*group] = old;
                    }
                    found
                });
                if !found {
                    groups[*group] = old;
                }
                found
            }
            Node::Not(node) => {
                let mut inner = groups.clone();
                !self.node(node, at, &mut inner, &mut |_, _, _| true) && go_on(self, at, groups)
            }
            Node::Repeat(repeat) => self.repeat(repeat, repeat.min, repeat.max, at, groups, go_on),
        }
    }

    fn concat(
        &mut self,
        nodes: &[Node],
        at: usize,
        groups: &mut Groups,
        go_on: Continue<'_>,
    ) -> bool {
        match nodes.split_first() {
            None => go_on(self, at, groups),
            Some((first, rest)) => self.node(first, at, groups, &mut |attempt, at, groups| {
                attempt.concat(rest, at, groups, go_on)
            }),
        }
    }

    /// `RepeatMatcher`.
    fn repeat(
        &mut self,
        repeat: &super::syntax::tree::Repeat,
        min: u32,
        max: Option<u32>,
        at: usize,
        groups: &mut Groups,
        go_on: Continue<'_>,
    ) -> bool {
        if max == Some(0) {
            return go_on(self, at, groups);
        }
        if min == 0 && !repeat.greedy && go_on(self, at, groups) {
            return true;
        }
        let before = groups.clone();
        groups[repeat.groups.clone()].fill(None);
        let found = self.node(&repeat.node, at, groups, &mut |attempt, end, groups| {
            if min == 0 && end == at {
                return false;
            }
            let less = max.map(|max| max - 1);
            attempt.repeat(repeat, min.saturating_sub(1), less, end, groups, go_on)
        });
        if found {
            return true;
        }
        groups.clone_from(&before);
        min == 0 && repeat.greedy && go_on(self, at, groups)
    }

    fn character(&self, at: usize) -> Option<(u32, usize)> {
        let rest = self.text.get(at..)?;
        let &first = rest.first()?;
        if self.encoding == Encoding::Latin1 {
            return Some((first.into(), 1));
        }
        let len = len_at(self.text, at, self.encoding);
        let one = std::str::from_utf8(rest.get(..len)?).ok()?.chars().next()?;
        Some((one.into(), len))
    }

    fn kind(&self, character: Option<(u32, usize)>, is_edge: bool) -> Kind {
        match character {
            _ if is_edge => Kind::Edge,
            Some((0x2028 | 0x2029, _)) => Kind::Line,
            Some((0x17F | 0x212A, _)) if self.encoding == Encoding::Utf8 => Kind::Folded,
            Some((code, _)) => u8::try_from(code).map_or(Kind::Other, Kind::of_byte),
            None => Kind::Other,
        }
    }

    fn holds(&self, assert: Assert, at: usize) -> bool {
        let before = (1..=4.min(at)).find_map(|back| {
            let found = self.character(at - back)?;
            (found.1 == back).then_some(found)
        });
        let before = self.kind(before, at == 0);
        let after = self.kind(self.character(at), at == self.text.len());
        assert.holds(before, after)
    }
}

/// The ways that a search can be forced to take; `many`: many matches are asked for at a time.
pub const WAYS: [&str; 10] = [
    "plain",
    "starts",
    "lines",
    "bits",
    "parts",
    "many starts",
    "many bits",
    "events",
    "many events",
    "guarded",
];

/// The way of this name.
fn choice(way: &str) -> Choice {
    match way.strip_prefix("many ").unwrap_or(way) {
        "plain" => Choice::Plain,
        "starts" => Choice::Starts,
        "bits" => Choice::Bits,
        "events" => Choice::Events,
        _ => Choice::Lines,
    }
}

/// A search in one way.
fn forced(pattern: &Pattern, way: &str, haystack: &[u8]) -> Option<Scan> {
    let search = pattern.scan(0, haystack.len());
    match way {
        "guarded" => search.guarded(),
        "parts" => search.in_parts(),
        _ => search.forced(choice(way)),
    }
}

/// How many matches are counted in one way, in steps of `budget` bytes; `None` if the pattern does not have that way.
pub fn count_by(pattern: &Pattern, way: &str, haystack: &[u8], budget: usize) -> Option<usize> {
    let mut search = forced(pattern, way, haystack)?;
    let mut count = 0;
    while !search.count(haystack, budget, &mut count) {}
    Some(count)
}

/// All matches found in one way, in steps of `budget` bytes; `None` if the pattern does not have that way.
pub fn all_by(pattern: &Pattern, way: &str, haystack: &[u8], budget: usize) -> Option<Vec<Span>> {
    let one = way.strip_prefix("many ");
    let mut search = forced(pattern, way, haystack)?;
    let mut found = Vec::new();
    loop {
        if one.is_some() {
            let limit = found.len() + 2 + found.len() % 7;
            if search.fill(haystack, budget, &mut found, limit) == Progress::Done {
                return Some(found);
            }
            continue;
        }
        match search.step(haystack, budget) {
            Step::Match(span) => found.push(span),
            Step::More => {}
            Step::Done => return Some(found),
        }
    }
}

/// The match that starts last, found in one way in steps of `budget` bytes; the outer `None` if the pattern does not have
/// that way.
pub fn last_by(
    pattern: &Pattern,
    way: &str,
    haystack: &[u8],
    budget: usize,
) -> Option<Option<Span>> {
    let search = ReverseScan::new(pattern, 0, haystack.len());
    let mut search = match way {
        "plain" => search.plain(),
        "starts" => search.forced(Choice::Starts, haystack)?,
        "lines" => search.forced(Choice::Lines, haystack)?,
        "bits" => search.forced(Choice::Bits, haystack)?,
        _ => return None,
    };
    loop {
        match search.step(haystack, budget) {
            Step::Match(span) => return Some(Some(span)),
            Step::More => {}
            Step::Done => return Some(None),
        }
    }
}

/// Random numbers by xorshift.
#[derive(Clone, Debug)]
pub struct Random(pub u64);

impl Random {
    /// A random number below `n`.
    pub fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 11).unwrap_or(0) % n
    }

    fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())]
    }

    /// A random source and its flags.
    pub fn pattern(&mut self) -> (String, String) {
        let mut flags = String::new();
        for flag in ["i", "m", "s", "u"] {
            if self.below(3) == 0 {
                flags.push_str(flag);
            }
        }
        let mut source = self.disjunction(2);
        if self.below(6) == 0 {
            source.push_str(self.pick(&["(?=", "(?!"]));
            source.push_str(&self.disjunction(1));
            source.push(')');
        }
        (source, flags)
    }

    fn disjunction(&mut self, depth: usize) -> String {
        let mut source = self.alternative(depth);
        while self.below(4) == 0 {
            source.push('|');
            source.push_str(&self.alternative(depth));
        }
        source
    }

    fn alternative(&mut self, depth: usize) -> String {
        let mut source = String::new();
        for _ in 0..self.below(5) {
            if self.below(9) == 0 {
                source.push_str(self.pick(&["^", "$", r"\b", r"\B"]));
                continue;
            }
            if depth > 0 && self.below(4) == 0 {
                let open = self.pick(&["(", "(?:", "(?i:", "(?m:"]);
                source.push_str(open);
                source.push_str(&self.disjunction(depth - 1));
                source.push(')');
            } else {
                source.push_str(self.pick(ATOMS));
            }
            let quantifier = self.pick(&[
                "", "", "", "", "*", "+", "?", "{2}", "{0,2}", "{1,}", "{2,3}",
            ]);
            source.push_str(quantifier);
            if !quantifier.is_empty() && self.below(3) == 0 {
                source.push('?');
            }
        }
        source
    }

    /// A random text over a small alphabet.
    pub fn text(&mut self, most: usize) -> Vec<u8> {
        let alphabet: &[&[u8]] = self.pick(ALPHABETS);
        let mut text = Vec::new();
        for _ in 0..self.below(most + 1) {
            let one = self.pick(alphabet);
            text.extend_from_slice(one);
        }
        text
    }
}

const ATOMS: &[&str] = &[
    "a",
    "b",
    "c",
    "ab",
    "k",
    "s",
    "1",
    "_",
    " ",
    "-",
    ".",
    r"\d",
    r"\w",
    r"\s",
    r"\W",
    r"\S",
    "[ab]",
    "[^a]",
    "[^]",
    r"[^\n]",
    "[a-c]",
    "é",
    "ſ",
    "K",
    r"\n",
    r"\r",
    r"\u2028",
    r"[^\u2028]",
    "😀",
    "ß",
];

const ALPHABETS: &[&[&[u8]]] = &[
    &[b"a", b"b"],
    &[b"a", b"b", b"c", b"A"],
    &[b"a", b"b", b"\n"],
    &[b"a", b"\r", b"\n", b" ", b"1", b"_"],
    &[b"s", b"k", b"\xC5\xBF", b"\xE2\x84\xAA", b" ", b"a"],
    &[b"a", b"\xE2\x80\xA8", b"\xE2\x80\xA9", b"\n", b"\r"],
    &[b"a", b"\xC3\xA9", b"\xF0\x9F\x98\x80", b"b"],
    &[b"a", b"\xC3", b"\xA9", b"\xE2\x80", b"\xA8", b"\xFF", b"b"],
];
