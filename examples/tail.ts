/**
 * The last lines of a file, however long it is; with -f also those that are written from then on: tail -n, tail -F.
 *
 *   node --import @oxc-node/core/register examples/tail.ts [-n LINES] [-f] FILE
 *
 * Lines are read backwards from the end, so the time depends on their number and not on the file's length. With -f
 * the file is followed across rotation and truncation.
 */

import { parseArgs } from 'node:util'
import { Mmap } from 'fmmap'
import { print } from './print.ts'

/** Where the last `count` lines begin. */
export function startOfTail(m: Mmap, count: number): number {
  // A last line without a newline is a line too.
  if (m.length === 0) return 0
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

const NEWLINE = Buffer.from('\n')

/** Writes the lines that come behind `from`, until the signal. */
export async function printFollowing(
  path: string,
  from: number,
  write: (bytes: Uint8Array) => void,
  signal?: AbortSignal,
): Promise<void> {
  for await (const batch of Mmap.follow(path, { from, signal }).batches()) {
    write(Buffer.concat(batch.flatMap((line) => [line.bytes, NEWLINE])))
  }
}

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      lines: { type: 'string', short: 'n', default: '10' },
      follow: { type: 'boolean', short: 'f', default: false },
    },
  })
  const count = Number(values.lines)
  const [path] = positionals
  if (path === undefined || !Number.isSafeInteger(count) || count < 0) {
    console.error('usage: tail [-n LINES] [-f] FILE')
    return 2
  }
  let m: Mmap
  try {
    m = Mmap.open(path, { empty: true })
  } catch (error) {
    const { message } = error as NodeJS.ErrnoException
    console.error(`tail: ${path}: ${message}`)
    return 1
  }
  const block = 64 * 1024
  for (let at = startOfTail(m, count); at < m.length; at += block) print(m.slice(at, at + block))
  const end = m.length
  m.close()
  if (!values.follow) return 0
  await printFollowing(path, end, print)
  return 0
}

if (process.argv[1] === import.meta.filename) process.exitCode = await main()
