/** The runtimes for this machine's own platform: Node with ava, Bun and Deno with the plain runner. */

import { spawnSync } from 'node:child_process'
import { npm } from './cache.mjs'
import { onNode, plainly } from './suite.mjs'

const host = `${process.platform}-${process.arch}`

/** The version that a program reports. */
export function version(program, ...args) {
  const { stdout } = spawnSync(program, args.length > 0 ? args : ['--version'], {
    encoding: 'utf8',
  })
  return stdout?.trim().split('\n')[0] ?? ''
}

export async function node(major) {
  const program = npm(`node-${host}@${major}`, 'bin/node')
  return { ...(await onNode(program)), note: version(program) }
}

export async function bun() {
  const program = npm(`@oven/bun-${host}`, 'bin/bun')
  const counts = await plainly((file) => [program, `__test__/${file}`])
  return { ...counts, note: `Bun ${version(program)}` }
}

export async function deno() {
  const libc = process.platform === 'linux' ? '-glibc' : ''
  const program = npm(`@deno/${host}${libc}`, 'deno')
  // The suite needs the garbage collector. The package itself needs --allow-ffi, and --allow-read to find its addon.
  const run = [program, 'run', '-A', '--v8-flags=--expose-gc']
  const counts = await plainly((file) => [...run, `__test__/${file}`])
  return { ...counts, note: version(program) }
}
