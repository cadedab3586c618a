/** Where a range of a map starts and ends: Python's clamping, in one place. */

/** Clamps a bound as Python does: a negative one counts from the end, and one outside of the map moves to its edge. */
export function clamp(bound: number, length: number): number {
  const from = bound < 0 ? bound + length : bound
  return from < 0 ? 0 : from > length ? length : from
}

/**
 * Where a search starts: clamped as a bound is. But a start past the end stays past the end, so that it finds nothing,
 * not even an empty needle.
 */
export function startAt(bound: number, length: number): number {
  const from = bound < 0 ? bound + length : bound
  return from < 0 ? 0 : from
}

/** Where a search ends: clamped as a bound is, and the end of the map when it was not given. */
export const stopAt = (to: number | undefined, length: number): number =>
  to === undefined ? length : clamp(to, length)

/**
 * The end that was given, clamped as a bound is; undefined when none was given, so that the range ends with the map.
 */
export const givenEnd = (to: number | undefined, length: number): number | undefined =>
  to === undefined ? undefined : clamp(to, length)

/** The present end of a range: the given one, or the end of the map if that is smaller or none was given. */
export const liveEnd = (last: number | undefined, length: number): number =>
  last === undefined || last > length ? length : last
