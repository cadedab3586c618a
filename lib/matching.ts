/** Matches, and lines that have a match, in one call: what Python has in `re`, and grep. */

import { Buffer } from 'node:buffer'
import { boolean, optionalInteger, options as members } from './arguments.js'
import { refused } from './errors.js'
import { native } from './native.js'
import { Found } from './pattern/answer.js'
import { Backward, Forward } from './pattern/batches.js'
import { FoundLines, type Lines } from './pattern/blocks.js'
import { linesWith, matches } from './pattern/kinds.js'
import type { Match } from './pattern/match.js'
import { anyPattern } from './pattern/passed.js'
import type { Needle } from './pattern/pattern.js'
import { type Prepared, textEncoding } from './pattern/prepared.js'
import type { Region } from './region.js'
import { matchLimit, type SearchRange } from './search.js'
import { givenEnd, startAt } from './bounds.js'

/** A range to search, and how its bytes are read. */
export interface MatchOptions extends SearchRange {
  /**
   * How the map's bytes are read: as UTF-8, where invalid bytes match nothing; or as Latin-1, where each byte is the
   * character of its number. Default: that of the pattern, and `'utf8'` for everything else.
   */
  encoding?: 'utf8' | 'latin1' | undefined
}

/** Which matches, and in which order. */
export interface MatchAllOptions extends MatchOptions {
  /** The most matches to give. Default: all. */
  limit?: number | undefined
  /**
   * Whether the matches of the last line come first, each line's from its end. Only for patterns whose matches have
   * no newline. Default: false.
   */
  reverse?: boolean | undefined
}

/** Which lines are counted. */
export interface CountLinesOptions extends MatchOptions {
  /** Whether to take the lines that have no match. Default: false. */
  invert?: boolean | undefined
}

/** Which lines, what they contain, and in which order. */
export interface GrepOptions extends CountLinesOptions {
  /** The most lines to give. Default: all. */
  limit?: number | undefined
  /** Whether lines have their number, counted from 1 at the start of the map. Default: false. */
  numbers?: boolean | undefined
  /** Whether the last line comes first. Only for patterns whose matches have no newline. Default: false. */
  reverse?: boolean | undefined
}

/** Where a search looks: the present offsets, and the end that was given, if one was. */
interface Where {
  readonly first: number
  readonly last: number | undefined
}

const flag = (value: unknown, name: string): boolean => value !== undefined && boolean(value, name)

/** The offsets of a range. Checks first that the map can be read. */
function whereIn(region: Region, start: unknown, stop: unknown): Where {
  const from = optionalInteger(start, 'start', 0)
  const to = optionalInteger(stop, 'end', undefined)
  region.checkReadable()
  return {
    first: startAt(from, region.length),
    last: givenEnd(to, region.length),
  }
}

/** Refuses patterns that can't be searched for line by line from the end. */
function checkReverse(prepared: Prepared): void {
  if (prepared.isLineBound) return
  throw refused(
    'newline',
    0,
    'a pattern that can match a newline, or that is sticky, with "reverse": lines are searched one by one from the end',
  )
}

export function match(
  region: Region,
  needle: Needle,
  given: MatchOptions | undefined,
): Match | null {
  const { start, end, encoding } = members(given, 'match(needle, { start, end, encoding })')
  const prepared = anyPattern(needle, 'needle', textEncoding(encoding))
  const { first, last = region.length } = whereIn(region, start, end)
  if (last < first) return null
  const found = native.matchPattern(prepared.number, region.handle, first, last)
  if (found === undefined) throw region.fault()
  const answer = new Found(new Float64Array(found), prepared, matches.size(prepared))
  return answer.records === 0 ? null : matches.make(answer, 0, 0)
}

export function matchAll(
  region: Region,
  needle: Needle,
  given: MatchAllOptions | undefined,
): IterableIterator<Match> {
  const { start, end, encoding, limit, reverse } = members(
    given,
    'matchAll(needle, { start, end, limit, encoding, reverse })',
  )
  const prepared = anyPattern(needle, 'needle', textEncoding(encoding))
  const most = matchLimit(limit)
  const backward = flag(reverse, 'reverse')
  const { first, last } = whereIn(region, start, end)
  if (!backward) return new Forward(region, prepared, matches, first, last, most)
  checkReverse(prepared)
  return new Backward(region, prepared, matches, first, last, most)
}

export function grep(region: Region, needle: Needle, given: GrepOptions | undefined): Lines {
  const { start, end, encoding, invert, limit, numbers, reverse } = members(
    given,
    'grep(needle, { start, end, invert, limit, numbers, reverse, encoding })',
  )
  const prepared = anyPattern(needle, 'needle', textEncoding(encoding))
  const kind = linesWith(flag(invert, 'invert'), flag(numbers, 'numbers'))
  const most = matchLimit(limit)
  const backward = flag(reverse, 'reverse')
  const { first, last } = whereIn(region, start, end)
  if (!backward) return new FoundLines(new Forward(region, prepared, kind, first, last, most))
  checkReverse(prepared)
  return new FoundLines(new Backward(region, prepared, kind, first, last, most))
}

const NEWLINE = Buffer.of(10)

/** How many lines a range has: its newlines, and one more if bytes follow the last of them. */
export function linesIn(region: Region, first: number, last: number): number {
  if (last <= first) return 0
  const newlines = region.answered(native.count(NEWLINE, region.handle, first, last))
  return newlines + cutLine(region, first, last)
}

/** 1 if the last line of a range has no newline, otherwise 0. */
export function cutLine(region: Region, first: number, last: number): number {
  if (last <= first) return 0
  return 1 - region.answered(native.count(NEWLINE, region.handle, last - 1, last))
}

export function countLines(
  region: Region,
  needle: Needle | undefined,
  given: CountLinesOptions | undefined,
): number {
  const { start, end, encoding, invert } = members(
    given,
    'countLines(needle, { start, end, invert, encoding })',
  )
  const text = textEncoding(encoding)
  const prepared = needle === undefined ? undefined : anyPattern(needle, 'needle', text)
  const isInverted = flag(invert, 'invert')
  const { first, last = region.length } = whereIn(region, start, end)
  if (last < first) return 0
  // Without a needle every line counts, so with `invert` none does.
  if (prepared === undefined) return isInverted ? 0 : linesIn(region, first, last)
  return region.answered(
    native.countLinesPattern(prepared.number, region.handle, first, last, isInverted),
  )
}
