// findAsync, rfindAsync, countAsync, findAllAsync and flushAsync: they answer as the synchronous members do, and check
// their arguments. What happens to them meanwhile is in async-ends.spec.ts.
import { readFileSync } from 'node:fs'
import { ACCESS_COPY, ACCESS_READ, MS_ASYNC, type Mmap, PAGESIZE } from '../index.js'
import { closedMessage, refuses, rejects } from './support/errors.ts'
import { anonymous, bytes, holding, mapped, mappedPath, temporaryFile } from './support/files.ts'
import { matches, numbers, text } from './support/haystacks.ts'
import { gathered } from './support/iteration.ts'
import { emulated, externalBuffers, unix } from './support/platform.ts'
import { serially } from './support/serial.ts'
import anyTest, { type Assertions, testWhere } from './support/test.ts'

const order = { ended: Promise.resolve() }
/** The tests run one after another, because they share the pool and its turns, and some look at the clock. */
const test = serially(anyTest, order)

/** As `test`, for tests that go through megabytes in JavaScript. */
const oracleTest = serially(testWhere(!emulated, 'minutes of oracle under qemu'), order)

/** Ranges up to this length are searched without the pool. */
const SMALL = 128 * 1024

/** The number of starts in one piece of work for the pool. */
const CHUNK = 4 << 20

const oneMatch = ['findAsync', 'rfindAsync', 'countAsync'] as const

/** All four members must answer as their synchronous forms do. */
async function agree(
  t: Assertions,
  m: Mmap,
  sub: string | Uint8Array,
  options: { start?: number; end?: number; concurrency?: number },
  label: string,
): Promise<void> {
  const { start, end } = options
  const [first, last, count, all] = await Promise.all([
    m.findAsync(sub, options),
    m.rfindAsync(sub, options),
    m.countAsync(sub, options),
    gathered(m.findAllAsync(sub, options)),
  ])
  const expected = [...m.findAll(sub, { start, end })]
  if (first !== m.find(sub, start, end)) t.fail(`${label}: findAsync is ${first}`)
  if (last !== m.rfind(sub, start, end)) t.fail(`${label}: rfindAsync is ${last}`)
  if (count !== expected.length) t.fail(`${label}: countAsync ${count}, not ${expected.length}`)
  const wrong = all.findIndex((at, index) => at !== expected[index])
  if (wrong !== -1 || all.length !== expected.length) {
    t.fail(`${label}: findAllAsync has ${all.length}, not ${expected.length}; wrong: ${wrong}`)
  }
}

test('small ranges: the answers of the synchronous members', async (t) => {
  const m = mapped(t, 'banana bandana')
  t.is(await m.findAsync('an'), 1)
  t.is(await m.rfindAsync('an'), 11)
  t.is(await m.countAsync('an'), 4)
  t.deepEqual(await gathered(m.findAllAsync('an')), [1, 3, 8, 11])
  t.is(await m.findAsync('x'), -1)
  t.is(await m.rfindAsync('x'), -1)
  t.is(await m.countAsync('x'), 0)
  t.deepEqual(await gathered(m.findAllAsync('x')), [])
  for (const sub of ['', 'a', 'ana', 'banana bandana', 'banana bandana!']) {
    for (const [start, end] of [
      [0, 14],
      [-3, 14],
      [2, -2],
      [9, 4],
      [14, 14],
      [99, 99],
      [-99, 99],
    ] as const) {
      await agree(t, m, sub, { start, end }, `'${sub}' in [${start}, ${end})`)
    }
  }
})

test('findAsync and rfindAsync start at the position of the call, the others at 0', async (t) => {
  for (const length of [100, CHUNK + 100]) {
    const m = anonymous(t, length)
    m.setSlice('ab', 10, 12)
    m.setSlice('ab', 60, 62)
    m.seek(20)
    const [first, last, count] = [m.findAsync('ab'), m.rfindAsync('ab'), m.countAsync('ab')]
    const all = m.findAllAsync('ab')
    m.seek(0)
    t.is(await first, 60)
    t.is(await last, 60)
    t.is(await m.rfindAsync('ab', { end: 61 }), 10)
    t.is(await count, 2)
    t.deepEqual(await gathered(all), [10, 60])
    t.is(m.tell(), 0)
  }
})

oracleTest('random haystacks around the limit of small ranges and around chunks', async (t) => {
  const random = numbers(3)
  const sizes = [SMALL - 1, SMALL, SMALL + 1, CHUNK - 1, CHUNK, CHUNK + 1, CHUNK + 8, 2 * CHUNK + 3]
  for (const [index, size] of [...sizes, 3 * CHUNK - 7, SMALL + 9].entries()) {
    const content = text(random, size, 26)
    // A needle lies across each possible bound, and one occurs nowhere else.
    for (const bound of [SMALL, 1 << 20, CHUNK, 2 * CHUNK]) {
      if (bound + 8 < size) content.write('overlapping', bound - (random() % 10))
    }
    const m = holding(t, content)
    for (const concurrency of [1, 2, 3, 4]) {
      for (const sub of ['overlapping', 'q', 'the', 'needle nowhere']) {
        const label = `'${sub}' in ${size} bytes, ${concurrency} in flight`
        await agree(t, m, sub, { start: 0, concurrency }, label)
        const [start, end] = [random() % 1000, size - (random() % 1000)]
        await agree(t, m, sub, { start, end, concurrency }, `${label} [${start}, ${end})`)
      }
    }
    t.is(m.count('overlapping'), matches(content, bytes('overlapping')).length, `${index}`)
    m.close()
  }
})

oracleTest('needles that overlap themselves, across the bounds of chunks', async (t) => {
  for (const [unit, subs] of [
    ['a', ['a', 'aa', 'aaa', 'a'.repeat(1000)]],
    ['ab', ['aba', 'ababa', 'ba']],
  ] as const) {
    const content = Buffer.alloc(2 * CHUNK + 100, unit)
    content[CHUNK - 2] = 120
    const m = holding(t, content)
    for (const sub of subs) {
      const expected = matches(content, bytes(sub))
      for (const concurrency of [1, 3]) {
        t.is(await m.countAsync(sub, { concurrency }), expected.length, `${sub.length} ${unit}`)
      }
      // As many as one piece of work returns, and more.
      for (const limit of [0, 1, 65_535, 65_536, 65_537, 150_000]) {
        const found = await gathered(m.findAllAsync(sub, { concurrency: 2, limit }))
        t.is(found.length, Math.min(limit, expected.length))
        if (found.some((at, index) => at !== expected[index])) t.fail(`a wrong match of ${sub}`)
      }
    }
    m.close()
  }
})

oracleTest('more matches than one piece of work answers', async (t) => {
  const content = Buffer.alloc(CHUNK + 1000, 'ab')
  const m = holding(t, content)
  for (const concurrency of [1, 2, 4]) {
    let expected = 0
    for await (const at of m.findAllAsync('ab', { start: CHUNK - 400_000, concurrency })) {
      if (at !== CHUNK - 400_000 + 2 * expected) t.fail(`${at} is number ${expected}`)
      expected += 1
    }
    t.is(expected, 200_500)
  }
})

test('a range whose chunks have several sizes, with matches across every bound that there can be', async (t) => {
  const m = anonymous(t, 17 * CHUNK + 5)
  const bounds = Array.from({ length: 17 }, (_, index) => (index + 1) * CHUNK)
  for (const bound of bounds) m.setSlice('needle-aaaa', bound - 9, bound + 2)
  const starts = bounds.map((bound) => bound - 9)
  for (const concurrency of [1, 2, 3]) {
    const [forward, backward]: [number[], number[]] = [[], []]
    for (let at = 0; at !== -1;) {
      // oxlint-disable-next-line no-await-in-loop
      at = await m.findAsync('needle', { start: at, concurrency })
      if (at !== -1) forward.push(at++)
    }
    for (let end = m.length; end !== -1;) {
      // oxlint-disable-next-line no-await-in-loop
      end = await m.rfindAsync('needle', { start: 0, end, concurrency })
      if (end !== -1) backward.unshift(end)
    }
    t.deepEqual(forward, starts)
    t.deepEqual(backward, starts)
    t.is(await m.countAsync('needle', { concurrency }), starts.length)
    t.is(await m.countAsync('aa', { concurrency }), 2 * starts.length, 'each chunk after another')
    t.deepEqual(await gathered(m.findAllAsync('needle', { concurrency })), starts)
    // Beside others chunks are short: these change while they run.
    const [count, first, last, all] = await Promise.all([
      m.countAsync('needle', { concurrency }),
      m.findAsync('needle', { start: 0, concurrency }),
      m.rfindAsync('needle', { start: 0, concurrency }),
      m.countAsync('needle', { start: CHUNK - 9, end: 9 * CHUNK, concurrency }),
    ])
    t.deepEqual([count, first, last, all], [17, starts[0], starts[16], 9])
  }
})

test('a needle longer than a chunk, and one that nothing can hold', async (t) => {
  const random = numbers(5)
  const content = text(random, 2 * CHUNK + 1000, 3)
  const m = holding(t, content)
  const needle = content.subarray(500, CHUNK + 800)
  t.is(await m.findAsync(needle), 500)
  t.is(await m.rfindAsync(needle, { concurrency: 2 }), 500)
  t.is(await m.countAsync(needle), 1)
  t.deepEqual(await gathered(m.findAllAsync(needle)), [500])
  t.is(await m.findAsync(Buffer.alloc(m.length + 1)), -1)
  t.is(await m.findAsync(content), 0)
})

test('an empty needle, in ranges small and large', async (t) => {
  const m = anonymous(t, 2 * CHUNK)
  t.is(await m.findAsync('', { start: 7 }), 7)
  t.is(await m.rfindAsync('', { start: 7 }), m.length)
  t.is(await m.countAsync(''), m.length + 1)
  const found = await gathered(m.findAllAsync('', { start: m.length - SMALL - 10 }))
  t.is(found.length, SMALL + 11)
  t.is(found.at(-1), m.length)
  t.is((await gathered(m.findAllAsync('', { limit: 70_000 }))).at(-1), 69_999)
})

test("needle, range and position are the call's, whatever becomes of them", async (t) => {
  const m = anonymous(t, 2 * CHUNK)
  m.setSlice('ab', CHUNK + 10, CHUNK + 12)
  m.setSlice('ab', CHUNK + 20, CHUNK + 22)
  const needle = bytes('ab')
  const options = { start: 0, end: m.length }
  const first = m.findAsync(needle, options)
  const last = m.rfindAsync(needle, options)
  const count = m.countAsync(needle, options)
  const all = m.findAllAsync(needle, options)
  needle.fill(0)
  options.start = m.length
  options.end = 0
  m.seek(0, 2)
  t.is(await first, CHUNK + 10)
  t.is(await last, CHUNK + 20)
  t.is(await count, 2)
  t.deepEqual(await gathered(all), [CHUNK + 10, CHUNK + 20])
})

test('needles of every kind of bytes', async (t) => {
  const m = anonymous(t, 2 * CHUNK)
  m.setSlice('\u00e9!', CHUNK - 1, CHUNK + 2)
  const shared = new Uint8Array(new SharedArrayBuffer(3))
  shared.set(Buffer.from('\u00e9!'))
  for (const sub of [
    '\u00e9!',
    Buffer.from('\u00e9!'),
    new Uint8Array(shared).buffer,
    new DataView(new Uint8Array(shared).buffer),
    shared,
    shared.buffer,
  ]) {
    await agree(t, m, sub as Uint8Array, { start: 0 }, Object.prototype.toString.call(sub))
  }
  t.is(await m.findAsync('\u00e9!'), CHUNK - 1)
})

test('each promise rejects, and none throws, for wrong arguments', async (t) => {
  for (const length of [100, CHUNK]) {
    const m = anonymous(t, length)
    for (const member of oneMatch) {
      const call = (sub: unknown, options?: unknown): Promise<number> =>
        m[member](sub as string, options as object)
      for (const sub of [undefined, null, 97, 97n, {}, [97]]) {
        await rejects(t, () => call(sub), 'ERR_INVALID_ARG_TYPE')
      }
      for (const options of [null, 3, 'x', []]) {
        await rejects(t, () => call('a', options), 'ERR_INVALID_ARG_TYPE')
      }
      for (const number of [null, '3', 1.5, Number.NaN, Infinity, 3n]) {
        await rejects(t, () => call('a', { start: number }), 'ERR_INVALID_ARG_TYPE')
        await rejects(t, () => call('a', { end: number }), 'ERR_INVALID_ARG_TYPE')
        await rejects(t, () => call('a', { concurrency: number }), 'ERR_INVALID_ARG_TYPE')
      }
      for (const concurrency of [0, -1]) {
        await rejects(t, () => call('a', { concurrency }), 'ERR_OUT_OF_RANGE')
      }
      for (const signal of [null, 3, 'x', {}, { aborted: false }, new EventTarget(), []]) {
        await rejects(t, () => call('a', { signal }), 'ERR_INVALID_ARG_TYPE')
      }
      for (const onProgress of [null, 3, 'x', {}]) {
        await rejects(t, () => call('a', { onProgress }), 'ERR_INVALID_ARG_TYPE')
      }
    }
    // A search that was refused leaves nothing behind that would prevent a resize.
    m.resize(50)
    t.is(m.length, 50)
  }
})

test('flushAsync rejects for wrong arguments', async (t) => {
  const m = mapped(t, 2 * PAGESIZE)
  const call = m.flushAsync.bind(m) as (...given: unknown[]) => Promise<void>
  for (const number of [null, '3', 1.5, Number.NaN, 3n, []]) {
    await rejects(t, () => call(number), 'ERR_INVALID_ARG_TYPE')
    await rejects(t, () => call(0, number), 'ERR_INVALID_ARG_TYPE')
    await rejects(t, () => call(0, 1, { flags: number }), 'ERR_INVALID_ARG_TYPE')
  }
  for (const [offset, size] of [
    [-1, 1],
    [0, 2 * PAGESIZE + 1],
    [2 * PAGESIZE + 1, undefined],
    [PAGESIZE, PAGESIZE + 1],
    [0, -2],
  ]) {
    await rejects(t, () => call(offset, size), 'ERR_OUT_OF_RANGE')
  }
  for (const options of [null, 3, []]) {
    await rejects(t, () => call(0, 1, options), 'ERR_INVALID_ARG_TYPE')
  }
  for (const signal of [null, {}, { aborted: false }]) {
    await rejects(t, () => call(0, 1, { signal }), 'ERR_INVALID_ARG_TYPE')
  }
  if (unix) {
    await rejects(t, () => call(0, 2 * PAGESIZE, { flags: 0x7fff_0000 }), 'EINVAL')
    await rejects(t, () => call(1, 6), 'EINVAL', new RegExp(`0 and ${PAGESIZE}`))
  }
  m.close()
  await rejects(t, () => call(0, '1'), 'ERR_INVALID_ARG_TYPE')
  await rejects(t, () => call(), 'ERR_MMAP_CLOSED', closedMessage)
})

test('findAllAsync checks its arguments at the call', (t) => {
  const m = anonymous(t, 100)
  const call = m.findAllAsync.bind(m) as (sub: unknown, options?: unknown) => unknown
  for (const sub of [undefined, null, 97, {}]) refuses(t, () => call(sub), 'ERR_INVALID_ARG_TYPE')
  for (const options of [
    null,
    { start: '3' },
    { limit: 1.5 },
    { concurrency: 1.5 },
    { signal: {} },
    { signal: { aborted: false } },
    { onProgress: 3 },
  ]) {
    refuses(t, () => call('a', options), 'ERR_INVALID_ARG_TYPE')
  }
  for (const options of [{ concurrency: 0 }, { limit: -1 }]) {
    refuses(t, () => call('a', options), 'ERR_OUT_OF_RANGE')
  }
  m.close()
  refuses(t, () => call(97), 'ERR_INVALID_ARG_TYPE')
  refuses(t, () => call('a'), 'ERR_MMAP_CLOSED', closedMessage)
})

test('findAllAsync reads live: what is written between two pieces of work is found', async (t) => {
  const m = anonymous(t, 3 * CHUNK)
  m.setSlice('ab', 10, 12)
  const steps = m.findAllAsync('ab')
  t.is((await steps.next()).value, 10)
  m.setSlice('ab', 2 * CHUNK + 100, 2 * CHUNK + 102)
  t.is((await steps.next()).value, 2 * CHUNK + 100)
  t.true((await steps.next()).done)
})

if (externalBuffers) {
  test('views may be taken and written during a search', async (t) => {
    const m = anonymous(t, 8 * CHUNK)
    const search = m.findAsync('needle', { start: 0 })
    const view = m.view()
    view.write('needle', 8 * CHUNK - 6)
    t.is(await search, 8 * CHUNK - 6)
  })
}

test('maps of every readable kind, at an offset too', async (t) => {
  const path = temporaryFile(2 * CHUNK + 16 * PAGESIZE)
  for (const options of [
    {},
    { access: ACCESS_READ },
    { access: ACCESS_COPY },
    { trackfd: false },
  ]) {
    for (const offset of [0, 16 * PAGESIZE]) {
      const m = mappedPath(t, path, { ...options, offset })
      t.is(await m.findAsync('x', { start: 0, concurrency: 2 }), -1)
      t.is(await m.countAsync('\0'), m.length)
      await m.flushAsync()
      m.close()
    }
  }
})

test('flushAsync writes what flush writes', async (t) => {
  const path = temporaryFile(4 * PAGESIZE)
  const m = mappedPath(t, path)
  m.setSlice('flushed', PAGESIZE, PAGESIZE + 7)
  t.is(await m.flushAsync(), undefined)
  t.is(await m.flushAsync(PAGESIZE), undefined)
  t.is(await m.flushAsync(PAGESIZE, PAGESIZE, { flags: MS_ASYNC }), undefined)
  t.is(await m.flushAsync(0, -1), undefined)
  t.is(readFileSync(path).toString('latin1', PAGESIZE, PAGESIZE + 7), 'flushed')
})

test('concurrent searches of one map have each its own answer', async (t) => {
  const random = numbers(11)
  const content = text(random, 2 * CHUNK, 26)
  const m = holding(t, content)
  const subs = Array.from({ length: 40 }, () => {
    const at = random() % (content.length - 4)
    return content.subarray(at, at + 2 + (random() % 3))
  })
  const answers = await Promise.all(subs.map((sub) => m.findAsync(sub, { concurrency: 2 })))
  const counts = await Promise.all(subs.map((sub) => m.countAsync(sub)))
  subs.forEach((sub, index) => {
    t.is(answers[index], m.find(sub))
    t.is(counts[index], m.count(sub))
  })
})
