/// <reference types="node" />
/** Bytes that a member reads. A string stands for its UTF-8 bytes. */
type Bytes = string | ArrayBufferView | ArrayBufferLike;
/** Why a page of a map was missing. */
type FaultReason = "truncated" | "io" | "unknown";
/** How `flush` writes. */
interface FlushOptions {
  /** `MS_*` bits. Default: `MS_SYNC`. Ignored on Windows. */
  flags?: number | undefined;
}
/** How `flushAsync` writes. */
interface AsyncFlushOptions extends FlushOptions {
  /** Rejects with an AbortError. An msync that runs already goes on. */
  signal?: AbortSignal | undefined;
}
/**
 * A `Buffer` over an `ArrayBuffer`, as fs.readFileSync returns it. It is `Buffer<ArrayBuffer>`, but the declarations
 * for older compilers have no such type.
 */
type OwnBuffer = ReturnType<BufferConstructor["alloc"]>;
/** How a copy is read in the background. */
interface AsyncReadOptions {
  /** Rejects with an AbortError, whose `cause` is the signal's reason, and ends the read. */
  signal?: AbortSignal | undefined;
}
/** How pages are brought into memory in the background. */
interface PrefetchOptions extends AsyncReadOptions {
  /** Called after each part with the number of bytes in memory so far, and the number that is to be read in all. */
  onProgress?: ((read: number, total: number) => void) | undefined;
}
/** How a wait has ended, in the words of `Atomics.wait`. */
type WaitResult = "ok" | "not-equal" | "timed-out";
/** How `waitAsync` waits. */
interface WaitOptions {
  /** Milliseconds. Default: for ever. */
  timeout?: number | undefined;
  /** Rejects with an AbortError, and ends the wait. */
  signal?: AbortSignal | undefined;
}
/** A line without its newline. A `\r` before the newline is kept. */
interface Line {
  /** Where the line starts: bytes from the start of the file or of the map. */
  readonly start: number;
  /** Where the line ends: the offset of its newline, if it has one. */
  readonly end: number;
  /** The number of the line, from 1 at the start of the file or of the map; only if it was asked for. */
  readonly number?: number;
  /** A copy of the line's bytes. */
  readonly bytes: OwnBuffer;
  /** The text of the line: the bytes as UTF-8, or as Latin-1 if the search was told so. */
  toString(): string;
}
/** How a file is followed. */
interface FollowOptions {
  /**
   * Where to begin: at the lines that are written from now on, at the file's start, or at an offset in bytes. An
   * offset past the file's end means that it is another file, which is read from its start. Default: 'end'.
   */
  from?: "end" | "start" | number | undefined;
  /** Ends the iteration. */
  signal?: AbortSignal | undefined;
  /**
   * How often the file is checked, in milliseconds, in addition to what the system reports: network file systems
   * report nothing. Default: 1000.
   */
  poll?: number | undefined;
  /** Whether to go on with another file of the same name when the file is renamed or removed. Default: true. */
  reopen?: boolean | undefined;
  /** Whether to give a last line without a newline when its file or the iteration ends. Default: false. */
  partial?: boolean | undefined;
}
/** The lines of a file as they are written. */
interface Follower extends AsyncIterableIterator<Line> {
  /** The same lines in arrays, each with all lines that are there. For programs that handle many lines. */
  batches(): AsyncIterableIterator<Line[]>;
}
/** Which lines, and in which order. */
interface LinesOptions {
  /** Where the first line starts: bytes from the start of the map; negative from its end. Default: 0. */
  start?: number | undefined;
  /** Where the last line ends, likewise. Default: the end of the map. */
  end?: number | undefined;
  /** Whether the last line comes first. Default: false. */
  reverse?: boolean | undefined;
}
/** How `Mmap.shared` makes memory. */
interface SharedOptions {
  /**
   * Whether to make the memory: true if it does not exist; 'exclusive': it must not exist. Default: false, it must
   * exist.
   */
  create?: boolean | "exclusive" | undefined;
  /** The permissions of memory that is made, less the umask. Not on Windows. Default: 0o600, for the user alone. */
  mode?: number | undefined;
}
/**
 * What to look for. Of a list, the leftmost match is found; if two begin at the same place, that of the earlier
 * needle.
 */
type Needle = Bytes | RegExp | readonly (Bytes | RegExp)[] | Pattern;
/** How a needle is read. */
interface PatternOptions {
  /**
   * How the map's bytes are read: as UTF-8, where invalid bytes match nothing; or as Latin-1, where each byte is the
   * character of its number. Default: `'utf8'`.
   */
  encoding?: "utf8" | "latin1" | undefined;
  /** Whether case is ignored, for bytes too. Default: false. */
  ignoreCase?: boolean | undefined;
}
/**
 * Something to look for, prepared once and used often: a RegExp, bytes, or a list of them. A RegExp means the same as
 * in JavaScript, always in code points; docs/patterns.md says more. Python has `re.compile` for this.
 */
declare class Pattern {
  #private;
  /**
   * @throws ERR_MMAP_PATTERN, a SyntaxError, for syntax that can't be searched for in linear time: lookbehind, a
   * lookahead before the pattern's end, backreferences.
   */
  constructor(needle: Needle, options?: PatternOptions);
}
/**
 * A match of a pattern. It iterates over its text and the text of its groups: `const [all, user] = match`. A group
 * that has not matched is undefined.
 */
interface Match extends Iterable<string | undefined> {
  /** Where the match starts: bytes from the start of the map. */
  readonly index: number;
  /** Where the match ends. */
  readonly end: number;
  /** The index of the needle in a list; 0 if there was no list. */
  readonly pattern: number;
  /** Where each group starts and ends, the whole match first: as a RegExp with the flag d has it, but in bytes. */
  readonly indices: readonly (readonly [number, number] | undefined)[];
  /** The text of the named groups; undefined if the pattern has none. */
  readonly groups: Readonly<Record<string, string | undefined>> | undefined;
  /** A copy of the bytes of the match, or of a group. */
  bytes(group?: number | string): OwnBuffer | undefined;
  /** The text of the match. */
  toString(): string;
}
/** Where the blocks of lines are written to. */
interface BlocksOptions {
  /**
   * Memory for the blocks. Each block is written to its beginning, over the one before, and shows a part of it: use or
   * copy a block before you ask for the next one. 64 KiB or more are enough. Blocks that can't be written there have
   * memory of their own: lines that are numbered or in reverse, lines that are longer than `into` or overlap it, and
   * lines that were searched before `blocks` was called. Default: all blocks have memory that is never written again.
   */
  into?: ArrayBufferView | undefined;
}
/** The lines that have a match. */
interface Lines extends IterableIterator<Line> {
  /**
   * The lines that are left, in `Buffer`s of many: each line with its newline, and before it its number and a colon if
   * lines are numbered. A program that writes lines takes a fraction of the time with them.
   */
  blocks(options?: BlocksOptions): IterableIterator<OwnBuffer>;
}
/** A range to search, in bytes from the start of the map; negative counts from its end. */
interface SearchRange {
  /** Where a match may start at the earliest. Default: the position for `find` and `rfind`, 0 for the others. */
  start?: number | undefined;
  /** Where a match may end at the latest. Default: the end of the map. */
  end?: number | undefined;
}
/** A range, and how many matches to give at most. */
interface FindAllOptions extends SearchRange {
  /** The most matches to give. Default: all. */
  limit?: number | undefined;
}
/** A range to search, and how its bytes are read. */
interface MatchOptions extends SearchRange {
  /**
   * How the map's bytes are read: as UTF-8, where invalid bytes match nothing; or as Latin-1, where each byte is the
   * character of its number. Default: that of the pattern, and `'utf8'` for everything else.
   */
  encoding?: "utf8" | "latin1" | undefined;
}
/** Which matches, and in which order. */
interface MatchAllOptions extends MatchOptions {
  /** The most matches to give. Default: all. */
  limit?: number | undefined;
  /**
   * Whether the matches of the last line come first, each line's from its end. Only for patterns whose matches have
   * no newline. Default: false.
   */
  reverse?: boolean | undefined;
}
/** Which lines are counted. */
interface CountLinesOptions extends MatchOptions {
  /** Whether to take the lines that have no match. Default: false. */
  invert?: boolean | undefined;
}
/** Which lines, what they contain, and in which order. */
interface GrepOptions extends CountLinesOptions {
  /** The most lines to give. Default: all. */
  limit?: number | undefined;
  /** Whether lines have their number, counted from 1 at the start of the map. Default: false. */
  numbers?: boolean | undefined;
  /** Whether the last line comes first. Only for patterns whose matches have no newline. Default: false. */
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
  /**
   * Whether the map keeps a duplicate of the descriptor, for `size()`, `resize()`, `refresh()`, `allocate()` and the
   * views of a read-only map. Default: true.
   */
  trackfd?: boolean | undefined;
  /** Windows: the name of the mapping, by which another process can open it. */
  tagname?: string | null | undefined;
}
/** How `Mmap.open` opens and maps a file: `ACCESS_READ` when access, flags and prot are all absent. */
interface OpenOptions extends MmapOptions {
  /** Bytes to map. Default: 0, the whole file from `offset`. */
  length?: number | undefined;
  /**
   * Makes the file, or extends it to `offset + length`; never makes it shorter. 'exclusive': the file must not exist.
   * Needs a map that writes to its file, and a `length`. Default: false.
   */
  create?: boolean | "exclusive" | undefined;
  /**
   * The permissions of a file that is made, less the process's umask, as for `fs.open`. Default: 0o666. Ignored on
   * Windows.
   */
  mode?: number | undefined;
  /**
   * Allows a file without bytes: its map has length 0, and can be resized if it is writable. Default: false, which
   * throws `ERR_MMAP_EMPTY_FILE`.
   */
  empty?: boolean | undefined;
}
/** A file descriptor, or an object that has one, such as a `FileHandle`. */
type Fileno = number | {
  readonly fd: number;
};
/** A class of array that can lie over an `ArrayBuffer`. */
interface ViewConstructor<V extends ArrayBufferView> {
  new (buffer: ArrayBuffer, byteOffset?: number, length?: number): V;
}
/** How `resize` and `close` treat exported views. */
interface DetachOptions {
  /**
   * Whether to detach the exported views: their length becomes 0. With this the caller promises that nothing in
   * flight uses one of them, such as a write or a compression. Default: false.
   */
  detach?: boolean | undefined;
}
/** How the file's length compares with that of the map before: the same, longer, or shorter. */
type Refreshed = "same" | "grown" | "truncated";
/** A range, and how to search it in the background. */
interface AsyncSearchOptions extends SearchRange {
  /** Rejects with an AbortError, whose `cause` is the signal's reason, and ends the search. */
  signal?: AbortSignal | undefined;
  /**
   * How many chunks are in flight at once, at least 1; at most half as many run as the threadpool has threads.
   * Default: 1.
   */
  concurrency?: number | undefined;
  /** Called after each chunk with the number of bytes searched so far, and the number to be searched in all. */
  onProgress?: ((searched: number, total: number) => void) | undefined;
}
/** A search in the background for many matches. */
interface AsyncFindAllOptions extends AsyncSearchOptions, FindAllOptions {}
/** The lines that have a match. */
interface AsyncLines extends AsyncIterableIterator<Line> {
  /** The lines that are left, in `Buffer`s of many, as the `blocks()` of `grep` gives them. */
  blocks(): AsyncIterableIterator<OwnBuffer>;
}
/** How a match is searched for in the background. */
interface AsyncMatchOptions extends AsyncSearchOptions, MatchOptions {}
/** How all matches are searched for in the background. */
interface AsyncMatchAllOptions extends AsyncFindAllOptions, MatchOptions {}
/** How lines are searched for in the background. */
interface AsyncGrepOptions extends AsyncFindAllOptions, Omit<GrepOptions, "reverse"> {}
/** How lines are counted in the background. */
interface AsyncCountLinesOptions extends AsyncSearchOptions, CountLinesOptions {}
/**
 * Names the memory of a map for the other threads of the process. It is a plain object, which `postMessage` and
 * `workerData` can copy. It keeps nothing alive.
 */
interface MmapToken {
  /** The number of the memory. */
  readonly memory: number;
  /** The number of the process. */
  readonly process: number;
}
/** Which bytes, and in which pieces. */
interface StreamOptions {
  /** Where the stream starts: bytes; negative counts from the end. Default: 0. */
  start?: number | undefined;
  /** Where it ends, likewise. Default: the end of the map. */
  end?: number | undefined;
  /** The length of a chunk in bytes, at least 1. Default: 1 MiB. */
  chunkSize?: number | undefined;
  /** Fails the stream with an AbortError. */
  signal?: AbortSignal | undefined;
}
/**
 * A memory-mapped file, or anonymous memory: Python's `mmap.mmap`.
 *
 * Offsets and lengths are bytes from the start of the map. On a closed map, `length` and every method except
 * `seekable()`, `close()` and `toString()` throw `ERR_MMAP_CLOSED`. Once a page of the map was missing, every method
 * that touches bytes throws `ERR_MMAP_FAULT`, until `refresh` or `resize` maps the file afresh.
 */
declare class Mmap implements Iterable<number>, Disposable {
  #private;
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
  constructor(fileno: Fileno, length: number, options?: MmapOptions);
  /**
   * Opens and maps a file: read-only and whole, unless told otherwise. The map keeps the descriptor until it is
   * closed. Not in Python.
   *
   * The constructor of a subclass is called with a ticket, which stands for the open file once, and with the length
   * of the map. It must pass both on to `super`.
   *
   * @throws As the constructor, and the system errors of open, such as ENOENT.
   */
  static open<T extends typeof Mmap>(this: T, path: string | Buffer | URL, options?: OpenOptions): InstanceType<T>;
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
  static from<T extends typeof Mmap>(this: T, token: MmapToken): InstanceType<T>;
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
  static follow(path: string | Buffer | URL, options?: FollowOptions): Follower;
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
  static shared<T extends typeof Mmap>(this: T, name: string, length?: number, options?: SharedOptions): InstanceType<T>;
  /**
   * Removes the name of shared memory: no process can map it by this name any more. Maps that exist keep the memory.
   * Does nothing on Windows, where a name goes with the last map of its memory. Not in Python's mmap.
   *
   * @throws ENOENT; EACCES.
   */
  static unlink(name: string): void;
  /** The length of the map in bytes. Python: `len(m)`. */
  get length(): number;
  /** Whether the map is closed. */
  get closed(): boolean;
  /** The access that decides what may be written: one of the `ACCESS_*` constants. */
  get access(): number;
  /** Where in the file the map starts, in bytes. */
  get offset(): number;
  /** The path that `open` was given, as text; undefined for a map of a descriptor, and for anonymous memory. */
  get path(): string | undefined;
  /**
   * The file's present size in bytes, which may differ from the map's length; of anonymous memory the length.
   *
   * @throws ERR_MMAP_UNTRACKED with `trackfd: false`.
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
  /** True: a map always has a position, even when it is closed. */
  seekable(): true;
  /**
   * A copy of the next `n` bytes. Moves the position. Without `n`, or with a negative one, all the rest. At the end
   * there may be fewer. A copy of at most 4 KiB keeps its slab in memory: see `slice`.
   */
  read(n?: number): OwnBuffer;
  /**
   * The byte at the position. Moves the position by one. Python: `read_byte()`.
   *
   * @throws ERR_OUT_OF_RANGE at the end.
   */
  readByte(): number;
  /**
   * A copy of the bytes up to and including the next newline. Moves the position. Empty at the end. The copy keeps
   * its slab in memory: see `slice`.
   */
  readline(): OwnBuffer;
  /** Fills `target` from the position, and moves the position. Returns the number of bytes. Not in Python. */
  readInto(target: ArrayBufferView): number;
  /**
   * Fills `target` from `start`, up to `end`; both are clamped as in `slice`. Returns the number of bytes. Does not
   * move the position. Not in Python.
   */
  copyTo(target: ArrayBufferView, start?: number, end?: number): number;
  /**
   * A copy of a slice of step 1. It does not hold up the thread while the disk is read: bytes in the page cache are
   * copied at once, all others are read on the libuv threadpool. Not in Python.
   *
   * @throws ABORT_ERR, ERR_MMAP_CLOSED when the map is closed meanwhile.
   */
  sliceAsync(start?: number, stop?: number, options?: AsyncReadOptions): Promise<OwnBuffer>;
  /** As `sliceAsync`, in an `ArrayBuffer` of exactly that length. Not in Python. */
  arrayBufferAsync(start?: number, end?: number, options?: AsyncReadOptions): Promise<ArrayBuffer>;
  /**
   * Brings the pages of a range into memory on the libuv threadpool, so that later reads, through views too, do not
   * wait for a disk. Not in Python.
   *
   * @param start - Clamped as in `slice`, like `end`.
   * @throws ABORT_ERR, ERR_MMAP_CLOSED when the map is closed meanwhile.
   */
  prefetchAsync(start?: number, end?: number, options?: PrefetchOptions): Promise<void>;
  /**
   * A web stream of the bytes of a range, read as by `sliceAsync`, one chunk ahead. Not in Python.
   *
   * @throws ABORT_ERR for a signal that has aborted.
   */
  stream(options?: StreamOptions): ReadableStream<Uint8Array>;
  /** A copy of the bytes from `start` to `end`, which are clamped as in `slice`. Not in Python. */
  arrayBuffer(start?: number, end?: number): ArrayBuffer;
  /**
   * Writes bytes at the position, and moves it. Returns how many. Either all bytes are written or none.
   *
   * @throws ERR_MMAP_READONLY; ERR_OUT_OF_RANGE if they don't fit.
   */
  write(bytes: Bytes): number;
  /**
   * Writes a byte at the position, and moves the position by one. Python: `write_byte(value)`.
   *
   * @param value - 0 to 255.
   * @throws ERR_MMAP_READONLY; ERR_OUT_OF_RANGE for any other value, and at the end.
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
   * @throws ERR_MMAP_READONLY; ERR_OUT_OF_RANGE outside of the map, and for any other value.
   */
  set(index: number, value: number): void;
  /**
   * A copy of a slice, with Python's arithmetic. Python: `m[start:stop:step]`. A copy of at most 4 KiB is cut from a
   * slab, and keeps the whole slab in memory: 8 KiB, or less than 256 times the copy's length.
   *
   * @throws ERR_OUT_OF_RANGE for a step of 0.
   */
  slice(start?: number, stop?: number, step?: number): OwnBuffer;
  /**
   * Overwrites a slice with the same number of bytes. Python: `m[start:stop:step] = bytes`.
   *
   * @throws ERR_MMAP_READONLY; ERR_OUT_OF_RANGE if the numbers of bytes differ.
   */
  setSlice(bytes: Bytes, start?: number, stop?: number, step?: number): void;
  /**
   * The offset of the first occurrence of `sub` that lies in `[start, end)`; -1 if there is none.
   *
   * @param start - Default: the position. A negative number counts from the end.
   * @param end - Default: the map's end.
   */
  find(sub: Needle, start?: number, end?: number): number;
  find(sub: Needle, range?: SearchRange): number;
  /**
   * The offset of the last occurrence of `sub` that lies in `[start, end)`; -1 if there is none. The defaults are
   * those of `find`.
   */
  rfind(sub: Needle, start?: number, end?: number): number;
  rfind(sub: Needle, range?: SearchRange): number;
  /**
   * How often `sub` occurs without overlapping itself, by default in the whole map. An empty `sub` occurs once more
   * than there are bytes, as in Python's `bytes.count`. Not in Python's mmap.
   */
  count(sub: Needle, options?: SearchRange): number;
  /**
   * The offsets of all matches that don't overlap, in order, by default in the whole map. Lazy: a loop that ends
   * early ends the search. Not in Python.
   */
  findAll(sub: Needle, options?: FindAllOptions): IterableIterator<number>;
  /**
   * Copies of the lines, without their newlines. Only `\n` ends a line, and there is no empty line behind a newline
   * at the end. A line that is kept keeps the block that it was cut from, of up to 64 KiB, in memory. Not in Python.
   */
  lines(options?: LinesOptions): IterableIterator<OwnBuffer>;
  /**
   * The first match of a needle, with its text and groups; null if there is none. By default the search begins at the
   * start of the map, not at the position. Python: `re.search(pattern, m)`.
   *
   * @param needle - A RegExp, bytes, a list of them, or a `Pattern`.
   * @throws ERR_MMAP_PATTERN for a RegExp that can't be searched for in linear time.
   */
  match(needle: Needle, options?: MatchOptions): Match | null;
  /**
   * All matches that don't overlap, in order. Lazy: a loop that ends early ends the search. Python: `re.finditer(pattern,
   * m)`.
   *
   * @throws ERR_MMAP_PATTERN as `match`; with `reverse` also for a pattern that can match a newline.
   */
  matchAll(needle: Needle, options?: MatchAllOptions): IterableIterator<Match>;
  /**
   * The lines that have a match; with `invert` those that have none. Lazy, like `matchAll`. `blocks()` gives the same
   * lines with their newlines, many in one `Buffer`, for a program that writes them. Not in Python.
   *
   * @throws ERR_MMAP_PATTERN, as `matchAll`.
   */
  grep(needle: Needle, options?: GrepOptions): Lines;
  /**
   * How many lines there are, or how many have a match. Only `\n` ends a line, and there is no empty line behind a
   * newline at the end. Not in Python.
   *
   * @param needle - Default: every line counts.
   */
  countLines(needle?: Needle, options?: CountLinesOptions): number;
  /** As `match`, on the libuv threadpool. Not in Python. */
  matchAsync(needle: Needle, search?: AsyncMatchOptions): Promise<Match | null>;
  /** As `matchAll`, on the libuv threadpool. Not in Python. */
  matchAllAsync(needle: Needle, search?: AsyncMatchAllOptions): AsyncIterableIterator<Match>;
  /** As `grep`, on the libuv threadpool. Not in Python. */
  grepAsync(needle: Needle, search?: AsyncGrepOptions): AsyncLines;
  /** As `countLines`, on the libuv threadpool. Not in Python. */
  countLinesAsync(needle?: Needle, search?: AsyncCountLinesOptions): Promise<number>;
  /**
   * As `find`, on the libuv threadpool. Later changes of the needle's bytes have no effect. Not in Python.
   *
   * @throws ABORT_ERR, ERR_MMAP_CLOSED when the map is closed meanwhile.
   */
  findAsync(sub: Needle, search?: AsyncSearchOptions): Promise<number>;
  /** As `rfind`, on the libuv threadpool. Not in Python. */
  rfindAsync(sub: Needle, search?: AsyncSearchOptions): Promise<number>;
  /** As `count`, on the libuv threadpool. Not in Python. */
  countAsync(sub: Needle, search?: AsyncSearchOptions): Promise<number>;
  /** As `findAll`, on the libuv threadpool. Not in Python. */
  findAllAsync(sub: Needle, search?: AsyncFindAllOptions): AsyncIterableIterator<number>;
  /**
   * Copies `count` bytes inside the map from `src` to `dest`. The ranges may overlap.
   *
   * @throws ERR_MMAP_READONLY; ERR_OUT_OF_RANGE if a range is not inside the map.
   */
  move(dest: number, src: number, count: number): void;
  /**
   * Writes changed pages back to the file. Does nothing for a map whose writes don't reach a file.
   *
   * @param offset - Bytes, a multiple of `PAGESIZE`.
   * @param size - Bytes. Default: to the end.
   * @throws ERR_OUT_OF_RANGE if the range is not inside the map; system errors, such as EINVAL for the offset.
   */
  flush(offset?: number, size?: number, options?: FlushOptions): void;
  flush(offset: number | undefined, options: FlushOptions): void;
  flush(options: FlushOptions): void;
  /** As `flush`, on the libuv threadpool. Not in Python. */
  flushAsync(offset?: number, size?: number, options?: AsyncFlushOptions): Promise<void>;
  flushAsync(offset: number | undefined, options: AsyncFlushOptions): Promise<void>;
  flushAsync(options: AsyncFlushOptions): Promise<void>;
  /**
   * Gives the kernel advice about a range, and about the memory that its views show, now or later. Not on Windows.
   *
   * @param option - One of the `MADV_*` constants.
   * @param start - Bytes, a multiple of `PAGESIZE`.
   * @param length - Bytes; clamped to the map's end. Default: to the end.
   * @throws ERR_OUT_OF_RANGE; system errors, such as EINVAL; ERR_MMAP_UNSUPPORTED.
   */
  madvise(option: number, start?: number, length?: number): void;
  /**
   * Keeps the pages of a range in memory until they are unlocked, or the map is closed, resized or refreshed. Until
   * then no access waits for a disk or the swap space. Not in Python.
   *
   * @param start - Clamped as in `slice`, like `end`. Whole pages are locked.
   * @throws ERR_MMAP_FAULT; system errors, such as ENOMEM when the process may lock no more.
   */
  lock(start?: number, end?: number): void;
  /** Allows the system to take the pages of a range out of memory again. Not in Python. */
  unlock(start?: number, end?: number): void;
  /**
   * Gives a range of the file its blocks on the disk, so that no write to it can fail because the disk is full. The
   * file grows to the range's end if it is shorter. Linux and FreeBSD. Not in Python.
   *
   * @param offset - Bytes from the start of the map.
   * @param length - Bytes. Default: to the end.
   * @throws ERR_MMAP_READONLY; ERR_MMAP_UNTRACKED; ERR_OUT_OF_RANGE; ERR_MMAP_UNSUPPORTED; system errors, such as
   * ENOSPC.
   */
  allocate(offset?: number, length?: number): void;
  /**
   * Makes the map `newsize` bytes long and its file `offset + newsize`; the file is cut off there. If it fails, the
   * file, the map and its views stay as they were.
   *
   * @throws ERR_MMAP_EXPORTED while a promise of this map is pending, and for anonymous private memory with live
   * views; ERR_MMAP_READONLY; ERR_MMAP_UNTRACKED; ERR_OUT_OF_RANGE; system errors, such as EINVAL for 0.
   */
  resize(newsize: number, options?: DetachOptions): void;
  /**
   * Maps what the file has now, from the map's offset to the file's end, and returns how the length has changed. The
   * position stays, and so do existing views; new views have the new length. The file is not changed. It works after
   * `ERR_MMAP_FAULT` too, and clears it. Not in Python.
   *
   * @throws ERR_MMAP_EXPORTED while a promise of this map is pending; ERR_MMAP_UNTRACKED; ERR_MMAP_EMPTY_FILE if
   * nothing is left to map and the map was not opened with `empty`.
   */
  refresh(): Refreshed;
  /**
   * Names anonymous memory in `/proc/<pid>/maps`. Linux only. Python: `set_name(name)`.
   *
   * @param name - At most 66 bytes of UTF-8, without NUL.
   */
  setName(name: string): void;
  /**
   * Returns a token that names the map's memory to the other threads of this process. While a map of the memory is
   * open, each thread can make another with `Mmap.from(token)`. The token can be posted and copied, and keeps nothing
   * alive. Not in Python.
   */
  share(): MmapToken;
  /**
   * The map's own memory as a `SharedArrayBuffer`: `postMessage` gives it to other threads without a copy, and
   * `Atomics.wait` works on it between them. It stays valid after close, until the last thread has dropped it. For a
   * read-only map it shows the private twin, as views do. Not in Python.
   *
   * @param offset - Bytes from the start of the map.
   * @param length - Bytes. Default: to the end.
   * @throws ERR_OUT_OF_RANGE; ERR_MMAP_UNREADABLE; ERR_MMAP_UNSUPPORTED on runtimes that can't make one.
   */
  sharedBuffer(offset?: number, length?: number): SharedArrayBuffer;
  /**
   * Sleeps until another thread or process calls `notify` for the word. (`Atomics.wait` notices no other processes.)
   * It may also wake for no reason, so check the word. Not in Python, nor on Windows.
   *
   * @param offset - The word's offset: bytes from the start of the map, a multiple of 4.
   * @param expected - The 32-bit integer that the word must have; otherwise the answer is 'not-equal'.
   * @param timeout - Milliseconds. Default: for ever.
   * @throws ERR_OUT_OF_RANGE; ERR_MMAP_UNSUPPORTED.
   */
  wait(offset: number, expected: number, timeout?: number): WaitResult;
  /**
   * As `wait`, without blocking the thread: each wait has a small thread of its own, which is none of the pool's. A
   * pending wait keeps the process alive. Not in Python, nor on Windows.
   *
   * @throws As `wait`; ABORT_ERR, ERR_MMAP_CLOSED when the map is closed meanwhile.
   */
  waitAsync(offset: number, expected: number, options?: WaitOptions): Promise<WaitResult>;
  /**
   * Wakes those that wait for a word, in any thread or process that has the memory. Returns how many it woke (0 on
   * FreeBSD, which does not tell). Change the word before you call it. Not in Python, nor on Windows.
   *
   * @param offset - Bytes from the start of the map, a multiple of 4.
   * @param count - How many at most. Default: all.
   */
  notify(offset: number, count?: number): number;
  /**
   * Closes the map; a second call does nothing. Changes are not flushed. Views keep their memory, unless `detach`
   * takes it away.
   */
  close(options?: DetachOptions): void;
  /** Closes the map at the end of a block: `using m = Mmap.open(path)`. */
  [Symbol.dispose](): void;
  /**
   * The map's own memory, without a copy. A view stays valid after close. All views of a read-only map show one
   * private twin of it: a write to one view shows in the others, and nowhere else.
   *
   * @param offset - Bytes from the start of the map.
   * @param length - Bytes. Default: to the end.
   * @throws ERR_OUT_OF_RANGE; ERR_MMAP_UNREADABLE; ERR_MMAP_UNSUPPORTED where the runtime forbids it, and
   * for a read-only map with `trackfd: false`.
   */
  view(offset?: number, length?: number): OwnBuffer;
  /**
   * The map's own memory as a typed array or a `DataView`.
   *
   * @param byteOffset - Bytes from the start of the map, a multiple of the element's size.
   * @param length - Elements. Default: to the end.
   */
  view<V extends ArrayBufferView>(Constructor: ViewConstructor<V>, byteOffset?: number, length?: number): V;
  /** The values of the bytes, in order. Python's iteration gives `bytes` of length 1 instead. */
  [Symbol.iterator](): IterableIterator<number>;
  /**
   * A copy of the bytes: `Buffer.from(m)` calls it, like `bytes(m)` in Python. Strings and numbers are made by
   * `Symbol.toPrimitive`, so that no comparison copies a map.
   */
  valueOf(): ArrayBuffer;
  /** Python's `repr(m)`, for a string. A map can't be converted to a number. */
  [Symbol.toPrimitive](hint: string): string;
  /** Python's `repr(m)`. */
  toString(): string;
}
/** The codes of the package's own errors. The list is complete: all other codes are names of `errno`. */
type ErrorCode = "ERR_MMAP_CLOSED" | "ERR_MMAP_READONLY" | "ERR_INVALID_ARG_TYPE" | "ERR_INVALID_ARG_VALUE" | "ERR_OUT_OF_RANGE" | "ERR_MMAP_CONFLICTING_OPTIONS" | "ERR_MMAP_EMPTY_FILE" | "ERR_MMAP_UNTRACKED" | "ERR_MMAP_NOT_ANONYMOUS" | "ERR_MMAP_EXPORTED" | "ERR_MMAP_UNREADABLE" | "ERR_MMAP_UNSUPPORTED" | "ERR_MMAP_FAULT" | "ERR_MMAP_PATTERN" | "ERR_MMAP_VERSION" | "ABORT_ERR";
/** An error of the package's own. Those of the system are as Node's: `NodeJS.ErrnoException`. */
interface MmapError extends Error {
  readonly code: ErrorCode;
  /** The path of the file, when it is known. */
  readonly path?: string;
}
/** An `ERR_MMAP_FAULT`: a page of the map was missing. */
interface MmapFaultError extends MmapError {
  readonly code: "ERR_MMAP_FAULT";
  readonly reason: FaultReason;
  /** How many bytes the file has now, when that is known. */
  readonly size?: number;
}
/** An `ERR_MMAP_PATTERN`, which is a SyntaxError: a pattern contains something that can't be searched for. */
interface MmapPatternError extends MmapError {
  readonly code: "ERR_MMAP_PATTERN";
  /** What can't be searched for: `'lookbehind'`, `'lookahead'`, `'backreference'` ... docs/errors.md has all. */
  readonly construct: string;
  /** Where that stands in the pattern's source, in UTF-16 units. */
  readonly at: number;
}
/**
 * Turns the fault guard on or off, for the whole process and its workers. Turning it off restores the signal handler
 * that was there before, unless another one has been installed since. It is on by default; with `FMMAP_NO_SIGBUS=1`
 * in the environment, the process starts with it off.
 *
 * @param on - Whether a missing page becomes an `ERR_MMAP_FAULT` instead of a crash.
 * @throws ERR_INVALID_ARG_TYPE; ERR_MMAP_UNSUPPORTED on Windows.
 */
declare function setFaultGuard(on: boolean): void;
/**
 * Whether the fault guard is on.
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
export { ACCESS_COPY, ACCESS_DEFAULT, ACCESS_READ, ACCESS_WRITE, ALLOCATIONGRANULARITY, type AsyncCountLinesOptions, type AsyncFindAllOptions, type AsyncFlushOptions, type AsyncGrepOptions, type AsyncLines, type AsyncMatchAllOptions, type AsyncMatchOptions, type AsyncReadOptions, type AsyncSearchOptions, type BlocksOptions, type Bytes, type CountLinesOptions, type DetachOptions, type ErrorCode, type FaultReason, type Fileno, type FindAllOptions, type FlushOptions, type FollowOptions, type Follower, type GrepOptions, type Line, type Lines, type LinesOptions, MADV_AUTOSYNC, MADV_COLD, MADV_COLLAPSE, MADV_CORE, MADV_DODUMP, MADV_DOFORK, MADV_DONTDUMP, MADV_DONTFORK, MADV_DONTNEED, MADV_DONTNEED_LOCKED, MADV_FREE, MADV_FREE_REUSABLE, MADV_FREE_REUSE, MADV_HUGEPAGE, MADV_HWPOISON, MADV_KEEPONFORK, MADV_MERGEABLE, MADV_NOCORE, MADV_NOHUGEPAGE, MADV_NORMAL, MADV_NOSYNC, MADV_PAGEOUT, MADV_POPULATE_READ, MADV_POPULATE_WRITE, MADV_PROTECT, MADV_RANDOM, MADV_REMOVE, MADV_SEQUENTIAL, MADV_SOFT_OFFLINE, MADV_UNMERGEABLE, MADV_WILLNEED, MADV_WIPEONFORK, MAP_32BIT, MAP_ALIGNED_SUPER, MAP_ANON, MAP_ANONYMOUS, MAP_CONCEAL, MAP_DENYWRITE, MAP_EXECUTABLE, MAP_HASSEMAPHORE, MAP_HUGETLB, MAP_JIT, MAP_LOCKED, MAP_NOCACHE, MAP_NOEXTEND, MAP_NONBLOCK, MAP_NORESERVE, MAP_POPULATE, MAP_PRIVATE, MAP_RESILIENT_CODESIGN, MAP_RESILIENT_MEDIA, MAP_SHARED, MAP_SHARED_VALIDATE, MAP_STACK, MAP_SYNC, MAP_TPRO, MAP_TRANSLATED_ALLOW_EXECUTE, MAP_UNIX03, MS_ASYNC, MS_INVALIDATE, MS_SYNC, type Match, type MatchAllOptions, type MatchOptions, Mmap, type MmapError, type MmapFaultError, type MmapOptions, type MmapPatternError, type MmapToken, type Needle, type OpenOptions, PAGESIZE, PROT_EXEC, PROT_READ, PROT_WRITE, Pattern, type PatternOptions, type PrefetchOptions, type Refreshed, type SearchRange, type SharedOptions, type StreamOptions, type ViewConstructor, type WaitOptions, type WaitResult, constants, faultGuard, setFaultGuard };
