//! A list of literals as a program: a tree, in which literals with the same beginning share it.
//!
//! If ten thousand needles stood side by side, each state would have to try them one by one. In the tree each place
//! has one branch for each byte. If several needles match from the same start, the earliest in the list is preferred.
//! So where a needle ends, longer ones are tried only if they come before it in the list, and then they are
//! preferred.

use super::program::{Compiler, Edge, Instruction, Place, Way, edge, place};
use crate::pattern::syntax::{Node, Refusal};

#[derive(Debug, Default)]
struct Branch {
    /// The branches by their bytes, in ascending order.
    ways: Vec<(u8, usize)>,
    /// The first needle in the list that ends here.
    needle: Option<usize>,
    /// The first needle in the list that passes through here or ends here.
    first: usize,
}

/// The literals, if all patterns are literals.
pub(super) fn literals<'n>(patterns: &[&'n Node]) -> Option<Vec<&'n [u8]>> {
    let bytes = |node: &&'n Node| match node {
        Node::Bytes(bytes) => Some(bytes.as_slice()),
        _ => None,
    };
    patterns.iter().map(bytes).collect()
}

impl Compiler {
    /// Adds a list of literals, and returns its place.
    pub(super) fn needles(&mut self, needles: &[&[u8]]) -> Result<Place, Refusal> {
        let forward = self.way == Way::Forward;
        let mut branches = vec![Branch::default()];
        for (index, needle) in needles.iter().enumerate() {
            let mut at = 0;
            for step in 0..needle.len() {
                let byte = needle[if forward {
                    step
                } else {
                    needle.len() - 1 - step
                }];
                let ways = &branches[at].ways;
                at = match ways.binary_search_by_key(&byte, |way| way.0) {
                    Ok(found) => ways[found].1,
                    Err(missing) => {
                        let next = branches.len();
                        branches[at].ways.insert(missing, (byte, next));
                        branches.push(Branch {
                            first: index,
                            ..Branch::default()
                        });
                        next
                    }
                };
            }
            branches[at].needle.get_or_insert(index);
        }
        // A needle that ends on the way hides longer ones that stand behind it in the list. Backward, all of them
        // count.
        let mut hidden = vec![usize::MAX; branches.len()];
        for at in 0..branches.len() {
            let own = branches[at].needle.unwrap_or(usize::MAX);
            for &(_, to) in &branches[at].ways {
                hidden[to] = if forward {
                    hidden[at].min(own)
                } else {
                    usize::MAX
                };
            }
        }
        // A branch stands behind its parent in the list, so going from the end, all children are known.
        let mut places: Vec<Place> = vec![0; branches.len()];
        for (at, branch) in branches.iter().enumerate().rev() {
            let edges: Vec<Edge> = branch
                .ways
                .iter()
                .filter(|way| branches[way.1].first < hidden[way.1])
                .map(|&(byte, to)| edge(byte.into(), byte.into(), places[to]))
                .collect();
            let read = (!edges.is_empty()).then(|| self.read(&edges)).transpose()?;
            let own = branch.needle.filter(|&needle| needle < hidden[at]);
            let end = own.map(|needle| {
                let needle = if forward { place(needle) } else { 0 };
                self.push(Instruction::Match(needle))
            });
            places[at] = match (read, end.transpose()?) {
                (Some(read), Some(end)) => self.push(Instruction::Fork(read, end))?,
                (Some(one), None) | (None, Some(one)) => one,
                (None, None) => self.push(Instruction::Fail)?,
            };
        }
        Ok(places[0])
    }
}
