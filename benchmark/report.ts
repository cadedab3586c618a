/** Shared by the benchmarks: options, the description of the machine, targets, and results as JSON. */

import { mkdtempSync, readFileSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { cpus, release, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'

export interface Options {
  /** Smaller inputs and fewer turns: takes seconds instead of minutes, with less exact figures. */
  readonly quick: boolean
  /** Where the results are written as JSON. */
  readonly json: string | undefined
  /** Only the parts whose name contains this text. */
  readonly only: string | undefined
}

/** `--quick`, `--json FILE` and `--only TEXT`. */
export function readOptions(): Options {
  const { values } = parseArgs({
    options: {
      quick: { type: 'boolean', default: false },
      json: { type: 'string' },
      only: { type: 'string' },
    },
  })
  return { quick: values.quick, json: values.json, only: values.only }
}

/** The runtime and its version. */
export function runtime(): string {
  const { bun, deno, node } = process.versions as Record<string, string | undefined>
  return bun ? `Bun ${bun}` : deno ? `Deno ${deno}` : `Node ${node}`
}

export interface Machine {
  readonly cpu: string | undefined
  readonly cores: number
  readonly platform: string
  readonly kernel: string
}

export const machine = (): Machine => ({
  cpu: cpus()[0]?.model.trim(),
  cores: cpus().length,
  platform: process.platform,
  kernel: release().replace(/-.*/, ''),
})

export function median(values: readonly number[]): number {
  return quantile(values, 0.5)
}

/** The fastest of several turns. */
export const least = (values: readonly number[]): number => Math.min(...values)

export const geometricMean = (values: readonly number[]): number =>
  Math.exp(values.reduce((sum, value) => sum + Math.log(value), 0) / values.length)

/** The value that at most this share of the values lies below or at. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}

/** A line of a table: a name, and cells that are aligned on the right. */
export function row(name: string, cells: readonly string[], width = 12): string {
  return name.padEnd(34) + cells.map((cell) => cell.padStart(width)).join('')
}

export const milliseconds = (value: number): string => value.toFixed(value < 10 ? 2 : 0)

/** Whether there are files in memory, and room for those of a benchmark: containers have often 64 MiB of it. */
function hasMemory(): boolean {
  try {
    const { bavail, bsize } = statfsSync('/dev/shm')
    return bavail * bsize > 2 ** 30
  } catch {
    return false
  }
}

/** A temporary folder, in memory if there is such a place, otherwise on disk. It is removed when the process ends. */
export function scratch(name: string): string {
  const folder = mkdtempSync(join(hasMemory() ? '/dev/shm' : tmpdir(), `fmmap-${name}-`))
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
  // A signal ends the process by a normal exit, so that the folder is removed.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))
  return folder
}

/** The private memory of a process in bytes; undefined where /proc does not tell. */
export function privateMemory(pid: number | 'self' = 'self'): number | undefined {
  return status(pid, 'RssAnon')
}

/** A field of /proc/<pid>/status, in bytes. */
export function status(pid: number | 'self', field: string): number | undefined {
  try {
    const found = new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(
      readFileSync(`/proc/${pid}/status`, 'utf8'),
    )
    return found === null ? undefined : Number(found[1]) * 1024
  } catch {
    return undefined
  }
}

interface Target {
  readonly name: string
  readonly value: number
  readonly unit: string
  readonly least?: number
  readonly most?: number
  readonly met: boolean
}

/** Collects figures and targets, prints them as they come, and writes them at the end. */
export class Report {
  readonly #title: string
  readonly #options: Options
  readonly #figures: Record<string, unknown> = {}
  readonly #targets: Target[] = []

  constructor(title: string, options: Options) {
    this.#title = title
    this.#options = options
    const { cpu, cores, platform, kernel } = machine()
    console.log(`${title}: fmmap on ${runtime()}; ${cores} x ${cpu}, ${platform} ${kernel}`)
    if (options.quick) console.log('quick: small inputs, few turns, coarse figures')
  }

  /** Whether a part was asked for. */
  wants(part: string): boolean {
    return this.#options.only === undefined || part.includes(this.#options.only)
  }

  /** A part of the table. */
  part(title: string, columns: readonly string[], width?: number): void {
    console.log(`\n${row(title, columns, width)}`)
  }

  /** A row of the table, and its figures for the file. */
  row(name: string, cells: readonly string[], figures: unknown, width?: number): void {
    console.log(row(name, cells, width))
    this.#figures[name.trim()] = figures
  }

  /** A figure that has to be at least, or at most, another one. */
  target(
    name: string,
    value: number,
    unit: string,
    bound: { least?: number; most?: number },
  ): void {
    const met = value >= (bound.least ?? -Infinity) && value <= (bound.most ?? Infinity)
    this.#targets.push({ name, value, unit, ...bound, met })
  }

  /** Prints which targets were met and missed, and writes the JSON file if one was asked for. */
  end(): void {
    if (this.#targets.length > 0) console.log()
    for (const { name, value, unit, least, most, met } of this.#targets) {
      const bound = least === undefined ? `<= ${most}` : `>= ${least}`
      const figure = `${value.toFixed(value < 10 ? 2 : 1)} ${unit}`
      console.log(`${met ? 'met   ' : 'MISSED'}  ${name}: ${figure} (${bound})`)
    }
    const { json, quick } = this.#options
    if (json === undefined) return
    const report = {
      title: this.#title,
      runtime: runtime(),
      machine: machine(),
      quick,
      targets: this.#targets,
      figures: this.#figures,
    }
    writeFileSync(json, `${JSON.stringify(report, null, 2)}\n`)
  }
}

/** Runs each way `turns` times, one after the other, and returns the milliseconds of each. */
export async function alternate<Name extends string>(
  turns: number,
  ways: Readonly<Record<Name, () => number | Promise<number>>>,
): Promise<Record<Name, number[]>> {
  const names = Object.keys(ways) as Name[]
  const times = Object.fromEntries(names.map((name) => [name, []])) as unknown as Record<
    Name,
    number[]
  >
  for (let turn = 0; turn < turns; turn++) {
    for (const name of names) {
      // One at a time, because they would slow each other down.
      // oxlint-disable-next-line no-await-in-loop
      times[name].push(await ways[name]())
    }
  }
  return times
}

/** The milliseconds that a call takes. */
export async function timed(call: () => unknown): Promise<number> {
  const start = performance.now()
  await call()
  return performance.now() - start
}

/** The processor time that this process has used, all threads together, in milliseconds. */
export function processorTime(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}

/** Stops the benchmark when two ways of one question give different answers. */
export function same(name: string, ours: unknown, theirs: unknown): void {
  if (ours !== theirs) throw new Error(`${name}: ours is ${String(ours)}, not ${String(theirs)}`)
}
