//! Groups symbols that a program never tells apart into classes.
//!
//! A state of an automaton has one transition for each class instead of one for each byte. Most patterns have four to
//! twenty classes.

use super::program::Edge;
use super::symbols::{EDGE, SYMBOLS, Symbol, kind};

/// The class of each symbol.
#[derive(Clone, Debug)]
pub(crate) struct Classes {
    /// The class of each byte. Classes of bytes come first.
    pub(crate) bytes: [u8; 256],
    /// One symbol of each class.
    representatives: Vec<Symbol>,
}

impl Classes {
    pub(super) fn new(edges: &[Edge], has_assertions: bool) -> Self {
        // The symbols with which a class starts: those that some instruction tells apart from the one before.
        let mut starts = [false; SYMBOLS as usize + 1];
        for edge in edges {
            starts[usize::from(edge.first)] = true;
            starts[usize::from(edge.last) + 1] = true;
        }
        let mut bytes = [0; 256];
        let mut representatives: Vec<Symbol> = vec![0];
        for byte in 1..=u8::MAX {
            let symbol = Symbol::from(byte);
            let other = has_assertions && kind(symbol) != kind(symbol - 1);
            if other || starts[usize::from(byte)] {
                representatives.push(symbol);
            }
            bytes[usize::from(byte)] = u8::try_from(representatives.len() - 1).unwrap_or(u8::MAX);
        }
        // All other symbols are a class each.
        representatives.extend(EDGE..SYMBOLS);
        Self {
            bytes,
            representatives,
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.representatives.len()
    }

    pub(crate) fn representatives(&self) -> &[Symbol] {
        &self.representatives
    }

    #[inline]
    pub(crate) fn of(&self, symbol: Symbol) -> usize {
        match self.bytes.get(usize::from(symbol)) {
            Some(&class) => usize::from(class),
            None => self.len() - usize::from(SYMBOLS - symbol),
        }
    }
}
