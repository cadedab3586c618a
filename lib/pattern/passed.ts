/** The pattern for what a user has passed to a search: a `Pattern`, or whatever one is made of. */

import { types } from 'node:util'
import type { Bytes } from '../arguments.js'
import { conflictingOptions } from '../errors.js'
import { type Given, given, givenList, type Source, type TextEncoding } from './given.js'
import { preparedIn } from './pattern.js'
import { Prepared } from './prepared.js'

/** Patterns with a longer source are not kept. */
const LONG = 4096

/** The most patterns that are kept. */
const KEPT = 64

/**
 * Patterns that were made for RegExps and strings which were passed directly: a loop passes the same ones again and
 * again.
 */
const kept = new Map<string, Prepared>()

function cached({ source, flags }: Source, encoding: TextEncoding, needle: Given): Prepared {
  if (source.length > LONG) return new Prepared([needle], encoding, false)
  const key = `${encoding}${flags}/${source}`
  const found = kept.get(key)
  if (found !== undefined) return found
  const made = new Prepared([needle], encoding, false)
  if (kept.size === KEPT) {
    for (const oldest of kept.keys()) {
      kept.delete(oldest)
      break
    }
  }
  kept.set(key, made)
  return made
}

/** The pattern that was passed, or one that is made for what was passed; undefined for bytes. */
export function patternOf(
  value: unknown,
  name: string,
  encoding?: TextEncoding,
): Prepared | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  if (types.isRegExp(value)) {
    const source = given(value, name) as Source
    return cached(source, encoding ?? 'utf8', source)
  }
  if (Array.isArray(value)) return new Prepared(givenList(value, name), encoding ?? 'utf8', false)
  const prepared = preparedIn(value)
  if (prepared !== undefined && encoding !== undefined && encoding !== prepared.encoding) {
    throw conflictingOptions(
      `The "encoding" option is '${encoding}', the pattern's '${prepared.encoding}': it is the pattern's that counts, and may be left out`,
    )
  }
  return prepared
}

/** A pattern for any needle, for bytes too. */
export function anyPattern(value: unknown, name: string, encoding?: TextEncoding): Prepared {
  const found = patternOf(value, name, encoding)
  if (found !== undefined) return found
  const text = encoding ?? 'utf8'
  // This letter is no flag of a RegExp.
  if (typeof value === 'string') return cached({ source: value, flags: '"' }, text, value)
  return new Prepared([given(value as Bytes, name)], text, false)
}
