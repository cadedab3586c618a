/** Installs what the platforms need beside the checkout, into FMMAP_CACHE, by default ~/.cache/fmmap. */

import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..')

const folder =
  process.env.FMMAP_CACHE || join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'fmmap')

/** A tool that this machine lacks and can't install. */
export class Missing extends Error {}

/** A folder of the cache, which is made if it is missing. */
export function cached(...names) {
  const path = join(folder, ...names)
  mkdirSync(path, { recursive: true })
  return path
}

/** Runs a command to its end, with its output on stderr. Throws if it fails. */
export function run(command, args, options = {}) {
  const { status, error } = spawnSync(command, args, {
    cwd: root,
    stdio: ['ignore', 2, 2],
    ...options,
  })
  if (status !== 0) {
    throw new Error(`${command} ${args.join(' ')}: ${error?.message ?? `exit code ${status}`}`)
  }
}

/** As `run`, for an installation. If it fails again and again, the tool can't be had here. */
function obtain(command, args) {
  try {
    run('sh', [join(root, 'scripts', 'retry.sh'), command, ...args])
  } catch (error) {
    throw new Missing(error.message)
  }
}

/** Installs Debian packages that are missing. Needs root, or a sudo that does not ask. */
export function debian(...packages) {
  const installed = spawnSync('dpkg-query', ['-W', '-f=${db:Status-Status}\n', ...packages])
  if (installed.error) throw new Missing(`no dpkg here, so no ${packages.join(', ')}`)
  const states = installed.stdout.toString().trim().split('\n')
  if (installed.status === 0 && states.every((state) => state === 'installed')) return
  const [sudo, flags] = process.getuid?.() === 0 ? ['env', []] : ['sudo', ['-n', 'env']]
  // A fresh machine may be installing its own updates.
  const patient = ['-o', 'DPkg::Lock::Timeout=600', '-o', 'Acquire::Retries=5']
  const apt = [...flags, 'DEBIAN_FRONTEND=noninteractive', 'apt-get', ...patient]
  obtain(sudo, [...apt, 'update', '-qq'])
  obtain(sudo, [...apt, 'install', '-y', '-qq', '--no-install-recommends', ...packages])
}

/**
 * Installs a package of npm's into the cache, and returns the path of `file` in it. `platform` is for a package for
 * another machine, such as 'win32/x64'.
 */
export function npm(spec, file, platform) {
  const home = cached('npm', spec.replace(/^@/, '').replaceAll(/[@/]/g, '-'))
  const name = spec.slice(0, spec.lastIndexOf('@') > 0 ? spec.lastIndexOf('@') : undefined)
  const path = join(home, 'node_modules', name, file)
  if (!existsSync(path)) {
    const [os, cpu] = platform?.split('/') ?? []
    const foreign = platform ? [`--os=${os}`, `--cpu=${cpu}`, '--force'] : []
    const options = ['--no-save', '--no-audit', '--no-fund', '--ignore-scripts', '--loglevel=error']
    obtain('npm', ['install', '--prefix', home, ...options, ...foreign, spec])
  }
  if (!existsSync(path)) throw new Missing(`${spec} has no ${file}`)
  return path
}

/**
 * Installs packages of npm's that are used together into a folder of their own, and returns its path. Programs below
 * that folder find them as usual.
 */
export function together(name, specs) {
  const home = cached('together', name)
  const complete = join(home, 'complete.json')
  const wanted = JSON.stringify(specs)
  if (!existsSync(complete) || readFileSync(complete, 'utf8') !== wanted) {
    rmSync(join(home, 'node_modules'), { recursive: true, force: true })
    writeFileSync(join(home, 'package.json'), '{ "private": true }\n')
    const options = ['--no-save', '--no-audit', '--no-fund', '--ignore-scripts', '--loglevel=error']
    obtain('npm', ['install', '--prefix', home, ...options, ...specs])
    writeFileSync(complete, wanted)
  }
  return home
}

/** Makes a virtual environment of Python's with these packages, and returns its folder of programs. */
export function python(name, packages, interpreter = 'python3') {
  const home = join(cached('python'), name)
  const bin = join(home, 'bin')
  if (!existsSync(join(home, 'complete'))) {
    debian('python3-venv')
    rmSync(home, { recursive: true, force: true })
    obtain(interpreter, ['-m', 'venv', home])
    obtain(join(bin, 'pip'), ['install', '--quiet', '--disable-pip-version-check', ...packages])
    mkdirSync(join(home, 'complete'))
  }
  return bin
}

/** cargo-zigbuild and zig, in fixed versions; their folder of programs. */
export const zigbuild = () =>
  python('zigbuild-0.24.0-0.17.1', ['cargo-zigbuild==0.24.0', 'ziglang==0.17.1'])

/** Runs a command and returns what it prints. After `limit` milliseconds it is killed. */
export function gather(command, args, { limit = 60 * 60_000, ...options } = {}) {
  const child = spawn(command, args, {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
    ...options,
  })
  let output = ''
  let errors = ''
  child.stdout?.setEncoding('utf8').on('data', (text) => (output += text))
  child.stderr?.setEncoding('utf8').on('data', (text) => (errors += text))
  const timer = setTimeout(() => child.kill('SIGKILL'), limit)
  return new Promise((resolve, reject) => {
    child.on('error', (error) => {
      clearTimeout(timer)
      reject(new Missing(`${command}: ${error.message}`))
    })
    child.on('close', (code, signal) => {
      clearTimeout(timer)
      resolve({ code, signal, output, errors })
    })
  })
}

/**
 * The suite's spec files, by their paths in its folder. Those of the examples are left out, because they need other
 * packages, which are installed for this machine's Node only.
 */
export const specs = () =>
  readdirSync(join(root, '__test__'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.spec.ts') && !/^examples[\\/]/.test(name))
    .toSorted()
