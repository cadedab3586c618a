// The map's memory as a SharedArrayBuffer, on runtimes that can make one: found out by trying, never by the version.
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { Worker } from 'node:worker_threads'
import { ACCESS_READ, ACCESS_WRITE, Mmap, PAGESIZE } from '../index.js'
import { refuses } from './support/errors.ts'
import { anonymous, latin1, mapped, mappedPath, temporaryFile } from './support/files.ts'
import { externalBuffers } from './support/platform.ts'
import { moduleFile } from './support/runtime.ts'
import test, { testWhere } from './support/test.ts'

/** Whether this runtime has the call. */
const able = ((): boolean => {
  using m = new Mmap(-1, 8)
  try {
    m.sharedBuffer()
    return true
  } catch {
    return false
  }
})()

const onAble = testWhere(able, 'the runtime has no SharedArrayBuffer over foreign memory')

testWhere(!able, 'the runtime has them')(
  'a runtime that can’t says why, before anything else',
  (t) => {
    const m = mapped(t, 'abc')
    refuses(
      t,
      () => m.sharedBuffer('x' as never),
      'ERR_MMAP_UNSUPPORTED',
      /node_api_create_external_sharedarraybuffer/,
    )
    m.close()
    refuses(t, () => m.sharedBuffer(), 'ERR_MMAP_UNSUPPORTED')
  },
)

test('where external buffers are forbidden, so is this', (t) => {
  t.true(externalBuffers || !able)
})

onAble('it is the map’s memory, and stays when the map is closed', (t) => {
  const path = temporaryFile('abcdefgh'.repeat(1000))
  const m = mappedPath(t, path, { access: ACCESS_WRITE })
  const buffer = m.sharedBuffer()
  t.true(buffer instanceof SharedArrayBuffer)
  t.is(buffer.byteLength, 8000)
  const bytes = new Uint8Array(buffer)
  t.is(bytes[3], 100)
  m.set(3, 68)
  t.is(bytes[3], 68)
  bytes[4] = 69
  t.is(latin1(m.slice(0, 8)), 'abcDEfgh')
  const part = new Uint8Array(m.sharedBuffer(7, 3))
  t.is(latin1(Buffer.from(part)), 'hab')
  t.is(m.sharedBuffer(8000).byteLength, 0)
  m.close()
  t.is(bytes[4], 69)
  bytes[5] = 70
  t.is(readFileSync(path, 'latin1').slice(0, 8), 'abcDEFgh')
})

onAble('ranges that can’t be', (t) => {
  const m = mapped(t, 'abc')
  for (const [offset, length] of [[-1], [4], [0, 4], [3, 1], [0, -1], [2 ** 60], [0, 2 ** 60]]) {
    refuses(t, () => m.sharedBuffer(offset, length), 'ERR_OUT_OF_RANGE')
  }
  for (const value of [null, '0', 0.5, Number.NaN, 1n, {}]) {
    refuses(t, () => m.sharedBuffer(value as never), 'ERR_INVALID_ARG_TYPE')
    refuses(t, () => m.sharedBuffer(0, value as never), 'ERR_INVALID_ARG_TYPE')
  }
  m.close()
  refuses(t, () => m.sharedBuffer(), 'ERR_MMAP_CLOSED')
})

onAble('of a read-only map it is a twin, which nothing is written through', (t) => {
  const path = temporaryFile('abc')
  const m = mappedPath(t, path, { access: ACCESS_READ })
  const bytes = new Uint8Array(m.sharedBuffer())
  bytes[0] = 88
  t.is(m.get(0), 97)
  t.is(readFileSync(path, 'latin1'), 'abc')
})

onAble(
  'other threads have it without a copy, wait with Atomics, and may outlive this map',
  async (t) => {
    t.timeout(900_000)
    const m = anonymous(t, PAGESIZE)
    const words = new Int32Array(m.sharedBuffer())
    const worker = new Worker(
      moduleFile(`
      const { parentPort, workerData } = await import('node:worker_threads')
      const words = new Int32Array(workerData)
      parentPort.postMessage('ready')
      Atomics.wait(words, 0, 0)
      words[1] = words[0] + 1
      collect()
      parentPort.postMessage('done')
      parentPort.once('message', () => { words[2] = 3; parentPort.postMessage(words[2]) })
    `),
      { workerData: words.buffer },
    )
    t.teardown(() => worker.terminate().then(() => {}))
    await once(worker, 'message')
    const done = once(worker, 'message')
    Atomics.store(words, 0, 41)
    Atomics.notify(words, 0)
    await done
    t.is(words[1], 42)
    t.is(m.slice(4, 8).readInt32LE(), 42)
    m.close()
    const last = once(worker, 'message')
    worker.postMessage('go on', [])
    t.deepEqual(await last, [3])
  },
)
