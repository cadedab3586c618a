// Mmap.follow when calls of the file system fail: for a while, once, or always. The calls are replaced in the whole
// process, so the tests run one after another.
import fs from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { Mmap } from '../index.js'
import { temporaryFile } from './support/files.ts'
import { following, open, ownPath, rest, serially, take, unlessItHangs } from './support/follow.ts'
import { linux, unix } from './support/platform.ts'
import { childAnswer } from './support/runtime.ts'
import test, { type Assertions, testWhere } from './support/test.ts'

const alone = serially(test)
const onUnix = serially(testWhere(unix, 'renames files that are open'))

alone('it works without a watcher, and when the watcher fails', async (t) => {
  const original = fs.watch
  t.teardown(() => {
    fs.watch = original
  })
  const path = temporaryFile('')
  fs.watch = () => {
    throw Object.assign(new Error('no more watchers'), { code: 'ENOSPC' })
  }
  const without = following(t, path)
  const taken = take(without, 1)
  await pause(20)
  fs.appendFileSync(path, 'a\n')
  t.deepEqual(await taken, ['a'])
  let made: fs.FSWatcher | undefined
  fs.watch = ((...args: Parameters<typeof original>) => {
    made = original(...args)
    return made
  }) as unknown as typeof fs.watch
  const failing = following(t, path)
  const later = take(failing, 1)
  await pause(20)
  made?.emit('error', new Error('gone'))
  await pause(20)
  fs.appendFileSync(path, 'b\n')
  t.deepEqual(await later, ['b'])
})

/** The calls of the file system that a follower makes. */
const calls = ['statSync', 'openSync', 'fstatSync', 'readSync', 'readdirSync', 'watch'] as const

/** Makes a call fail while `failing()` returns an error. */
function failingCall(
  t: Assertions,
  name: (typeof calls)[number] | 'closeSync',
  code: string,
  failing: () => boolean,
): () => void {
  const system = fs as unknown as Record<string, (...args: unknown[]) => unknown>
  const original = system[name] as (...args: unknown[]) => unknown
  const restore = (): void => {
    system[name] = original
  }
  t.teardown(restore)
  system[name] = (...args) => {
    if (failing()) throw Object.assign(new Error(`${code}: ${name}`), { code, syscall: name })
    return original.apply(fs, args)
  }
  return restore
}

for (const name of calls) {
  for (const code of ['EMFILE', 'EACCES']) {
    onUnix(`${code} from ${name} for a while: nothing is lost`, async (t) => {
      const path = ownPath()
      fs.writeFileSync(path, '')
      const lines = following(t, path)
      fs.appendFileSync(path, '0\n')
      t.deepEqual(await take(lines, 1), ['0'])
      const taken = take(lines, 4)
      const until = performance.now() + 300
      const restore = failingCall(t, name, code, () => performance.now() < until)
      // The writer is another process, so it is not held up.
      const script = `
        import fs from 'node:fs'
        const [path] = process.argv.slice(2)
        fs.appendFileSync(path, '1\\n')
        fs.renameSync(path, path + '.1')
        fs.writeFileSync(path, '2\\n')
        await pause(20)
        fs.renameSync(path, path + '.2')
        fs.writeFileSync(path, '3\\n')
        console.log('0')
      `
      await childAnswer(script, [path])
      fs.appendFileSync(path, '4\n')
      t.deepEqual(await taken, ['1', '2', '3', '4'])
      await lines.return?.()
      restore()
      if (linux) t.deepEqual(open(dirname(path)), [])
    })
  }
}

for (const name of [...calls, 'closeSync'] as const) {
  onUnix(
    `an error of ${name} that does not pass ends it, or is got over; nothing hangs or stays open`,
    async (t) => {
      for (let nth = 1; nth <= 12; nth += 1) {
        const path = ownPath()
        fs.writeFileSync(path, 'a\n')
        let count = 0
        const restore = failingCall(t, name, 'EIO', () => {
          count += 1
          return count === nth
        })
        const lines = Mmap.follow(path, { from: 'start', poll: 20 })
        const work = (async () => {
          const first = await take(lines, 1)
          fs.writeFileSync(`${path}.new`, 'b\nc\n')
          fs.renameSync(`${path}.new`, path)
          return [...first, ...(await take(lines, 2))]
        })().catch((error: unknown) => error)
        // oxlint-disable-next-line no-await-in-loop
        const taken: unknown = await unlessItHangs(work)
        const ended = taken instanceof Error && taken.message.includes('EIO')
        t.true(
          ended || (Array.isArray(taken) && taken.join() === 'a,b,c'),
          `${name}, call ${nth}: ${String(taken)}`,
        )
        // oxlint-disable-next-line no-await-in-loop
        await lines.return?.()
        restore()
        if (linux && name !== 'closeSync') t.deepEqual(open(dirname(path)), [], `${name} ${nth}`)
      }
    },
  )
}

for (const name of ['readdirSync', 'statSync', 'openSync'] as const) {
  alone(
    `files that are renamed at any call of ${name}: no line is lost, none comes twice`,
    async (t) => {
      for (let nth = 1; nth <= 6; nth += 1) {
        for (const when of ['before', 'after']) {
          const path = ownPath()
          let written = 0
          const write = (): void => {
            written += 1
            rest(10)
            fs.writeFileSync(path, `${written}\n`)
          }
          let files = 0
          const shift = (): void => {
            for (let at = files; at > 0; at -= 1)
              fs.renameSync(`${path}.${at}`, `${path}.${at + 1}`)
            fs.renameSync(path, `${path}.1`)
            files += 1
            write()
          }
          write()
          const lines = following(t, path, { from: 'start' })
          // oxlint-disable-next-line no-await-in-loop
          t.deepEqual(await take(lines, 1), ['1'])
          const label = `${when} call ${nth}`
          // The oldest is gone, so that the one after it gets a name that no list has yet.
          for (let rotation = 0; rotation < 3; rotation += 1) shift()
          // Unix gives its number to another file; Wine does so too, where Windows does not.
          if (unix) fs.unlinkSync(`${path}.3`)
          else fs.renameSync(`${path}.3`, join(dirname(path), 'gone'))
          files = 2
          const original = fs[name] as (...args: unknown[]) => unknown
          let calls = 0
          let busy = false
          const once = (): void => {
            if (calls !== nth || busy) return
            busy = true
            shift()
            busy = false
          }
          const system = fs as unknown as Record<string, unknown>
          const restore = (): void => {
            system[name] = original
          }
          t.teardown(restore)
          system[name] = (...args: unknown[]) => {
            if (busy) return original.apply(fs, args)
            calls += 1
            if (when === 'before') once()
            const answer = original.apply(fs, args)
            if (when === 'after') once()
            return answer
          }
          // oxlint-disable-next-line no-await-in-loop
          const taken: unknown = await unlessItHangs(take(lines, 3))
          restore()
          t.deepEqual(taken, ['2', '3', '4'], label)
          shift()
          const later = Array.from({ length: written - 4 }, (_, at) => String(at + 5))
          // oxlint-disable-next-line no-await-in-loop
          t.deepEqual(await unlessItHangs(take(lines, later.length)), later, label)
          // oxlint-disable-next-line no-await-in-loop
          await lines.return?.()
        }
      }
    },
  )
}

alone('an error that lasts is thrown, and ends it', async (t) => {
  const path = ownPath()
  fs.writeFileSync(path, 'a\n')
  failingCall(t, 'openSync', 'EACCES', () => true)
  const lines = Mmap.follow(path, { from: 'start', poll: 50 })
  const start = performance.now()
  const thrown = await unlessItHangs(lines.next().catch((reason: unknown) => reason))
  t.is((thrown as NodeJS.ErrnoException | undefined)?.code, 'EACCES')
  const waited = performance.now() - start
  t.true(waited > 2000, `after ${waited} ms`)
  t.deepEqual(await lines.next(), { done: true, value: undefined })
})
