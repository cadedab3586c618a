// File systems that are mounted for the test: a full one, and an overlay. Linux, for who may mount.
import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import { join } from 'node:path'
import { ACCESS_COPY, ACCESS_READ, ACCESS_WRITE, faultGuard, Mmap } from '../index.js'
import { type Coded, refuses } from './support/errors.ts'
import { freshPath, latin1 } from './support/files.ts'
import { following, take } from './support/follow.ts'
import { emulated, externalBuffers, linux } from './support/platform.ts'
import { type Assertions, testWhere } from './support/test.ts'

const mount = (...args: string[]): boolean =>
  spawnSync('mount', args, { stdio: 'ignore' }).status === 0

const unmount = (folder: string): void => void spawnSync('umount', ['-l', folder])

function folderOf(...names: string[]): string {
  const folder = join(...names)
  fs.mkdirSync(folder, { recursive: true })
  return folder
}

const tmpfs = (folder: string): boolean => mount('-t', 'tmpfs', '-o', 'size=1m', 'none', folder)

/** An overlay, all of whose folders are in a file system of its own: the temporary one may be an overlay itself. */
function overlay(folder: string): boolean {
  if (!tmpfs(folder)) return false
  const [lower, upper, work] = ['lower', 'upper', 'work'].map((name) => folderOf(folder, name))
  const options = `lowerdir=${lower},upperdir=${upper},workdir=${work}`
  return mount('-t', 'overlay', '-o', options, 'none', folderOf(folder, 'merged'))
}

function works(how: (folder: string) => boolean): boolean {
  if (!linux || emulated || process.getuid?.() !== 0) return false
  const folder = folderOf(freshPath())
  const mounted = how(folder)
  unmount(join(folder, 'merged'))
  unmount(folder)
  return mounted
}

/** A folder with something mounted on it, until the end of the test. */
function mounted(t: Assertions, how: (folder: string) => boolean): string {
  const folder = folderOf(freshPath())
  t.teardown(() => {
    unmount(join(folder, 'merged'))
    unmount(folder)
  })
  t.true(how(folder))
  return folder
}

testWhere(works(tmpfs), 'needs the right to mount')(
  'a file system that is full: allocate says so before, a write finds out',
  (t) => {
    const folder = mounted(t, tmpfs)
    const path = join(folder, 'full')
    const m = Mmap.open(path, { access: ACCESS_WRITE, create: true, length: 4 << 20 })
    t.is(m.length, 4 << 20, 'a file may be longer than there is room')
    refuses(t, () => m.allocate(), 'ENOSPC', /allocate.*full/)
    t.is(m.size(), 4 << 20)
    m.allocate(0, 512 << 10)
    m.setSlice(Buffer.alloc(512 << 10, 1), 0, 512 << 10)
    t.is(m.count('\x01', { end: 512 << 10 }), 512 << 10, 'what was allocated is there')
    if (faultGuard()) {
      const error = refuses(
        t,
        () => m.setSlice(Buffer.alloc(2 << 20, 2), 1 << 20, 3 << 20),
        'ERR_MMAP_FAULT',
      )
      t.is((error as Coded & { reason: string }).reason, 'io')
      refuses(t, () => m.get(0), 'ERR_MMAP_FAULT')
    }
    m.resize(64 << 10)
    t.is(m.get(0), 1, 'a resize maps the file again')
    m.close()
    fs.rmSync(path)
    const other = join(folder, 'exclusive')
    using second = Mmap.open(other, { access: ACCESS_WRITE, create: 'exclusive', length: 2 << 20 })
    refuses(t, () => second.allocate(), 'ENOSPC')
    second.allocate(0, 100)
    second.write('fits')
    const target = Buffer.alloc(8)
    t.is(second.copyTo(target, 0, 8), 8)
    t.is(latin1(target), 'fits\0\0\0\0')
  },
)

/** A file in an overlay that only the lower folder has, so that the first write copies it up. */
function lowerFile(t: Assertions, content: string): string {
  const folder = mounted(t, overlay)
  const merged = join(folder, 'merged')
  unmount(merged)
  fs.writeFileSync(join(folder, 'lower', 'file'), content)
  const options = ['lower', 'upper', 'work'].map((name) => `${name}dir=${join(folder, name)}`)
  t.true(mount('-t', 'overlay', '-o', options.join(), 'none', merged))
  return join(merged, 'file')
}

testWhere(works(overlay), 'needs the right to mount')(
  'an overlay: a file of the lower folder is followed when it is written to, and rotated',
  async (t) => {
    t.timeout(900_000)
    // The first write copies the file up, after which it has another number for some.
    const path = lowerFile(t, 'lower\n')
    const lines = following(t, path, { from: 'start' })
    const expected = ['lower']
    t.deepEqual(await take(lines, 1), expected)
    for (let at = 0; at < 5; at += 1) {
      fs.appendFileSync(path, `${at} first\n${at} second\n`)
      t.deepEqual(await take(lines, 1), [`${at} first`])
      if (at % 2 === 0) {
        fs.renameSync(path, `${path}.${at}`)
        fs.writeFileSync(path, `${at} third\n`)
      } else {
        fs.copyFileSync(path, `${path}.${at}`)
        fs.truncateSync(path)
        fs.appendFileSync(path, `${at} third\n`)
      }
      t.deepEqual(await take(lines, 2), [`${at} second`, `${at} third`])
    }
  },
)

testWhere(works(overlay), 'needs the right to mount')(
  'an overlay: a map of the lower file is that file, also after it was copied up',
  (t) => {
    const path = lowerFile(t, 'lower bytes')
    using reader = Mmap.open(path, { access: ACCESS_READ })
    using writer = Mmap.open(path, { access: ACCESS_WRITE })
    writer.setSlice('UPPER', 0, 5)
    t.is(fs.readFileSync(path, 'latin1'), 'UPPER bytes')
    t.is(latin1(reader.slice()), 'lower bytes', 'it was opened before the file was copied up')
    using late = Mmap.open(path, { access: ACCESS_READ })
    t.is(latin1(late.slice()), 'UPPER bytes')
  },
)

testWhere(works(overlay), 'needs the right to mount')(
  'an overlay: refresh maps the copy of a lower file that has grown or was cut, with what a private map has changed',
  async (t) => {
    const lower = 'lower '.repeat(1000)
    const path = lowerFile(t, lower)
    using reader = Mmap.open(path)
    using shorter = Mmap.open(path)
    using copy = Mmap.open(path, { access: ACCESS_COPY })
    using second = Mmap.from(reader.share())
    copy.set(0, 76)
    const view = externalBuffers ? reader.view(0, 5) : undefined
    t.is(latin1(reader.slice(0, 5)), 'lower')
    const end = `${'line\n'.repeat(1000)}end`
    fs.appendFileSync(path, end)
    const file = fs.openSync(path, 'r+')
    fs.writeSync(file, Buffer.from('UPPER'), 0, 5, 4998)
    fs.closeSync(file)
    const expected = `${lower.slice(0, 4998)}UPPER${lower.slice(5003)}${end}`
    for (const m of [reader, second, copy]) {
      t.is(m.refresh(), 'grown')
      t.is(m.size(), expected.length)
      t.is(latin1(m.slice(1)), expected.slice(1))
      if (externalBuffers) t.is(latin1(m.view(5000)), expected.slice(5000))
      // oxlint-disable-next-line no-await-in-loop
      t.is(latin1(await m.sliceAsync(4090)), expected.slice(4090))
      t.is(m.refresh(), 'same')
    }
    t.is(copy.get(0), 76)
    if (view !== undefined) t.is(latin1(view), 'lower')
    fs.truncateSync(path, 5001)
    t.is(shorter.refresh(), 'truncated')
    t.is(latin1(shorter.slice()), expected.slice(0, 5001))
  },
)
