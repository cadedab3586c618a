export { Mmap } from './lib/mmap.js'
export type { Bytes } from './lib/arguments.js'
export type { ErrorCode, MmapError, MmapFaultError, MmapPatternError } from './lib/errors.js'
export type { FaultReason } from './lib/native.js'
export type { Fileno, MmapOptions, OpenOptions } from './lib/options.js'
export type { Follower } from './lib/follow/follower.js'
export type { FollowOptions } from './lib/follow/options.js'
export type { Line } from './lib/line.js'
export type { LinesOptions } from './lib/lines.js'
export type {
  CountLinesOptions,
  GrepOptions,
  MatchAllOptions,
  MatchOptions,
} from './lib/matching.js'
export type { BlocksOptions, Lines } from './lib/pattern/blocks.js'
export type { AsyncLines } from './lib/background/blocks.js'
export type { Match } from './lib/pattern/match.js'
export { Pattern } from './lib/pattern/pattern.js'
export type { Needle, PatternOptions } from './lib/pattern/pattern.js'
export type {
  AsyncCountLinesOptions,
  AsyncGrepOptions,
  AsyncMatchAllOptions,
  AsyncMatchOptions,
} from './lib/background/matching.js'
export type { AsyncFlushOptions } from './lib/background/flush.js'
export type { FlushOptions } from './lib/pages.js'
export type { AsyncReadOptions, PrefetchOptions } from './lib/background/read.js'
export type { StreamOptions } from './lib/stream.js'
export type { DetachOptions, Refreshed } from './lib/resize.js'
export type { AsyncFindAllOptions, AsyncSearchOptions } from './lib/background/search.js'
export type { FindAllOptions, SearchRange } from './lib/search.js'
export type { SharedOptions } from './lib/named.js'
export type { MmapToken } from './lib/share.js'
export type { WaitOptions } from './lib/background/wait.js'
export type { WaitResult } from './lib/wait.js'
export type { ViewConstructor } from './lib/views.js'
export { faultGuard, setFaultGuard } from './lib/guard.js'
export * from './lib/constants.js'
