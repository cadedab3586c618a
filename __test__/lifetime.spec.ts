import { ACCESS_COPY, ACCESS_DEFAULT, ACCESS_READ, ACCESS_WRITE, Mmap, PAGESIZE } from '../index.js'
import { closedMessage, refuses, thrown } from './support/errors.ts'
import { descriptor, latin1, mapped, mappedPath, temporaryFile } from './support/files.ts'
import { externalBuffers, linux, scaled, unix } from './support/platform.ts'
import { childAnswer, moduleFile, procUrl, runChild } from './support/runtime.ts'
import test, { testWhere } from './support/test.ts'

/** What the children below need: what /proc says, and collections until a condition holds. */
const proc = `
  import { descriptors, mappings, memory } from ${procUrl}
  const settle = async (done, rounds = 200) => { for (let i = 0; i < rounds && !done(); i++) { collect(); await pause(10) } }
`

test('CPython test_double_close: once is enough, twice is nothing', (t) => {
  const m = new Mmap(descriptor(t, temporaryFile('a'.repeat(2 ** 16)), 'r'), 2 ** 16, {
    access: ACCESS_READ,
  })
  t.is(m.closed, false)
  t.is(m.close(), undefined)
  t.is(m.closed, true)
  t.is(m.close(), undefined)
  t.is(m.closed, true)
})

test('PyPy test_close: a closed map reads nothing', (t) => {
  const m = mapped(t, 'c')
  m.close()
  refuses(t, () => m.read(1), 'ERR_MMAP_CLOSED', closedMessage)
})

test('CPython test_context_manager: using closes at the end of its block', (t) => {
  const path = temporaryFile('abc')
  let outside: Mmap
  {
    using m = Mmap.open(path)
    outside = m
    t.is(m.closed, false)
    t.is(latin1(m.slice()), 'abc')
  }
  t.is(outside.closed, true)
  const disposed = Mmap.open(path)
  t.is(disposed[Symbol.dispose](), undefined)
  t.is(disposed.closed, true)
  disposed[Symbol.dispose]()
})

test('CPython test_context_manager_exception: an error passes through, and the map is closed', (t) => {
  const path = temporaryFile('abc')
  let outside: Mmap | undefined
  const own = new Error('from inside')
  const error = thrown(t, () => {
    using m = Mmap.open(path)
    outside = m
    throw own
  })
  t.is(error, own)
  t.is(outside?.closed, true)
})

test('CPython test_mmap_closed_by_int_scenarios: no user code runs half way, so none closes the map in there', (t) => {
  for (const access of [ACCESS_DEFAULT, ACCESS_READ, ACCESS_WRITE, ACCESS_COPY]) {
    const m = mapped(t, 'abcdefgh', { access })
    const closing = (value: number): number =>
      ({
        valueOf() {
          m.close()
          return value
        },
      }) as unknown as number
    const calls = [
      () => m.get(closing(2)),
      () => m.slice(closing(2)),
      () => m.slice(0, closing(2)),
      () => m.slice(0, 5, closing(2)),
      () => m.slice(5, 0, closing(-2)),
      () => m.read(closing(2)),
      () => m.find('c', closing(1)),
      () => m.find('c', 1, closing(8)),
      () => m.rfind('c', 1, closing(8)),
      () => m.seek(closing(1)),
      () => m.flush(closing(0)),
      ...(unix ? [() => m.madvise(closing(0))] : []),
      () => m.arrayBuffer(closing(0)),
    ]
    for (const call of calls) refuses(t, call, 'ERR_INVALID_ARG_TYPE')
    if (access !== ACCESS_READ) {
      for (const call of [
        () => m.set(closing(0), 1),
        () => m.set(0, closing(0)),
        () => m.setSlice('xy', closing(0), 2),
        () => m.setSlice('xy', 0, 4, closing(2)),
        () => m.move(closing(0), 0, 1),
        () => m.move(0, 0, closing(1)),
        () => m.writeByte(closing(0)),
      ]) {
        refuses(t, call, 'ERR_INVALID_ARG_TYPE')
      }
    }
    t.is(m.closed, false)
    t.is(latin1(m.slice()), 'abcdefgh')
  }
})

test('a map closed in the middle of a loop', (t) => {
  const m = mapped(t, 'abcdef')
  let seen = 0
  refuses(
    t,
    () => {
      for (const _ of m) {
        seen += 1
        if (seen === 2) m.close()
      }
    },
    'ERR_MMAP_CLOSED',
    closedMessage,
  )
  t.is(seen, 2)
})

test('closing one map of a file leaves the others', (t) => {
  const path = temporaryFile('abcdef')
  const maps = Array.from({ length: 20 }, () => mappedPath(t, path))
  for (const [i, m] of maps.entries()) {
    t.is(m.get(0), 97)
    if (i % 2 === 0) m.close()
  }
  for (const [i, m] of maps.entries()) {
    if (i % 2 === 1) t.is(m.get(5), 102)
  }
})

testWhere(linux, '/proc is Linux’s')(
  '10,000 opened and closed maps leave no descriptor, no mapping and no memory',
  async (t) => {
    t.timeout(240_000)
    const cycles = scaled(10_000)
    const path = temporaryFile(3 * PAGESIZE)
    const answer = await childAnswer<Record<string, number>>(
      `${proc}
    const path = process.argv[2]
    const cycle = (i) => {
      const m = fmmap.Mmap.open(path, { access: 1 + (i % 3) })
      m.get(i % 4096); m.get(1); m.find('x'); m.slice(0, 100); m.read(10)
      if (i % 3 === 1) { m.set(i % 4096, 0); m.resize(3 * fmmap.PAGESIZE) }
      m.close()
      const anonymous = new fmmap.Mmap(-1, 8192)
      anonymous.writeByte(1); anonymous.writeByte(2)
      anonymous[Symbol.dispose]()
      try { new fmmap.Mmap(-1, 0) } catch {}
      try { fmmap.Mmap.open(path, { access: 9 }) } catch {}
      try { fmmap.Mmap.open(path, { offset: 1 }) } catch {}
    }
    for (let i = 0; i < 1000; i++) cycle(i)
    await settle(() => mappings(path) === 0)
    const before = { descriptors: descriptors(path), all: mappings() }
    // The runtime's own heap grows by leaps; what leaks grows in each part.
    let grown = Infinity
    let atOnce = 0
    for (let part = 0; part < 4; part++) {
      const had = memory('RssAnon')
      for (let i = 0; i < ${cycles / 4}; i++) { cycle(i); if (i % 500 === 0) await pause(0) }
      atOnce += mappings(path)
      await settle(() => descriptors(path) <= before.descriptors && mappings() <= before.all + 100)
      grown = Math.min(grown, memory('RssAnon') - had)
    }
    console.log(JSON.stringify({ atOnce, mappings: mappings(path), anonymous: mappings('/dev/zero'), descriptors: descriptors(path) - before.descriptors,
      all: mappings() - before.all, grown }))`,
      [path],
    )
    t.log(`after ${cycles} cycles: ${JSON.stringify(answer)}`)
    t.is(answer.atOnce, 0, 'close unmaps at once, not at the next collection')
    t.is(answer.mappings, 0)
    t.is(answer.anonymous, 0, 'shared anonymous memory, as /proc names it')
    t.is(answer.descriptors, 0)
    // The runtime's own heap maps a few more; a leak would be one or more a cycle.
    t.true((answer.all ?? 999) < 500, `${answer.all} mappings more`)
    t.true((answer.grown ?? 1e9) < 12 * 2 ** 20, `${answer.grown} bytes of private memory more`)
  },
)

testWhere(linux && externalBuffers, 'needs /proc and views')(
  'views of closed maps give their memory back when they are collected',
  async (t) => {
    t.timeout(240_000)
    const path = temporaryFile(3 * PAGESIZE)
    const answer = await childAnswer<Record<string, number>>(
      `${proc}
    const path = process.argv[2]
    const before = descriptors(path)
    let held = []
    const open = () => {
      for (let i = 0; i < 300; i++) {
        const m = fmmap.Mmap.open(path, { access: 1 + (i % 3) })
        held.push(m.view(), m.view(Uint32Array, 4096, 4))
        m.close()
      }
    }
    open()
    const during = mappings(path)
    held = undefined
    await settle(() => mappings(path) === 0)
    console.log(JSON.stringify({ during, after: mappings(path), descriptors: descriptors(path) - before }))`,
      [path],
    )
    t.true((answer.during ?? 0) >= 300, `${answer.during} mappings while the views live`)
    t.is(answer.after, 0)
    t.is(answer.descriptors, 0)
  },
)

testWhere(linux, '/proc is Linux’s')(
  'CPython test_weakref: garbage collection of an unclosed map unmaps it and closes its descriptor',
  async (t) => {
    t.timeout(240_000)
    const path = temporaryFile(3 * PAGESIZE)
    const answer = await childAnswer<Record<string, number>>(
      `${proc}
    const path = process.argv[2]
    const before = descriptors(path)
    let weak
    const open = () => {
      for (let i = 0; i < 200; i++) {
        const m = fmmap.Mmap.open(path, { access: 1 + (i % 3) })
        m.get(1); m.get(2); m.find('x'); m.read(10)
        weak = new WeakRef(m)
      }
    }
    open()
    const [during, held] = [mappings(path), descriptors(path)]
    await settle(() => mappings(path) === 0 && descriptors(path) <= before)
    console.log(JSON.stringify({ during, held, after: mappings(path), descriptors: descriptors(path) - before, alive: weak.deref() === undefined ? 0 : 1 }))`,
      [path],
    )
    t.true((answer.during ?? 0) >= 100, `${answer.during} mappings before the collection`)
    t.true((answer.held ?? 0) >= 100, `${answer.held} descriptors before the collection`)
    t.deepEqual(answer, { ...answer, after: 0, descriptors: 0, alive: 0 })
  },
)

test('a map that is in use is not collected', async (t) => {
  const path = temporaryFile('abcdef')
  const answer = await childAnswer<string[]>(
    `const m = fmmap.Mmap.open(process.argv[2])
    const results = []
    for (let i = 0; i < 10; i++) { collect(); await pause(2); results.push(m.slice(0, 3).toString()) }
    console.log(JSON.stringify([...new Set(results)]))`,
    [path],
  )
  t.deepEqual(answer, ['abc'])
})

test('workers map, write and exit; the main thread sees what they wrote', async (t) => {
  t.timeout(120_000)
  const path = temporaryFile(8)
  const worker = moduleFile(`
    const { workerData, parentPort } = await import('node:worker_threads')
    const m = fmmap.Mmap.open(workerData.path, { access: fmmap.ACCESS_WRITE })
    m.set(workerData.index, 65 + workerData.index)
    parentPort.postMessage(m.find('A'))
    if (workerData.index % 2 === 0) m.close()`)
  const answer = await childAnswer<{ codes: number[]; text: string }>(
    `const { Worker } = await import('node:worker_threads')
    const [path, worker] = process.argv.slice(2)
    const m = fmmap.Mmap.open(path)
    const codes = await Promise.all(Array.from({ length: 8 }, (_, index) => new Promise((resolve, reject) => {
      const started = new Worker(worker, { workerData: { path, index } })
      started.on('error', reject)
      started.on('exit', resolve)
    })))
    console.log(JSON.stringify({ codes, text: m.slice().toString() }))`,
    [path, worker],
  )
  t.deepEqual(answer, { codes: Array.from({ length: 8 }, () => 0), text: 'ABCDEFGH' })
})

testWhere(linux, '/proc is Linux’s')(
  'workers that exit or are terminated with open maps leave none behind',
  async (t) => {
    t.timeout(120_000)
    const path = temporaryFile(3 * PAGESIZE)
    const worker = moduleFile(`
    const { workerData, parentPort } = await import('node:worker_threads')
    globalThis.maps = []
    for (let i = 0; i < 20; i++) {
      const m = fmmap.Mmap.open(workerData.path, { access: 1 + (i % 3) })
      m.get(1); m.get(2); m.find('x')
      globalThis.maps.push(m, workerData.views ? m.view() : undefined)
    }
    parentPort.postMessage('open')
    if (workerData.end === 'exit') process.exit(3)
    if (workerData.end === 'busy') for (;;) for (const m of globalThis.maps) m?.find?.('y')
    setInterval(() => {}, 1000)`)
    // Deno lets a worker that is terminated in a busy loop die without its finalizers: its maps end with the process.
    const busy = 'deno' in process.versions ? [] : ['busy', 'busy']
    const ends = ['exit', 'wait', 'exit', 'wait', ...busy]
    // Bun's workers end while the pool may still read their views: that memory stays for 10 seconds more.
    const rounds = 'bun' in process.versions ? 2000 : 200
    const answer = await childAnswer<{
      during: number
      after: number
      descriptors: number
      text: string
    }>(
      `${proc}
    const { Worker } = await import('node:worker_threads')
    const [path, worker] = process.argv.slice(2)
    const m = fmmap.Mmap.open(path)
    const own = mappings(path)
    const before = descriptors(path)
    const run = async (end, views) => {
      const started = new Worker(worker, { workerData: { path, end, views } })
      const exited = new Promise((resolve) => started.on('exit', resolve))
      await Promise.race([exited, new Promise((resolve, reject) => { started.on('message', resolve); started.on('error', reject) })])
      const seen = mappings(path)
      if (end !== 'exit') await started.terminate()
      await exited
      return seen
    }
    let during = 0
    for (const end of ${JSON.stringify(ends)}) {
      during = Math.max(during, await run(end, ${externalBuffers} && end !== 'busy'))
    }
    await settle(() => mappings(path) === own && descriptors(path) <= before, ${rounds})
    console.log(JSON.stringify({ during, after: mappings(path) - own, descriptors: descriptors(path) - before, text: m.slice(0, 2).toString() }))`,
      [path, worker],
    )
    t.true(answer.during > 10, `${answer.during} mappings while a worker ran`)
    t.is(answer.after, 0)
    t.is(answer.descriptors, 0)
    t.is(answer.text, '\0\0')
  },
)

test('a process ends with open maps, by its end, by exit and by an error', async (t) => {
  const path = temporaryFile('abcdef')
  const open = `const m = fmmap.Mmap.open(process.argv[2]); globalThis.kept = [m, m.get(0), m.get(1)]`
  t.is((await runChild(open, [path])).code, 0)
  t.is((await runChild(`${open}\nprocess.exit(7)`, [path])).code, 7)
  const failed = await runChild(`${open}\nthrow new Error('own')`, [path])
  t.is(failed.code, 1)
  t.is(failed.signal, null)
})

testWhere(
  linux && !('bun' in process.versions) && !('Deno' in globalThis),
  'it reads the numbers of Node’s descriptors',
)(
  'opening a map closes no descriptor of its file: the one that was opened is the map’s',
  async (t) => {
    const answer = await childAnswer<[number, number[]]>(`
      import fs from 'node:fs'
      const path = ${JSON.stringify(temporaryFile('abc'))}
      fmmap.Mmap.open(path).close()
      const free = fs.openSync(path)
      fs.closeSync(free)
      const map = fmmap.Mmap.open(path)
      const own = fs.readdirSync('/proc/self/fd').filter((fd) => {
        try { return fs.readlinkSync('/proc/self/fd/' + fd) === path } catch { return false }
      })
      console.log(JSON.stringify([free, own.map(Number)]))
      map.close()
    `)
    t.deepEqual(answer[1], [answer[0]])
  },
)
