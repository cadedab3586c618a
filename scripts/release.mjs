/**
 * `node scripts/release.mjs vX.Y.Z` fails unless package.json, binding.cjs, Cargo.toml and the changelog have that
 * version. Prints the version's section of the changelog, which is the text of the release.
 */

import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const read = (name) => readFileSync(join(root, name), 'utf8')

const [tag = ''] = process.argv.slice(2)
const version = tag.replace(/^v/, '')
const problems = []
const compare = (where, found) => {
  if (found !== version) problems.push(`${where} says ${found}, the tag ${version}`)
}

compare('package.json', JSON.parse(read('package.json')).version)
compare('package-lock.json', JSON.parse(read('package-lock.json')).version)
compare('binding.cjs', /^const version = '(.*)'$/m.exec(read('binding.cjs'))?.[1])
compare(
  'Cargo.toml',
  /\[workspace\.package\][^[]*?^version = "([^"\n]*)"$/m.exec(read('Cargo.toml'))?.[1],
)

// "## [1.2.0] - 2026-11-22", up to the next such line or the links at the end.
const sections = read('CHANGELOG.md').split(/^## /m).slice(1)
const section = sections.find((text) => text.startsWith(`[${version}] - `))
const notes = section
  ?.replace(/^.*\n/, '')
  .replace(/^\[[^\]]+\]: .*$/gm, '')
  .trim()
if (!section || !/^\[[^\]]+\] - \d{4}-\d{2}-\d{2}$/m.test(section)) {
  problems.push(`CHANGELOG.md has no "## [${version}] - YYYY-MM-DD"`)
} else if (notes === '') {
  problems.push(`CHANGELOG.md says nothing about ${version}`)
}

if (problems.length > 0) {
  console.error(problems.join('\n'))
  process.exitCode = 1
} else {
  console.log(notes)
}
