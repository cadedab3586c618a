/**
 * The characters of a Unicode property, such as `\p{Lu}`. The runtime's own RegExp is asked for them, once for each
 * property. So the addon needs no tables, and a property means the same as in the runtime's version of Unicode.
 */

import { Buffer } from 'node:buffer'

/** How many characters there are: a code unit each, and two each. */
const SHORT = 0x10000 - 0x800
const LONG = 0x100000

/** All characters, in order. */
function everyCharacter(): string {
  const units = new Uint16Array(SHORT + 2 * LONG)
  let at = 0
  for (let unit = 0; unit < 0x10000; unit++) {
    // Half of a surrogate pair is no character.
    if (unit < 0xd800 || unit >= 0xe000) units[at++] = unit
  }
  for (let high = 0xd800; high < 0xdc00; high++) {
    for (let low = 0xdc00; low < 0xe000; low++) {
      units[at++] = high
      units[at++] = low
    }
  }
  return Buffer.from(units.buffer).toString('utf16le')
}

/** The text of four megabytes, which the properties of a pattern share, until the garbage collector takes it. */
let latest: WeakRef<{ readonly text: string }> | undefined

function sharedText(): string {
  let shared = latest?.deref()
  if (shared === undefined) {
    shared = { text: everyCharacter() }
    latest = new WeakRef(shared)
  }
  return shared.text
}

const known = new Map<string, Uint32Array>()

/** The code point that ends before this unit. */
function codeBefore(text: string, at: number): number {
  const unit = text.charCodeAt(at - 1)
  return unit >= 0xdc00 && unit < 0xe000 ? (text.codePointAt(at - 2) as number) : unit
}

/**
 * Pairs of first and last code points; undefined for a property of strings, and for one that the runtime does not
 * know.
 */
export function propertyMembers(name: string): Uint32Array | undefined {
  const found = known.get(name)
  if (found !== undefined) return found
  let runs: RegExp
  try {
    runs = new RegExp(`\\p{${name}}+`, 'gu')
  } catch {
    return undefined
  }
  const text = sharedText()
  const ranges: number[] = []
  for (const run of text.matchAll(runs)) {
    const first = text.codePointAt(run.index) as number
    const last = codeBefore(text, run.index + run[0].length)
    // The characters on both sides of the surrogates are neighbours in the text.
    if (first < 0xd800 && last > 0xdfff) ranges.push(first, 0xd7ff, 0xe000, last)
    else ranges.push(first, last)
  }
  const members = Uint32Array.from(ranges)
  known.set(name, members)
  return members
}
