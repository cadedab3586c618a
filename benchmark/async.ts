/**
 * Searches on the threadpool: what they cost, how soon they end, and how much they slow down other work.
 *
 *   npm run bench:async -- [--quick] [--json FILE] [--only TEXT]
 *
 * All ways that are compared take turns in one run. The file of 40 GiB is a hole: it takes no disk space, and its
 * pages come at the speed of the kernel's page faults. The haystack in memory has 1 GiB.
 */

import { execFileSync } from 'node:child_process'
import { pbkdf2 } from 'node:crypto'
import { closeSync, ftruncateSync, openSync, writeFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout as pause } from 'node:timers/promises'
import { promisify } from 'node:util'
import { Worker } from 'node:worker_threads'
import { ACCESS_WRITE, Mmap } from '../index.js'
import {
  alternate,
  least,
  median,
  milliseconds,
  quantile,
  readOptions,
  Report,
  same,
  scratch,
  timed,
} from './report.ts'
import { log, writeRepeated } from './texts.ts'

const MIB = 2 ** 20
const options = readOptions()
const report = new Report('async', options)
const folder = scratch('async')
const turns = options.quick ? 5 : 15
/** A needle that occurs in no haystack, although all its letters do. */
const absent = 'session expired forever'

/** How many rounds of pbkdf2 take a millisecond; measured before it is used. */
let rounds = 1000

/** A hole of 40 GiB. */
const huge = join(folder, 'huge')
const fd = openSync(huge, 'w')
ftruncateSync(fd, 40 * 1024 * MIB)
closeSync(fd)

const resident = join(folder, 'resident')
const size = writeRepeated(resident, log(16 * MIB), (options.quick ? 256 : 1024) * MIB)
using m = Mmap.open(resident)
// All pages are mapped before anything is timed.
m.count(absent)

rounds *= 10 / (await timed(() => burn(10)))

if (report.wants('throughput')) await throughput()
if (report.wants('small')) await small()
if (report.wants('matches')) await matches()
if (report.wants('abort')) await aborts()
if (report.wants('exit')) exits()
if (report.wants('terminate')) await terminates()
if (report.wants('readFile')) await neighbours()
if (report.wants('share')) await share()
report.end()

async function throughput(): Promise<void> {
  same('countAsync', await m.countAsync('GET '), m.count('GET '))
  const times = await alternate(turns, {
    'find, in the main thread': () => timed(() => m.find(absent)),
    findAsync: () => timed(() => m.findAsync(absent)),
    'findAsync, concurrency 2': () => timed(() => m.findAsync(absent, { concurrency: 2 })),
    'rfindAsync, concurrency 2': () => timed(() => m.rfindAsync(absent, { concurrency: 2 })),
    'countAsync, concurrency 2': () => timed(() => m.countAsync(absent, { concurrency: 2 })),
    'four findAsync at once': () =>
      timed(() => Promise.all([1, 2, 3, 4].map(() => m.findAsync(absent)))),
  })
  report.part(`throughput, ${Math.round(size / MIB)} MiB`, ['ms min', 'median', 'GB/s', 'of find'])
  const find = least(times['find, in the main thread'])
  for (const [name, values] of Object.entries(times)) {
    const bytes = name.startsWith('four') ? 4 * size : size
    const best = least(values)
    const speed = bytes / best / 1e6
    report.row(
      name,
      [
        milliseconds(best),
        milliseconds(median(values)),
        speed.toFixed(1),
        (speed / (size / find / 1e6)).toFixed(2),
      ],
      { milliseconds: values, bytes },
    )
  }
  const gain = times.findAsync.map(
    (value, turn) => value / (times['findAsync, concurrency 2'][turn] ?? 0),
  )
  report.target(
    'two chunks in flight over one, best',
    least(times.findAsync) / least(times['findAsync, concurrency 2']),
    'x',
    { least: 1.5 },
  )
  report.row('two over one, turn by turn', [median(gain).toFixed(2)], gain)
}

/** Small ranges need no thread. Meanwhile all four threads are busy, for seconds. */
async function small(): Promise<void> {
  const idle = await alternate(turns, {
    'find in 64 KiB': () => timed(() => m.find(absent, 0, 65_536)),
    'findAsync in 64 KiB': () => timed(() => m.findAsync(absent, { start: 0, end: 65_536 })),
    'findAsync in 256 KiB': () => timed(() => m.findAsync(absent, { start: 0, end: 262_144 })),
  })
  const busy = Promise.all(Array.from({ length: 4 }, () => burn(400)))
  await pause(5)
  const during = await timed(() => m.findAsync(absent, { start: 0, end: 65_536 }))
  await busy
  report.part('small ranges, us', ['min', 'median'])
  for (const [name, values] of Object.entries(idle)) {
    report.row(
      name,
      [(least(values) * 1000).toFixed(1), (median(values) * 1000).toFixed(1)],
      values,
    )
  }
  report.row('findAsync in 64 KiB, pool full', [(during * 1000).toFixed(1)], during)
  report.target('findAsync in 64 KiB with every thread of the pool busy', during, 'ms', { most: 5 })
}

/** What the steps of the asynchronous iterator cost, compared with those of the synchronous one. */
async function matches(): Promise<void> {
  const range = { start: 0, end: 64 * MIB }
  const tallies: Record<string, number> = {}
  const times = await alternate(Math.min(turns, 7), {
    findAll: () =>
      timed(() => {
        let count = 0
        for (const at of m.findAll('GET ', range)) count += at > 0 ? 1 : 1
        tallies['findAll'] = count
      }),
    findAllAsync: () =>
      timed(async () => {
        let count = 0
        for await (const at of m.findAllAsync('GET ', range)) count += at > 0 ? 1 : 1
        tallies['findAllAsync'] = count
      }),
  })
  same('findAllAsync', tallies['findAllAsync'], tallies['findAll'])
  const count = tallies['findAll'] ?? 0
  report.part(`matches, ${count} in 64 MiB`, ['ms min', 'median', 'ns a match'])
  for (const [name, values] of Object.entries(times)) {
    const best = least(values)
    report.row(
      name,
      [milliseconds(best), milliseconds(median(values)), ((best * 1e6) / count).toFixed(0)],
      values,
    )
  }
}

async function aborts(): Promise<void> {
  using writable = Mmap.open(huge, { access: ACCESS_WRITE })
  const [rejected, released]: [number[], number[]] = [[], []]
  for (let turn = 0; turn < 4 * turns; turn++) {
    const controller = new AbortController()
    const search = writable.countAsync('needle', { signal: controller.signal, concurrency: 2 })
    let after = 0
    const settled = search.catch(() => {
      after = performance.now()
    })
    // oxlint-disable-next-line no-await-in-loop
    await pause(3 + (turn % 5))
    const before = performance.now()
    controller.abort()
    // A resize waits for everything that still reads.
    writable.resize(writable.length)
    released.push(performance.now() - before)
    // oxlint-disable-next-line no-await-in-loop
    await settled
    rejected.push(after - before)
  }
  report.part('abort of 40 GiB, ms', ['median', 'p95', 'max'])
  for (const [name, values] of Object.entries({
    'to nothing reading': released,
    'to the rejection': rejected,
  })) {
    report.row(
      name,
      [median(values), quantile(values, 0.95), Math.max(...values)].map((value) =>
        value.toFixed(3),
      ),
      values,
    )
  }
  report.target('abort to the rejection, median', median(rejected), 'ms', { most: 1 })
}

/**
 * A process that searches 40 GiB and calls process.exit(): how long it takes to end, compared with one that searches
 * nothing.
 */
function exits(): void {
  const program = join(folder, 'exit.mjs')
  writeFileSync(
    program,
    `import { Mmap } from ${JSON.stringify(new URL('../index.js', import.meta.url).href)}
     const m = Mmap.open(process.argv[2])
     if (process.argv[3] === 'search') for (let i = 0; i < 8; i++) m.countAsync('needle', { concurrency: 2 })
     setTimeout(() => {
       console.log(Date.now())
       process.exit()
     }, 60)`,
  )
  const run = (what: string): number => {
    const said = execFileSync(process.execPath, [program, huge, what], { encoding: 'utf8' })
    return Date.now() - Number(said)
  }
  const times: Record<string, number[]> = { idle: [], search: [] }
  for (let turn = 0; turn < turns; turn++) {
    for (const [what, values] of Object.entries(times)) values.push(run(what))
  }
  report.part('process.exit(), ms', ['min', 'median', 'max'])
  for (const [what, values] of Object.entries(times)) {
    const cells = [least(values), median(values), Math.max(...values)].map((value) =>
      value.toFixed(0),
    )
    report.row(
      what === 'idle' ? 'exit of an idle process' : 'exit during 8 searches',
      cells,
      values,
    )
  }
  report.target(
    'process.exit() during 8 searches of 40 GiB, median',
    median(times['search'] ?? []),
    'ms',
    { most: 100 },
  )
}

async function terminates(): Promise<void> {
  const program = join(folder, 'worker.mjs')
  writeFileSync(
    program,
    `import { parentPort, workerData } from 'node:worker_threads'
     import { Mmap } from ${JSON.stringify(new URL('../index.js', import.meta.url).href)}
     const m = Mmap.open(workerData.path)
     for (let i = 0; i < workerData.searches; i++) m.countAsync('needle', { concurrency: 2 })
     setTimeout(() => parentPort.postMessage(0), 20)`,
  )
  const run = (searches: number) => async (): Promise<number> => {
    const worker = new Worker(program, { workerData: { path: huge, searches } })
    await new Promise((resolve) => worker.once('message', resolve))
    return timed(() => worker.terminate())
  }
  const times = await alternate(turns, {
    'terminate, idle': run(0),
    'terminate, 8 searches': run(8),
  })
  report.part('worker.terminate(), ms', ['min', 'median', 'max'])
  for (const [name, values] of Object.entries(times)) {
    const cells = [least(values), median(values), Math.max(...values)].map((value) =>
      value.toFixed(1),
    )
    report.row(name, cells, values)
  }
  report.target(
    'worker.terminate() during 8 searches of 40 GiB, median',
    median(times['terminate, 8 searches']),
    'ms',
    { most: 100 },
  )
}

/** A job that keeps a thread of the pool computing for about this many milliseconds. */
async function burn(ms: number): Promise<void> {
  await promisify(pbkdf2)('password', 'salt', Math.max(1, Math.round(ms * rounds)), 32, 'sha256')
}

/** That many workers that do nothing but compute. */
async function spinning(workers: number, ms = 100): Promise<void> {
  const source = `const end = Date.now() + ${ms}; while (Date.now() < end);`
  await Promise.all(
    Array.from({ length: workers }, () => {
      const worker = new Worker(source, { eval: true })
      return new Promise((resolve) => worker.once('exit', resolve))
    }),
  )
}

/**
 * The delays of readers of small files and of the event loop: alone, beside 8 searches, and beside as much other
 * computing.
 */
async function neighbours(): Promise<void> {
  const file = join(folder, 'small')
  writeFileSync(file, Buffer.alloc(4096, 'x'))
  const loads: Record<string, () => (() => Promise<unknown>)[]> = {
    idle: () => [],
    '8 searches of 1 GiB': () => Array.from({ length: 8 }, () => () => m.countAsync(absent)),
    // Both cores are busy, and the pool is not.
    '2 x a worker that spins': () => [() => spinning(2)],
    // As many threads of the pool are busy as searches use, with jobs as long as their chunks.
    '2 x crypto.pbkdf2': () => Array.from({ length: 2 }, () => () => burn(0.3)),
    '8 x crypto.pbkdf2': () => Array.from({ length: 8 }, () => () => burn(0.3)),
  }
  const latencies: Record<string, number[]> = {}
  const delays: Record<string, number[]> = {}
  for (let turn = 0; turn < (options.quick ? 3 : 10); turn++) {
    for (const [name, load] of Object.entries(loads)) {
      const stop = new AbortController()
      const running = load().map(async (job) => {
        // oxlint-disable-next-line no-await-in-loop
        while (!stop.signal.aborted) await job()
      })
      const histogram = monitorEventLoopDelay({ resolution: 1 })
      histogram.enable()
      const until = performance.now() + (options.quick ? 300 : 600)
      while (performance.now() < until) {
        // oxlint-disable-next-line no-await-in-loop
        const latency = await timed(() => readFile(file))
        ;(latencies[name] ??= []).push(latency)
      }
      histogram.disable()
      ;(delays[name] ??= []).push(histogram.percentile(99) / 1e6)
      stop.abort()
      // oxlint-disable-next-line no-await-in-loop
      await Promise.all(running)
    }
  }
  report.part('readFile of 4 KiB beside, ms', ['p50', 'p99', 'of idle', 'loop p99'])
  const p99: Record<string, number> = {}
  for (const [name, values] of Object.entries(latencies)) {
    p99[name] = quantile(values, 0.99)
    report.row(
      name,
      [
        quantile(values, 0.5).toFixed(3),
        p99[name].toFixed(3),
        (p99[name] / (p99['idle'] ?? Number.NaN)).toFixed(2),
        median(delays[name] ?? []).toFixed(2),
      ],
      { p50: quantile(values, 0.5), p99: p99[name], reads: values.length, loop: delays[name] },
    )
  }
  const searching = '8 searches of 1 GiB'
  report.target(
    "readFile's p99 beside 8 searches, of idle",
    (p99[searching] ?? 0) / (p99['idle'] ?? 0),
    'x',
    { most: 3 },
  )
  report.target(
    "the event loop's p99 delay beside 8 searches, of 8 x pbkdf2's",
    median(delays[searching] ?? []) / median(delays['8 x crypto.pbkdf2'] ?? []),
    'x',
    { most: 1.1 },
  )
}

/**
 * How much of two busy cores a search gets: it lets short jobs run first, but must not lose everything to long ones.
 */
async function share(): Promise<void> {
  const speed = async (): Promise<number> => {
    let searched = 0
    const began = performance.now()
    while (performance.now() < began + 500) {
      // oxlint-disable-next-line no-await-in-loop
      await m.findAsync(absent)
      searched += size
    }
    return searched / (performance.now() - began) / 1e6
  }
  const speeds = await alternate(Math.min(turns, 7), {
    'with nothing beside it': speed,
    'beside 2 workers that spin': async () => {
      const spun = spinning(2, 1500)
      await pause(200)
      const found = await speed()
      await spun
      return found
    },
  })
  report.part('findAsync, GB/s', ['min', 'median', 'max'])
  for (const [name, values] of Object.entries(speeds)) {
    const cells = [least(values), median(values), Math.max(...values)]
    report.row(
      name,
      cells.map((value) => value.toFixed(1)),
      values,
    )
  }
  report.target(
    'findAsync beside two busy workers, of its speed alone',
    median(speeds['beside 2 workers that spin']) / median(speeds['with nothing beside it']),
    'x',
    { least: 0.25 },
  )
}
