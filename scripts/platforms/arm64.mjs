/**
 * Linux on arm64 under qemu's user emulation, with Bun, because Node hangs in it. There the search runs its NEON
 * code, and the fault guard meets another processor's signals. The core's unit tests, which force each path of the
 * search, run under it too.
 */

import { debian, npm } from './cache.mjs'
import { plainly } from './suite.mjs'
import { script, stage, staged } from './stage.mjs'
import { buildAddon, testCore } from './toolchain.mjs'

const target = 'aarch64-unknown-linux-gnu'
const linker = { CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER: 'aarch64-linux-gnu-gcc' }

export async function arm64() {
  debian('gcc-aarch64-linux-gnu', 'libc6-dev-arm64-cross', 'qemu-user')
  const bun = npm('@oven/bun-linux-aarch64@1', 'bin/bun', 'linux/arm64')
  const addon = buildAddon(target, 'libfmmap_node.so', linker)
  const folder = stage('arm64', addon, 'fmmap.linux-arm64-gnu.node')
  const emulator = ['qemu-aarch64', '-L', '/usr/aarch64-linux-gnu']
  const env = {
    ...process.env,
    // Just-in-time compilation costs the emulator more than it saves, and sometimes crashes it.
    BUN_JSC_useJIT: '0',
    FMMAP_TEST_LAUNCHER: JSON.stringify(emulator),
    FMMAP_TEST_SCALE: process.env.FMMAP_TEST_SCALE ?? '0.005',
  }
  const specs = await plainly((file) => [...emulator, bun, `__test__/${script(file)}`], {
    files: staged(),
    options: () => ({ cwd: folder, env }),
  })
  const core = await testCore(target, linker, ['--release', '--lib'], emulator)
  return {
    passed: specs.passed + core.passed,
    failed: specs.failed + core.failed,
    skipped: specs.skipped + core.skipped,
    note: `Bun under qemu, scale ${env.FMMAP_TEST_SCALE}; ${core.passed} unit tests of the core`,
  }
}
