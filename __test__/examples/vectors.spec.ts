import { writeFileSync } from 'node:fs'
import { Vectors } from '../../examples/vectors.ts'
import { freshPath } from '../support/files.ts'
import { externalBuffers } from '../support/platform.ts'
import { testWhere } from '../support/test.ts'
import { runExample } from './run.ts'

const test = testWhere(externalBuffers, 'the example needs view()')

const dimensions = 24
const rows = 3000
const numbers = Float32Array.from({ length: dimensions * rows }, (_, at) => Math.sin(at * 1.7) * 10)
const path = freshPath('.f32')
writeFileSync(path, numbers)

/** All distances, sorted. */
function naive(query: Float32Array, count: number): number[] {
  return Array.from({ length: rows }, (_, row) => {
    const vector = numbers.subarray(row * dimensions, (row + 1) * dimensions)
    return { row, distance: vector.reduce((sum, x, d) => sum + (x - (query[d] as number)) ** 2, 0) }
  })
    .toSorted((a, b) => a.distance - b.distance)
    .slice(0, count)
    .map(({ row }) => row)
}

test('the nearest vectors are those of a sort by distance', (t) => {
  const vectors = new Vectors(path, dimensions)
  t.is(vectors.length, rows)
  for (let row = 0; row < rows; row += 97) {
    const query = vectors.row(row)
    const nearest = vectors.nearest(query, 7)
    t.deepEqual(
      nearest.map(({ row: found }) => found),
      naive(query, 7),
    )
    t.is(nearest[0]?.row, row)
    t.is(nearest[0]?.distance, 0)
  }
})

test('the program prints a table of neighbours', async (t) => {
  const { code, output } = await runExample(
    'vectors',
    [path, String(dimensions), '11', '2'],
    'utf8',
  )
  t.is(code, 0)
  t.true(/│ 0 +│ 11 +│ 0 +│/.test(output), output)
})
