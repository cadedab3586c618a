/** How a map is asked for: the constructor's arguments, and those of `Mmap.open`. */

import { constants } from 'node:os'
import { fileURLToPath } from 'node:url'
import {
  boolean,
  cInt,
  integer,
  nameBytes,
  optionalInteger,
  options as members,
  received,
  safe,
} from './arguments.js'
import { ACCESS_DEFAULT, ACCESS_READ, ALLOCATIONGRANULARITY } from './constants.js'
import { fromNative, invalidType, invalidValue, outOfRange, unsupported } from './errors.js'
import { watch } from './guard.js'
import { type Handle, native, type NativeOptions } from './native.js'
import { neighbours } from './pages.js'
import { Region } from './region.js'

/** How a region is mapped. */
export interface MmapOptions {
  /** One of the `ACCESS_*` constants; not together with `flags` or `prot`. Default: `ACCESS_DEFAULT`. */
  access?: number | undefined
  /** `MAP_*` bits. Default: `MAP_SHARED`. Not on Windows. */
  flags?: number | undefined
  /** `PROT_*` bits. Default: `PROT_READ | PROT_WRITE`. Not on Windows. */
  prot?: number | undefined
  /** Where in the file the map starts: bytes, a multiple of `ALLOCATIONGRANULARITY`. Default: 0. */
  offset?: number | undefined
  /** Whether the map keeps a duplicate of the descriptor, for `size()` and `resize()`. Default: true. */
  trackfd?: boolean | undefined
  /** Windows: the name of the mapping, by which another process can open it. */
  tagname?: string | null | undefined
}

/** How `Mmap.open` opens and maps a file: `ACCESS_READ` when access, flags and prot are all absent. */
export interface OpenOptions extends MmapOptions {
  /** Bytes to map. Default: 0, the whole file from `offset`. */
  length?: number | undefined
  /**
   * Makes the file, or extends it to `offset + length`; never shrinks it. Needs a map that writes to its file
   * and a `length`. Default: false.
   */
  create?: boolean | undefined
}

/** A file descriptor, or what has one, as a `FileHandle`. */
export type Fileno = number | { readonly fd: number }

const WINDOWS = process.platform === 'win32'

/** Python's fileno of an anonymous map. */
const ANONYMOUS = -1

/** A descriptor that no file has: the system says EBADF to it. */
const NO_FILE = -2

/** Each option, read once; the types are checked, the ranges not yet. */
function read(given: MmapOptions): NativeOptions {
  const { access, flags, prot, offset, trackfd, tagname } = given
  if (!WINDOWS && typeof tagname === 'string') throw unsupported('tagname')
  if (WINDOWS && (flags !== undefined || prot !== undefined)) throw unsupported('flags or prot')
  if (tagname !== undefined && tagname !== null && typeof tagname !== 'string') {
    throw invalidType(`expected str or None for 'tagname', not ${received(tagname)}`)
  }
  return [
    access === undefined ? ACCESS_DEFAULT : cInt(access, 'access'),
    flags === undefined ? undefined : cInt(flags, 'flags'),
    prot === undefined ? undefined : cInt(prot, 'prot'),
    optionalInteger(offset, 'offset', 0),
    trackfd === undefined || boolean(trackfd, 'trackfd'),
    typeof tagname === 'string' ? nameBytes(tagname, 'tagname') : new Uint8Array(0),
  ]
}

/** The ranges, in Python's order. */
function checkRanges(length: number, [, , , offset]: NativeOptions): void {
  if (length < 0) throw outOfRange('memory mapped length must be positive')
  if (offset < 0) throw outOfRange('memory mapped offset must be positive')
  safe(length, 'length')
  safe(offset, 'offset')
}

function made(
  options: NativeOptions,
  path: string | undefined,
  make: () => Handle,
  refused?: (errno: unknown) => string | undefined,
): Region {
  const [, , , offset, trackfd] = options
  watch()
  try {
    return new Region(make(), offset, trackfd, path)
  } catch (error) {
    const hint =
      neighbours('offset', offset, ALLOCATIONGRANULARITY) ??
      refused?.((error as { errno?: unknown }).errno)
    throw fromNative(error, path, hint)
  }
}

/** What the system most likely means by its errno, when it refuses a descriptor. */
function refusal(fd: number, size: number, errno: unknown): string | undefined {
  if (fd === ANONYMOUS) return size === 0 ? 'anonymous memory needs a length' : undefined
  return errno === -constants.errno.EACCES
    ? "the descriptor must be open for what the map does: pass access: ACCESS_READ, or open it with 'r+'"
    : undefined
}

/** Only the literal -1 is anonymous memory: a closed `FileHandle`, whose fd is -1, is no file. */
function descriptor(fileno: unknown): number {
  if (typeof fileno === 'string') {
    throw invalidType(
      `The "fileno" argument must be a descriptor; Mmap.open(path) maps by name. Received ${received(fileno)}`,
    )
  }
  if (typeof fileno !== 'object' || fileno === null) return cInt(fileno, 'fileno')
  const fd = cInt((fileno as { fd?: unknown }).fd, 'fileno.fd')
  return fd === ANONYMOUS ? NO_FILE : fd
}

/** Maps a descriptor, as the constructor says. */
export function map(fileno: unknown, length: unknown, given: MmapOptions | undefined): Region {
  const options = read(members(given))
  const fd = descriptor(fileno)
  const size = integer(length, 'length')
  checkRanges(size, options)
  return made(
    options,
    undefined,
    () => native.map(fd, size, ...options),
    (errno) => refusal(fd, size, errno),
  )
}

/** A path as the system takes it, and as a message shows it. */
function pathBytes(path: unknown): [bytes: Uint8Array, shown: string] {
  if (typeof path === 'string') return [nameBytes(path, 'path'), path]
  if (path instanceof URL) {
    const shown = filePath(path)
    return [nameBytes(shown, 'path'), shown]
  }
  if (Buffer.isBuffer(path)) {
    if (path.includes(0)) throw invalidValue('embedded null character')
    return [path, path.toString()]
  }
  const hint = typeof path === 'number' ? '; new Mmap(fd, length) maps a descriptor' : ''
  throw invalidType(
    `The "path" argument must be a string, a Buffer or a file: URL${hint}. Received ${received(path)}`,
  )
}

function filePath(url: URL): string {
  try {
    return fileURLToPath(url)
  } catch {
    // Of another scheme, with a host, with an encoded slash: each runtime has codes of its own for these.
    throw invalidType(`The "path" argument must be the URL of a file. Received ${url.href}`)
  }
}

/** Opens and maps a file, as `Mmap.open` says. */
export function open(path: unknown, given: OpenOptions | undefined): Region {
  const { length, create, access, flags, prot, offset, trackfd, tagname } = members(given)
  const plain = access === undefined && flags === undefined && prot === undefined
  const options = read({
    access: plain ? ACCESS_READ : access,
    flags,
    prot,
    offset,
    trackfd,
    tagname,
  })
  const size = optionalInteger(length, 'length', 0)
  const creates = create !== undefined && boolean(create, 'create')
  const [bytes, shown] = pathBytes(path)
  checkRanges(size, options)
  if (creates && size === 0) throw outOfRange('create needs a length greater than 0')
  const createAndPath = Buffer.concat([Buffer.of(creates ? 1 : 0), bytes])
  return made(options, shown, () => native.open(createAndPath, size, ...options))
}
