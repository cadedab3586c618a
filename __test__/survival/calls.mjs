/**
 * The public members under hostile calls. A map and a plain Buffer get the same calls and must agree. In between
 * there are arguments that are wrong, that run code, or that change their size.
 *
 * The caller's code that runs half-way (a getter of the options, a valueOf, a progress callback, an element of an
 * iterator) closes the map, resizes it, truncates its file or throws. Nothing may crash, and whatever is thrown must
 * be an Error with a code, or the caller's own.
 *
 * Advice 100 and 101 is left out: MADV_HWPOISON and MADV_SOFT_OFFLINE would take pages from the machine if root gives
 * them.
 */

import { ftruncateSync, openSync, writeFileSync } from 'node:fs'
import { constants } from 'node:os'
import { inspect } from 'node:util'
import { createContext, runInContext } from 'node:vm'
import * as fmmap from '../../index.js'
import { cases, check, collect, freshPath, pause, random, scaled, seed } from './cases.mjs'

const { Mmap, PAGESIZE } = fmmap
const own = new Error('the caller’s own')

/** The codes in docs/errors.md. All others are the system's. */
const CODES = new Set([
  'ERR_INVALID_ARG_TYPE',
  'ERR_INVALID_ARG_VALUE',
  'ERR_MMAP_CLOSED',
  'ERR_MMAP_CONFLICTING_OPTIONS',
  'ERR_MMAP_EMPTY_FILE',
  'ERR_MMAP_EXPORTED',
  'ERR_MMAP_FAULT',
  'ERR_MMAP_NOT_ANONYMOUS',
  'ERR_MMAP_READONLY',
  'ERR_MMAP_UNREADABLE',
  'ERR_MMAP_UNSUPPORTED',
  'ERR_MMAP_UNTRACKED',
  'ERR_OUT_OF_RANGE',
  'ABORT_ERR',
  ...Object.keys(constants.errno),
])

function coded(error, label) {
  if (error === own) return
  check(
    (error instanceof Error || error?.name === 'AbortError') &&
      CODES.has(error.code) &&
      !/native call|panic/.test(error.message),
    `${label} threw ${inspect(error)}`,
  )
}

const NUMBERS = [
  0,
  1,
  2,
  3,
  7,
  8,
  16,
  100,
  255,
  256,
  4095,
  4096,
  4097,
  8192,
  -1,
  -2,
  -100,
  -4096,
  -8192,
  0.5,
  NaN,
  Infinity,
  -Infinity,
  -0,
  2 ** 31,
  -(2 ** 31),
  2 ** 32,
  2 ** 52 + 1,
  2 ** 53,
  -(2 ** 53),
  2 ** 64,
  1e300,
]

const realm = createContext({})
const FOREIGN = runInContext(
  `[new Uint8Array([97, 98]), new DataView(new ArrayBuffer(3)), new ArrayBuffer(2), new Float64Array(2),
    new String('ab'), [1], { start: 0 }, 5n, Symbol('x'), new SharedArrayBuffer(2)]`,
  realm,
)

const MEMBERS = [
  'size',
  'tell',
  'seek',
  'seekable',
  'read',
  'readByte',
  'readline',
  'readInto',
  'arrayBuffer',
  'write',
  'writeByte',
  'get',
  'set',
  'slice',
  'setSlice',
  'find',
  'rfind',
  'move',
  'flush',
  'madvise',
  'resize',
  'setName',
  'findAsync',
  'rfindAsync',
  'countAsync',
  'count',
  'findAll',
  'findAllAsync',
  'lines',
  'flushAsync',
  'view',
  'toString',
  'length',
  'closed',
  'access',
  'offset',
  'close',
  'iterate',
  'inspect',
]

class Subclass extends Mmap {
  get length() {
    return 2 ** 40
  }
  tell() {
    return -5
  }
  close() {
    return super.close()
  }
}

class Fuzz {
  calls = 0
  threw = 0
  compared = 0
  access = 0
  length = 0
  promises = []

  constructor(from) {
    this.random = random(from)
    this.path = freshPath()
    writeFileSync(this.path, '')
    this.fd = openSync(this.path, 'r+')
    this.open()
  }

  /** A new map over new bytes, and the Buffer that it must equal. */
  open() {
    const { random } = this
    this.m?.close()
    this.length = 1 + random.pick([1, 100, PAGESIZE, 3 * PAGESIZE])
    const content = Buffer.alloc(this.length, random.pick(['abcabd\n', 'a', 'one\ntwo\n\n', '\0']))
    ftruncateSync(this.fd, 0)
    writeFileSync(this.path, content)
    const Class = random(5) === 0 ? Subclass : Mmap
    this.access = random.pick([0, 0, 1, 2, 3])
    this.m =
      random(4) === 0
        ? new Class(-1, this.length, { flags: random.pick([fmmap.MAP_PRIVATE, fmmap.MAP_SHARED]) })
        : new Class(this.fd, 0, { access: this.access })
    if (random(4) === 0) this.wreck = this.m
    this.steps = 0
  }

  number() {
    const { random } = this
    return random(2) === 0 ? random.pick(NUMBERS) : random(this.length + 3) - 1
  }

  /** What the caller's code does when it runs half-way. */
  act() {
    const { random, m } = this
    switch (random(7)) {
      case 0:
        m.close()
        break
      case 1:
        this.quietly(() => m.resize(1 + random(3 * PAGESIZE), { detach: random(2) === 0 }))
        break
      case 2:
        throw own
      case 3:
        ftruncateSync(this.fd, random.pick([0, 1, PAGESIZE]))
        break
      case 4:
        this.quietly(() => m.seek(random(this.length)))
        break
      case 5:
        this.quietly(() => m.close({ detach: true }))
        break
      default:
        this.quietly(() => m.view())
    }
  }

  quietly(call) {
    try {
      return call()
    } catch (error) {
      coded(error, 'a call half way')
    }
  }

  bytes() {
    const { random, m } = this
    switch (random(12)) {
      case 0:
        return random.pick(['', 'a', 'b', 'abd', '\n', 'é', '\ud800', 'x'.repeat(random(300))])
      case 1:
        return Buffer.from('abd').subarray(random(3))
      case 2:
        return new Uint16Array(random(50))
      case 3:
        return new DataView(new ArrayBuffer(random(50)))
      case 4:
        return new SharedArrayBuffer(random(50))
      case 5: {
        const gone = new Uint8Array(random(20))
        structuredClone(gone.buffer, { transfer: [gone.buffer] })
        return gone
      }
      case 6:
        return random.pick(FOREIGN)
      case 7:
        try {
          return new Uint8Array(new ArrayBuffer(10, { maxByteLength: 5000 }))
        } catch {
          return new Uint8Array(5)
        }
      case 8:
        // A view of the map itself: source and target overlap.
        return this.quietly(() => m.view(random(5))) ?? ''
      case 9: {
        const liar = new Uint8Array(random(9))
        Object.defineProperty(liar, 'length', { get: () => this.act() ?? 2 ** 30 })
        Object.defineProperty(liar, 'byteLength', { get: () => this.act() ?? 2 ** 30 })
        Object.defineProperty(liar, 'buffer', { value: new ArrayBuffer(0) })
        return liar
      }
      case 10:
        return new (class extends Uint8Array {
          get byteLength() {
            return 2 ** 31
          }
        })(random(20))
      default:
        return new ArrayBuffer(random(20))
    }
  }

  any() {
    const { random } = this
    const hostile = () => this.act() ?? random(5)
    switch (random(12)) {
      case 0:
      case 1:
      case 2:
        return this.number()
      case 3:
      case 4:
        return this.bytes()
      case 5:
        return { valueOf: hostile, toString: hostile, [Symbol.toPrimitive]: hostile }
      case 6:
      case 7:
        return this.options()
      case 8:
        return new Proxy(random.pick([{}, [], () => {}, new Uint8Array(4), this.m]), {
          get: (target, key) => (random(3) === 0 ? this.act() : Reflect.get(target, key)),
          getPrototypeOf: (target) => this.act() ?? Reflect.getPrototypeOf(target),
          has: () => this.act() ?? false,
          ownKeys: (target) => this.act() ?? Reflect.ownKeys(target),
        })
      case 9:
        return random.pick([
          undefined,
          null,
          true,
          false,
          5n,
          Symbol('s'),
          [],
          [1, 2],
          () => {},
          /x/,
          new Date(0),
          NaN,
        ])
      case 10:
        return random.pick([
          Uint8Array,
          Float64Array,
          DataView,
          Buffer,
          BigInt64Array,
          Subclass,
          class extends Int32Array {
            constructor(...args) {
              super(...args)
              throw own
            }
          },
        ])
      default:
        return {
          *[Symbol.iterator]() {
            yield hostile()
          },
        }
    }
  }

  options() {
    const { random } = this
    const names = [
      'start',
      'end',
      'limit',
      'signal',
      'concurrency',
      'onProgress',
      'reverse',
      'detach',
      'flags',
    ]
    const made = {}
    for (let i = random(4); i > 0; i--) {
      const name = random.pick(names)
      const value = () => {
        if (name === 'signal') {
          return random.pick([
            AbortSignal.abort(),
            new AbortController().signal,
            { aborted: false },
            AbortSignal.abort(own),
            undefined,
          ])
        }
        if (name === 'onProgress') return () => random(3) === 0 && this.act()
        if (name === 'reverse' || name === 'detach') return random(3) > 0
        if (name === 'concurrency') return random(5)
        return random(5) === 0 ? this.any() : this.number()
      }
      if (random(3) === 0) {
        Object.defineProperty(made, name, {
          enumerable: true,
          configurable: true,
          get: () => (random(2) === 0 ? this.act() : undefined) ?? value(),
        })
      } else {
        Object.defineProperty(made, name, { value: value(), enumerable: true, configurable: true })
      }
    }
    return made
  }

  /** Arguments of nearly the right form. */
  shaped(name) {
    const { random } = this
    const n = () => random.pick([undefined, this.number(), this.number()])
    switch (name) {
      case 'write':
      case 'readInto':
        return [this.bytes()]
      case 'setSlice':
      case 'find':
      case 'rfind':
        return [this.bytes(), n(), n()]
      case 'findAsync':
      case 'rfindAsync':
      case 'countAsync':
      case 'count':
      case 'findAll':
      case 'findAllAsync':
        return [this.bytes(), random.pick([undefined, this.options()])]
      case 'lines':
      case 'flushAsync':
      case 'close':
        return [this.options()]
      case 'view':
        return random.pick([
          [n(), n()],
          [random.pick([Uint8Array, Float64Array, DataView]), n(), n()],
        ])
      case 'resize':
        return [random(4 * PAGESIZE), random.pick([undefined, { detach: random(2) === 0 }])]
      case 'setName':
        return [random.pick(['name', '', 'a\0', 'x'.repeat(100)])]
      default:
        return [this.number(), this.number(), this.number()]
    }
  }

  step() {
    const { random, m } = this
    this.steps += 1
    if (m.closed ? random(8) === 0 : this.steps > 60) this.open()
    if (random(8) === 0) this.compare()
    const name = random.pick(MEMBERS)
    let args = this.shaped(name)
    if (random(3) === 0) {
      args = [...args]
      for (let i = random(3); i >= 0; i--) args[random(args.length + 1)] = this.any()
    }
    if (name === 'madvise')
      args[0] = random.pick([0, 1, 2, 3, 4, 8, 9, 12, 14, 15, 20, 21, 22, 23, -1, 1e9, args[0]])
    if (args[0] === 100 || args[0] === 101) args[0] = 0
    // A file of gigabytes would take too long.
    if (name === 'resize' && typeof args[0] === 'number' && args[0] > 2 ** 20 && args[0] < 2 ** 55)
      args[0] = 2 ** 20
    if (name === 'close' && random(4) > 0) return
    this.calls += 1
    try {
      const answer = this.perform(name, args)
      if (typeof answer?.then === 'function') {
        this.promises.push(
          answer.then(
            () => {},
            (error) => coded(error, name),
          ),
        )
      }
    } catch (error) {
      this.threw += 1
      // A class whose constructor is the caller's may throw anything.
      coded(error, `${name}(${args.length})`)
    }
  }

  perform(name, args) {
    const { random, m } = this
    switch (name) {
      case 'length':
      case 'closed':
      case 'access':
      case 'offset':
        return m[name]
      case 'inspect':
        return inspect(m, { depth: random(3) })
      case 'iterate':
      case 'lines':
      case 'findAll': {
        let left = 20
        for (const item of name === 'iterate' ? m : m[name](...args)) {
          if (random(30) === 0) this.act()
          if (left-- === 0) return item
        }
        return undefined
      }
      case 'findAllAsync':
        return this.drain(m.findAllAsync(...args))
      default:
        return random(60) === 0 ? this.onAnother(name, args) : m[name](...args)
    }
  }

  /** Calls a method on something that is no map. */
  onAnother(name, args) {
    const another = this.random.pick([
      undefined,
      null,
      {},
      Object.create(this.m),
      new Proxy(this.m, {}),
      Mmap.prototype,
      5,
    ])
    try {
      return Reflect.apply(Mmap.prototype[name], another, args)
    } catch (error) {
      check(error === own || error instanceof Error, `${name} on another threw ${inspect(error)}`)
      return undefined
    }
  }

  async drain(iterable) {
    let left = 20
    for await (const item of iterable) if (left-- === 0) return item
    return undefined
  }

  /** Calls whose answers must equal a Buffer's, which has the bytes of the map at this moment. */
  compare() {
    const { m } = this
    if (m.closed) return
    let model
    try {
      model = m.slice()
    } catch (error) {
      coded(error, 'slice')
      return
    }
    try {
      this.compareWith(model)
      this.compared += 1
    } catch (error) {
      // A flush or a search on the pool has found meanwhile that the file was truncated.
      if (error.code === 'ERR_MMAP_FAULT') return
      // If a file was cut within its last page, the kernel writes zeros behind the file's end whenever it writes that
      // page back, as a flush on the pool makes it do.
      if (m.size() < m.offset + model.length) return
      throw error
    }
  }

  compareWith(model) {
    const { random, m } = this
    const { length } = model
    const start = random(length + 1)
    const end = start + random(length + 1 - start)
    const needle = random.pick(['a', 'b', 'abd', '\n', 'one', 'absent', '\0\0'])
    const call = Mmap.prototype
    check(
      call.slice.call(m, start, end).equals(model.subarray(start, end)),
      `slice(${start}, ${end})`,
    )
    const at = model.subarray(0, end).indexOf(needle, start)
    check(
      call.find.call(m, needle, start, end) === (start + needle.length > end ? -1 : at),
      `find(${needle}, ${start}, ${end})`,
    )
    const last = model.subarray(start, end).lastIndexOf(needle)
    check(
      call.rfind.call(m, needle, start, end) === (last === -1 ? -1 : last + start),
      `rfind(${needle}, ${start}, ${end})`,
    )
    if (length > 0) {
      const index = random(length)
      check(call.get.call(m, index) === model[index], `get(${index})`)
      if (this.m.access !== fmmap.ACCESS_READ) {
        const value = random(256)
        const bytes = Buffer.alloc(Math.min(7, length - index), value)
        call.setSlice.call(m, bytes, index, index + bytes.length)
        bytes.copy(model, index)
        const from = random(length)
        const count = random(length - from + 1)
        const to = random(length - count + 1)
        call.move.call(m, to, from, count)
        model.copyWithin(to, from, from + count)
        check(call.slice.call(m).equals(model), `setSlice and move(${to}, ${from}, ${count})`)
      }
    }
    const text = model.toString('latin1')
    const lines = text.split('\n')
    if (lines.at(-1) === '') lines.pop()
    let i = 0
    for (const line of call.lines.call(m)) {
      check(line.toString('latin1') === lines[i], `line ${i}`)
      i += 1
      if (i === 20) break
    }
    check(i === Math.min(20, lines.length), `${i} lines`)
  }

  async settle() {
    const { promises } = this
    this.promises = []
    await Promise.all(promises)
  }
}

/** Puts properties on Object.prototype, which then seem to exist on every object. */
function pollute() {
  for (const name of [
    'start',
    'end',
    'limit',
    'access',
    'flags',
    'prot',
    'offset',
    'detach',
    'signal',
    'reverse',
  ]) {
    // oxlint-disable-next-line no-extend-native -- that is what somebody does
    Object.defineProperty(Object.prototype, name, {
      get: () => undefined,
      set: undefined,
      configurable: true,
    })
  }
}

async function fuzz(count) {
  const run = new Fuzz(seed)
  for (let i = 0; i < count; i++) {
    run.step()
    if (i % 512 === 511) {
      await run.settle()
      await pause()
      if (i % 32768 === 32767) collect?.()
    }
  }
  await run.settle()
  const { calls, threw, compared } = run
  check(
    calls > count / 4 && threw > count / 20 && compared > count / 100,
    `${calls} calls, ${threw} threw, ${compared} compared`,
  )
  return `${count} operations, ${calls} calls, ${threw} threw, ${compared} compared with a Buffer, seed ${seed}`
}

await cases({
  'hostile calls against a Buffer': () => fuzz(scaled(1_000_000)),
  'hostile calls, with properties on Object.prototype': () => {
    pollute()
    return fuzz(scaled(100_000))
  },
})
