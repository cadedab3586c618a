/**
 * The state that the topics share: the map's handle, length and position, and the window over its bytes.
 *
 * The window is a private `Uint8Array` over at most 16 MiB of the map. It is never handed out. With it a small access
 * is a load or store of a typed array, and not a call of the addon. The window is empty when the map is closed, has
 * faulted or can't be read: then no index is in it, and every access goes on to the checks in this file.
 */

import { epoch, externalBuffers } from './epoch.js'
import { closed, fault, lostBytes, readOnly, unreadable } from './errors.js'
import { load, register, unregister } from './intrinsics.js'
import { type FaultReason, type Handle, native, quick, type Touched } from './native.js'
import { ACCESS_COPY, ACCESS_READ } from './constants.js'

const NO_BYTES = new Uint8Array(0)

/** A larger buffer slows down Bun's allocator while it lives, and Node 20 and Bun allow at most 4 GiB. */
const WINDOW = 16 * 1024 * 1024

/** The window moves to a block after this many small accesses to it in a row. */
const PATIENCE = 64

/** The bits of `native.protection`. */
const ACCESS = 3
const READABLE = 4
const ANONYMOUS = 8

/**
 * Called after the facade has read the caller's bytes, and before it uses them: they may be a view that has lost a
 * page. Where the runtime has no views, there is nothing to check.
 */
export function checkGiven(given: Uint8Array): void {
  if (load(epoch, 0) === 0) return
  const reason = native.lost(given)
  if (reason !== undefined) throw lostBytes(reason)
}

/** A copy of the caller's bytes, which may change or vanish later. */
export function copyGiven(given: Uint8Array): Uint8Array {
  const copy = new Uint8Array(given)
  checkGiven(given)
  return copy
}

const collected = new FinalizationRegistry<Handle>((handle) => native.close(handle))

export class Region {
  handle: Handle
  length: number
  /** The length, or -1 once the map is closed. An iterator compares it to notice a resize or a close. */
  extent: number
  position = 0
  readonly offset: number
  readonly tracked: boolean
  readonly path: string | undefined
  /** The access that decides what may be written. It is not always the one asked for. */
  readonly access: number
  readonly readable: boolean
  readonly anonymous: boolean
  /** The bytes of the map from `windowStart`. */
  window: Uint8Array = NO_BYTES
  windowLength = 0
  /** The window, when the map is writable. */
  writableWindow: Uint8Array = NO_BYTES
  windowStart = 0
  /** The epoch at which it was last known that no page of the map is missing. */
  epoch: number
  /** Why a page was missing, if one was. */
  faulted: FaultReason | undefined = undefined
  /** Promises of this map that have not settled. While there are some, a resize fails; a close rejects them. */
  readonly pending: Set<{ reject(error: unknown): void }> = new Set()
  /** Searches that have ended, although a part of them on the threadpool may still be reading a block. */
  readonly ending: Set<{ join(): void }> = new Set()
  #block = -1
  #misses = 0

  constructor(handle: Handle, offset: number, tracked: boolean, path?: string) {
    const protection = native.protection(handle)
    this.handle = handle
    this.length = native.length(handle)
    this.extent = this.length
    this.offset = offset
    this.tracked = tracked
    this.path = path
    this.access = protection & ACCESS
    this.readable = (protection & READABLE) !== 0
    this.anonymous = (protection & ANONYMOUS) !== 0
    this.epoch = externalBuffers ? load(epoch, 0) : Number.NaN
    register.call(collected, this, handle, this)
  }

  get writable(): boolean {
    return this.access !== ACCESS_READ
  }

  /** Whether writes reach the file, on which flush and resize depend. */
  get writesThrough(): boolean {
    return this.access !== ACCESS_READ && this.access !== ACCESS_COPY
  }

  /** Checks that the map is open: Python's CHECK_VALID. */
  checkOpen(): void {
    if (this.handle === 0) throw closed(this.path)
  }

  /** Checks that the map is open and that its bytes can be read. Every member that reads calls this. */
  checkReadable(): void {
    this.checkAccess()
    this.checkWhole()
  }

  /** The same for a member whose native answers whether a page is missing. */
  checkAccess(): void {
    this.checkOpen()
    if (!this.readable) throw unreadable(this.path)
  }

  /** Checks that the map is open and that its bytes can be written. Every member that writes calls this. */
  checkWritable(): void {
    this.checkOpen()
    if (!this.writable) throw readOnly(this.path)
    this.checkWhole()
  }

  /** Checks that no page of the map was ever missing. */
  checkWhole(): void {
    if (load(epoch, 0) !== this.epoch) this.#askForFault()
    if (this.faulted !== undefined) throw this.#fault(this.faulted)
  }

  /**
   * Checks that the last page of `[start, end)` is there: before an iterator ends, whose last results may have been
   * copied or found long before in one batch with the first; and when the system has refused the range.
   */
  checkEnd(start: number, end: number): void {
    if (end > start) this.answered(quick.peek(this.handle, end - 1))
  }

  /** Returns the answer of a native that touched bytes; throws if a page was missing. */
  answered(answer: Touched, given?: Uint8Array): number {
    // NaN is the one number that does not equal itself.
    if (answer === answer) return answer
    throw this.fault(given)
  }

  /** The error for a page that was missing, of the map or of the caller's bytes. */
  fault(given?: Uint8Array): Error {
    this.#askForFault()
    if (this.faulted === undefined && given !== undefined) {
      const reason = native.lost(given)
      if (reason !== undefined) return lostBytes(reason)
    }
    return this.#fault(this.faulted ?? 'unknown')
  }

  /** The error for bytes that were asked for, and that the map does not have since it became shorter. */
  cut(): Error {
    return this.#fault('truncated')
  }

  #askForFault(): void {
    // Read before the addon is asked: a later fault changes the epoch again and is noticed.
    const now = load(epoch, 0)
    this.faulted = native.fault(this.handle)
    if (this.faulted !== undefined) this.#forgetWindow()
    else if (externalBuffers) this.epoch = now
  }

  #fault(reason: FaultReason): Error {
    let size: number | undefined
    try {
      if (!this.anonymous) size = native.fileSize(this.handle)
    } catch {
      // The size is unknown: the descriptor is not tracked, or the file system is gone.
    }
    return fault(reason, this.path, size)
  }

  /**
   * Called when a small access at `index` is outside of the window. A `sequential` access follows the position, and
   * the window moves with it. A random access moves the window only after several accesses to the same block.
   */
  missed(index: number, sequential: boolean): void {
    if (!externalBuffers || !this.readable || this.faulted !== undefined) return
    const block = Math.floor(index / WINDOW)
    if (block !== this.#block) {
      this.#block = block
      this.#misses = 0
    }
    this.#misses += 1
    const whole = this.length <= WINDOW
    // The first window is made on the second small access, since a map that is read once needs none.
    if (this.#misses < (whole ? 2 : PATIENCE) || !(whole || sequential)) return
    this.#misses = 0
    const start = block * WINDOW
    const length = Math.min(WINDOW, this.length - start)
    this.#forgetWindow()
    try {
      this.window = new Uint8Array(native.window(this.handle, start, length))
    } catch {
      // The runtime has no room for another buffer. Accesses go through the natives instead.
      return
    }
    this.windowStart = start
    this.windowLength = length
    if (this.writable) this.writableWindow = this.window
  }

  #forgetWindow(): void {
    this.window = NO_BYTES
    this.writableWindow = NO_BYTES
    this.windowStart = 0
    this.windowLength = 0
  }

  /**
   * Sets the new length of the map, after the addon has detached the window. When `resize` throws, the map is as it
   * was. Windows is the exception: there the memory may be lost, and the map is closed, as in Python.
   */
  remapped(resize: () => number): void {
    this.#forgetWindow()
    try {
      this.length = resize()
      this.extent = this.length
    } catch (error) {
      if (this.length > 0 && native.length(this.handle) === 0) this.close()
      throw error
    }
    // The memory may be a new mapping, in which no page was ever missing.
    this.faulted = undefined
    this.#askForFault()
  }

  close(): void {
    const handle = this.handle
    if (handle === 0) return
    this.handle = 0
    this.extent = -1
    this.#forgetWindow()
    unregister.call(collected, this)
    for (const promise of this.pending) promise.reject(closed(this.path))
    native.close(handle)
  }
}
