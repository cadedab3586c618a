//! Finds the groups of a match in one pass, where each byte leaves one way through the program.
//!
//! After `[0-9]+` a digit can only be one more digit, and a dot only what follows the group. Most patterns are like
//! that at most places. So each place that a read leads to becomes a state, with a row of entries: for each class of
//! bytes the next state, and what to write to the slots on the way there. An entry is computed when it is first
//! needed. If a byte leaves two ways, or an assertion decides, this module does not answer, and `groups` finds the way
//! by trying.
//!
//! What it answers is what trying finds. A way that the next byte rules out is one that trying gives up. A way that
//! ends before the match does is none, because the search has found where the preferred way ends.

use super::groups::{NOWHERE, Slot, Window};
use super::lazy::Seen;
use super::program::{Instruction, Place, Program};
use super::symbols::{EDGE, Symbol};
use std::ops::Range;

/// The most entries of a table.
const LARGEST: usize = 1 << 14;

/// After so many matches without an answer it gives up, unless there were as many answers.
const PATIENCE: u32 = 32;

/// What is written to the slots between two bytes.
#[derive(Clone, Debug)]
enum Action {
    Save(usize),
    Clear(Range<usize>),
}

/// What a byte leads to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Entry {
    #[default]
    Unknown,
    /// No way, several, or one that depends on an assertion.
    Unsure,
    /// A state, and the number of the list of actions before it.
    Way(u16, u16),
}

/// The states of a program that were needed so far.
#[derive(Debug, Default)]
pub(crate) struct OnePass {
    /// The place of each state.
    places: Vec<Place>,
    /// The entries of all states, a row each: one for each class of symbols, and so one for the end of the match.
    table: Vec<Entry>,
    lists: Vec<Vec<Action>>,
    /// How often there was no answer, less how often there was one.
    vain: u32,
    seen: Seen,
    pending: Vec<(Place, usize)>,
    path: Vec<Action>,
}

impl OnePass {
    /// Writes where groups start and end to `slots`, the whole match first. Returns false if the groups have to be
    /// found in another way.
    pub(crate) fn groups(
        &mut self,
        program: &Program,
        window: Window<'_>,
        slots: &mut [Slot],
    ) -> bool {
        if self.vain >= PATIENCE || program.whole.any() {
            return false;
        }
        let is_found = self.run(program, window, slots).is_some();
        self.vain = if is_found {
            self.vain.saturating_sub(1)
        } else {
            self.vain + 1
        };
        is_found
    }

    fn run(&mut self, program: &Program, window: Window<'_>, slots: &mut [Slot]) -> Option<()> {
        slots.fill(NOWHERE);
        if self.places.is_empty() {
            self.lists.push(Vec::new());
            self.state(program, program.start)?;
        }
        let mut state = 0;
        for at in window.start..window.end {
            let symbol = Symbol::from(*window.text.get(at)?);
            state = self.follow(program, state, symbol, at, slots)?;
        }
        self.follow(program, state, EDGE, window.end, slots)?;
        *slots.get_mut(0)? = window.start;
        *slots.get_mut(1)? = window.end;
        Some(())
    }

    /// Goes on from a state by a symbol, and returns the next state.
    #[inline]
    fn follow(
        &mut self,
        program: &Program,
        state: u16,
        symbol: Symbol,
        at: usize,
        slots: &mut [Slot],
    ) -> Option<u16> {
        let index = usize::from(state) * program.classes.len() + program.classes.of(symbol);
        let entry = match self.table.get(index).copied()? {
            Entry::Unknown => {
                let entry = self.explore(program, state, symbol)?;
                self.table[index] = entry;
                entry
            }
            known => known,
        };
        let Entry::Way(next, list) = entry else {
            return None;
        };
        for action in &self.lists[usize::from(list)] {
            match action {
                Action::Save(slot) => {
                    if let Some(slot) = slots.get_mut(*slot) {
                        *slot = at;
                    }
                }
                Action::Clear(cleared) => {
                    let end = cleared.end.min(slots.len());
                    slots[cleared.start.min(end)..end].fill(NOWHERE);
                }
            }
        }
        Some(next)
    }

    /// The entry of a state for a symbol. `None` if there is no room for it.
    fn explore(&mut self, program: &Program, state: u16, symbol: Symbol) -> Option<Entry> {
        self.seen.clear(program.instructions.len());
        self.path.clear();
        self.pending.clear();
        self.pending.push((self.places[usize::from(state)], 0));
        let mut found = None;
        while let Some((mut place, len)) = self.pending.pop() {
            self.path.truncate(len);
            while self.seen.insert(place) {
                place = match program.instructions[place as usize] {
                    Instruction::Read { first, last } => {
                        let edges = program.edges(first, last).iter();
                        for edge in edges.filter(|edge| edge.first <= symbol && symbol <= edge.last)
                        {
                            if found.replace((edge.to, self.path.clone())).is_some() {
                                return Some(Entry::Unsure);
                            }
                        }
                        break;
                    }
                    Instruction::Match(_) if symbol == EDGE => {
                        // At the end no way but to here is left, and the first is preferred.
                        found = found.or_else(|| Some((program.start, self.path.clone())));
                        break;
                    }
                    Instruction::Fork(first, second) => {
                        self.pending.push((second, self.path.len()));
                        first
                    }
                    Instruction::Save(slot, next) => {
                        self.path.push(Action::Save(slot as usize));
                        next
                    }
                    Instruction::Clear(from, to, next) => {
                        self.path.push(Action::Clear(from as usize..to as usize));
                        next
                    }
                    Instruction::Assert(..) => return Some(Entry::Unsure),
                    Instruction::Match(_) | Instruction::Look(..) | Instruction::Fail => break,
                };
            }
        }
        let Some((place, path)) = found else {
            return Some(Entry::Unsure);
        };
        let next = self.state(program, place)?;
        // The first list is empty.
        let list = if path.is_empty() {
            0
        } else {
            self.lists.push(path);
            u16::try_from(self.lists.len() - 1).ok()?
        };
        Some(Entry::Way(next, list))
    }

    /// The state of a place. `None` if there is no room for another one.
    fn state(&mut self, program: &Program, place: Place) -> Option<u16> {
        if let Some(state) = self.places.iter().position(|known| *known == place) {
            return u16::try_from(state).ok();
        }
        let room = self.table.len() + program.classes.len();
        if room > LARGEST {
            self.vain = PATIENCE;
            return None;
        }
        self.table.resize(room, Entry::Unknown);
        self.places.push(place);
        u16::try_from(self.places.len() - 1).ok()
    }
}
