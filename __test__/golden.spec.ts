// Replays the answers of CPython's own mmap, stored by golden/generate.py, which also describes the format.
import { readFileSync, statSync } from 'node:fs'
import { crc32 } from 'node:zlib'
import { ACCESS_COPY, ACCESS_READ, ACCESS_WRITE, constants, type Mmap, PAGESIZE } from '../index.js'
import { checkError, type Coded } from './support/errors.ts'
import { anonymous, bytes, latin1, mappedPath, temporaryFile } from './support/files.ts'
import { unix } from './support/platform.ts'
import { type Assertions, testWhere } from './support/test.ts'

type Count = number | [pages: number, bytes: number]
type Argument = Count | string | null
type Failure = { error: string; message?: string; errno?: string }
type Answer = number | string | null | Failure
type Step = [call: string, args: Argument[], answer: Answer]
type Kind = 'file' | 'read' | 'copy' | 'shared' | 'private'
type Case = [setup: [Kind, string | [number, number]], steps: Step[]]

interface Golden {
  python: string
  cases: Case[]
}

const accesses = { file: ACCESS_WRITE, read: ACCESS_READ, copy: ACCESS_COPY }
const codes: Record<string, string> = {
  ValueError: 'ERR_OUT_OF_RANGE',
  IndexError: 'ERR_OUT_OF_RANGE',
  OverflowError: 'ERR_OUT_OF_RANGE',
  TypeError: 'ERR_MMAP_READONLY',
}

interface Subject {
  map: Mmap
  path: string | undefined
}

function subject(t: Assertions, [kind, content]: Case[0]): Subject {
  const initial =
    typeof content === 'string' ? bytes(content) : Buffer.alloc(content[0] * PAGESIZE + content[1])
  if (kind === 'shared' || kind === 'private') {
    const map = anonymous(t, initial.length, kind)
    map.setSlice(initial)
    return { map, path: undefined }
  }
  const path = temporaryFile(initial)
  return { map: mappedPath(t, path, { access: accesses[kind] }), path }
}

type Value = number | Buffer | string | undefined

const text = (value: Value): Buffer => value as Buffer
const count = (value: Value): number => value as number
const optional = (value: Value): number | undefined => value as number | undefined

const calls: Record<string, (s: Subject, args: Value[]) => unknown> = {
  find: ({ map }, [sub, start, end]) => map.find(text(sub), optional(start), optional(end)),
  rfind: ({ map }, [sub, start, end]) => map.rfind(text(sub), optional(start), optional(end)),
  seek: ({ map }, [pos, whence]) => map.seek(count(pos), optional(whence)),
  tell: ({ map }) => map.tell(),
  size: ({ map }) => map.size(),
  read: ({ map }, [n]) => map.read(optional(n)),
  readline: ({ map }) => map.readline(),
  read_byte: ({ map }) => map.readByte(),
  write: ({ map }, [source]) => map.write(text(source)),
  write_byte: ({ map }, [value]) => map.writeByte(count(value)),
  get: ({ map }, [index]) => map.get(count(index)),
  set: ({ map }, [index, value]) => {
    map.set(count(index), count(value))
    return map.slice()
  },
  slice: ({ map }, [start, stop, step]) =>
    map.slice(optional(start), optional(stop), optional(step)),
  setSlice: ({ map }, [source, start, stop, step]) => {
    map.setSlice(text(source), optional(start), optional(stop), optional(step))
    return map.slice()
  },
  move: ({ map }, [dest, src, amount]) => map.move(count(dest), count(src), count(amount)),
  flush: ({ map }, [offset, size]) => map.flush(optional(offset), optional(size)),
  madvise: ({ map }, [option, start, length]) =>
    map.madvise(count(option), optional(start), optional(length)),
  resize: ({ map }, [size]) => map.resize(count(size)),
  content: ({ map }) => map.slice(),
  checksum: ({ map }) => crc32(map.slice()),
  length: ({ map }) => map.length,
  fileSize: ({ path }) => statSync(path ?? '').size,
}

function valueOf(call: string, argument: Argument): Value {
  if (argument === null) return undefined
  if (Array.isArray(argument)) return argument[0] * PAGESIZE + argument[1]
  if (typeof argument === 'number') return argument
  return call === 'madvise'
    ? (constants as unknown as Record<string, number>)[argument]
    : bytes(argument)
}

function replay(t: Assertions, [setup, steps]: Case, label: string): void {
  const s = subject(t, setup)
  for (const [index, [call, args, expected]] of steps.entries()) {
    const where = `${label}, step ${index}: ${call}(${JSON.stringify(args)}) of ${JSON.stringify(setup).slice(0, 200)}`
    let actual: unknown
    let error: Coded | undefined
    try {
      actual = calls[call]?.(
        s,
        args.map((argument) => valueOf(call, argument)),
      )
    } catch (thrown) {
      error = thrown as Coded
    }
    if (typeof expected === 'object' && expected !== null) {
      if (error === undefined)
        throw new Error(
          `${where}: CPython says ${expected.error} ${expected.message ?? expected.errno}`,
        )
      checkError(
        t,
        error,
        expected.errno ?? codes[expected.error] ?? expected.error,
        expected.message,
        where,
      )
    } else {
      if (error !== undefined) throw new Error(`${where}: ${error.stack}`)
      const shown = actual === undefined ? null : Buffer.isBuffer(actual) ? latin1(actual) : actual
      if (shown !== expected)
        throw new Error(
          `${where}: is ${JSON.stringify(shown)}, and ${JSON.stringify(expected)} in CPython`,
        )
    }
  }
  s.map.close()
}

for (const topic of ['search', 'slices', 'move', 'position', 'resize', 'flush', 'madvise']) {
  // The answers are those of CPython on Linux; a file cut short, msync and madvise are Unix's.
  const everywhere = !['resize', 'flush', 'madvise'].includes(topic)
  testWhere(unix || everywhere, 'answers of Unix')(`CPython’s answers: ${topic}`, (t) => {
    const { python, cases } = JSON.parse(
      readFileSync(new URL(`golden/${topic}.json`, import.meta.url), 'utf8'),
    ) as Golden
    let answers = 0
    for (const [index, one] of cases.entries()) {
      replay(t, one, `${topic} ${index}`)
      answers += one[1].length
    }
    t.true(answers > 100)
    t.log(`${answers} answers of CPython ${python}`)
  })
}
