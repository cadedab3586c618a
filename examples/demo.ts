/**
 * Searches a file through a map, and in the two ways that Node has without one.
 *
 *   npm run demo                    the running Node executable, some 100 MB
 *   npm run demo -- FILE NEEDLE     another file, another string
 *
 * Each way runs in a process of its own, and they take turns, so that the time and the private memory of each can be
 * measured. RssAnon is the memory that a process keeps for itself. Mapped pages of files are not part of it, since
 * the kernel takes them back whenever it likes.
 */

import { execFileSync } from 'node:child_process'
import { closeSync, openSync, readFileSync, readSync, statSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { ACCESS_READ, Mmap } from '../index.js'

interface Answer {
  first: number
  last: number
  count: number
  line: string
}

interface Run extends Answer {
  milliseconds: number
  /** The private bytes of the process afterwards, or -1 where /proc does not tell. */
  rssAnon: number
}

const BLOCK = 1024 * 1024
/** At most this much of a line is shown: an executable's lines can be long. */
const LINE = 256

const ways: Record<string, (path: string, needle: Buffer) => Answer> = {
  fmmap(path, needle) {
    using m = Mmap.open(path, { access: ACCESS_READ })
    const first = m.find(needle)
    const last = m.rfind(needle)
    const count = m.count(needle)
    m.seek(Math.max(first, 0))
    return { first, last, count, line: shown(m.readline()) }
  },

  'readFileSync + indexOf'(path, needle) {
    const bytes = readFileSync(path)
    const first = bytes.indexOf(needle)
    const last = bytes.lastIndexOf(needle)
    let count = 0
    for (let at = first; at !== -1; at = bytes.indexOf(needle, at + needle.length)) count++
    return { first, last, count, line: shown(bytes.subarray(Math.max(first, 0))) }
  },

  // The fairest comparison: it needs hardly any memory, and differs from a map only in the search.
  'readSync of 1 MiB blocks'(path, needle) {
    const fd = openSync(path, 'r')
    const overlap = needle.length - 1
    const block = Buffer.allocUnsafe(BLOCK + overlap)
    let [first, last, count] = [-1, -1, 0]
    // Where the next match may start, since matches do not overlap.
    let next = 0
    // How many bytes of the last block are kept, because a match may lie in two blocks.
    let kept = 0
    let base = 0
    for (;;) {
      const filled = kept + readSync(fd, block, kept, BLOCK, null)
      if (filled === kept) break
      const bytes = block.subarray(0, filled)
      for (let at = bytes.indexOf(needle, Math.max(0, next - base)); at !== -1;) {
        if (first === -1) first = base + at
        count++
        next = base + at + needle.length
        at = bytes.indexOf(needle, at + needle.length)
      }
      const hit = bytes.lastIndexOf(needle)
      if (hit !== -1) last = base + hit
      kept = Math.min(overlap, filled)
      bytes.copy(block, 0, filled - kept)
      base += filled - kept
    }
    const rest = Buffer.alloc(LINE)
    const length = readSync(fd, rest, 0, LINE, Math.max(first, 0))
    closeSync(fd)
    return { first, last, count, line: shown(rest.subarray(0, length)) }
  },
}

/** A line in printable form: up to its end or a limit, with dots for everything that is not ASCII. */
function shown(bytes: Buffer): string {
  const end = bytes.indexOf(10)
  return bytes
    .subarray(0, Math.min(end === -1 ? bytes.length : end, LINE))
    .toString('latin1')
    .replaceAll(/[^ -~]/g, '.')
}

const [path = process.execPath, needle = 'Buffer', way] = process.argv.slice(2)
if (way === undefined) {
  compare()
} else {
  process.stdout.write(JSON.stringify(run(way)))
}

/** In the child: runs one way once. */
function run(name: string): Run {
  const search = ways[name]
  if (search === undefined) throw new Error(`no way is called ${name}`)
  const start = process.hrtime.bigint()
  const answer = search(path, Buffer.from(needle))
  const milliseconds = Number(process.hrtime.bigint() - start) / 1e6
  return { ...answer, milliseconds, rssAnon: rssAnon() }
}

/** The private memory of this process in bytes, or -1 where /proc does not tell. */
function rssAnon(): number {
  try {
    const [, kib] = /^RssAnon:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? []
    return kib === undefined ? -1 : Number(kib) * 1024
  } catch {
    return -1
  }
}

/** In the parent: runs every way in turn, five times, and keeps the fastest run of each. */
function compare(): void {
  if (needle === '') throw new Error('the needle is empty')
  const { size } = statSync(path)
  console.log(`${path}, ${(size / 1e6).toFixed(1)} MB; needle ${JSON.stringify(needle)}\n`)
  const best = new Map<string, Run>()
  for (let turn = 0; turn < 5; turn++) {
    for (const name of Object.keys(ways)) {
      const said = execFileSync(
        process.execPath,
        [...process.execArgv, fileURLToPath(import.meta.url), path, needle, name],
        { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] },
      )
      const result = JSON.parse(said) as Run
      const faster = best.get(name)
      if (faster === undefined || result.milliseconds < faster.milliseconds) best.set(name, result)
    }
  }

  const answers = [...best.values()].map(({ first, last, count, line }) =>
    JSON.stringify({ first, last, count, line }),
  )
  if (new Set(answers).size !== 1) throw new Error(`the answers differ:\n${answers.join('\n')}`)
  const [answer] = best.values()
  console.log(`first at ${answer?.first}, last at ${answer?.last}, ${answer?.count} in all`)
  console.log(`the line from the first one on: ${answer?.line}\n`)

  // Up to the first match, down to the last, and once through the whole file for the count.
  const searched =
    answer === undefined || answer.first === -1
      ? 3 * size
      : size + answer.first + size - answer.last
  console.log(line('', 'ms', 'GB/s', 'RssAnon MB'))
  for (const [name, { milliseconds, rssAnon: bytes }] of best) {
    const speed = searched / milliseconds / 1e6
    const memory = bytes === -1 ? '?' : (bytes / 1e6).toFixed(1)
    console.log(line(name, milliseconds.toFixed(1), speed.toFixed(2), memory))
  }
  console.log(
    '\nAll gave the same answer; open, find, rfind, count and readline, the best of five.',
  )
}

function line(name: string, ...cells: string[]): string {
  return name.padEnd(26) + cells.map((cell) => cell.padStart(12)).join('')
}
