/**
 * Counts matches of a RegExp in a file by the runtime's own `exec`, one answer a line: `patterns.ts` runs it with Bun.
 *
 *   bun benchmark/patterns-peer.mjs FILE
 */

import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'

const string = readFileSync(process.argv[2], 'latin1')

for await (const line of createInterface({ input: process.stdin })) {
  const { source, flags, length } = JSON.parse(line)
  const re = new RegExp(source, `${flags}g`)
  const searched = string.slice(0, length)
  const start = process.cpuUsage().user
  let count = 0
  for (let match = re.exec(searched); match !== null; match = re.exec(searched)) {
    count += 1
    if (match[0] === '') re.lastIndex += 1
  }
  console.log(JSON.stringify({ count, ms: (process.cpuUsage().user - start) / 1000 }))
}
