/**
 * Work in chunks: a range of the map is cut into parts, each a task on the threadpool, and the answers are taken in
 * the parts' order.
 *
 * The caller decides what the work is: a `Job` starts the task of one part and takes its answer. All jobs of a
 * process share the turns (turns.ts), so that no job holds up another. There are two kinds of jobs:
 *
 * - Independent parts run at the same time, as many as `concurrency` says. Up to `AHEAD` times as many may be finished
 *   while the first of them still runs.
 * - A `sequential` job has one part in flight. Its `start` is called after the answer of the part before was taken. So
 *   whatever a part must know about the one before, such as where a match has ended, is a variable of the job.
 *
 * A function cuts the range into parts: `forward` and `backward` cut at any byte, `once` not at all. A job whose parts
 * must end at the end of a line only needs another such function.
 *
 *     runChunks(region, how, {
 *       parts: forward(from, until, 2),
 *       total: until - from,
 *       sequential: false,
 *       start: (part) => copy.chunk(region.handle, part.from, part.until),
 *       take: (answer) => void (copied += answer.length),
 *       result: () => copied,
 *       task: copy,
 *     })
 *
 * A job ends when `take` returns a result or when all parts are done. It ends earlier when its signal aborts, the map
 * is closed, a page is missing or `onProgress` throws. However it ends, its task is told, and parts that still wait
 * drop the memory that they hold.
 */

import { turns } from '../native.js'
import type { Region } from '../region.js'
import type { Plan } from './options.js'
import { Pending } from './pending.js'
import { inTurn } from './turns.js'

/** The length of a part: short, so that other work does not wait long for a turn. docs/design.md has the figures. */
export const CHUNK: number = 4 * 1024 * 1024

/**
 * The length of a part when no other work waits: going to the pool and back is a large share of a small part's time.
 */
const LARGE = 4 * CHUNK

/**
 * Up to this many times `concurrency` parts are searched before the first of them has to be done, so that a slow part
 * does not hold up the others. With one part in flight, no other is searched ahead.
 */
export const AHEAD = 4

/** How many jobs of this thread run. */
let jobs = 0

/** Ranges of up to this length are worked on at once, which takes no longer than going to the pool and back. */
export const SMALL: number = 128 * 1024

/** A part of the range. */
export interface Part {
  readonly from: number
  readonly until: number
}

/** Cuts off the next part; undefined when nothing is left. */
export type Parts = () => Part | undefined

/**
 * The length of the next part, depending on what is left and how many parts are in flight. Large parts come first, so
 * that the last ones end at about the same time.
 */
function partOf(left: number, concurrency: number): number {
  if (jobs > 1) return Math.min(left, CHUNK)
  const part = Math.floor(left / (4 * concurrency * CHUNK)) * CHUNK
  return Math.min(left, LARGE, Math.max(CHUNK, part))
}

/** Parts from the first offset on. */
export function forward(from: number, until: number, concurrency: number): Parts {
  let next = from
  return () => {
    if (next === until) return undefined
    const first = next
    next += partOf(until - next, concurrency)
    return { from: first, until: next }
  }
}

/** Parts from the last offset on. */
export function backward(from: number, until: number, concurrency: number): Parts {
  let left = until
  return () => {
    if (left === from) return undefined
    const last = left
    left -= partOf(left - from, concurrency)
    return { from: left, until: last }
  }
}

/** One part. */
export function once(part: Part): Parts {
  let next: Part | undefined = part
  return () => {
    const given = next
    next = undefined
    return given
  }
}

/** How many parts of a job can run at once. */
export const inFlight = ({ concurrency }: Pick<Plan, 'concurrency'>): number =>
  Math.min(concurrency, turns())

/** The addon's object for a job. */
export interface Task {
  /** Ends the work: parts that wait drop the memory that they hold, and those that run stop at their next check. */
  end(): void
  /** Waits, after `end`, until no part reads the map. */
  join(): void
}

/** What to do with each part. */
export interface Job<Answer, Result> {
  readonly parts: Parts
  /** The length of the range, for `onProgress`. */
  readonly total: number
  /** How much of it lies in no part: bytes that a match may end in, and in which none can begin. Default: 0. */
  readonly behind?: number
  /** Whether a part may start only when the one before it is done. */
  readonly sequential: boolean
  /** Starts a part. Returns null when all turns are taken. The promise has null after a fault. */
  start(part: Part): Promise<Answer | null> | null
  /** Takes an answer; they come in the order of the parts. If it returns a result, the job ends. */
  take(answer: Answer, part: Part): Result | undefined
  /** The result of a job for which `take` has returned none. */
  result(): Result
  readonly task: Task
}

/**
 * Runs a job. The promise may have settled before it is returned, because reading the signal may run code that aborts
 * it or closes the map.
 */
export function runChunks<Answer, Result>(
  region: Region,
  how: Pick<Plan, 'signal' | 'onProgress' | 'concurrency'>,
  job: Job<Answer, Result>,
): Pending<Result> {
  const { parts, total, behind = 0, task } = job
  const concurrency = job.sequential ? 1 : inFlight(how)
  /** Answers that can't be taken yet, by the number of their part. */
  const answers = new Map<number, Answer>()
  /** The parts whose answers were not taken yet. */
  const started: Part[] = []
  let allStarted = false
  let launched = 0
  let landed = 0
  let taken = 0
  let done = 0

  jobs += 1
  const pending = new Pending<Result>(region, how.signal, () => {
    jobs -= 1
    task.end()
    if (landed < launched) region.ending.add(task)
  })

  const launch = (): void => {
    while (
      !pending.settled &&
      !allStarted &&
      launched - landed < concurrency &&
      launched - taken < concurrency * AHEAD
    ) {
      const part = parts()
      if (part === undefined) {
        allStarted = true
        break
      }
      const number = launched
      launched += 1
      started.push(part)
      inTurn(
        () => job.start(part),
        () => pending.settled,
      ).then(
        (answer) => arrived(number, answer),
        (error: unknown) => {
          pending.reject(error)
          arrived(number, undefined)
        },
      )
    }
  }

  const arrived = (number: number, answer: Answer | null | undefined): void => {
    landed += 1
    if (landed === launched && pending.settled) region.ending.delete(task)
    if (pending.settled || answer === undefined) return
    try {
      if (answer === null) throw region.fault()
      answers.set(number, answer)
      takeAnswers()
    } catch (error) {
      pending.reject(error)
    }
    advance()
  }

  const takeAnswers = (): void => {
    for (let head = answers.get(taken); head !== undefined; head = answers.get(taken)) {
      answers.delete(taken)
      taken += 1
      const part = started.shift() as Part
      done += part.until - part.from
      const result = job.take(head, part)
      how.onProgress?.(done + behind === total ? total : done, total)
      if (result !== undefined) pending.resolve(result)
      // The callback may have closed the map or aborted the signal.
      if (pending.settled) return
    }
  }

  const advance = (): void => {
    launch()
    if (allStarted && taken === launched && !pending.settled) pending.resolve(job.result())
  }

  advance()
  return pending
}
