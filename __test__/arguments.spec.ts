// Bad input of every kind, for every argument of every member: the error has the right class and code, and nothing
// has moved or was written.
import { readFileSync } from 'node:fs'
import { isDeepStrictEqual } from 'node:util'
import { ACCESS_READ, MADV_NORMAL, Mmap, PAGESIZE } from '../index.js'
import { checkError, closedMessage, refuses, thrown } from './support/errors.ts'
import {
  anonymous,
  descriptor,
  latin1,
  mapped,
  mappedPath,
  temporaryFile,
} from './support/files.ts'
import { emulated, externalBuffers, linux, unix } from './support/platform.ts'
import test, { type Assertions, testWhere } from './support/test.ts'

const content = '0123456789'

/** Conversions that were called. None may be: the arguments here must not be converted. */
const coerced: string[] = []
const convertible = {
  valueOf: () => coerced.push('valueOf'),
  toString: () => `${coerced.push('toString')}`,
  [Symbol.toPrimitive]: () => coerced.push('toPrimitive'),
}

const notIntegers: unknown[] = [
  null,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  Number.NEGATIVE_INFINITY,
  1.5,
  -0.5,
  5e-324,
  '3',
  '',
  true,
  false,
  {},
  [],
  [1],
  1n,
  0n,
  Symbol('one'),
  () => 1,
  Object(3),
  new Date(0),
  convertible,
]
const notBytes: unknown[] = [
  undefined,
  null,
  0,
  1,
  Number.NaN,
  true,
  {},
  [],
  [1, 2, 3],
  1n,
  Symbol('bytes'),
  () => 'x',
  Object('string'),
  { length: 1, 0: 65 },
  { buffer: new ArrayBuffer(4), byteOffset: 0, byteLength: 4 },
  new Proxy(new Uint8Array(3), {}),
  Object.create(Uint8Array.prototype),
  convertible,
]
const notBooleans: unknown[] = [null, 0, 1, '', 'true', {}, [], 1n, Object(true), convertible]
const notOptions: unknown[] = [null, 0, 1, 'flags', true, 1n, Symbol('options')]

type Kind = 'integer' | 'optional' | 'clamped' | 'bytes' | 'boolean' | 'options' | 'target' | 'text'

interface Argument {
  member: string
  name: string
  kind: Kind
  call(m: Mmap, value: unknown): unknown
}

const table: Argument[] = [
  { member: 'seek', name: 'pos', kind: 'integer', call: (m, v: number) => m.seek(v) },
  { member: 'seek', name: 'whence', kind: 'optional', call: (m, v: number) => m.seek(1, v) },
  { member: 'read', name: 'n', kind: 'clamped', call: (m, v: number) => m.read(v) },
  { member: 'readInto', name: 'target', kind: 'target', call: (m, v: Uint8Array) => m.readInto(v) },
  {
    member: 'arrayBuffer',
    name: 'start',
    kind: 'clamped',
    call: (m, v: number) => m.arrayBuffer(v),
  },
  {
    member: 'arrayBuffer',
    name: 'end',
    kind: 'clamped',
    call: (m, v: number) => m.arrayBuffer(0, v),
  },
  { member: 'write', name: 'bytes', kind: 'bytes', call: (m, v: string) => m.write(v) },
  { member: 'writeByte', name: 'value', kind: 'integer', call: (m, v: number) => m.writeByte(v) },
  { member: 'get', name: 'index', kind: 'integer', call: (m, v: number) => m.get(v) },
  { member: 'set', name: 'index', kind: 'integer', call: (m, v: number) => m.set(v, 65) },
  { member: 'set', name: 'value', kind: 'integer', call: (m, v: number) => m.set(0, v) },
  { member: 'slice', name: 'start', kind: 'clamped', call: (m, v: number) => m.slice(v) },
  { member: 'slice', name: 'stop', kind: 'clamped', call: (m, v: number) => m.slice(0, v) },
  { member: 'slice', name: 'step', kind: 'clamped', call: (m, v: number) => m.slice(0, 9, v) },
  { member: 'setSlice', name: 'bytes', kind: 'bytes', call: (m, v: string) => m.setSlice(v, 0, 1) },
  {
    member: 'setSlice',
    name: 'start',
    kind: 'clamped',
    call: (m, v: number) => m.setSlice('', v, 0),
  },
  {
    member: 'setSlice',
    name: 'stop',
    kind: 'clamped',
    call: (m, v: number) => m.setSlice('', 10, v),
  },
  {
    member: 'setSlice',
    name: 'step',
    kind: 'clamped',
    call: (m, v: number) => m.setSlice('', 5, 5, v),
  },
  { member: 'find', name: 'sub', kind: 'bytes', call: (m, v: string) => m.find(v) },
  { member: 'find', name: 'start', kind: 'clamped', call: (m, v: number) => m.find('5', v) },
  { member: 'find', name: 'end', kind: 'clamped', call: (m, v: number) => m.find('5', 0, v) },
  { member: 'rfind', name: 'sub', kind: 'bytes', call: (m, v: string) => m.rfind(v) },
  { member: 'rfind', name: 'start', kind: 'clamped', call: (m, v: number) => m.rfind('5', v) },
  { member: 'rfind', name: 'end', kind: 'clamped', call: (m, v: number) => m.rfind('5', 0, v) },
  { member: 'move', name: 'dest', kind: 'integer', call: (m, v: number) => m.move(v, 0, 1) },
  { member: 'move', name: 'src', kind: 'integer', call: (m, v: number) => m.move(0, v, 1) },
  { member: 'move', name: 'count', kind: 'integer', call: (m, v: number) => m.move(0, 1, v) },
  { member: 'flush', name: 'offset', kind: 'optional', call: (m, v: number) => m.flush(v) },
  { member: 'flush', name: 'size', kind: 'optional', call: (m, v: number) => m.flush(0, v) },
  { member: 'flush', name: 'options', kind: 'options', call: (m, v: object) => m.flush(0, 1, v) },
  {
    member: 'flush',
    name: 'flags',
    kind: 'optional',
    call: (m, v: number) => m.flush(0, 1, { flags: v }),
  },
  { member: 'madvise', name: 'option', kind: 'integer', call: (m, v: number) => m.madvise(v) },
  {
    member: 'madvise',
    name: 'start',
    kind: 'optional',
    call: (m, v: number) => m.madvise(MADV_NORMAL, v),
  },
  { member: 'resize', name: 'newsize', kind: 'integer', call: (m, v: number) => m.resize(v) },
  { member: 'resize', name: 'options', kind: 'options', call: (m, v: object) => m.resize(20, v) },
  {
    member: 'resize',
    name: 'detach',
    kind: 'boolean',
    call: (m, v: boolean) => m.resize(20, { detach: v }),
  },
  { member: 'close', name: 'options', kind: 'options', call: (m, v: object) => m.close(v) },
  {
    member: 'close',
    name: 'detach',
    kind: 'boolean',
    call: (m, v: boolean) => m.close({ detach: v }),
  },
  { member: 'setName', name: 'name', kind: 'text', call: (m, v: string) => m.setName(v) },
]

/** Where options may stand in the place of the number, an empty object is allowed. */
const orOptions = new Set(['find start', 'rfind start', 'flush offset', 'flush size'])

function badValues({ member, name, kind }: Argument): unknown[] {
  if (orOptions.has(`${member} ${name}`)) {
    return notIntegers.filter((value) => !isDeepStrictEqual(value, {}))
  }
  switch (kind) {
    case 'integer':
      return [undefined, ...notIntegers]
    case 'optional':
    case 'clamped':
      return notIntegers
    case 'bytes':
      return notBytes
    case 'target':
      return [...notBytes, 'abc', new ArrayBuffer(3), new SharedArrayBuffer(3)]
    case 'boolean':
      return notBooleans
    case 'options':
      return notOptions
    case 'text':
      return [...notBytes, Buffer.from('name')]
  }
}

function describe(value: unknown): string {
  if (typeof value === 'bigint') return `${value}n`
  if (value === convertible) return 'an object that converts'
  if (typeof value === 'object' && value !== null) return Object.prototype.toString.call(value)
  return String(value)
}

/** The call must be refused, and must leave no trace in the map, its file or its position. */
function leavesAlone(t: Assertions, call: (m: Mmap) => unknown, code: string, label: string): void {
  const path = temporaryFile(content)
  const m = mappedPath(t, path)
  m.seek(3)
  checkError(
    t,
    thrown(t, () => call(m), label),
    code,
    undefined,
    label,
  )
  const after = `${m.closed} ${m.tell()} ${m.length} ${latin1(m.slice())} ${readFileSync(path, 'latin1')}`
  t.is(after, `false 3 10 ${content} ${content}`, label)
}

for (const entry of table) {
  const { member, name } = entry
  if ((member === 'setName' && !linux) || (member === 'madvise' && !unix)) continue
  test(`${member}: ${name} of a wrong type is ERR_INVALID_ARG_TYPE`, (t) => {
    for (const value of badValues(entry)) {
      const label = `${member}(${name} = ${describe(value)})`
      leavesAlone(t, (m) => entry.call(m, value), 'ERR_INVALID_ARG_TYPE', label)
    }
    t.deepEqual(coerced, [], 'nothing is converted by its own methods')
  })
}

for (const entry of table) {
  const { member, name, kind } = entry
  if (member === 'madvise' && !unix) continue
  if (kind === 'integer' || kind === 'optional') {
    test(`${member}: ${name} past 2^53 - 1 is ERR_OUT_OF_RANGE`, (t) => {
      for (const value of [
        2 ** 53,
        -(2 ** 53),
        2 ** 60,
        2 ** 63,
        2 ** 64,
        1e300,
        -Number.MAX_VALUE,
      ]) {
        leavesAlone(
          t,
          (m) => entry.call(m, value),
          'ERR_OUT_OF_RANGE',
          `${member}(${name} = ${value})`,
        )
      }
    })
  } else if (kind === 'clamped') {
    test(`${member}: ${name} clamps every integer-valued number`, (t) => {
      for (const value of [2 ** 31, 2 ** 32 + 1, 2 ** 53, 2 ** 60, 1e300, Number.MAX_VALUE]) {
        for (const signed of [value, -value]) {
          const clamped = mapped(t, content)
          const plain = mapped(t, content)
          const far = entry.call(clamped, signed)
          // A bound past either end does what the nearest bound outside the map does.
          const near = entry.call(plain, signed > 0 ? 1000 : -1000)
          const show = (result: unknown): string =>
            result instanceof ArrayBuffer || ArrayBuffer.isView(result)
              ? Buffer.from(result as ArrayBuffer).toString('latin1')
              : String(result)
          t.is(show(far), show(near), `${member}(${name} = ${signed})`)
          t.is(clamped.tell(), plain.tell())
        }
      }
    })
  }
}

test('negative numbers: where Python counts from the end they count, elsewhere they are out of range', (t) => {
  const refused: [string, (m: Mmap) => unknown][] = [
    ['seek', (m) => m.seek(-1)],
    ['whence', (m) => m.seek(0, -1)],
    ['writeByte', (m) => m.writeByte(-1)],
    ['set', (m) => m.set(0, -1)],
    ['get', (m) => m.get(-11)],
    ['move dest', (m) => m.move(-1, 0, 1)],
    ['move src', (m) => m.move(0, -1, 1)],
    ['move count', (m) => m.move(0, 0, -1)],
    ['flush offset', (m) => m.flush(-1)],
    ['flush size', (m) => m.flush(0, -2)],
    ['resize', (m) => m.resize(-1)],
  ]
  if (unix) {
    refused.push(
      ['madvise start', (m) => m.madvise(MADV_NORMAL, -1)],
      ['madvise length', (m) => m.madvise(MADV_NORMAL, 0, -1)],
    )
  }
  for (const [label, call] of refused) leavesAlone(t, call, 'ERR_OUT_OF_RANGE', label)
  const m = mapped(t, content)
  t.is(m.get(-1), 57)
  t.is(latin1(m.slice(-2)), '89')
  t.is(m.find('9', -1), 9)
  t.is(m.read(-1).length, 10)
})

/** Options of Unix only: on Windows any value of them is ERR_MMAP_UNSUPPORTED. */
const flagsAndProt = unix ? ['flags', 'prot'] : []

test('the constructor: each option and argument of a wrong type', (t) => {
  const fd = descriptor(t, temporaryFile(content))
  const make =
    (...args: unknown[]) =>
    () =>
      Reflect.construct(Mmap, args)
  for (const value of notIntegers) {
    const label = describe(value)
    // A function or an object is no descriptor either, unless it has one.
    refuses(t, make(value, 1), 'ERR_INVALID_ARG_TYPE', undefined, `fileno = ${label}`)
    refuses(t, make({ fd: value }, 1), 'ERR_INVALID_ARG_TYPE', undefined, `{ fd: ${label} }`)
    refuses(t, make(fd, value), 'ERR_INVALID_ARG_TYPE', undefined, `length = ${label}`)
    for (const name of ['access', ...flagsAndProt, 'offset']) {
      refuses(
        t,
        make(fd, 1, { [name]: value }),
        'ERR_INVALID_ARG_TYPE',
        undefined,
        `${name} = ${label}`,
      )
    }
  }
  for (const value of notBooleans) {
    refuses(
      t,
      make(fd, 1, { trackfd: value }),
      'ERR_INVALID_ARG_TYPE',
      undefined,
      `trackfd = ${describe(value)}`,
    )
  }
  for (const value of notOptions)
    refuses(t, make(fd, 1, value), 'ERR_INVALID_ARG_TYPE', undefined, describe(value))
  for (const value of [1, true, {}, [], 1n, Buffer.from('tag')]) {
    refuses(
      t,
      make(fd, 1, { tagname: value }),
      'ERR_INVALID_ARG_TYPE',
      undefined,
      `tagname = ${describe(value)}`,
    )
  }
  refuses(t, make(undefined, 1), 'ERR_INVALID_ARG_TYPE')
  for (const length of [2 ** 53, 2 ** 64, -(2 ** 53), 1e300])
    refuses(t, make(fd, length), 'ERR_OUT_OF_RANGE')
  for (const fileno of [2 ** 31, 2 ** 53, -(2 ** 40), 1e300])
    refuses(t, make(fileno, 1), 'ERR_OUT_OF_RANGE')
  for (const name of ['access', ...flagsAndProt]) {
    for (const value of [2 ** 31, 2 ** 32, 2 ** 53, -(2 ** 40)]) {
      refuses(
        t,
        make(fd, 1, { [name]: value }),
        'ERR_OUT_OF_RANGE',
        undefined,
        `${name} = ${value}`,
      )
    }
  }
  t.deepEqual(coerced, [])
})

test('open: each option of a wrong type, before the file is opened', (t) => {
  const missing = temporaryFile(content) + '-missing'
  for (const value of notIntegers) {
    for (const name of ['access', ...flagsAndProt, 'offset', 'length']) {
      refuses(
        t,
        () => Mmap.open(missing, { [name]: value }),
        'ERR_INVALID_ARG_TYPE',
        undefined,
        `${name} = ${describe(value)}`,
      )
    }
  }
  for (const value of notBooleans) {
    for (const name of ['trackfd', 'create']) {
      refuses(
        t,
        () => Mmap.open(missing, { [name]: value }),
        'ERR_INVALID_ARG_TYPE',
        undefined,
        `${name} = ${describe(value)}`,
      )
    }
  }
  t.deepEqual(coerced, [])
})

test('undefined is the default everywhere, and an option left out', (t) => {
  const path = temporaryFile(content)
  const none = undefined
  const m = new Mmap(descriptor(t, path), 0, {
    access: none,
    flags: none,
    prot: none,
    offset: none,
    trackfd: none,
    tagname: none,
  })
  t.teardown(() => m.close())
  const opened = Mmap.open(path, { access: none, length: none, create: none, offset: none })
  t.teardown(() => opened.close())
  t.is(opened.length, 10)
  t.is(new Mmap(descriptor(t, path), 0, { tagname: null }).length, 10, 'null is a tagname')
  t.is(m.seek(2, none), 2)
  t.is(latin1(m.read(none)), '23456789')
  t.is(latin1(m.slice(none, none, none)), content)
  m.setSlice(content, none, none, none)
  m.seek(0)
  t.is(m.find('5', none, none), 5)
  t.is(m.rfind('5', none, none), 5)
  t.is(m.arrayBuffer(none, none).byteLength, 10)
  m.flush(none, none, none)
  if (unix) m.madvise(MADV_NORMAL, none, none)
  m.resize(10, none)
  m.resize(10, { detach: none })
  m.close(none)
  m.close({ detach: none })
})

test('an option that closes or resizes the map is read once, before the first check', (t) => {
  for (const access of [undefined, ACCESS_READ]) {
    const m = mapped(t, content, { access })
    let reads = 0
    const closing = {
      get flags(): number {
        reads += 1
        m.close()
        return 0
      },
    }
    refuses(t, () => m.flush(0, 1, closing), 'ERR_MMAP_CLOSED', closedMessage)
    t.is(reads, 1)
  }
  const shrinking = mapped(t, 2 * PAGESIZE)
  refuses(
    t,
    () =>
      shrinking.flush(0, 2 * PAGESIZE, {
        get flags(): number {
          shrinking.resize(1)
          return 0
        },
      }),
    'ERR_OUT_OF_RANGE',
    'flush values out of range',
  )
  const m = mapped(t, content)
  refuses(
    t,
    () =>
      m.resize(20, {
        get detach(): boolean {
          m.close()
          return false
        },
      }),
    'ERR_MMAP_CLOSED',
    closedMessage,
  )
  const nested = mapped(t, content)
  nested.resize(20, {
    get detach(): boolean {
      nested.resize(15)
      return false
    },
  })
  t.is(nested.length, 20)
  const thrower = mapped(t, content)
  const own = new Error('from the getter')
  for (const call of [
    (options: object) => thrower.flush(0, 1, options),
    (options: object) => thrower.resize(3, options),
    (options: object) => thrower.close(options),
  ]) {
    const options = {
      get flags(): number {
        throw own
      },
      get detach(): boolean {
        throw own
      },
    }
    t.is(
      thrown(t, () => call(options)),
      own,
    )
  }
  t.is(thrower.length, 10)
})

test('the constructor reads each option once', (t) => {
  const reads: string[] = []
  const options = new Proxy(
    {},
    {
      get(_, name) {
        reads.push(String(name))
        return undefined
      },
    },
  )
  const m = new Mmap(descriptor(t, temporaryFile(content)), 0, options)
  m.close()
  t.deepEqual([...new Set(reads)].toSorted(), reads.toSorted())
  let fds = 0
  const fd = descriptor(t, temporaryFile(content))
  const twice = {
    get fd(): number {
      fds += 1
      return fds === 1 ? fd : -1
    },
  }
  const other = new Mmap(twice, 0)
  t.is(latin1(other.slice()), content)
  other.close()
  t.is(fds, 1)
})

test('a view that lies about itself is believed by its memory alone', (t) => {
  for (const property of ['length', 'byteLength', 'byteOffset', 'buffer']) {
    for (const lie of [2 ** 40, -1, 'x', undefined]) {
      const m = mapped(t, content)
      const source = Uint8Array.of(65, 66, 67)
      Object.defineProperty(source, property, {
        get() {
          m.close()
          return lie
        },
      })
      const target = new Uint8Array(3)
      Object.defineProperty(target, property, { value: lie })
      for (const call of [
        () => m.write(source),
        () => m.find(source),
        () => m.readInto(target),
        () => m.setSlice(source, 0, 3),
      ]) {
        try {
          call()
        } catch (error) {
          t.true(error instanceof Error)
        }
      }
    }
  }
  t.pass('and nothing crashed')
})

test('a detached ArrayBuffer is refused, as source, needle and target', (t) => {
  const detached = (): Uint8Array<ArrayBuffer> => {
    const view = Uint8Array.of(65, 66, 67, 68)
    structuredClone(view.buffer, { transfer: [view.buffer] })
    return view
  }
  const calls: [string, (m: Mmap) => unknown][] = [
    ['write', (m) => m.write(detached())],
    ['write, its buffer', (m) => m.write(detached().buffer)],
    ['setSlice', (m) => m.setSlice(detached(), 0, 0)],
    ['find', (m) => m.find(detached())],
    ['rfind', (m) => m.rfind(detached())],
    ['readInto', (m) => m.readInto(detached())],
    [
      'readInto, a DataView',
      (m) => {
        const view = new DataView(new ArrayBuffer(4))
        structuredClone(view.buffer, { transfer: [view.buffer] })
        return m.readInto(view)
      },
    ],
  ]
  for (const [label, call] of calls) leavesAlone(t, call, 'ERR_INVALID_ARG_TYPE', label)
})

testWhere(!emulated, 'Bun’s resizable buffers abort under qemu')(
  'a resizable ArrayBuffer is refused, as source, needle and target: its memory may end under the call',
  (t) => {
    const Resizable = ArrayBuffer as unknown as new (
      length: number,
      options: { maxByteLength: number },
    ) => ArrayBuffer & { resize(length: number): void }
    const buffer = new Resizable(8, { maxByteLength: 64 })
    if (typeof buffer.resize !== 'function') return t.pass('no resizable buffers here')
    const whole = new Uint8Array(buffer)
    const tail = new Uint8Array(buffer, 4, 4)
    for (const length of [8, 3]) {
      buffer.resize(length)
      for (const source of [whole, tail, buffer]) {
        const view = source as Uint8Array
        const calls: [string, (m: Mmap) => unknown][] = [
          ['write', (m) => m.write(view)],
          ['setSlice', (m) => m.setSlice(view, 0, view.byteLength)],
          ['find', (m) => m.find(view)],
          ['rfind', (m) => m.rfind(view)],
          ['readInto', (m) => m.readInto(view)],
        ]
        for (const [label, call] of calls) leavesAlone(t, call, 'ERR_INVALID_ARG_TYPE', label)
      }
    }
    t.deepEqual([...whole], [0, 0, 0])
  },
)

test('members taken off the class work with their map alone', (t) => {
  const m = mapped(t, content)
  for (const other of [undefined, {}, Object.create(Mmap.prototype)]) {
    for (const name of [
      'read',
      'tell',
      'find',
      'slice',
      'get',
      'write',
      'close',
      'flush',
      'resize',
      'size',
    ] as const) {
      const error = thrown(t, () => Reflect.apply(m[name], other, ['x', 'x']), name)
      t.true(error instanceof TypeError || typeof error.code === 'string', name)
    }
  }
  t.is(m.tell(), 0)
  t.is(latin1(m.slice()), content)
})

testWhere(externalBuffers, 'no views in this mode')(
  'a view’s arguments: wrong types, and numbers that no view has',
  (t) => {
    for (const value of notIntegers) {
      const label = describe(value)
      // A function in the first place is meant as a constructor: refused as one.
      leavesAlone(t, (m) => m.view(value as number), 'ERR_INVALID_ARG_TYPE', `view(${label})`)
      leavesAlone(t, (m) => m.view(0, value as number), 'ERR_INVALID_ARG_TYPE', `view(0, ${label})`)
      leavesAlone(
        t,
        (m) => m.view(Uint8Array, value as number),
        'ERR_INVALID_ARG_TYPE',
        `view(Uint8Array, ${label})`,
      )
      leavesAlone(
        t,
        (m) => m.view(Uint8Array, 0, value as number),
        'ERR_INVALID_ARG_TYPE',
        `view(Uint8Array, 0, ${label})`,
      )
    }
    for (const value of [-1, 11, 2 ** 32, 2 ** 53, 1e300]) {
      leavesAlone(t, (m) => m.view(value), 'ERR_OUT_OF_RANGE', `view(${value})`)
      leavesAlone(t, (m) => m.view(0, value), 'ERR_OUT_OF_RANGE', `view(0, ${value})`)
      leavesAlone(
        t,
        (m) => m.view(Uint16Array, 0, value),
        'ERR_OUT_OF_RANGE',
        `view(Uint16Array, 0, ${value})`,
      )
    }
    t.deepEqual(coerced, [])
  },
)

test('anonymous maps check as file maps do', (t) => {
  const m = anonymous(t, 10)
  for (const value of notIntegers) {
    refuses(t, () => m.seek(value as number), 'ERR_INVALID_ARG_TYPE', undefined, describe(value))
    refuses(
      t,
      () => m.writeByte(value as number),
      'ERR_INVALID_ARG_TYPE',
      undefined,
      describe(value),
    )
  }
  t.is(m.tell(), 0)
})
