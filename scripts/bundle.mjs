/**
 * Turns index.ts and lib/ into what the package ships.
 *
 * - index.cjs is the class and the constants: CommonJS, which every runtime, test runner and bundler can load. It is not
 *   minified: the lines of a stack trace read as the sources do. No source map comes with it: one that has
 *   the sources in it is larger than all the rest of the package, and one without makes debuggers and bundlers
 *   complain of sources that are not there.
 * - core.cjs has what every map needs, and later.cjs what many programs never use. index.cjs loads each when a
 *   function of it is called first, so that a program's start does not wait for its compilation.
 *   scripts/bundle/late.mjs has how.
 * - index.js names the exports of index.cjs for `import`, and holds no code: whoever imports and whoever
 *   requires the package have one class, one fault guard, one line of searches.
 * - index.d.cts is committed: its diff is the review of the public API. It is rolled up from the
 *   sources' own annotations (isolatedDeclarations), so it never depends on inference. index.d.ts exports it
 *   once more, for the same reason: two declarations of a class with private members are two types.
 *   `node scripts/bundle.mjs --declarations [index.d.cts]` prints what they should be.
 */

import { writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { rolldown } from 'rolldown'
import { dts } from 'rolldown-plugin-dts'

import { splitBundle } from './bundle/late.mjs'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')

/** Where index.cjs ends: these, and what only they import, are in core.cjs. */
const CORE = [
  'lib/arguments.ts',
  'lib/errors.ts',
  'lib/guard.ts',
  'lib/inspect.ts',
  'lib/lines.ts',
  'lib/options.ts',
  'lib/pages.ts',
  'lib/position.ts',
  'lib/resize.ts',
  'lib/search.ts',
  'lib/slices.ts',
  'lib/views.ts',
]

/** Where core.cjs ends: these, and what only they import, are in later.cjs. */
const LATER = [
  'lib/background/flush.ts',
  'lib/background/matching.ts',
  'lib/background/read.ts',
  'lib/background/search.ts',
  'lib/background/wait.ts',
  'lib/follow/follow.ts',
  'lib/matching.ts',
  'lib/named.ts',
  'lib/pattern/batches.ts',
  'lib/pattern/passed.ts',
  'lib/pattern/prepared.ts',
  'lib/share.ts',
  'lib/stream.ts',
  'lib/wait.ts',
]

/** What only later files use, and takes something when the package is loaded. */
const EARLY = ['lib/timers.ts']

const input = {
  cwd: root,
  input: 'index.ts',
  platform: 'node',
  external: [/^node:/, /\/binding\.cjs$/],
  // The sources may name a sibling as TypeScript does (./mmap.js) or as Node runs it (./mmap.ts).
  resolve: { extensionAlias: { '.js': ['.ts', '.js'] } },
}

/**
 * Uses Node's modules as they are: what `require` returns is the default export. Otherwise rolldown copies each
 * module with a getter for each name, which takes as long as the rest of the package's first run.
 */
const plainBuiltins = {
  name: 'plain-builtins',
  renderChunk(code) {
    const plain = code
      .replaceAll(/^(node_[\w$]+) = __toESM\(\1(?:, 1)?\);\n/gm, '')
      .replaceAll(/\b(node_[\w$]+)\.default\b/g, '$1')
    if (plain.includes('= __toESM('))
      throw new Error('a module that is not Node’s has a default import')
    return plain.replace(/^\/\/ .*rolldown\/runtime\.js\n[\s\S]*?(?=^let [\w$]+ = require\()/m, '')
  },
}

/** Writes the files of the package into `folder`. */
export async function writeBundle(folder = root) {
  const { exports, ...files } = await splitBundle(
    root,
    { core: CORE, later: LATER, early: EARLY },
    generate,
  )
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text)
  writeFileSync(
    join(folder, 'index.js'),
    `import load from './load.cjs'\n\nexport const {\n${exports
      .toSorted()
      .map((name) => `  ${name},\n`)
      .join('')}} = load()\n`,
  )
}

/** The only chunk of what an entry becomes with some plugins, as CommonJS. */
async function generate(entry, plugins) {
  const bundle = await rolldown({
    ...input,
    input: entry,
    plugins: [...plugins, plainBuiltins],
    treeshake: { propertyReadSideEffects: false },
  })
  const { output } = await bundle.generate({
    format: 'cjs',
    strict: true,
    // The documentation is in index.d.cts.
    comments: { jsdoc: false },
    // The exports are a plain object, as those of any CommonJS module.
    generatedCode: { symbols: false },
  })
  await bundle.close()
  return one(output)
}

/** The texts of the declaration files that the sources should have, by name. */
export async function rollUpDeclarations() {
  const bundle = await rolldown({
    ...input,
    plugins: [dts({ cwd: root, emitDtsOnly: true, generator: 'oxc' })],
  })
  const { output } = await bundle.generate({ format: 'esm' })
  await bundle.close()
  // The sources' import of the addon must not appear in the declarations.
  const code = one(output).code.replace('import "./binding.cjs";\n', '')
  // From TypeScript 6 on a program has Node's declarations only if it lists them under `types`, or a package that it
  // imports refers to them. Without them Buffer would be unknown, and so every Buffer of a map silently `any`.
  const reference = '/// <reference types="node" />\n'
  return {
    'index.d.cts': `${reference}${code.trimEnd()}\n`,
    'index.d.ts': "export * from './index.cjs'\n",
  }
}

/** Writes the declaration files. */
export async function writeDeclarations() {
  for (const [name, text] of Object.entries(await rollUpDeclarations())) {
    writeFileSync(join(root, name), text)
  }
}

/** The only chunk of an output. */
function one(output) {
  const chunks = output.filter((chunk) => chunk.type === 'chunk')
  if (chunks.length !== 1) throw new Error(`one file is due, ${chunks.length} came`)
  return chunks[0]
}

const asked = process.argv.indexOf('--declarations')
if (asked !== -1) {
  const texts = await rollUpDeclarations()
  process.stdout.write(texts[process.argv[asked + 1] ?? 'index.d.ts'])
}
