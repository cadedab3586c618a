/**
 * The packages that are published: `fmmap`, which has no machine code, and one package for each platform, which has
 * only its .node file. npm installs the one whose `os`, `cpu` and `libc` fit.
 *
 *   node scripts/packages.mjs                      writes npm/<platform>/package.json and README.md
 *   node scripts/packages.mjs --check              fails when one of them is stale
 *   node scripts/packages.mjs --stage FOLDER       lays the packages out in FOLDER as they are published,
 *                                                  with the binaries of artifacts/, none of which may lack
 *
 * Only the published manifest has `optionalDependencies`: the platform packages of a version don't exist before the
 * version does, and `npm ci` in the repository must not ask for them.
 */

import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { checkBinary } from './binaries.mjs'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))

/** The platforms by the names in their packages: what npm must know about each, and Rust's name for it. */
export const platforms = {
  'darwin-arm64': { os: 'darwin', cpu: 'arm64', target: 'aarch64-apple-darwin' },
  'darwin-x64': { os: 'darwin', cpu: 'x64', target: 'x86_64-apple-darwin' },
  'freebsd-x64': { os: 'freebsd', cpu: 'x64', target: 'x86_64-unknown-freebsd' },
  'linux-arm64-gnu': {
    os: 'linux',
    cpu: 'arm64',
    libc: 'glibc',
    target: 'aarch64-unknown-linux-gnu',
  },
  'linux-arm64-musl': {
    os: 'linux',
    cpu: 'arm64',
    libc: 'musl',
    target: 'aarch64-unknown-linux-musl',
  },
  'linux-x64-gnu': { os: 'linux', cpu: 'x64', libc: 'glibc', target: 'x86_64-unknown-linux-gnu' },
  'linux-x64-musl': { os: 'linux', cpu: 'x64', libc: 'musl', target: 'x86_64-unknown-linux-musl' },
  'win32-arm64-msvc': { os: 'win32', cpu: 'arm64', target: 'aarch64-pc-windows-msvc' },
  'win32-x64-msvc': { os: 'win32', cpu: 'x64', target: 'x86_64-pc-windows-msvc' },
}

export const packageName = (platform) => `fmmap-${platform}`
export const binaryName = (platform) => `fmmap.${platform}.node`

/** The files of npm/<platform>, by name. */
function platformFiles(platform) {
  const { os, cpu, libc, target } = platforms[platform]
  const file = binaryName(platform)
  const { version, keywords, homepage, bugs, license, repository, engines, publishConfig } =
    manifest
  const fields = {
    name: packageName(platform),
    version,
    description: `The ${platform} binary of fmmap.`,
    keywords,
    homepage,
    bugs,
    license,
    repository: { ...repository, directory: `npm/${platform}` },
    files: [file],
    main: file,
    engines,
    os: [os],
    cpu: [cpu],
    ...(libc ? { libc: [libc] } : {}),
    // A library has to be loaded from a file of its own, not from an archive.
    preferUnplugged: true,
    publishConfig,
  }
  const libraries = { glibc: ', with glibc 2.17 or newer', musl: ', with musl' }
  return {
    'package.json': `${JSON.stringify(fields, null, 2)}\n`,
    'README.md': `# ${packageName(platform)}

The binary of [fmmap](${homepage}) for \`${target}\`${libraries[libc] ?? ''}.

Install \`fmmap\`: it depends on this package where it fits, and nothing here is meant to be imported.
`,
  }
}

/** Writes npm/; or reports which of its files are out of date. */
function writePlatforms(check) {
  for (const platform of Object.keys(platforms)) {
    for (const [name, text] of Object.entries(platformFiles(platform))) {
      const path = join('npm', platform, name)
      const file = join(root, path)
      if (!check) {
        mkdirSync(dirname(file), { recursive: true })
        writeFileSync(file, text)
      } else if (!existsSync(file) || readFileSync(file, 'utf8') !== text) {
        console.error(`${path} is stale: npm run packages`)
        process.exitCode = 1
      }
    }
  }
  const listed = manifest.napi.targets.toSorted().join()
  const known = Object.values(platforms).map(({ target }) => target)
  if (listed !== known.toSorted().join()) {
    console.error('package.json and scripts/packages.mjs differ about the targets')
    process.exitCode = 1
  }
}

/**
 * Puts the root package into `folder`/fmmap, and each of the `chosen` platforms into `folder`/<its package>, with its
 * binary from `binaries`. Returns the folders, those of the platforms first. They are published in this order:
 * otherwise somebody could install a root package whose binaries don't exist yet.
 */
export function stage(folder, binaries, chosen = Object.keys(platforms)) {
  rmSync(folder, { recursive: true, force: true })
  const folders = chosen.map((platform) => {
    const home = join(folder, packageName(platform))
    const binary = join(binaries, binaryName(platform))
    checkBinary(binary, platform)
    cpSync(join(root, 'npm', platform), home, { recursive: true })
    cpSync(binary, join(home, binaryName(platform)))
    cpSync(join(root, 'LICENSE'), join(home, 'LICENSE'))
    return home
  })
  const home = join(folder, 'fmmap')
  mkdirSync(home, { recursive: true })
  for (const file of [...manifest.files, 'README.md', 'LICENSE']) {
    cpSync(join(root, file), join(home, file))
  }
  const { version } = manifest
  const optionalDependencies = Object.fromEntries(
    Object.keys(platforms).map((platform) => [packageName(platform), version]),
  )
  // Entries that only the repository uses are left out.
  const { scripts, devDependencies, napi, ava, ...published } = manifest
  void [scripts, devDependencies, napi, ava]
  writeFileSync(
    join(home, 'package.json'),
    `${JSON.stringify({ ...published, optionalDependencies }, null, 2)}\n`,
  )
  return [...folders, home]
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [option, folder] = process.argv.slice(2)
  if (option === '--stage') {
    for (const home of stage(folder, join(root, 'artifacts'))) console.log(home)
  } else {
    writePlatforms(option === '--check')
  }
}
