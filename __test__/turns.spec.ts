// Turns on the threadpool with threads that stand still: in Atomics.wait, in a loop, or because they are terminated.
// No thread may hold up another, whatever the size of the pool, and a thread that goes on must get its turn.
import { copyFileSync, mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { freshPath, temporaryFile } from './support/files.ts'
import { hole } from './support/platform.ts'
import { childAnswer, moduleFile, packageUrl, runChild } from './support/runtime.ts'
import { serially } from './support/serial.ts'
import anyTest, { type Assertions } from './support/test.ts'

/** The tests run one after another, because each looks at the clock and has workers that loop. */
const test = serially(anyTest, { ended: Promise.resolve() })

/** A worker that searches a hole again and again, stands still when it is told to, and searches again after that. */
const worker = moduleFile(`
  import { parentPort, workerData } from 'node:worker_threads'
  const { path, url, how, searches, shared } = workerData
  const { Mmap } = url === undefined ? fmmap : await import(url)
  const flag = new Int32Array(shared)
  const m = Mmap.open(path)
  const controller = new AbortController()
  for (let i = 0; i < searches; i++) {
    m.countAsync('needle', { signal: controller.signal, concurrency: 2 }).catch(() => {})
  }
  parentPort.once('message', () => {
    Atomics.add(flag, 1, 1)
    if (how === 'wait') Atomics.wait(flag, 0, 0)
    else while (Atomics.load(flag, 0) === 0);
    controller.abort()
    const small = new Mmap(-1, 12 << 20)
    small.countAsync('needle').then((count) => parentPort.postMessage({ count }))
  })
  parentPort.postMessage('begun')
`)

/** In the child: starts workers, and makes them stand still. */
const helpers = `
  import { Worker } from 'node:worker_threads'
  const [, , workerPath, path, how, url] = process.argv
  const shared = new SharedArrayBuffer(8)
  const flag = new Int32Array(shared)
  const message = (worker) => new Promise((resolve, reject) => {
    worker.once('message', resolve)
    worker.once('error', reject)
  })
  const start = async (url) => {
    const made = new Worker(workerPath, { workerData: { path, how, searches: 4, shared, url } })
    await message(made)
    return made
  }
  const workers = []
  for (let i = 0; i < 3; i++) workers.push(await start(i % 2 === 1 ? url : undefined))
  const stop = async () => {
    for (const one of workers) one.postMessage('stop')
    while (Atomics.load(flag, 1) < workers.length) await pause(1)
  }
  const release = () => {
    Atomics.store(flag, 0, 1)
    Atomics.notify(flag, 0)
  }
  /** The result of a search, or that it has not ended in time. */
  const timed = (search) => Promise.race([search, pause(240_000).then(() => 'stuck')])
  const small = new fmmap.Mmap(-1, 24 << 20)
`

interface Answer {
  before: unknown
  meanwhile: unknown[]
  released: unknown[]
  after: unknown
}

const stuck = `${helpers}
  const before = await timed(small.countAsync('needle'))
  await stop()
  const meanwhile = []
  for (let i = 0; i < 3; i++) meanwhile.push(await timed(small.findAsync('needle', { concurrency: 2 })))
  const answers = workers.map((one) => timed(message(one)))
  // At the same time, this thread searches and asks for every turn.
  const controller = new AbortController()
  const m = fmmap.Mmap.open(path)
  for (let i = 0; i < 4; i++) m.countAsync('x', { signal: controller.signal }).catch(() => {})
  release()
  const released = await Promise.all(answers)
  controller.abort()
  await Promise.all(workers.map((one) => one.terminate()))
  const after = await timed(small.rfindAsync('needle', { start: 0 }))
  console.log(JSON.stringify({ before, meanwhile, released, after }))
  process.exit()
`

async function standStill(
  t: Assertions,
  how: string,
  poolSize: number,
  url?: string,
): Promise<void> {
  const answer = await childAnswer<Answer>(
    stuck,
    [worker, temporaryFile(hole), how, ...(url === undefined ? [] : [url])],
    { UV_THREADPOOL_SIZE: String(poolSize) },
  )
  t.deepEqual(answer, {
    before: 0,
    meanwhile: [-1, -1, -1],
    released: [{ count: 0 }, { count: 0 }, { count: 0 }],
    after: -1,
  })
}

for (const poolSize of [1, 2, 4, 16]) {
  for (const how of ['wait', 'loop']) {
    test(`workers that stand still (${how}) hold up nobody: ${poolSize} threads`, (t) =>
      standStill(t, how, poolSize))
  }

  test(`workers that are terminated while they stand still leave their turns: ${poolSize} threads`, async (t) => {
    const answer = await childAnswer<unknown[]>(
      `${helpers}
      const answers = []
      await stop()
      for (const one of workers) {
        await one.terminate()
        answers.push(await timed(small.findAsync('needle', { concurrency: 3 })))
      }
      // This happens while they search, and while they wait for a turn.
      for (let round = 0; round < 3; round++) {
        const others = await Promise.all([start(), start(url), start()])
        const search = timed(small.countAsync('needle', { concurrency: 3 }))
        await Promise.all(others.map((one) => one.terminate()))
        answers.push(await search)
      }
      answers.push(await timed(small.countAsync('\\0')))
      console.log(JSON.stringify(answers))
      process.exit()
    `,
      [worker, temporaryFile(hole), 'wait'],
      { UV_THREADPOOL_SIZE: String(poolSize) },
    )
    t.deepEqual(answer, [-1, -1, -1, 0, 0, 0, 24 << 20])
  })
}

test('process.exit() while workers stand still', async (t) => {
  for (const how of ['wait', 'loop']) {
    const { code, output } = await runChild(
      `${helpers}
      small.countAsync('needle')
      await stop()
      const search = small.countAsync('needle')
      process.on('exit', () => console.log('exit'))
      setTimeout(() => process.exit(3), 5)
      await search
    `,
      [worker, temporaryFile(hole), how],
      { UV_THREADPOOL_SIZE: '2' },
    )
    t.is(code, 3)
    t.is(output, 'exit\n')
  }
})

/** A copy of the package in a folder of its own, with an addon of its own. */
function copiedPackage(t: Assertions): string {
  const root = new URL('./', packageUrl)
  const folder = freshPath('')
  mkdirSync(folder)
  for (const name of readdirSync(root)) {
    if (/\.(node|cjs|js|json)$/.test(name)) copyFileSync(new URL(name, root), join(folder, name))
  }
  const url = pathToFileURL(join(folder, 'index.js')).href
  t.not(url, packageUrl)
  return url
}

test('two copies of the addon in a process: neither holds up the other', async (t) => {
  const url = copiedPackage(t)
  for (const poolSize of [1, 4]) await standStill(t, 'wait', poolSize, url)
})
