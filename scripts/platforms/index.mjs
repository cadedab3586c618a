/** The platforms, in the order in which they run: the quickest and most telling first. */

import { bun, deno, node } from './runtimes.mjs'

export const platforms = [
  ...[20, 22, 24, 26].map((major) => ({
    name: `node-${major}`,
    what: `this machine's platform, Node ${major}, the suite under ava`,
    run: () => node(major),
  })),
  { name: 'bun', what: "this machine's platform, Bun, the same spec files", run: bun },
  { name: 'deno', what: "this machine's platform, Deno, the same spec files", run: deno },
]
