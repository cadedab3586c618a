/** Small copies are cut from slabs, as `Buffer.allocUnsafe` does: many reads need one allocation. */

import { Buffer, constants } from 'node:buffer'
import { outOfRange } from './errors.js'
import { quick } from './native.js'
import type { Region } from './region.js'
import { threads } from './threads.js'
import { isDeno } from './runtime.js'

/**
 * A `Buffer` over an `ArrayBuffer`, as fs.readFileSync returns it. It is `Buffer<ArrayBuffer>`, but the declarations
 * for older compilers have no such type.
 */
export type OwnBuffer = ReturnType<BufferConstructor['alloc']>

/** Longer copies get an allocation of their own. */
export const SMALL: number = 4 * 1024

/** A slab. It has a number, by which the addon knows where to copy to. */
interface Slab {
  readonly number: number
  readonly size: number
  /** The longest copy. */
  readonly most: number
  bytes: Uint8Array<ArrayBuffer>
  /** Kept here, because the getter of a typed array takes as long as the rest of a cut. */
  memory: ArrayBuffer
  used: number
}

function slabOf(number: number, size: number, most: number): Slab {
  const bytes = new Uint8Array(0)
  return { number, size, most, bytes, memory: bytes.buffer, used: 0 }
}

/**
 * A copy that is kept keeps its whole slab in memory, so a short copy comes from a small slab: one of 8 KiB, or
 * of less than 256 times the copy's own length.
 */
const tiny = slabOf(0, 8 * 1024, 64)
const short = slabOf(1, 16 * 1024, 128)
const medium = slabOf(2, 32 * 1024, 256)
const large = slabOf(3, 64 * 1024, SMALL)

const slabFor = (count: number): Slab =>
  count <= tiny.most ? tiny : count <= short.most ? short : count <= medium.most ? medium : large

/** Node's function, kept from its first use on: to ask `require` for it takes longer than the rest of a slab. */
let markAsUntransferable: ((memory: ArrayBuffer) => void) | undefined

/** Forbids the transfer of memory that is handed out in parts: to transfer one part would empty the others. */
export function untransferable(memory: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  markAsUntransferable ??= threads().markAsUntransferable
  markAsUntransferable(memory.buffer)
  return memory
}

/**
 * The internal class of Node's Buffers: `new` of it is faster than Buffer.from and subarray. On runtimes whose Buffers
 * have no such class, Buffer.from is used.
 */
const FastBuffer = (Buffer as { [Symbol.species]?: unknown })[Symbol.species]
const isClass =
  typeof FastBuffer === 'function' &&
  FastBuffer.prototype === Buffer.prototype &&
  FastBuffer !== Buffer

/** A Buffer over a part of an `ArrayBuffer`. */
export const bufferOver: (buffer: ArrayBuffer, start: number, length: number) => OwnBuffer = isClass
  ? (buffer, start, length) =>
      new (FastBuffer as new (buffer: ArrayBuffer, start: number, length: number) => OwnBuffer)(
        buffer,
        start,
        length,
      )
  : (buffer, start, length) => Buffer.from(buffer, start, length)

/** Makes room for `count` more bytes, at most what a copy from the slab has. */
function makeRoom(slab: Slab, count: number): void {
  // A slab that was transferred away has length 0, and so no room.
  if (slab.bytes.length - slab.used < count) renew(slab)
}

/** A function of its own, so that engines inline `makeRoom` without it. */
function renew(slab: Slab): void {
  // Zeroed, because the `buffer` of each part shows the whole slab.
  slab.bytes = untransferable(new Uint8Array(slab.size))
  slab.memory = slab.bytes.buffer
  quick.slab(slab.memory, slab.number)
  slab.used = 0
}

/** The next `count` bytes of the slab, which were just filled. */
function cut(slab: Slab, count: number): OwnBuffer {
  const start = slab.used
  // Reads stay 8-byte aligned, so that a typed array can be laid over them.
  slab.used = (start + count + 7) & ~7
  return bufferOver(slab.memory, start, count)
}

/** A copy of at most SMALL bytes from `from`, which lie inside the map. */
export function readSmall(region: Region, from: number, count: number): OwnBuffer {
  const slab = slabFor(count)
  makeRoom(slab, count)
  region.answered(quick.read(region.handle, from, count, slab.used, slab.number))
  return cut(slab, count)
}

/** Memory for a few bytes. Deno allocates the smallest buffer outside of its heap, as slowly as a large one. */
const few: (count: number) => OwnBuffer = isDeno
  ? (count) => {
      makeRoom(tiny, count)
      return cut(tiny, count)
    }
  : Buffer.alloc

/** A copy of a few bytes of the window. For so few a loop is faster than a native call. */
export function copyFew(bytes: Uint8Array, from: number, count: number): OwnBuffer {
  const copy = few(count)
  let at = 0
  // Four bytes a step, since no engine unrolls the loop.
  for (const fours = count & ~3; at < fours; at += 4) {
    copy[at] = bytes[from + at] as number
    copy[at + 1] = bytes[from + at + 1] as number
    copy[at + 2] = bytes[from + at + 2] as number
    copy[at + 3] = bytes[from + at + 3] as number
  }
  for (; at < count; at += 1) copy[at] = bytes[from + at] as number
  return copy
}

/** How many shorter lines in a row it takes until the next line is expected to be as short. */
const SHORTER = 16

/** The slab of the next line, which is expected to be about as long as the last ones. */
let lines = tiny
/** Lines in a row that a smaller slab would have had room for. */
let shorter = 0

function expect(slab: Slab): void {
  if (slab.most < lines.most) {
    shorter += 1
    if (shorter < SHORTER) return
  }
  shorter = 0
  lines = slab
}

/**
 * The line that starts at `from`, with its newline. A line that is longer than expected is copied by a second call.
 */
export function readline(region: Region, from: number): OwnBuffer {
  const slab = lines
  makeRoom(slab, slab.most)
  const count = region.answered(
    quick.readline(region.handle, from, slab.most, slab.used, slab.number),
  )
  expect(slabFor(count))
  if (count <= slab.most) return cut(slab, count)
  return count <= SMALL ? readSmall(region, from, count) : readLarge(region, from, count)
}

/** A copy in a buffer of its own. */
export function readLarge(region: Region, from: number, count: number): OwnBuffer {
  const copy = allocate(count)
  region.answered(quick.copyOut(copy, region.handle, from, 0, count))
  return copy
}

/** A buffer of its own for a long copy, not yet filled. */
export function allocate(count: number): OwnBuffer {
  return allocated(count, () => Buffer.allocUnsafeSlow(count))
}

/** An `ArrayBuffer` of exactly this length, not yet filled where the runtime has one without zeros. */
export function newArrayBuffer(count: number): ArrayBuffer {
  return allocated(count, () => {
    const { buffer } = Buffer.allocUnsafeSlow(count)
    return buffer.byteLength === count ? buffer : new ArrayBuffer(count)
  })
}

/**
 * Calls `allocate`. Whatever a runtime throws when it refuses a length or lacks memory becomes an ERR_OUT_OF_RANGE.
 */
export function allocated<T>(count: number, allocate: () => T): T {
  if (count <= constants.MAX_LENGTH) {
    try {
      return allocate()
    } catch {
      // The runtimes throw different errors; the caller gets the same one from all.
    }
  }
  throw outOfRange(
    `${count} bytes do not fit into memory, or into buffer.constants.MAX_LENGTH, ${constants.MAX_LENGTH}`,
  )
}
