/**
 * The `signal` option, and what ends when the signal aborts.
 *
 * A signal is anything that has a signal's members: of this realm, of another, or a fake. So each of its methods and
 * getters is code of the caller's. It may throw, abort, close the map or ask for more work with the same signal, and
 * everything that is registered here is complete before each such call. An error that such a method throws is no
 * error of the work: while the work begins, it becomes the `cause` of an ERR_INVALID_ARG_VALUE; later it changes
 * nothing.
 */

import { received } from '../arguments.js'
import { abort, invalidType, invalidValue } from '../errors.js'

/** Whether a value is a signal, judged by its members: signals of other realms are of other classes. */
function isSignal(value: unknown): value is AbortSignal {
  if (typeof value !== 'object' || value === null) return false
  try {
    return (
      'aborted' in value &&
      'addEventListener' in value &&
      typeof value.addEventListener === 'function' &&
      'removeEventListener' in value &&
      typeof value.removeEventListener === 'function'
    )
  } catch (error) {
    throw brokenSignal(error)
  }
}

/** The `signal` option. */
export function abortSignal(signal: unknown): AbortSignal | undefined {
  if (signal === undefined || isSignal(signal)) return signal
  throw invalidType(`The "signal" option must be an AbortSignal. Received ${received(signal)}`)
}

/** Runs the caller's code in a signal, and makes an error with a code of what that code throws. */
const brokenSignal = (cause: unknown): Error =>
  Object.assign(invalidValue('The "signal" option is an AbortSignal that throws: see the cause'), {
    cause,
  })

function hasAborted(signal: AbortSignal): boolean {
  try {
    return signal.aborted
  } catch (error) {
    throw brokenSignal(error)
  }
}

/** The error for a signal that has aborted. */
function aborted(signal: AbortSignal): Error {
  let reason: unknown
  try {
    reason = signal.reason
  } catch (error) {
    reason = error
  }
  return abort(reason)
}

/** Throws if the signal has aborted already. This is checked after the types, and before the state of the map. */
export function checkSignal(signal: AbortSignal | undefined): void {
  if (signal !== undefined && hasAborted(signal)) throw aborted(signal)
}

/** Something that ends when a signal aborts. */
export interface Abortable {
  readonly settled: boolean
  reject(error: unknown): void
}

/** The one listener of a signal, and the promises that it ends. */
interface Listening {
  readonly all: Set<Abortable>
  readonly listener: () => void
}

/** The listener of each signal: one for all searches that share the signal, of which there may be thousands. */
const listeners = new WeakMap<AbortSignal, Listening>()

/** Ends `promise` when the signal aborts, or at once if it has aborted. */
export function listen(signal: AbortSignal, promise: Abortable): void {
  const found = listeners.get(signal)
  if (found === undefined) {
    const all = new Set([promise])
    const listener = (): void => rejectAll(all, aborted(signal))
    const listening = { all, listener }
    listeners.set(signal, listening)
    try {
      signal.addEventListener('abort', listener)
    } catch (error) {
      if (listeners.get(signal) === listening) listeners.delete(signal)
      rejectAll(all, brokenSignal(error))
    }
    // All promises settled before the listener was registered, so it is removed here.
    if (listeners.get(signal) !== listening) stopListening(signal, listener)
  } else {
    found.all.add(promise)
  }
  if (promise.settled) return
  // The signal may have aborted after it was checked and before the listener was registered.
  try {
    checkSignal(signal)
  } catch (error) {
    promise.reject(error)
  }
}

/** Goes through a copy of the list, since the code that is told may add to the list. */
function rejectAll(all: Set<Abortable>, error: Error): void {
  const those = [...all]
  for (const one of those) one.reject(error)
}

/** Removes the listener with the last promise that it could end. */
export function leave(signal: AbortSignal, promise: Abortable): void {
  const found = listeners.get(signal)
  if (found === undefined || !found.all.delete(promise) || found.all.size > 0) return
  listeners.delete(signal)
  stopListening(signal, found.listener)
}

function stopListening(signal: AbortSignal, listener: () => void): void {
  try {
    signal.removeEventListener('abort', listener)
  } catch {
    // If this throws, the listener stays registered but ends nothing, and the promise keeps its own answer.
  }
}
