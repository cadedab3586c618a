// A built-in that other code has replaced, as some polyfills and spies do, must see neither the memory of a map nor
// the package's inside, and what it leaves out must be done all the same.
import { truncateSync } from 'node:fs'
import { ACCESS_WRITE, Mmap, PAGESIZE } from '../index.js'
import { temporaryFile } from './support/files.ts'
import { unix } from './support/platform.ts'
import { childAnswer } from './support/runtime.ts'
import test, { testWhere } from './support/test.ts'

/** No other memory here has this length. */
const LENGTH = 123_457

const lengthOf = Object.getOwnPropertyDescriptor(ArrayBuffer.prototype, 'byteLength')
  ?.get as () => number
const typedArray = Object.getPrototypeOf(Uint8Array.prototype) as object
const bufferOf = Object.getOwnPropertyDescriptor(typedArray, 'buffer')?.get as () => ArrayBuffer
const { apply } = Reflect
const { isView } = ArrayBuffer

/** Whether a value is the memory of the map, or an internal object of the package. */
function isInside(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  const buffer: unknown = isView(value) ? apply(bufferOf, value, []) : value
  if (buffer instanceof ArrayBuffer) return apply(lengthOf, buffer, []) === LENGTH
  return 'window' in value && 'handle' in value
}

/**
 * Runs `use` while each method and getter of the built-ins is replaced. Returns the names of those that saw internal
 * objects.
 */
function watched(use: () => void): string[] {
  const seen = new Set<string>()
  const restore: (() => void)[] = []
  let watches = true
  const places: Record<string, object> = {
    TypedArray: typedArray,
    Uint8Array: Uint8Array.prototype,
    Buffer: Buffer.prototype,
    Array: Array.prototype,
    ArrayBuffer: ArrayBuffer.prototype,
    Set: Set.prototype,
    WeakRef: WeakRef.prototype,
    FinalizationRegistry: FinalizationRegistry.prototype,
    Atomics,
  }
  for (const [place, of] of Object.entries(places)) {
    for (const key of Reflect.ownKeys(of)) {
      const descriptor = Object.getOwnPropertyDescriptor(of, key)
      if (key === 'constructor' || descriptor?.configurable !== true) continue
      const name = `${place}.${String(key)}`
      const spied = (original: unknown): ((...args: unknown[]) => unknown) =>
        function spy(this: unknown, ...args: unknown[]) {
          if (watches) {
            watches = false
            if (isInside(this)) seen.add(name)
            for (let at = 0; at < args.length; at += 1) if (isInside(args[at])) seen.add(name)
            watches = true
          }
          return apply(original as () => unknown, this, args)
        }
      const kind = typeof descriptor.value === 'function' ? 'value' : 'get'
      if (typeof descriptor[kind] !== 'function') continue
      Object.defineProperty(of, key, { ...descriptor, [kind]: spied(descriptor[kind]) })
      restore.push(() => Object.defineProperty(of, key, descriptor))
    }
  }
  try {
    use()
  } finally {
    watches = false
    for (const one of restore) one()
  }
  return [...seen]
}

test('a replaced built-in sees nothing of the inside', (t) => {
  const path = temporaryFile(Buffer.alloc(LENGTH, 'abcdefg\n'))
  const m = Mmap.open(path, { access: ACCESS_WRITE })
  t.teardown(() => m.close())
  // The second of two small accesses makes the window.
  m.get(0)
  m.get(1)
  const bytes = Uint8Array.of(1, 2, 3)
  const uses: Record<string, () => unknown> = {
    get: () => m.get(5),
    set: () => m.set(5, 1),
    readByte: () => m.readByte(),
    writeByte: () => m.writeByte(1),
    write: () => m.write(bytes),
    writeText: () => m.write('abc'),
    setSlice: () => m.setSlice(bytes, 0, 3),
    slice: () => [m.slice(0, 5), m.slice(0, 100), m.slice(0, 9000), m.slice(0, 99, 2)],
    read: () => m.read(10),
    readInto: () => m.readInto(new Uint8Array(5)),
    readline: () => m.readline(),
    arrayBuffer: () => m.arrayBuffer(0, 5),
    find: () => [m.find('\0', 0), m.find('zz', 0), m.rfind('\0', 0), m.rfind('zz', 0)],
    count: () => m.count('b'),
    findAll: () => m.findAll('b').next(),
    lines: () => [m.lines().next(), m.lines({ reverse: true }).next()],
    iterate: () => m[Symbol.iterator]().next(),
    move: () => m.move(0, 5, 5),
    open: () => Mmap.open(path).close(),
  }
  for (const [name, use] of Object.entries(uses)) {
    t.deepEqual(
      watched(() => void use()),
      [],
      name,
    )
  }
})

test('what a replaced method leaves out is done all the same', (t) => {
  const m = new Mmap(-1, 64)
  t.teardown(() => m.close())
  m.get(0)
  m.get(1)
  const set = Object.getOwnPropertyDescriptor(typedArray, 'set') ?? {}
  try {
    Object.defineProperty(typedArray, 'set', { ...set, value: () => undefined })
    m.write('abc')
    m.setSlice('de', 3, 5)
  } finally {
    Object.defineProperty(typedArray, 'set', set)
  }
  t.is(m.slice(0, 5).toString(), 'abcde')
})

testWhere(unix, 'a mapped file is never shorter on Windows')(
  'no replaced method hides that a page was missing',
  (t) => {
    const path = temporaryFile(Buffer.alloc(64 * PAGESIZE, 'a'))
    const m = Mmap.open(path)
    t.teardown(() => m.close())
    m.get(0)
    m.get(1)
    truncateSync(path, PAGESIZE)
    const { load } = Atomics
    let value: unknown
    try {
      Atomics.load = (() => 0) as unknown as typeof load
      value = m.get(50 * PAGESIZE)
    } catch (error) {
      value = (error as { code?: string }).code
    } finally {
      Atomics.load = load
    }
    t.is(value, 'ERR_MMAP_FAULT')
  },
)

testWhere(unix, 'there is no waiting on Windows')(
  'timers and clocks that a test runner has replaced hold nothing up',
  async (t) => {
    const said = await childAnswer<string[]>(
      `
    import fs from 'node:fs'
    import timers from 'node:timers'
    setTimeout(() => process.exit(9), 60_000).unref()
    const never = () => ({ ref() { return this }, unref() { return this } })
    for (const what of ['Timeout', 'Interval', 'Immediate']) {
      for (const name of ['set' + what, 'clear' + what]) {
        globalThis[name] = never
        timers[name] = never
      }
    }
    const stopped = () => [0, 0]
    stopped.bigint = () => 0n
    process.hrtime = stopped
    Date.now = () => 0
    performance.now = () => 0

    const m = new fmmap.Mmap(-1, 64)
    const said = [m.wait(0, 0, 60), await m.waitAsync(0, 0, { timeout: 60 })]
    const path = process.argv[2]
    const lines = fmmap.Mmap.follow(path, { from: 'start', poll: 50 })
    const next = async () => said.push(String((await lines.next()).value))
    await next()
    fs.appendFileSync(path, 'two\\n')
    await next()
    fs.renameSync(path, path + '.1')
    fs.writeFileSync(path, 'three\\n')
    await next()
    await lines.return()
    fs.rmSync(path + '.1')
    console.log(JSON.stringify(said))`,
      [temporaryFile('one\n')],
    )
    t.deepEqual(said, ['timed-out', 'timed-out', 'one', 'two', 'three'])
  },
)
