/**
 * Patterns of all kinds in texts of six kinds, beside V8's RegExp on a ready Latin-1 string, Bun's, CPython's `re` over
 * `mmap`, the regex crate, PCRE2's JIT, Hyperscan, and ripgrep; lists of words beside aho-corasick and Hyperscan.
 *
 *   npm run bench:patterns -- [--quick] [--json FILE] [--write] [--only TEXT]
 *
 * `--write` writes the figures to benchmark/results/patterns.json and the tables to docs/performance.md. `--only` takes
 * one of the parts: log, sources, random, dna, json, csv, small, lists, making, linear, iterating, programs.
 *
 * The ways take turns in one run. The figures are processor time, as each is one thread; those of ripgrep and of whole
 * programs are the clock's. The texts are ASCII, so that all ways must find the same number of matches. A star marks
 * where Hyperscan and ripgrep don't, because they look for longest matches. CPython reads an eighth of the text, and its
 * figure is multiplied. What can't be had is left out: PCRE2 and Hyperscan are loaded if they are installed
 * (libpcre2-8-0, libhyperscan5), rg is looked for on PATH, Bun is downloaded to FMMAP_CACHE. `--quick` compiles none of
 * the native peers.
 */

import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { type Match, Mmap, Pattern } from '../index.js'
import { npm } from '../scripts/platforms/cache.mjs'
import { type Companion, newestPython, startCompanion } from './python.ts'
import {
  alternate,
  geometricMean,
  median,
  milliseconds,
  processorTime,
  Report,
  same,
  scratch,
} from './report.ts'
import { log, numbers, sources, writeRepeated } from './texts.ts'

const MIB = 2 ** 20
const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url))
const results = here('results/patterns.json')
const { values: given } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
    json: { type: 'string' },
    only: { type: 'string' },
  },
})
const options = {
  quick: given.quick,
  json: given.json ?? (given.write ? results : undefined),
  only: given.only,
}
const report = new Report('patterns', options)
const folder = scratch('patterns')
const size = (options.quick ? 2 : 128) * MIB
const block = Math.min(size, 16 * MIB)
const turns = options.quick ? 1 : 3
/** For so many milliseconds the iterations of a few matches are repeated. */
const steady = options.quick ? 0 : 500

/** Random letters, the same in each run. */
function random(letters: string): Buffer {
  const text = Buffer.alloc(block)
  const below = numbers(7)
  for (let at = 0; at < block; at += 1) text[at] = letters.charCodeAt(below(letters.length))
  return text
}

/** Lines by their number. */
function lines(line: (at: number) => string): Buffer {
  const parts: string[] = []
  for (let at = 0, length = 0; length < block; at += 1) {
    const part = `${line(at)}\n`
    parts.push(part)
    length += part.length
  }
  return Buffer.from(parts.join('').slice(0, block))
}

const printable = Array.from({ length: 94 }, (_, at) => String.fromCharCode(33 + at)).join('')
const made: Record<string, () => Buffer> = {
  log: () => log(block),
  // Other bytes than ASCII would be several characters in one way and one character in another.
  sources: () =>
    sources()
      .subarray(0, block)
      .map((byte) => byte & 0x7f) as Buffer,
  random: () => random(`${printable}   \n`),
  dna: () => random('ACGT'),
  json: () =>
    lines((at) =>
      JSON.stringify({ id: at, user: `user${at % 977}`, tags: ['a', at % 7], ok: at % 3 === 0 }),
    ),
  csv: () =>
    lines(
      (at) =>
        `${at},name ${at % 991},${(at * 7919) % 100_003}.5,"a, b",2026-0${1 + (at % 9)}-1${at % 10}`,
    ),
}

const patterns: Record<string, readonly RegExp[]> = {
  log: [
    /ERROR|WARN/,
    /session|timeout|refused|denied|panic/,
    /\d{4}-\d\d-\d\d/,
    /user[= ]\w+/,
    /\b[A-Z]\w+Exception\b/,
    /error/i,
    /(?:\d{1,3}\.){3}\d{1,3}/,
    /[\w.+-]+@[\w-]+\.[\w.-]+/,
    /[a-q][^u-z]{13}x/,
    /(?:a*)*b/,
    /^.*ERROR.*$/m,
    /\w+/,
    /GET \/api\/[^ \n]*/,
  ],
  sources: [
    /function \w+\(/,
    /TODO|FIXME|XXX/,
    /^import .* from/m,
    /0x[0-9a-f]+/i,
    /"[^"\n]*"/,
    /\/\/.*$/m,
    /return\s+\w+;/,
    /(?:\d{1,3}\.){3}\d{1,3}/,
  ],
  random: [/[a-z]{5}/, /abcde/, /\d+[a-f]\d+/, /[\w.+-]+@[\w-]+\.[\w.-]+/, /x.{3}y/],
  dna: [/ACGTACGT/, /GAATTC|GGATCC|AAGCTT/, /A{6,}/, /(?:CAG){3,}/, /[AG]C.GT[CT]/],
  json: [/"user":"[^"]*"/, /"id":\d+/, /"ok":true/, /user1\d\d"/, /[^"]+/],
  csv: [/^\d+,/m, /"[^"]*"/, /\d{4}-\d\d-\d\d$/m, /,[^,\n]*,/, /name 99\d/],
}

/** What another program says. */
interface Answer {
  readonly count: number
  readonly ms: number
  readonly error?: string
}

/** Asks another program. */
type Peer = (question: object) => Promise<Answer>

const python = newestPython()
const hasRipgrep = spawnSync('rg', ['--version']).status === 0

function bunPath(): string | undefined {
  if (options.quick) return undefined
  try {
    return npm(`@oven/bun-${process.platform}-${process.arch}@1`, 'bin/bun')
  } catch {
    return undefined
  }
}
const bun = bunPath()

/** The program of the native engines, compiled. */
function nativeProgram(): string | undefined {
  if (options.quick) return undefined
  const { status } = spawnSync(
    'cargo',
    [
      ...['build', '--quiet', '--release', '--locked', '--no-default-features'],
      ...['--bin', 'patterns', '--manifest-path', here('rust/Cargo.toml')],
    ],
    { stdio: 'inherit' },
  )
  return status === 0 ? here('rust/target/release/patterns') : undefined
}
const native = nativeProgram()

const companions: Companion[] = []
function start(program: string | undefined, args: readonly string[]): Peer | undefined {
  const [script, ...rest] = args
  if (program === undefined || script === undefined) return undefined
  const companion = startCompanion({ path: program, version: '' }, script, rest)
  companions.push(companion)
  return async (question) => (await companion.ask(question)) as Answer
}
function endCompanions(): void {
  for (const companion of companions.splice(0)) companion.end()
}

const ENGINES = ['regex', 'PCRE2-JIT', 'Hyperscan'] as const

interface Ask {
  engine: string
  patterns: readonly string[]
  flags?: string
  literal?: boolean
  ask?: 'count' | 'first'
  length?: number
  times?: number
  stride?: number
}

const question = (asked: Ask): object => ({
  flags: '',
  literal: false,
  ask: 'count',
  length: size,
  times: 1,
  stride: 0,
  ...asked,
})

/** The source as other engines read it. */
const plain = (re: RegExp): string => re.source.replaceAll('\\/', '/')

/** How many times as fast as each other way, of all rows. */
const WAYS = ['regex', 'Hyperscan', 'PCRE2-JIT', 'rg', 'V8', 'Bun', 'CPython'] as const
type Way = (typeof WAYS)[number]
const ratios = Object.fromEntries(WAYS.map((way) => [way, []])) as unknown as Record<Way, number[]>

console.log(
  `${size / MIB} MiB; CPython ${python?.version ?? 'absent'}, Bun ${bun ? 'there' : 'absent'}, ` +
    `rg ${hasRipgrep ? 'there' : 'absent'}, native peers ${native ? 'there' : 'absent'}`,
)

function ripgrep(re: RegExp, path: string): number {
  const { stdout } = spawnSync('rg', [
    ...['--count-matches', '--no-config', '--no-unicode', '-a', '-j1'],
    ...(re.flags.includes('i') ? ['-i'] : []),
    ...['-e', plain(re), path],
  ])
  return Number(String(stdout))
}

/** All matches of the patterns of one text. */
async function allMatches(kind: string, texts: readonly RegExp[]): Promise<void> {
  const path = join(folder, `${kind}.txt`)
  writeRepeated(path, (made[kind] as () => Buffer)(), size, true)
  const m = Mmap.open(path)
  const string = readFileSync(path, 'latin1')
  const peers = {
    CPython: start(python?.path, [here('patterns.py'), path]),
    Bun: start(bun, [here('patterns-peer.mjs'), path]),
    native: start(native, [path]),
  }
  report.part(`${kind}, ms (min)`, ['matches', 'fmmap', ...WAYS, 'GB/s'], 11)
  for (const re of texts) {
    const counts: Record<string, number> = {}
    const global = new RegExp(re.source, `${re.flags}g`)
    const pattern = new Pattern(re)
    const clocked = (name: string, clock: () => number, count: () => number) => (): number => {
      const begin = clock()
      counts[name] = count()
      return clock() - begin
    }
    const asking = async (name: string, peer: Peer | undefined, asked: object): Promise<number> => {
      const answer = await peer?.(asked)
      if (answer === undefined || answer.error !== undefined) return Number.NaN
      counts[name] = answer.count
      return answer.ms
    }
    const engine = (name: string) => (): Promise<number> =>
      asking(name, peers.native, question({ engine: name, patterns: [plain(re)], flags: re.flags }))
    // Slow ones take one turn.
    const once = (call: () => Promise<number>): (() => Promise<number>) => {
      let kept: Promise<number> | undefined
      return () => (kept ??= call())
    }
    const eighth = Math.floor(size / 8)
    // oxlint-disable-next-line no-await-in-loop
    const times = await alternate(turns, {
      fmmap: clocked('fmmap', processorTime, () => m.count(pattern)),
      V8: clocked('V8', processorTime, () => {
        let count = 0
        global.lastIndex = 0
        for (let match = global.exec(string); match !== null; match = global.exec(string)) {
          count += 1
          if (match[0] === '') global.lastIndex += 1
        }
        return count
      }),
      regex: engine('regex'),
      'PCRE2-JIT': engine('PCRE2-JIT'),
      Hyperscan: engine('Hyperscan'),
      rg: hasRipgrep
        ? clocked(
            'rg',
            () => performance.now(),
            () => ripgrep(re, path),
          )
        : () => Number.NaN,
      Bun: once(() =>
        asking('Bun', peers.Bun, { source: re.source, flags: re.flags, length: size }),
      ),
      CPython: once(async () => {
        const asked = { source: plain(re), flags: re.flags, length: eighth }
        return 8 * (await asking('CPython', peers.CPython, asked))
      }),
    })
    const { fmmap = 0 } = counts
    for (const name of ['V8', 'Bun', 'regex', 'PCRE2-JIT']) {
      if (counts[name] !== undefined) same(`${name} of ${re}`, fmmap, counts[name])
    }
    if (counts['CPython'] !== undefined) {
      same(`CPython of ${re}`, m.count(pattern, { end: eighth }), counts['CPython'])
    }
    const best = (name: Way | 'fmmap'): number => Math.min(...times[name])
    const ours = best('fmmap')
    const cell = (name: Way): string => {
      if (Number.isNaN(best(name))) return '-'
      const differs = name !== 'CPython' && counts[name] !== fmmap
      return `${milliseconds(best(name))}${differs ? '*' : ''}`
    }
    report.row(
      `${kind} ${String(re)}`,
      [String(fmmap), milliseconds(ours), ...WAYS.map(cell), (size / ours / 1e6).toFixed(2)],
      { part: kind, matches: fmmap, ...times },
      11,
    )
    for (const name of WAYS) {
      const ratio = best(name) / ours
      if (!Number.isNaN(ratio)) ratios[name].push(ratio)
    }
  }
  m.close()
  endCompanions()
  writeFileSync(path, '')
}

/** First matches and short haystacks: calls of the engines, without the runtime's share. */
async function small(): Promise<void> {
  const path = join(folder, 'small.txt')
  writeRepeated(path, log(block), block, true)
  const peer = start(native, [path])
  if (peer === undefined) return
  report.part('short haystacks, ns a call', ['fmmap', ...ENGINES, 'over regex'])
  const all: number[] = []
  const cases: readonly (readonly [string, Partial<Ask>])[] = [
    ['first match', { ask: 'first', length: block - MIB, times: 20_000 }],
    ...[64, 256, 1024, 4096].map(
      (length) => [`${length} bytes`, { length, times: Math.ceil(2e7 / length) }] as const,
    ),
  ]
  const asked = [
    ...[/timeout|refused/, /\d{4}-\d\d-\d\d/, /\w+/, /GET \/api\/[^ \n]*/, /retry$/m, /user token/],
    ...[/cache/i, /\[\d+\] (?:GET|PUT) /],
  ]
  for (const re of asked) {
    for (const [name, how] of cases) {
      const times: Record<string, number[]> = {}
      const { times: often = 1 } = how
      for (let turn = 0; turn < turns; turn += 1) {
        for (const engine of ['fmmap', ...ENGINES]) {
          const what = { engine, patterns: [plain(re)], flags: re.flags, stride: 4097, ...how }
          // oxlint-disable-next-line no-await-in-loop
          const { ms } = await peer(question(what))
          ;(times[engine] ??= []).push((ms / often) * 1e6)
        }
      }
      const best = (engine: string): number => Math.min(...(times[engine] ?? []))
      const ratio = best('regex') / best('fmmap')
      all.push(ratio)
      const cells = ['fmmap', ...ENGINES].map((engine) => best(engine).toFixed(0))
      report.row(`${name} ${re}`, [...cells, ratio.toFixed(2)], {
        part: 'small',
        nanoseconds: times,
      })
    }
  }
  endCompanions()
  report.target('short haystacks over regex, the worst row', Math.min(...all), 'times', {
    least: 0.7,
  })
}

/** Words that may stand in the sources: some of them do, more of them don't. */
function words(many: number): string[] {
  const found = new Set<string>()
  const text = sources()
    .subarray(0, 4 * MIB)
    .toString('latin1')
  for (const [word] of text.matchAll(/[A-Za-z_]{6,20}/g)) {
    // One that is there, and three that look like it.
    found.add(word)
    for (let turn = 1; turn < 4; turn += 1) found.add(word.slice(turn) + word.slice(0, turn))
  }
  const all = [...found]
  // From all over, rare and frequent ones.
  const step = Math.max(1, Math.floor(all.length / many))
  return Array.from({ length: many }, (_, at) => all[(at * step) % all.length] as string)
}

/** Lists of words: the engines alone, and V8 where it does not take too long. */
async function lists(): Promise<void> {
  const path = join(folder, 'lists.txt')
  writeRepeated(path, (made['sources'] as () => Buffer)(), size, true)
  const peer = start(native, [path])
  const m = Mmap.open(path)
  const string = readFileSync(path, 'latin1')
  const engines = ['Teddy', 'aho-corasick', 'regex', 'Hyperscan'] as const
  report.part('lists, ms (min)', ['matches', 'fmmap', ...engines, 'V8', 'over best'], 13)
  const all: number[] = []
  for (const many of [2, 5, 10, 30, 64, 100, 300, 1000, 3000, 10_000]) {
    const patterns = words(many)
    const pattern = new Pattern(patterns)
    let count = 0
    const ask = (engine: string) => async (): Promise<number> => {
      const answer = await peer?.(question({ engine, patterns, literal: true }))
      if (answer === undefined || answer.error !== undefined) return Number.NaN
      if (engine !== 'Hyperscan') same(`${engine} of ${many} words`, count, answer.count)
      return answer.ms
    }
    const re = new RegExp(patterns.join('|'), 'g')
    // oxlint-disable-next-line no-await-in-loop
    const times = await alternate(turns, {
      fmmap: () => {
        const begin = processorTime()
        count = m.count(pattern)
        return processorTime() - begin
      },
      Teddy: ask('Teddy'),
      'aho-corasick': ask('aho-corasick'),
      regex: ask('regex'),
      Hyperscan: ask('Hyperscan'),
      V8: () => {
        // It tries each word at each place.
        if (many > 10) return Number.NaN
        const begin = processorTime()
        let found = 0
        while (re.exec(string) !== null) found += 1
        same(`V8 of ${many} words`, count, found)
        return processorTime() - begin
      },
    })
    const best = (engine: keyof typeof times): number => Math.min(...times[engine])
    const rivals = [best('Teddy'), best('aho-corasick'), best('Hyperscan')]
    const ratio = Math.min(...rivals.filter((ms) => !Number.isNaN(ms))) / best('fmmap')
    if (Number.isFinite(ratio)) all.push(ratio)
    const cells = (['fmmap', ...engines, 'V8'] as const).map((engine) =>
      Number.isNaN(best(engine)) ? '-' : milliseconds(best(engine)),
    )
    report.row(
      `${many} words`,
      [String(count), ...cells, Number.isFinite(ratio) ? ratio.toFixed(2) : '-'],
      {
        part: 'lists',
        matches: count,
        ...times,
      },
      13,
    )
  }
  m.close()
  endCompanions()
  if (all.length > 0) {
    report.target('lists over the best of the others, the worst row', Math.min(...all), 'times', {
      least: 0.9,
    })
  }
}

/** The time to make a pattern; one in a list is made anew each time. All take turns, so that none has a bad moment. */
function making(): void {
  const list = words(1000)
  const times = new Map<RegExp | string[], number[]>()
  for (const needle of [...Object.values(patterns).flat(), list]) times.set(needle, [])
  for (let turn = 0; turn < 9; turn += 1) {
    for (const [needle, all] of times) {
      const begin = performance.now()
      void new Pattern([needle].flat())
      all.push((performance.now() - begin) * 1000)
    }
  }
  report.part('making a pattern', ['us'])
  const row = (name: string, us: number): void => {
    report.row(`making ${name}`, [us.toFixed(0)], { part: 'making', microseconds: us })
  }
  const each = [...times]
    .map(([needle, all]) => ({ needle, us: median(all) }))
    .toSorted((a, b) => b.us - a.us)
  const ofList = median(times.get(list) ?? [])
  const single = each.filter(({ needle }) => needle !== list)
  for (const { needle, us } of single) row(String(needle), us)
  row('1,000 words', ofList)
  report.target('making a pattern, the slowest', single[0]?.us ?? Number.NaN, 'us', { most: 300 })
  report.target('making a pattern of 1,000 words', ofList / 1000, 'ms', { most: 3 })
}

/** How large the addon is that this machine has built. */
function addonSize(): void {
  const root = here('..')
  const addon = readdirSync(root).find((name) => name.endsWith('.node'))
  if (addon === undefined) return
  report.target('the addon', statSync(join(root, addon)).size / 1e6, 'MB', { most: 1.75 })
}

/** Whether a byte of a longer text takes longer. */
function linear(): void {
  const nanoseconds = (length: number): number => {
    const m = new Mmap(-1, length)
    m.setSlice(Buffer.alloc(length, 'a'))
    const begin = processorTime()
    same('matches of a(?:[^]*b)? in a^n', m.count(/a(?:[^]*b)?/), length)
    const ms = processorTime() - begin
    m.close()
    return (ms * 1e6) / length
  }
  report.part('a(?:[^]*b)? in a^n', ['ns a byte'])
  const [shorter, longer] = options.quick ? [MIB / 8, MIB / 2] : [MIB / 4, 8 * MIB]
  nanoseconds(shorter)
  const figures = [shorter, longer].map((length) => {
    const ns = Math.min(nanoseconds(length), nanoseconds(length))
    const row = { part: 'linear', nanoseconds: ns }
    report.row(`a(?:[^]*b)?, ${length / MIB} MiB`, [ns.toFixed(0)], row)
    return ns
  })
  const ratio = (figures[1] as number) / (figures[0] as number)
  report.target('a byte of a long a^n over one of a short', ratio, 'times', { most: 1.5 })
}

/** What a match costs in JavaScript, with the search for it. */
function iterating(): void {
  const path = join(folder, 'iterating.txt')
  writeRepeated(path, log(block), Math.min(size, 24 * MIB), true)
  const m = Mmap.open(path)
  // What a match takes when its iteration is compiled: the first turns are over before it is.
  const best = (call: () => unknown): number => {
    const times: number[] = []
    for (const begin = processorTime(); times.length < turns || processorTime() - begin < steady;) {
      const turn = processorTime()
      call()
      times.push(processorTime() - turn)
    }
    return Math.min(...times)
  }
  report.part('matchAll, ns a match (min)', ['matches', 'count', 'index', 'text', 'groups'])
  const most = { index: 0, groups: 0 }
  for (const re of [
    ...[/session/, /[0-9]+/, /\d{4}-\d\d-\d\d/, /(\d{4})-(\d\d)-(\d\d)/],
    ...[/10\.(\d+)\.(\d+)\.(\d+)/, /(?<key>peer) (?<value>\w+)/, /\[(\d+)\] (\w+)/],
  ]) {
    const count = m.count(re)
    const all = (look: (match: Match) => unknown) => (): void => {
      for (const match of m.matchAll(re)) look(match)
    }
    const hasGroups = re.source.includes('(')
    const times = {
      count: best(() => m.count(re)),
      index: best(all((match) => match.index)),
      text: best(all(String)),
      groups: hasGroups ? best(all(([, first]) => first)) : Number.NaN,
    }
    const nanoseconds = Object.values(times).map((ms) => (ms * 1e6) / count)
    const [least = 0, index = 0, , groups = 0] = nanoseconds
    if (hasGroups) most.groups = Math.max(most.groups, groups)
    else most.index = Math.max(most.index, index - least)
    const cells = nanoseconds.map((ns) => (Number.isNaN(ns) ? '-' : ns.toFixed(0)))
    report.row(`matchAll ${re}`, [String(count), ...cells], { part: 'iterating', ...times })
  }
  m.close()
  report.target('a match of matchAll, beside what counting it takes', most.index, 'ns', {
    most: 50,
  })
  report.target('a match with a group of it, the search included', most.groups, 'ns', { most: 300 })
}

/** Whole programs beside rg, both to a pipe, without the start of Node. */
async function programs(): Promise<void> {
  if (!hasRipgrep) return
  const path = join(folder, 'programs.txt')
  const length = (options.quick ? 20 : 400) * MIB
  writeRepeated(path, log(block), length, true)
  const taken = (program: string, args: readonly string[]) => (): number => {
    const begin = performance.now()
    const { status } = spawnSync('sh', ['-c', '"$0" "$@" | cat > /dev/null', program, ...args])
    if (status !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${status}`)
    return performance.now() - begin
  }
  const output = (program: string, args: readonly string[]): string => {
    const { stdout } = spawnSync('sh', ['-c', '"$0" "$@" | cksum', program, ...args])
    return String(stdout)
  }
  const script = here('grep.mjs')
  const rg = ['--no-config', '--no-unicode', '--no-line-number', '--no-filename', '-a']
  type Program = 'count' | 'print' | 'lines'
  const over: Record<Program, number[]> = { count: [], print: [], lines: [] }
  const run = async (way: Program, re: RegExp): Promise<void> => {
    const ours = [script, way, re.source, re.flags, path]
    const how = [
      ...(re.flags.includes('i') ? ['-i'] : []),
      ...(way === 'count' ? ['-c', '--include-zero'] : []),
    ]
    const theirs = [...rg, ...how, '-e', plain(re), path]
    same(`${way} of ${re}`, output(process.execPath, ours), output('rg', theirs))
    const times = await alternate(options.quick ? 1 : 5, {
      nothing: taken(process.execPath, [script, 'nothing']),
      fmmap: taken(process.execPath, ours),
      rg: taken('rg', theirs),
    })
    const mine = Math.max(1, Math.min(...times.fmmap) - Math.min(...times.nothing))
    const other = Math.min(...times.rg)
    over[way].push(other / mine)
    report.row(
      `${way} ${re}`,
      [milliseconds(mine), milliseconds(other), (other / mine).toFixed(2)],
      { part: 'programs', ...times },
    )
  }
  report.part(`programs, ${length / MIB} MiB, ms (min)`, ['fmmap', 'rg', 'over rg'])
  const counted = [
    ...[/timeout/, /session|refused|panic/, /\d{4}-\d\d-\d\d/, /expired|UPSTREAM/i],
    ...[/GET \/api\/[^ \n]*/, /\b[A-Z]\w+Exception\b/, /10\.0\.\d+\.7 /, /[a-q][^u-z\n]{13}x/],
  ]
  // oxlint-disable no-await-in-loop
  for (const re of counted) await run('count', re)
  for (const re of [/session/, /\d/]) await run('print', re)
  for (const re of [/session/, /\d/]) await run('lines', re)
  // oxlint-enable no-await-in-loop
  const least = (value: number): { least: number } => ({ least: options.quick ? 0.01 : value })
  const target = (name: string, value: number, bound: number): void =>
    report.target(name, value, 'times', least(bound))
  target('countLinesAsync with 2 threads over rg -c, the worst row', Math.min(...over.count), 1)
  target(
    'countLinesAsync with 2 threads over rg -c, geometric mean',
    geometricMean(over.count),
    1.5,
  )
  target('grep of a frequent word over rg', over.print[0] ?? Number.NaN, 1)
  target('grep of every line over rg', over.print[1] ?? Number.NaN, 1)
  writeFileSync(path, '')
}

for (const [kind, texts] of Object.entries(patterns)) {
  // oxlint-disable-next-line no-await-in-loop
  if (report.wants(kind)) await allMatches(kind, texts)
}
/** The least geometric mean, and the least of the worst row. */
const TARGETS: readonly (readonly [Way, number, number?])[] = [
  ['regex', 2.5, 0.8],
  ['Hyperscan', 2],
  ['PCRE2-JIT', 4],
  ['rg', 3],
  ['V8', 8, 1],
]
for (const [name, least, worst] of TARGETS) {
  if (ratios[name].length === 0) continue
  report.target(`all matches over ${name}, geometric mean`, geometricMean(ratios[name]), 'times', {
    least,
  })
  if (worst !== undefined) {
    const value = Math.min(...ratios[name])
    report.target(`all matches over ${name}, the worst row`, value, 'times', { least: worst })
  }
}
if (report.wants('small')) await small()
if (report.wants('lists')) await lists()
if (report.wants('making')) making()
if (report.wants('linear')) linear()
if (report.wants('addon')) addonSize()
if (report.wants('iterating')) iterating()
if (report.wants('programs')) await programs()
report.end()
if (given.write) spawnSync(process.execPath, [here('../scripts/plot.mjs')], { stdio: 'inherit' })
process.exit()
