/** Promises of a map, and the signals that end them. */

import { received } from './arguments.js'
import { abort, invalidType } from './errors.js'
import type { Region } from './region.js'

/** A signal is what has a state and can be listened to, of whatever realm. */
function isSignal(value: unknown): value is AbortSignal {
  return (
    typeof value === 'object' &&
    value !== null &&
    'aborted' in value &&
    'addEventListener' in value &&
    typeof value.addEventListener === 'function' &&
    'removeEventListener' in value &&
    typeof value.removeEventListener === 'function'
  )
}

/** The `signal` option. */
export function abortSignal(signal: unknown): AbortSignal | undefined {
  if (signal === undefined || isSignal(signal)) return signal
  throw invalidType(`The "signal" option must be an AbortSignal. Received ${received(signal)}`)
}

/** Ends what has not begun when its signal has aborted already: checked after the types, before the map's state. */
export function checkSignal(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw abort(signal.reason)
}

/** What ends when a signal aborts. */
interface Abortable {
  abort(reason: unknown): void
}

/** What listens to each signal: one listener, whatever their number, as a thousand searches may share one. */
const listeners = new WeakMap<AbortSignal, { all: Set<Abortable>; listener: () => void }>()

function listen(signal: AbortSignal, promise: Abortable): void {
  const found = listeners.get(signal)
  if (found !== undefined) {
    found.all.add(promise)
    return
  }
  const all = new Set([promise])
  const listener = (): void => {
    for (const one of all) one.abort(signal.reason)
  }
  signal.addEventListener('abort', listener)
  listeners.set(signal, { all, listener })
}

function leave(signal: AbortSignal, promise: Abortable): void {
  const found = listeners.get(signal)
  if (found === undefined) return
  found.all.delete(promise)
  if (found.all.size > 0) return
  listeners.delete(signal)
  signal.removeEventListener('abort', found.listener)
}

/**
 * A promise of a map: it rejects when the map is closed or the signal aborts, whatever is running still, and
 * holds up a resize until it settles.
 */
export class Pending<T> implements Abortable {
  readonly promise: Promise<T>
  settled = false
  readonly #region: Region
  readonly #signal: AbortSignal | undefined
  readonly #ended: (() => void) | undefined
  #resolve!: (value: T) => void
  #reject!: (error: unknown) => void

  constructor(region: Region, signal: AbortSignal | undefined, ended?: () => void) {
    this.#region = region
    this.#signal = signal
    this.#ended = ended
    this.promise = new Promise<T>((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
    if (signal !== undefined) listen(signal, this)
    region.pending.add(this)
  }

  #settle(): boolean {
    if (this.settled) return false
    this.settled = true
    this.#region.pending.delete(this)
    if (this.#signal !== undefined) leave(this.#signal, this)
    this.#ended?.()
    return true
  }

  abort(reason: unknown): void {
    this.reject(abort(reason))
  }

  resolve(value: T): void {
    if (this.#settle()) this.#resolve(value)
  }

  reject(error: unknown): void {
    if (this.#settle()) this.#reject(error)
  }
}
