/**
 * find and rfind, compared with other languages and runtimes: CPython's mmap, PyPI's fmmap, and indexOf and
 * lastIndexOf of Buffer under Node and Bun.
 *
 *   npm run bench:search -- [--quick] [--json] [--only TEXT]      with the engine's own rows before
 *
 * The rows are those of the engine (benchmark/rust/src/rows.rs). They are written to files, which each rival maps.
 * Each rival is a running process. They take turns, must return the same offset, and are measured in processor time.
 * Bun and PyPI's fmmap are downloaded to FMMAP_CACHE; rivals that can't be had are left out and named.
 */

import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { Missing, npm, python as environment } from '../scripts/platforms/cache.mjs'
import { type Companion, newestPython, startCompanion } from './python.ts'
import { geometricMean, median, readOptions, Report, row as line, same, scratch } from './report.ts'

/** A row as `--write` prints it. */
interface Row {
  file: string
  kind: string
  label: string
  length: number
  needle: string
}

interface Answer {
  ms: number
  at: number
}

/** The time of a row in one direction: seconds for each call, and the bytes that were searched. */
interface Time {
  row: Row
  reverse: boolean
  scanned: number
  of: Record<string, number>
  /** The times of all turns. */
  turns: Record<string, number[]>
}

interface Rival {
  readonly name: string
  readonly process: Companion
  readonly way?: string
}

/** Up to this length the cost of the call matters as much as that of the search. */
const SHORT = 64 * 1024

/** In shorter maps Bun's own search is used on the window, and no native is called: `FEW` in lib/search.ts. */
const WINDOWED = 8192

/**
 * The required share of the fastest rival's speed in short ranges. If one byte of a needle of two is rare, a search
 * that happens to scan for that byte needs half the loads. To find out which is rare would cost as much as a scan of
 * some KiB.
 */
const ONE_LOAD = 0.55

const options = readOptions()
const report = new Report('rivals', options)
const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url))
const folder = scratch('rivals')
/** The most and the fewest turns. A rival that has used up its milliseconds gets no more turns. */
const [turns, fewest, patience] = options.quick ? [3, 1, 100] : [7, 2, 1500]

const rows = execFileSync(
  'cargo',
  [
    ...[
      'run',
      '--quiet',
      '--release',
      '--locked',
      '--manifest-path',
      here('rust/Cargo.toml'),
      '--',
    ],
    ...['--write', folder, ...(options.quick ? ['--quick'] : [])],
    ...(options.only === undefined ? [] : ['--only', options.only]),
  ],
  { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] },
)
  .trim()
  .split('\n')
  .filter((line) => line !== '')
  .map((line) => JSON.parse(line) as Row)

const rivals = start()
report.part(
  'GB/s, median; ns where a haystack is small',
  rivals.map(({ name }) => name),
  16,
)
const times: Time[] = []
for (const row of rows) {
  for (const reverse of [false, true]) await compare(row, reverse)
}
const calls = {
  small: await callCosts(({ length }) => length > 0 && length < WINDOWED),
  large: await callCosts(({ length }) => length > SHORT),
}
for (const { process } of rivals) process.end()
targets()
report.end()

/** Ours is the first: the others must agree with it. */
function start(): Rival[] {
  const found: Rival[] = []
  const script = here('rival.mjs')
  const node = startCompanion({ path: process.execPath, version: '' }, script, [])
  found.push({ name: 'fmmap', process: node, way: 'fmmap' })
  found.push({ name: 'Node indexOf', process: node, way: 'indexOf' })
  attempt('Bun', () => {
    const path = npm(`@oven/bun-${process.platform}-${process.arch}@1`, 'bin/bun')
    const bun = startCompanion({ path, version: '' }, script, [])
    found.push({ name: 'fmmap on Bun', process: bun, way: 'fmmap' })
    found.push({ name: 'Bun indexOf', process: bun, way: 'indexOf' })
  })
  const python = newestPython()
  attempt('CPython', () => {
    if (python === undefined) throw new Missing('no CPython here')
    found.push({ name: 'CPython', process: startCompanion(python, here('rival.py'), ['mmap']) })
    console.log(`CPython ${python.version}`)
  })
  attempt('fmmap of PyPI', () => {
    if (python === undefined) throw new Missing('no CPython here')
    const bin = environment(`fmmap-${python.version}`, ['fmmap==2.0.0'], python.path)
    const path = `${bin}/python`
    const process = startCompanion({ path, version: '' }, here('rival.py'), ['fmmap'])
    found.push({ name: 'PyPI fmmap', process })
  })
  return found
}

function attempt(name: string, begin: () => void): void {
  try {
    begin()
  } catch (error) {
    if (!(error instanceof Missing)) throw error
    console.log(`without ${name}: ${error.message}`)
  }
}

async function compare(row: Row, reverse: boolean): Promise<void> {
  const { file, needle, label, kind, length } = row
  const ask = ({ process, way }: Rival, calls: number): Promise<Answer> =>
    process.ask({ way, file, needle, reverse, calls }) as Promise<Answer>

  const title = `${kind} ${label} ${reverse ? 'rfind' : 'find'}`
  const calls: Record<string, number> = {}
  const taken: Record<string, number[]> = {}
  let expected: number | undefined
  for (const rival of rivals) {
    // The first call maps the file and touches its pages, so it says nothing about later ones.
    await ask(rival, 1)
    // As many calls as the clock needs to be exact. Their answer must be right.
    let number = 1
    for (;;) {
      const { ms, at } = await ask(rival, number)
      expected ??= at
      same(`${title}, ${rival.name}`, expected, at)
      if (ms > 2 || number >= 2 ** 20) break
      number *= ms > 0.2 ? 2 : 8
    }
    calls[rival.name] = number
    taken[rival.name] = []
  }
  for (let turn = 0; turn < turns; turn++) {
    for (const rival of rivals) {
      const mine = taken[rival.name] ?? []
      const number = calls[rival.name] ?? 1
      // Slow rivals need fewer turns.
      if (mine.length >= fewest && mine.reduce((sum, ms) => sum + ms * number, 0) > patience)
        continue
      mine.push((await ask(rival, number)).ms / number)
    }
  }
  const at = expected ?? -1
  const scanned = at === -1 ? length : reverse ? length - at : at + needle.length / 2
  const of = Object.fromEntries(rivals.map(({ name }) => [name, median(taken[name] ?? []) / 1000]))
  times.push({ row, reverse, scanned, of, turns: taken })
  report.row(
    title.padEnd(50),
    rivals.map(({ name }) => {
      const seconds = of[name] ?? Number.NaN
      return length <= 4096
        ? `${(seconds * 1e9).toFixed(0)} ns`
        : (scanned / seconds / 1e9).toFixed(2)
    }),
    { kind, label, direction: reverse ? 'rfind' : 'find', length, scanned, seconds: of },
    16,
  )
}

/** Seconds for a call that finds its needle at once: a native's calls cost more than a built-in's. */
async function callCosts(wanted: (row: Row) => boolean): Promise<Record<string, number>> {
  const costs: Record<string, number[]> = {}
  const row = rows.find(wanted)
  if (row === undefined) return {}
  const { file, length } = row
  const needle = readFileSync(file).toString('hex', 0, 9)
  for (let turn = 0; turn < turns + 2; turn++) {
    for (const { name, way, process } of rivals) {
      const number = 2 ** 16
      const question = { way, file, needle, reverse: false, calls: number }
      // oxlint-disable-next-line no-await-in-loop
      const { ms, at } = (await process.ask(question)) as Answer
      same(`the first bytes, ${name}`, 0, at)
      // The first two turns are for the compilers.
      if (turn > 1) (costs[name] ??= []).push(ms / number / 1000)
    }
  }
  const of = Object.fromEntries(rivals.map(({ name }) => [name, median(costs[name] ?? [])]))
  const cells = rivals.map(({ name }) => ((of[name] ?? Number.NaN) * 1e9).toFixed(0))
  console.log(line(`found at once in ${length} bytes, ns`.padEnd(50), cells, 16))
  return of
}

/** The targets: faster than CPython in every row, and than the others if the haystack is random, text or DNA. */
function targets(): void {
  for (const [reverse, least] of [
    [false, 8],
    [true, 10],
  ] as const) {
    const name = reverse ? 'rfind' : 'find'
    const all = (time: Time): boolean => time.reverse === reverse
    const ratios = ratiosTo('CPython', all)
    if (ratios.length === 0) continue
    const mean = geometricMean(ratios.map(({ ratio }) => ratio))
    report.target(`${name}: geometric mean over CPython, all rows`, mean, 'x', { least })
    const several = ratiosTo('CPython', (time) => all(time) && time.row.needle.length > 2)
    worst(`${name} over CPython, needles of two bytes and more`, several, 1)
    // Both read memory as fast as it comes.
    const one = ratiosTo('CPython', (time) => all(time) && time.row.needle.length === 2)
    worst(`${name} over CPython, needles of one byte`, one, 0.9)
  }
  const real = new Set(['random', 'log text', 'source text', 'JSON', 'CSV digits', 'UTF-16', 'DNA'])
  const long = ({ row, scanned }: Time): boolean => scanned > SHORT && real.has(row.kind)
  const short = ({ row, scanned }: Time): boolean =>
    scanned >= 4096 && scanned <= SHORT && real.has(row.kind)
  for (const [rival, ours] of [
    ['Node indexOf', 'fmmap'],
    ['PyPI fmmap', 'fmmap'],
    ['Bun indexOf', 'fmmap on Bun'],
  ] as const) {
    worst(
      `${ours} over ${rival}, random, text and DNA, more than 64 KiB searched`,
      ratiosTo(rival, long, ours),
      0.9,
    )
    const [small, large] = [calls.small, calls.large].map((of) =>
      Math.max(0, (of[ours] ?? 0) - (of[rival] ?? 0)),
    ) as [number, number]
    const dearer = (row: Row): number => (row.length < WINDOWED ? small : large)
    const nanoseconds = [small, large].map((cost) => (cost * 1e9).toFixed(0)).join(' or ')
    for (const [which, wanted, least] of [
      ['two bytes', (time: Time) => short(time) && time.row.needle.length === 4, ONE_LOAD],
      ['more or fewer', (time: Time) => short(time) && time.row.needle.length !== 4, 0.9],
    ] as const) {
      worst(
        `${ours} over ${rival}, the same, ${which}, 4 to 64 KiB searched, without the ${nanoseconds} ns that a call takes more`,
        ratiosTo(rival, wanted, ours, dearer),
        least,
      )
    }
  }
}

interface Ratio {
  ratio: number
  title: string
}

/** The ratios of the chosen rows, without the seconds that one of our calls is `dearer`. */
function ratiosTo(
  rival: string,
  wanted: (time: Time) => boolean,
  ours = 'fmmap',
  dearer: (row: Row) => number = () => 0,
): Ratio[] {
  return times
    .filter((time) => wanted(time) && time.of[rival] !== undefined)
    .map(({ row, reverse, turns }) => ({
      // Calculated for each turn, because a disturbance slows down both.
      ratio: median(
        (turns[rival] ?? []).map(
          (ms, turn) => ms / ((turns[ours]?.[turn] ?? ms) - dearer(row) * 1000),
        ),
      ),
      title: `${row.kind} ${row.label} ${reverse ? 'rfind' : 'find'}`,
    }))
}

function worst(name: string, ratios: Ratio[], least: number): void {
  const [last] = ratios.toSorted((a, b) => a.ratio - b.ratio)
  if (last !== undefined) {
    report.target(`${name}, the worst: ${last.title}`, last.ratio, 'x', { least })
  }
}
