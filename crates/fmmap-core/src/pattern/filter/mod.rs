//! Finds where a match may be, faster than an automaton does.
//!
//! | module | what it does |
//! |---|---|
//! | `front` | what the first bytes of a match can be |
//! | `buckets` | candidates by what stands at a few places, a vector of starts at once |
//! | `simd` | the instructions for that |
//! | `seen` | which of many starts are candidates |
//! | `finder` | one of the ways to candidates: a literal by `search`, or buckets |
//! | `plan` | which ways a pattern has, and which is taken for a haystack |

mod buckets;
mod finder;
pub(in crate::pattern) mod front;
mod plan;
mod seen;
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
pub(in crate::pattern) mod simd;

pub(crate) use buckets::{Block, Buckets, Grouped};
pub(crate) use finder::{Candidates, place};
pub(crate) use front::{Front, spelled};
pub(crate) use plan::{Asked, Choice, Plan};
pub(crate) use seen::Seen;
