//! The ways to scan a window of starts. Each module is one way, and uses another only if it is built on it.
//!
//! | module | what it does | cost |
//! |---|---|---|
//! | `pair` | compares one to twelve bytes of the needle at 16 to 64 starts at once | O(n) loads, and the candidates |
//! | `near` | the same with two or three bytes, for what the caches hold | the same |
//! | `masks` | lists the masks of a stretch of starts, for `bulk`, which reads many at once | O(n) loads |
//! | `period` | looks for runs that repeat themselves, for long repetitive needles | O(n + m) |
//! | `two_way` | Two-Way, of the memchr crate | O(n + m) |
//! | `scalar` | compares start by start, where there are fewer starts than lanes | O(n m), n < 16 |
//! | `portable` | the memchr crate's finders, on processors for which we have no vector code | O(n + m) |
//!
//! `level` chooses the instruction set, `dispatch` runs `pair` or `near` with it, and `policy` has the thresholds. The
//! [`engine`](super::engine) decides which kernel runs when.

mod dispatch;
mod level;
pub(crate) mod masks;
mod near;
mod pair;
pub(crate) mod period;
mod policy;
pub(crate) mod portable;
pub(crate) mod scalar;
pub(crate) mod two_way;

pub(crate) use dispatch::{FAR, NEAR, TINY, run};
pub(crate) use level::{Level, Work};
pub(crate) use policy::Policy;
