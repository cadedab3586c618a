/**
 * Uses the package in every way in which programs are run, tested, bundled and checked: runtimes, realms, test
 * runners, package managers, bundlers, compilers, each as docs/bundlers.md says. What a bundler makes is moved to an
 * empty folder and run there.
 *
 *   npm run test:ways                    all ways
 *   npm run test:ways -- --quick         those that find most in least time
 *   npm run test:ways -- --built         with the addon that artifacts/ has
 *   npm run test:ways -- jest vitest-4   those whose name begins with one of the words
 *
 * The tools come from npm in fixed versions (scripts/ways/tools.mjs), into FMMAP_CACHE. Each way prints "pass", or
 * the tool's error message that docs/bundlers.md explains. It needs Linux x64 with glibc.
 */

import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { binaryName, packageName } from './packages.mjs'
import { root, run } from './platforms/cache.mjs'
import { pack, serve } from './registry.mjs'
import { published } from './ways/lab.mjs'
import { ways } from './ways/index.mjs'

const words = process.argv.slice(2).filter((word) => !word.startsWith('--'))
const quick = process.argv.includes('--quick')
const built = process.argv.includes('--built')
const chosen = ways.filter(
  (way) =>
    (!quick || way.quick) &&
    (words.length === 0 || words.some((word) => way.name.startsWith(word))),
)

const scratch = mkdtempSync(join(tmpdir(), 'fmmap-ways-'))
try {
  await testWays()
} finally {
  rmSync(scratch, { recursive: true, force: true })
}

async function testWays() {
  run(process.execPath, [join(root, 'scripts', 'ensure.mjs'), '--bundle'])
  if (!built) run(process.execPath, [join(root, 'scripts', 'build-linux.mjs')])
  const packages = published(join(scratch, 'packages'))
  const registry = await serve(
    [...Object.values(packages), foreign()].map((folder) => pack(folder, scratch)),
  )
  const lab = { scratch, packages, registry }
  let failed = 0
  try {
    for (const way of chosen) {
      const began = Date.now()
      let result
      try {
        result = (await way.run(lab)) ?? 'pass'
      } catch (error) {
        failed += 1
        result = 'FAILED'
        console.error(`--- ${way.name}: ${error.message}`)
      }
      const seconds = ((Date.now() - began) / 1000).toFixed(1)
      console.log(`${way.name.padEnd(28)} ${seconds.padStart(6)} s  ${result}`)
    }
  } finally {
    registry.close()
  }
  console.log(`\n${chosen.length - failed} passed, ${failed} failed`)
  if (failed > 0) process.exitCode = 1
}

/** The package of the other C library, which some managers install too: it has nothing that could be loaded here. */
function foreign() {
  const other = 'linux-x64-musl'
  const folder = join(scratch, 'packages', packageName(other))
  cpSync(join(root, 'npm', other), folder, { recursive: true })
  writeFileSync(join(folder, binaryName(other)), 'not for this machine')
  return folder
}
