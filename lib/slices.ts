/** Access by index and by slice, and Python's arithmetic of both. */

import { bytes, byteLength, integer, optionalInteger } from './arguments.js'
import { closed, invalidType, outOfRange, unreadable } from './errors.js'
import { end, iteratorPrototype, type Step } from './iterators.js'
import { native, quick } from './native.js'
import { epoch, type Region } from './region.js'
import { allocate, copyFew, newArrayBuffer, readLarge, readSmall, SMALL } from './slab.js'

/** Python's clamping of a bound: negative counts from the end, and what lies outside is cut off. */
export function clamp(bound: number, length: number): number {
  const from = bound < 0 ? bound + length : bound
  return from < 0 ? 0 : from > length ? length : from
}

/** Up to so many bytes are copied one by one from the window: a call of a native takes as long. */
const FEW = 32

/** A copy of `count` bytes from `from`, which lie inside the map. */
export function copyOut(region: Region, from: number, count: number): Buffer {
  if (count > SMALL) return readLarge(region, from, count)
  if (count > FEW) return readSmall(region, from, count)
  const at = from - region.windowStart
  if (at < 0 || at + count > region.window.length) {
    region.missed(from, false)
    return readSmall(region, from, count)
  }
  const copy = copyFew(region.window, at, count)
  if (Atomics.load(epoch, 0) !== region.epoch) region.checkWhole()
  return copy
}

/** Writes `count` bytes to `to`; the range lies inside the map, which is writable. */
export function copyIn(region: Region, to: number, source: Uint8Array, count: number): void {
  const at = to - region.windowStart
  if (at >= 0 && count <= SMALL && at + count <= region.writableWindow.length) {
    region.writableWindow.set(source, at)
    if (Atomics.load(epoch, 0) !== region.epoch) region.checkWhole()
  } else if (count > 0) {
    region.missed(to, true)
    region.answered(quick.copyIn(source, region.handle, to, 0, count))
  }
}

function position(index: number, length: number): number {
  const at = index < 0 ? index + length : index
  if (at < 0 || at >= length) throw outOfRange('mmap index out of range')
  return at
}

function itemIndex(index: unknown): number {
  if (typeof index !== 'number' || !Number.isInteger(index)) {
    throw invalidType('mmap indices must be integers')
  }
  return index
}

/** `m[i]`, when the index is negative, outside the window, or wrong. */
export function get(region: Region, index: unknown): number {
  const item = itemIndex(index)
  region.checkReadable()
  return peek(region, position(item, region.length), false)
}

/** The byte at an index inside the map. */
export function peek(region: Region, at: number, sequential: boolean): number {
  region.missed(at, sequential)
  return region.answered(quick.peek(region.handle, at))
}

/** `m[i] = v` in Python's own order of checks: closed, read-only, index, value. */
export function set(region: Region, index: unknown, value: unknown): void {
  region.checkWritable()
  const at = position(itemIndex(index), region.length)
  if (typeof value !== 'number' || !Number.isInteger(value)) {
    throw invalidType('mmap item value must be an int')
  }
  if (value < 0 || value > 255) throw outOfRange('mmap item value must be in range(0, 256)')
  poke(region, at, value, false)
}

/** Writes a byte at an index inside the map. */
export function poke(region: Region, at: number, value: number, sequential: boolean): void {
  region.missed(at, sequential)
  region.answered(quick.poke(region.handle, at, value))
}

/** The first index and the number of the bytes of a slice. */
interface Slice {
  readonly start: number
  readonly count: number
}

const bound = (value: unknown, name: string): number | undefined =>
  optionalInteger(value, name, undefined)

/** Python's `PySlice_AdjustIndices`. */
function adjust(
  from: number | undefined,
  to: number | undefined,
  step: number,
  length: number,
): Slice {
  if (step === 0) throw outOfRange('slice step cannot be zero')
  if (step > 0) {
    const start = clamp(from ?? 0, length)
    const stop = clamp(to ?? length, length)
    return { start, count: stop > start ? Math.ceil((stop - start) / step) : 0 }
  }
  // Going down, the bounds are -1, before the first byte, to length - 1.
  const start = from === undefined ? length - 1 : clampDown(from, length)
  const stop = to === undefined ? -1 : clampDown(to, length)
  return { start, count: stop < start ? Math.ceil((start - stop) / -step) : 0 }
}

function clampDown(bound: number, length: number): number {
  const from = bound < 0 ? bound + length : bound
  return from < 0 ? -1 : from >= length ? length - 1 : from
}

/** `m[a:b:c]`: a copy. */
export function slice(region: Region, start: unknown, stop: unknown, step: unknown): Buffer {
  const first = bound(start, 'start')
  const last = bound(stop, 'stop')
  const by = optionalInteger(step, 'step', 1)
  region.checkReadable()
  const { start: from, count } = adjust(first, last, by, region.length)
  if (by === 1 || count <= 1) return count === 0 ? Buffer.alloc(0) : copyOut(region, from, count)
  const copy = allocate(count)
  region.answered(native.strideOut(copy, region.handle, from, by, count))
  return copy
}

/** `m[a:b:c] = bytes` in Python's own order of checks: closed, read-only, bounds, bytes, their length. */
export function setSlice(
  region: Region,
  value: unknown,
  start: unknown,
  stop: unknown,
  step: unknown,
): void {
  region.checkWritable()
  const first = bound(start, 'start')
  const last = bound(stop, 'stop')
  const by = optionalInteger(step, 'step', 1)
  const { start: from, count } = adjust(first, last, by, region.length)
  const source = bytes(value, 'bytes')
  if (byteLength(source) !== count) throw outOfRange('mmap slice assignment is wrong size')
  if (by === 1 || count <= 1) {
    copyIn(region, from, source, count)
  } else {
    region.answered(native.strideIn(source, region.handle, from, by, count))
  }
}

/** An `ArrayBuffer` with a copy of the bytes between two bounds, which are clamped as a slice's. */
export function arrayBuffer(region: Region, start: unknown, end: unknown): ArrayBuffer {
  const from = bound(start, 'start')
  const to = bound(end, 'end')
  region.checkReadable()
  const { start: first, count } = adjust(from, to, 1, region.length)
  const copy = new Uint8Array(newArrayBuffer(count))
  if (count > 0) region.answered(quick.copyOut(copy, region.handle, first, 0, count))
  return copy.buffer
}

/** Python's `move`: a memmove inside the map. */
export function move(region: Region, dest: unknown, src: unknown, count: unknown): void {
  const to = integer(dest, 'dest')
  const from = integer(src, 'src')
  const length = integer(count, 'count')
  region.checkWritable()
  if (!region.readable) throw unreadable()
  if (
    to < 0 ||
    from < 0 ||
    length < 0 ||
    region.length - to < length ||
    region.length - from < length
  ) {
    throw outOfRange('source, destination, or count out of range')
  }
  region.answered(quick.move(region.handle, to, from, length))
}

/** The byte values, live: each step looks at the map as it is then. */
export function iterate(region: Region): IterableIterator<number> {
  return new Values(region)
}

/** The index of an iteration that has ended: no window has it, and it is an integer as the others. */
const ENDED = -1

class Values implements IterableIterator<number> {
  readonly #region: Region
  #at = 0

  constructor(region: Region) {
    this.#region = region
  }

  [Symbol.iterator](): this {
    return this
  }

  next(): Step<number> {
    const region = this.#region
    const at = this.#at
    let value = region.window[at - region.windowStart]
    if (value === undefined || Atomics.load(epoch, 0) !== region.epoch) value = this.#peek()
    this.#at = value === undefined ? ENDED : at + 1
    return { done: value === undefined, value } as Step<number>
  }

  return(): Step<never> {
    this.#at = ENDED
    return end()
  }

  /** The value that the window misses; undefined at the end. */
  #peek(): number | undefined {
    const region = this.#region
    const at = this.#at
    // An error ends the iteration.
    this.#at = ENDED
    if (at === ENDED) return undefined
    if (region.handle === 0) throw closed()
    if (at >= region.length) return undefined
    region.checkReadable()
    return peek(region, at, true)
  }
}
Object.setPrototypeOf(Values.prototype, iteratorPrototype)
