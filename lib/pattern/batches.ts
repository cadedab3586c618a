/** Iterators over many records. Each batch is searched when it is asked for. */

import { Buffer } from 'node:buffer'
import { liveEnd } from '../bounds.js'
import { end, isIterator, type Step } from '../iterators.js'
import { native, PatternSearch } from '../native.js'
import type { Line } from '../line.js'
import { checkGiven, type Region } from '../region.js'
import type { OwnBuffer } from '../slab.js'
import { Found } from './answer.js'
import { type Kind, starts } from './kinds.js'
import type { Prepared } from './prepared.js'
import { type Batch, type Room, textOf } from './text.js'

/** The fewest and the most records of a batch. */
const [FEWEST, MOST] = [16, 4096]

/**
 * How many bytes are searched at most for a batch that has a record already: as many as were searched before, within
 * these bounds. So the first record does not wait until many bytes are searched, and where records are rare, many of
 * them share a call of the addon.
 */
const [SHORT, LONG] = [64 * 1024, 4 * 1024 * 1024]

const NEWLINE = Buffer.of(10)

/** Set by the classes, which alone can read their private members. */
let textForward: (records: Forward<never>, room: Room) => OwnBuffer | undefined
let textBackward: (records: Backward<never>) => OwnBuffer | undefined

/** The next lines of an iterator of lines as one text; undefined at the end. */
export const nextText = (
  records: Forward<Line> | Backward<Line>,
  room: Room,
): OwnBuffer | undefined =>
  records instanceof Forward
    ? textForward(records as Forward<never>, room)
    : textBackward(records as Backward<never>)

const noLines = (): number => 0

/** All records, from first to last. */
export class Forward<T> implements IterableIterator<T> {
  readonly #region: Region
  readonly #prepared: Prepared
  readonly #kind: Kind<T>
  readonly #size: number
  readonly #first: number
  readonly #last: number | undefined
  #search: PatternSearch | undefined
  #found: Found | undefined
  #at = 0
  /** Where a new search would go on, and how many records the next batch may have. */
  #from: number
  #most = FEWEST
  /** How many more records batches may have; 0 when no batch follows. */
  #left: number
  /** The same, but also behind the last batch: when it is searched again, there may be more. */
  #rest = 0
  /** Whether the batch is the last of the range: nobody has heard of the end yet, which a close replaces. */
  #isLast = false
  /** The length of the map when the batch was searched, and where the searched bytes ended. */
  #extent = -1
  #stop = -1

  constructor(
    region: Region,
    prepared: Prepared,
    kind: Kind<T>,
    first: number,
    last: number | undefined,
    limit: number,
  ) {
    this.#region = region
    this.#prepared = prepared
    this.#kind = kind
    this.#size = kind.size(prepared)
    this.#first = first
    this.#from = first
    this.#last = last
    this.#left = limit
  }

  [Symbol.iterator](): this {
    return this
  }

  next(): Step<T> {
    let found = this.#found
    if (found === undefined || this.#at >= found.records || this.#region.extent !== this.#extent) {
      found = this.#fill()
    }
    const done = found === undefined
    const value = done ? undefined : this.#kind.make(found as Found, this.#at, 0)
    this.#at += 1
    return { done, value } as Step<T>
  }

  /** The records that are left of the present batch, or else those of the next one. */
  #batch(): Batch | undefined {
    const found = this.#isRest() ? this.#found : this.#fill()
    if (found === undefined) return undefined
    const from = this.#at
    const to = found.records
    this.#at = to
    return { found, from, to, hasNumbers: this.#kind.numbers, linesBefore: noLines }
  }

  /** Whether records are left of the present batch. */
  #isRest(): boolean {
    const found = this.#found
    return found !== undefined && this.#at < found.records && this.#region.extent === this.#extent
  }

  /** Lines as one text: those that are left of the present batch, or else the next ones. */
  #text(room: Room): OwnBuffer | undefined {
    if (this.#kind.numbers || this.#isRest()) {
      const batch = this.#batch()
      return batch === undefined ? undefined : textOf(batch)
    }
    const target = room.target()
    const found = this.#fill(target)
    if (found === undefined) return undefined
    const count = found.newlines
    const more = found.at(0, 0)
    if (more === 0) return room.take(count)
    // The target had no room for the last of the lines.
    const rest = found.block.subarray(0, more)
    return count === 0 ? rest : Buffer.concat([room.take(count), rest])
  }

  return(): Step<never> {
    this.#left = 0
    this.#isLast = false
    this.#found = undefined
    this.#search?.end()
    this.#search = undefined
    return end()
  }

  /** Searches the next batch that has a record. With a `target` it is of lines, whose bytes are written there. */
  #fill(target?: Uint8Array): Found | undefined {
    const region = this.#region
    const before = this.#found
    let left = this.#left
    let search = this.#search
    const wasLast = this.#isLast
    this.#search = undefined
    // If the map has another length now, or is closed, records that were not given yet are searched again.
    if (before !== undefined && this.#at < before.records) {
      left = this.#rest + before.records - this.#at
      this.#from = this.#kind.start(before, this.#at)
      search = undefined
    }
    // An error ends the iteration.
    this.return()
    if (left <= 0) {
      search?.end()
      if (wasLast) region.checkReadable()
      return undefined
    }
    region.checkReadable()
    const stop = liveEnd(this.#last, region.length)
    const from = this.#from
    if (from > stop) {
      region.checkEnd(this.#first, stop)
      return undefined
    }
    if (search === undefined || region.extent !== this.#extent || stop !== this.#stop) {
      const { question, invert, numbers } = this.#kind
      search = new PatternSearch(this.#prepared.number, question, invert, numbers, from)
    }
    const most = Math.min(left, this.#most)
    this.#most = Math.min(4 * this.#most, MOST)
    const span = Math.min(LONG, Math.max(SHORT, from - this.#first))
    const numbers =
      target === undefined
        ? search.batch(region.handle, stop, most, span)
        : search.text(target, region.handle, stop, most, span)
    if (numbers === null) throw region.fault()
    const isText = target !== undefined
    // It may be a view of a file that was cut off, so that the lines are lost.
    if (isText) checkGiven(target)
    const found = new Found(numbers, this.#prepared, isText ? 1 : this.#size)
    const records = isText ? found.count : found.records
    this.#extent = region.extent
    this.#stop = stop
    this.#from = found.position
    this.#at = 0
    this.#rest = left - records
    if (found.done) {
      search.end()
      region.checkEnd(this.#first, stop)
      this.#isLast = records > 0 && this.#rest > 0
    } else {
      this.#search = search
      this.#left = this.#rest
    }
    if (records === 0) return undefined
    if (!isText) this.#found = found
    return found
  }

  static {
    textForward = (records, room) => records.#text(room)
  }
}

/** All records from last to first. Only for patterns whose matches have no newline. */
export class Backward<T> implements IterableIterator<T> {
  readonly #region: Region
  readonly #prepared: Prepared
  readonly #kind: Kind<T>
  readonly #search: PatternSearch
  readonly #first: number
  readonly #last: number | undefined
  #found: Found | undefined
  #at = 0
  /** Where the lines that are left end, and the offset before which their records begin. */
  #until = Infinity
  #before: number = Number.MAX_SAFE_INTEGER
  #left: number
  #extent = -1
  /** The number of the line that starts at `#counted`. */
  #number = 0
  #counted = -1

  constructor(
    region: Region,
    prepared: Prepared,
    kind: Kind<T>,
    first: number,
    last: number | undefined,
    limit: number,
  ) {
    const { question, invert, numbers } = kind
    this.#region = region
    this.#prepared = prepared
    this.#kind = kind
    this.#search = new PatternSearch(prepared.number, question, invert, numbers, first)
    this.#first = first
    this.#last = last
    this.#left = limit
  }

  [Symbol.iterator](): this {
    return this
  }

  next(): Step<T> {
    const found = this.#present()
    const at = this.#at
    const done = found === undefined || this.#left === 0
    const value = done ? undefined : this.#kind.make(found, at, this.#linesBefore(found, at))
    if (done) this.return()
    else {
      this.#at = at + 1
      this.#left -= 1
    }
    return { done, value } as Step<T>
  }

  /** The records that are left of the present batch, or else those of the next one. */
  #batch(): Batch | undefined {
    const found = this.#present()
    if (found === undefined || this.#left === 0) {
      this.return()
      return undefined
    }
    const from = this.#at
    const to = Math.min(found.records, from + this.#left)
    this.#at = to
    this.#left -= to - from
    const linesBefore = (record: number): number => this.#linesBefore(found, record)
    return { found, from, to, hasNumbers: this.#kind.numbers, linesBefore }
  }

  /** The batch whose records are given out. */
  #present(): Found | undefined {
    const found = this.#found
    return found !== undefined && this.#at < found.records && this.#region.extent === this.#extent
      ? found
      : this.#fill()
  }

  return(): Step<never> {
    this.#left = 0
    this.#found = undefined
    return end()
  }

  #fill(): Found | undefined {
    const region = this.#region
    const left = this.#left
    const before = this.#found
    if (before !== undefined) {
      // If the map has another length now, records that were not given yet are searched again.
      const isRest = this.#at < before.records
      this.#before = isRest ? this.#kind.start(before, this.#at) + 1 : before.count
      if (!isRest) this.#until = before.position
    }
    const over = before?.done === true && this.#at >= before.records
    this.return()
    if (left === 0) return undefined
    region.checkReadable()
    const stop = liveEnd(this.#last, region.length)
    if (over || stop < this.#first) {
      region.checkEnd(this.#first, stop)
      return undefined
    }
    const until = Math.min(this.#until, stop)
    const numbers = this.#search.batchBack(region.handle, this.#first, until, stop, this.#before)
    if (numbers === null) throw region.fault()
    const found = new Found(numbers, this.#prepared, this.#kind.size(this.#prepared))
    this.#until = until
    this.#extent = region.extent
    this.#at = 0
    if (found.records === 0) {
      region.checkEnd(this.#first, stop)
      return undefined
    }
    this.#left = left
    this.#found = found
    return found
  }

  /** The same as #lines, whose error ends the iteration. */
  #linesBefore(found: Found, at: number): number {
    const left = this.#left
    this.#left = 0
    const lines = this.#lines(found, at)
    this.#left = left
    return lines
  }

  /**
   * How many lines there are before a line, if lines are numbered. The addon numbers each line as if it were the
   * first.
   */
  #lines(found: Found, at: number): number {
    if (!this.#kind.numbers) return 0
    const region = this.#region
    const start = this.#kind.start(found, at)
    if (this.#counted < start || this.#counted > region.length) {
      this.#number = region.answered(native.count(NEWLINE, region.handle, 0, start))
    } else {
      this.#number -= region.answered(native.count(NEWLINE, region.handle, start, this.#counted))
    }
    this.#counted = start
    return this.#number - found.at(at, 2) + 1
  }

  static {
    textBackward = (records) => {
      const batch = records.#batch()
      return batch === undefined ? undefined : textOf(batch)
    }
  }
}
isIterator(Forward)
isIterator(Backward)

/** Where the matches start. */
export const offsetsOf = (
  region: Region,
  prepared: Prepared,
  first: number,
  last: number | undefined,
  limit: number,
): IterableIterator<number> => new Forward(region, prepared, starts, first, last, limit)
