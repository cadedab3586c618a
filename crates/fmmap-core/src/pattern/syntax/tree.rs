//! A parsed pattern, as a tree.

use super::set::Set;
use crate::pattern::Encoding;
use std::ops::Range;

/// A part of a pattern.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Node {
    /// Matches the empty string.
    Empty,
    /// Matches nothing.
    Fail,
    /// Matches one character of the set.
    Set(Set),
    /// Matches these bytes, whether or not they are valid characters.
    Bytes(Vec<u8>),
    /// Matches all of these, one after the other.
    Concat(Vec<Node>),
    /// Matches any of these; earlier ones are preferred.
    Either(Vec<Node>),
    /// A group, with its number from 1 on.
    Group(usize, Box<Node>),
    Repeat(Box<Repeat>),
    Assert(Assert),
    /// A negative lookahead: the empty string, where this does not match. Only at the end of a pattern.
    Not(Box<Node>),
}

/// A quantifier.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Repeat {
    pub(crate) node: Node,
    pub(crate) min: u32,
    /// The most iterations; `None` for no limit.
    pub(crate) max: Option<u32>,
    pub(crate) greedy: bool,
    /// The groups inside, which are unset at the beginning of each iteration.
    pub(crate) groups: Range<usize>,
    /// Where the quantifier stands in the source.
    pub(crate) at: usize,
}

/// A condition on a place between two characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Assert {
    /// `^` without the flag m.
    Start,
    /// `$` without the flag m.
    End,
    /// `^` with it.
    LineStart,
    /// `$` with it.
    LineEnd,
    /// `\b`; with U+017F and U+212A in words, or without.
    Word { folded: bool },
    /// `\B`.
    NotWord { folded: bool },
    /// The character before is of this kind. The syntax has no such assertion, but negative lookaheads that contain
    /// assertions are compiled to it.
    After(Kind),
}

/// What assertions distinguish about the character on one side of a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub(crate) enum Kind {
    Other,
    /// There is no character: the text starts or ends here.
    Edge,
    /// A line terminator.
    Line,
    /// A word character.
    Word,
    /// U+017F or U+212A, a word character when case is ignored.
    Folded,
}

impl Kind {
    pub(crate) const ALL: [Self; 5] = [
        Self::Other,
        Self::Edge,
        Self::Line,
        Self::Word,
        Self::Folded,
    ];

    /// The kind of a character that is one byte.
    pub(crate) fn of_byte(byte: u8) -> Self {
        match byte {
            b'\n' | b'\r' => Self::Line,
            b'0'..=b'9' | b'A'..=b'Z' | b'_' | b'a'..=b'z' => Self::Word,
            _ => Self::Other,
        }
    }

    fn is_word(self, folded: bool) -> bool {
        self == Self::Word || folded && self == Self::Folded
    }
}

impl Assert {
    /// Whether this kind of characters may decide otherwise than [`Kind::Other`].
    pub(crate) fn tells(self, kind: Kind) -> bool {
        match self {
            Self::Start | Self::End => kind == Kind::Edge,
            Self::LineStart | Self::LineEnd => matches!(kind, Kind::Edge | Kind::Line),
            Self::Word { .. } | Self::NotWord { .. } => kind.is_word(true),
            Self::After(own) => own == Kind::Other || own == kind,
        }
    }

    /// Whether the condition holds between two characters of these kinds.
    pub(crate) fn holds(self, before: Kind, after: Kind) -> bool {
        match self {
            Self::Start => before == Kind::Edge,
            Self::End => after == Kind::Edge,
            Self::LineStart => matches!(before, Kind::Edge | Kind::Line),
            Self::LineEnd => matches!(after, Kind::Edge | Kind::Line),
            Self::Word { folded } => before.is_word(folded) != after.is_word(folded),
            Self::NotWord { folded } => before.is_word(folded) == after.is_word(folded),
            Self::After(kind) => before == kind,
        }
    }
}

impl Node {
    /// Whether a match can begin inside of a character. Only that of a string can, whose first byte no character begins
    /// with.
    pub(crate) fn begins_inside(&self) -> bool {
        match self {
            Self::Bytes(bytes) => bytes.first().is_some_and(|byte| byte & 0xC0 == 0x80),
            Self::Concat(nodes) => nodes.first().is_some_and(Self::begins_inside),
            _ => false,
        }
    }

    pub(crate) fn concat(mut nodes: Vec<Node>) -> Self {
        match nodes.len() {
            0 => Self::Empty,
            1 => nodes.swap_remove(0),
            _ => Self::Concat(nodes),
        }
    }

    pub(crate) fn either(mut nodes: Vec<Node>) -> Self {
        match nodes.len() {
            0 => Self::Fail,
            1 => nodes.swap_remove(0),
            _ => Self::Either(nodes),
        }
    }

    /// Whether the node can match the empty string.
    pub(crate) fn is_nullable(&self) -> bool {
        self.has_empty(true)
    }

    /// Whether it matches at any place, if only the empty string.
    pub(crate) fn is_everywhere(&self) -> bool {
        self.has_empty(false)
    }

    fn has_empty(&self, where_assertions_hold: bool) -> bool {
        let has_empty = |node: &Self| node.has_empty(where_assertions_hold);
        match self {
            Self::Assert(_) | Self::Not(_) => where_assertions_hold,
            Self::Empty => true,
            Self::Fail | Self::Set(_) => false,
            Self::Bytes(bytes) => bytes.is_empty(),
            Self::Concat(nodes) => nodes.iter().all(has_empty),
            Self::Either(nodes) => nodes.iter().any(has_empty),
            Self::Group(_, node) => has_empty(node),
            Self::Repeat(repeat) => repeat.min == 0 || has_empty(&repeat.node),
        }
    }

    /// Whether each match starts where this assertion holds.
    pub(crate) fn starts_with(&self, assert: Assert) -> bool {
        match self {
            Self::Assert(own) => *own == assert,
            Self::Concat(nodes) => nodes.first().is_some_and(|node| node.starts_with(assert)),
            Self::Either(nodes) => nodes.iter().all(|node| node.starts_with(assert)),
            Self::Group(_, node) => node.starts_with(assert),
            _ => false,
        }
    }

    /// Whether each match ends where this assertion holds.
    pub(crate) fn ends_with(&self, assert: Assert) -> bool {
        match self {
            Self::Assert(own) => *own == assert,
            Self::Concat(nodes) => nodes.last().is_some_and(|node| node.ends_with(assert)),
            Self::Either(nodes) => nodes.iter().all(|node| node.ends_with(assert)),
            Self::Group(_, node) => node.ends_with(assert),
            _ => false,
        }
    }

    /// Whether it can match the empty string alone, if anything.
    pub(crate) fn reads_nothing(&self) -> bool {
        !self.any(&mut |node| matches!(node, Self::Set(_) | Self::Bytes(_)))
    }

    /// The number of nodes in the tree.
    pub(crate) fn size(&self) -> usize {
        1 + match self {
            Self::Concat(nodes) | Self::Either(nodes) => nodes.iter().map(Self::size).sum(),
            Self::Group(_, node) | Self::Not(node) => node.size(),
            Self::Repeat(repeat) => repeat.node.size(),
            Self::Bytes(bytes) => bytes.len(),
            Self::Empty | Self::Fail | Self::Set(_) | Self::Assert(_) => 0,
        }
    }

    /// Whether `test` is true for any node of the tree.
    pub(crate) fn any(&self, test: &mut impl FnMut(&Node) -> bool) -> bool {
        test(self)
            || match self {
                Self::Concat(nodes) | Self::Either(nodes) => {
                    nodes.iter().any(|node| node.any(test))
                }
                Self::Group(_, node) | Self::Not(node) => node.any(test),
                Self::Repeat(repeat) => repeat.node.any(test),
                Self::Empty | Self::Fail | Self::Set(_) | Self::Bytes(_) | Self::Assert(_) => false,
            }
    }

    /// The fewest and the most bytes that a match can have; the latter is `None` if there is no limit.
    pub(crate) fn lengths(&self, encoding: Encoding) -> (usize, Option<usize>) {
        let add = |a: Option<usize>, b: Option<usize>| a?.checked_add(b?);
        match self {
            // Of something that never matches, any statement is true.
            Self::Empty | Self::Assert(_) | Self::Fail => (0, Some(0)),
            Self::Not(_) => (0, None),
            Self::Bytes(bytes) => (bytes.len(), Some(bytes.len())),
            Self::Set(set) => {
                let len = |code: u32| match code {
                    _ if encoding == Encoding::Latin1 => 1,
                    0..0x80 => 1,
                    0x80..0x800 => 2,
                    0x800..0x1_0000 => 3,
                    _ => 4,
                };
                let ranges = set.ranges();
                let least = ranges.first().map_or(0, |range| len(range.0));
                (least, Some(ranges.last().map_or(0, |range| len(range.1))))
            }
            Self::Concat(nodes) => nodes.iter().fold((0, Some(0)), |sum, node| {
                let (least, most) = node.lengths(encoding);
                (sum.0.saturating_add(least), add(sum.1, most))
            }),
            Self::Either(nodes) => {
                let mut nodes = nodes.iter().map(|node| node.lengths(encoding));
                let first = nodes.next().unwrap_or((0, Some(0)));
                nodes.fold(first, |a, b| {
                    let most = a.1.zip(b.1).map(|(a, b)| a.max(b));
                    (a.0.min(b.0), most)
                })
            }
            Self::Group(_, node) => node.lengths(encoding),
            Self::Repeat(repeat) => {
                let (least, most) = repeat.node.lengths(encoding);
                let times = repeat.max.map(|max| max as usize);
                let most = match (most, times) {
                    (Some(0), _) => Some(0),
                    (most, times) => most
                        .zip(times)
                        .and_then(|(most, times)| most.checked_mul(times)),
                };
                (least.saturating_mul(repeat.min as usize), most)
            }
        }
    }

    /// Whether a match, or what a lookahead behind it reads, may contain a newline.
    pub(crate) fn may_have_newline(&self) -> bool {
        self.any(&mut |node| match node {
            Self::Set(set) => set.has(0x0A),
            Self::Bytes(bytes) => bytes.contains(&b'\n'),
            Self::Not(_) => true,
            _ => false,
        })
    }
}
