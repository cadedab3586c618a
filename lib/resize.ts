/** The size of the file, and of the map over it. */

import { boolean, integer, nameBytes, options as members, safe } from './arguments.js'
import {
  exported,
  fromNative,
  notAnonymous,
  outOfRange,
  readOnly,
  errnoOf,
  system,
  unsupported,
  untracked,
} from './errors.js'
import { native } from './native.js'
import type { Region } from './region.js'
import type { Views } from './views.js'

/** The size of the file now, in bytes; of an anonymous map its length. */
export function size(region: Region): number {
  region.checkOpen()
  if (!region.tracked) {
    throw system(errnoOf('EBADF'), 'fstat', { sentence: "can't get size with trackfd=False" })
  }
  try {
    return native.fileSize(region.handle)
  } catch (error) {
    throw fromNative(error, region.path)
  }
}

/** How `resize` and `close` treat exported views. */
export interface DetachOptions {
  /**
   * Whether the exported views die now: their length becomes 0. The caller's promise that nothing in flight, as
   * a write or a compression, uses one of them. Default: false.
   */
  detach?: boolean | undefined
}

/** Whether views are to be detached. */
export function detaches(given: DetachOptions | undefined): boolean {
  const { detach } = members(given)
  return detach !== undefined && boolean(detach, 'detach')
}

/** Python's `resize`, in Python's order of checks. */
export function resize(
  region: Region,
  views: Views,
  newsize: unknown,
  given: DetachOptions | undefined,
): void {
  const length = integer(newsize, 'newsize')
  const detach = detaches(given)
  region.checkOpen()
  if (region.pending.size > 0) throw exported()
  if (!region.tracked) throw untracked()
  if (!region.writesThrough) {
    throw readOnly("mmap can't resize a readonly or copy-on-write memory map.")
  }
  if (length < 0) throw outOfRange('new size out of range')
  safe(length, 'newsize')
  // Nothing reads memory that moves, or a file's pages that go: that lasts no longer than a block.
  for (const search of region.ending) search.join()
  if (detach) views.detach()
  try {
    region.remapped(() => native.resize(region.handle, length))
  } catch (error) {
    throw fromNative(error, region.path, length === 0 ? 'a map cannot be empty' : undefined)
  }
  views.forget()
}

/** What the kernel leaves for a name beside the module's prefix, as in Python. */
const NAME_MAX = 66

/** Names an anonymous map in `/proc/<pid>/maps`. */
export function setName(region: Region, name: unknown): void {
  if (process.platform !== 'linux' && process.platform !== 'android') throw unsupported('setName()')
  const bytes = nameBytes(name, 'name')
  region.checkOpen()
  if (bytes.length > NAME_MAX) throw outOfRange('name is too long')
  if (!region.anonymous) throw notAnonymous()
  try {
    native.setName(region.handle, bytes)
  } catch (error) {
    throw fromNative(error)
  }
}
