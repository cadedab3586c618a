/**
 * Turns on the libuv threadpool: as many chunks of searches run as half of the pool has threads, in the whole
 * process. Those of this thread wait in one line, a search at the end of it again after each chunk, so that a
 * long one does not hold up a short one; threads wait for one another in the addon.
 */

import { giveTurnsBack, waitForTurn } from './native.js'

/** Tries to start; false when all turns are taken. */
type Launch = () => boolean

/** The chunks of this thread that wait for a turn. */
const line: Launch[] = []
let running = 0
let waiting: NodeJS.Timeout | undefined

/** Looks whether a turn is free while other threads have all of them: only in case that nobody wakes this one. */
const PATIENCE = 100

/** Starts what can be started. */
function advance(): void {
  for (let next = line[0]; next?.(); next = line[0]) line.shift()
  if (line.length === 0 || running > 0) {
    clearInterval(waiting)
    waiting = undefined
    return
  }
  // Other threads have all the turns; nothing of this one will end and call here.
  waitForTurn(woken)
  // What waits keeps the process alive.
  waiting ??= setInterval(advance, PATIENCE)
}

/** Another thread has left a turn to this one. */
function woken(): void {
  advance()
  giveTurnsBack()
}

/**
 * What `start` promises, once it has got a turn; null from it says that all are taken. Undefined when `skip` says
 * that nobody wants it any more.
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
