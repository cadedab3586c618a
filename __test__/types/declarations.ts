// What an editor knows of the package, as installed: checked by the compiler, never run. A line behind
// the directive `expect-error` must be red, and the compiler complains when it is not.
import type { FileHandle } from 'node:fs/promises'
import { expectTypeOf } from 'expect-type'
import {
  ACCESS_READ,
  type AsyncFindAllOptions,
  type AsyncFlushOptions,
  type AsyncSearchOptions,
  type Bytes,
  constants,
  type DetachOptions,
  faultGuard,
  type FindAllOptions,
  type FlushOptions,
  type LinesOptions,
  MADV_NOSYNC,
  Mmap,
  type MmapOptions,
  type OpenOptions,
  type SearchRange,
  setFaultGuard,
} from 'fmmap'

declare const m: Mmap
declare const handle: FileHandle
declare const signal: AbortSignal

export function opening(): void {
  expectTypeOf(Mmap.open('x')).toEqualTypeOf<Mmap>()
  expectTypeOf(Mmap.open(Buffer.from('x'), { create: true, length: 1 })).toEqualTypeOf<Mmap>()
  expectTypeOf(Mmap.open(new URL('file:///x'))).toEqualTypeOf<Mmap>()
  expectTypeOf(new Mmap(handle, 0)).toEqualTypeOf<Mmap>()
  expectTypeOf(new Mmap(-1, 10, { access: ACCESS_READ, tagname: null })).toEqualTypeOf<Mmap>()

  class Log extends Mmap {
    readonly kind = 'log'
  }
  expectTypeOf(Log.open('x')).toEqualTypeOf<Log>()

  // @ts-expect-error a path is not a descriptor
  void new Mmap('x', 0)
  // @ts-expect-error the length has no default, as in Python
  void new Mmap(3)
  // @ts-expect-error a descriptor is not a path
  void Mmap.open(3)
  // @ts-expect-error create belongs to open
  void new Mmap(3, 0, { create: true })
  // @ts-expect-error an access is one of the constants
  void Mmap.open('x', { access: 'r' })
  // @ts-expect-error no bigint
  void Mmap.open('x', { length: 10n })
  // @ts-expect-error null is not undefined
  void Mmap.open('x', null)
  // @ts-expect-error a misspelt option
  void Mmap.open('x', { acces: ACCESS_READ })

  expectTypeOf<MmapOptions['tagname']>().toEqualTypeOf<string | null | undefined>()
  expectTypeOf<OpenOptions>().toExtend<MmapOptions>()
}

export function reading(): void {
  expectTypeOf(m.length).toEqualTypeOf<number>()
  expectTypeOf(m.closed).toEqualTypeOf<boolean>()
  expectTypeOf(m.read()).toExtend<Buffer>()
  expectTypeOf(m.readByte()).toEqualTypeOf<number>()
  expectTypeOf(m.readInto(new Float64Array(2))).toEqualTypeOf<number>()
  expectTypeOf(m.arrayBuffer(0, 4)).toEqualTypeOf<ArrayBuffer>()
  expectTypeOf(m.seekable()).toEqualTypeOf<true>()
  expectTypeOf([...m]).toEqualTypeOf<number[]>()

  // @ts-expect-error read-only
  m.length = 3
  // @ts-expect-error an index is a number
  m.get('0')
  // @ts-expect-error an ArrayBuffer is not a view
  m.readInto(new ArrayBuffer(4))
}

export function writing(): void {
  expectTypeOf(m.write).parameter(0).toEqualTypeOf<Bytes>()
  expectTypeOf(m.write(new SharedArrayBuffer(1))).toEqualTypeOf<number>()
  expectTypeOf(m.set(0, 1)).toEqualTypeOf<void>()
  // @ts-expect-error a number is not bytes
  m.write(65)
  // @ts-expect-error a byte is a number
  m.set(0, 'a')
  // @ts-expect-error options are an object
  m.flush(0, 1, 4)
  expectTypeOf<FlushOptions>().toEqualTypeOf<{ flags?: number | undefined }>()
  expectTypeOf<DetachOptions>().toEqualTypeOf<{ detach?: boolean | undefined }>()
}

export function searching(): void {
  expectTypeOf(m.find('x')).toEqualTypeOf<number>()
  expectTypeOf(m.find(Buffer.of(1), undefined, -1)).toEqualTypeOf<number>()
  expectTypeOf(m.findAll('x', { limit: 3 })).toEqualTypeOf<IterableIterator<number>>()
  expectTypeOf(m.lines({ reverse: true })).toExtend<IterableIterator<Buffer>>()
  expectTypeOf(m.findAsync('x', { signal })).toEqualTypeOf<Promise<number>>()
  expectTypeOf(m.findAllAsync('x')).toEqualTypeOf<AsyncIterableIterator<number>>()
  expectTypeOf(m.flushAsync()).toEqualTypeOf<Promise<void>>()
  expectTypeOf<AsyncFindAllOptions>().toExtend<AsyncSearchOptions & FindAllOptions>()
  expectTypeOf<AsyncSearchOptions>().toExtend<SearchRange>()
  expectTypeOf<AsyncFlushOptions>().toExtend<FlushOptions>()
  expectTypeOf<LinesOptions['reverse']>().toEqualTypeOf<boolean | undefined>()

  // @ts-expect-error a number is no needle
  m.find(97)
  // @ts-expect-error no regular expressions
  m.findAll(/x/)
  // @ts-expect-error find takes bounds, as in Python, not an object
  m.find('x', { start: 1 })
  // @ts-expect-error count takes an object
  m.count('x', 1)
  // @ts-expect-error a promise is not a number
  expectTypeOf(m.findAsync('x')).toEqualTypeOf<number>()
  // @ts-expect-error findAsync finds one
  void m.findAsync('x', { limit: 1 })
}

export function viewing(): void {
  expectTypeOf(m.view()).toExtend<Buffer>()
  expectTypeOf(m.view(4, 8)).toExtend<Buffer>()
  expectTypeOf(m.view(Float32Array)).toExtend<Float32Array>()
  expectTypeOf(m.view(BigInt64Array, 8, 1)).toExtend<BigInt64Array>()
  expectTypeOf(m.view(DataView)).toExtend<DataView>()
  expectTypeOf(m.view(Float32Array)[0]).toEqualTypeOf<number | undefined>()
  expectTypeOf(m.view(Float32Array)).not.toExtend<Float64Array>()

  // @ts-expect-error not a class of arrays over memory
  m.view(Array)
  // @ts-expect-error a name is no class
  m.view('float32')
}

export function besides(): void {
  expectTypeOf(faultGuard()).toEqualTypeOf<boolean>()
  expectTypeOf(setFaultGuard).parameters.toEqualTypeOf<[on: boolean]>()
  expectTypeOf(MADV_NOSYNC).toEqualTypeOf<number>()
  expectTypeOf(constants['MADV_NOSYNC']).toEqualTypeOf<number | undefined>()
  // @ts-expect-error constants are constant
  constants['ACCESS_READ'] = 1
}
