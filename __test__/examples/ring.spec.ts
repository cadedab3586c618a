import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { Mmap } from 'fmmap'
import { Ring } from '../../examples/ring.ts'
import { scaled } from '../support/platform.ts'
import { moduleFile } from '../support/runtime.ts'
import { example, register, testWithViews as test } from './run.ts'

const name = (what: string): string => `fmmap-ring-${process.pid}-${what}`
const env = { ...process.env, NODE_OPTIONS: '' }

test('lines go from one process to another, in order and whole', async (t) => {
  const memory = name('load')
  const arguments_ = ['--import', register, example('ring')]
  const receiver = spawn(process.execPath, [...arguments_, 'receive', memory], {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const sender = spawn(process.execPath, [...arguments_, 'send', memory], {
    env,
    stdio: ['pipe', 'inherit', 'inherit'],
  })
  const got = createHash('sha256')
  receiver.stdout.on('data', (chunk: Buffer) => got.update(chunk))
  const ended = Promise.all([once(receiver, 'close'), once(sender, 'close')])
  const sent = createHash('sha256')
  for (let i = 0; i < scaled(20_000); i++) {
    const line = `${i} ${'x'.repeat((i * 7919) % 500)}\n`
    sent.update(line)
    if (!sender.stdin.write(line)) await once(sender.stdin, 'drain')
  }
  sender.stdin.end()
  t.deepEqual(await ended, [
    [0, null],
    [0, null],
  ])
  t.is(got.digest('hex'), sent.digest('hex'))
  t.throws(() => Mmap.shared(memory), { code: 'ENOENT' })
})

test('the counts of bytes wrap, and a message may be as long as the ring', async (t) => {
  using m = new Mmap(-1, 64 + 256)
  m.view(Int32Array, 0, 2).fill(2 ** 31 - 100)
  const [sender, receiver] = [new Ring(m), new Ring(m)]
  const messages = Array.from({ length: 50 }, (_, at) => Buffer.alloc((at * 37) % 253, at))
  const sending = (async () => {
    for (const message of messages) await sender.send(message)
  })()
  for (const message of messages) t.deepEqual(await receiver.receive(5000), message)
  await sending
  await t.throwsAsync(sender.send(Buffer.alloc(253)), { message: /longer/ })
})

test('a sender that dies has sent what it has sent, and the next one goes on', async (t) => {
  const memory = name('dead')
  using m = Mmap.shared(memory, 64 + 4096, { create: 'exclusive' })
  t.teardown(() => Mmap.unlink(memory))
  const ring = new Ring(m)
  const child = spawn(
    process.execPath,
    [
      '--import',
      register,
      moduleFile(`
        const { Ring } = await import(${JSON.stringify(`file://${example('ring')}`)})
        const m = fmmap.Mmap.shared(${JSON.stringify(memory)})
        await new Ring(m).send(Buffer.from('sent'))
        m.setSlice('half a message', 72, 86)
        process.kill(process.pid, 'SIGKILL')`),
    ],
    { env, stdio: ['ignore', 'ignore', 'inherit'] },
  )
  await once(child, 'exit')
  t.is(String(await ring.receive(5000)), 'sent')
  t.is(await ring.receive(50), undefined)
  await ring.send(Buffer.from('another'))
  t.is(String(await ring.receive(5000)), 'another')
})
