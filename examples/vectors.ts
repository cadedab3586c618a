/**
 * Nearest neighbours among vectors in a file: 32-bit floats, one vector after the other, nothing else.
 *
 *   node --import @oxc-node/core/register examples/vectors.ts FILE DIMENSIONS ROW [COUNT]
 *
 * The file itself is the data structure. It is open at once, takes no private memory, and all processes that map it
 * share the same pages.
 */

import { Mmap } from 'fmmap'

export interface Neighbour {
  readonly row: number
  /** The Euclidean distance. */
  readonly distance: number
}

export class Vectors {
  readonly dimensions: number
  readonly #numbers: Float32Array

  constructor(path: string, dimensions: number) {
    const m = Mmap.open(path)
    this.dimensions = dimensions
    this.#numbers = m.view(Float32Array)
    m.close()
  }

  get length(): number {
    return Math.floor(this.#numbers.length / this.dimensions)
  }

  /** The vector of a row: a view, not a copy. */
  row(row: number): Float32Array {
    return this.#numbers.subarray(row * this.dimensions, (row + 1) * this.dimensions)
  }

  /** The `count` rows that are nearest to a vector, the nearest first. */
  nearest(query: Float32Array, count: number): Neighbour[] {
    const numbers = this.#numbers
    const { dimensions, length } = this
    const best: Neighbour[] = []
    for (let row = 0, at = 0; row < length; row += 1, at += dimensions) {
      let sum = 0
      for (let d = 0; d < dimensions; d += 1) {
        const difference = (numbers[at + d] as number) - (query[d] as number)
        sum += difference * difference
      }
      const last = best.at(-1)
      if (best.length === count && last !== undefined && sum >= last.distance) continue
      const place = best.findIndex(({ distance }) => sum < distance)
      best.splice(place === -1 ? best.length : place, 0, { row, distance: sum })
      if (best.length > count) best.pop()
    }
    return best.map(({ row, distance }) => ({ row, distance: Math.sqrt(distance) }))
  }
}

if (process.argv[1] === import.meta.filename) {
  const [, , path, dimensions, row, count = '5'] = process.argv
  if (path === undefined || dimensions === undefined || row === undefined) {
    console.error('usage: vectors FILE DIMENSIONS ROW [COUNT]')
    process.exitCode = 2
  } else {
    const vectors = new Vectors(path, Number(dimensions))
    console.table(vectors.nearest(vectors.row(Number(row)), Number(count)))
  }
}
