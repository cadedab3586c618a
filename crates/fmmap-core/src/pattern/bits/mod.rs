//! Finds matches of patterns that are runs of characters, with rows of bits: one word of a row says
//! for 64 places at once whether a character of a class stands there.
//!
//! | module | what it does |
//! |---|---|
//! | `near` | the beginning of a haystack, for which no rows are filled |
//! | `runs` | the same for patterns that are one run of a class |
//! | `events` | from event to event, for patterns with a small table |
//! | `exits` | where a run of an automaton goes on to another state |
//! | `units` | the ways through a pattern, each as a sequence of characters with their repetitions |
//! | `segments` | which patterns these are, and their parts |
//! | `rows` | the bits of a stretch of a haystack |
//! | `chain` | how many matches a stretch has, where a run stands between such parts |
//! | `exact` | all matches of a stretch at once, where their parts stand at fixed places, or have a limited length |
//! | `steps`, `table` | where these start: by rows of bits, or by tables of alternatives |
//! | `terms` | which bytes at and beside a place the rows tell about |
//! | `walk` | from match to match through the bits |
//! | `lines` | which lines have one |

mod chain;
mod events;
mod exact;
mod exits;
mod lines;
mod near;
mod rows;
mod runs;
mod segments;
mod steps;
mod table;
mod terms;
mod units;
mod walk;

pub(crate) use events::{Eventful, Events};
pub(crate) use exits::Exits;
pub(crate) use lines::Lines;
pub(crate) use near::{Next, State as Beginning, look_around};
pub(crate) use rows::{Row, WORD, is_ascii};
pub(crate) use runs::First;
pub(crate) use segments::Segments;
pub(crate) use terms::ranked;
pub(crate) use walk::{Found, Stop, Walk, look_once};
