/**
 * A mutex in shared memory, for threads and processes that map it.
 *
 *   node --import @oxc-node/core/register examples/mutex.ts NAME COUNT
 *
 * This adds 1 to a number in the memory NAME, COUNT times, under the lock; start it several times. The lock is a word
 * of the memory. It is 0 if nobody has the lock; otherwise it is the process id of the owner, negated if others may
 * be waiting. If the owner dies, the lock stays taken: a process that waits checks whether the owner lives, and takes
 * the lock over. The owner may have left things half done, so `lock` tells the new owner.
 */

import { Mmap } from 'fmmap'

/** How many milliseconds to sleep before checking whether the owner lives. */
const PATIENCE = 100

export class Mutex {
  readonly #m: Mmap
  readonly #words: Int32Array
  readonly #at: number
  readonly #self: number
  readonly #lives: (owner: number) => boolean

  /**
   * @param offset - Of the lock's word, a multiple of 4.
   * @param self - The process; threads of one process that compete pass numbers of their own, and `lives`.
   */
  constructor(
    m: Mmap,
    offset: number,
    self: number = process.pid,
    lives: (owner: number) => boolean = processLives,
  ) {
    this.#m = m
    this.#words = m.view(Int32Array, offset, 1)
    this.#at = offset
    this.#self = self
    this.#lives = lives
  }

  /** Takes the lock. Returns whether it was taken over from an owner that has died. */
  lock(): boolean {
    const words = this.#words
    let mine = this.#self
    for (;;) {
      const seen = Atomics.compareExchange(words, 0, 0, mine)
      if (seen === 0) return false
      // Marks that somebody waits, so that the owner will notify.
      if (seen > 0 && Atomics.compareExchange(words, 0, seen, -seen) !== seen) continue
      // Others may wait too, so this process must notify when it unlocks.
      mine = -this.#self
      const owner = Math.abs(seen)
      const woken = this.#m.wait(this.#at, -owner, PATIENCE)
      if (woken !== 'timed-out' || this.#lives(owner)) continue
      if (Atomics.compareExchange(words, 0, -owner, mine) === -owner) return true
    }
  }

  unlock(): void {
    if (Atomics.exchange(this.#words, 0, 0) < 0) this.#m.notify(this.#at, 1)
  }
}

/** A process that we may not signal lives too. */
function processLives(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

function main(): number {
  const [name, count] = process.argv.slice(2)
  if (name === undefined || !Number.isSafeInteger(Number(count))) {
    console.error('usage: mutex NAME COUNT')
    return 2
  }
  using m = Mmap.shared(name, 4096, { create: true })
  const mutex = new Mutex(m, 0)
  const numbers = m.view(Float64Array, 8, 1)
  for (let i = 0; i < Number(count); i++) {
    mutex.lock()
    numbers[0] = (numbers[0] ?? 0) + 1
    mutex.unlock()
  }
  console.log(numbers[0])
  return 0
}

if (process.argv[1] === import.meta.filename) process.exitCode = main()
