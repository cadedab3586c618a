/**
 * Messages from one process to another through a ring of shared memory.
 *
 *   node --import @oxc-node/core/register examples/ring.ts receive NAME
 *   some command | node --import @oxc-node/core/register examples/ring.ts send NAME
 *
 * One process sends and one receives. Two words count the bytes that were ever sent and received; they wrap. The
 * bytes between the two counts are in the ring, each message behind its length. A message exists once the first word
 * includes it. So if the sender dies before that, it has sent nothing.
 */

import { createInterface } from 'node:readline'
import { Mmap } from 'fmmap'
import { print } from './print.ts'

const SENT = 0
const RECEIVED = 4
/** The offset at which the ring begins. */
const START = 64
const HEAD = 4

export class Ring {
  readonly #m: Mmap
  readonly #words: Int32Array
  readonly #size: number

  /** The map must be 64 bytes longer than the ring, whose size must be a power of two. */
  constructor(m: Mmap) {
    this.#m = m
    this.#words = m.view(Int32Array, 0, 2)
    this.#size = m.length - START
    if ((this.#size & (this.#size - 1)) !== 0) throw new RangeError('no power of two')
  }

  /** Waits until there is room, and sends a message. */
  async send(message: Uint8Array): Promise<void> {
    const length = HEAD + message.length
    if (length > this.#size) throw new RangeError('a message longer than the ring')
    const sent = Atomics.load(this.#words, SENT / 4)
    for (;;) {
      const received = Atomics.load(this.#words, RECEIVED / 4)
      if (((sent - received) | 0) + length <= this.#size) break
      await this.#m.waitAsync(RECEIVED, received)
    }
    const head = Buffer.alloc(HEAD)
    head.writeUInt32LE(message.length)
    this.#write(sent, head)
    this.#write(sent + HEAD, message)
    // From here on the message exists, as a whole.
    Atomics.store(this.#words, SENT / 4, (sent + length) | 0)
    this.#m.notify(SENT, 1)
  }

  /** Waits for a message. Returns undefined if none has come after `timeout` milliseconds. */
  async receive(timeout: number = Infinity): Promise<Buffer | undefined> {
    const received = Atomics.load(this.#words, RECEIVED / 4)
    while (Atomics.load(this.#words, SENT / 4) === received) {
      if ((await this.#m.waitAsync(SENT, received, { timeout })) === 'timed-out') return undefined
    }
    const length = this.#read(received, HEAD).readUInt32LE()
    const message = this.#read(received + HEAD, length)
    Atomics.store(this.#words, RECEIVED / 4, (received + HEAD + length) | 0)
    this.#m.notify(RECEIVED, 1)
    return message
  }

  /** Bytes that do not fit before the end of the ring go to its beginning. */
  #write(position: number, bytes: Uint8Array): void {
    const at = position & (this.#size - 1)
    const first = Math.min(bytes.length, this.#size - at)
    this.#m.setSlice(bytes.subarray(0, first), START + at, START + at + first)
    this.#m.setSlice(bytes.subarray(first), START, START + bytes.length - first)
  }

  #read(position: number, length: number): Buffer {
    const at = position & (this.#size - 1)
    const first = Math.min(length, this.#size - at)
    const begin = this.#m.slice(START + at, START + at + first)
    if (first === length) return begin
    return Buffer.concat([begin, this.#m.slice(START, START + length - first)])
  }
}

/** An empty message ends the program's messages. */
const END = new Uint8Array(0)

async function main(): Promise<number> {
  const [what, name] = process.argv.slice(2)
  if (name === undefined || (what !== 'send' && what !== 'receive')) {
    console.error('usage: ring send|receive NAME')
    return 2
  }
  using m = Mmap.shared(name, START + 65536, { create: true })
  const ring = new Ring(m)
  if (what === 'send') {
    for await (const line of createInterface({ input: process.stdin })) {
      await ring.send(Buffer.from(`${line}\n`))
    }
    await ring.send(END)
    return 0
  }
  for (;;) {
    const message = await ring.receive()
    if (message === undefined || message.length === 0) break
    print(message)
  }
  Mmap.unlink(name)
  return 0
}

if (process.argv[1] === import.meta.filename) process.exitCode = await main()
