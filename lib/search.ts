/** Search in one call: what is looked for, and in which range. lib/schedule.ts has the asynchronous forms. */

import { Buffer } from 'node:buffer'
import { byteLength, bytes, integer, optionalInteger, options as members } from './arguments.js'
import { outOfRange } from './errors.js'
import { end, iteratorPrototype, type Step } from './iterators.js'
import { native, quick } from './native.js'
import { epoch, type Region } from './region.js'
import { clamp } from './slices.js'

/** A range to search, in bytes from the start of the map; negative counts from its end. */
export interface SearchRange {
  /** Where a match may start at the earliest. Default: 0. */
  start?: number | undefined
  /** Where a match may end at the latest. Default: the end of the map. */
  end?: number | undefined
}

/** A range, and how many matches are enough. */
export interface FindAllOptions extends SearchRange {
  /** The most matches to give. Default: all. */
  limit?: number | undefined
}

/** Python's find and rfind: from the position unless told otherwise, -1 when absent. */
function search(
  region: Region,
  sub: unknown,
  start: unknown,
  end: unknown,
  backward: boolean,
): number {
  const needle = bytes(sub, 'sub')
  const from = optionalInteger(start, 'start', undefined)
  const to = optionalInteger(end, 'end', undefined)
  region.checkAccess()
  const { handle, length } = region
  const first = clamp(from ?? region.position, length)
  const last = to === undefined ? length : clamp(to, length)
  if (last < first) {
    region.checkWhole()
    return -1
  }
  const size = byteLength(needle)
  const near = size > 0 && last - first < (size === 1 ? ONE_BYTE : FEW)
  // Not a native that was passed in: the engine inlines what it knows.
  if (backward) {
    const found = near ? backwardInWindow(region, needle, size, first, last) : goOn(last)
    return found >= -1 ? found : region.answered(quick.rfind(needle, handle, first, goOn(found)))
  }
  const found = near ? forwardInWindow(region, needle, size, first, last) : goOn(first)
  return found >= -1 ? found : region.answered(quick.find(needle, handle, goOn(found), last))
}

/** One byte is looked for in the window in ranges below this: Deno's Buffers scan in JavaScript, at 2 GB/s. */
const ONE_BYTE = 'Deno' in globalThis ? 0 : Infinity

/** And several bytes below this: on Bun a native's call takes 80 ns, and its own search 14. On Node they are even. */
const FEW = 'Bun' in globalThis ? 8192 : 0

/** Says that the addon has to go on at this offset, as a number below -1; and the offset, from that. */
const goOn = (at: number): number => -2 - at

/** The runtime's own, whatever becomes of the prototype. */
const { indexOf, lastIndexOf } = Buffer.prototype

/**
 * What is in the window, one byte above all: the runtime's scan is as fast as ours, and its call takes a quarter of a
 * native's time. The next newline is what is asked for most.
 */
function forwardInWindow(
  region: Region,
  needle: Uint8Array,
  size: number,
  first: number,
  last: number,
): number {
  const { window, windowStart } = region
  const stop = windowStart + window.length
  if (first < windowStart || first >= stop) {
    if (first < last) region.missed(first, true)
    return goOn(first)
  }
  // The runtime's search knows no end but the window's.
  if (last < stop) return goOn(first)
  const at = first - windowStart
  const found = indexOf.call(window, size === 1 ? (needle[0] as number) : needle, at)
  // In a page that is missing nothing was found: the addon knows why.
  if (Atomics.load(epoch, 0) !== region.epoch) return goOn(first)
  if (found !== -1) return windowStart + found
  return last === stop ? -1 : goOn(Math.max(first, stop - size + 1))
}

/** The same from the end, where the search stops at the window's start. */
function backwardInWindow(
  region: Region,
  needle: Uint8Array,
  size: number,
  first: number,
  last: number,
): number {
  const { window, windowStart } = region
  if (last <= windowStart || last > windowStart + window.length) {
    if (first < last) region.missed(last - 1, true)
    return goOn(last)
  }
  // A negative place would count from the end.
  const at = last - size - windowStart
  if (first > windowStart || at < 0) return goOn(last)
  const found = lastIndexOf.call(window, size === 1 ? (needle[0] as number) : needle, at)
  if (Atomics.load(epoch, 0) !== region.epoch) return goOn(last)
  if (found !== -1) return windowStart + found
  return first === windowStart ? -1 : goOn(windowStart + size - 1)
}

export function find(region: Region, sub: unknown, start: unknown, end: unknown): number {
  return search(region, sub, start, end, false)
}

export function rfind(region: Region, sub: unknown, start: unknown, end: unknown): number {
  return search(region, sub, start, end, true)
}

export function count(region: Region, sub: unknown, given: SearchRange | undefined): number {
  const needle = bytes(sub, 'sub')
  const { start, end } = members(given)
  const from = optionalInteger(start, 'start', 0)
  const to = optionalInteger(end, 'end', undefined)
  region.checkReadable()
  const first = clamp(from, region.length)
  const last = to === undefined ? region.length : clamp(to, region.length)
  if (last < first) return 0
  return region.answered(native.count(needle, region.handle, first, last))
}

/** A limit of matches: an integer that is not negative. */
export function matchLimit(limit: unknown): number {
  if (limit === undefined || limit === Infinity) return Infinity
  const most = integer(limit, 'limit')
  if (most < 0) throw outOfRange(`The "limit" option must be at least 0. Received ${most}`)
  return most
}

/** Offsets a batch, at the least and at the most; one element more says where to go on. */
const [FEWEST, BATCH] = [64, 4096]

/** The bytes that a full batch searches, about: they are in the cache still when the loop looks at its matches. */
const SPAN = 512 * 1024

/**
 * Starts a batch, whatever it finds: at first, and at the most. Between them as many as half of what was searched
 * before, so that a loop that ends has not waited for much more than it got, and each search has time to adapt.
 */
const [NEAR, FAR] = [1024 * 1024, 16 * 1024 * 1024]

/** Every match that doesn't overlap the one before, in order; a batch is searched when it is asked for. */
export function findAll(
  region: Region,
  sub: unknown,
  given: FindAllOptions | undefined,
): IterableIterator<number> {
  // A copy: the caller may change the bytes between two matches.
  const needle = new Uint8Array(bytes(sub, 'sub'))
  const { start, end: stop, limit } = members(given)
  const from = optionalInteger(start, 'start', 0)
  const to = optionalInteger(stop, 'end', undefined)
  const most = matchLimit(limit)
  region.checkReadable()
  const first = clamp(from, region.length)
  const last = to === undefined ? undefined : clamp(to, region.length)
  return new Matches(region, needle, first, last, most)
}

class Matches implements IterableIterator<number> {
  readonly #region: Region
  readonly #needle: Uint8Array
  readonly #size: number
  readonly #first: number
  readonly #last: number | undefined
  readonly #batch = new Float64Array(BATCH + 1)
  /** Where the next batch starts, and how many offsets it may have: few at first, as a loop may end early. */
  #from: number
  #most = FEWEST
  /** Matches that further batches may have; 0 when there is none. */
  #left: number
  /** Offsets in the batch, 0 at the end of the iteration, and which of them is next. */
  #found = 0
  #at = 0
  /** The map's when the batch was searched. */
  #extent = -1

  constructor(
    region: Region,
    needle: Uint8Array,
    first: number,
    last: number | undefined,
    limit: number,
  ) {
    this.#region = region
    this.#needle = needle
    this.#size = byteLength(needle)
    this.#first = first
    this.#from = first
    this.#last = last
    this.#left = limit
  }

  [Symbol.iterator](): this {
    return this
  }

  next(): Step<number> {
    let at = this.#at
    if (at >= this.#found || this.#region.extent !== this.#extent) at = this.#search()
    this.#at = at + 1
    const done = this.#found === 0
    return { done, value: done ? undefined : this.#batch[at] } as Step<number>
  }

  return(): Step<never> {
    this.#left = 0
    this.#found = 0
    return end()
  }

  /** Searches the next batch that has a match; the index of the first. */
  #search(): number {
    const region = this.#region
    const batch = this.#batch
    let left = this.#left
    // What was not given yet of a map that has another length now, or none, is searched once more.
    if (this.#at < this.#found) {
      left += this.#found - this.#at
      this.#from = batch[this.#at] ?? 0
    }
    // An error ends the iteration.
    this.return()
    while (left > 0) {
      region.checkReadable()
      const stop = Math.min(this.#last ?? region.length, region.length)
      const from = this.#from
      if (from > stop - this.#size) {
        region.checkEnd(this.#first, stop)
        break
      }
      const most = Math.min(left, this.#most)
      const starts = Math.min(Math.max(NEAR, Math.floor((from - this.#first) / 2)), FAR)
      const room = most < BATCH ? batch.subarray(0, most + 1) : batch
      const found = region.answered(
        native.findBatch(this.#needle, room, region.handle, from, from + starts, stop),
      )
      const next = room[most] ?? stop
      const searched = next - from
      if (searched < SPAN / 2) this.#most = Math.min(2 * this.#most, BATCH)
      else if (searched > SPAN) this.#most = Math.max(this.#most / 2, FEWEST)
      this.#from = next
      left -= found
      if (found > 0) {
        this.#left = left
        this.#found = found
        this.#extent = region.extent
        break
      }
    }
    return 0
  }
}
Object.setPrototypeOf(Matches.prototype, iteratorPrototype)
