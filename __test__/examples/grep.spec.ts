import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { grep, withinLine } from '../../examples/grep.ts'
import { freshPath, temporaryFile } from '../support/files.ts'
import { example, register, runExample } from './run.ts'
import test, { type ExecutionContext } from 'ava'

const root = fileURLToPath(new URL('../..', import.meta.url))
const below = (folder: string, ending: string): string[] =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith(ending))
    .map((name) => join(root, folder, name))
    .toSorted()

/** Sources of ours in three languages, and sources of others. */
const trees = [
  ...below('lib', '.ts'),
  ...below('docs', '.md'),
  ...below('crates/fmmap-core/src/pattern', '.rs'),
  ...below('node_modules/@types/node', '.d.ts').slice(0, 6),
]

/** Lines of all kinds: long, empty, with \r, with bytes that are not UTF-8, NULs, and a last one without a newline. */
const log = temporaryFile(
  Buffer.concat([
    ...Array.from({ length: 1000 }, (_, at) =>
      Buffer.from(
        `2026-01-${10 + (at % 20)} 10.0.${at % 7}.${at % 256} GET /a/${at} "x y" ${at % 3 ? 'ok' : 'ERROR'}\n`,
      ),
    ),
    Buffer.from(`${'long '.repeat(60_000)}ERROR end\n`),
    Buffer.from('\n\n  \t\nwindows\r\nERROR windows\r\n"open\nnext" ERROR\n'),
    Buffer.from('caf\xE9 ERROR latin1\nbad \xFF\xFE ERROR\n\0\0binary\0 ERROR\n', 'latin1'),
    Buffer.from('größe Größe ERROR\u2028x\nthe last ERROR'),
  ]),
)
const empty = temporaryFile('')
const newline = temporaryFile('\n')
const files: Readonly<Record<string, readonly string[]>> = {
  trees,
  log: [log],
  'all and empty files': [log, empty, newline, ...trees.slice(0, 3)],
  'an empty file': [empty],
  'a newline': [newline],
}

const has = (program: string): boolean => spawnSync(program, ['--version']).status === 0
const utf8 = { ...process.env, LC_ALL: 'C.UTF-8', GREP_OPTIONS: '', GREP_COLORS: '' }
const hasGrep = has('grep') && /GNU/.test(spawnSync('grep', ['--version']).stdout.toString())
const hasRipgrep = has('rg')

interface Answer {
  readonly code: number | null
  readonly output: string
}

function theirs(program: string, args: readonly string[]): Answer {
  const { status, stdout } = spawnSync(program, args, { env: utf8, maxBuffer: 2 ** 28 })
  return { code: status, output: stdout.toString('latin1') }
}

function ours(args: readonly string[]): Answer & { errors: string } {
  let [output, errors] = ['', '']
  const code = grep(
    [...args],
    (bytes) => (output += Buffer.from(bytes).toString('latin1')),
    (message) => (errors += `${message}\n`),
  )
  return { code, output, errors }
}

/** The first line that differs is said, not megabytes. */
function same(t: ExecutionContext, mine: Answer, other: Answer): void {
  t.is(mine.code, other.code)
  if (mine.output === other.output) return
  const [lines, expected] = [mine.output.split('\n'), other.output.split('\n')]
  const at = expected.findIndex((line, index) => line !== lines[index])
  t.is(lines[at]?.slice(0, 300), expected[at]?.slice(0, 300), `line ${at}`)
  t.is(lines.length, expected.length)
}

const questions: readonly (readonly string[])[] = [
  ['-n', 'ERROR'],
  ['-c', '[0-9]+'],
  ['-v', '-n', 'e'],
  ['-c', '-v', '[a-z]'],
  ['-i', 'error|größe'],
  ['-o', '[[:alpha:]]+[0-9]'],
  ['-n', '-b', '-o', '"[^"]*"'],
  ['-b', '^#+ '],
  ['-n', '^[[:blank:]]+$'],
  ['-n', '\\s+\\S+\\s*$'],
  ['-c', 'a\\W+b'],
  ['-n', '[^a-z]{3}[]x[]'],
  ['-o', '\\<[A-Z]+_[A-Z]+\\>'],
  ['-c', ''],
  ['-n', '-o', '^'],
  ['-F', '-n', '...'],
  ['-F', '-i', '-c', 'error'],
  ['-F', '-o', 'ERR\ne'],
  ['-n', 'async\nERROR'],
  ['-v', '-o', 'a'],
  ['-h', 'import .* from'],
  ['-H', '-c', 'no such line in any of the files'],
  ['-n', '-e', 'unsafe', '-e', '=> Option'],
  ['--count', '--', '-> '],
  ['.{100,}'],
]

for (const question of questions) {
  test(`grep ${question.join(' ')} answers as GNU grep -E`, (t) => {
    for (const paths of Object.values(files)) {
      const mine = ours([...question, ...paths])
      t.is(mine.errors, '')
      const how = question.includes('-F') ? [] : ['-E']
      if (hasGrep) same(t, mine, theirs('grep', ['-a', ...how, ...question, ...paths]))
      else t.log('no GNU grep here')
    }
  })
}

test('grep answers as rg on the same trees', (t) => {
  if (!hasRipgrep) {
    t.log('no rg here')
    t.true(ours(['-c', 'fn ', ...trees]).output.length > 0)
    return
  }
  const how = ['--no-config', '--color=never', '--no-heading', '-a', '-j1', '--sort=path']
  // The \w of rg has all letters of Unicode, and the trees may have some beyond ASCII.
  for (const question of [
    ['-n', '\\bfn [0-9A-Za-z_]+'],
    ['-n', '-i', 'error'],
    ['-n', '-o', '[0-9A-Za-z_]+\\('],
    ['-n', '-v', '[a-z]'],
    ['-n', '"[^"]*"'],
    ['-n', '\\s$'],
  ]) {
    for (const paths of [trees, [log]]) {
      const name = paths.length > 1 ? ['-H'] : []
      const mine = ours([...question, ...paths])
      const other = theirs('rg', [...how, ...name, ...question, '--', ...paths])
      const sorted = ({ code, output }: Answer): Answer => ({
        code,
        output: output.split('\n').toSorted().join('\n'),
      })
      same(t, sorted(mine), sorted(other))
    }
  }
})

test('what differs from GNU grep: the first alternative counts, and ^ and $ are true beside a \\r', (t) => {
  const file = temporaryFile('foobar\nend\r\n')
  t.is(ours(['-o', 'foo|foobar', file]).output, 'foo\n')
  t.is(ours(['-n', 'd$', file]).output, '2:end\r\n')
  t.is(ours(['-c', '^$', file]).output, '1\n')
})

test('a pattern within a line matches no newline', (t) => {
  t.is(withinLine('a.b'), 'a[^\\n]b')
  t.is(withinLine('[^x]'), '[^\\nx]')
  t.is(withinLine('[]a]|[^]]'), '[\\]a]|[^\\n\\]]')
  t.is(withinLine('\\.[.]\\['), '\\.[.]\\[')
  t.is(withinLine('[[:digit:]_]'), '[0-9_]')
  t.is(withinLine('[a[]b[]c]'), '[a[]b[\\]c]')
  for (const source of [
    '\\s',
    '\\W',
    '\\D',
    '.',
    '[^a]',
    '[\\s]',
    '[\\Wx]',
    '[\\D]',
    '[[:space:]]',
  ]) {
    t.false(new RegExp(withinLine(source)).test('\n'), source)
    t.true(new RegExp(withinLine(source)).test(' '), source)
    t.is(
      new RegExp(withinLine(source)).test('\u00A0'),
      new RegExp(source).test('\u00A0') || source === '.',
    )
  }
})

test('grep exits with 2 for a file that is missing, and prints the others', (t) => {
  const file = temporaryFile('aaa\n')
  for (const wrong of [freshPath(), root]) {
    const { code, output, errors } = ours(['aaa', wrong, file])
    t.is(code, 2)
    t.is(output, `${file}:aaa\n`)
    t.true(errors.startsWith(`grep: ${wrong}: `), errors)
  }
})

test('grep exits with 2 for a command line that it does not understand', (t) => {
  for (const [args, message] of [
    [['a'], /usage/],
    [[], /usage/],
    [['-Z', 'a', log], /-Z/],
    [['(', log], /Invalid regular expression/],
    [['(a)\\1', log], /backreference/],
  ] as const) {
    const { code, output, errors } = ours(args)
    t.is(code, 2)
    t.is(output, '')
    t.regex(errors, /^grep: /)
    t.regex(errors, message)
  }
})

test('grep is a program: it prints, complains and exits', async (t) => {
  const file = temporaryFile('one\ntwo\n')
  const found = await runExample('grep', ['-n', 'o$', '--', file])
  t.deepEqual(found, { code: 0, output: '2:two\n', errors: '' })
  t.is((await runExample('grep', ['three', file])).code, 1)
  const { code, errors } = await runExample('grep', ['one', freshPath()])
  t.is(code, 2)
  t.regex(errors, /^grep: .*no such file or directory/)
})

test('grep ends quietly when its reader has gone', (t) => {
  const command = `"$0" --import "$1" "$2" e "$3" | head -n 1`
  const words = [process.execPath, register, example('grep'), process.execPath]
  const { stdout, stderr } = spawnSync('sh', ['-c', command, ...words], {
    env: { ...process.env, NODE_OPTIONS: '' },
    maxBuffer: 2 ** 28,
  })
  t.true(stdout.length > 0)
  t.is(stderr.toString(), '')
})
