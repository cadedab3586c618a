/** Class `Mmap`: what each member means. Its rules are in the file of its topic. */

import { inspect as util } from 'node:util'
import type { Bytes } from './arguments.js'
import { closed } from './errors.js'
import { inspect } from './inspect.js'
import { lines, type LinesOptions } from './lines.js'
import { type Fileno, map, type MmapOptions, open, type OpenOptions } from './options.js'
import { type AsyncFlushOptions, flush, flushAsync, type FlushOptions, madvise } from './pages.js'
import { read, readByte, readInto, readline, seek, write, writeByte } from './position.js'
import { epoch, Region } from './region.js'
import { type DetachOptions, detaches, resize, setName, size } from './resize.js'
import {
  type AsyncFindAllOptions,
  type AsyncSearchOptions,
  countAsync,
  findAllAsync,
  findAsync,
  rfindAsync,
} from './schedule.js'
import { count, find, findAll, type FindAllOptions, rfind, type SearchRange } from './search.js'
import { arrayBuffer, get, iterate, move, set, setSlice, slice } from './slices.js'
import { type ViewConstructor, Views } from './views.js'

/**
 * A memory-mapped file, or anonymous memory: Python's `mmap.mmap`.
 *
 * Offsets and lengths are bytes from the start of the map. Every method, and `length`, throws
 * `ERR_MMAP_CLOSED` on a closed map, but for `seekable()`, `close()` and `toString()`; every method that
 * touches bytes throws `ERR_MMAP_FAULT` once a page of the map was missing.
 */
export class Mmap implements Iterable<number>, Disposable {
  readonly #region: Region
  readonly #views: Views

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
  constructor(fileno: Fileno, length: number, options?: MmapOptions) {
    // `open` has made the region already.
    const given: unknown = fileno
    this.#region = given instanceof Region ? given : map(given, length, options)
    this.#views = new Views(this.#region)
  }

  /**
   * Opens and maps a file: read-only and whole, unless told otherwise. Not in Python.
   *
   * @throws As the constructor, and the system's from open, as ENOENT.
   */
  static open<T extends typeof Mmap>(
    this: T,
    path: string | Buffer | URL,
    options?: OpenOptions,
  ): InstanceType<T> {
    const region = open(path, options)
    try {
      return new this(region as unknown as Fileno, region.length) as InstanceType<T>
    } catch (error) {
      region.close()
      throw error
    }
  }

  /** The bytes mapped. Python: `len(m)`. */
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

  /**
   * The size of the file now, in bytes, which is not always the map's; of anonymous memory its length.
   *
   * @throws EBADF with `trackfd: false`.
   */
  size(): number {
    return size(this.#region)
  }

  /** The position, in bytes. */
  tell(): number {
    const region = this.#region
    if (region.handle === 0) throw closed()
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

  /** True: a map has a position, closed or not. */
  seekable(): true {
    return true
  }

  /**
   * A copy of the next `n` bytes, which moves the position; without `n`, or with a negative one, of all the
   * rest. Fewer at the end.
   */
  read(n?: number): Buffer {
    return read(this.#region, n)
  }

  /**
   * The byte at the position, which moves by one. Python: `read_byte()`.
   *
   * @throws ERR_OUT_OF_RANGE at the end.
   */
  readByte(): number {
    const region = this.#region
    const { position } = region
    const value = region.window[position - region.windowStart]
    if (value !== undefined && Atomics.load(epoch, 0) === region.epoch) {
      region.position = position + 1
      return value
    }
    return readByte(region)
  }

  /** A copy of the bytes up to and with the next newline, which moves the position. Empty at the end. */
  readline(): Buffer {
    return readline(this.#region)
  }

  /**
   * Fills `target` from the position, which moves; returns how many bytes that were. Not in Python.
   */
  readInto(target: ArrayBufferView): number {
    return readInto(this.#region, target)
  }

  /** A copy of the bytes from `start` to `end`, which are clamped as those of `slice`. Not in Python. */
  arrayBuffer(start = 0, end?: number): ArrayBuffer {
    return arrayBuffer(this.#region, start, end)
  }

  /**
   * Writes bytes at the position, which moves; returns how many. All are written or none.
   *
   * @throws ERR_MMAP_READONLY; ERR_OUT_OF_RANGE when they don't fit.
   */
  write(bytes: Bytes): number {
    return write(this.#region, bytes)
  }

  /**
   * Writes a byte at the position, which moves by one. Python: `write_byte(value)`.
   *
   * @param value - 0 to 255.
   * @throws ERR_MMAP_READONLY; ERR_OUT_OF_RANGE for another value, and at the end.
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
      if (Atomics.load(epoch, 0) === region.epoch) {
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
      if (value !== undefined && Atomics.load(epoch, 0) === region.epoch) return value
    }
    return get(region, index)
  }

  /**
   * Sets the byte at `index`; a negative one counts from the end. Python: `m[index] = value`.
   *
   * @param value - 0 to 255.
   * @throws ERR_MMAP_READONLY; ERR_OUT_OF_RANGE outside of the map and for another value.
   */
  set(index: number, value: number): void {
    const region = this.#region
    if (typeof index === 'number' && typeof value === 'number' && (value & 0xff) === value) {
      const at = index - region.windowStart
      if (region.writableWindow[at] !== undefined) {
        region.writableWindow[at] = value
        if (Atomics.load(epoch, 0) === region.epoch) return
      }
    }
    set(region, index, value)
  }

  /**
   * A copy of a slice, with Python's arithmetic. Python: `m[start:stop:step]`.
   *
   * @throws ERR_OUT_OF_RANGE for a step of 0.
   */
  slice(start?: number, stop?: number, step?: number): Buffer {
    return slice(this.#region, start, stop, step)
  }

  /**
   * Overwrites a slice with as many bytes. Python: `m[start:stop:step] = bytes`.
   *
   * @throws ERR_MMAP_READONLY; ERR_OUT_OF_RANGE for another number of bytes.
   */
  setSlice(bytes: Bytes, start?: number, stop?: number, step?: number): void {
    setSlice(this.#region, bytes, start, stop, step)
  }

  /**
   * The offset of the first occurrence of `sub` that lies in `[start, end)`, or -1.
   *
   * @param start - Default: the position. Negative counts from the end.
   * @param end - Default: the map's end.
   */
  find(sub: Bytes, start?: number, end?: number): number {
    return find(this.#region, sub, start, end)
  }

  /** The offset of the last occurrence of `sub` that lies in `[start, end)`, or -1; defaults as `find`'s. */
  rfind(sub: Bytes, start?: number, end?: number): number {
    return rfind(this.#region, sub, start, end)
  }

  /**
   * How often `sub` occurs without overlapping itself, in the whole map unless told otherwise; an empty one
   * once more than there are bytes, as in `bytes.count`. Not in Python's mmap.
   */
  count(sub: Bytes, options?: SearchRange): number {
    return count(this.#region, sub, options)
  }

  /**
   * The offsets of all matches that don't overlap, in order, in the whole map unless told otherwise. Lazy: a
   * loop that ends early ends the search. Not in Python.
   */
  findAll(sub: Bytes, options?: FindAllOptions): IterableIterator<number> {
    return findAll(this.#region, sub, options)
  }

  /**
   * Copies of the lines, without their newlines; only `\\n` ends a line, and none follows a last newline. Not
   * in Python.
   */
  lines(options?: LinesOptions): IterableIterator<Buffer> {
    return lines(this.#region, options)
  }

  /**
   * As `find`, on the libuv threadpool. The needle and the range are those of the call. Not in Python.
   *
   * @throws ABORT_ERR, ERR_MMAP_CLOSED when the map is closed meanwhile.
   */
  findAsync(sub: Bytes, search?: AsyncSearchOptions): Promise<number> {
    return findAsync(this.#region, sub, search)
  }

  /** As `rfind`, on the libuv threadpool. Not in Python. */
  rfindAsync(sub: Bytes, search?: AsyncSearchOptions): Promise<number> {
    return rfindAsync(this.#region, sub, search)
  }

  /** As `count`, on the libuv threadpool. Not in Python. */
  countAsync(sub: Bytes, search?: AsyncSearchOptions): Promise<number> {
    return countAsync(this.#region, sub, search)
  }

  /** As `findAll`, on the libuv threadpool. Not in Python. */
  findAllAsync(sub: Bytes, search?: AsyncFindAllOptions): AsyncIterableIterator<number> {
    return findAllAsync(this.#region, sub, search)
  }

  /**
   * Copies `count` bytes inside the map from `src` to `dest`; they may overlap.
   *
   * @throws ERR_MMAP_READONLY; ERR_OUT_OF_RANGE when a range leaves the map.
   */
  move(dest: number, src: number, count: number): void {
    move(this.#region, dest, src, count)
  }

  /**
   * Writes changed pages back to the file. Nothing to do for a map that doesn't write to one.
   *
   * @param offset - Bytes, a multiple of `PAGESIZE`.
   * @param size - Bytes. Default: to the end.
   * @throws ERR_OUT_OF_RANGE when the range leaves the map; the system's, as EINVAL for the offset.
   */
  flush(offset = 0, size?: number, options?: FlushOptions): void {
    flush(this.#region, offset, size, options)
  }

  /** As `flush`, on the libuv threadpool. Not in Python. */
  flushAsync(offset = 0, size?: number, options?: AsyncFlushOptions): Promise<void> {
    return flushAsync(this.#region, offset, size, options)
  }

  /**
   * Gives the kernel advice about a range. Not on Windows.
   *
   * @param option - One of the `MADV_*` constants.
   * @param start - Bytes, a multiple of `PAGESIZE`.
   * @param length - Bytes; cut off at the map's end. Default: to the end.
   * @throws ERR_OUT_OF_RANGE; the system's, as EINVAL; ERR_MMAP_UNSUPPORTED.
   */
  madvise(option: number, start = 0, length?: number): void {
    madvise(this.#region, option, start, length)
  }

  /**
   * Makes the map `newsize` bytes long, and its file `offset + newsize`.
   *
   * @throws ERR_MMAP_EXPORTED while a promise of this map is pending, and for anonymous private memory with
   *   live views; ERR_MMAP_READONLY; ERR_MMAP_UNTRACKED; ERR_OUT_OF_RANGE; the system's, as EINVAL for 0.
   */
  resize(newsize: number, options?: DetachOptions): void {
    resize(this.#region, this.#views, newsize, options)
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
   * Closes the map; a second time does nothing. Changes are not flushed. Views keep their memory, unless
   * `detach` takes it away.
   */
  close(options?: DetachOptions): void {
    if (detaches(options) && this.#region.handle !== 0) this.#views.detach()
    this.#region.close()
  }

  /** Closes the map: `using m = Mmap.open(path)`. */
  [Symbol.dispose](): void {
    this.#region.close()
  }

  /**
   * The map's own memory, without a copy. A view stays valid after close, and of a read-only map it is a
   * private twin: writing to it changes only that.
   *
   * @param offset - Bytes from the start of the map.
   * @param length - Bytes. Default: to the end.
   * @throws ERR_OUT_OF_RANGE; ERR_MMAP_UNREADABLE; ERR_MMAP_UNSUPPORTED where the runtime forbids it.
   */
  view(offset?: number, length?: number): Buffer
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

  /** The byte values, in order. Python's iteration yields `bytes` of length 1 instead. */
  [Symbol.iterator](): IterableIterator<number> {
    return iterate(this.#region)
  }

  /** Python's `repr(m)`. */
  toString(): string {
    const { constructor } = this
    return inspect(this.#region, constructor === Mmap ? 'fmmap.Mmap' : constructor.name)
  }
}

/** What console.log shows: Python's repr. */
Object.defineProperty(Mmap.prototype, util.custom, {
  value(this: Mmap): string {
    return this.toString()
  },
  configurable: true,
  writable: true,
})
