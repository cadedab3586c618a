import { execFileSync } from 'node:child_process'
import { closeSync, ftruncateSync, openSync, writeSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { freshPath, temporaryFile } from '../support/files.ts'
import { run, runExample } from './run.ts'
import test from 'ava'

/** A real text with long lines and short ones, and one that is hard on a grep. */
const readme = fileURLToPath(new URL('../../docs/api.md', import.meta.url))
const odd = temporaryFile('aaa\n\naa b aa\r\n\0binary aa\nlast aaaa')

for (const [options, needle, ...files] of [
  [[], 'ERR_MMAP', readme],
  [['-c'], 'map', readme],
  [['-n'], 'position', readme],
  [['-b'], 'The', readme],
  [['-o', '-b'], 'a', readme],
  [['-n', '-b'], 'find', readme],
  [['--color=always'], 'the', readme],
  [['--color=always', '-n'], 'the', readme],
  [[], 'not in there anywhere', readme],
  [['-c'], 'not in there anywhere', readme],
  [[], '', odd],
  [['-c'], '', odd],
  [[], 'aa', odd],
  [['-o', '-b'], 'aa', odd],
  [['--color=always'], 'aa', odd],
  [['-n'], 'last', odd],
  [['-c'], 'aa', odd, readme],
  [['-n'], 'aa', odd, readme],
  [[], '.', odd],
  [[], 'a', temporaryFile('')],
  [['-c'], 'a', temporaryFile('')],
] as [string[], string, ...string[]][]) {
  const what = `${options.join(' ')} ${JSON.stringify(needle)}`
  test(`grep ${what} in ${files.length} answers as grep -F (${files[0] === odd ? 'odd' : files[0] === readme ? 'text' : 'empty'})`, async (t) => {
    const ours = await runExample('grep', [...options, '--', needle, ...files])
    const theirs = await run('grep', ['-a', '-F', ...options, '--', needle, ...files])
    t.is(ours.errors, '')
    t.is(ours.output, theirs.output)
    t.is(ours.code, theirs.code)
  })
}

test('grep exits with 2 for a file that is missing, and prints the others', async (t) => {
  const missing = freshPath()
  const ours = await runExample('grep', ['aaa', missing, odd])
  const theirs = await run('grep', ['-a', '-F', 'aaa', missing, odd])
  t.is(ours.code, 2)
  t.is(theirs.code, 2)
  t.is(ours.output, theirs.output)
  t.regex(ours.errors, /no such file or directory/)
})

test('grep finds what lies across its spans, and shows how far it is', async (t) => {
  const path = freshPath()
  const fd = openSync(path, 'w')
  const span = 64 * 1024 * 1024
  ftruncateSync(fd, 3 * span)
  writeSync(fd, '\nneedle\n', span - 4)
  writeSync(fd, '\nneedle\n', 2 * span + 1000)
  closeSync(fd)
  const { code, output, errors } = await runExample('grep', ['-b', '--progress', 'needle', path])
  t.is(code, 0)
  t.is(output, `${span - 3}:needle\n${2 * span + 1001}:needle\n`)
  t.regex(errors, /^\r\d+ % /)
})

test('grep ends quietly when its reader has gone', (t) => {
  const command = `"$0" --import "$1" "$2" e "$3" | head -n 1`
  const module = fileURLToPath(new URL('../../examples/grep.ts', import.meta.url))
  const register = import.meta.resolve('@oxc-node/core/register')
  const output = execFileSync(
    'sh',
    ['-c', command, process.execPath, register, module, process.execPath],
    { env: { ...process.env, NODE_OPTIONS: '' } },
  )
  t.true(output.length > 0)
})
