//! What every kernel works with, and no strategy.
//!
//! | module | what it knows |
//! |---|---|
//! | `vector` | the few instructions that a kernel needs, one file an architecture |
//! | `direction` | the window of starts that are left, and from which end it is searched |
//! | `probes` | which bytes of the needle are compared first |
//! | `compare` | where two slices differ |
//! | `hits` | where matches go: the first one, a count, a slice of offsets |
//! | `meter` | what the candidates have cost, and when that is too much |
//! | `task` | what a kernel is given: all of the above for one search |
//! | `trace` | which strategies ran, for the tests |
//!
//! # Words
//!
//! A *start* is an offset of the haystack at which the needle could begin. A *lane* is one byte of a vector, so that a
//! vector compares one byte of the needle at as many starts as it has lanes. A *mask* has a bit (on NEON four) for each
//! lane. A *candidate* is a start that the bytes compared so far have not ruled out, and a *false alarm* a block of
//! starts with candidates but no match.

mod compare;
mod direction;
mod hits;
mod meter;
mod probes;
mod task;
mod trace;
mod vector;

pub(crate) use compare::{first_difference, last_difference, word};
pub(crate) use direction::{Direction, Forward, Reverse, Window};
pub(crate) use hits::{Hits, Notes, as_number};
pub(crate) use meter::{MISSED, Meter, Outcome, Undecided};
pub(crate) use probes::{Aim, MAX_PROBES, Probes, Subject, evenly};
pub(crate) use task::Task;
#[cfg(not(any(test, feature = "testing")))]
pub(crate) use trace::Path;
pub(crate) use trace::trace;
#[cfg(any(test, feature = "testing"))]
pub use trace::{Path, forget, taken};
pub(crate) use vector::Isa;
#[cfg(target_arch = "aarch64")]
pub(crate) use vector::Neon;
#[cfg(target_arch = "x86_64")]
pub(crate) use vector::{Avx2, Avx512, Sse2, asking_pays};
