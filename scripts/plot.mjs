/**
 * Draws docs/search.svg and docs/rivals.svg, and writes the tables of docs/search.md, from benchmark/results, which
 * `npm run bench:search -- --json` writes. With `--check` it writes nothing, and fails when one of them is stale.
 *
 * The pictures have their colours for light and dark pages in themselves: GitHub and npm show them as images.
 */

import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const at = (path) => fileURLToPath(new URL(`../${path}`, import.meta.url))
const results = (name) => JSON.parse(readFileSync(at(`benchmark/results/${name}.json`), 'utf8'))
const search = results('search')
const rivals = results('rivals')

/** What is drawn: a haystack and a needle of the rows, and what to call them. */
const chosen = [
  ['random', '16 bytes', 'random bytes'],
  ['log text', 'phrase, absent', 'a phrase in a log'],
  ['source text', 'identifier, absent', 'an identifier in source text'],
  ['JSON', 'key and value, absent', 'a key and a value in JSON'],
  ['CSV digits', 'number in a column', 'a number in a table of digits'],
  ['UTF-16', 'word of common letters', 'a word in UTF-16'],
  ['DNA', '32 letters', '32 letters in DNA'],
]

/** Colours on a light and on a dark page, by the place in the legend. */
const COLOURS = [
  ['#c2410c', '#fb923c'],
  ['#2563eb', '#60a5fa'],
  ['#64748b', '#94a3b8'],
  ['#a8a29e', '#57534e'],
  ['#0f766e', '#2dd4bf'],
]

/** Rows by haystack, needle and direction; of each, what the peers took. */
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

/** The engine's figures: `haystack` is the kind and the length. */
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

/** The figures beside other languages: seconds of each in one row. */
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

/** A picture of bars: for each chosen row the speeds of the peers, ours first. */
function draw(rows, peers, words) {
  const groups = chosen.flatMap(([kind, needle, label]) =>
    ['find', 'rfind'].map((direction) => {
      const row = rows.get(`${kind}/${needle}/${direction}`)
      if (row === undefined) throw new Error(`no row ${kind}, ${needle}, ${direction}`)
      return { label: direction === 'find' ? label : '', direction, values: row.values }
    }),
  )
  const most = Math.max(...groups.flatMap(({ values }) => peers.map((name) => values[name] ?? 0)))
  const scale = (WIDTH - LEFT - RIGHT) / most
  const parts = []
  let y = TOP
  for (const { label, direction, values } of groups) {
    const shown = peers.filter((name) => Number.isFinite(values[name]))
    const middle = y + (shown.length * BAR) / 2 + 4
    if (label !== '') parts.push(text(LEFT - 56, middle, label, 'end'))
    parts.push(text(LEFT - 10, middle, direction, 'end', 'quiet'))
    for (const name of shown) {
      const width = Math.max(1, values[name] * scale).toFixed(1)
      const place = `x="${LEFT}" y="${y}" width="${width}" height="${BAR - 1}"`
      parts.push(`<rect class="p${peers.indexOf(name)}" ${place}/>`)
      if (name === peers[0])
        parts.push(text(LEFT + Number(width) + 6, y + 8, values[name].toFixed(1)))
      y += BAR
    }
    y += direction === 'find' ? 6 : GROUP - BAR
  }
  let x = LEFT
  const legend = peers.map((name, index) => {
    const entry = `<rect class="p${index}" x="${x}" y="36" width="10" height="10"/>${text(x + 16, 45, name)}`
    x += 36 + 7 * name.length
    return entry
  })
  const rules = (shade) => peers.map((_, i) => `.p${i}{fill:${COLOURS[i][shade]}}`).join('')
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${y}" role="img" aria-label="${words}: ${peers.join(', ')}">
<style>text{font:12px system-ui,sans-serif;fill:#1c1917}.quiet{fill:#78716c}${rules(0)}@media(prefers-color-scheme:dark){text{fill:#e7e5e4}.quiet{fill:#a8a29e}${rules(1)}}</style>
${text(LEFT, 20, 'GB/s of one core; longer is faster')}
${legend.join('\n')}
${parts.join('\n')}
</svg>
`
}

const text = (x, y, words, anchor = 'start', name = '') =>
  `<text x="${x}" y="${y}"${anchor === 'start' ? '' : ` text-anchor="${anchor}"`}${name === '' ? '' : ` class="${name}"`}>${words}</text>`

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
  for (const { name, value, least, worst } of list) {
    const where = worst === undefined ? '' : `, ${worst.replace(/, \d+ bytes/, '')}`
    const word = value >= least ? 'met' : 'missed'
    lines.push(`| ${name} | ${least} | ${value.toFixed(2)}${where} | ${word} |`)
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

/** The page with its tables: each stands between two comments. */
function page() {
  let words = readFileSync(at('docs/search.md'), 'utf8')
  for (const [name, make] of Object.entries(tables)) {
    const place = new RegExp(`(<!-- figures ${name} -->\n)[^]*?(\n<!-- end -->)`)
    if (!place.test(words)) throw new Error(`docs/search.md has no place for ${name}`)
    words = words.replace(place, (_, begin, end) => `${begin}\n${make()}\n${end}`)
  }
  return words
}

const made = {
  'docs/search.svg': draw(speeds(found), ENGINE, 'Searching memory, GB/s of processor time'),
  'docs/rivals.svg': draw(speeds(others), RIVALS, 'find and rfind, GB/s of processor time'),
  'docs/search.md': page(),
}
for (const [path, content] of Object.entries(made)) {
  if (!process.argv.includes('--check')) writeFileSync(at(path), content)
  else if (readFileSync(at(path), 'utf8') !== content) {
    console.error(`${path} is stale: npm run plot`)
    process.exitCode = 1
  }
}
