/** Names of files. If a file can't be mapped, there is an error with a code, and nothing hangs. */

import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  closeSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  openSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { spawn } from 'node:child_process'
import { basename, dirname } from 'node:path'
import { pathToFileURL } from 'node:url'
import * as fmmap from '../../index.js'
import { cases, check, freshPath, pause } from './cases.mjs'

const { Mmap, ACCESS_READ, ACCESS_WRITE, ACCESS_COPY } = fmmap
const root = process.getuid?.() === 0

/** The code that opening threw, or the length of the map. */
function outcome(path, options) {
  let m
  try {
    m = Mmap.open(path, options)
  } catch (error) {
    check(
      error instanceof Error && typeof error.code === 'string',
      `${String(path)}: ${String(error)}`,
    )
    check(error.message.length > 10, `${String(path)}: ${error.message}`)
    return error.code
  }
  const { length } = m
  m.close()
  return length
}

function expect(path, expected, options) {
  const got = outcome(path, options)
  check(
    Array.isArray(expected) ? expected.includes(got) : got === expected,
    `${String(path).slice(0, 80)} ${JSON.stringify(options)}: ${got}, not ${String(expected)}`,
  )
}

function file(content = 'abc') {
  const path = freshPath()
  writeFileSync(path, content)
  return path
}

await cases({
  'relative, URL, Buffer, a link, any bytes'() {
    const path = file()
    process.chdir(dirname(path))
    expect(basename(path), 3)
    expect(`./${basename(path)}`, 3)
    expect(pathToFileURL(path), 3)
    expect(Buffer.from(path), 3)
    const link = freshPath()
    symlinkSync(path, link)
    expect(link, 3)
    // Deno has no names that are not UTF-8.
    if (!('deno' in process.versions)) {
      const odd = Buffer.concat([Buffer.from(freshPath()), Buffer.from([0xff, 0xfe, 0x20, 0x0a])])
      writeFileSync(odd, 'odd')
      expect(odd, 3)
    }
    const unicode = `${freshPath()} é 漢字 \u{1f600}`
    writeFileSync(unicode, 'four')
    expect(unicode, 4)
    expect(pathToFileURL(unicode), 4)
    return 9
  },
  'names that are none'() {
    expect('a\0b', 'ERR_INVALID_ARG_VALUE')
    expect(Buffer.from('a\0b'), 'ERR_INVALID_ARG_VALUE')
    expect(`/tmp/${'x'.repeat(300)}`, 'ENAMETOOLONG')
    expect(`/${'x/'.repeat(5000)}`, 'ENAMETOOLONG')
    expect('x'.repeat(2 ** 20), 'ENAMETOOLONG')
    expect('', 'ENOENT')
    expect('/nowhere/at/all', 'ENOENT')
    expect(`${file()}/below`, 'ENOTDIR')
    expect(new URL('http://example.org/x'), [
      'ERR_INVALID_URL_SCHEME',
      'ERR_INVALID_ARG_VALUE',
      'ERR_INVALID_ARG_TYPE',
    ])
    for (const wrong of [undefined, null, 5, {}, [], Symbol('x'), true, 5n, new Date()]) {
      expect(wrong, 'ERR_INVALID_ARG_TYPE')
    }
    const [one, two] = [freshPath(), freshPath()]
    symlinkSync(one, two)
    symlinkSync(two, one)
    expect(one, 'ELOOP')
    return 19
  },
  'directories, FIFOs, devices, sockets'() {
    for (const access of [ACCESS_READ, ACCESS_WRITE, ACCESS_COPY]) {
      const folder = freshPath()
      mkdirSync(folder)
      expect(folder, ['EISDIR', 'ENODEV', 'EACCES', 'EINVAL'], { access })
      expect(folder, ['EISDIR', 'ENODEV', 'EACCES', 'EINVAL'], { access, length: 4096 })
      const fifo = freshPath()
      execFileSync('mkfifo', [fifo])
      expect(fifo, ['ENODEV', 'ENXIO', 'EACCES', 'EINVAL'], { access })
      expect(fifo, ['ENODEV', 'ENXIO', 'EACCES'], { access, length: 4096 })
      expect('/dev/null', ['ENODEV', 'EINVAL'], { access })
      expect('/dev/null', 'ENODEV', { access, length: 4096 })
      expect('/dev/zero', ['EINVAL'], { access })
      expect('/dev/zero', 8192, { access, length: 8192 })
      expect('/dev/tty', ['ENXIO', 'ENODEV', 'EINVAL', 'EIO'], { access, length: 4096 })
    }
    const zero = Mmap.open('/dev/zero', { access: ACCESS_WRITE, length: 8192 })
    zero.write('abc')
    check(zero.find('c', 0) === 2, 'a map of /dev/zero')
    zero.close()
    return new Promise((resolve, reject) => {
      const path = freshPath()
      const server = createServer().listen(path, () => {
        try {
          expect(path, 'ENXIO')
          expect(path, 'ENXIO', { length: 4096 })
          resolve(30)
        } catch (error) {
          reject(error)
        }
        server.close()
      })
    })
  },
  'files of /proc and /sys'() {
    if (!existsSync('/proc/self/status')) return 'no /proc'
    let files = 0
    for (const path of [
      '/proc/self/status',
      '/proc/self/maps',
      '/proc/self/mem',
      '/proc/cpuinfo',
      '/proc/self/exe',
      '/proc/self/cwd',
      '/proc/self/fd/0',
      '/proc/self/ns/net',
      '/proc/1/mem',
      '/sys/kernel/mm/transparent_hugepage/enabled',
      '/proc/sys/vm/max_map_count',
      '/proc/self/attr/current',
      '/proc/kmsg',
      '/proc/self/pagemap',
      '/proc/self/environ',
    ]) {
      for (const length of [undefined, 4096]) {
        const got = outcome(path, { length })
        check(
          typeof got === 'string' || path.endsWith('/exe') || path.includes('/fd/'),
          `${path} has ${got} bytes`,
        )
        files += 1
      }
    }
    return files
  },
  'empty and sparse files'() {
    expect(file(''), 'ERR_MMAP_EMPTY_FILE')
    expect(file(''), 'ERR_MMAP_EMPTY_FILE', { access: ACCESS_WRITE })
    const sparse = file('')
    truncateSync(sparse, 2 ** 36)
    const m = Mmap.open(sparse, { access: ACCESS_WRITE })
    check(m.length === 2 ** 36, 'sparse')
    m.set(2 ** 36 - 1, 7)
    check(
      m.get(-1) === 7 &&
        m.get(2 ** 35) === 0 &&
        m.rfind(Buffer.from([7]), 2 ** 36 - 100) === 2 ** 36 - 1,
      'ends',
    )
    m.close()
    return 3
  },
  'no permission'() {
    if (!root) return 'only root can give its rights up and take them again'
    const path = file()
    chmodSync(path, 0o600)
    chownSync(path, 0, 0)
    const readable = file()
    chmodSync(readable, 0o644)
    chmodSync(dirname(path), 0o755)
    for (let at = dirname(path); at !== '/'; at = dirname(at))
      if (at.includes('fmmap-')) chmodSync(at, 0o755)
    process.seteuid(65534)
    try {
      expect(path, 'EACCES')
      expect(readable, 3)
      expect(readable, 'EACCES', { access: ACCESS_WRITE })
      expect(readable, 3, { access: ACCESS_COPY })
      expect(`${dirname(path)}/new`, 'EACCES', { access: ACCESS_WRITE, create: true, length: 10 })
    } finally {
      process.seteuid(0)
    }
    const fd = openSync(path, 'r')
    try {
      check(new Mmap(fd, 0, { access: ACCESS_READ }).length === 3, 'a descriptor is a right')
      let code
      try {
        code = new Mmap(fd, 0, { access: ACCESS_WRITE })
      } catch (error) {
        code = error.code
      }
      check(code === 'EACCES', `writing through a descriptor for reading: ${code}`)
    } finally {
      closeSync(fd)
    }
    return 7
  },
  'a read-only mount, and one that is full'() {
    if (!root || process.platform !== 'linux') return 'only root can mount'
    const folder = freshPath()
    mkdirSync(folder)
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', folder], { stdio: 'pipe' })
    } catch {
      return 'mounting is forbidden here'
    }
    try {
      writeFileSync(`${folder}/file`, 'abc')
      execFileSync('mount', ['-o', 'remount,ro', folder])
      expect(`${folder}/file`, 3)
      expect(`${folder}/file`, 3, { access: ACCESS_COPY })
      expect(`${folder}/file`, 'EROFS', { access: ACCESS_WRITE })
      expect(`${folder}/new`, 'EROFS', { access: ACCESS_WRITE, create: true, length: 5 })
      return 4
    } finally {
      execFileSync('umount', [folder])
    }
  },
  async 'a program that runs'() {
    if (process.platform !== 'linux') return 'ETXTBSY is Linux’s'
    const program = freshPath()
    copyFileSync('/bin/sleep', program)
    chmodSync(program, 0o755)
    const child = spawn(program, ['60'])
    try {
      await new Promise((resolve) => child.on('spawn', resolve))
      await pause(50)
      expect(program, 'ETXTBSY', { access: ACCESS_WRITE })
      check(outcome(program) > 1000, 'reading it is allowed')
      return 2
    } finally {
      child.kill()
    }
  },
})
