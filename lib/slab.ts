/** Small copies are cut from a slab, as `Buffer.allocUnsafe` does: one allocation for many reads. */

import { constants } from 'node:buffer'
import { markAsUntransferable } from 'node:worker_threads'
import { outOfRange } from './errors.js'

const SIZE = 64 * 1024

/** Longer copies get an allocation of their own. */
export const SMALL: number = 4 * 1024

let slab: Uint8Array = new Uint8Array(0)
let used = 0

/** The slab, with room for at least `count` more bytes from `slabUsed()` on. `count` is at most SMALL. */
export function slabFor(count: number): Uint8Array {
  // A slab that someone has detached has length 0, and no room.
  if (slab.length - used < count) {
    slab = new Uint8Array(new ArrayBuffer(SIZE))
    // A transferred read would empty its siblings.
    markAsUntransferable(slab.buffer)
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
  return Buffer.from(slab.buffer as ArrayBuffer, start, count)
}

/** A buffer of its own for a long copy, not yet filled. */
export function allocate(count: number): Buffer {
  if (count > constants.MAX_LENGTH) {
    throw outOfRange(
      `${count} bytes do not fit into a Buffer; buffer.constants.MAX_LENGTH is ${constants.MAX_LENGTH}`,
    )
  }
  return Buffer.allocUnsafeSlow(count)
}
