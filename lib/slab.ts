/** Small copies are cut from a slab, as `Buffer.allocUnsafe` does: one allocation for many reads. */

import { constants } from 'node:buffer'
import { markAsUntransferable } from 'node:worker_threads'
import { outOfRange } from './errors.js'
import { native, quick } from './native.js'
import type { Region } from './region.js'

const SIZE = 64 * 1024

/** Longer copies get an allocation of their own. */
export const SMALL: number = 4 * 1024

let slab: Uint8Array<ArrayBuffer> = new Uint8Array(0)
/** The slab's own: the getter of a typed array costs as much as the rest of a cut. */
let memory: ArrayBuffer = slab.buffer
let used = 0

/** Marks memory that is handed out in parts: a transferred part would empty its siblings. */
export function untransferable(memory: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  markAsUntransferable(memory.buffer)
  return memory
}

/**
 * The class of Node's own Buffers, which `new` makes in 12 ns; Buffer.from takes 25, and subarray on Node 20
 * takes 70. A runtime whose Buffers are of another class gets them from Buffer.from.
 */
const FastBuffer = (Buffer as { [Symbol.species]?: unknown })[Symbol.species]
const isClass =
  typeof FastBuffer === 'function' &&
  FastBuffer.prototype === Buffer.prototype &&
  FastBuffer !== Buffer

/** A Buffer over a part of an `ArrayBuffer`. */
export const bufferOver: (buffer: ArrayBuffer, start: number, length: number) => Buffer = isClass
  ? (buffer, start, length) =>
      new (FastBuffer as new (buffer: ArrayBuffer, start: number, length: number) => Buffer)(
        buffer,
        start,
        length,
      )
  : (buffer, start, length) => Buffer.from(buffer, start, length)

/** Makes room for `count` more bytes, at most SMALL; the slab is where the addon copies to. */
function makeRoom(count: number): void {
  // A slab that someone has transferred away has length 0, and no room.
  if (slab.length - used >= count) return
  // Zeros, as a part's `buffer` is all of it.
  slab = untransferable(new Uint8Array(SIZE))
  memory = slab.buffer
  native.slab(memory)
  used = 0
}

/** The next `count` bytes of the slab, which were just filled. */
function cut(count: number): Buffer {
  const start = used
  // Reads stay 8-byte aligned, so that a typed array can be laid over them.
  used = (start + count + 7) & ~7
  return bufferOver(memory, start, count)
}

/** A copy of at most SMALL bytes from `from`, which lie inside the map. */
export function readSmall(region: Region, from: number, count: number): Buffer {
  makeRoom(count)
  region.answered(quick.read(region.handle, from, count, used))
  return cut(count)
}

/** A copy of a few bytes that lie in `bytes`: a native's call takes longer. */
export function copyFew(bytes: Uint8Array, from: number, count: number): Buffer {
  makeRoom(count)
  // Locals, which the loop need not load again.
  const target = slab
  const start = used
  for (let at = 0; at < count; at += 1) target[start + at] = bytes[from + at] as number
  return cut(count)
}

/** The line that starts at `from`, with its newline; a long one is copied into a buffer of its own. */
export function readLine(region: Region, from: number): Buffer {
  makeRoom(SMALL)
  const count = region.answered(quick.line(region.handle, from, SMALL, used))
  return count <= SMALL ? cut(count) : readLarge(region, from, count)
}

/** A copy in a buffer of its own. */
export function readLarge(region: Region, from: number, count: number): Buffer {
  const copy = allocate(count)
  region.answered(quick.copyOut(copy, region.handle, from, 0, count))
  return copy
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
