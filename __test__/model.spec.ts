// Random sequences of operations on a map, against a model that is a plain Buffer: equal answers, equal errors by
// code, equal position and content after each. fast-check shrinks what fails to a short sequence.
import {
  appendFileSync,
  closeSync,
  openSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import * as fc from 'fast-check'
import {
  ACCESS_COPY,
  ACCESS_READ,
  ACCESS_WRITE,
  ALLOCATIONGRANULARITY as granularity,
  MAP_PRIVATE,
  MAP_SHARED_VALIDATE,
  Mmap,
  PAGESIZE,
} from '../index.js'
import { bytes, freshPath, latin1, type MapOptions } from './support/files.ts'
import { linux, scale, scaled, sharedValidate, unix } from './support/platform.ts'
import test from './support/test.ts'

/** What a kind of map is made by, and how it differs from a Buffer. */
interface Kind {
  name: string
  anonymous: boolean
  options: MapOptions
  access: 'DEFAULT' | 'READ' | 'WRITE' | 'COPY'
  /** Whether writes reach the file. */
  shared: boolean
  resize: 'any' | 'down' | 'readonly' | 'untracked' | 'untested'
}

const onFile = { anonymous: false, shared: true, access: 'DEFAULT', resize: 'any' } as const
const inMemory = { anonymous: true, shared: false, access: 'DEFAULT', resize: 'any' } as const
const copied = {
  shared: false,
  options: { access: ACCESS_COPY },
  access: 'COPY',
  resize: 'readonly',
} as const
const everyKind: Kind[] = [
  { ...onFile, name: 'file', options: {} },
  { ...onFile, name: 'write', options: { access: ACCESS_WRITE }, access: 'WRITE' },
  ...(sharedValidate
    ? [{ ...onFile, name: 'validated', options: { flags: MAP_SHARED_VALIDATE } }]
    : []),
  { ...onFile, name: 'offset', options: { offset: granularity } },
  { ...onFile, name: 'untracked', options: { trackfd: false }, resize: 'untracked' },
  { ...onFile, name: 'read', options: { access: ACCESS_READ }, access: 'READ', resize: 'readonly' },
  { ...onFile, ...copied, name: 'copy' },
  // Which pages are the file's and which its own depends on what was written, so what a new size shows is up to the
  // kernel.
  {
    ...onFile,
    name: 'private file',
    shared: false,
    options: { flags: MAP_PRIVATE },
    resize: 'untested',
  },
  { ...inMemory, name: 'shared', options: {}, resize: linux ? 'down' : 'any' },
  { ...inMemory, name: 'private', options: { flags: MAP_PRIVATE } },
  { ...inMemory, ...copied, name: 'memory copy' },
]

/** Windows has no flags. */
const kinds = everyKind.filter(({ options }) => unix || !('flags' in options))

type Bound = number | undefined
type Operation =
  | {
      op:
        | 'tell'
        | 'readByte'
        | 'readline'
        | 'iterate'
        | 'size'
        | 'close'
        | 'length'
        | 'file'
        | 'show'
    }
  | { op: 'seek'; pos: number; whence: Bound }
  | { op: 'read'; n: Bound }
  | { op: 'readInto'; length: number }
  | { op: 'write'; source: string }
  | { op: 'writeByte'; value: number }
  | { op: 'get'; index: number }
  | { op: 'set'; index: number; value: number }
  | { op: 'slice'; start: Bound; stop: Bound; step: Bound }
  | { op: 'setSlice'; source: string; fit: boolean; start: Bound; stop: Bound; step: Bound }
  | { op: 'arrayBuffer'; start: Bound; end: Bound }
  | { op: 'find' | 'rfind'; sub: string; start: Bound; end: Bound }
  | { op: 'move'; dest: number; src: number; count: number }
  | { op: 'flush'; offset: Bound; size: Bound }
  | { op: 'madvise'; start: Bound; length: Bound }
  | { op: 'resize'; size: number }
  | { op: 'refresh'; more: string }

type Result = string | number | boolean | undefined

/** An error that the model expects, by its code. */
class Expected extends Error {
  readonly code: string
  constructor(code: string) {
    super(code)
    this.code = code
  }
}
const range = (): never => {
  throw new Expected('ERR_OUT_OF_RANGE')
}

class Model {
  readonly kind: Kind
  /**
   * Whole pages: if a private map shrinks inside of a page and grows again, it shows what the page still contains.
   */
  memory: Buffer
  /** What the file holds where the map is not the file itself. */
  file: Buffer
  length: number
  pos = 0
  closed = false

  constructor(kind: Kind, content: Buffer) {
    this.kind = kind
    this.length = content.length
    this.memory = Buffer.alloc(Math.ceil(content.length / PAGESIZE) * PAGESIZE)
    content.copy(this.memory)
    this.file = Buffer.from(content)
  }

  get data(): Buffer {
    return this.memory.subarray(0, this.length)
  }

  open(): void {
    if (this.closed) throw new Expected('ERR_MMAP_CLOSED')
  }

  writable(): void {
    this.open()
    if (this.kind.access === 'READ') throw new Expected('ERR_MMAP_READONLY')
  }

  clamp(bound: number): number {
    return Math.min(Math.max(bound < 0 ? bound + this.length : bound, 0), this.length)
  }

  /** The indices of a slice, by Python's rules. */
  indices(start: Bound, stop: Bound, step: Bound): number[] {
    const by = step ?? 1
    if (by === 0) range()
    const clamp = (bound: Bound, fallback: number): number => {
      if (bound === undefined) return fallback
      const at = bound < 0 ? bound + this.length : bound
      return by < 0
        ? Math.min(Math.max(at, -1), this.length - 1)
        : Math.min(Math.max(at, 0), this.length)
    }
    const from = clamp(start, by < 0 ? this.length - 1 : 0)
    const to = clamp(stop, by < 0 ? -1 : this.length)
    const picked: number[] = []
    for (let i = from; by < 0 ? i > to : i < to; i += by) picked.push(i)
    return picked
  }

  take(count: number): string {
    const start = Math.min(this.pos, this.length)
    const end = Math.min(this.length, start + count)
    this.pos += end - start
    return latin1(this.data.subarray(start, end))
  }

  run(o: Operation): Result {
    switch (o.op) {
      case 'close':
        this.closed = true
        return undefined
      case 'show': {
        if (this.closed) return '<fmmap.Mmap closed=true>'
        return `<fmmap.Mmap closed=false, access=ACCESS_${this.kind.access}, length=${this.length}, pos=${this.pos}, offset=${this.kind.options.offset ?? 0}>`
      }
      case 'file':
        if (this.kind.anonymous) return undefined
        return latin1(this.kind.shared ? this.data : this.file)
      case 'length':
        this.open()
        return this.length
      case 'size':
        this.open()
        if (this.kind.resize === 'untracked') throw new Expected('ERR_MMAP_UNTRACKED')
        return this.length + (this.kind.options.offset ?? 0)
      case 'tell':
        this.open()
        return this.pos
      case 'seek': {
        this.open()
        const whence = o.whence ?? 0
        if (whence < 0 || whence > 2) range()
        const target = o.pos + (whence === 0 ? 0 : whence === 1 ? this.pos : this.length)
        if (target < 0 || target > this.length) range()
        this.pos = target
        return target
      }
      case 'read':
        this.open()
        return this.take(o.n === undefined || o.n < 0 ? this.length : o.n)
      case 'readInto':
        this.open()
        return this.take(o.length).length
      case 'readByte': {
        this.open()
        if (this.pos >= this.length) range()
        this.pos += 1
        return this.data[this.pos - 1]
      }
      case 'readline': {
        this.open()
        const at = this.pos < this.length ? this.data.indexOf(10, this.pos) : -1
        return this.take(at === -1 ? this.length : at + 1 - this.pos)
      }
      case 'iterate':
        this.open()
        return latin1(this.data)
      case 'write': {
        this.writable()
        const source = bytes(o.source)
        if (this.pos > this.length || source.length > this.length - this.pos) range()
        source.copy(this.data, this.pos)
        this.pos += source.length
        return source.length
      }
      case 'writeByte':
        if (o.value < 0 || o.value > 255) range()
        this.writable()
        if (this.pos >= this.length) range()
        this.data[this.pos] = o.value
        this.pos += 1
        return undefined
      case 'get':
      case 'set': {
        if (o.op === 'get') this.open()
        else this.writable()
        const at = o.index < 0 ? o.index + this.length : o.index
        if (at < 0 || at >= this.length) range()
        if (o.op === 'get') return this.data[at]
        if (o.value < 0 || o.value > 255) range()
        this.data[at] = o.value
        return undefined
      }
      case 'slice':
        this.open()
        return latin1(
          Buffer.from(this.indices(o.start, o.stop, o.step).map((i) => this.data[i] as number)),
        )
      case 'setSlice': {
        this.writable()
        const places = this.indices(o.start, o.stop, o.step)
        const source = bytes(sourceFor(o, places.length))
        if (source.length !== places.length) range()
        for (const [i, place] of places.entries()) this.data[place] = source[i] as number
        return undefined
      }
      case 'arrayBuffer': {
        this.open()
        const [start, end] = [this.clamp(o.start ?? 0), this.clamp(o.end ?? this.length)]
        return latin1(this.data.subarray(start, Math.max(start, end)))
      }
      case 'find':
      case 'rfind': {
        this.open()
        const start = o.start ?? this.pos
        const from = this.clamp(start)
        const end = this.clamp(o.end ?? this.length)
        if (end < from || start > this.length) return -1
        const hay = latin1(this.data.subarray(from, end))
        const at = o.op === 'find' ? hay.indexOf(o.sub) : hay.lastIndexOf(o.sub)
        return at < 0 ? -1 : at + from
      }
      case 'move': {
        this.writable()
        if (o.dest < 0 || o.src < 0 || o.count < 0) range()
        if (this.length - o.dest < o.count || this.length - o.src < o.count) range()
        this.data.copyWithin(o.dest, o.src, o.src + o.count)
        return undefined
      }
      case 'flush': {
        this.open()
        const offset = o.offset ?? 0
        const size = o.size === undefined || o.size === -1 ? this.length - offset : o.size
        if (offset < 0 || size < 0 || this.length - offset < size) range()
        if (this.kind.access === 'READ' || this.kind.access === 'COPY') return undefined
        if (unix && offset % PAGESIZE !== 0) throw new Expected('EINVAL')
        return undefined
      }
      case 'madvise': {
        if (!unix) throw new Expected('ERR_MMAP_UNSUPPORTED')
        this.open()
        const start = o.start ?? 0
        if (start < 0 || start >= this.length) range()
        if (o.length !== undefined && o.length < 0) range()
        if (start % PAGESIZE !== 0) throw new Expected('EINVAL')
        return undefined
      }
      case 'resize': {
        this.open()
        if (this.kind.resize === 'untracked') throw new Expected('ERR_MMAP_UNTRACKED')
        if (this.kind.resize === 'readonly') throw new Expected('ERR_MMAP_READONLY')
        if (o.size < 0) range()
        if (o.size === 0) throw new Expected('EINVAL')
        if (this.kind.resize === 'down' && o.size > this.length) range()
        const pages = Math.ceil(o.size / PAGESIZE) * PAGESIZE
        const memory = Buffer.alloc(pages)
        // A file ends where it was cut, and grows with zeros. So does memory that is copied to another place; mremap
        // keeps the pages.
        const kept =
          this.kind.anonymous && linux
            ? Math.min(this.memory.length, pages)
            : Math.min(this.length, o.size)
        this.memory.copy(memory, 0, 0, kept)
        this.memory = memory
        this.length = o.size
        return undefined
      }
      case 'refresh': {
        this.open()
        if (this.kind.resize === 'untracked') throw new Expected('ERR_MMAP_UNTRACKED')
        if (this.kind.anonymous || o.more === '') return 'same'
        const more = Buffer.from(o.more, 'latin1')
        const length = this.length + more.length
        const memory = Buffer.alloc(Math.ceil(length / PAGESIZE) * PAGESIZE)
        this.data.copy(memory)
        more.copy(memory, this.length)
        this.memory = memory
        this.file = Buffer.concat([this.file, more])
        this.length = length
        return 'grown'
      }
    }
  }
}

function sourceFor(o: Operation & { op: 'setSlice' }, places: number): string {
  return o.fit ? o.source.repeat(places).slice(0, places).padEnd(places, 'z') : o.source
}

function perform(m: Mmap, places: number, path: string | undefined, o: Operation): Result {
  switch (o.op) {
    case 'close':
      return m.close() as undefined
    case 'show':
      return String(m)
    case 'file':
      return path === undefined ? undefined : readFileSync(path, 'latin1').slice(m.offset)
    case 'length':
      return m.length
    case 'size':
      return m.size()
    case 'tell':
      return m.tell()
    case 'seek':
      return m.seek(o.pos, o.whence)
    case 'read':
      return latin1(m.read(o.n))
    case 'readInto': {
      const target = Buffer.alloc(o.length, 0xa5)
      const before = m.tell()
      const read = m.readInto(target)
      if (m.tell() !== before + read)
        throw new Error('readInto moved by something else than it read')
      if (latin1(target.subarray(0, read)) !== latin1(m.slice(before, before + read)))
        throw new Error('readInto read other bytes')
      if (target.subarray(read).some((byte) => byte !== 0xa5))
        throw new Error('readInto wrote more than it read')
      return read
    }
    case 'readByte':
      return m.readByte()
    case 'readline':
      return latin1(m.readline())
    case 'iterate':
      return latin1(Uint8Array.from(m))
    case 'write':
      return m.write(bytes(o.source))
    case 'writeByte':
      return m.writeByte(o.value) as undefined
    case 'get':
      return m.get(o.index)
    case 'set':
      return m.set(o.index, o.value) as undefined
    case 'slice':
      return latin1(m.slice(o.start, o.stop, o.step))
    case 'setSlice':
      return m.setSlice(bytes(sourceFor(o, places)), o.start, o.stop, o.step) as undefined
    case 'arrayBuffer':
      return Buffer.from(m.arrayBuffer(o.start, o.end)).toString('latin1')
    case 'find':
      return m.find(bytes(o.sub), o.start, o.end)
    case 'rfind':
      return m.rfind(bytes(o.sub), o.start, o.end)
    case 'move':
      return m.move(o.dest, o.src, o.count) as undefined
    case 'flush':
      return m.flush(o.offset, o.size) as undefined
    case 'madvise':
      return m.madvise(0, o.start, o.length) as undefined
    case 'resize':
      return m.resize(o.size) as undefined
    case 'refresh':
      // Another writer has appended to the file.
      if (path !== undefined && !m.closed) appendFileSync(path, o.more, 'latin1')
      return m.refresh()
  }
}

const near = fc.oneof(
  { weight: 8, arbitrary: fc.integer({ min: -45, max: 45 }) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(PAGESIZE - 1, PAGESIZE, PAGESIZE + 1, -PAGESIZE, 2 * PAGESIZE),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      2 ** 31,
      -(2 ** 31),
      2 ** 32,
      -(2 ** 32),
      Number.MAX_SAFE_INTEGER,
      -Number.MAX_SAFE_INTEGER,
    ),
  },
)
const bound = fc.option(near, { nil: undefined, freq: 5 })
const letters = (maxLength: number): fc.Arbitrary<string> =>
  fc.string({ unit: fc.constantFrom('a', 'b', '\n', '\0', '\xff'), maxLength })
const step = fc.oneof(
  fc.constant(undefined),
  fc.integer({ min: -4, max: 4 }),
  fc.constantFrom(2 ** 40, -(2 ** 40)),
)

const operation: fc.Arbitrary<Operation> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      op: fc.constantFrom(
        'tell',
        'readByte',
        'readline',
        'iterate',
        'size',
        'length',
        'file',
        'show',
      ),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      op: fc.constant('seek'),
      pos: near,
      whence: fc.constantFrom(undefined, 0, 0, 1, 2, 3),
    }),
  },
  { weight: 2, arbitrary: fc.record({ op: fc.constant('read'), n: bound }) },
  { weight: 1, arbitrary: fc.record({ op: fc.constant('readInto'), length: fc.nat(50) }) },
  { weight: 2, arbitrary: fc.record({ op: fc.constant('write'), source: letters(12) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      op: fc.constant('writeByte'),
      value: fc.integer({ min: -1, max: 256 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ op: fc.constant('get'), index: near }) },
  {
    weight: 1,
    arbitrary: fc.record({
      op: fc.constant('set'),
      index: near,
      value: fc.integer({ min: -1, max: 256 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ op: fc.constant('slice'), start: bound, stop: bound, step }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      op: fc.constant('setSlice'),
      source: letters(8),
      fit: fc.boolean(),
      start: bound,
      stop: bound,
      step,
    }),
  },
  { weight: 1, arbitrary: fc.record({ op: fc.constant('arrayBuffer'), start: bound, end: bound }) },
  {
    weight: 3,
    arbitrary: fc.record({
      op: fc.constantFrom('find', 'rfind'),
      sub: letters(4),
      start: bound,
      end: bound,
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ op: fc.constant('move'), dest: near, src: near, count: near }),
  },
  { weight: 1, arbitrary: fc.record({ op: fc.constant('flush'), offset: bound, size: bound }) },
  { weight: 1, arbitrary: fc.record({ op: fc.constant('madvise'), start: bound, length: bound }) },
  {
    weight: 1,
    arbitrary: fc.record({
      op: fc.constant('refresh'),
      more: fc.oneof(
        letters(10),
        fc.constantFrom(PAGESIZE - 1, PAGESIZE).map((length) => 'z'.repeat(length)),
      ),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      op: fc.constant('resize'),
      size: fc.oneof(
        fc.integer({ min: -1, max: 60 }),
        fc.constantFrom(PAGESIZE - 1, PAGESIZE, PAGESIZE + 7, 3 * PAGESIZE),
      ),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ op: 'close' }) },
) as fc.Arbitrary<Operation>

const initial = fc.oneof(
  { weight: 6, arbitrary: letters(40).filter((content) => content !== '') },
  {
    weight: 1,
    arbitrary: fc
      .constantFrom(PAGESIZE - 1, PAGESIZE, PAGESIZE + 1)
      .map((length) => 'ab\n'.repeat(length).slice(0, length)),
  },
)

/** One file serves all sequences of a run: each begins by filling it anew. */
function subject(kind: Kind, content: Buffer, path: string): Mmap {
  if (kind.anonymous) {
    const m = new Mmap(-1, content.length, kind.options)
    m.setSlice(content)
    return m
  }
  truncateSync(path, 0)
  const fd = openSync(path, 'r+')
  try {
    writeSync(fd, content, 0, content.length, kind.options.offset ?? 0)
    return new Mmap(fd, 0, kind.options)
  } finally {
    closeSync(fd)
  }
}

function attempt(call: () => Result): { value?: Result; code?: string; error?: unknown } {
  try {
    return { value: call() }
  } catch (error) {
    const { code } = error as { code?: string }
    if (code === undefined) throw error
    return { code, error }
  }
}

/** Runs one sequence on a map and on its model, and throws at the first difference. */
function compare(kind: Kind, content: Buffer, operations: Operation[], path: string): void {
  const model = new Model(kind, content)
  const m = subject(kind, content, path)
  try {
    for (const given of operations) {
      // If the call is going to be refused, no bytes may be appended for it.
      const o =
        given.op === 'refresh' && kind.resize === 'untracked' ? { ...given, more: '' } : given
      const remaps = o.op === 'resize' || o.op === 'refresh'
      if (remaps && kind.resize === 'untested') continue
      const places =
        o.op === 'setSlice' && o.step !== 0 ? model.indices(o.start, o.stop, o.step).length : 0
      const expected = attempt(() => model.run(o))
      const actual = attempt(() => perform(m, places, kind.anonymous ? undefined : path, o))
      if (expected.code !== actual.code || expected.value !== actual.value) {
        throw new Error(
          `${JSON.stringify(o)} on a ${kind.name} map gave ${JSON.stringify(actual.code ?? actual.value)}, ` +
            `the model ${JSON.stringify(expected.code ?? expected.value)}`,
          { cause: actual.error },
        )
      }
      if (!model.closed) {
        if (m.tell() !== model.pos)
          throw new Error(`${JSON.stringify(o)} left the position at ${m.tell()}, not ${model.pos}`)
        if (!m.slice().equals(model.data))
          throw new Error(`${JSON.stringify(o)} on a ${kind.name} map left other bytes`)
      } else if (!m.closed) {
        throw new Error('the map is open and should be closed')
      }
    }
  } finally {
    m.close()
  }
}

test('a map behaves as a Buffer with a position does', (t) => {
  t.timeout(900_000)
  const path = freshPath()
  writeFileSync(path, '')
  const numRuns = scaled(40_000)
  let operations = 0
  fc.assert(
    fc.property(
      fc.constantFrom(...kinds),
      initial,
      fc.array(operation, { minLength: 1, maxLength: 40, size: 'max' }),
      (kind, content, sequence) => {
        operations += sequence.length
        compare(kind, bytes(content), sequence, path)
      },
    ),
    { numRuns, includeErrorInReport: true },
  )
  rmSync(path)
  t.true(operations >= numRuns)
  t.log(`${numRuns} sequences, ${operations} operations, FMMAP_TEST_SCALE ${scale}`)
})
