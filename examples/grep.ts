/**
 * grep -F over mapped files.
 *
 *   node --import @oxc-node/core/register examples/grep.ts [-c] [-n] [-b] [-o] [-a] [--color[=WHEN]] NEEDLE FILE...
 *
 *   -c count the lines     -n line numbers     -b byte offsets     -o only the matches
 *   --color=always|auto|never                  --progress: also when standard error is no terminal
 *
 * Answers and exit codes are grep's: 0 for a match, 1 for none, 2 for trouble. Every file counts as text (-a).
 * A search over a long file shows how far it is, when standard error is a terminal.
 */

import { writeSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { Mmap } from 'fmmap'
import { print } from './print.ts'

/** One search in a row looks at so many bytes, so that progress can be shown in between. */
const SPAN = 64 * 1024 * 1024

interface Line {
  readonly start: number
  /** Where its newline is, or the end of the file. */
  readonly end: number
}

type Progress = (searched: number, total: number) => void

/** As `m.find(needle, from)`, with a look at the clock between spans. */
function findFrom(m: Mmap, needle: Buffer, from: number, progress: Progress): number {
  for (let start = from; ; start += SPAN) {
    const end = start + SPAN + needle.length - 1
    const at = m.find(needle, start, end)
    if (at !== -1 || end >= m.length) return at
    progress(start + SPAN, m.length)
  }
}

/** The lines that contain the needle, in order. */
export function* matchingLines(
  m: Mmap,
  needle: Buffer,
  progress: Progress = () => {},
): Generator<Line> {
  for (let from = 0; from < m.length;) {
    const at = findFrom(m, needle, from, progress)
    if (at === -1) return
    const start = m.rfind('\n', from, at) + 1 || from
    const newline = m.find('\n', at)
    const end = newline === -1 ? m.length : newline
    yield { start, end }
    from = end + 1
  }
}

/** Gathers what is written, because a system call a line would take longer than the search. */
class Output {
  #parts: Buffer[] = []
  #size = 0

  write(part: Buffer | string): void {
    const bytes = typeof part === 'string' ? Buffer.from(part) : part
    this.#parts.push(bytes)
    this.#size += bytes.length
    if (this.#size > 64 * 1024) this.flush()
  }

  flush(): void {
    print(Buffer.concat(this.#parts))
    this.#parts = []
    this.#size = 0
  }
}

interface Options {
  readonly count: boolean
  readonly numbers: boolean
  readonly offsets: boolean
  readonly only: boolean
  readonly color: boolean
  readonly progress: boolean
}

/** What grep puts around a match, a number and a separator. */
const paint = (code: string, text: string): string =>
  `\u001B[${code}m\u001B[K${text}\u001B[m\u001B[K`
const MATCH = '01;31'
const NUMBER = '32'
const NAME = '35'
const SEPARATOR = '36'

/** Prints the matches of one file; returns how many lines there were. */
function search(
  m: Mmap,
  name: string | undefined,
  needle: Buffer,
  options: Options,
  output: Output,
): number {
  const painted = (code: string, text: string): string => (options.color ? paint(code, text) : text)
  const colon = painted(SEPARATOR, ':')
  const prefix = name === undefined ? '' : painted(NAME, name) + colon
  const match = options.color
    ? Buffer.from(paint(MATCH, needle.toString('latin1')), 'latin1')
    : needle
  let shown = 0
  const progress: Progress = (searched, total) => {
    const now = Date.now()
    if (!options.progress || now - shown < 100) return
    shown = now
    writeSync(2, `\r${Math.floor((searched / total) * 100)} % `)
  }

  let lines = 0
  let counted = 0
  let number = 1
  for (const { start, end } of matchingLines(m, needle, progress)) {
    lines += 1
    progress(end, m.length)
    if (options.count) continue
    if (options.numbers) {
      number += m.count('\n', { start: counted, end: start })
      counted = start
    }
    const before = options.numbers ? prefix + painted(NUMBER, String(number)) + colon : prefix
    const at = (offset: number): string =>
      options.offsets ? before + painted(NUMBER, String(offset)) + colon : before
    if (options.only) {
      if (needle.length === 0) continue
      for (const offset of m.findAll(needle, { start, end })) {
        output.write(at(offset))
        output.write(match)
        output.write('\n')
      }
      continue
    }
    output.write(at(start))
    let from = start
    if (options.color && needle.length > 0) {
      for (const offset of m.findAll(needle, { start, end })) {
        output.write(m.slice(from, offset))
        output.write(match)
        from = offset + needle.length
      }
    }
    output.write(m.slice(from, end))
    output.write('\n')
  }
  if (shown > 0) writeSync(2, '\r\u001B[K')
  if (options.count) output.write(`${prefix}${lines}\n`)
  return lines
}

function main(): number {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      count: { type: 'boolean', short: 'c', default: false },
      'line-number': { type: 'boolean', short: 'n', default: false },
      'byte-offset': { type: 'boolean', short: 'b', default: false },
      'only-matching': { type: 'boolean', short: 'o', default: false },
      text: { type: 'boolean', short: 'a', default: false },
      color: { type: 'string', default: 'auto' },
      progress: { type: 'boolean', default: false },
    },
  })
  const [pattern, ...paths] = positionals
  if (pattern === undefined || paths.length === 0) {
    console.error('usage: grep [-c] [-n] [-b] [-o] [--color=WHEN] NEEDLE FILE...')
    return 2
  }
  if (pattern.includes('\n')) {
    console.error('grep: a needle of several lines is not supported')
    return 2
  }
  const options: Options = {
    count: values.count,
    numbers: values['line-number'],
    offsets: values['byte-offset'],
    only: values['only-matching'],
    color: values.color === 'always' || (values.color === 'auto' && process.stdout.isTTY),
    progress: values.progress || process.stderr.isTTY,
  }
  const needle = Buffer.from(pattern)
  const output = new Output()
  let found = false
  let trouble = false
  for (const path of paths) {
    const name = paths.length > 1 ? path : undefined
    try {
      const m = Mmap.open(path)
      found = search(m, name, needle, options, output) > 0 || found
      m.close()
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException
      if (code === 'ERR_MMAP_EMPTY_FILE') {
        if (options.count) output.write(`${name === undefined ? '' : `${name}:`}0\n`)
        continue
      }
      console.error(`grep: ${path}: ${message}`)
      trouble = true
    }
  }
  output.flush()
  return trouble ? 2 : found ? 0 : 1
}

if (process.argv[1] === import.meta.filename) process.exitCode = main()
