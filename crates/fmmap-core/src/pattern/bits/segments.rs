//! A pattern as runs of characters, one after the other.
//!
//! In `\d{4}-\d\d`, `"[^"]*"`, `user=\w+` and `(?:\d{1,3}\.){3}\d{1,3}`, each part is some literal
//! bytes, or as many characters of a class as there are. No character that a part of variable
//! length can read may begin what follows it. So from each place there is one way through such a
//! pattern, greedy or lazy, and a part ends where its class ends.

use super::chain::Chain;
use super::exact::Exact;
use super::near::Near;
use super::rows::{Term, is_ascii};
use super::runs::{Needed, Runs};
use super::terms::Terms;
use super::units::{Sequence, Unit, What, joined, sequences};
use crate::pattern::Encoding;
use crate::pattern::filter::front::Bytes;
use crate::pattern::syntax::Node;
use crate::pattern::syntax::set::{LAST, Set, terminator, word};
use crate::pattern::syntax::tree::Assert;

/// The most classes that have a row of bits each.
const CLASSES: usize = 6;

/// Places from the start of which it is told what stands there.
pub(super) const DEEP: usize = 16;

/// One part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Segment {
    /// These bytes: the first `len` of a word. Only the bits of `mask` matter, so that a letter can stand in either
    /// case.
    Literal { len: usize, value: u64, mask: u64 },
    /// Characters of a class.
    Run {
        class: usize,
        min: usize,
        max: usize,
        /// Whether the class also has characters of more than one byte.
        has_more: bool,
    },
}

impl Segment {
    /// Whether it has no limit.
    pub(super) fn is_endless(&self) -> bool {
        matches!(self, Self::Run { max, .. } if *max == usize::MAX)
    }
}

/// What an assertion demands of the byte beside the match.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Beside {
    Anything,
    /// A line terminator, or no byte at all.
    Terminator,
    /// A word character if true, otherwise anything else.
    Word(bool),
}

/// One of the ways through a pattern.
#[derive(Clone, Debug)]
pub(super) struct Alternative {
    pub(super) parts: Vec<Segment>,
    pub(super) before: Beside,
    pub(super) after: Beside,
}

/// The run of a class that every match begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Lead {
    pub(super) class: usize,
    pub(super) min: usize,
}

#[derive(Clone, Debug)]
pub(crate) struct Segments {
    /// The first that matches is meant.
    pub(super) alternatives: Vec<Alternative>,
    pub(super) classes: Vec<Bytes>,
    /// Which classes each byte belongs to: a bit for each.
    pub(super) of: [u8; 256],
    /// The run that every match begins with, if it has no limit and no more than ASCII. It ends where something else
    /// begins, so that a match is looked for there.
    pub(super) lead: Option<Lead>,
    /// Which bytes can stand at each place from the start, or from the end of the lead, as far as every match reaches,
    /// if all text is ASCII.
    pub(super) front: Vec<Bytes>,
    /// How many places of the front are right for any text.
    pub(super) sure: usize,
    /// What all of them ask for.
    pub(super) before: Beside,
    /// A match that starts behind one of these could start there as well.
    pub(super) absorbed: Option<Bytes>,
    pub(super) is_utf8: bool,
    /// The tests for a haystack of which no sample was taken.
    pub(super) terms: Terms,
    /// How all matches of a stretch are found at once, if their parts stand at fixed places.
    pub(super) exact: Option<Exact>,
    /// How all matches of a stretch are counted at once, if they have a run between such parts.
    pub(super) chain: Option<Chain>,
    /// How the beginning of a haystack is searched.
    pub(crate) near: Option<Near>,
    /// The same for a pattern that is one run.
    pub(crate) runs: Option<Runs>,
    /// What every match has, if its beginning is searched in neither way.
    pub(crate) needed: Option<Needed>,
}

impl Segments {
    /// Whether matches are looked for where the run ends that they begin with.
    pub(crate) fn has_lead(&self) -> bool {
        self.lead.is_some()
    }
}

impl Segments {
    /// `None` if the pattern is not of this kind.
    pub(crate) fn new(node: &Node, encoding: Encoding) -> Option<Self> {
        let ways = sequences(node, encoding)?;
        let mut all: Option<Self> = None;
        let is_one = ways.len() == 1;
        for way in ways {
            let one = Self::of(way, encoding, is_one)?;
            all = Some(match all {
                None => one,
                Some(all) => all.or(one)?,
            });
        }
        let mut all = all?;
        all.terms = Terms::by_ranking(&all);
        all.exact = Exact::new(&all);
        all.chain = Chain::new(&all);
        for (class, bytes) in all.classes.iter().enumerate() {
            bytes.each(|byte| all.of[usize::from(byte)] |= 1 << class);
        }
        // Behind a lead the front does not say how a match starts.
        if all.lead.is_none() {
            all.near = Near::new(&all.front[..all.sure]);
        }
        all.runs = Runs::new(&all);
        if all.near.is_none() && all.runs.is_none() {
            all.needed = Needed::new(&all);
        }
        Some(all)
    }

    /// Either, the first one rather than the other.
    fn or(mut self, other: Self) -> Option<Self> {
        let mut numbers = Vec::new();
        for class in other.classes {
            let known = self.classes.iter().position(|known| *known == class);
            numbers.push(known.unwrap_or_else(|| {
                self.classes.push(class);
                self.classes.len() - 1
            }));
        }
        for mut alternative in other.alternatives {
            for part in &mut alternative.parts {
                if let Segment::Run { class, .. } = part {
                    *class = numbers[*class];
                }
            }
            self.alternatives.push(alternative);
        }
        let fronts = self.front.iter().zip(&other.front);
        self.front = fronts.map(|(a, b)| a.or(b)).collect();
        self.sure = self.sure.min(other.sure).min(self.front.len());
        if self.before != other.before {
            self.before = Beside::Anything;
        }
        self.absorbed = None;
        (self.classes.len() <= CLASSES).then_some(self)
    }

    /// One of the ways, which is the only one if `is_one`.
    fn of(way: Sequence, encoding: Encoding, is_one: bool) -> Option<Self> {
        let Sequence {
            units,
            before,
            after,
        } = way;
        let mut units = joined(units);
        let is_set = |unit: &Unit, test: &dyn Fn(&Set) -> bool| match &unit.what {
            What::Set(set) => test(set),
            What::Byte(_) => false,
        };
        // What an assertion at an end demands, given the characters inside.
        let beside = |assert: Option<Assert>, unit: &Unit| {
            let word = word(false);
            Some(match assert {
                None => Beside::Anything,
                Some(Assert::LineStart | Assert::LineEnd) => Beside::Terminator,
                Some(Assert::Word { folded: false }) if unit.min > 0 => {
                    if is_set(unit, &|set| set.minus(&word).is_empty()) {
                        Beside::Word(false)
                    } else if is_set(unit, &|set| set.and(&word).is_empty()) {
                        Beside::Word(true)
                    } else {
                        return None;
                    }
                }
                Some(_) => return None,
            })
        };
        if after.is_none() {
            // At the end a lazy part matches as little as it can.
            while let Some(last) = units.last_mut().filter(|last| !last.greedy) {
                // Ways are tried one after the other. Of `a+?(?:bc)?` the first would look behind all of `aa`, where
                // the second one matches behind the first `a` already.
                if !is_one && last.min < last.max {
                    return None;
                }
                last.max = last.min;
                last.greedy = true;
                if last.min == 0 {
                    units.pop();
                }
            }
        }
        if units.iter().all(|unit| unit.min == 0) {
            return None;
        }
        let before = beside(before, units.first()?)?;
        let after = beside(after, units.last()?)?;
        if !is_settled(&units, after) {
            return None;
        }
        let first = units.first()?;
        let absorbed = (before == Beside::Anything && first.max == usize::MAX)
            .then(|| first.what.bytes(encoding));
        let has_lead = is_one
            && absorbed.is_some()
            && !first.what.has_more(encoding)
            && units[1..].iter().any(|unit| unit.min > 0);
        let (front, sure) = front(&units[usize::from(has_lead)..], encoding);
        let mut segments = Self {
            alternatives: Vec::new(),
            classes: Vec::new(),
            of: [0; 256],
            // It is added first.
            lead: has_lead.then_some(Lead {
                class: 0,
                min: first.min,
            }),
            front,
            sure,
            before,
            absorbed,
            is_utf8: encoding == Encoding::Utf8,
            terms: Terms::default(),
            exact: None,
            chain: None,
            near: None,
            runs: None,
            needed: None,
        };
        let mut parts = Vec::new();
        for unit in &units {
            segments.add(unit, &mut parts, encoding)?;
        }
        segments.alternatives.push(Alternative {
            parts,
            before,
            after,
        });
        Some(segments)
    }

    /// Whether a match is one run of a class and nothing else.
    pub(super) fn is_run(&self) -> bool {
        let [one] = self.alternatives.as_slice() else {
            return false;
        };
        let is_run = match one.parts.as_slice() {
            [Segment::Run { min, max, .. }] => (*min, *max) == (1, usize::MAX),
            _ => false,
        };
        is_run && [one.before, one.after] == [Beside::Anything; 2]
    }

    /// Whether all matches of a stretch are found at once, or counted if that is all that is asked for.
    pub(crate) fn is_at_once(&self, text: &[u8], is_count: bool) -> bool {
        let is_counted = is_count && self.is_run();
        (self.exact.is_some() || is_counted) && (!self.is_utf8 || is_ascii(text))
    }

    /// Whether any class has characters of more than one byte.
    pub(super) fn has_more(&self) -> bool {
        self.alternatives
            .iter()
            .flat_map(|alternative| &alternative.parts)
            .any(|part| matches!(part, Segment::Run { has_more: true, .. }))
    }

    fn add(&mut self, unit: &Unit, parts: &mut Vec<Segment>, encoding: Encoding) -> Option<()> {
        let set = unit.what.bytes(encoding);
        // A row of a class must say exactly what belongs to it.
        if set.len() == 0 || !Term::new(0, &set).1 {
            return None;
        }
        if let (Some((byte, bits)), 1, 1) = (set.masked(), unit.min, unit.max)
            && !unit.what.has_more(encoding)
        {
            let (byte, bits) = (u64::from(byte), u64::from(bits));
            if let Some(Segment::Literal { len, value, mask }) = parts.last_mut()
                && *len < 8
            {
                *value |= byte << (8 * *len);
                *mask |= bits << (8 * *len);
                *len += 1;
            } else {
                parts.push(Segment::Literal {
                    len: 1,
                    value: byte,
                    mask: bits,
                });
            }
            return Some(());
        }
        let class = self.classes.iter().position(|class| *class == set);
        let class = class.unwrap_or_else(|| {
            self.classes.push(set);
            self.classes.len() - 1
        });
        parts.push(Segment::Run {
            class,
            min: unit.min,
            max: unit.max,
            has_more: unit.what.has_more(encoding),
        });
        (self.classes.len() <= CLASSES).then_some(())
    }
}

/// Whether each part can only end where its class ends.
fn is_settled(units: &[Unit], after: Beside) -> bool {
    units.iter().enumerate().all(|(at, unit)| {
        let What::Set(set) = &unit.what else {
            return unit.min == unit.max;
        };
        if unit.min == unit.max {
            return true;
        }
        for next in &units[at + 1..] {
            let is_apart = match &next.what {
                What::Set(next) => set.and(next).is_empty(),
                What::Byte(_) => set.and(&Set::of(&[(0x80, LAST)])).is_empty(),
            };
            if !is_apart {
                return false;
            }
            if next.min > 0 {
                return true;
            }
        }
        // Nothing after it keeps a lazy part from matching as little as it can.
        if !unit.greedy && after == Beside::Anything {
            return false;
        }
        match after {
            Beside::Terminator => set.and(&terminator()).is_empty(),
            // The byte that follows is not of the class, which `beside` ensures.
            Beside::Anything | Beside::Word(_) => {
                at + 1 == units.len() || after == Beside::Anything
            }
        }
    })
}

/// Which bytes can stand at each place from the start, as far as every match reaches; and how many
/// of these places are also right for text beyond ASCII.
fn front(units: &[Unit], encoding: Encoding) -> (Vec<Bytes>, usize) {
    struct Slot {
        bytes: Bytes,
        has_more: bool,
        is_optional: bool,
        repeats: bool,
    }
    let mut slots: Vec<Slot> = Vec::new();
    for unit in units {
        let slot = |is_optional, repeats| Slot {
            bytes: unit.what.bytes(encoding),
            has_more: unit.what.has_more(encoding),
            is_optional,
            repeats,
        };
        slots.extend((0..unit.min.min(DEEP)).map(|_| slot(false, false)));
        if unit.max == usize::MAX {
            slots.push(slot(true, true));
        } else {
            slots.extend((unit.min..unit.max).take(DEEP).map(|_| slot(true, false)));
        }
        if unit.min > DEEP {
            // What follows lies beyond the places that are looked at.
            break;
        }
    }
    // In which slots a place may be. The last slot is the end.
    let mut now = vec![false; slots.len() + 1];
    now[0] = true;
    let (mut front, mut sure) = (Vec::new(), None);
    while front.len() < DEEP {
        for slot in 0..slots.len() {
            if now[slot] && slots[slot].is_optional {
                now[slot + 1] = true;
            }
        }
        if now[slots.len()] {
            break;
        }
        let mut next = vec![false; slots.len() + 1];
        let mut all = Bytes::NONE;
        for (at, slot) in slots.iter().enumerate().filter(|(at, _)| now[*at]) {
            all = all.or(&slot.bytes);
            if slot.has_more {
                all = all.or(&Bytes::range(0x80, 0xFF));
                sure = sure.or(Some(front.len() + 1));
            }
            next[at + usize::from(!slot.repeats)] = true;
        }
        front.push(all);
        now = next;
    }
    let sure = sure.unwrap_or(front.len());
    (front, sure)
}

/// The cost of a place that is looked at: relative, as in `plan`.
pub(super) const LOOK: usize = 16;

/// The cost of a KiB in which matches are counted that have a run between their parts.
const CHAIN: usize = 210;

impl Segments {
    /// The cost of a KiB, estimated from a sample: to count the matches, or to find them.
    pub(crate) fn cost(&self, sample: &[u8], is_count: bool) -> usize {
        let chain = self.chain.as_ref().filter(|_| is_count);
        match chain.filter(|chain| !chain.asks_ascii || is_ascii(sample)) {
            Some(chain) if chain.may_tangle => self.cost_of_places(sample).max(CHAIN),
            Some(_) => CHAIN,
            None => self.cost_of_places(sample),
        }
    }

    fn cost_of_places(&self, sample: &[u8]) -> usize {
        let exact = self.exact.as_ref();
        let exact = exact.filter(|exact| !exact.asks_ascii || is_ascii(sample));
        if let Some(exact) = exact.filter(|exact| exact.whole().is_some()) {
            return exact.cost();
        }
        let table = |class: &Bytes| -> [bool; 256] {
            std::array::from_fn(|byte| class.has(u8::try_from(byte).unwrap_or(u8::MAX)))
        };
        let front: Vec<[bool; 256]> = self.front.iter().take(8).map(table).collect();
        let beside = self.absorbed.as_ref().map(table);
        // A lead stands before its end; what begins with a run does not stand behind a part of it.
        let stands_before = self.lead.is_some_and(|lead| lead.min > 0);
        let beside = beside.filter(|_| stands_before || self.lead.is_none());
        let starts = sample.windows(front.len() + 1).filter(|window| {
            let is_absorbed = beside
                .as_ref()
                .is_some_and(|class| class[usize::from(window[0])] != stands_before);
            let is_line = window[0] == b'\n' || self.before != Beside::Terminator;
            let mut stands = window[1..].iter().zip(&front);
            is_line && !is_absorbed && stands.all(|(&byte, table)| table[usize::from(byte)])
        });
        let kib = (sample.len() / 1024).max(1);
        let starts = starts.count();
        // Where a run ends is read from its row.
        let look = if self.is_run() { LOOK / 2 } else { LOOK };
        let looks = starts * look * self.alternatives.len().div_ceil(2) / kib;
        let terms = Terms::by_sample(self, sample);
        // A few places are looked at without rows of classes.
        let is_sparse = starts <= kib && self.lead.is_none();
        let classes = if is_sparse {
            0
        } else {
            terms.cost_of_classes()
        };
        let cost = terms.cost_of_front() + classes + looks;
        exact.map_or(cost, |exact| cost.min(exact.cost() + looks / 2))
    }
}

#[cfg(test)]
mod tests {
    use super::{Beside, Encoding, Segment, Segments};
    use crate::pattern::syntax::{Flags, parse_only};

    fn segments(source: &str, flags: &str) -> Option<Segments> {
        let units: Vec<u16> = source.encode_utf16().collect();
        let parsed = parse_only(&units, Flags::new(flags)).unwrap();
        Segments::new(&parsed.node, Encoding::Utf8)
    }

    #[test]
    fn patterns_with_one_way_through_them_are_runs() {
        for source in [
            r"\w+",
            r"[^\x22]+",
            r"\d{4}-\d\d-\d\d$",
            r"^\d+,",
            r"(?:\d{1,3}\.){3}\d{1,3}",
            r"[\w.+-]+@[\w-]+\.[\w.-]+",
            r"return\s+(\w+);",
            r"\w+\b",
            r"\/\/.*$",
            "a+?b",
            "a|b+c",
            "(?:get|put)? x(?:yz)??w",
            "a+?b?$",
            "é[^x]*x?",
            "(?:a*)*b",
            "(?:(a)+)+b",
        ] {
            assert!(segments(source, "m").is_some(), "{source}");
        }
        for source in [
            r"a+a",
            r"\b[A-Z]\w+Exception\b",
            "é+",
            r"\w+5",
            "a*",
            "a|b*",
            "(?:ab)+",
            "(?:a{2})*b",
            "(?:a+?)*b",
            "a+?b?",
            "a+?(?:bc)?",
            "a+?(?:bc|)",
            "a{1,3}?(?:b|c|)",
            r"a\bb",
            r"\w+(?=x)",
            r"a$b",
            r".*\b",
            "[^]+$",
        ] {
            assert!(segments(source, "m").is_none(), "{source}");
        }
        assert!(segments("a$", "").is_none());
        assert_eq!(segments("^a", "m").unwrap().before, Beside::Terminator);
        assert_eq!(segments("^a|b", "m").unwrap().before, Beside::Anything);
    }

    #[test]
    fn a_match_is_looked_for_behind_its_first_run() {
        let lead = |source: &str| {
            let segments = segments(source, "").unwrap();
            (segments.lead.map(|lead| lead.min), segments.front.len())
        };
        assert_eq!(lead(r"\w+@\w"), (Some(1), 2));
        assert_eq!(lead("(?:a*)*b"), (Some(0), 1));
        assert_eq!(lead("a{3,}b"), (Some(3), 1));
        assert_eq!(lead(r"\w+"), (None, 1));
        assert_eq!(lead(r"\d+,?"), (None, 1));
        assert_eq!(lead("[^a]*a"), (None, 1));
        assert_eq!(lead("a{1,9}b"), (None, 2));
        assert_eq!(lead("a+b|c"), (None, 1));
    }

    #[test]
    fn letters_in_either_case_are_literals() {
        let literals = |source: &str, flags: &str| {
            let segments = segments(source, flags).unwrap();
            let [one] = segments.alternatives.as_slice() else {
                panic!("{source} has one way");
            };
            let literals = one.parts.iter().filter_map(|part| match part {
                Segment::Literal { len, .. } => Some(*len),
                Segment::Run { .. } => None,
            });
            literals.sum::<usize>()
        };
        assert_eq!(literals("cache", ""), 5);
        assert_eq!(literals("cache", "i"), 5);
        // With the flag u, k and s are also characters beyond ASCII.
        assert_eq!(literals("task", "i"), 4);
        assert_eq!(literals("task", "iu"), 2);
        // Two bytes that differ in one bit, and two that don't.
        assert_eq!(literals("a[@`]", ""), 2);
        assert_eq!(literals("a[bc]", ""), 2);
        assert_eq!(literals("a[ab]", ""), 1);
    }

    #[test]
    fn the_front_is_as_long_as_it_is_sure() {
        let front = |source: &str| {
            let segments = segments(source, "").unwrap();
            (segments.front.len(), segments.sure)
        };
        assert_eq!(front("abc"), (3, 3));
        assert_eq!(front("abc|de"), (2, 2));
        assert_eq!(front("a.c"), (3, 2));
        assert_eq!(front(r"\d{1,3}x"), (2, 2));
        assert_eq!(front(r"[^a]{3}b"), (4, 1));
    }
}
