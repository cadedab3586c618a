/** All that an iteration gives. `Array.fromAsync` is missing in Node 20. */
export async function gathered<T>(steps: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const one of steps) all.push(one)
  return all
}
