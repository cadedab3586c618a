/** The lines of `grep`: one by one, or many at a time as the bytes that a program writes. */

import { options as members, target } from '../arguments.js'
import { end, isIterator, type Step } from '../iterators.js'
import type { Line } from '../line.js'
import type { OwnBuffer } from '../slab.js'
import { type Backward, type Forward, nextText } from './batches.js'
import { GivenRoom, OwnRoom, type Room } from './text.js'

/** Where the blocks of lines are written to. */
export interface BlocksOptions {
  /**
   * Memory for the blocks. Each block is written to its beginning, over the one before, and shows a part of it: use or
   * copy a block before you ask for the next one. 64 KiB or more are enough. Blocks that can't be written there have
   * memory of their own: lines that are numbered or in reverse, lines that are longer than `into` or overlap it, and
   * lines that were searched before `blocks` was called. Default: all blocks have memory that is never written again.
   */
  into?: ArrayBufferView | undefined
}

/** The lines that have a match. */
export interface Lines extends IterableIterator<Line> {
  /**
   * The lines that are left, in `Buffer`s of many: each line with its newline, and before it its number and a colon if
   * lines are numbered. A program that writes lines takes a fraction of the time with them.
   */
  blocks(options?: BlocksOptions): IterableIterator<OwnBuffer>
}

type Records = Forward<Line> | Backward<Line>

class Blocks implements IterableIterator<OwnBuffer> {
  readonly #records: Records
  readonly #room: Room

  constructor(records: Records, room: Room) {
    this.#records = records
    this.#room = room
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

  blocks(options?: BlocksOptions): IterableIterator<OwnBuffer> {
    const { into } = members(options, 'blocks({ into })')
    const room = into === undefined ? new OwnRoom() : new GivenRoom(target(into, 'into'))
    return new Blocks(this.#records, room)
  }
}
isIterator(FoundLines)
