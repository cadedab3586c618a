import { inspect } from 'node:util'
import {
  ACCESS_COPY,
  ACCESS_DEFAULT,
  ACCESS_READ,
  ACCESS_WRITE,
  Mmap,
  Pattern,
  ALLOCATIONGRANULARITY as granularity,
  PAGESIZE,
  PROT_READ,
  PROT_WRITE,
} from '../index.js'
import { refuses } from './support/errors.ts'
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

test('printing never throws: proxies, heirs, prototypes, and subclasses that hide their name', (t) => {
  const m = mapped(t, 'a line\n')
  const match = m.match(/l/)
  const [line] = m.grep('l')
  const pattern = new Pattern('l')
  for (const [name, value] of Object.entries({
    Mmap: m,
    Match: match,
    Line: line,
    Pattern: pattern,
  })) {
    const of = value as object
    const proxy: object = new Proxy(of, {})
    t.is(inspect(proxy), `${name} {}`)
    t.is(inspect(Object.create(of)), `${name} {}`)
    t.is(typeof inspect(proxy, { showProxy: true }), 'string')
    t.is(typeof inspect(Object.getPrototypeOf(of)), 'string')
    t.not(inspect(of), `${name} {}`)
  }
  const nameless = (() => class extends Mmap {})()
  const odd: unknown[] = [undefined, { name: Symbol('name') }, { name: '' }]
  const shown = inspect(m)
  t.is(inspect(nameless.from(m.share())), shown)
  for (const value of odd) {
    const other = nameless.from(m.share())
    Object.defineProperty(other, 'constructor', { value })
    t.is(inspect(other), shown)
    t.is(String(other), shown)
    other.close()
  }
})

test('a map has no elements, though printing looks for one', (t) => {
  const m = mapped(t, 'abc') as Mmap & Record<number, number>
  const printed = {
    get bytes() {
      return new Uint8Array(3).map((_, at) => m[at] as number)
    },
  }
  refuses(t, () => m[0], 'ERR_INVALID_ARG_TYPE')
  refuses(t, () => new Uint8Array(3).set(m), 'ERR_INVALID_ARG_TYPE')
  t.true(inspect(printed, { getters: true }).includes('a map has no elements'))
})

test('a pattern shows its options, and not thousands of needles', (t) => {
  const words = Array.from({ length: 1000 }, (_, at) => `word ${at}`)
  const options = { ignoreCase: true, encoding: 'latin1' } as const
  t.is(
    inspect(new Pattern(/a/m, options)),
    "Pattern { /a/m, encoding: 'latin1', ignoreCase: true }",
  )
  t.true(inspect(new Pattern(words)).endsWith("'word 99', ... 900 more }"))
})
