//! Automata over bytes.
//!
//! | module | what it is |
//! |---|---|
//! | `characters` | the bytes of a set of characters |
//! | `symbols` | what is read: bytes, and the characters that assertions ask for |
//! | `program` | a pattern as a nondeterministic automaton |
//! | `complement` | the part of it that is a negative lookahead |
//! | `needles` | the part that is a list of literals |
//! | `classes` | symbols that nothing tells apart |
//! | `lazy` | the deterministic automaton, a state at a time |
//! | `run` | a haystack through it, and a pause wherever it has to be |
//! | `table` | all states of a small one, for a search from event to event |
//! | `groups` | what the groups of one match are |
//! | `one_pass` | the same where each byte says how to go on |

mod characters;
mod classes;
mod complement;
pub(crate) mod groups;
pub(crate) mod lazy;
mod needles;
pub(crate) mod one_pass;
pub(crate) mod program;
pub(crate) mod run;
pub(crate) mod symbols;
pub(crate) mod table;

pub(crate) use lazy::{Automaton, Cache};
