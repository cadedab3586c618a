import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { Mmap } from 'fmmap'
import { Snapshot } from '../../examples/seqlock.ts'
import { scaled } from '../support/platform.ts'
import { example, register, runExample, testWithViews as test } from './run.ts'

test('readers see whole snapshots while one process writes, also when it is killed', async (t) => {
  t.timeout(120_000)
  const memory = `fmmap-seqlock-${process.pid}`
  using m = Mmap.shared(memory, 4 * 2002, { create: 'exclusive' })
  t.teardown(() => Mmap.unlink(memory))
  const snapshot = new Snapshot(m, 1000)
  const write = (): ReturnType<typeof spawn> =>
    spawn(process.execPath, ['--import', register, example('seqlock'), 'write', memory], {
      env: { ...process.env, NODE_OPTIONS: '' },
      stdio: ['ignore', 'ignore', 'inherit'],
    })
  for (let round = 0; round < 3; round++) {
    const writer = write()
    t.teardown(() => void writer.kill('SIGKILL'))
    const ended = once(writer, 'exit')
    await snapshot.changed()
    const seen = new Set<number | undefined>()
    // On until the writer has written meanwhile: it may be a while before the system lets it.
    for (let i = 0; i < scaled(5000) || seen.size < 2; i++) {
      if (i % 1000 === 0) await new Promise((done) => setImmediate(done))
      const values = snapshot.read()
      const [first] = values
      seen.add(first)
      if (!values.every((value) => value === first)) t.fail(`torn: ${[...new Set(values)].join()}`)
    }
    if (round === 0) {
      const { code, output } = await runExample('seqlock', ['read', memory])
      t.is(code, 0)
      t.deepEqual(
        output.match(/whole|torn/g),
        Array.from({ length: 10 }, () => 'whole'),
      )
    }
    writer.kill('SIGKILL')
    await ended
    // Who reads is not held up by a writer that has died in the midst.
    const values = snapshot.read()
    t.true(values.every((value) => value === values[0]))
  }
  snapshot.write(new Int32Array(1000).fill(-1))
  t.is(snapshot.read()[999], -1)
  t.is(snapshot.count % 2, 0)
})
