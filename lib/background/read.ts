/**
 * Reads in the background: `prefetchAsync`, `sliceAsync` and `arrayBufferAsync`.
 *
 * A thread that touches a page that is not in memory waits until the disk has answered. Here a thread of the pool
 * waits, in parts that take turns as searches do.
 */

import { optionalInteger, options as members } from '../arguments.js'
import { native, Read } from '../native.js'
import type { Region } from '../region.js'
import { allocate, allocated, bufferOver, newArrayBuffer } from '../slab.js'
import { range } from '../slices.js'
import { forward, runChunks, SMALL } from './chunks.js'
import { progress } from './options.js'
import { abortSignal, checkSignal } from './signal.js'

/** How a copy is read in the background. */
export interface AsyncReadOptions {
  /** Rejects with an AbortError, whose `cause` is the signal's reason, and ends the read. */
  signal?: AbortSignal | undefined
}

/** How pages are brought into memory in the background. */
export interface PrefetchOptions extends AsyncReadOptions {
  /** Called after each part with the number of bytes in memory so far, and the number that is to be read in all. */
  onProgress?: ((read: number, total: number) => void) | undefined
}

/** Reads the range in parts, one after the other. `result` makes the answer when all parts are read. */
function readParts<Result>(
  region: Region,
  { start, count }: { start: number; count: number },
  how: Pick<Required<PrefetchOptions>, 'signal' | 'onProgress'>,
  read: Read,
  result: () => Result,
): Promise<Result> {
  const until = start + count
  return runChunks<true, Result>(
    region,
    { ...how, concurrency: 1 },
    {
      parts: forward(start, until, 1),
      total: count,
      sequential: true,
      start: (part) => read.chunk(region.handle, part.from, part.until),
      take: () => undefined,
      result,
      task: read,
    },
  ).promise
}

const PREFETCH = 'prefetchAsync(start?, end?, { signal, onProgress })'

/** Brings the pages of a range into memory. */
export async function prefetchAsync(
  region: Region,
  start: unknown,
  end: unknown,
  given: PrefetchOptions | undefined,
): Promise<void> {
  const from = optionalInteger(start, 'start', undefined, PREFETCH)
  const until = optionalInteger(end, 'end', undefined, PREFETCH)
  const { signal, onProgress } = members(given, PREFETCH)
  const how = { signal: abortSignal(signal), onProgress: progress(onProgress) }
  checkSignal(how.signal)
  region.checkReadable()
  const part = range(region, from, until)
  if (part.count > 0) await readParts(region, part, how, new Read(-1), () => true)
}

/** Copies a range. `target` makes the memory for a copy that needs no thread of the pool. */
async function copy<T extends Uint8Array<ArrayBuffer>>(
  region: Region,
  bounds: readonly [start: unknown, end: unknown],
  given: AsyncReadOptions | undefined,
  form: string,
  target: (count: number) => T,
): Promise<T | Uint8Array<ArrayBuffer>> {
  const from = optionalInteger(bounds[0], 'start', undefined, form)
  const until = optionalInteger(bounds[1], 'end', undefined, form)
  const { signal } = members(given, form)
  const how = { signal: abortSignal(signal), onProgress: undefined }
  checkSignal(how.signal)
  region.checkReadable()
  const part = range(region, from, until)
  if (part.count === 0) return target(0)
  if (part.count <= SMALL) {
    const memory = target(part.count)
    if (region.answered(native.readCached(memory, region.handle, part.start)) === 1) return memory
  }
  const read = allocated(part.count, () => new Read(part.count))
  return readParts(region, part, how, read, () => read.take() as Uint8Array<ArrayBuffer>)
}

const SLICE = 'sliceAsync(start?, stop?, { signal })'

/** A copy of a slice of step 1. */
export async function sliceAsync(
  region: Region,
  start: unknown,
  stop: unknown,
  given: AsyncReadOptions | undefined,
): Promise<ReturnType<typeof bufferOver>> {
  const bytes = await copy(region, [start, stop], given, SLICE, allocate)
  return bufferOver(bytes.buffer, bytes.byteOffset, bytes.length)
}

const ARRAY_BUFFER = 'arrayBufferAsync(start?, end?, { signal })'

/** The same copy as an `ArrayBuffer` of exactly its length. */
export async function arrayBufferAsync(
  region: Region,
  start: unknown,
  end: unknown,
  given: AsyncReadOptions | undefined,
): Promise<ArrayBuffer> {
  const made = (count: number): Uint8Array<ArrayBuffer> => new Uint8Array(newArrayBuffer(count))
  const { buffer } = await copy(region, [start, end], given, ARRAY_BUFFER, made)
  return buffer
}
