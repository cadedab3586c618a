/** Search in one call: what is looked for, and in which range. lib/schedule.ts has the asynchronous forms. */

import { byteLength, bytes, integer, optionalInteger, options as members } from './arguments.js'
import { outOfRange } from './errors.js'
import { native } from './native.js'
import type { Region } from './region.js'
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
  answer: typeof native.find,
  sub: unknown,
  start: unknown,
  end: unknown,
): number {
  const needle = bytes(sub, 'sub')
  const from = optionalInteger(start, 'start', undefined)
  const to = optionalInteger(end, 'end', undefined)
  region.checkReadable()
  const { length } = region
  const first = clamp(from ?? region.position, length)
  const last = to === undefined ? length : clamp(to, length)
  if (last < first) return -1
  return region.answered(answer(needle, region.handle, first, last))
}

export function find(region: Region, sub: unknown, start: unknown, end: unknown): number {
  return search(region, native.find, sub, start, end)
}

export function rfind(region: Region, sub: unknown, start: unknown, end: unknown): number {
  return search(region, native.rfind, sub, start, end)
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

/** Offsets a batch, and one element that says where to go on. */
const BATCH = 4096

/** Every match that doesn't overlap the one before, in order; a batch is searched when it is asked for. */
export function findAll(
  region: Region,
  sub: unknown,
  given: FindAllOptions | undefined,
): Generator<number, void> {
  // A copy: the caller may change the bytes between two matches.
  const needle = new Uint8Array(bytes(sub, 'sub'))
  const { start, end, limit } = members(given)
  const from = optionalInteger(start, 'start', 0)
  const to = optionalInteger(end, 'end', undefined)
  const most = matchLimit(limit)
  region.checkReadable()
  const first = clamp(from, region.length)
  const last = to === undefined ? undefined : clamp(to, region.length)
  return matches(region, needle, first, last, most)
}

function* matches(
  region: Region,
  needle: Uint8Array,
  start: number,
  last: number | undefined,
  limit: number,
): Generator<number, void> {
  const size = byteLength(needle)
  const batch = new Float64Array(BATCH + 1)
  let from = start
  let left = limit
  while (left > 0) {
    region.checkReadable()
    const end = Math.min(last ?? region.length, region.length)
    if (from > end - size) return
    const room = left < BATCH ? batch.subarray(0, left + 1) : batch
    const found = region.answered(native.findBatch(needle, room, region.handle, from, end))
    from = room[room.length - 1] as number
    for (let at = 0; at < found; at += 1) {
      const offset = batch[at] as number
      // The map may have shrunk since the batch was searched.
      if (offset + size > region.length) return
      yield offset
      left -= 1
      if (region.handle === 0) region.checkOpen()
    }
  }
}
