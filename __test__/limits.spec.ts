// Where the system has no more room: what a map does then, and what it keeps.
import { spawnSync } from 'node:child_process'
import { PAGESIZE } from '../index.js'
import { temporaryFile } from './support/files.ts'
import { emulated, externalBuffers, linux } from './support/platform.ts'
import { childAnswer, procUrl } from './support/runtime.ts'
import { testWhere } from './support/test.ts'

const limits =
  linux && externalBuffers && !emulated && spawnSync('prlimit', ['--version']).status === 0

/** Sets a soft limit of the child's own process, by prlimit(1): bytes, or `unlimited`. */
const limit = `
  import { descriptors, memory } from ${procUrl}
  const { execFileSync } = await import('node:child_process')
  const fs = await import('node:fs')
  const path = process.argv[2]
  const limit = (what, to) => execFileSync('prlimit', ['--pid', String(process.pid), '--' + what + '=' + to + ':'])
  const used = () => Number(fs.readFileSync('/proc/self/statm', 'utf8').split(' ')[0]) * fmmap.PAGESIZE
  const put = (fd, text, at) => fs.writeSync(fd, Buffer.from(text), 0, text.length, at)
  const attempt = (call) => {
    try {
      call()
      return 'done'
    } catch (error) {
      return error.code
    }
  }`

testWhere(limits, 'sets limits by prlimit')(
  'a resize for which there is no room loses no byte of the file, and none that was appended',
  async (t) => {
    const size = 3 * 2 ** 30
    const path = temporaryFile(size)
    const answer = await childAnswer(
      `${limit}
       const fd = fs.openSync(path, 'r+')
       const places = [0, ${size / 2 - 8}, ${size / 2}, ${size - 8}]
       for (const at of places) put(fd, 'marker ' + at % 10, at)
       const marks = (bytes) => places.map((at) => bytes.subarray(at, at + 8).toString()).join()
       const file = () => places.concat(${size}).map((at) => {
         const bytes = Buffer.alloc(8)
         return bytes.toString('latin1', 0, fs.readSync(fd, bytes, 0, 8, at))
       }).join()
       const m = fmmap.Mmap.open(path, { access: fmmap.ACCESS_WRITE })
       const view = m.view()
       limit('as', used() + 2 ** 30)
       const shrunk = attempt(() => m.resize(${size / 2}))
       fs.appendFileSync(path, 'appended')
       const grown = attempt(() => m.resize(${2 * size}))
       const answer = {
         shrunk, grown, length: m.length, file: file(), view: marks(view), map: marks(m.view()), size: m.size(),
       }
       limit('as', 'unlimited')
       console.log(JSON.stringify({ ...answer, again: attempt(() => m.resize(${size / 2})), half: m.size() }))`,
      [path],
    )
    const marks = [0, size / 2 - 8, size / 2, size - 8].map((at) => `marker ${at % 10}`).join()
    t.deepEqual(answer, {
      ...{
        shrunk: 'ENOMEM',
        grown: 'ENOMEM',
        length: size,
        size: size + 8,
        file: `${marks},appended`,
      },
      ...{ view: marks, map: marks, again: 'done', half: size / 2 },
    })
  },
)

testWhere(limits, 'sets limits by prlimit')(
  'a view of a part of a read-only map needs no room for the whole',
  async (t) => {
    const size = 3 * 2 ** 30
    const path = temporaryFile(size)
    for (const what of ['data', 'as']) {
      const answer = await childAnswer(
        `${limit}
         const fd = fs.openSync(path, 'r+')
         put(fd, 'needle', 2 ** 31 + 5)
         const m = fmmap.Mmap.open(path)
         limit(${JSON.stringify(what)}, (512 << 20) + ${what === 'data' ? "memory('VmData')" : 'used()'})
         const part = m.view(2 ** 31 + 5, 6)
         const [first, other] = [m.view(0, 4096), m.view(${size - 1}, 1)]
         const words = m.view(Uint16Array, 2 ** 31, 8)
         const text = part.toString()
         part[0] = 78
         put(fd, 'X', 2 ** 31 + 10)
         m.madvise(fmmap.MADV_RANDOM)
         console.log(JSON.stringify({
           text, own: part.toString(), file: m.slice(2 ** 31 + 5, 2 ** 31 + 11).toString(),
           lengths: [first.length, other.length, words.length], closed: m.close() ?? m.closed,
           after: part.length,
         }))`,
        [path],
      )
      t.deepEqual(
        answer,
        {
          ...{ text: 'needle', own: 'Needle', file: 'needlX', lengths: [4096, 1, 8] },
          ...{ closed: true, after: 6 },
        },
        what,
      )
    }
  },
)

testWhere(limits, 'sets limits by prlimit')('a file that can grow no more says so', async (t) => {
  const path = temporaryFile('abc')
  const answer = await childAnswer(
    `${limit}
     process.on('SIGXFSZ', () => {})
     limit('fsize', 8192)
     const options = { access: fmmap.ACCESS_WRITE, create: true, length: 1 << 20 }
     const m = fmmap.Mmap.open(path, { access: fmmap.ACCESS_WRITE })
     console.log(JSON.stringify({
       extended: attempt(() => fmmap.Mmap.open(path, options)),
       made: attempt(() => fmmap.Mmap.open(path + '.new', options)),
       resized: attempt(() => m.resize(1 << 20)),
       exists: fs.existsSync(path + '.new'), size: m.size(), length: m.length,
     }))
     // Deno writes to its own cache at the end.
     limit('fsize', 'unlimited')`,
    [path],
  )
  t.deepEqual(answer, {
    ...{ extended: 'EFBIG', made: 'EFBIG', resized: 'EFBIG' },
    ...{ exists: false, size: 3, length: 3 },
  })
})

testWhere(limits, 'sets limits by prlimit')(
  'views of closed maps hold no descriptor, and go on surviving a truncation',
  async (t) => {
    const path = temporaryFile(Buffer.alloc(4 * PAGESIZE, 'x'))
    const answer = await childAnswer(
      `${limit}
       limit('nofile', 100)
       const page = fmmap.PAGESIZE
       const views = []
       for (let count = 0; count < 400; count++) {
         const access = [fmmap.ACCESS_READ, fmmap.ACCESS_WRITE, fmmap.ACCESS_COPY][count % 3]
         const m = fmmap.Mmap.open(path, { access })
         views.push(m.view(0, 3 * page))
         // A resize leaves the memory of before with its view.
         if (count % 30 === 1) m.resize(4 * page - count)
         views.push(m.view(page, 4))
         m.close()
       }
       const held = descriptors(path)
       fs.truncateSync(path, page + 1)
       const sums = new Set(views.filter((view) => view.length > 4).map((view) =>
         [view[0], view[page], view[page + 1], view[2 * page], view[3 * page - 1]].join()))
       console.log(JSON.stringify({ held, sums: [...sums] }))`,
      [path],
    )
    // What a private map has not written is the file's, whatever the access.
    t.deepEqual(answer, { held: 0, sums: ['120,120,0,0,0'] })
  },
)
