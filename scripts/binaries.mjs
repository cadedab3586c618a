/**
 * Checks a .node file before it is published: it must exist, be small and stripped, and, for glibc, not need a newer
 * version than promised. `node scripts/binaries.mjs FILE...` checks each file and prints the result.
 */

import { execFileSync } from 'node:child_process'
import { statSync } from 'node:fs'
import { basename } from 'node:path'
import { fileURLToPath } from 'node:url'

/**
 * The largest size in bytes of a stripped file: enough for the search, its patterns and the fault guard, and too
 * little for a library that was linked by mistake.
 */
const largest = 2.5e6

/** The glibc of CentOS 7. All distributions since 2014 have it or a newer one, and Node 20 needs a newer one. */
const newestGlibc = [2, 17]

/** Throws if the file is not fit to be published; otherwise returns what to print about it. */
export function checkBinary(file, platform = basename(file).split('.')[1]) {
  const { size } = statSync(file)
  if (size > largest) {
    throw new Error(`${file} has ${size} bytes: ${largest} are allowed`)
  }
  if (!platform.startsWith('linux')) return { file, size }
  if (/\.symtab\b/.test(readelf('--section-headers', file))) {
    throw new Error(`${file} is not stripped`)
  }
  // A versioned symbol of glibc's is bound to that version or a newer one.
  const versions = [...readelf('--version-info', file).matchAll(/\bName: GLIBC_(\d+)\.(\d+)/g)]
    .map(([, major, minor]) => [Number(major), Number(minor)])
    .toSorted(compare)
  const newest = versions.at(-1)
  if (platform.endsWith('musl')) {
    if (newest) throw new Error(`${file} needs glibc ${newest.join('.')}: it is meant for musl`)
    return { file, size }
  }
  if (!newest) throw new Error(`${file} names no version of glibc: is it for glibc at all?`)
  if (compare(newest, newestGlibc) > 0) {
    throw new Error(`${file} needs glibc ${newest.join('.')}: ${newestGlibc.join('.')} must do`)
  }
  return { file, size, glibc: newest.join('.') }
}

const compare = ([major, minor], [otherMajor, otherMinor]) =>
  major - otherMajor || minor - otherMinor

const readelf = (option, file) =>
  execFileSync('readelf', ['--wide', option, file], {
    encoding: 'utf8',
    env: { ...process.env, LC_ALL: 'C' },
  })

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const path of process.argv.slice(2)) {
    const { file, size, glibc } = checkBinary(path)
    const needs = glibc ? `, needs glibc ${glibc}` : ''
    console.log(`${basename(file)}: ${size} bytes${needs}`)
  }
}
