// The addon as a guest of its runtime: which Node-API it asks for, in which contexts and threads it lives, and under
// which permissions.
import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { childAnswer, moduleFile, packageUrl } from './support/runtime.ts'
import { externalBuffers } from './support/platform.ts'
import test, { testWhere } from './support/test.ts'

const node = !('bun' in process.versions || 'deno' in process.versions)
const root = new URL('../', import.meta.url)

/** Node-API's functions that are newer than 8. */
const newer = [
  'node_api_create_buffer_from_arraybuffer',
  'node_api_create_external_string_latin1',
  'node_api_create_external_string_utf16',
  'node_api_create_property_key_latin1',
  'node_api_create_property_key_utf16',
  'node_api_create_syntax_error',
  'node_api_get_module_file_name',
  'node_api_symbol_for',
  'node_api_throw_syntax_error',
]

test('the addon asks for Node-API 8, and names no function of a newer one', (t) => {
  const addons = readdirSync(root).filter((name) => name.endsWith('.node'))
  t.is(addons.length, 1)
  const text = readFileSync(new URL(addons[0] as string, root), 'latin1')
  t.true(text.includes('node_api_module_get_api_version_v1'))
  t.true(text.includes('napi_detach_arraybuffer'), 'the names are there to be found')
  t.deepEqual(
    newer.filter((name) => text.includes(name)),
    [],
  )
})

const onNode = testWhere(node, 'Node’s own')

onNode('two contexts of one thread each have a package that works', async (t) => {
  const answer = await childAnswer<number[][]>(
    `
    const { compileFunction, createContext } = await import('node:vm')
    const { createRequire } = await import('node:module')
    const { readFileSync } = await import('node:fs')
    const require = createRequire(import.meta.url)
    const [, , addon, root] = process.argv
    /** The package once more, in a context without Node's globals, over an addon that is initialised once more. */
    const load = () => {
      delete require.cache[addon]
      const parsingContext = createContext({})
      const evaluate = (name) => {
        if (name === './binding.cjs') return require(addon)
        if (!name.startsWith('.')) return require(name)
        const module = { exports: {} }
        const source = readFileSync(new URL(name, root), 'utf8')
        compileFunction(source, ['exports', 'require', 'module'], { parsingContext })(
          module.exports,
          evaluate,
          module,
        )
        return module.exports
      }
      return evaluate('./index.cjs')
    }
    const packages = [fmmap, load(), load()]
    const maps = packages.map(({ Mmap }, at) => {
      const m = new Mmap(-1, 100)
      m.seek(10 * at)
      m.writeByte(at + 1)
      return m
    })
    const answers = maps.map((m, at) => [m.get(10 * at), m.find(Buffer.of(at + 1), 0), m.length])
    maps[0].close()
    console.log(JSON.stringify([...answers, [maps[1].get(10), maps[2].get(20)]]))`,
    [addonPath(), root.href],
  )
  t.deepEqual(answer, [
    [1, 0, 100],
    [2, 10, 100],
    [3, 20, 100],
    [2, 3],
  ])
})

test('two workers and the main thread each have maps of their own', async (t) => {
  const worker = moduleFile(`
    const { parentPort, workerData } = await import('node:worker_threads')
    const m = new fmmap.Mmap(-1, 4096)
    m.writeByte(workerData)
    parentPort.postMessage([m.get(0), await m.findAsync(Buffer.of(workerData), { start: 0 })])`)
  const answer = await childAnswer<unknown>(
    `
    const { Worker } = await import('node:worker_threads')
    const main = new fmmap.Mmap(-1, 4096)
    const answers = await Promise.all([1, 2].map((workerData) => new Promise((resolve, reject) => {
      const worker = new Worker(process.argv[2], { workerData })
      worker.on('message', (message) => resolve(message))
      worker.on('error', reject)
    })))
    // The workers have ended, and their maps with them; this thread's is as it was.
    main.writeByte(3)
    console.log(JSON.stringify([...answers, main.get(0)]))`,
    [worker],
  )
  t.deepEqual(answer, [[1, 0], [2, 0], 3])
})

/** What a process of Node's with these flags prints that loads the package: the length of a map, or the error. */
const loadedWith = (...flags: string[]): string => {
  const program = `import(${JSON.stringify(packageUrl)}).then(
    ({ Mmap }) => console.log(new Mmap(-1, 10).length),
    (error) => console.log(error.code, error.message))`
  return execFileSync(process.execPath, [...flags, '-e', program], {
    encoding: 'utf8',
    env: { ...process.env, NODE_OPTIONS: '' },
    stdio: ['ignore', 'pipe', 'ignore'],
  }).trim()
}

onNode('under the permission model it needs --allow-addons, and says so', (t) => {
  const [major = 0] = process.versions.node.split('.').map(Number)
  const permission = major < 22 ? '--experimental-permission' : '--permission'
  t.is(loadedWith(permission, '--allow-fs-read=*', '--allow-addons'), '10')
  const refusal = loadedWith(permission, '--allow-fs-read=*')
  t.true(refusal.startsWith('ERR_DLOPEN_DISABLED '), refusal)
  t.true(refusal.includes('--allow-addons'), refusal)
})

onNode('under --no-addons it is refused, and the message names that flag', (t) => {
  const refusal = loadedWith('--no-addons')
  t.true(refusal.startsWith('ERR_DLOPEN_DISABLED '), refusal)
  t.true(refusal.includes('without --no-addons'), refusal)
  t.false(refusal.includes('--allow-addons'), refusal)
})

/**
 * The addon's exports, for direct calls. Each runs in a process of its own, because it fails by the death of the
 * process.
 */
const direct = `
  const { createRequire } = await import('node:module')
  const addon = createRequire(import.meta.url)(process.argv[2])
  const n = addon.natives()
  const anonymous = (length) => n.map(-1, length, 0, undefined, undefined, 0, true, new Uint8Array(0))
  const attempt = (call) => { try { return call() } catch (error) { return error instanceof Error } }`

test('one Search that is given to two maps reads each within its bounds', async (t) => {
  const answer = await childAnswer<unknown>(
    `${direct}
    const [large, small] = [anonymous(8 << 20), anonymous(4096)]
    const outcomes = new Set()
    for (let round = 0; round < 20; round++) {
      const search = new addon.Search(Buffer.from('needle'), round % 4)
      const chunks = []
      for (const [handle, end] of [[large, 8 << 20], [small, 4096], [large, 8 << 20], [small, 4096]]) {
        const chunk = attempt(() => search.chunk(handle, 0, end - 10, end))
        if (chunk !== null) chunks.push(chunk)
        if (round % 5 === 4) n.close(anonymous(4096))
      }
      // The end comes before the last chunks have begun.
      if (round % 3 === 0) { search.end(); search.join() }
      for (const found of await Promise.all(chunks)) outcomes.add(found?.[0] > 0 ? 'all' : String(found?.[0]))
    }
    n.close(large)
    console.log(JSON.stringify([...outcomes].sort()))`,
    [addonPath()],
  )
  // No match, no count, only the place to go on, and no answer after the end.
  t.deepEqual(answer, ['-1', '0', 'all', 'undefined'])
})

/** An addon with a class, which is there in a checkout: that of the test runner's loader. */
const stranger = fileURLToPath(
  new URL('node_modules/@oxc-node/core-linux-x64-gnu/oxc-node.linux-x64-gnu.node', root),
)

test('a method of a class of the addon refuses what is no instance, of another class and of another addon', async (t) => {
  const answer = await childAnswer<unknown>(
    `${direct}
    const search = new addon.Search(Buffer.from('needle'), 0)
    const read = new addon.Read(10)
    const others = [{}, n, Object.create(search), new Proxy(search, {}), undefined, 1, new ArrayBuffer(8), addon.Search]
    if (process.argv[3] !== undefined) {
      const { OxcTransformer } = createRequire(import.meta.url)(process.argv[3])
      others.push(new OxcTransformer('/'))
    }
    const refused = [addon.Search, addon.PatternSearch, addon.Read].flatMap((Class) => {
      const members = Object.getOwnPropertyNames(Class.prototype).filter((name) => name !== 'constructor')
      const strangers = [...others, ...(Class === addon.Search ? [read] : Class === addon.Read ? [search] : [read, search])]
      return members.flatMap((name) =>
        strangers.map((other) => attempt(() => Class.prototype[name].call(other, anonymous(10), 0, 1, 2)) === true || name),
      )
    })
    console.log(JSON.stringify([refused.filter((one) => one !== true), refused.length > 100, search.overlaps()]))`,
    [addonPath(), ...(existsSync(stranger) ? [stranger] : [])],
  )
  t.deepEqual(answer, [[], true, false])
})

testWhere(externalBuffers, 'there are no views')(
  'detach lets the memory of no other buffer go than the one that it detaches',
  async (t) => {
    const answer = await childAnswer<unknown>(
      `${direct}
    const lengths = []
    const size = 1 << 20
    const fill = (buffer) => new Uint8Array(buffer).fill(7)
    // Two views of one range, of which one is detached; then the map goes, and what is left is read.
    let handle = anonymous(size)
    const [one, two] = [n.view(handle, 0, size), n.view(handle, 0, size)]
    lengths.push(n.detach(handle, two), one.byteLength, two.byteLength)
    n.close(handle)
    globalThis.gc?.()
    await pause(50)
    fill(one)
    // The window is not a view, though it may cover the same bytes as one.
    handle = anonymous(size)
    const [window, view] = [n.window(handle, 0, size), n.view(handle, 0, size)]
    lengths.push(n.detach(handle, window), view.byteLength)
    n.close(handle)
    fill(view)
    // A view of another map, something that is no view, and one view again and again.
    handle = anonymous(size)
    lengths.push(n.detach(handle, view), n.detach(handle, new ArrayBuffer(size)), n.detach(handle, new ArrayBuffer(0)))
    for (let round = 0; round < 3; round++) lengths.push(n.detach(handle, n.view(handle, 4096, 4096)))
    console.log(JSON.stringify(lengths))`,
      [addonPath()],
    )
    const none = [false, false, false]
    t.deepEqual(answer, [true, 1 << 20, 0, false, 1 << 20, ...none, true, true, true])
  },
)

test('without external buffers no code of others runs between the numbers and the call', async (t) => {
  const answer = await childAnswer<unknown>(
    `
    const m = new fmmap.Mmap(-1, 4096)
    m.set(7, 9)
    const iterator = Object.getPrototypeOf(Int8Array.prototype)
    const own = iterator[Symbol.iterator]
    let ran = 0
    iterator[Symbol.iterator] = function () {
      ran++
      m.close()
      return own.call([])
    }
    const read = [m.get(7), m.find(Buffer.of(9), 0), m.slice(7, 8)[0], m.read(8)[7]]
    m.write(Buffer.of(1, 2))
    m.move(0, 7, 1)
    console.log(JSON.stringify([read, m.get(0), ran]))`,
    [],
    { FMMAP_NO_EXTERNAL_BUFFERS: '1' },
  )
  t.deepEqual(answer, [[9, 7, 9, 9], 9, 0])
})

function addonPath(): string {
  const addon = readdirSync(root).find((name) => name.endsWith('.node'))
  return fileURLToPath(new URL(addon ?? '', root))
}
