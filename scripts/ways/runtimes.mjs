/** The runtimes, and the realms that they can make. */

import { join } from 'node:path'
import { assertions, printsOk, succeed, workshop, write } from './lab.mjs'
import { bun, deno, node, tool } from './tools.mjs'

const both = async (folder, program, flags = [], options = {}) => {
  for (const file of ['import.mjs', 'require.cjs', 'both.mjs']) {
    await printsOk(folder, program, [...flags, file], options)
  }
}

/** Each way has a name, whether it is one of the quick ones, and what it does. */
export const ways = [
  // The versions in between have no `require` of ES modules.
  ...[20, '21.7.3', '22.0.0', 22, 24, 26].map((major) => ({
    name: `node-${major}`,
    quick: major === 20 || major === '22.0.0' || major === 26,
    async run({ packages }) {
      await both(workshop('ses', `node-${major}`, packages), node(major))
    },
  })),
  {
    name: 'bun',
    quick: true,
    async run({ packages }) {
      await both(workshop('ses', 'bun', packages), bun())
    },
  },
  {
    name: 'deno',
    quick: true,
    async run({ packages }) {
      const flags = [
        'run',
        '--node-modules-dir=manual',
        '--allow-ffi',
        '--allow-read',
        '--allow-env',
      ]
      await both(workshop('ses', 'deno', packages), deno(), flags, { env: { DENO_NO_PROMPT: '1' } })
    },
  },
  ...[20, 24].map((major) => ({
    name: `frozen-intrinsics-${major}`,
    quick: true,
    async run({ packages }) {
      const folder = workshop('ses', `frozen-${major}`, packages)
      await both(folder, node(major), ['--frozen-intrinsics', '--no-warnings'])
    },
  })),
  ...[20, 26].map((major) => ({
    name: `ses-${major}`,
    quick: true,
    async run({ packages }) {
      const folder = workshop('ses', `ses-${major}`, packages)
      write(folder, {
        'before.cjs': `require('ses')\nlockdown()\nrequire('./require.cjs')\n`,
        'after.cjs': `const { Mmap } = require('fmmap')
require('ses')
lockdown()
require('./require.cjs')
const map = new Mmap(-1, 1 << 20)
map.findAsync('x', { signal: AbortSignal.abort() }).catch(({ name }) => {
  console.log(name === 'AbortError' && [...map.lines()].length === 1 ? 'ok' : 'wrong')
})
`,
      })
      await printsOk(folder, node(major), ['before.cjs'])
      await printsOk(folder, node(major), ['after.cjs'])
    },
  })),
  {
    name: 'node-vm',
    quick: true,
    async run({ packages }) {
      const folder = workshop('ses', 'vm', packages)
      write(folder, {
        'program.cjs': `const vm = require('node:vm')
const { readFileSync } = require('node:fs')
const source = '(function (require, console, process) {' + readFileSync('require.cjs', 'utf8') + '})'
vm.runInContext(source, vm.createContext({}))(require, console, process)
`,
      })
      await printsOk(folder, node(20), ['program.cjs'])
      await printsOk(folder, node(26), ['program.cjs'])
    },
  },
  ...['29', '30'].flatMap((version) =>
    ['node', 'jsdom'].flatMap((environment) =>
      ['require', 'modules'].map((dialect) => ({
        name: `jest-${version}-${environment}-${dialect}`,
        quick: version === '30' && environment === 'node',
        run: ({ packages }) => jest(packages, version, environment, dialect),
      })),
    ),
  ),
  ...['3', '4'].flatMap((version) =>
    ['forks', 'threads', 'vmForks', 'vmThreads'].map((pool) => ({
      name: `vitest-${version}-${pool}`,
      quick: version === '4' && pool.startsWith('vm'),
      run: ({ packages }) => vitest(packages, version, pool),
    })),
  ),
]

/** What only a test runner's realm may do wrong: the classes of arrays, and the properties of an error. */
const realm = `
  const map = new Mmap(-1, 64)
  for (const Class of [
    Int8Array, Uint8Array, Uint8ClampedArray, Int16Array, Uint16Array, Int32Array, Uint32Array,
    Float32Array, Float64Array, BigInt64Array, BigUint64Array, DataView, Buffer,
  ]) {
    expect(map.view(Class, 8, 1)).toBeInstanceOf(Class)
  }
  expect(Object.getOwnPropertyNames(Mmap.prototype)).not.toContain('undefined')
  expect(map).toBeInstanceOf(Mmap)
  expect(() => map.get(64)).toThrow(RangeError)
  expect(() => map.get(64)).toThrow(expect.objectContaining({ code: 'ERR_OUT_OF_RANGE' }))
  expect(() => Mmap.open('nowhere.txt')).toThrow(
    expect.objectContaining({ code: 'ENOENT', errno: -2, syscall: 'open', path: 'nowhere.txt' }),
  )
  expect(() => map.flush(1)).toThrow(expect.objectContaining({ code: 'EINVAL', syscall: 'msync' }))
  expect(map.find(new Uint8Array(1), 0)).toBe(0)
  expect(map.slice(0, 2)).toEqual(Buffer.alloc(2))
  map.close()
`

const searches = `
  const map = Mmap.open('large.txt')
  expect(await map.findAsync('needle')).toBe(1 << 20)
  expect(await map.countAsync('needle')).toBe(1)
  await expect(map.findAsync('x', { signal: AbortSignal.abort() })).rejects.toThrow(
    expect.objectContaining({ name: 'AbortError', code: 'ABORT_ERR' }),
  )
  map.close()
`

const large = { 'large.txt': `${' '.repeat(1 << 20)}needle` }

const tests = (head) => `${head}
test('a program', () => {
${assertions}
})
test('the realm', () => {${realm}})
test('in the background', async () => {${searches}})
`

async function jest(packages, version, environment, dialect) {
  const group = `jest-${version}`
  const folder = workshop(group, `${environment}-${dialect}`, packages)
  const modules = dialect === 'modules'
  const names = '{ ACCESS_READ, MADV_NOSYNC, Mmap }'
  const head = modules ? `import ${names} from 'fmmap'` : `const ${names} = require('fmmap')`
  write(folder, {
    ...large,
    [`way.test.${modules ? 'mjs' : 'cjs'}`]: tests(head),
    'jest.config.json': JSON.stringify({
      testEnvironment: environment,
      testMatch: ['**/*.test.?js'],
      transform: {},
      cacheDirectory: join(folder, '.cache'),
    }),
  })
  const flags = modules ? ['--experimental-vm-modules', '--no-warnings'] : []
  const cli = tool(group, 'jest/bin/jest.js')
  const { text } = await succeed(folder, node(20), [
    ...flags,
    cli,
    '--ci',
    '-i',
    '--rootDir',
    folder,
  ])
  if (!/^Tests: +3 passed, 3 total$/m.test(text)) throw new Error(text)
}

async function vitest(packages, version, pool) {
  const group = `vitest-${version}`
  const folder = workshop(group, pool, packages)
  write(folder, {
    ...large,
    'way.test.mjs': tests(
      `import { expect, test } from 'vitest'\nimport { ACCESS_READ, MADV_NOSYNC, Mmap } from 'fmmap'`,
    ),
  })
  const cli = tool(group, 'vitest/vitest.mjs')
  const { text } = await succeed(folder, node(24), [cli, 'run', '--root', folder, '--pool', pool])
  if (!/Tests +3 passed \(3\)/.test(text)) throw new Error(text)
}
