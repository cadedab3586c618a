//! The platform: everything in which operating systems differ, and nothing else.
//!
//! Each family has a folder with the same files, and in them the same names: how Windows does what a function does on
//! Unix stands in the file of the same name.
//!
//! | file | what it has |
//! |---|---|
//! | `file` | descriptors and handles: opening, size, kind |
//! | `create` | making a file that nobody else has yet |
//! | `memory` | mapping, remapping, flushing, advice, unmapping |
//! | `named` | memory that processes find by its name |
//! | `symbol` | functions of the running program, by name |
//! | `word` | sleeping until a word of memory changes |
//! | `refusal` | why a file can't be mapped, in a sentence |
//! | `limits` | page size, granularity, how many mappings a process may have |
//! | `scheduler` | how urgent a thread is |
//! | `errno` | error numbers, and what JavaScript's runtimes call them |

#[cfg_attr(unix, path = "unix/mod.rs")]
#[cfg_attr(windows, path = "windows/mod.rs")]
mod platform;

pub use platform::*;

/// Whether `Named::open` makes the memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Create {
    /// The memory must exist.
    Never,
    /// The memory is made if it is missing.
    Missing,
    /// The memory must not exist, and is made.
    Exclusive,
}

/// Where a file that did not exist is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Beside its name, which it gets when it is whole.
    Hidden,
    /// At its name, where the file system can't give a name to a file that exists.
    Named,
    /// Where the link leads that has the name. Only the system knows where that is, and whether to follow it.
    Linked,
}

/// Why a thread that slept at a word woke up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Woken {
    /// Somebody has woken it; or nobody has, since a system may wake a thread for no reason.
    Notified,
    /// The word was not as expected.
    Different,
    /// The time has run out.
    TimedOut,
    /// A signal came, or, of two words, the other one was changed.
    Interrupted,
}
