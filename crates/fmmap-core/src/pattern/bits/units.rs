//! The ways through a pattern, each as a sequence of characters with their repetitions.

use crate::pattern::Encoding;
use crate::pattern::filter::front::Bytes;
use crate::pattern::syntax::Node;
use crate::pattern::syntax::set::Set;
use crate::pattern::syntax::tree::Assert;

/// The most units of a sequence, before they are joined.
const UNITS: usize = 64;

/// The most ways through a pattern.
const ALTERNATIVES: usize = 8;

/// A character with the number of its repetitions.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Unit {
    pub(super) what: What,
    pub(super) min: usize,
    pub(super) max: usize,
    pub(super) greedy: bool,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum What {
    Set(Set),
    /// A byte that is a part of a character, or of no character.
    Byte(u8),
}

/// What stands one after the other on one way.
#[derive(Clone, Debug, Default)]
pub(super) struct Sequence {
    pub(super) units: Vec<Unit>,
    pub(super) before: Option<Assert>,
    pub(super) after: Option<Assert>,
}

/// All ways through a pattern, in the order in which they are tried. `None` if there are too many, or if some way is no
/// sequence of units.
pub(super) fn sequences(node: &Node, encoding: Encoding) -> Option<Vec<Sequence>> {
    let mut flat = Flat {
        encoding,
        ways: vec![Sequence::default()],
        left: 8 * UNITS,
    };
    flat.add(node)?;
    Some(flat.ways)
}

/// Reads a syntax tree into sequences.
struct Flat {
    encoding: Encoding,
    /// All ways, in their order.
    ways: Vec<Sequence>,
    /// Nodes that may still be looked at: repetitions of repetitions are a power of them.
    left: usize,
}

impl Flat {
    fn add(&mut self, node: &Node) -> Option<()> {
        self.left = self.left.checked_sub(1)?;
        match node {
            Node::Empty => {}
            Node::Group(_, node) => self.add(node)?,
            Node::Concat(nodes) => nodes.iter().try_for_each(|node| self.add(node))?,
            Node::Either(nodes) => self.either(&nodes.iter().collect::<Vec<_>>())?,
            Node::Bytes(bytes) => {
                for &byte in bytes {
                    let what = if byte < 0x80 || self.encoding == Encoding::Latin1 {
                        What::Set(Set::one(byte.into()))
                    } else {
                        What::Byte(byte)
                    };
                    self.unit(&what, 1, 1, true)?;
                }
            }
            Node::Set(set) => self.character(set)?,
            Node::Assert(assert) => {
                for way in &mut self.ways {
                    way.assert(*assert)?;
                }
            }
            Node::Repeat(repeat) => {
                let mut node = &repeat.node;
                while let Node::Group(_, inner) = node {
                    node = inner;
                }
                let mut min = repeat.min as usize;
                let max = repeat.max.map_or(usize::MAX, |max| max as usize);
                // A repetition without a limit of one that needs one character or none is a run, as `(?:a*)*` is.
                while let Node::Repeat(inner) = node
                    && max == usize::MAX
                    && inner.min <= 1
                    && inner.max != Some(0)
                    && inner.greedy == repeat.greedy
                {
                    self.left = self.left.checked_sub(1)?;
                    min *= inner.min as usize;
                    node = &inner.node;
                    while let Node::Group(_, inner) = node {
                        node = inner;
                    }
                }
                if let Node::Set(set) = node {
                    self.unit(&What::Set(set.clone()), min, max, repeat.greedy)?;
                } else if max == min && min <= UNITS {
                    for _ in 0..min {
                        self.add(node)?;
                    }
                } else if (min, max) == (0, 1) && !node.is_nullable() {
                    let mut ways = [node, &Node::Empty];
                    if !repeat.greedy {
                        ways.reverse();
                    }
                    self.either(&ways)?;
                } else {
                    return None;
                }
            }
            Node::Fail | Node::Not(_) => return None,
        }
        Some(())
    }

    /// Each way so far goes on by each of these.
    fn either(&mut self, nodes: &[&Node]) -> Option<()> {
        let mut all = Vec::new();
        for way in std::mem::take(&mut self.ways) {
            for node in nodes {
                self.ways = vec![way.clone()];
                self.add(node)?;
                all.append(&mut self.ways);
                if all.len() > ALTERNATIVES {
                    return None;
                }
            }
        }
        self.ways = all;
        Some(())
    }

    fn character(&mut self, set: &Set) -> Option<()> {
        let one = match set.ranges() {
            [(first, last)] if first == last && *first >= 0x80 => char::from_u32(*first),
            _ => None,
        };
        let Some(one) = one.filter(|_| self.encoding == Encoding::Utf8) else {
            return self.unit(&What::Set(set.clone()), 1, 1, true);
        };
        let mut buffer = [0; 4];
        let bytes = one.encode_utf8(&mut buffer).bytes();
        bytes
            .map(|byte| self.unit(&What::Byte(byte), 1, 1, true))
            .collect()
    }

    fn unit(&mut self, what: &What, min: usize, max: usize, greedy: bool) -> Option<()> {
        if max == 0 {
            return Some(());
        }
        for way in &mut self.ways {
            if way.after.is_some() || way.units.len() >= UNITS {
                // An assertion that is not at the end, or too much.
                return None;
            }
            way.units.push(Unit {
                what: what.clone(),
                min,
                max,
                greedy,
            });
        }
        Some(())
    }
}

impl Sequence {
    fn assert(&mut self, assert: Assert) -> Option<()> {
        let place = match assert {
            Assert::LineStart | Assert::Word { folded: false }
                if self.units.is_empty() && self.before.is_none() =>
            {
                &mut self.before
            }
            Assert::LineEnd | Assert::Word { folded: false } if self.after.is_none() => {
                &mut self.after
            }
            _ => return None,
        };
        *place = Some(assert);
        Some(())
    }
}

/// Joins a fixed number of characters of a class and a run of the same class.
pub(super) fn joined(units: Vec<Unit>) -> Vec<Unit> {
    let mut joined: Vec<Unit> = Vec::with_capacity(units.len());
    for unit in units {
        match joined.last_mut() {
            Some(before)
                if before.what == unit.what
                    && before.min == before.max
                    && !(unit.min == 1 && unit.max == 1 && unit.what.is_one()) =>
            {
                before.min = before.min.saturating_add(unit.min);
                before.max = before.max.saturating_add(unit.max);
                before.greedy = unit.greedy;
            }
            _ => joined.push(unit),
        }
    }
    joined
}

impl What {
    /// The bytes that are characters of the class, without characters of more than one byte.
    pub(super) fn bytes(&self, encoding: Encoding) -> Bytes {
        let last = match encoding {
            Encoding::Latin1 => 0xFF,
            Encoding::Utf8 => 0x7F,
        };
        match self {
            Self::Byte(byte) => Bytes::range(*byte, *byte),
            Self::Set(set) => set.ranges().iter().filter(|range| range.0 <= last).fold(
                Bytes::NONE,
                |all, &(first, end)| {
                    let low = |code: u32| u8::try_from(code.min(last)).unwrap_or(u8::MAX);
                    all.or(&Bytes::range(low(first), low(end)))
                },
            ),
        }
    }

    /// Whether the class has characters of more than one byte.
    pub(super) fn has_more(&self, encoding: Encoding) -> bool {
        match self {
            Self::Set(set) => {
                encoding == Encoding::Utf8
                    && set.ranges().last().is_some_and(|range| range.1 >= 0x80)
            }
            Self::Byte(_) => false,
        }
    }

    fn is_one(&self) -> bool {
        match self {
            Self::Set(set) => matches!(set.ranges(), [(first, last)] if first == last),
            Self::Byte(_) => true,
        }
    }
}
