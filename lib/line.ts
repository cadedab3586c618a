/** A line: its place and its bytes. */

import { Buffer, isAscii } from 'node:buffer'
import { inspect } from 'node:util'
import { shows } from './shown.js'
import { bufferOver, type OwnBuffer } from './slab.js'

/** A line without its newline. A `\r` before the newline is kept. */
export interface Line {
  /** Where the line starts: bytes from the start of the file or of the map. */
  readonly start: number
  /** Where the line ends: the offset of its newline, if it has one. */
  readonly end: number
  /** The number of the line, from 1 at the start of the file or of the map; only if it was asked for. */
  readonly number?: number
  /** A copy of the line's bytes. */
  readonly bytes: OwnBuffer
  /** The text of the line: the bytes as UTF-8, or as Latin-1 if the search was told so. */
  toString(): string
}

/**
 * Blocks are decoded in pieces of up to this many bytes, because a string that is kept keeps the whole piece in
 * memory.
 */
export const PIECE: number = 4 * 1024

/**
 * A text that begins at most this many bytes behind the piece follows it. One that begins further away is decoded
 * alone: whoever asks for few texts should not pay for those between them.
 */
const NEAR = 256

/**
 * Memory to which many lines or matches were copied together: bytes, or a text each of whose characters is one byte.
 */
export class Block {
  readonly #encoding: 'utf8' | 'latin1'
  #bytes: Buffer | undefined
  /** The text of the bytes from `#from` to `#until`, each of which is a character. */
  #piece = ''
  #from = 0
  #until = 0
  /** Whether the text never changes: it is the block, or the bytes are known to somebody who may change them. */
  #isFixed: boolean
  /** Up to here no piece is made, because a byte before is not a character. */
  #refused = 0

  constructor(content: Buffer | string, encoding: 'utf8' | 'latin1' = 'utf8') {
    this.#encoding = encoding
    this.#isFixed = typeof content === 'string'
    if (typeof content === 'string') {
      this.#piece = content
      this.#until = content.length
    } else {
      this.#bytes = content
    }
  }

  /** The bytes of a line or a match, in memory that the caller may change. */
  part(from: number, length: number): OwnBuffer {
    if (this.#bytes === undefined) this.#bytes = Buffer.from(this.#piece, 'latin1')
    else if (!this.#isFixed) {
      this.#isFixed = true
      this.#forget(0)
    }
    const { buffer, byteOffset } = this.#bytes
    return bufferOver(buffer as ArrayBuffer, byteOffset + from, length)
  }

  /**
   * The text of a line, of a match or of a group. If texts are asked for one after another, many are decoded at once,
   * and each is a part of that string: the engines need much less time for that than for a string of its own.
   */
  text(from: number, until: number): string {
    return from >= this.#from && until <= this.#until
      ? this.#piece.slice(from - this.#from, until - this.#from)
      : this.#decode(from, until)
  }

  #decode(from: number, until: number): string {
    const bytes = this.#bytes as Buffer
    const follows = from >= this.#from && from <= this.#until + NEAR
    if (!this.#isFixed && follows && from >= this.#refused && 4 * (until - from) <= PIECE) {
      const end = Math.min(from + PIECE, bytes.length)
      if (this.#encoding === 'latin1' || isAscii(bytes.subarray(from, end))) {
        this.#piece = bytes.toString('latin1', from, end)
        this.#from = from
        this.#until = end
        return this.#piece.slice(0, until - from)
      }
      this.#refused = end
    }
    this.#forget(until)
    return bytes.toString(this.#encoding, from, until)
  }

  /** Drops the piece. The next text is expected at `next`. */
  #forget(next: number): void {
    this.#piece = ''
    this.#from = next
    this.#until = next
  }
}

/** A line in a block. Its `Buffer` is made when somebody asks for it. */
export class CopiedLine implements Line {
  readonly start: number
  readonly end: number
  declare readonly number?: number
  readonly #block: Block
  readonly #from: number

  constructor(block: Block, from: number, start: number, end: number, number?: number) {
    this.start = start
    this.end = end
    if (number !== undefined) this.number = number
    this.#block = block
    this.#from = from
  }

  get bytes(): OwnBuffer {
    return this.#block.part(this.#from, this.end - this.start)
  }

  toString(): string {
    return this.#block.text(this.#from, this.#from + this.end - this.start)
  }
}

shows(CopiedLine, 'Line', (line) => {
  const number = line.number === undefined ? '' : `, number: ${line.number}`
  return `Line { start: ${line.start}, end: ${line.end}${number}, ${inspect(line.toString())} }`
})
