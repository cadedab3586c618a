/**
 * A source for the geotiff package: it reads the rasters of a mapped file where they are asked for.
 *
 *   node --import @oxc-node/core/register examples/geotiff.ts IMAGE LEFT TOP RIGHT BOTTOM
 */

import { Mmap } from 'fmmap'
import { GeoTIFF } from 'geotiff'

/** The package doesn't export the class of its sources, only its members' types. */
type BaseSource = Parameters<typeof GeoTIFF.fromSource>[0]
type Slice = Parameters<BaseSource['fetchSlice']>[0]
type SliceWithData = Awaited<ReturnType<BaseSource['fetchSlice']>>

export class MmapSource implements BaseSource {
  readonly #m: Mmap

  constructor(path: string) {
    this.#m = Mmap.open(path)
  }

  get fileSize(): number {
    return this.#m.length
  }

  fetch(slices: Slice[], signal?: AbortSignal): Promise<ArrayBufferLike[]> {
    return Promise.all(slices.map((slice) => this.#bytes(slice, signal)))
  }

  async fetchSlice({ offset, length }: Slice, signal?: AbortSignal): Promise<SliceWithData> {
    const data = await this.#bytes({ offset, length }, signal)
    return { offset, length: data.byteLength, data }
  }

  /** Bytes that are not in memory are read on the threadpool. */
  #bytes({ offset, length }: Slice, signal: AbortSignal | undefined): Promise<ArrayBuffer> {
    return this.#m.arrayBufferAsync(offset, offset + length, { signal })
  }

  close(): Promise<void> {
    this.#m.close()
    return Promise.resolve()
  }
}

if (process.argv[1] === import.meta.filename) {
  const [, , path, ...corners] = process.argv
  if (path === undefined || corners.length !== 4) {
    console.error('usage: geotiff IMAGE LEFT TOP RIGHT BOTTOM')
    process.exitCode = 2
  } else {
    const image = await (await GeoTIFF.fromSource(new MmapSource(path))).getImage()
    console.log(await image.readRasters({ window: corners.map(Number) }))
  }
}
