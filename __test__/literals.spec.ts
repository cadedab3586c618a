// The regular expression literals of installed packages, searched for in a real file and compared with the runtime's
// own RegExp.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Mmap, Pattern } from '../index.js'
import { runtimesMatches, told } from './support/patterns.ts'
import { checkout } from './support/platform.ts'
import { testWhere } from './support/test.ts'

const root = fileURLToPath(new URL('..', import.meta.url))

/** A literal, after a character after which no division can stand. */
const LITERAL =
  /[=(,:]\s*\/((?![*/])(?:[^\\/[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+)\/([gimsuyd]*)(?=[.,;)\s])/g

function literals(): Map<string, RegExp> {
  const folder = join(root, 'node_modules')
  const found = new Map<string, RegExp>()
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.[cm]?js$/.test(entry.name))
    .map(({ parentPath, name }) => join(parentPath, name))
    .toSorted()
  for (const name of files.slice(0, 2000)) {
    const text = readFileSync(name, 'utf8')
    if (text.length > 300_000) continue
    for (const [, source = '', flags = ''] of text.matchAll(LITERAL)) {
      try {
        const re = new RegExp(source, flags.replace(/[gdy]/g, ''))
        found.set(String(re), re)
      } catch {
        // Some matches are no literals.
      }
    }
  }
  return found
}

testWhere(checkout, 'packages are installed in a checkout')(
  'regular expressions of packages find in a real file what the runtime’s find',
  (t) => {
    // Where all is ASCII, a RegExp without the flag u means the same on code points.
    const text = readFileSync(join(root, 'lib', 'mmap.ts'), 'latin1')
      .replace(/[^\0-\x7F]/g, '?')
      .slice(0, 10_000)
    const m = new Mmap(-1, text.length)
    t.teardown(() => m.close())
    m.setSlice(text)
    let compared = 0
    let refused = 0
    for (const [literal, re] of literals()) {
      let pattern: Pattern
      try {
        pattern = new Pattern(re)
      } catch (error) {
        t.is((error as { code?: string }).code, 'ERR_MMAP_PATTERN', literal)
        refused += 1
        continue
      }
      const found = Array.from(m.matchAll(pattern), told)
      const expected = runtimesMatches(re, text, 'latin1')
      if (JSON.stringify(found) !== JSON.stringify(expected)) t.deepEqual(found, expected, literal)
      compared += 1
    }
    t.true(compared > 100, `${compared} compared`)
    t.true(refused < compared / 4, `${refused} of ${refused + compared} refused`)
    t.log(`${compared} compared, ${refused} refused`)
  },
)
