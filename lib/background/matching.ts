/**
 * `matchAsync`, `matchAllAsync`, `grepAsync` and `countLinesAsync`: the members of lib/matching.ts, in the
 * background.
 */

import { Buffer } from 'node:buffer'
import { boolean, options as members } from '../arguments.js'
import { invalidValue } from '../errors.js'
import {
  type CountLinesOptions,
  cutLine,
  type GrepOptions,
  type MatchOptions,
} from '../matching.js'
import { type Kind, linesWith, matches } from '../pattern/kinds.js'
import type { Match } from '../pattern/match.js'
import { anyPattern } from '../pattern/passed.js'
import type { Needle } from '../pattern/pattern.js'
import { type Prepared, textEncoding } from '../pattern/prepared.js'
import type { Region } from '../region.js'
import { givenEnd, startAt } from '../bounds.js'
import { type AsyncLines, LineSteps } from './blocks.js'
import {
  type AsyncFindAllOptions,
  type AsyncSearchOptions,
  check,
  type Plan,
  planOf,
  range,
} from './options.js'
import { countPatternLines, firstOf } from './patterns.js'
import { AsyncRecords } from './records.js'
import { countLiteral } from './search.js'
import { checkSignal } from './signal.js'
import { Steps } from './steps.js'

/** How a match is searched for in the background. */
export interface AsyncMatchOptions extends AsyncSearchOptions, MatchOptions {}

/** How all matches are searched for in the background. */
export interface AsyncMatchAllOptions extends AsyncFindAllOptions, MatchOptions {}

/** How lines are searched for in the background. */
export interface AsyncGrepOptions extends AsyncFindAllOptions, Omit<GrepOptions, 'reverse'> {}

/** How lines are counted in the background. */
export interface AsyncCountLinesOptions extends AsyncSearchOptions, CountLinesOptions {}

/** What a call asks for. Each option is read once, before the signal can run any code of the caller's. */
interface Asked {
  readonly prepared: Prepared | undefined
  readonly how: Plan
  readonly invert: boolean
  readonly numbers: boolean
}

const flag = (value: unknown, name: string): boolean => value !== undefined && boolean(value, name)

function ask(
  needle: Needle | undefined,
  given: (AsyncGrepOptions & { reverse?: unknown }) | undefined,
  isOptional = false,
): Asked {
  const { start, end, signal, concurrency, onProgress, limit, encoding, invert, numbers, reverse } =
    members(given, '(needle, { start, end, signal, encoding })')
  const text = textEncoding(encoding)
  const prepared =
    isOptional && needle === undefined ? undefined : anyPattern(needle, 'needle', text)
  if (flag(reverse, 'reverse')) {
    throw invalidValue(
      'The "reverse" option is not one of the background: matchAll and grep search from the end',
    )
  }
  return {
    prepared,
    how: planOf({ start, end, signal, concurrency, onProgress, limit }),
    invert: flag(invert, 'invert'),
    numbers: flag(numbers, 'numbers'),
  }
}

export async function matchAsync(
  region: Region,
  needle: Needle,
  given: AsyncMatchOptions | undefined,
): Promise<Match | null> {
  const { prepared, how } = ask(needle, given)
  checkSignal(how.signal)
  region.checkReadable()
  const found = firstOf(region, prepared as Prepared, matches, how, range(region, how, 0, 0))
  return (await found) ?? null
}

function records<T>(region: Region, { prepared, how }: Asked, kind: Kind<T>): AsyncRecords<T> {
  region.checkReadable()
  const first = startAt(how.start ?? 0, region.length)
  const last = givenEnd(how.end, region.length)
  return new AsyncRecords(region, prepared as Prepared, kind, how, first, last)
}

export function matchAllAsync(
  region: Region,
  needle: Needle,
  given: AsyncMatchAllOptions | undefined,
): AsyncIterableIterator<Match> {
  return new Steps(records(region, ask(needle, given), matches))
}

export function grepAsync(
  region: Region,
  needle: Needle,
  given: AsyncGrepOptions | undefined,
): AsyncLines {
  const asked = ask(needle, given)
  return new LineSteps(records(region, asked, linesWith(asked.invert, asked.numbers)))
}

const NEWLINE = Buffer.of(10)

export async function countLinesAsync(
  region: Region,
  needle: Needle | undefined,
  given: AsyncCountLinesOptions | undefined,
): Promise<number> {
  const { prepared, how, invert } = ask(needle, given, true)
  checkSignal(how.signal)
  region.checkReadable()
  const where = range(region, how, 0, 0)
  if (prepared !== undefined) return countPatternLines(region, prepared, how, where, invert)
  if (invert || where.end <= where.from) return 0
  const cut = cutLine(region, where.from, where.end)
  const newlines = await countLiteral(region, NEWLINE, how)
  check(region, how)
  return newlines + cut
}
