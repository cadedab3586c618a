/** Small copies are cut from a slab, as `Buffer.allocUnsafe` does: one allocation for many reads. */

import { constants } from 'node:buffer'
import { markAsUntransferable } from 'node:worker_threads'
import { outOfRange } from './errors.js'

const SIZE = 64 * 1024

/** Longer copies get an allocation of their own. */
export const SMALL: number = 4 * 1024

let slab: Uint8Array<ArrayBuffer> = new Uint8Array(0)
let used = 0

/** Memory of its own for copies that are handed out in parts: a transferred part would empty its siblings. */
export function freshSlab(size: number): Uint8Array<ArrayBuffer> {
  const memory = new Uint8Array(new ArrayBuffer(size))
  markAsUntransferable(memory.buffer)
  return memory
}

/** The slab, with room for at least `count` more bytes from `slabUsed()` on. `count` is at most SMALL. */
export function slabFor(count: number): Uint8Array {
  // A slab that someone has detached has length 0, and no room.
  if (slab.length - used < count) {
    slab = freshSlab(SIZE)
    used = 0
  }
  return slab
}

export const slabUsed = (): number => used

/** The next `count` bytes of the slab, which its caller has just filled. */
export function cut(count: number): Buffer {
  const start = used
  // Reads stay 8-byte aligned, so that a typed array can be laid over them.
  used = (start + count + 7) & ~7
  // subarray costs three times as much on Node 20.
  return Buffer.from(slab.buffer, start, count)
}

/** A buffer of its own for a long copy, not yet filled. */
export function allocate(count: number): Buffer {
  return allocated(count, () => Buffer.allocUnsafeSlow(count))
}

/** An `ArrayBuffer` of exactly this length. */
export function newArrayBuffer(count: number): ArrayBuffer {
  return allocated(count, () => new ArrayBuffer(count))
}

/** What the runtime can't hold is out of range, as is what it has no memory for. */
function allocated<T>(count: number, allocate: () => T): T {
  if (count <= constants.MAX_LENGTH) {
    try {
      return allocate()
    } catch {
      // The same error, whichever the runtime has thrown.
    }
  }
  throw outOfRange(
    `${count} bytes do not fit into memory, or into buffer.constants.MAX_LENGTH, ${constants.MAX_LENGTH}`,
  )
}
