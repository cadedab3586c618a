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
    let seen = 0, looks = 0
    process.stdout.write('ready\\n')
    while (seen < ${COUNT}) {
      looks += 1
      for (const record of reader.records()) { hash.update(record); seen += 1 }
      await new Promise((done) => setTimeout(done, 1))
    }
    process.stdout.write(JSON.stringify({ hash: hash.digest('hex'), looks }) + '\\n')
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
    let output = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text))
    const ended = new Promise<string>((done) => child.on('close', () => done(output)))
    const ready = new Promise<void>((done) => child.stdout.once('data', () => done()))
    return { ready, ended }
  })
  await Promise.all(readers.map(({ ready }) => ready))

  const hash = createHash('sha256')
  for (let at = 0; at < COUNT; at += 1) {
    writer.append(record(at))
    hash.update(record(at))
    if (at % 100 === 0) await new Promise((done) => setTimeout(done, 1))
  }
  writer.flush()
  const right = hash.digest('hex')
  for (const { ended } of readers) {
    const [, answer = '{}'] = (await ended).split('\n')
    const { hash: theirs, looks } = JSON.parse(answer) as { hash?: string; looks: number }
    t.is(theirs, right)
    t.true(looks > 1, 'the reader came when all was written')
  }
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
