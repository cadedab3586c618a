// What an editor knows about the installed package. The compiler checks this file; it is never run. A line after the
// directive `expect-error` must be an error, and the compiler complains if it is not.
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
  type MmapToken,
  type OpenOptions,
  type SearchRange,
  type SharedOptions,
  setFaultGuard,
  type Follower,
  type FollowOptions,
  type Line,
  type WaitOptions,
  type WaitResult,
} from 'fmmap'

declare const m: Mmap
declare const handle: FileHandle
declare const signal: AbortSignal

export function sharing(): void {
  expectTypeOf(m.share()).toEqualTypeOf<MmapToken>()
  expectTypeOf(Mmap.from(m.share())).toEqualTypeOf<Mmap>()
  class Log extends Mmap {
    readonly kind = 'log'
  }
  expectTypeOf(Log.from(m.share())).toEqualTypeOf<Log>()
  expectTypeOf(Log.shared('x')).toEqualTypeOf<Log>()
  expectTypeOf(Mmap.shared('x', 10, { create: 'exclusive', mode: 0o600 })).toEqualTypeOf<Mmap>()
  expectTypeOf(Mmap.unlink('x')).toEqualTypeOf<void>()
  expectTypeOf(m.sharedBuffer(0, 10)).toEqualTypeOf<SharedArrayBuffer>()
  expectTypeOf(m.wait(0, 1, 10)).toEqualTypeOf<WaitResult>()
  expectTypeOf(m.waitAsync(0, 1, { timeout: 10, signal })).toEqualTypeOf<Promise<WaitResult>>()
  expectTypeOf(m.notify(0)).toEqualTypeOf<number>()
  expectTypeOf<SharedOptions['create']>().toEqualTypeOf<boolean | 'exclusive' | undefined>()
  expectTypeOf<WaitOptions['timeout']>().toEqualTypeOf<number | undefined>()
  // @ts-expect-error a timeout of waitAsync is an option
  void m.waitAsync(0, 1, 10)
  // @ts-expect-error no other way to create
  void Mmap.shared('x', 10, { create: 'yes' })
  // @ts-expect-error a map is no token
  void Mmap.from(m)
}

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
  expectTypeOf(m.find('x', { start: 1, end: 2 })).toEqualTypeOf<number>()
  expectTypeOf(m.rfind('x', { end: 2 })).toEqualTypeOf<number>()
  m.flush({ flags: 4 })
  m.flush(0, { flags: 4 })
  expectTypeOf(m.flushAsync({ flags: 4 })).toEqualTypeOf<Promise<void>>()
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
  // @ts-expect-error the options are the bounds' names
  m.find('x', { from: 1 })
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

export async function following(): Promise<void> {
  const lines = Mmap.follow('x', { from: 3, poll: 10, reopen: false, partial: true })
  expectTypeOf(lines).toEqualTypeOf<Follower>()
  for await (const line of lines) expectTypeOf(line).toEqualTypeOf<Line>()
  for await (const batch of lines.batches()) expectTypeOf(batch).toEqualTypeOf<Line[]>()
  expectTypeOf<FollowOptions['signal']>().toEqualTypeOf<AbortSignal | undefined>()
  // @ts-expect-error neither the end nor the start
  Mmap.follow('x', { from: 'middle' })
}

export async function readingLater(): Promise<void> {
  expectTypeOf(m.path).toEqualTypeOf<string | undefined>()
  expectTypeOf(m.copyTo(new Uint16Array(3), 1, 2)).toEqualTypeOf<number>()
  expectTypeOf(m.sliceAsync(1, 2, { signal })).resolves.toExtend<Buffer>()
  expectTypeOf(m.arrayBufferAsync()).resolves.toEqualTypeOf<ArrayBuffer>()
  expectTypeOf(m.prefetchAsync(0, 1, { onProgress: () => {} })).resolves.toEqualTypeOf<void>()
  expectTypeOf(m.refresh()).toEqualTypeOf<'same' | 'grown' | 'truncated'>()
  await new Response(m.stream({ start: 1, chunkSize: 10 })).text()
  expectTypeOf(m.lock(1, 2)).toEqualTypeOf<void>()
  expectTypeOf(m.unlock()).toEqualTypeOf<void>()
  expectTypeOf(m.allocate(1, 2)).toEqualTypeOf<void>()
  expectTypeOf(
    Mmap.open('x', { create: 'exclusive', mode: 0o600, length: 1 }),
  ).toEqualTypeOf<Mmap>()
  // @ts-expect-error a string is no memory to write to
  m.copyTo('x')
  // @ts-expect-error a step other than 1 is slice's
  void m.sliceAsync(0, 1, 2)
}

export function besides(): void {
  expectTypeOf(faultGuard()).toEqualTypeOf<boolean>()
  expectTypeOf(setFaultGuard).parameters.toEqualTypeOf<[on: boolean]>()
  expectTypeOf(MADV_NOSYNC).toEqualTypeOf<number>()
  expectTypeOf(constants['MADV_NOSYNC']).toEqualTypeOf<number | undefined>()
  // @ts-expect-error constants are constant
  constants['ACCESS_READ'] = 1
}
