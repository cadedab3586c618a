/**
 * The imports of Rust files: `use` items and paths that begin with `crate`, `super`, `self` or a child module.
 *
 * Files are read as tokens: no parser for Rust runs in Node without being compiled first, and neither does rustc's
 * own graph (cargo-modules). Paths that a macro puts together are not seen; the macros of this project name no modules.
 */

import { basename, dirname, join } from 'node:path'

const WORD = /[A-Za-z_][A-Za-z0-9_]*/y

/** The modules of a crate: `files` are its sources, a map of path to text. `src` is the folder of its `lib.rs`. */
export class Crate {
  constructor(src, files) {
    this.modules = new Map()
    for (const [file, text] of files) {
      const name = modulePath(src, file)
      this.modules.set(name, { file, tokens: tokenize(text), names: new Map() })
    }
    for (const [name, module] of this.modules) this.#read(name, module)
  }

  /** What each file imports: a map of file to `[{ to, line }]`. */
  imports() {
    const all = new Map()
    for (const [name, { file, uses, paths }] of this.modules) {
      const found = []
      for (const { path, line } of [...uses, ...paths]) {
        const to = this.#resolve(name, path)
        if (to !== undefined && to !== file) found.push({ to, line })
      }
      all.set(file, found)
    }
    return all
  }

  /** Finds the `use` items of a module, the names they give, and the other paths in it. */
  #read(name, module) {
    const { tokens } = module
    module.uses = []
    module.paths = []
    // The open braces, and which of them belong to modules in the file: there `super` means the file.
    const open = []
    for (let at = 0; at < tokens.length; at += 1) {
      const { text, line } = tokens[at]
      if (text === '{') open.push(tokens[at - 2]?.text === 'mod')
      if (text === '}') open.pop()
      const inside = open.filter(Boolean).length
      if (text === 'use') {
        at = useTree(tokens, at + 1, [], (path, alias) => {
          module.uses.push({ path: outside(path, inside), line })
          if (inside === 0 && path.at(-1) !== '*') module.names.set(alias ?? path.at(-1), path)
        })
      } else if (isWord(text) && tokens[at - 1]?.text !== '::' && tokens[at + 1]?.text === '::') {
        const path = [text]
        while (tokens[at + 1]?.text === '::' && isWord(tokens[at + 2]?.text ?? '')) {
          path.push(tokens[at + 2].text)
          at += 2
        }
        if (['crate', 'super', 'self'].includes(text)) {
          module.paths.push({ path: outside(path, inside), line })
        } else if (this.modules.has(child(name, text))) module.paths.push({ path, line })
      }
    }
  }

  /** The file that defines what a path names, following re-exports; undefined for other crates. */
  #resolve(from, path, depth = 0) {
    if (depth > 16) return undefined
    let rest = [...path]
    let at = from
    // `self` of a `use a::{self}` is `a`.
    if (rest.length > 1 && rest.at(-1) === 'self') rest.pop()
    if (rest[0] === 'crate') at = ''
    else if (rest[0] === 'super') at = parent(from)
    else if (rest[0] !== 'self') {
      if (!this.modules.has(child(from, rest[0]))) return undefined
      rest = ['self', ...rest]
    }
    rest.shift()
    while (rest[0] === 'super') {
      at = parent(at)
      rest.shift()
    }
    while (rest.length > 0 && this.modules.has(child(at, rest[0]))) at = child(at, rest.shift())
    const module = this.modules.get(at)
    if (module === undefined) return undefined
    const alias = rest.length > 0 ? module.names.get(rest[0]) : undefined
    // What `mod` re-exports belongs to the module that defines it. A name that it imports from another crate is its own.
    if (alias !== undefined) {
      return this.#resolve(at, [...alias, ...rest.slice(1)], depth + 1) ?? module.file
    }
    return module.file
  }
}

/** Reads one tree of a `use` item: calls `found` for each path in it. Returns the index of what follows it. */
function useTree(tokens, at, prefix, found) {
  const path = [...prefix]
  for (; at < tokens.length; at += 1) {
    const { text } = tokens[at]
    if (text === '{') {
      do at = useTree(tokens, at + 1, path, found)
      while (tokens[at]?.text === ',')
      return at + 1
    }
    if (text === 'as') {
      found(path, tokens[at + 1].text)
      return at + 2
    }
    if (text === ',' || text === ';' || text === '}') {
      if (path.length > prefix.length) found(path)
      return at
    }
    if (text !== '::') path.push(text)
  }
  return at
}

/** The words and separators of a source, without comments and literals. */
function tokenize(source) {
  const tokens = []
  let line = 1
  for (let at = 0; at < source.length;) {
    const skip = skipped(source, at)
    if (skip > at) {
      line += source.slice(at, skip).split('\n').length - 1
      at = skip
      continue
    }
    WORD.lastIndex = at
    const text = WORD.exec(source)?.[0] ?? (source.startsWith('::', at) ? '::' : source[at])
    if (text.trim() !== '') tokens.push({ text, line })
    if (text === '\n') line += 1
    at += text.length
  }
  return tokens
}

/** Where the comment or literal that begins at `at` ends; `at` itself if none does. */
function skipped(source, at) {
  const rest = source.slice(at, at + 2)
  if (rest === '//') return until(source, '\n', at)
  if (rest === '/*') return until(source, '*/', at) + 2
  const raw = /r(#*)"/y
  raw.lastIndex = at
  const hashes = raw.exec(source)
  if (hashes && !/\w/.test(source[at - 1] ?? '')) {
    return until(source, `"${hashes[1]}`, at + hashes[0].length) + 1 + hashes[1].length
  }
  if (rest[0] === '"') {
    let end = at + 1
    while (end < source.length && source[end] !== '"') end += source[end] === '\\' ? 2 : 1
    return end + 1
  }
  // A character literal and not a lifetime.
  const character = /'(\\(x..|u\{[^}]*\}|.)|[^\\'])'/y
  character.lastIndex = at
  return at + (character.exec(source)?.[0].length ?? 0)
}

/**
 * A path in the form in which the file itself would write it, given one that is written in a module inside of the
 * file.
 */
function outside(path, inside) {
  const ups = path.findIndex((name) => name !== 'super')
  return ups > 0 && inside > 0 ? ['self', ...path.slice(Math.min(ups, inside))] : path
}

function until(source, text, from) {
  const at = source.indexOf(text, from)
  return at < 0 ? source.length : at
}

function isWord(text) {
  return /^[A-Za-z_]/.test(text)
}

function child(module, name) {
  return module === '' ? name : `${module}::${name}`
}

function parent(module) {
  return module.includes('::') ? module.slice(0, module.lastIndexOf('::')) : ''
}

/** `a/b.rs` and `a/b/mod.rs` are the module `a::b`, `lib.rs` is the crate. */
function modulePath(src, file) {
  const name = basename(file, '.rs')
  const folder = dirname(file).slice(src.length + 1)
  const path = name === 'mod' || name === 'lib' ? folder : join(folder, name)
  return path.replaceAll('\\', '/').replaceAll('/', '::')
}
