// The package as it is loaded: by import and by require, in other realms, and without its addon.
import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createContext, runInContext } from 'node:vm'
import * as fmmap from '../index.js'
import { type Coded } from './support/errors.ts'
import { freshPath, temporaryFile } from './support/files.ts'
import { checkout, externalBuffers } from './support/platform.ts'
import test, { testWhere } from './support/test.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const require = createRequire(import.meta.url)
const node = !('bun' in process.versions || 'deno' in process.versions)
const onNode = testWhere(node, 'Node’s own')
const { Mmap } = fmmap

/** The error that a call throws, in any realm. */
function caught(call: () => unknown): Coded | undefined {
  try {
    call()
  } catch (error) {
    return error as Coded
  }
  return undefined
}

const program = (name: string, ...flags: string[]): string =>
  execFileSync(process.execPath, [...flags, name], {
    encoding: 'utf8',
    env: { ...process.env, NODE_OPTIONS: '', NODE_NO_WARNINGS: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
  }).trim()

test('require gives what import gives, and nothing but its names', (t) => {
  const required = require('../index.cjs') as Record<string, unknown>
  t.deepEqual(Object.keys(required).toSorted(), Object.keys(fmmap).toSorted())
  for (const [name, value] of Object.entries(fmmap)) t.is(required[name], value, name)
  // Constants that this platform lacks are exported too.
  t.true('MADV_NOSYNC' in required)
  t.false('__esModule' in required)
  t.false('default' in fmmap)
})

test('a map that require has opened is one of the imported class, and the guard is one', (t) => {
  const required = require('../index.cjs') as typeof fmmap
  const map = new required.Mmap(-1, 10)
  t.true(map instanceof Mmap)
  t.is(map.constructor, Mmap)
  map.close()
  if (process.platform === 'win32') return
  required.setFaultGuard(false)
  t.is(fmmap.faultGuard(), false)
  fmmap.setFaultGuard(true)
  t.is(required.faultGuard(), true)
})

/** The package, evaluated once more in a context that has only the language's own globals and none of Node's. */
function elsewhere(): typeof fmmap {
  const context = createContext({})
  const load = (name: string): unknown => {
    if (name === './binding.cjs') return require(join(root, name))
    if (!name.startsWith('.')) return require(name)
    const module = { exports: {} }
    const wrapper = runInContext(
      `(function (exports, require, module) {${readFileSync(join(root, name), 'utf8')}\n})`,
      context,
    ) as (exports: object, require: (name: string) => unknown, module: object) => void
    wrapper(module.exports, load, module)
    return module.exports
  }
  return load('./index.cjs') as typeof fmmap
}

const arrays = [
  'Int8Array',
  'Uint8Array',
  'Uint8ClampedArray',
  'Int16Array',
  'Uint16Array',
  'Int32Array',
  'Uint32Array',
  'Float32Array',
  'Float64Array',
  'BigInt64Array',
  'BigUint64Array',
  'DataView',
] as const

testWhere(externalBuffers, 'there is no view() here')(
  'a view is of the class that was passed, of whatever realm',
  (t) => {
    const context = createContext({})
    const map = new Mmap(-1, 64)
    for (const name of arrays) {
      const Class = runInContext(name, context) as typeof Uint8Array
      const view = map.view(Class, 8, 4)
      t.is(Object.getPrototypeOf(view), Class.prototype, name)
      t.is(view.byteLength, 4 * (Class.BYTES_PER_ELEMENT ?? 1), name)
      const Derived = runInContext(`(class extends ${name} {})`, context) as typeof Uint8Array
      t.is(Object.getPrototypeOf(map.view(Derived, 0, 1)), Derived.prototype, name)
    }
    for (const source of [
      '(class {})',
      '(function () {})',
      'Array',
      'ArrayBuffer',
      '(class { get buffer() { throw new Error() } })',
      'Object.getPrototypeOf(Int8Array)',
      '(class { get buffer() {} static BYTES_PER_ELEMENT = 1 })',
    ]) {
      const error = caught(() => map.view(runInContext(source, context) as typeof Uint8Array))
      t.is(error?.code, 'ERR_INVALID_ARG_TYPE', source)
    }
    map.close()
  },
)

onNode(
  'in a context without Node’s globals every member works, and its errors are whole',
  async (t) => {
    const other = elsewhere()
    const path = temporaryFile('hay needle hay\n')
    const map = other.Mmap.open(path)
    t.is(map.find('needle'), 4)
    t.is(map.get(0), 104)
    t.is(map.slice(4, 10).toString(), 'needle')
    t.is(map.readline().toString(), 'hay needle hay\n')
    t.deepEqual(
      [...map.lines()].map((line) => line.toString()),
      ['hay needle hay'],
    )
    t.deepEqual([...map.findAll('hay')], [0, 11])
    if (externalBuffers) {
      t.true(map.view(Uint8Array) instanceof Uint8Array)
      t.true(map.view(DataView) instanceof DataView)
      t.true(map.view(Buffer) instanceof Buffer)
    }
    t.false(Object.hasOwn(other.Mmap.prototype, 'undefined'))
    t.is(map.count(/h.y/g), 2)
    t.deepEqual([...map.grep(new other.Pattern('needle'))].map(String), ['hay needle hay'])
    t.is(await map.findAsync('needle', { start: 0 }), 4)
    t.is((await map.sliceAsync(4, 10)).toString(), 'needle')
    map.close()
    for await (const line of other.Mmap.follow(path, { from: 'start' })) {
      t.is(line.toString(), 'hay needle hay')
      break
    }

    const missing = caught(() => other.Mmap.open(`${path}.missing`))
    t.is(missing?.code, 'ENOENT')
    t.is(missing?.syscall, 'open')
    t.is(missing?.path, `${path}.missing`)
    t.is(typeof missing?.errno, 'number')
    t.is(caught(() => other.Mmap.open(temporaryFile('')))?.code, 'ERR_MMAP_EMPTY_FILE')
  },
)

onNode('maps of two realms are instances of both classes, and of neither subclass', (t) => {
  const other = elsewhere()
  class Log extends Mmap {}
  const [here, there, log] = [new Mmap(-1, 1), new other.Mmap(-1, 1), new Log(-1, 1)]
  t.true(there instanceof Mmap)
  t.true(here instanceof other.Mmap)
  t.true(log instanceof Log)
  t.true(log instanceof Mmap)
  t.false(here instanceof Log)
  t.false(there instanceof Log)
  for (const value of [null, undefined, 1, 'x', {}, [], Mmap]) {
    t.false(value instanceof Mmap)
  }
})

test('a file URL of a class that is not Node’s opens its file', (t) => {
  const path = temporaryFile('abc')
  // Like jsdom's, whose getters are on a prototype of its own.
  class Foreign {
    readonly #url: URL
    constructor(url: URL) {
      this.#url = url
    }
    get href(): string {
      return this.#url.href
    }
    get protocol(): string {
      return this.#url.protocol
    }
    get hostname(): string {
      return this.#url.hostname
    }
    get pathname(): string {
      return this.#url.pathname
    }
  }
  const url = new Foreign(new URL(`file://${path}`)) as unknown as URL
  const map = Mmap.open(url)
  t.is(map.slice().toString(), 'abc')
  map.close()
})

onNode('an AbortError can be made where the intrinsics are frozen', (t) => {
  const path = freshPath('.mjs')
  writeFileSync(
    path,
    `import { Mmap } from ${JSON.stringify(new URL('../index.js', import.meta.url).href)}
const map = new Mmap(-1, 1 << 20)
const error = await map.findAsync('x', { signal: AbortSignal.abort() }).catch((error) => error)
console.log(error.name, error.code, map.find('x'), map.get(0), [...map.lines()].length)`,
  )
  t.is(program(path, '--frozen-intrinsics'), 'AbortError ABORT_ERR -1 0 1')
})

const PARTS = [
  'package.json',
  'index.cjs',
  'core.cjs',
  'later.cjs',
  'index.js',
  'load.cjs',
  'binding.cjs',
]

/** A copy of the package without an addon, in which a program prints the message that it gets. */
function bare(body: string): string {
  const folder = freshPath()
  mkdirSync(folder)
  for (const name of PARTS) {
    cpSync(join(root, name), join(folder, name))
  }
  writeFileSync(join(folder, 'program.cjs'), body)
  return program(join(folder, 'program.cjs'))
}

const version = checkout
  ? (JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }).version
  : ''
const inCheckout = testWhere(checkout, 'the package is taken apart in a checkout, by Node')

const report = `const say = (error) => console.log(JSON.stringify([error.code, error.message]))`

inCheckout('without the addon, import and require name the package and a cure', (t) => {
  for (const way of [
    `try { require('./index.cjs') } catch (error) { say(error) }`,
    // Node 20 would end with the error, though it is caught, were it thrown by an imported CommonJS module.
    `import('./index.js').catch(say)`,
  ]) {
    const [code, message] = JSON.parse(bare(`${report}\n${way}`)) as [string, string]
    t.is(code, 'MODULE_NOT_FOUND')
    for (const part of [
      `-${process.arch}`,
      `@${version}`,
      'npm install --include=optional',
      'npm install --save-optional fmmap-',
      'docs/bundlers.md',
    ]) {
      t.true(message.includes(part), `${part} is not in ${message}`)
    }
  }
})

/** What the loader asks for when process describes another machine. */
function asked(settings: string, files: Record<string, string> = {}): string[] {
  const output = bare(`
    const Module = require('node:module')
    const asked = []
    const files = ${JSON.stringify(files)}
    const load = Module._load
    Module._load = (name, ...rest) => {
      if (!/^(\\.\\/)?fmmap[-.]/.test(name)) return load(name, ...rest)
      asked.push(name)
      if (name in files) {
        if (files[name] === '') return { natives: name, VERSION: '${version}' }
        throw Object.assign(new Error(files[name]), { code: 'ERR_DLOPEN_FAILED' })
      }
      throw Object.assign(new Error('absent'), { code: 'MODULE_NOT_FOUND' })
    }
    ${settings}
    let answer
    try {
      answer = require('./binding.cjs').natives
    } catch (error) {
      answer = error.code + ' ' + error.message.split('\\n')[0]
    }
    console.log(JSON.stringify([...asked, answer]))`)
  return JSON.parse(output) as string[]
}

const set = (name: string, value: string): string =>
  `Object.defineProperty(process, '${name}', { value: '${value}' })\n`
/** Both the program's header and the report of the process are changed. */
const musl = `
  require('node:fs').existsSync = () => true
  require('node:fs').openSync = () => { throw new Error('no /proc') }
  process.report.getReport = () => ({ header: {} })
`

inCheckout(
  'each platform has its file and its package, and another is told which there are',
  (t) => {
    for (const [platform, arch, name] of [
      ['darwin', 'arm64', 'darwin-arm64'],
      ['darwin', 'x64', 'darwin-x64'],
      ['win32', 'x64', 'win32-x64-msvc'],
      ['win32', 'arm64', 'win32-arm64-msvc'],
      ['freebsd', 'x64', 'freebsd-x64'],
    ] as const) {
      t.deepEqual(asked(set('platform', platform) + set('arch', arch)), [
        `fmmap-${name}`,
        `./fmmap.${name}.node`,
        `MODULE_NOT_FOUND The binary of fmmap for this platform is not installed: fmmap-${name}@${version}`,
      ])
    }
    const [answer = ''] = asked(set('platform', 'sunos') + set('arch', 'mips'))
    t.true(answer.startsWith('ERR_MMAP_UNSUPPORTED fmmap has no binary for sunos-mips, only for '))
    t.true(answer.includes('linux-x64-gnu'), answer)
  },
)

inCheckout(
  'on Linux the runtime’s C library comes first, and the other one before giving up',
  (t) => {
    const linux = set('platform', 'linux') + set('arch', 'arm64')
    const gnu = ['fmmap-linux-arm64-gnu', './fmmap.linux-arm64-gnu.node']
    const other = ['fmmap-linux-arm64-musl', './fmmap.linux-arm64-musl.node']
    const missing = (name: string): string =>
      `MODULE_NOT_FOUND The binary of fmmap for this platform is not installed: ${name}@${version}`
    // The files on the disk do not decide: the program's own header says glibc.
    if (process.platform === 'linux') {
      t.deepEqual(asked(linux), [...gnu, ...other, missing('fmmap-linux-arm64-gnu')])
      const both = `require('node:fs').existsSync = () => true\n`
      t.deepEqual(asked(linux + both), [...gnu, ...other, missing('fmmap-linux-arm64-gnu')])
    }
    t.deepEqual(asked(linux + musl), [...other, ...gnu, missing('fmmap-linux-arm64-musl')])
    t.deepEqual(asked(linux + musl, { 'fmmap-linux-arm64-gnu': '' }), [
      ...other,
      'fmmap-linux-arm64-gnu',
      'fmmap-linux-arm64-gnu',
    ])
    // The right package is missing, and the other one exists but can't be loaded, which tells nothing.
    t.deepEqual(asked(linux + musl, { 'fmmap-linux-arm64-gnu': 'no glibc' }), [
      ...other,
      ...gnu,
      missing('fmmap-linux-arm64-musl'),
    ])
    t.deepEqual(asked(linux + musl, { 'fmmap-linux-arm64-musl': 'no room' }), [
      ...other,
      ...gnu,
      `ERR_DLOPEN_FAILED fmmap-linux-arm64-musl@${version} can't be loaded: no room`,
    ])
  },
)

inCheckout(
  'an addon of another version is refused, and the message has both versions and a cure',
  (t) => {
    const answer = (addon: string): string[] =>
      JSON.parse(
        bare(`
        const Module = require('node:module')
        const load = Module._load
        Module._load = (name, ...rest) => (/^fmmap-/.test(name) ? ${addon} : load(name, ...rest))
        ${report}
        try { require('./index.cjs') } catch (error) { say(error) }`),
      ) as string[]
    for (const [addon, said] of [
      [`{ VERSION: '0.0.9' }`, '0.0.9'],
      ['{}', 'another version'],
    ] as const) {
      const [code, message = ''] = answer(addon)
      t.is(code, 'ERR_MMAP_VERSION')
      for (const part of [version, said, `npm install --include=optional fmmap@${version}`]) {
        t.true(message.includes(part), `${part} is not in ${message}`)
      }
    }
  },
)

inCheckout('an addon of which a bundler has made an ES module is taken', (t) => {
  const output = bare(`
    const Module = require('node:module')
    const load = Module._load
    const addon = { natives: 'found', VERSION: '${version}' }
    Module._load = (name, ...rest) =>
      /^fmmap-/.test(name) ? { __esModule: true, default: addon } : load(name, ...rest)
    console.log(require('./binding.cjs').natives)`)
  t.is(output.trim(), 'found')
})

/** The addon of this checkout. */
const addon = (): string =>
  join(root, readdirSync(root).find((name) => name.endsWith('.node')) ?? 'no addon')

/** What a program says that has a copy of the package with its addon. */
function whole(body: string): string {
  return bare(`
    const Module = require('node:module')
    const load = Module._load
    const asked = []
    Module._load = (name, ...rest) => {
      asked.push(name)
      return /^fmmap-/.test(name) ? load(${JSON.stringify(addon())}, ...rest) : load(name, ...rest)
    }
    ${body}`)
}

/** The files that are loaded when something of them is called, and a call of each. */
const CALLS = { 'core.cjs': 'new Mmap(-1, 1)', 'later.cjs': 'map.grep(/x/)' }

for (const [file, call] of Object.entries(CALLS)) {
  const before = file === 'later.cjs' ? 'const map = new Mmap(-1, 1)' : ''
  const after = file === 'later.cjs' ? `console.log(map.find('x'))` : 'console.log(-1)'

  inCheckout(
    `where ${file} can’t be read, the message says what was to be loaded, and why`,
    (t) => {
      const output = whole(`${report}
    const { Mmap } = require('./index.cjs')
    ${before}
    require('node:fs').rmSync(__dirname + '/${file}')
    try { ${call} } catch (error) { say(error); console.log(error.cause.code) }
    ${after}`)
      const [first = '', cause, found] = output.split('\n')
      const [code, message = ''] = JSON.parse(first) as string[]
      t.is(code, 'MODULE_NOT_FOUND')
      t.true(message.startsWith(`fmmap can't load ${file}, `), message)
      t.true(message.includes('Cannot find module'), message)
      t.is(cause, 'MODULE_NOT_FOUND')
      t.is(found, '-1')
    },
  )

  inCheckout(`a ${file} that was replaced while the program runs is refused`, (t) => {
    const output = whole(`${report}
    const { Mmap } = require('./index.cjs')
    ${before}
    require('node:fs').writeFileSync(__dirname + '/${file}', "exports.version = '9.9.9'")
    for (let i = 0; i < 2; i += 1) try { ${call} } catch (error) { say(error) }
    ${after}`)
    const [first = '', second, found] = output.split('\n')
    const [code, message = ''] = JSON.parse(first) as string[]
    t.is(code, 'ERR_MMAP_VERSION')
    for (const part of [version, '9.9.9', file, 'Restart']) t.true(message.includes(part), message)
    t.is(second, first)
    t.is(found, '-1')
  })
}

inCheckout(
  'what other code does to the built-ins before the first map changes and shows nothing',
  (t) => {
    const output = whole(`
    const { ACCESS_WRITE, Mmap } = require('./index.cjs')
    // Names of properties that the package and the addon make later.
    const names = ['version', 'make', 'natives', 'registers', 'detach', 'peek', 'copyOut']
    for (const name of names) {
      Object.defineProperty(Object.prototype, name, { get: () => undefined, set: undefined, configurable: true })
    }
    const seen = []
    const watched = [
      [FinalizationRegistry.prototype, 'register'],
      [FinalizationRegistry.prototype, 'unregister'],
      [Object.prototype, 'isPrototypeOf'],
      [Buffer.prototype, 'indexOf'],
      [Buffer.prototype, 'lastIndexOf'],
      [Buffer.prototype, 'write'],
      [Object.getPrototypeOf(Uint8Array.prototype), 'set'],
      [Atomics, 'load'],
    ]
    for (const [of, name] of watched) {
      const before = of[name]
      of[name] = function (...args) {
        if (Error().stack.split('\\n')[2].includes('core.cjs')) seen.push(name)
        return before.apply(this, args)
      }
    }
    const map = new Mmap(-1, 123457)
    const answers = [
      map.get(0), map.get(1), map.write('abc'), map.setSlice(Buffer.from('de'), 3, 5), map.find('c'), map.find('c', 0),
      map.rfind('c'), map.rfind('c', 0, 10), map.slice(0, 5).toString(), map.closed, map.resize(2), map.close(),
    ]
    for (const name of names) delete Object.prototype[name]
    console.log(JSON.stringify([seen, answers]))`)
    t.deepEqual(JSON.parse(output), [[], [0, 0, 3, null, -1, 2, -1, 2, 'abcde', false, null, null]])
  },
)

/** What the members need that a program calls which looks into a file, and goes. */
const everyday = `
  const map = Mmap.open(__filename)
  map.find('x'); map.rfind('x'); map.count(Buffer.from('x')); [...map.findAll('x', { limit: 1 })]
  map.readline(); map.read(1); map.readByte(); map.seek(0); map.get(0); [...map.lines()]; map.slice(0, 1)
  if (process.env.FMMAP_NO_EXTERNAL_BUFFERS !== '1') map.view()
  map.arrayBuffer(); map.copyTo(new Uint8Array(1)); map.size(); String(map); map.close()
  const memory = new Mmap(-1, 100)
  memory.write('x'); memory.set(0, 1); memory.setSlice('x', 0, 1); memory.move(0, 1, 1); memory.flush()
  memory.close()`

inCheckout(
  'require and import load what most programs use, and the rest when it is called',
  (t) => {
    // Their compilation is most of what the package adds to a program's start: docs/performance.md.
    const bytes = (name: string): number => readFileSync(join(root, name)).length
    const limits = { 'index.cjs': 26e3, 'binding.cjs': 9e3, 'core.cjs': 78e3 }
    for (const [name, most] of Object.entries(limits)) {
      t.true(bytes(name) < most, `${name} has ${bytes(name)} bytes`)
    }
    // In parentheses V8 compiles a function at once, instead of looking through it twice.
    for (const name of ['core.cjs', 'later.cjs']) {
      t.true(/^const make = \(function /m.test(readFileSync(join(root, name), 'utf8')), name)
    }
    const output = whole(`
    const before = new Set(process.moduleLoadList)
    const { Mmap } = require('./index.cjs')
    const builtin = process.moduleLoadList.filter((name) => !before.has(name))
    const files = asked.filter((name) => name.startsWith('.'))
    ${everyday}
    const everyday = asked.filter((name) => name.startsWith('.'))
    import('./index.js').then(async (imported) => {
      const memory = new Mmap(-1, 100)
      memory.match(/x/)
      await new imported.Mmap(-1, 100).findAsync('x')
      console.log(JSON.stringify([files, everyday, asked.filter((name) => /later/.test(name)), builtin]))
    })`)
    const [files, everydays, later, builtin] = JSON.parse(output) as string[][]
    t.deepEqual(files, ['./index.cjs', './binding.cjs'])
    t.deepEqual(everydays, [...(files ?? []), './core.cjs'])
    t.deepEqual(later, ['./later.cjs'])
    // Nothing of Node's that it has not loaded for itself, but for another name of `process`.
    const heavy = builtin?.filter((name) => !/^Internal Binding|^NativeModule process$/.test(name))
    t.deepEqual(heavy, [])
  },
)

inCheckout('the loader is of the version that it names', (t) => {
  const source = readFileSync(join(root, 'binding.cjs'), 'utf8')
  t.is(/^const version = '(.*)'$/m.exec(source)?.[1], version)
})

inCheckout(
  'what tools look for: each require of the loader is literal, and stands in a try block',
  (t) => {
    const source = readFileSync(join(root, 'binding.cjs'), 'utf8')
    const all = Array.from(source.matchAll(/require\((.*?)\)/g), ([, name = '']) => name)
    const tried = Array.from(
      source.matchAll(/try \{\s+return require\('([^']+)'\)/g),
      ([, name = '']) => `'${name}'`,
    )
    t.deepEqual(
      all.filter((name) => !name.startsWith("'node:")),
      tried,
    )
    const platforms = Object.keys(
      JSON.parse(
        execFileSync(
          process.execPath,
          [
            '--input-type=module',
            '-e',
            `import { platforms } from './scripts/packages.mjs'; console.log(JSON.stringify(platforms))`,
          ],
          { cwd: root, encoding: 'utf8' },
        ),
      ) as object,
    )
    t.deepEqual(
      tried.toSorted(),
      platforms.flatMap((name) => [`'./fmmap.${name}.node'`, `'fmmap-${name}'`]).toSorted(),
    )
    t.false(/package\.json['"]/.test(source.replaceAll(/\/\*[\s\S]*?\*\//g, '')))
  },
)

onNode('what postMessage does with a view, a slice and a line is what docs/views.md says', (t) => {
  const path = freshPath('.mjs')
  writeFileSync(
    path,
    `import { Mmap } from ${JSON.stringify(new URL('../index.js', import.meta.url).href)}
const map = Mmap.open(${JSON.stringify(temporaryFile('hello world\n'))})
const { port1 } = new MessageChannel()
const answers = [map.slice(0, 5), [...map.lines()][0], new Uint8Array(map.arrayBuffer())]
${externalBuffers ? 'answers.push(map.view())' : ''}
console.log(JSON.stringify(answers.map((one) => {
  try {
    port1.postMessage(one, [one.buffer])
    return one.length
  } catch (error) {
    return error.name
  }
})))
port1.close()`,
  )
  const copies = Number(process.versions.node.split('.')[0]) < 22
  const kept = (length: number): number | string => (copies ? length : 'DataCloneError')
  t.deepEqual(JSON.parse(program(path)), [
    kept(5),
    kept(11),
    0,
    ...(externalBuffers ? [kept(12)] : []),
  ])
})

onNode('a Pattern of another copy of the package is refused as what it is', (t) => {
  const map = Mmap.open(temporaryFile('hay needle hay'))
  const pattern = new (elsewhere().Pattern)('needle')
  const told = /not 'Pattern' \(.*, or a Pattern; this one is of another copy of the package/
  for (const call of [
    () => map.find(pattern),
    () => map.count(pattern),
    () => map.match(pattern),
    () => map.grep(pattern),
    () => new fmmap.Pattern(pattern),
  ]) {
    const error = caught(call)
    t.is(error?.code, 'ERR_INVALID_ARG_TYPE')
    t.true(told.test(error?.message ?? ''), error?.message)
  }
  // This copy's own: neither a list nor a member that writes takes any Pattern.
  const own = new fmmap.Pattern('needle') as unknown as string
  for (const call of [() => map.find([own]), () => new Mmap(-1, 1).write(own)]) {
    t.false(caught(call)?.message.includes('another copy'))
  }
  map.close()
})

onNode('a pattern, a list and bytes of another realm are searched for as this one’s', (t) => {
  const context = createContext({})
  const foreign = <T>(source: string): T => runInContext(source, context) as T
  const map = Mmap.open(temporaryFile('hay needle hay'))
  t.is(map.find(foreign<RegExp>('/ne+d/'), 0), 4)
  t.is(map.count(foreign<RegExp>('/h.y/g')), 2)
  t.is(map.find(foreign<Uint8Array>('Uint8Array.of(110, 101)'), 0), 4)
  t.deepEqual([...map.findAll(foreign<string[]>('["hay", "needle"]'))].length, 3)
  map.close()
})
