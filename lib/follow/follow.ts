/** `Mmap.follow`. */

import { Buffer } from 'node:buffer'
import { resolve } from 'node:path'
import { pathBytes } from '../options.js'
import { type Follower, Lines } from './follower.js'
import { type FollowOptions, plan } from './options.js'

export function follow(path: unknown, given: FollowOptions | undefined): Follower {
  const how = plan(given)
  const [bytes, shown] = pathBytes(path)
  // A path that is not UTF-8 can be given only as a Buffer.
  const exact = Buffer.from(shown).equals(bytes)
  return new Lines(exact ? resolve(shown) : Buffer.from(bytes), how)
}
