import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { checkout } from './support/platform.ts'
import { testWhere } from './support/test.ts'

for (const name of ['index.d.cts', 'index.d.ts']) {
  testWhere(checkout, 'the package is built by Node')(
    `${name} is what the sources declare (else: npm run build)`,
    (t) => {
      const root = new URL('..', import.meta.url)
      const declared = execFileSync(
        process.execPath,
        ['scripts/bundle.mjs', '--declarations', name],
        { cwd: root, encoding: 'utf8' },
      )
      t.is(readFileSync(new URL(name, root), 'utf8'), declared)
    },
  )
}
