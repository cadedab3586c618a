/**
 * Builds the addon for Linux as it is published: linked by zig, against glibc 2.17 or musl, whatever this machine
 * has. The result is put into artifacts/ and checked.
 *
 *   node scripts/build-linux.mjs                             x86_64-unknown-linux-gnu
 *   node scripts/build-linux.mjs aarch64-unknown-linux-musl  or any other of Linux's targets
 *
 * zig and cargo-zigbuild come from PyPI into FMMAP_CACHE; Rust's standard library for a target that is
 * not this machine's comes by rustup.
 */

import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { checkBinary } from './binaries.mjs'
import { binaryName, platforms } from './packages.mjs'
import { root, run, zigbuild } from './platforms/cache.mjs'

const [chosen = 'x86_64-unknown-linux-gnu'] = process.argv.slice(2)
const found = Object.entries(platforms).find(
  ([, { os, target }]) => os === 'linux' && target === chosen,
)
if (!found) {
  console.error(`${chosen} is no target of Linux's here`)
  process.exit(2)
}
const [platform, { libc, target }] = found

const installed = spawnSync('rustup', ['target', 'list', '--installed'], { encoding: 'utf8' })
if (!(installed.stdout ?? '').split('\n').includes(target)) {
  run('sh', [join(root, 'scripts', 'retry.sh'), 'rustup', 'target', 'add', target])
}
const tools = zigbuild()
const options = ['--release', '--locked', '--package', 'fmmap-node']
const linked = libc === 'glibc' ? `${target}.2.17` : target
run('cargo', ['zigbuild', ...options, '--target', linked], {
  env: {
    ...process.env,
    PATH: [tools, process.env.PATH].join(delimiter),
    // A musl addon shares the C library of the program that loads it.
    ...(libc === 'musl' ? { RUSTFLAGS: '-C target-feature=-crt-static' } : {}),
  },
})

const built = process.env.CARGO_TARGET_DIR ?? join(root, 'target')
const artifact = join(root, 'artifacts', binaryName(platform))
mkdirSync(join(root, 'artifacts'), { recursive: true })
cpSync(join(built, target, 'release', 'libfmmap_node.so'), artifact)
const { size, glibc } = checkBinary(artifact)
console.log(`${artifact}: ${size} bytes${glibc ? `, needs glibc ${glibc}` : ''}`)
