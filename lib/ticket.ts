/** Stands for an open file in the constructor of a map, so that a subclass sees none of the internal state. */

import type { Region } from './region.js'

/**
 * A ticket is good for one map: the constructor of `Mmap` exchanges it for the region, once. All other code sees it as
 * the descriptor of a closed file.
 */
export class Ticket {
  readonly fd = -1
  #region: Region | undefined

  constructor(region: Region) {
    this.#region = region
    // Hides the class, whose constructor takes anything for a region, and whose `redeem` returns it.
    Object.setPrototypeOf(this, Object.prototype)
    Object.freeze(this)
  }

  /** The region of an unused ticket; undefined for any other value. */
  static redeem(given: unknown): Region | undefined {
    if (typeof given !== 'object' || given === null || !(#region in given)) return undefined
    const region = given.#region
    given.#region = undefined
    return region
  }
}
