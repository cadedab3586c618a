import { once } from 'node:events'
import { truncateSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { createRangeServer } from '../../examples/range-server.ts'
import { temporaryFile } from '../support/files.ts'
import test from 'ava'

const SIZE = 3_000_000
const bytes = Buffer.from(Uint8Array.from({ length: SIZE }, (_, at) => (at * 7919) >> 5))
const path = temporaryFile(bytes)

async function serving(t: { teardown(action: () => void): void }, file: string): Promise<string> {
  const server = createRangeServer(file).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

const ask = (url: string, range: string): Promise<Response> => fetch(url, { headers: { range } })

test('a range is the bytes that a slice has, short and long, from either end', async (t) => {
  const url = await serving(t, path)
  for (const [range, start, end] of [
    ['bytes=0-0', 0, 1],
    ['bytes=100-199', 100, 200],
    ['bytes=5-2500000', 5, 2_500_001],
    ['bytes=2999990-', SIZE - 10, SIZE],
    ['bytes=2999990-9999999', SIZE - 10, SIZE],
    ['bytes=-7', SIZE - 7, SIZE],
    ['bytes=-9999999', 0, SIZE],
  ] as const) {
    // oxlint-disable-next-line no-await-in-loop
    const response = await ask(url, range)
    t.is(response.status, 206, range)
    t.is(response.headers.get('content-range'), `bytes ${start}-${end - 1}/${SIZE}`)
    // oxlint-disable-next-line no-await-in-loop
    const body = Buffer.from(await response.arrayBuffer())
    t.true(body.equals(bytes.subarray(start, end)), range)
  }
})

test('what is no range is the whole file, and one behind the end is refused', async (t) => {
  const url = await serving(t, path)
  for (const range of ['bytes=5-4', 'bytes=-', 'lines=1-2', 'bytes=0-1,5-6']) {
    // oxlint-disable-next-line no-await-in-loop
    const response = await ask(url, range)
    t.is(response.status, 200, range)
    // oxlint-disable-next-line no-await-in-loop
    t.true(Buffer.from(await response.arrayBuffer()).equals(bytes), range)
  }
  for (const range of [`bytes=${SIZE}-`, 'bytes=-0']) {
    // oxlint-disable-next-line no-await-in-loop
    const response = await ask(url, range)
    t.is(response.status, 416, range)
    t.is(response.headers.get('content-range'), `bytes */${SIZE}`)
  }
  const head = await fetch(url, { method: 'HEAD' })
  t.is(head.headers.get('content-length'), String(SIZE))
  t.is((await fetch(url, { method: 'POST' })).status, 405)
})

test('a file without bytes is served, and one that was truncated ends the answer', async (t) => {
  const url = await serving(t, temporaryFile(''))
  t.is((await (await fetch(url)).arrayBuffer()).byteLength, 0)
  t.is((await ask(url, 'bytes=0-')).status, 416)
  const short = temporaryFile(bytes)
  const other = await serving(t, short)
  truncateSync(short, 0)
  await t.throwsAsync(async () => (await ask(other, 'bytes=8192-2000000')).arrayBuffer())
  await t.throwsAsync(async () => (await ask(other, 'bytes=8192-8200')).arrayBuffer())
})
