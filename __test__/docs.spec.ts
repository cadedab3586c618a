// Checks the documentation against the package: its programs run, its links lead somewhere, its lists are complete.
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { inspect } from 'node:util'
import * as fmmap from '../index.js'
import { freshPath } from './support/files.ts'
import { checkout, externalBuffers } from './support/platform.ts'
import test, { type Assertions, testWhere } from './support/test.ts'

const root = fileURLToPath(new URL('..', import.meta.url))

/** The pages for readers, by their paths from the root. */
const pages = !checkout
  ? []
  : [
      'README.md',
      'CONTRIBUTING.md',
      'SECURITY.md',
      'CHANGELOG.md',
      'examples/README.md',
      ...readdirSync(join(root, 'docs'))
        .filter((name) => name.endsWith('.md'))
        .map((name) => `docs/${name}`),
    ]

const textOf = (page: string): string => readFileSync(join(root, page), 'utf8')

interface Block {
  readonly line: number
  readonly language: string
  readonly code: string
}

/** The fenced blocks of a page. */
function blocksOf(page: string): Block[] {
  const blocks: Block[] = []
  let open: { line: number; language: string; code: string[] } | undefined
  for (const [index, line] of textOf(page).split('\n').entries()) {
    const fence = /^```(\w*)/.exec(line)
    if (open !== undefined && line === '```') {
      blocks.push({ ...open, code: open.code.join('\n') })
      open = undefined
    } else if (open !== undefined) {
      open.code.push(line)
    } else if (fence !== null) {
      open = { line: index + 1, language: fence[1] ?? '', code: [] }
    }
  }
  return blocks
}

/** The text outside of fenced blocks. */
const proseOf = (page: string): string => textOf(page).replaceAll(/^```[\s\S]*?^```$/gm, '')

/** The package as it would be installed: what `files` names and nothing else, with this platform's addon. */
function install(): string {
  const folder = freshPath()
  mkdirSync(folder)
  const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    files: string[]
  }
  const addons = readdirSync(root).filter((name) => name.endsWith('.node'))
  for (const name of ['package.json', ...manifest.files, ...addons]) {
    cpSync(join(root, name), join(folder, name), { recursive: true })
  }
  return folder
}

const installed = checkout ? install() : ''

/** A folder in which a program of the documentation finds the package, and the files that it names. */
function workshop(): string {
  const folder = freshPath()
  mkdirSync(join(folder, 'node_modules'), { recursive: true })
  symlinkSync(installed, join(folder, 'node_modules', 'fmmap'), 'junction')
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }\n')
  const log = Array.from({ length: 3000 }, (_, at) =>
    at % 1000 === 500
      ? `2026-01-01T00:00:${at} ERROR disk ${at} is full`
      : `2026-01-01T00:00:${at} INFO request ${at} served`,
  )
  writeFileSync(join(folder, 'server.log'), `${log.join('\n')}\n`)
  writeFileSync(join(folder, 'fruits.txt'), 'apple\nbanana\ncherry\n')
  const vectors = Float32Array.from({ length: 100 * 8 }, (_, at) => at / 8)
  writeFileSync(join(folder, 'vectors.f32'), vectors)
  writeFileSync(join(folder, 'empty.txt'), '')
  return folder
}

/** What a line of a program promises to print: the comment behind its console.log. */
const promised = (code: string): string[] =>
  Array.from(code.matchAll(/^.*console\.log\(.*\) \/\/ (.*)$/gm), ([, text = '']) => text)

interface Finished {
  readonly error: Error | null
  readonly output: string
  readonly errors: string
}

function execute({ language, code }: Block): Promise<Finished> {
  const folder = workshop()
  const file = `program.${language === 'ts' ? 'ts' : 'mjs'}`
  writeFileSync(join(folder, file), code)
  const register =
    language === 'ts' ? ['--import', import.meta.resolve('@oxc-node/core/register')] : []
  return new Promise((done) => {
    execFile(
      process.execPath,
      [...register, file],
      { cwd: folder, env: { ...process.env, NODE_OPTIONS: '' }, timeout: 120_000 },
      (error, output, errors) => done({ error, output, errors }),
    )
  })
}

async function check(t: Assertions, page: string, block: Block): Promise<void> {
  const { error, output, errors } = await execute(block)
  const label = `${page}:${block.line}`
  t.is(error, null, `${label} failed:\n${errors}`)
  const lines = output.split('\n')
  let from = 0
  for (const text of promised(block.code)) {
    const at = lines.indexOf(text, from)
    t.true(at >= from, `${label} promises «${text}», it printed:\n${output}`)
    from = at + 1
  }
}

for (const page of pages) {
  // Without external buffers there is no view(); all other programs must run.
  const programs = blocksOf(page).filter(
    ({ language, code }) =>
      (language === 'js' || language === 'ts') && (externalBuffers || !code.includes('.view(')),
  )
  if (programs.length > 0) {
    test(`${page}: its ${programs.length} programs run, and print what they promise`, async (t) => {
      t.timeout(240_000)
      const waiting = programs.values()
      const lane = async (): Promise<void> => {
        for (const program of waiting) await check(t, page, program)
      }
      await Promise.all([lane(), lane()])
    })
  }
}

/** GitHub's anchor of a heading. */
const anchor = (heading: string): string =>
  heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}_ -]/gu, '')
    .replaceAll(' ', '-')

const headingsOf = (page: string): string[] =>
  Array.from(proseOf(page).matchAll(/^#{1,6} (.*)$/gm), ([, text = '']) => text)

for (const page of pages) {
  test(`${page}: the files of the checkout that it names are there`, (t) => {
    t.pass()
    for (const [, path = ''] of proseOf(page).matchAll(
      /`((?:crates|lib|scripts|__test__|examples|docs|benchmark|\.ci)\/[\w./-]*)`/g,
    )) {
      t.true(existsSync(join(root, path)), `${page} names ${path}`)
    }
  })

  test(`${page}: the npm scripts that it names exist`, (t) => {
    t.pass()
    const { scripts } = JSON.parse(textOf('package.json')) as { scripts: Record<string, string> }
    for (const [, name = ''] of textOf(page).matchAll(/`npm run ([\w:-]+)/g)) {
      t.true(name in scripts, `${page} names npm run ${name}`)
    }
  })

  test(`${page}: its links lead somewhere`, (t) => {
    t.pass()
    for (const [, target = ''] of proseOf(page).matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^(https:|mailto:)/.test(target)) continue
      const [path = '', fragment] = target.split('#')
      const file = path === '' ? page : relative(root, resolve(root, dirname(page), path))
      t.true(existsSync(join(root, file)), `${page} links to ${target}, which is not there`)
      if (fragment === undefined || !file.endsWith('.md')) continue
      const anchors = headingsOf(file).map(anchor)
      t.true(anchors.includes(fragment), `${page} links to ${target}, which has no such heading`)
    }
  })
}

const inCheckout = testWhere(checkout, 'the documentation is read in a checkout, by Node')

/** The names in the code spans of a page's headings of one level, each up to its first bracket. */
function documented(page: string, level: number): string[] {
  const pattern = new RegExp(`^#{${level}} (.*)$`, 'gm')
  return Array.from(proseOf(page).matchAll(pattern), ([, heading = '']) => heading)
    .flatMap((heading) => Array.from(heading.matchAll(/`([^`]+)`/g), ([, span = '']) => span))
    .map((span) => span.replace(/\(.*$/, ''))
}

/** Each name of `expected`, and nothing else; an overload stands twice. */
function sameNames(t: Assertions, page: string, found: string[], expected: string[]): void {
  t.deepEqual([...new Set(found)].toSorted(), expected.toSorted(), page)
}

inCheckout('docs/api.md documents every member and every function, and no other', (t) => {
  const symbols = new Map<symbol, string>([
    [Symbol.iterator, '[Symbol.iterator]'],
    [Symbol.toPrimitive, '[Symbol.toPrimitive]'],
    [Symbol.dispose, '[Symbol.dispose]'],
    [inspect.custom, '[util.inspect.custom]'],
  ])
  const members = Reflect.ownKeys(fmmap.Mmap.prototype)
    .filter((key) => key !== 'constructor' && key !== Symbol.for('fmmap.Mmap'))
    .map((key) => (typeof key === 'string' ? key : (symbols.get(key) ?? String(key))))
  const statics = Object.getOwnPropertyNames(fmmap.Mmap)
    .filter(
      (name) => typeof (fmmap.Mmap as unknown as Record<string, unknown>)[name] === 'function',
    )
    .filter((name) => name !== 'prototype')
    .map((name) => `Mmap.${name}`)
  const functions = Object.entries(fmmap)
    .filter(([name, value]) => typeof value === 'function' && name !== 'Mmap')
    .map(([name]) => name)
  const expected = ['new Mmap', ...statics, ...members, ...functions, 'constants']
  sameNames(t, 'docs/api.md', documented('docs/api.md', 3), expected)
})

/** The properties of the interfaces that are declared for users, each as interface.property. */
function declaredProperties(): [string, string][] {
  const declarations = textOf('index.d.cts')
  return Array.from(
    declarations.matchAll(/^interface (\w+)[^{\n]*\{\n([\s\S]*?)^\}/gm),
    ([, name = '', body = '']) =>
      Array.from(
        body.matchAll(/^ {2}(?:readonly )?(\w+)\??[:(]/gm),
        ([, property = '']): [string, string] => [name, property],
      ),
  ).flat()
}

inCheckout('docs/api.md names every option and every property that is declared', (t) => {
  const properties = declaredProperties()
  t.true(properties.length > 40, `${properties.length} properties were found`)
  const text = `${textOf('docs/api.md')}\n${textOf('docs/errors.md')}`
  // A property stands in a code span: as a name, in a call or in an object.
  const spans = Array.from(text.matchAll(/`([^`\n]+)`/g), ([, span = '']) => span)
  for (const [name, property] of properties) {
    const word = new RegExp(`(?<![\\w-])${property}(?![\\w-])`)
    t.true(
      spans.some((span) => word.test(span)),
      `docs/api.md lacks ${name}.${property}`,
    )
  }
})

inCheckout('index.d.cts exports every type of an argument or answer that it declares', (t) => {
  const declarations = textOf('index.d.cts')
  const declared = Array.from(
    declarations.matchAll(/^(?:interface|type|declare class) (\w+)/gm),
    ([, name = '']) => name,
  )
  const list = /^export \{(.*)\};?$/m.exec(declarations)?.[1] ?? ''
  const exported = new Set(list.split(',').map((name) => name.trim().replace(/^type /, '')))
  // A Buffer under another name, for compilers older than 5.9.
  const inner = new Set(['OwnBuffer'])
  for (const name of declared) {
    t.true(exported.has(name) || inner.has(name), `${name} is declared and not exported`)
  }
})

inCheckout('docs/constants.md lists every constant, and no other', (t) => {
  const listed = Array.from(
    textOf('docs/constants.md').matchAll(/^\| `(\w+)` \|/gm),
    ([, name = '']) => name,
  )
  const exported = Object.keys(fmmap).filter((name) => /^[A-Z0-9_]+$/.test(name))
  sameNames(t, 'docs/constants.md', listed, exported)
})

inCheckout('docs/errors.md lists every code, and no other', (t) => {
  const source = readFileSync(join(root, 'lib', 'errors.ts'), 'utf8')
  const union = /export type ErrorCode =([^;]*?)\n\n/.exec(source)?.[1] ?? ''
  const codes = Array.from(union.matchAll(/'(\w+)'/g), ([, code = '']) => code)
  t.true(codes.length > 10)
  const listed = documented('docs/errors.md', 2).filter((code) => /^(ERR_|ABORT_)/.test(code))
  sameNames(t, 'docs/errors.md', listed, codes)
})

inCheckout('docs/api.md names no error code that errors.md lacks, nor do other pages', (t) => {
  const listed = new Set(documented('docs/errors.md', 2))
  for (const page of pages) {
    for (const [code] of textOf(page).matchAll(/\b(ERR_(?:MMAP|INVALID|OUT)_\w+|ABORT_ERR)\b/g)) {
      t.true(listed.has(code), `${page} names ${code}`)
    }
  }
})

inCheckout("README.md's table has every member", (t) => {
  const table = textOf('README.md')
  for (const name of documented('docs/api.md', 3)) {
    t.true(table.includes(`\`${name}`) || table.includes(name), `README.md lacks ${name}`)
  }
})

inCheckout(
  'pictures and tables show what benchmark/results has (else: npm run plot)',
  async (t) => {
    const plot = execFile(process.execPath, [join(root, 'scripts', 'plot.mjs'), '--check'])
    const [code] = (await once(plot, 'close')) as [number]
    t.is(code, 0)
  },
)

inCheckout("docs/design.md's diagram has every file of the facade and of the crates", (t) => {
  const diagram = blocksOf('docs/design.md')[0]?.code ?? ''
  for (const folder of ['lib', 'crates/fmmap-node/src', 'crates/fmmap-core/src']) {
    for (const name of readdirSync(join(root, folder))) {
      const topic = name.replace(/\.\w+$/, '')
      if (topic === 'lib') continue
      t.true(new RegExp(`\\b${topic}\\b`).test(diagram), `${folder}/${name} is not in the diagram`)
    }
  }
})

inCheckout('docs/design.md says of every long file why it is one', (t) => {
  const [, section = ''] = textOf('docs/design.md').split('## Files of more than 300 lines')
  const named = Array.from(
    (section.split('\n## ')[0] ?? '').matchAll(/`((?:lib|crates)\/[^`]+\.(?:ts|rs))`/g),
    ([, path = '']) => path,
  )
  const long = ['lib', 'crates/fmmap-core/src', 'crates/fmmap-node/src']
    .flatMap((folder) =>
      (readdirSync(join(root, folder), { recursive: true }) as string[]).map(
        (name) => `${folder}/${name.replaceAll('\\', '/')}`,
      ),
    )
    .filter((path) => /\.(ts|rs)$/.test(path) && !path.includes('/tests/'))
    .filter((path) => textOf(path).split('\n').length > 301)
  t.true(named.length > 20)
  for (const path of long) t.true(named.includes(path), `${path} has no row`)
})
