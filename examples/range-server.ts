/**
 * An HTTP server of one mapped file, with ranges, as players, readers of PDF and map viewers ask for them.
 *
 *   node --import @oxc-node/core/register examples/range-server.ts FILE [PORT]
 *   curl -r 0-99 localhost:8080
 *
 * A short range is one `sliceAsync`. A long one is a `stream`, which goes no faster than the client reads and ends
 * when the client goes. Neither holds up the event loop while the disk is read.
 */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { Mmap } from 'fmmap'

/** Ranges of up to this length are sent in one piece. */
const SHORT = 64 * 1024

interface Range {
  readonly start: number
  readonly end: number
}

/**
 * The one range of a header, with its end behind the last byte. The whole file, for a header that is not understood
 * or asks for several ranges, as RFC 9110 allows. Undefined for a range that begins behind the file's end.
 */
export function rangeOf(header: string | undefined, length: number): Range | 'whole' | undefined {
  const found = /^bytes=(\d*)-(\d*)$/.exec(header ?? '')
  if (found === null) return 'whole'
  const [, first = '', last = ''] = found
  if (first === '' && last === '') return 'whole'
  if (first === '') {
    const count = Math.min(Number(last), length)
    return count > 0 ? { start: length - count, end: length } : undefined
  }
  const start = Number(first)
  const end = last === '' ? length : Math.min(Number(last) + 1, length)
  if (last !== '' && Number(last) < start) return 'whole'
  return start < length ? { start, end } : undefined
}

/** A server for the file. Closing it closes the map. */
export function createRangeServer(path: string): Server {
  const file = Mmap.open(path, { empty: true })

  async function send(response: ServerResponse, { start, end }: Range): Promise<void> {
    if (end - start <= SHORT) {
      response.end(await file.sliceAsync(start, end))
      return
    }
    // The cast is between two declarations of the same class, the web's and Node's.
    const stream = file.stream({ start, end }) as Parameters<typeof Readable.fromWeb>[0]
    await pipeline(Readable.fromWeb(stream), response)
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.writeHead(405, { allow: 'GET, HEAD' }).end()
      return
    }
    const { length } = file
    const asked = request.method === 'GET' ? rangeOf(request.headers.range, length) : 'whole'
    response.setHeader('accept-ranges', 'bytes')
    if (asked === undefined) {
      response.writeHead(416, { 'content-range': `bytes */${length}` }).end()
      return
    }
    const { start, end } = asked === 'whole' ? { start: 0, end: length } : asked
    response.setHeader('content-length', end - start)
    response.setHeader('content-type', 'application/octet-stream')
    if (asked !== 'whole') {
      response.setHeader('content-range', `bytes ${start}-${end - 1}/${length}`)
      response.statusCode = 206
    }
    if (request.method === 'HEAD') response.end()
    else await send(response, { start, end })
  }

  const server = createServer((request, response) => {
    // The client has gone, or the file was truncated and the promised bytes can't be read.
    answer(request, response).catch(() => response.destroy())
  })
  server.on('close', () => file.close())
  return server
}

if (process.argv[1] === import.meta.filename) {
  const [, , path, port = '8080'] = process.argv
  if (path === undefined) {
    console.error('usage: range-server FILE [PORT]')
    process.exitCode = 2
  } else {
    createRangeServer(path).listen(Number(port), () => console.error(`http://localhost:${port}`))
  }
}
