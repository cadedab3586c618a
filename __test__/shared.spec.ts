// Memory by name, between processes of this runtime and with Python.
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, statSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { ACCESS_WRITE, Mmap, PAGESIZE } from '../index.js'
import { refuses } from './support/errors.ts'
import { freshName, latin1 } from './support/files.ts'
import { externalBuffers, linux, scaled, unix } from './support/platform.ts'
import { childAnswer, command, moduleFile } from './support/runtime.ts'
import test, { testWhere } from './support/test.ts'

if (linux) {
  // This runs after the teardowns: a name that still exists is a failure of this file.
  process.on('exit', () => {
    const left = readdirSync('/dev/shm').filter((name) => name.startsWith(`fmmap-${process.pid}-`))
    if (left.length === 0) return
    console.error(`left in /dev/shm: ${left.join()}`)
    process.exitCode = 1
  })
}

const made600 = (name: string): number => statSync(`/dev/shm/${name}`).mode & 0o777

test('two maps of one name are one memory', (t) => {
  const name = freshName(t)
  using one = Mmap.shared(name, 100, { create: true })
  using two = Mmap.shared(name)
  t.is(one.length, 100)
  t.true(two.length >= 100, 'all of it, in whole pages on some systems')
  one.write('by name')
  t.is(latin1(two.slice(0, 7)), 'by name')
  t.is(one.access, ACCESS_WRITE)
  t.is(one.offset, 0)
  t.is(one.tell(), 7)
  using part = Mmap.shared(name, 7)
  t.is(latin1(part.slice()), 'by name')
  using threads = Mmap.from(part.share())
  t.is(latin1(threads.slice()), 'by name')
  class Log extends Mmap {}
  using log = Log.shared(name)
  t.true(log instanceof Log)
})

testWhere(unix, 'a name goes with its memory on Windows')(
  'a name outlives its maps, and memory outlives its name',
  (t) => {
    const name = freshName(t)
    const one = Mmap.shared(name, 10, { create: 'exclusive' })
    one.write('left over')
    one.close()
    refuses(t, () => Mmap.shared(name, 10, { create: 'exclusive' }), 'EEXIST', new RegExp(name))
    using two = Mmap.shared(name, 10, { create: true })
    t.is(latin1(two.slice(0, 9)), 'left over')
    Mmap.unlink(name)
    refuses(t, () => Mmap.shared(name), 'ENOENT', new RegExp(name))
    refuses(t, () => Mmap.unlink(name), 'ENOENT', new RegExp(name))
    t.is(latin1(two.slice(0, 9)), 'left over')
    using other = Mmap.shared(name, 10, { create: 'exclusive' })
    other.write('another')
    t.is(latin1(two.slice(0, 9)), 'left over')
    two.resize(3 * PAGESIZE)
    t.is(two.size(), 3 * PAGESIZE)
    t.is(other.size(), 10)
  },
)

testWhere(unix, 'memory of a name keeps its size on Windows')(
  'memory is extended and never shortened',
  (t) => {
    const name = freshName(t)
    using large = Mmap.shared(name, 10_000, { create: true })
    large.set(9_999, 7)
    using small = Mmap.shared(name, 10, { create: true })
    t.is(small.length, 10)
    t.is(small.size(), 10_000)
    t.is(large.get(9_999), 7)
    using larger = Mmap.shared(name, 20_000, { create: true })
    t.is(larger.size(), 20_000)
    t.is(larger.get(9_999), 7)
    refuses(t, () => Mmap.shared(name, 20_001), 'ERR_OUT_OF_RANGE', /20001 bytes from 0 of 20000/)
  },
)

test('names and options that can’t be', (t) => {
  const name = freshName(t)
  for (const value of [undefined, null, 1, Buffer.from('x'), Symbol('x'), {}, ['x'], true]) {
    refuses(t, () => Mmap.shared(value as never, 1), 'ERR_INVALID_ARG_TYPE')
    refuses(t, () => Mmap.unlink(value as never), 'ERR_INVALID_ARG_TYPE')
  }
  for (const value of ['', '/', '/x', 'a/b', 'a/', '.', '..', 'a\0b', '\0']) {
    refuses(t, () => Mmap.shared(value, 1, { create: true }), 'ERR_INVALID_ARG_VALUE')
    refuses(t, () => Mmap.unlink(value), 'ERR_INVALID_ARG_VALUE')
  }
  for (const value of ['x'.repeat(256), 'ü'.repeat(128), 'x'.repeat(100_000)]) {
    refuses(t, () => Mmap.shared(value, 1, { create: true }), 'ERR_OUT_OF_RANGE', /of \d+ bytes/)
    refuses(t, () => Mmap.unlink(value), 'ERR_OUT_OF_RANGE')
  }
  for (const create of [1, 'yes', null, {}]) {
    refuses(t, () => Mmap.shared(name, 1, { create } as never), 'ERR_INVALID_ARG_TYPE')
  }
  for (const mode of ['600', Number.NaN, 0.5, null]) {
    refuses(t, () => Mmap.shared(name, 1, { create: true, mode } as never), 'ERR_INVALID_ARG_TYPE')
  }
  for (const mode of [-1, 0o10000, 2 ** 40]) {
    refuses(t, () => Mmap.shared(name, 1, { create: true, mode }), 'ERR_OUT_OF_RANGE')
  }
  for (const length of ['1', Number.NaN, 1.5, null, 1n, {}]) {
    refuses(t, () => Mmap.shared(name, length as never, { create: true }), 'ERR_INVALID_ARG_TYPE')
  }
  for (const length of [-1, 2 ** 53, 0, undefined]) {
    refuses(t, () => Mmap.shared(name, length, { create: true }), 'ERR_OUT_OF_RANGE')
    refuses(t, () => Mmap.shared(name, length, { create: 'exclusive' }), 'ERR_OUT_OF_RANGE')
  }
  refuses(t, () => Mmap.shared(name), 'ENOENT')
  refuses(t, () => Mmap.shared(name, 10, { create: false }), 'ENOENT')
})

testWhere(linux, '/dev/shm')('a failure leaves no name, and mode and umask decide who may', (t) => {
  const name = freshName(t)
  // More than the address space has.
  refuses(t, () => Mmap.shared(name, 2 ** 52, { create: true }), 'ENOMEM', new RegExp(name))
  refuses(t, () => Mmap.shared(name, 2 ** 52, { create: 'exclusive' }), 'ENOMEM')
  t.false(existsSync(`/dev/shm/${name}`))
  const before = process.umask(0o022)
  try {
    Mmap.shared(name, 1, { create: true }).close()
    t.is(made600(name), 0o600)
    Mmap.unlink(name)
    Mmap.shared(name, 1, { create: true, mode: 0o666 }).close()
    t.is(made600(name), 0o644)
  } finally {
    process.umask(before)
  }
  // That which is there keeps its bytes when it can't be extended.
  refuses(t, () => Mmap.shared(name, 2 ** 52, { create: true }), 'ENOMEM')
  t.is(statSync(`/dev/shm/${name}`).size, 1)
})

testWhere(linux && process.getuid?.() === 0, 'needs another user')(
  'the memory of another user is refused',
  async (t) => {
    const name = freshName(t)
    Mmap.shared(name, 10, { create: true }).close()
    const codes = await childAnswer<string[]>(
      `const code = (call) => { try { call(); return 'none' } catch (error) { return error.code } }
       // This loads all of the package's code, which the other user may not be allowed to read.
       fmmap.Mmap.shared(process.argv[2]).close()
       process.setgid(65534)
       process.setuid(65534)
       console.log(JSON.stringify([
         code(() => fmmap.Mmap.shared(process.argv[2])),
         code(() => fmmap.Mmap.shared(process.argv[2], 10, { create: true })),
         code(() => fmmap.Mmap.shared(process.argv[2], 10, { create: 'exclusive' })),
         code(() => fmmap.Mmap.unlink(process.argv[2])),
       ]))`,
      [name],
    )
    t.deepEqual(codes.slice(0, 3), ['EACCES', 'EACCES', 'EEXIST'])
    t.true(codes[3] === 'EACCES' || codes[3] === 'EPERM', codes[3])
    t.true(existsSync(`/dev/shm/${name}`))
  },
)

testWhere(externalBuffers, 'views are forbidden')(
  'counters are exact between processes',
  async (t) => {
    t.timeout(900_000)
    const name = freshName(t)
    const count = scaled(5_000_000)
    using m = Mmap.shared(name, 4096, { create: true })
    const words = m.view(Int32Array, 0, 4)
    const path = moduleFile(`
      const [, , name, count] = process.argv
      const m = fmmap.Mmap.shared(name)
      const words = m.view(Int32Array, 0, 4)
      Atomics.add(words, 1, 1)
      while (Atomics.load(words, 1) < 3) {}
      for (let i = 0; i < count; i++) Atomics.add(words, 0, 1)
      for (let i = 0; i < count; i++) {
        let old = Atomics.load(words, 2)
        for (;;) {
          const seen = Atomics.compareExchange(words, 2, old, old + 1)
          if (seen === old) break
          old = seen
        }
      }
    `)
    const others = [0, 1].map(() => {
      const [program, args] = command(path, [name, String(count)])
      return spawn(program, args, {
        env: { ...process.env, NODE_OPTIONS: '' },
        stdio: ['ignore', 'ignore', 'inherit'],
      })
    })
    const ended = others.map((child) => once(child, 'exit'))
    while (Atomics.load(words, 1) < 2) await new Promise((done) => setTimeout(done, 5))
    Atomics.add(words, 1, 1)
    for (const [code] of await Promise.all(ended)) t.is(code, 0)
    t.is(words[0], 2 * count)
    t.is(words[2], 2 * count)
  },
)

const python = ((): string | undefined => {
  for (const program of ['python3', 'python']) {
    const { status } = spawnSync(program, ['-c', 'import multiprocessing.shared_memory'], {
      stdio: 'ignore',
    })
    if (status === 0) return program
  }
  return undefined
})()

testWhere(unix && python !== undefined, 'no Python with shared_memory')(
  'Python’s SharedMemory has the memory by the same name, both ways',
  async (t) => {
    t.timeout(900_000)
    const name = freshName(t)
    using m = Mmap.shared(name, PAGESIZE, { create: 'exclusive' })
    m.write('from JavaScript')
    const theirs = freshName(t)
    const child = spawn(
      python as string,
      [
        '-c',
        `
import sys
from multiprocessing import resource_tracker, shared_memory
# Else Python takes the name away when it ends, though it has not made it (bpo-39959).
resource_tracker.register = lambda *_: None
resource_tracker.unregister = lambda *_: None
mine = shared_memory.SharedMemory(sys.argv[1])
print(bytes(mine.buf[:15]).decode(), mine.size, flush=True)
mine.buf[:11] = b'from Python'
made = shared_memory.SharedMemory(sys.argv[2], create=True, size=5000)
made.buf[:4] = b'made'
print('made', flush=True)
sys.stdin.readline()
print(bytes(made.buf[:4]).decode(), flush=True)
mine.close(); made.close()
`,
        name,
        theirs,
      ],
      { stdio: ['pipe', 'pipe', 'inherit'] },
    )
    const ended = once(child, 'exit')
    const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
    t.is((await answers.next()).value, `from JavaScript ${PAGESIZE}`)
    t.is((await answers.next()).value, 'made')
    t.is(latin1(m.slice(0, 11)), 'from Python')
    using made = Mmap.shared(theirs)
    t.true(made.length >= 5000)
    t.is(latin1(made.slice(0, 4)), 'made')
    made.setSlice('MADE', 0, 4)
    child.stdin.end('\n')
    t.is((await answers.next()).value, 'MADE')
    await ended
    t.is(latin1(made.slice(0, 4)), 'MADE')
  },
)

testWhere(linux, '/dev/shm')(
  'a process that dies leaves its name, which another takes over',
  async (t) => {
    t.timeout(900_000)
    const name = freshName(t)
    const code = await childAnswer<string>(
      `const m = fmmap.Mmap.shared(process.argv[2], 64, { create: 'exclusive' })
     m.write('before the crash')
     console.log('"crashing"')
     process.exit(0)`,
      [name],
    )
    t.is(code, 'crashing')
    using m = Mmap.shared(name, 64, { create: true })
    t.is(latin1(m.slice(0, 16)), 'before the crash')
  },
)

testWhere(
  linux && !('bun' in process.versions || 'deno' in process.versions),
  'Node’s permissions',
)('a name is asked of the permissions of the process', (t) => {
  const flag = process.allowedNodeEnvironmentFlags.has('--permission')
    ? '--permission'
    : '--experimental-permission'
  const folder = new URL('..', import.meta.url).pathname
  const path = moduleFile(`
      for (const call of [() => fmmap.Mmap.shared('fmmap-x', 1, { create: true }), () => fmmap.Mmap.unlink('fmmap-x')]) {
        try { call(); console.log('allowed') } catch (error) { console.log(error.code) }
      }`)
  const output = execFileSync(
    process.execPath,
    [flag, `--allow-fs-read=${folder}*`, `--allow-fs-read=${path}`, '--allow-addons', path],
    {
      env: { ...process.env, NODE_OPTIONS: '' },
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    },
  )
  t.deepEqual(output.trim().split('\n'), ['ERR_ACCESS_DENIED', 'ERR_ACCESS_DENIED'])
})
