import { readFileSync } from 'node:fs'
import { ACCESS_COPY, ACCESS_READ, Mmap, PAGESIZE } from '../index.js'
import { closedMessage, readonlyMessage, refuses } from './support/errors.ts'
import { anonymous, latin1, mapped, mappedPath, temporaryFile } from './support/files.ts'
import { externalBuffers } from './support/platform.ts'
import test from './support/test.ts'

/** The indices that Python's slice picks: its documentation's rules, written down once more as an oracle. */
function indices(length: number, start?: number, stop?: number, step = 1): number[] {
  const clamp = (bound: number | undefined, fallback: number): number => {
    if (bound === undefined) return fallback
    const [low, high] = step < 0 ? [-1, length - 1] : [0, length]
    return Math.min(Math.max(bound < 0 ? bound + length : bound, low), high)
  }
  const from = clamp(start, step < 0 ? length - 1 : 0)
  const to = clamp(stop, step < 0 ? -1 : length)
  const picked: number[] = []
  for (let i = from; step < 0 ? i > to : i < to; i += step) picked.push(i)
  return picked
}

const ends = [undefined, 0, 1, 3, 19, 300, Number.MAX_SAFE_INTEGER, -1, -2, -31, -300]
const steps = [undefined, 1, 3, 19, 300, Number.MAX_SAFE_INTEGER, -1, -2, -31, -300]

test('CPython test_extended_getslice: every start, stop and step', (t) => {
  const content = Buffer.from(Uint8Array.from({ length: 256 }, (_, i) => 255 - i))
  const m = mapped(t, content)
  for (const start of ends) {
    for (const stop of ends) {
      for (const step of steps) {
        const expected = indices(256, start, stop, step).map((i) => 255 - i)
        const actual = m.slice(start, stop, step)
        if (!actual.equals(Buffer.from(expected)))
          t.fail(`slice(${start}, ${stop}, ${step}) is ${actual.toString('hex')}`)
      }
    }
  }
  t.pass()
})

test('CPython test_extended_set_del_slice: assignment puts each byte where slicing reads it', (t) => {
  const content = Buffer.from(Uint8Array.from({ length: 256 }, (_, i) => 255 - i))
  const m = anonymous(t, 256)
  for (const start of ends) {
    for (const stop of ends) {
      for (const step of steps) {
        const places = indices(256, start, stop, step)
        const value = Buffer.from(places.map((_, i) => (i * 31 + 7) & 255))
        const expected = Buffer.from(content)
        for (const [i, place] of places.entries()) expected[place] = value[i] as number
        m.setSlice(content, 0, 256)
        m.setSlice(value, start, stop, step)
        if (!m.slice().equals(expected)) t.fail(`setSlice(.., ${start}, ${stop}, ${step})`)
        refuses(
          t,
          () => m.setSlice(Buffer.alloc(value.length + 1), start, stop, step),
          'ERR_OUT_OF_RANGE',
          'mmap slice assignment is wrong size',
        )
      }
    }
  }
  t.pass()
})

test('PyPy test_slicing: negative bounds, crossed bounds, an empty slice', (t) => {
  const m = mapped(t, 'foobar')
  t.is(latin1(m.slice(-3, 7)), 'bar')
  t.is(latin1(m.slice(-3, -1)), 'ba')
  t.is(latin1(m.slice(4, 2)), '')
  t.is(latin1(m.slice(2, 2)), '')
  t.is(latin1(m.slice(99)), '')
  t.is(latin1(m.slice(-99, 2)), 'fo')
  t.is(latin1(m.slice()), 'foobar')
})

test('PyPy test_get_item: indices count from both ends, and are integers', (t) => {
  const m = mapped(t, 'foobar')
  t.is(m.get(0), 102)
  t.is(m.get(5), 114)
  t.is(m.get(-1), 114)
  t.is(m.get(-6), 102)
  t.is(m.get(-0), 102)
  for (const index of [6, -7, 2 ** 31, 2 ** 32, -(2 ** 32), Number.MAX_SAFE_INTEGER]) {
    refuses(t, () => m.get(index), 'ERR_OUT_OF_RANGE', 'mmap index out of range')
  }
  refuses(t, () => m.get(2 ** 70), 'ERR_OUT_OF_RANGE')
  for (const index of ['foo', Buffer.from('foo'), 0.5, undefined, null]) {
    refuses(t, () => m.get(index as number), 'ERR_INVALID_ARG_TYPE')
  }
  t.is(latin1(m.slice(1, undefined, 2)), 'obr')
  t.is(latin1(m.slice(4, 1, -2)), 'ao')
})

test('PyPy test_set_item: bytes, slices, steps, and sizes that do not fit', (t) => {
  const m = mapped(t, 'foobar')
  m.set(0, 0x46)
  m.set(-1, 0x52)
  t.is(latin1(m.slice()), 'FoobaR')
  m.setSlice('bar', 1, 4)
  t.is(latin1(m.slice()), 'FbaraR')
  m.setSlice('xy', 3, 6, 2)
  t.is(latin1(m.slice()), 'Fbaxay')
  m.setSlice('', 3, 3)
  for (const [value, start, stop, step] of [
    ['ab', 0, 1],
    ['', 0, 1],
    ['abc', 3, 6, 2],
    ['x', 4, 2],
  ] as const) {
    refuses(
      t,
      () => m.setSlice(value, start, stop, step),
      'ERR_OUT_OF_RANGE',
      'mmap slice assignment is wrong size',
    )
  }
  refuses(t, () => m.set(6, 0), 'ERR_OUT_OF_RANGE', 'mmap index out of range')
  refuses(t, () => m.set(-7, 0), 'ERR_OUT_OF_RANGE', 'mmap index out of range')
  for (const value of [256, -1, 2 ** 40]) {
    refuses(
      t,
      () => m.set(0, value),
      'ERR_OUT_OF_RANGE',
      'mmap item value must be in range(0, 256)',
    )
  }
  for (const value of ['a', Buffer.from('a'), 1.5, undefined, null, 1n]) {
    refuses(
      t,
      () => m.set(0, value as number),
      'ERR_INVALID_ARG_TYPE',
      'mmap item value must be an int',
    )
  }
  t.is(latin1(m.slice()), 'Fbaxay')
})

test('a step of 0 is refused, by slice and by setSlice', (t) => {
  const m = mapped(t, 'foobar')
  refuses(t, () => m.slice(0, 6, 0), 'ERR_OUT_OF_RANGE', 'slice step cannot be zero')
  refuses(t, () => m.setSlice('', 0, 6, 0), 'ERR_OUT_OF_RANGE', 'slice step cannot be zero')
})

test('set checks in the order of Python: closed, read-only, index, value (section 2)', (t) => {
  const content = temporaryFile('foobar')
  const bad = 'x' as unknown as number
  const readOnly = mappedPath(t, content, { access: ACCESS_READ })
  refuses(t, () => readOnly.set(bad, bad), 'ERR_MMAP_READONLY', readonlyMessage)
  refuses(t, () => readOnly.set(99, 999), 'ERR_MMAP_READONLY', readonlyMessage)
  const m = mappedPath(t, content)
  refuses(t, () => m.set(bad, bad), 'ERR_INVALID_ARG_TYPE')
  refuses(t, () => m.set(99, bad), 'ERR_OUT_OF_RANGE', 'mmap index out of range')
  refuses(t, () => m.set(99, 999), 'ERR_OUT_OF_RANGE', 'mmap index out of range')
  m.close()
  refuses(t, () => m.set(bad, bad), 'ERR_MMAP_CLOSED', closedMessage)
})

test('setSlice checks in the order of Python: closed, read-only, bounds, value, size (section 2)', (t) => {
  const content = temporaryFile('foobar')
  const bad = 5 as unknown as string
  const readOnly = mappedPath(t, content, { access: ACCESS_READ })
  refuses(t, () => readOnly.setSlice(bad, 0, 1, 0), 'ERR_MMAP_READONLY', readonlyMessage)
  const m = mappedPath(t, content)
  refuses(t, () => m.setSlice(bad, 0, 1, 0), 'ERR_OUT_OF_RANGE', 'slice step cannot be zero')
  refuses(t, () => m.setSlice(bad, 1.5), 'ERR_INVALID_ARG_TYPE')
  refuses(t, () => m.setSlice(bad, 0, 1), 'ERR_INVALID_ARG_TYPE')
  m.close()
  refuses(t, () => m.setSlice(bad, 'x' as unknown as number), 'ERR_MMAP_CLOSED', closedMessage)
})

test('setSlice takes UTF-8 strings by their bytes', (t) => {
  const m = mapped(t, 'foobar')
  m.setSlice('é€', 0, 5)
  t.deepEqual(Array.from(m.slice()), [0xc3, 0xa9, 0xe2, 0x82, 0xac, 0x72])
  refuses(t, () => m.setSlice('é', 0, 1), 'ERR_OUT_OF_RANGE', 'mmap slice assignment is wrong size')
})

test('large slices are copied whole, with and without a step', (t) => {
  const content = Buffer.from(
    Uint8Array.from({ length: 5 * PAGESIZE + 7 }, (_, i) => (i * 13) & 255),
  )
  const m = mapped(t, content)
  t.true(m.slice().equals(content))
  t.true(m.slice(3, -4).equals(content.subarray(3, -4)))
  t.true(m.slice(undefined, undefined, -1).equals(Buffer.from(content.toReversed())))
  const reversed = Buffer.from(content.toReversed())
  m.setSlice(reversed, undefined, undefined, -1)
  t.true(m.slice().equals(content))
})

test('a map can be assigned from its own slice, and from an overlapping view of its memory', (t) => {
  const m = mapped(t, 'abcdef')
  m.setSlice(m.slice(0, 3), 3, 6)
  t.is(latin1(m.slice()), 'abcabc')
})

test('arrayBuffer is an exact copy with bounds clamped as those of slice', (t) => {
  const content = 'abcdefghij'
  const m = mapped(t, content)
  for (const [start, end] of [
    [],
    [0],
    [3],
    [3, 7],
    [-4],
    [-4, -1],
    [7, 3],
    [99],
    [-99, 99],
    [2 ** 60],
    [0, -(2 ** 60)],
  ]) {
    const copy = m.arrayBuffer(start, end)
    t.true(copy instanceof ArrayBuffer)
    t.is(latin1(new Uint8Array(copy)), content.slice(start, end), `${start}, ${end}`)
  }
  const copy = m.arrayBuffer()
  new Uint8Array(copy).fill(0)
  t.is(latin1(m.slice()), content)
})

test('arrayBuffer serves small and large ranges, and what it gives can be transferred', (t) => {
  const content = Buffer.from(Uint8Array.from({ length: 3 * PAGESIZE }, (_, i) => (i * 5) & 255))
  const m = mapped(t, content)
  for (const length of [0, 1, 100, PAGESIZE, 3 * PAGESIZE]) {
    const copy = m.arrayBuffer(0, length)
    t.is(copy.byteLength, length)
    const moved = structuredClone(copy, { transfer: [copy] })
    t.true(Buffer.from(moved).equals(content.subarray(0, length)))
  }
  t.true(m.slice().equals(content))
})

test('iteration yields byte values, as a stated difference from Python, and moves nothing', (t) => {
  const m = mapped(t, 'a\0\xff')
  m.seek(1)
  t.deepEqual([...m], [97, 0, 255])
  t.is(m.tell(), 1)
  const twice = [...m].concat([...m])
  t.is(twice.length, 6)
})

test('iteration crosses pages, sees what is written meanwhile, and ends where the map ends', (t) => {
  const m = mapped(t, Buffer.from(Uint8Array.from({ length: 2 * PAGESIZE + 3 }, (_, i) => i & 255)))
  let index = 0
  let wrong = 0
  for (const byte of m) {
    if (byte !== (index === 9 ? 77 : index & 255)) wrong += 1
    if (index === 5) m.set(9, 77)
    index += 1
  }
  t.is(wrong, 0)
  t.is(index, 2 * PAGESIZE + 3)
  index = 0
  for (const _ of m) {
    index += 1
    if (index === 3) m.resize(5)
  }
  t.is(index, 5, 'the current length ends it')
})

test('an iteration that has ended stays ended, whatever the map becomes', (t) => {
  const end = { done: true, value: undefined }
  const m = mapped(t, 'abc')
  // With a window, and without.
  for (const length of [5, 7]) {
    const steps = m[Symbol.iterator]()
    t.is([...(steps as Iterable<number>)].length, m.length)
    const left = m[Symbol.iterator]()
    t.deepEqual(left.next(), { done: false, value: 97 })
    t.deepEqual(left.return?.(), end)
    m.resize(length)
    for (const ended of [steps, left]) {
      t.deepEqual(ended.next(), end)
      t.deepEqual(ended.next(), end)
    }
  }
  const broken = m[Symbol.iterator]()
  broken.next()
  m.close()
  refuses(t, () => broken.next(), 'ERR_MMAP_CLOSED', closedMessage)
  t.deepEqual(broken.next(), end, 'an error ends it, as it ends a generator')
})

test('iteration over a closed map begins, and fails at its first step (section 0)', (t) => {
  const m = mapped(t, 'abc')
  const running = m[Symbol.iterator]()
  t.is(running.next().value, 97)
  m.close()
  refuses(t, () => running.next(), 'ERR_MMAP_CLOSED', closedMessage)
  const late = m[Symbol.iterator]()
  refuses(t, () => late.next(), 'ERR_MMAP_CLOSED', closedMessage)
})

test('get and set of maps of every access', (t) => {
  const path = temporaryFile('abc')
  const read = mappedPath(t, path, { access: ACCESS_READ })
  const copy = mappedPath(t, path, { access: ACCESS_COPY })
  const write = mappedPath(t, path)
  refuses(t, () => read.set(0, 65), 'ERR_MMAP_READONLY', readonlyMessage)
  copy.set(0, 66)
  t.is(latin1(readFileSync(path)), 'abc')
  write.set(1, 67)
  t.is(latin1(readFileSync(path)), 'aCc')
  t.is(read.get(1), 67)
  t.is(copy.get(0), 66)
})

test('get and set reach every byte of a map that is larger than one window', (t) => {
  const size = 40 * 2 ** 20
  const m: Mmap = anonymous(t, size)
  const places = [0, 1, 2 ** 24 - 1, 2 ** 24, 2 ** 24 + 1, 2 ** 25 - 1, 2 ** 25, size - 1]
  for (let round = 0; round < 20; round++) {
    for (const [i, place] of places.entries()) m.set(place, (round + i) & 255)
    for (const [i, place] of places.entries()) t.is(m.get(place), (round + i) & 255)
  }
  t.is(m.get(2 ** 24 + 2), 0)
  m.seek(2 ** 24 - 2)
  m.write('abcd')
  m.seek(2 ** 24 - 2)
  t.is(latin1(m.read(4)), 'abcd')
  m.seek(2 ** 24 - 1)
  t.is(m.readByte(), 98)
  t.is(m.readByte(), 99)
  t.is(latin1(m.slice(2 ** 24 + 2, 2 ** 24 - 3, -1)), '\0dcba')
})

test('a copy that is kept holds little more than itself: 8 KiB, or less than 256 times its length', (t) => {
  const m = new Mmap(-1, 1024 * 1024)
  const text = Buffer.alloc(m.length, 'a')
  m.write(text)
  const lengths = [
    1, 8, 31, 32, 33, 64, 65, 128, 129, 200, 256, 257, 1000, 1024, 1025, 4095, 4096, 4097, 100_000,
  ]
  const most = (length: number): number => Math.max(8 * 1024, 256 * length - 1)
  /** Reads the first line as often as it takes to expect lines of its length. */
  const learn = (): void => {
    for (let line = 0; line < 17; line++) {
      m.seek(0)
      m.readline()
    }
    m.seek(0)
  }
  for (const warm of [false, true]) {
    if (warm) for (let i = 0; i < 200; i += 1) m.get(i)
    for (const length of lengths) {
      m.seek(0)
      m.set(length - 1, 10)
      const copies = [m.slice(0, length), m.read(length)]
      learn()
      copies.push(m.readline())
      m.set(length - 1, 97)
      for (const [at, copy] of copies.entries()) {
        t.is(copy.length, length, `${at}`)
        t.true(
          copy.buffer.byteLength <= most(length),
          `${at}: ${copy.buffer.byteLength} of ${length}`,
        )
      }
    }
  }
  if (externalBuffers && !('Deno' in globalThis)) {
    t.is(m.slice(0, 32).buffer.byteLength, 32, 'a few bytes have memory of their own')
    m.seek(0)
    t.is(m.read(7).buffer.byteLength, 7)
  }
  // After a long line sixteen short ones may hold more.
  m.set(9, 10)
  learn()
  t.true(m.readline().buffer.byteLength <= 8 * 1024)
})
