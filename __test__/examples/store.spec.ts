import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { statSync, writeFileSync } from 'node:fs'
import { StoreReader, Writer } from '../../examples/store.ts'
import { freshPath } from '../support/files.ts'
import { externalBuffers } from '../support/platform.ts'
import { testWhere } from '../support/test.ts'
import { example, register, runExample } from './run.ts'

const test = testWhere(externalBuffers, 'the example needs view()')

/** Records of 0 to 4,000 bytes, 6 MB in all: the store grows several times. */
const record = (at: number): Buffer => Buffer.alloc((at * 37) % 4001, `record ${at} `)
const COUNT = 3000

test('readers in other processes see a store grow, record by record', async (t) => {
  const path = freshPath('.store')
  const writer = new Writer(path)
  const source = `
    import { createHash } from 'node:crypto'
    import { StoreReader } from ${JSON.stringify(example('store'))}
    const reader = new StoreReader(${JSON.stringify(path)})
    const hash = createHash('sha256')
    let seen = 0
    process.stdout.write('0\\n')
    while (seen < ${COUNT}) {
      const before = seen
      for (const record of reader.records()) { hash.update(record); seen += 1 }
      if (seen > before) process.stdout.write(seen + '\\n')
      await new Promise((done) => setTimeout(done, 1))
    }
    process.stdout.write(hash.digest('hex') + '\\n')
  `
  const module = freshPath('.mjs')
  writeFileSync(module, source)
  const readers = Array.from({ length: 2 }, () => {
    const child = spawn(process.execPath, ['--import', register, module], {
      env: { ...process.env, NODE_OPTIONS: '' },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    t.teardown(() => {
      child.kill()
    })
    return child.stdout.setEncoding('utf8')[Symbol.asyncIterator]() as AsyncIterator<string>
  })
  const said = readers.map(() => '')
  /** Waits until each reader has said what `enough` asks for. */
  const until = (enough: (lines: string[]) => boolean): Promise<unknown> =>
    Promise.all(
      readers.map(async (reader, at) => {
        // The last line may be half a line.
        while (!enough((said[at] as string).split('\n').slice(0, -1))) {
          const { done, value } = await reader.next()
          if (done) throw new Error(`a reader has ended and said only ${said[at]}`)
          said[at] += value
        }
      }),
    )
  await until((lines) => lines.length > 0)

  const hash = createHash('sha256')
  for (let at = 0; at < COUNT; at += 1) {
    writer.append(record(at))
    hash.update(record(at))
    // The readers see what is there so far, while the store is to grow further.
    if (at % 500 === 499) await until((lines) => lines.some((line) => Number(line) === at + 1))
    else if (at % 100 === 0) await new Promise((done) => setTimeout(done, 1))
  }
  writer.flush()
  const right = hash.digest('hex')
  await until((lines) => lines.at(-2) === String(COUNT))
  t.deepEqual(
    said.map((text) => text.trimEnd().split('\n').at(-1)),
    [right, right],
  )
  writer.close()
})

test('a store that is opened again goes on where it ended', (t) => {
  const path = freshPath('.store')
  for (const [from, until] of [
    [0, 10],
    [10, 11],
    [11, 400],
  ] as const) {
    const writer = new Writer(path)
    for (let at = from; at < until; at += 1) writer.append(record(at))
    writer.close()
  }
  const reader = new StoreReader(path)
  t.teardown(() => reader.close())
  const records = [...reader.records()]
  t.is(records.length, 400)
  t.true(records.every((bytes, at) => bytes.equals(record(at))))
  t.is(statSync(path).size, 16 + records.reduce((sum, bytes) => sum + 4 + bytes.length, 0))
})

test('the program appends and prints', async (t) => {
  const { code, output } = await runExample('store', [freshPath('.store'), 'one', '', 'drei'])
  t.is(code, 0)
  t.is(output, 'one\n\ndrei\n')
})
