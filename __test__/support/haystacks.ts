// Haystacks that are the same on every machine, and the naive answers to a search in them.

/** Pseudo-random 32-bit integers (xorshift32), the same for the same seed. */
export function numbers(seed: number): () => number {
  let state = seed >>> 0 || 1
  return () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>>= 0)
  }
}

/** `length` random bytes out of the first `letters` of the alphabet. */
export function text(random: () => number, length: number, letters: number): Buffer {
  const content = Buffer.alloc(length)
  for (let at = 0; at < length; at++) content[at] = 97 + ((random() >>> 8) % letters)
  return content
}

/**
 * Matches of `sub` that don't overlap the one before, found by a loop of indexOf. Bounds are clamped as in Python,
 * except that a start past the end stays there.
 */
export function matches(
  hay: Buffer,
  sub: Uint8Array,
  start = 0,
  end: number = hay.length,
): number[] {
  const clamp = (bound: number): number =>
    Math.min(Math.max(bound < 0 ? bound + hay.length : bound, 0), hay.length)
  const [first, last] = [clamp(start), clamp(end)]
  const found: number[] = []
  if (start > hay.length) return found
  if (sub.length === 0) {
    for (let at = first; at <= last; at++) found.push(at)
    return found
  }
  const window = hay.subarray(0, Math.max(first, last))
  for (let at = window.indexOf(sub, first); at !== -1; at = window.indexOf(sub, at + sub.length)) {
    found.push(at)
  }
  return found
}
