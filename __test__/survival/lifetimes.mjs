/**
 * Views in flight: work of the runtime's own reads a view while the map is closed, resized or collected, or its
 * thread ends. The answer must be right, or an error must come; a write that fell short must never be reported as a
 * success.
 */

import { spawn } from 'node:child_process'
import {
  createHash,
  createHmac,
  createSign,
  generateKeyPairSync,
  sign,
  verify,
  webcrypto,
} from 'node:crypto'
import { closeSync, openSync, readFileSync, write, writeFileSync } from 'node:fs'
import { open as openFile, readFile, writeFile } from 'node:fs/promises'
import { createServer, get } from 'node:http'
import { Readable } from 'node:stream'
import { buffer as whole } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import { createWriteStream } from 'node:fs'
import { MessageChannel, Worker } from 'node:worker_threads'
import { promisify } from 'node:util'
import zlib from 'node:zlib'
import * as fmmap from '../../index.js'
import { mappings, openFiles } from '../support/proc.mjs'
import { cases, check, collect, freshPath, pause, scaled } from './cases.mjs'

const { Mmap, ACCESS_WRITE, ACCESS_READ, ACCESS_COPY, PAGESIZE } = fmmap
const SIZE = 1024 * PAGESIZE
const content = Buffer.alloc(SIZE)
for (let i = 0; i < SIZE; i++) content[i] = (i * 7 + (i >> 12)) & 255
const digest = (bytes) => createHash('sha256').update(bytes).digest('hex')
const expected = digest(content)

/** Work in flight. Each takes a view, and returns whether its result is right. */
const FLIGHTS = {
  'fs.write': async (view) => {
    const path = freshPath()
    const fd = openSync(path, 'w')
    try {
      const written = await new Promise((resolve, reject) =>
        write(fd, view, 0, view.length, 0, (error, count) =>
          error ? reject(error) : resolve(count),
        ),
      )
      return written === SIZE && digest(readFileSync(path)) === expected
    } finally {
      closeSync(fd)
    }
  },
  'fs.promises.writeFile': async (view) => {
    const path = freshPath()
    await writeFile(path, view)
    return digest(await readFile(path)) === expected
  },
  'FileHandle.write': async (view) => {
    const path = freshPath()
    const handle = await openFile(path, 'w')
    try {
      const { bytesWritten } = await handle.write(view)
      return bytesWritten === SIZE && digest(await readFile(path)) === expected
    } finally {
      await handle.close()
    }
  },
  'zlib.gzip': async (view) =>
    digest(zlib.gunzipSync(await promisify(zlib.gzip)(view, { level: 1 }))) === expected,
  'zlib.brotliCompress': async (view) => {
    const params = { [zlib.constants.BROTLI_PARAM_QUALITY]: 1 }
    return (
      digest(zlib.brotliDecompressSync(await promisify(zlib.brotliCompress)(view, { params }))) ===
      expected
    )
  },
  'crypto.subtle.digest': async (view) =>
    Buffer.from(await webcrypto.subtle.digest('SHA-256', view)).toString('hex') === expected,
  'crypto.subtle.sign': async (view) => {
    const key = await webcrypto.subtle.generateKey({ name: 'HMAC', hash: 'SHA-256' }, true, [
      'sign',
      'verify',
    ])
    const signature = await webcrypto.subtle.sign('HMAC', key, view)
    return webcrypto.subtle.verify('HMAC', key, signature, content)
  },
  'crypto.subtle.encrypt': async (view) => {
    const key = await webcrypto.subtle.generateKey({ name: 'AES-GCM', length: 128 }, true, [
      'encrypt',
      'decrypt',
    ])
    const iv = new Uint8Array(12)
    const secret = await webcrypto.subtle.encrypt({ name: 'AES-GCM', iv }, key, view)
    const plain = await webcrypto.subtle.decrypt({ name: 'AES-GCM', iv }, key, secret)
    return digest(Buffer.from(plain)) === expected
  },
  'crypto.sign': async (view) => {
    const { privateKey, publicKey } = generateKeyPairSync('ed25519')
    const signature = await promisify(sign)(null, view, privateKey)
    return verify(null, content, publicKey, signature)
  },
  'createHmac and createSign': async (view) => {
    const hmac = (bytes) => createHmac('sha256', 'key').update(bytes).digest('hex')
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 1024 })
    const signed = (bytes) => createSign('sha256').update(bytes).sign(privateKey, 'hex')
    return hmac(view) === hmac(content) && signed(view) === signed(content)
  },
  'a stream into a file': async (view) => {
    const path = freshPath()
    const parts = []
    for (let at = 0; at < SIZE; at += 65536) parts.push(view.subarray(at, at + 65536))
    await pipeline(Readable.from(parts), createWriteStream(path))
    return digest(readFileSync(path)) === expected
  },
  'a stream through gzip': async (view) => {
    const packed = await whole(Readable.from([view]).pipe(zlib.createGzip({ level: 1 })))
    return digest(zlib.gunzipSync(packed)) === expected
  },
  'a web stream': async (view) => {
    const stream = new Blob([view]).stream()
    return digest(await whole(stream)) === expected
  },
  TextDecoder: async (view) => {
    const text = new TextDecoder('utf-16le').decode(view)
    await pause()
    return text === new TextDecoder('utf-16le').decode(content)
  },
  structuredClone: async (view) => {
    const copy = structuredClone(view)
    await pause()
    return digest(copy) === expected
  },
  'postMessage of a copy': async (view) => {
    const { port1, port2 } = new MessageChannel()
    const received = new Promise((resolve) => port2.once('message', resolve))
    port1.postMessage(view)
    const copy = await received
    port1.close()
    port2.close()
    return digest(copy) === expected
  },
  'an http response': async (view) => {
    const server = createServer((request, response) => response.end(view))
    await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
    try {
      const response = await new Promise((resolve, reject) =>
        get({ port: server.address().port, host: '127.0.0.1', agent: false }, resolve).on(
          'error',
          reject,
        ),
      )
      return digest(await whole(response)) === expected
    } finally {
      server.close()
    }
  },
}

/** What happens to the map while the work is in flight. `keeps` says that the bytes do not change. */
const EVENTS = {
  nothing: () => {},
  'close()': (m) => m.close(),
  'close() and collection': (m) => {
    m.close()
    collect()
  },
  collection: () => collect(),
  'resize() to more': (m) => m.access === ACCESS_WRITE && m.resize(2 * SIZE),
  using: (m) => m[Symbol.dispose ?? 'close'](),
  'searches and close()': (m) => {
    for (let i = 0; i < 4; i++)
      m.findAsync('absent').catch((error) => check(error.code === 'ERR_MMAP_CLOSED', String(error)))
    m.close()
  },
}

function mapped(access) {
  const path = freshPath()
  writeFileSync(path, content)
  return Mmap.open(path, { access })
}

async function flights() {
  let count = 0
  for (const [name, flight] of Object.entries(FLIGHTS)) {
    for (const [event, happens] of Object.entries(EVENTS)) {
      for (const access of [ACCESS_WRITE, ACCESS_READ, ACCESS_COPY]) {
        const m = mapped(access)
        const label = `${name}, ${event}, access ${access}`
        let right
        const running = flight(m.view()).then(
          (answer) => (right = answer),
          (error) => check(typeof error.code === 'string', `${label}: ${error.stack}`),
        )
        await (count % 2 === 0 ? undefined : pause())
        happens(m)
        await running
        check(right !== false, `${label}: a wrong answer, called success`)
        check(right === true, `${label}: an error, where nothing was wrong`)
        m.close()
        count += 1
      }
    }
  }
  return `${count} flights`
}

/** A view that is transferred: it moves or is refused, and what is left behind is empty or whole. */
async function transfers() {
  let [moved, refused] = [0, 0]
  for (const access of [ACCESS_WRITE, ACCESS_READ, ACCESS_COPY]) {
    for (const close of [false, true]) {
      const m = mapped(access)
      const view = m.view()
      const { port1, port2 } = new MessageChannel()
      const received = new Promise((resolve) => port2.once('message', resolve))
      try {
        port1.postMessage(view, [view.buffer])
      } catch {
        refused += 1
        check(digest(view) === expected, 'a refused transfer changed the view')
        port1.close()
        port2.close()
        m.close()
        continue
      }
      if (close) m.close()
      const other = await received
      check(digest(other) === expected, 'a transferred view')
      // Node 20 copies views that can't be transferred; later versions refuse.
      check(view.length === 0 || digest(view) === expected, 'what is left of a transferred view')
      if (!close) check(digest(m.view()) === expected, 'a view made anew')
      moved += 1
      port1.close()
      port2.close()
      m.close()
      collect()
      check(digest(other) === expected, 'a transferred view, after close and collection')
    }
    const m = mapped(access)
    try {
      const view = m.view()
      const clone = structuredClone(view, { transfer: [view.buffer] })
      m.close()
      collect()
      check(digest(clone) === expected, 'structuredClone with a transfer')
      check(view.length === 0 || digest(view) === expected, 'what it leaves')
      moved += 1
    } catch (error) {
      check(error.name === 'DataCloneError', String(error.stack))
      refused += 1
    }
    m.close()
  }
  return `${moved} moved, ${refused} refused by the runtime`
}

/** Starts a module that runs until something ends it. */
function child(source, args = []) {
  const path = `${freshPath()}.mjs`
  writeFileSync(
    path,
    `import * as fmmap from ${JSON.stringify(new URL('../../index.js', import.meta.url).href)}
    import { Worker } from 'node:worker_threads'
    import fs from 'node:fs'
    import http from 'node:http'
    import zlib from 'node:zlib'
    import { Readable } from 'node:stream'
    import { webcrypto } from 'node:crypto'
    const path = process.argv[2]
    ${source}`,
  )
  const flags = 'deno' in process.versions ? ['run', '-A'] : []
  const started = spawn(process.execPath, [...flags, path, ...args], {
    env: { ...process.env, NODE_OPTIONS: '' },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  started.stdout.on('data', (chunk) => (output += chunk))
  started.stderr.on('data', (chunk) => (output += chunk))
  return new Promise((resolve, reject) => {
    started.on('error', reject)
    started.on('close', (code, signal) => resolve({ code, signal, output }))
  })
}

const IN_FLIGHT = `
  const m = fmmap.Mmap.open(path, { access: fmmap.ACCESS_WRITE })
  const view = m.view()
  fs.promises.writeFile(path + '.copy' + process.pid + Math.random(), view).catch(() => {})
  zlib.gzip(view, () => {})
  zlib.brotliCompress(fmmap.Mmap.open(path).view(), () => {})
  Readable.from([view, view]).pipe(zlib.createGzip()).resume()
  webcrypto.subtle.digest('SHA-256', view).catch(() => {})
  const server = http.createServer((request, response) => response.end(view)).listen(0, () =>
    http.get({ port: server.address().port }, (response) => response.resume()).on('error', () => {}))
  m.findAsync('absent').catch(() => {})
  m.countAsync('a').catch(() => {})
  m.flushAsync().catch(() => {})
  globalThis.kept = [m, view]
`

async function ends() {
  const path = freshPath()
  writeFileSync(path, content)
  const rounds = scaled(5)
  let count = 0
  const expect = async (source, code, label) => {
    const answer = await child(source, [path])
    check(
      answer.code === code && answer.signal === null,
      `${label}: ${answer.signal ?? answer.code}\n${answer.output}`,
    )
    count += 1
  }
  for (let i = 0; i < rounds; i++) {
    await expect(`${IN_FLIGHT}\nprocess.exit(7)`, 7, 'process.exit')
    await expect(`${IN_FLIGHT}\nsetTimeout(() => process.exit(7), ${i})`, 7, 'process.exit later')
    await expect(`${IN_FLIGHT}\nthrow new Error('own')`, 1, 'an uncaught exception')
    await expect(`${IN_FLIGHT}\nm.close(); process.exit(7)`, 7, 'close and exit')
    await expect(`${IN_FLIGHT}\nPromise.reject(new Error('own'))`, 1, 'an unhandled rejection')
  }
  return `${count} processes`
}

async function workers() {
  // Otherwise Deno would have nothing to do and end, before the event that a worker has ended.
  const alive = setInterval(() => {}, 1000)
  const path = freshPath()
  writeFileSync(path, content)
  const file = `${path}.mjs`
  writeFileSync(
    file,
    `import * as fmmap from ${JSON.stringify(new URL('../../index.js', import.meta.url).href)}
    import { parentPort, workerData } from 'node:worker_threads'
    import fs from 'node:fs'
    import http from 'node:http'
    import zlib from 'node:zlib'
    import { Readable } from 'node:stream'
    import { webcrypto } from 'node:crypto'
    const path = workerData.path
    ${IN_FLIGHT}
    parentPort.postMessage('flying')
    if (workerData.end === 'exit') process.exit(0)
    if (workerData.end === 'throw') throw new Error('own')
    if (workerData.end === 'close') { m.close(); process.exit(0) }
    setInterval(() => {}, 1000)`,
  )
  const rounds = scaled(10)
  let count = 0
  for (let i = 0; i < rounds; i++) {
    for (const end of ['exit', 'throw', 'close', 'terminate']) {
      const worker = new Worker(file, { workerData: { path, end } })
      const exited = new Promise((resolve) => worker.on('exit', resolve))
      let failure
      worker.on('error', (error) => (failure = error))
      await Promise.race([exited, new Promise((resolve) => worker.once('message', resolve))])
      if (end === 'terminate') await worker.terminate()
      await exited
      check(failure === undefined || failure.message === 'own', String(failure?.stack))
      count += 1
    }
  }
  clearInterval(alive)
  const m = Mmap.open(path)
  check(digest(m.slice()) === expected, 'the file after all')
  check((await m.countAsync('absent')) === 0, 'a search after all')
  m.close()
  // Under Bun, the memory of views stays for a while.
  if (!('bun' in process.versions) && process.platform === 'linux') {
    for (let i = 0; i < 5000 && mappings(path) > 0; i++) await pause(20)
    check(mappings(path) === 0, `${mappings(path)} mappings are left of ${count} workers`)
  }
  return `${count} workers`
}

async function leaks() {
  if (process.platform !== 'linux') return '/proc is Linux’s'
  const path = freshPath()
  writeFileSync(path, content)
  const round = async () => {
    for (let i = 0; i < 20; i++) {
      const m = Mmap.open(path, { access: 1 + (i % 3) })
      const view = m.view()
      await promisify(zlib.deflate)(view.subarray(0, 1000))
      if (i % 2 === 0) m.close()
    }
  }
  await round()
  const before = openFiles().length
  const rounds = scaled(20)
  for (let i = 0; i < rounds; i++) await round()
  let [left, more] = [1, 1]
  for (let i = 0; i < (left > 3 || more > 3 ? 5000 : 100) && (left > 0 || more > 0); i++) {
    collect()
    await pause(20)
    left = mappings(path)
    more = openFiles().length - before
  }
  check(
    left <= 3 && more <= 3,
    `${left} mappings and ${more} descriptors are left of ${rounds * 20}`,
  )
  return `${rounds * 20} maps`
}

/** A child process inherits nothing of a map. */
async function inheritance() {
  if (process.platform !== 'linux') return '/proc is Linux’s'
  const path = freshPath()
  writeFileSync(path, content)
  const maps = [
    Mmap.open(path),
    Mmap.open(path, { access: ACCESS_WRITE }),
    Mmap.open(path, { access: ACCESS_COPY }),
  ]
  const fd = openSync(path, 'r+')
  maps.push(new Mmap(fd, 0))
  closeSync(fd)
  const m = maps[1]
  m.resize(SIZE)
  m.view()
  check(mappings(path) > 0, 'it is mapped here')
  const listing = await new Promise((resolve, reject) => {
    const started = spawn('sh', ['-c', 'ls -l /proc/self/fd; cat /proc/self/maps'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let output = ''
    started.stdout.on('data', (chunk) => (output += chunk))
    started.on('error', reject)
    started.on('close', () => resolve(output))
  })
  check(listing.length > 100 && !listing.includes(path), listing)
  for (const map of maps) map.close()
  return `${maps.length} maps`
}

/** Views that the caller detaches are empty, and their memory is unmapped at once. */
function detaching() {
  let count = 0
  for (const access of [ACCESS_WRITE, ACCESS_READ, ACCESS_COPY]) {
    const m = mapped(access)
    const views = [m.view(), m.view(0, 10), m.view(Float64Array, 8, 4), m.view(DataView)]
    m.close({ detach: true })
    check(
      views.slice(0, 3).every((view) => view.length === 0),
      'views that are detached are empty',
    )
    check(views[3].buffer.byteLength === 0, 'and so is a DataView’s buffer')
    count += views.length
  }
  return `${count} views`
}

await cases({
  'views in flight, whatever happens to the map': flights,
  'views that are transferred': transfers,
  'processes that end with views and searches in flight': ends,
  'workers that end with views and searches in flight': workers,
  'no mapping and no descriptor is left': leaks,
  'no descriptor and no mapping is inherited': inheritance,
  'close({ detach: true })': detaching,
})
