/** Pages: flush, advice, and what is said about an offset that is no multiple of one. */

import { cInt, integer, optionalInteger, options as members } from './arguments.js'
import { PAGESIZE } from './constants.js'
import { fromNative, invalidType, outOfRange, system, unsupported } from './errors.js'
import { flushAsync as inBackground, native, quick } from './native.js'
import { abortSignal, checkSignal, Pending } from './pending.js'
import type { Region } from './region.js'

/** Names the multiples beside an offset that is none; undefined when it is one. */
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
interface FlushRange {
  readonly offset: number
  readonly size: number
  readonly flags: number
}

/** Python's `flush`: the range is checked on read-only maps as well. */
function flushRange(
  region: Region,
  offset: unknown,
  size: unknown,
  flags: unknown,
  signal?: AbortSignal,
): FlushRange {
  const from = optionalInteger(offset, 'offset', 0)
  const given = optionalInteger(size, 'size', -1)
  const bits = flags === undefined ? 0 : cInt(flags, 'flags')
  checkSignal(signal)
  region.checkOpen()
  const count = given === -1 ? region.length - from : given
  if (count < 0 || from < 0 || region.length - from < count) {
    throw outOfRange('flush values out of range')
  }
  region.checkWhole()
  return { offset: from, size: count, flags: bits }
}

/** How `flushAsync` writes. */
export interface AsyncFlushOptions extends FlushOptions {
  /** Rejects with an AbortError; an msync that runs already goes on. */
  signal?: AbortSignal | undefined
}

/** Writes changed pages back in the background. */
export async function flushAsync(
  region: Region,
  offset: unknown,
  size: unknown,
  given: AsyncFlushOptions | undefined,
): Promise<void> {
  const { flags, signal } = members(given)
  const aborts = abortSignal(signal)
  const range = flushRange(region, offset, size, flags, aborts)
  if (!region.writesThrough) return
  const pending = new Pending<void>(region, aborts)
  inBackground(region.handle, range.offset, range.size, range.flags).then(
    (errno) => {
      // A map that was closed meanwhile can't be asked for its fault.
      if (pending.settled) return
      if (errno === 0) pending.resolve()
      else if (errno > 0) pending.reject(region.fault())
      else pending.reject(system(errno, 'msync', { path: region.path, hint: hint(range) }))
    },
    (error: unknown) => pending.reject(error),
  )
  return pending.promise
}

/** What the message of a failed msync adds. */
const hint = ({ offset }: FlushRange): string | undefined => neighbours('offset', offset, PAGESIZE)

export function flush(
  region: Region,
  offset: unknown,
  size: unknown,
  given: FlushOptions | undefined,
): void {
  const range = flushRange(region, offset, size, members(given).flags)
  if (!region.writesThrough) return
  let answer: number
  try {
    answer = native.flush(region.handle, range.offset, range.size, range.flags)
  } catch (error) {
    throw fromNative(error, region.path, hint(range))
  }
  region.answered(answer)
}

/** Python's `madvise`: a range that ends behind the map is clamped. */
export function madvise(region: Region, option: unknown, start: unknown, length: unknown): void {
  if (process.platform === 'win32') throw unsupported('madvise()')
  if (option === undefined) {
    throw invalidType(
      'The "option" argument must be an advice that this platform has: the constants of others are undefined',
    )
  }
  const advice = cInt(option, 'option')
  const from = optionalInteger(start, 'start', 0)
  const given = length === undefined ? undefined : integer(length, 'length')
  region.checkOpen()
  if (from < 0 || from >= region.length) throw outOfRange('madvise start out of bounds')
  const count = given ?? region.length
  if (count < 0) throw outOfRange('madvise length invalid')
  if (count > Number.MAX_SAFE_INTEGER) throw outOfRange('madvise length too large')
  try {
    quick.madvise(region.handle, advice, from, Math.min(count, region.length - from))
  } catch (error) {
    throw fromNative(error, region.path, neighbours('start', from, PAGESIZE))
  }
}
