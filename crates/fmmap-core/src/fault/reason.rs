//! Why a fault happened.

/// Why a page of a mapping could not be read or written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Reason {
    /// The file ended before the page, at the time when the handler asked for its size.
    Truncated = 1,
    /// The file has the page, but it could not be read or allocated: an I/O error, no space left, or memory that the
    /// hardware has marked as broken.
    Io = 2,
    /// The file could not be asked: no descriptor, one that was closed, or not a regular file.
    Unknown = 3,
}
