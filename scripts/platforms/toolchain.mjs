/**
 * A Rust toolchain for every target: rustup brings std for one's own machine only, but Debian's security archive
 * has a compiler with the source of its std, and `-Zbuild-std` builds that for any target.
 */

import { existsSync, mkdirSync, rmSync, symlinkSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { cached, debian, root, run } from './cache.mjs'

/**
 * Builds the addon for a target and returns the library's path. Optimised, but without the minutes of link-time
 * optimisation: what is tested is the code, not its speed.
 *
 * @param extra - `RUSTFLAGS`, a linker and the like, as environment variables.
 */
export function buildAddon(target, file, extra = {}) {
  debian('rustc-web', 'cargo-web', 'rust-web-src')
  run('cargo', ['fetch', '--locked', '--quiet'])
  const folder = cached('cargo')
  run(
    '/usr/bin/cargo',
    [
      'build',
      '--quiet',
      '--release',
      '--locked',
      '--offline',
      '-p',
      'fmmap-node',
      '--target',
      target,
    ].concat('-Zbuild-std=std,panic_unwind'),
    { env: { ...toolchain(), ...extra, CARGO_TARGET_DIR: folder } },
  )
  return join(folder, target, 'release', file)
}

/**
 * The environment of Debian's toolchain. cargo finds subcommands and settings in its home first, where rustup has
 * its own: so it gets a home with nothing but the fetched crates in it.
 */
function toolchain() {
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
  }
}

/** The folder of the checkout's own toolchain, for tools that are cargo's subcommands. */
export const manifest = join(root, 'Cargo.toml')
