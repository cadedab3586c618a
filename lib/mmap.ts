/** Class `Mmap`: what each member means. The rules of each member are in the file of its topic. */

import type { Bytes } from './arguments.js'
import { type AsyncFlushOptions, flushAsync } from './background/flush.js'
import {
  arrayBufferAsync,
  type AsyncReadOptions,
  prefetchAsync,
  type PrefetchOptions,
  sliceAsync,
} from './background/read.js'
import { waitAsync, type WaitOptions } from './background/wait.js'
import { epoch } from './epoch.js'
import { closed, noElements, notANumber } from './errors.js'
import { follow } from './follow/follow.js'
import type { Follower } from './follow/follower.js'
import type { FollowOptions } from './follow/options.js'
import { inspect } from './inspect.js'
import { load } from './intrinsics.js'
import { lines, type LinesOptions } from './lines.js'
import { shared, type SharedOptions, unlink } from './named.js'
import {
  countLines,
  type CountLinesOptions,
  grep,
  type GrepOptions,
  match,
  matchAll,
  type MatchAllOptions,
  type MatchOptions,
} from './matching.js'
import { type Fileno, map, type MmapOptions, open, type OpenOptions } from './options.js'
import { allocate, flush, type FlushOptions, lock, madvise } from './pages.js'
import type { Lines } from './pattern/blocks.js'
import type { Match } from './pattern/match.js'
import type { Needle } from './pattern/pattern.js'
import { read, readByte, readInto, readline, seek, write, writeByte } from './position.js'
import type { Region } from './region.js'
import {
  type DetachOptions,
  detaches,
  refresh,
  type Refreshed,
  resize,
  setName,
  size,
} from './resize.js'
import {
  type AsyncFindAllOptions,
  type AsyncSearchOptions,
  countAsync,
  findAllAsync,
  findAsync,
  rfindAsync,
} from './background/search.js'
import type { AsyncLines } from './background/blocks.js'
import {
  type AsyncCountLinesOptions,
  type AsyncGrepOptions,
  type AsyncMatchAllOptions,
  type AsyncMatchOptions,
  countLinesAsync,
  grepAsync,
  matchAllAsync,
  matchAsync,
} from './background/matching.js'
import { count, find, findAll, type FindAllOptions, rfind, type SearchRange } from './search.js'
import { from, type MmapToken, share } from './share.js'
import { shows } from './shown.js'
import type { OwnBuffer } from './slab.js'
import { threads } from './threads.js'
import { arrayBuffer, copyTo, get, iterate, move, set, setSlice, slice } from './slices.js'
import { stream, type StreamOptions } from './stream.js'
import { Ticket } from './ticket.js'
import { sharedBuffer, type ViewConstructor, type Views, viewsOf } from './views.js'
import { notify, wait, type WaitResult } from './wait.js'

/**
 * Makes a structured clone of a map fail with a DataCloneError, where the runtime can do that: a clone would be an
 * empty object. Some runtimes have the function, but it does nothing there.
 */
function findUncloneable(): ((map: object) => void) | undefined {
  const { markAsUncloneable } = threads() as { markAsUncloneable?: (map: object) => void }
  const probe = {}
  try {
    markAsUncloneable?.(probe)
  } catch {
    return undefined
  }
  // Deno marks the object with a property that is visible to all code, so it is left out there.
  return Reflect.ownKeys(probe).length === 0 ? markAsUncloneable : undefined
}

/** That function; undefined where there is none, and null before the first map. */
let refuseClones: ((map: object) => void) | undefined | null = null

/** The name of a map's class, for its repr. A subclass may have no name, or hide it. */
function className(map: Mmap): string {
  try {
    const { constructor } = map
    const name: unknown = constructor === Mmap ? undefined : constructor.name
    if (typeof name === 'string' && name !== '') return name
  } catch {
    // A getter of the caller's has thrown, or there is no constructor.
  }
  return 'fmmap.Mmap'
}

/** Makes an instance of a class of maps over a region. */
function construct<T extends typeof Mmap>(Class: T, region: Region): InstanceType<T> {
  const ticket = new Ticket(region)
  try {
    return new Class(ticket, region.length) as InstanceType<T>
  } catch (error) {
    region.close()
    throw error
  } finally {
    // The constructor of the subclass has passed on something other than the ticket, so nobody owns the region.
    Ticket.redeem(ticket)?.close()
  }
}

/**
 * A memory-mapped file, or anonymous memory: Python's `mmap.mmap`.
 *
 * Offsets and lengths are bytes from the start of the map. On a closed map, `length` and every method except
 * `seekable()`, `close()` and `toString()` throw `ERR_MMAP_CLOSED`. Once a page of the map was missing, every method
 * that touches bytes throws `ERR_MMAP_FAULT`, until `refresh` or `resize` maps the file afresh.
 */
export class Mmap implements Iterable<number>, Disposable {
  readonly #region: Region
  readonly #views: Views

  /**
   * Maps an open file, or anonymous memory. Python: `mmap.mmap(fileno, length, ...)`.
   *
   * @param fileno - A descriptor, a `FileHandle` or any `{ fd }`; the number -1 means anonymous memory. You can close
   * it at once: the map keeps a duplicate, unless `trackfd` is false.
   * @param length - Bytes to map; 0 maps the file from `offset` to its end.
   * @throws ERR_OUT_OF_RANGE if the file does not contain the region; ERR_MMAP_EMPTY_FILE;
   * ERR_MMAP_CONFLICTING_OPTIONS for `access` together with `flags` or `prot`; system errors, such as EBADF and
   * EACCES.
   */
  constructor(fileno: Fileno, length: number, options?: MmapOptions) {
    this.#region = Ticket.redeem(fileno) ?? map(fileno, length, options)
    this.#views = viewsOf(this.#region)
    if (refuseClones === null) refuseClones = findUncloneable()
    refuseClones?.(this)
  }

  /**
   * Opens and maps a file: read-only and whole, unless told otherwise. The map keeps the descriptor until it is
   * closed. Not in Python.
   *
   * The constructor of a subclass is called with a ticket, which stands for the open file once, and with the length
   * of the map. It must pass both on to `super`.
   *
   * @throws As the constructor, and the system errors of open, such as ENOENT.
   */
  static open<T extends typeof Mmap>(
    this: T,
    path: string | Buffer | URL,
    options?: OpenOptions,
  ): InstanceType<T> {
    return construct(this, open(path, options))
  }

  /**
   * Makes a map of the memory that a token names, in any thread of the process that has made the token; anonymous
   * memory too. The new map has the original's access, offset, path and present length, and its own position. The
   * memory stays until its last map is closed. A resize of one map does not change the length of the others. Not in
   * Python.
   *
   * @param token - What `share()` has returned; also after a structured clone.
   * @throws ERR_MMAP_CLOSED when every map of the memory is closed; ERR_INVALID_ARG_VALUE for a token of another
   * process or an invented one.
   */
  static from<T extends typeof Mmap>(this: T, token: MmapToken): InstanceType<T> {
    return construct(this, from(token))
  }

  /**
   * The lines of a growing file, as they are written: from now on, from the file's start, or from an offset. It goes
   * on when the file is truncated or rotated, and waits for a file that does not exist yet. `batches()` gives arrays
   * of lines. The file is read and not mapped. Not in Python.
   *
   * It ends with its signal, with `return()`, and with `reopen: false` also when the file is renamed or removed.
   *
   * @throws System errors, such as EISDIR, or EACCES if it lasts; at the call ERR_INVALID_ARG_TYPE and
   * ERR_OUT_OF_RANGE.
   */
  static follow(path: string | Buffer | URL, options?: FollowOptions): Follower {
    return follow(path, options)
  }

  /**
   * Maps memory that other processes map by the same name, for reading and writing: all of it, or its first `length`
   * bytes. Python's `multiprocessing.shared_memory.SharedMemory` uses the same names. The memory outlives its maps:
   * it goes when its name is unlinked and the last map is closed. Not in Python's mmap.
   *
   * @param name - Without slashes and NUL; at most 255 bytes, on macOS 30.
   * @param length - Bytes; required to create. Existing memory is never made shorter, and made longer only with
   * `create`.
   * @throws ENOENT; EEXIST with 'exclusive'; EACCES; ERR_OUT_OF_RANGE for a name that is too long, or a length that
   * the memory does not have; ERR_INVALID_ARG_VALUE for an invalid name; ERR_MMAP_EMPTY_FILE for memory whose maker
   * has not given it a length yet.
   */
  static shared<T extends typeof Mmap>(
    this: T,
    name: string,
    length?: number,
    options?: SharedOptions,
  ): InstanceType<T> {
    return construct(this, shared(name, length, options))
  }

  /**
   * Removes the name of shared memory: no process can map it by this name any more. Maps that exist keep the memory.
   * Does nothing on Windows, where a name goes with the last map of its memory. Not in Python's mmap.
   *
   * @throws ENOENT; EACCES.
   */
  static unlink(name: string): void {
    unlink(name)
  }

  /** The length of the map in bytes. Python: `len(m)`. */
  get length(): number {
    this.#region.checkOpen()
    return this.#region.length
  }

  /** Whether the map is closed. */
  get closed(): boolean {
    return this.#region.handle === 0
  }

  /** The access that decides what may be written: one of the `ACCESS_*` constants. */
  get access(): number {
    return this.#region.access
  }

  /** Where in the file the map starts, in bytes. */
  get offset(): number {
    return this.#region.offset
  }

  /** The path that `open` was given, as text; undefined for a map of a descriptor, and for anonymous memory. */
  get path(): string | undefined {
    return this.#region.path
  }

  /**
   * The file's present size in bytes, which may differ from the map's length; of anonymous memory the length.
   *
   * @throws ERR_MMAP_UNTRACKED with `trackfd: false`.
   */
  size(): number {
    return size(this.#region)
  }

  /** The position, in bytes. */
  tell(): number {
    const region = this.#region
    if (region.handle === 0) throw closed(region.path)
    return region.position
  }

  /**
   * Sets the position, and returns it.
   *
   * @param whence - 0: `pos` counts from the start; 1: from the position; 2: from the end.
   * @throws ERR_OUT_OF_RANGE for a position before the start or past the end, and for another whence.
   */
  seek(pos: number, whence = 0): number {
    return seek(this.#region, pos, whence)
  }

  /** True: a map always has a position, even when it is closed. */
  seekable(): true {
    return true
  }

  /**
   * A copy of the next `n` bytes. Moves the position. Without `n`, or with a negative one, all the rest. At the end
   * there may be fewer. A copy of at most 4 KiB keeps its slab in memory: see `slice`.
   */
  read(n?: number): OwnBuffer {
    return read(this.#region, n)
  }

  /**
   * The byte at the position. Moves the position by one. Python: `read_byte()`.
   *
   * @throws ERR_OUT_OF_RANGE at the end.
   */
  readByte(): number {
    const region = this.#region
    const { position } = region
    const value = region.window[position - region.windowStart]
    if (value !== undefined && load(epoch, 0) === region.epoch) {
      region.position = position + 1
      return value
    }
    return readByte(region)
  }

  /**
   * A copy of the bytes up to and including the next newline. Moves the position. Empty at the end. The copy keeps
   * its slab in memory: see `slice`.
   */
  readline(): OwnBuffer {
    return readline(this.#region)
  }

  /** Fills `target` from the position, and moves the position. Returns the number of bytes. Not in Python. */
  readInto(target: ArrayBufferView): number {
    return readInto(this.#region, target)
  }

  /**
   * Fills `target` from `start`, up to `end`; both are clamped as in `slice`. Returns the number of bytes. Does not
   * move the position. Not in Python.
   */
  copyTo(target: ArrayBufferView, start = 0, end?: number): number {
    return copyTo(this.#region, target, start, end)
  }

  /**
   * A copy of a slice of step 1. It does not hold up the thread while the disk is read: bytes in the page cache are
   * copied at once, all others are read on the libuv threadpool. Not in Python.
   *
   * @throws ABORT_ERR, ERR_MMAP_CLOSED when the map is closed meanwhile.
   */
  sliceAsync(start?: number, stop?: number, options?: AsyncReadOptions): Promise<OwnBuffer> {
    return sliceAsync(this.#region, start, stop, options)
  }

  /** As `sliceAsync`, in an `ArrayBuffer` of exactly that length. Not in Python. */
  arrayBufferAsync(start = 0, end?: number, options?: AsyncReadOptions): Promise<ArrayBuffer> {
    return arrayBufferAsync(this.#region, start, end, options)
  }

  /**
   * Brings the pages of a range into memory on the libuv threadpool, so that later reads, through views too, do not
   * wait for a disk. Not in Python.
   *
   * @param start - Clamped as in `slice`, like `end`.
   * @throws ABORT_ERR, ERR_MMAP_CLOSED when the map is closed meanwhile.
   */
  prefetchAsync(start = 0, end?: number, options?: PrefetchOptions): Promise<void> {
    return prefetchAsync(this.#region, start, end, options)
  }

  /**
   * A web stream of the bytes of a range, read as by `sliceAsync`, one chunk ahead. Not in Python.
   *
   * @throws ABORT_ERR for a signal that has aborted.
   */
  stream(options?: StreamOptions): ReadableStream<Uint8Array> {
    return stream(this.#region, options)
  }

  /** A copy of the bytes from `start` to `end`, which are clamped as in `slice`. Not in Python. */
  arrayBuffer(start = 0, end?: number): ArrayBuffer {
    return arrayBuffer(this.#region, start, end)
  }

  /**
   * Writes bytes at the position, and moves it. Returns how many. Either all bytes are written or none.
   *
   * @throws ERR_MMAP_READONLY; ERR_OUT_OF_RANGE if they don't fit.
   */
  write(bytes: Bytes): number {
    return write(this.#region, bytes)
  }

  /**
   * Writes a byte at the position, and moves the position by one. Python: `write_byte(value)`.
   *
   * @param value - 0 to 255.
   * @throws ERR_MMAP_READONLY; ERR_OUT_OF_RANGE for any other value, and at the end.
   */
  writeByte(value: number): void {
    const region = this.#region
    const at = region.position - region.windowStart
    if (
      typeof value === 'number' &&
      (value & 0xff) === value &&
      region.writableWindow[at] !== undefined
    ) {
      region.writableWindow[at] = value
      if (load(epoch, 0) === region.epoch) {
        region.position += 1
        return
      }
    }
    writeByte(region, value)
  }

  /**
   * The byte at `index`; a negative one counts from the end. Python: `m[index]`.
   *
   * @throws ERR_OUT_OF_RANGE outside of the map.
   */
  get(index: number): number {
    const region = this.#region
    if (typeof index === 'number') {
      const value = region.window[index - region.windowStart]
      if (value !== undefined && load(epoch, 0) === region.epoch) return value
    }
    return get(region, index)
  }

  /**
   * Sets the byte at `index`; a negative one counts from the end. Python: `m[index] = value`.
   *
   * @throws ERR_MMAP_READONLY; ERR_OUT_OF_RANGE outside of the map, and for any other value.
   */
  set(index: number, value: number): void {
    const region = this.#region
    if (typeof index === 'number' && typeof value === 'number' && (value & 0xff) === value) {
      const at = index - region.windowStart
      if (region.writableWindow[at] !== undefined) {
        region.writableWindow[at] = value
        if (load(epoch, 0) === region.epoch) return
      }
    }
    set(region, index, value)
  }

  /**
   * A copy of a slice, with Python's arithmetic. Python: `m[start:stop:step]`. A copy of at most 4 KiB is cut from a
   * slab, and keeps the whole slab in memory: 8 KiB, or less than 256 times the copy's length.
   *
   * @throws ERR_OUT_OF_RANGE for a step of 0.
   */
  slice(start?: number, stop?: number, step?: number): OwnBuffer {
    return slice(this.#region, start, stop, step)
  }

  /**
   * Overwrites a slice with the same number of bytes. Python: `m[start:stop:step] = bytes`.
   *
   * @throws ERR_MMAP_READONLY; ERR_OUT_OF_RANGE if the numbers of bytes differ.
   */
  setSlice(bytes: Bytes, start?: number, stop?: number, step?: number): void {
    setSlice(this.#region, bytes, start, stop, step)
  }

  /**
   * The offset of the first occurrence of `sub` that lies in `[start, end)`; -1 if there is none.
   *
   * @param start - Default: the position. A negative number counts from the end.
   * @param end - Default: the map's end.
   */
  find(sub: Needle, start?: number, end?: number): number
  find(sub: Needle, range?: SearchRange): number
  find(sub: Needle, start?: number | SearchRange, end?: number): number {
    return find(this.#region, sub, start, end)
  }

  /**
   * The offset of the last occurrence of `sub` that lies in `[start, end)`; -1 if there is none. The defaults are
   * those of `find`.
   */
  rfind(sub: Needle, start?: number, end?: number): number
  rfind(sub: Needle, range?: SearchRange): number
  rfind(sub: Needle, start?: number | SearchRange, end?: number): number {
    return rfind(this.#region, sub, start, end)
  }

  /**
   * How often `sub` occurs without overlapping itself, by default in the whole map. An empty `sub` occurs once more
   * than there are bytes, as in Python's `bytes.count`. Not in Python's mmap.
   */
  count(sub: Needle, options?: SearchRange): number {
    return count(this.#region, sub, options)
  }

  /**
   * The offsets of all matches that don't overlap, in order, by default in the whole map. Lazy: a loop that ends
   * early ends the search. Not in Python.
   */
  findAll(sub: Needle, options?: FindAllOptions): IterableIterator<number> {
    return findAll(this.#region, sub, options)
  }

  /**
   * Copies of the lines, without their newlines. Only `\n` ends a line, and there is no empty line behind a newline
   * at the end. A line that is kept keeps the block that it was cut from, of up to 64 KiB, in memory. Not in Python.
   */
  lines(options?: LinesOptions): IterableIterator<OwnBuffer> {
    return lines(this.#region, options)
  }

  /**
   * The first match of a needle, with its text and groups; null if there is none. By default the search begins at the
   * start of the map, not at the position. Python: `re.search(pattern, m)`.
   *
   * @param needle - A RegExp, bytes, a list of them, or a `Pattern`.
   * @throws ERR_MMAP_PATTERN for a RegExp that can't be searched for in linear time.
   */
  match(needle: Needle, options?: MatchOptions): Match | null {
    return match(this.#region, needle, options)
  }

  /**
   * All matches that don't overlap, in order. Lazy: a loop that ends early ends the search. Python: `re.finditer(pattern,
   * m)`.
   *
   * @throws ERR_MMAP_PATTERN as `match`; with `reverse` also for a pattern that can match a newline.
   */
  matchAll(needle: Needle, options?: MatchAllOptions): IterableIterator<Match> {
    return matchAll(this.#region, needle, options)
  }

  /**
   * The lines that have a match; with `invert` those that have none. Lazy, like `matchAll`. `blocks()` gives the same
   * lines with their newlines, many in one `Buffer`, for a program that writes them. Not in Python.
   *
   * @throws ERR_MMAP_PATTERN, as `matchAll`.
   */
  grep(needle: Needle, options?: GrepOptions): Lines {
    return grep(this.#region, needle, options)
  }

  /**
   * How many lines there are, or how many have a match. Only `\n` ends a line, and there is no empty line behind a
   * newline at the end. Not in Python.
   *
   * @param needle - Default: every line counts.
   */
  countLines(needle?: Needle, options?: CountLinesOptions): number {
    return countLines(this.#region, needle, options)
  }

  /** As `match`, on the libuv threadpool. Not in Python. */
  matchAsync(needle: Needle, search?: AsyncMatchOptions): Promise<Match | null> {
    return matchAsync(this.#region, needle, search)
  }

  /** As `matchAll`, on the libuv threadpool. Not in Python. */
  matchAllAsync(needle: Needle, search?: AsyncMatchAllOptions): AsyncIterableIterator<Match> {
    return matchAllAsync(this.#region, needle, search)
  }

  /** As `grep`, on the libuv threadpool. Not in Python. */
  grepAsync(needle: Needle, search?: AsyncGrepOptions): AsyncLines {
    return grepAsync(this.#region, needle, search)
  }

  /** As `countLines`, on the libuv threadpool. Not in Python. */
  countLinesAsync(needle?: Needle, search?: AsyncCountLinesOptions): Promise<number> {
    return countLinesAsync(this.#region, needle, search)
  }

  /**
   * As `find`, on the libuv threadpool. Later changes of the needle's bytes have no effect. Not in Python.
   *
   * @throws ABORT_ERR, ERR_MMAP_CLOSED when the map is closed meanwhile.
   */
  findAsync(sub: Needle, search?: AsyncSearchOptions): Promise<number> {
    return findAsync(this.#region, sub, search)
  }

  /** As `rfind`, on the libuv threadpool. Not in Python. */
  rfindAsync(sub: Needle, search?: AsyncSearchOptions): Promise<number> {
    return rfindAsync(this.#region, sub, search)
  }

  /** As `count`, on the libuv threadpool. Not in Python. */
  countAsync(sub: Needle, search?: AsyncSearchOptions): Promise<number> {
    return countAsync(this.#region, sub, search)
  }

  /** As `findAll`, on the libuv threadpool. Not in Python. */
  findAllAsync(sub: Needle, search?: AsyncFindAllOptions): AsyncIterableIterator<number> {
    return findAllAsync(this.#region, sub, search)
  }

  /**
   * Copies `count` bytes inside the map from `src` to `dest`. The ranges may overlap.
   *
   * @throws ERR_MMAP_READONLY; ERR_OUT_OF_RANGE if a range is not inside the map.
   */
  move(dest: number, src: number, count: number): void {
    move(this.#region, dest, src, count)
  }

  /**
   * Writes changed pages back to the file. Does nothing for a map whose writes don't reach a file.
   *
   * @param offset - Bytes, a multiple of `PAGESIZE`.
   * @param size - Bytes. Default: to the end.
   * @throws ERR_OUT_OF_RANGE if the range is not inside the map; system errors, such as EINVAL for the offset.
   */
  flush(offset?: number, size?: number, options?: FlushOptions): void
  flush(offset: number | undefined, options: FlushOptions): void
  flush(options: FlushOptions): void
  flush(
    offset?: number | FlushOptions,
    size?: number | FlushOptions,
    options?: FlushOptions,
  ): void {
    flush(this.#region, offset, size, options)
  }

  /** As `flush`, on the libuv threadpool. Not in Python. */
  flushAsync(offset?: number, size?: number, options?: AsyncFlushOptions): Promise<void>
  flushAsync(offset: number | undefined, options: AsyncFlushOptions): Promise<void>
  flushAsync(options: AsyncFlushOptions): Promise<void>
  flushAsync(
    offset?: number | AsyncFlushOptions,
    size?: number | AsyncFlushOptions,
    options?: AsyncFlushOptions,
  ): Promise<void> {
    return flushAsync(this.#region, offset, size, options)
  }

  /**
   * Gives the kernel advice about a range, and about the memory that its views show, now or later. Not on Windows.
   *
   * @param option - One of the `MADV_*` constants.
   * @param start - Bytes, a multiple of `PAGESIZE`.
   * @param length - Bytes; clamped to the map's end. Default: to the end.
   * @throws ERR_OUT_OF_RANGE; system errors, such as EINVAL; ERR_MMAP_UNSUPPORTED.
   */
  madvise(option: number, start = 0, length?: number): void {
    madvise(this.#region, option, start, length)
  }

  /**
   * Keeps the pages of a range in memory until they are unlocked, or the map is closed, resized or refreshed. Until
   * then no access waits for a disk or the swap space. Not in Python.
   *
   * @param start - Clamped as in `slice`, like `end`. Whole pages are locked.
   * @throws ERR_MMAP_FAULT; system errors, such as ENOMEM when the process may lock no more.
   */
  lock(start = 0, end?: number): void {
    lock(this.#region, start, end, true)
  }

  /** Allows the system to take the pages of a range out of memory again. Not in Python. */
  unlock(start = 0, end?: number): void {
    lock(this.#region, start, end, false)
  }

  /**
   * Gives a range of the file its blocks on the disk, so that no write to it can fail because the disk is full. The
   * file grows to the range's end if it is shorter. Linux and FreeBSD. Not in Python.
   *
   * @param offset - Bytes from the start of the map.
   * @param length - Bytes. Default: to the end.
   * @throws ERR_MMAP_READONLY; ERR_MMAP_UNTRACKED; ERR_OUT_OF_RANGE; ERR_MMAP_UNSUPPORTED; system errors, such as
   * ENOSPC.
   */
  allocate(offset = 0, length?: number): void {
    allocate(this.#region, offset, length)
  }

  /**
   * Makes the map `newsize` bytes long and its file `offset + newsize`; the file is cut off there. If it fails, the
   * file, the map and its views stay as they were.
   *
   * @throws ERR_MMAP_EXPORTED while a promise of this map is pending, and for anonymous private memory with live
   * views; ERR_MMAP_READONLY; ERR_MMAP_UNTRACKED; ERR_OUT_OF_RANGE; system errors, such as EINVAL for 0.
   */
  resize(newsize: number, options?: DetachOptions): void {
    resize(this.#region, this.#views, newsize, options)
  }

  /**
   * Maps what the file has now, from the map's offset to the file's end, and returns how the length has changed. The
   * position stays, and so do existing views; new views have the new length. The file is not changed. It works after
   * `ERR_MMAP_FAULT` too, and clears it. Not in Python.
   *
   * @throws ERR_MMAP_EXPORTED while a promise of this map is pending; ERR_MMAP_UNTRACKED; ERR_MMAP_EMPTY_FILE if
   * nothing is left to map and the map was not opened with `empty`.
   */
  refresh(): Refreshed {
    return refresh(this.#region, this.#views)
  }

  /**
   * Names anonymous memory in `/proc/<pid>/maps`. Linux only. Python: `set_name(name)`.
   *
   * @param name - At most 66 bytes of UTF-8, without NUL.
   */
  setName(name: string): void {
    setName(this.#region, name)
  }

  /**
   * Returns a token that names the map's memory to the other threads of this process. While a map of the memory is
   * open, each thread can make another with `Mmap.from(token)`. The token can be posted and copied, and keeps nothing
   * alive. Not in Python.
   */
  share(): MmapToken {
    return share(this.#region)
  }

  /**
   * The map's own memory as a `SharedArrayBuffer`: `postMessage` gives it to other threads without a copy, and
   * `Atomics.wait` works on it between them. It stays valid after close, until the last thread has dropped it. For a
   * read-only map it shows the private twin, as views do. Not in Python.
   *
   * @param offset - Bytes from the start of the map.
   * @param length - Bytes. Default: to the end.
   * @throws ERR_OUT_OF_RANGE; ERR_MMAP_UNREADABLE; ERR_MMAP_UNSUPPORTED on runtimes that can't make one.
   */
  sharedBuffer(offset = 0, length?: number): SharedArrayBuffer {
    return sharedBuffer(this.#region, offset, length)
  }

  /**
   * Sleeps until another thread or process calls `notify` for the word. (`Atomics.wait` notices no other processes.)
   * It may also wake for no reason, so check the word. Not in Python, nor on Windows.
   *
   * @param offset - The word's offset: bytes from the start of the map, a multiple of 4.
   * @param expected - The 32-bit integer that the word must have; otherwise the answer is 'not-equal'.
   * @param timeout - Milliseconds. Default: for ever.
   * @throws ERR_OUT_OF_RANGE; ERR_MMAP_UNSUPPORTED.
   */
  wait(offset: number, expected: number, timeout?: number): WaitResult {
    return wait(this.#region, offset, expected, timeout)
  }

  /**
   * As `wait`, without blocking the thread: each wait has a small thread of its own, which is none of the pool's. A
   * pending wait keeps the process alive. Not in Python, nor on Windows.
   *
   * @throws As `wait`; ABORT_ERR, ERR_MMAP_CLOSED when the map is closed meanwhile.
   */
  waitAsync(offset: number, expected: number, options?: WaitOptions): Promise<WaitResult> {
    return waitAsync(this.#region, offset, expected, options)
  }

  /**
   * Wakes those that wait for a word, in any thread or process that has the memory. Returns how many it woke (0 on
   * FreeBSD, which does not tell). Change the word before you call it. Not in Python, nor on Windows.
   *
   * @param offset - Bytes from the start of the map, a multiple of 4.
   * @param count - How many at most. Default: all.
   */
  notify(offset: number, count?: number): number {
    return notify(this.#region, offset, count)
  }

  /**
   * Closes the map; a second call does nothing. Changes are not flushed. Views keep their memory, unless `detach`
   * takes it away.
   */
  close(options?: DetachOptions): void {
    if (detaches(options, 'close({ detach })') && this.#region.handle !== 0) this.#views.detach()
    this.#region.close()
  }

  /** Closes the map at the end of a block: `using m = Mmap.open(path)`. */
  [Symbol.dispose](): void {
    this.#region.close()
  }

  /**
   * The map's own memory, without a copy. A view stays valid after close. All views of a read-only map show one
   * private twin of it: a write to one view shows in the others, and nowhere else.
   *
   * @param offset - Bytes from the start of the map.
   * @param length - Bytes. Default: to the end.
   * @throws ERR_OUT_OF_RANGE; ERR_MMAP_UNREADABLE; ERR_MMAP_UNSUPPORTED where the runtime forbids it, and
   * for a read-only map with `trackfd: false`.
   */
  view(offset?: number, length?: number): OwnBuffer
  /**
   * The map's own memory as a typed array or a `DataView`.
   *
   * @param byteOffset - Bytes from the start of the map, a multiple of the element's size.
   * @param length - Elements. Default: to the end.
   */
  view<V extends ArrayBufferView>(
    Constructor: ViewConstructor<V>,
    byteOffset?: number,
    length?: number,
  ): V
  view(first?: unknown, second?: unknown, third?: unknown): ArrayBufferView {
    return this.#views.view(first, second, third)
  }

  /** The values of the bytes, in order. Python's iteration gives `bytes` of length 1 instead. */
  [Symbol.iterator](): IterableIterator<number> {
    return iterate(this.#region)
  }

  /**
   * A copy of the bytes: `Buffer.from(m)` calls it, like `bytes(m)` in Python. Strings and numbers are made by
   * `Symbol.toPrimitive`, so that no comparison copies a map.
   */
  valueOf(): ArrayBuffer {
    return arrayBuffer(this.#region, undefined, undefined)
  }

  /** Python's `repr(m)`, for a string. A map can't be converted to a number. */
  [Symbol.toPrimitive](hint: string): string {
    if (hint === 'number') throw notANumber()
    return this.toString()
  }

  /** Python's `repr(m)`. */
  toString(): string {
    return inspect(this.#region, className(this))
  }
}

// In a realm without the symbol, such as a context of Node 20, the method above got a wrong name.
if (typeof Symbol.dispose !== 'symbol') delete (Mmap.prototype as { undefined?: unknown }).undefined

/**
 * By this property every copy of the package recognizes the maps of others: those of another realm, or in a bundle.
 */
const BRAND = Symbol.for('fmmap.Mmap')
Object.defineProperty(Mmap.prototype, BRAND, { value: true })
Object.defineProperty(Mmap, Symbol.hasInstance, {
  value(this: unknown, value: unknown): boolean {
    // A subclass recognizes only its own instances.
    if (this !== Mmap)
      return Function.prototype[Symbol.hasInstance].call(this as typeof Mmap, value)
    return typeof value === 'object' && value !== null && BRAND in value
  },
})

/** The line of a stack that says that `inspect` of Node or of Bun called. */
const INSPECTS = /^\s+at formatValue \((?:node:)?internal[:/]util\/inspect:/

/**
 * The getter of the first element. `util.inspect` of Bun, and of Node before 26, reads that element of whatever is
 * behind a proxy, and printing must not throw.
 */
function refuseElements(): undefined {
  const error = noElements()
  Error.captureStackTrace(error, refuseElements)
  const [, caller = ''] = String(error.stack).split('\n')
  if (INSPECTS.test(caller)) return undefined
  throw error
}

/**
 * A map has a length and no elements. So code that copies elements one by one, such as `bytes.set(m)`, would copy
 * zeros, and `m[0] = 1` would have no effect. This prototype throws instead. It is inherited, so it adds no member to
 * the class.
 */
Object.setPrototypeOf(
  Mmap.prototype,
  Object.create(Object.prototype, {
    0: {
      get: refuseElements,
      set(): never {
        throw noElements()
      },
      configurable: true,
    },
  }) as object,
)

shows(Mmap, 'Mmap', (map) => map.toString())
