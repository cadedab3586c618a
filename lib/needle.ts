/**
 * What is looked for, in the form that the addon takes. This is the one place that knows what a user may pass: every
 * search in lib/, in one call or in the background, makes its needle here.
 */

import { bytes } from './arguments.js'
import { byteLength } from './intrinsics.js'
import { NEEDLES } from './pattern/given.js'
import { patternOf } from './pattern/passed.js'
import type { Prepared } from './pattern/prepared.js'
import { copyGiven } from './region.js'

/** Bytes to look for. */
export type Literal = Uint8Array

/** Whether a needle is bytes, judged without a closer look. */
export const isPlain = (value: unknown): boolean =>
  typeof value === 'string' || ArrayBuffer.isView(value)

/**
 * The pattern that was passed: a RegExp, a list, or a `Pattern`. Undefined for bytes, and for values that are no
 * needle.
 */
export function patternIn(value: unknown, name: string): Prepared | undefined {
  if (isPlain(value)) return undefined
  const pattern = patternOf(value, name)
  return pattern?.literal === undefined ? pattern : undefined
}

/** The bytes that were passed: the caller's own memory, for the duration of the call. */
export function needleOf(value: unknown, name: string): Literal {
  if (isPlain(value)) return bytes(value, name)
  return patternOf(value, name)?.literal ?? bytes(value, name, NEEDLES)
}

/**
 * The bytes for a search that goes on after the call. They are a copy, because the caller may change its own
 * meanwhile.
 */
export function keptNeedle(value: unknown, name: string): Literal {
  return copyGiven(needleOf(value, name))
}

/** The smallest number of bytes of a match. */
export function leastLength(needle: Literal): number {
  return byteLength(needle)
}
