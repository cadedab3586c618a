//! Needles with a long periodic stretch, in haystacks that have it too.
//!
//! Examples are `a^127 b a^128` in a file of `a`, a table row that is repeated with one cell changed,
//! and padding with a mark in it. At almost every start the haystack agrees with the first bytes of
//! such a needle, so comparing each start in full costs O(n m). Two-Way is linear, but goes byte by
//! byte. A period, however, is fast to find: `haystack[i] == haystack[i + p]` compares the haystack
//! with itself, at the speed of `memcmp`.
//!
//! Take a stretch `a..b` of the needle that has period `p` and can't be extended to either side. Call
//! an index of the haystack *even* if `haystack[i] == haystack[i + p]`. Where the needle occurs,
//! there are `l = b - a - p` even indices in a row, and if the needle's stretch ends before the
//! needle does (`a > 0` or `b < m`), then the run of even indices ends at just that place too. So
//! each run of even indices has one candidate at most:
//!
//! ```text
//! needle                 aaaaaaabaaa       p = 1, a..b = 0..7, then 'b'
//! haystack   ...aabaaaaaaaaaaaaaabaaa...
//! even          1 001111111111111001 1     the run ends: the 'b' must be there
//! candidate              aaaaaaabaaa
//! ```
//!
//! and if the needle is periodic as a whole, the occurrences in a run are those at which its first
//! period is in phase.
//!
//! Runs shorter than `l` are skipped as in the algorithm of Boyer and Moore: the next `l` indices are
//! checked from their far end, and the search goes on behind the last one that is not even. No index
//! is checked twice.
//!
//! # Complexity
//!
//! With `b - a >= m / 4` and `p <= (b - a) / 2`, which [`Stretch::of`] ensures, there are at most
//! `8 n / m` candidates and each costs at most `m`: O(n + m) in all, with no memory.
//!
//! # Direction
//!
//! The search is written for mirrored text: in reverse, index `i` means `n - 1 - i`, and a start
//! `n - m - i`.

use crate::search::lanes::{
    Direction, Hits, Outcome, Subject, Window, first_difference, last_difference,
};

/// Shorter needles are not searched this way, because comparing one takes only a vector or two.
const SHORTEST: usize = 32;

/// The longest stretch of a needle that repeats itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stretch {
    /// Its beginning in the needle.
    pub(crate) a: usize,
    /// Its end.
    pub(crate) b: usize,
    /// Its smallest period.
    pub(crate) p: usize,
}

impl Stretch {
    /// The longest periodic stretch that covers a half or a quarter of the needle.
    ///
    /// A periodic needle in which one byte is wrong still has a half without that byte; with two or
    /// three wrong bytes it still has such a quarter. O(m).
    pub(crate) fn of(needle: &[u8]) -> Option<Self> {
        let len = needle.len();
        if len < SHORTEST {
            return None;
        }
        let (half, quarter) = (len / 2, len / 4);
        [
            (0, half),
            (len - half, len),
            (0, quarter),
            (quarter, 2 * quarter),
            (2 * quarter, 3 * quarter),
            (len - quarter, len),
        ]
        .into_iter()
        .filter_map(|(from, to)| Self::around(needle, from, to))
        .max_by_key(|stretch| stretch.b - stretch.a)
    }

    /// The stretch with the period of `needle[from..to]`, if that period is at most half of the part's length.
    fn around(needle: &[u8], from: usize, to: usize) -> Option<Self> {
        let part = &needle[from..to];
        // If there is such a period, the first half of the part occurs again exactly one smallest
        // period later and, by Fine and Wilf's theorem, not sooner.
        let p = 1 + memchr::memmem::find(&part[1..], &part[..part.len() / 2])?;
        if 2 * p > part.len() || part[p..] != part[..part.len() - p] {
            return None;
        }
        let left = &needle[..from];
        let a = last_difference(left, &needle[p..p + from]).map_or(0, |i| i + 1);
        let right = needle.len() - to;
        let b = to + first_difference(&needle[to..], &needle[to - p..to - p + right]);
        Some(Self { a, b, p })
    }

    /// The stretch of the needle read in the direction of the search.
    fn seen<D: Direction>(self, len: usize) -> Self {
        if D::FORWARD {
            self
        } else {
            Self {
                a: len - self.b,
                b: len - self.a,
                p: self.p,
            }
        }
    }
}

/// The haystack read in the direction of the search, and which of its indices are even.
#[derive(Clone, Copy)]
struct Evens<'a> {
    haystack: &'a [u8],
    p: usize,
}

impl Evens<'_> {
    /// The haystack's bytes at the indices `from..to`, and those one period on.
    fn pair<D: Direction>(&self, from: usize, to: usize) -> (&[u8], &[u8]) {
        let (from, to) = if D::FORWARD {
            (from, to)
        } else {
            let end = self.haystack.len() - self.p;
            (end - to, end - from)
        };
        (
            &self.haystack[from..to],
            &self.haystack[from + self.p..to + self.p],
        )
    }

    /// The first index of `from..to` that is not even.
    fn first_odd<D: Direction>(&self, from: usize, to: usize) -> Option<usize> {
        if from >= to {
            return None;
        }
        let (x, y) = self.pair::<D>(from, to);
        if D::FORWARD {
            let at = first_difference(x, y);
            (at < x.len()).then(|| from + at)
        } else {
            last_difference(x, y).map(|at| to - 1 - at)
        }
    }

    /// The last index of `from..to` that is not even.
    fn last_odd<D: Direction>(&self, from: usize, to: usize) -> Option<usize> {
        if from >= to {
            return None;
        }
        let (x, y) = self.pair::<D>(from, to);
        if D::FORWARD {
            last_difference(x, y).map(|at| from + at)
        } else {
            let at = first_difference(x, y);
            (at < x.len()).then(|| to - 1 - at)
        }
    }
}

/// Searches the whole window for a needle that has `stretch`.
pub(crate) fn scan<D: Direction>(
    subject: Subject<'_>,
    stretch: Stretch,
    window: &mut Window,
    hits: &mut Hits<'_>,
) -> Outcome {
    let Subject { haystack, needle } = subject;
    let (n, m) = (haystack.len(), needle.len());
    let Stretch { a, b, p } = stretch.seen::<D>(m);
    let run = b - a - p;
    let evens = Evens { haystack, p };
    let mirror = |start: usize| if D::FORWARD { start } else { n - m - start };
    // The window in the direction of the search.
    let (mut lo, hi) = if D::FORWARD {
        (window.lo, window.hi)
    } else {
        (n - m + 1 - window.hi, n - m + 1 - window.lo)
    };

    // Invariants: the indices x..known are even. If `fresh`, x - 1 is not even, or a is 0 and it does not matter.
    let mut x = lo + a;
    let mut known = x;
    let mut fresh = a == 0 || evens.first_odd::<D>(x - 1, x).is_some();
    // The candidate of a run that begins at x is x - a or later.
    while x < hi + a {
        if let Some(odd) = evens.last_odd::<D>(known.max(x), x + run) {
            known = x + run;
            x = odd + 1;
            fresh = true;
            continue;
        }
        known = known.max(x + run);

        let candidate = if a > 0 {
            fresh.then_some(x - a)
        } else if b < m {
            // The end of the run says where the candidate is. A run without an end has no candidate.
            match evens.first_odd::<D>(known, (n - p).min(hi + run)) {
                Some(odd) => {
                    x = odd + 1;
                    known = x;
                    Some(odd - run)
                }
                None => break,
            }
        } else {
            in_phase::<D>(subject, p, x)
        };

        if let Some(start) = candidate
            && start >= lo
            && start < hi
        {
            let real = mirror(start);
            let whole = b - a == m;
            let reached = !whole || evens.first_odd::<D>(known, start + run).is_none();
            if reached && haystack[real..real + m] == *needle {
                lo = start + m;
                D::accept(window, real, m);
                if hits.record(real) {
                    return Outcome::Enough;
                }
                if whole {
                    // The next occurrence may be in the same run.
                    x = lo;
                    known = x;
                    continue;
                }
            }
        }
        if a > 0 || b == m {
            // On to the end of this run.
            match evens.first_odd::<D>(known, (n - p).min(hi + a)) {
                Some(odd) => {
                    x = odd + 1;
                    known = x;
                    fresh = true;
                }
                None => break,
            }
        }
    }
    if D::FORWARD {
        window.lo = window.lo.max(window.hi);
    } else {
        window.hi = window.hi.min(window.lo);
    }
    Outcome::Done
}

/// The start in `x..x + p` at which the needle's first period, in the direction of the search,
/// occurs. There is at most one: two would mean that the period itself repeats a shorter string, and
/// then it would not be the smallest.
fn in_phase<D: Direction>(subject: Subject<'_>, p: usize, x: usize) -> Option<usize> {
    let Subject { haystack, needle } = subject;
    let (n, m) = (haystack.len(), needle.len());
    let span = 2 * p - 1;
    if D::FORWARD {
        memchr::memmem::find(&haystack[x..x + span], &needle[..p]).map(|at| x + at)
    } else {
        memchr::memmem::rfind(&haystack[n - x - span..n - x], &needle[m - p..])
            .map(|at| x + span - p - at)
    }
}
