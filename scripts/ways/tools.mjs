/** The tools, in fixed versions. Each group is installed into one folder of the cache. */

import { join } from 'node:path'
import { npm, together } from '../platforms/cache.mjs'

const groups = {
  'jest-29': ['jest@29.7.0', 'jest-environment-jsdom@29.7.0'],
  'jest-30': ['jest@30.5.2', 'jest-environment-jsdom@30.5.2'],
  'vitest-3': ['vitest@3.2.4'],
  'vitest-4': ['vitest@4.1.12'],
  bundlers: [
    '@rollup/plugin-commonjs@29.0.3',
    '@rollup/plugin-node-resolve@16.0.3',
    '@rspack/core@2.3.3',
    '@vercel/ncc@0.45.0',
    '@vercel/nft@1.11.5',
    '@vercel/webpack-asset-relocator-loader@1.7.3',
    'esbuild@0.28.2',
    'node-loader@2.1.0',
    'postject@1.0.0-alpha.6',
    'rolldown@1.3.2',
    'rollup@4.68.8',
    'vite@8.3.8',
    'webpack@5.113.0',
  ],
  'vite-7': ['vite@7.3.8'],
  next: ['next@16.4.6', 'react@19.3.1', 'react-dom@19.3.1'],
  managers: ['npm@11.21.2', 'pnpm@10.34.8', 'yarn@1.22.22', '@yarnpkg/cli-dist@4.18.1'],
  ses: ['ses@2.3.0'],
  ...Object.fromEntries(
    ['5.0.4', '5.4.5', '5.9.3'].map((v) => [`typescript-${v}`, [`typescript@${v}`]]),
  ),
  ...Object.fromEntries(
    ['20.19.43', '22.20.5', '24.19.2', '26.6.6'].map((v) => [
      `types-node-${v}`,
      [`@types/node@${v}`],
    ]),
  ),
}

/** The folder of a group. Programs below it find its packages. */
export const home = (group) => together(group, groups[group])

/** The names of the groups that begin with this text. */
export const named = (start) => Object.keys(groups).filter((name) => name.startsWith(start))

/** A file in a package of a group. */
export const tool = (group, file) => join(home(group), 'node_modules', file)

const host = `${process.platform}-${process.arch}`
export const bun = () => npm(`@oven/bun-${host}@1.4.5`, 'bin/bun')
export const deno = () => npm(`@deno/${host}-glibc@2.9.6`, 'deno')
export const node = (major) => npm(`node-${host}@${major}`, 'bin/node')
