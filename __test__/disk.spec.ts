// What a map says about its file's blocks and its pages: lock and unlock, allocate, and how a file is made.
import { readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { ACCESS_COPY, ACCESS_READ, ACCESS_WRITE, Mmap, PAGESIZE } from '../index.js'
import { checkError, refuses } from './support/errors.ts'
import { anonymous, freshPath, mapped, temporaryFile } from './support/files.ts'
import { emulated, externalBuffers, linux, sanitized, unix } from './support/platform.ts'
import { childAnswer, procUrl } from './support/runtime.ts'
import test, { testWhere } from './support/test.ts'

const onUnix = testWhere(unix, 'modes and links of Unix')
const onLinux = testWhere(linux && !emulated, 'asks /proc, and fallocate')
const whereLocked = testWhere(
  linux && !emulated && !sanitized,
  'asks /proc, and the system for mlock',
)
const onOthers = testWhere(!linux && process.platform !== 'freebsd', 'no such call')

test("create: 'exclusive' makes a file, and never opens one", (t) => {
  const path = freshPath()
  const m = Mmap.open(path, { create: 'exclusive', length: 10, access: ACCESS_WRITE })
  t.is(m.length, 10)
  m.close()
  writeFileSync(path, 'mine')
  const error = refuses(
    t,
    () => Mmap.open(path, { create: 'exclusive', length: 10, access: ACCESS_WRITE }),
    'EEXIST',
  )
  t.is(error.path, path)
  t.is(readFileSync(path, 'latin1'), 'mine')
})

onUnix("create: 'exclusive' does not follow a link to nowhere", (t) => {
  const path = freshPath()
  symlinkSync(freshPath(), path)
  const open = (): unknown =>
    Mmap.open(path, { create: 'exclusive', length: 10, access: ACCESS_WRITE })
  refuses(t, open, 'EEXIST')
})

test("create: 'exclusive' has one winner among processes", async (t) => {
  const path = freshPath()
  const racer = (): Promise<boolean> =>
    childAnswer<boolean>(
      `
      const [path] = process.argv.slice(2)
      let won = true
      try {
        fmmap.Mmap.open(path, { create: 'exclusive', length: 10, access: fmmap.ACCESS_WRITE })
      } catch (error) {
        if (error.code !== 'EEXIST') throw error
        won = false
      }
      console.log(won)
      `,
      [path],
    )
  const won = await Promise.all([racer(), racer(), racer()])
  t.is(won.filter(Boolean).length, 1)
})

onUnix('mode: the permissions of a file that is made', (t) => {
  const before = process.umask(0o022)
  try {
    for (const [mode, expected] of [
      [undefined, 0o644],
      [0o666, 0o644],
      [0o600, 0o600],
      [0o640, 0o640],
    ] as const) {
      for (const create of [true, 'exclusive'] as const) {
        const path = freshPath()
        Mmap.open(path, { create, mode, length: 1, access: ACCESS_WRITE }).close()
        t.is(statSync(path).mode & 0o777, expected, `${mode} ${create}`)
      }
    }
    const path = temporaryFile('abc')
    Mmap.open(path, { create: true, mode: 0o600, length: 1, access: ACCESS_WRITE }).close()
    t.is(statSync(path).mode & 0o777, 0o644, 'a file that is there keeps its own')
  } finally {
    process.umask(before)
  }
})

test('create and mode are checked', (t) => {
  const open = (options: unknown) => (): unknown => Mmap.open(freshPath(), options as object)
  for (const create of ['yes', 1, null, {}]) {
    refuses(t, open({ create, length: 1, access: ACCESS_WRITE }), 'ERR_INVALID_ARG_TYPE')
  }
  for (const mode of ['644', null, 1.5, 1n]) {
    refuses(
      t,
      open({ mode, create: true, length: 1, access: ACCESS_WRITE }),
      'ERR_INVALID_ARG_TYPE',
    )
  }
  for (const mode of [-1, 0o10000]) {
    refuses(t, open({ mode, create: true, length: 1, access: ACCESS_WRITE }), 'ERR_OUT_OF_RANGE')
  }
  const conflict = open({ create: 'exclusive', length: 1, access: ACCESS_READ })
  refuses(t, conflict, 'ERR_MMAP_CONFLICTING_OPTIONS')
  refuses(t, open({ create: 'exclusive', access: ACCESS_WRITE }), 'ERR_OUT_OF_RANGE')
})

onLinux('allocate gives a file its blocks', (t) => {
  const path = temporaryFile(1_000_000)
  const m = Mmap.open(path, { access: ACCESS_WRITE })
  t.teardown(() => m.close())
  const before = statSync(path).blocks
  m.allocate(0, 10)
  t.true(statSync(path).blocks > before)
  m.allocate()
  t.true(statSync(path).blocks * 512 >= 1_000_000)
  t.is(statSync(path).size, 1_000_000)
  m.set(5, 7)
  m.allocate(500_000)
  t.is(m.get(5), 7)
  m.allocate(1_000_000)
  anonymous(t, 100).allocate()
})

test('allocate refuses what it can not do', (t) => {
  const m = mapped(t, 'hello', { access: ACCESS_WRITE })
  for (const [offset, length] of [
    [-1, 1],
    [0, 6],
    [6, undefined],
    [3, -1],
    [3, 3],
  ]) {
    refuses(t, () => m.allocate(offset, length), 'ERR_OUT_OF_RANGE')
  }
  for (const bad of ['1', null, 1.5, 1n]) {
    refuses(t, () => m.allocate(bad as number), 'ERR_INVALID_ARG_TYPE')
    refuses(t, () => m.allocate(0, bad as number), 'ERR_INVALID_ARG_TYPE')
  }
  for (const access of [ACCESS_READ, ACCESS_COPY]) {
    refuses(t, () => mapped(t, 'abc', { access }).allocate(), 'ERR_MMAP_READONLY')
  }
  const untracked = mapped(t, 'abc', { access: ACCESS_WRITE, trackfd: false })
  refuses(t, () => untracked.allocate(), 'ERR_MMAP_UNTRACKED')
  m.close()
  refuses(t, () => m.allocate(), 'ERR_MMAP_CLOSED')
})

onOthers('allocate is not there', (t) => {
  const m = mapped(t, 'hello', { access: ACCESS_WRITE })
  refuses(t, () => m.allocate(), 'ERR_MMAP_UNSUPPORTED')
})

whereLocked('lock keeps pages in memory, unlock lets them go', async (t) => {
  const path = temporaryFile('x'.repeat(10 * PAGESIZE))
  const locked = await childAnswer<number[]>(
    `
    import { memory } from ${procUrl}
    const [path] = process.argv.slice(2)
    const m = fmmap.Mmap.open(path)
    const before = memory('VmLck')
    const found = []
    const see = () => found.push((memory('VmLck') - before) / fmmap.PAGESIZE)
    m.lock(); see()
    m.unlock(0, 1); see()
    m.unlock(); see()
    m.lock(-1); see()
    m.lock(5, 5); see()
    m.close(); see()
    console.log(JSON.stringify(found))
    `,
    [path],
  )
  t.deepEqual(locked, [10, 9, 0, 1, 1, 0])
})

test('lock and unlock: bounds, closed maps, views', (t) => {
  const m = mapped(t, 'hello')
  if (externalBuffers) t.is(m.view().length, 5)
  m.lock()
  m.lock(-2, 100)
  m.unlock()
  if (unix) m.unlock()
  for (const bad of ['1', null, 1.5]) {
    refuses(t, () => m.lock(bad as number), 'ERR_INVALID_ARG_TYPE')
    refuses(t, () => m.unlock(0, bad as number), 'ERR_INVALID_ARG_TYPE')
  }
  m.close()
  refuses(t, () => m.lock(), 'ERR_MMAP_CLOSED')
  refuses(t, () => m.unlock(), 'ERR_MMAP_CLOSED')
})

whereLocked('lock says what the limit is', async (t) => {
  const found = await childAnswer<{
    code?: string
    errno?: number
    syscall?: string
    message?: string
  }>(
    `
    import { execFileSync } from 'node:child_process'
    // What the limit holds up: not root, whose processes may lock all there is.
    let found = { code: 'skipped' }
    try {
      execFileSync('prlimit', ['--pid', String(process.pid), '--memlock=65536:65536'])
      if (process.getuid() === 0) process.setuid(65534)
      try {
        new fmmap.Mmap(-1, 10_000_000).lock()
        found = { code: 'none' }
      } catch (error) {
        found = { code: error.code, errno: error.errno, syscall: error.syscall, message: error.message }
      }
    } catch {
      // No prlimit here.
    }
    console.log(JSON.stringify(found))
    `,
  )
  if (found.code === 'skipped') {
    t.pass('no prlimit')
    return
  }
  checkError(t, found as Parameters<typeof checkError>[1], 'ENOMEM', /ulimit -l/)
})
