/** A match. Its text and groups are made when they are asked for, all from one copy of the bytes. */

import { inspect } from 'node:util'
import { integer, received } from '../arguments.js'
import { invalidType } from '../errors.js'
import { shows } from '../shown.js'
import { bufferOver, type OwnBuffer } from '../slab.js'
import type { Found } from './answer.js'

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
  /** Where each group starts and ends, the whole match first; as a RegExp with the flag d has it. */
  readonly indices: readonly (readonly [number, number] | undefined)[]
  /** The text of the named groups; undefined if the pattern has none. */
  readonly groups: Readonly<Record<string, string | undefined>> | undefined
  /** A copy of the bytes of the match, or of a group. */
  bytes(group?: number | string): OwnBuffer | undefined
  /** The text of the match. */
  toString(): string
}

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
    for (let group = 0; group <= this.#groups.count; group += 1) indices.push(this.#place(group))
    return indices
  }

  get groups(): Readonly<Record<string, string | undefined>> | undefined {
    const { names } = this.#groups
    if (names.length === 0) return undefined
    const groups: Record<string, string | undefined> = Object.create(null)
    // If several groups have one name, at most one of them can match.
    for (const [name, group] of names) groups[name] = this.#text(group) ?? groups[name]
    return groups
  }

  bytes(group: number | string = 0): OwnBuffer | undefined {
    const place = this.#place(this.#number(group))
    if (place === undefined) return undefined
    const [start, end] = this.#inBlock(place)
    const { block } = this.#found
    const from = block.byteOffset + start
    const copy = block.buffer.slice(from, block.byteOffset + end)
    return bufferOver(copy, 0, copy.byteLength)
  }

  [Symbol.iterator](): IterableIterator<string | undefined> {
    const texts: (string | undefined)[] = []
    for (let group = 0; group <= this.#groups.count; group += 1) texts.push(this.#text(group))
    return texts[Symbol.iterator]()
  }

  toString(): string {
    return this.#text(0) as string
  }

  get #groups(): {
    readonly count: number
    readonly names: readonly (readonly [string, number])[]
  } {
    return this.#found.prepared.groups[this.pattern] ?? { count: 0, names: [] }
  }

  /** Where a group lies in the map. */
  #place(group: number): readonly [number, number] | undefined {
    const found = this.#found
    if (group === 0) return [this.index, this.end]
    if (group < 0 || group > this.#groups.count) return undefined
    const start = found.at(this.#record, 2 + 2 * group)
    return start === -1 ? undefined : [start, found.at(this.#record, 3 + 2 * group)]
  }

  /** Where a place of the map lies in the copy. */
  #inBlock([start, end]: readonly [number, number]): readonly [number, number] {
    const shift = this.#found.at(this.#record, 3) - this.index
    return [start + shift, end + shift]
  }

  #text(group: number): string | undefined {
    const place = this.#place(group)
    if (place === undefined) return undefined
    const { block, prepared } = this.#found
    return block.toString(prepared.encoding, ...this.#inBlock(place))
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
    const matched = named.find(([, number]) => this.#place(number) !== undefined)
    return (matched ?? named[0])?.[1] ?? -1
  }
}

shows(FoundMatch, 'Match', (match) => {
  const texts = Array.from(match, (text) => inspect(text))
  return `Match { index: ${match.index}, end: ${match.end}, ${texts.join(', ')} }`
})
