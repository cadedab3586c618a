/**
 * Turns on the libuv threadpool. In the whole process, at most half as many chunks run as the pool has threads,
 * whatever their work is. The chunks of this thread wait in one line, and a job goes to the end of the line again
 * after each chunk, so that a long job does not hold up a short one. Threads wait for one another in the addon
 * (crates/fmmap-core/src/turns.rs): a thread that stands still loses the turn that it was granted.
 */

import { giveTurnsBack, waitForTurn } from '../native.js'
import { clearInterval, setInterval } from '../timers.js'

/** Tries to start a chunk. Returns false when all turns are taken. */
type Launch = () => boolean

/** The chunks of this thread that wait for a turn. */
const line: Launch[] = []
let running = 0
let waiting: NodeJS.Timeout | undefined

/**
 * How often a thread asks again while other threads have all the turns. A thread is woken when a turn is granted to it.
 * But nobody is woken when a turn becomes free because the thread that it was granted to stands still.
 */
const PATIENCE = 5

/** Starts all chunks that can be started. */
function advance(): void {
  for (let next = line[0]; next?.(); next = line[0]) line.shift()
  if (line.length === 0 || running > 0) {
    clearInterval(waiting)
    waiting = undefined
    return
  }
  // Other threads have all the turns, so no chunk of this thread will end and call this function: a timer has to. It
  // keeps the process alive, as waiting work should.
  waiting ??= setInterval(advance, PATIENCE)
  waitForTurn(woken)
}

/** Called when another thread has granted a turn to this one. */
function woken(): void {
  advance()
  giveTurnsBack()
}

/**
 * Calls `start` when there is a turn, and returns what it promises. `start` returns null when all turns are taken.
 * The promise has undefined if `skip` says that the work is not needed any more.
 */
export function inTurn<T>(
  start: () => Promise<T> | null,
  skip: () => boolean,
): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    line.push(() => {
      if (skip()) {
        resolve(undefined)
        return true
      }
      let chunk: Promise<T> | null
      try {
        chunk = start()
      } catch (error) {
        reject(error)
        return true
      }
      if (chunk === null) return false
      running += 1
      const ended = (): void => {
        running -= 1
        advance()
      }
      chunk.then(ended, ended)
      resolve(chunk)
      return true
    })
    advance()
  })
}
