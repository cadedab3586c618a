/** The fault guard: a process-wide switch. */

import process from 'node:process'
import { boolean } from './arguments.js'
import { unsupported } from './errors.js'
import { native } from './native.js'
import { threads } from './threads.js'

/**
 * Turns the fault guard on or off, for the whole process and its workers. Turning it off restores the signal handler
 * that was there before, unless another one has been installed since. It is on by default; with `FMMAP_NO_SIGBUS=1`
 * in the environment, the process starts with it off.
 *
 * @param on - Whether a missing page becomes an `ERR_MMAP_FAULT` instead of a crash.
 * @throws ERR_INVALID_ARG_TYPE; ERR_MMAP_UNSUPPORTED on Windows.
 */
export function setFaultGuard(on: boolean): void {
  if (process.platform === 'win32') throw unsupported('setFaultGuard()')
  native.setFaultGuard(boolean(on, 'on', 'argument'))
}

/**
 * Whether the fault guard is on.
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

/** Called when a listener of SIGBUS comes or goes: the runtime has then put its handler, or the default, over ours. */
function listened(event: string | symbol, listener: unknown): void {
  // After `removeAllListeners` no event tells of later listeners.
  if (event === 'newListener' && listener === listened) native.watchFaultGuard()
  if (event !== 'SIGBUS') return
  cover()
  if (!('bun' in process.versions)) return
  // Bun emits the event before it installs its handler, and emits none when it removes the handler.
  void Promise.resolve().then(cover)
  native.watchFaultGuard()
}

/** Set once a copy of this module watches the process's listeners. */
const WATCHED = Symbol.for('fmmap.watched')

/**
 * Keeps the guard on top of the handlers that `process.on('SIGBUS')` installs, from the first map on. A new map puts
 * the guard on top as well, but maps that exist already can't wait for one: their next fault would repeat for ever, or
 * end the process. A worker gets no events of the main thread's listeners, so once a worker has a map, a thread of the
 * addon looks after the handler instead.
 */
export function watch(): void {
  if (process.platform === 'win32' || WATCHED in process) return
  Object.defineProperty(process, WATCHED, { value: true })
  if (!threads().isMainThread) {
    native.watchFaultGuard()
    return
  }
  process.on('newListener', listened)
  process.on('removeListener', listened)
}
