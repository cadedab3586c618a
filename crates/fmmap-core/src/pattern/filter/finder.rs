//! The ways in which candidates are found.

use super::buckets::{Block, Buckets};
use crate::search::{self, Shared};
use std::ops::Range;
use std::sync::Arc;

/// Something rare that every match contains at a known place.
#[derive(Clone, Debug)]
pub(crate) enum Place {
    /// A string.
    Literal(Shared),
    /// The bytes at a few positions. Each search shares them.
    Buckets(Arc<Buckets>),
}

/// A search for candidates in progress.
#[derive(Clone, Debug)]
pub(crate) struct Candidates {
    place: Place,
    block: Block,
    /// How often a literal was looked for since [`Candidates::forget`].
    asked: usize,
    ready: Option<Box<Ready>>,
}

/// Candidates that were found ahead: each call of the engine for literals costs as much as some hundred bytes.
#[derive(Clone, Debug)]
struct Ready {
    places: [f64; AHEAD],
    /// Which of them are left.
    left: Range<usize>,
    /// Up to here there are no others.
    until: usize,
}

const AHEAD: usize = 32;

/// How many candidates are looked for one by one, before others are found ahead.
const FEW: usize = 3;

impl Place {
    /// Where it first stands in `[from, until)`.
    pub(crate) fn first(&self, haystack: &[u8], from: usize, until: usize) -> Option<usize> {
        match self {
            Self::Literal(finder) => {
                let end = haystack.len().min(until + finder.needle().len() - 1);
                let found = search::find(haystack.get(from..end)?, finder.needle());
                found.map(|found| from + found)
            }
            Self::Buckets(buckets) => buckets.find(haystack, &mut Block::default(), from, until),
        }
    }
}

impl Candidates {
    pub(crate) fn new(place: Place) -> Self {
        Self {
            place,
            block: Block::default(),
            asked: 0,
            ready: None,
        }
    }

    /// Forgets what was found ahead, because the haystack may be another.
    pub(crate) fn forget(&mut self) {
        self.asked = 0;
        if let Some(ready) = &mut self.ready {
            ready.left = 0..0;
            ready.until = 0;
        }
    }

    /// Whether a candidate is the whole of a literal.
    pub(crate) fn is_literal(&self) -> bool {
        matches!(self.place, Place::Literal(_))
    }

    /// Whether [`batch`](Self::batch) finds all candidates.
    pub(crate) fn has_batches(&self) -> bool {
        matches!(&self.place, Place::Literal(finder) if !finder.overlaps_itself())
    }

    /// Fills `out` with the candidates in `[from, until)`, as far as there is room. Returns how many they are, and
    /// where the next ones are looked for: at `until` if these were all.
    pub(crate) fn batch(
        &mut self,
        haystack: &[u8],
        from: usize,
        until: usize,
        out: &mut [f64],
    ) -> (usize, usize) {
        let Place::Literal(finder) = &mut self.place else {
            return (0, from);
        };
        let end = haystack.len().min(until + finder.needle().len() - 1);
        let Some(window) = haystack.get(from..end) else {
            return (0, until);
        };
        let batch = finder.find_batch(window, from as u64, out);
        (batch.written, batch.next.map_or(until, |next| from + next))
    }

    /// How many candidates there are in `[from, until)`, if [`batch`](Self::batch) finds all of them.
    pub(crate) fn count(&mut self, haystack: &[u8], from: usize, until: usize) -> usize {
        let Place::Literal(finder) = &mut self.place else {
            return 0;
        };
        let end = haystack.len().min(until + finder.needle().len() - 1);
        haystack
            .get(from..end)
            .map_or(0, |window| finder.count(window))
    }

    /// The first candidate in `[from, until)`.
    pub(crate) fn find(&mut self, haystack: &[u8], from: usize, until: usize) -> Option<usize> {
        self.asked += 1;
        if self.asked > FEW && self.has_batches() {
            return self.find_ahead(haystack, from, until);
        }
        match &mut self.place {
            Place::Literal(finder) => {
                let end = haystack.len().min(until + finder.needle().len() - 1);
                let window = haystack.get(from..end)?;
                finder.find(window).map(|found| from + found)
            }
            Place::Buckets(buckets) => buckets.find(haystack, &mut self.block, from, until),
        }
    }

    fn find_ahead(&mut self, haystack: &[u8], from: usize, until: usize) -> Option<usize> {
        let mut ready = self.ready.take().unwrap_or_else(|| {
            Box::new(Ready {
                places: [0.0; AHEAD],
                left: 0..0,
                until: 0,
            })
        });
        let found = loop {
            let known = ready.left.find(|&at| place(ready.places[at]) >= from);
            if let Some(at) = known {
                let found = place(ready.places[at]);
                // It is asked for again from there on.
                ready.left.start = at;
                break (found < until).then_some(found);
            }
            let next = from.max(ready.until);
            if next >= until {
                break None;
            }
            let (count, next) = self.batch(haystack, next, until, &mut ready.places);
            ready.left = 0..count;
            ready.until = next;
        };
        self.ready = Some(ready);
        found
    }
}

/// An offset of a batch.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "an offset in the haystack"
)]
pub(crate) fn place(offset: f64) -> usize {
    offset as usize
}
