import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { checkout } from './support/platform.ts'
import { testWhere } from './support/test.ts'

const inCheckout = testWhere(checkout, 'the sources are checked by Node')

/** What the compiler says of a project; nothing if it is right. */
async function complaint(project: string): Promise<string> {
  const compiler = fileURLToPath(new URL('../node_modules/typescript/bin/tsc', import.meta.url))
  const path = fileURLToPath(new URL(project, import.meta.url))
  return promisify(execFile)(process.execPath, [compiler, '-p', path]).then(
    () => '',
    (error: { stdout: string }) => error.stdout,
  )
}

inCheckout('the declarations make right calls green and wrong ones red', async (t) => {
  t.is(await complaint('types/tsconfig.json'), '')
})

inCheckout(
  'the declarations bring those of Node, whose types no program has to list',
  async (t) => {
    t.is(await complaint('types/default/tsconfig.json'), '')
  },
)
