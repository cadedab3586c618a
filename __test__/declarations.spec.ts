import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { testWhere } from './support/test.ts'

const node = !('bun' in process.versions || 'deno' in process.versions)
const checkout = existsSync(new URL('../scripts/bundle.mjs', import.meta.url))

testWhere(node && checkout, 'the package is built by Node')(
  'index.d.ts is what the sources declare (else: npm run build)',
  (t) => {
    const root = new URL('..', import.meta.url)
    const declared = execFileSync(process.execPath, ['scripts/bundle.mjs', '--declarations'], {
      cwd: root,
      encoding: 'utf8',
    })
    t.is(readFileSync(new URL('index.d.ts', root), 'utf8'), declared)
  },
)
