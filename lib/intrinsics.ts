/**
 * The runtime's own functions, taken when the package is loaded, before other code can replace them: a replacement would
 * see the memory of a map, or give a wrong answer about a buffer.
 */

import { Buffer } from 'node:buffer'

export const load: typeof Atomics.load = Atomics.load

type Registry = FinalizationRegistry<number>
const registry: Registry = FinalizationRegistry.prototype
export const register: Registry['register'] = registry.register
export const unregister: Registry['unregister'] = registry.unregister

export const isPrototypeOf: typeof Object.prototype.isPrototypeOf = Object.prototype.isPrototypeOf

type IndexOf = (needle: number | Uint8Array, at: number, end: number | undefined) => number
const buffer = Buffer.prototype as unknown as Record<'indexOf' | 'lastIndexOf', IndexOf>
export const indexOf: IndexOf = buffer.indexOf
export const lastIndexOf: IndexOf = buffer.lastIndexOf

/** Writes a text into a Buffer. */
export const writeText: typeof Buffer.prototype.write = Buffer.prototype.write

export const typedArray: object = Object.getPrototypeOf(Uint8Array.prototype) as object

/** `set` of typed arrays. */
export const setBytes: typeof Uint8Array.prototype.set = Uint8Array.prototype.set

/** A getter, as a function of the object. Without it the answer is undefined. */
function getter<T>(prototype: object, name: string): (of: object) => T {
  const found = Object.getOwnPropertyDescriptor(prototype, name)?.get
  // `call` is faster than Reflect.apply and than a bound function, on every runtime.
  return found === undefined ? () => undefined as T : (of) => found.call(of) as T
}

export const typedArrayBuffer: (of: object) => ArrayBufferLike = getter(typedArray, 'buffer')
export const typedArrayOffset: (of: object) => number = getter(typedArray, 'byteOffset')
export const dataViewBuffer: (of: object) => ArrayBufferLike = getter(DataView.prototype, 'buffer')
export const dataViewOffset: (of: object) => number = getter(DataView.prototype, 'byteOffset')
export const dataViewLength: (of: object) => number = getter(DataView.prototype, 'byteLength')

/** Undefined where the runtime has no resizable buffers. */
export const resizable: (of: object) => boolean | undefined = getter(
  ArrayBuffer.prototype,
  'resizable',
)
export const growable: (of: object) => boolean | undefined = getter(
  SharedArrayBuffer.prototype,
  'growable',
)

/** The length of a typed array, in bytes. */
export const byteLength: (of: object) => number = getter(typedArray, 'byteLength')
