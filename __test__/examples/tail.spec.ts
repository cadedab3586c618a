import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFileSync, renameSync, unlinkSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { freshPath, temporaryFile } from '../support/files.ts'
import { example, register, run, runExample } from './run.ts'
import test from 'ava'

const text = fileURLToPath(new URL('../../docs/api.md', import.meta.url))
const long = temporaryFile(`${'x'.repeat(300_000)}\n${'y'.repeat(200_000)}\nz\n`)
const many = temporaryFile(Array.from({ length: 50_000 }, (_, at) => `line ${at}\n`).join(''))

for (const [name, path] of [
  ['a text', text],
  ['lines longer than a block', long],
  ['many lines', many],
  ['no newline at the end', temporaryFile('a\nb\nc')],
  ['nothing but newlines', temporaryFile('\n\n\n\n')],
  ['one newline', temporaryFile('\n')],
  ['nothing', temporaryFile('')],
] as const) {
  test(`tail prints what tail prints: ${name}`, async (t) => {
    for (const count of ['0', '1', '3', '20000']) {
      const ours = await runExample('tail', ['-n', count, path])
      const theirs = await run('tail', ['-n', count, path])
      t.is(ours.errors, '')
      t.true(ours.output === theirs.output, `-n ${count}: ${ours.output.length} bytes`)
      t.is(ours.code, 0)
    }
  })
}

test('tail says what is wrong with its file', async (t) => {
  const { code, errors } = await runExample('tail', [freshPath()])
  t.is(code, 1)
  t.regex(errors, /no such file/)
})

test('tail -f goes on with what is written, across a rotation', async (t) => {
  const path = temporaryFile('a\nb\nc\n')
  const program = ['--import', register, example('tail'), '-n', '2', '-f', path]
  const child = spawn(process.execPath, program, { stdio: ['ignore', 'pipe', 'inherit'] })
  t.teardown(() => child.kill())
  let output = ''
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
  const until = async (text: string): Promise<void> => {
    // oxlint-disable-next-line no-await-in-loop, no-unmodified-loop-condition
    while (output !== text) await once(child.stdout, 'data')
  }
  await until('b\nc\n')
  appendFileSync(path, 'd\n')
  await until('b\nc\nd\n')
  renameSync(path, `${path}.1`)
  writeFileSync(path, 'e\n')
  await until('b\nc\nd\ne\n')
  t.pass()
  unlinkSync(`${path}.1`)
})
