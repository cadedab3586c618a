/** Search: what is looked for, and in which range. */

import { bytes, optionalInteger } from './arguments.js'
import { native } from './native.js'
import type { Region } from './region.js'
import { clamp } from './slices.js'

/** Python's find and rfind: from the position unless told otherwise, -1 when absent. */
function search(
  region: Region,
  search: typeof native.find,
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
  return region.answered(search(region.handle, needle, first, last))
}

export function find(region: Region, sub: unknown, start: unknown, end: unknown): number {
  return search(region, native.find, sub, start, end)
}

export function rfind(region: Region, sub: unknown, start: unknown, end: unknown): number {
  return search(region, native.rfind, sub, start, end)
}
