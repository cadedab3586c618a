// What only Windows has: sections with names, lengths that extend a file, a file that keeps its size while it is
// mapped, 64 KiB offsets, and no flags, no advice, no names of mappings.
import {
  existsSync,
  fstatSync,
  openSync,
  readFileSync,
  readSync,
  statSync,
  truncateSync,
  unlinkSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { getSystemErrorMap } from 'node:util'
import * as fmmap from '../index.js'
import {
  ACCESS_COPY,
  ACCESS_READ,
  ACCESS_WRITE,
  ALLOCATIONGRANULARITY,
  constants,
  Mmap,
  PAGESIZE,
} from '../index.js'
import { refuses, thrown } from './support/errors.ts'
import {
  bytes,
  descriptor,
  freshPath,
  latin1,
  mapped,
  mappedPath,
  temporaryFile,
} from './support/files.ts'
import { unix } from './support/platform.ts'
import { childAnswer } from './support/runtime.ts'
import { type Assertions, testWhere } from './support/test.ts'

const test = testWhere(!unix, 'Windows alone')

let tags = 0

/** A name that no other run uses. */
function freshTag(): string {
  tags += 1
  return `fmmap-test-${process.pid}-${tags}`
}

function tagged(t: Assertions, tagname: string, length: number, options = {}): Mmap {
  const m = new Mmap(-1, length, { tagname, ...options })
  t.teardown(() => m.close())
  return m
}

test('CPython test_tagname: one name is one memory, another is another', (t) => {
  const [one, other] = [freshTag(), freshTag()]
  const m1 = tagged(t, one, 10)
  m1.write('0123456789')
  const m2 = tagged(t, other, 20)
  m2.write('Have a nice day')
  const m3 = tagged(t, one, 10)
  t.is(latin1(m3.slice()), '0123456789')
  m3.set(0, 65)
  t.is(m1.get(0), 65)
  t.is(latin1(m2.slice(0, 4)), 'Have')
  for (const tagname of [1, true, {}]) {
    refuses(
      t,
      () => new Mmap(-1, 10, { tagname: tagname as unknown as string }),
      'ERR_INVALID_ARG_TYPE',
      /expected str or None for 'tagname'/,
    )
  }
  refuses(t, () => new Mmap(-1, 10, { tagname: 'a\0b' }), 'ERR_INVALID_ARG_VALUE')
  const plain = new Mmap(-1, 10, { tagname: null })
  t.is(plain.get(0), 0)
  plain.close()
})

test('a name is shared with another process, and gone with its last map', async (t) => {
  const tagname = freshTag()
  const m = tagged(t, tagname, PAGESIZE)
  m.write('from here')
  const answer = await childAnswer<{ read: string }>(
    `const m = new fmmap.Mmap(-1, ${PAGESIZE}, { tagname: process.argv[2] })
    const read = m.read(9).toString()
    m.write(', and back')
    console.log(JSON.stringify({ read }))`,
    [tagname],
  )
  t.is(answer.read, 'from here')
  t.is(latin1(m.slice(0, 19)), 'from here, and back')
  m.close()
  t.is(tagged(t, tagname, PAGESIZE).get(0), 0, 'a new memory of the old name')
})

test('a view of a read-only tagged map shows what the others write', (t) => {
  const tagname = freshTag()
  const writer = tagged(t, tagname, PAGESIZE)
  const reader = tagged(t, tagname, PAGESIZE, { access: ACCESS_READ })
  writer.write('seen')
  t.is(latin1(reader.read(4)), 'seen')
  const view = reader.view()
  t.is(latin1(view.subarray(0, 4)), 'seen')
  view[0] = 0
  t.is(latin1(writer.slice(0, 4)), 'seen', 'a stray write stays in the view')
})

test('CPython test_crasher_on_windows: a name whose memory is smaller, and a resize to nothing', (t) => {
  const tagname = freshTag()
  tagged(t, tagname, 1000)
  const { code, syscall } = thrown(t, () => new Mmap(-1, 100_000, { tagname }))
  t.is(code, 'EPERM')
  t.is(syscall, 'mmap')
  const path = temporaryFile('0123456789')
  const m = mappedPath(t, path)
  refuses(t, () => m.resize(0), 'EINVAL')
  t.is(latin1(m.slice()), '0123456789', 'and the file keeps its bytes')
  t.is(statSync(path).size, 10)
})

test('CPython test_invalid_descriptor, test_bad_file_desc: errors, and nothing crashes', async (t) => {
  const server = createServer()
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  t.teardown(() => void server.close())
  for (const fd of [-2, -3, 9999, { fd: -1 }, { fd: 8000 }]) {
    const error = refuses(t, () => new Mmap(fd, 4096), 'EBADF')
    t.is(error.syscall, 'mmap')
  }
})

test('descriptors 0 and -1 are both anonymous memory (section 1.2)', (t) => {
  for (const fileno of [0, -1]) {
    const m = new Mmap(fileno, 100)
    t.is(m.size(), 100)
    m.set(99, 7)
    t.is(m.get(99), 7)
    m.close()
  }
})

test('the caller’s file position goes to 0 (section 1.2)', (t) => {
  const fd = descriptor(t, temporaryFile('abcdef'))
  const byte = Buffer.alloc(2)
  readSync(fd, byte, 0, 2, null)
  t.is(latin1(byte), 'ab')
  new Mmap(fd, 0).close()
  readSync(fd, byte, 0, 2, null)
  t.is(latin1(byte), 'ab')
})

test('a length beyond the file extends it, where the map is writable (section 1.2)', (t) => {
  const path = temporaryFile('abc')
  const m = mappedPath(t, path, { access: ACCESS_WRITE }, 5000)
  t.is(m.length, 5000)
  t.is(m.size(), 5000)
  t.is(statSync(path).size, 5000)
  t.is(latin1(m.slice(0, 5)), 'abc\0\0')
  const short = temporaryFile('abc')
  for (const access of [ACCESS_READ, ACCESS_COPY]) {
    const { code } = thrown(t, () => mappedPath(t, short, { access }, 5000))
    t.true(code === 'ENOMEM' || code === 'EPERM' || code === 'EINVAL', code)
    t.is(statSync(short).size, 3)
  }
  const readable = descriptor(t, short, 'r')
  t.is(thrown(t, () => new Mmap(readable, 5000)).code, 'EPERM')
  t.is(statSync(short).size, 3)
})

test('open creates and extends', (t) => {
  const path = freshPath()
  const m = Mmap.open(path, { access: ACCESS_WRITE, length: 100, create: true })
  t.is(m.length, 100)
  t.is(statSync(path).size, 100)
  m.close()
  const at = { access: ACCESS_WRITE, offset: ALLOCATIONGRANULARITY, length: 10, create: true }
  Mmap.open(path, at).close()
  t.is(statSync(path).size, ALLOCATIONGRANULARITY + 10)
  const unmade = freshPath()
  thrown(t, () => Mmap.open(unmade, { ...at, offset: 4096 }))
  t.is(thrown(t, () => statSync(unmade)).code, 'ENOENT')
})

test('an offset is a multiple of 64 KiB, and a wrong one extends nothing', (t) => {
  t.is(ALLOCATIONGRANULARITY, 65_536)
  const path = temporaryFile(3 * ALLOCATIONGRANULARITY)
  const fd = descriptor(t, path)
  refuses(t, () => new Mmap(fd, 10, { offset: PAGESIZE }), 'EINVAL', /0 and 65536/)
  refuses(t, () => new Mmap(fd, 2 ** 20, { offset: 1 }), 'EINVAL', /0 and 65536/)
  t.is(fstatSync(fd).size, 3 * ALLOCATIONGRANULARITY)
  const m = new Mmap(fd, 0, { offset: ALLOCATIONGRANULARITY })
  t.is(m.length, 2 * ALLOCATIONGRANULARITY)
  m.close()
})

test('CPython test_resize_fails_if_mapping_held_elsewhere', (t) => {
  const path = temporaryFile(Buffer.alloc(2 * PAGESIZE, 'a'))
  const m1 = mappedPath(t, path)
  const m2 = mappedPath(t, path)
  for (const m of [m1, m2]) {
    const error = refuses(t, () => m.resize(PAGESIZE), 'EBUSY')
    t.is(error.syscall, 'ftruncate')
    t.is(m.length, 2 * PAGESIZE)
    t.is(latin1(m.slice(0, 3)), 'aaa', 'mapped again, at its old size')
    t.is(statSync(path).size, 2 * PAGESIZE)
  }
  m2.close()
  m1.resize(PAGESIZE)
  t.is(m1.length, PAGESIZE)
  t.is(statSync(path).size, PAGESIZE)
})

test('CPython test_resize_succeeds_with_error_for_second_named_mapping', (t) => {
  const tagname = freshTag()
  const m1 = tagged(t, tagname, 2 * PAGESIZE)
  m1.setSlice(Buffer.alloc(2 * PAGESIZE, 'a'), 0, 2 * PAGESIZE)
  const m2 = tagged(t, tagname, 2 * PAGESIZE)
  refuses(t, () => m2.resize(PAGESIZE), 'EBUSY')
  t.is(m1.length, 2 * PAGESIZE)
  t.is(m2.length, 2 * PAGESIZE)
  t.is(latin1(m2.slice(0, 3)), 'aaa')
  m2.set(0, 98)
  t.is(m1.get(0), 98, 'still one memory')
  m2.close()
  m1.resize(PAGESIZE)
  t.is(m1.length, PAGESIZE)
  t.is(latin1(m1.slice(0, 3)), 'baa')
  t.is(tagged(t, tagname, PAGESIZE).get(0), 98, 'the name came along')
})

test('CPython test_resize_up_when_mapped_to_pagefile, and down: the bytes are copied', (t) => {
  const m = new Mmap(-1, PAGESIZE)
  t.teardown(() => m.close())
  m.write(Buffer.alloc(PAGESIZE, 'x'))
  m.resize(2 * PAGESIZE)
  t.is(m.length, 2 * PAGESIZE)
  t.is(latin1(m.slice(PAGESIZE - 2, PAGESIZE + 2)), 'xx\0\0')
  m.resize(100)
  t.is(m.length, 100)
  t.is(latin1(m.slice(98)), 'xx')
})

test('resize is refused while a view of the map lives, and detach ends it', (t) => {
  const path = temporaryFile('0123456789')
  const m = mappedPath(t, path)
  const memory = new Mmap(-1, 10)
  t.teardown(() => memory.close())
  for (const map of [m, memory]) {
    const view = map.view()
    refuses(t, () => map.resize(5), 'ERR_MMAP_EXPORTED')
    refuses(t, () => map.resize(50), 'ERR_MMAP_EXPORTED')
    t.is(map.length, 10)
    t.is(view.length, 10)
    map.resize(5, { detach: true })
    t.is(map.length, 5)
    t.is(view.length, 0)
  }
  t.is(readFileSync(path, 'latin1'), '01234')
})

test('a mapped file is neither truncated nor removed under its map', (t) => {
  const path = temporaryFile('abcdef')
  const m = mappedPath(t, path)
  thrown(t, () => truncateSync(path, 0))
  t.is(latin1(m.slice()), 'abcdef')
  m.close()
  truncateSync(path, 1)
  unlinkSync(path)
  t.pass()
})

test('flush takes any offset, and flags mean nothing', (t) => {
  const path = temporaryFile(2 * PAGESIZE)
  const m = mappedPath(t, path, { access: ACCESS_WRITE })
  m.write('flushed')
  t.is(m.flush(), undefined)
  t.is(m.flush(1, 6), undefined)
  t.is(m.flush(0, 0), undefined)
  t.is(m.flush(0, 10, { flags: 0x7fff_0000 }), undefined)
  refuses(t, () => m.flush(0, 2 * PAGESIZE + 1), 'ERR_OUT_OF_RANGE')
  t.is(readFileSync(path).subarray(0, 7).toString(), 'flushed')
})

test('flags, prot, advice, names and the fault guard are not there', (t) => {
  const m = mapped(t, 'abc')
  const fd = descriptor(t, temporaryFile('abc'))
  for (const call of [
    () => new Mmap(fd, 0, { flags: 1 }),
    () => new Mmap(fd, 0, { prot: 1 }),
    () => Mmap.open(temporaryFile('abc'), { prot: 1 }),
    () => m.madvise(0),
    () => m.setName('x'),
    () => fmmap.setFaultGuard(true),
    () => fmmap.faultGuard(),
  ]) {
    refuses(t, call, 'ERR_MMAP_UNSUPPORTED')
  }
  t.deepEqual(
    Object.keys(constants).filter((name) => /^(MAP|PROT|MADV|MS)_/.test(name)),
    [],
  )
  t.is(fmmap.MAP_SHARED, undefined)
})

test('errors carry the numbers and names of libuv', (t) => {
  const missing = freshPath()
  const error = refuses(t, () => Mmap.open(missing), 'ENOENT')
  t.is(error.errno, -4058)
  t.is(getSystemErrorMap().get(-4058)?.[0], 'ENOENT')
  const fd = openSync(temporaryFile('abc'), 'r')
  t.is(refuses(t, () => new Mmap(fd, 0, { access: ACCESS_WRITE }), 'EPERM').errno, -4048)
})

test('a path in any alphabet', (t) => {
  const path = freshPath(' snö ☃ %41 файл')
  const m = Mmap.open(path, { access: ACCESS_WRITE, length: 4, create: true })
  m.write(bytes('snow'))
  m.close()
  t.is(readFileSync(path, 'latin1'), 'snow')
})

test('the bytes of a path are text: others are an error, and no other name', (t) => {
  const path = Buffer.concat([Buffer.from(freshPath()), Buffer.of(0xff)])
  const options = { access: ACCESS_WRITE, create: true, length: 10 }
  refuses(t, () => Mmap.open(path), 'ERR_INVALID_ARG_VALUE', /not UTF-8/)
  refuses(t, () => Mmap.open(path, options), 'ERR_INVALID_ARG_VALUE', /not UTF-8/)
  t.false(existsSync(path.toString()))
})
