/**
 * Prints how many lines of a file have a word in them, in one of the ways that programs.ts compares; or, by
 * matches, how often it stands there.
 *
 *   node benchmark/count.mjs fmmap|matches|readSync|readline|nothing WORD FILE
 */

import { openSync, readSync, createReadStream } from 'node:fs'

const BLOCK = 1024 * 1024
const [, , way, word, path] = process.argv

const ways = {
  /** Finds a match, then the end of its line, and goes on behind it. */
  async fmmap() {
    const { Mmap, ACCESS_READ } = await import('../index.js')
    const m = Mmap.open(path, { access: ACCESS_READ })
    let lines = 0
    // The newline behind the last line that was counted. A match before it lies on the same line.
    let counted = -1
    for (const at of m.findAll(word)) {
      if (at < counted) continue
      lines += 1
      counted = m.find('\n', at)
      if (counted === -1) break
    }
    return lines
  },

  async matches() {
    const { Mmap } = await import('../index.js')
    return Mmap.open(path).count(word)
  },

  async readSync() {
    const fd = openSync(path, 'r')
    const block = Buffer.allocUnsafe(2 * BLOCK)
    let lines = 0
    let kept = 0
    for (;;) {
      const read = readSync(fd, block, kept, block.length - kept, null)
      const filled = kept + read
      const whole = read === 0 ? filled : block.lastIndexOf(10, filled - 1) + 1
      const view = block.subarray(0, whole)
      for (let at = view.indexOf(word); at !== -1;) {
        lines += 1
        const newline = view.indexOf(10, at)
        if (newline === -1) break
        at = view.indexOf(word, newline)
      }
      if (read === 0) return lines
      block.copyWithin(0, whole, filled)
      kept = filled - whole
    }
  },

  async readline() {
    const { createInterface } = await import('node:readline')
    let lines = 0
    const reader = createInterface({ input: createReadStream(path) })
    reader.on('line', (line) => {
      if (line.includes(word)) lines += 1
    })
    await new Promise((resolve) => reader.once('close', resolve))
    return lines
  },

  async nothing() {
    return 0
  },
}

console.log(await ways[way]())
