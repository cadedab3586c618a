//! A pattern whose lookaheads are apart from the rest, so that each can be decided for itself.
//!
//! It is made when a search finds that the usual automaton, which reads a lookahead as a part of the match, reads
//! the same bytes again and again.

use super::Part;
use super::automata::Automaton;
use super::automata::lazy::Prefer;
use super::automata::program::{Bare, Program, Way};
use super::automata::symbols::Whole;
use super::{Encoding, Refusal};
use crate::pattern::syntax::Node;

/// The automata of a pattern without its lookaheads, and those of the lookaheads.
#[derive(Debug)]
pub(crate) struct Guarded {
    pub(crate) forward: Automaton,
    pub(crate) backward: Automaton,
    pub(crate) looks: Vec<Lookahead>,
}

/// A lookahead.
#[derive(Debug)]
pub(crate) struct Lookahead {
    /// Reads backward, and matches where what is looked for begins.
    pub(crate) automaton: Automaton,
    pub(crate) is_negative: bool,
}

impl Guarded {
    pub(super) fn new(parts: &[Part], encoding: Encoding, whole: Whole) -> Result<Self, Refusal> {
        let (mut bare, mut looks) = (Vec::new(), Vec::new());
        for (pattern, part) in parts.iter().enumerate() {
            for (node, seen) in alternatives(&part.node, part.tail) {
                let look = match seen {
                    None => None,
                    Some(seen) => {
                        let (is_negative, node) = match seen {
                            Node::Not(node) => (true, &**node),
                            node => (false, node),
                        };
                        let program = Program::lookahead(node, encoding, whole)?;
                        looks.push(Lookahead {
                            automaton: Automaton::new(program, Prefer::All),
                            is_negative,
                        });
                        Some(looks.len() - 1)
                    }
                };
                bare.push(Bare {
                    node,
                    pattern,
                    look,
                });
            }
        }
        let program = |way| Program::bare(&bare, encoding, whole, way);
        Ok(Self {
            forward: Automaton::new(program(Way::Forward)?, Prefer::First),
            backward: Automaton::new(program(Way::Backward)?, Prefer::All),
            looks,
        })
    }
}

/// The alternatives of a needle, each with what its lookahead reads. `tail` is the group that is the actual match.
pub(super) fn alternatives<'n>(
    node: &'n Node,
    tail: Option<usize>,
) -> Vec<(&'n Node, Option<&'n Node>)> {
    let Some(tail) = tail else {
        return vec![(node, None)];
    };
    let is_match = |node: &Node| matches!(node, Node::Group(group, _) if *group == tail);
    let one = |node: &'n Node| match node {
        Node::Concat(nodes) if nodes.len() == 2 && is_match(&nodes[0]) => {
            (&nodes[0], Some(&nodes[1]))
        }
        node => (node, None),
    };
    match node {
        Node::Either(nodes) => nodes.iter().map(one).collect(),
        node => vec![one(node)],
    }
}
