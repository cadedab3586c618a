/** The options of a map: the constructor's arguments, and those of `Mmap.open`. */

import { Buffer } from 'node:buffer'
import process from 'node:process'
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
import {
  ACCESS_DEFAULT,
  ACCESS_READ,
  ACCESS_WRITE,
  ALLOCATIONGRANULARITY,
  PROT_WRITE,
} from './constants.js'
import {
  errnoOf,
  invalidType,
  invalidValue,
  type NativeError,
  notMapped,
  nulIn,
  outOfRange,
  unsupported,
} from './errors.js'
import { watch } from './guard.js'
import { type Handle, native, type NativeOptions } from './native.js'
import { neighbours } from './pages.js'
import { checkPermission } from './permission.js'
import { copyGiven, Region } from './region.js'

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
  /**
   * Whether the map keeps a duplicate of the descriptor, for `size()`, `resize()`, `refresh()`, `allocate()` and the
   * views of a read-only map. Default: true.
   */
  trackfd?: boolean | undefined
  /** Windows: the name of the mapping, by which another process can open it. */
  tagname?: string | null | undefined
}

/** How `Mmap.open` opens and maps a file: `ACCESS_READ` when access, flags and prot are all absent. */
export interface OpenOptions extends MmapOptions {
  /** Bytes to map. Default: 0, the whole file from `offset`. */
  length?: number | undefined
  /**
   * Makes the file, or extends it to `offset + length`; never makes it shorter. 'exclusive': the file must not exist.
   * Needs a map that writes to its file, and a `length`. Default: false.
   */
  create?: boolean | 'exclusive' | undefined
  /**
   * The permissions of a file that is made, less the process's umask, as for `fs.open`. Default: 0o666. Ignored on
   * Windows.
   */
  mode?: number | undefined
  /**
   * Allows a file without bytes: its map has length 0, and can be resized if it is writable. Default: false, which
   * throws `ERR_MMAP_EMPTY_FILE`.
   */
  empty?: boolean | undefined
}

/** A file descriptor, or an object that has one, such as a `FileHandle`. */
export type Fileno = number | { readonly fd: number }

const WINDOWS = process.platform === 'win32'

/** The descriptor that means an anonymous map, as in Python. */
const ANONYMOUS = -1

/** A descriptor that no file has, so that the system answers EBADF. */
const NO_FILE = -2

/** Reads each option once and checks its type. The ranges are checked later. */
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
    // Adding 0 makes 0 of -0.
    optionalInteger(offset, 'offset', 0) + 0,
    trackfd === undefined || boolean(trackfd, 'trackfd'),
    typeof tagname === 'string' ? nameBytes(tagname, 'tagname') : new Uint8Array(0),
  ]
}

/** Checks the ranges, in Python's order. `file` is the path as a message shows it, if there is one. */
function checkRanges(length: number, [, , , offset]: NativeOptions, file?: string): void {
  const where = file === undefined ? '' : `, '${file}'`
  if (length < 0) {
    throw outOfRange(`memory mapped length must be positive: ${length} is below 0${where}`)
  }
  if (offset < 0) {
    throw outOfRange(`memory mapped offset must be positive: ${offset} is below 0${where}`)
  }
  safe(length, 'length')
  safe(offset, 'offset')
}

/** What the message says in addition when the system has no room for a map. */
const sizeHint = ({ errno }: NativeError, size: number): string | undefined =>
  size > 0 && errno === errnoOf('ENOMEM') ? `${size} bytes` : undefined

function made(
  options: NativeOptions,
  path: string | undefined,
  make: () => Handle,
  hint?: (error: NativeError) => string | undefined,
): Region {
  const [, , , offset, trackfd] = options
  watch()
  try {
    return new Region(make(), offset, trackfd, path)
  } catch (error) {
    const unaligned = neighbours('offset', offset, ALLOCATIONGRANULARITY)
    throw notMapped(error, path, unaligned ?? hint?.(error as NativeError))
  }
}

/** Only the number -1 means anonymous memory. A closed `FileHandle` has the fd -1 too, and must be an error. */
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

/** The correct calls, for messages. */
const MAP = 'new Mmap(fileno, length, options?), where a length of 0 is the whole file'
const OPEN = 'Mmap.open(path, { access: ACCESS_WRITE })'

/** Maps a descriptor, as the constructor documents. */
export function map(fileno: unknown, length: unknown, given: MmapOptions | undefined): Region {
  const options = read(members(given, MAP))
  const fd = descriptor(fileno)
  const size = integer(length, 'length', MAP)
  checkRanges(size, options)
  return made(
    options,
    undefined,
    () => native.map(fd, size, ...options),
    (error) =>
      fd === ANONYMOUS && size === 0 ? 'anonymous memory needs a length' : sizeHint(error, size),
  )
}

/** Whether a value is a URL, judged by its properties: the URLs of other realms and of jsdom are of other classes. */
function isURL(value: unknown): value is URL {
  return (
    typeof value === 'object' &&
    value !== null &&
    'href' in value &&
    typeof value.href === 'string' &&
    'protocol' in value &&
    typeof value.protocol === 'string'
  )
}

/** A path in the form that the system takes, and in the form that a message shows. */
export function pathBytes(path: unknown): [bytes: Uint8Array, shown: string] {
  if (typeof path === 'string') return [nameBytes(path, 'path'), path]
  if (isURL(path)) {
    const shown = filePath(path)
    return [nameBytes(shown, 'path'), shown]
  }
  if (Buffer.isBuffer(path)) {
    const own = Buffer.from(copyGiven(path).buffer)
    if (own.includes(0)) throw nulIn('path', own.indexOf(0))
    const shown = own.toString()
    // Windows takes names as text: bytes that are not UTF-8 would become another name.
    if (WINDOWS && !own.equals(Buffer.from(shown))) {
      throw invalidValue('a path on Windows is text: the bytes of the Buffer are not UTF-8')
    }
    return [own, shown]
  }
  const hint = typeof path === 'number' ? '; new Mmap(fd, length) maps a descriptor' : ''
  throw invalidType(
    `The "path" argument must be a string, a Buffer or a file: URL${hint}. Received ${received(path)}`,
  )
}

function filePath(url: URL): string {
  try {
    // The URL's text is passed, since Bun and Deno refuse a URL of another class.
    return fileURLToPath(url.href)
  } catch {
    // The URL has another scheme, a host or an encoded slash. The runtimes have different codes for these, so we
    // throw our own.
    throw invalidType(`The "path" argument must be the URL of a file. Received ${url.href}`)
  }
}

/** Whether the core opens the file for writing too, by Python's table of accesses. */
const writesFile = ([access, , prot]: NativeOptions): boolean =>
  access === ACCESS_WRITE ||
  (access === ACCESS_DEFAULT && (prot === undefined || (prot & PROT_WRITE) !== 0))

/** Bits of the byte before a path, which tell the addon how to open the file. */
const CREATES = 1
const MAPS_EMPTY = 2
const EXCLUSIVE = 4
const HAS_MODE = 8

function createOption(create: unknown): boolean {
  if (typeof create === 'boolean') return create
  throw invalidType(
    `The "create" option must be a boolean or 'exclusive'. Received ${received(create)}`,
  )
}

/** The bits of a file's mode. */
function fileMode(mode: unknown): number {
  const bits = integer(mode, 'mode')
  if (bits < 0 || bits > 0o7777) {
    throw outOfRange(`The "mode" option must be from 0 to 0o7777. Received ${bits}`)
  }
  return bits
}

/** Opens and maps a file, as `Mmap.open` documents. */
export function open(path: unknown, given: OpenOptions | undefined): Region {
  const { length, create, mode, empty, access, flags, prot, offset, trackfd, tagname } = members(
    given,
    OPEN,
  )
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
  const exclusive = create === 'exclusive'
  const creates = exclusive || (create !== undefined && createOption(create))
  const permissions = mode === undefined ? undefined : fileMode(mode)
  const maps = empty !== undefined && boolean(empty, 'empty')
  const [bytes, shown] = pathBytes(path)
  checkRanges(size, options, shown)
  if (creates && size === 0) {
    throw outOfRange(`create needs a length greater than 0: received 0, '${shown}'`)
  }
  checkPermission(shown, creates || writesFile(options))
  const how =
    (creates ? CREATES : 0) |
    (maps ? MAPS_EMPTY : 0) |
    (exclusive ? EXCLUSIVE : 0) |
    (permissions === undefined ? 0 : HAS_MODE)
  const mask = permissions === undefined ? [] : [permissions & 0xff, permissions >> 8]
  const howAndPath = Buffer.concat([Buffer.of(how, ...mask), bytes])
  return made(
    options,
    shown,
    () => native.open(howAndPath, size, ...options),
    (error) => {
      if (error.code === 'ERR_MMAP_EMPTY_FILE') return '{ empty: true } makes a map of length 0'
      if (
        error.errno === errnoOf('ENOENT') &&
        shown.startsWith('file:') &&
        typeof path === 'string'
      ) {
        return 'a string is a path; pass new URL(...)'
      }
      return sizeHint(error, size)
    },
  )
}
