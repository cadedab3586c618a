// Patterns while other things happen: files that shrink, maps that are closed, resized or refreshed, iterators that are
// left or go from the end, signals, and RegExps that somebody has changed.
// A map's matchAll asks for no flag g.
/* oxlint-disable bad-match-all-arg */
import { Buffer } from 'node:buffer'
import { appendFileSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { runInNewContext } from 'node:vm'
import { type Line, type Match, Mmap, Pattern } from '../index.js'
import { checkError, type Coded, rejection, thrown } from './support/errors.ts'
import { holding, mapped, temporaryFile } from './support/files.ts'
import { gathered } from './support/iteration.ts'
import { unix } from './support/platform.ts'
import { childAnswer } from './support/runtime.ts'
import test, { testWhere } from './support/test.ts'

/** Every member that takes a pattern, as a call that searches all of a map in which the pattern is nowhere. */
const members: Readonly<Record<string, string>> = {
  find: `m.find(/q\\w+z/)`,
  rfind: `m.rfind(/q\\w+z/, 0)`,
  count: `m.count(/q\\w+z/)`,
  findAll: `[...m.findAll(/q\\w+z/)]`,
  match: `m.match(/q(\\w)+z/)`,
  'match of a string': `m.match('qz')`,
  matchAll: `[...m.matchAll(/q\\w+z/)]`,
  'matchAll in reverse': `[...m.matchAll(/q\\w+z/, { reverse: true })]`,
  grep: `[...m.grep(/q\\w+z/)]`,
  'blocks of grep': `[...m.grep(/q\\w+z/).blocks()]`,
  'blocks of grep into memory': `[...m.grep(/q\\w+z/).blocks({ into: Buffer.alloc(64) })]`,
  'blocks of grep in reverse': `[...m.grep(/q\\w+z/, { reverse: true }).blocks()]`,
  'grep with invert': `[...m.grep(/q\\w+z/, { invert: true })]`,
  'grep in reverse': `[...m.grep(/q\\w+z/, { reverse: true, numbers: true })]`,
  countLines: `m.countLines()`,
  'countLines of a pattern': `m.countLines(/q\\w+z/)`,
  'countLines of a list': `m.countLines(['qz', 'zq', /q.z/i])`,
  findAsync: `await m.findAsync(/q\\w+z/)`,
  rfindAsync: `await m.rfindAsync(/q\\w+z/, { start: 0 })`,
  countAsync: `await m.countAsync(/q\\w+z/)`,
  'countAsync of what matches newlines': `await m.countAsync(/q[^a]+z/)`,
  findAllAsync: `for await (const at of m.findAllAsync(/q\\w+z/)) at`,
  matchAsync: `await m.matchAsync(/q\\w+z/)`,
  matchAllAsync: `for await (const match of m.matchAllAsync(/q\\w+z/)) match`,
  grepAsync: `for await (const line of m.grepAsync(/q\\w+z/, { concurrency: 2 })) line`,
  'blocks of grepAsync': `for await (const block of m.grepAsync(/q\\w+z/).blocks()) block`,
  'grepAsync with invert': `for await (const line of m.grepAsync(/q\\w+z/, { invert: true })) line`,
  countLinesAsync: `await m.countLinesAsync(/q\\w+z/)`,
  'countLinesAsync of all': `await m.countLinesAsync()`,
}

const canShrink = testWhere(unix, 'a mapped file can’t be truncated')

for (const size of [64 * 1024, 3 * 1024 * 1024]) {
  canShrink(
    `patterns in a file of ${size} bytes that was truncated are ERR_MMAP_FAULT`,
    async (t) => {
      const calls = Object.entries(members)
        .map(([name, call]) => `${JSON.stringify(name)}: async (m) => { ${call} }`)
        .join(',\n')
      const answer = await childAnswer<Record<string, unknown>>(
        `const { truncateSync, writeFileSync } = await import('node:fs')
      const path = process.argv[2]
      const attempt = async (call) => {
        try { await call(); return 'nothing thrown' } catch (error) {
          return [error.code, error.reason, error.path === path, error.size].join(' ')
        }
      }
      const calls = { ${calls} }
      const bytes = Buffer.alloc(${size}, 'some words of a line\\n')
      const said = {}
      for (const [name, call] of Object.entries(calls)) {
        writeFileSync(path, bytes)
        const m = fmmap.Mmap.open(path)
        truncateSync(path, 0)
        const first = await attempt(() => call(m))
        const second = await attempt(() => call(m))
        m.close()
        said[name] = [first, second]
      }
      console.log(JSON.stringify(said))`,
        [temporaryFile()],
      )
      const fault = 'ERR_MMAP_FAULT truncated true 0'
      const names = Object.keys(members)
      t.deepEqual(answer, Object.fromEntries(names.map((name) => [name, [fault, fault]])))
    },
  )
}

canShrink('iterators meet a truncation between two of their batches', async (t) => {
  const answer = await childAnswer<Record<string, unknown>>(
    `const { truncateSync, writeFileSync } = await import('node:fs')
    const path = process.argv[2]
    const bytes = Buffer.alloc(3 * 1024 * 1024, 'some words of a line\\n')
    const iterators = {
      findAll: (m) => m.findAll(/w\\w+s/),
      matchAll: (m) => m.matchAll(/w\\w+s/),
      reverse: (m) => m.matchAll(/w\\w+s/, { reverse: true }),
      grep: (m) => m.grep(/w\\w+s/, { numbers: true }),
      'grep in reverse': (m) => m.grep(/w\\w+s/, { numbers: true, reverse: true }),
      findAllAsync: (m) => m.findAllAsync(/w\\w+s/),
      matchAllAsync: (m) => m.matchAllAsync(/w\\w+s/),
      grepAsync: (m) => m.grepAsync(/w\\w+s/),
      'grepAsync with two': (m) => m.grepAsync(/w\\w+s/, { concurrency: 2 }),
      blocks: (m) => m.grep(/w\\w+s/).blocks(),
      'a match and its groups': (m) => m.matchAll(/w(\\w+)s/),
    }
    const said = {}
    for (const [name, make] of Object.entries(iterators)) {
      writeFileSync(path, bytes)
      const m = fmmap.Mmap.open(path)
      const iterator = make(m)
      const kept = []
      for (let at = 0; at < 20; at++) kept.push((await iterator.next()).value)
      truncateSync(path, 0)
      const texts = kept.map(String)
      let code = 'ended'
      try {
        for (let step = await iterator.next(); !step.done; step = await iterator.next());
      } catch (error) { code = error.code }
      // What was found before is still the same, and the iterator has ended.
      const same = texts.every((text, at) => text === String(kept[at]))
      said[name] = [code, same, (await iterator.next()).done]
      m.close()
    }
    console.log(JSON.stringify(said))`,
    [temporaryFile()],
  )
  for (const [name, said] of Object.entries(answer)) {
    t.deepEqual(said, ['ERR_MMAP_FAULT', true, true], name)
  }
})

canShrink('another process truncates the file while a pattern is searched for', async (t) => {
  const answer = await childAnswer<string[]>(
    `const { spawn } = await import('node:child_process')
    const { closeSync, ftruncateSync, openSync } = await import('node:fs')
    const path = process.argv[2]
    const codes = []
    for (const call of [
      (m) => m.count(/x\\w+z[^]/),
      (m) => m.countLines(/x\\w+z/),
      (m) => m.match(/x(\\w+)z[^]*y/),
      (m) => m.countAsync(/x\\w+z[^]/),
      (m) => m.countLinesAsync(/x\\w+z/, { concurrency: 2 }),
    ]) {
      const fd = openSync(path, 'w')
      ftruncateSync(fd, 32 * 1024 * 1024)
      closeSync(fd)
      const m = fmmap.Mmap.open(path)
      const other = spawn('sh', ['-c', ': > "$0"', path], { stdio: 'ignore' })
      let code = 'none'
      // The search ends before the other process has started: once more.
      for (const until = Date.now() + 60_000; code === 'none' && Date.now() < until;) {
        try { await call(m) } catch (error) { code = error.code }
      }
      await new Promise((done) => other.exitCode === null ? other.on('close', done) : done())
      codes.push(code)
      m.close()
    }
    console.log(JSON.stringify(codes))`,
    [temporaryFile()],
  )
  t.deepEqual(answer, Array(5).fill('ERR_MMAP_FAULT'))
})

canShrink('another process rewrites the file while iterators go through it', async (t) => {
  const answer = await childAnswer<Record<string, unknown>>(
    `const { spawn } = await import('node:child_process')
    const { rmSync, writeFileSync } = await import('node:fs')
    const [path, whole, flag] = process.argv.slice(2)
    const line = 'some words of a line'
    writeFileSync(whole, (line + '\\n').repeat(5000) + line)
    writeFileSync(path, '')
    writeFileSync(flag, '')
    const iterators = {
      lines: (m) => m.lines(),
      'lines in reverse': (m) => m.lines({ reverse: true }),
      matchAll: (m) => m.matchAll(/[^\\n]+/),
      grep: (m) => m.grep(/[^\\n]/, { numbers: true }),
      'grep in reverse': (m) => m.grep(/[^\\n]/, { reverse: true }),
      'grep with invert': (m) => m.grep(/q/, { invert: true }),
      'grep of a word': (m) => m.grep('o'),
      'blocks of grep': (m) => m.grep(/[^\\n]/).blocks(),
      'blocks of grep into memory': (m) => m.grep(/[^\\n]/).blocks({ into: Buffer.alloc(4096) }),
      grepAsync: (m) => m.grepAsync(/[^\\n]/, { concurrency: 2, limit: 2000 }),
      'blocks of grepAsync': (m) => m.grepAsync(/[^\\n]/, { concurrency: 2 }).blocks(),
      matchAllAsync: (m) => m.matchAllAsync(/[^\\n]+/, { limit: 2000 }),
    }
    // It truncates the file, lets it grow and writes the same bytes again, over and over.
    const writer = spawn('sh', ['-c', 'while [ -e "$2" ]; do cat "$1" > "$0"; done', path, whole, flag])
    const said = {}
    for (const [name, make] of Object.entries(iterators)) {
      const codes = new Set()
      let wrong
      for (let turn = 0; turn < 8; turn++) {
        const m = fmmap.Mmap.open(path, { empty: true })
        const others = make(m)[Symbol.asyncIterator] === undefined ? m.lines() : undefined
        let before = name.includes('reverse') ? Infinity : -1
        try {
          for await (const one of make(m)) {
            // Bytes of the file, or zeros of a page that is not written yet.
            if (/[^\\0\\n a-z]/.test(String(one))) wrong ??= String(one)
            const at = one.start ?? one.index
            if (at !== undefined && at <= before === !name.includes('reverse')) wrong ??= [before, at]
            before = at
            others?.next()
          }
        } catch (error) { codes.add(error.code ?? error.message) }
        m.close()
      }
      codes.delete('ERR_MMAP_FAULT')
      said[name] = [...codes, wrong ?? 'right']
    }
    rmSync(flag)
    await new Promise((done) => writer.exitCode === null ? writer.on('close', done) : done())
    console.log(JSON.stringify(said))`,
    [temporaryFile(), temporaryFile(), temporaryFile()],
  )
  t.is(Object.keys(answer).length, 12)
  for (const [name, said] of Object.entries(answer)) t.deepEqual(said, ['right'], name)
})

test('a line of 200 MiB, between short ones', (t) => {
  const [before, size] = ['first\r\n', 200 * 1024 * 1024]
  // Memory that nobody has written to costs nothing.
  const m = new Mmap(-1, before.length + size)
  t.teardown(() => m.close())
  m.setSlice(Buffer.from(before), 0, before.length)
  m.setSlice(Buffer.from('x\nlast'), m.length - 6, m.length)
  t.is(m.countLines(), 3)
  t.is(m.countLines(/x/), 1)
  const places = Array.from(m.grep(/[^\n]/), ({ start, end, bytes }) => [start, end, bytes.length])
  t.deepEqual(places, [
    [0, 6, 6],
    [7, m.length - 5, size - 5],
    [m.length - 4, m.length, 4],
  ])
  let written = 0
  for (const block of m.grep('x', { limit: 1 }).blocks()) written += block.length
  t.is(written, size - 5 + 1)
})

test('two iterators at once, and a loop that throws or ends, disturb no other', (t) => {
  const m = mapped(t, 'some words\nof lines\n'.repeat(3000))
  const all = [...m.grep('words')].map(({ start }) => start)
  const one = m.grep('words')
  const two = m.grep('words', { numbers: true })
  const found: number[] = []
  for (const { start } of one) {
    found.push(start)
    const { value } = two.next()
    t.deepEqual([value?.start, value?.number], [start, 2 * found.length - 1])
    for (const _ of m.lines()) break
    try {
      for (const _ of m.grep(/of/).blocks()) throw new Error('left')
    } catch (error) {
      if ((error as Error).message !== 'left') throw error
    }
    if (found.length === 100) m.resize(20 * 200)
  }
  t.deepEqual(found, all.slice(0, 200))
  t.true(two.next().done)
})

test('what a line or a block shows can’t be transferred away from the others', (t) => {
  const m = holding(t, 'some words\n'.repeat(100))
  const [first, second] = m.grep('words')
  const [block] = m.grep('words').blocks()
  for (const bytes of [first?.bytes, block]) {
    const { buffer } = bytes as Buffer
    try {
      structuredClone(buffer, { transfer: [buffer as ArrayBuffer] })
    } catch {
      // Some versions of Node refuse it, and others copy the bytes.
    }
  }
  t.is(String(second), 'some words')
  t.is(block?.length, 11 * 16, 'the first block is one of few lines')
})

test('a signal ends a search soon, whatever the pattern costs', async (t) => {
  // Letters that lead an automaton into as many states as it has room for, again and again.
  const letters = Buffer.alloc(8 * 1024 * 1024)
  for (let at = 0, seed = 1; at < letters.length; at += 1) {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0
    letters[at] = seed >>> 31 === 0 ? 97 : 98
  }
  const m = mapped(t, letters.toString('latin1'))
  const size = m.length
  for (const [re, call] of [
    [/(?:a|b)*a(?:a|b){18}c/, (re, how) => m.countAsync(re, how)],
    [/a[ab]{200}c|b[ab]{150}d/, (re, how) => m.matchAsync(re, how)],
    [/(?:a?){60}a{60}c/, (re, how) => m.rfindAsync(re, how)],
    [/a(?:[^]*c)?/, (re, how) => m.countAsync(re, how)],
    [/a[ab]{300}[c-z]/, (re, how) => m.countLinesAsync(re, how)],
    [/b[ab]{90}[^ab]/, (re, how) => m.matchAllAsync(re, how).next()],
  ] as readonly [RegExp, (re: RegExp, how: { signal: AbortSignal }) => Promise<unknown>][]) {
    const controller = new AbortController()
    const { signal } = controller
    const search = call(re, { signal }).then(
      () => 'found',
      (error: Error) => error.name,
    )
    // oxlint-disable no-await-in-loop
    await pause(20)
    const start = process.cpuUsage()
    controller.abort()
    const outcome = await search
    // The thread of the pool has let go of the map when it can be resized.
    for (;;) {
      try {
        m.resize(size)
        break
      } catch (error) {
        if ((error as Coded).code !== 'ERR_MMAP_EXPORTED') throw error
        await pause(1)
      }
    }
    // oxlint-enable no-await-in-loop
    // The time of this process, all threads together: others may have the processor meanwhile.
    const { user, system } = process.cpuUsage(start)
    const took = (user + system) / 1000
    t.log(`${re}: ${outcome} after ${took.toFixed(1)} ms of work`)
    // Those that take long are there to be ended; the others may have been faster than the signal.
    t.true(outcome === 'AbortError' || outcome === 'found', outcome)
    // It is some milliseconds, and the whole search takes seconds.
    t.true(took < 2000, `${re}: ${took} ms of work`)
  }
})

/** All that an iterator gives, with a call before the one at a place. */
function interrupted<T>(all: Iterator<T>, at: number, call: () => void): T[] {
  const found: T[] = []
  for (let step = all.next(); step.done !== true; step = all.next()) {
    found.push(step.value)
    if (found.length === at) call()
  }
  return found
}

test('iterators go on in a map of another length', (t) => {
  const text = 'some words\n'.repeat(2000)
  const kinds: Readonly<Record<string, (m: Mmap) => Iterator<number | Match | Line>>> = {
    findAll: (m) => m.findAll(/w\w+/),
    matchAll: (m) => m.matchAll(/w\w+/),
    grep: (m) => m.grep(/w\w+/, { numbers: true }),
  }
  const place = (one: number | Match | Line): number =>
    typeof one === 'number' ? one : 'start' in one ? one.start : one.index
  for (const [name, make] of Object.entries(kinds)) {
    for (const at of [1, 16, 17, 300]) {
      const shrunk = mapped(t, text)
      const left = interrupted(make(shrunk), at, () => shrunk.resize(11 * 1000))
      t.deepEqual(
        left.map((one) => place(one)),
        Array.from(make(shrunk) as Iterable<number | Match | Line> & Iterator<never>, place),
        `${name}, shorter after ${at}`,
      )
      const grown = mapped(t, text.slice(0, 11 * 1000))
      const more = interrupted(make(grown), at, () => {
        grown.resize(11 * 2000)
        grown.setSlice(Buffer.from(text.slice(11 * 1000)), 11 * 1000, 11 * 2000)
      })
      t.is(more.length, 2000, `${name}, longer after ${at}`)
      t.deepEqual(
        more.map((one) => place(one)),
        Array.from({ length: 2000 }, (_, line) => place(more[0] as Line) + 11 * line),
      )
    }
  }
})

test('asynchronous iterators go on in a map of another length', async (t) => {
  const WIDTH = 100
  const line = `${'some words'.padEnd(WIDTH - 1, '.')}\n`
  const lineOf = (offset: number): number => Math.floor(offset / WIDTH) + 1
  /** Each gives the numbers of the lines, counted from 1. */
  const kinds: Readonly<Record<string, (m: Mmap) => AsyncIterable<number[]>>> = {
    async *'findAllAsync of bytes'(m) {
      for await (const at of m.findAllAsync('words')) yield [lineOf(at)]
    },
    async *findAllAsync(m) {
      for await (const at of m.findAllAsync(/w\w+/)) yield [lineOf(at)]
    },
    async *matchAllAsync(m) {
      for await (const { index } of m.matchAllAsync(/w\w+/, { concurrency: 2 }))
        yield [lineOf(index)]
    },
    async *'matchAllAsync across lines'(m) {
      for await (const { index } of m.matchAllAsync(/w\w+\.*\s/)) yield [lineOf(index)]
    },
    async *grepAsync(m) {
      for await (const { number = 0 } of m.grepAsync(/w\w+/, { numbers: true })) yield [number]
    },
    async *'blocks of grepAsync'(m) {
      for await (const block of m.grepAsync(/w\w+/, { numbers: true }).blocks()) {
        yield block.toString().trimEnd().split('\n').map(Number.parseFloat)
      }
    },
  }
  for (const [name, given] of Object.entries(kinds)) {
    for (const [before, after] of [
      [1200, 900],
      [600, 1200],
      [50_000, 4000],
      [50_000, 45_000],
      [45_000, 50_000],
      [1000, 50_000],
    ] as const) {
      const m = mapped(t, line.repeat(before))
      let next = 1
      let resized = false
      // oxlint-disable-next-line no-await-in-loop
      for await (const numbers of given(m)) {
        for (const number of numbers) {
          if (number !== next) t.fail(`${name}: line ${number} comes for ${next}`)
          next += 1
        }
        if (resized || next <= 17 || next > before) continue
        resized = true
        // Whatever was longer between two steps has left nothing.
        m.resize(WIDTH * 100)
        m.resize(WIDTH * after)
        m.setSlice(
          line.repeat(Math.min(before, after) - 100),
          WIDTH * 100,
          WIDTH * Math.min(before, after),
        )
        if (after > before) m.setSlice(line.repeat(after - before), WIDTH * before)
      }
      t.is(next - 1, resized ? after : before, `${name}: from ${before} to ${after} lines`)
      m.close()
    }
  }
})

test('iterators from the end go on in a shorter map', (t) => {
  const m = mapped(t, 'some words\n'.repeat(2000))
  const found = interrupted(m.grep(/w/, { reverse: true, numbers: true }), 5, () =>
    m.resize(11 * 900),
  )
  t.deepEqual(
    found.map(({ number }) => number),
    [
      ...Array.from({ length: 5 }, (_, at) => 2000 - at),
      ...Array.from({ length: 900 }, (_, at) => 900 - at),
    ],
  )
})

test('an iterator sees what a refresh has brought', (t) => {
  const path = temporaryFile('one word\n'.repeat(40))
  const m = Mmap.open(path)
  t.teardown(() => m.close())
  const found = interrupted(m.matchAll(/word/), 20, () => {
    appendFileSync(path, 'one word\n'.repeat(10))
    t.is(m.refresh(), 'grown')
  })
  t.is(found.length, 50)
})

test('a map that is closed while an iterator goes is ERR_MMAP_CLOSED, and what was given stays', async (t) => {
  const text = 'some words\n'.repeat(2000)
  const iterators: Readonly<Record<string, (m: Mmap) => Iterator<unknown>>> = {
    findAll: (m) => m.findAll(/w\w+/),
    matchAll: (m) => m.matchAll(/w(\w+)/),
    reverse: (m) => m.matchAll(/w(\w+)/, { reverse: true }),
    grep: (m) => m.grep(/w\w+/),
    'grep in reverse': (m) => m.grep(/w\w+/, { reverse: true }),
    lines: (m) => m.lines(),
    blocks: (m) => m.grep(/w\w+/).blocks(),
    'blocks into memory': (m) => m.grep(/w\w+/).blocks({ into: new Uint8Array(4096) }),
    'blocks in reverse': (m) => m.grep(/w\w+/, { reverse: true }).blocks(),
  }
  for (const [name, make] of Object.entries(iterators)) {
    const m = holding(t, text)
    const iterator = make(m)
    const { value } = iterator.next()
    const said = String(value)
    m.close()
    checkError(
      t,
      thrown(t, () => iterator.next(), name),
      'ERR_MMAP_CLOSED',
    )
    t.is(String(value), said)
    t.is(iterator.next().done, true, `${name} has ended`)
  }
  for (const make of [
    (m: Mmap) => m.matchAllAsync(/w\w+/),
    (m: Mmap) => m.grepAsync(/w\w+/, { concurrency: 2 }),
    (m: Mmap) => m.grepAsync(/w\w+/).blocks(),
    (m: Mmap) => m.findAllAsync(/w\w+/),
  ] as readonly ((m: Mmap) => AsyncIterableIterator<unknown>)[]) {
    const m = holding(t, text.repeat(20))
    const iterator = make(m)
    // oxlint-disable no-await-in-loop
    await iterator.next()
    m.close()
    const drained = (async () => {
      for (let step = await iterator.next(); step.done !== true;) step = await iterator.next()
    })()
    t.is((await rejection(drained)).code, 'ERR_MMAP_CLOSED')
    t.is((await iterator.next()).done, true)
    // oxlint-enable no-await-in-loop
  }
})

test('while a promise is pending a resize or refresh is ERR_MMAP_EXPORTED, and then it is not', async (t) => {
  const m = mapped(t, 'some words\n')
  m.resize(16 * 1024 * 1024)
  for (const call of [
    () => m.matchAsync(/q\w+z/),
    () => m.countLinesAsync(/q\w+z/),
    () => m.countAsync(/q[^x]+z/),
    () => m.rfindAsync(/q\w+z/),
  ] as readonly (() => Promise<unknown>)[]) {
    const pending = call()
    checkError(
      t,
      thrown(t, () => m.resize(4096)),
      'ERR_MMAP_EXPORTED',
    )
    // oxlint-disable-next-line no-await-in-loop
    await pending
    m.resize(8 * 1024 * 1024)
    m.resize(16 * 1024 * 1024)
  }
})

test('iterators that are left early pin nothing', async (t) => {
  const m = mapped(t, 'some words\n'.repeat(200_000))
  const size = m.length
  const canResize = (what: string): void => {
    m.resize(size + 4096)
    m.resize(size)
    t.is(m.length, size, what)
  }
  for (const all of [
    m.matchAll(/w/),
    m.grep(/w/),
    m.grep(/w/, { reverse: true }),
    m.grep(/w/).blocks(),
    m.grep(/w/).blocks({ into: new Uint8Array(4096) }),
    m.findAll(/w/),
  ]) {
    for (const _ of all as Iterable<unknown>) break
    t.is(all.next().done, true, 'a loop that was left has ended the iterator')
    canResize('break')
  }
  const asynchronous = {
    matchAllAsync: () => m.matchAllAsync(/w/),
    grepAsync: () => m.grepAsync(/w/, { concurrency: 2 }),
    findAllAsync: () => m.findAllAsync(/w/),
    'blocks of grepAsync': () => m.grepAsync(/w/, { concurrency: 2 }).blocks(),
    'matchAllAsync of what matches newlines': () => m.matchAllAsync(/w[^x]/),
  } as Readonly<Record<string, () => AsyncIterableIterator<unknown>>>
  for (const [name, make] of Object.entries(asynchronous)) {
    // oxlint-disable no-await-in-loop
    for await (const _ of make()) break
    canResize(`${name}: break`)
    const failed = (async () => {
      for await (const _ of make()) throw new Error('left')
    })()
    t.is((await rejection(failed)).message, 'left')
    canResize(`${name}: throw`)
    const iterator = make()
    const next = iterator.next()
    await iterator.return?.()
    t.is((await next).done, true)
    canResize(`${name}: return while a step is pending`)
    const unused = make()
    await unused.return?.()
    t.is((await unused.next()).done, true)
    canResize(`${name}: return before the first step`)
    // oxlint-enable no-await-in-loop
  }
})

/** Every member, with a pattern that is given. */
const withPattern: Readonly<Record<string, (m: Mmap, re: RegExp) => unknown>> = {
  find: (m, re) => m.find(re, 0),
  rfind: (m, re) => m.rfind(re, 0),
  count: (m, re) => m.count(re),
  findAll: (m, re) => [...m.findAll(re)],
  match: (m, re) => m.match(re),
  matchAll: (m, re) => [...m.matchAll(re)],
  grep: (m, re) => [...m.grep(re)],
  countLines: (m, re) => m.countLines(re),
  Pattern: (m, re) => m.count(new Pattern(re)),
  list: (m, re) => m.count([re, 'zzz']),
  findAsync: (m, re) => m.findAsync(re),
  matchAsync: (m, re) => m.matchAsync(re),
  countAsync: (m, re) => m.countAsync(re),
  countLinesAsync: (m, re) => m.countLinesAsync(re),
}

test('a RegExp is as it was, whatever it has been made to', async (t) => {
  const m = holding(t, 'xaxa\nxa')
  const fail = (): never => {
    throw new Error('asked')
  }
  const makers: Readonly<Record<string, () => RegExp>> = {
    'with the flag g': () => /a/g,
    'with the flags d and g': () => /a/dg,
    frozen: () => Object.freeze(/a/g),
    'of another realm': () => runInNewContext('/a/g') as RegExp,
    'of a subclass': () => new (class extends RegExp {})('a', 'g'),
    'without a prototype': () => Object.setPrototypeOf(/a/g, null) as RegExp,
    patched: () => {
      const re = /a/g
      const names = [
        'exec',
        'test',
        'toString',
        Symbol.match,
        Symbol.matchAll,
        Symbol.search,
      ] as const
      for (const name of [...names, Symbol.replace, Symbol.split]) {
        Object.defineProperty(re, name, { value: fail })
      }
      for (const name of [
        'flags',
        'source',
        'global',
        'ignoreCase',
        'sticky',
        'unicode',
        'constructor',
      ]) {
        Object.defineProperty(re, name, { get: fail })
      }
      return re
    },
  }
  const plain = /a/
  for (const [kind, make] of Object.entries(makers)) {
    for (const [name, call] of Object.entries(withPattern)) {
      const re = make()
      const before = Object.isFrozen(re) ? 0 : 1
      if (before === 1) re.lastIndex = before
      // oxlint-disable no-await-in-loop
      const found = await call(m, re)
      const expected = await call(m, plain)
      // oxlint-enable no-await-in-loop
      t.deepEqual(JSON.stringify(found), JSON.stringify(expected), `${name} of one ${kind}`)
      t.is(re.lastIndex, before, `${name} of one ${kind}`)
    }
  }
})

test('a RegExp that was compiled anew means what it means then', (t) => {
  const m = holding(t, 'abc')
  const re = /a/
  t.is(m.find(re), 0)
  const prepared = new Pattern(re)
  re.compile('c')
  t.is(m.find(re), 2)
  t.is(m.find(prepared), 0, 'a pattern is what was given')
})

test('what only looks like a RegExp is none', (t) => {
  const m = holding(t, 'abc')
  for (const wrong of [
    new Proxy(/a/, {}),
    Object.create(RegExp.prototype),
    RegExp.prototype,
    { source: 'a', flags: '' },
  ]) {
    for (const name of ['find', 'count', 'match', 'matchAll', 'grep'] as const) {
      checkError(
        t,
        thrown(t, () => m[name](wrong as RegExp), name),
        'ERR_INVALID_ARG_TYPE',
      )
    }
  }
})

test('reverse gives the matches of long lines too, in a time like that of the way forward', (t) => {
  const long = `${'a,b '.repeat(30_000)}${'c'.repeat(270_000)},${'a'.repeat(9_000)} ,,a\n`
  const m = holding(t, `a,b\n${long}\n${'é,'.repeat(20_000)}\n${long}b`)
  const places = (of: Iterable<Match>): string =>
    Array.from(of, ({ index, end, indices }) => [index, end, ...indices].join()).join(' ')
  for (const re of [/a/, /b*/, /[^,\n]+/, /(a),(b)?/, /\b/, /c+|$/m, /[^\n]+/, /,(?=a)/]) {
    const expected = [...m.matchAll(re)]
    const found = [...m.matchAll(re, { reverse: true })]
    t.true(places(found.toReversed()) === places(expected), String(re))
    const last = [...m.matchAll(re, { reverse: true, limit: 20_000 })]
    t.true(places(last) === places(found.slice(0, 20_000)), `the last of ${re}`)
  }
  const line = holding(t, 'a,'.repeat(1 << 20))
  const time = (reverse: boolean): number => {
    const begin = performance.now()
    let count = 0
    for (const _ of line.matchAll(/a/, { reverse })) count += 1
    t.is(count, 1 << 20)
    return performance.now() - begin
  }
  const forward = time(false)
  const backward = time(true)
  t.true(backward < 10 * forward + 1000, `${backward} ms, forward ${forward} ms`)
})

test('an empty match at the end is given once, if the last parts of the map have no other', async (t) => {
  const m = new Mmap(-1, 9 << 20)
  t.teardown(() => m.close())
  m.set(7, 0x78)
  const of = /x|$/
  for (const concurrency of [1, 2, 3]) {
    // oxlint-disable-next-line no-await-in-loop
    const found = await gathered(m.matchAllAsync(of, { concurrency }))
    const places = found.map(({ index }) => index)
    t.deepEqual(places, [7, m.length], `${concurrency} parts at once`)
    // oxlint-disable-next-line no-await-in-loop
    t.deepEqual(await gathered(m.findAllAsync(of, { concurrency })), places)
  }
})
