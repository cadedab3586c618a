/** Search in one call: what is looked for, and in which range. lib/background/ has the asynchronous forms. */

import {
  areOptions,
  bytes,
  integer,
  optionalInteger,
  options as members,
  received,
} from './arguments.js'
import { epoch } from './epoch.js'
import { invalidType, outOfRange } from './errors.js'
import { indexOf, lastIndexOf, load } from './intrinsics.js'
import { end, isIterator, type Step } from './iterators.js'
import { native, quick } from './native.js'
import type { Region } from './region.js'
import { keptNeedle, leastLength, type Literal, needleOf, patternIn, isPlain } from './needle.js'
import { offsetsOf } from './pattern/batches.js'
import type { Prepared } from './pattern/prepared.js'
import { givenEnd, liveEnd, startAt, stopAt } from './bounds.js'
import { isBun, isDeno } from './runtime.js'

/** A range to search, in bytes from the start of the map; negative counts from its end. */
export interface SearchRange {
  /** Where a match may start at the earliest. Default: the position for `find` and `rfind`, 0 for the others. */
  start?: number | undefined
  /** Where a match may end at the latest. Default: the end of the map. */
  end?: number | undefined
}

/** A range, and how many matches to give at most. */
export interface FindAllOptions extends SearchRange {
  /** The most matches to give. Default: all. */
  limit?: number | undefined
}

/** The correct calls, for messages. */
const FORM = '(sub, start?, end?) or (sub, { start, end })'
const RANGE_FORM = '(sub, { start, end })'

/** The bounds of find and rfind that were passed as an object. */
function bounds(range: object, end: unknown): SearchRange {
  if (end !== undefined) {
    throw invalidType(
      `The "end" argument must be an option beside "start", as in ${FORM}. Received ${received(end)}`,
    )
  }
  return range
}

/** Python's find and rfind: from the position unless told otherwise, -1 when absent. */
function search(
  region: Region,
  sub: unknown,
  start: unknown,
  end: unknown,
  backward: boolean,
): number {
  let givenStart = start
  let givenEnd = end
  if (typeof start === 'object' && areOptions(start, 'start', 'end')) {
    ;({ start: givenStart, end: givenEnd } = bounds(start, end))
  }
  // Asked once: what is bytes needs no other question.
  const plain = isPlain(sub)
  const pattern = plain ? undefined : patternIn(sub, 'sub')
  if (pattern !== undefined) return searchFor(region, pattern, givenStart, givenEnd, backward)
  const needle = plain ? bytes(sub, 'sub') : needleOf(sub, 'sub')
  const from = optionalInteger(givenStart, 'start', undefined, FORM)
  const to = optionalInteger(givenEnd, 'end', undefined, FORM)
  region.checkAccess()
  const { handle, length } = region
  const first = startAt(from ?? region.position, length)
  const last = stopAt(to, length)
  if (last < first) {
    region.checkWhole()
    return -1
  }
  const size = leastLength(needle)
  // Once the process has had a fault, the addon checks whether the needle is a view that has lost a page.
  const near =
    size > 0 &&
    last - first < (size === 1 ? ONE_BYTE : FEW) &&
    (region.epoch === 0 || typeof sub === 'string')
  // Named directly, not passed as a function: V8 inlines only a known callee.
  if (backward) {
    const found = near ? backwardInWindow(region, needle, size, first, last) : goOn(last)
    return found >= -1
      ? found
      : region.answered(quick.rfind(needle, handle, first, goOn(found)), needle)
  }
  const found = near ? forwardInWindow(region, needle, size, first, last) : goOn(first)
  return found >= -1
    ? found
    : region.answered(quick.find(needle, handle, goOn(found), last), needle)
}

/** The same for a pattern. */
function searchFor(
  region: Region,
  pattern: Prepared,
  start: unknown,
  end: unknown,
  backward: boolean,
): number {
  const from = optionalInteger(start, 'start', undefined, FORM)
  const to = optionalInteger(end, 'end', undefined, FORM)
  region.checkReadable()
  const { handle, length } = region
  const first = startAt(from ?? region.position, length)
  const last = stopAt(to, length)
  if (last < first) return -1
  const look = backward ? native.rfindPattern : native.findPattern
  return region.answered(look(pattern.number, handle, first, last))
}

/** Ranges below this size are searched for one byte in the window. Not on Deno, whose Buffers scan in JavaScript. */
const ONE_BYTE = isDeno ? 0 : Infinity

/**
 * Ranges below this size are searched for several bytes in the window. On Bun a native call costs more than the search
 * of such a range by the runtime itself; on Node both cost the same.
 */
const FEW = isBun ? 8192 : 0

/** Encodes the offset at which the addon has to go on as a number below -1, and decodes it. */
const goOn = (at: number): number => -2 - at

/**
 * Whether Buffer's `indexOf` and `lastIndexOf` take an end: since Node 24. Those that do ask for the `length` when it is
 * left out, by a getter that other code may have replaced. To the others the third argument is the encoding.
 */
const takesEnd = indexOf.length > 3

/**
 * Searches a small range in the window with the runtime's own `indexOf`: for one byte it is as fast as our scan, and
 * calling it takes much less time than a native call. The next newline is the most frequent search of all.
 */
function forwardInWindow(
  region: Region,
  needle: Literal,
  size: number,
  first: number,
  last: number,
): number {
  const { window, windowStart, windowLength } = region
  const stop = windowStart + windowLength
  if (first < windowStart || first >= stop) {
    if (first < last) region.missed(first, true)
    return goOn(first)
  }
  // Not every runtime's search can be told where to end: it goes on to the window's end.
  if (last < stop) return goOn(first)
  const at = first - windowStart
  const value = size === 1 ? (needle[0] as number) : needle
  const found = indexOf.call(window, value, at, takesEnd ? windowLength : undefined)
  if (load(epoch, 0) !== region.epoch) {
    // A missing page, of the map or of the needle, reads as zeros, so the answer may be wrong.
    region.checkWhole()
    return goOn(first)
  }
  if (found !== -1) return windowStart + found
  return last === stop ? -1 : goOn(Math.max(first, stop - size + 1))
}

/** The same from the end. The search stops at the window's start. */
function backwardInWindow(
  region: Region,
  needle: Literal,
  size: number,
  first: number,
  last: number,
): number {
  const { window, windowStart, windowLength } = region
  if (last <= windowStart || last > windowStart + windowLength) {
    if (first < last) region.missed(last - 1, true)
    return goOn(last)
  }
  // `lastIndexOf` would count a negative place from the end.
  const at = last - size - windowStart
  if (first > windowStart || at < 0) return goOn(last)
  const value = size === 1 ? (needle[0] as number) : needle
  const found = lastIndexOf.call(window, value, at, takesEnd ? windowLength : undefined)
  if (load(epoch, 0) !== region.epoch) {
    region.checkWhole()
    return goOn(last)
  }
  if (found !== -1) return windowStart + found
  return first === windowStart ? -1 : goOn(windowStart + size - 1)
}

export function find(region: Region, sub: unknown, start: unknown, end: unknown): number {
  return search(region, sub, start, end, false)
}

export function rfind(region: Region, sub: unknown, start: unknown, end: unknown): number {
  return search(region, sub, start, end, true)
}

const NOTHING = new Uint8Array(0)

export function count(region: Region, sub: unknown, given: SearchRange | undefined): number {
  const { start, end } = members(given, RANGE_FORM)
  const pattern = patternIn(sub, 'sub')
  const needle = pattern === undefined ? needleOf(sub, 'sub') : NOTHING
  const from = optionalInteger(start, 'start', 0)
  const to = optionalInteger(end, 'end', undefined)
  region.checkReadable()
  const first = startAt(from, region.length)
  const last = stopAt(to, region.length)
  if (last < first) return 0
  if (pattern !== undefined) {
    return region.answered(native.countPattern(pattern.number, region.handle, first, last))
  }
  return region.answered(native.count(needle, region.handle, first, last), needle)
}

/** Checks a limit of matches: an integer that is not negative. */
export function matchLimit(limit: unknown): number {
  if (limit === undefined || limit === Infinity) return Infinity
  const most = integer(limit, 'limit')
  if (most < 0) throw outOfRange(`The "limit" option must be at least 0. Received ${most}`)
  return most
}

/** The fewest and the most offsets of a batch. One more element of the array says where the search goes on. */
const [FEWEST, BATCH] = [64, 4096]

/**
 * A full batch searches about this many bytes, so that they are still in the cache when the loop reads its matches.
 */
const SPAN = 512 * 1024

/**
 * A batch covers 1 to 16 MiB of start offsets: half of what was searched so far, within those bounds. So a loop that
 * ends early has not waited for much more than it got, and each search has time to adapt.
 */
const [NEAR, FAR] = [1024 * 1024, 16 * 1024 * 1024]

/** Every match that doesn't overlap the one before, in order; a batch is searched when it is asked for. */
export function findAll(
  region: Region,
  sub: unknown,
  given: FindAllOptions | undefined,
): IterableIterator<number> {
  const { start, end: stop, limit } = members(given, '(sub, { start, end, limit })')
  // A copy: the caller may change the bytes between two matches.
  const pattern = patternIn(sub, 'sub')
  const needle = pattern === undefined ? keptNeedle(sub, 'sub') : NOTHING
  const from = optionalInteger(start, 'start', 0)
  const to = optionalInteger(stop, 'end', undefined)
  const most = matchLimit(limit)
  region.checkReadable()
  const first = startAt(from, region.length)
  const last = givenEnd(to, region.length)
  return pattern === undefined
    ? new MatchIterator(region, needle, first, last, most)
    : offsetsOf(region, pattern, first, last, most)
}

class MatchIterator implements IterableIterator<number> {
  readonly #region: Region
  readonly #needle: Literal
  readonly #size: number
  readonly #first: number
  readonly #last: number | undefined
  readonly #batch = new Float64Array(BATCH + 1)
  /** Where the next batch starts, and how many offsets it may have: few at first, since a loop may end early. */
  #from: number
  #most = FEWEST
  /** How many matches further batches may still have; 0 when no batch follows. */
  #left: number
  /** How many offsets the batch has (0 at the end of the iteration), and the index of the next one. */
  #found = 0
  #at = 0
  /** The length of the map when the batch was searched. */
  #extent = -1

  constructor(
    region: Region,
    needle: Literal,
    first: number,
    last: number | undefined,
    limit: number,
  ) {
    this.#region = region
    this.#needle = needle
    this.#size = leastLength(needle)
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

  /** Searches the next batch that has a match. Returns the index of the first offset. */
  #search(): number {
    const region = this.#region
    const batch = this.#batch
    let left = this.#left
    // After a resize or a close, matches that were not given yet are searched again.
    if (this.#at < this.#found) {
      left += this.#found - this.#at
      this.#from = batch[this.#at] ?? 0
    }
    // An error ends the iteration.
    this.return()
    while (left > 0) {
      region.checkReadable()
      const stop = liveEnd(this.#last, region.length)
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
isIterator(MatchIterator)
