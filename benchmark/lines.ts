/**
 * Reads every line of a file in one way, and prints what it cost as JSON. The parts of bulk.ts: each way has a
 * process of its own, so that its memory is its own.
 *
 *   node --import @oxc-node/core/register benchmark/lines.ts WAY FILE
 */

import { createReadStream, readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { Mmap } from '../index.js'
import { privateMemory, processorTime } from './report.ts'

export interface Read {
  lines: number
  /** The number of characters or bytes in all lines, to compare the ways. */
  size: number
  milliseconds: number
  /** Processor time of all threads, in milliseconds. */
  processor: number
  /** The most private memory that was seen, in bytes, less that of a process that has read nothing. */
  memory: number
}

let memory = 0
const before = privateMemory() ?? 0

/** Checks the memory at every 2^18th line: often enough to see a leak, and too seldom to cost time. */
function look(lines: number): void {
  if ((lines & 0x3ffff) === 0) memory = Math.max(memory, (privateMemory() ?? 0) - before)
}

type Way = (path: string) => Promise<[number, number]> | [number, number]

export const ways: Readonly<Record<string, Way>> = {
  'm.lines()'(path) {
    let [lines, size] = [0, 0]
    using m = Mmap.open(path)
    for (const line of m.lines()) {
      size += line.length
      look(++lines)
    }
    return [lines, size]
  },

  'm.lines(), to strings'(path) {
    let [lines, size] = [0, 0]
    using m = Mmap.open(path)
    for (const line of m.lines()) {
      size += line.toString('latin1').length
      look(++lines)
    }
    return [lines, size]
  },

  'm.lines({ reverse: true })'(path) {
    let [lines, size] = [0, 0]
    using m = Mmap.open(path)
    for (const line of m.lines({ reverse: true })) {
      size += line.length
      look(++lines)
    }
    return [lines, size]
  },

  async 'node:readline, events'(path) {
    let [lines, size] = [0, 0]
    const reader = createInterface({ input: createReadStream(path), crlfDelay: Infinity })
    reader.on('line', (line) => {
      size += line.length
      look(++lines)
    })
    await new Promise((resolve) => reader.once('close', resolve))
    return [lines, size]
  },

  async 'node:readline, for await'(path) {
    let [lines, size] = [0, 0]
    for await (const line of createInterface({ input: createReadStream(path) })) {
      size += line.length
      look(++lines)
    }
    return [lines, size]
  },

  'readFileSync, split'(path) {
    const parts = readFileSync(path, 'latin1').split('\n')
    if (parts.at(-1) === '') parts.pop()
    let size = 0
    for (const line of parts) size += line.length
    look(0)
    return [parts.length, size]
  },
}

const [, program, name, path] = process.argv
if (program !== undefined && import.meta.filename === program) {
  const way = ways[name ?? '']
  if (way === undefined || path === undefined) throw new Error('lines.ts WAY FILE')
  const start = performance.now()
  const used = processorTime()
  const [lines, size] = await way(path)
  const processor = processorTime() - used
  const read: Read = { lines, size, milliseconds: performance.now() - start, processor, memory }
  console.log(JSON.stringify(read))
}
