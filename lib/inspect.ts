/** `inspect`: Python's `repr`. */

import { ACCESS_COPY, ACCESS_DEFAULT, ACCESS_READ, ACCESS_WRITE } from './constants.js'
import type { Region } from './region.js'

const names = new Map([
  [ACCESS_DEFAULT, 'ACCESS_DEFAULT'],
  [ACCESS_READ, 'ACCESS_READ'],
  [ACCESS_WRITE, 'ACCESS_WRITE'],
  [ACCESS_COPY, 'ACCESS_COPY'],
])

/** The fields in Python's order. A closed map shows only that it is closed. */
export function inspect(region: Region, className: string): string {
  if (region.handle === 0) return `<${className} closed=true>`
  const { access, length, position, offset } = region
  return (
    `<${className} closed=false, access=${names.get(access)}, ` +
    `length=${length}, pos=${position}, offset=${offset}>`
  )
}
