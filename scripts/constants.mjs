/**
 * Writes lib/constants.ts and docs/constants.md, which are generated from the table in
 * crates/fmmap-core/src/constants.rs. With `--check` it writes nothing, and fails if one of them is
 * out of date.
 */

import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const check = process.argv.includes('--check')

for (const [kind, path] of [
  ['ts', '../lib/constants.ts'],
  ['md', '../docs/constants.md'],
]) {
  const command = [
    'run',
    '--quiet',
    '--locked',
    '--package',
    'fmmap-core',
    '--example',
    'constants',
  ]
  const text = execFileSync('cargo', [...command, kind], { encoding: 'utf8' })
  const file = fileURLToPath(new URL(path, import.meta.url))
  if (!check) {
    writeFileSync(file, text)
  } else if (readFileSync(file, 'utf8') !== text) {
    console.error(`${path.slice(3)} is stale: npm run constants`)
    process.exitCode = 1
  }
}
