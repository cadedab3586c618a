// What iterators of matches and lines read ahead, the texts of matches, and blocks of lines in given memory.
// A map's matchAll asks for no flag g.
/* oxlint-disable bad-match-all-arg */
import { Buffer } from 'node:buffer'
import { ACCESS_COPY, ACCESS_WRITE, type BlocksOptions, Mmap } from '../index.js'
import { checkError, thrown } from './support/errors.ts'
import { holding, temporaryFile } from './support/files.ts'
import { externalBuffers, unix } from './support/platform.ts'
import { childAnswer } from './support/runtime.ts'
import test, { type Assertions, testWhere } from './support/test.ts'

const [KIB, MIB] = [1024, 1024 * 1024]

/** A map with a line `word` at each of these places, and zeros. */
function withWords(t: Assertions, length: number, places: readonly number[]): Mmap {
  const m = new Mmap(-1, length)
  t.teardown(() => m.close())
  for (const place of places) m.setSlice('\nword\n', place - 1, place + 5)
  return m
}

test('before the first match is given no more than 64 KiB behind it are searched', (t) => {
  for (const first of [KIB, 3 * MIB]) {
    const far = first + 200 * KIB
    const m = withWords(t, far + KIB, [first, far])
    for (const found of [
      m.matchAll(/wor(d)/),
      m.findAll(/word/),
      m.grep(/word/),
      m.grep('word').blocks(),
    ] as readonly Iterator<unknown>[]) {
      t.not(found.next().value, undefined)
      m.setSlice('gone', far, far + 4)
      t.is(found.next().done, true, 'the second is not there any more')
      m.setSlice('word', far, far + 4)
    }
  }
})

test('a search reads ahead at most as much as it has searched, and at most 4 MiB', (t) => {
  const step = 32 * KIB
  const length = 12 * MIB
  const places = Array.from({ length: length / step - 1 }, (_, at) => (at + 1) * step)
  for (const name of ['matchAll', 'grep'] as const) {
    for (const turn of [0, 100 * KIB, MIB, 5 * MIB]) {
      const m = withWords(t, length, places)
      let last = 0
      let beyond = length
      for (const match of m[name](/word/)) {
        const place = 'index' in match ? match.index : match.start
        t.is(place, last + step)
        last = place
        if (place >= turn && beyond === length) {
          beyond = place + Math.min(4 * MIB, Math.max(place, 64 * KIB)) + step
          // Words that were read before are given all the same.
          for (const at of places.filter((other) => other > beyond)) m.setSlice('gone', at, at + 4)
        }
      }
      t.true(last <= beyond, `${name}: ${last} was read at ${turn}`)
    }
  }
})

test('matches that are rare share a call of the addon', (t) => {
  const m = withWords(t, 12 * MIB, [4 * MIB, 5 * MIB, 6 * MIB])
  const found = m.matchAll(/word/)
  t.is(found.next().value?.index, 4 * MIB)
  t.is(found.next().value?.index, 5 * MIB)
  m.setSlice('gone', 6 * MIB, 6 * MIB + 4)
  t.is(found.next().value?.index, 6 * MIB, 'it was read together with the one before')
  t.is(found.next().done, true)
})

test('however much was searched before, no more than 4 MiB are read ahead', (t) => {
  const m = withWords(t, 24 * MIB, [10 * MIB, 11 * MIB, 16 * MIB])
  const found = m.matchAll(/word/)
  t.is(found.next().value?.index, 10 * MIB)
  t.is(found.next().value?.index, 11 * MIB)
  m.setSlice('gone', 16 * MIB, 16 * MIB + 4)
  t.is(found.next().done, true)
})

test('where nearly all lines have a match, the others are searched in few parts', async (t) => {
  const m = holding(t, `${'some words of a line\n'.repeat(40_000)}none\n`)
  let parts = 0
  const lines: string[] = []
  const onProgress = (): void => void (parts += 1)
  for await (const line of m.grepAsync(/\s[^]/, { invert: true, onProgress })) {
    lines.push(String(line))
  }
  t.deepEqual(lines, ['none'])
  t.true(parts < 50, `${parts} parts`)
})

test('onProgress of an iterator says how far was searched, however many matches there are', async (t) => {
  const m = holding(t, `a${' '.repeat(15)}`.repeat(256 * KIB))
  for (const needle of [/a/, /a[^]/]) {
    for (const concurrency of [1, 2]) {
      const calls: number[] = []
      const onProgress = (done: number): void => void calls.push(done)
      let apart = 0
      for await (const { index } of m.matchAllAsync(needle, { concurrency, onProgress })) {
        const searched = calls.at(-1) as number
        t.true(searched > index)
        apart = Math.max(apart, searched - index)
      }
      t.true(apart <= 300 * KIB, `${needle}: ${apart} bytes behind a match were searched`)
      t.is(calls.at(-1), m.length)
      t.deepEqual(
        calls,
        calls.toSorted((a, b) => a - b),
      )
    }
  }
})

test('lines that are rare share a block', (t) => {
  const m = holding(t, `${'xxxx\n'.repeat(200)}short a\n`.repeat(1000))
  for (const needle of ['a', /[a-c]/, ['a', 'b'], /\w+ a/]) {
    const blocks = [...m.grep(needle).blocks()]
    t.is(Buffer.concat(blocks).toString(), 'short a\n'.repeat(1000))
    t.true(blocks.length < 20, `${blocks.length} blocks of ${String(needle)}`)
  }
})

/** The least time of this process that a call takes, all threads together. */
function least(call: () => unknown): number {
  let best = Infinity
  for (let turn = 0; turn < 3; turn += 1) {
    const start = process.cpuUsage()
    call()
    const { user, system } = process.cpuUsage(start)
    best = Math.min(best, user + system)
  }
  return best
}

test('lines without a match are found in a time like that of counting them', (t) => {
  const m = holding(t, `${' '.repeat(600)}a\n`.repeat(20_000))
  for (const needle of ['a', /[a-c]/, ['a', 'b']]) {
    const counted = least(() => t.is(m.countLines(needle, { invert: true }), 0))
    const found = least(() => t.is([...m.grep(needle, { invert: true })].length, 0))
    // It was 30 to 60 times as long.
    t.true(found < 8 * counted + 20_000, `${String(needle)}: ${found} and ${counted} us`)
  }
})

/** Words of one byte a character, of several, and of bytes that are no text. */
function mixed(): Buffer {
  const words = ['key=value', 'käse=brot', 'a=😀', `x=${'long'.repeat(40)}`, 'empty=', '\n']
  const parts: Buffer[] = []
  for (let at = 0; at < 6000; at += 1) {
    // Long stretches of ASCII, and of everything.
    const word = at % 1000 < 400 ? words[at % 3 === 0 ? 0 : 4] : words[at % words.length]
    parts.push(Buffer.from(`${word} `))
    if (at % 977 === 0) parts.push(Buffer.from([0xff, 0xc3, 0x20]))
  }
  return Buffer.concat(parts)
}

test('texts are those of the bytes, whichever are asked for and in whichever order', (t) => {
  const bytes = mixed()
  const m = holding(t, bytes)
  for (const encoding of ['utf8', 'latin1'] as const) {
    const pattern = /(?<key>[^\s=]+)=(?<value>[^\s]+)?/
    const expected = [...m.matchAll(pattern, { encoding })].map((match) =>
      match.indices.map((place) =>
        place === undefined ? undefined : bytes.toString(encoding, place[0], place[1]),
      ),
    )
    t.true(expected.length > 5000)
    t.true(expected.some((texts) => texts[2] === undefined))
    const matches = (): Iterable<ReturnType<typeof m.match>> => m.matchAll(pattern, { encoding })
    let at = 0
    for (const match of matches()) {
      t.deepEqual([...(match as Iterable<unknown>)], expected[at], `all of ${at}`)
      at += 1
    }
    const kept = [...matches()]
    for (let turn = 0; turn < 3 * kept.length; turn += 1) {
      // Forth, back and far away.
      const which = (turn * (turn % 3 === 0 ? 7919 : 1)) % kept.length
      const match = kept[which]
      const texts = expected[which]
      t.is(match?.groups?.value, texts?.[2])
      t.is(match?.groups?.key, texts?.[1])
      t.is(String(match), texts?.[0])
      t.deepEqual(match?.bytes('key'), Buffer.from(texts?.[1] ?? '', encoding))
    }
  }
})

test('a match gives its texts one after the other', (t) => {
  const m = holding(t, 'one=two;')
  const match = m.match(/(\w+)=(\w+)(!)?/)
  const texts = (match as Iterable<string | undefined>)[Symbol.iterator]()
  t.deepEqual(
    [1, 2, 3, 4, 5, 6].map(() => texts.next()),
    [
      { done: false, value: 'one=two' },
      { done: false, value: 'one' },
      { done: false, value: 'two' },
      { done: false, value: undefined },
      { done: true, value: undefined },
      { done: true, value: undefined },
    ],
  )
  t.is(
    (texts as unknown as { constructor: unknown }).constructor,
    Object.getPrototypeOf([][Symbol.iterator]()).constructor,
  )
  const [, first] = match ?? []
  t.is(first, 'one')
  t.deepEqual(Array.from(m.match('=') ?? []), ['='])
})

test('the bytes of a match that are changed change no text', (t) => {
  const m = holding(t, 'one=two three=four ')
  const [first, second] = m.matchAll(/(\w+)=(\w+)/)
  first?.bytes()?.fill(0)
  first?.bytes(1)?.fill(0)
  second?.bytes()?.fill(0)
  t.deepEqual([...(first ?? [])], ['one=two', 'one', 'two'])
  t.is(String(second), 'three=four')
})

const lineOf = (at: number): string => `${at} ${'words '.repeat(at % 50)}`

test('blocks that are written into memory are the same, of whatever kind it is', (t) => {
  const m = holding(t, Array.from({ length: 9000 }, (_, at) => lineOf(at)).join('\n'))
  const kinds: Readonly<Record<string, ArrayBufferView>> = {
    'a Buffer': Buffer.alloc(64 * KIB),
    'an array in the middle of its memory': new Uint8Array(new ArrayBuffer(9000), 100, 5000),
    'an array of doubles': new Float64Array(4000),
    'a DataView': new DataView(new ArrayBuffer(3000), 8),
    'shared memory': new Uint8Array(new SharedArrayBuffer(10_000)),
    'a few bytes': new Uint8Array(100),
    'one byte': new Uint8Array(1),
    nothing: new Uint8Array(0),
  }
  for (const needle of [/[^\n]/, /7/, '99']) {
    const expected = Buffer.concat([...m.grep(needle).blocks()])
    for (const [name, into] of Object.entries(kinds)) {
      const parts: Buffer[] = []
      let there = 0
      for (const block of m.grep(needle).blocks({ into })) {
        parts.push(Buffer.from(block))
        if (block.buffer === into.buffer) {
          t.is(block.byteOffset, into.byteOffset, 'from its beginning')
          there += 1
        }
      }
      t.true(Buffer.concat(parts).equals(expected), `${needle} into ${name}`)
      if (into.byteLength >= 1000) t.true(there > 0, `${needle} into ${name}`)
      t.true(into.byteLength < 1000 || there > parts.length - 2, name)
    }
  }
})

test('without memory of the caller’s no block is ever written again', (t) => {
  const m = holding(t, Array.from({ length: 9000 }, (_, at) => lineOf(at)).join('\n'))
  const blocks = [...m.grep(/[^\n]/).blocks()]
  const before = blocks.map(String)
  for (const block of m.grep(/[^\n]/).blocks()) block.fill(0)
  t.true(blocks.length > 10)
  t.deepEqual(blocks.map(String), before)
})

test('each block is written over the one before, and blocks that can’t be have their own memory', (t) => {
  const m = holding(t, `${'a line\n'.repeat(16)}${'another\n'.repeat(16)}`)
  const into = Buffer.alloc(KIB)
  const blocks = m.grep('n').blocks({ into })
  const first = blocks.next().value
  t.is(String(first), 'a line\n'.repeat(16))
  const second = blocks.next().value
  t.is(String(second), 'another\n'.repeat(16))
  t.is(String(first).slice(0, 8), 'another\n')
  t.is(blocks.next().done, true)
  for (const how of [{ numbers: true }, { reverse: true }]) {
    into.fill(0)
    const [block] = m.grep('n', how).blocks({ into })
    t.true(block !== undefined && block.buffer !== into.buffer)
    t.true(into.every((byte) => byte === 0))
  }
  const lines = m.grep('n')
  lines.next()
  const [rest, next] = lines.blocks({ into })
  t.is(String(rest), 'a line\n'.repeat(15), 'the rest of lines that were found before')
  t.true(rest?.buffer !== into.buffer && next?.buffer === into.buffer)
})

test('memory for blocks is checked when it is given', (t) => {
  const m = holding(t, 'a line\n')
  for (const into of [new ArrayBuffer(8), 'text', 8, null, []]) {
    const given = { into } as unknown as BlocksOptions
    checkError(
      t,
      thrown(t, () => m.grep('a').blocks(given)),
      'ERR_INVALID_ARG_TYPE',
    )
  }
  t.is(String([...m.grep('a').blocks({ into: undefined })][0]), 'a line\n')
  checkError(
    t,
    thrown(t, () => m.grep('a').blocks(1 as unknown as BlocksOptions)),
    'ERR_INVALID_ARG_TYPE',
  )
  // In the background blocks have memory of their own.
  const background = m.grepAsync('a') as unknown as ReturnType<typeof m.grep>
  checkError(
    t,
    thrown(t, () => background.blocks({ into: Buffer.alloc(64 * KIB) })),
    'ERR_INVALID_ARG_VALUE',
  )
  t.not(background.blocks({ into: undefined }), undefined)
})

test('memory for blocks that is transferred away holds up nothing', (t) => {
  const m = holding(t, 'a line\n'.repeat(5000))
  const into = new Uint8Array(KIB)
  const parts: string[] = []
  for (const block of m.grep('line').blocks({ into })) {
    parts.push(String(block))
    if (parts.length === 3) structuredClone(into.buffer, { transfer: [into.buffer] })
  }
  t.is(into.length, 0)
  t.is(parts.join(''), 'a line\n'.repeat(5000))
})

testWhere(externalBuffers, 'no views in this mode')(
  'lines that are written into the map they come from',
  (t) => {
    const path = temporaryFile('a line\n'.repeat(1000))
    const m = Mmap.open(path, { access: ACCESS_WRITE })
    t.teardown(() => m.close())
    const size = m.length
    let written = 0
    for (const block of m.grep('line').blocks({ into: m.view(0, 700) })) written += block.length
    // What is written to the beginning is what stood there.
    t.is(written, size)
    t.is(m.countLines('a line'), 1000)
    const copy = Mmap.open(path, { access: ACCESS_COPY })
    t.teardown(() => copy.close())
    for (const start of [0, 3]) {
      // Lines that overlap the memory are not copied onto themselves; those behind it are copied to it.
      const into = copy.view(start, 700)
      const blocks = copy.grep('line').blocks({ into })
      const first = blocks.next().value
      t.is(String(first), 'a line\n'.repeat(16))
      t.not(first?.buffer, into.buffer)
      t.is(copy.slice(0, 12).toString(), 'a line\na lin')
      let there = 0
      for (const block of blocks) if (block.buffer === into.buffer) there += 1
      t.true(there > 0)
      copy.setSlice('a line\n'.repeat(110), 0, 770)
    }
  },
)

testWhere(externalBuffers && unix, 'no views in this mode; a mapped file can’t be truncated')(
  'memory for blocks that is a view of a truncated file is ERR_MMAP_FAULT',
  async (t) => {
    const answer = await childAnswer<unknown>(
      `const { truncateSync, writeFileSync } = await import('node:fs')
      const path = process.argv[2]
      writeFileSync(path, Buffer.alloc(256 * 1024))
      const target = fmmap.Mmap.open(path, { access: fmmap.ACCESS_WRITE })
      const into = target.view()
      const m = new fmmap.Mmap(-1, 9 * 1000)
      m.setSlice('one line\\n'.repeat(1000))
      const blocks = m.grep('line').blocks({ into })
      const first = String(blocks.next().value)
      truncateSync(path, 0)
      let code
      try { blocks.next() } catch (error) { code = error.code }
      console.log(JSON.stringify([first.length, code, blocks.next().done, m.countLines('line')]))`,
      [temporaryFile()],
    )
    t.deepEqual(answer, [9 * 16, 'ERR_MMAP_FAULT', true, 1000])
  },
)
