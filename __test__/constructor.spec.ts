import { closeSync, openSync, readFileSync, statSync, truncateSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { inspect } from 'node:util'
import {
  ACCESS_COPY,
  ACCESS_DEFAULT,
  ACCESS_READ,
  ACCESS_WRITE,
  ALLOCATIONGRANULARITY,
  MAP_ANONYMOUS,
  MAP_PRIVATE,
  MAP_SHARED,
  MAP_SHARED_VALIDATE,
  Mmap,
  PAGESIZE,
  PROT_EXEC,
  PROT_READ,
  PROT_WRITE,
} from '../index.js'
import { copyResizeMessage, readonlyMessage, refuses, thrown } from './support/errors.ts'
import {
  anonymous,
  descriptor,
  freshPath,
  latin1,
  mappedPath,
  type MapOptions,
  temporaryFile,
} from './support/files.ts'
import { externalBuffers, sharedValidate, unix } from './support/platform.ts'
import test, { type Assertions, testWhere } from './support/test.ts'

const bothMessage = "mmap can't specify both access and flags, prot."

/** A map of the descriptor, closed after the test. */
function mapOf(t: Assertions, fd: number, length: number, options?: MapOptions): Mmap {
  const map = new Mmap(fd, length, options)
  t.teardown(() => map.close())
  return map
}

test('CPython test_access_parameter: ACCESS_READ shows the file and takes nothing', (t) => {
  const content = 'a'.repeat(10)
  const path = temporaryFile(content)
  const m = mapOf(t, descriptor(t, path, 'r'), 10, { access: ACCESS_READ })
  t.is(latin1(m.slice()), content)
  refuses(t, () => m.setSlice('b'.repeat(10)), 'ERR_MMAP_READONLY', readonlyMessage)
  refuses(t, () => m.set(0, 98), 'ERR_MMAP_READONLY', readonlyMessage)
  m.seek(0)
  refuses(t, () => m.write('abc'), 'ERR_MMAP_READONLY', readonlyMessage)
  refuses(t, () => m.writeByte(100), 'ERR_MMAP_READONLY', readonlyMessage)
  refuses(t, () => m.move(0, 1, 1), 'ERR_MMAP_READONLY', readonlyMessage)
  refuses(t, () => m.resize(20), 'ERR_MMAP_READONLY', copyResizeMessage)
  t.is(readFileSync(path, 'latin1'), content)
  t.is(m.access, ACCESS_READ)
})

testWhere(unix, 'Unix’s rules; windows.spec.ts has Windows’s')(
  'CPython test_access_parameter: a length past the end of the file is refused, and extends nothing',
  (t) => {
    const path = temporaryFile('a'.repeat(10))
    for (const access of [ACCESS_READ, ACCESS_WRITE, ACCESS_COPY]) {
      const fd = descriptor(t, path)
      refuses(
        t,
        () => new Mmap(fd, 11, { access }),
        'ERR_OUT_OF_RANGE',
        'mmap length is greater than file size',
      )
    }
    t.is(statSync(path).size, 10)
  },
)

test('CPython test_access_parameter: ACCESS_WRITE reaches the file', (t) => {
  const path = temporaryFile('a'.repeat(10))
  const m = mapOf(t, descriptor(t, path), 10, { access: ACCESS_WRITE })
  m.setSlice('c'.repeat(10))
  m.seek(0)
  m.flush()
  t.is(readFileSync(path, 'latin1'), 'c'.repeat(10))
  t.is(m.access, ACCESS_WRITE)
})

test('CPython test_access_parameter: ACCESS_COPY changes memory alone, and has no size to change', (t) => {
  const path = temporaryFile('c'.repeat(10))
  for (const flags of ['r', 'r+']) {
    const m = mapOf(t, descriptor(t, path, flags), 10, { access: ACCESS_COPY })
    m.setSlice('d'.repeat(10))
    t.is(latin1(m.slice()), 'd'.repeat(10))
    m.flush()
    t.is(readFileSync(path, 'latin1'), 'c'.repeat(10))
    refuses(t, () => m.resize(20), 'ERR_MMAP_READONLY', copyResizeMessage)
    t.is(m.access, ACCESS_COPY)
  }
})

test('CPython test_access_parameter: an unknown access', (t) => {
  const fd = descriptor(t, temporaryFile('abc'))
  for (const access of [4, -1, 123]) {
    refuses(
      t,
      () => new Mmap(fd, 3, { access }),
      'ERR_OUT_OF_RANGE',
      /^mmap invalid access parameter\.: -?\d+ is none of the/,
    )
  }
})

testWhere(unix, 'Unix’s rules; windows.spec.ts has Windows’s')(
  'CPython test_access_parameter: access with flags or prot that differ from the default',
  (t) => {
    const fd = descriptor(t, temporaryFile('abc'))
    for (const options of [
      { flags: MAP_PRIVATE, prot: PROT_READ, access: ACCESS_WRITE },
      { flags: MAP_PRIVATE, access: ACCESS_COPY },
      { prot: PROT_READ, access: ACCESS_READ },
    ]) {
      refuses(t, () => new Mmap(fd, 3, options), 'ERR_MMAP_CONFLICTING_OPTIONS', bothMessage)
    }
  },
)

testWhere(unix, 'Unix’s rules; windows.spec.ts has Windows’s')(
  'access beside the default flags and prot is accepted (section 1.1, step 4)',
  (t) => {
    const fd = descriptor(t, temporaryFile('abc'))
    const m = mapOf(t, fd, 3, {
      flags: MAP_SHARED,
      prot: PROT_READ | PROT_WRITE,
      access: ACCESS_READ,
    })
    t.is(m.access, ACCESS_READ)
  },
)

testWhere(unix, 'Unix’s rules; windows.spec.ts has Windows’s')(
  'CPython test_access_parameter: PROT_READ | PROT_EXEC is a read-only map',
  (t) => {
    const m = mapOf(t, descriptor(t, temporaryFile('abc')), 3, { prot: PROT_READ | PROT_EXEC })
    refuses(t, () => m.write('a'), 'ERR_MMAP_READONLY', readonlyMessage)
    refuses(t, () => m.writeByte(97), 'ERR_MMAP_READONLY', readonlyMessage)
    t.is(latin1(m.slice()), 'abc')
  },
)

testWhere(unix, 'Unix’s rules; windows.spec.ts has Windows’s')(
  'CPython test_prot_readonly, PyPy test_write_without_protwrite: the access is deduced from prot',
  (t) => {
    const path = temporaryFile('abcdef')
    const cases: [MapOptions, number][] = [
      [{}, ACCESS_DEFAULT],
      [{ prot: PROT_READ | PROT_WRITE }, ACCESS_DEFAULT],
      [{ prot: PROT_READ | PROT_WRITE, flags: MAP_PRIVATE }, ACCESS_DEFAULT],
      [{ prot: PROT_WRITE }, ACCESS_WRITE],
      [{ prot: PROT_READ }, ACCESS_READ],
      [{ prot: PROT_READ, flags: MAP_PRIVATE }, ACCESS_READ],
      [{ prot: PROT_READ | PROT_EXEC }, ACCESS_READ],
      [{ prot: PROT_EXEC }, ACCESS_READ],
      [{ prot: 0 }, ACCESS_READ],
      [{ access: ACCESS_DEFAULT, prot: PROT_READ }, ACCESS_READ],
    ]
    for (const [options, access] of cases) {
      const m = mappedPath(t, path, options)
      t.is(m.access, access, JSON.stringify(options))
      if (access === ACCESS_READ)
        refuses(t, () => m.write('foo'), 'ERR_MMAP_READONLY', readonlyMessage)
      else t.is(m.write('abc'), 3)
    }
  },
)

testWhere(unix, 'Unix’s rules; windows.spec.ts has Windows’s')(
  'MAP_PRIVATE through flags writes to memory alone',
  (t) => {
    const path = temporaryFile('abcdef')
    const m = mappedPath(t, path, { flags: MAP_PRIVATE })
    m.write('ABC')
    t.is(latin1(m.slice()), 'ABCdef')
    t.is(readFileSync(path, 'latin1'), 'abcdef')
  },
)

testWhere(sharedValidate, 'the flag is Linux’s')(
  'MAP_SHARED_VALIDATE, which has the bit of MAP_PRIVATE, is shared in every respect',
  (t) => {
    const path = freshPath()
    const flags = MAP_SHARED_VALIDATE
    const m = Mmap.open(path, { create: true, length: 6, flags })
    t.teardown(() => m.close())
    m.write('abcdef')
    t.is(readFileSync(path, 'latin1'), 'abcdef')
    // A view keeps the memory where it is, so that the new size takes a fresh mapping.
    const view = externalBuffers ? m.view(0, 1) : undefined
    m.resize(2 * PAGESIZE)
    m.set(PAGESIZE, 65)
    m.flush()
    t.is(readFileSync(path)[PAGESIZE], 65)
    if (view !== undefined) t.is(view[0], 97)
    m.resize(PAGESIZE)
    t.is(statSync(path).size, PAGESIZE)
    refuses(t, () => new Mmap(-1, 6, { flags }), 'EINVAL')
  },
)

test('CPython test_trackfd_parameter: without its descriptor a map works, but has no size of a file', (t) => {
  for (const closeEarly of [false, true]) {
    const path = temporaryFile('x'.repeat(64))
    const fd = descriptor(t, path)
    const m = mapOf(t, fd, 64, { trackfd: false })
    if (closeEarly) closeSync(fd)
    t.is(m.length, 64)
    refuses(t, () => m.size(), 'ERR_MMAP_UNTRACKED', "can't get size with trackfd=False")
    refuses(t, () => m.resize(128), 'ERR_MMAP_UNTRACKED', "mmap can't resize with trackfd=False.")
    refuses(t, () => m.resize(32), 'ERR_MMAP_UNTRACKED', "mmap can't resize with trackfd=False.")
    t.is(m.closed, false)
    t.is(m.length, 64)
    m.writeByte(97)
    m.set(2, 98)
    t.is(m.seek(1), 1)
    t.is(m.tell(), 1)
    t.is(m.readByte(), 120)
    m.flush()
    t.is(readFileSync(path, 'latin1'), `axb${'x'.repeat(61)}`)
    t.is(statSync(path).size, 64)
  }
})

test('CPython test_trackfd_neg1: an anonymous map without tracking', (t) => {
  const m = mapOf(t, -1, 64, { trackfd: false })
  refuses(t, () => m.size(), 'ERR_MMAP_UNTRACKED', "can't get size with trackfd=False")
  refuses(t, () => m.resize(32), 'ERR_MMAP_UNTRACKED')
  t.is(m.length, 64)
  t.is(m.get(63), 0)
  refuses(t, () => m.get(64), 'ERR_OUT_OF_RANGE')
})

test('CPython test_bad_file_desc: a descriptor that is none', (t) => {
  for (const fd of [-2, 1_000_000]) {
    const error = refuses(t, () => new Mmap(fd, 4096), 'EBADF')
    t.true(error.message.startsWith('EBADF: bad file descriptor, '), error.message)
  }
})

test('CPython test_entire_file: a length of 0 is the whole file', (t) => {
  const content = 'q'.repeat(2 ** 16)
  const m = mapOf(t, descriptor(t, temporaryFile(content)), 0)
  t.is(m.length, 2 ** 16)
  t.is(latin1(m.read(2 ** 16)), content)
})

test('CPython test_length_0_offset: from an offset to the end', (t) => {
  const fd = descriptor(t, temporaryFile(131_072))
  const m = mapOf(t, fd, 0, { offset: 65_536, access: ACCESS_READ })
  t.is(m.length, 65_536)
  t.is(m.offset, 65_536)
  refuses(t, () => m.get(80_000), 'ERR_OUT_OF_RANGE', 'mmap index out of range')
})

test('CPython and PyPy test_length_0_large_offset: an offset beyond the file', (t) => {
  const fd = descriptor(t, temporaryFile(115_699))
  const message = 'mmap offset is greater than file size'
  refuses(
    t,
    () => new Mmap(fd, 0, { access: ACCESS_READ, offset: 2_147_418_112 }),
    'ERR_OUT_OF_RANGE',
    message,
  )
  const aligned = descriptor(t, temporaryFile(ALLOCATIONGRANULARITY))
  refuses(
    t,
    () => new Mmap(aligned, 0, { offset: ALLOCATIONGRANULARITY }),
    'ERR_OUT_OF_RANGE',
    message,
  )
})

testWhere(unix, 'Unix’s rules; windows.spec.ts has Windows’s')(
  'CPython test_empty_file: nothing to map',
  (t) => {
    const path = temporaryFile('')
    refuses(
      t,
      () => new Mmap(descriptor(t, path), 0),
      'ERR_MMAP_EMPTY_FILE',
      'cannot mmap an empty file',
    )
    refuses(
      t,
      () => new Mmap(descriptor(t, path, 'r'), 0, { access: ACCESS_READ }),
      'ERR_MMAP_EMPTY_FILE',
      'cannot mmap an empty file',
    )
    refuses(
      t,
      () => new Mmap(descriptor(t, path), 1),
      'ERR_OUT_OF_RANGE',
      'mmap length is greater than file size',
    )
  },
)

test('CPython test_offset: negative ones, wrong types, and one of a granularity', (t) => {
  const half = ALLOCATIONGRANULARITY
  const content = Buffer.alloc(2 * half)
  content.write('foo', half)
  const path = temporaryFile(content)
  const fd = descriptor(t, path)
  for (const offset of [-1, -2]) {
    refuses(
      t,
      () => new Mmap(fd, 0, { offset }),
      'ERR_OUT_OF_RANGE',
      'memory mapped offset must be positive',
    )
  }
  for (const offset of [null, '0', 1.5, 1n]) {
    refuses(t, () => new Mmap(fd, 0, { offset: offset as number }), 'ERR_INVALID_ARG_TYPE')
  }
  const m = mapOf(t, fd, half, { offset: half })
  t.is(latin1(m.slice(0, 3)), 'foo')
  t.is(m.find('foo'), 0)
  m.resize(512)
  t.is(m.length, 512)
  t.is(statSync(path).size, half + 512)
  t.is(m.size(), half + 512)
  t.is(latin1(m.slice(0, 3)), 'foo')
})

testWhere(unix, 'Unix’s rules; windows.spec.ts has Windows’s')(
  'PyPy test_offset_more: a length within the file, counted from the offset',
  (t) => {
    const g = ALLOCATIONGRANULARITY
    const content = Buffer.alloc(3 * g, 'a')
    content.fill('b', g, 2 * g)
    content.fill('c', 2 * g)
    const fd = descriptor(t, temporaryFile(content))
    const middle = mapOf(t, fd, g, { offset: g })
    t.is(middle.length, g)
    t.is(middle.size(), 3 * g)
    t.is(middle.rfind('b', 0), g - 1)
    t.is(middle.find('c'), -1)
    const last = mapOf(t, fd, 0, { offset: 2 * g })
    t.is(last.get(0), 99)
    t.is(last.length, g)
    refuses(
      t,
      () => new Mmap(fd, g + 1, { offset: 2 * g }),
      'ERR_OUT_OF_RANGE',
      'mmap length is greater than file size',
    )
    refuses(
      t,
      () => new Mmap(fd, 1, { offset: 4 * g }),
      'ERR_OUT_OF_RANGE',
      'mmap length is greater than file size',
    )
  },
)

test('an unaligned offset is EINVAL, and its message names the neighbours', (t) => {
  const fd = descriptor(t, temporaryFile(4 * ALLOCATIONGRANULARITY))
  const offset = ALLOCATIONGRANULARITY + 1
  const error = refuses(t, () => new Mmap(fd, 1, { offset }), 'EINVAL')
  t.true(error.message.includes(String(ALLOCATIONGRANULARITY)), error.message)
  t.true(error.message.includes(String(2 * ALLOCATIONGRANULARITY)), error.message)
})

test('CPython test_anonymous: a page of zeros that keeps what is written; size() is its length (section 2)', (t) => {
  const m = new Mmap(-1, PAGESIZE)
  t.teardown(() => m.close())
  t.is(m.size(), PAGESIZE)
  let sum = 0
  for (let i = 0; i < PAGESIZE; i++) sum += m.get(i)
  t.is(sum, 0)
  for (let i = 0; i < PAGESIZE; i++) m.set(i, (i * 7) & 255)
  let wrong = 0
  for (let i = 0; i < PAGESIZE; i++) if (m.get(i) !== ((i * 7) & 255)) wrong += 1
  t.is(wrong, 0)
})

test('an anonymous map has a length of its own: 0 is EINVAL (section 1.1, step 10)', (t) => {
  refuses(t, () => new Mmap(-1, 0), 'EINVAL')
})

test('anonymous maps of every access', (t) => {
  t.is(mapOf(t, -1, 10).access, ACCESS_DEFAULT)
  t.is(mapOf(t, -1, 10, { access: ACCESS_WRITE }).access, ACCESS_WRITE)
  const copy = mapOf(t, -1, 10, { access: ACCESS_COPY })
  copy.write('x')
  t.is(copy.get(0), 120)
  const read = mapOf(t, -1, 10, { access: ACCESS_READ })
  t.is(read.get(9), 0)
  refuses(t, () => read.writeByte(1), 'ERR_MMAP_READONLY')
  t.is(anonymous(t, 5, 'private').length, 5)
})

testWhere(unix, 'Unix’s rules; windows.spec.ts has Windows’s')(
  'anonymous memory through flags alone: MAP_ANONYMOUS need not be given',
  (t) => {
    const m = mapOf(t, -1, 10, { flags: MAP_PRIVATE })
    m.write('abc')
    t.is(latin1(m.slice(0, 3)), 'abc')
    const explicit = mapOf(t, -1, 10, { flags: MAP_PRIVATE | MAP_ANONYMOUS })
    t.is(explicit.length, 10)
  },
)

testWhere(unix, 'the flag is Unix’s')(
  'MAP_ANONYMOUS beside a descriptor is memory that has nothing to do with the file',
  async (t) => {
    for (const flags of [MAP_PRIVATE | MAP_ANONYMOUS, MAP_SHARED | MAP_ANONYMOUS]) {
      const path = temporaryFile('x'.repeat(2 * PAGESIZE))
      const m = mappedPath(t, path, { flags })
      t.is(m.length, 2 * PAGESIZE)
      t.is(m.find('x'), -1)
      m.write('abc')
      truncateSync(path, 0)
      m.set(-1, 65)
      // oxlint-disable-next-line no-await-in-loop
      t.is(latin1(await m.sliceAsync(0, 3)), 'abc')
      // oxlint-disable-next-line no-await-in-loop
      await m.prefetchAsync()
      m.flush()
      t.is(m.refresh(), 'same')
      t.is(m.size(), 2 * PAGESIZE)
      m.resize(PAGESIZE)
      t.is(m.size(), PAGESIZE)
      t.is(latin1(m.slice(0, 3)), 'abc')
      t.is(statSync(path).size, 0)
    }
  },
)

test('CPython and PyPy test_subclass: a class of one’s own, with its own constructor', (t) => {
  class Anonymous extends Mmap {
    readonly label: string
    constructor(length: number) {
      super(-1, length)
      this.label = 'mine'
    }
    double(index: number): number {
      return this.get(index) * 2
    }
  }
  const m = new Anonymous(PAGESIZE)
  t.teardown(() => m.close())
  m.set(3, 21)
  t.is(m.double(3), 42)
  t.is(m.label, 'mine')
  t.true(m instanceof Mmap)
})

testWhere(unix, 'Unix’s rules; windows.spec.ts has Windows’s')(
  'PyPy test_args: what a constructor refuses',
  (t) => {
    const path = temporaryFile('abcdef')
    const fd = descriptor(t, path)
    const of =
      (...args: unknown[]) =>
      () =>
        Reflect.construct(Mmap, args)
    for (const args of [
      ['foo', 1],
      [fd, 'foo'],
      [fd],
      [],
      [fd, 1, { access: 'foo' }],
      [fd, 1, 'foo'],
      [fd, 1, 3],
      [fd, 1, null],
    ]) {
      refuses(t, of(...args), 'ERR_INVALID_ARG_TYPE', undefined, `new Mmap(${inspect(args)})`)
    }
    refuses(t, of(fd, -1), 'ERR_OUT_OF_RANGE', 'memory mapped length must be positive')
    refuses(t, of(fd, 2 ** 63), 'ERR_OUT_OF_RANGE')
    refuses(t, of(2 ** 31, 1), 'ERR_OUT_OF_RANGE')
    refuses(
      t,
      of(fd, 6, { access: ACCESS_COPY, flags: MAP_PRIVATE }),
      'ERR_MMAP_CONFLICTING_OPTIONS',
      bothMessage,
    )
    refuses(
      t,
      of(fd, 6, { access: 123 }),
      'ERR_OUT_OF_RANGE',
      /^mmap invalid access parameter\.: 123 /,
    )
    refuses(t, of(fd, 6, { trackfd: 1 }), 'ERR_INVALID_ARG_TYPE')
    refuses(t, of(fd, 6, { tagname: 123 }), 'ERR_INVALID_ARG_TYPE')
  },
)

test('a class without new is no function', (t) => {
  const call = Mmap as unknown as (fd: number, length: number) => unknown
  t.true(thrown(t, () => call(-1, 10)) instanceof TypeError)
})

testWhere(unix, 'Unix’s rules; windows.spec.ts has Windows’s')(
  'PyPy test_file_size: a length greater than the file',
  (t) => {
    const fd = descriptor(t, temporaryFile('c'))
    refuses(t, () => new Mmap(fd, 123), 'ERR_OUT_OF_RANGE', 'mmap length is greater than file size')
  },
)

testWhere(unix, 'Unix’s rules; windows.spec.ts has Windows’s')(
  'the order of checks: length, offset, options, access, then the file (section 1.1)',
  (t) => {
    const bad = -2
    refuses(
      t,
      () => new Mmap(bad, -1, { offset: -1, access: 9 }),
      'ERR_OUT_OF_RANGE',
      'memory mapped length must be positive',
    )
    refuses(
      t,
      () => new Mmap(bad, 1, { offset: -1, access: 9 }),
      'ERR_OUT_OF_RANGE',
      'memory mapped offset must be positive',
    )
    refuses(
      t,
      () => new Mmap(bad, 1, { access: 9, flags: MAP_PRIVATE }),
      'ERR_MMAP_CONFLICTING_OPTIONS',
      bothMessage,
    )
    refuses(
      t,
      () => new Mmap(bad, 1, { access: 9 }),
      'ERR_OUT_OF_RANGE',
      /^mmap invalid access parameter\.: -?\d+ is none of the/,
    )
    refuses(t, () => new Mmap(bad, 1, { access: ACCESS_READ }), 'EBADF')
  },
)

test('the caller closes its descriptor at once, and the map still knows its file (section 2)', (t) => {
  const path = temporaryFile('abcdef')
  const fd = openSync(path, 'r+')
  const m = mapOf(t, fd, 0)
  closeSync(fd)
  t.is(m.size(), 6)
  m.resize(10)
  t.is(m.size(), 10)
  t.is(statSync(path).size, 10)
})

test('closing a map leaves the caller its descriptor', (t) => {
  const fd = descriptor(t, temporaryFile('abcdef'))
  new Mmap(fd, 0).close()
  t.is(readFileSync(fd, 'latin1'), 'abcdef')
})

test('a FileHandle and any { fd } name a descriptor', async (t) => {
  const path = temporaryFile('abcdef')
  const handle = await open(path, 'r+')
  const m = new Mmap(handle, 0)
  t.teardown(() => m.close())
  await handle.close()
  t.is(latin1(m.slice()), 'abcdef')
  const other = new Mmap({ fd: descriptor(t, path) }, 3)
  t.teardown(() => other.close())
  t.is(latin1(other.slice()), 'abc')
})

test('only the literal -1 is anonymous memory: a closed FileHandle is EBADF', async (t) => {
  const handle = await open(temporaryFile('abcdef'), 'r+')
  await handle.close()
  refuses(t, () => new Mmap(handle, 4096), 'EBADF')
  refuses(t, () => new Mmap({ fd: -1 }, 4096), 'EBADF')
  for (const fileno of [{}, { fd: '3' }, { fd: null }, { fd: 1.5 }, null, [], () => 3]) {
    refuses(t, () => new Mmap(fileno as { fd: number }, 4096), 'ERR_INVALID_ARG_TYPE')
  }
})

testWhere(unix, 'Unix’s rules; windows.spec.ts has Windows’s')(
  'the descriptor decides what the map may do (section 1.1, step 12)',
  (t) => {
    const path = temporaryFile('abcdef')
    const readable = descriptor(t, path, 'r')
    refuses(t, () => new Mmap(readable, 0), 'EACCES')
    refuses(t, () => new Mmap(readable, 0, { access: ACCESS_WRITE }), 'EACCES')
    t.is(latin1(mapOf(t, readable, 0, { access: ACCESS_READ }).slice()), 'abcdef')
    t.is(latin1(mapOf(t, readable, 0, { access: ACCESS_COPY }).slice()), 'abcdef')
    const writable = descriptor(t, path, 'a')
    for (const access of [ACCESS_READ, ACCESS_WRITE, ACCESS_COPY]) {
      refuses(t, () => new Mmap(writable, 0, { access }), 'EACCES')
    }
  },
)

testWhere(unix, 'Unix’s rules; windows.spec.ts has Windows’s')(
  'a device has no size: a length is enough, 0 is the kernel’s error (section 1.1, step 9)',
  (t) => {
    const fd = descriptor(t, '/dev/zero')
    const m = mapOf(t, fd, 4096, { flags: MAP_PRIVATE })
    t.is(m.size(), 0)
    m.write('abc')
    t.is(latin1(m.slice(0, 4)), 'abc\0')
    refuses(t, () => new Mmap(fd, 0), 'EINVAL')
    refuses(t, () => new Mmap(descriptor(t, '/dev/null'), 4096), 'ENODEV')
    refuses(t, () => new Mmap(descriptor(t, '/', 'r'), 4096, { access: ACCESS_READ }), 'ENODEV')
  },
)

testWhere(unix, 'Unix’s rules; windows.spec.ts has Windows’s')(
  'descriptor 0 is a descriptor like any other on Unix',
  (t) => {
    // Standard input may be a pipe, a terminal or closed: any system error will do, anonymous memory will not.
    let map: Mmap | undefined
    try {
      map = new Mmap(0, 4096, { access: ACCESS_READ })
    } catch (error) {
      t.true(error instanceof Error && typeof (error as NodeJS.ErrnoException).code === 'string')
    }
    // /dev/null and /dev/zero are the only standard inputs that could be mapped at all.
    if (map !== undefined) {
      t.is(map.size(), statSync('/dev/stdin').size)
      map.close()
    }
  },
)

test('attributes keep what the constructor was told', (t) => {
  const fd = descriptor(t, temporaryFile(3 * ALLOCATIONGRANULARITY))
  const m = mapOf(t, fd, 100, { offset: ALLOCATIONGRANULARITY, access: ACCESS_READ })
  t.is(m.length, 100)
  t.is(m.offset, ALLOCATIONGRANULARITY)
  t.is(m.access, ACCESS_READ)
  t.is(m.closed, false)
  t.is(m.tell(), 0)
  for (const name of ['length', 'offset', 'access', 'closed'] as const) {
    t.true(
      thrown(t, () => Object.assign(m, { [name]: 1 })) instanceof TypeError,
      `${name} is read-only`,
    )
  }
})

test('two maps of one descriptor see the same bytes', (t) => {
  const fd = descriptor(t, temporaryFile('abcdef'))
  const one = mapOf(t, fd, 0)
  const two = mapOf(t, fd, 0, { access: ACCESS_READ })
  one.set(0, 65)
  t.is(two.get(0), 65)
})

test('an offset of -0 is 0', (t) => {
  t.true(Object.is(mappedPath(t, temporaryFile('abc'), { offset: -0 }).offset, 0))
})
