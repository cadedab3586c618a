// madvise and setName: what a map tells the kernel about itself.
import {
  ACCESS_READ,
  ACCESS_WRITE,
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
import { emulated, externalBuffers, linux, unix } from './support/platform.ts'
import { areasOf } from './support/proc.mjs'
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

/** Of the areas that map the file, how many have the flag of /proc/self/smaps. */
function flagged(path: string, flag: string): [flagged: number, all: number] {
  const own = areasOf(path)
  const flags = own.map((area) => /VmFlags:(.*)/.exec(area)?.[1] ?? '')
  return [flags.filter((words) => words.split(' ').includes(flag)).length, own.length]
}

testWhere(linux && !emulated && externalBuffers, 'reads /proc/self/smaps')(
  'advice is about the memory of views too, and about memory that is mapped later',
  (t) => {
    const path = temporaryFile('x'.repeat(4 * PAGESIZE))
    const m = mappedPath(t, path, { access: ACCESS_READ })
    const before = m.view()
    m.madvise(MADV_RANDOM)
    t.deepEqual(flagged(path, 'rr'), [2, 2], 'the map and what its views show')
    m.madvise(MADV_NORMAL, PAGESIZE, PAGESIZE)
    t.deepEqual(flagged(path, 'rr'), [4, 6], 'a part of both')
    t.is(before.length, 4 * PAGESIZE)
    const own = temporaryFile('x'.repeat(2 * PAGESIZE))
    const writable = mappedPath(t, own, { access: ACCESS_WRITE })
    writable.madvise(MADV_RANDOM)
    const old = writable.view()
    writable.resize(PAGESIZE)
    t.deepEqual(flagged(own, 'rr'), [2, 2], 'mapped afresh beside a live view')
    t.is(old[0], 120)
  },
)

testWhere(linux && !emulated && externalBuffers, 'reads /proc/self/smaps')(
  'a view that is made later has the advice that was given, range by range',
  (t) => {
    const path = temporaryFile('x'.repeat(4 * PAGESIZE))
    const m = mappedPath(t, path, { access: ACCESS_READ })
    m.madvise(MADV_SEQUENTIAL)
    m.madvise(MADV_RANDOM, PAGESIZE, PAGESIZE)
    m.madvise(MADV_NORMAL, 2 * PAGESIZE)
    const [random, sequential] = [flagged(path, 'rr')[0], flagged(path, 'sr')[0]]
    t.deepEqual([random, sequential], [1, 1])
    const view = m.view()
    t.deepEqual([flagged(path, 'rr')[0], flagged(path, 'sr')[0]], [2, 2])
    t.is(view[0], 120)
  },
)

testWhere(linux && externalBuffers, 'Linux alone promises this')(
  'MADV_DONTNEED gives the pages of views back, and what was written to them',
  (t) => {
    const m = mapped(t, 'x'.repeat(2 * PAGESIZE), { access: ACCESS_READ })
    const view = m.view()
    view[0] = 89
    view[PAGESIZE] = 89
    m.madvise(MADV_DONTNEED, 0, PAGESIZE)
    t.is(view[0], 120, 'the file again')
    t.is(view[PAGESIZE], 89)
  },
)

testWhere(linux && !emulated && externalBuffers, 'reads /proc/self/smaps')(
  'maps of one token have the advice that any of them was given, also after a resize',
  (t) => {
    const path = temporaryFile('x'.repeat(4 * PAGESIZE))
    const m = mappedPath(t, path, { access: ACCESS_READ })
    m.madvise(MADV_RANDOM)
    using other = Mmap.from(m.share())
    const view = other.view()
    t.deepEqual(flagged(path, 'rr'), [2, 2], 'the memory, and what the views of the other show')
    t.is(view[0], 120)
    const own = temporaryFile('x'.repeat(2 * PAGESIZE))
    using first = Mmap.open(own, { access: ACCESS_WRITE })
    using second = Mmap.from(first.share())
    second.madvise(MADV_SEQUENTIAL)
    first.resize(3 * PAGESIZE)
    t.deepEqual(
      flagged(own, 'sr'),
      [2, 3],
      'the old memory, and the fresh one as far as it was advised',
    )
    second.madvise(MADV_NORMAL)
    t.deepEqual(flagged(own, 'sr'), [1, 3], 'from then on each has its own')
    second.refresh()
    t.is(second.length, 3 * PAGESIZE)
    t.deepEqual(flagged(own, 'sr'), [1, 3])
  },
)
