/** A package registry on this machine, which has the package as it would be published. */

import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { platforms } from './packages.mjs'
import { root } from './platforms/cache.mjs'

const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))

/** Makes the tarball of a folder, in `destination`. */
export function pack(folder, destination) {
  const options = [
    '--json',
    '--ignore-scripts',
    '--loglevel=error',
    '--pack-destination',
    destination,
  ]
  const output = execFileSync('npm', ['pack', folder, ...options], { encoding: 'utf8' })
  const { name, filename, size, unpackedSize, integrity, files } = JSON.parse(output)[0]
  const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  return { name, file: join(destination, filename), size, unpackedSize, integrity, files, manifest }
}

/** Starts a registry that lists all packages, and has the tarballs of those that were packed. */
export async function serve(packed) {
  const asked = []
  const manifests = Object.keys(platforms).map((name) =>
    JSON.parse(readFileSync(join(root, 'npm', name, 'package.json'), 'utf8')),
  )
  const known = new Map(manifests.map((manifest) => [manifest.name, { manifest }]))
  for (const one of packed) known.set(one.name, one)
  const server = createServer(({ url = '', headers }, response) => {
    const [, name = '', tarball] = url.split('?')[0].split('/')
    const found = known.get(name)
    if (!found || (tarball && !found.file)) {
      asked.push(url)
      response.writeHead(404).end('{}')
    } else if (tarball) {
      asked.push(name)
      response.writeHead(200, { 'content-type': 'application/octet-stream' })
      response.end(readFileSync(found.file))
    } else {
      const dist = {
        tarball: `http://${headers.host}/${name}/${version}.tgz`,
        // A hash for a tarball that does not exist is never compared.
        integrity: found.integrity ?? `sha512-${Buffer.alloc(64).toString('base64')}`,
      }
      const versions = { [version]: { ...found.manifest, dist } }
      response.writeHead(200, { 'content-type': 'application/json' })
      response.end(JSON.stringify({ name, 'dist-tags': { latest: version }, versions }))
    }
  })
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${server.address().port}/`,
    /** The packages whose tarballs were downloaded, and the addresses that were not found, since the last call. */
    asked: () =>
      asked
        .splice(0)
        .toSorted((one, other) => (one < other ? -1 : 1))
        .join(' '),
    close: () => server.close(),
  }
}
