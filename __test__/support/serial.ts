// Tests of one file that run one after another, for those that share the threadpool or look at the clock.
import type { Test } from './test.ts'

/** A `test` whose tests wait for those that were registered before them. */
export function serially(test: Test, previous: { ended: Promise<void> }): Test {
  return (title, body) => {
    test(title, async (t) => {
      const mine = previous.ended.then(() => body(t))
      previous.ended = mine.catch(() => {})
      await mine
    })
  }
}
