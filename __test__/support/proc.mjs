// What Linux's /proc says about this process. It is plain JavaScript, because children and the survival suite, which
// run without a loader for TypeScript, import it too.
import { readdirSync, readFileSync, readlinkSync, realpathSync } from 'node:fs'

/** What the open descriptors lead to: paths, and names such as `socket:[7]`. */
export function openFiles() {
  return readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      return [readlinkSync(`/proc/self/fd/${fd}`)]
    } catch {
      // Another thread, or readdir itself, has closed it meanwhile.
      return []
    }
  })
}

/** How many descriptors of a file are open. A runtime opens and closes files of its own, so those do not count. */
export function descriptors(path) {
  const name = realpathSync(path)
  return openFiles().filter((target) => target === name).length
}

/** How many areas of memory map a file; without a path, how many there are at all. */
export function mappings(path = '') {
  const areas = readFileSync('/proc/self/maps', 'utf8').trimEnd().split('\n')
  return areas.filter((area) => area.includes(path)).length
}

/** What smaps says about each area that maps a file: its size in memory, its flags. */
export function areasOf(path) {
  const areas = readFileSync('/proc/self/smaps', 'utf8').split(/\n(?=[0-9a-f]+-[0-9a-f]+ )/)
  return areas.filter((area) => area.split('\n')[0].endsWith(path))
}

/** How many threads have a name that begins so; without a name, how many there are. */
export function threads(name = '') {
  return readdirSync('/proc/self/task').filter((id) => {
    try {
      return readFileSync(`/proc/self/task/${id}/comm`, 'utf8').startsWith(name)
    } catch {
      // It has ended meanwhile.
      return false
    }
  }).length
}

/** An amount of memory in /proc/self/status, such as `RssAnon`, in bytes. */
export function memory(field) {
  const status = readFileSync('/proc/self/status', 'utf8')
  return 1024 * Number(new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(status)[1])
}
