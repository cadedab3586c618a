/**
 * The rooms of the project, and which of them may import which.
 *
 * A house is a folder. Its floors are listed from the top down; the rooms of one floor stand side by side. A room is
 * a file or a folder; `a+b` is a room of two files. A file may import from its own room and from lower floors, and
 * from nothing beside or above it. A folder whose files have such an order too is a house itself. `mod` and `lib` are
 * the files that are a folder's face in Rust.
 *
 * `docs/design.md` draws it.
 */
export const houses = [
  {
    root: 'lib',
    floors: [
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
      'addon intrinsics shown',
    ],
  },
  {
    root: 'lib/background',
    floors: [
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
    floors: [
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
    floors: ['follow', 'follower', 'folder', 'file', 'options splitter wake zeros'],
  },
  {
    root: 'crates/fmmap-core/src/os/unix',
    floors: [
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
    floors: [
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
    floors: [
      'lib',
      'search_task flush_task read_task pattern_task',
      'copy search pattern mapping views constants share wait',
      'pattern_answer',
      'raw',
      'environment',
      'table range',
      'hold external in_flight job patterns',
      'turns',
      'doubles error numbers',
    ],
  },
  {
    root: 'crates/fmmap-core/src',
    floors: [
      'lib',
      'mapping needle wait',
      'segment',
      'advice',
      'fault constants copy pattern',
      'options search background',
      'os cancel guarded turns share order',
      'error',
    ],
  },
  {
    root: 'crates/fmmap-core/src/fault',
    floors: ['mod', 'model watcher', 'signal', 'table none', 'index mark snapshot', 'reason'],
  },
  {
    root: 'crates/fmmap-core/src/search',
    floors: ['tests', 'testing', 'mod', 'finder', 'bulk', 'engine', 'kernels', 'lanes'],
  },
]
