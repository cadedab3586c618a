/** Every error of the package: one code a cause, one class a code. docs/errors.md has each with its cure. */

import { getSystemErrorMap } from 'node:util'
import { type FaultReason } from './native.js'

/** The codes of the package's own errors. The list is closed: the others are the names of `errno`. */
export type Code =
  | 'ERR_MMAP_CLOSED'
  | 'ERR_MMAP_READONLY'
  | 'ERR_INVALID_ARG_TYPE'
  | 'ERR_INVALID_ARG_VALUE'
  | 'ERR_OUT_OF_RANGE'
  | 'ERR_MMAP_CONFLICTING_OPTIONS'
  | 'ERR_MMAP_EMPTY_FILE'
  | 'ERR_MMAP_UNTRACKED'
  | 'ERR_MMAP_NOT_ANONYMOUS'
  | 'ERR_MMAP_EXPORTED'
  | 'ERR_MMAP_UNREADABLE'
  | 'ERR_MMAP_UNSUPPORTED'
  | 'ERR_MMAP_FAULT'
  | 'ABORT_ERR'

/** The class that an error of a code has, where it is not `Error`. */
const classes: Partial<Record<string, ErrorConstructor>> = {
  ERR_MMAP_READONLY: TypeError,
  ERR_INVALID_ARG_TYPE: TypeError,
  ERR_OUT_OF_RANGE: RangeError,
}

function coded(code: Code, message: string): Error {
  return Object.assign(new (classes[code] ?? Error)(message), { code })
}

export const closed = (): Error => coded('ERR_MMAP_CLOSED', 'mmap closed or invalid')

export const readOnly = (message = "mmap can't modify a readonly memory map."): Error =>
  coded('ERR_MMAP_READONLY', message)

export const unreadable = (): Error =>
  coded('ERR_MMAP_UNREADABLE', 'the map has no PROT_READ, so its bytes cannot be read')

export const outOfRange = (message: string): Error => coded('ERR_OUT_OF_RANGE', message)

export const invalidType = (message: string): Error => coded('ERR_INVALID_ARG_TYPE', message)

export const invalidValue = (message: string): Error => coded('ERR_INVALID_ARG_VALUE', message)

export const conflictingOptions = (message: string): Error =>
  coded('ERR_MMAP_CONFLICTING_OPTIONS', message)

export const untracked = (): Error =>
  coded('ERR_MMAP_UNTRACKED', "mmap can't resize with trackfd=False.")

export const notAnonymous = (): Error =>
  coded('ERR_MMAP_NOT_ANONYMOUS', 'Cannot set annotation on non-anonymous mappings')

export const exported = (): Error =>
  coded('ERR_MMAP_EXPORTED', "mmap can't resize with extant buffers exported.")

export const unsupported = (what: string, where: string = `on ${process.platform}`): Error =>
  coded('ERR_MMAP_UNSUPPORTED', `${what} is not supported ${where}`)

/** The caller's signal has ended a promise. */
export function abort(reason: unknown): Error {
  const error = Object.assign(new Error('The operation was aborted', { cause: reason }), {
    code: 'ABORT_ERR',
  })
  error.name = 'AbortError'
  return error
}

/** A page of the map was missing: its file is shorter than the map, or could not be read or written. */
export function fault(
  reason: FaultReason,
  path: string | undefined,
  size: number | undefined,
): Error {
  const what = {
    truncated: 'the mapped file was truncated',
    io: 'the mapped file could not be read or written',
    unknown: 'a page of the map could not be read or written',
  }[reason]
  const name = path === undefined ? '' : `, '${path}'`
  const now = size === undefined ? '' : `; the file has ${size} bytes now`
  return Object.assign(coded('ERR_MMAP_FAULT', `${what}${name}${now}`), {
    reason,
    ...(path === undefined ? {} : { path }),
    ...(size === undefined ? {} : { size }),
  })
}

/** The negative number of an error; on Windows it is libuv's own, not the C library's. */
export function errnoOf(name: string): number {
  for (const [errno, [code]] of getSystemErrorMap()) if (code === name) return errno
  throw new Error(`no system has ${name}`)
}

/** An error of the operating system, in the form of Node's own; `sentence` instead of Node's. */
export function system(
  errno: number,
  syscall: string,
  details: { path?: string | undefined; hint?: string | undefined; sentence?: string } = {},
): Error {
  const { path, hint, sentence } = details
  const [code, text] = getSystemErrorMap().get(errno) ?? [`E${-errno}`, 'unknown error']
  const where = path === undefined ? '' : ` '${path}'`
  const message = sentence ?? `${code}: ${text}, ${syscall}${where}${hint ? `: ${hint}` : ''}`
  return Object.assign(new Error(message), {
    errno,
    code,
    syscall,
    ...(path === undefined ? {} : { path }),
  })
}

/** What a native throws: a core error's code, or SYSTEM with the call that failed. */
interface NativeError extends Error {
  readonly code: Code | 'SYSTEM'
  readonly errno: number
  readonly syscall: string
}

/** What a native threw, in its class; `path` and `hint` go to the message of a system error. */
export function fromNative(thrown: unknown, path?: string, hint?: string): unknown {
  if (!(thrown instanceof Error) || !('code' in thrown)) return thrown
  const { code, errno, syscall, message } = thrown as NativeError
  if (code === 'SYSTEM') return system(errno, syscall, { path, hint })
  return Object.assign(coded(code, message), path === undefined ? {} : { path })
}
