/** Cuts what is read of a file into lines, one block after the other. */

import { Buffer, isAscii } from 'node:buffer'
import { Block, CopiedLine, type Line, PIECE } from '../line.js'
import { native } from '../native.js'

/** How many newlines are looked for at once. */
const BATCH = 4096

/** Where they are. The addon writes them, and each is read before the next call. */
const newlines = new Float64Array(BATCH)

/**
 * A copy of a piece of whole lines. If each byte is a character, it is one string: such a copy is made and dropped in
 * the engine's heap, and the lines' texts are parts of it.
 */
function copyOf(bytes: Buffer, from: number, until: number): Block {
  const part = bytes.subarray(from, until)
  return new Block(
    part.length <= PIECE && isAscii(part) ? part.toString('latin1') : Buffer.from(part),
  )
}

export class Splitter {
  /** Where the line begins whose newline has not come yet. */
  #start: number
  /** Its bytes so far: the ends of the blocks that were read. */
  #pieces: Buffer[] = []
  #length = 0

  constructor(start: number) {
    this.#start = start
  }

  /** Takes the next bytes of the file, and adds the lines that they complete to `lines`. It keeps none of them. */
  take(bytes: Buffer, lines: Line[]): void {
    let count = native.newlines(bytes, newlines, 0)
    let from = 0
    if (count > 0 && this.#length > 0) {
      const newline = newlines[0] as number
      this.#keep(bytes.subarray(0, newline))
      lines.push(this.#join())
      from = newline + 1
      this.#start += this.#length + 1
      this.#drop()
      count = native.newlines(bytes, newlines, from)
    }
    const base = this.#start - from
    while (count > 0) {
      this.#cut(bytes, from, base, count, lines)
      from = (newlines[count - 1] as number) + 1
      count = count < BATCH ? 0 : native.newlines(bytes, newlines, from)
    }
    this.#start = base + from
    if (from < bytes.length) this.#keep(bytes.subarray(from))
  }

  /** Adds `count` lines, the first of which begins at `begin`. The bytes begin at `base` in the file. */
  #cut(bytes: Buffer, begin: number, base: number, count: number, lines: Line[]): void {
    let from = begin
    for (let at = 0; at < count;) {
      const first = from
      let last = at
      while (last + 1 < count && (newlines[last + 1] as number) - first <= PIECE) last += 1
      const block = copyOf(bytes, first, newlines[last] as number)
      for (; at <= last; at += 1) {
        const newline = newlines[at] as number
        lines.push(new CopiedLine(block, from - first, base + from, base + newline))
        from = newline + 1
      }
    }
  }

  /** The line whose newline has not come, which is then forgotten; undefined if there is none. */
  rest(): Line | undefined {
    if (this.#length === 0) return undefined
    const line = this.#join()
    this.restart(this.#start + this.#length)
    return line
  }

  /** Forgets the line whose newline has not come. The next block begins at `start`. */
  restart(start: number): void {
    this.#start = start
    this.#drop()
  }

  #keep(piece: Buffer): void {
    this.#pieces.push(Buffer.from(piece))
    this.#length += piece.length
  }

  #drop(): void {
    this.#pieces = []
    this.#length = 0
  }

  #join(): Line {
    const start = this.#start
    const block = new Block(Buffer.concat(this.#pieces, this.#length))
    return new CopiedLine(block, 0, start, start + this.#length)
  }
}
