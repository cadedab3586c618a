//! Which bytes a match can begin with.

use crate::pattern::Encoding;
use crate::pattern::syntax::Node;
use crate::pattern::syntax::set::Set;

/// A set of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Bytes([u64; 4]);

impl Bytes {
    pub(crate) const NONE: Self = Self([0; 4]);

    pub(crate) fn range(first: u8, last: u8) -> Self {
        let mut set = Self::NONE;
        for byte in first..=last {
            set.0[usize::from(byte >> 6)] |= 1 << (byte & 63);
        }
        set
    }

    pub(crate) fn has(&self, byte: u8) -> bool {
        self.0[usize::from(byte >> 6)] >> (byte & 63) & 1 == 1
    }

    /// Calls `each` with its bytes.
    pub(crate) fn each(&self, mut each: impl FnMut(u8)) {
        for (word, &bits) in self.0.iter().enumerate() {
            let mut rest = bits;
            while rest != 0 {
                let byte = 64 * word + rest.trailing_zeros() as usize;
                each(u8::try_from(byte).unwrap_or(u8::MAX));
                rest &= rest - 1;
            }
        }
    }

    pub(crate) fn or(&self, other: &Self) -> Self {
        Self(std::array::from_fn(|at| self.0[at] | other.0[at]))
    }

    pub(crate) fn and(&self, other: &Self) -> Self {
        Self(std::array::from_fn(|at| self.0[at] & other.0[at]))
    }

    pub(crate) fn len(&self) -> u32 {
        self.0.iter().map(|word| word.count_ones()).sum()
    }

    /// A byte, and which of its bits matter, if that describes the set: it has one byte, or two that differ in one bit.
    pub(crate) fn masked(&self) -> Option<(u8, u8)> {
        let mut bytes = [0; 2];
        if !(1..=2).contains(&self.len()) {
            return None;
        }
        let mut all = 0;
        self.each(|byte| {
            bytes[all] = byte;
            all += 1;
        });
        let differ = if all == 1 { 0 } else { bytes[0] ^ bytes[1] };
        (differ.count_ones() <= 1).then_some((bytes[0] & !differ, !differ))
    }

    /// The only byte of the set, if it has just one.
    pub(crate) fn single(&self) -> Option<u8> {
        (self.len() == 1).then(|| (0..=u8::MAX).find(|&byte| self.has(byte)))?
    }
}

/// How many positions from the start are looked at.
pub(crate) const DEEP: usize = 16;

/// The most alternatives that are kept apart.
const MOST: usize = 256;

/// The same of the spellings of a string.
const SPELLINGS: usize = 4;

/// The bytes that can stand at each position from the start of a match, as far as every match of this alternative
/// reaches.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Front {
    pub(crate) at: Vec<Bytes>,
    /// Whether every match ends there, so that the bytes of what follows can be added.
    is_exact: bool,
}

impl Front {
    fn empty() -> Self {
        Self {
            at: Vec::new(),
            is_exact: true,
        }
    }

    /// The front of a string.
    pub(crate) fn literal(bytes: &[u8]) -> Self {
        Self {
            at: bytes
                .iter()
                .take(DEEP)
                .map(|&byte| Bytes::range(byte, byte))
                .collect(),
            is_exact: bytes.len() <= DEEP,
        }
    }

    fn then(&self, next: &Self) -> Self {
        if !self.is_exact || self.at.len() >= DEEP {
            return self.clone();
        }
        let mut at = self.at.clone();
        at.extend_from_slice(&next.at);
        let is_exact = next.is_exact && at.len() <= DEEP;
        at.truncate(DEEP);
        Self { at, is_exact }
    }

    /// Merges two fronts: what is true of either of them.
    fn or(&self, other: &Self) -> Self {
        let at: Vec<Bytes> = self
            .at
            .iter()
            .zip(&other.at)
            .map(|(a, b)| a.or(b))
            .collect();
        let len = at.len();
        Self {
            at,
            is_exact: self.is_exact
                && other.is_exact
                && self.at.len() == len
                && other.at.len() == len,
        }
    }
}

/// The alternatives of a node; none if it never matches.
pub(crate) fn fronts(node: &Node, encoding: Encoding) -> Vec<Front> {
    match node {
        Node::Empty | Node::Assert(_) => vec![Front::empty()],
        Node::Not(_) => vec![Front {
            is_exact: false,
            ..Front::empty()
        }],
        Node::Fail => Vec::new(),
        Node::Bytes(bytes) => vec![Front::literal(bytes)],
        Node::Set(set) => merged(characters(set, encoding)),
        Node::Group(_, node) => fronts(node, encoding),
        Node::Either(nodes) => limited(
            nodes
                .iter()
                .flat_map(|node| fronts(node, encoding))
                .collect(),
        ),
        Node::Concat(nodes) => concat(nodes.iter(), encoding),
        Node::Repeat(repeat) => {
            if repeat.min == 0 {
                return vec![Front {
                    is_exact: repeat.max == Some(0),
                    ..Front::empty()
                }];
            }
            let times = DEEP.min(repeat.min as usize);
            // Only one iteration: otherwise nested repetitions would be examined exponentially often.
            let one = fronts(&repeat.node, encoding);
            let mut all = vec![Front::empty()];
            for _ in 0..times {
                all = joined(&all, one.clone());
            }
            if repeat.max != Some(repeat.min) || times < repeat.min as usize {
                for front in &mut all {
                    front.is_exact = false;
                }
            }
            all
        }
    }
}

/// All bytes that a match may have.
pub(super) fn bytes(node: &Node, encoding: Encoding) -> Bytes {
    match node {
        Node::Bytes(bytes) => bytes
            .iter()
            .fold(Bytes::NONE, |all, &byte| all.or(&Bytes::range(byte, byte))),
        Node::Set(set) => characters(set, encoding)
            .iter()
            .flat_map(|front| &front.at)
            .fold(Bytes::NONE, |all, bytes| all.or(bytes)),
        Node::Concat(nodes) | Node::Either(nodes) => nodes
            .iter()
            .fold(Bytes::NONE, |all, node| all.or(&bytes(node, encoding))),
        Node::Group(_, node) => bytes(node, encoding),
        Node::Repeat(repeat) => bytes(&repeat.node, encoding),
        Node::Empty | Node::Fail | Node::Assert(_) | Node::Not(_) => Bytes::NONE,
    }
}

/// The alternatives of several nodes, one after the other.
pub(crate) fn concat<'n>(nodes: impl Iterator<Item = &'n Node>, encoding: Encoding) -> Vec<Front> {
    let mut all = vec![Front::empty()];
    for node in nodes {
        if all
            .iter()
            .all(|front| !front.is_exact || front.at.len() >= DEEP)
        {
            break;
        }
        all = joined(&all, fronts(node, encoding));
    }
    all
}

/// The alternatives of a row of characters that are spelled in several ways. Those of different lengths are kept apart, as
/// long as they are few.
pub(crate) fn spelled(sets: impl Iterator<Item = Set>, encoding: Encoding) -> Vec<Front> {
    let mut all = vec![Front::empty()];
    for set in sets {
        if all
            .iter()
            .all(|front| !front.is_exact || front.at.len() >= DEEP)
        {
            break;
        }
        let ways = characters(&set, encoding);
        let of_len = |len| ways.iter().filter(move |way| way.at.len() == len).cloned();
        let next: Vec<Front> = (1..=4)
            .flat_map(|len| merged(of_len(len).collect()))
            .collect();
        let is_much = all.len() * next.len() > SPELLINGS;
        all = joined(&all, if is_much { merged(next) } else { next });
    }
    all
}

/// Combines each alternative with each of those that follow.
fn joined(all: &[Front], next: Vec<Front>) -> Vec<Front> {
    let next = if all.len() * next.len() > MOST {
        merged(next)
    } else {
        next
    };
    let mut all: Vec<Front> = all
        .iter()
        .flat_map(|front| next.iter().map(|next| front.then(next)))
        .collect();
    all.dedup();
    all
}

/// Merges all alternatives into one that is true of each.
pub(super) fn merged(fronts: Vec<Front>) -> Vec<Front> {
    let mut fronts = fronts.into_iter();
    let Some(first) = fronts.next() else {
        return Vec::new();
    };
    vec![fronts.fold(first, |a, b| a.or(&b))]
}

fn limited(fronts: Vec<Front>) -> Vec<Front> {
    if fronts.len() > MOST {
        merged(fronts)
    } else {
        fronts
    }
}

/// The alternatives of a set, by the number of bytes in a character.
fn characters(set: &Set, encoding: Encoding) -> Vec<Front> {
    let mut all = Vec::new();
    let mut add = |ranges: &[(u8, u8)]| {
        all.push(Front {
            at: ranges
                .iter()
                .map(|&(first, last)| Bytes::range(first, last))
                .collect(),
            is_exact: true,
        });
    };
    let low = |code: u32| u8::try_from(code & 0xFF).unwrap_or(0);
    for &(first, last) in set.ranges() {
        if encoding == Encoding::Latin1 {
            if first <= 0xFF {
                add(&[(low(first), low(last.min(0xFF)))]);
            }
            continue;
        }
        for (from, to, more, lead) in [
            (0, 0x7F, 0, 0),
            (0x80, 0x7FF, 1, 0xC0),
            (0x800, 0xFFFF, 2, 0xE0),
            (0x1_0000, 0x10_FFFF, 3, 0xF0),
        ] {
            let (first, last) = (first.max(from), last.min(to));
            if first > last {
                continue;
            }
            // The first byte and, while all characters have the same one, the second and so on.
            let mut ranges = Vec::new();
            let mut same = true;
            for place in (0..=more).rev() {
                let (a, b) = (first >> (6 * place), last >> (6 * place));
                let (base, mask) = if place == more {
                    (lead, 0x7F)
                } else {
                    (0x80, 0x3F)
                };
                ranges.push(if same {
                    (base | low(a & mask), base | low(b & mask))
                } else {
                    (0x80, 0xBF)
                });
                same &= a == b;
            }
            add(&ranges);
        }
    }
    all
}
