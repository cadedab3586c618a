/**
 * Files that shrink, and file systems that are full, while members run. Another process shrinks the files, at any
 * moment.
 */

import { execFileSync, spawn } from 'node:child_process'
import {
  closeSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { Worker } from 'node:worker_threads'
import * as fmmap from '../../index.js'
import {
  cases,
  check,
  externalBuffers,
  freshPath,
  pause,
  random,
  scale,
  scaled,
  seed,
} from './cases.mjs'

const { Mmap, ACCESS_WRITE, ACCESS_READ, PAGESIZE } = fmmap
const SIZE = 512 * PAGESIZE

/** Truncates a file and extends it again, as fast as it can, until it is killed. */
function storm(paths) {
  const source = `
    const { ftruncateSync, openSync } = require('node:fs')
    const fds = process.argv.slice(1).map((path) => openSync(path, 'r+'))
    const sizes = [0, ${PAGESIZE}, ${PAGESIZE} + 100, ${SIZE} / 2, ${SIZE} - 1, ${SIZE} - ${PAGESIZE}]
    process.stdout.write('going')
    for (let i = 0; ; i++) {
      for (const fd of fds) {
        ftruncateSync(fd, sizes[i % sizes.length])
        for (let j = 0; j < (i * 7919) % 3000; j++);
        ftruncateSync(fd, ${SIZE})
      }
    }`
  const program =
    'bun' in process.versions || 'deno' in process.versions ? 'node' : process.execPath
  const child = spawn(program, ['-e', source, ...paths], { stdio: ['ignore', 'pipe', 'inherit'] })
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.stdout.once('data', () => resolve(child))
  })
}

/** Every member that touches bytes, each over so many that some are lost meanwhile. */
const MEMBERS = {
  read: (m) => m.read(),
  readByte: (m) => {
    for (let i = 0; i < SIZE; i += 97) {
      m.seek(i)
      m.readByte()
    }
  },
  readline: (m) => m.readline(),
  readInto: (m) => m.readInto(new Uint8Array(SIZE)),
  arrayBuffer: (m) => m.arrayBuffer(),
  write: (m) => m.write(new Uint8Array(SIZE)),
  writeByte: (m) => {
    for (let i = 0; i < SIZE; i += 97) {
      m.seek(i)
      m.writeByte(1)
    }
  },
  get: (m) => {
    for (let i = 0; i < SIZE; i += 97) m.get(i)
  },
  set: (m) => {
    for (let i = 0; i < SIZE; i += 97) m.set(i, 1)
  },
  slice: (m) => m.slice(),
  'slice with a step': (m) => m.slice(0, SIZE, 3),
  'slice backwards': (m) => m.slice(undefined, undefined, -1),
  setSlice: (m) => m.setSlice(new Uint8Array(SIZE)),
  'setSlice with a step': (m) => m.setSlice(new Uint8Array(SIZE / 2), 0, SIZE, 2),
  find: (m) => m.find('absent', 0),
  'find of one byte': (m) => m.find('\x01', 0),
  'find of a long needle': (m) => m.find('ab'.repeat(100), 0),
  rfind: (m) => m.rfind('absent', 0),
  move: (m) => m.move(0, SIZE / 2, SIZE / 2),
  'move backwards': (m) => m.move(SIZE / 2, 0, SIZE / 2),
  count: (m) => m.count('a'),
  findAll: (m) => {
    for (const at of m.findAll('aa')) void at
  },
  lines: (m) => {
    for (const line of m.lines()) void line
  },
  'lines in reverse': (m) => {
    for (const line of m.lines({ reverse: true })) void line
  },
  iteration: (m) => {
    let left = 50_000
    for (const byte of m) if (left-- === 0) return byte
  },
  flush: (m) => m.flush(),
  madvise: (m) => m.madvise(fmmap.MADV_WILLNEED),
  ...(externalBuffers && {
    view: (m) => {
      const view = m.view()
      for (let i = 0; i < SIZE; i += 512) view[i] += 1
      m.get(0)
    },
  }),
  findAsync: (m) => m.findAsync('absent'),
  rfindAsync: (m) => m.rfindAsync('absent', { start: 0 }),
  countAsync: (m) => m.countAsync('a'),
  findAllAsync: async (m) => {
    for await (const at of m.findAllAsync('aa', { limit: 1000 })) void at
  },
  flushAsync: (m) => m.flushAsync(),
}

function survived(error, path) {
  // The reason is 'io' if the file has grown back after the fault and before its size was read.
  check(
    error.code === 'ERR_MMAP_FAULT' &&
      (error.reason === 'truncated' || error.reason === 'io') &&
      error.path === path,
    `${error.stack} ${error.reason} ${error.path}`,
  )
}

/** A map of the whole file, as soon as it is long enough. */
function opened(path, access) {
  for (;;) {
    try {
      return Mmap.open(path, { access, length: SIZE })
    } catch (error) {
      check(/greater than file size|empty file/.test(error.message), String(error.stack))
    }
  }
}

/** Opens a map and calls a member once, after `before` if that is given. Returns whether it faulted. */
async function once(path, member, access, before) {
  const m = opened(path, access)
  try {
    before?.()
    await member(m)
    return 0
  } catch (error) {
    survived(error, path)
    // The fault stays until a resize.
    let later
    try {
      m.get(0)
    } catch (after) {
      later = after.code
    }
    check(later === 'ERR_MMAP_FAULT', `after a fault, get threw ${later}`)
    return 1
  } finally {
    m.close()
  }
}

/**
 * Truncates a file that a process, which has been told to stop, extends again and again. It may go on for a moment
 * after it was told so.
 */
function truncateWhenStopped(pid, path) {
  const stopped = () =>
    process.platform !== 'linux' || /\) T /.test(readFileSync(`/proc/${pid}/stat`, 'latin1'))
  while (!stopped());
  truncateSync(path, 0)
}

/** Members that let the kernel touch the pages, which gives them no signal. */
const quiet = new Set(['madvise'])

/** Calls each member again and again while another process truncates. */
async function during(names, seconds) {
  const path = freshPath()
  writeFileSync(path, Buffer.alloc(SIZE, 'a'))
  const child = await storm([path])
  const counts = []
  try {
    for (const name of names) {
      const end = Date.now() + seconds * 1000
      let [calls, faults] = [0, 0]
      // Each member must meet a fault at least once, except those that touch no page themselves.
      const patience = quiet.has(name) ? end : end + 3000
      while (Date.now() < end || (faults === 0 && Date.now() < patience)) {
        faults += await once(path, MEMBERS[name], ACCESS_WRITE)
        calls += 1
        await pause()
      }
      // On a busy machine the two may never have run at once. Then the file is short when the member begins.
      if (faults === 0 && !quiet.has(name)) {
        faults += await once(path, MEMBERS[name], ACCESS_WRITE, () => {
          child.kill('SIGSTOP')
          truncateWhenStopped(child.pid, path)
        })
        calls += 1
        child.kill('SIGCONT')
      }
      counts.push([name, calls, faults])
    }
  } finally {
    child.kill('SIGKILL')
  }
  const sum = (at) => counts.reduce((total, count) => total + count[at], 0)
  const never = counts.filter(([name, , faults]) => faults === 0 && !quiet.has(name))
  check(never.length === 0, `no fault in ${never.map(([name]) => name).join(', ')}`)
  return `${counts.length} members, ${sum(1)} calls, ${sum(2)} faults`
}

/** Runs the body with a tmpfs of that many kilobytes; returns undefined where none can be mounted. */
async function withTmpfs(kilobytes, body) {
  if (process.platform !== 'linux' || process.getuid() !== 0) return 'only root on Linux can mount'
  const folder = freshPath()
  mkdirSync(folder)
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${kilobytes}k`, 'tmpfs', folder], {
      stdio: 'pipe',
    })
  } catch {
    return 'mounting is forbidden here'
  }
  try {
    return await body(folder)
  } finally {
    execFileSync('umount', ['-l', folder])
  }
}

/** Writes pages of a sparse file until the file system is full. */
function writeUntilFull(m, write) {
  let pages = 0
  try {
    for (let at = 0; at < m.length; at += PAGESIZE) {
      write(m, at)
      pages += 1
    }
  } catch (error) {
    check(
      error.code === 'ERR_MMAP_FAULT' && error.reason === 'io',
      `${error.stack} ${error.reason}`,
    )
    return pages
  }
  throw new Error(`${pages} pages fit into a full file system`)
}

const workerSource = `
  import { workerData, parentPort } from 'node:worker_threads'
  import * as fmmap from ${JSON.stringify(new URL('../../index.js', import.meta.url).href)}
  let calls = 0, faults = 0
  const other = []
  const end = Date.now() + workerData.seconds * 1000
  // On a busy machine it may take longer until there is a fault.
  while (Date.now() < end || (faults === 0 && Date.now() < end + 300_000)) {
    let m
    while (m === undefined) {
      try {
        m = fmmap.Mmap.open(workerData.path, { access: fmmap.ACCESS_WRITE, length: ${SIZE} })
      } catch (error) {
        if (!/greater than file size|empty file/.test(error.message)) throw error
      }
    }
    for (const call of [() => m.get(${SIZE} - 1), () => m.slice(), () => m.count('a'), () => m.write('abc'), () => m.findAsync('absent')]) {
      calls++
      try { await call() } catch (error) {
        if (error.code === 'ERR_MMAP_FAULT') faults++
        else other.push(String(error.stack))
      }
    }
    m.close()
  }
  parentPort.postMessage({ calls, faults, other })`

async function race(seconds) {
  const next = random(seed)
  const paths = Array.from({ length: 50 }, () => freshPath())
  for (const path of paths) writeFileSync(path, Buffer.alloc(SIZE, 'a'))
  const child = await storm(paths)
  const members = Object.entries(MEMBERS)
  const maps = []
  let [calls, faults, repaired] = [0, 0, 0]
  const end = Date.now() + seconds * 1000
  // On a busy machine nothing may have happened by then, so it goes on until something has, at most for five minutes.
  const late = end + 300_000
  const due = () => Date.now() < (faults > 0 && repaired > 0 ? end : late)
  try {
    while (due()) {
      while (maps.length < 50) {
        const path = next.pick(paths)
        const access = next.pick([ACCESS_WRITE, ACCESS_READ, fmmap.ACCESS_COPY])
        maps.push({ path, m: opened(path, access) })
      }
      const { path, m } = next.pick(maps)
      const [, member] = next.pick(members)
      calls += 1
      try {
        await member(m)
      } catch (error) {
        if (error.code === 'ERR_MMAP_READONLY') continue
        if (error.code === 'ERR_OUT_OF_RANGE' && m.tell() > 0) {
          m.seek(0)
          continue
        }
        survived(error, path)
        faults += 1
        if (m.access === ACCESS_WRITE && (repaired === 0 || next(2) === 0)) {
          // Mapped anew, it shows what the file has now, or faults again.
          m.resize(SIZE)
          repaired += 1
        } else {
          m.close()
          maps.splice(
            maps.findIndex((map) => map.m === m),
            1,
          )
        }
      }
      if (calls % 16 === 0) await pause()
    }
  } finally {
    child.kill('SIGKILL')
  }
  for (const { m } of maps) m.close()
  check(faults > 0 && repaired > 0, `${faults} faults, ${repaired} repaired`)
  return `${calls} calls on 50 maps in ${seconds} s, ${faults} faults, ${repaired} maps made whole by resize, seed ${seed}`
}

const each = 0.7 * Math.min(1, Math.max(scale, 0.1))

await cases({
  'truncated during each synchronous member, by another process': () =>
    during(
      Object.keys(MEMBERS).filter((name) => !name.endsWith('Async')),
      each,
    ),
  'truncated during each asynchronous member, by another process': () =>
    during(
      Object.keys(MEMBERS).filter((name) => name.endsWith('Async')),
      each * 10,
    ),
  'truncated and extended against random calls on 50 maps': () => race(Math.max(5, scaled(60))),
  'to 0, to a page boundary, inside a page; growing back'() {
    const path = freshPath()
    let count = 0
    for (const size of [0, PAGESIZE, PAGESIZE + 100, SIZE - PAGESIZE, SIZE - 1]) {
      writeFileSync(path, Buffer.alloc(SIZE, 'a'))
      const fd = openSync(path, 'r+')
      const m = Mmap.open(path, { access: ACCESS_WRITE })
      const back = Mmap.open(path)
      ftruncateSync(fd, size)
      // A page that the file fills only in part can be read: the rest is zeros, by POSIX.
      const present = Math.ceil(size / PAGESIZE) * PAGESIZE
      if (present > 0)
        check(m.get(present - 1) === (present === size ? 97 : 0), `the last page of ${size}`)
      let code
      try {
        code = m.get(SIZE - 1)
      } catch (error) {
        survived(error, path)
        check(error.size === size, `${error.size}, not ${size}`)
        code = 'fault'
      }
      check(code === (present < SIZE ? 'fault' : 0), `${size}: ${code}`)
      ftruncateSync(fd, SIZE)
      // It was not touched while the bytes were missing, so these are the file's.
      check(back.get(SIZE - 1) === 0 && back.count('a') === size, `grown back from ${size}`)
      if (code === 'fault') {
        try {
          code = m.get(0)
        } catch (error) {
          code = error.code
        }
        check(code === 'ERR_MMAP_FAULT', `${code} once it has grown back`)
        m.resize(SIZE)
        check(m.count('a') === size, 'afresh')
      }
      m.close()
      back.close()
      closeSync(fd)
      count += 1
    }
    return `${count} sizes`
  },
  'a full tmpfs under a sparse map'() {
    return withTmpfs(256, async (folder) => {
      const writes = {
        set: (m, at) => m.set(at, 1),
        writeByte: (m, at) => (m.seek(at), m.writeByte(1)),
        write: (m, at) => (m.seek(at), m.write(new Uint8Array(PAGESIZE))),
        setSlice: (m, at) => m.setSlice('abc', at, at + 3),
        'setSlice with a step': (m, at) => m.setSlice('abc', at, at + 6, 2),
        move: (m, at) => m.move(at, 0, 100),
        ...(externalBuffers && { view: (m, at) => ((m.view()[at] = 1), m.get(0)) }),
      }
      let total = 0
      for (const [name, write] of Object.entries(writes)) {
        const path = `${folder}/sparse`
        writeFileSync(path, '')
        const m = Mmap.open(path, { access: ACCESS_WRITE, create: true, length: SIZE })
        const pages = writeUntilFull(m, write)
        check(pages > 30 && pages <= 64, `${name}: ${pages} pages of a file system of 64`)
        m.close()
        total += pages
        execFileSync('rm', [path])
      }
      return `${Object.keys(writes).length} ways to write, ${total} pages`
    })
  },
  async 'faults in workers'() {
    const path = freshPath()
    writeFileSync(path, Buffer.alloc(SIZE, 'a'))
    const worker = `${path}.mjs`
    writeFileSync(worker, workerSource)
    const child = await storm([path])
    let [calls, faults] = [0, 0]
    try {
      const answers = await Promise.all(
        [1, 2, 3, 4].map(
          () =>
            new Promise((resolve, reject) => {
              const started = new Worker(worker, {
                workerData: { path, seconds: 4 * Math.max(0.5, Math.min(scale, 5)) },
              })
              started.on('message', resolve)
              started.on('error', reject)
            }),
        ),
      )
      for (const answer of answers) {
        calls += answer.calls
        faults += answer.faults
        check(answer.other.length === 0, String(answer.other[0]))
      }
    } finally {
      child.kill('SIGKILL')
    }
    check(faults > 0, 'no fault in a worker')
    return `4 workers, ${calls} calls, ${faults} faults`
  },
})
