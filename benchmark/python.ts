/** Finds the newest CPython, and talks to a program of ours that it runs. */

import { spawn, spawnSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { homedir } from 'node:os'
import { delimiter, join } from 'node:path'
import { createInterface } from 'node:readline'

export interface Python {
  path: string
  version: string
}

/** The newest CPython on PATH and among pyenv's versions that has mmap, or undefined. */
export function newestPython(): Python | undefined {
  const pyenv = join(process.env['PYENV_ROOT'] ?? join(homedir(), '.pyenv'), 'versions')
  const folders = [
    ...(process.env['PATH'] ?? '').split(delimiter),
    ...listing(pyenv).map((version) => join(pyenv, version, 'bin')),
  ]
  const found: Python[] = []
  for (const folder of folders) {
    for (const name of listing(folder)) {
      if (!/^python3(\.\d+)?(\.exe)?$/.test(name)) continue
      const path = join(folder, name)
      const said = spawnSync(
        path,
        [
          '-c',
          'import mmap, platform; print(platform.python_implementation(), platform.python_version())',
        ],
        { encoding: 'utf8' },
      )
      const [implementation, version] = (said.stdout ?? '').trim().split(' ')
      if (said.status === 0 && implementation === 'CPython' && version) {
        found.push({ path, version })
      }
    }
  }
  return found.toSorted((a, b) => compareVersions(b.version, a.version))[0]
}

function listing(folder: string): string[] {
  return folder !== '' && existsSync(folder) ? readdirSync(folder) : []
}

function compareVersions(a: string, b: string): number {
  return a.localeCompare(b, 'en', { numeric: true })
}

/** A running program that answers each line of JSON with one line. */
export interface Companion {
  ask(request: object): Promise<unknown>
  end(): void
}

/** Starts `program` with `args`; it answers one question at a time. */
export function startCompanion(python: Python, program: string, args: string[]): Companion {
  const child = spawn(python.path, [program, ...args], { stdio: ['pipe', 'pipe', 'inherit'] })
  const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  return {
    async ask(request) {
      child.stdin.write(`${JSON.stringify(request)}\n`)
      const { value, done } = await answers.next()
      if (done === true) throw new Error(`${program} ended without an answer`)
      return JSON.parse(value)
    },
    end() {
      child.stdin.end()
    },
  }
}
