import { writeFileSync } from 'node:fs'
import { parquetReadObjects } from 'hyparquet'
import { parquetWriteBuffer } from 'hyparquet-writer'
import { MmapFile } from '../../examples/parquet.ts'
import { freshPath } from '../support/files.ts'
import { runExample } from './run.ts'
import test from 'ava'

const names = Array.from({ length: 50_000 }, (_, at) => `name ${(at * 7919) % 50_021}`)
const ages = names.map((_, at) => at % 97)

function parquetFile(): string {
  const path = freshPath('.parquet')
  const columnData = [
    { name: 'name', data: names, type: 'STRING' as const },
    { name: 'age', data: ages, type: 'INT32' as const },
  ]
  writeFileSync(path, new Uint8Array(parquetWriteBuffer({ columnData, rowGroupSize: 20_000 })))
  return path
}

test('the columns read through a map are those that were written', async (t) => {
  const file = new MmapFile(parquetFile())
  t.teardown(() => file.close())
  const rows = await parquetReadObjects({ file })
  t.is(rows.length, names.length)
  t.true(rows.every(({ name, age }, at) => name === names[at] && age === ages[at]))
  const some = await parquetReadObjects({
    file,
    columns: ['age'],
    rowStart: 30_000,
    rowEnd: 30_003,
  })
  t.deepEqual(
    some.map(({ age }) => Number(age)),
    ages.slice(30_000, 30_003),
  )
})

test('the program prints the rows, of the columns that were asked for', async (t) => {
  const { code, output, errors } = await runExample('parquet', [parquetFile(), 'age'])
  t.is(code, 0, errors)
  const lines = output.trimEnd().split('\n')
  t.is(lines.length, names.length)
  t.is(lines[5], '{"age":5}')
})
