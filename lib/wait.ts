/** `wait` and `notify`: a thread sleeps until a word of the map changes, in this process or another. */

import process from 'node:process'
import { cInt, integer, received, rightForm } from './arguments.js'
import { fromNative, invalidType, outOfRange, unsupported } from './errors.js'
import { DIFFERENT, native, NOTIFIED, TIMED_OUT } from './native.js'
import type { Region } from './region.js'

/** How a wait has ended, in the words of `Atomics.wait`. */
export type WaitResult = 'ok' | 'not-equal' | 'timed-out'

const WORD = 4

/** The largest number of waiters that one system call can wake. */
const ALL = 0x7fffffff

/** Throws on systems without waiting. This is checked before anything else. */
export function checkSystem(what: string): void {
  if (process.platform === 'win32') throw unsupported(what)
}

/** Checks a timeout in milliseconds; undefined means for ever. `form` is the correct call. */
export function milliseconds(timeout: unknown, form: string): number {
  if (timeout === undefined) return Infinity
  if (typeof timeout !== 'number' || Number.isNaN(timeout)) {
    throw invalidType(
      `The "timeout" argument must be a number of milliseconds${rightForm(form)}. Received ${received(timeout)}`,
    )
  }
  if (timeout < 0) {
    throw outOfRange(`The "timeout" argument must be at least 0. Received ${timeout}`)
  }
  return timeout
}

/**
 * Checks, after the types, that the map is open, that its bytes can be read, and that `offset` names a word of it.
 */
export function checkWord(region: Region, offset: number): void {
  region.checkReadable()
  if (offset < 0 || offset > region.length - WORD) {
    throw outOfRange(`a word of 4 bytes at ${offset} is not inside of ${region.length} bytes`)
  }
  if (offset % WORD !== 0) {
    const below = offset - (offset % WORD)
    throw outOfRange(
      `offset ${offset} is not a multiple of ${WORD}; the nearest are ${below} and ${below + WORD}`,
    )
  }
}

const WAIT = 'wait(offset, expected, timeout?)'

/** Sleeps until the word is notified. */
export function wait(
  region: Region,
  offset: unknown,
  expected: unknown,
  timeout: unknown,
): WaitResult {
  checkSystem('wait()')
  const at = integer(offset, 'offset', WAIT)
  const value = cInt(expected, 'expected', WAIT)
  const limit = milliseconds(timeout, WAIT)
  checkWord(region, at)
  const end = native.clock() + limit
  for (let left = limit, first = true; ; first = false) {
    let answer: number
    try {
      // The wait is made in slices, so that a worker that waits can be terminated.
      answer = native.wait(region.handle, at, value, left)
    } catch (error) {
      throw fromNative(error, region.path)
    }
    region.answered(answer)
    if (answer === NOTIFIED) return 'ok'
    // The word was as expected when the wait began, so a change since then counts as a wake.
    if (answer === DIFFERENT) return first ? 'not-equal' : 'ok'
    left = Math.max(0, end - native.clock())
    if (answer === TIMED_OUT && left === 0) return 'timed-out'
  }
}

const NOTIFY = 'notify(offset, count?)'

/** Wakes the threads that wait for the word, and returns how many there were. */
export function notify(region: Region, offset: unknown, count: unknown): number {
  checkSystem('notify()')
  const at = integer(offset, 'offset', NOTIFY)
  const most = count === undefined || count === Infinity ? ALL : integer(count, 'count', NOTIFY)
  checkWord(region, at)
  if (most < 0) throw outOfRange(`The "count" argument must be at least 0. Received ${most}`)
  let woken: number
  try {
    woken = native.notify(region.handle, at, Math.min(most, ALL))
  } catch (error) {
    throw fromNative(error, region.path)
  }
  return region.answered(woken)
}
