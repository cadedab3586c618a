// Compares every member with CPython 3.15, which runs in pyodide, over generated sequences of calls: arguments of every
// kind, every access, open and closed. Whatever differs must be stated in oracle/differences.ts.
import { readFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ACCESS_COPY, ACCESS_DEFAULT, ACCESS_READ, ACCESS_WRITE, Mmap } from '../index.js'
import {
  type Answer,
  type Argument,
  constructorDifferences,
  differences,
  type Made,
  type Step,
} from './oracle/differences.ts'
import { bytes, descriptor, mapped, temporaryFile } from './support/files.ts'
import { numbers } from './support/haystacks.ts'
import { checkout, emulated, linux, scaled } from './support/platform.ts'
import { type Assertions, testWhere } from './support/test.ts'

type Case = [kind: string, content: string, steps: Step[]]

const accesses: Record<string, number> = {
  default: ACCESS_DEFAULT,
  read: ACCESS_READ,
  write: ACCESS_WRITE,
  copy: ACCESS_COPY,
}
const contents = [
  'hello world',
  'a',
  'aaaaaaa',
  'one\ntwo\n\nthree',
  '\0\xff\0\xffab\0',
  'abcabcabc\n',
]

/** Integers of all sizes around a length, and values that are no integers. */
function integers(length: number): Argument[] {
  const near = [0, 1, 2, 3, length - 1, length, length + 1, length + 5]
  return [
    ...near,
    ...near.map((one) => (one === 0 ? -2 : -one)),
    2 ** 31 - 1,
    -(2 ** 31),
    { number: '2147483648' },
    { number: '4294967296' },
    { number: '9007199254740991' },
    { number: '-9007199254740991' },
    { number: '1180591620717411303424' },
    null,
    { float: 1.5 },
    { str: '3' },
    { bool: true },
    { list: [] },
    { bytes: 'ab' },
  ]
}

const sources: Argument[] = [
  ...['', 'a', 'o', 'll', 'abc', 'hello world', '\n', '\0\xff', 'zz', 'x'.repeat(20)].map(
    (text) => ({
      bytes: text,
    }),
  ),
  null,
  7,
  { float: 2.5 },
  { str: 'o' },
  { list: [] },
]

const bytesOr = 'b'
const number = 'n'
/** The members and the kinds of their arguments. Those behind the bar can be left out. */
const members: [name: string, kinds: string, least: number][] = [
  ['find', 'bnn', 1],
  ['rfind', 'bnn', 1],
  ['find', 'bnn', 2],
  ['rfind', 'bnn', 3],
  ['read', number, 0],
  ['readline', '', 0],
  ['read_byte', '', 0],
  ['write', bytesOr, 1],
  ['write_byte', number, 1],
  ['seek', 'nn', 1],
  ['tell', '', 0],
  ['size', '', 0],
  ['length', '', 0],
  ['closed', '', 0],
  ['seekable', '', 0],
  ['get', number, 1],
  ['set', 'nn', 2],
  ['slice', 'nnn', 0],
  ['setSlice', 'bnnn', 1],
  ['move', 'nnn', 3],
  ['flush', 'nn', 0],
  ['madvise', 'nnn', 1],
  ['content', '', 0],
  ['iterate', '', 0],
]

function generate(count: number): Case[] {
  const random = numbers(315)
  const below = (n: number): number => (random() >>> 4) % n
  const pick = <T>(all: readonly T[]): T => all[below(all.length)] as T
  return Array.from({ length: count }, () => {
    const kind = pick(['default', 'read', 'write', 'copy', 'anonymous', 'untracked'])
    const content = pick(contents)
    const all = integers(content.length)
    const plain = all.slice(0, 16)
    const steps: Step[] = []
    const length = 4 + below(8)
    const closes = below(5) === 0 ? below(length) : -1
    for (let at = 0; at < length; at += 1) {
      if (at === closes) steps.push(['close', []])
      const [name, kinds, least] = pick(members)
      const given = least + below(kinds.length - least + 1)
      // Most steps have at most one argument of a wrong kind, which is enough to see the order of the checks.
      const strange = below(3) === 0
      const args = Array.from(kinds.slice(0, given), (one): Argument => {
        if (one === bytesOr) return pick(strange ? sources : sources.slice(0, 10))
        return pick(strange ? all : plain)
      })
      // Uses advice that both know: WebAssembly accepts any.
      if (name === 'madvise' && typeof args[0] === 'number') args[0] = below(4)
      // For an offset that is no multiple of the page size, the system answers, and the systems differ.
      if (
        (name === 'flush' && typeof args[0] === 'number') ||
        (name === 'madvise' && typeof args[1] === 'number')
      ) {
        const place = name === 'flush' ? 0 : 1
        if ((args[place] as number) > 0 && (args[place] as number) < content.length) args[place] = 0
      }
      if (name === 'flush' && args[0] === content.length) args[0] = content.length + 1
      steps.push([name, args])
    }
    steps.push(['tell', []], ['content', []])
    return [kind, content, steps]
  })
}

/** What stands for an argument here; a default for None. */
function valueOf(argument: Argument): unknown {
  if (argument === null) return undefined
  if (typeof argument !== 'object') return argument
  const [[kind, held] = []] = Object.entries(argument)
  if (kind === 'bytes') return bytes(held as string)
  return kind === 'number' ? Number(held) : held
}

const names: Record<string, string> = { read_byte: 'readByte', write_byte: 'writeByte' }

/** The class that Python has for an error of this package. */
function pythonsClass(step: Step, { code, message }: { code: string; message: string }): string {
  if (code === 'ERR_INVALID_ARG_TYPE' || code === 'ERR_MMAP_READONLY') return 'TypeError'
  if (code === 'ERR_OUT_OF_RANGE') {
    if (/^mmap (index out of range|slice assignment)/.test(message)) return 'IndexError'
    return /^unsigned byte|^memory mapped|too large|2\^53|32-bit/.test(message)
      ? 'OverflowError'
      : 'ValueError'
  }
  return /^E[A-Z]+$/.test(code)
    ? 'OSError'
    : code.startsWith('ERR_MMAP_')
      ? 'ValueError'
      : `${step[0]} ${code}`
}

function answerOf(m: Mmap, step: Step): Answer {
  const [name, args] = step
  const values = args.map(valueOf)
  try {
    if (name === 'length') return [m.length]
    if (name === 'closed') return [m.closed]
    if (name === 'iterate') return [[...m]]
    const member = name === 'content' ? 'slice' : (names[name] ?? name)
    const result = (m as unknown as Record<string, (...all: unknown[]) => unknown>)[member]?.(
      ...values,
    )
    if (result === undefined) return [null]
    return [Buffer.isBuffer(result) ? result.toString('latin1') : result]
  } catch (error) {
    const coded = error as { code: string; message: string }
    return [pythonsClass(step, coded), coded.message]
  }
}

/**
 * Whether the text of an error is compared. Those of Python's own argument parser and about types are not: there the
 * class is enough.
 */
const sentenceCounts = (error: unknown): boolean => error !== 'TypeError' && error !== 'OSError'

function same(python: Answer, ours: Answer): boolean {
  if (python.length !== ours.length) return false
  if (python.length === 1) return JSON.stringify(python[0]) === JSON.stringify(ours[0])
  const [error, message] = python
  if (error !== ours[0]) return false
  const sentence = ours[1] as string
  return !sentenceCounts(error) || sentence === message || sentence.startsWith(`${message}: `)
}

function subject(t: Assertions, kind: string, content: string): Mmap {
  const access = accesses[kind]
  if (access !== undefined) return mapped(t, content, { access })
  const m = new Mmap(-1, content.length, { trackfd: kind !== 'untracked' })
  t.teardown(() => m.close())
  m.setSlice(bytes(content))
  return m
}

/** Arguments of the constructor, valid and invalid ones. */
function generateMade(count: number): Made[] {
  const random = numbers(53)
  const below = (n: number): number => (random() >>> 4) % n
  const pick = <T>(all: readonly T[]): T => all[below(all.length)] as T
  const strange: Argument[] = [{ float: 1.5 }, { str: '3' }, { list: [] }, { bytes: 'a' }]
  return Array.from({ length: count }, () => {
    const content = pick(['', 'a', 'hello world'])
    const odd = below(6) === 0
    const length = pick([0, 0, 1, 5, 11, 12, -1, -5, 2 ** 31 - 1, ...(odd ? strange : [])])
    const options: Record<string, Argument> = {}
    if (below(3) > 0) options.access = pick([0, 1, 2, 3, 4, -1, 99, ...(odd ? strange : [])])
    if (below(4) === 0) options.flags = pick([1, 2, ...(odd ? strange : [])])
    if (below(4) === 0) options.prot = pick([1, 2, 3, 4, 5, 0, ...(odd ? strange : [])])
    if (below(4) === 0)
      options.offset = pick([0, -1, -65536, 65536, 2 ** 30, ...(odd ? strange : [])])
    return [content, below(4) === 0, length, options]
  })
}

function answerOfMade(t: Assertions, [content, anonymous_, length, options]: Made): Answer {
  const fd = anonymous_ ? -1 : descriptor(t, temporaryFile(content))
  const given = Object.fromEntries(
    Object.entries(options).map(([name, one]) => [name, valueOf(one)]),
  )
  try {
    const m = new Mmap(fd, valueOf(length) as number, given)
    const shown = String(m)
    m.close()
    return [shown]
  } catch (error) {
    const coded = error as { code: string; message: string }
    return [pythonsClass(['new', []], coded), coded.message]
  }
}

const reason =
  'pyodide is run by Node in a checkout on Linux, where its answers are the system’s too'

interface Python {
  version: string
  ask(name: string, cases: unknown): Answer[]
}

let running: Promise<Python> | undefined

/** CPython, which takes a second to start, for both tests. */
const cpython = (): Promise<Python> => (running ??= start())

/** With the functions of answers.py. */
async function start(): Promise<Python> {
  const { loadPyodide } = await import('pyodide')
  // Otherwise pyodide finds its folder by a stack trace, which a source map would change.
  const indexURL = dirname(fileURLToPath(import.meta.resolve('pyodide')))
  const python = await loadPyodide({ indexURL })
  python.runPython(readFileSync(new URL('oracle/answers.py', import.meta.url), 'utf8'))
  return {
    version: python.runPython('import sys; sys.version.split()[0]') as string,
    ask(name, cases) {
      const answers = python.globals.get(name) as (cases: string) => string
      return JSON.parse(answers(JSON.stringify(cases))) as Answer[]
    },
  }
}

const where = testWhere(checkout && linux && !emulated, reason)

testWhere(checkout, 'the documents are in a checkout')(
  'docs/python.md says every difference of the table',
  (t) => {
    const page = readFileSync(new URL('../docs/python.md', import.meta.url), 'utf8')
    const sentences = differences.flatMap(({ documented }) => documented ?? [])
    t.deepEqual(
      sentences.filter((sentence) => !page.includes(sentence)),
      [],
    )
    t.is(differences.length - sentences.length, 1, 'one is of WebAssembly')
  },
)

where('the constructor answers as CPython 3.15’s does, but for what is stated', async (t) => {
  t.timeout(900_000)
  const { version, ask } = await cpython()
  const cases = generateMade(scaled(1500))
  const expected = ask('construct', cases)
  const unstated: string[] = []
  const stated = new Set<string>()
  for (const [index, one] of cases.entries()) {
    const [python, ours] = [expected[index] as Answer, answerOfMade(t, one)]
    if (same(python, ours)) continue
    const difference = constructorDifferences.find((each) => each.covers(one, python, ours))
    if (difference !== undefined) {
      stated.add(difference.stated)
      continue
    }
    unstated.push(
      `${JSON.stringify(one)} is ${JSON.stringify(ours)}, in CPython ${JSON.stringify(python)}`,
    )
  }
  t.log(
    `${cases.length} constructors, CPython ${version}: ${unstated.length} unstated differences, ${[...stated].join('; ')}`,
  )
  t.deepEqual(unstated.slice(0, 20), [])
})

where('every member answers as CPython 3.15 does, but for what is stated', async (t) => {
  t.timeout(900_000)
  const { version, ask } = await cpython()
  t.true(version.startsWith('3.15'), version)
  const cases = generate(scaled(3000))
  const expected = ask('run', cases) as unknown as Answer[][]
  const unstated: string[] = []
  const stated = new Map<string, number>()
  let calls = 0
  for (const [index, [kind, content, steps]] of cases.entries()) {
    const m = subject(t, kind, content)
    for (const [at, step] of steps.entries()) {
      const theirs = expected[index]?.[at] as Answer
      const ours = answerOf(m, step)
      calls += 1
      if (same(theirs, ours)) continue
      const difference = differences.find((one) => one.covers(step, theirs, ours))
      if (difference === undefined) {
        unstated.push(
          `${kind} ${JSON.stringify(content)}: ${JSON.stringify(step)} is ${JSON.stringify(ours)}, in CPython ${JSON.stringify(theirs)}`,
        )
      } else stated.set(difference.stated, (stated.get(difference.stated) ?? 0) + 1)
      // If one side has done something and the other has not, the states differ from here on.
      break
    }
    m.close()
  }
  t.log(
    `${cases.length} cases, ${calls} calls, CPython ${version}: ${unstated.length} unstated differences`,
  )
  for (const [sentence, count] of stated) t.log(`${count} times: ${sentence}`)
  t.deepEqual(unstated.slice(0, 20), [])
  if (scaled(3000) < 3000) return
  const unseen = differences.filter((one) => !stated.has(one.stated)).map((one) => one.stated)
  t.deepEqual(unseen, [], 'what the table states and no case shows')
})
