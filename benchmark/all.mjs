/**
 * Runs every benchmark, one after another.
 *
 *   npm run bench -- [--quick] [--json] [--only TEXT] [PART ...]
 *
 * `--json` writes each part's figures to benchmark/results/<part>.json. If a part fails, the others still run, and
 * the part is named at the end.
 */

import { spawnSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

const root = fileURLToPath(new URL('..', import.meta.url))
const script = (name) => [
  process.execPath,
  '--import',
  '@oxc-node/core/register',
  join('benchmark', `${name}.ts`),
]
const manifest = join('benchmark', 'rust', 'Cargo.toml')
const parts = {
  calls: script('calls'),
  search: ['cargo', 'run', '--quiet', '--release', '--locked', '--manifest-path', manifest, '--'],
  rivals: script('rivals'),
  bulk: script('bulk'),
  async: script('async'),
  patterns: script('patterns'),
  programs: script('programs'),
}

const { values: options, positionals } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    only: { type: 'string' },
  },
  allowPositionals: true,
})

const results = join('benchmark', 'results')
if (options.json) mkdirSync(join(root, results), { recursive: true })
const failed = []
for (const part of positionals.length > 0 ? positionals : Object.keys(parts)) {
  const [program, ...args] = parts[part] ?? []
  if (program === undefined) throw new Error(`no part ${part}; there are ${Object.keys(parts)}`)
  if (options.quick) args.push('--quick')
  if (options.json) args.push('--json', join(results, `${part}.json`))
  if (options.only !== undefined) args.push('--only', options.only)
  console.log(`\n== ${part}\n`)
  const start = performance.now()
  const { status } = spawnSync(program, args, { cwd: root, stdio: 'inherit' })
  console.log(`\n${part} took ${((performance.now() - start) / 1000).toFixed(0)} s`)
  if (status !== 0) failed.push(part)
}
if (failed.length > 0) {
  console.error(`\nfailed: ${failed.join(', ')}`)
  process.exitCode = 1
}
