//! Finds the groups of a match in one pass, where each byte leaves one way through the program.
//!
//! After `[0-9]+` a digit can only be one more digit, and a dot only what follows the group. Most patterns are like
//! that at most places. So each place that a read leads to becomes a state, with a row of entries: for each class of
//! bytes the next state, and what to write to the slots on the way there. An entry is computed when it is first
//! needed. If a byte leaves two ways, or an assertion decides that is not the end of a line, this module does not
//! answer, and `groups` finds the way by trying.
//!
//! What it answers is what trying finds. A way that the next byte rules out is one that trying gives up. A way that
//! ends before the match does is none, because the search has found where the preferred way ends.

use super::groups::{NOWHERE, Slot, Window};
use super::lazy::Seen;
use super::program::{Instruction, Place, Program};
use super::symbols::{EDGE, Symbol, kind};
use crate::pattern::bits::is_ascii;
use crate::pattern::syntax::tree::{Assert, Kind};
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

/// What a symbol leads to: where the next state's entries begin, and above these bits the number of the list of actions
/// before it; or one of the two below.
type Entry = u32;

const LIST: u32 = 16;

/// It was not needed yet.
const UNKNOWN: Entry = Entry::MAX;

/// No way, several, or one that depends on an assertion.
const UNSURE: Entry = Entry::MAX - 1;

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
        // Where there is only ASCII, nothing is read as a whole.
        if self.vain >= PATIENCE || program.whole.any() && !is_ascii(window.text) {
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
            // What each match begins with holds, as there is a match.
            let mut start = program.start;
            while let Instruction::Assert(_, next) = program.instructions[start as usize] {
                start = next;
            }
            self.state(program, start)?;
        }
        let (mut at, mut row) = (window.start, 0);
        let text = window.text.get(..window.end)?;
        loop {
            let (read, state, entry) =
                skim(&self.table, &program.classes.bytes, text.get(at..)?, row);
            (at, row) = (at + read, state);
            let Some(&byte) = text.get(at) else {
                break;
            };
            let entry = if entry < UNSURE {
                entry
            } else {
                self.follow(program, row, byte.into())?
            };
            self.write(entry, at, slots);
            (at, row) = (at + 1, row_of(entry));
        }
        let entry = self.follow(program, row, EDGE)?;
        self.write(entry, window.end, slots);
        *slots.get_mut(0)? = window.start;
        *slots.get_mut(1)? = window.end;
        Some(())
    }

    /// The entry of a state, whose entries begin at `row`, for a symbol. `None` if there is no such way.
    fn follow(&mut self, program: &Program, row: usize, symbol: Symbol) -> Option<Entry> {
        let index = row + program.classes.of(symbol);
        let mut entry = *self.table.get(index)?;
        if entry == UNKNOWN {
            entry = self.explore(program, row / program.classes.len(), symbol)?;
            self.table[index] = entry;
        }
        (entry != UNSURE).then_some(entry)
    }

    /// Does what an entry's list says before the symbol at `at` is read.
    fn write(&self, entry: Entry, at: usize, slots: &mut [Slot]) {
        for action in &self.lists[(entry >> LIST) as usize] {
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
    }

    /// The entry of a state for a symbol. `None` if there is no room for it.
    fn explore(&mut self, program: &Program, state: usize, symbol: Symbol) -> Option<Entry> {
        self.seen.clear(program.instructions.len());
        self.path.clear();
        self.pending.clear();
        self.pending.push((self.places[state], 0));
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
                                return Some(UNSURE);
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
                    Instruction::Assert(Assert::LineEnd | Assert::End, _)
                        if kind(symbol) != Kind::Line && symbol != EDGE =>
                    {
                        break;
                    }
                    // It holds where it is on the only way that is left to the end.
                    Instruction::Assert(_, next)
                        if symbol == EDGE && found.is_none() && self.pending.is_empty() =>
                    {
                        next
                    }
                    Instruction::Assert(..) => return Some(UNSURE),
                    Instruction::Match(_) | Instruction::Look(..) | Instruction::Fail => break,
                };
            }
        }
        let Some((place, path)) = found else {
            return Some(UNSURE);
        };
        let next = self.state(program, place)?;
        // The first list is empty.
        let list = if path.is_empty() {
            0
        } else {
            self.lists.push(path);
            u32::try_from(self.lists.len() - 1).ok()?
        };
        Some(next | list << LIST)
    }

    /// Where the entries of a place begin. `None` if there is no room for them.
    fn state(&mut self, program: &Program, place: Place) -> Option<u32> {
        let len = program.classes.len();
        if let Some(state) = self.places.iter().position(|known| *known == place) {
            return u32::try_from(state * len).ok();
        }
        let row = self.table.len();
        if row + len > LARGEST {
            self.vain = PATIENCE;
            return None;
        }
        self.table.resize(row + len, UNKNOWN);
        self.places.push(place);
        u32::try_from(row).ok()
    }
}

/// Where the entries of the state begin that an entry leads to.
fn row_of(entry: Entry) -> usize {
    (entry & ((1 << LIST) - 1)) as usize
}

/// Reads bytes as long as there is nothing to write. Returns how many that were, the state behind them, and the entry for
/// the byte that follows. It is a function of its own so that the state stays in a register.
#[inline(never)]
fn skim(
    table: &[Entry],
    classes: &[u8; 256],
    text: &[u8],
    mut row: usize,
) -> (usize, usize, Entry) {
    for (at, &byte) in text.iter().enumerate() {
        let entry = table.get(row + usize::from(classes[usize::from(byte)]));
        let entry = entry.copied().unwrap_or(UNSURE);
        if entry >> LIST != 0 {
            return (at, row, entry);
        }
        row = entry as usize;
    }
    (text.len(), row, UNKNOWN)
}
