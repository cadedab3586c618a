/** What console.log shows of the package's objects. */

/** The symbol is node:util's inspect.custom, without the module. */
const SHOWS = Symbol.for('nodejs.util.inspect.custom')

/**
 * Sets what console.log shows of the instances of a class. Of a proxy, and of an object that only inherits from the
 * class, it shows the name alone: their members throw, and printing must not.
 */
export function shows<T extends object>(
  { prototype }: { readonly prototype: T },
  name: string,
  text: (value: T) => string,
): void {
  Object.defineProperty(prototype, SHOWS, {
    value(this: T): string {
      try {
        return text(this)
      } catch {
        return `${name} {}`
      }
    },
    configurable: true,
    writable: true,
  })
}
