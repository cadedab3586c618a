/** Promises of a map, and the signals that end them. */

import { received } from './arguments.js'
import { abort, invalidType } from './errors.js'
import type { Region } from './region.js'

/** A signal is what has a state and can be listened to, of whatever realm. */
export function abortSignal(signal: unknown): AbortSignal | undefined {
  if (signal === undefined) return undefined
  if (typeof signal === 'object' && signal !== null && 'aborted' in signal) {
    return signal as AbortSignal
  }
  throw invalidType(`The "signal" option must be an AbortSignal. Received ${received(signal)}`)
}

/**
 * A promise of a map: it rejects when the map is closed or the signal aborts, whatever is running still, and
 * holds up a resize until it settles.
 */
export class Pending<T> {
  readonly promise: Promise<T>
  settled = false
  readonly #region: Region
  readonly #signal: AbortSignal | undefined
  #resolve!: (value: T) => void
  #reject!: (error: unknown) => void
  readonly #onAbort = (): void => this.reject(abort(this.#signal?.reason))
  readonly #ended: (() => void) | undefined

  constructor(region: Region, signal: AbortSignal | undefined, ended?: () => void) {
    this.#region = region
    this.#signal = signal
    this.#ended = ended
    this.promise = new Promise<T>((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
    region.pending.add(this)
    signal?.addEventListener('abort', this.#onAbort)
  }

  #settle(): boolean {
    if (this.settled) return false
    this.settled = true
    this.#region.pending.delete(this)
    this.#signal?.removeEventListener('abort', this.#onAbort)
    this.#ended?.()
    return true
  }

  resolve(value: T): void {
    if (this.#settle()) this.#resolve(value)
  }

  reject(error: unknown): void {
    if (this.#settle()) this.#reject(error)
  }
}
