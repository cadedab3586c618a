/**
 * Many maps, many searches, many cycles; and what happens when the system has no more of something.
 */

import { spawn } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import * as fmmap from '../../index.js'
import * as proc from '../support/proc.mjs'
import { cases, check, collect, externalBuffers, freshPath, pause, scaled } from './cases.mjs'

const { Mmap, ACCESS_WRITE, PAGESIZE } = fmmap
const linux = process.platform === 'linux'
/** The descriptors of a file and the areas of memory, as far as the system tells. */
const descriptors = (path) => (linux ? proc.descriptors(path) : 0)
const areas = () => (linux ? proc.mappings() : 0)
const mostAreas = () => Number(readFileSync('/proc/sys/vm/max_map_count', 'utf8'))
const resident = () => process.memoryUsage().rss / 2 ** 20

function file(pages = 4) {
  const path = freshPath()
  writeFileSync(path, Buffer.alloc(pages * PAGESIZE, 'line of text\n'))
  return path
}

/** Runs a module under limits of the system's; prlimit and ulimit are part of every Linux. */
function limited(limit, source) {
  const module = `${freshPath()}.mjs`
  writeFileSync(
    module,
    `import * as fmmap from ${JSON.stringify(new URL('../../index.js', import.meta.url).href)}
    import { execFileSync } from 'node:child_process'
    import fs from 'node:fs'
    const { Mmap, PAGESIZE } = fmmap
    const path = process.argv[2]
    const kept = []
    const content = fs.readFileSync(path)
    /** Whether everything that was opened before still works. */
    const works = (m) => {
      if (m.get(5) !== content[5] || m.find('text') !== 8 || !m.slice(0, 100).equals(content.subarray(0, 100)))
        throw new Error('a map that was opened before is broken')
    }
    const exhaust = (open, codes) => {
      for (let i = 0; i < 200000; i++) {
        let m
        try { m = open(i) } catch (error) {
          if (!codes.includes(error.code)) throw error
          for (const one of kept) works(one)
          for (const one of kept.splice(0, 10)) one.close()
          const again = open(i)
          works(again)
          again.close()
          fs.writeSync(1, 'exhausted ' + i + ' ' + error.code + '\\n')
          return
        }
        kept.push(m)
      }
      throw new Error('never exhausted')
    }
    ${source}`,
  )
  const flags = 'deno' in process.versions ? ['run', '-A'] : []
  const started = spawn(
    'sh',
    ['-c', `${limit}; exec "$0" "$@"`, process.execPath, ...flags, module, file()],
    {
      env: { ...process.env, NODE_OPTIONS: '' },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  )
  let output = ''
  started.stdout.on('data', (chunk) => (output += chunk))
  started.stderr.on('data', (chunk) => (output += chunk))
  return new Promise((resolve, reject) => {
    started.on('error', reject)
    started.on('close', (code, signal) => {
      const said = /^exhausted (.*)$/m.exec(output)?.[1]
      if (code === 0 && said !== undefined) resolve(`after ${said}`)
      else reject(new Error(`${signal ?? code}: ${output}`))
    })
  })
}

await cases({
  '10,000 maps at once'() {
    const path = file()
    const count = scaled(10_000)
    const before = descriptors(path)
    const maps = []
    for (let i = 0; i < count; i++) {
      // Most maps have no descriptor, because a process may have fewer of those.
      maps.push(Mmap.open(path, { trackfd: i % 20 === 0, access: i % 2 === 0 ? ACCESS_WRITE : 1 }))
    }
    for (const [i, m] of maps.entries()) {
      check(m.get(3) === 101 && m.get(4) === 32, `map ${i}`)
      check(m.find('text') === 8, `map ${i}`)
    }
    maps[8].set(0, 76)
    for (const m of maps) check(m.get(0) === maps[0].get(0), 'one file, one byte')
    for (const m of maps) m.close()
    check(descriptors(path) === before, `${descriptors(path) - before} descriptors more`)
    return `${count} maps`
  },
  async '1,000 searches in flight'() {
    const path = file(1000)
    const m = Mmap.open(path)
    const count = scaled(1000)
    const searches = []
    for (let i = 0; i < count; i++) {
      searches.push(
        i % 3 === 0
          ? m.countAsync('text')
          : i % 3 === 1
            ? m.findAsync('absent')
            : m.rfindAsync('line of text\n', { start: 0 }),
      )
    }
    const wanted = [m.count('text'), -1, m.rfind('line of text\n', 0)]
    for (const [i, answer] of (await Promise.all(searches)).entries()) {
      check(answer === wanted[i % 3], `search ${i}: ${answer}`)
    }
    const ended = Array.from({ length: count }, () =>
      m.countAsync('text').then(
        () => 'done',
        (error) => error.code,
      ),
    )
    await pause(1)
    m.close()
    for (const outcome of await Promise.all(ended))
      check(outcome === 'ERR_MMAP_CLOSED' || outcome === 'done', outcome)
    return `${count} that end, ${count} that are closed`
  },
  async 'open, find, close: flat memory and descriptors'() {
    const path = file(64)
    const cycle = async (i) => {
      const m = Mmap.open(path, { access: i % 2 === 0 ? 1 : ACCESS_WRITE })
      check(m.find('absent') === -1 && m.get(1) === 105 && m.get(2) === 110, `cycle ${i}`)
      m.readline()
      if (i % 10 === 0) check((await m.countAsync('line')) > 0, 'countAsync')
      if (externalBuffers && i % 7 === 0) m.view(0, 100)
      m.close()
      if (i % 500 === 0) {
        collect()
        await pause(1)
      }
    }
    const count = scaled(100_000)
    for (let i = 0; i < count / 5; i++) await cycle(i)
    collect()
    await pause(50)
    const before = { memory: resident(), descriptors: descriptors(path), areas: areas() }
    for (let i = 0; i < count; i++) await cycle(i)
    for (let i = 0; i < 20; i++) {
      collect()
      await pause(20)
    }
    const memory = resident() - before.memory
    check(memory < 48, `${memory.toFixed(1)} MiB more after ${count} cycles`)
    check(
      descriptors(path) - before.descriptors < 10,
      `${descriptors(path) - before.descriptors} descriptors more`,
    )
    check(areas() - before.areas < 200, `${areas() - before.areas} areas more`)
    return `${count} cycles, ${memory.toFixed(1)} MiB, ${descriptors(path) - before.descriptors} descriptors, ${areas() - before.areas} areas more`
  },
  ...(linux
    ? {
        'no more descriptors': () =>
          limited('ulimit -n 256', `exhaust(() => Mmap.open(path), ['EMFILE'])`),
        'no more descriptors, for a duplicate': () =>
          limited(
            'ulimit -n 256',
            `const fd = fs.openSync(path, 'r+'); exhaust(() => new Mmap(fd, 0), ['EMFILE'])`,
          ),
        'no more areas (max_map_count)': () =>
          mostAreas() > 200_000
            ? `not run: ${mostAreas()} areas are allowed, more than there is memory for`
            : limited(
                ':',
                `exhaust((i) => Mmap.open(path, { trackfd: false, access: 1 + i % 2 }), ['ENOMEM'])`,
              ),
        'no more address space': () =>
          limited(
            ':',
            `const { memory } = await import(${JSON.stringify(new URL('../support/proc.mjs', import.meta.url).href)})
            const now = memory('VmSize')
            execFileSync('prlimit', ['--pid', String(process.pid), '--as=' + (now + 256 * 2 ** 20)])
            const small = Mmap.open(path)
            let code
            try { new Mmap(-1, 2 ** 30) } catch (error) { code = error.code }
            if (code !== 'ENOMEM') throw new Error('2^30 bytes: ' + code)
            works(small)
            const m = new Mmap(-1, PAGESIZE, { flags: fmmap.MAP_PRIVATE })
            try { m.resize(2 ** 30); code = undefined } catch (error) { code = error.code }
            if (code !== 'ENOMEM' || m.length !== PAGESIZE) throw new Error('resize: ' + code)
            m.set(0, 1)
            works(small)
            const codes = []
            try { small.view() } catch (error) { codes.push(error.code) }
            fs.writeSync(1, 'exhausted 2 ENOMEM\\n')`,
          ),
      }
    : {}),
})
