/** The results of the addon, in the form that crates/fmmap-node/src/pattern_answer.rs packs. */

import { outOfRange } from '../errors.js'
import { Block } from '../line.js'
import { bufferOver, type OwnBuffer, untransferable } from '../slab.js'
import type { Prepared } from './prepared.js'

/** How many numbers stand before the records. */
const HEAD = 5

/** Many records, followed by their bytes. */
export class Found {
  readonly prepared: Prepared
  readonly records: number
  /** Whether nothing is left. */
  readonly done: boolean
  /** Where a new search would go on. */
  readonly position: number
  readonly count: number
  /** How many newlines the searched bytes have before the position. */
  readonly newlines: number
  readonly block: OwnBuffer
  #texts: Block | undefined
  readonly #numbers: Float64Array
  /** How many numbers a record has. */
  readonly #size: number

  constructor(numbers: Float64Array, prepared: Prepared, size: number) {
    const [status, position = 0, count = 0, newlines = 0, records = 0] = numbers
    if (status === 2) {
      throw outOfRange('A match or a line has more than 2147483647 bytes: too many for a copy')
    }
    this.prepared = prepared
    this.records = records
    this.done = status === 1
    this.position = position
    this.count = count
    this.newlines = newlines
    this.#numbers = numbers
    this.#size = size
    const start = 8 * (HEAD + records * size)
    const buffer = numbers.buffer as ArrayBuffer
    // Many records show parts of this memory.
    if (start < numbers.byteLength) untransferable(new Uint8Array(buffer))
    this.block = bufferOver(buffer, start, numbers.byteLength - start)
  }

  /** The block, from which texts are cut. */
  get texts(): Block {
    this.#texts ??= new Block(this.block, this.prepared.encoding)
    return this.#texts
  }

  /** A number of a record, by its index. */
  at(record: number, number: number): number {
    return this.#numbers[HEAD + record * this.#size + number] as number
  }
}
