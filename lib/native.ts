/** The synchronous natives of the addon with their types. Each has the name of its Rust function. */

import { natives as makeNatives } from './addon.js'

export {
  flushAsync,
  giveTurnsBack,
  onWaited,
  PatternSearch,
  Read,
  Search,
  turns,
  waitForTurn,
} from './addon.js'

/** What a `Search` looks for: the first match, the last, the number of matches, all matches. */
export const FIRST = 0
export const LAST = 1
export const COUNT = 2
export const ALL = 3

/** How a wait has ended. The number 3, a signal, never reaches the caller: the wait goes on. */
export const NOTIFIED = 0
export const DIFFERENT = 1
export const TIMED_OUT = 2
/**
 * What a `PatternSearch` looks for: where matches start, the matches, the lines that have one, the number of matches,
 * the number of lines, where the last match starts.
 */
export const STARTS = 0
export const MATCHES = 1
export const LINES = 2
export const MATCH_COUNT = 3
export const LINE_COUNT = 4
export const LAST_START = 5

/** The number of a prepared pattern in the addon. */
export type PatternNumber = number

/** The number of an open map in the addon; 0 is none. */
export type Handle = number

/**
 * The answer of a native that touches bytes. NaN means that a page was missing, before the call or during it: of the
 * map, or of another map if the caller's bytes are a view of it.
 */
export type Touched = number

/** Why a page of a map was missing. */
export type FaultReason = 'truncated' | 'io' | 'unknown'

/** A map of shared memory, and where the memory comes from. */
export interface Origin {
  readonly handle: Handle
  readonly offset: number
  readonly tracked: boolean
  readonly path?: string
}

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
 * The synchronous natives. They check that numbers are indices, that arrays are `Uint8Array`s and that ranges lie
 * inside the map. The facade has to check everything else before it calls them.
 */
export interface Natives {
  // mapping.rs
  map(fileno: number, length: number, ...options: NativeOptions): Handle
  open(howAndPath: Uint8Array, length: number, ...options: NativeOptions): Handle
  close(handle: Handle): void
  length(handle: Handle): number
  protection(handle: Handle): number
  fileSize(handle: Handle): number
  checkResize(handle: Handle, length: number): void
  resize(handle: Handle, length: number): number
  refresh(handle: Handle): number
  flush(handle: Handle, offset: number, size: number, flags: number): Touched
  madvise(handle: Handle, option: number, start: number, length: number): number
  lock(handle: Handle, start: number, end: number, on: boolean): void
  allocate(handle: Handle, offset: number, length: number): void
  setName(handle: Handle, name: Uint8Array): void
  fault(handle: Handle): FaultReason | undefined
  lost(bytes: Uint8Array): FaultReason | undefined
  setFaultGuard(on: boolean): void
  watchFaultGuard(): void
  faultGuard(): boolean
  // copy.rs
  peek(handle: Handle, index: number): Touched
  poke(handle: Handle, index: number, byte: number): Touched
  copyOut(target: Uint8Array, handle: Handle, from: number, at: number, count: number): Touched
  copyIn(source: Uint8Array, handle: Handle, to: number, at: number, count: number): Touched
  readCached(target: Uint8Array, handle: Handle, from: number): Touched
  readCachedFile(target: Uint8Array, descriptor: number, from: number): boolean
  strideOut(target: Uint8Array, handle: Handle, start: number, step: number, count: number): Touched
  strideIn(source: Uint8Array, handle: Handle, start: number, step: number, count: number): Touched
  move(handle: Handle, dest: number, src: number, count: number): Touched
  slab(buffer: ArrayBuffer, number: number): Touched
  read(handle: Handle, from: number, count: number, at: number, slab: number): Touched
  readline(handle: Handle, from: number, room: number, at: number, slab: number): Touched
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
  newlines(bytes: Uint8Array, out: Float64Array, from: number): number
  // pattern.rs
  pattern(description: Uint8Array): PatternNumber
  patternProperties(description: Uint8Array): string
  patternGroups(pattern: PatternNumber): string
  patternIsLineBound(pattern: PatternNumber): boolean
  forgetPattern(pattern: PatternNumber): void
  findPattern(pattern: PatternNumber, handle: Handle, start: number, end: number): Touched
  rfindPattern(pattern: PatternNumber, handle: Handle, start: number, end: number): Touched
  countPattern(pattern: PatternNumber, handle: Handle, start: number, end: number): Touched
  countLinesPattern(
    pattern: PatternNumber,
    handle: Handle,
    start: number,
    end: number,
    invert: boolean,
  ): Touched
  matchPattern(
    pattern: PatternNumber,
    handle: Handle,
    start: number,
    end: number,
  ): ArrayBuffer | undefined
  // views.rs
  window(handle: Handle, from: number, length: number): ArrayBuffer
  view(handle: Handle, offset: number, length: number): ArrayBuffer
  sharesBuffers(): boolean
  sharedBuffer(handle: Handle, offset: number, length: number): SharedArrayBuffer
  detach(handle: Handle, buffer: ArrayBuffer): boolean
  // share.rs
  share(handle: Handle, path: Uint8Array): number
  processNumber(): number
  from(memory: number, process: number): Origin
  shared(name: Uint8Array, length: number, create: number, mode: number): Handle
  unlink(name: Uint8Array): void
  // wait.rs
  clock(): number
  time(): number
  wait(handle: Handle, offset: number, expected: number, milliseconds: number): Touched
  notify(handle: Handle, offset: number, count: number): Touched
  waitInBackground(
    handle: Handle,
    offset: number,
    expected: number,
    milliseconds: number,
    number: number,
  ): Touched
  cancelWait(number: number): void
}

/** The natives that are called most. They read their numbers from registers, and write the answer to the first one. */
type Quick =
  | 'peek'
  | 'poke'
  | 'copyOut'
  | 'copyIn'
  | 'move'
  | 'slab'
  | 'read'
  | 'readline'
  | 'find'
  | 'rfind'
  | 'madvise'

/** A quick native as the addon exports it: only its array is passed as an argument. */
type Call = (array?: Uint8Array | ArrayBuffer) => void

/** The addon's functions. The generated declaration only says `object`. */
const raw = makeNatives() as unknown as Omit<Natives, Quick> &
  Record<Quick, Call> & {
    /** The registers; missing where external buffers are forbidden. */
    readonly registers?: ArrayBuffer
    load(registers: Float64Array): void
    answer(): number
  }

const { peek, poke, copyOut, copyIn, move, slab, read, readline, find, rfind, madvise } = raw

/** The memory from which the quick natives read their numbers. */
const registers = new Float64Array(raw.registers ?? new ArrayBuffer(64))
const shared = raw.registers !== undefined

/**
 * Calls a quick native where the registers can't be shared memory: the numbers are passed as an array, and the answer
 * is fetched by another call. The array is not spread into arguments, because that would run its iterator, which the
 * caller may have replaced.
 */
function relayed(call: Call, array?: Uint8Array | ArrayBuffer): void {
  raw.load(registers)
  call(array)
  registers[0] = raw.answer()
}

/**
 * Eleven functions that are nearly the same on purpose. Each names the native that it calls. If one function called all
 * natives, the engine would not know which one it calls, and could not inline the call. docs/design.md has the
 * figures.
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
  slab(buffer, number) {
    registers[1] = number
    if (shared) slab(buffer)
    else relayed(slab, buffer)
    return registers[0] as number
  },
  read(handle, from, count, at, slab) {
    registers[0] = handle
    registers[1] = from
    registers[2] = count
    registers[3] = at
    registers[4] = slab
    if (shared) read()
    else relayed(read)
    return registers[0]
  },
  readline(handle, from, room, at, slab) {
    registers[0] = handle
    registers[1] = from
    registers[2] = room
    registers[3] = at
    registers[4] = slab
    if (shared) readline()
    else relayed(readline)
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
