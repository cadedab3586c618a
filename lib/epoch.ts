/** The count of faults that the process has survived, with which each fast path is compared. */

import { start } from './addon.js'

/** Whether the runtime allows buffers over memory that is not its own. */
export const externalBuffers: boolean = start.epoch !== undefined

/**
 * The count of faults, in element 0. A fast path compares it with the count of its region after the access: a load
 * that faults changes the count before it returns. Where the count can't be shared, that of a region never equals it,
 * so that each check asks the addon.
 */
export const epoch: Int32Array = new Int32Array(start.epoch ?? new ArrayBuffer(4))
