import { inspect } from 'node:util'
import {
  ACCESS_COPY,
  ACCESS_DEFAULT,
  ACCESS_READ,
  ACCESS_WRITE,
  Mmap,
  ALLOCATIONGRANULARITY as granularity,
  PAGESIZE,
  PROT_READ,
  PROT_WRITE,
} from '../index.js'
import { mapped } from './support/files.ts'
import { unix } from './support/platform.ts'
import test, { testWhere } from './support/test.ts'

const names = { ACCESS_DEFAULT, ACCESS_READ, ACCESS_WRITE, ACCESS_COPY }

test('CPython test_repr: sizes, accesses, the position, and a closed map', (t) => {
  for (const size of [50, PAGESIZE, 5 * PAGESIZE + 1, 2 ** 20 - 1, 2 ** 24]) {
    for (const [name, access] of Object.entries(names)) {
      const m = new Mmap(-1, size, { access })
      const expected = `<fmmap.Mmap closed=false, access=${name}, length=${size}, pos=0, offset=0>`
      t.is(String(m), expected)
      t.is(m.toString(), expected)
      t.is(inspect(m), expected)
      m.seek(size >> 1)
      t.is(String(m), expected.replace('pos=0', `pos=${size >> 1}`))
      m.close()
      t.is(String(m), '<fmmap.Mmap closed=true>')
      t.is(inspect(m), '<fmmap.Mmap closed=true>')
    }
  }
})

testWhere(unix, 'Unix’s rules; windows.spec.ts has Windows’s')(
  'the access shown is the one deduced from prot (section 1.1)',
  (t) => {
    t.true(String(mapped(t, 'abc', { prot: PROT_READ })).includes('access=ACCESS_READ,'))
    t.true(String(mapped(t, 'abc', { prot: PROT_WRITE })).includes('access=ACCESS_WRITE,'))
  },
)

test('a map shows itself inside other values', (t) => {
  const m = mapped(t, Buffer.alloc(2 * granularity, 'x'), { offset: granularity })
  t.true(
    inspect({ m }).includes(
      `<fmmap.Mmap closed=false, access=ACCESS_DEFAULT, length=${granularity}, pos=0, offset=${granularity}>`,
    ),
  )
  t.is(String(m), inspect(m))
})
