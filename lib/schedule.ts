/**
 * Asynchronous searches: chunks of the offsets at which a match may start, searched on the libuv threadpool.
 *
 * Each chunk waits for its turn (lib/turns.ts), and the answers are taken in the chunks' order. The end of a
 * search, whatever has brought it, ends its chunks too.
 */

import { byteLength, bytes, optionalInteger, options as members, received } from './arguments.js'
import { invalidType, outOfRange } from './errors.js'
import { asyncIteratorPrototype, end, type Step } from './iterators.js'
import { native, quick, Search } from './native.js'
import { abortSignal, checkSignal, Pending } from './pending.js'
import type { Region } from './region.js'
import { type FindAllOptions, matchLimit, type SearchRange } from './search.js'
import { clamp } from './slices.js'
import { inTurn } from './turns.js'

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

/** Starts of matches a chunk: 0.3 ms of one core, so that other searches wait no longer for a turn. */
const CHUNK = 4 * 1024 * 1024

/** A chunk of a search that no other waits for: the way to the pool and back takes a third of a small one's time. */
const LARGE = 4 * CHUNK

/**
 * So many times the chunks in flight may be searched before the first of them has been: a slow one does not hold up
 * the others. With one chunk in flight, none is.
 */
const AHEAD = 4

/** Ranges up to this are searched at once: a round trip to the pool takes as long. */
const SMALL = 128 * 1024

/** Offsets that a small rest is asked for at once. */
const BATCH = 4096

/** The questions of the addon. */
const FIRST = 0
const LAST = 1
const COUNT = 2
const ALL = 3

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

/**
 * Takes the answers of the chunks in their order, with how much has been searched when it was that chunk's turn to
 * end; a result other than undefined ends the search.
 */
type Fold<T> = (answer: Float64Array, searched: number) => T | undefined

/** The order of the chunks, and whether one starts where the one before says. */
interface Order {
  readonly reverse: boolean
  readonly carry: boolean
}

/** The searches of this thread. */
let searching = 0

/**
 * How long a chunk is, of so much that is left to so many in flight. The large ones come first, so that the last
 * ones end together.
 */
function chunkOf(left: number, share: number): number {
  if (searching > 1) return Math.min(left, CHUNK)
  const part = Math.floor(left / (4 * share * CHUNK)) * CHUNK
  return Math.min(left, LARGE, Math.max(CHUNK, part))
}

/** Searches a range in chunks. `last` is the result when no chunk has ended the search. */
function chunks<T>(
  region: Region,
  search: Search,
  { from, until, end }: Range,
  { signal, onProgress, concurrency }: Plan,
  { reverse, carry }: Order,
  fold: Fold<T>,
  last: () => T,
): Pending<T> {
  const total = until - from
  // A chunk that depends on the one before it can't run beside it.
  const share = carry ? 1 : concurrency
  const answers = new Map<number, Float64Array>()
  /** Of the chunks whose answers were not taken yet. */
  const sizes: number[] = []
  let next = from
  let left = total
  let launched = 0
  let landed = 0
  let folded = 0
  let searched = 0

  searching += 1
  const pending = new Pending<T>(region, signal, () => {
    searching -= 1
    search.end()
    if (landed < launched) region.ending.add(search)
  })

  const launch = (): void => {
    while (
      !pending.settled &&
      left > 0 &&
      launched - landed < share &&
      launched - folded < share * AHEAD
    ) {
      const index = launched
      launched += 1
      const size = chunkOf(left, share)
      const first = reverse ? from + left - size : until - left
      const afterLast = first + size
      left -= size
      sizes.push(size)
      const start = carry ? Math.min(Math.max(first, next), afterLast) : first
      inTurn(
        () => search.chunk(region.handle, start, afterLast, end),
        () => pending.settled,
      ).then(
        (answer) => arrived(index, answer),
        (error: unknown) => {
          pending.reject(error)
          arrived(index, undefined)
        },
      )
    }
  }

  const arrived = (index: number, answer: Float64Array | null | undefined): void => {
    landed += 1
    if (landed === launched && pending.settled) region.ending.delete(search)
    if (pending.settled || answer === undefined) return
    try {
      if (answer === null) throw region.fault()
      answers.set(index, answer)
      for (let head = answers.get(folded); head !== undefined; head = answers.get(folded)) {
        answers.delete(folded)
        folded += 1
        next = Math.max(next, head[head.length - 1] ?? until)
        searched += sizes.shift() ?? 0
        const result = fold(head, searched)
        onProgress?.(searched, total)
        if (result !== undefined) pending.resolve(result)
        // The callback may have closed the map.
        if (pending.settled) return
      }
    } catch (error) {
      pending.reject(error)
      return
    }
    if (left === 0 && folded === launched) pending.resolve(last())
    else launch()
  }

  launch()
  return pending
}

/** Before a search begins, and before each step of one that goes in steps. */
function check(region: Region, { signal }: Plan): void {
  checkSignal(signal)
  region.checkReadable()
}

/** Whether a range is searched at once: it is small, or an empty needle needs no search. */
const atOnce = ({ from, end }: Range, needle: Uint8Array): boolean =>
  end - from <= SMALL || byteLength(needle) === 0

/** The answer of a native, in the calling thread. */
function ask(
  region: Region,
  needle: Uint8Array,
  { from, until, end }: Range,
  { onProgress }: Plan,
  answer: typeof quick.find,
): number {
  const found = region.answered(answer(needle, region.handle, from, end))
  onProgress?.(until - from, until - from)
  return found
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
  check(region, how)
  const where = range(region, how, region.position, byteLength(needle))
  if (where.until === where.from) return -1
  const reverse = question === LAST
  if (atOnce(where, needle)) {
    return ask(region, needle, where, how, reverse ? quick.rfind : quick.find)
  }
  return chunks(
    region,
    new Search(needle, question),
    where,
    how,
    { reverse, carry: false },
    ([at]) => (at === -1 ? undefined : at),
    () => -1,
  ).promise
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
  check(region, how)
  const where = range(region, how, 0, byteLength(needle))
  if (where.until === where.from) return 0
  if (atOnce(where, needle)) return ask(region, needle, where, how, native.count)
  const search = new Search(needle, COUNT)
  let total = 0
  return chunks(
    region,
    search,
    where,
    how,
    { reverse: false, carry: search.overlaps() },
    ([count = 0]) => {
      total += count
      return undefined
    },
    () => total,
  ).promise
}

/** Every match, in order. The arguments are checked at the call, and the needle is copied. */
export function findAllAsync(
  region: Region,
  sub: unknown,
  given: AsyncFindAllOptions | undefined,
): AsyncIterableIterator<number> {
  const needle = new Uint8Array(bytes(sub, 'sub'))
  const how = plan(given)
  region.checkReadable()
  const first = clamp(how.start ?? 0, region.length)
  const last = how.end === undefined ? undefined : clamp(how.end, region.length)
  return new Matches(region, needle, how, first, last)
}

/**
 * The matches of a range, fetched in rounds of as many chunks as may be in flight. No generator: a match that is
 * there costs one promise instead of three, and `return()` ends a round that is being searched.
 */
class Matches implements AsyncIterableIterator<number> {
  readonly #region: Region
  readonly #needle: Uint8Array
  readonly #how: Plan
  readonly #first: number
  readonly #last: number | undefined
  /** Where the next round starts. */
  #from: number
  /** Chunks a round. */
  #share: number
  /** Matches that may still be given. */
  #left: number
  /** The offsets that were found, one array a chunk, without what was given of the first. */
  #found: Float64Array[] = []
  #at = 0
  #searching: Pending<true> | undefined
  /** Resolved when the step before has ended. */
  #before: Promise<void> | undefined

  constructor(
    region: Region,
    needle: Uint8Array,
    how: Plan,
    first: number,
    last: number | undefined,
  ) {
    this.#region = region
    this.#needle = needle
    this.#how = how
    this.#first = first
    this.#last = last
    this.#from = first
    this.#share = new Search(needle, ALL).overlaps() ? 1 : how.concurrency
    this.#left = how.limit
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  next(): Promise<Step<number>> {
    if (this.#before === undefined) {
      try {
        const step = this.#take()
        if (step !== undefined) return Promise.resolve(step)
      } catch (error) {
        return Promise.reject(this.#failed(error))
      }
    }
    return this.#inOrder()
  }

  return(): Promise<Step<number>> {
    this.#finish()
    return Promise.resolve(end())
  }

  throw(error: unknown): Promise<Step<number>> {
    return Promise.reject(this.#failed(error))
  }

  #finish(): void {
    this.#left = 0
    this.#found = []
    this.#searching?.resolve(true)
  }

  #failed(error: unknown): Error {
    this.#finish()
    // What is thrown is not always an Error; it is passed on as it is.
    return error as Error
  }

  /** The step that can be taken without a search, if there is one. */
  #take(): Step<number> | undefined {
    if (this.#left === 0) return end()
    check(this.#region, this.#how)
    const value = this.#found[0]?.[this.#at]
    if (value === undefined) return undefined
    // The map may have shrunk since the round was searched.
    if (value + this.#needle.length > this.#region.length) {
      this.#finish()
      return end()
    }
    this.#left -= 1
    this.#at += 1
    if (this.#at === this.#found[0]?.length) this.#nextChunk()
    return { done: false, value }
  }

  #nextChunk(): void {
    this.#found.shift()
    this.#at = 0
  }

  /** Steps that are asked for while one is searching come after it. */
  async #inOrder(): Promise<Step<number>> {
    const before = this.#before
    let ended = (): void => {}
    const mine = new Promise<void>((resolve) => {
      ended = resolve
    })
    this.#before = mine
    await before
    try {
      let step = this.#take()
      while (step === undefined) {
        // One round after another.
        // oxlint-disable-next-line no-await-in-loop
        await this.#round()
        step = this.#take()
      }
      return step
    } catch (error) {
      throw this.#failed(error)
    } finally {
      if (this.#before === mine) this.#before = undefined
      ended()
    }
  }

  /** Fetches the matches of the next chunks, or finds that there are no more. */
  async #round(): Promise<void> {
    const region = this.#region
    const end = Math.min(this.#last ?? region.length, region.length)
    const until = end - this.#needle.length + 1
    const from = this.#from
    if (from >= until) {
      region.checkEnd(this.#first, end)
      this.#finish()
      return
    }
    if (end - from <= SMALL) this.#batch(end)
    else await this.#chunks({ from, until, end })
    // return() was called meanwhile.
    if (this.#left === 0) return
    this.#how.onProgress?.(Math.min(this.#from, until) - this.#first, until - this.#first)
  }

  /** A small rest, at once. */
  #batch(end: number): void {
    const batch = new Float64Array(BATCH + 1)
    const region = this.#region
    const found = region.answered(
      native.findBatch(this.#needle, batch, region.handle, this.#from, end + 1, end),
    )
    this.#from = batch[BATCH] ?? end
    if (found > 0) this.#found.push(batch.subarray(0, found))
  }

  async #chunks({ from, until, end }: Range): Promise<void> {
    const stop = Math.min(until, from + this.#share * CHUNK)
    this.#searching = chunks<true>(
      this.#region,
      new Search(this.#needle, ALL),
      { from, until: stop, end },
      { ...this.#how, onProgress: undefined },
      { reverse: false, carry: this.#share === 1 },
      (answer, searched) => {
        const found = answer.length - 1
        this.#from = answer[found] ?? stop
        if (found > 0) this.#found.push(answer.subarray(0, found))
        if (this.#from >= from + searched) return undefined
        // Full before its end, which makes those behind it useless: they are searched again, one by one.
        this.#share = 1
        return true
      },
      () => true,
    )
    await this.#searching.promise
    this.#searching = undefined
  }
}

Object.setPrototypeOf(Matches.prototype, asyncIteratorPrototype)
