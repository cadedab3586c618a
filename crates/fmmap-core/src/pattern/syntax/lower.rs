//! Makes ECMAScript's rule for empty iterations a part of the tree: an iteration that is not required must not match
//! the empty string.
//!
//! If `e` can be empty, `e{min,max}` becomes `e{min}`, followed by up to `max - min` times `e` without its empty
//! alternatives, in the order in which they would have been tried. So `(a*?|b)*` becomes `(a+?|b)*`. Automata can't
//! apply the rule themselves, because they do not remember how often they have passed a place.

use super::refusal::{Construct, Refusal};
use super::tree::{Node, Repeat};

/// The most nodes that may be copied: nested repetitions make trees grow.
const LARGEST: usize = 20_000;

/// The most required iterations of something that can be empty. Each is copied.
const MOST: u32 = 64;

type Answer<T> = Result<T, Refusal>;

/// Applies the rule to a tree.
pub(super) fn lower(node: Node) -> Answer<Node> {
    Budget {
        left: LARGEST,
        at: 0,
    }
    .lower(node)
}

/// One alternative of a node, which is always empty or never.
struct Way {
    is_empty: bool,
    node: Node,
}

impl Way {
    fn empty(node: Node) -> Self {
        Self {
            is_empty: true,
            node,
        }
    }

    fn some(node: Node) -> Self {
        Self {
            is_empty: false,
            node,
        }
    }
}

/// How many nodes may still be made, and which quantifier asks for them.
struct Budget {
    left: usize,
    at: usize,
}

impl Budget {
    fn spend(&mut self, node: &Node) -> Answer<()> {
        let Some(left) = self.left.checked_sub(node.size()) else {
            return Err(self.refusal());
        };
        self.left = left;
        Ok(())
    }

    fn refusal(&self) -> Refusal {
        Refusal::new(Construct::Size, self.at)
    }

    fn lower(&mut self, node: Node) -> Answer<Node> {
        let each = |budget: &mut Self, nodes: Vec<Node>| -> Answer<Vec<Node>> {
            nodes.into_iter().map(|node| budget.lower(node)).collect()
        };
        Ok(match node {
            Node::Concat(nodes) => Node::Concat(each(self, nodes)?),
            Node::Either(nodes) => Node::Either(each(self, nodes)?),
            Node::Group(group, node) => Node::Group(group, Box::new(self.lower(*node)?)),
            Node::Not(node) => Node::Not(Box::new(self.lower(*node)?)),
            Node::Repeat(mut repeat) => {
                repeat.node = self.lower(repeat.node)?;
                self.repeat(*repeat)?
            }
            node => node,
        })
    }

    fn repeat(&mut self, repeat: Repeat) -> Answer<Node> {
        let Repeat { min, max, at, .. } = repeat;
        self.at = at;
        if max == Some(0) {
            return Ok(Node::Empty);
        }
        if max.is_some_and(|max| max < min) {
            return Ok(Node::Fail);
        }
        if !repeat.node.is_nullable() {
            return Ok(Node::Repeat(Box::new(repeat)));
        }
        let mut repeat = repeat;
        if repeat.node.reads_nothing() {
            // Any further iteration does what the first one did at the same place.
            repeat.min = repeat.min.min(1);
            repeat.max = Some(repeat.min);
            if repeat.min == 0 {
                return Ok(Node::Empty);
            }
        }
        let Repeat { min, max, .. } = repeat;
        if max == Some(min) {
            self.spend(&repeat.node)?;
            return Ok(Node::Repeat(Box::new(repeat)));
        }
        let rest = match self.nonempty(&repeat.node)? {
            Node::Fail => Node::Empty,
            node => Node::Repeat(Box::new(Repeat {
                node,
                min: 0,
                max: max.map(|max| max - min),
                ..repeat.clone()
            })),
        };
        if min == 0 {
            return Ok(rest);
        }
        self.spend(&repeat.node)?;
        let required = Node::Repeat(Box::new(Repeat {
            max: Some(min),
            ..repeat
        }));
        Ok(Node::Concat(vec![required, rest]))
    }

    /// The alternatives of a node that are not empty, in order.
    fn nonempty(&mut self, node: &Node) -> Answer<Node> {
        self.spend(node)?;
        if !node.is_nullable() {
            return Ok(node.clone());
        }
        let ways = self.ways(node)?.into_iter();
        Ok(Node::either(
            ways.filter(|way| !way.is_empty)
                .map(|way| way.node)
                .collect(),
        ))
    }

    /// All alternatives of a node, in order.
    fn ways(&mut self, node: &Node) -> Answer<Vec<Way>> {
        self.spend(node)?;
        Ok(match node {
            Node::Fail => Vec::new(),
            Node::Set(_) | Node::Bytes(_) => vec![Way::some(node.clone())],
            Node::Empty | Node::Assert(_) | Node::Not(_) => vec![Way::empty(node.clone())],
            Node::Group(group, node) => {
                let mut ways = self.ways(node)?;
                for way in &mut ways {
                    let node = std::mem::replace(&mut way.node, Node::Empty);
                    way.node = Node::Group(*group, Box::new(node));
                }
                ways
            }
            Node::Either(nodes) => {
                let mut ways = Vec::new();
                for node in nodes {
                    ways.extend(self.ways(node)?);
                }
                ways
            }
            Node::Repeat(repeat) => self.ways_of_repeat(repeat)?,
            Node::Concat(nodes) => self.ways_of_concat(nodes)?,
        })
    }

    fn ways_of_repeat(&mut self, repeat: &Repeat) -> Answer<Vec<Way>> {
        let times = |node: Node, min: u32, max: Option<u32>| {
            Node::Repeat(Box::new(Repeat {
                node,
                min,
                max,
                ..repeat.clone()
            }))
        };
        if !repeat.node.is_nullable() {
            if repeat.min > 0 {
                return Ok(vec![Way::some(Node::Repeat(Box::new(repeat.clone())))]);
            }
            let more = Way::some(times(repeat.node.clone(), 1, repeat.max));
            let none = Way::empty(Node::Empty);
            return Ok(if repeat.greedy {
                vec![more, none]
            } else {
                vec![none, more]
            });
        }
        // Required iterations of something that can be empty, one after the other. Each begins with its groups unset,
        // as a repetition with one iteration does.
        if repeat.min > MOST {
            return Err(self.refusal());
        }
        if repeat.min == 1 {
            let mut ways = self.ways(&repeat.node)?;
            for way in &mut ways {
                let node = std::mem::replace(&mut way.node, Node::Empty);
                way.node = times(node, 1, Some(1));
            }
            return Ok(ways);
        }
        let one = times(repeat.node.clone(), 1, Some(1));
        self.ways_of_concat(&vec![one; repeat.min as usize])
    }

    fn ways_of_concat(&mut self, nodes: &[Node]) -> Answer<Vec<Way>> {
        let Some((first, rest)) = nodes.split_first() else {
            return Ok(vec![Way::empty(Node::Empty)]);
        };
        if rest.is_empty() {
            return self.ways(first);
        }
        let mut ways = Vec::new();
        for Way { is_empty, node } in self.ways(first)? {
            if is_empty {
                for way in self.ways_of_concat(rest)? {
                    ways.push(Way {
                        is_empty: way.is_empty,
                        node: Node::Concat(vec![node.clone(), way.node]),
                    });
                }
            } else {
                let rest = Node::concat(rest.to_vec());
                self.spend(&rest)?;
                ways.push(Way::some(Node::Concat(vec![node, rest])));
            }
        }
        Ok(ways)
    }
}
