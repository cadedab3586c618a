/**
 * Fails unless package-lock.json works on every platform and not only on the one that wrote it. npm leaves out
 * optional packages of other platforms that it could not fetch, and `npm ci` then lacks the compiler there. Also
 * fails if the lockfile says where packages came from, since that differs from machine to machine. Optional packages
 * of other platforms may lack a hash, because npm records one only for packages that it has fetched.
 */

import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'))
const problems = []
let unhashed = 0

/** Whether the package at `path` finds `name`, as Node looks it up: in its own node_modules, or in one above. */
function isFound(path, name) {
  for (let folder = path; ; folder = folder.slice(0, folder.lastIndexOf('node_modules/'))) {
    const base = folder === '' || folder.endsWith('/') ? folder : `${folder}/`
    if (packages[`${base}node_modules/${name}`]) return true
    if (folder === '') return false
  }
}

for (const [
  path,
  { dependencies, optionalDependencies, resolved, integrity, optional },
] of Object.entries(packages)) {
  for (const name of Object.keys({ ...dependencies, ...optionalDependencies })) {
    if (!isFound(path, name)) problems.push(`${path} needs ${name}, which is not in the lockfile`)
  }
  if (!integrity && path !== '' && !optional) problems.push(`${path} has no hash`)
  if (resolved) problems.push(`${path} names a registry: ${resolved}`)
  if (path !== '' && !integrity) unhashed += 1
}

if (problems.length > 0) {
  console.error(problems.join('\n'))
  process.exitCode = 1
} else {
  const all = Object.keys(packages).length
  console.log(`${all} packages, of every platform; ${unhashed} of other platforms without a hash`)
}
