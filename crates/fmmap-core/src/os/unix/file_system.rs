//! The file system that a file is in.

use std::os::fd::RawFd;

use super::errno::retried;

/// What the system tells about one.
struct FileSystem {
    /// The number of its kind.
    kind: i64,
    /// The size of its blocks.
    block: usize,
}

/// `None` if it can't be asked.
fn asked(fd: RawFd) -> Option<FileSystem> {
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
    let block = usize::try_from(found.f_bsize).ok()?;
    Some(FileSystem { kind, block })
}

/// The number of the kind of file system that the file is in, if it can be asked.
pub(super) fn kind(fd: RawFd) -> Option<i64> {
    asked(fd).map(|found| found.kind)
}

/// The size of the pages of a file's mappings, if they are huge: the block size of the file system of huge pages.
pub(super) fn huge_page_size(fd: RawFd) -> Option<usize> {
    const HUGETLBFS: i64 = 0x9584_58f6;
    asked(fd)
        .filter(|found| found.kind == HUGETLBFS && found.block.is_power_of_two())
        .map(|found| found.block)
}
