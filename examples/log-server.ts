/**
 * An HTTP server that searches a mapped log.
 *
 *   node --import @oxc-node/core/register examples/log-server.ts FILE [PORT]
 *   curl 'localhost:8080/search?q=ERROR&limit=10'
 *
 * Each matching line is sent as soon as it is found, `offset:line`. The search runs on the threadpool in
 * small turns, so other clients are answered meanwhile; it goes no faster than the client reads, and ends
 * when the client goes. `/status` says how many searches are running.
 */

import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { Mmap } from 'fmmap'

/** A server over the log; closing it closes the map. */
export function createLogServer(path: string): Server {
  const log = Mmap.open(path)
  let searches = 0

  async function search(query: URLSearchParams, response: ServerResponse): Promise<void> {
    const needle = query.get('q')
    if (needle === null || needle === '') {
      response.writeHead(400).end('q is what is searched\n')
      return
    }
    const limit = Number(query.get('limit') ?? Infinity)
    const gone = new AbortController()
    response.on('close', () => gone.abort())
    const { signal } = gone
    response.writeHead(200, { 'content-type': 'text/plain; charset=utf-8' })
    searches += 1
    try {
      let sent = 0
      let lineEnd = -1
      for await (const at of log.findAllAsync(needle, { signal })) {
        // A line with two matches is one line.
        if (at < lineEnd) continue
        const start = log.rfind('\n', 0, at) + 1
        const newline = log.find('\n', at)
        lineEnd = newline === -1 ? log.length : newline
        const room = response.write(`${start}:${log.slice(start, lineEnd).toString()}\n`)
        if (!room) await once(response, 'drain', { signal })
        sent += 1
        if (sent >= limit) break
      }
      response.end()
    } catch (error) {
      // The client has gone, or the log: it was truncated, and its tail can't be had.
      if (!signal.aborted) response.destroy(error as Error)
    } finally {
      searches -= 1
    }
  }

  const server = createServer((request: IncomingMessage, response: ServerResponse) => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://localhost')
    if (pathname === '/search') {
      void search(searchParams, response)
    } else if (pathname === '/status') {
      response.end(`${searches}\n`)
    } else {
      response.writeHead(404).end()
    }
  })
  server.on('close', () => log.close())
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
