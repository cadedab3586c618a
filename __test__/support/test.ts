// One `test` for every runtime: ava's under Node, and elsewhere a small runner with the same interface, so that Bun
// and Deno run the same spec files (`bun __test__/position.spec.ts`). With FMMAP_TEST_PLAIN=1 Node uses it too.
import assert from 'node:assert/strict'
import { inspect } from 'node:util'

/** The part of ava's assertions that the specs use. */
export interface Assertions {
  is(actual: unknown, expected: unknown, message?: string): void
  not(actual: unknown, expected: unknown, message?: string): void
  deepEqual(actual: unknown, expected: unknown, message?: string): void
  true(actual: unknown, message?: string): void
  false(actual: unknown, message?: string): void
  pass(message?: string): void
  fail(message?: string): void
  log(...values: unknown[]): void
  teardown(action: () => void | Promise<void>): void
  timeout(milliseconds: number, message?: string): void
}

export type Body = (t: Assertions) => void | Promise<void>
export type Test = (title: string, body: Body) => void

interface Registered {
  title: string
  body: Body
  /** Why the test does not run here. */
  skip?: string
}

/** Runs the tests one after another when the whole spec file was read, and prints TAP. */
function plainRunner(registered: Registered[]): Test {
  setTimeout(async () => {
    let failed = 0
    for (const [index, { title, body, skip }] of registered.entries()) {
      if (skip !== undefined) {
        console.log(`ok ${index + 1} - ${title} # SKIP ${skip}`)
        continue
      }
      const teardowns: (() => void | Promise<void>)[] = []
      let assertions = 0
      const counted =
        <A extends unknown[]>(assertion: (...args: A) => void) =>
        (...args: A): void => {
          assertions += 1
          assertion(...args)
        }
      const t: Assertions = {
        is: counted((actual, expected, message) =>
          assert.ok(
            Object.is(actual, expected),
            message ?? `${String(actual)} is not ${String(expected)}`,
          ),
        ),
        not: counted((actual, expected, message) =>
          assert.ok(!Object.is(actual, expected), message ?? `both are ${String(actual)}`),
        ),
        deepEqual: counted((actual, expected, message) =>
          assert.deepEqual(actual, expected, message),
        ),
        true: counted((actual, message) => assert.equal(actual, true, message)),
        false: counted((actual, message) => assert.equal(actual, false, message)),
        pass: counted(() => {}),
        fail: counted((message) => assert.fail(message)),
        log: (...values) => console.log('#', ...values),
        teardown: (action) => teardowns.unshift(action),
        timeout: () => {},
      }
      let problem: unknown
      try {
        await body(t)
        if (assertions === 0) problem = new Error('the test made no assertion')
      } catch (error) {
        problem = error
      }
      for (const action of teardowns) {
        try {
          await action()
        } catch (error) {
          problem ??= error
        }
      }
      console.log(`${problem === undefined ? 'ok' : 'not ok'} ${index + 1} - ${title}`)
      if (problem !== undefined) {
        failed += 1
        console.log(
          (problem instanceof Error ? String(problem.stack) : inspect(problem)).replaceAll(
            /^/gm,
            '  ',
          ),
        )
      }
    }
    console.log(`1..${registered.length}`)
    process.exit(failed === 0 ? 0 : 1)
  }, 0)
  return (title, body) => registered.push({ title, body })
}

const plain =
  process.env.FMMAP_TEST_PLAIN === '1' || 'bun' in process.versions || 'deno' in process.versions

const registered: Registered[] = []
const ava = plain ? undefined : (await import('ava')).default
const test: Test = ava === undefined ? plainRunner(registered) : ava

/** `test` where the condition is true; elsewhere a test that is skipped, counted, and says why. */
export function testWhere(condition: boolean, reason: string): Test {
  if (condition) return test
  if (ava !== undefined) return (title, body) => ava.skip(`${title} [${reason}]`, body as never)
  return (title, body) => registered.push({ title, body, skip: reason })
}

export default test
