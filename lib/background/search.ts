/**
 * Searches in the background: `findAsync`, `rfindAsync`, `countAsync` and `findAllAsync`. Start here.
 *
 * A call goes down these files, none of which knows the ones above it:
 *
 * - search.ts: what each member asks for; small ranges are answered here at once
 * - matches.ts: the iterator of `findAllAsync`
 * - patterns.ts and records.ts: the same for patterns; matching.ts has their own members
 * - steps.ts: an iterator whose steps are searched in rounds
 * - chunks.ts: cuts a range into parts, runs them on the threadpool and takes their answers in order
 * - turns.ts: how many run at once in the process, and who is next
 * - pending.ts: a promise that a close or a signal may end; signal.ts: the signal, which is the caller's code
 * - options.ts: what the options say
 *
 * Work in the background that is no search is another `Job` for chunks.ts, in a file beside this one.
 */

import { COUNT, FIRST, LAST, native, quick, Search } from '../native.js'
import { keptNeedle, leastLength, type Literal, needleOf, patternIn } from '../needle.js'
import { starts } from '../pattern/kinds.js'
import type { Prepared } from '../pattern/prepared.js'
import { checkGiven, type Region } from '../region.js'
import { givenEnd, startAt } from '../bounds.js'
import { backward, forward, inFlight, type Parts, runChunks, SMALL } from './chunks.js'
import { AsyncOffsets } from './matches.js'
import {
  type AsyncFindAllOptions,
  type AsyncSearchOptions,
  check,
  type Plan,
  plan,
  type Range,
  range,
} from './options.js'
import { countPattern, findPattern, rfindPattern } from './patterns.js'
import { AsyncRecords } from './records.js'
import { checkSignal } from './signal.js'
import { Steps } from './steps.js'

export type { AsyncFindAllOptions, AsyncSearchOptions } from './options.js'

/** What a search asks for. Each option was read and checked once. */
interface Asked {
  readonly needle: Literal
  readonly how: Plan
}

function ask(region: Region, sub: unknown, given: AsyncSearchOptions | undefined): Asked {
  needleOf(sub, 'sub')
  const how = plan(given)
  checkSignal(how.signal)
  // The getters of the options and of the signal may have detached the needle since it was checked.
  const needle = needleOf(sub, 'sub')
  region.checkReadable()
  return { needle, how }
}

/** The same for a pattern, and where it is searched for. */
function askFor(
  region: Region,
  given: AsyncSearchOptions | undefined,
  fallback: (region: Region) => number,
): [Plan, Range] {
  const how = plan(given)
  checkSignal(how.signal)
  region.checkReadable()
  return [how, range(region, how, fallback(region), 0)]
}

/** Whether a range is searched at once: it is small, or an empty needle needs no search. */
const atOnce = ({ from, end }: Range, needle: Literal): boolean =>
  end - from <= SMALL || leastLength(needle) === 0

/** Prepares a search for the caller's bytes, which it copies. */
function prepared(needle: Literal, question: number): Search {
  const search = new Search(needle, question)
  checkGiven(needle)
  return search
}

/** Answers in the calling thread. */
function answerAtOnce(
  region: Region,
  { needle, how }: Asked,
  { from, end }: Range,
  answer: typeof quick.find,
): number {
  const found = region.answered(answer(needle, region.handle, from, end), needle)
  if (how.onProgress !== undefined) {
    how.onProgress(end - from, end - from)
    // The callback may have closed the map.
    check(region, how)
  }
  return found
}

/**
 * Searches for one match. The needle and the range are copied at the call, so later changes to them have no effect.
 */
async function one(
  region: Region,
  sub: unknown,
  given: AsyncSearchOptions | undefined,
  question: typeof FIRST | typeof LAST,
): Promise<number> {
  const pattern = patternIn(sub, 'sub')
  if (pattern !== undefined) {
    const look = question === LAST ? rfindPattern : findPattern
    return look(region, pattern, ...askFor(region, given, ({ position }) => position))
  }
  const asked = ask(region, sub, given)
  const { needle, how } = asked
  const where = range(region, how, region.position, leastLength(needle))
  const { from, until, end } = where
  if (until === from) return -1
  if (atOnce(where, needle)) {
    return answerAtOnce(region, asked, where, question === LAST ? quick.rfind : quick.find)
  }
  const search = prepared(needle, question)
  const parts = question === LAST ? backward : forward
  return runChunks<Float64Array, number>(region, how, {
    parts: parts(from, until, inFlight(how)),
    total: end - from,
    behind: end - until,
    sequential: false,
    start: (part) => search.chunk(region.handle, part.from, part.until, end),
    take: ([at]) => (at === -1 ? undefined : at),
    result: () => -1,
    task: search,
  }).promise
}

export function findAsync(
  region: Region,
  sub: unknown,
  given: AsyncSearchOptions | undefined,
): Promise<number> {
  return one(region, sub, given, FIRST)
}

export function rfindAsync(
  region: Region,
  sub: unknown,
  given: AsyncSearchOptions | undefined,
): Promise<number> {
  return one(region, sub, given, LAST)
}

export async function countAsync(
  region: Region,
  sub: unknown,
  given: AsyncSearchOptions | undefined,
): Promise<number> {
  const pattern = patternIn(sub, 'sub')
  if (pattern !== undefined) {
    return countPattern(region, pattern, ...askFor(region, given, () => 0))
  }
  const { needle, how } = ask(region, sub, given)
  return countLiteral(region, needle, how)
}

/** How often bytes occur in the range of a plan that was checked. */
export async function countLiteral(region: Region, needle: Literal, how: Plan): Promise<number> {
  const asked: Asked = { needle, how }
  const where = range(region, how, 0, leastLength(needle))
  const { from, until, end } = where
  if (until === from) return 0
  if (atOnce(where, needle)) return answerAtOnce(region, asked, where, native.count)
  const search = prepared(needle, COUNT)
  const sequential = search.overlaps()
  const parts: Parts = forward(from, until, sequential ? 1 : inFlight(how))
  let total = 0
  /** Where the last match of the parts before has ended, which may be inside of the next part. */
  let next = from
  return runChunks<Float64Array, number>(region, how, {
    parts,
    total: end - from,
    behind: end - until,
    sequential,
    start(part) {
      const first = sequential ? Math.min(Math.max(part.from, next), part.until) : part.from
      return search.chunk(region.handle, first, part.until, end)
    },
    take([count = 0, after = 0]) {
      total += count
      next = Math.max(next, after)
      return undefined
    },
    result: () => total,
    task: search,
  }).promise
}

/** Every match, in order. The arguments are checked at the call, and the needle is copied. */
export function findAllAsync(
  region: Region,
  sub: unknown,
  given: AsyncFindAllOptions | undefined,
): AsyncIterableIterator<number> {
  const pattern: Prepared | undefined = patternIn(sub, 'sub')
  const needle = pattern === undefined ? keptNeedle(sub, 'sub') : undefined
  const how = plan(given)
  region.checkReadable()
  const first = startAt(how.start ?? 0, region.length)
  const last = givenEnd(how.end, region.length)
  const rounds =
    pattern === undefined
      ? new AsyncOffsets(region, needle as Literal, how, first, last)
      : new AsyncRecords(region, pattern, starts, how, first, last)
  return new Steps(rounds)
}
