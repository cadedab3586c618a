/**
 * Turns index.ts and lib/ into what the package ships: one index.js, one index.d.ts.
 *
 * - index.js is an ES module without top-level await, so that `require('fmmap')` loads it too. It is not
 *   minified: the lines of a stack trace read as the sources do. No source map comes with it: one that
 *   has the sources in it takes 175 KB, where the whole package may take 150; one without takes 48, breaks
 *   the bound as well (170), and makes debuggers and bundlers complain of sources that are not there.
 *   binding.js, which picks the platform's .node file, stays a file of its own beside it.
 * - index.d.ts is committed: its diff is the review of the public API. It is rolled up from the
 *   sources' own annotations (isolatedDeclarations), so it never depends on inference.
 *   `node scripts/bundle.mjs --declarations` prints what it should be.
 */

import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { rolldown } from 'rolldown'
import { dts } from 'rolldown-plugin-dts'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')

const input = {
  cwd: root,
  input: 'index.ts',
  platform: 'node',
  external: [/^node:/, /\/binding\.js$/],
  // The sources may name a sibling as TypeScript does (./mmap.js) or as Node runs it (./mmap.ts).
  resolve: { extensionAlias: { '.js': ['.ts', '.js'] } },
}

/** Writes index.js into `folder`. */
export async function writeBundle(folder = root) {
  const bundle = await rolldown(input)
  // index.d.ts has the documentation.
  const comments = { jsdoc: false }
  await bundle.write({ file: join(folder, 'index.js'), format: 'esm', comments })
  await bundle.close()
}

/** The text of index.d.ts as the sources would have it. */
export async function rollUpDeclarations() {
  const bundle = await rolldown({
    ...input,
    plugins: [dts({ cwd: root, emitDtsOnly: true, generator: 'oxc' })],
  })
  const { output } = await bundle.generate({ format: 'esm' })
  await bundle.close()
  const chunks = output.filter((chunk) => chunk.type === 'chunk')
  if (chunks.length !== 1) {
    throw new Error(`one declaration file is due, ${chunks.length} came`)
  }
  // The sources' import of the addon has no place in what they declare.
  return `${chunks[0].code.replace('import "./binding.js";\n', '').trimEnd()}\n`
}

if (process.argv.includes('--declarations')) {
  process.stdout.write(await rollUpDeclarations())
}
