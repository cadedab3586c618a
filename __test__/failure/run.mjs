// Makes each system call of each member fail in turn, with each error, and checks what is left. Started by
// failure.spec.ts with shim.c preloaded: `node run.mjs FOLDER`. Prints one line of JSON.
//
// After every failure the following must hold. The file has its bytes and its size. The map answers as before, or is
// closed. The error has a code of docs/errors.md. No descriptor and no mapping is left over. A second try works.
//
// A member is added by a line in `cases`.
import { closeSync, existsSync, openSync, readdirSync, readFileSync } from 'node:fs'
import { readSync, realpathSync } from 'node:fs'
import { rmSync, statSync, truncateSync, writeFileSync, writeSync } from 'node:fs'
import { constants } from 'node:os'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import * as fmmap from '../../index.js'
import { mappings, openFiles } from '../support/proc.mjs'

const { ACCESS_COPY, ACCESS_READ, ACCESS_WRITE, MADV_DONTNEED, MADV_RANDOM } = fmmap
const { MAP_PRIVATE, MAP_SHARED, Mmap, PAGESIZE, PROT_READ, PROT_WRITE } = fmmap

const folder = realpathSync(process.argv[2])
const shared = openSync(process.env.FMMAP_TEST_CONTROL, 'r+')
const ERRORS = ['ENOMEM', 'EIO', 'ENOSPC', 'EINTR', 'EMFILE']
const SIZE = 3 * PAGESIZE
const content = Buffer.alloc(SIZE, 'content ')

// The page that is shared with shim.c has these words: armed, fail_at, error, seen, failed, mappings; and then
// lacking, names.
const page = new Int32Array(6)
const names = Buffer.alloc(250 * 16)
function arm(failAt, error, lacking) {
  writeSync(shared, Buffer.from(lacking.padEnd(16, '\0')), 0, 16, 24)
  writeSync(shared, new Int32Array([1, failAt, error, 0, 0]), 0, 20, 0)
}
function look() {
  readSync(shared, page, 0, 24, 0)
  return { seen: page[3], failed: page[4], mappings: page[5] }
}
function disarm() {
  writeSync(shared, new Int32Array([0]), 0, 4, 0)
  return look()
}
function callNames(count) {
  readSync(shared, names, 0, names.length, 40)
  return Array.from({ length: count }, (_, at) => {
    const text = names.subarray(at * 16, at * 16 + 16)
    return text.subarray(0, text.indexOf(0)).toString()
  })
}

/** The descriptors of files and of named memory that are open; a runtime's pipes and modules come and go. */
function descriptors() {
  return openFiles().filter((target) =>
    [folder, '/dev/shm/', '/memfd:', '/dev/zero'].some((start) => target.startsWith(start)),
  ).length
}

const OWN = new Set([
  'ERR_MMAP_CLOSED',
  'ERR_MMAP_EXPORTED',
  'ERR_MMAP_FAULT',
  'ERR_MMAP_UNSUPPORTED',
  'ERR_OUT_OF_RANGE',
])

function right(condition, what) {
  if (!condition) throw new Error(what)
}

let made = 0
/** A file for this case, and maps of it in the states that the cases need. */
class Setting {
  maps = []
  views = []
  promises = []
  constructor({ size = SIZE } = {}) {
    made += 1
    this.path = join(folder, `file-${made}`)
    writeFileSync(this.path, content.subarray(0, size))
  }
  keep(map) {
    this.maps.push(map)
    return map
  }
  open(options) {
    return this.keep(Mmap.open(this.path, options))
  }
  view(map) {
    this.views.push(map.view())
    return map
  }
  anonymous(flags) {
    const map = this.keep(new Mmap(-1, SIZE, { flags }))
    map.write(content)
    return map
  }
  state() {
    return {
      file: existsSync(this.path) ? readFileSync(this.path).toString('latin1') : undefined,
      others: readdirSync(folder).filter((name) => name.startsWith('.')).length,
      maps: this.maps.map((map) =>
        map.closed
          ? 'closed'
          : `${map.length} ${map.tell()} ${map.offset} ${map.slice().toString('latin1')}`,
      ),
      views: this.views.map((view) => Buffer.from(view).toString('latin1')),
    }
  }
  async end() {
    const viewed = this.views.length > 0 && this.maps.some((map) => map.closed)
    for (const map of this.maps) map.close({ detach: true })
    rmSync(this.path, { force: true })
    this.views.length = 0
    // The views of a closed map hold its memory until they are collected.
    for (let tries = viewed ? 0 : 20; tries < 20 && mappings(this.path) > 0; tries++) {
      globalThis.gc()
      await new Promise((done) => setImmediate(done))
    }
  }
}

/**
 * @typedef {object} Case
 * @property {(s: Setting) => unknown} [make] what is there before: the map that the member is called on
 * @property {(s: Setting, map: any) => unknown} act the member; a map that it answers with is closed after
 * @property {(s: Setting, map: any, answer: any) => void} [check] what holds when it has worked
 * @property {boolean} [closes] whether a failure may leave the map closed
 * @property {boolean} [lossy] whether the member itself changes what the state compares, and so do its tries
 * @property {boolean} [leaves] whether a failure may leave an empty file
 * @property {string} [lacking] a call that the system lacks
 * @property {string[]} [never] calls that the member must not make
 */

/** How a file is mapped, in each way. */
const accesses = {
  read: { access: ACCESS_READ },
  write: { access: ACCESS_WRITE },
  copy: { access: ACCESS_COPY },
  private: { flags: MAP_PRIVATE },
  readable: { prot: PROT_READ },
  default: { prot: PROT_READ | PROT_WRITE },
  untracked: { access: ACCESS_WRITE, trackfd: false },
}
/** What exists beside a map while a member is called. */
const company = {
  alone: (s, map) => map,
  viewed: (s, map) => s.view(map),
  // The map is two areas of the kernel's, which mremap can't grow.
  split: (s, map) => (map.madvise(MADV_RANDOM, PAGESIZE, PAGESIZE), map),
  advised: (s, map) => (map.madvise(MADV_RANDOM), s.view(map)),
}
const isWhole = (s, map, answer) =>
  right(answer.slice().equals(content), 'the new map has the bytes')
const hasSize = (size) => (s, map) => {
  right(map.length === size, `length is ${map.length}, not ${size}`)
  right(map.size() === size, `size() is ${map.size()}, not ${size}`)
  const kept = Math.min(size, SIZE)
  right(map.slice(0, kept).equals(content.subarray(0, kept)), 'the bytes that stay')
  map.set(0, content[0])
}
const resizes = [PAGESIZE, SIZE - 1, SIZE + 1, 40 * PAGESIZE]

/** @type {Record<string, Case>} */
const cases = {}
for (const [access, options] of Object.entries(accesses)) {
  // Closing any descriptor of a file drops all locks of this process on it.
  const never = access === 'untracked' ? [] : ['close', 'dup']
  cases[`open ${access}`] = {
    act: (s) => s.keep(Mmap.open(s.path, options)),
    check: isWhole,
    never,
  }
  cases[`constructor ${access}`] = {
    act(s) {
      const fd = openSync(s.path, 'r+')
      try {
        return s.keep(new Mmap(fd, 0, options))
      } finally {
        closeSync(fd)
      }
    },
    check: isWhole,
  }
  const map = (s) => s.open(options)
  if (access !== 'untracked') {
    cases[`size ${access}`] = { make: map, act: (s, m) => m.size() }
  }
  cases[`flush ${access}`] = { make: map, act: (s, m) => m.flush() }
  cases[`flush of a page ${access}`] = { make: map, act: (s, m) => m.flush(PAGESIZE, 1) }
  cases[`flushAsync ${access}`] = { make: map, act: (s, m) => m.flushAsync() }
  cases[`findAsync ${access}`] = { make: map, act: (s, m) => m.findAsync('nothing of this') }
  cases[`close ${access}`] = { make: map, act: (s, m) => m.close(), closes: true }
  cases[`close with a view, ${access}`] = {
    make: (s) => (access === 'untracked' ? map(s) : s.view(map(s))),
    act: (s, m) => m.close(),
    closes: true,
  }
  cases[`view ${access}`] = {
    make: map,
    act: (s, m) => s.views.push(m.view()),
    check: (s) => right(s.views.at(-1).equals(content), 'the view has the bytes'),
  }
  cases[`view of a part, ${access}`] = {
    make: map,
    act: (s, m) => s.views.push(m.view(PAGESIZE + 8, 8)),
    check: (s) => right(s.views.at(-1).toString() === 'content ', 'the view has the bytes'),
  }
  for (const [beside, join] of Object.entries(company)) {
    if (access === 'untracked' && beside !== 'alone') continue
    const both = (s) => join(s, map(s))
    const advise = (advice) => (s, m) => m.madvise(advice)
    cases[`madvise ${access} ${beside}`] = { make: both, act: advise(MADV_RANDOM) }
    if (access !== 'copy' && access !== 'private') {
      cases[`madvise for good, ${access} ${beside}`] = { make: both, act: advise(MADV_DONTNEED) }
    }
    if (!['write', 'private', 'default'].includes(access)) continue
    for (const size of resizes) {
      cases[`resize to ${size}, ${access} ${beside}`] = {
        make: both,
        act: (s, m) => m.resize(size),
        check: hasSize(size),
        closes: true,
      }
      cases[`resize to ${size} and detach, ${access} ${beside}`] = {
        make: both,
        act(s, m) {
          s.views.length = 0
          m.resize(size, { detach: true })
        },
        check: hasSize(size),
        closes: true,
      }
    }
  }
}
for (const [name, flags] of [
  ['shared', MAP_SHARED],
  ['private', MAP_PRIVATE],
]) {
  const map = (s) => s.anonymous(flags)
  cases[`constructor anonymous ${name}`] = { act: map, check: isWhole }
  cases[`flush anonymous ${name}`] = { make: map, act: (s, m) => m.flush() }
  cases[`size anonymous ${name}`] = { make: map, act: (s, m) => m.size() }
  cases[`setName ${name}`] = { make: map, act: (s, m) => m.setName('test') }
  cases[`madvise anonymous ${name}`] = { make: map, act: (s, m) => m.madvise(MADV_RANDOM) }
  cases[`view anonymous ${name}`] = { make: map, act: (s, m) => s.views.push(m.view()) }
  cases[`close anonymous ${name}`] = { make: map, act: (s, m) => m.close(), closes: true }
  for (const size of name === 'shared' ? [PAGESIZE, SIZE - 1] : resizes) {
    for (const beside of name === 'shared' ? ['alone', 'viewed', 'split'] : ['alone', 'split']) {
      cases[`resize to ${size}, anonymous ${name} ${beside}`] = {
        make: (s) => company[beside](s, map(s)),
        // The kernel can't grow private memory of two areas: there it refuses by itself.
        act: (s, m) => (beside === 'split' && size > SIZE ? undefined : m.resize(size)),
        check: beside === 'split' && size > SIZE ? undefined : hasSize(size),
      }
    }
  }
}
const created = (size) => (s, map, answer) => {
  right(answer.length === size, 'the length')
  right(statSync(s.path).size === Math.max(size, existing(s)), 'the size of the file')
}
const existing = (s) => s.before ?? 0
for (const options of [accesses.write, accesses.untracked, accesses.default]) {
  const kind = JSON.stringify(options)
  const create = (length) => (s) => s.keep(Mmap.open(s.path, { ...options, create: true, length }))
  for (const lacking of ['', 'fallocate', 'tmpfile', 'link']) {
    const where = lacking === '' ? kind : `${kind}, without ${lacking}`
    cases[`create what is missing, ${where}`] = {
      make: (s) => rmSync(s.path),
      act: create(SIZE),
      check: created(SIZE),
      // If a file has its final name from the start, others may have opened it. So it stays when extending it fails.
      leaves: lacking === 'link',
      lacking,
    }
    cases[`create what is too short, ${where}`] = {
      act: create(9 * PAGESIZE),
      check: created(9 * PAGESIZE),
      lacking,
    }
  }
  cases[`create what is long enough, ${kind}`] = {
    make: (s) => void (s.before = SIZE),
    act: create(PAGESIZE),
    check: created(PAGESIZE),
  }
}
for (const [how, options] of Object.entries({
  exclusive: { create: 'exclusive' },
  'exclusive with a mode': { create: 'exclusive', mode: 0o600 },
  'with a mode': { create: true, mode: 0o640 },
})) {
  for (const lacking of ['', 'tmpfile', 'link']) {
    cases[`create ${how}${lacking === '' ? '' : `, without ${lacking}`}`] = {
      make: (s) => rmSync(s.path),
      act: (s) => s.keep(Mmap.open(s.path, { access: ACCESS_WRITE, length: SIZE + 9, ...options })),
      check(s, map, answer) {
        created(SIZE + 9)(s, map, answer)
        const mode = statSync(s.path).mode & 0o777
        const wanted = (options.mode ?? 0o666) & ~process.umask()
        right(mode === wanted, `the mode is ${mode.toString(8)}, not ${wanted.toString(8)}`)
      },
      leaves: lacking === 'link',
      lacking,
    }
  }
}
cases['create exclusive what is there'] = {
  act(s) {
    let code
    try {
      Mmap.open(s.path, { access: ACCESS_WRITE, create: 'exclusive', length: SIZE })
    } catch (error) {
      code = error.code
    }
    right(code === 'EEXIST' || code in constants.errno, `code is ${code}`)
  },
}
async function streamed(map) {
  const chunks = []
  for await (const chunk of map.stream({ chunkSize: PAGESIZE })) chunks.push(chunk)
  return chunks
}
/** The length to which another writer extends the file. */
const grown = 5 * PAGESIZE + 7
const longer = Buffer.alloc(grown, 'content ')
for (const [access, options] of Object.entries(accesses)) {
  if (access === 'untracked') continue
  const map = (s) => s.open(options)
  for (const [beside, join] of Object.entries(company)) {
    const both = (s) => join(s, map(s))
    cases[`refresh, grown, ${access} ${beside}`] = {
      make(s) {
        const m = both(s)
        writeFileSync(s.path, longer)
        return m
      },
      act: (s, m) => m.refresh(),
      check(s, m, answer) {
        right(answer === 'grown', `the answer is ${answer}`)
        right(m.slice().equals(longer), 'the map has the bytes')
      },
    }
    cases[`refresh, one page less, ${access} ${beside}`] = {
      make(s) {
        const m = both(s)
        m.seek(PAGESIZE)
        truncateSync(s.path, SIZE - PAGESIZE)
        return m
      },
      act: (s, m) => m.refresh(),
      check(s, m, answer) {
        right(answer === 'truncated', `the answer is ${answer}`)
        right(m.slice().equals(content.subarray(0, SIZE - PAGESIZE)), 'the bytes that stay')
      },
      // Comparing bytes that the file has lost would be a fault.
      lossy: true,
    }
    cases[`refresh after a fault, ${access} ${beside}`] = {
      make(s) {
        const m = both(s)
        truncateSync(s.path, 0)
        let code
        try {
          m.find('nothing of this', 0)
        } catch (error) {
          code = error.code
        }
        right(code === 'ERR_MMAP_FAULT', `code is ${code}`)
        writeFileSync(s.path, longer)
        return m
      },
      act: (s, m) => m.refresh(),
      check: (s, m) => right(m.slice().equals(longer), 'the map has the bytes'),
      lossy: true,
    }
    cases[`lock and unlock ${access} ${beside}`] = {
      make: both,
      act(s, m) {
        m.lock(PAGESIZE, SIZE)
        m.unlock(PAGESIZE, SIZE)
      },
    }
    cases[`prefetchAsync ${access} ${beside}`] = { make: both, act: (s, m) => m.prefetchAsync() }
  }
  cases[`refresh, unchanged, ${access}`] = {
    make: map,
    act: (s, m) => m.refresh(),
    check: (s, m, answer) => right(answer === 'same', `the answer is ${answer}`),
  }
  cases[`sliceAsync ${access}`] = {
    make: map,
    act: (s, m) => m.sliceAsync(5, SIZE),
    check: (s, m, answer) => right(answer.equals(content.subarray(5)), 'the bytes'),
  }
  cases[`arrayBufferAsync ${access}`] = {
    make: map,
    act: (s, m) => m.arrayBufferAsync(5, SIZE),
    check: (s, m, answer) => right(content.subarray(5).equals(Buffer.from(answer)), 'the bytes'),
  }
  cases[`stream ${access}`] = {
    make: map,
    act: (s, m) => streamed(m),
    check: (s, m, answer) => right(Buffer.concat(answer).equals(content), 'the bytes'),
  }
  if (options.access === ACCESS_WRITE || access === 'default') {
    cases[`allocate ${access}`] = { make: map, act: (s, m) => m.allocate() }
    cases[`allocate a page, ${access}`] = {
      make: map,
      act: (s, m) => m.allocate(PAGESIZE, PAGESIZE),
    }
  }
}
cases['arrayBufferAsync of more than is asked for at once'] = {
  make(s) {
    writeFileSync(s.path, Buffer.alloc(2 ** 18, 'content '))
    return s.open({ access: ACCESS_READ })
  },
  act: (s, m) => m.arrayBufferAsync(),
  check: (s, m, answer) => right(answer.byteLength === 2 ** 18, 'the length'),
}
cases['refresh of what was empty'] = {
  make(s) {
    emptied(s)
    const m = s.open({ access: ACCESS_READ, empty: true })
    writeFileSync(s.path, longer)
    return m
  },
  act: (s, m) => m.refresh(),
  check: (s, m) => right(m.slice().equals(longer), 'the map has the bytes'),
}
cases['refresh to nothing'] = {
  make(s) {
    const m = s.open({ access: ACCESS_READ, empty: true })
    emptied(s)
    return m
  },
  act: (s, m) => m.refresh(),
  check: (s, m) => right(m.length === 0, 'no bytes'),
  lossy: true,
}
cases['lock and unlock anonymous'] = {
  make: (s) => s.anonymous(MAP_PRIVATE),
  act(s, m) {
    m.lock()
    m.unlock()
  },
}
const emptied = (s) => truncateSync(s.path, 0)
cases['open what is empty'] = {
  make: emptied,
  act: (s) => s.keep(Mmap.open(s.path, { empty: true })),
  check: (s, map, answer) => right(answer.length === 0, 'no bytes'),
}
cases['resize what is empty'] = {
  make: (s) => (emptied(s), s.open({ access: ACCESS_WRITE, empty: true })),
  act: (s, m) => m.resize(SIZE),
  check: (s, m) => right(m.slice().equals(Buffer.alloc(SIZE)), 'zeros'),
}
/** The name of shared memory of this process. It does not exist before each case and at the end. */
const named = `fmmap-failure-${process.pid}`
function unnamed() {
  rmSync(`/dev/shm/${named}`, { force: true })
}
process.on('exit', unnamed)
const makes = (create, length) => (s) => s.keep(Mmap.shared(named, length, { create }))
for (const create of [true, 'exclusive']) {
  cases[`shared makes memory, ${create}`] = {
    make: unnamed,
    // If a failure left the name, the second try would be EEXIST.
    act: makes(create, SIZE),
    check: (s, map, answer) => right(answer.size() === SIZE, 'the size of the memory'),
  }
}
const small = (s) => (unnamed(), makes(true, PAGESIZE)(s).write('content'), undefined)
cases['shared extends memory'] = {
  make: small,
  act: makes(true, SIZE),
  check(s, map, answer) {
    right(answer.size() === SIZE, 'the size of the memory')
    right(answer.slice(0, 7).toString() === 'content', 'the bytes of the memory')
  },
}
cases['shared opens memory'] = {
  make: small,
  act: (s) => s.keep(Mmap.shared(named)),
  check: (s, map, answer) => right(answer.length === PAGESIZE, 'the length'),
}
cases['unlink'] = {
  make: small,
  act: () => Mmap.unlink(named),
  check: () => right(!existsSync(`/dev/shm/${named}`), 'the name is gone'),
}
for (const access of ['read', 'write', 'copy', 'untracked']) {
  cases[`share and from, ${access}`] = {
    make: (s) => s.open(accesses[access]),
    act: (s, m) => s.keep(Mmap.from(m.share())),
    check: isWhole,
  }
}
cases['resize what is shared'] = {
  make(s) {
    const map = s.open(accesses.write)
    s.keep(Mmap.from(map.share()))
    return map
  },
  act: (s, m) => m.resize(PAGESIZE),
  check(s, m) {
    right(m.length === PAGESIZE && s.maps[1].length === SIZE, 'the lengths')
    const now = Mmap.from(m.share())
    right(now.length === PAGESIZE, 'the token means the memory of now')
    now.close()
  },
  closes: true,
}
for (const [act, name] of [
  [(s, m) => m.wait(0, 1, 1), 'wait'],
  [(s, m) => m.notify(0), 'notify'],
]) {
  cases[name] = { make: (s) => s.open(accesses.write), act }
}
cases['a missing page'] = {
  make(s) {
    const map = s.open({ access: ACCESS_WRITE })
    truncateSync(s.path, 0)
    return map
  },
  act(s, m) {
    let code
    try {
      m.get(PAGESIZE)
    } catch (error) {
      code = error.code
    }
    right(code === 'ERR_MMAP_FAULT', `code is ${code}`)
  },
  lossy: true,
}
cases['resize while a promise is pending'] = {
  make(s) {
    const map = s.open({ access: ACCESS_WRITE })
    return map
  },
  act(s, m) {
    let code
    // The caller's promise is pending: see `run`.
    try {
      m.resize(SIZE + 1)
    } catch (error) {
      code = error.code
    }
    right(code === 'ERR_MMAP_EXPORTED', `code is ${code}`)
  },
}
cases['the guard, off and on'] = {
  make: (s) => s.open({ access: ACCESS_WRITE }),
  act() {
    fmmap.setFaultGuard(false)
    fmmap.setFaultGuard(true)
  },
}

const sums = { calls: 0, errors: 0, refused: 0, violations: [] }
const reached = {}

async function attempt(act, s, map) {
  try {
    return { answer: await act(s, map) }
  } catch (error) {
    return { error }
  }
}

/** Runs a case in which call number `failAt` fails. Returns the number of calls, and their names. */
async function run(name, one, failAt, errno, warm = true) {
  const {
    make,
    act,
    check,
    closes = false,
    lossy = false,
    leaves = false,
    lacking = '',
    never = [],
  } = one
  const before = { mappings: look().mappings, descriptors: descriptors() }
  const s = new Setting()
  const map = make?.(s)
  const prepared = { mappings: look().mappings, descriptors: descriptors() }
  const state = lossy ? undefined : s.state()
  const held = s.maps.length
  arm(failAt, constants.errno[errno] ?? 0, lacking)
  if (name.includes('pending')) s.promises.push(map.flushAsync())
  let { answer, error } = await attempt(act, s, map)
  for (const promise of s.promises) await promise.catch(() => {})
  const { seen, failed } = disarm()
  const called = callNames(seen)
  const failing = called[failAt - 1]
  if (failAt === 0 && warm)
    for (const call of never) right(!called.includes(call), `it calls ${call}`)
  if (failAt > 0) {
    right(failed === 1, 'the call was not reached')
    if (error !== undefined) {
      sums.refused += 1
      const system = error.errno < 0 && error.syscall !== '' && error.code in constants.errno
      right(
        error instanceof Error && (system || OWN.has(error.code)),
        `a strange error: ${error.stack}`,
      )
      right(
        errno !== 'EINTR' || ['mmap', 'mremap', 'munmap', 'dup'].includes(failing),
        `EINTR of ${failing} is not tried again`,
      )
      s.maps.length = held
      // Views that were to die have died.
      if (name.includes('detach')) state.views = []
      const now = lossy ? state : s.state()
      for (const [at, map] of (now?.maps ?? []).entries()) {
        if (closes && map === 'closed') now.maps[at] = state.maps[at]
      }
      if (leaves && now.file === '') {
        now.file = state.file
        // An exclusive second try needs the file to be missing.
        if (state.file === undefined) rmSync(s.path)
      }
      if (!lossy && !isDeepStrictEqual(now, state))
        throw new Error(`not as before: ${describe(now, state)}`)
      const left = look().mappings - prepared.mappings
      right(left <= 0 || failing === 'munmap', `${left} mappings are left over`)
      const open = descriptors() - prepared.descriptors
      right(open <= 0, `${open} descriptors are left over`)
      if (map?.closed !== true) ({ answer, error } = await attempt(act, s, map))
      else answer = undefined
      if (error !== undefined) throw new Error(`the second try: ${error.stack}`)
    }
  } else if (error !== undefined) {
    throw error
  }
  if (map?.closed !== true) check?.(s, map, answer)
  await s.end()
  // Memory that a failed munmap has left is unmapped with the next one.
  if (failing === 'munmap') new Mmap(-1, 1).close()
  const after = { mappings: look().mappings, descriptors: descriptors() }
  right(
    after.mappings <= before.mappings,
    `${after.mappings - before.mappings} mappings are left over at the end`,
  )
  right(
    after.descriptors <= before.descriptors,
    `${after.descriptors - before.descriptors} descriptors are left over at the end`,
  )
  if (failAt === 0) right(mappings(s.path) === 0, 'the file is still mapped')
  return called
}

function describe(now, state) {
  const short = (value) =>
    JSON.stringify(value, (_, text) =>
      typeof text === 'string' && text.length > 60
        ? `${text.slice(0, 40)}... (${text.length})`
        : text,
    )
  return `${short(now)} was ${short(state)}`
}

const only = process.argv[3]
for (const [name, one] of Object.entries(cases)) {
  if (only !== undefined && !name.includes(only)) continue
  let called
  try {
    // Runs once for everything that is made on first use, and once to count the calls.
    await run(name, one, 0, undefined, false)
    called = await run(name, one, 0)
  } catch (error) {
    sums.violations.push(`${name}: ${error.stack}`)
    continue
  }
  sums.calls += called.length
  for (const call of called) reached[call] = (reached[call] ?? 0) + 1
  for (let failAt = 1; failAt <= called.length; failAt++) {
    for (const errno of ERRORS) {
      sums.errors += 1
      try {
        await run(name, one, failAt, errno)
      } catch (error) {
        disarm()
        sums.violations.push(
          `${name}: ${errno} of ${called[failAt - 1]} (call ${failAt}): ${error.message}`,
        )
      }
    }
  }
}
console.log(JSON.stringify({ ...sums, cases: Object.keys(cases).length, reached }))
