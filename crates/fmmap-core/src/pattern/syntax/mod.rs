//! Parses the source of a pattern to a tree from which automata can be compiled.
//!
//! | module | what it does |
//! |---|---|
//! | `reader` | the source, unit by unit; numbers and escapes |
//! | `parser` | terms, groups, quantifiers |
//! | `class` | classes, properties, the sets of the flag v |
//! | `lookahead` | what a lookahead at the end becomes |
//! | `tree` | what comes out |
//! | `set`, `orbits` | sets of characters, and case folding of them |
//! | `lower` | the rule of empty iterations, made part of the tree |
//! | `refusal` | what is not taken |

mod class;
mod lookahead;
mod lower;
mod orbits;
mod parser;
mod reader;
mod refusal;
pub(crate) mod set;
pub(crate) mod tree;

pub(crate) use lookahead::ahead;
pub use refusal::{Construct, Refusal};
pub(crate) use tree::Node;

/// The flags of a RegExp that change what it matches. `g` and `d` do not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "flags")]
pub struct Flags {
    /// `i`
    pub ignore_case: bool,
    /// `m`
    pub multiline: bool,
    /// `s`
    pub dot_all: bool,
    /// `u`
    pub unicode: bool,
    /// `v`
    pub sets: bool,
    /// `y`
    pub sticky: bool,
}

impl Flags {
    /// The flags in a RegExp's `flags`. Letters that do not change what matches are ignored.
    pub fn new(letters: &str) -> Self {
        Self {
            ignore_case: letters.contains('i'),
            multiline: letters.contains('m'),
            dot_all: letters.contains('s'),
            unicode: letters.contains('u'),
            sets: letters.contains('v'),
            sticky: letters.contains('y'),
        }
    }
}

/// The members of a Unicode property.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Members {
    /// Ranges of code points, both ends included.
    pub ranges: Vec<(u32, u32)>,
    /// For a property of strings, those that are not a single character.
    pub strings: Vec<Vec<u32>>,
}

/// A pattern as a tree.
#[derive(Clone, Debug)]
pub(crate) struct Parsed {
    pub(crate) node: Node,
    /// The number of groups, without the whole match.
    pub(crate) groups: usize,
    pub(crate) names: Vec<(String, usize)>,
    /// The number of the group that is the actual match, if a lookahead follows it.
    pub(crate) tail: Option<usize>,
}

/// The tree of a source, after the rule for empty iterations was applied.
pub(crate) fn parse(
    units: &[u16],
    flags: Flags,
    properties: &mut dyn FnMut(&str) -> Option<Members>,
) -> Result<Parsed, Refusal> {
    let mut parsed = parser::parse(units, flags, properties)?;
    parsed.node = lower::lower(parsed.node)?;
    Ok(parsed)
}

/// The tree of a source without properties, as the parser makes it.
#[cfg(any(test, feature = "testing"))]
pub(crate) fn parse_only(units: &[u16], flags: Flags) -> Result<Parsed, Refusal> {
    parser::parse(units, flags, &mut |_| None)
}

/// The names of the properties in a source, as they stand between the braces of `\p{...}`. Each is listed once, in
/// order.
///
/// # Errors
///
/// [`Refusal`], for syntax that this engine does not support.
pub fn properties(units: &[u16], flags: Flags) -> Result<Vec<String>, Refusal> {
    let mut names: Vec<String> = Vec::new();
    parser::parse(units, flags, &mut |name| {
        if !names.iter().any(|known| known == name) {
            names.push(name.to_owned());
        }
        Some(Members::default())
    })?;
    Ok(names)
}
