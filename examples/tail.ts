/**
 * The last lines of a file, however long it is: tail -n.
 *
 *   node --import @oxc-node/core/register examples/tail.ts [-n LINES] FILE
 *
 * Lines are read backwards from the end, so the time depends on them and not on the file.
 */

import { parseArgs } from 'node:util'
import { Mmap } from 'fmmap'
import { print } from './print.ts'

/** Where the last `count` lines begin. */
export function startOfTail(m: Mmap, count: number): number {
  // A last line without a newline is a line too.
  let start = m.length + (m.get(-1) === 10 ? 0 : 1)
  let left = count
  if (left === 0) return m.length
  for (const line of m.lines({ reverse: true })) {
    start -= line.length + 1
    left -= 1
    if (left === 0) break
  }
  return start
}

function main(): number {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { lines: { type: 'string', short: 'n', default: '10' } },
  })
  const count = Number(values.lines)
  const [path] = positionals
  if (path === undefined || !Number.isSafeInteger(count) || count < 0) {
    console.error('usage: tail [-n LINES] FILE')
    return 2
  }
  let m: Mmap
  try {
    m = Mmap.open(path)
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (code === 'ERR_MMAP_EMPTY_FILE') return 0
    console.error(`tail: ${path}: ${message}`)
    return 1
  }
  const block = 64 * 1024
  for (let at = startOfTail(m, count); at < m.length; at += block) print(m.slice(at, at + block))
  m.close()
  return 0
}

if (process.argv[1] === import.meta.filename) process.exitCode = main()
