/**
 * Searches for patterns in the background that have one answer.
 *
 * If no match can contain a newline, `concurrency` parts are searched at the same time: the addon lets each begin at
 * the first line that starts in it. Other searches are interrupted after each part, even inside of a match, and go on
 * with the next part. So their parts are amounts of work and not places.
 */

import { LAST_START, LINE_COUNT, MATCH_COUNT, native, PatternSearch } from '../native.js'
import { Found } from '../pattern/answer.js'
import { type Kind, starts } from '../pattern/kinds.js'
import type { Prepared } from '../pattern/prepared.js'
import type { Region } from '../region.js'
import { CHUNK, forward, inFlight, type Job, type Part, runChunks, SMALL } from './chunks.js'
import { check, type Plan, type Range } from './options.js'
import type { Pending } from './pending.js'

/** Where a part begins, as the addon has it: crates/fmmap-node/src/pattern_task.rs. */
const LINE = 0
export const EXACT = 1
const FIRST = 2
export const GOES_ON = 3

/** What a search looks for. */
export interface Question {
  readonly question: number
  readonly invert: boolean
  readonly numbers: boolean
  size(prepared: Prepared): number
}

const counting = (question: number, invert: boolean): Question => ({
  question,
  invert,
  numbers: false,
  size: () => 1,
})

export const makeSearch = (
  prepared: Prepared,
  { question, invert, numbers }: Question,
  from: number,
): PatternSearch => new PatternSearch(prepared.number, question, invert, numbers, from)

/** The members of a `Job` that concern the parts. */
export type PartsOf<Result> = Pick<
  Job<Float64Array, Result>,
  'parts' | 'total' | 'sequential' | 'start' | 'task'
> & { taken(done: boolean): void }

/** The parts of a range, for any search. From each part at most `limit` records are needed. */
export function partsOf(
  region: Region,
  search: PatternSearch,
  { from, end }: Pick<Range, 'from' | 'end'>,
  concurrency: number,
  limit: number,
  first = true,
): PartsOf<never> {
  const most = Math.min(limit, 2 ** 31)
  const total = end - from
  if (search.isDivisible()) {
    return {
      parts: forward(from, end, concurrency),
      total,
      sequential: false,
      start: (part) =>
        search.chunk(
          region.handle,
          first && part.from === from ? FIRST : LINE,
          part.from,
          part.until,
          end,
          most,
        ),
      task: search,
      taken: () => {},
    }
  }
  let next = from
  let done = false
  return {
    parts() {
      if (done && next === end) return undefined
      const part: Part = { from: next, until: done ? end : Math.min(end, next + CHUNK) }
      next = part.until
      return part
    },
    total,
    sequential: true,
    start: (part) =>
      // The rest was searched together with the part before.
      done
        ? Promise.resolve(NOTHING)
        : search.chunk(region.handle, GOES_ON, part.from, part.until, end, most),
    task: search,
    taken(isDone) {
      done = isDone
    },
  }
}

/** The answer for a part in which there is nothing. */
const NOTHING = Float64Array.of(1, 0, 0, 0, 0)

/** Runs a search over a range. `take` returns a result, or undefined to go on. */
function run<Result>(
  region: Region,
  prepared: Prepared,
  asked: Question,
  how: Plan,
  range: Range,
  limit: number,
  take: (found: Found) => Result | undefined,
  result: () => Result,
): Pending<Result> {
  const search = makeSearch(prepared, asked, range.from)
  const size = asked.size(prepared)
  const { taken, ...job } = partsOf(region, search, range, inFlight(how), limit)
  return runChunks<Float64Array, Result>(region, how, {
    ...job,
    take(answer) {
      const found = new Found(answer, prepared, size)
      taken(found.done)
      return take(found)
    },
    result,
  })
}

/** Whether a range is searched at once, because going to the pool and back would take longer. */
const atOnce = ({ from, end }: Range): boolean => end - from <= SMALL

/** Answers in the calling thread, and reports progress as a search of one part does. */
function now<T>(region: Region, how: Plan, { from, end }: Range, answer: () => T): T {
  const found = answer()
  if (how.onProgress !== undefined) {
    how.onProgress(end - from, end - from)
    // The callback may have closed the map.
    check(region, how)
  }
  return found
}

/** The first record of a kind; undefined when there is none. */
export async function firstOf<T>(
  region: Region,
  prepared: Prepared,
  kind: Kind<T>,
  how: Plan,
  range: Range,
): Promise<T | undefined> {
  if (range.end < range.from) return undefined
  const take = (found: Found): { value: T } | undefined =>
    found.records === 0 ? undefined : { value: kind.make(found, 0, 0) }
  if (atOnce(range)) {
    return now(region, how, range, () => {
      const search = makeSearch(prepared, kind, range.from)
      const answer = search.batch(region.handle, range.end, 1, SMALL)
      search.end()
      if (answer === null) throw region.fault()
      return take(new Found(answer, prepared, kind.size(prepared)))?.value
    })
  }
  type Result = { value?: T }
  const found = await run<Result>(region, prepared, kind, how, range, 1, take, () => ({})).promise
  return found.value
}

export async function findPattern(
  region: Region,
  prepared: Prepared,
  how: Plan,
  range: Range,
): Promise<number> {
  return (await firstOf(region, prepared, starts, how, range)) ?? -1
}

export async function rfindPattern(
  region: Region,
  prepared: Prepared,
  how: Plan,
  range: Range,
): Promise<number> {
  if (range.end < range.from) return -1
  const { from, end } = range
  if (atOnce(range)) {
    return now(region, how, range, () =>
      region.answered(native.rfindPattern(prepared.number, region.handle, from, end)),
    )
  }
  const take = (found: Found): number | undefined =>
    found.records === 0 ? undefined : starts.make(found, 0, 0)
  const asked = counting(LAST_START, false)
  return run<number>(region, prepared, asked, how, range, 1, take, () => -1).promise
}

/** How many matches a range has. */
export async function countPattern(
  region: Region,
  prepared: Prepared,
  how: Plan,
  range: Range,
): Promise<number> {
  return counted(region, prepared, how, range, counting(MATCH_COUNT, false), (from, end) =>
    native.countPattern(prepared.number, region.handle, from, end),
  )
}

/** How many lines have a match, or have none. */
export async function countPatternLines(
  region: Region,
  prepared: Prepared,
  how: Plan,
  range: Range,
  invert: boolean,
): Promise<number> {
  return counted(region, prepared, how, range, counting(LINE_COUNT, invert), (from, end) =>
    native.countLinesPattern(prepared.number, region.handle, from, end, invert),
  )
}

function counted(
  region: Region,
  prepared: Prepared,
  how: Plan,
  range: Range,
  asked: Question,
  small: (from: number, end: number) => number,
): number | Promise<number> {
  const { from, end } = range
  if (end < from) return 0
  if (atOnce(range)) return now(region, how, range, () => region.answered(small(from, end)))
  let total = 0
  const take = (found: Found): undefined => {
    total += found.count
    return undefined
  }
  return run<number>(region, prepared, asked, how, range, 1, take, () => total).promise
}
