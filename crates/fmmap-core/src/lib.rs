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
mod error;
pub mod fault;
mod mapping;
pub mod options;
pub mod os;
pub mod search;
mod segment;

pub use error::{Error, Result};
pub use mapping::{Export, Mapping};
pub use options::Options;
pub use segment::Segment;
