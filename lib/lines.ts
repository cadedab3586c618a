/** Lines: batches of newlines, copied out together. */

import { boolean, optionalInteger, options as members } from './arguments.js'
import { end, iteratorPrototype, type Step } from './iterators.js'
import { native, quick } from './native.js'
import type { Region } from './region.js'
import { allocate, bufferOver, readLarge, untransferable } from './slab.js'
import { clamp } from './slices.js'

/** Which lines, and in which order. */
export interface LinesOptions {
  /** Where the first line starts: bytes from the start of the map; negative from its end. Default: 0. */
  start?: number | undefined
  /** Where the last line ends, likewise. Default: the end of the map. */
  end?: number | undefined
  /** Whether the last line comes first. Default: false. */
  reverse?: boolean | undefined
}

/** Lines are copied out in blocks of this many bytes; longer ones one by one. */
const BLOCK = 64 * 1024

/** At most this many newlines a batch, the most that a block can have in text. */
const BATCH = 4096

const NEWLINE = Buffer.of(10)

/** The lines of a range as it is now, and as it will be: a batch is read when the one before is used up. */
export function lines(region: Region, given: LinesOptions | undefined): IterableIterator<Buffer> {
  const { start, end: stop, reverse } = members(given)
  const from = optionalInteger(start, 'start', 0)
  const to = optionalInteger(stop, 'end', undefined)
  const backward = reverse !== undefined && boolean(reverse, 'reverse')
  region.checkReadable()
  const first = clamp(from, region.length)
  const last = to === undefined ? undefined : clamp(to, region.length)
  return backward ? new Down(region, first, last) : new Up(region, first, last)
}

/** The end of the range, which moves with the map when it was not given. */
const endOf = (region: Region, last: number | undefined): number =>
  last === undefined || last > region.length ? region.length : last

/** Memory for the next block, all of which the addon fills: zeros first would cost a line 1.5 ns. */
const block = (left: number): Uint8Array<ArrayBuffer> =>
  untransferable(allocate(Math.min(BLOCK, left)) as Uint8Array<ArrayBuffer>)

/** The lines, the first first. */
class Up implements IterableIterator<Buffer> {
  readonly #region: Region
  readonly #start: number
  readonly #last: number | undefined
  readonly #newlines = new Float64Array(BATCH)
  /** The block that was copied out: it starts at `#from`, and the next line in it at `#begin`. */
  #block = new ArrayBuffer(0)
  #from: number
  #begin = 0
  /** The map's when the block was copied. */
  #extent = -1
  /** Newlines of the block, and which of them is next. */
  #count = 0
  #at = 0
  #done = false

  constructor(region: Region, start: number, last: number | undefined) {
    this.#region = region
    this.#start = start
    this.#from = start
    this.#last = last
  }

  [Symbol.iterator](): this {
    return this
  }

  next(): Step<Buffer> {
    const line =
      this.#at < this.#count && this.#region.extent === this.#extent ? this.#cut() : this.#read()
    return { done: line === undefined, value: line } as Step<Buffer>
  }

  /** The next line of the block. */
  #cut(): Buffer {
    const at = this.#at
    const newline = this.#newlines[at] ?? 0
    const begin = this.#begin
    this.#at = at + 1
    this.#begin = newline + 1
    return bufferOver(this.#block, begin, newline - begin)
  }

  return(): Step<never> {
    this.#done = true
    this.#count = 0
    return end()
  }

  /** Copies the next block, and gives its first line; undefined at the end. */
  #read(): Buffer | undefined {
    if (this.#done) return undefined
    const region = this.#region
    // An error ends the iteration.
    this.return()
    region.checkReadable()
    const from = (this.#from += this.#begin)
    this.#begin = 0
    const stop = endOf(region, this.#last)
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
    if (copied === stop) return bufferOver(slab.buffer, 0, slab.length)
    const newline = region.answered(quick.find(NEWLINE, region.handle, copied, stop))
    const line = readLarge(region, from, (newline === -1 ? stop : newline) - from)
    this.#from = newline === -1 ? stop : newline + 1
    this.#done = false
    return line
  }
}

/** The lines, the last first. */
class Down implements IterableIterator<Buffer> {
  readonly #region: Region
  readonly #start: number
  readonly #last: number | undefined
  readonly #newlines = new Float64Array(BATCH)
  /** The block that was copied out: it starts at `#base`, and the next line in it ends at `#stop`. */
  #block = new ArrayBuffer(0)
  #base = 0
  /** There is no next line yet, as there is none behind the end of a map that has shrunk. */
  #stop = Infinity
  #extent = -1
  #count = 0
  #at = 0
  #done = false

  constructor(region: Region, start: number, last: number | undefined) {
    this.#region = region
    this.#start = start
    this.#last = last
  }

  [Symbol.iterator](): this {
    return this
  }

  next(): Step<Buffer> {
    const line =
      this.#at < this.#count && this.#region.extent === this.#extent ? this.#cut() : this.#read()
    return { done: line === undefined, value: line } as Step<Buffer>
  }

  /** The next line of the block. */
  #cut(): Buffer {
    const at = this.#at
    const newline = this.#newlines[at] ?? 0
    const stop = this.#stop
    this.#at = at + 1
    this.#stop = newline
    return bufferOver(this.#block, newline + 1, stop - newline - 1)
  }

  return(): Step<never> {
    this.#done = true
    this.#count = 0
    return end()
  }

  /** Copies the block before, and gives its last line; undefined at the end. */
  #read(): Buffer | undefined {
    if (this.#done) return undefined
    const region = this.#region
    const start = this.#start
    // An error ends the iteration.
    this.return()
    region.checkReadable()
    let stop = this.#base + this.#stop
    if (stop >= region.length) {
      stop = endOf(region, this.#last)
      if (stop <= start) return undefined
      // The newline that ends the last line is not the start of another.
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
    // The first line.
    if (base === start) {
      region.checkEnd(start, endOf(region, this.#last))
      return bufferOver(slab.buffer, 0, slab.length)
    }
    const newline = region.answered(quick.rfind(NEWLINE, region.handle, start, base))
    const from = newline === -1 ? start : newline + 1
    const line = readLarge(region, from, stop - from)
    this.#base = newline
    this.#stop = 0
    this.#done = newline === -1
    if (this.#done) region.checkEnd(start, endOf(region, this.#last))
    return line
  }
}
Object.setPrototypeOf(Up.prototype, iteratorPrototype)
Object.setPrototypeOf(Down.prototype, iteratorPrototype)
