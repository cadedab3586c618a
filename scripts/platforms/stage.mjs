/**
 * Puts the package and its suite as plain JavaScript into a folder, for runtimes that can't use the checkout: they
 * have no TypeScript, no development dependencies for their platform, and need another addon.
 */

import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { transformSync } from 'rolldown/utils'
import { cached, root, specs } from './cache.mjs'

/** Makes the folder anew, with `addon` as the file `addonName` beside the bundle. */
export function stage(name, addon, addonName) {
  const folder = cached('stage', name)
  rmSync(folder, { recursive: true })
  const write = (path, text) => {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), text)
  }
  const shipped = [
    'index.cjs',
    'core.cjs',
    'later.cjs',
    'index.js',
    'binding.cjs',
    'load.cjs',
    'package.json',
  ]
  for (const file of shipped) {
    cpSync(join(root, file), join(folder, file))
  }
  cpSync(addon, join(folder, addonName))
  const tests = join(root, '__test__')
  for (const file of readdirSync(tests, { recursive: true, encoding: 'utf8' })) {
    // Its programs start the runtime by its path alone, which an emulated one can't.
    if (dirname(file) === 'survival') continue
    if (/\.(?:json|mjs)$/.test(file)) write(join('__test__', file), readFileSync(join(tests, file)))
    if (!file.endsWith('.ts')) continue
    const { code, errors } = transformSync(file, readFileSync(join(tests, file), 'utf8'), {
      target: 'node20',
    })
    if (errors.length > 0) throw new Error(`${file}: ${errors[0].message}`)
    write(
      join('__test__', script(file)),
      code.replaceAll(/(from ['"]\.[^'"]*)\.ts(['"])/g, '$1.mjs$2'),
    )
  }
  // The code that replaces `using` where the runtime does not know it.
  write(
    'node_modules/@oxc-project/runtime/package.json',
    '{ "type": "module", "exports": { "./helpers/usingCtx": "./usingCtx.js" } }',
  )
  write(
    'node_modules/@oxc-project/runtime/usingCtx.js',
    `const none = {}
export default function usingCtx() {
  const used = []
  return {
    e: none,
    u(value) {
      used.push(value)
      return value
    },
    d() {
      while (used.length > 0) used.pop()[Symbol.dispose]()
      if (this.e !== none) throw this.e
    },
  }
}
`,
  )
  // Packages that the specs import. None has native code.
  for (const dependency of ['fast-check', 'pure-rand']) {
    const path = join('node_modules', dependency)
    cpSync(join(root, path), join(folder, path), { recursive: true })
  }
  return folder
}

/** The name of a source file in the stage. */
export const script = (file) => file.replace(/\.ts$/, '.mjs')

/** These specs test the documentation and the scripts, which are not in the package. */
const ofCheckout = new Set(['docs.spec.ts', 'layers.spec.ts'])

/** The specs that can run there. */
export const staged = () => specs().filter((file) => !ofCheckout.has(file))
