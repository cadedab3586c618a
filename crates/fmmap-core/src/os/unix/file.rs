//! Files: what they are, how they are opened, how long they are.

use std::ffi::OsStr;
use std::fs::OpenOptions;
use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use super::errno::{extending, retried};
use super::large;
use crate::error::{Error, Result};

/// A file of the operating system, borrowed from the caller.
pub type Descriptor = RawFd;

/// What `fstat` says of a file.
#[derive(Clone, Copy, Debug)]
pub struct Stat {
    /// The size in bytes, of a block device too.
    pub size: u64,
    /// Whether it is a regular file: only those can change their size.
    pub regular: bool,
    pub(super) kind: Kind,
}

impl Stat {
    /// Whether its size bounds a mapping.
    #[must_use]
    pub fn bounded(&self) -> bool {
        self.regular || (self.kind == Kind::Block && self.size > 0)
    }
}

/// `fstat(2)`.
///
/// # Errors
/// The system's, as `EBADF`.
pub fn stat(fd: Descriptor) -> Result<Stat> {
    let mut stat = std::mem::MaybeUninit::<large::stat>::uninit();
    retried("fstat", || {
        // SAFETY: `stat` is valid for writing one `stat`; any number may be asked as a descriptor.
        unsafe { large::fstat(fd, stat.as_mut_ptr()) }
    })?;
    // SAFETY: fstat returned 0, so it has filled `stat`.
    let stat = unsafe { stat.assume_init() };
    let kind = Kind::of(&stat);
    let size = if kind == Kind::Block {
        device_size(fd)
    } else {
        u64::try_from(stat.st_size).unwrap_or(0)
    };
    Ok(Stat {
        size,
        regular: kind == Kind::Regular,
        kind,
    })
}

/// The number of the kind of file system that the file is in, if it can be asked.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(super) fn file_system(fd: Descriptor) -> Option<i64> {
    let mut found = std::mem::MaybeUninit::<libc::statfs>::uninit();
    retried("fstatfs", || {
        // SAFETY: `found` is valid for writing one `libc::statfs`; any number may be asked as a descriptor.
        unsafe { libc::fstatfs(fd, found.as_mut_ptr()) }
    })
    .ok()?;
    // SAFETY: fstatfs returned 0, so it has filled `found`.
    let found = unsafe { found.assume_init() };
    #[allow(
        clippy::cast_lossless,
        clippy::unnecessary_cast,
        reason = "its type differs between C libraries"
    )]
    let kind = found.f_type as i64 & 0xffff_ffff;
    Some(kind)
}

/// The file opened anew, where its descriptor may map other bytes than the file has. On an overlay, as containers have
/// it, the first writer of a file of a lower folder gets a copy in the upper one. A descriptor that was opened for
/// reading before tells the size of the copy, but maps the lower file.
#[cfg(any(target_os = "linux", target_os = "android"))]
#[must_use]
pub fn reopened(file: &OwnedFile) -> Option<OwnedFile> {
    const OVERLAY: i64 = 0x794c_7630;
    let fd = file.as_raw_fd();
    if file_system(fd) != Some(OVERLAY) {
        return None;
    }
    // SAFETY: the call takes no pointer, and the descriptor is open.
    let flags = unsafe { libc::fcntl(fd, libc::F_GETFL) };
    if flags < 0 || flags & libc::O_ACCMODE != libc::O_RDONLY {
        return None;
    }
    open(format!("/proc/self/fd/{fd}").as_bytes(), false).ok()
}

/// Nothing to do: only Linux has overlays whose descriptors lag behind.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
#[must_use]
pub fn reopened(_file: &OwnedFile) -> Option<OwnedFile> {
    None
}

/// The file behind a caller's descriptor. `None`, for anonymous memory, exists on Windows only.
///
/// # Errors
/// None here: a descriptor that is not open is reported when it is used.
pub fn file_of(fileno: i32) -> Result<Option<Descriptor>> {
    Ok(Some(fileno))
}

/// A duplicate of `fd` that is closed on exec.
///
/// # Errors
/// The system's, as `EBADF` and `EMFILE`.
pub fn duplicate(fd: Descriptor) -> Result<OwnedFd> {
    if fd < 0 {
        return Err(Error::System {
            errno: libc::EBADF,
            syscall: "dup",
        });
    }
    // SAFETY: the descriptor is borrowed for this one call, which says EBADF when it is not open;
    // it is not negative.
    let borrowed = unsafe { BorrowedFd::borrow_raw(fd) };
    borrowed
        .try_clone_to_owned()
        .map_err(|error| Error::from_io(&error, "dup"))
}

/// A path as the system takes it, which is any bytes.
pub(super) fn path_of(path: &[u8]) -> &Path {
    Path::new(OsStr::from_bytes(path))
}

/// Opens `path`; std adds `O_CLOEXEC`, and tries again after a signal.
///
/// `O_NONBLOCK`, because a FIFO without a writer must not hold the caller up. A regular file does not wait
/// for a writer, but for another process to give up its lease: that is what `EAGAIN` means, and then the
/// file is opened without the flag. `O_NOCTTY`: a terminal does not become the process's own.
///
/// # Errors
/// The system's, as `ENOENT`, `EACCES`, `EISDIR` and `ETXTBSY`.
pub fn open(path: &[u8], write: bool) -> Result<OwnedFd> {
    let path = path_of(path);
    let attempt = |flags| {
        OpenOptions::new()
            .read(true)
            .write(write)
            .custom_flags(flags | libc::O_NOCTTY)
            .open(path)
    };
    let regular = || std::fs::metadata(path).is_ok_and(|metadata| metadata.is_file());
    let opened = match attempt(libc::O_NONBLOCK) {
        Err(error) if error.raw_os_error() == Some(libc::EWOULDBLOCK) && regular() => attempt(0),
        opened => opened,
    };
    let file = opened.map(OwnedFd::from).map_err(|error| {
        match Error::from_io(&error, "open") {
            // The error that the system gives for a socket, which only connect(2) opens.
            Error::System {
                errno: errno @ (libc::ENXIO | libc::EOPNOTSUPP),
                syscall,
            } => Error::Refused {
                errno,
                syscall,
                why: "a socket or a device without a driver can't be opened",
            },
            error => error,
        }
    })?;
    if stat(file.as_raw_fd())?.kind == Kind::Directory {
        // A directory can be opened for reading, and mmap would report ENODEV or EINVAL.
        return Err(Error::System {
            errno: libc::EISDIR,
            syscall: "open",
        });
    }
    Ok(file)
}

/// `ftruncate(2)`.
///
/// # Errors
/// The system's, as `EFBIG`, `EPERM` (a sealed or immutable file) and `EIO`.
pub fn set_size(fd: &OwnedFd, size: u64) -> Result<()> {
    let size = large::off_t::try_from(size).map_err(|_| Error::System {
        errno: libc::EFBIG,
        syscall: "ftruncate",
    })?;
    extending(|| {
        retried("ftruncate", || {
            // SAFETY: the descriptor is open, and the call touches no memory.
            unsafe { large::ftruncate(fd.as_raw_fd(), size) }
        })
    })
}

/// macOS: a write to the file's descriptor reaches the medium, not only the drive's cache
/// (bugs.python.org/issue11277). The result does not matter, as in Python.
#[cfg(target_vendor = "apple")]
pub fn full_sync(fd: Descriptor) {
    // SAFETY: fcntl with F_FULLFSYNC takes no pointer; a bad descriptor is an error of the call.
    unsafe { libc::fcntl(fd, libc::F_FULLFSYNC) };
}

/// Nothing to do: only macOS has this.
#[cfg(not(target_vendor = "apple"))]
pub fn full_sync(_fd: Descriptor) {}

/// The file behind a descriptor that this crate owns.
pub type OwnedFile = OwnedFd;

/// The number of an owned descriptor.
#[must_use]
pub fn descriptor(file: &OwnedFile) -> Descriptor {
    file.as_raw_fd()
}

/// The kind of a descriptor's file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Regular,
    Directory,
    Pipe,
    Socket,
    Character,
    Block,
    /// The kernel gives the descriptor no file type: an epoll, a timer.
    None,
}

impl Kind {
    pub(super) fn of(stat: &large::stat) -> Self {
        match stat.st_mode & libc::S_IFMT {
            libc::S_IFREG => Self::Regular,
            libc::S_IFDIR => Self::Directory,
            libc::S_IFIFO => Self::Pipe,
            libc::S_IFSOCK => Self::Socket,
            libc::S_IFCHR => Self::Character,
            libc::S_IFBLK => Self::Block,
            _ => Self::None,
        }
    }
}

/// The size of a block device in bytes; 0 if the system does not tell.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn device_size(fd: Descriptor) -> u64 {
    /// `_IOR(0x12, 114, size_t)` of `<linux/fs.h>`: these architectures have their own bits for the direction.
    const BLKGETSIZE64: u32 = {
        let old = cfg!(any(
            target_arch = "mips",
            target_arch = "mips64",
            target_arch = "powerpc",
            target_arch = "powerpc64",
            target_arch = "sparc64"
        ));
        let read: u32 = if old { 2 << 29 } else { 2 << 30 };
        #[expect(clippy::cast_possible_truncation, reason = "4 or 8")]
        let size = size_of::<usize>() as u32;
        read | size << 16 | 0x12 << 8 | 0x72
    };
    let mut size = 0_u64;
    #[allow(
        clippy::cast_lossless,
        clippy::cast_possible_wrap,
        reason = "its type differs between C libraries"
    )]
    // SAFETY: the request writes one 64-bit number, for which `size` has room.
    let status = unsafe { libc::ioctl(fd, BLKGETSIZE64 as _, &raw mut size) };
    if status == 0 { size } else { 0 }
}

/// The size of a block device in bytes; 0 if the system does not tell.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn device_size(_fd: Descriptor) -> u64 {
    0
}
