/**
 * Package managers, with the registry on this machine; and what goes with installing: omitted packages, copies,
 * upgrades.
 */

import { existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { packageName } from '../packages.mjs'
import { Failure, moved, platform, printsOk, programs, run, succeed, write } from './lab.mjs'
import { bun, deno, node, tool } from './tools.mjs'

const files = ['import.mjs', 'require.cjs', 'both.mjs']

/** How each manager adds fmmap, and how a program is then run. */
const managers = {
  'npm-11': { cli: 'npm/bin/npm-cli.js', add: ['install', 'fmmap'] },
  pnpm: { cli: 'pnpm/bin/pnpm.cjs', add: ['add', 'fmmap'] },
  'yarn-1': { cli: 'yarn/bin/yarn.js', add: ['add', 'fmmap', '--non-interactive'] },
  'yarn-4': {
    cli: '@yarnpkg/cli-dist/bin/yarn.js',
    add: ['add', 'fmmap'],
    files: (url) => ({ '.yarnrc.yml': yarnrc(url, 'node-modules'), 'yarn.lock': '' }),
  },
  'yarn-4-pnp': {
    cli: '@yarnpkg/cli-dist/bin/yarn.js',
    add: ['add', 'fmmap'],
    files: (url) => ({ '.yarnrc.yml': yarnrc(url, 'pnp'), 'yarn.lock': '' }),
    run: ['node'],
  },
}

const yarnrc = (url, linker) => `nodeLinker: ${linker}
npmRegistryServer: '${url}'
unsafeHttpWhitelist: ['127.0.0.1']
enableGlobalCache: false
enableTelemetry: false
npmMinimalAgeGate: 0
enableImmutableInstalls: false
`

/** Nothing may be left from an earlier run: the version is the same, but the packages are others. */
const environment = (url, folder) => ({
  YARN_CACHE_FOLDER: join(folder, '.yarn-cache'),
  NPM_CONFIG_CACHE: join(folder, '.npm-cache'),
  NPM_CONFIG_REGISTRY: url,
  YARN_REGISTRY: url,
  NPM_CONFIG_UPDATE_NOTIFIER: 'false',
  NPM_CONFIG_AUDIT: 'false',
  NPM_CONFIG_FUND: 'false',
})

const npm = (folder, lab, ...args) =>
  succeed(folder, node(24), [tool('managers', 'npm/bin/npm-cli.js'), ...args], {
    env: environment(lab.registry.url, folder),
  })

/** A folder for a program outside of the cache, with no node_modules above it. */
function place(lab, name) {
  const folder = moved(lab.scratch, `managers/${name}`, '', [])
  write(folder, {
    ...Object.fromEntries(files.map((file) => [file, programs[file]])),
    'package.json': '{ "name": "app", "version": "1.0.0", "private": true }\n',
  })
  return folder
}

export const ways = [
  ...Object.entries(managers).map(([name, manager]) => ({
    name,
    quick: name === 'npm-11' || name === 'yarn-4-pnp',
    async run(lab) {
      const { url } = lab.registry
      const folder = place(lab, name)
      write(folder, manager.files?.(url) ?? {})
      const env = environment(url, folder)
      const cli = tool('managers', manager.cli)
      await succeed(folder, node(24), [cli, ...manager.add], { env })
      for (const major of [20, 24]) {
        for (const file of files) {
          const before = manager.run ? [cli, ...manager.run] : []
          await printsOk(folder, node(major), [...before, file], { env })
        }
      }
    },
  })),
  {
    name: 'bun-install',
    quick: false,
    async run(lab) {
      const folder = place(lab, 'bun')
      await succeed(folder, bun(), ['add', 'fmmap', '--registry', lab.registry.url])
      for (const file of files) {
        await printsOk(folder, bun(), [file])
        await printsOk(folder, node(20), [file])
      }
    },
  },
  {
    name: 'deno-install',
    quick: false,
    async run(lab) {
      const folder = place(lab, 'deno')
      const env = { ...environment(lab.registry.url, folder), DENO_NO_PROMPT: '1' }
      await succeed(folder, deno(), ['add', '--quiet', 'npm:fmmap'], { env })
      await succeed(folder, deno(), ['install', '--quiet'], { env })
      const flags = ['run', '--allow-ffi', '--allow-read', '--allow-env']
      for (const file of files) await printsOk(folder, deno(), [...flags, file], { env })
    },
  },
  {
    name: 'npm-ci-omit',
    quick: true,
    async run(lab) {
      const folder = place(lab, 'omit')
      await npm(folder, lab, 'install', 'fmmap')
      await npm(folder, lab, 'ci', '--omit=dev')
      await printsOk(folder, node(20), ['require.cjs'])
      // As in a stage of a Dockerfile, or an archive for a cloud function: only the folder is moved somewhere else.
      const there = moved(lab.scratch, 'managers/stage', folder)
      rmSync(folder, { recursive: true })
      await printsOk(there, node(20), ['require.cjs'])
      await printsOk(there, node(20), ['import.mjs'])

      await npm(there, lab, 'ci', '--omit=optional')
      const { code, text } = await run(there, node(20), ['require.cjs'])
      const cure = `npm install --save-optional ${packageName(platform)}@`
      if (code === 0 || !text.includes(cure)) throw new Failure(`${cure} is not in\n${text}`)
      // The remedies that the message names.
      const [command = ''] = /npm install --save-optional \S+/.exec(text) ?? []
      await npm(there, lab, ...command.split(' ').slice(1), '--include=optional')
      await printsOk(there, node(20), ['require.cjs'])
      await npm(there, lab, 'ci', '--omit=optional')
      await npm(there, lab, 'install', '--include=optional')
      await printsOk(there, node(20), ['require.cjs'])
    },
  },
  {
    name: 'npm-another-platform',
    quick: false,
    async run(lab) {
      const folder = place(lab, 'platform')
      lab.registry.asked()
      await npm(folder, lab, 'install', 'fmmap', '--os=linux', '--cpu=x64', '--libc=musl')
      const modules = join(folder, 'node_modules')
      const [right, wrong] = ['linux-x64-musl', platform].map((name) =>
        existsSync(join(modules, packageName(name))),
      )
      if (!right || wrong)
        throw new Failure(`${packageName('linux-x64-musl')} is not what was installed`)
    },
  },
]
