/** The size of the file, and of its map. */

import process from 'node:process'
import { boolean, integer, nameBytes, options as members, safe } from './arguments.js'
import {
  exported,
  fixedSize,
  fromNative,
  notMapped,
  notAnonymous,
  outOfRange,
  unsupported,
  untracked,
} from './errors.js'
import { native } from './native.js'
import type { Region } from './region.js'
import type { Views } from './views.js'

/** The size of the file now, in bytes; of an anonymous map its length. */
export function size(region: Region): number {
  region.checkOpen()
  if (!region.tracked) throw untracked("can't get size with trackfd=False")
  try {
    return native.fileSize(region.handle)
  } catch (error) {
    throw fromNative(error, region.path)
  }
}

/** How `resize` and `close` treat exported views. */
export interface DetachOptions {
  /**
   * Whether to detach the exported views: their length becomes 0. With this the caller promises that nothing in
   * flight uses one of them, such as a write or a compression. Default: false.
   */
  detach?: boolean | undefined
}

/** Whether views are to be detached. `form` is the correct call, which the message shows. */
export function detaches(given: DetachOptions | undefined, form: string): boolean {
  const { detach } = members(given, form)
  return detach !== undefined && boolean(detach, 'detach')
}

const RESIZE = 'resize(newsize, { detach })'

/** What the message of a failed resize says in addition. */
function resizeHint(error: unknown, region: Region, length: number): string | undefined {
  if (length === 0) return 'a map cannot be empty'
  switch ((error as { code?: unknown }).code) {
    case 'ERR_MMAP_EXPORTED':
      return 'views of it, or other maps of its memory, are in use; resize(newsize, { detach: true }) takes its views away'
    case 'ERR_OUT_OF_RANGE':
      return `${length} of ${region.length} bytes${region.anonymous ? '; memory with flags: MAP_PRIVATE can grow' : ''}`
    case 'SYSTEM':
      return (error as { hint?: string }).hint ?? `from ${region.length} to ${length} bytes`
    default:
      return undefined
  }
}

/** Python's `resize`, in Python's order of checks. */
export function resize(
  region: Region,
  views: Views,
  newsize: unknown,
  given: DetachOptions | undefined,
): void {
  const length = integer(newsize, 'newsize', RESIZE)
  const detach = detaches(given, RESIZE)
  region.checkOpen()
  if (region.pending.size > 0) throw exported()
  if (!region.tracked) throw untracked("mmap can't resize with trackfd=False.")
  if (!region.writesThrough) {
    throw fixedSize(region.path)
  }
  if (length < 0) throw outOfRange(`new size out of range: ${length} is below 0`)
  safe(length, 'newsize')
  // Waits for searches that still read a block, since the resize may move their memory or remove pages of the file.
  for (const search of region.ending) search.join()
  try {
    if (detach) {
      // Views are detached only if the resize is possible.
      native.checkResize(region.handle, length)
      views.detach()
    }
    region.remapped(() => native.resize(region.handle, length))
  } catch (error) {
    throw fromNative(error, region.path, resizeHint(error, region, length))
  }
  views.forget()
}

/** How the file's length compares with that of the map before: the same, longer, or shorter. */
export type Refreshed = 'same' | 'grown' | 'truncated'

/** Maps what the file has now. */
export function refresh(region: Region, views: Views): Refreshed {
  region.checkOpen()
  if (region.pending.size > 0) throw exported('refresh')
  if (!region.tracked) throw untracked("can't refresh with trackfd=False")
  // Waits for searches that still read a block, since the memory may move.
  for (const work of region.ending) work.join()
  const before = region.length
  const whole = native.fault(region.handle) === undefined
  try {
    region.remapped(() => native.refresh(region.handle))
  } catch (error) {
    throw notMapped(error, region.path)
  }
  const { length } = region
  // After a fault the memory is another, and the views that are there go on showing zeros.
  if (length !== before || !whole) views.forget()
  if (length === before) return 'same'
  return length > before ? 'grown' : 'truncated'
}

/** The kernel's limit for a name, less the prefix that Python adds too. */
const NAME_MAX = 66

/** Names an anonymous map in `/proc/<pid>/maps`. */
export function setName(region: Region, name: unknown): void {
  if (process.platform !== 'linux' && process.platform !== 'android') throw unsupported('setName()')
  const bytes = nameBytes(name, 'name')
  region.checkOpen()
  if (bytes.length > NAME_MAX) {
    throw outOfRange(`name is too long: ${bytes.length} of ${NAME_MAX} bytes`)
  }
  if (!region.anonymous) throw notAnonymous()
  try {
    native.setName(region.handle, bytes)
  } catch (error) {
    throw fromNative(error)
  }
}
