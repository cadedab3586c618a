// Files that can't be mapped: the message says what they are, and what to do.
import { execFileSync, spawn } from 'node:child_process'
import { closeSync, constants, existsSync, openSync, readdirSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { ACCESS_COPY, ACCESS_READ, ACCESS_WRITE, Mmap, PAGESIZE } from '../index.js'
import { refuses } from './support/errors.ts'
import { descriptor, freshPath, temporaryFile } from './support/files.ts'
import { emulated, linux, unix } from './support/platform.ts'
import test, { testWhere } from './support/test.ts'

testWhere(unix, 'no FIFO here')('a pipe says that it is one, with a length and without', (t) => {
  const path = freshPath()
  execFileSync('mkfifo', [path])
  for (const access of [ACCESS_READ, ACCESS_WRITE, ACCESS_COPY]) {
    for (const length of [0, PAGESIZE]) {
      const error = refuses(
        t,
        () => Mmap.open(path, { access, length }),
        length === 0 ? 'EINVAL' : 'ENODEV',
        /a pipe can't be mapped: read it$/,
      )
      t.is(error.path, path)
      t.is(error.syscall, 'mmap')
      const fd = openSync(path, constants.O_RDWR | constants.O_NONBLOCK)
      t.teardown(() => closeSync(fd))
      refuses(
        t,
        () => new Mmap(fd, length, { access }),
        error.code,
        /a pipe can't be mapped: read it$/,
      )
    }
  }
})

testWhere(linux, 'devices and their errors as Linux has them')('devices say what they are', (t) => {
  refuses(t, () => Mmap.open('/dev/null'), 'EINVAL', /this device can't be mapped: read it$/)
  refuses(t, () => Mmap.open('/dev/null', { length: 10 }), 'ENODEV', /can't be mapped: read it$/)
  refuses(t, () => Mmap.open('/dev/zero'), 'EINVAL', /no size of its own: pass a length$/)
  const zeros = Mmap.open('/dev/zero', { length: PAGESIZE })
  t.is(zeros.find('\0\0'), 0)
  zeros.close()
  if (existsSync('/dev/ptmx')) {
    for (const length of [0, PAGESIZE]) {
      try {
        Mmap.open('/dev/ptmx', { length }).close()
        t.fail()
      } catch (error) {
        t.true(
          (error as Error).message.endsWith("a terminal can't be mapped: read it"),
          String(error),
        )
      }
    }
  }
})

testWhere(linux, 'there is no /proc')(
  'files of /proc and /sys only seem to have their size',
  (t) => {
    for (const path of [
      '/proc/cpuinfo',
      '/proc/self/status',
      '/sys/kernel/mm/transparent_hugepage/enabled',
    ]) {
      if (!existsSync(path)) continue
      const error = refuses(
        t,
        () => Mmap.open(path),
        'ENODEV',
        /only seems to have its size.*: read it$/,
      )
      t.is(error.path, path)
      const fd = descriptor(t, path, 'r')
      refuses(t, () => new Mmap(fd, 0, { access: ACCESS_READ }), 'ENODEV', /only seems/)
      refuses(t, () => new Mmap(fd, 10, { access: ACCESS_READ }), 'ENODEV', /only seems/)
    }
  },
)

testWhere(unix, 'no such sockets')('a socket, and a directory by its descriptor', async (t) => {
  const path = freshPath()
  const server = createServer().listen(path)
  await new Promise((done) => server.once('listening', done))
  t.teardown(() => void server.close())
  try {
    Mmap.open(path)
    t.fail()
  } catch (error) {
    t.true(/socket/.test((error as Error).message), String(error))
  }
  const fd = descriptor(t, '/', 'r')
  try {
    new Mmap(fd, PAGESIZE, { access: ACCESS_READ }).close()
    t.fail()
  } catch (error) {
    t.true((error as Error).message.endsWith("a directory can't be mapped"), String(error))
  }
})

testWhere(unix, 'messages of Unix')('a descriptor says for what it must be open', (t) => {
  const path = temporaryFile('abc')
  const writing = descriptor(t, path, constants.O_WRONLY)
  for (const access of [ACCESS_READ, ACCESS_COPY]) {
    refuses(
      t,
      () => new Mmap(writing, 0, { access }),
      'EACCES',
      /must be open for reading: open it with 'r' or 'r\+'$/,
    )
  }
  refuses(
    t,
    () => new Mmap(writing, 0, { access: ACCESS_WRITE }),
    'EACCES',
    /for reading as well as for writing: open it with 'r\+'$/,
  )
  const reading = descriptor(t, path, 'r')
  refuses(
    t,
    () => new Mmap(reading, 0, { access: ACCESS_WRITE }),
    'EACCES',
    /pass access: ACCESS_READ, or open it with 'r\+'$/,
  )
})

test('the numbers and the path follow Python’s sentence', (t) => {
  const path = temporaryFile('hello')
  if (unix) {
    refuses(
      t,
      () => Mmap.open(path, { length: 99 }),
      'ERR_OUT_OF_RANGE',
      `mmap length is greater than file size: 99 bytes from 0 of 5, '${path}'`,
    )
  }
  const offset = 1 << 20
  refuses(
    t,
    () => Mmap.open(path, { offset }),
    'ERR_OUT_OF_RANGE',
    `mmap offset is greater than file size: ${offset} of 5 bytes, '${path}'`,
  )
  const empty = temporaryFile()
  refuses(t, () => Mmap.open(empty), 'ERR_MMAP_EMPTY_FILE', `cannot mmap an empty file: '${empty}'`)
  const fd = descriptor(t, empty)
  refuses(t, () => new Mmap(fd, 0), 'ERR_MMAP_EMPTY_FILE', 'cannot mmap an empty file')
})

/** A block device that can be read here, with its size. */
function blockDevice(): [path: string, size: number] | undefined {
  if (!linux || emulated) return undefined
  for (const name of existsSync('/sys/block') ? readdirSync('/sys/block') : []) {
    try {
      closeSync(openSync(`/dev/${name}`, 'r'))
      const sectors = Number(execFileSync('cat', [`/sys/block/${name}/size`], { encoding: 'utf8' }))
      if (sectors > 0) return [`/dev/${name}`, sectors * 512]
    } catch {
      // This user may not read it, or it has no medium.
    }
  }
  return undefined
}
const device = blockDevice()

testWhere(device !== undefined, 'no block device can be read')(
  'a block device has its size',
  (t) => {
    const [path, size] = device as [string, number]
    const whole = Mmap.open(path)
    t.is(whole.length, size)
    t.is(whole.size(), size)
    t.is(whole.slice(0, 4).length, 4)
    whole.close()
    refuses(
      t,
      () => Mmap.open(path, { length: size + 1 }),
      'ERR_OUT_OF_RANGE',
      /is greater than file size/,
    )
  },
)

testWhere(
  linux && process.env.FMMAP_TEST_NO_CC !== '1' && !emulated,
  'leases are Linux’s, and need a C compiler',
)('a file that another process has a lease on is waited for, as readFileSync does', async (t) => {
  const path = temporaryFile('leased')
  const [source, program] = [freshPath('.c'), freshPath()]
  writeFileSync(
    source,
    `#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>
int main(int count, char **arguments) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGIO);
  sigprocmask(SIG_BLOCK, &set, NULL);
  int fd = open(arguments[1], O_RDWR), signal;
  if (fcntl(fd, F_SETLEASE, F_WRLCK) != 0) return puts("none"), 0;
  puts("leased");
  fflush(stdout);
  alarm(20);
  sigwait(&set, &signal);
  usleep(200000);
  fcntl(fd, F_SETLEASE, F_UNLCK);
  return 0;
}
`,
  )
  execFileSync(process.env.CC ?? 'cc', ['-o', program, source])
  const holder = spawn(program, [path], { stdio: ['ignore', 'pipe', 'inherit'] })
  const ended = new Promise((done) => holder.once('close', done))
  const said = await new Promise<string>((done) => {
    holder.stdout.once('data', (chunk: Buffer) => done(chunk.toString()))
  })
  if (said.startsWith('none')) return t.pass('this file system has no leases')
  const m = Mmap.open(path)
  t.is(m.find('leased'), 0)
  m.close()
  await ended
})
