// What ends findAsync, rfindAsync, countAsync, findAllAsync and flushAsync, or happens while they are pending: signals,
// progress, close, resize, many of them at once, the end of a process or a worker.
import { getEventListeners } from 'node:events'
import { setImmediate as turn } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { type Mmap, PAGESIZE } from '../index.js'
import { checkError, closedMessage, refuses, rejection, rejects } from './support/errors.ts'
import { anonymous, mapped, mappedPath, temporaryFile } from './support/files.ts'
import { gathered } from './support/iteration.ts'
import { endless, hole, scaled, unix } from './support/platform.ts'
import { childAnswer, moduleFile, runChild } from './support/runtime.ts'
import { serially } from './support/serial.ts'
import anyTest, { type Assertions } from './support/test.ts'

const order = { ended: Promise.resolve() }
/** The tests run one after another, because they share the pool and its turns, and some look at the clock. */
const test = serially(anyTest, order)

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

const huge = (t: Assertions): Mmap => mappedPath(t, temporaryFile(HUGE))

test('a signal that has aborted already: the promise rejects, with its reason as cause', async (t) => {
  const reason = new Error('enough')
  for (const length of [100, CHUNK]) {
    const m = anonymous(t, length)
    const signal = AbortSignal.abort(reason)
    for (const member of oneMatch) await aborts(t, () => m[member]('a', { signal }), reason)
    await aborts(t, () => m.flushAsync(0, length, { signal }), reason)
    await aborts(t, () => gathered(m.findAllAsync('a', { signal })), reason)
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
    t.deepEqual(await gathered(m.findAllAsync('a', { signal })), [])
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
      const total = m.length - start
      let before = 0
      for (const [searched, all] of calls) {
        t.is(all, total)
        t.true(searched > before && searched <= all, `${searched} after ${before} of ${all}`)
        before = searched
      }
      t.is(before, total)
    }
  }
  // An empty needle has one more place than there are bytes.
  for (const needle of ['', 'absent', ['absent', 'nowhere'], /absent/]) {
    let last = [0, 0]
    // oxlint-disable-next-line no-await-in-loop
    await m.countAsync(needle, { start: 5, onProgress: (...call) => (last = call) })
    t.deepEqual(last, [m.length - 5, m.length - 5])
  }
  const calls: number[] = []
  const options = { onProgress: (searched: number): void => void calls.push(searched) }
  await gathered(m.findAllAsync('absent', options))
  t.deepEqual(
    calls,
    calls.toSorted((a, b) => a - b),
  )
  t.is(calls.at(-1), m.length)
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
    t.is(await rejection(() => gathered(m.findAllAsync('absent', { onProgress }))), stop)
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
  t.deepEqual(await gathered(steps), [2, 2 * CHUNK - 2])
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
