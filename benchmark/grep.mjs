/**
 * The lines of a file that have a match, counted or printed, as a whole program: `patterns.ts` runs it beside rg.
 *
 *   node benchmark/grep.mjs count|print|blocks|lines|nothing SOURCE FLAGS FILE
 *
 * `print` writes blocks of lines in memory that is used again, `blocks` in memory of their own, `lines` takes each line
 * by itself.
 */

import { writeSync } from 'node:fs'

const [, , way, source, flags, path] = process.argv

/** Writes all bytes to standard output. */
function write(bytes) {
  for (let rest = bytes; rest.length > 0;) rest = rest.subarray(writeSync(1, rest))
}

const ways = {
  async count() {
    const { Mmap } = await import('../index.js')
    const m = Mmap.open(path)
    console.log(await m.countLinesAsync(new RegExp(source, flags), { concurrency: 2 }))
  },

  async print() {
    const { Mmap } = await import('../index.js')
    const into = Buffer.allocUnsafeSlow(64 * 1024)
    for (const block of Mmap.open(path).grep(new RegExp(source, flags)).blocks({ into }))
      write(block)
  },

  async blocks() {
    const { Mmap } = await import('../index.js')
    for (const block of Mmap.open(path).grep(new RegExp(source, flags)).blocks()) write(block)
  },

  async lines() {
    const { Mmap } = await import('../index.js')
    const newline = Buffer.from('\n')
    let parts = []
    let size = 0
    for (const { bytes } of Mmap.open(path).grep(new RegExp(source, flags))) {
      parts.push(bytes, newline)
      size += bytes.length + 1
      if (size > 64 * 1024) {
        write(Buffer.concat(parts))
        parts = []
        size = 0
      }
    }
    write(Buffer.concat(parts))
  },

  async nothing() {},
}

await ways[way]()
