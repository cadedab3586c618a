/** Access by index and by slice, with Python's arithmetic. */

import { Buffer } from 'node:buffer'
import { bytes, integer, optionalInteger, received, target as intoMemory } from './arguments.js'
import { clamp } from './bounds.js'
import { epoch } from './epoch.js'
import { closed, invalidType, outOfRange, unreadable } from './errors.js'
import { byteLength, load, setBytes } from './intrinsics.js'
import { end, isIterator, type Step } from './iterators.js'
import { native, quick } from './native.js'
import { checkGiven, type Region } from './region.js'
import {
  allocate,
  copyFew,
  newArrayBuffer,
  type OwnBuffer,
  readLarge,
  readSmall,
  SMALL,
} from './slab.js'

/** Up to this many bytes are copied one by one from the window, since a native call takes longer. */
const FEW = 32

/** A copy of `count` bytes from `from`, which lie inside the map. */
export function copyOut(region: Region, from: number, count: number): OwnBuffer {
  if (count > SMALL) return readLarge(region, from, count)
  if (count > FEW) return readSmall(region, from, count)
  const at = from - region.windowStart
  if (at < 0 || at + count > region.windowLength) {
    region.missed(from, false)
    return readSmall(region, from, count)
  }
  const copy = copyFew(region.window, at, count)
  if (load(epoch, 0) !== region.epoch) region.checkWhole()
  return copy
}

/** The byte that `copyIn` has touched last. It is stored, so that no engine removes the load as unused. */
const touched = new Uint8Array(1)

/**
 * Writes `count` bytes to `to`. The range lies inside the map, and the map is writable. The window is used only while
 * the process has had no fault: after one, the addon has to check whether the bytes are a view that has lost a page.
 */
export function copyIn(region: Region, to: number, source: Uint8Array, count: number): void {
  const at = to - region.windowStart
  if (at >= 0 && count <= SMALL && count > 0 && at + count <= region.windowLength) {
    // The bytes lie in at most two pages, whose first touch is here. If one is missing, the count changes now, before
    // anything is written.
    touched[0] = (source[0] as number) ^ (source[count - 1] as number)
    if (load(epoch, 0) === 0) {
      setBytes.call(region.writableWindow, source, at)
      if (load(epoch, 0) === 0) return
      region.checkWhole()
      checkGiven(source)
      return
    }
  }
  if (count > 0) {
    region.missed(to, true)
    region.answered(quick.copyIn(source, region.handle, to, 0, count), source)
  }
}

function position(index: number, length: number): number {
  const at = index < 0 ? index + length : index
  if (at < 0 || at >= length) {
    throw outOfRange(`mmap index out of range: ${index} of ${length} bytes`)
  }
  return at
}

function itemIndex(index: unknown): number {
  if (typeof index !== 'number' || !Number.isInteger(index)) {
    throw invalidType(
      `mmap indices must be integers: received ${received(index)}; slice(start, stop) has the bytes of a range`,
    )
  }
  return index
}

/** `m[i]`, when the index is negative, outside of the window, or wrong. The checks have Python's order: closed first. */
export function get(region: Region, index: unknown): number {
  region.checkOpen()
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
    throw invalidType(`mmap item value must be an int: received ${received(value)}`)
  }
  if (value < 0 || value > 255) {
    throw outOfRange(`mmap item value must be in range(0, 256): received ${value}`)
  }
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

const bound = (value: unknown, name: string, form: string): number | undefined =>
  optionalInteger(value, name, undefined, form)

const SLICE = 'slice(start?, stop?, step?)'
const SET_SLICE = 'setSlice(bytes, start?, stop?, step?)'
const ARRAY_BUFFER = 'arrayBuffer(start?, end?)'

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
  // With a negative step the bounds go from length - 1 down to -1, which is before the first byte.
  const start = from === undefined ? length - 1 : clampDown(from, length)
  const stop = to === undefined ? -1 : clampDown(to, length)
  return { start, count: stop < start ? Math.ceil((start - stop) / -step) : 0 }
}

function clampDown(bound: number, length: number): number {
  const from = bound < 0 ? bound + length : bound
  return from < 0 ? -1 : from >= length ? length - 1 : from
}

/** `m[a:b:c]`: a copy, in Python's own order of checks, closed first. */
export function slice(region: Region, start: unknown, stop: unknown, step: unknown): OwnBuffer {
  region.checkOpen()
  const first = bound(start, 'start', SLICE)
  const last = bound(stop, 'stop', SLICE)
  const by = optionalInteger(step, 'step', 1, SLICE)
  region.checkReadable()
  const { start: from, count } = adjust(first, last, by, region.length)
  if (by === 1 || count <= 1) return count === 0 ? Buffer.alloc(0) : copyOut(region, from, count)
  const copy = allocate(count)
  region.answered(native.strideOut(copy, region.handle, from, by, count))
  return copy
}

const wrongSize = (given: number, count: number): Error =>
  outOfRange(`mmap slice assignment is wrong size: ${given} bytes for a slice of ${count}`)

/** `m[a:b:c] = bytes` in Python's own order of checks: closed, read-only, bounds, bytes, their length. */
export function setSlice(
  region: Region,
  value: unknown,
  start: unknown,
  stop: unknown,
  step: unknown,
): void {
  region.checkWritable()
  const first = bound(start, 'start', SET_SLICE)
  const last = bound(stop, 'stop', SET_SLICE)
  const by = optionalInteger(step, 'step', 1, SET_SLICE)
  const { start: from, count } = adjust(first, last, by, region.length)
  const source = bytes(value, 'bytes')
  const given = byteLength(source)
  if (given !== count) throw wrongSize(given, count)
  if (by === 1 || count <= 1) {
    copyIn(region, from, source, count)
  } else {
    region.answered(native.strideIn(source, region.handle, from, by, count), source)
  }
}

/** An `ArrayBuffer` with a copy of the bytes between two bounds, which are clamped as a slice's. */
export function arrayBuffer(region: Region, start: unknown, end: unknown): ArrayBuffer {
  const from = bound(start, 'start', ARRAY_BUFFER)
  const to = bound(end, 'end', ARRAY_BUFFER)
  region.checkReadable()
  const { start: first, count } = adjust(from, to, 1, region.length)
  const copy = new Uint8Array(newArrayBuffer(count))
  if (count > 0) region.answered(quick.copyOut(copy, region.handle, first, 0, count))
  return copy.buffer
}

const COPY_TO = 'copyTo(target, start?, end?)'

/** Fills the caller's memory from a range. Returns how many bytes that were. */
export function copyTo(region: Region, to: unknown, start: unknown, end: unknown): number {
  const from = bound(start, 'start', COPY_TO)
  const until = bound(end, 'end', COPY_TO)
  const memory = intoMemory(to, 'target')
  region.checkReadable()
  const { start: first, count } = adjust(from, until, 1, region.length)
  const copied = Math.min(count, byteLength(memory))
  if (copied === 0) return 0
  return region.answered(quick.copyOut(memory, region.handle, first, 0, copied), memory)
}

/** The range of a slice of step 1, with its bounds clamped as in Python. */
export function range(
  region: Region,
  from: number | undefined,
  until: number | undefined,
): { start: number; count: number } {
  return adjust(from, until, 1, region.length)
}

const MOVE = 'move(dest, src, count)'

/** A function of its own, as the errors of all small calls: what makes a message is too long to be inlined with them. */
const outsideMove = (to: number, from: number, count: number, { length }: Region): Error =>
  outOfRange(
    `source, destination, or count out of range: ${count} bytes from ${from} to ${to} of ${length} bytes`,
  )

/** Python's `move`: a memmove inside the map. */
export function move(region: Region, dest: unknown, src: unknown, count: unknown): void {
  const to = integer(dest, 'dest', MOVE)
  const from = integer(src, 'src', MOVE)
  const length = integer(count, 'count', MOVE)
  region.checkWritable()
  if (!region.readable) throw unreadable(region.path)
  if (
    to < 0 ||
    from < 0 ||
    length < 0 ||
    region.length - to < length ||
    region.length - from < length
  ) {
    throw outsideMove(to, from, length, region)
  }
  region.answered(quick.move(region.handle, to, from, length))
}

/** The values of the bytes. Each step looks at the map as it is then. */
export function iterate(region: Region): IterableIterator<number> {
  return new Values(region)
}

/** The index of an iteration that has ended. It is an integer as all other indexes, and lies in no window. */
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
    if (value === undefined || load(epoch, 0) !== region.epoch) value = this.#peek()
    this.#at = value === undefined ? ENDED : at + 1
    return { done: value === undefined, value } as Step<number>
  }

  return(): Step<never> {
    this.#at = ENDED
    return end()
  }

  /** The next value when the window does not contain it; undefined at the end. */
  #peek(): number | undefined {
    const region = this.#region
    const at = this.#at
    // An error ends the iteration.
    this.#at = ENDED
    if (at === ENDED) return undefined
    if (region.handle === 0) throw closed(region.path)
    if (at >= region.length) return undefined
    region.checkReadable()
    return peek(region, at, true)
  }
}
isIterator(Values)
