// The stated differences from CPython, in one place; docs/python.md gives the reasons. Any other difference is an
// error of the package or of this table.

/** An argument as oracle/answers.py describes it. */
export type Argument = null | number | Record<string, unknown>
export type Step = [name: string, args: Argument[]]
/** A value, or the class and the message of an error. */
export type Answer = [value: unknown] | [error: string, message: string]

export interface Difference {
  /**
   * The sentence in docs/python.md, word for word. Null for differences that come from WebAssembly, in which this
   * CPython runs.
   */
  readonly documented: string | null
  /** A description of the difference, for the log. */
  readonly stated: string
  /** Whether the difference explains why the answer to a step is not Python's. */
  covers(step: Step, python: Answer, ours: Answer): boolean
}

const kinds = (argument: Argument | undefined): string =>
  argument === null || typeof argument !== 'object'
    ? typeof argument
    : (Object.keys(argument)[0] ?? '')

const has = ([, args]: Step, kind: string): boolean => args.some((one) => kinds(one) === kind)

/** A number that 32 bits don't hold: pyodide's are so wide, and CPython's 64 elsewhere. */
const wide = ([, args]: Step): boolean =>
  args.some((one) => {
    const number =
      typeof one === 'number' ? one : Number((one as { number?: string } | null)?.number)
    return number > 2 ** 31 - 1 || number < -(2 ** 31)
  })

export const differences: readonly Difference[] = [
  {
    documented: '**A string is its UTF-8.**',
    stated: 'A string is its UTF-8, and a TypeError in Python',
    covers: (step, [error]) => has(step, 'str') && error === 'TypeError',
  },
  {
    documented: 'here it is a number with an integer value, no string, no boolean, no `bigint`',
    stated: 'A boolean is no number, as it is in Python',
    covers: (step, _, [error]) => has(step, 'bool') && error === 'TypeError',
  },
  {
    documented:
      "`undefined` is Python's None and means the default everywhere, also where Python refuses None; `null` is a mistake.",
    stated: '`null` is no `undefined`, and undefined is None: a default, where Python refuses None',
    covers: (step, [error]) => has(step, 'object') && error === 'TypeError',
  },
  {
    documented: '**`end` counts without `start`.**',
    stated: '`end` counts without `start`',
    covers: ([name, args]) =>
      /^r?find$/.test(name) && args[1] === null && args.length > 2 && args[2] !== null,
  },
  {
    documented:
      'Bounds that Python clamps take any of them, even `1e300`; elsewhere more than 2^53 - 1 is `ERR_OUT_OF_RANGE`, where Python says OverflowError.',
    stated:
      'Bounds that Python clamps take any integer; elsewhere past 2^53 - 1 is ERR_OUT_OF_RANGE',
    // A `set` of such a value is a TypeError there, of any other that is no byte a ValueError.
    covers: (step, [, message]) =>
      wide(step) &&
      /cannot fit 'int'|too large to convert|signed (byte )?integer is/.test(message ?? ''),
  },
  {
    documented:
      '`find` and `rfind` look at the types of their bounds before that, which CPython does after it.',
    stated:
      '`find` and `rfind` look at the types of their bounds before they ask whether the map is closed',
    covers: ([name], [, message], [error]) =>
      /^r?find$/.test(name) && message === 'mmap closed or invalid' && error === 'TypeError',
  },
  {
    documented: null,
    stated:
      'WebAssembly: advice beyond the table of constants is taken, msync knows only the start of a map',
    covers: ([name], [error]) =>
      (name === 'madvise' && error === null) || (name === 'flush' && error === 'OSError'),
  },
]

/** Arguments of the constructor, as oracle/answers.py describes them. */
export type Made = [
  content: string,
  anonymous: boolean,
  length: Argument,
  options: Record<string, Argument>,
]

/** The same for the constructor. All are the system's: WebAssembly's is not the one that we run on. */
export const constructorDifferences: readonly {
  readonly stated: string
  covers(made: Made, python: Answer, ours: Answer): boolean
}[] = [
  {
    stated: 'WebAssembly maps a region of no bytes, which every other system refuses',
    covers: ([, anonymous, length], [shown], [error, message]) =>
      anonymous &&
      length === 0 &&
      / length=0,/.test(String(shown)) &&
      error === 'OSError' &&
      String(message).startsWith('EINVAL: '),
  },
  {
    stated: 'WebAssembly has no 2 GiB of memory',
    covers: ([, anonymous, length], [error, message], [shown]) =>
      anonymous &&
      length === 2 ** 31 - 1 &&
      error === 'OSError' &&
      String(message).endsWith('Out of memory') &&
      / length=2147483647,/.test(String(shown)),
  },
]
