// Patterns and texts at random, and what the runtime's own RegExp finds in them.
import { Buffer } from 'node:buffer'
import type { Match } from '../../index.js'

/** Numbers from a seed, so that a failure can be seen again. */
export class Random {
  #state: number

  constructor(seed: number) {
    // Not 0; and seeds that follow each other have not half of their states in common.
    this.#state = Math.imul(seed, 0x9e3779b1) | 1
  }

  below(n: number): number {
    this.#state ^= this.#state << 13
    this.#state ^= this.#state >>> 17
    this.#state ^= this.#state << 5
    return (this.#state >>> 0) % n
  }

  pick<T>(of: readonly T[]): T {
    return of[this.below(of.length)] as T
  }
}

const ATOMS = [
  ...['a', 'b', 'c', 'ab', 'k', 's', 'S', '1', '_', ' ', '-', '.', 'é', 'É', 'ß', 'ÿ'],
  ...['\\d', '\\w', '\\s', '\\D', '\\W', '\\S', '[ab]', '[^a]', '[a-c]', '[^\\n]', '[\\s\\S]'],
  ...['\\n', '\\r', '\\x41', '\\u0062', '[é-ü]', '[^é]', '[\\w-]', '[^]', '\\/', '[]', '[A-z]'],
  ...['[^\\W_]', '[\\d\\-_]', '\\t', '\\x0a', '\\cJ', '\\0', '[\\b]', '.*', '.+?', '[^\\n]*'],
] as const

const WIDE = [
  'ſ',
  'K',
  'σ',
  'ς',
  '\\u2028',
  'İ',
  'ŉ',
  'Σ',
  'ẞ',
  '[ſ]',
  '[^K]',
  '[α-ω]',
  'µ',
] as const
const ASTRAL = [
  ...['😀', '\\u{1F600}', '[😀-😃]', '[^😀]', '𐐀', '\\p{Lu}', '\\P{L}', '\\ud83d\\ude00'],
  ...['[\\ud83d\\ude00-\\ud83d\\ude02]', '[^\\p{Lu}a]', '\\p{Emoji}', '\\p{Script=Deseret}', '[^]'],
] as const

/** What Annex B adds where there is no flag u. */
const LEGACY = [
  ...[
    '\\c',
    '\\c1',
    '[\\c]',
    '[\\c1]',
    '[\\c_]',
    '\\8',
    '\\07',
    '\\101',
    '\\1411',
    '\\400',
    '\\x',
    '\\xg',
  ],
  ...[
    '\\x4',
    '\\u',
    '\\u00',
    '\\u{2}',
    '{',
    '}',
    ']',
    'a{',
    'a{,2}',
    'a{b}',
    '{}',
    '\\k',
    '\\a',
    '\\-',
  ],
  ...[
    '[\\w-a]',
    '[a-\\d]',
    '[\\d-\\w]',
    '[\\W-a]',
    '\\_',
    '\\é',
    '[\\_]',
    '[\\8]',
    '\\p',
    '\\p{Lu}',
    '\\P{L}',
  ],
  ...[
    '[\\101]',
    '[\\x]',
    '[\\u]',
    '[\\k]',
    '\\e',
    '[--a]',
    '[a-]',
    '[-a]',
    '[^-]',
    '[]',
    '[^]',
    '\\00',
  ],
] as const

/** What the flag v adds. */
const SETS = [
  ...[
    '[\\w--[a-c]]',
    '[\\w&&[^a]]',
    '[[a-k]--b--[c]]',
    '[[ab][é-ü]]',
    '[^[a][^\\w]]',
    '[\\q{ab|a|b}]',
  ],
  ...[
    '[\\q{abc|}]',
    '[[ab]&&\\q{a|bc}]',
    '[\\q{ab|c}--\\q{c}]',
    '[\\p{L}--[a-z]]',
    '[\\p{Lu}&&\\p{ASCII}]',
  ],
  ...[
    '[^\\p{L}]',
    '\\P{Lu}',
    '[\\P{Lu}]',
    '[^\\P{Lu}]',
    '\\p{Ll}',
    '[\\S&&\\W]',
    '[[^a]--[^b]]',
    '[\\-\\!]',
  ],
  ...[
    '[\\q{s}--ſ]',
    '[\\q{KS|k}&&\\q{ks}]',
    '[_--_]',
    '[^\\q{a}]',
    '[\\d[\\q{1a|1}]]',
    '[[[a]]]',
    '[😀--[😁]]',
  ],
] as const

/** A character that stands for a byte that is not UTF-8, where the runtime is asked: no pattern may match it. */
const BROKEN = '\uE000'

/** Atoms that would match {@link BROKEN}, and what they are without it. */
const UNBROKEN: Readonly<Record<string, string>> = {
  '\\D': `[^\\d${BROKEN}]`,
  '\\W': `[^\\w${BROKEN}]`,
  '\\S': `[^\\s${BROKEN}]`,
  '[^a]': `[^a${BROKEN}]`,
  '[^\\n]': `[^\\n${BROKEN}]`,
  '[^\\n]*': `[^\\n${BROKEN}]*`,
  '[\\s\\S]': `[^${BROKEN}]`,
  '[^é]': `[^é${BROKEN}]`,
  '[^]': `[^${BROKEN}]`,
  '[^K]': `[^K${BROKEN}]`,
}

/** What texts are of, and patterns. */
export type Alphabet = 'ascii' | 'latin1' | 'bmp' | 'astral' | 'legacy' | 'sets' | 'broken'

const LETTERS: Record<Alphabet, readonly string[]> = {
  ascii: ['a', 'b', 'c', 'A', 'k', 's', 'S', '1', '_', ' ', '-', '\n', '\r', '/', '\0', '\x7F'],
  latin1: ['a', 'b', 'é', 'É', 'ß', 'ÿ', 'µ', '\n', '\r', ' ', '\x85', '\xA0', 'ª', '×', '÷', 'S'],
  bmp: [
    'a',
    's',
    'k',
    'é',
    'ſ',
    'K',
    'σ',
    'ς',
    'Σ',
    '\u2028',
    '\u2029',
    '\n',
    'ŉ',
    'İ',
    'Ÿ',
    'µ',
    'ẞ',
    '\r',
  ],
  astral: ['a', 'b', '😀', '😁', '𐐀', '𐐨', 'é', '\n', 'A', '\uFFFD', '\u{10FFFF}'],
  legacy: [
    'a',
    'b',
    'c',
    '\\',
    '{',
    '}',
    ',',
    '2',
    ']',
    '-',
    '\x01',
    '\x07',
    'x',
    'u',
    'k',
    '8',
    'A',
    'p',
    '1',
    '\x11',
    '\x1F',
    '_',
  ],
  sets: ['a', 'b', 'c', 'A', 'S', 's', 'ſ', 'K', 'k', 'é', '1', '_', '😀', '😁', '\n', ' ', '-'],
  broken: ['a', 'b', 'é', '1', ' ', '\n', '\r', 'K', BROKEN, BROKEN, '😀', '_', '\u2028'],
}

/** Bytes of a text; those that stand for bytes that are not UTF-8 become such. */
export function textBytes(random: Random, text: string, encoding: 'utf8' | 'latin1'): Buffer {
  const bytes = Buffer.from(text, encoding)
  if (!text.includes(BROKEN)) return bytes
  const parts: number[] = []
  for (const character of text) {
    if (character !== BROKEN) parts.push(...Buffer.from(character))
    // No two of them, with what else there is, make a character.
    else parts.push(random.pick([0xff, 0xc0, 0xc1, 0xf5, 0xfe, 0x80, 0xbf]))
  }
  return Buffer.from(parts)
}

/** How many bytes the first units of a text are. */
const bytesOf = (text: string, units: number, encoding: 'utf8' | 'latin1'): number =>
  encoding === 'latin1'
    ? units
    : Buffer.byteLength(text.slice(0, units)) - 2 * (text.slice(0, units).split(BROKEN).length - 1)

/** How many bytes are behind the first part of a text. */
export const textTail = (text: string, first: string, encoding: 'utf8' | 'latin1'): number =>
  bytesOf(text, text.length, encoding) - bytesOf(text, first.length, encoding)

export function randomText(random: Random, alphabet: Alphabet, most = 16): string {
  const few = Array.from({ length: 1 + random.below(4) }, () => random.pick(LETTERS[alphabet]))
  return Array.from({ length: random.below(most + 1) }, () => random.pick(few)).join('')
}

/** A pattern, and the one that means the same to the runtime. */
export interface RandomPattern {
  readonly ours: RegExp
  readonly theirs: RegExp
}

/** JavaScriptCore says of more iterations than it counts that they are nowhere, of the empty string too. */
const HUGE = [
  ...['{0,100}', '{5}', '{3,}', '{0,4294967295}', '{0,99999999999999}'],
  ...('Bun' in globalThis ? [] : ['{2147483648,}', '{4294967295}']),
]

/** Whether this runtime finds a text by a pattern. */
const finds = (source: string, flags: string, text: string): boolean => {
  try {
    return new RegExp(source, flags).test(text)
  } catch {
    return false
  }
}

/**
 * What V8 gets wrong, in the versions that do; and JavaScriptCore, which does not fold strings of the flag v. With the flags v and i a single character that is taken away from a set,
 * or that is left of one, is forgotten, `\q{a}` is no `A`, and `\p{ASCII}` has no `ſ`; with the flag v alone `[^]` is
 * not repeated.
 */
const isWrongHere = (atom: string): boolean =>
  (atom === '[^]' && !finds('^[^]{2}$', 'v', 'ab')) ||
  (/(--|&&)(?!\\|\[)/.test(atom) && finds('[[ab]--b]', 'iv', 'b')) ||
  (atom.includes('\\q') && !finds('[\\q{a}]', 'iv', 'A')) ||
  (atom.includes('&&\\q') && !finds('[\\q{KS}&&\\q{ks}]', 'iv', 'ks')) ||
  (atom.includes('ASCII') && !finds('\\p{ASCII}', 'iv', 'ſ'))

/** And where a group ignores case, with the flag u or v, `\w` does so outside of the group, too; */
const LEAKS = finds('(?i:)\\w', 'u', 'ſ')

/** where one does not, alternatives that are one character each ignore it all the same. */
const IGNORES = finds('(?-i:\\-|[a-])', 'i', 'A')

function atomsOf(alphabet: Alphabet): readonly string[] {
  switch (alphabet) {
    case 'ascii':
    case 'latin1':
      return ATOMS
    case 'bmp':
      return [...ATOMS, ...WIDE]
    case 'astral':
      return [...ATOMS, ...WIDE, ...ASTRAL]
    case 'legacy':
      return [...LEGACY, ...LEGACY, ...ATOMS]
    case 'sets':
      return [...SETS, ...SETS, ...ATOMS].filter(
        // The hyphen is none of the syntax of the flag v.
        (atom) => atom !== '[\\w-]' && !isWrongHere(atom),
      )
    case 'broken':
      // The others have BROKEN in them.
      return [
        ...ATOMS.filter((atom) => !/\.|\[\^[\\W]/.test(atom)),
        'K',
        '[^K]',
        ...Object.keys(UNBROKEN),
        '.',
      ]
  }
}

const FLAGS: Readonly<Record<Alphabet, readonly string[]>> = {
  ascii: ['', 'u'],
  latin1: ['', 'u'],
  bmp: ['', 'u'],
  astral: ['u'],
  legacy: [''],
  sets: ['v'],
  broken: ['u'],
}

const MODIFIERS = [
  '(?i:',
  '(?-i:',
  '(?m:',
  '(?s:',
  '(?i-m:',
  '(?s-i:',
  '(?-ims:',
  '(?m-s:',
] as const

/** Undefined for one that this runtime does not know the syntax of. */
export function randomPattern(random: Random, alphabet: Alphabet): RandomPattern | undefined {
  const atoms = atomsOf(alphabet)
  let flags = random.pick(FLAGS[alphabet])
  for (const flag of ['i', 'm', 's']) if (random.below(3) === 0) flags += flag
  if (random.below(12) === 0) flags += 'y'
  const dot = flags.includes('s') ? `[^${BROKEN}]` : `[^\\n\\r\\u2028\\u2029${BROKEN}]`
  const isBroken = alphabet === 'broken'
  const theirAtom = (atom: string): string =>
    isBroken ? (atom === '.' ? dot : (UNBROKEN[atom] ?? atom)) : atom
  let groups = 0
  type Both = readonly [string, string]
  const both = (text: string): Both => [text, text]
  const joined = (...parts: readonly Both[]): Both => [
    parts.map(([ours]) => ours).join(''),
    parts.map(([, theirs]) => theirs).join(''),
  ]
  const open = (): string => {
    const name = `g${(groups += 1)}`
    const kind = random.below(14)
    if (kind < 5) return '('
    if (kind < 9) return '(?:'
    if (kind < 11) return `(?<${name}>`
    // Two of one name, in two alternatives; and names with letters that are none of ASCII.
    if (kind === 11) return random.pick(['(?<x>', '(?<y>', `(?<é${name}>`, '(?<\\u0061>'])
    if (isBroken || (LEAKS && /[uv]/.test(flags))) return '('
    return random.pick<string>(
      IGNORES ? ['(?i:', '(?m:', '(?s:', '(?-ms:', '(?m-s:', '(?i-m:'] : MODIFIERS,
    )
  }
  const disjunction = (depth: number): Both => {
    const parts = [alternative(depth)]
    while (random.below(4) === 0) parts.push(both('|'), alternative(depth))
    return joined(...parts)
  }
  const alternative = (depth: number): Both => {
    const parts: Both[] = []
    for (let left = random.below(5); left > 0; left -= 1) {
      if (random.below(9) === 0) {
        parts.push(both(random.pick(['^', '$', '\\b', '\\B'])))
        continue
      }
      if (depth > 0 && random.below(3) === 0) {
        parts.push(both(open()), disjunction(depth - 1), both(')'))
      } else if (depth > 0 && random.below(40) === 0) {
        // Loops around what may be empty.
        const loop = random.pick([
          '()',
          '(?:)',
          '(a?)',
          '(?:b*)',
          '(?:^|a)',
          '(?:\\b|a)',
          '(?:|a)',
          '(?:a|)',
        ])
        parts.push(both(loop))
      } else {
        const atom = random.pick(atoms)
        parts.push([atom, theirAtom(atom)])
      }
      let quantifier = random.pick(['', '', '', '', '*', '+', '?', '{2}', '{0,2}', '{1,}', '{0}'])
      if (random.below(60) === 0) {
        quantifier = random.pick(HUGE)
      }
      if (quantifier !== '' && random.below(3) === 0) quantifier += '?'
      if (quantifier !== '') parts.push(both(quantifier))
    }
    return joined(...parts)
  }
  let source = disjunction(2)
  if (random.below(8) === 0) {
    source = joined(source, both(random.pick(['(?=', '(?!'])), disjunction(1), both(')'))
  }
  try {
    return { ours: new RegExp(source[0], flags), theirs: new RegExp(source[1], flags) }
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}

/** A match: where it and its groups are in bytes, their texts, and those of the named groups. */
export type Told = readonly (readonly [number, number, string] | undefined | object)[]

/** The places of a match, and behind them what its names say. */
const named = (places: Told, groups: object | undefined): Told =>
  groups === undefined ? places : places.concat({ ...groups })

/** Whether a match is empty and inside of a surrogate pair: V8 finds such ones, though no character is there. */
const isInsidePair = (text: string, { 0: said, index }: RegExpExecArray): boolean =>
  said === '' && index > 0 && (text.codePointAt(index - 1) as number) > 0xffff

/**
 * All matches of the runtime's own RegExp from a place on, with offsets in bytes.
 *
 * The kinds of difference that are left out, all of them the runtimes': V8 finds empty matches inside of a surrogate
 * pair, as those of `/(?!\\b)/gu` in two emoji.
 */
export function runtimesMatches(
  pattern: RegExp,
  text: string,
  encoding: 'utf8' | 'latin1',
  from = 0,
): Told[] {
  const asked = new RegExp(pattern.source, `${pattern.flags}dg`)
  asked.lastIndex = from
  const all = [...text.matchAll(asked)]
  const isUnicode = /[uv]/.test(pattern.flags)
  const whole = isUnicode ? all.filter((match) => !isInsidePair(text, match)) : all
  return whole.map((match): Told => {
    const places = Array.from(match, (said: string | undefined, group) => {
      const place = match.indices?.[group]
      if (place === undefined || said === undefined) return undefined
      const [start, end] = place
      return [bytesOf(text, start, encoding), bytesOf(text, end, encoding), said] as const
    })
    return named(places, match.groups)
  })
}

/** Where the match begins that begins last, in bytes; -1 when there is none. */
export function runtimesLast(pattern: RegExp, text: string, encoding: 'utf8' | 'latin1'): number {
  const sticky = new RegExp(pattern.source, `${pattern.flags}y`)
  const places = [0]
  for (const character of text) places.push((places.at(-1) as number) + character.length)
  for (const place of places.toReversed()) {
    sticky.lastIndex = place
    if (sticky.test(text)) return bytesOf(text, place, encoding)
  }
  return -1
}

/** Where the lines begin, in bytes, in which a match begins. */
export function runtimesLines(
  pattern: RegExp,
  text: string,
  encoding: 'utf8' | 'latin1',
): number[] {
  const asked = new RegExp(pattern.source, `${pattern.flags}g`)
  const starts: number[] = []
  for (let start = 0; start < text.length;) {
    const newline = text.indexOf('\n', start)
    const end = newline === -1 ? text.length : newline
    asked.lastIndex = start
    let match = asked.exec(text)
    while (match !== null && /[uv]/.test(pattern.flags) && isInsidePair(text, match)) {
      asked.lastIndex += 1
      match = asked.exec(text)
    }
    if (match !== null && match.index <= end) starts.push(bytesOf(text, start, encoding))
    start = end + 1
  }
  return starts
}

/** The same as {@link runtimesMatches} of a match of ours. */
export const told = (match: Match): Told => {
  const said = [...match]
  const places = match.indices.map((place, group) =>
    place === undefined ? undefined : ([place[0], place[1], said[group] as string] as const),
  )
  return named(places, match.groups)
}
