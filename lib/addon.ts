/** The only file that loads the addon, and what it tells at once. lib/native.ts has most of its functions. */

import { start as ask } from '../binding.cjs'

export {
  flushAsync,
  giveTurnsBack,
  natives,
  onWaited,
  PatternSearch,
  Read,
  Search,
  turns,
  waitForTurn,
} from '../binding.cjs'

/** The generated declaration only says `object`. */
export const start = ask() as {
  readonly constants: Record<string, number>
  /** Missing where external buffers are forbidden. */
  readonly epoch?: ArrayBuffer
}
