/** `share` and `Mmap.from`: several threads of a process map the same memory. */

import { Buffer } from 'node:buffer'
import { integer, received, safe } from './arguments.js'
import { fromNative, invalidType } from './errors.js'
import { watch } from './guard.js'
import { native } from './native.js'
import { Region } from './region.js'

/**
 * Names the memory of a map for the other threads of the process. It is a plain object, which `postMessage` and
 * `workerData` can copy. It keeps nothing alive.
 */
export interface MmapToken {
  /** The number of the memory. */
  readonly memory: number
  /** The number of the process. */
  readonly process: number
}

/** A token for the map's memory. */
export function share(region: Region): MmapToken {
  region.checkOpen()
  const memory = native.share(region.handle, Buffer.from(region.path ?? ''))
  return { memory, process: native.processNumber() }
}

const TOKEN = 'what share() has returned'

/** Makes a map of the memory that a token names. */
export function from(token: unknown): Region {
  if (typeof token !== 'object' || token === null) {
    throw invalidType(`The "token" argument must be ${TOKEN}. Received ${received(token)}`)
  }
  const { memory, process } = token as Partial<Record<keyof MmapToken, unknown>>
  const number = field(memory, 'token.memory')
  const of = field(process, 'token.process')
  watch()
  try {
    const { handle, offset, tracked, path } = native.from(number, of)
    return new Region(handle, offset, tracked, path)
  } catch (error) {
    throw fromNative(error)
  }
}

/** Checks a number of a token. Numbers below 1 are never given to anybody. */
function field(value: unknown, name: string): number {
  return Math.max(0, safe(integer(value, name, TOKEN), name))
}
