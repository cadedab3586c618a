/** The ways, in the order in which they are tried. */

import { ways as bundlers } from './bundlers.mjs'
import { ways as cost } from './cost.mjs'
import { ways as managers } from './managers.mjs'
import { ways as runtimes } from './runtimes.mjs'
import { ways as types } from './types.mjs'

export const ways = [...managers, ...runtimes, ...types, ...bundlers, ...cost]
