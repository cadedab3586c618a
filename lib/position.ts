/** The file position, and the members that start from it. */

import { byte, byteLength, bytes, cInt, integer, received, target as memory } from './arguments.js'
import { invalidType, outOfRange } from './errors.js'
import { quick } from './native.js'
import type { Region } from './region.js'
import { readLine } from './slab.js'
import { copyIn, copyOut, peek, poke } from './slices.js'

/** Python's os.SEEK_SET, SEEK_CUR and SEEK_END. */
const FROM_START = 0
const FROM_POSITION = 1
const FROM_END = 2

/** Unlike a file's, the position can't be set past the end; exactly the end is allowed. */
export function seek(region: Region, pos: unknown, whence: unknown): number {
  const distance = integer(pos, 'pos')
  const from = cInt(whence, 'whence')
  region.checkOpen()
  const { position, length } = region
  if (from !== FROM_START && from !== FROM_POSITION && from !== FROM_END) {
    throw outOfRange('unknown seek type')
  }
  const origin = from === FROM_START ? 0 : from === FROM_POSITION ? position : length
  const to = origin + distance
  if (to < 0 || to > length) throw outOfRange('seek out of range')
  region.position = to
  return to
}

/** The bytes left from the position: 0 when a resize has left it behind the end. */
function rest(region: Region): number {
  return Math.max(0, region.length - region.position)
}

/** The answer of a read of no bytes, for which no native is asked. */
function nothing(region: Region): Buffer {
  region.checkWhole()
  return Buffer.alloc(0)
}

export function read(region: Region, n: unknown): Buffer {
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
  region.answered(quick.copyOut(into, region.handle, region.position, 0, count))
  region.position += count
  return count
}

/** The byte at the position, when the window misses it. */
export function readByte(region: Region): number {
  region.checkReadable()
  const at = region.position
  if (at >= region.length) throw outOfRange('read byte out of range')
  const value = peek(region, at, true)
  region.position = at + 1
  return value
}

/** A line ends with \n only, which is part of it. */
export function readline(region: Region): Buffer {
  region.checkAccess()
  const from = region.position
  if (from >= region.length) return nothing(region)
  const line = readLine(region, from)
  region.position = from + line.length
  return line
}

/** All or nothing: bytes that don't fit are not written in part. */
export function write(region: Region, value: unknown): number {
  const source = bytes(value, 'bytes')
  region.checkWritable()
  const count = byteLength(source)
  const at = region.position
  if (at > region.length || count > region.length - at) throw outOfRange('data out of range')
  copyIn(region, at, source, count)
  region.position = at + count
  return count
}

/** Writes a byte at the position, when the window misses it or the value is none. */
export function writeByte(region: Region, value: unknown): void {
  const item = byte(value, 'value')
  region.checkWritable()
  const at = region.position
  if (at >= region.length) throw outOfRange('write byte out of range')
  poke(region, at, item, true)
  region.position = at + 1
}
