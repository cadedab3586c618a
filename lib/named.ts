/** `Mmap.shared` and `Mmap.unlink`: memory that processes share by a name. */

import process from 'node:process'
import { nameBytes, optionalInteger, options as members, received, safe } from './arguments.js'
import { errnoOf, fromNative, invalidType, invalidValue, notMapped, outOfRange } from './errors.js'
import { watch } from './guard.js'
import { native } from './native.js'
import { checkPermission } from './permission.js'
import { Region } from './region.js'

/** How `Mmap.shared` makes memory. */
export interface SharedOptions {
  /**
   * Whether to make the memory: true if it does not exist; 'exclusive': it must not exist. Default: false, it must
   * exist.
   */
  create?: boolean | 'exclusive' | undefined
  /** The permissions of memory that is made, less the umask. Not on Windows. Default: 0o600, for the user alone. */
  mode?: number | undefined
}

/** The addon's numbers for the ways to create. */
const NEVER = 0
const MISSING = 1
const EXCLUSIVE = 2

/** The longest name in bytes. macOS allows 31 with the slash in front. */
const NAME_MAX = process.platform === 'darwin' ? 30 : 255

const MODE_MAX = 0o7777

const SHARED = 'Mmap.shared(name, length?, { create, mode })'

function checkedName(name: unknown): [bytes: Uint8Array, shown: string] {
  const bytes = nameBytes(name, 'name')
  const shown = name as string
  if (shown === '') throw invalidValue('The "name" argument must not be empty')
  if (shown.includes('/')) {
    throw invalidValue(
      `The "name" argument is the name of shared memory, and no path: it must not have a slash. Received ${received(shown)}`,
    )
  }
  if (shown === '.' || shown === '..') {
    throw invalidValue(`The "name" argument must not be the name of a folder: '${shown}'`)
  }
  if (bytes.length > NAME_MAX) {
    throw outOfRange(`name is too long: ${bytes.length} of ${NAME_MAX} bytes`)
  }
  // Linux keeps the memory as a file in this folder.
  checkPermission(process.platform === 'linux' ? `/dev/shm/${shown}` : `/${shown}`, true)
  return [bytes, shown]
}

function creation(create: unknown): number {
  if (create === undefined || create === false) return NEVER
  if (create === true) return MISSING
  if (create === 'exclusive') return EXCLUSIVE
  throw invalidType(
    `The "create" option must be a boolean or 'exclusive'. Received ${received(create)}`,
  )
}

/** What the message says in addition when there is no memory of a name. */
const sharedHint = (error: unknown, how: number): string | undefined =>
  how === NEVER && (error as { errno?: unknown }).errno === errnoOf('ENOENT')
    ? 'no memory has this name; { create: true } with a length makes it'
    : undefined

/** Maps memory by its name, as `Mmap.shared` documents. */
export function shared(name: unknown, length: unknown, given: SharedOptions | undefined): Region {
  const { create, mode } = members(given, SHARED)
  const how = creation(create)
  const permissions = optionalInteger(mode, 'mode', 0o600)
  const size = optionalInteger(length, 'length', 0, SHARED)
  const [bytes, shown] = checkedName(name)
  if (permissions < 0 || permissions > MODE_MAX) {
    throw outOfRange(`The "mode" option must be 0 to 0o7777. Received ${permissions}`)
  }
  if (size < 0) throw outOfRange(`length must be positive: ${size} is below 0, '${shown}'`)
  safe(size, 'length')
  if (how !== NEVER && size === 0) {
    throw outOfRange(`create needs a length greater than 0: received 0, '${shown}'`)
  }
  watch()
  try {
    return new Region(native.shared(bytes, size, how, permissions), 0, true)
  } catch (error) {
    throw notMapped(error, shown, sharedHint(error, how))
  }
}

/** Removes a name, as `Mmap.unlink` documents. */
export function unlink(name: unknown): void {
  const [bytes, shown] = checkedName(name)
  try {
    native.unlink(bytes)
  } catch (error) {
    throw fromNative(error, shown)
  }
}
