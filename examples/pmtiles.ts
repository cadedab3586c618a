/**
 * A source of map tiles for the pmtiles package: an archive of any size, mapped.
 *
 *   node --import @oxc-node/core/register examples/pmtiles.ts ARCHIVE Z X Y > tile
 *
 * Such packages ask a source for an ArrayBuffer that they own, which is what `arrayBufferAsync(start, end)` returns.
 * Bytes that are not in memory are read on the threadpool, while the event loop goes on.
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

  async getBytes(offset: number, length: number, signal?: AbortSignal): Promise<RangeResponse> {
    return { data: await this.#m.arrayBufferAsync(offset, offset + length, { signal }) }
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
