/** The only file that touches the addon: its natives, typed by hand. Each is named as its Rust function. */

import { natives as makeNatives } from '../binding.js'

export { flushAsync, giveTurnsBack, Search, waitForTurn } from '../binding.js'

/** Names an open map in the addon; 0 names none. */
export type Handle = number

/** What a native answers that touches bytes: NaN when the map has lost a page, before or meanwhile. */
export type Touched = number

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
  flush(handle: Handle, offset: number, size: number, flags: number): Touched
  madvise(handle: Handle, option: number, start: number, length: number): number
  setName(handle: Handle, name: Uint8Array): void
  fault(handle: Handle): FaultReason | undefined
  setFaultGuard(on: boolean): void
  faultGuard(): boolean
  // copy.rs
  peek(handle: Handle, index: number): Touched
  poke(handle: Handle, index: number, byte: number): Touched
  copyOut(target: Uint8Array, handle: Handle, from: number, at: number, count: number): Touched
  copyIn(source: Uint8Array, handle: Handle, to: number, at: number, count: number): Touched
  strideOut(target: Uint8Array, handle: Handle, start: number, step: number, count: number): Touched
  strideIn(source: Uint8Array, handle: Handle, start: number, step: number, count: number): Touched
  move(handle: Handle, dest: number, src: number, count: number): Touched
  slab(buffer: ArrayBuffer): void
  read(handle: Handle, from: number, count: number, at: number): Touched
  line(handle: Handle, from: number, room: number, at: number): Touched
  // search.rs
  find(needle: Uint8Array, handle: Handle, start: number, end: number): Touched
  rfind(needle: Uint8Array, handle: Handle, start: number, end: number): Touched
  count(needle: Uint8Array, handle: Handle, start: number, end: number): Touched
  findBatch(
    needle: Uint8Array,
    out: Float64Array,
    handle: Handle,
    from: number,
    until: number,
    end: number,
  ): Touched
  lineBatch(
    slab: Uint8Array,
    out: Float64Array,
    reverse: boolean,
    handle: Handle,
    from: number,
    end: number,
  ): Touched
  // views.rs
  window(handle: Handle, from: number, length: number): ArrayBuffer
  view(handle: Handle, offset: number, length: number, id: number): ArrayBuffer
  detach(handle: Handle, id: number, buffer: ArrayBuffer): boolean
  epoch(): ArrayBuffer
  // constants.rs
  constants(): Record<string, number>
}

/** The natives that are called most take their numbers from registers, and leave their answer in the first. */
type Quick =
  | 'peek'
  | 'poke'
  | 'copyOut'
  | 'copyIn'
  | 'move'
  | 'read'
  | 'line'
  | 'find'
  | 'rfind'
  | 'madvise'

/** A quick native as it is: only its array is an argument. */
type Call = (array?: Uint8Array) => void

/** What the addon has; it declares the whole as an object. */
const raw = makeNatives() as unknown as Omit<Natives, Quick> &
  Record<Quick, Call> & {
    /** The registers; missing where external buffers are forbidden. */
    readonly registers?: ArrayBuffer
    load(...registers: number[]): void
    answer(): number
  }

const { peek, poke, copyOut, copyIn, move, read, line, find, rfind, madvise } = raw

/** Where the quick natives find their numbers. */
const registers = new Float64Array(raw.registers ?? new ArrayBuffer(64))
const shared = raw.registers !== undefined

/** The same where they can't be shared: the numbers are arguments of a call of their own. */
function relayed(call: Call, array?: Uint8Array): void {
  raw.load(...registers)
  call(array)
  registers[0] = raw.answer()
}

/**
 * Each calls its native where it stands: one function for all of them, which the engine does not always inline,
 * makes a call 25 ns slower, as it does not know then what is called. 15 to 20 ns less than with arguments.
 */
export const quick: Pick<Natives, Quick> = {
  peek(handle, index) {
    registers[0] = handle
    registers[1] = index
    if (shared) peek()
    else relayed(peek)
    return registers[0]
  },
  poke(handle, index, byte) {
    registers[0] = handle
    registers[1] = index
    registers[2] = byte
    if (shared) poke()
    else relayed(poke)
    return registers[0]
  },
  copyOut(target, handle, from, at, count) {
    registers[1] = handle
    registers[2] = from
    registers[3] = at
    registers[4] = count
    if (shared) copyOut(target)
    else relayed(copyOut, target)
    return registers[0] as number
  },
  copyIn(source, handle, to, at, count) {
    registers[1] = handle
    registers[2] = to
    registers[3] = at
    registers[4] = count
    if (shared) copyIn(source)
    else relayed(copyIn, source)
    return registers[0] as number
  },
  move(handle, dest, src, count) {
    registers[0] = handle
    registers[1] = dest
    registers[2] = src
    registers[3] = count
    if (shared) move()
    else relayed(move)
    return registers[0]
  },
  madvise(handle, option, start, length) {
    registers[0] = handle
    registers[1] = option
    registers[2] = start
    registers[3] = length
    if (shared) madvise()
    else relayed(madvise)
    return registers[0]
  },
  read(handle, from, count, at) {
    registers[0] = handle
    registers[1] = from
    registers[2] = count
    registers[3] = at
    if (shared) read()
    else relayed(read)
    return registers[0]
  },
  line(handle, from, room, at) {
    registers[0] = handle
    registers[1] = from
    registers[2] = room
    registers[3] = at
    if (shared) line()
    else relayed(line)
    return registers[0]
  },
  find(needle, handle, start, end) {
    registers[1] = handle
    registers[2] = start
    registers[3] = end
    if (shared) find(needle)
    else relayed(find, needle)
    return registers[0] as number
  },
  rfind(needle, handle, start, end) {
    registers[1] = handle
    registers[2] = start
    registers[3] = end
    if (shared) rfind(needle)
    else relayed(rfind, needle)
    return registers[0] as number
  },
}

export const native: Omit<Natives, Quick> = raw
