/** An asynchronous iterator whose steps are searched in rounds. */

import { end, isAsyncIterator, type Step } from '../iterators.js'

/** What `Steps` needs from an iterator. */
export interface Rounds<T> {
  /** The next step, if it can be given without a search. */
  take(): Step<T> | undefined
  /** Fetches the values of the next steps, or finds that nothing is left. */
  round(): Promise<void>
  /** Ends the iteration and the round that is being searched. From now on `take` returns the last step. */
  finish(): void
}

/**
 * An asynchronous iterator. It is not a generator: here a value that is there already takes one promise instead of
 * three, and `return()` ends a round that is being searched.
 */
export class Steps<T> implements AsyncIterableIterator<T> {
  readonly #rounds: Rounds<T>
  /** Resolved when the step before has ended. */
  #before: Promise<void> | undefined

  constructor(rounds: Rounds<T>) {
    this.#rounds = rounds
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  next(): Promise<Step<T>> {
    if (this.#before === undefined) {
      try {
        const step = this.#rounds.take()
        if (step !== undefined) return Promise.resolve(step)
      } catch (error) {
        return Promise.reject(this.#failed(error))
      }
    }
    return this.#inOrder()
  }

  return(): Promise<Step<T>> {
    this.#rounds.finish()
    return Promise.resolve(end())
  }

  throw(error: unknown): Promise<Step<T>> {
    return Promise.reject(this.#failed(error))
  }

  #failed(error: unknown): Error {
    this.#rounds.finish()
    // What is thrown is not always an Error; it is passed on as it is.
    return error as Error
  }

  /** Steps that are requested during a search wait until it has ended. */
  async #inOrder(): Promise<Step<T>> {
    const before = this.#before
    let ended = (): void => {}
    const mine = new Promise<void>((resolve) => {
      ended = resolve
    })
    this.#before = mine
    await before
    try {
      let step = this.#rounds.take()
      while (step === undefined) {
        // One round after another.
        // oxlint-disable-next-line no-await-in-loop
        await this.#rounds.round()
        step = this.#rounds.take()
      }
      return step
    } catch (error) {
      throw this.#failed(error)
    } finally {
      if (this.#before === mine) this.#before = undefined
      ended()
    }
  }
}
isAsyncIterator(Steps)
