// Mmap.follow: lines as they are written, whatever happens to the file. Writers number their lines, so that a line
// that is lost, repeated or out of order is noticed.
import { spawn } from 'node:child_process'
import fs from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import { inspect } from 'node:util'
import { type Follower, type Line, Mmap } from '../index.js'
import { checkError, refuses, type thrown } from './support/errors.ts'
import { temporaryFile } from './support/files.ts'
import { beside, following, open, ownPath, rest, serially, take } from './support/follow.ts'
import { hole, linux, scaled, unix } from './support/platform.ts'
import { childAnswer, command, moduleFile, procUrl } from './support/runtime.ts'
import everywhere, { testWhere } from './support/test.ts'

// The tests run one after another, because what a stalled thread misses depends on how long it stands still.
const test = serially(everywhere)

const onLinux = serially(testWhere(linux, 'reads /proc'))
const onUnix = serially(testWhere(unix, 'renames and links as Unix has them'))

/** Whether no line comes for a while. A line that comes later is not lost. */
async function quiet(
  lines: Follower,
  ms = 150,
): Promise<{ quiet: boolean; next: Promise<unknown> }> {
  const next = lines.next()
  const first = await Promise.race([next, pause(ms)])
  return { quiet: first === undefined, next }
}

/**
 * Starts a writer in a process of its own. It writes `count` numbered lines, each in two halves that may cut a
 * character, with `event` at that many places between whole lines. A file is removed only when its lines were read, as
 * far as the file `read` tells: nobody can open it after that.
 */
function startWriter(
  path: string,
  count: number,
  events: number,
  event: 'rename' | 'shift' | 'copytruncate' | 'recreate',
  read?: string,
): Promise<number | null> {
  const source = `
    import fs from 'node:fs'
    const [path, event, read] = process.argv.slice(2)
    const rest = (ms) => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)
    let fd = fs.openSync(path, 'a')
    const reopen = () => { fs.closeSync(fd); fd = fs.openSync(path, 'a') }
    let happened = 0
    const happen = {
      rename() { fs.renameSync(path, path + '.' + happened); reopen() },
      shift() {
        for (let at = happened - 1; at > 0; at -= 1) fs.renameSync(path + '.' + at, path + '.' + (at + 1))
        fs.renameSync(path, path + '.1')
        reopen()
      },
      copytruncate() { fs.copyFileSync(path, path + '.' + happened); fs.ftruncateSync(fd, 0) },
      recreate(at) {
        while (Number(fs.readFileSync(read, 'utf8')) < at) rest(1)
        fs.unlinkSync(path)
        reopen()
      },
    }
    const count = ${count}
    for (let at = 0; at < count; ) {
      let text = ''
      for (let end = Math.min(at + 20, count); at < end; at += 1) text += at + ' Zeile mit Umlauten: äöü€🦀\\n'
      const bytes = Buffer.from(text)
      const half = bytes.length - 3
      fs.writeSync(fd, bytes, 0, half)
      fs.writeSync(fd, bytes, half)
      if (at % 400 === 0) rest(1)
      if (happened < ${events} && at >= ((happened + 1) * count) / ${events + 1}) {
        happened += 1
        happen[event](at)
      }
    }
  `
  const [program, args] = command(moduleFile(source), [path, event, read ?? ''])
  const child = spawn(program, args, {
    env: { ...process.env, NODE_OPTIONS: '' },
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', resolve)
  })
}

/** Reads until `count` numbered lines have come, or the writer has failed. */
async function readNumbers(
  lines: Follower,
  count: number,
  written: Promise<number | null>,
  onRead?: (next: number) => void,
) {
  void written.then((code) => (code === 0 ? undefined : lines.return?.()))
  const numbers = new Numbers()
  for await (const line of lines) {
    numbers.add(line)
    if (numbers.next % 20 === 0) onRead?.(numbers.next)
    if (numbers.next === count) break
  }
  return { ...numbers, writer: await written }
}

/** Checks numbered lines, which should be 0, 1, 2 and so on. */
class Numbers {
  next = 0
  lost = 0
  repeated = 0
  broken = 0

  add(line: Line): void {
    const [, digits = '-1'] = /^(\d+) Zeile mit Umlauten: äöü€🦀$/.exec(line.toString()) ?? []
    const number = Number(digits)
    if (number === -1) this.broken += 1
    else if (number < this.next) this.repeated += 1
    else {
      this.lost += number - this.next
      this.next = number + 1
    }
  }
}

for (const [event, events, size] of [
  ['rename', 9, 40_000],
  ['shift', 9, 40_000],
  ['copytruncate', 5, 12_000],
  ['recreate', 3, 12_000],
] as const) {
  test(`a writer in another process, ${events} times ${event}: no line is lost, none comes twice`, async (t) => {
    // Lines between the events, and after the last: what is truncated away at the end comes with the next line only.
    const count = Math.max(scaled(size), 40 * (events + 1))
    const path = ownPath()
    const read = temporaryFile('')
    fs.writeFileSync(path, '')
    const lines = following(t, path)
    const written = startWriter(path, count, events, event, read)
    const found = await readNumbers(lines, count, written, (next) => {
      if (event === 'recreate') fs.writeFileSync(read, `${next}`)
    })
    t.deepEqual(found, { next: count, lost: 0, repeated: 0, broken: 0, writer: 0 })
    if (linux) t.deepEqual(open(dirname(path)), [])
  })
}

test('batches have the same lines, as many as are there', async (t) => {
  const count = scaled(100_000)
  const path = ownPath()
  const lines = following(t, path)
  const written = startWriter(path, count, 4, 'rename')
  const numbers = new Numbers()
  let batches = 0
  for await (const batch of lines.batches()) {
    t.true(batch.length > 0)
    batches += 1
    for (const line of batch) numbers.add(line)
    if (numbers.next === count) break
  }
  t.is(await written, 0)
  t.deepEqual({ ...numbers }, { next: count, lost: 0, repeated: 0, broken: 0 })
  t.true(batches < count / 5, `${batches} batches`)
})

test('a line says where it is in its file, and has its bytes and its text', async (t) => {
  const path = temporaryFile('first\r\n')
  const lines = following(t, path, { from: 'start' })
  fs.appendFileSync(path, 'zwölf\n\nlast\n')
  const found: Line[] = []
  for await (const line of lines) {
    found.push(line)
    if (found.length === 4) break
  }
  t.deepEqual(
    found.map(({ start, end, bytes }) => [start, end, bytes.toString()]),
    [
      [0, 6, 'first\r'],
      [7, 13, 'zwölf'],
      [14, 14, ''],
      [15, 19, 'last'],
    ],
  )
  t.is(String(found[1]), 'zwölf')
  t.is(inspect(found[3]), "Line { start: 15, end: 19, 'last' }")
  t.true(Buffer.isBuffer(found[0]?.bytes))
  // A copy: the file does not change.
  found[3]?.bytes.fill(0)
  t.is(fs.readFileSync(path, 'utf8'), 'first\r\nzwölf\n\nlast\n')
})

test('from: the end by default, which is where the file ends at the call', async (t) => {
  const path = temporaryFile('old\n')
  const lines = following(t, path)
  fs.appendFileSync(path, 'new\n')
  t.deepEqual(await take(lines, 1), ['new'])
})

test('from: the start, an offset, and an offset that the file does not reach', async (t) => {
  const path = temporaryFile('one\ntwo\nthree\n')
  t.deepEqual(await take(following(t, path, { from: 'start' }), 3), ['one', 'two', 'three'])
  t.deepEqual(await take(following(t, path, { from: 4 }), 2), ['two', 'three'])
  t.deepEqual(await take(following(t, path, { from: 5 }), 1), ['wo'])
  t.deepEqual(await take(following(t, path, { from: 100 }), 1), ['one'])
  const end = following(t, path, { from: 14 })
  fs.appendFileSync(path, 'four\n')
  const { value } = (await end.next()) as IteratorYieldResult<Line>
  t.deepEqual([value.start, value.end, String(value)], [14, 18, 'four'])
})

test('a path is a string, a Buffer or a URL', async (t) => {
  const path = temporaryFile('x\n')
  for (const form of [path, Buffer.from(path), pathToFileURL(path)]) {
    // oxlint-disable-next-line no-await-in-loop
    t.deepEqual(await take(following(t, form, { from: 'start' }), 1), ['x'])
  }
})

onLinux('a path that is no UTF-8', async (t) => {
  const path = Buffer.concat([Buffer.from(join(dirname(ownPath()), 'x')), Buffer.of(0xff, 0xfe)])
  fs.writeFileSync(path, 'a\n')
  const lines = following(t, path, { from: 'start' })
  t.deepEqual(await take(lines, 1), ['a'])
  fs.appendFileSync(path, 'b\n')
  t.deepEqual(await take(lines, 1), ['b'])
})

test('a relative path is that of the call', async (t) => {
  const path = ownPath()
  const before = process.cwd()
  process.chdir(dirname(path))
  const lines = following(t, basename(path))
  process.chdir(before)
  fs.writeFileSync(path, 'x\n')
  t.deepEqual(await take(lines, 1), ['x'])
})

test('a file that is not there yet, nor its folder, is read from its start', async (t) => {
  const path = join(dirname(ownPath()), 'later', 'app.log')
  const lines = following(t, path)
  const taken = take(lines, 2)
  await pause(60)
  fs.mkdirSync(dirname(path))
  await pause(60)
  fs.writeFileSync(path, 'a\nb\n')
  t.deepEqual(await taken, ['a', 'b'])
})

test('an empty file, and lines that come in pieces', async (t) => {
  const path = temporaryFile('')
  const lines = following(t, path)
  const taken = take(lines, 2)
  for (const piece of ['a', 'b', '\n', 'ü'.slice(0, 1), 'x\n']) {
    fs.appendFileSync(path, piece)
    // oxlint-disable-next-line no-await-in-loop
    await pause(15)
  }
  t.deepEqual(await taken, ['ab', 'üx'])
})

test('a character whose bytes come in two writes, and lines longer than what is read at once', async (t) => {
  const path = temporaryFile('')
  const lines = following(t, path)
  const crab = Buffer.from('🦀\n')
  fs.appendFileSync(path, crab.subarray(0, 2))
  const taken = take(lines, 1)
  await pause(30)
  fs.appendFileSync(path, crab.subarray(2))
  t.deepEqual(await taken, ['🦀'])
  const long = 'y'.repeat(1_500_000)
  fs.appendFileSync(path, `${long}\nz\n${long}`)
  t.deepEqual(await take(lines, 2), [long, 'z'])
  fs.appendFileSync(path, `end\n`)
  t.deepEqual(await take(lines, 1), [`${long}end`])
})

test('a file past 4 GiB', async (t) => {
  const path = ownPath()
  const size = hole > 5 * 2 ** 30 ? 5 * 2 ** 30 : 2 ** 28
  fs.writeFileSync(path, '')
  fs.truncateSync(path, size)
  const lines = following(t, path)
  fs.appendFileSync(path, 'far\nfarther\n')
  const first = (await lines.next()) as IteratorYieldResult<Line>
  t.deepEqual([first.value.start, first.value.end, String(first.value)], [size, size + 3, 'far'])
  fs.appendFileSync(path, 'more\n')
  t.deepEqual(await take(lines, 2), ['farther', 'more'])
  const again = following(t, path, { from: size + 4 })
  t.deepEqual(await take(again, 1), ['farther'])
})

onUnix('several renames between two looks: every file between is found', async (t) => {
  for (const shift of [false, true]) {
    const path = ownPath()
    fs.writeFileSync(path, '')
    const lines = following(t, path)
    const expected: string[] = []
    for (let round = 1; round <= 4; round += 1) {
      for (let at = 0; at < 3; at += 1) {
        const line = `file ${round} line ${at} ${shift}`
        fs.appendFileSync(path, `${line}\n`)
        expected.push(line)
      }
      if (shift) {
        for (let at = round - 1; at > 0; at -= 1)
          fs.renameSync(`${path}.${at}`, `${path}.${at + 1}`)
      }
      fs.renameSync(path, shift ? `${path}.1` : `${path}.${round}`)
      if (round < 4) rest(12)
    }
    fs.writeFileSync(path, 'last\n')
    expected.push('last')
    // oxlint-disable-next-line no-await-in-loop
    t.deepEqual(await take(lines, expected.length), expected)
  }
})

onUnix('what else is in the folder is not taken for a file that had the name', async (t) => {
  const path = ownPath()
  fs.writeFileSync(`${path}.old`, 'stranger\n')
  fs.writeFileSync(path, '1\n2\n')
  const lines = following(t, path, { from: 'start' })
  t.deepEqual(await take(lines, 2), ['1', '2'])
  fs.copyFileSync(path, `${path}.copy`)
  fs.writeFileSync(`${path}.1.gz`, 'packed\n')
  fs.writeFileSync(join(dirname(path), 'other.txt'), 'other\n')
  fs.appendFileSync(path, '3\n')
  fs.renameSync(path, `${path}.1`)
  fs.writeFileSync(path, '4\n')
  t.deepEqual(await take(lines, 2), ['3', '4'])
  fs.appendFileSync(path, '5\n')
  t.deepEqual(await take(lines, 1), ['5'])
})

onUnix(
  'other logs of the folder, with names that begin alike, are none that had the name',
  async (t) => {
    const write = (path: string, text: string): void => {
      fs.appendFileSync(path, `${text}\n`)
      for (const other of [
        '-error.log',
        '-error.log.1',
        '.2.access.log',
        '.log.pos',
        '.log.lock',
      ]) {
        fs.appendFileSync(beside(path, '.log', other), 'other\n')
      }
    }
    const path = ownPath()
    const lines = following(t, path, { from: 'start' })
    const first = take(lines, 1)
    await pause(20)
    // Made together, and written to later.
    for (const one of [path, beside(path, '.log', '-debug.log')]) fs.writeFileSync(one, '')
    await pause(20)
    fs.writeFileSync(beside(path, '.log', '-debug.log'), 'other\n')
    write(path, 'a')
    t.deepEqual(await first, ['a'])
    // Rotated together.
    for (const times of [1, 2]) {
      for (const one of [path, beside(path, '.log', '-error.log')]) {
        fs.renameSync(one, `${one}.${times}`)
        fs.writeFileSync(one, '')
      }
      write(path, `b ${times}`)
    }
    t.deepEqual(await take(lines, 2), ['b 1', 'b 2'])
    // Copied and truncated.
    fs.copyFileSync(path, `${path}.3`)
    fs.truncateSync(path)
    write(beside(path, 'app', 'new'), 'none')
    write(path, 'c')
    t.deepEqual(await take(lines, 1), ['c'])
  },
)

onUnix('the log of another number is another log', async (t) => {
  const path = ownPath('worker1.log')
  const lines = following(t, path, { from: 'start' })
  for (const one of [path, beside(path, '1', '10')]) fs.writeFileSync(one, `${basename(one)}\n`)
  t.deepEqual(await take(lines, 1), ['worker1.log'])
  fs.renameSync(path, beside(path, '1', '1.1'))
  fs.writeFileSync(beside(path, '1', '12'), 'worker12.log\n')
  fs.writeFileSync(path, 'next\n')
  t.deepEqual(await take(lines, 1), ['next'])
})

onUnix('the names that rotation gives are known', async (t) => {
  for (const name of [
    'app.log.1',
    'app.log.old',
    'app.log.bak',
    'app.log-20260102',
    'app.log.2026-01-02_03',
    'app.1.log',
    'app1.log',
    'app-2026-01-02T03-04-05Z.log',
    'app.log.1.log',
    'app.02Jan2026.log',
    'app_previous.log',
    'app.log.2026-01-02.1',
    'app.log.Fri',
  ]) {
    const path = ownPath()
    fs.writeFileSync(path, 'first\n')
    const lines = following(t, path, { from: 'start' })
    fs.renameSync(path, `${path}.0`)
    fs.writeFileSync(path, 'between\n')
    fs.renameSync(path, join(dirname(path), name))
    fs.writeFileSync(path, 'last\n')
    // oxlint-disable-next-line no-await-in-loop
    t.deepEqual([name, ...(await take(lines, 3))], [name, 'first', 'between', 'last'])
  }
})

test('deletion and re-creation, several times, is followed; what was written before is given', async (t) => {
  const path = temporaryFile('')
  const lines = following(t, path)
  for (let round = 0; round < 3; round += 1) {
    fs.appendFileSync(path, `a${round}\n`)
    // oxlint-disable-next-line no-await-in-loop
    t.deepEqual(await take(lines, 1), [`a${round}`])
    fs.appendFileSync(path, `b${round}\n`)
    fs.unlinkSync(path)
    // oxlint-disable-next-line no-await-in-loop
    t.deepEqual(await take(lines, 1), [`b${round}`])
    fs.writeFileSync(path, '')
  }
})

onUnix(
  'a line that is half written when its file is renamed is finished in the old file',
  async (t) => {
    const path = ownPath()
    const fd = fs.openSync(path, 'a')
    const lines = following(t, path)
    fs.writeSync(fd, 'one\ntw')
    t.deepEqual(await take(lines, 1), ['one'])
    fs.renameSync(path, `${path}.1`)
    const next = fs.openSync(path, 'a')
    const taken = take(lines, 2)
    await pause(100)
    // The new file has nothing yet: its writer has not moved on.
    fs.writeSync(fd, 'o\n')
    await pause(30)
    fs.writeSync(next, 'three\n')
    t.deepEqual(await taken, ['two', 'three'])
    fs.closeSync(fd)
    fs.closeSync(next)
  },
)

onUnix(
  "the old file's last lines come before the new one's, though they are written later",
  async (t) => {
    const path = ownPath()
    const old = fs.openSync(path, 'a')
    const lines = following(t, path)
    const taken = take(lines, 3)
    fs.renameSync(path, `${path}.1`)
    fs.writeFileSync(path, 'new\n')
    await pause(15)
    fs.writeSync(old, 'late 1\n')
    await pause(15)
    fs.writeSync(old, 'late 2\n')
    fs.closeSync(old)
    t.deepEqual(await taken, ['late 1', 'late 2', 'new'])
  },
)

onUnix(
  'partial: a last line without a newline is given when its file is replaced, once',
  async (t) => {
    for (const partial of [true, false]) {
      const path = ownPath()
      fs.writeFileSync(path, '')
      const lines = following(t, path, { partial })
      fs.appendFileSync(path, 'a\nhalf')
      // oxlint-disable-next-line no-await-in-loop
      t.deepEqual(await take(lines, 1), ['a'])
      fs.renameSync(path, `${path}.1`)
      fs.writeFileSync(path, 'b\nc')
      const expected = partial ? ['half', 'b'] : ['b']
      // oxlint-disable-next-line no-await-in-loop
      t.deepEqual(await take(lines, expected.length), expected)
    }
  },
)

test('partial: a last line without a newline is given when a signal ends the iteration', async (t) => {
  for (const asking of [true, false]) {
    for (const partial of [true, false]) {
      const path = temporaryFile('')
      const ending = new AbortController()
      const lines = following(t, path, { partial, signal: ending.signal })
      fs.appendFileSync(path, 'a\nhalf')
      // oxlint-disable-next-line no-await-in-loop
      t.deepEqual(await take(lines, 1), ['a'])
      const rest = asking ? take(lines, 5) : undefined
      // oxlint-disable-next-line no-await-in-loop
      await pause(20)
      ending.abort()
      // oxlint-disable-next-line no-await-in-loop
      t.deepEqual(await (rest ?? take(lines, 5)), partial ? ['half'] : [], `asking ${asking}`)
      // oxlint-disable-next-line no-await-in-loop
      t.deepEqual(await take(lines, 5), [])
    }
  }
})

test('partial: a half line is given before a truncated file begins anew', async (t) => {
  for (const partial of [true, false]) {
    const path = temporaryFile('')
    const lines = following(t, path, { partial })
    fs.appendFileSync(path, 'a\nhalf')
    // oxlint-disable-next-line no-await-in-loop
    t.deepEqual(await take(lines, 1), ['a'])
    // oxlint-disable-next-line no-await-in-loop
    const { next } = await quiet(lines, 30)
    fs.truncateSync(path)
    fs.appendFileSync(path, 'b\n')
    const { value } = (await next) as IteratorYieldResult<Line>
    const rest = partial ? await take(lines, 1) : []
    t.deepEqual([String(value), ...rest], partial ? ['half', 'b'] : ['b'])
  }
})

test('truncation: to nothing, to the same length, and to more than there was', async (t) => {
  const path = temporaryFile('')
  const lines = following(t, path)
  const rewrite = async (content: string): Promise<void> => {
    await pause(20)
    const fd = fs.openSync(path, 'r+')
    fs.ftruncateSync(fd, 0)
    fs.writeSync(fd, content)
    fs.closeSync(fd)
  }
  fs.appendFileSync(path, 'one 1\ntwo 2\n')
  t.deepEqual(await take(lines, 2), ['one 1', 'two 2'])
  await rewrite('short\n')
  t.deepEqual(await take(lines, 1), ['short'])
  await rewrite('shirt\n')
  t.deepEqual(await take(lines, 1), ['shirt'])
  await rewrite('much longer\nthan before\n')
  t.deepEqual(await take(lines, 2), ['much longer', 'than before'])
  fs.appendFileSync(path, 'on\n')
  t.deepEqual(await take(lines, 1), ['on'])
})

test('copytruncate: what was not read yet is read from the copy', async (t) => {
  const path = ownPath()
  fs.writeFileSync(path, '')
  const lines = following(t, path)
  fs.appendFileSync(path, 'one\ntwo\nthr')
  t.deepEqual(await take(lines, 1), ['one'])
  t.deepEqual(await take(lines, 1), ['two'])
  fs.appendFileSync(path, 'ee\nfour\n')
  fs.copyFileSync(path, `${path}.1`)
  fs.truncateSync(path)
  fs.appendFileSync(path, 'five\n')
  t.deepEqual(await take(lines, 3), ['three', 'four', 'five'])
  // The copy's name is used again.
  fs.appendFileSync(path, 'six\n')
  fs.copyFileSync(path, `${path}.1`)
  fs.truncateSync(path)
  fs.appendFileSync(path, 'seven\n')
  t.deepEqual(await take(lines, 2), ['six', 'seven'])
  // Twice between two looks.
  for (const [name, line] of [
    ['2', 'eight'],
    ['3', 'nine'],
  ] as const) {
    fs.appendFileSync(path, `${line}\n`)
    fs.copyFileSync(path, `${path}.${name}`)
    fs.truncateSync(path)
    rest(12)
  }
  fs.appendFileSync(path, 'ten\n')
  t.deepEqual(await take(lines, 3), ['eight', 'nine', 'ten'])
})

test('copytruncate, twice before a file that is waited for was seen', async (t) => {
  const path = ownPath()
  const lines = following(t, path)
  for (const [name, line] of [
    ['2', 'one'],
    ['1', 'two'],
  ] as const) {
    fs.appendFileSync(path, `${line}\n`)
    fs.copyFileSync(path, `${path}.${name}`)
    fs.truncateSync(path)
    rest(80)
  }
  fs.appendFileSync(path, 'three\n')
  t.deepEqual(await take(lines, 3), ['one', 'two', 'three'])
})

test('a writer that goes on at its own place after a truncation: the hole is no line', async (t) => {
  for (const size of [200, 300_000]) {
    const path = ownPath()
    const fd = fs.openSync(path, 'w')
    const lines = following(t, path)
    const first = 'x'.repeat(size)
    fs.writeSync(fd, `${first}\n`, 0)
    // oxlint-disable-next-line no-await-in-loop
    t.deepEqual(await take(lines, 1), [first])
    fs.truncateSync(path)
    fs.writeSync(fd, 'behind\n', size + 1)
    const taken = take(lines, 2)
    // oxlint-disable-next-line no-await-in-loop
    await pause(20)
    fs.writeSync(fd, 'next\n', size + 8)
    // oxlint-disable-next-line no-await-in-loop
    t.deepEqual(await taken, ['behind', 'next'])
    fs.closeSync(fd)
  }
})

onUnix('a link that is pointed at another file', async (t) => {
  const path = ownPath('current')
  const folder = join(dirname(path), 'elsewhere')
  fs.mkdirSync(folder)
  fs.writeFileSync(join(folder, 'a.log'), '')
  fs.symlinkSync(join(folder, 'a.log'), path)
  const lines = following(t, path, { poll: 10_000 })
  const first = take(lines, 1)
  await pause(30)
  fs.appendFileSync(join(folder, 'a.log'), 'a\n')
  t.deepEqual(await first, ['a'])
  fs.writeFileSync(join(folder, 'b.log'), 'b\n')
  fs.symlinkSync(join(folder, 'b.log'), `${path}.new`)
  fs.renameSync(`${path}.new`, path)
  t.deepEqual(await take(lines, 1), ['b'])
})

onUnix('reopen: false ends at the rotation, after the last line', async (t) => {
  for (const [label, rotate] of [
    ['renamed', (path: string) => fs.renameSync(path, `${path}.1`)],
    ['removed', (path: string) => fs.unlinkSync(path)],
    [
      'replaced',
      (path: string) => {
        fs.renameSync(path, `${path}.1`)
        fs.writeFileSync(path, 'new\n')
      },
    ],
  ] as const) {
    for (const partial of [true, false]) {
      const path = ownPath()
      fs.writeFileSync(path, '')
      const lines = following(t, path, { reopen: false, partial })
      fs.appendFileSync(path, 'a\nb\nc')
      rotate(path)
      const expected = partial ? ['a', 'b', 'c'] : ['a', 'b']
      // oxlint-disable-next-line no-await-in-loop
      t.deepEqual(await take(lines, 10), expected, label)
      if (linux) t.deepEqual(open(dirname(path)), [], label)
    }
  }
})

test('reopen: false goes on after a truncation', async (t) => {
  const path = temporaryFile('')
  const lines = following(t, path, { reopen: false })
  fs.appendFileSync(path, 'long line\n')
  t.deepEqual(await take(lines, 1), ['long line'])
  fs.truncateSync(path)
  fs.appendFileSync(path, 'a\n')
  t.deepEqual(await take(lines, 1), ['a'])
})

test('a signal ends it: before, while it waits, between two lines', async (t) => {
  const path = temporaryFile('a\nb\nc\n')
  const before = following(t, path, { from: 'start', signal: AbortSignal.abort() })
  t.deepEqual(await take(before, 5), [])
  const while_ = new AbortController()
  const waiting = following(t, path, { signal: while_.signal })
  const taken = take(waiting, 5)
  setTimeout(() => while_.abort(), 20)
  t.deepEqual(await taken, [])
  const between = new AbortController()
  const found: string[] = []
  for await (const line of following(t, path, { from: 'start', signal: between.signal })) {
    found.push(line.toString())
    if (found.length === 2) between.abort()
  }
  t.deepEqual(found, ['a', 'b'])
})

test('return and throw end it, a step that waits too, and more steps after the end are ends', async (t) => {
  const path = temporaryFile('')
  for (const way of ['return', 'throw'] as const) {
    const lines = following(t, path)
    const waiting = lines.next()
    // oxlint-disable-next-line no-await-in-loop
    await pause(10)
    if (way === 'return') {
      // oxlint-disable-next-line no-await-in-loop
      t.deepEqual(await lines.return?.(), { done: true, value: undefined })
    } else {
      const error = new Error('mine')
      // oxlint-disable-next-line no-await-in-loop
      const caught: unknown = await lines.throw?.(error).catch((reason: unknown) => reason)
      t.is(caught, error)
    }
    // oxlint-disable-next-line no-await-in-loop
    t.deepEqual(await waiting, { done: true, value: undefined })
    fs.appendFileSync(path, 'x\n')
    // oxlint-disable-next-line no-await-in-loop
    t.deepEqual(await lines.next(), { done: true, value: undefined })
  }
})

test('steps that are asked for together come in their order', async (t) => {
  const path = temporaryFile('')
  const lines = following(t, path)
  const steps = Array.from({ length: 5 }, () => lines.next())
  fs.appendFileSync(path, '0\n1\n2\n3\n4\n')
  const found = await Promise.all(steps)
  t.deepEqual(
    found.map((step) => String(step.value)),
    ['0', '1', '2', '3', '4'],
  )
})

test('lines that were read and not taken come with the next batch', async (t) => {
  const path = temporaryFile('a\nb\nc\n')
  const lines = following(t, path, { from: 'start' })
  t.deepEqual(await take(lines, 1), ['a'])
  const { value } = (await lines.batches().next()) as IteratorYieldResult<Line[]>
  t.deepEqual(value.map(String), ['b', 'c'])
})

test('a directory, and what has no lines', async (t) => {
  const folder = dirname(ownPath())
  const error = (await following(t, folder)
    .next()
    .catch((reason: unknown) => reason)) as ReturnType<typeof thrown>
  checkError(t, error, 'EISDIR')
  t.is(error.path, folder)
  if (linux) {
    const device = (await following(t, '/dev/null')
      .next()
      .catch((reason: unknown) => reason)) as ReturnType<typeof thrown>
    checkError(t, device, 'EINVAL', /only a regular file/)
  }
})

test('arguments are checked at the call', (t) => {
  const follow = Mmap.follow as (...args: unknown[]) => unknown
  for (const path of [undefined, null, 3, {}]) {
    refuses(t, () => follow.call(Mmap, path), 'ERR_INVALID_ARG_TYPE')
  }
  refuses(t, () => follow.call(Mmap, 'a\0b'), 'ERR_INVALID_ARG_VALUE')
  refuses(t, () => follow.call(Mmap, 'x', null), 'ERR_INVALID_ARG_TYPE')
  for (const [name, values] of Object.entries({
    from: ['middle', 1.5, Number.NaN, 1n, null, true],
    signal: [null, {}, 1],
    poll: ['1', null, 1.5, Number.POSITIVE_INFINITY],
    reopen: [1, null, 'yes'],
    partial: [0, null, 'no'],
  })) {
    for (const value of values) {
      const call = (): unknown => follow.call(Mmap, 'x', { [name]: value })
      const { message } = refuses(t, call, 'ERR_INVALID_ARG_TYPE', undefined, name)
      t.true(message.includes(`"${name}"`), message)
    }
  }
  for (const [name, values] of Object.entries({
    from: [-1, 2 ** 53],
    poll: [0, -1, 2 ** 31],
  })) {
    for (const value of values) {
      refuses(t, () => follow.call(Mmap, 'x', { [name]: value }), 'ERR_OUT_OF_RANGE')
    }
  }
})

test('a signal whose methods throw leaves nothing behind', async (t) => {
  const path = ownPath()
  fs.writeFileSync(path, 'a\n')
  const bad = (name: string): AbortSignal =>
    ({
      aborted: false,
      reason: undefined,
      addEventListener() {
        if (name === 'add') throw new Error(name)
      },
      removeEventListener() {
        if (name === 'remove') throw new Error(name)
      },
    }) as unknown as AbortSignal
  const adding = Mmap.follow(path, { from: 'start', signal: bad('add') })
  const error = (await adding.next().catch((reason: unknown) => reason)) as ReturnType<
    typeof thrown
  >
  checkError(t, error, 'ERR_INVALID_ARG_VALUE')
  t.is((error.cause as Error).message, 'add')
  t.deepEqual(await adding.next(), { done: true, value: undefined })
  const removing = Mmap.follow(path, { from: 'start', signal: bad('remove') })
  t.deepEqual(await take(removing, 1), ['a'])
  t.deepEqual(await removing.return?.(), { done: true, value: undefined })
  if (linux) t.deepEqual(open(dirname(path)), [])
})

test('while nobody waits for a line nothing keeps the process alive; while somebody does, it lives', async (t) => {
  const path = ownPath()
  fs.writeFileSync(path, 'a\n')
  const answer = await childAnswer<string[]>(
    `
    const [path, other] = process.argv.slice(2)
    const lines = fmmap.Mmap.follow(path, { from: 'start' })
    const { value } = await lines.next()
    // Its watcher hears of other files in the folder.
    const { writeFileSync } = await import('node:fs')
    for (let round = 0; round < 20; round += 1) {
      await new Promise((done) => setTimeout(done, 20))
      writeFileSync(other, String(round))
    }
    setTimeout(() => {}, 50)
    console.log(JSON.stringify([String(value)]))
    `,
    [path, join(dirname(path), 'other')],
  )
  t.deepEqual(answer, ['a'])
  const waiting = childAnswer<string[]>(
    `
    const [path] = process.argv.slice(2)
    const lines = fmmap.Mmap.follow(path)
    const { value } = await lines.next()
    await lines.return()
    console.log(JSON.stringify([String(value)]))
    `,
    [path],
  )
  const written = setInterval(() => fs.appendFileSync(path, 'b\n'), 100)
  t.deepEqual(await waiting, ['b'])
  clearInterval(written)
})

onLinux('a follower that nobody reads closes its file when it is collected', async (t) => {
  const path = ownPath()
  fs.writeFileSync(path, 'a\n')
  const open = await childAnswer<number[]>(
    `
    import { descriptors } from ${procUrl}
    const [path] = process.argv.slice(2)
    const { signal } = new AbortController()
    const make = () => {
      for (let at = 0; at < 50; at += 1) fmmap.Mmap.follow(path, at % 2 === 0 ? {} : { signal })
    }
    make()
    const before = descriptors(path)
    for (let round = 0; round < 50 && descriptors(path) > 5; round += 1) { collect(); await pause(10) }
    console.log(JSON.stringify([before, descriptors(path)]))
    `,
    [path],
  )
  t.is(open[0], 50)
  t.true((open[1] ?? 50) <= 5, `${open[1]} are open still`)
})

const memory = serially(testWhere(linux && fs.existsSync('/dev/shm'), 'a tmpfs'))
memory('a file on tmpfs', async (t) => {
  const folder = fs.mkdtempSync('/dev/shm/fmmap-test-')
  t.teardown(() => fs.rmSync(folder, { recursive: true, force: true }))
  const path = join(folder, 'app.log')
  const count = scaled(10_000)
  const lines = following(t, path)
  const written = startWriter(path, count, 4, 'rename')
  const found = await readNumbers(lines, count, written)
  t.deepEqual(found, { next: count, lost: 0, repeated: 0, broken: 0, writer: 0 })
})
