//! Files that are made, and files that are made longer, while others do the same.

use std::fs::OpenOptions;
use std::os::fd::{AsRawFd, OwnedFd};
#[cfg(any(target_os = "linux", target_os = "android"))]
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

#[cfg(any(target_os = "linux", target_os = "android", target_os = "freebsd"))]
use super::errno::extending;
use super::errno::retried;
use super::file::{path_of, set_size, stat};
use super::large;
use crate::error::{Error, Result};
use crate::os::Place;

/// A file under construction. Nobody else can have it before [`NewFile::publish`] gives it its name, so
/// dropping it takes nothing away from anybody.
#[derive(Debug)]
pub struct NewFile {
    file: Arc<OwnedFd>,
    name: Name,
}

/// Under which name a file is made.
#[derive(Debug)]
enum Name {
    /// No name at all (`O_TMPFILE`).
    #[cfg(any(target_os = "linux", target_os = "android"))]
    None,
    /// A name beside the final one that nobody else knows. Dropping this value removes it.
    Temporary(PathBuf),
    /// The final name, where the file system can't give a file a second one, or where a link leads. Others may have
    /// opened the file since, so it stays.
    Final,
}

impl Drop for Name {
    fn drop(&mut self) {
        if let Self::Temporary(path) = self {
            // If the folder has become read-only meanwhile, the file stays behind.
            let _ = finished("unlink", || std::fs::remove_file(&*path))
                .or_else(|_| finished("unlink", || std::fs::remove_file(&*path)));
        }
    }
}

/// What became of an attempt to give the file its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Published {
    /// The file has the name now.
    Yes,
    /// Another file has the name.
    Taken,
    /// The file system can't give a file a second name: make the file at its final name.
    Refused,
}

impl NewFile {
    /// Makes an empty file for reading and writing: in the folder of `path` until it is published, or at `path`
    /// itself. At the end of a link there may be a file by now, which is opened.
    ///
    /// # Errors
    /// The system's from `open`, as `EACCES`, `ENOENT` (the folder) and, when it is named, `EEXIST`.
    pub fn make(path: &[u8], place: Place, mode: Option<u32>) -> Result<Self> {
        let mode = mode.unwrap_or(MODE);
        let path = path_of(path);
        if place != Place::Hidden {
            return Ok(Self {
                file: Arc::new(make_at(path, mode, place == Place::Named)?),
                name: Name::Final,
            });
        }
        #[cfg(any(target_os = "linux", target_os = "android"))]
        if let Some(file) = unnamed(path, mode) {
            return Ok(Self {
                file: Arc::new(file),
                name: Name::None,
            });
        }
        loop {
            let name = temporary_name(path);
            match make_at(&name, mode, true) {
                Err(Error::System {
                    errno: libc::EEXIST,
                    ..
                }) => {}
                answer => {
                    return Ok(Self {
                        file: Arc::new(answer?),
                        name: Name::Temporary(name),
                    });
                }
            }
        }
    }

    /// The file.
    #[must_use]
    pub fn file(&self) -> &Arc<OwnedFd> {
        &self.file
    }

    /// Gives the file its name, if no other has it.
    ///
    /// # Errors
    /// The system's from `link`, as `ENOSPC`.
    pub fn publish(self, path: &[u8]) -> Result<Published> {
        let path = path_of(path);
        let linked = match &self.name {
            #[cfg(any(target_os = "linux", target_os = "android"))]
            Name::None => link_unnamed(&self.file, path),
            Name::Temporary(name) => finished("link", || std::fs::hard_link(name, path)),
            Name::Final => Ok(()),
        };
        match linked {
            Ok(()) => Ok(Published::Yes),
            Err(Error::System {
                errno: libc::EEXIST,
                ..
            }) => Ok(Published::Taken),
            Err(Error::System {
                errno: libc::EPERM | libc::EOPNOTSUPP | libc::ENOSYS | libc::EMLINK | libc::ENOENT,
                ..
            }) => Ok(Published::Refused),
            Err(error) => Err(error),
        }
    }
}

/// Calls a function of std's, again if a signal interrupts it.
fn finished(syscall: &'static str, mut call: impl FnMut() -> std::io::Result<()>) -> Result<()> {
    loop {
        match call() {
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            answer => return answer.map_err(|error| Error::from_io(&error, syscall)),
        }
    }
}

/// Whether a name is that of a link, wherever it leads.
#[must_use]
pub fn is_link(path: &[u8]) -> bool {
    std::fs::symlink_metadata(path_of(path)).is_ok_and(|found| found.is_symlink())
}

/// The mode that std gives a new file; the process's umask is taken away from it.
const MODE: u32 = 0o666;

/// With `new` a file that exists is an error, and so is a link.
fn make_at(path: &Path, mode: u32, new: bool) -> Result<OwnedFd> {
    OpenOptions::new()
        .mode(mode)
        .read(true)
        .write(true)
        .create(true)
        .create_new(new)
        .truncate(false)
        .open(path)
        .map(OwnedFd::from)
        .map_err(|error| Error::from_io(&error, "open"))
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// Makes a file without a name; `None` where that is not possible, or where it could not be given a name later.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn unnamed(path: &Path, mode: u32) -> Option<OwnedFd> {
    // This can't be the name of a file. The attempt to make it at this name reports why.
    path.file_name()?;
    let file = OpenOptions::new()
        .mode(mode)
        .read(true)
        .write(true)
        .custom_flags(libc::O_TMPFILE)
        .open(folder_of(path))
        .ok()?;
    // Without /proc there is no path to the file.
    std::fs::metadata(name_of(file.as_raw_fd())).ok()?;
    Some(OwnedFd::from(file))
}

#[cfg(any(target_os = "linux", target_os = "android"))]
fn name_of(fd: super::file::Descriptor) -> String {
    format!("/proc/self/fd/{fd}")
}

#[cfg(any(target_os = "linux", target_os = "android"))]
fn link_unnamed(file: &OwnedFd, path: &Path) -> Result<()> {
    let text = |bytes: &[u8]| {
        std::ffi::CString::new(bytes).map_err(|_| Error::System {
            errno: libc::EINVAL,
            syscall: "link",
        })
    };
    let from = text(name_of(file.as_raw_fd()).as_bytes())?;
    let to = text(path.as_os_str().as_bytes())?;
    let (here, follow) = (libc::AT_FDCWD, libc::AT_SYMLINK_FOLLOW);
    retried("link", || {
        // SAFETY: both names are NUL-terminated, and live as long as the call.
        unsafe { libc::linkat(here, from.as_ptr(), here, to.as_ptr(), follow) }
    })
}

/// A name in the same folder, random enough that no other file has it.
fn temporary_name(path: &Path) -> PathBuf {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let next = NEXT.fetch_add(1, Ordering::Relaxed);
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let now = now.map_or(0, |now| now.as_nanos());
    folder_of(path).join(format!(".fmmap-{:x}-{next:x}-{now:x}", std::process::id()))
}

/// Makes the file at least `size` bytes long, and never shorter, whatever others do to its length meanwhile.
/// `ftruncate` can't do this: it sets a length that may be too short by the time of the call.
///
/// # Errors
/// The system's from the call that grows a file here, as `ENOSPC`, `EFBIG` and `EPERM` (a sealed file);
/// `EAGAIN` from `flock`, where that call is missing and somebody else holds the file's lock.
pub fn extend(file: &OwnedFd, size: u64) -> Result<()> {
    let Some(last) = size.checked_sub(1) else {
        return Ok(());
    };
    match grow(file, last) {
        Err(
            Error::System {
                errno: libc::EOPNOTSUPP | libc::ENOSYS | libc::EINVAL | libc::ENODEV,
                ..
            }
            | Error::Unsupported(_),
        ) => locked(file, || {
            if stat(file.as_raw_fd())?.size < size {
                set_size(file, size)?;
            }
            Ok(())
        }),
        answer => answer,
    }
}

fn offset(at: u64) -> Result<large::off_t> {
    large::off_t::try_from(at).map_err(|_| Error::System {
        errno: libc::EFBIG,
        syscall: "ftruncate",
    })
}

/// Makes the file at least long enough to have a byte at `last`. A longer file stays as it is.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn grow(file: &OwnedFd, last: u64) -> Result<()> {
    let last = offset(last)?;
    extending(|| {
        retried("fallocate", || {
            // SAFETY: the descriptor is open, and the call touches no memory.
            unsafe { large::fallocate(file.as_raw_fd(), 0, last, 1) }
        })
    })
}

/// Makes the file at least long enough to have a byte at `last`. A longer file stays as it is.
#[cfg(target_os = "freebsd")]
fn grow(file: &OwnedFd, last: u64) -> Result<()> {
    let last = offset(last)?;
    // SAFETY: the descriptor is open, and the call touches no memory.
    match extending(|| unsafe { libc::posix_fallocate(file.as_raw_fd(), last, 1) }) {
        0 => Ok(()),
        errno => Err(Error::System {
            errno,
            syscall: "posix_fallocate",
        }),
    }
}

#[cfg(not(any(target_os = "linux", target_os = "android", target_os = "freebsd")))]
fn grow(_file: &OwnedFd, last: u64) -> Result<()> {
    offset(last)?;
    Err(Error::Unsupported("a call that only grows a file"))
}

/// How often the lock of a file is tried, a millisecond apart, before giving up. The holder may be this very thread,
/// by another descriptor, and then waiting for it would never end.
const TRIES: u32 = 2_000;

/// Runs `with` while no other thread and no other process does so with the same file.
fn locked(file: &OwnedFd, with: impl FnOnce() -> Result<()>) -> Result<()> {
    /// A file's lock belongs to the descriptor, and two threads may use the same descriptor.
    static THREADS: Mutex<()> = Mutex::new(());
    let _threads = THREADS.lock().unwrap_or_else(PoisonError::into_inner);
    let flock = |operation| {
        retried("flock", || {
            // SAFETY: the descriptor is open, and the call touches no memory.
            unsafe { libc::flock(file.as_raw_fd(), operation) }
        })
    };
    let mut tries = 0;
    loop {
        match flock(libc::LOCK_EX | libc::LOCK_NB) {
            Err(Error::System {
                errno: libc::EWOULDBLOCK,
                ..
            }) if tries < TRIES => {
                tries += 1;
                std::thread::sleep(Duration::from_millis(1));
            }
            // The file system has no locks, so others can't be shut out.
            Err(Error::System {
                errno: libc::EOPNOTSUPP | libc::ENOSYS | libc::ENOLCK | libc::EINVAL,
                ..
            }) => return with(),
            Err(error) => return Err(error),
            Ok(()) => break,
        }
    }
    let answer = with();
    // If this fails, closing the descriptor releases the lock too.
    let _ = flock(libc::LOCK_UN);
    answer
}
