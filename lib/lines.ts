/** Lines: batches of newlines, copied out together. */

import { boolean, optionalInteger, options as members } from './arguments.js'
import { native } from './native.js'
import type { Region } from './region.js'
import { allocate, freshSlab } from './slab.js'
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
export function lines(region: Region, given: LinesOptions | undefined): Generator<Buffer, void> {
  const { start, end, reverse } = members(given)
  const from = optionalInteger(start, 'start', 0)
  const to = optionalInteger(end, 'end', undefined)
  const backward = reverse !== undefined && boolean(reverse, 'reverse')
  region.checkReadable()
  const first = clamp(from, region.length)
  const last = to === undefined ? undefined : clamp(to, region.length)
  return backward ? down(region, first, last) : up(region, first, last)
}

/** The end of the range, which moves with the map when it was not given. */
const endOf = (region: Region, end: number | undefined): number =>
  end === undefined || end > region.length ? region.length : end

function* up(region: Region, start: number, last: number | undefined): Generator<Buffer, void> {
  const offsets = new Float64Array(BATCH)
  let from = start
  for (;;) {
    region.checkReadable()
    const end = endOf(region, last)
    if (from >= end) return
    const slab = freshSlab(Math.min(BLOCK, end - from))
    const count = region.answered(native.lineBatch(slab, offsets, false, region.handle, from, end))
    const copied = from + slab.length
    let begin = 0
    for (let at = 0; at < count; at += 1) {
      const newline = offsets[at] as number
      yield Buffer.from(slab.buffer, begin, newline - begin)
      begin = newline + 1
      if (region.handle === 0) region.checkOpen()
      // What was copied is no longer all there.
      if (copied > region.length) break
    }
    if (count > 0) {
      from += begin
    } else if (slab.length === end - from) {
      // The last line has no newline.
      yield Buffer.from(slab.buffer, 0, slab.length)
      return
    } else {
      const newline = region.answered(native.find(NEWLINE, region.handle, from + slab.length, end))
      yield longLine(region, from, newline === -1 ? end : newline)
      from = newline === -1 ? end : newline + 1
    }
  }
}

function* down(region: Region, start: number, last: number | undefined): Generator<Buffer, void> {
  const offsets = new Float64Array(BATCH)
  // Where the next line ends. There is none yet, as there is none behind the end of a map that has shrunk.
  let end = Infinity
  for (;;) {
    region.checkReadable()
    if (end > region.length) {
      end = endOf(region, last)
      if (end <= start) return
      // The newline that ends the last line is not the start of another.
      if (region.answered(native.find(NEWLINE, region.handle, end - 1, end)) !== -1) end -= 1
    }
    const slab = freshSlab(Math.min(BLOCK, end - start))
    const count = region.answered(native.lineBatch(slab, offsets, true, region.handle, start, end))
    const base = end - slab.length
    let stop = slab.length
    for (let at = 0; at < count; at += 1) {
      const newline = offsets[at] as number
      yield Buffer.from(slab.buffer, newline + 1, stop - newline - 1)
      stop = newline
      if (region.handle === 0) region.checkOpen()
      // What was copied is no longer all there.
      if (base + stop > region.length) break
    }
    if (base + stop > region.length) {
      end = Infinity
    } else if (base === start && count < BATCH) {
      yield Buffer.from(slab.buffer, 0, stop)
      return
    } else if (count > 0) {
      end = base + stop
    } else {
      const newline = region.answered(native.rfind(NEWLINE, region.handle, start, base))
      yield longLine(region, newline === -1 ? start : newline + 1, end)
      if (newline === -1) return
      end = newline
    }
  }
}

function longLine(region: Region, from: number, end: number): Buffer {
  const line = allocate(end - from)
  region.answered(native.copyOut(line, region.handle, from, 0, line.length))
  return line
}
