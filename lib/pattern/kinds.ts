/** The kinds of records that a search can give: where matches start, the matches, the lines that have one. */

import { type Line, CopiedLine } from '../line.js'
import { LINES, MATCHES, STARTS } from '../native.js'
import type { Found } from './answer.js'
import { FoundMatch, type Match } from './match.js'
import type { Prepared } from './prepared.js'

export interface Kind<T> {
  readonly question: number
  /** Whether the lines are those without a match, and whether they are numbered. */
  readonly invert: boolean
  readonly numbers: boolean
  /** How many numbers a record has. */
  size(prepared: Prepared): number
  /** Where a record starts in the map. */
  start(found: Found, record: number): number
  /** What the iterator gives for a record. `lines` is the number of lines before those of the answer. */
  make(found: Found, record: number, lines: number): T
}

const plain = { invert: false, numbers: false }

export const starts: Kind<number> = {
  ...plain,
  question: STARTS,
  size: () => 1,
  start: (found, record) => found.at(record, 0),
  make: (found, record) => found.at(record, 0),
}

export const matches: Kind<Match> = {
  ...plain,
  question: MATCHES,
  size: ({ groups }) => 4 + 2 * Math.max(0, ...groups.map(({ count }) => count)),
  start: (found, record) => found.at(record, 1),
  make: (found, record) => new FoundMatch(found, record),
}

export const linesWith = (invert: boolean, numbers: boolean): Kind<Line> => ({
  question: LINES,
  invert,
  numbers,
  size: () => 4,
  start: (found, record) => found.at(record, 0),
  make: (found, record, lines) =>
    new CopiedLine(
      found.texts,
      found.at(record, 3),
      found.at(record, 0),
      found.at(record, 1),
      numbers ? lines + found.at(record, 2) : undefined,
    ),
})
