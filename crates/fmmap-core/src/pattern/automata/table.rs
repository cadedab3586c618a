//! A pattern as a small table, for searches that look only at the few bytes at which something happens.
//!
//! In `"[^"]*"`, nothing happens between two quotes. The deterministic automaton of such a pattern has a few states, and
//! nearly all of them stay what they are for all bytes but a few, the *events*. All states are computed at once, and
//! for each state and each class of bytes the table says which state comes next, where the match has begun that is
//! under way, and whether one ends here.
//!
//! A backtracking search may have to give up what it hopes for and come back to a match that ended before. Patterns of
//! which that is true have no table: here a match is known when the byte behind it is read, or before.
//!
//! Where a character is more than one byte, most classes have either all such characters or none. They are one symbol
//! then, and U+2028 and U+2029, which end lines, are another one; bytes that are no characters are a third.

use super::program::{Instruction, Place, Program, Way};
use super::symbols::{Symbol, Whole};
use crate::pattern::Encoding;
use crate::pattern::filter::front::Bytes;
use crate::pattern::syntax::Node;
use crate::pattern::syntax::set::{LAST, Set};
use crate::pattern::syntax::tree::{Assert, Kind, Repeat};
use std::hint::select_unpredictable;

/// How many states a table may have, and how many columns.
const STATES: usize = 32;
const COLUMNS: usize = 32;

/// The number of its entries.
const ENTRIES: usize = STATES * COLUMNS;

/// How many states may be computed before those that do the same are made one.
const MOST: usize = 96;

/// The longest program that is tried.
const LONGEST: usize = 400;

/// In a program: any character beyond ASCII but the next two, those that end lines, and what is no character.
const CHARACTER: u8 = 0x80;
const TERMINATOR: u8 = 0x81;
const INVALID: u8 = 0x82;

/// For how many bytes of ASCII a state has to stay what it is, so that the others are events.
const CALM: usize = 64;

/// Places at which a match may have begun: that of the first or the second register, this one, or no register.
const REGISTERS: u8 = 2;
const HERE: u8 = 2;
const FRESH: u8 = 3;

/// What an event does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Entry(u32);

impl Entry {
    /// The bits that say where the row of the next state begins.
    #[expect(clippy::cast_possible_truncation, reason = "below 1024")]
    const NEXT: u32 = (ENTRIES - COLUMNS) as u32;

    fn new(next: usize, effect: Effect, is_restless: bool) -> Self {
        let [first, second] = effect.starts.map(u32::from);
        let (start, end) = effect.ends.unwrap_or((0, 0));
        let next = u32::try_from(next * COLUMNS).unwrap_or(0) & Self::NEXT;
        Self(
            next | first << 16
                | second << 18
                | u32::from(start) << 20
                | u32::from(effect.ends.is_some()) << 22
                | u32::from(end) << 23
                | u32::from(is_restless) << 24,
        )
    }

    /// Whether a match ends: 1 or 0.
    #[inline]
    pub(crate) fn ends(self) -> usize {
        (self.0 >> 22 & 1) as usize
    }

    /// Where it has begun, of matches that are under way, or here. With `ONE` there is at most one.
    #[inline]
    pub(crate) fn start<const ONE: bool>(self, starts: [usize; 2], here: usize) -> usize {
        Self::one_of::<ONE>(self.0 >> 20, starts, here)
    }

    /// Where it ends.
    #[inline]
    pub(crate) fn end(self, here: usize) -> usize {
        here + (self.0 >> 23 & 1) as usize
    }

    /// Where the matches begin that are under way behind it.
    #[inline]
    pub(crate) fn starts<const ONE: bool>(self, starts: [usize; 2], here: usize) -> [usize; 2] {
        let first = Self::one_of::<ONE>(self.0 >> 16, starts, here);
        if ONE {
            return [first; 2];
        }
        [first, Self::one_of::<false>(self.0 >> 18, starts, here)]
    }

    #[inline]
    fn one_of<const ONE: bool>(which: u32, [first, second]: [usize; 2], here: usize) -> usize {
        // No branch, since none could be foreseen.
        let known = if ONE {
            first
        } else {
            select_unpredictable(which & 1 == 0, first, second)
        };
        select_unpredictable(which & 2 == 0, known, here)
    }

    /// Whether the next byte is an event, whatever it is.
    #[inline]
    pub(crate) fn is_restless(self) -> bool {
        self.0 >> 24 & 1 == 1
    }
}

/// How text beyond ASCII is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Beyond {
    /// Byte by byte.
    Bytes,
    /// As characters; those that end lines are told apart if true.
    Characters(bool),
    /// Only an automaton that knows all characters can read it.
    Nothing,
}

/// A table of which each match is two events of the same kind, with no other event between them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pair {
    /// The bytes of a pair, and those that let none go on.
    pub(crate) of: Bytes,
    pub(crate) not: Bytes,
    /// What leads to the states between pairs, and inside of one.
    pub(crate) idle: Entry,
    pub(crate) open: Entry,
}

#[derive(Clone, Debug)]
pub(crate) struct Table {
    entries: Box<[Entry; ENTRIES]>,
    /// The column of each byte.
    pub(crate) columns: [u8; 256],
    /// The columns of what is no byte.
    terminator: u8,
    invalid: u8,
    edge: u8,
    /// The first state, by what stands before.
    starts: [Entry; Kind::ALL.len()],
    /// Whether a match is under way in a state.
    is_under_way: [bool; STATES],
    /// Whether one match at most is under way in each state.
    pub(crate) is_one: bool,
    /// The column of all events, if they do the same and each other byte does nothing.
    pub(crate) only: Option<u8>,
    /// The bytes that are events.
    pub(crate) events: Bytes,
    pub(crate) beyond: Beyond,
    /// The characters that assertions look at.
    pub(crate) whole: Whole,
}

impl Table {
    /// `None` if the pattern has no table, or is not worth one. `program` is the usual one.
    pub(crate) fn new(node: &Node, encoding: Encoding, program: &Program) -> Option<Self> {
        if node.is_nullable() || program.instructions.len() > LONGEST {
            return None;
        }
        let (mut abstracted, mut is_ascii) = (None, false);
        if encoding == Encoding::Utf8 {
            abstracted = Some(abstract_of(node, &mut is_ascii)?);
        }
        let (node, whole) = (abstracted.as_ref().unwrap_or(node), program.whole);
        let program = Program::new(&[node], Encoding::Latin1, Way::Forward, false).ok()?;
        States::of(&program, encoding, is_ascii)?.table(whole)
    }

    /// The state at which a search begins behind something.
    pub(crate) fn start(&self, before: Kind) -> Entry {
        self.starts[before as usize]
    }

    /// What a byte does.
    #[inline]
    pub(crate) fn at(&self, before: Entry, byte: u8) -> Entry {
        self.entry(before, self.columns[usize::from(byte)])
    }

    #[inline]
    fn entry(&self, before: Entry, column: u8) -> Entry {
        let place = (before.0 & Entry::NEXT) as usize | (usize::from(column) & (COLUMNS - 1));
        self.entries[place]
    }

    pub(crate) fn at_terminator(&self, before: Entry) -> Entry {
        self.entry(before, self.terminator)
    }

    pub(crate) fn at_invalid(&self, before: Entry) -> Entry {
        self.entry(before, self.invalid)
    }

    /// What the haystack's end does.
    pub(crate) fn at_edge(&self, before: Entry) -> Entry {
        self.entry(before, self.edge)
    }

    /// Whether a match is under way behind an event.
    pub(crate) fn is_under_way(&self, entry: Entry) -> bool {
        self.is_under_way[(entry.0 & Entry::NEXT) as usize / COLUMNS]
    }

    /// How many events a text has, and how many matches end in it.
    pub(crate) fn events_in(&self, text: &[u8]) -> (usize, usize) {
        let is_event: [bool; 256] =
            std::array::from_fn(|byte| self.events.has(u8::try_from(byte).unwrap_or(0)));
        let (mut state, mut count, mut ends) = (self.start(Kind::Other), 0, 0);
        for &byte in text {
            if is_event[usize::from(byte)] || state.is_restless() {
                state = self.at(state, byte);
                count += 1;
                ends += state.ends();
            }
        }
        (count, ends)
    }

    /// Whether its matches are pairs, as those of `,[^,\n]*,`.
    pub(crate) fn pair(&self) -> Option<Pair> {
        let next = |entry: Entry| entry.0 & Entry::NEXT;
        let idle = self.starts[0];
        let (mut of, mut not, mut open) = (Bytes::NONE, Bytes::NONE, idle);
        let events = (0..=u8::MAX).filter(|byte| self.events.has(*byte));
        for byte in events {
            let (entry, one) = (self.at(idle, byte), Bytes::range(byte, byte));
            if next(entry) == next(idle) {
                not = not.or(&one);
            } else {
                of = of.or(&one);
                open = entry;
            }
        }
        let leads = |from: Entry, byte: u8, to: Entry, ends: usize| {
            let entry = self.at(from, byte);
            next(entry) == next(to) && entry.ends() == ends
        };
        let is_pair = (0..=u8::MAX).all(|byte| {
            let (is_of, is_not) = (of.has(byte), not.has(byte));
            (!is_of || (leads(idle, byte, open, 0) && leads(open, byte, idle, 1)))
                && (!is_not || (leads(idle, byte, idle, 0) && leads(open, byte, idle, 0)))
        });
        let is_known = |entry: Entry| next(entry) == next(idle) || next(entry) == next(open);
        let others = |state: Entry| [self.at_terminator(state), self.at_invalid(state)];
        let is_closed = self.starts.iter().all(|start| next(*start) == next(idle))
            && [idle, open].into_iter().flat_map(others).all(is_known)
            && !idle.is_restless()
            && !open.is_restless();
        (is_pair && is_closed && not.len() > 0 && of.len() > 0).then_some(Pair {
            of,
            not,
            idle,
            open,
        })
    }

    /// After how many events of one column a state comes again, and how many matches have ended by then.
    pub(crate) fn cycle(&self, state: Entry, column: u8) -> Option<(usize, usize)> {
        let (mut now, mut ends) = (state, 0);
        for length in 1..=STATES {
            now = self.entry(now, column);
            ends += now.ends();
            if now.0 & Entry::NEXT == state.0 & Entry::NEXT {
                return Some((length, ends));
            }
        }
        None
    }
}

/// A pattern in which all that is beyond ASCII are three bytes. `is_ascii` is set if that is not possible for all
/// characters; then it is right for ASCII.
fn abstract_of(node: &Node, is_ascii: &mut bool) -> Option<Node> {
    let mut all = |nodes: &[Node]| -> Option<Vec<Node>> {
        nodes
            .iter()
            .map(|node| abstract_of(node, is_ascii))
            .collect()
    };
    Some(match node {
        Node::Concat(nodes) => Node::Concat(all(nodes)?),
        Node::Either(nodes) => Node::Either(all(nodes)?),
        Node::Group(_, node) => abstract_of(node, is_ascii)?,
        Node::Repeat(repeat) => Node::Repeat(Box::new(Repeat {
            node: abstract_of(&repeat.node, is_ascii)?,
            groups: 0..0,
            ..(**repeat).clone()
        })),
        Node::Bytes(bytes) if !bytes.is_ascii() => {
            *is_ascii = true;
            Node::Fail
        }
        Node::Set(set) => {
            let terminators = Set::of(&[(0x2028, 0x2029)]);
            let surrogates = Set::of(&[(0xD800, 0xDFFF)]);
            let others = Set::of(&[(0x80, LAST)])
                .minus(&terminators)
                .minus(&surrogates);
            let mut symbols = set.and(&Set::of(&[(0, 0x7F)])).ranges().to_vec();
            for (characters, symbol) in [(others, CHARACTER), (terminators, TERMINATOR)] {
                let has = set.and(&characters);
                if has == characters {
                    symbols.push((symbol.into(), symbol.into()));
                } else if !has.is_empty() {
                    *is_ascii = true;
                }
            }
            Node::Set(Set::of(&symbols))
        }
        Node::Assert(Assert::Word { folded } | Assert::NotWord { folded }) => {
            *is_ascii |= folded;
            node.clone()
        }
        Node::Assert(Assert::After(_)) | Node::Not(_) => return None,
        Node::Empty | Node::Fail | Node::Bytes(_) | Node::Assert(_) => node.clone(),
    })
}

/// A way on from a state, without the state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Effect {
    /// Where the two matches begin that are under way.
    starts: [u8; REGISTERS as usize],
    /// Where a match has begun that ends, and by how many bytes it ends behind this place.
    ends: Option<(u8, u8)>,
}

impl Effect {
    const NONE: Self = Self {
        starts: [0, 1],
        ends: None,
    };
}

/// A state: the places of the program in the order in which backtracking would try them, each with the register of
/// where its match has begun.
#[derive(Clone, Debug, PartialEq, Eq)]
struct State {
    places: Vec<(Place, u8)>,
    before: Kind,
    /// Whether a match has ended before the last symbol, and what is tried before it still goes on.
    held: bool,
}

struct States<'p> {
    program: &'p Program,
    encoding: Encoding,
    is_ascii: bool,
    /// One symbol for each column: the bytes' classes, a character, a terminator, what is no character.
    symbols: Vec<Symbol>,
    all: Vec<State>,
    /// For each state and each symbol the next state and how; the last one is for the end.
    ways: Vec<Vec<(usize, Effect)>>,
}

impl<'p> States<'p> {
    fn of(program: &'p Program, encoding: Encoding, is_ascii: bool) -> Option<Self> {
        let last = match encoding {
            Encoding::Latin1 => u8::MAX,
            Encoding::Utf8 => 0x7F,
        };
        let mut symbols: Vec<Symbol> = Vec::new();
        for byte in 0..=last {
            let class = program.classes.of(byte.into());
            if !symbols
                .iter()
                .any(|&known| program.classes.of(known) == class)
            {
                symbols.push(byte.into());
            }
        }
        symbols.extend([CHARACTER, TERMINATOR, INVALID].map(Symbol::from));
        // Others are the end, and the bytes inside of a character.
        if symbols.len() + 2 > COLUMNS {
            return None;
        }
        let mut states = Self {
            program,
            encoding,
            is_ascii,
            symbols,
            all: Vec::new(),
            ways: Vec::new(),
        };
        for kind in Kind::ALL {
            let fresh = states.fresh(kind);
            states.number(fresh);
        }
        while states.ways.len() < states.all.len() {
            if states.all.len() > MOST {
                return None;
            }
            let ways = states.ways_of(&states.all[states.ways.len()].clone())?;
            states.ways.push(ways);
        }
        Some(states)
    }

    fn number(&mut self, state: State) -> usize {
        let known = self.all.iter().position(|known| *known == state);
        known.unwrap_or_else(|| {
            self.all.push(state);
            self.all.len() - 1
        })
    }

    fn ways_of(&mut self, state: &State) -> Option<Vec<(usize, Effect)>> {
        let mut ways = Vec::with_capacity(self.symbols.len() + 1);
        for column in 0..self.symbols.len() {
            let (next, effect) = self.next(state, self.symbols[column])?;
            ways.push((self.number(next), effect));
        }
        let places = self.resolved(state, Kind::Edge);
        let is_match = |place: Place| self.instruction(place).is_none();
        let ends = places.iter().find(|place| is_match(place.0));
        if state.held && ends.is_none() {
            return None;
        }
        let ends = ends.map(|&(_, register)| (register, 0));
        ways.push((
            0,
            Effect {
                ends,
                ..Effect::NONE
            },
        ));
        Some(ways)
    }

    /// The state before the first symbol of a match.
    fn fresh(&self, before: Kind) -> State {
        let (mut seen, mut places) = (self.unseen(), Vec::new());
        self.follow(self.program.start, None, FRESH, &mut seen, &mut places);
        let has_assertions = self.program.has_assertions;
        State {
            places,
            before: if has_assertions { before } else { Kind::Other },
            held: false,
        }
    }

    fn unseen(&self) -> Vec<bool> {
        vec![false; self.program.instructions.len()]
    }

    /// The instruction that reads or asks; `None` for a match.
    fn instruction(&self, place: Place) -> Option<Instruction> {
        let instruction = self.program.instructions[place as usize];
        (!matches!(instruction, Instruction::Match(_))).then_some(instruction)
    }

    fn kind(&self, symbol: Symbol) -> Kind {
        match u8::try_from(symbol) {
            Ok(TERMINATOR) if self.encoding == Encoding::Utf8 => Kind::Line,
            Ok(byte) => Kind::of_byte(byte),
            Err(_) => Kind::Other,
        }
    }

    /// The places of a state when it is known what stands behind it.
    fn resolved(&self, state: &State, after: Kind) -> Vec<(Place, u8)> {
        if !self.program.has_assertions {
            return state.places.clone();
        }
        let (mut seen, mut places) = (self.unseen(), Vec::new());
        let sides = Some((state.before, after));
        for &(place, register) in &state.places {
            self.follow(place, sides, register, &mut seen, &mut places);
        }
        places
    }

    /// The state behind a symbol. `None` if it would have to go back to a match that ended before, or if too many
    /// matches are under way.
    fn next(&self, state: &State, symbol: Symbol) -> Option<(State, Effect)> {
        let after = self.kind(symbol);
        let (mut seen, mut places) = (self.unseen(), Vec::new());
        let mut matched = None;
        for (place, register) in self.resolved(state, after) {
            match self.instruction(place) {
                None => {
                    matched = Some(register);
                    break;
                }
                Some(Instruction::Read { first, last }) => {
                    let register = if register == FRESH { HERE } else { register };
                    for edge in self.program.edges(first, last) {
                        if (edge.first..=edge.last).contains(&symbol) {
                            self.follow(edge.to, None, register, &mut seen, &mut places);
                        }
                    }
                }
                Some(_) => {}
            }
        }
        if (state.held && matched.is_none()) || matched == Some(FRESH) {
            return None;
        }
        if let Some(register) = matched.filter(|_| places.is_empty()) {
            // The match ends before this symbol, which is the first one of the next search.
            let (next, effect) = self.next(&self.fresh(state.before), symbol)?;
            let ends = Some((register, 0));
            return effect
                .ends
                .is_none()
                .then_some((next, Effect { ends, ..effect }));
        }
        if matched.is_none() {
            self.follow(self.program.start, None, FRESH, &mut seen, &mut places);
        }
        let first = places
            .iter()
            .position(|place| self.instruction(place.0).is_none());
        if let Some(first) = first {
            places.truncate(first + 1);
        }
        if first == Some(0) {
            let (_, register) = places[0];
            let ends = Some((register, 1));
            return (register != FRESH).then_some((
                self.fresh(after),
                Effect {
                    ends,
                    ..Effect::NONE
                },
            ));
        }
        let mut effect = Effect::NONE;
        let mut used = Vec::new();
        for (_, register) in &mut places {
            if *register == FRESH {
                continue;
            }
            let known = used.iter().position(|used| used == register);
            let known = known.unwrap_or_else(|| {
                used.push(*register);
                used.len() - 1
            });
            *register = u8::try_from(known).ok()?;
        }
        if used.len() > usize::from(REGISTERS) {
            return None;
        }
        effect.starts[..used.len()].copy_from_slice(&used);
        let before = if self.program.has_assertions {
            after
        } else {
            Kind::Other
        };
        let held = matched.is_some();
        let next = State {
            places,
            before,
            held,
        };
        Some((next, effect))
    }

    /// Adds what can be reached from a place without reading a symbol, in order. Assertions are decided if both sides are
    /// known; otherwise they are added themselves.
    fn follow(
        &self,
        place: Place,
        sides: Option<(Kind, Kind)>,
        register: u8,
        seen: &mut [bool],
        places: &mut Vec<(Place, u8)>,
    ) {
        if std::mem::replace(&mut seen[place as usize], true) {
            return;
        }
        match self.program.instructions[place as usize] {
            Instruction::Fork(first, second) => {
                self.follow(first, sides, register, seen, places);
                self.follow(second, sides, register, seen, places);
            }
            Instruction::Save(_, next) | Instruction::Clear(_, _, next) => {
                self.follow(next, sides, register, seen, places);
            }
            Instruction::Assert(assert, next) => match sides {
                Some((before, after)) if assert.holds(before, after) => {
                    self.follow(next, sides, register, seen, places);
                }
                Some(_) => {}
                None => places.push((place, register)),
            },
            Instruction::Read { .. } | Instruction::Match(_) => places.push((place, register)),
            Instruction::Look(..) | Instruction::Fail => {}
        }
    }

    /// The number of each state, such that those have the same one that do the same.
    fn blocks(&self) -> Vec<usize> {
        let mut blocks = vec![0; self.all.len()];
        loop {
            let mut kinds: Vec<(usize, Vec<(usize, Effect)>)> = Vec::new();
            let next: Vec<usize> = self
                .ways
                .iter()
                .zip(&blocks)
                .map(|(ways, &block)| {
                    let ways = ways
                        .iter()
                        .map(|&(to, effect)| (blocks[to], effect))
                        .collect();
                    let kind = (block, ways);
                    let known = kinds.iter().position(|known| *known == kind);
                    known.unwrap_or_else(|| {
                        kinds.push(kind);
                        kinds.len() - 1
                    })
                })
                .collect();
            if next == blocks {
                return blocks;
            }
            blocks = next;
        }
    }

    fn table(mut self, whole: Whole) -> Option<Table> {
        let blocks = self.blocks();
        let count = 1 + blocks.iter().max()?;
        if count > STATES {
            return None;
        }
        let mut ways = vec![Vec::new(); count];
        let mut is_under_way = [false; STATES];
        for (state, &block) in blocks.iter().enumerate() {
            let own = self.ways[state].iter();
            ways[block] = own.map(|&(to, effect)| (blocks[to], effect)).collect();
            let places = &self.all[state].places;
            is_under_way[block] |= places.iter().any(|place| place.1 != FRESH);
        }
        let others = self.symbols.len() - 3;
        let [character, terminator, invalid, edge, inside] =
            [others, others + 1, others + 2, others + 3, others + 4];
        let same = |a: usize, b: usize| ways.iter().all(|ways| ways[a] == ways[b]);
        // Behind a character of several bytes a match does not end at the next byte.
        let ends_behind = |ways: &[(usize, Effect)]| {
            let ends = |column: usize| ways[column].1.ends.is_some_and(|ends| ends.1 == 1);
            ends(character) || ends(terminator)
        };
        let is_utf8 = self.encoding == Encoding::Utf8;
        self.is_ascii |= is_utf8 && ways.iter().any(|ways| ends_behind(ways));
        let beyond = if self.is_ascii {
            Beyond::Nothing
        } else if !is_utf8 || (same(character, invalid) && same(terminator, invalid)) {
            Beyond::Bytes
        } else {
            Beyond::Characters(!same(character, terminator))
        };
        let column = |column: usize| u8::try_from(column).unwrap_or(0);
        let columns: [u8; 256] = std::array::from_fn(|byte| {
            let byte = u8::try_from(byte).unwrap_or(0);
            match byte {
                0x80.. if is_utf8 && beyond == Beyond::Bytes => column(invalid),
                0x80..=0xBF if is_utf8 => column(inside),
                0x80.. if is_utf8 => column(character),
                _ => {
                    let class = self.program.classes.of(byte.into());
                    let symbols = &self.symbols[..others];
                    let known = symbols
                        .iter()
                        .position(|&known| self.program.classes.of(known) == class);
                    column(known.unwrap_or(0))
                }
            }
        });
        // A state stays what it is for these bytes.
        let stays = |block: usize, byte: u8| {
            let column = usize::from(columns[usize::from(byte)]);
            column == inside || ways[block][column] == (block, Effect::NONE)
        };
        let is_calm = |block: usize| (0..0x80).filter(|&byte| stays(block, byte)).count() >= CALM;
        let calm: Vec<usize> = (0..count).filter(|&block| is_calm(block)).collect();
        let is_event = |byte: u8| calm.iter().any(|&block| !stays(block, byte));
        let events = (0..=u8::MAX)
            .filter(|&byte| is_event(byte) && !(byte >= 0x80 && beyond == Beyond::Nothing))
            .fold(Bytes::NONE, |all, byte| all.or(&Bytes::range(byte, byte)));
        if calm.is_empty() || events.len() == 0 {
            return None;
        }
        let mut only: Vec<u8> = Vec::new();
        events.each(|byte| only.push(columns[usize::from(byte)]));
        only.dedup();
        let only = match *only {
            [one] if calm.len() == count && events.masked().is_some() => Some(one),
            _ => None,
        };
        let entry = |block: usize, effect| Entry::new(block, effect, !calm.contains(&block));
        let mut entries = Box::new([Entry::default(); ENTRIES]);
        for (block, ways) in ways.iter().enumerate() {
            let row = &mut entries[block * COLUMNS..][..COLUMNS];
            for (into, &(to, effect)) in row.iter_mut().zip(ways) {
                *into = entry(to, effect);
            }
            row[inside] = entry(block, Effect::NONE);
        }
        let starts = Kind::ALL.map(|kind| {
            let fresh = self.fresh(kind);
            let block = blocks[self.number(fresh)];
            entry(block, Effect::NONE)
        });
        let is_one = |effect: &Effect| {
            effect.starts[0] != 1
                && effect.starts[1] == 1
                && effect.ends.is_none_or(|ends| ends.0 != 1)
        };
        Some(Table {
            is_one: ways.iter().flatten().all(|(_, effect)| is_one(effect)),
            entries,
            columns,
            terminator: column(terminator),
            invalid: column(invalid),
            edge: column(edge),
            starts,
            is_under_way,
            only,
            events,
            beyond,
            whole,
        })
    }
}
