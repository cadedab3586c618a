// Patterns against the runtime's own RegExp, and what docs/patterns.md promises, sentence by sentence.
// A map's matchAll asks for no flag g.
/* oxlint-disable bad-match-all-arg */
import { Buffer } from 'node:buffer'
import { writeFileSync } from 'node:fs'
import process from 'node:process'
import { types } from 'node:util'
import { createRequire } from 'node:module'
import { runInNewContext } from 'node:vm'
import { type Line, type Match, Mmap, Pattern } from '../index.js'
import { checkError, rejection, thrown } from './support/errors.ts'
import { freshPath, holding } from './support/files.ts'
import { gathered } from './support/iteration.ts'
import {
  type Alphabet,
  Random,
  randomPattern,
  randomText,
  runtimesLast,
  runtimesLines,
  runtimesMatches,
  textBytes,
  textTail,
  told,
} from './support/patterns.ts'
import { childAnswer } from './support/runtime.ts'
import test from './support/test.ts'

const texts = (all: Iterable<{ toString(): string }>): string[] => Array.from(all, String)

/** How many texts: FMMAP_TEXTS for the long run. */
const TEXTS = Number(process.env['FMMAP_TEXTS'] ?? 6000)

const alphabets: readonly Alphabet[] = [
  ...(['ascii', 'latin1', 'bmp', 'astral', 'legacy', 'broken'] as const),
  ...(Object.hasOwn(RegExp.prototype, 'unicodeSets') ? (['sets'] as const) : []),
]

for (const alphabet of alphabets) {
  test(`all matches and all groups are those of the runtime's RegExp: ${alphabet}`, (t) => {
    const random = new Random(
      Number(process.env['FMMAP_SEED'] ?? 7919) + alphabets.indexOf(alphabet),
    )
    const encoding = alphabet === 'latin1' ? 'latin1' : 'utf8'
    const m = new Mmap(-1, 4096)
    t.teardown(() => m.close())
    let compared = 0
    let refused = 0
    while (compared < TEXTS / alphabets.length) {
      const made = randomPattern(random, alphabet)
      if (made === undefined) continue
      const { ours, theirs } = made
      let pattern: Pattern
      try {
        pattern = new Pattern(ours, { encoding })
      } catch (error) {
        t.is((error as { code?: string }).code, 'ERR_MMAP_PATTERN', String(ours))
        refused += 1
        continue
      }
      for (let of = 0; of < 8; of += 1) {
        // The runtime tries loops within loops in all ways that there are.
        const text = randomText(random, alphabet, /\)[*+{]/.test(ours.source) ? 9 : 20)
        const bytes = textBytes(random, text, encoding)
        m.setSlice(bytes, 0, bytes.length)
        const end = bytes.length
        const label = `${ours} in ${JSON.stringify(text)}, of bytes ${bytes.toString('hex')}`
        const same = (found: unknown, expected: unknown, what: string): void => {
          if (JSON.stringify(found) !== JSON.stringify(expected)) {
            t.deepEqual(found, expected, `${what}: ${label}`)
          }
        }
        const found = Array.from(m.matchAll(pattern, { end }), told)
        const expected = runtimesMatches(theirs, text, encoding)
        compared += 1
        same(found, expected, 'matchAll')
        t.is(m.count(pattern, { end }), expected.length)
        if (of % 4 === 1) {
          const from = [...text].slice(0, random.below(4)).join('')
          const start = from.length === 0 ? 0 : bytes.length - textTail(text, from, encoding)
          const later = Array.from(m.matchAll(pattern, { start, end }), told)
          same(later, runtimesMatches(theirs, text, encoding, from.length), `from ${start}`)
        }
        if (ours.sticky) continue
        if (of % 4 === 2) {
          same(m.rfind(pattern, 0, end), runtimesLast(theirs, text, encoding), 'rfind')
        }
        if (of % 4 === 3) {
          const lines = runtimesLines(theirs, text, encoding)
          same(
            Array.from(m.grep(pattern, { end }), (line) => line.start),
            lines,
            'grep',
          )
          same(m.countLines(pattern, { end }), lines.length, 'countLines')
        }
      }
    }
    t.log(`${compared} texts, ${refused} patterns refused`)
    t.true(refused < compared / 20, `${refused} refused`)
  })
}

test('many matches are those of the runtime, of alternatives and of parts of a limited length too', (t) => {
  const random = new Random(Number(process.env['FMMAP_SEED'] ?? 4099))
  const words = ['10.0.0.1', '1.2.3.4.5.6.7.8', '12:30', '1:23:45', 'AB-12', 'ABCDEF-7', 'user=ann']
  words.push('user user', 'session', 'timeoutimeout', 'deniedenied', 'GAATTC', 'AAGCTT', 'é', '\n')
  const patterns = [
    /(?:\d{1,3}\.){3}\d{1,3}/g,
    /\d{1,2}:\d{2}(?::\d{2})?/g,
    /[A-Z]{2,5}-\d+/g,
    /user[= ]\w+/g,
    /session|timeout|denied/g,
    /GAATTC|AAGCTT|TC/g,
    /user|use|ser|r=a/g,
  ]
  for (const length of [300, 9_000, 90_000]) {
    for (const filler of [0, 3, 300]) {
      let text = ''
      while (text.length < length) {
        text += `${words[random.below(words.length)]}${' '.repeat(random.below(1 + filler))}`
      }
      const m = holding(t, text)
      for (const re of patterns) {
        const expected = Array.from(text.matchAll(re), ([match]) => match)
        const found = Array.from(m.matchAll(re), ([match]) => match)
        t.true(JSON.stringify(found) === JSON.stringify(expected), `${re} in ${length}, ${filler}`)
        t.is(m.count(re), expected.length, `${re} in ${length}, ${filler}`)
      }
    }
  }
})

test('find, rfind, count and findAll take what match takes', (t) => {
  const m = holding(t, 'ann@home bob@work')
  const user = /\w+@/
  t.is(m.find(user), 0)
  t.is(m.find(user, 1), 1)
  t.is(m.find(user, 4), 9)
  t.is(m.find(user, { start: 4, end: 12 }), -1)
  t.is(m.rfind(user), 11)
  t.is(m.count(user), 2)
  t.deepEqual([...m.findAll(user)], [0, 9])
  t.deepEqual([...m.findAll(user, { limit: 1 })], [0])
  t.is(m.find(['work', /home/]), 4)
  t.is(m.find(new Pattern('bob')), 9)
  checkError(
    t,
    thrown(t, () => m.find([]), 'a list of none'),
    'ERR_INVALID_ARG_TYPE',
    /at least one/,
  )
  m.seek(5)
  t.is(m.find(user), 9, 'from the position')
  t.is(m.match(user)?.index, 0, 'from the start')
})

test('rfind of a RegExp is the match that begins last', (t) => {
  const m = holding(t, 'a 12345 b')
  t.is(m.rfind(/\d+/), 6)
  t.is(m.find(/\d+/), 2)
})

test('a list is leftmost; of two that begin at the same place, the earlier in the list', (t) => {
  const m = holding(t, 'x foobar')
  const first = m.match(['foo', 'foobar', /x/])
  t.is(first?.pattern, 2)
  const [, second] = m.matchAll(['foo', 'foobar', /x/])
  t.is(second?.pattern, 0)
  t.is(String(second), 'foo')
})

test('bytes of a list are found inside of characters, beside a RegExp too', async (t) => {
  const m = holding(t, 'é 😀')
  const needles = [Buffer.of(0xc3), Buffer.of(0xa9), Buffer.of(0x98, 0x80)]
  for (const list of [needles, [...needles, /nowhere/]]) {
    const pattern = new Pattern(list)
    const label = `${list.length} needles`
    t.deepEqual([...m.findAll(pattern)], [0, 1, 5], label)
    t.deepEqual([...m.findAll(pattern, { start: 1 })], [1, 5], label)
    t.deepEqual(await gathered(m.findAllAsync(pattern)), [0, 1, 5], label)
    t.is(m.count(pattern), 3, label)
    t.is(m.find(pattern, 1), 1, label)
    t.is(m.rfind(pattern, 0, 5), 1, label)
    t.is(m.match(pattern, { start: 1 })?.pattern, 1, label)
  }
  // After the first of them the search goes on inside of the character.
  const parts = [Buffer.of(0xc3), Buffer.of(0xa9), /\S(?= )/]
  t.deepEqual(
    Array.from(m.matchAll(parts), ({ pattern }) => pattern),
    [0, 1],
  )
})

test('a match says where it is, what it is, and what its groups are', (t) => {
  const m = holding(t, 'mail ann@home, now')
  const match = m.match(/(?<user>\w+)@(\w+)(!)?/) as Match
  t.is(match.index, 5)
  t.is(match.end, 13)
  t.is(match.pattern, 0)
  t.deepEqual(match.indices, [[5, 13], [5, 8], [9, 13], undefined])
  t.deepEqual({ ...match.groups }, { user: 'ann' })
  const [all, user, host, mark] = match
  t.deepEqual([all, user, host, mark], ['ann@home', 'ann', 'home', undefined])
  t.is(match.bytes()?.toString(), 'ann@home')
  t.is(match.bytes('user')?.toString(), 'ann')
  t.is(match.bytes(2)?.toString(), 'home')
  t.is(match.bytes(3), undefined)
  t.is(match.bytes(4), undefined)
  t.is(match.bytes('nobody'), undefined)
  t.is(m.match(/x/), null)
  t.is(m.match(/m/)?.groups, undefined)
})

test('what a match says is of one reading: later writes change nothing', (t) => {
  const m = holding(t, 'one two')
  const matches = [...m.matchAll(/(\w)\w+/)]
  m.setSlice(Buffer.alloc(7, 'x'), 0, 7)
  t.deepEqual(texts(matches), ['one', 'two'])
  const bytes = matches[0]?.bytes() as Buffer
  bytes.fill('y')
  t.is(String(matches[0]), 'one', 'the bytes are a copy')
})

test('after an empty match the search goes on one character further', (t) => {
  const m = holding(t, 'aé😀')
  t.deepEqual([...m.findAll(/(?:)/)], [0, 1, 3, 7])
  t.deepEqual([...m.findAll(/b*/)], [0, 1, 3, 7])
  t.is(m.count(/x?/, { start: 1, end: 3 }), 2)
})

test('there is no empty match inside of a character, for lines neither', (t) => {
  const m = holding(t, 'aÀa\n-é\n')
  t.deepEqual(texts(m.grep(/\B/)), ['-é'])
  t.is(m.countLines(/\B/), 1)
  t.deepEqual(texts(m.grep(/[^a\n]{3}|\B/)), ['-é'])
  t.is(m.countLines(/\B\B/, { invert: true }), 1)
})

test('a repetition that no map reaches is one without a limit, or never matches', (t) => {
  const text = 'b aaaaaa'
  const m = holding(t, text)
  const endless = (): RegExp[] => {
    try {
      return [new RegExp(`a{${'9'.repeat(20)},}|b`, 'g')]
    } catch {
      // JavaScriptCore takes no such number.
      return []
    }
  }
  for (const re of [
    /a{0,99999999999}/g,
    /(a){2,99999999999}b?/g,
    /a{2,99999999999}?/g,
    /a{0,2147483647}/g,
    ...endless(),
  ]) {
    t.deepEqual(
      Array.from(m.matchAll(re), (found) => Array.from(found)),
      Array.from(text.matchAll(re), (found) => Array.from(found)),
      String(re),
    )
  }
  t.is(thrown(t, () => m.find(/a{99999999999,}/)).code, 'ERR_MMAP_PATTERN')
})

test('what reads nothing has its groups, however often it is repeated', (t) => {
  const m = holding(t, 'a')
  for (const re of [/(){3}/, /(){70}/, /(){4294967295}/, /(?:(\b)){2147483648,}?/]) {
    t.deepEqual(
      m.match(re)?.indices,
      [
        [0, 0],
        [0, 0],
      ],
      String(re),
    )
  }
  const error = thrown(t, () => m.match(/(?:((((((((a))))))))){30000}/))
  t.is(error.code, 'ERR_MMAP_PATTERN', 'what is too large with its groups alone')
})

test('bytes that are not UTF-8 match nothing, not even . or a negated class', (t) => {
  const m = holding(t, Buffer.from([0x61, 0xff, 0x62, 0xc3]))
  t.deepEqual([...m.findAll(/[^]/)], [0, 2])
  t.deepEqual([...m.findAll(/[^x]/u)], [0, 2])
  t.is(m.find(Buffer.of(0xff)), 1)
  t.is(m.find([Buffer.of(0xff), /zzz/]), 1)
})

test('latin1: a byte is the character of its number, and a string its Latin-1 bytes', (t) => {
  const m = holding(t, Buffer.from('naïve ÿ', 'latin1'))
  t.is(m.match(/ï/, { encoding: 'latin1' })?.index, 2)
  t.is(m.match('ï', { encoding: 'latin1' })?.toString(), 'ï')
  t.is(m.match(/ï/), null)
  t.is(m.find(new Pattern('ÿ', { encoding: 'latin1' })), 6)
  t.is(m.match(/Ï/i, { encoding: 'latin1' })?.index, 2)
  checkError(
    t,
    thrown(t, () => m.match('€', { encoding: 'latin1' })),
    'ERR_INVALID_ARG_VALUE',
  )
})

test('the flags g, d and lastIndex change nothing; y matches at start alone', (t) => {
  const m = holding(t, 'abab')
  const re = /b/dg
  re.lastIndex = 3
  t.is(m.find(re), 1)
  t.is(re.lastIndex, 3)
  t.is(m.find(/b/y), -1)
  t.is(m.find(/b/y, 1), 1)
  t.deepEqual(texts(m.matchAll(/[ab]{2}/y)), ['ab', 'ab'])
})

test('ignoreCase compares the characters of a string as a RegExp with the flags iu does', (t) => {
  const text = 'ſ S s K k ẞ ß SS İ i ı I Σ ς σ É é \u{10400} \u{10428}'
  const utf8 = holding(t, text)
  for (const one of ['s', 'ſ', 'k', 'K', 'ß', 'SS', 'i', 'İ', 'ı', 'σ', 'É', '\u{10428}', 'ſ s']) {
    const found = utf8.findAll(new Pattern(one, { ignoreCase: true }))
    const expected = text.matchAll(new RegExp(one, 'giu'))
    const places = Array.from(expected, ({ index }) => Buffer.byteLength(text.slice(0, index)))
    t.deepEqual([...found], places, one)
  }
  const latin1 = new Mmap(-1, 8)
  t.teardown(() => latin1.close())
  latin1.write(Buffer.from('aÉéÿµK', 'latin1'))
  const options = { ignoreCase: true, encoding: 'latin1' } as const
  t.deepEqual([...latin1.findAll(new Pattern(Buffer.from('é', 'latin1'), options))], [1, 2])
  t.deepEqual([...latin1.findAll(new Pattern('k', options))], [5])
  const withFlag = new Pattern(/err./, { ignoreCase: true })
  t.is(holding(t, 'an ERRs').find(withFlag), 3)
})

test('ignoreCase is for bytes too, and a Pattern is used by any map', (t) => {
  const word = new Pattern(['error', /warn(ing)?/], { ignoreCase: true })
  t.is(holding(t, 'x ERROR').find(word), 2)
  t.deepEqual(texts(holding(t, 'Warning, Error').matchAll(word)), ['Warning', 'Error'])
  t.is(holding(t, 'an Error').find(new Pattern('error')), -1)
  t.is(holding(t, 'an Error').find(new Pattern(new Pattern('error'), { ignoreCase: true })), 3)
})

test('what is not linear is refused, with what it is and where', (t) => {
  const m = holding(t, 'abc')
  for (const [re, construct, at] of [
    [/(?<=a)b/, 'lookbehind', 0],
    [/b(?<!a)/, 'lookbehind', 1],
    [/a(?=b)c/, 'lookahead', 1],
    [/(a)\1/, 'backreference', 3],
    [/(?<x>a)\k<x>/, 'backreference', 7],
  ] as const) {
    for (const call of [
      () => m.find(re),
      () => m.match(re),
      () => m.matchAll(re),
      () => m.grep(re),
      () => m.countLines(re),
      () => m.findAll(re),
      () => new Pattern(['x', re]),
      () => m.matchAllAsync(re),
    ]) {
      const error = thrown(t, call, String(re)) as Error & {
        construct: string
        at: number
        code: string
      }
      t.true(error instanceof SyntaxError)
      t.is(error.code, 'ERR_MMAP_PATTERN')
      t.is(error.construct, construct)
      t.is(error.at, at, String(re))
    }
  }
})

test('a lookahead at the end works, exactly', (t) => {
  const m = holding(t, 'foobar foobaz foo')
  t.deepEqual([...m.findAll(/foo(?=baz)/)], [7])
  t.deepEqual([...m.findAll(/foo(?!bar)/)], [7, 14])
  const match = m.match(/foo(?=(ba)z)/) as Match
  t.is(match.end, 10)
  t.deepEqual([...match], ['foo', 'ba'])
})

test('properties are the runtime’s own', (t) => {
  const m = holding(t, 'aΩ1 Ж')
  t.deepEqual(texts(m.matchAll(/\p{Lu}/u)), ['Ω', 'Ж'])
  t.deepEqual(texts(m.matchAll(/\p{Script=Greek}/u)), ['Ω'])
  t.deepEqual(texts(m.matchAll(/\P{L}+/u)), ['1 '])
})

test('properties have the runtime’s members among all characters', (t) => {
  const parts: string[] = []
  for (let code = 0; code <= 0x10ffff; code++) {
    if (code < 0xd800 || code >= 0xe000) parts.push(String.fromCodePoint(code))
  }
  const all = parts.join('')
  const m = holding(t, all)
  // One of letters, one with the neighbours of the surrogates, one with the last character, two together.
  for (const source of ['\\p{Lu}+', '\\p{C}+', '\\p{Co}+', '[\\p{Nd}\\p{Script=Greek}]+']) {
    const pattern = new RegExp(source, 'gu')
    const found = texts(m.matchAll(pattern))
    const wanted = Array.from(all.matchAll(pattern), ([text]) => text)
    t.is(found.length, wanted.length, source)
    t.true(
      found.every((text, at) => text === wanted[at]),
      source,
    )
  }
})

test('a RegExp of any realm, whatever its getters say', (t) => {
  const m = holding(t, 'xxa')
  const foreign: RegExp = runInNewContext('/a/')
  t.true(types.isRegExp(foreign))
  t.is(m.find(foreign), 2)
  class Hostile extends RegExp {
    override get source(): string {
      throw new Error('asked')
    }
    override get flags(): string {
      throw new Error('asked')
    }
    override exec(): null {
      throw new Error('asked')
    }
  }
  t.is(m.find(new Hostile('A', 'i')), 2)
  const own = /a/
  Object.defineProperty(own, 'source', { value: 'x' })
  t.is(m.find(own), 2)
})

test('wrong needles and options are errors of their types', (t) => {
  const m = holding(t, 'abc')
  for (const wrong of [97, null, true, {}, Symbol('x'), 1n, () => {}] as unknown[]) {
    for (const name of [
      'find',
      'rfind',
      'count',
      'findAll',
      'match',
      'matchAll',
      'grep',
    ] as const) {
      const call = (): unknown => (m[name] as (needle: unknown) => unknown)(wrong)
      checkError(t, thrown(t, call, `${name} of ${typeof wrong}`), 'ERR_INVALID_ARG_TYPE')
    }
    checkError(
      t,
      thrown(t, () => m.find([wrong as string])),
      'ERR_INVALID_ARG_TYPE',
    )
    checkError(
      t,
      thrown(t, () => new Pattern(wrong as string)),
      'ERR_INVALID_ARG_TYPE',
    )
  }
  const untyped = m as unknown as Record<string, (needle: unknown, options: unknown) => unknown>
  for (const [name, options, code] of [
    ['match', { encoding: 'utf16' }, 'ERR_INVALID_ARG_VALUE'],
    ['match', { encoding: 1 }, 'ERR_INVALID_ARG_TYPE'],
    ['match', { start: 1.5 }, 'ERR_INVALID_ARG_TYPE'],
    ['matchAll', { limit: -1 }, 'ERR_OUT_OF_RANGE'],
    ['matchAll', { reverse: 1 }, 'ERR_INVALID_ARG_TYPE'],
    ['grep', { numbers: 'yes' }, 'ERR_INVALID_ARG_TYPE'],
    ['grep', { invert: null }, 'ERR_INVALID_ARG_TYPE'],
    ['grepAsync', { reverse: true }, 'ERR_INVALID_ARG_VALUE'],
    ['countLines', 7, 'ERR_INVALID_ARG_TYPE'],
  ] as const) {
    checkError(
      t,
      thrown(t, () => untyped[name]?.(/a/, options), name),
      code,
    )
  }
  const latin1 = new Pattern('a', { encoding: 'latin1' })
  checkError(
    t,
    thrown(t, () => m.match(latin1, { encoding: 'utf8' })),
    'ERR_MMAP_CONFLICTING_OPTIONS',
  )
})

test('grep gives the lines that have a match, or with invert those that have none', (t) => {
  const m = holding(t, 'one\ntwo\r\n\nthree\nfour\n')
  t.deepEqual(texts(m.grep(/o/)), ['one', 'two\r', 'four'])
  t.deepEqual(texts(m.grep(/o/, { invert: true })), ['', 'three'])
  t.deepEqual(texts(m.grep(/o/, { reverse: true })), ['four', 'two\r', 'one'])
  t.deepEqual(texts(m.grep(/o/, { reverse: true, invert: true })), ['three', ''])
  t.deepEqual(texts(m.grep('o', { limit: 2 })), ['one', 'two\r'])
  t.deepEqual(
    Array.from(m.grep(/o/, { numbers: true }), ({ start, end, number }) => [start, end, number]),
    [
      [0, 3, 1],
      [4, 8, 2],
      [16, 20, 5],
    ],
  )
  t.deepEqual(
    Array.from(m.grep(/o/, { numbers: true, reverse: true }), ({ number }) => number),
    [5, 2, 1],
  )
  t.deepEqual(
    Array.from(m.grep(/o/, { numbers: true, start: 4 }), ({ number }) => number),
    [2, 5],
    'numbers count from the start of the map',
  )
  t.is(m.countLines(), 5)
  t.is(m.countLines(/o/), 3)
  t.is(m.countLines(/o/, { invert: true }), 2)
  t.is(m.countLines(undefined, { start: 4, end: 6 }), 1)
  t.is(m.countLines(/^$/m), 2, 'behind \r, and the empty one: none after a last newline')
})

/** Lines as `blocks` has to give them. */
const written = (lines: Iterable<Line>): Buffer =>
  Buffer.concat(
    Array.from(lines, ({ number, bytes }) => [
      Buffer.from(number === undefined ? '' : `${number}:`),
      bytes,
      Buffer.from('\n'),
    ]).flat(),
  )

test('blocks of grep are its lines, each with a newline, and with its number', async (t) => {
  const random = new Random(77)
  const parts = ['one', ' two', '\n', '\n', '\r\n', '\0', 'ü', '\u2028', 'x'.repeat(300)]
  const same = (found: readonly Buffer[], expected: Buffer, what: string): void =>
    t.true(Buffer.concat(found).equals(expected), what)
  for (const length of [0, 1, 5, 300, 9000]) {
    const text = Array.from({ length }, () => random.pick(parts)).join('')
    const bytes = Buffer.from(text)
    const m = holding(t, bytes)
    // An empty map has no bytes, so this one may have one more.
    const end = bytes.length
    for (const needle of [/o/, 'two', /^/m, /[^]x/, /nowhere/]) {
      for (const invert of [false, true]) {
        for (const numbers of [false, true]) {
          for (const limit of [undefined, 0, 1000]) {
            const how = { end, invert, numbers, limit }
            const label = `${needle}, ${length} parts, ${JSON.stringify(how)}`
            const expected = written(m.grep(needle, how))
            same([...m.grep(needle, how).blocks()], expected, label)
            // oxlint-disable-next-line no-await-in-loop
            const later = await gathered(m.grepAsync(needle, { ...how, concurrency: 2 }).blocks())
            same(later, expected, `${label}, in the background`)
          }
        }
      }
    }
    for (const numbers of [false, true]) {
      for (const limit of [undefined, 0, 1, 1000]) {
        const how = { end, numbers, limit, reverse: true }
        const blocks = [...m.grep(/o/, how).blocks()]
        same(blocks, written(m.grep(/o/, how)), JSON.stringify(how))
      }
    }
  }
})

test('blocks are of the lines that are left, and end the iterator', async (t) => {
  const m = holding(t, 'one word\n'.repeat(1000))
  for (const at of [0, 1, 16, 17, 500, 1000]) {
    for (const reverse of [false, true]) {
      const lines = m.grep('word', { numbers: true, reverse })
      for (let line = 0; line < at; line += 1) lines.next()
      const expected = [...m.grep('word', { numbers: true, reverse })].slice(at)
      t.deepEqual(Buffer.concat([...lines.blocks()]), written(expected), `after ${at}`)
      t.true(lines.next().done)
      t.true(lines.blocks().next().done)
    }
    const lines = m.grepAsync('word', { numbers: true })
    // oxlint-disable no-await-in-loop
    for (let line = 0; line < at; line += 1) await lines.next()
    const left = Buffer.concat(await gathered(lines.blocks()))
    t.deepEqual(left, written([...m.grep('word', { numbers: true })].slice(at)))
    t.true((await lines.next()).done)
    // oxlint-enable no-await-in-loop
  }
  const lines = m.grep('word')
  for (const _ of lines.blocks()) break
  t.true(lines.next().done, 'a loop that was left')
})

test('lines and blocks of one search in the background can be asked for at once', async (t) => {
  const m = holding(t, 'one word\n'.repeat(50_000))
  const lines = m.grepAsync('word', { concurrency: 2 })
  const blocks = lines.blocks()
  const [line, block, again] = await Promise.all([lines.next(), blocks.next(), lines.next()])
  const size =
    [line, again].filter(({ done }) => done !== true).length * 9 + (block.value?.length ?? 0)
  const rest = Buffer.concat(await gathered(blocks))
  t.is(size + rest.length, m.length, 'each line is given once')
})

test('the text of a line is that of its bytes, whichever is asked for, and in which order', (t) => {
  const random = new Random(5)
  for (const parts of [
    ['a', 'b ', 'word', '\n'],
    ['a', 'ü', '\u{1F600}', '\n', '\n'],
    ['a', '\xFF', '\xE2', '\x82', '\xAC', '\n', '\n'],
  ]) {
    const text = Array.from({ length: 30_000 }, () => random.pick(parts)).join('')
    const encodings = ['utf8', 'latin1'] as const
    for (const encoding of encodings) {
      const m = holding(t, Buffer.from(text, parts.includes('\xFF') ? 'latin1' : 'utf8'))
      const lines = [...m.grep(/^/m, { encoding })]
      const expected = lines.map(({ bytes }) => bytes.toString(encoding))
      t.deepEqual(lines.map(String), expected, 'forward')
      const again = [...m.grep(/^/m, { encoding })]
      t.deepEqual(again.toReversed().map(String), expected.toReversed(), 'backward')
      for (let turn = 0; turn < 300; turn += 1) {
        const at = random.below(again.length)
        if (String(again[at]) !== expected[at]) t.fail(`line ${at}`)
      }
    }
  }
})

test('reverse is for patterns whose matches have no newline', (t) => {
  const m = holding(t, 'a\nb a\nc')
  t.deepEqual(
    [...m.matchAll(/[ac]/, { reverse: true })].map(({ index }) => index),
    [6, 4, 0],
  )
  t.deepEqual(texts(m.matchAll(/\w+/, { reverse: true, limit: 2 })), ['c', 'a'])
  for (const re of [/a\n/, /[^x]/, /a/y]) {
    const error = thrown(t, () => m.matchAll(re, { reverse: true })) as Error & { code: string }
    t.is(error.code, 'ERR_MMAP_PATTERN')
  }
})

test('patterns on a closed map: types first, then the map', async (t) => {
  const m = holding(t, 'abc\nabc')
  const lines = m.grep(/a/)
  const matches = m.matchAllAsync(/a/)
  lines.next()
  m.close()
  checkError(
    t,
    thrown(t, () => m.match(/a/)),
    'ERR_MMAP_CLOSED',
  )
  checkError(
    t,
    thrown(t, () => m.grep(/a/)),
    'ERR_MMAP_CLOSED',
  )
  checkError(
    t,
    thrown(t, () => m.find(/a/)),
    'ERR_MMAP_CLOSED',
  )
  checkError(
    t,
    thrown(t, () => lines.next()),
    'ERR_MMAP_CLOSED',
  )
  t.is((await rejection(matches.next())).code, 'ERR_MMAP_CLOSED')
  t.is((await rejection(m.matchAsync(/a/))).code, 'ERR_MMAP_CLOSED')
})

test('the background answers what the calls do, whatever the chunks', async (t) => {
  t.timeout(900_000)
  const path = freshPath()
  const random = new Random(4711)
  const words = ['error', 'warn', 'x@y.z', '\n', ' ', 'ü', '1.2.3.4', 'aaaa', '', 'user=bob']
  const parts: string[] = []
  for (let length = 0; length < 4_600_000;) {
    const part =
      Array.from({ length: 20 }, () => random.pick(words)).join('') + (random.below(3) ? '\n' : '')
    const block = part.repeat(1 + random.below(400))
    parts.push(block)
    length += block.length
  }
  writeFileSync(path, parts.join(''))
  const m = Mmap.open(path)
  t.teardown(() => m.close())
  const needles = [
    /e\w+r/,
    /\w+@(\w)/,
    /x@y[^]{0,30}?bob/,
    ['error', /\d+\.\d/],
    /$/m,
    'user=bob',
  ] as const
  for (const needle of needles) {
    for (const concurrency of [1, 2]) {
      const label = `${String(needle)} with ${concurrency}`
      const how = { concurrency, start: 3 }
      // oxlint-disable no-await-in-loop
      t.is(await m.findAsync(needle, how), m.find(needle, 3), label)
      t.is(await m.countAsync(needle, how), m.count(needle, { start: 3 }), label)
      t.is(await m.countLinesAsync(needle, how), m.countLines(needle, { start: 3 }), label)
      t.deepEqual(
        (await m.matchAsync(needle, how))?.indices,
        m.match(needle, { start: 3 })?.indices,
      )
      if (concurrency === 1) t.is(await m.rfindAsync(needle), m.rfind(needle, 0), label)
      const limit = 5000
      const some = { ...how, limit, start: 200_000 }
      const same = { limit, start: 200_000 }
      const found = await gathered(m.findAllAsync(needle, some))
      t.true(
        Buffer.from(new Float64Array(found).buffer).equals(
          Buffer.from(new Float64Array(m.findAll(needle, same)).buffer),
        ),
        `findAll of ${label}`,
      )
      const lines = await gathered(m.grepAsync(needle, { ...some, numbers: true }))
      let at = 0
      for (const line of m.grep(needle, { ...same, numbers: true })) {
        const other = lines[at++]
        if (
          line.number !== other?.number ||
          line.start !== other?.start ||
          line.end !== other.end
        ) {
          t.deepEqual(other, line, `grep of ${label}, the line ${at}`)
        }
      }
      t.is(at, lines.length, `grep of ${label}`)
      // oxlint-enable no-await-in-loop
    }
  }
  // Where two chunks meet, an empty match belongs to one of them.
  for (const needle of [/.*/, /^/m]) {
    // oxlint-disable-next-line no-await-in-loop
    t.is(await m.countAsync(needle, { concurrency: 2 }), m.count(needle), String(needle))
  }
  t.is(await m.countLinesAsync(), m.countLines())
})

test('a signal ends a search for a pattern, a close rejects it, and a resize waits for it', async (t) => {
  const m = new Mmap(-1, 64 * 1024 * 1024)
  t.teardown(() => m.close())
  const slow = /(?:a|b|ab)*c[^]*d/
  const controller = new AbortController()
  const counted = m.countAsync(slow, { signal: controller.signal })
  checkError(
    t,
    thrown(t, () => m.resize(4096)),
    'ERR_MMAP_EXPORTED',
  )
  controller.abort()
  t.is((await rejection(counted)).name, 'AbortError')
  const seen: number[] = []
  const all = await m.countAsync(/[^\0]/, { onProgress: (done, total) => seen.push(done, total) })
  t.is(all, 0)
  t.is(seen.at(-2), m.length)
  t.is(seen.at(-1), m.length)
  const matches = m.matchAllAsync(/x/)
  const next = matches.next()
  await matches.return?.()
  t.is((await next).done, true)
  const pending = m.findAsync(slow)
  m.close()
  t.is((await rejection(pending)).code, 'ERR_MMAP_CLOSED')
})

test('all matches and all lines together are linear, whatever the pattern', (t) => {
  const m = new Mmap(-1, 1024 * 1024)
  t.teardown(() => m.close())
  m.setSlice(Buffer.alloc(m.length, 'a'))
  t.is(m.match(/(a*)*c/), null)
  t.is(m.count(/a(?:[^]*b)?/), m.length)
  let matches = 0
  for (const match of m.matchAll(/a(?:[^]*b)?/, { limit: 20_000 }))
    matches += match.end - match.index
  t.is(matches, 20_000)
  // Each line has a match that goes on to the end.
  m.setSlice(Buffer.alloc(m.length, '\n'))
  t.is(m.countLines(/\s+$/), m.length)
  t.is(m.countLines(/^\s*$/m, { end: 65_536 }), 65_536)
})

test('the addon’s natives for patterns survive any argument', (t) => {
  const binding = createRequire(import.meta.url)('../binding.cjs') as {
    natives(): Record<string, (...of: unknown[]) => unknown>
    PatternSearch: new (...of: unknown[]) => Record<string, (...of: unknown[]) => unknown>
  }
  const natives = binding.natives()
  const values: unknown[] = [
    ...[undefined, null, true, -1, 0, 1, 1.5, 2 ** 31, 2 ** 53, Number.NaN, Infinity, '', 'x', 1n],
    ...[{}, [], new Uint8Array(0), new Uint8Array(12), Buffer.alloc(64, 0xff), new Float64Array(3)],
    ...[
      new ArrayBuffer(8),
      Symbol('x'),
      () => {},
      Buffer.from([0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0]),
    ],
  ]
  const random = new Random(99)
  const some = (): unknown[] => Array.from({ length: random.below(7) }, () => random.pick(values))
  const tried = (call: () => unknown): void => {
    try {
      call()
    } catch (error) {
      t.true(error instanceof Error || types.isNativeError(error))
    }
  }
  const names = Object.keys(natives).filter((name) => /pattern/i.test(name))
  t.is(names.length, 10)
  for (let round = 0; round < 3000; round += 1) {
    tried(() => natives[random.pick(names)]?.(...some()))
    tried(() => {
      const search = new binding.PatternSearch(...some())
      search[random.pick(['batch', 'batchBack', 'chunk', 'end', 'isDivisible'])]?.(...some())
    })
  }
})

test('more patterns than are kept are found all the same', (t) => {
  const m = holding(t, 'a1b22c333')
  for (let round = 0; round < 3; round += 1) {
    for (let at = 0; at < 100; at += 1) {
      t.is(m.find(new RegExp(`\\d{3}|x{${at + 1}}`)), 6)
    }
  }
})

test('what was found can be kept until the process ends', async (t) => {
  const path = freshPath()
  writeFileSync(path, 'a 1\nb 22\nc 333\n')
  const kept = await childAnswer<string[]>(
    `
    const m = fmmap.Mmap.open(process.argv[2])
    const all = async (found) => { const some = []; for await (const one of found) some.push(one); return some }
    globalThis.kept = [
      m.match(/\\d+/), ...m.matchAll(/\\d+/), ...m.matchAll(/\\d+/, { reverse: true }),
      ...m.grep(/\\d\\d/), ...m.grep(/\\d\\d/, { reverse: true }),
      await m.matchAsync(/\\d+/), ...await all(m.matchAllAsync(/\\d+/)), ...await all(m.grepAsync(/\\d\\d/)),
    ]
    console.log(JSON.stringify(kept.map(String)))
  `,
    [path],
  )
  t.deepEqual(kept.join(' '), '1 1 22 333 333 22 1 b 22 c 333 c 333 b 22 1 1 22 333 b 22 c 333')
})
