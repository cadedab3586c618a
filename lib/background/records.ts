/** The iterators of `matchAllAsync` and `grepAsync`, and of `findAllAsync` for a pattern. */

import { end, type Step } from '../iterators.js'
import { type PatternSearch, turns } from '../native.js'
import { Found } from '../pattern/answer.js'
import type { Kind } from '../pattern/kinds.js'
import type { Prepared } from '../pattern/prepared.js'
import type { Batch } from '../pattern/text.js'
import type { Region } from '../region.js'
import { liveEnd } from '../bounds.js'
import { AHEAD, CHUNK, type Job, once, runChunks, SMALL } from './chunks.js'
import { check, type Plan } from './options.js'
import { EXACT, GOES_ON, makeSearch, partsOf } from './patterns.js'
import type { Pending } from './pending.js'
import type { Rounds } from './steps.js'

/** How many records are asked for when a small part is searched at once. */
const BATCH = 4096

/** A part of the range that was searched. */
interface Searched {
  readonly found: Found
  readonly until: number
}

/**
 * The records of a range. They are fetched in rounds, each of as many chunks as may be in flight. If a chunk has more
 * records than one answer holds, the next rounds fetch the rest of it. Meanwhile the records of the chunks behind it
 * are kept.
 */
export class AsyncRecords<T> implements Rounds<T> {
  readonly #region: Region
  readonly #prepared: Prepared
  readonly #kind: Kind<T>
  readonly #size: number
  readonly #how: Plan
  readonly #first: number
  readonly #last: number | undefined
  /** The parts that were searched and not given out completely, in order. */
  #searched: Searched[] = []
  /** The index of the next record in the first part. */
  #at = 0
  /** Where the range goes on behind everything that was searched, or where a new search would begin. */
  #from: number
  /** Where the first part began. */
  #begin: number
  /** How far the range was searched, for `onProgress`. */
  #covered: number
  /** The number of lines before those of the first part, if lines are numbered. */
  #lines = 0
  /** How many more records may be given. */
  #left: number
  #isOver = false
  /** The search that goes on from round to round. */
  #search: PatternSearch | undefined
  /** The length of the map when the parts were searched. */
  #extent = -1
  #searching: Pending<true> | undefined
  /** The round that is being searched. */
  #round: Promise<void> | undefined

  constructor(
    region: Region,
    prepared: Prepared,
    kind: Kind<T>,
    how: Plan,
    first: number,
    last: number | undefined,
  ) {
    this.#region = region
    this.#prepared = prepared
    this.#kind = kind
    this.#size = kind.size(prepared)
    this.#how = how
    this.#first = first
    this.#last = last
    this.#from = first
    this.#begin = first
    this.#covered = first
    this.#left = how.limit
  }

  finish(): void {
    this.#left = 0
    this.#searched = []
    this.#search?.end()
    this.#search = undefined
    this.#searching?.resolve(true)
  }

  take(): Step<T> | undefined {
    if (this.#left === 0) return end()
    check(this.#region, this.#how)
    this.#renew()
    const found = this.#searched[0]?.found
    if (found === undefined || this.#at >= found.records) return undefined
    const value = this.#kind.make(found, this.#at, this.#lines)
    this.#given(1)
    return { done: false, value }
  }

  /** The records that are left of the first part, if there are any. */
  takeBatch(): Step<Batch> | undefined {
    if (this.#left === 0) return end()
    check(this.#region, this.#how)
    this.#renew()
    const found = this.#searched[0]?.found
    if (found === undefined || this.#at >= found.records) return undefined
    const { numbers: hasNumbers } = this.#kind
    const from = this.#at
    const to = Math.min(found.records, from + this.#left)
    const lines = this.#lines
    const value = { found, from, to, hasNumbers, linesBefore: () => lines }
    this.#given(to - from)
    return { done: false, value }
  }

  /** If the map has another length now, records that were not given yet are searched again, if there are any. */
  #renew(): void {
    const { extent } = this.#region
    if (extent === this.#extent) return
    this.#extent = extent
    const part = this.#searched[0]
    if (part === undefined && this.#search === undefined) return
    if (part !== undefined) {
      const { found } = part
      const isRest = this.#at < found.records
      this.#from = isRest ? this.#kind.start(found, this.#at) : found.position
    }
    this.#begin = this.#from
    this.#covered = this.#from
    this.#searched = []
    this.#at = 0
    this.#lines = 0
    this.#isOver = false
    this.#search?.end()
    this.#search = undefined
  }

  /** Notes that records of the first part were given. */
  #given(records: number): void {
    this.#left -= records
    this.#at += records
    if (this.#left === 0) this.finish()
    else this.#dropGiven()
  }

  /** Removes the first parts of which everything was given, those that have nothing too. */
  #dropGiven(): void {
    for (;;) {
      const found = this.#searched[0]?.found
      if (found?.done !== true || this.#at < found.records) return
      this.#nextPart()
    }
  }

  /** Removes the first part. */
  #nextPart(): void {
    const part = this.#searched.shift()
    if (this.#kind.numbers && part !== undefined) this.#lines += part.found.newlines
    this.#at = 0
  }

  /** One round at a time, also if both the records and their batches are asked for. */
  round(): Promise<void> {
    this.#round ??= this.#nextRound().finally(() => {
      this.#round = undefined
    })
    return this.#round
  }

  async #nextRound(): Promise<void> {
    const region = this.#region
    const last = liveEnd(this.#last, region.length)
    const rest = this.#searched[0]
    if (rest === undefined && (this.#isOver || this.#from > last)) {
      region.checkEnd(this.#first, last)
      this.finish()
      return
    }
    const search = this.#search ?? makeSearch(this.#prepared, this.#kind, this.#from)
    this.#search = undefined
    const found =
      search.isDivisible() && last - this.#first > SMALL
        ? await this.#parts(search, rest, last)
        : await this.#goOn(search, last)
    // return() was called meanwhile.
    if (this.#left === 0) {
      this.finish()
      return
    }
    if (rest !== undefined) this.#nextPart()
    this.#searched.unshift(...found)
    this.#dropGiven()
    const place = this.#searched.find(({ found }) => !found.done)?.found.position ?? this.#covered
    this.#how.onProgress?.(Math.min(place, last) - this.#first, last - this.#first)
  }

  /** Searches the next parts, as many as may be in flight; or the rest of the first. */
  async #parts(
    search: PatternSearch,
    rest: Searched | undefined,
    last: number,
  ): Promise<Searched[]> {
    const region = this.#region
    if (rest !== undefined) {
      const from = rest.found.position
      const until = Math.max(from, rest.until)
      return this.#run({
        parts: once({ from, until }),
        total: until - from,
        sequential: true,
        start: (part) =>
          search.chunk(region.handle, EXACT, part.from, part.until, last, this.#most()),
        task: search,
      })
    }
    const concurrency = Math.min(this.#how.concurrency, turns() * AHEAD)
    const from = this.#from
    const stop = Math.min(last, from + concurrency * CHUNK)
    const range = { from, end: last }
    const job = partsOf(region, search, range, concurrency, this.#most(), from === this.#begin)
    const found = await this.#run({
      ...job,
      parts() {
        const part = job.parts()
        return part === undefined || part.from >= stop ? undefined : part
      },
    })
    this.#from = Math.max(stop, ...found.map(({ until }) => until))
    this.#isOver = this.#from >= last
    this.#covered = this.#from
    return found
  }

  /** Goes on with a search that was interrupted. */
  async #goOn(search: PatternSearch, last: number): Promise<Searched[]> {
    const region = this.#region
    const from = this.#covered
    const until = Math.min(last, from + CHUNK)
    let found: Searched[]
    if (last - this.#first <= SMALL) {
      const numbers = search.batch(region.handle, last, Math.min(this.#most(), BATCH), SMALL)
      if (numbers === null) throw region.fault()
      found = [{ found: new Found(numbers, this.#prepared, this.#size), until }]
    } else {
      let isDone = false
      found = await this.#run({
        parts: once({ from, until }),
        total: until - from,
        sequential: true,
        start: (part) =>
          search.chunk(region.handle, GOES_ON, part.from, part.until, last, this.#most()),
        task: {
          // When the part is done, the search waits for the next part and is not ended.
          end: () => (isDone ? undefined : search.end()),
          join: () => search.join(),
        },
        done: () => (isDone = true),
      })
    }
    const answer = found[0]?.found
    if (answer !== undefined) {
      this.#from = answer.position
      this.#isOver = answer.done
      this.#covered = answer.done ? last : Math.min(answer.position, last)
    }
    if (answer?.done !== true) this.#search = search
    else search.end()
    // The search itself gives the rest of its records.
    return found.map(({ found: records }) => ({ found: records, until: records.position }))
  }

  #most(): number {
    return Math.min(this.#left, 2 ** 31)
  }

  /** Runs a round. `done` is called with each answer. */
  async #run(
    job: Omit<Job<Float64Array, true>, 'take' | 'result'> & { done?(): void },
  ): Promise<Searched[]> {
    const found: Searched[] = []
    this.#searching = runChunks<Float64Array, true>(
      this.#region,
      { ...this.#how, onProgress: undefined },
      {
        ...job,
        take: (answer, { until }) => {
          job.done?.()
          found.push({ found: new Found(answer, this.#prepared, this.#size), until })
          return undefined
        },
        result: () => true,
      },
    )
    await this.#searching.promise
    this.#searching = undefined
    return found
  }
}
