/**
 * What may be passed: each check converts its argument once, before any check of the map's state, so no
 * code of the caller's can run half way through a member.
 */

import { inspect, types } from 'node:util'
import { invalidType, invalidValue, outOfRange } from './errors.js'

/** Bytes that a member reads: a string means its UTF-8 bytes. */
export type Bytes = string | ArrayBufferView | ArrayBufferLike

/** The largest value of a C int: access, flags, protection, advice. */
const INT_MAX = 0x7fffffff

/** The name of a value's type, for Python's sentences that end in one. Runs no code of the value's. */
function typeName(value: unknown): string {
  if (value === null) return 'null'
  if (typeof value !== 'object') return typeof value
  if (types.isProxy(value)) return 'Proxy'
  if (Array.isArray(value)) return 'Array'
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype === null || typeof prototype !== 'object' || types.isProxy(prototype)) {
    return 'Object'
  }
  const found = Object.getOwnPropertyDescriptor(prototype, 'constructor')?.value as unknown
  if (typeof found !== 'function' || types.isProxy(found)) return 'Object'
  const name = Object.getOwnPropertyDescriptor(found, 'name')?.value as unknown
  return typeof name === 'string' && name !== '' ? name : 'Object'
}

/** What came, for the end of a message. Runs no code of the value's. */
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

/** Any integer-valued double: the caller clamps it, or compares it with a length. */
export function integer(value: unknown, name: string): number {
  if (typeof value !== 'number' || !Number.isInteger(value)) {
    throw invalidType(`The "${name}" argument must be an integer. Received ${received(value)}`)
  }
  return value
}

/** An integer, or `fallback` for undefined, which is Python's None. */
export function optionalInteger<F>(value: unknown, name: string, fallback: F): number | F {
  return value === undefined ? fallback : integer(value, name)
}

/** An integer that fits a C int, as `access`, `flags`, `prot` and advice do. */
export function cInt(value: unknown, name: string): number {
  const number = integer(value, name)
  if (number > INT_MAX || number < -INT_MAX - 1) {
    throw outOfRange(`The "${name}" argument must be a 32-bit integer. Received ${number}`)
  }
  return number
}

/** Python's unsigned byte: 0 to 255. */
export function byte(value: unknown, name: string): number {
  const number = integer(value, name)
  if (number < 0) throw outOfRange('unsigned byte integer is less than minimum')
  if (number > 255) throw outOfRange('unsigned byte integer is greater than maximum')
  return number
}

export function boolean(value: unknown, name: string, kind = 'option'): boolean {
  if (typeof value !== 'boolean') {
    throw invalidType(`The "${name}" ${kind} must be a boolean. Received ${received(value)}`)
  }
  return value
}

/** An options object: undefined is an empty one; null, an array or a function is none. */
export function options<T extends object>(value: T | undefined): Partial<T> {
  if (value === undefined) return {}
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw invalidType(`The "options" argument must be an object. Received ${received(value)}`)
  }
  return value
}

/** Refuses an offset or a length past which a double is no longer exact. */
export function safe(value: number, name: string): number {
  if (value > Number.MAX_SAFE_INTEGER) {
    throw outOfRange(`The "${name}" argument must be at most 2^53 - 1. Received ${value}`)
  }
  return value
}

/** An intrinsic getter, so that a subclass or an own property can't lie about a buffer. */
function getter<T>(prototype: object, name: string): (of: object) => T {
  const found = Object.getOwnPropertyDescriptor(prototype, name)?.get
  // A runtime without resizable buffers has none that is.
  // Not Reflect.apply, nor a bound call: this is the fastest on every runtime.
  return found === undefined ? () => undefined as T : (of) => found.call(of) as T
}

const typedArray = Object.getPrototypeOf(Uint8Array.prototype) as object
const typedArrayBuffer = getter<ArrayBufferLike>(typedArray, 'buffer')
const typedArrayOffset = getter<number>(typedArray, 'byteOffset')
const dataViewBuffer = getter<ArrayBufferLike>(DataView.prototype, 'buffer')
const dataViewOffset = getter<number>(DataView.prototype, 'byteOffset')
const dataViewLength = getter<number>(DataView.prototype, 'byteLength')
const resizable = getter<boolean | undefined>(ArrayBuffer.prototype, 'resizable')
const growable = getter<boolean | undefined>(SharedArrayBuffer.prototype, 'growable')

/** The length of a typed array, in bytes. */
export const byteLength: (of: object) => number = getter<number>(typedArray, 'byteLength')

/** Refuses memory that can change its size: a native holds its address for a while. */
function refuseResizable(buffer: ArrayBufferLike, name: string): void {
  let changes: boolean | undefined
  try {
    changes = resizable(buffer)
  } catch {
    // Not an ArrayBuffer, so a shared one: asking first would cost every call 8 ns.
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
    // The constructor refuses a detached buffer; Node 20 has no other way to ask.
    throw invalidType(`The "${name}" argument must not be backed by a detached ArrayBuffer`)
  }
}

/** The bytes of any view, as they lie in memory. */
function viewed(view: ArrayBufferView, name: string): Uint8Array {
  if (types.isUint8Array(view)) {
    checkMemory(view, name)
    return view
  }
  if (types.isDataView(view)) {
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
  // An empty view may be one whose buffer is gone.
  if (byteLength(view) === 0) wholeBuffer(buffer, name)
  else refuseResizable(buffer, name)
}

/** Strings of up to so many units are worth keeping the bytes of. */
const SHORT = 64

/** The two short strings that were asked for last: a loop passes the same ones again and again. */
let [latest, before] = ['', '']
let latestBytes: Uint8Array = new Uint8Array(0)
let beforeBytes = latestBytes

/** The UTF-8 bytes of a string, to be read only: the next call may get the same ones. */
function encoded(text: string): Uint8Array {
  if (text === latest) return latestBytes
  if (text === before) return beforeBytes
  const made = Buffer.from(text)
  if (text.length <= SHORT) {
    before = latest
    beforeBytes = latestBytes
    latest = text
    latestBytes = made
  }
  return made
}

/** What a member reads from: never a copy, except of a string. */
export function bytes(value: unknown, name: string): Uint8Array {
  if (typeof value === 'string') return encoded(value)
  if (ArrayBuffer.isView(value)) return viewed(value, name)
  if (types.isAnyArrayBuffer(value)) return wholeBuffer(value, name)
  throw invalidType(
    `The "${name}" argument: a bytes-like object is required, not '${typeName(value)}' ` +
      '(a string, Buffer, TypedArray, DataView or ArrayBuffer)',
  )
}

/** What a member writes into. */
export function target(value: unknown, name: string): Uint8Array {
  if (ArrayBuffer.isView(value)) return viewed(value, name)
  throw invalidType(
    `The "${name}" argument must be a Buffer, TypedArray or DataView. Received ${received(value)}`,
  )
}

/** UTF-8 bytes without NUL, as the system takes a name. */
export function nameBytes(value: unknown, name: string): Uint8Array {
  if (typeof value !== 'string') {
    throw invalidType(`The "${name}" argument must be a string. Received ${received(value)}`)
  }
  if (value.includes('\0')) throw invalidValue('embedded null character')
  return Buffer.from(value)
}
