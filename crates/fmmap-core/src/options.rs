//! How a region is to be mapped: Python's `access` table, and the flags that are refused.

use crate::error::{Error, Result};
use crate::os;

/// No access mode: `flags` and `prot` decide.
pub const ACCESS_DEFAULT: i32 = 0;
/// The region is read-only; writing to it is an error.
pub const ACCESS_READ: i32 = 1;
/// Writes reach the file.
pub const ACCESS_WRITE: i32 = 2;
/// Writes change the memory and never the file.
pub const ACCESS_COPY: i32 = 3;

/// What a caller asks for; `None` is Python's default of that argument.
#[derive(Clone, Debug)]
pub struct Options {
    /// One of the `ACCESS_*` constants.
    pub access: i32,
    /// `MAP_*` bits; `MAP_SHARED` when absent.
    pub flags: Option<i32>,
    /// `PROT_*` bits; reading and writing when absent.
    pub prot: Option<i32>,
    /// Where in the file the region starts: bytes, a multiple of the allocation granularity.
    pub offset: u64,
    /// Whether the mapping keeps a duplicate of the descriptor, for `size` and `resize`.
    pub track: bool,
    /// Windows: the name of the mapping, by which another process can open it.
    pub tag: Option<String>,
    /// Whether a file that has no bytes from the offset on makes a mapping of no bytes, instead of an error.
    pub empty: bool,
    /// Whether `create` fails if the file exists.
    pub exclusive: bool,
    /// The permissions of a file that is created, less the process's umask; those of any new file if absent. Unix
    /// only.
    pub mode: Option<u32>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            access: ACCESS_DEFAULT,
            flags: None,
            prot: None,
            offset: 0,
            track: true,
            tag: None,
            empty: false,
            exclusive: false,
            mode: None,
        }
    }
}

/// What `mmap(2)` is given, and what the mapping remembers of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Protection {
    /// `MAP_*` bits.
    pub flags: i32,
    /// `PROT_*` bits.
    pub prot: i32,
    /// The access that `repr` shows and that decides what is writable: not always the one asked for.
    pub access: i32,
}

impl Protection {
    /// Whether the bytes can be read. Python does not ask; reading without `PROT_READ` kills it.
    #[must_use]
    pub fn readable(&self) -> bool {
        self.prot & os::PROT_READ != 0
    }

    /// Whether members may write: every access but `ACCESS_READ`.
    #[must_use]
    pub fn writable(&self) -> bool {
        self.access != ACCESS_READ
    }

    /// Whether writes reach the file: what `flush` and `resize` depend on.
    #[must_use]
    pub fn writes_through(&self) -> bool {
        self.access == ACCESS_WRITE || self.access == ACCESS_DEFAULT
    }

    /// Whether the bytes are shared: others see what is written here, and what others write is seen here.
    #[must_use]
    pub fn of_the_file(&self) -> bool {
        self.writes_through() && !self.private() && self.flags & os::MAP_ANONYMOUS == 0
    }

    /// Whether pages that are written become this mapping's own copies.
    #[must_use]
    pub fn private(&self) -> bool {
        os::is_private(self.flags)
    }
}

impl Options {
    /// Python's table, in Python's order of checks (`new_mmap_object`).
    ///
    /// # Errors
    /// [`Error::AccessAndFlags`], [`Error::InvalidAccess`] and [`Error::RefusedFlags`].
    pub fn protection(&self) -> Result<Protection> {
        let default_prot = os::PROT_READ | os::PROT_WRITE;
        let flags = self.flags.unwrap_or(os::MAP_SHARED);
        let prot = self.prot.unwrap_or(default_prot);
        if self.access != ACCESS_DEFAULT && (flags != os::MAP_SHARED || prot != default_prot) {
            return Err(Error::AccessAndFlags);
        }
        let protection = match self.access {
            ACCESS_READ => Protection {
                flags: os::MAP_SHARED,
                prot: os::PROT_READ,
                access: ACCESS_READ,
            },
            ACCESS_WRITE => Protection {
                flags: os::MAP_SHARED,
                prot: default_prot,
                access: ACCESS_WRITE,
            },
            ACCESS_COPY => Protection {
                flags: os::MAP_PRIVATE,
                prot: default_prot,
                access: ACCESS_COPY,
            },
            ACCESS_DEFAULT => {
                let access = match (prot & os::PROT_READ != 0, prot & os::PROT_WRITE != 0) {
                    (true, true) => ACCESS_DEFAULT,
                    (false, true) => ACCESS_WRITE,
                    (_, false) => ACCESS_READ,
                };
                Protection {
                    flags,
                    prot,
                    access,
                }
            }
            access => return Err(Error::InvalidAccess { access }),
        };
        if protection.flags & os::REFUSED_FLAGS != 0 {
            return Err(Error::RefusedFlags {
                flags: protection.flags,
            });
        }
        Ok(protection)
    }
}
