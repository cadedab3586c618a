// Signals, callbacks and options whose own code throws, aborts, closes, resizes or searches, at every moment at which
// it runs. Whatever it does, each promise settles with a code of docs/errors.md, nothing stays pending, and the next
// search runs as if there had been none.
import { setTimeout as pause } from 'node:timers/promises'
import { type Mmap, PAGESIZE } from '../index.js'
import { anonymous, mapped, mappedPath, temporaryFile } from './support/files.ts'
import type { Coded } from './support/errors.ts'
import { hole, linux, unix } from './support/platform.ts'
import { mappings } from './support/proc.mjs'
import { serially } from './support/serial.ts'
import anyTest, { type Assertions, testWhere } from './support/test.ts'

const order = { ended: Promise.resolve() }
/** The tests run one after another, because whether a search runs alone depends on the whole thread. */
const test = serially(anyTest, order)
const linuxTest = serially(testWhere(linux, 'looks into /proc'), order)

const CHUNK = 4 << 20

const codes = new Set([
  'ERR_MMAP_CLOSED',
  'ERR_MMAP_EXPORTED',
  'ERR_INVALID_ARG_TYPE',
  'ERR_INVALID_ARG_VALUE',
  'ERR_OUT_OF_RANGE',
  'ABORT_ERR',
])

const mine = new Error('of the test')

/** Each member begins one piece of work with these options. */
const members: Record<string, (m: Mmap, options: object) => Promise<unknown>> = {
  findAsync: (m, options) => m.findAsync('needle', { start: 0, ...over(options) }),
  rfindAsync: (m, options) => m.rfindAsync('needle', { start: 0, ...over(options) }),
  countAsync: (m, options) => m.countAsync('needle', options),
  findAllAsync: (m, options) => m.findAllAsync('needle', options).next(),
  'findAllAsync, two steps at once': (m, options) => {
    const steps = m.findAllAsync('needle', { concurrency: 2, ...over(options) })
    return Promise.all([steps.next(), steps.next()])
  },
  'findAllAsync, return()': (m, options) => {
    const steps = m.findAllAsync('needle', options)
    const step = steps.next()
    return Promise.all([step, steps.return?.()])
  },
  'findAllAsync, throw()': async (m, options) => {
    const steps = m.findAllAsync('needle', options)
    const step = steps.next()
    await steps.throw?.(mine).catch(() => {})
    return step
  },
  flushAsync: (m, options) => m.flushAsync(0, PAGESIZE, options),
}

/** Options whose getters were not read yet. */
const over = (options: object): object =>
  Object.fromEntries(
    Object.entries(Object.getOwnPropertyDescriptors(options)).flatMap(([name, { value }]) =>
      value === undefined ? [] : [[name, value as unknown]],
    ),
  )

/** The moments at which a signal runs code of its own. */
const moments = ['aborted', 'reason', 'add', 'added', 'remove', 'removed'] as const

type Moment = (typeof moments)[number]

class Stage {
  readonly controller = new AbortController()
  /** Promises of searches that the code of a signal or a callback has begun. */
  readonly inner: Promise<unknown>[] = []
  readonly m: Mmap
  #busy = false
  #times: number

  constructor(m: Mmap, times: number) {
    this.m = m
    this.#times = times
  }

  /** Does something the first times only: if each search began another, the test would never end. */
  act(deed: string): void {
    if (this.#busy || this.#times === 0) return
    this.#times -= 1
    this.#busy = true
    try {
      this.#deeds[deed]?.()
    } finally {
      this.#busy = false
    }
  }

  readonly #deeds: Record<string, () => void> = {
    throw: () => {
      throw mine
    },
    abort: () => this.controller.abort(mine),
    close: () => this.m.close(),
    resize: () => {
      try {
        this.m.resize(this.m.length + PAGESIZE)
      } catch (error) {
        if (!codes.has((error as Coded).code)) throw error
      }
    },
    search: () => {
      const { signal } = this
      for (const sub of ['needle', 'other']) {
        this.inner.push(this.m.countAsync(sub, { signal }).catch((error: unknown) => error))
      }
    },
  }

  #moment: Moment | undefined
  #deed = ''
  signal: AbortSignal = this.controller.signal

  /** A signal that does something at a moment. */
  hostile(moment: Moment, deed: string): AbortSignal {
    this.#moment = moment
    this.#deed = deed
    const real = this.controller.signal
    const at = (now: Moment): void => {
      if (now === this.#moment) this.act(this.#deed)
    }
    this.signal = {
      get aborted(): boolean {
        at('aborted')
        return real.aborted
      },
      get reason(): unknown {
        at('reason')
        return real.reason
      },
      addEventListener(name: string, listener: () => void): void {
        at('add')
        real.addEventListener(name, listener)
        at('added')
      },
      removeEventListener(name: string, listener: () => void): void {
        at('remove')
        real.removeEventListener(name, listener)
        at('removed')
      },
    } as AbortSignal
    return this.signal
  }
}

const deeds = ['throw', 'abort', 'close', 'resize', 'search'] as const

/** The outcome of a promise: `undefined` for an answer, the error otherwise, 'pending' if there is none. */
async function outcome(promise: Promise<unknown>): Promise<unknown> {
  const late = new AbortController()
  const settled = promise.then(
    () => undefined,
    (error: unknown) => error,
  )
  const waiting = pause(120_000, 'pending', { signal: late.signal }).catch(() => undefined)
  const result = await Promise.race([settled, waiting])
  late.abort()
  return result
}

/**
 * Resizes. On Windows no memory can move while a flush reads it, and a flush that has begun goes on after its signal
 * has aborted.
 */
async function resizes(m: Mmap): Promise<void> {
  for (;;) {
    try {
      m.resize(PAGESIZE)
      return
    } catch (error) {
      if (unix || (error as Coded).code !== 'ERR_MMAP_EXPORTED') throw error
      // oxlint-disable-next-line no-await-in-loop
      await pause(10)
    }
  }
}

/** Everything must have settled, and nothing may be left behind. */
async function settles(
  t: Assertions,
  label: string,
  stage: Stage,
  promise: Promise<unknown>,
  own: boolean,
): Promise<void> {
  const { m } = stage
  stage.inner.unshift(promise)
  for (const one of stage.inner) {
    // One after another: the first may begin others.
    // oxlint-disable-next-line no-await-in-loop
    const error = await outcome(one)
    if (error === undefined || (own && error === mine)) continue
    if (!codes.has((error as Coded).code)) t.fail(`${label}: ${String(error)}`)
  }
  if (m.closed) return
  await resizes(m)
  m.setSlice('needle', 5, 11)
  if ((await m.findAsync('needle', { start: 0 })) !== 5) t.fail(`${label}: no search any more`)
  m.close()
}

/** A search that runs alone begins with a large part; one that runs beside others does not. */
async function runsAlone(t: Assertions): Promise<void> {
  const m = anonymous(t, 17 * CHUNK)
  const steps: number[] = []
  await m.countAsync('needle', { onProgress: (searched) => void steps.push(searched) })
  t.is(steps[0], 4 * CHUNK)
  m.close()
}

for (const [name, begin] of Object.entries(members)) {
  test(`${name}: a signal that throws, aborts, closes, resizes or searches`, async (t) => {
    for (const length of [100, CHUNK + PAGESIZE]) {
      for (const moment of moments) {
        for (const deed of deeds) {
          for (const times of [1, 3]) {
            for (const end of ['', 'abort', 'close']) {
              const label = `${deed} in ${moment}, ${times} times, ${length} bytes, then ${end}`
              // A flush that has begun goes on, and meanwhile memory without a file can't move.
              const m = name === 'flushAsync' ? mapped(t, length) : anonymous(t, length, 'private')
              const stage = new Stage(m, times)
              const promise = begin(stage.m, { signal: stage.hostile(moment, deed) })
              promise.catch(() => {})
              if (end === 'abort') stage.controller.abort(mine)
              if (end === 'close') stage.m.close()
              await settles(t, label, stage, promise, false)
            }
          }
        }
      }
    }
    await runsAlone(t)
  })

  if (name === 'flushAsync') continue

  test(`${name}: an onProgress that throws, aborts, closes, resizes or searches`, async (t) => {
    for (const length of [100, CHUNK + PAGESIZE]) {
      for (const deed of deeds) {
        const stage = new Stage(anonymous(t, length, 'private'), 2)
        const { signal } = stage
        const promise = begin(stage.m, { signal, onProgress: () => stage.act(deed) })
        promise.catch(() => {})
        await settles(t, `${deed} in onProgress, ${length} bytes`, stage, promise, true)
      }
    }
    await runsAlone(t)
  })
}

test('options whose getters throw, abort, close, resize or search', async (t) => {
  for (const member of [
    'findAsync',
    'rfindAsync',
    'countAsync',
    'findAllAsync',
    'flushAsync',
  ] as const) {
    for (const option of [
      'start',
      'end',
      'signal',
      'concurrency',
      'onProgress',
      'limit',
      'flags',
    ]) {
      for (const deed of deeds) {
        const stage = new Stage(anonymous(t, CHUNK + PAGESIZE, 'private'), 1)
        const { m } = stage
        const options = Object.defineProperty({}, option, {
          enumerable: true,
          get: () => void stage.act(deed),
        })
        const call = async (): Promise<unknown> => {
          if (member === 'flushAsync') return m.flushAsync(0, PAGESIZE, options)
          if (member === 'findAllAsync') return m.findAllAsync('needle', options).next()
          return m[member]('needle', options)
        }
        await settles(t, `${deed} in the getter of ${option}, ${member}`, stage, call(), true)
      }
    }
  }
  await runsAlone(t)
})

test('what a signal throws is the cause of an error with a code, or changes nothing', async (t) => {
  for (const [moment, code] of [
    ['aborted', 'ERR_INVALID_ARG_VALUE'],
    ['add', 'ERR_INVALID_ARG_VALUE'],
    ['added', 'ERR_INVALID_ARG_VALUE'],
    ['remove', undefined],
    ['removed', undefined],
  ] as const) {
    const stage = new Stage(anonymous(t, CHUNK + PAGESIZE, 'private'), 1)
    const search = stage.m.countAsync('needle', { signal: stage.hostile(moment, 'throw') })
    const error = (await outcome(search)) as Coded | undefined
    t.is(error?.code, code, moment)
    if (error !== undefined) t.is(error.cause, mine)
  }
  const stage = new Stage(anonymous(t, CHUNK + PAGESIZE, 'private'), 1)
  const search = stage.m.countAsync('needle', { signal: stage.hostile('reason', 'throw') })
  stage.controller.abort()
  const error = (await outcome(search)) as Coded
  t.is(error.code, 'ABORT_ERR')
  t.is(error.cause, mine)
})

test('a signal that aborts while it is listened to ends the search, whether or not it tells', async (t) => {
  for (const moment of ['add', 'added'] as const) {
    const m = mappedPath(t, temporaryFile(hole))
    const stage = new Stage(m, 1)
    const error = await outcome(m.countAsync('needle', { signal: stage.hostile(moment, 'abort') }))
    t.is((error as Coded).code, 'ABORT_ERR')
    t.is((error as Coded).cause, mine)
  }
})

test('getters that take the needle away: it is an argument that is refused, not an empty one', async (t) => {
  for (const length of [100, CHUNK + PAGESIZE]) {
    const m = anonymous(t, length)
    for (const member of ['findAsync', 'rfindAsync', 'countAsync'] as const) {
      const needle = new Uint8Array([110, 111])
      const options = {
        get end(): undefined {
          structuredClone(needle, { transfer: [needle.buffer] })
          return undefined
        },
      }
      const error = (await outcome(m[member](needle, options))) as Coded
      t.is(error.code, 'ERR_INVALID_ARG_TYPE')
    }
  }
})

linuxTest(
  'close() lets the memory go, and every promise settle, whatever their signals throw',
  async (t) => {
    const path = temporaryFile(hole)
    const m = mappedPath(t, path)
    const promises = moments.map((moment) =>
      m.countAsync('needle', { signal: new Stage(m, Infinity).hostile(moment, 'throw') }),
    )
    promises.push(m.countAsync('needle'))
    m.close()
    for (const promise of promises) {
      t.true(codes.has(((await outcome(promise)) as Coded).code))
    }
    // The searches notice it at their next step; were one to go on, it would never be gone.
    while (mappings(path) > 0) await pause(10)
    t.is(mappings(path), 0)
  },
)
