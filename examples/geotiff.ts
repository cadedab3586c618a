/**
 * A source for the geotiff package: the rasters of a mapped file, read where they are asked for.
 *
 *   node --import @oxc-node/core/register examples/geotiff.ts IMAGE LEFT TOP RIGHT BOTTOM
 */

import { Mmap } from 'fmmap'
import { GeoTIFF } from 'geotiff'

/** The package doesn't export the class of its sources, only what one must do. */
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

  fetch(slices: Slice[]): Promise<ArrayBufferLike[]> {
    return Promise.resolve(slices.map((slice) => this.#bytes(slice)))
  }

  fetchSlice({ offset, length }: Slice): Promise<SliceWithData> {
    const data = this.#bytes({ offset, length })
    return Promise.resolve({ offset, length: data.byteLength, data })
  }

  #bytes({ offset, length }: Slice): ArrayBuffer {
    return this.#m.arrayBuffer(offset, offset + length)
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
