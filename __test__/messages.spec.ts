// What a user reads who got something wrong: each message says what was passed, and what is allowed.
import { mkdirSync } from 'node:fs'
import {
  ACCESS_WRITE,
  ALLOCATIONGRANULARITY as GRANULARITY,
  constants,
  Mmap,
  PAGESIZE,
  Pattern,
} from '../index.js'
import { descriptor, freshPath, mapped, temporaryFile } from './support/files.ts'
import { refuses, rejection, thrown } from './support/errors.ts'
import { externalBuffers, linux, unix } from './support/platform.ts'
import test, { testWhere } from './support/test.ts'

test('a path in place of a descriptor leads to Mmap.open, and the other way round', (t) => {
  const path = temporaryFile('abc')
  const constructor = Mmap as unknown as new (path: string, length: number) => Mmap
  refuses(t, () => new constructor(path, 0), 'ERR_INVALID_ARG_TYPE', /Mmap\.open\(path\)/)
  const open = (value: unknown): Mmap => Mmap.open(value as string)
  refuses(t, () => open(3), 'ERR_INVALID_ARG_TYPE', /new Mmap\(fd, length\).*Received 3$/)
})

test('a file that is missing is named', (t) => {
  const path = freshPath()
  const missing = refuses(t, () => Mmap.open(path), 'ENOENT', /no such file or directory, open '/)
  t.is(missing.path, path)
})

testWhere(linux, 'a message of Linux')('a directory is no file', (t) => {
  const path = freshPath()
  mkdirSync(path)
  refuses(t, () => Mmap.open(path), 'EISDIR', /directory/)
})

test('an error about a file that was opened by its path has the path', (t) => {
  const empty = temporaryFile()
  t.is(refuses(t, () => Mmap.open(empty), 'ERR_MMAP_EMPTY_FILE').path, empty)
  const short = temporaryFile('abc')
  t.is(refuses(t, () => Mmap.open(short, { offset: GRANULARITY }), 'ERR_OUT_OF_RANGE').path, short)
})

test('a URL that is of no file is an argument that is wrong', (t) => {
  for (const url of ['https://example.org/a', 'file://host.example/a%2Fb']) {
    if (!unix && url.startsWith('file:')) continue
    refuses(t, () => Mmap.open(new URL(url)), 'ERR_INVALID_ARG_TYPE', /URL of a file.*Received/)
  }
})

testWhere(unix, 'a message of Unix')(
  'a map that would write to a descriptor for reading says what to do',
  (t) => {
    const fd = descriptor(t, temporaryFile('abc'), 'r')
    refuses(t, () => new Mmap(fd, 0), 'EACCES', /pass access: ACCESS_READ, or open it with 'r\+'$/)
  },
)

testWhere(linux, 'a message of Linux')(
  'anonymous memory without a length, and a map resized to nothing, say why',
  (t) => {
    refuses(t, () => new Mmap(-1, 0), 'EINVAL', /anonymous memory needs a length$/)
    const m = mapped(t, 'abc', { access: ACCESS_WRITE })
    refuses(t, () => m.resize(0), 'EINVAL', /a map cannot be empty$/)
  },
)

test('an unaligned offset is told its neighbours, where it matters', (t) => {
  const path = temporaryFile(3 * GRANULARITY)
  const nearest = new RegExp(`the nearest are ${GRANULARITY} and ${2 * GRANULARITY}$`)
  refuses(t, () => Mmap.open(path, { offset: GRANULARITY + 1 }), 'EINVAL', nearest)
})

testWhere(unix, 'Windows flushes any offset')('so is an unaligned flush', (t) => {
  const m = mapped(t, 3 * PAGESIZE)
  refuses(t, () => m.flush(1), 'EINVAL', new RegExp(`the nearest are 0 and ${PAGESIZE}$`))
})

test('a bigint is told its number, and a long string is cut', (t) => {
  const m = mapped(t, 'abc')
  const read = m.read.bind(m) as (n: unknown) => Buffer
  refuses(t, () => read(5n), 'ERR_INVALID_ARG_TYPE', /Number\(5n\)$/)
  const get = m.slice.bind(m) as (start: unknown) => Buffer
  refuses(t, () => get('x'.repeat(1000)), 'ERR_INVALID_ARG_TYPE', /Received 'x{25}\.\.\.'$/)
})

test('a number as a needle is told what a needle is', (t) => {
  const m = mapped(t, 'abc')
  const find = m.find.bind(m) as (sub: unknown) => number
  const sentence = /bytes-like object is required, not 'number' \(a string, Buffer,/
  refuses(t, () => find(97), 'ERR_INVALID_ARG_TYPE', sentence)
})

test('strings of a list that are too long together are told how long they may be', (t) => {
  const list = ['x'.repeat(2 ** 24), 'y']
  const said = /^what makes the automaton too large, at 0: .* a list may have 16 MiB together$/
  const m = mapped(t, 'abc')
  const refusal = thrown(t, () => m.count(list), 'a list of more than 16 MiB') as unknown as Error
  t.is(refusal.name, 'SyntaxError')
  t.true(said.test(refusal.message), refusal.message)
  const { code, construct } = refusal as { code?: string; construct?: string }
  t.deepEqual([code, construct], ['ERR_MMAP_PATTERN', 'size'])
})

test('what is no needle is told all that is, and where options belong', (t) => {
  const m = mapped(t, 'abc')
  const all = /TypedArray, DataView, ArrayBuffer or RegExp, an Array of them, or a Pattern\)$/
  for (const member of [m.find, m.findAll, m.count, m.match, m.matchAll, m.grep] as const) {
    const call = member.bind(m) as (needle: unknown) => unknown
    refuses(t, () => call(new Set(['a'])), 'ERR_INVALID_ARG_TYPE', all)
  }
  const grep = m.grep.bind(m) as (needle: unknown) => unknown
  const element = /"needle\[1\]" .*, not 'Pattern' .* ArrayBuffer or RegExp\)$/
  refuses(t, () => grep(['a', new Pattern('b')]), 'ERR_INVALID_ARG_TYPE', element)
  const count = m.countLines.bind(m) as (needle: unknown) => unknown
  const second = /options come second, as in countLines\(undefined, \{ start \}\)\)$/
  refuses(t, () => count({ start: 1 }), 'ERR_INVALID_ARG_TYPE', second)
  const write = mapped(t, 'abc', { access: ACCESS_WRITE })
  const bytes = write.write.bind(write) as (given: unknown) => unknown
  refuses(t, () => bytes({}), 'ERR_INVALID_ARG_TYPE', /TypedArray, DataView or ArrayBuffer\)$/)
})

testWhere(externalBuffers, 'a runtime without views says so first')(
  'options in the place of a number are told the right call: views',
  (t) => {
    const m = mapped(t, 64)
    const view = m.view.bind(m) as (...args: unknown[]) => unknown
    const bytes = /, as in view\(offset\?, length\?\)/
    refuses(t, () => view({ offset: 1 }), 'ERR_INVALID_ARG_TYPE', bytes)
    refuses(t, () => view(0, { length: 1 }), 'ERR_INVALID_ARG_TYPE', bytes)
    const typed = /, as in view\(Class, byteOffset\?, length\?\)/
    refuses(t, () => view(Int32Array, { byteOffset: 4 }), 'ERR_INVALID_ARG_TYPE', typed)
  },
)

testWhere(linux, 'others have no wait')(
  'options in the place of a number are told the right call: waits',
  async (t) => {
    const m = mapped(t, 64)
    const wait = m.wait.bind(m) as (...args: unknown[]) => unknown
    const waitAsync = m.waitAsync.bind(m) as (...args: unknown[]) => Promise<unknown>
    const notify = m.notify.bind(m) as (...args: unknown[]) => unknown
    const form = /, as in wait\(offset, expected, timeout\?\)/
    refuses(t, () => wait(0, 0, { timeout: 1 }), 'ERR_INVALID_ARG_TYPE', form)
    refuses(t, () => wait({ offset: 0 }), 'ERR_INVALID_ARG_TYPE', form)
    const count = /, as in notify\(offset, count\?\)/
    refuses(t, () => notify(0, { count: 1 }), 'ERR_INVALID_ARG_TYPE', count)
    const { message } = await rejection(() => waitAsync(0, 0, { timeout: '1' }))
    t.true(/, as in waitAsync\(offset, expected, \{ timeout, signal \}\)/.test(message), message)
  },
)

testWhere(linux, 'others take other flags')('flags are shown as bits, negative ones too', (t) => {
  const m = mapped(t, 64, { access: ACCESS_WRITE })
  refuses(t, () => m.flush({ flags: -1 }), 'EINVAL', /: flags are 0xffffffff$/)
})

test('a view that cannot be says what could', (t) => {
  const m = mapped(t, 21)
  if (!externalBuffers) {
    refuses(t, () => m.view(), 'ERR_MMAP_UNSUPPORTED', /where buffers over foreign memory/)
    return
  }
  const fits = /^a view of 100 bytes from 3 does not fit into 21 bytes$/
  refuses(t, () => m.view(3, 100), 'ERR_OUT_OF_RANGE', fits)
  const elements = /^a view of 3 times 8 bytes from 0 does not fit into 21 bytes$/
  refuses(t, () => m.view(Float64Array, 0, 3), 'ERR_OUT_OF_RANGE', elements)
  refuses(t, () => m.view(Float32Array, 2, 1), 'ERR_OUT_OF_RANGE', /the nearest are 0 and 4$/)
  refuses(t, () => m.view(Float32Array), 'ERR_OUT_OF_RANGE', /pass a length, at most 5$/)
})

testWhere(unix, 'a message of Unix')(
  "an advice of another platform is an absent one, not somebody else's mistake",
  (t) => {
    const absent = constants['MADV_NO_SUCH_ADVICE']
    const m = mapped(t, 'abc')
    const sentence = /an advice that this platform has/
    refuses(t, () => m.madvise(absent as number), 'ERR_INVALID_ARG_TYPE', sentence)
  },
)

testWhere(unix, 'a name is for Windows')('what belongs to another platform names this one', (t) => {
  const named = new RegExp(`^tagname is not supported on ${process.platform}$`)
  const fd = descriptor(t, temporaryFile('abc'))
  refuses(t, () => new Mmap(fd, 0, { tagname: 'x' }), 'ERR_MMAP_UNSUPPORTED', named)
})

test('an access and flags that are refused are in the message', (t) => {
  const path = temporaryFile('abc')
  const access = /^mmap invalid access parameter\.: 9 is none of the ACCESS_\* constants/
  refuses(t, () => new Mmap(-1, 9, { access: 9 }), 'ERR_OUT_OF_RANGE', access)
  refuses(t, () => Mmap.open(path, { access: 9 }), 'ERR_OUT_OF_RANGE', access)
  const flags = /^flags must not contain MAP_FIXED.*: received 0x12/
  if (linux) refuses(t, () => new Mmap(-1, 9, { flags: 0x12 }), 'ERR_OUT_OF_RANGE', flags)
})

test('what a map does not allow says which map would', (t) => {
  const path = temporaryFile('abc')
  const m = Mmap.open(path)
  t.teardown(() => m.close())
  refuses(t, () => m.set(0, 1), 'ERR_MMAP_READONLY', /: map '.*' with access: ACCESS_WRITE/)
  refuses(t, () => m.resize(1), 'ERR_MMAP_READONLY', /: map '.*' with access: ACCESS_WRITE$/)
  const untracked = Mmap.open(path, { trackfd: false })
  t.teardown(() => untracked.close())
  refuses(t, () => untracked.size(), 'ERR_MMAP_UNTRACKED', /: leave trackfd at true/)
  m.close()
  refuses(t, () => m.length, 'ERR_MMAP_CLOSED', /^mmap closed or invalid: '.*'$/)
})

test('what is too much says how much that was', (t) => {
  const path = freshPath()
  const huge = { access: ACCESS_WRITE, create: true, length: 2 ** 52 }
  if (linux) refuses(t, () => Mmap.open(path, huge), 'ENOMEM', /4503599627370496 bytes$/)
  if (linux) refuses(t, () => new Mmap(-1, 2 ** 50), 'ENOMEM', /: 1125899906842624 bytes$/)
  const m = new Mmap(-1, 100)
  t.teardown(() => m.close())
  refuses(t, () => m.get(1000), 'ERR_OUT_OF_RANGE', /: 1000 of 100 bytes$/)
  refuses(t, () => m.seek(1000), 'ERR_OUT_OF_RANGE', /: 1000 of 100 bytes$/)
  if (linux) refuses(t, () => m.resize(1000), 'ERR_OUT_OF_RANGE', /: 1000 of 100 bytes; memory/)
})

test('what is missing says how to get it', (t) => {
  const empty = temporaryFile()
  refuses(t, () => Mmap.open(empty), 'ERR_MMAP_EMPTY_FILE', /\{ empty: true \} makes a map/)
  refuses(t, () => Mmap.open('file:///nowhere'), 'ENOENT', /pass new URL\(\.\.\.\)$/)
  if (unix)
    refuses(t, () => Mmap.shared('fmmap-none'), 'ENOENT', /\{ create: true \} with a length/)
  refuses(t, () => Mmap.open('a\0b'), 'ERR_INVALID_ARG_VALUE', /the "path" argument has one at 1$/)
})

test('a pattern that is refused is quoted, with what to do', (t) => {
  const m = mapped(t, 'abc')
  const { message } = thrown(t, () => m.match(/a(?<=a)b/i))
  t.true(
    message.startsWith('a lookbehind, at 1 of /a(?<=a)b/i: match what is in front too'),
    message,
  )
  const { message: second } = thrown(t, () => m.find(['x', /(b)\1/]))
  t.true(second.startsWith('a backreference, at 3 of /(b)\\1/: match more'), second)
})
