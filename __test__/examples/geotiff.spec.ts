import { writeFileSync } from 'node:fs'
import { fromArrayBuffer, GeoTIFF, writeArrayBuffer } from 'geotiff'
import { MmapSource } from '../../examples/geotiff.ts'
import { freshPath } from '../support/files.ts'
import { runExample } from './run.ts'
import test from 'ava'

const width = 300
const height = 200
const values = Float32Array.from({ length: width * height }, (_, at) => Math.sin(at) * 1000)

function imageFile(): string {
  const path = freshPath('.tif')
  writeFileSync(path, new Uint8Array(writeArrayBuffer(values, { width, height })))
  return path
}

test('rasters read through a map are those that were written', async (t) => {
  const path = imageFile()
  const source = new MmapSource(path)
  const tiff = await GeoTIFF.fromSource(source)
  const image = await tiff.getImage()
  t.is(image.getWidth(), width)
  const [raster] = (await image.readRasters()) as unknown as [Float32Array]
  t.deepEqual(raster, values)

  const window = [17, 31, 250, 140]
  const [part] = (await image.readRasters({ window })) as unknown as [Float32Array]
  const memory = await fromArrayBuffer(writeArrayBuffer(values, { width, height }))
  const [theirs] = (await (await memory.getImage()).readRasters({ window })) as unknown as [
    Float32Array,
  ]
  t.deepEqual(part, theirs)
  await source.close()
})

test('the program prints a window of the raster', async (t) => {
  const { code, output } = await runExample('geotiff', [imageFile(), '5', '7', '6', '8'])
  t.is(code, 0)
  t.true(output.includes(String(values[7 * width + 5])), output)
})
