import { ACCESS_READ, MAP_ANONYMOUS, MAP_PRIVATE, Mmap, PAGESIZE, PROT_READ } from '../index.js'
import { closedMessage, refuses } from './support/errors.ts'
import { anonymous, bytes, mapped } from './support/files.ts'
import { unix } from './support/platform.ts'
import test, { testWhere } from './support/test.ts'

/** Python's clamping of a search range, as an oracle over a string of one character a byte. */
function oracle(hay: string, sub: string, start: number, end: number, reverse: boolean): number {
  // A start past the end stays there.
  const clamp = (bound: number): number => Math.max(bound < 0 ? bound + hay.length : bound, 0)
  const [from, to] = [clamp(start), Math.min(clamp(end), hay.length)]
  if (to < from) return -1
  if (sub === '') return reverse ? to : from
  const window = hay.slice(from, to)
  const at = reverse ? window.lastIndexOf(sub) : window.indexOf(sub)
  return at === -1 ? -1 : at + from
}

test('CPython test_tougher_find: every slice of a string full of NULs is found where it is', (t) => {
  const tail = Array.from({ length: 256 }, (_, i) => String.fromCharCode(i)).join('')
  const content = `aabaac\0deef\0\0aa\0${tail.slice(128, 144)}\n\0`
  const m = mapped(t, content)
  for (let start = 0; start <= content.length; start++) {
    for (let end = start; end <= content.length; end++) {
      const sub = bytes(content.slice(start, end))
      const expected = content.indexOf(content.slice(start, end))
      if (m.find(sub) !== expected)
        t.fail(`find of [${start}, ${end}) is ${m.find(sub)}, not ${expected}`)
      if (m.find(Buffer.concat([sub, bytes('x')])) !== -1) t.fail('found what is not there')
    }
  }
  t.pass()
})

test('CPython test_find_end: every pair of bounds, for five needles', (t) => {
  const content = 'one two ones'
  const m = mapped(t, content)
  t.is(m.find('one'), 0)
  t.is(m.find('ones'), 8)
  t.is(m.find('one', 0, -1), 0)
  t.is(m.find('one', 1), 8)
  t.is(m.find('one', 1, -1), 8)
  t.is(m.find('one', 1, -2), -1)
  t.is(m.find(new Uint8Array(bytes('one'))), 0)
  const n = content.length
  for (const sub of ['o', 'on', 'two', 'ones', 's']) {
    for (let start = -n - 1; start <= n; start++) {
      for (let end = -n - 1; end <= n; end++) {
        const expected = oracle(content, sub, start, end, false)
        if (m.find(sub, start, end) !== expected) t.fail(`find('${sub}', ${start}, ${end})`)
      }
    }
  }
})

testWhere(unix, 'Unix’s rules; windows.spec.ts has Windows’s')(
  'CPython test_find_does_not_access_beyond_buffer: pages without access on both sides',
  (t) => {
    const around = (): Mmap =>
      new Mmap(-1, PAGESIZE, { prot: 0, flags: MAP_PRIVATE | MAP_ANONYMOUS })
    const guards: Mmap[] = []
    const maps: Mmap[] = []
    // The kernel places maps below one another: many of them leave no other neighbours.
    for (let i = 0; i < 8; i++) {
      guards.push(around())
      maps.push(new Mmap(-1, PAGESIZE, { prot: PROT_READ, flags: MAP_PRIVATE | MAP_ANONYMOUS }))
      guards.push(around())
    }
    t.teardown(() => [...guards, ...maps].forEach((m) => m.close()))
    for (const m of maps) {
      t.is(m.find('fo', -2), -1)
      t.is(m.find('\0\0', -2), PAGESIZE - 2)
      t.is(m.find('fo'), -1)
      t.is(m.rfind('fo', 0), -1)
      t.is(m.rfind('\0', 0), PAGESIZE - 1)
      t.is(m.rfind('\0\0\0', 0, 3), 0)
      t.is(m.find('f'.repeat(100), -100), -1)
      t.is(m.rfind('f'.repeat(100), -100), -1)
    }
  },
)

test('CPython test_rfind: the last one, within bounds', (t) => {
  const m = mapped(t, 'one two ones')
  t.is(m.rfind('one'), 8)
  t.is(m.rfind('one '), 0)
  t.is(m.rfind('one', 0, -1), 8)
  t.is(m.rfind('one', 0, -2), 0)
  t.is(m.rfind('one', 1, -1), 8)
  t.is(m.rfind('one', 1, -2), -1)
  t.is(m.rfind(new Uint8Array(bytes('one'))), 8)
})

const pypy: [string, number[]][] = [
  ['o', []],
  ['o', [0]],
  ['o', [1]],
  ['o', [2]],
  ['o', [-1]],
  ['o', [-999_999_999]],
  ['o', [999_999_999]],
  ['oo', [0, 0]],
  ['o', [0, 1]],
  ['o', [0, 2]],
  ['o', [0, -1]],
  ['ob', [0, -3]],
  ['ob', [0, -4]],
  ['foobar', []],
  ['foobarx', []],
  ['r', [-1]],
  ['r', [0, -1]],
  ['bar', [-3, 999_999_999]],
  ['fo', [-6, 2]],
  ['fo', [-6, 1]],
]

test('PyPy test_find and test_rfind: bounds far out, at 0, and negative', (t) => {
  const m = mapped(t, 'foobar')
  for (const [sub, bounds] of pypy) {
    const [start = 0, end = 6] = bounds
    t.is(
      m.find(sub, ...bounds),
      oracle('foobar', sub, start, end, false),
      `find ${sub} ${bounds.join()}`,
    )
    t.is(
      m.rfind(sub, ...bounds),
      oracle('foobar', sub, start, end, true),
      `rfind ${sub} ${bounds.join()}`,
    )
  }
})

test('PyPy test_find, test_rfind: the default start is the position, and the search moves nothing', (t) => {
  const m = mapped(t, 'foobar foobar')
  t.is(m.find('o'), 1)
  m.read(2)
  t.is(m.find('o'), 2)
  t.is(m.find('fo'), 7)
  t.is(m.find('o', 0), 1, 'an explicit start looks before the position')
  t.is(m.tell(), 2)
  m.seek(8)
  t.is(m.rfind('foo'), -1, 'rfind too searches from the position on')
  t.is(m.rfind('foo', 0), 7)
  t.is(m.rfind('o'), 9)
  t.is(m.tell(), 8)
})

test('PyPy test_find: a number is no needle', (t) => {
  const m = mapped(t, 'foobar')
  for (const sub of [123, null, undefined, {}, [1], true, 1n]) {
    refuses(t, () => m.find(sub as string), 'ERR_INVALID_ARG_TYPE')
    refuses(t, () => m.rfind(sub as string), 'ERR_INVALID_ARG_TYPE')
  }
  for (const bound of [bytes('baz'), 'baz', 1.5, null, Number.NaN, { from: 1 }]) {
    refuses(t, () => m.find('foo', bound as number), 'ERR_INVALID_ARG_TYPE')
    refuses(t, () => m.rfind('foo', 0, bound as number), 'ERR_INVALID_ARG_TYPE')
  }
})

test('PyPy rmmap test_find_rfind: every pair of bounds from -20 to 20', (t) => {
  const content = 'foobarbazfoobaz'
  const m = mapped(t, content)
  for (const sub of ['', 'o', 'foo', 'baz', 'zf', 'foobarbazfoobaz', 'qux']) {
    for (let start = -20; start <= 20; start++) {
      for (let end = -20; end <= 20; end++) {
        for (const reverse of [false, true]) {
          const actual = reverse ? m.rfind(sub, start, end) : m.find(sub, start, end)
          const expected = oracle(content, sub, start, end, reverse)
          if (actual !== expected)
            t.fail(
              `${reverse ? 'rfind' : 'find'}('${sub}', ${start}, ${end}) is ${actual}, not ${expected}`,
            )
        }
      }
    }
  }
  t.pass()
})

test('PyPy rmmap test_find: a NUL just past the map is not part of it', (t) => {
  const m = mapped(t, 'foo bar\0bazz')
  t.is(m.find('\0', 8), -1)
  t.is(m.find('\0'), 7)
  t.is(m.rfind('z\0', 0), -1)
  t.is(m.find('bazz\0'), -1)
})

test('fmmap test_off_by_one: a match at the very start of the map', (t) => {
  const m = mapped(t, 'jj________')
  t.is(m.find('jj'), 0)
  t.is(m.rfind('jj'), 0)
})

test('fmmap test_needle_too_big: longer than what is left', (t) => {
  const m = mapped(t, '0123456abc')
  t.is(m.find('abc', 9), -1)
  t.is(m.rfind('abc', 9), -1)
  t.is(m.find('abc', 7), 7)
})

test('the empty needle is where the range begins or ends, as CPython does (section 3)', (t) => {
  const m = mapped(t, '0123456789abcdef')
  t.is(m.find(''), 0)
  t.is(m.find('', 3), 3)
  t.is(m.find('', 16), 16)
  t.is(m.find('', 17), -1, 'a start past the end finds nothing')
  t.is(m.find('', 99, 99), -1)
  t.is(m.find('', 5, 3), -1)
  t.is(m.find('', 0, -99), 0)
  t.is(m.rfind(''), 16)
  t.is(m.rfind('', 5, 5), 5)
  t.is(m.rfind('', 0, 7), 7)
  t.is(m.rfind('', 17), -1)
  t.is(m.rfind('', 0, 99), 16)
  t.is(m.rfind('', 5, 3), -1)
  m.seek(4)
  t.is(m.find(''), 4)
  t.is(m.find(new Uint8Array(0)), 4)
})

test('an end counts without a start, and undefined is the default (section 3)', (t) => {
  const m = mapped(t, 'abcabcabc')
  m.seek(3)
  t.is(m.find('abc', undefined, 5), -1)
  t.is(m.find('abc', undefined, 6), 3)
  t.is(m.rfind('abc', undefined, 8), 3)
  t.is(m.rfind('abc', undefined, undefined), 6)
  t.is(m.find('abc', 0, undefined), 0)
})

test('strings mean their own bytes in any order of calls, whichever were passed before', (t) => {
  const long = 'l'.repeat(100)
  const strings = [
    '',
    'ab',
    'ac',
    'é',
    '\ud800',
    '\ufffd',
    'ab',
    `${long}1`,
    `${long}2`,
    'a'.repeat(64),
  ]
  const m = mapped(t, Buffer.from(strings.map((string) => `${string}|`).join('')))
  const first = strings.map((string) => m.slice().indexOf(Buffer.from(string)))
  for (const a of strings.keys()) {
    for (const b of strings.keys()) {
      // Twice each: the bytes of the last strings are kept.
      for (const at of [a, b, a, b])
        t.is(m.find(strings[at] ?? '', 0), first[at], `${at} of ${a}, ${b}`)
    }
  }
  m.seek(0)
  m.write('ac')
  m.set(1, 0x7a)
  t.is(m.find('ac', 0), 4, 'what was written is not what is kept')
})

test('a needle is bytes of any kind: UTF-8 of a string, typed arrays, DataView, ArrayBuffer', (t) => {
  const m = mapped(t, Buffer.from('x\0\u{1f600}é€\u{fffd}end'))
  t.is(m.find('é€'), 6)
  t.is(m.find('\u{1f600}'), 2)
  t.is(m.find('\ud800'), 11, 'a lone surrogate becomes U+FFFD')
  t.is(m.find(Uint16Array.of(0xa9c3)), 6)
  t.is(m.find(new DataView(Uint8Array.of(0, 0x65, 0x6e, 0).buffer, 1, 2)), 14)
  t.is(m.find(Uint8Array.of(0x65, 0x6e, 0x64).buffer), 14)
  const shared = new Uint8Array(new SharedArrayBuffer(1))
  shared[0] = 0x64
  t.is(m.find(shared), 16)
  t.is(m.find(shared.buffer), 16)
  const own = Buffer.from('end')
  t.is(m.find(own.subarray(1)), 15)
})

test('long needles, needles as long as the map, and around a page', (t) => {
  const content = Buffer.from(
    Uint8Array.from({ length: 3 * PAGESIZE }, (_, i) => (i * i + (i >> 8)) & 255),
  )
  const m = mapped(t, content)
  t.is(m.find(content), 0)
  t.is(m.rfind(content), 0)
  t.is(m.find(Buffer.concat([content, bytes('x')])), -1)
  for (const start of [0, 1, PAGESIZE - 100, PAGESIZE - 1, PAGESIZE, 2 * PAGESIZE + 17]) {
    for (const length of [1, 2, 3, 31, 32, 33, 64, 200, PAGESIZE]) {
      const sub = content.subarray(start, start + length)
      t.is(m.find(sub), content.indexOf(sub))
      t.is(m.rfind(sub), content.lastIndexOf(sub))
    }
  }
})

test('random haystacks of few letters agree with Buffer, in both directions', (t) => {
  let state = 12_345
  const random = (below: number): number => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648
    return Math.floor((state / 2_147_483_648) * below)
  }
  const m = anonymous(t, 20_000)
  for (let round = 0; round < 30; round++) {
    const letters = 2 + random(3)
    const content = Buffer.from(Uint8Array.from({ length: 20_000 }, () => 97 + random(letters)))
    m.setSlice(content)
    for (let i = 0; i < 40; i++) {
      const length = 1 + random(i % 2 === 0 ? 12 : 90)
      const at = random(20_000 - length)
      const sub = Buffer.from(content.subarray(at, at + length))
      if (i % 3 === 0) sub[random(length)] = 97 + random(letters + 1)
      const start = random(10_000)
      const end = 20_000 - random(9_000)
      const window = content.subarray(start, end)
      const first = window.indexOf(sub)
      const last = window.lastIndexOf(sub)
      if (m.find(sub, start, end) !== (first < 0 ? -1 : first + start))
        t.fail(`find of ${sub.toString()} in round ${round}`)
      if (m.rfind(sub, start, end) !== (last < 0 ? -1 : last + start))
        t.fail(`rfind of ${sub.toString()} in round ${round}`)
    }
  }
  t.pass()
})

test('short and long needles are found in the window, across its ends and outside of it', (t) => {
  const block = 16 * 1024 * 1024
  const m = anonymous(t, 3 * block + 100)
  // The same in a map of which no small access has made a window.
  const cold = anonymous(t, 3 * block + 100)
  const places = [
    0,
    5,
    4_000,
    block - 3,
    block,
    block + 9_000,
    2 * block - 1,
    2 * block + 70,
    3 * block - 2,
  ]
  for (const at of places) for (const map of [m, cold]) map.setSlice('\nab', at, at + 3)
  const compare = (start: number, end?: number): void => {
    for (const sub of ['\n', 'b', 'z', '\nab', 'ab\0', '']) {
      for (const find of ['find', 'rfind'] as const) {
        const [found, expected] = [m[find](sub, start, end), cold[find](sub, start, end)]
        if (found !== expected) t.fail(`${find}('${sub}', ${start}, ${end}): ${found}, ${expected}`)
      }
    }
  }
  for (const window of [0, block, 2 * block]) {
    // As many small accesses in a row move the window here.
    m.seek(window)
    for (let i = 0; i < 100; i++) m.readByte()
    for (const at of places) {
      for (const start of [0, at - 1, at, at + 1, at + 2, window]) {
        compare(Math.max(start, 0))
        for (const end of [at, at + 1, at + 3, at + 50, window + block])
          compare(Math.max(start, 0), end)
      }
    }
  }
  t.pass()
})

test('one byte is searched for again and again, and found where it is then', (t) => {
  const lines = 'a line\n'.repeat(1000)
  const m = mapped(t, lines)
  let count = 0
  for (let at = m.find('\n'); at !== -1; at = m.find('\n', at + 1)) count += 1
  t.is(count, 1000)
  for (let at = m.rfind('\n'); at !== -1; at = m.rfind('\n', 0, at)) count += 1
  t.is(count, 2000)
  m.set(3, 10)
  t.is(m.find(Uint8Array.of(10)), 3)
  m.set(3, 32)
  t.is(m.find(Uint8Array.of(10)), 6)
  m.resize(20)
  t.is(m.rfind('\n', 0), 13)
  t.is(m.find('\n', 14), -1)
})

test('a search sees what was written a moment ago', (t) => {
  const m = mapped(t, 3 * PAGESIZE, {})
  t.is(m.find('needle'), -1)
  m.setSlice('needle', 2 * PAGESIZE - 3, 2 * PAGESIZE + 3)
  t.is(m.find('needle'), 2 * PAGESIZE - 3)
  t.is(m.rfind('needle'), 2 * PAGESIZE - 3)
})

test('a closed map is not searched', (t) => {
  const m = mapped(t, 'abc', { access: ACCESS_READ })
  m.close()
  refuses(t, () => m.find('a'), 'ERR_MMAP_CLOSED', closedMessage)
  refuses(t, () => m.rfind('a'), 'ERR_MMAP_CLOSED', closedMessage)
  refuses(
    t,
    () => m.find(1 as unknown as string),
    'ERR_INVALID_ARG_TYPE',
    undefined,
    'types come first',
  )
})
