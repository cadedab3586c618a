/**
 * The state that the topics share: the map's handle, length and position, and the window over its bytes.
 *
 * The window is a private `Uint8Array` over at most 16 MiB of the map, never handed out, so that a small
 * access is a typed array's load or store and no call. It is empty when the map is closed, has faulted, or
 * can't be read: every fast path misses then and comes to the checks here.
 */

import { closed, fault, readOnly, unreadable } from './errors.js'
import { type FaultReason, type Handle, native, quick, type Touched } from './native.js'
import { ACCESS_COPY, ACCESS_READ } from './constants.js'

const NO_BYTES = new Uint8Array(0)

/** Bun's allocator slows with a larger live buffer, and Node 20 and Bun cap one at 4 GiB. */
const WINDOW = 16 * 1024 * 1024

/** Small accesses to one block, in a row, that pay for moving the window to it. */
const PATIENCE = 64

/** The bits of `native.protection`. */
const ACCESS = 3
const READABLE = 4
const ANONYMOUS = 8

/** Counts the faults that the process has survived; undefined where external buffers are forbidden. */
const sharedEpoch = ((): Int32Array | undefined => {
  try {
    return new Int32Array(native.epoch())
  } catch {
    return undefined
  }
})()

/** Whether the runtime allows buffers over memory that is not its own. */
export const externalBuffers: boolean = sharedEpoch !== undefined

/**
 * The count of faults, in element 0. A fast path compares it with its region's after the access, as a load
 * that faults changes the count before it returns. Where it can't be shared, no region's ever equals it,
 * so that each check asks the addon.
 */
export const epoch: Int32Array = sharedEpoch ?? new Int32Array(1)

const collected = new FinalizationRegistry<Handle>((handle) => native.close(handle))

export class Region {
  handle: Handle
  length: number
  /** The length, or -1 once the map is closed: what an iterator compares to see that neither has happened. */
  extent: number
  position = 0
  readonly offset: number
  readonly tracked: boolean
  readonly path: string | undefined
  /** The access that is remembered, which decides what may be written: not always the one asked for. */
  readonly access: number
  readonly readable: boolean
  readonly anonymous: boolean
  /** The bytes of the map from `windowStart`. */
  window: Uint8Array = NO_BYTES
  /** The window, when the map is writable. */
  writableWindow: Uint8Array = NO_BYTES
  windowStart = 0
  /** The epoch at which the map was last known to be whole. */
  epoch: number
  /** Why a page was missing, once one was. */
  faulted: FaultReason | undefined = undefined
  /** Promises of this map that have not settled: they refuse a resize, and a close rejects them. */
  readonly pending: Set<{ reject(error: unknown): void }> = new Set()
  /** Searches that have ended, but for what is still on the threadpool and may be reading a block. */
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
    this.epoch = externalBuffers ? Atomics.load(epoch, 0) : Number.NaN
    collected.register(this, handle, this)
  }

  get writable(): boolean {
    return this.access !== ACCESS_READ
  }

  /** Whether writes reach the file: what flush and resize ask. */
  get writesThrough(): boolean {
    return this.access !== ACCESS_READ && this.access !== ACCESS_COPY
  }

  /** Python's CHECK_VALID. */
  checkOpen(): void {
    if (this.handle === 0) throw closed()
  }

  /** Open, and its bytes can be read: what every member asks that reads. */
  checkReadable(): void {
    this.checkAccess()
    this.checkWhole()
  }

  /** The same for a member whose native will answer whether the map is whole. */
  checkAccess(): void {
    this.checkOpen()
    if (!this.readable) throw unreadable()
  }

  /** Open, and its bytes can be written: what every member asks that writes. */
  checkWritable(): void {
    this.checkOpen()
    if (!this.writable) throw readOnly()
    this.checkWhole()
  }

  /** No page of the map was ever missing. */
  checkWhole(): void {
    if (Atomics.load(epoch, 0) !== this.epoch) this.#askForFault()
    if (this.faulted !== undefined) throw this.#fault(this.faulted)
  }

  /**
   * What an iterator asks before it ends: that the last page of `[start, end)` is there. What it gave may be from
   * long before, copied or found together with what came first.
   */
  checkEnd(start: number, end: number): void {
    if (end > start) this.answered(quick.peek(this.handle, end - 1))
  }

  /** The answer of a native that touched bytes, or the error when a page was missing. */
  answered(answer: Touched): number {
    // NaN is the one number that does not equal itself.
    if (answer === answer) return answer
    throw this.fault()
  }

  /** The error of a page that was missing. */
  fault(): Error {
    this.#askForFault()
    return this.#fault(this.faulted ?? 'unknown')
  }

  #askForFault(): void {
    // Read before the question: a fault that comes after it changes the epoch again.
    const now = Atomics.load(epoch, 0)
    this.faulted = native.fault(this.handle)
    if (this.faulted !== undefined) this.#forgetWindow()
    else if (externalBuffers) this.epoch = now
  }

  #fault(reason: FaultReason): Error {
    let size: number | undefined
    try {
      if (!this.anonymous) size = native.fileSize(this.handle)
    } catch {
      // The descriptor is not tracked, or the file system is gone: the size is unknown.
    }
    return fault(reason, this.path, size)
  }

  /**
   * Called when a small access at `index` has missed the window. `sequential`: it follows the position, which
   * the window does too. A random one goes to the window only when it covers the same block.
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
    // The first window is made on the second small access: a map that is read once needs none.
    if (this.#misses < (whole ? 2 : PATIENCE) || !(whole || sequential)) return
    this.#misses = 0
    const start = block * WINDOW
    const length = Math.min(WINDOW, this.length - start)
    this.#forgetWindow()
    try {
      this.window = new Uint8Array(native.window(this.handle, start, length))
    } catch {
      // No room for another buffer: the natives go on without.
      return
    }
    this.windowStart = start
    if (this.writable) this.writableWindow = this.window
  }

  #forgetWindow(): void {
    this.window = NO_BYTES
    this.writableWindow = NO_BYTES
    this.windowStart = 0
  }

  /**
   * Gives the map another length; the addon has detached the window. When `resize` throws, the map is as it was;
   * on Windows it may have lost its memory on the way, and is closed then, as Python's is.
   */
  remapped(resize: () => number): void {
    this.#forgetWindow()
    try {
      this.length = resize()
      this.extent = this.length
    } catch (error) {
      if (native.length(this.handle) === 0) this.close()
      throw error
    }
    // The memory may be another one now, without the pages that were missing.
    this.faulted = undefined
    this.#askForFault()
  }

  close(): void {
    const handle = this.handle
    if (handle === 0) return
    this.handle = 0
    this.extent = -1
    this.#forgetWindow()
    collected.unregister(this)
    for (const promise of this.pending) promise.reject(closed())
    native.close(handle)
  }
}
