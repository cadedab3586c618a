/**
 * Generated from crates/fmmap-core/src/constants.rs by `npm run constants`. One that this platform lacks is
 * exported as undefined, so that a named import of it does not break the import.
 */

import { start } from './addon.js'

/** The constants that this platform has, by name. */
export const constants: Readonly<Record<string, number>> = Object.freeze(start.constants)

/** One that this platform may lack: its type is what it is where it exists. */
const value = (name: string): number => constants[name] as number

/** `flags` and `prot` decide. Python's, since 3.7. */
export const ACCESS_DEFAULT: number = value('ACCESS_DEFAULT')

/** The map is read-only; writing is an error. Python's, from the start. */
export const ACCESS_READ: number = value('ACCESS_READ')

/** Writes reach the memory and the file. Python's, from the start. */
export const ACCESS_WRITE: number = value('ACCESS_WRITE')

/** Writes reach the memory, never the file. Python's, from the start. */
export const ACCESS_COPY: number = value('ACCESS_COPY')

/** The size of a page, in bytes. Python's, from the start. */
export const PAGESIZE: number = value('PAGESIZE')

/** What an offset must be a multiple of, in bytes. Python's, since 2.6. */
export const ALLOCATIONGRANULARITY: number = value('ALLOCATIONGRANULARITY')

/** The pages can be read. Unix only. Python's, from the start. */
export const PROT_READ: number = value('PROT_READ')

/** The pages can be written. Unix only. Python's, from the start. */
export const PROT_WRITE: number = value('PROT_WRITE')

/** The pages can be executed. Unix only. Python's, from the start. */
export const PROT_EXEC: number = value('PROT_EXEC')

/** Writes are seen by every map of the file, and reach it. Unix only. Python's, from the start. */
export const MAP_SHARED: number = value('MAP_SHARED')

/** Writes are copied on first touch, and stay here. Unix only. Python's, from the start. */
export const MAP_PRIVATE: number = value('MAP_PRIVATE')

/** Memory without a file. Unix only. Python's, from the start. */
export const MAP_ANON: number = value('MAP_ANON')

/** Memory without a file. Unix only. Python's, from the start. */
export const MAP_ANONYMOUS: number = value('MAP_ANONYMOUS')

/** Ignored by the kernel. Linux, Android only. Python's, from the start. */
export const MAP_DENYWRITE: number = value('MAP_DENYWRITE')

/** Ignored by the kernel. Linux, Android only. Python's, from the start. */
export const MAP_EXECUTABLE: number = value('MAP_EXECUTABLE')

/** Fault all pages in at once. Linux, Android only. Python's, since 3.10. */
export const MAP_POPULATE: number = value('MAP_POPULATE')

/** Memory fit for a stack. Linux, Android, FreeBSD, OpenBSD, NetBSD only. Python's, since 3.11. */
export const MAP_STACK: number = value('MAP_STACK')

/** Align to a large page. FreeBSD only. Python's, since 3.12. */
export const MAP_ALIGNED_SUPER: number = value('MAP_ALIGNED_SUPER')

/** Leave the pages out of core dumps. OpenBSD only. Python's, since 3.12. */
export const MAP_CONCEAL: number = value('MAP_CONCEAL')

/** Reserve no swap space. Linux, Android, macOS, NetBSD, OpenBSD only. Python's, since 3.13. */
export const MAP_NORESERVE: number = value('MAP_NORESERVE')

/** Do not change the file size of an unlinked file. macOS, OpenBSD only. Python's, since 3.13. */
export const MAP_NOEXTEND: number = value('MAP_NOEXTEND')

/** The region may contain semaphores. macOS, FreeBSD, NetBSD, OpenBSD only. Python's, since 3.13. */
export const MAP_HASSEMAPHORE: number = value('MAP_HASSEMAPHORE')

/** Do not cache the pages. macOS only. Python's, since 3.13. */
export const MAP_NOCACHE: number = value('MAP_NOCACHE')

/** Memory for just-in-time compiled code. macOS only. Python's, since 3.13. */
export const MAP_JIT: number = value('MAP_JIT')

/** No process kill on a code-signing failure. macOS only. Python's, since 3.13. */
export const MAP_RESILIENT_CODESIGN: number = value('MAP_RESILIENT_CODESIGN')

/** Zeros instead of a kill when the medium fails. macOS only. Python's, since 3.13. */
export const MAP_RESILIENT_MEDIA: number = value('MAP_RESILIENT_MEDIA')

/** An address below 2 GiB (macOS: 4 GiB). Linux x86-64, FreeBSD x86-64, macOS only. Python's, since 3.13. */
export const MAP_32BIT: number = value('MAP_32BIT')

/** Execution under Rosetta translation. macOS only. Python's, since 3.13. */
export const MAP_TRANSLATED_ALLOW_EXECUTE: number = value('MAP_TRANSLATED_ALLOW_EXECUTE')

/** UNIX03 behaviour. macOS only. Python's, since 3.13. */
export const MAP_UNIX03: number = value('MAP_UNIX03')

/** Trusted-path read-only memory. macOS only. Python's, since 3.13. */
export const MAP_TPRO: number = value('MAP_TPRO')

/** As MAP_SHARED, and unknown flags are an error. Linux only. Not in Python. */
export const MAP_SHARED_VALIDATE: number = value('MAP_SHARED_VALIDATE')

/** Lock the pages in memory. Linux, Android only. Not in Python. */
export const MAP_LOCKED: number = value('MAP_LOCKED')

/** With MAP_POPULATE: read nothing ahead. Linux, Android only. Not in Python. */
export const MAP_NONBLOCK: number = value('MAP_NONBLOCK')

/** Use huge pages. Linux, Android only. Not in Python. */
export const MAP_HUGETLB: number = value('MAP_HUGETLB')

/** Persistent memory: metadata is on the medium before a write is. Linux (glibc) only. Not in Python. */
export const MAP_SYNC: number = value('MAP_SYNC')

/** Schedule the write and return. Unix only. Python's, since 3.15. */
export const MS_ASYNC: number = value('MS_ASYNC')

/** Invalidate other maps of the file. Unix only. Python's, since 3.15. */
export const MS_INVALIDATE: number = value('MS_INVALIDATE')

/** Write and wait for it. Unix only. Python's, since 3.15. */
export const MS_SYNC: number = value('MS_SYNC')

/** No advice. Unix only. Python's, since 3.8. */
export const MADV_NORMAL: number = value('MADV_NORMAL')

/** Accesses come in random order. Unix only. Python's, since 3.8. */
export const MADV_RANDOM: number = value('MADV_RANDOM')

/** Accesses come in order. Unix only. Python's, since 3.8. */
export const MADV_SEQUENTIAL: number = value('MADV_SEQUENTIAL')

/** The pages are needed soon. Unix only. Python's, since 3.8. */
export const MADV_WILLNEED: number = value('MADV_WILLNEED')

/** The pages are not needed soon. Private and anonymous pages lose their contents. Unix only. Python's, since 3.8. */
export const MADV_DONTNEED: number = value('MADV_DONTNEED')

/** The contents may be dropped when memory is short. Unix only. Python's, since 3.8. */
export const MADV_FREE: number = value('MADV_FREE')

/** Free the pages and the file space behind them. Linux, Android only. Python's, since 3.8. */
export const MADV_REMOVE: number = value('MADV_REMOVE')

/** Not inherited by a fork. Linux, Android only. Python's, since 3.8. */
export const MADV_DONTFORK: number = value('MADV_DONTFORK')

/** Undoes MADV_DONTFORK. Linux, Android only. Python's, since 3.8. */
export const MADV_DOFORK: number = value('MADV_DOFORK')

/** Poison the pages, as root: for tests of memory failures. Linux, Android only. Python's, since 3.8. */
export const MADV_HWPOISON: number = value('MADV_HWPOISON')

/** Pages with the same contents may be shared. Linux, Android only. Python's, since 3.8. */
export const MADV_MERGEABLE: number = value('MADV_MERGEABLE')

/** Undoes MADV_MERGEABLE. Linux, Android only. Python's, since 3.8. */
export const MADV_UNMERGEABLE: number = value('MADV_UNMERGEABLE')

/** Take the pages offline, keeping their contents, as root. Linux (musl) only. Python's, since 3.8. */
export const MADV_SOFT_OFFLINE: number = value('MADV_SOFT_OFFLINE')

/** Use transparent huge pages. Linux, Android only. Python's, since 3.8. */
export const MADV_HUGEPAGE: number = value('MADV_HUGEPAGE')

/** Undoes MADV_HUGEPAGE. Linux, Android only. Python's, since 3.8. */
export const MADV_NOHUGEPAGE: number = value('MADV_NOHUGEPAGE')

/** Leave the pages out of core dumps. Linux, Android only. Python's, since 3.8. */
export const MADV_DONTDUMP: number = value('MADV_DONTDUMP')

/** Undoes MADV_DONTDUMP. Linux, Android only. Python's, since 3.8. */
export const MADV_DODUMP: number = value('MADV_DODUMP')

/** Flush only when needed. FreeBSD only. Python's, since 3.8. */
export const MADV_NOSYNC: number = value('MADV_NOSYNC')

/** Undoes MADV_NOSYNC. FreeBSD only. Python's, since 3.8. */
export const MADV_AUTOSYNC: number = value('MADV_AUTOSYNC')

/** Leave the pages out of core dumps. FreeBSD only. Python's, since 3.8. */
export const MADV_NOCORE: number = value('MADV_NOCORE')

/** Undoes MADV_NOCORE. FreeBSD only. Python's, since 3.8. */
export const MADV_CORE: number = value('MADV_CORE')

/** Never kill this process when memory is short, as root. FreeBSD only. Python's, since 3.8. */
export const MADV_PROTECT: number = value('MADV_PROTECT')

/** The pages are free to be taken and used again. macOS only. Python's, since 3.8. */
export const MADV_FREE_REUSABLE: number = value('MADV_FREE_REUSABLE')

/** The pages are used again. macOS only. Python's, since 3.8. */
export const MADV_FREE_REUSE: number = value('MADV_FREE_REUSE')

/** A fork sees zeros. Linux only. Not in Python. */
export const MADV_WIPEONFORK: number = value('MADV_WIPEONFORK')

/** Undoes MADV_WIPEONFORK. Linux only. Not in Python. */
export const MADV_KEEPONFORK: number = value('MADV_KEEPONFORK')

/** Take the pages first when memory is short. Linux only. Not in Python. */
export const MADV_COLD: number = value('MADV_COLD')

/** Take the pages now. Linux only. Not in Python. */
export const MADV_PAGEOUT: number = value('MADV_PAGEOUT')

/** Fault the pages in for reading. Linux only. Not in Python. */
export const MADV_POPULATE_READ: number = value('MADV_POPULATE_READ')

/** Fault the pages in for writing. Linux only. Not in Python. */
export const MADV_POPULATE_WRITE: number = value('MADV_POPULATE_WRITE')

/** As MADV_DONTNEED, locked pages too. Linux only. Not in Python. */
export const MADV_DONTNEED_LOCKED: number = value('MADV_DONTNEED_LOCKED')

/** Make huge pages of the range now. Linux (glibc) only. Not in Python. */
export const MADV_COLLAPSE: number = value('MADV_COLLAPSE')
