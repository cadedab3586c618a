import { once } from 'node:events'
import { appendFileSync, readFileSync, renameSync, unlinkSync, writeFileSync } from 'node:fs'
import { type ClientRequest, get, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { createLogServer, eventOf } from '../../examples/log-server.ts'
import { freshPath, temporaryFile } from '../support/files.ts'
import { unix } from '../support/platform.ts'
import test, { testWhere } from '../support/test.ts'

/** Lines of 100 bytes, every thousandth with an error. */
const logOf = (lines: number): string =>
  temporaryFile(
    Array.from({ length: lines }, (_, at) => {
      const what = at % 1000 === 7 ? 'ERROR rare' : 'INFO all is well'
      return Buffer.from(`2026-01-01 ${at} ${what} ${'·'.repeat(30)}\n`).toString('latin1')
    }).join(''),
  )

/** 40 MB: enough chunks that a search is a while on its way. */
const log = logOf(400_000)

async function listening(
  t: { teardown(action: () => void): void },
  path: string = log,
): Promise<[Server, string]> {
  const server = createLogServer(path).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return [server, `http://127.0.0.1:${(server.address() as AddressInfo).port}`]
}

/** What a search must answer. */
function expected(needle: string): string {
  const lines: string[] = []
  let offset = 0
  for (const line of readFileSync(log, 'latin1').split('\n')) {
    if (line.includes(needle)) lines.push(`${offset}:${Buffer.from(line, 'latin1').toString()}\n`)
    offset += line.length + 1
  }
  return lines.join('')
}

const status = async (url: string): Promise<number> =>
  Number(await (await fetch(`${url}/status`)).text())

test('the log server answers what a naive search does', async (t) => {
  const [, url] = await listening(t)
  const answer = await (await fetch(`${url}/search?q=ERROR`)).text()
  t.is(answer.split('\n').length, 401)
  t.true(answer === expected('ERROR'))
  t.is(await (await fetch(`${url}/search?q=nowhere`)).text(), '')
  const two = await (await fetch(`${url}/search?q=INFO&limit=2`)).text()
  t.is(two.split('\n').length, 3)
  for (const wrong of ['', '?q=', '?q=INFO&limit=x', '?q=INFO&limit=-1', '?q=INFO&limit=1.5']) {
    // oxlint-disable-next-line no-await-in-loop
    t.is((await fetch(`${url}/search${wrong}`)).status, 400, wrong)
  }
  t.is((await fetch(`${url}/`)).status, 404)
})

test('the log server serves many clients at once, and others meanwhile', async (t) => {
  const [, url] = await listening(t)
  const right = expected('ERROR')
  const done = new Set<number>()
  let answeredMeanwhile = 0
  const searches = Array.from({ length: 30 }, async (_, client) => {
    const answer = await (await fetch(`${url}/search?q=ERROR`)).text()
    done.add(client)
    return answer === right
  })
  while (done.size < 30) {
    if ((await status(url)) > 0) answeredMeanwhile += 1
  }
  t.true((await Promise.all(searches)).every(Boolean))
  t.true(answeredMeanwhile > 0, `${answeredMeanwhile} answers while searches were running`)
  t.is(await status(url), 0)
})

/** Seen with 26.10 and a server of ten lines without this package; 20, 22 and 24 wake it. */
const drains = Number(process.versions.node.split('.')[0]) < 26

testWhere(drains && unix, 'Node 26 leaves a response that waits for drain asleep')(
  'a search goes no further than its client, and ends when the client goes',
  async (t) => {
    // A Unix socket holds little that nobody has read, while TCP's buffers may hold all of an answer.
    const socketPath = freshPath()
    const server = createLogServer(logOf(60_000)).listen(socketPath)
    await once(server, 'listening')
    t.teardown(() => {
      server.closeAllConnections()
      server.close()
    })
    const answering = async (path: string): Promise<[ClientRequest, IncomingMessage]> => {
      const request = get({ socketPath, path })
      const [response] = (await once(request, 'response')) as [IncomingMessage]
      return [request, response]
    }
    const running = async (): Promise<number> => Number(await text((await answering('/status'))[1]))
    const began = performance.now()
    await text((await answering('/search?q=INFO'))[1])
    const whole = performance.now() - began
    const [request, response] = await answering('/search?q=INFO')
    response.pause()
    await new Promise((done) => setTimeout(done, 2 * whole))
    t.is(await running(), 1, 'nobody reads, so the search waits')
    request.destroy()
    for (let tries = 0; (await running()) > 0; tries += 1) {
      t.true(tries < 200, 'the search goes on though its client has gone')
      await new Promise((done) => setTimeout(done, 10))
    }
    t.pass()
  },
)

test('a search is of the file that has the name now: grown, rotated, empty, missing', async (t) => {
  const path = temporaryFile('')
  const [, url] = await listening(t, path)
  const search = async (): Promise<string> => (await fetch(`${url}/search?q=ERROR`)).text()
  t.is(await search(), '')
  appendFileSync(path, 'ERROR one\nINFO ERROR\nlast ERROR')
  t.is(await search(), '0:ERROR one\n10:INFO ERROR\n21:last ERROR\n')
  renameSync(path, `${path}.1`)
  t.is((await fetch(`${url}/search?q=ERROR`)).status, 503)
  writeFileSync(path, 'ERROR two\n')
  t.is(await search(), '0:ERROR two\n')
  unlinkSync(`${path}.1`)
})

test('a carriage return in a line does not end the event, and none of its text is lost', (t) => {
  t.is(eventOf(7, 'all is well'), 'id: 7\ndata: all is well\n\n')
  t.is(eventOf(7, 'of Windows\r'), 'id: 7\ndata: of Windows\n\n')
  t.is(eventOf(7, '1 %\revent: x\r2 %'), 'id: 7\ndata: 1 %\ndata: event: x\ndata: 2 %\n\n')
})

test('the log server sends what is written as events, across a rotation', async (t) => {
  const path = logOf(10)
  const [, url] = await listening(t, path)
  const response = await fetch(`${url}/live?q=ERROR`)
  t.is(response.headers.get('content-type'), 'text/event-stream')
  const reader = (response.body as ReadableStream<Uint8Array>).getReader()
  let text = ''
  const until = async (end: string): Promise<void> => {
    while (!text.endsWith(end)) {
      // oxlint-disable-next-line no-await-in-loop
      const { done, value } = await reader.read()
      if (done) return
      text += Buffer.from(value).toString()
    }
  }
  appendFileSync(path, 'INFO x\nERROR one\n')
  await until('data: ERROR one\n\n')
  appendFileSync(path, 'ERROR two\n')
  renameSync(path, `${path}.1`)
  writeFileSync(path, 'ERROR three\n')
  await until('data: ERROR three\n\n')
  t.deepEqual(
    Array.from(text.matchAll(/^data: (.*)$/gm), ([, line]) => line),
    ['ERROR one', 'ERROR two', 'ERROR three'],
  )
  t.true(text.includes('id: 0\ndata: ERROR three'))
  await reader.cancel()
  unlinkSync(`${path}.1`)
})
