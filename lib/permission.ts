/**
 * The permissions that the process was started with. The addon opens files itself, so neither Node's `--permission`
 * nor Deno's `--allow-read` would be checked. This file checks them before the addon opens a file.
 */

import { closeSync, openSync } from 'node:fs'
import { resolve } from 'node:path'
import process from 'node:process'

type Asks = (what: 'read' | 'write', path: string) => boolean

/** Node's check, if the process runs under its permission model. */
function nodes(): Asks | undefined {
  const { permission } = process as { permission?: { has(scope: string, path: string): boolean } }
  return permission && ((what, path) => permission.has(`fs.${what}`, path))
}

interface Status {
  readonly state: string
}

/** Deno's check, which may ask the user. */
function denos(): Asks | undefined {
  const { Deno: runtime } = globalThis as {
    Deno?: {
      permissions?: {
        querySync(descriptor: { name: string; path: string }): Status
        requestSync(descriptor: { name: string; path: string }): Status
      }
    }
  }
  const permissions = runtime?.permissions
  return (
    permissions &&
    ((name, path) => {
      const { state } = permissions.querySync({ name, path })
      return (
        (state === 'prompt' ? permissions.requestSync({ name, path }).state : state) === 'granted'
      )
    })
  )
}

const allows = nodes() ?? denos()

/** Throws the runtime's own error if the process may not read a file or, when it `writes`, may not write it. */
export function checkPermission(path: string, writes: boolean): void {
  if (allows === undefined) return
  const file = resolve(path)
  if (allows('read', file) && (!writes || allows('write', file))) return
  // Without the permission this throws before it opens the file. Otherwise the file is opened and closed; 'r+'
  // creates none.
  closeSync(openSync(file, writes ? 'r+' : 'r'))
}
