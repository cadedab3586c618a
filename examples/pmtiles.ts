/**
 * A source of map tiles for the pmtiles package: an archive of any size, mapped.
 *
 *   node --import @oxc-node/core/register examples/pmtiles.ts ARCHIVE Z X Y > tile
 *
 * `arrayBuffer(start, end)` is what such packages ask of a source: an ArrayBuffer that they own.
 */

import { Mmap } from 'fmmap'
import { PMTiles, type RangeResponse, type Source } from 'pmtiles'

export class MmapSource implements Source {
  readonly #path: string
  readonly #m: Mmap

  constructor(path: string) {
    this.#path = path
    this.#m = Mmap.open(path)
  }

  getKey(): string {
    return this.#path
  }

  getBytes(offset: number, length: number): Promise<RangeResponse> {
    return Promise.resolve({ data: this.#m.arrayBuffer(offset, offset + length) })
  }

  close(): void {
    this.#m.close()
  }
}

if (process.argv[1] === import.meta.filename) {
  const [, , path, ...coordinates] = process.argv
  const [z, x, y] = coordinates.map(Number)
  if (path === undefined || z === undefined || x === undefined || y === undefined) {
    console.error('usage: pmtiles ARCHIVE Z X Y')
    process.exitCode = 2
  } else {
    const tile = await new PMTiles(new MmapSource(path)).getZxy(z, x, y)
    if (tile === undefined) process.exitCode = 1
    else process.stdout.write(Buffer.from(tile.data))
  }
}
