import { readFileSync } from 'node:fs'
import {
  ACCESS_COPY,
  ACCESS_READ,
  ACCESS_WRITE,
  MAP_PRIVATE,
  MS_ASYNC,
  MS_INVALIDATE,
  MS_SYNC,
  PAGESIZE,
  PROT_WRITE,
} from '../index.js'
import { closedMessage, refuses } from './support/errors.ts'
import { anonymous, mapped, mappedPath, temporaryFile } from './support/files.ts'
import { linux } from './support/platform.ts'
import test, { testWhere } from './support/test.ts'

const rangeMessage = 'flush values out of range'

test('CPython test_flush_return_value: nothing comes back', (t) => {
  const m = anonymous(t, 16)
  m.write('python')
  t.is(m.flush(), undefined)
  if (linux) refuses(t, () => m.flush(1, 6), 'EINVAL', undefined, 'an offset inside a page')
})

test('CPython test_flush_parameters, section 4: an offset alone reaches to the end, and flags are those of msync', (t) => {
  const path = temporaryFile(3 * PAGESIZE)
  const m = mappedPath(t, path)
  m.write('flushed')
  t.is(m.flush(PAGESIZE), undefined)
  t.is(m.flush(0, PAGESIZE), undefined)
  t.is(m.flush(PAGESIZE, PAGESIZE), undefined)
  t.is(m.flush(0, 2 * PAGESIZE, {}), undefined)
  t.is(m.flush(0, 2 * PAGESIZE, undefined), undefined)
  t.is(m.flush(undefined, undefined, { flags: undefined }), undefined)
  for (const flags of [
    0,
    MS_ASYNC,
    MS_SYNC,
    MS_INVALIDATE,
    MS_ASYNC | MS_INVALIDATE,
    MS_SYNC | MS_INVALIDATE,
  ]) {
    t.is(m.flush(0, m.length, { flags }), undefined)
  }
  t.is(readFileSync(path, 'latin1').slice(0, 7), 'flushed')
})

test('a size of -1 is to the end, as 3.15 has it (section 4)', (t) => {
  const m = mapped(t, 2 * PAGESIZE)
  t.is(m.flush(0, -1), undefined)
  t.is(m.flush(PAGESIZE, -1), undefined)
  refuses(t, () => m.flush(0, -2), 'ERR_OUT_OF_RANGE', rangeMessage)
  refuses(t, () => m.flush(3 * PAGESIZE, -1), 'ERR_OUT_OF_RANGE', rangeMessage)
})

test('PyPy test_flush: ranges outside the map', (t) => {
  const m = mapped(t, 'foobar')
  t.is(m.flush(), undefined)
  refuses(t, () => m.flush(0, 99), 'ERR_OUT_OF_RANGE', rangeMessage)
  refuses(t, () => m.flush(7), 'ERR_OUT_OF_RANGE', rangeMessage)
  refuses(t, () => m.flush(-1), 'ERR_OUT_OF_RANGE', rangeMessage)
  refuses(t, () => m.flush(1, 6), 'ERR_OUT_OF_RANGE', rangeMessage)
  refuses(t, () => m.flush('foo' as unknown as number), 'ERR_INVALID_ARG_TYPE')
  refuses(t, () => m.flush(0, Buffer.from('foo') as unknown as number), 'ERR_INVALID_ARG_TYPE')
  refuses(t, () => m.flush(0, 1, 2 as unknown as object), 'ERR_INVALID_ARG_TYPE')
})

test('read-only and copied maps check the range and write nothing, whatever the alignment (section 4)', (t) => {
  const path = temporaryFile('x'.repeat(100))
  for (const access of [ACCESS_READ, ACCESS_COPY]) {
    const m = mappedPath(t, path, { access })
    t.is(m.flush(), undefined)
    t.is(m.flush(1, 6), undefined)
    t.is(m.flush(100), undefined, 'an offset of the length')
    t.is(m.flush(0, 1, { flags: MS_ASYNC | MS_SYNC }), undefined, 'the kernel is not asked')
    refuses(t, () => m.flush(0, 101), 'ERR_OUT_OF_RANGE', rangeMessage)
    refuses(t, () => m.flush(101), 'ERR_OUT_OF_RANGE', rangeMessage)
  }
})

testWhere(linux, 'the errors of Linux')(
  'an unaligned offset and impossible flags are errors of the kernel (section 4)',
  (t) => {
    const m = mapped(t, 2 * PAGESIZE)
    const error = refuses(t, () => m.flush(1, 6), 'EINVAL')
    t.is(error.syscall, 'msync')
    refuses(t, () => m.flush(1, 0), 'EINVAL')
    refuses(t, () => m.flush(0, 1, { flags: MS_ASYNC | MS_SYNC }), 'EINVAL')
    refuses(t, () => m.flush(0, 1, { flags: 1 << 20 }), 'EINVAL')
    t.is(m.flush(2 * PAGESIZE), undefined, 'the end is aligned here')
  },
)

test('flush of every map that writes, and at every position', (t) => {
  const path = temporaryFile('abcdef')
  const maps = [
    mappedPath(t, path, { access: ACCESS_WRITE }),
    mappedPath(t, path, { prot: PROT_WRITE }),
    mappedPath(t, path, { flags: MAP_PRIVATE }),
    anonymous(t, 100, 'private'),
  ]
  for (const m of maps) {
    m.seek(3)
    t.is(m.flush(), undefined)
    t.is(m.tell(), 3)
  }
})

test('flush of a closed map, after its types', (t) => {
  const m = mapped(t, 'abc')
  m.close()
  refuses(t, () => m.flush(), 'ERR_MMAP_CLOSED', closedMessage)
  refuses(t, () => m.flush(99, 99), 'ERR_MMAP_CLOSED', closedMessage)
  refuses(t, () => m.flush(1.5), 'ERR_INVALID_ARG_TYPE')
})
