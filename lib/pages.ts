/** Members that work on pages: flush, madvise, lock, allocate; and the message for an offset that is not aligned. */

import process from 'node:process'
import { areOptions, cInt, optionalInteger, options as members } from './arguments.js'
import { PAGESIZE } from './constants.js'
import { fromNative, invalidType, outOfRange, readOnly, unsupported, untracked } from './errors.js'
import { native, quick } from './native.js'
import type { Region } from './region.js'
import { range } from './slices.js'

/** The part of a message that names the multiples of `unit` on both sides of an offset; undefined if it is aligned. */
export function neighbours(name: string, offset: number, unit: number): string | undefined {
  const below = Math.floor(offset / unit) * unit
  if (below === offset) return undefined
  return `${name} ${offset} is not a multiple of ${unit}; the nearest are ${below} and ${below + unit}`
}

/** How `flush` writes. */
export interface FlushOptions {
  /** `MS_*` bits. Default: `MS_SYNC`. Ignored on Windows. */
  flags?: number | undefined
}

/** A range to flush, checked against the map. */
export interface FlushRange {
  readonly offset: number
  readonly size: number
  readonly flags: number
}

const FLUSH = 'flush(offset?, size?, { flags })'

/** Reads the arguments of `flush`. The options come last, and the numbers before them may be left out. */
export function flushArguments<T extends object>(
  offset: unknown,
  size: unknown,
  given: T | undefined,
): [offset: unknown, size: unknown, given: Partial<T>] {
  const first = areOptions(offset, 'flags', 'signal')
  const second = areOptions(size, 'flags', 'signal')
  if (!first && !second) return [offset, size, members(given, FLUSH)]
  if (given !== undefined || (first && size !== undefined)) {
    throw invalidType(`The options of a flush must come last, and once, as in ${FLUSH}`)
  }
  if (first) return [undefined, undefined, offset]
  return [offset, undefined, second ? size : {}]
}

/**
 * Python's `flush`: the range is checked on read-only maps as well.
 *
 * @param before - Called after the arguments are checked, and before the state of the map is.
 */
export function flushRange(
  region: Region,
  offset: unknown,
  size: unknown,
  flags: unknown,
  before?: () => void,
): FlushRange {
  const from = optionalInteger(offset, 'offset', 0, FLUSH)
  const given = optionalInteger(size, 'size', -1, FLUSH)
  const bits = flags === undefined ? 0 : cInt(flags, 'flags')
  before?.()
  region.checkOpen()
  const count = given === -1 ? region.length - from : given
  if (count < 0 || from < 0 || region.length - from < count) {
    throw outOfRange(
      `flush values out of range: ${count} bytes from ${from} of ${region.length} bytes`,
    )
  }
  region.checkWhole()
  return { offset: from, size: count, flags: bits }
}

/** What the message of a failed msync says in addition. */
export const flushHint = ({ offset, flags }: FlushRange): string | undefined =>
  neighbours('offset', offset, PAGESIZE) ??
  (flags === 0 ? undefined : `flags are 0x${(flags >>> 0).toString(16)}`)

export function flush(
  region: Region,
  offset: unknown,
  size: unknown,
  given: FlushOptions | undefined,
): void {
  const [from, count, { flags }] = flushArguments(offset, size, given)
  const range = flushRange(region, from, count, flags)
  if (!region.writesThrough) return
  let answer: number
  try {
    answer = native.flush(region.handle, range.offset, range.size, range.flags)
  } catch (error) {
    throw fromNative(error, region.path, flushHint(range))
  }
  region.answered(answer)
}

const MADVISE = 'madvise(option, start?, length?)'

/** Python's `madvise`: a range that ends behind the map is clamped. */
export function madvise(region: Region, option: unknown, start: unknown, length: unknown): void {
  if (process.platform === 'win32') throw unsupported('madvise()')
  if (option === undefined) {
    throw invalidType(
      'The "option" argument must be an advice that this platform has: the constants of others are undefined',
    )
  }
  const advice = cInt(option, 'option')
  const from = optionalInteger(start, 'start', 0, MADVISE)
  const given = optionalInteger(length, 'length', undefined, MADVISE)
  region.checkOpen()
  // An empty map has no page to advise. A call without a range succeeds and does nothing.
  if (region.length === 0 && from === 0 && (given === undefined || given === 0)) return
  if (from < 0 || from >= region.length) {
    throw outOfRange(`madvise start out of bounds: ${from} of ${region.length} bytes`)
  }
  const count = given ?? region.length
  if (count < 0) throw outOfRange(`madvise length invalid: ${count} is below 0`)
  if (count > Number.MAX_SAFE_INTEGER) {
    throw outOfRange(`madvise length too large: ${count} is above 2^53 - 1`)
  }
  try {
    quick.madvise(region.handle, advice, from, Math.min(count, region.length - from))
  } catch (error) {
    const unaligned = neighbours('start', from, PAGESIZE)
    throw fromNative(error, region.path, unaligned ?? `the option is ${advice}`)
  }
}

/** The errors of a system that refuses to lock more memory. */
const LOCK_HINT =
  'the process may lock no more memory: see RLIMIT_MEMLOCK (ulimit -l); on Windows the working set'

/** Keeps the pages of a range in memory, or allows the system to take them out again. */
export function lock(region: Region, start: unknown, end: unknown, on: boolean): void {
  const form = on ? 'lock(start?, end?)' : 'unlock(start?, end?)'
  const from = optionalInteger(start, 'start', undefined, form)
  const until = optionalInteger(end, 'end', undefined, form)
  region.checkReadable()
  const { start: first, count } = range(region, from, until)
  if (count === 0) return
  try {
    native.lock(region.handle, first, first + count, on)
  } catch (error) {
    // The system has one error for a limit and for pages that the file does not have any more.
    region.checkEnd(first, first + count)
    throw fromNative(error, region.path, on ? LOCK_HINT : undefined)
  }
}

const ALLOCATE = 'allocate(offset?, length?)'

/** Gives a range of the file its blocks on the disk. */
export function allocate(region: Region, offset: unknown, length: unknown): void {
  const from = optionalInteger(offset, 'offset', 0, ALLOCATE)
  const count = optionalInteger(length, 'length', undefined, ALLOCATE)
  region.checkOpen()
  if (!region.writesThrough) throw readOnly(region.path)
  if (!region.tracked) throw untracked("can't allocate with trackfd=False")
  const size = count ?? region.length - from
  if (from < 0 || size < 0 || from + size > region.length) {
    throw outOfRange(
      `allocate: ${size} bytes from ${from} are not inside the map's ${region.length} bytes`,
    )
  }
  if (size === 0) return
  try {
    native.allocate(region.handle, from, size)
  } catch (error) {
    throw fromNative(error, region.path)
  }
}
