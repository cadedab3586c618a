/** The fault guard: a process-wide switch. */

import { isMainThread } from 'node:worker_threads'
import { boolean } from './arguments.js'
import { unsupported } from './errors.js'
import { native } from './native.js'

/**
 * Turns the survival of faults on or off, for the whole process, workers included. Off puts the signal's old
 * disposition back, if nobody has taken the signal since. On by default; `FMMAP_NO_SIGBUS=1` in the
 * environment starts with it off.
 *
 * @param on - Whether a page that is missing becomes an `ERR_MMAP_FAULT` instead of a crash.
 * @throws ERR_INVALID_ARG_TYPE; ERR_MMAP_UNSUPPORTED on Windows.
 */
export function setFaultGuard(on: boolean): void {
  if (process.platform === 'win32') throw unsupported('setFaultGuard()')
  native.setFaultGuard(boolean(on, 'on', 'argument'))
}

/**
 * Whether faults are survived.
 *
 * @throws ERR_MMAP_UNSUPPORTED on Windows.
 */
export function faultGuard(): boolean {
  if (process.platform === 'win32') throw unsupported('faultGuard()')
  return native.faultGuard()
}

function cover(): void {
  if (native.faultGuard()) native.setFaultGuard(true)
}

let looking: NodeJS.Timeout | undefined

/** Who listens to the signal has put the runtime's handler over ours, or, as the last to leave, the default. */
function listened(event: string | symbol): void {
  if (event !== 'SIGBUS') return
  cover()
  if (!('bun' in process.versions) || looking !== undefined) return
  // Bun tells before it installs its handler, and not at all when it takes it away.
  queueMicrotask(cover)
  looking = setInterval(cover, 100).unref()
}

/** Whether some copy of this module watches the process's listeners. */
const WATCHED = Symbol.for('fmmap.watched')

/**
 * Keeps the guard on top of what `process.on('SIGBUS')` installs, from the first map on. Each new map looks as
 * well; but a map that is there already would loop for ever in its next fault, or die of it.
 */
export function watch(): void {
  if (!isMainThread || process.platform === 'win32' || WATCHED in process) return
  Object.defineProperty(process, WATCHED, { value: true })
  process.on('newListener', listened)
  process.on('removeListener', listened)
}
