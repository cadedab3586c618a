/** The fault guard: a process-wide switch. */

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
