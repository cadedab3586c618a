/**
 * A file that is not in memory: how long the event loop stands still while it is read, by way.
 *
 *   npm run bench:cold [-- MEBIBYTES [FOLDER]]
 *
 * Before each way, dd removes the file from the page cache, which no other program can do without privileges. A
 * machine without GNU's dd skips everything and says so. The first disk is this machine's own; its speed is printed. The
 * second one is slow: slow_disk.py serves a file through /dev/fuse at 125 MB/s, which needs the right to mount. Where a
 * control group throttles this process (io.max), the first disk is the slow one.
 */

import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import {
  closeSync,
  fsyncSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeSync,
} from 'node:fs'
import { open } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { MADV_RANDOM, MADV_WILLNEED, Mmap, PAGESIZE } from 'fmmap'

const [, , size = '256', where = tmpdir()] = process.argv
const mebibytes = Number(size)
const folder = mkdtempSync(join(where, 'fmmap-cold-'))

function make(path: string): void {
  const fd = openSync(path, 'w')
  const block = Buffer.alloc(1 << 20)
  for (let at = 0; at < mebibytes; at += 1) {
    for (let word = 0; word < block.length; word += 4) block.writeUInt32LE((at * word) >>> 0, word)
    writeSync(fd, block)
  }
  fsyncSync(fd)
  closeSync(fd)
}

/** Removes a file from the page cache. */
function cool(path: string): boolean {
  const { status } = spawnSync('dd', [`if=${path}`, 'iflag=nocache', 'count=0', 'status=none'])
  return status === 0
}

/** The longest time between two rounds of the event loop while `work` is done. */
async function delays(work: () => unknown): Promise<{ worst: number; all: number }> {
  let worst = 0
  let last = performance.now()
  const tick = setInterval(() => {
    const now = performance.now()
    worst = Math.max(worst, now - last)
    last = now
  }, 1)
  const start = performance.now()
  await work()
  const all = performance.now() - start
  await new Promise((resolve) => setTimeout(resolve, 5))
  clearInterval(tick)
  return { worst, all }
}

const needle = Buffer.from('it is nowhere in this file')

function randomReads(m: Mmap): number {
  let sum = 0
  let seed = 1
  for (let at = 0; at < 200; at += 1) {
    seed = (seed * 1103515245 + 12345) >>> 0
    sum += m.get((seed % Math.floor(m.length / PAGESIZE)) * PAGESIZE)
  }
  return sum
}

/** The row that has a target, and the target in milliseconds. */
const AT_ONCE = 'searched, prefetched and sliced at once'
const TARGET = 100

const ways: Record<string, (m: Mmap, path: string) => unknown> = {
  find: (m) => m.find(needle, 0),
  'madvise(MADV_WILLNEED), find': (m) => {
    m.madvise(MADV_WILLNEED)
    return m.find(needle, 0)
  },
  'prefetchAsync, find': async (m) => {
    await m.prefetchAsync()
    return m.find(needle, 0)
  },
  findAsync: (m) => m.findAsync(needle, { start: 0 }),
  'sliceAsync of 1 MiB each': async (m) => {
    // oxlint-disable-next-line no-await-in-loop
    for (let at = 0; at < m.length; at += 1 << 20) await m.sliceAsync(at, at + (1 << 20))
  },
  'FileHandle.read of 1 MiB each': async (_, path) => {
    const file = await open(path)
    const block = Buffer.alloc(1 << 20)
    // oxlint-disable-next-line no-await-in-loop
    while ((await file.read(block)).bytesRead > 0);
    await file.close()
  },
  [AT_ONCE]: (m) =>
    Promise.all([m.findAsync(needle, { start: 0 }), m.prefetchAsync(), m.sliceAsync()]),
  '200 random pages': randomReads,
  'madvise(MADV_RANDOM), 200 random pages': (m) => {
    m.madvise(MADV_RANDOM)
    return randomReads(m)
  },
}

/** Whether a control group limits how fast this process reads. */
function throttled(): boolean {
  try {
    const own = /^0::(.*)$/m.exec(readFileSync('/proc/self/cgroup', 'utf8'))?.[1] ?? '/'
    return /rbps=\d/.test(readFileSync(join('/sys/fs/cgroup', own, 'io.max'), 'utf8'))
  } catch {
    return false
  }
}

/** Prints the figures of each way, and whether the target was met. */
async function measure(path: string, what: string): Promise<void> {
  console.log(`\n${mebibytes} MiB ${what}\n`)
  console.log('| way | worst delay of the loop, ms | all, ms | MB/s |\n|---|---|---|---|')
  let verdict = 'skipped'
  for (const [name, way] of Object.entries(ways)) {
    cool(path)
    const m = Mmap.open(path)
    // oxlint-disable-next-line no-await-in-loop
    const { worst, all } = await delays(() => way(m, path))
    m.close()
    if (name === AT_ONCE) verdict = worst <= TARGET ? 'met' : 'missed'
    const speed = name.includes('random') ? '' : ((mebibytes * 1.048576e3) / all).toFixed(0)
    console.log(`| ${name} | ${worst.toFixed(0)} | ${all.toFixed(0)} | ${speed} |`)
  }
  console.log(`\n${AT_ONCE}, the loop within ${TARGET} ms: ${verdict}`)
}

const SLOW = 125e6

/** Measures a file whose bytes come slowly; the answer says why that is not possible here. */
async function measureSlow(): Promise<string | undefined> {
  const mounted = join(folder, 'slow')
  mkdirSync(mounted)
  const script = fileURLToPath(new URL('slow_disk.py', import.meta.url))
  const disk = spawn('python3', [script, mounted, String(mebibytes), String(SLOW)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const ended = new Promise((done) => disk.once('close', done))
  try {
    const failed = once(disk, 'error').then(([error]) => String(error))
    const said = once(disk.stdout, 'data').then(([text]) => String(text).trim())
    const answer = await Promise.race([said, failed, ended.then(() => 'python3 ended')])
    if (answer !== 'ready') return answer
    await measure(join(mounted, 'cold'), `through FUSE, at ${SLOW / 1e6} MB/s`)
    return undefined
  } finally {
    disk.stdin.end()
    await ended
  }
}

let skipped = 0
const skip = (why: string): void => {
  skipped += 1
  console.log(`skipped: ${why}`)
}
try {
  const path = join(folder, 'cold')
  make(path)
  if (cool(path)) {
    await measure(path, `in ${where}${throttled() ? ', throttled by a control group' : ''}`)
    if (!throttled()) {
      const why = await measureSlow()
      if (why !== undefined) skip(`a slow disk: ${why}`)
    }
  } else skip('no dd that takes a file out of the page cache (iflag=nocache)')
  console.log(`${skipped} skipped`)
} finally {
  rmSync(folder, { recursive: true, force: true })
}
