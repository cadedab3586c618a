/**
 * The JavaScript half of rivals.ts, for Node and Bun: our find and rfind, and indexOf and lastIndexOf over a Buffer
 * on the same memory.
 *
 * Each line of standard input is a request, {"way": "fmmap" or "indexOf", "file", "needle": hex, "reverse", "calls"};
 * each line of standard output its answer, {"ms": processor time of all calls, "at": the offset}.
 */

import { createInterface } from 'node:readline'
import { ACCESS_READ, Mmap } from '../index.js'

/** After about this many calls the compilers are done. */
const COMPILED = 20_000

let open
function mapped(file) {
  if (open?.file !== file) {
    open?.m.close()
    const m = Mmap.open(file, { access: ACCESS_READ })
    // The pages of both are mapped before anything is timed: a view of a read-only map has its own.
    const view = m.view()
    for (let at = 0; at < view.length; at += 4096) m.get(at)
    let sum = 0
    for (let at = 0; at < view.length; at += 4096) sum += view[at]
    open = { file, m, view, sum }
    settle(open)
  }
  return open
}

/**
 * Searches that end at once, often enough that nothing is left to compile. Otherwise compilation would be counted in
 * the first row.
 */
function settle(subject) {
  const { view } = subject
  for (const way of Object.values(ways)) {
    way(subject, Buffer.from(view.subarray(0, 9)), false, COMPILED)
    way(subject, Buffer.from(view.subarray(-9)), true, COMPILED)
  }
}

const ways = {
  fmmap({ m }, needle, reverse, calls) {
    let at = -1
    if (reverse) for (let i = 0; i < calls; i++) at = m.rfind(needle, 0)
    else for (let i = 0; i < calls; i++) at = m.find(needle, 0)
    return at
  },
  indexOf({ view }, needle, reverse, calls) {
    let at = -1
    if (reverse) for (let i = 0; i < calls; i++) at = view.lastIndexOf(needle)
    else for (let i = 0; i < calls; i++) at = view.indexOf(needle)
    return at
  },
}

for await (const line of createInterface({ input: process.stdin })) {
  const { way, file, needle, reverse, calls } = JSON.parse(line)
  const subject = mapped(file)
  const bytes = Buffer.from(needle, 'hex')
  const before = process.cpuUsage()
  const at = ways[way](subject, bytes, reverse, calls)
  const { user, system } = process.cpuUsage(before)
  console.log(JSON.stringify({ ms: (user + system) / 1000, at }))
}
