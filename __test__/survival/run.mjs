/**
 * Everything that must not crash the process, each case in a process of its own.
 *
 *   npm run test:survival                       all parts, under this runtime
 *   npm run test:survival -- natives load       those parts
 *   FMMAP_SURVIVAL_SCALE=0.1 npm run ...        fewer calls, fewer seconds; more than 1 for more
 *   FMMAP_SEED=5 npm run ...                    the random cases of that seed
 *   FMMAP_RUNTIMES="node:bun:/path/to/deno"     in each of these runtimes
 *
 * Prints a line for each case, a count for each part, and `N passed, N failed`.
 */

import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const PARTS = ['natives', 'calls', 'names', 'faults', 'lifetimes', 'load']
const here = fileURLToPath(new URL('.', import.meta.url))
const asked = process.argv.slice(2)
const parts = asked.length === 0 ? PARTS : PARTS.filter((part) => asked.includes(part))
const runtimes = (process.env.FMMAP_RUNTIMES ?? process.execPath).split(':')
/** A case that takes longer has failed: it hangs. */
const LIMIT = 20 * 60 * 1000 * Math.max(1, Number(process.env.FMMAP_SURVIVAL_SCALE ?? 1))

function commandOf(runtime, file, args) {
  const name = basename(runtime)
  if (name.startsWith('deno')) return ['run', '-A', '--v8-flags=--expose-gc', file, ...args]
  return name.startsWith('bun') ? [file, ...args] : ['--expose-gc', file, ...args]
}

function run(runtime, part, name) {
  const folder = mkdtempSync(join(tmpdir(), 'fmmap-survival-run-'))
  const child = spawn(runtime, commandOf(runtime, join(here, `${part}.mjs`), [name]), {
    env: { ...process.env, NODE_OPTIONS: '', FMMAP_SURVIVAL_FOLDER: folder },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (chunk) => (output += chunk))
  child.stderr.setEncoding('utf8').on('data', (chunk) => (output = (output + chunk).slice(-10_000)))
  const timer = setTimeout(() => child.kill('SIGKILL'), LIMIT)
  return new Promise((resolve) => {
    child.on('close', (code, signal) => {
      clearTimeout(timer)
      rmSync(folder, { recursive: true, force: true })
      resolve({ code, signal, output })
    })
  })
}

const total = { passed: 0, failed: 0 }
for (const runtime of runtimes) {
  for (const part of parts) {
    const listed = spawnSync(runtime, commandOf(runtime, join(here, `${part}.mjs`), []), {
      encoding: 'utf8',
    })
    if (listed.status !== 0) throw new Error(`${part}: ${listed.stderr}`)
    const count = { passed: 0, failed: 0 }
    for (const name of JSON.parse(listed.stdout)) {
      const { code, signal, output } = await run(runtime, part, name)
      const passed = code === 0 && /^passed: /m.test(output)
      count[passed ? 'passed' : 'failed'] += 1
      if (passed) {
        const said = /^passed: (.*)$/m.exec(output)?.[1]
        console.log(`ok     ${part}: ${name}${said ? ` (${said})` : ''}`)
      } else {
        console.log(`NOT OK ${part}: ${name}: ${signal ?? `exit code ${code}`}\n${output}`)
      }
    }
    console.log(`${basename(runtime)} ${part}: ${count.passed} passed, ${count.failed} failed`)
    total.passed += count.passed
    total.failed += count.failed
  }
}
console.log(`${total.passed} passed, ${total.failed} failed`)
process.exitCode = total.failed === 0 && total.passed > 0 ? 0 : 1
