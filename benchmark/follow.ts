/**
 * Following a log, compared with what is used for it: lines lost, lines repeated, processor time for each line.
 *
 *   npm run bench:follow
 *   npm run bench:follow -- --loss [runtime...]
 *
 * With `--loss` only `follow` reads, in each of the runtimes: programs as node, bun and deno. Without one, it is this.
 *
 * A writer in another process numbers its lines. Each reader is a process, so that its processor time can be
 * measured. It makes a string of each line and checks its number. `tail -F` makes no lines: it copies bytes to a
 * pipe, from which this program reads them; the reading is not counted. `follow, counted` looks at no line either.
 * `tail` and `@logdna/tail-file` are packages of npm.
 */

import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const [, , role = 'main', ...args] = process.argv
const self = fileURLToPath(import.meta.url)
const register = ['--import', '@oxc-node/core/register']

interface Load {
  readonly title: string
  readonly kind: 'rename' | 'truncate'
  readonly lines: number
  readonly events: number
  /** Milliseconds of rest after every 400 lines; 0 means full speed. */
  readonly rest: number
}

/** What follow is measured by, and in `--loss` what the lines are checked of. */
const checked = ['follow, batches', 'follow, lines']

const loads: readonly Load[] = [
  { title: '200,000 lines, 9 renames', kind: 'rename', lines: 200_000, events: 9, rest: 1 },
  { title: '2,000,000 lines, 9 renames', kind: 'rename', lines: 2_000_000, events: 9, rest: 1 },
  { title: '60,000 lines, 5 truncations', kind: 'truncate', lines: 60_000, events: 5, rest: 1 },
  { title: '3,000,000 lines at full speed', kind: 'rename', lines: 3_000_000, events: 0, rest: 0 },
]

const pause = (ms: number): unknown =>
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)

/** Writes numbered lines, and rotates between them. */
async function write(path: string, { kind, lines, events, rest }: Load): Promise<void> {
  const fs = await import('node:fs')
  let fd = fs.openSync(path, 'a')
  let happened = 0
  for (let at = 0; at < lines;) {
    let text = ''
    const end = Math.min(at + 20, lines)
    for (; at < end; at += 1) text += `${at} ${'x'.repeat(70)}\n`
    fs.writeSync(fd, text)
    if (rest > 0 && at % 400 === 0) pause(rest)
    if (happened < events && at >= ((happened + 1) * lines) / (events + 1)) {
      happened += 1
      // The readers get time to read, since copytruncate by itself loses what was written in between.
      if (kind === 'truncate') pause(100)
      if (kind === 'rename') {
        fs.renameSync(path, `${path}.${happened}`)
        fs.closeSync(fd)
        fd = fs.openSync(path, 'a')
      } else {
        fs.copyFileSync(path, `${path}.${happened}`)
        fs.ftruncateSync(fd, 0)
      }
    }
  }
}

/** Checks the numbers of lines for gaps and repetitions. */
class Numbers {
  next = 0
  lost = 0
  repeated = 0
  #seen = 0
  #since = performance.now()

  /** Whether all lines have come, or none has for a while. */
  isOver(lines: number): boolean {
    if (this.next !== this.#seen) {
      this.#seen = this.next
      this.#since = performance.now()
    }
    return this.next >= lines || performance.now() - this.#since > 3500
  }

  add(line: string): void {
    const number = Number.parseInt(line, 10)
    // A piece of a line: its number is missing, and counts as lost.
    if (Number.isNaN(number)) return
    if (number < this.next) this.repeated += 1
    else {
      this.lost += number - this.next
      this.next = number + 1
    }
  }
}

/** A reader's result, when all lines have come or none has for a while. */
async function read(way: string, path: string, lines: number): Promise<void> {
  const numbers = new Numbers()
  let started = process.cpuUsage()
  const begin = (): void => {
    // The start of the process and the compilation of its sources are not counted.
    started = process.cpuUsage()
    console.log('ready')
  }
  const report = (): void => {
    const { user, system } = process.cpuUsage(started)
    const lost = numbers.lost + lines - numbers.next
    console.log(JSON.stringify({ lost, repeated: numbers.repeated, cpu: (user + system) / lines }))
    process.exit(0)
  }
  setInterval(() => {
    if (numbers.isOver(lines)) report()
  }, 50)
  if (way === '@logdna/tail-file') {
    const { default: TailFile } = (await import('@logdna/tail-file')) as {
      default: new (path: string) => NodeJS.ReadableStream & { start(): Promise<void> }
    }
    const tail = new TailFile(path)
    await tail.start()
    begin()
    for await (const line of createInterface({ input: tail })) numbers.add(line)
    return
  }
  if (way === 'tail') {
    const { Tail } = createRequire(import.meta.url)('tail') as {
      Tail: new (path: string) => { on(event: 'line', take: (line: string) => void): void }
    }
    new Tail(path).on('line', (line) => numbers.add(line))
    begin()
    return
  }
  const { Mmap } = await import('../index.js')
  const follower = Mmap.follow(path)
  begin()
  if (way === 'follow, counted') {
    for await (const batch of follower.batches()) numbers.next += batch.length
  } else if (way === 'follow, batches') {
    for await (const batch of follower.batches())
      for (const line of batch) numbers.add(line.toString())
  } else {
    for await (const line of follower) numbers.add(line.toString())
  }
}

interface Row {
  readonly lost: number
  readonly repeated: number
  readonly cpu: number
}

/** `tail -F`. Its processor time is read from /proc when it is done. */
async function readByTail(path: string, lines: number, go: () => void): Promise<Row> {
  const child = spawn('tail', ['-n', '0', '-F', path], { stdio: ['ignore', 'pipe', 'ignore'] })
  const numbers = new Numbers()
  createInterface({ input: child.stdout }).on('line', (line) => numbers.add(line))
  setTimeout(go, 300)
  for (;;) {
    // oxlint-disable-next-line no-await-in-loop
    await new Promise((done) => setTimeout(done, 50))
    if (numbers.isOver(lines)) break
  }
  const stat = readFileSync(`/proc/${child.pid}/stat`, 'latin1').split(') ')[1]?.split(' ') ?? []
  child.kill()
  // A tick has ten milliseconds.
  const cpu = (Number(stat[11]) + Number(stat[12])) * 10_000
  return { lost: numbers.lost + lines - numbers.next, repeated: numbers.repeated, cpu: cpu / lines }
}

/** What a runtime needs to run this file. */
function flagsOf(program: string): string[] {
  const name = basename(program)
  if (name.startsWith('deno')) return ['run', '-A']
  return name.startsWith('bun') ? [] : register
}

function readByChild(
  program: string,
  way: string,
  path: string,
  lines: number,
  go: () => void,
): Promise<Row> {
  const args = [...flagsOf(program), self, 'read', way, path, String(lines)]
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', () => reject(new Error(`${program} has ended without an answer`)))
    createInterface({ input: child.stdout }).on('line', (line) => {
      if (line === 'ready') go()
      else resolve(JSON.parse(line) as Row)
    })
  })
}

/** Measures the ways in a runtime, one after another, because they would share two processors. */
async function measure(
  program: string,
  ways: readonly string[],
  loads: readonly Load[],
  report: (load: Load, way: string, row: Row) => void,
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'fmmap-follow-'))
  try {
    let run = 0
    for (const load of loads) {
      for (const way of ways) {
        run += 1
        const path = join(folder, `${run}.log`)
        writeFileSync(path, '')
        const go = (): void => {
          spawn(process.execPath, [...register, self, 'write', path, JSON.stringify(load)], {
            stdio: ['ignore', 'ignore', 'inherit'],
          })
        }
        const reading = way === 'tail -F' ? readByTail : readByChild.bind(undefined, program, way)
        // oxlint-disable-next-line no-await-in-loop
        report(load, way, await reading(path, load.lines, go))
      }
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

async function main(): Promise<void> {
  const ways = ['follow, counted', ...checked, 'tail -F', 'tail', '@logdna/tail-file']
  console.log('| load | way | lost | repeated | processor time a line, us |\n|---|---|---|---|---|')
  await measure(process.execPath, ways, loads, ({ title }, way, { lost, repeated, cpu }) =>
    console.log(`| ${title} | ${way} | ${lost} | ${repeated} | ${cpu.toFixed(2)} |`),
  )
}

/** The lines that are lost or come twice in each runtime. */
async function loss(programs: readonly string[]): Promise<void> {
  console.log('| runtime | load | way | lost | repeated | processor time a line, us |')
  console.log('|---|---|---|---|---|---|')
  let wrong = 0
  for (const program of programs) {
    const { stdout } = spawnSync(program, ['--version'], { encoding: 'utf8' })
    const runtime = `${basename(program)} ${stdout.split('\n')[0]?.replace(/^\D+/, '')}`
    const row = ({ title }: Load, way: string, { lost, repeated, cpu }: Row): void => {
      wrong += lost + repeated
      console.log(`| ${runtime} | ${title} | ${way} | ${lost} | ${repeated} | ${cpu.toFixed(2)} |`)
    }
    // oxlint-disable-next-line no-await-in-loop
    await measure(
      program,
      checked,
      loads.filter(({ lines }) => lines !== 2_000_000),
      row,
    )
  }
  if (wrong > 0) process.exitCode = 1
}

if (role === 'main') await main()
else if (role === '--loss') await loss(args.length > 0 ? args : [process.execPath])
else if (role === 'write') await write(args[0] ?? '', JSON.parse(args[1] ?? '{}') as Load)
else await read(args[0] ?? '', args[1] ?? '', Number(args[2]))
