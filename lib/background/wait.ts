/**
 * `waitAsync`: each wait has a thread of its own, which is none of the pool's.
 *
 * A pending wait keeps the process alive, as every promise of this package does. `Atomics.waitAsync` does not: a
 * program that awaits one ends silently.
 */

import { cInt, integer, options as members } from '../arguments.js'
import { fromNative, system, unsupported } from '../errors.js'
import { DIFFERENT, native, NOTIFIED, onWaited, TIMED_OUT } from '../native.js'
import type { Region } from '../region.js'
import { clearInterval, setInterval } from '../timers.js'
import { checkSystem, checkWord, milliseconds, type WaitResult } from '../wait.js'
import { Pending } from './pending.js'
import { abortSignal, checkSignal } from './signal.js'

/** How `waitAsync` waits. */
export interface WaitOptions {
  /** Milliseconds. Default: for ever. */
  timeout?: number | undefined
  /** Rejects with an AbortError, and ends the wait. */
  signal?: AbortSignal | undefined
}

interface Waiting {
  readonly region: Region
  readonly pending: Pending<WaitResult>
}

/** The waits that have begun and not ended, by their numbers. */
const waiting = new Map<number, Waiting>()
let last = 0
let listening = false

/** The longest interval of a timer. The timer does nothing: it only keeps the process alive. */
const LONG = 0x7fffffff
let alive: ReturnType<typeof setInterval> | undefined

/** Called when a wait has begun or ended. */
function keepAlive(): void {
  if (waiting.size > 0) {
    alive ??= setInterval(() => {}, LONG)
  } else if (alive !== undefined) {
    clearInterval(alive)
    alive = undefined
  }
}

/** Called when a wait's thread has ended, with the outcome; NaN after a fault, and a negative number for an error. */
function ended(id: number, outcome: number): void {
  const found = waiting.get(id)
  if (found === undefined) return
  const { region, pending } = found
  if (outcome === NOTIFIED) pending.resolve('ok')
  else if (outcome === TIMED_OUT) pending.resolve('timed-out')
  else if (outcome === -Infinity) pending.reject(unsupported('waitAsync()'))
  else if (outcome < 0) pending.reject(system(outcome, 'futex', { path: region.path }))
  else pending.reject(region.fault())
}

/** Ends a wait whose answer is not needed any more. */
function forget(id: number): void {
  if (!waiting.delete(id)) return
  native.cancelWait(id)
  keepAlive()
}

const FORM = 'waitAsync(offset, expected, { timeout, signal })'

/** Waits until the word is notified, in the background. */
export async function waitAsync(
  region: Region,
  offset: unknown,
  expected: unknown,
  given: WaitOptions | undefined,
): Promise<WaitResult> {
  checkSystem('waitAsync()')
  const { timeout, signal } = members(given, FORM)
  const at = integer(offset, 'offset', FORM)
  const value = cInt(expected, 'expected', FORM)
  const limit = milliseconds(timeout, FORM)
  const aborts = abortSignal(signal)
  checkSignal(aborts)
  checkWord(region, at)
  const id = (last += 1)
  const pending = new Pending<WaitResult>(region, aborts, () => forget(id))
  // Reading the signal may have run code that aborted it or closed the map.
  if (!pending.settled) begin(id, { region, pending }, at, value, limit)
  return pending.promise
}

function begin(id: number, one: Waiting, at: number, value: number, limit: number): void {
  const { region, pending } = one
  try {
    if (!listening) onWaited(ended)
    listening = true
    waiting.set(id, one)
    const answer = native.waitInBackground(region.handle, at, value, limit, id)
    if (Number.isNaN(answer)) pending.reject(region.fault())
    else if (answer === DIFFERENT) pending.resolve('not-equal')
    else keepAlive()
  } catch (error) {
    pending.reject(fromNative(error, region.path))
  }
}
