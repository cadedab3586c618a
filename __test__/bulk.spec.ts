// count and findAll: every match that overlaps none before it, counted in one call or given one by one.
import { ACCESS_READ, type Mmap, PAGESIZE } from '../index.js'
import { closedMessage, refuses } from './support/errors.ts'
import { anonymous, bytes, mapped, mappedPath, temporaryFile, touched } from './support/files.ts'
import { matches, numbers, text } from './support/haystacks.ts'
import { hole, scaled } from './support/platform.ts'
import test, { type Assertions } from './support/test.ts'

/** How many offsets a step of findAll fetches at once, and how many bytes it searches. */
const BATCH = 4096
const BLOCK = 1 << 20

/** count and findAll must agree with the oracle, for the whole range and for parts. */
function agree(
  t: Assertions,
  m: Mmap,
  content: Buffer,
  sub: Buffer,
  start: number,
  end: number,
  label: string,
): void {
  const expected = matches(content, sub, start, end)
  const counted = m.count(sub, { start, end })
  if (counted !== expected.length) t.fail(`${label}: counted ${counted}, not ${expected.length}`)
  const found = [...m.findAll(sub, { start, end })]
  const wrong = found.findIndex((at, index) => at !== expected[index])
  if (wrong !== -1 || found.length !== expected.length) {
    t.fail(
      `${label}: ${found.length} matches, not ${expected.length}; ` +
        `number ${wrong} is ${found[wrong]}, not ${expected[wrong]}`,
    )
  }
}

test('count and findAll: matches in order, none of which overlaps the one before', (t) => {
  const m = mapped(t, 'banana bandana')
  t.deepEqual([...m.findAll('an')], [1, 3, 8, 11])
  t.is(m.count('an'), 4)
  t.deepEqual([...m.findAll('ana')], [1, 11])
  t.is(m.count('ana'), 2)
  t.deepEqual([...m.findAll('x')], [])
  t.is(m.count('x'), 0)
  t.deepEqual([...m.findAll('banana bandana')], [0])
  t.is(m.count('banana bandana!'), 0)
  t.deepEqual([...m.findAll('banana bandana!')], [])
})

test('count and findAll take the whole map and move no position', (t) => {
  const m = mapped(t, 'banana')
  m.seek(4)
  t.is(m.count('an'), 2)
  t.deepEqual([...m.findAll('an')], [1, 3])
  t.is(m.tell(), 4)
})

test('count and findAll clamp start and end as find does; a match lies wholly inside', (t) => {
  const content = bytes('abababab')
  const m = mapped(t, content)
  for (const sub of ['ab', 'aba', 'b', 'ba', 'abababab', '']) {
    for (let start = -10; start <= 10; start++) {
      for (let end = -10; end <= 10; end++) {
        agree(t, m, content, bytes(sub), start, end, `'${sub}' in [${start}, ${end})`)
      }
    }
  }
  t.is(m.count('ab', { start: -1e300, end: 1e300 }), 4)
  t.deepEqual([...m.findAll('ab', { start: -1e300, end: 1e300 })], [0, 2, 4, 6])
  t.deepEqual([...m.findAll('ab', { start: undefined, end: undefined })], [0, 2, 4, 6])
})

test('an empty needle matches at every offset, the end included, as in bytes.count', (t) => {
  const m = mapped(t, 'abc')
  t.is(m.count(''), 4)
  t.deepEqual([...m.findAll('')], [0, 1, 2, 3])
  t.is(m.count('', { start: 1, end: 2 }), 2)
  t.deepEqual([...m.findAll('', { start: 1, end: 2 })], [1, 2])
  t.is(m.count('', { start: 3 }), 1)
  t.is(m.count('', { start: 2, end: 1 }), 0)
  t.deepEqual([...m.findAll('', { start: 2, end: 1 })], [])
  const large = mapped(t, 3 * BATCH)
  t.is(large.count(''), 3 * BATCH + 1)
  let next = 0
  for (const at of large.findAll('')) if (at !== next++) t.fail(`${at} instead of ${next - 1}`)
  t.is(next, 3 * BATCH + 1)
})

test('needles that overlap themselves, across the bounds of batches and blocks', (t) => {
  for (const [unit, subs] of [
    ['a', ['a', 'aa', 'aaa', 'a'.repeat(7), 'a'.repeat(4097)]],
    ['ab', ['ab', 'aba', 'abab', 'ababa', 'bab']],
    ['abcab', ['abcab', 'abcabab', 'ab', 'cabab']],
  ] as const) {
    const content = Buffer.alloc(BLOCK + 3 * BATCH, unit)
    // A defect shortly before and after the block's bound.
    content[BLOCK - 2] = 120
    content[BLOCK + 3] = 120
    const m = mapped(t, content)
    for (const sub of subs) {
      const label = `'${sub.slice(0, 8)}' in '${unit}'`
      agree(t, m, content, bytes(sub), 0, content.length, label)
      agree(t, m, content, bytes(sub), BLOCK - 9, content.length, `${label}, from the bound`)
    }
  }
  t.pass()
})

test('a match that lies across a block bound is found once, wherever it lies', (t) => {
  const content = Buffer.alloc(2 * BLOCK + 64)
  const m = mapped(t, content)
  const needle = bytes('needle across')
  for (let at = BLOCK - needle.length - 1; at <= BLOCK + 1; at++) {
    m.setSlice(needle, at, at + needle.length)
    t.deepEqual([...m.findAll(needle)], [at])
    t.is(m.count(needle), 1)
    m.setSlice(Buffer.alloc(needle.length), at, at + needle.length)
  }
})

test('batches grow with what was searched: a match across any bound of theirs is found once', (t) => {
  const m = anonymous(t, 70 * 1024 * 1024)
  const expected: number[] = []
  for (let at = 65_536; at < m.length; at += 65_536) {
    m.setSlice('needle', at - 3, at + 3)
    expected.push(at - 3)
  }
  t.deepEqual([...m.findAll('needle')], expected)
  // Batches from elsewhere have other bounds, and fewer matches are left out than a batch has.
  for (const start of [1, 65_533, 65_534, 20_000_000]) {
    t.deepEqual(
      [...m.findAll('needle', { start })],
      expected.filter((at) => at >= start),
    )
  }
  // No match for tens of megabytes, and one behind them.
  m.setSlice(Buffer.alloc(m.length - 100_000), 100_000, m.length)
  m.setSlice('needle', m.length - 6, m.length)
  t.deepEqual([...m.findAll('needle')], [65_533, m.length - 6])
})

test('random haystacks of few letters, random needles, against a loop of indexOf', (t) => {
  const random = numbers(1)
  for (let round = 0; round < scaled(400); round++) {
    const letters = 1 + (random() % 3)
    const content = text(random, random() % 40_000, letters)
    const m = mapped(t, content.length === 0 ? 'x' : content)
    const inside = content.length === 0 ? bytes('x') : content
    for (let i = 0; i < 5; i++) {
      const from = random() % inside.length
      const sub = inside.subarray(from, from + (random() % 9))
      const start = random() % (inside.length + 1)
      agree(t, m, inside, Buffer.from(sub), 0, inside.length, `round ${round}`)
      agree(t, m, inside, Buffer.from(sub), start, inside.length, `round ${round} from ${start}`)
    }
    m.close()
  }
  t.pass()
})

test('limit: the most matches to give', (t) => {
  const m = mapped(t, 'a'.repeat(3 * BATCH))
  for (const limit of [0, 1, 2, BATCH - 1, BATCH, BATCH + 1, 2 * BATCH, 3 * BATCH, 3 * BATCH + 1]) {
    const found = [...m.findAll('a', { limit })]
    t.is(found.length, Math.min(limit, 3 * BATCH), `limit ${limit}`)
    t.is(found.at(-1), limit === 0 ? undefined : found.length - 1)
  }
  t.is([...m.findAll('a', { limit: Infinity })].length, 3 * BATCH)
  t.is([...m.findAll('a', { limit: Number.MAX_SAFE_INTEGER })].length, 3 * BATCH)
  t.deepEqual([...m.findAll('', { limit: 3 })], [0, 1, 2])
})

test('a loop that ends early ends the search', (t) => {
  // A hole of 64 GiB.
  const path = temporaryFile(hole)
  const m = mappedPath(t, path)
  m.setSlice(bytes('needle'), 5000, 5006)
  const found: number[] = []
  const steps = m.findAll('needle')
  for (const at of steps) {
    found.push(at)
    break
  }
  t.deepEqual(found, [5000])
  t.true(touched(path) < 2 ** 28, `${touched(path)} bytes were read for the first match`)
  t.deepEqual(steps.next(), { done: true, value: undefined })
})

test('nothing is searched before the first step, and each batch reads live', (t) => {
  const m = mapped(t, '.'.repeat(4 * BLOCK))
  const steps = m.findAll('ab')
  m.setSlice('ab', 10, 12)
  m.setSlice('ab', 3 * BLOCK, 3 * BLOCK + 2)
  t.deepEqual(steps.next(), { done: false, value: 10 })
  m.setSlice('ab', 4 * BLOCK - 2)
  m.setSlice('..', 3 * BLOCK, 3 * BLOCK + 2)
  t.deepEqual(steps.next(), { done: false, value: 4 * BLOCK - 2 })
  t.deepEqual(steps.next(), { done: true, value: undefined })
})

test('close between two steps: the next one throws', (t) => {
  for (const limit of [undefined, 2]) {
    const m = mapped(t, 'ababab')
    const steps = m.findAll('ab', { limit })
    t.is(steps.next().value, 0)
    m.close()
    refuses(t, () => steps.next(), 'ERR_MMAP_CLOSED', closedMessage)
    t.deepEqual(steps.next(), { done: true, value: undefined })
  }
  const m = mapped(t, 'ab')
  const unstarted = m.findAll('ab')
  m.close()
  refuses(t, () => unstarted.next(), 'ERR_MMAP_CLOSED', closedMessage)
})

test('resize between two steps: the iterator ends at the length of then, and holds nothing up', (t) => {
  const m = mapped(t, 'ab'.repeat(PAGESIZE))
  const steps = m.findAll('ab')
  t.is(steps.next().value, 0)
  m.resize(5)
  t.is(steps.next().value, 2)
  t.deepEqual(steps.next(), { done: true, value: undefined }, 'the match at 4 is cut off')
  // Making the map smaller ends a search that has not come so far.
  const smaller = mapped(t, 'ab'.repeat(BLOCK))
  const later = smaller.findAll('ab', { start: BLOCK })
  t.is(later.next().value, BLOCK)
  smaller.resize(PAGESIZE)
  t.deepEqual(later.next(), { done: true, value: undefined })
  // A larger map is searched to its new end, unless an end was given.
  const growing = mapped(t, 'ab'.repeat(10))
  const all = growing.findAll('ab')
  const first = growing.findAll('ab', { end: 20 })
  t.is(all.next().value, 0)
  t.is(first.next().value, 0)
  growing.resize(PAGESIZE)
  growing.setSlice('ab', PAGESIZE - 2)
  t.is([...all].at(-1), PAGESIZE - 2)
  t.is([...first].at(-1), 18)
})

test('resize in the midst of a batch: no match twice, none left out, no more than the limit', (t) => {
  const m = mapped(t, 'ab'.repeat(50))
  const all = m.findAll('ab')
  const some = m.findAll('ab', { limit: 10 })
  const found: (number | undefined)[][] = [[], []]
  for (let step = 0; step < 20; step++) {
    found[0]?.push(all.next().value)
    if (step < 10) found[1]?.push(some.next().value)
    m.resize(100 + step)
  }
  t.deepEqual(some.next(), { done: true, value: undefined })
  t.deepEqual(
    [...(found[0] ?? []), ...all],
    Array.from({ length: 50 }, (_, i) => 2 * i),
  )
  t.deepEqual(
    found[1],
    Array.from({ length: 10 }, (_, i) => 2 * i),
  )
  const odd = mapped(t, 'a'.repeat(101))
  const overlapping = odd.findAll('aa')
  t.is(overlapping.next().value, 0)
  odd.resize(51)
  t.is(overlapping.next().value, 2)
  odd.resize(9)
  t.deepEqual([...overlapping], [4, 6])
})

test("the needle is the call's, whatever becomes of its buffer", (t) => {
  const m = mapped(t, 'ab..cd..ab..cd')
  const needle = bytes('ab')
  const steps = m.findAll(needle)
  needle.write('cd')
  t.deepEqual([...steps], [0, 8])
  const shared = new Uint8Array(new SharedArrayBuffer(2))
  shared.set(bytes('cd'))
  const more = m.findAll(shared)
  shared.fill(0)
  t.deepEqual([...more], [4, 12])
  t.is(m.count(shared.map((_, i) => bytes('cd')[i] ?? 0)), 2)
})

test('needles of every kind of bytes', (t) => {
  const m = mapped(t, 'aé-é-é'.normalize('NFC').replaceAll('é', '\xc3\xa9'))
  const e = bytes('\xc3\xa9')
  for (const sub of [
    'é',
    e,
    new Uint8Array(e),
    new Uint16Array(new Uint8Array(e).buffer),
    new DataView(new Uint8Array(e).buffer),
    new Uint8Array(e).buffer,
  ]) {
    t.is(m.count(sub), 3)
    t.deepEqual([...m.findAll(sub)], [1, 4, 7])
  }
})

test('count and findAll check their arguments at the call', (t) => {
  const m = mapped(t, 'abc')
  for (const member of ['count', 'findAll'] as const) {
    const call = (sub: unknown, options?: unknown): unknown =>
      m[member](sub as string, options as object)
    for (const sub of [undefined, null, 97, 97n, {}, [97], true, Symbol('a')]) {
      refuses(t, () => call(sub), 'ERR_INVALID_ARG_TYPE', undefined, `${member} of ${typeof sub}`)
    }
    for (const options of [null, 3, 'start', [], () => {}]) {
      refuses(t, () => call('a', options), 'ERR_INVALID_ARG_TYPE')
    }
    for (const bound of [null, '3', 1.5, Number.NaN, Infinity, 3n, {}]) {
      refuses(t, () => call('a', { start: bound }), 'ERR_INVALID_ARG_TYPE')
      refuses(t, () => call('a', { end: bound }), 'ERR_INVALID_ARG_TYPE')
    }
  }
  for (const limit of [null, '3', 1.5, Number.NaN, -Infinity, 3n]) {
    refuses(t, () => m.findAll('a', { limit: limit as number }), 'ERR_INVALID_ARG_TYPE')
  }
  refuses(t, () => m.findAll('a', { limit: -1 }), 'ERR_OUT_OF_RANGE')
})

test('options are read once, before anything else, and what a getter does is seen', (t) => {
  const m = mapped(t, 'ababab')
  let reads = 0
  const options = {
    get start(): number {
      reads += 1
      return 2
    },
  }
  t.deepEqual([...m.findAll('ab', options)], [2, 4])
  t.is(m.count('ab', options), 2)
  t.is(reads, 2)
  const closing = {
    get end(): number {
      m.close()
      return 6
    },
  }
  refuses(t, () => m.count('ab', closing), 'ERR_MMAP_CLOSED', closedMessage)
})

test('on a closed map: types are checked first, then the map', (t) => {
  const m = mapped(t, 'abc', { access: ACCESS_READ })
  m.close()
  refuses(t, () => m.count('a'), 'ERR_MMAP_CLOSED', closedMessage)
  refuses(t, () => m.findAll('a'), 'ERR_MMAP_CLOSED', closedMessage)
  refuses(t, () => m.findAll('a', { limit: -1 }), 'ERR_OUT_OF_RANGE')
  refuses(t, () => m.count(3 as unknown as string), 'ERR_INVALID_ARG_TYPE')
})

test('a finished iterator and one that was returned stay so', (t) => {
  const m = mapped(t, 'abab')
  const steps = m.findAll('ab')
  t.is(steps[Symbol.iterator](), steps)
  t.is(steps.next().value, 0)
  t.deepEqual(steps.return?.(), { done: true, value: undefined })
  t.deepEqual(steps.next(), { done: true, value: undefined })
  // An iterator that has ended does not look at the map any more.
  const done = m.findAll('x')
  t.true(done.next().done)
  m.close()
  t.deepEqual(done.next(), { done: true, value: undefined })
})

/** Iterators over one line, or over one match at its end. */
const iterators: Record<string, (m: Mmap) => Iterator<unknown>> = {
  'findAll of bytes': (m) => m.findAll('line'),
  'findAll of a RegExp': (m) => m.findAll(/li.e/),
  matchAll: (m) => m.matchAll(/li.e/g),
  'matchAll, reverse': (m) => m.matchAll(/li.e/g, { reverse: true }),
  grep: (m) => m.grep('line'),
  'grep, reverse': (m) => m.grep('line', { reverse: true }),
  blocks: (m) => m.grep('line').blocks(),
  'blocks, reverse': (m) => m.grep('line', { reverse: true }).blocks(),
  lines: (m) => m.lines(),
  'lines, reverse': (m) => m.lines({ reverse: true }),
}

test('a close between the last result and the end is no end', (t) => {
  const long = 'x'.repeat(100_000)
  for (const [name, iterate] of Object.entries(iterators)) {
    for (const content of ['line', 'line\n', `${long} line`, `${long} line ${long}\n`]) {
      const m = mapped(t, content)
      const steps = iterate(m)
      t.false(steps.next().done, name)
      m.close()
      refuses(t, () => steps.next(), 'ERR_MMAP_CLOSED', closedMessage)
      t.true(steps.next().done, name)
      // After the end was told, a close changes nothing.
      const open = mapped(t, content)
      const ended = iterate(open)
      while (ended.next().done !== true);
      open.close()
      t.true(ended.next().done, name)
    }
  }
})

test('an iterator that has given as many as its limit has ended', (t) => {
  const m = mapped(t, 'line\nline\n')
  const limited = [
    m.findAll('line', { limit: 1 }),
    m.findAll(/li.e/, { limit: 1 }),
    m.matchAll('line', { limit: 1 }),
    m.matchAll('line', { limit: 1, reverse: true }),
    m.grep('line', { limit: 1 }),
    m.grep('line', { limit: 1, reverse: true }),
    m.grep('line', { limit: 1 }).blocks(),
  ]
  for (const steps of limited) t.false(steps.next().done)
  m.close()
  for (const steps of limited) t.true(steps.next().done)
})
