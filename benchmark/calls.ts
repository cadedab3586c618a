/**
 * The cost of each call, ours and CPython's: the same operation in a loop, in two running processes that take turns,
 * so that a busy machine slows down both alike.
 *
 *   npm run bench:calls -- [--quick] [--json FILE] [--only TEXT]
 *
 * The ratios count, not the times of single calls: CPython's time over ours, from the fastest batch of each and from
 * the medians. Before anything is timed, both must give the same answers.
 */

import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { ACCESS_WRITE, MADV_NORMAL, Mmap, PAGESIZE } from '../index.js'
import { newestPython, startCompanion } from './python.ts'
import { geometricMean, machine, median, runtime } from './report.ts'

type Answer = number | Buffer | null

interface Operation {
  /** Calls in a round, as in calls.py. */
  calls: number
  /** The loop, written out for each operation: a shared loop would see all types, and be slow for each. */
  run(rounds: number): Answer
  /** The ratio that should be reached, if it is not 1. */
  target?: number
}

/** Numbers are added here so that the compiler can't remove their computation. */
let sink = 0

const needle = Buffer.from('\0absent\0', 'latin1')
const bytes16 = Buffer.from('0123456789abcdef')
const bytes64 = Buffer.from('0123456789abcdef'.repeat(4))

/** The operations of calls.py, with the same names and the same counts. */
function operations(m: Mmap): Record<string, Operation> {
  const block = Buffer.alloc(65536)
  const normal = MADV_NORMAL ?? 0
  return {
    get: {
      calls: 1000,
      run(rounds) {
        let last = 0
        for (let round = 0; round < rounds; round++) {
          for (let i = 0; i < 1000; i++) {
            last = m.get(i)
            sink = (sink + last) | 0
          }
        }
        return last
      },
    },
    set: {
      calls: 1000,
      run(rounds) {
        for (let round = 0; round < rounds; round++) {
          for (let i = 0; i < 1000; i++) m.set(i, 46)
        }
        return null
      },
    },
    readByte: {
      calls: 1000,
      run(rounds) {
        let last = 0
        for (let round = 0; round < rounds; round++) {
          m.seek(0)
          for (let i = 0; i < 1000; i++) {
            last = m.readByte()
            sink = (sink + last) | 0
          }
        }
        return last
      },
    },
    writeByte: {
      calls: 1000,
      run(rounds) {
        for (let round = 0; round < rounds; round++) {
          m.seek(0)
          for (let i = 0; i < 1000; i++) m.writeByte(46)
        }
        return null
      },
    },
    tell: {
      calls: 1000,
      run(rounds) {
        let last = 0
        for (let round = 0; round < rounds; round++) {
          m.seek(7)
          for (let i = 0; i < 1000; i++) {
            last = m.tell()
            sink = (sink + last) | 0
          }
        }
        return last
      },
    },
    seek: {
      calls: 1000,
      run(rounds) {
        for (let round = 0; round < rounds; round++) {
          for (let i = 0; i < 1000; i++) m.seek(i)
        }
        return null
      },
    },
    'read(64)': {
      calls: 1000,
      run(rounds) {
        let last: Answer = null
        for (let round = 0; round < rounds; round++) {
          m.seek(4096)
          for (let i = 0; i < 1000; i++) last = m.read(64)
        }
        return last
      },
    },
    // CPython reuses the memory of the last result; here readInto does that.
    'read(64 KiB)': {
      calls: 100,
      run(rounds) {
        for (let round = 0; round < rounds; round++) {
          m.seek(4096)
          for (let i = 0; i < 100; i++) m.readInto(block)
        }
        return block
      },
    },
    'readline ~128 B': {
      calls: 1000,
      // docs/design.md, "Where readline's time goes", explains the rest.
      target: 0.9,
      run(rounds) {
        let last: Answer = null
        for (let round = 0; round < rounds; round++) {
          m.seek(4096)
          for (let i = 0; i < 1000; i++) last = m.readline()
        }
        return last
      },
    },
    'slice(16)': {
      calls: 1000,
      run(rounds) {
        let last: Answer = null
        for (let round = 0; round < rounds; round++) {
          for (let i = 0; i < 1000; i++) last = m.slice(i, i + 16)
        }
        return last
      },
    },
    'setSlice(16)': {
      calls: 1000,
      run(rounds) {
        for (let round = 0; round < rounds; round++) {
          for (let i = 0; i < 1000; i++) m.setSlice(bytes16, i, i + 16)
        }
        return null
      },
    },
    'write(64)': {
      calls: 1000,
      run(rounds) {
        let last = 0
        for (let round = 0; round < rounds; round++) {
          m.seek(0)
          for (let i = 0; i < 1000; i++) last = m.write(bytes64)
        }
        return last
      },
    },
    'find in 64 B': {
      calls: 1000,
      run(rounds) {
        let last = 0
        for (let round = 0; round < rounds; round++) {
          for (let i = 0; i < 1000; i++) last = m.find(needle, 4096, 4160)
        }
        return last
      },
    },
    'find in 1 KiB': {
      calls: 1000,
      run(rounds) {
        let last = 0
        for (let round = 0; round < rounds; round++) {
          for (let i = 0; i < 1000; i++) last = m.find(needle, 4096, 5120)
        }
        return last
      },
    },
    'find a string in 64 B': {
      calls: 1000,
      run(rounds) {
        let last = 0
        for (let round = 0; round < rounds; round++) {
          for (let i = 0; i < 1000; i++) last = m.find('\0absent\0', 4096, 4160)
        }
        return last
      },
    },
    'find the next newline': {
      calls: 1000,
      run(rounds) {
        let last = 0
        for (let round = 0; round < rounds; round++) {
          last = 4095
          for (let i = 0; i < 1000; i++) last = m.find('\n', last + 1)
        }
        return last
      },
    },
    'rfind in 64 B': {
      calls: 1000,
      run(rounds) {
        let last = 0
        for (let round = 0; round < rounds; round++) {
          for (let i = 0; i < 1000; i++) last = m.rfind(needle, 4096, 4160)
        }
        return last
      },
    },
    'rfind in 1 KiB': {
      calls: 1000,
      run(rounds) {
        let last = 0
        for (let round = 0; round < rounds; round++) {
          for (let i = 0; i < 1000; i++) last = m.rfind(needle, 4096, 5120)
        }
        return last
      },
    },
    'move(64)': {
      calls: 1000,
      run(rounds) {
        for (let round = 0; round < rounds; round++) {
          for (let i = 0; i < 1000; i++) m.move(i, 2048, 64)
        }
        return null
      },
    },
    'flush a page': {
      calls: 10,
      run(rounds) {
        for (let round = 0; round < rounds; round++) {
          for (let i = 0; i < 10; i++) m.flush(0, PAGESIZE)
        }
        return null
      },
    },
    'madvise a page': {
      calls: 100,
      run(rounds) {
        for (let round = 0; round < rounds; round++) {
          for (let i = 0; i < 100; i++) m.madvise(normal, 0, PAGESIZE)
        }
        return null
      },
    },
    size: {
      calls: 1000,
      run(rounds) {
        let last = 0
        for (let round = 0; round < rounds; round++) {
          for (let i = 0; i < 1000; i++) last = m.size()
        }
        return last
      },
    },
  }
}

interface Batch {
  ns: number
  calls: number
  last: unknown
}

/** Lines of 64 to 192 bytes, 128 in the mean, 16 MiB of them: the same on every run. */
function text(): Buffer {
  const target = Buffer.alloc(16 * 1024 * 1024)
  let seed = 1
  let nextBreak = 128
  for (let at = 0; at < target.length; at++) {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0
    if (at === nextBreak) {
      target[at] = 10
      nextBreak += 64 + (seed >>> 25)
    } else {
      target[at] = 97 + ((seed >>> 16) % 26)
    }
  }
  return target
}

const { values: options } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    json: { type: 'string' },
    only: { type: 'string' },
  },
})
const turns = options.quick ? 5 : 21
const batchNs = options.quick ? 5e6 : 20e6

const python = newestPython()
if (python === undefined) throw new Error('no python3 with mmap on PATH or below ~/.pyenv/versions')

const folder = mkdtempSync(join(tmpdir(), 'fmmap-calls-'))
try {
  const contents = text()
  const [ourFile, theirFile] = [join(folder, 'ours'), join(folder, 'theirs')]
  writeFileSync(ourFile, contents)
  writeFileSync(theirFile, contents)
  using m = Mmap.open(ourFile, { access: ACCESS_WRITE })
  const program = fileURLToPath(new URL('calls.py', import.meta.url))
  const cpython = startCompanion(python, program, [theirFile])
  try {
    await compare(m, async (op, rounds) => (await cpython.ask({ op, rounds })) as Batch)
  } finally {
    cpython.end()
  }
} finally {
  rmSync(folder, { recursive: true })
}

async function compare(
  m: Mmap,
  theirs: (op: string, rounds: number) => Promise<Batch>,
): Promise<void> {
  const table = Object.entries(operations(m)).filter(
    ([name]) => options.only === undefined || name.includes(options.only),
  )
  const ours = (operation: Operation, rounds: number): Batch => {
    const start = process.hrtime.bigint()
    const last = operation.run(rounds)
    const ns = Number(process.hrtime.bigint() - start)
    return {
      ns,
      calls: operation.calls * rounds,
      last: Buffer.isBuffer(last) ? last.toString('latin1') : last,
    }
  }

  for (const [name, operation] of table) {
    const [here, there] = [ours(operation, 2).last, (await theirs(name, 2)).last]
    if (here !== there) {
      throw new Error(`${name}: ours answers ${String(here)}, CPython ${String(there)}`)
    }
  }
  const digest = createHash('sha256').update(m.slice()).digest('hex')
  if (digest !== (await theirs('contents', 0)).last) {
    throw new Error('the two maps hold different bytes')
  }

  const { cpu, platform, kernel } = machine()
  console.log(
    `fmmap on ${runtime()}, CPython ${python?.version} (${python?.path}); ` +
      `${cpu}, ${platform} ${kernel}`,
  )
  console.log(`${turns} turns of about ${batchNs / 1e6} ms each\n`)
  console.log(row('ns a call', ['ours min', 'median', 'CPython min', 'median', 'ratio', 'median']))

  const results = []
  for (const [name, operation] of table) {
    // Called twice, because what is measured first still runs as cold code.
    let ourRounds = roundsFor(ours(operation, 20), 20)
    ourRounds = roundsFor(ours(operation, ourRounds), ourRounds)
    let theirRounds = roundsFor(await theirs(name, 5), 5)
    theirRounds = roundsFor(await theirs(name, theirRounds), theirRounds)
    const [our, their]: [number[], number[]] = [[], []]
    for (let turn = 0; turn < turns; turn++) {
      const here = ours(operation, ourRounds)
      const there = await theirs(name, theirRounds)
      our.push(here.ns / here.calls)
      their.push(there.ns / there.calls)
    }
    const result = {
      name,
      ours: { min: Math.min(...our), median: median(our) },
      cpython: { min: Math.min(...their), median: median(their) },
      ratio: Math.min(...their) / Math.min(...our),
      medianRatio: median(their) / median(our),
      target: operation.target ?? 1,
    }
    results.push(result)
    const cells = [result.ours.min, result.ours.median, result.cpython.min, result.cpython.median]
    const ratios = [result.ratio, result.medianRatio].map((value) => value.toFixed(2))
    const mark = result.ratio < result.target ? `  below ${result.target}` : ''
    console.log(row(name, [...cells.map((ns) => ns.toFixed(ns < 100 ? 1 : 0)), ...ratios]) + mark)
  }

  const mean = geometricMean(results.map(({ ratio }) => ratio))
  const below = results.filter(({ ratio, target }) => ratio < target).length
  console.log(`\ngeometric mean of the ratios ${mean.toFixed(2)}; below their target: ${below}`)
  console.log(`both gave the same answers; checksum ${sink}`)
  if (options.json !== undefined) {
    const report = {
      runtime: runtime(),
      python: python?.version,
      machine: machine(),
      turns,
      results,
    }
    writeFileSync(options.json, `${JSON.stringify(report, null, 2)}\n`)
  }
}

/** How many rounds fill a batch, estimated from the time of the last ones. */
function roundsFor(batch: Batch, rounds: number): number {
  return Math.max(1, Math.round((rounds * batchNs) / batch.ns))
}

function row(name: string, cells: string[]): string {
  return name.padEnd(18) + cells.map((cell) => cell.padStart(12)).join('')
}
