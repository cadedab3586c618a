/** Shared by the command-line examples: writes to standard output, and waits for its reader. */

import { writeSync } from 'node:fs'

/** Writes all bytes to standard output. Ends the program, as other programs end, when the reader has gone. */
export function print(bytes: Uint8Array): void {
  for (let rest = bytes; rest.length > 0;) {
    try {
      rest = rest.subarray(writeSync(1, rest))
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      // 128 + SIGPIPE: the exit code by which the shell shows that the signal has ended a program.
      if (code === 'EPIPE') process.exit(141)
      // The pipe is full, and somebody has opened it as non-blocking.
      if (code !== 'EAGAIN') throw error
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1)
    }
  }
}
