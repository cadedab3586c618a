// findAsync, rfindAsync, countAsync, findAllAsync and flushAsync: they answer as the synchronous members do, whatever
// happens meanwhile.
import { getEventListeners } from 'node:events'
import { readFileSync } from 'node:fs'
import { setImmediate as turn } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { ACCESS_COPY, ACCESS_READ, MS_ASYNC, type Mmap, PAGESIZE } from '../index.js'
import { checkError, closedMessage, refuses, rejection, rejects } from './support/errors.ts'
import { anonymous, bytes, holding, mapped, mappedPath, temporaryFile } from './support/files.ts'
import { matches, numbers, text } from './support/haystacks.ts'
import { emulated, endless, hole, externalBuffers, scaled, unix } from './support/platform.ts'
import { childAnswer, moduleFile, runChild } from './support/runtime.ts'
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

/** A hole that takes seconds to search, so that no search of it ends by itself during a test. */
const HUGE = hole

const oneMatch = ['findAsync', 'rfindAsync', 'countAsync'] as const

async function aborts(t: Assertions, call: () => Promise<unknown>, reason: unknown): Promise<void> {
  const error = await rejection(call)
  t.is(error.name, 'AbortError', error.stack)
  t.is(error.code, 'ABORT_ERR')
  t.is(error.cause, reason)
}

async function collect(steps: AsyncIterable<number>): Promise<number[]> {
  const found: number[] = []
  for await (const at of steps) found.push(at)
  return found
}

const huge = (t: Assertions): Mmap => mappedPath(t, temporaryFile(HUGE))

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
    collect(m.findAllAsync(sub, options)),
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
  t.deepEqual(await collect(m.findAllAsync('an')), [1, 3, 8, 11])
  t.is(await m.findAsync('x'), -1)
  t.is(await m.rfindAsync('x'), -1)
  t.is(await m.countAsync('x'), 0)
  t.deepEqual(await collect(m.findAllAsync('x')), [])
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
    t.deepEqual(await collect(all), [10, 60])
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
        const found = await collect(m.findAllAsync(sub, { concurrency: 2, limit }))
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
    t.deepEqual(await collect(m.findAllAsync('needle', { concurrency })), starts)
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
  t.deepEqual(await collect(m.findAllAsync(needle)), [500])
  t.is(await m.findAsync(Buffer.alloc(m.length + 1)), -1)
  t.is(await m.findAsync(content), 0)
})

test('an empty needle, in ranges small and large', async (t) => {
  const m = anonymous(t, 2 * CHUNK)
  t.is(await m.findAsync('', { start: 7 }), 7)
  t.is(await m.rfindAsync('', { start: 7 }), m.length)
  t.is(await m.countAsync(''), m.length + 1)
  const found = await collect(m.findAllAsync('', { start: m.length - SMALL - 10 }))
  t.is(found.length, SMALL + 11)
  t.is(found.at(-1), m.length)
  t.is((await collect(m.findAllAsync('', { limit: 70_000 }))).at(-1), 69_999)
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
  t.deepEqual(await collect(all), [CHUNK + 10, CHUNK + 20])
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

test('a signal that has aborted already: the promise rejects, with its reason as cause', async (t) => {
  const reason = new Error('enough')
  for (const length of [100, CHUNK]) {
    const m = anonymous(t, length)
    const signal = AbortSignal.abort(reason)
    for (const member of oneMatch) await aborts(t, () => m[member]('a', { signal }), reason)
    await aborts(t, () => m.flushAsync(0, length, { signal }), reason)
    await aborts(t, () => collect(m.findAllAsync('a', { signal })), reason)
    t.is(getEventListeners(signal, 'abort').length, 0)
    // Types come before it, the state of the map after it.
    await rejects(t, () => m.findAsync(3 as unknown as string, { signal }), 'ERR_INVALID_ARG_TYPE')
    m.close()
    await aborts(t, () => m.findAsync('a', { signal }), reason)
    await aborts(t, () => m.flushAsync(0, 1, { signal }), reason)
  }
})

test('an abort meanwhile rejects and ends the search; listeners are removed', async (t) => {
  const m = huge(t)
  for (const member of oneMatch) {
    const controller = new AbortController()
    const { signal } = controller
    const search = rejection(() => m[member]('needle', { start: 0, signal, concurrency: 2 }))
    t.is(getEventListeners(signal, 'abort').length, 1)
    await turn()
    controller.abort({ any: 'reason' })
    const error = await search
    t.is(error.name, 'AbortError')
    t.is(error.code, 'ABORT_ERR')
    t.deepEqual(error.cause, { any: 'reason' })
    t.is(getEventListeners(signal, 'abort').length, 0)
  }
  const controller = new AbortController()
  const { signal } = controller
  const steps = m.findAllAsync('needle', { signal })
  t.is(getEventListeners(signal, 'abort').length, 0, 'it has not begun')
  const step = rejection(() => steps.next())
  await turn()
  t.is(getEventListeners(signal, 'abort').length, 1)
  controller.abort()
  const error = await step
  t.is(error.code, 'ABORT_ERR')
  t.is(error.cause, signal.reason)
  t.is(getEventListeners(signal, 'abort').length, 0)
  t.deepEqual(await steps.next(), { done: true, value: undefined })
})

test('AbortSignal.timeout and AbortSignal.any end a search', async (t) => {
  const m = huge(t)
  const signal = AbortSignal.any([AbortSignal.timeout(5), new AbortController().signal])
  const error = await rejection(() => m.countAsync('needle', { signal }))
  t.is(error.code, 'ABORT_ERR')
  t.is((error.cause as Error).name, 'TimeoutError')
})

test('a search that has ended takes no notice of its signal, and has left it', async (t) => {
  for (const length of [100, 2 * CHUNK]) {
    const m = anonymous(t, length)
    const controller = new AbortController()
    const { signal } = controller
    t.is(await m.findAsync('a', { start: 0, signal }), -1)
    t.is(await m.countAsync('a', { signal }), 0)
    await m.flushAsync(0, length, { signal })
    t.deepEqual(await collect(m.findAllAsync('a', { signal })), [])
    t.is(getEventListeners(signal, 'abort').length, 0)
    controller.abort()
  }
})

test('an abort between two matches rejects the next step', async (t) => {
  for (const length of [100, 2 * CHUNK]) {
    const m = anonymous(t, length)
    m.setSlice('ababab', 0, 6)
    const controller = new AbortController()
    const steps = m.findAllAsync('ab', { signal: controller.signal })
    t.is((await steps.next()).value, 0)
    controller.abort('why')
    await aborts(t, () => steps.next(), 'why')
    t.true((await steps.next()).done)
  }
})

test('onProgress: bytes so far and in all, never less than before, in the end all', async (t) => {
  const m = anonymous(t, 9 * CHUNK + 12_345)
  for (const member of oneMatch) {
    for (const [start, concurrency] of [
      [0, 1],
      [6 * CHUNK, 1],
      [0, 3],
      [1000, 2],
      [m.length - SMALL + 10, 1],
    ] as const) {
      const calls: [number, number][] = []
      const onProgress = (...call: [number, number]): void => void calls.push(call)
      await m[member]('absent', { start, concurrency, onProgress })
      t.true(calls.length > 0)
      const total = m.length - start - 5
      let before = 0
      for (const [searched, all] of calls) {
        t.is(all, total)
        t.true(searched > before && searched <= all, `${searched} after ${before} of ${all}`)
        before = searched
      }
      t.is(before, total)
    }
  }
  const calls: number[] = []
  const options = { onProgress: (searched: number): void => void calls.push(searched) }
  await collect(m.findAllAsync('absent', options))
  t.deepEqual(
    calls,
    calls.toSorted((a, b) => a - b),
  )
  t.is(calls.at(-1), m.length - 5)
})

test('what onProgress throws rejects the search, and ends it', async (t) => {
  const stop = new Error('stop')
  const onProgress = (): never => {
    throw stop
  }
  for (const length of [1000, 3 * CHUNK]) {
    const m = anonymous(t, length)
    for (const member of oneMatch) {
      t.is(await rejection(() => m[member]('absent', { start: 0, onProgress })), stop)
    }
    t.is(await rejection(() => collect(m.findAllAsync('absent', { onProgress }))), stop)
    m.resize(500)
    t.is(m.length, 500, 'nothing is pending')
  }
})

test('onProgress may close the map, abort or start another search', async (t) => {
  const closing = anonymous(t, 3 * CHUNK)
  const onProgress = (): void => closing.close()
  await rejects(t, () => closing.findAsync('absent', { onProgress }), 'ERR_MMAP_CLOSED')
  const m = anonymous(t, 3 * CHUNK)
  const controller = new AbortController()
  const abort = { onProgress: () => controller.abort(1), signal: controller.signal }
  await aborts(t, () => m.countAsync('absent', abort), 1)
  const inner: Promise<number>[] = []
  await m.countAsync('absent', {
    onProgress: () => inner.push(m.countAsync('\0', { end: 2 ** 20 })),
  })
  t.deepEqual(await Promise.all(inner), [2 ** 20, 2 ** 20, 2 ** 20])
})

test('close() meanwhile: every promise of the map rejects', async (t) => {
  const m = huge(t)
  const controller = new AbortController()
  const { signal } = controller
  const pending = [
    ...oneMatch.map((member) => rejection(() => m[member]('needle', { start: 0, signal }))),
    rejection(() => m.findAllAsync('needle', { signal }).next()),
  ]
  await turn()
  // The flush is not started before, because it has nothing to write and might end at once.
  pending.push(rejection(() => m.flushAsync(0, m.length, { signal })))
  m.close()
  for (const promise of pending) {
    checkError(t, await promise, 'ERR_MMAP_CLOSED', closedMessage)
  }
  t.is(getEventListeners(signal, 'abort').length, 0)
  await rejects(t, () => m.findAsync('needle'), 'ERR_MMAP_CLOSED', closedMessage)
})

test('close() in the tick of the call rejects as well', async (t) => {
  const m = anonymous(t, 2 * CHUNK)
  const search = m.countAsync('needle')
  m.close()
  await rejects(t, () => search, 'ERR_MMAP_CLOSED', closedMessage)
})

test('close() between two steps of findAllAsync: the next one rejects', async (t) => {
  for (const length of [100, 2 * CHUNK]) {
    const m = anonymous(t, length)
    m.setSlice('abab', 0, 4)
    const steps = m.findAllAsync('ab')
    t.is((await steps.next()).value, 0)
    m.close()
    await rejects(t, () => steps.next(), 'ERR_MMAP_CLOSED', closedMessage)
    t.deepEqual(await steps.next(), { done: true, value: undefined })
    const unstarted = anonymous(t, length)
    const never = unstarted.findAllAsync('ab')
    unstarted.close()
    await rejects(t, () => never.next(), 'ERR_MMAP_CLOSED', closedMessage)
  }
})

test('resize is refused while a promise is pending, and possible as soon as it has settled', async (t) => {
  const m = huge(t)
  const controller = new AbortController()
  const { signal } = controller
  for (const search of [
    ...oneMatch.map((member) => m[member]('needle', { start: 0, signal })),
    m.findAllAsync('needle', { signal }).next(),
    // On Windows a flush that runs holds the memory until it ends: nobody can stop it.
    ...(unix ? [m.flushAsync(0, m.length, { signal })] : []),
  ]) {
    refuses(t, () => m.resize(PAGESIZE), 'ERR_MMAP_EXPORTED')
    search.catch(() => {})
  }
  t.is(m.length, HUGE)
  controller.abort()
  // In the tick of the abort, the search has dropped the memory, whether or not its thread has noticed.
  m.resize(PAGESIZE)
  t.is(m.length, PAGESIZE)
  t.is(await m.findAsync('needle', { start: 0 }), -1)
})

test('private anonymous memory can be resized in the tick of an abort, whatever reads it', async (t) => {
  for (let round = 0; round < 40; round++) {
    const m = anonymous(t, 16 * CHUNK, 'private')
    const controller = new AbortController()
    const searches = [1, 2, 3].map(() => m.countAsync('needle', { signal: controller.signal }))
    // Some rounds come before the first piece of work begins, some while it runs, some after it.
    for (const until = performance.now() + round / 20; performance.now() < until;);
    controller.abort()
    m.resize(17 * CHUNK)
    for (const search of searches) await aborts(t, () => search, controller.signal.reason)
    m.close()
  }
})

test('a suspended findAllAsync holds up no resize, and goes on at the length of then', async (t) => {
  for (const length of [SMALL, 3 * CHUNK]) {
    const m = anonymous(t, length)
    for (const at of [0, 10, 100, length - 2]) m.setSlice('ab', at, at + 2)
    const steps = m.findAllAsync('ab')
    t.is((await steps.next()).value, 0)
    m.resize(50)
    t.is((await steps.next()).value, 10)
    t.deepEqual(await steps.next(), { done: true, value: undefined })
  }
  const growing = mapped(t, SMALL + PAGESIZE)
  growing.setSlice('abab', 0, 4)
  const steps = growing.findAllAsync('ab')
  t.is((await steps.next()).value, 0)
  growing.resize(2 * CHUNK)
  growing.setSlice('ab', -2)
  t.deepEqual(await collect(steps), [2, 2 * CHUNK - 2])
})

test('return() ends findAllAsync: between two steps, and while a step is searching', async (t) => {
  const m = huge(t)
  m.setSlice('ab', 0, 2)
  const steps = m.findAllAsync('ab')
  t.is((await steps.next()).value, 0)
  t.deepEqual(await steps.return?.(), { done: true, value: undefined })
  t.deepEqual(await steps.next(), { done: true, value: undefined })
  const searching = m.findAllAsync('ab', { start: 1 })
  const step = searching.next()
  await turn()
  const end = searching.return?.()
  m.resize(PAGESIZE)
  t.deepEqual(await step, { done: true, value: undefined })
  t.deepEqual(await end, { done: true, value: undefined })
  for await (const at of m.findAllAsync('ab')) {
    t.is(at, 0)
    break
  }
})

test('throw() ends findAllAsync with the error that it was given', async (t) => {
  const m = anonymous(t, 100)
  const steps = m.findAllAsync('\0')
  t.is((await steps.next()).value, 0)
  const error = new Error('mine')
  t.is(await rejection(async () => steps.throw?.(error)), error)
  t.true((await steps.next()).done)
})

test('findAllAsync: steps asked for at once come in order', async (t) => {
  for (const length of [100, CHUNK + 100]) {
    const m = anonymous(t, length)
    for (const at of [1, 5, length - 5]) m.setSlice('ab', at, at + 2)
    const steps = m.findAllAsync('ab', { concurrency: 2 })
    t.is(steps[Symbol.asyncIterator](), steps)
    const results = await Promise.all([1, 2, 3, 4, 5].map(() => steps.next()))
    t.deepEqual(
      results.map(({ value }) => value as number | undefined),
      [1, 5, length - 5, undefined, undefined],
    )
  }
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

test('1,000 searches in flight: all answer, in no order, with one signal and no warning', async (t) => {
  const m = anonymous(t, SMALL + 100)
  m.setSlice('ab', SMALL, SMALL + 2)
  const { signal } = new AbortController()
  const warnings: string[] = []
  const note = (warning: Error): void => void warnings.push(warning.message)
  process.on('warning', note)
  const count = scaled(1000)
  const answers = await Promise.all(
    Array.from({ length: count }, () => m.findAsync('ab', { signal })),
  )
  t.is(answers.length, count)
  t.true(answers.every((at) => at === SMALL))
  await turn()
  process.off('warning', note)
  t.deepEqual(warnings, [])
  t.is(getEventListeners(signal, 'abort').length, 0)
})

test('a thousand searches of a huge file end with its close', async (t) => {
  const m = huge(t)
  const searches = Array.from({ length: scaled(1000) }, () => rejection(() => m.findAsync('ab')))
  await turn()
  m.close()
  for (const error of await Promise.all(searches)) {
    if (error.code !== 'ERR_MMAP_CLOSED') t.fail(error.stack)
  }
  // And leave the pool to others.
  const other = anonymous(t, 2 * CHUNK)
  t.is(await other.countAsync('\0'), 2 * CHUNK)
})

test('a short search does not wait for a long one', async (t) => {
  const long = huge(t)
  const controller = new AbortController()
  const searches = Array.from({ length: 8 }, () =>
    rejection(() => long.countAsync('ab', { signal: controller.signal, concurrency: 4 })),
  )
  const short = anonymous(t, 2 * CHUNK)
  t.is(await short.countAsync('ab'), 0)
  // None of the long ones has ended meanwhile.
  controller.abort()
  for (const error of await Promise.all(searches)) t.is(error.code, 'ABORT_ERR')
})

test('nothing is left unhandled, whatever rejects and is waited for', async (t) => {
  const { code, errors, output } = await runChild(`
    const { Mmap, ACCESS_READ } = fmmap
    let unhandled = 0
    process.on('unhandledRejection', (error) => { unhandled += 1; console.error(error) })
    const swallow = (promise) => promise.catch(() => {})
    const make = () => new Mmap(-1, 64 << 20)
    for (const end of ['abort', 'close', 'progress', 'return']) {
      for (const delay of [0, 1, 5]) {
        const m = make()
        const controller = new AbortController()
        const options = { start: 0, signal: controller.signal, concurrency: 3 }
        if (end === 'progress') options.onProgress = () => { throw new Error('mine') }
        const steps = m.findAllAsync('needle', options)
        const all = [
          m.findAsync('needle', options), m.rfindAsync('needle', options), m.countAsync('needle', options),
          steps.next(), steps.next(),
        ].map(swallow)
        if (delay > 0) await pause(delay)
        if (end === 'abort') controller.abort()
        if (end === 'close') m.close()
        if (end === 'return') await swallow(steps.return())
        await Promise.all(all)
        m.close()
      }
    }
    await pause(20)
    console.log(unhandled)
  `)
  t.is(code, 0, errors)
  t.is(errors, '')
  t.is(output, '0\n')
})

test('a pending search keeps the process alive, and one that is given up does not', async (t) => {
  t.is(
    await childAnswer(`
      const m = new fmmap.Mmap(-1, 64 << 20)
      m.countAsync('needle').then((count) => console.log(count))
    `),
    0,
  )
  t.timeout(240_000)
  const path = temporaryFile(endless)
  const { code, output } = await runChild(
    `
    const m = fmmap.Mmap.open(process.argv[2])
    const controller = new AbortController()
    const search = m.countAsync('needle', { signal: controller.signal })
    search.catch((error) => console.log(error.name))
    await pause(10)
    controller.abort()
  `,
    [path],
  )
  t.is(code, 0)
  t.is(output, 'AbortError\n')
})

test('process.exit() during a search does not wait for its end', async (t) => {
  t.timeout(240_000)
  const { code, output } = await runChild(
    `
    const m = fmmap.Mmap.open(process.argv[2])
    m.countAsync('needle', { concurrency: 4 })
    m.findAsync('needle')
    await pause(20)
    process.on('exit', () => console.log('exit'))
    process.exit(3)
  `,
    [temporaryFile(endless)],
  )
  t.is(code, 3)
  t.is(output, 'exit\n')
})

/** A worker that searches a huge file until it is terminated, and says when it has begun. */
function searcher(path: string, searches: number): Promise<Worker> {
  const worker = new Worker(
    moduleFile(`
      import { parentPort, workerData } from 'node:worker_threads'
      const m = fmmap.Mmap.open(workerData.path)
      for (let i = 0; i < workerData.searches; i++) m.countAsync('needle', { concurrency: 2 })
      setTimeout(() => parentPort.postMessage('begun'), 5)
    `),
    { workerData: { path, searches } },
  )
  return new Promise((resolve, reject) => {
    worker.once('message', () => resolve(worker))
    worker.once('error', reject)
  })
}

test('a worker that is terminated during its searches gives its turns back', async (t) => {
  t.timeout(240_000)
  const path = temporaryFile(endless)
  const m = anonymous(t, 8 * CHUNK)
  for (let round = 0; round < 5; round++) {
    const worker = await searcher(path, 4)
    // It waits for no search's end.
    await worker.terminate()
  }
  t.is(await m.countAsync('needle', { concurrency: 2 }), 0)
})

test('threads share the turns: none waits for ever, here or there', async (t) => {
  t.timeout(240_000)
  const path = temporaryFile(endless)
  const busy = await searcher(path, 6)
  t.teardown(async () => void (await busy.terminate()))
  const m = anonymous(t, 16 * CHUNK)
  t.is(await m.countAsync('needle'), 0)
  // And the other way round: a worker finds its turn beside a busy main thread.
  const long = huge(t)
  const controller = new AbortController()
  const searches = Array.from({ length: 6 }, () =>
    rejection(() => long.countAsync('needle', { signal: controller.signal })),
  )
  const worker = new Worker(
    moduleFile(`
      import { parentPort } from 'node:worker_threads'
      const m = new fmmap.Mmap(-1, 32 << 20)
      parentPort.postMessage(await m.countAsync('needle'))
    `),
  )
  t.is(await new Promise((resolve) => worker.once('message', resolve)), 0)
  controller.abort()
  await Promise.all(searches)
})

test('a map that nobody holds is kept until its searches end', async (t) => {
  t.deepEqual(
    await childAnswer(`
      const search = (() => new fmmap.Mmap(-1, 64 << 20).countAsync('\\0'))()
      collect(); await pause(1); collect()
      console.log(JSON.stringify([await search]))
    `),
    [64 << 20],
  )
})
