/**
 * A file for the hyparquet package: it reads the columns of a mapped file without holding up the thread.
 *
 *   node --import @oxc-node/core/register examples/parquet.ts FILE [COLUMN...]
 *
 * `sliceAsync` answers at once if the bytes are in the page cache, and otherwise reads them on the threadpool.
 */

import { Mmap } from 'fmmap'
import { type AsyncBuffer, parquetReadObjects } from 'hyparquet'

export class MmapFile implements AsyncBuffer {
  readonly #m: Mmap

  constructor(path: string) {
    this.#m = Mmap.open(path)
  }

  get byteLength(): number {
    return this.#m.length
  }

  async slice(start: number, end?: number): Promise<ArrayBuffer> {
    const bytes = await this.#m.sliceAsync(start, end)
    // hyparquet wants an `ArrayBuffer` that contains the slice and nothing else.
    return bytes.byteLength === bytes.buffer.byteLength
      ? bytes.buffer
      : bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength)
  }

  close(): void {
    this.#m.close()
  }
}

if (process.argv[1] === import.meta.filename) {
  const [, , path, ...columns] = process.argv
  if (path === undefined) {
    console.error('usage: parquet FILE [COLUMN...]')
    process.exitCode = 2
  } else {
    const file = new MmapFile(path)
    const rows = await parquetReadObjects(columns.length > 0 ? { file, columns } : { file })
    for (const row of rows) console.log(JSON.stringify(row))
    file.close()
  }
}
