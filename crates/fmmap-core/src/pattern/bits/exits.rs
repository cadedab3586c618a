//! The bytes at which a state of an automaton goes on to another one: up to the next of them a run needs no look-ups.

use super::rows::{Term, WORD};
use super::runs::bits;
use crate::pattern::filter::front::Bytes;

#[derive(Clone, Copy, Debug)]
pub(crate) struct Exits(Term);

impl Exits {
    pub(crate) fn new(bytes: &Bytes) -> Self {
        // A test that is not exact stops too early, and the automaton reads that byte.
        Self(Term::new(0, bytes).0)
    }

    /// The first place in `[at, limit)` at which one of them stands; otherwise the limit. Just `at` without
    /// instructions for it.
    pub(crate) fn first(&self, haystack: &[u8], mut at: usize, limit: usize) -> usize {
        while at < limit {
            match bits(&self.0, haystack, at) {
                Some(0) => at += WORD,
                Some(bits) => return limit.min(at + bits.trailing_zeros() as usize),
                None => return at,
            }
        }
        limit
    }

    /// The place behind the last of them in `[limit, at)`; otherwise the limit.
    pub(crate) fn last(&self, haystack: &[u8], mut at: usize, limit: usize) -> usize {
        while at > limit {
            let from = limit.max(at.saturating_sub(WORD));
            let Some(bits) = bits(&self.0, haystack, from) else {
                return at;
            };
            let bits = bits << (WORD - (at - from));
            if bits != 0 {
                return at - bits.leading_zeros() as usize;
            }
            at = from;
        }
        limit
    }
}

#[cfg(test)]
mod tests {
    use super::{Bytes, Exits};
    use crate::pattern::testing::Random;

    #[test]
    fn the_next_exit_is_found_in_both_directions() {
        let mut random = Random(0xE817);
        let bytes = Bytes::range(b'<', b'<').or(&Bytes::range(0x80, 0xFF));
        let exits = Exits::new(&bytes);
        for _ in 0..2000 {
            let text: Vec<u8> = (0..random.below(300))
                .map(|_| *b"<\xC3abc".get(random.below(90)).unwrap_or(&b'-'))
                .collect();
            let from = random.below(text.len() + 1);
            let to = from + random.below(text.len() - from + 1);
            let is_exit = |byte: &u8| bytes.has(*byte);
            let first = text[from..to].iter().position(is_exit);
            let last = text[from..to].iter().rposition(is_exit);
            let (first, last) = (
                first.map_or(to, |at| from + at),
                last.map_or(from, |at| from + at + 1),
            );
            let (ahead, back) = (exits.first(&text, from, to), exits.last(&text, to, from));
            assert!(ahead == first || ahead == from, "{text:x?} {from} {to}");
            assert!(back == last || back == to, "{text:x?} {from} {to}");
        }
    }
}
