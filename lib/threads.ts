import type * as Web from 'node:stream/web'
import type * as Threads from 'node:worker_threads'

/**
 * Modules of Node that load its streams. They are loaded when they are first used, because that takes longer than
 * loading this package. The bundle is CommonJS, so it has a `require`.
 */
export const threads = (): typeof Threads => require('node:worker_threads')
export const web = (): typeof Web => require('node:stream/web')
