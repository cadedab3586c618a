import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import test from 'ava'

test('the declarations make right calls green and wrong ones red', async (t) => {
  const compiler = fileURLToPath(new URL('../node_modules/typescript/bin/tsc', import.meta.url))
  const project = fileURLToPath(new URL('types/tsconfig.json', import.meta.url))
  const checked = promisify(execFile)(process.execPath, [compiler, '-p', project])
  await t.notThrowsAsync(
    checked.catch((error: { stdout: string }) => {
      throw new Error(error.stdout)
    }),
  )
})
