//! Memory-mapped files with the semantics of Python's `mmap` module.
//!
//! The crate knows nothing of JavaScript: `fmmap-node` binds it, `cargo test` tests it.

pub mod fault;
pub mod search;
