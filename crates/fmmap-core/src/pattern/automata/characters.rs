//! The bytes of a set of characters, as a graph.
//!
//! Each path from the first node to the last spells a character of the set, and all its characters are spelled. Nodes
//! with the same paths to the end are merged, so that the 700 ranges of `\p{L}` are a few hundred nodes.

use crate::hash::Map;
use crate::pattern::Encoding;
use crate::pattern::syntax::set::Set;

/// An arrow from a node: the first and the last byte that take it, and the node to which it leads.
pub(super) type Arrow = (u8, u8, usize);

/// The last node, which has no arrows.
pub(super) const END: usize = 0;

#[derive(Debug)]
pub(super) struct Spelling {
    /// The first node of the graph is the last in this list.
    pub(super) nodes: Vec<Vec<Arrow>>,
}

impl Spelling {
    pub(super) fn first(&self) -> usize {
        self.nodes.len() - 1
    }

    pub(super) fn new(set: &Set, encoding: Encoding) -> Self {
        let mut graph = Graph {
            nodes: vec![Vec::new()],
            known: Map::default(),
        };
        let first = match encoding {
            Encoding::Latin1 => bytes(&cut(set.ranges(), 0, 0xFF)),
            Encoding::Utf8 => graph.utf8(set),
        };
        graph.nodes.push(first);
        Self { nodes: graph.nodes }
    }
}

/// How many different characters the last `count` bytes can tell apart.
const fn block(count: u32) -> u32 {
    1 << (6 * count)
}

struct Graph {
    nodes: Vec<Vec<Arrow>>,
    /// The node from which that many bytes spell these numbers.
    known: Map<(u32, Vec<(u32, u32)>), usize>,
}

impl Graph {
    /// The arrows of the first byte.
    fn utf8(&mut self, set: &Set) -> Vec<Arrow> {
        let mut arrows = bytes(&cut(set.ranges(), 0, 0x7F));
        for (more, lead, first, last) in [
            (1, 0xC0, 0x80, 0x7FF),
            (2, 0xE0, 0x800, 0xD7FF),
            (2, 0xE0, 0xE000, 0xFFFF),
            (3, 0xF0, 0x1_0000, 0x10_FFFF),
        ] {
            let numbers = cut(set.ranges(), first, last);
            if !numbers.is_empty() {
                self.arrows(&mut arrows, lead, more, &numbers);
            }
        }
        merged(arrows)
    }

    /// Adds the arrows of a byte that is `base` plus the first part of a number, followed by `more` bytes.
    fn arrows(&mut self, arrows: &mut Vec<Arrow>, base: u8, more: u32, numbers: &[(u32, u32)]) {
        let size = block(more);
        let (first, last) = (numbers[0].0 / size, numbers[numbers.len() - 1].1 / size);
        for part in first..=last {
            let rest = cut(numbers, part * size, (part + 1) * size - 1);
            if rest.is_empty() {
                continue;
            }
            let rest = rest
                .iter()
                .map(|&(first, last)| (first - part * size, last - part * size))
                .collect();
            let to = self.node(more, rest);
            let byte = base | low(part);
            arrows.push((byte, byte, to));
        }
    }

    fn node(&mut self, more: u32, numbers: Vec<(u32, u32)>) -> usize {
        if more == 0 {
            return END;
        }
        if let Some(&node) = self.known.get(&(more, numbers.clone())) {
            return node;
        }
        let mut arrows = Vec::new();
        self.arrows(&mut arrows, 0x80, more - 1, &numbers);
        let node = self.nodes.len();
        self.nodes.push(merged(arrows));
        self.known.insert((more, numbers), node);
        node
    }
}

/// The parts of ranges that lie between two numbers.
fn cut(ranges: &[(u32, u32)], first: u32, last: u32) -> Vec<(u32, u32)> {
    let from = ranges.partition_point(|range| range.1 < first);
    ranges[from..]
        .iter()
        .take_while(|range| range.0 <= last)
        .map(|range| (range.0.max(first), range.1.min(last)))
        .collect()
}

/// The arrows of characters that are one byte each.
fn bytes(ranges: &[(u32, u32)]) -> Vec<Arrow> {
    ranges
        .iter()
        .map(|&(first, last)| (low(first), low(last), END))
        .collect()
}

/// Merges neighbouring arrows that lead to the same node.
fn merged(arrows: Vec<Arrow>) -> Vec<Arrow> {
    let mut merged: Vec<Arrow> = Vec::with_capacity(arrows.len());
    for (first, last, to) in arrows {
        match merged.last_mut() {
            Some(before) if before.2 == to && before.1.checked_add(1) == Some(first) => {
                before.1 = last;
            }
            _ => merged.push((first, last, to)),
        }
    }
    merged
}

#[expect(clippy::cast_possible_truncation, reason = "a byte")]
fn low(number: u32) -> u8 {
    number as u8
}

#[cfg(test)]
mod tests {
    use super::{END, Encoding, Set, Spelling};

    fn spells(spelling: &Spelling, bytes: &[u8]) -> bool {
        let mut node = spelling.first();
        for byte in bytes {
            let Some(arrow) = spelling.nodes[node]
                .iter()
                .find(|arrow| (arrow.0..=arrow.1).contains(byte))
            else {
                return false;
            };
            node = arrow.2;
        }
        node == END
    }

    #[test]
    fn a_set_is_spelled_and_nothing_else() {
        let sets = [
            Set::all(),
            Set::of(&[
                (0x41, 0x5A),
                (0x7F, 0x80),
                (0x7FE, 0x801),
                (0xFFFF, 0x1_0000),
            ]),
            Set::of(&[(0x2028, 0x2029), (0x1_F600, 0x10_FFFF)]),
            Set::of(&[(0, 0x10_FFFF)]).minus(&Set::of(&[(0x100, 0xFF00)])),
        ];
        for set in sets {
            let spelling = Spelling::new(&set, Encoding::Utf8);
            for code in (0..0x3000)
                .chain(0xD000..0xF000)
                .chain(0xFFF0..0x1_0010)
                .chain((0x1_0010..0x10_FFFF).step_by(61))
            {
                let Some(character) = char::from_u32(code) else {
                    continue;
                };
                let mut buffer = [0; 4];
                let bytes = character.encode_utf8(&mut buffer).as_bytes();
                assert_eq!(spells(&spelling, bytes), set.has(code), "{code:x}");
                assert!(
                    !spells(&spelling, &bytes[..bytes.len() - 1])
                        || bytes.len() == 1 && spelling.nodes.len() == 1
                );
            }
            for bad in [
                &b"\xC0\x80"[..],
                b"\xED\xA0\x80",
                b"\xF4\x90\x80\x80",
                b"\xE0\x80\x80",
                b"\x80",
                b"\xFF",
            ] {
                assert!(!spells(&spelling, bad), "{bad:x?}");
            }
            let latin = Spelling::new(&set, Encoding::Latin1);
            for byte in 0..=255 {
                assert_eq!(spells(&latin, &[byte]), set.has(u32::from(byte)));
            }
        }
    }

    #[test]
    fn all_characters_are_few_nodes() {
        assert!(Spelling::new(&Set::all(), Encoding::Utf8).nodes.len() < 12);
    }
}
