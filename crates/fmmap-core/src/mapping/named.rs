//! Shared memory by name: other processes map it by the same name.

use super::Mapping;
use crate::error::{Error, Result};
use crate::options::{ACCESS_WRITE, Options};
use crate::os::{self, Create};

impl Mapping {
    /// Maps `length` bytes of the memory of that name for reading and writing; all of it if `length` is 0. Depending
    /// on `create` the memory is made, or extended to `length`, once nothing else can fail. It is never made shorter.
    ///
    /// # Errors
    /// [`Error::LengthBeyondFile`]; [`Error::EmptyFile`] for memory that has no bytes yet; the system's, as `ENOENT`,
    /// `EEXIST` and `EACCES`.
    pub fn named(name: &str, length: u64, create: Create, mode: u32) -> Result<Self> {
        if create != Create::Never && length == 0 {
            return Err(Error::EmptyFile);
        }
        let options = Options {
            access: ACCESS_WRITE,
            ..Options::default()
        };
        Self::map_named(name, length, create, mode, &options)
    }

    #[cfg(unix)]
    fn map_named(
        name: &str,
        length: u64,
        create: Create,
        mode: u32,
        options: &Options,
    ) -> Result<Self> {
        let named = os::Named::open(name, create, mode)?;
        let fd = os::descriptor(named.file());
        let length = if create == Create::Never {
            super::length_in_file(length, options, os::stat(fd)?.size)?
        } else {
            Some(length)
        };
        let protection = options.protection()?;
        let mapping = Self::map(Some(fd), Some(named.file()), length, options, protection)?;
        if let (Some(length), true) = (length, create != Create::Never) {
            named.extend(length)?;
        }
        named.keep();
        Ok(mapping)
    }

    /// The name is the tag of memory of the paging file, which lives as long as somebody has it.
    #[cfg(windows)]
    fn map_named(
        name: &str,
        length: u64,
        create: Create,
        _mode: u32,
        options: &Options,
    ) -> Result<Self> {
        let failed = |errno| Error::System {
            errno,
            syscall: "shm_open",
        };
        let size = os::section_size(name)?;
        let length = match (size, create) {
            (None, Create::Never) => return Err(failed(os::ENOENT)),
            (Some(_), Create::Exclusive) => return Err(failed(os::EEXIST)),
            (Some(size), Create::Never) => length_of_section(length, size)?,
            _ => length,
        };
        let options = Options {
            tag: Some(name.to_owned()),
            ..options.clone()
        };
        let protection = options.protection()?;
        Self::map(None, None, Some(length), &options, protection)
    }
}

/// Maps a section, or a part of it; all of it if the length is 0.
#[cfg(windows)]
fn length_of_section(length: u64, size: u64) -> Result<u64> {
    match length {
        0 => Ok(size),
        length if length <= size => Ok(length),
        length => Err(Error::LengthBeyondFile {
            length,
            offset: 0,
            size,
        }),
    }
}

/// Removes a name. On Windows the name goes with the last mapping of its memory, and this does nothing.
///
/// # Errors
/// The system's, as `ENOENT` and `EACCES`.
pub fn unlink(name: &str) -> Result<()> {
    os::unlink_named(name)
}
