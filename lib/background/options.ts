/** The options of work in the background, each read once, and the part of the map that they name. */

import { optionalInteger, options as members, received } from '../arguments.js'
import { invalidType, outOfRange } from '../errors.js'
import type { Region } from '../region.js'
import { type FindAllOptions, matchLimit, type SearchRange } from '../search.js'
import { startAt, stopAt } from '../bounds.js'
import { abortSignal, checkSignal } from './signal.js'

/** A range, and how to search it in the background. */
export interface AsyncSearchOptions extends SearchRange {
  /** Rejects with an AbortError, whose `cause` is the signal's reason, and ends the search. */
  signal?: AbortSignal | undefined
  /**
   * How many chunks are in flight at once, at least 1; at most half as many run as the threadpool has threads.
   * Default: 1.
   */
  concurrency?: number | undefined
  /** Called after each chunk with the number of bytes searched so far, and the number to be searched in all. */
  onProgress?: ((searched: number, total: number) => void) | undefined
}

/** A search in the background for many matches. */
export interface AsyncFindAllOptions extends AsyncSearchOptions, FindAllOptions {}

/** What the options say. */
export interface Plan {
  readonly signal: AbortSignal | undefined
  readonly concurrency: number
  readonly onProgress: ((searched: number, total: number) => void) | undefined
  readonly limit: number
  readonly start: number | undefined
  readonly end: number | undefined
}

/** The `onProgress` option. */
export function progress(
  given: ((done: number, total: number) => void) | undefined,
): Plan['onProgress'] {
  if (given === undefined) return undefined
  if (typeof given !== 'function') {
    throw invalidType(`The "onProgress" option must be a function. Received ${received(given)}`)
  }
  // Called as a plain function, so that its `this` is not our options object.
  return (done, total) => given(done, total)
}

/** The correct call, for messages. */
const FORM = '(sub, { start, end, signal })'

export function plan(given: AsyncFindAllOptions | undefined): Plan {
  return planOf(members(given, FORM))
}

/** The plan of options that were read already. */
export function planOf(given: AsyncFindAllOptions): Plan {
  const { start, end, signal, concurrency, onProgress, limit } = given
  const share = optionalInteger(concurrency, 'concurrency', 1)
  if (share < 1) {
    throw outOfRange(`The "concurrency" option must be at least 1. Received ${share}`)
  }
  return {
    signal: abortSignal(signal),
    concurrency: share,
    onProgress: progress(onProgress),
    limit: matchLimit(limit),
    start: optionalInteger(start, 'start', undefined),
    end: optionalInteger(end, 'end', undefined),
  }
}

/** The range that is searched: a match may start at an offset in `[from, until)`, and must end at `end` or before. */
export interface Range {
  readonly from: number
  readonly until: number
  readonly end: number
}

/** @param size - The length of a match. */
export function range(region: Region, { start, end }: Plan, fallback: number, size: number): Range {
  const from = startAt(start ?? fallback, region.length)
  const last = stopAt(end, region.length)
  return { from, until: Math.max(from, last - size + 1), end: last }
}

/** Called before work begins, before each step of it, and after code of the caller's has run. */
export function check(region: Region, { signal }: Plan): void {
  checkSignal(signal)
  region.checkReadable()
}
