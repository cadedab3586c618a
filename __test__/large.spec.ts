// Sparse files of 5, 6 and 8 GiB: offsets beyond 2^31 and 2^32, where runtimes limit the length of a view.
import { constants as limits } from 'node:buffer'
import { closeSync, ftruncateSync, openSync, rmSync, writeSync } from 'node:fs'
import {
  ACCESS_COPY,
  ACCESS_READ,
  ACCESS_WRITE,
  MAP_ANONYMOUS,
  MAP_NORESERVE,
  MAP_PRIVATE,
  Mmap,
} from '../index.js'
import { refuses } from './support/errors.ts'
import { freshPath, latin1 } from './support/files.ts'
import { emulated, externalBuffers, scale, unix } from './support/platform.ts'
import test, { type Assertions, testWhere } from './support/test.ts'

const GiB = 2 ** 30
const tail = '  DEARdear  '

/** A file of that size with a few bytes in it; the rest is a hole. */
function sparse(t: Assertions, size: number, pieces: Record<number, string>): string {
  const path = freshPath()
  const fd = openSync(path, 'w+')
  ftruncateSync(fd, size)
  for (const [offset, piece] of Object.entries(pieces))
    writeSync(fd, Buffer.from(piece), 0, piece.length, Number(offset))
  closeSync(fd)
  t.teardown(() => rmSync(path))
  return path
}

function opened(t: Assertions, path: string, options: Parameters<typeof Mmap.open>[1] = {}): Mmap {
  const m = Mmap.open(path, options)
  t.teardown(() => m.close())
  return m
}

test('CPython and PyPy test_large_offset: a map that begins beyond 5 GB', (t) => {
  const path = sparse(t, 0x1_4fff_ffff + 1, { [0x1_4fff_ffff]: ' ' })
  const m = opened(t, path, { offset: 0x1_4000_0000 })
  t.is(m.get(0xfff_ffff), 32)
  t.is(m.length, 0x1000_0000)
  t.is(m.offset, 0x1_4000_0000)
  t.is(m.get(-1), 32)
})

test('CPython and PyPy test_large_filesize: a short map of a 6 GB file', (t) => {
  const path = sparse(t, 0x1_7fff_ffff + 1, { [0x1_7fff_ffff]: ' ' })
  const m = opened(t, path, { length: 0x10000 })
  t.is(m.size(), 0x1_8000_0000)
  t.is(m.length, 0x10000)
})

for (const [name, boundary] of [
  ['CPython test_around_2GB', 2 ** 31],
  ['CPython test_around_4GB', 2 ** 32],
] as const) {
  test(`${name}: every member across the mark`, (t) => {
    t.timeout(240_000)
    const start = boundary - tail.length / 2
    const path = sparse(t, start + tail.length + 100, { [start]: tail })
    const m = opened(t, path, { access: ACCESS_WRITE })
    t.is(m.length, start + tail.length + 100)
    t.is(latin1(m.slice(start, start + tail.length)), tail)
    t.is(latin1(m.slice(start - 3, start + tail.length + 3)), `\0\0\0${tail}\0\0\0`)
    t.is(
      latin1(m.slice(start + tail.length - 1, start - 1, -1)),
      Array.from(tail).toReversed().join(''),
    )
    t.is(latin1(Buffer.from(m.arrayBuffer(start, start + tail.length))), tail)
    t.is(m.get(boundary), 100)
    t.is(m.get(boundary - 1), 82)
    t.is(m.seek(start), start)
    t.is(latin1(m.read(tail.length)), tail)
    t.is(m.tell(), start + tail.length)
    t.is(m.seek(-tail.length, 1), start)
    for (const letter of tail) t.is(m.readByte(), letter.charCodeAt(0))
    m.seek(start)
    const target = Buffer.alloc(tail.length)
    t.is(m.readInto(target), tail.length)
    t.is(latin1(target), tail)
    t.is(m.find('DEARdear', start - 5000), start + 2)
    t.is(m.rfind('DEARdear', start - 5000), start + 2)
    t.is(m.find('Rd', boundary - 1, boundary + 1), boundary - 1)
    t.is(m.find('Rd', boundary - 1, boundary), -1)
    t.is(m.find('', boundary), boundary)
    t.is(m.rfind('', boundary - 5, boundary + 5), boundary + 5)
    m.set(boundary, 0x2a)
    t.is(m.get(boundary), 0x2a)
    m.setSlice('xyz', boundary - 1, boundary + 2)
    m.seek(boundary - 1)
    m.writeByte(0x58)
    m.writeByte(0x59)
    t.is(latin1(m.slice(boundary - 2, boundary + 3)), 'AXYza')
    m.seek(boundary - 2)
    t.is(m.write('1234'), 4)
    m.move(boundary - 6, boundary - 2, 4)
    t.is(latin1(m.slice(boundary - 6, boundary + 2)), '12341234')
    m.setSlice('\n', boundary, boundary + 1)
    m.seek(boundary - 4)
    t.is(m.readline().length, 5)
    m.flush(boundary)
    if (unix) m.madvise(0, boundary, 4096)
  })
}

test('an 8 GiB file: both ends, the position, and a resize', (t) => {
  t.timeout(240_000)
  const size = 8 * GiB
  const path = sparse(t, size, {
    0: 'head',
    [size - 4]: 'tail',
    [5 * GiB]: 'line\n',
    [6 * GiB]: 'x',
  })
  const m = opened(t, path, { access: ACCESS_WRITE })
  t.is(m.length, size)
  t.is(m.size(), size)
  t.is(latin1(m.slice(0, 4)), 'head')
  t.is(latin1(m.slice(-4)), 'tail')
  t.is(m.seek(0, 2), size)
  t.is(m.seek(-4, 2), size - 4)
  t.is(latin1(m.read()), 'tail')
  m.seek(5 * GiB)
  t.is(latin1(m.readline()), 'line\n')
  t.is(m.find('x', 6 * GiB - 100, 6 * GiB + 100), 6 * GiB)
  t.is(m.rfind('tail', 8 * GiB - 100_000), size - 4)
  t.is(m.get(6 * GiB), 120)
  t.is(m.get(-size), 104)
  refuses(t, () => m.get(size), 'ERR_OUT_OF_RANGE')
  t.is(latin1(m.slice(0, undefined, 4 * GiB)), 'h\0')
  t.is(latin1(m.slice(undefined, undefined, -3 * GiB)), 'l\0\0')
  m.move(7 * GiB, 0, 4)
  t.is(latin1(m.slice(7 * GiB, 7 * GiB + 4)), 'head')
  m.resize(5 * GiB + 3)
  t.is(m.length, 5 * GiB + 3)
  t.is(m.tell(), 5 * GiB + 5)
  t.is(latin1(m.slice(-3)), 'lin')
  m.resize(9 * GiB)
  t.is(latin1(m.slice(5 * GiB, 5 * GiB + 5)), 'lin\0\0')
  m.set(9 * GiB - 1, 1)
  t.is(m.size(), 9 * GiB)
})

testWhere(unix, 'Unix’s rules; windows.spec.ts has Windows’s')(
  'the window follows random places far apart',
  (t) => {
    const size = 8 * GiB
    const m = new Mmap(-1, size, { flags: MAP_PRIVATE | MAP_ANONYMOUS | (MAP_NORESERVE ?? 0) })
    t.teardown(() => m.close())
    const places = Array.from({ length: 64 }, (_, i) => (i * 134_217_689 + 4_294_967_290) % size)
    for (let round = 1; round <= 3; round++) {
      for (const [i, place] of places.entries()) {
        m.set(place, (i * round) & 255)
        m.seek(place)
        if (m.readByte() !== ((i * round) & 255)) t.fail(`the byte at ${place}`)
      }
      for (const [i, place] of places.entries())
        if (m.get(place) !== ((i * round) & 255)) t.fail(`the byte at ${place}`)
    }
    t.pass()
  },
)

testWhere(scale >= 1, `minutes at FMMAP_TEST_SCALE ${scale}`)(
  'a whole-file find over 5 GiB, and backwards over 8 GiB of memory',
  (t) => {
    t.timeout(600_000)
    const size = 5 * GiB
    const m = opened(t, sparse(t, size, { [size - 6]: 'needle' }))
    t.is(m.find('needle'), size - 6)
    t.is(m.find('needles'), -1)
    m.close()
    const memory = new Mmap(-1, 8 * GiB, {
      flags: MAP_PRIVATE | MAP_ANONYMOUS | (MAP_NORESERVE ?? 0),
    })
    t.teardown(() => memory.close())
    memory.setSlice('needle', 10, 16)
    t.is(memory.rfind('needle'), 10)
  },
)

test('copies that no buffer can hold are refused', (t) => {
  const m = opened(t, sparse(t, 8 * GiB, { 0: 'x' }))
  const tooLong = limits.MAX_LENGTH < 8 * GiB
  if (!tooLong) return t.pass(`this runtime’s buffers hold ${limits.MAX_LENGTH} bytes`)
  for (const call of [() => m.read(), () => m.slice(), () => m.arrayBuffer()]) {
    refuses(t, call, 'ERR_OUT_OF_RANGE')
    t.is(m.tell(), 0)
  }
})

testWhere(unix, 'Unix’s rules; windows.spec.ts has Windows’s')(
  'a view beyond the runtime’s limit names it; one within it works anywhere in the file',
  (t) => {
    const size = 8 * GiB
    const m = opened(t, sparse(t, size, { [6 * GiB]: 'view', [size - 4]: 'tail' }), {
      access: ACCESS_COPY,
    })
    if (!externalBuffers) {
      refuses(t, () => m.view(6 * GiB, 4), 'ERR_MMAP_UNSUPPORTED')
      return
    }
    t.is(latin1(m.view(6 * GiB, 4)), 'view')
    t.is(latin1(m.view(size - 4)), 'tail')
    t.is(m.view(Uint32Array, 6 * GiB, 2).length, 2)
    if (limits.MAX_LENGTH < size) refuses(t, () => m.view(), 'ERR_OUT_OF_RANGE', /MAX_LENGTH/)
    else t.is(m.view().length, size)
  },
)

test('a read-only map of 8 GiB', (t) => {
  const size = 8 * GiB
  const m = opened(t, sparse(t, size, { [size - 4]: 'tail' }), { access: ACCESS_READ })
  t.is(latin1(m.slice(-4)), 'tail')
  t.is(m.find('tail', -10), size - 4)
  let seen = 0
  for (const byte of m) {
    seen += byte + 1
    if (seen === 5) break
  }
  t.is(seen, 5)
})

testWhere(unix && !emulated, 'it would take too long')(
  'a match or line of 2 GiB has no copy: that is an error, and not the end of the iteration',
  (t) => {
    t.timeout(600_000)
    const m = opened(t, sparse(t, 2 * GiB, {}))
    for (const found of [
      // A map's matchAll asks for no flag g.
      // oxlint-disable-next-line bad-match-all-arg
      m.matchAll(/\0+/),
      m.grep('\0'),
      m.grep(/[^\n]/, { reverse: true }),
      m.grep('\0').blocks(),
    ] as readonly Iterator<unknown>[]) {
      refuses(t, () => found.next(), 'ERR_OUT_OF_RANGE', /2147483647 bytes/)
      t.true(found.next().done)
    }
  },
)
