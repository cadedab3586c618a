import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { checkout } from './support/platform.ts'
import { testWhere } from './support/test.ts'

testWhere(checkout, 'the package is built by Node')(
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
