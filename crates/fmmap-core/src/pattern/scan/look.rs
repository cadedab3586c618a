//! Decides whether a lookahead holds, for one place after the other, so that all places together take linear time.
//!
//! An automaton that reads the haystack backward knows at each place whether what is looked for begins there. Reading
//! backward from the haystack's end would take too long if an answer is near. So it begins at a place a little
//! ahead, twice: once as if nothing that begins before this place ended behind it, and once as if anything could. Where
//! both are in the same state, the answers from there on are certain. If they don't meet in time, they begin farther
//! ahead.
//!
//! The answers of a block are kept as bits. Behind it, states are noted at a few places, from which other blocks are
//! read when they are needed: at most [`NOTES`] for each factor of so many by which the distance exceeds a block.

use super::text;
use crate::pattern::automata::lazy::Key;
use crate::pattern::automata::run::{Ahead, Run};
use crate::pattern::automata::{Automaton, Cache};
use crate::pattern::signed;

/// The most places that are noted at once.
const NOTES: usize = 256;

/// How many bytes an instruction counts as when a state is computed.
const INSTRUCTION: isize = 8;

#[derive(Debug)]
enum Task {
    None,
    /// Two runs, of which one expects too little and one too much. They may meet before `limit`.
    Join {
        at: usize,
        few: Key,
        many: Key,
        limit: usize,
    },
    /// A run that notes its state at places that are `spacing` apart, counted from `base`.
    Note {
        run: Run,
        base: usize,
        spacing: usize,
    },
    /// A run that notes its answers down to `base`, after which they are known up to `until`.
    Fill {
        run: Run,
        base: usize,
        until: usize,
    },
}

/// How much is done at once.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sizes {
    /// How many places have their answers kept.
    block: usize,
    /// How many bytes are read between two comparisons of the states; less than a block.
    part: usize,
}

impl Sizes {
    pub(super) const USUAL: Self = Self {
        block: 64 << 10,
        part: 256,
    };

    /// So little that short haystacks need all of it.
    #[cfg(any(test, feature = "testing"))]
    pub(super) const SMALL: Self = Self { block: 16, part: 3 };
}

/// The answers for one lookahead.
#[derive(Debug)]
pub(super) struct Look {
    sizes: Sizes,
    cache: Cache,
    /// The length of the haystack to which they belong.
    len: usize,
    bits: Vec<u64>,
    /// The bits are those of the places from here on, and before there.
    from: usize,
    until: usize,
    /// Places in which the state is known, the nearest last.
    notes: Vec<(usize, Key)>,
    /// How far ahead two runs begin.
    size: usize,
    task: Task,
}

impl Look {
    pub(super) fn new(automaton: &Automaton, sizes: Sizes) -> Self {
        Self {
            sizes,
            cache: automaton.cache(),
            len: 0,
            bits: Vec::new(),
            from: 0,
            until: 0,
            notes: Vec::new(),
            size: sizes.block,
            task: Task::None,
        }
    }

    /// Whether what is looked for begins at a place; `None` if `left` is used up before that is known.
    pub(super) fn begins(
        &mut self,
        automaton: &Automaton,
        haystack: &[u8],
        at: usize,
        left: &mut isize,
    ) -> Option<bool> {
        if self.len != haystack.len() {
            self.len = haystack.len();
            self.notes.clear();
            (self.from, self.until) = (0, 0);
            self.task = Task::None;
        }
        loop {
            if self.from <= at && at < self.until {
                let bit = at - self.from;
                return Some(self.bits[bit / 64] >> (bit % 64) & 1 == 1);
            }
            if *left < 0 {
                return None;
            }
            self.go_on(automaton, haystack, at, left);
        }
    }

    fn go_on(&mut self, automaton: &Automaton, haystack: &[u8], at: usize, left: &mut isize) {
        let work = self.cache.work;
        match std::mem::replace(&mut self.task, Task::None) {
            Task::None => self.begin(automaton, haystack, at),
            Task::Join {
                at,
                few,
                many,
                limit,
            } => self.join(automaton, haystack, (at, &few, &many, limit), left),
            Task::Note { run, base, spacing } => {
                self.note(automaton, haystack, run, (base, spacing), left);
            }
            Task::Fill { run, base, until } => {
                self.fill(automaton, haystack, run, (base, until), left);
            }
        }
        *left -= signed(self.cache.work - work) * INSTRUCTION + 1;
    }

    fn begin(&mut self, automaton: &Automaton, haystack: &[u8], at: usize) {
        while self.notes.last().is_some_and(|(place, _)| *place < at) {
            self.notes.pop();
        }
        if let Some((place, key)) = self.notes.last() {
            let run = Run {
                state: automaton.restore(&mut self.cache, key),
                at: *place,
                found: None,
            };
            let distance = place - at;
            self.task = if distance < self.sizes.block {
                self.bits.clear();
                self.bits.resize(distance / 64 + 1, 0);
                (self.from, self.until) = (0, 0);
                Task::Fill {
                    run,
                    base: at,
                    until: place + 1,
                }
            } else {
                Task::Note {
                    run,
                    base: at,
                    spacing: distance
                        .div_ceil(NOTES)
                        .max(self.sizes.block - self.sizes.part),
                }
            };
            return;
        }
        let mut ahead = haystack.len().min(at.saturating_add(self.size));
        // An assertion has to see the whole of a character.
        while !text::is_boundary(haystack, ahead, crate::pattern::Encoding::Utf8) {
            ahead += 1;
        }
        let behind = text::after(haystack, ahead, automaton.program.whole);
        let few = automaton.start(&mut self.cache, behind, false);
        let few = self.cache.key(few).clone();
        if ahead == haystack.len() {
            self.notes.push((ahead, few));
            return;
        }
        let many = automaton.anywhere(&mut self.cache, behind);
        self.task = Task::Join {
            at: ahead,
            few,
            many: self.cache.key(many).clone(),
            limit: at + (ahead - at) / 2,
        };
    }

    fn join(
        &mut self,
        automaton: &Automaton,
        haystack: &[u8],
        (at, few, many, limit): (usize, &Key, &Key, usize),
        left: &mut isize,
    ) {
        let until = limit.max(at.saturating_sub(self.sizes.part));
        let (at_few, few) = self.back(automaton, haystack, (at, few), until, left);
        let (at, many) = self.back(automaton, haystack, (at, many), until, left);
        // They have read the same bytes, unless somebody has written to them.
        if few == many && at == at_few {
            self.notes.push((at, few));
            self.size = (self.size / 2).max(self.sizes.block);
        } else if at <= limit || at != at_few {
            self.size = self.size.saturating_mul(2);
        } else {
            self.task = Task::Join {
                at,
                few,
                many,
                limit,
            };
        }
    }

    /// Reads down to a place, or to the begin of the character that lies across it.
    fn back(
        &mut self,
        automaton: &Automaton,
        haystack: &[u8],
        (at, state): (usize, &Key),
        until: usize,
        left: &mut isize,
    ) -> (usize, Key) {
        let mut run = Run {
            state: automaton.restore(&mut self.cache, state),
            at,
            found: None,
        };
        while run.at > until {
            self.step(automaton, haystack, &mut run, until, false, left);
        }
        (run.at, self.cache.key(run.state).clone())
    }

    /// Reads some symbols, which end behind `until`.
    fn step(
        &mut self,
        automaton: &Automaton,
        haystack: &[u8],
        run: &mut Run,
        until: usize,
        until_found: bool,
        left: &mut isize,
    ) {
        let whole = automaton.program.whole;
        let near = if whole.any() && until < run.at {
            Ahead::before(whole, haystack, run.at, until)
        } else {
            until
        };
        if near < run.at {
            run.backward(
                automaton,
                &mut self.cache,
                haystack,
                near,
                until_found,
                left,
            );
        } else {
            *left -= 1;
            run.symbol_before(automaton, &mut self.cache, haystack);
        }
    }

    fn note(
        &mut self,
        automaton: &Automaton,
        haystack: &[u8],
        mut run: Run,
        (base, spacing): (usize, usize),
        left: &mut isize,
    ) {
        // The next place below this one.
        let next = base + (run.at - base - 1) / spacing * spacing;
        let until = next.max(run.at.saturating_sub(self.sizes.block));
        while run.at > until && *left >= 0 {
            self.step(automaton, haystack, &mut run, until, false, left);
        }
        self.task = Task::Note { run, base, spacing };
        if run.at <= next {
            self.notes.push((run.at, self.cache.key(run.state).clone()));
            if next <= base + spacing {
                self.task = Task::None;
            }
        }
    }

    fn fill(
        &mut self,
        automaton: &Automaton,
        haystack: &[u8],
        mut run: Run,
        (base, until): (usize, usize),
        left: &mut isize,
    ) {
        // The symbol before a place says whether something begins there.
        while run.at >= base {
            if *left < 0 {
                self.task = Task::Fill { run, base, until };
                return;
            }
            let before = run.at;
            self.step(automaton, haystack, &mut run, base, true, left);
            if let Some((place, _)) = run.found.take()
                && place >= base
                && place < until
            {
                let bit = place - base;
                self.bits[bit / 64] |= 1 << (bit % 64);
            }
            if before == 0 {
                break;
            }
        }
        (self.from, self.until) = (base, until);
        self.task = Task::None;
    }
}
