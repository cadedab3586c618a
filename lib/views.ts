/**
 * Views: `ArrayBuffer`s over the map's own memory, without a copy.
 *
 * Each keeps its memory until it is collected, whatever happens to the map. A view is detached only when the user asks
 * for it: otherwise an fs.write or a zlib call in flight would read freed memory, or write a short file and report
 * success. The views of a read-only map show a private second mapping of the file, so that a write to them changes
 * nothing else.
 */

import { Buffer, constants } from 'node:buffer'
import { types } from 'node:util'
import { integer, optionalInteger, received } from './arguments.js'
import { externalBuffers } from './epoch.js'
import { fromNative, invalidType, outOfRange, unreadable, unsupported } from './errors.js'
import { isPrototypeOf } from './intrinsics.js'
import { native } from './native.js'
import type { Region } from './region.js'

/** A class of array that can lie over an `ArrayBuffer`. */
export interface ViewConstructor<V extends ArrayBufferView> {
  new (buffer: ArrayBuffer, byteOffset?: number, length?: number): V
}

const TypedArray = Object.getPrototypeOf(Uint8Array) as object

/** An array of each kind. With them the classes of other realms are recognized. */
const PROBES: readonly ArrayBufferView[] = [new Uint8Array(0), new DataView(new ArrayBuffer(0))]

/** The size of an element in bytes; undefined for a value that is not a class of arrays. */
function elementSize(constructor: unknown): number | undefined {
  if (typeof constructor !== 'function') return undefined
  if (!isPrototypeOf.call(TypedArray, constructor)) {
    if (constructor === DataView || isPrototypeOf.call(DataView, constructor)) return 1
    const probe = foreign(constructor)
    if (probe === undefined) return undefined
    if (types.isDataView(probe)) return 1
  }
  const size: unknown = (constructor as { BYTES_PER_ELEMENT?: unknown }).BYTES_PER_ELEMENT
  return typeof size === 'number' && Number.isInteger(size) && size > 0 ? size : undefined
}

/**
 * The kind of arrays that a class of another realm makes. Such a class inherits from none of this realm, but it
 * inherits a getter that reads the buffer of a typed array, or that of a `DataView`, and throws for everything else.
 */
function foreign(constructor: object): ArrayBufferView | undefined {
  for (
    let one: unknown = constructor;
    typeof one === 'function' && !types.isProxy(one);
    one = Object.getPrototypeOf(one)
  ) {
    const prototype: unknown = Object.getOwnPropertyDescriptor(one, 'prototype')?.value
    if (typeof prototype !== 'object' || prototype === null || types.isProxy(prototype)) continue
    const buffer = Object.getOwnPropertyDescriptor(prototype, 'buffer')?.get
    if (buffer === undefined) continue
    return PROBES.find((probe) => {
      try {
        return buffer.call(probe) === probe.buffer
      } catch {
        return false
      }
    })
  }
  return undefined
}

/** How many bytes `length` elements from `from` are. Checks that they lie in the map. */
function checkedCount(
  region: Region,
  from: number,
  name: string,
  length: unknown,
  size: number,
  form: string,
): number {
  const given = length === undefined ? undefined : integer(length, 'length', form)
  region.checkOpen()
  if (!region.readable) throw unreadable(region.path)
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
  return count
}

const SHARED_BUFFER = 'sharedBuffer(offset?, length?)'

/** The map's memory as a `SharedArrayBuffer`, where the runtime can have one. */
export function sharedBuffer(region: Region, offset: unknown, length: unknown): SharedArrayBuffer {
  if (!native.sharesBuffers()) {
    throw unsupported(
      'sharedBuffer()',
      'by this runtime, which has no node_api_create_external_sharedarraybuffer',
    )
  }
  const from = optionalInteger(offset, 'offset', 0, SHARED_BUFFER)
  const count = checkedCount(region, from, 'offset', length, 1, SHARED_BUFFER)
  if (count === 0) return new SharedArrayBuffer(0)
  try {
    return native.sharedBuffer(region.handle, from, count)
  } catch (error) {
    throw fromNative(error, region.path)
  }
}

/** The views of one map. */
export class Views {
  readonly #region: Region
  /** Live `ArrayBuffer`s by the range that they cover, for a second view of the same range. */
  readonly #byRange = new Map<string, WeakRef<ArrayBuffer>>()
  /** All live `ArrayBuffer`s, for `detach`. */
  readonly #all = new Set<WeakRef<ArrayBuffer>>()

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

  /** The memory of `length` elements from `offset`, as an `ArrayBuffer` of its own. */
  #bytes(offset: unknown, name: string, length: unknown, size: number): ArrayBuffer {
    const form = name === 'offset' ? 'view(offset?, length?)' : 'view(Class, byteOffset?, length?)'
    const from = optionalInteger(offset, name, 0, form)
    const count = checkedCount(this.#region, from, name, length, size, form)
    return this.#buffer(from, count)
  }

  #buffer(from: number, count: number): ArrayBuffer {
    if (count === 0) return new ArrayBuffer(0)
    const range = `${from}:${count}`
    const live = this.#byRange.get(range)?.deref()
    // An `ArrayBuffer` whose length is 0 was transferred to another thread.
    if (live !== undefined && live.byteLength !== 0) return live
    this.#prune()
    const region = this.#region
    let buffer: ArrayBuffer
    try {
      buffer = native.view(region.handle, from, count)
    } catch (error) {
      throw fromNative(error, region.path)
    }
    const reference = new WeakRef(buffer)
    this.#byRange.set(range, reference)
    this.#all.add(reference)
    return buffer
  }

  /** Removes the entries of collected views, whenever the number of entries has doubled. */
  #pruneAt = 64
  #prune(): void {
    if (this.#all.size < this.#pruneAt) return
    for (const [range, reference] of this.#byRange) {
      if (reference.deref() === undefined) this.#byRange.delete(range)
    }
    for (const reference of this.#all)
      if (reference.deref() === undefined) this.#all.delete(reference)
    this.#pruneAt = Math.max(64, this.#all.size * 2)
  }

  /** Makes later views new ones, since a resize may have mapped other memory. */
  forget(): void {
    this.#byRange.clear()
  }

  /** Detaches all live views. */
  detach(): void {
    for (const reference of this.#all) {
      const buffer = reference.deref()
      if (buffer !== undefined) native.detach(this.#region.handle, buffer)
    }
    this.#all.clear()
    this.forget()
  }
}

/** What hands out the views of a new map. */
export const viewsOf = (region: Region): Views => new Views(region)
