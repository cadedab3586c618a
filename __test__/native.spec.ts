// The addon as a guest of its runtime: which Node-API it asks for, in which contexts and threads it lives, and under
// which permissions.
import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { childAnswer, moduleFile, packageUrl } from './support/runtime.ts'
import test, { testWhere } from './support/test.ts'

const node = !('bun' in process.versions || 'deno' in process.versions)
const root = new URL('../', import.meta.url)

/** Node-API's functions by the version that brought them, as far as they are newer than 7. */
const newer = [
  'napi_add_async_cleanup_hook',
  'napi_check_object_type_tag',
  'napi_object_freeze',
  'napi_object_seal',
  'napi_remove_async_cleanup_hook',
  'napi_type_tag_object',
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

test('the addon asks for Node-API 7, and names no function of a newer one', (t) => {
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
    const { createContext, SourceTextModule, SyntheticModule } = await import('node:vm')
    const { createRequire } = await import('node:module')
    const { readFileSync } = await import('node:fs')
    const require = createRequire(import.meta.url)
    const [, , addon, bundle] = process.argv
    /** The bundle once more, in another global, over an addon that is initialised once more. */
    const load = async () => {
      delete require.cache[addon]
      const context = createContext({
        Buffer, process, URL, AbortController, setImmediate, setTimeout, queueMicrotask, performance,
      })
      const module = new SourceTextModule(readFileSync(bundle, 'utf8'), { context })
      await module.link(async (name) => {
        const found = name.endsWith('binding.js') ? require(addon) : await import(name)
        const names = Object.keys(found).filter((key) => key !== 'module.exports')
        const made = new SyntheticModule(
          names,
          () => names.forEach((key) => made.setExport(key, found[key])),
          { context },
        )
        return made
      })
      await module.evaluate()
      return module.namespace
    }
    const packages = [fmmap, await load(), await load()]
    const maps = packages.map(({ Mmap }, at) => {
      const m = new Mmap(-1, 100)
      m.seek(10 * at)
      m.writeByte(at + 1)
      return m
    })
    const answers = maps.map((m, at) => [m.get(10 * at), m.find(Buffer.of(at + 1), 0), m.length])
    maps[0].close()
    console.log(JSON.stringify([...answers, [maps[1].get(10), maps[2].get(20)]]))`,
    [addonPath(), fileURLToPath(packageUrl)],
    { NODE_OPTIONS: '--experimental-vm-modules', NODE_NO_WARNINGS: '1' },
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

onNode('under the permission model it needs --allow-addons, and says so', (t) => {
  const [major = 0] = process.versions.node.split('.').map(Number)
  const permission = major < 22 ? '--experimental-permission' : '--permission'
  const program = `import(${JSON.stringify(packageUrl)}).then(
    ({ Mmap }) => console.log(new Mmap(-1, 10).length),
    (error) => console.log(error.code, error.message))`
  const run = (...flags: string[]): string =>
    execFileSync(process.execPath, [permission, '--allow-fs-read=*', ...flags, '-e', program], {
      encoding: 'utf8',
      env: { ...process.env, NODE_OPTIONS: '' },
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim()
  t.is(run('--allow-addons'), '10')
  const refusal = run()
  t.true(refusal.startsWith('ERR_DLOPEN_DISABLED '), refusal)
  t.true(refusal.includes('--allow-addons'), refusal)
})

function addonPath(): string {
  const addon = readdirSync(root).find((name) => name.endsWith('.node'))
  return fileURLToPath(new URL(addon ?? '', root))
}
