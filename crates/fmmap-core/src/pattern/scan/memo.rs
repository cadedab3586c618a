//! Keeps the time for all matches together linear.
//!
//! Behind a match, a search reads on as long as a longer match may come that is preferred. If none comes, the next
//! search reads the same bytes again: `a(?:[^]*b)?` reads the rest of a^n at every `a`. So a run notes, at places
//! that lie farther apart the farther it gets, in which state it was there. If the run finds nothing, a later run
//! that is in the same state at such a place can stop.

use crate::hash::Set;
use crate::pattern::automata::lazy::State;

/// The most notes that are kept.
const MOST: usize = 1 << 14;

/// How many bytes are read before the first note, and between the first notes.
const NEAR: usize = 64;

#[derive(Debug, Default)]
pub(super) struct Memo {
    /// Places behind which nothing was found, with the state of the run there. Runs can meet a place in several states.
    barren: Set<(usize, State)>,
    /// The notes of this run since its last match.
    trail: Vec<(usize, State)>,
    /// The generation of the cache to which the states belong.
    generation: u64,
}

impl Memo {
    /// Forgets everything: for another haystack, or a cache that was used elsewhere.
    pub(super) fn clear(&mut self) {
        self.barren.clear();
        self.trail.clear();
    }

    /// Called when a run starts, or has found a match.
    #[inline]
    pub(super) fn begin(&mut self) {
        self.trail.clear();
    }

    /// The next place, at or after `at`, that is noted by a run whose last match or start was at `base`.
    #[inline(never)]
    pub(super) fn next_place(at: usize, base: usize) -> usize {
        let step = match at.saturating_sub(base) {
            0..0x400 => NEAR,
            0x400..0x4000 => 256,
            0x4000..0x10_0000 => 4 << 10,
            _ => 256 << 10,
        };
        at.max(base + NEAR).next_multiple_of(step)
    }

    /// Whether nothing comes behind this place in this state. If that is not known, the run's visit is noted.
    pub(super) fn is_barren(&mut self, at: usize, state: State, generation: u64) -> bool {
        if generation != self.generation {
            self.generation = generation;
            self.clear();
        }
        if self.barren.contains(&(at, state)) {
            return true;
        }
        self.trail.push((at, state));
        false
    }

    /// Called when a run has ended and nothing came behind its notes. No later run will start before `from`.
    pub(super) fn end(&mut self, from: usize, generation: u64) {
        if self.trail.is_empty() {
            return;
        }
        if generation != self.generation {
            self.generation = generation;
            self.clear();
            return;
        }
        if self.barren.len() + self.trail.len() > MOST {
            self.barren.retain(|&(at, _)| at >= from);
            if self.barren.len() > MOST {
                self.barren.clear();
            }
        }
        self.barren.extend(self.trail.drain(..));
    }
}
