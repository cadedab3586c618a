/**
 * Splits the bundle into three files: index.cjs has the modules that run when the package is loaded, core.cjs what the
 * first map needs, and later.cjs what many programs never call. index.cjs loads the other two when one of their
 * functions is called for the first time.
 *
 * The sources do not know of this. When a file is bundled, each module of a later file is replaced by a stand-in, whose
 * functions load that file, put the real functions in their own place and call them with the same arguments. So a
 * module can import functions from modules of later files and nothing else: any other import is an error of the
 * bundler. Each module of an earlier file is replaced by a stand-in that takes its exports from an object, which
 * index.cjs passes on. No module is in two files: modules have state, which must not exist twice.
 */

import { readFileSync } from 'node:fs'
import { join, relative, sep } from 'node:path'

import { parseAst } from 'rolldown/parseAst'

/**
 * The ids of modules that have no file: stand-ins for modules of later and of earlier files, the module that loads the
 * other files, and the entry of core.cjs and later.cjs. Bundlers know by the NUL at the start that there is no file.
 */
const AFTER = '\0after:'
const BEFORE = '\0before:'
const LOADER = '\0after:loader'
const ENTRY = '\0entry'

/**
 * Returns the texts of index.cjs, core.cjs and later.cjs, and the names that index.cjs exports. `core` and `later` list
 * the modules of these files that an earlier file imports; modules that only these import are in their file, too,
 * except those in `early`, which belong to index.cjs. `generate` bundles an entry with plugins.
 */
export async function splitBundle(root, { core, later, early }, generate) {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  const at = (names) => names.map((name) => join(root, name))
  const whole = await generate('index.ts', [])
  const all = exportsOf(filesOf(whole))
  const offered = {
    coreCode: all.filter(({ path }) => at(core).includes(path)),
    laterCode: all.filter(({ path }) => at(later).includes(path)),
  }
  const both = [...offered.coreCode, ...offered.laterCode]
  // What the package exports stays as it is.
  const exported = new Set(whole.exports)
  for (const one of both) one.isExported = exported.has(one.name)

  // The first bundle of a file tells which functions of later files it calls. The bundles of later files tell what they
  // need of it. So the first two are bundled once more, with that passed on.
  const drafts = {
    index: await generate('index.ts', [after(root, offered, version)]),
    core: await generate('index.ts', [after(root, { laterCode: offered.laterCode }, version)]),
  }
  const first = new Set([...filesOf(drafts.index), ...at(early)])
  const before = new Set([...filesOf(drafts.core), ...at(early)])
  const shared = all
    .filter(({ path }) => before.has(path))
    .map((one) => Object.assign(one, { from: first.has(one.path) ? 'index' : 'core' }))

  const called = used(drafts.core.code, 'laterCode()', offered.laterCode)
  const rest = await part(root, called, [beforeIt(root, shared)], generate)
  const [kept, added] = ['index', 'core'].map((name) => shared.filter(({ from }) => from === name))
  const needed = [
    ...used(drafts.index.code, 'coreCode()', offered.coreCode),
    ...used(rest.code, 'core', added),
  ]
  const middle = await part(
    root,
    needed.filter((one, index) => needed.findIndex(({ key }) => key === one.key) === index),
    [beforeIt(root, kept), after(root, { laterCode: offered.laterCode }, version)],
    generate,
  )
  const index = await generate('index.ts', [
    after(root, offered, version, {
      toCore: used(middle.code, 'index', kept),
      toLater: used(rest.code, 'index', kept),
    }),
  ])

  const files = [index, middle, rest].flatMap(filesOf)
  const twice = files.filter((file, place) => files.indexOf(file) !== place)
  if (twice.length > 0) throw new Error(`${twice.join(', ')}: in two files of the bundle`)
  const where = ({ code }) =>
    code.replaceAll(/\/\/ \\0after:(\S+)/g, (_, path) =>
      path === 'loader'
        ? '// what loads the other files'
        : `// in ${both.find((one) => one.path === join(root, path) && offered.coreCode.includes(one)) ? 'core' : 'later'}.cjs: ${path}`,
    )
  return {
    'index.cjs': where(index),
    'core.cjs': asFunction(where(middle), 'index', version),
    'later.cjs': asFunction(where(rest), 'index, core', version),
    exports: index.exports,
  }
}

/** A file that exports what the files before it call. */
async function part(root, names, plugins, generate) {
  const chunk = await generate(ENTRY, [...plugins, entry(names)])
  // The bundler keeps statements that only read a property of these objects, as the property might be a getter.
  return { ...chunk, code: chunk.code.replaceAll(/^(index|core)\.[\w$]+;\n/gm, '') }
}

/** The id of the stand-in for a file. */
const standIn = (kind, root, path) => `${kind}${relative(root, path).split(sep).join('/')}`

/** The files of a chunk, without the modules that have none. */
const filesOf = ({ moduleIds }) => moduleIds.filter((id) => !id.startsWith('\0'))

/** Those of the exports `all` that the code reads from an object. */
function used(code, object, all) {
  const pattern = new RegExp(`(?<![\\w$.])${object.replaceAll(/[()]/g, '\\$&')}\\.([\\w$]+)`, 'g')
  const found = new Set(Array.from(code.matchAll(pattern), ([, key]) => key))
  return all.filter(({ key }) => found.has(key))
}

/** A plugin that replaces modules of later files by functions that load the file. */
const after = (root, offered, version, passed) => ({
  name: 'after',
  async resolveId(name, importer) {
    if (name === LOADER) return { id: LOADER }
    if (name === './core.cjs' || name === './later.cjs') return { id: name, external: true }
    const found = await this.resolve(name, importer, { skipSelf: true })
    const isOffered = Object.values(offered).some((all) =>
      all.some(({ path }) => path === found?.id),
    )
    return isOffered ? { id: standIn(AFTER, root, found.id) } : found
  },
  load(id) {
    if (id === LOADER) {
      // core.cjs gets index.cjs's.
      return offered.coreCode === undefined
        ? 'export const laterCode = index.laterCode'
        : loader(version, passed ?? { toCore: [], toLater: [] })
    }
    if (!id.startsWith(AFTER)) return null
    const path = join(root, id.slice(AFTER.length))
    const [load, all] = Object.entries(offered).find(([, names]) =>
      names.some((one) => one.path === path),
    )
    const functions = all.filter((one) => one.path === path && one.parameters !== undefined)
    return [
      `import { ${load} } from ${JSON.stringify(LOADER)}`,
      ...functions.map(({ name, key, parameters, isExported }) =>
        isExported
          ? `export const ${name} = (${parameters}) => ${load}().${key}(${parameters})`
          : `export let ${name} = (${parameters}) => (${name} = ${load}().${key})(${parameters})`,
      ),
    ].join('\n')
  },
})

/** The source of the module that loads the other two files. */
function loader(version, { toCore, toLater }) {
  const both = [...toCore, ...toLater.filter(({ key }) => toCore.every((one) => one.key !== key))]
  const imports = both.map(
    ({ path, name, key }) => `import { ${name} as index_${key} } from ${JSON.stringify(path)}`,
  )
  const parts = (passed) => passed.map(({ key }) => `${key}: index_${key}`).join(', ')
  return `${imports.join('\n')}
// Outside of the try block: bundlers do not follow a require in one.
const readCore = () => require('./core.cjs')
const readLater = () => require('./later.cjs')
const load = (name, read) => {
  let code
  try {
    code = read()
  } catch (cause) {
    throw failed(\`fmmap can't load \${name}, which has the code of what was called: \${cause.message}\`, cause.code, { cause })
  }
  if (code.version === ${JSON.stringify(version)}) return code.make
  throw failed(
    \`fmmap ${version} is running, and found \${name} of \${code.version} beside it: the package was replaced meanwhile. Restart the program\`,
    'ERR_MMAP_VERSION',
  )
}
const failed = (message, code, options) => Object.assign(new Error(message, options), { code })
let core
let later
export const coreCode = () => (core ??= load('core.cjs', readCore)({ laterCode, ${parts(toCore)} }))
export const laterCode = () => (later ??= load('later.cjs', readLater)({ ${parts(toLater)} }, coreCode()))
`
}

/** A module that exports some of what others do. */
const entry = (names) => ({
  name: 'entry',
  resolveId: (name) => (name === ENTRY ? { id: ENTRY } : null),
  load: (id) =>
    id === ENTRY
      ? names
          .map(({ path, name, key }) => `export { ${name} as ${key} } from ${JSON.stringify(path)}`)
          .join('\n')
      : null,
})

/** A plugin that replaces modules of earlier files by what index.cjs passes on. */
const beforeIt = (root, shared) => ({
  name: 'before',
  async resolveId(name, importer) {
    if (name === ENTRY) return { id: ENTRY }
    const found = await this.resolve(name, importer, { skipSelf: true })
    if (!shared.some(({ path }) => path === found?.id)) return found
    return { id: standIn(BEFORE, root, found.id) }
  },
  load(id) {
    if (!id.startsWith(BEFORE)) return null
    return shared
      .filter(({ path }) => path === join(root, id.slice(BEFORE.length)))
      .map(({ name, key, from }) => `export const ${name} = ${from}.${key}`)
      .join('\n')
  },
})

/**
 * Wraps a module in a function, whose parameters are what index.cjs passes on. The parentheses around the function make
 * V8 compile it at once. Without them V8 would first parse it only to find its end, and once more when it is called. The
 * exports are an object of their own, as somebody may have put a setter of such a name on Object.prototype meanwhile.
 */
function asFunction(code, parameters, version) {
  const names = []
  const body = code
    .replace('"use strict";\n', '')
    .replaceAll('// \\0before:', '// passed: ')
    .replaceAll(/^exports\.([\w$]+) = ([\w$]+);\n/gm, (_, name, value) => {
      names.push(name === value ? name : `${name}: ${value}`)
      return ''
    })
  if (/\bexports\b/.test(body)) throw new Error('an export is of another form')
  return `"use strict";
const make = (function (${parameters}) {
${body.trimEnd()}
return { ${names.join(', ')} };
});
module.exports = { version: ${JSON.stringify(version)}, make };
`
}

/**
 * The values that some modules export: for each the path of its module, its name, a key that is unique among all of
 * them, and its parameters if it is a function.
 */
function exportsOf(paths) {
  const all = []
  const named = new Map()
  for (const path of paths) {
    const { body } = parseAst(readFileSync(path, 'utf8'), { lang: 'ts' }, path)
    for (const { name, parameters } of body.flatMap(valuesOf)) {
      const before = named.get(name) ?? 0
      named.set(name, before + 1)
      all.push({ path, name, parameters, key: before === 0 ? name : `${name}$${before}` })
    }
  }
  return all
}

/** The values that a statement exports. Types are left out. */
function valuesOf({ type, exportKind, declaration, specifiers }) {
  if (type !== 'ExportNamedDeclaration' || exportKind === 'type') return []
  if (declaration?.type === 'VariableDeclaration') {
    return declaration.declarations.map(({ id, init }) => ({
      name: id.name,
      parameters: parametersOf(init?.params),
    }))
  }
  if (declaration) {
    return [{ name: declaration.id.name, parameters: parametersOf(declaration.params) }]
  }
  return specifiers
    .filter((specifier) => specifier.exportKind !== 'type')
    .map(({ exported }) => ({ name: exported.name }))
}

const parametersOf = (nodes) =>
  nodes?.map(({ type }, at) => (type === 'RestElement' ? '...rest' : 'abcdefgh'[at])).join(', ')
