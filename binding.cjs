/**
 * Finds the addon for this platform and loads it: the package that npm chose among the optional
 * dependencies by `os`, `cpu` and `libc`, else the file beside this one, as in a checkout and beside a
 * bundle. Written by hand, because what matters most here is what it says when there is none.
 */

'use strict'

const { closeSync, existsSync, openSync, readSync } = require('node:fs')

/** That of package.json, which is not read: a bundle may have none. */
const version = '0.1.0'

/**
 * One attempt a platform. Each `require` has a literal name and stands directly in a `try` block: by the
 * name a tool that traces or bundles a program finds the addon, and the block tells it that the others may
 * be missing.
 */
const platforms = {
  'linux-x64-gnu'(failed) {
    try {
      return require('fmmap-linux-x64-gnu')
    } catch (error) {
      failed(error)
    }
    try {
      return require('./fmmap.linux-x64-gnu.node')
    } catch (error) {
      failed(error)
    }
  },
  'linux-x64-musl'(failed) {
    try {
      return require('fmmap-linux-x64-musl')
    } catch (error) {
      failed(error)
    }
    try {
      return require('./fmmap.linux-x64-musl.node')
    } catch (error) {
      failed(error)
    }
  },
  'linux-arm64-gnu'(failed) {
    try {
      return require('fmmap-linux-arm64-gnu')
    } catch (error) {
      failed(error)
    }
    try {
      return require('./fmmap.linux-arm64-gnu.node')
    } catch (error) {
      failed(error)
    }
  },
  'linux-arm64-musl'(failed) {
    try {
      return require('fmmap-linux-arm64-musl')
    } catch (error) {
      failed(error)
    }
    try {
      return require('./fmmap.linux-arm64-musl.node')
    } catch (error) {
      failed(error)
    }
  },
  'darwin-x64'(failed) {
    try {
      return require('fmmap-darwin-x64')
    } catch (error) {
      failed(error)
    }
    try {
      return require('./fmmap.darwin-x64.node')
    } catch (error) {
      failed(error)
    }
  },
  'darwin-arm64'(failed) {
    try {
      return require('fmmap-darwin-arm64')
    } catch (error) {
      failed(error)
    }
    try {
      return require('./fmmap.darwin-arm64.node')
    } catch (error) {
      failed(error)
    }
  },
  'win32-x64-msvc'(failed) {
    try {
      return require('fmmap-win32-x64-msvc')
    } catch (error) {
      failed(error)
    }
    try {
      return require('./fmmap.win32-x64-msvc.node')
    } catch (error) {
      failed(error)
    }
  },
  'win32-arm64-msvc'(failed) {
    try {
      return require('fmmap-win32-arm64-msvc')
    } catch (error) {
      failed(error)
    }
    try {
      return require('./fmmap.win32-arm64-msvc.node')
    } catch (error) {
      failed(error)
    }
  },
  'freebsd-x64'(failed) {
    try {
      return require('fmmap-freebsd-x64')
    } catch (error) {
      failed(error)
    }
    try {
      return require('./fmmap.freebsd-x64.node')
    } catch (error) {
      failed(error)
    }
  },
}

/** The names in `platforms` that may fit this machine, the most likely first. */
function candidates() {
  const platform = `${process.platform}-${process.arch}`
  if (process.platform === 'win32') return [`${platform}-msvc`]
  if (process.platform !== 'linux') return [platform]
  const names = [`${platform}-gnu`, `${platform}-musl`]
  return isMusl() ? names.reverse() : names
}

/** Names of processors, as musl has them. */
const machines = { x64: 'x86_64', arm64: 'aarch64' }

/**
 * Whether the C library of the runtime is musl: the addon of the other one would load under an emulation of
 * glibc, and then crash. Files of the machine, as /usr/bin/ldd, say nothing about the runtime.
 */
function isMusl() {
  if (globalThis.Deno !== undefined) return globalThis.Deno.build.env === 'musl'
  const { arch } = process
  // Where musl's linker is not, nothing can be linked with musl: most machines are done here.
  try {
    if (!existsSync(`/lib/ld-musl-${machines[arch] ?? arch}.so.1`)) return false
  } catch {
    // Node 20 throws where its permissions forbid to look.
  }
  const linker = interpreter()
  if (linker !== undefined) return linker.includes('/ld-musl-')
  try {
    process.report.excludeNetwork = true
    return process.report.getReport().header.glibcVersionRuntime === undefined
  } catch {
    return false
  }
}

/**
 * The dynamic linker that this program names in its header (PT_INTERP); undefined where that can't be read.
 * The runtime's report knows the C library too, but takes longer to make than all the rest of an import.
 */
function interpreter() {
  let fd
  try {
    fd = openSync('/proc/self/exe', 'r')
    const bytes = new Uint8Array(4096)
    const head = new DataView(bytes.buffer)
    const size = readSync(fd, bytes, 0, bytes.length, 0)
    // A little-endian program of 64 bits, as all that there is an addon for.
    if (size < 64 || head.getUint32(0) !== 0x7f454c46 || head.getUint16(4) !== 0x0201) return
    const table = Number(head.getBigUint64(32, true))
    const [entry, count] = [head.getUint16(54, true), head.getUint16(56, true)]
    for (let at = table; at < table + entry * count && at + 40 <= size; at += entry) {
      if (head.getUint32(at, true) !== 3) continue
      const start = Number(head.getBigUint64(at + 8, true))
      const end = start + Number(head.getBigUint64(at + 32, true))
      return String.fromCharCode(...bytes.subarray(start, end))
    }
  } catch {
    // No such file system, or no permission to read it.
  } finally {
    if (fd !== undefined) closeSync(fd)
  }
}

function load() {
  const names = candidates().filter((name) => Object.hasOwn(platforms, name))
  const [name] = names
  if (name === undefined) {
    throw failure(
      `fmmap has no binary for ${candidates()[0]}, only for ${Object.keys(platforms).join(', ')}`,
      'ERR_MMAP_UNSUPPORTED',
    )
  }
  let cause
  for (const each of names) {
    const addon = platforms[each]((error) => {
      // What is not there says less than what is there and can't be loaded, and the other C library nothing.
      if (each === name && (cause === undefined || isAbsent(cause))) cause = error
    })
    // Some bundlers make an ES module of an addon.
    if (addon !== undefined) return checked(addon.default ?? addon, `fmmap-${each}`)
  }
  throw isAbsent(cause) ? missing(`fmmap-${name}`, cause) : unloadable(`fmmap-${name}`, cause)
}

/** Refuses the addon of another version, which has other natives, or the same names with other arguments. */
function checked(addon, name) {
  const { VERSION = 'another version' } = addon
  if (VERSION === version) return addon
  throw failure(
    `fmmap ${version} found the binary ${name} of ${VERSION}: the two must be of one version
Install both anew: npm install --include=optional fmmap@${version}
${bundled}`,
    'ERR_MMAP_VERSION',
  )
}

const isAbsent = (error) => error?.code === 'MODULE_NOT_FOUND'

const bundled =
  'In a bundle, leave fmmap out, or copy the binary beside it: https://github.com/fmmap/fmmap/blob/main/docs/bundlers.md'

function missing(name, cause) {
  return failure(
    `The binary of fmmap for this platform is not installed: ${name}@${version}
It is an optional dependency of fmmap, which is left out by --omit=optional, by --no-optional, and by a lockfile or a node_modules folder made on another platform (https://github.com/npm/cli/issues/4828)
Remove node_modules and the lockfile, and install again: npm install --include=optional
Or add the binary alone: npm install --save-optional ${name}@${version}
${bundled}`,
    'MODULE_NOT_FOUND',
    cause,
  )
}

function unloadable(name, cause) {
  return failure(
    `${name}@${version} can't be loaded: ${cause?.message ?? cause}\n${cure(cause)}`,
    cause?.code,
    cause,
  )
}

function cure(cause) {
  if (cause?.code === 'ERR_DLOPEN_DISABLED' || cause?.code === 'ERR_ACCESS_DENIED') {
    return process.permission === undefined
      ? 'fmmap is an addon: start Node without --no-addons'
      : 'Under --permission, Node needs --allow-addons to load fmmap'
  }
  if (cause?.name === 'NotCapable') return 'Deno needs --allow-ffi and --allow-read to load fmmap'
  return bundled
}

function failure(message, code, cause) {
  return Object.assign(new Error(message, { cause }), code === undefined ? {} : { code })
}

module.exports = load()
