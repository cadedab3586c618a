// refresh: what the file has now is mapped again, and the file is not touched.
import { appendFileSync, readFileSync, renameSync, truncateSync, writeFileSync } from 'node:fs'
import {
  ACCESS_COPY,
  ACCESS_READ,
  ACCESS_WRITE,
  ALLOCATIONGRANULARITY,
  MAP_PRIVATE,
  Mmap,
  type OpenOptions,
  PAGESIZE,
} from '../index.js'
import { refuses } from './support/errors.ts'
import { anonymous, freshPath, temporaryFile } from './support/files.ts'
import { externalBuffers, unix } from './support/platform.ts'
import test, { type Assertions, testWhere } from './support/test.ts'

const onUnix = testWhere(unix, 'truncates a mapped file')

function opened(t: Assertions, path: string, options: OpenOptions = {}): Mmap {
  const m = Mmap.open(path, options)
  t.teardown(() => m.close())
  return m
}

for (const [name, access] of [
  ['read-only', ACCESS_READ],
  ['writable', ACCESS_WRITE],
  ['private', ACCESS_COPY],
] as const) {
  for (const views of externalBuffers ? [true, false] : [false]) {
    test(`a ${name} map ${views ? 'with views ' : ''}follows a file that grows`, (t) => {
      const path = temporaryFile('abc')
      const m = opened(t, path, { access })
      t.is(m.refresh(), 'same')
      m.seek(2)
      const before = views ? m.view() : undefined
      if (access === ACCESS_COPY) m.set(0, 65)
      for (const size of [10, 5000, 3_000_000]) {
        appendFileSync(path, 'x'.repeat(size))
        const length = readFileSync(path).length
        t.is(m.refresh(), 'grown')
        t.is(m.length, length)
        t.is(m.slice(-3).toString(), 'xxx')
        t.is(m.get(1), 98)
        t.is(m.tell(), 2)
        if (views) t.is(m.view().length, length)
      }
      t.is(m.refresh(), 'same')
      t.is(m.get(0), access === ACCESS_COPY ? 65 : 97)
      t.is(readFileSync(path).subarray(0, 3).toString(), 'abc')
      if (before !== undefined) t.is(before.length, 3)
    })
  }

  onUnix(`a ${name} map follows a file that was truncated, before and after the fault`, (t) => {
    for (const touched of [false, true]) {
      const path = temporaryFile('y'.repeat(100_000))
      const m = opened(t, path, { access })
      const view = externalBuffers ? m.view() : undefined
      truncateSync(path, 10)
      if (touched) refuses(t, () => m.slice(), 'ERR_MMAP_FAULT')
      t.is(m.refresh(), 'truncated')
      t.is(m.length, 10)
      t.is(m.slice().toString(), 'y'.repeat(10))
      refuses(t, () => m.get(10), 'ERR_OUT_OF_RANGE')
      appendFileSync(path, 'z'.repeat(200_000))
      t.is(m.refresh(), 'grown')
      t.is(m.length, 200_010)
      t.is(m.slice(9, 12).toString(), 'yzz')
      t.is(m.find('zy'), -1)
      if (view !== undefined) t.is(view.length, 100_000)
    }
  })
}

onUnix('a file that was truncated and is as long again: the fault is cleared', (t) => {
  const path = temporaryFile('a'.repeat(50_000))
  const m = opened(t, path)
  truncateSync(path, 0)
  refuses(t, () => m.slice(), 'ERR_MMAP_FAULT')
  writeFileSync(path, 'b'.repeat(50_000))
  t.is(m.refresh(), 'same')
  t.is(m.slice(-2).toString(), 'bb')
  t.is(m.count('b'), 50_000)
})

testWhere(unix && externalBuffers, 'truncates a mapped file under its views')(
  'views that are made after a fault was cleared show the file, also of the same length',
  (t) => {
    for (const access of [ACCESS_READ, ACCESS_WRITE, ACCESS_COPY]) {
      for (const touch of [(m: Mmap) => m.slice(), (m: Mmap) => m.view(Uint8Array)[40_000]]) {
        const path = temporaryFile('a'.repeat(50_000))
        const m = opened(t, path, { access })
        const [before, part] = [m.view(), m.view(Uint8Array, 40_000, 10)]
        truncateSync(path, 0)
        try {
          touch(m)
        } catch {
          // A member reports what it met, a view does not.
        }
        writeFileSync(path, 'b'.repeat(50_000))
        t.is(m.refresh(), 'same')
        t.is(m.view()[40_000], 98, `${access}`)
        t.is(m.view(Uint8Array, 40_000, 10)[0], 98)
        t.is(m.view(DataView).getUint8(49_999), 98)
        t.deepEqual([before.length, part.length], [50_000, 10])
        const kept = m.view()
        t.is(m.refresh(), 'same')
        t.is(m.view().buffer, kept.buffer)
      }
    }
  },
)

onUnix('after a fault a private map shows the file, and its own changes are gone', (t) => {
  for (const remap of [(m: Mmap) => void m.refresh(), (m: Mmap) => m.resize(2 * PAGESIZE)]) {
    const path = temporaryFile('a'.repeat(4 * PAGESIZE))
    const m = opened(t, path, { flags: MAP_PRIVATE })
    m.set(0, 65)
    truncateSync(path, 2 * PAGESIZE)
    refuses(t, () => m.slice(), 'ERR_MMAP_FAULT')
    remap(m)
    t.is(m.length, 2 * PAGESIZE)
    t.is(m.get(0), 97)
    t.is(m.find('\0', 0), -1)
  }
})

test('an offset, and a length that was asked for: the rest of the file is mapped', (t) => {
  const path = temporaryFile(ALLOCATIONGRANULARITY + 10)
  const m = opened(t, path, { offset: ALLOCATIONGRANULARITY, length: 5 })
  t.is(m.refresh(), 'grown')
  t.is(m.length, 10)
  t.is(m.offset, ALLOCATIONGRANULARITY)
})

test('of the same file: one that was replaced stays mapped', (t) => {
  const path = temporaryFile('old')
  const m = opened(t, path)
  const other = freshPath()
  writeFileSync(other, 'newer')
  if (unix) renameSync(other, path)
  t.is(m.refresh(), 'same')
  t.is(m.slice().toString(), 'old')
})

test('an empty map starts and ends at no bytes', (t) => {
  const path = temporaryFile('')
  const m = opened(t, path, { empty: true })
  t.is(m.refresh(), 'same')
  writeFileSync(path, 'hello')
  t.is(m.refresh(), 'grown')
  t.is(m.find('llo'), 2)
  if (!unix) return
  truncateSync(path, 0)
  t.is(m.refresh(), 'truncated')
  t.is(m.length, 0)
  t.is(m.find('x'), -1)
  writeFileSync(path, 'again')
  t.is(m.refresh(), 'grown')
  t.deepEqual(Array.from(m.lines(), String), ['again'])
})

onUnix('without that option a file without bytes is an error, and the map is as it was', (t) => {
  const path = temporaryFile('abc')
  const m = opened(t, path)
  truncateSync(path, 0)
  const error = refuses(t, () => m.refresh(), 'ERR_MMAP_EMPTY_FILE')
  t.is(error.path, path)
  t.is(m.length, 3)
  t.false(m.closed)
})

test('iterators see the new end', (t) => {
  const path = temporaryFile('a\nb\n')
  const m = opened(t, path)
  const lines = m.lines()
  t.is(String(lines.next().value), 'a')
  appendFileSync(path, 'c\n')
  m.refresh()
  t.deepEqual(Array.from(lines, String), ['b', 'c'])
})

test('anonymous memory is the same; a closed map, and one without its descriptor, are refused', (t) => {
  t.is(anonymous(t, 100).refresh(), 'same')
  const untracked = opened(t, temporaryFile('abc'), { trackfd: false })
  refuses(t, () => untracked.refresh(), 'ERR_MMAP_UNTRACKED')
  const m = opened(t, temporaryFile('abc'))
  m.close()
  refuses(t, () => m.refresh(), 'ERR_MMAP_CLOSED')
})

test('a pending promise refuses it, an ended one does not', async (t) => {
  const path = temporaryFile(30_000_000)
  const m = opened(t, path)
  const pending = m.findAsync('x')
  refuses(t, () => m.refresh(), 'ERR_MMAP_EXPORTED', /refresh/)
  t.is(await pending, -1)
  const ending = new AbortController()
  const aborted = m.findAsync('x', { signal: ending.signal }).catch(() => 'aborted')
  ending.abort()
  appendFileSync(path, 'x')
  t.is(m.refresh(), 'grown')
  t.is(await aborted, 'aborted')
  t.is(m.find('x'), 30_000_000)
})
