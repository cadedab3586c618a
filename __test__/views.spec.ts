import { readFileSync, writeFileSync } from 'node:fs'
import { ACCESS_COPY, ACCESS_READ, Mmap, PAGESIZE } from '../index.js'
import { closedMessage, refuses } from './support/errors.ts'
import {
  anonymous,
  descriptor,
  latin1,
  mapped,
  mappedPath,
  temporaryFile,
} from './support/files.ts'
import { externalBuffers } from './support/platform.ts'
import { childAnswer } from './support/runtime.ts'
import test, { type Assertions } from './support/test.ts'

/** A test of views. Where the runtime has none, it tests the error instead. */
function viewTest(title: string, body: (t: Assertions) => void | Promise<void>): void {
  test(title, (t) => {
    if (externalBuffers) return body(t)
    const m = mapped(t, 'abc')
    refuses(t, () => m.view(), 'ERR_MMAP_UNSUPPORTED')
  })
}

viewTest('PyPy test_buffer: a Buffer on the map’s own memory, no copy', (t) => {
  const path = temporaryFile('foobar')
  const m = mappedPath(t, path)
  const view = m.view()
  t.true(Buffer.isBuffer(view))
  t.is(view.length, 6)
  t.is(latin1(view), 'foobar')
  view[0] = 70
  t.is(m.get(0), 70)
  m.set(5, 82)
  t.is(view[5], 82)
  t.is(readFileSync(path, 'latin1'), 'FoobaR')
})

viewTest('CPython test_basic: a regular expression over the map', (t) => {
  const content = Buffer.alloc(2 * PAGESIZE)
  content.write('foo', PAGESIZE)
  const match = /[A-Za-z]+/.exec(mapped(t, content).view().toString('latin1'))
  t.is(match?.[0], 'foo')
  t.is(match?.index, PAGESIZE)
})

viewTest('a view’s buffer begins at the offset and is exactly as long', (t) => {
  const m = mapped(t, Buffer.alloc(3 * PAGESIZE, 'abcdefgh'))
  for (const [offset, length] of [
    [0, 1],
    [1, 5],
    [PAGESIZE - 3, 10],
    [2 * PAGESIZE, PAGESIZE],
    [5, 0],
  ] as const) {
    const view = m.view(offset, length)
    t.is(view.length, length)
    t.is(view.buffer.byteLength, length)
    t.is(view.byteOffset, 0)
    t.is(latin1(view), latin1(m.slice(offset, offset + length)))
  }
  t.is(m.view(10).length, 3 * PAGESIZE - 10)
  t.is(m.view(3 * PAGESIZE).length, 0)
})

viewTest('two views of a range are the same memory, and views may overlap', (t) => {
  const m = mapped(t, 'abcdefgh')
  const one = m.view(2, 4)
  const two = m.view(2, 4)
  const three = m.view(0, 8)
  one[0] = 88
  t.is(two[0], 88)
  t.is(three[2], 88)
})

viewTest('typed views count in elements, from a byte offset', (t) => {
  const m = mapped(t, 64)
  const words = m.view(Uint32Array, 8, 3)
  t.true(words instanceof Uint32Array)
  t.is(words.length, 3)
  t.is(words.byteLength, 12)
  words[0] = 0x01020304
  t.is(m.view(DataView, 8, 4).getUint32(0, true), words[0])
  t.is(m.view(Float64Array).length, 8)
  t.is(m.view(Float64Array, 32).length, 4)
  t.is(m.view(BigInt64Array, 0, 1)[0], 0n)
  t.is(m.view(Uint8ClampedArray, 3, 5).length, 5)
  const view = m.view(DataView, 1)
  t.true(view instanceof DataView)
  t.is(view.byteLength, 63)
  t.is(m.view(Int16Array, 64).length, 0)
})

viewTest(
  'typed views that are misaligned, do not divide, or reach outside are RangeErrors',
  (t) => {
    const m = mapped(t, 64)
    const calls: (() => unknown)[] = [
      () => m.view(Uint32Array, 2, 1),
      () => m.view(Float64Array, 4),
      () => m.view(Uint16Array, 1),
      () => m.view(Uint32Array, 0, 17),
      () => m.view(Uint32Array, 64, 1),
      () => m.view(Uint32Array, 68),
      () => m.view(Uint32Array, -4),
      () => m.view(Uint32Array, 0, -1),
      () => m.view(0, 65),
      () => m.view(65),
      () => m.view(-1),
      () => m.view(1, 64),
      () => m.view(0, -1),
      () => m.view(DataView, 1, 64),
      () => m.view(0, Number.MAX_SAFE_INTEGER),
      () => mapped(t, 63).view(Uint32Array),
    ]
    for (const call of calls) refuses(t, call, 'ERR_OUT_OF_RANGE')
    refuses(t, () => m.view(Uint32Array, 6, 1), 'ERR_OUT_OF_RANGE', /\b4 and 8\b/)
  },
)

viewTest('what is no constructor of views is refused', (t) => {
  const m = mapped(t, 64)
  for (const type of ['Uint8Array', null, {}, Array, Map, ArrayBuffer, () => 1]) {
    refuses(t, () => m.view(type as unknown as typeof Uint8Array), 'ERR_INVALID_ARG_TYPE')
  }
  for (const bound of [1.5, '1', null, 1n, Number.NaN]) {
    refuses(t, () => m.view(bound as number), 'ERR_INVALID_ARG_TYPE')
    refuses(t, () => m.view(0, bound as number), 'ERR_INVALID_ARG_TYPE')
    refuses(t, () => m.view(Uint8Array, bound as number), 'ERR_INVALID_ARG_TYPE')
    refuses(t, () => m.view(Uint8Array, 0, bound as number), 'ERR_INVALID_ARG_TYPE')
  }
})

viewTest(
  'a stray write to a view of a read-only map lands in memory of its own: no crash, no change',
  (t) => {
    const path = temporaryFile(Buffer.alloc(2 * PAGESIZE, 'x'))
    for (const flags of ['r', 'r+'] as const) {
      const m = new Mmap(descriptor(t, path, flags), 0, { access: ACCESS_READ })
      t.teardown(() => m.close())
      const view = m.view()
      view[0] = 65
      view.fill(66, 1, 100)
      t.is(view[0], 65)
      t.is(latin1(m.slice(0, 3)), 'xxx', 'the members’ answers stay those of the file')
      t.is(m.find('A'), -1)
      t.is(readFileSync(path, 'latin1').slice(0, 3), 'xxx')
    }
  },
)

viewTest('an untouched page of a read-only view follows the file', (t) => {
  const path = temporaryFile(Buffer.alloc(2 * PAGESIZE, 'x'))
  const m = mappedPath(t, path, { access: ACCESS_READ })
  const view = m.view()
  t.is(view[PAGESIZE], 120)
  const writer = mappedPath(t, path)
  writer.set(PAGESIZE, 89)
  t.is(view[PAGESIZE], 89)
  t.is(m.get(PAGESIZE), 89)
})

viewTest('ACCESS_COPY exports its own memory, writable', (t) => {
  const path = temporaryFile('abcdef')
  const m = mappedPath(t, path, { access: ACCESS_COPY })
  const view = m.view()
  view[0] = 65
  t.is(m.get(0), 65)
  m.set(1, 66)
  t.is(view[1], 66)
  t.is(readFileSync(path, 'latin1'), 'abcdef')
})

viewTest('a read-only map without its descriptor has no second mapping to give', (t) => {
  const fd = descriptor(t, temporaryFile('abcdef'))
  const m = new Mmap(fd, 0, { access: ACCESS_READ, trackfd: false })
  t.teardown(() => m.close())
  refuses(t, () => m.view(), 'ERR_MMAP_UNSUPPORTED')
  t.is(latin1(m.slice()), 'abcdef')
  const writable = new Mmap(fd, 0, { trackfd: false })
  t.teardown(() => writable.close())
  t.is(latin1(writable.view()), 'abcdef')
})

viewTest('close leaves a view its memory, and the map’s members throw', (t) => {
  const path = temporaryFile('abcdef')
  const m = mappedPath(t, path)
  const view = m.view()
  m.close()
  t.is(latin1(view), 'abcdef')
  view[0] = 65
  t.is(readFileSync(path, 'latin1'), 'Abcdef')
  refuses(t, () => m.view(), 'ERR_MMAP_CLOSED', closedMessage)
  refuses(t, () => m.view('x' as unknown as number), 'ERR_INVALID_ARG_TYPE')
})

viewTest('close({ detach: true }) ends the views at once', (t) => {
  const m = mapped(t, 'abcdef')
  const view = m.view()
  const words = m.view(Uint16Array, 2)
  const part = view.subarray(1, 3)
  m.close({ detach: true })
  t.is(view.length, 0)
  t.is(words.length, 0)
  t.is(part.length, 0)
  t.is(view[0], undefined)
  t.true(m.closed)
  m.close({ detach: true })
})

viewTest('detach reaches the views of a read-only map too', (t) => {
  const m = mapped(t, 'abcdef', { access: ACCESS_READ })
  const view = m.view()
  view[0] = 1
  m.close({ detach: true })
  t.is(view.length, 0)
})

viewTest('a transferred view takes the memory along, and the map makes a new one', (t) => {
  const m = mapped(t, 'abcdef')
  const view = m.view()
  let moved: ArrayBuffer
  try {
    const memory = view.buffer
    moved = structuredClone(memory, { transfer: [memory] })
  } catch {
    t.is(latin1(view), 'abcdef', 'this runtime does not transfer external memory')
    return
  }
  t.is(Buffer.from(moved).toString('latin1'), 'abcdef')
  if (view.length === 0) t.not(m.view().length, 0)
  else t.is(latin1(view), 'abcdef', 'Node 20 copies instead')
  t.is(latin1(m.view()), 'abcdef')
  t.is(latin1(m.slice()), 'abcdef')
})

viewTest('views outlive their map’s collection, and nothing crashes', async (t) => {
  const path = temporaryFile('abcdef'.repeat(10_000))
  const answer = await childAnswer<{ text: string; sum: number }>(
    `const views = []
    for (let i = 0; i < 50; i++) views.push(fmmap.Mmap.open(process.argv[2], { access: fmmap.ACCESS_COPY }).view(i, 6))
    for (let i = 0; i < 10; i++) { collect(); await pause(5) }
    let sum = 0
    for (const view of views) { for (const byte of view) sum += byte; view[0] = 1 }
    console.log(JSON.stringify({ text: views[0].toString('latin1', 1), sum }))`,
    [path],
  )
  t.is(answer.text, 'bcdef')
  t.is(answer.sum, 50 * (97 + 98 + 99 + 100 + 101 + 102))
})

viewTest('files follow what another writer puts beneath a view', (t) => {
  const path = temporaryFile('abcdef')
  const view = mappedPath(t, path).view()
  writeFileSync(path, 'ABC', { flag: 'r+' })
  t.is(latin1(view), 'ABCdef')
})

viewTest('anonymous views share the memory of their map', (t) => {
  for (const kind of ['shared', 'private'] as const) {
    const m = anonymous(t, PAGESIZE, kind)
    m.view(Uint32Array)[3] = 0xffffffff
    t.is(m.find(Uint8Array.of(255, 255, 255, 255)), 12)
  }
})

test('without external buffers view() says so, and every other member works', async (t) => {
  const path = temporaryFile('abc\ndefghi')
  const answer = await childAnswer<Record<string, unknown>>(
    `const m = new fmmap.Mmap((await import('node:fs')).openSync(process.argv[2], 'r+'), 0)
    const codes = []
    for (const args of [[], [0, 3], [Uint8Array], [DataView, 1]]) {
      try { m.view(...args); codes.push('none') } catch (error) { codes.push(error.code) }
    }
    const line = m.readline().toString()
    m.writeByte(68)
    m.write('EF')
    m.seek(0)
    const target = new Uint8Array(3)
    m.readInto(target)
    m.set(1, 66)
    m.setSlice('YZ', 8, 10)
    m.move(0, 8, 1)
    m.resize(12)
    m.flush()
    const bytes = [...m].length
    const got = { codes, line, target: [...target], byte: m.get(1), slice: m.slice().toString(), bytes,
      find: m.find('EF'), rfind: m.rfind('EF', 0), copy: m.arrayBuffer(1, 3).byteLength, next: m.readByte() }
    m.close()
    console.log(JSON.stringify(got))`,
    [path],
    { FMMAP_NO_EXTERNAL_BUFFERS: '1' },
  )
  t.deepEqual(answer, {
    codes: Array.from({ length: 4 }, () => 'ERR_MMAP_UNSUPPORTED'),
    line: 'abc\n',
    target: [97, 98, 99],
    byte: 66,
    slice: 'YBc\nDEFgYZ\0\0',
    bytes: 12,
    find: 5,
    rfind: 5,
    copy: 2,
    next: 10,
  })
})

/** The shortest time of some calls in several tries, since the machine may be busy. */
function least(tries: number, call: () => void): number {
  let best = Infinity
  for (let i = 0; i < tries; i += 1) {
    const start = performance.now()
    call()
    best = Math.min(best, performance.now() - start)
  }
  return best
}

/**
 * Compares what few and many cost until many cost less than `most` times as much. Another program, or a collection, can
 * disturb a measurement. A cost that grows with the number of views is above that in each of them.
 */
function checkCosts(
  t: Assertions,
  cost: (views: number) => number,
  [few, many]: readonly [number, number],
  most: number,
): void {
  let times = ''
  for (let round = 0; round < 6; round += 1) {
    const [small, large] = [cost(few), cost(many)]
    if (large < most * small) {
      t.pass()
      return
    }
    times = `${few} views: ${small} ms; ${many}: ${large} ms`
  }
  t.fail(times)
}

viewTest('a view costs the same however many there are', (t) => {
  const of500More = (count: number): number => {
    const m = new Mmap(-1, 1024 * 1024)
    const kept: Buffer[] = []
    const more = (upTo: number): void => {
      while (kept.length < upTo) kept.push(m.view(kept.length * 8, 4))
    }
    more(count)
    const best = least(5, () => more(kept.length + 500))
    m.close({ detach: true })
    return best
  }
  checkCosts(t, of500More, [500, 40_000], 20)
})

viewTest('taking views away costs as much as there are', (t) => {
  const detached = (count: number): number => {
    let best = Infinity
    for (let i = 0; i < 3; i += 1) {
      const m = new Mmap(-1, 1024 * 1024)
      const views = Array.from({ length: count }, (_, at) => m.view(at * 8, 4))
      best = Math.min(
        best,
        least(1, () => m.close({ detach: true })),
      )
      t.true(views.every((view) => view.length === 0))
    }
    return best
  }
  checkCosts(t, detached, [5000, 40_000], 40)
})
