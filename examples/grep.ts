/**
 * grep over mapped files.
 *
 *   node --import @oxc-node/core/register examples/grep.ts [-F] [-i] [-v] [-c] [-n] [-b] [-o] [-h | -H] PATTERN FILE...
 *
 *   -E regular expressions, the default    -F strings                      -e PATTERN: one more
 *   -i case is ignored                     -v the lines without a match    -c how many lines there are
 *   -n line numbers                        -b byte offsets                 -o the matches alone
 *   -h no file names                       -H file names, for one file, too
 *
 * Output and exit codes are GNU grep's: 0 for a line, 1 for none, 2 for trouble. Every file counts as text, as with
 * grep's -a. Patterns are JavaScript's with POSIX's classes: the first of several alternatives that matches counts, not
 * the longest; `^` and `$` are true beside a `\r`, too; there are no backreferences.
 */

import { parseArgs } from 'node:util'
import { Mmap, Pattern } from 'fmmap'
import { print } from './print.ts'

/** What may be in a class, without the newline. */
const CLASSES: Readonly<Record<string, string>> = {
  '\\s': '\\t\\v\\f\\r \\xA0\\u1680\\u2000-\\u200A\\u2028\\u2029\\u202F\\u205F\\u3000\\uFEFF',
  '\\W': '\\0-\\t\\v-/:-@[-^`{-\\uFFFF',
  '\\D': '\\0-\\t\\v-/:-\\uFFFF',
  '[:alnum:]': '0-9A-Za-z',
  '[:alpha:]': 'A-Za-z',
  '[:blank:]': ' \\t',
  '[:digit:]': '0-9',
  '[:lower:]': 'a-z',
  '[:punct:]': '!-/:-@[-`{-~',
  '[:space:]': '\\t\\v\\f\\r ',
  '[:upper:]': 'A-Z',
  '[:xdigit:]': '0-9A-Fa-f',
}

/** A pattern that matches within a line: nothing in it matches a newline, as `[^"]` and `\s` would. */
export function withinLine(source: string): string {
  let inClass = false
  return source.replaceAll(/\\[^]|\[:\w+:\]|\[\^?\]?|\]|\./g, (token) => {
    if (inClass) {
      inClass = !/^\[?\^?\]$/.test(token)
      return CLASSES[token] ?? token
    }
    if (token === '.') return '[^\\n]'
    if (token === '\\<' || token === '\\>') return '\\b'
    const members = CLASSES[token]
    if (members !== undefined) return `[${members}]`
    if (!token.startsWith('[')) return token
    inClass = true
    // A bracket that comes first is one of the class.
    return token.replace('^', '^\\n').replace(']', '\\]')
  })
}

/** Gathers what is written, because a system call a line would take longer than the search. */
class Output {
  readonly #write: (bytes: Uint8Array) => void
  #parts: Buffer[] = []
  #size = 0

  constructor(write: (bytes: Uint8Array) => void) {
    this.#write = write
  }

  write(prefix: string, bytes: Buffer): void {
    if (prefix !== '') this.#parts.push(Buffer.from(prefix))
    this.#parts.push(bytes, NEWLINE)
    this.#size += prefix.length + bytes.length + 1
    if (this.#size > 64 * 1024) this.flush()
  }

  /** Writes lines that have their newlines already. */
  block(bytes: Buffer): void {
    this.flush()
    this.#write(bytes)
  }

  flush(): void {
    if (this.#size === 0) return
    this.#write(Buffer.concat(this.#parts))
    this.#parts = []
    this.#size = 0
  }
}

const NEWLINE = Buffer.from('\n')

interface Options {
  readonly invert: boolean
  readonly count: boolean
  readonly numbers: boolean
  readonly offsets: boolean
  readonly only: boolean
}

/** Prints the lines of one file; whether there are any. */
function search(
  m: Mmap,
  name: string,
  pattern: Pattern,
  { invert, count, numbers, offsets, only }: Options,
  output: Output,
): boolean {
  if (count) {
    const lines = m.countLines(pattern, { invert })
    output.write(name, Buffer.from(String(lines)))
    return lines > 0
  }
  let found = false
  if (name === '' && !offsets && !only) {
    for (const block of m.grep(pattern, { invert, numbers }).blocks()) {
      found = true
      output.block(block)
    }
    return found
  }
  for (const { start, end, number, bytes } of m.grep(pattern, { invert, numbers })) {
    found = true
    const before = numbers ? `${name}${number}:` : name
    if (!only) {
      output.write(offsets ? `${before}${start}:` : before, bytes)
      continue
    }
    for (const match of invert ? [] : m.matchAll(pattern, { start, end })) {
      if (match.end === match.index) continue
      output.write(offsets ? `${before}${match.index}:` : before, match.bytes() as Buffer)
    }
  }
  return found
}

/** What the options and the words of the command line say. */
function readCommandLine(args: string[]): {
  pattern: Pattern
  paths: string[]
  names: boolean
  how: Options
} {
  const flag = (short: string) => ({ type: 'boolean', short, default: false }) as const
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      'extended-regexp': flag('E'),
      'fixed-strings': flag('F'),
      'ignore-case': flag('i'),
      'invert-match': flag('v'),
      count: flag('c'),
      'line-number': flag('n'),
      'byte-offset': flag('b'),
      'only-matching': flag('o'),
      'no-filename': flag('h'),
      'with-filename': flag('H'),
      text: flag('a'),
      regexp: { type: 'string', short: 'e', multiple: true },
    },
  })
  const given = values.regexp ?? positionals.splice(0, 1)
  if (given.length === 0 || positionals.length === 0) {
    throw new TypeError('usage: grep [-EFivcnbohHa] PATTERN FILE...')
  }
  // Lines are patterns of their own.
  const patterns = given.flatMap((one) => one.split('\n'))
  const needles = values['fixed-strings']
    ? patterns
    : patterns.map((source) => new RegExp(withinLine(source), 'm'))
  return {
    pattern: new Pattern(needles, { ignoreCase: values['ignore-case'] }),
    paths: positionals,
    names: !values['no-filename'] && (values['with-filename'] || positionals.length > 1),
    how: {
      invert: values['invert-match'],
      count: values.count,
      numbers: values['line-number'],
      offsets: values['byte-offset'],
      only: values['only-matching'],
    },
  }
}

/** The whole program; its exit code. */
export function grep(
  args: string[],
  write: (bytes: Uint8Array) => void,
  complain: (message: string) => void,
): number {
  const output = new Output(write)
  let [found, trouble] = [false, false]
  const tried = (what: string, call: () => void): void => {
    try {
      call()
    } catch (error) {
      complain(`grep: ${what}${(error as Error).message}`)
      trouble = true
    }
  }
  tried('', () => {
    const { pattern, paths, names, how } = readCommandLine(args)
    for (const path of paths) {
      tried(`${path}: `, () => {
        const m = Mmap.open(path, { empty: true })
        try {
          found = search(m, names ? `${path}:` : '', pattern, how, output) || found
        } finally {
          m.close()
        }
      })
    }
  })
  output.flush()
  return trouble ? 2 : found ? 0 : 1
}

if (process.argv[1] === import.meta.filename) {
  process.exitCode = grep(process.argv.slice(2), print, console.error)
}
