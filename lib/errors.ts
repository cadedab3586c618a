/**
 * Every error of the package: each cause has one code, and each code one class. docs/errors.md says how to mend each.
 */

import process from 'node:process'
import { getSystemErrorMap, types } from 'node:util'
import { type FaultReason } from './native.js'

/** The codes of the package's own errors. The list is complete: all other codes are names of `errno`. */
export type ErrorCode =
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
  | 'ERR_MMAP_PATTERN'
  | 'ERR_MMAP_VERSION'
  | 'ABORT_ERR'

/** An error of the package's own. Those of the system are as Node's: `NodeJS.ErrnoException`. */
export interface MmapError extends Error {
  readonly code: ErrorCode
  /** The path of the file, when it is known. */
  readonly path?: string
}

/** An `ERR_MMAP_FAULT`: a page of the map was missing. */
export interface MmapFaultError extends MmapError {
  readonly code: 'ERR_MMAP_FAULT'
  readonly reason: FaultReason
  /** How many bytes the file has now, when that is known. */
  readonly size?: number
}

/** An `ERR_MMAP_PATTERN`, which is a SyntaxError: a pattern contains something that can't be searched for. */
export interface MmapPatternError extends MmapError {
  readonly code: 'ERR_MMAP_PATTERN'
  /** What can't be searched for: `'lookbehind'`, `'lookahead'`, `'backreference'` ... docs/errors.md has all. */
  readonly construct: string
  /** Where that stands in the pattern's source, in UTF-16 units. */
  readonly at: number
}

/** The classes of errors that are not plain `Error`s, by code. */
const classes: Partial<Record<string, ErrorConstructor>> = {
  ERR_MMAP_READONLY: TypeError,
  ERR_INVALID_ARG_TYPE: TypeError,
  ERR_OUT_OF_RANGE: RangeError,
  ERR_MMAP_PATTERN: SyntaxError,
}

function coded<C extends ErrorCode>(
  code: C,
  message: string,
  options?: ErrorOptions,
): MmapError & { readonly code: C } {
  return Object.assign(new (classes[code] ?? Error)(message, options), { code })
}

/** The file of a map, for messages. */
const mapOf = (path: string | undefined): string => (path === undefined ? 'map' : `map '${path}'`)

export const closed = (path?: string): MmapError =>
  coded('ERR_MMAP_CLOSED', `mmap closed or invalid${path === undefined ? '' : `: '${path}'`}`)

export const readOnly = (path?: string): MmapError =>
  coded(
    'ERR_MMAP_READONLY',
    `mmap can't modify a readonly memory map.: ${mapOf(path)} with access: ACCESS_WRITE, or ACCESS_COPY to keep the file as it is`,
  )

export const fixedSize = (path?: string): MmapError =>
  coded(
    'ERR_MMAP_READONLY',
    `mmap can't resize a readonly or copy-on-write memory map.: ${mapOf(path)} with access: ACCESS_WRITE`,
  )

export const unreadable = (path?: string): MmapError =>
  coded(
    'ERR_MMAP_UNREADABLE',
    `the map has no PROT_READ, so its bytes cannot be read: ${mapOf(path)} with prot: PROT_READ | PROT_WRITE`,
  )

export const outOfRange = (message: string): MmapError => coded('ERR_OUT_OF_RANGE', message)

export const invalidType = (message: string): MmapError => coded('ERR_INVALID_ARG_TYPE', message)

/** The error for code that uses a map as if it were an array of its bytes. */
export const noElements = (): MmapError =>
  invalidType(
    'a map has no elements: m.get(index) and m.set(index, value) for one byte, m.slice() or m.view() for all',
  )

export const notANumber = (): MmapError =>
  invalidType('a map is no number: m.length has its length, m.get(index) a byte')

/** The error for a pattern that is refused. `at` is the offset in the source that was passed. */
export const refused = (construct: string, at: number, message: string): MmapPatternError =>
  Object.assign(coded('ERR_MMAP_PATTERN', message), { construct, at })

export const invalidValue = (message: string): MmapError => coded('ERR_INVALID_ARG_VALUE', message)

export const nulIn = (name: string, at: number): MmapError =>
  invalidValue(`embedded null character: the "${name}" argument has one at ${at}`)

export const conflictingOptions = (message: string): MmapError =>
  coded('ERR_MMAP_CONFLICTING_OPTIONS', message)

export const untracked = (message: string): MmapError =>
  coded('ERR_MMAP_UNTRACKED', `${message}: leave trackfd at true, the default`)

export const notAnonymous = (): MmapError =>
  coded(
    'ERR_MMAP_NOT_ANONYMOUS',
    'Cannot set annotation on non-anonymous mappings: the map of a file has the name of its file',
  )

export const exported = (what = 'resize'): MmapError =>
  coded(
    'ERR_MMAP_EXPORTED',
    `mmap can't ${what} with extant buffers exported.: await the promises of this map first`,
  )

/** What to do about a construct that a pattern can't have. */
const instead: Partial<Record<string, string>> = {
  lookbehind: 'match what is in front too, and take a group',
  lookahead: 'only one at the end can be searched for',
  backreference: 'match more, and compare groups in JavaScript',
  size: 'repeat less; the strings of a list may have 16 MiB together',
  depth: 'nest less',
  sticky: 'give it to all of them, or to none',
}

export const unsupported = (what: string, where: string = `on ${process.platform}`): MmapError =>
  coded('ERR_MMAP_UNSUPPORTED', `${what} is not supported ${where}`)

/** The error of a promise that was ended by the caller's signal. */
export function abort(reason: unknown): MmapError {
  const error = coded('ABORT_ERR', 'The operation was aborted', { cause: reason })
  // Defined and not assigned: where the intrinsics are frozen, an assignment to an inherited name throws.
  return Object.defineProperty(error, 'name', {
    value: 'AbortError',
    configurable: true,
    writable: true,
  })
}

/** The error for a missing page of the map: the file is shorter than the map, or could not be read or written. */
export function fault(
  reason: FaultReason,
  path: string | undefined,
  size: number | undefined,
): MmapFaultError {
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

/**
 * The error for a missing page in bytes that were passed. They are a view of another map, or of a map that was
 * closed.
 */
export function lostBytes(reason: FaultReason): Error {
  const why = {
    truncated: 'whose file was truncated',
    io: 'whose file could not be read or written',
    unknown: 'of which a page could not be read or written',
  }[reason]
  return Object.assign(
    coded('ERR_MMAP_FAULT', `the bytes that were passed are a view of a map ${why}`),
    { reason },
  )
}

/** The negative number of an error, as in Node's errors. On Windows it is libuv's number, not the C library's. */
export function errnoOf(name: string): number {
  for (const [errno, [code]] of getSystemErrorMap()) if (code === name) return errno
  throw new Error(`no system has ${name}`)
}

/** An error of the operating system, in the form of Node's own. `sentence` replaces the text that Node would give. */
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

/**
 * What a native throws: the code of a core error; or SYSTEM with the call that failed, and the reason if it is known.
 */
export interface NativeError extends Error {
  readonly code: ErrorCode | 'SYSTEM'
  readonly errno: number
  readonly syscall: string
  readonly hint?: string
  readonly construct?: string
  readonly at?: number
}

/** Makes the user's error from what a native threw. `hint` is added to the message, `path` to that of a system error. */
export function fromNative(thrown: unknown, path?: string, hint?: string): unknown {
  // The addon's errors have the classes of the main context, even if this code runs in another context.
  if (!types.isNativeError(thrown) || !('code' in thrown)) return thrown
  const { code, errno, syscall, message, hint: why, construct, at = 0 } = thrown as NativeError
  if (construct !== undefined) {
    const cure = instead[construct]
    return refused(construct, at, `${message}${hint ?? ''}${cure ? `: ${cure}` : ''}`)
  }
  if (code === 'SYSTEM') return system(errno, syscall, { path, hint: hint ?? why })
  const said = hint === undefined ? message : `${message}: ${hint}`
  return Object.assign(coded(code, said), path === undefined ? {} : { path })
}

/** The same for errors that keep a file from being mapped: all their messages name the file. */
export function notMapped(thrown: unknown, path: string | undefined, hint?: string): unknown {
  const isSystem = (thrown as { code?: unknown }).code === 'SYSTEM'
  if (isSystem || path === undefined) return fromNative(thrown, path, hint)
  const error = fromNative(thrown, path)
  if (error instanceof Error) {
    const cure = hint === undefined ? '' : `: ${hint}`
    error.message += `${error.message.includes(': ') ? ',' : ':'} '${path}'${cure}`
  }
  return error
}
