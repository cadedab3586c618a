// lines: copies, split at \n alone, forward and in reverse, against a split of the same bytes.
import * as fc from 'fast-check'
import { ACCESS_READ, type Mmap, PAGESIZE } from '../index.js'
import { closedMessage, refuses } from './support/errors.ts'
import { bytes, latin1, mapped, mappedPath, temporaryFile, touched } from './support/files.ts'
import { numbers } from './support/haystacks.ts'
import { hole, scaled } from './support/platform.ts'
import test, { type Assertions } from './support/test.ts'

/** Lines are copied out in blocks of this many bytes, at most this many newlines each. */
const BLOCK = 64 * 1024
const BATCH = 4096

/** The bytes between newlines; none after a last newline, and none of no bytes at all. */
function split(content: Buffer): string[] {
  const parts = latin1(content).split('\n')
  if (parts.at(-1) === '') parts.pop()
  return parts
}

/** lines() and its reverse are the lines of the content between the bounds. */
function agree(t: Assertions, m: Mmap, content: Buffer, start = 0, end?: number, label = ''): void {
  const expected = split(content.subarray(start, end))
  const up = [...m.lines({ start, end })].map(latin1)
  const down = [...m.lines({ start, end, reverse: true })].map(latin1).toReversed()
  for (const [order, lines] of Object.entries({ up, down })) {
    const wrong = lines.findIndex((line, index) => line !== expected[index])
    if (wrong !== -1 || lines.length !== expected.length) {
      t.fail(
        `${label} ${order}: ${lines.length} lines, not ${expected.length}; number ${wrong} is ` +
          `${JSON.stringify(lines[wrong]?.slice(0, 80))}, ` +
          `not ${JSON.stringify(expected[wrong]?.slice(0, 80))}`,
      )
    }
  }
}

const texts = (lines: Iterable<Buffer>): string[] => [...lines].map(latin1)

test('lines are split at \\n, which is stripped; none follows a last newline', (t) => {
  const m = mapped(t, 'one\ntwo\n\nfour\n')
  t.deepEqual(texts(m.lines()), ['one', 'two', '', 'four'])
  t.deepEqual(texts(m.lines({ reverse: true })), ['four', '', 'two', 'one'])
  t.deepEqual(texts(mapped(t, 'one\ntwo').lines()), ['one', 'two'])
  t.deepEqual(texts(mapped(t, 'one\ntwo').lines({ reverse: true })), ['two', 'one'])
})

test('\\r stays, and splits nothing; nor does any other line end', (t) => {
  const m = mapped(t, 'one\r\ntwo\rthree\x0bfour\x0cfive\x85six\0\r\n')
  const expected = ['one\r', 'two\rthree\x0bfour\x0cfive\x85six\0\r']
  t.deepEqual(texts(m.lines()), expected)
  t.deepEqual(texts(m.lines({ reverse: true })), expected.toReversed())
})

test('newlines alone: an empty line each', (t) => {
  for (const count of [1, 2, 3, BATCH - 1, BATCH, BATCH + 1, 3 * BATCH, BLOCK + BATCH, 2 * BLOCK]) {
    const m = mapped(t, '\n'.repeat(count))
    let lines = 0
    for (const line of m.lines()) {
      lines += 1
      if (line.length !== 0) t.fail('an empty line has bytes')
    }
    t.is(lines, count)
    t.is([...m.lines({ reverse: true })].length, count)
  }
})

test('a map of one line: with and without its newline', (t) => {
  for (const length of [1, 2, 100, BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK]) {
    const line = 'x'.repeat(length)
    for (const content of [line, `${line}\n`, `\n${line}`]) {
      agree(t, mapped(t, content), bytes(content), 0, undefined, `${length}`)
    }
  }
  t.pass()
})

test('lines across the bounds of blocks, newlines on either side of them', (t) => {
  for (const at of [BLOCK - 2, BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK - 1, 2 * BLOCK]) {
    for (const length of [2 * BLOCK, 2 * BLOCK + 1, 3 * BLOCK - 1]) {
      const content = Buffer.alloc(length, 'x')
      if (at < length) content[at] = 10
      agree(t, mapped(t, content), content, 0, undefined, `a newline at ${at} of ${length}`)
      content[BLOCK - 2] = 10
      agree(t, mapped(t, content), content, 0, undefined, `and at the bound`)
    }
  }
  t.pass()
})

test('a line larger than the 16 MiB window, between short ones', (t) => {
  const content = Buffer.alloc(17 * 2 ** 20, 'y')
  content.write('short\n')
  content.write('\nlast', content.length - 5)
  const m = mapped(t, content)
  for (const lines of [[...m.lines()], [...m.lines({ reverse: true })].toReversed()]) {
    t.is(lines.length, 3)
    t.is(latin1(lines[0] as Buffer), 'short')
    t.is(lines[1]?.length, content.length - 11)
    t.true(lines[1]?.every((byte) => byte === 121))
    t.is(latin1(lines[2] as Buffer), 'last')
  }
})

test('start and end are clamped as those of a slice, and cut lines', (t) => {
  const content = 'one\ntwo\n\nfour\n'
  const m = mapped(t, content)
  t.deepEqual(texts(m.lines({ start: 1, end: 6 })), ['ne', 'tw'])
  t.deepEqual(texts(m.lines({ start: 1, end: 6, reverse: true })), ['tw', 'ne'])
  t.deepEqual(texts(m.lines({ start: -5 })), ['four'])
  t.deepEqual(texts(m.lines({ end: -1 })), ['one', 'two', '', 'four'])
  t.deepEqual(texts(m.lines({ start: 3, end: 4 })), [''], 'a newline alone ends an empty line')
  t.deepEqual(texts(m.lines({ start: 4, end: 4 })), [])
  t.deepEqual(texts(m.lines({ start: 9, end: 2 })), [])
  t.deepEqual(texts(m.lines({ start: 99 })), [])
  t.is([...m.lines({ start: -1e300, end: 1e300 })].length, 4)
  for (let start = 0; start <= content.length; start++) {
    for (let end = start; end <= content.length; end++) {
      agree(t, m, bytes(content), start, end, `[${start}, ${end})`)
    }
  }
})

test('lines are copies: the map may change, a line may be written to', (t) => {
  const m = mapped(t, 'one\ntwo\n')
  const [one, two] = m.lines()
  m.setSlice('xxx', 0, 3)
  t.is(one?.toString(), 'one')
  two?.fill(33)
  t.is(latin1(m.slice(4, 7)), 'two')
  t.true(Buffer.isBuffer(one))
})

test('a line that is transferred takes none of its neighbours along', (t) => {
  const m = mapped(t, 'one\ntwo\nthree')
  const lines = m.lines()
  const first = lines.next().value as Buffer
  try {
    structuredClone(first.buffer, { transfer: [first.buffer as ArrayBuffer] })
  } catch {
    // It may be refused, as it is for a Buffer of Node's own pool.
  }
  t.is(lines.next().value?.toString(), 'two')
  t.is(lines.next().value?.toString(), 'three')
})

test('lines move no position, and take the whole map wherever it stands', (t) => {
  const m = mapped(t, 'one\ntwo\n')
  m.seek(5)
  t.deepEqual(texts(m.lines()), ['one', 'two'])
  t.is(m.tell(), 5)
})

test('close between two lines: the next step throws', (t) => {
  for (const reverse of [false, true]) {
    for (const content of ['one\ntwo\nthree\n', `${'x'.repeat(3 * BLOCK)}\n${'y'.repeat(BLOCK)}`]) {
      const m = mapped(t, content)
      const steps = m.lines({ reverse })
      t.false(steps.next().done)
      m.close()
      refuses(t, () => steps.next(), 'ERR_MMAP_CLOSED', closedMessage)
      t.true(steps.next().done)
    }
    const m = mapped(t, 'one')
    const unstarted = m.lines({ reverse })
    m.close()
    refuses(t, () => unstarted.next(), 'ERR_MMAP_CLOSED', closedMessage)
  }
})

test('resize between two lines: they end at the length of then', (t) => {
  const line = 'a line of 16 b.\n'
  const m = mapped(t, line.repeat(PAGESIZE))
  const steps = m.lines()
  t.is(steps.next().value?.toString(), 'a line of 16 b.')
  m.resize(40)
  t.deepEqual(texts(steps), ['a line of 16 b.', 'a line o'])
  const backward = mapped(t, line.repeat(PAGESIZE))
  const down = backward.lines({ reverse: true })
  t.is(down.next().value?.toString(), 'a line of 16 b.')
  backward.resize(32)
  t.deepEqual(
    texts(down),
    ['a line of 16 b.', 'a line of 16 b.'],
    'the newline at the end ends one',
  )
  const growing = mapped(t, 'one\ntwo\n')
  const all = growing.lines()
  t.is(all.next().value?.toString(), 'one')
  growing.resize(12)
  growing.setSlice('add\n', 8)
  t.deepEqual(texts(all), ['two', 'add'])
})

test('a loop that ends early reads no more than it needs', (t) => {
  // A hole of 64 GiB behind two lines.
  const path = temporaryFile(hole)
  const m = mappedPath(t, path)
  m.setSlice('one\ntwo\n', 0, 8)
  m.setSlice('\nlast', -5)
  for (const line of m.lines()) {
    t.is(line.toString(), 'one')
    break
  }
  for (const line of m.lines({ reverse: true })) {
    t.is(line.toString(), 'last')
    break
  }
  t.true(touched(path) < 2 ** 28, `${touched(path)} bytes were read for two lines`)
})

test('lines check their arguments at the call', (t) => {
  const m = mapped(t, 'one', { access: ACCESS_READ })
  const lines = m.lines.bind(m) as (options: unknown) => unknown
  for (const options of [null, 3, 'reverse', [], () => {}]) {
    refuses(t, () => lines(options), 'ERR_INVALID_ARG_TYPE')
  }
  for (const bound of [null, '3', 1.5, Number.NaN, Infinity, 3n]) {
    refuses(t, () => lines({ start: bound }), 'ERR_INVALID_ARG_TYPE')
    refuses(t, () => lines({ end: bound }), 'ERR_INVALID_ARG_TYPE')
  }
  for (const reverse of [null, 0, 1, 'true']) {
    refuses(t, () => lines({ reverse }), 'ERR_INVALID_ARG_TYPE')
  }
  m.close()
  refuses(t, () => lines({ reverse: 1 }), 'ERR_INVALID_ARG_TYPE')
  refuses(t, () => lines(undefined), 'ERR_MMAP_CLOSED', closedMessage)
})

test('random texts: short and long lines, forward and in reverse, are what a split gives', (t) => {
  fc.assert(
    fc.property(
      fc.array(
        fc.oneof(
          { weight: 8, arbitrary: fc.constantFrom('', 'a', '\r', 'ab\r', 'line', '\0') },
          { weight: 2, arbitrary: fc.nat(300).map((count) => 'm'.repeat(count)) },
          { weight: 1, arbitrary: fc.nat(70_000).map((count) => 'l'.repeat(count)) },
        ),
        { minLength: 1, maxLength: 60, size: 'max' },
      ),
      fc.boolean(),
      fc.nat(),
      fc.nat(),
      (parts, ended, a, b) => {
        const content = bytes(`${parts.join('\n')}${ended ? '\n' : ''}` || '\n')
        const m = mapped(t, content)
        const [start, end] = [a % (content.length + 1), b % (content.length + 1)]
        agree(t, m, content)
        agree(t, m, content, Math.min(start, end), Math.max(start, end))
        m.close()
      },
    ),
    { numRuns: scaled(300) },
  )
  t.pass()
})

test('a text of 4 MiB with lines of all lengths', (t) => {
  const random = numbers(7)
  const content = Buffer.alloc(4 << 20, 'text ')
  for (let at = 0; at < content.length; at += random() % (1 << (random() % 15))) content[at] = 10
  agree(t, mapped(t, content), content)
  t.pass()
})
