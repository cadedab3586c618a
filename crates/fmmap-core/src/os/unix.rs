//! Linux, macOS and the BSDs: POSIX calls, each with its error.

use std::ffi::OsStr;
use std::fs::OpenOptions;
use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::error::{Error, Result};

pub use libc::{
    EBADF, EEXIST, EINVAL, ENOENT, MAP_ANONYMOUS, MAP_PRIVATE, MAP_SHARED, PROT_READ, PROT_WRITE,
};

/// Reserve no swap space.
#[cfg(not(any(target_os = "freebsd", target_os = "dragonfly")))]
pub use libc::MAP_NORESERVE;
/// Reserve no swap space: FreeBSD never does for a mapping, and has no flag for it.
#[cfg(any(target_os = "freebsd", target_os = "dragonfly"))]
pub const MAP_NORESERVE: i32 = 0;

/// A file of the operating system, borrowed from the caller.
pub type Descriptor = RawFd;

/// Flags with which a mapping could replace memory of others (`MAP_FIXED`), fail only because of the
/// address space's layout (`MAP_FIXED_NOREPLACE`), or grow by itself (`MAP_GROWSDOWN`).
#[cfg(any(target_os = "linux", target_os = "android"))]
pub const REFUSED_FLAGS: i32 = libc::MAP_FIXED | libc::MAP_FIXED_NOREPLACE | libc::MAP_GROWSDOWN;
/// Flags with which a mapping could replace memory of others.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub const REFUSED_FLAGS: i32 = libc::MAP_FIXED;

/// A mapping that reaches beyond the end of its file does not extend the file.
pub const EXTENDS: bool = false;
/// The size of a file can be changed while it is mapped.
pub const LOCKS: bool = false;
/// Whether shared anonymous memory can grow: `mremap` would put nothing behind the new pages
/// (gh-138204, gh-154258). Where there is no such call it is replaced by a larger copy.
pub const SHARED_ANONYMOUS_GROWS: bool = !cfg!(any(target_os = "linux", target_os = "android"));

/// The number by which libuv, and so every JavaScript runtime, calls an error: the system's own.
#[must_use]
pub fn libuv_errno(errno: i32) -> i32 {
    errno
}

/// The size of a page in bytes.
#[must_use]
pub fn page_size() -> usize {
    static SIZE: OnceLock<usize> = OnceLock::new();
    *SIZE.get_or_init(|| {
        // SAFETY: sysconf reads a number and touches no memory of ours.
        let size = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
        usize::try_from(size).unwrap_or(4096)
    })
}

/// What an offset must be a multiple of, in bytes.
#[must_use]
pub fn allocation_granularity() -> usize {
    page_size()
}

/// What `fstat` says of a file.
#[derive(Clone, Copy, Debug)]
pub struct Stat {
    /// The file's size in bytes.
    pub size: u64,
    /// Whether it is a regular file: only those have a size that bounds a mapping.
    pub regular: bool,
    directory: bool,
}

/// `fstat(2)`.
///
/// # Errors
/// The system's, as `EBADF`.
pub fn stat(fd: Descriptor) -> Result<Stat> {
    let mut stat = std::mem::MaybeUninit::<libc::stat>::uninit();
    // SAFETY: `stat` is valid for writing one `libc::stat`; any number may be asked as a descriptor.
    if unsafe { libc::fstat(fd, stat.as_mut_ptr()) } != 0 {
        return Err(Error::last_os("fstat"));
    }
    // SAFETY: fstat returned 0, so it has filled `stat`.
    let stat = unsafe { stat.assume_init() };
    Ok(Stat {
        size: u64::try_from(stat.st_size).unwrap_or(0),
        regular: stat.st_mode & libc::S_IFMT == libc::S_IFREG,
        directory: stat.st_mode & libc::S_IFMT == libc::S_IFDIR,
    })
}

/// The file behind the number that a caller has for it; `None` is anonymous memory, on Windows.
///
/// # Errors
/// None here: a number that is not open is found out when it is used.
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

/// Opens `path`. `O_NONBLOCK`: a FIFO without a writer must not hold the caller up; std adds `O_CLOEXEC`.
///
/// # Errors
/// The system's, as `ENOENT`, `EACCES`, `EISDIR` and `ETXTBSY`.
pub fn open(path: &[u8], write: bool, create_new: bool) -> Result<OwnedFd> {
    let file = OpenOptions::new()
        .read(true)
        .write(write)
        .create_new(create_new)
        .custom_flags(libc::O_NONBLOCK)
        .open(Path::new(OsStr::from_bytes(path)))
        .map(OwnedFd::from)
        .map_err(|error| Error::from_io(&error, "open"))?;
    if stat(file.as_raw_fd())?.directory {
        // It can be opened for reading, and mmap would say ENODEV or EINVAL.
        return Err(Error::System {
            errno: libc::EISDIR,
            syscall: "open",
        });
    }
    Ok(file)
}

/// Removes a file that this process has just made.
pub fn remove(path: &[u8]) {
    // The error that led here is the one to report.
    let _ = std::fs::remove_file(Path::new(OsStr::from_bytes(path)));
}

/// `ftruncate(2)`.
///
/// # Errors
/// The system's, as `EFBIG`, `EPERM` (a sealed or immutable file) and `EIO`.
pub fn set_size(fd: &OwnedFd, size: u64) -> Result<()> {
    let size = libc::off_t::try_from(size).map_err(|_| Error::System {
        errno: libc::EFBIG,
        syscall: "ftruncate",
    })?;
    loop {
        // SAFETY: the descriptor is open, and the call touches no memory.
        if unsafe { libc::ftruncate(fd.as_raw_fd(), size) } == 0 {
            return Ok(());
        }
        let error = Error::last_os("ftruncate");
        if !matches!(
            error,
            Error::System {
                errno: libc::EINTR,
                ..
            }
        ) {
            return Err(error);
        }
    }
}

/// What has to live as long as the memory beside it: nothing here.
#[derive(Debug)]
pub struct Section;

impl Section {
    /// Gives the section's name up: it has none here.
    ///
    /// # Errors
    /// None here.
    #[expect(
        clippy::unnecessary_wraps,
        clippy::unused_self,
        reason = "the signature is that of Windows"
    )]
    pub(crate) fn give_up(&mut self) -> Result<()> {
        Ok(())
    }
}

/// One of the areas that the kernel lets a process have: a segment holds one.
///
/// A process without a free area dies soon after, in its allocator or in its just-in-time compiler, whoever
/// used the last one: V8 aborts with "process out of memory". So the last ones are left to the runtime, and to
/// the fault guard, which needs two for each page that is missing.
#[derive(Debug)]
pub struct Area(());

/// Areas that are held.
static AREAS: AtomicUsize = AtomicUsize::new(0);

impl Area {
    /// Takes an area.
    ///
    /// # Errors
    /// `ENOMEM` when only the runtime's are left.
    pub fn take() -> Result<Self> {
        if AREAS.fetch_add(1, Ordering::Relaxed) < most_areas() {
            return Ok(Self(()));
        }
        AREAS.fetch_sub(1, Ordering::Relaxed);
        Err(Error::System {
            errno: libc::ENOMEM,
            syscall: "mmap",
        })
    }
}

impl Drop for Area {
    fn drop(&mut self) {
        AREAS.fetch_sub(1, Ordering::Relaxed);
    }
}

/// All but an eighth of `vm.max_map_count`, which is 65,530 unless somebody has changed it.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn most_areas() -> usize {
    static MOST: OnceLock<usize> = OnceLock::new();
    *MOST.get_or_init(|| {
        let all = std::fs::read_to_string("/proc/sys/vm/max_map_count").ok();
        let all = all
            .and_then(|all| all.trim().parse().ok())
            .unwrap_or(65_530);
        all - all / 8
    })
}

/// Other kernels have no such limit, or none that is reached before the memory's.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn most_areas() -> usize {
    usize::MAX
}

/// `mmap(2)` at an address of the kernel's choice; `fd` `None` is anonymous memory. Tags are
/// Windows's: the facade lets none through.
///
/// # Errors
/// The system's, as `EINVAL` (an unaligned offset, length 0), `EACCES`, `ENODEV`, `ENOMEM`.
pub fn map(
    len: usize,
    prot: i32,
    flags: i32,
    fd: Option<Descriptor>,
    offset: u64,
    _tag: Option<&str>,
) -> Result<(*mut u8, Section)> {
    let failed = |errno| Error::System {
        errno,
        syscall: "mmap",
    };
    if flags & REFUSED_FLAGS != 0 {
        return Err(failed(libc::EINVAL));
    }
    let offset = libc::off_t::try_from(offset).map_err(|_| failed(libc::EOVERFLOW))?;
    let (flags, fd) = fd.map_or((flags | libc::MAP_ANONYMOUS, -1), |fd| (flags, fd));
    // SAFETY: without MAP_FIXED the kernel places the mapping where nothing is, so no memory of
    // anyone changes; a wrong argument is an error of the call.
    let address = unsafe { libc::mmap(std::ptr::null_mut(), len, prot, flags, fd, offset) };
    if address == libc::MAP_FAILED {
        return Err(Error::last_os("mmap"));
    }
    Ok((address.cast(), Section))
}

/// The length that the kernel gives a mapping of `len` bytes, where `munmap` asks for it: huge pages come
/// whole. The others are rounded up by the kernel itself.
#[must_use]
pub fn mapped_len(len: usize, flags: i32) -> usize {
    huge_page_size(flags).map_or(len, |page| len.next_multiple_of(page))
}

/// The size of the pages that `MAP_HUGETLB` asks for, in bytes: by its upper bits, or the system's default.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn huge_page_size(flags: i32) -> Option<usize> {
    /// `/proc/meminfo` has the default size in KiB.
    fn default() -> Option<usize> {
        let text = std::fs::read_to_string("/proc/meminfo").ok()?;
        let line = text
            .lines()
            .find_map(|line| line.strip_prefix("Hugepagesize:"))?;
        let kib: usize = line.trim().trim_end_matches("kB").trim().parse().ok()?;
        kib.checked_mul(1024)
    }
    if flags & libc::MAP_HUGETLB == 0 {
        return None;
    }
    match (flags >> libc::MAP_HUGE_SHIFT) & libc::MAP_HUGE_MASK {
        0 => default(),
        shift => 1_usize.checked_shl(shift.cast_unsigned()),
    }
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn huge_page_size(_flags: i32) -> Option<usize> {
    None
}

/// `munmap(2)`.
///
/// # Safety
/// `[start, start + len)` is a mapping of [`map`]'s that nothing points into any more.
pub unsafe fn unmap(start: *mut u8, len: usize) {
    // SAFETY: the caller vouches for the range.
    unsafe { libc::munmap(start.cast(), len) };
}

/// `mremap(2)`: the mapping's new address, with `new_len` bytes. The old address is gone after success.
///
/// # Errors
/// The system's, as `ENOMEM` and `EFAULT` (a mapping that advice or a fault has split);
/// [`Error::Unsupported`] where there is no such call.
///
/// # Safety
/// `[start, start + len)` is a mapping of [`map`]'s that nothing points into any more.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub unsafe fn remap(start: *mut u8, len: usize, new_len: usize) -> Result<*mut u8> {
    // SAFETY: the caller vouches for the range; without MREMAP_FIXED nothing else is touched.
    let address = unsafe { libc::mremap(start.cast(), len, new_len, libc::MREMAP_MAYMOVE) };
    if address == libc::MAP_FAILED {
        return Err(Error::last_os("mremap"));
    }
    Ok(address.cast())
}

/// No `mremap(2)` here: the caller maps afresh.
///
/// # Errors
/// Always [`Error::Unsupported`].
///
/// # Safety
/// None needed; the signature is that of the platforms that have it.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub unsafe fn remap(_start: *mut u8, _len: usize, _new_len: usize) -> Result<*mut u8> {
    Err(Error::Unsupported("mremap"))
}

/// `msync(2)`; `flags` 0 is `MS_SYNC`.
///
/// # Errors
/// The system's, as `EINVAL` (an unaligned start, unknown flags), `EIO` and `ENOMEM`.
///
/// # Safety
/// `[start, start + len)` lies in a live mapping.
pub unsafe fn sync(start: *mut u8, len: usize, flags: i32) -> Result<()> {
    let flags = if flags == 0 { libc::MS_SYNC } else { flags };
    // SAFETY: the caller vouches for the range, and msync only reads it.
    if unsafe { libc::msync(start.cast(), len, flags) } == 0 {
        return Ok(());
    }
    Err(Error::last_os("msync"))
}

/// `madvise(2)`.
///
/// # Errors
/// The system's, as `EINVAL` (an unaligned start, advice that the kernel does not know).
///
/// # Safety
/// `[start, start + len)` lies in a live mapping, and `advice` is none that makes its pages
/// inaccessible: [`crate::advice`] lets only known ones through.
pub unsafe fn advise(start: *mut u8, len: usize, advice: i32) -> Result<()> {
    // SAFETY: the caller vouches for the range and the advice.
    if unsafe { libc::madvise(start.cast(), len, advice) } == 0 {
        return Ok(());
    }
    Err(Error::last_os("madvise"))
}

/// Names an anonymous mapping in `/proc/<pid>/maps` (`PR_SET_VMA_ANON_NAME`, Linux 5.17 with
/// `CONFIG_ANON_VMA_NAME`). A kernel without names is not an error.
///
/// # Errors
/// The system's: `EINVAL` for a character that the kernel refuses in a name.
///
/// # Safety
/// `[start, start + len)` is a live mapping.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub unsafe fn set_name(start: *mut u8, len: usize, name: &std::ffi::CStr) -> Result<()> {
    // SAFETY: the caller vouches for the range; the kernel copies the name.
    match unsafe { prctl_set_name(start, len, name) } {
        Err(Error::System {
            errno: libc::EINVAL,
            ..
        }) if !kernel_has_names() => Ok(()),
        answer => answer,
    }
}

/// # Safety
/// `[start, start + len)` is a live mapping.
#[cfg(any(target_os = "linux", target_os = "android"))]
unsafe fn prctl_set_name(start: *mut u8, len: usize, name: &std::ffi::CStr) -> Result<()> {
    // SAFETY: the kernel checks the range, and copies the NUL-terminated name.
    let answer = unsafe {
        libc::prctl(
            libc::PR_SET_VMA,
            libc::PR_SET_VMA_ANON_NAME,
            start,
            len,
            name.as_ptr(),
        )
    };
    if answer == 0 {
        Ok(())
    } else {
        Err(Error::last_os("prctl"))
    }
}

/// Whether the kernel names mappings at all: tried once, on a page of its own, because EINVAL says both
/// "no names here" and "not this name".
#[cfg(any(target_os = "linux", target_os = "android"))]
fn kernel_has_names() -> bool {
    static ANSWER: OnceLock<bool> = OnceLock::new();
    *ANSWER.get_or_init(|| {
        let len = page_size();
        let Ok((page, _)) = map(len, PROT_READ, MAP_PRIVATE, None, 0, None) else {
            return false;
        };
        // SAFETY: the page was mapped above.
        let named = unsafe { prctl_set_name(page, len, c"fmmap") }.is_ok();
        // SAFETY: as above, and nothing points into it.
        unsafe { unmap(page, len) };
        named
    })
}

/// Mappings have no names here.
///
/// # Errors
/// Always [`Error::Unsupported`].
///
/// # Safety
/// None needed; the signature is that of the platforms that have it.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub unsafe fn set_name(_start: *mut u8, _len: usize, _name: &std::ffi::CStr) -> Result<()> {
    Err(Error::Unsupported("setName()"))
}

/// macOS: a write to the file's descriptor reaches the medium, not only the drive's cache
/// (bugs.python.org/issue11277). The result does not matter, as in Python.
#[cfg(target_vendor = "apple")]
pub fn full_sync(fd: Descriptor) {
    // SAFETY: fcntl with F_FULLFSYNC takes no pointer; a bad descriptor is an error of the call.
    unsafe { libc::fcntl(fd, libc::F_FULLFSYNC) };
}

/// Only macOS has this.
#[cfg(not(target_vendor = "apple"))]
pub fn full_sync(_fd: Descriptor) {}

/// The file behind a descriptor that this crate owns.
pub type OwnedFile = OwnedFd;

/// The number of an owned descriptor.
#[must_use]
pub fn descriptor(file: &OwnedFile) -> Descriptor {
    file.as_raw_fd()
}

/// While it lives, the thread gives way at once to those that want to run for a short while.
///
/// A scheduler that knows how long a thread means to run lets others, with shorter slices, run before it ends its
/// own: Linux 6.12 and newer, by `sched_setattr(2)`. A thread that computes for a tenth of a millisecond, sleeps, and
/// computes again is otherwise as urgent as any that it holds up. Nothing happens elsewhere.
#[derive(Debug)]
pub struct Patient {
    #[cfg(target_os = "linux")]
    before: Option<libc::sched_attr>,
}

#[cfg(target_os = "linux")]
mod patience {
    use std::sync::atomic::{AtomicBool, Ordering};

    /// The longest slice that there is, in nanoseconds.
    pub(super) const SLICE: u64 = 100_000_000;

    /// Whether this kernel takes no slices.
    static USELESS: AtomicBool = AtomicBool::new(false);

    pub(super) fn read() -> Option<libc::sched_attr> {
        // SAFETY: a struct of integers, for which zeros are a value.
        let mut attributes: libc::sched_attr = unsafe { std::mem::zeroed() };
        let size = size_of::<libc::sched_attr>();
        // SAFETY: `attributes` has `size` bytes to write to; 0 is the calling thread.
        let status =
            unsafe { libc::syscall(libc::SYS_sched_getattr, 0, &raw mut attributes, size, 0) };
        (status == 0).then_some(attributes)
    }

    fn write(attributes: &libc::sched_attr) -> bool {
        // SAFETY: `attributes` is valid for reading; 0 is the calling thread.
        let status =
            unsafe { libc::syscall(libc::SYS_sched_setattr, 0, &raw const *attributes, 0) };
        status == 0
    }

    pub(super) fn begin() -> Option<libc::sched_attr> {
        if USELESS.load(Ordering::Relaxed) {
            return None;
        }
        let before = read().filter(|before| before.sched_policy == 0);
        let mut attributes = before?;
        attributes.sched_runtime = SLICE;
        if !write(&attributes) || read().is_none_or(|now| now.sched_runtime != SLICE) {
            USELESS.store(true, Ordering::Relaxed);
            return None;
        }
        before
    }

    pub(super) fn end(before: &libc::sched_attr) {
        write(before);
    }
}

impl Patient {
    /// Until the answer is dropped.
    #[must_use]
    pub fn begin() -> Self {
        Self {
            #[cfg(target_os = "linux")]
            before: patience::begin(),
        }
    }
}

impl Drop for Patient {
    fn drop(&mut self) {
        #[cfg(target_os = "linux")]
        if let Some(before) = &self.before {
            patience::end(before);
        }
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::{Patient, patience};

    #[test]
    fn patience_ends_with_its_value() {
        let slice = || patience::read().map(|attributes| attributes.sched_runtime);
        let before = slice();
        let patient = Patient::begin();
        if patient.before.is_some() {
            assert_eq!(slice(), Some(patience::SLICE));
        }
        drop(patient);
        assert_eq!(slice(), before);
    }
}
