//! Why a file can't be mapped, in a sentence.

#[cfg(any(target_os = "linux", target_os = "android"))]
use super::file::file_system;
use super::file::{Descriptor, Kind, Stat, stat};
use super::limits::page_size;
use super::memory::{MAP_SHARED, Memory, PROT_READ};
use crate::error::Error;

/// Explains why the system refuses to map the file of `fd`, where that is known; otherwise returns `error` as it is.
/// `len` is the length that was asked for, and `write` says whether writes were to reach the file.
pub fn explain(error: Error, fd: Descriptor, len: usize, write: bool) -> Error {
    let Error::System { errno, syscall } = error else {
        return error;
    };
    if syscall != "mmap"
        || !matches!(
            errno,
            libc::EINVAL | libc::ENODEV | libc::EACCES | libc::EIO
        )
    {
        return error;
    }
    match stat(fd)
        .ok()
        .and_then(|stat| why(fd, &stat, errno, len, write))
    {
        Some(why) => Error::Refused {
            errno,
            syscall,
            why,
        },
        None => error,
    }
}

fn why(fd: Descriptor, stat: &Stat, errno: i32, len: usize, write: bool) -> Option<&'static str> {
    if errno == libc::EACCES
        && let Some(why) = closed_way(fd, write)
    {
        return Some(why);
    }
    Some(match stat.kind {
        Kind::Pipe => "a pipe can't be mapped: read it",
        Kind::Socket => "a socket can't be mapped: read it",
        Kind::Directory => "a directory can't be mapped",
        Kind::None => "it is no file, so it can't be mapped",
        Kind::Character if is_terminal(fd) => "a terminal can't be mapped: read it",
        Kind::Character if len == 0 && errno == libc::EINVAL && can_be_mapped(fd) => {
            "a device has no size of its own: pass a length"
        }
        Kind::Character if len == 0 || errno == libc::ENODEV => {
            "this device can't be mapped: read it"
        }
        Kind::Block if len == 0 => "this device has no size: pass a length",
        Kind::Regular if only_seems_empty(fd) => SEEMS,
        _ => return None,
    })
}

/// For which access the descriptor is not open.
fn closed_way(fd: Descriptor, write: bool) -> Option<&'static str> {
    // SAFETY: F_GETFL takes no pointer; a bad descriptor is an error of the call.
    match unsafe { libc::fcntl(fd, libc::F_GETFL) } & libc::O_ACCMODE {
        libc::O_WRONLY if write => Some(
            "the descriptor must be open for reading as well as for writing: open it with 'r+'",
        ),
        libc::O_WRONLY => Some("the descriptor must be open for reading: open it with 'r' or 'r+'"),
        libc::O_RDONLY if write => Some(
            "the descriptor must be open for what the map does: pass access: ACCESS_READ, or open it with 'r+'",
        ),
        _ => None,
    }
}

fn is_terminal(fd: Descriptor) -> bool {
    // SAFETY: any number may be asked, and the call touches no memory.
    unsafe { libc::isatty(fd) == 1 }
}

/// Whether a device can be mapped at all, which only an attempt tells.
fn can_be_mapped(fd: Descriptor) -> bool {
    Memory::map(page_size(), PROT_READ, MAP_SHARED, Some(fd), 0, None).is_ok()
}

/// The message for a file whose bytes are generated while it is read.
pub const SEEMS: &str =
    "a file of /proc or /sys only seems to have its size, and can't be mapped: read it";

/// Whether the file belongs to a file system whose files have bytes only while they are read.
#[cfg(any(target_os = "linux", target_os = "android"))]
#[must_use]
pub fn only_seems_empty(fd: Descriptor) -> bool {
    /// /proc, /sys, debugfs, tracefs, securityfs, configfs, and both of cgroup.
    const PSEUDO: [i64; 8] = [
        0x9fa0,
        0x6265_6572,
        0x6462_6720,
        0x7472_6163,
        0x7363_6673,
        0x6265_6570,
        0x0027_e0eb,
        0x6367_7270,
    ];
    file_system(fd).is_some_and(|kind| PSEUDO.contains(&kind))
}

/// Whether the file belongs to a file system whose files have bytes only while they are read.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
#[must_use]
pub fn only_seems_empty(_fd: Descriptor) -> bool {
    false
}
