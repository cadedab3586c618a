/**
 * `flushAsync`: msync on the threadpool.
 *
 * It takes no turn, because an msync lasts as long as the disk takes, and a few of them would hold up every search.
 * Like `fs.fsync`, it uses a thread of the pool that others may need.
 */

import { fromNative, system } from '../errors.js'
import { flushAsync as inBackground } from '../native.js'
import {
  flushArguments,
  flushHint,
  type FlushOptions,
  type FlushRange,
  flushRange,
} from '../pages.js'
import type { Region } from '../region.js'
import { Pending } from './pending.js'
import { abortSignal, checkSignal } from './signal.js'

/** How `flushAsync` writes. */
export interface AsyncFlushOptions extends FlushOptions {
  /** Rejects with an AbortError. An msync that runs already goes on. */
  signal?: AbortSignal | undefined
}

/** Writes changed pages back in the background. */
export async function flushAsync(
  region: Region,
  offset: unknown,
  size: unknown,
  given: AsyncFlushOptions | undefined,
): Promise<void> {
  const [from, count, { flags, signal }] = flushArguments(offset, size, given)
  const aborts = abortSignal(signal)
  const range = flushRange(region, from, count, flags, () => checkSignal(aborts))
  if (!region.writesThrough) return
  const pending = new Pending<void>(region, aborts)
  // Reading the signal may have run code that aborted it or closed the map.
  if (!pending.settled) flushInBackground(region, range, pending)
  return pending.promise
}

function flushInBackground(region: Region, range: FlushRange, pending: Pending<void>): void {
  let written: Promise<number>
  try {
    written = inBackground(region.handle, range.offset, range.size, range.flags)
  } catch (error) {
    pending.reject(fromNative(error, region.path))
    return
  }
  written.then(
    (errno) => {
      // The map was closed meanwhile, so its fault can't be looked up.
      if (pending.settled) return
      if (errno === 0) pending.resolve()
      else if (errno > 0) pending.reject(region.fault())
      else pending.reject(system(errno, 'msync', { path: region.path, hint: flushHint(range) }))
    },
    (error: unknown) => pending.reject(error),
  )
}
