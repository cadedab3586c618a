//! Which tests of the bytes at a place, and beside it, the rows are made of.

use super::rows::{self, Term};
use super::segments::{Beside, Segments};
use super::walk::is_word;
use crate::order::sort_few;
use crate::pattern::filter::front::Bytes;

/// Terms of the front that are looked at, at most.
const TERMS: usize = 6;

/// What the rows test: the front, what stands before a match, and the classes.
#[derive(Clone, Debug, Default)]
pub(super) struct Terms {
    pub(super) all: Vec<Term>,
    /// How many of the terms, which come first, are right for ASCII only.
    pub(super) unsure: usize,
    /// How many of them test the front.
    pub(super) front: usize,
    pub(super) has_before: bool,
    /// Whether it matters that all text is ASCII.
    pub(super) asks_ascii: bool,
    /// How many rows there are.
    pub(super) rows: usize,
}

/// The cost of a row of the front, beside that of its terms, as in `plan`.
const ROW: usize = 100;

impl Terms {
    /// The tests that are most selective in a sample of the haystack.
    pub(super) fn by_sample(segments: &Segments, sample: &[u8]) -> Self {
        let mut counts = [1u32; 256];
        for &byte in sample {
            counts[usize::from(byte)] += 4;
        }
        Self::new(segments, &counts)
    }

    /// The tests that are most selective in most texts.
    pub(super) fn by_ranking(segments: &Segments) -> Self {
        let counts = std::array::from_fn(|byte| ranked(u8::try_from(byte).unwrap_or(u8::MAX)));
        Self::new(segments, &counts)
    }

    /// The cost of a KiB, as in `plan`, without the rows of classes and what it takes to look at a place.
    pub(super) fn cost_of_front(&self) -> usize {
        let front = self.all.iter().take(self.front);
        ROW + front.map(Term::cost).sum::<usize>()
    }

    /// The cost of the rows of classes.
    pub(super) fn cost_of_classes(&self) -> usize {
        let from = self.front + usize::from(self.has_before);
        self.all.iter().skip(from).map(Term::cost).sum()
    }

    fn new(segments: &Segments, counts: &[u32; 256]) -> Self {
        let all: u32 = counts.iter().sum();
        let share = |class: &Bytes| {
            let mut count = 0;
            class.each(|byte| count += counts[usize::from(byte)]);
            f64::from(count) / f64::from(all)
        };
        let shares: Vec<(f64, usize)> = segments.front.iter().map(share).zip(0..).collect();
        let mut chosen = Self {
            asks_ascii: segments.has_more(),
            ..Self::default()
        };
        let choose = |from: usize, to: usize, terms: &mut Vec<Term>| {
            let mut order = shares[from..to].to_vec();
            sort_few(&mut order, |a, b| a.0 < b.0);
            let (mut left, first) = (1.0, terms.len());
            for &(share, place) in order.iter().take(TERMS) {
                // One more look at each place has to save more than it costs.
                if terms.len() > first && left * (1.0 - share) < 1.0 / 300.0 {
                    break;
                }
                left *= share;
                let offset = isize::try_from(place).unwrap_or(0);
                terms.push(Term::new(offset, &segments.front[place]).0);
            }
        };
        choose(segments.sure, shares.len(), &mut chosen.all);
        chosen.unsure = chosen.all.len();
        choose(0, segments.sure, &mut chosen.all);
        rows::end_row(&mut chosen.all);
        chosen.front = chosen.all.len();
        let before = match segments.before {
            Beside::Terminator => {
                let mut class = Bytes::range(b'\n', b'\n').or(&Bytes::range(b'\r', b'\r'));
                if segments.is_utf8 {
                    class = class.or(&Bytes::range(0xA8, 0xA9));
                }
                Some(Term::new(-1, &class).0)
            }
            Beside::Word(is_word) => {
                let term = Term::new(-1, &words()).0;
                Some(if is_word { term } else { term.inverted() })
            }
            Beside::Anything => segments.absorbed.as_ref().and_then(|class| {
                let (term, is_exact) = Term::new(-1, class);
                match segments.lead {
                    // A lead stands before its end.
                    Some(lead) => (lead.min > 0).then_some(term),
                    None => is_exact.then(|| term.inverted()),
                }
            }),
        };
        chosen.has_before = before.is_some();
        for mut term in before
            .into_iter()
            .chain(segments.classes.iter().map(|class| Term::new(0, class).0))
        {
            rows::end_row(std::slice::from_mut(&mut term));
            chosen.all.push(term);
        }
        chosen.rows = 1 + usize::from(chosen.has_before) + segments.classes.len();
        chosen
    }
}

/// How frequent a byte is in texts of all kinds: English, sources, logs.
pub(crate) fn ranked(byte: u8) -> u32 {
    match byte {
        b' ' => 120,
        b'e' | b't' => 60,
        b'a' | b'i' | b'n' | b'o' | b'r' | b's' => 45,
        b'b' | b'f' | b'g' | b'h' | b'm' | b'v' | b'w' | b'y' => 14,
        b'c' | b'd' | b'l' | b'p' | b'u' | b'0'..=b'2' => 25,
        b'3'..=b'9' => 15,
        b'\n' => 20,
        b'.' | b',' | b'/' | b'-' | b'_' | b':' | b'"' => 12,
        b'(' | b')' | b'=' | b'\'' | b'*' | b'k' | b'x' => 8,
        b'A'..=b'Z' | b'!'..=b'~' => 4,
        _ => 1,
    }
}

pub(super) fn words() -> Bytes {
    (0..=u8::MAX)
        .filter(|&byte| is_word(byte))
        .fold(Bytes::NONE, |all, byte| all.or(&Bytes::range(byte, byte)))
}
