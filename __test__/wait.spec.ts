// Waiting for a word: in one thread, between threads, between processes; and how a wait ends.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { truncateSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import {
  ACCESS_COPY,
  ACCESS_READ,
  ACCESS_WRITE,
  faultGuard,
  Mmap,
  PAGESIZE,
  PROT_WRITE,
} from '../index.js'
import { checkError, type Coded, refuses, rejects } from './support/errors.ts'
import { anonymous, mapped, mappedPath, temporaryFile } from './support/files.ts'
import { externalBuffers, linux, scaled, unix } from './support/platform.ts'
import { threads } from './support/proc.mjs'
import { childAnswer, command, moduleFile, procUrl, runChild } from './support/runtime.ts'
import { type Assertions, testWhere } from './support/test.ts'

const onUnix = testWhere(unix, 'there is no waiting on Windows')

/** Wakes the word again and again, until somebody was woken. */
async function notified(m: Mmap, offset: number): Promise<number> {
  for (;;) {
    const woken = m.notify(offset)
    if (woken > 0) return woken
    await pause(1)
  }
}

onUnix('a wait ends at once for another value, and in time', async (t) => {
  for (const m of [
    mapped(t, '\x05\0\0\0\xff\xff\xff\xff'),
    anonymous(t, 8),
    anonymous(t, 8, 'private'),
  ]) {
    const value = m.get(0)
    t.is(m.wait(0, value + 1), 'not-equal')
    t.is(m.wait(0, value, 0), 'timed-out')
    const start = performance.now()
    t.is(m.wait(0, value, 120), 'timed-out')
    const took = performance.now() - start
    t.true(took >= 115, `${took} ms`)
    t.is(await m.waitAsync(0, value + 1), 'not-equal')
    t.is(await m.waitAsync(0, value, { timeout: 0 }), 'timed-out')
    const later = performance.now()
    t.is(await m.waitAsync(0, value, { timeout: 60 }), 'timed-out')
    t.true(performance.now() - later >= 55)
    t.is(m.notify(0), 0)
    t.is(m.notify(0, 0), 0)
  }
  const m = mapped(t, '\x05\0\0\0\xff\xff\xff\xff')
  t.is(m.wait(4, -1, 1), 'timed-out', 'the integer is signed')
})

onUnix('waits of a map that is read-only, or private', async (t) => {
  const path = temporaryFile('\x01\0\0\0')
  const reader = mappedPath(t, path, { access: ACCESS_READ })
  const writer = mappedPath(t, path, { access: ACCESS_WRITE })
  t.is(reader.wait(0, 1, 1), 'timed-out')
  const waiting = reader.waitAsync(0, 1)
  t.is(await notified(writer, 0), 1)
  t.is(await waiting, 'ok', 'another map of the file wakes it')
  const copy = mappedPath(t, path, { access: ACCESS_COPY })
  t.is(copy.wait(0, 1, 1), 'timed-out')
  using unreadable = Mmap.open(path, { prot: PROT_WRITE })
  refuses(t, () => unreadable.wait(0, 1, 1), 'ERR_MMAP_UNREADABLE')
  refuses(t, () => unreadable.notify(0), 'ERR_MMAP_UNREADABLE')
})

onUnix('arguments that can’t be', async (t) => {
  const m = mapped(t, 'x'.repeat(10))
  const wrong = [undefined, null, '0', Number.NaN, 0.5, Infinity, 1n, {}, [0]]
  for (const value of wrong) {
    refuses(t, () => m.wait(value as never, 0, 0), 'ERR_INVALID_ARG_TYPE')
    refuses(t, () => m.wait(0, value as never, 0), 'ERR_INVALID_ARG_TYPE')
    refuses(t, () => m.notify(value as never), 'ERR_INVALID_ARG_TYPE')
    await rejects(t, m.waitAsync(value as never, 0), 'ERR_INVALID_ARG_TYPE')
    await rejects(t, m.waitAsync(0, value as never), 'ERR_INVALID_ARG_TYPE')
    if (value !== undefined && value !== Infinity && value !== 0.5) {
      refuses(t, () => m.wait(0, 0, value as never), 'ERR_INVALID_ARG_TYPE')
      await rejects(t, m.waitAsync(0, 0, { timeout: value as never }), 'ERR_INVALID_ARG_TYPE')
      refuses(t, () => m.notify(0, value as never), 'ERR_INVALID_ARG_TYPE')
    }
  }
  refuses(t, () => m.notify(0, 0.5), 'ERR_INVALID_ARG_TYPE')
  for (const offset of [-4, 1, 2, 3, 7, 8, 12, 2 ** 53, 1e300]) {
    refuses(t, () => m.wait(offset, 0, 0), 'ERR_OUT_OF_RANGE')
    refuses(t, () => m.notify(offset), 'ERR_OUT_OF_RANGE')
    await rejects(t, m.waitAsync(offset, 0), 'ERR_OUT_OF_RANGE')
  }
  for (const expected of [2 ** 31, -(2 ** 31) - 1, 1e300]) {
    refuses(t, () => m.wait(0, expected, 0), 'ERR_OUT_OF_RANGE')
    await rejects(t, m.waitAsync(0, expected), 'ERR_OUT_OF_RANGE')
  }
  for (const timeout of [-1, -Infinity]) {
    refuses(t, () => m.wait(0, 0, timeout), 'ERR_OUT_OF_RANGE')
    await rejects(t, m.waitAsync(0, 0, { timeout }), 'ERR_OUT_OF_RANGE')
  }
  refuses(t, () => m.notify(0, -1), 'ERR_OUT_OF_RANGE')
  refuses(t, () => m.notify(0, -Infinity), 'ERR_INVALID_ARG_TYPE')
  t.is(m.notify(0, 1e300), 0)
  t.is(m.wait(0, 0, 1e300), 'not-equal')
  for (const given of [null, 1, 'x', []]) {
    await rejects(t, m.waitAsync(0, 0, given as never), 'ERR_INVALID_ARG_TYPE')
  }
  await rejects(t, m.waitAsync(0, 0, { signal: {} as never }), 'ERR_INVALID_ARG_TYPE')
  await rejects(t, m.waitAsync(0, 0, { signal: AbortSignal.abort() }), 'ABORT_ERR')
  m.close()
  refuses(t, () => m.wait(0, 0, 0), 'ERR_MMAP_CLOSED')
  refuses(t, () => m.notify(0), 'ERR_MMAP_CLOSED')
  await rejects(t, m.waitAsync(0, 0), 'ERR_MMAP_CLOSED')
  refuses(t, () => m.wait('x' as never, 0), 'ERR_INVALID_ARG_TYPE')
})

testWhere(!unix, 'Windows')('there is no waiting on Windows', async (t) => {
  const m = anonymous(t, 8)
  refuses(t, () => m.wait(0, 0), 'ERR_MMAP_UNSUPPORTED')
  refuses(t, () => m.notify(0), 'ERR_MMAP_UNSUPPORTED')
  await rejects(t, m.waitAsync(0, 0), 'ERR_MMAP_UNSUPPORTED')
})

onUnix('what ends a pending wait: a signal, close, its time, notify', async (t) => {
  const m = anonymous(t, 64)
  const controller = new AbortController()
  const aborted = m.waitAsync(0, 0, { signal: controller.signal })
  const other = m.waitAsync(0, 0, { signal: controller.signal })
  const stays = m.waitAsync(4, 0)
  refuses(t, () => m.resize(32), 'ERR_MMAP_EXPORTED')
  await pause(20)
  controller.abort(new Error('mine'))
  const error = await rejects(t, aborted, 'ABORT_ERR')
  t.is((error.cause as Error).message, 'mine')
  await rejects(t, other, 'ABORT_ERR')
  t.is(await notified(m, 4), 1)
  t.is(await stays, 'ok')
  const many = Array.from({ length: 20 }, () => m.waitAsync(8, 0))
  let woken = 0
  while (woken < 5) woken += m.notify(8, 5 - woken) || (await pause(1), 0)
  const settled = new Set<number>()
  for (const [at, promise] of many.entries())
    void promise.then(
      () => settled.add(at),
      () => {},
    )
  while (settled.size < 5) await pause(5)
  t.is(settled.size, 5)
  m.set(8, 1)
  m.notify(8)
  t.deepEqual(new Set(await Promise.all(many)), new Set(['ok']))
  m.resize(32)
  const closes = m.waitAsync(0, 0)
  const early = m.waitAsync(0, 0)
  await pause(10)
  m.close()
  await rejects(t, closes, 'ERR_MMAP_CLOSED')
  await rejects(t, early, 'ERR_MMAP_CLOSED')
})

onUnix('a word that was changed before the thread sleeps is no wait for ever', async (t) => {
  const m = anonymous(t, 64)
  for (let i = 0; i < scaled(300); i++) {
    m.set(0, 0)
    const waiting = m.waitAsync(0, 0)
    m.set(0, 1)
    m.notify(0)
    t.is(await waiting, 'ok')
  }
})

onUnix('signals of every kind leave the map as it was', async (t) => {
  class Fake {
    aborted = false
    reason: unknown
    addEventListener(): void {}
    removeEventListener(): void {}
  }
  const m = anonymous(t, 4 * PAGESIZE)
  const hostile: Fake[] = [
    Object.assign(new Fake(), {
      addEventListener() {
        throw new Error('mine')
      },
    }),
    Object.defineProperty(new Fake(), 'aborted', {
      get(): boolean {
        throw new Error('mine')
      },
    }),
  ]
  for (const signal of hostile) {
    await rejects(t, m.waitAsync(0, 0, { signal: signal as never }), 'ERR_INVALID_ARG_VALUE')
  }
  const inside = new Fake()
  inside.addEventListener = (): void => {
    inside.aborted = true
  }
  await rejects(t, m.waitAsync(0, 0, { signal: inside as never }), 'ABORT_ERR')
  const throws = new Fake()
  throws.removeEventListener = (): void => {
    throw new Error('mine')
  }
  const waiting = m.waitAsync(0, 0, { signal: throws as never })
  t.is(await notified(m, 0), 1)
  t.is(await waiting, 'ok')
  const closer = new Fake()
  const other = anonymous(t, 64)
  closer.addEventListener = (): void => other.close()
  await rejects(t, other.waitAsync(0, 0, { signal: closer as never }), 'ERR_MMAP_CLOSED')
  m.resize(2 * PAGESIZE)
  t.is(m.length, 2 * PAGESIZE)
})

onUnix('a missing page is a fault', async (t) => {
  if (!faultGuard()) {
    t.pass('the guard is off')
    return
  }
  for (const act of [
    (m: Mmap) => m.wait(2 * PAGESIZE, 0, 10),
    (m: Mmap) => m.notify(2 * PAGESIZE),
    (m: Mmap) => m.waitAsync(2 * PAGESIZE, 0, { timeout: 10 }),
  ]) {
    const path = temporaryFile(3 * PAGESIZE)
    const m = mappedPath(t, path)
    truncateSync(path, 0)
    try {
      const answer = await act(m)
      // A notify need not touch a page for which nobody waits.
      t.is(answer, 0)
    } catch (error) {
      checkError(t, error as Coded, 'ERR_MMAP_FAULT')
    }
  }
})

/** A worker that runs `body` on the maps of a token. */
function worker(t: Assertions, m: Mmap, body: string): Worker {
  const made = new Worker(
    moduleFile(`
      const { parentPort, workerData } = await import('node:worker_threads')
      const m = fmmap.Mmap.from(workerData)
      ${body}
    `),
    { workerData: m.share() },
  )
  t.teardown(() => made.terminate().then(() => {}))
  return made
}

testWhere(unix && externalBuffers, 'no waiting, or no views')(
  'threads hand a number back and forth, blocking and not',
  async (t) => {
    t.timeout(900_000)
    for (const how of ['m.wait(0, at)', 'await m.waitAsync(0, at)']) {
      const m = anonymous(t, 64)
      const words = m.view(Int32Array, 0, 4)
      const rounds = scaled(2000)
      const thread = worker(
        t,
        m,
        `const words = m.view(Int32Array, 0, 4)
         parentPort.postMessage('ready')
         for (let at = 0; at < ${2 * rounds}; at += 2) {
           while (Atomics.load(words, 0) === at) ${how}
           Atomics.store(words, 0, at + 2)
           m.notify(0)
         }
         parentPort.postMessage('done')`,
      )
      await once(thread, 'message')
      const done = once(thread, 'message')
      for (let at = 1; at < 2 * rounds; at += 2) {
        Atomics.store(words, 0, at)
        m.notify(0)
        while (Atomics.load(words, 0) === at) await m.waitAsync(0, at)
      }
      t.deepEqual(await done, ['done'])
      t.is(words[0], 2 * rounds)
    }
  },
)

onUnix('a worker that waits without end is terminated', async (t) => {
  t.timeout(900_000)
  const m = anonymous(t, 64)
  for (const body of ['m.wait(0, 0)', 'await m.waitAsync(0, 0)']) {
    const thread = worker(t, m, `parentPort.postMessage('ready'); ${body}`)
    await once(thread, 'message')
    await pause(100)
    const ended = once(thread, 'exit')
    await thread.terminate()
    // Deno ends no worker that is terminated while it runs. Elsewhere a wait that goes on would hold this up for ever.
    if (!('Deno' in globalThis)) await ended
    t.pass(body)
  }
})

testWhere(linux, '/proc')(
  'workers with waits that end in every way leave no mapping, no thread, and the process lives',
  async (t) => {
    t.timeout(900_000)
    const answer = await childAnswer<{ threads: number; areas: number }>(
      `
      import { mappings, threads } from ${procUrl}
      const { Worker } = await import('node:worker_threads')
      const [, , path, worker] = process.argv
      // Deno ends no worker that is terminated while it runs, not even in an empty loop.
      const ways = 'Deno' in globalThis ? [0, 1, 2, 3] : [0, 1, 2, 3, 4, 5]
      for (let round = 0; round < ${Math.max(12, scaled(42))}; round += ways.length) {
        await Promise.all(ways.map((end) => new Promise((done, fail) => {
          const m = fmmap.Mmap.open(path, { access: fmmap.ACCESS_WRITE })
          const started = new Worker(worker, { workerData: { token: m.share(), end } })
          started.on('error', (error) => { if (error.message !== 'mine') fail(error) })
          started.on('exit', done)
          started.on('message', () => {
            m.close()
            if (end === 0) started.terminate()
            // While it is blocked, and before or after that.
            if (end >= 4) setTimeout(() => started.terminate(), 15 * (round % 4))
          })
        })))
      }
      let left
      for (let i = 0; i < 2000; i++) {
        collect()
        await pause(100)
        left = { threads: threads('fmmap-wait'), areas: mappings(path) }
        if (left.threads === 0 && left.areas === 0) break
      }
      console.log(JSON.stringify(left))
      process.exit()`,
      [
        temporaryFile(PAGESIZE),
        moduleFile(`
          const { parentPort, workerData } = await import('node:worker_threads')
          const { token, end } = workerData
          const m = fmmap.Mmap.from(token)
          for (let i = 0; i < 8; i++) m.waitAsync(4 * i, 0, i % 2 ? {} : { timeout: 10 + i }).catch(() => {})
          parentPort.postMessage('ready')
          if (end === 0) setInterval(() => m.notify(0), 1)
          else if (end === 1) setTimeout(() => m.close(), 5)
          else if (end === 2) setTimeout(() => process.exit(0), 5)
          else if (end === 4) m.wait(32, 0)
          else if (end === 5) for (;;) m.wait(36, 0, 20)
          else setTimeout(() => { throw new Error('mine') }, 5)
        `),
      ],
    )
    t.deepEqual(answer, { threads: 0, areas: 0 })
  },
)

onUnix('a process ends while its threads wait, blocked or not', async (t) => {
  t.timeout(900_000)
  const { code, output, errors } = await runChild(
    `const { Worker } = await import('node:worker_threads')
     const m = new fmmap.Mmap(-1, 64)
     const workers = [0, 1, 2, 3].map((at) => new Worker(process.argv[2], { workerData: { token: m.share(), at } }))
     await Promise.all(workers.map((worker) => new Promise((done) => worker.once('message', done))))
     m.waitAsync(0, 0).catch(() => {})
     await pause(100)
     console.log('waiting')
     process.exit(3)`,
    [
      moduleFile(`
        const { parentPort, workerData } = await import('node:worker_threads')
        const m = fmmap.Mmap.from(workerData.token)
        parentPort.postMessage('ready')
        if (workerData.at % 2 === 0) m.wait(0, 0)
        else await m.waitAsync(0, 0)
      `),
    ],
  )
  t.is(code, 3, errors)
  t.is(output, 'waiting\n')
})

onUnix('a pending wait keeps the process alive, and nothing does after it', async (t) => {
  t.timeout(900_000)
  t.is(
    await childAnswer<string>(
      `const m = new fmmap.Mmap(-1, 64)
       console.log(JSON.stringify(await m.waitAsync(0, 0, { timeout: 300 })))
       m.waitAsync(0, 0).catch(() => {})
       m.close()`,
    ),
    'timed-out',
  )
})

testWhere(unix && externalBuffers, 'no waiting, or no views')(
  'processes wake one another',
  async (t) => {
    t.timeout(900_000)
    const path = temporaryFile(PAGESIZE)
    const m = mappedPath(t, path, { access: ACCESS_WRITE })
    const words = m.view(Int32Array, 0, 4)
    const rounds = scaled(1000)
    const [program, args] = command(
      moduleFile(`
        const m = fmmap.Mmap.open(process.argv[2], { access: fmmap.ACCESS_WRITE })
        const words = m.view(Int32Array, 0, 4)
        for (let at = 0; at < ${2 * rounds}; at += 2) {
          while (Atomics.load(words, 0) === at) m.wait(0, at)
          Atomics.store(words, 0, at + 2)
          m.notify(0)
        }`),
      [path],
    )
    const child = spawn(program, args, {
      env: { ...process.env, NODE_OPTIONS: '' },
      stdio: ['ignore', 'inherit', 'inherit'],
    })
    const ended = once(child, 'exit')
    for (let at = 1; at < 2 * rounds; at += 2) {
      Atomics.store(words, 0, at)
      m.notify(0)
      while (Atomics.load(words, 0) === at) await m.waitAsync(0, at)
    }
    t.deepEqual(await ended, [0, null])
    t.is(words[0], 2 * rounds)
  },
)

testWhere(linux, '/proc')('a wait takes no thread of the pool', async (t) => {
  const m = anonymous(t, 64)
  const waits = Array.from({ length: 20 }, () => m.waitAsync(0, 0))
  t.is(await m.countAsync('x'), 0)
  t.true(threads() > 20)
  m.set(0, 1)
  m.notify(0)
  t.deepEqual(new Set(await Promise.all(waits)), new Set(['ok']))
})
