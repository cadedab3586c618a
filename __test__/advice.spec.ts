// madvise and setName: what a map tells the kernel about itself.
import {
  ACCESS_READ,
  constants,
  MADV_DONTNEED,
  MADV_NORMAL,
  MADV_RANDOM,
  MADV_REMOVE,
  MADV_SEQUENTIAL,
  MADV_WILLNEED,
  MAP_SHARED,
  Mmap,
  PAGESIZE,
} from '../index.js'
import { closedMessage, refuses } from './support/errors.ts'
import { anonymous, latin1, mapped, mappedPath, temporaryFile } from './support/files.ts'
import { emulated, linux, unix } from './support/platform.ts'
import { testWhere } from './support/test.ts'

testWhere(unix, 'no madvise on Windows')(
  'CPython test_madvise: bounds of start and length, and a length that is clamped',
  (t) => {
    const size = 2 * PAGESIZE
    const m = anonymous(t, size)
    const outOfBounds = 'madvise start out of bounds'
    refuses(t, () => m.madvise(MADV_NORMAL, size), 'ERR_OUT_OF_RANGE', outOfBounds)
    refuses(t, () => m.madvise(MADV_NORMAL, -1), 'ERR_OUT_OF_RANGE', outOfBounds)
    refuses(t, () => m.madvise(MADV_NORMAL, 0, -1), 'ERR_OUT_OF_RANGE', 'madvise length invalid')
    t.is(m.madvise(MADV_NORMAL), undefined)
    t.is(m.madvise(MADV_NORMAL, PAGESIZE), undefined)
    t.is(m.madvise(MADV_NORMAL, PAGESIZE, size), undefined)
    t.is(m.madvise(MADV_NORMAL, 0, 2), undefined)
    t.is(m.madvise(MADV_NORMAL, 0, size), undefined)
    t.is(m.madvise(MADV_NORMAL, 0, 0), undefined)
    t.is(m.madvise(-0, -0, -0), undefined, 'minus zero is zero')
    t.is(
      m.madvise(MADV_NORMAL, undefined, undefined),
      undefined,
      'a length of None, since 3.15 (section 5)',
    )
  },
)

testWhere(unix, 'no madvise on Windows')(
  'CPython test_madvise: a length whose end no number can name',
  (t) => {
    const m = anonymous(t, 2 * PAGESIZE)
    refuses(t, () => m.madvise(MADV_NORMAL, PAGESIZE, 2 ** 63), 'ERR_OUT_OF_RANGE')
  },
)

testWhere(unix, 'no madvise on Windows')('every ordinary advice, on every kind of map', (t) => {
  const path = temporaryFile('x'.repeat(2 * PAGESIZE))
  const maps = [
    mappedPath(t, path),
    mappedPath(t, path, { access: ACCESS_READ }),
    anonymous(t, PAGESIZE),
  ]
  for (const m of maps) {
    for (const advice of [MADV_NORMAL, MADV_RANDOM, MADV_SEQUENTIAL, MADV_WILLNEED]) {
      t.is(m.madvise(advice), undefined)
      t.is(m.tell(), 0)
    }
  }
})

testWhere(unix, 'no madvise on Windows')(
  'an unaligned start and an unknown advice are errors of the kernel (section 5)',
  (t) => {
    const m = mapped(t, 2 * PAGESIZE)
    const error = refuses(t, () => m.madvise(MADV_NORMAL, 1), 'EINVAL')
    t.is(error.syscall, 'madvise')
    refuses(t, () => m.madvise(9999), 'EINVAL')
    refuses(t, () => m.madvise(-5), 'EINVAL')
    refuses(t, () => m.madvise(2 ** 31), 'ERR_OUT_OF_RANGE')
    refuses(t, () => m.madvise('normal' as unknown as number), 'ERR_INVALID_ARG_TYPE')
    refuses(t, () => m.madvise(undefined as unknown as number), 'ERR_INVALID_ARG_TYPE')
  },
)

testWhere(unix, 'no madvise on Windows')(
  'an advice that the table of constants lacks is refused, even if this kernel knows it',
  (t) => {
    const m = anonymous(t, 2 * PAGESIZE)
    const known = new Set(
      Object.entries(constants).flatMap(([name, value]) =>
        name.startsWith('MADV_') ? [value] : [],
      ),
    )
    let refused = 0
    for (let advice = 0; advice < 200; advice++) {
      if (known.has(advice)) continue
      refuses(t, () => m.madvise(advice), 'EINVAL', undefined, `madvise(${advice})`)
      refused += 1
    }
    t.true(refused > 100)
    // MADV_GUARD_INSTALL among them would turn this read into a crash.
    t.is(latin1(m.slice(0, 2)), '\0\0')
  },
)

testWhere(linux, 'Linux alone promises this')(
  'MADV_DONTNEED throws private memory away, and reads a file afresh (section 5)',
  (t) => {
    const m = anonymous(t, 2 * PAGESIZE, 'private')
    m.setSlice('gone', 0, 4)
    m.setSlice('kept', PAGESIZE, PAGESIZE + 4)
    m.madvise(MADV_DONTNEED, 0, PAGESIZE)
    t.is(latin1(m.slice(0, 4)), '\0\0\0\0')
    t.is(latin1(m.slice(PAGESIZE, PAGESIZE + 4)), 'kept')
    const file = mapped(t, 'stays in the file')
    file.madvise(MADV_DONTNEED)
    t.is(latin1(file.slice(0, 5)), 'stays')
  },
)

testWhere(linux && MADV_REMOVE !== undefined && !emulated, 'Linux alone has it')(
  'MADV_REMOVE punches a hole (section 5)',
  (t) => {
    const m = new Mmap(-1, 2 * PAGESIZE, { flags: MAP_SHARED })
    t.teardown(() => m.close())
    m.setSlice('gone', 0, 4)
    m.madvise(MADV_REMOVE, 0, PAGESIZE)
    t.is(latin1(m.slice(0, 4)), '\0\0\0\0')
  },
)

testWhere(unix, 'no madvise on Windows')('madvise of a closed map, after its types', (t) => {
  const m = anonymous(t, PAGESIZE)
  m.close()
  refuses(t, () => m.madvise(MADV_NORMAL), 'ERR_MMAP_CLOSED', closedMessage)
  refuses(t, () => m.madvise(MADV_NORMAL, -1), 'ERR_MMAP_CLOSED', closedMessage)
  refuses(t, () => m.madvise(1.5), 'ERR_INVALID_ARG_TYPE')
})

testWhere(linux, 'Linux alone names memory')(
  'CPython set_name: a name of 66 bytes is the longest, a NUL and a file map are refused (section 2)',
  (t) => {
    for (const kind of ['shared', 'private'] as const) {
      const m = anonymous(t, PAGESIZE, kind)
      t.is(m.setName('test'), undefined)
      t.is(m.setName(''), undefined)
      t.is(m.setName('x'.repeat(66)), undefined)
      t.is(m.setName('é'.repeat(33)), undefined)
      refuses(t, () => m.setName('x'.repeat(67)), 'ERR_OUT_OF_RANGE', 'name is too long')
      refuses(t, () => m.setName(`x${'é'.repeat(33)}`), 'ERR_OUT_OF_RANGE', 'name is too long')
      refuses(t, () => m.setName('a\0b'), 'ERR_INVALID_ARG_VALUE', 'embedded null character')
      for (const name of [1, null, undefined, Buffer.from('x'), {}]) {
        refuses(t, () => m.setName(name as string), 'ERR_INVALID_ARG_TYPE')
      }
    }
    const file = mapped(t, 'abc')
    refuses(
      t,
      () => file.setName('test'),
      'ERR_MMAP_NOT_ANONYMOUS',
      'Cannot set annotation on non-anonymous mappings',
    )
  },
)

testWhere(linux, 'Linux alone names memory')('setName of a closed map, after its type', (t) => {
  const m = anonymous(t, PAGESIZE)
  m.close()
  refuses(t, () => m.setName('x'), 'ERR_MMAP_CLOSED', closedMessage)
  refuses(t, () => m.setName(3 as unknown as string), 'ERR_INVALID_ARG_TYPE')
})
