/**
 * The cases of one part. Each runs in a process of its own, because it looks for the death of a process.
 *
 *   node __test__/survival/PART.mjs           the names of the part's cases, as JSON
 *   node __test__/survival/PART.mjs CASE      runs one, and prints what it counted
 *
 * FMMAP_SURVIVAL_SCALE multiplies the counts and the seconds; FMMAP_SEED is the seed of random cases.
 */

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export const scale = Number(process.env.FMMAP_SURVIVAL_SCALE ?? 1)
export const scaled = (count) => Math.max(1, Math.round(count * scale))

/** Whether there are views: not where the environment forbids external buffers. */
export const externalBuffers = process.env.FMMAP_NO_EXTERNAL_BUFFERS !== '1'

/** The seed of random cases. It is printed, so that a failure can be repeated. */
export const seed = Number(process.env.FMMAP_SEED ?? Date.now() % 2 ** 31)

/** A folder that is removed when the process ends; after a crash the runner removes it. */
let folder
export function freshPath() {
  if (folder === undefined) {
    folder = mkdtempSync(join(process.env.FMMAP_SURVIVAL_FOLDER ?? tmpdir(), 'fmmap-survival-'))
    const made = folder
    process.on('exit', () => rmSync(made, { recursive: true, force: true }))
  }
  freshPath.made = (freshPath.made ?? 0) + 1
  return join(folder, String(freshPath.made))
}

/** Pseudo-random integers below a bound (xorshift32), the same for the same seed. */
export function random(from) {
  let state = from >>> 0 || 1
  const next = () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>>= 0)
  }
  for (let i = 0; i < 8; i++) next()
  const below = (bound) => next() % bound
  below.pick = (list) => list[next() % list.length]
  return below
}

export function check(truth, message) {
  if (!truth) throw new Error(message)
}

export const pause = (ms = 0) => new Promise((done) => setTimeout(done, ms))
export const collect = globalThis.gc ?? (() => globalThis.Bun?.gc(true))

/** Runs the case that the command line names, or prints the names. `table` has a function for each name. */
export async function cases(table) {
  const name = process.argv[2]
  if (name === undefined) {
    console.log(JSON.stringify(Object.keys(table)))
    return
  }
  const counted = await table[name]()
  console.log(`passed: ${counted ?? ''}`)
}
