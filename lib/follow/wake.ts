/**
 * Wakes up a follower. The folder's watcher reports writes and renames; and because some file systems report nothing,
 * there is a timer too. Reports are gathered for a moment, since a writer of many lines would otherwise wake its
 * reader for each. While a file is written to all the time, the watcher is switched off and the file is checked at
 * intervals, until it is quiet.
 */

import fs from 'node:fs'
import { basename, dirname } from 'node:path'
import { isDeno } from '../runtime.js'
import { clearTimeout, setTimeout } from '../timers.js'

/** Reports within this many milliseconds lead to one check. */
const GATHER = 5

/** How often a file that was written to is checked without the watcher, which reports each write. */
const LOOKS = 10

export class Wake {
  readonly #path: string | Buffer
  readonly #poll: number
  /** Checks the file. It does not throw. */
  readonly #look: () => void
  /** Called with a name that the file may have been given. */
  readonly #renamed: (name: string) => void
  readonly #watchers = new Map<string, fs.FSWatcher>()
  #gathering: NodeJS.Timeout | undefined
  #polling: NodeJS.Timeout | undefined
  #resolve: (() => void) | undefined
  #rang = false
  /** How many checks are left before the folder is watched again; 0 while it is watched. */
  #looks = 0
  #stopped = false
  /** Whether the event before said that the name has come or gone, and whether it seems to have gone. */
  #moving = false
  #leaving = false
  /** The watched names that no file has. The system reports in the same way that a name comes and that it goes. */
  readonly #gone = new Set<string>()

  constructor(
    path: string | Buffer,
    poll: number,
    look: () => void,
    renamed: (name: string) => void,
  ) {
    this.#path = path
    this.#poll = poll
    this.#look = look
    this.#renamed = renamed
  }

  /** Watches the folder of the path; and that of the file too, if the path is a link to it. */
  watch(): void {
    if (typeof this.#path !== 'string' || this.#looks > 0) return
    // While there is no folder, the nearest one above it tells when it is made.
    let place = this.#path
    while (!this.#watch(dirname(place), basename(place), place !== this.#path)) {
      place = dirname(place)
      if (dirname(place) === place) break
    }
    try {
      const real = fs.realpathSync(this.#path)
      const folder = dirname(real)
      if (fs.lstatSync(this.#path).isSymbolicLink()) this.#watch(folder, basename(real))
    } catch {
      // There is no file yet. The timer checks for one.
    }
  }

  /**
   * Watches a folder for changes of a name in it: the file's, or that of a folder in which it would be. Returns false if
   * that is not possible.
   */
  #watch(folder: string, name: string, isAbove = false): boolean {
    const key = `${folder}\0${name}`
    if (this.#stopped || this.#watchers.has(key)) return true
    let watcher: fs.FSWatcher
    try {
      watcher = fs.watch(folder, { persistent: false }, (event, changed) => {
        this.#happened(event, changed, isAbove ? undefined : folder, name)
        // Deno's watcher keeps the process alive again while it waits for the next event.
        if (isDeno) void Promise.resolve().then(() => watcher.unref())
      })
    } catch {
      // There is no folder, or the system has no watcher left. The timer checks, and tries again.
      return false
    }
    this.#watchers.set(key, watcher)
    // Deno ignores `persistent`.
    watcher.unref()
    watcher.on('error', () => this.#unwatch(key, watcher))
    watcher.on('close', () => this.#forget(key, watcher))
    return true
  }

  #unwatch(key: string, watcher: fs.FSWatcher): void {
    this.#forget(key, watcher)
    try {
      watcher.close()
    } catch {
      // The watcher was closed by the error.
    }
  }

  /** Another watcher may have the key by now. */
  #forget(key: string, watcher: fs.FSWatcher): void {
    if (this.#watchers.get(key) === watcher) this.#watchers.delete(key)
  }

  /** Takes an event. `folder` is that of the file, if it was watched. */
  #happened(event: string, changed: string | null, folder: string | undefined, name: string): void {
    const isNamed = changed === null || changed === name
    const isItself = event === 'rename' && folder !== undefined && changed === basename(folder)
    if (isItself || (folder === undefined && isNamed)) {
      // The folder was made, or renamed or removed, so that another may have its name by now.
      this.#unwatchAll()
      this.ring()
    } else if (folder === undefined) {
      // Another name in a folder above.
    } else if (isNamed) {
      this.#moving = event === 'rename'
      this.#leaving = this.#moving && !this.#gone.has(name)
      if (this.#leaving) this.#gone.add(name)
      else this.#gone.delete(name)
      // The other name of a renamed file comes with the next event.
      if (!this.#moving) this.#unwatchAll()
      this.ring()
    } else if (event === 'rename') {
      // The system reports both names of a renamed file, one after the other.
      if (this.#leaving) this.#renamed(changed)
      this.#moving = false
      this.#leaving = false
    }
  }

  /** Checks at intervals for a while. */
  #unwatchAll(): void {
    this.#looks = LOOKS
    for (const [key, watcher] of this.#watchers) this.#unwatch(key, watcher)
  }

  /** Something was read, so more may come. */
  progressed(): void {
    if (this.#looks > 0) this.#looks = LOOKS
  }

  /** Checks the file in a moment. */
  ring(): void {
    if (this.#stopped || this.#gathering !== undefined) return
    this.#gathering = setTimeout(() => {
      this.#gathering = undefined
      this.#wake()
    }, GATHER)
  }

  #wake(): void {
    if (this.#stopped) return
    this.#rang = true
    if (this.#moving) {
      // Its folder may be gone too. The system does not tell as long as the file is open.
      this.#moving = false
      this.#leaving = false
      this.#unwatchAll()
    }
    if (this.#looks > 0) {
      this.#looks -= 1
      // Done before the last check, so that the watcher reports whatever happens after it.
      if (this.#looks === 0) this.watch()
      else this.ring()
    }
    this.#look()
    this.#resolve?.()
  }

  /** Waits until something has happened since the last wait, or until that many milliseconds have passed. */
  async wait(most: number = Infinity): Promise<void> {
    if (!this.#rang && !this.#stopped) {
      await new Promise<void>((resolve) => {
        this.#resolve = resolve
        // A follower that waits keeps the process alive.
        this.#polling = setTimeout(
          () => {
            this.watch()
            this.#wake()
          },
          Math.min(this.#poll, most),
        )
      })
      clearTimeout(this.#polling)
      this.#resolve = undefined
    }
    this.#rang = false
  }

  /** Called when it was seen whether there is a file of the name. */
  saw(isThere: boolean): void {
    this.#gone.clear()
    if (!isThere && typeof this.#path === 'string') this.#gone.add(basename(this.#path))
  }

  /** Ends a wait. */
  hurry(): void {
    this.#rang = true
    this.#resolve?.()
  }

  stop(): void {
    if (this.#stopped) return
    this.#stopped = true
    clearTimeout(this.#gathering)
    clearTimeout(this.#polling)
    this.#unwatchAll()
    this.#resolve?.()
  }
}
