//! Shared memory by name: `shm_open(2)`.

use std::ffi::{CStr, CString};
use std::os::fd::{FromRawFd, OwnedFd};
use std::sync::Arc;

use super::create::extend;
use super::errno::retried;
use super::file::{descriptor, set_size, stat};
use crate::error::{Error, Result};
use crate::os::Create;

/// The name as the system takes it: one slash in front, and none in the name.
fn system_name(name: &str, syscall: &'static str) -> Result<CString> {
    let invalid = Error::System {
        errno: libc::EINVAL,
        syscall,
    };
    if name.is_empty() || name.contains('/') {
        return Err(invalid);
    }
    CString::new(format!("/{name}")).map_err(|_| invalid)
}

fn open(name: &CStr, flags: libc::c_int, mode: u32) -> Result<OwnedFd> {
    loop {
        // SAFETY: the name is NUL-terminated; the mode is read where an object is made.
        let fd = unsafe { libc::shm_open(name.as_ptr(), libc::O_RDWR | flags, mode_of(mode)) };
        if fd >= 0 {
            // SAFETY: the call has made the descriptor, and nobody else has it.
            return Ok(unsafe { OwnedFd::from_raw_fd(fd) });
        }
        match Error::last_os("shm_open") {
            Error::System {
                errno: libc::EINTR, ..
            } => {}
            error => return Err(error),
        }
    }
}

/// On these systems a variadic argument has the size of an int.
#[cfg(target_vendor = "apple")]
fn mode_of(mode: u32) -> libc::c_uint {
    mode
}

#[cfg(not(target_vendor = "apple"))]
fn mode_of(mode: u32) -> libc::mode_t {
    #[allow(clippy::unnecessary_fallible_conversions, reason = "as wide on Linux")]
    libc::mode_t::try_from(mode & 0o7777).unwrap_or(0o600)
}

/// A shared memory object, which other processes open by the same name.
#[derive(Debug)]
pub struct Named {
    file: Arc<OwnedFd>,
    /// The name, if this value has made the object. Cleared by `keep`.
    made: Option<CString>,
}

impl Named {
    /// Opens the object, or makes one of no bytes, depending on `create`. `mode` is that of a new one, less the
    /// umask.
    ///
    /// # Errors
    /// The system's, as `ENOENT`, `EEXIST`, `EACCES`, `ENAMETOOLONG`.
    pub fn open(name: &str, create: Create, mode: u32) -> Result<Self> {
        /// How often to try with an object that others make and remove all the time.
        const TRIES: u32 = 8;
        let name = system_name(name, "shm_open")?;
        let mut tries = 0;
        loop {
            if create != Create::Never {
                match open(&name, libc::O_CREAT | libc::O_EXCL, mode) {
                    Err(Error::System {
                        errno: libc::EEXIST,
                        ..
                    }) if create == Create::Missing => {}
                    opened => {
                        return Ok(Self {
                            file: Arc::new(opened?),
                            made: Some(name),
                        });
                    }
                }
            }
            match open(&name, 0, 0) {
                // It was removed after the first attempt.
                Err(Error::System {
                    errno: libc::ENOENT,
                    ..
                }) if create == Create::Missing && tries < TRIES => tries += 1,
                opened => {
                    return Ok(Self {
                        file: Arc::new(opened?),
                        made: None,
                    });
                }
            }
        }
    }

    /// The object.
    #[must_use]
    pub fn file(&self) -> &Arc<OwnedFd> {
        &self.file
    }

    /// Makes it at least `size` bytes long, and never shorter.
    ///
    /// # Errors
    /// The system's, as `ENOSPC`.
    pub fn extend(&self, size: u64) -> Result<()> {
        if stat(descriptor(&self.file))?.size >= size {
            return Ok(());
        }
        if cfg!(target_vendor = "apple") {
            // An object's size can be set once only here, and it has no locks and no other call that extends it.
            return set_size(&self.file, size);
        }
        extend(&self.file, size)
    }

    /// Keeps the object, when everything else has succeeded.
    pub fn keep(mut self) {
        self.made = None;
    }
}

/// An object that was made for nothing is removed, unless somebody has given it bytes meanwhile.
impl Drop for Named {
    fn drop(&mut self) {
        let Some(name) = &self.made else { return };
        if stat(descriptor(&self.file)).is_ok_and(|stat| stat.size == 0) {
            // An error can't be reported here.
            let _ = remove(name);
        }
    }
}

fn remove(name: &CStr) -> Result<()> {
    retried("shm_unlink", || {
        // SAFETY: the name is NUL-terminated.
        unsafe { libc::shm_unlink(name.as_ptr()) }
    })
}

/// `shm_unlink(2)`: removes the name. Those that have mapped the memory keep it.
///
/// # Errors
/// The system's, as `ENOENT` and `EACCES`.
pub fn unlink_named(name: &str) -> Result<()> {
    remove(&system_name(name, "shm_unlink")?)
}
