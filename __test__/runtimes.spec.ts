// Memory by its name between two runtimes: Node, Bun and Deno, whichever of them are here beside this one.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { Mmap } from '../index.js'
import { freshName, latin1 } from './support/files.ts'
import { checkout, emulated, externalBuffers, linux, scaled } from './support/platform.ts'
import { moduleFile } from './support/runtime.ts'
import { serially } from './support/serial.ts'
import { type Assertions, testWhere } from './support/test.ts'

type Command = (path: string, args: readonly string[]) => [program: string, args: string[]]

interface Runtime {
  readonly name: string
  readonly command: Command
}

/** What `npm run test:platforms` has installed. */
const cache = join(
  process.env.FMMAP_CACHE || join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'fmmap'),
  'npm',
)

const system = `linux-${process.arch}`

/** The programs of a runtime, most wanted first, and how they run a module. */
const known: Record<string, { programs: string[]; command: (program: string) => Command }> = {
  node: {
    programs: [
      'node',
      ...[26, 24, 22, 20].map((major) =>
        join(cache, `node-${system}-${major}`, 'node_modules', `node-${system}`, 'bin', 'node'),
      ),
    ],
    command: (program) => (path, args) => [program, [path, ...args]],
  },
  bun: {
    programs: [
      'bun',
      ...['', '-1'].map((version) =>
        join(
          cache,
          `oven-bun-${system}${version}`,
          'node_modules',
          '@oven',
          `bun-${system}`,
          'bin',
          'bun',
        ),
      ),
    ],
    command: (program) => (path, args) => [program, [path, ...args]],
  },
  deno: {
    programs: [
      'deno',
      ...['', '-2'].map((version) =>
        join(
          cache,
          `deno-${system}-glibc${version}`,
          'node_modules',
          '@deno',
          `${system}-glibc`,
          'deno',
        ),
      ),
    ],
    command: (program) => (path, args) => [program, ['run', '-A', path, ...args]],
  },
}

const env = { ...process.env, NODE_OPTIONS: '' }

const mine = 'bun' in process.versions ? 'bun' : 'deno' in process.versions ? 'deno' : 'node'

/** A runtime of this name that is there and can load this build of the package. */
function find(name: string): Runtime | undefined {
  const path = moduleFile(`console.log(typeof fmmap.Mmap.shared)`)
  for (const program of known[name]?.programs ?? []) {
    const command = known[name]?.command(program) as Command
    const { stdout } = spawnSync(...command(path, []), { env, encoding: 'utf8' })
    if (stdout?.trim() === 'function') return { name, command }
  }
  return undefined
}

// In a stage there is an addon for another platform, which this machine's runtimes can't load.
const able = linux && !emulated && externalBuffers && (checkout || mine !== 'node')

const others = able ? ['node', 'bun', 'deno'].filter((name) => name !== mine) : []

/**
 * The other process: it writes and reads, counts up to `turns` in turns by `wait` and by `waitAsync`, and adds to a
 * counter while this process does. It makes a memory of its own too.
 */
const source = `
  const [, , name, theirs, turns, count] = process.argv
  const { Mmap } = fmmap
  const m = Mmap.shared(name)
  const made = Mmap.shared(theirs, 4096, { create: 'exclusive' })
  made.write('made there')
  console.log(m.slice(256, 261).toString())
  m.setSlice('there', 256, 261)
  const words = m.view(Int32Array, 0, 16)
  for (let i = 0; i < turns; i++) {
    while (Atomics.load(words, 0) !== 2 * i + 1) m.wait(0, 2 * i)
    Atomics.store(words, 0, 2 * i + 2)
    m.notify(0)
  }
  for (let i = 0; i < turns; i++) {
    while (Atomics.load(words, 4) !== 2 * i + 1) await m.waitAsync(16, 2 * i)
    Atomics.store(words, 4, 2 * i + 2)
    m.notify(16)
  }
  Atomics.store(words, 8, 1)
  m.notify(32)
  while (Atomics.load(words, 8) === 1) m.wait(32, 1)
  for (let i = 0; i < count; i++) Atomics.add(words, 9, 1)
  console.log(made.slice(0, 10).toString())
`

/** Milliseconds without an answer after which the other is taken for dead. */
const PATIENCE = 240_000

const previous = { ended: Promise.resolve() }

function start(t: Assertions, { command }: Runtime, args: readonly string[]): ChildProcess {
  const child = spawn(...command(moduleFile(source), args), {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  t.teardown(() => void child.kill('SIGKILL'))
  return child
}

async function exchange(t: Assertions, other: Runtime): Promise<void> {
  t.timeout(900_000)
  const [name, theirs] = [freshName(t), freshName(t)]
  const [turns, count] = [scaled(200), scaled(1_000_000)]
  using m = Mmap.shared(name, 4096, { create: 'exclusive' })
  m.setSlice('hello', 256, 261)
  const words = m.view(Int32Array, 0, 16)
  const child = start(t, other, [name, theirs, String(turns), String(count)])
  const ended = once(child, 'exit')
  const said = createInterface({ input: child.stdout as NodeJS.ReadableStream })[
    Symbol.asyncIterator
  ]()
  t.is((await said.next()).value, 'hello')
  // They begin together, so that each has to wait for the other.
  for (let i = 0; i < turns; i++) {
    Atomics.store(words, 0, 2 * i + 1)
    m.notify(0)
    while (Atomics.load(words, 0) !== 2 * i + 2) {
      if (m.wait(0, 2 * i + 1, PATIENCE) === 'timed-out') throw new Error(`no answer ${i}`)
    }
  }
  t.is(latin1(m.slice(256, 261)), 'there')
  for (let i = 0; i < turns; i++) {
    Atomics.store(words, 4, 2 * i + 1)
    m.notify(16)
    while (Atomics.load(words, 4) !== 2 * i + 2) {
      const how = await m.waitAsync(16, 2 * i + 1, { timeout: PATIENCE })
      if (how === 'timed-out') throw new Error(`no answer ${i} to waitAsync`)
    }
  }
  while (Atomics.load(words, 8) === 0) await m.waitAsync(32, 0)
  using made = Mmap.shared(theirs)
  t.is(latin1(made.slice(0, 10)), 'made there')
  made.setSlice('HERE', 5, 9)
  Atomics.store(words, 8, 2)
  m.notify(32)
  for (let i = 0; i < count; i++) Atomics.add(words, 9, 1)
  t.is((await said.next()).value, 'made HEREe')
  const [code] = await ended
  t.is(code, 0)
  t.is(words[9], 2 * count, 'no addition was lost')
}

if (others.length === 0) {
  testWhere(false, 'wants the runtimes of one Linux machine')(
    'runtimes share memory by its name',
    () => {},
  )
}
for (const name of others) {
  const other = find(name)
  serially(testWhere(other !== undefined, `no ${name} here`), previous)(
    `${mine} and ${name} share memory by its name: bytes, waits, counters, both ways`,
    (t) => exchange(t, other as Runtime),
  )
}
