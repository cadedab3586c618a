//! A deterministic automaton whose states are computed when they are first needed.
//!
//! A state is the list of the instructions at which a program could be, in the order in which backtracking would try
//! them. So the first way to a match is the one that ECMAScript takes, and everything behind a match in the list is
//! dropped. [`Automaton`] never changes and is shared between threads; [`Cache`] holds the states that one search has
//! seen. In known states a search does one table lookup for each byte.
//!
//! Assertions look ahead, so whether a match ends at a place is known one symbol later. A state is said to *match* if
//! a match ended before the symbol that led to it.
//!
//! Programs can have exponentially many states. When the cache is full, it is emptied, except for the state that the
//! search is in. So a byte never costs more than running the program itself, which takes time proportional to its
//! size.

use super::program::{Instruction, Place, Program, Way};
use super::symbols::{Symbol, kind};
use crate::hash::Map;
use crate::order::sort_small;
use crate::pattern::bits::Exits;
use crate::pattern::filter::front::Bytes;
use crate::pattern::syntax::tree::Kind;
use std::sync::Arc;

/// A state of a [`Cache`]: the index of its transitions in the table. With [`TAG`] set, the search has to look at it.
pub(crate) type State = u32;

/// Marks states that need attention: those that match, that have no transitions, or that are not computed yet.
pub(crate) const TAG: State = 1 << 31;

/// A state that is not computed yet.
pub(crate) const UNKNOWN: State = State::MAX;

/// A state after which no match can follow.
pub(crate) const DEAD: State = State::MAX - 1;

/// Which matches an automaton looks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Prefer {
    /// The match that backtracking would find.
    First,
    /// All matches that end, or start, at the place of the search.
    All,
}

/// A program, and which matches are looked for.
#[derive(Clone, Debug)]
pub(crate) struct Automaton {
    pub(crate) program: Program,
    pub(crate) prefer: Prefer,
    /// Whether there are several patterns, so that it matters which one matched.
    pub(crate) is_list: bool,
    /// The most bytes that a cache may use.
    pub(crate) memory: usize,
}

/// What a state remembers besides its instructions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Head {
    /// Whether a match may still start at any later place.
    searches: bool,
    /// What stands before, if the program has assertions.
    before: Kind,
    /// The pattern of a match before the last symbol, if there is one.
    matched: Option<u32>,
    /// What stands on both sides, if the assertions here are decided and lookaheads are not.
    sides: Option<(Kind, Kind)>,
}

/// What a state is. It outlives the cache's being emptied.
pub(crate) type Key = Arc<(Head, Box<[Place]>)>;

/// The states that were needed so far.
#[derive(Debug, Default)]
pub(crate) struct Cache {
    table: Vec<State>,
    states: Vec<Key>,
    /// The bytes at which each state goes on to another one, as far as that was asked for.
    exits: Vec<Option<Exits>>,
    known: Map<Key, State>,
    /// The first states, by what stands before and by whether the search is anchored.
    starts: [[Option<State>; 2]; Kind::ALL.len()],
    /// The bytes that the states use.
    held: usize,
    /// A number that changes when the cache is emptied.
    pub(crate) generation: u64,
    /// The number of instructions that were looked at, in all states.
    pub(crate) work: usize,
    shift: u32,
    scratch: Scratch,
}

/// Memory for computing a state.
#[derive(Debug, Default)]
struct Scratch {
    seen: Seen,
    stack: Vec<Place>,
    resolved: Vec<Place>,
    list: Vec<Place>,
}

/// Which instructions were seen since the last [`Seen::clear`].
#[derive(Debug, Default)]
pub(crate) struct Seen {
    marks: Vec<u32>,
    now: u32,
}

impl Seen {
    pub(crate) fn clear(&mut self, len: usize) {
        self.now = self.now.wrapping_add(1);
        if self.marks.len() != len || self.now == 0 {
            self.marks.clear();
            self.marks.resize(len, 0);
            self.now = 1;
        }
    }

    /// Marks a place as seen. Returns whether it was not before.
    pub(crate) fn insert(&mut self, place: Place) -> bool {
        let mark = &mut self.marks[place as usize];
        let is_new = *mark != self.now;
        *mark = self.now;
        is_new
    }
}

impl Automaton {
    pub(crate) fn new(program: Program, prefer: Prefer) -> Self {
        // Many needles have many states, and a search may meet all of them.
        let memory = (4 << 20).max((program.instructions.len() * 400).min(64 << 20));
        let several = |instruction: &Instruction| matches!(instruction, Instruction::Match(1..));
        Self {
            is_list: program.instructions.iter().any(several),
            program,
            prefer,
            memory,
        }
    }

    pub(crate) fn cache(&self) -> Cache {
        Cache {
            table: Vec::new(),
            states: Vec::new(),
            exits: Vec::new(),
            known: Map::default(),
            starts: [[None; 2]; Kind::ALL.len()],
            held: 0,
            generation: 0,
            work: 0,
            shift: (self.program.classes.len() + 2 * usize::from(self.program.has_looks))
                .next_power_of_two()
                .trailing_zeros(),
            scratch: Scratch::default(),
        }
    }

    /// The state before the first symbol.
    pub(crate) fn start(&self, cache: &mut Cache, before: Kind, anchored: bool) -> State {
        let before = self.program.told(before);
        if let Some(state) = cache.starts[before as usize][usize::from(anchored)] {
            return state;
        }
        let Scratch {
            seen, stack, list, ..
        } = &mut cache.scratch;
        seen.clear(self.program.instructions.len());
        list.clear();
        self.follow(self.program.start, None, seen, stack, list);
        cache.work += list.len();
        let head = Head {
            searches: !anchored,
            before,
            matched: None,
            sides: None,
        };
        let state = self.state(cache, head, None);
        cache.starts[before as usize][usize::from(anchored)] = Some(state);
        state
    }

    /// The state behind a symbol. `state` has no tag.
    #[inline]
    pub(crate) fn next(&self, cache: &mut Cache, state: State, symbol: Symbol) -> State {
        let class = self.program.classes.of(symbol);
        let next = cache.table[state as usize + class];
        if next == UNKNOWN {
            return self.work_out(cache, state, class);
        }
        next
    }

    /// The same, when that state is not computed yet.
    #[cold]
    #[inline(never)]
    fn work_out(&self, cache: &mut Cache, state: State, class: usize) -> State {
        let key = Arc::clone(&cache.states[(state >> cache.shift) as usize]);
        let (head, places) = &*key;
        let program = &self.program;
        let symbol = program.classes.representatives()[class];
        let Scratch {
            seen,
            stack,
            resolved,
            list,
        } = &mut cache.scratch;
        let mut searches = head.searches;
        let mut matched = None;
        let places: &[Place] = if program.has_assertions && head.sides.is_none() {
            // Now both sides of the place are known.
            let sides = match program.way {
                Way::Forward => (head.before, kind(symbol)),
                Way::Backward => (kind(symbol), head.before),
            };
            seen.clear(program.instructions.len());
            resolved.clear();
            for &place in places {
                self.follow(place, Some(sides), seen, stack, resolved);
            }
            let decided = Head {
                matched: None,
                sides: Some(sides),
                ..*head
            };
            if self.open(&decided, resolved).is_some() {
                // The symbol is read once the lookaheads are decided.
                std::mem::swap(resolved, list);
                let generation = cache.generation;
                let next = self.state(cache, decided, Some(&key));
                cache.put((generation, state, &key), class, next);
                return next;
            }
            resolved
        } else {
            places
        };
        seen.clear(program.instructions.len());
        list.clear();
        for &place in places {
            match program.instructions[place as usize] {
                Instruction::Read { first, last } => {
                    for edge in program.edges(first, last) {
                        if edge.first <= symbol && symbol <= edge.last {
                            self.follow(edge.to, None, seen, stack, list);
                        }
                    }
                }
                Instruction::Match(pattern) if self.prefer == Prefer::First => {
                    // Instructions later in the order do not count any more.
                    matched = Some(pattern);
                    searches = false;
                    break;
                }
                Instruction::Match(pattern) => matched = Some(pattern),
                _ => {}
            }
        }
        if searches {
            self.follow(program.start, None, seen, stack, list);
        }
        cache.work += places.len() + list.len();
        let before = program.told(kind(symbol));
        let head = Head {
            searches,
            before,
            matched,
            sides: None,
        };
        let generation = cache.generation;
        let next = self.state(cache, head, Some(&key));
        cache.put((generation, state, &key), class, next);
        next
    }

    /// The bytes at which a state goes on to another one. `state` has no tag.
    pub(crate) fn exits(&self, cache: &mut Cache, state: State) -> Exits {
        let index = (state >> cache.shift) as usize;
        cache.exits[index].unwrap_or_else(|| {
            let exits = self.work_out_exits(cache, state);
            cache.exits[index] = Some(exits);
            exits
        })
    }

    #[cold]
    #[inline(never)]
    fn work_out_exits(&self, cache: &mut Cache, state: State) -> Exits {
        // The states that are computed for it must have room, since a cache that is emptied has others.
        let has_room = cache.held <= self.memory / 4;
        let mut exits = Bytes::NONE;
        for byte in 0..=u8::MAX {
            if !has_room || self.next(cache, state, byte.into()) & !TAG != state {
                exits = exits.or(&Bytes::range(byte, byte));
            }
        }
        Exits::new(&exits)
    }

    /// The lookahead that has to be decided before a state can read a symbol.
    pub(crate) fn look(&self, cache: &Cache, state: State) -> Option<u32> {
        let (head, places) = &**cache.key(state);
        self.open(head, places)
    }

    fn open(&self, head: &Head, places: &[Place]) -> Option<u32> {
        if !self.program.has_looks || self.program.has_assertions && head.sides.is_none() {
            return None;
        }
        for &place in places {
            match self.program.instructions[place as usize] {
                Instruction::Look(look, _) => return Some(look),
                // What comes behind does not count.
                Instruction::Match(_) if self.prefer == Prefer::First => return None,
                _ => {}
            }
        }
        None
    }

    /// The state at the same place when that lookahead is decided. `state` has no tag.
    pub(crate) fn decide(&self, cache: &mut Cache, state: State, look: u32, holds: bool) -> State {
        let column = self.program.classes.len() + usize::from(holds);
        let known = cache.table[state as usize + column];
        if known != UNKNOWN {
            return known;
        }
        let key = Arc::clone(cache.key(state));
        let (head, places) = &*key;
        let Scratch {
            seen, stack, list, ..
        } = &mut cache.scratch;
        seen.clear(self.program.instructions.len());
        list.clear();
        for &place in places {
            match self.program.instructions[place as usize] {
                Instruction::Look(other, next) if other == look => {
                    if holds {
                        self.follow(next, head.sides, seen, stack, list);
                    }
                }
                _ => self.follow(place, head.sides, seen, stack, list),
            }
        }
        cache.work += places.len() + list.len();
        let head = Head {
            matched: None,
            ..*head
        };
        let generation = cache.generation;
        let next = self.state(cache, head, Some(&key));
        cache.put((generation, state, &key), column, next);
        next
    }

    /// The state of a program that could be at any of its instructions.
    pub(crate) fn anywhere(&self, cache: &mut Cache, before: Kind) -> State {
        let list = &mut cache.scratch.list;
        list.clear();
        let all = (0..).zip(&self.program.instructions);
        list.extend(all.filter_map(|(place, instruction)| {
            let is_listed = matches!(
                instruction,
                Instruction::Read { .. } | Instruction::Match(_) | Instruction::Assert(..)
            );
            is_listed.then_some(place)
        }));
        cache.work += list.len();
        let before = self.program.told(before);
        let head = Head {
            searches: true,
            before,
            matched: None,
            sides: None,
        };
        self.state(cache, head, None) & !TAG
    }

    /// The index of a state that the cache has had before, without a tag.
    pub(crate) fn restore(&self, cache: &mut Cache, key: &Key) -> State {
        self.known(cache, key, None) & !TAG
    }

    /// Adds what can be reached from a place without reading a symbol, in order. Assertions are decided if both sides
    /// are known; otherwise they are added themselves.
    fn follow(
        &self,
        place: Place,
        sides: Option<(Kind, Kind)>,
        seen: &mut Seen,
        stack: &mut Vec<Place>,
        list: &mut Vec<Place>,
    ) {
        stack.push(place);
        while let Some(mut place) = stack.pop() {
            while seen.insert(place) {
                match self.program.instructions[place as usize] {
                    Instruction::Fork(first, second) => {
                        stack.push(second);
                        place = first;
                    }
                    Instruction::Save(_, next) | Instruction::Clear(_, _, next) => place = next,
                    Instruction::Assert(assert, next) => match sides {
                        Some((before, after)) if assert.holds(before, after) => place = next,
                        Some(_) => break,
                        None => {
                            list.push(place);
                            break;
                        }
                    },
                    Instruction::Read { .. } | Instruction::Match(_) | Instruction::Look(..) => {
                        list.push(place);
                        break;
                    }
                    Instruction::Fail => break,
                }
            }
        }
    }

    /// The state of the list in the scratch memory. If the cache is full, only `current` is kept in it.
    fn state(&self, cache: &mut Cache, head: Head, current: Option<&Key>) -> State {
        if self.prefer == Prefer::All {
            sort_small(&mut cache.scratch.list);
        }
        let list = &cache.scratch.list;
        if list.is_empty() && !head.searches && head.matched.is_none() {
            return DEAD;
        }
        let key: Key = Arc::new((head, list.as_slice().into()));
        self.known(cache, &key, current)
    }

    /// The index of a state, which is added if it is new.
    fn known(&self, cache: &mut Cache, key: &Key, current: Option<&Key>) -> State {
        if let Some(&state) = cache.known.get(key) {
            return state;
        }
        let size = (4 << cache.shift) + 4 * key.1.len() + 144;
        if cache.held + size > self.memory || cache.table.len() >= TAG as usize / 2 {
            cache.empty();
            if let Some(current) = current {
                cache.add(Arc::clone(current), size, self.needs_attention(current));
            }
        }
        cache.add(Arc::clone(key), size, self.needs_attention(key))
    }

    fn needs_attention(&self, key: &Key) -> bool {
        key.0.matched.is_some() || key.0.sides.is_some() || self.open(&key.0, &key.1).is_some()
    }

    /// The pattern of a state that matches.
    pub(crate) fn pattern(&self, cache: &Cache, state: State) -> u32 {
        if !self.is_list {
            return 0;
        }
        cache.states[((state & !TAG) >> cache.shift) as usize]
            .0
            .matched
            .unwrap_or(0)
    }
}

impl Cache {
    fn add(&mut self, key: Key, size: usize, is_tagged: bool) -> State {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "below the tag, as the caller sees to"
        )]
        let state = self.table.len() as State;
        self.table
            .resize(self.table.len() + (1 << self.shift), UNKNOWN);
        let tagged = if is_tagged { state | TAG } else { state };
        self.held += size;
        self.states.push(Arc::clone(&key));
        self.exits.push(None);
        self.known.insert(key, tagged);
        tagged
    }

    fn empty(&mut self) {
        self.table.clear();
        self.states.clear();
        self.exits.clear();
        self.known.clear();
        self.starts = [[None; 2]; Kind::ALL.len()];
        self.held = 0;
        self.generation += 1;
    }

    /// Notes where a state leads. If the cache was emptied meanwhile, the state has a new index.
    fn put(&mut self, from: (u64, State, &Key), column: usize, next: State) {
        let (generation, state, key) = from;
        let state = if self.generation == generation {
            state
        } else {
            self.known.get(key).copied().unwrap_or(DEAD) & !TAG
        };
        if let Some(slot) = self.table.get_mut(state as usize + column) {
            *slot = next;
        }
    }

    /// What a state is.
    pub(crate) fn key(&self, state: State) -> &Key {
        &self.states[((state & !TAG) >> self.shift) as usize]
    }

    /// Whether a state stands before a symbol that was looked at and not read.
    pub(crate) fn is_before(&self, state: State) -> bool {
        self.key(state).0.sides.is_some()
    }

    /// Whether there was a match before the last symbol.
    pub(crate) fn is_match(&self, state: State) -> bool {
        self.key(state).0.matched.is_some()
    }

    pub(crate) fn table(&self) -> &[State] {
        &self.table
    }
}
