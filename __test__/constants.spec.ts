import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import * as fmmap from '../index.js'
import {
  ALLOCATIONGRANULARITY,
  constants,
  MAP_PRIVATE,
  MAP_SHARED,
  Mmap,
  PAGESIZE,
} from '../index.js'
import { refuses } from './support/errors.ts'
import { descriptor, freshPath, temporaryFile } from './support/files.ts'
import { linux, unix } from './support/platform.ts'
import { childAnswer } from './support/runtime.ts'
import test, { testWhere } from './support/test.ts'

// Every name of Python's newest module, on any platform (section 8 of its description).
const python = `ACCESS_DEFAULT ACCESS_READ ACCESS_WRITE ACCESS_COPY PAGESIZE ALLOCATIONGRANULARITY
  PROT_READ PROT_WRITE PROT_EXEC
  MAP_SHARED MAP_PRIVATE MAP_ANON MAP_ANONYMOUS MAP_DENYWRITE MAP_EXECUTABLE MAP_POPULATE MAP_STACK MAP_ALIGNED_SUPER
  MAP_CONCEAL MAP_NORESERVE MAP_NOEXTEND MAP_HASSEMAPHORE MAP_NOCACHE MAP_JIT MAP_RESILIENT_CODESIGN MAP_RESILIENT_MEDIA
  MAP_32BIT MAP_TRANSLATED_ALLOW_EXECUTE MAP_UNIX03 MAP_TPRO
  MS_ASYNC MS_INVALIDATE MS_SYNC
  MADV_NORMAL MADV_RANDOM MADV_SEQUENTIAL MADV_WILLNEED MADV_DONTNEED MADV_FREE MADV_REMOVE MADV_DONTFORK MADV_DOFORK
  MADV_MERGEABLE MADV_UNMERGEABLE MADV_HUGEPAGE MADV_NOHUGEPAGE MADV_DONTDUMP MADV_DODUMP MADV_HWPOISON
  MADV_NOSYNC MADV_AUTOSYNC MADV_NOCORE MADV_CORE MADV_PROTECT MADV_FREE_REUSABLE MADV_FREE_REUSE`.split(
  /\s+/,
)

const linuxOnly =
  `MADV_POPULATE_READ MADV_POPULATE_WRITE MADV_COLD MADV_PAGEOUT MADV_COLLAPSE MADV_WIPEONFORK
  MADV_KEEPONFORK MAP_HUGETLB MAP_LOCKED`.split(/\s+/)

const exported = fmmap as unknown as Record<string, unknown>
const existing = constants as unknown as Record<string, number>

/**
 * What the headers of this machine say about each name: a number, or null for a name they lack. `asm/mman.h` too,
 * where the kernel's headers know names that the C library's do not.
 */
function headerValues(
  t: { log(message: string): void },
  names: readonly string[],
): Map<string, bigint | null> | undefined {
  if (process.env.FMMAP_TEST_NO_CC === '1') {
    t.log('FMMAP_TEST_NO_CC=1: this platform has no C compiler, the headers were not asked')
    return undefined
  }
  const folder = freshPath()
  mkdirSync(folder)
  const source = join(folder, 'constants.c')
  const program = join(folder, 'constants')
  const lines = names.map(
    (name) =>
      `#ifdef ${name}\n  printf("${name} %lld\\n", (long long)(${name}));\n#else\n  printf("${name} -\\n");\n#endif`,
  )
  writeFileSync(
    source,
    `#define _GNU_SOURCE
#define _DARWIN_C_SOURCE
#include <stdio.h>
#include <sys/mman.h>
${linux ? '#include <linux/mman.h>\n' : ''}int main(void) {
${lines.join('\n')}
  return 0;
}
`,
  )
  const compiler = process.env.CC ?? 'cc'
  const { status, stderr, error } = spawnSync(compiler, ['-o', program, source], {
    encoding: 'utf8',
  })
  if (error !== undefined || status !== 0) {
    throw new Error(
      `the constants cannot be compared with the C headers: «${compiler}» ${error?.message ?? `failed: ${stderr}`}. ` +
        'Install a C compiler (CC names another one), or say FMMAP_TEST_NO_CC=1 where there can be none.',
    )
  }
  const values = new Map<string, bigint | null>()
  for (const line of execFileSync(program, { encoding: 'utf8' }).trim().split('\n')) {
    const [name = '', value = '-'] = line.split(' ')
    values.set(name, value === '-' ? null : BigInt(value))
  }
  return values
}

testWhere(unix, 'no such headers')(
  'every constant has the value of this machine’s C headers',
  (t) => {
    const names = [...new Set([...python, ...linuxOnly, ...Object.keys(existing)])].filter((name) =>
      /^(PROT|MAP|MS|MADV)_/.test(name),
    )
    const values = headerValues(t, names)
    if (values === undefined) return t.pass()
    let compared = 0
    for (const name of names) {
      const header = values.get(name)
      if (header === null || header === undefined) continue
      // glibc defines MADV_SOFT_OFFLINE nowhere, the kernel's headers do: Python's Linux builds lack it.
      if (name in existing) {
        t.is(BigInt(existing[name] as number), header, name)
        compared += 1
      } else {
        t.false(
          python.includes(name) && name !== 'MAP_32BIT',
          `${name} is in the headers and not in constants`,
        )
      }
    }
    t.true(compared > 30 || !linux, `${compared} constants compared`)
    t.log(`${compared} constants compared with the headers`)
  },
)

test('PyPy test_page_size: the system’s own sizes', (t) => {
  t.true(Number.isInteger(PAGESIZE) && PAGESIZE > 0)
  t.true(Number.isInteger(ALLOCATIONGRANULARITY) && ALLOCATIONGRANULARITY > 0)
  t.is(ALLOCATIONGRANULARITY % PAGESIZE, 0)
  if (unix) {
    t.is(PAGESIZE, Number(execFileSync('getconf', ['PAGESIZE'], { encoding: 'utf8' })))
    t.is(ALLOCATIONGRANULARITY, PAGESIZE)
  }
})

test('PyPy test_attributes: what every platform has', (t) => {
  for (const name of ['ACCESS_DEFAULT', 'ACCESS_READ', 'ACCESS_WRITE', 'ACCESS_COPY'])
    t.is(typeof exported[name], 'number')
  t.deepEqual(
    [0, 1, 2, 3],
    [fmmap.ACCESS_DEFAULT, fmmap.ACCESS_READ, fmmap.ACCESS_WRITE, fmmap.ACCESS_COPY],
  )
  if (unix) {
    for (const name of [
      'MAP_ANON',
      'MAP_ANONYMOUS',
      'MAP_PRIVATE',
      'MAP_SHARED',
      'PROT_READ',
      'PROT_WRITE',
      'PROT_EXEC',
    ]) {
      t.is(typeof exported[name], 'number', name)
    }
    t.is(fmmap.MAP_ANON, fmmap.MAP_ANONYMOUS)
  }
})

testWhere(linux, 'Linux alone')('fmmap test_linux_constants: and those that Python lacks', (t) => {
  for (const name of ['MADV_DONTFORK', 'MADV_REMOVE', ...linuxOnly]) {
    t.true((exported[name] as number) > 0, name)
    t.is(existing[name], exported[name], name)
  }
  t.is(exported.MADV_SOFT_OFFLINE, undefined, 'Python’s Linux builds lack it too')
})

test('a name that this platform lacks is exported as undefined, and is not in constants', (t) => {
  for (const name of python) {
    t.true(name in fmmap, `${name} must not break an import`)
    if (exported[name] === undefined) t.false(name in constants, name)
    else t.is(existing[name], exported[name], name)
  }
  if (linux) {
    for (const name of [
      'MAP_JIT',
      'MAP_CONCEAL',
      'MAP_ALIGNED_SUPER',
      'MADV_PROTECT',
      'MADV_FREE_REUSE',
    ]) {
      t.is(exported[name], undefined, name)
    }
  }
})

test('constants holds numbers alone, cannot be changed, and every one of its names is an export', (t) => {
  const entries = Object.entries(constants)
  t.true(entries.length > (unix ? 20 : 5))
  for (const [name, value] of entries) {
    t.true(Number.isInteger(value), name)
    t.is(exported[name], value, name)
  }
  try {
    ;(constants as unknown as Record<string, number>).ACCESS_READ = 99
  } catch {
    // Frozen: an assignment in a module throws.
  }
  t.is(constants.ACCESS_READ, 1)
})

test('fmmap test_clean_namespace: the package exports its names and nothing from inside', (t) => {
  const others = Object.keys(fmmap).filter(
    (name) => !/^(ACCESS|PROT|MAP|MS|MADV)_|^PAGESIZE$|^ALLOCATIONGRANULARITY$/.test(name),
  )
  const allowed = new Set([
    'Mmap',
    'Pattern',
    'constants',
    'setFaultGuard',
    'faultGuard',
    'default',
    'module.exports',
  ])
  t.deepEqual(
    others.filter((name) => !allowed.has(name)),
    [],
  )
  t.true(others.includes('Mmap') && others.includes('constants'))
})

testWhere(linux, 'Linux alone has all three')(
  'flags that could unmap or overrun other memory are refused',
  (t) => {
    const values = headerValues(t, ['MAP_FIXED', 'MAP_FIXED_NOREPLACE', 'MAP_GROWSDOWN'])
    if (values === undefined) return t.pass()
    const fd = descriptor(t, temporaryFile('abc'))
    for (const [name, value] of values) {
      t.not(value, null, name)
      for (const flags of [MAP_SHARED | Number(value), MAP_PRIVATE | Number(value)]) {
        refuses(t, () => new Mmap(fd, 3, { flags }), 'ERR_OUT_OF_RANGE', undefined, name)
        refuses(t, () => new Mmap(-1, 4096, { flags }), 'ERR_OUT_OF_RANGE', undefined, name)
      }
    }
  },
)

test('require and import give the same package', async (t) => {
  const answer = await childAnswer<{ same: boolean; names: boolean }>(
    `const { createRequire } = await import('node:module')
    const required = createRequire(import.meta.url)(${JSON.stringify(fileURLToPath(new URL('../index.cjs', import.meta.url)))})
    const names =
      Object.keys(fmmap).toSorted().join() === Object.keys(required).toSorted().join() &&
      Object.keys(fmmap).every((name) => fmmap[name] === required[name])
    console.log(JSON.stringify({ same: required.Mmap === fmmap.Mmap, names }))`,
  )
  t.deepEqual(answer, { same: true, names: true })
})
