/** The lines of `grepAsync`: one by one, or many at a time as the bytes that a program writes. */

import { options as members } from '../arguments.js'
import { invalidValue } from '../errors.js'
import { hidesConstructor, type Step } from '../iterators.js'
import type { Line } from '../line.js'
import type { BlocksOptions } from '../pattern/blocks.js'
import { textOf } from '../pattern/text.js'
import type { OwnBuffer } from '../slab.js'
import type { AsyncRecords } from './records.js'
import { type Rounds, Steps } from './steps.js'

/** The lines that have a match. */
export interface AsyncLines extends AsyncIterableIterator<Line> {
  /** The lines that are left, in `Buffer`s of many, as the `blocks()` of `grep` gives them. */
  blocks(): AsyncIterableIterator<OwnBuffer>
}

class AsyncBlocks implements Rounds<OwnBuffer> {
  readonly #records: AsyncRecords<Line>

  constructor(records: AsyncRecords<Line>) {
    this.#records = records
  }

  take(): Step<OwnBuffer> | undefined {
    const step = this.#records.takeBatch()
    return step === undefined || step.done === true
      ? step
      : { done: false, value: textOf(step.value) }
  }

  round(): Promise<void> {
    return this.#records.round()
  }

  finish(): void {
    this.#records.finish()
  }
}

export class LineSteps extends Steps<Line> implements AsyncLines {
  readonly #records: AsyncRecords<Line>

  constructor(records: AsyncRecords<Line>) {
    super(records)
    this.#records = records
  }

  blocks(options?: BlocksOptions): AsyncIterableIterator<OwnBuffer> {
    const { into } = members(options, 'blocks()')
    if (into !== undefined) {
      throw invalidValue(
        'The "into" option is not one of the background: the blocks of grep can be written to memory',
      )
    }
    return new Steps(new AsyncBlocks(this.#records))
  }
}
hidesConstructor(LineSteps)
