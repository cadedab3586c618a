/** Texts that are the same in every run: an invented log, and sources that every checkout has. */

import { closeSync, openSync, readFileSync, readdirSync, statSync, writeSync } from 'node:fs'
import { homedir } from 'node:os'
import { join, sep } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))

const words =
  'GET POST PUT /index.html /api/v1/users /api/v1/orders /static/app.js /favicon.ico 200 304 404 500 ' +
  'session cache miss hit user token expired renewed upstream timeout retry connection closed by peer'
const lexicon = words.split(' ')

/** Pseudo-random integers below a bound, the same for the same seed. */
export function numbers(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

/** Lines of a server's log of about 100 bytes each, as many whole ones as fit into `size` bytes. */
export function log(size: number): Buffer {
  const target = Buffer.alloc(size)
  const random = numbers(1)
  let used = 0
  let second = 1_700_000_000
  for (;;) {
    second += random(2)
    let line = `${new Date(second * 1000).toISOString()} 10.0.${random(256)}.${random(256)} [${random(10_000)}]`
    const count = 5 + random(8)
    for (let i = 0; i < count; i++) line += ` ${lexicon[random(lexicon.length)]}`
    line += `\n`
    if (used + line.length > size) break
    used += target.write(line, used, 'latin1')
  }
  return target.subarray(0, used)
}

/**
 * Writes `text` to `path` again and again, up to `size` bytes. Only whole texts are written, unless `cut` is true.
 */
export function writeRepeated(path: string, text: Buffer, size: number, cut = false): number {
  const fd = openSync(path, 'w')
  let written = 0
  try {
    while (written + text.length <= size) written += writeSync(fd, text)
    if (cut) written += writeSync(fd, text, 0, size - written)
  } finally {
    closeSync(fd)
  }
  return written
}

/** The files below a folder whose name has this ending, in the same order on every machine. */
function filesBelow(folder: string, ending: RegExp): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && ending.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .toSorted()
}

/** The folders in which cargo has unpacked the crates of Cargo.lock. */
function crates(): string[] {
  const sources = join(process.env['CARGO_HOME'] ?? join(homedir(), '.cargo'), 'registry', 'src')
  const lock = readFileSync(join(root, 'Cargo.lock'), 'utf8')
  const wanted = new Set(
    [...lock.matchAll(/^name = "(.+)"\nversion = "(.+)"$/gm)].map(
      ([, name, version]) => `${name}-${version}`,
    ),
  )
  try {
    return readdirSync(sources)
      .flatMap((registry) => readdirSync(join(sources, registry)).map((name) => [registry, name]))
      .filter(([, name = '']) => wanted.has(name))
      .map(([registry = '', name = '']) => join(sources, registry, name))
      .toSorted()
  } catch {
    // Nothing was built here yet.
    return []
  }
}

/** The sources of the packages in the lockfiles: real text in several languages. */
export function sources(): Buffer {
  const files = [
    ...filesBelow(join(root, 'node_modules'), /\.([cm]?[jt]s|md|json)$/).filter(
      // Files that tools have left there differ from machine to machine.
      (path) => !path.includes(`${sep}.`),
    ),
    ...crates().flatMap((crate) => filesBelow(crate, /\.(rs|md|toml)$/)),
  ]
  // Minified bundles are left out: a line of a megabyte is no text that anybody greps.
  return Buffer.concat(
    files.filter((path) => statSync(path).size < 512 * 1024).map((path) => readFileSync(path)),
  )
}
