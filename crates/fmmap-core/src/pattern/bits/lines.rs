//! Which lines of a stretch have a match, by rows of bits.
//!
//! An addition carries what stands in a line to its end, in all lines at once:
//!
//! ```text
//! haystack            ab.cd.ef.gh.   a dot is a newline
//! newlines            ..1..1..1..1
//! starts              .1.....1.1..
//! s + NOT newlines    ..1.....1..1   the first place has the lowest bit
//! AND newlines        ..1.....1..1   the ends of lines that have a match
//! ```

use super::rows::{self, Row, Term, WORD, WORDS, end_row};
use crate::pattern::filter::front::Bytes;
#[cfg(target_arch = "x86_64")]
use crate::pattern::filter::simd::Avx2;
use std::hint::select_unpredictable;

/// The rows of a stretch.
#[derive(Debug)]
pub(crate) struct Lines {
    term: [Term; 1],
    newlines: Row,
    /// Where matches start.
    pub(crate) starts: Row,
}

impl Lines {
    /// How many places a stretch has at most.
    pub(crate) const MOST: usize = WORD * WORDS;

    pub(crate) fn new() -> Self {
        let mut term = [Term::new(0, &Bytes::range(b'\n', b'\n')).0];
        end_row(&mut term);
        Self {
            term,
            newlines: [0; WORDS],
            starts: [0; WORDS],
        }
    }

    /// Notes where matches start in a stretch, in which all of these places lie that are before its end.
    pub(crate) fn mark(&mut self, (base, end): (usize, usize), places: &[usize]) {
        self.starts.fill(0);
        for place in places.iter().take_while(|place| **place < end) {
            let place = place - base;
            self.starts[place / WORD] |= 1 << (place % WORD);
        }
    }

    /// Judges the lines that end in a stretch at whose beginning no line goes on that has a match before it. Returns how many
    /// have one, and where the line begins that goes on behind the stretch; `None` if no line ends in it. Adds to `found`
    /// where they start and end.
    pub(crate) fn judge(
        &mut self,
        haystack: &[u8],
        (base, end): (usize, usize),
        found: Option<&mut Vec<(usize, usize)>>,
    ) -> Option<(usize, usize)> {
        let haystack = &haystack[..end];
        let words = (end - base).div_ceil(WORD).min(WORDS);
        let newlines = std::slice::from_mut(&mut self.newlines);
        rows::fill(&self.term, haystack, base, words, newlines);
        let rows = (&self.newlines[..words], &self.starts[..words]);
        #[cfg(target_arch = "x86_64")]
        if Avx2::detect().is_some() {
            // SAFETY: this processor has it.
            return unsafe { ends_with_avx2(rows, base, found) };
        }
        ends(rows, base, found)
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,popcnt")]
fn ends_with_avx2(
    rows: (&[u64], &[u64]),
    base: usize,
    found: Option<&mut Vec<(usize, usize)>>,
) -> Option<(usize, usize)> {
    ends(rows, base, found)
}

/// The lines that end at the first row's bits and have one of the second row.
#[expect(
    clippy::inline_always,
    reason = "it has to be compiled with the caller's features"
)]
#[inline(always)]
fn ends(
    (newlines, starts): (&[u64], &[u64]),
    base: usize,
    mut found: Option<&mut Vec<(usize, usize)>>,
) -> Option<(usize, usize)> {
    let (mut count, mut line, mut carry) = (0, base, false);
    let rows = newlines.iter().zip(starts);
    for (at, (&newlines, &starts)) in (base..).step_by(WORD).zip(rows) {
        let others = !newlines;
        let (sum, over) = (starts & others).overflowing_add(others);
        let (sum, again) = sum.overflowing_add(u64::from(carry));
        carry = over | again;
        // A match may start with the newline.
        let mut ends = (sum | starts) & newlines;
        count += ends.count_ones() as usize;
        if let Some(found) = &mut found {
            while ends != 0 {
                let bit = ends.trailing_zeros();
                let start = behind(at, newlines & ((1 << bit) - 1), line);
                found.push((start, at + bit as usize));
                ends &= ends - 1;
            }
        }
        line = behind(at, newlines, line);
    }
    (line > base).then_some((count, line))
}

/// The place behind the last bit of a word that begins at a place; another one if it has none.
#[inline]
fn behind(at: usize, bits: u64, other: usize) -> usize {
    // No branch, since none could be foreseen.
    let behind = at + WORD - bits.leading_zeros() as usize;
    select_unpredictable(bits == 0, other, behind)
}
