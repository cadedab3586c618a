// Two mappings of a file, in this process and in another: what one writes, the other reads.
import { spawn } from 'node:child_process'
import { appendFileSync, ftruncateSync, openSync, readFileSync, statSync, writeSync } from 'node:fs'
import { createInterface } from 'node:readline'
import {
  ACCESS_COPY,
  ACCESS_READ,
  ACCESS_WRITE,
  MAP_ANONYMOUS,
  MAP_SHARED,
  Mmap,
  PAGESIZE,
} from '../index.js'
import { descriptor, latin1, mappedPath, temporaryFile } from './support/files.ts'
import { command, moduleFile } from './support/runtime.ts'
import { unix } from './support/platform.ts'
import test, { type Assertions, testWhere } from './support/test.ts'

/** Another process with a map `m` of the file, which evaluates expressions that it is sent. */
class Other {
  readonly #child
  readonly #answers: AsyncIterator<string>
  constructor(t: Assertions, path: string, options: string) {
    const [program, args] = command(
      moduleFile(`
        const { createInterface } = await import('node:readline')
        let m = fmmap.Mmap.open(process.argv[2], ${options})
        for await (const line of createInterface({ input: process.stdin })) {
          let answer
          try { answer = { value: eval(line) } } catch (error) { answer = { code: error.code ?? String(error) } }
          process.stdout.write(JSON.stringify(answer, (_, v) => typeof v === 'object' && v?.type === 'Buffer' ? Buffer.from(v.data).toString('latin1') : v) + '\\n')
        }`),
      [path],
    )
    this.#child = spawn(program, args, {
      env: { ...process.env, NODE_OPTIONS: '' },
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    this.#answers = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]()
    t.teardown(() => this.end())
  }

  async ask(expression: string): Promise<unknown> {
    this.#child.stdin.write(`${expression}\n`)
    const { value, done } = await this.#answers.next()
    if (done === true) throw new Error('the other process ended')
    const answer = JSON.parse(value) as { value?: unknown; code?: string }
    if (answer.code !== undefined) throw new Error(`the other process: ${answer.code}`)
    return answer.value
  }

  async end(): Promise<void> {
    if (this.#child.exitCode !== null) return
    const ended = new Promise((resolve) => this.#child.on('exit', resolve))
    this.#child.stdin.end()
    await ended
  }
}

test('two maps of a file in one process are one memory', (t) => {
  const path = temporaryFile(2 * PAGESIZE)
  const one = mappedPath(t, path, { access: ACCESS_WRITE })
  const two = mappedPath(t, path)
  const reader = mappedPath(t, path, { access: ACCESS_READ })
  one.setSlice('first', 10, 15)
  t.is(latin1(two.slice(10, 15)), 'first')
  two.seek(PAGESIZE)
  two.write('second')
  t.is(one.find('second'), PAGESIZE)
  t.is(reader.rfind('second', 0), PAGESIZE)
  one.set(0, 200)
  t.is(reader.get(0), 200)
  t.is(two.readByte(), 0)
})

test('what another process writes is read here, and the other way round', async (t) => {
  t.timeout(900_000)
  const path = temporaryFile(2 * PAGESIZE)
  const m = mappedPath(t, path)
  const other = new Other(t, path, '{ access: fmmap.ACCESS_WRITE }')
  m.write('from here')
  t.is(await other.ask('m.slice(0, 9)'), 'from here')
  await other.ask(`m.setSlice('from there', ${PAGESIZE}, ${PAGESIZE + 10})`)
  t.is(m.find('from there', 0), PAGESIZE)
  for (let i = 0; i < 20; i++) {
    m.set(100, i)
    t.is(await other.ask('m.get(100)'), i)
    await other.ask(`m.set(101, ${i + 50})`)
    t.is(m.get(101), i + 50)
  }
  t.is(await other.ask('m.flush()'), undefined)
  await other.end()
  t.is(latin1(m.slice(PAGESIZE, PAGESIZE + 10)), 'from there', 'what it wrote outlives it')
})

test('a copy in another process is its own, and a reader cannot write', async (t) => {
  t.timeout(900_000)
  const path = temporaryFile('abcdef')
  const m = mappedPath(t, path)
  const copy = new Other(t, path, `{ access: ${ACCESS_COPY} }`)
  await copy.ask(`m.write('XYZ')`)
  t.is(await copy.ask('m.slice()'), 'XYZdef')
  t.is(latin1(m.slice()), 'abcdef')
  const reader = new Other(t, path, '{}')
  m.set(0, 65)
  t.is(await reader.ask('m.get(0)'), 65)
  t.is(
    await reader.ask(`(() => { try { m.set(0, 1) } catch (error) { return error.code } })()`),
    'ERR_MMAP_READONLY',
  )
})

test('flush brings a map’s bytes to the file, and ordinary writes come to the map', (t) => {
  const path = temporaryFile(PAGESIZE)
  const m = mappedPath(t, path)
  m.write('mapped')
  m.flush()
  t.is(readFileSync(path, 'latin1').slice(0, 6), 'mapped')
  const fd = descriptor(t, path)
  writeSync(fd, Buffer.from('written'), 0, 7, 100)
  t.is(m.find('written', 0), 100)
})

test('a file that grows: size() tells at once, the map when it is resized', async (t) => {
  t.timeout(900_000)
  const path = temporaryFile('line 1\n')
  const m = mappedPath(t, path)
  const other = new Other(t, path, '{ access: fmmap.ACCESS_WRITE }')
  t.is(await other.ask('m.readline()'), 'line 1\n')
  appendFileSync(path, 'line 2\n')
  t.is(m.length, 7)
  t.is(m.size(), 14)
  t.is(await other.ask('m.size()'), 14)
  await other.ask('m.resize(m.size())')
  t.is(await other.ask('m.readline()'), 'line 2\n')
  m.resize(m.size())
  t.is(m.length, 14)
  await other.ask(`(m.resize(${3 * PAGESIZE}), m.setSlice('end', -3))`)
  t.is(m.size(), 3 * PAGESIZE)
  m.resize(m.size())
  t.is(latin1(m.slice(-3)), 'end')
  t.is(statSync(path).size, 3 * PAGESIZE)
})

test('many sizes of one file while it grows and is followed', (t) => {
  const path = temporaryFile('x')
  const fd = openSync(path, 'r+')
  t.teardown(() => ftruncateSync(fd, 0))
  const m = mappedPath(t, path)
  for (let i = 2; i <= 200; i++) {
    const size = i * 1000
    ftruncateSync(fd, size)
    writeSync(fd, Buffer.from(`${i}`.padStart(4, '0')), 0, 4, size - 4)
    m.resize(m.size())
    t.is(m.length, size)
    t.is(latin1(m.slice(-4)), `${i}`.padStart(4, '0'))
  }
  m.close()
})

testWhere(unix, 'Unix’s rules; windows.spec.ts has Windows’s')(
  'shared anonymous memory is this process’s alone; a private map of it is nobody else’s',
  (t) => {
    const one = new Mmap(-1, PAGESIZE, { flags: MAP_SHARED | MAP_ANONYMOUS })
    const two = new Mmap(-1, PAGESIZE, { flags: MAP_SHARED | MAP_ANONYMOUS })
    t.teardown(() => {
      one.close()
      two.close()
    })
    one.write('mine')
    t.is(latin1(two.slice(0, 4)), '\0\0\0\0')
  },
)
