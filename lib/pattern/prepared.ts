/** A pattern that is prepared for the addon, whatever it was made of. */

import { inspect } from 'node:util'
import { boolean, type Bytes, options as members, received } from '../arguments.js'
import { fromNative, invalidType, invalidValue } from '../errors.js'
import { native } from '../native.js'
import {
  describe,
  type Given,
  given,
  givenList,
  isSource,
  literalOf,
  type Source,
  type TextEncoding,
} from './given.js'
import type { Needle, PatternOptions } from './pattern.js'
import { propertyMembers } from './properties.js'

/** The groups of one needle. */
export interface Groups {
  /** How many groups there are, without the whole match. */
  readonly count: number
  /** Their names with their numbers, in order. Several groups may have one name. */
  readonly names: readonly (readonly [string, number])[]
}

const forgotten = new FinalizationRegistry<number>((number) => native.forgetPattern(number))

/** A prepared pattern. */
export class Prepared {
  readonly needles: readonly Given[]
  readonly encoding: TextEncoding
  readonly ignoreCase: boolean
  /** The bytes, if the pattern is only bytes: searching for them directly is faster. */
  readonly literal: Uint8Array | undefined
  #number = 0
  #groups: readonly Groups[] | undefined
  #isLineBound: boolean | undefined

  constructor(needles: readonly Given[], encoding: TextEncoding, ignoreCase: boolean) {
    this.needles = needles
    this.encoding = encoding
    this.ignoreCase = ignoreCase
    this.literal = literalOf(needles, encoding, ignoreCase)
    // An error in the pattern is reported now.
    if (this.literal === undefined) this.#number = this.#prepare()
  }

  /** Its number in the addon. */
  get number(): number {
    if (this.#number === 0) this.#number = this.#prepare()
    return this.#number
  }

  /** The groups of each needle. */
  get groups(): readonly Groups[] {
    this.#groups ??= groupsOf(native.patternGroups(this.number))
    return this.#groups
  }

  /** Whether no match can contain a newline, and none depends on where the search has begun. */
  get isLineBound(): boolean {
    this.#isLineBound ??= native.patternIsLineBound(this.number)
    return this.#isLineBound
  }

  #prepare(): number {
    const { needles, encoding, ignoreCase } = this
    const ranges = new Map<string, Uint32Array>()
    const asked = (): Uint8Array => describe(needles, encoding, ignoreCase, ranges)
    let number: number
    try {
      if (needles.some((needle) => isSource(needle) && /\\p/i.test(needle.source))) {
        for (const name of native.patternProperties(asked()).split('\n')) {
          const found = name === '' ? undefined : propertyMembers(name)
          if (found !== undefined) ranges.set(name, found)
        }
      }
      number = native.pattern(asked())
    } catch (error) {
      const { needle = 0 } = error as { needle?: number }
      const wrong = needles[needle]
      throw fromNative(error, undefined, wrong && isSource(wrong) ? shortened(wrong) : undefined)
    }
    forgotten.register(this, number)
    return number
  }
}

/** The source of a RegExp for a message, at most its first 60 characters. */
function shortened({ source, flags }: Source): string {
  return source.length > 60 ? ` of /${source.slice(0, 60)}...` : ` of /${source}/${flags}`
}

/** Parses the answer of `native.patternGroups`, which has one line for each needle. */
function groupsOf(text: string): readonly Groups[] {
  return text.split('\n').map((line) => {
    const [count, ...rest] = line.split(' ')
    const names: [string, number][] = []
    for (let at = 0; at + 1 < rest.length; at += 2) {
      names.push([rest[at] as string, Number(rest[at + 1])])
    }
    return { count: Number(count), names }
  })
}

/** The `encoding` option. */
export function textEncoding(value: unknown): TextEncoding | undefined {
  if (value === undefined || value === 'utf8' || value === 'latin1') return value
  const message = `The "encoding" option must be 'utf8' or 'latin1'. Received ${received(value)}`
  throw typeof value === 'string' ? invalidValue(message) : invalidType(message)
}

/** Reads one needle, or a list of them. */
const given_ = (needle: Needle, name: string): readonly Given[] =>
  Array.isArray(needle)
    ? givenList(needle as readonly unknown[], name)
    : [given(needle as Bytes | RegExp, name)]

/** What `new Pattern` makes of its arguments; `before` is what the needle is a `Pattern` of. */
export function prepare(
  needle: Needle,
  before: Prepared | undefined,
  options: PatternOptions | undefined,
): Prepared {
  const { encoding, ignoreCase } = members(options, 'new Pattern(needle, { encoding, ignoreCase })')
  const text = textEncoding(encoding)
  const isCaseless = ignoreCase === undefined ? undefined : boolean(ignoreCase, 'ignoreCase')
  if (before === undefined) {
    return new Prepared(given_(needle, 'needle'), text ?? 'utf8', isCaseless ?? false)
  }
  const same =
    (text ?? before.encoding) === before.encoding &&
    (isCaseless ?? before.ignoreCase) === before.ignoreCase
  return same
    ? before
    : new Prepared(before.needles, text ?? before.encoding, isCaseless ?? before.ignoreCase)
}

/** So many needles of a list are shown: as many as Node shows elements of an array. */
const SHOWN = 100

/** What console.log shows of a `Pattern`. */
export function inspectPrepared({ needles, encoding, ignoreCase }: Prepared): string {
  const texts = needles
    .slice(0, SHOWN)
    .map((needle) => (isSource(needle) ? `/${needle.source}/${needle.flags}` : inspect(needle)))
  if (needles.length > SHOWN) texts.push(`... ${needles.length - SHOWN} more`)
  if (encoding !== 'utf8') texts.push(`encoding: '${encoding}'`)
  if (ignoreCase) texts.push('ignoreCase: true')
  return `Pattern { ${texts.join(', ')} }`
}
