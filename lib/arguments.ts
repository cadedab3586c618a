/**
 * Checks arguments. Each argument is converted once, before the state of the map is looked at: a conversion may run
 * the caller's code, which must not run half-way through a member.
 */

import { Buffer } from 'node:buffer'
import { inspect, types } from 'node:util'
import { invalidType, nulIn, outOfRange } from './errors.js'
import { bufferOver } from './slab.js'
import {
  byteLength,
  dataViewBuffer,
  dataViewLength,
  dataViewOffset,
  growable,
  resizable,
  typedArrayBuffer,
  typedArrayOffset,
  writeText,
} from './intrinsics.js'

// Copied to a constant: in a CommonJS bundle each use of an import reads a property.
const { isAnyArrayBuffer, isDataView, isProxy, isUint8Array } = types

/** Bytes that a member reads. A string stands for its UTF-8 bytes. */
export type Bytes = string | ArrayBufferView | ArrayBufferLike

/** The largest value of a C int: access, flags, protection, advice. */
const INT_MAX = 0x7fffffff

/** The name of a value's type, for Python's messages that end in one. It runs no code of the value's. */
function typeName(value: unknown): string {
  if (value === null) return 'null'
  if (typeof value !== 'object') return typeof value
  if (isProxy(value)) return 'Proxy'
  if (Array.isArray(value)) return 'Array'
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype === null || typeof prototype !== 'object' || isProxy(prototype)) {
    return 'Object'
  }
  const found = Object.getOwnPropertyDescriptor(prototype, 'constructor')?.value as unknown
  if (typeof found !== 'function' || isProxy(found)) return 'Object'
  const name = Object.getOwnPropertyDescriptor(found, 'name')?.value as unknown
  return typeof name === 'string' && name !== '' ? name : 'Object'
}

/** Describes the value that was received, for the end of a message. It runs no code of the value's. */
export function received(value: unknown): string {
  switch (typeof value) {
    case 'bigint':
      return `${value}n: pass Number(${value}n)`
    case 'string':
      return inspect(value.length > 25 ? `${value.slice(0, 25)}...` : value)
    case 'function':
      return 'a function'
    case 'object':
      return value === null ? 'null' : `an instance of ${typeName(value)}`
    default:
      return inspect(value)
  }
}

/**
 * Accepts every double that is an integer, however large: the caller clamps it, or compares it with a length.
 * `form` is the correct call, which the message shows.
 */
export function integer(value: unknown, name: string, form?: string): number {
  if (typeof value !== 'number' || !Number.isInteger(value)) throw noInteger(value, name, form)
  return value
}

/** The error of a value that is no integer. A function of its own, so that engines inline the check without it. */
function noInteger(value: unknown, name: string, form: string | undefined): Error {
  return invalidType(
    `The "${name}" argument must be an integer${rightForm(form)}. Received ${received(value)}`,
  )
}

/** The end of a message that shows the correct call. */
export const rightForm = (form: string | undefined): string =>
  form === undefined ? '' : `, as in ${form}`

/** An integer, or `fallback` for undefined, which is Python's None. */
export function optionalInteger<F>(
  value: unknown,
  name: string,
  fallback: F,
  form?: string,
): number | F {
  return value === undefined ? fallback : integer(value, name, form)
}

/** An integer that fits a C int, as `access`, `flags`, `prot` and advice do. */
export function cInt(value: unknown, name: string, form?: string): number {
  const number = integer(value, name, form)
  if (number > INT_MAX || number < -INT_MAX - 1) {
    throw outOfRange(`The "${name}" argument must be a 32-bit integer. Received ${number}`)
  }
  return number
}

/** Python's unsigned byte: 0 to 255. */
export function byte(value: unknown, name: string): number {
  const number = integer(value, name)
  if (number < 0)
    throw outOfRange(`unsigned byte integer is less than minimum: ${number} is below 0`)
  if (number > 255) {
    throw outOfRange(`unsigned byte integer is greater than maximum: ${number} is above 255`)
  }
  return number
}

export function boolean(value: unknown, name: string, kind = 'option'): boolean {
  if (typeof value !== 'boolean') {
    throw invalidType(`The "${name}" ${kind} must be a boolean. Received ${received(value)}`)
  }
  return value
}

/** Whether a value can be an options object. Null, arrays and bytes can't. */
function isOptions(value: unknown): value is object {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    !ArrayBuffer.isView(value) &&
    !isAnyArrayBuffer(value)
  )
}

/** An options object; undefined counts as an empty one. `form` is the correct call, which the message shows. */
export function options<T extends object>(value: T | undefined, form?: string): Partial<T> {
  if (value === undefined) return {}
  if (!isOptions(value)) {
    throw invalidType(
      `The "options" argument must be an object${rightForm(form)}. Received ${received(value)}`,
    )
  }
  return value
}

/**
 * Whether options were passed in the place of a number. They are an object that is empty or has one of the `names`;
 * any other object is a mistake, and the message shows the correct call.
 */
export function areOptions(value: unknown, ...names: string[]): value is object {
  if (typeof value !== 'object' || !isOptions(value)) return false
  return (
    names.some((name) => name in value) ||
    (typeName(value) === 'Object' && Object.keys(value).length === 0)
  )
}

/** Refuses offsets and lengths that are too large for a double to hold exactly. */
export function safe(value: number, name: string): number {
  if (value > Number.MAX_SAFE_INTEGER) {
    throw outOfRange(`The "${name}" argument must be at most 2^53 - 1. Received ${value}`)
  }
  return value
}

/** Refuses memory that can change its size, since a native keeps its address for a while. */
function refuseResizable(buffer: ArrayBufferLike, name: string): void {
  let changes: boolean | undefined
  try {
    changes = resizable(buffer)
  } catch {
    // The getter throws for a SharedArrayBuffer. To test for one first would slow every call down.
    changes = growable(buffer)
  }
  if (changes) {
    throw invalidType(`The "${name}" argument must not be backed by a resizable ArrayBuffer`)
  }
}

function wholeBuffer(buffer: ArrayBufferLike, name: string): Uint8Array {
  refuseResizable(buffer, name)
  try {
    return new Uint8Array(buffer)
  } catch {
    // The constructor throws for a detached buffer. On Node 20 this is the only way to find one.
    throw invalidType(`The "${name}" argument must not be backed by a detached ArrayBuffer`)
  }
}

/** The bytes of any view, as they lie in memory. */
function viewed(view: ArrayBufferView, name: string): Uint8Array {
  if (isUint8Array(view)) {
    checkMemory(view, name)
    return view
  }
  if (isDataView(view)) {
    const buffer = dataViewBuffer(view)
    wholeBuffer(buffer, name)
    return new Uint8Array(buffer, dataViewOffset(view), dataViewLength(view))
  }
  checkMemory(view, name)
  return new Uint8Array(typedArrayBuffer(view), typedArrayOffset(view), byteLength(view))
}

/** Refuses a typed array whose memory can change its size or is gone. */
function checkMemory(view: ArrayBufferView, name: string): void {
  const buffer = typedArrayBuffer(view)
  // An empty array may be empty because its buffer was detached.
  if (byteLength(view) === 0) wholeBuffer(buffer, name)
  else refuseResizable(buffer, name)
}

/** The bytes of strings of up to this many UTF-16 units are kept. */
const SHORT = 64

/** The two short strings that were converted last: a loop often passes the same ones. */
let [latest, before] = ['', '']
let latestBytes: Uint8Array = new Uint8Array(0)
let beforeBytes = latestBytes

/** The most UTF-8 bytes that one UTF-16 unit of a string becomes. */
const UNIT = 3

const POOL = 16 * 1024

/**
 * The memory for the bytes of short strings. Buffer's own pool would not be safe: every small Buffer of the program
 * shows it as its `buffer`, so that a write there could change a needle. This memory is never handed out, and no part
 * of it is used twice.
 */
let pool = new ArrayBuffer(POOL)
let poolBytes = bufferOver(pool, 0, POOL)
let used = 0

/** The UTF-8 bytes of a string in memory of our own. */
function utf8(text: string): Uint8Array {
  const room = UNIT * text.length
  if (room > POOL / 16) {
    const made = Buffer.allocUnsafeSlow(Buffer.byteLength(text))
    writeText.call(made, text, 0)
    return made
  }
  if (room > POOL - used) {
    pool = new ArrayBuffer(POOL)
    poolBytes = bufferOver(pool, 0, POOL)
    used = 0
  }
  const start = used
  if (room > 0) used += writeText.call(poolBytes, text, start)
  return bufferOver(pool, start, used - start)
}

/** The UTF-8 bytes of a string. They must not be written to, since a later call may return the same bytes. */
function encoded(text: string): Uint8Array {
  if (text === latest) return latestBytes
  if (text === before) return beforeBytes
  const made = utf8(text)
  if (text.length <= SHORT) {
    before = latest
    beforeBytes = latestBytes
    latest = text
    latestBytes = made
  }
  return made
}

/** What is bytes, for messages. */
const BYTES = 'a string, Buffer, TypedArray, DataView or ArrayBuffer'

/** The bytes that a member reads. Only a string is copied. `kinds` is what the member takes, for the message. */
export function bytes(value: unknown, name: string, kinds: string = BYTES): Uint8Array {
  if (typeof value === 'string') return encoded(value)
  if (ArrayBuffer.isView(value)) return viewed(value, name)
  if (isAnyArrayBuffer(value)) return wholeBuffer(value, name)
  throw invalidType(
    `The "${name}" argument: a bytes-like object is required, not '${typeName(value)}' ` +
      `(${kinds}${kinds === BYTES ? '' : needleInstead(value, kinds)}${bytesInstead(value)})`,
  )
}

/** The end of a message about a needle: one that is an options object, or that seems to be right. */
function needleInstead(value: unknown, kinds: string): string {
  const type = typeName(value)
  if (type === 'Object') return '; options come second, as in countLines(undefined, { start })'
  if (type === 'Pattern' && kinds.includes(type)) {
    return '; this one is of another copy of the package, and only its maps take it'
  }
  return ''
}

/** The end of a message: how to get the bytes of a value that is not an array of bytes. */
function bytesInstead(value: unknown): string {
  if (typeof value === 'number') {
    return '; Buffer.of(byte) for one byte, Buffer.from(array) for an array of them'
  }
  if (Array.isArray(value)) return '; Buffer.from(array) for an array of bytes'
  if (typeName(value) === 'Mmap') return '; its slice() or view() for the bytes of a map'
  return ''
}

/** The memory that a member writes to. */
export function target(value: unknown, name: string): Uint8Array {
  if (ArrayBuffer.isView(value)) return viewed(value, name)
  const instead = isAnyArrayBuffer(value) ? ', as new Uint8Array(buffer)' : ''
  throw invalidType(
    `The "${name}" argument must be a Buffer, TypedArray or DataView${instead}. Received ${received(value)}`,
  )
}

/** UTF-8 bytes without NUL, as the system takes a name. */
export function nameBytes(value: unknown, name: string): Uint8Array {
  if (typeof value !== 'string') {
    throw invalidType(`The "${name}" argument must be a string. Received ${received(value)}`)
  }
  if (value.includes('\0')) throw nulIn(name, value.indexOf('\0'))
  return Buffer.from(value)
}
