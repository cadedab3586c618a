/**
 * The characters of a Unicode property, such as `\p{Lu}`. The runtime's own RegExp is asked for them, once for each
 * property. So the addon needs no tables, and a property means the same as in the runtime's version of Unicode.
 */

/** All characters, in order. */
function everyCharacter(): string {
  const parts: string[] = []
  for (let first = 0; first <= 0x10ffff; first += 4096) {
    // Half of a surrogate pair is no character.
    if (first >= 0xd800 && first < 0xe000) continue
    const codes = Array.from({ length: 4096 }, (_, at) => first + at)
    parts.push(String.fromCodePoint(...codes))
  }
  return parts.join('')
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
  const text = everyCharacter()
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
