// What work in the background keeps, and how much of it runs at once: memory, concurrency, the pieces of dense
// chunks, and direct calls of the addon's exports.
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import type { Mmap } from '../index.js'
import { thrown } from './support/errors.ts'
import { anonymous, mappedPath, temporaryFile } from './support/files.ts'
import { hole } from './support/platform.ts'
import { childAnswer, packageUrl } from './support/runtime.ts'
import { serially } from './support/serial.ts'
import anyTest from './support/test.ts'

/** The tests run one after another, because they share the pool and its turns, and some look at the clock. */
const test = serially(anyTest, { ended: Promise.resolve() })

/** The addon, called in ways that users should not call it. */
interface Addon {
  natives(): {
    map(...options: unknown[]): number
    close(handle: number): void
  }
  turns(): number
  Search: {
    new (needle: Uint8Array, question: number): Search
    readonly prototype: Search
  }
}

interface Search {
  chunk(...range: number[]): Promise<Float64Array | null> | null
  end(): void
  join(): void
}

const addon = createRequire(import.meta.url)(
  fileURLToPath(new URL('./binding.cjs', packageUrl)),
) as Addon

const CHUNK = 4 << 20

/** The most offsets that one chunk returns. */
const MOST = 65_536

test('findAllAsync: chunks of dense matches take nothing from the concurrency of the others', async (t) => {
  const m = anonymous(t, 24 * CHUNK)
  const expected: number[] = []
  const put = (at: number): void => {
    m.setSlice('ab', at, at + 2)
    expected.push(at)
  }
  // More matches than one answer holds: in the first chunk, in the last of a round, and in a single one.
  for (const [chunk, count] of [
    [0, 2 * MOST + 10],
    [3, MOST],
    [7, MOST + 1],
    [13, 3 * MOST],
  ] as const) {
    m.setSlice(Buffer.alloc(2 * count, 'ab'), chunk * CHUNK + 100, chunk * CHUNK + 100 + 2 * count)
    for (let i = 0; i < count; i++) expected.push(chunk * CHUNK + 100 + 2 * i)
    put((chunk + 1) * CHUNK - 1)
  }
  put(21 * CHUNK)
  const steps: number[] = []
  const onProgress = (searched: number): void => void steps.push(searched)
  let index = 0
  for await (const at of m.findAllAsync('ab', { concurrency: 4, onProgress })) {
    if (at !== expected[index]) t.fail(`match ${index} is ${at}, not ${expected[index]}`)
    index += 1
  }
  t.is(index, expected.length)
  t.deepEqual(
    steps,
    steps.toSorted((a, b) => a - b),
  )
  t.is(steps.at(-1), m.length)
  // A match across a bound moves where a round begins by a byte.
  const rounds = new Set(steps.map((searched) => searched >> 22))
  for (const end of [4, 8, 12, 16, 20]) t.true(rounds.has(end), `no round to ${end} of ${steps}`)
  t.false(rounds.has(9) || rounds.has(10) || rounds.has(17), `a round of fewer: ${steps}`)
})

test('findAllAsync: a map that shrinks and grows between the pieces of a dense chunk', async (t) => {
  // The start of each chunk has more matches than one answer holds.
  const dense = Buffer.alloc(3 * MOST, 'ab')
  const fill = (m: Mmap, chunk: number): void =>
    void m.setSlice(dense, chunk * CHUNK, chunk * CHUNK + dense.length)
  for (const length of [CHUNK + 10, 2 * MOST + 100, 4 * CHUNK]) {
    const m = anonymous(t, 3 * CHUNK, 'private')
    for (const chunk of [0, 1, 2]) fill(m, chunk)
    const steps = m.findAllAsync('ab', { concurrency: 3 })
    t.is((await steps.next()).value, 0)
    m.resize(length)
    if (length > 3 * CHUNK) fill(m, 3)
    const expected = [...m.findAll('ab')].slice(1)
    t.true(expected.length > MOST)
    let index = 0
    for await (const at of steps) {
      if (at !== expected[index]) t.fail(`match ${index} is ${at}, not ${expected[index]}`)
      index += 1
    }
    t.is(index, expected.length)
  }
})

test('a concurrency beyond all threads stalls nothing: what can run is started', async (t) => {
  const m = mappedPath(t, temporaryFile(hole))
  let started = 0
  const { chunk } = addon.Search.prototype
  t.teardown(() => {
    addon.Search.prototype.chunk = chunk
  })
  addon.Search.prototype.chunk = function counted(...range) {
    started += 1
    return chunk.apply(this, range)
  }
  for (const concurrency of [1e9, Number.MAX_SAFE_INTEGER, Number.MAX_VALUE]) {
    const controller = new AbortController()
    const options = { start: 0, concurrency, signal: controller.signal }
    started = 0
    const pending = [
      m.findAsync('needle', options),
      m.rfindAsync('needle', options),
      m.countAsync('needle', options),
      m.findAllAsync('needle', options).next(),
    ]
    const tried = started
    controller.abort()
    for (const one of await Promise.allSettled(pending)) t.is(one.status, 'rejected')
    // Such a range has thousands of parts. Of each search a few begin, or find that all turns are taken.
    t.true(tried >= 4 && tried < 100, `${tried} parts were tried`)
  }
})

test('a needle goes with its search, and does not wait for a collection', async (t) => {
  for (const member of ['findAsync', 'countAsync']) {
    const grown = await childAnswer<number>(
      `
      const m = new fmmap.Mmap(-1, 3 << 19)
      const needle = new Uint8Array(1 << 20).fill(97)
      needle[1000] = 98
      const search = async (count) => {
        for (let i = 0; i < count; i++) await m[process.argv[2]](needle)
      }
      await search(5)
      const before = process.memoryUsage().rss
      await search(60)
      console.log((process.memoryUsage().rss - before) / 2 ** 20)
    `,
      [member],
    )
    t.true(grown < 30, `${grown} MiB after 60 needles of a mebibyte, ${member}`)
  }
})

test('one Search for two maps reads each of them in its own bounds', async (t) => {
  const natives = addon.natives()
  const map = (length: number): number =>
    natives.map(-1, length, 0, undefined, undefined, 0, true, new Uint8Array(0))
  for (let round = 0; round < 5; round++) {
    const [small, large] = [map(4096), map(4 * CHUNK)]
    const search = new addon.Search(new Uint8Array([97, 98]), 2)
    const chunks = [
      search.chunk(large, 0, 4 * CHUNK - 1, 4 * CHUNK),
      search.chunk(small, 0, 4095, 4096),
      search.chunk(large, CHUNK, 2 * CHUNK, 4 * CHUNK),
    ]
    for (const chunk of chunks) if (chunk !== null) t.is((await chunk)?.[0], 0)
    t.is(thrown(t, () => search.chunk(small, 0, 4096, 4 * CHUNK)).code, 'InvalidArg')
    search.join()
    search.end()
    search.join()
    t.is(thrown(t, () => search.chunk(small, 0, 1, 4096)).code, 'InvalidArg')
    natives.close(small)
    natives.close(large)
  }
})

test('half of the pool searches, whatever the variable says', async (t) => {
  for (const [size, turns] of [
    ['1', 1],
    ['2', 1],
    ['4', 2],
    ['16', 8],
    ['5000', 512],
    ['many', 1],
  ] as const) {
    const url = JSON.stringify(new URL('./binding.cjs', packageUrl).href)
    const answer = await childAnswer<number>(
      `console.log((await import(${url})).default.turns())`,
      [],
      { UV_THREADPOOL_SIZE: size },
    )
    t.is(answer, turns, size)
  }
})
