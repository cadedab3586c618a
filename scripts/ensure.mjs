/**
 * Makes a checkout ready to run: `npm ci`, the native addon, the bundle. Each step is done only if
 * the files that it depends on have changed, so in an unchanged checkout this returns at once. A
 * fresh clone needs nothing but Node and Rust.
 *
 *   node scripts/ensure.mjs             install, release build
 *   node scripts/ensure.mjs --debug     install, debug build: seconds instead of a minute
 *   node scripts/ensure.mjs --install   install only
 *   node scripts/ensure.mjs --bundle    install, bundle: the addon was built elsewhere, no Rust here
 *   --force    build even when nothing changed          --types    write the declarations even so
 *
 * The inputs are compared by content, not by time: a checkout or a stash touches every file.
 */

import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const stampFile = join(root, 'build', 'stamp.json')
const options = new Set(process.argv.slice(2))
const profile = options.has('--debug') ? 'debug' : 'release'

install()
if (!options.has('--install')) {
  await build()
}

/** Runs `npm ci`, unless node_modules agrees with the lockfile. */
function install() {
  const lockfile = join(root, 'package-lock.json')
  const installed = join(root, 'node_modules', '.package-lock.json')
  const stamp = join(root, 'node_modules', '.fmmap-lockfile')
  const hash = hashOf([lockfile])
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === hash) {
    return
  }
  // Somebody may have installed by hand: then there is npm's note, but not ours.
  if (!existsSync(installed) || statSync(installed).mtimeMs < statSync(lockfile).mtimeMs) {
    run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'])
  }
  writeFileSync(stamp, hash)
}

async function build() {
  const stamp = existsSync(stampFile) ? JSON.parse(readFileSync(stampFile, 'utf8')) : {}
  if (!options.has('--bundle')) ensureAddon(stamp)

  const facade = hashOf([
    join(root, 'index.ts'),
    join(root, 'scripts', 'bundle.mjs'),
    join(root, 'scripts', 'bundle', 'late.mjs'),
    join(root, 'tsconfig.json'),
    ...filesBelow(join(root, 'lib'), /\.ts$/),
  ])
  const bundled = ['index.cjs', 'core.cjs', 'later.cjs', 'index.js'].every((name) =>
    existsSync(join(root, name)),
  )
  const stale = options.has('--force') || stamp.facade !== facade || !bundled
  if (stale) {
    const { writeBundle } = await import('./bundle.mjs')
    await writeBundle()
    stamp.facade = facade
  }
  if (stale || options.has('--types')) {
    const { writeDeclarations } = await import('./bundle.mjs')
    await writeDeclarations()
  }

  mkdirSync(dirname(stampFile), { recursive: true })
  writeFileSync(stampFile, `${JSON.stringify(stamp, null, 2)}\n`)
}

/** Builds the addon, unless the existing one was built from these sources. */
function ensureAddon(stamp) {
  const native = hashOf([
    join(root, 'Cargo.toml'),
    join(root, 'Cargo.lock'),
    join(root, 'rust-toolchain.toml'),
    ...filesBelow(join(root, 'crates'), /[\\/](src[\\/].*\.rs|build\.rs|Cargo\.toml)$/),
  ])
  const builtFor = `${profile} ${process.platform}-${process.arch} ${native}`
  const addons = readdirSync(root).filter((name) => name.endsWith('.node'))
  if (
    options.has('--force') ||
    stamp.native !== builtFor ||
    addons.length === 0 ||
    !existsSync(join(root, 'binding.d.cts'))
  ) {
    buildAddon()
    stamp.native = builtFor
  }
}

/** Compiles crates/fmmap-node into fmmap.<platform>.node, with its declarations in binding.d.cts. */
function buildAddon() {
  run(process.execPath, [
    join(root, 'node_modules', '@napi-rs', 'cli', 'dist', 'cli.js'),
    'build',
    '--manifest-path',
    join('crates', 'fmmap-node', 'Cargo.toml'),
    '--package-json-path',
    'package.json',
    '--output-dir',
    '.',
    '--platform',
    '--no-js',
    '--dts',
    'binding.d.cts',
    ...(profile === 'release' ? ['--release'] : []),
    '--',
    '--locked',
  ])
}

/**
 * Runs a command in the root, with its output going to ours, and exits with its exit code if it
 * fails.
 */
function run(command, args) {
  const shell = process.platform === 'win32' && command === 'npm'
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: ['ignore', 2, 2], shell })
  if (status !== 0) {
    console.error(`${command} ${args.join(' ')}: ${error ? error.message : `exit code ${status}`}`)
    process.exit(status ?? 1)
  }
}

/** The files below `folder` whose path matches, in the same order on every machine. */
function filesBelow(folder, pattern) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => pattern.test(path))
    .toSorted()
}

function hashOf(paths) {
  const hash = createHash('sha256')
  for (const path of paths) {
    hash
      .update(`${path.slice(root.length)}\0`)
      .update(readFileSync(path))
      .update('\0')
  }
  return hash.digest('hex')
}
