import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { Mmap } from 'fmmap'
import { Mutex } from '../../examples/mutex.ts'
import { moduleFile } from '../support/runtime.ts'
import { scaled } from '../support/platform.ts'
import { example, register, runExample, testWithViews as test } from './run.ts'

const name = (what: string): string => `fmmap-mutex-${process.pid}-${what}`

test('four processes add under the lock, and none is lost', async (t) => {
  const memory = name('load')
  using m = Mmap.shared(memory, 4096, { create: 'exclusive' })
  t.teardown(() => Mmap.unlink(memory))
  const count = scaled(20_000)
  const all = await Promise.all(
    [1, 2, 3, 4].map(() => runExample('mutex', [memory, String(count)])),
  )
  for (const { code, errors } of all) t.deepEqual([code, errors], [0, ''])
  t.is(m.view(Float64Array, 8, 1)[0], 4 * count)
  t.is(m.view(Int32Array, 0, 1)[0], 0, 'the lock is free')
})

test('a lock of an owner that has died is taken over, and the new owner is told', async (t) => {
  const memory = name('dead')
  using m = Mmap.shared(memory, 4096, { create: 'exclusive' })
  t.teardown(() => Mmap.unlink(memory))
  const child = spawn(
    process.execPath,
    [
      '--import',
      register,
      moduleFile(`
        const { Mutex } = await import(${JSON.stringify(`file://${example('mutex')}`)})
        new Mutex(fmmap.Mmap.shared(${JSON.stringify(memory)}), 0).lock()
        console.log('locked')
        setInterval(() => {}, 1000)`),
    ],
    { env: { ...process.env, NODE_OPTIONS: '' }, stdio: ['ignore', 'pipe', 'inherit'] },
  )
  await once(child.stdout, 'data')
  const exited = once(child, 'exit')
  child.kill('SIGKILL')
  await exited
  const mutex = new Mutex(m, 0)
  t.true(mutex.lock())
  mutex.unlock()
  t.false(mutex.lock())
  mutex.unlock()
})
