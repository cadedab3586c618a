//! Rules out that a match starts in a part of the haystack, part by part from the end on, by the filters of the search
//! from the front.

use crate::pattern::Pattern;
use crate::pattern::bits::{Row, Stop, Walk};
use crate::pattern::filter::{Candidates, Choice};
use crate::pattern::scan::Sink;
use memchr::{memchr, memrchr};

/// The size of a part, at first and at most.
const PART: usize = 16 << 10;
const WIDEST: usize = 256 << 10;

#[derive(Debug)]
enum Way {
    /// By candidates for the start of a match.
    Starts(Candidates),
    /// By candidates for another place of a match, which is in one line.
    Lines {
        candidates: Candidates,
        /// The end of the line that contains the last byte of the next part, and whether that line has a candidate
        /// behind the part.
        end: usize,
        has_candidate: bool,
    },
    /// By rows of bits.
    Bits(Box<Walk>),
}

/// How far a search has come.
#[derive(Debug)]
pub(super) struct Sift {
    way: Way,
    /// No match starts here or later.
    pub(super) high: usize,
    part: usize,
    least: usize,
}

/// Where a match may start.
#[derive(Clone, Copy, Debug)]
pub(super) struct Part {
    /// The first place, and the place behind the last one.
    pub(super) first: usize,
    pub(super) high: usize,
    /// The end of the line in which all of them are, if it is known.
    pub(super) line_end: Option<usize>,
}

impl Sift {
    /// A search before `high`; `None` if the pattern has no filter of this kind for it.
    pub(super) fn new(
        pattern: &Pattern,
        (choice, candidates): (Choice, Option<Candidates>),
        haystack: &[u8],
        high: usize,
    ) -> Option<Self> {
        let way = match choice {
            Choice::Plain | Choice::Events => return None,
            Choice::Starts => Way::Starts(candidates?),
            Choice::Lines => {
                let behind = haystack.get(high..)?;
                Way::Lines {
                    candidates: candidates?,
                    end: memchr(b'\n', behind).map_or(haystack.len(), |at| high + at),
                    has_candidate: !behind.is_empty(),
                }
            }
            Choice::Bits => {
                let segments = pattern.plan().segments.as_ref()?;
                if segments.has_lead() {
                    return None;
                }
                Way::Bits(Box::new(Walk::new(high.saturating_sub(PART))))
            }
        };
        Some(Self {
            way,
            high,
            part: PART,
            least: PART,
        })
    }

    /// In parts of a few bytes.
    #[cfg(any(test, feature = "testing"))]
    pub(super) fn small(mut self) -> Self {
        (self.part, self.least) = (7, 7);
        self
    }

    /// The candidates for starts in a part, as long as they are at most so many.
    pub(super) fn starts(
        &mut self,
        haystack: &[u8],
        part: Part,
        most: usize,
    ) -> Option<Vec<usize>> {
        let Way::Starts(candidates) = &mut self.way else {
            return None;
        };
        candidates.forget();
        let (mut all, mut from) = (Vec::new(), part.first);
        while let Some(at) = candidates.find(haystack, from, part.high) {
            if all.len() == most {
                return None;
            }
            all.push(at);
            from = at + 1;
        }
        Some(all)
    }

    /// Looks at the next part. Returns where in it a match may start.
    pub(super) fn next(
        &mut self,
        pattern: &Pattern,
        rows: &mut Vec<Row>,
        haystack: &[u8],
        from: usize,
        room: usize,
    ) -> Option<Part> {
        let high = self.high.min(haystack.len());
        let part = self.part.min(room.max(self.least));
        let low = from.max(high.saturating_sub(part)).min(high);
        let (first, line_end) = match &mut self.way {
            Way::Starts(candidates) => {
                candidates.forget();
                (candidates.find(haystack, low, high), None)
            }
            Way::Bits(walk) => (walked(walk, pattern, rows, haystack, low, high), None),
            Way::Lines {
                candidates,
                end,
                has_candidate,
            } => {
                candidates.forget();
                let found = candidates.find(haystack, low, high);
                let line_end = *end;
                let line_before = |at: usize| {
                    let newline = memrchr(b'\n', &haystack[low..at]);
                    newline.map_or(low, |newline| low + newline + 1)
                };
                let first = match found {
                    Some(at) => Some(line_before(at.min(high))),
                    None => has_candidate.then(|| line_before(high)),
                };
                if let Some(first) = first.filter(|first| *first > low) {
                    // The part ends there, behind a newline.
                    (*end, *has_candidate) = (first - 1, false);
                } else {
                    let newline = memchr(b'\n', &haystack[low..high]).map(|at| low + at);
                    *has_candidate = match newline {
                        Some(newline) => found.is_some_and(|at| at < newline),
                        None => found.is_some() || *has_candidate,
                    };
                    *end = newline.unwrap_or(*end);
                }
                (first, Some(line_end))
            }
        };
        self.high = first.unwrap_or(low);
        self.part = match first {
            Some(_) => self.least,
            None => (2 * self.part).min(WIDEST),
        };
        first.map(|first| Part {
            first,
            high,
            line_end,
        })
    }
}

/// The first match by rows of bits, or the first place where only an automaton can tell.
fn walked(
    walk: &mut Walk,
    pattern: &Pattern,
    rows: &mut Vec<Row>,
    haystack: &[u8],
    low: usize,
    high: usize,
) -> Option<usize> {
    let segments = pattern.plan().segments.as_ref()?;
    let mut sink = Sink::new(None, 1);
    let (mut at, mut left) = (low, isize::MAX);
    walk.resume(low);
    match walk.go(
        segments, rows, haystack, &mut at, high, &mut left, &mut sink,
    ) {
        Stop::Full => Some(sink.last.start),
        Stop::Ask(start) => Some(start),
        Stop::Spent | Stop::Over => None,
    }
}
