/**
 * A store of records that only grows, in one file: one process appends, any number of others read.
 *
 *   0   8 bytes   'FMSTORE1'
 *   8   8 bytes   where the last whole record ends
 *   16            records: 4 bytes of length, then as many bytes, and again
 *
 * The writer puts a record behind the end and then moves the end. Readers look at the end first, so they never see
 * half a record. The file is longer than its content, so that not every record needs a resize.
 */

import { ACCESS_WRITE, Mmap } from 'fmmap'

const MAGIC = 'FMSTORE1'
const HEADER = 16
const GROWTH = 1024 * 1024

/** The end is one number, which is read and written as a whole, after the bytes before it. */
const endOf = (m: Mmap): BigInt64Array => m.view(BigInt64Array, 8, 1)

export class Writer {
  readonly #m: Mmap
  readonly #length: Buffer = Buffer.alloc(4)
  #end: BigInt64Array

  constructor(path: string) {
    const length = HEADER + GROWTH
    this.#m = Mmap.open(path, { access: ACCESS_WRITE, create: true, length: HEADER })
    // `create` never makes a file shorter, so an existing store is longer than its header.
    if (this.#m.size() > HEADER) this.#m.resize(this.#m.size())
    else this.#m.resize(length)
    this.#end = endOf(this.#m)
    if (this.#m.find(MAGIC, 0, 8) === -1) {
      this.#m.setSlice(MAGIC, 0, 8)
      Atomics.store(this.#end, 0, BigInt(HEADER))
    }
  }

  append(record: Uint8Array | string): void {
    const bytes = typeof record === 'string' ? Buffer.from(record) : record
    const at = Number(Atomics.load(this.#end, 0))
    const end = at + 4 + bytes.length
    if (end > this.#m.length) {
      this.#m.resize(Math.max(end, this.#m.length * 2))
      // The old view still shows the file, but the map has other memory now.
      this.#end = endOf(this.#m)
    }
    this.#length.writeUInt32LE(bytes.length)
    this.#m.seek(at)
    this.#m.write(this.#length)
    this.#m.write(bytes)
    Atomics.store(this.#end, 0, BigInt(end))
  }

  /** Waits until all records are on the disk. */
  flush(): void {
    this.#m.flush()
  }

  /** Cuts off the unused room. */
  close(): void {
    this.#m.resize(Number(Atomics.load(this.#end, 0)))
    this.#m.flush()
    this.#m.close()
  }
}

export class StoreReader {
  readonly #path: string
  readonly #length: Buffer = Buffer.alloc(4)
  #m: Mmap
  #end: BigInt64Array
  #position = HEADER

  constructor(path: string) {
    this.#path = path
    this.#m = Mmap.open(path)
    if (this.#m.find(MAGIC, 0, 8) === -1) throw new Error(`${path} is no store`)
    this.#end = endOf(this.#m)
  }

  /** The records that have come since the last call. */
  *records(): Generator<Buffer> {
    for (;;) {
      const end = Number(Atomics.load(this.#end, 0))
      if (this.#position >= end) return
      if (end > this.#m.length) this.#remap()
      this.#m.seek(this.#position)
      this.#m.readInto(this.#length)
      this.#position += 4 + this.#length.readUInt32LE()
      yield this.#m.read(this.#length.readUInt32LE())
    }
  }

  /** The file has grown beyond the end of the map. */
  #remap(): void {
    this.#m.close()
    this.#m = Mmap.open(this.#path)
    this.#end = endOf(this.#m)
  }

  close(): void {
    this.#m.close()
  }
}

if (process.argv[1] === import.meta.filename) {
  const [, , path, ...records] = process.argv
  if (path === undefined) {
    console.error('usage: store FILE [RECORD...]: appends them, then prints all')
    process.exitCode = 2
  } else {
    const writer = new Writer(path)
    for (const record of records) writer.append(record)
    writer.close()
    for (const record of new StoreReader(path).records()) console.log(record.toString())
  }
}
