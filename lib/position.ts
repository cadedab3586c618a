/** The file position, and the members that start from it. */

import { Buffer } from 'node:buffer'
import { byte, bytes, cInt, integer, received, target as memory } from './arguments.js'
import { invalidType, outOfRange } from './errors.js'
import { byteLength } from './intrinsics.js'
import { quick } from './native.js'
import type { Region } from './region.js'
import { type OwnBuffer, readline as copyLine } from './slab.js'
import { copyIn, copyOut, peek, poke } from './slices.js'

/** Python's os.SEEK_SET, SEEK_CUR and SEEK_END. */
const FROM_START = 0
const FROM_POSITION = 1
const FROM_END = 2

const outsideSeek = (to: number, length: number): Error =>
  outOfRange(`seek out of range: ${to} of ${length} bytes`)

/** Unlike a file's, the position can't be set past the end; exactly the end is allowed. */
export function seek(region: Region, pos: unknown, whence: unknown): number {
  const distance = integer(pos, 'pos', 'seek(pos, whence?)')
  const from = cInt(whence, 'whence')
  region.checkOpen()
  const { position, length } = region
  if (from !== FROM_START && from !== FROM_POSITION && from !== FROM_END) {
    throw outOfRange(`unknown seek type: ${from}, which is none of 0, 1 and 2`)
  }
  const origin = from === FROM_START ? 0 : from === FROM_POSITION ? position : length
  const to = origin + distance
  if (to < 0 || to > length) throw outsideSeek(to, length)
  region.position = to
  return to
}

/** The bytes from the position to the end: 0 when the map was resized to end before the position. */
function rest(region: Region): number {
  return Math.max(0, region.length - region.position)
}

/** The error of a member that needs a byte at the position when the position is at the end. */
const atEnd = (sentence: string, { position, length }: Region): Error =>
  outOfRange(`${sentence}: position ${position} of ${length} bytes`)

/** The answer of a read of no bytes, which calls no native. */
function nothing(region: Region): OwnBuffer {
  region.checkWhole()
  return Buffer.alloc(0)
}

export function read(region: Region, n: unknown): OwnBuffer {
  if (n !== undefined && (typeof n !== 'number' || !Number.isInteger(n))) {
    throw invalidType(`argument should be integer or None, not ${received(n)}`)
  }
  region.checkAccess()
  const left = rest(region)
  const count = n === undefined || n < 0 || n > left ? left : n
  if (count === 0) return nothing(region)
  const copy = copyOut(region, region.position, count)
  region.position += count
  return copy
}

export function readInto(region: Region, target: unknown): number {
  const into = memory(target, 'target')
  region.checkReadable()
  const count = Math.min(byteLength(into), rest(region))
  if (count === 0) return 0
  region.answered(quick.copyOut(into, region.handle, region.position, 0, count), into)
  region.position += count
  return count
}

/** The byte at the position, when the window does not contain it. */
export function readByte(region: Region): number {
  region.checkReadable()
  const at = region.position
  if (at >= region.length) throw atEnd('read byte out of range', region)
  const value = peek(region, at, true)
  region.position = at + 1
  return value
}

/** A line ends with \n only, which is part of it. */
export function readline(region: Region): OwnBuffer {
  region.checkAccess()
  const from = region.position
  if (from >= region.length) return nothing(region)
  const line = copyLine(region, from)
  region.position = from + line.length
  return line
}

const tooLong = (count: number, { position, length }: Region): Error =>
  outOfRange(`data out of range: ${count} bytes at ${position} of ${length} bytes`)

/** Writes all bytes or none: when they don't fit, nothing is written. */
export function write(region: Region, value: unknown): number {
  const source = bytes(value, 'bytes')
  region.checkWritable()
  const count = byteLength(source)
  const at = region.position
  if (at > region.length || count > region.length - at) throw tooLong(count, region)
  copyIn(region, at, source, count)
  region.position = at + count
  return count
}

/** Writes a byte at the position, when the window does not contain it or the value is not a byte. */
export function writeByte(region: Region, value: unknown): void {
  const item = byte(value, 'value')
  region.checkWritable()
  const at = region.position
  if (at >= region.length) throw atEnd('write byte out of range', region)
  poke(region, at, item, true)
  region.position = at + 1
}
