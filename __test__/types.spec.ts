import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { checkout } from './support/platform.ts'
import { testWhere } from './support/test.ts'

testWhere(checkout, 'the sources are checked by Node')(
  'the declarations make right calls green and wrong ones red',
  async (t) => {
    const compiler = fileURLToPath(new URL('../node_modules/typescript/bin/tsc', import.meta.url))
    const project = fileURLToPath(new URL('types/tsconfig.json', import.meta.url))
    const checked = promisify(execFile)(process.execPath, [compiler, '-p', project])
    const complaint = await checked.then(
      () => '',
      (error: { stdout: string }) => error.stdout,
    )
    t.is(complaint, '')
  },
)
