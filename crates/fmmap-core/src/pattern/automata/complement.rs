//! Negative lookaheads as a part of a program: they hold where something does not match.
//!
//! All states of what must not match are explored in advance. The lookahead holds on each path through these states
//! that never reaches a match: it leads to a state after which no match is possible, or to the end of the text.

use super::lazy::{Automaton, Cache, DEAD, Prefer, State, TAG};
use super::program::{Compiler, Edge, Instruction, Place, Way, edge};
use super::symbols::{EDGE, SYMBOLS, Symbol};
use crate::hash::Map;
use crate::pattern::syntax::tree::{Assert, Kind};
use crate::pattern::syntax::{Node, Refusal};

/// The most states that a lookahead may have.
const MOST: usize = 2_000;

/// The transitions of a state.
#[derive(Default)]
struct Out {
    /// Transitions to other states.
    ways: Vec<(Symbol, Symbol, usize)>,
    /// Transitions to where no match can follow.
    free: Vec<(Symbol, Symbol)>,
    /// Whether there is no match if the text ends here.
    may_end: bool,
}

struct Explored {
    states: Vec<Out>,
    /// The first state, depending on what stands before it.
    starts: Vec<(Option<Kind>, Option<usize>)>,
}

impl Compiler {
    /// Adds the part of a program that goes on at `next` where `node` does not match, and returns its place.
    pub(super) fn complement(&mut self, node: &Node, next: Place) -> Result<Place, Refusal> {
        let Some(explored) = explore(self, node)? else {
            return Err(self.refusal());
        };
        match self.way {
            Way::Forward => self.through(&explored, next),
            Way::Backward => self.back_through(&explored, next),
        }
    }

    fn through(&mut self, explored: &Explored, next: Place) -> Result<Place, Refusal> {
        let mut places = Vec::with_capacity(explored.states.len());
        for _ in &explored.states {
            places.push(self.reserve()?);
        }
        for (state, &at) in explored.states.iter().zip(&places) {
            let mut edges: Vec<Edge> = Vec::new();
            edges.extend(state.ways.iter().map(|&(a, b, to)| edge(a, b, places[to])));
            edges.extend(state.free.iter().map(|&(a, b)| edge(a, b, next)));
            let read = self.read(&edges)?;
            let end = if state.may_end {
                self.push(Instruction::Assert(Assert::End, next))?
            } else {
                self.push(Instruction::Fail)?
            };
            self.set_at(at, Instruction::Fork(read, end));
        }
        let mut starts = Vec::new();
        for &(kind, state) in &explored.starts {
            // If no match can ever follow, there is nothing to check.
            let to = state.map_or(next, |state| places[state]);
            starts.push(match kind {
                Some(kind) => self.push(Instruction::Assert(Assert::After(kind), to))?,
                None => to,
            });
        }
        self.fork(&starts)
    }

    /// The same for a program that reads backward: `next` is what stands before.
    fn back_through(&mut self, explored: &Explored, next: Place) -> Result<Place, Refusal> {
        let mut into: Vec<Vec<(Symbol, Symbol, usize)>> = vec![Vec::new(); explored.states.len()];
        let mut places = Vec::with_capacity(explored.states.len());
        for (state, out) in explored.states.iter().enumerate() {
            places.push(self.reserve()?);
            for &(first, last, to) in &out.ways {
                into[to].push((first, last, state));
            }
        }
        let mut entries = Vec::new();
        for (state, out) in explored.states.iter().enumerate() {
            let edges: Vec<Edge> = into[state]
                .iter()
                .map(|&(first, last, from)| edge(first, last, places[from]))
                .collect();
            let mut ways = vec![self.read(&edges)?];
            for &(kind, start) in &explored.starts {
                if start == Some(state) {
                    ways.push(match kind {
                        Some(kind) => self.push(Instruction::Assert(Assert::After(kind), next))?,
                        None => next,
                    });
                }
            }
            let to = self.fork(&ways)?;
            // A place that is filled in later can't be a copy of another, so it forks to the other.
            let fail = self.reserve()?;
            self.set_at(places[state], Instruction::Fork(to, fail));
            if out.may_end {
                entries.push(self.push(Instruction::Assert(Assert::End, places[state]))?);
            }
            let free: Vec<Edge> = out
                .free
                .iter()
                .map(|&(a, b)| edge(a, b, places[state]))
                .collect();
            if !free.is_empty() {
                entries.push(self.read(&free)?);
            }
        }
        for &(kind, start) in &explored.starts {
            if start.is_none() {
                entries.push(match kind {
                    Some(kind) => self.push(Instruction::Assert(Assert::After(kind), next))?,
                    None => next,
                });
            }
        }
        self.fork(&entries)
    }
}

/// Explores all states of a part; `None` if there are too many.
fn explore(compiler: &Compiler, node: &Node) -> Result<Option<Explored>, Refusal> {
    let program = compiler.part(node)?;
    let asserts = program.has_assertions;
    let mut automaton = Automaton::new(program, Prefer::First);
    automaton.memory = usize::MAX;
    let mut cache = automaton.cache();
    let mut known: Map<State, usize> = Map::default();
    let mut queue: Vec<State> = Vec::new();
    let mut starts = Vec::new();
    let kinds: Vec<Option<Kind>> = if asserts {
        Kind::ALL.map(Some).to_vec()
    } else {
        vec![None]
    };
    let mut number = |state: State, queue: &mut Vec<State>| {
        *known.entry(state).or_insert_with(|| {
            queue.push(state);
            queue.len() - 1
        })
    };
    for kind in kinds {
        let state = automaton.start(&mut cache, kind.unwrap_or(Kind::Other), true);
        let state = (state != DEAD).then(|| number(state, &mut queue));
        starts.push((kind, state));
    }
    let mut states: Vec<Out> = Vec::new();
    while states.len() < queue.len() {
        if queue.len() > MOST {
            return Ok(None);
        }
        let state = queue[states.len()];
        let mut out = Out {
            may_end: automaton.next(&mut cache, state, EDGE) & TAG == 0
                || automaton.next(&mut cache, state, EDGE) == DEAD,
            ..Out::default()
        };
        for symbol in (0..SYMBOLS).filter(|&symbol| symbol != EDGE) {
            let to = next(&automaton, &mut cache, state, symbol);
            match to {
                Some(DEAD) => extend(&mut out.free, symbol),
                Some(to) => {
                    let to = number(to, &mut queue);
                    match out.ways.last_mut() {
                        Some(way) if way.2 == to && way.1 + 1 == symbol => way.1 = symbol,
                        _ => out.ways.push((symbol, symbol, to)),
                    }
                }
                None => {}
            }
        }
        states.push(out);
    }
    Ok(Some(Explored { states, starts }))
}

/// The state behind a symbol; `None` if there was a match before it.
fn next(automaton: &Automaton, cache: &mut Cache, state: State, symbol: Symbol) -> Option<State> {
    let to = automaton.next(cache, state, symbol);
    (to == DEAD || to & TAG == 0).then_some(to)
}

fn extend(ranges: &mut Vec<(Symbol, Symbol)>, symbol: Symbol) {
    match ranges.last_mut() {
        Some(range) if range.1 + 1 == symbol => range.1 = symbol,
        _ => ranges.push((symbol, symbol)),
    }
}
