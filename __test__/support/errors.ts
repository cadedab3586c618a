// What an error must look like, by its code. The table of errors in docs/errors.md is complete, and so is this one.
import { getSystemErrorMap } from 'node:util'
import type { Assertions } from './test.ts'

const own: Record<string, ErrorConstructor> = {
  ABORT_ERR: Error,
  ERR_INVALID_ARG_TYPE: TypeError,
  ERR_INVALID_ARG_VALUE: Error,
  ERR_MMAP_CLOSED: Error,
  ERR_MMAP_CONFLICTING_OPTIONS: Error,
  ERR_MMAP_EMPTY_FILE: Error,
  ERR_MMAP_EXPORTED: Error,
  ERR_MMAP_FAULT: Error,
  ERR_MMAP_NOT_ANONYMOUS: Error,
  ERR_MMAP_PATTERN: SyntaxError,
  ERR_MMAP_READONLY: TypeError,
  ERR_MMAP_UNREADABLE: Error,
  ERR_MMAP_UNSUPPORTED: Error,
  ERR_MMAP_UNTRACKED: Error,
  ERR_OUT_OF_RANGE: RangeError,
}

export interface Coded extends Error {
  code: string
  errno?: number
  syscall?: string
  path?: string
}

/** Runs the call, which must throw; returns what it threw. */
export function thrown(t: Assertions, call: () => unknown, label: string = 'the call'): Coded {
  let result: unknown
  try {
    result = call()
  } catch (error) {
    t.true(error instanceof Error, `${label} threw something that is no Error: ${String(error)}`)
    return error as Coded
  }
  throw new Error(
    `${label} returned ${typeof result === 'symbol' ? 'a symbol' : JSON.stringify(result)} and should have thrown`,
  )
}

/** Checks that an error is the one of that code: its class, its code, and a message that says something. */
export function checkError(
  t: Assertions,
  error: Coded,
  code: string,
  message?: string | RegExp,
  label: string = code,
): void {
  t.is(error.code, code, `${label}: expected ${code}, got ${error.code}: ${error.stack}`)
  const type = own[code]
  if (type === undefined) {
    const name = getSystemErrorMap().get(error.errno ?? 0)?.[0]
    t.is(name, code, `${label}: ${code} is not in the closed list of codes, or not errno's`)
    t.true((error.errno ?? 0) < 0, `${label}: errno is negative, as Node's are`)
    t.true(
      typeof error.syscall === 'string' && error.syscall !== '',
      `${label}: a system error names its syscall`,
    )
    t.true(error.message.includes(code) || message !== undefined, `${label}: ${error.message}`)
  } else {
    const builtin =
      error instanceof TypeError ? TypeError : error instanceof RangeError ? RangeError : Error
    t.is(builtin, type, `${label}: the class of ${code}`)
    t.true(error.message.length > 5, `${label}: an empty message`)
    if (code === 'ERR_MMAP_FAULT') {
      const { reason = 'none' } = error as { reason?: string }
      t.true(/^(truncated|io|unknown)$/.test(reason), `${label}: the reason is ${reason}`)
    }
  }
  if (message !== undefined) {
    // A message may begin with a sentence of Python's, followed by numbers.
    const right =
      typeof message === 'string'
        ? error.message === message || error.message.startsWith(`${message}: `)
        : message.test(error.message)
    t.true(right, `${label}: the message is «${error.message}», expected ${String(message)}`)
  }
}

/** The call must throw the error of this code, as the table has it. */
export function refuses(
  t: Assertions,
  call: () => unknown,
  code: string,
  message?: string | RegExp,
  label?: string,
): Coded {
  const error = thrown(t, call, label ?? String(call))
  checkError(t, error, code, message, label ?? String(call))
  return error
}

/** The error of a promise that must reject, or of a call that must return such a promise and not throw itself. */
export async function rejection(
  work: Promise<unknown> | (() => Promise<unknown>),
  label: string = typeof work === 'function' ? String(work) : 'the promise',
): Promise<Coded> {
  let promise: Promise<unknown>
  try {
    promise = typeof work === 'function' ? work() : work
  } catch (error) {
    throw new Error(`${label} threw instead of rejecting`, { cause: error })
  }
  const error = await promise.then(
    (value) => new Error(`${label} gave ${String(value)}, and should have rejected`),
    (reason: unknown) => ({ reason }),
  )
  if (error instanceof Error) throw error
  if (error.reason instanceof Error) return error.reason as Coded
  throw new Error(`${label} rejected with no Error: ${String(error.reason)}`)
}

/** The promise must reject with the error of this code, as the table has it. */
export async function rejects(
  t: Assertions,
  work: Promise<unknown> | (() => Promise<unknown>),
  code: string,
  message?: string | RegExp,
): Promise<Coded> {
  const error = await rejection(work)
  checkError(t, error, code, message, typeof work === 'function' ? String(work) : code)
  return error
}

export const closedMessage: string = 'mmap closed or invalid'
export const readonlyMessage: string = "mmap can't modify a readonly memory map."
export const copyResizeMessage: string = "mmap can't resize a readonly or copy-on-write memory map."
