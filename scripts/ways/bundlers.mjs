/** Bundlers, each used as docs/bundlers.md says. The result is moved to an empty folder and run there. */

import { cpSync } from 'node:fs'
import { join } from 'node:path'
import { binaryName, packageName } from '../packages.mjs'
import {
  documented,
  documentedCommand,
  Failure,
  install,
  isDocumented,
  moved,
  platform,
  printsOk,
  run,
  succeed,
  workshop,
  write,
} from './lab.mjs'
import { bun, deno, home, node, tool } from './tools.mjs'

const webpack = `const webpack = require('webpack')
webpack(require(process.argv[2]), (error, stats) => {
  console.log(error ?? stats.toString({ all: false, errors: true, warnings: true }))
  process.exitCode = error || stats.hasErrors() ? 1 : 0
})
`
const rspack = webpack.replace(
  "const webpack = require('webpack')",
  "const { rspack: webpack } = require('@rspack/core')",
)

/** Puts the platform's addon beside a bundle, as the documentation asks for. */
const copyAddon = (packages, folder) =>
  cpSync(
    join(packages[packageName(platform)], binaryName(platform)),
    join(folder, binaryName(platform)),
  )

/**
 * A bundler that writes to out/ in a folder. `bundle(folder)` runs it. `beside` says what must be moved with the
 * bundle: the addon, the packages, or nothing.
 */
const bundler = (name, file, bundle, { beside, quick = false, env } = {}) => ({
  name,
  quick,
  async run({ packages, scratch }) {
    const folder = workshop('bundlers', name, packages)
    await bundle(folder)
    const there = moved(scratch, name, join(folder, 'out'))
    if (beside === 'addon') copyAddon(packages, there)
    if (beside === 'packages') install(there, packages)
    await printsOk(there, node(20), [file], { env })
  },
})

/** A tool that is run without the option that the page documents, and prints a message that the page explains. */
const sentence = (name, heading, text, attempt, quick = false) => ({
  name,
  quick,
  async run({ packages, scratch }) {
    isDocumented(heading, text)
    const folder = workshop('bundlers', name, packages)
    const { code, text: said } = await attempt(folder, scratch)
    if (code === 0 || !said.includes(text)) throw new Failure(`${text} is not in\n${said}`)
    return `"${text}": docs/bundlers.md`
  },
})

/** Runs a command of docs/bundlers.md by its tool's own file. */
const command = (folder, heading, start, program, change = (args) => args) => {
  const [, ...args] = documentedCommand(heading, start)
  return succeed(folder, ...program(change(args)))
}
const byNode = (file) => (args) => [node(20), [tool('bundlers', file), ...args]]

const configured = (heading, name, driver, file) => async (folder) => {
  write(folder, { [name]: documented(heading, name), 'driver.cjs': driver })
  await succeed(folder, node(20), ['driver.cjs', `./${name}`, ...(file ?? [])])
}

const cli = (heading, name, file, args) => async (folder) => {
  write(folder, { [name]: documented(heading, name) })
  await succeed(folder, node(24), [tool('bundlers', file), ...args, name])
}

export const ways = [
  bundler('webpack', 'bundle.cjs', configured('webpack', 'webpack.config.cjs', webpack), {
    quick: true,
  }),
  bundler(
    'webpack-external',
    'bundle.cjs',
    configured('webpack', 'webpack.external.cjs', webpack),
    {
      beside: 'packages',
    },
  ),
  sentence(
    'webpack-plain',
    'webpack',
    'You may need an appropriate loader to handle this file type',
    async (folder) => {
      const config = documented('webpack', 'webpack.external.cjs').replace(/^ {2}externals.*$/m, '')
      write(folder, { 'plain.cjs': config, 'driver.cjs': webpack })
      return run(folder, node(20), ['driver.cjs', './plain.cjs'])
    },
  ),
  bundler('rspack', 'bundle.cjs', configured('Rspack', 'rspack.config.cjs', rspack), {
    quick: true,
  }),
  bundler(
    'esbuild-cjs',
    'import.cjs',
    (folder) =>
      command(
        folder,
        'esbuild',
        'esbuild import.mjs --bundle --platform=node --format=cjs',
        byNode('esbuild/bin/esbuild'),
      ),
    { quick: true },
  ),
  bundler(
    'esbuild-esm',
    'import.mjs',
    (folder) =>
      command(
        folder,
        'esbuild',
        'esbuild import.mjs --bundle --platform=node --format=esm',
        byNode('esbuild/bin/esbuild'),
      ),
    { quick: true },
  ),
  bundler(
    'esbuild-external',
    'import.mjs',
    (folder) =>
      command(
        folder,
        'esbuild',
        'esbuild import.mjs --bundle --platform=node --format=esm',
        byNode('esbuild/bin/esbuild'),
        (args) => [...args.filter((arg) => !/^--(loader|banner)/.test(arg)), '--external:fmmap'],
      ),
    { beside: 'packages' },
  ),
  sentence('esbuild-plain', 'esbuild', 'No loader is configured for ".node" files', (folder) =>
    run(folder, node(20), [
      tool('bundlers', 'esbuild/bin/esbuild'),
      'import.mjs',
      '--bundle',
      '--platform=node',
      '--outfile=out/x.cjs',
    ]),
  ),
  sentence(
    'esbuild-esm-plain',
    'esbuild',
    'Dynamic require of "node:fs" is not supported',
    async (folder) => {
      const format = 'esbuild import.mjs --bundle --platform=node --format=esm'
      await command(folder, 'esbuild', format, byNode('esbuild/bin/esbuild'), (args) =>
        args.filter((arg) => !arg.startsWith('--banner')),
      )
      return run(folder, node(20), ['out/import.mjs'])
    },
  ),
  bundler(
    'rollup',
    'bundle.mjs',
    cli('Rollup', 'rollup.config.mjs', 'rollup/dist/bin/rollup', ['-c']),
    { beside: 'addon', quick: true },
  ),
  bundler(
    'rollup-external',
    'bundle.mjs',
    (folder) =>
      succeed(folder, node(24), [
        tool('bundlers', 'rollup/dist/bin/rollup'),
        'import.mjs',
        '--external',
        'fmmap',
        '-o',
        'out/bundle.mjs',
      ]),
    { beside: 'packages' },
  ),
  bundler(
    'rolldown',
    'bundle.mjs',
    cli('Rolldown', 'rolldown.config.mjs', 'rolldown/bin/cli.mjs', ['-c']),
    { beside: 'addon' },
  ),
  sentence('rolldown-plain', 'Rolldown', 'stream did not contain valid UTF-8', (folder) =>
    run(folder, node(24), [
      tool('bundlers', 'rolldown/bin/cli.mjs'),
      'import.mjs',
      '--platform',
      'node',
      '-d',
      'out',
    ]),
  ),
  bundler(
    'vite',
    'import.mjs',
    cli('Vite', 'vite.config.mjs', 'vite/bin/vite.js', ['build', '-c']),
    {
      beside: 'packages',
    },
  ),
  bundler(
    'vite-inside',
    'import.mjs',
    cli('Vite', 'vite.inside.mjs', 'vite/bin/vite.js', ['build', '-c']),
    { beside: 'addon', quick: true },
  ),
  {
    name: 'vite-7-inside',
    quick: false,
    async run({ packages, scratch }) {
      const config = 'vite.inside-7.mjs'
      const folder = workshop('vite-7', 'inside', packages)
      write(folder, { [config]: documented('Vite', config) })
      const cli = tool('vite-7', 'vite/bin/vite.js')
      await succeed(folder, node(24), [cli, 'build', '-c', config])
      const there = moved(scratch, 'vite-7-inside', join(folder, 'out'))
      copyAddon(packages, there)
      await printsOk(there, node(20), ['import.mjs'])
    },
  },
  {
    name: 'vite-dev',
    quick: false,
    async run({ packages }) {
      const folder = workshop('bundlers', 'vite-dev', packages)
      write(folder, {
        'plain.mjs': `export default { ssr: { noExternal: true } }\n`,
        'vite.dev.mjs': documented('Vite', 'vite.dev.mjs'),
        'dev.mjs': `import { createServer } from 'vite'
const [, , config] = process.argv
const options = { configFile: config, appType: 'custom', logLevel: 'error', server: { middlewareMode: true } }
const server = await createServer(options)
try {
  await server.ssrLoadModule('/import.mjs')
} finally {
  await server.close()
}
`,
      })
      await printsOk(folder, node(24), ['dev.mjs', 'vite.dev.mjs'])
      const text = 'module is not defined'
      isDocumented('Vite', text)
      const { code, text: said } = await run(folder, node(24), ['dev.mjs', 'plain.mjs'])
      if (code === 0 || !said.includes(text)) throw new Failure(`${text} is not in\n${said}`)
    },
  },
  bundler(
    'ncc',
    'index.mjs',
    (folder) => command(folder, 'ncc', 'ncc build', byNode('@vercel/ncc/dist/ncc/cli.js')),
    { quick: true },
  ),
  bundler('ncc-require', 'index.cjs', (folder) =>
    command(folder, 'ncc', 'ncc build', byNode('@vercel/ncc/dist/ncc/cli.js'), (args) =>
      args.map((arg) => (arg === 'import.mjs' ? 'require.cjs' : arg)),
    ),
  ),
  {
    name: 'nft',
    quick: true,
    async run({ packages, scratch }) {
      const folder = workshop('bundlers', 'nft', packages)
      write(folder, {
        'trace.cjs': `require('@vercel/nft').nodeFileTrace(['import.mjs', 'require.cjs']).then(({ fileList }) =>
  console.log(JSON.stringify([...fileList])))\n`,
      })
      const { output } = await succeed(folder, node(20), ['trace.cjs'])
      const there = moved(scratch, 'nft', folder, JSON.parse(output))
      await printsOk(there, node(20), ['import.mjs'])
      await printsOk(there, node(20), ['require.cjs'])
    },
  },
  bundler('electron-forge-simulated', 'bundle.cjs', async (folder) => {
    await configured('Electron', 'forge.config.cjs', webpack)(folder)
  }),
  {
    name: 'electron-no-external-buffers',
    quick: true,
    async run({ packages }) {
      const folder = workshop('bundlers', 'electron', packages)
      write(folder, {
        'program.cjs': `const { Mmap } = require('fmmap')
const map = Mmap.open('hay.txt')
let code
try {
  map.view()
} catch (error) {
  code = error.code
}
console.log(map.find('needle') === 4 && code === 'ERR_MMAP_UNSUPPORTED' ? 'ok' : 'wrong')\n`,
      })
      await printsOk(folder, node(20), ['program.cjs'], { env: { FMMAP_NO_EXTERNAL_BUFFERS: '1' } })
    },
  },
  ...['--turbopack', '--webpack'].map((builder) => ({
    name: `next${builder.replace('-', '')}`,
    quick: false,
    run: (lab) => next(lab, builder, documented('Next.js', 'next.config.mjs')),
  })),
  {
    name: 'next-plain',
    quick: false,
    async run(lab) {
      const text = 'is not placeable in ESM chunks'
      isDocumented('Next.js', text)
      try {
        await next(lab, '--turbopack', `export default { output: 'standalone' }\n`)
      } catch (error) {
        if (error.message.includes(text)) return `"${text}": docs/bundlers.md`
        throw error
      }
      throw new Failure('it builds without the line that docs/bundlers.md asks for')
    },
  },
  bundler('bun-build', 'import.js', (folder) =>
    command(folder, 'Bun', 'bun build --target=node', (args) => [bun(), args]),
  ),
  {
    name: 'bun-compile',
    quick: true,
    async run({ packages, scratch }) {
      const folder = workshop('bundlers', 'bun-compile', packages)
      await command(folder, 'Bun', 'bun build --compile', (args) => [bun(), args])
      const there = moved(scratch, 'bun-compile', join(folder, 'out'))
      await printsOk(there, join(there, 'program'), [])
    },
  },
  {
    name: 'deno-documented',
    quick: false,
    async run({ packages }) {
      const folder = workshop('bundlers', 'deno', packages)
      const env = { DENO_NO_PROMPT: '1' }
      const [, ...args] = documentedCommand('Deno', 'deno run')
      await printsOk(folder, deno(), ['run', '--node-modules-dir=manual', ...args.slice(1)], {
        env,
      })
      const text = 'Deno needs --allow-ffi and --allow-read to load fmmap'
      isDocumented('Deno', text)
      const refused = args.slice(1).filter((arg) => arg !== '--allow-ffi')
      const { text: said } = await run(
        folder,
        deno(),
        ['run', '--node-modules-dir=manual', ...refused],
        { env },
      )
      if (!said.includes(text)) throw new Failure(`${text} is not in\n${said}`)
    },
  },
  ...[22, 24].map((major) => ({
    name: `sea-${major}`,
    quick: major === 24,
    async run({ packages, scratch }) {
      const heading = "Node's single executable"
      const folder = workshop('bundlers', `sea-${major}`, packages)
      await command(folder, heading, 'esbuild require.cjs', byNode('esbuild/bin/esbuild'))
      write(folder, { 'sea.json': documented(heading, 'sea.json') })
      await command(folder, heading, 'node --experimental-sea-config', (args) => [
        node(major),
        args,
      ])
      cpSync(node(major), join(folder, 'out', 'program'))
      await command(folder, heading, 'postject out/program', byNode('postject/dist/cli.js'))
      const there = moved(scratch, `sea-${major}`, join(folder, 'out'))
      await printsOk(there, join(there, 'program'), [])
    },
  })),
  {
    name: 'sea-26',
    quick: false,
    async run({ packages, scratch }) {
      const heading = "Node's single executable"
      const folder = workshop('bundlers', 'sea-26', packages)
      await command(folder, heading, 'esbuild require.cjs', byNode('esbuild/bin/esbuild'))
      write(folder, { 'sea.build.json': documented(heading, 'sea.build.json') })
      await command(folder, heading, 'node --build-sea', (args) => [node(26), args])
      const there = moved(scratch, 'sea-26', join(folder, 'out'))
      await printsOk(there, join(there, 'program'), [])
    },
  },
]

/** Builds an application, moves its standalone folder, starts its server and sends a request. */
async function next({ packages, scratch }, builder, config) {
  // Turbopack compiles no files above the folder of the application, so Next is installed there.
  const folder = home('next')
  install(folder, packages)
  write(folder, {
    'next.config.mjs': config,
    'app/layout.js': `export default function Layout({ children }) {
  return <html><body>{children}</body></html>
}\n`,
    'app/page.js': `export default function Page() {
  return <p>page</p>
}\n`,
    'app/api/ask/route.js': `import { Mmap } from 'fmmap'
export const dynamic = 'force-dynamic'
export function GET() {
  const map = Mmap.open('hay.txt')
  const at = map.find('needle')
  map.close()
  return new Response(at === 4 ? 'ok' : 'wrong')
}\n`,
  })
  const env = { NEXT_TELEMETRY_DISABLED: '1' }
  const cli = tool('next', 'next/dist/bin/next')
  await succeed(folder, node(24), [cli, 'build', builder], { env, limit: 30 * 60_000 })
  const there = moved(scratch, `next${builder}`, join(folder, '.next', 'standalone'))
  write(there, {
    'ask.cjs': `process.env.PORT = '0'
const { createServer } = require('node:net')
const free = createServer().listen(0, '127.0.0.1', () => {
  const { port } = free.address()
  free.close(async () => {
    process.env.PORT = String(port)
    process.env.HOSTNAME = '127.0.0.1'
    require('./server.js')
    for (let attempt = 0; ; attempt += 1) {
      const answer = await fetch('http://127.0.0.1:' + port + '/api/ask').then(
        (response) => response.text(),
        (error) => (attempt < 100 ? undefined : String(error)),
      )
      if (answer !== undefined) {
        console.log(answer)
        process.exit()
      }
      await new Promise((done) => setTimeout(done, 100))
    }
  })
})
`,
  })
  await printsOk(there, node(24), ['ask.cjs'], { env })
}
