// Reads that do not wait for a disk in the calling thread: prefetchAsync, sliceAsync, arrayBufferAsync, stream; and copyTo.
import { truncateSync, unlinkSync, writeFileSync } from 'node:fs'
import { setImmediate as turn } from 'node:timers/promises'
import { ACCESS_COPY, ACCESS_READ, ACCESS_WRITE, MAP_PRIVATE, Mmap, PROT_WRITE } from '../index.js'
import { refuses, rejects } from './support/errors.ts'
import { anonymous, mapped, mappedPath, temporaryFile, touched } from './support/files.ts'
import { numbers, text } from './support/haystacks.ts'
import { emulated, externalBuffers, linux, unix } from './support/platform.ts'
import { childAnswer } from './support/runtime.ts'
import test, { testWhere } from './support/test.ts'

const onUnix = testWhere(unix, 'truncates a mapped file')
const onKernel = testWhere(linux && !emulated, 'the advice is Linux’s, and qemu ignores it')

const SIZE = 9_000_001
const content = text(numbers(20), SIZE, 26)

/** Bounds as slice takes them: whole, from both ends, clamped, empty, small and large. */
const bounds: readonly (readonly [number?, number?])[] = [
  [],
  [5],
  [0, 1],
  [-10],
  [-10, -3],
  [100, 5_000_000],
  [SIZE - 3, SIZE + 50],
  [7, 7],
  [9, 3],
  [-(2 ** 60), 2 ** 60],
]

for (const [name, access] of [
  ['a read-only map', ACCESS_READ],
  ['a writable map', ACCESS_WRITE],
  ['a private map', ACCESS_COPY],
] as const) {
  test(`sliceAsync and arrayBufferAsync of ${name} are copies of what slice gives`, async (t) => {
    const m = mapped(t, content, { access })
    if (access === ACCESS_COPY) m.set(3, 1)
    for (const [from, to] of bounds) {
      const expected = m.slice(from, to)
      // oxlint-disable-next-line no-await-in-loop
      const slice = await m.sliceAsync(from, to)
      t.true(Buffer.isBuffer(slice) && slice.equals(expected), `${from} ${to}`)
      // oxlint-disable-next-line no-await-in-loop
      const exact = await m.arrayBufferAsync(from, to)
      t.true(exact instanceof ArrayBuffer)
      t.true(Buffer.from(exact).equals(expected), `${from} ${to}`)
      slice.fill(0)
    }
    t.true(m.slice(10).equals(content.subarray(10)), 'the copies are copies')
    t.is(m.tell(), 0)
  })
}

test('anonymous memory, and a map without its descriptor', async (t) => {
  const memory = anonymous(t, 500_000)
  memory.write(content.subarray(0, 500_000))
  t.true((await memory.sliceAsync(10, 20)).equals(content.subarray(10, 20)))
  t.true((await memory.sliceAsync()).equals(content.subarray(0, 500_000)))
  await memory.prefetchAsync()
  const untracked = mapped(t, content, { trackfd: false })
  t.true((await untracked.sliceAsync(10, 20)).equals(content.subarray(10, 20)))
  t.is((await untracked.arrayBufferAsync()).byteLength, SIZE)
})

testWhere(linux, '/dev/zero can be mapped')(
  'a shared map of /dev/zero gives what was written, not the zeros that a read of the device gives',
  async (t) => {
    const m = mappedPath(t, '/dev/zero', { access: ACCESS_WRITE }, 8192)
    m.write('abc')
    t.is((await m.sliceAsync(0, 3)).toString(), 'abc')
    t.is(Buffer.from(await m.arrayBufferAsync(0, 3)).toString(), 'abc')
  },
)

test('a map whose own changes are not in the file gives its own', async (t) => {
  const m = mapped(t, 'abcdef', { access: ACCESS_COPY })
  m.set(0, 65)
  t.is((await m.sliceAsync(0, 3)).toString(), 'Abc')
  t.is(Buffer.from(await m.arrayBufferAsync(0, 3)).toString(), 'Abc')
})

test('requests at once are answered each with its own', async (t) => {
  const m = mapped(t, content)
  const requests = Array.from({ length: 40 }, (_, at) => m.sliceAsync(at, at + at * 20_000))
  const answers = await Promise.all(requests)
  for (const [at, answer] of answers.entries()) {
    t.true(answer.equals(content.subarray(at, at + at * 20_000)), `request ${at}`)
  }
})

test('prefetchAsync tells how far it is, and changes nothing', async (t) => {
  const m = mapped(t, content)
  m.seek(7)
  const steps: [number, number][] = []
  t.is(
    await m.prefetchAsync(10, -1, { onProgress: (done, total) => steps.push([done, total]) }),
    undefined,
  )
  t.true(steps.length > 1)
  t.deepEqual(steps.at(-1), [SIZE - 11, SIZE - 11])
  t.true(steps.every(([done], at) => at === 0 || done > (steps[at - 1]?.[0] ?? 0)))
  t.is(m.tell(), 7)
  await m.prefetchAsync(5, 5)
  await m.prefetchAsync(undefined, undefined, undefined)
  if (externalBuffers) {
    const view = m.view()
    await m.prefetchAsync()
    t.is(view[3], content[3])
  }
})

onKernel('prefetchAsync makes pages resident', async (t) => {
  const path = temporaryFile(content)
  const m = Mmap.open(path)
  t.teardown(() => m.close())
  t.true(touched(path) < 1_000_000)
  await m.prefetchAsync()
  t.true(touched(path) >= SIZE - 8192, `${touched(path)} bytes`)
})

test('a signal, a close and bad arguments', async (t) => {
  const m = mapped(t, content)
  const calls = {
    prefetchAsync: (...args: unknown[]) => m.prefetchAsync(...(args as [])),
    sliceAsync: (...args: unknown[]) => m.sliceAsync(...(args as [])),
    arrayBufferAsync: (...args: unknown[]) => m.arrayBufferAsync(...(args as [])),
  }
  /* oxlint-disable no-await-in-loop */
  for (const call of Object.values(calls)) {
    await rejects(t, call(0, undefined, { signal: AbortSignal.abort() }), 'ABORT_ERR')
    const ending = new AbortController()
    const running = call(0, undefined, { signal: ending.signal })
    ending.abort()
    await rejects(t, running, 'ABORT_ERR')
    for (const bad of ['0', null, 1.5, Number.NaN, 1n, {}]) {
      await rejects(t, call(bad), 'ERR_INVALID_ARG_TYPE')
      await rejects(t, call(0, bad), 'ERR_INVALID_ARG_TYPE')
    }
    for (const bad of [null, 1, 'x', () => {}]) {
      await rejects(t, call(0, 1, bad), 'ERR_INVALID_ARG_TYPE')
      await rejects(t, call(0, 1, { signal: bad }), 'ERR_INVALID_ARG_TYPE')
    }
  }
  await rejects(t, calls.prefetchAsync(0, 1, { onProgress: 1 }), 'ERR_INVALID_ARG_TYPE')
  await rejects(
    t,
    m.prefetchAsync(0, undefined, {
      onProgress() {
        throw Object.assign(new RangeError('mine, longer'), { code: 'ERR_OUT_OF_RANGE' })
      },
    }),
    'ERR_OUT_OF_RANGE',
  )
  const running = Object.values(calls).map((call) => call())
  refuses(t, () => m.refresh(), 'ERR_MMAP_EXPORTED')
  m.close()
  for (const promise of running) await rejects(t, promise, 'ERR_MMAP_CLOSED')
  for (const call of Object.values(calls)) await rejects(t, call(), 'ERR_MMAP_CLOSED')
  /* oxlint-enable no-await-in-loop */
})

onUnix(
  'the zeros behind the end of a file, in its last page, are not passed off as its bytes',
  async (t) => {
    const end = 5_000_123
    for (const read of [
      (m: Mmap) => m.sliceAsync(end - 5, end + 5),
      (m: Mmap) => m.arrayBufferAsync(end - 300_000, end + 1),
      (m: Mmap) => m.prefetchAsync(end, end + 1),
      (m: Mmap) =>
        new Response(m.stream({ start: end - 2500, end: end + 500, chunkSize: 1000 })).text(),
    ]) {
      const path = temporaryFile(content)
      const m = Mmap.open(path)
      t.teardown(() => m.close())
      truncateSync(path, end)
      // oxlint-disable-next-line no-await-in-loop
      const whole = await m.sliceAsync(0, end)
      t.true(whole.equals(content.subarray(0, end)))
      // oxlint-disable-next-line no-await-in-loop
      await rejects(t, read(m), 'ERR_MMAP_FAULT')
      t.is(m.refresh(), 'truncated')
      // oxlint-disable-next-line no-await-in-loop
      t.true((await m.sliceAsync(-10)).equals(content.subarray(end - 10, end)))
    }
  },
)

onUnix('a page that is missing is an error', async (t) => {
  for (const member of ['prefetchAsync', 'sliceAsync', 'arrayBufferAsync'] as const) {
    // Under qemu, which ignores advice, no page is asked for, and none is missed.
    if (member === 'prefetchAsync' && emulated) continue
    for (const size of [100_000, SIZE]) {
      const path = temporaryFile(content.subarray(0, size))
      const m = Mmap.open(path)
      truncateSync(path, 10)
      // oxlint-disable-next-line no-await-in-loop
      await rejects(t, m[member](), 'ERR_MMAP_FAULT')
      refuses(t, () => m.get(0), 'ERR_MMAP_FAULT')
      t.is(m.refresh(), 'truncated')
      // oxlint-disable-next-line no-await-in-loop
      t.true((await m.sliceAsync()).equals(content.subarray(0, 10)))
      m.close()
      unlinkSync(path)
    }
  }
})

onUnix('a map that cannot be read', async (t) => {
  const m = mapped(t, 'abc', { flags: MAP_PRIVATE, prot: PROT_WRITE })
  await rejects(t, m.sliceAsync(), 'ERR_MMAP_UNREADABLE')
  await rejects(t, m.prefetchAsync(), 'ERR_MMAP_UNREADABLE')
  refuses(t, () => m.copyTo(Buffer.alloc(1)), 'ERR_MMAP_UNREADABLE')
  refuses(t, () => m.stream(), 'ERR_MMAP_UNREADABLE')
})

test('copyTo fills what there is room for, and leaves the position', (t) => {
  const m = mapped(t, 'hello world')
  m.seek(3)
  const target = Buffer.alloc(5, '-')
  t.is(m.copyTo(target), 5)
  t.is(target.toString(), 'hello')
  t.is(m.copyTo(target, 6, 8), 2)
  t.is(target.toString(), 'wollo')
  t.is(m.copyTo(target, -3), 3)
  t.is(target.toString(), 'rldlo')
  t.is(m.copyTo(target, 20), 0)
  t.is(m.copyTo(target, 5, 2), 0)
  t.is(m.copyTo(new Uint8Array(0)), 0)
  const wide = new Uint16Array(2)
  t.is(m.copyTo(wide), 4)
  t.is(Buffer.from(wide.buffer).toString(), 'hell')
  t.is(m.copyTo(new DataView(new ArrayBuffer(3))), 3)
  t.is(m.tell(), 3)
  const copyTo = m.copyTo.bind(m) as (...args: unknown[]) => number
  for (const bad of [undefined, null, 'x', 3, [1], new ArrayBuffer(3)]) {
    refuses(t, () => copyTo(bad), 'ERR_INVALID_ARG_TYPE')
  }
  refuses(t, () => copyTo(target, '1'), 'ERR_INVALID_ARG_TYPE')
  m.close()
  refuses(t, () => m.copyTo(target), 'ERR_MMAP_CLOSED')
})

async function read(stream: ReadableStream<Uint8Array>): Promise<Uint8Array[]> {
  const chunks: Uint8Array[] = []
  const reader = stream.getReader()
  for (;;) {
    // oxlint-disable-next-line no-await-in-loop
    const { done, value } = await reader.read()
    if (done) return chunks
    chunks.push(value)
  }
}

test('stream gives a range in chunks of bytes', async (t) => {
  const m = mapped(t, content)
  for (const [options, first] of [
    [{}, 1024 * 1024],
    [{ start: 3, end: -5, chunkSize: 100_000 }, 100_000],
    [{ start: -10, chunkSize: 3 }, 3],
    [{ start: 5, end: 6 }, 1],
  ] as const) {
    // oxlint-disable-next-line no-await-in-loop
    const chunks = await read(m.stream(options))
    const { start, end } = options as { start?: number; end?: number }
    t.is(chunks[0]?.length, first)
    t.true(Buffer.concat(chunks).equals(content.subarray(start ?? 0, end ?? SIZE)))
  }
  t.deepEqual(await read(m.stream({ start: 9, end: 9 })), [])
})

test('stream: a Response takes it, and a reader with its own buffer', async (t) => {
  const m = mapped(t, content)
  const response = new Response(m.stream({ end: 3_000_000 }))
  t.true(Buffer.from(await response.arrayBuffer()).equals(content.subarray(0, 3_000_000)))
  const reader = m.stream({ start: 1, end: 11, chunkSize: 4 }).getReader({ mode: 'byob' })
  const found: number[] = []
  for (;;) {
    // oxlint-disable-next-line no-await-in-loop
    const { done, value } = await reader.read(new Uint8Array(3))
    if (value !== undefined) found.push(...value)
    if (done) break
  }
  t.deepEqual(found, [...content.subarray(1, 11)])
})

test('stream: cancel, a signal, a close meanwhile', async (t) => {
  const m = mapped(t, content)
  const cancelled = m.stream({ chunkSize: 1000 }).getReader()
  t.is((await cancelled.read()).value?.length, 1000)
  await cancelled.cancel()
  t.true((await cancelled.read()).done)
  t.is(m.refresh(), 'same', 'nothing is pending any more')
  refuses(t, () => m.stream({ signal: AbortSignal.abort() }), 'ABORT_ERR')
  const ending = new AbortController()
  const aborted = m.stream({ signal: ending.signal, chunkSize: 10 }).getReader()
  await aborted.read()
  ending.abort()
  await rejects(t, aborted.read(), 'ABORT_ERR')
  const closing = m.stream({ chunkSize: 1000 }).getReader()
  await closing.read()
  m.close()
  // One chunk was read ahead.
  const rest = (async () => {
    for (;;) {
      // oxlint-disable-next-line no-await-in-loop
      if ((await closing.read()).done) break
    }
  })()
  await rejects(t, rest, 'ERR_MMAP_CLOSED')
  refuses(t, () => m.stream(), 'ERR_MMAP_CLOSED')
})

onUnix('stream: a page that is missing is an error of the stream', async (t) => {
  const path = temporaryFile(content)
  const m = Mmap.open(path)
  t.teardown(() => m.close())
  const reader = m.stream({ chunkSize: 1_000_000 }).getReader()
  t.is((await reader.read()).value?.length, 1_000_000)
  truncateSync(path, 2_000_000)
  const rest = (async () => {
    while (!(await reader.read()).done);
  })()
  await rejects(t, rest, 'ERR_MMAP_FAULT')
})

/** Resizes a map as soon as nothing reads it ahead. */
async function resizeLater(m: Mmap, length: number): Promise<void> {
  for (;;) {
    try {
      m.resize(length)
      return
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ERR_MMAP_EXPORTED') throw error
      // oxlint-disable-next-line no-await-in-loop
      await turn()
    }
  }
}

test('stream: a map that has become shorter is an error of the stream, also if it is long again', async (t) => {
  for (const chunkSize of [1000, 1_000_000]) {
    for (const chunks of [2, 2.5]) {
      for (const again of [false, true]) {
        const m = mapped(t, content, { access: ACCESS_WRITE })
        const reader = m.stream({ chunkSize }).getReader()
        // oxlint-disable no-await-in-loop
        await reader.read()
        await resizeLater(m, chunks * chunkSize)
        // This one was read ahead, and the next one is now.
        t.is((await reader.read()).value?.length, chunkSize)
        if (again) await resizeLater(m, SIZE)
        await rejects(t, reader.read(), 'ERR_MMAP_FAULT')
        // oxlint-enable no-await-in-loop
      }
    }
  }
})

test('stream checks its options', (t) => {
  const m = mapped(t, 'abc')
  const stream = m.stream.bind(m) as (...args: unknown[]) => unknown
  for (const bad of [null, 1, 'x']) refuses(t, () => stream(bad), 'ERR_INVALID_ARG_TYPE')
  for (const name of ['start', 'end', 'chunkSize', 'signal']) {
    for (const bad of [null, '1', 1.5, 1n]) {
      refuses(t, () => stream({ [name]: bad }), 'ERR_INVALID_ARG_TYPE', undefined, name)
    }
  }
  for (const bad of [0, -1]) refuses(t, () => stream({ chunkSize: bad }), 'ERR_OUT_OF_RANGE')
})

test('path is what open was given, as text', (t) => {
  const path = temporaryFile('x')
  const m = Mmap.open(path)
  t.is(m.path, path)
  m.close()
  t.is(m.path, path)
  const bytes = Mmap.open(Buffer.from(path))
  t.is(bytes.path, path)
  bytes.close()
  t.is(mapped(t, 'x').path, undefined)
  t.is(anonymous(t, 10).path, undefined)
})

test('a worker that ends while it reads leaves nothing behind', async (t) => {
  const path = temporaryFile(content)
  const answer = await childAnswer<string>(
    `
    import { Worker, isMainThread } from 'node:worker_threads'
    if (isMainThread) {
      for (let round = 0; round < 10; round += 1) {
        const worker = new Worker(new URL(import.meta.url), { argv: process.argv.slice(2) })
        await pause(30 + round * 10)
        await worker.terminate()
      }
      console.log(JSON.stringify('survived'))
      process.exit(0)
    } else {
      const m = fmmap.Mmap.open(process.argv[2])
      for (;;) await Promise.all([m.sliceAsync(), m.prefetchAsync(), m.arrayBufferAsync(5)])
    }
    `,
    [path],
  )
  t.is(answer, 'survived')
  writeFileSync(path, '')
})
