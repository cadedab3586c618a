//! Finds the groups of one match.
//!
//! The automata find where a match is, and forget how they got there. So the bytes of the match are read once more,
//! by running the program itself. Short matches use backtracking, with a bit for each pair of instruction and place,
//! so that none is visited twice. Longer matches use Pike's machine, which follows all paths at once. Both take
//! O(program * match) time.

use super::lazy::Seen;
use super::program::{Instruction, Place, Program};
use super::symbols::kind;

/// The bytes of a match, and as many on each side as assertions look at.
///
/// It is a copy: others may write to the haystack meanwhile, and all answers about a match must come from one
/// reading.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Window<'t> {
    pub(crate) text: &'t [u8],
    /// Where the match starts in the text.
    pub(crate) start: usize,
    pub(crate) end: usize,
    /// Whether the match has to end where the window does.
    pub(crate) is_whole: bool,
}

/// The bytes that a window has on each side: those of the longest character.
pub(crate) const MARGIN: usize = 4;

/// Where a group starts or ends in the window's text; [`NOWHERE`] if it has not matched.
pub(crate) type Slot = usize;

/// The slot of a group that has not matched.
pub(crate) const NOWHERE: Slot = usize::MAX;

/// The most bits that backtracking uses.
const FEW: usize = 1 << 18;

/// Memory that is reused from match to match.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    visited: Vec<u64>,
    stack: Vec<Step>,
    threads: [Threads; 2],
    seen: Seen,
    pending: Vec<Step>,
    current: Vec<Slot>,
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Try(Place, usize),
    Restore(usize, Slot),
}

/// Threads in order of preference, each with its own slots.
#[derive(Debug, Default)]
struct Threads {
    places: Vec<Place>,
    slots: Vec<Slot>,
}

/// Writes where groups start and end to `slots`, the whole match first. Returns false if nothing matches there, which
/// only happens if somebody has written to the haystack meanwhile.
pub(crate) fn groups(
    program: &Program,
    window: Window<'_>,
    scratch: &mut Scratch,
    slots: &mut [Slot],
) -> bool {
    slots.fill(NOWHERE);
    let places = window.end - window.start + 1;
    let bits = program.instructions.len().saturating_mul(places);
    let found = if bits <= FEW {
        backtrack(program, window, scratch, slots, bits)
    } else {
        pike(program, window, scratch, slots)
    };
    let Some(end) = found else {
        return false;
    };
    slots[0] = window.start;
    slots[1] = end;
    true
}

/// Whether an assertion holds at a place.
fn holds(
    program: &Program,
    window: Window<'_>,
    assert: crate::pattern::syntax::tree::Assert,
    at: usize,
) -> bool {
    let before = program.whole.before(window.text, at).0;
    let after = program.whole.at(window.text, at).0;
    assert.holds(kind(before), kind(after))
}

/// Where a read goes on, and after how many bytes. A program that reads forward has at most one such edge.
fn read(
    program: &Program,
    window: Window<'_>,
    first: u32,
    last: u32,
    at: usize,
) -> Option<(Place, usize)> {
    if at >= window.end {
        return None;
    }
    let (symbol, len) = program.whole.at(window.text, at);
    let edges = program.edges(first, last);
    let edge = edges
        .iter()
        .find(|edge| edge.first <= symbol && symbol <= edge.last)?;
    Some((edge.to, at + len))
}

fn backtrack(
    program: &Program,
    window: Window<'_>,
    scratch: &mut Scratch,
    slots: &mut [Slot],
    bits: usize,
) -> Option<usize> {
    let Scratch { visited, stack, .. } = scratch;
    visited.clear();
    visited.resize(bits.div_ceil(64), 0);
    stack.clear();
    stack.push(Step::Try(program.start, window.start));
    let places = window.end - window.start + 1;
    while let Some(step) = stack.pop() {
        let (mut place, mut at) = match step {
            Step::Try(place, at) => (place, at),
            Step::Restore(slot, old) => {
                slots[slot] = old;
                continue;
            }
        };
        loop {
            let bit = place as usize * places + (at - window.start);
            let word = &mut visited[bit / 64];
            if *word >> (bit % 64) & 1 == 1 {
                break;
            }
            *word |= 1 << (bit % 64);
            place = match program.instructions[place as usize] {
                Instruction::Read { first, last } => match read(program, window, first, last, at) {
                    Some((to, after)) if after <= window.end => {
                        at = after;
                        to
                    }
                    _ => break,
                },
                Instruction::Fork(first, second) => {
                    stack.push(Step::Try(second, at));
                    first
                }
                Instruction::Assert(assert, next) => {
                    if !holds(program, window, assert, at) {
                        break;
                    }
                    next
                }
                Instruction::Save(slot, next) => {
                    if let Some(slot_value) = slots.get_mut(slot as usize) {
                        stack.push(Step::Restore(slot as usize, *slot_value));
                        *slot_value = at;
                    }
                    next
                }
                Instruction::Clear(from, to, next) => {
                    for slot in from as usize..(to as usize).min(slots.len()) {
                        if slots[slot] != NOWHERE {
                            stack.push(Step::Restore(slot, slots[slot]));
                            slots[slot] = NOWHERE;
                        }
                    }
                    next
                }
                Instruction::Match(_) if window.is_whole && at < window.end => break,
                Instruction::Match(_) => return Some(at),
                Instruction::Look(..) | Instruction::Fail => break,
            };
        }
    }
    None
}

fn pike(
    program: &Program,
    window: Window<'_>,
    scratch: &mut Scratch,
    slots: &mut [Slot],
) -> Option<usize> {
    let count = slots.len();
    let Scratch {
        threads,
        seen,
        pending,
        current,
        ..
    } = scratch;
    let [now, next] = threads;
    now.clear();
    next.clear();
    current.clear();
    current.resize(count, NOWHERE);
    let mut machine = Follow {
        program,
        window,
        seen,
        pending,
        count,
    };
    machine.seen.clear(program.instructions.len());
    machine.follow(program.start, window.start, current, now);
    let mut found = None;
    let mut at = window.start;
    while !now.places.is_empty() {
        let (_, len) = program.whole.at(window.text, at);
        machine.seen.clear(program.instructions.len());
        next.clear();
        for (thread, &place) in now.places.iter().enumerate() {
            let own = &now.slots[thread * count..(thread + 1) * count];
            match program.instructions[place as usize] {
                Instruction::Match(_) if window.is_whole && at < window.end => {}
                Instruction::Match(_) => {
                    slots.copy_from_slice(own);
                    found = Some(at);
                    break;
                }
                Instruction::Read { first, last } => {
                    if let Some((to, after)) = read(program, window, first, last, at) {
                        current.clear();
                        current.extend_from_slice(own);
                        machine.follow(to, after, current, next);
                    }
                }
                _ => {}
            }
        }
        std::mem::swap(now, next);
        at += len.max(1);
        if at > window.end {
            break;
        }
    }
    found
}

impl Threads {
    fn clear(&mut self) {
        self.places.clear();
        self.slots.clear();
    }
}

struct Follow<'a> {
    program: &'a Program,
    window: Window<'a>,
    seen: &'a mut Seen,
    pending: &'a mut Vec<Step>,
    count: usize,
}

impl Follow<'_> {
    /// Adds the threads that a place leads to without reading a byte, with their slots.
    fn follow(&mut self, place: Place, at: usize, slots: &mut [Slot], threads: &mut Threads) {
        self.pending.clear();
        self.pending.push(Step::Try(place, at));
        while let Some(step) = self.pending.pop() {
            let mut place = match step {
                Step::Try(place, _) => place,
                Step::Restore(slot, old) => {
                    slots[slot] = old;
                    continue;
                }
            };
            while self.seen.insert(place) {
                match self.program.instructions[place as usize] {
                    Instruction::Fork(first, second) => {
                        self.pending.push(Step::Try(second, at));
                        place = first;
                    }
                    Instruction::Save(slot, next) => {
                        let slot = slot as usize;
                        if slot < self.count {
                            self.pending.push(Step::Restore(slot, slots[slot]));
                            slots[slot] = at;
                        }
                        place = next;
                    }
                    Instruction::Clear(from, to, next) => {
                        let cleared = slots.iter_mut().enumerate().skip(from as usize);
                        for (slot, value) in cleared.take((to - from) as usize) {
                            self.pending.push(Step::Restore(slot, *value));
                            *value = NOWHERE;
                        }
                        place = next;
                    }
                    Instruction::Assert(assert, next) => {
                        if !holds(self.program, self.window, assert, at) {
                            break;
                        }
                        place = next;
                    }
                    Instruction::Read { .. } | Instruction::Match(_) => {
                        threads.places.push(place);
                        threads.slots.extend_from_slice(slots);
                        break;
                    }
                    Instruction::Look(..) | Instruction::Fail => break,
                }
            }
        }
    }
}
