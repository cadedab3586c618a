// Several threads map one memory: tokens, and what happens to a map when others of its memory are closed or resized,
// fault or end.
import { once } from 'node:events'
import { openSync, readFileSync, truncateSync } from 'node:fs'
import { MessageChannel, receiveMessageOnPort, Worker } from 'node:worker_threads'
import {
  ACCESS_COPY,
  ACCESS_DEFAULT,
  ACCESS_READ,
  ACCESS_WRITE,
  ALLOCATIONGRANULARITY,
  faultGuard,
  Mmap,
  type MmapToken,
  PAGESIZE,
} from '../index.js'
import { checkError, type Coded, refuses } from './support/errors.ts'
import {
  anonymous,
  descriptor,
  latin1,
  mapped,
  mappedPath,
  temporaryFile,
} from './support/files.ts'
import { externalBuffers, linux, scaled, unix } from './support/platform.ts'
import { childAnswer, moduleFile, procUrl } from './support/runtime.ts'
import test, { type Assertions, testWhere } from './support/test.ts'

/** A thread with its own maps, by name. It evaluates the expressions that it is sent. */
class Thread {
  readonly worker: Worker
  constructor(t: Assertions, workerData: unknown) {
    this.worker = new Worker(
      moduleFile(`
        const { parentPort, workerData } = await import('node:worker_threads')
        const { Mmap } = fmmap
        const maps = {}
        const AsyncFunction = (async () => {}).constructor
        parentPort.on('message', async (text) => {
          let answer
          try {
            answer = { value: await new AsyncFunction('Mmap', 'maps', 'token', 'fmmap', 'collect', 'return ' + text)(Mmap, maps, workerData, fmmap, collect) }
          } catch (error) {
            answer = { error: error.code ?? String(error) }
          }
          parentPort.postMessage(answer)
        })
      `),
      { workerData },
    )
    t.teardown(() => this.worker.terminate().then(() => {}))
  }

  async ask(expression: string): Promise<unknown> {
    const answered = once(this.worker, 'message')
    this.worker.postMessage(expression, [])
    const [answer] = (await answered) as [{ value?: unknown; error?: string }]
    if (answer.error !== undefined) throw Object.assign(new Error(answer.error), answer)
    return answer.value
  }

  /** The code of the error that the expression throws. */
  async code(expression: string): Promise<unknown> {
    try {
      return { value: await this.ask(expression) }
    } catch (error) {
      return (error as { error?: string }).error
    }
  }
}

test('a token names the same memory in another thread', async (t) => {
  t.timeout(900_000)
  const m = mapped(t, 'shared bytes of a file', { access: ACCESS_WRITE })
  const token = m.share()
  const thread = new Thread(t, token)
  t.is(await thread.ask('(maps.m = Mmap.from(token)).slice().toString()'), 'shared bytes of a file')
  m.setSlice('SHARED', 0, 6)
  t.is(await thread.ask('maps.m.find("SHARED")'), 0)
  await thread.ask('maps.m.setSlice("BYTES", 7, 12)')
  t.is(latin1(m.slice()), 'SHARED BYTES of a file')
  t.is(await thread.ask('maps.m.access'), ACCESS_WRITE)
  t.is(await thread.ask('(maps.m.seek(5), maps.m.tell())'), 5)
  t.is(m.tell(), 0, 'each has a position of its own')
  await thread.ask('maps.m.close()')
  t.is(latin1(m.slice(0, 6)), 'SHARED', 'each closes for itself')
})

test('anonymous memory is shared too, and its first map need not outlive the others', async (t) => {
  t.timeout(900_000)
  for (const kind of ['shared', 'private'] as const) {
    const m = anonymous(t, PAGESIZE, kind)
    m.write('before')
    const thread = new Thread(t, m.share())
    t.is(await thread.ask('(maps.m = Mmap.from(token)).slice(0, 6).toString()'), 'before')
    m.set(0, 66)
    t.is(await thread.ask('maps.m.get(0)'), 66)
    const again = m.share()
    m.close()
    t.is(await thread.ask('maps.m.slice(0, 6).toString()'), 'Before')
    using mine = Mmap.from(again)
    await thread.ask('maps.m.set(1, 69)')
    t.is(latin1(mine.slice(0, 6)), 'BEfore')
    await thread.worker.terminate()
    t.is(latin1(mine.slice(0, 6)), 'BEfore', 'nor does a thread that was terminated take it away')
  }
})

test('a token is a plain object of two numbers, that of the memory', (t) => {
  const m = mapped(t, 'abc')
  const token = m.share()
  t.deepEqual(m.share(), token)
  t.deepEqual(JSON.parse(JSON.stringify(token)), token)
  t.deepEqual(structuredClone(token), token)
  const { port1, port2 } = new MessageChannel()
  port1.postMessage({ token })
  const { message } = receiveMessageOnPort(port2) as { message: { token: MmapToken } }
  port1.close()
  using two = Mmap.from(message.token)
  t.deepEqual(two.share(), token)
  using three = Mmap.from(two.share())
  three.set(0, 90)
  t.is(m.get(0), 90)
  t.not(mapped(t, 'abc').share().memory, token.memory)
})

test('access, offset, length and path are the original’s', (t) => {
  const size = 3 * ALLOCATIONGRANULARITY
  const path = temporaryFile(size)
  for (const access of [ACCESS_DEFAULT, ACCESS_READ, ACCESS_WRITE, ACCESS_COPY]) {
    const options = { access, offset: ALLOCATIONGRANULARITY, length: ALLOCATIONGRANULARITY + 5 }
    using m = Mmap.open(path, access === ACCESS_DEFAULT ? { prot: undefined, ...options } : options)
    using other = Mmap.from(m.share())
    t.is(other.access, m.access)
    t.is(other.offset, ALLOCATIONGRANULARITY)
    t.is(other.length, ALLOCATIONGRANULARITY + 5)
    t.is(other.size(), size)
    t.is(String(other), String(m))
    if (access === ACCESS_READ) refuses(t, () => other.set(0, 1), 'ERR_MMAP_READONLY')
  }
  const fd = descriptor(t, path)
  using untracked = new Mmap(fd, 0, { trackfd: false })
  using other = Mmap.from(untracked.share())
  refuses(t, () => other.size(), 'ERR_MMAP_UNTRACKED')
  using empty = Mmap.open(temporaryFile(''), { empty: true })
  using second = Mmap.from(empty.share())
  t.is(second.length, 0)
  t.is(second.find(''), 0)
})

test('the changes of a private map are its threads’, and nobody else’s', (t) => {
  const path = temporaryFile('original')
  using m = Mmap.open(path, { access: ACCESS_COPY })
  using other = Mmap.from(m.share())
  m.set(0, 79)
  t.is(latin1(other.slice()), 'Original')
  other.set(1, 82)
  t.is(latin1(m.slice()), 'ORiginal')
  t.is(readFileSync(path, 'latin1'), 'original')
})

test('a token keeps nothing alive', (t) => {
  const m = mapped(t, 'abc')
  const token = m.share()
  const other = Mmap.from(token)
  m.close()
  using third = Mmap.from(token)
  t.is(latin1(third.slice()), 'abc')
  other.close()
  third.close()
  const error = refuses(t, () => Mmap.from(token), 'ERR_MMAP_CLOSED')
  t.true(error.message.startsWith('mmap closed or invalid'))
  refuses(t, () => m.share(), 'ERR_MMAP_CLOSED')
  const fresh = mapped(t, 'abc').share()
  t.not(fresh.memory, token.memory, 'numbers are not used twice')
})

testWhere(externalBuffers, 'views are forbidden')(
  'a view holds memory, and is no map that a token could find',
  (t) => {
    const m = mapped(t, 'abc')
    const view = m.view()
    const token = m.share()
    m.close()
    refuses(t, () => Mmap.from(token), 'ERR_MMAP_CLOSED')
    t.is(view.toString(), 'abc')
  },
)

test('forged tokens find nothing', (t) => {
  using m = Mmap.open(temporaryFile('abc'))
  const token = m.share()
  const nothing: unknown[] = [undefined, null, 1, 'token', Symbol('token'), () => token, true, 1n]
  for (const value of nothing) {
    refuses(t, () => Mmap.from(value as never), 'ERR_INVALID_ARG_TYPE', undefined, typeof value)
  }
  const noNumbers: unknown[] = [
    ...nothing.filter((value) => value !== 1),
    Number.NaN,
    Infinity,
    -Infinity,
    0.5,
    '1',
    [1],
    {},
    new Number(1),
    { valueOf: () => 1 },
  ]
  for (const field of ['memory', 'process'] as const) {
    for (const value of noNumbers) {
      refuses(
        t,
        () => Mmap.from({ ...token, [field]: value as number }),
        'ERR_INVALID_ARG_TYPE',
        undefined,
        `${field} ${typeof value}`,
      )
    }
    for (const value of [2 ** 53, 1e300]) {
      refuses(t, () => Mmap.from({ ...token, [field]: value }), 'ERR_OUT_OF_RANGE')
    }
    for (const value of [0, -1, -(2 ** 60), 2 ** 53 - 1, token[field] + 1000]) {
      refuses(t, () => Mmap.from({ ...token, [field]: value }), 'ERR_INVALID_ARG_VALUE')
    }
  }
  refuses(t, () => Mmap.from({} as never), 'ERR_INVALID_ARG_TYPE')
  refuses(t, () => Mmap.from(m as never), 'ERR_INVALID_ARG_TYPE')
  const thrower = {
    ...token,
    get memory(): number {
      throw new RangeError('mine')
    },
  }
  const error = refusesWith(() => Mmap.from(thrower))
  t.is(error.message, 'mine')
  let reads = 0
  const once = {
    process: token.process,
    get memory(): number {
      reads += 1
      return reads === 1 ? token.memory : 0
    },
  }
  Mmap.from(once).close()
  t.is(reads, 1, 'each field is read once')
})

function refusesWith(call: () => unknown): Coded {
  try {
    call()
  } catch (error) {
    return error as Coded
  }
  throw new Error('it did not throw')
}

test('a token of another process is refused', async (t) => {
  t.timeout(900_000)
  using m = Mmap.open(temporaryFile('abc'))
  const code = await childAnswer<string>(
    `try { fmmap.Mmap.from(JSON.parse(process.argv[2])); console.log('"made"') }
     catch (error) { console.log(JSON.stringify(error.code)) }`,
    [JSON.stringify(m.share())],
  )
  t.is(code, 'ERR_INVALID_ARG_VALUE')
})

test('from makes an instance of the class that it is called on, once', (t) => {
  class Log extends Mmap {
    readonly kind = 'log'
  }
  using m = Mmap.open(temporaryFile('abc'))
  using log = Log.from(m.share())
  t.true(log instanceof Log)
  t.is(log.kind, 'log')
  t.is(String(log).slice(0, 5), '<Log ')
  const kept: unknown[] = []
  class Curious extends Mmap {
    constructor(...args: ConstructorParameters<typeof Mmap>) {
      super(...args)
      kept.push(...args)
    }
  }
  using curious = Curious.from(m.share())
  t.is(kept[1], curious.length)
  refuses(t, () => new Mmap(kept[0] as never, 3), 'EBADF')
  class Failing extends Mmap {
    constructor() {
      super(-1, 1)
      this.close()
      throw new Error('mine')
    }
  }
  const before = log.share()
  t.is(refusesWith(() => Failing.from(before)).message, 'mine')
})

test('a resize of one leaves the length of the other, and the token means the memory of now', async (t) => {
  t.timeout(900_000)
  const path = temporaryFile('x'.repeat(PAGESIZE))
  const m = mappedPath(t, path, { access: ACCESS_WRITE })
  const token = m.share()
  const thread = new Thread(t, token)
  await thread.ask('void (maps.m = Mmap.from(token))')
  if (unix) {
    m.resize(3 * PAGESIZE)
    m.set(2 * PAGESIZE, 33)
    m.set(0, 34)
    t.is(await thread.ask('maps.m.length'), PAGESIZE)
    t.is(await thread.ask('maps.m.get(0)'), 34, 'the file is the same')
    t.is(await thread.ask('maps.m.size()'), 3 * PAGESIZE)
    t.is(await thread.ask('(maps.now = Mmap.from(token)).length'), 3 * PAGESIZE)
    t.is(await thread.ask(`maps.now.get(${2 * PAGESIZE})`), 33)
    await thread.ask(`maps.m.resize(${5 * PAGESIZE})`)
    t.is(m.length, 3 * PAGESIZE)
    using last = Mmap.from(token)
    t.is(last.length, 5 * PAGESIZE)
    last.close()
    await thread.ask('(maps.m.close(), maps.now.close())')
    using mine = Mmap.from(token)
    t.is(mine.length, 3 * PAGESIZE, 'what is left is meant')
  } else {
    refuses(t, () => m.resize(3 * PAGESIZE), 'ERR_MMAP_EXPORTED')
    await thread.ask('maps.m.close()')
    m.resize(3 * PAGESIZE)
    t.is(await thread.ask('Mmap.from(token).length'), 3 * PAGESIZE)
  }
})

test('a token does not hold up a resize of memory that one map has', (t) => {
  for (const kind of ['private', 'shared'] as const) {
    const m = anonymous(t, 4 * PAGESIZE, kind)
    const token = m.share()
    m.write('kept')
    const other = Mmap.from(token)
    if (kind === 'private' || !unix) {
      refuses(t, () => m.resize(2 * PAGESIZE), 'ERR_MMAP_EXPORTED')
      refuses(t, () => other.resize(2 * PAGESIZE), 'ERR_MMAP_EXPORTED')
    }
    other.close()
    for (const pages of kind === 'private' ? [2, 9, 1, 300] : [3, 2]) {
      m.resize(pages * PAGESIZE)
      using now = Mmap.from(token)
      t.is(now.length, pages * PAGESIZE)
      t.is(latin1(now.slice(0, 4)), 'kept')
      m.set(PAGESIZE - 1, pages & 255)
      t.is(now.get(PAGESIZE - 1), pages & 255)
    }
  }
  // A resize that fails leaves the token as it was.
  const m = mapped(t, 'x'.repeat(PAGESIZE))
  const token = m.share()
  refuses(t, () => m.resize(0), 'EINVAL')
  using other = Mmap.from(token)
  t.is(other.length, PAGESIZE)
})

testWhere(unix, 'a mapped file can’t be truncated on Windows')(
  'a fault marks every map of the memory, and a resize of one makes that one whole',
  async (t) => {
    t.timeout(900_000)
    if (!faultGuard()) {
      t.pass('the guard is off')
      return
    }
    const path = temporaryFile('x'.repeat(4 * PAGESIZE))
    const m = mappedPath(t, path, { access: ACCESS_WRITE })
    const token = m.share()
    const thread = new Thread(t, token)
    t.is(await thread.ask('(maps.m = Mmap.from(token)).get(0)'), 120)
    t.is(m.get(0), 120)
    truncateSync(path, 0)
    const code = await thread.code(`maps.m.get(${3 * PAGESIZE})`)
    t.is(code, 'ERR_MMAP_FAULT')
    const error = refuses(t, () => m.get(0), 'ERR_MMAP_FAULT') as Coded & { reason: string }
    t.is(error.reason, 'truncated')
    using late = Mmap.from(token)
    refuses(t, () => late.get(0), 'ERR_MMAP_FAULT')
    m.resize(PAGESIZE)
    t.is(m.get(0), 0)
    t.is(await thread.code('maps.m.get(0)'), 'ERR_MMAP_FAULT')
    t.is(await thread.ask('Mmap.from(token).get(0)'), 0, 'the token means the whole one')
  },
)

testWhere(unix, 'a mapped file can’t be truncated on Windows')(
  'who has shared and closed leaves the others a guard that knows why',
  (t) => {
    if (!faultGuard()) {
      t.pass('the guard is off')
      return
    }
    const path = temporaryFile('x'.repeat(2 * PAGESIZE))
    const m = mappedPath(t, path)
    using other = Mmap.from(m.share())
    m.close()
    truncateSync(path, 0)
    const error = refuses(t, () => other.get(PAGESIZE), 'ERR_MMAP_FAULT') as Coded & {
      reason: string
    }
    t.is(error.reason, 'truncated')
  },
)

testWhere(linux, '/proc')(
  'forty workers that end in every way leave no mapping, no descriptor, no thread',
  async (t) => {
    t.timeout(900_000)
    const path = temporaryFile('x'.repeat(64 * PAGESIZE))
    const answer = await childAnswer<Record<string, number>>(
      `
      import { mappings, openFiles, threads } from ${procUrl}
      const { Worker } = await import('node:worker_threads')
      const path = process.argv[2]
      const look = () => ({
        areas: mappings(path),
        // Deno keeps the event loop of each worker that has called process.exit(), whatever the worker did.
        descriptors: openFiles().filter((target) => !('Deno' in globalThis && target.startsWith('anon_inode:'))).length,
        // Deno keeps threads of its own for a while: there those of the package count.
        threads: threads('Deno' in globalThis ? 'fmmap' : ''),
      })
      const start = (index, token) => {
        const worker = new Worker(process.argv[3], { workerData: { token, end: index % 5 } })
        const ended = new Promise((done) => worker.once('exit', done))
        worker.on('error', () => {})
        return { worker, ended, ready: new Promise((done) => { worker.once('message', done); worker.once('exit', done) }) }
      }
      const round = async (count) => {
        const m = fmmap.Mmap.open(path, { access: fmmap.ACCESS_WRITE })
        const memory = new fmmap.Mmap(-1, 8 * fmmap.PAGESIZE)
        const tokens = [m.share(), memory.share()]
        const workers = []
        for (let i = 0; i < count; i++) {
          workers.push(start(i, tokens))
          if (workers.length % 8 === 0) await Promise.all(workers.map(({ ready }) => ready))
          if (i === count / 2) m.close()
        }
        await Promise.all(workers.map(({ ready }) => ready))
        for (const [i, { worker }] of workers.entries()) if (i % 5 === 0) await worker.terminate()
        await Promise.all(workers.map(({ ended }) => ended))
        memory.close()
        m.close()
      }
      // The first ones make what is made once; a file's promise starts the runtime's pool of threads.
      await (await import('node:fs/promises')).readFile(path)
      await round(10)
      const settle = async () => { for (let i = 0; i < 5; i++) { collect(); await pause(100) } }
      await settle()
      const before = look()
      await round(${Math.max(10, scaled(40))})
      let after
      for (let i = 0; i < 400; i++) {
        await settle()
        after = look()
        if (after.areas === 0 && after.descriptors <= before.descriptors && after.threads <= before.threads) break
      }
      console.log(JSON.stringify({ areas: after.areas, descriptors: after.descriptors - before.descriptors, threads: after.threads - before.threads }))
      process.exit()
    `,
      [
        path,
        moduleFile(`
          const { parentPort, workerData } = await import('node:worker_threads')
          const { token, end } = workerData
          const maps = []
          for (const one of token) try { maps.push(fmmap.Mmap.from(one)) } catch (error) { if (error.code !== 'ERR_MMAP_CLOSED') throw error }
          for (const map of maps) {
            map.set(1, end)
            map.countAsync('needle').catch(() => {})
          }
          parentPort.postMessage('ready')
          if (end === 0) setInterval(() => maps[0]?.get(0), 1)
          else if (end === 1) for (const map of maps) map.close()
          else if (end === 2) process.exit(0)
          else if (end === 3) throw new Error('the end of this worker')
        `),
      ],
    )
    t.is(answer.areas, 0)
    t.true((answer.descriptors ?? 1) <= 0, `descriptors: ${answer.descriptors}`)
    t.true((answer.threads ?? 1) <= 0, `threads: ${answer.threads}`)
  },
)

test('resizes, closes and shares of several threads at once', async (t) => {
  t.timeout(900_000)
  const m = mapped(t, 'x'.repeat(8 * PAGESIZE), { access: ACCESS_WRITE })
  const token = m.share()
  const threads = Array.from({ length: 3 }, () => new Thread(t, token))
  const rounds = scaled(300)
  const codes = await Promise.all(
    threads.map((thread, at) =>
      thread.ask(`(() => {
        const seen = new Set()
        for (let i = 0; i < ${rounds}; i++) {
          try {
            const m = Mmap.from(token)
            if (m.length % ${PAGESIZE} !== 0 || m.length === 0) seen.add('length ' + m.length)
            m.set(0, i & 255)
            if (${unix} && i % 3 === ${at}) m.resize((8 + i % 5) * ${PAGESIZE})
            m.set(m.length - 1, 1)
            m.close()
          } catch (error) { seen.add(error.code ?? String(error)) }
        }
        return [...seen].join()
      })()`),
    ),
  )
  // Another may cut the file between one's resize and its write.
  for (const code of codes) t.true(code === '' || code === 'ERR_MMAP_FAULT', String(code))
  t.is(m.length, 8 * PAGESIZE)
})

test('a closed descriptor of the one who shares does not matter', (t) => {
  const path = temporaryFile('abc')
  const fd = openSync(path, 'r+')
  const m = new Mmap(fd, 0)
  t.teardown(() => m.close())
  const other = Mmap.from(m.share())
  m.close()
  t.is(other.size(), 3)
  if (unix) {
    other.resize(6)
    t.is(latin1(other.slice()), 'abc\0\0\0')
  }
  other.close()
  const error = refusesWith(() => other.share())
  checkError(t, error, 'ERR_MMAP_CLOSED')
})
