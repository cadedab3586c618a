//! The automaton of Aho and Corasick. It reads each byte of a haystack once, however many needles there are.
//!
//! A node stands for a prefix of some needle. By a byte a search goes from a node to the one that is longer by this
//! byte. If there is none, it tries the same from the longest proper suffix of the node that is a node, too (its
//! failure link).
//!
//! Forward the leftmost match counts, and of two that start at one place the one earlier in the list. So after a match
//! was found, transitions that would lose its start are dead; and where a needle has an earlier one of the list as its
//! prefix, it never matches, and gets no nodes behind that prefix. Backward only the start counts that comes last, and
//! none of this is needed.
//!
//! Transitions are computed when a search first takes them, and kept in rows of a table: a row for each node that was
//! visited, with one entry for each class of bytes.

use super::fold::Fold;
use super::{Found, Read, Strings};
use crate::pattern::signed;
use std::collections::VecDeque;

/// A node, by its number. Node 0 is the root, the empty prefix.
type Node = u32;

const ROOT: Node = 0;
const NONE: u32 = u32::MAX;

/// The transition by which no better match can be found: the search is over.
const DEAD: Node = u32::MAX - 1;

#[derive(Clone, Copy, Debug)]
struct State {
    byte: u8,
    /// The first of the nodes that are longer by one byte.
    child: Node,
    /// The next child of the same parent.
    sibling: Node,
    /// The failure link: the longest proper suffix that is a node.
    shorter: Node,
    /// The needle that this node, or a suffix of it, is.
    needle: u32,
    len: u32,
}

#[derive(Debug)]
pub(super) struct Trie {
    states: Vec<State>,
    /// The children of the root, by their byte.
    first: Box<[Node; 256]>,
    classes: [u8; 256],
    /// One byte of each class.
    bytes: Vec<u8>,
    is_forward: bool,
}

/// The greatest size of a table in bytes. A table that is full is emptied.
const MEMORY: usize = 32 << 20;

/// The rows of transitions that searches have computed.
#[derive(Debug, Default)]
pub(super) struct Rows {
    /// Where the row of each node begins in `table`, plus 1; 0 if it has none.
    of_node: Vec<u32>,
    /// The node of each row.
    nodes: Vec<Node>,
    table: Vec<u32>,
}

/// Marks transitions at which a run has to stop and look: to a match, to a dead end, or not computed yet.
const TAG: u32 = 1 << 31;
const UNKNOWN: u32 = u32::MAX;
const OVER: u32 = u32::MAX - 1;

impl Trie {
    pub(super) fn forward(strings: &Strings) -> Self {
        Self::new(strings, true)
    }

    pub(super) fn backward(strings: &Strings) -> Self {
        Self::new(strings, false)
    }

    fn new(strings: &Strings, is_forward: bool) -> Self {
        let state = |byte, len| State {
            byte,
            child: NONE,
            sibling: NONE,
            shorter: ROOT,
            needle: NONE,
            len,
        };
        let mut trie = Self {
            states: vec![state(0, 0)],
            first: Box::new([NONE; 256]),
            classes: [0; 256],
            bytes: vec![0],
            is_forward,
        };
        for (needle, bytes) in strings.all() {
            let mut at = ROOT;
            for step in 0..bytes.len() {
                let byte = bytes[if is_forward {
                    step
                } else {
                    bytes.len() - 1 - step
                }];
                let next = trie.child(at, byte);
                at = if next == NONE {
                    let next = number(trie.states.len());
                    let mut state = state(byte, number(step + 1));
                    if at == ROOT {
                        trie.first[usize::from(byte)] = next;
                    } else {
                        state.sibling =
                            std::mem::replace(&mut trie.states[at as usize].child, next);
                    }
                    trie.states.push(state);
                    next
                } else {
                    next
                };
                if is_forward && trie.states[at as usize].needle != NONE {
                    // A needle earlier in the list is a prefix of this one.
                    break;
                }
            }
            let state = &mut trie.states[at as usize];
            if state.needle == NONE {
                state.needle = needle;
            }
        }
        trie.sort_bytes(strings.fold.as_ref());
        trie.link();
        trie
    }

    /// Sorts bytes into classes. All bytes that occur in no needle are one class.
    fn sort_bytes(&mut self, fold: Option<&Fold>) {
        let mut is_used = [false; 256];
        for state in &self.states[1..] {
            is_used[usize::from(state.byte)] = true;
        }
        self.bytes.clear();
        if let Some(unused) = (0..=u8::MAX).find(|&byte| !is_used[usize::from(byte)]) {
            self.bytes.push(unused);
        }
        for byte in 0..=u8::MAX {
            if is_used[usize::from(byte)] {
                self.classes[usize::from(byte)] = u8::try_from(self.bytes.len()).unwrap_or(u8::MAX);
                self.bytes.push(byte);
            }
        }
        if let Some(fold) = fold {
            let classes = self.classes;
            self.classes = fold.bytes.map(|byte| classes[usize::from(byte)]);
        }
    }

    /// Computes the failure links, from the shortest nodes to the longest.
    fn link(&mut self) {
        let mut queue: VecDeque<Node> = self
            .first
            .iter()
            .copied()
            .filter(|&node| node != NONE)
            .collect();
        for &node in &queue {
            self.keep_start(node);
        }
        while let Some(node) = queue.pop_front() {
            let State { shorter, .. } = self.states[node as usize];
            let mut child = self.states[node as usize].child;
            while child != NONE {
                queue.push_back(child);
                if !self.keep_start(child) {
                    let end = self.way(shorter, self.states[child as usize].byte).0;
                    let inherited = self.states.get(end as usize).map_or(NONE, |end| end.needle);
                    let state = &mut self.states[child as usize];
                    state.shorter = end;
                    if state.needle == NONE {
                        state.needle = inherited;
                    }
                }
                child = self.states[child as usize].sibling;
            }
        }
    }

    /// Forward: drops the failure link of a node that is a match, since a suffix would start later than the match.
    fn keep_start(&mut self, node: Node) -> bool {
        let state = &mut self.states[node as usize];
        let keeps = self.is_forward && state.needle != NONE;
        if keeps {
            state.shorter = DEAD;
        }
        keeps
    }

    /// The node to which a byte leads, and how many nodes were looked at for it.
    fn way(&self, mut node: Node, byte: u8) -> (Node, usize) {
        let mut work = 1;
        while node != DEAD {
            let child = self.child(node, byte);
            if child != NONE {
                return (child, work);
            }
            if node == ROOT {
                return (ROOT, work);
            }
            node = self.states[node as usize].shorter;
            work += 1;
        }
        (DEAD, work)
    }

    #[inline]
    fn child(&self, node: Node, byte: u8) -> Node {
        if node == ROOT {
            return self.first[usize::from(byte)];
        }
        let mut child = self.states[node as usize].child;
        while child != NONE && self.states[child as usize].byte != byte {
            child = self.states[child as usize].sibling;
        }
        child
    }
}

/// A run of the automaton, which can be interrupted.
#[derive(Clone, Copy, Debug)]
pub(super) struct Run {
    node: Node,
    pub(super) at: usize,
    /// The end of the best match so far, or backward its start, and its needle.
    pub(super) found: Option<(usize, u32)>,
}

impl Run {
    pub(super) fn new(at: usize) -> Self {
        Self {
            node: ROOT,
            at,
            found: None,
        }
    }
}

impl Rows {
    fn node(&self, trie: &Trie, row: u32) -> Node {
        self.nodes[row as usize / trie.bytes.len()]
    }

    /// Where the row of a node begins in the table. Makes it if it is missing.
    fn row(&mut self, trie: &Trie, node: Node) -> u32 {
        let stride = trie.bytes.len();
        if self.of_node.is_empty() {
            self.of_node.resize(trie.states.len(), 0);
        }
        let row = self.of_node[node as usize];
        if row > 0 {
            return row - 1;
        }
        if self.table.len() * size_of::<u32>() > MEMORY {
            for node in self.nodes.drain(..) {
                self.of_node[node as usize] = 0;
            }
            self.table.clear();
        }
        let row = number(self.table.len());
        self.table.resize(self.table.len() + stride, UNKNOWN);
        self.nodes.push(node);
        self.of_node[node as usize] = row + 1;
        row
    }

    /// Computes the transition of a row's node by a class of bytes. Returns it, and how many nodes were looked at.
    #[cold]
    #[inline(never)]
    fn work_out(&mut self, trie: &Trie, row: u32, class: u8) -> (u32, usize) {
        let node = self.node(trie, row);
        let (to, work) = trie.way(node, trie.bytes[usize::from(class)]);
        if to == DEAD {
            self.table[row as usize + usize::from(class)] = OVER;
            return (OVER, work);
        }
        let mut next = self.row(trie, to);
        if trie.states[to as usize].needle != NONE {
            next |= TAG;
        }
        // If the table was emptied meanwhile, the row is no longer there.
        if self.of_node[node as usize] == row + 1 {
            self.table[row as usize + usize::from(class)] = next;
        }
        (next, work + trie.bytes.len() / 8)
    }
}

/// Why a run pauses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pause {
    /// It has reached `until`.
    Until,
    /// No better match can follow; backward: a match was found.
    Over,
    /// The budget is spent.
    Spent,
}

impl Trie {
    /// Reads forward to `until`, or to where no better match can follow.
    pub(super) fn run(
        &self,
        strings: &Strings,
        rows: &mut Rows,
        haystack: &[u8],
        run: &mut Run,
        until: usize,
        left: &mut isize,
    ) -> Pause {
        let until = until.min(haystack.len());
        let is_cased = strings.fold.as_ref().is_some_and(Fold::is_cased);
        let mut row = rows.row(self, run.node);
        let pause = loop {
            if run.at >= until {
                break Pause::Until;
            }
            if *left < 0 {
                break Pause::Spent;
            }
            let began = run.at;
            let limit = until.min(began.saturating_add(64 + usize::try_from(*left).unwrap_or(0)));
            for &byte in &haystack[began..limit] {
                let next = rows.table[row as usize + usize::from(self.classes[usize::from(byte)])];
                if next & TAG != 0 || (is_cased && byte >= 0x80) {
                    break;
                }
                row = next;
                run.at += 1;
            }
            *left -= signed(run.at - began);
            if run.at == limit {
                continue;
            }
            let read = strings.read(haystack, run.at);
            let Some((needle, len)) = self.feed(rows, &mut row, left, read) else {
                break Pause::Over;
            };
            run.at += len;
            if needle != NONE {
                run.found = Some((run.at, needle));
            }
        };
        run.node = rows.node(self, row);
        pause
    }

    /// Reads backward to `until`, or to the first place at which a needle starts.
    pub(super) fn run_back(
        &self,
        strings: &Strings,
        rows: &mut Rows,
        haystack: &[u8],
        run: &mut Run,
        until: usize,
        left: &mut isize,
    ) -> Pause {
        let mut row = rows.row(self, run.node);
        let pause = loop {
            if run.at <= until {
                break Pause::Until;
            }
            if *left < 0 {
                break Pause::Spent;
            }
            let read = strings.read_before(haystack, run.at);
            let Some((needle, len)) = self.feed(rows, &mut row, left, read) else {
                break Pause::Until;
            };
            run.at -= len;
            if needle != NONE {
                break Pause::Over;
            }
        };
        run.node = rows.node(self, row);
        pause
    }

    /// Reads one folded character. Returns the needle that ends there, and the character's length in the haystack; None
    /// if no better match can follow.
    #[inline]
    fn feed(
        &self,
        rows: &mut Rows,
        row: &mut u32,
        left: &mut isize,
        (bytes, count, len): Read,
    ) -> Option<(u32, usize)> {
        *left -= signed(len);
        let mut is_match = false;
        for &byte in &bytes[..count] {
            let class = self.classes[usize::from(byte)];
            let mut next = rows.table[*row as usize + usize::from(class)];
            if next == UNKNOWN {
                let work;
                (next, work) = rows.work_out(self, *row, class);
                *left -= signed(8 * work);
            }
            if next == OVER {
                return None;
            }
            is_match = next & TAG != 0;
            *row = next & !TAG;
        }
        let needle = if is_match {
            self.states[rows.node(self, *row) as usize].needle
        } else {
            NONE
        };
        Some((needle, len))
    }

    /// How far before a run's place a match can start whose end the run has not read yet.
    pub(super) fn depth(&self, run: &Run) -> usize {
        self.states[run.node as usize].len as usize
    }

    /// The first needle of the list that starts at a place.
    pub(super) fn at(&self, strings: &Strings, haystack: &[u8], start: usize) -> Option<Found> {
        debug_assert!(self.is_forward);
        let (mut node, mut at, mut best) = (ROOT, start, None);
        'read: while at < haystack.len() {
            let (bytes, count, len) = strings.read(haystack, at);
            at += len;
            for &byte in &bytes[..count] {
                node = self.child(node, byte);
                if node == NONE {
                    break 'read;
                }
            }
            // The number may be that of a needle that is only a suffix of the node.
            let State { needle, len, .. } = self.states[node as usize];
            if needle != NONE && strings.get(needle).len() == len as usize {
                best = Some(Found {
                    start,
                    needle: needle as usize,
                    end: at,
                });
            }
        }
        best
    }
}

fn number(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(NONE)
}
