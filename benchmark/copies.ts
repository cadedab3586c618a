/**
 * The cost of a long copy, in parts: the copy, the allocation of its memory, and the first touch of that memory; and
 * the cost of views, by their number.
 *
 *   node --expose-gc --import @oxc-node/core/register benchmark/copies.ts [--quick]
 */

import { readFileSync } from 'node:fs'
import { Mmap } from '../index.js'
import { median, readOptions, row, runtime } from './report.ts'

const { quick } = readOptions()
const LENGTH = 64 * 1024
const PAGE = 4096

const m = new Mmap(-1, 64 * LENGTH)
m.write(Buffer.alloc(m.length, 1))
const target = Buffer.alloc(LENGTH)
/** Memory that has left all caches when its turn comes, as that of collected results has. */
const many = Array.from({ length: 512 }, () => Buffer.alloc(LENGTH, 1))
let turn = 0

/** How many page faults without disk access the process has had; NaN where the system does not tell. */
function faults(): number {
  try {
    return Number(readFileSync('/proc/self/stat', 'latin1').split(') ')[1]?.split(' ')[7])
  } catch {
    return Number.NaN
  }
}

/** Ways in which the memory of the last result is freed sooner or later, and one in which every result is kept. */
const calls: Record<string, () => ArrayBufferView | ArrayBuffer | number> = {
  'readInto, the copy alone'() {
    m.seek(0)
    return m.readInto(target)
  },
  '..., to 512 buffers in turn'() {
    m.seek(0)
    turn = (turn + 1) % many.length
    return m.readInto(many[turn] ?? target)
  },
  'Buffer.allocUnsafeSlow': () => Buffer.allocUnsafeSlow(LENGTH),
  '..., each page touched'() {
    const copy = Buffer.allocUnsafeSlow(LENGTH)
    for (let at = 0; at < LENGTH; at += PAGE) copy[at] = 1
    return copy
  },
  'new ArrayBuffer, zeros': () => new ArrayBuffer(LENGTH),
  read() {
    m.seek(0)
    return m.read(LENGTH)
  },
  slice: () => m.slice(0, LENGTH),
  arrayBuffer: () => m.arrayBuffer(0, LENGTH),
}

console.log(`${runtime()}: ${LENGTH} bytes, us`)
console.log(row('', ['best', 'median', 'page faults', 'kept', 'page faults']))
for (const [name, call] of Object.entries(calls)) {
  const [turns, rounds] = [quick ? 10 : 40, 250]
  for (let i = 0; i < 1000; i += 1) call()
  const times: number[] = []
  let before = faults()
  for (let turn = 0; turn < turns; turn += 1) {
    const start = performance.now()
    for (let i = 0; i < rounds; i += 1) call()
    times.push(((performance.now() - start) * 1000) / rounds)
  }
  const freed = (faults() - before) / (turns * rounds)
  const kept: unknown[] = []
  before = faults()
  const start = performance.now()
  for (let i = 0; i < 1000; i += 1) kept.push(call())
  const fresh = performance.now() - start
  const figures = [
    Math.min(...times),
    median(times),
    freed,
    fresh,
    (faults() - before) / kept.length,
  ]
  console.log(
    row(
      name,
      figures.map((figure) => figure.toFixed(2)),
    ),
  )
}

console.log('\nviews, us each: the last 1,000, and to take each away')
for (const count of quick ? [2000, 20_000] : [2000, 10_000, 50_000]) {
  const map = new Mmap(-1, 8 * count)
  const views: Buffer[] = []
  let start = 0
  for (let i = 0; i < count; i += 1) {
    if (i === count - 1000) start = performance.now()
    views.push(map.view(8 * i, 4))
  }
  const made = performance.now() - start
  start = performance.now()
  map.close({ detach: true })
  const away = ((performance.now() - start) * 1000) / count
  console.log(
    row(
      `${views.length} live`,
      [made, away].map((figure) => figure.toFixed(2)),
    ),
  )
  views.length = 0
  globalThis.gc?.()
}
