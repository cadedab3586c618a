/** The only file that touches the addon: its natives, typed by hand. Each is named as its Rust function. */

import { natives as makeNatives } from '../binding.js'

export { flushAsync, Search } from '../binding.js'

/** Names an open map in the addon; 0 names none. */
export type Handle = number

/** A native that touches bytes answers undefined when the map has lost a page, before or meanwhile. */
export type Touched<T> = T | undefined

/** Why a page of a map was missing. */
export type FaultReason = 'truncated' | 'io' | 'unknown'

/** The arguments that `map` and `open` share, after the descriptor or path and the length. */
export type NativeOptions = [
  access: number,
  flags: number | undefined,
  prot: number | undefined,
  offset: number,
  trackfd: boolean,
  tagname: Uint8Array,
]

/**
 * The synchronous natives. They check that numbers are indices, arrays are `Uint8Array`s and ranges lie
 * inside the map; everything else is the facade's to check before.
 */
export interface Natives {
  // mapping.rs
  map(fileno: number, length: number, ...options: NativeOptions): Handle
  open(createAndPath: Uint8Array, length: number, ...options: NativeOptions): Handle
  close(handle: Handle): void
  length(handle: Handle): number
  protection(handle: Handle): number
  fileSize(handle: Handle): number
  resize(handle: Handle, length: number): number
  flush(handle: Handle, offset: number, size: number, flags: number): Touched<true>
  madvise(handle: Handle, option: number, start: number, length: number): void
  setName(handle: Handle, name: Uint8Array): void
  fault(handle: Handle): FaultReason | undefined
  setFaultGuard(on: boolean): void
  faultGuard(): boolean
  // copy.rs
  peek(handle: Handle, index: number): Touched<number>
  poke(handle: Handle, index: number, byte: number): Touched<number>
  copyOut(
    handle: Handle,
    from: number,
    target: Uint8Array,
    at: number,
    count: number,
  ): Touched<number>
  copyIn(handle: Handle, to: number, source: Uint8Array, at: number, count: number): Touched<number>
  strideOut(
    handle: Handle,
    start: number,
    step: number,
    count: number,
    target: Uint8Array,
  ): Touched<number>
  strideIn(
    handle: Handle,
    start: number,
    step: number,
    count: number,
    source: Uint8Array,
  ): Touched<number>
  move(handle: Handle, dest: number, src: number, count: number): Touched<number>
  line(handle: Handle, from: number, target: Uint8Array, at: number): Touched<number>
  // search.rs
  find(handle: Handle, needle: Uint8Array, start: number, end: number): Touched<number>
  rfind(handle: Handle, needle: Uint8Array, start: number, end: number): Touched<number>
  count(handle: Handle, needle: Uint8Array, start: number, end: number): Touched<number>
  findBatch(
    handle: Handle,
    needle: Uint8Array,
    from: number,
    end: number,
    out: Float64Array,
  ): Touched<number>
  lineBatch(
    handle: Handle,
    from: number,
    end: number,
    slab: Uint8Array,
    out: Float64Array,
    reverse: boolean,
  ): Touched<number>
  // views.rs
  window(handle: Handle, from: number, length: number): ArrayBuffer
  view(handle: Handle, offset: number, length: number, id: number): ArrayBuffer
  detach(handle: Handle, id: number, buffer: ArrayBuffer): boolean
  epoch(): ArrayBuffer
  // constants.rs
  constants(): Record<string, number>
}

export const native = makeNatives() as unknown as Natives
