/**
 * The processor time that `import` and `require` of the package take, compared with an empty package and with the
 * addon alone.
 */

import { cpSync } from 'node:fs'
import { join } from 'node:path'
import { packageName } from '../packages.mjs'
import { Failure, platform, run, workshop, write } from './lab.mjs'
import { node } from './tools.mjs'

/** The number of rounds, in each of which all cases take turns. */
const ROUNDS = 25

/**
 * A module of Node's that takes longer to load than the JavaScript of the package may take to be read, compiled and
 * run, beyond an empty package and the addon's load. So what would grow unnoticed is found, such as the load of such a
 * module, and on a slow or busy machine both take longer.
 */
const LARGE = 'node:https'

const median = (times) => times.toSorted((one, other) => one - other)[times.length >> 1]

const timed = (load) => `const before = process.cpuUsage()
${load}
const { user, system } = process.cpuUsage(before)
console.log((user + system) / 1000)
`

/** An empty package with the same manifest, and the same way from index.js to CommonJS. */
function empty(folder, packages) {
  const home = join(folder, 'node_modules', 'empty')
  cpSync(packages.fmmap, home, { recursive: true })
  write(home, {
    'index.cjs': 'exports.Mmap = class {}\n',
    'index.js': `import load from './load.cjs'\nexport const { Mmap } = load()\n`,
  })
}

async function cost({ packages }, program) {
  const folder = workshop('ses', 'cost', packages)
  empty(folder, packages)
  const cases = {
    'nothing.cjs': '',
    'large.cjs': `require('${LARGE}')`,
    'addon.cjs': `require('${packageName(platform)}')`,
    'empty.cjs': `require('empty')`,
    'empty.mjs': `await import('empty')`,
    'fmmap.cjs': `require('fmmap')`,
    'fmmap.mjs': `await import('fmmap')`,
  }
  write(
    folder,
    Object.fromEntries(Object.entries(cases).map(([name, load]) => [name, timed(load)])),
  )
  const times = Object.fromEntries(Object.keys(cases).map((name) => [name, []]))
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const name of Object.keys(cases)) {
      const { output } = await run(folder, program, [name])
      times[name].push(Number(output))
    }
  }
  const at = (name) => median(times[name])
  const addon = at('addon.cjs') - at('nothing.cjs')
  const most = at('large.cjs') - at('nothing.cjs')
  const over = (dialect) => at(`fmmap.${dialect}`) - at(`empty.${dialect}`) - addon
  const text = `addon ${addon.toFixed(1)} ms, over it and an empty package: require ${over('cjs').toFixed(1)}, import ${over('mjs').toFixed(1)}`
  if (Math.max(over('cjs'), over('mjs')) > most) {
    throw new Failure(`${text}: more than the ${most.toFixed(1)} of ${LARGE}`)
  }
  return `pass: ${text}`
}

export const ways = [20, 24].map((major) => ({
  name: `cost-node-${major}`,
  quick: major === 20,
  run: (lab) => cost(lab, node(major)),
}))
