/**
 * Finds the addon for this platform and loads it: the file beside this one in a checkout, else the
 * package that npm chose among the optional dependencies by `os`, `cpu` and `libc`. Written by hand,
 * because what matters most here is what it says when there is none.
 */

import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'

const require = createRequire(import.meta.url)
const platform = `${process.platform}-${process.arch}`

// Literal names, so that tools which trace what a program needs find the files.
const addons = {
  'linux-x64-gnu': [
    () => require('./fmmap.linux-x64-gnu.node'),
    () => require('fmmap-linux-x64-gnu'),
  ],
  'linux-x64-musl': [
    () => require('./fmmap.linux-x64-musl.node'),
    () => require('fmmap-linux-x64-musl'),
  ],
  'linux-arm64-gnu': [
    () => require('./fmmap.linux-arm64-gnu.node'),
    () => require('fmmap-linux-arm64-gnu'),
  ],
  'linux-arm64-musl': [
    () => require('./fmmap.linux-arm64-musl.node'),
    () => require('fmmap-linux-arm64-musl'),
  ],
  'darwin-x64': [() => require('./fmmap.darwin-x64.node'), () => require('fmmap-darwin-x64')],
  'darwin-arm64': [() => require('./fmmap.darwin-arm64.node'), () => require('fmmap-darwin-arm64')],
  'win32-x64-msvc': [
    () => require('./fmmap.win32-x64-msvc.node'),
    () => require('fmmap-win32-x64-msvc'),
  ],
  'win32-arm64-msvc': [
    () => require('./fmmap.win32-arm64-msvc.node'),
    () => require('fmmap-win32-arm64-msvc'),
  ],
  'freebsd-x64': [() => require('./fmmap.freebsd-x64.node'), () => require('fmmap-freebsd-x64')],
}

/** The key of this machine in `addons`. */
function key() {
  if (process.platform === 'linux') return `${platform}-${isMusl() ? 'musl' : 'gnu'}`
  return process.platform === 'win32' ? `${platform}-msvc` : platform
}

/** Whether the C library is musl. The wrong addon would load under a glibc emulation, and then crash. */
function isMusl() {
  try {
    // A shell script of glibc's, or musl's dynamic linker by another name.
    return readFileSync('/usr/bin/ldd', 'latin1').includes('musl')
  } catch {
    // No such file in a slim image, or no permission to read it: ask the runtime.
    try {
      process.report.excludeNetwork = true
      return process.report.getReport().header.glibcVersionRuntime === undefined
    } catch {
      return false
    }
  }
}

function load() {
  const name = key()
  if (!Object.hasOwn(addons, name)) {
    throw failure(
      `fmmap has no binary for ${name}, only for ${Object.keys(addons).join(', ')}`,
      'ERR_MMAP_UNSUPPORTED',
    )
  }
  let cause
  for (const attempt of addons[name]) {
    try {
      return attempt()
    } catch (error) {
      // What is not there says less than what is there and can't be loaded.
      if (cause === undefined || !isAbsent(error)) cause = error
    }
  }
  throw isAbsent(cause) ? missing(`fmmap-${name}`, cause) : unloadable(`fmmap-${name}`, cause)
}

const isAbsent = (error) => error?.code === 'MODULE_NOT_FOUND'

function missing(name, cause) {
  const { version } = require('./package.json')
  return failure(
    `The binary of fmmap for this platform is not installed. Install it: npm install ${name}@${version}
It is an optional dependency of fmmap, which is left out by --omit=optional, by --no-optional, and by a lockfile or a node_modules folder made on another platform`,
    'MODULE_NOT_FOUND',
    cause,
  )
}

function unloadable(name, cause) {
  const denied = cause?.code === 'ERR_DLOPEN_DISABLED' || cause?.code === 'ERR_ACCESS_DENIED'
  const hint = denied ? '\nUnder --permission, Node needs --allow-addons to load fmmap' : ''
  return failure(`${name} can't be loaded: ${cause?.message ?? cause}${hint}`, cause?.code, cause)
}

function failure(message, code, cause) {
  return Object.assign(new Error(message, { cause }), code === undefined ? {} : { code })
}

export const { Search, flushAsync, giveTurnsBack, natives, waitForTurn } = load()
