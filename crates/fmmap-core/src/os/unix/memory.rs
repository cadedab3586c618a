//! Memory: mapping it, moving it, writing it back, and letting it go.

use std::mem::ManuallyDrop;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use memmap2::{MmapOptions, MmapRaw};

use super::errno::retried;
use super::file::Descriptor;
use super::large;
use super::limits::page_size;
use crate::error::{Error, Result};

pub use libc::{MAP_ANONYMOUS, MAP_PRIVATE, MAP_SHARED, PROT_READ, PROT_WRITE};

/// Reserve no swap space.
#[cfg(not(any(target_os = "freebsd", target_os = "dragonfly")))]
pub use libc::MAP_NORESERVE;
/// A flag that does nothing here: FreeBSD never reserves swap space for a mapping.
#[cfg(any(target_os = "freebsd", target_os = "dragonfly"))]
pub const MAP_NORESERVE: i32 = 0;

/// Flags with which a mapping could replace memory of others (`MAP_FIXED`), fail only because of the
/// address space's layout (`MAP_FIXED_NOREPLACE`), or grow by itself (`MAP_GROWSDOWN`).
#[cfg(any(target_os = "linux", target_os = "android"))]
pub const REFUSED_FLAGS: i32 = libc::MAP_FIXED | libc::MAP_FIXED_NOREPLACE | libc::MAP_GROWSDOWN;
/// Flags with which a mapping could replace memory of others.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub const REFUSED_FLAGS: i32 = libc::MAP_FIXED;

/// Whether pages that are written become the mapping's own copies. Linux reads the lowest four bits as a number:
/// `MAP_SHARED_VALIDATE`, 3, has the bit of `MAP_PRIVATE` and is shared all the same.
#[must_use]
pub const fn is_private(flags: i32) -> bool {
    flags & MAP_SHARED == 0
}

/// A mapping that reaches beyond the end of its file does not extend the file.
pub const EXTENDS: bool = false;
/// The size of a file can be changed while it is mapped.
pub const LOCKS: bool = false;
/// Whether shared anonymous memory can grow. `mremap` gives it no memory behind the new pages (gh-138204, gh-154258);
/// where there is no `mremap`, it is replaced by a larger copy.
pub const SHARED_ANONYMOUS_GROWS: bool = !cfg!(any(target_os = "linux", target_os = "android"));

/// Mapped memory, and who mapped it. Dropping this value unmaps it.
///
/// A map of a file by Python's access modes is memmap2's, and so is the private twin behind a view of one that can't be
/// written; everything else is a call of our own. docs/design.md has the list, and says why.
#[derive(Debug)]
pub struct Memory {
    start: *mut u8,
    len: usize,
    owner: Owner,
}

#[derive(Debug)]
enum Owner {
    /// There is no memory.
    Nobody,
    /// memmap2 has mapped it, and resizes it. Its `Drop` is not run, because it does not notice if the system refuses
    /// to unmap: see [`unmap`].
    Memmap2(#[allow(dead_code, reason = "only Linux moves it")] ManuallyDrop<MmapRaw>),
    /// A call of our own has mapped it, with these flags.
    System { flags: i32 },
}

impl Memory {
    /// No memory.
    pub(crate) fn none() -> Self {
        Self {
            start: std::ptr::NonNull::dangling().as_ptr(),
            len: 0,
            owner: Owner::Nobody,
        }
    }

    /// Maps `len` bytes at an address of the kernel's choice. If `fd` is `None`, the memory is anonymous. Tags exist
    /// on Windows only, and the facade rejects them here.
    ///
    /// # Errors
    /// The system's, as `EINVAL` (an unaligned offset, length 0), `EACCES`, `ENODEV`, `ENOMEM`.
    pub(crate) fn map(
        len: usize,
        prot: i32,
        flags: i32,
        fd: Option<Descriptor>,
        offset: u64,
        _tag: Option<&str>,
    ) -> Result<Self> {
        if let Some(raw) = by_memmap2(len, prot, flags, fd, offset) {
            let raw = raw.map_err(|error| Error::from_io(&error, "mmap"))?;
            return Ok(Self {
                start: raw.as_mut_ptr(),
                len,
                owner: Owner::Memmap2(ManuallyDrop::new(raw)),
            });
        }
        Ok(Self {
            start: map(len, prot, flags, fd, offset)?,
            len,
            owner: Owner::System { flags },
        })
    }

    /// The address of the first byte.
    pub(crate) fn start(&self) -> *mut u8 {
        self.start
    }

    /// Changes its length to `new_len`, and possibly its address. On an error it stays as it was.
    ///
    /// # Errors
    /// The system's, as `ENOMEM` and `EFAULT` (a mapping that advice or a fault has split); [`Error::Unsupported`]
    /// where there is no `mremap(2)`.
    ///
    /// # Safety
    /// Nothing points into the memory.
    pub(crate) unsafe fn remap(&mut self, new_len: usize) -> Result<()> {
        #[cfg(target_os = "linux")]
        if let Owner::Memmap2(raw) = &mut self.owner
            // memmap2 would make one byte of none, where the kernel refuses.
            && new_len > 0
        {
            let options = memmap2::RemapOptions::new().may_move(true);
            // SAFETY: the caller vouches that nothing points into it.
            let moved = unsafe { raw.remap(new_len, options) };
            moved.map_err(|error| Error::from_io(&error, "mremap"))?;
            self.start = raw.as_mut_ptr();
            self.len = new_len;
            return Ok(());
        }
        // After a fault ordinary pages stand in the place of a huge one: all of them are this value's.
        let (mapped, new_mapped) = (self.mapped(self.len), self.mapped(new_len));
        // SAFETY: the range is this value's, and the caller vouches that nothing points into it.
        self.start = unsafe { remap(self.start, mapped, new_mapped) }?;
        self.len = new_len;
        Ok(())
    }

    /// How much is mapped for `len` bytes of it.
    fn mapped(&self, len: usize) -> usize {
        match self.owner {
            Owner::System { flags } => mapped_len(len, flags),
            Owner::Nobody | Owner::Memmap2(_) => len,
        }
    }

    /// Nothing to do: memory has no name here by which other processes find it.
    ///
    /// # Errors
    /// None here.
    #[expect(
        clippy::unnecessary_wraps,
        clippy::unused_self,
        reason = "the signature is that of Windows"
    )]
    pub(crate) fn give_up_name(&mut self) -> Result<()> {
        Ok(())
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        if matches!(self.owner, Owner::Nobody) {
            return;
        }
        // SAFETY: the range was mapped by this value, whose owner has nothing that points into it any more.
        unsafe { unmap(self.start, self.mapped(self.len)) };
    }
}

/// Maps the memory with memmap2, if that gives the same as Python. memmap2 maps files, to be read, written or copied.
/// It would map an unaligned offset from the page before and a length of 0 as 1, where Python has the kernel refuse
/// both.
fn by_memmap2(
    len: usize,
    prot: i32,
    flags: i32,
    fd: Option<Descriptor>,
    offset: u64,
) -> Option<std::io::Result<MmapRaw>> {
    let fd = fd.filter(|&fd| fd >= 0)?;
    let aligned = offset.is_multiple_of(page_size() as u64) && i64::try_from(offset).is_ok();
    if !aligned || len == 0 || isize::try_from(len).is_err() {
        return None;
    }
    let mut options = MmapOptions::new();
    options.offset(offset).len(len);
    let both = PROT_READ | PROT_WRITE;
    match (prot, flags) {
        (PROT_READ, MAP_SHARED) => Some(options.map_raw_read_only(fd)),
        (prot, MAP_SHARED) if prot == both => Some(options.map_raw(fd)),
        (prot, flags) if prot == both && flags & !MAP_NORESERVE == MAP_PRIVATE => {
            if flags != MAP_PRIVATE {
                options.no_reserve_swap();
            }
            // SAFETY: a private mapping; nobody makes a reference of it, so that others may change the file.
            Some(unsafe { options.map_copy(fd) }.map(MmapRaw::from))
        }
        _ => None,
    }
}

/// `mmap(2)` at an address of the kernel's choice. If `fd` is `None`, the memory is anonymous.
///
/// # Errors
/// The system's.
fn map(len: usize, prot: i32, flags: i32, fd: Option<Descriptor>, offset: u64) -> Result<*mut u8> {
    let failed = |errno| Error::System {
        errno,
        syscall: "mmap",
    };
    if flags & REFUSED_FLAGS != 0 {
        return Err(failed(libc::EINVAL));
    }
    let offset = large::off_t::try_from(offset).map_err(|_| failed(libc::EOVERFLOW))?;
    let (flags, fd) = fd.map_or((flags | libc::MAP_ANONYMOUS, -1), |fd| (flags, fd));
    // SAFETY: without MAP_FIXED the kernel places the mapping where nothing is, so no memory of
    // anyone changes; a wrong argument is an error of the call.
    let address = unsafe { large::mmap(std::ptr::null_mut(), len, prot, flags, fd, offset) };
    if address == libc::MAP_FAILED {
        return Err(Error::last_os("mmap"));
    }
    Ok(address.cast())
}

/// The length of a mapping of `len` bytes as `munmap` and `mremap` need it: whole huge pages for those. The kernel rounds
/// up all others itself, and refuses a length for which there is no multiple.
fn mapped_len(len: usize, flags: i32) -> usize {
    huge_page_size(flags)
        .and_then(|page| len.checked_next_multiple_of(page))
        .unwrap_or(len)
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
unsafe fn unmap(start: *mut u8, len: usize) {
    /// Memory that the system has not taken back yet. Neighbouring mappings of one file are one area, and Linux
    /// refuses to split an area in two when the process would then have too many.
    static REFUSED: Mutex<Vec<(usize, usize)>> = Mutex::new(Vec::new());
    static ANY: AtomicBool = AtomicBool::new(false);
    // SAFETY: the caller vouches for the range.
    let done = unsafe { libc::munmap(start.cast(), len) } == 0
        // SAFETY: munmap has refused the range.
        || unsafe { unmap_huge(start, len) };
    if done && !ANY.load(Ordering::Relaxed) {
        return;
    }
    let mut refused = REFUSED.lock().unwrap_or_else(PoisonError::into_inner);
    if done {
        // The system may accept now what it refused before.
        refused.retain(|&(start, len)| {
            let start = std::ptr::with_exposed_provenance_mut(start);
            // SAFETY: nobody was given the range since, as it is still mapped.
            unsafe { libc::munmap(start, len) != 0 }
        });
    } else {
        refused.push((start.expose_provenance(), len));
    }
    ANY.store(!refused.is_empty(), Ordering::Relaxed);
}

/// The sizes of huge pages, and arm64's 64 KiB. Linux refuses to cut an area of them between its pages, with EINVAL.
pub const HUGE_PAGES: [usize; 5] = [64 << 10, 2 << 20, 32 << 20, 512 << 20, 1 << 30];

/// Unmaps whole huge pages, where a file of them is mapped in part: no flag says so. Smaller sizes than the true one are
/// refused as the length itself.
///
/// # Safety
/// As of [`unmap`], which has just failed.
unsafe fn unmap_huge(start: *mut u8, len: usize) -> bool {
    let is_cut = std::io::Error::last_os_error().raw_os_error() == Some(libc::EINVAL);
    cfg!(any(target_os = "linux", target_os = "android"))
        && is_cut
        && HUGE_PAGES.iter().any(|&page| {
            let whole = len.checked_next_multiple_of(page);
            // SAFETY: the area has pages of this size or larger ones, and the call refuses to cut the latter.
            whole.is_some_and(|len| unsafe { libc::munmap(start.cast(), len) } == 0)
        })
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
unsafe fn remap(start: *mut u8, len: usize, new_len: usize) -> Result<*mut u8> {
    // SAFETY: the caller vouches for the range; without MREMAP_FIXED nothing else is touched.
    let address = unsafe { libc::mremap(start.cast(), len, new_len, libc::MREMAP_MAYMOVE) };
    if address == libc::MAP_FAILED {
        return Err(Error::last_os("mremap"));
    }
    Ok(address.cast())
}

/// Not supported: without `mremap(2)` the caller maps afresh.
///
/// # Errors
/// Always [`Error::Unsupported`].
///
/// # Safety
/// None needed; the signature is that of the platforms that have it.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
unsafe fn remap(_start: *mut u8, _len: usize, _new_len: usize) -> Result<*mut u8> {
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
    retried("msync", || {
        // SAFETY: the caller vouches for the range, and msync only reads it.
        unsafe { libc::msync(start.cast(), len, flags) }
    })
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
    retried("madvise", || {
        // SAFETY: the caller vouches for the range and the advice.
        unsafe { libc::madvise(start.cast(), len, advice) }
    })
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
    retried("prctl", || {
        // SAFETY: the kernel checks the range, and copies the NUL-terminated name.
        unsafe {
            libc::prctl(
                libc::PR_SET_VMA,
                libc::PR_SET_VMA_ANON_NAME,
                start,
                len,
                name.as_ptr(),
            )
        }
    })
}

/// Whether the kernel supports names at all. EINVAL means both "no names here" and "not this name", so it is tried
/// once on a page of its own.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn kernel_has_names() -> bool {
    static ANSWER: std::sync::OnceLock<bool> = std::sync::OnceLock::new();
    *ANSWER.get_or_init(|| {
        let len = page_size();
        let Ok(page) = Memory::map(len, PROT_READ, MAP_PRIVATE, None, 0, None) else {
            return false;
        };
        // SAFETY: the page was mapped above.
        unsafe { prctl_set_name(page.start(), len, c"fmmap") }.is_ok()
    })
}

/// Not supported: mappings have no names here.
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

#[cfg(test)]
mod tests {
    use std::os::fd::{AsRawFd, FromRawFd};

    use super::{
        MAP_ANONYMOUS, MAP_NORESERVE, MAP_PRIVATE, MAP_SHARED, Memory, Owner, PROT_READ,
        PROT_WRITE, page_size,
    };

    /// The list in docs/design.md, "Who maps what".
    #[test]
    fn memmap2_maps_files_by_access_and_the_private_twin_and_nothing_else() {
        let both = PROT_READ | PROT_WRITE;
        let file = std::env::current_exe()
            .and_then(std::fs::File::open)
            .unwrap();
        let fd = file.as_raw_fd();
        let page = page_size();
        let is_memmap2 = |len, prot, flags, fd, offset| {
            Memory::map(len, prot, flags, fd, offset, None)
                .map(|memory| matches!(memory.owner, Owner::Memmap2(_)))
        };
        // By access: read, copy, and the private twin. The file is not open for writing.
        assert_eq!(is_memmap2(1, PROT_READ, MAP_SHARED, Some(fd), 0), Ok(true));
        assert_eq!(
            is_memmap2(1, both, MAP_PRIVATE, Some(fd), page as u64),
            Ok(true)
        );
        assert_eq!(
            is_memmap2(9, both, MAP_PRIVATE | MAP_NORESERVE, Some(fd), 0),
            Ok(true)
        );
        // By other flags and protections, and without a file.
        assert_eq!(
            is_memmap2(1, PROT_READ, MAP_PRIVATE, Some(fd), 0),
            Ok(false)
        );
        assert_eq!(is_memmap2(page, both, MAP_SHARED, None, 0), Ok(false));
        assert_eq!(
            is_memmap2(page, both, MAP_PRIVATE | MAP_ANONYMOUS, None, 0),
            Ok(false)
        );
        // What memmap2 would accept, while Python has the kernel refuse it; and the kernel's own errors.
        let refused = |len, prot, flags, fd, offset| match is_memmap2(len, prot, flags, fd, offset)
        {
            Err(crate::Error::System {
                errno,
                syscall: "mmap",
            }) => Some(errno),
            _ => None,
        };
        assert_eq!(
            refused(1, PROT_READ, MAP_SHARED, Some(fd), 1),
            Some(libc::EINVAL)
        );
        assert_eq!(
            refused(0, PROT_READ, MAP_SHARED, Some(fd), 0),
            Some(libc::EINVAL)
        );
        assert_eq!(
            refused(1, both, MAP_SHARED, Some(fd), 0),
            Some(libc::EACCES)
        );
        assert_eq!(
            refused(1, PROT_READ, MAP_SHARED, Some(-1), 0),
            Some(libc::EBADF)
        );
        assert!(refused(usize::MAX / 2, PROT_READ, MAP_SHARED, Some(fd), 0).is_some());
    }

    /// Whether all pages of a range are mapped.
    #[cfg(target_os = "linux")]
    fn is_mapped(start: *mut u8, len: usize) -> bool {
        let mut resident = vec![0_u8; len.div_ceil(page_size())];
        // SAFETY: asks about pages, for each of which there is one byte.
        unsafe { libc::mincore(start.cast(), len, resident.as_mut_ptr().cast()) == 0 }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn ordinary_pages_in_the_place_of_a_huge_one_are_resized_and_unmapped_together() {
        const HUGE: usize = 2 << 20;
        let both = PROT_READ | PROT_WRITE;
        let flags = MAP_PRIVATE | libc::MAP_HUGETLB | libc::MAP_HUGE_2MB;
        for (len, new_len) in [(20_000, 65_280), (20_000, 100), (HUGE, 1), (1, HUGE + 1)] {
            // What the fault guard leaves of a huge page, for which the system had no memory.
            let pages = super::map(HUGE, both, MAP_PRIVATE, None, 0).unwrap();
            let mut memory = Memory {
                start: pages,
                len,
                owner: Owner::System { flags },
            };
            // SAFETY: the byte is the memory's.
            unsafe { memory.start().write(7) };
            // SAFETY: nothing points into it.
            unsafe { memory.remap(new_len) }.unwrap();
            // SAFETY: as above.
            assert_eq!(unsafe { memory.start().read() }, 7);
            let whole = new_len.next_multiple_of(HUGE);
            assert!(is_mapped(memory.start(), whole), "{len} {new_len}");
        }
        assert_eq!(super::mapped_len(usize::MAX, flags), usize::MAX);
    }

    /// A part of a file of huge pages is mapped as whole pages, without a flag that says so.
    #[cfg(target_os = "linux")]
    #[test]
    fn a_part_of_a_file_of_huge_pages_is_unmapped() {
        const HUGE: usize = 2 << 20;
        let flags = libc::MFD_HUGETLB | libc::MFD_HUGE_2MB;
        // SAFETY: the name is a string of C.
        let fd = unsafe { libc::memfd_create(c"part of huge".as_ptr(), flags) };
        if fd < 0 {
            // This kernel has no huge pages.
            return;
        }
        // SAFETY: nobody else has the descriptor.
        let file = unsafe { std::os::fd::OwnedFd::from_raw_fd(fd) };
        let file = std::fs::File::from(file);
        file.set_len(2 * HUGE as u64).unwrap();
        let is_mapped = || {
            let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
            maps.contains("part of huge")
        };
        // No page of it is touched, as the system may have none.
        let (both, lazy) = (PROT_READ | PROT_WRITE, MAP_NORESERVE);
        let fd = Some(file.as_raw_fd());
        if Memory::map(HUGE, both, MAP_PRIVATE | lazy, fd, 0, None).is_err() {
            // An emulator may map no huge pages where the kernel does.
            return;
        }
        for (prot, flags) in [
            (both, MAP_SHARED | lazy),
            (both, MAP_PRIVATE | lazy),
            (PROT_READ, MAP_PRIVATE | lazy),
        ] {
            for len in [1, 20_000, HUGE, HUGE + 1] {
                let memory = Memory::map(len, prot, flags, fd, 0, None).unwrap();
                assert!(is_mapped(), "{prot} {flags} {len}");
                drop(memory);
                assert!(!is_mapped(), "{prot} {flags} {len}");
            }
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn whoever_has_mapped_it_moves_it() {
        let both = PROT_READ | PROT_WRITE;
        let file = std::env::current_exe()
            .and_then(std::fs::File::open)
            .unwrap();
        let page = page_size();
        for (fd, flags) in [(Some(file.as_raw_fd()), MAP_PRIVATE), (None, MAP_PRIVATE)] {
            let mut memory = Memory::map(page, both, flags, fd, 0, None).unwrap();
            // SAFETY: the page was mapped above.
            let before = unsafe { memory.start().read() };
            // SAFETY: nothing points into it.
            unsafe { memory.remap(64 * page) }.unwrap();
            // SAFETY: as above.
            assert_eq!(unsafe { memory.start().read() }, before);
            // SAFETY: nothing points into it.
            assert!(unsafe { memory.remap(0) }.is_err());
            // SAFETY: an error leaves it as it was.
            assert_eq!(unsafe { memory.start().read() }, before);
            // SAFETY: nothing points into it.
            unsafe { memory.remap(page) }.unwrap();
        }
    }
}
