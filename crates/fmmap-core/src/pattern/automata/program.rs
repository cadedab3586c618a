//! A pattern as a program: a nondeterministic automaton over bytes, after Thompson.
//!
//! The lazy automata compute their states from it, and the groups of a match are found by running it. It is built
//! from its end: a part is compiled once it is known what follows it. For an automaton that reads backward, "what
//! follows" is what stands before.

use super::characters::{END, Spelling};
use super::classes::Classes;
use super::symbols::{Symbol, Whole};
use crate::hash::Map;
use crate::pattern::Encoding;
use crate::pattern::syntax::set::Set;
use crate::pattern::syntax::tree::{Assert, Kind, Repeat};
use crate::pattern::syntax::{Construct, Node, Refusal};
use std::rc::Rc;

/// A place in a program.
pub(crate) type Place = u32;

/// One instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Instruction {
    /// Reads one symbol, and goes on along any of these edges that accept it.
    Read { first: u32, last: u32 },
    /// Goes on at both places, and prefers the first.
    Fork(Place, Place),
    /// Goes on if the assertion holds here.
    Assert(Assert, Place),
    /// Goes on if the lookahead of this number holds here. The search decides it.
    Look(u32, Place),
    /// Notes where a group starts or, in the next slot, where it ends.
    Save(u32, Place),
    /// Clears slots, from the first up to and without the second.
    Clear(u32, u32, Place),
    /// This pattern matches.
    Match(u32),
    /// A place from which nothing matches.
    Fail,
}

/// An edge for the symbols from `first` to `last`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Edge {
    pub(crate) first: Symbol,
    pub(crate) last: Symbol,
    pub(crate) to: Place,
}

/// The direction in which a program reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    Forward,
    Backward,
}

/// The most instructions that a program may have.
const LARGEST: usize = 400_000;

#[derive(Clone, Debug)]
pub(crate) struct Program {
    pub(crate) instructions: Vec<Instruction>,
    pub(crate) edges: Vec<Edge>,
    pub(crate) start: Place,
    pub(crate) way: Way,
    pub(crate) whole: Whole,
    pub(crate) has_assertions: bool,
    /// Which kinds of characters the assertions tell from all others.
    tells: [bool; Kind::ALL.len()],
    pub(crate) has_looks: bool,
    pub(crate) classes: Classes,
}

/// An alternative of a pattern without the lookahead behind it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bare<'n> {
    pub(crate) node: &'n Node,
    pub(crate) pattern: usize,
    /// The number of the lookahead.
    pub(crate) look: Option<usize>,
}

impl Program {
    /// What the assertions know about a character of this kind.
    pub(crate) fn told(&self, kind: Kind) -> Kind {
        if self.tells[kind as usize] {
            kind
        } else {
            Kind::Other
        }
    }

    /// The program of several patterns. If two match from the same place, the first is preferred.
    pub(crate) fn new(
        patterns: &[&Node],
        encoding: Encoding,
        way: Way,
        with_groups: bool,
    ) -> Result<Self, Refusal> {
        let whole = Whole::of(patterns.iter().copied(), encoding);
        let mut compiler = Compiler::new(encoding, whole, way, with_groups);
        if !with_groups
            && patterns.len() > 1
            && let Some(needles) = super::needles::literals(patterns)
        {
            let start = compiler.needles(&needles)?;
            return Ok(compiler.finish(start));
        }
        let mut start = None;
        for (pattern, node) in patterns.iter().enumerate().rev() {
            // Backward, all that matters is where a match of any pattern starts.
            let pattern = if way == Way::Forward {
                place(pattern)
            } else {
                0
            };
            let end = compiler.push(Instruction::Match(pattern))?;
            let one = compiler.node(node, end)?;
            start = Some(match start {
                None => one,
                Some(others) => compiler.push(Instruction::Fork(one, others))?,
            });
        }
        let start = match start {
            Some(start) => start,
            None => compiler.push(Instruction::Fail)?,
        };
        Ok(compiler.finish(start))
    }

    /// The program of alternatives whose lookaheads are decided by the search.
    pub(crate) fn bare(
        alternatives: &[Bare<'_>],
        encoding: Encoding,
        whole: Whole,
        way: Way,
    ) -> Result<Self, Refusal> {
        let mut compiler = Compiler::new(encoding, whole, way, false);
        let mut places = Vec::with_capacity(alternatives.len());
        for Bare {
            node,
            pattern,
            look,
        } in alternatives
        {
            let is_forward = way == Way::Forward;
            let mut at = compiler.push(Instruction::Match(if is_forward {
                place(*pattern)
            } else {
                0
            }))?;
            if let Some(look) = look.filter(|_| is_forward) {
                at = compiler.push(Instruction::Look(place(look), at))?;
            }
            at = compiler.node(node, at)?;
            if let Some(look) = look.filter(|_| !is_forward) {
                at = compiler.push(Instruction::Look(place(look), at))?;
            }
            places.push(at);
        }
        let start = compiler.fork(&places)?;
        Ok(compiler.finish(start))
    }

    /// The program of a lookahead, from its end to its start.
    pub(crate) fn lookahead(
        node: &Node,
        encoding: Encoding,
        whole: Whole,
    ) -> Result<Self, Refusal> {
        let bare = Bare {
            node,
            pattern: 0,
            look: None,
        };
        Self::bare(&[bare], encoding, whole, Way::Backward)
    }

    /// Whether the same program with groups is small enough, however many of them each character has around it.
    pub(crate) fn has_room_for_groups(&self) -> bool {
        self.instructions.len() + self.edges.len() < LARGEST / 256
    }

    pub(crate) fn edges(&self, first: u32, last: u32) -> &[Edge] {
        &self.edges[first as usize..last as usize]
    }
}

pub(super) struct Compiler {
    encoding: Encoding,
    whole: Whole,
    pub(super) way: Way,
    with_groups: bool,
    instructions: Vec<Instruction>,
    edges: Vec<Edge>,
    spellings: Map<Set, Rc<Spelling>>,
    /// The position of the quantifier that is being compiled, for the error if the program gets too large.
    at: usize,
}

type Answer<T> = Result<T, Refusal>;

impl Compiler {
    fn new(encoding: Encoding, whole: Whole, way: Way, with_groups: bool) -> Self {
        Self {
            encoding,
            whole,
            way,
            with_groups,
            instructions: Vec::new(),
            edges: Vec::new(),
            spellings: Map::default(),
            at: 0,
        }
    }

    pub(super) fn refusal(&self) -> Refusal {
        Refusal::new(Construct::Size, self.at)
    }

    pub(super) fn push(&mut self, instruction: Instruction) -> Answer<Place> {
        if self.instructions.len() + self.edges.len() >= LARGEST {
            return Err(self.refusal());
        }
        self.instructions.push(instruction);
        Ok(place(self.instructions.len() - 1))
    }

    pub(super) fn read(&mut self, edges: &[Edge]) -> Answer<Place> {
        let first = place(self.edges.len());
        self.edges.extend_from_slice(edges);
        let last = place(self.edges.len());
        self.push(Instruction::Read { first, last })
    }

    /// Reserves a place that is filled in later.
    pub(super) fn reserve(&mut self) -> Answer<Place> {
        self.push(Instruction::Fail)
    }

    pub(super) fn set_at(&mut self, at: Place, instruction: Instruction) {
        self.instructions[at as usize] = instruction;
    }

    /// A place that goes on at any of these, earlier ones preferred.
    pub(super) fn fork(&mut self, places: &[Place]) -> Answer<Place> {
        let Some((&last, others)) = places.split_last() else {
            return self.push(Instruction::Fail);
        };
        let mut to = last;
        for &place in others.iter().rev() {
            to = self.push(Instruction::Fork(place, to))?;
        }
        Ok(to)
    }

    /// The program of a single part, for code that explores it.
    pub(super) fn part(&self, node: &Node) -> Answer<Program> {
        let mut compiler = Self::new(self.encoding, self.whole, Way::Forward, false);
        compiler.at = self.at;
        let end = compiler.push(Instruction::Match(0))?;
        let start = compiler.node(node, end)?;
        Ok(compiler.finish(start))
    }

    /// Compiles a node that goes on at `next`, and returns the place of its start.
    fn node(&mut self, node: &Node, next: Place) -> Answer<Place> {
        match node {
            Node::Empty => Ok(next),
            Node::Fail => self.push(Instruction::Fail),
            Node::Set(set) => self.set(set, next),
            Node::Bytes(bytes) => {
                let mut next = next;
                for at in 0..bytes.len() {
                    let at = if self.way == Way::Forward {
                        bytes.len() - 1 - at
                    } else {
                        at
                    };
                    let byte = Symbol::from(bytes[at]);
                    next = self.read(&[edge(byte, byte, next)])?;
                }
                Ok(next)
            }
            Node::Concat(nodes) => {
                let mut next = next;
                if self.way == Way::Forward {
                    for node in nodes.iter().rev() {
                        next = self.node(node, next)?;
                    }
                } else {
                    for node in nodes {
                        next = self.node(node, next)?;
                    }
                }
                Ok(next)
            }
            Node::Either(nodes) => {
                let mut places = Vec::with_capacity(nodes.len());
                for node in nodes {
                    places.push(self.node(node, next)?);
                }
                self.fork(&places)
            }
            Node::Group(group, node) => {
                if !self.with_groups {
                    return self.node(node, next);
                }
                let slot = place(2 * group);
                let end = self.push(Instruction::Save(slot + 1, next))?;
                let inside = self.node(node, end)?;
                self.push(Instruction::Save(slot, inside))
            }
            Node::Repeat(repeat) => self.repeat(repeat, next),
            Node::Assert(assert) => self.push(Instruction::Assert(*assert, next)),
            Node::Not(node) => self.complement(node, next),
        }
    }

    fn repeat(&mut self, repeat: &Repeat, next: Place) -> Answer<Place> {
        let outer = std::mem::replace(&mut self.at, repeat.at);
        let start = self.iterations(repeat, next);
        self.at = outer;
        start
    }

    fn iterations(&mut self, repeat: &Repeat, next: Place) -> Answer<Place> {
        let fork = |iteration: Place, next: Place| {
            if repeat.greedy {
                Instruction::Fork(iteration, next)
            } else {
                Instruction::Fork(next, iteration)
            }
        };
        let mut to = next;
        if let Some(max) = repeat.max {
            for _ in repeat.min..max {
                let iteration = self.iteration(repeat, to)?;
                to = self.push(fork(iteration, next))?;
            }
        } else {
            let again = self.reserve()?;
            let iteration = self.iteration(repeat, again)?;
            self.set_at(again, fork(iteration, next));
            to = again;
        }
        for _ in 0..repeat.min {
            let iteration = self.iteration(repeat, to)?;
            if iteration == to {
                // Further iterations would match the empty string again.
                break;
            }
            to = iteration;
        }
        Ok(to)
    }

    /// One iteration, which begins with its groups unset.
    fn iteration(&mut self, repeat: &Repeat, next: Place) -> Answer<Place> {
        let start = self.node(&repeat.node, next)?;
        if !self.with_groups || repeat.groups.is_empty() {
            return Ok(start);
        }
        let slots = (place(2 * repeat.groups.start), place(2 * repeat.groups.end));
        self.push(Instruction::Clear(slots.0, slots.1, start))
    }

    fn set(&mut self, set: &Set, next: Place) -> Answer<Place> {
        let encoding = self.encoding;
        let spelling = self.spellings.entry(set.clone());
        let spelling = spelling.or_insert_with(|| Rc::new(Spelling::new(set, encoding)));
        let spelling = Rc::clone(spelling);
        let mut whole: Vec<Edge> = Vec::new();
        for (code, symbol) in self.whole.codes() {
            if set.has(code) {
                whole.push(edge(symbol, symbol, next));
            }
        }
        if self.way == Way::Forward {
            self.spelled(&spelling, &whole, next)
        } else {
            self.spelled_backward(&spelling, &whole, next)
        }
    }

    fn spelled(&mut self, spelling: &Spelling, whole: &[Edge], next: Place) -> Answer<Place> {
        let mut places = vec![next];
        for (node, arrows) in spelling.nodes.iter().enumerate().skip(1) {
            // The arrows of a node lead to nodes before it in the list.
            let mut edges: Vec<Edge> = arrows
                .iter()
                .map(|&(first, last, to)| edge(first.into(), last.into(), places[to]))
                .collect();
            if node == spelling.first() {
                edges.extend_from_slice(whole);
            }
            places.push(self.read(&edges)?);
        }
        Ok(places[spelling.first()])
    }

    /// The same with each arrow reversed.
    fn spelled_backward(
        &mut self,
        spelling: &Spelling,
        whole: &[Edge],
        next: Place,
    ) -> Answer<Place> {
        let count = spelling.nodes.len();
        let mut into: Vec<Vec<(u8, u8, usize)>> = vec![Vec::new(); count];
        for (node, arrows) in spelling.nodes.iter().enumerate() {
            for &(first, last, to) in arrows {
                into[to].push((first, last, node));
            }
        }
        let mut places = vec![next; count];
        for (node, arrows) in into.iter().enumerate().rev().skip(1) {
            let mut edges: Vec<Edge> = arrows
                .iter()
                .map(|&(first, last, from)| edge(first.into(), last.into(), places[from]))
                .collect();
            if node == END {
                edges.extend_from_slice(whole);
            }
            places[node] = self.read(&edges)?;
        }
        Ok(places[END])
    }

    fn finish(self, start: Place) -> Program {
        let has_assertions = self
            .instructions
            .iter()
            .any(|instruction| matches!(instruction, Instruction::Assert(..)));
        let mut tells = [false; Kind::ALL.len()];
        for instruction in &self.instructions {
            if let Instruction::Assert(assert, _) = instruction {
                for kind in Kind::ALL {
                    tells[kind as usize] |= assert.tells(kind);
                }
            }
        }
        let has_looks = self
            .instructions
            .iter()
            .any(|instruction| matches!(instruction, Instruction::Look(..)));
        let classes = Classes::new(&self.edges, has_assertions);
        Program {
            instructions: self.instructions,
            edges: self.edges,
            start,
            way: self.way,
            whole: self.whole,
            has_assertions,
            tells,
            has_looks,
            classes,
        }
    }
}

pub(super) fn edge(first: Symbol, last: Symbol, to: Place) -> Edge {
    Edge { first, last, to }
}

/// No program is that large.
#[expect(clippy::cast_possible_truncation, reason = "below LARGEST")]
pub(super) fn place(index: usize) -> Place {
    index as Place
}
