//! Memory-mapped files with the semantics of Python's `mmap` module.
//!
//! The crate knows nothing of JavaScript: `fmmap-node` binds it, `cargo test` tests it.
//!
//! ```
//! use fmmap_core::{Mapping, Options};
//!
//! let mut mapping = Mapping::new(None, 4096, &Options::default())?;
//! mapping.resize(1024)?;
//! assert_eq!(mapping.len(), 1024);
//! # Ok::<(), fmmap_core::Error>(())
//! ```

mod advice;
pub mod background;
pub mod cancel;
pub mod constants;
pub mod copy;
mod error;
pub mod fault;
#[cfg(all(test, unix))]
mod guarded;
pub mod hash;
mod mapping;
pub mod needle;
pub mod options;
mod order;

pub mod os;
pub mod pattern;
pub mod search;
mod segment;
mod share;
pub mod turns;
pub mod wait;

pub use error::{Error, Result};
pub use mapping::{Export, Mapping, Origin, process, unlink};
pub use options::Options;
pub use segment::Segment;
