import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, statSync, symlinkSync, unlinkSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import {
  ACCESS_COPY,
  ACCESS_DEFAULT,
  ACCESS_READ,
  ACCESS_WRITE,
  ALLOCATIONGRANULARITY,
  MAP_ANONYMOUS,
  MAP_PRIVATE,
  MAP_SHARED,
  Mmap,
  PROT_READ,
  PROT_WRITE,
} from '../index.js'
import { readonlyMessage, refuses } from './support/errors.ts'
import { freshPath, latin1, temporaryFile } from './support/files.ts'
import { unix } from './support/platform.ts'
import test, { type Assertions, testWhere } from './support/test.ts'

function opened(t: Assertions, ...args: Parameters<typeof Mmap.open>): Mmap {
  const map = Mmap.open(...args)
  t.teardown(() => map.close())
  return map
}

test('open maps a whole file to read, by path, Buffer and URL', (t) => {
  const path = temporaryFile('content')
  for (const name of [path, Buffer.from(path), pathToFileURL(path)]) {
    const m = opened(t, name)
    t.is(latin1(m.slice()), 'content')
    t.is(m.access, ACCESS_READ)
    t.is(m.length, 7)
    refuses(t, () => m.write('x'), 'ERR_MMAP_READONLY', readonlyMessage)
  }
})

test('open takes paths with spaces, percent signs and letters of every alphabet', (t) => {
  const path = `${freshPath()} 100% ünï ☃.bin`
  opened(t, path, { access: ACCESS_WRITE, length: 2, create: true }).write('ok')
  t.is(readFileSync(path, 'latin1'), 'ok')
  for (const name of [path, Buffer.from(path), pathToFileURL(path)]) {
    const m = opened(t, name)
    t.is(latin1(m.slice()), 'ok')
  }
})

testWhere(unix, 'Unix’s rules; windows.spec.ts has Windows’s')(
  'open honours access, prot, flags, offset, length and trackfd',
  (t) => {
    const path = temporaryFile(Buffer.alloc(3 * ALLOCATIONGRANULARITY, 'x'))
    t.is(opened(t, path, { access: ACCESS_WRITE }).access, ACCESS_WRITE)
    t.is(opened(t, path, { access: ACCESS_COPY }).access, ACCESS_COPY)
    t.is(opened(t, path, { access: ACCESS_DEFAULT }).access, ACCESS_DEFAULT)
    t.is(opened(t, path, { prot: PROT_READ }).access, ACCESS_READ)
    t.is(opened(t, path, { prot: PROT_READ | PROT_WRITE }).access, ACCESS_DEFAULT)
    t.is(opened(t, path, { flags: MAP_PRIVATE }).access, ACCESS_DEFAULT)
    const m = opened(t, path, { offset: ALLOCATIONGRANULARITY, length: 10 })
    t.is(m.length, 10)
    t.is(m.offset, ALLOCATIONGRANULARITY)
    t.is(opened(t, path, { offset: ALLOCATIONGRANULARITY }).length, 2 * ALLOCATIONGRANULARITY)
    const untracked = opened(t, path, { access: ACCESS_WRITE, trackfd: false })
    refuses(t, () => untracked.resize(1), 'ERR_MMAP_UNTRACKED')
  },
)

test('a map to write reaches the file; a copy does not', (t) => {
  const path = temporaryFile('abcdef')
  opened(t, path, { access: ACCESS_COPY }).write('XYZ')
  t.is(readFileSync(path, 'latin1'), 'abcdef')
  opened(t, path, { access: ACCESS_WRITE }).write('XYZ')
  t.is(readFileSync(path, 'latin1'), 'XYZdef')
})

test('create makes the file, with offset + length bytes', (t) => {
  const path = freshPath()
  const m = opened(t, path, { access: ACCESS_WRITE, length: 100, create: true })
  t.is(m.length, 100)
  t.is(statSync(path).size, 100)
  t.is(m.find('\0'.repeat(100)), 0)
  m.write('made')
  t.is(readFileSync(path, 'latin1').slice(0, 4), 'made')
  const offset = ALLOCATIONGRANULARITY
  const far = opened(t, freshPath(), { access: ACCESS_WRITE, length: 5, offset, create: true })
  t.is(far.size(), offset + 5)
})

test('create extends a file that is too short, and never shrinks a longer one', (t) => {
  const path = temporaryFile('abcdef')
  const longer = opened(t, path, { access: ACCESS_WRITE, length: 10, create: true })
  t.is(latin1(longer.slice()), 'abcdef\0\0\0\0')
  t.is(statSync(path).size, 10)
  const shorter = opened(t, path, { access: ACCESS_WRITE, length: 3, create: true })
  t.is(shorter.length, 3)
  t.is(statSync(path).size, 10)
})

testWhere(unix, 'Unix’s rules; windows.spec.ts has Windows’s')(
  'create extends nothing and makes nothing when another argument is refused',
  (t) => {
    const path = freshPath()
    const writable = { access: ACCESS_WRITE, create: true, length: 10 }
    const attempts: [Parameters<typeof Mmap.open>[1], string][] = [
      [{ ...writable, access: 9 }, 'ERR_OUT_OF_RANGE'],
      [{ ...writable, offset: -1 }, 'ERR_OUT_OF_RANGE'],
      [{ ...writable, length: -1 }, 'ERR_OUT_OF_RANGE'],
      [{ ...writable, flags: MAP_PRIVATE }, 'ERR_MMAP_CONFLICTING_OPTIONS'],
      [{ create: true, length: 10, flags: MAP_PRIVATE }, 'ERR_MMAP_CONFLICTING_OPTIONS'],
      [
        { create: true, length: 10, flags: MAP_PRIVATE, prot: PROT_WRITE },
        'ERR_MMAP_CONFLICTING_OPTIONS',
      ],
      [
        { create: true, length: 10, flags: MAP_SHARED | MAP_ANONYMOUS },
        'ERR_MMAP_CONFLICTING_OPTIONS',
      ],
      [{ ...writable, access: ACCESS_COPY }, 'ERR_MMAP_CONFLICTING_OPTIONS'],
      [{ ...writable, trackfd: 'no' as unknown as boolean }, 'ERR_INVALID_ARG_TYPE'],
      [{ ...writable, create: 1 as unknown as boolean }, 'ERR_INVALID_ARG_TYPE'],
      [{ ...writable, offset: ALLOCATIONGRANULARITY + 1 }, 'EINVAL'],
    ]
    for (const [options, code] of attempts) {
      refuses(t, () => Mmap.open(path, options), code, undefined, JSON.stringify(options))
      t.false(existsSync(path), `${code} came after the file was made`)
    }
    const existing = temporaryFile('abc')
    for (const [options] of attempts) {
      try {
        Mmap.open(existing, options)
        t.fail()
      } catch {
        t.is(statSync(existing).size, 3)
      }
    }
  },
)

test('create needs a map that writes and a length above 0', (t) => {
  const path = freshPath()
  const attempts: Parameters<typeof Mmap.open>[1][] = [
    { create: true, length: 10 },
    { create: true, length: 10, access: ACCESS_READ },
    { create: true, access: ACCESS_WRITE },
    { create: true, length: 0, access: ACCESS_WRITE },
    { create: true, length: 10, prot: PROT_READ },
  ]
  for (const options of attempts) {
    let code: unknown
    try {
      Mmap.open(path, options)
    } catch (error) {
      code = (error as NodeJS.ErrnoException).code
    }
    t.true(typeof code === 'string', JSON.stringify(options))
    t.false(existsSync(path), JSON.stringify(options))
  }
})

test('open tells which file it could not open', (t) => {
  const path = freshPath()
  const error = refuses(t, () => Mmap.open(path), 'ENOENT')
  t.is(error.path, path)
  t.is(error.syscall, 'open')
  t.true(error.message.startsWith('ENOENT: no such file or directory, open'), error.message)
  t.true(error.message.includes(path), error.message)
})

testWhere(unix, 'Unix’s rules; windows.spec.ts has Windows’s')(
  'a file that opens and does not map is named too; without a path there is no such property',
  (t) => {
    const error = refuses(t, () => Mmap.open('/dev/null', { length: 4096 }), 'ENODEV')
    t.is(error.path, '/dev/null')
    t.is(error.syscall, 'mmap')
    t.true(error.message.includes("mmap '/dev/null'"), error.message)
    const nameless = refuses(t, () => new Mmap(-2, 4096), 'EBADF')
    t.false('path' in nameless)
  },
)

test('open of an empty file, a directory, and what is no path', (t) => {
  refuses(t, () => Mmap.open(temporaryFile('')), 'ERR_MMAP_EMPTY_FILE', 'cannot mmap an empty file')
  const folder = freshPath()
  mkdirSync(folder)
  let code: unknown
  try {
    Mmap.open(folder)
  } catch (error) {
    code = (error as NodeJS.ErrnoException).code
  }
  t.true(code === 'EISDIR' || code === 'ENODEV' || code === 'EINVAL', String(code))
  refuses(t, () => Mmap.open(folder, { access: ACCESS_WRITE }), 'EISDIR')
  for (const path of [3, null, undefined, {}, [], 1n, new Uint16Array(2)]) {
    refuses(t, () => Mmap.open(path as string), 'ERR_INVALID_ARG_TYPE')
  }
  for (const options of [null, 3, 'r', true]) {
    refuses(t, () => Mmap.open(temporaryFile('abc'), options as never), 'ERR_INVALID_ARG_TYPE')
  }
})

test('open refuses a NUL in a path, and a URL that is no file', (t) => {
  for (const path of ['a\0b', Buffer.from('a\0b')]) {
    refuses(t, () => Mmap.open(path), 'ERR_INVALID_ARG_VALUE')
  }
  let thrown: unknown
  try {
    Mmap.open(new URL('https://example.org/file'))
  } catch (error) {
    thrown = error
  }
  t.true(thrown instanceof TypeError && typeof (thrown as NodeJS.ErrnoException).code === 'string')
})

testWhere(unix, 'Unix’s rules; windows.spec.ts has Windows’s')(
  'open follows links, and maps a file whose name is already gone',
  (t) => {
    const path = temporaryFile('linked')
    const link = freshPath()
    symlinkSync(path, link)
    const m = opened(t, link, { access: ACCESS_WRITE })
    unlinkSync(path)
    t.is(latin1(m.slice()), 'linked')
    m.resize(10)
    t.is(m.size(), 10)
  },
)

testWhere(unix, 'no FIFO here')('a FIFO does not hang', (t) => {
  const path = freshPath()
  execFileSync('mkfifo', [path])
  for (const access of [ACCESS_READ, ACCESS_WRITE]) {
    let code: unknown
    try {
      Mmap.open(path, { access, length: 4096 })
    } catch (error) {
      code = (error as NodeJS.ErrnoException).code
    }
    t.is(code, 'ENODEV')
  }
})

test('open on a subclass makes one of its kind', (t) => {
  class Own extends Mmap {}
  const m = Own.open(temporaryFile('abc'))
  t.teardown(() => m.close())
  t.true(m instanceof Mmap)
})
