//! Patterns: regular expressions with ECMAScript's meaning, and lists of needles, searched for in the bytes of a
//! mapping.
//!
//! ```
//! use fmmap_core::pattern::{Flags, Needle, Options, Pattern};
//!
//! let source: Vec<u16> = r"(\w+)@(\w+)".encode_utf16().collect();
//! let needle = Needle::RegExp { source: &source, flags: Flags::new("") };
//! let pattern = Pattern::new(&[needle], &Options::default(), &mut |_| None)?;
//! let haystack = b"mail ann@home or bob@work";
//! let found = pattern.find(haystack, 0).unwrap();
//! assert_eq!((found.start, found.end), (5, 13));
//! let captures = pattern.captures(haystack, found);
//! assert_eq!(captures.bytes(1), Some(&b"ann"[..]));
//! # Ok::<(), fmmap_core::pattern::Refusal>(())
//! ```
//!
//! # Meaning
//!
//! A RegExp means what it means in JavaScript with the flag u, whatever its flags: characters are code points. Offsets
//! are bytes. Bytes that are not UTF-8 match nothing, not even `.` or a negated class; with [`Encoding::Latin1`] a byte
//! is the character of its number.
//!
//! # How
//!
//! `syntax` parses a source to a tree. `automata` compiles the tree to a program, and computes states of the program
//! when they are needed. `scan` runs a haystack through these states, and decides while it does so which faster way it
//! takes: candidates that `filter` finds, or the rows of `bits`. `needles` searches for lists of strings, mostly
//! without such a program. `captures` finds the groups of a match, and `lines` the lines that have one. `pool` keeps
//! the memory of a search for the next one. `guarded` is a pattern with its lookaheads apart.
//!
//! # Complexity
//!
//! One search takes O(n * m) time for a haystack of n bytes and a program of m instructions, and so does finding all
//! matches. In practice it is nearly always O(n).
//!
//! # Haystacks that others write
//!
//! As in [`search`](crate::search), nothing that was read is used as an index without a check, except a byte as an
//! index into a table of 256.

mod automata;
mod bits;
mod captures;
mod filter;
mod guarded;
mod lines;
mod needles;
mod pool;
mod scan;
mod syntax;
#[cfg(any(test, feature = "testing"))]
#[doc(hidden)]
pub mod testing;
#[cfg(test)]
mod tests;

use automata::lazy::{Automaton, Prefer};
use automata::program::{Program, Way};
use automata::table::Table;
use bits::Eventful;
use filter::Plan;
use guarded::Guarded;
use needles::List;
use pool::{Caches, Pool};
use std::sync::{Arc, OnceLock};
use syntax::tree::Assert;
use syntax::{Node, set::Set};

pub use captures::{Capturer, Captures};
pub use lines::{Line, LineScan, LineStep};
pub use scan::{Progress, ReverseScan, Scan, Span, Step};
pub use syntax::{Construct, Flags, Members, Refusal, properties};

/// How the bytes of a haystack are read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Encoding {
    /// UTF-8.
    #[default]
    Utf8,
    /// Each byte is the character of its number.
    Latin1,
}

/// What is looked for.
#[derive(Clone, Copy, Debug)]
pub enum Needle<'a> {
    /// Exactly these bytes.
    Bytes(&'a [u8]),
    /// What a RegExp with this source, in UTF-16 code units, matches.
    RegExp {
        /// The text between the slashes.
        source: &'a [u16],
        /// The letters behind the slashes.
        flags: Flags,
    },
}

/// How needles are read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// What the haystack's bytes are.
    pub encoding: Encoding,
    /// Whether case is ignored in bytes and in all RegExps, whatever their flags.
    pub ignore_case: bool,
}

/// A pattern, prepared for any number of searches in any number of threads. Clones share everything.
#[derive(Clone, Debug)]
pub struct Pattern(Arc<Inner>);

#[derive(Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a fact of its own about the pattern"
)]
struct Inner {
    encoding: Encoding,
    forward: Automaton,
    backward: Automaton,
    parts: Vec<Part>,
    /// The needles, if all are strings. The automata and the parts are those of no needle then.
    list: Option<List>,
    /// The length of a match in bytes, if all matches have the same length.
    fixed_len: Option<usize>,
    /// The length of the longest match in bytes, if there is a limit.
    longest: Option<usize>,
    has_tail: bool,
    /// Where the matches of each part with a lookahead end, as far as it is known.
    ends: Vec<Option<End>>,
    /// The pattern with its lookaheads apart, made when it is first needed; `None` if that is too large.
    guarded: OnceLock<Option<Guarded>>,
    /// The pattern as a lookahead, made when it is first needed; `None` if that is too large.
    starts: OnceLock<Option<Pattern>>,
    /// How it is searched for by its events, made when that is first considered; `None` if that is not possible.
    eventful: OnceLock<Option<Box<Eventful>>>,
    is_nullable: bool,
    is_everywhere: bool,
    begins_inside: bool,
    is_sticky: bool,
    starts_at_start: bool,
    ends_at_end: bool,
    may_have_newline: bool,
    plan: Plan,
    pool: Pool,
}

/// One of the needles.
#[derive(Debug)]
struct Part {
    node: Node,
    groups: usize,
    names: Vec<(String, usize)>,
    tail: Option<usize>,
    /// Made when groups are first asked for.
    program: OnceLock<Option<Program>>,
    /// The same without the lookahead.
    bare: OnceLock<Option<Program>>,
}

/// Where a match ends that has a lookahead behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// So many bytes behind its start.
    Behind(usize),
    /// So many bytes before the end of what the lookahead reads.
    Before(usize),
    /// One character before that, unless the haystack ends there and the lookahead may have read nothing.
    BeforeCharacter { may_be_none: bool },
}

impl Part {
    /// Where a match ends, if its bytes need not be read once more for that.
    fn end(&self, encoding: Encoding) -> Option<End> {
        self.tail?;
        let all = guarded::alternatives(&self.node, self.tail);
        let (nodes, seen): (Vec<&Node>, Vec<Option<&Node>>) = all.into_iter().unzip();
        if let Some(len) = fixed_len(&nodes, encoding) {
            return Some(End::Behind(len));
        }
        let seen = seen.into_iter().collect::<Option<Vec<&Node>>>()?;
        let may_be_none = seen.iter().any(|node| matches!(node, Node::Not(_)));
        let is_character = seen.iter().all(|node| match node {
            Node::Not(node) => matches!(**node, Node::Set(_)),
            node => matches!(node, Node::Set(_)),
        });
        let before = fixed_len(&seen, encoding).map(End::Before);
        before.or_else(|| is_character.then_some(End::BeforeCharacter { may_be_none }))
    }

    /// Whether a match can be empty.
    fn is_nullable(&self) -> bool {
        let mut all = guarded::alternatives(&self.node, self.tail).into_iter();
        all.any(|(node, _)| node.is_nullable())
    }

    /// Whether a match has places that the search doesn't say.
    fn has_groups(&self) -> bool {
        self.groups > 0 || self.tail.is_some()
    }

    /// The part as a lookahead that reads what its own one reads too. `None` if its own one is negative.
    fn ahead(&self) -> Option<Self> {
        let tail = self.groups + 1;
        let node = |(node, seen): (&Node, Option<&Node>)| {
            let node = match node {
                Node::Group(group, own) if Some(*group) == self.tail => own,
                node => node,
            };
            match seen {
                Some(Node::Not(_)) => None,
                Some(seen) => Some(Node::concat(vec![node.clone(), seen.clone()])),
                None => Some(node.clone()),
            }
        };
        let nodes: Option<Vec<Node>> = guarded::alternatives(&self.node, self.tail)
            .into_iter()
            .map(node)
            .collect();
        Some(Self {
            node: syntax::ahead(&Node::either(nodes?), tail),
            groups: self.groups,
            names: Vec::new(),
            tail: Some(tail),
            program: OnceLock::new(),
            bare: OnceLock::new(),
        })
    }

    /// The part without its lookahead, if that is all that groups depend on.
    fn bare(&self) -> Option<&Node> {
        match *guarded::alternatives(&self.node, self.tail).as_slice() {
            [(node, Some(seen))] => {
                let is_group = |node: &Node| matches!(node, Node::Group(..));
                (!seen.any(&mut |node| is_group(node))).then_some(node)
            }
            _ => None,
        }
    }
}

impl Pattern {
    /// Prepares a search for any of the needles. If two match from the same place, the first in the list wins.
    ///
    /// `members` returns the characters of the properties that [`properties`] has named.
    ///
    /// # Errors
    ///
    /// [`Refusal`], for syntax that this engine does not support.
    pub fn new(
        needles: &[Needle<'_>],
        options: &Options,
        members: &mut dyn FnMut(&str) -> Option<Members>,
    ) -> Result<Self, Refusal> {
        Self::with_list(
            needles,
            *options,
            members,
            List::new(needles, *options, needles::MANY),
        )
    }

    pub(crate) fn with_list(
        needles: &[Needle<'_>],
        options: Options,
        members: &mut dyn FnMut(&str) -> Option<Members>,
        list: Option<List>,
    ) -> Result<Self, Refusal> {
        let Options {
            encoding,
            ignore_case,
        } = options;
        let needles = if list.is_some() { &[] } else { needles };
        let mut parts = Vec::with_capacity(needles.len());
        let mut sticky = 0;
        for (index, needle) in needles.iter().enumerate() {
            parts.push(match *needle {
                Needle::Bytes(bytes) => Part {
                    node: literal(bytes, encoding, ignore_case),
                    groups: 0,
                    names: Vec::new(),
                    tail: None,
                    program: OnceLock::new(),
                    bare: OnceLock::new(),
                },
                Needle::RegExp { source, mut flags } => {
                    flags.ignore_case |= ignore_case;
                    sticky += usize::from(flags.sticky);
                    let parsed = syntax::parse(source, flags, members)
                        .map_err(|refusal| refusal.in_needle(index))?;
                    Part {
                        node: parsed.node,
                        groups: parsed.groups,
                        names: parsed.names,
                        tail: parsed.tail,
                        program: OnceLock::new(),
                        bare: OnceLock::new(),
                    }
                }
            });
        }
        if sticky > 0 && sticky < needles.len() {
            return Err(Refusal::new(Construct::Sticky, 0));
        }
        Self::assembled(parts, list, encoding, sticky > 0)
    }

    fn assembled(
        parts: Vec<Part>,
        list: Option<List>,
        encoding: Encoding,
        is_sticky: bool,
    ) -> Result<Self, Refusal> {
        let nodes: Vec<&Node> = parts.iter().map(|part| &part.node).collect();
        let forward = Program::new(&nodes, encoding, Way::Forward, false)?;
        let backward = Program::new(&nodes, encoding, Way::Backward, false)?;
        if !forward.has_room_for_groups() {
            // What is too large with its groups is refused now, too.
            for part in parts.iter().filter(|part| part.has_groups()) {
                let program = Program::new(&[&part.node], encoding, Way::Forward, true)?;
                part.program.get_or_init(|| Some(program));
            }
        }
        let has_tail = parts.iter().any(|part| part.tail.is_some());
        let may_have_newline = match &list {
            Some(list) => list.has_newline(),
            None => nodes.iter().any(|node| node.may_have_newline()),
        };
        Ok(Self(Arc::new(Inner {
            encoding,
            forward: Automaton::new(forward, Prefer::First),
            backward: Automaton::new(backward, Prefer::All),
            fixed_len: fixed_len(&nodes, encoding).filter(|_| !has_tail),
            longest: nodes
                .iter()
                .map(|node| node.lengths(encoding).1)
                .try_fold(0, |most, next| Some(most.max(next?))),
            has_tail,
            ends: parts.iter().map(|part| part.end(encoding)).collect(),
            guarded: OnceLock::new(),
            starts: OnceLock::new(),
            eventful: OnceLock::new(),
            is_everywhere: nodes.iter().any(|node| node.is_everywhere()),
            is_nullable: parts.iter().any(Part::is_nullable),
            begins_inside: nodes.iter().any(|node| node.begins_inside()),
            is_sticky,
            starts_at_start: !nodes.is_empty()
                && nodes.iter().all(|node| node.starts_with(Assert::Start)),
            ends_at_end: matches!(*nodes, [node] if node.ends_with(Assert::End)) && !has_tail,
            may_have_newline,
            plan: Plan::new(&nodes, encoding, !may_have_newline && !has_tail, has_tail),
            pool: Pool::default(),
            parts,
            list,
        })))
    }

    /// The first match that starts at or after `from`.
    pub fn find(&self, haystack: &[u8], mut from: usize) -> Option<Span> {
        if let Some(list) = self.list() {
            return list.find(haystack, from).map(Span::from);
        }
        match scan::first(self, haystack, &mut from) {
            Step::Match(span) => return Some(span),
            Step::More => {}
            Step::Done => return None,
        }
        let mut search = self.scan(from, haystack.len());
        loop {
            match search.step(haystack, usize::MAX) {
                Step::Match(span) => return Some(span),
                Step::More => {}
                Step::Done => return None,
            }
        }
    }

    /// How many matches there are that start at or after `from`.
    pub fn count(&self, haystack: &[u8], mut from: usize) -> usize {
        let mut count = 0;
        if scan::count(self, haystack, &mut from, &mut count) == Progress::Done {
            return count;
        }
        let mut search = self.scan(from, haystack.len());
        while !search.count(haystack, usize::MAX, &mut count) {}
        count
    }

    /// The match that starts last, at or after `from`.
    pub fn rfind(&self, haystack: &[u8], from: usize) -> Option<Span> {
        if let Some(list) = self.list() {
            return list.rfind(haystack, from).map(Span::from);
        }
        let mut search = ReverseScan::new(self, from, haystack.len());
        loop {
            match search.step(haystack, usize::MAX) {
                Step::Match(span) => return Some(span),
                Step::More => {}
                Step::Done => return None,
            }
        }
    }

    /// All matches in `[from, stop)`, step by step.
    pub fn scan(&self, from: usize, stop: usize) -> Scan {
        Scan::new(self, from, stop)
    }

    /// The number of groups of a needle, without the whole match.
    pub fn groups(&self, pattern: usize) -> usize {
        self.0.parts.get(pattern).map_or(0, |part| part.groups)
    }

    /// The names of its groups, with their numbers.
    pub fn names(&self, pattern: usize) -> &[(String, usize)] {
        self.0.parts.get(pattern).map_or(&[], |part| &part.names)
    }

    /// How many needles there are.
    pub fn len(&self) -> usize {
        self.0.list.as_ref().map_or(self.0.parts.len(), List::len)
    }

    /// Whether there are no needles: such a pattern never matches.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What the haystack's bytes are.
    pub fn encoding(&self) -> Encoding {
        self.0.encoding
    }

    /// Whether a match must start exactly where the search does.
    pub fn is_sticky(&self) -> bool {
        self.0.is_sticky
    }

    /// Whether a match can start only where the haystack does.
    pub(crate) fn starts_at_start(&self) -> bool {
        self.0.starts_at_start
    }

    /// Whether a match can end only where the haystack does.
    pub(crate) fn ends_at_end(&self) -> bool {
        self.0.ends_at_end
    }

    /// Whether a match, or what a lookahead behind it reads, may contain a newline. If not, a haystack can be
    /// searched in pieces that end behind newlines.
    pub fn may_have_newline(&self) -> bool {
        self.0.may_have_newline
    }

    /// The needles, if all are strings.
    pub(crate) fn list(&self) -> Option<&List> {
        self.0.list.as_ref()
    }

    /// The bytes that every match is, if the pattern says nothing else.
    pub(crate) fn literal(&self) -> Option<&[u8]> {
        let is_alone = !self.may_have_newline() && !self.has_tail() && !self.is_sticky();
        self.plan().literal().filter(|_| is_alone)
    }

    pub(crate) fn plan(&self) -> &Plan {
        &self.0.plan
    }

    pub(crate) fn forward(&self) -> &Automaton {
        &self.0.forward
    }

    pub(crate) fn backward(&self) -> &Automaton {
        &self.0.backward
    }

    pub(crate) fn fixed_len(&self) -> Option<usize> {
        self.0.fixed_len
    }

    pub(crate) fn longest(&self) -> Option<usize> {
        self.0.longest
    }

    pub(crate) fn has_tail(&self) -> bool {
        self.0.has_tail
    }

    /// Whether a match can be empty.
    pub(crate) fn is_nullable(&self) -> bool {
        self.0.is_nullable
    }

    /// Whether a match can begin inside of a character.
    pub(crate) fn begins_inside(&self) -> bool {
        self.0.begins_inside
    }

    /// The pattern with its lookaheads apart, if it has any.
    pub(crate) fn guarded(&self) -> Option<&Guarded> {
        if !self.has_tail() {
            return None;
        }
        let whole = self.forward().program.whole;
        let make = || Guarded::new(&self.0.parts, self.encoding(), whole).ok();
        self.0.guarded.get_or_init(make).as_ref()
    }

    /// A pattern that matches the empty string wherever this one matches, if this one has no negative lookahead. All
    /// its matches together take linear time, even if each match of this one reads to the end.
    pub(crate) fn starts(&self) -> Option<&Self> {
        // An empty match inside of a character is none.
        if self.is_sticky() || self.begins_inside() || self.list().is_some() {
            return None;
        }
        let make = || {
            let parts: Option<Vec<Part>> = self.0.parts.iter().map(Part::ahead).collect();
            Self::assembled(parts?, None, self.encoding(), false).ok()
        };
        self.0.starts.get_or_init(make).as_ref()
    }

    /// How the pattern is searched for by its events, if it can be.
    pub(crate) fn eventful(&self) -> Option<&Eventful> {
        let make = || {
            let [part] = self.0.parts.as_slice() else {
                return None;
            };
            let node = (part.tail.is_none() && !self.is_sticky()).then_some(&part.node)?;
            let table = Table::new(node, self.encoding(), &self.forward().program)?;
            Some(Box::new(Eventful::new(table)))
        };
        self.0.eventful.get_or_init(make).as_deref()
    }

    pub(crate) fn tail(&self, pattern: usize) -> Option<usize> {
        self.0.parts.get(pattern)?.tail
    }

    /// Where a match with a lookahead ends, if that is known.
    pub(crate) fn end(&self, pattern: usize) -> Option<End> {
        self.0.ends.get(pattern).copied().flatten()
    }

    /// The program by which groups are found.
    pub(crate) fn group_program(&self, pattern: usize) -> Option<&Program> {
        let part = self.0.parts.get(pattern)?;
        let make = || Program::new(&[&part.node], self.0.encoding, Way::Forward, true).ok();
        part.program.get_or_init(make).as_ref()
    }

    /// Whether the groups of a match are known from its own bytes, without those of the lookahead.
    pub(crate) fn has_near_groups(&self, pattern: usize) -> bool {
        let part = self.0.parts.get(pattern);
        part.is_some_and(|part| part.bare().is_some())
    }

    /// The program by which they are found.
    pub(crate) fn bare_program(&self, pattern: usize) -> Option<&Program> {
        let part = self.0.parts.get(pattern)?;
        let make = || Program::new(&[part.bare()?], self.0.encoding, Way::Forward, true).ok();
        part.bare.get_or_init(make).as_ref()
    }

    pub(crate) fn take_caches(&self) -> Box<Caches> {
        self.0.pool.take(&self.0.forward, &self.0.backward)
    }

    pub(crate) fn give_back(&self, caches: Box<Caches>) {
        self.0.pool.give_back(caches);
    }
}

/// A literal as a tree.
fn literal(bytes: &[u8], encoding: Encoding, ignore_case: bool) -> Node {
    if !ignore_case {
        return Node::Bytes(bytes.to_vec());
    }
    let folded = |code: u32| Node::Set(Set::one(code).folded(true));
    if encoding == Encoding::Latin1 {
        return Node::concat(bytes.iter().map(|&byte| folded(byte.into())).collect());
    }
    let mut nodes = Vec::new();
    for chunk in bytes.utf8_chunks() {
        nodes.extend(chunk.valid().chars().map(|one| folded(one.into())));
        if !chunk.invalid().is_empty() {
            nodes.push(Node::Bytes(chunk.invalid().to_vec()));
        }
    }
    Node::concat(nodes)
}

/// A number of bytes, or of anything else that is subtracted from what a step may spend.
fn signed(number: usize) -> isize {
    isize::try_from(number).unwrap_or(isize::MAX)
}

/// The length of all matches, if they have the same.
fn fixed_len(nodes: &[&Node], encoding: Encoding) -> Option<usize> {
    let mut lengths = nodes.iter().map(|node| node.lengths(encoding));
    let (least, most) = lengths.next()?;
    let is_fixed = most == Some(least) && lengths.all(|other| other == (least, most));
    is_fixed.then_some(least)
}
