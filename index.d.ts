/** Bytes that a member reads: a string means its UTF-8 bytes. */
type Bytes = string | ArrayBufferView | ArrayBufferLike;
/** Which lines, and in which order. */
interface LinesOptions {
  /** Where the first line starts: bytes from the start of the map; negative from its end. Default: 0. */
  start?: number | undefined;
  /** Where the last line ends, likewise. Default: the end of the map. */
  end?: number | undefined;
  /** Whether the last line comes first. Default: false. */
  reverse?: boolean | undefined;
}
/** How a region is mapped. */
interface MmapOptions {
  /** One of the `ACCESS_*` constants; not together with `flags` or `prot`. Default: `ACCESS_DEFAULT`. */
  access?: number | undefined;
  /** `MAP_*` bits. Default: `MAP_SHARED`. Not on Windows. */
  flags?: number | undefined;
  /** `PROT_*` bits. Default: `PROT_READ | PROT_WRITE`. Not on Windows. */
  prot?: number | undefined;
  /** Where in the file the map starts: bytes, a multiple of `ALLOCATIONGRANULARITY`. Default: 0. */
  offset?: number | undefined;
  /** Whether the map keeps a duplicate of the descriptor, for `size()` and `resize()`. Default: true. */
  trackfd?: boolean | undefined;
  /** Windows: the name of the mapping, by which another process can open it. */
  tagname?: string | null | undefined;
}
/** How `Mmap.open` opens and maps a file: `ACCESS_READ` when access, flags and prot are all absent. */
interface OpenOptions extends MmapOptions {
  /** Bytes to map. Default: 0, the whole file from `offset`. */
  length?: number | undefined;
  /**
   * Makes the file, or extends it to `offset + length`; never shrinks it. Needs a map that writes to its file
   * and a `length`. Default: false.
   */
  create?: boolean | undefined;
}
/** A file descriptor, or what has one, as a `FileHandle`. */
type Fileno = number | {
  readonly fd: number;
};
/** How `flush` writes. */
interface FlushOptions {
  /** `MS_*` bits. Default: `MS_SYNC`. Ignored on Windows. */
  flags?: number | undefined;
}
/** How `flushAsync` writes. */
interface AsyncFlushOptions extends FlushOptions {
  /** Rejects with an AbortError; an msync that runs already goes on. */
  signal?: AbortSignal | undefined;
}
/** A class of array that can lie over an `ArrayBuffer`. */
interface ViewConstructor<V extends ArrayBufferView> {
  new (buffer: ArrayBuffer, byteOffset?: number, length?: number): V;
}
/** How `resize` and `close` treat exported views. */
interface DetachOptions {
  /**
   * Whether the exported views die now: their length becomes 0. The caller's promise that nothing in flight, as
   * a write or a compression, uses one of them. Default: false.
   */
  detach?: boolean | undefined;
}
/** A range to search, in bytes from the start of the map; negative counts from its end. */
interface SearchRange {
  /** Where a match may start at the earliest. Default: 0. */
  start?: number | undefined;
  /** Where a match may end at the latest. Default: the end of the map. */
  end?: number | undefined;
}
/** A range, and how many matches are enough. */
interface FindAllOptions extends SearchRange {
  /** The most matches to give. Default: all. */
  limit?: number | undefined;
}
/** A range, and how to search it in the background. */
interface AsyncSearchOptions extends SearchRange {
  /** Rejects with an AbortError, whose `cause` is the signal's reason, and ends the search. */
  signal?: AbortSignal | undefined;
  /** Chunks in flight at once, at least 1. Default: 1. */
  concurrency?: number | undefined;
  /** Called after each chunk with the bytes searched so far, and with those that are to be searched. */
  onProgress?: ((searched: number, total: number) => void) | undefined;
}
/** A search in the background for many matches. */
interface AsyncFindAllOptions extends AsyncSearchOptions, FindAllOptions {}
/**
 * A memory-mapped file, or anonymous memory: Python's `mmap.mmap`.
 *
 * Offsets and lengths are bytes from the start of the map. Every method, and `length`, throws
 * `ERR_MMAP_CLOSED` on a closed map, but for `seekable()`, `close()` and `toString()`; every method that
 * touches bytes throws `ERR_MMAP_FAULT` once a page of the map was missing.
 */
declare class Mmap implements Iterable<number>, Disposable {
  #private;
  /**
   * Maps a file that is open, or anonymous memory. Python: `mmap.mmap(fileno, length, ...)`.
   *
   * @param fileno - A descriptor, a `FileHandle` or any `{ fd }`; the number -1 is anonymous memory. It can
   *   be closed at once: the map keeps a duplicate, unless `trackfd` is false.
   * @param length - Bytes to map; 0 maps the file from `offset` to its end.
   * @throws ERR_OUT_OF_RANGE when the region does not lie in the file; ERR_MMAP_EMPTY_FILE;
   *   ERR_MMAP_CONFLICTING_OPTIONS for `access` together with `flags` or `prot`; the system's, as EBADF and
   *   EACCES.
   */
  constructor(fileno: Fileno, length: number, options?: MmapOptions);
  /**
   * Opens and maps a file: read-only and whole, unless told otherwise. Not in Python.
   *
   * @throws As the constructor, and the system's from open, as ENOENT.
   */
  static open<T extends typeof Mmap>(this: T, path: string | Buffer | URL, options?: OpenOptions): InstanceType<T>;
  /** The bytes mapped. Python: `len(m)`. */
  get length(): number;
  /** Whether the map is closed. */
  get closed(): boolean;
  /** The access that decides what may be written: one of the `ACCESS_*` constants. */
  get access(): number;
  /** Where in the file the map starts, in bytes. */
  get offset(): number;
  /**
   * The size of the file now, in bytes, which is not always the map's; of anonymous memory its length.
   *
   * @throws EBADF with `trackfd: false`.
   */
  size(): number;
  /** The position, in bytes. */
  tell(): number;
  /**
   * Sets the position, and returns it.
   *
   * @param whence - 0: `pos` counts from the start; 1: from the position; 2: from the end.
   * @throws ERR_OUT_OF_RANGE for a position before the start or past the end, and for another whence.
   */
  seek(pos: number, whence?: number): number;
  /** True: a map has a position, closed or not. */
  seekable(): true;
  /**
   * A copy of the next `n` bytes, which moves the position; without `n`, or with a negative one, of all the
   * rest. Fewer at the end.
   */
  read(n?: number): Buffer;
  /**
   * The byte at the position, which moves by one. Python: `read_byte()`.
   *
   * @throws ERR_OUT_OF_RANGE at the end.
   */
  readByte(): number;
  /** A copy of the bytes up to and with the next newline, which moves the position. Empty at the end. */
  readline(): Buffer;
  /**
   * Fills `target` from the position, which moves; returns how many bytes that were. Not in Python.
   */
  readInto(target: ArrayBufferView): number;
  /** A copy of the bytes from `start` to `end`, which are clamped as those of `slice`. Not in Python. */
  arrayBuffer(start?: number, end?: number): ArrayBuffer;
  /**
   * Writes bytes at the position, which moves; returns how many. All are written or none.
   *
   * @throws ERR_MMAP_READONLY; ERR_OUT_OF_RANGE when they don't fit.
   */
  write(bytes: Bytes): number;
  /**
   * Writes a byte at the position, which moves by one. Python: `write_byte(value)`.
   *
   * @param value - 0 to 255.
   * @throws ERR_MMAP_READONLY; ERR_OUT_OF_RANGE for another value, and at the end.
   */
  writeByte(value: number): void;
  /**
   * The byte at `index`; a negative one counts from the end. Python: `m[index]`.
   *
   * @throws ERR_OUT_OF_RANGE outside of the map.
   */
  get(index: number): number;
  /**
   * Sets the byte at `index`; a negative one counts from the end. Python: `m[index] = value`.
   *
   * @param value - 0 to 255.
   * @throws ERR_MMAP_READONLY; ERR_OUT_OF_RANGE outside of the map and for another value.
   */
  set(index: number, value: number): void;
  /**
   * A copy of a slice, with Python's arithmetic. Python: `m[start:stop:step]`.
   *
   * @throws ERR_OUT_OF_RANGE for a step of 0.
   */
  slice(start?: number, stop?: number, step?: number): Buffer;
  /**
   * Overwrites a slice with as many bytes. Python: `m[start:stop:step] = bytes`.
   *
   * @throws ERR_MMAP_READONLY; ERR_OUT_OF_RANGE for another number of bytes.
   */
  setSlice(bytes: Bytes, start?: number, stop?: number, step?: number): void;
  /**
   * The offset of the first occurrence of `sub` that lies in `[start, end)`, or -1.
   *
   * @param start - Default: the position. Negative counts from the end.
   * @param end - Default: the map's end.
   */
  find(sub: Bytes, start?: number, end?: number): number;
  /** The offset of the last occurrence of `sub` that lies in `[start, end)`, or -1; defaults as `find`'s. */
  rfind(sub: Bytes, start?: number, end?: number): number;
  /**
   * How often `sub` occurs without overlapping itself, in the whole map unless told otherwise; an empty one
   * once more than there are bytes, as in `bytes.count`. Not in Python's mmap.
   */
  count(sub: Bytes, options?: SearchRange): number;
  /**
   * The offsets of all matches that don't overlap, in order, in the whole map unless told otherwise. Lazy: a
   * loop that ends early ends the search. Not in Python.
   */
  findAll(sub: Bytes, options?: FindAllOptions): IterableIterator<number>;
  /**
   * Copies of the lines, without their newlines; only `\\n` ends a line, and none follows a last newline. Not
   * in Python.
   */
  lines(options?: LinesOptions): IterableIterator<Buffer>;
  /**
   * As `find`, on the libuv threadpool. The needle and the range are those of the call. Not in Python.
   *
   * @throws ABORT_ERR, ERR_MMAP_CLOSED when the map is closed meanwhile.
   */
  findAsync(sub: Bytes, search?: AsyncSearchOptions): Promise<number>;
  /** As `rfind`, on the libuv threadpool. Not in Python. */
  rfindAsync(sub: Bytes, search?: AsyncSearchOptions): Promise<number>;
  /** As `count`, on the libuv threadpool. Not in Python. */
  countAsync(sub: Bytes, search?: AsyncSearchOptions): Promise<number>;
  /** As `findAll`, on the libuv threadpool. Not in Python. */
  findAllAsync(sub: Bytes, search?: AsyncFindAllOptions): AsyncIterableIterator<number>;
  /**
   * Copies `count` bytes inside the map from `src` to `dest`; they may overlap.
   *
   * @throws ERR_MMAP_READONLY; ERR_OUT_OF_RANGE when a range leaves the map.
   */
  move(dest: number, src: number, count: number): void;
  /**
   * Writes changed pages back to the file. Nothing to do for a map that doesn't write to one.
   *
   * @param offset - Bytes, a multiple of `PAGESIZE`.
   * @param size - Bytes. Default: to the end.
   * @throws ERR_OUT_OF_RANGE when the range leaves the map; the system's, as EINVAL for the offset.
   */
  flush(offset?: number, size?: number, options?: FlushOptions): void;
  /** As `flush`, on the libuv threadpool. Not in Python. */
  flushAsync(offset?: number, size?: number, options?: AsyncFlushOptions): Promise<void>;
  /**
   * Gives the kernel advice about a range. Not on Windows.
   *
   * @param option - One of the `MADV_*` constants.
   * @param start - Bytes, a multiple of `PAGESIZE`.
   * @param length - Bytes; cut off at the map's end. Default: to the end.
   * @throws ERR_OUT_OF_RANGE; the system's, as EINVAL; ERR_MMAP_UNSUPPORTED.
   */
  madvise(option: number, start?: number, length?: number): void;
  /**
   * Makes the map `newsize` bytes long, and its file `offset + newsize`.
   *
   * @throws ERR_MMAP_EXPORTED while a promise of this map is pending, and for anonymous private memory with
   *   live views; ERR_MMAP_READONLY; ERR_MMAP_UNTRACKED; ERR_OUT_OF_RANGE; the system's, as EINVAL for 0.
   */
  resize(newsize: number, options?: DetachOptions): void;
  /**
   * Names anonymous memory in `/proc/<pid>/maps`. Linux only. Python: `set_name(name)`.
   *
   * @param name - At most 66 bytes of UTF-8, without NUL.
   */
  setName(name: string): void;
  /**
   * Closes the map; a second time does nothing. Changes are not flushed. Views keep their memory, unless
   * `detach` takes it away.
   */
  close(options?: DetachOptions): void;
  /** Closes the map: `using m = Mmap.open(path)`. */
  [Symbol.dispose](): void;
  /**
   * The map's own memory, without a copy. A view stays valid after close, and of a read-only map it is a
   * private twin: writing to it changes only that.
   *
   * @param offset - Bytes from the start of the map.
   * @param length - Bytes. Default: to the end.
   * @throws ERR_OUT_OF_RANGE; ERR_MMAP_UNREADABLE; ERR_MMAP_UNSUPPORTED where the runtime forbids it.
   */
  view(offset?: number, length?: number): Buffer;
  /**
   * The map's own memory as a typed array or a `DataView`.
   *
   * @param byteOffset - Bytes from the start of the map, a multiple of the element's size.
   * @param length - Elements. Default: to the end.
   */
  view<V extends ArrayBufferView>(Constructor: ViewConstructor<V>, byteOffset?: number, length?: number): V;
  /** The byte values, in order. Python's iteration yields `bytes` of length 1 instead. */
  [Symbol.iterator](): IterableIterator<number>;
  /** Python's `repr(m)`. */
  toString(): string;
}
/**
 * Turns the survival of faults on or off, for the whole process, workers included. Off puts the signal's old
 * disposition back, if nobody has taken the signal since. On by default; `FMMAP_NO_SIGBUS=1` in the
 * environment starts with it off.
 *
 * @param on - Whether a page that is missing becomes an `ERR_MMAP_FAULT` instead of a crash.
 * @throws ERR_INVALID_ARG_TYPE; ERR_MMAP_UNSUPPORTED on Windows.
 */
declare function setFaultGuard(on: boolean): void;
/**
 * Whether faults are survived.
 *
 * @throws ERR_MMAP_UNSUPPORTED on Windows.
 */
declare function faultGuard(): boolean;
/** The constants that this platform has, by name. */
declare const constants: Readonly<Record<string, number>>;
/** `flags` and `prot` decide. Python's, since 3.7. */
declare const ACCESS_DEFAULT: number;
/** The map is read-only; writing is an error. Python's, from the start. */
declare const ACCESS_READ: number;
/** Writes reach the memory and the file. Python's, from the start. */
declare const ACCESS_WRITE: number;
/** Writes reach the memory, never the file. Python's, from the start. */
declare const ACCESS_COPY: number;
/** The size of a page, in bytes. Python's, from the start. */
declare const PAGESIZE: number;
/** What an offset must be a multiple of, in bytes. Python's, since 2.6. */
declare const ALLOCATIONGRANULARITY: number;
/** The pages can be read. Unix only. Python's, from the start. */
declare const PROT_READ: number;
/** The pages can be written. Unix only. Python's, from the start. */
declare const PROT_WRITE: number;
/** The pages can be executed. Unix only. Python's, from the start. */
declare const PROT_EXEC: number;
/** Writes are seen by every map of the file, and reach it. Unix only. Python's, from the start. */
declare const MAP_SHARED: number;
/** Writes are copied on first touch, and stay here. Unix only. Python's, from the start. */
declare const MAP_PRIVATE: number;
/** Memory without a file. Unix only. Python's, from the start. */
declare const MAP_ANON: number;
/** Memory without a file. Unix only. Python's, from the start. */
declare const MAP_ANONYMOUS: number;
/** Ignored by the kernel. Linux, Android only. Python's, from the start. */
declare const MAP_DENYWRITE: number;
/** Ignored by the kernel. Linux, Android only. Python's, from the start. */
declare const MAP_EXECUTABLE: number;
/** Fault all pages in at once. Linux, Android only. Python's, since 3.10. */
declare const MAP_POPULATE: number;
/** Memory fit for a stack. Linux, Android, FreeBSD, OpenBSD, NetBSD only. Python's, since 3.11. */
declare const MAP_STACK: number;
/** Align to a large page. FreeBSD only. Python's, since 3.12. */
declare const MAP_ALIGNED_SUPER: number;
/** Leave the pages out of core dumps. OpenBSD only. Python's, since 3.12. */
declare const MAP_CONCEAL: number;
/** Reserve no swap space. Linux, Android, macOS, NetBSD, OpenBSD only. Python's, since 3.13. */
declare const MAP_NORESERVE: number;
/** Do not change the file size of an unlinked file. macOS, OpenBSD only. Python's, since 3.13. */
declare const MAP_NOEXTEND: number;
/** The region may contain semaphores. macOS, FreeBSD, NetBSD, OpenBSD only. Python's, since 3.13. */
declare const MAP_HASSEMAPHORE: number;
/** Do not cache the pages. macOS only. Python's, since 3.13. */
declare const MAP_NOCACHE: number;
/** Memory for just-in-time compiled code. macOS only. Python's, since 3.13. */
declare const MAP_JIT: number;
/** No process kill on a code-signing failure. macOS only. Python's, since 3.13. */
declare const MAP_RESILIENT_CODESIGN: number;
/** Zeros instead of a kill when the medium fails. macOS only. Python's, since 3.13. */
declare const MAP_RESILIENT_MEDIA: number;
/** An address below 2 GiB (macOS: 4 GiB). Linux x86-64, FreeBSD x86-64, macOS only. Python's, since 3.13. */
declare const MAP_32BIT: number;
/** Execution under Rosetta translation. macOS only. Python's, since 3.13. */
declare const MAP_TRANSLATED_ALLOW_EXECUTE: number;
/** UNIX03 behaviour. macOS only. Python's, since 3.13. */
declare const MAP_UNIX03: number;
/** Trusted-path read-only memory. macOS only. Python's, since 3.13. */
declare const MAP_TPRO: number;
/** As MAP_SHARED, and unknown flags are an error. Linux only. Not in Python. */
declare const MAP_SHARED_VALIDATE: number;
/** Lock the pages in memory. Linux, Android only. Not in Python. */
declare const MAP_LOCKED: number;
/** With MAP_POPULATE: read nothing ahead. Linux, Android only. Not in Python. */
declare const MAP_NONBLOCK: number;
/** Use huge pages. Linux, Android only. Not in Python. */
declare const MAP_HUGETLB: number;
/** Persistent memory: metadata is on the medium before a write is. Linux (glibc) only. Not in Python. */
declare const MAP_SYNC: number;
/** Schedule the write and return. Unix only. Python's, since 3.15. */
declare const MS_ASYNC: number;
/** Invalidate other maps of the file. Unix only. Python's, since 3.15. */
declare const MS_INVALIDATE: number;
/** Write and wait for it. Unix only. Python's, since 3.15. */
declare const MS_SYNC: number;
/** No advice. Unix only. Python's, since 3.8. */
declare const MADV_NORMAL: number;
/** Accesses come in random order. Unix only. Python's, since 3.8. */
declare const MADV_RANDOM: number;
/** Accesses come in order. Unix only. Python's, since 3.8. */
declare const MADV_SEQUENTIAL: number;
/** The pages are needed soon. Unix only. Python's, since 3.8. */
declare const MADV_WILLNEED: number;
/** The pages are not needed soon. Private and anonymous pages lose their contents. Unix only. Python's, since 3.8. */
declare const MADV_DONTNEED: number;
/** The contents may be dropped when memory is short. Unix only. Python's, since 3.8. */
declare const MADV_FREE: number;
/** Free the pages and the file space behind them. Linux, Android only. Python's, since 3.8. */
declare const MADV_REMOVE: number;
/** Not inherited by a fork. Linux, Android only. Python's, since 3.8. */
declare const MADV_DONTFORK: number;
/** Undoes MADV_DONTFORK. Linux, Android only. Python's, since 3.8. */
declare const MADV_DOFORK: number;
/** Poison the pages, as root: for tests of memory failures. Linux, Android only. Python's, since 3.8. */
declare const MADV_HWPOISON: number;
/** Pages with the same contents may be shared. Linux, Android only. Python's, since 3.8. */
declare const MADV_MERGEABLE: number;
/** Undoes MADV_MERGEABLE. Linux, Android only. Python's, since 3.8. */
declare const MADV_UNMERGEABLE: number;
/** Take the pages offline, keeping their contents, as root. Linux (musl) only. Python's, since 3.8. */
declare const MADV_SOFT_OFFLINE: number;
/** Use transparent huge pages. Linux, Android only. Python's, since 3.8. */
declare const MADV_HUGEPAGE: number;
/** Undoes MADV_HUGEPAGE. Linux, Android only. Python's, since 3.8. */
declare const MADV_NOHUGEPAGE: number;
/** Leave the pages out of core dumps. Linux, Android only. Python's, since 3.8. */
declare const MADV_DONTDUMP: number;
/** Undoes MADV_DONTDUMP. Linux, Android only. Python's, since 3.8. */
declare const MADV_DODUMP: number;
/** Flush only when needed. FreeBSD only. Python's, since 3.8. */
declare const MADV_NOSYNC: number;
/** Undoes MADV_NOSYNC. FreeBSD only. Python's, since 3.8. */
declare const MADV_AUTOSYNC: number;
/** Leave the pages out of core dumps. FreeBSD only. Python's, since 3.8. */
declare const MADV_NOCORE: number;
/** Undoes MADV_NOCORE. FreeBSD only. Python's, since 3.8. */
declare const MADV_CORE: number;
/** Never kill this process when memory is short, as root. FreeBSD only. Python's, since 3.8. */
declare const MADV_PROTECT: number;
/** The pages are free to be taken and used again. macOS only. Python's, since 3.8. */
declare const MADV_FREE_REUSABLE: number;
/** The pages are used again. macOS only. Python's, since 3.8. */
declare const MADV_FREE_REUSE: number;
/** A fork sees zeros. Linux only. Not in Python. */
declare const MADV_WIPEONFORK: number;
/** Undoes MADV_WIPEONFORK. Linux only. Not in Python. */
declare const MADV_KEEPONFORK: number;
/** Take the pages first when memory is short. Linux only. Not in Python. */
declare const MADV_COLD: number;
/** Take the pages now. Linux only. Not in Python. */
declare const MADV_PAGEOUT: number;
/** Fault the pages in for reading. Linux only. Not in Python. */
declare const MADV_POPULATE_READ: number;
/** Fault the pages in for writing. Linux only. Not in Python. */
declare const MADV_POPULATE_WRITE: number;
/** As MADV_DONTNEED, locked pages too. Linux only. Not in Python. */
declare const MADV_DONTNEED_LOCKED: number;
/** Make huge pages of the range now. Linux (glibc) only. Not in Python. */
declare const MADV_COLLAPSE: number;
export { ACCESS_COPY, ACCESS_DEFAULT, ACCESS_READ, ACCESS_WRITE, ALLOCATIONGRANULARITY, type AsyncFindAllOptions, type AsyncFlushOptions, type AsyncSearchOptions, type Bytes, type DetachOptions, type Fileno, type FindAllOptions, type FlushOptions, type LinesOptions, MADV_AUTOSYNC, MADV_COLD, MADV_COLLAPSE, MADV_CORE, MADV_DODUMP, MADV_DOFORK, MADV_DONTDUMP, MADV_DONTFORK, MADV_DONTNEED, MADV_DONTNEED_LOCKED, MADV_FREE, MADV_FREE_REUSABLE, MADV_FREE_REUSE, MADV_HUGEPAGE, MADV_HWPOISON, MADV_KEEPONFORK, MADV_MERGEABLE, MADV_NOCORE, MADV_NOHUGEPAGE, MADV_NORMAL, MADV_NOSYNC, MADV_PAGEOUT, MADV_POPULATE_READ, MADV_POPULATE_WRITE, MADV_PROTECT, MADV_RANDOM, MADV_REMOVE, MADV_SEQUENTIAL, MADV_SOFT_OFFLINE, MADV_UNMERGEABLE, MADV_WILLNEED, MADV_WIPEONFORK, MAP_32BIT, MAP_ALIGNED_SUPER, MAP_ANON, MAP_ANONYMOUS, MAP_CONCEAL, MAP_DENYWRITE, MAP_EXECUTABLE, MAP_HASSEMAPHORE, MAP_HUGETLB, MAP_JIT, MAP_LOCKED, MAP_NOCACHE, MAP_NOEXTEND, MAP_NONBLOCK, MAP_NORESERVE, MAP_POPULATE, MAP_PRIVATE, MAP_RESILIENT_CODESIGN, MAP_RESILIENT_MEDIA, MAP_SHARED, MAP_SHARED_VALIDATE, MAP_STACK, MAP_SYNC, MAP_TPRO, MAP_TRANSLATED_ALLOW_EXECUTE, MAP_UNIX03, MS_ASYNC, MS_INVALIDATE, MS_SYNC, Mmap, type MmapOptions, type OpenOptions, PAGESIZE, PROT_EXEC, PROT_READ, PROT_WRITE, type SearchRange, type ViewConstructor, constants, faultGuard, setFaultGuard };
