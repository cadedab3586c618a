/** The only file that touches the addon: its natives, typed by hand. Each is named as its Rust function. */

import { natives as makeNatives } from '../binding.js'

export { flushAsync, giveTurnsBack, Search, waitForTurn } from '../binding.js'

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
    target: Uint8Array,
    handle: Handle,
    from: number,
    at: number,
    count: number,
  ): Touched<number>
  copyIn(source: Uint8Array, handle: Handle, to: number, at: number, count: number): Touched<number>
  strideOut(
    target: Uint8Array,
    handle: Handle,
    start: number,
    step: number,
    count: number,
  ): Touched<number>
  strideIn(
    source: Uint8Array,
    handle: Handle,
    start: number,
    step: number,
    count: number,
  ): Touched<number>
  move(handle: Handle, dest: number, src: number, count: number): Touched<number>
  line(target: Uint8Array, handle: Handle, from: number, at: number): Touched<number>
  // search.rs
  find(needle: Uint8Array, handle: Handle, start: number, end: number): Touched<number>
  rfind(needle: Uint8Array, handle: Handle, start: number, end: number): Touched<number>
  count(needle: Uint8Array, handle: Handle, start: number, end: number): Touched<number>
  findBatch(
    needle: Uint8Array,
    out: Float64Array,
    handle: Handle,
    from: number,
    end: number,
  ): Touched<number>
  lineBatch(
    slab: Uint8Array,
    out: Float64Array,
    reverse: boolean,
    handle: Handle,
    from: number,
    end: number,
  ): Touched<number>
  // views.rs
  window(handle: Handle, from: number, length: number): ArrayBuffer
  view(handle: Handle, offset: number, length: number, id: number): ArrayBuffer
  detach(handle: Handle, id: number, buffer: ArrayBuffer): boolean
  epoch(): ArrayBuffer
  // constants.rs
  constants(): Record<string, number>
}

// The rolled-up natives are typed by hand: the generated declarations know them as an object.
const raw = makeNatives() as unknown as Natives & { readonly registers?: ArrayBuffer }

/**
 * Where external buffers are allowed, the natives that are called most take their numbers from registers: a
 * number that is not passed is read from the register of its place. That is 15 to 20 ns less a call.
 */
function inRegisters(memory: ArrayBuffer): Partial<Natives> {
  const registers = new Float64Array(memory)
  // Constants, so that a call is inlined.
  const { peek, poke, copyOut, copyIn, line, find, rfind } = raw as unknown as Record<
    keyof Natives,
    (array?: Uint8Array) => Touched<number>
  >
  return {
    peek(handle, index) {
      registers[0] = handle
      registers[1] = index
      return peek()
    },
    poke(handle, index, byte) {
      registers[0] = handle
      registers[1] = index
      registers[2] = byte
      return poke()
    },
    copyOut(target, handle, from, at, count) {
      registers[1] = handle
      registers[2] = from
      registers[3] = at
      registers[4] = count
      return copyOut(target)
    },
    copyIn(source, handle, to, at, count) {
      registers[1] = handle
      registers[2] = to
      registers[3] = at
      registers[4] = count
      return copyIn(source)
    },
    line(target, handle, from, at) {
      registers[1] = handle
      registers[2] = from
      registers[3] = at
      return line(target)
    },
    find(needle, handle, start, end) {
      registers[1] = handle
      registers[2] = start
      registers[3] = end
      return find(needle)
    },
    rfind(needle, handle, start, end) {
      registers[1] = handle
      registers[2] = start
      registers[3] = end
      return rfind(needle)
    },
  }
}

export const native: Natives =
  raw.registers === undefined ? raw : { ...raw, ...inRegisters(raw.registers) }
