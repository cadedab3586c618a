// What tests may ask about the platform on which they run.
import { existsSync } from 'node:fs'

export const linux: boolean = process.platform === 'linux'
export const unix: boolean = process.platform !== 'win32'

/** False if the environment simulates a runtime that forbids external buffers: then view() is not supported. */
export const externalBuffers: boolean = process.env.FMMAP_NO_EXTERNAL_BUFFERS !== '1'

/** Below 1 on emulators: there are fewer random sequences and cycles, but never fewer kinds of them. */
export const scale: number = Number(process.env.FMMAP_TEST_SCALE ?? 1)
if (!(scale > 0)) throw new Error('FMMAP_TEST_SCALE must be a number above 0')

/**
 * Whether this runs under qemu's user emulation, which ignores madvise(2) and has little room for reserved memory.
 */
export const emulated: boolean = process.env.FMMAP_TEST_LAUNCHER !== undefined

/**
 * Whether files can be mapped with MAP_SHARED_VALIDATE. The emulator asks the kernel for memory without a file first,
 * with the same flags, which the kernel refuses.
 */
export const sharedValidate: boolean = linux && !emulated

/** Whether this runs under AddressSanitizer, whose mlock(2) and munlock(2) do nothing. */
export const sanitized: boolean = process.env.ASAN_OPTIONS !== undefined

/** The length of a file that takes longer to search than any test lasts. Wine has no room for the large one. */
export const hole: number = (emulated ? 1 / 4 : unix ? 64 : 8) * 2 ** 30

/**
 * The length of a file whose search would take longer than a test may: who waited for its end would fail by that. Not
 * every system has room for it.
 */
export const endless: number = unix && !emulated ? 2 ** 40 : hole

export const scaled = (count: number): number => Math.max(1, Math.round(count * scale))

/** Whether this is Node in a checkout. Only there the package is built and its sources are checked. */
export const checkout: boolean =
  !('bun' in process.versions || 'deno' in process.versions) &&
  existsSync(new URL('../../scripts/bundle.mjs', import.meta.url))
