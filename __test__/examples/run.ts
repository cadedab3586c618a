// How the examples are run: as their own documentation says, with the package by its name.
import ava, { type ExecutionContext } from 'ava'
import { externalBuffers } from '../support/platform.ts'
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

export const register: string = import.meta.resolve('@oxc-node/core/register')

export const example = (name: string): string =>
  fileURLToPath(new URL(`../../examples/${name}.ts`, import.meta.url))

export interface Finished {
  readonly code: number | null
  readonly output: string
  readonly errors: string
}

/** Output is latin1, so that bytes compare as they are, unless the program writes text. */
export function run(
  program: string,
  args: readonly string[],
  encoding: BufferEncoding = 'latin1',
): Promise<Finished> {
  const env = { ...process.env, NODE_OPTIONS: '', LC_ALL: 'C' }
  const child = spawn(program, args, { env, stdio: ['ignore', 'pipe', 'pipe'] })
  const output: Buffer[] = []
  const errors: Buffer[] = []
  child.stdout.on('data', (chunk: Buffer) => output.push(chunk))
  child.stderr.on('data', (chunk: Buffer) => errors.push(chunk))
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code) =>
      resolve({
        code,
        output: Buffer.concat(output).toString(encoding),
        errors: Buffer.concat(errors).toString(),
      }),
    )
  })
}

/** Runs an example by its name. */
export const runExample = (
  name: string,
  args: readonly string[],
  encoding?: BufferEncoding,
): Promise<Finished> =>
  run(process.execPath, ['--import', register, example(name), ...args], encoding)

/** A test of an example that needs `view()`, which is not there where external buffers are forbidden. */
export function testWithViews(
  title: string,
  body: (t: ExecutionContext) => void | Promise<void>,
): void {
  if (externalBuffers) ava(title, body)
  else ava.skip(`${title} [the example needs view()]`, body)
}
