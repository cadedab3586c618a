/** Lines as text: the bytes of many, each with its newline. */

import { Buffer } from 'node:buffer'
import { allocate, bufferOver, type OwnBuffer, untransferable } from '../slab.js'
import type { Found } from './answer.js'

/** Lines of an answer that count as given. */
export interface Batch {
  readonly found: Found
  /** The first of them, and the first behind them. */
  readonly from: number
  readonly to: number
  readonly hasNumbers: boolean
  /** The number of lines before those of the answer, as a line needs it. */
  linesBefore(line: number): number
}

const NEWLINE = Buffer.of(10)

/** The lines as one text, with their numbers, if they have some. */
export function textOf({ found, from, to, hasNumbers, linesBefore }: Batch): OwnBuffer {
  const bytes = found.block
  const length = (line: number): number => found.at(line, 1) - found.at(line, 0)
  if (!hasNumbers) {
    // In the answer the lines stand behind one another, with their newlines.
    const first = found.at(from, 3)
    const behind = found.at(to - 1, 3) + length(to - 1) + 1
    return bufferOver(bytes.buffer, bytes.byteOffset + first, behind - first)
  }
  const parts: Uint8Array[] = []
  for (let line = from; line < to; line += 1) {
    const place = found.at(line, 3)
    const number = linesBefore(line) + found.at(line, 2)
    parts.push(Buffer.from(`${number}:`), bytes.subarray(place, place + length(line)), NEWLINE)
  }
  return Buffer.concat(parts)
}

/** The length of the memory from which texts are cut, and the least that a text is given. */
const ROOM = 72 * 1024
const LEAST = 16 * 1024

/** Memory to which texts are written. */
export interface Room {
  /** Memory for the next text. */
  target(): Uint8Array
  /** The text, whose bytes are the first of the target. */
  take(count: number): OwnBuffer
}

/** Memory that is allocated for texts. Short ones share it. */
export class OwnRoom implements Room {
  #memory = new Uint8Array(new ArrayBuffer(0))
  #used = 0
  #isZeroed = false

  target(): Uint8Array {
    if (this.#memory.length - this.#used < LEAST) {
      this.#memory = untransferable(allocate(ROOM))
      this.#used = 0
      this.#isZeroed = false
    }
    return this.#memory.subarray(this.#used)
  }

  take(count: number): OwnBuffer {
    const { buffer, byteOffset } = this.#memory
    const start = this.#used
    this.#used += count
    // The `buffer` of each text shows the whole memory, and it was not filled with zeros when it was allocated.
    if (!this.#isZeroed) this.#memory.fill(0, this.#used)
    this.#isZeroed = true
    return bufferOver(buffer, byteOffset + start, count)
  }
}

/** Memory of the caller's, to which each text is written from its beginning. */
export class GivenRoom implements Room {
  readonly #memory: Uint8Array

  constructor(memory: Uint8Array) {
    this.#memory = memory
  }

  target(): Uint8Array {
    return this.#memory
  }

  take(count: number): OwnBuffer {
    return bufferOver(this.#memory.buffer as ArrayBuffer, this.#memory.byteOffset, count)
  }
}
