// Each system call of each member fails in turn, with each of five errors. Nothing may be lost or left over. The
// members and the rules are in failure/run.mjs; failure/shim.c makes the calls fail.
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { freshPath } from './support/files.ts'
import { checkout, emulated, externalBuffers, linux, sanitized } from './support/platform.ts'
import { testWhere } from './support/test.ts'

interface Sums {
  cases: number
  calls: number
  errors: number
  refused: number
  reached: Record<string, number>
  violations: string[]
}

const noCompiler = process.env.FMMAP_TEST_NO_CC === '1'

testWhere(
  linux && checkout && externalBuffers && !emulated && !noCompiler,
  'needs a preloaded library: Linux, Node and a C compiler',
)('no system call that fails loses anything, or leaves anything behind', (t) => {
  t.timeout(300_000)
  // It makes thousands of files, so they are in memory if there is such a place.
  const folder = existsSync('/dev/shm') ? mkdtempSync('/dev/shm/fmmap-test-') : freshPath()
  if (!existsSync(folder)) mkdirSync(folder)
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const here = (name: string): string => fileURLToPath(new URL(`failure/${name}`, import.meta.url))
  // Containers mount that place so that no library can be loaded from it.
  const [shim, control] = [freshPath('.so'), join(folder, '..control')]
  const compiler = process.env.CC ?? 'cc'
  execFileSync(compiler, ['-shared', '-fPIC', '-O1', '-o', shim, here('shim.c'), '-ldl'])
  writeFileSync(control, Buffer.alloc(8192))
  const files = join(folder, 'files')
  mkdirSync(files)
  // The sanitizer's library has to come first. Its own prctl, mlock and munlock are not passed on to the shim.
  const preloaded = sanitized ? `${process.env.LD_PRELOAD}:${shim}` : shim
  const { stdout, stderr, status } = spawnSync(
    process.execPath,
    ['--expose-gc', here('run.mjs'), files],
    {
      encoding: 'utf8',
      env: { ...process.env, NODE_OPTIONS: '', LD_PRELOAD: preloaded, FMMAP_TEST_CONTROL: control },
      maxBuffer: 64 << 20,
    },
  )
  t.is(status, 0, stderr)
  const sums = JSON.parse(stdout) as Sums
  t.log(
    `${sums.cases} cases, calls ${sums.calls} x errors tried ${sums.errors}, ${sums.violations.length} violations`,
  )
  t.deepEqual(sums.violations, [])
  for (const call of [
    ...['open', 'fstat', 'mmap', 'mremap', 'munmap', 'msync', 'madvise', 'dup', 'close'],
    ...['ftruncate', 'fallocate', 'flock', 'tmpfile', 'link', 'unlink'],
    ...['shm_open', 'shm_unlink', 'preadv2', ...(sanitized ? [] : ['prctl', 'mlock', 'munlock'])],
  ]) {
    t.true((sums.reached[call] ?? 0) > 0, `no case reaches ${call}`)
  }
  t.true(sums.errors > 2_500, `${sums.errors} tries`)
})
