/**
 * Many matches and every line: count, findAll and lines beside what people do without them.
 *
 *   npm run bench:bulk -- [--quick] [--json FILE] [--only TEXT]
 *
 * For matches, one process of ours and one of CPython's take turns on one file in memory. The figures are processor
 * time, since each way has one thread. For lines, each way runs in a new process for each turn, so that its memory
 * can be measured; the ratios are of elapsed time. All ways must find the same number.
 */

import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Mmap } from '../index.js'
import { type Read, ways } from './lines.ts'
import { newestPython, startCompanion } from './python.ts'
import {
  alternate,
  least,
  median,
  milliseconds,
  processorTime,
  readOptions,
  Report,
  same,
  scratch,
} from './report.ts'
import { log, writeRepeated } from './texts.ts'

const MIB = 2 ** 20

/** A needle that occurs in no haystack here, although all its bytes do. */
const absent = Buffer.from('session expired forever')

/**
 * Where reading the memory and the iterator's steps alone take too long for 20 times CPython's speed, this share of
 * the possible speed is required.
 */
const ATTAINED = 0.7

const options = readOptions()
const report = new Report('bulk', options)
const folder = scratch('bulk')
const block = log(16 * MIB)

if (report.wants('findAll')) await matches()
if (report.wants('lines')) lines()
report.end()

/** How often a needle occurs, and the sum of its offsets. All ways must agree on both. */
interface Tally {
  count: number
  sum: number
}

async function matches(): Promise<void> {
  const size = (options.quick ? 32 : 128) * MIB
  const path = join(folder, 'matches')
  writeRepeated(path, block, size)
  using m = Mmap.open(path)
  const bytes = m.view()
  const python = newestPython()
  const companion =
    python && startCompanion(python, fileURLToPath(new URL('bulk.py', import.meta.url)), [path])

  /** Runs a way, keeps its tally and returns its time. */
  const tallies: Record<string, Tally> = {}
  const noted = (name: string, way: () => Tally) => (): number => {
    const start = processorTime()
    tallies[name] = way()
    return processorTime() - start
  }

  console.log(`\n${size / MIB} MiB of log text; CPython ${python?.version ?? 'absent'}`)
  const all = (needle: Buffer, end = size): Tally => {
    const tally = { count: 0, sum: 0 }
    for (const at of m.findAll(needle, { end })) {
      tally.count += 1
      tally.sum += at
    }
    return tally
  }
  report.part('matches, ms (min)', [
    'count',
    'findAll',
    'limit',
    'indexOf',
    'CPython',
    'ratio',
    'median',
  ])
  for (const text of [
    'e',
    ' ',
    '00',
    '\n20',
    'GET ',
    'session',
    'user token',
    '/api/v1/',
    'cache miss',
    'aa',
  ]) {
    const needle = Buffer.from(text)
    const times = await alternate(options.quick ? 3 : 9, {
      count: noted('count', () => ({ count: m.count(needle), sum: 0 })),
      findAll: noted('findAll', () => all(needle)),
      // Two lower bounds: a needle that occurs nowhere, and steps without a search, since an empty needle is at each
      // offset.
      memory: noted('memory', () => ({ count: m.count(absent), sum: 0 })),
      steps: noted('steps', () => all(Buffer.alloc(0), 4 * MIB)),
      indexOf: noted('indexOf', () => {
        const tally = { count: 0, sum: 0 }
        for (
          let at = bytes.indexOf(needle);
          at !== -1;
          at = bytes.indexOf(needle, at + needle.length)
        ) {
          tally.count += 1
          tally.sum += at
        }
        return tally
      }),
      python: async () => {
        if (companion === undefined) return Number.NaN
        const answer = (await companion.ask({ needle: text })) as Tally & { ms: number }
        tallies['python'] = answer
        return answer.ms
      },
    })
    const { count, findAll, indexOf, python: theirs } = tallies
    same(text, count?.count, findAll?.count)
    same(text, findAll?.sum, indexOf?.sum)
    if (companion !== undefined) same(text, findAll?.sum, theirs?.sum)
    const ratio = least(times.python) / least(times.findAll)
    const middle = median(times.python) / median(times.findAll)
    const step = least(times.steps) / (tallies['steps']?.count ?? 0)
    const limit = least(times.memory) + step * (findAll?.count ?? 0)
    const name = `${JSON.stringify(text)} x ${findAll?.count}`
    report.row(
      name,
      [
        ...[least(times.count), least(times.findAll), limit].map(milliseconds),
        ...[least(times.indexOf), least(times.python)].map(milliseconds),
        ratio.toFixed(1),
        middle.toFixed(1),
      ],
      { matches: findAll?.count, limit, times },
    )
    if (companion !== undefined && (findAll?.count ?? 0) > size / 1000) {
      const possible = least(times.python) / limit
      report.target(`findAll of ${name} over CPython's loop of find`, ratio, 'x', {
        least: Math.min(20, Math.floor(10 * ATTAINED * possible) / 10),
      })
    }
  }
  companion?.end()
}

/** Reads a file in a process of its own. */
function read(way: string, path: string): Read {
  const program = fileURLToPath(new URL('lines.ts', import.meta.url))
  const flags = ['--import', '@oxc-node/core/register', '--max-old-space-size=8192']
  return JSON.parse(
    execFileSync(process.execPath, [...flags, program, way, path], { encoding: 'utf8' }),
  ) as Read
}

function lines(): void {
  const path = join(folder, 'log')
  const size = writeRepeated(path, block, (options.quick ? 64 : 400) * MIB)
  console.log(`\n${Math.round(size / MIB)} MiB of log text, each way in its own process`)
  report.part('lines, ms', ['min', 'median', 'processor', 'lines', 'ns a line', 'private MiB'])
  const reads: Record<string, Read[]> = {}
  for (let turn = 0; turn < (options.quick ? 3 : 5); turn++) {
    for (const way of Object.keys(ways)) (reads[way] ??= []).push(read(way, path))
  }
  const fastest: Record<string, number> = {}
  const expected = reads['m.lines()']?.[0]
  for (const [way, turns] of Object.entries(reads)) {
    const times = turns.map((turn) => turn.milliseconds)
    const best = (fastest[way] = least(times))
    const count = turns[0]?.lines ?? 0
    const memory = Math.max(...turns.map((turn) => turn.memory))
    same(way, count, expected?.lines)
    same(way, turns[0]?.size, expected?.size)
    report.row(
      way,
      [
        milliseconds(best),
        milliseconds(median(times)),
        milliseconds(Math.min(...turns.map((turn) => turn.processor))),
        `${count}`,
        ((best * 1e6) / count).toFixed(0),
        (memory / MIB).toFixed(1),
      ],
      { reads: turns },
    )
  }
  const over = (ours: string, theirs: string, factor: number): void => {
    const ratio = (fastest[theirs] ?? Number.NaN) / (fastest[ours] ?? Number.NaN)
    report.target(`${ours} over ${theirs}`, ratio, 'x', { least: factor })
  }
  over('m.lines()', 'node:readline, events', 5)
  over('m.lines()', 'readFileSync, split', 2)

  // Memory must stay the same for many times as much text.
  const large = join(folder, 'large')
  const whole = writeRepeated(large, block, (options.quick ? 512 : 4096) * MIB)
  report.part(`lines of ${Math.round(whole / MIB)} MiB`, ['ms', 'lines', 'private MiB'])
  for (const way of ['m.lines()', 'm.lines({ reverse: true })']) {
    const { milliseconds: ms, lines: count, memory } = read(way, large)
    same(`${way} of the large file`, count, ((expected?.lines ?? 0) / size) * whole)
    report.row(`${way}, large`, [milliseconds(ms), `${count}`, (memory / MIB).toFixed(1)], {
      milliseconds: ms,
      memory,
    })
    report.target(`${way} of ${Math.round(whole / MIB)} MiB, private memory`, memory / MIB, 'MiB', {
      most: 64,
    })
  }
  writeFileSync(large, '')
}
