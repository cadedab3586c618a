//! Runs an automaton over a haystack, with pauses.
//!
//! A run is a state and a place in the haystack. It can go on after any pause, even if the haystack has moved in
//! memory, as long as its cache is the same. Its budget is counted in bytes. A state that has to be computed counts
//! as the bytes that could be read in that time, so that a pause comes in time even for patterns with very many
//! states.

use super::lazy::{Automaton, Cache, DEAD, State, TAG, UNKNOWN};
use super::symbols::Whole;
use crate::pattern::signed;

/// A run in progress.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Run {
    pub(crate) state: State,
    pub(crate) at: usize,
    /// Where the best match so far ends or starts, and of which pattern it is.
    pub(crate) found: Option<(usize, u32)>,
}

/// Why a run pauses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pause {
    /// The run has reached the limit.
    Limit,
    /// There is a match, better than the one before.
    Match,
    /// No match can follow.
    Dead,
    /// The budget is used up.
    Spent,
}

/// How many bytes long a run has stayed in a state when what leads on is looked for, and for how many at least it has to
/// be worth it.
const STAY: usize = 8;

/// How many bytes an instruction counts as when a state is computed.
pub(crate) const INSTRUCTION: isize = 8;

impl Run {
    /// Reads bytes up to `limit`, which lies in the haystack. If `earliest`, it pauses at each match.
    pub(crate) fn forward(
        &mut self,
        automaton: &Automaton,
        cache: &mut Cache,
        haystack: &[u8],
        limit: usize,
        earliest: bool,
        left: &mut isize,
    ) -> Pause {
        debug_assert!(limit <= haystack.len());
        let limit = limit.min(haystack.len());
        let classes = &automaton.program.classes.bytes;
        let began = self.at;
        let Self {
            mut state,
            mut at,
            mut found,
        } = *self;
        let mut pace = STAY;
        let pause = loop {
            if at >= limit {
                break Pause::Limit;
            }
            let (kept, soft) = (state, limit.min(at + pace));
            // SAFETY: `state` is one of the cache's, without a tag, and `soft` is not above the haystack's length.
            let next = unsafe { walk(cache.table(), classes, haystack, &mut state, &mut at, soft) };
            if next & TAG == 0 {
                if at < limit && state == kept {
                    let stayed = at;
                    at = skip(automaton, cache, state, haystack, at, limit, true, left);
                    pace = if at - stayed < STAY { 16 * STAY } else { STAY };
                }
                continue;
            }
            // The state behind the byte at `at`.
            let mut next = next;
            if next == UNKNOWN {
                let before = cache.work;
                next = automaton.next(cache, state, haystack[at].into());
                *left -= signed(cache.work - before) * INSTRUCTION;
            }
            if next == DEAD {
                break Pause::Dead;
            }
            state = next & !TAG;
            if next & TAG != 0 {
                found = Some((at, automaton.pattern(cache, next)));
                at += 1;
                if earliest {
                    break Pause::Match;
                }
                if !automaton.is_list {
                    // In patterns that can end at each byte, as a word does, most states match.
                    let (mut mark, mut kept) = (at + STAY, state);
                    while at < limit {
                        if at == mark {
                            if state == kept {
                                at = skip(automaton, cache, state, haystack, at, limit, true, left);
                                found = Some((at - 1, 0));
                            }
                            (mark, kept) = (at + STAY, state);
                            continue;
                        }
                        let class = classes[usize::from(haystack[at])];
                        let next = cache.table()[state as usize + usize::from(class)];
                        if next & TAG == 0 || next >= DEAD {
                            break;
                        }
                        state = next & !TAG;
                        found = Some((at, 0));
                        at += 1;
                    }
                }
            } else {
                at += 1;
            }
            if *left < 0 {
                break Pause::Spent;
            }
        };
        *left -= signed(at - began);
        *self = Self { state, at, found };
        pause
    }

    /// The same going backward, down to `limit`.
    #[inline(never)]
    pub(crate) fn backward(
        &mut self,
        automaton: &Automaton,
        cache: &mut Cache,
        haystack: &[u8],
        limit: usize,
        until_found: bool,
        left: &mut isize,
    ) -> Pause {
        let classes = &automaton.program.classes.bytes;
        let began = self.at;
        let Self {
            mut state,
            mut at,
            mut found,
        } = *self;
        let (mut mark, mut kept) = (at.saturating_sub(STAY), state);
        let pause = loop {
            if at <= limit {
                break Pause::Limit;
            }
            if at == mark {
                if state == kept && !until_found {
                    let to = skip(automaton, cache, state, haystack, at, limit, false, left);
                    // The state matches at each place, or at none.
                    let class = usize::from(classes[usize::from(haystack[to])]);
                    if to < at && cache.table()[state as usize + class] & TAG != 0 {
                        found = Some((to + 1, 0));
                    }
                    at = to;
                }
                (mark, kept) = (at.saturating_sub(STAY), state);
                continue;
            }
            let byte = haystack[at - 1];
            let mut next = cache.table()[state as usize + usize::from(classes[usize::from(byte)])];
            if next & TAG == 0 {
                state = next;
                at -= 1;
                continue;
            }
            if next == UNKNOWN {
                let before = cache.work;
                next = automaton.next(cache, state, byte.into());
                *left -= signed(cache.work - before) * INSTRUCTION;
            }
            if next == DEAD {
                break Pause::Dead;
            }
            state = next & !TAG;
            if next & TAG != 0 {
                found = Some((at, 0));
            }
            at -= 1;
            if until_found && next & TAG != 0 {
                break Pause::Match;
            }
            if *left < 0 {
                break Pause::Spent;
            }
        };
        *left -= signed(began - at);
        *self = Self { state, at, found };
        pause
    }

    /// Reads the symbol at `self.at`, of whatever kind, or the haystack's end.
    pub(crate) fn symbol(
        &mut self,
        automaton: &Automaton,
        cache: &mut Cache,
        haystack: &[u8],
    ) -> Pause {
        let (symbol, len) = automaton.program.whole.at(haystack, self.at);
        let next = automaton.next(cache, self.state, symbol);
        if next == DEAD {
            return Pause::Dead;
        }
        self.state = next & !TAG;
        if next & TAG != 0 {
            self.found = Some((self.at, automaton.pattern(cache, next)));
        }
        self.at += len;
        if next & TAG != 0 {
            Pause::Match
        } else {
            Pause::Limit
        }
    }

    /// Reads the symbol that ends at `self.at`, or the haystack's start.
    pub(crate) fn symbol_before(
        &mut self,
        automaton: &Automaton,
        cache: &mut Cache,
        haystack: &[u8],
    ) -> Pause {
        let (symbol, len) = automaton.program.whole.before(haystack, self.at);
        let next = automaton.next(cache, self.state, symbol);
        if next == DEAD {
            return Pause::Dead;
        }
        self.state = next & !TAG;
        if next & TAG != 0 {
            self.found = Some((self.at, 0));
        }
        self.at -= len;
        if next & TAG != 0 {
            Pause::Match
        } else {
            Pause::Limit
        }
    }
}

/// How far a run goes on without leaving its state, forward or backward.
#[expect(
    clippy::too_many_arguments,
    reason = "a run lends what it has in variables"
)]
#[inline(never)]
fn skip(
    automaton: &Automaton,
    cache: &mut Cache,
    state: State,
    haystack: &[u8],
    at: usize,
    limit: usize,
    is_forward: bool,
    left: &mut isize,
) -> usize {
    let before = cache.work;
    let exits = automaton.exits(cache, state);
    let to = if is_forward {
        exits.first(haystack, at, limit)
    } else {
        exits.last(haystack, at, limit)
    };
    *left -= signed(cache.work - before) * INSTRUCTION;
    to
}

/// The state behind a byte.
///
/// # Safety
///
/// `state` is a state of the table's cache, without a tag.
#[expect(
    clippy::inline_always,
    reason = "a look-up in the loops over all bytes"
)]
#[inline(always)]
pub(crate) unsafe fn behind(table: &[State], classes: &[u8; 256], state: State, byte: u8) -> State {
    // The class is added first: it is known long before the state is.
    let ways = table
        .as_ptr()
        .wrapping_add(usize::from(classes[usize::from(byte)]));
    // SAFETY: a state's ways out, one for each class, lie in the table.
    unsafe { *ways.wrapping_add(state as usize) }
}

/// Goes on until the state behind the byte at `at` has a tag, and returns that state; or up to the limit.
///
/// # Safety
///
/// `state` is a state of the table's cache, without a tag; `limit` is not above the haystack's length.
#[expect(
    clippy::inline_always,
    reason = "a call for the few bytes between two states that matter would cost more than they do"
)]
#[inline(always)]
unsafe fn walk(
    table: &[State],
    classes: &[u8; 256],
    haystack: &[u8],
    state: &mut State,
    at: &mut usize,
    limit: usize,
) -> State {
    let next = |state: State, at: usize| {
        // SAFETY: the place is below `limit`, and so in the haystack. Other threads may change the byte: any has a class.
        let byte = unsafe { *haystack.get_unchecked(at) };
        // SAFETY: `state` is a state of the table's cache: those without a tag are.
        unsafe { behind(table, classes, state, byte) }
    };
    while *at + 4 <= limit {
        for _ in 0..4 {
            let to = next(*state, *at);
            if to & TAG != 0 {
                return to;
            }
            *state = to;
            *at += 1;
        }
    }
    while *at < limit {
        let to = next(*state, *at);
        if to & TAG != 0 {
            return to;
        }
        *state = to;
        *at += 1;
    }
    *state
}

/// Where the next character stands that is read as one symbol.
///
/// It is computed for a stretch of the haystack at a time, so that each byte is examined only once.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Ahead {
    from: usize,
    until: usize,
    at: Option<usize>,
}

/// The number of bytes that are examined in advance.
const STRETCH: usize = 4 << 10;

impl Ahead {
    /// The first such character at or after `at` that starts before `limit`; otherwise the limit.
    pub(crate) fn next(&mut self, whole: Whole, haystack: &[u8], at: usize, limit: usize) -> usize {
        let known = self.from <= at
            && match self.at {
                Some(found) => at <= found,
                None => at < self.until || limit <= self.until,
            };
        if !known {
            let until = limit.min(at + STRETCH).min(haystack.len());
            let window = &haystack[at..haystack.len().min(until + 2)];
            let found = whole
                .spelled()
                .filter_map(|bytes| crate::search::find(window, bytes))
                .min();
            *self = Self {
                from: at,
                until,
                at: found.map(|found| at + found).filter(|&found| found < until),
            };
        }
        self.at.unwrap_or(self.until).min(limit)
    }

    /// Going backward: the end of the last such character at or before `at` that ends behind `limit`; otherwise the
    /// limit.
    pub(crate) fn before(whole: Whole, haystack: &[u8], at: usize, limit: usize) -> usize {
        let from = limit.max(at.saturating_sub(STRETCH));
        let window = &haystack[from.saturating_sub(2)..at];
        let found = whole
            .spelled()
            .filter_map(|bytes| Some(crate::search::rfind(window, bytes)? + bytes.len()))
            .max();
        match found.map(|found| found + from.saturating_sub(2)) {
            Some(end) if end > from => end,
            _ => from,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Ahead, STRETCH, Whole};
    use crate::pattern::Encoding;
    use crate::pattern::syntax::{Node, tree::Assert};

    #[test]
    fn a_stretch_is_examined_once_however_many_matches_it_has() {
        let node = Node::Assert(Assert::LineStart);
        let whole = Whole::of(std::iter::once(&node), Encoding::Utf8);
        let mut haystack = vec![b'a'; 3 * STRETCH];
        haystack[2 * STRETCH + 1..][..3].copy_from_slice("\u{2028}".as_bytes());
        let end = haystack.len();
        let mut ahead = Ahead::default();
        for at in 0..STRETCH {
            assert_eq!(ahead.next(whole, &haystack, at, end), STRETCH);
            assert_eq!(ahead.from, 0, "examined again at {at}");
        }
        assert_eq!(ahead.next(whole, &haystack, 9, 20), 20);
        assert_eq!(ahead.next(whole, &haystack, STRETCH, end), 2 * STRETCH);
        assert_eq!(
            ahead.next(whole, &haystack, 2 * STRETCH, end),
            2 * STRETCH + 1
        );
        assert_eq!(
            ahead.next(whole, &haystack, 2 * STRETCH + 1, end),
            2 * STRETCH + 1
        );
        assert_eq!(ahead.next(whole, &haystack, 2 * STRETCH + 4, end), end);
    }
}
