/** `stream`: a range as a web stream of bytes. */

import { integer, optionalInteger, options as members } from './arguments.js'
import { sliceAsync } from './background/read.js'
import { type Abortable, abortSignal, checkSignal, leave, listen } from './background/signal.js'
import { outOfRange } from './errors.js'
import type { Region } from './region.js'
import { range } from './slices.js'
import { web } from './threads.js'

/** Which bytes, and in which pieces. */
export interface StreamOptions {
  /** Where the stream starts: bytes; negative counts from the end. Default: 0. */
  start?: number | undefined
  /** Where it ends, likewise. Default: the end of the map. */
  end?: number | undefined
  /** The length of a chunk in bytes, at least 1. Default: 1 MiB. */
  chunkSize?: number | undefined
  /** Fails the stream with an AbortError. */
  signal?: AbortSignal | undefined
}

const CHUNK = 1024 * 1024

/** What this file uses of a stream's controller. */
interface Controller {
  readonly byobRequest?: { respond(bytes: number): void } | null
  enqueue(chunk: Uint8Array): void
  error(reason: unknown): void
  close(): void
}

/** The chunks of a range. One more is read than was asked for. */
class Chunks implements Abortable {
  settled = false
  readonly #region: Region
  readonly #signal: AbortSignal | undefined
  readonly #size: number
  #next: number
  readonly #stop: number
  #ahead: Promise<Uint8Array<ArrayBuffer>> | undefined
  readonly #ending = new AbortController()
  #controller: Controller | undefined

  constructor(
    region: Region,
    signal: AbortSignal | undefined,
    size: number,
    part: [number, number],
  ) {
    this.#region = region
    this.#signal = signal
    this.#size = size
    ;[this.#next, this.#stop] = part
  }

  start(controller: Controller): void {
    this.#controller = controller
    if (this.#signal !== undefined) listen(this.#signal, this)
    if (this.#next === this.#stop && !this.settled) this.#close()
  }

  async pull(controller: Controller): Promise<void> {
    let bytes: Uint8Array<ArrayBuffer>
    try {
      bytes = await (this.#ahead ?? this.#read())
    } catch (error) {
      this.reject(error)
      return
    }
    if (this.settled) return
    const wanted = this.#next < this.#stop
    this.#ahead = wanted ? this.#read() : undefined
    controller.enqueue(bytes)
    if (!wanted) this.#close()
  }

  cancel(): void {
    this.#end()
  }

  reject(error: unknown): void {
    if (this.settled) return
    this.#end()
    this.#controller?.error(error)
  }

  #read(): Promise<Uint8Array<ArrayBuffer>> {
    const from = this.#next
    const until = Math.min(from + this.#size, this.#stop)
    this.#next = until
    const read = this.#chunk(from, until)
    // An error is reported when this chunk is asked for, if it ever is.
    read.catch(() => {})
    return read
  }

  async #chunk(from: number, until: number): Promise<Uint8Array<ArrayBuffer>> {
    const { signal } = this.#ending
    const bytes = await sliceAsync(this.#region, from, until, { signal })
    // A resize or a refresh has made the map shorter. A stream that ended here would look whole.
    if (bytes.length < until - from) throw this.#region.cut()
    return bytes
  }

  #close(): void {
    this.#end()
    this.#controller?.close()
    // A reader that waits with its own buffer gets it back.
    this.#controller?.byobRequest?.respond(0)
  }

  #end(): void {
    if (this.settled) return
    this.settled = true
    this.#ending.abort()
    if (this.#signal !== undefined) leave(this.#signal, this)
  }
}

const FORM = 'stream({ start, end, chunkSize, signal })'

export function stream(
  region: Region,
  given: StreamOptions | undefined,
): globalThis.ReadableStream<Uint8Array> {
  const { start, end, chunkSize, signal } = members(given, FORM)
  const from = optionalInteger(start, 'start', undefined, FORM)
  const until = optionalInteger(end, 'end', undefined, FORM)
  const size = chunkSize === undefined ? CHUNK : integer(chunkSize, 'chunkSize', FORM)
  if (size < 1) throw outOfRange(`The "chunkSize" option must be at least 1. Received ${size}`)
  const aborts = abortSignal(signal)
  checkSignal(aborts)
  region.checkReadable()
  const part = range(region, from, until)
  const chunks = new Chunks(region, aborts, size, [part.start, part.start + part.count])
  const { ReadableStream } = web()
  return new ReadableStream(
    {
      type: 'bytes',
      start: (controller) => chunks.start(controller),
      pull: (controller) => chunks.pull(controller),
      cancel: () => chunks.cancel(),
    },
    { highWaterMark: 0 },
  )
}
