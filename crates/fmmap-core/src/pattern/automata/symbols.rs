//! What an automaton reads: bytes, and a few characters as a whole.
//!
//! An assertion looks at one character on each side. Nearly always one byte is enough to judge it. The exceptions are
//! U+2028 and U+2029, which end lines, and U+017F and U+212A, which are letters of words when case is ignored. If a
//! pattern's assertions depend on these, the automata read each of them as one symbol instead of as its bytes.

use crate::pattern::Encoding;
use crate::pattern::syntax::Node;
use crate::pattern::syntax::tree::{Assert, Kind};

/// A byte, or one of the symbols behind them.
pub(crate) type Symbol = u16;

/// The end of the text.
pub(crate) const EDGE: Symbol = 256;

/// The characters that may be symbols.
const CHARACTERS: [(u32, [u8; 3], usize, Kind); 4] = [
    (0x2028, *b"\xE2\x80\xA8", 3, Kind::Line),
    (0x2029, *b"\xE2\x80\xA9", 3, Kind::Line),
    (0x017F, *b"\xC5\xBF\0", 2, Kind::Folded),
    (0x212A, *b"\xE2\x84\xAA", 3, Kind::Folded),
];

/// The number of symbols.
pub(crate) const SYMBOLS: Symbol = EDGE + 5;

/// Which characters are symbols in a pattern.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Whole {
    lines: bool,
    words: bool,
}

impl Whole {
    /// The characters that the assertions of a pattern depend on.
    pub(crate) fn of<'n>(nodes: impl Iterator<Item = &'n Node>, encoding: Encoding) -> Self {
        let mut whole = Self::default();
        if encoding == Encoding::Latin1 {
            return whole;
        }
        for node in nodes {
            node.any(&mut |node| {
                match node {
                    Node::Assert(Assert::LineStart | Assert::LineEnd) => whole.lines = true,
                    Node::Assert(
                        Assert::Word { folded: true } | Assert::NotWord { folded: true },
                    ) => whole.words = true,
                    _ => {}
                }
                false
            });
        }
        whole
    }

    pub(crate) fn any(self) -> bool {
        self.lines || self.words
    }

    fn has(self, kind: Kind) -> bool {
        match kind {
            Kind::Line => self.lines,
            Kind::Folded => self.words,
            _ => false,
        }
    }

    fn characters(self) -> impl Iterator<Item = (Symbol, u32, &'static [u8], Kind)> {
        (EDGE + 1..)
            .zip(&CHARACTERS)
            .filter(move |(_, character)| self.has(character.3))
            .map(|(symbol, (code, bytes, len, kind))| (symbol, *code, &bytes[..*len], *kind))
    }

    /// The characters that are symbols, with their symbols.
    pub(crate) fn codes(self) -> impl Iterator<Item = (u32, Symbol)> {
        self.characters().map(|(symbol, code, ..)| (code, symbol))
    }

    /// The bytes of these characters.
    pub(crate) fn spelled(self) -> impl Iterator<Item = &'static [u8]> {
        self.characters().map(|(_, _, bytes, _)| bytes)
    }

    /// The symbol at an offset, and its length in bytes.
    #[inline]
    pub(crate) fn at(self, haystack: &[u8], at: usize) -> (Symbol, usize) {
        let Some(&byte) = haystack.get(at) else {
            return (EDGE, 0);
        };
        if self.any() && matches!(byte, 0xC5 | 0xE2) {
            let rest = &haystack[at..];
            if let Some((symbol, _, bytes, _)) =
                self.characters().find(|found| rest.starts_with(found.2))
            {
                return (symbol, bytes.len());
            }
        }
        (Symbol::from(byte), 1)
    }

    /// The symbol that ends at an offset, and its length in bytes.
    #[inline]
    pub(crate) fn before(self, haystack: &[u8], at: usize) -> (Symbol, usize) {
        let Some(byte) = at.checked_sub(1).and_then(|at| haystack.get(at)) else {
            return (EDGE, 0);
        };
        if self.any() && matches!(byte, 0xA8..=0xAA | 0xBF) {
            let rest = &haystack[..at];
            if let Some((symbol, _, bytes, _)) =
                self.characters().find(|found| rest.ends_with(found.2))
            {
                return (symbol, bytes.len());
            }
        }
        (Symbol::from(*byte), 1)
    }
}

/// What an assertion knows about a symbol.
pub(crate) fn kind(symbol: Symbol) -> Kind {
    match u8::try_from(symbol) {
        Ok(byte) => Kind::of_byte(byte),
        Err(_) if symbol == EDGE => Kind::Edge,
        Err(_) => CHARACTERS
            .get(usize::from(symbol - EDGE - 1))
            .map_or(Kind::Other, |character| character.3),
    }
}
