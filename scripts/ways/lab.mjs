/**
 * Shared by the ways: the package as it is published, folders in which to use it, and functions that run programs
 * there.
 */

import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { platforms, packageName, stage } from '../packages.mjs'
import { gather, root } from '../platforms/cache.mjs'
import { home } from './tools.mjs'

export const platform = `${process.platform}-${process.arch}-gnu`

/** The packages as they are published, with the addon for this machine. */
export function published(folder) {
  const artifacts = join(root, 'artifacts')
  return Object.fromEntries(
    stage(folder, artifacts, [platform]).map((path) => [path.split(/[\\/]/).at(-1), path]),
  )
}

/** The documentation page, whose programs, commands and messages are tried. */
const page = readFileSync(join(root, 'docs', 'bundlers.md'), 'utf8')

/** The text of a section of docs/bundlers.md, by its heading. */
function section(heading) {
  const found = page.split(/^## /m).find((text) => text.startsWith(`${heading}\n`))
  if (found === undefined) throw new Error(`docs/bundlers.md has no section ${heading}`)
  return found
}

/** The block of a section whose first line is a comment with this name. */
export function documented(heading, name) {
  for (const [, block] of section(heading).matchAll(/^```\w+\n([\s\S]*?)^```$/gm)) {
    const [first, ...rest] = block.split('\n')
    if (first === `// ${name}` || first === `# ${name}`) return rest.join('\n')
  }
  throw new Error(`docs/bundlers.md has no ${name} in section ${heading}`)
}

/** The arguments of a command in a section, which is found by its beginning. */
export function documentedCommand(heading, start) {
  const line = section(heading)
    .split('\n')
    .find((text) => text.startsWith(start))
  if (line === undefined) throw new Error(`docs/bundlers.md has no ${start} in section ${heading}`)
  // Quotes stand around whole words only.
  const words = line.match(/"[^"]*"|\S+/g) ?? []
  return words.map((word) => word.replaceAll(/^"|"$/g, ''))
}

/** Fails unless a section of docs/bundlers.md contains the sentence. */
export function isDocumented(heading, sentence) {
  if (!section(heading).includes(sentence)) {
    throw new Error(`docs/bundlers.md does not say in section ${heading}: ${sentence}`)
  }
}

export const write = (folder, files) => {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), text)
  }
}

const body = `const map = Mmap.open('hay.txt')
const view = map.view(Float32Array, 0, 1)
let code
try {
  Mmap.open('nowhere.txt')
} catch (error) {
  code = error.code
}
const ok =
  map.find('needle') === 4 &&
  map.slice(4, 10).toString() === 'needle' &&
  // Its code is in the file that is loaded when it is needed.
  map.count(/ne+dle/) === 1 &&
  view instanceof Float32Array &&
  code === 'ENOENT' &&
  ACCESS_READ === 1 &&
  MADV_NOSYNC === (process.platform === 'freebsd' ? 6 : undefined)
map.close()
`

/**
 * A program that prints "ok", in both dialects, with the file that it reads; and one that checks that both dialects
 * load one package.
 */
export const programs = {
  'hay.txt': 'hay needle hay',
  'import.mjs': `import { ACCESS_READ, MADV_NOSYNC, Mmap } from 'fmmap'\n${body}console.log(ok ? 'ok' : 'wrong')\n`,
  'require.cjs': `const { ACCESS_READ, MADV_NOSYNC, Mmap } = require('fmmap')\n${body}console.log(ok ? 'ok' : 'wrong')\n`,
  'both.mjs': `import { Mmap } from 'fmmap'
import { createRequire } from 'node:module'
const required = createRequire(import.meta.url)('fmmap')
console.log(required.Mmap === Mmap ? 'ok' : 'wrong')
`,
}

/** The body of a test for test runners: what the program does, and what it expects. */
export const assertions = `${body}expect(ok).toBe(true)`

/** A folder for a program, below the tools of a group, with the package in its node_modules. */
export function workshop(group, name, packages, { installed = true } = {}) {
  const folder = join(home(group), 'ways', name)
  rmSync(folder, { recursive: true, force: true })
  write(folder, {
    ...programs,
    'package.json': '{ "name": "app", "version": "1.0.0", "private": true }\n',
  })
  if (installed) install(folder, packages)
  return folder
}

/** Puts the packages into a folder's node_modules. */
export function install(folder, packages) {
  for (const [name, path] of Object.entries(packages)) {
    cpSync(path, join(folder, 'node_modules', name), { recursive: true })
  }
}

/** The failure of a way, with the output of its programs. */
export class Failure extends Error {}

/** Runs a program to its end. */
export async function run(cwd, program, args, { env = {}, limit = 20 * 60_000 } = {}) {
  const finished = await gather(program, args, {
    cwd,
    limit,
    env: {
      PATH: process.env.PATH,
      HOME: join(cwd, '.home'),
      TMPDIR: process.env.TMPDIR ?? '/tmp',
      NO_COLOR: '1',
      CI: '1',
      ...env,
    },
  })
  return { ...finished, text: `${finished.output}${finished.errors}` }
}

/** The same for programs that must succeed. */
export async function succeed(cwd, program, args, options) {
  const finished = await run(cwd, program, args, options)
  if (finished.code !== 0) {
    throw new Failure(
      `${program} ${args.join(' ')}: ${finished.signal ?? `exit code ${finished.code}`}\n${finished.text.slice(-4000)}`,
    )
  }
  return finished
}

/** The same for a program whose last line must be "ok". */
export async function printsOk(cwd, program, args, options) {
  const { output, text } = await succeed(cwd, program, args, options)
  if (output.trim().split('\n').at(-1) !== 'ok') {
    throw new Failure(`${program} ${args.join(' ')} printed\n${text}`)
  }
}

/**
 * Moves what a tool has made to an empty folder with no node_modules above it, together with the file that it reads.
 */
export function moved(scratch, name, from, files = ['.']) {
  const folder = join(scratch, 'moved', name)
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  for (const file of files) {
    if (existsSync(join(from, file)))
      cpSync(join(from, file), join(folder, file), { recursive: true })
  }
  write(folder, { 'hay.txt': programs['hay.txt'] })
  return folder
}

/** PATH with a folder in front of all others. */
export const pathWith = (folder) => ({ PATH: `${folder}${delimiter}${process.env.PATH}` })

export { packageName, platforms }
