//! Many matches in one call: counting them, and filling a slice with their offsets.
//!
//! A needle that occurs every hundred bytes is found a million times in a file of 100 MB, and a
//! call for each costs more than the search. So the strategies do not return at a match: they
//! record it in [`Hits`], go on behind it in the same vector, and return when enough were found.

use super::direction::Direction;
use super::engine::{self, Level, Policy};
use super::pair::{Probes, Subject};

/// Where matches go.
#[derive(Debug)]
pub(super) struct Hits<'a> {
    /// Takes the offsets; what does not fit is only counted.
    out: &'a mut [f64],
    /// Added to each offset.
    base: u64,
    /// Matches so far.
    pub(super) count: usize,
    /// The search ends at this many.
    pub(super) limit: usize,
    /// The start of the last match, in the haystack.
    pub(super) last: usize,
}

impl<'a> Hits<'a> {
    /// One match is enough.
    #[inline(always)]
    pub(super) fn first() -> Self {
        Self {
            out: &mut [],
            base: 0,
            count: 0,
            limit: 1,
            last: 0,
        }
    }

    /// All are counted.
    pub(super) fn counted() -> Self {
        Self {
            limit: usize::MAX,
            ..Self::first()
        }
    }

    /// As many as `out` has room for.
    pub(super) fn into_slice(out: &'a mut [f64], base: u64) -> Self {
        Self {
            limit: out.len(),
            out,
            base,
            ..Self::first()
        }
    }

    /// Notes a match; whether that is enough.
    #[inline(always)]
    pub(super) fn record(&mut self, start: usize) -> bool {
        if let Some(slot) = self.out.get_mut(self.count) {
            *slot = as_number(self.base + start as u64);
        }
        self.last = start;
        self.count += 1;
        self.count >= self.limit
    }

    /// The match, if one was asked for and found.
    #[inline(always)]
    pub(super) fn found(&self) -> Option<usize> {
        (self.count > 0).then_some(self.last)
    }
}

/// Offsets cross into JavaScript as numbers, which are exact up to 2^53: 8 PiB.
#[inline(always)]
#[expect(clippy::cast_precision_loss, reason = "no file has 8 PiB")]
fn as_number(offset: u64) -> f64 {
    offset as f64
}

/// What one call did that fills a slice with offsets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Batch {
    /// How many offsets were written, from the beginning of the slice on.
    pub written: usize,
    /// Where in the haystack to go on: the next call takes `&haystack[next..]` going forward, and
    /// `&haystack[..next]` going backward. `None`: the haystack is exhausted.
    pub next: Option<usize>,
}

/// Every offset up to `len` itself: where an empty needle occurs.
pub(super) fn every_offset(len: usize, base: u64, out: &mut [f64]) -> Batch {
    let written = out.len().min(len + 1);
    for (offset, slot) in out[..written].iter_mut().enumerate() {
        *slot = as_number(base + offset as u64);
    }
    Batch {
        written,
        next: (written <= len).then_some(written),
    }
}

/// The newlines in order of `D`.
pub(super) fn newlines<D: Direction>(haystack: &[u8], base: u64, out: &mut [f64]) -> Batch {
    if out.is_empty() {
        return Batch {
            written: 0,
            next: Some(if D::FORWARD { 0 } else { haystack.len() }),
        };
    }
    let subject = Subject {
        haystack,
        needle: b"\n",
    };
    let probes = Probes::new(subject.needle, &[0], 1);
    let mut hits = Hits::into_slice(out, base);
    let left = engine::search::<D>(
        Level::detect(),
        &Policy::DEFAULT,
        Some(&probes),
        subject,
        &mut hits,
    );
    Batch {
        written: hits.count,
        next: (hits.count == hits.limit && left.len() > 0).then_some(if D::FORWARD {
            left.lo
        } else {
            left.hi
        }),
    }
}
