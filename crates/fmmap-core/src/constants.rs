//! The constants, one table: their names, what they mean, since which Python they exist, and their value on
//! this platform, from libc. The JavaScript exports and docs/constants.md are generated from it.

use crate::os;

/// Which member a constant is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    /// The constructor's `access`.
    Access,
    /// Sizes in bytes.
    Size,
    /// The constructor's `prot`.
    Protection,
    /// The constructor's `flags`.
    Mapping,
    /// The `flags` of `flush`.
    Flush,
    /// The `option` of `madvise`.
    Advice,
}

/// A row of the table.
#[derive(Clone, Copy, Debug)]
pub struct Constant {
    /// Python's name; for those that Python lacks, the C header's.
    pub name: &'static str,
    /// What it means, in one line.
    pub meaning: &'static str,
    /// The first Python that has it; `None`: Python lacks it.
    pub python: Option<&'static str>,
    /// Which member it is for.
    pub group: Group,
    /// Where it exists, as a `cfg` predicate.
    pub platforms: &'static str,
    /// The value here; `None`: this platform lacks it.
    pub value: Option<i64>,
}

macro_rules! table {
    ($($group:ident $name:ident ($python:expr) [$($cfg:tt)*] = $value:expr, $meaning:literal;)*) => {
        /// Every constant of every platform, in the order of the documentation.
        pub static TABLE: std::sync::LazyLock<Vec<Constant>> = std::sync::LazyLock::new(|| {
            vec![$(Constant {
                name: stringify!($name),
                meaning: $meaning,
                python: $python,
                group: Group::$group,
                platforms: stringify!($($cfg)*),
                #[cfg($($cfg)*)]
                value: Some(i64::from($value)),
                #[cfg(not($($cfg)*))]
                value: None,
            },)*]
        });
    };
}

/// A size of the platform's. None is near the limit of the type.
fn size(bytes: usize) -> i64 {
    i64::try_from(bytes).unwrap_or(i64::MAX)
}

#[cfg(target_vendor = "apple")]
#[allow(
    clippy::wildcard_imports,
    reason = "all that is in it is here for the table below"
)]
use apple::*;

/// Those of `<sys/mman.h>` that libc does not have on Apple's platforms.
#[cfg(target_vendor = "apple")]
mod apple {
    pub(super) const MAP_RESILIENT_CODESIGN: i32 = 0x2000;
    pub(super) const MAP_RESILIENT_MEDIA: i32 = 0x4000;
    pub(super) const MAP_32BIT: i32 = 0x8000;
    pub(super) const MAP_TRANSLATED_ALLOW_EXECUTE: i32 = 0x20000;
    pub(super) const MAP_UNIX03: i32 = 0x40000;
    pub(super) const MAP_TPRO: i32 = 0x80000;
}
#[cfg(all(
    target_arch = "x86_64",
    any(target_os = "linux", target_os = "freebsd")
))]
use libc::MAP_32BIT;

table! {
    Access ACCESS_DEFAULT (Some("3.7")) [all()] = crate::options::ACCESS_DEFAULT, "`flags` and `prot` decide.";
    Access ACCESS_READ (Some("2.0")) [all()] = crate::options::ACCESS_READ, "The map is read-only; writing is an error.";
    Access ACCESS_WRITE (Some("2.0")) [all()] = crate::options::ACCESS_WRITE, "Writes reach the memory and the file.";
    Access ACCESS_COPY (Some("2.0")) [all()] = crate::options::ACCESS_COPY, "Writes reach the memory, never the file.";
    Size PAGESIZE (Some("2.0")) [all()] = size(os::page_size()), "The size of a page, in bytes.";
    Size ALLOCATIONGRANULARITY (Some("2.6")) [all()] = size(os::allocation_granularity()), "What an offset must be a multiple of, in bytes.";
    Protection PROT_READ (Some("2.0")) [unix] = libc::PROT_READ, "The pages can be read.";
    Protection PROT_WRITE (Some("2.0")) [unix] = libc::PROT_WRITE, "The pages can be written.";
    Protection PROT_EXEC (Some("2.0")) [unix] = libc::PROT_EXEC, "The pages can be executed.";
    Mapping MAP_SHARED (Some("2.0")) [unix] = libc::MAP_SHARED, "Writes are seen by every map of the file, and reach it.";
    Mapping MAP_PRIVATE (Some("2.0")) [unix] = libc::MAP_PRIVATE, "Writes are copied on first touch, and stay here.";
    Mapping MAP_ANON (Some("2.0")) [unix] = libc::MAP_ANON, "Memory without a file.";
    Mapping MAP_ANONYMOUS (Some("2.0")) [unix] = libc::MAP_ANON, "Memory without a file.";
    Mapping MAP_DENYWRITE (Some("2.0")) [any(target_os = "linux", target_os = "android")] = libc::MAP_DENYWRITE, "Ignored by the kernel.";
    Mapping MAP_EXECUTABLE (Some("2.0")) [any(target_os = "linux", target_os = "android")] = libc::MAP_EXECUTABLE, "Ignored by the kernel.";
    Mapping MAP_POPULATE (Some("3.10")) [any(target_os = "linux", target_os = "android")] = libc::MAP_POPULATE, "Fault all pages in at once.";
    Mapping MAP_STACK (Some("3.11")) [any(target_os = "linux", target_os = "android", target_os = "freebsd", target_os = "openbsd", target_os = "netbsd")] = libc::MAP_STACK, "Memory fit for a stack.";
    Mapping MAP_ALIGNED_SUPER (Some("3.12")) [target_os = "freebsd"] = libc::MAP_ALIGNED_SUPER, "Align to a large page.";
    Mapping MAP_CONCEAL (Some("3.12")) [target_os = "openbsd"] = libc::MAP_CONCEAL, "Leave the pages out of core dumps.";
    Mapping MAP_NORESERVE (Some("3.13")) [any(target_os = "linux", target_os = "android", target_vendor = "apple", target_os = "netbsd", target_os = "openbsd")] = libc::MAP_NORESERVE, "Reserve no swap space.";
    Mapping MAP_NOEXTEND (Some("3.13")) [any(target_vendor = "apple", target_os = "openbsd")] = libc::MAP_NOEXTEND, "Do not change the file size of an unlinked file.";
    Mapping MAP_HASSEMAPHORE (Some("3.13")) [any(target_vendor = "apple", target_os = "freebsd", target_os = "netbsd", target_os = "openbsd")] = libc::MAP_HASSEMAPHORE, "The region may contain semaphores.";
    Mapping MAP_NOCACHE (Some("3.13")) [target_vendor = "apple"] = libc::MAP_NOCACHE, "Do not cache the pages.";
    Mapping MAP_JIT (Some("3.13")) [target_vendor = "apple"] = libc::MAP_JIT, "Memory for just-in-time compiled code.";
    Mapping MAP_RESILIENT_CODESIGN (Some("3.13")) [target_vendor = "apple"] = MAP_RESILIENT_CODESIGN, "No process kill on a code-signing failure.";
    Mapping MAP_RESILIENT_MEDIA (Some("3.13")) [target_vendor = "apple"] = MAP_RESILIENT_MEDIA, "Zeros instead of a kill when the medium fails.";
    Mapping MAP_32BIT (Some("3.13")) [any(all(target_os = "linux", target_arch = "x86_64"), all(target_os = "freebsd", target_arch = "x86_64"), target_vendor = "apple")] = MAP_32BIT, "An address below 2 GiB (macOS: 4 GiB).";
    Mapping MAP_TRANSLATED_ALLOW_EXECUTE (Some("3.13")) [target_vendor = "apple"] = MAP_TRANSLATED_ALLOW_EXECUTE, "Execution under Rosetta translation.";
    Mapping MAP_UNIX03 (Some("3.13")) [target_vendor = "apple"] = MAP_UNIX03, "UNIX03 behaviour.";
    Mapping MAP_TPRO (Some("3.13")) [target_vendor = "apple"] = MAP_TPRO, "Trusted-path read-only memory.";
    Mapping MAP_SHARED_VALIDATE (None) [target_os = "linux"] = libc::MAP_SHARED_VALIDATE, "As MAP_SHARED, and unknown flags are an error.";
    Mapping MAP_LOCKED (None) [any(target_os = "linux", target_os = "android")] = libc::MAP_LOCKED, "Lock the pages in memory.";
    Mapping MAP_NONBLOCK (None) [any(target_os = "linux", target_os = "android")] = libc::MAP_NONBLOCK, "With MAP_POPULATE: read nothing ahead.";
    Mapping MAP_HUGETLB (None) [any(target_os = "linux", target_os = "android")] = libc::MAP_HUGETLB, "Use huge pages.";
    Mapping MAP_SYNC (None) [all(target_os = "linux", target_env = "gnu")] = libc::MAP_SYNC, "Persistent memory: metadata is on the medium before a write is.";
    Flush MS_ASYNC (Some("3.15")) [unix] = libc::MS_ASYNC, "Schedule the write and return.";
    Flush MS_INVALIDATE (Some("3.15")) [unix] = libc::MS_INVALIDATE, "Invalidate other maps of the file.";
    Flush MS_SYNC (Some("3.15")) [unix] = libc::MS_SYNC, "Write and wait for it.";
    Advice MADV_NORMAL (Some("3.8")) [unix] = libc::MADV_NORMAL, "No advice.";
    Advice MADV_RANDOM (Some("3.8")) [unix] = libc::MADV_RANDOM, "Accesses come in random order.";
    Advice MADV_SEQUENTIAL (Some("3.8")) [unix] = libc::MADV_SEQUENTIAL, "Accesses come in order.";
    Advice MADV_WILLNEED (Some("3.8")) [unix] = libc::MADV_WILLNEED, "The pages are needed soon.";
    Advice MADV_DONTNEED (Some("3.8")) [unix] = libc::MADV_DONTNEED, "The pages are not needed soon. Private and anonymous pages lose their contents.";
    Advice MADV_FREE (Some("3.8")) [unix] = libc::MADV_FREE, "The contents may be dropped when memory is short.";
    Advice MADV_REMOVE (Some("3.8")) [any(target_os = "linux", target_os = "android")] = libc::MADV_REMOVE, "Free the pages and the file space behind them.";
    Advice MADV_DONTFORK (Some("3.8")) [any(target_os = "linux", target_os = "android")] = libc::MADV_DONTFORK, "Not inherited by a fork.";
    Advice MADV_DOFORK (Some("3.8")) [any(target_os = "linux", target_os = "android")] = libc::MADV_DOFORK, "Undoes MADV_DONTFORK.";
    Advice MADV_HWPOISON (Some("3.8")) [any(target_os = "linux", target_os = "android")] = libc::MADV_HWPOISON, "Poison the pages, as root: for tests of memory failures.";
    Advice MADV_MERGEABLE (Some("3.8")) [any(target_os = "linux", target_os = "android")] = libc::MADV_MERGEABLE, "Pages with the same contents may be shared.";
    Advice MADV_UNMERGEABLE (Some("3.8")) [any(target_os = "linux", target_os = "android")] = libc::MADV_UNMERGEABLE, "Undoes MADV_MERGEABLE.";
    Advice MADV_SOFT_OFFLINE (Some("3.8")) [all(target_os = "linux", target_env = "musl")] = libc::MADV_SOFT_OFFLINE, "Take the pages offline, keeping their contents, as root.";
    Advice MADV_HUGEPAGE (Some("3.8")) [any(target_os = "linux", target_os = "android")] = libc::MADV_HUGEPAGE, "Use transparent huge pages.";
    Advice MADV_NOHUGEPAGE (Some("3.8")) [any(target_os = "linux", target_os = "android")] = libc::MADV_NOHUGEPAGE, "Undoes MADV_HUGEPAGE.";
    Advice MADV_DONTDUMP (Some("3.8")) [any(target_os = "linux", target_os = "android")] = libc::MADV_DONTDUMP, "Leave the pages out of core dumps.";
    Advice MADV_DODUMP (Some("3.8")) [any(target_os = "linux", target_os = "android")] = libc::MADV_DODUMP, "Undoes MADV_DONTDUMP.";
    Advice MADV_NOSYNC (Some("3.8")) [target_os = "freebsd"] = libc::MADV_NOSYNC, "Flush only when needed.";
    Advice MADV_AUTOSYNC (Some("3.8")) [target_os = "freebsd"] = libc::MADV_AUTOSYNC, "Undoes MADV_NOSYNC.";
    Advice MADV_NOCORE (Some("3.8")) [target_os = "freebsd"] = libc::MADV_NOCORE, "Leave the pages out of core dumps.";
    Advice MADV_CORE (Some("3.8")) [target_os = "freebsd"] = libc::MADV_CORE, "Undoes MADV_NOCORE.";
    Advice MADV_PROTECT (Some("3.8")) [target_os = "freebsd"] = libc::MADV_PROTECT, "Never kill this process when memory is short, as root.";
    Advice MADV_FREE_REUSABLE (Some("3.8")) [target_vendor = "apple"] = libc::MADV_FREE_REUSABLE, "The pages are free to be taken and used again.";
    Advice MADV_FREE_REUSE (Some("3.8")) [target_vendor = "apple"] = libc::MADV_FREE_REUSE, "The pages are used again.";
    Advice MADV_WIPEONFORK (None) [target_os = "linux"] = libc::MADV_WIPEONFORK, "A fork sees zeros.";
    Advice MADV_KEEPONFORK (None) [target_os = "linux"] = libc::MADV_KEEPONFORK, "Undoes MADV_WIPEONFORK.";
    Advice MADV_COLD (None) [target_os = "linux"] = libc::MADV_COLD, "Take the pages first when memory is short.";
    Advice MADV_PAGEOUT (None) [target_os = "linux"] = libc::MADV_PAGEOUT, "Take the pages now.";
    Advice MADV_POPULATE_READ (None) [target_os = "linux"] = libc::MADV_POPULATE_READ, "Fault the pages in for reading.";
    Advice MADV_POPULATE_WRITE (None) [target_os = "linux"] = libc::MADV_POPULATE_WRITE, "Fault the pages in for writing.";
    Advice MADV_DONTNEED_LOCKED (None) [target_os = "linux"] = libc::MADV_DONTNEED_LOCKED, "As MADV_DONTNEED, locked pages too.";
    Advice MADV_COLLAPSE (None) [all(target_os = "linux", target_env = "gnu")] = libc::MADV_COLLAPSE, "Make huge pages of the range now.";
}
