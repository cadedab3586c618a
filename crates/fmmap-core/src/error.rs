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
    /// The file has no bytes to map.
    EmptyFile,
    /// The offset lies at or behind the end of the file, and the length was left to the file.
    OffsetBeyondFile,
    /// The file ends before the region that was asked for does.
    LengthBeyondFile,
    /// The region does not fit into the address space.
    LengthTooLarge,
    /// `access` together with `flags` or `prot`.
    AccessAndFlags,
    /// `access` is none of the four modes.
    InvalidAccess,
    /// A flag with which a mapping could overwrite or outgrow memory that is not its own.
    RefusedFlags,
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
    /// Not there on this platform; the text names what.
    Unsupported(&'static str),
}

impl Error {
    /// The last error of the operating system, from `syscall`.
    #[must_use]
    pub fn last_os(syscall: &'static str) -> Self {
        Self::from_io(&std::io::Error::last_os_error(), syscall)
    }

    /// An error of std's that `syscall` gave.
    #[must_use]
    pub fn from_io(error: &std::io::Error, syscall: &'static str) -> Self {
        Self::System {
            errno: error.raw_os_error().unwrap_or(0),
            syscall,
        }
    }

    /// The stable code, or `None` for [`Error::System`], whose code is the errno's name.
    #[must_use]
    pub fn code(&self) -> Option<&'static str> {
        Some(match self {
            Self::System { .. } => return None,
            Self::EmptyFile => "ERR_MMAP_EMPTY_FILE",
            Self::AccessAndFlags | Self::CreateReadOnly => "ERR_MMAP_CONFLICTING_OPTIONS",
            Self::Exported => "ERR_MMAP_EXPORTED",
            Self::Unsupported(_) => "ERR_MMAP_UNSUPPORTED",
            Self::OffsetBeyondFile
            | Self::LengthBeyondFile
            | Self::LengthTooLarge
            | Self::InvalidAccess
            | Self::RefusedFlags
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
            Self::EmptyFile => "cannot mmap an empty file",
            Self::OffsetBeyondFile => "mmap offset is greater than file size",
            Self::LengthBeyondFile => "mmap length is greater than file size",
            Self::LengthTooLarge => "mmap length is too large",
            Self::AccessAndFlags => "mmap can't specify both access and flags, prot.",
            Self::InvalidAccess => "mmap invalid access parameter.",
            Self::RefusedFlags => {
                "flags must not contain MAP_FIXED, MAP_FIXED_NOREPLACE or MAP_GROWSDOWN"
            }
            Self::CreateReadOnly => "create needs a map that writes to its file",
            Self::Exported => "mmap can't resize with extant buffers exported.",
            Self::SharedAnonymousGrowth => "mmap: can't expand a shared anonymous mapping on Linux",
            Self::NewSizeOutOfRange => "new size out of range",
            Self::OutOfBounds => "the range is not inside the mapping",
            Self::Unsupported(what) => return write!(f, "{what} is not supported here"),
        })
    }
}

impl std::error::Error for Error {}

/// The result of an operation of this crate.
pub type Result<T> = std::result::Result<T, Error>;
