// Tests of one file that run one after another, for those that share the threadpool or look at the clock.
import type { Test } from './test.ts'

/** A `test` whose tests wait for those of the same order that were registered before them, and for their teardowns. */
export function serially(test: Test, order: { ended: Promise<void> }): Test {
  return (title, body) => {
    test(title, async (t) => {
      const turn = order.ended
      let done = (): void => {}
      order.ended = new Promise((resolve) => {
        done = resolve
      })
      await turn
      t.teardown(() => done())
      await body(t)
    })
  }
}
