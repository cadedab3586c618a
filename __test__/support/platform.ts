// What a test may ask about the place where it runs.
import { existsSync } from 'node:fs'

export const linux: boolean = process.platform === 'linux'
export const unix: boolean = process.platform !== 'win32'

/** False under the switch that simulates a runtime which forbids external buffers: view() is then unsupported. */
export const externalBuffers: boolean = process.env.FMMAP_NO_EXTERNAL_BUFFERS !== '1'

/** Below 1 on emulators: fewer random sequences and cycles, never fewer kinds of them. */
export const scale: number = Number(process.env.FMMAP_TEST_SCALE ?? 1)
if (!(scale > 0)) throw new Error('FMMAP_TEST_SCALE must be a number above 0')

/** Under qemu's user emulation, which ignores madvise(2) and has little room for reserved memory. */
export const emulated: boolean = process.env.FMMAP_TEST_LAUNCHER !== undefined

/** Bytes of a file that takes longer to look through than any test lasts. Wine has no room for the large one. */
export const hole: number = (emulated ? 1 / 4 : unix ? 64 : 8) * 2 ** 30

export const scaled = (count: number): number => Math.max(1, Math.round(count * scale))

/** Whether this is Node in a checkout: there the package is built, and its sources are checked. */
export const checkout: boolean =
  !('bun' in process.versions || 'deno' in process.versions) &&
  existsSync(new URL('../../scripts/bundle.mjs', import.meta.url))
