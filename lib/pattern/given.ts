/** Reads once what a user has passed as a pattern. */

import { Buffer } from 'node:buffer'
import { types } from 'node:util'
import { type Bytes, bytes } from '../arguments.js'
import { invalidType, invalidValue } from '../errors.js'
import { copyGiven } from '../region.js'

/** How the bytes of a map are read: as UTF-8, or each as the character of its number. */
export type TextEncoding = 'utf8' | 'latin1'

/** A RegExp's source and flags. */
export interface Source {
  readonly source: string
  readonly flags: string
}

/** A needle of a list: text whose bytes depend on the encoding, a copy of bytes, or a RegExp. */
export type Given = string | Uint8Array | Source

/** The runtime's own getters, since a RegExp of the user's may have its own. */
const getter = (name: string): ((of: RegExp) => unknown) | undefined => {
  const get = Object.getOwnPropertyDescriptor(RegExp.prototype, name)?.get
  return get && ((of) => get.call(of))
}

const sourceOf = getter('source') as (of: RegExp) => string

/** The flags that change what matches. A runtime may lack one. */
const FLAGS = (
  [
    ['i', 'ignoreCase'],
    ['m', 'multiline'],
    ['s', 'dotAll'],
    ['u', 'unicode'],
    ['v', 'unicodeSets'],
    ['y', 'sticky'],
  ] as const
).flatMap(([flag, name]) => {
  const get = getter(name)
  return get === undefined ? [] : [{ flag, get }]
})

/** Reads a RegExp of any realm. `RegExp.prototype` is none, although it has the getters. */
export function readRegExp(value: RegExp): Source {
  let flags = ''
  for (const { flag, get } of FLAGS) if (get(value) === true) flags += flag
  return { source: sourceOf(value), flags }
}

/** What is a needle of a list, for messages. */
const LISTED = 'a string, Buffer, TypedArray, DataView, ArrayBuffer or RegExp'

/** What is a needle, for messages. */
export const NEEDLES: string = `${LISTED}, an Array of them, or a Pattern`

/** Reads one needle. No code of the caller's runs. `kinds` is what the member takes, for the message. */
export function given(value: Bytes | RegExp, name: string, kinds: string = NEEDLES): Given {
  if (typeof value === 'string') return value
  if (types.isRegExp(value)) return readRegExp(value)
  return copyGiven(bytes(value, name, kinds))
}

/** Reads a list of needles. It must have at least one: an empty list can't match anything, so it is a mistake. */
export function givenList(list: readonly unknown[], name: string): Given[] {
  if (list.length === 0) {
    throw invalidType(
      `The "${name}" argument: a list of needles must have at least one. Received an empty Array`,
    )
  }
  // The list's elements may be getters, so they are all read before the first of them is looked at.
  const elements: unknown[] = []
  for (let at = 0; at < list.length; at += 1) elements.push(list[at])
  return elements.map((element, at) => given(element as Bytes | RegExp, `${name}[${at}]`, LISTED))
}

const needleBytes = (needle: string | Uint8Array, encoding: TextEncoding): Uint8Array => {
  if (typeof needle !== 'string') return needle
  if (encoding === 'utf8') return Buffer.from(needle)
  // oxlint-disable-next-line no-control-regex
  const beyond = /[^\0-\xFF]/.exec(needle)
  if (beyond !== null) {
    throw invalidValue(
      `A needle has a character that Latin-1 lacks, ${JSON.stringify(beyond[0])} at ${beyond.index}, with encoding 'latin1'`,
    )
  }
  return Buffer.from(needle, 'latin1')
}

/** The bytes, if the only needle is bytes that are to be found as they are. */
export function literalOf(
  needles: readonly Given[],
  encoding: TextEncoding,
  ignoreCase: boolean,
): Uint8Array | undefined {
  const [needle] = needles
  if (needles.length !== 1 || ignoreCase || needle === undefined) return undefined
  return isSource(needle) ? undefined : needleBytes(needle, encoding)
}

export const isSource = (needle: Given): needle is Source =>
  typeof needle === 'object' && 'source' in needle

/** The members of properties, by their names: pairs of code points. */
export type Members = ReadonlyMap<string, Uint32Array>

/** The description of a pattern in the form that crates/fmmap-node/src/patterns.rs reads. */
export function describe(
  needles: readonly Given[],
  encoding: TextEncoding,
  ignoreCase: boolean,
  members: Members,
): Uint8Array {
  const parts: Uint8Array[] = []
  const words = (...numbers: number[]): void => {
    const written = Buffer.alloc(4 * numbers.length)
    numbers.forEach((number, at) => written.writeUInt32LE(number, 4 * at))
    parts.push(written)
  }
  words(encoding === 'latin1' ? 1 : 0, ignoreCase ? 1 : 0, needles.length)
  for (const needle of needles) {
    if (isSource(needle)) {
      const source = Buffer.from(needle.source, 'utf16le')
      words(1, needle.flags.length, source.length)
      parts.push(Buffer.from(needle.flags), source)
    } else {
      const literal = needleBytes(needle, encoding)
      words(0, 0, literal.length)
      parts.push(literal)
    }
  }
  words(members.size)
  for (const [property, ranges] of members) {
    const name = Buffer.from(property)
    words(name.length, ranges.length / 2)
    parts.push(name)
    words(...ranges)
  }
  return Buffer.concat(parts)
}
