import { readFileSync } from 'node:fs'
import { ACCESS_COPY, ACCESS_READ, ACCESS_WRITE, type Mmap, PAGESIZE } from '../index.js'
import { closedMessage, readonlyMessage, refuses } from './support/errors.ts'
import { anonymous, bytes, latin1, mapped, mappedPath, temporaryFile } from './support/files.ts'
import test from './support/test.ts'

test('CPython test_basic: a fresh map holds the file, and what is set is seen', (t) => {
  const content = Buffer.alloc(2 * PAGESIZE)
  content.write('foo', PAGESIZE)
  const path = temporaryFile(content)
  const m = mappedPath(t, path, { access: ACCESS_WRITE })
  t.is(m.find('foo'), PAGESIZE)
  t.is(m.length, 2 * PAGESIZE)
  t.is(m.get(0), 0)
  t.is(latin1(m.slice(0, 3)), '\0\0\0')
  refuses(t, () => m.get(m.length), 'ERR_OUT_OF_RANGE', 'mmap index out of range')
  refuses(t, () => m.set(m.length, 0), 'ERR_OUT_OF_RANGE', 'mmap index out of range')
  m.set(0, 0x33)
  m.setSlice('bar', PAGESIZE, PAGESIZE + 3)
  t.is(m.get(0), 0x33)
  t.is(latin1(m.slice(0, 3)), '3\0\0')
  t.is(latin1(m.slice(PAGESIZE - 1, PAGESIZE + 7)), '\0bar\0\0\0\0')
  m.flush()
  t.is(latin1(readFileSync(path)), latin1(m.slice()))
})

test('CPython test_basic: seek answers the new position from the start, the position and the end', (t) => {
  const m = mapped(t, 2 * PAGESIZE)
  t.is(m.seek(0, 0), 0)
  t.is(m.tell(), 0)
  t.is(m.seek(42, 1), 42)
  t.is(m.tell(), 42)
  t.is(m.seek(0, 2), m.length)
  t.is(m.tell(), m.length)
  t.is(m.seekable(), true)
  for (const [pos, whence] of [
    [-1, 0],
    [1, 2],
    [-m.length - 1, 2],
  ] as const) {
    refuses(t, () => m.seek(pos, whence), 'ERR_OUT_OF_RANGE', 'seek out of range')
  }
  t.is(m.tell(), m.length, 'a refused seek moves nothing')
})

test('PyPy test_seek: whence is 0, 1 or 2, and the map has no beyond', (t) => {
  const m = mapped(t, 'foobar')
  t.is(m.seek(0), 0)
  t.is(m.seek(4), 4)
  t.is(m.seek(1, 1), 5)
  t.is(m.seek(-3, 2), 3)
  t.is(m.seek(-1, 1), 2)
  t.is(m.seek(6), 6, 'the end itself is a position')
  for (const [pos, whence] of [
    [-1, 0],
    [-7, 2],
    [10, 0],
    [1, 1],
  ] as const) {
    refuses(t, () => m.seek(pos, whence), 'ERR_OUT_OF_RANGE', 'seek out of range')
  }
  for (const whence of [3, 4, -1])
    refuses(t, () => m.seek(0, whence), 'ERR_OUT_OF_RANGE', 'unknown seek type')
  refuses(t, () => m.seek(bytes('foo') as unknown as number), 'ERR_INVALID_ARG_TYPE')
  refuses(t, () => m.seek(0, bytes('foo') as unknown as number), 'ERR_INVALID_ARG_TYPE')
  t.is(m.tell(), 6)
})

test('CPython test_read_all: read takes everything left by default and for any negative count', (t) => {
  const content = 'ab\nc\0de'.repeat(11)
  const m = mapped(t, content)
  for (const count of [undefined, -1, -2, -42, -(2 ** 53)]) {
    for (const start of [0, 1, 16, content.length - 1]) {
      m.seek(start)
      t.is(latin1(m.read(count)), content.slice(start))
      t.is(m.tell(), content.length)
      t.is(latin1(m.read(count)), '', 'at the end there is nothing')
    }
  }
  m.seek(9)
  t.is(latin1(m.read()), content.slice(9))
})

test('CPython test_read_invalid_arg: a count is an integer', (t) => {
  const m = mapped(t, 'content')
  for (const count of ['foo', 5.5, [1, 2, 3], null, {}, 3n]) {
    refuses(t, () => m.read(count as number), 'ERR_INVALID_ARG_TYPE')
  }
  t.is(m.tell(), 0)
})

test('CPython test_io_methods: reads and writes go on from one another', (t) => {
  const m = anonymous(t, 16)
  m.write('0123456789ABCDEF')
  t.is(m.tell(), 16)
  m.seek(0)
  for (const digit of '0123456789') t.is(m.readByte(), digit.charCodeAt(0))
  t.is(m.tell(), 10)
  t.is(latin1(m.read(3)), 'ABC')
  t.is(latin1(m.read(99)), 'DEF')
  refuses(t, () => m.readByte(), 'ERR_OUT_OF_RANGE', 'read byte out of range')
  refuses(t, () => m.writeByte(1), 'ERR_OUT_OF_RANGE', 'write byte out of range')
  m.seek(1)
  m.writeByte(120)
  t.is(m.tell(), 2)
  m.write(new Uint8Array([121, 122]))
  t.is(m.tell(), 4)
  t.is(latin1(m.slice()), '0xyz456789ABCDEF')
  m.seek(14)
  refuses(t, () => m.write('abc'), 'ERR_OUT_OF_RANGE', 'data out of range')
  t.is(m.tell(), 14)
  t.is(latin1(m.slice(-2)), 'EF', 'all or nothing')
})

test('CPython test_non_ascii_byte: bytes above 127 come back as they went in', (t) => {
  for (const value of [129, 200, 255]) {
    const m = anonymous(t, PAGESIZE)
    m.writeByte(value)
    t.is(m.get(0), value)
    m.seek(0)
    t.is(m.readByte(), value)
    m.set(1, value)
    t.is(m.get(1), value)
    t.deepEqual(Array.from(m.slice(0, 2)), [value, value])
  }
})

test('CPython test_write_returning_the_number_of_bytes_written: 0, 1, 2 and 6', (t) => {
  const m = anonymous(t, 16)
  t.is(m.write(''), 0)
  t.is(m.write('x'), 1)
  t.is(m.write('yz'), 2)
  t.is(m.write('python'), 6)
  t.is(m.tell(), 9)
})

test('PyPy test_create: more than there is reads what there is', (t) => {
  t.is(latin1(mapped(t, 'c').read(99)), 'c')
})

test('PyPy test_read_byte: the byte, then the end', (t) => {
  const m = mapped(t, 'c')
  t.is(m.readByte(), 99)
  refuses(t, () => m.readByte(), 'ERR_OUT_OF_RANGE', 'read byte out of range')
  t.is(m.tell(), 1)
})

test('PyPy test_readline: lines keep their newline, and the end is empty', (t) => {
  const m = mapped(t, 'foo\n')
  t.is(latin1(m.readline()), 'foo\n')
  t.is(latin1(m.readline()), '')
  t.is(m.tell(), 4)
})

test('readline splits at a newline alone: carriage returns stay, a last line needs no newline (section 2)', (t) => {
  const m = mapped(t, 'one\r\n\ntwo\rthree\x85\u000bfour')
  t.is(latin1(m.readline()), 'one\r\n')
  t.is(latin1(m.readline()), '\n')
  t.is(latin1(m.readline()), 'two\rthree\x85\u000bfour')
  t.is(latin1(m.readline()), '')
})

test('readline returns lines of every length around a page whole', (t) => {
  const lengths = [0, 1, 63, 64, 65, PAGESIZE - 1, PAGESIZE, PAGESIZE + 1, 3 * PAGESIZE, 100_000]
  const lines = lengths.map((length) => `${'x'.repeat(length)}\n`)
  const m = mapped(t, lines.join(''))
  for (const line of lines) t.true(latin1(m.readline()) === line, `a line of ${line.length} bytes`)
  t.is(m.tell(), m.length)
})

test('PyPy test_size, test_tell, test_len: three different numbers', (t) => {
  const path = temporaryFile('foobar')
  const m = mappedPath(t, path, { access: ACCESS_READ }, 5)
  t.is(m.size(), 6, 'the file')
  t.is(m.length, 5, 'the map')
  t.is(m.tell(), 0)
  m.read(2)
  t.is(m.tell(), 2)
})

test('PyPy test_write: bytes and strings go in, numbers do not, and a read-only map takes nothing', (t) => {
  const path = temporaryFile('123456')
  const readOnly = mappedPath(t, path, { access: ACCESS_READ })
  refuses(t, () => readOnly.write('foo'), 'ERR_MMAP_READONLY', readonlyMessage)
  refuses(t, () => readOnly.writeByte(1), 'ERR_MMAP_READONLY', readonlyMessage)
  const m = mappedPath(t, path)
  refuses(t, () => m.write(123 as unknown as string), 'ERR_INVALID_ARG_TYPE')
  refuses(t, () => m.write('longer than the map'), 'ERR_OUT_OF_RANGE', 'data out of range')
  m.write('ciao\n')
  m.seek(0)
  t.is(latin1(m.read(6)), 'ciao\n6')
  t.is(latin1(readFileSync(path)), 'ciao\n6')
})

test('PyPy test_write_byte: one number from 0 to 255', (t) => {
  const m = mapped(t, '123456')
  for (const value of [bytes('a'), 'a', 1.5, null]) {
    refuses(t, () => m.writeByte(value as number), 'ERR_INVALID_ARG_TYPE')
  }
  refuses(
    t,
    () => m.writeByte(256),
    'ERR_OUT_OF_RANGE',
    'unsigned byte integer is greater than maximum',
  )
  refuses(
    t,
    () => m.writeByte(-1),
    'ERR_OUT_OF_RANGE',
    'unsigned byte integer is less than minimum',
  )
  t.is(m.tell(), 0)
  m.writeByte(120)
  t.is(latin1(m.slice()), 'x23456')
  t.is(m.tell(), 1)
})

test('write takes every kind of bytes: strings as UTF-8, typed arrays, DataView, ArrayBuffer, shared ones', (t) => {
  const source = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8)
  const shared = new SharedArrayBuffer(2)
  new Uint8Array(shared).set([9, 8])
  const cases: [Parameters<Mmap['write']>[0], number[]][] = [
    ['é€', [0xc3, 0xa9, 0xe2, 0x82, 0xac]],
    ['a\ud800b', [0x61, 0xef, 0xbf, 0xbd, 0x62]],
    ['\ud83d\ude00', [0xf0, 0x9f, 0x98, 0x80]],
    [Buffer.from([1, 2]), [1, 2]],
    [source.subarray(2, 5), [3, 4, 5]],
    [new Uint16Array(source.buffer, 2, 2), [3, 4, 5, 6]],
    [new DataView(source.buffer, 5, 2), [6, 7]],
    [new Float64Array(source.buffer), [1, 2, 3, 4, 5, 6, 7, 8]],
    [source.buffer, [1, 2, 3, 4, 5, 6, 7, 8]],
    [shared, [9, 8]],
    [new Uint8Array(shared), [9, 8]],
  ]
  for (const [input, expected] of cases) {
    const m = anonymous(t, 64)
    m.seek(3)
    t.is(m.write(input), expected.length)
    t.is(m.tell(), 3 + expected.length)
    t.deepEqual(Array.from(m.slice(3, 3 + expected.length)), expected)
    t.is(m.get(2) + m.get(3 + expected.length), 0, 'nothing beside it')
  }
})

test('a map can be written from its own view and from another map', (t) => {
  const from = mapped(t, 'abcdef')
  const to = anonymous(t, 6)
  t.is(to.write(from.slice()), 6)
  t.is(latin1(to.slice()), 'abcdef')
})

test('write takes long sources whole, small and large, at every offset of a page', (t) => {
  const m = anonymous(t, 40 * PAGESIZE)
  let value = 1
  for (const length of [
    1,
    15,
    16,
    17,
    63,
    64,
    65,
    255,
    256,
    1000,
    PAGESIZE,
    PAGESIZE + 1,
    20 * PAGESIZE,
  ]) {
    for (const start of [0, 1, PAGESIZE - 1, PAGESIZE, 7 * PAGESIZE + 3]) {
      value = (value % 255) + 1
      const source = Buffer.alloc(length, value)
      m.seek(start)
      t.is(m.write(source), length)
      t.true(m.slice(start, start + length).equals(source), `${length} bytes at ${start}`)
    }
  }
})

test('read and slice are copies: the map does not change with them, nor they with it', (t) => {
  const m = mapped(t, 'abcdefgh')
  const read = m.read(4)
  const slice = m.slice(0, 4)
  t.true(Buffer.isBuffer(read) && Buffer.isBuffer(slice))
  read[0] = 0
  slice[1] = 0
  t.is(latin1(m.slice()), 'abcdefgh')
  m.setSlice('WXYZ', 0, 4)
  t.is(latin1(read), '\0bcd')
  t.is(latin1(slice), 'a\0cd')
})

test('copies cut from one piece of memory never overlap, and one transferred leaves the others alone', (t) => {
  const m = mapped(t, Buffer.from(Array.from({ length: 256 }, (_, i) => i)))
  const copies: Buffer[] = []
  for (let i = 0; i < 2000; i++) {
    m.seek(i % 200)
    copies.push(m.read(1 + (i % 50)))
  }
  const first = copies[0] as Buffer
  try {
    structuredClone(first.buffer, { transfer: [first.buffer as ArrayBuffer] })
  } catch {
    // Marked as untransferable: so much the better.
  }
  for (const [i, copy] of copies.entries()) {
    if (i === 0) continue
    const expected = Array.from({ length: 1 + (i % 50) }, (_, k) => (i % 200) + k)
    if (!copy.equals(Buffer.from(expected))) t.fail(`copy ${i} holds ${copy.toString('hex')}`)
  }
  t.pass()
})

test('readInto fills its target from the position, and says how far', (t) => {
  const m = mapped(t, 'abcdefghij')
  const target = Buffer.alloc(4, 0x2e)
  t.is(m.readInto(target), 4)
  t.is(latin1(target), 'abcd')
  t.is(m.tell(), 4)
  const wide = new Uint16Array(2)
  t.is(m.readInto(wide), 4)
  t.is(latin1(new Uint8Array(wide.buffer)), 'efgh')
  const around = Buffer.alloc(8, 0x2e)
  t.is(m.readInto(around.subarray(2, 6)), 2)
  t.is(latin1(around), '..ij....', 'no byte outside the target, none past the end of the map')
  t.is(m.tell(), 10)
  t.is(m.readInto(target), 0)
  t.is(m.readInto(new DataView(new ArrayBuffer(0))), 0)
  t.is(m.tell(), 10)
})

test('readInto takes a DataView and a shared buffer, and refuses what is no view', (t) => {
  const m = mapped(t, 'abcdefghij')
  const view = new DataView(new ArrayBuffer(6), 1, 3)
  t.is(m.readInto(view), 3)
  t.is(latin1(new Uint8Array(view.buffer)), '\0abc\0\0')
  const shared = new Uint8Array(new SharedArrayBuffer(3))
  t.is(m.readInto(shared), 3)
  t.is(Buffer.from(shared).toString('latin1'), 'def')
  for (const target of ['abc', 3, null, undefined, [], {}, new ArrayBuffer(3)]) {
    refuses(t, () => m.readInto(target as Uint8Array), 'ERR_INVALID_ARG_TYPE')
  }
  t.is(m.tell(), 6)
})

test('readInto copies large pieces exactly', (t) => {
  const content = Buffer.from(Uint8Array.from({ length: 300_000 }, (_, i) => (i * 7) & 255))
  const m = mapped(t, content)
  for (const length of [1, 64, 4096, 65_536, 262_144]) {
    m.seek(12_345)
    const target = Buffer.alloc(length)
    t.is(m.readInto(target), Math.min(length, 300_000 - 12_345))
    t.true(target.equals(content.subarray(12_345, 12_345 + length)))
  }
})

test('every member that moves the position moves it by what it read or wrote, the others not at all', (t) => {
  const m = mapped(t, 'one\ntwo\nthree')
  m.seek(4)
  m.find('o')
  m.rfind('e')
  m.get(0)
  m.slice(1, 3)
  m.set(0, 0x4f)
  m.setSlice('x', 1, 2)
  m.move(0, 1, 2)
  m.flush()
  m.size()
  m.arrayBuffer()
  t.is(m.tell(), 4)
  m.readline()
  t.is(m.tell(), 8)
  m.readByte()
  t.is(m.tell(), 9)
  m.writeByte(0x48)
  t.is(m.tell(), 10)
})

test('ACCESS_COPY writes through every member, and the file never hears of it', (t) => {
  const path = temporaryFile('abcdef')
  const m = mappedPath(t, path, { access: ACCESS_COPY })
  m.write('12')
  m.writeByte(51)
  m.set(3, 52)
  m.setSlice('56', 4, 6)
  m.move(0, 1, 2)
  m.flush()
  t.is(latin1(m.slice()), '233456')
  t.is(latin1(readFileSync(path)), 'abcdef')
})

test('position members of a closed map', (t) => {
  const m = mapped(t, 'abcdef')
  m.close()
  const calls: [string, () => unknown][] = [
    ['tell', () => m.tell()],
    ['seek', () => m.seek(0)],
    ['read', () => m.read()],
    ['readByte', () => m.readByte()],
    ['readline', () => m.readline()],
    ['readInto', () => m.readInto(new Uint8Array(1))],
    ['write', () => m.write('')],
    ['writeByte', () => m.writeByte(0)],
    ['size', () => m.size()],
    ['length', () => m.length],
  ]
  for (const [name, call] of calls) refuses(t, call, 'ERR_MMAP_CLOSED', closedMessage, name)
  t.is(m.seekable(), true)
})
