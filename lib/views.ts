/**
 * Views: `ArrayBuffer`s over the map's own memory, without a copy.
 *
 * Each keeps its memory until it is collected, whatever becomes of the map, and is never detached behind
 * the user's back: an fs.write or a zlib call in flight would read freed memory, or write a short file and
 * call it success. A view of a read-only map shows a private twin of it, so that a stray write changes
 * nothing but that view.
 */

import { constants } from 'node:buffer'
import { integer, received } from './arguments.js'
import { fromNative, invalidType, outOfRange, unreadable, unsupported } from './errors.js'
import { native } from './native.js'
import { externalBuffers, type Region } from './region.js'

/** A class of array that can lie over an `ArrayBuffer`. */
export interface ViewConstructor<V extends ArrayBufferView> {
  new (buffer: ArrayBuffer, byteOffset?: number, length?: number): V
}

const TypedArray = Object.getPrototypeOf(Uint8Array) as object

/** A number for each view of this thread, by which the addon knows it. */
let lastId = 0

/** The size of an element in bytes; undefined for what is no class of arrays. */
function elementSize(constructor: unknown): number | undefined {
  if (typeof constructor !== 'function') return undefined
  if (constructor === DataView || Object.prototype.isPrototypeOf.call(DataView, constructor))
    return 1
  if (!Object.prototype.isPrototypeOf.call(TypedArray, constructor)) return undefined
  const size: unknown = (constructor as { BYTES_PER_ELEMENT?: unknown }).BYTES_PER_ELEMENT
  return typeof size === 'number' && Number.isInteger(size) && size > 0 ? size : undefined
}

/** The views of one map. */
export class Views {
  readonly #region: Region
  /** Live `ArrayBuffer`s by the range that they cover, for a second view of the same range. */
  readonly #byRange = new Map<string, WeakRef<ArrayBuffer>>()
  /** All that were made, for a detach. */
  readonly #byId = new Map<number, WeakRef<ArrayBuffer>>()

  constructor(region: Region) {
    this.#region = region
  }

  view(first: unknown, second: unknown, third: unknown): ArrayBufferView {
    if (!externalBuffers)
      throw unsupported('view()', 'where buffers over foreign memory are forbidden')
    return typeof first === 'function'
      ? this.#typed(first, second, third)
      : Buffer.from(this.#bytes(first, 'offset', second, 1))
  }

  #typed(constructor: unknown, byteOffset: unknown, length: unknown): ArrayBufferView {
    const size = elementSize(constructor)
    if (size === undefined) {
      throw invalidType(
        `The "Constructor" argument must be a class of TypedArray or DataView. Received ${received(constructor)}`,
      )
    }
    const buffer = this.#bytes(byteOffset, 'byteOffset', length, size)
    if (constructor === Buffer) return Buffer.from(buffer)
    return new (constructor as ViewConstructor<ArrayBufferView>)(buffer)
  }

  /** The memory of `length` elements from `offset`, in its own `ArrayBuffer`. */
  #bytes(offset: unknown, name: string, length: unknown, size: number): ArrayBuffer {
    const region = this.#region
    const from = offset === undefined ? 0 : integer(offset, name)
    const given = length === undefined ? undefined : integer(length, 'length')
    region.checkOpen()
    if (!region.readable) throw unreadable()
    region.checkWhole()
    const count = given === undefined ? region.length - from : given * size
    if (from < 0 || from > region.length || count < 0 || count > region.length - from) {
      const asked =
        given === undefined ? '' : ` of ${given} ${size === 1 ? 'bytes' : `times ${size} bytes`}`
      throw outOfRange(`a view${asked} from ${from} does not fit into ${region.length} bytes`)
    }
    if (from % size !== 0) {
      const below = from - (from % size)
      throw outOfRange(
        `${name} ${from} is not a multiple of ${size}; the nearest are ${below} and ${below + size}`,
      )
    }
    if (count % size !== 0) {
      throw outOfRange(
        `the ${count} bytes from ${from} are no whole number of elements of ${size} bytes: ` +
          `pass a length, at most ${Math.floor(count / size)}`,
      )
    }
    if (count > constants.MAX_LENGTH) {
      throw outOfRange(
        `a view of ${count} bytes is larger than buffer.constants.MAX_LENGTH, ${constants.MAX_LENGTH}`,
      )
    }
    return this.#buffer(from, count)
  }

  #buffer(from: number, count: number): ArrayBuffer {
    if (count === 0) return new ArrayBuffer(0)
    const range = `${from}:${count}`
    const live = this.#byRange.get(range)?.deref()
    // One whose length is 0 was transferred away.
    if (live !== undefined && live.byteLength !== 0) return live
    this.#prune()
    const region = this.#region
    lastId += 1
    let buffer: ArrayBuffer
    try {
      buffer = native.view(region.handle, from, count, lastId)
    } catch (error) {
      throw fromNative(error, region.path)
    }
    const reference = new WeakRef(buffer)
    this.#byRange.set(range, reference)
    this.#byId.set(lastId, reference)
    return buffer
  }

  /** Forgets the collected ones, each time that the number has doubled. */
  #pruneAt = 64
  #prune(): void {
    if (this.#byId.size < this.#pruneAt) return
    for (const map of [this.#byRange, this.#byId] as Map<unknown, WeakRef<ArrayBuffer>>[]) {
      for (const [key, reference] of map) if (reference.deref() === undefined) map.delete(key)
    }
    this.#pruneAt = Math.max(64, this.#byId.size * 2)
  }

  /** Makes the next view of each range a new one: the memory is another one after a resize. */
  forget(): void {
    this.#byRange.clear()
  }

  /** Takes all live views away. */
  detach(): void {
    for (const [id, reference] of this.#byId) {
      const buffer = reference.deref()
      if (buffer !== undefined && buffer.byteLength !== 0) {
        native.detach(this.#region.handle, id, buffer)
      }
    }
    this.#byId.clear()
    this.forget()
  }
}
