/**
 * A Rust toolchain for every target. rustup has std for the machine itself only, but Debian's security archive has a
 * compiler with the source of std, and `-Zbuild-std` builds that for any target.
 */

import { existsSync, mkdirSync, rmSync, symlinkSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { cached, debian, gather, root, run } from './cache.mjs'

/**
 * Builds the addon for a target and returns the library's path. Optimised, but without the minutes of link-time
 * optimisation: what is tested is the code, not its speed.
 *
 * @param extra - `RUSTFLAGS`, a linker and the like, as environment variables; `zigbuild`: the program that builds
 *   in cargo's place, with zig as the linker.
 */
export function buildAddon(target, file, extra = {}) {
  const { zigbuild, ...variables } = extra
  const [program, command] = zigbuild ? [zigbuild, 'zigbuild'] : ['/usr/bin/cargo', 'build']
  const args = [command, '--quiet', '--release', ...common('fmmap-node', target)]
  run(program, args, { env: toolchain(variables) })
  return join(cached('cargo'), target, 'release', file)
}

/**
 * Runs the core's tests for a target; the counts of what they print.
 *
 * @param extra - as for `buildAddon`
 * @param kinds - which of cargo's: `--lib`, `--tests`; `--release` for those that an emulator runs
 * @param emulator - what runs a program of the target, if this machine does not
 */
export async function testCore(target, extra, kinds, emulator = []) {
  const { zigbuild, ...variables } = extra
  const built = await gather(
    zigbuild ?? '/usr/bin/cargo',
    ['test', '--no-run', '--message-format=json', ...common('fmmap-core', target), ...kinds],
    { env: toolchain(variables) },
  )
  if (built.code !== 0) throw new Error(built.errors.slice(-4000))
  const programs = built.output
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line))
    .filter(({ profile, executable }) => profile?.test && executable)
    .map(({ executable }) => executable)
  const counts = { passed: 0, failed: 0, skipped: 0 }
  for (const program of programs) {
    const [command, ...args] = [...emulator, program, '--test-threads=2']
    const { code, output, errors } = await gather(command, args)
    const result = /^test result: .*? (\d+) passed; (\d+) failed; (\d+) ignored/m.exec(output)
    counts.passed += Number(result?.[1] ?? 0)
    counts.failed += Number(result?.[2] ?? (code === 0 ? 0 : 1))
    counts.skipped += Number(result?.[3] ?? 0)
    if (code !== 0 || !result)
      console.error(`${program}\n${output.slice(-4000)}${errors.slice(-2000)}`)
    if (!result || (code !== 0 && result[2] === '0')) counts.failed += 1
  }
  return counts
}

/** What every build says, with std built for the target; the test harness is one of std's crates. */
function common(crate, target) {
  debian('rustc-web', 'cargo-web', 'rust-web-src')
  run('sh', [join(root, 'scripts', 'retry.sh'), 'cargo', 'fetch', '--locked', '--quiet'])
  const std = `-Zbuild-std=std,panic_unwind${crate === 'fmmap-core' ? ',test' : ''}`
  return ['--locked', '--offline', '-p', crate, '--target', target, std]
}

/**
 * The environment of Debian's toolchain. cargo looks for subcommands and settings in its home first, where rustup has
 * put its own. So it gets a home that contains only the downloaded crates.
 */
function toolchain(variables) {
  const home = cached('cargo-home')
  const registry = join(home, 'registry')
  const fetched = join(process.env.CARGO_HOME || join(homedir(), '.cargo'), 'registry')
  mkdirSync(fetched, { recursive: true })
  if (!existsSync(registry)) {
    rmSync(registry, { force: true })
    symlinkSync(fetched, registry)
  }
  const env = { ...process.env }
  for (const name of ['CARGO', 'RUSTC', 'RUSTFLAGS', 'RUSTUP_TOOLCHAIN']) delete env[name]
  return {
    ...env,
    PATH: '/usr/sbin:/usr/bin:/sbin:/bin',
    CARGO_HOME: home,
    CARGO_PROFILE_RELEASE_LTO: 'off',
    CARGO_PROFILE_RELEASE_CODEGEN_UNITS: '16',
    // -Zbuild-std is for nightly compilers; this lets a stable one take it.
    RUSTC_BOOTSTRAP: '1',
    CARGO_TARGET_DIR: cached('cargo'),
    ...variables,
  }
}
