/**
 * The test suite on every runtime and platform that one Debian machine can be made to run.
 *
 *   npm run test:platforms                   all of them
 *   npm run test:platforms -- bun windows    those whose name begins with one of the words
 *   npm run test:platforms -- --list         their names
 *
 * Each prints `NAME: N passed, N failed, N skipped`; the last line is the total. docs/platforms.md says what each of
 * them proves and what it can't prove. The first run installs what they need (runtimes, compilers, an emulator,
 * Wine): system packages by apt, and everything else into FMMAP_CACHE, outside of the tree. A tool that can't be had
 * counts as a skip; with CI=true as a failure. FMMAP_TEST_SCALE makes random sequences and files smaller; emulators
 * have a scale of their own.
 */

import { Missing } from './platforms/cache.mjs'
import { platforms } from './platforms/index.mjs'
import { prepare } from './platforms/suite.mjs'

const words = process.argv.slice(2).filter((word) => !word.startsWith('--'))
const chosen = platforms.filter(
  ({ name }) => words.length === 0 || words.some((word) => name.startsWith(word)),
)

if (process.argv.includes('--list')) {
  for (const { name, what } of platforms) console.log(`${name.padEnd(16)} ${what}`)
} else if (chosen.length === 0) {
  console.error(`no platform's name begins with ${words.join(' or ')}: --list shows them`)
  process.exitCode = 1
} else {
  await runAll()
}

async function runAll() {
  prepare()
  const total = { passed: 0, failed: 0, skipped: 0 }
  const lines = []
  for (const platform of chosen) {
    const begun = Date.now()
    const { passed, failed, skipped, note } = await outcome(platform)
    total.passed += passed
    total.failed += failed
    total.skipped += skipped
    const seconds = Math.round((Date.now() - begun) / 1000)
    const line = `${platform.name}: ${passed} passed, ${failed} failed, ${skipped} skipped`
    lines.push(`${line} (${[...(note ? [note] : []), `${seconds} s`].join(', ')})`)
    console.log(lines.at(-1))
  }
  if (lines.length > 1) console.log(`\n${lines.join('\n')}`)
  const { passed, failed, skipped } = total
  console.log(
    `total: ${passed} passed, ${failed} failed, ${skipped} skipped on ${chosen.length} platforms`,
  )
  process.exitCode = failed === 0 && passed > 0 ? 0 : 1
}

/** The result of a platform. A tool that is missing is one skip; or one failure where nothing may be missing. */
async function outcome({ name, run }) {
  try {
    return await run()
  } catch (error) {
    const skip = error instanceof Missing && process.env.CI !== 'true'
    console.error(`${name}: ${error instanceof Missing ? error.message : error.stack}`)
    return { passed: 0, failed: skip ? 0 : 1, skipped: skip ? 1 : 0, note: 'did not run' }
  }
}
