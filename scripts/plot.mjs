/**
 * Draws the pictures of docs/, and writes the tables of README.md, docs/search.md and docs/performance.md, from
 * benchmark/results, which `npm run bench -- --json` and `npm run bench:patterns -- --write` write. With `--check` it
 * writes nothing, and fails when one of them is stale.
 *
 * The pictures have their colours for light and dark pages in themselves: GitHub and npm show them as images.
 */

import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const at = (path) => fileURLToPath(new URL(`../${path}`, import.meta.url))
const results = (name) => JSON.parse(readFileSync(at(`benchmark/results/${name}.json`), 'utf8'))
const search = results('search')
const rivals = results('rivals')

/** The rows that are drawn: a haystack and a needle, and what to call them. */
const chosen = [
  ['random', '16 bytes', 'random bytes'],
  ['log text', 'phrase, absent', 'a phrase in a log'],
  ['source text', 'identifier, absent', 'an identifier in source text'],
  ['JSON', 'key and value, absent', 'a key and a value in JSON'],
  ['CSV digits', 'number in a column', 'a number in a table of digits'],
  ['UTF-16', 'word of common letters', 'a word in UTF-16'],
  ['DNA', '32 letters', '32 letters in DNA'],
]

/** The colours on a light and on a dark page, in the order of the legend. */
const COLOURS = [
  ['#c2410c', '#fb923c'],
  ['#2563eb', '#60a5fa'],
  ['#64748b', '#94a3b8'],
  ['#a8a29e', '#57534e'],
  ['#0f766e', '#2dd4bf'],
]

/** Groups the figures by haystack, needle and direction, with the values of the peers in each row. */
function grouped(figures, peerOf, valueOf) {
  const rows = new Map()
  for (const figure of figures) {
    const { kind, label, direction } = figure
    const key = `${kind}/${label}/${direction}`
    if (!rows.has(key)) rows.set(key, { kind, label, direction, values: {} })
    rows.get(key).values[peerOf(figure)] = valueOf(figure)
  }
  return rows
}

const KIB = 1024
const size = (bytes) =>
  bytes >= KIB && bytes % KIB === 0 ? `${bytes / KIB} KiB` : `${bytes} bytes`

/** The engine's figures. `haystack` is the kind and the length. */
const engine = search.figures.map((figure) => {
  const [, kind, bytes] = /^(.*), (\d+) bytes$/.exec(figure.haystack) ?? []
  const length = Number(bytes)
  const named = kind === 'small' ? `small, ${size(length)}` : kind
  const { row: label, direction, peer, gbps_median, nanoseconds } = figure
  return { kind: named, label, length, direction, peer, gbps_median, nanoseconds }
})
const speeds = (figures) =>
  grouped(
    figures,
    ({ peer }) => peer,
    ({ gbps_median }) => gbps_median,
  )
const times = (figures) =>
  grouped(
    figures,
    ({ peer }) => peer,
    ({ nanoseconds }) => nanoseconds,
  )

/** The figures of other languages: the seconds of each in one row. */
const others = Object.values(rivals.figures).flatMap(
  ({ kind, label, direction, length, scanned, seconds }) =>
    Object.entries(seconds).map(([peer, taken]) => ({
      kind,
      label,
      direction,
      length,
      peer,
      gbps_median: scanned / taken / 1e9,
      nanoseconds: taken * 1e9,
    })),
)

const WIDTH = 760
const LEFT = 250
const RIGHT = 60
const BAR = 9
const GROUP = 24
const TOP = 64

/**
 * Draws a picture of bars: in each group the values of the peers, the first of which is written beside its bar. A
 * group without a label belongs to the one before.
 */
function draw(groups, peers, words, unit, digits = 1) {
  const most = Math.max(...groups.flatMap(({ values }) => peers.map((name) => values[name] ?? 0)))
  const scale = (WIDTH - LEFT - RIGHT) / most
  const bars = []
  let y = TOP
  for (const { label, quiet = '', values } of groups) {
    if (y > TOP) y += label === '' ? 6 : GROUP - BAR
    const shown = peers.filter((name) => Number.isFinite(values[name]))
    const middle = y + (shown.length * BAR) / 2 + 4
    if (label !== '') bars.push(text(LEFT - (quiet === '' ? 10 : 56), middle, label, 'end'))
    if (quiet !== '') bars.push(text(LEFT - 10, middle, quiet, 'end', 'quiet'))
    for (const name of shown) {
      const width = Math.max(1, values[name] * scale).toFixed(1)
      const place = `x="${LEFT}" y="${y}" width="${width}" height="${BAR - 1}"`
      bars.push(`<rect class="p${peers.indexOf(name)}" ${place}/>`)
      if (name === peers[0])
        bars.push(text(LEFT + Number(width) + 6, y + 8, values[name].toFixed(digits)))
      y += BAR
    }
  }
  y += GROUP - BAR
  let x = LEFT
  const legend = peers.map((name, index) => {
    const entry = `<rect class="p${index}" x="${x}" y="36" width="10" height="10"/>${text(x + 16, 45, name)}`
    x += 36 + 7 * name.length
    return entry
  })
  const rules = (shade) => peers.map((_, i) => `.p${i}{fill:${COLOURS[i][shade]}}`).join('')
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${y}" role="img" aria-label="${words}: ${peers.join(', ')}">
<style>text{font:12px system-ui,sans-serif;fill:#1c1917}.quiet{fill:#78716c}${rules(0)}@media(prefers-color-scheme:dark){text{fill:#e7e5e4}.quiet{fill:#a8a29e}${rules(1)}}</style>
${text(LEFT, 20, unit)}
${legend.join('\n')}
${bars.join('\n')}
</svg>
`
}

const SPEED = 'GB/s of one core; longer is faster'

/** The groups of the chosen rows, in both directions. */
const bothWays = (rows) =>
  chosen.flatMap(([kind, needle, label]) =>
    ['find', 'rfind'].map((direction) => {
      const row = rows.get(`${kind}/${needle}/${direction}`)
      if (row === undefined) throw new Error(`no row ${kind}, ${needle}, ${direction}`)
      return { label: direction === 'find' ? label : '', quiet: direction, values: row.values }
    }),
  )

/** What stands between the tags of a picture. */
const escaped = (words) => words.replaceAll('&', '&amp;').replaceAll('<', '&lt;')

const text = (x, y, words, anchor = 'start', name = '') =>
  `<text x="${x}" y="${y}"${anchor === 'start' ? '' : ` text-anchor="${anchor}"`}${name === '' ? '' : ` class="${name}"`}>${escaped(words)}</text>`

/** A table with a row for each of the rows and a column for each peer. */
function table(rows, peers, cell, digits) {
  const lines = [
    `| haystack | needle | | ${peers.join(' | ')} |`,
    `|---|---|---|${'---|'.repeat(peers.length)}`,
  ]
  for (const { kind, label, direction, values } of rows.values()) {
    const cells = peers.map((name) =>
      Number.isFinite(values[name]) ? `${values[name].toFixed(digits)}${cell}` : '',
    )
    lines.push(`| ${kind} | ${label} | ${direction} | ${cells.join(' | ')} |`)
  }
  return lines.join('\n')
}

function counts() {
  const peers = ['fmmap', 'fmmap batches', 'memmem']
  const lines = [
    '| haystack | count of | fmmap | in batches of offsets | memmem |',
    '|---|---|---|---|---|',
  ]
  for (const { kind, label, values } of speeds(
    engine.filter(({ direction }) => direction === 'count'),
  ).values()) {
    const cells = peers.map((name) => values[name].toFixed(1))
    lines.push(`| ${kind} | \`${label}\` | ${cells.join(' | ')} |`)
  }
  return lines.join('\n')
}

function targets(list) {
  const lines = ['| | target | worst row | |', '|---|---|---|---|']
  for (const { name, value, unit, least, most, worst } of list) {
    const where = worst === undefined ? '' : `, ${worst.replace(/, \d+ bytes/, '')}`
    const word = value >= (least ?? -Infinity) && value <= (most ?? Infinity) ? 'met' : 'missed'
    const bound = least === undefined ? `at most ${most} ${unit}` : least
    lines.push(`| ${name} | ${bound} | ${value.toFixed(2)}${where} | ${word} |`)
  }
  return lines.join('\n')
}

const found = engine.filter(({ direction }) => direction !== 'count')
const ENGINE = ['fmmap', 'stringzilla', 'memmem', 'glibc']
const RIVALS = ['fmmap', 'Bun indexOf', 'Node indexOf', 'CPython', 'PyPI fmmap']
const EVERY_RIVAL = [
  'fmmap',
  'Node indexOf',
  'fmmap on Bun',
  'Bun indexOf',
  'CPython',
  'PyPI fmmap',
]
const tables = {
  search: () =>
    table(
      speeds(found.filter(({ length }) => length > 4 * KIB)),
      ['fmmap', 'one byte', 'memmem', 'glibc', 'stringzilla'],
      '',
      1,
    ),
  small: () =>
    table(
      times(found.filter(({ length }) => length <= 4 * KIB)),
      ['fmmap', 'memmem', 'glibc', 'stringzilla'],
      ' ns',
      0,
    ),
  counts,
  targets: () => targets(search.targets),
  rivals: () => table(speeds(others.filter(({ length }) => length > 64 * KIB)), EVERY_RIVAL, '', 1),
  'rivals-small': () =>
    table(times(others.filter(({ length }) => length <= 64 * KIB)), EVERY_RIVAL, ' ns', 0),
  'rivals-targets': () => targets(rivals.targets),
}

/** Patterns and lists beside other engines. */
const patterns = results('patterns')
const parts = (name) =>
  Object.entries(patterns.figures).filter(([, { part }]) =>
    name === 'matches'
      ? !['small', 'lists', 'making', 'linear', 'iterating', 'programs'].includes(part)
      : part === name,
  )
const fastest = (times) => {
  const numbers = (times ?? []).filter((time) => time !== null)
  return numbers.length === 0 ? undefined : Math.min(...numbers)
}
/** Rows of the fastest times; `show` prints one. */
const peers = (rows, names, show) =>
  [
    `| | ${names.join(' | ')} |`,
    `|---|${names.map(() => '---').join('|')}|`,
    ...rows.map(([name, times]) => {
      const cells = names.map((peer) => {
        const time = fastest(times[peer])
        return time === undefined ? '–' : show(time)
      })
      return `| \`${name.replaceAll('|', '\\|')}\` | ${cells.join(' | ')} |`
    }),
  ].join('\n')
const whole = (time) => time.toFixed(time < 10 ? 1 : 0)
const machine = ({ runtime, machine: { cores, cpu, kernel } }) =>
  `Measured with ${runtime} on ${cores} cores of an ${cpu}, Linux ${kernel}.`
const patternTables = {
  patterns: () =>
    [
      machine(patterns),
      peers(
        parts('matches'),
        ['fmmap', 'regex', 'Hyperscan', 'PCRE2-JIT', 'rg', 'V8', 'Bun', 'CPython'],
        whole,
      ),
    ].join('\n\n'),
  lists: () =>
    peers(parts('lists'), ['fmmap', 'Teddy', 'aho-corasick', 'regex', 'Hyperscan', 'V8'], whole),
  'patterns-small': () =>
    peers(
      parts('small').map(([name, { nanoseconds }]) => [name, nanoseconds]),
      ['fmmap', 'regex', 'PCRE2-JIT', 'Hyperscan'],
      whole,
    ),
  'pattern-programs': () =>
    peers(
      parts('programs').map(([name, times]) => [name, times]),
      ['fmmap', 'rg', 'nothing'],
      whole,
    ),
  'pattern-targets': () => targets(patterns.targets),
}

/** The patterns that are drawn, those among them that others find faster. */
const drawnPatterns = [
  ['log /ERROR|WARN/', 'two words in a log'],
  ['log /error/i', 'a word without case'],
  ['log /\\d{4}-\\d\\d-\\d\\d/', 'dates'],
  ['log /[\\w.+-]+@[\\w-]+\\.[\\w.-]+/', 'mail addresses'],
  ['log /(?:\\d{1,3}\\.){3}\\d{1,3}/', 'IPv4 addresses'],
  ['log /\\w+/', 'every word'],
  ['sources /"[^"\\n]*"/', 'strings in sources'],
  ['sources /function \\w+\\(/', 'functions in sources'],
  ['json /"id":\\d+/', 'a key and a number in JSON'],
  ['csv /^\\d+,/m', 'the first column of a table'],
  ['dna /[AG]C.GT[CT]/', 'a motif in DNA'],
  ['log /(?:a*)*b/', 'nested loops, (?:a*)*b'],
]

/** Bytes of the haystacks of `npm run bench:patterns`. */
const PATTERNS_SIZE = 128 * KIB * KIB

/** The speeds in GB/s of times in milliseconds. */
const speedsOf = (times, names) =>
  Object.fromEntries(
    names.flatMap((name) => {
      const time = fastest(times[name])
      return time === undefined ? [] : [[name, PATTERNS_SIZE / time / 1e6]]
    }),
  )

const PATTERN_PEERS = ['fmmap', 'regex', 'Hyperscan', 'PCRE2-JIT', 'V8']
const LIST_PEERS = ['fmmap', 'Teddy', 'aho-corasick', 'Hyperscan', 'V8']

const patternGroups = () =>
  drawnPatterns.map(([name, label]) => {
    const times = patterns.figures[name]
    if (times === undefined) throw new Error(`no row ${name}`)
    return { label, values: speedsOf(times, PATTERN_PEERS) }
  })

const listGroups = () =>
  parts('lists').map(([label, times]) => ({ label, values: speedsOf(times, LIST_PEERS) }))

/** Whole programs that count lines. */
const programs = results('programs')
const PROGRAMS = ['fmmap', 'rg -F -c', 'grep -F -c', 'readSync loop', 'node:readline']
const programGroups = () =>
  WORDS.map((word) => ({
    label: `${programs.figures[`fmmap, ${word}`].lines.toLocaleString('en')} lines`,
    values: Object.fromEntries(
      PROGRAMS.map((name) => [name, fastest(programs.figures[`${name}, ${word}`].seconds)]),
    ),
  }))

const WORDS = ['rare', 'frequent', 'absent']
const MIB = KIB * KIB
/** The least and the greatest of some numbers, once if they look the same. */
const range = (numbers, show) =>
  [...new Set([Math.min(...numbers), Math.max(...numbers)].map(show))].join(' to ')

/** Whole programs: seconds for each word, and MiB of memory of which sort. */
function programTable(names, memories) {
  const counted = WORDS.map((word) => {
    const { lines } = programs.figures[`fmmap, ${word}`]
    return lines === 0 ? 'none' : `${lines.toLocaleString('en')} lines`
  })
  const titles = [...counted, ...memories.map(([title]) => title)]
  return [
    `| | ${titles.join(' | ')} |`,
    `|---|${titles.map(() => '---|').join('')}`,
    ...names.map(([name, label]) => {
      const rows = WORDS.map((word) => programs.figures[`${name}, ${word}`])
      const times = rows.map(({ seconds }) => fastest(seconds).toFixed(3))
      const most = memories.map(([, key]) =>
        range(
          rows.map((row) => row[key]),
          (number) => Math.max(1, number).toFixed(0),
        ),
      )
      return `| ${label} | ${[...times, ...most].join(' | ')} |`
    }),
  ].join('\n')
}

/** The lines of a large log: milliseconds of the fastest read, and the most private memory of one. */
const lineFigures = results('bulk').figures
function lineTable(names) {
  return [
    '| | milliseconds | private memory, MiB |',
    '|---|---|---|',
    ...names.map(([name, label]) => {
      const { reads } = lineFigures[name]
      const milliseconds = fastest(reads.map((read) => read.milliseconds))
      const memory = Math.max(...reads.map((read) => read.memory)) / MIB
      return `| ${label} | ${milliseconds.toFixed(0)} | ${memory.toFixed(0)} |`
    }),
  ].join('\n')
}

const README_PROGRAMS = [
  ['rg -F -c', '`rg -F -c`'],
  ['fmmap', 'fmmap'],
  ['grep -F -c', '`grep -F -c`'],
  ['readSync loop', 'Node, a loop of `readSync` and `indexOf`'],
  ['node:readline', '`node:readline`'],
  ['node, nothing', 'an empty Node program'],
]
const readmeTables = {
  programs: () => programTable(README_PROGRAMS, [['private memory, MiB', 'own']]),
  lines: () =>
    lineTable([
      ['m.lines()', '`m.lines()`'],
      ['m.lines(), to strings', '`m.lines()`, each to a string'],
      ['readFileSync, split', '`readFileSync`, `split`'],
      ['node:readline, for await', '`node:readline`'],
    ]),
}
const EVERY_PROGRAM = [
  ...README_PROGRAMS,
  ['rg -F --count-matches', '`rg -F --count-matches`'],
  ['fmmap, matches', 'fmmap, `count`'],
]
const programTables = {
  programs: () =>
    programTable(EVERY_PROGRAM, [
      ['RSS, MiB', 'peak'],
      ['private', 'own'],
    ]),
}

/** A page with its tables, each of which stands between two comments. */
function page(path, made) {
  let words = readFileSync(at(path), 'utf8')
  for (const [name, make] of Object.entries(made)) {
    const place = new RegExp(`(<!-- figures ${name} -->\n)[^]*?(\n<!-- end -->)`)
    if (!place.test(words)) throw new Error(`${path} has no place for ${name}`)
    words = words.replace(place, (_, begin, end) => `${begin}\n${make()}\n${end}`)
  }
  return words
}

const made = {
  'docs/search.svg': draw(
    bothWays(speeds(found)),
    ENGINE,
    'Searching memory, GB/s of processor time',
    SPEED,
  ),
  'docs/rivals.svg': draw(
    bothWays(speeds(others)),
    RIVALS,
    'find and rfind, GB/s of processor time',
    SPEED,
  ),
  'docs/patterns.svg': draw(
    patternGroups(),
    PATTERN_PEERS,
    'All matches of patterns, GB/s of processor time',
    SPEED,
  ),
  'docs/needles.svg': draw(
    listGroups(),
    LIST_PEERS,
    'All matches of lists of words, GB/s of processor time',
    SPEED,
  ),
  'docs/programs.svg': draw(
    programGroups(),
    PROGRAMS,
    'Programs that count the lines with a word, seconds',
    'seconds, with the start of the process; shorter is faster',
    3,
  ),
  'docs/search.md': page('docs/search.md', tables),
  'docs/performance.md': page('docs/performance.md', { ...patternTables, ...programTables }),
  'README.md': page('README.md', readmeTables),
}
for (const [path, content] of Object.entries(made)) {
  if (!process.argv.includes('--check')) writeFileSync(at(path), content)
  else if (readFileSync(at(path), 'utf8') !== content) {
    console.error(`${path} is stale: npm run plot`)
    process.exitCode = 1
  }
}
