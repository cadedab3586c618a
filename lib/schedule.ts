/**
 * Asynchronous searches: chunks on the libuv threadpool, in turns, cancelled by a flag.
 *
 * A search is cut into chunks of the offsets at which a match may start. The addon lets as many chunks run as
 * half of the pool has threads, in the whole process; those of this thread wait in one line, a search at the
 * end of it again after each chunk, so that a long one does not hold up a short one.
 */

import { byteLength, bytes, optionalInteger, options as members, received } from './arguments.js'
import { abort, invalidType, outOfRange } from './errors.js'
import { native, Search } from './native.js'
import { abortSignal, Pending } from './pending.js'
import type { Region } from './region.js'
import { type FindAllOptions, matchLimit, type SearchRange } from './search.js'
import { clamp } from './slices.js'

/** A range, and how to search it in the background. */
export interface AsyncSearchOptions extends SearchRange {
  /** Rejects with an AbortError, whose `cause` is the signal's reason, and ends the search. */
  signal?: AbortSignal | undefined
  /** Chunks in flight at once, at least 1. Default: 1. */
  concurrency?: number | undefined
  /** Called after each chunk with the bytes searched so far, and with those that are to be searched. */
  onProgress?: ((searched: number, total: number) => void) | undefined
}

/** A search in the background for many matches. */
export interface AsyncFindAllOptions extends AsyncSearchOptions, FindAllOptions {}

/** Starts of matches a chunk: 0.3 ms of one core, so that others wait no longer for a thread. */
const CHUNK = 4 * 1024 * 1024

/** Ranges up to this are searched at once: a round trip to the pool takes as long. */
const SMALL = 128 * 1024

/** The questions of the addon. */
const FIRST = 0
const LAST = 1
const COUNT = 2
const ALL = 3

/** Tries to start; false when all turns are taken. */
type Launch = () => boolean

/** The chunks of this thread that wait for a turn. */
const line: Launch[] = []
let running = 0
let timer: NodeJS.Timeout | undefined

/** Starts what can be started. */
function advance(): void {
  for (;;) {
    const launch = line[0]
    if (launch === undefined) return
    if (!launch()) break
    line.shift()
  }
  // Other threads have all the turns; nothing of this one will end and call here.
  if (running === 0 && timer === undefined) {
    timer = setTimeout(() => {
      timer = undefined
      advance()
    }, 1)
  }
}

/** The promise of a chunk, once it has got a turn; undefined when `skip` says that nobody wants it any more. */
function inTurn(
  start: () => Promise<Float64Array | null> | null,
  skip: () => boolean,
): Promise<Float64Array | null | undefined> {
  return new Promise((resolve, reject) => {
    const ended = (): void => {
      running -= 1
      advance()
    }
    line.push(() => {
      if (skip()) {
        resolve(undefined)
        return true
      }
      try {
        const chunk = start()
        if (chunk === null) return false
        running += 1
        chunk.then(resolve, reject).finally(ended)
      } catch (error) {
        reject(error)
      }
      return true
    })
    advance()
  })
}

/** What the options of an asynchronous search say, each read once. */
interface Plan {
  readonly signal: AbortSignal | undefined
  readonly concurrency: number
  readonly onProgress: ((searched: number, total: number) => void) | undefined
  readonly limit: number
  readonly start: number | undefined
  readonly end: number | undefined
}

function plan(given: AsyncFindAllOptions | undefined): Plan {
  const { start, end, signal, concurrency, onProgress, limit } = members(given)
  const share = optionalInteger(concurrency, 'concurrency', 1)
  if (share < 1) {
    throw outOfRange(`The "concurrency" option must be at least 1. Received ${share}`)
  }
  if (onProgress !== undefined && typeof onProgress !== 'function') {
    throw invalidType(
      `The "onProgress" option must be a function. Received ${received(onProgress)}`,
    )
  }
  return {
    signal: abortSignal(signal),
    concurrency: share,
    onProgress,
    limit: matchLimit(limit),
    start: optionalInteger(start, 'start', undefined),
    end: optionalInteger(end, 'end', undefined),
  }
}

/** The part of the map that is searched: starts of matches, and the end of the last. */
interface Range {
  readonly from: number
  readonly until: number
  readonly end: number
}

function range(region: Region, { start, end }: Plan, fallback: number, size: number): Range {
  const from = clamp(start ?? fallback, region.length)
  const last = end === undefined ? region.length : clamp(end, region.length)
  return { from, until: Math.max(from, last - size + 1), end: last }
}

/** Takes the answers of the chunks in their order; a result other than undefined ends the search. */
type Fold<T> = (answer: Float64Array) => T | undefined

/** Searches a range in chunks. `last` is the result when no chunk has ended the search. */
function chunks<T>(
  region: Region,
  search: Search,
  { from, until, end }: Range,
  { signal, onProgress, concurrency }: Plan,
  order: { readonly reverse: boolean; readonly carry: boolean },
  fold: Fold<T>,
  last: () => T,
): Promise<T> {
  const pending = new Pending<T>(region, signal, () => search.cancel())
  const total = until - from
  // A chunk that depends on the one before it can't run beside it.
  const share = order.carry ? 1 : concurrency
  const answers = new Map<number, Float64Array>()
  let next = from
  let launched = 0
  let folded = 0
  let searched = 0

  const bounds = (index: number): [number, number] =>
    order.reverse
      ? [Math.max(from, until - (index + 1) * CHUNK), until - index * CHUNK]
      : [order.carry ? next : from + index * CHUNK, Math.min(until, from + (index + 1) * CHUNK)]

  const count = Math.ceil(total / CHUNK)

  const launch = (): void => {
    while (!pending.settled && launched < count && launched - folded < share) {
      const index = launched
      launched += 1
      const [first, afterLast] = bounds(index)
      inTurn(
        () => search.chunk(region.handle, Math.min(first, afterLast), afterLast, end),
        () => pending.settled,
      ).then(
        (answer) => arrived(index, answer),
        (error: unknown) => pending.reject(error),
      )
    }
  }

  const arrived = (index: number, answer: Float64Array | null | undefined): void => {
    if (pending.settled || answer === undefined) return
    try {
      answers.set(index, region.answered(answer ?? undefined))
      for (let head = answers.get(folded); head !== undefined; head = answers.get(folded)) {
        answers.delete(folded)
        folded += 1
        next = Math.max(next, head[head.length - 1] as number)
        searched = Math.min(total, searched + CHUNK)
        const result = fold(head)
        onProgress?.(searched, total)
        if (result !== undefined) pending.resolve(result)
        // The callback may have closed the map.
        if (pending.settled) return
      }
    } catch (error) {
      pending.reject(error)
      return
    }
    if (folded === count) pending.resolve(last())
    else launch()
  }

  launch()
  return pending.promise
}

/** What is asked of the pool, or answered at once when the range is small. */
function ask<T>(
  region: Region,
  needle: Uint8Array,
  how: Plan,
  where: Range,
  atOnce: typeof native.find,
  inChunks: () => Promise<T>,
): Promise<T> | T {
  if (where.end - where.from > SMALL && byteLength(needle) > 0) return inChunks()
  const answer = region.answered(atOnce(needle, region.handle, where.from, where.end))
  how.onProgress?.(where.until - where.from, where.until - where.from)
  return answer as T
}

function checkStart(region: Region, { signal }: Plan): void {
  if (signal?.aborted) throw abort(signal.reason)
  region.checkReadable()
}

/** Searches for one match; needle and range are those of the call, whatever becomes of them later. */
async function one(
  region: Region,
  sub: unknown,
  given: AsyncSearchOptions | undefined,
  question: typeof FIRST | typeof LAST,
): Promise<number> {
  const needle = bytes(sub, 'sub')
  const how = plan(given)
  checkStart(region, how)
  const where = range(region, how, region.position, byteLength(needle))
  if (where.until === where.from) return -1
  const reverse = question === LAST
  return ask(region, needle, how, where, reverse ? native.rfind : native.find, () =>
    chunks(
      region,
      new Search(needle, question),
      where,
      how,
      { reverse, carry: false },
      ([at]) => (at === -1 ? undefined : at),
      () => -1,
    ),
  )
}

export function findAsync(
  region: Region,
  sub: unknown,
  given: AsyncSearchOptions | undefined,
): Promise<number> {
  return one(region, sub, given, FIRST)
}

export function rfindAsync(
  region: Region,
  sub: unknown,
  given: AsyncSearchOptions | undefined,
): Promise<number> {
  return one(region, sub, given, LAST)
}

export async function countAsync(
  region: Region,
  sub: unknown,
  given: AsyncSearchOptions | undefined,
): Promise<number> {
  const needle = bytes(sub, 'sub')
  const how = plan(given)
  checkStart(region, how)
  const where = range(region, how, 0, byteLength(needle))
  if (where.until === where.from) return 0
  return ask(region, needle, how, where, native.count, () => {
    const search = new Search(needle, COUNT)
    let total = 0
    return chunks(
      region,
      search,
      where,
      how,
      { reverse: false, carry: search.overlaps() },
      ([count]) => {
        total += count as number
        return undefined
      },
      () => total,
    )
  })
}

/** Every match, in order. The arguments are checked at the call, and the needle is copied. */
export function findAllAsync(
  region: Region,
  sub: unknown,
  given: AsyncFindAllOptions | undefined,
): AsyncGenerator<number, void, undefined> {
  const needle = new Uint8Array(bytes(sub, 'sub'))
  const how = plan(given)
  region.checkReadable()
  const first = clamp(how.start ?? 0, region.length)
  const last = how.end === undefined ? undefined : clamp(how.end, region.length)
  return matches(region, needle, how, first, last)
}

/** The offsets that one round of chunks has found, and where the next round starts. */
interface Round {
  readonly offsets: readonly Float64Array[]
  readonly next: number
}

async function* matches(
  region: Region,
  needle: Uint8Array,
  how: Plan,
  first: number,
  last: number | undefined,
): AsyncGenerator<number, void, undefined> {
  const size = needle.length
  const overlaps = new Search(needle, ALL).overlaps()
  let share = overlaps ? 1 : how.concurrency
  let from = first
  let left = how.limit
  while (left > 0) {
    checkStart(region, how)
    const end = Math.min(last ?? region.length, region.length)
    const until = end - size + 1
    if (from >= until) return
    const round: Round = await searchRound(region, needle, how, { from, until, end }, share)
    // A chunk with more matches than it may answer makes those behind it useless.
    if (round.next < Math.min(until, from + share * CHUNK)) share = 1
    from = round.next
    for (const offsets of round.offsets) {
      for (let at = 0; at < offsets.length - 1 && left > 0; at += 1) {
        const offset = offsets[at] as number
        // The map may have shrunk since the round was searched.
        if (offset + size > region.length) return
        yield offset
        left -= 1
        checkStart(region, how)
      }
    }
    how.onProgress?.(Math.min(from, until) - first, until - first)
  }
}

/** Searches as many chunks as may be in flight, or a small rest at once. */
async function searchRound(
  region: Region,
  needle: Uint8Array,
  how: Plan,
  where: Range,
  share: number,
): Promise<Round> {
  const { from, end } = where
  if (end - from <= SMALL) {
    const batch = new Float64Array(4097)
    const found = region.answered(native.findBatch(needle, batch, region.handle, from, end))
    const next = batch[4096] as number
    return { offsets: [batch.subarray(0, found + 1)], next }
  }
  const until = Math.min(where.until, from + share * CHUNK)
  const offsets: Float64Array[] = []
  let next = from
  await chunks<true>(
    region,
    new Search(needle, ALL),
    { from, until, end },
    { ...how, onProgress: undefined },
    { reverse: false, carry: share === 1 },
    (answer) => {
      offsets.push(answer)
      next = answer[answer.length - 1] as number
      // Full before its end: the chunks behind it are searched again.
      return next < Math.min(until, from + offsets.length * CHUNK) ? true : undefined
    },
    () => true,
  )
  return { offsets, next }
}
