/** Platforms that can't run here: their code is checked by the linter at least. */

import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { cached, debian, root } from './cache.mjs'

/** Each target is one test, which passes if the linter reports nothing. */
export async function lint(target) {
  debian('rustc-web', 'cargo-web', 'rust-web-clippy', 'rust-web-src')
  const { status } = spawnSync('sh', [join(root, 'scripts', 'cross-clippy.sh'), target], {
    cwd: root,
    env: { ...process.env, CARGO_TARGET_DIR: cached('clippy') },
    stdio: ['ignore', 2, 2],
  })
  const passed = status === 0 ? 1 : 0
  return { passed, failed: 1 - passed, skipped: 0 }
}
