/**
 * The folder of a followed file: it finds out what happened to the file between two checks.
 *
 * If the file is renamed several times between two checks, other files had its name for a while in between. They are
 * found by what is new in the folder: files with a related name that nobody has seen before, made after the one file
 * and before the other. If the file is copied and then truncated, its unread rest is in the copy, which is found by
 * its bytes.
 */

import { Buffer } from 'node:buffer'
import fs from 'node:fs'
import { basename, dirname, extname, join } from 'node:path'
import { birth, FollowedFile, HEAD, identity, tellsBirth } from './file.js'
import { Splitter } from './splitter.js'

/** Compressed files have the lines of another file, in another form. */
const PACKED = /\.(gz|bz2|xz|zst|lz4|lzma|lzo|br|zip|z|7z)$/i

/** A word that rotation may add to a name. Numbers and dates need none, except for months and days of the week. */
const ROTATED =
  /^(?:(?:jan|feb|mar|apr|may|june?|july?|aug|sept?|oct|nov|dec|mon|tue|wed|thu|fri|sat|sun)[a-z]*|t|z|utc|gmt|am|pm|h|m|s|w|old|bak|backup|copy|last|prev|previous|orig|rotated|archived?)$/i

/**
 * Whether what stands in a name behind `before`, which is the followed one's, is of rotation. Other words are of other
 * logs, and so is a longer number, as that of worker10.log beside worker1.log.
 */
function isRotation(before: string, added: string): boolean {
  if (/\d$/.test(before) && /^\d/.test(added)) return false
  const words = added.match(/\p{L}+/gu) ?? []
  return /[\d\p{L}]/u.test(added) && words.every((word) => ROTATED.test(word))
}

/**
 * By how many milliseconds the clocks of a file and of the process may differ: file times advance with a timer's
 * ticks.
 */
const TICK = 50

/** How often a folder is listed before its files are taken as the lists have shown them. */
const MOST_LISTS = 16

interface Entry {
  readonly path: string
  readonly id: string
  readonly stat: fs.BigIntStats
}

const compare = (a: bigint, b: bigint): number => (a < b ? -1 : a > b ? 1 : 0)

/** The last number in a file's name; NaN if there is none. */
const numberOf = ({ path }: Entry): number =>
  Number(/(\d+)\D*$/.exec(basename(path))?.[1] ?? Number.NaN)

/**
 * Whether rotation gives later files higher numbers, 1, or moves all numbers up, -1, as the files show whose order is
 * known by their age; 0 if none does. All of `later` had the name after the file `first`, whatever the clock says.
 */
function direction(entries: readonly Entry[], first?: string, later: Iterable<Entry> = []): number {
  const sorted = entries.toSorted(({ stat: a }, { stat: b }) => compare(birth(a), birth(b)))
  let sum = 0
  for (const [at, entry] of sorted.entries()) {
    const before = sorted[at - 1]
    if (before === undefined || birth(before.stat) === birth(entry.stat)) continue
    sum += Math.sign(numberOf(entry) - numberOf(before)) || 0
  }
  const known = entries.find(({ id }) => id === first)
  if (known === undefined) return Math.sign(sum)
  for (const entry of later) sum += Math.sign(numberOf(entry) - numberOf(known)) || 0
  return Math.sign(sum)
}

/**
 * The order in which files had the name: they were made, last written and renamed in that order. Within a tick of the
 * clock that files have, their numbers tell.
 */
const byAge =
  (numbers: number) =>
  (one: Entry, other: Entry): number => {
    const [a, b] = [one.stat, other.stat]
    return (
      compare(birth(a), birth(b)) ||
      compare(a.mtimeNs, b.mtimeNs) ||
      numbers * (numberOf(one) - numberOf(other)) ||
      compare(a.ctimeNs, b.ctimeNs) ||
      compare(a.ino, b.ino)
    )
  }

/** The order in which copies were made, by their numbers within a tick of the clock. */
const byWrite =
  (numbers: number) =>
  (one: Entry, other: Entry): number =>
    compare(one.stat.mtimeNs, other.stat.mtimeNs) || numbers * (numberOf(one) - numberOf(other))

/** No bytes: the head of a file that is empty. */
export const NOTHING: Buffer = Buffer.alloc(0)

function bytesOf(fd: number, start: number, length: number): Buffer {
  const bytes = Buffer.alloc(length)
  return bytes.subarray(0, fs.readSync(fd, bytes, 0, length, start))
}

/** Whether two files begin with the same bytes, as far as both go. */
function alike(a: Buffer, b: Buffer): boolean {
  const common = Math.min(a.length, b.length, HEAD)
  return common > 0 && a.compare(b, 0, common, 0, common) === 0
}

const codeOf = (error: unknown): unknown => (error as NodeJS.ErrnoException | undefined)?.code

/** Errors for files that we may not read. */
const FORBIDDEN = new Set<unknown>(['EACCES', 'EPERM'])

/** A folder, and a name in it that is followed. */
interface Place {
  readonly folder: string
  readonly name: string
  readonly stem: string
  readonly extension: string
  /** Whether it is what a link names: then the name's own file may be one that had the link before. */
  readonly target: boolean
}

function placeOf(path: string, target: boolean): Place {
  const extension = extname(path)
  return {
    folder: dirname(path),
    name: basename(path),
    stem: basename(path, extension),
    extension,
    target,
  }
}

/** A name without its numbers, which are those of days or of rotations. */
const shape = (name: string): string => name.replaceAll(/\d+/g, '0')

/** So many targets of a link are remembered: the last ones. */
const MOST_TARGETS = 8

/** The names in a folder: none while there is no such folder, as when it is replaced. */
function namesIn(folder: string): string[] {
  try {
    return fs.readdirSync(folder)
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return []
    throw error
  }
}

export class Folder {
  readonly #path: string
  /** That of the path, and while it is a link those of the files that it has named. */
  #places: Place[]
  /**
   * The files that existed at the last check, or that were followed, with the times when they were made. A new file
   * may have the number of a removed one.
   */
  readonly #seen = new Map<string, bigint>()
  /** Whether the file system stores when a file was made, which then never changes. */
  #tellsBirths = false
  /** New names of the file that the watcher has reported. */
  readonly #given = new Set<string>()

  constructor(path: string) {
    this.#path = path
    this.#places = [placeOf(path, false)]
  }

  /** Notes a name that the file seems to have been given. */
  renamedTo(name: string): void {
    this.#given.add(name)
  }

  /** Remembers the files that exist. */
  remember(): void {
    this.#followLink()
    this.#eachEntry(({ stat }) => {
      this.#see(stat)
      return true
    })
  }

  #see(stat: fs.BigIntStats): void {
    this.#seen.set(identity(stat), stat.birthtimeNs)
  }

  #hasSeen({ id, stat }: Entry): boolean {
    const born = this.#seen.get(id)
    return born !== undefined && (born === stat.birthtimeNs || !this.#tellsBirths)
  }

  /** Adds the place of what the path names, if it is a link. */
  #followLink(): void {
    let place: Place
    try {
      if (!fs.lstatSync(this.#path).isSymbolicLink()) return
      place = placeOf(fs.realpathSync(this.#path), true)
    } catch {
      // It names nothing now. What it has named is known.
      return
    }
    const { folder, name } = place
    const [own, ...targets] = this.#places as [Place, ...Place[]]
    const others = targets.filter((one) => one.folder !== folder || shape(one.name) !== shape(name))
    this.#places = [own, ...others.slice(1 - MOST_TARGETS), place]
  }

  #isRelated(name: string, place: Place): boolean {
    if (PACKED.test(name)) return false
    if (name === place.name) return place.target
    const { stem, extension } = place
    if (this.#given.has(name)) return true
    if (place.target && shape(name) === shape(place.name)) return true
    if (name.startsWith(place.name)) {
      // Some rotation repeats the extension: app.log.1.log.
      const end = name.endsWith(extension) ? name.length - extension.length : name.length
      return isRotation(place.name, name.slice(place.name.length, end))
    }
    const isWithin = extension !== '' && name.startsWith(stem) && name.endsWith(extension)
    return isWithin && isRotation(stem, name.slice(stem.length, name.length - extension.length))
  }

  /**
   * Lists the files with a related name and their status. `whole` is false if one of them was gone before its status
   * was read.
   */
  #list(): { entries: Entry[]; whole: boolean } {
    const entries = new Map<string, Entry>()
    let whole = true
    for (const place of this.#places) {
      for (const name of namesIn(place.folder)) {
        const path = join(place.folder, name)
        if (!this.#isRelated(name, place) || entries.has(path)) continue
        const stat = fs.statSync(path, { bigint: true, throwIfNoEntry: false })
        if (stat === undefined) whole = false
        else if (stat.isFile()) {
          entries.set(path, { path, id: identity(stat), stat })
          this.#tellsBirths ||= tellsBirth(stat)
        }
      }
    }
    return { entries: [...entries.values()], whole }
  }

  /**
   * Gives the files of one list after another to `take`, until two lists agree, and returns the last. While files are
   * renamed, a list may lack a file that exists all the time. `take` returns false when the path names another file
   * now.
   */
  #eachEntry(take: (entry: Entry) => boolean): Entry[] {
    let last: Entry[] = []
    let before = ''
    for (let lists = 0; lists < MOST_LISTS; lists += 1) {
      const { entries, whole } = this.#list()
      let rests = whole
      for (const entry of entries) if (!take(entry)) rests = false
      const names = entries.map(({ path, id }) => `${id} ${path}`).join('\n')
      if (rests && lists > 0 && names === before) return entries
      last = entries
      before = names
    }
    return last
  }

  /** Opens a path. Returns 'moved' if it names another file now. */
  #open(
    { path, id }: Entry,
    at: number,
    source?: { sealed: boolean; splitter: Splitter },
  ): FollowedFile | 'moved' | 'forbidden' {
    let file: FollowedFile
    try {
      file = FollowedFile.open(path, at, source)
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return 'moved'
      if (FORBIDDEN.has(codeOf(error))) return 'forbidden'
      throw error
    }
    if (file.id === id) return file
    file.close()
    return 'moved'
  }

  /**
   * The files that had the name after `before` had it (or after the folder was remembered) and before `after` had it,
   * in that order. While the folder is listed, `after` may be renamed too: the files that follow it then may be as old
   * as it is, and are left for the next check.
   */
  between(before: FollowedFile | undefined, after: FollowedFile): FollowedFile[] {
    this.#followLink()
    const from = before === undefined ? 0n : birth(before.stat())
    const until = birth(after.stat())
    const head = before === undefined ? Buffer.alloc(0) : bytesOf(before.fd, 0, HEAD)
    const found = new Map<string, Entry & { readonly file: FollowedFile }>()
    const files: FollowedFile[] = []
    try {
      const entries = this.#eachEntry((entry) => {
        const { id, stat } = entry
        const born = birth(stat)
        const known = id === before?.id || id === after.id || this.#hasSeen(entry)
        if (known || born < from || born > until) return true
        const file = found.get(id)?.file ?? this.#open(entry, 0)
        if (file === 'moved') return false
        if (file !== 'forbidden') found.set(id, { ...entry, file })
        return true
      })
      const later = [...found.values()]
      const inOrder = byAge(direction(entries, before?.id, later))
      const last = after.isAt(this.#path) ? undefined : this.#entryOf(after, entries)
      const next = new Set<string>()
      for (const entry of later.toSorted(inOrder)) {
        const isNext = last !== undefined && inOrder(last, entry) < 0
        if (isNext) next.add(entry.id)
        if (isNext || alike(bytesOf(entry.file.fd, 0, HEAD), head)) entry.file.close()
        else files.push(entry.file)
      }
      // A file that was made later is one that the next check finds between two others.
      for (const { id, stat } of entries) if (birth(stat) <= until && !next.has(id)) this.#see(stat)
      for (const { id, stat } of found.values()) if (!next.has(id)) this.#see(stat)
    } catch (error) {
      for (const { file } of found.values()) file.close()
      throw error
    }
    if (before !== undefined) this.#see(before.stat())
    this.#see(after.stat())
    this.#given.clear()
    return files
  }

  /** What a list says of a file, and what the file says itself if its new name is not in the list. */
  #entryOf(file: FollowedFile, entries: readonly Entry[]): Entry {
    const listed = entries.find(({ id }) => id === file.id)
    return { path: listed?.path ?? this.#path, id: file.id, stat: file.stat() }
  }

  /** The copy that contains the unread rest of a truncated file. */
  copyOf(file: FollowedFile): FollowedFile | undefined {
    const { at, remembered, readAt } = file
    const refused = new Set([file.id])
    let found: FollowedFile | undefined
    this.#eachEntry((entry) => {
      const { id, stat } = entry
      if (found !== undefined || refused.has(id)) return true
      if (stat.size < at || Number(stat.mtimeMs) < readAt - TICK) return true
      const copy = this.#open(entry, at, { sealed: true, splitter: file.splitter })
      if (copy === 'moved') return false
      refused.add(id)
      if (copy === 'forbidden') return true
      if (remembered.length > 0 && copy.remembered.equals(remembered)) {
        this.#see(stat)
        found = copy
      } else copy.close()
      return true
    })
    return found
  }

  /**
   * Copies of what a file has contained since it was last found empty, up to the bytes that begin with `head`, if there
   * are any: it was written, copied and truncated in between, perhaps several times. `isPast` tells whether the path
   * still names the file, and what `head` comes from is as it was.
   */
  copiesBefore(file: FollowedFile, head: Buffer, isPast: () => boolean): FollowedFile[] {
    const since = file.emptyAt - TICK
    const found = new Map<string, Entry & { readonly file: FollowedFile }>()
    let copies: FollowedFile[] = []
    try {
      const entries = this.#eachEntry((entry) => {
        const { id, stat } = entry
        if (id === file.id || this.#hasSeen(entry) || Number(stat.mtimeMs) < since) return true
        const copy =
          found.get(id)?.file ?? this.#open(entry, 0, { sealed: true, splitter: new Splitter(0) })
        if (copy === 'moved') return false
        if (copy !== 'forbidden') found.set(id, { ...entry, file: copy })
        return true
      })
      let isOver = false
      for (const { file: copy } of [...found.values()].toSorted(byWrite(direction(entries)))) {
        const begin = isOver ? NOTHING : bytesOf(copy.fd, 0, HEAD)
        // This copies what is read now, so the copies that were made later have what comes after it.
        if (alike(begin, head)) isOver = true
        if (isOver || begin.length === 0) copy.close()
        else copies.push(copy)
      }
      // If the path names another file now, a new file is one that had the name and not a copy.
      if (copies.length > 0 && !isPast()) {
        for (const copy of copies) copy.close()
        copies = []
      }
    } catch (error) {
      for (const { file: copy } of found.values()) copy.close()
      throw error
    }
    for (const copy of copies) this.#see(copy.stat())
    return copies
  }
}
