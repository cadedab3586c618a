/**
 * Fails where a file imports what stands beside or above its room, or has no room: the order is in
 * scripts/rooms/table.mjs.
 *
 *   node scripts/rooms.mjs [--arrows]
 *
 * `--arrows` prints every import from one room to another, with how many files' imports it stands for.
 *
 * No library: dependency-cruiser and eslint-plugin-boundaries check TypeScript alone, with thirty packages and a table
 * each of their own. What parses TypeScript here is rolldown, which is installed to bundle the package.
 */

import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

import { Crate } from './rooms/rust.mjs'
import { houses as table } from './rooms/table.mjs'
import { typescriptImports } from './rooms/typescript.mjs'

/** What is wrong in the houses below `root`, as lines to print, and the arrows between their rooms. */
export function checkRooms(root, houses = table) {
  const problems = []
  const arrows = new Map()
  const imports = allImports(root, houses)
  for (const house of houses) {
    const rooms = roomsOf(house)
    const inside = [...imports.keys()].filter((file) => file.startsWith(`${house.root}/`))
    for (const file of inside) {
      const room = rooms.get(entry(house, file))
      if (room === undefined) {
        // A folder is named once, and not with each of its files.
        const [name] = file.slice(house.root.length + 1).split('/')
        problems.push(`${house.root}/${name} has no room in scripts/rooms/table.mjs`)
        continue
      }
      room.stands = true
      for (const { to, line } of imports.get(file)) {
        const other = to.startsWith(`${house.root}/`) ? rooms.get(entry(house, to)) : undefined
        if (other === undefined || other === room) continue
        if (other.floor >= room.floor) {
          const where = other.floor === room.floor ? 'beside' : 'above'
          problems.push(`${file}:${line} imports ${to}, which stands ${where} it`)
        }
        const arrow = `${house.root}: ${room.name} -> ${other.name}`
        arrows.set(arrow, (arrows.get(arrow) ?? new Set()).add(`${file} ${to}`))
      }
    }
    for (const { name, stands } of rooms.values()) {
      if (!stands) problems.push(`${house.root} has no room ${name}: scripts/rooms/table.mjs`)
    }
  }
  return { problems: [...new Set(problems)].toSorted(), arrows, files: imports.size }
}

/** The imports of every file below the houses. */
function allImports(root, houses) {
  const all = new Map()
  for (const { root: folder } of houses) {
    const files = sources(root, folder).map((file) => [
      file,
      readFileSync(join(root, file), 'utf8'),
    ])
    const rust = files.filter(([file]) => file.endsWith('.rs'))
    // A house within a crate was read together with the crate.
    if (existsSync(join(root, folder, 'lib.rs'))) {
      for (const [file, found] of new Crate(folder, rust).imports()) all.set(file, found)
    }
    for (const [file, source] of files.filter(([name]) => name.endsWith('.ts'))) {
      all.set(file, typescriptImports(root, file, source))
    }
  }
  return all
}

function sources(root, folder) {
  return readdirSync(join(root, folder), { recursive: true })
    .filter((file) => /\.(rs|ts)$/.test(file))
    .map((file) => `${folder}/${file.replaceAll('\\', '/')}`)
    .toSorted()
}

/** The rooms of a house, by the file or folder that each consists of. Floors are counted from the ground. */
function roomsOf({ floors }) {
  const rooms = new Map()
  for (const [down, floor] of floors.entries()) {
    for (const name of floor.split(' ')) {
      const room = { name, floor: floors.length - down, stands: false }
      for (const part of name.split('+')) rooms.set(part, room)
    }
  }
  return rooms
}

/** The file or folder of a house that contains a file. */
function entry(house, file) {
  return file.slice(house.root.length + 1).replace(/\/.*|\.(rs|ts)$/, '')
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const { problems, arrows, files } = checkRooms(
    join(dirname(fileURLToPath(import.meta.url)), '..'),
  )
  if (process.argv.includes('--arrows')) {
    for (const [arrow, pairs] of [...arrows].toSorted(([a], [b]) => (a < b ? -1 : 1)))
      console.log(`${arrow} (${pairs.size})`)
  }
  if (problems.length > 0) {
    console.error(problems.join('\n'))
    process.exitCode = 1
  } else {
    console.log(`${files} files in ${table.length} houses, ${arrows.size} arrows, all downward`)
  }
}
