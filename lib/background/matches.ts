/** The iterator of `findAllAsync`. */

import { end, type Step } from '../iterators.js'
import { ALL, native, Search, turns } from '../native.js'
import { leastLength, type Literal } from '../needle.js'
import type { Region } from '../region.js'
import { liveEnd } from '../bounds.js'
import { AHEAD, CHUNK, forward, runChunks, SMALL } from './chunks.js'
import { check, type Plan } from './options.js'
import type { Pending } from './pending.js'
import type { Rounds } from './steps.js'

/** The most offsets that a search of a small part returns at once. */
const BATCH = 4096

const NOTHING = new Uint8Array(0)

/** A part of the range that was searched. */
interface Searched {
  /** Its matches, in order. */
  readonly offsets: Float64Array
  /** Where the search of the part goes on: at its end, unless it has more matches than one answer holds. */
  readonly next: number
  readonly until: number
}

/**
 * The matches of a range. They are fetched in rounds, each of as many chunks as may be in flight. If a chunk has more
 * matches than one answer holds, the next rounds fetch the rest of it. Meanwhile the matches of the chunks behind it
 * are kept.
 */
export class AsyncOffsets implements Rounds<number> {
  readonly #region: Region
  #needle: Literal
  readonly #how: Plan
  readonly #first: number
  readonly #last: number | undefined
  /**
   * The parts that were searched and not given out completely, in order. Only the first may have no offsets, if it
   * has a rest that was not fetched yet.
   */
  #searched: Searched[] = []
  /** The index of the next match in the first part. */
  #at = 0
  /** Where the range goes on behind everything that was searched. */
  #from: number
  /** How many more matches may be given. */
  #left: number
  /** The length of the map when the parts were searched. */
  #extent = -1
  #searching: Pending<true> | undefined

  constructor(region: Region, needle: Literal, how: Plan, first: number, last: number | undefined) {
    this.#region = region
    this.#needle = needle
    this.#how = how
    this.#first = first
    this.#last = last
    this.#from = first
    this.#left = how.limit
  }

  finish(): void {
    this.#left = 0
    this.#searched = []
    this.#needle = NOTHING
    this.#searching?.resolve(true)
  }

  /** The next step, if it needs no search. */
  take(): Step<number> | undefined {
    if (this.#left === 0) return end()
    check(this.#region, this.#how)
    this.#renew()
    const part = this.#searched[0]
    const value = part?.offsets[this.#at]
    if (part === undefined || value === undefined) return undefined
    this.#left -= 1
    this.#at += 1
    if (this.#left === 0) this.finish()
    else if (this.#at === part.offsets.length && part.next >= part.until) this.#nextPart()
    return { done: false, value }
  }

  /** If the map has another length now, matches that were not given yet are searched again. */
  #renew(): void {
    const { extent } = this.#region
    if (extent === this.#extent) return
    this.#extent = extent
    const part = this.#searched[0]
    if (part === undefined) return
    this.#from = part.offsets[this.#at] ?? part.next
    this.#searched = []
    this.#at = 0
  }

  #nextPart(): void {
    this.#searched.shift()
    this.#at = 0
  }

  /** Fetches the matches of the next chunks, or of the rest of one, or finds that there are no more. */
  async round(): Promise<void> {
    const region = this.#region
    const last = liveEnd(this.#last, region.length)
    const until = last - leastLength(this.#needle) + 1
    const rest = this.#searched[0]
    const from = rest?.next ?? this.#from
    if (from >= until) {
      region.checkEnd(this.#first, last)
      this.finish()
      return
    }
    const stop = Math.min(until, rest?.until ?? Infinity)
    const found =
      stop - from <= SMALL
        ? [this.#batch(from, stop, last)]
        : await this.#chunks(from, stop, last, rest === undefined)
    // return() was called meanwhile.
    if (this.#left === 0) return
    this.#from = Math.max(this.#from, ...found.map((part) => Math.max(part.next, part.until)))
    if (rest !== undefined) this.#nextPart()
    this.#searched.unshift(...found)
    this.#searched = this.#searched.filter((part) => part.offsets.length > 0 || hasRest(part))
    const done = this.#searched.find(hasRest)?.next ?? this.#from
    this.#how.onProgress?.((done < until ? done : last) - this.#first, last - this.#first)
  }

  /** Searches a small part at once. */
  #batch(from: number, until: number, last: number): Searched {
    const batch = new Float64Array(BATCH + 1)
    const region = this.#region
    const found = region.answered(
      native.findBatch(this.#needle, batch, region.handle, from, until, last),
    )
    return { offsets: batch.subarray(0, found), next: batch[BATCH] ?? until, until }
  }

  /** Searches the next chunks, as many as may be in flight; or only one. */
  async #chunks(from: number, until: number, last: number, many: boolean): Promise<Searched[]> {
    const region = this.#region
    const search = new Search(this.#needle, ALL)
    const sequential = search.overlaps()
    // More chunks than are in flight at once may be finished, so that a slow one does not hold up the round. The
    // iterator keeps no more than that.
    const concurrency = Math.min(this.#how.concurrency, turns() * AHEAD)
    const stop = Math.min(until, from + (sequential || !many ? 1 : concurrency) * CHUNK)
    const found: Searched[] = []
    this.#searching = runChunks<Float64Array, true>(
      region,
      { ...this.#how, onProgress: undefined },
      {
        parts: forward(from, stop, concurrency),
        total: stop - from,
        sequential,
        start: (part) => search.chunk(region.handle, part.from, part.until, last),
        take(answer, part) {
          const count = answer.length - 1
          const next = answer[count] ?? part.until
          found.push({ offsets: answer.subarray(0, count), next, until: part.until })
          return undefined
        },
        result: () => true,
        task: search,
      },
    )
    await this.#searching.promise
    this.#searching = undefined
    return found
  }
}

const hasRest = ({ next, until }: Searched): boolean => next < until
