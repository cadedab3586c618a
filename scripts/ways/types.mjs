/**
 * Checks the declarations with compilers of several years, in both dialects, without leaving a declaration unchecked.
 */

import { cpSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../platforms/cache.mjs'
import { Failure, run, workshop, write } from './lab.mjs'
import { home, named, node, tool } from './tools.mjs'

/**
 * The compilers, each with declarations of Node that it understands: their newest versions require newer compilers
 * over time.
 */
const compilers = [
  { version: '5.0.4', nodes: ['20'] },
  { version: '5.4.5', nodes: ['20', '22'] },
  { version: '5.9.3', nodes: ['20', '22', '24', '26'] },
  { version: '7.0.2', nodes: ['20', '22', '24', '26'] },
]

const resolutions = {
  nodenext: ['--module', 'nodenext', '--moduleResolution', 'nodenext'],
  node16: ['--module', 'node16', '--moduleResolution', 'node16'],
  bundler: ['--module', 'esnext', '--moduleResolution', 'bundler'],
}

const body = `
declare const map: Mmap
// What fs.readFileSync returns, and an ArrayBuffer behind it.
let read = readFileSync('x')
read = map.view()
read = map.slice()
read = map.read()
read = map.readline()
for (const line of map.lines()) read = line
export async function follow(): Promise<ArrayBuffer | undefined> {
  for await (const { bytes } of Mmap.follow('x')) return bytes.buffer
  return undefined
}
const memory: ArrayBuffer = map.view().buffer
const floats: ArrayBuffer = map.view(Float32Array).buffer
const copy: ArrayBuffer = map.arrayBuffer()
export const blob = new Blob([map.view(), map.view(Float32Array), map.view(DataView), memory, floats, copy])
export const request = new Request('https://localhost', { method: 'POST', body: map.view() })
export const numbers: Float32Array = map.view(Float32Array, 0, 1)
export const view: DataView = map.view(DataView)
export const buffer: Buffer = map.view(Buffer)
export const offset: number = map.find(new Uint8Array(1)) + map.find('x', 0, 10) + ACCESS_READ
export const promise: Promise<number> = map.findAsync('x', { signal: new AbortController().signal })
export const opened: Mmap = Mmap.open(new URL('file:///x'), { access: ACCESS_READ })
export class Log extends Mmap {}
export const log: Log = Log.open('x')
export const code: ErrorCode = 'ERR_MMAP_CLOSED'
export function said(error: MmapError | MmapFaultError): FaultReason | undefined {
  return 'reason' in error && error.code === 'ERR_MMAP_FAULT' ? error.reason : undefined
}
// @ts-expect-error a needle is bytes or a string: this would pass if the types were any
export const wrong = map.find({})
// @ts-expect-error no such code
export const unknown: ErrorCode = 'ERR_NOTHING'
`

const names = `ACCESS_READ, type ErrorCode, type FaultReason, Mmap, type MmapError, type MmapFaultError`
const imports = `import { readFileSync } from 'node:fs'\nimport { ${names} } from 'fmmap'\n`

/** Every member of the class, with what it takes and gives. */
const everyMember = `import { Buffer } from 'node:buffer'
import { open } from 'node:fs/promises'
import * as fmmap from 'fmmap'
import { Mmap, Pattern } from 'fmmap'
declare const signal: AbortSignal
const options: fmmap.MmapOptions = { access: fmmap.ACCESS_READ, offset: 0, trackfd: true }
export const fromHandle: Promise<Mmap> = open('x').then((handle) => new Mmap(handle, 0, options))
const map: Mmap = Mmap.open(Buffer.from('x'), { create: 'exclusive', length: 1, mode: 0o600, empty: true })
const token: fmmap.MmapToken = map.share()
export const maps: Mmap[] = [Mmap.from(token), Mmap.shared('x', 1, { create: true }), Mmap.from({ ...token })]
Mmap.unlink('x')
export const numbers: number[] = [
  map.length, map.access, map.offset, map.size(), map.tell(), map.seek(0), map.seek(0, 2), map.readByte(), map.get(0),
  map.readInto(new Uint16Array(1)), map.copyTo(new DataView(new ArrayBuffer(1)), 0, 1), map.write('x'),
  map.find(/x/), map.find(['x', /y/, Buffer.of(1)], { start: 0 }), map.rfind(new Pattern('x', { ignoreCase: true })),
  map.rfind('x', 0, 1), map.rfind('x', { end: 1 }), map.count(new Pattern(/x/, { encoding: 'latin1' }), { start: 0, end: 1 }),
  map.countLines(), map.countLines('x', { invert: true }), map.notify(0), map.notify(0, 1), ...map, ...map.findAll('x', { limit: 1 }),
]
export const flags: boolean[] = [map.closed, map.seekable(), fmmap.faultGuard()]
fmmap.setFaultGuard(true)
export const bytes: Buffer[] = [map.read(), map.read(1), map.readline(), map.slice(0, 1, 2), map.view(0, 1), ...map.lines({ reverse: true })]
export const memory: ArrayBuffer[] = [map.arrayBuffer(0, 1), map.valueOf(), map.view(BigInt64Array).buffer]
export const one: SharedArrayBuffer = map.sharedBuffer(0, 4)
export const texts: (string | undefined)[] = [map.path, map.toString(), \`\${map}\`, map.wait(0, 0, 1)]
const found: fmmap.Match | null = map.match(/(?<year>[0-9]+)/, { encoding: 'utf8', start: 0 })
if (found !== null) {
  const [whole, year] = found
  texts.push(whole, year, found.groups?.['year'], String(found))
  numbers.push(found.index, found.end, found.pattern, ...(found.indices[0] ?? []))
  const group: Buffer | undefined = found.bytes('year')
  if (group !== undefined) bytes.push(group)
}
for (const match of map.matchAll('x', { limit: 1, reverse: true })) numbers.push(match.index)
for (const line of map.grep('x', { numbers: true, limit: 1 })) {
  bytes.push(line.bytes)
  numbers.push(line.start, line.end, line.number ?? 0)
}
map.set(0, 1)
map.writeByte(1)
map.setSlice(new Uint8Array(1), 0, 1, 1)
map.move(0, 1, 1)
map.flush()
map.flush(0, 1, { flags: 1 })
map.flush({ flags: 1 })
map.madvise(fmmap.MADV_WILLNEED, 0, 1)
map.lock(0, 1)
map.unlock()
map.allocate(0, 1)
map.resize(1, { detach: true })
const refreshed: fmmap.Refreshed = map.refresh()
map.setName('x')
export async function inBackground(): Promise<void> {
  const search: fmmap.AsyncSearchOptions = { start: 0, signal, onProgress: (done: number, total: number) => done / total }
  numbers.push(await map.findAsync('x', search), await map.rfindAsync(/x/), await map.countAsync('x'), await map.countLinesAsync())
  for await (const offset of map.findAllAsync('x', { limit: 1 })) numbers.push(offset)
  for await (const match of map.matchAllAsync(['x', 'y'])) numbers.push(match.pattern)
  for await (const line of map.grepAsync(/x/, { numbers: true })) bytes.push(line.bytes)
  const match: fmmap.Match | null = await map.matchAsync('x', { signal })
  bytes.push(await map.sliceAsync(0, 1, { signal }))
  memory.push(await map.arrayBufferAsync())
  await map.prefetchAsync(0, 1, { signal })
  await map.flushAsync({ signal })
  const woken: fmmap.WaitResult = await map.waitAsync(0, 0, { timeout: 1, signal })
  const reader = map.stream({ chunkSize: 1, signal }).getReader()
  const { value }: { value?: Uint8Array | undefined } = await reader.read()
  const follower: fmmap.Follower = Mmap.follow('x', { from: 'start', signal, reopen: false })
  for await (const lines of follower.batches()) bytes.push(...lines.map((line: fmmap.Line) => line.bytes))
  void [match, woken, value, refreshed]
}
map.close({ detach: true })
map[Symbol.dispose]()
`

/** The declarations as they are published: what they export, and the members of the class. */
function declared(packages) {
  const text = readFileSync(join(packages.fmmap, 'index.d.cts'), 'utf8')
  const [, names] = /^export \{ (.*) \};?$/m.exec(text)
  const types = names.split(', ').flatMap((name) => /^type (\w+)$/.exec(name)?.[1] ?? [])
  const [, body] = /^declare class Mmap [^]*?\{\n([^]*?)^\}/m.exec(text)
  const members = Array.from(
    body.matchAll(/^ {2}(?:static |get )?(\w+)(?:<.*?>)?\(/gm),
    ([, name]) => name,
  )
  return { types, members: new Set(members.filter((name) => name !== 'constructor')) }
}

/** Uses both dialects at once: their maps have one type. */
const together = `import { Mmap } from 'fmmap'
import { one } from './common.cjs'
export const same: Mmap = one
export const close = (map: Mmap): void => map.close()
close(one)
`

async function check({ packages }, { version, nodes }) {
  const problems = []
  const { types, members } = declared(packages)
  const unused = [...members].filter(
    (name) => !new RegExp(`\\b(map|Mmap)\\.${name}\\b`).test(everyMember),
  )
  if (unused.length > 0) throw new Failure(`no program here has ${unused.join(', ')}`)
  const every = `export type { ${types.join(', ')} } from 'fmmap'\n${everyMember}`
  for (const major of nodes) {
    const folder = workshop('ses', `types-${version}-${major}`, packages)
    const declarations = home(named(`types-node-${major}.`)[0])
    for (const name of ['@types/node', 'undici-types']) {
      cpSync(join(declarations, 'node_modules', name), join(folder, 'node_modules', name), {
        recursive: true,
      })
    }
    write(folder, {
      'program.mts': imports + body,
      'program.cts': imports + body,
      'common.cts': `import { Mmap } from 'fmmap'\nexport const one = new Mmap(-1, 1)\n`,
      'together.mts': together,
      'every.mts': every,
      'every.cts': every,
    })
    const compiler =
      version === '7.0.2'
        ? join(root, 'node_modules', 'typescript', 'bin', 'tsc')
        : tool(`typescript-${version}`, 'typescript/bin/tsc')
    // No --types: the declarations of the package bring those of Node.
    const all = ['--noEmit', '--strict', '--skipLibCheck', 'false']
    // The folder has no tsconfig.json, but one above it may have.
    if (version === '7.0.2') all.push('--ignoreConfig')
    for (const [resolution, options] of Object.entries(resolutions)) {
      const files = ['program.mts', 'program.cts', 'together.mts', 'every.mts', 'every.cts']
      const { code, text } = await run(folder, node(20), [
        compiler,
        ...all,
        '--target',
        'es2022',
        ...options,
        ...files,
      ])
      if (code !== 0) problems.push(`@types/node ${major}, ${resolution}:\n${text.slice(0, 3000)}`)
    }
  }
  if (problems.length > 0) throw new Failure(problems.join('\n'))
}

export const ways = compilers.map((compiler) => ({
  name: `typescript-${compiler.version}`,
  quick: compiler.version === '5.0.4' || compiler.version === '7.0.2',
  run: (lab) => check(lab, compiler),
}))
