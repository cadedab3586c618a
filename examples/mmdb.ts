/**
 * A MaxMind database (mmdb) over a view: opened without reading it, and opened again when it is replaced.
 *
 *   node --import @oxc-node/core/register examples/mmdb.ts DATABASE ADDRESS...
 *
 * A new database must be put in place by rename, never written over the old one. So a process that has mapped the old
 * one can go on reading it. Look-ups that are in progress when the new one arrives end in the old one, because a view
 * keeps its memory after its map is closed.
 */

import { type FSWatcher, watch } from 'node:fs'
import { basename, dirname } from 'node:path'
import { Mmap } from 'fmmap'
import { Reader, type Response } from 'maxmind'

export class Database<T extends Response> {
  readonly #path: string
  readonly #watcher: FSWatcher
  #reader: Reader<T>
  /** How often the database was replaced. */
  reloads = 0

  constructor(path: string) {
    this.#path = path
    this.#reader = Database.#open<T>(path)
    // Watches the folder, because after a rename the file is another one.
    this.#watcher = watch(dirname(path), { persistent: false }, (_, name) => {
      if (name === basename(path)) this.#reload()
    })
  }

  static #open<T extends Response>(path: string): Reader<T> {
    const m = Mmap.open(path)
    const reader = new Reader<T>(m.view())
    // The reader's view keeps the memory; the map's descriptor is not needed any more.
    m.close()
    return reader
  }

  #reload(): void {
    try {
      this.#reader = Database.#open<T>(this.#path)
      this.reloads += 1
    } catch {
      // Between the removal of a file and its replacement there is none, and half a file is no database. The old one
      // stays in use.
    }
  }

  get(address: string): T | null {
    return this.#reader.get(address)
  }

  close(): void {
    this.#watcher.close()
  }
}

if (process.argv[1] === import.meta.filename) {
  const [, , path, ...addresses] = process.argv
  if (path === undefined) {
    console.error('usage: mmdb DATABASE ADDRESS...')
    process.exitCode = 2
  } else {
    const database = new Database(path)
    for (const address of addresses) console.log(address, database.get(address))
    database.close()
  }
}
