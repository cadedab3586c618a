// Mmap.follow: the bytes and texts of lines, whatever the blocks that they were read in; and zeros, which are holes or
// room that the writer has not used yet.
import { Buffer } from 'node:buffer'
import fs from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { type Line, Mmap } from '../index.js'
import { temporaryFile } from './support/files.ts'
import { following, open, ownPath, rest, serially, take } from './support/follow.ts'
import { linux, unix } from './support/platform.ts'
import everywhere, { testWhere } from './support/test.ts'

const test = serially(everywhere)
const onUnix = serially(testWhere(unix, 'renames and links as Unix has them'))

/** Lines of all lengths, some with characters of several bytes, some with bytes that are no character. */
function manyLines(): Buffer[] {
  const lines: Buffer[] = []
  for (let at = 0; at < 6000; at += 1) {
    const plain = 'x'.repeat((at * 37) % 120)
    lines.push(Buffer.from(`${at} ${plain}${at % 5 === 0 ? '\r' : ''}`))
    if (at % 7 === 0) lines.push(Buffer.alloc(0))
    if (at % 401 === 0) lines.push(Buffer.from(`${at} äö€🦀`), Buffer.of(0xff, 0, 0xc3))
    if (at % 1501 === 0) lines.push(Buffer.alloc(1000 * (1 + (at % 11)), 'long '))
    if (at % 2999 === 0) lines.push(Buffer.alloc(150_000, 'longer '))
  }
  return lines
}

async function allLines(path: string, count: number): Promise<Line[]> {
  const all: Line[] = []
  const batches = Mmap.follow(path, { from: 'start' }).batches()
  for await (const batch of batches) {
    all.push(...batch)
    if (all.length >= count) break
  }
  return all
}

test('the text and the bytes of each line are its own, in whatever order they are asked for', async (t) => {
  const expected = manyLines()
  const content = Buffer.concat(expected.flatMap((line) => [line, Buffer.from('\n')]))
  const path = temporaryFile(content)
  const m = Mmap.open(path)
  t.teardown(() => m.close())
  const greps = (): Line[] => [...m.grep(/^/m)]
  const orders = {
    forward: (lines: Line[]) => lines,
    backward: (lines: Line[]) => lines.toReversed(),
    scattered: (lines: Line[]) => lines.toSorted((a, b) => (a.start % 101) - (b.start % 101)),
  }
  for (const [order, arrange] of Object.entries(orders)) {
    // oxlint-disable-next-line no-await-in-loop
    for (const lines of [await allLines(path, expected.length), greps()]) {
      t.is(lines.length, expected.length)
      const places = new Map(lines.map((line, at) => [line, at]))
      for (const first of ['text', 'bytes']) {
        for (const line of arrange(lines)) {
          const bytes = expected[places.get(line) as number] as Buffer
          const right =
            (first === 'text' || line.bytes.equals(bytes)) &&
            line.toString() === bytes.toString() &&
            line.bytes.equals(bytes) &&
            line.toString() === bytes.toString() &&
            content.subarray(line.start, line.end).equals(bytes)
          if (!right) t.fail(`${order}, ${first} first: the line at ${line.start}`)
        }
      }
    }
  }
  t.pass()
})

test('who changes the bytes of a line changes no other line', async (t) => {
  const path = temporaryFile('one\ntwo\nthree\n')
  const lines = await allLines(path, 3)
  lines[1]?.bytes.fill('x')
  t.deepEqual([String(lines[0]), String(lines[2])], ['one', 'three'])
  t.deepEqual([String(lines[0]?.bytes), String(lines[2]?.bytes)], ['one', 'three'])
})

/** A file that is made longer before its bytes are written, and a writer that fills it. */
function padded(length: number): { path: string; write(text: string): void; end(): void } {
  const path = ownPath()
  const fd = fs.openSync(path, 'w+')
  fs.ftruncateSync(fd, length)
  let at = 0
  return {
    path,
    write(text) {
      at += fs.writeSync(fd, text, at)
    },
    end() {
      fs.ftruncateSync(fd, at)
      fs.closeSync(fd)
    },
  }
}

test('room that was allocated for a file is no line: the lines come when they are written there', async (t) => {
  for (const length of [100, 70_000, 20_000_000]) {
    for (const from of ['start', 'end'] as const) {
      const file = padded(length)
      file.write('old\n')
      const lines = following(t, file.path, { from })
      const expected = from === 'start' ? ['old'] : []
      file.write('first\nsec')
      // oxlint-disable-next-line no-await-in-loop
      t.deepEqual(await take(lines, expected.length + 1), [...expected, 'first'])
      const taken = take(lines, 2)
      // oxlint-disable-next-line no-await-in-loop
      await pause(20)
      file.write('ond\nthird\n')
      // oxlint-disable-next-line no-await-in-loop
      t.deepEqual(await taken, ['second', 'third'], `${length} bytes, from the ${from}`)
      // Past the allocated room, and the room that is left is given back.
      const long = 'y'.repeat(length > 1000 ? 10 : 100)
      file.write(`${long}\n`)
      file.end()
      fs.appendFileSync(file.path, 'last\n')
      // oxlint-disable-next-line no-await-in-loop
      t.deepEqual(await take(lines, 2), [long, 'last'])
    }
  }
})

test('zeros between bytes are those of a line, as many as there are', async (t) => {
  for (const zeros of [5, 100_000]) {
    const path = temporaryFile('a\n')
    const lines = following(t, path, { from: 'start' })
    fs.appendFileSync(path, Buffer.concat([Buffer.alloc(zeros), Buffer.from('b\n\0c\n')]))
    // oxlint-disable-next-line no-await-in-loop
    t.deepEqual(await take(lines, 3), ['a', `${'\0'.repeat(zeros)}b`, '\0c'])
  }
})

test('a hole at the start of a file that was empty when it was looked at is no line', async (t) => {
  const path = temporaryFile('')
  const fd = fs.openSync(path, 'r+')
  const lines = following(t, path)
  // Written and truncated between two looks.
  fs.writeSync(fd, 'lost\n', 0)
  fs.ftruncateSync(fd, 0)
  fs.writeSync(fd, 'behind\n', 5)
  t.deepEqual(await take(lines, 1), ['behind'])
  fs.closeSync(fd)
})

onUnix(
  'copies that are renamed while the folder is listed are all found, in their order',
  async (t) => {
    const system = fs as unknown as Record<string, (...args: unknown[]) => unknown>
    for (const read of [false, true]) {
      for (let nth = 1; nth <= 4; nth += 1) {
        const path = ownPath()
        fs.writeFileSync(path, read ? 'read\n' : '')
        const lines = following(t, path, { from: 'start' })
        // oxlint-disable-next-line no-await-in-loop
        if (read) t.deepEqual(await take(lines, 1), ['read'])
        let copies = 0
        const shift = (): void => {
          for (let at = copies; at > 0; at -= 1) fs.renameSync(`${path}.${at}`, `${path}.${at + 1}`)
        }
        for (let at = 0; at < 3; at += 1) {
          fs.appendFileSync(path, `${at}\n`)
          shift()
          fs.copyFileSync(path, `${path}.1`)
          copies += 1
          fs.truncateSync(path)
          rest(12)
        }
        fs.appendFileSync(path, 'now\n')
        const { readdirSync } = fs
        const restore = (): void => {
          system.readdirSync = readdirSync as (...args: unknown[]) => unknown
        }
        t.teardown(restore)
        let calls = 0
        system.readdirSync = (...args) => {
          const names: unknown = Reflect.apply(readdirSync, fs, args)
          calls += 1
          if (calls === nth) {
            shift()
            fs.renameSync(`${path}.${copies + 1}`, `${path}.${copies + 2}`)
          }
          return names
        }
        // oxlint-disable-next-line no-await-in-loop
        t.deepEqual(await take(lines, 4), ['0', '1', '2', 'now'], `call ${nth}, ${read}`)
        restore()
        // oxlint-disable-next-line no-await-in-loop
        await lines.return?.()
      }
    }
  },
)

onUnix(
  'what a copy has of a file that is empty at each look comes before the copy is gone',
  async (t) => {
    const path = ownPath()
    fs.writeFileSync(path, '')
    const lines = following(t, path)
    for (let at = 0; at < 6; at += 1) {
      // The clock of files has to advance, and the one copy has a new number each time.
      rest(12)
      fs.appendFileSync(path, `${at}\n`)
      // It is not removed, because a file that is made then may get its inode number.
      if (at > 0) fs.renameSync(`${path}.${at - 1}`, join(dirname(path), `gone-${at}`))
      fs.copyFileSync(path, `${path}.${at}`)
      fs.truncateSync(path)
      // oxlint-disable-next-line no-await-in-loop
      t.deepEqual(await take(lines, 1), [`${at}`])
      // Written to, and read, in between.
      if (at % 3 === 2) {
        fs.appendFileSync(path, 'here\n')
        // oxlint-disable-next-line no-await-in-loop
        t.deepEqual(await take(lines, 1), ['here'])
        fs.copyFileSync(path, `${path}.read`)
        fs.truncateSync(path)
      }
    }
    fs.appendFileSync(path, 'end\n')
    t.deepEqual(await take(lines, 1), ['end'])
  },
)

test('a signal ends a follower from which nobody has asked for a line', async (t) => {
  const path = ownPath()
  fs.writeFileSync(path, 'a\n')
  const controller = new AbortController()
  const lines = Mmap.follow(path, { from: 'start', signal: controller.signal })
  if (linux) t.is(open(dirname(path)).length, 1)
  controller.abort()
  if (linux) t.deepEqual(open(dirname(path)), [])
  t.deepEqual(await lines.next(), { done: true, value: undefined })
})
