import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { get, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createLogServer } from '../../examples/log-server.ts'
import { temporaryFile } from '../support/files.ts'
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
  t.is((await fetch(`${url}/search`)).status, 400)
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
  t.true(answeredMeanwhile >= 3, `${answeredMeanwhile} answers while searches were running`)
  t.is(await status(url), 0)
})

/** Seen with 26.10 and a server of ten lines without this package; 20, 22 and 24 wake it. */
const drains = Number(process.versions.node.split('.')[0]) < 26

testWhere(drains, 'Node 26 leaves a response that waits for drain asleep')(
  'a search goes no further than its client, and ends when the client goes',
  async (t) => {
    const [, url] = await listening(t, logOf(60_000))
    const began = performance.now()
    await (await fetch(`${url}/search?q=INFO`)).text()
    const whole = performance.now() - began
    const request = get(`${url}/search?q=INFO`)
    const [response] = (await once(request, 'response')) as [NodeJS.ReadableStream]
    response.pause()
    await new Promise((done) => setTimeout(done, 2 * whole))
    t.is(await status(url), 1, 'nobody reads, so the search waits')
    request.destroy()
    for (let tries = 0; (await status(url)) > 0; tries += 1) {
      t.true(tries < 200, 'the search goes on though its client has gone')
      await new Promise((done) => setTimeout(done, 10))
    }
    t.pass()
  },
)
