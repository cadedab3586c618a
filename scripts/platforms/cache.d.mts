/** What the benchmarks use of cache.mjs. */

/** A tool that this machine has not and can't get. */
export class Missing extends Error {}

/** A package of npm's in the cache; the path of `file` in it. */
export function npm(spec: string, file: string, platform?: string): string

/** A virtual environment of Python's with these packages; its folder of programs. */
export function python(name: string, packages: readonly string[], interpreter?: string): string
