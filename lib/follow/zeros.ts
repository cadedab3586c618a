/**
 * Zeros in a followed file. They are a hole, when the writer goes on at its old offset after a truncation; or room that
 * was allocated before it is written to.
 */

import { Buffer } from 'node:buffer'
import fs from 'node:fs'

/** How many bytes are read at once to find the end of zeros, and whether there are zeros at a place. */
const BLOCK = 64 * 1024
const PROBE = 4096

/** After so many zeros without another byte, the file's last bytes tell whether there is one. */
const MOST = 16 * 1024 * 1024

/** Zeros to compare with: that is faster than a look at each byte. */
let none: Buffer | undefined

/** Whether all bytes are zeros. */
export function allZeros(bytes: Buffer): boolean {
  if (none === undefined || none.length < bytes.length) {
    none = Buffer.alloc(Math.max(bytes.length, BLOCK))
  }
  return bytes.equals(none.subarray(0, bytes.length))
}

/** How many zeros there are before another byte. */
export function zerosOf(bytes: Buffer): number {
  if (allZeros(bytes)) return bytes.length
  let count = 0
  while (bytes[count] === 0) count += 1
  return count
}

/** How many bytes there are up to the last one that is not zero. */
export function contentOf(bytes: Buffer): number {
  let length = bytes.length
  while (length > 0 && bytes[length - 1] === 0) length -= 1
  return length
}

/**
 * Where the content of a file ends whose last bytes are zeros. There is taken to be one such place; the content may
 * have short zeros.
 */
export function contentEnd(fd: number, size: number): number {
  const bytes = Buffer.alloc(PROBE)
  const probe = (from: number): Buffer =>
    bytes.subarray(0, fs.readSync(fd, bytes, 0, Math.min(PROBE, size - from), from))
  if (size === 0 || !allZeros(probe(size - 1))) return size
  let [low, high] = [0, Math.ceil(size / PROBE)]
  while (low < high) {
    const middle = Math.floor((low + high) / 2)
    if (allZeros(probe(middle * PROBE))) high = middle
    else low = middle + 1
  }
  return low === 0 ? 0 : (low - 1) * PROBE + contentOf(probe((low - 1) * PROBE))
}

/**
 * Where the zeros from an offset on are over; the offset itself if they seem to reach the end of the file, `size`.
 */
export function endOfZeros(fd: number, offset: number, size: number): number {
  const bytes = Buffer.alloc(BLOCK)
  const until = Math.min(size, offset + MOST)
  for (let at = offset; at < until;) {
    const read = fs.readSync(fd, bytes, 0, BLOCK, at)
    if (read === 0) return offset
    const count = zerosOf(bytes.subarray(0, read))
    at += count
    if (count < read) return at
  }
  if (until === size) return offset
  const last = fs.readSync(fd, bytes, 0, BLOCK, size - BLOCK)
  return allZeros(bytes.subarray(0, last)) ? offset : until
}
