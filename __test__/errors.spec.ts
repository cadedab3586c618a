import { closeSync, openSync, statSync } from 'node:fs'
import { createServer } from 'node:net'
import { constants as os } from 'node:os'
import {
  ACCESS_READ,
  MAP_ANONYMOUS,
  MAP_PRIVATE,
  Mmap,
  PAGESIZE,
  PROT_EXEC,
  PROT_WRITE,
} from '../index.js'
import {
  closedMessage,
  copyResizeMessage,
  readonlyMessage,
  refuses,
  thrown,
} from './support/errors.ts'
import {
  anonymous,
  descriptor,
  latin1,
  mapped,
  mappedPath,
  temporaryFile,
} from './support/files.ts'
import { linux, externalBuffers, unix } from './support/platform.ts'
import { childAnswer } from './support/runtime.ts'
import test, { testWhere } from './support/test.ts'

/** Every method with arguments that are right for a six-byte map that writes. */
const methods: Record<string, (m: Mmap) => unknown> = {
  length: (m) => m.length,
  size: (m) => m.size(),
  tell: (m) => m.tell(),
  seek: (m) => m.seek(0),
  read: (m) => m.read(),
  readByte: (m) => m.readByte(),
  readline: (m) => m.readline(),
  readInto: (m) => m.readInto(new Uint8Array(2)),
  arrayBuffer: (m) => m.arrayBuffer(),
  write: (m) => m.write(''),
  writeByte: (m) => m.writeByte(0),
  get: (m) => m.get(0),
  set: (m) => m.set(0, 0),
  slice: (m) => m.slice(),
  'slice with a step': (m) => m.slice(0, 6, 2),
  setSlice: (m) => m.setSlice('', 0, 0),
  find: (m) => m.find('x'),
  rfind: (m) => m.rfind('x'),
  move: (m) => m.move(0, 0, 0),
  flush: (m) => m.flush(),
  madvise: (m) => m.madvise(0),
  resize: (m) => m.resize(6),
  setName: (m) => m.setName('x'),
  iteration: (m) => m[Symbol.iterator]().next(),
}

// Elsewhere they say that they are not supported, whatever the map is.
if (!unix) delete methods.madvise
if (!linux) delete methods.setName

test('section 0: on a closed map every method throws, with Python’s message', (t) => {
  for (const [name, call] of Object.entries(methods)) {
    for (const m of [
      mapped(t, 'abcdef'),
      mapped(t, 'abcdef', { access: ACCESS_READ }),
      anonymous(t, 6),
    ]) {
      m.close()
      refuses(t, () => call(m), 'ERR_MMAP_CLOSED', closedMessage, name)
    }
  }
  const m = mapped(t, 'abcdef')
  m.close()
  if (externalBuffers) refuses(t, () => m.view(), 'ERR_MMAP_CLOSED', closedMessage)
})

test('section 0: what a closed map still answers', (t) => {
  const m = mapped(t, 'abcdef', { access: ACCESS_READ })
  m.close()
  t.is(m.closed, true)
  t.is(m.access, ACCESS_READ)
  t.is(m.offset, 0)
  t.is(m.seekable(), true)
  t.is(m.close(), undefined)
  t.is(m[Symbol.dispose](), undefined)
  t.is(String(m), '<fmmap.Mmap closed=true>')
  t.is(typeof m[Symbol.iterator]().next, 'function')
})

test('types, then closed, then read-only, then ranges', (t) => {
  const wrong = {} as unknown as number
  const readOnly = mapped(t, 'abcdef', { access: ACCESS_READ })
  const closed = mapped(t, 'abcdef', { access: ACCESS_READ })
  closed.close()
  const typed: [string, (m: Mmap) => unknown, string][] = [
    ['seek', (m) => m.seek(wrong), 'ERR_INVALID_ARG_TYPE'],
    ['read', (m) => m.read(wrong), 'ERR_INVALID_ARG_TYPE'],
    ['readInto', (m) => m.readInto(wrong as unknown as Uint8Array), 'ERR_INVALID_ARG_TYPE'],
    ['write', (m) => m.write(wrong as unknown as string), 'ERR_INVALID_ARG_TYPE'],
    ['writeByte', (m) => m.writeByte(wrong), 'ERR_INVALID_ARG_TYPE'],
    ['writeByte(256)', (m) => m.writeByte(256), 'ERR_OUT_OF_RANGE'],
    ['writeByte(-1)', (m) => m.writeByte(-1), 'ERR_OUT_OF_RANGE'],
    ['arrayBuffer', (m) => m.arrayBuffer(wrong), 'ERR_INVALID_ARG_TYPE'],
    ['find', (m) => m.find('a', 0, wrong), 'ERR_INVALID_ARG_TYPE'],
    ['move', (m) => m.move(0, 0, wrong), 'ERR_INVALID_ARG_TYPE'],
    ['flush', (m) => m.flush('0' as unknown as number), 'ERR_INVALID_ARG_TYPE'],
    ['flush flags', (m) => m.flush(0, 0, { flags: wrong }), 'ERR_INVALID_ARG_TYPE'],
    ['madvise', (m) => m.madvise(wrong), 'ERR_INVALID_ARG_TYPE'],
    ['resize', (m) => m.resize(wrong), 'ERR_INVALID_ARG_TYPE'],
    [
      'resize detach',
      (m) => m.resize(1, { detach: wrong as unknown as boolean }),
      'ERR_INVALID_ARG_TYPE',
    ],
    ['setName', (m) => m.setName(wrong as unknown as string), 'ERR_INVALID_ARG_TYPE'],
  ]
  for (const [name, call, code] of typed) {
    if ((name === 'madvise' && !unix) || (name === 'setName' && !linux)) continue
    refuses(t, () => call(closed), code, undefined, `${name}, closed`)
    refuses(t, () => call(readOnly), code, undefined, `${name}, read-only`)
  }
  const writes: [string, (m: Mmap) => unknown, string][] = [
    ['write', (m) => m.write('longer than the map'), readonlyMessage],
    ['writeByte', (m) => m.writeByte(1), readonlyMessage],
    ['move', (m) => m.move(99, -1, 5), readonlyMessage],
    ['resize', (m) => m.resize(-1), copyResizeMessage],
  ]
  for (const [name, call, message] of writes) {
    refuses(t, () => call(closed), 'ERR_MMAP_CLOSED', closedMessage, name)
    refuses(t, () => call(readOnly), 'ERR_MMAP_READONLY', message, name)
  }
  const ranges: [string, (m: Mmap) => unknown][] = [
    ['seek', (m) => m.seek(-1)],
    ['whence', (m) => m.seek(0, 9)],
    ['get', (m) => m.get(99)],
    ['flush', (m) => m.flush(99)],
    ['madvise', (m) => m.madvise(0, 99)],
    ['slice', (m) => m.slice(0, 1, 0)],
  ]
  for (const [name, call] of ranges) {
    if (name === 'madvise' && !unix) continue
    refuses(t, () => call(closed), 'ERR_MMAP_CLOSED', closedMessage, name)
    refuses(t, () => call(readOnly), 'ERR_OUT_OF_RANGE', undefined, name)
  }
})

test('the four index members ask first whether the map is closed, as in Python', (t) => {
  const wrong = 'x' as unknown as number
  const closed = mapped(t, 'abcdef')
  closed.close()
  for (const call of [
    () => closed.get(wrong),
    () => closed.slice(wrong),
    () => closed.slice(0, 1, 0),
    () => closed.set(wrong, wrong),
    () => closed.setSlice(wrong as unknown as string, wrong),
  ]) {
    refuses(t, call, 'ERR_MMAP_CLOSED', closedMessage)
  }
})

test('messages have Python’s sentence, then the numbers', (t) => {
  const m = mapped(t, 'hello world')
  const cases: [() => unknown, string][] = [
    [() => m.get(99), 'mmap index out of range: 99 of 11 bytes'],
    [() => m.set(-12, 1), 'mmap index out of range: -12 of 11 bytes'],
    [() => m.set(0, 256), 'mmap item value must be in range(0, 256): received 256'],
    [() => m.setSlice('ab', 0, 1), 'mmap slice assignment is wrong size: 2 bytes for a slice of 1'],
    [() => m.seek(12), 'seek out of range: 12 of 11 bytes'],
    [() => m.seek(0, 3), 'unknown seek type: 3, which is none of 0, 1 and 2'],
    [() => m.write('hello worlds'), 'data out of range: 12 bytes at 0 of 11 bytes'],
    [() => m.writeByte(256), 'unsigned byte integer is greater than maximum: 256 is above 255'],
    [
      () => m.move(0, 1, 11),
      'source, destination, or count out of range: 11 bytes from 1 to 0 of 11 bytes',
    ],
    [() => m.flush(0, 12), 'flush values out of range: 12 bytes from 0 of 11 bytes'],
    [() => m.resize(-1), 'new size out of range: -1 is below 0'],
    [() => new Mmap(-1, -5), 'memory mapped length must be positive: -5 is below 0'],
  ]
  for (const [call, message] of cases) {
    t.is(refuses(t, call, 'ERR_OUT_OF_RANGE').message, message)
  }
  m.seek(11)
  const atEnd = 'position 11 of 11 bytes'
  t.is(thrown(t, () => m.readByte()).message, `read byte out of range: ${atEnd}`)
  t.is(thrown(t, () => m.writeByte(1)).message, `write byte out of range: ${atEnd}`)
})

testWhere(unix, 'Unix’s rules; windows.spec.ts has Windows’s')(
  'reading a map without PROT_READ is an error, not a crash',
  (t) => {
    const path = temporaryFile('abcdef')
    const reads = [
      'read',
      'readByte',
      'readline',
      'readInto',
      'arrayBuffer',
      'get',
      'slice',
      'slice with a step',
      'find',
      'rfind',
      'iteration',
    ]
    const memory = { flags: MAP_PRIVATE | MAP_ANONYMOUS }
    const maps = [
      mappedPath(t, path, { prot: PROT_WRITE }),
      mappedPath(t, path, { prot: 0 }),
      mappedPath(t, path, { prot: PROT_EXEC }),
      new Mmap(-1, PAGESIZE, { ...memory, prot: 0 }),
    ]
    t.teardown(() => maps.forEach((m) => m.close()))
    for (const m of maps) {
      for (const name of reads) {
        refuses(t, () => methods[name]?.(m), 'ERR_MMAP_UNREADABLE', undefined, name)
      }
      if (externalBuffers) refuses(t, () => m.view(), 'ERR_MMAP_UNREADABLE')
      t.is(m.tell(), 0)
    }
  },
)

test('a map with PROT_WRITE alone is written', (t) => {
  const path = temporaryFile('abcdef')
  const m = mappedPath(t, path, { prot: PROT_WRITE })
  t.is(m.write('XY'), 2)
  m.writeByte(90)
  m.set(3, 33)
  m.setSlice('!!', 4, 6)
  m.flush()
  t.is(latin1(mappedPath(t, path).slice()), 'XYZ!!!')
})

testWhere(unix, 'Unix’s rules; windows.spec.ts has Windows’s')(
  'CPython test_error: errors of the system look like those of Node',
  (t) => {
    const error = refuses(t, () => new Mmap(descriptor(t, temporaryFile('abc'), 'r'), 0), 'EACCES')
    t.is(error.errno, -os.errno.EACCES)
    t.is(error.syscall, 'mmap')
    t.true(error.message.startsWith('EACCES: permission denied, mmap'), error.message)
    t.true(error instanceof Error && !(error instanceof TypeError))
    const bad = refuses(t, () => new Mmap(999_999, 1), 'EBADF')
    t.is(bad.errno, -os.errno.EBADF)
  },
)

testWhere(unix, 'Unix’s rules; windows.spec.ts has Windows’s')(
  'a file truncated under its map is an error, not the end of the process (section 7)',
  async (t) => {
    const path = temporaryFile('x'.repeat(3 * PAGESIZE))
    const answer = await childAnswer<Record<string, unknown>>(
      `const { truncateSync } = await import('node:fs')
    const m = fmmap.Mmap.open(process.argv[2], { access: fmmap.ACCESS_WRITE })
    const code = (call) => { try { return call() } catch (error) { return error.code + ' ' + error.reason } }
    m.seek(5)
    truncateSync(process.argv[2], 0)
    const answers = { get: code(() => m.get(2 * fmmap.PAGESIZE)), read: code(() => m.read()), find: code(() => m.find('y')),
      write: code(() => m.write('z')), length: m.length / fmmap.PAGESIZE, size: m.size(), tell: m.tell(), seek: m.seek(1) }
    m.resize(4)
    answers.afresh = m.slice(0, 4).toString()
    m.close()
    console.log(JSON.stringify(answers))`,
      [path],
    )
    const fault = 'ERR_MMAP_FAULT truncated'
    t.deepEqual(answer, {
      get: fault,
      read: fault,
      find: fault,
      write: fault,
      length: 3,
      size: 0,
      tell: 5,
      seek: 1,
      afresh: '\0\0\0\0',
    })
  },
)

test('CPython test_invalid_descriptor: a socket is refused, and nothing crashes', async (t) => {
  const server = createServer()
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  t.teardown(() => void server.close())
  const fd = Reflect.get(server, '_handle')?.fd as unknown
  if (typeof fd !== 'number' || fd < 0)
    return t.pass('this runtime shows no descriptor of a socket')
  for (const length of [4096, 0]) {
    const { code, syscall } = thrown(t, () => new Mmap(fd, length))
    t.true(code in os.errno && syscall === 'mmap', `${code}, ${syscall}`)
  }
})

test('out of memory is an error, and the map goes on', (t) => {
  const path = temporaryFile('abc')
  const m = mappedPath(t, path)
  t.is(thrown(t, () => new Mmap(-1, 2 ** 52)).code, 'ENOMEM')
  t.is(latin1(m.slice()), 'abc')
  t.is(statSync(path).size, 3)
})

test('a descriptor closed before the call is EBADF', (t) => {
  const fd = openSync(temporaryFile('abc'), 'r+')
  closeSync(fd)
  refuses(t, () => new Mmap(fd, 0, { access: ACCESS_READ }), 'EBADF')
})

test('messages name the argument, what came, and what would do', (t) => {
  const m = mapped(t, 'abcdef')
  const cases: [() => unknown, RegExp[]][] = [
    [() => m.seek('3' as unknown as number), [/pos/, /'3'|"3"/, /integer/]],
    [() => m.seek(3n as unknown as number), [/pos/, /bigint|3n/, /Number\(/]],
    [() => m.get(Number.NaN), [/index|indices/i]],
    [() => m.move(0, 1.5, 1), [/src/, /1\.5/]],
    [() => m.flush(0, 0, { flags: 'x' as unknown as number }), [/flags/]],
    [() => m.write(5 as unknown as string), [/5|number/]],
    [() => new Mmap('x' as unknown as number, 1), [/fileno/]],
    [() => new Mmap(-1, 1, { trackfd: 1 as unknown as boolean }), [/trackfd/, /boolean/]],
  ]
  for (const [call, patterns] of cases) {
    const error = thrown(t, call)
    for (const pattern of patterns)
      t.true(pattern.test(error.message), `${String(call)}: ${error.message}`)
  }
})

test('every error carries a stack that begins at the caller', (t) => {
  const m = mapped(t, 'abc')
  const error = thrown(t, () => m.get(99))
  t.true(error.stack?.includes('errors.spec'), error.stack)
  t.is(error.name, 'RangeError')
  t.is(thrown(t, () => m.write(1 as unknown as string)).name, 'TypeError')
})
