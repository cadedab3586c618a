// A file whose bytes come slowly, as from a busy disk: who waits for them. Linux, where FUSE may be mounted.
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Mmap } from '../index.js'
import { freshPath } from './support/files.ts'
import { emulated, linux } from './support/platform.ts'
import { type Assertions, testWhere } from './support/test.ts'

const script = fileURLToPath(new URL('../benchmark/slow_disk.py', import.meta.url))

/** Whether a slow disk can be mounted. */
function able(): boolean {
  if (!linux || emulated || !existsSync(script)) return false
  const folder = freshPath()
  mkdirSync(folder)
  const { stdout } = spawnSync('python3', [script, folder, '1', '1e9'], {
    encoding: 'utf8',
    input: '',
  })
  return stdout?.trim() === 'ready'
}

const MEBIBYTES = 12
const BYTES_PER_SECOND = 24e6

/** A file that nobody has read yet. */
async function slowFile(t: Assertions): Promise<string> {
  const folder = freshPath()
  mkdirSync(folder)
  const disk = spawn('python3', [script, folder, String(MEBIBYTES), String(BYTES_PER_SECOND)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const ended = new Promise<void>((done) => disk.once('close', () => done()))
  t.teardown(() => {
    disk.stdin.end()
    return ended
  })
  const [said] = await once(disk.stdout, 'data')
  t.is(String(said).trim(), 'ready')
  return join(folder, 'cold')
}

/** The longest time between two rounds of the event loop, and all of the time that `work` took, in milliseconds. */
async function delay(work: () => unknown): Promise<[worst: number, all: number]> {
  let worst = 0
  let last = performance.now()
  const turn = setInterval(() => {
    worst = Math.max(worst, performance.now() - last)
    last = performance.now()
  }, 1)
  const start = performance.now()
  await work()
  const all = performance.now() - start
  await new Promise((done) => setTimeout(done, 5))
  clearInterval(turn)
  return [worst, all]
}

testWhere(able(), 'needs the right to mount FUSE')(
  'a find over a file that is not in memory stops the loop; what waits in the background does not',
  async (t) => {
    t.timeout(120_000)
    const needle = 'it is nowhere in this file'
    for (const [name, blocks, work] of [
      ['find', true, (m: Mmap) => m.find(needle, 0)],
      [
        'findAsync, prefetchAsync and sliceAsync',
        false,
        (m: Mmap) =>
          Promise.all([m.findAsync(needle, { start: 0 }), m.prefetchAsync(), m.sliceAsync()]),
      ],
    ] as const) {
      const path = await slowFile(t)
      using m = Mmap.open(path)
      const [worst, all] = await delay(() => work(m))
      const took = `${name}: the loop stood still for ${worst} of ${all} ms`
      t.true(all > 200, took)
      // Of a machine that is busy the half is asked for.
      t.is(worst > all / 2, blocks, took)
    }
  },
)
