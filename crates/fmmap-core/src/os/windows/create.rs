//! Files that are made, and files that are made longer, while others do the same.

use std::fs::OpenOptions;
use std::os::windows::ffi::OsStrExt;
use std::os::windows::io::OwnedHandle;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use windows_sys::Win32::Foundation as error;
use windows_sys::Win32::Storage::FileSystem::MoveFileExW;

use super::errno::EEXIST;
use super::file::{OwnedFile, path_of};
use crate::error::{Error, Result};
use crate::os::Place;

/// A file under construction. Nobody else can have it before [`NewFile::publish`] gives it its name, so
/// dropping it takes nothing away from anybody.
#[derive(Debug)]
pub struct NewFile {
    file: Arc<OwnedFile>,
    /// A name beside the final one that nobody else knows; `None` when the file has its final name.
    name: Option<PathBuf>,
}

/// What became of an attempt to give the file its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Published {
    /// The file has the name now.
    Yes,
    /// Another file has the name.
    Taken,
    /// The file system can't rename an open file: make the file at its final name.
    Refused,
}

impl NewFile {
    /// Makes an empty file for reading and writing: in the folder of `path` until it is published, or at `path`
    /// itself. At the end of a link there may be a file by now, which is opened.
    ///
    /// # Errors
    /// The system's, as `EPERM`, `ENOENT` (the folder) and, when it is named, `EEXIST`.
    pub fn make(path: &[u8], place: Place, _mode: Option<u32>) -> Result<Self> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let path = path_of(path)?;
        let make_at = |path: &Path, new| {
            let file = OpenOptions::new()
                .read(true)
                .write(true)
                .create(true)
                .create_new(new)
                .truncate(false)
                .open(path)
                .map_err(|error| Error::from_io(&error, "open"))?;
            Ok(Arc::new(OwnedHandle::from(file)))
        };
        if place != Place::Hidden {
            return Ok(Self {
                file: make_at(path, place == Place::Named)?,
                name: None,
            });
        }
        loop {
            let next = NEXT.fetch_add(1, Ordering::Relaxed);
            let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
            let now = now.map_or(0, |now| now.as_nanos());
            let name = format!(".fmmap-{:x}-{next:x}-{now:x}", std::process::id());
            let name = path.with_file_name(name);
            match make_at(&name, true) {
                Err(Error::System { errno: EEXIST, .. }) => {}
                made => {
                    return Ok(Self {
                        file: made?,
                        name: Some(name),
                    });
                }
            }
        }
    }

    /// The file.
    #[must_use]
    pub fn file(&self) -> &Arc<OwnedFile> {
        &self.file
    }

    /// Gives the file its name, if no other has it.
    ///
    /// # Errors
    /// The system's, as `ENOSPC`.
    pub fn publish(mut self, path: &[u8]) -> Result<Published> {
        let Some(name) = &self.name else {
            return Ok(Published::Yes);
        };
        let wide =
            |path: &Path| -> Vec<u16> { path.as_os_str().encode_wide().chain([0]).collect() };
        let (from, to) = (wide(name), wide(path_of(path)?));
        // SAFETY: both names are NUL-terminated. Without a flag a file that is there is not replaced.
        if unsafe { MoveFileExW(from.as_ptr(), to.as_ptr(), 0) } != 0 {
            self.name = None;
            return Ok(Published::Yes);
        }
        let error = Error::last_os("link");
        let Error::System { errno, .. } = error else {
            return Err(error);
        };
        match errno.cast_unsigned() {
            error::ERROR_ALREADY_EXISTS | error::ERROR_FILE_EXISTS => Ok(Published::Taken),
            error::ERROR_ACCESS_DENIED
            | error::ERROR_NOT_SUPPORTED
            | error::ERROR_SHARING_VIOLATION
            | error::ERROR_INVALID_FUNCTION
            | error::ERROR_USER_MAPPED_FILE => Ok(Published::Refused),
            _ => Err(error),
        }
    }
}

/// Whether a name is that of a link, wherever it leads.
#[must_use]
pub fn is_link(path: &[u8]) -> bool {
    path_of(path)
        .and_then(|path| {
            std::fs::symlink_metadata(path).map_err(|error| Error::from_io(&error, "open"))
        })
        .is_ok_and(|found| found.is_symlink())
}

impl Drop for NewFile {
    fn drop(&mut self) {
        if let Some(name) = &self.name {
            // An open file is removed when its last handle is closed.
            let _ = std::fs::remove_file(name);
        }
    }
}

/// Makes the file at least `size` bytes long. Nothing to do here: mapping it extends it ([`EXTENDS`]), and never
/// makes it shorter.
///
/// # Errors
/// None.
pub fn extend(_file: &OwnedFile, _size: u64) -> Result<()> {
    Ok(())
}
