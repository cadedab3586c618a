// `create` while others do the same: no file of others is cut or removed.
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { Worker } from 'node:worker_threads'
import { ACCESS_WRITE, Mmap, PAGESIZE } from '../index.js'
import { refuses } from './support/errors.ts'
import { freshPath } from './support/files.ts'
import { scaled, unix } from './support/platform.ts'
import { moduleFile } from './support/runtime.ts'
import test, { type Assertions, testWhere } from './support/test.ts'

/** Opens as often as it is told to, at the same moment as this thread, and reports the results. */
const opener = `
  import { workerData } from 'node:worker_threads'
  const { turns, path, length, offset } = workerData
  const turn = new Int32Array(turns)
  for (let round = 1; ; round++) {
    while (Atomics.load(turn, 0) < round) if (Atomics.load(turn, 0) < 0) process.exit(0)
    let answer = 1
    try {
      const map = fmmap.Mmap.open(path, { access: fmmap.ACCESS_WRITE, create: true, length, offset })
      map.set(length - 1, 7)
      map.close()
    } catch {
      answer = 2
    }
    Atomics.store(turn, 1, answer)
    Atomics.store(turn, 2, round)
    Atomics.notify(turn, 2)
  }`

interface Round {
  readonly path: string
  /** Opens on this thread while the other thread does; 1 if that succeeded, 2 otherwise. */
  open(options: { length: number; offset?: number }): [here: number, there: number]
}

async function race(
  t: Assertions,
  there: { length: number; offset?: number },
  rounds: number,
  body: (round: Round) => void,
): Promise<void> {
  const folder = freshPath()
  mkdirSync(folder)
  const path = `${folder}/file`
  const turns = new SharedArrayBuffer(12)
  const turn = new Int32Array(turns)
  const worker = new Worker(moduleFile(opener), {
    workerData: { turns, path, offset: 0, ...there },
  })
  const ended = new Promise((done) => worker.once('exit', done))
  let number = 0
  try {
    for (let count = 0; count < rounds; count++) {
      body({
        path,
        open(options) {
          number += 1
          let here = 1
          Atomics.store(turn, 0, number)
          try {
            const map = Mmap.open(path, { access: ACCESS_WRITE, create: true, ...options })
            map.set(0, 5)
            map.close()
          } catch {
            here = 2
          }
          while (Atomics.load(turn, 2) < number) Atomics.wait(turn, 2, number - 1, 1000)
          return [here, Atomics.load(turn, 1)]
        },
      })
    }
  } finally {
    Atomics.store(turn, 0, -1)
    await ended
  }
  t.deepEqual(
    readdirSync(folder).filter((name) => name !== 'file'),
    [],
    'no temporary name is left',
  )
}

test('two openers that extend one file at once: it has the longer one’s length', async (t) => {
  const [short, long] = [PAGESIZE, 1 << 20]
  const wrong: number[] = []
  let rounds = 0
  await race(t, { length: long }, scaled(400), ({ path, open }) => {
    writeFileSync(path, '')
    const [here, there] = open({ length: short })
    rounds += 1
    const { size } = statSync(path)
    if (here !== 1 || there !== 1 || size !== long) wrong.push(size)
  })
  t.deepEqual(wrong, [], `of ${rounds} rounds`)
})

test('two openers that make one file at once: there is one, with the longer one’s length', async (t) => {
  const [short, long] = [PAGESIZE, 1 << 20]
  const wrong: unknown[] = []
  await race(t, { length: long }, scaled(250), ({ path, open }) => {
    rmSync(path, { force: true })
    const [here, there] = open({ length: short })
    const { size } = statSync(path)
    const map = Mmap.open(path)
    const [first, last] = [map.get(0), map.get(long - 1)]
    map.close()
    if (here !== 1 || there !== 1 || size !== long || first !== 5 || last !== 7) {
      wrong.push({ here, there, size, first, last })
    }
  })
  t.deepEqual(wrong, [])
})

test('an opener that fails takes nobody’s file away', async (t) => {
  const wrong: unknown[] = []
  const length = 10
  // The offset lies inside of a page, which the system reports when the file exists already.
  await race(t, { length, offset: 1 }, scaled(250), ({ path, open }) => {
    rmSync(path, { force: true })
    const [here, there] = open({ length: PAGESIZE })
    const size = existsSync(path) ? statSync(path).size : undefined
    if (here !== 1 || there !== 2 || size !== PAGESIZE) wrong.push({ here, there, size })
  })
  if (unix) t.deepEqual(wrong, [])
  else t.is(wrong.filter((round) => (round as { size?: number }).size === undefined).length, 0)
})

testWhere(unix, 'links need a privilege')(
  'a link that leads to no file: the file is made where it leads, and the link stays',
  (t) => {
    const folder = freshPath()
    mkdirSync(folder)
    const options = { access: ACCESS_WRITE, create: true, length: 10 }
    const link = `${folder}/link`
    for (const [leads, target] of [
      ['there', 'there'],
      [`${folder}/absolute`, 'absolute'],
      ['second', 'third'],
    ] as const) {
      if (leads === 'second') symlinkSync('third', `${folder}/second`)
      symlinkSync(leads, link)
      const m = Mmap.open(link, options)
      m.write(target)
      m.close()
      t.is(readFileSync(`${folder}/${target}`, 'latin1'), target.padEnd(10, '\0'))
      t.true(lstatSync(link).isSymbolicLink())
      rmSync(link)
    }
    symlinkSync('missing/file', link)
    refuses(t, () => Mmap.open(link, options), 'ENOENT')
    refuses(t, () => Mmap.open(link, { ...options, create: 'exclusive' }), 'EEXIST')
    t.deepEqual(
      new Set(readdirSync(folder)),
      new Set(['absolute', 'link', 'second', 'there', 'third']),
    )
  },
)
