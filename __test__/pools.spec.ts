// Pools of workers, with the real packages. A token is passed with each task, and whatever a pool does with its
// workers does not harm the map.
import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'
import { Worker } from 'node:worker_threads'
import { once } from 'node:events'
import type * as poolifier from 'poolifier'
import { Mmap, type MmapToken, PAGESIZE } from '../index.js'
import { freshPath, latin1, mapped } from './support/files.ts'
import { checkout, unix } from './support/platform.ts'
import { packageUrl } from './support/runtime.ts'
import { writeFileSync } from 'node:fs'
import { type Assertions, testWhere } from './support/test.ts'

const node = !('bun' in process.versions || 'deno' in process.versions)
const onNode = testWhere(node, 'the workers are Node’s')
const test = testWhere(checkout, 'the packages are installed in a checkout, for Node')

type Poolifier = typeof poolifier

const TASKS = 24

/** The work of each worker: it marks its byte of the map, and returns the sum of the text. */
const work = `
import { Mmap } from ${JSON.stringify(packageUrl)}
let kept
export function work({ token, at, how }) {
  // Some workers keep their map from one task to the next, as a worker of a pool may.
  const m = how === 'keep' ? (kept ??= Mmap.from(token)) : Mmap.from(token)
  const text = m.slice(0, 6).toString()
  m.set(at, at)
  if (how === 'close') m.close()
  if (how === 'resize') { m.resize(m.length + ${PAGESIZE}); m.close() }
  if (how === 'throw') throw new Error('mine')
  return text
}
`

/** A module of a worker, which the runtime finds by this path. */
function workerModule(rest: string): string {
  const path = freshPath('.mjs')
  writeFileSync(path, work + rest)
  return path
}

interface Task {
  readonly token: MmapToken
  readonly at: number
  readonly how: 'close' | 'keep' | 'leave' | 'throw' | 'resize'
}

/** Gives the pool its tasks, and checks what the workers have done. */
async function checkPool(
  t: Assertions,
  run: (task: Task) => Promise<unknown>,
  end: () => Promise<unknown>,
  patient = false,
): Promise<void> {
  const m = mapped(t, 'shared'.padEnd(4 * PAGESIZE, '\0'))
  const token = m.share()
  const ways = ['close', 'keep', 'leave', 'throw'] as const
  const tasks = Array.from({ length: TASKS }, (_, at) => ({
    token,
    at: 10 + at,
    how: ways[at % ways.length] as Task['how'],
  }))
  const answers = await Promise.allSettled(tasks.map(run))
  for (const [at, answer] of answers.entries()) {
    if (tasks[at]?.how === 'throw') t.is(answer.status, 'rejected')
    else t.deepEqual(answer, { status: 'fulfilled', value: 'shared' })
  }
  t.deepEqual(
    [...m.slice(10, 10 + TASKS)],
    tasks.map(({ at }) => at),
  )
  // Windows moves all of a memory's maps when one is resized, so it refuses while another is open.
  const resized = await Promise.allSettled([run({ token, at: 60, how: 'resize' })])
  t.is(resized[0].status, unix ? 'fulfilled' : 'rejected')
  t.is(m.length, 4 * PAGESIZE, 'a worker’s resize leaves this length')
  using now = Mmap.from(token)
  t.is(now.length, 4 * PAGESIZE, 'the map that was longer is closed')
  t.is(now.size(), (unix ? 5 : 4) * PAGESIZE)
  now.close()
  // Tasks are under way when the pool ends; piscina throws at the answer of one.
  const last = Promise.allSettled(tasks.map((task) => run({ ...task, how: 'leave' })))
  if (patient) await last
  await end()
  await last
  t.is(latin1(m.slice(0, 6)), 'shared')
  if (unix) m.resize(PAGESIZE)
  t.is(m.length, (unix ? 1 : 4) * PAGESIZE)
}

test('piscina', async (t) => {
  t.timeout(900_000)
  const { Piscina } = await import('piscina')
  const filename = workerModule('export default work')
  const pool = new Piscina<Task, string>({ filename, maxThreads: 3, execArgv: [] })
  await checkPool(
    t,
    (task) => pool.run(task),
    () => pool.destroy(),
    true,
  )
})

test('tinypool, with a fresh worker for each task', async (t) => {
  t.timeout(900_000)
  const { Tinypool } = await import('tinypool')
  const filename = workerModule('export default work')
  for (const isolateWorkers of [false, true]) {
    const pool = new Tinypool({ filename, maxThreads: 3, isolateWorkers, execArgv: [] })
    await checkPool(
      t,
      (task) => pool.run(task) as Promise<string>,
      () => pool.destroy(),
    )
  }
})

test('poolifier', async (t) => {
  t.timeout(900_000)
  // By `require`: the loader of the tests takes its module for CommonJS.
  const { FixedThreadPool } = createRequire(import.meta.url)('poolifier') as Poolifier
  const worker = workerModule(
    `import { createRequire } from 'node:module'
     const { ThreadWorker } = createRequire(${JSON.stringify(import.meta.url)})('poolifier')
     export default new ThreadWorker(work)`,
  )
  const pool = new FixedThreadPool<Task, string>(3, worker, {
    errorHandler: () => {},
    workerOptions: { execArgv: [] },
  })
  await checkPool(
    t,
    (task) => pool.execute(task),
    () => pool.destroy(),
  )
})

onNode('plain workers, a token in workerData', async (t) => {
  t.timeout(900_000)
  const path = workerModule(
    `import { parentPort, workerData } from 'node:worker_threads'
     parentPort.on('message', (how) => {
       try { parentPort.postMessage({ text: work({ ...workerData, how }) }) } catch { parentPort.postMessage({}) }
     })`,
  )
  const open = new Set<Worker>()
  await checkPool(
    t,
    async ({ how, ...workerData }) => {
      const worker = new Worker(pathToFileURL(path), { workerData, execArgv: [] })
      open.add(worker)
      const answered = once(worker, 'message')
      const exited = once(worker, 'exit').then(() => [{}])
      worker.postMessage(how, [])
      const [{ text }] = (await Promise.race([answered, exited])) as [{ text?: string }]
      await worker.terminate()
      open.delete(worker)
      if (text === undefined) throw new Error('the task failed')
      return text
    },
    () => Promise.all([...open].map((worker) => worker.terminate())),
  )
})
