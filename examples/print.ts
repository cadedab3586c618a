/** What the command-line examples share: standard output that waits for its reader. */

import { writeSync } from 'node:fs'

/** Writes all bytes to standard output, and ends the program as any other ends when its reader has gone. */
export function print(bytes: Uint8Array): void {
  for (let rest = bytes; rest.length > 0;) {
    try {
      rest = rest.subarray(writeSync(1, rest))
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      // 128 + SIGPIPE, as the shell sees a program that the signal has ended.
      if (code === 'EPIPE') process.exit(141)
      // A pipe that is full, when it was opened so by somebody else.
      if (code !== 'EAGAIN') throw error
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1)
    }
  }
}
