// The tests make all files and maps here. They are in one folder, which is removed when the process exits.
import {
  closeSync,
  mkdtempSync,
  openSync,
  realpathSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { MAP_ANONYMOUS, MAP_PRIVATE, MAP_SHARED, Mmap } from '../../index.js'
import { linux, unix } from './platform.ts'
import { areasOf } from './proc.mjs'
import type { Assertions } from './test.ts'

export type MapOptions = NonNullable<ConstructorParameters<typeof Mmap>[2]>

/** Its real name, because the system names open files by that. */
const folder = realpathSync(mkdtempSync(join(tmpdir(), 'fmmap-test-')))
process.on('exit', () => {
  try {
    // A child that was just killed may still make a file. Windows keeps a file while it is mapped, for instance by a
    // view that was not collected: to wait for that is in vain, and 20 retries wait for 42 seconds.
    rmSync(folder, { recursive: true, force: true, maxRetries: unix ? 20 : 2 })
  } catch (error) {
    if (unix) throw error
  }
})

let made = 0

/** A path in the folder at which there is no file yet. */
export function freshPath(suffix = ''): string {
  made += 1
  return join(folder, `${made}${suffix}`)
}

/** A string is written as Latin-1; a number means that many zeros, as a hole. */
export type Content = string | Uint8Array | number

export function temporaryFile(content: Content = ''): string {
  const path = freshPath()
  if (typeof content === 'number') {
    writeFileSync(path, '')
    truncateSync(path, content)
  } else {
    writeFileSync(path, typeof content === 'string' ? Buffer.from(content, 'latin1') : content)
  }
  return path
}

/** How many bytes of a file this process has touched through its maps: 0 where the system does not tell. */
export function touched(path: string): number {
  if (!linux) return 0
  const sizes = areasOf(path).map((area) => 1024 * Number(/^Rss: +(\d+) kB/m.exec(area)?.[1]))
  return sizes.reduce((sum, size) => sum + size, 0)
}

/** A descriptor that is closed after the test. */
export function descriptor(t: Assertions, path: string, flags: string | number = 'r+'): number {
  const fd = openSync(path, flags)
  t.teardown(() => {
    try {
      closeSync(fd)
    } catch {
      // The test has closed it.
    }
  })
  return fd
}

/** A whole-file map of new content, closed after the test. */
export function mapped(t: Assertions, content: Content, options: MapOptions = {}): Mmap {
  return mappedPath(t, temporaryFile(content), options)
}

export function mappedPath(
  t: Assertions,
  path: string,
  options: MapOptions = {},
  length = 0,
): Mmap {
  const fd = openSync(path, 'r+')
  try {
    const map = new Mmap(fd, length, options)
    t.teardown(() => map.close())
    return map
  } finally {
    closeSync(fd)
  }
}

/** An anonymous map. On Windows both kinds are the same: memory of the paging file. */
export function anonymous(
  t: Assertions,
  length: number,
  kind: 'shared' | 'private' = 'shared',
): Mmap {
  const flags = (kind === 'shared' ? MAP_SHARED : MAP_PRIVATE) | MAP_ANONYMOUS
  const map = new Mmap(-1, length, unix ? { flags } : {})
  t.teardown(() => map.close())
  return map
}

/** Anonymous memory that begins with these bytes; a string is written as UTF-8. By default it is as long as they. */
export function holding(t: Assertions, content: string | Uint8Array, length?: number): Mmap {
  const all = Buffer.from(content as string)
  const map = anonymous(t, length ?? Math.max(1, all.length))
  map.setSlice(all, 0, all.length)
  return map
}

/** A name for shared memory that nobody else has. It is removed after the test. */
export function freshName(t: Assertions): string {
  made += 1
  const name = `fmmap-${process.pid}-${made}`
  t.teardown(() => {
    try {
      Mmap.unlink(name)
    } catch {
      // The test has removed it, or never made it.
    }
  })
  return name
}

/** Bytes as text with one character for each, which is how the tests write their expectations. */
export const latin1 = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')

export const bytes = (text: string): Buffer => Buffer.from(text, 'latin1')
