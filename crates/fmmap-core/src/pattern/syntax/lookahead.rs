//! Turns a lookahead at the end of a pattern into a part of the tree.
//!
//! The lookahead is matched like anything else, behind a group that contains the actual match. If only some of the
//! alternatives have a lookahead, each of the others is put into that group as a whole.

use super::tree::{Node, Repeat};

/// Makes each alternative one group, which is the actual match, followed by what its lookahead reads.
pub(super) fn with_tail(node: Node, tail: usize) -> Node {
    let one = |node: Node| match node {
        Node::Concat(mut nodes)
            if nodes
                .last()
                .is_some_and(|last| matches!(last, Node::Group(0, _))) =>
        {
            let Some(Node::Group(_, seen)) = nodes.pop() else {
                return Node::Fail;
            };
            Node::Concat(vec![
                Node::Group(tail, Box::new(Node::concat(nodes))),
                *seen,
            ])
        }
        Node::Group(0, seen) => Node::Concat(vec![Node::Group(tail, Box::new(Node::Empty)), *seen]),
        node => Node::Group(tail, Box::new(node)),
    };
    match node {
        Node::Either(nodes) => Node::Either(nodes.into_iter().map(one).collect()),
        node => one(node),
    }
}

/// The lookahead for a node: it matches the empty string where the node matches. For a node that has none itself.
pub(crate) fn ahead(node: &Node, tail: usize) -> Node {
    with_tail(Node::Group(0, Box::new(shortest(node.clone()))), tail)
}

/// The same node with all its quantifiers made lazy.
pub(super) fn shortest(node: Node) -> Node {
    let each = |nodes: Vec<Node>| nodes.into_iter().map(shortest).collect();
    match node {
        Node::Concat(nodes) => Node::Concat(each(nodes)),
        Node::Either(nodes) => Node::Either(each(nodes)),
        Node::Repeat(repeat) => {
            let node = shortest(repeat.node);
            Node::Repeat(Box::new(Repeat {
                node,
                greedy: false,
                ..*repeat
            }))
        }
        node => node,
    }
}
