// Children and workers. Their sources are short modules, which are written beside the other temporary files.
import { spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { freshPath } from './files.ts'

/** The package's address, by which a module in the temporary folder imports it. */
export const packageUrl: string = new URL('../../index.js', import.meta.url).href

/** The address of proc.mjs as the source of a string: `import { mappings } from ${procUrl}`. */
export const procUrl: string = JSON.stringify(new URL('./proc.mjs', import.meta.url).href)

/** Writes a module that begins with an import of the whole package as `fmmap`, and returns its path. */
export function moduleFile(source: string): string {
  const path = freshPath('.mjs')
  writeFileSync(
    path,
    `import * as fmmap from ${JSON.stringify(packageUrl)}\n` +
      `const collect = globalThis.gc ?? (() => globalThis.Bun?.gc(true))\n` +
      `const pause = (ms) => new Promise((done) => setTimeout(done, ms))\n${source}\n`,
  )
  return path
}

/** The program that starts this runtime where its path alone does not: an emulator and its options, as JSON. */
const launcher = JSON.parse(process.env.FMMAP_TEST_LAUNCHER ?? '[]') as string[]

/** The command that runs a module in a new process of this runtime, with the garbage collector available. */
export function command(path: string, args: readonly string[] = []): [string, string[]] {
  const [emulator, ...options] = launcher
  if (emulator !== undefined) return [emulator, [...options, process.execPath, path, ...args]]
  if ('deno' in process.versions) {
    return [process.execPath, ['run', '-A', '--v8-flags=--expose-gc', path, ...args]]
  }
  const flags = 'bun' in process.versions ? [] : ['--expose-gc']
  return [process.execPath, [...flags, path, ...args]]
}

export interface Finished {
  code: number | null
  signal: NodeJS.Signals | null
  output: string
  errors: string
}

/** Runs a module in a new process, and waits for its end. */
export function runChild(
  source: string,
  args: readonly string[] = [],
  env: Record<string, string> = {},
): Promise<Finished> {
  const [program, argv] = command(moduleFile(source), args)
  // With a test runner's own variables, the child would take itself for one of its workers.
  const child = spawn(program, argv, {
    env: { ...process.env, NODE_OPTIONS: '', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  let errors = ''
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (output += chunk))
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (errors += chunk))
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code, signal) => resolve({ code, signal, output, errors }))
  })
}

/** Runs a module that prints one line of JSON, and returns the value. Anything else that it prints is an error. */
export async function childAnswer<T>(
  source: string,
  args: readonly string[] = [],
  env: Record<string, string> = {},
): Promise<T> {
  const { code, signal, output, errors } = await runChild(source, args, env)
  if (code !== 0) throw new Error(`the child ended with ${signal ?? code}:\n${output}${errors}`)
  return JSON.parse(output) as T
}
