/**
 * Whole programs, process start included: how many lines of a large text have a word in them, and how often it
 * stands there.
 *
 *   npm run bench:programs -- [--quick] [--json FILE] [--only TEXT]
 *
 * grep -F -c, rg -F -c, three ways that Node has without a mapping, and ours (count.ts has all four as programs)
 * over one file of sources, in the page cache. They take turns and must print the same number. Memory is
 * watched in a run of its own: peak RSS counts the file's pages, which the kernel takes back at will, RssAnon is
 * what the process keeps for itself.
 */

import { spawn, spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { median, readOptions, Report, same, scratch, status } from './report.ts'
import { sources, writeRepeated } from './texts.ts'

const MIB = 2 ** 20
const options = readOptions()
const report = new Report('programs', options)
const folder = scratch('programs')
const path = join(folder, 'sources')
const text = sources()
const size = writeRepeated(path, text, (options.quick ? 100 : 400) * MIB, true)
console.log(
  `${Math.round(size / MIB)} MiB: ${Math.round(text.length / MIB)} MiB of sources again and again`,
)

const count = fileURLToPath(new URL('count.mjs', import.meta.url))
const ours = 'fmmap'
const matches = 'fmmap, matches'
const programs: Record<string, (word: string) => string[]> = {
  'grep -F -c': (word) => ['grep', '-F', '-c', '--', word, path],
  'rg -F -c': (word) => ['rg', '-F', '-c', '--no-config', '--', word, path],
  'readSync loop': (word) => [process.execPath, count, 'readSync', word, path],
  'node:readline': (word) => [process.execPath, count, 'readline', word, path],
  [ours]: (word) => [process.execPath, count, 'fmmap', word, path],
  'rg -F --count-matches': (word) => [
    ...['rg', '-F', '--count-matches', '--no-config', '--', word, path],
  ],
  [matches]: (word) => [process.execPath, count, 'matches', word, path],
  'node, nothing': () => [process.execPath, count, 'nothing', '', path],
}
for (const name of Object.keys(programs)) {
  const [program = ''] = programs[name]?.('x') ?? []
  if (spawnSync(program, ['--version']).error !== undefined) delete programs[name]
}

/** A word that few files have, one that is in every tenth line, and one that occurs nowhere. */
const words = { rare: 'Boyer-Moore', frequent: 'return', absent: 'unfindable phrase' }

interface Run {
  seconds: number
  lines: number
}

function run(argv: readonly string[]): Run {
  const [program = '', ...rest] = argv
  const start = performance.now()
  const { stdout, stderr } = spawnSync(program, rest, {
    encoding: 'utf8',
    env: { ...process.env, LC_ALL: 'C' },
  })
  const seconds = (performance.now() - start) / 1000
  if (stderr !== '') throw new Error(`${argv.join(' ')}: ${stderr}`)
  // rg prints nothing when there is no match.
  return { seconds, lines: Number(stdout) }
}

/** The most memory of each kind that a program has, in MiB, read every millisecond. */
async function memory(argv: readonly string[]): Promise<{ peak: number; own: number }> {
  const [program = '', ...rest] = argv
  const child = spawn(program, rest, { stdio: 'ignore', env: { ...process.env, LC_ALL: 'C' } })
  let [peak, own] = [0, 0]
  while (child.pid !== undefined && child.exitCode === null) {
    peak = Math.max(peak, status(child.pid, 'VmHWM') ?? 0)
    own = Math.max(own, status(child.pid, 'RssAnon') ?? 0)
    // oxlint-disable-next-line no-await-in-loop
    await pause(1)
  }
  return { peak: peak / MIB, own: own / MIB }
}

const best: Record<string, Record<string, number>> = {}
for (const [kind, word] of Object.entries(words)) {
  const runs: Record<string, Run[]> = {}
  for (let turn = 0; turn < (options.quick ? 3 : 7); turn++) {
    for (const [name, argv] of Object.entries(programs)) (runs[name] ??= []).push(run(argv(word)))
  }
  const lines = runs[ours]?.[0]?.lines
  report.part(`${kind}: '${word}' in ${lines} lines`, [
    's min',
    'median',
    'of ours',
    'RSS MiB',
    'RssAnon',
  ])
  for (const [name, turns] of Object.entries(runs)) {
    if (!name.endsWith('nothing')) {
      const counted = name.endsWith('matches') ? runs[matches]?.[0]?.lines : lines
      same(`${name} of ${word}`, turns[0]?.lines, counted)
    }
    const times = turns.map(({ seconds }) => seconds)
    ;(best[name] ??= {})[kind] = Math.min(...times)
    // oxlint-disable-next-line no-await-in-loop
    const { peak, own } = await memory(programs[name]?.(word) ?? [])
    const fastest = Math.min(...(runs[ours] ?? []).map(({ seconds }) => seconds))
    report.row(
      `${name}, ${kind}`,
      [
        Math.min(...times).toFixed(3),
        median(times).toFixed(3),
        (Math.min(...times) / fastest).toFixed(2),
        peak.toFixed(0),
        own.toFixed(0),
      ],
      { seconds: times, peak, own, lines },
    )
  }
}

/** How much longer a program takes than an empty Node takes to start. */
const start = Math.min(...Object.values(best['node, nothing'] ?? {}))
const took = (name: string, kind: string): number => best[name]?.[kind] ?? Number.NaN
if (programs['rg -F -c'] !== undefined) {
  report.target(
    `matches of the frequent word: time of rg over ours without Node's start of ${start.toFixed(3)} s`,
    took('rg -F --count-matches', 'frequent') / (took(matches, 'frequent') - start),
    'x',
    { least: 1 },
  )
  // The program calls find for each newline, which takes as long as rg needs for the whole line.
  report.target(
    "lines of the frequent word: time of rg over ours without Node's start",
    took('rg -F -c', 'frequent') / (took(ours, 'frequent') - start),
    'x',
    { least: options.quick ? 0.6 : 0.8 },
  )
}
if (programs['grep -F -c'] !== undefined) {
  report.target(
    'frequent word: time of grep over ours, whole',
    took('grep -F -c', 'frequent') / took(ours, 'frequent'),
    'x',
    { least: 1 },
  )
  report.target(
    'absent word: time of grep over ours, whole',
    took('grep -F -c', 'absent') / took(ours, 'absent'),
    'x',
    { least: 1 },
  )
}
report.target(
  'absent word: time of the readSync loop over ours',
  took('readSync loop', 'absent') / took(ours, 'absent'),
  'x',
  { least: 1 },
)
report.end()
