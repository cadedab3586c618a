// What a RegExp means, by the topics of ECMAScript's own conformance tests (test262: built-ins/RegExp,
// annexB/built-ins/RegExp, language/literals/regexp), in rows of our own: all matches, and their groups.
// Topics without rows here: the members of RegExp.prototype, Symbol.replace and the like, which no map calls;
// early errors, as the runtime's own parser throws them before a map is asked; lookbehind and backreferences, which
// are refused (patterns.spec.ts).
// A map's matchAll asks for no flag g.
/* oxlint-disable bad-match-all-arg */
import { Buffer } from 'node:buffer'
import { Mmap } from '../index.js'
import test from './support/test.ts'

/** Source, flags, text, and what is found: the text of a match, or a list with those of its groups. */
type Found = string | readonly (string | undefined)[]
type Row = readonly [source: string, flags: string, text: string, found: readonly Found[]]

const TOPICS: Readonly<Record<string, readonly Row[]>> = {
  'CharacterClassEscapes: digits, words and white space': [
    ['\\d', 'u', '0a9\u0660', ['0', '9']],
    ['\\D', 'u', '0a😀', ['a', '😀']],
    ['\\w+', 'u', 'aZ_09-éſ', ['aZ_09']],
    ['\\w+', 'iu', 'kſ\u212A-é', ['kſ\u212A']],
    ['\\w+', 'i', 'kſ\u212A', ['k']],
    ['\\W', 'iu', 'kſ\u212Aé', ['é']],
    [
      '\\s+',
      'u',
      'a\t\v\f \xA0\uFEFF\u1680\u2000\u200A\u202F\u205F\u3000\n\r\u2028\u2029b',
      ['\t\v\f \xA0\uFEFF\u1680\u2000\u200A\u202F\u205F\u3000\n\r\u2028\u2029'],
    ],
    ['\\s', '', '\u180E\u200B\x85', []],
    ['\\S+', 'u', ' \u180E\u200B ', ['\u180E\u200B']],
    ['[\\d\\s]+', '', 'a1 2b', ['1 2']],
    ['[^\\D\\W]', '', 'a1_', ['1']],
  ],
  'dotall: what the dot matches': [
    ['.', '', 'a\n\r\u2028\u2029\x85b', ['a', '\x85', 'b']],
    ['.+', 's', 'a\n\r\u2028\u2029b', ['a\n\r\u2028\u2029b']],
    ['^.$', 'u', '😀', ['😀']],
    ['a.b', 'su', 'a\nb a😀b', ['a\nb', 'a😀b']],
  ],
  'assertions: ^ and $, with m at each of four line terminators': [
    ['^', '', 'a\nb', ['']],
    ['^.', 'm', 'a\nb\rc\u2028d\u2029e', ['a', 'b', 'c', 'd', 'e']],
    ['.$', 'm', 'a\nb\rc\u2028d\u2029e', ['a', 'b', 'c', 'd', 'e']],
    ['^$', 'm', 'a\r\nb', ['']],
    ['a$', '', 'a\na', ['a']],
    ['\\ba|b\\b', '', 'ab ba', ['a', 'b']],
    ['\\B.\\B', '', 'abc d', ['b']],
    ['\\b', 'iu', 'ſ', ['', '']],
    ['\\b', 'u', 'ſ', []],
  ],
  'lookahead at the end of a pattern, with and without groups': [
    ['a(?=b)', '', 'ab ac', ['a']],
    ['a(?!b)', '', 'ab ac a', ['a', 'a']],
    [
      '(?=(a+))',
      '',
      'baa',
      [
        ['', 'aa'],
        ['', 'a'],
      ],
    ],
    ['(.)(?!(b))', '', 'ab', [['b', 'b', undefined]]],
    ['a(?=$)', 'm', 'a\nba', ['a', 'a']],
    ['a(?=b(?:c|$))', '', 'abd abc ab', ['a', 'a']],
  ],
  'quantifiers: greedy, lazy, counted, and of what may be empty': [
    ['a{2,3}', '', 'aaaaa', ['aaa', 'aa']],
    ['a{2,3}?', '', 'aaaaa', ['aa', 'aa']],
    ['a+?(?:bc)?', '', 'aabc aa', ['a', 'abc', 'a', 'a']],
    ['a+?(?:b|)', '', 'aab', ['a', 'ab']],
    ['\\d+?(?:px|em)?', '', '12px 3em', ['1', '2px', '3em']],
    ['a{1,2}?(?:b*)?', '', 'aabb', ['a', 'abb']],
    ['a{0}b', '', 'ab', ['b']],
    [
      '(a*)*',
      '',
      'b',
      [
        ['', undefined],
        ['', undefined],
      ],
    ],
    ['(?:a?)*?b', '', 'aab', ['aab']],
    ['(z)((a+)?(b+)?(c))*', '', 'zaacbbbcac', [['zaacbbbcac', 'z', 'ac', 'a', undefined, 'c']]],
    [
      '(?:(a)|b)*',
      '',
      'ab',
      [
        ['ab', undefined],
        ['', undefined],
      ],
    ],
    [
      '(a?b??)*',
      '',
      'ab',
      [
        ['ab', 'b'],
        ['', undefined],
      ],
    ],
    ['(?:){9007199254740992}', '', 'a', ['', '']],
    ['x{,1}', '', 'x x{,1}', ['x{,1}']],
    ['(?:a|ab)(?:c|bcd)(?:d*)', '', 'abcd', ['abcd']],
  ],
  'disjunction: the first alternative that leads to a match': [
    ['a|ab', '', 'abc', ['a']],
    ['((a)|(ab))((c)|(bc))', '', 'abc', [['abc', 'a', 'a', undefined, 'bc', undefined, 'bc']]],
    ['|a', '', 'a', ['', '']],
    ['a[a-z]{2,4}?', '', 'abcdefghi', ['abc']],
  ],
  'classes: ranges, hyphens, the empty one and its complement': [
    ['[a-c]+', '', 'abcd-', ['abc']],
    ['[-a]+', '', 'a-b', ['a-']],
    ['[a-]+', '', 'a-b', ['a-']],
    ['[^]', 'u', '\n😀', ['\n', '😀']],
    ['[]', '', 'a', []],
    ['[]|a', '', 'a', ['a']],
    ['[\\b]', '', 'a\bb', ['\b']],
    ['[\\b]', 'u', 'a\bb', ['\b']],
    ['[\\]\\\\^]+', '', 'a]\\^', [']\\^']],
    ['[A-z]+', '', 'Z[_`a', ['Z[_`a']],
    ['[^a-z]+', 'i', 'aZ1', ['1']],
  ],
  'escapes of characters': [
    ['\\t\\n\\v\\f\\r\\0', '', '\t\n\v\f\r\0', ['\t\n\v\f\r\0']],
    ['\\cA\\cz', '', '\x01\x1A', ['\x01\x1A']],
    ['\\x41\\u0042\\u{43}', 'u', 'ABC', ['ABC']],
    ['\\u{1F600}|\\ud83d\\ude01', 'u', '😀😁', ['😀', '😁']],
    [
      '\\^\\$\\\\\\.\\*\\+\\?\\(\\)\\[\\]\\{\\}\\|\\/',
      'u',
      '^$\\.*+?()[]{}|/',
      ['^$\\.*+?()[]{}|/'],
    ],
    ['[\\-]', 'u', 'a-', ['-']],
  ],
  'Annex B: what is no escape is the character itself': [
    ['\\a\\-\\é', '', 'a-é', ['a-é']],
    ['\\x4\\u00\\u{2}', '', 'x4u00uu', ['x4u00uu']],
    ['\\c\\c1[\\c1]', '', '\\c\\c1\x11', ['\\c\\c1\x11']],
    ['\\c\\u0416', '', '\\cЖ', ['\\cЖ']],
    ['[\\c]+', '', 'c\\', ['c\\']],
    ['\\1\\8\\07\\101\\400', '', '\x018\x07A 0', ['\x018\x07A 0']],
    ['[\\1\\101]+', '', '\x01A', ['\x01A']],
    ['a{|}|]', '', 'a{ } ]', ['a{', '}', ']']],
    ['\\k<a>', '', 'k<a>', ['k<a>']],
    ['[\\d-z]+', '', '1-z', ['1-z']],
    ['[--\\d]+', '', '1-', ['1-']],
  ],
  'named groups: their names, and two of one name': [
    ['(?<year>\\d{4})-(?<month>\\d\\d)', 'u', '2026-11', [['2026-11', '2026', '11']]],
    ['(?<$>a)(?<_\\u200C>b)(?<π>c)(?<\\u{1d4d0}>d)', 'u', 'abcd', [['abcd', 'a', 'b', 'c', 'd']]],
    [
      '(?<x>a)|(?<x>b)',
      '',
      'ab',
      [
        ['a', 'a', undefined],
        ['b', undefined, 'b'],
      ],
    ],
    [
      '(?:(?<x>a)|(?<x>b)c)*',
      '',
      'abc',
      [
        ['abc', undefined, 'b'],
        ['', undefined, undefined],
      ],
    ],
  ],
  'surrogate pairs and the case of characters with the flag u': [
    ['^[^x]$', 'u', '\u{10FFFF}', ['\u{10FFFF}']],
    ['[😀-😂]', 'u', '😁😃', ['😁']],
    ['😀{2}', 'u', '😀😀', ['😀😀']],
    ['\\u{10400}', 'iu', '\u{10428}', ['\u{10428}']],
    ['\\u212A', 'iu', 'kK', ['k', 'K']],
    ['\\u212A', 'i', 'kK\u212A', ['\u212A']],
    ['\\u0390', 'iu', '\u1fd3', ['\u1fd3']],
    ['[^x]', 'iu', 'X\u0130', ['\u0130']],
    ['ß', 'iu', 'ßẞ', ['ß', 'ẞ']],
    ['ß', 'i', 'ßẞ', ['ß']],
    ['\\u03c3', 'i', 'σςΣ', ['σ', 'ς', 'Σ']],
    ['\\u0131', 'iu', 'iI\u0131', ['\u0131']],
  ],
  'property escapes, alone, in classes and in complements': [
    ['\\p{Lu}', 'u', 'aBЖ', ['B', 'Ж']],
    ['\\P{Lu}', 'u', 'aB', ['a']],
    ['\\p{Script=Greek}+', 'u', 'aαβ', ['αβ']],
    ['\\p{scx=Deva}', 'u', 'a\u0964', ['\u0964']],
    ['[\\p{Nd}_]+', 'u', 'a1\u0660_', ['1\u0660_']],
    ['[^\\p{ASCII}]', 'u', 'aé', ['é']],
    ['\\p{Any}', 'u', '😀', ['😀']],
    ['\\p{Lu}', 'iu', 'aB1', ['a', 'B']],
    ['\\P{Lu}', 'iu', 'aB1', ['a', 'B', '1']],
    ['[^\\P{Lu}]', 'iu', 'aB1', []],
  ],
  'unicodeSets: operations on classes, and strings': [
    ['[\\w--\\d]+', 'v', 'a1_', ['a', '_']],
    ['[\\w&&\\d]+', 'v', 'a1_', ['1']],
    ['[[a-z]--[aeiou]]+', 'v', 'abce', ['bc']],
    ['[\\q{abc|d}a]', 'v', 'abcda', ['abc', 'd', 'a']],
    ['[\\q{ab|}]', 'v', 'abc', ['ab', '', '']],
    ['[\\p{L}--\\p{Lu}]', 'v', 'aB', ['a']],
    ['[^\\d\\s]', 'v', '1 a', ['a']],
    ['[\\q{ab|c}--\\q{ab}]', 'v', 'abc', ['c']],
    ['^[[😀😁]&&[😁😂]]$', 'v', '😁', ['😁']],
  ],
  'modifiers: flags of a group alone': [
    ['(?i:a)b', '', 'Ab AB', ['Ab']],
    ['(?-i:a)b', 'i', 'aB AB', ['aB']],
    ['(?s:.)(?-s:.)', '', '\na', ['\na']],
    ['(?m:^)a|a(?m:$)', '', 'b\na', ['a']],
    ['(?-m:^)a', 'm', 'b\na', []],
    ['(?i-s:a.)', 's', 'A\nAb', ['Ab']],
    ['(?i:[b-d])(?i:\\x61)', '', 'CA', ['CA']],
  ],
}

for (const [topic, rows] of Object.entries(TOPICS)) {
  test(topic, (t) => {
    let asked = 0
    for (const [source, flags, text, found] of rows) {
      let pattern: RegExp
      try {
        pattern = new RegExp(source, flags)
      } catch {
        // This runtime is older than the syntax: another one asks.
        continue
      }
      asked += 1
      const bytes = Buffer.from(text)
      const m = new Mmap(-1, bytes.length)
      m.setSlice(bytes)
      const texts = Array.from(m.matchAll(pattern), (match): Found => {
        const [all = '', ...groups] = match
        return groups.length === 0 ? all : [all, ...groups]
      })
      t.deepEqual(texts, found, `/${source}/${flags} in ${JSON.stringify(text)}`)
      m.close()
    }
    t.log(`${asked} of ${rows.length} rows`)
    t.true(asked === rows.length || /modifiers|unicodeSets|named/.test(topic))
  })
}

test('match-indices: where each group is, in bytes, as with the flag d', (t) => {
  const bytes = Buffer.from('é ab\u{1F600}c')
  const m = new Mmap(-1, bytes.length)
  t.teardown(() => m.close())
  m.setSlice(bytes)
  const match = m.match(/(?<first>a)(b)(x)?(?:😀)(?<last>c)/u)
  t.deepEqual(match?.indices, [[3, 10], [3, 4], [4, 5], undefined, [9, 10]])
  t.deepEqual({ ...match?.groups }, { first: 'a', last: 'c' })
  t.deepEqual(
    [...(m.match(/(?=(a)b)/)?.indices ?? [])],
    [
      [3, 3],
      [3, 4],
    ],
  )
})
