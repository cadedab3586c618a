// Files that shrink under a map. Each test runs in a process of its own, because it fails by the death of the
// process.
import { statfsSync } from 'node:fs'
import { PAGESIZE } from '../index.js'
import { freshPath, temporaryFile } from './support/files.ts'
import { externalBuffers, linux, sanitized, unix } from './support/platform.ts'
import { childAnswer, moduleFile, runChild } from './support/runtime.ts'
import { type Assertions, testWhere } from './support/test.ts'

const SIZE = 64 * PAGESIZE

/** What statfs(2) calls tmpfs. */
const TMPFS = 0x0102_1994

/** Every member that touches bytes, called so that it touches some that are missing. */
const touching: Record<string, string> = {
  read: 'm.read()',
  readByte: 'm.readByte()',
  readline: 'm.readline()',
  readInto: 'm.readInto(new Uint8Array(10))',
  arrayBuffer: 'm.arrayBuffer()',
  write: `m.write('abc')`,
  writeByte: 'm.writeByte(1)',
  get: 'm.get(5)',
  set: 'm.set(5, 1)',
  slice: 'm.slice(0, 100)',
  'slice with a step': 'm.slice(0, 100, 3)',
  setSlice: `m.setSlice('abc', 0, 3)`,
  find: `m.find('needle')`,
  'find of one byte': `m.find('n')`,
  'find of one byte that is there': `m.find('a')`,
  rfind: `m.rfind('needle', 0)`,
  'rfind of one byte': `m.rfind('a', 0)`,
  move: 'm.move(0, 1000, 100)',
  // The sanitizer's own mlock does nothing.
  ...(!sanitized && { lock: 'm.lock()' }),
  count: `m.count('needle')`,
  findAll: `[...m.findAll('needle')]`,
  lines: '[...m.lines()]',
  iteration: '[...m]',
  findAsync: `await m.findAsync('needle')`,
  rfindAsync: `await m.rfindAsync('needle', { start: 0 })`,
  countAsync: `await m.countAsync('needle')`,
  findAllAsync: `for await (const at of m.findAllAsync('needle')) at`,
}

/** The beginning of a child's program. `attempt(call)` returns a short form of what the call threw. */
const prelude = `
  const { truncateSync, writeFileSync, openSync, ftruncateSync } = await import('node:fs')
  const [path, size] = [process.argv[2], ${SIZE}]
  const attempt = async (call) => {
    try { await call(); return 'nothing thrown' } catch (error) {
      return [error.code, error.reason, error.path === path, error.size].join(' ')
    }
  }
  const fill = () => writeFileSync(path, Buffer.alloc(size, 'a'))
  const open = () => fmmap.Mmap.open(path, { access: fmmap.ACCESS_WRITE })
`

const FAULT = 'ERR_MMAP_FAULT truncated true 0'

function survival(title: string, body: (t: Assertions) => Promise<void>): void {
  // On Windows nobody can truncate a mapped file.
  testWhere(unix, 'a mapped file can’t be truncated')(title, body)
}

for (const [name, call] of Object.entries(touching)) {
  survival(`${name}: a file that was truncated is ERR_MMAP_FAULT, now and later`, async (t) => {
    const answer = await childAnswer<Record<string, unknown>>(
      `${prelude}
      fill()
      const m = open()
      // Both warm, with the window of small accesses over the bytes, and cold, without it.
      const warm = open()
      for (let i = 0; i < 200; i++) warm.get(i)
      truncateSync(path, 0)
      const call = async (m) => { ${call} }
      const first = await attempt(() => call(m))
      const second = await attempt(() => call(m))
      const later = await attempt(() => m.get(size - 1))
      const window = await attempt(() => call(warm))
      m.seek(3)
      const rest = [m.length, m.size(), m.tell(), m.closed, m.offset, m.access]
      m.resize(size)
      m.set(0, 98)
      const afresh = [m.get(0), m.get(size - 1)]
      m.close()
      warm.close()
      console.log(JSON.stringify({ first, second, later, window, rest, afresh, closed: m.closed }))`,
      [temporaryFile()],
    )
    t.deepEqual(answer, {
      first: FAULT,
      second: FAULT,
      later: FAULT,
      window: FAULT,
      rest: [SIZE, 0, 3, false, 0, 2],
      afresh: [98, 0],
      closed: true,
    })
  })
}

survival('what the file still has can be read until something missing is touched', async (t) => {
  const answer = await childAnswer<unknown>(
    `${prelude}
    fill()
    const m = open()
    truncateSync(path, ${PAGESIZE})
    const there = [m.get(0), m.get(${PAGESIZE} - 1), m.slice(0, 10).toString()]
    const gone = await attempt(() => m.get(${PAGESIZE}))
    const later = []
    for (const call of [
      () => m.get(0), () => m.flush(), () => m.view(), () => m.flushAsync(), () => m.set(0, 1),
    ]) later.push(await attempt(call))
    console.log(JSON.stringify({ there, gone, later }))`,
    [temporaryFile()],
  )
  const fault = `ERR_MMAP_FAULT truncated true ${PAGESIZE}`
  const later: unknown[] = Array(5).fill(fault)
  // Where there are no views, that comes first.
  if (!externalBuffers) later[2] = 'ERR_MMAP_UNSUPPORTED  false '
  t.deepEqual(answer, { there: [97, 97, 'aaaaaaaaaa'], gone: fault, later })
})

survival('a view survives, and the next member reports it', async (t) => {
  if (!externalBuffers) return t.pass('there are no views')
  const answer = await childAnswer<unknown>(
    `${prelude}
    fill()
    const maps = [open(), fmmap.Mmap.open(path)]
    const views = maps.map((m) => m.view())
    truncateSync(path, 0)
    const sums = views.map((view) => view.reduce((sum, byte) => sum + byte, 0))
    const wrote = views.map((view) => (view[9] = 1))
    const reports = []
    for (const m of maps) reports.push(await attempt(() => m.get(0)), await attempt(() => m.view()))
    console.log(JSON.stringify({ sums, wrote, reports }))`,
    [temporaryFile()],
  )
  t.deepEqual(answer, { sums: [0, 0], wrote: [1, 1], reports: [FAULT, FAULT, FAULT, FAULT] })
})

survival('a flush says that the file no longer has what was written', async (t) => {
  const path = temporaryFile()
  const answer = await childAnswer<unknown>(
    `${prelude}
    const outcomes = []
    for (const flush of [(m, ...range) => m.flush(...range), (m, ...range) => m.flushAsync(...range)]) {
      fill()
      const m = open()
      truncateSync(path, ${PAGESIZE} + 10)
      // Behind the end of the file there is memory up to the end of the page. What is written there is lost.
      m.setSlice('lost', ${PAGESIZE} + 100, ${PAGESIZE} + 104)
      outcomes.push(await attempt(() => flush(m, 0, ${PAGESIZE} + 10)))
      outcomes.push(await attempt(() => flush(m, 0, ${PAGESIZE} + 104)))
      outcomes.push(await attempt(() => m.get(0)))
      m.resize(size)
      outcomes.push(await attempt(() => flush(m)), m.get(${PAGESIZE} + 100))
      m.close()
    }
    console.log(JSON.stringify(outcomes))`,
    [path],
  )
  const lost = `ERR_MMAP_FAULT truncated true ${PAGESIZE + 10}`
  // A disk is given zeros there. Linux's tmpfs writes nothing out, so a file that grows again has the bytes.
  const kept = linux && statfsSync(path).type === TMPFS ? 'l'.charCodeAt(0) : 0
  const outcomes = ['nothing thrown', lost, lost, 'nothing thrown', kept]
  t.deepEqual(answer, [...outcomes, ...outcomes])
})

/** Every member that reads or fills bytes that it is given; here they are a view of a map that has lost them. */
const given: Record<string, string> = {
  write: 'dst.write(view)',
  'write of a few bytes': 'dst.write(view.subarray(0, 40))',
  'write of a few bytes, of which the last is missing':
    'dst.write(view.subarray(start - 30, start + 10))',
  setSlice: 'dst.setSlice(view, 0, view.length)',
  'setSlice of a few bytes': 'dst.setSlice(view.subarray(5, 9), 0, 4)',
  'setSlice with a step': 'dst.setSlice(view.subarray(0, 50), 0, 150, 3)',
  'setSlice of a DataView': 'dst.setSlice(new DataView(view.buffer, 0, 8), 0, 8)',
  find: 'dst.find(view.subarray(0, 20), 0)',
  'find of one byte': 'dst.find(view.subarray(0, 1), 0)',
  rfind: 'dst.rfind(view.subarray(0, 20), 0)',
  'rfind of one byte': 'dst.rfind(view.subarray(0, 1), 0)',
  count: 'dst.count(view.subarray(0, 20))',
  findAll: '[...dst.findAll(view.subarray(0, 20))]',
  findAsync: 'await dst.findAsync(view.subarray(0, 20), { start: 0 })',
  rfindAsync: 'await dst.rfindAsync(view.subarray(0, 20), { start: 0 })',
  countAsync: 'await dst.countAsync(view.subarray(0, 20))',
  findAllAsync: 'for await (const at of dst.findAllAsync(view.subarray(0, 20))) at',
  'findAsync in a small map': 'await small.findAsync(view.subarray(0, 20), { start: 0 })',
  readInto: 'dst.readInto(view)',
  'open of a path': 'fmmap.Mmap.open(view.subarray(0, 20))',
}

for (const [name, call] of Object.entries(given)) {
  survival(`${name}: bytes of a map that has lost them are no data`, async (t) => {
    if (!externalBuffers) return t.pass('there are no views')
    const answer = await childAnswer<Record<string, unknown>>(
      `${prelude}
      const other = path + '.other'
      writeFileSync(other, Buffer.alloc(4 * size, 'x'))
      const lost = ${JSON.stringify(FAULT)}.replace('true 0', 'false ')
      const run = async (how) => {
        const start = how.includes('part') ? ${PAGESIZE} : 0
        fill()
        const src = fmmap.Mmap.open(path)
        const view = src.view()
        const dst = fmmap.Mmap.open(other, { access: fmmap.ACCESS_WRITE })
        const small = fmmap.Mmap.open(other, { length: ${PAGESIZE} })
        if (how.includes('warm')) for (let i = 0; i < 200; i++) dst.get(i)
        truncateSync(path, start)
        if (how.includes('seen')) view[size - 1]
        if (how.includes('closed')) src.close()
        const outcome = await attempt(async () => { ${call} })
        // No byte that was missing has been written, and the map still works.
        const bytes = dst.count('x') === dst.length && dst.tell() === 0
        dst.setSlice('x', 5, 6)
        // The descriptor is closed with its map, and then the reason can't be found out any more.
        const blind = how.includes('closed') && !how.includes('seen')
        return outcome === (blind ? lost.replace('truncated', 'unknown') : lost) ? bytes : outcome
      }
      const outcomes = {}
      for (const how of ['', 'warm', 'closed', 'seen', 'warm seen', 'closed seen']) {
        if (!${JSON.stringify(name)}.includes('last')) outcomes[how] = await run(how)
        else outcomes[how] = await run(how + ' part')
      }
      console.log(JSON.stringify(outcomes))`,
      [freshPath()],
    )
    const right = { '': true, warm: true, closed: true, seen: true, 'warm seen': true }
    t.deepEqual(answer, { ...right, 'closed seen': true })
  })
}

survival('move leaves what is there in place when its source is missing', async (t) => {
  const answer = await childAnswer<unknown>(
    `${prelude}
    fill()
    const m = open()
    truncateSync(path, ${PAGESIZE})
    const outcome = await attempt(() => m.move(0, ${PAGESIZE} - 10, 20))
    const { readFileSync } = await import('node:fs')
    console.log(JSON.stringify([outcome, readFileSync(path).every((byte) => byte === 97)]))`,
    [temporaryFile()],
  )
  t.deepEqual(answer, [`ERR_MMAP_FAULT truncated true ${PAGESIZE}`, true])
})

survival('bytes of other maps are data, whatever a third has lost', async (t) => {
  if (!externalBuffers) return t.pass('there are no views')
  const answer = await childAnswer<unknown>(
    `${prelude}
    fill()
    const third = open()
    const src = new fmmap.Mmap(-1, size)
    const dst = new fmmap.Mmap(-1, size)
    src.write('some data')
    truncateSync(path, 0)
    const lost = await attempt(() => third.get(0))
    for (let i = 0; i < 200; i++) dst.get(i)
    dst.write(src.view(0, 9))
    dst.setSlice(src.view(0, 4), 100, 112, 3)
    const found = [dst.find(src.view(5, 4), 0), dst.find(src.view(5, 1), 0), dst.rfind('data', 0), dst.find('d', 0)]
    console.log(JSON.stringify([lost, dst.slice(0, 9).toString(), dst.slice(100, 112, 3).toString(), found]))`,
    [temporaryFile()],
  )
  t.deepEqual(answer, [FAULT, 'some data', 'some', [5, 5, 5, 5]])
})

const iterators: Record<string, string> = {
  findAll: `m.findAll('n')`,
  'findAll of a match at the start': `m.findAll('first')`,
  lines: 'm.lines()',
  'lines in reverse': 'm.lines({ reverse: true })',
  iteration: 'm[Symbol.iterator]()',
  findAllAsync: `m.findAllAsync('n')`,
  'findAllAsync of a match at the start': `m.findAllAsync('first')`,
}

for (const [name, iterator] of Object.entries(iterators)) {
  survival(
    `${name}: no iteration over a file that is cut off meanwhile ends quietly`,
    async (t) => {
      const answer = await childAnswer<unknown>(
        `${prelude}
      const outcomes = new Set()
      for (const pages of [1, 3, 64, 600]) {
        for (const left of [0, ${PAGESIZE}]) {
          if (left === pages * ${PAGESIZE}) continue
          writeFileSync(path, 'first'.padEnd(pages * ${PAGESIZE}, 'a line\\n'))
          const m = fmmap.Mmap.open(path)
          const items = ${iterator}
          await items.next()
          truncateSync(path, left)
          outcomes.add(await attempt(async () => { while (!(await items.next()).done); }))
          m.close()
        }
      }
      console.log(JSON.stringify([...outcomes]))`,
        [temporaryFile()],
      )
      t.deepEqual(answer, [FAULT, `ERR_MMAP_FAULT truncated true ${PAGESIZE}`])
    },
  )
}

survival('fifty maps, of which one in two has lost its file', async (t) => {
  const answer = await childAnswer<unknown>(
    `${prelude}
    const maps = []
    for (let i = 0; i < 50; i++) {
      writeFileSync(path + i, Buffer.alloc(size, i + 1))
      maps.push(fmmap.Mmap.open(path + i))
    }
    for (let i = 0; i < 50; i += 2) truncateSync(path + i, 0)
    let right = 0
    for (const [i, m] of maps.entries()) {
      const code = await attempt(() => { if (m.get(9) !== i + 1) throw new Error('wrong byte') })
      right += code.startsWith(i % 2 ? 'nothing' : 'ERR_MMAP_FAULT truncated')
    }
    console.log(JSON.stringify(right))`,
    [freshPath()],
  )
  t.is(answer, 50)
})

survival('searches on the pool survive a file that shrinks and grows', async (t) => {
  t.timeout(240_000)
  const answer = await childAnswer<{ faults: number; other: string[] }>(
    `${prelude}
    const big = 64 * 1024 * 1024
    writeFileSync(path, '')
    const fd = openSync(path, 'r+')
    let faults = 0
    const other = new Set()
    // On until some searches have met the shorter file, however long this thread may have to wait for its turn.
    for (let round = 0; round < 100 || faults < 10; round++) {
      ftruncateSync(fd, big)
      const m = fmmap.Mmap.open(path)
      const searches = [0, 1, 2].map(() => attempt(() => m.findAsync('needle')))
      await pause(1)
      ftruncateSync(fd, Math.floor(Math.random() * big))
      for (const result of await Promise.all(searches)) {
        if (result.startsWith('ERR_MMAP_FAULT truncated')) faults++
        else if (result !== 'nothing thrown') other.add(result)
      }
      m.close()
    }
    console.log(JSON.stringify({ faults, other: [...other] }))`,
    [freshPath()],
  )
  t.true(answer.faults >= 10, `${answer.faults} faults`)
  t.deepEqual(answer.other, [])
})

survival(
  'a flush that is queued while its map faults and is closed rejects, and no more',
  async (t) => {
    if (!externalBuffers) return t.pass('there are no views')
    const answer = await childAnswer<unknown>(
      `${prelude}
    const { pbkdf2 } = await import('node:crypto')
    fill()
    const m = open()
    const view = m.view()
    let busy = 0
    for (let i = 0; i < 8; i++) pbkdf2('a', 'b', 50000, 32, 'sha256', () => busy++)
    const flush = attempt(() => m.flushAsync())
    truncateSync(path, 0)
    view[size - 1] = 1
    m.close()
    const outcome = await flush
    while (busy < 8) await pause(10)
    await pause(50)
    console.log(JSON.stringify(outcome.split(' ')[0]))`,
      [temporaryFile()],
    )
    t.is(answer, 'ERR_MMAP_CLOSED')
  },
)

survival('switched off, a fault kills', async (t) => {
  const body = `
    const { truncateSync, writeFileSync } = await import('node:fs')
    writeFileSync(process.argv[2], Buffer.alloc(${SIZE}))
    if (process.argv[3] === 'switch') fmmap.setFaultGuard(false)
    if (fmmap.faultGuard()) throw new Error('it is on')
    const m = fmmap.Mmap.open(process.argv[2])
    truncateSync(process.argv[2], 0)
    m.get(0)`
  const ways: [string, Record<string, string>][] = [
    ['switch', {}],
    ['environment', { FMMAP_NO_SIGBUS: '1' }],
  ]
  for (const [way, env] of ways) {
    const { code, signal } = await runChild(body, [freshPath(), way], env)
    t.not(code, 0, way)
    // Bun catches the signal to print a report, and ends in another way.
    if (!('bun' in process.versions)) t.is(signal, 'SIGBUS', way)
  }
})

const listeners: Record<string, string> = {
  comes: `process.on('SIGBUS', listener)`,
  'comes for one signal': `process.once('SIGBUS', listener)`,
  'comes and goes': `process.on('SIGBUS', listener); process.off('SIGBUS', listener)`,
  'goes, with a map made while it was there': `
    process.on('SIGBUS', listener)
    open().close()
    process.off('SIGBUS', listener)`,
  'has heard one signal, and is gone': `
    process.once('SIGBUS', listener)
    const { execFileSync } = await import('node:child_process')
    execFileSync('kill', ['-BUS', String(process.pid)])
    for (let i = 0; i < 2000 && heard === 0; i++) await pause(10)
    if (heard !== 1) throw new Error('not heard')`,
}

for (const [what, happens] of Object.entries(listeners)) {
  survival(`a listener of 'SIGBUS' that ${what} leaves the guard in place`, async (t) => {
    const answer = await childAnswer<unknown>(
      `${prelude}
      fill()
      const m = open()
      let heard = 0
      const listener = () => heard++
      ${happens}
      // Bun emits no event when a listener is removed. There the guard checks the handler regularly.
      if ('bun' in process.versions) await pause(300)
      truncateSync(path, 0)
      console.log(JSON.stringify(await attempt(() => m.get(0))))
      process.exit()`,
      [temporaryFile()],
    )
    t.is(answer, FAULT)
  })
}

/** What happens on the main thread, which has no map, after a worker has opened one and before its fault. */
const elsewhere: Record<string, string> = {
  comes: `process.on('SIGBUS', listener)`,
  'was there, goes and comes': `
    process.off('SIGBUS', early)
    process.on('SIGBUS', listener)`,
  'comes after another worker has ended': `
    const another = new Worker(process.argv[3], { workerData: [path, 'end'] })
    await once(another, 'exit')
    process.on('SIGBUS', listener)`,
  'comes while the file is gone already': `
    truncateSync(path, 0)
    process.on('SIGBUS', listener)`,
  'comes twice, for one signal': `
    process.once('SIGBUS', listener)
    process.once('SIGBUS', listener)`,
}

for (const [what, happens] of Object.entries(elsewhere)) {
  survival(
    `a listener of 'SIGBUS' on the main thread that ${what}: a worker goes on`,
    async (t) => {
      if ('deno' in process.versions) return t.pass('Deno has no such listener')
      const worker = moduleFile(`
      const { parentPort, workerData: [path, how] } = await import('node:worker_threads')
      const outcome = async (call) => { try { await call(); return 'nothing thrown' } catch (e) { return e.code } }
      const m = fmmap.Mmap.open(path)
      const other = fmmap.Mmap.open(path)
      if (how !== 'end') {
        parentPort.once('message', async () => {
          parentPort.postMessage([
            await outcome(() => other.findAsync('needle')), await outcome(() => m.get(0))])
          parentPort.close()
        })
        parentPort.postMessage('open')
      }`)
      const { code, signal, output, errors } = await runChild(
        `${prelude}
      const { Worker } = await import('node:worker_threads')
      const { once } = await import('node:events')
      let heard = 0
      const listener = () => heard++
      const early = () => heard++
      if (${JSON.stringify(what)}.startsWith('was there')) process.on('SIGBUS', early)
      fill()
      const worker = new Worker(process.argv[3], { workerData: [path, 'stay'] })
      await once(worker, 'message')
      ${happens}
      truncateSync(path, 0)
      // A fault that repeats would never end, and neither would the test.
      const limit = setTimeout(() => process.exit(9), 60_000)
      worker.postMessage('go')
      const [answer] = await once(worker, 'message')
      clearTimeout(limit)
      console.log(JSON.stringify(answer))
      process.exit()`,
        [temporaryFile(), worker],
      )
      // A listener that was registered for one signal removes the handler when it has heard it, before anybody has
      // checked. The next touch of the same fault then meets the default action.
      if (what.includes('for one signal') && signal === 'SIGBUS') return t.pass('it ends')
      t.deepEqual([code, signal], [0, null], errors)
      t.deepEqual(JSON.parse(output), ['ERR_MMAP_FAULT', 'ERR_MMAP_FAULT'])
    },
  )
}

survival(`a listener of 'SIGBUS' that came later does not hide the guard`, async (t) => {
  if ('deno' in process.versions) return t.pass('Deno has no such listener')
  const answer = await childAnswer<unknown>(
    `${prelude}
    const { execFileSync } = await import('node:child_process')
    fill()
    open().close()
    let heard = 0
    process.on('SIGBUS', () => heard++)
    const m = open()
    truncateSync(path, 0)
    const first = await attempt(() => m.get(0))
    // Not process.kill: Bun's gives the signal its default first, unless its own handler is on top.
    execFileSync('kill', ['-BUS', String(process.pid)])
    for (let i = 0; i < 2000 && heard === 0; i++) await pause(10)
    console.log(JSON.stringify({ first, heard }))`,
    [temporaryFile()],
  )
  t.deepEqual(answer, { first: FAULT, heard: 1 })
})
