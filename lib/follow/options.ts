/** How a file is followed. */

import { boolean, integer, options as members, received } from '../arguments.js'
import { invalidType, outOfRange } from '../errors.js'
import { abortSignal } from '../background/signal.js'

/** How a file is followed. */
export interface FollowOptions {
  /**
   * Where to begin: at the lines that are written from now on, at the file's start, or at an offset in bytes. An
   * offset past the file's end means that it is another file, which is read from its start. Default: 'end'.
   */
  from?: 'end' | 'start' | number | undefined
  /** Ends the iteration. */
  signal?: AbortSignal | undefined
  /**
   * How often the file is checked, in milliseconds, in addition to what the system reports: network file systems
   * report nothing. Default: 1000.
   */
  poll?: number | undefined
  /** Whether to go on with another file of the same name when the file is renamed or removed. Default: true. */
  reopen?: boolean | undefined
  /** Whether to give a last line without a newline when its file or the iteration ends. Default: false. */
  partial?: boolean | undefined
}

/** The options. Each was read once. */
export interface Plan {
  readonly from: 'end' | number
  readonly signal: AbortSignal | undefined
  readonly poll: number
  readonly reopen: boolean
  readonly partial: boolean
}

/** The longest interval that a timer can have. */
const LONGEST = 2 ** 31 - 1

function start(from: unknown): 'end' | number {
  if (from === undefined || from === 'end') return 'end'
  if (from === 'start') return 0
  if (!Number.isInteger(from)) {
    throw invalidType(
      `The "from" option must be 'start', 'end' or an offset in bytes. Received ${received(from)}`,
    )
  }
  const offset = from as number
  if (offset < 0 || offset > Number.MAX_SAFE_INTEGER) {
    throw outOfRange(`The "from" option must be from 0 to 2^53 - 1. Received ${offset}`)
  }
  return offset
}

/** The correct call, for messages. */
const FORM = '(path, { from, signal, poll, reopen, partial })'

export function plan(given: FollowOptions | undefined): Plan {
  const { from, signal, poll, reopen, partial } = members(given, FORM)
  const period = poll === undefined ? 1000 : integer(poll, 'poll')
  if (period < 1 || period > LONGEST) {
    throw outOfRange(`The "poll" option must be 1 to ${LONGEST} milliseconds. Received ${period}`)
  }
  return {
    from: start(from),
    signal: abortSignal(signal),
    poll: period,
    reopen: reopen === undefined || boolean(reopen, 'reopen'),
    partial: partial !== undefined && boolean(partial, 'partial'),
  }
}
