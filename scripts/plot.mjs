/**
 * Draws docs/search.svg from the table of measurements in docs/search.md, which is the one place of its
 * figures. With `--check` it writes nothing, and fails when the picture is stale.
 *
 * The picture has its colours for light and dark pages in itself: GitHub and npm show it as an image.
 */

import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const page = fileURLToPath(new URL('../docs/search.md', import.meta.url))
const picture = fileURLToPath(new URL('../docs/search.svg', import.meta.url))

/** What is drawn: a haystack and a needle of the table, and what to call them. */
const chosen = [
  ['random', '16 bytes', 'random bytes'],
  ['log text', 'phrase, absent', 'a phrase in a log'],
  ['source text', 'identifier, absent', 'an identifier in source text'],
  ['JSON', 'key and value, absent', 'a key and a value in JSON'],
  ['CSV digits', 'number in a column', 'a number in a table of digits'],
  ['UTF-16', 'word of common letters', 'a word in UTF-16'],
  ['DNA', '32 letters', '32 letters in DNA'],
]

/** The table's columns, and their colours on a light and on a dark page. */
const peers = [
  ['fmmap', '#c2410c', '#fb923c'],
  ['stringzilla', '#2563eb', '#60a5fa'],
  ['memmem', '#64748b', '#94a3b8'],
  ['glibc', '#a8a29e', '#57534e'],
]

/** The rows of the table whose head has our columns: by haystack, needle and direction. */
function measurements() {
  const rows = readFileSync(page, 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    )
  const head = rows.find((cells) => cells[0] === 'haystack' && cells[1] === 'needle')
  return new Map(
    rows.map((cells) => [
      cells.slice(0, 3).join('/'),
      Object.fromEntries(head.map((name, at) => [name, Number(cells[at] || Number.NaN)])),
    ]),
  )
}

const WIDTH = 760
const LEFT = 250
const RIGHT = 60
const BAR = 9
const GROUP = 24
const TOP = 64

function draw() {
  const table = measurements()
  const groups = chosen.flatMap(([haystack, needle, label]) =>
    ['find', 'rfind'].map((direction) => {
      const values = table.get(`${haystack}/${needle}/${direction}`)
      if (values === undefined) throw new Error(`no row ${haystack}, ${needle}, ${direction}`)
      return { label: direction === 'find' ? label : '', direction, values }
    }),
  )
  const most = Math.max(...groups.flatMap(({ values }) => peers.map(([name]) => values[name] || 0)))
  const scale = (WIDTH - LEFT - RIGHT) / most
  const parts = []
  let y = TOP
  for (const { label, direction, values } of groups) {
    const shown = peers.filter(([name]) => Number.isFinite(values[name]))
    const middle = y + (shown.length * BAR) / 2 + 4
    if (label !== '') parts.push(text(LEFT - 56, middle, label, 'end'))
    parts.push(text(LEFT - 10, middle, direction, 'end', 'quiet'))
    for (const [name] of shown) {
      const width = Math.max(1, values[name] * scale).toFixed(1)
      parts.push(
        `<rect class="${name}" x="${LEFT}" y="${y}" width="${width}" height="${BAR - 1}"/>`,
      )
      if (name === 'fmmap')
        parts.push(text(LEFT + Number(width) + 6, y + 8, values[name].toFixed(1)))
      y += BAR
    }
    y += direction === 'find' ? 6 : GROUP - BAR
  }
  const legend = peers.map(([name], at) => {
    const x = LEFT + at * 110
    return `<rect class="${name}" x="${x}" y="36" width="10" height="10"/>${text(x + 16, 45, name)}`
  })
  const rule = (at) => `.${peers[at][0]}{fill:${peers[at][1]}}`
  const dark = (at) => `.${peers[at][0]}{fill:${peers[at][2]}}`
  const all = peers.map((_, at) => at)
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${y}" role="img" aria-label="Searching memory, GB/s of processor time: fmmap, stringzilla, memmem and glibc">
<style>text{font:12px system-ui,sans-serif;fill:#1c1917}.quiet{fill:#78716c}${all.map(rule).join('')}@media(prefers-color-scheme:dark){text{fill:#e7e5e4}.quiet{fill:#a8a29e}${all.map(dark).join('')}}</style>
${text(LEFT, 20, 'GB/s of one core; longer is faster')}
${legend.join('\n')}
${parts.join('\n')}
</svg>
`
}

const text = (x, y, words, anchor = 'start', name = '') =>
  `<text x="${x}" y="${y}"${anchor === 'start' ? '' : ` text-anchor="${anchor}"`}${name === '' ? '' : ` class="${name}"`}>${words}</text>`

const drawn = draw()
if (!process.argv.includes('--check')) {
  writeFileSync(picture, drawn)
} else if (readFileSync(picture, 'utf8') !== drawn) {
  console.error('docs/search.svg is stale: npm run plot')
  process.exitCode = 1
}
