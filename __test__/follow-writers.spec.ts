// Mmap.follow against writers that treat a file badly. They write in this thread, so the follower looks only when they
// let it. Each line has a number, which shows lines that are lost, repeated or out of order.
import { Buffer } from 'node:buffer'
import fs from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import type { Follower } from '../index.js'
import { following, ownPath, rest, serially, take } from './support/follow.ts'
import { linux, scaled, unix } from './support/platform.ts'
import everywhere, { type Assertions, testWhere } from './support/test.ts'

const node = !('bun' in process.versions || 'deno' in process.versions)
const test = serially(everywhere)
const onLinuxNode = serially(
  testWhere(linux && node, 'the events of inotify, as Node passes them on'),
)
const onUnix = serially(testWhere(unix, 'renames and links as Unix has them'))

/** Numbers that are the same in each run. */
function randomly(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

/** What a writer has: its numbered lines, and where they go. */
class Writer {
  readonly path: string
  readonly random: (below: number) => number
  written = 0
  rotations = 0
  #fd: number

  constructor(path: string, seed: number) {
    this.path = path
    this.random = randomly(seed)
    this.#fd = fs.openSync(path, 'a')
  }

  /** The next lines as text. */
  text(count: number): string {
    let text = ''
    for (let at = 0; at < count; at += 1) {
      text += `${this.written} ${'x'.repeat(this.random(80))}\n`
      this.written += 1
    }
    return text
  }

  lines(count: number): void {
    if (count > 0) fs.writeSync(this.#fd, this.text(count))
  }

  raw(bytes: Uint8Array): void {
    fs.writeSync(this.#fd, bytes)
  }

  get fd(): number {
    return this.#fd
  }

  /** Goes on in the file that has the name now, which it makes. */
  reopen(path = this.path): void {
    this.close()
    this.#fd = fs.openSync(path, 'a')
  }

  /** A name for what is rotated away. */
  away(): string {
    this.rotations += 1
    return `${this.path}.${this.rotations}`
  }

  close(): void {
    fs.closeSync(this.#fd)
  }
}

/** Gathers lines as text, and waits for so many of them. */
function gather(lines: Follower): { readonly got: string[]; reach(count: number): Promise<void> } {
  const got: string[] = []
  return {
    got,
    async reach(count) {
      got.push(...(await take(lines, count - got.length)))
    },
  }
}

/** Follows the file while `step` is called, each time with a pause of 0 to `most` ms after it, and checks every line. */
async function check(
  t: Assertions,
  path: string,
  steps: number,
  most: number,
  step: (writer: Writer, at: number) => void | Promise<void>,
): Promise<void> {
  for (const seed of [1, 2]) {
    const own = seed === 1 ? path : join(dirname(ownPath()), `again-${seed}`, 'app.log')
    fs.mkdirSync(dirname(own), { recursive: true })
    fs.writeFileSync(own, '')
    const writer = new Writer(own, seed)
    const lines = following(t, own)
    const count = scaled(steps)
    const all = (async () => {
      const numbers: number[] = []
      for await (const line of lines) {
        const text = line.toString()
        if (text === 'end') break
        if (!/^\d+ x*\r?$/.test(text)) t.fail(`no line: ${text.slice(0, 100)}`)
        numbers.push(Number.parseInt(text, 10))
      }
      return numbers
    })()
    for (let at = 0; at < count; at += 1) {
      await step(writer, at)
      if (most > 0 && writer.random(3) === 0) await pause(writer.random(most))
    }
    writer.raw(Buffer.from('end\n'))
    writer.close()
    t.deepEqual(
      await all,
      Array.from({ length: writer.written }, (_, number) => number),
    )
  }
}

onUnix('renames in quick succession, between two looks and at once', async (t) => {
  await check(t, ownPath(), 20, 12, (writer) => {
    for (let times = writer.random(4); times >= 0; times -= 1) {
      writer.lines(writer.random(9))
      fs.renameSync(writer.path, writer.away())
      writer.reopen()
    }
    writer.lines(writer.random(30))
  })
})

/** Lets all files of the last minutes have the same times, until the test ends. */
function coarseTimes(t: Assertions): void {
  const coarse = <T>(stat: T): T => {
    for (const name of ['birthtimeNs', 'mtimeNs', 'ctimeNs'] as const) {
      const times = stat as Record<string, unknown> | undefined
      const time = times?.[name]
      if (typeof time === 'bigint')
        Object.assign(times as object, { [name]: time - (time % QUARTER) })
    }
    return stat
  }
  for (const name of ['statSync', 'fstatSync'] as const) {
    const real = fs[name] as (...options: unknown[]) => unknown
    const replace = (call: unknown): void => void Object.assign(fs, { [name]: call })
    replace((...options: unknown[]) => coarse(real(...options)))
    t.teardown(() => replace(real))
  }
}

/** Of an hour, in nanoseconds. */
const QUARTER = 1_000_000_000_000n

for (const clock of ['its clock', 'a clock that stands still'] as const) {
  onUnix(
    `files of one tick of ${clock}, with inode numbers in any order: their names tell`,
    async (t) => {
      if (clock !== 'its clock') coarseTimes(t)
      for (const moves of ['up', 'on'] as const) {
        const path = ownPath()
        // A file takes the lowest number that is free on some file systems: those of these, from the last to the first.
        const decoys = Array.from({ length: 6 }, (_, at) => `${dirname(path)}/decoy-${at}`)
        for (const decoy of decoys) fs.writeFileSync(decoy, '')
        fs.writeFileSync(path, '')
        const { got, reach } = gather(following(t, path))
        const expected: string[] = []
        for (let at = 0; at < 60; at += 1) {
          fs.appendFileSync(path, `${at}\n`)
          expected.push(`${at}`)
          if (at % 6 === 5) {
            await reach(expected.length)
            for (const decoy of decoys) fs.writeFileSync(decoy, '')
          }
          if (moves === 'on') fs.renameSync(path, `${path}.${at + 1}`)
          else {
            for (let number = at; number > 0; number -= 1) {
              fs.renameSync(`${path}.${number}`, `${path}.${number + 1}`)
            }
            fs.renameSync(path, `${path}.1`)
          }
          fs.rmSync(decoys[5 - (at % 6)] as string)
          fs.writeFileSync(path, '')
        }
        await reach(expected.length)
        t.deepEqual(got, expected)
      }
    },
  )
}

/** Calls `step` with its name before each call by which a follower looks at files, until the test ends. */
function beforeCalls(t: Assertions, step: (call: string) => void): void {
  let steps = false
  for (const name of ['statSync', 'fstatSync', 'readdirSync', 'openSync'] as const) {
    const real = fs[name] as (...options: unknown[]) => unknown
    const replace = (call: unknown): void => void Object.assign(fs, { [name]: call })
    replace((...options: unknown[]) => {
      if (!steps) {
        steps = true
        step(name)
        steps = false
      }
      return real(...options)
    })
    t.teardown(() => replace(real))
  }
}

/** Writes a line to each of six files, one after another, and gives the file's place to the next: a step at each call. */
function* rotates(writer: Writer, moves: 'up' | 'on'): Generator<void> {
  for (let files = 1; files <= 6; files += 1) {
    writer.lines(1)
    yield
    if (files === 6) return
    if (moves === 'on') fs.renameSync(writer.path, `${writer.path}.${files}`)
    else {
      for (let number = files - 1; number > 0; number -= 1) {
        fs.renameSync(`${writer.path}.${number}`, `${writer.path}.${number + 1}`)
        yield
      }
      fs.renameSync(writer.path, `${writer.path}.1`)
    }
    yield
    writer.reopen()
    yield
  }
}

for (const moves of ['up', 'on'] as const) {
  onUnix(
    `files that are renamed between any two calls of a look: numbers move ${moves}`,
    async (t) => {
      let step: (call: string) => void = () => {}
      beforeCalls(t, (call) => step(call))
      for (let seed = 1; seed <= 40; seed += 1) {
        const path = ownPath()
        fs.writeFileSync(path, '')
        const lines = following(t, path, { poll: 5 })
        const writer = new Writer(path, seed)
        const steps = rotates(writer, moves)
        step = (call) => {
          const most = call === 'statSync' ? 2 : moves === 'on' ? 8 : 16
          for (let count = writer.random(most); count > 0; count -= 1) steps.next()
        }
        const { got, reach } = gather(lines)
        await reach(6)
        step = () => {}
        t.deepEqual(
          got.map((line) => Number.parseInt(line, 10)),
          [0, 1, 2, 3, 4, 5],
          `seed ${seed}`,
        )
        await lines.return?.()
        writer.close()
      }
    },
  )
}

onUnix('a hard link keeps the old file, and a new one is renamed over the name', async (t) => {
  await check(t, ownPath(), 15, 12, (writer) => {
    writer.lines(writer.random(30))
    fs.linkSync(writer.path, writer.away())
    const fresh = `${writer.path}.new`
    fs.writeFileSync(fresh, '')
    fs.renameSync(fresh, writer.path)
    // The writer has the old file for some lines more.
    writer.lines(writer.random(3))
    writer.reopen()
  })
})

onUnix('many copies and truncations while the loop stands still', async (t) => {
  await check(t, ownPath(), 6, 40, (writer) => {
    for (let times = writer.random(8); times >= 0; times -= 1) {
      writer.lines(1 + writer.random(30))
      fs.copyFileSync(writer.path, writer.away())
      fs.truncateSync(writer.path)
      rest(5)
    }
    writer.lines(writer.random(3))
  })
})

onUnix(
  'copies of what a file had since it was empty, when it was looked at while it was empty again',
  async (t) => {
    await check(t, ownPath(), 4, 0, async (writer) => {
      for (let times = 0; times < 8; times += 1) {
        writer.lines(5)
        fs.copyFileSync(writer.path, writer.away())
        fs.truncateSync(writer.path)
        rest(12)
      }
      // Looks at the empty file, longer than the clocks of files are coarse.
      await pause(150)
      writer.lines(2)
      await pause(60)
    })
  },
)

onUnix('a link that is pointed at other files, several times between two looks', async (t) => {
  for (const folders of [false, true]) {
    const folder = dirname(ownPath())
    const name = (at: number): string => {
      const place = folders ? join(folder, `2026-01-${at}`) : folder
      fs.mkdirSync(place, { recursive: true })
      return join(place, folders ? 'app.log' : `day-${at}.log`)
    }
    const path = join(folder, `current-${folders}`)
    const point = (target: string): void => {
      fs.symlinkSync(target, `${path}.tmp`)
      fs.renameSync(`${path}.tmp`, path)
    }
    const random = randomly(7)
    fs.writeFileSync(name(100), '')
    point(name(100))
    const { got, reach } = gather(following(t, path))
    const expected: string[] = []
    for (let at = 0; at < 30; at += 1) {
      const target = name(101 + at)
      for (const half of [0, 1]) {
        fs.appendFileSync(target, `${at} ${half}\n`)
        expected.push(`${at} ${half}`)
      }
      point(target)
      // Each folder of a target is known only when the link is seen to name it.
      if (folders || random(4) === 0) await reach(expected.length)
      else rest(3)
    }
    await reach(expected.length)
    t.deepEqual(got, expected)
  }
})

onUnix('a link whose file is rotated in its own folder, as those of containers are', async (t) => {
  const folder = dirname(ownPath())
  const target = join(folder, 'pod', '0.log')
  fs.mkdirSync(dirname(target))
  const path = join(folder, 'container.log')
  fs.writeFileSync(target, '')
  fs.symlinkSync(target, path)
  const lines = following(t, path)
  const expected: string[] = []
  const got = take(lines, 60)
  for (let at = 0; at < 20; at += 1) {
    for (let times = 0; times < 3; times += 1) {
      fs.appendFileSync(target, `${at} ${times}\n`)
      expected.push(`${at} ${times}`)
      fs.renameSync(target, `${target}.20260102-${at}${times}`)
      fs.writeFileSync(target, '')
      rest(3)
    }
    await pause(20)
  }
  t.deepEqual(await got, expected)
})

onUnix('the folder itself is renamed, and made anew', async (t) => {
  const path = ownPath()
  const { got, reach } = gather(following(t, path))
  const expected: string[] = []
  for (let at = 0; at < 6; at += 1) {
    for (let part = 0; part < 3; part += 1) {
      fs.appendFileSync(path, `${at} ${part}\n`)
      expected.push(`${at} ${part}`)
      await pause(10)
    }
    // The folder that is here now is seen.
    await reach(expected.length)
    fs.renameSync(dirname(path), `${dirname(path)}.${at}`)
    if (at % 2 === 0) await pause(30)
    fs.appendFileSync(join(`${dirname(path)}.${at}`, 'app.log'), `${at} late\n`)
    expected.push(`${at} late`)
    fs.mkdirSync(dirname(path))
    fs.writeFileSync(path, '')
  }
  await reach(expected.length)
  t.deepEqual(got, expected)
})

onLinuxNode('a folder that is renamed, removed or made is seen by its events', async (t) => {
  const path = ownPath()
  const folder = dirname(path)
  fs.rmSync(folder, { recursive: true })
  // Nothing is looked at in vain.
  const lines = following(t, path, { poll: 1_000_000 })
  for (let at = 0; at < 4; at += 1) {
    const taken = take(lines, 1)
    // oxlint-disable-next-line no-await-in-loop
    await pause(80)
    fs.mkdirSync(folder)
    if (at === 1) {
      // oxlint-disable-next-line no-await-in-loop
      await pause(80)
    }
    fs.writeFileSync(path, `${at}\n`)
    // oxlint-disable-next-line no-await-in-loop
    t.deepEqual(await taken, [`${at}`])
    if (at % 2 === 0) fs.renameSync(folder, `${folder}.${at}`)
    else fs.rmSync(folder, { recursive: true })
  }
})

test('a byte a write, a line ending in two, and lines of megabytes', async (t) => {
  await check(t, ownPath(), 6, 10, async (writer, at) => {
    for (const byte of Buffer.from(writer.text(4))) writer.raw(Buffer.of(byte))
    writer.raw(Buffer.from(writer.text(1).replace('\n', '\r')))
    await pause(at)
    writer.raw(Buffer.from('\n'))
    const long = Buffer.from(`${writer.written} ${'x'.repeat(1_500_000 + writer.random(9))}\n`)
    writer.written += 1
    for (let from = 0; from < long.length; from += 400_000) {
      writer.raw(long.subarray(from, from + 400_000))
      if (writer.random(2) === 0) await pause(writer.random(4))
    }
  })
})

test('a file that is written anew in place, longer, shorter and as long', async (t) => {
  const path = ownPath()
  fs.writeFileSync(path, '')
  const lines = following(t, path)
  const expected: string[] = []
  const got: string[] = []
  for (let at = 0; at < 12; at += 1) {
    const count = [3, 3, 5, 2][at % 4] as number
    const texts = Array.from({ length: count }, (_, line) => `${String(at).padStart(4)} ${line}`)
    expected.push(...texts)
    fs.writeFileSync(path, texts.map((text) => `${text}\n`).join(''), {
      flag: at % 4 === 1 ? 'r+' : 'w',
    })
    got.push(...(await take(lines, count)))
  }
  t.deepEqual(got, expected)
})
