// How a map looks to code that expects bytes, text or a number; and that nothing of its inside can
// be seen.
import { readFileSync, writeFileSync } from 'node:fs'
import { inspect } from 'node:util'
import { ACCESS_COPY, type Fileno, Mmap } from '../index.js'
import { refuses, thrown } from './support/errors.ts'
import { freshPath, mapped, temporaryFile } from './support/files.ts'
import test from './support/test.ts'

const content = 'hello world'

/** Reads elements one by one. */
const bytesOf = (m: Mmap): ArrayLike<number> => m as unknown as ArrayLike<number>

test('Buffer.from and every iteration have the bytes', (t) => {
  const m = mapped(t, content)
  m.seek(3)
  t.is(Buffer.from(m as unknown as Buffer).toString(), content)
  t.is(Buffer.from(new Uint8Array(m as unknown as Uint8Array)).toString(), content)
  t.is(Buffer.from(Uint8Array.from(m)).toString(), content)
  t.is(Buffer.from(Array.from(m)).toString(), content)
  t.is(String.fromCharCode(...m), content)
  t.is(Buffer.from(m.valueOf()).toString(), content)
  t.is(m.tell(), 3)
  // A copy of its own.
  const copy = Buffer.from(m as unknown as Buffer)
  copy[0] = 74
  t.is(m.get(0), 104)
  m.close()
  refuses(t, () => Buffer.from(m as unknown as Buffer), 'ERR_MMAP_CLOSED')
})

test('what would copy elements that a map has not fails, and says what does it', (t) => {
  const m = mapped(t, content)
  const none = /no elements: m\.get\(index\).*m\.slice\(\) or m\.view\(\)/
  const target = new Uint8Array(11)
  refuses(t, () => target.set(bytesOf(m)), 'ERR_INVALID_ARG_TYPE', none)
  refuses(t, () => Array.prototype.slice.call(m), 'ERR_INVALID_ARG_TYPE', none)
  refuses(t, () => bytesOf(m)[0], 'ERR_INVALID_ARG_TYPE', none)
  refuses(t, () => Object.assign(m, { 0: 1 }), 'ERR_INVALID_ARG_TYPE', none)
  t.is(target.join(), new Uint8Array(11).join())
  t.is(m.get(0), 104)
})

test('a map is text as its repr, and no number', (t) => {
  const m = mapped(t, content, { access: ACCESS_COPY })
  const repr = '<fmmap.Mmap closed=false, access=ACCESS_COPY, length=11, pos=0, offset=0>'
  t.is(`${m}`, repr)
  t.is(String(m), repr)
  // oxlint-disable-next-line prefer-template
  t.is('' + (m as unknown as number), repr)
  const number = /no number: m\.length has its length/
  const value = m as unknown as number
  refuses(t, () => Number(m), 'ERR_INVALID_ARG_TYPE', number)
  refuses(t, () => value * 2, 'ERR_INVALID_ARG_TYPE', number)
  refuses(t, () => Buffer.alloc(4, value), 'ERR_INVALID_ARG_TYPE', number)
  refuses(t, () => Buffer.from([value]), 'ERR_INVALID_ARG_TYPE', number)
})

test('what takes bytes, and no map, says so and writes nothing', (t) => {
  const m = mapped(t, content)
  const path = freshPath()
  writeFileSync(path, 'before')
  const bytes = m as unknown as Uint8Array
  for (const call of [
    () => Buffer.concat([bytes]),
    () => new TextDecoder().decode(bytes),
    () => Buffer.from('x').equals(bytes),
    () => writeFileSync(path, bytes),
  ]) {
    t.true(thrown(t, call) instanceof TypeError)
  }
  t.is(readFileSync(path, 'utf8'), 'before')
})

test('the bytes of a string are nobody else’s', async (t) => {
  const m = mapped(t, Buffer.from(`needle and ${'é'.repeat(300)} needle`))
  const long = 'é'.repeat(300)
  const stranger = (): void => {
    new Uint8Array(Buffer.from('zz').buffer).fill(0)
  }
  for (let round = 0; round < 3; round += 1) {
    t.is(m.find('needle', 0), 0)
    stranger()
    t.is(m.rfind('needle', 0), 612)
    t.is(m.count('needle'), 2)
    const all = m.findAll('needle')
    t.is(all.next().value, 0)
    stranger()
    t.is(all.next().value, 612)
    t.is(m.find(long, 0), 11)
    stranger()
    t.is(m.find(long, 0), 11)
    const found = Promise.all([m.findAsync('needle'), m.countAsync(long), m.rfindAsync('needle')])
    stranger()
    // oxlint-disable-next-line no-await-in-loop
    t.is((await found).join(), '0,1,612')
  }
  // A getter of the options that changes the bytes runs before the bytes are taken.
  const range = {
    get start(): number {
      for (let at = 0; at < 5000; at += 1) m.find(`other ${at}`, 0)
      stranger()
      return 0
    },
  }
  t.is(m.count('needle', range), 2)
  t.is(m.find('needle', range), 0)
})

test('each short and long string means its own bytes, at every place of the memory they lie in', (t) => {
  const m = mapped(t, 4096)
  for (let length = 0; length <= 700; length += 7) {
    const text = `${'ü'.repeat(length)}€${length}`
    m.setSlice(Buffer.from(text), 100, 100 + Buffer.byteLength(text))
    if (m.find(text, 0) !== 100) t.fail(`find of ${length}`)
    m.seek(2000)
    m.write(text)
    if (m.find(text, 1500) !== 2000) t.fail(`write of ${length}`)
  }
  t.pass()
})

test('a subclass opens, and its constructor sees nothing of the inside', (t) => {
  const seen: unknown[][] = []
  class Sub extends Mmap {
    readonly own = 1
    constructor(fileno: Fileno, length: number) {
      seen.push([fileno, length])
      super(fileno, length)
    }
  }
  const path = temporaryFile(content)
  const m = Sub.open(path)
  t.true(m instanceof Sub)
  t.is(m.slice().toString(), content)
  const [[ticket, length] = []] = seen
  t.is(length, 11)
  t.deepEqual(Reflect.ownKeys(ticket as object), ['fd'])
  t.is(Object.getPrototypeOf(ticket), Object.prototype)
  t.true(Object.isFrozen(ticket))
  t.is(inspect(ticket, { showHidden: true, depth: null }), '{ fd: -1 }')
  // The ticket works once, and shows nothing afterwards.
  refuses(t, () => new Mmap(ticket as Fileno, 0), 'EBADF')
  m.close()
})

test('a subclass that maps something else, or fails, leaves nothing open', (t) => {
  class Other extends Mmap {
    constructor() {
      super(-1, 10)
    }
  }
  const path = temporaryFile(content)
  const other = Other.open(path)
  t.is(other.length, 10)
  other.close()
  const kept: Mmap[] = []
  class Failing extends Mmap {
    constructor(fileno: Fileno, length: number) {
      super(fileno, length)
      kept.push(this)
      throw new RangeError('mine')
    }
  }
  t.is(thrown(t, () => Failing.open(path)).message, 'mine')
  t.deepEqual(
    kept.map((m) => m.closed),
    [true],
  )
})

test('a callback is called as a function, and sees no options but its arguments', async (t) => {
  const m = mapped(t, Buffer.alloc(200_000, 'a b'))
  const seen: unknown[] = []
  function onProgress(this: unknown): void {
    seen.push(this)
  }
  await m.findAsync('c', { onProgress })
  await m.countAsync('a b', { onProgress })
  for await (const at of m.findAllAsync('a b', { onProgress, limit: 70_000 })) if (at < 0) t.fail()
  t.true(seen.length >= 3)
  t.true(seen.every((one) => one === undefined))
})

test('nothing of the inside is a property, or the way to make one', (t) => {
  const m = mapped(t, content)
  t.deepEqual(Reflect.ownKeys(m), [])
  const shown = inspect(m, { showHidden: true, customInspect: false, depth: null, getters: true })
  t.false(/region|handle|window|views/i.test(shown), shown)
  for (const name of ['window', 'handle', 'region', 'missed', 'epoch']) t.false(name in m)
  for (const iterator of [
    m[Symbol.iterator](),
    m.findAll('o'),
    m.lines(),
    m.lines({ reverse: true }),
    m.findAllAsync('o'),
  ]) {
    t.deepEqual(Reflect.ownKeys(iterator), [])
    const { constructor } = iterator as object
    t.false(/^(Values|Matches|Up|Down)$/.test(constructor.name), constructor.name)
  }
  for (const call of [() => m.get(99), () => m.find(1 as unknown as string), () => m.seek(-1)]) {
    const error = thrown(t, call) as unknown as Record<PropertyKey, unknown>
    for (const key of Reflect.ownKeys(error)) {
      t.true(typeof key === 'string' && /^(string|number)$/.test(typeof error[key]), String(key))
    }
  }
})

test('find, rfind and flush take their options in place of the numbers', async (t) => {
  const m = mapped(t, content)
  m.seek(5)
  t.is(m.find('o', { start: 0 }), 4)
  t.is(m.find('o', { start: 5, end: 8 }), 7)
  t.is(m.find('o', { end: 7 }), -1)
  t.is(m.find('o', {}), 7, 'the position')
  t.is(m.rfind('o', { start: 0, end: 7 }), 4)
  t.is(m.rfind('o', { start: -4 }), 7)
  m.flush({ flags: 0 })
  m.flush({})
  m.flush(0, { flags: 0 })
  m.flush(0, 11, { flags: 0 })
  await m.flushAsync({ flags: 0 })
  await m.flushAsync(0, { flags: 0 })
  const form = /as in \(sub, start\?, end\?\) or \(sub, \{ start, end \}\)/
  const find = m.find.bind(m) as (...args: unknown[]) => number
  refuses(t, () => find('o', 0, { end: 5 }), 'ERR_INVALID_ARG_TYPE', form)
  refuses(t, () => find('o', { start: 0 }, 5), 'ERR_INVALID_ARG_TYPE', form)
  refuses(t, () => find('o', { from: 0 }), 'ERR_INVALID_ARG_TYPE', form)
  const flush = m.flush.bind(m) as (...args: unknown[]) => void
  const flushForm = /as in flush\(offset\?, size\?, \{ flags \}\)/
  refuses(t, () => flush({ flags: 0 }, 5), 'ERR_INVALID_ARG_TYPE', flushForm)
  refuses(t, () => flush({ flags: 0 }, 0, {}), 'ERR_INVALID_ARG_TYPE', flushForm)
  refuses(t, () => flush({ flag: 0 }), 'ERR_INVALID_ARG_TYPE', flushForm)
})

test('other mistakes of kind name the right call', (t) => {
  const m = mapped(t, content)
  const any = m as unknown as Record<string, (...args: unknown[]) => unknown>
  const wrong: [string, unknown[], RegExp][] = [
    ['count', ['o', 5], /as in \(sub, \{ start, end \}\)/],
    ['findAll', ['o', 5], /as in \(sub, \{ start, end, limit \}\)/],
    ['lines', [5], /as in lines\(\{ start, end, reverse \}\)/],
    ['slice', [{ start: 1 }], /as in slice\(start\?, stop\?, step\?\)/],
    ['arrayBuffer', [{ start: 1 }], /as in arrayBuffer\(start\?, end\?\)/],
    ['setSlice', ['a', { start: 1 }], /as in setSlice\(bytes, start\?, stop\?, step\?\)/],
    ['move', [{}], /as in move\(dest, src, count\)/],
    ['resize', [{}], /as in resize\(newsize, \{ detach \}\)/],
    ['resize', [5, true], /as in resize\(newsize, \{ detach \}\)/],
    ['close', [true], /as in close\(\{ detach \}\)/],
    ['find', [97], /Buffer\.of\(byte\)/],
    ['find', [[1, 2]], /Buffer\.from\(array\)/],
    ['find', [m], /its slice\(\) or view\(\)/],
    ['readInto', [new ArrayBuffer(4)], /new Uint8Array\(buffer\)/],
    ['get', ['x'], /slice\(start, stop\)/],
  ]
  for (const [member, args, sentence] of wrong) {
    refuses(t, () => any[member]?.(...args), 'ERR_INVALID_ARG_TYPE', sentence, member)
  }
  const constructor = Mmap as unknown as new (...args: unknown[]) => Mmap
  refuses(
    t,
    () => new constructor(3),
    'ERR_INVALID_ARG_TYPE',
    /new Mmap\(fileno, length, options\?\)/,
  )
})

test('a start past the end finds nothing, in every form', async (t) => {
  const m = mapped(t, 'abc')
  for (const start of [4, 99, 2 ** 40, 1e300]) {
    t.is(m.find('', start), -1)
    t.is(m.rfind('', start), -1)
    t.is(m.find('', { start }), -1)
    t.is(m.find('a', start), -1)
    t.is(m.count('', { start }), 0)
    t.deepEqual([...m.findAll('', { start })], [])
    t.deepEqual([...m.lines({ start })], [])
    t.deepEqual([...m.lines({ start, reverse: true })], [])
    // oxlint-disable no-await-in-loop
    t.is(await m.findAsync('', { start }), -1)
    t.is(await m.rfindAsync('', { start }), -1)
    t.is(await m.countAsync('', { start }), 0)
    for await (const at of m.findAllAsync('', { start })) t.fail(`${at}`)
    // oxlint-enable no-await-in-loop
  }
  // So does the position, when a shrink has left it there.
  const shrunk = mapped(t, 'abcdef')
  shrunk.seek(6)
  shrunk.resize(3)
  t.is(shrunk.find(''), -1)
  t.is(shrunk.rfind(''), -1)
  t.is(shrunk.find('', { end: 3 }), -1)
  t.is(await shrunk.findAsync(''), -1)
  t.is(await shrunk.rfindAsync(''), -1)
  t.is(shrunk.count(''), 4)
  t.is(m.find('', 3), 3)
  t.is(m.rfind('', 3), 3)
  t.is(m.count('', { start: 3 }), 1)
  t.deepEqual([...m.findAll('', { start: 3 })], [3])
  t.is(await m.countAsync('', { start: 3 }), 1)
})
