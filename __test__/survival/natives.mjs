/**
 * Calls the addon's exports directly. Whatever they are given, each must return or throw. The calls do not go through
 * the facade, which would refuse most of them.
 *
 * Left out are advice 100 and 101, MADV_HWPOISON and MADV_SOFT_OFFLINE, which would take pages from the machine if
 * root gives them; and lengths between 4 MiB and the size of the address space, which the kernel would grant.
 */

import { closeSync, ftruncateSync, openSync, writeFileSync, writeSync } from 'node:fs'
import { createRequire } from 'node:module'
import { inspect } from 'node:util'
import { createContext, runInContext } from 'node:vm'
import { MessageChannel } from 'node:worker_threads'
import addon from '../../binding.cjs'
import { cases, check, collect, freshPath, pause, random, scaled, seed } from './cases.mjs'

const PAGE = 4096

/** The name of shared memory, which is unlinked at the end of the process. */
const SHARED_NAME = `fmmap-natives-${process.pid}`
const native = addon.natives()
const quick = new Set([
  'peek',
  'poke',
  'copyOut',
  'copyIn',
  'move',
  'read',
  'readline',
  'find',
  'rfind',
  'madvise',
])
const registers = native.registers === undefined ? undefined : new Float64Array(native.registers)

const NUMBERS = [
  0,
  1,
  2,
  3,
  4,
  5,
  7,
  8,
  16,
  63,
  64,
  65,
  255,
  256,
  4095,
  PAGE,
  PAGE + 1,
  3 * PAGE,
  5 * PAGE,
  65536,
  2 ** 20,
  -1,
  -2,
  -PAGE,
  0.5,
  1.9,
  -0,
  NaN,
  Infinity,
  -Infinity,
  2 ** 31 - 1,
  2 ** 31,
  -(2 ** 31),
  2 ** 32 - 1,
  2 ** 48,
  2 ** 52,
  2 ** 53 - 1,
  2 ** 53,
  2 ** 63,
  2 ** 64,
  -(2 ** 63),
  1e308,
  5e-324,
]

/** Buffers that are detached, that shrink, that are shared, of another realm, and so on. */
function buffers(random) {
  const detached = new ArrayBuffer(64)
  structuredClone(detached, { transfer: [detached] })
  const made = [detached, new ArrayBuffer(0), new ArrayBuffer(PAGE), new SharedArrayBuffer(PAGE)]
  try {
    const shrunk = new ArrayBuffer(8 * PAGE, { maxByteLength: 16 * PAGE })
    if (random(2) === 0) shrunk.resize(0)
    made.push(shrunk, new SharedArrayBuffer(64, { maxByteLength: PAGE }))
  } catch {
    // A runtime without resizable buffers.
  }
  return made
}

const CLASSES = [
  Uint8Array,
  Int8Array,
  Uint8ClampedArray,
  Uint16Array,
  Int16Array,
  Uint32Array,
  Int32Array,
  Float32Array,
  Float64Array,
  BigInt64Array,
  BigUint64Array,
]

let realm
function foreign() {
  realm ??= createContext({})
  return runInContext(
    '[new Uint8Array(100), new Float64Array(50), {}, [], new ArrayBuffer(9), () => 1]',
    realm,
  )
}

function arrayOver(random, buffer) {
  const Class = random.pick(CLASSES)
  try {
    return random(3) === 0 ? new DataView(buffer) : new Class(buffer)
  } catch {
    return buffer
  }
}

const throwing = new Proxy(
  {},
  new Proxy(
    {},
    {
      get() {
        throw new Error('trap')
      },
    },
  ),
)

function wrongType(random) {
  return random.pick([
    undefined,
    null,
    true,
    false,
    '',
    'text',
    '\0',
    10n,
    Symbol.iterator,
    {},
    [],
    [1, 2],
    () => {},
    new Date(),
    /x/,
    new Map(),
    new WeakMap(),
    Promise.resolve(),
    new Error('x'),
    throwing,
    globalThis,
    {
      valueOf() {
        throw new Error('valueOf')
      },
    },
    { length: 5, 0: 1 },
    new Number(3),
    Object.create(null),
    new Proxy(new Uint8Array(8), {}),
    Object.create(Uint8Array.prototype),
    native,
    addon.Search,
  ])
}

/** With FMMAP_TRACE=1, prints each call before it is made, to find the one that crashes. */
function trace(name, args) {
  const shown = args.map((value) =>
    inspect(value, { depth: 0, maxArrayLength: 0, customInspect: false }),
  )
  writeSync(2, `${name}(${shown.join(', ')})\n`)
}

class Fuzz {
  /** Handles that are open or were. */
  handles = []
  /** Buffers over memory that may be written to. */
  buffers = []
  searches = []
  /** Reads in the background: some go on, some have ended, and the copy of some was taken. */
  reads = []
  promises = []
  /** How many of them have not settled: that much may run on other threads. */
  pending = 0
  fds = []
  /** The buffer that small copies go to. */
  slab = new ArrayBuffer(0)
  outcomes = { returned: 0, threw: 0 }

  constructor(from) {
    this.random = random(from)
    this.path = freshPath()
    writeFileSync(this.path, Buffer.alloc(5 * PAGE + 100, 'some lines\n'))
    this.fds.push(openSync(this.path, 'r+'), openSync(this.path, 'r'))
  }

  number() {
    const { random } = this
    const kind = random(10)
    if (kind < 5) return random.pick(NUMBERS)
    if (kind < 9) return random(6 * PAGE)
    return (random(2 ** 31) - 2 ** 30) / random.pick([1, 1, 1024, 2 ** 20])
  }

  handle() {
    const { random } = this
    return random(12) === 0 || this.handles.length === 0 ? this.number() : random.pick(this.handles)
  }

  bytes() {
    const { random } = this
    const kind = random(8)
    if (kind < 3)
      return Buffer.from(random.pick(['', 'l', 'lines', 'some', '\n', 'absent', 'a'.repeat(300)]))
    if (kind === 3) return new Uint8Array(random(3 * PAGE))
    if (kind === 4) return new Float64Array(random(100))
    if (kind === 5 && this.buffers.length > 0) return arrayOver(random, random.pick(this.buffers))
    if (kind === 6) return random.pick(foreign())
    return arrayOver(random, random.pick(buffers(random)))
  }

  /** Any value at all. */
  any() {
    const { random } = this
    switch (random(6)) {
      case 0:
        return this.handle()
      case 1:
      case 2:
        return this.number()
      case 3:
        return this.bytes()
      case 4:
        return random.pick([...buffers(random), ...this.buffers])
      default:
        return wrongType(random)
    }
  }

  /** Arguments of nearly the right form, so that a call gets past the first check. */
  shaped(name) {
    const { random } = this
    const many = (count) => Array.from({ length: count }, () => this.number())
    const options = () => [
      random.pick([0, 0, 1, 2, 3, this.number()]),
      random.pick([undefined, 1, 2, 0x21, 0x22, this.number()]),
      random.pick([undefined, 0, 1, 2, 3, 4, 7]),
      random.pick([0, 0, PAGE, this.number()]),
      random(3) > 0,
      random.pick([new Uint8Array(0), Buffer.from('name'), this.bytes()]),
    ]
    const length = () =>
      random.pick([0, 1, PAGE, 3 * PAGE, 5 * PAGE + 100, 64 * PAGE, this.number()])
    switch (name) {
      case 'map':
        return [random.pick([-1, -1, ...this.fds, 999_999]), length(), ...options()]
      case 'open': {
        const path = random.pick([
          this.path,
          this.path,
          '/dev/zero',
          '/dev/null',
          '/nowhere',
          '/tmp',
          '',
          'a\0b',
        ])
        return [Buffer.from(`${random.pick(['\0', '\0', '\x02'])}${path}`), length(), ...options()]
      }
      case 'copyOut':
      case 'copyIn':
      case 'strideOut':
      case 'strideIn':
      case 'find':
      case 'rfind':
      case 'count':
        return [this.bytes(), this.handle(), ...many(3)]
      case 'findBatch':
        return [this.bytes(), new Float64Array(random(9)), this.handle(), ...many(3)]
      case 'lineBatch':
        return [
          this.bytes(),
          new Float64Array(random(9)),
          random(2) === 0,
          this.handle(),
          ...many(2),
        ]
      case 'readCached':
        return [this.bytes(), this.handle(), random.pick([random(5 * PAGE), this.number()])]
      case 'readCachedFile':
        return [this.bytes(), random.pick([random(40) - 1, this.number()]), random(5 * PAGE)]
      case 'newlines':
        return [
          this.bytes(),
          new Float64Array(random(9)),
          random.pick([random(PAGE), this.number()]),
        ]
      case 'lock':
        return [this.handle(), random(3 * PAGE), random(6 * PAGE), random(2) === 0]
      case 'read':
      case 'readline':
        return [this.handle(), random(PAGE), random(200), random(PAGE), random(4)]
      case 'slab':
        return [random.pick([...buffers(random), ...this.buffers]), random(4)]
      case 'lost':
        return [random(3) > 0 ? this.bytes() : random.pick([...buffers(random), ...this.buffers])]
      case 'load':
        return [new Float64Array(random(12))]
      case 'setName':
        return [this.handle(), this.bytes()]
      case 'detach':
        return [this.handle(), random.pick([...buffers(random), ...this.buffers])]
      case 'setFaultGuard':
        return [random(4) > 0]
      case 'view':
      case 'sharedBuffer':
        return [this.handle(), random(PAGE), random(PAGE)]
      case 'wait':
      case 'waitInBackground':
        return [
          this.handle(),
          4 * random(50),
          random.pick([0, this.number()]),
          random(3),
          random(9),
        ]
      case 'notify':
        return [this.handle(), 4 * random(50), random.pick([1, 0x7fffffff, this.number()])]
      case 'cancelWait':
        return [random.pick([random(9), this.number()])]
      case 'share':
        return [this.handle(), random.pick([new Uint8Array(0), Buffer.from('path'), this.bytes()])]
      case 'from':
        return [random(20), random.pick([native.processNumber(), this.number()])]
      case 'shared':
        return [Buffer.from(SHARED_NAME), length(), random(3), random.pick([0o600, this.number()])]
      case 'unlink':
        return [Buffer.from(SHARED_NAME)]
      default:
        return [this.handle(), ...many(4)]
    }
  }

  step() {
    const { random } = this
    const names = Object.keys(native).filter((name) => typeof native[name] === 'function')
    const name = random.pick([
      ...names,
      'map',
      'open',
      'SEARCH',
      'SEARCH',
      'READ',
      'READ',
      'FLUSH',
      'TURN',
      'FILE',
      'DETACH',
    ])
    try {
      if (name === 'SEARCH') this.search()
      else if (name === 'READ') this.readInBackground()
      else if (name === 'FLUSH')
        this.promise(addon.flushAsync(...this.mixed([this.handle(), 0, PAGE, 0])))
      else if (name === 'TURN') {
        // The function is called when a turn becomes free. If it threw, that would be an uncaught exception.
        const wake = this.any()
        addon.waitForTurn(typeof wake === 'function' ? () => addon.giveTurnsBack() : wake)
        addon.giveTurnsBack(...this.mixed([]))
      } else if (name === 'FILE')
        ftruncateSync(this.fds[0], random.pick([0, 1, PAGE, 5 * PAGE + 100, random(6 * PAGE)]))
      else if (name === 'DETACH') this.detach()
      else this.call(name)
      this.outcomes.returned += 1
    } catch (error) {
      // A stack overflow or a lack of memory would be the fuzzer's own fault.
      check(
        error instanceof Error || error?.constructor?.name?.endsWith('Error'),
        `${name} threw ${String(error)}`,
      )
      check(!/panic/.test(error.message), `${name}: ${error.message}`)
      this.outcomes.threw += 1
    }
  }

  /** The arguments, with some replaced, dropped, added or in the wrong order. */
  mixed(args) {
    const { random } = this
    const mixed = [...args]
    if (random(3) > 0) return mixed
    for (let i = random(3); i >= 0; i--) {
      if (random(4) === 0) mixed.splice(random(mixed.length + 1), random(2), this.any())
      else mixed[random(mixed.length + 1)] = this.any()
    }
    if (random(10) === 0) mixed.reverse()
    return mixed
  }

  call(name) {
    const { random } = this
    const args = this.mixed(this.shaped(name))
    if (name === 'madvise')
      args[1] = random.pick([0, 1, 2, 3, 4, 8, 9, 12, 14, 15, 20, 21, 22, 23, 102, 103, -1, 1e9])
    if (quick.has(name) && registers !== undefined) {
      for (let i = 0; i < 8; i++) {
        const value = args[i]
        registers[i] = typeof value === 'number' ? value : random.pick(NUMBERS)
      }
      // The numbers stand in the same places that they would have as arguments.
      if (name === 'madvise') registers[1] = args[1]
    }
    // With the guard off, a file that shrinks kills the process, as it should, even if another thread reads the file at
    // that moment.
    if (name === 'setFaultGuard' && this.pending > 0) return
    if (process.env.FMMAP_TRACE) trace(name, args)
    const self = random(10) === 0 ? this.any() : native
    const answer =
      random(40) === 0 && name !== 'madvise'
        ? Reflect.construct(native[name], args)
        : Reflect.apply(native[name], self, args)
    if (name === 'slab') this.slab = args[0]
    if (name === 'setFaultGuard') native.setFaultGuard(true)
    if ((name === 'map' || name === 'open') && typeof answer === 'number') this.opened(answer)
    // Only memory that may be written to is used as an argument later: the window of a read-only map is read-only
    // memory.
    if (name === 'shared' && typeof answer === 'number') this.opened(answer)
    if (name === 'from') this.opened(answer.handle)
    if (name === 'view' && answer instanceof ArrayBuffer) this.buffers.push(answer)
    if (name === 'window' && answer instanceof ArrayBuffer) this.look(answer)
    if (this.buffers.length > 20) this.buffers.shift()
  }

  opened(handle) {
    // The kernel may grant gigabytes, in which one search takes as long as all other calls together.
    if (native.length(handle) > 2 ** 24) {
      native.close(handle)
      return
    }
    this.handles.push(handle)
    if (this.handles.length > 24) {
      const [old] = this.handles.splice(this.random(12), 1)
      native.close(old)
      // An outdated handle is sometimes kept, to be used again.
      if (this.random(4) === 0) this.handles.push(old)
    }
  }

  look(buffer) {
    const bytes = new Uint8Array(buffer)
    let sum = 0
    for (let i = 0; i < bytes.length; i += 512) sum += bytes[i]
    return sum
  }

  detach() {
    const buffer = this.random.pick([...this.buffers, new ArrayBuffer(8), this.slab])
    if (buffer?.resizable) {
      buffer.resize(0)
      return
    }
    const { port1, port2 } = new MessageChannel()
    port1.postMessage(buffer, [buffer])
    port1.close()
    port2.close()
  }

  search() {
    const { random } = this
    if (this.searches.length === 0 || random(5) === 0) {
      const args = this.mixed([this.bytes(), random(5)])
      this.searches.push(random(8) === 0 ? addon.Search(...args) : new addon.Search(...args))
      if (this.searches.length > 10) this.searches.shift()
    }
    const search = random(20) === 0 ? this.any() : random.pick(this.searches)
    const from = random(PAGE)
    switch (random(5)) {
      case 0:
        return addon.Search.prototype.end.apply(search, this.mixed([]))
      case 1: {
        const { end, join } = addon.Search.prototype
        end.call(search)
        return join.apply(search, this.mixed([]))
      }
      case 2:
        return addon.Search.prototype.overlaps.apply(search, this.mixed([]))
      default:
        return this.promise(
          addon.Search.prototype.chunk.apply(
            search,
            this.mixed([this.handle(), from, from + random(PAGE), from + PAGE + random(PAGE)]),
          ),
        )
    }
  }

  readInBackground() {
    const { random } = this
    if (this.reads.length === 0 || random(5) === 0) {
      const room = random.pick([-1, 0, PAGE, 3 * PAGE, this.number()])
      const args = this.mixed([room])
      this.reads.push(random(8) === 0 ? addon.Read(...args) : new addon.Read(...args))
      if (this.reads.length > 10) this.reads.shift()
    }
    const read = random(20) === 0 ? this.any() : random.pick(this.reads)
    const members = addon.Read.prototype
    switch (random(6)) {
      case 0:
        return members.end.apply(read, this.mixed([]))
      case 1:
        members.end.call(read)
        return members.join.apply(read, this.mixed([]))
      case 2:
        return this.look(members.take.apply(read, this.mixed([])).buffer)
      default: {
        const from = random(3 * PAGE)
        const until = random.pick([from, from + random(3 * PAGE), random(PAGE), this.number()])
        const args = this.mixed([this.handle(), from, until])
        if (process.env.FMMAP_TRACE) trace('Read.chunk', args)
        return this.promise(members.chunk.apply(read, args))
      }
    }
  }

  promise(promise) {
    if (promise?.then === undefined) return
    this.pending += 1
    this.promises.push(
      promise
        .finally(() => (this.pending -= 1))
        .then(
          () => {},
          (error) => check(!/panic/.test(error.message), error.message),
        ),
    )
  }

  async settle() {
    const { promises } = this
    this.promises = []
    await Promise.all(promises)
  }

  end() {
    for (const handle of this.handles) native.close(handle)
    try {
      native.unlink(Buffer.from(SHARED_NAME))
    } catch {
      // It has not been made.
    }
    for (const fd of this.fds) closeSync(fd)
  }
}

async function fuzz(count) {
  const run = new Fuzz(seed)
  for (let i = 0; i < count; i++) {
    run.step()
    if (i % 256 === 255) {
      await run.settle()
      await pause()
      if (i % 8192 === 8191) {
        collect?.()
      }
    }
  }
  await run.settle()
  run.end()
  const { returned, threw } = run.outcomes
  check(
    returned > count / 20 && threw > count / 20,
    `${returned} returned, ${threw} threw: the calls are all alike`,
  )
  return `${count} calls, ${returned} returned, ${threw} threw, seed ${seed}`
}

await cases({
  'any call, any arguments': () => fuzz(scaled(200_000)),
  'the file is loaded by require as well, and twice': () => {
    const require = createRequire(import.meta.url)
    const name = `../../fmmap.${process.platform}-${process.arch}-gnu.node`
    let again
    try {
      again = require(name)
    } catch {
      return 'not the addon of this platform’s name'
    }
    const first = again.natives()
    const second = again.natives()
    const handle = first.map(-1, PAGE, 0, undefined, undefined, 0, true, new Uint8Array(0))
    check(second.length(handle) === PAGE, 'a handle belongs to the thread')
    second.close(handle)
    return '2 more sets of natives'
  },
})
