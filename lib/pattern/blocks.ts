/** The lines of `grep`: one by one, or many at a time as the bytes that a program writes. */

import { end, isIterator, type Step } from '../iterators.js'
import type { Line } from '../line.js'
import type { OwnBuffer } from '../slab.js'
import { type Backward, type Forward, nextText } from './batches.js'
import { Room } from './text.js'

/** The lines that have a match. */
export interface Lines extends IterableIterator<Line> {
  /**
   * The lines that are left, in `Buffer`s of many: each line with its newline, and before it its number and a colon if
   * lines are numbered. A program that writes lines takes a fraction of the time with them.
   */
  blocks(): IterableIterator<OwnBuffer>
}

type Records = Forward<Line> | Backward<Line>

class Blocks implements IterableIterator<OwnBuffer> {
  readonly #records: Records
  readonly #room = new Room()

  constructor(records: Records) {
    this.#records = records
  }

  [Symbol.iterator](): this {
    return this
  }

  next(): Step<OwnBuffer> {
    const value = nextText(this.#records, this.#room)
    return { done: value === undefined, value } as Step<OwnBuffer>
  }

  return(): Step<never> {
    this.#records.return()
    return end()
  }
}
isIterator(Blocks)

export class FoundLines implements Lines {
  readonly #records: Records

  constructor(records: Records) {
    this.#records = records
  }

  [Symbol.iterator](): this {
    return this
  }

  next(): Step<Line> {
    return this.#records.next()
  }

  return(): Step<never> {
    return this.#records.return()
  }

  blocks(): IterableIterator<OwnBuffer> {
    return new Blocks(this.#records)
  }
}
isIterator(FoundLines)
