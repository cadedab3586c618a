// Node's permission model and Deno's permissions also hold for files that the addon opens: `Mmap.open` checks them
// first.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import process from 'node:process'
import { freshPath, temporaryFile } from './support/files.ts'
import { moduleFile } from './support/runtime.ts'
import { emulated } from './support/platform.ts'
import { testWhere } from './support/test.ts'

const deno = 'deno' in process.versions
const node = !deno && !('bun' in process.versions)
const [major = 0] = process.versions.node.split('.').map(Number)
const flag = major < 22 ? '--experimental-permission' : '--permission'

const source = `
import { pathToFileURL } from 'node:url'
import { openSync } from 'node:fs'
const { Mmap, ACCESS_WRITE, ACCESS_COPY, PROT_WRITE } = fmmap
const [allowed, denied, missing] = process.argv.slice(2)
const tried = (call) => { try { call().close(); return 'opened' } catch (error) { return error.code ?? error.name } }
const own = (path, flags) => { try { openSync(path, flags); return 'opened' } catch (error) { return error.code ?? error.name } }
console.log(JSON.stringify({
  allowed: tried(() => Mmap.open(allowed)),
  denied: tried(() => Mmap.open(denied)),
  buffer: tried(() => Mmap.open(Buffer.from(denied))),
  url: tried(() => Mmap.open(pathToFileURL(denied))),
  relative: tried(() => Mmap.open(process.argv[5])),
  copy: tried(() => Mmap.open(denied, { access: ACCESS_COPY })),
  write: tried(() => Mmap.open(allowed, { access: ACCESS_WRITE })),
  prot: PROT_WRITE === undefined ? 'none' : tried(() => Mmap.open(allowed, { prot: PROT_WRITE })),
  create: tried(() => Mmap.open(missing, { access: ACCESS_WRITE, create: true, length: 5 })),
  own: own(denied, 'r'),
  ownWrite: own(allowed, 'r+'),
}))`

testWhere((node || deno) && !emulated, 'a runtime without permissions')(
  'what the process may not read or write is not opened, and the runtime’s own error says so',
  (t) => {
    const allowed = temporaryFile('allowed')
    const denied = temporaryFile('denied')
    const missing = freshPath()
    const path = moduleFile(source)
    const root = join(import.meta.dirname ?? dirname(new URL(import.meta.url).pathname), '..')
    const reads = [root, path, allowed]
    const flags = deno
      ? ['run', '--no-prompt', '--allow-ffi', '--allow-env', '--allow-sys', `--allow-read=${reads}`]
      : [
          flag,
          '--allow-addons',
          ...reads.map((read) => `--allow-fs-read=${read === root ? `${root}/*` : read}`),
        ]
    const child = spawnSync(
      process.execPath,
      [...flags, path, allowed, denied, missing, basename(denied)],
      { encoding: 'utf8', cwd: dirname(denied), env: { ...process.env, NODE_OPTIONS: '' } },
    )
    if (child.status !== 0) throw new Error(child.stderr)
    const answers = JSON.parse(child.stdout) as Record<string, string>
    const { own, ownWrite } = answers
    t.false(own === 'opened' || ownWrite === 'opened', child.stdout)
    t.is(answers.allowed, 'opened')
    for (const name of ['denied', 'buffer', 'url', 'relative', 'copy'])
      t.is(answers[name], own, name)
    for (const name of ['write', 'prot', 'create']) {
      if (answers[name] !== 'none') t.is(answers[name], ownWrite, name)
    }
    t.false(existsSync(missing))
  },
)
