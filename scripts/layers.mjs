/**
 * Fails where a file imports from its own layer or from one above, or is in no layer: scripts/layers/table.mjs has them.
 *
 *   node scripts/layers.mjs [--imports]
 *
 * `--imports` prints which module imports which, with how many files' imports that stands for.
 *
 * No library: dependency-cruiser and eslint-plugin-boundaries check TypeScript alone, with thirty packages and a table
 * each of their own. What parses TypeScript here is rolldown, which is installed to bundle the package.
 */

import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

import { Crate } from './layers/rust.mjs'
import { stacks as table } from './layers/table.mjs'
import { typescriptImports } from './layers/typescript.mjs'

/** What is wrong in the stacks below `root`, as lines to print, and the imports between their modules. */
export function checkLayers(root, stacks = table) {
  const problems = []
  const imports = new Map()
  const files = allImports(root, stacks)
  for (const stack of stacks) {
    const modules = modulesOf(stack)
    const inside = [...files.keys()].filter((file) => file.startsWith(`${stack.root}/`))
    for (const file of inside) {
      const module = modules.get(entry(stack, file))
      if (module === undefined) {
        // A folder is named once, and not with each of its files.
        const [name] = file.slice(stack.root.length + 1).split('/')
        problems.push(`${stack.root}/${name} is in no layer of scripts/layers/table.mjs`)
        continue
      }
      module.exists = true
      for (const { to, line } of files.get(file)) {
        const other = to.startsWith(`${stack.root}/`) ? modules.get(entry(stack, to)) : undefined
        if (other === undefined || other === module) continue
        if (other.layer >= module.layer) {
          const where = other.layer === module.layer ? 'beside' : 'above'
          problems.push(`${file}:${line} imports ${to}, which stands ${where} it`)
        }
        const pair = `${stack.root}: ${module.name} -> ${other.name}`
        imports.set(pair, (imports.get(pair) ?? new Set()).add(`${file} ${to}`))
      }
    }
    for (const { name, exists } of modules.values()) {
      if (!exists)
        problems.push(`${stack.root} has no ${name}, which scripts/layers/table.mjs names`)
    }
  }
  return { problems: [...new Set(problems)].toSorted(), imports, files: files.size }
}

/** The imports of every file below the stacks. */
function allImports(root, stacks) {
  const all = new Map()
  for (const { root: folder } of stacks) {
    const files = sources(root, folder).map((file) => [
      file,
      readFileSync(join(root, file), 'utf8'),
    ])
    const rust = files.filter(([file]) => file.endsWith('.rs'))
    // A stack within a crate was read together with the crate.
    if (existsSync(join(root, folder, 'lib.rs'))) {
      for (const [file, found] of new Crate(folder, rust).imports()) all.set(file, found)
    }
    for (const [file, source] of files.filter(([name]) => name.endsWith('.ts'))) {
      all.set(file, typescriptImports(root, file, source))
    }
  }
  return all
}

function sources(root, folder) {
  return readdirSync(join(root, folder), { recursive: true })
    .filter((file) => /\.(rs|ts)$/.test(file))
    .map((file) => `${folder}/${file.replaceAll('\\', '/')}`)
    .toSorted()
}

/** The modules of a stack, by the file or folder that each consists of. The lowest layer has the number 1. */
function modulesOf({ layers }) {
  const modules = new Map()
  for (const [down, layer] of layers.entries()) {
    for (const name of layer.split(' ')) {
      const module = { name, layer: layers.length - down, exists: false }
      for (const part of name.split('+')) modules.set(part, module)
    }
  }
  return modules
}

/** The file or folder of a stack that contains a file. */
function entry(stack, file) {
  return file.slice(stack.root.length + 1).replace(/\/.*|\.(rs|ts)$/, '')
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const { problems, imports, files } = checkLayers(
    join(dirname(fileURLToPath(import.meta.url)), '..'),
  )
  if (process.argv.includes('--imports')) {
    for (const [pair, all] of [...imports].toSorted(([a], [b]) => (a < b ? -1 : 1)))
      console.log(`${pair} (${all.size})`)
  }
  if (problems.length > 0) {
    console.error(problems.join('\n'))
    process.exitCode = 1
  } else {
    console.log(
      `${files} files in ${table.length} stacks, ${imports.size} imports between modules, all downward`,
    )
  }
}
