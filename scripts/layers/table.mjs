/**
 * The modules of the project, and which of them may import which.
 *
 * A stack is a folder whose modules stand in layers, listed from the top down. A module is a file or a folder; `a+b` is
 * one module of two files. A file may import from its own module and from lower layers, and from nothing beside or
 * above it. A folder within a stack can be a stack itself. `mod` and `lib` are Rust's files for a folder as a whole.
 *
 * `docs/design.md` draws it.
 */
export const stacks = [
  {
    root: 'lib',
    layers: [
      'mmap',
      'follow stream',
      'background options',
      'matching',
      'search lines position resize pages ticket share named wait',
      'needle slices views inspect guard',
      'pattern',
      'arguments line',
      'slab',
      'region',
      'errors constants epoch',
      'native iterators permission threads timers bounds',
      'addon intrinsics runtime shown',
    ],
  },
  {
    root: 'lib/background',
    layers: [
      'matching',
      'search flush read wait',
      'blocks',
      'matches records',
      'patterns steps',
      'chunks',
      'options pending turns',
      'signal',
    ],
  },
  {
    root: 'lib/pattern',
    layers: [
      'blocks',
      'batches',
      'kinds text',
      'match',
      'answer',
      'passed',
      'pattern+prepared',
      'given properties',
    ],
  },
  {
    root: 'lib/follow',
    layers: ['follow', 'follower', 'folder', 'file', 'options splitter wake zeros'],
  },
  {
    root: 'crates/fmmap-core/src/os/unix',
    layers: [
      'mod',
      'named',
      'create refusal cache lock',
      'memory',
      'file',
      'errno large limits scheduler symbol word',
    ],
  },
  {
    root: 'crates/fmmap-core/src/os/windows',
    layers: [
      'mod',
      'named',
      'create refusal cache lock',
      'memory',
      'file',
      'errno limits scheduler symbol word',
    ],
  },
  {
    root: 'crates/fmmap-node/src',
    layers: [
      'lib',
      'search_task flush_task read_task pattern_task',
      'copy search pattern mapping views constants share wait',
      'pattern_answer',
      'raw',
      'environment',
      'table range task',
      'hold external in_flight job patterns',
      'turns',
      'doubles error numbers',
    ],
  },
  {
    root: 'crates/fmmap-core/src',
    layers: [
      'lib',
      'mapping needle wait',
      'segment',
      'advice',
      'fault constants copy pattern',
      'options search background',
      'os cancel guarded turns share order',
      'error hash',
    ],
  },
  {
    root: 'crates/fmmap-core/src/fault',
    layers: ['mod', 'model watcher', 'signal', 'table none', 'index mark snapshot', 'reason'],
  },
  {
    root: 'crates/fmmap-core/src/search',
    layers: ['tests', 'testing', 'mod', 'finder', 'bulk', 'engine', 'kernels', 'lanes'],
  },
]
