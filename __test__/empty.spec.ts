// `{ empty: true }`: a file without bytes is a map of length 0, which answers as an empty file does.
import { readFileSync, statSync } from 'node:fs'
import {
  ACCESS_COPY,
  ACCESS_READ,
  ACCESS_WRITE,
  ALLOCATIONGRANULARITY,
  MADV_NORMAL,
  MAP_PRIVATE,
  Mmap,
  PAGESIZE,
  PROT_READ,
} from '../index.js'
import { refuses } from './support/errors.ts'
import { latin1, temporaryFile } from './support/files.ts'
import { externalBuffers, linux, unix } from './support/platform.ts'
import test, { type Assertions, testWhere } from './support/test.ts'

type OpenOptions = NonNullable<Parameters<typeof Mmap.open>[1]>

function opened(t: Assertions, path: string, options: OpenOptions = {}): Mmap {
  const map = Mmap.open(path, { empty: true, ...options })
  t.teardown(() => map.close())
  return map
}

const ways: [string, OpenOptions][] = [
  ['ACCESS_READ', { access: ACCESS_READ }],
  ['ACCESS_WRITE', { access: ACCESS_WRITE }],
  ['ACCESS_COPY', { access: ACCESS_COPY }],
  ['untracked', { access: ACCESS_WRITE, trackfd: false }],
  ['plain', {}],
  ...(unix
    ? ([
        ['MAP_PRIVATE', { flags: MAP_PRIVATE }],
        ['PROT_READ', { prot: PROT_READ }],
      ] as [string, OpenOptions][])
    : []),
]

for (const [way, options] of ways) {
  test(`a map of no bytes answers as an empty file does: ${way}`, async (t) => {
    const m = opened(t, temporaryFile(), options)
    const writable = options.access === ACCESS_WRITE || options.access === ACCESS_COPY
    t.is(m.length, 0)
    t.is(m.tell(), 0)
    t.is(m.offset, 0)
    t.false(m.closed)
    t.true(m.toString().includes('length=0, pos=0'))
    if (options.trackfd !== false) t.is(m.size(), 0)
    t.is(m.find(''), 0)
    t.is(m.rfind(''), 0)
    t.is(m.find('a'), -1)
    t.is(m.rfind('needle'), -1)
    t.is(m.count(''), 1)
    t.is(m.count('a'), 0)
    t.deepEqual([...m.findAll('')], [0])
    t.deepEqual([...m.findAll('a')], [])
    t.deepEqual([...m.lines()], [])
    t.deepEqual([...m.lines({ reverse: true })], [])
    t.deepEqual([...m], [])
    t.is(m.read().length, 0)
    t.is(m.read(5).length, 0)
    t.is(m.readline().length, 0)
    t.is(m.readInto(new Uint8Array(4)), 0)
    t.is(m.arrayBuffer().byteLength, 0)
    t.is(m.slice().length, 0)
    t.is(m.slice(-5, 5).length, 0)
    t.is(m.slice(undefined, undefined, -1).length, 0)
    t.is(m.seek(0), 0)
    t.is(m.seek(0, 2), 0)
    refuses(t, () => m.seek(1), 'ERR_OUT_OF_RANGE')
    refuses(t, () => m.get(0), 'ERR_OUT_OF_RANGE')
    refuses(t, () => m.get(-1), 'ERR_OUT_OF_RANGE')
    refuses(t, () => m.readByte(), 'ERR_OUT_OF_RANGE')
    t.is(m.flush(), undefined)
    await m.flushAsync()
    refuses(t, () => m.flush(0, 1), 'ERR_OUT_OF_RANGE')
    if (unix) t.is(m.madvise(MADV_NORMAL), undefined)
    t.is(await m.findAsync(''), 0)
    t.is(await m.rfindAsync(''), 0)
    t.is(await m.findAsync('a'), -1)
    t.is(await m.countAsync(''), 1)
    t.is(await m.countAsync('a'), 0)
    const all: number[] = []
    for await (const at of m.findAllAsync('')) all.push(at)
    t.deepEqual(all, [0])
    if (writable) {
      t.is(m.write(''), 0)
      m.setSlice('')
      m.move(0, 0, 0)
      refuses(t, () => m.write('x'), 'ERR_OUT_OF_RANGE')
      refuses(t, () => m.writeByte(1), 'ERR_OUT_OF_RANGE')
      refuses(t, () => m.set(0, 1), 'ERR_OUT_OF_RANGE')
      refuses(t, () => m.setSlice('x'), 'ERR_OUT_OF_RANGE')
    }
    if (externalBuffers) {
      t.is(m.view().length, 0)
      t.is(m.view(Float64Array).length, 0)
      t.is(m.view(DataView).byteLength, 0)
      refuses(t, () => m.view(0, 1), 'ERR_OUT_OF_RANGE')
    }
    m.close()
    refuses(t, () => m.length, 'ERR_MMAP_CLOSED')
  })
}

test('a map of no bytes grows, and is one like any other then', (t) => {
  const path = temporaryFile()
  const m = opened(t, path, { access: ACCESS_WRITE })
  if (externalBuffers) t.is(m.view().length, 0)
  refuses(t, () => m.resize(0), 'EINVAL')
  t.is(m.length, 0)
  m.resize(3)
  t.is(m.length, 3)
  m.write('abc')
  m.resize(PAGESIZE + 1)
  t.is(latin1(m.slice(0, 4)), 'abc\0')
  m.resize(3)
  m.flush()
  t.is(readFileSync(path, 'latin1'), 'abc')
})

test('a failed resize leaves a map of no bytes open', (t) => {
  const path = temporaryFile()
  const m = opened(t, path, { access: ACCESS_WRITE })
  t.true(
    Boolean(
      (() => {
        try {
          m.resize(2 ** 52)
        } catch (error) {
          return (error as NodeJS.ErrnoException).code
        }
        return undefined
      })(),
    ),
  )
  t.false(m.closed)
  t.is(m.length, 0)
  t.is(statSync(path).size, 0)
  refuses(t, () => opened(t, path).resize(1), 'ERR_MMAP_READONLY')
  refuses(
    t,
    () => opened(t, path, { access: ACCESS_WRITE, trackfd: false }).resize(1),
    'ERR_MMAP_UNTRACKED',
  )
})

test('the option changes nothing for a file with bytes, and nothing that Python refuses elsewhere', (t) => {
  const path = temporaryFile('abc')
  t.is(latin1(opened(t, path).slice()), 'abc')
  refuses(t, () => Mmap.open(temporaryFile()), 'ERR_MMAP_EMPTY_FILE', 'cannot mmap an empty file')
  refuses(t, () => Mmap.open(temporaryFile(), { empty: false }), 'ERR_MMAP_EMPTY_FILE')
  refuses(t, () => opened(t, path, { empty: 1 as unknown as boolean }), 'ERR_INVALID_ARG_TYPE')
  if (unix) refuses(t, () => opened(t, temporaryFile(), { length: 5 }), 'ERR_OUT_OF_RANGE')
})

test('nothing is left behind an offset: a map of no bytes as well', (t) => {
  const g = ALLOCATIONGRANULARITY
  const path = temporaryFile(g)
  const m = opened(t, path, { offset: g, access: ACCESS_WRITE })
  t.is(m.length, 0)
  t.is(m.offset, g)
  m.resize(5)
  t.is(statSync(path).size, g + 5)
  for (const size of [0, 5, g]) {
    const short = temporaryFile(size)
    const far = opened(t, short, { offset: 2 * g, access: ACCESS_WRITE })
    t.is(far.length, 0)
    t.is(far.refresh(), 'same')
    t.is(statSync(short).size, size)
    far.resize(3)
    t.is(statSync(short).size, 2 * g + 3)
  }
  refuses(t, () => opened(t, temporaryFile(5), { offset: 5 }), 'EINVAL')
})

testWhere(linux, 'there is no /proc')('a file that only seems empty is none', (t) => {
  for (const options of [{}, { empty: true }, { length: 10 }]) {
    refuses(t, () => Mmap.open('/proc/cpuinfo', options), 'ENODEV', /only seems/)
  }
})
