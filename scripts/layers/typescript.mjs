/** The imports of TypeScript files, by rolldown's parser, which bundles the package too. */

import { existsSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'

import { parseAst } from 'rolldown/parseAst'

/**
 * The files of the project that `source`, the text of `file`, imports: `[{ to, line }]`, with paths from `root`.
 * Imports of types count as imports of values do.
 */
export function typescriptImports(root, file, source) {
  const found = []
  const visit = (node) => {
    if (node === null || typeof node !== 'object') return
    if (Array.isArray(node)) return node.forEach(visit)
    const from = node.source ?? (node.type === 'TSImportType' ? node.argument : undefined)
    if (typeof from?.value === 'string' && from.value.startsWith('.')) {
      const to = target(root, normalize(join(dirname(file), from.value)))
      if (to !== undefined) found.push({ to, line: lineAt(source, node.start) })
    }
    Object.values(node).forEach(visit)
  }
  visit(parseAst(source, { lang: 'ts' }, file).body)
  return found
}

/** The source file of an import: TypeScript writes the name of the `.js` file that will be built from it. */
function target(root, path) {
  const candidates = [path.replace(/\.js$/, '.ts'), path, join(path, 'index.ts')]
  return candidates.find((candidate) => existsSync(join(root, candidate)))
}

function lineAt(source, offset) {
  return source.slice(0, offset).split('\n').length
}
