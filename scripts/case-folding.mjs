/**
 * Writes crates/fmmap-core/src/pattern/syntax/orbits.rs: which characters count as the same in a RegExp that ignores
 * case, by this runtime's own RegExp. Run `node scripts/case-folding.mjs` with a runtime of the newest Unicode
 * version.
 */

import { writeFileSync } from 'node:fs'

const escape = (c) => `\\u{${c.toString(16)}}`
const text = (c) => String.fromCodePoint(c)

/** The sets of code points up to `last` that count as the same. `same` tests two candidates. */
function orbits(last, same) {
  const parent = new Map()
  const root = (c) => {
    while (parent.has(c)) c = parent.get(c)
    return c
  }
  const join = (a, b) => {
    const [x, y] = [root(a), root(b)].toSorted((p, q) => p - q)
    if (x !== y && same(a, b)) parent.set(y, x)
  }
  const byUpper = new Map()
  for (let c = 0; c <= last; c++) {
    if (c >= 0xd800 && c <= 0xdfff) continue
    const [upper, lower] = [text(c).toUpperCase(), text(c).toLowerCase()]
    for (const other of [upper, lower]) {
      const [one, ...more] = other
      if (other !== text(c) && more.length === 0 && one.codePointAt(0) <= last)
        join(c, one.codePointAt(0))
    }
    if (byUpper.has(upper)) join(byUpper.get(upper), c)
    else byUpper.set(upper, c)
  }
  const found = new Map()
  for (let c = 0; c <= last; c++) {
    if (!parent.has(c)) continue
    const first = root(c)
    if (!found.has(first)) found.set(first, [first])
    found.get(first).push(c)
  }
  return [...found.values()]
    .map((orbit) => orbit.toSorted((a, b) => a - b))
    .toSorted((a, b) => a[0] - b[0])
}

/** Turns sets into rows of pairs with equal steps and distances. Sets that are not pairs are returned as they are. */
function rows(sets) {
  const pairs = sets.filter((set) => set.length === 2)
  const rows = []
  for (const [a, b] of pairs) {
    const row = rows.findLast((row) => row.distance === b - a && a - row.first < 256)
    const step = row && (a - row.first) / row.count
    if (row && (row.count === 1 || row.step === step) && (a - row.first) % row.count === 0) {
      row.step = step
      row.count++
    } else rows.push({ first: a, count: 1, step: 1, distance: b - a })
  }
  return { rows, rest: sets.filter((set) => set.length !== 2) }
}

const hex = (n) => `0x${n.toString(16).toUpperCase()}`

function table(name, doc, sets) {
  const { rows: packed, rest } = rows(sets)
  const lines = packed.map(
    (r) => `    (${hex(r.first)}, ${r.count}, ${r.step}, ${hex(r.distance)}),`,
  )
  const others = rest.map((set) => `    &[${set.map(hex).join(', ')}],`)
  return `/// ${doc}
pub(super) static ${name}: Orbits = Orbits { pairs: &[\n${lines.join('\n')}\n], more: &[\n${others.join('\n')}\n] };\n`
}

const unicode = (a, b) => new RegExp(`^${escape(a)}$`, 'iu').test(text(b))
/** ECMAScript's Canonicalize without the flag u. */
const canonical = (c) => {
  const upper = text(c).toUpperCase()
  if (upper.length !== 1) return c
  const unit = upper.charCodeAt(0)
  return c >= 128 && unit < 128 ? c : unit
}
const units = (a, b) => canonical(a) === canonical(b)
const path = new URL('../crates/fmmap-core/src/pattern/syntax/orbits.rs', import.meta.url)
writeFileSync(
  path,
  `//! Characters that are the same when case is ignored: made by scripts/case-folding.mjs, of Unicode ${process.versions.unicode}.

/// Sets of characters that count as the same when case is ignored.
#[derive(Debug)]
pub(super) struct Orbits {
    /// (first, count, step, distance): the pairs of \`first + i * step\` and what is \`distance\` behind it.
    pub(super) pairs: &'static [(u32, u32, u32, u32)],
    /// Sets of three and more characters.
    pub(super) more: &'static [&'static [u32]],
}

${table('FOLDED', 'With the flag u or v: by simple case folding.', orbits(0x10ffff, unicode))}
${table('UPPERCASED', 'Without: by the upper case of a code unit.', orbits(0xffff, units))}`,
)
