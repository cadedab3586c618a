// Shared by the specs of Mmap.follow.
import fs from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { type Follower, type FollowOptions, Mmap } from '../../index.js'
import { freshPath } from './files.ts'
import { openFiles } from './proc.mjs'
import { serially as inOrder } from './serial.ts'
import type { Assertions, Test } from './test.ts'

/** What the work gives; undefined if it hangs. How long it takes does not matter, on a busy machine it may be long. */
export async function unlessItHangs<T>(work: Promise<T>): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined
  const limit = new Promise<undefined>((done) => {
    timer = setTimeout(done, 60_000, undefined)
  })
  try {
    return await Promise.race([work, limit])
  } finally {
    clearTimeout(timer)
  }
}

/** Blocks the thread for a while, because the times of files advance with a timer's ticks. */
export const rest = (ms: number): unknown =>
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)

/** A path in a new folder, in which nothing else happens. */
export function ownPath(name = 'app.log'): string {
  const folder = freshPath()
  fs.mkdirSync(folder)
  return join(folder, name)
}

/** Another path in its folder, whose name differs in a part. */
export const beside = (path: string, part: string, other: string): string =>
  join(dirname(path), basename(path).replace(part, other))

export function following(
  t: Assertions,
  path: string | Buffer | URL,
  options?: FollowOptions,
): Follower {
  const lines = Mmap.follow(path, { poll: 50, ...options })
  t.teardown(async () => {
    await lines.return?.()
  })
  return lines
}

/** The next lines, as text; fewer when the iteration ends. */
export async function take(lines: Follower, count: number): Promise<string[]> {
  const taken: string[] = []
  while (taken.length < count) {
    // oxlint-disable-next-line no-await-in-loop
    const step = await lines.next()
    if (step.done) break
    taken.push(step.value.toString())
  }
  return taken
}

/** The files in a folder that this process has open. Linux only. */
export function open(folder: string): string[] {
  return openFiles().filter((target) => target.startsWith(join(folder, '/')))
}

const order = { ended: Promise.resolve() }

/** Each test starts when the one before has ended, and has its time from there on: all of a file wait from its start. */
export const serially =
  (run: Test): Test =>
  (title, body) =>
    inOrder(run, order)(title, async (t) => {
      t.timeout(240_000)
      await body(t)
    })
