/**
 * What the iterators of bytes, matches and lines share. They are classes and not generators: V8 inlines the `next` of
 * a class into the loop that calls it, but has to resume a generator at each step. Each iterator creates all its result
 * objects in one place, because V8 removes an allocation only if all uses of the object come from one place.
 */

/** The prototype of the runtime's iterators. It has `map` and disposal, if the runtime has them. */
const iteratorPrototype: object = Object.getPrototypeOf(
  Object.getPrototypeOf([][Symbol.iterator]()),
) as object

/** The same for asynchronous iterators. */
const asyncIteratorPrototype: object = Object.getPrototypeOf(
  (Object.getPrototypeOf(async function* () {}) as AsyncGeneratorFunction).prototype,
) as object

/**
 * Gives the instances of a class the methods of the runtime's iterators. It hides the constructor, which takes the
 * internal state of a map and is not for callers.
 */
function inherits(of: { prototype: object }, from: object): void {
  Object.setPrototypeOf(of.prototype, from)
  hidesConstructor(of)
}

/** The same for a class that has these methods already, because it extends one that was given them. */
export function hidesConstructor({ prototype }: { prototype: object }): void {
  const { constructor } = Object.getPrototypeOf(prototype) as object
  Object.defineProperty(prototype, 'constructor', { value: constructor })
}

/** Makes a class one of the runtime's iterators. */
export const isIterator = (of: { prototype: object }): void => inherits(of, iteratorPrototype)

/** The same for asynchronous iterators. */
export const isAsyncIterator = (of: { prototype: object }): void =>
  inherits(of, asyncIteratorPrototype)

export type Step<T> = IteratorResult<T, undefined>

/** The result after the last value. */
export const end = (): Step<never> => ({ done: true, value: undefined })
