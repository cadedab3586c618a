/** `lines`: newlines are searched for in batches, and the lines between them are copied together. */

import { Buffer } from 'node:buffer'
import { boolean, optionalInteger, options as members } from './arguments.js'
import { end, isIterator, type Step } from './iterators.js'
import { native, quick } from './native.js'
import type { Region } from './region.js'
import { allocate, bufferOver, type OwnBuffer, readLarge, untransferable } from './slab.js'
import { givenEnd, liveEnd, startAt } from './bounds.js'

/** Which lines, and in which order. */
export interface LinesOptions {
  /** Where the first line starts: bytes from the start of the map; negative from its end. Default: 0. */
  start?: number | undefined
  /** Where the last line ends, likewise. Default: the end of the map. */
  end?: number | undefined
  /** Whether the last line comes first. Default: false. */
  reverse?: boolean | undefined
}

/** Lines are copied in blocks of up to this many bytes. A longer line is copied by itself. */
const BLOCK = 64 * 1024

/** The most newlines in a batch: more than a block of ordinary text has. */
const BATCH = 4096

const NEWLINE = Buffer.of(10)

/** The lines of a range. Each batch is read from the map when the one before is used up, so later changes show. */
export function lines(
  region: Region,
  given: LinesOptions | undefined,
): IterableIterator<OwnBuffer> {
  const { start, end: stop, reverse } = members(given, 'lines({ start, end, reverse })')
  const from = optionalInteger(start, 'start', 0)
  const to = optionalInteger(stop, 'end', undefined)
  const backward = reverse !== undefined && boolean(reverse, 'reverse')
  region.checkReadable()
  const first = startAt(from, region.length)
  const last = givenEnd(to, region.length)
  return backward ? new ReverseLines(region, first, last) : new ForwardLines(region, first, last)
}

/** Memory for the next block. It is not zeroed, because the addon fills all of it. */
const block = (left: number): Uint8Array<ArrayBuffer> =>
  untransferable(allocate(Math.min(BLOCK, left)))

/** The lines from first to last. */
class ForwardLines implements IterableIterator<OwnBuffer> {
  readonly #region: Region
  readonly #start: number
  readonly #last: number | undefined
  readonly #newlines = new Float64Array(BATCH)
  /** The copied block: `#from` is its offset in the map, and `#begin` is where the next line starts in the block. */
  #block = new ArrayBuffer(0)
  #from: number
  #begin = 0
  /** The length of the map when the block was copied. */
  #extent = -1
  /** How many newlines the block has, and the index of the next one. */
  #count = 0
  #at = 0
  #done = false
  /** Whether the last line was given: nobody has heard of the end yet, which a close replaces. */
  #wasLast = false

  constructor(region: Region, start: number, last: number | undefined) {
    this.#region = region
    this.#start = start
    this.#from = start
    this.#last = last
  }

  [Symbol.iterator](): this {
    return this
  }

  next(): Step<OwnBuffer> {
    const line =
      this.#at < this.#count && this.#region.extent === this.#extent ? this.#cut() : this.#read()
    return { done: line === undefined, value: line } as Step<OwnBuffer>
  }

  /** The next line of the block. */
  #cut(): OwnBuffer {
    const at = this.#at
    const newline = this.#newlines[at] ?? 0
    const begin = this.#begin
    this.#at = at + 1
    this.#begin = newline + 1
    return bufferOver(this.#block, begin, newline - begin)
  }

  return(): Step<never> {
    this.#done = true
    this.#wasLast = false
    this.#count = 0
    return end()
  }

  /** Copies the next block, and returns its first line; undefined at the end. */
  #read(): OwnBuffer | undefined {
    const region = this.#region
    const wasLast = this.#wasLast
    if (this.#done && !wasLast) return undefined
    // An error ends the iteration.
    this.return()
    region.checkReadable()
    if (wasLast) return undefined
    const from = (this.#from += this.#begin)
    this.#begin = 0
    const stop = liveEnd(this.#last, region.length)
    if (from >= stop) {
      region.checkEnd(this.#start, stop)
      return undefined
    }
    const slab = block(stop - from)
    const copied = from + slab.length
    const count = region.answered(
      native.lineBatch(slab, this.#newlines, false, region.handle, from, stop),
    )
    if (count > 0) {
      this.#block = slab.buffer
      this.#extent = region.extent
      this.#count = count
      this.#at = 0
      this.#done = false
      return this.#cut()
    }
    // The last line has no newline.
    if (copied === stop) {
      this.#wasLast = true
      return bufferOver(slab.buffer, 0, slab.length)
    }
    const newline = region.answered(quick.find(NEWLINE, region.handle, copied, stop))
    const line = readLarge(region, from, (newline === -1 ? stop : newline) - from)
    this.#from = newline === -1 ? stop : newline + 1
    this.#done = false
    return line
  }
}

/** The lines from last to first. */
class ReverseLines implements IterableIterator<OwnBuffer> {
  readonly #region: Region
  readonly #start: number
  readonly #last: number | undefined
  readonly #newlines = new Float64Array(BATCH)
  /** The copied block: `#base` is its offset in the map, and `#stop` is where the next line ends in the block. */
  #block = new ArrayBuffer(0)
  #base = 0
  /** Infinity before the first block, and when the map has shrunk to before the next line. */
  #stop = Infinity
  #extent = -1
  #count = 0
  #at = 0
  #done = false
  /** Whether the last line was given: nobody has heard of the end yet, which a close replaces. */
  #wasLast = false

  constructor(region: Region, start: number, last: number | undefined) {
    this.#region = region
    this.#start = start
    this.#last = last
  }

  [Symbol.iterator](): this {
    return this
  }

  next(): Step<OwnBuffer> {
    const line =
      this.#at < this.#count && this.#region.extent === this.#extent ? this.#cut() : this.#read()
    return { done: line === undefined, value: line } as Step<OwnBuffer>
  }

  /** The next line of the block. */
  #cut(): OwnBuffer {
    const at = this.#at
    const newline = this.#newlines[at] ?? 0
    const stop = this.#stop
    this.#at = at + 1
    this.#stop = newline
    return bufferOver(this.#block, newline + 1, stop - newline - 1)
  }

  return(): Step<never> {
    this.#done = true
    this.#wasLast = false
    this.#count = 0
    return end()
  }

  /** Copies the block before, and returns its last line; undefined at the end. */
  #read(): OwnBuffer | undefined {
    const region = this.#region
    const wasLast = this.#wasLast
    const start = this.#start
    if (this.#done && !wasLast) return undefined
    // An error ends the iteration.
    this.return()
    region.checkReadable()
    if (wasLast) return undefined
    let stop = this.#base + this.#stop
    if (stop >= region.length) {
      stop = liveEnd(this.#last, region.length)
      if (stop <= start) return undefined
      // Behind a newline at the end of the range there is no line.
      if (region.answered(quick.find(NEWLINE, region.handle, stop - 1, stop)) !== -1) stop -= 1
    }
    const slab = block(stop - start)
    const base = stop - slab.length
    const count = region.answered(
      native.lineBatch(slab, this.#newlines, true, region.handle, start, stop),
    )
    this.#base = base
    this.#stop = slab.length
    if (count > 0) {
      this.#block = slab.buffer
      this.#extent = region.extent
      this.#count = count
      this.#at = 0
      this.#done = false
      return this.#cut()
    }
    // This is the first line of the range.
    if (base === start) {
      region.checkEnd(start, liveEnd(this.#last, region.length))
      this.#wasLast = true
      return bufferOver(slab.buffer, 0, slab.length)
    }
    const newline = region.answered(quick.rfind(NEWLINE, region.handle, start, base))
    const from = newline === -1 ? start : newline + 1
    const line = readLarge(region, from, stop - from)
    this.#base = newline
    this.#stop = 0
    this.#done = newline === -1
    if (this.#done) {
      region.checkEnd(start, liveEnd(this.#last, region.length))
      this.#wasLast = true
    }
    return line
  }
}
isIterator(ForwardLines)
isIterator(ReverseLines)
