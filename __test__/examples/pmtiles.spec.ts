import { writeFileSync } from 'node:fs'
import { PMTiles, zxyToTileId } from 'pmtiles'
import { MmapSource } from '../../examples/pmtiles.ts'
import { freshPath } from '../support/files.ts'
import { runExample } from './run.ts'
import test from 'ava'

/** An integer as the format has it: 7 bits a byte, the lowest first. */
function varint(value: number): number[] {
  return value < 128 ? [value] : [(value % 128) + 128, ...varint(Math.floor(value / 128))]
}

/** The bytes of a tile: as many as its place says. */
const tile = (z: number, x: number, y: number): Buffer =>
  Buffer.from(`tile ${z}/${x}/${y} `.repeat(1 + x + y))

/** An archive of version 3 with all tiles down to zoom 4, uncompressed. */
function archive(): string {
  const tiles: { id: number; bytes: Buffer }[] = []
  for (let z = 0; z <= 4; z += 1) {
    for (let x = 0; x < 2 ** z; x += 1) {
      for (let y = 0; y < 2 ** z; y += 1)
        tiles.push({ id: zxyToTileId(z, x, y), bytes: tile(z, x, y) })
    }
  }
  tiles.sort((a, b) => a.id - b.id)
  const directory = Buffer.from([
    ...varint(tiles.length),
    ...tiles.flatMap(({ id }, at) => varint(id - (tiles[at - 1]?.id ?? 0))),
    ...tiles.flatMap(() => varint(1)),
    ...tiles.flatMap(({ bytes }) => varint(bytes.length)),
    // 0: behind the one before.
    ...tiles.flatMap((_, at) => varint(at === 0 ? 1 : 0)),
  ])
  const metadata = Buffer.from('{"name":"test"}')
  const data = Buffer.concat(tiles.map(({ bytes }) => bytes))
  const header = Buffer.alloc(127)
  header.write('PMTiles')
  header.writeUInt8(3, 7)
  let at = 8
  let offset = 127
  for (const part of [directory, metadata, Buffer.alloc(0), data]) {
    header.writeBigUInt64LE(BigInt(offset), at)
    header.writeBigUInt64LE(BigInt(part.length), at + 8)
    at += 16
    offset += part.length
  }
  for (let field = 0; field < 3; field += 1) {
    header.writeBigUInt64LE(BigInt(tiles.length), at)
    at += 8
  }
  header.set([1, 1, 1, 0, 0, 4], at)
  const path = freshPath('.pmtiles')
  writeFileSync(path, Buffer.concat([header, directory, metadata, data]))
  return path
}

const path = archive()

test('every tile of an archive comes out of its map', async (t) => {
  const source = new MmapSource(path)
  t.teardown(() => source.close())
  const tiles = new PMTiles(source)
  t.deepEqual(await tiles.getMetadata(), { name: 'test' })
  for (let z = 0; z <= 4; z += 1) {
    for (let x = 0; x < 2 ** z; x += 1) {
      for (let y = 0; y < 2 ** z; y += 1) {
        const found = await tiles.getZxy(z, x, y)
        t.deepEqual(Buffer.from(found?.data ?? new ArrayBuffer(0)), tile(z, x, y))
      }
    }
  }
  t.is(await tiles.getZxy(5, 0, 0), undefined)
})

test('the program prints a tile', async (t) => {
  const { code, output } = await runExample('pmtiles', [path, '3', '1', '2'])
  t.is(code, 0)
  t.is(output, tile(3, 1, 2).toString())
})
