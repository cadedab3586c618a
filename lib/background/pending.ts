/** Promises of a map that have not settled, and what may end them before their work is done. */

import type { Region } from '../region.js'
import { type Abortable, leave, listen } from './signal.js'

/**
 * A promise of a map. It rejects as soon as the map is closed or the signal aborts, even if work for it still runs.
 * Until it settles, the map can't be resized. It may be settled as soon as it is made, since listening to the signal
 * may run the caller's code.
 */
export class Pending<T> implements Abortable {
  readonly promise: Promise<T>
  settled = false
  readonly #region: Region
  readonly #signal: AbortSignal | undefined
  readonly #ended: (() => void) | undefined
  #resolve!: (value: T) => void
  #reject!: (error: unknown) => void

  /** @param ended - Called once, when the promise settles and before any code of the caller's runs. */
  constructor(region: Region, signal: AbortSignal | undefined, ended?: () => void) {
    this.#region = region
    this.#signal = signal
    this.#ended = ended
    this.promise = new Promise<T>((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
    region.pending.add(this)
    if (signal !== undefined) listen(signal, this)
  }

  resolve(value: T): void {
    if (this.settled) return
    this.#resolve(value)
    this.#settle()
  }

  reject(error: unknown): void {
    if (this.settled) return
    this.#reject(error)
    this.#settle()
  }

  #settle(): void {
    this.settled = true
    this.#region.pending.delete(this)
    this.#ended?.()
    if (this.#signal !== undefined) leave(this.#signal, this)
  }
}
