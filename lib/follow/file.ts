/**
 * One file that is followed: its descriptor, and how far it was read.
 *
 * The file is read and not mapped. Appended bytes are copied once in either case, a map would have to be made anew
 * whenever the file has grown, and files that others truncate are the usual case here.
 */

import { Buffer } from 'node:buffer'
import fs from 'node:fs'
import process from 'node:process'
import type { Line } from '../line.js'
import { native } from '../native.js'
import { allocate } from '../slab.js'
import { Splitter } from './splitter.js'
import { allZeros, contentEnd, contentOf, endOfZeros, zerosOf } from './zeros.js'
import { isDeno } from '../runtime.js'

/** How many bytes are read at once. */
const BLOCK = 64 * 1024

/** How many bytes are read before their lines are given, if they are there. */
const BATCH = 256 * 1024

/**
 * If a file has more unread bytes than this, and the system does not tell whether they are in memory, it is read on
 * the threadpool. Fewer bytes have just been written, so they are in memory.
 */
const BACKLOG = 256 * 1024

/** So many of the first bytes of two files are compared to find whether one is a copy of the other. */
export const HEAD: number = 4096

/** Deno's descriptors are numbers of its own. */
const readsCached = !isDeno

/** This many of the last bytes are remembered. If the file has others there, it was truncated and written again. */
const REMEMBERED = 128

/**
 * The identity of a file, whatever its name. On Windows `dev` is sometimes 0 for the same file, so there the file's
 * index is used alone.
 */
export const identity = ({ dev, ino }: fs.BigIntStats): string =>
  process.platform === 'win32' ? `${ino}` : `${dev}:${ino}`

/** A system that stores no time of birth gives that of the last change. Deno rounds the latter down to seconds. */
const isBirth = (birthtimeNs: bigint, ctimeNs: bigint): boolean =>
  birthtimeNs > 0n && birthtimeNs !== ctimeNs

/** When a file was made; or when it was last changed, if the file system does not tell. */
export const birth = ({ birthtimeNs, ctimeNs, mtimeNs }: fs.BigIntStats): bigint =>
  isBirth(birthtimeNs, ctimeNs) ? birthtimeNs : mtimeNs

/**
 * Whether `birthtimeNs` is really the time when the file was made. Systems that do not store it give the time of the
 * last change. Windows may give a file the time of a removed file that had the same name, but it does not reuse file
 * numbers.
 */
export const tellsBirth = ({ birthtimeNs, ctimeNs }: fs.BigIntStats): boolean =>
  process.platform !== 'win32' && isBirth(birthtimeNs, ctimeNs)

/** Memory for reads that are over before anything else happens in this thread. */
let scratch: Buffer | undefined

function memory(length: number): Buffer {
  scratch ??= allocate(REMEMBERED + BLOCK)
  return scratch.subarray(0, length)
}

/** What a read finds: more bytes, no more bytes, or bytes that are not those that were read. */
export type Found = 'more' | 'nothing' | 'truncated'

export class FollowedFile {
  readonly id: string
  /**
   * Whether the file is complete and only has to be read to its end, with its last line. No followed path names it.
   */
  readonly sealed: boolean
  /** When it was found that another file has followed this one. It is left once it has been quiet since then. */
  replacedAt: number | undefined
  /** Its length when that was seen, or at the last look that found it longer. */
  #quietSize = -1
  /** The first bytes, if they were just read. They are needed to find copies of what the file had before. */
  head: Buffer | undefined
  /** When the file was last checked before that. */
  emptyAt = 0
  /** Lines that were read already, and come after those of the files before this one. */
  ready: Line[] = []
  splitter: Splitter
  readonly #fd: number
  /** The offset of the next byte to read, and what that was before a truncation. */
  #at: number
  #before = 0
  /** The bytes before `#at`. */
  #remembered: Buffer = Buffer.alloc(0)
  #mtime: bigint | undefined
  #size = 0
  /**
   * Whether zeros are skipped: in a file that was empty when it was looked at, and after a truncation. They are a
   * hole: a writer without O_APPEND writes at its old offset.
   */
  #skipsZeros = false
  /** Up to here the file has a hole with bytes behind it, whose zeros are read as they are. */
  #holeEnd = 0
  /** When the file was last checked, and when it was last found unchanged; by the clock of file times. */
  #lookedAt = native.time()
  #readAt = this.#lookedAt
  /**
   * Whether it has changed in a way that its bytes do not explain: it was truncated, or is empty and was written to.
   * Until its first bytes come it is not known what it had meanwhile.
   */
  #doubtful = false
  #reading = false
  #closed = false

  constructor(fd: number, at: number, source?: { sealed: boolean; splitter: Splitter }) {
    this.#fd = fd
    const stat = fs.fstatSync(fd, { bigint: true })
    this.id = identity(stat)
    this.#at = at
    if (Number(stat.size) === at) this.#mtime = stat.mtimeNs
    this.#skipsZeros = stat.size === 0n
    this.sealed = source?.sealed ?? false
    this.splitter = source?.splitter ?? new Splitter(at)
    this.#remember()
  }

  /** Opens the file at `path`, to read lines from `from`, or from its end. */
  static open(
    path: string | Buffer,
    from: number | 'end',
    source?: { sealed: boolean; splitter: Splitter },
  ): FollowedFile {
    const fd = fs.openSync(path, 'r')
    try {
      if (from !== 'end') return new FollowedFile(fd, from, source)
      const { size } = fs.fstatSync(fd)
      const file = new FollowedFile(fd, contentEnd(fd, size), source)
      file.#isPadded(size)
      return file
    } catch (error) {
      fs.closeSync(fd)
      throw error
    }
  }

  /** Called when zeros go on up to `size`. They are no line, if the writer goes on behind them. */
  #isPadded(size: number): void {
    if (size === this.#at) return
    this.#before = size
    this.#skipsZeros = true
  }

  get at(): number {
    return this.#at
  }

  /** Whether all was read that the last look has found. */
  get isUpToDate(): boolean {
    return this.#at === this.#size
  }

  get readAt(): number {
    return this.#readAt
  }

  get fd(): number {
    return this.#fd
  }

  get remembered(): Buffer {
    return this.#remembered
  }

  stat(): fs.BigIntStats {
    return fs.fstatSync(this.#fd, { bigint: true })
  }

  /** Whether a path names this file now. */
  isAt(path: string | Buffer): boolean {
    const stat = fs.statSync(path, { bigint: true, throwIfNoEntry: false })
    return stat !== undefined && identity(stat) === this.id
  }

  /** Notes that another file follows this one. */
  replaced(time: number): void {
    if (this.replacedAt !== undefined) return
    this.replacedAt = time
    this.#quietSize = Number(this.stat().size)
  }

  /** Called when it was read after it was replaced: what was there before that is no sign of a writer. */
  stirred(time: number): void {
    if (this.#size === this.#quietSize) return
    this.#quietSize = this.#size
    this.replacedAt = time
  }

  /** Called for a file that was made since the last check: its copies may be as old as itself. */
  isNew(): void {
    this.#readAt = Math.min(this.#readAt, Number(birth(this.stat()) / 1_000_000n))
  }

  /** Reads the bytes before `#at` again. */
  #remember(): void {
    const size = Math.min(REMEMBERED, this.#at)
    const bytes = Buffer.alloc(size)
    const read = fs.readSync(this.#fd, bytes, 0, size, this.#at - size)
    this.#remembered = bytes.subarray(0, read)
  }

  /** Checks whether there is something to read. A file that is 'emptied' is empty, and was written to. */
  look(): Found | 'emptied' {
    this.#lookedAt = native.time()
    const { size, mtimeNs } = this.stat()
    this.#size = Number(size)
    if (this.#size === 0) {
      this.#skipsZeros = true
      this.#doubtful ||= mtimeNs !== this.#mtime
      if (this.#at === 0 && this.#doubtful) {
        this.#mtime = mtimeNs
        this.emptyAt = this.#readAt
        return 'emptied'
      }
    }
    if (this.#size < this.#at) return 'truncated'
    if (this.#size > this.#at) return 'more'
    if (mtimeNs === this.#mtime) {
      this.#readAt = this.#lookedAt
      return 'nothing'
    }
    // The file was written to and has the same length: it may have been replaced by bytes of the same length.
    const before = this.#remembered
    const now = Buffer.alloc(before.length)
    fs.readSync(this.#fd, now, 0, now.length, this.#at - now.length)
    this.#mtime = mtimeNs
    return now.equals(before) ? 'nothing' : 'truncated'
  }

  /** Whether nothing has happened to the file since it was found to be emptied. */
  isEmptyStill(): boolean {
    const { size, mtimeNs } = this.stat()
    return size === 0n && mtimeNs === this.#mtime
  }

  /** Called when it is known what an emptied file had meanwhile. */
  settle(): void {
    this.#doubtful = false
    this.#readAt = this.#lookedAt
  }

  /** Reads the next blocks, after `look` has found that there is more, and adds their lines. */
  read(lines: Line[]): Found | Promise<Found> {
    const end = Math.min(this.#size, this.#at + BATCH)
    let found: Found | undefined
    while (this.#at < end) {
      const overlap = this.#remembered.length
      const block = memory(overlap + Math.min(BLOCK, this.#size - this.#at))
      if (readsCached && native.readCachedFile(block, this.#fd, this.#at - overlap)) {
        const taken = this.#take(block, block.length, lines)
        // The next look finds a truncation again, and what was read before it comes first.
        if (taken !== 'more') return found ?? taken
        found = taken
      } else {
        return found ?? this.#readSlowly(block, overlap, lines)
      }
    }
    return found ?? 'nothing'
  }

  /** Reads a block that may have to come from a disk. */
  #readSlowly(block: Buffer, overlap: number, lines: Line[]): Found | Promise<Found> {
    if (this.#size - this.#at <= BACKLOG) {
      return this.#take(block, this.#readSync(block, overlap), lines)
    }
    const own = allocate(block.length)
    return this.#readLater(own, overlap).then((read) => this.#take(own, read, lines))
  }

  #readSync(block: Buffer, overlap: number): number {
    return fs.readSync(this.#fd, block, 0, block.length, this.#at - overlap)
  }

  #readLater(block: Buffer, overlap: number): Promise<number> {
    this.#reading = true
    return new Promise((resolve, reject) => {
      fs.read(this.#fd, block, 0, block.length, this.#at - overlap, (error, read) => {
        this.#reading = false
        if (this.#closed) this.#closeNow()
        if (error === null) resolve(read)
        else reject(error)
      })
    })
  }

  /** Takes a block that was read: it begins with the remembered bytes, followed by new ones. */
  #take(block: Buffer, read: number, lines: Line[]): Found {
    const before = this.#remembered
    const overlap = before.length
    if (read < overlap || before.compare(block, 0, overlap) !== 0) {
      if (read < overlap || !allZeros(block.subarray(0, overlap))) return 'truncated'
      // The writer goes on at its old offset, behind a hole.
      this.splitter.restart(this.#at)
      this.#skipsZeros = true
    }
    const fresh = block.subarray(overlap, this.#withoutPadding(block, overlap, read))
    if (fresh.length === 0) return 'nothing'
    if (this.#at === 0) {
      this.head = Buffer.from(fresh.subarray(0, HEAD))
      this.emptyAt = this.#readAt
      this.#doubtful = false
    }
    this.#readAt = this.#lookedAt
    this.#at += fresh.length
    const end = overlap + fresh.length
    this.#remembered = Buffer.from(block.subarray(Math.max(0, end - REMEMBERED), end))
    this.splitter.take(this.#skipsZeros ? this.#skipZeros(fresh) : fresh, lines)
    return 'more'
  }

  /**
   * Where the bytes of a block end that were written. A file may be made longer before its bytes are written: zeros
   * up to the end of the file are not read, because the writer will write there.
   */
  #withoutPadding(block: Buffer, overlap: number, read: number): number {
    if (read === overlap || block[read - 1] !== 0 || this.#at + read - overlap <= this.#holeEnd) {
      return read
    }
    const end = overlap + contentOf(block.subarray(overlap, read))
    // What comes behind the zeros is looked for when they are the next bytes.
    if (end > overlap) return end
    this.#holeEnd = endOfZeros(this.#fd, this.#at, this.#size)
    return this.#holeEnd === this.#at ? overlap : read
  }

  #skipZeros(block: Buffer): Buffer {
    const first = zerosOf(block)
    if (first === block.length) {
      this.#leap()
      this.splitter.restart(this.#at)
      return block.subarray(block.length)
    }
    this.#skipsZeros = false
    const start = this.#at - block.length + first
    this.splitter.restart(start)
    return block.subarray(first)
  }

  /**
   * Goes to the end of a hole. What the writer has written lies where this file was read to before, or behind that.
   */
  #leap(): void {
    const target = Math.min(this.#before, this.#size)
    if (target <= this.#at) return
    const size = Math.min(REMEMBERED, target)
    const bytes = Buffer.alloc(size)
    const read = fs.readSync(this.#fd, bytes, 0, size, target - size)
    if (read === size && allZeros(bytes)) this.#at = target
  }

  /** Reads from the start again: the file was truncated. */
  restart(): void {
    this.#before = this.#at
    this.#at = 0
    this.#remembered = Buffer.alloc(0)
    this.#skipsZeros = true
    this.#holeEnd = 0
    this.#doubtful = true
    this.splitter = new Splitter(0)
  }

  /** Closes the descriptor, once nothing reads from it. */
  close(): void {
    if (this.#closed) return
    this.#closed = true
    if (!this.#reading) this.#closeNow()
  }

  #closeNow(): void {
    try {
      fs.closeSync(this.#fd)
    } catch {
      // An error is ignored: everything was read, and the descriptor is closed whatever the system says.
    }
  }
}
