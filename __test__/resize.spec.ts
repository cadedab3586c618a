import { appendFileSync, readFileSync, statSync, truncateSync } from 'node:fs'
import {
  ACCESS_COPY,
  ACCESS_READ,
  ACCESS_WRITE,
  ALLOCATIONGRANULARITY,
  MAP_PRIVATE,
  MADV_DONTNEED,
  MADV_NORMAL,
  MADV_RANDOM,
  Mmap,
  PAGESIZE,
} from '../index.js'
import { closedMessage, copyResizeMessage, refuses, thrown } from './support/errors.ts'
import {
  anonymous,
  descriptor,
  latin1,
  mapped,
  mappedPath,
  temporaryFile,
} from './support/files.ts'
import { externalBuffers, unix } from './support/platform.ts'
import test, { testWhere } from './support/test.ts'

const rangeMessage = 'new size out of range'

test('CPython test_basic: resize changes the map and the file', (t) => {
  const path = temporaryFile(2 * PAGESIZE)
  const m = mappedPath(t, path)
  m.setSlice('head', 0, 4)
  m.resize(512)
  t.is(m.length, 512)
  refuses(t, () => m.seek(513), 'ERR_OUT_OF_RANGE', 'seek out of range')
  t.is(statSync(path).size, 512)
  t.is(m.size(), 512)
  t.is(latin1(m.slice(0, 5)), 'head\0')
})

test('PyPy test_resize: a file grows by zeros; read-only and copied maps keep their size', (t) => {
  const path = temporaryFile('foobar')
  const m = mappedPath(t, path)
  t.is(m.resize(10), undefined)
  t.is(m.length, 10)
  t.is(latin1(m.slice()), 'foobar\0\0\0\0')
  t.is(statSync(path).size, 10)
  m.setSlice('wxyz', 6, 10)
  t.is(readFileSync(path, 'latin1'), 'foobarwxyz')
  for (const access of [ACCESS_READ, ACCESS_COPY]) {
    const other = mappedPath(t, path, { access })
    refuses(t, () => other.resize(20), 'ERR_MMAP_READONLY', copyResizeMessage)
    refuses(t, () => other.resize(-1), 'ERR_MMAP_READONLY', copyResizeMessage)
    t.is(other.length, 10)
  }
  t.is(statSync(path).size, 10)
})

test('PyPy test_offset: the file’s new size counts the offset', (t) => {
  const g = ALLOCATIONGRANULARITY
  const path = temporaryFile(2 * g)
  const m = mappedPath(t, path, { offset: g })
  m.write('tail')
  m.resize(g + 5)
  t.is(m.length, g + 5)
  t.is(statSync(path).size, 2 * g + 5)
  m.set(g + 4, 7)
  m.resize(3)
  t.is(statSync(path).size, g + 3)
  t.is(latin1(m.slice()), 'tai')
})

test('CPython test_resize_past_pos: the position stays, and nothing is read or written beyond the end', (t) => {
  const m = anonymous(t, 8192, 'private')
  m.read(5000)
  m.resize(4096)
  t.is(m.tell(), 5000)
  t.is(latin1(m.read(14)), '')
  t.is(latin1(m.read(-1)), '')
  t.is(latin1(m.read()), '')
  t.is(latin1(m.readline()), '')
  t.is(m.readInto(new Uint8Array(3)), 0)
  refuses(t, () => m.readByte(), 'ERR_OUT_OF_RANGE', 'read byte out of range')
  refuses(t, () => m.writeByte(0), 'ERR_OUT_OF_RANGE', 'write byte out of range')
  refuses(t, () => m.write('abc'), 'ERR_OUT_OF_RANGE', 'data out of range')
  refuses(
    t,
    () => m.write(''),
    'ERR_OUT_OF_RANGE',
    'data out of range',
    'nothing does not fit either (section 2)',
  )
  refuses(t, () => m.seek(0, 1), 'ERR_OUT_OF_RANGE', 'seek out of range')
  t.is(m.find(''), -1, 'the default start is the position, which is past the end (section 6)')
  t.is(m.rfind(''), -1)
  t.is(m.find('\0'), -1)
  t.is(m.tell(), 5000)
  t.is(m.seek(0), 0)
})

testWhere(unix, 'Unix’s rules; windows.spec.ts has Windows’s')(
  'CPython test_resize_up_anonymous_mapping: a shared one does not grow (section 6)',
  (t) => {
    const m = anonymous(t, 4096)
    m.write('abc')
    for (const size of [4097, 2 * 4096, 2 ** 40]) {
      refuses(
        t,
        () => m.resize(size),
        'ERR_OUT_OF_RANGE',
        "mmap: can't expand a shared anonymous mapping",
      )
    }
    t.is(m.length, 4096)
    t.is(latin1(m.slice(0, 3)), 'abc')
    t.is(m.resize(4096), undefined, 'its own size is no growth')
    const written = new Mmap(-1, 4096, { access: ACCESS_WRITE })
    t.teardown(() => written.close())
    refuses(
      t,
      () => written.resize(8192),
      'ERR_OUT_OF_RANGE',
      "mmap: can't expand a shared anonymous mapping",
    )
  },
)

test('CPython test_resize_down_anonymous_mapping: a shared one shrinks and keeps its head', (t) => {
  const m = anonymous(t, 2 * PAGESIZE)
  m.write('abcdefgh')
  for (const size of [PAGESIZE, 5, 1]) {
    m.resize(size)
    t.is(m.length, size)
    t.is(m.size(), size)
    t.is(latin1(m.slice(0, 8)), 'abcdefgh'.slice(0, size))
  }
  refuses(t, () => m.get(1), 'ERR_OUT_OF_RANGE')
})

test('CPython private anonymous resize: it grows by zeros, and shrinks', (t) => {
  const m = anonymous(t, PAGESIZE, 'private')
  m.write('abc')
  m.resize(3 * PAGESIZE)
  t.is(m.length, 3 * PAGESIZE)
  t.is(m.size(), 3 * PAGESIZE)
  t.is(latin1(m.slice(0, 4)), 'abc\0')
  t.is(latin1(m.slice(-3)), '\0\0\0')
  m.set(-1, 9)
  m.resize(2)
  t.is(latin1(m.slice()), 'ab')
  const copy = new Mmap(-1, PAGESIZE, { access: ACCESS_COPY })
  t.teardown(() => copy.close())
  refuses(t, () => copy.resize(1), 'ERR_MMAP_READONLY', copyResizeMessage)
})

test('resize(0) is refused before the file is touched (section 10)', (t) => {
  const path = temporaryFile('foobar')
  const m = mappedPath(t, path)
  const { code } = thrown(t, () => m.resize(0))
  t.is(code, 'EINVAL')
  t.is(statSync(path).size, 6)
  t.is(m.length, 6)
  t.is(latin1(m.slice()), 'foobar')
  for (const kind of ['private', 'shared'] as const) {
    const memory = anonymous(t, PAGESIZE, kind)
    t.is(thrown(t, () => memory.resize(0)).code, 'EINVAL')
    t.is(memory.length, PAGESIZE)
  }
})

test('sizes out of range change nothing', (t) => {
  const path = temporaryFile('foobar')
  const m = mappedPath(t, path)
  refuses(t, () => m.resize(-1), 'ERR_OUT_OF_RANGE', rangeMessage)
  refuses(t, () => m.resize(2 ** 63), 'ERR_OUT_OF_RANGE')
  for (const size of ['10', 1.5, null, undefined, 10n, {}]) {
    refuses(t, () => m.resize(size as number), 'ERR_INVALID_ARG_TYPE')
  }
  t.is(m.length, 6)
  t.is(statSync(path).size, 6)
})

test('a size that no file system or address space holds leaves file and map as they were', (t) => {
  const path = temporaryFile('foobar')
  const m = mappedPath(t, path)
  for (const size of [2 ** 52, Number.MAX_SAFE_INTEGER]) {
    const { code } = thrown(t, () => m.resize(size))
    t.true(['EFBIG', 'EINVAL', 'ENOMEM', 'ENOSPC', 'ERR_OUT_OF_RANGE'].includes(code), code)
    t.is(m.length, 6)
    t.is(statSync(path).size, 6)
    t.is(latin1(m.slice()), 'foobar')
  }
})

testWhere(unix, 'Unix’s rules; windows.spec.ts has Windows’s')(
  'resize of a MAP_PRIVATE file map changes the file’s size (section 1.1)',
  (t) => {
    const path = temporaryFile('foobar')
    const m = mappedPath(t, path, { flags: MAP_PRIVATE })
    m.write('FOO')
    m.resize(4)
    t.is(readFileSync(path, 'latin1'), 'foob')
    t.is(latin1(m.slice()), 'FOOb')
    m.resize(8)
    t.is(statSync(path).size, 8)
    t.is(m.length, 8)
  },
)

test('growing and shrinking by every kind of step keeps the bytes that stay', (t) => {
  const path = temporaryFile('a')
  const m = mappedPath(t, path)
  let expected = Buffer.from('a')
  for (const size of [
    PAGESIZE,
    1,
    PAGESIZE + 1,
    10 * PAGESIZE,
    3 * PAGESIZE - 1,
    2 ** 21 + 5,
    17,
    100_000,
  ]) {
    m.resize(size)
    expected = Buffer.concat([
      expected,
      Buffer.alloc(Math.max(0, size - expected.length)),
    ]).subarray(0, size)
    expected[size - 1] = size & 255
    m.set(size - 1, size & 255)
    t.is(m.length, size)
    t.true(m.slice().equals(expected), `${size} bytes`)
  }
  m.flush()
  t.true(readFileSync(path).equals(expected))
})

test('a map grows with a file that someone else made longer', (t) => {
  const path = temporaryFile('foobar')
  const m = mappedPath(t, path)
  truncateSync(path, 20)
  t.is(m.size(), 20)
  t.is(m.length, 6)
  m.resize(20)
  t.is(m.length, 20)
  t.is(statSync(path).size, 20)
})

testWhere(unix, 'Unix’s rules; windows.spec.ts has Windows’s')(
  'resize after a partial madvise',
  (t) => {
    const m = mapped(t, 4 * PAGESIZE)
    m.set(0, 1)
    m.madvise(MADV_DONTNEED, PAGESIZE, PAGESIZE)
    m.resize(8 * PAGESIZE)
    t.is(m.length, 8 * PAGESIZE)
    t.is(m.get(0), 1)
    t.is(m.get(-1), 0)
  },
)

test('an untracked map cannot resize, a closed one says so first', (t) => {
  const fd = descriptor(t, temporaryFile('foobar'))
  const m = new Mmap(fd, 0, { trackfd: false })
  refuses(t, () => m.resize(10), 'ERR_MMAP_UNTRACKED', "mmap can't resize with trackfd=False.")
  m.close()
  refuses(t, () => m.resize(10), 'ERR_MMAP_CLOSED', closedMessage)
  refuses(t, () => m.resize('x' as unknown as number), 'ERR_INVALID_ARG_TYPE')
})

testWhere(unix, 'Unix’s rules; windows.spec.ts has Windows’s')(
  'live views: a file map is mapped afresh, and the old memory stays with its views',
  (t) => {
    const path = temporaryFile('foobar')
    const m = mappedPath(t, path)
    if (!externalBuffers) return t.is(m.resize(10), undefined)
    const view = m.view()
    m.resize(2 * PAGESIZE)
    t.is(view.length, 6)
    t.is(latin1(view), 'foobar')
    m.set(0, 70)
    t.is(view[0], 70, 'both are the file')
    view[1] = 79
    t.is(m.get(1), 79)
    t.is(m.length, 2 * PAGESIZE)
    const second = m.view()
    t.is(second.length, 2 * PAGESIZE)
    m.resize(3)
    t.is(latin1(view.subarray(0, 3)), 'FOo')
    t.is(second.length, 2 * PAGESIZE)
  },
)

testWhere(externalBuffers && unix, 'no views in this mode, and on Windows they refuse a resize')(
  'live views: a shared anonymous map shrinks around them, a private one refuses',
  (t) => {
    const shared = anonymous(t, 2 * PAGESIZE)
    const view = shared.view()
    shared.resize(5)
    t.is(shared.length, 5)
    view[0] = 42
    t.is(shared.get(0), 42)
    t.is(view.length, 2 * PAGESIZE)
    const own = anonymous(t, PAGESIZE, 'private')
    const held = own.view()
    held[0] = 1
    refuses(t, () => own.resize(2 * PAGESIZE), 'ERR_MMAP_EXPORTED')
    refuses(t, () => own.resize(1), 'ERR_MMAP_EXPORTED')
    t.is(own.length, PAGESIZE)
    t.is(held.length, PAGESIZE)
  },
)

testWhere(externalBuffers, 'no views in this mode')(
  'detach: the views die first, and every map can resize',
  (t) => {
    const m = anonymous(t, PAGESIZE, 'private')
    m.write('abc')
    const view = m.view()
    m.resize(2 * PAGESIZE, { detach: true })
    t.is(view.length, 0)
    t.is(m.length, 2 * PAGESIZE)
    t.is(latin1(m.slice(0, 3)), 'abc')
    t.is(latin1(m.view(0, 3)), 'abc')
    refuses(t, () => m.resize(1, { detach: 1 as unknown as boolean }), 'ERR_INVALID_ARG_TYPE')
  },
)

testWhere(unix, 'advice about a part')(
  'private memory can grow and shrink when advice about a part has made several areas of it',
  (t) => {
    const m = anonymous(t, 10 * PAGESIZE, 'private')
    m.write('first')
    m.set(2 * PAGESIZE + 1, 65)
    m.set(-1, 66)
    m.madvise(MADV_RANDOM, PAGESIZE, PAGESIZE)
    m.resize(20 * PAGESIZE + 5)
    t.is(m.length, 20 * PAGESIZE + 5)
    t.is(latin1(m.slice(0, 5)), 'first')
    t.is(m.get(2 * PAGESIZE + 1), 65)
    t.is(m.get(10 * PAGESIZE - 1), 66)
    t.is(m.get(-1), 0)
    m.resize(3 * PAGESIZE)
    t.is(m.get(2 * PAGESIZE + 1), 65)
    m.madvise(MADV_NORMAL)
    m.resize(5 * PAGESIZE)
    t.is(latin1(m.slice(0, 5)), 'first')
  },
)

testWhere(unix, 'the flag is Unix’s')(
  'a private map that was cut inside a page it has changed shows zeros when it grows again',
  (t) => {
    const path = temporaryFile('x'.repeat(2 * PAGESIZE))
    const m = mappedPath(t, path, { flags: MAP_PRIVATE })
    m.set(0, 65)
    m.resize(100)
    m.resize(PAGESIZE + 50)
    t.is(m.get(0), 65)
    t.true(m.slice(1, 100).equals(Buffer.alloc(99, 'x')))
    t.true(m.slice(100).equals(Buffer.alloc(PAGESIZE - 50)))
    // A map that ends before its file shows what the file has there.
    m.set(1, 66)
    m.resize(100)
    appendFileSync(path, 'more')
    m.resize(200)
    t.is(latin1(m.slice(98, 106)), 'xxmore\0\0')
  },
)
