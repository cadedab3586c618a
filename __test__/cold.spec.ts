// A file whose bytes come slowly, as from a busy disk: who waits for them. Linux, where FUSE may be mounted.
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
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

/** A disk with a file that nobody has read yet. */
interface Disk {
  readonly path: string
  /** What the disk says. */
  readonly lines: AsyncIterator<string>
  /** Gives the bytes of a disk that is held. */
  release(): void
  /** Takes the disk away. */
  end(): void
}

async function slowDisk(t: Assertions, ...how: string[]): Promise<Disk> {
  const folder = freshPath()
  mkdirSync(folder)
  const args = [script, folder, String(MEBIBYTES), String(BYTES_PER_SECOND), ...how]
  const disk = spawn('python3', args, { stdio: ['pipe', 'pipe', 'inherit'] })
  const ended = new Promise<void>((done) => disk.once('close', () => done()))
  const end = (): void => void disk.stdin.end()
  t.teardown(() => {
    end()
    return ended
  })
  const lines = createInterface({ input: disk.stdout })[Symbol.asyncIterator]()
  t.is((await lines.next()).value, 'ready')
  return { path: join(folder, 'cold'), lines, release: () => void disk.stdin.write('\n'), end }
}

const test = testWhere(able(), 'needs the right to mount FUSE')
const needle = 'it is nowhere in this file'

test('a find over a file that is not in memory waits for its bytes', async (t) => {
  t.timeout(120_000)
  const { path } = await slowDisk(t)
  using m = Mmap.open(path)
  const start = performance.now()
  t.is(m.find(needle, 0), -1)
  const took = performance.now() - start
  // The disk gives no more in less time.
  t.true(took > 200, `${took} ms for ${MEBIBYTES} MiB`)
})

test('what waits in the background for bytes does not stop the loop', async (t) => {
  t.timeout(120_000)
  const { path, lines, release, end } = await slowDisk(t, 'held')
  using m = Mmap.open(path)
  let done = 0
  const work = [m.findAsync(needle, { start: 0 }), m.prefetchAsync(), m.sliceAsync()].map(
    async (promise: Promise<unknown>) => {
      await promise
      done += 1
    },
  )
  // The loop has to go on, or nobody would hear this and let the disk give its bytes.
  t.is((await lines.next()).value, 'asked')
  t.is(done, 0)
  release()
  await Promise.all(work)
  m.close()
  end()
  t.true((await lines.next()).done, 'the disk has not waited in vain')
})
