import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { checkLayers, type Stack } from '../scripts/layers.mjs'
import { checkout } from './support/platform.ts'
import { type Assertions, testWhere } from './support/test.ts'

const test = testWhere(checkout, 'the sources are looked at')

/** What is wrong in a project of these files. */
function problems(t: Assertions, stacks: Stack[], files: Record<string, string>): string[] {
  const root = mkdtempSync(join(tmpdir(), 'fmmap-layers-'))
  t.teardown(() => rmSync(root, { recursive: true }))
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, file)), { recursive: true })
    writeFileSync(join(root, file), text)
  }
  return checkLayers(root, stacks).problems
}

test('no module of the project imports what stands beside or above it, and each file is in a layer', (t) => {
  const { problems, imports, files } = checkLayers(fileURLToPath(new URL('..', import.meta.url)))
  t.deepEqual(problems, [])
  // The sources were read: every file of lib/ but the lowest imports something.
  t.true(files > 80 && imports.size > 100)
})

const lib: Stack = { root: 'lib', layers: ['top', 'left right', 'ground'] }

test('imports of TypeScript: upward, sideways, of types, and those that are no imports', (t) => {
  const files = {
    'lib/top.ts': "import { left } from './left.js'\nimport './ground.js'\nexport { left }\n",
    'lib/left.ts': 'export const left = 1\n',
    'lib/right/index.ts': "// import './left.js'\nexport const text = \"import './left.js'\"\n",
    'lib/ground.ts': "import { join } from 'node:path'\nexport { join }\n",
  }
  t.deepEqual(problems(t, [lib], files), [])
  const planted = {
    'lib/ground.ts': "import { join } from 'node:path'\n\nimport type { Left } from './left.js'\n",
    'lib/left.ts': "export * from './right/index.js'\n",
    'lib/right/index.ts': "export const top = () => import('../top.js')\n",
  }
  t.deepEqual(problems(t, [lib], { ...files, ...planted }), [
    'lib/ground.ts:3 imports lib/left.ts, which stands above it',
    'lib/left.ts:1 imports lib/right/index.ts, which stands beside it',
    'lib/right/index.ts:1 imports lib/top.ts, which stands above it',
  ])
  const argument = "export function f(x: import('./top.js').Top): void {}\n"
  t.deepEqual(problems(t, [lib], { ...files, 'lib/ground.ts': argument }), [
    'lib/ground.ts:1 imports lib/top.ts, which stands above it',
  ])
})

const crate: Stack = { root: 'src', layers: ['lib', 'top', 'middle', 'ground'] }
const inner: Stack = { root: 'src/middle', layers: ['mod', 'upper', 'lower'] }
const sources = {
  'src/lib.rs': 'mod ground;\nmod middle;\npub mod top;\npub use middle::upper::Upper;\n',
  'src/top.rs': 'use crate::{ground::Ground, middle::{self, Upper as U}};\n',
  'src/middle/mod.rs': 'pub mod lower;\npub mod upper;\npub use upper::Upper;\n',
  'src/middle/upper.rs': "use super::lower;\nfn f<'a>() { lower::g('\"') } // crate::top::X\n",
  'src/middle/lower.rs': 'use crate::ground;\nuse std::fmt;\n',
  'src/ground.rs':
    'const TEXT: &str = r#"use crate::top;"#; /* crate::top::X */\nmod tests { use super::*; }\n',
}

test('imports of Rust: in trees, in paths, from a re-export, within a module of the file', (t) => {
  t.deepEqual(problems(t, [crate, inner], sources), [])
  const planted = {
    'src/ground.rs':
      'use std::{\n    fmt,\n    io::{self},\n};\nuse crate::{middle::{self}, top as t};\n',
    'src/middle/lower.rs': 'fn f() -> super::Upper {\n    crate::top::X\n}\n',
  }
  t.deepEqual(problems(t, [crate, inner], { ...sources, ...planted }), [
    'src/ground.rs:5 imports src/middle/mod.rs, which stands above it',
    'src/ground.rs:5 imports src/top.rs, which stands above it',
    'src/middle/lower.rs:1 imports src/middle/upper.rs, which stands above it',
    'src/middle/lower.rs:2 imports src/top.rs, which stands above it',
  ])
  const within = { 'src/ground.rs': 'mod tests {\n    use super::super::top::X;\n}\n' }
  t.deepEqual(problems(t, [crate, inner], { ...sources, ...within }), [
    'src/ground.rs:2 imports src/top.rs, which stands above it',
  ])
})

test('a file in no layer is named, and a name without a file', (t) => {
  const files = { ...sources, 'src/new.rs': '' }
  t.deepEqual(problems(t, [crate, inner], files), [
    'src/new.rs is in no layer of scripts/layers/table.mjs',
  ])
  const more = { ...crate, layers: ['lib', 'top gone', 'middle', 'ground'] }
  t.deepEqual(problems(t, [more, inner], sources), [
    'src has no gone, which scripts/layers/table.mjs names',
  ])
})
