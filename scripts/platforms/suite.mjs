/** Runs the suite, and counts its results, which ava and the plain runner both print as TAP. */

import { join } from 'node:path'
import { gather, root, run, specs } from './cache.mjs'

/** Builds the checkout for this machine: the addon, the bundle, node_modules. */
export function prepare() {
  run(process.execPath, [join(root, 'scripts', 'ensure.mjs')])
}

/** Adds up counts. */
export const sum = (counts) =>
  counts.reduce(
    (all, one) => ({
      passed: all.passed + one.passed,
      failed: all.failed + one.failed,
      skipped: all.skipped + one.skipped,
    }),
    { passed: 0, failed: 0, skipped: 0 },
  )

/**
 * The counts of one TAP stream. If the stream lacks its plan, it ended early; if the plan has another number of
 * tests, some were lost. Both are failures whatever the exit code is, because under an emulator a crash may end with
 * 0.
 */
export function tapCounts(output) {
  const counts = { passed: 0, failed: 0, skipped: 0 }
  let seen = 0
  for (const line of output.split(/\r?\n/)) {
    if (!/^(not )?ok \d+/.test(line)) continue
    seen += 1
    if (/ # SKIP\b/i.test(line)) counts.skipped += 1
    else if (line.startsWith('ok')) counts.passed += 1
    else counts.failed += 1
  }
  const planned = /^1\.\.(\d+)\r?$/m.exec(output)?.[1]
  if (planned === undefined || Number(planned) !== seen) counts.failed += 1
  return counts
}

/** Prints on stderr what failed. */
function complain(name, { output, errors, code, signal }) {
  const failures = output.match(/^not ok .*(?:\n {2}.*)*/gm) ?? []
  const end = signal ?? `exit code ${code}`
  const report = failures.length > 0 ? failures.join('\n') : output.slice(-2000)
  console.error(`--- ${name} (${end})\n${report}\n${errors.slice(-4000)}`)
}

/** Runs the whole suite with ava, on a Node of any version. */
export async function onNode(node) {
  const ava = join(root, 'node_modules', 'ava', 'entrypoints', 'cli.mjs')
  const finished = await gather(node, [ava, '--tap'])
  const counts = tapCounts(finished.output)
  if (finished.code !== 0 && counts.failed === 0) counts.failed += 1
  if (counts.failed > 0) complain(node, finished)
  return counts
}

/**
 * Runs the whole suite with its plain runner: each spec file in a process, two at a time. `command(file)` is the
 * command that runs a file. `finish(file, finished)` may fetch its output from elsewhere.
 */
export async function plainly(command, { files = specs(), options, finish, lanes = 2 } = {}) {
  const queue = [...files]
  const counts = []
  const lane = async () => {
    for (let file = queue.shift(); file !== undefined; file = queue.shift()) {
      const [program, ...args] = command(file)
      let finished = await gather(program, args, options?.(file))
      if (finish) finished = finish(file, finished)
      const count = tapCounts(finished.output)
      if (finished.code !== 0 && count.failed === 0) count.failed += 1
      if (count.failed > 0) complain(file, finished)
      counts.push(count)
    }
  }
  await Promise.all(Array.from({ length: lanes }, lane))
  return sum(counts)
}
