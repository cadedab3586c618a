/**
 * The lines of a growing file, whatever happens to the file.
 *
 * A follower has a queue of files. The first one is read; the last one is the file that the path named at the last
 * check. A check finds out whether the path names another file now. If so, it opens that file and those that had the
 * name in between, and appends them: an open file can be renamed or removed without losing its bytes. The first file
 * is left once the next one has bytes, because its writer has moved on then, and once it was read to its end after
 * that.
 */

import fs from 'node:fs'
import { errnoOf, system } from '../errors.js'
import { type Abortable, checkSignal, leave, listen } from '../background/signal.js'
import { end, isAsyncIterator, type Step } from '../iterators.js'
import type { Line } from '../line.js'
import { native } from '../native.js'
import { setImmediate } from '../timers.js'
import { FollowedFile, identity } from './file.js'
import { Folder, NOTHING } from './folder.js'
import type { Plan } from './options.js'
import { Wake } from './wake.js'

/** The lines of a file as they are written. */
export interface Follower extends AsyncIterableIterator<Line> {
  /** The same lines in arrays, each with all lines that are there. For programs that handle many lines. */
  batches(): AsyncIterableIterator<Line[]>
}

/** While there is enough to read, the path is checked at most once in this many milliseconds. */
const PERIOD = 5

/**
 * For this long after its last line, a file is still read when another has followed it: its writer may write a few
 * more.
 */
const LINGER = 50

/** For this long the program reads without letting its other work run. */
const BREATH = 10

/** How long to wait between two tries after an error that may pass, and how long in all. */
const RETRY = 100
const PATIENCE = 5000

/** Errors that may pass: too many files are open, a file was not given its mode yet, or another process holds it. */
const PASSING = new Set([
  'EACCES',
  'EAGAIN',
  'EBUSY',
  'EINTR',
  'EMFILE',
  'ENFILE',
  'ENOBUFS',
  'ENOMEM',
  'EPERM',
  'ESTALE',
])

const codeOf = (error: unknown): string | undefined =>
  (error as NodeJS.ErrnoException | null | undefined)?.code

const now = (): number => native.clock()

/** Passes an abort on to a follower from which nobody has asked for a line. It does not keep the follower alive. */
class Unread implements Abortable {
  readonly #lines: WeakRef<Lines>

  constructor(lines: Lines) {
    this.#lines = new WeakRef(lines)
  }

  get settled(): boolean {
    return this.#lines.deref()?.settled ?? true
  }

  reject(error: unknown): void {
    this.#lines.deref()?.reject(error)
  }
}

/** What followers leave behind that were collected before anybody asked for a line. */
interface Left {
  readonly file: FollowedFile | undefined
  readonly signal: AbortSignal | undefined
  readonly unread: Unread
}

const collected = new FinalizationRegistry<Left>(({ file, signal, unread }) => {
  file?.close()
  if (signal !== undefined) leave(signal, unread)
})

export class Lines implements Follower, Abortable {
  readonly #path: string | Buffer
  readonly #how: Plan
  readonly #folder: Folder | undefined
  readonly #wake: Wake
  /** The files, read from first to last. The last is the one that the path names, or named last. */
  #files: FollowedFile[] = []
  /** Where the first file is read from, until there is a file. */
  #from: number | 'end'
  /** Whether there was no file at first. */
  #waited = false
  /** Lines that were read, and the index of the next one. */
  #lines: Line[] = []
  #next = 0
  #started = false
  #aborted = false
  #ended = false
  /** The error that has ended the iteration and was not thrown yet. */
  #failure: { readonly error: unknown } | undefined
  /** Since when checks of the path fail, and since when reads fail. */
  #failing: number | undefined
  #unreadable: number | undefined
  #looked = -Infinity
  #breathed = 0
  /**
   * Whether all was read that the last look has found. The writer may have gone on since, but a look at once would find
   * a few lines only, again and again.
   */
  #isUpToDate = false
  /** Listens to the signal until somebody asks for a line. */
  readonly #unread = new Unread(this)
  /** Resolved when the step before has ended. */
  #before: Promise<unknown> | undefined

  constructor(path: string | Buffer, how: Plan) {
    this.#path = path
    this.#how = how
    this.#from = how.from
    const folder = typeof path === 'string' ? new Folder(path) : undefined
    this.#folder = folder
    this.#wake = new Wake(
      path,
      how.poll,
      () => this.#look(),
      (name) => folder?.renamedTo(name),
    )
    // The files are opened now, since lines that are written before the first line is asked for belong to the answer.
    if (this.#hasAborted()) return
    try {
      folder?.remember()
    } catch {
      // There is no folder yet, or it can't be listed. Then it is not known which files in it are new.
    }
    this.#look()
    const { signal } = how
    if (signal !== undefined) listen(signal, this.#unread)
    const [file] = this.#files
    if (!this.#ended) collected.register(this, { file, signal, unread: this.#unread }, this)
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  batches(): AsyncIterableIterator<Line[]> {
    return new Batches(this)
  }

  next(): Promise<Step<Line>> {
    // A line that was read already does not wait in the queue of steps.
    if (this.#before === undefined && this.#hasLines()) return Promise.resolve(this.#step())
    return this.inOrder(async () => {
      if (this.#hasLines()) return this.#step()
      const lines = await this.#fill()
      if (lines === undefined) return end()
      this.#lines = lines
      this.#next = 0
      return this.#step()
    })
  }

  #step(): Step<Line> {
    const value = this.#lines[this.#next] as Line
    this.#next += 1
    return { done: false, value }
  }

  /** The lines that were read already, or else the next ones; undefined at the end. */
  nextBatch(): Promise<Line[] | undefined> {
    return this.inOrder(async () => {
      if (this.#hasLines()) {
        const lines = this.#lines.slice(this.#next)
        this.#lines = []
        this.#next = 0
        return lines
      }
      return this.#fill()
    })
  }

  async return(): Promise<Step<Line>> {
    await this.finish()
    return end()
  }

  async throw(error: unknown): Promise<Step<Line>> {
    await this.finish()
    throw error
  }

  /** Ends the iteration. Resolved when everything is closed. */
  async finish(): Promise<void> {
    this.#end()
    // A step that reads ends soon, and closes its file.
    await this.#before
  }

  /** Steps that are asked for while one runs come after it. */
  async inOrder<T>(step: () => Promise<T>): Promise<T> {
    const before = this.#before
    const mine = (async () => {
      await before
      return step()
    })()
    const settled = mine.then(
      () => {},
      () => {},
    )
    this.#before = settled
    try {
      return await mine
    } finally {
      if (this.#before === settled) this.#before = undefined
    }
  }

  /** Whether there are lines that were read and are still to be given. */
  #hasLines(): boolean {
    return this.#next < this.#lines.length && !this.#stops()
  }

  /** Whether lines that were read are not given any more. */
  #stops(): boolean {
    return this.#aborted && !this.#how.partial
  }

  /** Whether the signal has aborted before the first step. */
  #hasAborted(): boolean {
    try {
      checkSignal(this.#how.signal)
    } catch (error) {
      this.reject(error)
    }
    return this.#aborted
  }

  /** Whether the iteration has ended, so that the signal has nothing to end any more. */
  get settled(): boolean {
    return this.#ended || this.#aborted
  }

  /** The signal has aborted, which is no error here; or it is not a signal that can be listened to. */
  reject(error: unknown): void {
    if (this.settled) return
    if (codeOf(error) === 'ABORT_ERR') this.#aborted = true
    else this.#failure ??= { error }
    if (this.#before !== undefined) {
      this.#wake.hurry()
      return
    }
    // Perhaps nobody asks for a step again, so everything is closed now.
    const left = this.#stops() ? [] : this.#lines.slice(this.#next)
    this.#lines = left.concat(this.#last() ?? [])
  }

  #start(): void {
    if (this.#started || this.#ended) return
    this.#started = true
    collected.unregister(this)
    const { signal } = this.#how
    if (signal !== undefined) {
      leave(signal, this.#unread)
      listen(signal, this)
    }
    this.#wake.watch()
    // Things may have happened before the watcher began.
    this.#looked = -Infinity
  }

  #end(): void {
    if (this.#ended) return
    this.#ended = true
    collected.unregister(this)
    this.#lines = []
    this.#next = 0
    this.#wake.stop()
    for (const file of this.#files.splice(0)) file.close()
    const { signal } = this.#how
    if (signal === undefined) return
    leave(signal, this.#unread)
    leave(signal, this)
  }

  /** The next lines, at least one; undefined at the end. */
  async #fill(): Promise<Line[] | undefined> {
    this.#lines = []
    this.#next = 0
    try {
      this.#start()
      for (;;) {
        if (this.#failure !== undefined) throw this.#failure.error
        if (this.#ended) return undefined
        if (this.#aborted) return this.#last()
        // oxlint-disable-next-line no-await-in-loop
        const lines = await this.#read()
        if (lines !== undefined && lines.length > 0 && !this.#stops()) return lines
      }
    } catch (error) {
      this.#failure = undefined
      this.#end()
      throw error
    }
  }

  /** The lines that are left when the iteration ends; undefined if there are none. */
  #last(): Line[] | undefined {
    const [file] = this.#files
    const rest = file === undefined ? [] : this.#rest(file)
    this.#end()
    return rest.length === 0 ? undefined : rest
  }

  /** Reads a block, or waits. Undefined when the caller should try again. */
  async #read(): Promise<Line[] | undefined> {
    const time = now()
    if (time - this.#breathed > BREATH) {
      await new Promise((resolve) => setImmediate(resolve))
      this.#breathed = now()
      if (this.#ended || this.#aborted) return undefined
    }
    if (this.#isUpToDate) {
      this.#isUpToDate = false
      await this.#wait()
      return undefined
    }
    if (time - this.#looked > PERIOD) this.#look()
    const [file] = this.#files
    if (file === undefined) {
      if (this.#failure === undefined) await this.#wait()
      return undefined
    }
    // Read before the file's last bytes are, so that none of them is missed.
    const { replacedAt } = file
    const quiet = replacedAt === undefined ? 0 : time - replacedAt
    try {
      const lines = file.ready
      file.ready = []
      if (lines.length > 0 || file.head !== undefined) return this.#putCopies(file, lines)
      let found = file.look()
      if (found === 'emptied') {
        if (this.#putCopiesOfEmptied(file)) return undefined
        found = 'nothing'
      }
      if (found === 'more') found = await file.read(lines)
      if (this.#ended) return undefined
      if (found === 'truncated') lines.push(...this.#truncated(file))
      this.#unreadable = undefined
      if (found !== 'nothing') {
        this.#wake.progressed()
        if (replacedAt !== undefined) file.stirred(now())
        this.#isUpToDate = this.#files.length === 1 && found === 'more' && file.isUpToDate
        return this.#putCopies(file, lines)
      }
    } catch (error) {
      if (this.#ended) return undefined
      if (codeOf(error) !== 'ESTALE') {
        this.#unreadable = this.#trouble(error, this.#unreadable)
        if (this.#failure === undefined) await this.#wait(RETRY)
        return undefined
      }
      // The server has removed the file: nobody can read it any more.
      file.replacedAt ??= time - LINGER
    }
    if (file.sealed || (replacedAt !== undefined && quiet >= LINGER)) return this.#leave(file)
    await this.#wait(replacedAt === undefined ? undefined : LINGER - quiet)
    return undefined
  }

  #wait(most?: number): Promise<void> {
    // The last check may be some time ago, and the watcher has just begun.
    if (now() - this.#looked > PERIOD) {
      const files = this.#files.length
      this.#look()
      if (this.#files.length !== files || this.#failure !== undefined) return Promise.resolve()
    }
    return this.#wake.wait(this.#failing === undefined ? most : Math.min(most ?? RETRY, RETRY))
  }

  /** Goes on with the next file. */
  #leave(file: FollowedFile): Line[] {
    const rest = this.#rest(file)
    this.#files.shift()
    file.close()
    if (this.#files.length === 0 && !this.#how.reopen) this.#end()
    return rest
  }

  /** The last line of a file, if lines without a newline are asked for too. */
  #rest(file: FollowedFile): Line[] {
    const rest = this.#how.partial ? file.splitter.rest() : undefined
    return rest === undefined ? [] : [rest]
  }

  /** Goes on at the start of a file that was truncated, after the unread bytes that a copy of it has. */
  #truncated(file: FollowedFile): Line[] {
    const copy = this.#folder?.copyOf(file)
    const rest = copy === undefined ? this.#rest(file) : []
    if (copy !== undefined) this.#files.unshift(copy)
    file.restart()
    return rest
  }

  /** Puts copies before a file that was truncated several times since it was read. */
  #putCopies(file: FollowedFile, lines: Line[]): Line[] {
    file.ready = lines
    const { head } = file
    if (head !== undefined) {
      const last = file === this.#files.at(-1) && !file.sealed
      const copies = last ? this.#folder?.copiesBefore(file, head, () => file.isAt(this.#path)) : []
      file.head = undefined
      if (copies !== undefined && copies.length > 0) {
        this.#files.unshift(...copies)
        return []
      }
    }
    file.ready = []
    return lines
  }

  /**
   * Puts copies before a file that is empty, and was written to since it was last looked at. If it is empty still when
   * they were found, each of them is complete, and the file has none of their bytes.
   */
  #putCopiesOfEmptied(file: FollowedFile): boolean {
    const last = file === this.#files.at(-1) && !file.sealed
    const isPast = (): boolean => file.isEmptyStill() && file.isAt(this.#path)
    const copies = (last && this.#folder?.copiesBefore(file, NOTHING, isPast)) || []
    this.#files.unshift(...copies)
    if (copies.length > 0 || isPast()) file.settle()
    return copies.length > 0
  }

  /** Checks which file the path names. It does not throw. */
  #look(): void {
    if (this.#ended || this.#failure !== undefined) return
    this.#looked = now()
    try {
      this.#find()
      this.#failing = undefined
    } catch (error) {
      this.#failing = this.#trouble(error, this.#failing)
    }
  }

  /**
   * Notes an error. Returns since when there is one; or ends the iteration if it can't pass, or has lasted too long.
   */
  #trouble(error: unknown, since = now()): number {
    const passes = PASSING.has(codeOf(error) ?? '') && now() - since < PATIENCE
    if (!passes) this.#failure = { error }
    return since
  }

  #find(): void {
    const stat = fs.statSync(this.#path, { bigint: true, throwIfNoEntry: false })
    this.#wake.saw(stat !== undefined)
    const last = this.#files.at(-1)
    if (stat === undefined) {
      if (last === undefined) {
        this.#from = 0
        this.#waited = true
      } else if (!this.#how.reopen) last.replaced(now())
      return
    }
    if (last === undefined || identity(stat) !== last.id) {
      if (!stat.isFile()) throw notAFile(this.#path, stat)
      if (last === undefined) this.#first()
      else if (this.#how.reopen) this.#append(last)
      else last.replaced(now())
    }
    this.#markReplaced()
  }

  #first(): void {
    const file = this.#open(this.#from)
    if (file === undefined) return
    // While the file was waited for, several files may have had the name.
    this.#push(undefined, file, this.#waited)
    this.#from = 0
  }

  /** Opens the file that the path names; undefined if it names none now. */
  #open(from: number | 'end'): FollowedFile | undefined {
    try {
      return FollowedFile.open(this.#path, from)
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return undefined
      throw error
    }
  }

  /** Appends the file that the path names, and those that it has named since the last check. */
  #append(last: FollowedFile): void {
    const file = this.#open(0)
    if (file === undefined) return
    if (file.id === last.id) {
      file.close()
      return
    }
    this.#push(last, file, true)
  }

  /** Appends a file, and before it those that had its name after `last`. */
  #push(last: FollowedFile | undefined, file: FollowedFile, all: boolean): void {
    try {
      if (all) file.isNew()
      const between = (all && this.#folder?.between(last, file)) || []
      this.#files.push(...between, file)
    } catch (error) {
      file.close()
      throw error
    }
    if (this.#started) this.#wake.watch()
  }

  /** A file counts as replaced when the one after it has bytes, because then its writer has moved on. */
  #markReplaced(): void {
    const files = this.#files
    for (let at = 0; at < files.length - 1; at += 1) {
      const file = files[at] as FollowedFile
      if (file.replacedAt !== undefined || file.sealed) continue
      const next = files[at + 1] as FollowedFile
      if (at + 2 < files.length || next.stat().size > 0n) file.replaced(now())
    }
  }
}
isAsyncIterator(Lines)

function notAFile(path: string | Buffer, stat: fs.BigIntStats): Error {
  const directory = stat.isDirectory()
  return system(errnoOf(directory ? 'EISDIR' : 'EINVAL'), 'open', {
    path: path.toString(),
    hint: 'only a regular file has lines that can be followed',
  })
}

/** The lines of a follower, in arrays. */
class Batches implements AsyncIterableIterator<Line[]> {
  readonly #lines: Lines

  constructor(lines: Lines) {
    this.#lines = lines
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  async next(): Promise<Step<Line[]>> {
    const value = await this.#lines.nextBatch()
    return value === undefined ? end() : { done: false, value }
  }

  async return(): Promise<Step<Line[]>> {
    await this.#lines.finish()
    return end()
  }

  async throw(error: unknown): Promise<Step<Line[]>> {
    await this.#lines.finish()
    throw error
  }
}
isAsyncIterator(Batches)
