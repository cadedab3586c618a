/** The platforms in the order in which they run: those that are quick and find most come first. */

import { arm64 } from './arm64.mjs'
import { bun, deno, node } from './runtimes.mjs'
import { lint } from './lint.mjs'
import { musl } from './musl.mjs'
import { windows } from './windows.mjs'

export const platforms = [
  ...[20, 22, 24, 26].map((major) => ({
    name: `node-${major}`,
    what: `this machine's platform, Node ${major}, the suite under ava`,
    run: () => node(major),
  })),
  { name: 'bun', what: "this machine's platform, Bun, the same spec files", run: bun },
  { name: 'deno', what: "this machine's platform, Deno, the same spec files", run: deno },
  ...[
    'x86_64-pc-windows-msvc',
    'aarch64-apple-darwin',
    'x86_64-unknown-freebsd',
    'aarch64-unknown-linux-gnu',
  ].map((target) => ({
    name: `clippy-${target}`,
    what: 'the core and the addon for that platform, no warning',
    run: () => lint(target),
  })),
  ...[20, 22].map((major) => ({
    name: `windows-node-${major}`,
    what: `Windows x64 under Wine, Node ${major}, the same spec files`,
    run: () => windows(major),
  })),
  {
    name: 'musl',
    what: "Linux x64 with musl: the addon loads, and the core's tests run",
    run: musl,
  },
  { name: 'arm64-bun', what: 'Linux arm64 under qemu, Bun, the same spec files', run: arm64 },
]
