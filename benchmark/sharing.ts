/**
 * What shared memory is good for: round trips between two processes by a word of it, compared in one run with those
 * by a unix socket, a pipe and process.send; and the cost of `share` and `Mmap.from`, compared with `Mmap.open`.
 *
 *   npm run bench:sharing -- [--quick] [--json FILE]
 *
 * A round trip is four bytes in each direction. `wait` blocks the threads of both processes, the other ways none.
 */

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ACCESS_WRITE, Mmap } from '../index.js'
import { machine, median, readOptions, runtime } from './report.ts'

/** Words of the shared memory: a question and an answer for each way of waiting. */
const WAIT = 0
const WAIT_ASYNC = 16

/** The other process. It answers in every way, until its parent ends. */
async function other(name: string, socketPath: string): Promise<void> {
  const m = Mmap.shared(name)
  const words = m.view(Int32Array, 0, 32)
  const socket = connect(socketPath)
  socket.on('data', (bytes) => socket.write(bytes))
  process.stdin.on('data', (bytes) => process.stdout.write(bytes))
  process.on('message', (message: { wait?: number }) => {
    if (message.wait === undefined) {
      process.send?.(message)
      return
    }
    for (let i = 1; i <= message.wait; i++) {
      while (Atomics.load(words, WAIT) !== i) m.wait(4 * WAIT, i - 1)
      Atomics.store(words, WAIT + 1, i)
      m.notify(4 * (WAIT + 1))
    }
  })
  process.on('disconnect', () => process.exit(0))
  await once(socket, 'connect')
  process.send?.('ready')
  for (let seen = 0; ; seen++) {
    while (Atomics.load(words, WAIT_ASYNC) === seen) await m.waitAsync(4 * WAIT_ASYNC, seen)
    Atomics.store(words, WAIT_ASYNC + 1, seen + 1)
    m.notify(4 * (WAIT_ASYNC + 1))
  }
}

/** Runs so many round trips, and answers how many microseconds each took. */
type Way = (count: number) => Promise<number>

const since = (start: number, count: number): number => (1000 * (performance.now() - start)) / count

/** A stream that returns what it is given. */
function echo(
  write: Socket | NonNullable<ChildProcess['stdin']>,
  read: Socket | NonNullable<ChildProcess['stdout']>,
): Way {
  const bytes = Buffer.alloc(4)
  return (count) => {
    const start = performance.now()
    return new Promise((done) => {
      let left = count
      const again = (): void => {
        left -= 1
        if (left > 0) {
          write.write(bytes)
          return
        }
        read.off('data', again)
        done(since(start, count))
      }
      read.on('data', again)
      write.write(bytes)
    })
  }
}

function ways(m: Mmap, child: ChildProcess, socket: Socket): Record<string, Way> {
  const words = m.view(Int32Array, 0, 32)
  let asked = 0
  return {
    async wait(count) {
      words[WAIT] = 0
      words[WAIT + 1] = 0
      child.send({ wait: count })
      const start = performance.now()
      for (let i = 1; i <= count; i++) {
        Atomics.store(words, WAIT, i)
        m.notify(4 * WAIT)
        while (Atomics.load(words, WAIT + 1) !== i) m.wait(4 * (WAIT + 1), i - 1)
      }
      return since(start, count)
    },
    async waitAsync(count) {
      const start = performance.now()
      for (let i = 0; i < count; i++) {
        asked += 1
        Atomics.store(words, WAIT_ASYNC, asked)
        m.notify(4 * WAIT_ASYNC)
        const before = asked - 1
        while (Atomics.load(words, WAIT_ASYNC + 1) === before) {
          await m.waitAsync(4 * (WAIT_ASYNC + 1), before)
        }
      }
      return since(start, count)
    },
    'unix socket': echo(socket, socket),
    pipe: echo(
      child.stdin as NonNullable<typeof child.stdin>,
      child.stdout as NonNullable<typeof child.stdout>,
    ),
    'process.send': (count) => {
      const start = performance.now()
      return new Promise((done) => {
        let left = count
        const again = (): void => {
          left -= 1
          if (left > 0) {
            child.send({})
            return
          }
          child.off('message', again)
          done(since(start, count))
        }
        child.on('message', again)
        child.send({})
      })
    },
  }
}

/** The microseconds of making and closing a map. */
function costs(path: string): Record<string, (count: number) => number> {
  const loop =
    (act: () => void) =>
    (count: number): number => {
      const start = performance.now()
      for (let i = 0; i < count; i++) act()
      return since(start, count)
    }
  const m = Mmap.open(path, { access: ACCESS_WRITE })
  const token = m.share()
  return {
    share: loop(() => void m.share()),
    'from and close': loop(() => Mmap.from(token).close()),
    'open and close': loop(() => Mmap.open(path, { access: ACCESS_WRITE }).close()),
  }
}

async function main(): Promise<void> {
  const { quick, json } = readOptions()
  const count = quick ? 300 : 5000
  const rounds = quick ? 3 : 15
  const folder = mkdtempSync(join(tmpdir(), 'fmmap-bench-'))
  const name = `fmmap-bench-${process.pid}`
  const results: Record<string, { best: number; median: number }> = {}
  const measured = (what: string, times: number[]): void => {
    results[what] = { best: Math.min(...times), median: median(times) }
  }
  try {
    const m = Mmap.shared(name, 4096, { create: 'exclusive' })
    const socketPath = join(folder, 'socket')
    const server = createServer().listen(socketPath)
    await once(server, 'listening')
    const child = spawn(
      process.execPath,
      [...process.execArgv, fileURLToPath(import.meta.url), 'other', name, socketPath],
      { stdio: ['pipe', 'pipe', 'inherit', 'ipc'] },
    )
    const ready = once(child, 'message')
    const [socket] = (await once(server, 'connection')) as [Socket]
    await ready
    const all = Object.entries(ways(m, child, socket))
    const times = new Map(all.map(([way]) => [way, [] as number[]]))
    for (const [, run] of all) await run(50)
    for (let round = 0; round < rounds; round++) {
      for (const [way, run] of all) times.get(way)?.push(await run(count))
    }
    for (const [way, each] of times) measured(`round trip by ${way}`, each)
    const ended = once(child, 'exit')
    child.disconnect()
    await ended
    socket.destroy()
    server.close()
    const path = join(folder, 'file')
    writeFileSync(path, Buffer.alloc(1 << 20))
    const making = Object.entries(costs(path))
    const prices = new Map(making.map(([what]) => [what, [] as number[]]))
    for (let round = 0; round < rounds; round++) {
      for (const [what, run] of making) prices.get(what)?.push(run(count))
    }
    for (const [what, each] of prices) measured(what, each)
  } finally {
    Mmap.unlink(name)
    rmSync(folder, { recursive: true, force: true })
  }
  const { cpu, cores, platform, kernel } = machine()
  console.log(`${cores} x ${cpu}, ${platform} ${kernel}, ${runtime()}`)
  console.log(`microseconds, ${rounds} rounds of ${count} in turns\n`)
  for (const [what, { best, median: middle }] of Object.entries(results)) {
    console.log(
      `${what.padEnd(28)} best ${best.toFixed(2).padStart(8)}  median ${middle.toFixed(2).padStart(8)}`,
    )
  }
  if (json !== undefined) writeFileSync(json, `${JSON.stringify(results, null, 2)}\n`)
  process.exit(0)
}

if (process.argv[2] === 'other') await other(process.argv[3] ?? '', process.argv[4] ?? '')
else await main()
