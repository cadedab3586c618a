/**
 * An HTTP server that searches a log, and sends what is written to it.
 *
 *   node --import @oxc-node/core/register examples/log-server.ts FILE [PORT]
 *   curl 'localhost:8080/search?q=ERROR&limit=10'
 *   curl -N 'localhost:8080/live?q=ERROR'
 *
 * Each matching line is sent as soon as it is found, as `offset:line`. The search runs on the threadpool in small
 * turns, so other clients are answered meanwhile. It goes no faster than the client reads, and ends when the client
 * goes. Searches share a map as long as the file has not changed; the next one after that maps it anew, which costs
 * microseconds, so the log may grow and rotate. `/live` sends the lines that are written from now on, as server-sent
 * events, across rotation; the id of an event is the offset of its line in the file. `/status` says how many searches
 * are running.
 */

import { once } from 'node:events'
import { stat } from 'node:fs/promises'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { Mmap } from 'fmmap'

/** A line as an event. A carriage return would end a line of the event, so the text goes on in another one. */
export function eventOf(id: number, text: string): string {
  const whole = text.endsWith('\r') ? text.slice(0, -1) : text
  return `id: ${id}\ndata: ${whole.replaceAll('\r', '\ndata: ')}\n\n`
}

/** The map of a log, and how many searches use it. */
interface Shared {
  readonly log: Mmap
  readonly file: string
  users: number
}

/** A server that searches the log. Closing it closes the map. */
export function createLogServer(path: string): Server {
  let searches = 0
  let current: Shared | undefined

  /** Leaves the current map for another one, or none. The last search that uses it closes it. */
  function replace(next?: Shared): void {
    if (current?.users === 0) current.log.close()
    current = next
  }

  /** The map of the file that has the name now. */
  async function enter(): Promise<Shared> {
    const { dev, ino, size } = await stat(path)
    const file = `${dev} ${ino} ${size}`
    if (current?.file !== file) {
      replace({ log: Mmap.open(path, { empty: true }), file, users: 0 })
    }
    const shared = current as Shared
    shared.users += 1
    return shared
  }

  function leave(shared: Shared): void {
    shared.users -= 1
    if (shared.users === 0 && shared !== current) shared.log.close()
  }

  async function search(query: URLSearchParams, response: ServerResponse): Promise<void> {
    const needle = query.get('q')
    const limit = Number(query.get('limit') ?? Infinity)
    const counts = limit === Infinity || (Number.isSafeInteger(limit) && limit >= 0)
    if (needle === null || needle === '' || !counts) {
      response.writeHead(400).end('q is what is searched, and limit a number of lines\n')
      return
    }
    const gone = new AbortController()
    response.on('close', () => gone.abort())
    const { signal } = gone
    let shared: Shared
    try {
      shared = await enter()
    } catch (error) {
      response.writeHead(503).end(`${(error as Error).message}\n`)
      return
    }
    response.writeHead(200, { 'content-type': 'text/plain; charset=utf-8' })
    searches += 1
    try {
      for await (const line of shared.log.grepAsync(needle, { limit, signal })) {
        const room = response.write(`${line.start}:${line.toString()}\n`)
        if (!room) await once(response, 'drain', { signal })
      }
      response.end()
    } catch (error) {
      // The client has gone; or the log was truncated, and the rest of the answer can't be read.
      if (!signal.aborted) {
        response.destroy(error as Error)
        if (shared === current) replace()
      }
    } finally {
      leave(shared)
      searches -= 1
    }
  }

  /** Sends the lines that are written from now on, in the form that EventSource takes. */
  async function live(query: URLSearchParams, response: ServerResponse): Promise<void> {
    const needle = query.get('q') ?? ''
    const gone = new AbortController()
    response.on('close', () => gone.abort())
    const { signal } = gone
    const lines = Mmap.follow(path, { signal })
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' })
    response.flushHeaders()
    try {
      for await (const line of lines) {
        const text = line.toString()
        if (!text.includes(needle)) continue
        const room = response.write(eventOf(line.start, text))
        if (!room) await once(response, 'drain', { signal })
      }
      response.end()
    } catch (error) {
      if (!signal.aborted) response.destroy(error as Error)
    }
  }

  const server = createServer((request: IncomingMessage, response: ServerResponse) => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://localhost')
    if (pathname === '/search') {
      void search(searchParams, response)
    } else if (pathname === '/live') {
      void live(searchParams, response)
    } else if (pathname === '/status') {
      response.end(`${searches}\n`)
    } else {
      response.writeHead(404).end()
    }
  })
  server.on('close', () => replace())
  return server
}

if (process.argv[1] === import.meta.filename) {
  const [, , path, port = '8080'] = process.argv
  if (path === undefined) {
    console.error('usage: log-server FILE [PORT]')
    process.exitCode = 2
  } else {
    createLogServer(path).listen(Number(port), () => console.log(`http://localhost:${port}`))
  }
}
