//! What can go wrong, and the code by which a caller looks it up.

use std::fmt;

/// An error of this crate. [`Error::code`] is its stable name, [`fmt::Display`] its sentence: Python's
/// own where Python has one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Error {
    /// The operating system refused. `errno` is positive, as `<errno.h>` has it.
    System {
        /// The error's number, from `errno` or `GetLastError`.
        errno: i32,
        /// The system call that failed.
        syscall: &'static str,
    },
    /// The operating system refused, and it can be said why.
    Refused {
        /// The error's number, as in [`Error::System`].
        errno: i32,
        /// The system call that failed.
        syscall: &'static str,
        /// What the file is, and what to do.
        why: &'static str,
    },
    /// The file has no bytes to map.
    EmptyFile,
    /// The offset lies at or behind the end of the file, and the length was left to the file.
    OffsetBeyondFile {
        /// Where the region was to start.
        offset: u64,
        /// The size of the file.
        size: u64,
    },
    /// The file ends before the region that was asked for does.
    LengthBeyondFile {
        /// How long the region was to be.
        length: u64,
        /// Where it was to start.
        offset: u64,
        /// The size of the file.
        size: u64,
    },
    /// The region does not fit into the address space.
    LengthTooLarge,
    /// `access` together with `flags` or `prot`.
    AccessAndFlags,
    /// `access` is none of the four modes.
    InvalidAccess {
        /// What was asked for.
        access: i32,
    },
    /// A flag with which a mapping could overwrite memory of others, or grow into it.
    RefusedFlags {
        /// What was asked for.
        flags: i32,
    },
    /// `create` on a mapping that can't write to the file.
    CreateReadOnly,
    /// A view or a search is alive, and the memory can't move under it.
    Exported,
    /// Growing a shared anonymous mapping: the kernel has no memory behind the new pages.
    SharedAnonymousGrowth,
    /// The region's end is no valid file offset.
    NewSizeOutOfRange,
    /// A range that is not inside the mapping.
    OutOfBounds,
    /// The mapping that a token names has been closed, and nobody else has its memory.
    Closed,
    /// A token of another process, or of none.
    Foreign,
    /// This platform lacks the operation, which the text names.
    Unsupported(&'static str),
}

impl Error {
    /// The last error of the operating system, from `syscall`.
    #[must_use]
    pub fn last_os(syscall: &'static str) -> Self {
        Self::from_io(&std::io::Error::last_os_error(), syscall)
    }

    /// An error that std returned for `syscall`.
    #[must_use]
    pub fn from_io(error: &std::io::Error, syscall: &'static str) -> Self {
        Self::System {
            errno: error.raw_os_error().unwrap_or(0),
            syscall,
        }
    }

    /// The stable code, or `None` for an error of the system, whose code is the errno's name.
    #[must_use]
    pub fn code(&self) -> Option<&'static str> {
        Some(match self {
            Self::System { .. } | Self::Refused { .. } => return None,
            Self::EmptyFile => "ERR_MMAP_EMPTY_FILE",
            Self::AccessAndFlags | Self::CreateReadOnly => "ERR_MMAP_CONFLICTING_OPTIONS",
            Self::Exported => "ERR_MMAP_EXPORTED",
            Self::Unsupported(_) => "ERR_MMAP_UNSUPPORTED",
            Self::Closed => "ERR_MMAP_CLOSED",
            Self::Foreign => "ERR_INVALID_ARG_VALUE",
            Self::OffsetBeyondFile { .. }
            | Self::LengthBeyondFile { .. }
            | Self::LengthTooLarge
            | Self::InvalidAccess { .. }
            | Self::RefusedFlags { .. }
            | Self::SharedAnonymousGrowth
            | Self::NewSizeOutOfRange
            | Self::OutOfBounds => "ERR_OUT_OF_RANGE",
        })
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::System { errno, syscall } => {
                return write!(
                    f,
                    "{syscall}: {}",
                    std::io::Error::from_raw_os_error(*errno)
                );
            }
            Self::Refused {
                errno,
                syscall,
                why,
            } => {
                let error = std::io::Error::from_raw_os_error(*errno);
                return write!(f, "{syscall}: {error}: {why}");
            }
            Self::OffsetBeyondFile { offset, size } => {
                return write!(
                    f,
                    "mmap offset is greater than file size: {offset} of {size} bytes"
                );
            }
            Self::LengthBeyondFile {
                length,
                offset,
                size,
            } => {
                return write!(
                    f,
                    "mmap length is greater than file size: {length} bytes from {offset} of {size}"
                );
            }
            Self::EmptyFile => "cannot mmap an empty file",
            Self::LengthTooLarge => "mmap length is too large",
            Self::AccessAndFlags => "mmap can't specify both access and flags, prot.",
            Self::InvalidAccess { access } => {
                return write!(
                    f,
                    "mmap invalid access parameter.: {access} is none of the ACCESS_* constants"
                );
            }
            Self::RefusedFlags { flags } => {
                return write!(
                    f,
                    "flags must not contain MAP_FIXED, MAP_FIXED_NOREPLACE or MAP_GROWSDOWN: received {flags:#x}"
                );
            }
            Self::CreateReadOnly => {
                "create needs a map that writes to its file: ACCESS_WRITE, or flags with MAP_SHARED"
            }
            Self::Exported => "mmap can't resize with extant buffers exported.",
            Self::SharedAnonymousGrowth => "mmap: can't expand a shared anonymous mapping",
            Self::NewSizeOutOfRange => "new size out of range",
            Self::OutOfBounds => "the range is not inside the mapping",
            Self::Closed => "mmap closed or invalid: no map has the memory of the token any more",
            Self::Foreign => {
                "the token is of another process, of another copy of the package, or none that share() has made"
            }
            Self::Unsupported(what) => return write!(f, "{what} is not supported here"),
        })
    }
}

impl std::error::Error for Error {}

/// The result of an operation of this crate.
pub type Result<T> = std::result::Result<T, Error>;
