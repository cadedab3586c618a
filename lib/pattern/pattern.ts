/** Class `Pattern`. What it is made of is in prepared.ts. */

import type { Bytes } from '../arguments.js'
import { shows } from '../shown.js'
import { inspectPrepared, prepare, type Prepared } from './prepared.js'

/**
 * What to look for. Of a list, the leftmost match is found; if two begin at the same place, that of the earlier
 * needle.
 */
export type Needle = Bytes | RegExp | readonly (Bytes | RegExp)[] | Pattern

/** How a needle is read. */
export interface PatternOptions {
  /**
   * How the map's bytes are read: as UTF-8, where invalid bytes match nothing; or as Latin-1, where each byte is the
   * character of its number. Default: `'utf8'`.
   */
  encoding?: 'utf8' | 'latin1' | undefined
  /** Whether case is ignored, for bytes too. Default: false. */
  ignoreCase?: boolean | undefined
}

/** Set by the class, which alone can read its private member. */
let preparedOf: (value: object) => Prepared | undefined

/** Returns what a `Pattern` has prepared; undefined for all other values. */
export const preparedIn = (value: object): Prepared | undefined => preparedOf(value)

/**
 * Something to look for, prepared once and used often: a RegExp, bytes, or a list of them. A RegExp means the same as
 * in JavaScript, always in code points; docs/patterns.md says more. Python has `re.compile` for this.
 */
export class Pattern {
  readonly #prepared: Prepared

  static {
    preparedOf = (value) => (#prepared in value ? value.#prepared : undefined)
  }

  /**
   * @throws ERR_MMAP_PATTERN, a SyntaxError, for syntax that can't be searched for in linear time: lookbehind, a
   * lookahead before the pattern's end, backreferences.
   */
  constructor(needle: Needle, options?: PatternOptions) {
    const before = typeof needle === 'object' && needle !== null ? preparedIn(needle) : undefined
    this.#prepared = prepare(needle, before, options)
  }
}

shows(Pattern, 'Pattern', (pattern) => inspectPrepared(preparedIn(pattern) as Prepared))
