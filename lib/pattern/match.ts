/** A match. Its text and groups are made when they are asked for, all from one copy of the bytes. */

import { inspect } from 'node:util'
import { integer, received } from '../arguments.js'
import { invalidType } from '../errors.js'
import { isIterator, type Step } from '../iterators.js'
import { shows } from '../shown.js'
import { bufferOver, type OwnBuffer } from '../slab.js'
import type { Found } from './answer.js'
import type { Groups } from './prepared.js'

/**
 * A match of a pattern. It iterates over its text and the text of its groups: `const [all, user] = match`. A group
 * that has not matched is undefined.
 */
export interface Match extends Iterable<string | undefined> {
  /** Where the match starts: bytes from the start of the map. */
  readonly index: number
  /** Where the match ends. */
  readonly end: number
  /** The index of the needle in a list; 0 if there was no list. */
  readonly pattern: number
  /** Where each group starts and ends, the whole match first: as a RegExp with the flag d has it, but in bytes. */
  readonly indices: readonly (readonly [number, number] | undefined)[]
  /** The text of the named groups; undefined if the pattern has none. */
  readonly groups: Readonly<Record<string, string | undefined>> | undefined
  /** A copy of the bytes of the match, or of a group. */
  bytes(group?: number | string): OwnBuffer | undefined
  /** The text of the match. */
  toString(): string
}

const NO_GROUPS: Groups = { count: 0, names: [] }

/** The text of a group that the needle has, or of the whole match for 0; undefined if the group has not matched. */
function textOf(found: Found, record: number, group: number): string | undefined {
  const start = found.at(record, group === 0 ? 1 : 2 + 2 * group)
  if (start === -1) return undefined
  // How far the bytes lie in the copy from where they lie in the map.
  const shift = found.at(record, 3) - found.at(record, 1)
  const end = found.at(record, group === 0 ? 2 : 3 + 2 * group)
  return found.texts.text(start + shift, end + shift)
}

/** The text of a match and those of its groups. Each is made when its turn comes. */
class Texts implements IterableIterator<string | undefined> {
  readonly #found: Found
  readonly #record: number
  readonly #last: number
  #group = 0

  constructor(found: Found, record: number, last: number) {
    this.#found = found
    this.#record = record
    this.#last = last
  }

  [Symbol.iterator](): this {
    return this
  }

  next(): Step<string | undefined> {
    const group = this.#group
    const done = group > this.#last
    const value = done ? undefined : textOf(this.#found, this.#record, group)
    this.#group = group + 1
    return { done, value } as Step<string | undefined>
  }
}
isIterator(Texts)

export class FoundMatch implements Match {
  readonly #found: Found
  readonly #record: number

  constructor(found: Found, record: number) {
    this.#found = found
    this.#record = record
  }

  get pattern(): number {
    return this.#found.at(this.#record, 0)
  }

  get index(): number {
    return this.#found.at(this.#record, 1)
  }

  get end(): number {
    return this.#found.at(this.#record, 2)
  }

  get indices(): readonly (readonly [number, number] | undefined)[] {
    const indices: (readonly [number, number] | undefined)[] = []
    for (let group = 0; group <= this.#groups.count; group += 1) {
      const start = this.#start(group)
      indices.push(start === -1 ? undefined : [start, this.#end(group)])
    }
    return indices
  }

  get groups(): Readonly<Record<string, string | undefined>> | undefined {
    const { names } = this.#groups
    if (names.length === 0) return undefined
    const groups: Record<string, string | undefined> = Object.create(null)
    // If several groups have one name, at most one of them can match.
    for (const [name, group] of names) {
      groups[name] = textOf(this.#found, this.#record, group) ?? groups[name]
    }
    return groups
  }

  bytes(group: number | string = 0): OwnBuffer | undefined {
    const number = this.#number(group)
    const start = this.#start(number)
    if (start === -1) return undefined
    const { block } = this.#found
    const from = block.byteOffset + this.#shift + start
    const copy = block.buffer.slice(from, from + this.#end(number) - start)
    return bufferOver(copy, 0, copy.byteLength)
  }

  [Symbol.iterator](): IterableIterator<string | undefined> {
    return new Texts(this.#found, this.#record, this.#groups.count)
  }

  toString(): string {
    return textOf(this.#found, this.#record, 0) as string
  }

  get #groups(): Groups {
    return this.#found.prepared.groups[this.pattern] ?? NO_GROUPS
  }

  /** Where a group starts in the map; -1 if it has not matched, or if there is no such group. */
  #start(group: number): number {
    if (group < 0 || group > this.#groups.count) return -1
    return this.#found.at(this.#record, group === 0 ? 1 : 2 + 2 * group)
  }

  /** Where a group that has matched ends. */
  #end(group: number): number {
    return this.#found.at(this.#record, group === 0 ? 2 : 3 + 2 * group)
  }

  /** How far the bytes lie in the copy from where they lie in the map. */
  get #shift(): number {
    return this.#found.at(this.#record, 3) - this.index
  }

  /** The number of a group; -1 if there is no such group. */
  #number(group: unknown): number {
    if (typeof group === 'number') return integer(group, 'group')
    if (typeof group !== 'string') {
      throw invalidType(
        `The "group" argument must be an integer or a name. Received ${received(group)}`,
      )
    }
    const named = this.#groups.names.filter(([name]) => name === group)
    const matched = named.find(([, number]) => this.#start(number) !== -1)
    return (matched ?? named[0])?.[1] ?? -1
  }
}

shows(FoundMatch, 'Match', (match) => {
  const texts = Array.from(match, (text) => inspect(text))
  return `Match { index: ${match.index}, end: ${match.end}, ${texts.join(', ')} }`
})
