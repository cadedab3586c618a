//! Why a pattern is refused.

use std::fmt;

/// A construct of ECMAScript's syntax that this engine does not support, and where it stands.
///
/// Automata do not remember what groups have matched, and read in one direction. Backreferences, lookbehind, and
/// lookahead in the middle of a pattern would need backtracking as in V8, which can take exponential time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The construct.
    pub construct: Construct,
    /// Where it stands in the source, in UTF-16 code units.
    pub at: usize,
    /// The number of the needle that contains it, from 0 on.
    pub needle: usize,
}

impl Refusal {
    pub(crate) fn new(construct: Construct, at: usize) -> Self {
        Self {
            construct,
            at,
            needle: 0,
        }
    }

    pub(crate) fn in_needle(self, needle: usize) -> Self {
        Self { needle, ..self }
    }
}

/// A construct that is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Construct {
    /// `(?<=` or `(?<!`.
    Lookbehind,
    /// `(?=` or `(?!` before the end of the pattern.
    Lookahead,
    /// `\1`, `\k<name>`.
    Backreference,
    /// Half of a surrogate pair.
    Surrogate,
    /// The automaton would become too large: the part there is repeated too often, or the strings of a list are too
    /// long.
    Size,
    /// Groups are nested too deeply.
    Depth,
    /// A property whose members were not given.
    Property,
    /// The flag y of one RegExp in a list whose others do not have it.
    Sticky,
    /// Not valid in ECMAScript: the runtime's own RegExp would refuse it too.
    Syntax,
}

impl Construct {
    /// The name of the construct, as JavaScript sees it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Lookbehind => "lookbehind",
            Self::Lookahead => "lookahead",
            Self::Backreference => "backreference",
            Self::Surrogate => "surrogate",
            Self::Size => "size",
            Self::Depth => "depth",
            Self::Property => "property",
            Self::Sticky => "sticky",
            Self::Syntax => "syntax",
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.construct {
            Construct::Lookbehind => "a lookbehind",
            Construct::Lookahead => "a lookahead before the end of the pattern",
            Construct::Backreference => "a backreference",
            Construct::Surrogate => {
                "half of a surrogate pair: write the character, with the flag u"
            }
            Construct::Size => "what makes the automaton too large",
            Construct::Depth => "groups nested too deep",
            Construct::Property => "a property whose members are not known",
            Construct::Sticky => "the flag y in a list of patterns without it",
            Construct::Syntax => "what is no syntax of a pattern",
        };
        write!(f, "{what}, at {}", self.at)
    }
}

impl std::error::Error for Refusal {}
