/**
 * Linux with musl. The addon is built by zig, which has musl's headers, and a small program that is linked with musl
 * loads it and finds Node-API's entry in it. No JavaScript runtime for musl runs with Debian's old musl, so the rest
 * has to be tested on Alpine.
 *
 * The core's own tests need no JavaScript: they are linked with musl too, and run here.
 */

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { cached, debian, gather, run, zigbuild } from './cache.mjs'
import { buildAddon, testCore } from './toolchain.mjs'

const target = 'x86_64-unknown-linux-musl'

export async function musl() {
  debian('musl')
  const bin = zigbuild()
  const zig = {
    zigbuild: join(bin, 'cargo-zigbuild'),
    CARGO_ZIGBUILD_PYTHON_PATH: join(bin, 'python'),
    CARGO_ZIGBUILD_CACHE_DIR: cached('zigbuild'),
    // An addon is loaded by a program that has a C library already.
    RUSTFLAGS: '-C target-feature=-crt-static',
  }
  const addon = buildAddon(target, 'libfmmap_node.so', zig)
  const folder = cached('musl')
  const source = join(folder, 'load.c')
  const program = join(folder, 'load')
  writeFileSync(
    source,
    `#include <dlfcn.h>
#include <stdio.h>
int main(int count, char **arguments) {
  void *addon = dlopen(arguments[1], RTLD_NOW);
  if (!addon) return fprintf(stderr, "%s\\n", dlerror()), 1;
  if (!dlsym(addon, "napi_register_module_v1")) return fprintf(stderr, "%s\\n", dlerror()), 1;
  return puts("loaded") < 0;
}
`,
  )
  run(join(bin, 'python'), [
    '-m',
    'ziglang',
    'cc',
    '-target',
    'x86_64-linux-musl',
    '-dynamic',
    '-O1',
    '-fno-sanitize=all',
    '-o',
    program,
    source,
  ])
  const loaded = await gather(program, [addon])
  const ok = loaded.code === 0 && loaded.output === 'loaded\n'
  if (!ok) console.error(`${loaded.output}${loaded.errors}`)
  const core = await testCore(target, zig, ['--lib', '--tests'])
  return {
    passed: core.passed + (ok ? 1 : 0),
    failed: core.failed + (ok ? 0 : 1),
    skipped: core.skipped,
    note: "loaded by a program of musl's; the core's tests",
  }
}
