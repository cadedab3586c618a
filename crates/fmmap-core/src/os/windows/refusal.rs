//! Why a file can't be mapped. The system's own errors say it.

use super::file::Descriptor;
use crate::error::Error;

/// Returns the error as it is: the system's own says why.
#[must_use]
pub fn explain(error: Error, _file: Descriptor, _len: usize, _write: bool) -> Error {
    error
}

/// Whether the file only seems to be empty, which no file does here.
#[must_use]
pub fn only_seems_empty(_file: Descriptor) -> bool {
    false
}

/// The message for such a file, which does not exist here.
pub const SEEMS: &str = "";
