// The parts of `npm run test:survival`, a few seconds of each. Each looks for the death of a process.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { externalBuffers, unix } from './support/platform.ts'
import { command } from './support/runtime.ts'
import { testWhere } from './support/test.ts'

const script = fileURLToPath(new URL('survival/run.mjs', import.meta.url))

const test = testWhere(
  existsSync(script) && unix,
  'the suite’s own programs are in a checkout, for Unix',
)

// The part `lifetimes` is about views.
const lifetimes = externalBuffers ? ['lifetimes'] : []
for (const part of ['natives', 'calls', 'names', 'faults', ...lifetimes, 'load']) {
  test(`survives: ${part}`, async (t) => {
    t.timeout(900_000)
    const output = await new Promise<string>((resolve, reject) => {
      const [program, args] = command(script, [part])
      const child = spawn(program, args, {
        env: { ...process.env, NODE_OPTIONS: '', FMMAP_SURVIVAL_SCALE: '0.05' },
      })
      let printed = ''
      child.stdout.setEncoding('utf8').on('data', (chunk: string) => (printed += chunk))
      child.stderr.setEncoding('utf8').on('data', (chunk: string) => (printed += chunk))
      child.on('error', reject)
      child.on('close', () => resolve(printed))
    })
    t.true(/^[1-9]\d* passed, 0 failed$/m.test(output), output)
  })
}
