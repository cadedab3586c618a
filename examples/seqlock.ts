/**
 * A snapshot that one process writes and any number of processes read without taking a lock: a seqlock.
 *
 *   node --import @oxc-node/core/register examples/seqlock.ts write NAME
 *   node --import @oxc-node/core/register examples/seqlock.ts read NAME
 *
 * A word counts the writes; it is odd while one is going on. A reader copies, and tries again if the count has moved
 * too far. There are two copies, which are written in turns. If a writer dies half-way, the other copy is still
 * whole, and the next writer goes on from there.
 */

import { Mmap } from 'fmmap'

/** The words before the two copies: the count of writes, and which copy was last written as a whole. */
const COUNT = 0
const WHOLE = 1
const WORDS = 2

export class Snapshot {
  readonly #words: Int32Array
  readonly #copies: readonly [Int32Array, Int32Array]
  readonly #m: Mmap

  /** A snapshot of `length` 32-bit integers at the start of a map. */
  constructor(m: Mmap, length: number) {
    this.#m = m
    this.#words = m.view(Int32Array, 0, WORDS)
    const copy = (at: number): Int32Array => m.view(Int32Array, 4 * (WORDS + at * length), length)
    this.#copies = [copy(0), copy(1)]
  }

  /** Called by the one writer. */
  write(values: ArrayLike<number>): void {
    const words = this.#words
    const next = Atomics.load(words, WHOLE) ^ 1
    const copy = this.#copies[next & 1 ? 1 : 0]
    // The count becomes odd; it may be odd already if a writer has died.
    Atomics.store(words, COUNT, Atomics.load(words, COUNT) | 1)
    // The values are stored one by one, so each is seen after those that were stored before it.
    for (let i = 0; i < copy.length; i++) Atomics.store(copy, i, values[i] ?? 0)
    Atomics.store(words, WHOLE, next)
    Atomics.store(words, COUNT, (Atomics.load(words, COUNT) + 1) | 0)
    this.#m.notify(4 * COUNT)
  }

  /** The values of one write. */
  read(): Int32Array {
    const words = this.#words
    for (;;) {
      const count = Atomics.load(words, COUNT)
      const whole = Atomics.load(words, WHOLE)
      const copy = this.#copies[whole & 1 ? 1 : 0]
      const values = new Int32Array(copy.length)
      for (let i = 0; i < copy.length; i++) values[i] = Atomics.load(copy, i)
      // While a write goes on, it is to the other copy: until that is whole, and the next one begins.
      if (
        Atomics.load(words, WHOLE) === whole &&
        ((Atomics.load(words, COUNT) - (count & ~1)) | 0) < 2
      ) {
        return values
      }
    }
  }

  /** Waits for the next write. */
  async changed(count: number = this.count): Promise<void> {
    while (this.count === count) await this.#m.waitAsync(4 * COUNT, count)
  }

  get count(): number {
    return Atomics.load(this.#words, COUNT)
  }
}

const LENGTH = 1000

async function main(): Promise<number> {
  const [what, name] = process.argv.slice(2)
  if (name === undefined || (what !== 'write' && what !== 'read')) {
    console.error('usage: seqlock write|read NAME')
    return 2
  }
  using m = Mmap.shared(name, 4 * (WORDS + 2 * LENGTH), { create: true })
  const snapshot = new Snapshot(m, LENGTH)
  if (what === 'write') {
    for (let i = 1; ; i++) {
      snapshot.write(new Int32Array(LENGTH).fill(i))
      if (i % 1000 === 0) await new Promise((done) => setImmediate(done))
    }
  }
  for (let i = 0; i < 10; i++) {
    await snapshot.changed()
    const values = snapshot.read()
    console.log(values[0], values.every((value) => value === values[0]) ? 'whole' : 'torn')
  }
  return 0
}

if (process.argv[1] === import.meta.filename) process.exitCode = await main()
